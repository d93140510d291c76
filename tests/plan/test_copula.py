import numpy as np
import pytest
from lookup import look_up
from scipy import integrate, stats

from spvrisk.plan.copula import copula_map, sqrt_w_table
from spvrisk.plan.distributions import LawError
from spvrisk.plan.tables import TableBook

DEGREES = [2.05, 3.0, 5.0, 30.0, 1e4, 1e6]

# (nu, x, Phi^-1(T_nu(x))) and (nu, z, sqrt(W)), from 40-digit arithmetic (mpmath: betainc, gammainc, ncdf)
EXACT_MAP = [
    (2.1, 0.001, 0.0008910557637171552),
    (2.1, 0.3, 0.2646417528464903),
    (2.1, 2.5, 1.5394421652192678),
    (2.1, 30.0, 3.337968962232118),
    (2.1, 500.0, 4.725336842569478),
    (2.1, 1e4, 5.873899025443798),
    (2.1, 3e5, 6.961529704060377),
    (5.0, 0.001, 0.0009515328152302312),
    (5.0, 0.3, 0.28421053526118156),
    (5.0, 2.5, 1.9229199861100956),
    (5.0, 30.0, 4.94235000236994),
    (5.0, 500.0, 7.198823138021351),
    (30.0, 0.3, 0.29728870352376463),
    (30.0, 2.5, 2.3632458158271246),
    (30.0, 7.0, 5.348472629327156),
]
EXACT_ROOT = [
    (2.1, -7.0, 0.1951224477885367),
    (2.1, -1.0, 0.7396598214567401),
    (2.1, 0.0, 1.1898705323616143),
    (2.1, 2.0, 6.1019142591446265),
    (2.1, 6.5, 90496.608617506),
    (5.0, -7.0, 0.2779449317064688),
    (5.0, -1.0, 0.792732846782403),
    (5.0, 0.0, 1.0719326388419332),
    (5.0, 2.0, 2.50533367182225),
    (5.0, 6.5, 149.2413075558714),
    (30.0, -7.0, 0.5012294516836161),
    (30.0, 2.0, 1.345033800143431),
    (30.0, 6.5, 3.246705661062621),
]


def mapped(table, x):
    """The contract of `CopulaMap`, bit by bit."""
    x = np.asarray(x, dtype=float)
    bits = (1 + x * x / table.nu).view(np.int64)
    shift = 52 - table.bits
    bin_ = np.minimum((bits >> shift) - (np.float64(1).view(np.int64) >> shift), len(table.coefficient) - 1)
    s = (bits & ((1 << shift) - 1)) / (1 << shift)
    c0, c1, c2, c3 = table.coefficient[bin_].T
    return x * (c0 + s * (c1 + s * (c2 + s * c3)))


def roots(nu):
    book = TableBook()
    index = sqrt_w_table(book, nu)
    return lambda z: look_up(book.tables(), index, z)


def farthest(nu):
    return 7 * np.sqrt(nu / stats.chi2.ppf(stats.norm.sf(6.5), nu))


@pytest.mark.parametrize("nu", DEGREES)
def test_copula_map__is_accurate_and_increasing_over_its_reach(nu):
    x = np.concatenate([np.linspace(0, min(12, farthest(nu)), 60001), np.geomspace(1e-9, farthest(nu), 60001)])
    x.sort()
    got, exact = mapped(copula_map(nu), x), stats.norm.isf(stats.t.sf(x, nu))
    assert np.all(np.abs(got - exact) <= 1.1e-7 * np.maximum(1, exact))
    assert np.all(np.diff(got)[np.diff(x) > 1e-7 * x[1:]] > 0)
    assert np.array_equal(mapped(copula_map(nu), -x), -got)


@pytest.mark.parametrize(("nu", "x", "exact"), EXACT_MAP)
def test_copula_map__agrees_with_40_digits(nu, x, exact):
    np.testing.assert_allclose(mapped(copula_map(nu), [x, -x]), [exact, -exact], atol=1.1e-7 * max(1, exact), rtol=0)


@pytest.mark.parametrize("nu", [2.05, 5.0, 100.0])
def test_copula_map__fewer_bits_would_not_do(nu):
    table = copula_map(nu)
    # each bit is worth a factor 16: the error is not far below what is allowed
    x = np.linspace(0, 12, 200001)
    assert np.max(np.abs(mapped(table, x) - stats.norm.isf(stats.t.sf(x, nu)))) > 1e-7 / 25


@pytest.mark.parametrize("nu", DEGREES)
def test_sqrt_w__is_accurate_and_increasing(nu):
    z = np.linspace(-7, 7, 40001)
    # each half from the chi-squared tail in which no digits are lost
    below, above = stats.chi2.isf(stats.norm.cdf(z), nu), stats.chi2.ppf(stats.norm.sf(z), nu)
    exact = np.sqrt(nu / np.where(z < 0, below, above))
    got = roots(nu)(z)
    np.testing.assert_allclose(got, exact, rtol=1.05e-7)
    assert np.all(np.diff(got) > 0)


@pytest.mark.parametrize(("nu", "z", "exact"), EXACT_ROOT)
def test_sqrt_w__agrees_with_40_digits(nu, z, exact):
    np.testing.assert_allclose(roots(nu)(z), exact, rtol=1.05e-7)


@pytest.mark.parametrize("nu", [3.0, 5.0])
def test_both__make_a_normal_score_normal(nu):
    """P(map(g sqrt(W)) <= e) = Phi(e) for normal g: the two tables belong together."""
    table, root = copula_map(nu), roots(nu)
    for e in (-2.5, -0.7, 0.4, 1.9):
        x = stats.t.ppf(stats.norm.cdf(e), nu)
        np.testing.assert_allclose(mapped(table, [x]), e, atol=1e-7)
        z = np.linspace(-7, 7, 20001)
        chance = integrate.simpson(stats.norm.cdf(x / root(z)) * stats.norm.pdf(z), x=z)
        np.testing.assert_allclose(chance, stats.norm.cdf(e), atol=1e-7)


def test_both__refuse_what_is_gaussian_anyway():
    for build in (copula_map, lambda nu: sqrt_w_table(TableBook(), nu)):
        with pytest.raises(LawError, match="at most 1e.06 degrees of freedom, got 1e.08; write `copula: gaussian`"):
            build(1e8)


def test_sqrt_w__equal_degrees_share():
    book = TableBook()
    assert sqrt_w_table(book, 5.0) == sqrt_w_table(book, 5.0)
