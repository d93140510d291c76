"""Mutants of the kernel's clauses: does the comparison with the reference notice a fault in each?

A mutant is one small change in the syntax tree of one clause. It runs as plain Python (`interpreted`) and is compared
with the independent reference on the paths, and by the tolerance, of `test_reference_agreement`: first on the quickest
variant of the study that comes by the changed line, then on all others that do.

What cannot matter by construction is left out:

* what a path's trace is told: `note`, `keep_rows`, and rows that nothing in the kernel reads (`shown_rows`);
* sums of the clock's step means (`add_means`), which only the checks of a run read (`test_invariants` compares them);
* which steps are passed over because they would add zeros (`first_step`, `last_step`, `first_operation`,
  `blocks_until`, `counts`): taking in more of them changes nothing; nor do the rows that are set to zero behind them
  (`rest_from_building`, `rest_from_selling`), which steps of nothing have left at zero;
* whether offset 0 of the plan's constants is one (``p.fee_law >= 0`` or ``> 0``): what lies there is no law;
* how soon an iteration ends, where a search begins or what is zero and passed over (`HASTE`): the same is found later;
* lower or equal for lower, where two real numbers are compared that are never equal on any path of the comparison;
* offsets within a row (``+ l``), in an index or where a value is loaded from or stored to: their faults read other
  memory, whatever the clause says.

``python tests/mutants.py [300 [split pool ...]]`` makes and judges the sample, of all files or some, and prints what
`docs/validation/mutants.md` keeps.
"""

import ast
import copy
import hashlib
import multiprocessing
import re
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import zip_longest
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple

import numpy as np

import reference as ref
from engine_runs import compiled, table_values
from every_clause import STUDIES, example_study, with_building, with_text
from interpreted import CLAUSES, LANES, code_of, load, run, source_of, text_of, tree_of
from spvrisk.plan.arrays import Plan
from spvrisk.plan.compile import Compiled
from tolerances import SEED, TOLERANCE, lowest_rate, scale_of

FILES = (
    "clock",
    "regimes",
    "events",
    "selection",
    "dates",
    "factors",
    "construction",
    "operation",
    "debt",
    "split",
    "pool",
    "stack",
    "booking",
    "results",
    "path",
    "irr",
    "tables",
)
FIRST, BLOCKS = 400, 4
"""First path and number of blocks of eight: some of the paths that the comparison of the compiled kernel takes."""
SHORT = 3
"""Paths that the last block has less."""
SLOW = 20
"""A mutant that takes so many times the time of the kernel as written hangs, and counts as killed."""
PER_ROOT = 0.5
"""Mutants for each root of a clause's number of possible ones: large clauses get more, small ones at least one."""

NOT_JUDGED = {"note", "keep_rows", "first_step", "last_step", "first_operation", "blocks_until", "counts"}
NOT_JUDGED |= {"rest_from_building", "rest_from_selling", "add_means"}
OFFSETS = re.compile(r"(_law|^law|\.reviews|\.expected_index|\.floor|^offset)$")
HASTE = {
    "new = where(direct, inside, 0.5 * (low + high))",
    "elif t == span.completion + U(1):",
    "elif t == span.closing + U(1) or earning:",
    "rest_from_building(w)",
    "rest_from_selling(w)",
    "low = min(max(int(day * (g.steps / last)), 0), g.steps - 1)",
    "direct = (inside == newton) | (inside == end) | (inside == -end)",
    "return new, larger(new - s, s - new) > where(direct, _NEWTON_STEP, _BISECTION)",
    "new, moves = refine(s, newton, low, high, reach if i < _BOLD_ROUNDS else np.inf)",
    "if not some(busy):",
    "low, high = where(f < 0.0, s, low), where(f < 0.0, high, s)",
}

EDGES = """
events:
  opening:               # on the value date itself
    date: 2026-03-31
    outcomes: {wide: {shifts: {steel: 1.1}, moves: {relations: breach}}, narrow: {}}
    probabilities: {wide: 0.5, narrow: 0.5}
projects:
  gas:
    budget: 250          # so cheap that it is paid back in so short a life
    operation: {life_years: 3}   # as long as the deemed life
"""


def with_edges(study: Mapping) -> dict[str, Any]:
    """Return a copy with what lies on a bound, and clauses without those that the other variants put beside them."""
    out = with_text(with_building(study), EDGES)
    out["factors"] = {"usdjpy": out["factors"].pop("usdjpy"), **out["factors"]}
    del out["projects"]["gas"]["construction"]["salvage"]
    del out["projects"]["port"]["operation"]["contract"]
    return out


FIRSTS = """
factors:
  usdjpy:
    process: {merton: {start: 157, drift: 0.01, sigma: 0.1, jump_intensity: 0.8, jump_mean: -0.05, jump_sd: 0.1}}
projects:
  mine:
    side_flows: {trucks: {base: spend, rate: 0.01, while: {relations: [performing]}}}
"""


def with_firsts(study: Mapping) -> dict[str, Any]:
    """Return a copy whose first step mean is a side flow's, since nothing reads attributes, and with a second jump."""
    study = dict(study)
    study["projects"] = {name: study["projects"][name] for name in ("port", "mine")}
    del study["factors"]["usdjpy"]["process"]
    for project in study["projects"].values():
        project["construction"].pop("imported_share", None)
        project["construction"].pop("equipment_tariff", None)
    return with_text(study, FIRSTS)


VARIANTS = {**STUDIES, "edges": with_edges, "firsts": with_firsts}

_Fields = dict[type, type]
_SIGNS: _Fields = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}
_BOUNDS: _Fields = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
_OPPOSITES: _Fields = {
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
}
_EXTREMES = {"min": "max", "max": "min", "smaller": "larger", "larger": "smaller"}
_JOINTS: _Fields = {ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd}
PLACES = {"load": (1,), "store": (1,), "add_to": (1,), "write": (1, 2), "gather": (1,)}
PLACES |= {"fill": (1,), "copy": (1, 2), "add": (1, 2), "look_up": (1, 2)}
"""Functions of values and of rows, and which of their arguments say where something lies, as an index does."""


# Mutants


class Mutant(NamedTuple):
    """A change of one clause."""

    file: str
    function: str
    line: int
    kind: str
    change: str
    number: int
    """Among all changes of the file."""

    @property
    def name(self) -> str:
        return f"{self.file}.{self.function}: {self.change}"


class _Where(NamedTuple):
    """What surrounds a node."""

    index: bool = False
    choice: bool = False
    """The condition of a conditional expression, whose arms are swapped instead."""


_NOWHERE = _Where()


@cache
def _next_rows() -> dict[str, int]:
    """First element of the row after each row, by the row's name in the code."""
    rows = load()["rows"]
    lists = (
        ("SCORE0", "FULL"),
        ("DEAL_SIZE", "DEAL_DECLINED"),
        ("SUM_RECEIVED", "LAST_WHOLE"),
        ("PARTNER_START", "PARTNER_DUE"),
        ("SHARED_CASH", "SHARED_HOST"),
        ("POOL_CASH", "POOL_CAUGHT"),
    )
    names = [name for name, value in rows.items() if name.isupper() and isinstance(value, int)]
    inside = [names[names.index(first) : names.index(last)] for first, last in lists]
    named = {f"R.{name}": rows[name] for part in inside for name in part}
    for group in ("OUT", "SUM_OUT"):
        named |= {f"R.{group}.{name}": row for name, row in rows[group]._asdict().items()}
    return {name: row + LANES for name, row in named.items()}


def _rows_in(node: ast.AST) -> set[str]:
    """Names of the fixed rows in a piece of code: ``R.CARRY``."""
    return {
        n.attr
        for n in ast.walk(node)
        if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name) and n.value.id == "R" and n.attr.isupper()
    }


def _place_stored(node: ast.AST) -> ast.AST | None:
    """Where a call puts something; None if it is no call that does."""
    return node.args[1] if _called(node) in ("store", "fill") and isinstance(node, ast.Call) else None


@cache
def shown_rows() -> set[str]:
    """Rows that are stored and that no clause reads: only a trace shows them."""
    stored, read = set(), set()
    for file in CLAUSES:
        if file != "rows":
            places = [place for node in ast.walk(tree_of(file)) if (place := _place_stored(node)) is not None]
            within = {id(node) for place in places for node in ast.walk(place)}
            stored |= {row for place in places for row in _rows_in(place)}
            read |= {row for node in ast.walk(tree_of(file)) if id(node) not in within for row in _own_row(node)}
    return stored - read


def _own_row(node: ast.AST) -> set[str]:
    return _rows_in(node) if isinstance(node, ast.Attribute) else set()


def _is_shown(node: ast.AST, kind: str) -> bool:
    """Whether a change is of what only a trace shows."""
    place = _place_stored(node.value) if kind == "statement" and isinstance(node, ast.Expr) else node
    return kind in ("row", "statement") and place is not None and bool(_rows_in(place) & shown_rows())


def _of_numbers(node: ast.AST, where: _Where) -> Iterator[tuple[str, ast.AST]]:
    """Changes of constants and names."""
    if isinstance(node, ast.Constant) and node.value in (0.0, 1.0) and isinstance(node.value, float):
        yield "constant", ast.Constant(1.0 - node.value)
    if isinstance(node, ast.Constant) and type(node.value) is int and where.index:
        yield "index", ast.Constant(node.value + 1)
    if isinstance(node, ast.Attribute) and (following := _next_rows().get(ast.unparse(node))) is not None:
        yield "row", ast.Constant(following)


def _of_terms(node: ast.AST, where: _Where) -> Iterator[tuple[str, ast.AST]]:
    """Changes of sums, products, least and largest values."""
    if isinstance(node, ast.BinOp) and type(node.op) in _SIGNS and not where.index:
        yield "sign", ast.BinOp(node.left, _SIGNS[type(node.op)](), node.right)
        if isinstance(node.op, ast.Add | ast.Sub):
            yield "term", node.left
        if isinstance(node.op, ast.Add):
            yield "term", node.right
    if isinstance(node, ast.AugAssign) and type(node.op) in _SIGNS:
        yield "sign", ast.AugAssign(node.target, _SIGNS[type(node.op)](), node.value)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _EXTREMES:
        yield "extreme", ast.Call(ast.Name(_EXTREMES[node.func.id], ast.Load()), node.args, node.keywords)


def _of_conditions(node: ast.AST, where: _Where) -> Iterator[tuple[str, ast.AST]]:
    """Changes of comparisons, their joints and choices."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        op = type(node.ops[0])
        if op in _BOUNDS and not OFFSETS.search(ast.unparse(node.left)):
            yield "bound", ast.Compare(node.left, [_BOUNDS[op]()], node.comparators)
        if not where.choice:
            yield "negation", ast.Compare(node.left, [_OPPOSITES[op]()], node.comparators)
    if isinstance(node, ast.BoolOp):
        yield "joint", ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    if isinstance(node, ast.BinOp) and type(node.op) in _JOINTS:
        yield "joint", ast.BinOp(node.left, _JOINTS[type(node.op)](), node.right)
    if isinstance(node, ast.IfExp):
        yield "arms", ast.IfExp(node.test, node.orelse, node.body)
    if _called(node) == "where":
        mask, left, right = node.args
        yield "arms", ast.Call(node.func, [mask, right, left], [])


def _of_statements(node: ast.AST, where: _Where) -> Iterator[tuple[str, ast.AST]]:
    """Statements left out: calls, and assignments without which the clause still has its names."""
    call = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    kept = isinstance(node, ast.Assign) and not isinstance(node.targets[0], ast.Name | ast.Tuple)
    if call or kept or isinstance(node, ast.AugAssign | ast.Break):
        yield "statement", ast.Pass()


def _changes(node: ast.AST, where: _Where) -> Iterator[tuple[str, ast.AST]]:
    for maker in (_of_numbers, _of_terms, _of_conditions, _of_statements):
        yield from maker(node, where)


def _called(node: ast.AST) -> str:
    """Name of the function that a node calls; empty if it calls none."""
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""


def _walk(node: ast.AST, where: _Where = _NOWHERE) -> Iterator[tuple[ast.AST, _Where]]:
    """All nodes below one, with what surrounds them."""
    yield node, where
    name = _called(node)
    for field, value in ast.iter_fields(node):
        inside = where.index or (isinstance(node, ast.Subscript) and field == "slice") or name == "U"
        for i, child in enumerate(value if isinstance(value, list) else [value]):
            place = field == "args" and i in PLACES.get(name, ())
            test = isinstance(node, ast.IfExp) and field == "test"
            if isinstance(child, ast.AST):
                choice = test or (name == "where" and field == "args" and i == 0)
                yield from _walk(child, _Where(inside or place, choice))


def _said(old: ast.AST, new: ast.AST, kind: str) -> str:
    """A change in words: the row's name rather than its number."""
    if kind == "row":
        return f"row after {ast.unparse(old).removeprefix('R.')}"
    if kind == "statement":
        return f"without `{_short(old)}`"
    return f"`{_short(old)}` became `{_short(new)}`"


def _short(node: ast.AST) -> str:
    text = ast.unparse(ast.fix_missing_locations(copy.deepcopy(node)))
    return text if len(text) <= 110 else f"{text[:107]}..."


def _all_changes(file: str, tree: ast.Module) -> Iterator[tuple[ast.FunctionDef, ast.AST, str, ast.AST]]:
    """All changes of a file's clauses: the clause, the node, the kind of change, the node in its place."""
    lines = text_of(file).splitlines()
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef) and function.name not in NOT_JUDGED:
            for statement in function.body:
                for node, where in _walk(statement):
                    for kind, put in _changes(node, where):
                        if lines[node.lineno - 1].strip() not in HASTE and not _is_shown(node, kind):
                            yield function, node, kind, put


@cache
def mutants_of(file: str) -> list[Mutant]:
    """All mutants of a file's clauses."""
    return [
        Mutant(file, function.name, node.lineno, kind, _said(node, put, kind), number)
        for number, (function, node, kind, put) in enumerate(_all_changes(file, tree_of(file)))
    ]


class _Replace(ast.NodeTransformer):
    def __init__(self, target: ast.AST, put: ast.AST) -> None:
        self.target, self.put = target, put

    def visit(self, node: ast.AST) -> ast.AST:
        return ast.copy_location(self.put, node) if node is self.target else self.generic_visit(node)


def mutated(mutant: Mutant) -> CodeType:
    """Code of a mutant's file."""
    tree = copy.deepcopy(tree_of(mutant.file))
    found = list(_all_changes(mutant.file, tree))[mutant.number]
    return code_of(mutant.file, _Replace(found[1], found[3]).visit(tree))


# The sample


def _lot(seed: int, *of: Any) -> bytes:
    return hashlib.blake2s(repr((seed, *of)).encode()).digest()


def sample(
    count: int, seed: int, equal: set[tuple[str, int, int]] | None = None, files: Sequence[str] = FILES
) -> list[Mutant]:
    """At most so many mutants, every clause among them and every kind within a clause.

    Lots go by what a mutant is: an edit of one clause leaves the others' mutants as they are.

    Parameters
    ----------
    count, seed
        How many at most; the same seed draws the same mutants.
    equal
        Comparisons whose sides are equal on some path, see `equal_sides`: only their bounds are worth a mutant.
    files
        Whose mutants.
    """
    clauses = defaultdict(list)
    for file in files:
        for mutant in mutants_of(file):
            if mutant.kind != "bound" or equal is None or _place(mutant) in equal:
                clauses[file, mutant.function].append(mutant)
    chosen = []
    for clause, mutants in clauses.items():
        kinds = defaultdict(list)
        for mutant in sorted(mutants, key=lambda m: _lot(seed, m.name)):
            kinds[mutant.kind].append(mutant)
        order = sorted(kinds, key=lambda kind: _lot(seed, clause, kind))
        turns = [m for turn in zip_longest(*(kinds[kind] for kind in order)) for m in turn if m is not None]
        chosen += turns[: max(1, int(PER_ROOT * len(mutants) ** 0.5))]
    chosen = sorted(chosen, key=lambda m: _lot(seed, m.name))[:count]
    return sorted(chosen, key=lambda m: (FILES.index(m.file), m.number))


# The judge


class Case(NamedTuple):
    """A variant of the study on up to eight paths: what the reference says, and how far off is too far."""

    name: str
    plan: Plan
    series: int
    first: int
    paths: int
    expected: dict[str, np.ndarray]
    allowed: dict[str, np.ndarray]


def _expected(study: dict, done: Compiled, slow: ref.Simulation, part: slice) -> tuple[dict, dict]:
    """What the reference says of some of its paths, and the scales of it."""
    labels = done.labels
    values, scales = [], []
    for unit, quantity in labels.series:
        if quantity.startswith("final_state_"):
            row = slow.final_states[quantity.removeprefix("final_state_")].astype(float)
        elif quantity.startswith("outcome_"):
            row = slow.outcomes[quantity.removeprefix("outcome_")].astype(float)
            row[row < 0] = np.nan
        elif quantity == "caught_up" and unit != "portfolio":
            row = np.zeros(slow.quantities["portfolio"][quantity].shape)  # the reference has all of it together
        else:
            row = slow.quantities[unit][quantity]
        if quantity == "irr_funder":
            row = np.where(row > -1, np.maximum(row, lowest_rate(study)), row)
        values.append(row[part])
        apart = quantity == "caught_up" and unit != "portfolio"
        scales.append(np.inf if apart else scale_of(study, unit, quantity))
    flows = {row: sum(slow.projects[name][row][:, part] for name in labels.projects) for row in ROWS}
    net = flows["distribution_funder"] - flows["calls"]
    money = np.array([scale_of(study, name, "cost") for name in labels.projects])
    expected = {
        "values": np.array(values),
        "sums": np.array(
            [[slow.projects[name][row][:, part].sum(axis=1) for row in labels.timeline] for name in labels.projects]
        ),
        "factors": np.array([slow.factors[name][:, part] for name in study["factors"]]).swapaxes(0, 1),
        "occupancy": np.concatenate([slow.occupancy[regime][..., part].sum(axis=2) for regime in study["regimes"]]),
        "fans": np.array([net, np.cumsum(net, axis=0), flows["calls"]]),
    }
    scale = {
        "values": np.array(scales)[:, None],
        "sums": money[:, None, None] * LANES,
        "factors": 1e-3,
        "occupancy": 1e-3 * LANES,
        "fans": scale_of(study, "portfolio", "cost"),
    }
    return expected, {key: TOLERANCE * np.maximum(np.abs(x), scale[key]) for key, x in expected.items()}


ROWS = ("calls", "distribution_funder")


def cases_of(variant: str, blocks: int = BLOCKS) -> list[Case]:
    """Cases of a variant, block by block."""
    study = VARIANTS[variant](example_study())
    with tempfile.TemporaryDirectory() as folder:
        done = compiled(study, Path(folder))
    n = blocks * LANES - SHORT
    slow = ref.simulate(study, np.arange(FIRST, FIRST + n), ref.Draws(SEED), table_values(study, done.plan))
    series, out = len(done.labels.series), []
    for begin in range(0, n, LANES):
        part = slice(begin, min(begin + LANES, n))
        out.append(
            Case(variant, done.plan, series, FIRST + begin, part.stop - begin, *_expected(study, done, slow, part))
        )
    return out


def difference(modules: dict, case: Case) -> str:
    """What differs first from the reference; empty if nothing does."""
    got = run(modules, case.plan, case.series, SEED, case.first, case.paths)
    for key, expected in case.expected.items():
        with np.errstate(invalid="ignore"):
            near = np.abs(got[key] - expected) <= case.allowed[key]
        same = near | (got[key] == expected) | (np.isnan(got[key]) & np.isnan(expected))
        if not same.all():
            return f"{key} {tuple(int(i) for i in np.argwhere(~same)[0])}"
    return ""


class _HangsError(Exception):
    pass


def _stop(number: int, frame: FrameType | None) -> None:
    raise _HangsError


def kills(modules: dict, case: Case, seconds: float) -> str:
    """How a case kills a mutant: what differs, or what it raises, or that it hangs; empty if it survives."""
    signal.signal(signal.SIGVTALRM, _stop)  # counts the processor's time: others may be at work too
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        with np.errstate(over="ignore"):  # bits of the copula's cells are meant to run over
            return difference(modules, case)
    except _HangsError:
        return "hangs"
    except Exception as error:  # a mutant may raise anything
        return type(error).__name__
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


class Court(NamedTuple):
    """All cases, and what is known of them with the kernel as written."""

    cases: list[Case]
    seconds: list[float]
    lines: list[set[tuple[str, int]]]
    """Lines of the kernel that each case comes by."""


def _lines_of(modules: dict, case: Case) -> set[tuple[str, int]]:
    seen: set[tuple[str, int]] = set()
    folder = str(source_of("run").parent)

    def local(frame: FrameType, event: str, argument: Any) -> Any:
        seen.add((frame.f_code.co_filename, frame.f_lineno))
        return local

    def enter(frame: FrameType, event: str, argument: Any) -> Any:
        return local if frame.f_code.co_filename.startswith(folder) else None

    sys.settrace(enter)
    try:
        run(modules, case.plan, case.series, SEED, case.first, case.paths)
    finally:
        sys.settrace(None)
    return {(Path(file).stem, line) for file, line in seen}


def court(cases: Iterable[Case]) -> Court:
    """Measure cases; the kernel as written has to pass them all.

    Raises
    ------
    RuntimeError
        If it does not: then nothing can be learnt of mutants.
    """
    modules, out = load(), Court([], [], [])
    for case in cases:
        begin = time.process_time()
        if found := difference(modules, case):
            raise RuntimeError(f"the kernel itself differs from the reference: {case.name}, {found}")
        out.cases.append(case)
        out.seconds.append(time.process_time() - begin)
        out.lines.append(_lines_of(modules, case))
    return out


class Verdict(NamedTuple):
    """What became of a mutant."""

    mutant: Mutant
    by: str
    """Variant that killed it; empty if it survived."""
    how: str
    own: bool
    """Whether the first case killed it."""


def judge(mutant: Mutant, judges: Court) -> Verdict:
    """Put a mutant to the cases that come by its line, the quickest first; to all if none does."""
    modules = load({mutant.file: mutated(mutant)})
    line = (mutant.file, mutant.line)
    order = [i for i in np.argsort(judges.seconds) if line in judges.lines[i]]
    for turn, i in enumerate(order or np.argsort(judges.seconds)):
        how = kills(modules, judges.cases[i], max(2.0, SLOW * judges.seconds[i]))
        if how:
            return Verdict(mutant, judges.cases[i].name, how, turn == 0)
    return Verdict(mutant, "", "", False)


# Which bounds matter


class _Watch(ast.NodeTransformer):
    """Lets each comparison of order report whether its sides are equal, or whole numbers."""

    def __init__(self, file: str) -> None:
        self.file = file

    def visit_Compare(self, node: ast.Compare) -> ast.AST:  # noqa: N802 - the name that ast looks for
        self.generic_visit(node)
        if len(node.ops) > 1 or type(node.ops[0]) not in _BOUNDS:
            return node
        where = [ast.Constant(self.file), ast.Constant(node.lineno), ast.Constant(node.col_offset)]
        sides = ast.Call(ast.Name("watch", ast.Load()), [*where, node.left, node.comparators[0]], [])
        pair = ast.NamedExpr(ast.Name("sides_", ast.Store()), sides)
        left = ast.Subscript(pair, ast.Constant(0), ast.Load())
        right = ast.Subscript(ast.Name("sides_", ast.Load()), ast.Constant(1), ast.Load())
        return ast.copy_location(ast.Compare(left, node.ops, [right]), node)


def equal_sides(cases: Sequence[Case]) -> set[tuple[str, int, int]]:
    """Comparisons (file, line, column) of whole numbers, and those whose sides are equal on a path of some case."""
    found = set()

    def watch(file: str, line: int, column: int, a: Any, b: Any) -> tuple[Any, Any]:
        if a == b or (isinstance(a, int) and isinstance(b, int)):
            found.add((file, line, column))
        return a, b

    modules = load({file: code_of(file, _Watch(file).visit(copy.deepcopy(tree_of(file)))) for file in FILES})
    for names in modules.values():
        names["watch"] = watch
    for case in cases:
        run(modules, case.plan, case.series, SEED, case.first, case.paths)
    return found


@cache
def _columns(file: str) -> list[int]:
    return [getattr(node, "col_offset", 0) for _, node, *_ in _all_changes(file, tree_of(file))]


def _place(mutant: Mutant) -> tuple[str, int, int]:
    return mutant.file, mutant.line, _columns(mutant.file)[mutant.number]


# The campaign


def _judge_here(mutant: Mutant) -> Verdict:
    return judge(mutant, _court_here[0])


_court_here: list[Court] = []  # a forked worker finds it where its parent left it


class Campaign(NamedTuple):
    """Verdicts on a sample."""

    verdicts: list[Verdict]
    unequal: int
    """Comparisons whose bounds were left out."""

    @property
    def survivors(self) -> list[Mutant]:
        return [v.mutant for v in self.verdicts if not v.by]


def campaign(count: int, seed: int, files: Sequence[str] = FILES, workers: int = 2) -> Campaign:
    """Draw mutants of some files and judge them by all variants."""
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        cases = [case for part in pool.map(cases_of, VARIANTS, chunksize=1) for case in part]
    equal = equal_sides(cases)
    mutants = sample(count, seed, equal, files)
    _court_here[:] = [court(cases)]
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        verdicts = pool.map(_judge_here, mutants, chunksize=1)
    bounds = [m for file in FILES for m in mutants_of(file) if m.kind == "bound"]
    return Campaign(verdicts, sum(_place(m) not in equal for m in bounds))


def table(verdicts: Iterable[Verdict]) -> str:
    """Figures by file, as the page has them."""
    rows = defaultdict(Counter)
    for verdict in verdicts:
        column = "own" if verdict.own else ("others" if verdict.by else "none")
        for file in (verdict.mutant.file, "all"):
            rows[file][column] += 1
    lines = ["| file | mutants | killed by the first case | killed by another | survivors |", "|---|---|---|---|---|"]
    for file in (*FILES, "all"):
        n = rows[file]
        lines.append(f"| {file} | {n.total()} | {n['own']} | {n['others']} | {n['none']} |")
    return "\n".join(lines)


if __name__ == "__main__":
    count, *files = [argument for argument in sys.argv[1:] if argument != "-v"] or ["300"]
    done = campaign(int(count), 2026, files or FILES)
    print(table(done.verdicts))
    print(f"\n{done.unequal} bounds left out; possible mutants: {sum(len(mutants_of(file)) for file in FILES)}")
    for verdict in done.verdicts:
        if "-v" in sys.argv:
            print(f"{verdict.mutant.name} (line {verdict.mutant.line}): {verdict.by} {verdict.how}")
    for mutant in done.survivors:
        print(f"SURVIVES line {mutant.line} {mutant.name}")
