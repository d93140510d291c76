"""What parts of a whole have of its risk: Euler contributions, what stands alone, what is added.

Whole and parts are samples of net present values on the same paths, finite; losses are their negatives. A part is a
project, a bearer of the whole, or the whole itself on the paths of one outcome: whatever adds up to the whole has
contributions that add up to its risk, and so do their errors. Weights and replicates are those of the whole.
"""

from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from math import nan, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk.dataset.tables import FEW_PATHS
from spvrisk.measures.intervals import skewed_interval
from spvrisk.measures.sample import Figure, Sample, figure_of, mean_beyond, place_of, shortfall, value_at_risk

Float = NDArray[np.float64]
Places = NDArray[np.intp]


class _Ranked(NamedTuple):
    """Paths in ascending order of the whole's loss.

    Attributes
    ----------
    order
        Numbers of the paths, ``(path,)``; of equal losses the later ones first, as in the file's tails.
    below
        Weight up to each, ``(path,)``.
    place
        Of the one at risk.
    """

    order: Places
    below: Float
    place: int

    @property
    def in_tail(self) -> int:
        """Paths beyond the one at risk."""
        return self.order.size - 1 - self.place

    @property
    def reach(self) -> int:
        """Paths on each side of the one at risk that stand for it."""
        return max(FEW_PATHS, int(self.in_tail**0.8))


def _ranked(whole: Sample, level: str) -> _Ranked:
    order = np.argsort(whole.values, kind="stable")[::-1]
    below = np.cumsum(whole.weights(np.ones(order.size, bool))[order])
    return _Ranked(order, below, place_of(below, level) if order.size else 0)


class _Line(NamedTuple):
    """Straight line of a part's losses over the whole's, through paths about the one at risk.

    Attributes
    ----------
    near
        These paths, ``(near path,)``.
    height, slope
        At the one at risk, and of the line.
    shares
        Of the losses of the paths in the height, which they make up, ``(near path,)``.
    residuals
        Losses less the line, as large as they would be if it were not fitted to them, ``(near path,)``.
    """

    near: Places
    height: float
    slope: float
    shares: Float
    residuals: Float


def _line(part: Sample, whole: Sample, ranked: _Ranked, reach: int) -> _Line:
    """Fit a line to the paths that are at most so many places from the one at risk, by their weights."""
    order, place = ranked.order, ranked.place
    reach = min(reach, place, ranked.in_tail)
    near = order[place - reach : place + reach + 1]
    over, losses = whole.values[order[place]] - whole.values[near], -part.values[near]
    w = np.ones(near.size) if whole.weight is None else whole.weight[near]
    w = w / np.sum(w)
    middle = float(np.sum(w * over))
    spread = float(np.sum(w * (over - middle) ** 2))
    # where all of them are the same loss, the line is level
    pull = w * (over - middle) / spread if spread > 0.0 else np.zeros(near.size)
    slope, shares = float(np.sum(pull * losses)), w - middle * pull
    height = float(np.sum(shares * losses))
    residuals = (losses - height - slope * over) * sqrt(near.size / max(near.size - 2, 1))
    return _Line(near, height, slope, shares, residuals)


class Whole:
    """A whole at a level: its paths in order, and its risk, found once for all of its parts.

    Parameters
    ----------
    sample
        Net present values, finite.
    level
        Decimal string a in (0, 1).
    """

    def __init__(self, sample: Sample, level: str) -> None:
        self._sample, self._level = sample, level

    @cached_property
    def _ranked(self) -> _Ranked:
        return _ranked(self._sample, self._level)

    @cached_property
    def value_at_risk(self) -> Figure:
        """Of the whole."""
        return value_at_risk(self._sample, self._level)

    @cached_property
    def shortfall(self) -> Figure:
        """Expected shortfall of the whole."""
        return shortfall(self._sample, self._level)

    def shortfall_part(self, part: Sample) -> Figure:
        """Euler contribution of a part to the whole's expected shortfall: its mean loss over the whole's worst paths.

        The influence function is ((L - m) 1[tail] - mean of that) / (1 - a), m the part's loss where the whole's is its
        value at risk (`at_risk_part`): which paths are in the tail is uncertain too.

        Parameters
        ----------
        part
            Net present values, finite.

        References
        ----------
        Tasche, D. (2008). Capital allocation to business units and sub-portfolios: the Euler principle. Glasserman, P.
        (2005). Measuring marginal risk contributions in credit portfolios. Journal of Computational Finance 9.
        """
        whole, ranked = self._sample, self._ranked
        if ranked.in_tail < 1:
            return _undefined(whole)
        beyond = slice(ranked.place, None)
        value = mean_beyond(-part.values[ranked.order[beyond]], ranked.below[beyond], self._level)
        if ranked.in_tail < FEW_PATHS:
            return _undefined(whole, value)
        worst = ranked.order[ranked.place + 1 :]
        at_risk = _line(part, whole, ranked, ranked.reach).height
        apart, every = np.zeros(whole.values.size), np.ones(whole.values.size, bool)
        apart[worst] = (-part.values[worst] - at_risk) / float(1 - Fraction(self._level))
        return _skewed(figure_of(whole, every, value, apart - np.average(apart, weights=whole.weight)))

    def at_risk_part(self, part: Sample) -> Figure:
        """Euler contribution of a part to the whole's value at risk: its expected loss where the whole's is that.

        Of the paths about the one at risk, as many on each side as ``k^0.8`` of a tail of k, the part's losses are laid
        on a straight line over the whole's, and read off it at the value at risk. So the parts of a whole add up to it
        exactly, whatever their number. The error has that of the line's height, and that of the value at risk by the
        slope of a line through twice as many paths: the slope of few is so uncertain itself that its square would be
        too large.

        Parameters
        ----------
        part
            As of `shortfall_part`.

        References
        ----------
        Tasche, D. (2008), as above, section 3.2. Fan, J. and Gijbels, I. (1996). Local Polynomial Modelling and Its
        Applications, section 2.3. Decision 32.
        """
        whole, ranked = self._sample, self._ranked
        if ranked.in_tail < FEW_PATHS:
            return _undefined(whole)
        line, slope = _line(part, whole, ranked, ranked.reach), _line(part, whole, ranked, 2 * ranked.reach).slope
        influence = slope * self.value_at_risk.influence
        influence[line.near] += influence.size * line.shares * line.residuals
        return _skewed(Figure(line.height, influence, whole.replicate))

    def shortfall_added(self, part: Sample) -> Figure:
        """Expected shortfall of the whole less that of the whole without the part, paired path by path.

        Parameters
        ----------
        part
            As of `shortfall_part`.
        """
        return combined([(1.0, self.shortfall), (-1.0, shortfall(self._without(part), self._level))])

    def at_risk_added(self, part: Sample) -> Figure:
        """Value at risk of the whole less that of the whole without the part, paired path by path.

        Parameters
        ----------
        part
            As of `shortfall_part`.
        """
        return combined([(1.0, self.value_at_risk), (-1.0, value_at_risk(self._without(part), self._level))])

    def _without(self, part: Sample) -> Sample:
        return self._sample._replace(values=self._sample.values - part.values)


def shortfall_part(part: Sample, whole: Sample, level: str) -> Figure:
    """Give `Whole.shortfall_part` of one part.

    Parameters
    ----------
    part, whole
        Net present values, finite.
    level
        Decimal string in (0, 1).
    """
    return Whole(whole, level).shortfall_part(part)


def at_risk_part(part: Sample, whole: Sample, level: str) -> Figure:
    """Give `Whole.at_risk_part` of one part.

    Parameters
    ----------
    part, whole, level
        As of `shortfall_part`.
    """
    return Whole(whole, level).at_risk_part(part)


def shortfall_added(part: Sample, whole: Sample, level: str) -> Figure:
    """Give `Whole.shortfall_added` of one part.

    Parameters
    ----------
    part, whole, level
        As of `shortfall_part`.
    """
    return Whole(whole, level).shortfall_added(part)


def at_risk_added(part: Sample, whole: Sample, level: str) -> Figure:
    """Give `Whole.at_risk_added` of one part.

    Parameters
    ----------
    part, whole, level
        As of `shortfall_part`.
    """
    return Whole(whole, level).at_risk_added(part)


def combined(terms: Sequence[tuple[float, Figure]]) -> Figure:
    """Sum of multiples of figures of the same paths, whose influences add up as the figures do.

    Parameters
    ----------
    terms
        Multiples and figures, at least one.
    """
    value = sum(times * figure.value for times, figure in terms)
    influence = np.sum([times * figure.influence for times, figure in terms], axis=0)
    return _skewed(Figure(float(value), influence, terms[0][1].replicate))


def ratio(part: Figure, whole: Figure) -> Figure:
    """Give one figure over another of the same paths, with the error of the ratio.

    Parameters
    ----------
    part, whole
        Over and under the line; the latter above 0, else the ratio is undefined.
    """
    if not whole.value > 0.0:
        return Figure(nan, np.full(whole.influence.size, nan))
    value = part.value / whole.value
    return Figure(value, (part.influence - value * whole.influence) / whole.value, whole.replicate)


def _undefined(whole: Sample, value: float = nan) -> Figure:
    """A figure of these paths without an error."""
    return Figure(value, np.full(whole.values.size, nan), whole.replicate, interval=(nan, nan))


def _skewed(figure: Figure) -> Figure:
    """The figure with an interval that knows of the skewness of its influences."""
    return figure._replace(interval=skewed_interval(figure.value, figure.influence, figure.replicate))
