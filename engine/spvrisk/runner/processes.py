"""Shards computed by processes of this machine, for those who have no use for threads."""

import os
import threading
from collections.abc import Generator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection, get_context, parent_process
from multiprocessing.synchronize import Event
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from spvrisk.errors import RunError
from spvrisk.runner.execute import Executor, Progress, asked_of, make_ready
from spvrisk.runner.folder import FolderLedger
from spvrisk.runner.job import Job
from spvrisk.runner.ledger import Ledger
from spvrisk.runner.shard import Shard, run_shard


class _StopError(Exception):
    """The process was told to stop."""


class _Here(NamedTuple):
    """What a worker's process works on."""

    job: Job
    ledger: FolderLedger | None
    stop: Event


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
        context = get_context("spawn")
        stop, folder = context.Event(), ledger.folder if isinstance(ledger, FolderLedger) else None
        # by a file: what a process is started with must fit in a pipe that nobody reads yet
        scratch = TemporaryDirectory(prefix="spvrisk-", ignore_cleanup_errors=True)
        job = Path(scratch.name) / "job.json"
        job.write_bytes(ledger.job.to_bytes())
        pool = ProcessPoolExecutor(workers, context, _begin, (job, folder, stop))
        try:
            for k, shard in asked_of(lambda k: pool.submit(_shard, k), numbers, workers + 1):
                progress(len(ledger.job.paths_of(k)))
                yield k, shard
        except BrokenProcessPool as error:
            remedy = "if it had too little memory, use fewer; a script must run it under `if __name__ == '__main__':`"
            raise RunError(f"a worker's process ended before its shard was done; {remedy}") from error
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)
            scratch.cleanup()

    return shards


def _begin(job: Path, folder: Path | None, stop: Event) -> None:
    """Make a worker's process ready."""
    import signal

    global _here
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that asked for it tells it to stop
    threading.Thread(target=_end_with_parent, daemon=True).start()
    asked = Job.from_bytes(job.read_bytes())
    make_ready(asked.plan)
    _here = _Here(asked, None if folder is None else FolderLedger(folder, asked), stop)


def _end_with_parent() -> None:
    """Whoever asked for shards may be killed: nobody else would end this process."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _shard(k: int) -> Shard | None:
    """Compute a shard, and keep it where there is a folder."""
    assert _here is not None  # as `_begin` has left it
    job, ledger, stop = _here

    def advance(_: int) -> None:
        if stop.is_set():
            raise _StopError

    shard = run_shard(job, k, advance)
    if ledger is None:
        return shard
    ledger.put(k, shard)
    return None
