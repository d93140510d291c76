"""Lanes as values: a clause is a function of values and returns values, each of them `WIDE` lanes at once.

A stage of the kernel is one loop over a block's lanes in steps of `WIDE`: it loads its rows, calls its clauses, stores
what has changed. The vectors are in the code, none is left to the compiler to find; where those of the processor are
shorter, LLVM splits them, and the bits are the same.

A number and a value give a value. Comparisons give masks, which `where` selects by: masks never multiply, since what is
not selected may be anything. ``&`` and ``|`` join masks. Conditions that hold for all lanes alike stay an ``if``.
"""

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import ConcreteTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

WIDE = 8
"""Lanes of a value; the lanes of a block are a multiple of it."""

Build = Callable[..., Any]
"""Builds an operation: takes a builder and LLVM's values, gives LLVM's value."""

_I1, _I32, _I64 = ir.IntType(1), ir.IntType(32), ir.IntType(64)
_VALUE, _MASK, _WORDS = (ir.VectorType(kind, WIDE) for kind in (ir.DoubleType(), _I1, _I64))
_intrinsic: Any = intrinsic  # its stubs count the typing context among the arguments of a call


class _Lanes(types.Type):
    """Type of a value: `WIDE` float64."""


class _Mask(types.Type):
    """Type of a mask: `WIDE` truth values."""


class _Words(types.Type):
    """Type of whole numbers: `WIDE` uint64."""


_lanes, _mask, _words = _Lanes("lanes"), _Mask("mask of lanes"), _Words("words of lanes")


@register_model(_Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VALUE)


@register_model(_Mask)
class _MaskModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _MASK)


@register_model(_Words)
class _WordsModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _WORDS)


# ---- operators


def spread_out(builder: Any, x: Any) -> Any:
    """A value of a number, or words of a word; values, masks and words themselves."""
    if isinstance(x.type, ir.VectorType):
        return x
    first = builder.insert_element(ir.Constant(ir.VectorType(x.type, WIDE), ir.Undefined), x, ir.Constant(_I32, 0))
    return builder.shuffle_vector(first, first, ir.Constant(ir.VectorType(_I32, WIDE), [0] * WIDE))


def _as_wide(x: Any, kind: Any) -> Any:
    """Type of as many of a kind as x has lanes; of one, if x is a number."""
    return ir.VectorType(kind, WIDE) if isinstance(x.type, ir.VectorType) else kind


def _constant(kind: Any, number: int) -> Any:
    return ir.Constant(kind, [number] * WIDE if isinstance(kind, ir.VectorType) else number)


def _define(operation: Any, result: Any, pairs: tuple[tuple[Any, ...], ...], build: Build) -> None:
    """Give an operator of Python a meaning for values or masks."""
    cases = [signature(result, *pair) for pair in pairs]
    infer_global(operation)(type("_Template", (ConcreteTemplate,), {"cases": cases}))
    for pair in pairs:

        @lower_builtin(operation, *pair)
        def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return build(builder, *(spread_out(builder, arg) for arg in args))


_OF_VALUES = (_lanes, _lanes), (_lanes, types.float64), (types.float64, _lanes)
_OF_MASKS = ((_mask, _mask),)
_OF_WORDS = (_words, _words), (_words, types.uint64), (types.uint64, _words)

for _operators, _method in (
    ((operator.add, operator.iadd), "fadd"),
    ((operator.sub, operator.isub), "fsub"),
    ((operator.mul, operator.imul), "fmul"),
    ((operator.truediv, operator.itruediv), "fdiv"),
):
    for _operator in _operators:
        _define(_operator, _lanes, _OF_VALUES, lambda builder, x, y, method=_method: getattr(builder, method)(x, y))

for _operator, _sign in (
    (operator.lt, "<"),
    (operator.le, "<="),
    (operator.gt, ">"),
    (operator.ge, ">="),
    (operator.eq, "=="),
):
    _define(_operator, _mask, _OF_VALUES, lambda builder, x, y, sign=_sign: builder.fcmp_ordered(sign, x, y))

_define(operator.neg, _lanes, ((_lanes,),), lambda builder, x: builder.fneg(x))
_define(operator.and_, _mask, _OF_MASKS, lambda builder, x, y: builder.and_(x, y))
_define(operator.and_, _words, _OF_WORDS, lambda builder, x, y: builder.and_(x, y))
_define(operator.xor, _words, _OF_WORDS, lambda builder, x, y: builder.xor(x, y))
_define(operator.add, _words, _OF_WORDS, lambda builder, x, y: builder.add(x, y))
_define(operator.mul, _words, _OF_WORDS, lambda builder, x, y: builder.mul(x, y))
_define(operator.rshift, _words, _OF_WORDS, lambda builder, x, y: builder.lshr(x, y))
_define(operator.or_, _mask, _OF_MASKS, lambda builder, x, y: builder.or_(x, y))


# ---- functions


def _are_values(*kinds: Any) -> bool:
    return all(kind in (_lanes, types.float64) for kind in kinds)


def _result_of(kinds: tuple[Any, ...]) -> Any:
    """A value if one of them is; else what all of them are, if that is a kind of number."""
    if _lanes in kinds:
        return _lanes if _are_values(*kinds) else None
    return kinds[0] if set(kinds) in ({types.float32}, {types.float64}) else None


def _function(name: str, count: int, build: Build) -> Any:
    """A function of one to three values or numbers: a value if one of them is, else a number."""

    def defined(kinds: tuple[Any, ...]) -> Any:
        result = _result_of(kinds)

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return build(builder, *(spread_out(builder, arg) if result == _lanes else arg for arg in args))

        return None if result is None else (result(*kinds), codegen)

    # numba reads the number of arguments off the function
    forms: dict[int, Any] = {
        1: lambda typingctx, x: defined((x,)),
        2: lambda typingctx, x, y: defined((x, y)),
        3: lambda typingctx, x, y, z: defined((x, y, z)),
    }
    form = forms[count]
    form.__name__ = name
    return _intrinsic(form)


def _declared(builder: Any, name: str, kind: Any, count: int) -> Any:
    """One of LLVM's own functions."""
    function = builder.module.globals.get(name)
    return function or ir.Function(builder.module, ir.FunctionType(kind, [kind] * count), name)


def fused_multiply_add(builder: Any, x: Any, y: Any, z: Any) -> Any:
    """LLVM's function for vectors; the builder's own is for numbers."""
    kind = x.type
    if not isinstance(kind, ir.VectorType):
        return builder.fma(x, y, z)
    name = f"llvm.fma.v{kind.count}f{64 if kind.element == ir.DoubleType() else 32}"
    return builder.call(_declared(builder, name, kind, 3), [x, y, z])


def _times_power(builder: Any, x: Any, k: Any) -> Any:
    bits = _as_wide(x, _I64)
    exponent = builder.shl(builder.bitcast(k, bits), _constant(bits, 52))
    return builder.bitcast(builder.add(builder.bitcast(x, bits), exponent), x.type)


def _sqrt(builder: Any, x: Any) -> Any:
    name = f"llvm.sqrt.v{WIDE}f64" if x.type == _VALUE else "llvm.sqrt.f64"
    return builder.call(_declared(builder, name, x.type, 1), [x])


larger = _function("larger", 2, lambda builder, x, y: builder.select(builder.fcmp_ordered("<", x, y), y, x))
"""The larger one; the first where they are equal or one of them is NaN, as Python's ``max``."""

smaller = _function("smaller", 2, lambda builder, x, y: builder.select(builder.fcmp_ordered("<", y, x), y, x))
"""The smaller one; the first where they are equal or one of them is NaN, as Python's ``min``."""

fma = _function("fma", 3, fused_multiply_add)
"""Product of the first two plus the third, rounded once."""

sqrt = _function("sqrt", 1, _sqrt)
"""Square root, rounded correctly."""

times_power = _function("times_power", 2, _times_power)
"""The first times two to the whole number in the low bits of the second's mantissa."""


@_intrinsic
def spread(typingctx: Any, x: Any) -> Any:
    """A value of a number."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return spread_out(builder, args[0])

    return (_lanes(x), codegen) if _are_values(x) else None


@_intrinsic
def where(typingctx: Any, mask: Any, x: Any, y: Any) -> Any:
    """The second where the mask holds, else the third."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.select(args[0], spread_out(builder, args[1]), spread_out(builder, args[2]))

    return (_lanes(mask, x, y), codegen) if mask == _mask and _are_values(x, y) else None


def _whole(builder: Any, x: Any) -> Any:
    return builder.sitofp(builder.fptosi(x, _as_wide(x, _I32)), x.type)


whole = _function("whole", 1, _whole)
"""Whole part of what is below 2^31 in size."""


_LOWEST = 0x3FE6A09E667F3BCD  # bits of the square root of 1/2


def _bits_and_exponent(builder: Any, x: Any) -> tuple[Any, Any]:
    """Bits of x, and the exponent that brings its fraction to [sqrt(1/2), sqrt(2))."""
    kind = _as_wide(x, _I64)
    bits = builder.bitcast(x, kind)
    return bits, builder.ashr(builder.sub(bits, _constant(kind, _LOWEST)), _constant(kind, 52))


def _exponent(builder: Any, x: Any) -> Any:
    _, exponent = _bits_and_exponent(builder, x)
    # by way of 32 bits: few processors convert 64
    return builder.sitofp(builder.trunc(exponent, _as_wide(x, _I32)), x.type)


def _fraction(builder: Any, x: Any) -> Any:
    bits, exponent = _bits_and_exponent(builder, x)
    return builder.bitcast(builder.sub(bits, builder.shl(exponent, _constant(bits.type, 52))), x.type)


exponent = _function("exponent", 1, _exponent)
"""Whole number k for which a positive normal x is 2^k times its `fraction`."""

fraction = _function("fraction", 1, _fraction)
"""What is left of a positive normal x without its power of two, in [sqrt(1/2), sqrt(2))."""


@_intrinsic
def some(typingctx: Any, mask: Any) -> Any:
    """Whether a mask holds on any lane."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        bits = ir.IntType(WIDE)
        return builder.icmp_unsigned("!=", builder.bitcast(args[0], bits), ir.Constant(bits, 0))

    return (types.boolean(mask), codegen) if mask == _mask else None


def place(context: Any, builder: Any, array_type: Any, array: Any, offset: Any, lanes: int = WIDE) -> Any:
    """Pointer to a vector of so many elements of an array, from an offset on.

    They are in bounds, where that is to be checked (NUMBA_BOUNDSCHECK).
    """
    made = context.make_array(array_type)(context, builder, array)
    if context.enable_boundscheck:
        last = builder.add(offset, ir.Constant(offset.type, lanes - 1))
        cgutils.do_boundscheck(context, builder, last, made.nitems)
    pointer = builder.gep(made.data, [offset])
    return builder.bitcast(pointer, ir.VectorType(pointer.type.pointee, lanes).as_pointer())


def _holds(array: Any, kind: Any) -> bool:
    """Whether elements of an array are of a kind and lie one behind the other."""
    return isinstance(array, types.Array) and array.dtype == kind and array.layout == "C"


@_intrinsic
def load(typingctx: Any, w: Any, offset: Any) -> Any:
    """The `WIDE` lanes of a workspace from an offset on."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(place(context, builder, signature.args[0], *args), align=8)

    return (_lanes(w, offset), codegen) if _holds(w, types.float64) else None


@_intrinsic
def store(typingctx: Any, w: Any, offset: Any, x: Any) -> Any:
    """Put a value, or a number, into the `WIDE` lanes of a workspace from an offset on."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array, offset, x = args
        builder.store(spread_out(builder, x), place(context, builder, signature.args[0], array, offset), align=8)
        return context.get_dummy_value()

    return (types.void(w, offset, x), codegen) if _holds(w, types.float64) and _are_values(x) else None


def _least(builder: Any, x: Any, sign: str) -> Any:
    found = builder.extract_element(x, ir.Constant(_I32, 0))
    for lane in range(1, WIDE):
        other = builder.extract_element(x, ir.Constant(_I32, lane))
        found = builder.select(builder.fcmp_ordered(sign, other, found), other, found)
    return found


def _of_lanes(name: str, build: Build) -> Any:
    """A function of a value to a number."""

    def function(typingctx: Any, x: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return build(builder, args[0])

        return (types.float64(x), codegen) if x == _lanes else None

    function.__name__ = name
    return _intrinsic(function)


least = _of_lanes("least", lambda builder, x: _least(builder, x, "<"))
"""The smallest of a value's lanes."""

greatest = _of_lanes("greatest", lambda builder, x: _least(builder, x, ">"))
"""The largest of a value's lanes."""


@_intrinsic
def words_from(typingctx: Any, first: Any) -> Any:
    """Words: a first one and those that follow."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.add(spread_out(builder, args[0]), ir.Constant(_WORDS, list(range(WIDE))))

    return (_words(first), codegen) if first == types.uint64 else None


@_intrinsic
def words_of(typingctx: Any, word: Any) -> Any:
    """The same word on all lanes."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return spread_out(builder, args[0])

    return (_words(word), codegen) if word == types.uint64 else None


@_intrinsic
def store_words(typingctx: Any, u: Any, offset: Any, words: Any) -> Any:
    """Put the lower halves of words into an array of uint32 from an offset on."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array, offset, words = args
        halves = builder.trunc(words, ir.VectorType(_I32, WIDE))
        builder.store(halves, place(context, builder, signature.args[0], array, offset), align=4)
        return context.get_dummy_value()

    return (types.void(u, offset, words), codegen) if _holds(u, types.uint32) and words == _words else None


@_intrinsic
def store_singles(typingctx: Any, array: Any, offset: Any, x: Any) -> Any:
    """Put a value into an array of float32, whose elements lie one behind the other, from an offset on."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array, offset, x = args
        singles = builder.fptrunc(x, ir.VectorType(ir.FloatType(), WIDE))
        builder.store(singles, place(context, builder, signature.args[0], array, offset), align=4)
        return context.get_dummy_value()

    # no test of the layout: an empty part of an array, into which nothing is put, may have another
    return (types.void(array, offset, x), codegen) if array.dtype == types.float32 and x == _lanes else None


@_intrinsic
def load_words(typingctx: Any, u: Any, offset: Any) -> Any:
    """The `WIDE` words (uint32) of an array from an offset on, as a value."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        words = builder.load(place(context, builder, signature.args[0], *args), align=4)
        return builder.uitofp(words, _VALUE)

    return (_lanes(u, offset), codegen) if _holds(u, types.uint32) else None


@_intrinsic
def gather(typingctx: Any, c: Any, first: Any, steps: Any) -> Any:
    """Elements of an array, for each lane as many after an offset as the whole number in `steps` says."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array, first, steps = args
        numbers, found = builder.fptosi(steps, ir.VectorType(_I32, WIDE)), ir.Constant(_VALUE, ir.Undefined)
        for lane in range(WIDE):
            at = ir.Constant(_I32, lane)
            offset = builder.add(first, builder.zext(builder.extract_element(numbers, at), first.type))
            one = builder.load(place(context, builder, signature.args[0], array, offset, 1), align=8)
            found = builder.insert_element(found, builder.extract_element(one, ir.Constant(_I32, 0)), at)
        return found

    return (_lanes(c, first, steps), codegen) if _holds(c, types.float64) and steps == _lanes else None
