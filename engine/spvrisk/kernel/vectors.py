"""Tables of cubics and the generator's scores, eight or sixteen lanes at a time, as LLVM's operations.

LLVM splits the vectors where the processor's are shorter; the bits are the same.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from spvrisk.kernel.simd import WIDE, fused_multiply_add, place, spread_out

SIXTEEN = 16
FIRST_CELL = (127 - 32) << 4
"""Number that the leading bits of a float32, 13 of them, give to the cell that begins at 2^-32."""

_intrinsic: Any = intrinsic  # its stubs count the typing context among the arguments of a call
_FLOAT, _DOUBLE, _I32, _I64 = ir.FloatType(), ir.DoubleType(), ir.IntType(32), ir.IntType(64)
_ONE = 0x3FF0000000000000  # bits of 1.0
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


def _kept(builder: Any, offsets: Any) -> list[Any]:
    """Offsets one by one, from memory: taking them out of a vector would load the units that shuffle."""
    kind = offsets.type
    kept = builder.bitcast(cgutils.alloca_once_value(builder, offsets), kind.element.as_pointer())
    starts = [builder.load(builder.gep(kept, [ir.Constant(_I32, i)])) for i in range(kind.count)]
    return starts if kind.element == _I64 else [builder.zext(start, _I64) for start in starts]


def _cubics(builder: Any, load_four: Callable[[Any], Any], offsets: Any, s: Any) -> Any:
    """Evaluate c0 + s (c1 + s (c2 + s c3)) for the lanes, coefficients side by side at their offsets."""
    *others, value = _transposed(builder, [load_four(start) for start in _kept(builder, offsets)])
    for coefficient in reversed(others):
        value = fused_multiply_add(builder, value, s, coefficient)
    return value


def _fours(context: Any, builder: Any, array_type: Any, array: Any, align: int = 8) -> Callable[[Any], Any]:
    """What loads four elements of an array that lie side by side, at an offset."""
    return lambda offset: builder.load(place(context, builder, array_type, array, offset, 4), align=align)


def _all(value: Any, kind: Any) -> Any:
    return ir.Constant(ir.VectorType(kind, WIDE), [value] * WIDE)


@_intrinsic
def tails(typingctx: Any, y: Any, c: Any, cells: Any, per: Any) -> Any:
    """Map values y to y r(1 + per y^2).

    The ratio r is a table of cubics in cells by the leading bits of its argument, so many of them behind the exponent;
    the bits that follow, read as a fraction, are the place in the cell. `cells` are the offset of the first cell's
    cubic, the number of those bits, and the last cell.
    """

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        y, array, cells, per = arguments
        load_four = _fours(context, builder, signature.args[1], array)
        table, bits, last = (builder.extract_value(cells, i) for i in range(3))
        long = ir.VectorType(_I64, WIDE)
        square = builder.fmul(y, y)
        b = builder.bitcast(fused_multiply_add(builder, square, spread_out(builder, per), _all(1.0, _DOUBLE)), long)
        mantissa = ir.Constant(_I64, 52)
        cell = builder.lshr(builder.sub(b, _all(_ONE, _I64)), spread_out(builder, builder.sub(mantissa, bits)))
        ends = spread_out(builder, last)
        cell = builder.select(builder.icmp_signed("<", cell, ends), cell, ends)
        offsets = builder.add(builder.shl(cell, _all(2, _I64)), spread_out(builder, table))
        fraction = builder.and_(builder.shl(b, spread_out(builder, bits)), _all(_MANTISSA, _I64))
        place = builder.bitcast(builder.or_(fraction, _all(_ONE, _I64)), ir.VectorType(_DOUBLE, WIDE))
        s = builder.fsub(place, _all(1.0, _DOUBLE))
        ratio = _cubics(builder, load_four, offsets, s)
        return builder.fmul(y, ratio)

    return y(y, c, cells, per), codegen


@_intrinsic
def cubics(typingctx: Any, c: Any, offsets: Any, s: Any) -> Any:
    """Evaluate c0 + s (c1 + s (c2 + s c3)), the coefficients side by side from the lanes' offsets on.

    Each lane's are loaded as one vector, and eight of those are transposed: a quarter of the time of four gathers.
    """

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array, offsets, s = arguments
        load_four = _fours(context, builder, signature.args[0], array)
        return _cubics(builder, load_four, builder.fptosi(offsets, ir.VectorType(_I32, WIDE)), s)

    return s(c, offsets, s), codegen


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


@_intrinsic
def sixteen_scores(typingctx: Any, w: Any, row: Any, u: Any, first: Any, c: Any) -> Any:
    """Scores of the sixteen words (uint32) from u[first] on, into the lanes from w[row] on; see `kernel.scores`.

    `c` is the table, float32: of each cell of the two-sided tail probability y four coefficients side by side.
    """

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        words, floats = ir.VectorType(_I32, SIXTEEN), ir.VectorType(_FLOAT, SIXTEEN)

        def place_in(i: int, offset: Any) -> Any:
            return place(context, builder, signature.args[i], arguments[i], offset, SIXTEEN)

        def all_of(value: Any, kind: Any = words) -> Any:
            return ir.Constant(kind, [value] * SIXTEEN)

        word = builder.load(place_in(2, arguments[3]), align=4)
        folded = builder.and_(builder.xor(word, builder.ashr(word, all_of(31))), all_of(0x7FFFFFFF))
        half = builder.fadd(builder.sitofp(folded, floats), all_of(0.5, floats))
        y = builder.bitcast(builder.fmul(half, all_of(2.0**-31, floats)), words)
        offsets = builder.shl(builder.sub(builder.ashr(y, all_of(19)), all_of(FIRST_CELL)), all_of(2))
        fraction = builder.and_(builder.shl(y, all_of(4)), all_of(0x007FFFFF))
        s = builder.bitcast(builder.or_(fraction, all_of(0x3F800000)), floats)
        s = builder.fsub(s, all_of(1.0, floats))
        load_four = _fours(context, builder, signature.args[4], arguments[4], align=4)
        *others, value = _transposed_floats(builder, [load_four(start) for start in _kept(builder, offsets)])
        for coefficient in reversed(others):
            value = fused_multiply_add(builder, value, s, coefficient)
        sign = builder.and_(builder.not_(word), all_of(-0x80000000))
        value = builder.bitcast(builder.or_(builder.bitcast(value, words), sign), floats)
        doubles = builder.fpext(value, ir.VectorType(_DOUBLE, SIXTEEN))
        builder.store(doubles, place_in(0, arguments[1]), align=8)
        return context.get_dummy_value()

    return types.void(w, row, u, first, c), codegen
