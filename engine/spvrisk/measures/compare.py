"""Differences between two runs, with Monte Carlo errors that know which draws the runs share."""

from fractions import Fraction
from math import hypot, nan, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk.dataset.tables import FEW_PATHS
from spvrisk.measures.order import rank
from spvrisk.measures.risk import expected_shortfall, tail
from spvrisk.measures.share import share_interval

Float = NDArray[np.float64]


class Figure(NamedTuple):
    """A statistic of one run, and what each path contributes to its error.

    Attributes
    ----------
    value
        The statistic.
    influence
        Influence function on every path, ``(path,)``; the standard error is its root mean square over the root of n.
    interval
        95 % interval of a share; None of other statistics.
    least
        Of a share, what one path more or less would make of it: the error cannot be known to be less. Else 0.

    References
    ----------
    Hampel, F. R. (1974). The influence curve and its role in robust estimation. JASA 69.
    """

    value: float
    influence: Float
    interval: tuple[float, float] | None = None
    least: float = 0.0

    @property
    def error(self) -> float:
        """Standard error."""
        return hypot(_error(self.influence), self.least)


class Difference(NamedTuple):
    """Of a statistic between two runs."""

    value: float
    error: float
    """Standard error, from the paths' own differences where the runs share their draws."""
    unpaired_error: float
    """Standard error if the runs shared none."""

    @property
    def ratio(self) -> float:
        """How many times the paired error goes into the unpaired one."""
        return self.unpaired_error / self.error if self.error > 0.0 else nan


def _error(influence: Float) -> float:
    n = influence.size
    return sqrt(float(np.mean(influence * influence)) / (n - 1)) if n > 1 else nan


def _spread(values: Float, defined: NDArray[np.bool_]) -> Float:
    """Influence on all paths of a statistic over the defined ones: none where it is undefined."""
    out = np.zeros(defined.size)
    out[defined] = values * (defined.size / max(values.size, 1))
    return out


def mean(values: Float) -> Figure:
    """Mean of the finite values ``(path,)``."""
    defined = np.isfinite(values)
    if not defined.any():
        return Figure(nan, np.full(values.size, nan))
    found = values[defined]
    middle = float(np.mean(found))
    return Figure(middle, _spread(found - middle, defined))


def share_finite(values: Float) -> Figure:
    """Share of finite values among those that are defined: the probability that something ever comes to pass."""
    n = int(np.count_nonzero(~np.isnan(values)))
    found = mean(np.where(np.isnan(values), nan, np.isfinite(values).astype(np.float64)))
    _, low, high = share_interval(np.count_nonzero(np.isfinite(values)), n)
    return found._replace(interval=(float(low), float(high)), least=1.0 / max(n, 1))


def quantile(values: Float, level: str) -> Figure:
    """Quantile of the defined values; its influence takes the density from the spacing of n^(-1/5) around it.

    References
    ----------
    Siddiqui, M. M. (1960). Distribution of quantiles in samples from a bivariate population.
    """
    defined = ~np.isnan(values)
    ordered = np.sort(values[defined])
    n = ordered.size
    if n < 2:
        return Figure(nan, np.full(values.size, nan))
    k, p = rank(level, n) - 1, float(Fraction(level))
    reach = max(int(0.5 * n**0.8 * min(p, 1.0 - p)), 1)
    low, high = max(k - reach, 0), min(k + reach, n - 1)
    with np.errstate(invalid="ignore"):
        per_share = (ordered[high] - ordered[low]) * n / (high - low)
    influence = (p - (values[defined] <= ordered[k])) * per_share
    return Figure(float(ordered[k]), _spread(influence, defined))


def shortfall(values: Float, level: str) -> Figure:
    """Expected shortfall of the loss, minus the values."""
    defined = np.isfinite(values)
    ordered = np.sort(values[defined])
    n = ordered.size
    if n < 2:
        return Figure(nan, np.full(values.size, nan))
    if (1 - Fraction(level)) * n < 1:
        return Figure(nan, np.full(values.size, nan))  # the tail is a part of one path
    value, _ = expected_shortfall(ordered, level)
    if tail(level, n)[0] < FEW_PATHS:
        return Figure(value, np.full(values.size, nan))
    at_risk = ordered[n - rank(level, n)]
    excess = np.maximum(at_risk - values[defined], 0.0) / float(1 - Fraction(level))
    return Figure(value, _spread(excess - np.mean(excess), defined))


def difference(other: Figure, base: Figure, paired: bool, same: bool = False) -> Difference:
    """What `other` has more than `base`.

    The error of a difference of shares holds two paths more than those on which the runs differ, one each way: no
    such path among n does not say that there is none (decision note 14). Of the same study there is none.
    """
    apart = hypot(other.error, base.error) if not np.isnan(other.value + base.value) else nan
    error = apart
    if paired and apart == apart:
        least = (0.0,) if same else (other.least, base.least)
        error = hypot(_error(other.influence - base.influence), *least)
    return Difference(other.value - base.value, error, apart)
