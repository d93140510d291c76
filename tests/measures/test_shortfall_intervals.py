"""Value at risk and expected shortfall against closed forms, and the interval that knows of the tail's skewness."""

from math import exp, nan, sqrt

import numpy as np
import pytest
from scipy import stats

from spvrisk.measures.intervals import NORMAL_95, skewed_interval
from spvrisk.measures.order import quantile_with_interval
from spvrisk.measures.sample import Sample, mean, share, shortfall, value_at_risk

LEVELS = ("0.95", "0.99")


def t_shortfall(a, nu):
    q = stats.t.ppf(a, nu)
    return stats.t.pdf(q, nu) / (1 - a) * (nu + q * q) / (nu - 1)


LAWS = {
    "normal": (stats.norm(3.0, 2.0), lambda a: 3.0 + 2.0 * stats.norm.pdf(stats.norm.ppf(a)) / (1 - a)),
    "lognormal": (
        stats.lognorm(0.8),
        lambda a: exp(0.32) * stats.norm.cdf(0.8 - stats.norm.ppf(a)) / (1 - a),
    ),
    "t": (stats.t(5), lambda a: t_shortfall(a, 5)),
    "pareto": (stats.pareto(3.5), lambda a: 3.5 / 2.5 * (1 - a) ** (-1 / 3.5)),
    # the mean of a chi-square law above q is nu times the share of one of two more degrees above q
    "chi-square": (stats.chi2(3), lambda a: 3 * stats.chi2.sf(stats.chi2.ppf(a, 3), 5) / (1 - a)),
}
"""Losses, and their expected shortfall."""


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", LAWS)
def test_risk__is_that_of_the_closed_form(name, level):
    law, truth = LAWS[name]
    a = float(level)
    values = Sample(-law.rvs(200_000, random_state=np.random.default_rng(17)))
    at_risk, found = value_at_risk(values, level), shortfall(values, level)
    assert abs(at_risk.value - law.ppf(a)) < 3.5 * at_risk.error < 0.1 * law.ppf(a)
    assert abs(found.value - truth(a)) < 3.5 * found.error < 0.1 * truth(a)
    _, low, high = quantile_with_interval(np.sort(-values.values), level)
    assert high - low == pytest.approx(2 * NORMAL_95 * at_risk.error, rel=0.3)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", LAWS)
def test_risk__of_evenly_spread_losses_has_no_error(name, level):
    """Quantiles in the middle of each of n equal shares: what is left is the sum's own error."""
    law, truth = LAWS[name]
    values = Sample(-law.ppf((np.arange(200_000) + 0.5) / 200_000))
    assert value_at_risk(values, level).value == pytest.approx(law.ppf(float(level)), rel=1e-3)
    assert shortfall(values, level).value == pytest.approx(truth(float(level)), rel=2e-3)


def test_interval__its_ends_are_student_s_quantiles_once_skewness_is_out():
    """Hall's transformation of what the statistic is beyond each end, in errors, is that quantile."""
    influence = np.random.default_rng(4).gamma(0.3, size=500)
    influence -= influence.mean()
    low, high = skewed_interval(7.0, influence)
    error = sqrt(np.mean(influence**2) / 499)
    skew, kurtosis = stats.skew(influence), stats.kurtosis(influence, fisher=False)
    reach = stats.t.ppf(0.975, 2 * 500 / (kurtosis - 1 - skew**2))
    assert reach > NORMAL_95 + 0.005
    for end, quantile in ((low, reach), (high, -reach)):
        t, n = (7.0 - end) / error / sqrt(500), 500
        moved = t + skew * t**2 / 3 + skew**2 * t**3 / 27 + skew / (6 * n)
        assert sqrt(n) * moved == pytest.approx(quantile, rel=1e-6)
    assert high - 7.0 > 7.0 - low


def test_interval__of_symmetric_influences_is_symmetric():
    influence = np.repeat([-1.0, 1.0], 50)
    error = sqrt(1.0 / 99)
    assert skewed_interval(2.0, influence) == pytest.approx((2.0 - NORMAL_95 * error, 2.0 + NORMAL_95 * error))


def test_interval__of_what_is_known_and_of_what_is_not():
    assert skewed_interval(2.0, np.zeros(10)) == (2.0, 2.0)
    assert np.isnan(skewed_interval(2.0, np.full(10, nan))).all()
    few = shortfall(Sample(np.arange(100.0)), "0.95")
    assert np.isnan(few.interval).all() and np.isnan(few.half)


@pytest.mark.parametrize("name", ["normal", "t", "pareto"])
def test_interval__covers_where_a_symmetric_one_does_not(name):
    """Ten paths in the tail."""
    law, truth = LAWS[name]
    rng, true = np.random.default_rng(6), truth(0.95)
    many = [shortfall(Sample(-law.rvs(200, random_state=rng)), "0.95") for _ in range(1500)]
    covered = np.mean([figure.interval[0] <= true <= figure.interval[1] for figure in many])
    plain = np.mean([abs(figure.value - true) <= NORMAL_95 * figure.error for figure in many])
    assert 0.935 <= covered <= 0.98 and plain < 0.915


def test_half__is_that_of_the_interval_where_there_is_one():
    values = Sample(np.random.default_rng(1).normal(size=1000))
    assert mean(values).half == NORMAL_95 * mean(values).error
    for figure in (shortfall(values, "0.95"), share(values, values.values < 0.0)):
        assert figure.half == (figure.interval[1] - figure.interval[0]) / 2


@pytest.mark.parametrize("name", ["normal", "t", "pareto"])
def test_value_at_risk__its_error_covers_where_few_paths_are_beyond(name):
    """Twenty paths beyond."""
    law, _ = LAWS[name]
    rng, true = np.random.default_rng(8), law.ppf(0.95)
    many = [value_at_risk(Sample(-law.rvs(400, random_state=rng)), "0.95") for _ in range(1500)]
    assert 0.935 <= np.mean([abs(figure.value - true) <= NORMAL_95 * figure.error for figure in many]) <= 0.98
