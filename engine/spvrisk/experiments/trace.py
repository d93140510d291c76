"""One path of a result, replayed by the same compiled kernel with everything that it goes through kept."""

import json
import math
from collections.abc import Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk.catalogue import phrase
from spvrisk.config.study import Study
from spvrisk.dataset.read import Result
from spvrisk.errors import InputError, Problem, RunError
from spvrisk.experiments.changes import Change, Endings, History
from spvrisk.experiments.step_rows import BOUNDS, DRAWN, STEP_ROWS, TIMES
from spvrisk.plan.arrays import Floats, Plan
from spvrisk.plan.calendar import Grid, make_grid
from spvrisk.plan.compile import Compiled, compile_study, labels_of, sites_of
from spvrisk.plan.digest import same_form
from spvrisk.plan.names import Labels
from spvrisk.runner.proof import prepare

if TYPE_CHECKING:  # the kernel is loaded when its lane count is known
    from spvrisk.kernel.run import Leaf

_NEARLY = 1.0 - 1e-9
"""Part of its cap that a cost must reach, in spite of rounding."""

_ROOM = 2**27
"""Bytes that steps of the paths of a row of lanes may take."""


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
        What happened, in order of time.
    factors
        ``(step, factor)``: observed at the steps' ends.
    sites
        Names of the projects: those announced, and those of pipelines that have arrived.
    steps
        ``(site, column, step)``, columns as `STEP_ROWS`. Before the step in which construction starts there are only
        what was drawn and zeros.
    states
        By regime, the state at each step's end.
    """

    path: int
    labels: Labels
    study: Study
    values: dict[tuple[str, str], float]
    changes: tuple[Change, ...]
    factors: Floats
    sites: tuple[str, ...]
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
        text = "{}: its study was written for another version; trace it with spvrisk {} or run it again"
        raise RunError(phrase(text, result.place, made)) from error


class Totals(NamedTuple):
    """Sums over the projects, on several paths.

    Attributes
    ----------
    values
        ``(series, path)`` float64, as of a leaf.
    steps
        By column of `STEP_ROWS`, ``(path, step)`` float64.
    """

    values: Floats
    steps: dict[str, Floats]


class Tracer:
    """Replays paths of one study.

    Parameters
    ----------
    study
        The study.
    seed
        Of the run.
    plan
        What the study was compiled to; if it is left out, it is compiled here.
    """

    def __init__(self, study: Study, seed: int, plan: Plan | None = None) -> None:
        prepare()
        from spvrisk.kernel import run as kernel
        from spvrisk.kernel.lanes import LANES

        self._kernel, self._lanes, self._study, self._seed = kernel, LANES, study, seed
        self._plan = compile_study(study).plan if plan is None else plan
        self._at, self._work = kernel.make_work(self._plan)
        head = study.study
        self._grid, self._sites = make_grid(head.value_date, head.steps, head.steps_per_year), sites_of(study)
        self._labels = labels_of(study, self._grid)
        self._history = History(study, self._labels, self._grid, self._sites)

    def values_of(self, series: tuple[str, str], paths: NDArray[np.int64]) -> Floats:
        """One quantity of many paths, ``(path,)`` float64 in its own unit; whole rows of lanes are run, each once.

        Parameters
        ----------
        series
            Unit and name.
        paths
            Numbers of the paths, ``(path,)``.
        """
        kernel, lanes, s = self._kernel, self._lanes, self._labels.series.index(series)
        leaf = kernel.make_leaf(self._plan, len(self._labels.series), False)
        rows, row = np.unique(paths // lanes, return_inverse=True)
        values = np.empty((rows.size, lanes))
        for i, first in enumerate((rows * lanes).tolist()):
            numbers = (np.uint64(x) for x in (self._seed, first, 0, lanes))
            kernel.run_paths(self._plan, self._at, self._work, leaf, *numbers)
            values[i] = leaf.values[s, :lanes]
        return np.asarray(values[row, paths % lanes])

    def totals_of(self, paths: range, columns: Sequence[str], n_paths: int) -> Totals:
        """Sums over the projects of some columns of the steps, with the bits of the run: in the same row of lanes.

        Parameters
        ----------
        paths
            Numbers of paths of one row of lanes, not more than `at_once`.
        columns
            Of `STEP_ROWS`, flows.
        n_paths
            Of the run, whose last row may not be full.
        """
        lane = paths.start % self._lanes
        rows = [self._at_row(STEP_ROWS[name]) + np.uint64(lane) for name in (*BOUNDS, *columns)]
        leaf = self._kernel.make_leaf(self._plan, len(self._labels.series), False, rows, len(paths))
        first = paths.start - lane
        numbers = (np.uint64(x) for x in (self._seed, first, 0, min(self._lanes, n_paths - first)))
        self._kernel.run_paths(self._plan, self._at, self._work, leaf, *numbers)
        bounds = (leaf.trace[:, -1, i] for i in range(len(BOUNDS)))
        own = np.arange(self._grid.steps)[:, None] >= self._begins(*bounds)[:, None]
        totals = {
            name: (np.where(own, leaf.trace[:, :, i], 0.0) + 0.0).sum(axis=0).T.copy()  # no sign of zero
            for i, name in enumerate(columns, len(BOUNDS))
        }
        return Totals(leaf.values[:, lane : lane + len(paths)], totals)

    def trace(self, path: int) -> Trace:
        """Everything of a path.

        Parameters
        ----------
        path
            Number of the path.
        """
        leaf = self._run(path)
        rows = leaf.trace[..., 0]
        factors = self._rows(self._at.factor.first, self._grid.steps, self._plan.factors.size)
        defaults = self._rows(self._at.default.first, len(self._study.offtakers))
        steps, endings = self._steps(rows), self._endings(path, rows)
        changes = self._history.changes(leaf.log, endings, defaults)
        used = self._history.sites_used(changes)
        return Trace(
            path,
            self._labels,
            self._study,
            dict(zip(self._labels.series, leaf.values[:, 0].tolist(), strict=True)),
            changes,
            factors,
            tuple(self._sites[s] for s in used),
            steps[list(used)],
            _states(changes, self._study, self._grid),
        )

    def _run(self, path: int) -> "Leaf":
        kernel, room = self._kernel, self._kernel.MOST_CHANGES
        while True:
            leaf: Leaf = kernel.make_leaf(self._plan, len(self._labels.series), False, kernel.ALL_ROWS, changes=room)
            numbers = (np.uint64(x) for x in (self._seed, path, 0, 1))
            kernel.run_paths(self._plan, self._at, self._work, leaf, *numbers)
            changes = int(leaf.log[0, 0])
            if changes <= room:
                return leaf
            room = changes

    def _rows(self, first: np.uint64, *shape: int) -> Floats:
        """A region of the workspace for the traced path."""
        lanes = self._lanes
        return self._work.w[int(first) :][: math.prod(shape) * lanes].reshape(*shape, lanes)[..., 0].copy()

    def _row(self, name: str) -> int:
        """Number of a fixed row."""
        return int(self._at_row(name)) // self._lanes

    def _at_row(self, name: str) -> np.uint64:
        """First element of a fixed row."""
        from spvrisk.kernel import rows

        found: np.uint64 = attrgetter(name)(rows)
        return found

    def _begins(self, start: Floats, cancelled: Floats, stretch: Floats) -> NDArray[np.int64]:
        """First step of a project's own, one past the last where it has none.

        The kernel keeps rows from the start of the earliest of the paths that it runs side by side; what is told of a
        path begins with its own, so that it does not depend on its neighbours.
        """
        first = np.searchsorted(self._grid.ends[:-1], np.minimum(start, cancelled), side="right")
        return np.where((start < np.inf) & (stretch > 0.0), first, self._grid.steps)

    def _steps(self, rows: Floats) -> Floats:
        """Columns by site and step, ``(site, column, step)``."""
        out = rows[:, :, [self._row(row) for row in STEP_ROWS.values()]].transpose(0, 2, 1) + 0.0  # no sign of zero
        names = list(STEP_ROWS)
        times = [names.index(name) for name in TIMES]
        begins = self._begins(*(out[:, names.index(name), -1] for name in BOUNDS))
        for steps, first in zip(out, begins.tolist(), strict=True):
            if first < self._grid.steps:
                steps[len(DRAWN) :, :first] = 0.0
                steps[: len(DRAWN), :first] = steps[: len(DRAWN), first : first + 1]
            else:
                steps[:], steps[times] = 0.0, np.inf
        return out

    def _endings(self, path: int, trace: Floats) -> Endings:
        """What became of the projects; `trace` holds the kernel's rows."""
        from spvrisk.kernel import rows

        size, funded, stop = (self._deal(row) for row in (rows.DEAL_SIZE, rows.DEAL_FUNDED, rows.DEAL_STOP))
        projects, last = self._plan.projects, trace[:, -1]
        budget = projects["budget"] * size
        # no rows are kept where construction starts after the horizon
        built = (funded < np.inf) & (last[:, self._row("STRETCH")] > 0.0)

        def of_built(name: str, otherwise: Floats | float = np.inf) -> Floats:
            return np.where(built, last[:, self._row(name)], otherwise)

        cancelled, stops = of_built("CANCELLED_AT", stop), projects["cap_stops"] == 1
        return Endings(
            budget=budget,
            wanted=projects["budget"] * self._wanted(path, size),
            stop=stop,
            cancelled=cancelled,
            completed=of_built("COMPLETION"),
            closed=of_built("CLOSURE"),
            at_cap=stops & (last[:, self._row("OUT.cost")] >= np.where(stops, projects["cap"], 1.0) * budget * _NEARLY),
            over_threshold=self._over_threshold(trace, cancelled),
        )

    def _deal(self, row: np.uint64) -> Floats:
        """A row of what selection has left of each project, ``(site,)``."""
        from spvrisk.kernel import rows

        deals = self._rows(self._at.deal.first, self._plan.projects.size, int(rows.DEAL_ROWS))
        return deals[:, int(row) // self._lanes]

    def _wanted(self, path: int, size: Floats) -> Floats:
        """Sizes before cuts, ``(site,)``: those of the same path in a world without ceilings."""
        from spvrisk.kernel import rows

        study = self._plan.study.copy()
        if study[0]["commitment"] == study[0]["annual_cap"] == np.inf and study[0]["take_up_law"] < 0:
            return size
        study["commitment"], study["annual_cap"], study["take_up_law"] = np.inf, np.inf, -1
        leaf = self._kernel.make_leaf(self._plan, len(self._labels.series), False)
        numbers = (np.uint64(x) for x in (self._seed, path, 0, 1))
        self._kernel.run_paths(self._plan._replace(study=study), self._at, self._work, leaf, *numbers)
        return self._deal(rows.DEAL_SIZE)

    def _over_threshold(self, trace: Floats, cancelled: Floats) -> NDArray[np.bool_]:
        """Whether the cost to come, as a review at the time of cancellation saw it, was too high."""
        out = np.zeros(cancelled.size, np.bool_)
        reveal = self._plan.projects["reveal"]
        for s in np.flatnonzero(cancelled < np.inf):
            before = round(cancelled[s] * self._grid.steps_per_year) - 1
            if before >= 0:
                row = trace[s, before]
                progress, index, overrun, threshold = (
                    row[self._row(name)] for name in ("PROGRESS", "COST_INDEX", "OVERRUN", "THRESHOLD")
                )
                out[s] = index * (1.0 + (overrun - 1.0) * progress ** reveal[s]) > threshold
        return out


def at_once(plan: Plan, columns: Sequence[str]) -> int:
    """Give how many paths of a row of lanes may be kept together: the lanes, or a part of them where a study is large.

    Parameters
    ----------
    plan
        Of the paths.
    columns
        As of `Tracer.totals_of`.
    """
    from spvrisk.kernel.lanes import LANES

    of_path = 8 * plan.projects.size * int(plan.study[0]["steps"]) * (len(BOUNDS) + len(columns))
    paths = LANES
    while paths > 1 and paths * of_path > _ROOM:
        paths //= 2
    return paths


def tracer_of(result: Result) -> Tracer:
    """Give what replays the paths of a result, on the plan that it keeps.

    Raises
    ------
    InputError
        Its plan is damaged, of another version, or that of another study.
    RunError
        Its study does not suit this version.
    """
    study = study_of(result)
    return Tracer(study, int(result.attributes["seed"]), compiled_of(result, study).plan)


def compiled_of(result: Result, study: Study) -> Compiled:
    """Give what the paths of a result were computed from: its study, compiled, and the plan that it keeps.

    Parameters
    ----------
    result
        The result.
    study
        Its own, as from `study_of`.

    Raises
    ------
    InputError
        The plan is damaged, of another version, or that of another study: the kernel goes where a plan sends it, and
        the file may come from anybody.
    """
    plan, compiled = result.plan(), compile_study(study)
    if not same_form(plan, compiled.plan):
        remedy = phrase("use spvrisk {}, or run the study again", result.attributes["engine_version"])
        raise InputError(Problem(result.place, "/provenance/plan", "must be the plan of its study", "", remedy))
    return compiled._replace(plan=plan)


def _states(changes: tuple[Change, ...], study: Study, grid: Grid) -> dict[str, tuple[str, ...]]:
    """State of each regime at the steps' ends."""
    out = {}
    for regime, body in study.regimes.items():
        moves = [change for change in changes if change.kind == "regime" and change.what == regime]
        here, states = body.initial.state, []
        for end in grid.ends:
            while moves and moves[0].time < end:
                here = moves.pop(0).after
            states.append(here)
        out[regime] = tuple(states)
    return out
