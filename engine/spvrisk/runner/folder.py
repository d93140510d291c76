"""Shards of a job in a folder that stays: for runs that outgrow memory, outlive a crash, or are shared by machines.

The folder holds ``job.json``, a file a shard, and ``journal.jsonl``, a line a shard that says who computed it and when;
``finished.json`` names the result that has been made of shards that are of no more use.
"""

import datetime
import json
import os
import platform
import tempfile
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from spvrisk.aggregate.state import Node
from spvrisk.catalogue import phrase
from spvrisk.errors import InputError, Problem, RunError
from spvrisk.files import remove, replacing
from spvrisk.plan.arrays import Floats
from spvrisk.plan.digest import same_form
from spvrisk.runner.job import Job
from spvrisk.runner.ledger import Ledger
from spvrisk.runner.shard import Shard
from spvrisk.runner.stored import Read, Stored, array_of, shard_bytes, stored, sums_of, whole_shard

JOB_FILE, JOURNAL_FILE, FINISHED_FILE = "job.json", "journal.jsonl", "finished.json"

_SHARD = ".shard"

SKETCHES = "sketches"
"""File of what stands for values that are not kept."""

_DEAD_AFTER_SECONDS = 3600.0
"""Age from which a file that was written aside belongs to no living process."""

_HALF_WRITTEN = ".*.tmp"
"""Names under which files are written aside."""

_PROBE = 1 << 24
"""Bytes by which it is timed how fast the disk is: some hundredths of a second."""

_LONGEST_LINE = 1 << 24
"""Bytes within which the first line of a shard must end."""


def bytes_of_shards(folder: Path) -> int:
    """Bytes that the shards in a folder take.

    Parameters
    ----------
    folder
        It need not be there.
    """
    return sum(file.stat().st_size for pattern in (f"*{_SHARD}", SKETCHES) for file in folder.glob(pattern))


def has_shards(folder: Path) -> bool:
    """Tell whether there are shards in a folder.

    Parameters
    ----------
    folder
        It need not be there.
    """
    return any(folder.glob(f"*{_SHARD}"))


def finish(folder: Path, content: str) -> None:
    """Note of which result the shards in a folder are of no more use once it is published.

    Parameters
    ----------
    folder
        Of the shards.
    content
        The result's ``content_sha256``.
    """
    file = folder / FINISHED_FILE
    remove(file)
    with suppress(OSError), file.open("x", encoding="utf-8") as note:  # a run does not fail for want of it
        json.dump({"content_sha256": content}, note)


def finished(folder: Path) -> str | None:
    """Give the ``content_sha256`` of the result of which the shards in a folder are of no more use.

    Parameters
    ----------
    folder
        It need not be there.
    """
    with suppress(OSError, ValueError, LookupError, TypeError):
        return str(json.loads((folder / FINISHED_FILE).read_bytes())["content_sha256"])
    return None


def discard(folder: Path) -> None:
    """Remove job, shards and journal from a folder; what else is in it stays.

    Parameters
    ----------
    folder
        It need not be there.
    """
    # the note last: what is killed in between goes on with it
    ours = (f"*{_SHARD}", SKETCHES, _HALF_WRITTEN, JOB_FILE, JOURNAL_FILE, FINISHED_FILE)
    for file in [file for pattern in ours for file in folder.glob(pattern)]:
        remove(file)


def vacate(folder: Path) -> None:
    """Make room in a folder that nobody else uses: a job without shards may go, since nothing is lost.

    Parameters
    ----------
    folder
        It need not be there.
    """
    remove(folder / FINISHED_FILE)
    if not has_shards(folder):
        remove(folder / JOB_FILE)


def seconds_per_byte(folder: Path) -> float:
    """Time how long bytes take to the disk, as those of a shard do: checked, written aside, brought there.

    Parameters
    ----------
    folder
        Where shards go.
    """
    data = os.urandom(_PROBE)
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".spvrisk-", suffix=".tmp") as file:
        began = time.perf_counter()
        zlib.crc32(data)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
        return (time.perf_counter() - began) / _PROBE


class FolderLedger(Ledger):
    """Shards in a folder.

    A file is written aside, brought to the disk and renamed, so that what is there is whole; one that is damaged, or
    belongs to another job, does not count. Several processes may fill the same folder.

    Parameters
    ----------
    folder
        Is made where it is not there.
    job
        What is asked for. Where the folder has a job of this `Job.id`, its plan is gone on with: another machine's may
        differ in last digits.

    Attributes
    ----------
    folder
        Where the shards are.

    Raises
    ------
    InputError
        The folder belongs to another job.
    """

    def __init__(self, folder: Path, job: Job) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self._found = folder, dict[int, Stored]()
        with suppress(FileExistsError), replacing(folder / JOB_FILE, overwrite=False) as temporary:
            temporary.write_bytes(job.to_bytes())
        self.job = self._kept(job)
        self._sweep()

    def put(self, k: int, shard: Shard) -> None:
        """Keep a shard; one that is there already is the same.

        Parameters
        ----------
        k, shard
            As of `Ledger.put`.
        """
        if self._is_there(k):
            return
        self._write(k, shard_bytes(shard, self.job, k))
        self._note(k)

    def arrived(self, k: int) -> bool:
        """Tell whether a shard is there that another process says it has put: by its first line and its length.

        Its parts are checked when they are read, as all are.

        Parameters
        ----------
        k
            Its number.
        """
        with suppress(OSError, ValueError), self._file(k).open("rb") as file:
            found = stored(file.readline(_LONGEST_LINE), self.job, k)
            if os.fstat(file.fileno()).st_size == found.size:
                self._found[k] = found
        return k in self._found

    def missing(self) -> list[int]:
        """Give the numbers of the shards that are not there, or not whole."""
        return [k for k in self.job.shards if not self._is_there(k)]

    def shard(self, k: int) -> Shard:
        """Give a shard that is there.

        Parameters
        ----------
        k
            Its number.
        """
        with self._reading(k) as (found, read):
            return whole_shard(found, read)

    def rows(self, k: int, series: Sequence[int]) -> Sequence[Floats]:
        """Give some series' values on a shard's paths, ``(series, path)`` float64.

        Parameters
        ----------
        k, series
            As of `Ledger.rows`.
        """
        with self._reading(k) as (found, read):
            return [array_of(found.rows[s], read) for s in series]

    def input_rows(self, k: int, numbers: Sequence[int]) -> Sequence[NDArray[np.float32]]:
        """Give some inputs on a shard's paths, ``(input, path)`` float32.

        Parameters
        ----------
        k, numbers
            As of `Ledger.input_rows`.
        """
        with self._reading(k) as (found, read):
            return [array_of(found.inputs[i], read) for i in numbers]

    def sums_of(self, k: int) -> tuple[Node, ...]:
        """Give the sums of a shard that is there.

        Parameters
        ----------
        k
            As of `Ledger.sums_of`.
        """
        with self._reading(k) as (found, read):
            return sums_of(found, read)

    def fans_of(self, k: int) -> NDArray[np.float32]:
        """Give the portfolio's rows of a shard that is there, ``(fan, step, path)`` float32, to be read only.

        Parameters
        ----------
        k
            As of `Ledger.fans_of`.
        """
        with self._reading(k) as (found, read):
            return array_of(found.fans, read)

    def discard(self) -> None:
        """Remove the job, its shards and the journal; what else is in the folder stays."""
        discard(self.folder)

    def _kept(self, job: Job) -> Job:
        """The folder's own job, with as many paths as are asked for."""
        file = self.folder / JOB_FILE
        try:
            kept = Job.from_bytes(file.read_bytes())
        except ValueError as error:
            rule = "must hold the job that its shards belong to"
            remedy = "name another result file, or remove the folder if they are of no more use"
            raise InputError(Problem(str(file), "", rule, str(error), remedy)) from error
        if kept.id != job.id:
            rule = phrase("holds shards of another study or seed (there and here: {})", kept.difference(job))
            remedy = "name another result file, or remove the folder if they are of no more use"
            raise InputError(Problem(str(self.folder), "", rule, "", remedy))
        if not same_form(kept.plan, job.plan):  # the kernel goes where a plan sends it
            rule, remedy = "must hold the plan of its study", "remove the folder to start anew"
            raise InputError(Problem(str(file), "", rule, phrase("another"), remedy))
        return replace(kept, paths=job.paths, inputs=job.inputs)

    def _file(self, k: int) -> Path:
        paths = self.job.paths_of(k)
        return self.folder / f"{paths.start:012d}-{paths.stop:012d}{_SHARD}"

    def _is_there(self, k: int) -> bool:
        """Whether a shard is there and whole; what has been found so once is not read again."""
        if k not in self._found:
            with suppress(OSError, ValueError), self._file(k).open("rb") as file:
                found = stored(file.readline(_LONGEST_LINE), self.job, k)
                self._check(k, found, reader(file))
                self._found[k] = found
        return k in self._found

    def _check(self, k: int, found: Stored, read: Read) -> None:
        """Refuse a shard that is not all that is needed of it."""
        whole_shard(found, read)

    def _write(self, k: int, data: Iterable[bytes | memoryview]) -> None:
        """Put a shard's file in the place of what is there."""
        pieces = list(data)
        with replacing(self._file(k)) as temporary, temporary.open("wb") as file:
            file.writelines(pieces)
        self._found[k] = stored(bytes(pieces[0]), self.job, k)

    @contextmanager
    def _reading(self, k: int) -> Iterator[tuple[Stored, Read]]:
        """Read what has been found whole; where it no longer is, the run fails, and the shard is missing."""
        try:
            if not self._is_there(k):
                raise ValueError(f"shard {k} is missing")
            with self._file(k).open("rb") as file:
                yield self._found[k], reader(file)
        except (OSError, ValueError) as error:
            self._found.pop(k, None)
            text = "{}: the shard was damaged or removed during the run ({})"
            raise RunError(phrase(text, self._file(k), error)) from error

    def _note(self, k: int) -> None:
        """Add a line to the journal; a run does not fail for want of it."""
        paths, now = self.job.paths_of(k), datetime.datetime.now(datetime.UTC)
        line = {
            "done": now.isoformat(timespec="milliseconds"),
            "first": paths.start,
            "last": paths.stop,
            "pid": os.getpid(),
            "host": platform.node(),
        }
        with suppress(OSError), (self.folder / JOURNAL_FILE).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def _sweep(self) -> None:
        """Remove what killed processes have left half written."""
        for file in self.folder.glob(_HALF_WRITTEN):
            with suppress(OSError):
                if time.time() - file.stat().st_mtime > _DEAD_AFTER_SECONDS:
                    file.unlink()


def reader(file: BinaryIO) -> Read:
    """Give what reads from a file.

    Parameters
    ----------
    file
        Open as long as there is reading.
    """

    def read(offset: int, size: int) -> bytes:
        file.seek(offset)
        return file.read(size)

    return read
