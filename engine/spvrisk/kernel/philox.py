"""Philox4x32-10: Salmon, Moraes, Dror, Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3", section 3.

A draw is a word at counter (path low, path high, stream, block) under the seed as key; draw number ``n`` of a stream
is word ``n mod 4`` of block ``n div 4``.
"""

import numpy as np
from numba import uint32, uint64

from spvrisk.kernel.maths import L, U, clause, inline
from spvrisk.kernel.simd import WIDE, store_words, words_from, words_of

_MASK = np.uint64(0xFFFFFFFF)
_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_32 = np.uint64(32)


@inline
def philox(c0, c1, c2, c3, k0, k1):
    """Ten rounds on 32-bit values held in 64 bits (upper halves are ignored), or on words of lanes; four of them."""
    for _ in range(10):
        p0 = (c0 & _MASK) * _M0
        p1 = (c2 & _MASK) * _M1
        c0, c1, c2, c3 = (p1 >> _32) ^ c1 ^ k0, p1, (p0 >> _32) ^ c3 ^ k1, p0
        k0 = (k0 + _W0) & _MASK
        k1 = (k1 + _W1) & _MASK
    return c0, c1, c2, c3


@clause
def word(seed, path, stream, index):
    """Draw one word: number `index` of `stream` on `path`."""
    index = uint64(index)
    a, b, c, d = philox(path & _MASK, path >> _32, uint64(stream), index >> U(2), seed & _MASK, seed >> _32)
    which = index & U(3)
    low = a if which == U(0) else b
    high = c if which == U(2) else d
    return uint32(low if which < U(2) else high)


@clause
def fill_words(u, seed, path, stream, block):
    """Words of one block of a stream for all lanes: ``u (4, lane) uint32``."""
    k0, k1 = seed & _MASK, seed >> _32
    stream, block = uint64(stream), uint64(block)
    # a block of lanes starts at a multiple of its length, so that the high word is common to all lanes
    low, high = path & _MASK, path >> _32
    for l in range(U(0), L, U(WIDE)):
        paths = words_from(low + l)
        a, b, c, d = philox(paths, words_of(high), words_of(stream), words_of(block), k0, k1)
        store_words(u, l, a)
        store_words(u, L + l, b)
        store_words(u, U(2) * L + l, c)
        store_words(u, U(3) * L + l, d)
