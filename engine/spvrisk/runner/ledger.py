"""Where the shards of a job are kept, over which a run is a fold; here: in memory."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spvrisk.aggregate.state import Node, RunState, Sums
from spvrisk.plan.arrays import Floats
from spvrisk.plan.outputs import FANS
from spvrisk.plan.shared import FAN_PATHS
from spvrisk.runner.job import Job
from spvrisk.runner.shard import Shard


class Ledger(ABC):
    """Shards of a job, put in any order, and what is read from them when all are there.

    Attributes
    ----------
    job
        What they are shards of.
    """

    job: Job

    @abstractmethod
    def put(self, k: int, shard: Shard) -> None:
        """Keep a shard; one that is there already is the same.

        Parameters
        ----------
        k
            Number of the shard.
        shard
            Its values and sums.
        """

    @abstractmethod
    def missing(self) -> list[int]:
        """Give the numbers of the shards that are not there."""

    @abstractmethod
    def shard(self, k: int) -> Shard:
        """Give a shard that is there.

        Parameters
        ----------
        k
            Its number.
        """

    def settle(self) -> None:
        """Bring in order what has come; called when another shard is there, whoever has put it."""
        return

    @abstractmethod
    def sums_of(self, k: int) -> tuple[Node, ...]:
        """Give the sums of a shard that is there.

        Parameters
        ----------
        k
            Its number.
        """

    @abstractmethod
    def fans_of(self, k: int) -> NDArray[np.float32]:
        """Give the portfolio's rows of a shard that is there, ``(fan, step, path)`` float32, to be read only.

        Parameters
        ----------
        k
            Its number.
        """

    @abstractmethod
    def rows(self, k: int, series: Sequence[int]) -> Sequence[Floats]:
        """Give some series' values on a shard's paths, ``(series, path)`` float64, to be read only.

        Parameters
        ----------
        k
            Number of the shard.
        series
            Numbers of the series, in the order of the labels.
        """

    @abstractmethod
    def input_rows(self, k: int, numbers: Sequence[int]) -> Sequence[NDArray[np.float32]]:
        """Give some inputs on a shard's paths, ``(input, path)`` float32, to be read only.

        Parameters
        ----------
        k
            Number of the shard.
        numbers
            Of the inputs, in the order of `Job.input_rows`.
        """

    def column(self, series: int) -> Floats:
        """Values of a series on all paths, ``(path,)`` float64 in the quantity's unit.

        Parameters
        ----------
        series
            Its number, in the order of the labels.
        """
        (values,) = self.block([series], range(self.job.paths))
        row: Floats = values
        return row

    def lowest(self, series: int) -> float:
        """Lowest value of a series on any path; NaN where it is undefined on one.

        Parameters
        ----------
        series
            Its number, in the order of the labels.
        """
        return float(np.min([self.rows(k, [series])[0].min() for k in self.job.shards]))

    def block(self, series: Sequence[int], paths: range) -> Floats:
        """Values of some series on some paths, ``(series, path)`` float64 in the quantities' units.

        Parameters
        ----------
        series
            Numbers of the series, in the order of the labels.
        paths
            Numbers of the paths, one after the other.
        """
        values = np.empty((len(series), len(paths)))
        self._join(values, lambda k: self.rows(k, series), paths)
        return values

    def inputs(self, numbers: Sequence[int], paths: range) -> NDArray[np.float32]:
        """Some inputs on some paths, ``(input, path)`` float32 in the inputs' units.

        Parameters
        ----------
        numbers
            Of the inputs, in the order of `Job.input_rows`.
        paths
            Numbers of the paths, one after the other.
        """
        values = np.empty((len(numbers), len(paths)), np.float32)
        self._join(values, lambda k: self.input_rows(k, numbers), paths)
        return values

    def _join(self, values: NDArray[Any], rows_of: Callable[[int], Sequence[NDArray[Any]]], paths: range) -> None:
        """Put rows of the shards one behind the other."""
        size = len(self.job.paths_of(0))
        for k in range(paths.start // size, -(-paths.stop // size)):
            first, last = max(paths.start, k * size), min(paths.stop, (k + 1) * size)
            for into, row in zip(values, rows_of(k), strict=True):
                into[first - paths.start : last - paths.start] = row[first - k * size : last - k * size]

    def sums(self) -> Sums:
        """Give the sums over all paths."""
        state = RunState()
        for k in self.job.shards:
            state.take(self.sums_of(k))
        return state.finish()

    def fans(self) -> Iterator[NDArray[np.float32]]:
        """Give the portfolio's rows of the first ``FAN_PATHS`` paths, ``(step, path)`` float32 one after the other."""
        n = min(self.job.paths, FAN_PATHS)
        for f in range(len(FANS)):
            fan = np.empty((self.job.steps, n), np.float32)
            for k in self.job.shards:
                first = self.job.paths_of(k).start
                if first < n:
                    part = self.fans_of(k)[f]
                    fan[:, first : first + part.shape[1]] = part
            yield fan


class MemoryLedger(Ledger):
    """Shards in memory.

    Parameters
    ----------
    job
        What they are shards of.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self._shards: dict[int, Shard] = {}

    def put(self, k: int, shard: Shard) -> None:
        """Keep a shard; one that is there already is the same.

        Parameters
        ----------
        k, shard
            As of `Ledger.put`.
        """
        self._shards.setdefault(k, shard)

    def missing(self) -> list[int]:
        """Give the numbers of the shards that are not there."""
        return [k for k in self.job.shards if k not in self._shards]

    def shard(self, k: int) -> Shard:
        """Give a shard that is there.

        Parameters
        ----------
        k
            Its number.

        Raises
        ------
        ValueError
            It is missing.
        """
        if k not in self._shards:
            raise ValueError(f"shard {k} is missing")
        return self._shards[k]

    def sums_of(self, k: int) -> tuple[Node, ...]:
        """Give the sums of a shard that is there.

        Parameters
        ----------
        k
            As of `Ledger.sums_of`.
        """
        return self.shard(k).sums

    def fans_of(self, k: int) -> NDArray[np.float32]:
        """Give the portfolio's rows of a shard that is there, ``(fan, step, path)`` float32, to be read only.

        Parameters
        ----------
        k
            As of `Ledger.fans_of`.
        """
        return self.shard(k).fans

    def rows(self, k: int, series: Sequence[int]) -> Sequence[Floats]:
        """Give some series' values on a shard's paths, ``(series, path)`` float64, to be read only.

        Parameters
        ----------
        k, series
            As of `Ledger.rows`.
        """
        values = self._shards[k].values
        return [values[s] for s in series]

    def input_rows(self, k: int, numbers: Sequence[int]) -> Sequence[NDArray[np.float32]]:
        """Give some inputs on a shard's paths, ``(input, path)`` float32, to be read only.

        Parameters
        ----------
        k, numbers
            As of `Ledger.input_rows`.
        """
        inputs = self._shards[k].inputs
        return [inputs[i] for i in numbers]
