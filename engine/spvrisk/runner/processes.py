"""Shards computed by processes of this machine, for those who have no use for threads."""

import os
import threading
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import connection, get_context, parent_process
from multiprocessing.synchronize import Event
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from spvrisk.catalogue import phrase
from spvrisk.errors import RunError
from spvrisk.plan.arrays import Floats
from spvrisk.runner.execute import (
    Executor,
    Piece,
    Progress,
    SeriesExecutor,
    StopError,
    asked_of,
    make_ready,
    series_or_failure,
)
from spvrisk.runner.folder import FolderLedger
from spvrisk.runner.job import Wanted, jobs_bytes, jobs_of
from spvrisk.runner.ledger import Ledger
from spvrisk.runner.shard import Shard, run_shard


class _Here(NamedTuple):
    """What a worker's process works on."""

    wanted: Sequence[Wanted]
    ledger: FolderLedger | None
    stop: Event

    def advance(self, _: int) -> None:
        """End a shard that nobody wants any more."""
        if self.stop.is_set():
            raise StopError


_here: _Here | None = None


def in_processes(workers: int) -> Executor:
    """Compute shards in processes, which put them into the ledger's folder themselves where it has one.

    Parameters
    ----------
    workers
        How many.
    """

    def shards(
        ledger: Ledger, numbers: Sequence[int], progress: Progress
    ) -> Generator[tuple[int, Shard | None], None, None]:
        folder = ledger.folder if isinstance(ledger, FolderLedger) else None
        with _pool(workers, jobs_bytes([(ledger.job, ())]), folder) as pool:
            for k, shard in asked_of(lambda k: pool.submit(_shard, k), numbers, workers + 1):
                progress(len(ledger.job.paths_of(k)))
                yield k, shard

    return shards


def series_in_processes(workers: int) -> SeriesExecutor:
    """Compute series of many jobs in processes.

    Parameters
    ----------
    workers
        How many.
    """

    def parts(
        wanted: Sequence[Wanted], pieces: Iterable[Piece]
    ) -> Generator[tuple[Piece, Floats | RunError], None, None]:
        with _pool(workers, jobs_bytes(wanted)) as pool:
            yield from asked_of(lambda piece: pool.submit(_series, *piece), pieces, workers + 1)

    return parts


@contextmanager
def _pool(workers: int, jobs: bytes, folder: Path | None = None) -> Iterator[ProcessPoolExecutor]:
    """Processes that know jobs; they end with the block."""
    context = get_context("spawn")
    stop = context.Event()
    # by a file: what a process is started with must fit in a pipe that nobody reads yet
    scratch = TemporaryDirectory(prefix="spvrisk-", ignore_cleanup_errors=True)
    file = Path(scratch.name) / "jobs.json"
    file.write_bytes(jobs)
    pool = ProcessPoolExecutor(workers, context, _begin, (file, folder, stop))
    try:
        yield pool
    except BrokenProcessPool as error:
        text = (
            "a worker's process ended before its shard was done; if it had too little memory, use fewer; "
            "a script must run it under `if __name__ == '__main__':`"
        )
        raise RunError(phrase(text)) from error
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)
        scratch.cleanup()


def _begin(file: Path, folder: Path | None, stop: Event) -> None:
    """Make a worker's process ready."""
    import signal

    global _here
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that asked for it tells it to stop
    threading.Thread(target=_end_with_parent, daemon=True).start()
    wanted = jobs_of(file.read_bytes())
    first, _ = wanted[0]
    make_ready(first.plan)
    _here = _Here(wanted, None if folder is None else FolderLedger(folder, first), stop)


def _end_with_parent() -> None:
    """Whoever asked for shards may be killed: nobody else would end this process."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _shard(k: int) -> Shard | None:
    """Compute a shard, and keep it where there is a folder."""
    assert _here is not None  # as `_begin` has left it
    ((job, _),), ledger, _ = _here
    shard = run_shard(job, k, _here.advance)
    if ledger is None:
        return shard
    ledger.put(k, shard)
    return None


def _series(i: int, k: int) -> Floats | RunError:
    """Compute series of a shard of a job, ``(series, path)``."""
    assert _here is not None  # as `_begin` has left it
    return series_or_failure(_here.wanted[i], k, _here.advance)
