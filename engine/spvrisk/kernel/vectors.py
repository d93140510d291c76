"""Eight lanes at a time, written as vector code by hand: the two places where the compiler's own is far slower.

LLVM splits the vectors where the processor's are shorter; the bits are the same.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

EIGHT = 8
_intrinsic: Any = intrinsic  # its stubs count the typing context among the arguments of a call
_DOUBLE, _I32, _I64 = ir.DoubleType(), ir.IntType(32), ir.IntType(64)
_CONTRACT = ["contract"]


class _Rows:
    """Loads and stores of eight elements of a float64 array."""

    def __init__(self, context: Any, builder: Any, array_type: Any, array: Any) -> None:
        self.builder, self.data = builder, context.make_array(array_type)(context, builder, array).data

    def pointer(self, offset: Any, lanes: int = EIGHT) -> Any:
        return self.builder.bitcast(self.builder.gep(self.data, [offset]), ir.VectorType(_DOUBLE, lanes).as_pointer())

    def load(self, offset: Any, lanes: int = EIGHT) -> Any:
        return self.builder.load(self.pointer(offset, lanes), align=8)

    def store(self, value: Any, offset: Any) -> None:
        self.builder.store(value, self.pointer(offset), align=8)


def _transposed(builder: Any, fours: list[Any]) -> list[Any]:
    """Four vectors of eight of eight vectors of four."""

    def shuffle(a: Any, b: Any, order: list[int]) -> Any:
        return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(_I32, EIGHT), order))

    # vectors i and i + 4 side by side, then a 4 x 4 transposition in each half
    pairs = [shuffle(fours[i], fours[i + 4], [0, 1, 2, 3, 4, 5, 6, 7]) for i in range(4)]
    even, odd = [0, 8, 2, 10, 4, 12, 6, 14], [1, 9, 3, 11, 5, 13, 7, 15]
    a, b, c, d = (shuffle(pairs[i], pairs[i + 1], order) for i in (0, 2) for order in (even, odd))
    lower, upper = [0, 1, 8, 9, 4, 5, 12, 13], [2, 3, 10, 11, 6, 7, 14, 15]
    return [shuffle(a, c, lower), shuffle(b, d, lower), shuffle(a, c, upper), shuffle(b, d, upper)]


@_intrinsic
def cubics_of_eight(typingctx: Any, w: Any, target: Any, place: Any, address: Any, c: Any) -> Any:
    """Evaluate w[target + i] = c0 + s (c1 + s (c2 + s c3)) for eight lanes i, s = w[place + i].

    The coefficients lie side by side at c[w[address + i]]. Each lane's are loaded as one vector, and eight of those are
    transposed: a quarter of the time of four gathers.
    """

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        rows, pool = (_Rows(context, builder, signature.args[i], arguments[i]) for i in (0, 4))
        cells = builder.fptosi(rows.load(arguments[3]), ir.VectorType(_I32, EIGHT))
        starts = [builder.extract_element(cells, ir.Constant(_I32, i)) for i in range(EIGHT)]
        fours = [pool.load(builder.zext(start, _I64), 4) for start in starts]
        s = rows.load(arguments[2])
        *others, value = _transposed(builder, fours)
        for coefficient in reversed(others):
            value = builder.fadd(coefficient, builder.fmul(value, s, flags=_CONTRACT), flags=_CONTRACT)
        rows.store(value, arguments[1])
        return context.get_dummy_value()

    return types.void(w, target, place, address, c), codegen


def adds_eights(lanes: int) -> Any:
    """Return an intrinsic that adds a row of so many lanes to eight sums, by lane number mod 8, in the order of lanes.

    The sums stay in a register meanwhile.
    """

    @_intrinsic
    def add_eights(typingctx: Any, w: Any, row: Any, sums: Any, first: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            rows, totals = (_Rows(context, builder, signature.args[i], arguments[i]) for i in (0, 2))
            total = totals.load(arguments[3])
            for group in range(0, lanes, EIGHT):
                total = builder.fadd(total, rows.load(builder.add(arguments[1], ir.Constant(_I64, group))))
            totals.store(total, arguments[3])
            return context.get_dummy_value()

        return types.void(w, row, sums, first), codegen

    return add_eights
