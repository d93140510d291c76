"""Decorators of compiled code, and mathematics of numbers and of values, with no library call in it.

Accuracy is measured in ``tests/kernel/test_maths.py``.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from llvmlite import ir
from numba import config, njit, types
from numba.extending import intrinsic

from spvrisk.kernel.cache import cache_folder
from spvrisk.kernel.lanes import LANES
from spvrisk.kernel.linking import BY_ADDRESS, WITHIN, Linked
from spvrisk.kernel.simd import exponent, fma, fraction, larger, smaller, times_power

U = np.uint64
L = U(LANES)
"""Lane count, unsigned."""
ROUNDED = 1.0 + 1e-12
"""What adds up to a limit is not above it for its rounding: limits are compared times this."""


@contextlib.contextmanager
def _vectors_as_written() -> Iterator[None]:
    """Keep the loop vectoriser away: the kernel's vectors are in its code, and looking for more takes half the time.

    At numba's level "max" it is run once all the same, and finds nothing but loops over paths of one lane.
    """
    before = _config.LOOP_VECTORIZE
    _config.LOOP_VECTORIZE = 0
    try:
        yield
    finally:
        _config.LOOP_VECTORIZE = before


class _Kernel(Linked):
    """Compiles the kernel; tells LLVM that the arrays handed to a function do not overlap."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.state.flags.noalias = True

    def compile_extra(self, func: Any) -> Any:
        """Compile a function, and all that it calls."""
        with _vectors_as_written():
            return super().compile_extra(func)


_config: Any = config  # its names are made at run time
_njit: Any = njit  # its stubs know no option for wrappers
_intrinsic: Any = intrinsic  # they count the typing context among the arguments of a call
_LICENCE: dict[str, Any] = {"error_model": "numpy", "nogil": True, "pipeline_class": _Kernel}
# no licence to change a float: which product of a b + c d is rounded would be the choice of the compiler, by context
# What is to be fused is written so (`fma`): the same bits wherever it is worked out


def clause(function: Any) -> Any:
    """Compile a lane function, to be called from compiled code only: it has no wrapper for Python."""
    return _njit(**_LICENCE, **WITHIN)(function)


def fused(function: Any) -> Any:
    """Compile a clause into its callers.

    A call passes every field of every array, some eighty numbers: more work than a scalar clause does itself.
    """
    return _njit(**_LICENCE, **WITHIN, forceinline=True)(function)


def entry(function: Any) -> Any:
    """Compile a function that is called from Python; its machine code is kept between processes."""
    with cache_folder():
        return _njit(**_LICENCE, cache=True)(function)


def stage(function: Any) -> Any:
    """Compile a function that an entry point calls by its address; its machine code is kept between processes."""
    with cache_folder():
        return _njit(**_LICENCE, **BY_ADDRESS, cache=True)(function)


def inline(function: Any) -> Any:
    """Let a function be part of its callers before they are compiled: a scalar helper, or a stage that is called once.

    By itself it is not compiled: each floor of `fused` functions would optimise all that lies below once more.
    """
    return njit(error_model="numpy", inline="always")(function)


def _bitcast(source: Any, target: Any, llvm: Any) -> Any:
    @intrinsic
    def cast(typingctx: Any, x: Any) -> Any:
        if x != source:
            return None

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.bitcast(args[0], llvm)

        return target(source), codegen

    return cast


bits32 = _bitcast(types.float32, types.int32, ir.IntType(32))
float_of_bits32 = _bitcast(types.int32, types.float32, ir.FloatType())
word_of_float32 = _bitcast(types.float32, types.uint32, ir.IntType(32))
float32_of_word = _bitcast(types.uint32, types.float32, ir.FloatType())


@_intrinsic
def borrow(typingctx: Any, array: Any) -> Any:
    """Return the array without its owner: passing it on then costs no reference counts.

    Whoever borrows must not outlive the array.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        view = context.make_array(signature.args[0])(context, builder, args[0])
        view.meminfo = view.meminfo.type(None)
        view.parent = view.parent.type(None)
        return view._getvalue()

    return array(array), codegen


_ROUND = 6755399441055744.0  # 1.5 * 2^52: adding it leaves the nearest integer in the low mantissa bits
_LN2_HIGH = 6.93147180369123816490e-01  # Cody and Waite's two-part logarithm of 2
_LN2_LOW = 1.90821492927058770002e-10


@inline
def exp(x):
    """Exponential of a number or a value, relative error below 4e-16; arguments are clamped to [-700, 700]."""
    x = smaller(larger(x, -700.0), 700.0)
    shifted = fma(x, 1.4426950408889634, _ROUND)
    k = shifted - _ROUND
    r = fma(k, -_LN2_LOW, fma(k, -_LN2_HIGH, x))
    r2 = r * r
    r4 = r2 * r2
    # Taylor to degree 13 on |r| <= ln 2 / 2, in pairs to shorten the chain of dependent operations
    a = fma(r2, fma(r, 1.6666666666666666e-01, 0.5), 1.0 + r)
    b = fma(
        r2,
        fma(r, 1.9841269841269841e-04, 1.3888888888888889e-03),
        fma(r, 8.3333333333333333e-03, 4.1666666666666664e-02),
    )
    c = fma(
        r2,
        fma(r, 2.5052108385441720e-08, 2.7557319223985888e-07),
        fma(r, 2.7557319223985893e-06, 2.4801587301587302e-05),
    )
    d = fma(r, 1.6059043836821613e-10, 2.0876756987868099e-09)
    p = fma(r4, fma(r4, fma(r4, d, c), b), a)
    return times_power(p, shifted)


@inline
def log(x):
    """Natural logarithm of a positive normal number or value (fdlibm's e_log reduction and polynomial).

    Relative error below 3e-16.
    """
    k, f = exponent(x), fraction(x) - 1.0
    s = f / (2.0 + f)
    z = s * s
    v = z * z
    odd = v * fma(v, fma(v, 1.531383769920937332e-01, 2.222219843214978396e-01), 3.999999999940941908e-01)
    even = z * fma(
        v,
        fma(v, fma(v, 1.479819860511658591e-01, 1.818357216161805012e-01), 2.857142874366239149e-01),
        6.666666666666735130e-01,
    )
    half = 0.5 * f * f
    rest = half - fma(s, half + odd + even, k * _LN2_LOW)
    return fma(k, _LN2_HIGH, f - rest)


@inline
def unit(word):
    """Uniform number in (0, 1) of a 32-bit word, given as a number or a value."""
    return (word + 0.5) * 2.3283064365386963e-10
