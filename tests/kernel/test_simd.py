"""Each operation on lanes against NumPy's, with infinities, NaN, signed zeros and ties, and against Python's own."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

from spvrisk.kernel.maths import U, entry
from spvrisk.kernel.simd import (
    WIDE,
    exponent,
    fma,
    fraction,
    gather,
    greatest,
    larger,
    least,
    load,
    load_words,
    smaller,
    some,
    spread,
    sqrt,
    store,
    store_singles,
    store_words,
    times_power,
    where,
    whole,
    words_from,
    words_of,
)

NUMBERS = (
    0.0,
    -0.0,
    1.0,
    -1.5,
    3.0,
    1e300,
    5e-324,
    math.inf,
    -math.inf,
    math.nan,
    1.0 + 2.0**-52,
    1e-3,
    0.1,
    0.7,
    1234.56,
    -0.3,
)
PAIRS = np.array(list(itertools.product(NUMBERS, repeat=2)) + [(0.1, 0.3)] * (-(len(NUMBERS) ** 2) % WIDE)).T.copy()
X, Y = PAIRS
Z = np.roll(Y, 5)


@entry
def arithmetic(x, y, z, out):
    """Rows of `out`: what values give; then what a value and a number give."""
    for l in range(U(0), U(x.size), U(WIDE)):
        a, b, c = load(x, l), load(y, l), load(z, l)
        total = spread(0.0)
        total += a
        total -= b
        total *= c
        total /= a
        found = (a + b, a - b, a * b, a / b, larger(a, b), smaller(a, b), fma(a, b, c), total)
        mixed = (a + 2.0, 2.0 - a, a * 0.1, 3.0 / a, larger(a, 1.0), smaller(1.0, a), fma(0.3, a, b), spread(7.0))
        for k in range(8):
            store(out[k], l, found[k])
            store(out[8 + k], l, mixed[k])


@entry
def masks(x, y, out):
    """Rows of `out`: 1 where a comparison holds, else 0."""
    for l in range(U(0), U(x.size), U(WIDE)):
        a, b = load(x, l), load(y, l)
        found = (a < b, a <= b, a > b, a >= b, a == b, a < 1.0, 1.0 >= b, (a < b) & (b > 0.0), (a == b) | (b > 0.0))
        for k in range(9):
            store(out[k], l, where(found[k], 1.0, 0.0))
        store(out[9], l, where(a < b, a, b))
        store(out[10], l, 5.0)


def of_python(function, *arrays):
    return np.array([function(*numbers) for numbers in zip(*(array.tolist() for array in arrays), strict=True)])


def bits(array):
    """Bits of numbers; all NaN alike."""
    return np.where(np.isnan(array), np.nan, array).view(np.int64)


@pytest.fixture(scope="module")
def of_values():
    out = np.empty((16, X.size))
    arithmetic(X, Y, Z, out)
    return out


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (0, lambda: X + Y),
        (1, lambda: X - Y),
        (2, lambda: X * Y),
        (3, lambda: X / Y),
        (4, lambda: of_python(max, X, Y)),
        (5, lambda: of_python(min, X, Y)),
        (7, lambda: (0.0 + X - Y) * Z / X),
        (8, lambda: X + 2.0),
        (9, lambda: 2.0 - X),
        (10, lambda: X * 0.1),
        (11, lambda: 3.0 / X),
        (12, lambda: of_python(max, X, np.ones_like(X))),
        (13, lambda: of_python(min, np.ones_like(X), X)),
        (15, lambda: np.full_like(X, 7.0)),
    ],
)
def test_arithmetic__as_numpy_and_python_have_it(of_values, row, expected):
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(bits(of_values[row]), bits(expected()))


def test_fma__is_rounded_once(of_values):
    """Against exact rational arithmetic, where that has an answer."""

    def exact(a, b, c):
        return float(Fraction(a) * Fraction(b) + Fraction(c))

    for row, (a, b, c) in ((6, (X, Y, Z)), (14, (np.full_like(X, 0.3), X, Y))):
        with np.errstate(all="ignore"):
            odd = ~(np.isfinite(a) & np.isfinite(b) & np.isfinite(c))
            plain = ~odd & (np.abs(a * b) > 1e-300) & np.isfinite(a * b)
            assert plain.sum() > 50
            np.testing.assert_array_equal(of_values[row][plain], of_python(exact, a[plain], b[plain], c[plain]))
            np.testing.assert_array_equal(bits(of_values[row][odd]), bits((a * b + c)[odd]))


def test_masks__nan_is_never_in_order():
    out = np.empty((11, X.size))
    masks(X, Y, out)
    expected = [X < Y, X <= Y, X > Y, X >= Y, X == Y, X < 1.0, 1.0 >= Y, (X < Y) & (Y > 0.0), (X == Y) | (Y > 0.0)]
    np.testing.assert_array_equal(out[:9], np.array(expected, float))
    np.testing.assert_array_equal(bits(out[9]), bits(np.where(X < Y, X, Y)))
    np.testing.assert_array_equal(out[10], 5.0)


@entry
def of_one(x, c, out):
    """Rows of `out`: functions of one value, of a number, and elements of `c`."""
    for l in range(U(0), U(x.size), U(WIDE)):
        a = load(x, l)
        found = (
            -a,
            sqrt(a),
            whole(a),
            exponent(a),
            fraction(a),
            gather(c, U(3), whole(a)),
        )
        for k in range(6):
            store(out[k], l, found[k])
        for i in range(U(WIDE)):
            n = x[l + i]
            out[6, l + i], out[7, l + i], out[8, l + i] = sqrt(n), exponent(n), fraction(n)


def test_functions_of_one_value__as_numpy_has_them():
    x = np.concatenate(
        [np.geomspace(1e-300, 1e4, 41), [0.5, 1.0, 2.0, 0.5**0.5, np.nextafter(2.0**0.5, 0), 3.999, 7.0]]
    )
    table, out = np.arange(20000.0) ** 2, np.empty((9, x.size))
    of_one(x, table, out)
    mantissa, power = np.frexp(x)
    low = mantissa < 0.5**0.5
    np.testing.assert_array_equal(out[0], -x)
    np.testing.assert_array_equal(out[1], np.sqrt(x))
    np.testing.assert_array_equal(out[2], np.trunc(x))
    np.testing.assert_array_equal(out[3], power - low)
    np.testing.assert_array_equal(out[4], np.where(low, 2.0 * mantissa, mantissa))
    np.testing.assert_array_equal(out[5], table[3 + x.astype(int)])
    np.testing.assert_array_equal(out[6:], out[[1, 3, 4]])


@entry
def powers(x, k, out):
    """Values times two to whole numbers, which a large addend leaves in the low bits."""
    for l in range(U(0), U(x.size), U(WIDE)):
        store(out, l, times_power(load(x, l), load(k, l) + 6755399441055744.0))


def test_times_power__as_ldexp():
    x, k = np.linspace(1.0, 1.9, 24), np.tile([-3.0, 0.0, 1.0, 600.0, -600.0, 17.0], 4)
    out = np.empty(24)
    powers(x, k, out)
    np.testing.assert_array_equal(out, np.ldexp(x, k.astype(int)))


@entry
def over_lanes(x, out):
    """Of each group of lanes: the least, the greatest, whether one is above 0."""
    for i in range(U(x.size) // U(WIDE)):
        a = load(x, i * U(WIDE))
        out[i, 0], out[i, 1], out[i, 2] = least(a), greatest(a), 1.0 if some(a > 0.0) else 0.0


def test_over_lanes__each_lane_counts():
    x = np.concatenate([np.where(np.arange(WIDE) == i, value, -1.0) for i in range(WIDE) for value in (2.0, -7.0)])
    out = np.empty((2 * WIDE, 3))
    over_lanes(x, out)
    groups = x.reshape(-1, WIDE)
    np.testing.assert_array_equal(out, np.array([groups.min(1), groups.max(1), (groups > 0).any(1)]).T)


@entry
def of_words(first, key, u, singles, out):
    """Words mixed as the generator mixes them; what an array of words, and of float32, keeps of values."""
    a = words_from(first)
    product = (a & U(0xFFFFFFFF)) * key
    store_words(u, U(0), (product >> U(32)) ^ words_of(key) ^ (a + key))
    value = load_words(u, U(0))
    store(out, U(0), value)
    store_singles(singles, U(0), value * 0.1)


def test_words__as_numpy_has_them():
    first, key = np.uint64(2**32 - 3), np.uint64(0xD2511F53)
    u, singles, out = np.zeros(WIDE, np.uint32), np.zeros(WIDE, np.float32), np.zeros(WIDE)
    of_words(first, key, u, singles, out)
    a = first + np.arange(WIDE, dtype=np.uint64)
    product = (a & np.uint64(0xFFFFFFFF)) * key
    expected = ((product >> np.uint64(32)) ^ key ^ (a + key)).astype(np.uint32)
    np.testing.assert_array_equal(u, expected)
    np.testing.assert_array_equal(out, expected.astype(float))
    np.testing.assert_array_equal(singles, (out * 0.1).astype(np.float32))
