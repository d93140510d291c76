"""Counts and central moments of a leaf's series, and how they are joined: the compiled part of `aggregate.moments`.

A leaf's sums are 64 partial sums by path number mod 64, in path order, then a fixed tree of halves: the same
bits for every block size that 64 divides. The arithmetic carries no fast-math flag, so no sum is regrouped.

References
----------
Pebay, P. (2008). Formulas for robust, one-pass parallel computation of covariances and arbitrary-order
statistical moments. Sandia report SAND2008-6212.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spvrisk.kernel.linking import entry_point, part
from spvrisk.kernel.simd import WIDE, load, spread, store, where
from spvrisk.plan.shared import FINITE, INFINITE, M2, M3, M4, MEAN, UNDEFINED

Float = NDArray[np.float64]
Int = NDArray[np.int64]

PARTIAL_SUMS = 64
"""Partial sums of a leaf; leaves start at multiples of it."""

ROOM = 4 * PARTIAL_SUMS
"""Numbers that `fill_moments` needs room for."""

_U = np.uint64
_LANES, _WIDE = _U(PARTIAL_SUMS), _U(WIDE)


@part
def _first_finite(row: Float) -> float:
    for i in range(_U(row.shape[0])):
        if np.isfinite(row[i]):
            return float(row[i])
    return 0.0


@part
def _whole(row: Float) -> np.uint64:
    """How many values are in whole blocks."""
    return _U(row.shape[0]) // _LANES * _LANES


@part
def _fill_rest(row: Float, rest: Float) -> None:
    """Copy what comes after the whole blocks, and NaN behind it, which adds 0 to partial sums: these are never -0."""
    whole = _whole(row)
    for l in range(_LANES):
        rest[l] = row[whole + l] if whole + l < _U(row.shape[0]) else np.nan


@part
def _count(sums: Any, x: Any, pivot: float) -> Any:
    """Add x - pivot of the finite, how many these are, and how many are not NaN."""
    finite = x - x == 0.0
    return (
        sums[0] + where(finite, x - pivot, 0.0),
        sums[1] + where(finite, 1.0, 0.0),
        sums[2] + where(x == x, 1.0, 0.0),
    )


@part
def _add_powers(sums: Any, x: Any, mean: float) -> Any:
    """Add the 2nd, 3rd and 4th powers of x - mean of the finite."""
    d = where(x - x == 0.0, x - mean, 0.0)
    d2 = d * d
    return sums[0] + d2, sums[1] + d2 * d, sums[2] + d2 * d2


@part
def _store(sums: Any, partial: Float, at: Any) -> None:
    """Put three partial sums where they belong."""
    store(partial, at, sums[0])
    store(partial, at + _LANES, sums[1])
    store(partial, at + _U(2) * _LANES, sums[2])


@part
def _sum(row: Float, pivot: float, partial: Float, rest: Float) -> None:
    """Fill the partial sums of `_count`: of two lots of lanes at a time, since one addition waits for another."""
    none = spread(0.0), spread(0.0), spread(0.0)
    for first in range(_U(0), _LANES, _U(2) * _WIDE):
        second, a, b = first + _WIDE, none, none
        for at in range(_U(0), _whole(row), _LANES):
            a = _count(a, load(row, at + first), pivot)
            b = _count(b, load(row, at + second), pivot)
        _store(_count(a, load(rest, first), pivot), partial, first)
        _store(_count(b, load(rest, second), pivot), partial, second)


@part
def _sum_powers(row: Float, mean: float, partial: Float, rest: Float) -> None:
    """Fill the partial sums of `_add_powers`."""
    none = spread(0.0), spread(0.0), spread(0.0)
    for first in range(_U(0), _LANES, _U(2) * _WIDE):
        second, a, b = first + _WIDE, none, none
        for at in range(_U(0), _whole(row), _LANES):
            a = _add_powers(a, load(row, at + first), mean)
            b = _add_powers(b, load(row, at + second), mean)
        _store(_add_powers(a, load(rest, first), mean), partial, first)
        _store(_add_powers(b, load(rest, second), mean), partial, second)


@part
def _join_halves(partial: Float, first: np.uint64) -> float:
    """Sum of the partial sums from a first one on: the upper half onto the lower, again and again."""
    half = _LANES // _U(2)
    while half > _U(0):
        for l in range(first, first + half):
            partial[l] += partial[l + half]
        half //= _U(2)
    return float(partial[first])


@part
def fill_moments(row: Float, room: Float, counts: Int, central: Float) -> None:
    """Two passes: the mean about a pivot, then the powers of the deviations from it.

    Parameters
    ----------
    row
        Values of a leaf, ``(path,)``, one behind the other; NaN is undefined.
    room
        For what is needed on the way, ``(ROOM,)``.
    counts, central
        As of `aggregate.moments.Moments`, ``(3,)`` and ``(4,)``; filled.
    """
    partial, rest = room[: 3 * PARTIAL_SUMS], room[3 * PARTIAL_SUMS :]
    _fill_rest(row, rest)
    # about a pivot, the mean of a constant series is exact and its sd exactly 0
    pivot = _first_finite(row)
    _sum(row, pivot, partial, rest)
    n, defined = _join_halves(partial, _LANES), _join_halves(partial, _U(2) * _LANES)
    counts[FINITE] = np.int64(n)
    counts[INFINITE] = np.int64(defined - n)
    counts[UNDEFINED] = row.shape[0] - np.int64(defined)
    central[MEAN] = pivot + _join_halves(partial, _U(0)) / max(n, 1.0)
    _sum_powers(row, central[MEAN], partial, rest)
    for k in range(3):
        central[M2 + k] = _join_halves(partial, _U(k) * _LANES)


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
    room = np.empty(ROOM)
    for s in range(values.shape[0]):
        fill_moments(values[s], room, counts[:, s], central[:, s])


@entry_point()
def join_rows(counts: Int, central: Float, more_counts: Int, more: Float) -> None:
    """Join the moments of the same series over later paths to those over earlier ones."""
    for s in range(counts.shape[1]):
        join_moments(counts[:, s], central[:, s], more_counts[:, s], more[:, s])
