from fractions import Fraction

import numpy as np
import pytest

from spvrisk.aggregate.moments import leaf_moments, merge_moments

RNG = np.random.default_rng(5)


def exact(row):
    """Mean and sums of powers of deviations in rational arithmetic, over the finite values."""
    x = [Fraction(v) for v in row if np.isfinite(v)]
    mean = sum(x) / len(x)
    return [float(mean), *(float(sum((v - mean) ** k for v in x)) for k in (2, 3, 4))]


@pytest.mark.parametrize("n", [1, 2, 63, 64, 65, 1000])
def test_leaf_moments__against_rational_arithmetic(n):
    rows = np.stack([RNG.normal(1e3, 1.0, n), RNG.exponential(2.0, n)])
    central = leaf_moments(rows).central
    for s, row in enumerate(rows):
        mean, m2, m3, m4 = exact(row)
        scale = max(m4, 1e-300) ** 0.25
        assert central[0, s] == pytest.approx(mean, rel=1e-15)
        assert central[1, s] == pytest.approx(m2, rel=1e-12, abs=1e-24)
        assert central[2, s] == pytest.approx(m3, rel=1e-9, abs=1e-12 * scale**3)
        assert central[3, s] == pytest.approx(m4, rel=1e-12, abs=1e-40)


def test_leaf_moments__counts_and_skips_infinite_and_undefined():
    row = np.array([[1.0, np.nan, 2.0, np.inf, 6.0, -np.inf, np.nan]])
    moments = leaf_moments(row)
    assert moments.counts[:, 0].tolist() == [3, 2, 2]
    assert moments.central[:, 0].tolist() == [3.0, 14.0, 18.0, 98.0]


def test_leaf_moments__nothing_finite_gives_zeros():
    moments = leaf_moments(np.array([[np.nan, np.inf]]))
    assert moments.counts[:, 0].tolist() == [0, 1, 1]
    assert not moments.central.any()


def test_leaf_moments__constant_has_exactly_no_spread():
    moments = leaf_moments(np.full((1, 4096), 0.1))
    assert moments.central[:, 0].tolist() == [0.1, 0.0, 0.0, 0.0]


def test_leaf_moments__sum_has_64_partial_sums_then_halves():
    """The order of summation, spelled out in scalar Python, gives the same bits."""
    row = RNG.normal(size=1000) * 10.0 ** RNG.integers(-8, 8, 1000)
    partial = [0.0] * 64
    for path, x in enumerate(row):
        partial[path % 64] += x - row[0]
    while len(partial) > 1:
        half = len(partial) // 2
        partial = [partial[i] + partial[i + half] for i in range(half)]
    assert leaf_moments(row[None]).central[0, 0] == row[0] + partial[0] / 1000


@pytest.mark.parametrize("n", [0, 1, 63, 64, 65, 127, 1000, 4096])
def test_leaf_moments__bits_of_powers_summed_by_hand(n):
    """Values that are not finite, and a last block that is not whole, add nothing and move no bit."""
    row = np.random.default_rng(n).normal(size=n) * 10.0 ** RNG.integers(-8, 8, n)
    row[RNG.random(n) < 0.2], row[RNG.random(n) < 0.1], row[RNG.random(n) < 0.1] = np.nan, np.inf, -0.0
    found = leaf_moments(row[None])
    assert found.counts[:, 0].tolist() == [np.isfinite(row).sum(), np.isinf(row).sum(), np.isnan(row).sum()]
    mean = float(found.central[0, 0])
    for power in (2, 3, 4):
        partial = [0.0] * 64
        for path, x in enumerate(row.tolist()):
            d = x - mean if np.isfinite(x) else 0.0
            d2 = d * d
            partial[path % 64] += {2: d2, 3: d2 * d, 4: d2 * d2}[power]
        while len(partial) > 1:
            half = len(partial) // 2
            partial = [partial[i] + partial[i + half] for i in range(half)]
        assert found.central[power - 1, 0] == partial[0]


def test_merge_moments__equals_moments_of_the_whole():
    row = RNG.gamma(2.0, 3.0, 1000)
    row[::7] = np.nan
    row[5] = np.inf
    a, b = leaf_moments(row[None, :300]), leaf_moments(row[None, 300:])
    merged = merge_moments(a, b)
    assert merged.counts[:, 0].tolist() == [856, 1, 143]
    assert merged.central[:, 0] == pytest.approx(exact(row), rel=1e-11)


@pytest.mark.parametrize("left", [True, False])
def test_merge_moments__side_without_values_changes_nothing(left):
    full, empty = leaf_moments(np.array([[3.0, 5.0, 10.0]])), leaf_moments(np.array([[np.nan]]))
    merged = merge_moments(empty, full) if left else merge_moments(full, empty)
    assert merged.central.tolist() == full.central.tolist()
    assert merged.counts[:, 0].tolist() == [3, 0, 1]


def test_merge_moments__constant_after_a_side_without_values_stays_exact():
    """0.1 * 3 / 3 is not 0.1 in floats."""
    assert 0.1 * 3 / 3 != 0.1
    full, empty = leaf_moments(np.full((1, 3), 0.1)), leaf_moments(np.full((1, 64), np.nan))
    assert merge_moments(empty, full).central[:, 0].tolist() == [0.1, 0.0, 0.0, 0.0]
