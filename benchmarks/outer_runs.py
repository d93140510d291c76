"""Outer runs beside the kernel that they need: ``python benchmarks/outer_runs.py [--study FILE] [--outer N]``.

The uncertain inputs of a study are drawn, it is planned at each draw, run and measured; and the kernel alone on the
same plans, in turn, on as many threads as there are processors. Told are the ratio of both, by the clock on the wall
and by processor time, and how long a draw takes to be planned.
"""

import argparse
import statistics
import time
from pathlib import Path

# first of all: numba makes code for one target in a process, and the engine's is proved
import spvrisk.kernel.maths  # noqa: F401

# isort: split
from spvrisk.config import Loaded, load
from spvrisk.experiments.outer import Outer, outer_runs, planned_outer
from spvrisk.experiments.timing.kernel import Kernel, Took
from spvrisk.plan.compile import Compiled
from spvrisk.runner.execute import make_ready
from spvrisk.runner.on import Threads
from spvrisk.runner.shard import processors

ROOT = Path(__file__).resolve().parents[1]


def planned(loaded: Loaded) -> Outer:
    """The outer runs of a study that has some."""
    found = planned_outer(loaded, loaded.study.run)
    assert found is not None
    return found


def kernel_alone(outer: Outer, threads: int) -> Took:
    """The kernel on each plan in turn, its paths over the threads."""
    runs = [Kernel(Compiled(job.plan, job.labels, None), threads)(job.paths // threads * threads) for job in outer.jobs]
    return Took(sum(each.seconds for each in runs) / threads, sum(each.processor_seconds for each in runs))


def whole(loaded: Loaded, threads: int) -> tuple[Took, float]:
    """All of it: drawing, planning, running, measuring; and what planning takes of it on the wall."""
    began, used = time.perf_counter(), time.process_time()
    outer = planned(loaded)
    ready = time.perf_counter()
    outer_runs(outer, Threads(threads), threads)
    return Took(time.perf_counter() - began, time.process_time() - used), ready - began


def main() -> None:
    """Time, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--study", type=Path, default=ROOT / "configs" / "japan_us_2026_uncertain.yaml")
    parser.add_argument("--outer", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    threads, loaded = processors(), load(asked.study, {"run.uncertainty.outer": asked.outer})
    outer = planned(loaded)
    make_ready(outer.jobs[0].plan)
    wall, processor, planning = [], [], []
    for _ in range(asked.rounds):
        alone, (all_of_it, plans) = kernel_alone(outer, threads), whole(loaded, threads)
        wall.append(all_of_it.seconds / alone.seconds)
        processor.append(all_of_it.processor_seconds / alone.processor_seconds)
        planning.append(1000.0 * plans / asked.outer)
        print(f"outer runs {all_of_it.seconds:.2f} s, kernel alone {alone.seconds:.2f} s", flush=True)
    ratios = f"{statistics.median(wall):.2f} times the kernel alone on the wall, {statistics.median(processor):.2f} by"
    print(
        f"{asked.outer} outer runs of {outer.inner:,} paths on {threads} threads: {ratios} processor time; a draw is "
        f"planned in {statistics.median(planning):.1f} ms"
    )


if __name__ == "__main__":
    main()
