"""Intervals of shares, by exact sums over the binomial law."""

import numpy as np
import pytest
from scipy import stats

from spvrisk.measures.share import share_interval

NEAR = [1e-6, 1e-5, 5e-5, 1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.4]
GRID = sorted([*NEAR, 0.5, *(1 - p for p in NEAR)])


def coverage(low, high, n, p):
    """Probability that the interval of a run of n paths holds p."""
    k = np.arange(n + 1)
    return stats.binom.pmf(k, n, p)[(low <= p) & (p <= high)].sum()


@pytest.mark.parametrize("n", [20, 200, 4096, 16384])
def test_interval__holds_the_share_wherever_it_lies(n):
    k = np.arange(n + 1)
    _, low, high = share_interval(k, n)
    # around the ends of the intervals coverage is least
    near_ends = [edge * (1 + sign * 1e-9) for edge in (*low[1:30], *high[:30]) for sign in (-1, 1)]
    for p in (*GRID, *np.linspace(0.002, 0.998, 101), *(edge for edge in near_ends if 0 < edge < 1)):
        assert coverage(low, high, n, p) >= 0.93, p


@pytest.mark.parametrize(("n", "stated"), [(200, 0.0100), (16384, 0.56)])
def test_interval__where_walds_fails(n, stated):
    p, k = 0.99995, np.arange(n + 1)
    share = k / n
    error = 1.96 * np.sqrt(share * (1 - share) / n)
    assert coverage(share - error, share + error, n, p) < stated
    _, low, high = share_interval(k, n)
    assert coverage(low, high, n, p) >= 0.95


def test_interval__is_no_wider_than_it_must_be():
    n = 100_000
    for k in (1000, 30_000, 50_000):
        p, low, high = share_interval(k, n)
        assert high - low == pytest.approx(2 * 1.96 * np.sqrt(p * (1 - p) / n), rel=0.02)


@pytest.mark.parametrize("n", [1, 7, 200, 10**6, 10**9])
def test_interval__of_none_and_of_all_has_one_end_to_find(n):
    p, low, high = share_interval([0, n], n)
    assert p.tolist() == [0, 1] and low[0] == 0 and high[1] == 1
    assert n * np.log1p(-high[0]) == pytest.approx(np.log(0.05), rel=1e-6)
    assert low[1] == pytest.approx(1 - high[0], rel=1e-12)


def test_interval__ends_by_their_definition():
    for n, k in ((10, 3), (200, 199), (4096, 1), (16384, 16000), (10**7, 12)):
        _, low, high = share_interval(k, n)
        assert stats.binom.sf(k - 1, n, low) == pytest.approx(0.025, rel=1e-6)
        assert stats.binom.cdf(k, n, high) == pytest.approx(0.025, rel=1e-6)


def test_interval__of_nothing_is_undefined():
    assert np.isnan(share_interval(0, 0)).all()
    assert np.isnan(share_interval([0, 1], [0, 2])).tolist() == [[True, False]] * 3
