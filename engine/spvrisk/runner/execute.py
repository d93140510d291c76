"""A job is executed: shards that its ledger misses are computed somewhere, and kept as they come."""

import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from itertools import islice

from spvrisk.plan.arrays import Plan
from spvrisk.runner.ledger import Ledger
from spvrisk.runner.proof import confirm, prepare
from spvrisk.runner.shard import Advance, Shard, load, processors, run_shard

POLL_SECONDS = 0.2
"""Within which Ctrl-C reaches a thread that waits for shards."""

Progress = Callable[[int], None]
"""Told the number of paths done since it was last called; may be called from any thread."""

Announce = Callable[[str], None]
"""Told in a few words what is being done."""

Executor = Callable[[Ledger, Sequence[int], Progress], Generator[tuple[int, Shard | None], None, None]]
"""Computes shards that a ledger misses, wherever: gives each with its number when it is there, in any order.

None stands for a shard that has been put into the ledger's folder already. When it is closed before its end, nothing of
it goes on.
"""


class _StopError(Exception):
    """A worker was told to stop."""


def make_ready(plan: Plan, announce: Announce = lambda _: None) -> None:
    """Load machine code of the kernel that has proved right here; make and prove it first if there is none.

    Parameters
    ----------
    plan
        Any plan: its arrays' types are what the kernel is loaded for.
    announce
        Called with a word for each stage.

    Raises
    ------
    RunError
        No machine code is right.
    """
    prepare(announce)
    announce("loading the kernel")
    load(plan, announce)
    confirm()


def execute(
    ledger: Ledger,
    workers: int | None = None,
    progress: Progress = lambda _: None,
    announce: Announce = lambda _: None,
) -> None:
    """Compute what a ledger misses of its job.

    Parameters
    ----------
    ledger
        Where the shards are put.
    workers
        Threads; None = one per processor that this process may use.
    progress
        Told of paths done; before the stage ``running``, of those that are there already.
    announce
        Told of each stage.

    Raises
    ------
    RunError
        No machine code of the kernel is right.
    KeyboardInterrupt
        Passed on once all threads have stopped, within a kernel call.
    """
    make_ready(ledger.job.plan, announce)
    compute(ledger, in_threads(workers or processors()), progress, announce)


def compute(
    ledger: Ledger,
    executor: Executor,
    progress: Progress = lambda _: None,
    announce: Announce = lambda _: None,
) -> None:
    """Compute what a ledger misses of its job with a kernel that has been made ready.

    Parameters
    ----------
    ledger, progress, announce
        As of `execute`.
    executor
        Who computes.
    """
    job, missing = ledger.job, ledger.missing()
    if there := job.paths - sum(len(job.paths_of(k)) for k in missing):
        progress(there)
    announce("running")
    with closing(executor(ledger, missing, progress)) as shards:
        for k, shard in shards:
            if shard is not None:
                ledger.put(k, shard)
            ledger.settle()


def in_threads(workers: int) -> Executor:
    """Compute shards in threads: the kernel leaves Python's lock alone.

    Parameters
    ----------
    workers
        How many.
    """

    def shards(
        ledger: Ledger, numbers: Sequence[int], progress: Progress
    ) -> Generator[tuple[int, Shard | None], None, None]:
        stop, todo = threading.Event(), iter(numbers)
        pending: dict[Future[Shard], int] = {}
        pool = ThreadPoolExecutor(workers, "spvrisk")
        try:
            while True:
                # one more than are at work, so that no worker waits for this thread
                for k in islice(todo, workers + 1 - len(pending)):
                    pending[pool.submit(run_shard, ledger.job, k, _advance(progress, stop))] = k
                if not pending:
                    return
                # in short turns, so that Ctrl-C reaches this thread
                done, _ = wait(pending, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED)
                for future in done:
                    yield pending.pop(future), future.result()
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)

    return shards


def _advance(progress: Progress, stop: threading.Event) -> Advance:
    """Pass on what is done, until told to stop."""

    def advance(done: int) -> None:
        if stop.is_set():
            raise _StopError
        progress(done)

    return advance
