"""Normal scores of 32-bit words: float32 Phi^-1((word + 1/2) 2^-32), by a table of cubics.

The word is folded about one half, so that both tails have the full resolution of the word. What is left is the
two-sided tail probability y; the bits of the float32 y say which cell it is in, sixteen to each power of two, and
where. Polynomials for the whole range (Giles 2010) need a logarithm and a root beside, and twice the time.
"""

from statistics import NormalDist

import numpy as np
from numba import float32, int32, uint32
from numpy.typing import NDArray

from spvrisk.kernel.maths import (
    L,
    U,
    bits32,
    clause,
    float32_of_word,
    float_of_bits32,
    inline,
    word_of_float32,
)
from spvrisk.kernel.simd import fma
from spvrisk.kernel.vectors import FIRST_CELL, SIXTEEN, sixteen_offsets, sixteen_scores

_OCTAVES, _CELLS = 32, 16  # powers of two that y may lie in, cells in each
F = np.float32


def _table() -> NDArray[np.float32]:
    """Coefficients of -Phi^-1(y / 2) by cells of y: ``(cell, 4)`` flat; a last cell is for y = 1 alone."""
    nodes = 0.5 - 0.5 * np.cos(np.pi * (np.arange(4) + 0.5) / 4)  # of Chebyshev, on [0, 1]
    lower = np.ldexp(1.0, np.arange(-_OCTAVES, 0))[:, None] * (1.0 + np.arange(_CELLS) / _CELLS)
    width = np.ldexp(1.0, np.arange(-_OCTAVES, 0))[:, None, None] / _CELLS
    quantile = np.vectorize(NormalDist().inv_cdf)
    values = -quantile((lower[:, :, None] + width * nodes) / 2.0)
    cubics = np.linalg.solve(np.vander(nodes, increasing=True), values.reshape(-1, 4).T).T
    return np.append(cubics, np.zeros((1, 4)), axis=0).astype(np.float32).ravel()


_CUBICS = _table()


@inline
def _tail(word):
    """Bits of y, the two-sided tail probability of a word."""
    folded = int32((word ^ uint32(int32(word) >> int32(31))) & uint32(0x7FFFFFFF))
    return int32(bits32((float32(folded) + F(0.5)) * F(4.656612873077393e-10)))


@inline
def _offset(y):
    """Offset of the cell of a y."""
    return int32(int32((y >> int32(19)) - int32(FIRST_CELL)) << int32(2))


@inline
def _place(y):
    """Place within the cell, from 0 to 1: the bits behind the cell's number."""
    fraction = int32(y << int32(4)) & int32(0x007FFFFF)
    return float_of_bits32(int32(fraction | int32(0x3F800000))) - F(1.0)


@inline
def _signed(z, word):
    """The upper half of the words is positive, the lower negative."""
    return float32_of_word(uint32(z | (~word & uint32(0x80000000))))


@inline
def score(word):
    """Standard normal score of a word."""
    y = _tail(word)
    i, s = _offset(y), _place(y)
    z = fma(s, fma(s, fma(s, _CUBICS[i + 3], _CUBICS[i + 2]), _CUBICS[i + 1]), _CUBICS[i])
    return _signed(word_of_float32(z), word)


@clause
def score_rows(w, first, stride, u, rows):
    """Scores of so many rows of words in `u`, into the rows ``first``, ``first + stride``, ... of `w`.

    Behind its four rows of words `u` has room for as many offsets: all are found before the first look-up, since what
    is stored as a vector is slow to be read one by one while it is on its way to the cache.
    """
    offsets = U(4) * L
    for l in range(U(0), rows * L, U(SIXTEEN)):
        sixteen_offsets(u, l, offsets + l)
    for i in range(rows):
        row, source = first + i * stride, i * L
        for l in range(U(0), L, U(SIXTEEN)):
            sixteen_scores(w, row + l, u, (source + l, offsets + source + l), _CUBICS)
