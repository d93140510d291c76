"""Draws outside of paths: words of the kernel's generator by NumPy, and the normal scores of them.

The generator is Philox4x32-10: Salmon, Moraes, Dror, Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3",
section 3, used as `docs/model.md`, section 1, has it.
"""

import numpy as np
from numpy.typing import NDArray

from spvrisk.plan.streams import stream_of

_MASK, _32 = np.uint64(0xFFFFFFFF), np.uint64(32)
_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = 0x9E3779B9, 0xBB67AE85
_ROUNDS = 10


def first_words(seed: int, name: str, n: int) -> NDArray[np.uint64]:
    """Draw number 0 of a stream on the paths 0, 1, ..., ``(path,)`` uint64 below 2^32.

    Parameters
    ----------
    seed
        Of 64 bits.
    name
        Of the stream.
    n
        Number of paths.
    """
    paths = np.arange(n, dtype=np.uint64)
    c0, c1, c2, c3 = paths & _MASK, paths >> _32, np.full(n, stream_of(name), np.uint64), np.zeros(n, np.uint64)
    for i in range(_ROUNDS):
        k0, k1 = (np.uint64((key + i * step) & 0xFFFFFFFF) for key, step in ((seed, _W0), (seed >> 32, _W1)))
        p0, p1 = c0 * _M0, c2 * _M1
        c0, c1, c2, c3 = (p1 >> _32) ^ c1 ^ k0, p1 & _MASK, (p0 >> _32) ^ c3 ^ k1, p0 & _MASK
    return c0


def first_scores(seed: int, name: str, n: int) -> NDArray[np.float64]:
    """Normal scores of `first_words`, ``(path,)`` float64.

    Parameters
    ----------
    seed, name, n
        As of `first_words`.
    """
    from scipy.special import ndtri  # loaded here: few runs need it

    return np.asarray(ndtri((first_words(seed, name, n) + 0.5) * 2.0**-32))
