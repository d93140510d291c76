"""Which input makes a quantity vary: indices of sensitivity, each with its standard error.

The first-order index of an input is Var E[Y | input] / Var Y, the share of the variance of Y that goes when the input
is known. Its total index, E Var[Y | all others] / Var Y, is the share that stays as long as it alone is unknown. What Y
is, a value or the indicator of a tail, is left to the caller. Both come from repeated runs in which streams are drawn
anew (`by_redraw`); the first alone from one run whose inputs are kept (`by_bins`).

References
----------
Saltelli, A. et al. (2010). Variance based sensitivity analysis of model output. Computer Physics Communications 181.
Jansen, M. J. W. (1999). Analysis of variance designs for model output. Computer Physics Communications 117.
Kelley, T. L. (1935). An unbiased correlation ratio measure. PNAS 21.
Bonett, D. G., Wright, T. A. (2000). Sample size requirements for estimating Pearson, Kendall and Spearman correlations.
Psychometrika 65.
Spagnol, A., Le Riche, R., Da Veiga, S. (2019). Global sensitivity analysis for optimization with variable selection.
SIAM/ASA Journal on Uncertainty Quantification 7 (indices of the indicator of a target).
"""

from collections.abc import Sequence
from math import inf, nan, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc

Float = NDArray[np.float64]


class Index(NamedTuple):
    """A share of a variance, or a correlation, with its standard error; both NaN where Y does not vary."""

    value: float
    error: float


class Told(NamedTuple):
    """What one run tells of an input.

    Attributes
    ----------
    first
        First-order index; what nothing tells may be a little below 0.
    p_value
        Probability that bins of an input that does not matter would differ as much in the mean of Y.
    """

    first: Index
    p_value: float


_NONE = Index(nan, nan)

_IN_A_BIN = 5
"""Paths with something rare that a bin is to hold on average."""


def by_redraw(base: Float, anew: Float, group: Float) -> tuple[Index, Index]:
    """First-order and total index of a group of streams.

    A group that Y does not depend on has indices of exactly 0.

    Parameters
    ----------
    base
        Y of each path, ``(path,)``.
    anew
        Of the same paths with all streams drawn anew.
    group
        With those of the group drawn anew, as in `anew`, and all others as in `base`.

    Returns
    -------
    first, total
        Indices; their errors hold for large samples.
    """
    mean, change = (base.mean() + anew.mean()) / 2.0, group - base
    square = ((base - mean) ** 2 + (anew - mean) ** 2) / 2.0
    return _ratio((anew - mean) * change, square), _ratio(change**2 / 2.0, square)


def _ratio(upper: Float, lower: Float) -> Index:
    """Ratio of two means over the same paths, with its error by the delta method."""
    scale = float(lower.mean())
    if not scale > 0.0:
        return _NONE
    value = float(upper.mean()) / scale
    return Index(value, float(np.std(upper - value * lower)) / (scale * sqrt(upper.size)))


def by_bins(given: Float, ys: Sequence[Float]) -> list[Told]:
    """First-order indices of an input from one run: what a line in each of many bins of the input tells of each Y.

    Bins hold equally many paths and are as many as the root of the paths, or one for each value where there are fewer.
    Of the indicator of something rare they are as few as hold five of it on average: what chance makes of less has no
    law that is known. What their lines tell by chance is taken off. Where Y bends strongly within the last bin, as
    beyond an input whose logarithm Y follows, the index is a little too small.

    Parameters
    ----------
    given
        The input on each path, ``(path,)``; infinite ones have a bin of their own, undefined ones as well.
    ys
        Each Y of the same paths, ``(path,)``.
    """
    most = [_most(y) for y in ys]
    numbers = {each: _bins(given, each) for each in set(most)}
    return [_told(numbers[each], given, y) for each, y in zip(most, ys, strict=True)]


def _most(y: Float) -> int:
    """How many bins there may be."""
    root = round(sqrt(y.size))
    indicator = (y == 0.0) | (y == 1.0)
    if not indicator.all():
        return root
    ones = int(np.count_nonzero(y))
    return min(root, max(2, min(ones, y.size - ones) // _IN_A_BIN))


def _told(number: NDArray[np.intp], given: Float, y: Float) -> Told:
    """What bins of an input tell of Y."""
    n, centred = y.size, y - y.mean()
    squares = centred**2
    total = float(squares.sum())
    if not total > 0.0:
        return Told(_NONE, nan)
    residual, used = _lines(number, given, centred)
    told, free = int(used.sum()) - 1, n - int(used.sum())
    if told < 1:
        return Told(Index(0.0, 0.0), 1.0)
    if free < 1:
        return Told(_NONE, nan)
    counts = np.bincount(number)
    # by bin, since spreads and sizes of bins differ
    within = residual**2 * (counts / np.maximum(counts - used, 1))[number]
    value = 1.0 - float(within.sum()) / total
    influence = (squares - within - value * squares) * n / total
    # that holds what the lines err by as well, 4 for each number that they take; of that it should be 2
    chance = told * (1.0 - value) ** 2 / n
    variance = max(float(np.var(influence)) - 2.0 * chance, chance)
    left = float((residual**2).sum())
    ratio = (total - left) / told / (left / free) if left > 0.0 else inf
    return Told(Index(value, sqrt(variance / n)), float(fdtrc(told, free, ratio)))


def _lines(number: NDArray[np.intp], given: Float, y: Float) -> tuple[Float, NDArray[np.intp]]:
    """What lines in bins leave of Y, or means where the input does not vary; and how many numbers that took."""
    counts = np.bincount(number)
    x = np.where(np.isfinite(given), given, 0.0)
    x = x - (np.bincount(number, x) / counts)[number]
    y = y - (np.bincount(number, y) / counts)[number]
    spread = np.bincount(number, x * x)
    has_line = (spread > 0.0) & (counts > 2)
    slope = np.divide(np.bincount(number, x * y), spread, out=np.zeros_like(spread), where=has_line)
    return y - slope[number] * x, 1 + has_line


def _bins(given: Float, most: int) -> NDArray[np.intp]:
    """Number of each path's bin, of so many at the most; equal values share one."""
    values, which = np.unique(given, return_inverse=True)
    if values.size <= most:
        return which
    finite = np.isfinite(values)
    ends = np.cumsum(np.bincount(which))  # of each value, paths up to it and with it
    bin_of = np.ceil(ends * (most / given.size)).astype(np.intp)
    bin_of[~finite] = np.where(np.isnan(values[~finite]), most + 2, np.where(values[~finite] < 0.0, 0, most + 1))
    return np.unique(bin_of[which], return_inverse=True)[1]


def ranked(values: Float) -> Float:
    """Give the ranks of what is defined, infinite values last or first, and of equal ones their mean rank.

    Parameters
    ----------
    values
        A number of each path, ``(path,)``.

    Returns
    -------
    ndarray
        ``(path,)`` float64, from 1 on; NaN where undefined.
    """
    from scipy.stats import rankdata  # loaded here: it takes half a second, and runs have no use for it

    found, defined = np.full(values.size, nan), ~np.isnan(values)
    found[defined] = rankdata(values[defined])
    return found


def rank_correlation(a: Float, b: Float) -> Index:
    """Spearman's rank correlation over the paths on which both are defined.

    Parameters
    ----------
    a, b
        Ranks of two numbers of each path, ``(path,)``, as from `ranked`.
    """
    both = ~(np.isnan(a) | np.isnan(b))
    n = int(both.sum())
    if n < 4:
        return _NONE
    if n < both.size:
        a, b = ranked(a[both]), ranked(b[both])
    a, b = a - a.mean(), b - b.mean()
    # not by BLAS, whose threads cost more than they save
    scale = sqrt(float(np.sum(a * a)) * float(np.sum(b * b)))
    if scale == 0.0:
        return _NONE
    rho = float(np.sum(a * b)) / scale
    # Bonett and Wright's error of Fisher's transform, back on the scale of the correlation
    return Index(rho, (1.0 - rho**2) * sqrt((1.0 + rho**2 / 2.0) / (n - 3.0)))
