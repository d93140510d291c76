"""Exceedance curves: what is exceeded with a probability, and the mean beyond it."""

from decimal import Decimal
from fractions import Fraction
from math import inf, isinf, nan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk.measures.order import quantile_with_interval
from spvrisk.measures.risk import expected_shortfall, tail

Float = NDArray[np.float64]


class Point(NamedTuple):
    """A point of an exceedance curve.

    Attributes
    ----------
    probability
        Of exceeding the value, a decimal string in (0, 1).
    value, low, high
        The value, and the ends of its 95 % interval; NaN where paths are too few for it.
    beyond, error
        Mean of the values beyond, and its standard error: NaN where fewer than `FEW_PATHS` paths lie there.
    paths
        Whole paths beyond.
    """

    probability: str
    value: float
    low: float
    high: float
    beyond: float
    error: float
    paths: int

    @property
    def one_in(self) -> float:
        """Of so many outcomes one exceeds the value."""
        return float(1 / Fraction(self.probability))


def exceedance(values: Float, probabilities: tuple[str, ...]) -> tuple[Point, ...]:
    """Points of the exceedance curve of what is the worse the larger it is.

    What is exceeded with probability p is the (1 - p) quantile, an order statistic with an interval by ranks; the mean
    beyond is the expected shortfall at that level.

    Parameters
    ----------
    values
        Losses, costs or delays by path, ``(path,)``; NaN is undefined and left out, infinite never.
    probabilities
        Decimal strings in (0, 1).

    References
    ----------
    McNeil, A. J., Frey, R. and Embrechts, P. (2015). Quantitative Risk Management, sections 2.3.2 and 5.1.4.

    Examples
    --------
    >>> import numpy as np
    >>> exceedance(np.arange(1.0, 1001.0), ("0.5", "0.01"))[1]
    Point(probability='0.01', value=990.0, low=983.0, high=997.0, beyond=995.5, error=1.9553960145130636, paths=10)
    """
    ordered = np.sort(values[~np.isnan(values)])
    return tuple(_point(ordered, p) for p in probabilities)


def _point(ordered: Float, p: str) -> Point:
    level = str(1 - Decimal(p))
    value, low, high = quantile_with_interval(ordered, level)
    never = ordered.size > 0 and isinf(ordered[-1])
    beyond, error = (inf, nan) if never else expected_shortfall(-ordered[::-1], level)
    return Point(p, value, low, high, beyond, error, tail(level, ordered.size)[0])
