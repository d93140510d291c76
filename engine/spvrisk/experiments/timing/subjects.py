"""What a benchmark measures: each subject is made ready, takes turns, and makes its figures of what they found."""

import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from spvrisk.config import Loaded
from spvrisk.dataset.write import write_result
from spvrisk.experiments.need import memory_budget, need_of
from spvrisk.experiments.run import Ran, ran
from spvrisk.experiments.task import planned, settings_of
from spvrisk.experiments.timing.found import Result, Stage, Threads
from spvrisk.experiments.timing.kernel import Kernel, whole_engine
from spvrisk.experiments.timing.parts import FACTORS, POOL, PROJECTS, SELECTION, STACK, WHOLE, by_difference, parts
from spvrisk.experiments.timing.processes import command
from spvrisk.experiments.timing.turns import Spread, Turns, column, spread
from spvrisk.plan.compile import Compiled
from spvrisk.plan.shared import LEAF
from spvrisk.runner.job import Job
from spvrisk.runner.ledger import MemoryLedger
from spvrisk.runner.shard import CALL_SECONDS, processors

START_PATHS = 1000
"""Paths of a run whose start is timed."""

RESULT_PATHS = (1000, 10_000, 100_000)
"""Paths of a result: as many as there is time for."""

_WARM_SECONDS = 0.02
"""What a call must last before the length of others is worked out from it."""

_CALL, _RUN = 1 / 240, 1 / 75
"""Parts of the whole time that a timing of the kernel may last, and those of it by threads together."""

_REACH = 2.0
"""How much longer than it may a turn of more paths may seem to take: it has a part that does not grow with them."""

_MOST_CALL, _MOST_RUN = 0.25, 1.0
"""Seconds that these may last at the most."""


class KernelByStages:
    """The kernel on one thread, with and without its stages.

    Parameters
    ----------
    done
        The study.
    seconds
        Of the benchmark.
    """

    def __init__(self, done: Compiled, seconds: float) -> None:
        plan, funded = done.plan, done.labels.series.index(("portfolio", "funded"))
        self._kernels = {name: Kernel(done._replace(plan=part)) for name, part in parts(plan).items()}
        whole = list(self._kernels.values())[-1]
        self.us = _first_us(whole)
        self._at_most = min(self._paths_in(CALL_SECONDS, whole.lanes), LEAF)
        self._paths = self._paths_in(min(_CALL * seconds, _MOST_CALL), whole.lanes)
        whole(self._at_most, self._at_most)
        self.funded = float(np.mean(whole.values[funded, : self._at_most]))
        steps = int(plan.study[0]["steps"])
        built = (self.funded * steps, "funded project and step")
        self._units = {
            SELECTION: (float(plan.projects.size), "project"),
            FACTORS: (float(plan.factors.size * steps), "factor and step"),
            **dict.fromkeys((PROJECTS, STACK, POOL, WHOLE), built),
        }

    def _paths_in(self, seconds: float, lanes: int) -> int:
        """Paths that take the kernel so long, in whole rows of lanes."""
        return max(int(1e6 * seconds / self.us) // lanes, 1) * lanes

    def turn(self) -> dict[str, float]:
        """Microseconds a path of each stage and of all, and ``waited``, as of `Took`, at the most."""
        took = {name: kernel(self._paths, self._at_most) for name, kernel in self._kernels.items()}
        us = {name: 1e6 * each.processor_seconds / self._paths for name, each in took.items()}
        return {**by_difference(us), "waited": max(each.waited for each in took.values())}

    def stages(self, turns: Turns) -> tuple[Stage, ...]:
        """Sum up what turns found.

        Parameters
        ----------
        turns
            As from `turn`.
        """
        names = (*self._kernels, WHOLE)
        return tuple(Stage(name, spread(column(turns, name)), *self._units.get(name, (0.0, ""))) for name in names)


def _first_us(kernel: Kernel) -> float:
    """About how many microseconds a path takes; the first call is not counted."""
    n = kernel.lanes
    kernel(n, n)
    while True:
        began = time.perf_counter()
        kernel(n, n)
        took = time.perf_counter() - began
        if took >= _WARM_SECONDS or 2 * n > LEAF:
            return max(1e6 * took / n, 1e-3)
        n *= 2


class ByThreads:
    """Kernel and whole engine on one thread, two, four, ... and as many as there may be, with as many paths a thread.

    Parameters
    ----------
    done
        The study.
    most
        Threads at the most.
    us
        Microseconds that a path takes the kernel.
    seconds
        Of the benchmark.
    room
        Bytes of memory that a run may take; more threads than there is room for are not tried.
    """

    def __init__(self, done: Compiled, most: int, us: float, seconds: float, room: int) -> None:
        self._done, counts = done, thread_counts(most)
        lasts = min(_RUN * seconds, _MOST_RUN) / len(counts)
        self._leaves = max(1, round(lasts / (1e-6 * us * LEAF)))
        jobs = {threads: Job(done.plan, done.labels, "", 0, self._paths(threads), 1) for threads in counts}
        self._counts = [n for n, job in jobs.items() if n == 1 or need_of(job, n).in_memory <= room]
        self._kernel = Kernel(done, self._counts[-1])
        self._at_most = LEAF if 1e-6 * us * LEAF <= 2 * CALL_SECONDS else self._kernel.lanes

    def _paths(self, threads: int) -> int:
        return LEAF * self._leaves * threads

    def turn(self) -> dict[str, float]:
        """Microseconds a path on the wall, by what and the number of threads; ``waited`` of the kernel."""
        found = {}
        for threads in self._counts:
            n, began = self._paths(threads), time.perf_counter()
            took = self._kernel(n, self._at_most, threads)
            if threads <= processors():  # more of them wait for each other
                found["waited"] = took.waited
            found[f"kernel {threads}"] = 1e6 * (time.perf_counter() - began) / n
            began = time.perf_counter()
            whole_engine(self._done, threads)(n)
            found[f"engine {threads}"] = 1e6 * (time.perf_counter() - began) / n
        return found

    def threads(self, turns: Turns) -> tuple[Threads, ...]:
        """Sum up what turns found.

        Parameters
        ----------
        turns
            As from `turn`.
        """
        return tuple(
            Threads(threads, *_against_one(turns, "kernel", threads), *_against_one(turns, "engine", threads))
            for threads in self._counts
        )


def _against_one(turns: Turns, what: str, threads: int) -> tuple[Spread, Spread]:
    """Microseconds a path, and how many times as fast as on one thread in the same turn."""
    one, many = (column(turns, f"{what} {count}") for count in (1, threads))
    return spread(many), spread([a / b for a, b in zip(one, many, strict=True)])


def thread_counts(most: int) -> tuple[int, ...]:
    """Give the numbers of threads to try: 1, 2, 4, ... and the most.

    Parameters
    ----------
    most
        At least 1.

    Examples
    --------
    >>> thread_counts(1), thread_counts(6), thread_counts(8)
    ((1,), (1, 2, 4, 6), (1, 2, 4, 8))
    """
    return (*(1 << k for k in range((most - 1).bit_length())), most)


class ResultOfRun:
    """Statistics of a run, and its file, in a folder.

    Parameters
    ----------
    loaded
        The study.
    folder
        Where to.
    seconds
        That a turn may take; there are as many paths as that allows.
    """

    def __init__(self, loaded: Loaded, folder: Path, seconds: float) -> None:
        self._file = folder / "result.h5"
        self._run = self._of(loaded, RESULT_PATHS[0])
        self.turn()  # what it loads is not timed
        for paths, more in zip(RESULT_PATHS, RESULT_PATHS[1:], strict=False):
            began = time.perf_counter()
            self.turn()
            took = time.perf_counter() - began
            if took * more / paths > _REACH * seconds or not self._has_room(loaded, more):
                break
            self._run = self._of(loaded, more)

    @property
    def paths(self) -> int:
        """Paths of the run."""
        return self._run.ledger.job.paths

    def _of(self, loaded: Loaded, paths: int) -> Ran:
        task = planned(loaded, settings_of(loaded, paths, None))
        return ran(task, MemoryLedger(task.job))

    def _has_room(self, loaded: Loaded, paths: int) -> bool:
        job = replace(self._run.ledger.job, paths=paths)
        return need_of(job, self._run.task.workers).in_memory <= memory_budget(loaded.study.run)

    def turn(self) -> dict[str, float]:
        """Seconds for statistics and for writing."""
        began = time.perf_counter()
        self._run.violations()
        contents = self._run.contents(lambda _: None)
        made = time.perf_counter()
        write_result(self._file, contents, overwrite=True)
        return {"statistics": made - began, "writing": time.perf_counter() - made}

    def result(self, turns: Turns) -> Result:
        """Sum up what turns found.

        Parameters
        ----------
        turns
            As from `turn`.
        """
        statistics, writing = (spread(column(turns, name)) for name in ("statistics", "writing"))
        return Result(self.paths, statistics, writing, os.path.getsize(self._file), None)


class Starts:
    """The command, started for a run of a few paths, whose result goes to a folder.

    Parameters
    ----------
    loaded
        The study.
    folder
        Where to.
    """

    def __init__(self, loaded: Loaded, folder: Path) -> None:
        changes = (word for override in loaded.overrides for word in ("--set", override))
        paths, out = f"--paths={START_PATHS}", f"--out={folder / 'start.h5'}"
        self.words = ("run", str(loaded.files[0].resolve()), paths, out, "--overwrite", *changes)

    def turn(self) -> dict[str, float]:
        """Seconds of the command."""
        return {"start": command(self.words).seconds}
