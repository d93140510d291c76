from fractions import Fraction
from math import isnan, log

import numpy as np
import pytest
from scipy import stats

from spvrisk.measures.risk import contribution, expected_shortfall, value_at_risk

RNG = np.random.default_rng(8)

TEN = [-9.0, -7.5, -4.0, -1.0, 0.5, 2.0, 3.0, 4.0, 8.0, 11.0]


def shortfall_in_fractions(values, level):
    """Mean of the worst (1 - a) n losses with a fractional last path, in rational arithmetic."""
    losses = sorted((-Fraction(v) for v in values), reverse=True)
    left = size = (1 - Fraction(level)) * len(losses)
    total = Fraction(0)
    for loss in losses:
        weight = min(Fraction(1), left)
        total += weight * loss
        left -= weight
    return total / size


@pytest.mark.parametrize("level", ["0.5", "0.75", "0.83", "0.9", "0.95", "0.99", "0.05", "0.123456"])
def test_expected_shortfall__fractional_last_path(level):
    shortfall, _ = expected_shortfall(np.array(TEN), level)
    assert shortfall == pytest.approx(float(shortfall_in_fractions(TEN, level)), rel=1e-15)


def test_expected_shortfall__by_hand():
    # worst 2.5 of 10 at 75 %: 9 + 7.5 + 4 / 2 = 18.5
    assert expected_shortfall(np.array(TEN), "0.75")[0] == 18.5 / 2.5


def test_value_at_risk__by_hand():
    values = np.array(TEN)
    assert value_at_risk(values, "0.9")[0] == 7.5
    assert value_at_risk(values, "0.91")[0] == 9.0
    assert value_at_risk(values, "0.5")[0] == -2.0


def test_value_at_risk__exact_rank():
    # 0.07 * 100 in floats is above 7
    assert value_at_risk(np.arange(-100.0, 0.0), "0.07")[0] == 7.0


def test_value_at_risk__interval_encloses_and_ends_where_losses_do():
    values = np.sort(RNG.normal(size=1000))
    value, low, high = value_at_risk(values, "0.95")
    assert low < value < high
    value, low, high = value_at_risk(values[:50], "0.99")
    assert isnan(high)
    assert low < value


@pytest.mark.parametrize("measure", [value_at_risk, expected_shortfall])
def test_risk__nothing_is_undefined(measure):
    assert all(isnan(x) for x in measure(np.array([]), "0.95"))


@pytest.mark.parametrize(("level", "n"), [("0.95", 199), ("0.99", 999), ("0.99", 20), ("0.99", 100), ("0.5", 1)])
def test_expected_shortfall__of_a_tail_of_few_paths_has_no_error(level, n):
    """One path alone in the tail would have the error 0."""
    values = np.sort(RNG.normal(size=n + 1))
    shortfall, se = expected_shortfall(values[:n], level)
    assert shortfall == pytest.approx(float(shortfall_in_fractions(values[:n], level))) and isnan(se)
    if n in (199, 999):
        assert expected_shortfall(values, level)[1] > 0


@pytest.mark.parametrize("level", ["0.9", "0.99"])
def test_risk__normal_loss(level):
    a, n = float(level), 400_000
    values = np.sort(RNG.normal(2.0, 3.0, n))
    z = stats.norm.ppf(a)
    value, low, high = value_at_risk(values, level)
    assert low <= -2.0 + 3.0 * z <= high
    assert value == pytest.approx(-2.0 + 3.0 * z, abs=0.05)
    shortfall, se = expected_shortfall(values, level)
    assert abs(shortfall - (-2.0 + 3.0 * stats.norm.pdf(z) / (1 - a))) < 4 * se
    assert se < 0.03


@pytest.mark.parametrize("level", ["0.9", "0.99"])
def test_risk__exponential_loss(level):
    """Of an exponential loss the shortfall is the value at risk plus 1."""
    a, n = float(level), 400_000
    values = np.sort(-RNG.exponential(1.0, n))
    _, low, high = value_at_risk(values, level)
    assert low <= -log(1 - a) <= high
    shortfall, se = expected_shortfall(values, level)
    assert abs(shortfall - (1.0 - log(1 - a))) < 4 * se
    # closed form of the error: var of (L - VaR)+ is (1 - a)(1 + a)
    assert se == pytest.approx(((1 + a) / (1 - a) / n) ** 0.5, rel=0.1)


@pytest.mark.parametrize("draw", [RNG.standard_normal, lambda n: -RNG.exponential(1.0, n)])
@pytest.mark.parametrize("level", ["0.5", "0.9", "0.95"])
def test_expected_shortfall__error_matches_repeated_samples(draw, level):
    pairs = np.array([expected_shortfall(np.sort(draw(4000)), level) for _ in range(400)])
    # the sd of 400 values has an error of 3.5 %
    assert pairs[:, 1].mean() == pytest.approx(pairs[:, 0].std(ddof=1), rel=0.12)


def contributions(projects, level):
    """Of all projects ``(project, path)``."""
    order = np.argsort(projects.sum(axis=0), kind="stable")
    return np.array([contribution(project[order], level)[0] for project in projects])


def test_contributions__fractional_last_path_and_ties_by_number():
    a = np.array([-5.0, -1.0, 2.0, 0.0])
    b = np.array([1.0, -3.0, 4.0, 3.0])
    portfolio = a + b  # -4, -4, 6, 3
    order = np.argsort(portfolio, kind="stable")
    assert order[:2].tolist() == [0, 1]
    # worst 1.5 of 4: the whole of path 0 and half of path 1
    parts = [contribution(project[order], "0.625")[0] for project in (a, b)]
    assert parts == pytest.approx([(5.0 + 0.5) / 1.5, (-1.0 + 1.5) / 1.5], rel=1e-15)


@pytest.mark.parametrize("level", ["0.9", "0.95", "0.987", "0.99"])
def test_contributions__add_up_to_the_shortfall(level):
    projects = RNG.normal(0.0, 100.0, (5, 3001))
    portfolio = projects.sum(axis=0)
    parts = contributions(projects, level)
    assert parts.sum() == pytest.approx(expected_shortfall(np.sort(portfolio), level)[0], rel=1e-12)


def test_contributions__normal_portfolio_closed_form():
    """Of independent normal projects the part is sd_i^2 / sd of the whole's shortfall."""
    sds = np.array([1.0, 2.0, 3.0])
    projects = RNG.normal(0.0, 1.0, (3, 200_000)) * sds[:, None]
    parts = contributions(projects, "0.95")
    whole = stats.norm.pdf(stats.norm.ppf(0.95)) / 0.05
    assert parts == pytest.approx(sds**2 / np.sqrt((sds**2).sum()) * whole, abs=0.1)


@pytest.mark.parametrize("level", ["0.9", "0.99"])
def test_contribution__errors_are_those_of_repeated_runs(level):
    """Three normal projects that depend on each other: parts as of Euler, and as uncertain as they say."""
    rng = np.random.default_rng(11)
    n, runs = 4000, 400
    root = np.array([[1.0, 0.0, 0.0], [0.8, 1.5, 0.0], [-0.5, 0.3, 0.7]])
    covariance = root @ root.T
    a = float(level)
    total = np.sqrt(covariance.sum())
    expected = covariance.sum(axis=1) / total * stats.norm.pdf(stats.norm.ppf(a)) / (1 - a)
    found, errors = np.empty((runs, 3)), np.empty((runs, 3))
    for r in range(runs):
        losses = root @ rng.normal(size=(3, n))
        order = np.argsort(-losses.sum(axis=0), kind="stable")
        for i in range(3):
            found[r, i], errors[r, i] = contribution(-losses[i][order], level)
    spread = found.std(axis=0, ddof=1)
    np.testing.assert_allclose(found.mean(axis=0), expected, atol=5 * spread.max() / runs**0.5 + 0.01)
    # a standard deviation of 400 runs is known to 3.5 %
    np.testing.assert_allclose(errors.mean(axis=0), spread, rtol=0.13)


def test_contribution__error_is_undefined_where_the_tail_holds_few_paths():
    on_worst = np.arange(100.0)
    assert np.isnan(contribution(on_worst, "0.95")[1]) and np.isfinite(contribution(on_worst, "0.9")[1])
