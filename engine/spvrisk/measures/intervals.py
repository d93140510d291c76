"""Errors and 95 % intervals of statistics from their influences on the paths.

References
----------
Hampel, F. R. (1974). The influence curve and its role in robust estimation. JASA 69. Decision 32.
"""

from math import inf, nan, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

Float = NDArray[np.float64]
Int = NDArray[np.int64]

NORMAL_95 = 1.959963984540054
"""Standard errors in half a 95 % interval."""


def error_of(influence: Float, replicate: Int | None) -> float:
    """Standard error from influences: the spread of the paths' or, where there are replicates, of their sums.

    Parameters
    ----------
    influence
        Of each path, ``(path,)``, in the statistic's unit.
    replicate
        As of `spvrisk.measures.sample.Sample`.
    """
    n = influence.size
    if replicate is None:
        return sqrt(float(np.mean(influence * influence)) / (n - 1)) if n > 1 else nan
    sums = np.bincount(replicate, influence) / n
    r = sums.size
    return sqrt(float(np.sum(sums * sums)) * r / (r - 1)) if r > 1 else nan


def error_of_interval(low: float, high: float) -> float:
    """Give the standard error that has an interval of 95 %.

    Parameters
    ----------
    low, high
        Ends of the interval; NaN where undefined.
    """
    return (high - low) / (2.0 * NORMAL_95)


def symmetric_interval(value: float, error: float) -> tuple[float, float]:
    """95 % interval of a statistic whose error is normal.

    Parameters
    ----------
    value, error
        The statistic and its standard error.

    Returns
    -------
    low, high
        In the statistic's unit.
    """
    return value - NORMAL_95 * error, value + NORMAL_95 * error


def skewed_interval(value: float, influence: Float, replicate: Int | None = None) -> tuple[float, float]:
    """95 % interval of a statistic whose influences are skewed, after Hall, with Student's quantile.

    What makes a statistic large makes its error large too, where influences are skewed: of a shortfall a few large
    losses do both. Hall's cubic transformation of ``(value - truth) / error`` takes that skewness out; its inverse
    gives an interval that reaches farther to the side of the skewness. How uncertain the error is beyond what skewness
    explains is told by Student's degrees of freedom, ``2 n / (kurtosis - 1 - skewness^2)`` (Satterthwaite).

    Parameters
    ----------
    value
        The statistic.
    influence, replicate
        As of `error_of`.

    Returns
    -------
    low, high
        In the statistic's unit; NaN where its error is undefined.

    References
    ----------
    Hall, P. (1992). On the removal of skewness by transformation. Journal of the Royal Statistical Society B 54.
    Satterthwaite, F. E. (1946). An approximate distribution of estimates of variance components. Biometrics Bulletin 2.
    Decisions 31 and 32.

    Examples
    --------
    >>> influence = np.repeat([-0.1, 0.9], [90, 10])  # of a share of 10 among 100: nearer to 0 than to 1
    >>> [round(end, 3) for end in skewed_interval(0.1, influence)]
    [0.05, 0.176]
    """
    return _hall(value, _spread_of(influence, replicate))


def wide_interval(value: float, influence: Float, replicate: Int | None = None) -> tuple[float, float]:
    """95 % interval of a statistic whose influences have such tails that their skewness may be chance's.

    On either side the farther end of two: of `skewed_interval`, and of Student's symmetric one with
    ``2 n / (kurtosis - 1)`` degrees of freedom.

    Parameters
    ----------
    value, influence, replicate
        As of `skewed_interval`.

    Returns
    -------
    low, high
        As of `skewed_interval`.

    References
    ----------
    Decision 32.
    """
    spread = _spread_of(influence, replicate)
    reach = spread.error * _student(spread.degrees)
    low, high = _hall(value, spread)
    return min(low, value - reach), max(high, value + reach)


class _Spread(NamedTuple):
    """Error of a statistic, its skewness, and Student's degrees of freedom, without and with what that explains."""

    error: float
    skewness: float
    degrees: float
    unexplained: float


def _spread_of(influence: Float, replicate: Int | None) -> _Spread:
    error = error_of(influence, replicate)
    if not error > 0.0:
        return _Spread(error, 0.0, inf, inf)
    parts = influence if replicate is None else np.bincount(replicate, influence).astype(np.float64)
    n, squares = parts.size, parts * parts
    variance = float(np.mean(squares))
    skewness = float(np.mean(squares * parts)) / (variance * sqrt(variance))
    square_apart = float(np.mean(squares * squares)) / (variance * variance) - 1.0
    degrees = (2.0 * n / apart if apart > 0.0 else inf for apart in (square_apart, square_apart - skewness * skewness))
    return _Spread(error, skewness / sqrt(n), *degrees)


def _student(degrees: float) -> float:
    return float(stdtrit(degrees, 0.975))


def _hall(value: float, spread: _Spread) -> tuple[float, float]:
    """Ends of which Hall's transformation, t + skew t^2 / 3 + skew^2 t^3 / 27 + skew / 6, is Student's quantile."""
    skew, reach = spread.skewness, _student(spread.unexplained)

    def back(x: float) -> float:
        shifted = x - skew / 6.0
        root = float(np.cbrt(1.0 + skew * shifted))
        return 3.0 * shifted / (root * root + root + 1.0)

    return value - spread.error * back(reach), value - spread.error * back(-reach)
