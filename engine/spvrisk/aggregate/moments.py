"""Counts and central moments of many series, in a leaf and when leaves are joined.

References
----------
Pebay, P. (2008). Formulas for robust, one-pass parallel computation of covariances and arbitrary-order
statistical moments. Sandia report SAND2008-6212.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk.plan.names import FINITE, M2, M3, M4, MEAN

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
    """Moments of the union of two sets of paths (Pebay 2008, equations 2.1 and 3.1)."""
    counts = a.counts + b.counts
    na, nb = a.counts[FINITE].astype(np.float64), b.counts[FINITE].astype(np.float64)
    n = np.maximum(na + nb, 1.0)
    delta = b.central[MEAN] - a.central[MEAN]
    shift = delta * nb / n
    a2, a3, a4 = a.central[M2], a.central[M3], a.central[M4]
    b2, b3, b4 = b.central[M2], b.central[M3], b.central[M4]
    square = delta * delta * na * nb / n
    central = np.empty_like(a.central)
    central[MEAN] = a.central[MEAN] + shift
    central[M2] = a2 + b2 + square
    central[M3] = a3 + b3 + square * delta * (na - nb) / n + 3.0 * delta * (na * b2 - nb * a2) / n
    central[M4] = (
        a4
        + b4
        + square * delta * delta * (na * na - na * nb + nb * nb) / (n * n)
        + 6.0 * delta * delta * (na * na * b2 + nb * nb * a2) / (n * n)
        + 4.0 * delta * (na * b3 - nb * a3) / n
    )
    # a side without finite values has a mean of 0 that means nothing
    central = np.where(na == 0, b.central, np.where(nb == 0, a.central, central))
    return Moments(counts, central)
