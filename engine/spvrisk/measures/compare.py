"""Differences between two runs, with Monte Carlo errors and 95 % intervals that know which draws the runs share."""

from math import hypot, nan
from typing import NamedTuple

import numpy as np

from spvrisk.measures.intervals import error_of, skewed_interval, symmetric_interval
from spvrisk.measures.sample import Figure


class Difference(NamedTuple):
    """Of a statistic between two runs."""

    value: float
    error: float
    """Standard error, from the paths' own differences where the runs share their draws."""
    unpaired_error: float
    """Standard error if the runs shared none."""
    interval: tuple[float, float]
    """95 % interval: of paired runs it knows of the skewness of the paths' own differences, unless it is of shares."""

    @property
    def ratio(self) -> float:
        """How many times the paired error goes into the unpaired one."""
        return self.unpaired_error / self.error if self.error > 0.0 else nan


def difference(other: Figure, base: Figure, paired: bool, same: bool = False) -> Difference:
    """What `other` has more than `base`.

    The error of a difference of shares holds two paths more than those on which the runs differ, one each way: no
    such path among n does not say that there is none (decision note 14). Of the same study there is none.

    Parameters
    ----------
    other, base
        The same statistic of two runs.
    paired
        Whether path i of both has the same draws.
    same
        Whether both ran the same study.
    """
    value = other.value - base.value
    apart = hypot(other.error, base.error) if not np.isnan(value) else nan
    if not paired or np.isnan(apart):
        return Difference(value, apart, apart, symmetric_interval(value, apart))
    influence, least = other.influence - base.influence, (0.0,) if same else (other.least, base.least)
    error = hypot(error_of(influence, base.replicate), *least)
    skewed = skewed_interval(value, influence, base.replicate)
    return Difference(value, error, apart, symmetric_interval(value, error) if any(least) else skewed)
