"""Order of a series' values, and what stands at given ranks: the compiled part of `measures.ranking`.

A value is sorted as a word: the upper bits of a number that rises with it, and the number of its path below. Three
passes of a radix sort put the words in order of their upper bits, and an insertion sort mends the few neighbours that
differ in the lower bits alone. Equal values keep the order of their paths; -0 is 0, and NaN comes last.
"""

import numpy as np
from numpy.typing import NDArray

from spvrisk.kernel.linking import entry_point, part

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Words = NDArray[np.uint64]

PATH_BITS = 31
PATHS = (1 << PATH_BITS) - 1
"""Lower bits of a word: the number of the path."""

_U = np.uint64
_PATH = _U(PATHS)
_ABOVE = _U(PATH_BITS)
_DIGIT, _DIGITS = 11, 3
_SIZE = 1 << _DIGIT
_MASK = _U(_SIZE - 1)
_SIGN = _U(1 << 63)
_MOST_MOVES = 8
"""Moves of the insertion sort per value, beyond which it gives up."""


@part
def _fill(values: Float, words: Words, counts: Int) -> None:
    """Words in the order of the paths, and how often each digit occurs in them ``(digit, value of the digit)``."""
    counts[:] = 0
    bits = words.view(np.float64)
    for i in range(values.shape[0]):
        bits[i] = values[i] + 0.0  # of -0 it makes 0
    for i in range(values.shape[0]):
        b = words[i] if values[i] == values[i] else ~_SIGN
        key = (~b if b & _SIGN else b | _SIGN) >> _ABOVE
        words[i] = (key << _ABOVE) | _U(i)
        for d in range(_DIGITS):
            counts[d, (key >> _U(_DIGIT * d)) & _MASK] += 1


@part
def _pass(words: Words, out: Words, count: Int, shift: np.uint64) -> None:
    """Put words in the order of one digit, those of the same digit in the order in which they come."""
    at = 0
    for d in range(_SIZE):
        at, count[d] = at + count[d], at
    for word in words:
        d = (word >> shift) & _MASK
        out[_U(count[d])] = word
        count[d] += 1


@part
def _mend(values: Float, words: Words) -> bool:
    """Put words of equal upper bits in the order of their values; give up where these are many."""
    left = _MOST_MOVES * words.shape[0]
    for i in range(1, words.shape[0]):
        word = words[i]
        upper, x = word >> _ABOVE, values[word & _PATH]
        j = i
        while j > 0 and words[j - 1] >> _ABOVE == upper and values[words[j - 1] & _PATH] > x:
            words[j] = words[j - 1]
            j -= 1
        words[j] = word
        left -= i - j
        if left < 0:
            return False
    return True


@entry_point("boolean(float64[::1], uint64[::1], uint64[::1])")
def sort_words(values: Float, words: Words, work: Words) -> bool:
    """Fill `words` with the paths' words in ascending order of their values; tell whether they are in order."""
    counts = np.empty((_DIGITS, _SIZE), np.int64)
    _fill(values, work, counts)
    _pass(work, words, counts[0], _ABOVE)
    _pass(words, work, counts[1], _ABOVE + _U(_DIGIT))
    _pass(work, words, counts[2], _ABOVE + _U(2 * _DIGIT))
    return _mend(values, words)
