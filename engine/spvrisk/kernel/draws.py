"""The source of draws: the only place that knows how random numbers are made; ``from spvrisk.kernel import draws``.

A clause asks for a draw by its stream and its number within it, and gets a uniform number, a unit-exponential one or a
normal score: on one path, or on a row of lanes. Draw 0 of a stream is what is drawn once a path. A row of lanes gets
four consecutive draws at a time, a `block`, since a block of the generator holds four words.
"""

from typing import NamedTuple

import numpy as np
from numba import float64
from numpy.typing import NDArray

from spvrisk.kernel import philox
from spvrisk.kernel.maths import L, U, clause, inline, log, unit
from spvrisk.kernel.scores import score as score_of
from spvrisk.kernel.scores import score_rows
from spvrisk.kernel.simd import WIDE, load_words, store

PHILOX = 0
"""The one kind of source there is: each word is Philox's at (path, stream, number) under the seed."""


class Draws(NamedTuple):
    """Where a path, or a row of paths, has its draws from."""

    kind: int
    seed: np.uint64
    replicate: np.uint64
    """Independent repetition of a sample; words of kind `PHILOX` have none."""
    path: np.uint64
    """Number of the path, or of the first in the row: a multiple of the lane count."""
    words: NDArray[np.uint32]
    """Scratch, see `workspace.Work`."""


@inline
def of_lane(draws, l):
    """Source of one of the row's paths."""
    return Draws(draws.kind, draws.seed, draws.replicate, draws.path + l, draws.words)


@inline
def exponential(u):
    """Unit-exponential number of a uniform one."""
    return -log(1.0 - u)


# ---- one path


@clause
def uniform(draws, stream, index):
    """Uniform number in (0, 1)."""
    return unit(float64(philox.word(draws.seed, draws.path, stream, index)))


@clause
def score(draws, stream, index):
    """Normal score."""
    return score_of(philox.word(draws.seed, draws.path, stream, index))


# ---- a row of lanes


@clause
def uniforms(draws, w, row, stream):
    """Uniform numbers of draw 0, into one row."""
    philox.fill_words(draws.words, draws.seed, draws.path, stream, U(0))
    for l in range(U(0), L, U(WIDE)):
        store(w, row + l, unit(load_words(draws.words, l)))


@clause
def four_uniforms(draws, w, first, stream, block):
    """Uniform numbers of four consecutive draws, into four rows."""
    philox.fill_words(draws.words, draws.seed, draws.path, stream, block)
    for l in range(U(0), U(4) * L, U(WIDE)):
        store(w, first + l, unit(load_words(draws.words, l)))


@clause
def scores(draws, w, row, stream):
    """Scores of draw 0, into one row."""
    philox.fill_words(draws.words, draws.seed, draws.path, stream, U(0))
    score_rows(w, row, L, draws.words, U(1))


@clause
def four_scores(draws, w, first, stride, stream, block):
    """Scores of four consecutive draws, into rows ``first``, ``first + stride``, ..."""
    philox.fill_words(draws.words, draws.seed, draws.path, stream, block)
    score_rows(w, first, stride, draws.words, U(4))
