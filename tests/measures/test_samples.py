"""Weighted and replicated samples: against repeated rows, closed forms and the spread of repeated samples."""

import numpy as np
import pytest
from scipy import stats

from spvrisk.measures.compare import difference
from spvrisk.measures.intervals import error_of
from spvrisk.measures.sample import (
    Sample,
    mean,
    quantile,
    share,
    share_finite,
    shortfall,
    skewness,
    value_at_risk,
)

LEVELS = ("0.5", "0.9", "0.95", "0.987", "0.99")
STATISTICS = {
    "mean": mean,
    "skewness": skewness,
    "share_finite": share_finite,
    "share below zero": lambda s: share(s, s.values < 0.0),
    **{f"quantile {a}": lambda s, a=a: quantile(s, a) for a in ("0.01", "0.07", "0.25", *LEVELS)},
    **{f"value_at_risk {a}": lambda s, a=a: value_at_risk(s, a) for a in LEVELS},
    **{f"shortfall {a}": lambda s, a=a: shortfall(s, a) for a in LEVELS},
}
SHIFT = -2.0


def shifted(rng, n):
    """Standard normal by draws about `SHIFT`, where the losses are, and by plain ones, so that weights are below 2."""
    x = rng.normal(size=n) + np.where(rng.random(n) < 0.5, SHIFT, 0.0)
    return Sample(x, 2.0 / (1.0 + np.exp(SHIFT * x - SHIFT * SHIFT / 2)))


def stratified(rng, replicates, n):
    """Standard normal: in each replicate one draw in each of n strata of equal probability."""
    u = (np.arange(n) + rng.random((replicates, n))) / n
    return Sample(stats.norm.ppf(u).ravel(), None, np.repeat(np.arange(replicates), n))


def values_and_errors(figures):
    """Of many figures; the errors without what is the least known of a share."""
    return np.array([(each.value, error_of(each.influence, each.replicate)) for each in figures]).T


def check_errors(name, many, true, rel):
    """That errors are the spread of the values; of a skewness they are no less, and its intervals hold the truth."""
    values, errors = values_and_errors(many)
    typical = np.sqrt(np.mean(errors**2))
    if name == "skewness":
        assert typical > (1 - rel) * values.std()
        assert 0.93 <= np.mean([figure.interval[0] <= true <= figure.interval[1] for figure in many]) <= 0.99
    else:
        assert typical == pytest.approx(values.std(), rel=rel)
    return values, errors


@pytest.mark.parametrize("name", STATISTICS)
def test_statistic__of_whole_weights_is_that_of_repeated_rows(name):
    rng = np.random.default_rng(3)
    values = np.round(rng.normal(-0.2, 2.0, 700) ** 3, 1)
    values[rng.random(700) < 0.1], values[rng.random(700) < 0.02] = np.nan, np.inf
    times = rng.integers(1, 6, 700)
    weighted = STATISTICS[name](Sample(values, times.astype(np.float64)))
    repeated = STATISTICS[name](Sample(np.repeat(values, times)))
    exact = name.startswith(("quantile", "value"))
    assert weighted.value == (repeated.value if exact else pytest.approx(repeated.value, rel=1e-12))


@pytest.mark.parametrize("name", STATISTICS)
def test_statistic__scale_of_the_weights_is_of_no_account(name):
    of, sample = STATISTICS[name], shifted(np.random.default_rng(5), 4000)
    one, other = of(sample), of(sample._replace(weight=sample.weight * 0.125))
    assert (one.value, one.error) == (other.value, other.error)


CLOSED = {
    "mean": (mean, 0.0),
    "skewness": (skewness, 0.0),
    "loss": (lambda s: share(s, s.values < -2.0), stats.norm.cdf(-2.0)),
    "var": (lambda s: value_at_risk(s, "0.99"), stats.norm.ppf(0.99)),
    "shortfall": (lambda s: shortfall(s, "0.99"), stats.norm.pdf(stats.norm.ppf(0.99)) / 0.01),
}


@pytest.mark.parametrize("name", CLOSED)
def test_importance_sample__closed_form_and_error(name):
    """Each figure within four errors, and the errors those of repeated samples."""
    of, true = CLOSED[name]
    rng = np.random.default_rng(6)
    assert abs((found := of(shifted(rng, 200_000))).value - true) < 4 * found.error
    many = [of(shifted(rng, 3000)) for _ in range(500)]
    values, _ = check_errors(name, many, true, rel=0.12)  # the sd of 500 values has an error of 3 %
    if name == "shortfall":
        plain = [of(Sample(rng.normal(size=3000))).value for _ in range(500)]
        assert values.std() < 0.5 * np.std(plain)
    if name == "loss":
        covered = np.mean([figure.interval[0] <= true <= figure.interval[1] for figure in many])
        assert 0.93 <= covered <= 0.99


@pytest.mark.parametrize("name", CLOSED)
def test_replicates__error_is_the_spread_between_them(name):
    of, true = CLOSED[name]
    rng = np.random.default_rng(7)
    many = [of(stratified(rng, 16, 250)) for _ in range(300)]
    values, errors = check_errors(name, many, true, rel=0.2)
    assert values.mean() == pytest.approx(true, abs=4 * values.std() / np.sqrt(300) + 0.01)
    alone = [of(stratified(rng, 16, 250)._replace(replicate=None)).error for _ in range(100)]
    assert np.median(errors) < 0.7 * np.median(alone)


@pytest.mark.parametrize(("law", "least"), [(stats.expon(), 0.93), (stats.t(5), 0.94), (stats.lognorm(0.5), 0.91)])
def test_skewness__interval_covers_where_tails_are_heavy(law, least):
    """Where ± 1.96 errors from the influences do not, or Hall's ends do not (of t)."""
    rng, true = np.random.default_rng(11), float(law.stats("s"))
    many = [skewness(Sample(law.rvs(4000, random_state=rng))) for _ in range(500)]
    assert np.mean([figure.interval[0] <= true <= figure.interval[1] for figure in many]) >= least
    assert many[0].half == pytest.approx(1.96 * many[0].error, rel=1e-4)


def test_difference__of_replicated_runs_by_their_spread():
    rng = np.random.default_rng(8)

    def pair():
        sample = stratified(rng, 16, 250)
        other = sample._replace(values=sample.values + 0.1 * sample.values**2)
        return difference(mean(other), mean(sample), True)

    found = [pair() for _ in range(300)]
    assert np.sqrt(np.mean([d.error**2 for d in found])) == pytest.approx(np.std([d.value for d in found]), rel=0.2)


def test_difference__of_weighted_runs_is_paired():
    rng = np.random.default_rng(9)

    def pair():
        sample = shifted(rng, 2000)
        return difference(
            shortfall(sample._replace(values=1.05 * sample.values), "0.95"), shortfall(sample, "0.95"), True
        )

    found = [pair() for _ in range(400)]
    assert np.sqrt(np.mean([d.error**2 for d in found])) == pytest.approx(np.std([d.value for d in found]), rel=0.12)
    assert np.median([d.ratio for d in found]) > 5


def test_replicate__one_alone_has_no_error():
    assert np.isnan(mean(Sample(np.arange(5.0), None, np.zeros(5, np.int64))).error)


def test_shortfall__weighted_tail_by_hand():
    # losses 9 (weight 1), 5 (2), 1 (7): the worst quarter of 10 is 9 and three quarters of 5's two
    found = shortfall(Sample(np.array([-1.0, -9.0, -5.0]), np.array([7.0, 1.0, 2.0])), "0.75")
    assert found.value == pytest.approx((9.0 + 1.5 * 5.0) / 2.5, rel=1e-15) and np.isnan(found.error)
