import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from lookup import look_up
from scipy import integrate, optimize, stats

from spvrisk.config.laws import Law
from spvrisk.plan.distributions import LawError
from spvrisk.plan.reference_class import reference_class
from spvrisk.plan.tables import TableBook

PUBLISHED = {
    "nuclear": (1.20, 0.55, 2.04, 1.730),
    "oil_and_gas": (0.34, 0.19, 1.21, 3.071),
    "fossil_thermal": (0.16, 0.14, 1.09, 3.521),
    "it": (0.73, 0.18, 4.47, 0.667),
    "ports": (0.32, 0.17, 1.83, 1.937),
    "mining": (0.27, 0.17, 1.29, 2.841),
}


def table_of(mean, tail_share, tail_mean, **rest):
    book = TableBook()
    numbers = {"mean": mean, "tail_share": tail_share, "tail_mean": tail_mean, **rest}
    index = book.add(Law.model_validate({"reference_class": numbers}))
    return book, book.tables(), index


def published_numbers(tables, index):
    """Mean overrun, share of overruns of 50 % or more and their mean, by quadrature of the table over the score."""
    first, count = tables.law[index]
    cuts = np.unique(np.clip([-7, *tables.segment[first : first + count, 0], 7], -7, 7))
    edges = np.concatenate([np.linspace(a, b, 400)[:-1] for a, b in zip(cuts[:-1], cuts[1:], strict=True)] + [[7.0]])
    place, weight = np.polynomial.legendre.leggauss(4)
    half = np.diff(edges)[:, None] / 2
    z = (edges[1:] + edges[:-1])[:, None] / 2 + half * place
    mass = half * weight * stats.norm.pdf(z)
    x = look_up(tables, index, z)
    tail = x >= 1.5
    return np.sum(mass * (x - 1)), mass[tail].sum(), np.sum(mass[tail] * (x[tail] - 1)) / max(mass[tail].sum(), 1e-300)


class Oracle:
    """The law from its definition: alpha and rate solved with other functions and other quadrature."""

    def __init__(self, mean, tail_share, tail_mean, alpha, cap=10.0, low=0.7, high=1.5):
        self.share, self.alpha, self.cap = tail_share, alpha, cap
        left = 1 + (mean - tail_share * tail_mean) / (1 - tail_share)

        def body_mean(rate):
            top, _ = integrate.quad(lambda x: x * np.exp(-rate * (x - low)), low, high)
            bottom, _ = integrate.quad(lambda x: np.exp(-rate * (x - low)), low, high)
            return top / bottom

        rate = optimize.brentq(lambda r: body_mean(r) - left, -60, 60, xtol=1e-13)
        x = np.linspace(low, high, 20001)
        density = np.exp(-rate * (x - low))
        cdf = integrate.cumulative_simpson(density, x=x, initial=0)
        self.body = np.interp, x, cdf / cdf[-1]

    def cdf(self, x):
        interp, at, cdf = self.body
        tail = np.where(x < 1.5, 0.0, np.where(x < self.cap, 1 - (1.5 / np.maximum(x, 1.5)) ** self.alpha, 1.0))
        return (1 - self.share) * interp(x, at, cdf) + self.share * tail


def solved_alpha(tail_mean, cap=10.0):
    """From E[min(X, cap)] with the density, by quadrature."""

    def excess(alpha):
        inside, _ = integrate.quad(lambda x: x * alpha / x * (1.5 / x) ** alpha, 1.5, cap, epsabs=0, epsrel=1e-13)
        return inside + cap * (1.5 / cap) ** alpha - 1 - tail_mean

    return optimize.brentq(excess, 1e-9, 1e3, xtol=1e-14)


@pytest.mark.parametrize("name", PUBLISHED)
def test_reference_class__has_the_published_tail_index(name):
    mean, tail_share, tail_mean, alpha = PUBLISHED[name]
    law = reference_class(mean, tail_share, tail_mean)
    assert round(law.alpha, 3) == alpha
    np.testing.assert_allclose(law.alpha, solved_alpha(tail_mean), rtol=1e-10)


@pytest.mark.parametrize("name", PUBLISHED)
def test_table__keeps_the_three_published_numbers(name):
    mean, tail_share, tail_mean, _ = PUBLISHED[name]
    _, tables, index = table_of(mean, tail_share, tail_mean)
    got_mean, got_share, got_tail = published_numbers(tables, index)
    np.testing.assert_allclose(got_share, tail_share, atol=1e-11)  # 1.3e-12 lies beyond |z| = 7
    np.testing.assert_allclose([1 + got_mean, 1 + got_tail], [1 + mean, 1 + tail_mean], rtol=5e-7)


@pytest.mark.parametrize("name", PUBLISHED)
def test_law__keeps_mean_and_sd_exactly(name):
    mean, tail_share, tail_mean, alpha = PUBLISHED[name]
    book, _, index = table_of(mean, tail_share, tail_mean)
    report = book.report(index)
    np.testing.assert_allclose(report.mean, 1 + mean, rtol=1e-13)
    oracle = Oracle(mean, tail_share, tail_mean, solved_alpha(tail_mean))
    # E[X^2] = int 2 x P(X > x) dx
    ranges = ((0, 0.7), (0.7, 1.5), (1.5, 10))
    square = sum(integrate.fixed_quad(lambda x: 2 * x * (1 - oracle.cdf(x)), a, b, n=60)[0] for a, b in ranges)
    np.testing.assert_allclose(report.sd, np.sqrt(square - (1 + mean) ** 2), rtol=1e-7)
    np.testing.assert_allclose(report.table_sd, report.sd, rtol=1e-6)


@pytest.mark.parametrize("name", PUBLISHED)
def test_table__is_the_defined_law(name):
    mean, tail_share, tail_mean, _ = PUBLISHED[name]
    _, tables, index = table_of(mean, tail_share, tail_mean)
    oracle = Oracle(mean, tail_share, tail_mean, solved_alpha(tail_mean))
    u = np.linspace(1e-4, 1 - 1e-4, 2001)
    x = look_up(tables, index, stats.norm.ppf(u))
    inside = x < 10
    np.testing.assert_allclose(oracle.cdf(x[inside]), u[inside], atol=2e-6)
    assert np.all(u[~inside] >= 1 - tail_share * (1.5 / 10) ** oracle.alpha - 1e-9)


def test_table__tail_is_pareto_from_one_and_a_half_up_to_the_cap():
    mean, tail_share, tail_mean, _ = PUBLISHED["nuclear"]
    book, tables, index = table_of(mean, tail_share, tail_mean)
    alpha = solved_alpha(tail_mean)
    v = np.linspace(1e-6, 1, 1000, endpoint=False)  # V of the definition, in the tail
    x = look_up(tables, index, stats.norm.isf(v * tail_share))
    np.testing.assert_allclose(x, np.minimum(1.5 * v ** (-1 / alpha), 10), rtol=2e-6)
    assert x.max() == 10.0
    np.testing.assert_allclose(book.report(index).cap_share, tail_share * (1.5 / 10) ** alpha, rtol=1e-10)


def test_table__cap_is_exact_and_its_share_follows_it():
    for cap in (6.0, 10.0, 25.0):
        book, tables, index = table_of(0.73, 0.18, 4.0, cap=cap)
        assert look_up(tables, index, 7.0) == cap
        np.testing.assert_allclose(
            book.report(index).cap_share, 0.18 * (1.5 / cap) ** solved_alpha(4.0, cap), rtol=1e-9
        )


def test_table__tail_mean_of_one_half_is_an_atom():
    book, tables, index = table_of(0.05, 0.1, 0.5)
    edge = stats.norm.isf(0.1)
    assert np.all(look_up(tables, index, np.linspace(edge + 1e-12, 9, 1000)) == 1.5)
    assert look_up(tables, index, edge - 1e-9) <= 1.5
    np.testing.assert_allclose(book.report(index).mean, 1.05, rtol=1e-14)


def test_table__body_in_the_middle_is_uniform():
    _, tables, index = table_of(0.1, 0.0, 1.0)
    u = np.linspace(0.001, 0.999, 999)
    np.testing.assert_allclose(look_up(tables, index, stats.norm.ppf(u)), 0.7 + 0.8 * u, rtol=1e-6)


@pytest.mark.parametrize("nudge", [1e-12, 1e-9, 1e-6, 1e-3])
def test_reference_class__is_continuous_through_the_uniform_body(nudge):
    u = np.linspace(0.01, 0.99, 99)
    low, high = (reference_class(0.1 + side * nudge, 0.0, 1.0).quantile(u, 1 - u) for side in (-1, 1))
    # the mean goes up by 2 nudge; by symmetry about the middle so does the quantile, times 6 u (1 - u)
    np.testing.assert_allclose(high - low, 2 * nudge * 6 * u * (1 - u), atol=1e-14 + 10 * nudge**2)


@pytest.mark.parametrize("mean", [0.1, 0.1004, 0.102, 0.0975, 0.11, 0.3, -0.1])
def test_reference_class__body_has_the_sd_of_its_quantiles(mean):
    place, weight = np.polynomial.legendre.leggauss(400)
    u = (1 + place) / 2
    x = reference_class(mean, 0.0, 1.0).quantile(u, 1 - u)
    sd = np.sqrt(np.sum(weight / 2 * (x - 1 - mean) ** 2))
    np.testing.assert_allclose(reference_class(mean, 0.0, 1.0).moments[1], sd, rtol=1e-6)


def test_reference_class__truncated_keeps_its_cap():
    book = TableBook()
    numbers = {"mean": 1.20, "tail_share": 0.55, "tail_mean": 2.04}
    index = book.add(Law.model_validate({"reference_class": numbers, "truncate": [0.9, 20]}))
    whole = Oracle(1.20, 0.55, 2.04, solved_alpha(2.04))
    report = book.report(index)
    np.testing.assert_allclose(report.cap_share, 0.55 * 0.15**whole.alpha / (1 - whole.cdf(0.9)), rtol=1e-6)
    assert look_up(book.tables(), index, [-7, 7]).round(9).tolist() == [0.9, 10]
    np.testing.assert_allclose(report.table_mean, report.mean, rtol=1e-6)


@pytest.mark.parametrize(
    ("numbers", "needed", "allowed"),
    [
        ((2.38, 0.48, 4.27), r"got \+0.6354 left over", r"between 1.894 and 2.31"),  # nuclear storage as recalled
        ((0.62, 0.39, 2.06), r"got -0.3007 left over", r"between 0.6204 and 1.108"),  # buildings
    ],
)
def test_reference_class__infeasible_triples_are_refused_with_what_they_need(numbers, needed, allowed):
    with pytest.raises(LawError, match=needed) as caught:
        table_of(*numbers)
    assert "mean between -0.3 and +0.5" in caught.value.rule
    assert allowed in caught.value.remedy


def test_reference_class__wider_body_makes_buildings_feasible():
    _, tables, index = table_of(0.62, 0.39, 2.06, body=[0.5, 1.5])
    np.testing.assert_allclose(published_numbers(tables, index), [0.62, 0.39, 2.06], rtol=2e-6)


@settings(max_examples=40, deadline=None)
@given(
    tail_share=st.floats(0.001, 0.95),
    place=st.floats(0.001, 0.999),
    level=st.floats(0.002, 0.998),
    cap=st.floats(2.0, 100.0),
    low=st.floats(0.0, 1.2),
)
@example(tail_share=0.9245581732806295, place=0.9375, level=0.5, cap=2.0, low=0.0)  # quartiles at the cap
def test_reference_class__any_feasible_triple_keeps_its_numbers(tail_share, place, level, cap, low):
    tail_mean = 0.5 + place * (cap - 1.5)
    body = low + level * (1.5 - low) - 1
    mean = tail_share * tail_mean + (1 - tail_share) * body
    assume(mean > -1)
    _, tables, index = table_of(mean, tail_share, tail_mean, cap=cap, body=[low, 1.5])
    got_mean, got_share, got_tail = published_numbers(tables, index)
    np.testing.assert_allclose(got_share, tail_share, atol=1e-11)  # 1.3e-12 lies beyond |z| = 7
    np.testing.assert_allclose([1 + got_mean, 1 + got_tail], [1 + mean, 1 + tail_mean], rtol=1e-6)
