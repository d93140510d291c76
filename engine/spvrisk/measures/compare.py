"""Differences between two runs, with Monte Carlo errors that know which draws the runs share."""

from math import hypot, nan
from typing import NamedTuple

import numpy as np

from spvrisk.measures.sample import Figure, error_of


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
    apart = hypot(other.error, base.error) if not np.isnan(other.value + base.value) else nan
    error = apart
    if paired and apart == apart:
        least = (0.0,) if same else (other.least, base.least)
        error = hypot(error_of(other.influence - base.influence, base.replicate), *least)
    return Difference(other.value - base.value, error, apart)
