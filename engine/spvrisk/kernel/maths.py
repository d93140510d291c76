"""Lane maths: scalar expressions that LLVM turns into vectors, with no library call among them.

Accuracy is measured in ``tests/kernel/test_maths.py``.
"""

from typing import Any

import numba
import numpy as np
from llvmlite import binding, ir
from numba import float32, float64, int32, int64, njit, types, uint32
from numba.core.compiler import Compiler
from numba.extending import intrinsic

from spvrisk.kernel.lanes import LANES

U = np.uint64
L = U(LANES)
"""Lane count, unsigned."""


def _use_wide_vectors() -> None:
    """Let LLVM use 512-bit vectors where it would keep to 256: an eighth less time, the same bits.

    From Ice Lake on only, whose clock does not suffer, and only where the user has not chosen features. Has no effect
    if something else in the process has been compiled already.
    """
    config: Any = numba.config
    features = binding.get_host_cpu_features()
    if config.CPU_FEATURES is None and config.ENABLE_AVX and features.get("avx512vbmi2"):
        config.CPU_FEATURES = features.flatten() + ",-prefer-256-bit"


_use_wide_vectors()


class _Apart(Compiler):
    """Tells LLVM that the arrays handed to a function do not overlap, without which it does not vectorise gathers."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.state.flags.noalias = True


_njit: Any = njit  # its stubs know no option for wrappers
_intrinsic: Any = intrinsic  # they count the typing context among the arguments of a call
_LICENCE: dict[str, Any] = {"fastmath": {"contract"}, "error_model": "numpy", "nogil": True, "pipeline_class": _Apart}
# contraction to FMA is the only licence given to the compiler: NaN tests stay true


def clause(function: Any) -> Any:
    """Compile a lane function, to be called from compiled code only: it has no wrapper for Python."""
    return _njit(**_LICENCE, no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)


def entry(function: Any) -> Any:
    """Compile a function that is called from Python; its machine code is kept between processes."""
    return _njit(**_LICENCE, cache=True)(function)


def inline(function: Any) -> Any:
    """Compile a scalar helper into its callers."""
    return njit(fastmath={"contract"}, error_model="numpy", inline="always")(function)


def _bitcast(source: Any, target: Any, llvm: Any) -> Any:
    @intrinsic
    def cast(typingctx: Any, x: Any) -> Any:
        if x != source:
            return None

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.bitcast(args[0], llvm)

        return target(source), codegen

    return cast


bits64 = _bitcast(types.float64, types.int64, ir.IntType(64))
float_of_bits64 = _bitcast(types.int64, types.float64, ir.DoubleType())
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


F = np.float32
_ROUND = 6755399441055744.0  # 1.5 * 2^52: adding it leaves the nearest integer in the low mantissa bits
_LN2_HIGH = 6.93147180369123816490e-01  # Cody and Waite's two-part logarithm of 2
_LN2_LOW = 1.90821492927058770002e-10


@inline
def exp(x):
    """Exponential, relative error below 4e-16; arguments are clamped to [-700, 700]."""
    x = min(max(x, -700.0), 700.0)
    shifted = x * 1.4426950408889634 + _ROUND
    k = shifted - _ROUND
    r = x - k * _LN2_HIGH - k * _LN2_LOW
    r2 = r * r
    r4 = r2 * r2
    # Taylor to degree 13 on |r| <= ln 2 / 2, in pairs to shorten the chain of dependent operations
    a = (1.0 + r) + r2 * (0.5 + r * 1.6666666666666666e-01)
    b = (4.1666666666666664e-02 + r * 8.3333333333333333e-03) + r2 * (
        1.3888888888888889e-03 + r * 1.9841269841269841e-04
    )
    c = (2.4801587301587302e-05 + r * 2.7557319223985893e-06) + r2 * (
        2.7557319223985888e-07 + r * 2.5052108385441720e-08
    )
    d = 2.0876756987868099e-09 + r * 1.6059043836821613e-10
    p = a + r4 * (b + r4 * (c + r4 * d))
    return float_of_bits64(bits64(p) + (bits64(shifted) << int64(52)))


@inline
def log(x):
    """Natural logarithm of a positive normal number (fdlibm's e_log reduction and polynomial).

    Relative error below 3e-16.
    """
    i = bits64(x)
    e = (i - int64(0x3FE6A09E667F3BCD)) >> int64(52)
    f = float_of_bits64(i - (e << int64(52))) - 1.0
    k = float64(e)
    s = f / (2.0 + f)
    z = s * s
    v = z * z
    odd = v * (3.999999999940941908e-01 + v * (2.222219843214978396e-01 + v * 1.531383769920937332e-01))
    even = z * (
        6.666666666666735130e-01
        + v * (2.857142874366239149e-01 + v * (1.818357216161805012e-01 + v * 1.479819860511658591e-01))
    )
    half = 0.5 * f * f
    return k * _LN2_HIGH - ((half - (s * (half + odd + even) + k * _LN2_LOW)) - f)


@inline
def score(word):
    """Standard normal score of a 32-bit word: float32 Phi^-1((word + 1/2) 2^-32), monotone in the word.

    Giles (2010), "Approximating the erfinv function": two polynomials in -log(1 - x^2), here of the word folded about
    one half, so that both tails have the full resolution of the word. |z| <= 6.34.
    """
    folded = int32((word ^ uint32(int32(word) >> int32(31))) & uint32(0x7FFFFFFF))
    y = (float32(folded) + F(0.5)) * F(4.656612873077393e-10)  # two-sided tail probability
    i = int32(bits32(y * (F(2.0) - y)))
    e = int32(int32(i - int32(0x3F3504F3)) >> int32(23))
    x = float_of_bits32(int32(i - (e << int32(23)))) - F(1.0)
    x2 = x * x
    x4 = x2 * x2
    a0 = F(3.3333331174e-1) + x * F(-2.4999993993e-1)
    a1 = F(2.0000714765e-1) + x * F(-1.6668057665e-1)
    a2 = F(1.4249322787e-1) + x * F(-1.2420140846e-1)
    a3 = F(1.1676998740e-1) + x * F(-1.1514610310e-1)
    p = (a0 + x2 * a1) + x4 * (a2 + x2 * a3 + x4 * F(7.0376836292e-2))
    v = -(x * x2 * p + (x - F(0.5) * x2 + float32(e) * F(0.69314718056)))
    c = v - F(2.5)
    c2 = c * c
    c4 = c2 * c2
    body = (
        (F(1.50140941) + c * F(0.246640727))
        + c2 * (F(-0.00417768164) + c * F(-0.00125372503))
        + c4
        * (
            (F(0.00021858087) + c * F(-4.39150654e-06))
            + c2 * (F(-3.5233877e-06) + c * F(3.43273939e-07))
            + c4 * F(2.81022636e-08)
        )
    )
    d = np.sqrt(max(v, F(5.0))) - F(3.0)
    d2 = d * d
    d4 = d2 * d2
    tail = (
        (F(2.83297682) + d * F(1.00167406))
        + d2 * (F(0.00943887047) + d * F(-0.0076224613))
        + d4
        * (
            (F(0.00573950773) + d * F(-0.00367342844))
            + d2 * (F(0.00134934322) + d * F(0.000100950558))
            + d4 * F(-0.000200214257)
        )
    )
    z = (body if v < F(5.0) else tail) * ((F(1.0) - y) * F(1.4142135623730951))
    # the upper half of the words is positive, the lower negative
    return float_of_bits32(int32(bits32(z) | int32(~word & uint32(0x80000000))))


@inline
def unit(word):
    """Uniform number in (0, 1) of a 32-bit word."""
    return (float64(word) + 0.5) * 2.3283064365386963e-10
