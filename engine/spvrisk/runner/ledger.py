"""Where the shards of a job are kept, over which a run is a fold: in memory, or in a folder that stays."""

import time
from bisect import bisect_left
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from spvrisk.aggregate.state import RunState, Sums
from spvrisk.errors import InputError, Problem
from spvrisk.files import replacing
from spvrisk.measures.series import BYTES_PER_PATH
from spvrisk.plan.arrays import Floats
from spvrisk.plan.names import FAN_PATHS, LEAF
from spvrisk.plan.outputs import FANS
from spvrisk.runner.job import Job
from spvrisk.runner.shard import Shard

MIB = 1 << 20
_ROW = np.dtype("<f8")
_DEAD_AFTER_SECONDS = 3600.0
"""Age from which a file that was written aside belongs to no living process."""


class Ledger(Protocol):
    """Shards of a job, put in any order, and what is read from them when all are there."""

    job: Job

    def put(self, k: int, shard: Shard) -> None:
        """Keep a shard; one that is there already is the same."""

    def missing(self) -> list[int]:
        """Give the numbers of the shards that are not there."""

    def column(self, series: int) -> Floats:
        """Values of a series on all paths, ``(path,)``, to be read only."""

    def sums(self) -> Sums:
        """Give the sums over all paths."""

    def fans(self) -> NDArray[np.float32]:
        """Portfolio rows of the first ``FAN_PATHS`` paths, ``(fan, step, path)``."""


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
        """Keep a shard; one that is there already is the same."""
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
        """Values of a series on all paths, ``(path,)``, to be read only."""
        row: Floats = self.values[series]
        return row

    def sums(self) -> Sums:
        """Give the sums over all paths."""
        return self._state.finish()

    def fans(self) -> NDArray[np.float32]:
        """Portfolio rows of the first ``FAN_PATHS`` paths, ``(fan, step, path)``."""
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
        """Keep a shard; one that is there already is the same."""
        if not self._is_there(k):
            with replacing(self._file(k)) as temporary:
                temporary.write_bytes(shard.to_bytes(self.job, k))

    def missing(self) -> list[int]:
        """Give the numbers of the shards that are not there, or not whole."""
        return [k for k in self.job.shards if not self._is_there(k)]

    def column(self, series: int) -> Floats:
        """Values of a series on all paths, ``(path,)``."""
        return np.concatenate([self._row(k, series) for k in self.job.shards])

    def sums(self) -> Sums:
        """Give the sums over all paths."""
        state = RunState()
        for k in self.job.shards:
            state.take(self._shard(k).sums)
        return state.finish()

    def fans(self) -> NDArray[np.float32]:
        """Portfolio rows of the first ``FAN_PATHS`` paths, ``(fan, step, path)``."""
        parts = [self._shard(k).fans for k in self.job.shards if self.job.paths_of(k).start < FAN_PATHS]
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

    def _row(self, k: int, series: int) -> Floats:
        """A row of a shard's values, which come first behind its line of text."""
        n = len(self.job.paths_of(k))
        with self._file(k).open("rb") as file:
            file.seek(len(file.readline()) + series * n * _ROW.itemsize)
            return np.fromfile(file, _ROW, n)

    def _sweep(self) -> None:
        """Remove what killed processes have left half written."""
        for file in self._folder.glob(".*.tmp"):
            with suppress(OSError):
                if time.time() - file.stat().st_mtime > _DEAD_AFTER_SECONDS:
                    file.unlink()


def in_memory(job: Job, workers: int, memory_mib: int) -> MemoryLedger:
    """Give an empty ledger in memory for a job that fits into the memory budget.

    Raises
    ------
    InputError
        It does not fit, or the machine does not have that much memory.
    """
    check_memory(job, workers, memory_mib)
    try:
        return MemoryLedger(job)
    except MemoryError as error:
        rule, remedy = "the machine does not have that much memory", "run fewer paths"
        raise InputError(Problem("", "run.memory_mib", rule, str(memory_mib), remedy)) from error


def required_bytes(n_series: int, n_steps: int, n_paths: int, n_waiting: int) -> int:
    """Memory that the values of a run take at their peak, in bytes.

    Values, fans, shards on their way, and what statistics hold besides.

    Parameters
    ----------
    n_series, n_steps, n_paths
        Size of the job.
    n_waiting
        Paths of the shards that are on their way, see `waiting`.
    """
    values = 8 * n_series * (n_paths + min(n_waiting, n_paths))
    fans = 4 * len(FANS) * n_steps * min(n_paths, FAN_PATHS)
    return values + fans + BYTES_PER_PATH * n_paths


def waiting(workers: int, leaves_per_shard: int) -> int:
    """Most paths of shards that so many workers have on their way: one each, one to come, and one that is put."""
    return (workers + 2) * leaves_per_shard * LEAF


def check_memory(job: Job, workers: int, memory_mib: int) -> None:
    """Refuse a job whose values do not fit into the memory budget, before anything is computed.

    Raises
    ------
    InputError
        With the memory needed, the budget, and what to write instead.
    """
    n_series = len(job.labels.series)

    def need(paths: int) -> int:
        return required_bytes(n_series, job.steps, paths, waiting(workers, job.leaves_per_shard))

    have = memory_mib * MIB
    if need(job.paths) <= have:
        return
    most = bisect_left(range(1, job.paths + 1), True, key=lambda paths: need(paths) > have)
    enough = -(-need(job.paths) // MIB)
    raise InputError(
        Problem(
            "",
            "run.memory_mib",
            f"{job.paths:,} paths of {n_series} series must fit: they need {enough} MiB",
            str(memory_mib),
            f"set run.memory_mib to {enough} or more, or run.paths to {most} or fewer",
        )
    )
