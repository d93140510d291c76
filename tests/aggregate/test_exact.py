"""Sums that are rounded once, against `math.fsum` and rational arithmetic."""

from fractions import Fraction
from math import fsum, inf, isnan, nan

import numpy as np
import pytest

from spvrisk.aggregate.exact import exact_sum

RNG = np.random.default_rng(20)
TINY = 5e-324


def any_bits(n):
    x = RNG.integers(0, 1 << 64, n, dtype=np.uint64).view(np.float64)
    return np.where(np.abs(x) < 2.0**950, x, 0.0)


def scaled(n, low, high):
    return RNG.normal(size=n) * 2.0 ** RNG.integers(low, high, n)


def cancelling(n):
    x = scaled(n, -60, 60)
    return np.concatenate([x, -x[::-1], RNG.normal(size=1) * 2.0**-80])


def near_a_tie(n):
    """One and half a unit of its last place, and next to nothing besides."""
    return RNG.choice([-1.0, 1.0]) * np.array(
        [*RNG.choice([0.0, 2.0**-1074, -(2.0**-1074), 2.0**-106], n), 1.0, 2.0**-53]
    )


def bits(x):
    return "NaN" if isnan(x) else float(x).hex()


@pytest.mark.parametrize("n", [1, 2, 3, 50, 1023, 1024, 1025, 5000])
@pytest.mark.parametrize(
    "draw",
    [
        any_bits,
        lambda n: scaled(n, -1074, 900),
        lambda n: scaled(n, -1074, -1000),
        lambda n: -RNG.lognormal(10.0, 1.0, n),
        lambda n: np.full(n, -(2.0**897) * (2.0 - 2.0**-52)),  # its upper part has all of its bits
        cancelling,
        near_a_tie,
    ],
)
def test_exact_sum__has_the_bits_of_fsum(draw, n):
    for _ in range(20):
        x = draw(n)
        assert bits(exact_sum(x)) == bits(fsum(x.tolist()))


def test_exact_sum__is_the_rounded_rational_sum():
    for _ in range(50):
        x = scaled(40, -200, 200)
        assert exact_sum(x) == float(sum(map(Fraction, x.tolist())))
        assert exact_sum(x) == exact_sum(RNG.permutation(x))


@pytest.mark.parametrize(
    "values",
    [
        [],
        [-0.0],
        [0.0, -0.0],
        [TINY],
        [-TINY] * 3,
        [2.0**-1022, -TINY],
        [inf, 1.0],
        [-inf, -inf],
        [nan, inf],
        [1e308, -1e308, 1.0],
        [2.0**960, -(2.0**960), TINY],
        [2.0**959] * 3,
    ],
)
def test_exact_sum__of_hard_cases(values):
    assert bits(exact_sum(np.array(values))) == bits(fsum(values))


@pytest.mark.parametrize(("values", "error"), [([1e308] * 3, OverflowError), ([inf, -inf], ValueError)])
def test_exact_sum__fails_as_fsum_does(values, error):
    with pytest.raises(error):
        fsum(values)
    with pytest.raises(error):
        exact_sum(np.array(values))
