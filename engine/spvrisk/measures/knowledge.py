"""What is chance, and what is lack of knowledge: measures of outer runs, whose uncertain inputs differ.

An outer run holds its inputs fixed and has paths of its own. What its measure varies by from run to run is what is not
known of the inputs, and its Monte Carlo error besides; the error is known, and is taken off.

References
----------
JCGM 101:2008. Evaluation of measurement data - Supplement 1 to the "Guide to the expression of uncertainty in
measurement": propagation of distributions using a Monte Carlo method.
Saltelli, A. et al. (2008). Global sensitivity analysis: the primer. Sections 1.2.5 and 4.
Searle, S. R., Casella, G., McCulloch, C. E. (1992). Variance components. Section 3.5 (the estimator of `knowledge`).
Louis, T. A. (1984). Estimating a population of parameter values using Bayes and empirical Bayes methods. JASA 79.
"""

from math import nan, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk.measures.order import quantile_with_interval
from spvrisk.measures.sensitivity import Index, by_bins
from spvrisk.measures.share import share_interval

Float = NDArray[np.float64]


class Point(NamedTuple):
    """A quantile over the inputs, and the ends of its 95 % interval: NaN where outer runs are too few."""

    value: float
    low: float
    high: float


class Knowledge(NamedTuple):
    """How a measure varies by what is not known of the inputs.

    Attributes
    ----------
    variance
        Of the measure over the inputs, its Monte Carlo errors taken off; by chance it may be below 0.
    share
        Of the variance of the value itself, over inputs and paths, what goes when the inputs are known. NaN of a
        measure that is no mean.
    """

    variance: Index
    share: Index


class Explained(NamedTuple):
    """What an uncertain input explains of a measure.

    Attributes
    ----------
    slope
        By how many of the measure's standard deviations it moves with one of the input's, all others held: the
        standardised regression coefficient.
    first
        First-order index: the share of `Knowledge.variance` that goes when the input is known, with what moves with it.
    p_value
        Probability that an input that does not matter would seem to explain as much.
    """

    slope: Index
    first: Index
    p_value: float


def knowledge(values: Float, errors: Float, inner: int | None = None) -> Knowledge:
    """Tell lack of knowledge from Monte Carlo error: V = Var(values) - mean(errors^2), unbiased whatever the errors.

    Parameters
    ----------
    values
        A measure of each outer run, ``(outer,)``.
    errors
        Its standard errors, ``(outer,)``.
    inner
        Paths of each run, where the measure is a mean over all of them: their variance is then ``inner errors^2``.
    """
    n = values.size
    if n < 2 or not np.isfinite(values).all() or not np.isfinite(errors).all():
        return Knowledge(Index(nan, nan), Index(nan, nan))
    square, noise = (values - values.mean()) ** 2 * (n / (n - 1.0)), errors**2
    each = square - noise
    value = float(each.mean())
    variance = Index(value, float(np.std(each, ddof=1)) / sqrt(n))
    if inner is None:
        return Knowledge(variance, Index(nan, nan))
    whole = each + inner * noise
    total = float(whole.mean())
    if not total > 0.0:
        return Knowledge(variance, Index(nan, nan))
    share = value / total
    return Knowledge(variance, Index(share, float(np.std(each - share * whole, ddof=1)) / (total * sqrt(n))))


def without_noise(values: Float, errors: Float) -> Float:
    """Measures of outer runs, drawn towards their mean so far that their variance is that of the inputs alone.

    Parameters
    ----------
    values, errors
        As of `knowledge`.

    Returns
    -------
    ndarray
        ``(outer,)`` float64; where errors explain all of the variance, every one is the mean.
    """
    whole, known = float(np.var(values, ddof=1)), knowledge(values, errors).variance.value
    if not whole > 0.0 or np.isnan(known):
        return values
    return np.asarray(values.mean() + sqrt(max(known, 0.0) / whole) * (values - values.mean()))


def over_inputs(values: Float, errors: Float, level: str) -> Point:
    """Quantile of a measure over the inputs.

    Parameters
    ----------
    values, errors
        As of `knowledge`.
    level
        Decimal string in (0, 1).
    """
    if np.isnan(values).any():
        return Point(nan, nan, nan)
    return Point(*quantile_with_interval(np.sort(without_noise(values, errors)), level))


def probability_below(values: Float, errors: Float, bound: float = 0.0) -> Point:
    """Probability over the inputs that a measure is below a bound, with its 95 % interval.

    Parameters
    ----------
    values, errors
        As of `knowledge`.
    bound
        In the measure's unit.
    """
    if np.isnan(values).any():
        return Point(nan, nan, nan)
    below = int(np.count_nonzero(without_noise(values, errors) < bound))
    return Point(*(float(each) for each in share_interval(below, values.size)))


def explained(inputs: Float, values: Float, errors: Float) -> list[Explained]:
    """Tell what each uncertain input explains of a measure.

    Parameters
    ----------
    inputs
        Of each outer run, ``(outer, input)``.
    values, errors
        As of `knowledge`.
    """
    slopes, variance = _slopes(inputs, values), knowledge(values, errors).variance.value
    whole = float(np.var(values, ddof=1)) if values.size > 1 else nan
    scale = whole / variance if variance > 0.0 else nan  # indices are shares of all that varies, errors too
    out = []
    for given, slope in zip(inputs.T, slopes, strict=True):
        (told,) = by_bins(given, [values]) if np.isfinite(values).all() else (None,)
        if told is None:
            out.append(Explained(slope, Index(nan, nan), nan))
        else:
            out.append(Explained(slope, Index(told.first.value * scale, told.first.error * scale), told.p_value))
    return out


def _slopes(inputs: Float, values: Float) -> list[Index]:
    """Standardised regression coefficients with their standard errors; NaN where outer runs are too few."""
    n, k = inputs.shape
    spread, whole = inputs.std(axis=0), float(values.std())
    if n <= k + 2 or not (spread > 0.0).all() or not whole > 0.0:
        return [Index(nan, nan)] * k
    x, y = (inputs - inputs.mean(axis=0)) / spread, (values - values.mean()) / whole
    slopes, _, rank, _ = np.linalg.lstsq(x, y, rcond=None)
    if rank < k:
        return [Index(nan, nan)] * k
    left = float(((y - x @ slopes) ** 2).sum()) / (n - k - 1)
    errors = np.sqrt(left * np.diag(np.linalg.inv(x.T @ x)))
    return [Index(float(slope), float(error)) for slope, error in zip(slopes, errors, strict=True)]
