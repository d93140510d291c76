"""Weighted samples, and their statistics with Monte Carlo errors.

Every statistic comes with its influence function on each path, from which follow its standard error, that of a
difference between runs that share their draws, and the spread between replicates.

References
----------
Owen, A. B. (2013). Monte Carlo theory, methods and examples, section 9.2 (self-normalised importance sampling).
"""

from fractions import Fraction
from math import exp, fsum, hypot, nan, pi, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from spvrisk.dataset.tables import FEW_PATHS
from spvrisk.measures.intervals import NORMAL_95, error_of, skewed_interval, wide_interval
from spvrisk.measures.risk import expected_shortfall
from spvrisk.measures.share import share_interval
from spvrisk.measures.tail_size import TailSize, tail_size

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Sample(NamedTuple):
    """Values of paths, how much each counts, and which were drawn together.

    Attributes
    ----------
    values
        ``(path,)`` float64; NaN is undefined.
    weight
        Importance weights, above 0, of any scale, ``(path,)``: statistics are normalised by their sum. None = all
        paths count alike.
    replicate
        Number of the independent randomisation, from 0, that a path belongs to, ``(path,)``: paths of one depend on
        each other, as those of a quasi-random sequence do. None = each path is drawn on its own.
    """

    values: Float
    weight: Float | None = None
    replicate: Int | None = None

    def weights(self, kept: Flags) -> Float:
        """Weights of some of the paths, ``(kept path,)`` float64; ones where all paths count alike.

        Parameters
        ----------
        kept
            Which, ``(path,)`` bool.
        """
        return np.ones(np.count_nonzero(kept)) if self.weight is None else self.weight[kept]


class Figure(NamedTuple):
    """A statistic of one run, and what each path contributes to its error.

    Attributes
    ----------
    value
        The statistic.
    influence
        Influence function on every path, times its normalised weight and n, ``(path,)``.
    replicate
        As of the sample.
    interval
        95 % interval of a share, a skewness, an expected shortfall or a part of risk, which is not symmetric; None of
        other statistics.
    least
        Of a share, what one path more or less would make of it: the error cannot be known to be less. Else 0.
    tail
        Of an expected shortfall, how many paths it rests on; None of other statistics.
    """

    value: float
    influence: Float
    replicate: Int | None = None
    interval: tuple[float, float] | None = None
    least: float = 0.0
    tail: TailSize | None = None

    @property
    def error(self) -> float:
        """Standard error."""
        return hypot(error_of(self.influence, self.replicate), self.least)

    @property
    def half(self) -> float:
        """Half of the 95 % interval."""
        if self.interval is None:
            return NORMAL_95 * self.error
        low, high = self.interval
        return (high - low) / 2.0


def mean(sample: Sample) -> Figure:
    """Mean of the finite values."""
    defined = np.isfinite(sample.values)
    if not defined.any():
        return _undefined(sample)
    x, w = sample.values[defined], sample.weights(defined)
    middle = float(np.sum(w * x) / np.sum(w))
    return figure_of(sample, defined, middle, x - middle)


def sd(sample: Sample) -> Figure:
    """Standard deviation of the finite values, of the population that equal weights are a sample of."""
    defined = np.isfinite(sample.values)
    if np.count_nonzero(defined) < 2:
        return _undefined(sample)
    w = sample.weights(defined)
    d = sample.values[defined] - mean(sample).value
    variance = float(np.sum(w * d * d) / np.sum(w))
    n = _effective(w)
    value = sqrt(variance * n / (n - 1.0))
    influence = (d * d - variance) / (2.0 * value) if value > 0.0 else np.zeros(d.size)
    return figure_of(sample, defined, value, influence)


def skewness(sample: Sample) -> Figure:
    """Skewness of the finite values; a constant has none.

    The spread of its influences, cubes of the values, is so uncertain where tails are heavy that their influences are
    stretched: its standard error is that of a normal figure with an interval as long.

    Parameters
    ----------
    sample
        The paths.

    References
    ----------
    Decision 32.
    """
    defined = np.isfinite(sample.values)
    w = sample.weights(defined)
    d = sample.values[defined] - mean(sample).value
    variance = float(np.sum(w * d * d) / np.sum(w)) if w.size > 1 else 0.0
    if variance == 0.0:
        return _undefined(sample)
    z = d / sqrt(variance)
    value = float(np.sum(w * z * z * z) / np.sum(w))
    found = figure_of(sample, defined, value, z * z * z - 3.0 * z - value - 1.5 * value * (z * z - 1.0))
    found = found._replace(interval=wide_interval(value, found.influence, sample.replicate))
    stretch = found.half / (NORMAL_95 * found.error) if found.error > 0.0 else 1.0
    return found._replace(influence=stretch * found.influence)


def share(sample: Sample, flagged: Flags) -> Figure:
    """Probability of the flagged among the defined paths.

    Where paths have weights or replicates, the interval is that of as many plain paths as would have the same error.

    Parameters
    ----------
    sample
        Paths of which NaN is undefined; the values do not matter otherwise.
    flagged
        ``(path,)`` bool.

    References
    ----------
    Korn, E. L. and Graubard, B. I. (1998). Confidence intervals for proportions with small expected number of positive
    counts estimated from survey data. Survey Methodology 24.
    """
    defined = ~np.isnan(sample.values)
    found = mean(sample._replace(values=np.where(defined, flagged.astype(np.float64), nan)))
    if not defined.any():
        return found._replace(interval=(nan, nan), least=1.0)
    w = sample.weights(defined)
    count, n = float(np.count_nonzero(flagged & defined)), float(w.size)
    if sample.weight is not None or sample.replicate is not None:
        p, error = min(max(found.value, 0.0), 1.0), found.error
        n = p * (1.0 - p) / error**2 if error > 0.0 else _effective(w)
        count = p * n
    _, low, high = share_interval(count, n)
    return found._replace(interval=(float(low), float(high)), least=float(np.max(w) / np.sum(w)))


def share_finite(sample: Sample) -> Figure:
    """Share of finite values among those that are defined: the probability that something ever comes to pass."""
    return share(sample, np.isfinite(sample.values))


def quantile(sample: Sample, level: str) -> Figure:
    """Quantile of the defined values; its influence takes the density from the spacing of the paths around it.

    Parameters
    ----------
    sample
        The paths.
    level
        Decimal string in (0, 1).

    References
    ----------
    Siddiqui, M. M. (1960). Distribution of quantiles in samples from a bivariate population. Hall, P. and Sheather,
    S. J. (1988). On the distribution of a studentized quantile. Journal of the Royal Statistical Society B 50.
    """
    defined = ~np.isnan(sample.values)
    x = sample.values[defined]
    if x.size < 2:
        return _undefined(sample)
    ordered, below = _ordered(x, sample.weights(defined))
    total, p = float(below[-1]), float(Fraction(level))
    k = place_of(below, level)
    below_it = p - (x <= ordered[k])
    error = error_of(figure_of(sample, defined, p, below_it).influence, None)
    n = p * (1.0 - p) / error**2  # as many plain paths would know the share below as well
    reach = max(int(_bandwidth(p, n) * n), 1) * (total / n)
    low, high = np.searchsorted(below, (below[k] - reach, min(below[k] + reach, total)))
    with np.errstate(invalid="ignore"):
        per_share = (ordered[high] - ordered[low]) * total / (below[high] - below[low])
    return figure_of(sample, defined, float(ordered[k]), below_it * per_share)


def _bandwidth(p: float, n: float) -> float:
    """Share of n paths on each side of a quantile whose spacing makes 95 % intervals cover best (Hall and Sheather).

    It is that of a normal law, which will do for others.
    """
    z = float(ndtri(p))
    density = exp(-0.5 * z * z) / sqrt(2.0 * pi)
    return float((1.5 * (NORMAL_95 * density) ** 2 / ((2.0 * z * z + 1.0) * n)) ** (1.0 / 3.0))


def value_at_risk(sample: Sample, level: str) -> Figure:
    """Value at risk of the loss, minus the values.

    Parameters
    ----------
    sample
        Net present values.
    level
        Decimal string in (0, 1).
    """
    return quantile(sample._replace(values=-sample.values), level)


def shortfall(sample: Sample, level: str) -> Figure:
    """Expected shortfall of the loss, minus the values.

    Its error and its interval are undefined where the tail has fewer than `FEW_PATHS` paths, and so is the shortfall
    itself where it is a part of one path.

    Parameters
    ----------
    sample
        Net present values.
    level
        Decimal string in (0, 1).

    References
    ----------
    Acerbi, C. and Tasche, D. (2002), Trindade, A. A. et al. (2007): see `spvrisk.measures.risk.expected_shortfall`.
    """
    defined = np.isfinite(sample.values)
    losses, w = -sample.values[defined], sample.weights(defined)
    if losses.size < 2:
        return _undefined(sample)
    ordered, below = _ordered(losses, w)
    k = place_of(below, level)
    in_tail = ordered.size - 1 - k
    if in_tail < 1:
        return _undefined(sample)
    if sample.weight is None:
        value, _ = expected_shortfall(-ordered[::-1], level)
    else:
        value = mean_beyond(ordered[k:], below[k:], level)
    if in_tail < FEW_PATHS:
        few = tail_size(level, ordered.size, float(ordered[k]), value, nan)
        return Figure(value, np.full(sample.values.size, nan), sample.replicate, interval=(nan, nan), tail=few)
    excess = np.maximum(losses - ordered[k], 0.0) / float(1 - Fraction(level))
    found = figure_of(sample, defined, value, excess - np.sum(w * excess) / np.sum(w))
    return found._replace(
        interval=skewed_interval(value, found.influence, sample.replicate),
        tail=tail_size(level, ordered.size, float(ordered[k]), value, found.error),
    )


def mean_beyond(losses: Float, below: Float, level: str) -> float:
    """Mean of the losses that are the worst (1 - a) of all weight.

    Parameters
    ----------
    losses
        In the order by which they are the worst, ascending, from the one at risk on, whose weight is in the tail by a
        part, ``(path,)``.
    below
        Weight of all paths up to each of them, ``(path,)``; the last is that of all.
    level
        Decimal string a in (0, 1).
    """
    total = float(below[-1])
    size = float((1 - Fraction(level)) * Fraction(total))
    part = size - (total - float(below[0]))
    return fsum([part * float(losses[0]), *(np.diff(below) * losses[1:]).tolist()]) / size


def _ordered(values: Float, weights: Float) -> tuple[Float, Float]:
    """Values in ascending order, and the weight up to each."""
    order = np.argsort(values, kind="stable")
    return values[order], np.cumsum(weights[order])


def place_of(below: Float, level: str) -> int:
    """Place of a quantile: the first up to which there is so much of the weight; exact where weights are whole.

    Parameters
    ----------
    below
        Weight up to each path, in ascending order of their values, ``(path,)``.
    level
        Decimal string in (0, 1).
    """
    return int(np.searchsorted(below, float(Fraction(level) * Fraction(float(below[-1])))))


def _effective(weights: Float) -> float:
    """How many paths of equal weight tell as much of a mean (Kish)."""
    return float(np.sum(weights)) ** 2 / float(np.sum(weights * weights))


def figure_of(sample: Sample, defined: Flags, value: float, influence: Float) -> Figure:
    """Make a figure of a statistic over the defined paths: the others have no influence on it.

    Parameters
    ----------
    sample
        All paths.
    defined
        Which are, ``(path,)`` bool.
    value
        The statistic.
    influence
        Influence function on the defined paths, ``(defined path,)``; their weights are taken from the sample.
    """
    w = sample.weights(defined)
    out = np.zeros(defined.size)
    out[defined] = influence * (w * (defined.size / np.sum(w)))
    return Figure(value, out, sample.replicate)


def _undefined(sample: Sample) -> Figure:
    return Figure(nan, np.full(sample.values.size, nan), sample.replicate)
