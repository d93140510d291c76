"""Exceedance curves against sorting by hand, scipy's binomial and closed forms."""

from math import exp, inf, isnan, nan

import numpy as np
import pytest
from scipy.stats import binom, norm

from spvrisk.measures.exceedance import exceedance

PROBABILITIES = ("0.5", "0.2", "0.05", "0.01", "0.004")


@pytest.mark.parametrize("p", PROBABILITIES)
def test_exceedance__by_counting(p):
    """The value is the smallest that at most a share p of the paths exceeds; its ends are scipy's binomial ranks."""
    values = np.random.default_rng(3).lognormal(2.0, 0.8, 3000)
    (point,) = exceedance(values, (p,))
    n = values.size
    assert np.count_nonzero(values > point.value) <= round(float(p) * n)
    assert np.count_nonzero(values >= point.value) > round(float(p) * n)
    ordered = np.sort(values)
    low = int(binom.ppf(0.025, n, 1 - float(p)))
    assert (point.low, point.high) == (ordered[low - 1], ordered[int(binom.ppf(0.975, n, 1 - float(p)))])
    tail = ordered[n - round(float(p) * n) :]
    assert point.beyond == pytest.approx(tail.mean(), rel=1e-12)
    assert point.paths == tail.size
    assert point.one_in == pytest.approx(1 / float(p))


def test_exceedance__of_a_lognormal_is_within_its_errors():
    mu, sigma, n = 1.0, 0.6, 400_000
    values = np.random.default_rng(5).lognormal(mu, sigma, n)
    for point in exceedance(values, PROBABILITIES):
        p = float(point.probability)
        z = norm.isf(p)
        value, beyond = exp(mu + sigma * z), exp(mu + sigma**2 / 2) * norm.sf(z - sigma) / p
        assert point.low < value < point.high
        assert abs(point.beyond - beyond) < 3 * point.error
        # the interval's half width is that of the asymptotic error of an order statistic
        asymptotic = 1.96 * np.sqrt(p * (1 - p) / n) / (norm.pdf(z) / (sigma * value))
        assert (point.high - point.low) / 2 == pytest.approx(asymptotic, rel=0.1)


def test_exceedance__undefined_paths_are_left_out_and_what_never_comes_is_the_worst():
    values = np.array([nan, *range(1, 99), inf, inf])
    rare, median = exceedance(values, ("0.01", "0.5"))
    assert rare.value == inf and rare.beyond == inf and isnan(rare.error)
    assert median.value == 50.0 and median.paths == 50 and median.beyond == inf and isnan(median.error)


@pytest.mark.filterwarnings("error")
def test_exceedance__what_mostly_never_comes():
    (point,) = exceedance(np.array([*range(20), *[inf] * 80]), ("0.5",))
    assert point.value == point.high == point.beyond == inf and isnan(point.error)


def test_exceedance__few_paths_have_no_upper_end_and_no_error():
    (point,) = exceedance(np.arange(100.0), ("0.01",))
    assert isnan(point.high) and isnan(point.error) and point.paths == 1


def test_exceedance__of_nothing_is_undefined():
    (point,) = exceedance(np.array([nan]), ("0.1",))
    assert isnan(point.value) and isnan(point.beyond) and point.paths == 0
