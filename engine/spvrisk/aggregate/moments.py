"""Counts and central moments of many series, in a leaf and when leaves are joined: arithmetic in `kernel.moments`."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Int = NDArray[np.int64]


class Moments(NamedTuple):
    """Moments of the finite values of each series.

    Attributes
    ----------
    counts
        Finite, infinite and undefined (NaN) values, ``(3, series)`` int64.
    central
        Mean, then sums of the 2nd, 3rd and 4th powers of the deviations from it, ``(4, series)`` float64; 0
        where no value is finite.
    """

    counts: Int
    central: Float


def leaf_moments(values: Float) -> Moments:
    """Moments of one leaf.

    Parameters
    ----------
    values
        ``(series, path)`` float64; NaN is undefined. The first path's number is a multiple of 64.
    """
    # loaded here: the kernel's target is chosen when its first function is decorated
    from spvrisk.kernel.moments import moments_of_rows

    counts = np.empty((3, values.shape[0]), np.int64)
    central = np.empty((4, values.shape[0]), np.float64)
    moments_of_rows(np.ascontiguousarray(values, np.float64), counts, central)
    return Moments(counts, central)


def merge_moments(a: Moments, b: Moments) -> Moments:
    """Moments of the union of two sets of paths, those of `a` before those of `b`.

    Parameters
    ----------
    a, b
        Of paths that do not overlap; neither is changed.
    """
    from spvrisk.kernel.moments import join_rows

    joined = Moments(a.counts.copy(), a.central.copy())
    join_rows(*joined, *b)
    return joined
