from math import ceil, isnan

import numpy as np
import pytest
from scipy import stats

from spvrisk.measures.order import interval_ranks, quantile_with_interval, rank


def test_rank__exact_where_floats_are_off_by_one():
    assert ceil(0.07 * 100) == 8  # the trap
    assert rank("0.07", 100) == 7
    assert rank("0.99", 100_000) == 99_000
    assert rank("0.0001", 10) == 1


def test_rank__integer_arithmetic_for_all_percents():
    wrong_in_floats = 0
    for percent in range(1, 100):
        for n in range(1, 301):
            expected = -(-percent * n // 100)
            assert rank(f"0.{percent:02d}", n) == expected
            wrong_in_floats += ceil(percent / 100 * n) != expected
    assert wrong_in_floats > 0


@pytest.mark.parametrize("n", [10, 100, 1001, 100_000])
@pytest.mark.parametrize("level", ["0.01", "0.05", "0.5", "0.9", "0.99"])
def test_interval_ranks__binomial_tails_are_at_most_half_of_five_percent(n, level):
    low, high = interval_ranks(level, n)
    b = stats.binom(n, float(level))
    assert b.cdf(low - 1) <= 0.025 < b.cdf(low)
    assert b.sf(high - 1) <= 0.025 < b.sf(high - 2)


def test_quantile_with_interval__by_hand():
    # B ~ Bin(20, 1/2): P(B <= 5) = 0.0207, P(B <= 6) = 0.0577
    values = np.arange(1.0, 21.0)
    assert quantile_with_interval(values, "0.5") == (10.0, 6.0, 15.0)


def test_quantile_with_interval__too_few_values_have_no_bound():
    value, low, high = quantile_with_interval(np.arange(1.0, 11.0), "0.05")
    assert value == 1.0
    assert isnan(low)
    assert high == 3.0


def test_quantile_with_interval__infinities_count():
    values = np.sort(np.array([1.0, 2.0, 3.0, np.inf]))
    assert quantile_with_interval(values, "0.75")[0] == 3.0
    assert quantile_with_interval(values, "0.76")[0] == np.inf


def test_quantile_with_interval__nothing():
    assert all(isnan(x) for x in quantile_with_interval(np.array([]), "0.5"))


def test_quantile_with_interval__covers_the_true_quantile():
    rng = np.random.default_rng(3)
    for level in ("0.05", "0.5", "0.99"):
        true = stats.norm.ppf(float(level))
        bounds = [quantile_with_interval(np.sort(rng.normal(size=1000)), level)[1:] for _ in range(1000)]
        covered = np.mean([low <= true <= high for low, high in bounds])
        # conservative, and not by much: 0.95 to 0.975, sampling error 0.007
        assert 0.93 <= covered <= 0.99
