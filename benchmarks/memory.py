"""Memory of runs: ``python benchmarks/memory.py [--study FILE] [--paths N ...] [--ways WAY ...] [--to FOLDER]``.

The same study runs with more and more paths: with all values in memory, with all of them on the disk, and with a disk
that has no room for them, so that sketches are kept. Each run is a process of its own, whose resident memory is looked
up some ten times a second; its peak is what the system counts. The longest run is made once more, by extending one of
half the paths, and its content compared. A table and a picture are written, ``memory.md`` and ``memory.svg``.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import spvrisk
from spvrisk.config import load
from spvrisk.dataset.kept import default_paths
from spvrisk.experiments.need import MIB, memory_budget, most_kept, need_of
from spvrisk.experiments.task import job_of, settings_of
from spvrisk.runner.job import Job

ROOT = Path(__file__).resolve().parents[1]
MEMORY, DISK, BEYOND = "in memory", "on the disk", "beyond the disk"
WAYS = {MEMORY: "#1b6ca8", DISK: "#c8553d", BEYOND: "#3d8b5f"}
_SHARES = (0.15, 0.2, 0.3, 0.5, 0.7, 0.85)
"""Parts of the disk for all values that a run beyond the disk may have: the least that suffices is taken."""

_LOOK_SECONDS = 0.1
_PAGE = """# Memory of runs

`python benchmarks/memory.py --paths {paths}` wrote this page: {study}, {threads} threads, {machine}. Peaks are those
of the resident memory of the process that runs; on the disk and beyond it, shards are kept in the result's folder
(`--keep`). Beyond the disk a run may have no more of it than the last column says, and statistics are approximate
(decision 25).

{table}

{flat}

{extended}

![Resident memory](memory.svg)
"""


class Looked(NamedTuple):
    """A run that was looked at.

    Attributes
    ----------
    way, paths
        What ran.
    seconds, resident
        When memory was looked up, and MiB that were found.
    peak
        MiB at most, as the system counts.
    disk
        MiB that it was given; None for no limit.
    content
        Digest of the result's content.
    """

    way: str
    paths: int
    seconds: tuple[float, ...]
    resident: tuple[float, ...]
    peak: float
    disk: int | None
    content: str


def field(pid: int, name: str) -> float:
    """MiB of a field of the process's status; 0 where it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0.0
    found = [line.split()[1] for line in status.splitlines() if line.startswith(f"{name}:")]
    return int(found[0]) / 1024 if found else 0.0


def looked(way: str, study: Path, sizes: Sequence[int], options: Sequence[str], disk: int | None) -> Looked:
    """Run a study with so many paths, then extend it to more; look at the memory of the last run until it ends."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        out = Path(folder) / "r.h5"
        for paths in sizes:
            words = ["run", str(study), "--paths", str(paths), "--out", str(out), "--json", *options]
            words += ["--resume"] if paths != sizes[0] else []
            began, seconds, resident, peak = time.perf_counter(), [], [], 0.0
            with (
                (Path(folder) / "said").open("wb") as said,
                subprocess.Popen([sys.executable, "-m", "spvrisk", *words], stdout=said, stderr=said) as run,
            ):
                while run.poll() is None:
                    seconds.append(time.perf_counter() - began)
                    resident.append(field(run.pid, "VmRSS"))
                    peak = max(peak, field(run.pid, "VmHWM"))
                    time.sleep(_LOOK_SECONDS)
            if run.returncode:
                text = (Path(folder) / "said").read_text(encoding="utf-8")[-2000:]
                raise SystemExit(f"{way}, {paths:,} paths: the run ended with {run.returncode}: {text}")
        with spvrisk.open(out) as result:
            content = str(result.attributes["content_sha256"])
    return Looked(way, sizes[-1], tuple(seconds), tuple(resident), peak, disk, content)


def least_disk(study: Path, paths: int) -> int | None:
    """MiB of disk with which a run keeps sketches; None where there is no room for less than all values."""
    loaded = load(study)
    settings = settings_of(loaded, paths, None)
    job: Job = job_of(loaded.study, settings)
    names, room = tuple(loaded.study.output.paths or default_paths(job.labels)), need_of(job, 2).disk
    for share in _SHARES:
        if most_kept(job, loaded.study.output, names, memory_budget(settings), int(share * room)):
            return int(share * room) // MIB
    return None


def runs(study: Path, sizes: Sequence[int], wanted: Sequence[str]) -> Iterator[Looked]:
    """All runs, told of as they end."""
    for paths in sizes:
        disk = least_disk(study, paths) if BEYOND in wanted else None
        ways = {MEMORY: [], DISK: ["--keep"]}
        if disk is not None:
            ways[BEYOND] = ["--keep", "--set", f"run.disk_mib={disk}"]
        for way in (way for way in ways if way in wanted):
            yield said(looked(way, study, [paths], ways[way], disk if way == BEYOND else None))


def said(found: Looked) -> Looked:
    """Tell of a run."""
    print(
        f"{found.paths:>12,} paths {found.way:<16} {found.peak:8,.0f} MiB, {found.seconds[-1]:7.1f} s, "
        f"content {found.content[:12]}",
        flush=True,
    )
    return found


def extension(study: Path, found: Sequence[Looked]) -> str:
    """Make the longest run on the disk once more, in two halves, and hold its content against that of the first."""
    longest = max((each for each in found if each.way == DISK), key=lambda each: each.paths, default=None)
    if longest is None:
        return ""
    paths = longest.paths
    other = said(looked("extended", study, [paths // 2, paths], ["--keep"], None))
    same = "has the same content as" if other.content == longest.content else "DIFFERS in content from"
    return f"A run of {paths // 2:,} paths that is extended to {paths:,} {same} the run from the start."


def table(found: Sequence[Looked]) -> str:
    """Peaks by paths and way."""
    peaks = {(each.way, each.paths): each for each in found}
    ways = [way for way in WAYS if any(each.way == way for each in found)]
    rows = [["paths", *(f"{way}, MiB" for way in ways), "disk beyond, MiB"], ["---:"] * (len(ways) + 2)]
    for paths in sorted({each.paths for each in found}):
        here = [peaks.get((way, paths)) for way in ways]
        beyond = peaks.get((BEYOND, paths))
        disk = f"{beyond.disk:,}" if beyond else "-"
        rows.append([f"{paths:,}", *(f"{each.peak:,.0f}" if each else "-" for each in here), disk])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def flat(found: Sequence[Looked]) -> str:
    """How much more the longest runs take than the shortest."""
    said = []
    for way in WAYS:
        own = sorted((each for each in found if each.way == way), key=lambda each: each.paths)
        if len(own) > 1:
            times = own[-1].peak / own[0].peak
            said.append(f"{way} {own[-1].paths:,} paths take {times:.2f} times the memory of {own[0].paths:,}")
    return f"{'; '.join(said).capitalize()}." if said else ""


class Panel(NamedTuple):
    """A diagram with straight axes from 0.

    Attributes
    ----------
    left
        Where it begins.
    title, unit
        What stands above it, and below its lower axis.
    right, top
        Ends of its axes.
    """

    left: float
    title: str
    unit: str
    right: float
    top: float

    width, height, head = 360.0, 240.0, 40.0

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a point lies on the picture."""
        return self.left + self.width * x / self.right, self.head + self.height * (1 - y / self.top)

    def frame(self) -> Iterator[str]:
        """Title, axes and their marks."""
        yield text(self.left, self.head - 18, self.title, "start")
        yield text(self.left + self.width, self.head + self.height + 34, self.unit, "end")
        for k in range(5):
            x, y = self.at(self.right * k / 4, 0.0)
            yield text(x, y + 16, f"{self.right * k / 4:,.4g}", "middle")
            x, y = self.at(0.0, self.top * k / 4)
            yield f'<path d="M{x:.1f} {y:.1f}h{self.width}" stroke="#ddd"/>'
            yield text(x - 6, y + 4, f"{self.top * k / 4:,.0f}", "end")

    def line(self, points: Sequence[tuple[float, float]], colour: str, dots: bool) -> Iterator[str]:
        """Points, joined by a line."""
        placed = [self.at(*point) for point in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.8"/>'
        if dots:
            yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in placed)


def text(x: float, y: float, words: str, anchor: str, colour: str = "#333") -> str:
    """Words on the picture."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{words}</text>'


def picture(found: Sequence[Looked]) -> str:
    """Peaks against paths, and memory in the course of the longest runs."""
    most, top = max(each.paths for each in found), 1.05 * max(each.peak for each in found)
    longest = [each for each in found if each.paths == most]
    peaks = Panel(60.0, "peak of resident memory, MiB", "million paths", most / 1e6, top)
    course = Panel(
        500.0, f"resident memory of {most:,} paths, MiB", "seconds", max(x.seconds[-1] for x in longest), top
    )
    parts = [*peaks.frame(), *course.frame()]
    for k, (way, colour) in enumerate(WAYS.items()):
        own = sorted((each for each in found if each.way == way), key=lambda each: each.paths)
        parts += peaks.line([(each.paths / 1e6, each.peak) for each in own], colour, dots=True)
        if own:
            parts.append(text(500.0 + 130.0 * k, 336.0, way, "start", colour))
        for each in (each for each in longest if each.way == way):
            parts += course.line(list(zip(each.seconds, each.resident, strict=True)), colour, dots=False)
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 890 350" font-family="sans-serif" font-size="12">'
    return "\n".join([head, '<rect width="890" height="350" fill="#fff"/>', *parts, "</svg>", ""])


def main() -> None:
    """Run all, and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--study", type=Path, default=ROOT / "configs" / "japan_us_2026.yaml")
    parser.add_argument("--paths", type=int, nargs="+", default=[1_000_000, 3_000_000, 10_000_000])
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "validation")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    asked = parser.parse_args()
    # compiling takes more memory than a run, and would count for the first
    subprocess.run([sys.executable, "-m", "spvrisk", "warmup"], check=True, capture_output=True)
    found: list[Looked] = []
    for each in runs(asked.study, asked.paths, asked.ways):
        found.append(each)
        write(asked, found, "")
    write(asked, found, extension(asked.study, found))
    print(json.dumps({f"{each.way} {each.paths}": round(each.peak) for each in found}))


def write(asked: argparse.Namespace, found: Sequence[Looked], extended: str) -> None:
    """Write the page and the picture of the runs so far."""
    words = {
        "paths": " ".join(map(str, asked.paths)),
        "study": f"`{asked.study.name}`",
        "threads": os.cpu_count(),
        "machine": f"Python {platform.python_version()}",
        "table": table(found),
        "flat": flat(found),
        "extended": extended,
    }
    (asked.to / "memory.md").write_text(_PAGE.format(**words), encoding="utf-8")
    (asked.to / "memory.svg").write_text(picture(found), encoding="utf-8")


if __name__ == "__main__":
    main()
