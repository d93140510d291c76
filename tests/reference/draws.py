"""Random numbers (section 1 of the model page): words of Philox by name and index, uniforms and scores."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from reference.basics import Array, LawValue

PHILOX_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)


PHILOX_WEYL = (0x9E3779B9, 0xBB67AE85)


LOW_32 = np.uint64(0xFFFFFFFF)


def philox4x32_10(counter: Sequence, key: Sequence) -> list[Array]:
    """Return the four output words of Philox4x32 with ten rounds (Salmon et al. 2011), as uint64 below 2^32.

    Parameters
    ----------
    counter
        Four words (arrays that broadcast).
    key
        Two words.
    """
    c = list(np.broadcast_arrays(*[np.asarray(word, dtype=np.uint64) for word in counter]))
    k = [np.uint64(word) for word in key]
    for round_number in range(10):
        if round_number > 0:
            k = [(k[i] + np.uint64(PHILOX_WEYL[i])) & LOW_32 for i in range(2)]
        product_0 = np.uint64(PHILOX_MULTIPLIERS[0]) * c[0]
        product_1 = np.uint64(PHILOX_MULTIPLIERS[1]) * c[2]
        high_0, low_0 = product_0 >> np.uint64(32), product_0 & LOW_32
        high_1, low_1 = product_1 >> np.uint64(32), product_1 & LOW_32
        c = [high_1 ^ c[1] ^ k[0], low_1, high_0 ^ c[3] ^ k[1], low_0]
    return c


def stream(name: str) -> int:
    """Return the stream number of a name: the first four bytes of its BLAKE2s-256, little-endian."""
    return int.from_bytes(hashlib.blake2s(name.encode("utf-8"), digest_size=32).digest()[:4], "little")


def words(seed: int, path: Any, name: str, index: Any) -> Array:
    """Return the 32-bit words of a name's draws; ``path`` and ``index`` broadcast against each other."""
    path = np.asarray(path, dtype=np.int64).astype(np.uint64)
    index = np.asarray(index, dtype=np.int64).astype(np.uint64)
    path, index = np.broadcast_arrays(path, index)
    counter = (path & LOW_32, path >> np.uint64(32), np.uint64(stream(name)), index >> np.uint64(2))
    block = philox4x32_10(counter, (seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF))
    return np.choose((index & np.uint64(3)).astype(np.int64), block).astype(np.uint32)


def uniform_from_word(word: Any) -> Array:
    """Return u = (word + 1/2) 2^-32, exact in float64."""
    return (np.asarray(word, dtype=np.float64) + 0.5) * 2.0**-32


def score_from_word(word: Any) -> Array:
    """Return the normal score of a word, Phi^-1(u); 1 - u is exact, so both tails are as good."""
    u = uniform_from_word(word)
    return np.where(u < 0.5, special.ndtri(np.minimum(u, 0.5)), -special.ndtri(np.minimum(1.0 - u, 0.5)))


@dataclass
class Draws:
    """The draws of a seed, by name and index. Replace it to feed other scores into the model."""

    seed: int

    def words(self, name: str, index: Any, paths: Array) -> Array:
        """Return words ``(n,)`` for one index, ``(k, n)`` for a sequence of k."""
        index = np.asarray(index)
        return words(self.seed, paths, name, index[..., None] if index.ndim else index)

    def uniforms(self, name: str, index: Any, paths: Array) -> Array:
        """Return uniforms ``(n,)`` for one index, ``(k, n)`` for a sequence of k."""
        return uniform_from_word(self.words(name, index, paths))

    def scores(self, name: str, index: Any, paths: Array) -> Array:
        """Return normal scores ``(n,)`` for one index, ``(k, n)`` for a sequence of k."""
        return score_from_word(self.words(name, index, paths))


def choice(cumulative: Sequence[float], u: float) -> tuple[int, float]:
    """Return the first item whose cumulative probability exceeds u, and the distance of u to a boundary."""
    total = cumulative[-1]
    boundaries = [value / total for value in cumulative]
    margin = min((abs(u - b) for b in boundaries[:-1]), default=1.0)
    for item, boundary in enumerate(boundaries):
        if boundary > u:
            return item, margin
    return len(boundaries) - 1, margin


class UniformCache:
    """Uniforms by name and index for all paths at once, drawn when first asked for."""

    def __init__(self, draws: Draws, paths: Array):
        self.draws, self.paths, self.kept = draws, paths, {}

    def __call__(self, name: str, index: int, i: int) -> float:
        if (name, index) not in self.kept:
            self.kept[name, index] = self.draws.uniforms(name, index, self.paths)
        return float(self.kept[name, index][i])


class LawCache:
    """Values of laws by key and stream for all paths at once, drawn when first asked for."""

    def __init__(self, draws: Draws, paths: Array, law_value: LawValue):
        self.draws, self.paths, self.law_value, self.kept = draws, paths, law_value, {}

    def __call__(self, key: str, law: Any, name: str, i: int) -> float:
        if (key, name) not in self.kept:
            score = self.draws.scores(name, 0, self.paths)
            self.kept[key, name] = np.asarray(self.law_value(key, law, score), dtype=float)
        return float(self.kept[key, name][i])
