"""Counts and central moments of many series, in a leaf and when leaves are joined.

A leaf's sums are 64 partial sums by path number mod 64, in path order, then a fixed tree of halves: the same
bits for every block size that 64 divides. The arithmetic carries no fast-math flag, so no sum is regrouped.

References
----------
Pebay, P. (2008). Formulas for robust, one-pass parallel computation of covariances and arbitrary-order
statistical moments. Sandia report SAND2008-6212.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spvrisk.kernel.cache import cache_folder

Float = NDArray[np.float64]
Int = NDArray[np.int64]

PARTIAL_SUMS = 64
"""Partial sums of a leaf; leaves start at multiples of it."""

FINITE, INFINITE, UNDEFINED = 0, 1, 2
MEAN, M2, M3, M4 = 0, 1, 2, 3


class Moments(NamedTuple):
    """Moments of the finite values of each series.

    Attributes
    ----------
    counts
        Finite, infinite and undefined (NaN) values, ``(3, series)`` int64.
    central
        Mean, then sums of the 2nd, 3rd and 4th powers of the deviations from it, ``(4, series)`` float64; 0
        where no value is finite.
    """

    counts: Int
    central: Float


def leaf_moments(values: Float) -> Moments:
    """Moments of one leaf.

    Parameters
    ----------
    values
        ``(series, path)`` float64; NaN is undefined. The first path's number is a multiple of 64.
    """
    counts = np.empty((3, values.shape[0]), np.int64)
    central = np.empty((4, values.shape[0]), np.float64)
    _moments_of_rows(np.ascontiguousarray(values, np.float64), counts, central)
    return Moments(counts, central)


def merge_moments(a: Moments, b: Moments) -> Moments:
    """Moments of the union of two sets of paths (Pebay 2008, equations 2.1 and 3.1)."""
    counts = a.counts + b.counts
    na, nb = a.counts[FINITE].astype(np.float64), b.counts[FINITE].astype(np.float64)
    n = np.maximum(na + nb, 1.0)
    delta = b.central[MEAN] - a.central[MEAN]
    shift = delta * nb / n
    a2, a3, a4 = a.central[M2], a.central[M3], a.central[M4]
    b2, b3, b4 = b.central[M2], b.central[M3], b.central[M4]
    square = delta * delta * na * nb / n
    central = np.empty_like(a.central)
    central[MEAN] = a.central[MEAN] + shift
    central[M2] = a2 + b2 + square
    central[M3] = a3 + b3 + square * delta * (na - nb) / n + 3.0 * delta * (na * b2 - nb * a2) / n
    central[M4] = (
        a4
        + b4
        + square * delta * delta * (na * na - na * nb + nb * nb) / (n * n)
        + 6.0 * delta * delta * (na * na * b2 + nb * nb * a2) / (n * n)
        + 4.0 * delta * (na * b3 - nb * a3) / n
    )
    # a side without finite values has a mean of 0 that means nothing
    central = np.where(na == 0, b.central, np.where(nb == 0, a.central, central))
    return Moments(counts, central)


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
    def _moments_of_rows(values: Float, counts: Int, central: Float) -> None:
        """Two passes a row: the mean about a pivot, then the powers of the deviations from it."""
        partial = np.empty((3, PARTIAL_SUMS))
        for s in range(values.shape[0]):
            row = values[s]
            n = _count(row, counts[:, s])
            # about a pivot, the mean of a constant series is exact and its sd exactly 0
            pivot = _first_finite(row)
            central[MEAN, s] = pivot + _sum_from(row, pivot, partial[0]) / max(n, 1)
            _sum_powers(row, central[MEAN, s], partial, central[M2:, s])
