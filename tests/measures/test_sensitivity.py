"""Indices of sensitivity against closed forms: a linear model, Ishigami's function, tails of normals, nothing."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm, spearmanr

from spvrisk.measures.sensitivity import by_bins, by_redraw, rank_correlation, ranked

SEEDS, PATHS = 100, 8000


def covered(found, truth):
    """Share of the 95 % intervals that hold the truth."""
    return np.mean([abs(index.value - truth) <= 1.96 * index.error for index in found])


def linear(rng, correlation=0.0):
    """2 a + b, and c that does not matter; a and b correlated."""
    a, b, c = rng.standard_normal((3, PATHS))
    b = correlation * a + np.sqrt(1.0 - correlation**2) * b
    return (a, b, c), 2.0 * a + b


@pytest.mark.parametrize("correlation", [0.0, 0.6])
@pytest.mark.parametrize("k", [0, 1, 2])
def test_by_bins__holds_the_shares_of_a_linear_model(correlation, k):
    truth = [(2 + correlation) ** 2, (1 + 2 * correlation) ** 2, 0.0][k] / (5 + 4 * correlation)
    rng, found = np.random.default_rng(k), []
    for _ in range(SEEDS):
        inputs, y = linear(rng, correlation)
        found.append(by_bins(inputs[k], [y])[0].first)
    assert 0.88 <= covered(found, truth) <= 0.99


@pytest.mark.parametrize("k", [0, 1, 2])
def test_by_bins__holds_the_shares_of_a_tail(k):
    q = norm.ppf(0.01)
    given = lambda x: norm.cdf((q * np.sqrt(5.0) - [2, 1, 0][k] * x) / np.sqrt([1, 4, 5][k]))  # noqa: E731
    square = quad(lambda x: given(x) ** 2 * norm.pdf(x), -9, 9)[0]
    truth, rng, found = (square - 1e-4) / (0.01 * 0.99), np.random.default_rng(10 + k), []
    for _ in range(SEEDS):
        inputs, y = linear(rng)
        found.append(by_bins(inputs[k], [(y < q * np.sqrt(5.0)).astype(float)])[0].first)
    assert 0.88 <= covered(found, truth) <= 0.99


def test_by_bins__what_does_not_matter_is_told_apart_as_often_as_chance_has_it():
    rng = np.random.default_rng(3)
    p = [by_bins(inputs[2], [y])[0].p_value for inputs, y in (linear(rng) for _ in range(400))]
    assert 0.02 <= np.mean(np.array(p) < 0.05) <= 0.09


@pytest.mark.parametrize(("paths", "tail"), [(2000, 20), (2000, 100), (4000, 40)])
def test_by_bins__what_does_not_matter_to_a_tail_is_seldom_told_apart(paths, tail):
    """Of 1,000 inputs 50 seem to matter at 5 %, and 2.5 at .25 %, where bins that hold too little had up to 19 %."""
    indicator = np.zeros(paths)
    indicator[:tail] = 1.0
    rng = np.random.default_rng(3)
    p_values = np.array([by_bins(rng.standard_normal(paths), [indicator])[0].p_value for _ in range(1000)])
    assert 0.03 < np.mean(p_values < 0.05) < 0.08
    assert np.mean(p_values < 0.0025) < 0.012


def test_by_bins__states_times_and_what_is_undefined_have_bins_of_their_own():
    rng = np.random.default_rng(4)
    state = rng.integers(0, 3, 20_000).astype(float)
    y = np.array([0.0, 1.0, 5.0])[state.astype(int)] + rng.standard_normal(20_000)
    means = np.array([0.0, 1.0, 5.0])
    truth = means.var() / (means.var() + 1.0)
    time = np.where(state == 0, np.inf, np.where(state == 1, np.nan, rng.exponential(size=20_000)))
    for given in (state, time):
        first, _ = by_bins(given, [y])[0]
        assert abs(first.value - truth) <= 3.0 * first.error
    assert by_bins(np.full(100, 2.0), [y[:100]])[0] == ((0.0, 0.0), 1.0)


def ishigami(x):
    return np.sin(x[0]) + 7.0 * np.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * np.sin(x[0])


ONE, TWO, BOTH = 0.1 * np.pi**4 / 5 + 0.01 * np.pi**8 / 50 + 0.5, 49 / 8, 0.01 * np.pi**8 * 8 / 225
VARIANCE = ONE + TWO + BOTH


@pytest.mark.parametrize(("k", "first", "total"), [(0, ONE, ONE + BOTH), (1, TWO, TWO), (2, 0.0, BOTH)])
def test_by_redraw__holds_the_shares_of_ishigamis_function(k, first, total):
    rng, found = np.random.default_rng(20 + k), []
    for _ in range(SEEDS):
        x, anew = rng.uniform(-np.pi, np.pi, (2, 3, PATHS))
        group = x.copy()
        group[k] = anew[k]
        found.append(by_redraw(ishigami(x), ishigami(anew), ishigami(group)))
    assert 0.88 <= covered([each[0] for each in found], first / VARIANCE) <= 0.99
    assert 0.88 <= covered([each[1] for each in found], total / VARIANCE) <= 0.99


def test_by_redraw__what_does_not_matter_is_exactly_nothing():
    base, anew = np.random.default_rng(5).standard_normal((2, 1000))
    assert by_redraw(base, anew, base) == ((0.0, 0.0), (0.0, 0.0))
    assert all(np.isnan(by_redraw(np.ones(9), np.ones(9), np.ones(9))).ravel())


def test_rank_correlation__is_spearmans():
    rng = np.random.default_rng(6)
    found = []
    for _ in range(SEEDS):
        x, z = rng.standard_normal((2, 2000))
        found.append(rank_correlation(ranked(np.exp(x)), ranked(0.5 * x + np.sqrt(0.75) * z)))
    assert found[-1].value == pytest.approx(spearmanr(x, 0.5 * x + np.sqrt(0.75) * z).statistic)
    assert 0.88 <= covered(found, 6.0 / np.pi * np.arcsin(0.25)) <= 0.99
    x[:3] = np.nan
    assert rank_correlation(ranked(x), ranked(z)) == rank_correlation(ranked(x[3:]), ranked(z[3:]))
