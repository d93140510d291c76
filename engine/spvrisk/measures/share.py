"""How well a share of paths is known: intervals that hold their promise whatever the share.

p (1 - p) / n under a root, Wald's error, vanishes where none or all of the paths are counted, and is too small
near there: decision note 14.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv

from spvrisk.measures.order import CONFIDENCE

Float = NDArray[np.float64]


def share_interval(count: ArrayLike, n: ArrayLike) -> tuple[Float, Float, Float]:
    """Share of `count` in `n` paths, and the ends of its 95 % interval after Clopper and Pearson.

    Each end leaves out 2.5 %; of none or all of the paths there is one end to find, which leaves out 5 %: about
    3 / n away.

    Parameters
    ----------
    count, n
        Whole numbers that broadcast.

    Returns
    -------
    share, low, high
        ``(...)`` float64, of the shape to which count and n broadcast; NaN of nothing.

    References
    ----------
    Clopper, C. J. and Pearson, E. S. (1934). The use of confidence or fiducial limits illustrated in the case of
    the binomial. Biometrika 26.

    Examples
    --------
    >>> [[round(float(x), 4) for x in share_interval(count, 1000)] for count in (0, 5, 1000)]
    [[0.0, 0.0, 0.003], [0.005, 0.0016, 0.0116], [1.0, 0.997, 1.0]]
    """
    k, n = np.broadcast_arrays(np.asarray(count, np.float64), np.asarray(n, np.float64))
    left_out = np.where((k == 0) | (k == n), 1.0 - CONFIDENCE, (1.0 - CONFIDENCE) / 2.0)
    low = np.where(k == 0, 0.0, betaincinv(np.maximum(k, 1.0), n - k + 1.0, left_out))
    high = np.where(k == n, 1.0, betaincinv(k + 1.0, np.maximum(n - k, 1.0), 1.0 - left_out))
    with np.errstate(invalid="ignore"):
        share = k / n
    none = np.isnan(share)
    return share, np.where(none, np.nan, low), np.where(none, np.nan, high)
