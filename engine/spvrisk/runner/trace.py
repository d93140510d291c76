"""One path of a result, replayed by the same compiled kernel with everything that it goes through kept."""

import datetime
import json
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk.config.models import Study
from spvrisk.dataset.layout import UNDEFINED_CODE, path_series
from spvrisk.dataset.read import Result
from spvrisk.dataset.variables import has_loss
from spvrisk.errors import InputError, Problem, RunError
from spvrisk.measures.order import rank
from spvrisk.plan.arrays import Floats
from spvrisk.plan.calendar import Grid, make_grid
from spvrisk.plan.compile import compile_study
from spvrisk.plan.names import Labels
from spvrisk.runner.simulate import use_lanes

if TYPE_CHECKING:  # the kernel is loaded when its lane count is known
    from spvrisk.kernel.run import Leaf

STEP_ROWS = {
    "overrun_score": "COST_SCORE",
    "duration_score": "DELAY_SCORE",
    "overrun": "OVERRUN",
    "duration_multiplier": "STRETCH",
    "completion_years": "COMPLETION",
    "contract_price": "PRICE",
    "contracted_share": "SHARE",
    "availability_score": "AVAILABILITY_SCORE",
    "progress": "PROGRESS",
    "spend": "SPEND",
    "spend_to_date": "PAID",
    "operating_share": "OPERATING",
    "availability": "AVAILABILITY",
    "output": "OUTPUT",
    "contracted_output": "CONTRACT_OUTPUT",
    "revenue": "REVENUE",
    "costs": "COSTS",
    "arrears": "ARREARS",
    "available_cash": "AVAILABLE",
    "due": "DUE",
    "distribution_funder": "FUNDER",
    "distribution_host": "HOST",
    "carry": "CARRY",
    "tier_one_received": "RECEIVED",
    "deemed_balance": "DEEMED",
    "age_years": "AGE_END",
}
"""Columns of a project's steps: scores, states, flows and balances, and the kernel's row of each."""


class Change(NamedTuple):
    """Something that happened in law."""

    time: float
    """Years from the value date."""
    date: str
    cause: str
    """``event <name>``, ``expiry``, or ``hazard``."""
    what: str
    """Event or layer."""
    before: str
    """State of the layer before; empty of an event."""
    after: str
    """State of the layer after, or the event's outcome."""


class Trace(NamedTuple):
    """All of one path.

    Attributes
    ----------
    path
        Its number.
    labels
        Names of everything.
    study
        The study that was run.
    values
        By ``(unit, quantity)``, float64; states and outcomes as codes.
    changes
        What happened in law, in order of time.
    factors
        ``(step, factor)``: observed at the steps' ends.
    steps
        ``(project, column, step)``, columns as `STEP_ROWS`.
    states
        By layer, the state at each step's end.
    """

    path: int
    labels: Labels
    study: Study
    values: dict[tuple[str, str], float]
    changes: tuple[Change, ...]
    factors: Floats
    steps: Floats
    states: dict[str, tuple[str, ...]]


def study_of(result: Result) -> Study:
    """Read back the study that a result was made of.

    Raises
    ------
    RunError
        The result's study does not suit this version.
    """
    try:
        return Study.model_validate_json(json.dumps(result.provenance["config"]))
    except ValueError as error:
        made = result.attributes["engine_version"]
        rule = f"its study is not one of this version; trace it with spvrisk {made} or run it again"
        raise RunError(f"{result.path}: {rule}") from error


class Tracer:
    """Replays paths of one study."""

    def __init__(self, study: Study, seed: int) -> None:
        use_lanes(study.run.lanes)
        from spvrisk.kernel import run as kernel
        from spvrisk.kernel.lanes import LANES

        self._kernel, self._lanes, self._study, self._seed = kernel, LANES, study, seed
        self._plan, self._labels, _ = compile_study(study)
        self._at, self._work = kernel.make_work(self._plan)

    def values_of(self, series: tuple[str, str], paths: NDArray[np.int64]) -> Floats:
        """One quantity of many paths; whole rows of lanes are run, each of them once."""
        kernel, lanes, s = self._kernel, self._lanes, self._labels.series.index(series)
        leaf = kernel.make_leaf(self._plan, len(self._labels.series), False)
        rows, row = np.unique(paths // lanes, return_inverse=True)
        values = np.empty((rows.size, lanes))
        for i, first in enumerate((rows * lanes).tolist()):
            numbers = (np.uint64(x) for x in (self._seed, first, 0, lanes))
            kernel.run_paths(self._plan, self._at, self._work, leaf, *numbers)
            values[i] = leaf.values[s, :lanes]
        return np.asarray(values[row, paths % lanes])

    def trace(self, path: int) -> Trace:
        """Everything of a path."""
        leaf = self._run(path)
        head, plan = self._study.study, self._plan
        grid = make_grid(head.value_date, head.steps, head.steps_per_year)
        shape = (grid.steps, plan.factors.size, self._lanes)
        factors = self._work.w[int(self._at.factor) :][: math.prod(shape)].reshape(shape)[:, :, 0]
        changes = _changes(leaf.log, self._labels, self._study, grid)
        return Trace(
            path,
            self._labels,
            self._study,
            dict(zip(self._labels.series, leaf.values[:, 0].tolist(), strict=True)),
            changes,
            factors.copy(),
            self._steps(leaf.trace),
            _states(changes, self._study, grid),
        )

    def _run(self, path: int) -> "Leaf":
        kernel, room = self._kernel, self._kernel.MOST_CHANGES
        while True:
            leaf: Leaf = kernel.make_leaf(self._plan, len(self._labels.series), False, True, room)
            numbers = (np.uint64(x) for x in (self._seed, path, 0, 1))
            kernel.run_paths(self._plan, self._at, self._work, leaf, *numbers)
            changes = int(leaf.log[0, 0])
            if changes <= room:
                return leaf
            room = changes

    def _steps(self, rows: Floats) -> Floats:
        from spvrisk.kernel import rows as names

        picked = [int(getattr(names, row)) // self._lanes for row in STEP_ROWS.values()]
        return rows[:, :, picked].transpose(0, 2, 1) + 0.0  # without the sign of zero


def _changes(log: Floats, labels: Labels, study: Study, grid: Grid) -> tuple[Change, ...]:
    """The kernel's log in words."""
    from spvrisk.kernel.clock import BY_EVENT, BY_EXPIRY, HAPPENED

    states = [(layer, state) for layer, names in labels.layers for state in names]
    out, event = [], ""
    for time, cause, item, before, after in log[1 : 1 + int(log[0, 0])]:
        day = _day(grid, study, time)
        if cause == HAPPENED:
            event, outcomes = labels.events[int(item)]
            out.append(Change(time, day, "event", event, "", outcomes[int(after)]))
            continue
        by = f"event {event}" if cause == BY_EVENT else "expiry" if cause == BY_EXPIRY else "hazard"
        out.append(Change(time, day, by, labels.layers[int(item)][0], states[int(before)][1], states[int(after)][1]))
    return tuple(out)


def _day(grid: Grid, study: Study, time: float) -> str:
    """Day within which a time lies."""
    t = min(int(time * grid.steps_per_year + 1e-9), grid.steps - 1)
    share = time * grid.steps_per_year - t
    days = int(grid.day[t]) + math.floor(share * float(grid.day[t + 1] - grid.day[t]) + 1e-6)
    return (study.study.value_date + datetime.timedelta(days=days)).isoformat()


def _states(changes: tuple[Change, ...], study: Study, grid: Grid) -> dict[str, tuple[str, ...]]:
    """State of each layer at the steps' ends."""
    out = {}
    for layer, body in study.layers.items():
        moves = [change for change in changes if change.what == layer and change.before]
        here, states = body.initial.state, []
        for end in grid.ends:
            while moves and moves[0].time < end:
                here = moves.pop(0).after
            states.append(here)
        out[layer] = tuple(states)
    return out


class Rank(NamedTuple):
    """A place in the order of a quantity: for a net present value in the order of loss, else of the value."""

    level: str
    """Decimal string in [0, 1]."""
    unit: str
    quantity: str


def path_of_rank(result: Result, tracer: Tracer, wanted: Rank) -> int:
    """Number of the path at a rank of a quantity, k = ceil(level n), ties by path number.

    Values that agree to their stored digits are told apart by replaying their paths.

    Raises
    ------
    InputError
        The quantity is nowhere defined.
    """
    stored, sign = _values(result, tracer, wanted), -1.0 if has_loss(wanted.quantity) else 1.0
    codes = stored.dtype.kind == "i"
    defined = np.flatnonzero(stored != UNDEFINED_CODE if codes else ~np.isnan(stored))
    if not defined.size:
        raise InputError(Problem("--by", "", "is undefined on every path", wanted.quantity, "name another quantity"))
    keys = sign * stored[defined].astype(np.float64)
    k = rank(wanted.level, defined.size) - 1
    key = np.partition(keys, k)[k]
    tied, within = defined[keys == key], k - int(np.count_nonzero(keys < key))
    if stored.dtype == np.float32 and tied.size > 1 and math.isfinite(key):
        exact = sign * tracer.values_of((wanted.unit, wanted.quantity), tied)
        tied = tied[np.argsort(exact, kind="stable")]
    return int(tied[within])


def _values(result: Result, tracer: Tracer, wanted: Rank) -> NDArray[Any]:
    """A quantity on all paths: as stored, else by replaying them all."""
    series = (wanted.unit, wanted.quantity)
    for name in result.path_names:
        held = path_series(name, result.labels)
        if series in held:
            return result.paths(name).reshape(result.n_paths, len(held))[:, held.index(series)]
    return tracer.values_of(series, np.arange(result.n_paths))


def series_of(result: Result, by: str) -> tuple[str, str]:
    """Unit and quantity of a name such as ``npv_funder`` (the portfolio's), ``smr.cost`` or ``npv_funder_local``.

    Raises
    ------
    InputError
        There is no such series.
    """
    from spvrisk.config.base import suggestion

    labels = result.labels
    unit, _, quantity = by.rpartition(".")
    found = ("scheme", by) if by in labels.scheme else (unit or "portfolio", quantity)
    if found not in labels.series:
        known = [f"{unit}.{name}".removeprefix("portfolio.").removeprefix("scheme.") for unit, name in labels.series]
        raise InputError(Problem("--by", "", "must be a quantity of a unit", by, suggestion(by, known)))
    return found


def check_bits(trace: Trace, result: Result) -> None:
    """Refuse a trace that does not give what the result holds.

    Raises
    ------
    RunError
        A stored value differs: the result comes from another class of processor or another version.
    """
    for name in result.path_names:
        stored = result.paths(name, trace.path, trace.path + 1).reshape(-1)
        for (unit, quantity), value in zip(path_series(name, trace.labels), stored, strict=True):
            here = np.float64(trace.values[unit, quantity])
            code = value.dtype.kind == "i"
            got = (np.nan_to_num(here, nan=UNDEFINED_CODE) if code else here).astype(value.dtype)
            if got.tobytes() != value.tobytes() and not (np.isnan(got) and np.isnan(value)):
                rule = "the replay differs from the result, which comes from another kind of processor or version"
                raise RunError(f"{result.path}: {rule}: {unit} {quantity} is {got!r}, stored {value!r}")
