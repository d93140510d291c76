"""Counts and central moments of the series of a leaf: the compiled part of `aggregate.moments`.

A leaf's sums are 64 partial sums by path number mod 64, in path order, then a fixed tree of halves: the same
bits for every block size that 64 divides. The arithmetic carries no fast-math flag, so no sum is regrouped.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spvrisk.kernel.cache import cache_folder, settled
from spvrisk.plan.names import FINITE, INFINITE, M2, MEAN, UNDEFINED

Float = NDArray[np.float64]
Int = NDArray[np.int64]

PARTIAL_SUMS = 64
"""Partial sums of a leaf; leaves start at multiples of it."""

settled()


@njit(nogil=True)
def _first_finite(row: Float) -> float:
    for x in row:
        if np.isfinite(x):
            return float(x)
    return 0.0


@njit(nogil=True)
def _count(row: Float, counts: Int) -> int:
    """Fill the three counts of a series; return how many values are finite."""
    not_finite = 0
    undefined = 0
    for x in row:
        not_finite += 0 if x - x == 0.0 else 1
        undefined += 0 if x == x else 1
    counts[FINITE] = row.shape[0] - not_finite
    counts[INFINITE] = not_finite - undefined
    counts[UNDEFINED] = undefined
    return int(counts[FINITE])


@njit(nogil=True)
def _sum_from(row: Float, centre: float, partial: Float) -> float:
    """Sum of x - centre over the finite x."""
    partial[:] = 0.0
    for start in range(0, row.shape[0], PARTIAL_SUMS):
        for l in range(min(PARTIAL_SUMS, row.shape[0] - start)):
            x = row[start + l]
            partial[l] += x - centre if x - x == 0.0 else 0.0
    return _join(partial)


@njit(nogil=True)
def _sum_powers(row: Float, mean: float, partial: Float, out: Float) -> None:
    """Sums of the 2nd, 3rd and 4th powers of x - mean over the finite x."""
    partial[:] = 0.0
    for start in range(0, row.shape[0], PARTIAL_SUMS):
        for l in range(min(PARTIAL_SUMS, row.shape[0] - start)):
            x = row[start + l]
            d = x - mean if x - x == 0.0 else 0.0
            d2 = d * d
            partial[0, l] += d2
            partial[1, l] += d2 * d
            partial[2, l] += d2 * d2
    for k in range(3):
        out[k] = _join(partial[k])


@njit(nogil=True)
def _join(partial: Float) -> float:
    """Sum of the partial sums: the upper half onto the lower, again and again."""
    half = PARTIAL_SUMS // 2
    while half > 0:
        for l in range(half):
            partial[l] += partial[l + half]
        half //= 2
    return float(partial[0])


with cache_folder():

    @njit(nogil=True, cache=True)
    def moments_of_rows(values: Float, counts: Int, central: Float) -> None:
        """Two passes a row: the mean about a pivot, then the powers of the deviations from it."""
        partial = np.empty((3, PARTIAL_SUMS))
        for s in range(values.shape[0]):
            row = values[s]
            n = _count(row, counts[:, s])
            # about a pivot, the mean of a constant series is exact and its sd exactly 0
            pivot = _first_finite(row)
            central[MEAN, s] = pivot + _sum_from(row, pivot, partial[0]) / max(n, 1)
            _sum_powers(row, central[MEAN, s], partial, central[M2:, s])
