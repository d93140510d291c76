"""Tables of cubics and the generator's scores, eight or sixteen lanes at a time, as LLVM's operations.

LLVM splits the vectors where the processor's are shorter; the bits are the same.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from spvrisk.kernel.simd import WIDE, fused_multiply_add, place, spread_out

SIXTEEN = 16
FIRST_CELL = (127 - 32) << 4
"""Number that the leading bits of a float32, 13 of them, give to the cell that begins at 2^-32."""

_intrinsic: Any = intrinsic  # its stubs count the typing context among the arguments of a call
_FLOAT, _DOUBLE, _I32, _I64 = ir.FloatType(), ir.DoubleType(), ir.IntType(32), ir.IntType(64)
_LONG = ir.VectorType(_I64, WIDE)
_ONE = 0x3FF0000000000000  # bits of 1.0
_OFFSETS_FROM = 0x4330000000000000  # bits of 2^52

OFFSETS_FROM = 2.0**52
"""What an offset in a table has to be added to, for its lower half to be a whole number of 32 bits.

Offsets are left in the workspace for all lanes before they are read one by one: a processor is slow to read a part of
what it has just stored as a vector.
"""
_MANTISSA = 0x000FFFFFFFFFFFFF


def _transposed(builder: Any, fours: list[Any]) -> list[Any]:
    """Four vectors of eight of eight vectors of four."""

    def shuffle(a: Any, b: Any, order: list[int]) -> Any:
        return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(_I32, WIDE), order))

    # vectors i and i + 4 side by side, then a 4 x 4 transposition in each half
    pairs = [shuffle(fours[i], fours[i + 4], [0, 1, 2, 3, 4, 5, 6, 7]) for i in range(4)]
    even, odd = [0, 8, 2, 10, 4, 12, 6, 14], [1, 9, 3, 11, 5, 13, 7, 15]
    a, b, c, d = (shuffle(pairs[i], pairs[i + 1], order) for i in (0, 2) for order in (even, odd))
    lower, upper = [0, 1, 8, 9, 4, 5, 12, 13], [2, 3, 10, 11, 6, 7, 14, 15]
    return [shuffle(a, c, lower), shuffle(b, d, lower), shuffle(a, c, upper), shuffle(b, d, upper)]


def _numbers_at(builder: Any, pointer: Any, count: int, step: int = 1) -> list[Any]:
    """Whole numbers of 32 bits that lie in memory, one after the other.

    Taking them out of a vector would load the units that shuffle.
    """
    numbers = builder.bitcast(pointer, _I32.as_pointer())
    places = [builder.gep(numbers, [ir.Constant(_I32, step * i)]) for i in range(count)]
    return [builder.zext(builder.load(place), _I64) for place in places]


def _cubics(builder: Any, fours: list[Any], s: Any) -> Any:
    """Evaluate c0 + s (c1 + s (c2 + s c3)) for the lanes, of which each has its four coefficients."""
    *others, value = _transposed(builder, fours)
    for coefficient in reversed(others):
        value = fused_multiply_add(builder, value, s, coefficient)
    return value


def _fours(context: Any, builder: Any, array_type: Any, array: Any, align: int = 8) -> Callable[[Any], Any]:
    """What loads four elements of an array that lie side by side, at an offset."""
    return lambda offset: builder.load(place(context, builder, array_type, array, offset, 4), align=align)


def _all(value: Any, kind: Any) -> Any:
    return ir.Constant(ir.VectorType(kind, WIDE), [value] * WIDE)


def _bits_of(builder: Any, y: Any, per: Any) -> Any:
    """Bits of 1 + per y^2."""
    one = _all(1.0, _DOUBLE)
    return builder.bitcast(fused_multiply_add(builder, builder.fmul(y, y), spread_out(builder, per), one), _LONG)


@_intrinsic
def tail_cells(typingctx: Any, y: Any, cells: Any, per: Any) -> Any:
    """Offsets of the cubics that `tails` reads for values y, plus `OFFSETS_FROM`."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        y, cells, per = arguments
        table, bits, last = (builder.extract_value(cells, i) for i in range(3))
        above_one = builder.sub(_bits_of(builder, y, per), _all(_ONE, _I64))
        cell = builder.lshr(above_one, spread_out(builder, builder.sub(ir.Constant(_I64, 52), bits)))
        ends = spread_out(builder, last)
        cell = builder.select(builder.icmp_signed("<", cell, ends), cell, ends)
        offsets = builder.add(builder.shl(cell, _all(2, _I64)), spread_out(builder, table))
        return builder.bitcast(builder.or_(offsets, _all(_OFFSETS_FROM, _I64)), y.type)

    return y(y, cells, per), codegen


@_intrinsic
def tails(typingctx: Any, y: Any, c: Any, w: Any, at: Any, bits: Any, per: Any) -> Any:
    """Map values y to y r(1 + per y^2).

    The ratio r is a table of cubics in cells by the leading bits of its argument, so many of them behind the exponent;
    the bits that follow, read as a fraction, are the place in the cell. What `tail_cells` gives is in `w`.
    """

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        y, c, w, at, bits, per = arguments
        shifted = builder.shl(_bits_of(builder, y, per), spread_out(builder, bits))
        fraction = builder.or_(builder.and_(shifted, _all(_MANTISSA, _I64)), _all(_ONE, _I64))
        s = builder.fsub(builder.bitcast(fraction, y.type), _all(1.0, _DOUBLE))
        load_four = _fours(context, builder, signature.args[1], c)
        offsets = _numbers_at(builder, place(context, builder, signature.args[2], w, at), WIDE, 2)
        return builder.fmul(y, _cubics(builder, [load_four(offset) for offset in offsets], s))

    return y(y, c, w, at, bits, per), codegen


@_intrinsic
def cubics(typingctx: Any, c: Any, w: Any, at: Any, s: Any) -> Any:
    """Evaluate c0 + s (c1 + s (c2 + s c3)), the coefficients side by side at offsets that stand in `w` from `at` on.

    There they are plus `OFFSETS_FROM`. Each lane's coefficients are loaded as one vector, and eight of those are
    transposed: a quarter of the time of four gathers.
    """

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        c, w, at, s = arguments
        load_four = _fours(context, builder, signature.args[0], c)
        offsets = _numbers_at(builder, place(context, builder, signature.args[1], w, at), WIDE, 2)
        return _cubics(builder, [load_four(offset) for offset in offsets], s)

    return s(c, w, at, s), codegen


def _shuffled(builder: Any, a: Any, b: Any, order: list[int]) -> Any:
    return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(_I32, len(order)), order))


def _transposed_floats(builder: Any, fours: list[Any]) -> list[Any]:
    """Four vectors of sixteen of sixteen vectors of four."""

    def joined(vectors: list[Any]) -> Any:
        while len(vectors) > 1:
            order = list(range(2 * vectors[0].type.count))
            vectors = [_shuffled(builder, a, b, order) for a, b in zip(vectors[::2], vectors[1::2], strict=True)]
        return vectors[0]

    def by_quarter(a: Any, b: Any, order: list[int]) -> Any:
        """Four elements of each quarter of two vectors: 0 to 3 are the first's, 4 to 7 the second's."""
        return _shuffled(builder, a, b, [4 * j + k % 4 + (SIXTEEN if k > 3 else 0) for j in range(4) for k in order])

    # vectors i, i + 4, i + 8, i + 12 side by side, then a 4 x 4 transposition in each quarter
    rows = [joined(fours[i::4]) for i in range(4)]
    low, high = [0, 4, 1, 5], [2, 6, 3, 7]
    a, b, c, d = (by_quarter(rows[i], rows[i + 1], order) for order in (low, high) for i in (0, 2))
    return [by_quarter(x, y, order) for x, y in ((a, b), (c, d)) for order in ([0, 1, 4, 5], [2, 3, 6, 7])]


_WORDS, _FLOATS = ir.VectorType(_I32, SIXTEEN), ir.VectorType(_FLOAT, SIXTEEN)


def _sixteen(value: Any, kind: Any = _WORDS) -> Any:
    return ir.Constant(kind, [value] * SIXTEEN)


def _tails_of(builder: Any, words: Any) -> Any:
    """Bits of the two-sided tail probabilities of words."""
    folded = builder.and_(builder.xor(words, builder.ashr(words, _sixteen(31))), _sixteen(0x7FFFFFFF))
    half = builder.fadd(builder.sitofp(folded, _FLOATS), _sixteen(0.5, _FLOATS))
    return builder.bitcast(builder.fmul(half, _sixteen(2.0**-31, _FLOATS)), _WORDS)


@_intrinsic
def sixteen_offsets(typingctx: Any, u: Any, first: Any, target: Any) -> Any:
    """Offsets in the table of scores of the sixteen words (uint32) from u[first] on, into `u` from `target` on."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array, first, target = arguments
        y = _tails_of(builder, builder.load(place(context, builder, u, array, first, SIXTEEN), align=4))
        offsets = builder.shl(builder.sub(builder.ashr(y, _sixteen(19)), _sixteen(FIRST_CELL)), _sixteen(2))
        builder.store(offsets, place(context, builder, u, array, target, SIXTEEN), align=4)
        return context.get_dummy_value()

    return types.void(u, first, target), codegen


@_intrinsic
def sixteen_scores(typingctx: Any, w: Any, row: Any, u: Any, at: Any, c: Any) -> Any:
    """Scores of sixteen words (uint32), into the lanes from w[row] on; see `kernel.scores`.

    `at` tells where in `u` the words begin, and where their offsets do, and `c` is the table, float32: of each cell of
    the two-sided tail probability y four coefficients side by side.
    """

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        first, offsets = (builder.extract_value(arguments[3], i) for i in range(2))

        def place_in(i: int, offset: Any) -> Any:
            return place(context, builder, signature.args[i], arguments[i], offset, SIXTEEN)

        word = builder.load(place_in(2, first), align=4)
        fraction = builder.and_(builder.shl(_tails_of(builder, word), _sixteen(4)), _sixteen(0x007FFFFF))
        s = builder.bitcast(builder.or_(fraction, _sixteen(0x3F800000)), _FLOATS)
        s = builder.fsub(s, _sixteen(1.0, _FLOATS))
        load_four = _fours(context, builder, signature.args[4], arguments[4], align=4)
        starts = _numbers_at(builder, place_in(2, offsets), SIXTEEN)
        *others, value = _transposed_floats(builder, [load_four(start) for start in starts])
        for coefficient in reversed(others):
            value = fused_multiply_add(builder, value, s, coefficient)
        sign = builder.and_(builder.not_(word), _sixteen(-0x80000000))
        value = builder.bitcast(builder.or_(builder.bitcast(value, _WORDS), sign), _FLOATS)
        doubles = builder.fpext(value, ir.VectorType(_DOUBLE, SIXTEEN))
        builder.store(doubles, place_in(0, arguments[1]), align=8)
        return context.get_dummy_value()

    return types.void(w, row, u, at, c), codegen
