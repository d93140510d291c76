"""Where the shards of a job are kept, over which a run is a fold: in memory, or in a folder that stays."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from spvrisk.aggregate.state import RunState, Sums
from spvrisk.errors import InputError, Problem, RunError
from spvrisk.files import replacing
from spvrisk.plan.arrays import Floats
from spvrisk.plan.outputs import FANS
from spvrisk.plan.shared import FAN_PATHS
from spvrisk.runner.job import Job
from spvrisk.runner.shard import Shard

_ROW = np.dtype("<f8")
_DEAD_AFTER_SECONDS = 3600.0
"""Age from which a file that was written aside belongs to no living process."""


class Ledger(Protocol):
    """Shards of a job, put in any order, and what is read from them when all are there."""

    job: Job

    def put(self, k: int, shard: Shard) -> None:
        """Keep a shard; one that is there already is the same.

        Parameters
        ----------
        k
            Number of the shard.
        shard
            Its values and sums.
        """

    def missing(self) -> list[int]:
        """Give the numbers of the shards that are not there."""

    def column(self, series: int) -> Floats:
        """Values of a series on all paths, ``(path,)`` float64 in the quantity's unit, to be read only.

        Parameters
        ----------
        series
            Its number, in the order of the labels.
        """

    def sums(self) -> Sums:
        """Give the sums over all paths."""

    def fans(self) -> NDArray[np.float32]:
        """Portfolio rows of the first ``FAN_PATHS`` paths, ``(fan, step, path)`` float32."""


class MemoryLedger:
    """Shards in memory.

    Attributes
    ----------
    job
        What they are shards of.
    values
        ``(series, path)`` float64.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self.values: Floats = np.empty((len(job.labels.series), job.paths))
        self._fans = np.empty((len(FANS), job.steps, min(job.paths, FAN_PATHS)), np.float32)
        self._state, self._missing = RunState(), set(job.shards)

    def put(self, k: int, shard: Shard) -> None:
        """Keep a shard; one that is there already is the same.

        Parameters
        ----------
        k, shard
            As of `Ledger.put`.
        """
        if k not in self._missing:
            return
        first = self.job.paths_of(k).start
        self.values[:, first : first + shard.values.shape[1]] = shard.values
        self._fans[:, :, first : first + shard.fans.shape[2]] = shard.fans
        self._state.take(shard.sums)
        self._missing.remove(k)

    def missing(self) -> list[int]:
        """Give the numbers of the shards that are not there."""
        return sorted(self._missing)

    def column(self, series: int) -> Floats:
        """Values of a series on all paths, ``(path,)`` float64, to be read only.

        Parameters
        ----------
        series
            As of `Ledger.column`.
        """
        row: Floats = self.values[series]
        return row

    def sums(self) -> Sums:
        """Give the sums over all paths."""
        return self._state.finish()

    def fans(self) -> NDArray[np.float32]:
        """Portfolio rows of the first ``FAN_PATHS`` paths, ``(fan, step, path)`` float32."""
        return self._fans


class FolderLedger:
    """Shards in a folder, a file each, beside the job in ``job.json``.

    A file is written aside, brought to the disk and renamed, so that what is there is whole; one that is damaged, or
    belongs to another job, does not count. Several processes may fill the same folder.

    Parameters
    ----------
    folder
        Is made where it is not there.
    job
        What is asked for. Where the folder has a job of this `Job.id`, its plan is gone on with: another machine's may
        differ in last digits.

    Raises
    ------
    InputError
        The folder belongs to another job.
    """

    def __init__(self, folder: Path, job: Job) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._sound = folder, set[int]()
        with suppress(FileExistsError), replacing(folder / "job.json", overwrite=False) as temporary:
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
        if not self._is_there(k):
            with replacing(self._file(k)) as temporary:
                temporary.write_bytes(shard.to_bytes(self.job, k))

    def missing(self) -> list[int]:
        """Give the numbers of the shards that are not there, or not whole."""
        return [k for k in self.job.shards if not self._is_there(k)]

    def column(self, series: int) -> Floats:
        """Values of a series on all paths, ``(path,)`` float64.

        Parameters
        ----------
        series
            As of `Ledger.column`.
        """
        return np.concatenate([self._row(k, series) for k in self.job.shards])

    def sums(self) -> Sums:
        """Give the sums over all paths."""
        state = RunState()
        for k in self.job.shards:
            state.take(self._again(k).sums)
        return state.finish()

    def fans(self) -> NDArray[np.float32]:
        """Portfolio rows of the first ``FAN_PATHS`` paths, ``(fan, step, path)`` float32."""
        parts = [self._again(k).fans for k in self.job.shards if self.job.paths_of(k).start < FAN_PATHS]
        return np.concatenate(parts, axis=2)

    def _kept(self, job: Job) -> Job:
        """The folder's own job, with as many paths as are asked for."""
        file = self._folder / "job.json"
        try:
            kept = Job.from_bytes(file.read_bytes())
        except ValueError as error:
            rule, remedy = "must hold the job that its shards belong to", "name another folder, or remove this one"
            raise InputError(Problem(str(file), "", rule, str(error), remedy)) from error
        if kept.id != job.id:
            rule, remedy = "must hold shards of the same study, seed, sampling and version", "name another folder"
            raise InputError(Problem(str(self._folder), "", rule, "others", remedy))
        return replace(kept, paths=job.paths)

    def _file(self, k: int) -> Path:
        paths = self.job.paths_of(k)
        return self._folder / f"{paths.start:012d}-{paths.stop:012d}.shard"

    def _shard(self, k: int) -> Shard:
        return Shard.from_bytes(self._file(k).read_bytes(), self.job, k)

    def _is_there(self, k: int) -> bool:
        """Whether a shard is there and whole; what has been found so once is not read again."""
        if k not in self._sound:
            with suppress(OSError, ValueError):
                self._shard(k)
                self._sound.add(k)
        return k in self._sound

    def _again(self, k: int) -> Shard:
        with self._found_whole(k):
            shard = self._shard(k)
        return shard

    def _row(self, k: int, series: int) -> Floats:
        """A row of a shard's values, which come first behind its line of text."""
        n = len(self.job.paths_of(k))
        with self._found_whole(k), self._file(k).open("rb") as file:
            file.seek(len(file.readline()) + series * n * _ROW.itemsize)
            row = np.fromfile(file, _ROW, n)
            if row.size < n:
                raise ValueError("cut short")
        return row

    @contextmanager
    def _found_whole(self, k: int) -> Iterator[None]:
        """Read what has been found whole; where it no longer is, the run fails, and the shard is missing."""
        try:
            yield
        except (OSError, ValueError) as error:
            self._sound.discard(k)
            rule = "the shard was damaged or removed during the run"
            raise RunError(f"{self._file(k)}: {rule} ({error})") from error

    def _sweep(self) -> None:
        """Remove what killed processes have left half written."""
        for file in self._folder.glob(".*.tmp"):
            with suppress(OSError):
                if time.time() - file.stat().st_mtime > _DEAD_AFTER_SECONDS:
                    file.unlink()
