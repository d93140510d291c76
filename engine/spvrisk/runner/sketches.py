"""What is kept in the place of values that are too many, in a file: sketches, worst paths and sums of a job's shards.

The parts come first, those of each series together; a line of JSON at the end says what they are of, where they lie and
with which checksums. A part is read alone, and checked when it is.
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk.aggregate.lots import Sketched
from spvrisk.aggregate.moments import Moments
from spvrisk.aggregate.sets import Condition
from spvrisk.aggregate.sketch import Resolution, Sketch, Worst
from spvrisk.aggregate.state import Node
from spvrisk.catalogue import phrase
from spvrisk.errors import RunError
from spvrisk.files import replacing
from spvrisk.runner.job import Job
from spvrisk.runner.stored import array_of, arrays_of, checksum, described, little, nodes_of, placed, raw

_LENGTH = 8
"""Bytes of the length of the last line, which come after it."""

_LONGEST = 1 << 30
"""Bytes that it may have."""


class Keeping(NamedTuple):
    """What is kept of values that are too many.

    Attributes
    ----------
    series
        Numbers of the series of which all values are kept.
    conditions
        Sets of paths, those of one quantity one after the other.
    whole
        How much is kept of each series over all paths, by number.
    given
        How much is kept of it over the paths of each condition.
    portfolio, projects
        Numbers of the series whose worst paths are kept, and of those whose values on them are.
    worst
        How many of these paths.
    at_once
        Shards that wait with all their values before they are taken up.
    """

    series: tuple[int, ...]
    conditions: tuple[Condition, ...]
    whole: tuple[Resolution, ...]
    given: Resolution
    portfolio: int
    projects: tuple[int, ...]
    worst: int
    at_once: int

    def asked(self) -> object:
        """On what sketches depend, as JSON has it: those of another keeping cannot be gone on with."""
        plain: object = json.loads(json.dumps([self.conditions, self.whole, self.given, self.worst]))
        return plain


class Kept(NamedTuple):
    """What is kept of some shards besides the series.

    Attributes
    ----------
    taken
        Numbers of the shards.
    nodes
        Their sums.
    worst
        Their worst paths.
    """

    taken: frozenset[int]
    nodes: tuple[Node, ...]
    worst: Worst


class SketchFile:
    """Sketches in a file.

    Parameters
    ----------
    path
        The file.
    job, keeping
        What it must be of.

    Attributes
    ----------
    taken
        Numbers of the shards that it stands for.

    Raises
    ------
    ValueError
        It is damaged, or not of this job and keeping.
    OSError
        It cannot be read.
    """

    def __init__(self, path: Path, job: Job, keeping: Keeping) -> None:
        self._path, self._n_series = path, len(job.labels.series)
        with path.open("rb") as file:
            head = _head(file)
        try:
            if head["of"] != _of(job, keeping):
                raise ValueError("of another run")
            parts = iter(tuple(placed(head["parts"], 0)))
            self._groups = [[next(parts) for _ in range(size)] for size in head["sizes"]]
            self._places = [(level, number) for level, number in head["nodes"]]
            self.taken = frozenset(head["taken"])
            if not all(k in job.shards and job.is_whole(k) for k in self.taken):
                raise ValueError("of a run of more paths")
        except (AttributeError, LookupError, StopIteration, TypeError) as error:
            raise ValueError("no sketches") from error

    def sketched(self, s: int) -> Sketched:
        """Give what is kept of a series.

        Parameters
        ----------
        s
            Its number.
        """
        *sketches, places, counts, central = self._arrays(s)
        moments = (Moments(*each) for each in zip(counts, central, strict=True))
        nodes = dict(zip(map(tuple, places.tolist()), moments, strict=True))
        return Sketched(Sketch(*sketches[:3]), Sketch(*sketches[3:]), nodes)

    def kept(self) -> Kept:
        """Give what is kept besides."""
        worst, sums = (self._arrays(self._n_series + i) for i in range(2))
        return Kept(self.taken, nodes_of(self._places, sums), Worst(*worst))

    def _arrays(self, group: int) -> list[NDArray[Any]]:
        try:
            with self._path.open("rb") as file:

                def read(offset: int, size: int) -> bytes:
                    file.seek(offset)
                    return file.read(size)

                return [array_of(part, read).copy() for part in self._groups[group]]
        except (OSError, ValueError) as error:
            text = "{}: the sketches were damaged or removed during the run ({}); remove the folder to start anew"
            raise RunError(phrase(text, self._path, error)) from error


def found(path: Path, job: Job, keeping: Keeping) -> SketchFile | None:
    """Give the sketches of a job where they are there and whole.

    Parameters
    ----------
    path, job, keeping
        As of `SketchFile`.
    """
    with suppress(OSError, ValueError):
        return SketchFile(path, job, keeping)
    return None


def write(path: Path, job: Job, keeping: Keeping, series: Iterable[Sketched], kept: Kept) -> None:
    """Write sketches; the file appears whole or not at all.

    Parameters
    ----------
    path, job, keeping
        As of `SketchFile`.
    series
        Of every series, in their order; taken one after the other.
    kept
        What is kept besides.
    """
    with replacing(path) as temporary, temporary.open("wb") as file:
        groups = [_write(file, _arrays_of(each)) for each in series]
        groups.append(_write(file, kept.worst))
        groups.append(_write(file, [array for node in kept.nodes for array in arrays_of(node.sums)]))
        head = {
            "of": _of(job, keeping),
            "taken": sorted(kept.taken),
            "nodes": [[node.level, node.number] for node in kept.nodes],
            "sizes": [len(group) for group in groups],
            "parts": [part for group in groups for part in group],
        }
        line = json.dumps({**head, "checksum": checksum(head)}).encode("ascii")
        file.write(line + len(line).to_bytes(_LENGTH, "little"))


def _of(job: Job, keeping: Keeping) -> Mapping[str, object]:
    return {"job": job.id, "plan_sha256": job.plan_sha256, "asked": keeping.asked()}


def _arrays_of(kept: Sketched) -> list[NDArray[Any]]:
    places = np.array(list(kept.nodes), np.int64).reshape(-1, 2)
    counts, central = (np.stack(arrays) for arrays in zip(*kept.nodes.values(), strict=True))
    return [*kept.whole, *kept.given, places, counts, central]


def _write(file: BinaryIO, arrays: Sequence[NDArray[Any]]) -> list[list[object]]:
    """Write arrays; say what they are."""
    parts = [little(array) for array in arrays]
    for part in parts:
        file.write(raw(part))
    return [described(part) for part in parts]


def _head(file: BinaryIO) -> dict[str, Any]:
    """The last line."""
    end = file.seek(0, os.SEEK_END)
    file.seek(max(end - _LENGTH, 0))
    size = int.from_bytes(file.read(_LENGTH), "little")
    if not 0 < size <= min(end - _LENGTH, _LONGEST):
        raise ValueError("no sketches")
    file.seek(end - _LENGTH - size)
    head: dict[str, Any] = json.loads(file.read(size))
    if not isinstance(head, dict) or head.pop("checksum", None) != checksum(head):
        raise ValueError("damaged")
    return head
