"""A job is executed: shards that its ledger misses are computed somewhere, and kept as they come."""

import threading
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from itertools import islice
from typing import TypeVar

import numpy as np

from spvrisk.catalogue import joined, phrase
from spvrisk.errors import RunError
from spvrisk.plan.arrays import Floats, Plan
from spvrisk.runner.job import Wanted
from spvrisk.runner.ledger import Ledger
from spvrisk.runner.proof import confirm, prepare
from spvrisk.runner.shard import Advance, Shard, load, processors, run_series, run_shard

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

Piece = tuple[int, int]
"""Number of a job among those that are wanted, and of one of its shards."""

SeriesExecutor = Callable[[Sequence[Wanted], Iterable[Piece]], Generator[tuple[Piece, Floats | RunError], None, None]]
"""Computes series of shards of many jobs, wherever: gives each piece with its ``(series, path)``, or why there is none.

As of `Executor`, nothing of it goes on when it is closed.
"""

Number = TypeVar("Number")
Result = TypeVar("Result")


class StopError(Exception):
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
        return by_threads(lambda k, advance: run_shard(ledger.job, k, advance), numbers, workers, progress)

    return shards


def by_threads(
    work: Callable[[Number, Advance], Result],
    numbers: Iterable[Number],
    workers: int,
    progress: Progress = lambda _: None,
) -> Generator[tuple[Number, Result], None, None]:
    """Compute in threads, and give what comes of each number in the order of its coming.

    Parameters
    ----------
    work
        Called with a number, and with what it has to tell of paths done: that ends it where nobody wants it any more.
    numbers
        Of shards, or what else names what is computed.
    workers
        Threads.
    progress
        Told of paths done.
    """
    stop, pool = threading.Event(), ThreadPoolExecutor(workers, "spvrisk")
    advance = _advance(progress, stop)
    try:
        yield from asked_of(lambda k: pool.submit(work, k, advance), numbers, workers + 1)
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)


def asked_of(
    submit: Callable[[Number], Future[Result]], numbers: Iterable[Number], at_once: int
) -> Generator[tuple[Number, Result], None, None]:
    """Ask a pool for shards, some at a time, and give what comes of each with its number, in the order of its coming.

    Parameters
    ----------
    submit
        Asks the pool for a shard.
    numbers
        Of the shards, or what else names them.
    at_once
        How many are asked for at a time: one more than are at work, so that no worker waits for this thread.
    """
    todo, pending = iter(numbers), dict[Future[Result], Number]()
    while True:
        for k in islice(todo, at_once - len(pending)):
            pending[submit(k)] = k
        if not pending:
            return
        # in short turns, so that Ctrl-C reaches this thread
        done, _ = wait(pending, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED)
        for future in done:
            yield pending.pop(future), future.result()


def series_of_many(
    wanted: Sequence[Wanted], executor: SeriesExecutor, progress: Progress = lambda _: None
) -> Generator[tuple[int, Floats], None, None]:
    """Compute some series of many jobs, as `series_of_each` does; one that fails ends it.

    Parameters
    ----------
    wanted, executor, progress
        As of `series_of_each`.

    Yields
    ------
    tuple
        Number of a job, and its ``(series, path)`` float64 in the quantities' units, as soon as they are there.

    Raises
    ------
    RunError
        A shard cannot be computed.
    """
    for i, found in series_of_each(wanted, executor, progress):
        if isinstance(found, RunError):
            raise found
        yield i, found


def series_of_each(
    wanted: Sequence[Wanted], executor: SeriesExecutor, progress: Progress = lambda _: None
) -> Generator[tuple[int, Floats | RunError], None, None]:
    """Compute some series of many jobs, whose shards fill the workers together.

    Parameters
    ----------
    wanted
        Jobs, and the numbers of the series, or inputs, that are wanted of each.
    executor
        Who computes.
    progress
        Told of paths done.

    Yields
    ------
    tuple
        Number of a job, and its ``(series, path)`` float64 in the quantities' units, as soon as they are there; or why
        there are none: a job that fails does not stop the others.
    """
    left = [len(job.shards) for job, _ in wanted]
    values, failed = dict[int, Floats](), set[int]()
    pieces = ((i, k) for i, (job, _) in enumerate(wanted) for k in job.shards if i not in failed)
    with closing(executor(wanted, pieces)) as parts:
        for (i, k), part in parts:
            job, series = wanted[i]
            paths = job.paths_of(k)
            progress(len(paths))
            if i in failed:
                continue
            if isinstance(part, RunError):
                failed.add(i)
                values.pop(i, None)
                yield i, part
                continue
            whole = values.setdefault(i, np.empty((len(series), job.paths)))
            whole[:, paths.start : paths.stop] = part
            left[i] -= 1
            if not left[i]:
                yield i, values.pop(i)


def series_in_threads(workers: int) -> SeriesExecutor:
    """Compute series in threads; the kernel must have been made ready.

    Parameters
    ----------
    workers
        How many.
    """

    def parts(
        wanted: Sequence[Wanted], pieces: Iterable[Piece]
    ) -> Generator[tuple[Piece, Floats | RunError], None, None]:
        def work(piece: Piece, advance: Advance) -> Floats | RunError:
            i, k = piece
            return series_or_failure(wanted[i], k, advance)

        return by_threads(work, pieces, workers)

    return parts


def series_or_failure(wanted: Wanted, k: int, advance: Advance) -> Floats | RunError:
    """Compute series of a shard, ``(series, path)`` float64, or tell why that cannot be done.

    Parameters
    ----------
    wanted
        Job, and numbers of what is wanted of it.
    k, advance
        As of `spvrisk.runner.shard.run_series`.
    """
    try:
        return run_series(wanted[0], k, wanted[1], advance)
    except StopError:
        raise
    except Exception as error:
        return failure_of(error)


def failure_of(error: Exception) -> RunError:
    """Why something could not be computed, in words.

    Parameters
    ----------
    error
        What came up.
    """
    if isinstance(error, RunError):
        return error
    name = phrase("the machine has not enough memory") if isinstance(error, MemoryError) else type(error).__name__
    found = RunError(joined(filter(None, (name, str(error))), "{}: {}"))
    found.__cause__ = error
    return found


def _advance(progress: Progress, stop: threading.Event) -> Advance:
    """Pass on what is done, until told to stop."""

    def advance(done: int) -> None:
        if stop.is_set():
            raise StopError
        progress(done)

    return advance
