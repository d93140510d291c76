"""A shard of a job: a pure function of both, which any thread, process or machine may compute, once or twice.

A shard is a run of whole leaves (4096 paths each). Within a leaf the kernel is called for a tenth of a second at a
time, so that whoever asked for the shard can take his wish back.
"""

import os
import pickle
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk.aggregate.moments import leaf_moments, merge_moments
from spvrisk.aggregate.state import Node, RunState
from spvrisk.kernel import cache
from spvrisk.plan.arrays import Floats, Plan
from spvrisk.plan.outputs import FANS
from spvrisk.plan.shared import FAN_PATHS, LEAF
from spvrisk.runner.job import Job

if TYPE_CHECKING:
    from spvrisk.kernel.run import Leaf

_DAMAGED = (EOFError, OSError, RuntimeError, AttributeError, LookupError, TypeError, ValueError, pickle.UnpicklingError)
"""What loading a damaged file of machine code ends in."""

CALL_SECONDS = 0.1
"""What a call of the kernel is meant to last; 0.25 s is the most that a stop may wait."""

Advance = Callable[[int], None]
"""Told of the paths that a call of the kernel has done; what it raises ends the shard."""


class Shard(NamedTuple):
    """What is computed of a shard.

    Attributes
    ----------
    values
        ``(series, path)`` float64 in the order of `Labels.series`; NaN is undefined.
    sums
        Sums over its leaves, joined as far as they are neighbours in the tree of the run.
    fans
        ``(fan, step, path)`` float32 of the paths with numbers below ``FAN_PATHS``.
    inputs
        ``(input, path)`` float32 in the order of `Job.input_rows`.
    """

    values: Floats
    sums: tuple[Node, ...]
    fans: NDArray[np.float32]
    inputs: NDArray[np.float32]


def run_shard(job: Job, k: int, advance: Advance = lambda _: None) -> Shard:
    """Compute a shard of a job; the kernel must have been made ready in this process.

    Parameters
    ----------
    job, k
        The job, and which of its shards.
    advance
        Told of paths done after each call of the kernel; what it raises ends the work.
    """
    paths, space, state = job.paths_of(k), _workspace(job.plan, job.plan_sha256), RunState()
    shard = Shard(
        np.empty((len(job.labels.series), len(paths))),
        (),
        np.empty((len(FANS), job.steps, max(0, min(paths.stop, FAN_PATHS) - paths.start)), np.float32),
        np.empty((len(job.input_rows), len(paths)), np.float32),
    )
    for first in paths[::LEAF]:
        n, at = min(LEAF, paths.stop - first), first - paths.start
        leaf = space.leaf(job, first, n, advance)
        values = leaf.values[:, :n]
        timeline, occupancy, step_means = leaf_sums(job.plan, leaf)
        portfolio = np.add.accumulate(timeline, axis=0)[-1:]
        state.update(
            first // LEAF, values, np.concatenate([timeline, portfolio]).reshape(-1, job.steps), occupancy, step_means
        )
        shard.values[:, at : at + n] = values
        shard.inputs[:, at : at + n] = leaf.inputs[list(job.input_rows), :n]
        if first < FAN_PATHS:
            shard.fans[:, :, at : at + n] = leaf.fans[:, :, :n]
    return shard._replace(sums=state.nodes())


def run_series(job: Job, k: int, series: Sequence[int], advance: Advance = lambda _: None) -> Floats:
    """Compute some series or inputs of a shard, and nothing else of it; see `run_shard`.

    Parameters
    ----------
    job, k, advance
        As of `run_shard`.
    series
        Their numbers; see `Job.number`.

    Returns
    -------
    ndarray
        ``(series, path)`` float64 in the quantities' units.
    """
    paths, space, outputs = job.paths_of(k), _workspace(job.plan, job.plan_sha256), len(job.labels.series)
    values = np.empty((len(series), len(paths)))
    for first in paths[::LEAF]:
        n, at = min(LEAF, paths.stop - first), first - paths.start
        leaf = space.leaf(job, first, n, advance, with_fans=False)
        for row, s in zip(values, series, strict=True):
            found = leaf.values[s] if s < outputs else leaf.inputs[s - outputs]
            row[at : at + n] = found[:n]
    return values


class _EnoughError(Exception):
    """Paths have been timed for long enough."""


def seconds_per_path(job: Job) -> float:
    """Time a tenth of a second of the kernel, which must have been made ready in this process.

    Parameters
    ----------
    job
        Whose first paths are run.
    """
    ends, done = [time.perf_counter()], [0]

    def advance(paths: int) -> None:
        ends.append(time.perf_counter())
        done.append(done[-1] + paths)
        if ends[-1] - ends[1] >= CALL_SECONDS:
            raise _EnoughError

    with suppress(_EnoughError):
        _workspace(job.plan, job.plan_sha256).leaf(job, 0, LEAF, advance)
    # without the first call, which is the first to touch its memory, where there are others
    first = min(1, len(ends) - 2)
    return (ends[-1] - ends[first]) / (done[-1] - done[first])


def load(plan: Plan, announce: Callable[[str], None] = lambda _: None) -> None:
    """Have compiled functions loaded, or compiled where there is no code of them: a call for no paths, moments of none.

    Parameters
    ----------
    plan
        Any plan: its arrays' types are what the kernel is loaded for.
    announce
        As of `whole`.
    """
    whole(lambda: _load(plan), announce)


def whole(loading: Callable[[], None], announce: Callable[[str], None] = lambda _: None) -> None:
    """Have code loaded; what cannot be, since its file is damaged, is thrown away and made anew.

    Parameters
    ----------
    loading
        Loads compiled functions, or compiles them where there is no code on file.
    announce
        Told in a few words where code is made anew.
    """
    try:
        loading()
    except _DAMAGED:
        cache.discard()
        announce("compiling the kernel anew, since its code on file cannot be loaded: about a minute")
        loading()


def processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def compiled_here() -> bool:
    """Whether this process has compiled a function itself, for want of code on file."""
    return any(function.stats.cache_misses for function in _entry_points())


def _entry_points() -> tuple[Any, ...]:
    from spvrisk.kernel import conditions, exact, moments, order, run

    of_conditions = (
        conditions.sort_by_condition,
        conditions.count_flagged,
        conditions.values_at_ranks,
        conditions.first_of_conditions,
        conditions.moments_of_conditions,
    )
    of_series = (moments.moments_of_rows, moments.join_rows, order.sort_paths, exact.sum_exactly)
    return (*run.ENTRY_POINTS, *of_series, *of_conditions)


def _load(plan: Plan) -> None:
    from spvrisk.kernel.run import make_leaf, make_work, run_paths

    _entry_points()
    at, work = make_work(plan)
    leaf, none = make_leaf(plan, 0, False), np.uint64(0)
    run_paths(plan, at, work, leaf, none, none, none, none)
    one = leaf_moments(leaf.values[:, :1])
    merge_moments(one, one)


def leaf_sums(plan: Plan, leaf: "Leaf") -> tuple[Floats, Floats, Floats]:
    """Sums over a leaf, float64: timeline ``(unit, row, step)``, occupancy ``(state, step)``, step means by step."""
    from spvrisk.kernel.run import state_shares, tree_sums

    sizes = ("units", "timeline_rows", "step_means", "steps")
    units, rows, step_means, steps = (int(plan.study[0][key]) for key in sizes)
    timeline = tree_sums(leaf.partial, units * steps * rows).reshape(units, steps, rows)
    return (
        np.ascontiguousarray(timeline.swapaxes(1, 2)),
        state_shares(leaf.occupancy),
        tree_sums(leaf.step_means, step_means * steps).reshape(step_means, steps),
    )


class _Workspace:
    """A thread's workspace, and how many paths it runs in a call."""

    def __init__(self, plan: Plan, digest: str) -> None:
        # loaded when the kernel's target is settled; takes a fifth of a second
        from spvrisk.kernel import lanes
        from spvrisk.kernel import run as kernel

        self.digest, self._kernel, self._lanes = digest, kernel, lanes.LANES
        self._at, self._work = kernel.make_work(plan)
        self._paths_per_call = self._lanes

    def leaf(self, job: Job, first: int, n: int, advance: Advance, with_fans: bool = True) -> "Leaf":
        """Run `n` paths from `first`."""
        kernel, done = self._kernel, 0
        leaf: Leaf = kernel.make_leaf(job.plan, len(job.labels.series), with_fans and first < FAN_PATHS)
        while done < n:
            count = min(self._paths_per_call, n - done)
            began = time.perf_counter()
            numbers = (np.uint64(x) for x in (job.seed, job.first + first + done, done, count))
            kernel.run_paths(job.plan, self._at, self._work, leaf, *numbers)
            self._adapt(count, time.perf_counter() - began)
            done += count
            advance(count)
        return leaf

    def _adapt(self, count: int, seconds: float) -> None:
        """Choose the length of the next call, in whole rows of lanes."""
        wanted = int(count * CALL_SECONDS / max(seconds, 1e-6)) // self._lanes * self._lanes
        self._paths_per_call = min(max(wanted, self._lanes), 2 * self._paths_per_call, LEAF)


_here = threading.local()


def _workspace(plan: Plan, digest: str) -> _Workspace:
    """The calling thread's workspace, kept from shard to shard of the same plan."""
    space: _Workspace | None = getattr(_here, "space", None)
    if space is None or space.digest != digest:
        space = _here.space = _Workspace(plan, digest)
    return space
