"""Order of a series' values, and what stands at given ranks: the compiled part of `aggregate.sets`.

A value is sorted as a word: the upper bits of a number that rises with it, and the number of its path below. Four
passes of a radix sort put the words in order of their upper 36 bits, and an insertion sort mends neighbours that
differ in lower bits alone: those of the word, else those of the value. Equal values keep the order of their paths; -0
is 0, and NaN comes last.
"""

import numpy as np
from numpy.typing import NDArray

from spvrisk.kernel.linking import entry_point, part

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Words = NDArray[np.uint64]

_U = np.uint64
_DIGIT, _DIGITS = 9, 4
_SORTED = _U(64 - _DIGITS * _DIGIT)
_SIZE = 1 << _DIGIT
_MASK = _U(_SIZE - 1)
_SIGN = _U(1 << 63)
_MOST_MOVES = 8
"""Moves of the insertion sort per value, beyond which it gives up."""


@part
def _path_bits(n: int) -> np.uint64:
    """Bits that hold the number of any of n paths."""
    bits = _U(0)
    while _U(n) >> bits:
        bits += _U(1)
    return bits


@part
def _digit(word: np.uint64, d: int) -> np.uint64:
    """Digit of a word, of which the lowest is number 0."""
    return (word >> (_SORTED + _U(_DIGIT * d))) & _MASK


@part
def _fill(values: Float, words: Words, path_bits: np.uint64, counts: Int) -> None:
    """Words in the order of the paths, and how often each digit occurs in them, ``(_DIGITS, _SIZE)``."""
    counts[:] = 0
    bits = words.view(np.float64)
    for i in range(values.shape[0]):
        x = values[i]
        bits[i] = x + 0.0 if x == x else np.nan  # of -0 it makes 0, of NaN that without a sign
    for i in range(values.shape[0]):
        rising = words[i] ^ (_U(np.int64(words[i]) >> 63) | _SIGN)
        word = (rising >> path_bits << path_bits) | _U(i)
        words[i] = word
        for d in range(_DIGITS):
            counts[d, _digit(word, d)] += 1


@part
def _pass(words: Words, out: Words, count: Int, d: int) -> None:
    """Put words in the order of one digit, those of the same digit in the order in which they come."""
    at = 0
    for k in range(_SIZE):
        at, count[k] = at + count[k], at
    for word in words:
        digit = _digit(word, d)
        out[_U(count[digit])] = word
        count[digit] += 1


@part
def _after(word: np.uint64, other: np.uint64, values: Float, path_bits: np.uint64) -> bool:
    """Whether the path of a word comes after that of another one, whose number is greater."""
    if word >> path_bits != other >> path_bits:
        return bool(word > other)
    paths = (_U(1) << path_bits) - _U(1)
    return bool(values[word & paths] > values[other & paths])


@part
def _mend(values: Float, words: Words, path_bits: np.uint64) -> bool:
    """Put words of equal upper bits in the order of their values; give up where these are many."""
    left, upper = _U(_MOST_MOVES * words.shape[0]), max(_SORTED, path_bits)
    for i in range(1, words.shape[0]):
        word, j = words[i], _U(i)
        while (
            j > _U(0)
            and (words[j - _U(1)] ^ word) >> upper == _U(0)
            and _after(words[j - _U(1)], word, values, path_bits)
        ):
            words[j] = words[j - _U(1)]
            j -= _U(1)
        moves = _U(i) - j
        if moves > _U(0):
            words[j] = word
            if moves > left:
                return False
            left -= moves
    return True


@entry_point("boolean(float64[::1], uint64[::1], uint64[::1])")
def sort_paths(values: Float, paths: Words, work: Words) -> bool:
    """Fill `paths` with the paths' numbers in ascending order of their values; tell whether they are in order.

    Parameters
    ----------
    values
        Of each path, ``(path,)``.
    paths, work
        ``(path,)``; filled.

    Returns
    -------
    bool
        False where too many values are equal in their upper bits: then nothing is in order.
    """
    n = values.shape[0]
    path_bits, counts = _path_bits(n), np.empty((_DIGITS, _SIZE), np.int64)
    words, other = work, paths
    _fill(values, words, path_bits, counts)
    for d in range(_DIGITS if n > 0 else 0):
        if counts[d, _digit(words[0], d)] < n:  # else all have the same
            _pass(words, other, counts[d], d)
            words, other = other, words
    if not _mend(values, words, path_bits):
        return False
    for i in range(n):
        paths[i] = words[i] & ((_U(1) << path_bits) - _U(1))
    return True
