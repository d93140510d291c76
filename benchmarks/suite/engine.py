"""All that the benchmarks take from the engine: where a name of it changes, this file follows."""

import datetime
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np

from spvrisk.config import load_study
from spvrisk.dataset.layout import default_paths
from spvrisk.dataset.write import Contents, Provenance, write_result
from spvrisk.measures.conditional import summary_and_conditional
from spvrisk.measures.table import timeline
from spvrisk.plan.compile import Compiled, compile_study
from spvrisk.plan.shared import LEAF
from spvrisk.runner.execute import execute
from spvrisk.runner.job import Job
from spvrisk.runner.ledger import MemoryLedger

MAIN_STUDY = Path(__file__).parents[2] / "configs" / "japan_us_2026.yaml"
SEED = 20260331
A_FEW = 64
"""Paths of a run that is not timed."""

_QUANTILES, _LEVELS = ("0.01", "0.05", "0.25", "0.5", "0.75", "0.95", "0.99"), ("0.95", "0.99")


@cache
def compiled(study: Path = MAIN_STUDY) -> Compiled:
    """Plan and labels of a study."""
    return compile_study(load_study(study))


@cache
def simulated(paths: int) -> MemoryLedger:
    """Ledger of a run of the main study."""
    return whole_engine(compiled(), 1)(paths)


def command(*words: str, **variables: str) -> None:
    """Run the command in a process of its own."""
    arguments = [sys.executable, "-m", "spvrisk", *words]
    subprocess.run(arguments, env={**os.environ, **variables}, check=True, capture_output=True)


@cache
def compile_elsewhere() -> None:
    """Have the machine code on file, for commands, or where the compiler's memory must not count."""
    command("warmup")


def warm_up() -> None:
    """Have the machine code ready in this process."""
    Kernel(compiled())(A_FEW)


def whole_engine(done: Compiled, workers: int, seed: int = SEED) -> Callable[[int], MemoryLedger]:
    """Return the whole engine on so many threads: kernel, sums, and the ledger of all paths."""

    def run(n: int) -> MemoryLedger:
        ledger = MemoryLedger(Job(done.plan, done.labels, "", seed, n, 1))
        execute(ledger, workers)
        return ledger

    return run


class Kernel:
    """The kernel alone: leaves of paths over threads."""

    def __init__(self, done: Compiled, threads: int = 1) -> None:
        # loaded after all else, as the engine loads it: what comes first decides for which vectors it is compiled
        from spvrisk.kernel import run as kernel

        self.kernel, self.plan, self.threads = kernel, done.plan, threads
        self.places = [
            (*kernel.make_work(self.plan), kernel.make_leaf(self.plan, len(done.labels.series), False))
            for _ in range(threads)
        ]

    def share(self, i: int, n: int) -> None:
        """Run `n` paths in thread `i`, leaf by leaf."""
        at, work, leaf = self.places[i]
        for first in range(0, n, LEAF):
            numbers = (np.uint64(x) for x in ((i << 24) + first, 0, min(LEAF, n - first)))
            self.kernel.run_paths(self.plan, at, work, leaf, np.uint64(SEED), *numbers)

    def __call__(self, n: int) -> None:
        """Run `n` paths."""
        if self.threads == 1:
            return self.share(0, n)
        with ThreadPoolExecutor(self.threads) as pool:
            for done in [pool.submit(self.share, i, n // self.threads) for i in range(self.threads)]:
                done.result()
        return None


def without_projects(done: Compiled) -> Compiled:
    """Leave the clock, the factors, and sums of nothing."""
    return done._replace(plan=done.plan._replace(projects=done.plan.projects[:0]))


def clock_alone(done: Compiled) -> Compiled:
    """Leave the clock, and sums of nothing."""
    bare = without_projects(done).plan
    return done._replace(plan=bare._replace(factors=bare.factors[:0], rows=bare.rows[:0], jumps=bare.jumps[:0]))


def measured(run: MemoryLedger) -> tuple:
    """Summary and conditional statistics of a run of the main study."""
    return summary_and_conditional(run.sums(), run.column, compiled().labels, _QUANTILES, _LEVELS)


@cache
def tables(paths: int) -> tuple:
    """All tables of a run of the main study, as they are written."""
    run, labels = simulated(paths), compiled().labels
    return (*measured(run), timeline(run.sums(), run.fans(), labels, _QUANTILES))


def write(paths: int, target: Path) -> None:
    """Write the result of a run of the main study."""
    plan, labels, _ = compiled()
    now = datetime.datetime.now(datetime.UTC)
    origin = Provenance("{}", "0" * 64, plan, {}, (), now, 0.0, 1, (), "", "", "")
    values, names = simulated(paths).values, default_paths(labels)
    write_result(target, Contents(labels, *tables(paths), values, names, SEED, origin), overwrite=True)


@cache
def folder() -> tempfile.TemporaryDirectory:
    """A folder for what the benchmarks write, as long as the process lives."""
    return tempfile.TemporaryDirectory(prefix="spvrisk-benchmarks-")
