"""All paths of a plan, over threads: the same bits for any number of them, and for any size of shard.

A shard is a run of whole leaves (4096 paths each). A worker takes the next shard when it has finished one; within a
leaf it calls the kernel for a tenth of a second at a time, so that an interruption is answered at once.
"""

import math
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk.aggregate.state import RunState, Sums
from spvrisk.aggregate.store import PathStore, check_memory
from spvrisk.errors import InputError, Problem
from spvrisk.plan.arrays import Floats, Plan
from spvrisk.plan.names import FAN_PATHS, LANES, LEAF, Labels
from spvrisk.runner.proof import prepare

_CALL_SECONDS = 0.1
_POLL_SECONDS = 0.2

Progress = Callable[[int], None]
"""Told the number of paths done since it was last called; may be called from any thread."""

Announce = Callable[[str], None]
"""Told in a few words what is being done."""


class Settings(NamedTuple):
    """Size of a run, and how it is spread; only the first two change a number."""

    paths: int
    seed: int
    workers: int | None = None
    """Threads; None = one per processor that this process may use."""
    leaves_per_shard: int = 4
    memory_mib: int = 1024
    lanes: int = LANES


class Outcome(NamedTuple):
    """What a run leaves."""

    sums: Sums
    store: PathStore


class _StopError(Exception):
    """A worker was told to stop."""


def use_lanes(lanes: int) -> None:
    """Choose the lane count of the kernel, which is a constant of its compiled code.

    Raises
    ------
    InputError
        The kernel was loaded with another lane count in this process.
    """
    loaded = sys.modules.get("spvrisk.kernel.lanes")
    if loaded is None:
        os.environ["SPVRISK_LANES"] = str(lanes)
    elif loaded.LANES != lanes:
        rule = f"must be {loaded.LANES}: this process has loaded the kernel with that many"
        raise InputError(Problem("", "run.lanes", rule, str(lanes), "start a new process for another lane count"))


def processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Worker:
    """One thread's kernel: its workspace, and the leaf it works on."""

    def __init__(self, plan: Plan, n_series: int, seed: int) -> None:
        # loaded when the lane count is known; takes a fifth of a second
        from spvrisk.kernel import lanes
        from spvrisk.kernel import run as kernel

        self._kernel, self._lanes = kernel, lanes.LANES
        self._plan, self._seed, self._n_series = plan, np.uint64(seed), n_series
        self._at, self._work = kernel.make_work(plan)
        self._paths_per_call = self._lanes
        sizes = ("units", "timeline_rows", "steps", "marks")
        self._units, self._rows, self._steps, self._marks = (int(plan.study[0][key]) for key in sizes)

    def load(self) -> None:
        """Have the entry point ready: a call for no paths at all."""
        none = np.uint64(0)
        leaf = self._kernel.make_leaf(self._plan, self._n_series, False)
        self._kernel.run_paths(self._plan, self._at, self._work, leaf, self._seed, none, none, none)

    def leaf(
        self, first: int, n: int, stop: threading.Event, progress: Progress
    ) -> tuple[Floats, Floats, Floats, Floats, NDArray[np.float32]]:
        """Run `n` paths from `first`: values, sums of timeline with the portfolio's, occupancy and marks, fans."""
        kernel, plan = self._kernel, self._plan
        leaf = kernel.make_leaf(plan, self._n_series, first < FAN_PATHS)
        done = 0
        while done < n:
            if stop.is_set():
                raise _StopError
            count = min(self._paths_per_call, n - done)
            began = time.perf_counter()
            arguments = (np.uint64(x) for x in (first + done, done, count))
            kernel.run_paths(plan, self._at, self._work, leaf, self._seed, *arguments)
            self._adapt(count, time.perf_counter() - began)
            done += count
            progress(count)
        shape = (self._units, self._rows, self._steps)
        sums = kernel.tree_sums(leaf.partial, math.prod(shape)).reshape(shape)
        portfolio = np.add.accumulate(sums, axis=0)[-1:]
        timeline = np.concatenate([sums, portfolio]).reshape(-1, self._steps)
        marks = kernel.tree_sums(leaf.marks, self._marks * self._steps).reshape(self._marks, self._steps)
        return leaf.values[:, :n], timeline, kernel.state_shares(leaf.occupancy), marks, leaf.fans[:, :, :n]

    def _adapt(self, count: int, seconds: float) -> None:
        """Choose the length of the next call: whole rows of lanes for a tenth of a second."""
        wanted = int(count * _CALL_SECONDS / max(seconds, 1e-6)) // self._lanes * self._lanes
        self._paths_per_call = min(max(wanted, self._lanes), 2 * self._paths_per_call, LEAF)


def load_kernel(plan: Plan, settings: Settings, announce: Announce = lambda _: None) -> None:
    """Load machine code of the kernel that has proved right here; make and prove it first if there is none.

    Raises
    ------
    InputError
        This process has loaded the kernel with another lane count.
    RunError
        No machine code is right.
    """
    use_lanes(settings.lanes)
    prepare(announce)
    announce("loading the kernel")
    _Worker(plan, 0, settings.seed).load()


def simulate(
    plan: Plan,
    labels: Labels,
    settings: Settings,
    progress: Progress | None = None,
    announce: Announce = lambda _: None,
) -> Outcome:
    """Run all paths of a plan.

    Parameters
    ----------
    plan, labels
        A compiled study.
    settings
        Size of the run.
    progress
        Told of paths done.
    announce
        Told of each stage.

    Raises
    ------
    InputError
        The values of all paths do not fit into the memory that the run may take.
    KeyboardInterrupt
        Passed on once all threads have stopped, within a kernel call.
    """
    steps = int(plan.study[0]["steps"])
    check_memory(len(labels.series), settings.paths, steps, settings.memory_mib)
    load_kernel(plan, settings, announce)
    announce("running")
    store = _store(labels, settings, steps)
    shards, stop = _shards(settings), threading.Event()
    workers = min(settings.workers or processors(), shards.qsize())

    def work() -> RunState:
        state, worker = RunState(), _Worker(plan, len(labels.series), settings.seed)
        for number in _leaves(shards):
            first = number * LEAF
            n = min(LEAF, settings.paths - first)
            values, *sums, fans = worker.leaf(first, n, stop, progress or (lambda _: None))
            state.update(number, values, *sums)
            store.put(first, values, fans if first < FAN_PATHS else None)
        return state

    with ThreadPoolExecutor(workers, "spvrisk") as pool:
        futures = [pool.submit(work) for _ in range(workers)]
        try:
            _wait(futures, stop)
        finally:
            stop.set()
    return Outcome(_joined([future.result() for future in futures]), store)


def _store(labels: Labels, settings: Settings, steps: int) -> PathStore:
    try:
        return PathStore(len(labels.series), settings.paths, steps)
    except MemoryError as error:
        rule, remedy = "the machine has not so much memory", "run fewer paths"
        raise InputError(Problem("", "run.memory_mib", rule, str(settings.memory_mib), remedy)) from error


def _shards(settings: Settings) -> "queue.SimpleQueue[range]":
    leaves = -(-settings.paths // LEAF)
    shards: queue.SimpleQueue[range] = queue.SimpleQueue()
    for first in range(0, leaves, settings.leaves_per_shard):
        shards.put(range(first, min(first + settings.leaves_per_shard, leaves)))
    return shards


def _leaves(shards: "queue.SimpleQueue[range]") -> Iterator[int]:
    """Take shard after shard, as long as there are any."""
    while True:
        try:
            yield from shards.get_nowait()
        except queue.Empty:
            return


def _wait(futures: list["Future[RunState]"], stop: threading.Event) -> None:
    """Wait in short turns, so that Ctrl-C reaches this thread; the first failure stops the others."""
    pending = set(futures)
    while pending:
        done, pending = wait(pending, timeout=_POLL_SECONDS, return_when=FIRST_EXCEPTION)
        failed = [error for future in done if (error := future.exception()) is not None]
        if failed:
            stop.set()
            raise failed[0]


def _joined(states: list[RunState]) -> Sums:
    """Join the threads' states; the tree is fixed by the leaves' numbers, not by who ran them."""
    first, *others = states
    for state in others:
        first.merge(state)
    return first.finish()
