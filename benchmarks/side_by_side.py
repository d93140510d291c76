"""The kernel beside other ways to run the same study: ``python benchmarks/side_by_side.py [--paths N] [--quick]``.

First the kernel and the NumPy version run on the same draws and must agree path by path. Then they are timed on the
frozen study (`frozen_plan`), all quantities and timeline sums: the kernel on one thread and on two, the whole engine
(kernel, sums and the store of all paths), and the vectorised NumPy versions of `numpy_engine`, plain and tuned, each at
its best chunk. Ways run in turn, round after round, so that what else the machine does meets all of them alike; ratios
are medians over the rounds. One thread is timed by its own processor time, several by the clock on the wall. Compiling
is not timed: each way has run once before.
"""

import os

for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):  # they may keep NumPy's matrix product from its best code
    os.environ.pop(name, None)
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import argparse
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numba
import numpy as np

# first of all: numba makes code for one target in a process, and the engine's is proved
import spvrisk.kernel.maths  # noqa: F401

# isort: split
import frozen_plan
from agreement import differences
from numpy_engine import NumpyEngine
from suite.engine import SEED, Kernel, compiled, whole_engine

CHUNKS = (1024, 2048, 4096, 8192, 16384, 32768)
AGREEMENT = 1e-9


class Way(NamedTuple):
    """One way to run the study."""

    name: str
    run: Callable[[int], object]
    threads: int


def numpy_way(chunk: int, tuned: bool) -> Callable[[int], object]:
    """Return a NumPy version in chunks."""
    version, rng = NumpyEngine(frozen_plan.load(), tuned=tuned), np.random.Generator(np.random.SFC64(SEED))

    def run(n: int) -> None:
        for first in range(0, n, chunk):
            version.run(min(chunk, n - first), rng)

    return run


def timed(way: Way, n: int) -> float:
    """Microseconds per path."""
    clock = time.thread_time if way.threads == 1 and way.name != "whole engine" else time.perf_counter
    begin = clock()
    way.run(n)
    return 1e6 * (clock() - begin) / n


def best_chunk(n: int, chunks: tuple[int, ...], tuned: bool) -> tuple[int, dict[int, float]]:
    """Chunk of paths at which a NumPy version is fastest, and what was measured."""
    found = {}
    for chunk in chunks:
        way = Way("numpy", numpy_way(chunk, tuned), 1)
        way.run(chunk)
        found[chunk] = min(timed(way, max(chunk, n // 2)) for _ in range(2))
    return min(found, key=found.__getitem__), found


def machine() -> str:
    """What the figures depend on."""
    model = platform.processor()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), model)
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    versions = f"Python {platform.python_version()}, NumPy {np.__version__}, numba {numba.__version__}"
    return f"{model}, {os.cpu_count()} processors{load}; {versions}"


class Report(NamedTuple):
    """What a comparison found, in microseconds per path; ratios are medians over the rounds."""

    rounds: dict[str, list[float]]
    chunks: dict[str, dict[int, float]]
    compile_seconds: float
    agreement: float

    def ratio(self, above: str, below: str) -> float:
        """How many times as long `above` takes as `below`."""
        return statistics.median(a / b for a, b in zip(self.rounds[above], self.rounds[below], strict=True))


def compare(paths: int, rounds: int, chunks: tuple[int, ...]) -> Report:
    """Run all ways in turn."""
    study = compiled(frozen_plan.STUDY)
    begin = time.perf_counter()
    Kernel(study)(256)
    compile_seconds = time.perf_counter() - begin
    agreement = max(differences(SEED, min(paths, 1024)).values())
    if not agreement <= AGREEMENT:
        raise AssertionError(f"the two versions differ by {agreement:.1e}: run benchmarks/agreement.py")
    found, numpy = {}, []
    for name, tuned in (("NumPy", False), ("NumPy, tuned", True)):
        chunk, found[name] = best_chunk(paths, chunks, tuned)
        numpy.append(Way(name, numpy_way(chunk, tuned), 1))
    ways = [
        Way("kernel", Kernel(study), 1),
        Way("kernel, 2 threads", Kernel(study, 2), 2),
        Way("whole engine", whole_engine(study, 1), 1),
        Way("whole engine, 2 threads", whole_engine(study, 2), 2),
        *numpy,
    ]
    wall = Way("kernel on the wall", ways[0].run, 2)
    results: dict[str, list[float]] = {way.name: [] for way in (*ways, wall)}
    for way in ways:
        way.run(min(paths, 4096))
    for _ in range(rounds):
        for way in (*ways, wall):
            results[way.name].append(timed(way, paths))
    return Report(results, found, compile_seconds, agreement)


def table(report: Report) -> str:
    """The comparison as text."""
    lines = [f"{'us per path':26}{'best':>8}{'median':>8}"]
    for name, values in report.rounds.items():
        lines.append(f"{name:26}{min(values):8.1f}{statistics.median(values):8.1f}")
    for name, found in report.chunks.items():
        chunks = ", ".join(f"{chunk}: {value:.0f}" for chunk, value in found.items())
        lines.append(f"{name + ' by chunk':27}{chunks}; compared at {min(found, key=found.__getitem__)}")
    lines += [
        f"NumPy / kernel             {report.ratio('NumPy', 'kernel'):.2f}",
        f"NumPy, tuned / kernel      {report.ratio('NumPy, tuned', 'kernel'):.2f}",
        f"two threads against one    {report.ratio('kernel on the wall', 'kernel, 2 threads'):.2f}",
        f"engine, two against one    {report.ratio('whole engine', 'whole engine, 2 threads'):.2f}",
        f"they agree to              {report.agreement:.1e}, path by path",
        f"compiled or loaded in      {report.compile_seconds:.1f} s",
    ]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--paths", type=int, default=32768)
    parser.add_argument("--quick", action="store_true", help="fewer paths and rounds, two chunks")
    options = parser.parse_args(arguments)
    quick = options.quick
    paths, rounds = (min(options.paths, 8192), 3) if quick else (options.paths, 7)
    print(machine())
    chunks = tuple(chunk for chunk in (CHUNKS[3:5] if quick else CHUNKS) if chunk <= paths) or (paths,)
    print(table(compare(paths, rounds, chunks)))


if __name__ == "__main__":
    main()
