"""Sums that are rounded once, so that they are the same bits in any order: arithmetic in `kernel.exact`."""

from math import fsum

import numpy as np
from numpy.typing import NDArray


def exact_sum(values: NDArray[np.float64]) -> float:
    """Sum of values, rounded correctly: what `math.fsum` gives, in compiled code that holds no lock.

    Parameters
    ----------
    values
        ``(value,)``, in one piece.
    """
    # loaded here: the kernel's target is chosen when its first function is decorated
    from spvrisk.kernel.exact import DIGITS, sum_exactly

    digits = np.empty(DIGITS, np.int64)
    if not sum_exactly(values, digits):
        return fsum(values.tolist())  # which knows what to do with infinities and overflow
    below = int.from_bytes(digits[:-1].astype("<u4").tobytes(), "little")
    return (below + (int(digits[-1]) << 32 * (DIGITS - 1))) / (1 << 1074)
