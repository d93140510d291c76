"""Shards whose values are too many to be kept: they are taken up in sketches, and a few of their rows stay.

Shards come into the folder as in any run, whole. When enough of them wait, all are taken up at once, series by series:
a new file of sketches takes the place of the former, then each shard is cut down to the rows that are kept by path. So
what is there is whole at any moment, and memory holds a series or two at a time. A last shard that is short waits until
the end: in a run of more paths it would be another.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from spvrisk.aggregate.lots import Lot, Sketched
from spvrisk.aggregate.sets import codes_of
from spvrisk.aggregate.sketch import Worst
from spvrisk.aggregate.state import RunState, Sums
from spvrisk.plan.arrays import Floats
from spvrisk.plan.shared import LEAF
from spvrisk.runner import sketches
from spvrisk.runner.folder import SKETCHES, FolderLedger
from spvrisk.runner.job import Job
from spvrisk.runner.shard import Shard, processors
from spvrisk.runner.sketches import Keeping, Kept, SketchFile
from spvrisk.runner.stored import Read, Stored, array_of, check_parts, inputs_of, left_bytes, whole_shard

_AT_ONCE = 4
"""Series that are taken up at the same time, at most."""


class _Waiting(NamedTuple):
    """Shards that are to be taken up."""

    shards: tuple[int, ...]
    lot: Lot


class SketchLedger(FolderLedger):
    """Shards in a folder, of whose values sketches are kept.

    Parameters
    ----------
    folder, job
        As of `FolderLedger`.
    keeping
        What is kept.

    Attributes
    ----------
    keeping
        What is kept.
    """

    def __init__(self, folder: Path, job: Job, keeping: Keeping) -> None:
        super().__init__(folder, job)
        self.keeping = keeping
        self._sketches = sketches.found(folder / SKETCHES, self.job, keeping)
        self._rest: _Waiting | None = None
        self._came = 0

    def put(self, k: int, shard: Shard) -> None:
        """Keep a shard; of one that was taken up, the rows that have been lost.

        Parameters
        ----------
        k, shard
            As of `Ledger.put`.
        """
        if k in self._taken and not self._is_there(k):
            rows = {s: shard.values[s] for s in self.keeping.series}
            self._write(k, left_bytes(rows, shard.inputs, shard.fans, self.job, k))
        else:
            super().put(k, shard)

    def settle(self) -> None:
        """Take up the shards that wait, where they are enough."""
        self._came += 1
        if self._came >= self.keeping.at_once:
            self._came = 0
            self._take_up([k for k in self._untaken() if self.job.is_whole(k)])

    def sums(self) -> Sums:
        """Give the sums over all paths."""
        state, kept = RunState(), self._kept_besides()
        state.take(kept.nodes)
        for k in self._waiting().shards:
            state.take(self.sums_of(k))
        return state.finish()

    def lowest(self, series: int) -> float:
        """Lowest value of a series on any path; NaN where it is undefined on one.

        Parameters
        ----------
        series
            Its number, in the order of the labels.
        """
        whole = self.sketched(series).whole
        return float(whole.low[0]) if int(whole.counts.sum()) == self.job.paths else float("nan")

    def sketched(self, series: int) -> Sketched:
        """Give what is known of a series over all paths.

        Parameters
        ----------
        series
            Its number, in the order of the labels.
        """
        return self._with(self._waiting(), series)

    def worst(self) -> Worst:
        """Give the portfolio's worst paths."""
        return self._with_worst(self._waiting())

    @property
    def _taken(self) -> frozenset[int]:
        return frozenset() if self._sketches is None else self._sketches.taken

    def _check(self, k: int, found: Stored, read: Read) -> None:
        """Refuse a shard that is not all that is needed of it."""
        if k not in self._taken:
            whole_shard(found, read)
            return
        check_parts(found, read)
        if not set(self.keeping.series) <= set(found.rows):
            raise ValueError("other rows are kept now")

    def _untaken(self) -> list[int]:
        """Shards that are there with all their values."""
        taken = self._taken
        return [k for k in self.job.shards if k not in taken and self._is_there(k)]

    def _waiting(self) -> _Waiting:
        """All shards that have not been taken up, when no more are to come."""
        if self._rest is None:
            self._rest = self._lot(self._untaken())
        return self._rest

    def _lot(self, shards: Sequence[int]) -> _Waiting:
        paths = [self.job.paths_of(k) for k in shards]
        leaves = [first // LEAF for part in paths for first in part[::LEAF]]
        row = {name: s for s, (_, name) in enumerate(self.job.labels.series)}
        asked = dict.fromkeys(condition.quantity for condition in self.keeping.conditions)
        codes = {name: codes_of(self._values(shards, row[name])) for name in asked}
        lot = Lot(leaves, sum(map(len, paths)), self.keeping.conditions, codes)
        return _Waiting(tuple(shards), lot)

    def _values(self, shards: Sequence[int], series: int) -> Floats:
        """Values of a series on the paths of some shards, ``(path,)``."""
        return np.concatenate([np.empty(0), *(self.rows(k, [series])[0] for k in shards)])

    def _with(self, waiting: _Waiting, series: int) -> Sketched:
        """What is kept of a series with the shards that wait."""
        before, keeping = self._sketches, self.keeping
        kept = Sketched.of_nothing(len(keeping.conditions)) if before is None else before.sketched(series)
        if not waiting.shards:
            return kept
        return waiting.lot.taken_up(kept, self._values(waiting.shards, series), keeping.whole[series], keeping.given)

    def _with_worst(self, waiting: _Waiting) -> Worst:
        """Worst paths with those of the shards that wait."""
        size, kept = self.keeping.worst, self._kept_besides().worst
        for k in waiting.shards:
            values, *others = self.rows(k, [self.keeping.portfolio, *self.keeping.projects])
            kept = kept.join(Worst.of(values, np.array(self.job.paths_of(k)), np.stack(others), size), size)
        return kept

    def _kept_besides(self) -> Kept:
        if self._sketches is not None:
            return self._sketches.kept()
        none = Worst(np.empty(0), np.empty(0, np.int64), np.empty((len(self.keeping.projects), 0)))
        return Kept(frozenset(), (), none)

    def _take_up(self, shards: Sequence[int]) -> None:
        """Take shards up in the sketches, and cut them down to what is kept of them by path."""
        if shards:
            waiting, state = self._lot(shards), RunState()
            state.take(self._kept_besides().nodes)
            for k in shards:
                state.take(self.sums_of(k))
            kept = Kept(self._taken | set(shards), state.nodes(), self._with_worst(waiting))
            path = self.folder / SKETCHES
            sketches.write(path, self.job, self.keeping, self._each(waiting), kept)
            self._sketches = SketchFile(path, self.job, self.keeping)
        for k in sorted(self._taken):
            self._cut(k)

    def _each(self, waiting: _Waiting) -> Iterator[Sketched]:
        """What is kept of each series with the shards that wait, some series side by side."""
        workers, numbers = min(processors(), _AT_ONCE), range(len(self.job.labels.series))
        pool = ThreadPoolExecutor(workers, "spvrisk")
        try:
            for first in numbers[::workers]:
                yield from pool.map(lambda s: self._with(waiting, s), numbers[first : first + workers])
        finally:
            pool.shutdown(cancel_futures=True)

    def _cut(self, k: int) -> None:
        """Leave of a shard what is kept of it by path."""
        kept = self.keeping.series
        if not self._is_there(k) or set(self._found[k].rows) == set(kept):
            return
        with self._reading(k) as (found, read):
            rows, fans = {s: array_of(found.rows[s], read) for s in kept}, array_of(found.fans, read)
            inputs = inputs_of(found, read, len(self.job.paths_of(k)))
        self._write(k, left_bytes(rows, inputs, fans, self.job, k))
