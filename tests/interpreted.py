"""The kernel's clauses run as plain Python: seconds for a few paths, where a compiled kernel takes a minute to be made.

The clauses are read from their source, or from a changed copy of it, and run on lists of Python numbers. What they
stand on is replaced: the random generator and the scores by the reference's, `exp` and `log` by the library's, values
of eight lanes by plain numbers. Division by zero gives what machine arithmetic gives. With one lane a value, what asks
whether a mask holds on some lane never meets lanes that disagree: the compiled kernel alone is tested in that.
"""

import ast
import builtins
import copy
import math
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from types import CodeType, ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

import reference as ref
import spvrisk
from spvrisk.plan.arrays import Plan
from spvrisk.plan.outputs import FANS

KERNEL = Path(spvrisk.__file__).parent / "kernel"
LANES = 8
OFFSETS_FROM = 2.0**52
CLAUSES = (
    "rows",
    "whole_rows",
    "tables",
    "workspace",
    "inputs",
    "world",
    "dates",
    "log",
    "regimes",
    "selection",
    "events",
    "clock",
    "construction",
    "debt",
    "operation",
    "factors",
    "irr",
    "split",
    "pool",
    "booking",
    "results",
    "stack",
    "path",
    "run",
)
"""Modules that are interpreted, each after those it imports."""


# What stands for the modules below the clauses


def divide(a: float, b: float) -> float:
    """Divide as machines do."""
    try:
        return a / b
    except ZeroDivisionError:
        return math.nan if a == 0.0 or a != a else math.copysign(math.inf, a) * math.copysign(1.0, b)


_SPLIT = 2.0**27 + 1.0


def _halves(x: float) -> tuple[float, float]:
    """Upper and lower half of a number's digits (Veltkamp 1968)."""
    high = _SPLIT * x - (_SPLIT * x - x)
    return high, x - high


def fma(a: float, b: float, c: float) -> float:
    """Product of the first two plus the third, rounded once; Python has it from 3.13 on.

    A product and its error, both numbers (Dekker 1971), are added to the third by the library's exact sum.
    """
    product = a * b
    if not 1e-250 < abs(product) < 1e250 or max(abs(a), abs(b)) > 1e250:  # out of the range in which the error is one
        return product + c
    (a_high, a_low), (b_high, b_low) = _halves(a), _halves(b)
    error = a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low)
    return math.fsum((product, error, c))


def _sqrt(x: float) -> float:
    return math.sqrt(x) if x >= 0.0 else math.nan


def _exp(x: float) -> float:
    return math.exp(min(max(x, -700.0), 700.0))


def _log(x: float) -> float:
    """The kernel's logarithm takes the bits apart: what is no positive number gives some finite one."""
    return math.log(min(x, sys.float_info.max)) if x > 0.0 else -709.0


def _unit(word: int) -> float:
    return (word + 0.5) * 2.0**-32


@cache
def _block(seed: int, path: int, stream: int, block: int) -> tuple[tuple[int, ...], ...]:
    """Words of a block of a stream, ``(4, lane)``; kept, since every mutant asks for the same."""
    paths = np.arange(path, path + LANES, dtype=np.uint64)
    counter = (paths & ref.LOW_32, paths >> np.uint64(32), np.uint64(stream), np.uint64(block))
    key = (seed & 0xFFFFFFFF, seed >> 32)
    return tuple(tuple(row.tolist()) for row in ref.philox4x32_10(counter, key))


@cache
def _block_scores(seed: int, path: int, stream: int, block: int) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(ref.score_from_word(row).tolist()) for row in _block(seed, path, stream, block))


@cache
def _score(word: int) -> float:
    return float(ref.score_from_word(word))


class _Draws(NamedTuple):
    kind: int
    seed: int
    replicate: int
    path: int
    words: list


def _word(draws: _Draws, stream: int, index: int) -> int:
    lane = draws.path % LANES
    return _block(draws.seed, draws.path - lane, stream, index // 4)[index % 4][lane]


def _uniforms(draws: _Draws, w: list, row: int, stream: int) -> None:
    w[row : row + LANES] = [_unit(word) for word in _block(draws.seed, draws.path, stream, 0)[0]]


def _four_uniforms(draws: _Draws, w: list, first: int, stream: int, block: int) -> None:
    words = _block(draws.seed, draws.path, stream, block)
    w[first : first + 4 * LANES] = [_unit(word) for row in words for word in row]


def _scores(draws: _Draws, w: list, row: int, stream: int) -> None:
    w[row : row + LANES] = _block_scores(draws.seed, draws.path, stream, 0)[0]


def _four_scores(draws: _Draws, w: list, first: int, stride: int, stream: int, block: int) -> None:
    for i, row in enumerate(_block_scores(draws.seed, draws.path, stream, block)):
        w[first + i * stride : first + i * stride + LANES] = row


def _cubics(c: list, w: list, place: int, s: float) -> float:
    at = int(w[place] - OFFSETS_FROM)
    return c[at] + s * (c[at + 1] + s * (c[at + 2] + s * c[at + 3]))


def _position(y: float, bits: int, per: float) -> float:
    """Number of the cell, and the place in it: 1.f times a power of two has it in the bits behind the exponent."""
    mantissa, exponent = math.frexp(1.0 + y * y * per)
    return (exponent - 1 + (2.0 * mantissa - 1.0)) * 2**bits


def _tail_cells(y: float, cells: tuple[int, int, int], per: float) -> float:
    table, bits, last = cells
    return OFFSETS_FROM + table + 4 * min(int(_position(y, bits, per)), last)


def _tails(y: float, c: list, w: list, place: int, bits: int, per: float) -> float:
    position = _position(y, bits, per)
    return y * _cubics(c, w, place, position - int(position))


def _same(function: Any) -> Any:
    return function


def _where(mask: bool, x: float, y: float) -> float:
    return x if mask else y


def _load(w: list, place: int) -> float:
    return w[place]


def _store(w: Any, place: int, x: float) -> None:
    if isinstance(w, list):
        w[place] = x
    else:  # a leaf's values
        w.reshape(-1)[place] = x


STANDING_IN: dict[str, SimpleNamespace] = {
    "numba": SimpleNamespace(uint64=int, int32=int, int64=np.int64, float64=float),
    "spvrisk.kernel.lanes": SimpleNamespace(LANES=LANES),
    "spvrisk.kernel.cache": SimpleNamespace(cache_folder=nullcontext, settled=lambda: None),
    "spvrisk.kernel.linking": SimpleNamespace(
        address_of=lambda function, arguments: function, call_at=lambda function, arguments: function(*arguments),
    ),
    "spvrisk.kernel.maths": SimpleNamespace(
        ROUNDED=1.0 + 1e-12, U=int, L=LANES, clause=_same, fused=_same, entry=_same, stage=_same, inline=_same,
        borrow=_same, fma=fma, exp=_exp, log=_log, unit=_unit,
    ),
    "spvrisk.kernel.draws": SimpleNamespace(
        PHILOX=0, Draws=_Draws, of_lane=lambda draws, l: draws._replace(path=draws.path + l),
        exponential=lambda u: -_log(1.0 - u), uniform=lambda *draw: _unit(_word(*draw)),
        score=lambda *draw: _score(_word(*draw)), uniforms=_uniforms, four_uniforms=_four_uniforms,
        scores=_scores, four_scores=_four_scores,
    ),
    "spvrisk.kernel.simd": SimpleNamespace(
        WIDE=1, larger=max, smaller=min, fma=fma, spread=_same, sqrt=_sqrt, where=_where,
        load=_load, store=_store, store_singles=_store, some=bool, least=_same, greatest=_same,
        whole=lambda x: float(int(x)), gather=lambda c, first, steps: c[first + int(steps)],
    ),
    "spvrisk.kernel.vectors": SimpleNamespace(
        OFFSETS_FROM=OFFSETS_FROM, cubics=_cubics, tail_cells=_tail_cells, tails=_tails,
    ),
}  # fmt: skip


# Loading


class _Divisions(ast.NodeTransformer):
    """Call `divide` for each division."""

    def _call(self, node: ast.AST, left: ast.expr, right: ast.expr) -> ast.expr:
        return ast.copy_location(ast.Call(ast.Name("divide", ast.Load()), [left, right], []), node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:  # noqa: N802 - the name that ast looks for
        self.generic_visit(node)
        return self._call(node, node.left, node.right) if isinstance(node.op, ast.Div) else node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:  # noqa: N802
        self.generic_visit(node)
        if not isinstance(node.op, ast.Div):
            return node
        loaded = copy.deepcopy(node.target)
        loaded.ctx = ast.Load()
        return ast.copy_location(ast.Assign([node.target], self._call(node, loaded, node.value)), node)


def source_of(module: str) -> Path:
    """Source of one of the kernel's modules."""
    return KERNEL / f"{module}.py"


@cache
def text_of(module: str) -> str:
    """Source text of one of the kernel's modules, as it was when it was first read."""
    return source_of(module).read_text(encoding="utf-8")


@cache
def tree_of(module: str) -> ast.Module:
    """Syntax tree of one of the kernel's modules; not to be changed."""
    return ast.parse(text_of(module))


def code_of(module: str, tree: ast.Module) -> CodeType:
    """Code of a module's syntax tree, which is left as it is."""
    tree = ast.fix_missing_locations(_Divisions().visit(copy.deepcopy(tree)))
    return compile(tree, source_of(module), "exec")


@cache
def _code_as_written(module: str) -> CodeType:
    return code_of(module, tree_of(module))


def load(changed: Mapping[str, CodeType] | None = None) -> dict[str, dict[str, Any]]:
    """Run the kernel's modules, some of them from changed code; their names by module."""
    modules: dict[str, Any] = dict(STANDING_IN)
    kernel = modules["spvrisk.kernel"] = SimpleNamespace(draws=modules["spvrisk.kernel.draws"])
    out = {}

    def find(name: str, *arguments: Any) -> Any:
        return modules[name] if name in modules else builtins.__import__(name, *arguments)

    numbers = SimpleNamespace(inf=math.inf, nan=math.nan, sqrt=_sqrt)
    for module in CLAUSES:
        full = ModuleType(f"interpreted.{module}")
        full.__dict__.update(__builtins__={**vars(builtins), "__import__": find}, divide=divide)
        exec((changed or {}).get(module) or _code_as_written(module), full.__dict__)
        if module != "workspace":  # which makes arrays
            full.__dict__["np"] = numbers  # Python's numbers are several times as fast
        modules[f"spvrisk.kernel.{module}"] = full
        setattr(kernel, module, full)
        out[module] = vars(full)
    return out


# Running


class Records(list):
    """Records, or numbers, that know how many they are."""

    @property
    def size(self) -> int:
        return len(self)

    def __setitem__(self, at: Any, value: Any) -> None:
        if isinstance(at, slice) and not isinstance(value, list):
            value = [value] * len(self[at])
        super().__setitem__(at, value)


def _records(array: np.ndarray) -> Records:
    names = array.dtype.names
    if names is None:
        return Records(array.tolist())
    return Records(SimpleNamespace(**dict(zip(names, row, strict=True))) for row in array.tolist())


def run(
    modules: Mapping[str, Mapping[str, Any]], plan: Plan, series: int, seed: int, first: int, n: int = LANES
) -> dict[str, Any]:
    """Run one row of `n` paths from `first`, a multiple of the lanes; what they leave, by name.

    They are the second block of a leaf, in a workspace that is full of what must not be read before it is written.
    """
    (at, work), g = modules["workspace"]["make_work"](plan), plan.study[0]
    work = type(work)([math.nan] * work.w.size, work.words.tolist(), *(_records(array) for array in work[2:]))
    steps, factors = int(g["steps"]), plan.factors.size
    leaf = modules["workspace"]["Leaf"](
        values=np.zeros((series, 2 * LANES)),
        inputs=np.zeros((modules["workspace"]["inputs_of"](plan), 2 * LANES)),
        partial=[0.0] * (int(g["units"]) * int(g["timeline_rows"]) * steps),
        occupancy=np.zeros((2, plan.states.size, steps + 2)),
        step_means=[0.0] * (int(g["step_means"]) * steps),
        fans=np.zeros((len(FANS), steps, 2 * LANES)),
        traced=np.zeros(0, np.uint64),
        trace=np.zeros((0, 0, 0, 0)),
        log=np.zeros((0, 5)),
    )
    modules["run"]["run_paths"](Plan(*(_records(part) for part in plan)), at, work, leaf, seed, first, LANES, n)
    rows = work.w[at.factor.first :][: steps * factors * LANES]
    outer, whole = leaf.occupancy
    block = slice(LANES, LANES + n)
    return {
        "values": leaf.values[:, block],
        "sums": np.reshape(leaf.partial, (int(g["units"]), steps, int(g["timeline_rows"]))).swapaxes(1, 2),
        "factors": np.reshape(rows, (steps, factors, LANES))[:, :, :n],
        "occupancy": (outer + np.cumsum(whole, axis=1))[:, :-2],
        "fans": leaf.fans[:, :, block],
    }
