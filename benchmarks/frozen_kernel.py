"""Decorators, random numbers and the exponential of the kernel, as they were when these benchmarks were frozen.

A copy on purpose: `kernel_form` and the draws of `numpy_draws` are to stay what they are, whatever becomes of the
kernel. That both still draw the same numbers is seen where they are compared path by path (`agreement`).

Random numbers are Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011), a draw being a word at counter (path low, path high,
stream, block) under the seed as key; normal scores are float32 Phi^-1((word + 1/2) 2^-32) by a table of cubics.
"""

from statistics import NormalDist

import numba
import numpy as np
from llvmlite import binding, ir
from numba import float32, float64, int32, int64, njit, types, uint32, uint64
from numba.core.compiler import Compiler
from numba.extending import intrinsic

LANES = 64
"""Paths per row."""
U, L, F = np.uint64, np.uint64(LANES), np.float32


def use_wide_vectors():
    """Let LLVM use 512-bit vectors where it would keep to 256: an eighth less time, the same bits.

    From Ice Lake on only, whose clock does not suffer, and only where the user has not chosen features. Has no effect
    if something else in the process has been compiled already. Not done here: beside the engine, that is the engine's
    affair.
    """
    config = numba.config
    features = binding.get_host_cpu_features()
    if config.CPU_FEATURES is None and config.ENABLE_AVX and features.get("avx512vbmi2"):
        config.CPU_FEATURES = features.flatten() + ",-prefer-256-bit"


def _keep_no_marks():
    """Let LLVM's loop vectoriser not mark loads and stores of rows as apart on the strength of a check at run time.

    Where the loop around is unrolled later (it is for znver4 and znver5), the marks outlive the check, and a row is
    loaded before it is stored (llvm-project #186922): ``docs/decisions/0013-right-on-every-processor.md``. LLVM reads
    the option whenever it vectorises, so it holds whatever else has been compiled in the process before.
    """
    binding.set_option("spvrisk", "-loop-version-annotate-no-alias=false")


_keep_no_marks()


class _Apart(Compiler):
    """Tells LLVM that the arrays handed to a function do not overlap, without which it does not vectorise gathers."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.state.flags.noalias = True


_LICENCE = {"error_model": "numpy", "nogil": True, "pipeline_class": _Apart}
# no licence to change a float: which product of a b + c d is rounded would be the choice of the compiler, by context
# What is to be fused is written so (`fma`): the same bits wherever it is worked out


def clause(function):
    """Compile a lane function, to be called from compiled code only: it has no wrapper for Python."""
    return njit(**_LICENCE, no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)


def inline(function):
    """Compile a scalar helper into its callers."""
    return njit(error_model="numpy", inline="always")(function)


def _bitcast(source, target, llvm):
    @intrinsic
    def cast(typingctx, x):
        if x != source:
            return None

        def codegen(context, builder, signature, args):
            return builder.bitcast(args[0], llvm)

        return target(source), codegen

    return cast


bits64 = _bitcast(types.float64, types.int64, ir.IntType(64))
float_of_bits64 = _bitcast(types.int64, types.float64, ir.DoubleType())
bits32 = _bitcast(types.float32, types.int32, ir.IntType(32))
float_of_bits32 = _bitcast(types.int32, types.float32, ir.FloatType())
word_of_float32 = _bitcast(types.float32, types.uint32, ir.IntType(32))
float32_of_word = _bitcast(types.uint32, types.float32, ir.FloatType())


@intrinsic
def fma(typingctx, a, b, c):
    """Return a b + c, rounded once."""
    kind = types.float32 if a == b == c == types.float32 else types.float64

    def codegen(context, builder, signature, args):
        return builder.fma(*args)

    return kind(kind, kind, kind), codegen


_ROUND = 6755399441055744.0  # 1.5 * 2^52: adding it leaves the nearest integer in the low mantissa bits
_LN2_HIGH = 6.93147180369123816490e-01  # Cody and Waite's two-part logarithm of 2
_LN2_LOW = 1.90821492927058770002e-10


@inline
def exp(x):
    """Exponential, relative error below 4e-16; arguments are clamped to [-700, 700]."""
    x = min(max(x, -700.0), 700.0)
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
    return float_of_bits64(bits64(p) + (bits64(shifted) << int64(52)))


@inline
def unit(word):
    """Uniform number in (0, 1) of a 32-bit word."""
    return (float64(word) + 0.5) * 2.3283064365386963e-10


# ---------------------------------------------------------------- random words

_MASK = np.uint64(0xFFFFFFFF)
_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_32 = np.uint64(32)


@inline
def philox(c0, c1, c2, c3, k0, k1):
    """Ten rounds on 32-bit values held in 64-bit registers (their upper halves are ignored); four 32-bit words."""
    for _ in range(10):
        p0 = (c0 & _MASK) * _M0
        p1 = (c2 & _MASK) * _M1
        c0, c1, c2, c3 = (p1 >> _32) ^ c1 ^ k0, p1, (p0 >> _32) ^ c3 ^ k1, p0
        k0 = (k0 + _W0) & _MASK
        k1 = (k1 + _W1) & _MASK
    return uint32(c0), uint32(c1), uint32(c2), uint32(c3)


@clause
def word(seed, path, stream, index):
    """Draw one word: number `index` of `stream` on `path`."""
    index = uint64(index)
    a, b, c, d = philox(path & _MASK, path >> _32, uint64(stream), index >> U(2), seed & _MASK, seed >> _32)
    which = index & U(3)
    low = a if which == U(0) else b
    high = c if which == U(2) else d
    return low if which < U(2) else high


@clause
def fill_words(u, seed, path, stream, block):
    """Words of one block of a stream for all lanes: ``u (4, lane) uint32``."""
    k0, k1 = seed & _MASK, seed >> _32
    stream, block = uint64(stream), uint64(block)
    # a block of lanes starts at a multiple of its length, so that the high word is common to all lanes
    low, high = path & _MASK, path >> _32
    for l in range(L):
        a, b, c, d = philox(low + l, high, stream, block, k0, k1)
        u[l] = a
        u[L + l] = b
        u[U(2) * L + l] = c
        u[U(3) * L + l] = d


# ---------------------------------------------------------------- scores

SIXTEEN = 16
_FLOAT, _I32, _I64 = ir.FloatType(), ir.IntType(32), ir.IntType(64)


def _fma(builder, a, b, c):
    """Return a b + c of vectors of float32, rounded once; the builder's own is for scalars."""
    kind = a.type
    name = f"llvm.fma.v{kind.count}f32"
    function = builder.module.globals.get(name)
    if function is None:
        function = ir.Function(builder.module, ir.FunctionType(kind, [kind] * 3), name)
    return builder.call(function, [a, b, c])


def _shuffled(builder, a, b, order):
    return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(_I32, len(order)), order))


def _transposed_floats(builder, fours):
    """Four vectors of sixteen of sixteen vectors of four."""

    def joined(vectors):
        while len(vectors) > 1:
            order = list(range(2 * vectors[0].type.count))
            vectors = [_shuffled(builder, a, b, order) for a, b in zip(vectors[::2], vectors[1::2], strict=True)]
        return vectors[0]

    def by_quarter(a, b, order):
        """Four elements of each quarter of two vectors: 0 to 3 are the first's, 4 to 7 the second's."""
        return _shuffled(builder, a, b, [4 * j + k % 4 + (SIXTEEN if k > 3 else 0) for j in range(4) for k in order])

    # vectors i, i + 4, i + 8, i + 12 side by side, then a 4 x 4 transposition in each quarter
    rows = [joined(fours[i::4]) for i in range(4)]
    low, high = [0, 4, 1, 5], [2, 6, 3, 7]
    a, b, c, d = (by_quarter(rows[i], rows[i + 1], order) for order in (low, high) for i in (0, 2))
    return [by_quarter(x, y, order) for x, y in ((a, b), (c, d)) for order in ([0, 1, 4, 5], [2, 3, 6, 7])]


@intrinsic
def cubics_of_sixteen(typingctx, u, place, address, c):
    """Evaluate c0 + s (c1 + s (c2 + s c3)) in float32 for sixteen lanes; `u` holds bits.

    The places s at u[place + i] give way to the values; the coefficients lie side by side at c[u[address + i]].
    """

    def codegen(context, builder, signature, arguments):
        data, pool = (context.make_array(signature.args[i])(context, builder, arguments[i]).data for i in (0, 3))

        def vector_at(pointer, lanes):
            return builder.bitcast(pointer, ir.VectorType(_FLOAT, lanes).as_pointer())

        # one address after the other from memory: taking them out of a vector would load the units that shuffle
        at = [builder.add(arguments[2], ir.Constant(_I64, i)) for i in range(SIXTEEN)]
        starts = [builder.zext(builder.load(builder.gep(data, [i])), _I64) for i in at]
        fours = [builder.load(vector_at(builder.gep(pool, [start]), 4), align=4) for start in starts]
        places = vector_at(builder.gep(data, [arguments[1]]), SIXTEEN)
        s = builder.load(places, align=4)
        *others, value = _transposed_floats(builder, fours)
        for coefficient in reversed(others):
            value = _fma(builder, value, s, coefficient)
        builder.store(value, places, align=4)
        return context.get_dummy_value()

    return types.void(u, place, address, c), codegen


_OCTAVES, _CELLS = 32, 16  # powers of two that y may lie in, cells in each


def _table():
    """Coefficients of -Phi^-1(y / 2) by cells of y: ``(cell, 4)`` flat; a last cell is for y = 1 alone."""
    nodes = 0.5 - 0.5 * np.cos(np.pi * (np.arange(4) + 0.5) / 4)  # of Chebyshev, on [0, 1]
    lower = np.ldexp(1.0, np.arange(-_OCTAVES, 0))[:, None] * (1.0 + np.arange(_CELLS) / _CELLS)
    width = np.ldexp(1.0, np.arange(-_OCTAVES, 0))[:, None, None] / _CELLS
    quantile = np.vectorize(NormalDist().inv_cdf)
    values = -quantile((lower[:, :, None] + width * nodes) / 2.0)
    cubics = np.linalg.solve(np.vander(nodes, increasing=True), values.reshape(-1, 4).T).T
    return np.append(cubics, np.zeros((1, 4)), axis=0).astype(np.float32).ravel()


_CUBICS = _table()
_FIRST = int(np.array(2.0**-_OCTAVES, np.float32).view(np.int32)) >> 19  # number that the bits give to the first cell


@inline
def _tail(word):
    """Bits of y, the two-sided tail probability of a word."""
    folded = int32((word ^ uint32(int32(word) >> int32(31))) & uint32(0x7FFFFFFF))
    return int32(bits32((float32(folded) + F(0.5)) * F(4.656612873077393e-10)))


@inline
def _address(y):
    """Address of the cell of a y."""
    return int32(int32((y >> int32(19)) - int32(_FIRST)) << int32(2))


@inline
def _place(y):
    """Place within the cell, from 0 to 1: the bits behind the cell's number."""
    fraction = int32(y << int32(4)) & int32(0x007FFFFF)
    return float_of_bits32(int32(fraction | int32(0x3F800000))) - F(1.0)


@inline
def _signed(z, word):
    """The upper half of the words is positive, the lower negative."""
    return float32_of_word(uint32(z | (~word & uint32(0x80000000))))


@inline
def score(word):
    """Standard normal score of a word."""
    y = _tail(word)
    i, s = _address(y), _place(y)
    z = fma(s, fma(s, fma(s, _CUBICS[i + 3], _CUBICS[i + 2]), _CUBICS[i + 1]), _CUBICS[i])
    return _signed(word_of_float32(z), word)


@clause
def score_rows(w, first, stride, u, rows):
    """Scores of so many rows of words in `u`, into the rows ``first``, ``first + stride``, ... of `w`.

    Behind its four rows of words `u` has room for as many addresses, and for places, where the scores then are.
    """
    address, place = U(4) * L, U(8) * L
    for l in range(rows * L):
        y = _tail(u[l])
        u[address + l] = uint32(_address(y))
        u[place + l] = word_of_float32(_place(y))
    for l in range(U(0), rows * L, U(SIXTEEN)):
        cubics_of_sixteen(u, place + l, address + l, _CUBICS)
    for i in range(rows):
        row, source = first + i * stride, i * L
        for l in range(L):
            w[row + l] = _signed(u[place + source + l], u[source + l])


@clause
def fill_scores(w, u, first, stride, seed, path, stream, block):
    """Scores of four consecutive draws, into rows ``first``, ``first + stride``, ..."""
    fill_words(u, seed, path, stream, block)
    score_rows(w, first, stride, u, U(4))
