"""What parts of a whole have of its risk: Euler contributions, what stands alone, what is added.

Whole and parts are net present values of the same paths, all of which count alike; losses are their negatives. A part
is a project, a bearer of the whole, or the whole itself on the paths of one outcome: whatever adds up to the whole has
contributions that add up to its risk.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import nan, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk.dataset.tables import FEW_PATHS
from spvrisk.measures.order import rank
from spvrisk.measures.risk import contribution, innermost, tail
from spvrisk.measures.sample import Figure, Sample, shortfall, value_at_risk

Float = NDArray[np.float64]
Places = NDArray[np.intp]


def shortfall_part(part: Float, whole: Float, level: str) -> Figure:
    """Euler contribution of a part to the whole's expected shortfall: its mean loss over the whole's worst paths.

    Value and error are those of `spvrisk.measures.risk.contribution`, which says what the influence function is.

    Parameters
    ----------
    part, whole
        Net present values, ``(path,)`` float64, finite.
    level
        Decimal string a in (0, 1).

    References
    ----------
    Tasche, D. (2008). Capital allocation to business units and sub-portfolios: the Euler principle.
    """
    order, n = _worst_first(whole), whole.size
    if n < 2 or not tail(level, n)[0]:
        return _undefined(whole)
    value, error = contribution(part[order], level)
    if np.isnan(error):
        return _undefined(whole, value)
    worst = order[: tail(level, n)[0]]
    losses, apart = -part[worst], np.zeros(n)
    apart[worst] = (losses - np.mean(losses[-innermost(worst.size) :])) / float(1 - Fraction(level))
    return Figure(value, apart - np.mean(apart))


def at_risk_part(part: Float, whole: Float, level: str) -> Figure:
    """Euler contribution of a part to the whole's value at risk: its expected loss where the whole's is that.

    Of the paths about the one at risk, as many on each side as ``k^0.8`` of a tail of k, the part's losses are laid on
    a straight line over the whole's, and read off it at the value at risk. So the parts of a whole add up to it
    exactly, whatever their number. The error has that of the line's height, and that of the value at risk by the slope
    of a line through twice as many paths: the slope of few is so uncertain itself that its square would be too large.

    Parameters
    ----------
    part, whole, level
        As of `shortfall_part`.

    References
    ----------
    Tasche, D. (2008), as above, section 3.2. Fan, J. and Gijbels, I. (1996). Local Polynomial Modelling and Its
    Applications, section 2.3. Decision 32.
    """
    order, n = _worst_first(whole), whole.size
    in_tail = tail(level, n)[0]
    if in_tail < FEW_PATHS:
        return _undefined(whole)
    place, reach = n - rank(level, n), max(FEW_PATHS, int(in_tail**0.8))
    line = _line(part, whole, order, place, reach)
    influence = _line(part, whole, order, place, 2 * reach).slope * value_at_risk(Sample(whole), level).influence
    influence[line.near] += n * line.weights * line.residuals
    return Figure(line.height, influence)


class _Line(NamedTuple):
    """Straight line of a part's losses over the whole's, through paths about one.

    Attributes
    ----------
    near
        These paths, ``(near path,)``.
    height, slope
        At the one, and of the line.
    weights
        By which the losses of the paths make up the height, ``(near path,)``.
    residuals
        Losses less the line, as large as they would be if it were not fitted to them, ``(near path,)``.
    """

    near: Places
    height: float
    slope: float
    weights: Float
    residuals: Float


def _line(part: Float, whole: Float, order: Places, place: int, reach: int) -> _Line:
    """Fit a line to the paths that are at most so many places from the one at a place of an order."""
    reach = min(reach, place, order.size - 1 - place)
    near = order[place - reach : place + reach + 1]
    over, losses = whole[order[place]] - whole[near], -part[near]
    apart = over - np.mean(over)
    spread = float(np.sum(apart * apart))
    # where all of them are the same loss, the line is level
    pull = apart / spread if spread > 0.0 else np.zeros(near.size)
    slope, weights = float(np.sum(pull * losses)), 1.0 / near.size - np.mean(over) * pull
    height = float(np.sum(weights * losses))
    residuals = (losses - height - slope * over) * sqrt(near.size / max(near.size - 2, 1))
    return _Line(near, height, slope, weights, residuals)


def shortfall_added(part: Float, whole: Float, level: str) -> Figure:
    """Expected shortfall of the whole less that of the whole without the part, paired path by path.

    Parameters
    ----------
    part, whole, level
        As of `shortfall_part`.
    """
    return combined([(1.0, shortfall(Sample(whole), level)), (-1.0, shortfall(Sample(whole - part), level))])


def at_risk_added(part: Float, whole: Float, level: str) -> Figure:
    """Value at risk of the whole less that of the whole without the part, paired path by path.

    Parameters
    ----------
    part, whole, level
        As of `shortfall_part`.
    """
    return combined([(1.0, value_at_risk(Sample(whole), level)), (-1.0, value_at_risk(Sample(whole - part), level))])


def combined(terms: Sequence[tuple[float, Figure]]) -> Figure:
    """Sum of multiples of figures of the same paths, whose influences add up as the figures do.

    Parameters
    ----------
    terms
        Multiples and figures, at least one.
    """
    value = sum(times * figure.value for times, figure in terms)
    influence = np.sum([times * figure.influence for times, figure in terms], axis=0)
    return Figure(float(value), influence)


def ratio(part: Figure, whole: Figure) -> Figure:
    """Give one figure over another of the same paths, with the error of the ratio.

    Parameters
    ----------
    part, whole
        Over and under the line; the latter above 0, else the ratio is undefined.
    """
    if not whole.value > 0.0:
        return _undefined(whole.influence)
    value = part.value / whole.value
    return Figure(value, (part.influence - value * whole.influence) / whole.value)


def _worst_first(whole: Float) -> Places:
    """Paths in the order of loss, those of equal loss by number."""
    return np.argsort(whole, kind="stable")


def _undefined(whole: Float, value: float = nan) -> Figure:
    """A figure of these paths without an error."""
    return Figure(value, np.full(whole.size, nan))
