"""What-ifs beside the kernel that they need: ``python benchmarks/what_ifs.py [--file FILE] [--paths N] [--rounds N]``.

All scenarios of a file are run for their table, and the kernel alone on the same plans, in turn, on as many threads as
there are processors. Told are the ratio of both, by the clock on the wall and by processor time; how long it takes to
check a scenario's study, and to plan it; and the peak of the memory.
"""

import argparse
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path

# first of all: numba makes code for one target in a process, and the engine's is proved
import spvrisk.kernel.maths  # noqa: F401

# isort: split
from spvrisk.config import load
from spvrisk.config.scenarios import read_scenarios, variant
from spvrisk.experiments.planned import Planned, planned_scenarios
from spvrisk.experiments.scenarios import run_scenarios
from spvrisk.experiments.task import job_of
from spvrisk.experiments.timing.kernel import Kernel, Took
from spvrisk.plan.compile import Compiled
from spvrisk.runner.execute import make_ready
from spvrisk.runner.on import Threads
from spvrisk.runner.shard import processors

ROOT = Path(__file__).resolve().parents[1]


def kernel_alone(planned: Planned, threads: int) -> Took:
    """The kernel on each plan in turn, its paths over the threads."""
    runs = [
        Kernel(Compiled(each.job.plan, each.job.labels, None), threads)(each.job.paths // threads * threads)
        for each in planned.variants
    ]
    return Took(sum(each.seconds for each in runs) / threads, sum(each.processor_seconds for each in runs))


def table(planned: Planned, threads: int) -> Took:
    """All scenarios with their measures and differences."""
    began, used = time.perf_counter(), time.process_time()
    run_scenarios(planned, Threads(threads))
    return Took(time.perf_counter() - began, time.process_time() - used)


def milliseconds(work: Callable[[], object], rounds: int = 15) -> float:
    """Median of some calls."""
    took = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        took.append(1000.0 * (time.process_time() - began))
    return statistics.median(took)


def checking(path: Path) -> tuple[float, float]:
    """Milliseconds of a scenario's study to be checked, and to be planned, by processor time."""
    file = read_scenarios(path)
    base, first = load(file.base), file.scenarios[0]

    def changed():
        return variant(base, first.name, first.changes, first.overlays)

    study = changed().study
    return milliseconds(changed), milliseconds(lambda: job_of(study, study.run))


def main() -> None:
    """Time, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--file", type=Path, default=ROOT / "configs" / "scenarios" / "terms_and_prices.yaml")
    parser.add_argument("--paths", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    threads, planned = processors(), planned_scenarios(asked.file, paths=asked.paths)
    make_ready(planned.variants[0].job.plan)
    wall, processor = [], []
    for _ in range(asked.rounds):
        alone, whole = kernel_alone(planned, threads), table(planned, threads)
        wall.append(whole.seconds / alone.seconds)
        processor.append(whole.processor_seconds / alone.processor_seconds)
        print(f"table {whole.seconds:.2f} s, kernel alone {alone.seconds:.2f} s", flush=True)
    checked, compiled = checking(asked.file)
    ratios = f"{statistics.median(wall):.2f} times the kernel alone on the wall, {statistics.median(processor):.2f} by"
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{len(planned.variants)} runs of {asked.paths:,} paths on {threads} threads: {ratios} processor time; a study "
        f"is checked in {checked:.1f} ms, and planned in {compiled:.1f}; memory peaks at {memory:,.0f} MiB"
    )


if __name__ == "__main__":
    main()
