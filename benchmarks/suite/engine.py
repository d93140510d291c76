"""All that the benchmarks take from the engine: where a name of it changes, this file follows."""

import datetime
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from spvrisk.config import load_study
from spvrisk.dataset.kept import default_paths, quantities_among
from spvrisk.dataset.write import Contents, Provenance, write_result
from spvrisk.experiments.timing.kernel import SEED, Kernel, whole_engine
from spvrisk.experiments.timing.parts import by_difference as by_difference
from spvrisk.experiments.timing.parts import parts
from spvrisk.measures.conditional import summary_and_conditional
from spvrisk.measures.table import timeline
from spvrisk.plan.compile import Compiled, compile_study
from spvrisk.runner.ledger import MemoryLedger

MAIN_STUDY = Path(__file__).parents[2] / "configs" / "japan_us_2026.yaml"
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


def stages() -> dict[str, Kernel]:
    """The kernel on the main study up to each stage, by its name; the last has all."""
    done = compiled()
    return {name: Kernel(done._replace(plan=part)) for name, part in parts(done.plan).items()}


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
    origin = Provenance("{}", "0" * 64, plan, {"study.yaml": ""}, (), now, 0.0, 1, (), "", "", "")
    block, names = simulated(paths).block, quantities_among(default_paths(labels))
    made = Contents(labels, *tables(paths), paths, block, names, SEED, "plain", "", origin)
    write_result(target, made, overwrite=True)


@cache
def folder() -> tempfile.TemporaryDirectory:
    """A folder for what the benchmarks write, as long as the process lives."""
    return tempfile.TemporaryDirectory(prefix="spvrisk-benchmarks-")
