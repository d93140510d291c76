"""Risk measures of the loss, which is minus the net present value: positive when money is lost."""

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from math import floor, fsum, nan, sqrt

import numpy as np
from numpy.typing import NDArray

from spvrisk.dataset.tables import FEW_PATHS
from spvrisk.measures.order import pick, quantile_with_interval, rank

Float = NDArray[np.float64]

Total = Callable[[Float], float]
"""Sum of values ``(value,)``, rounded once: the same bits in any order of them."""


def total_of(values: Float) -> float:
    """Sum of values, rounded once.

    Parameters
    ----------
    values
        ``(value,)``.
    """
    return fsum(values.tolist())


def value_at_risk(sorted_values: Float, level: str) -> tuple[float, float, float]:
    """Value at risk and the bounds of its 95 % interval.

    Parameters
    ----------
    sorted_values
        Net present values in ascending order, ``(path,)``.
    level
        Decimal string a in (0, 1).

    Returns
    -------
    value, low, high
        The k-th smallest loss, k = ceil(a n); NaN where there are too few values.
    """
    return quantile_with_interval(-sorted_values[::-1], level)


@lru_cache(maxsize=4096)
def tail(level: str, n: int) -> tuple[int, Fraction]:
    """How many of n paths are the worst (1 - a) n: whole paths, and the fraction of the next one.

    Parameters
    ----------
    level
        Decimal string a in (0, 1).
    n
        Number of paths.
    """
    size = (1 - Fraction(level)) * n
    whole = floor(size)
    return whole, size - whole


def tail_mean(worst_first: Float, level: str, n: int, total: Total = total_of) -> float:
    """Mean over the worst (1 - a) n of n paths, the last of them counted by its fraction.

    Parameters
    ----------
    worst_first
        Values of the paths in order of loss, the worst first; at least the tail's ``(path,)``.
    level
        Decimal string a in (0, 1).
    n
        Number of paths.
    total
        How values are added up.
    """
    whole, fraction = tail(level, n)
    found = total(worst_first[:whole])
    if fraction:
        found += float(fraction) * float(worst_first[whole])
    return found / float(whole + fraction)


def expected_shortfall(
    worst_first: Float, level: str, n: int | None = None, total: Total = total_of
) -> tuple[float, float]:
    """Expected shortfall, the mean of the worst (1 - a) n losses, and its standard error.

    The error is asymptotic, from the influence function (L - VaR)+ / (1 - a); it is too small where the tail
    holds only a few paths, and undefined (NaN) below `FEW_PATHS` of them.

    Parameters
    ----------
    worst_first
        Finite net present values in ascending order: the tail's and the next one at least, ``(path,)``.
    level
        Decimal string a in (0, 1).
    n
        How many values there are; None = all are given.
    total
        How values are added up: without Python's lock by `spvrisk.aggregate.exact.exact_sum`.

    References
    ----------
    Acerbi, C. and Tasche, D. (2002). On the coherence of expected shortfall. Journal of Banking and Finance
    26, definition 2.6. Trindade, A. A. et al. (2007). Financial prediction with constrained tail risk.
    Journal of Banking and Finance 31, theorem 2.
    """
    n = worst_first.size if n is None else n
    if n == 0:
        return nan, nan
    shortfall = -tail_mean(worst_first, level, n, total)
    if tail(level, n)[0] < FEW_PATHS:
        return shortfall, nan
    # in one piece of memory: tails of long runs are large
    excess = pick(worst_first, n + 1 - rank(level, n)) - worst_first[: tail(level, n)[0] + 1]
    np.maximum(excess, 0.0, out=excess)
    mean = total(excess) / n
    excess *= excess
    variance = (total(excess) - n * mean * mean) / (n - 1)
    return shortfall, sqrt(max(variance, 0.0) / n) / float(1 - Fraction(level))


def contribution(on_worst: Float, level: str, n: int | None = None, total: Total = total_of) -> tuple[float, float]:
    """Euler contribution of a project to the portfolio's expected shortfall, and its standard error.

    It is the project's mean loss over the tail's paths. Those of all projects add up to the portfolio's expected
    shortfall, as their net present values do to its own. The error is asymptotic, from the influence function
    ((L_i - m_i) 1[tail] / (1 - a)) - (C_i - m_i), m_i the project's mean loss on paths at value at risk, which the
    innermost of the tail's paths stand for: which paths are in the tail is uncertain too. It is undefined (NaN) below
    `FEW_PATHS` of them.

    Parameters
    ----------
    on_worst
        Net present values of the project on the paths in the order of the portfolio's loss, the worst first: the
        tail's and the next one at least, ``(path,)``.
    level
        Decimal string a in (0, 1).
    n
        How many paths there are; None = all are given.
    total
        As of `expected_shortfall`.

    References
    ----------
    Tasche, D. (2008). Capital allocation to business units and sub-portfolios: the Euler principle. Glasserman, P.
    (2005). Measuring marginal risk contributions in credit portfolios. Journal of Computational Finance 9.
    """
    n = on_worst.size if n is None else n
    found = -tail_mean(on_worst, level, n, total)
    whole = tail(level, n)[0]
    if whole < FEW_PATHS:
        return found, nan
    apart = -on_worst[:whole]  # in one piece of memory: tails of long runs are large
    at_risk = apart[-max(FEW_PATHS, int(0.5 * whole**0.8)) :]
    apart -= total(at_risk) / at_risk.size
    size = float(1 - Fraction(level))
    mean = total(apart) / n / size
    apart *= apart
    variance = total(apart) / n / (size * size) - mean * mean
    return found, sqrt(max(variance, 0.0) / (n - 1))
