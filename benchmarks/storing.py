"""What storing takes of a run: ``python benchmarks/storing.py [--study FILE] [--paths N] [--rounds N]``.

The same run in turn with its shards in memory and in a folder. The time of storing is what the shards' phase takes more
with the folder, and that of writing the result; told is its share of the whole run, by the clock on the wall and by
processor time. Start and loading of the kernel are left out.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import spvrisk

ROOT = Path(__file__).resolve().parents[1]
SHARDS, STATISTICS, WRITING = "running", "summarising", "writing"


class Phases(NamedTuple):
    """Seconds of the phases of a run, on the wall and of the processors."""

    shards: tuple[float, float]
    statistics: tuple[float, float]
    writing: tuple[float, float]


def phases(study: spvrisk.Study, paths: int, folder: Path, keep: bool) -> Phases:
    """Run a study, and time what it says that it does."""
    marks: list[tuple[str, float, float]] = []

    def announce(stage: str) -> None:
        marks.append((stage, time.perf_counter(), time.process_time()))

    out = folder / ("folder.h5" if keep else "memory.h5")
    spvrisk.run(study, paths=paths, out=out, overwrite=True, keep=keep, announce=announce).close()
    announce("done")
    begins = {stage: (wall, processor) for stage, wall, processor in marks}
    ends = [begins[SHARDS], begins[STATISTICS], begins[WRITING], begins["done"]]
    took = [(after[0] - before[0], after[1] - before[1]) for before, after in zip(ends, ends[1:], strict=False)]
    return Phases(*took)


def main() -> None:
    """Time, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--study", type=Path, default=ROOT / "configs" / "japan_us_2026.yaml")
    parser.add_argument("--paths", type=int, default=500_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    study, found = spvrisk.load(asked.study), {True: list[Phases](), False: list[Phases]()}
    with tempfile.TemporaryDirectory() as folder:
        phases(study, 1000, Path(folder), False)
        for round_ in range(asked.rounds):
            for keep in (False, True):
                # a folder of its own: shards that are there already would not be computed
                own = Path(folder) / f"{round_}-{keep}"
                own.mkdir()
                found[keep].append(phases(study, asked.paths, own, keep))
    for clock, name in enumerate(("on the wall", "processor time")):
        memory, disk = (
            [statistics.median(run[phase][clock] for run in found[keep]) for phase in range(3)]
            for keep in (False, True)
        )
        print(f"{asked.paths:,} paths, {name}, in seconds:")
        told = "  {}: shards {:.1f}, statistics {:.1f}, writing {:.1f}: storing is {:.0f} %"
        print(told.format("in memory", *memory, 100 * memory[2] / sum(memory)))
        print(told.format("in a folder", *disk, 100 * (disk[0] - memory[0] + disk[2]) / sum(disk)))


if __name__ == "__main__":
    main()
