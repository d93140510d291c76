"""How many paths a tail holds, how heavy it is, and how many would be enough to know its mean."""

from fractions import Fraction
from math import ceil, isnan, sqrt
from typing import NamedTuple

ENOUGH, ENOUGH_HEAVY = 50, 200
"""Paths of a tail, and of a heavy one, from which the stated interval of its mean covers nearly as it says."""


class TailSize(NamedTuple):
    """What the mean of a tail rests on.

    Attributes
    ----------
    level
        Decimal string a in (0, 1): the tail is the worst 1 - a.
    paths
        How many it holds.
    shape
        Of the generalised Pareto law that has the excesses' mean and spread: 0 of an exponential, above it heavier,
        below it lighter; it comes to at most 1/2. NaN where there are too few paths.
    """

    level: str
    paths: float
    shape: float

    @property
    def shape_error(self) -> float:
        """Standard error of the shape, were the excesses exponential."""
        return 1.0 / sqrt(self.paths)

    @property
    def heavy(self) -> bool:
        """Whether the tail is heavier than an exponential's by more than a standard error."""
        return self.shape > self.shape_error

    @property
    def enough(self) -> int:
        """Paths of the whole run that would be enough."""
        return ceil((ENOUGH_HEAVY if self.heavy else ENOUGH) / (1 - Fraction(self.level)))

    @property
    def thin(self) -> bool:
        """Whether it holds too few paths."""
        return self.paths < (ENOUGH_HEAVY if self.heavy else ENOUGH)


def tail_size(level: str, n: int, value_at_risk: float, shortfall: float, error: float) -> TailSize:
    """Tell what a shortfall rests on, from figures that a result holds.

    The shape is that of moments: with d = shortfall - value at risk and p = 1 - level, the tail's mean of squared
    excesses is n p error^2 + p d^2, and its ratio to d^2 is 2 (1 - shape) / (1 - 2 shape) of a generalised Pareto law.

    Parameters
    ----------
    level
        Decimal string in (0, 1).
    n
        Number of paths.
    value_at_risk, shortfall, error
        At this level, and the shortfall's standard error, all in one unit; NaN where undefined.

    References
    ----------
    Hosking, J. R. M. and Wallis, J. R. (1987). Parameter and quantile estimation for the generalized Pareto
    distribution. Technometrics 29.

    Examples
    --------
    >>> tail = tail_size("0.99", 2000, 100.0, 110.0, (199 / 2000) ** 0.5 * 10.0)  # exponential excesses
    >>> tail.paths, round(abs(tail.shape), 12), tail.heavy, tail.thin, tail.enough
    (20.0, 0.0, False, True, 5000)
    """
    p = float(1 - Fraction(level))
    excess = shortfall - value_at_risk
    if isnan(error) or not excess > 0.0:
        return TailSize(level, float((1 - Fraction(level)) * n), float("nan"))
    ratio = n * p * (error / excess) ** 2 + p
    return TailSize(level, float((1 - Fraction(level)) * n), (ratio - 2.0) / (2.0 * (ratio - 1.0)))
