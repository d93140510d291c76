"""How likely a project is completed within a cost and by a date: percentiles of each, and joint confidence (JCL).

A path on which the project is never completed is within no cost and no date.

References
----------
NASA (2015). Cost Estimating Handbook, version 4.0, appendix J: Joint Cost and Schedule Confidence Level (JCL) Analysis.
"""

from fractions import Fraction
from math import ceil
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk.measures.order import quantile_with_interval
from spvrisk.measures.share import share_interval

Float = NDArray[np.float64]

ROUNDED = 1e-6
"""What a cost or overrun (shares) or a delay (months) may be above a limit for rounding: float32 has 7 digits."""


class Probability(NamedTuple):
    """A share of paths and the ends of its 95 % interval (Clopper and Pearson); NaN of no paths."""

    value: float
    low: float
    high: float


class Pair(NamedTuple):
    """A cost, and the least delay such that both are held with a given probability.

    Attributes
    ----------
    cost
        In the study's money.
    delay, low, high
        Months, and the ends of the 95 % interval for this cost.
    """

    cost: float
    delay: float
    low: float
    high: float


class Delivery(NamedTuple):
    """Cost and delay of a project on the paths on which it was funded; all infinite where it is never completed.

    Attributes
    ----------
    cost
        In the study's money, ``(path,)`` float64.
    overrun
        Cost over what was budgeted on the path, minus 1, ``(path,)`` float64.
    delay
        Months against plan, ``(path,)`` float64.
    """

    cost: Float
    overrun: Float
    delay: Float

    @property
    def completed(self) -> "Delivery":
        """That of the paths on which it is completed."""
        done = np.isfinite(self.delay)
        return Delivery(self.cost[done], self.overrun[done], self.delay[done])


def delivery_of(funded: Float, cost: Float, overrun: Float, delay: Float) -> Delivery:
    """Give what became of a project where it was funded.

    Parameters
    ----------
    funded
        0 or 1, ``(path,)``.
    cost
        In the study's money, ``(path,)``.
    overrun, delay
        Share and months, NaN where it was not completed, ``(path,)``.
    """
    there, done = funded > 0.0, ~np.isnan(delay)
    return Delivery(*(np.where(done, values, np.inf)[there] for values in (cost, overrun, delay)))


def held(delivery: Delivery, cost: float = np.inf, overrun: float = np.inf, delay: float = np.inf) -> Probability:
    """Give the probability that a project is completed, at no more than a cost and no later than a delay.

    Parameters
    ----------
    delivery
        Of the project.
    cost, overrun, delay
        The limits, in the study's money, as a share of what was budgeted and in months; infinite where there is none.
    """
    within = np.isfinite(delivery.delay) & (delivery.delay <= delay + ROUNDED)
    within &= (delivery.cost <= cost * (1.0 + ROUNDED)) & (delivery.overrun <= overrun + ROUNDED)
    return Probability(*map(float, share_interval(np.count_nonzero(within), within.size)))


def frontier(delivery: Delivery, level: str, points: int = 7) -> tuple[Pair, ...]:
    """Give pairs of cost and delay that are held jointly with a probability.

    For a cost c the delay is the quantile, at that level, of the delays of the paths within c, those of all others
    counting as infinite; so its interval is by ranks as well. Costs lie at equal steps of probability between the least
    that can be held so and the dearest path that is completed.

    Parameters
    ----------
    delivery
        Of the project.
    level
        Decimal string in (0, 1).
    points
        How many pairs at most.

    Returns
    -------
    tuple of Pair
        By ascending cost; none where the project is completed on a smaller share of the paths.
    """
    completed, n = np.sort(delivery.completed.cost), delivery.cost.size
    least = max(1, ceil(Fraction(level) * n))
    if least > completed.size:
        return ()
    ranks = np.unique(np.linspace(least, completed.size, points).round().astype(np.int64))
    return tuple(_pair(delivery, float(cost), level) for cost in np.unique(completed[ranks - 1]))


def _pair(delivery: Delivery, cost: float, level: str) -> Pair:
    delays = np.sort(np.where(delivery.cost <= cost, delivery.delay, np.inf))
    return Pair(cost, *quantile_with_interval(delays, level))
