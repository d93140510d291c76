"""Order statistics: which of the sorted values is a quantile, and which two bound it.

Levels are decimal strings and ranks are found in exact arithmetic: with floats ``ceil(0.07 * 100)`` is 8.
"""

from fractions import Fraction
from functools import lru_cache
from math import ceil, nan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, bdtrik

Float = NDArray[np.float64]

CONFIDENCE = 0.95
"""Of the intervals around quantiles."""


class Percentile(NamedTuple):
    """A quantile.

    Attributes
    ----------
    level
        Decimal string in (0, 1): 0.8 of P80.
    value, low, high
        Order statistic and the ends of its 95 % interval; NaN where paths are too few, infinite never.
    """

    level: str
    value: float
    low: float
    high: float


@lru_cache(maxsize=4096)
def rank(level: str, n: int) -> int:
    """Rank k = ceil(level n) of a quantile among n sorted values, counted from 1; at least 1.

    Parameters
    ----------
    level
        Decimal string in (0, 1).
    n
        Number of values.
    """
    return max(1, ceil(Fraction(level) * n))


@lru_cache(maxsize=4096)
def interval_ranks(level: str, n: int) -> tuple[int, int]:
    """Ranks whose values enclose a quantile with at least 95 % probability, whatever the distribution.

    The number of values at or below the quantile is binomial: the lower rank l is the largest with P(B < l)
    <= 2.5 %, the upper rank u the smallest with P(B >= u) <= 2.5 %.

    Parameters
    ----------
    level
        Decimal string in (0, 1).
    n
        Number of values.

    Returns
    -------
    lower, upper
        Counted from 1. A lower rank of 0 or an upper one of n + 1 says that n values are too few for that
        bound.

    References
    ----------
    David, H. A. and Nagaraja, H. N. (2003). Order Statistics, section 7.1.
    """
    low, high = _interval_ranks((level,), n)[:, 0]
    return int(low), int(high)


def _interval_ranks(levels: tuple[str, ...], n: int) -> NDArray[np.intp]:
    """The same for several levels at once: ``(2, level)``."""
    tail = (1.0 - CONFIDENCE) / 2.0
    p = np.array([float(Fraction(level)) for level in levels])
    return np.asarray(_binomial_quantiles(np.array([[tail], [1.0 - tail]]), n, p) + np.array([[0], [1]]), np.intp)


def pick(sorted_values: Float, k: int) -> float:
    """The k-th smallest value, counted from 1; NaN if there is no such one.

    Parameters
    ----------
    sorted_values
        In ascending order, ``(path,)``.
    k
        Its rank.
    """
    return float(sorted_values[k - 1]) if 1 <= k <= sorted_values.size else nan


def quantile_with_interval(sorted_values: Float, level: str) -> tuple[float, float, float]:
    """A quantile and the bounds of its 95 % interval, of values sorted in ascending order.

    Parameters
    ----------
    sorted_values
        In ascending order, ``(path,)``.
    level
        Decimal string in (0, 1).

    Returns
    -------
    quantile, low, high
        In the values' unit; NaN where there are too few values for it.
    """
    n = sorted_values.size
    if n == 0:
        return nan, nan, nan
    low, high = interval_ranks(level, n)
    return pick(sorted_values, rank(level, n)), pick(sorted_values, low), pick(sorted_values, high)


def percentiles(values: Float, levels: tuple[str, ...]) -> tuple[Percentile, ...]:
    """Give quantiles with 95 % intervals by ranks.

    Parameters
    ----------
    values
        ``(path,)``, infinite never.
    levels
        Decimal strings in (0, 1).
    """
    ordered = np.sort(values)
    return tuple(Percentile(level, *quantile_with_interval(ordered, level)) for level in levels)


def quantiles(values: Float, levels: tuple[str, ...]) -> Float:
    """Give quantiles, without their intervals, of each row of values: ``(row, level)`` float64 in the rows' units.

    Parameters
    ----------
    values
        ``(row, path)``, all of them defined.
    levels
        Decimal strings in (0, 1).
    """
    return np.asarray(np.sort(values)[:, [rank(level, values.shape[1]) - 1 for level in levels]])


@lru_cache(maxsize=4096)
def _ranks(levels: tuple[str, ...], n: int) -> NDArray[np.intp]:
    """Ranks of quantiles and of the ends of their intervals among n values, ``(3, level)``."""
    return np.vstack([[rank(level, n) for level in levels], _interval_ranks(levels, n)])


def ranks_with_intervals(levels: tuple[str, ...], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Ranks of quantiles among so many values, and of the ends of their 95 % intervals.

    Parameters
    ----------
    levels
        Decimal strings in (0, 1).
    counts
        Numbers of values, ``(set,)``.

    Returns
    -------
    ndarray
        ``(set, 3, level)`` int64: quantile, lower end, upper end, from 1; those below 1 or above the count are of no
        value.
    """
    out = np.zeros((counts.size, 3, len(levels)), np.int64)
    for n in np.unique(counts[counts > 0]) if levels else ():
        out[counts == n] = _ranks(levels, int(n))
    return out


def _binomial_quantiles(probability: Float, n: int, p: Float) -> NDArray[np.intp]:
    """Smallest k with P(B <= k) >= probability, of several probabilities and p's that broadcast."""
    probability, p = np.broadcast_arrays(probability, p)
    k: NDArray[np.intp] = np.maximum(np.nan_to_num(bdtrik(probability, n, p)), 0.0).astype(np.intp)
    # the inverse is a continuous one: step to the integer
    while (down := (k > 0) & (bdtr(np.maximum(k - 1, 0), n, p) >= probability)).any():
        k -= down
    while (up := bdtr(k, n, p) < probability).any():
        k += up
    return k
