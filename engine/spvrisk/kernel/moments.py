"""Counts and central moments of a leaf's series, and how they are joined: the compiled part of `aggregate.moments`.

A leaf's sums are 64 partial sums by path number mod 64, in path order, then a fixed tree of halves: the same
bits for every block size that 64 divides. The arithmetic carries no fast-math flag, so no sum is regrouped.

References
----------
Pebay, P. (2008). Formulas for robust, one-pass parallel computation of covariances and arbitrary-order
statistical moments. Sandia report SAND2008-6212.
"""

import numpy as np
from numpy.typing import NDArray

from spvrisk.kernel.linking import entry_point, part
from spvrisk.plan.shared import FINITE, INFINITE, M2, M3, M4, MEAN, UNDEFINED

Float = NDArray[np.float64]
Int = NDArray[np.int64]

PARTIAL_SUMS = 64
"""Partial sums of a leaf; leaves start at multiples of it."""

_U = np.uint64
_LANES = _U(PARTIAL_SUMS)


@part
def _first_finite(row: Float) -> float:
    for x in row:
        if np.isfinite(x):
            return float(x)
    return 0.0


@part
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


@part
def _add(row: Float, start: np.uint64, n: np.uint64, centre: float, partial: Float) -> None:
    """Add x - centre of the finite of n values to the partial sums."""
    for l in range(n):
        x = row[start + l]
        partial[l] += x - centre if x - x == 0.0 else 0.0


@part
def _sum_from(row: Float, centre: float, partial: Float) -> float:
    """Sum of x - centre over the finite x."""
    partial[:] = 0.0
    whole, rest = _U(row.shape[0]) // _LANES, _U(row.shape[0]) % _LANES
    for block in range(whole):
        _add(row, block * _LANES, _LANES, centre, partial)
    _add(row, whole * _LANES, rest, centre, partial)
    return _join_halves(partial)


@part
def _add_powers(row: Float, start: np.uint64, n: np.uint64, mean: float, partial: Float) -> None:
    """Add powers of x - mean of the finite of n values to the partial sums."""
    for l in range(n):
        x = row[start + l]
        d = x - mean if x - x == 0.0 else 0.0
        d2 = d * d
        partial[l] += d2
        partial[_LANES + l] += d2 * d
        partial[_U(2) * _LANES + l] += d2 * d2


@part
def _sum_powers(row: Float, mean: float, partial: Float, out: Float) -> None:
    """Sums of the 2nd, 3rd and 4th powers of x - mean over the finite x."""
    partial[:] = 0.0
    whole, rest = _U(row.shape[0]) // _LANES, _U(row.shape[0]) % _LANES
    for block in range(whole):
        _add_powers(row, block * _LANES, _LANES, mean, partial)
    _add_powers(row, whole * _LANES, rest, mean, partial)
    for k in range(3):
        out[k] = _join_halves(partial[k * PARTIAL_SUMS : (k + 1) * PARTIAL_SUMS])


@part
def _join_halves(partial: Float) -> float:
    """Sum of the partial sums: the upper half onto the lower, again and again."""
    half = PARTIAL_SUMS // 2
    while half > 0:
        for l in range(half):
            partial[l] += partial[l + half]
        half //= 2
    return float(partial[0])


@part
def fill_moments(row: Float, partial: Float, counts: Int, central: Float) -> None:
    """Two passes: the mean about a pivot, then the powers of the deviations from it.

    Parameters
    ----------
    row
        Values of a leaf, ``(path,)``; NaN is undefined.
    partial
        Room for ``3 * PARTIAL_SUMS`` sums.
    counts, central
        As of `aggregate.moments.Moments`, ``(3,)`` and ``(4,)``; filled.
    """
    n = _count(row, counts)
    # about a pivot, the mean of a constant series is exact and its sd exactly 0
    pivot = _first_finite(row)
    central[MEAN] = pivot + _sum_from(row, pivot, partial[:PARTIAL_SUMS]) / max(n, 1)
    _sum_powers(row, central[MEAN], partial, central[M2:])


@part
def join_moments(counts: Int, central: Float, more_counts: Int, more: Float) -> None:
    """Join the moments of later paths to those of earlier ones (Pebay 2008, equations 2.1 and 3.1)."""
    na, nb = float(counts[FINITE]), float(more_counts[FINITE])
    for k in range(3):
        counts[k] += more_counts[k]
    # a side without finite values has a mean of 0 that means nothing
    if na == 0.0:
        for k in range(4):
            central[k] = more[k]
    elif nb > 0.0:
        n = na + nb
        delta = more[MEAN] - central[MEAN]
        square = delta * delta * na * nb / n
        a2, a3, b2, b3 = central[M2], central[M3], more[M2], more[M3]
        central[MEAN] += delta * nb / n
        central[M2] = a2 + b2 + square
        central[M3] = a3 + b3 + square * delta * (na - nb) / n + 3.0 * delta * (na * b2 - nb * a2) / n
        central[M4] = (
            central[M4]
            + more[M4]
            + square * delta * delta * (na * na - na * nb + nb * nb) / (n * n)
            + 6.0 * delta * delta * (na * na * b2 + nb * nb * a2) / (n * n)
            + 4.0 * delta * (na * b3 - nb * a3) / n
        )


@entry_point()
def moments_of_rows(values: Float, counts: Int, central: Float) -> None:
    """Fill the moments of series ``(series, path)``, ``(3, series)`` and ``(4, series)``."""
    partial = np.empty(3 * PARTIAL_SUMS)
    for s in range(values.shape[0]):
        fill_moments(values[s], partial, counts[:, s], central[:, s])


@entry_point()
def join_rows(counts: Int, central: Float, more_counts: Int, more: Float) -> None:
    """Join the moments of the same series over later paths to those over earlier ones."""
    for s in range(counts.shape[1]):
        join_moments(counts[:, s], central[:, s], more_counts[:, s], more[:, s])
