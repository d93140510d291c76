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

from math import erfc, isnan, nan, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk.measures.order import quantile_with_interval
from spvrisk.measures.sensitivity import Index, Told, by_bins
from spvrisk.measures.share import share_interval

Float = NDArray[np.float64]


_MOST_NOISE = 0.2
"""Share of the variance of outer runs beyond which no interval is told: with a half it would cover 84 times of 100."""


class Point(NamedTuple):
    """A quantile over the inputs, and the ends of its 95 % interval.

    They are NaN where outer runs are too few, or Monte Carlo error is too much of what varies.
    """

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
    """Tell lack of knowledge from Monte Carlo error: V = Var(values) - mean(errors^2), unbiased if they are.

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
    found = Point(*quantile_with_interval(np.sort(without_noise(values, errors)), level))
    return found if _clear(values, errors) else Point(found.value, nan, nan)


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
    found = Point(*(float(each) for each in share_interval(below, values.size)))
    return found if _clear(values, errors) else Point(found.value, nan, nan)


def _clear(values: Float, errors: Float) -> bool:
    """Whether Monte Carlo error is so little of what varies that intervals need not know that it was taken off."""
    return values.size < 2 or float(np.mean(errors**2)) <= _MOST_NOISE * float(np.var(values, ddof=1))


def explained(inputs: Float, values: Float, errors: Float, correlation: Float | None = None) -> list[Explained]:
    """Tell what each uncertain input explains of a measure.

    A plane through the outer runs takes most of what varies, and what it has of an input, and of others that move with
    it, is known by its slopes and the inputs' correlation; bins tell of the rest alone. Bins of the measure itself
    would say the same with the noise of all other inputs in them. The index of an input that others move with holds as
    far as these move with it in proportion.

    Parameters
    ----------
    inputs
        Of each outer run, ``(outer, input)``.
    values, errors
        As of `knowledge`.
    correlation
        Of the inputs as they are drawn, ``(input, input)``; None: they are drawn apart.
    """
    n, k = inputs.shape
    r = np.eye(k) if correlation is None else correlation
    varies = inputs.std(axis=0) > 0.0
    if not varies.all():
        # what never moves explains nothing, and takes nothing from what the others do
        rest = iter(explained(inputs[:, varies], values, errors, r[np.ix_(varies, varies)]) if varies.any() else ())
        return [next(rest) if moves else _NOTHING for moves in varies]
    plane = _plane(inputs, values)
    if plane is None:
        return [Explained(_NONE, _NONE, nan)] * k
    noise = float(np.mean(errors**2)) / float(np.var(values))
    # what slopes err by is in their squares
    whole = float(plane.slopes @ r @ plane.slopes - np.trace(r @ plane.covariance)) + plane.left - noise
    told = [by_bins(given, [plane.residual])[0] for given in inputs.T]
    return [
        Explained(Index(float(plane.slopes[i]), sqrt(plane.covariance[i, i])), *_first(plane, r[i], whole, n, told[i]))
        for i in range(k)
    ]


_NONE = Index(nan, nan)

_NOTHING = Explained(Index(0.0, 0.0), Index(0.0, 0.0), 1.0)


class _Plane(NamedTuple):
    """A plane through outer runs, all in standard deviations.

    Attributes
    ----------
    slopes, covariance
        ``(input,)``, and of their errors ``(input, input)``.
    residual
        What it leaves of each run, ``(outer,)``.
    left
        Variance of that.
    """

    slopes: Float
    covariance: Float
    residual: Float
    left: float


def _plane(inputs: Float, values: Float) -> _Plane | None:
    """Least squares; None where outer runs are too few, or nothing varies."""
    n, k = inputs.shape
    spread, whole = inputs.std(axis=0), float(values.std())
    if n <= k + 2 or not (spread > 0.0).all() or not whole > 0.0:
        return None
    x, y = (inputs - inputs.mean(axis=0)) / spread, (values - values.mean()) / whole
    slopes, _, rank, _ = np.linalg.lstsq(x, y, rcond=None)
    if rank < k:
        return None
    residual = y - x @ slopes
    left = float(residual @ residual) / (n - k - 1)
    return _Plane(slopes, left * np.linalg.inv(x.T @ x), residual, left)


def _first(plane: _Plane, row: Float, whole: float, n: int, rest: Told) -> tuple[Index, float]:
    """First-order index of an input, and the probability that one which does not matter seems to explain as much."""
    along = float(row @ plane.slopes)
    square = float(row @ plane.covariance @ row)
    p_value = min(1.0, 2.0 * min(erfc(abs(along) / sqrt(2.0 * square)) if square > 0.0 else 0.0, rest.p_value))
    if not whole > 0.0:
        return _NONE, p_value
    # the plane has taken the input's line, which the bins count as theirs
    free = n - len(row)
    beside = 0.0 if isnan(rest.first.value) else 1.0 - (1.0 - rest.first.value) * (free - 1.0) / (free + 1.0)
    share = (along**2 - square + beside * plane.left) / whole
    # of the slopes, of the bins, and of how far the inputs happened to spread
    bins = 0.0 if isnan(rest.first.error) else rest.first.error * plane.left
    parts = (4.0 * along**2 * square + 2.0 * square**2, bins**2, 4.0 / n * (share * (1.0 - share) * whole) ** 2)
    return Index(share, sqrt(sum(parts)) / whole), p_value
