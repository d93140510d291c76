"""Sums that are rounded once: the compiled part of `aggregate.exact`.

A finite number is a whole multiple of 2^-1074. Multiples are added up in digits of 32 bits, each of which has the lower
half of 64 bits for itself; what is above it is carried on before it can overflow.

References
----------
Neal, R. M. (2015). Fast exact summation using small and large superaccumulators. arXiv:1505.05571, section 2.
"""

import numpy as np
from numpy.typing import NDArray

from spvrisk.kernel.linking import entry_point, part

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Words = NDArray[np.uint64]

DIGITS = 66
"""Digits of a sum; the last one bears its sign."""

_U = np.uint64
_DIGIT = _U(32)
_BITS = 52  # of a mantissa
_UNIT = _U(1 << _BITS)
_EXPONENTS = _U(2047)
_TOO_LARGE = _U(1023 + 960)  # 2^63 of less than 2^960 add up to no more than 2^1023
_UNTIL_CARRY = 1024  # upper parts have 52 bits


@part
def _carry(digits: Int) -> None:
    """Bring all digits but the last one to 0 to 2^32 - 1."""
    for i in range(DIGITS - 1):
        above = digits[i] >> 32
        digits[i] -= above << 32
        digits[i + 1] += above


@part
def _add(words: Words, first: int, end: int, digits: Int) -> bool:
    """Add numbers, given by their bits; tell whether none was too large."""
    largest = _U(0)
    for i in range(first, end):
        word = words[i]
        exponent = (word >> _U(_BITS)) & _EXPONENTS
        largest = max(largest, exponent)
        # numbers without an exponent have no leading 1, and the unit of those with the exponent 1
        mantissa = (word & (_UNIT - _U(1))) | (_UNIT if exponent else _U(0))
        place = exponent - (_U(1) if exponent else _U(0))
        shift, digit = place & (_DIGIT - _U(1)), place // _DIGIT
        low, high = np.int64((mantissa << shift) & _U(0xFFFFFFFF)), np.int64(mantissa >> (_DIGIT - shift))
        sign = np.int64(word) >> 63  # 0 or -1: x ^ -1 is -x - 1
        digits[digit] += (low ^ sign) - sign
        digits[digit + _U(1)] += (high ^ sign) - sign
    return bool(largest < _TOO_LARGE)


@entry_point("boolean(float64[::1], int64[::1])")
def sum_exactly(values: Float, digits: Int) -> bool:
    """Sum of values as a whole number of 2^-1074, ``(DIGITS,)`` from the lowest digit on.

    Returns
    -------
    bool
        Whether it is right: no value is 2^960 or above in size, infinite or NaN.
    """
    digits[:] = 0
    words = values.view(np.uint64)
    for first in range(0, values.shape[0], _UNTIL_CARRY):
        if not _add(words, first, min(first + _UNTIL_CARRY, values.shape[0]), digits):
            return False
        _carry(digits)
    return True
