"""Shards computed by the workers of a dask cluster, which may come late, differ, be slow, and be lost.

A worker is greeted before it is asked for anything: it is given the job, says who it is, and is refused where it has
another version or its machine code does not prove right. A task is then the name of the run and a shard's number. What
a worker has lost is computed by another; that a shard is computed twice does no harm.
"""

import gc
import logging
import queue
import time
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager, suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import uuid4
from warnings import warn

from spvrisk.catalogue import joined, phrase
from spvrisk.errors import InputError, Problem, RunError, argument
from spvrisk.plan.arrays import Floats
from spvrisk.runner.crew import Crew, Machine
from spvrisk.runner.execute import POLL_SECONDS, Announce, Executor, Piece, Progress, SeriesExecutor
from spvrisk.runner.folder import FolderLedger
from spvrisk.runner.job import Wanted, jobs_bytes
from spvrisk.runner.ledger import Ledger
from spvrisk.runner.on import LOCAL
from spvrisk.runner.remote import (
    UnknownRunError,
    greet,
    greet_for_series,
    identity,
    series_of_run,
    shard_of_run,
)
from spvrisk.runner.shard import Shard
from spvrisk.runner.stored import rows_of, shard_of

_LOOK_SECONDS = 1.0
"""Between two looks at which workers are there."""

_AHEAD = 2
"""Shards that are asked for at a time, for each thread of a worker: one at work, one that waits for it."""

_MOST_TRIES = 4
"""Failures of a shard, after which it is not asked for again."""

_SLOW, _SLOW_SECONDS = 3.0, 1.0
"""What takes longer than so many other shards and some seconds is asked for twice, when nothing else is left to do."""

_REMEMBERED = 100
"""Shards by which it is judged how long one takes."""

_CONNECT_SECONDS, _CLOSE_SECONDS = 10.0, 5.0

Number = TypeVar("Number")
Answer = TypeVar("Answer")

_LOGGERS = ("distributed", "distributed.client", "distributed.gc", "tornado", "tornado.application")


def check_installed() -> None:
    """Refuse to use a cluster where dask is not installed.

    Raises
    ------
    InputError
        It is not.
    """
    if find_spec("distributed") is None:
        remedy = "pip install 'spvrisk[cluster]'"
        raise InputError(Problem("", "", "a cluster needs the package distributed, which is not installed", "", remedy))


def in_cluster(
    cluster: str,
    workers: int,
    tell: Callable[[Sequence[Machine]], None] = lambda _: None,
    announce: Announce = lambda _: None,
) -> Executor:
    """Compute shards by the workers of a cluster, which put them into the ledger's folder where they share it.

    Parameters
    ----------
    cluster
        Address of a scheduler, or `LOCAL`.
    workers
        How many are started, if it is `LOCAL`.
    tell
        Told, when all shards are there, who computed them.
    announce
        Told where workers are waited for.
    """

    def shards(
        ledger: Ledger, numbers: Sequence[int], progress: Progress
    ) -> Generator[tuple[int, Shard | None], None, None]:
        with _signed(ledger) as sign, _connected(cluster, workers) as client:
            run = _Dispatch(client, _Shards(ledger), numbers, sign, announce)
            try:
                for k, shard in run.answers():
                    progress(len(ledger.job.paths_of(k)))
                    yield k, shard
            finally:
                run.cancel()
            tell(run.machines())

    return shards


def series_in_cluster(cluster: str, workers: int, announce: Announce = lambda _: None) -> SeriesExecutor:
    """Compute series of many jobs by the workers of a cluster, which are told of all jobs when they are greeted.

    Parameters
    ----------
    cluster, workers, announce
        As of `in_cluster`.
    """

    def parts(
        wanted: Sequence[Wanted], pieces: Iterable[Piece]
    ) -> Generator[tuple[Piece, Floats | RunError], None, None]:
        sign = Path(f".cluster-{uuid4().hex}.tmp")
        with _connected(cluster, workers) as client:
            run = _Dispatch(client, _Series(wanted), pieces, sign, announce)
            try:
                yield from run.answers()
            finally:
                run.cancel()

    return parts


@contextmanager
def _signed(ledger: Ledger) -> Iterator[Path]:
    """A file in the ledger's folder, by which a worker knows whether it sees that folder; or the name of none."""
    name = f".cluster-{uuid4().hex}.tmp"
    if not isinstance(ledger, FolderLedger):
        yield Path(name)
        return
    sign = ledger.folder.resolve() / name
    sign.touch()
    try:
        yield sign
    finally:
        with suppress(OSError):
            sign.unlink(missing_ok=True)


@contextmanager
def _connected(cluster: str, workers: int) -> Iterator[Any]:
    """A client of the scheduler; workers that are started for it end with it."""
    check_installed()
    with _quiet(), ExitStack() as stack:
        client = _client(stack.enter_context(_started(workers)) if cluster == LOCAL else cluster)
        if client is None:
            # what is left of it closes itself when it is collected, in whatever thread: in that of the next client it
            # would wait for a lock that this one holds
            gc.collect()
            rule = "must be the address of a dask scheduler that answers"
            remedy = "start one with `dask scheduler`, which prints its address, as tcp://10.0.0.1:8786"
            raise InputError(Problem(argument("address"), "", rule, cluster, remedy))
        stack.callback(_close, client)
        yield client


def _client(address: str) -> Any:
    """A client of the scheduler; None if it does not answer."""
    from distributed import Client

    try:
        return Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, TimeoutError, ValueError, TypeError, ImportError):
        return None


@contextmanager
def _started(workers: int) -> Iterator[str]:
    """Workers on this machine; gives the address of their scheduler."""
    from dask import config
    from distributed import LocalCluster

    # no limit of memory: shards are small, and what a run may take is budgeted; no profiler: it takes some percent
    options = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0", "silence_logs": logging.CRITICAL}
    of_each = {"threads_per_worker": 1, "memory_limit": 0, "preload": ["spvrisk.runner.remote"]}
    with config.set({"distributed.worker.profile.enabled": False}):
        made = LocalCluster(n_workers=workers, **of_each, **options)
    try:
        yield made.scheduler_address
    finally:
        _close(made)


def _close(made: Any) -> None:
    """Take leave; of who does not answer in time, too."""
    with suppress(OSError, TimeoutError):
        made.close(timeout=_CLOSE_SECONDS)


@contextmanager
def _quiet() -> Iterator[None]:
    """What dask logs of lost connections is told by the run in its own words."""
    import_module("distributed")  # which sets the levels of its loggers
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


class _Work(ABC, Generic[Number, Answer]):
    """What workers are asked for, piece by piece."""

    @abstractmethod
    def greeting(self) -> tuple[Callable[..., object], bytes]:
        """What a worker is greeted by, and what it is told."""

    @abstractmethod
    def task(self, k: Number, again: bool) -> tuple[Callable[..., object], tuple[object, ...]]:
        """What is called for a piece, and with what behind the name of the run."""

    @abstractmethod
    def taken(self, k: Number, data: Any) -> Answer:
        """What a worker's answer is; a `ValueError` where it is none."""

    @abstractmethod
    def given_up(self, failure: RunError) -> Answer:
        """What stands for a piece that cannot be had; or the failure is raised."""


class _Shards(_Work[int, Shard | None]):
    """Shards of a job, which workers may put into the ledger's folder; without one of them there is no run."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def greeting(self) -> tuple[Callable[..., object], bytes]:
        return greet, self._ledger.job.to_bytes()

    def task(self, k: int, again: bool) -> tuple[Callable[..., object], tuple[object, ...]]:
        return shard_of_run, (k, again)

    def taken(self, k: int, data: Any) -> Shard | None:
        shard = None if data is None else shard_of(data, self._ledger.job, k)
        if shard is None and not (isinstance(self._ledger, FolderLedger) and self._ledger.arrived(k)):
            raise ValueError(f"shard {k} is not in the folder")
        return shard

    def given_up(self, failure: RunError) -> Shard | None:
        raise failure


class _Series(_Work[Piece, Floats | RunError]):
    """Series of shards of many jobs; that one cannot be had does not stop the others."""

    def __init__(self, wanted: Sequence[Wanted]) -> None:
        self._wanted = wanted

    def greeting(self) -> tuple[Callable[..., object], bytes]:
        return greet_for_series, jobs_bytes(self._wanted)

    def task(self, k: Piece, again: bool) -> tuple[Callable[..., object], tuple[object, ...]]:
        return series_of_run, k

    def taken(self, k: Piece, data: Any) -> Floats | RunError:
        i, shard = k
        job, series = self._wanted[i]
        return rows_of(data, job, shard, series)

    def given_up(self, failure: RunError) -> Floats | RunError:
        return failure


class _Todo(Generic[Number]):
    """Numbers that are still to be asked for: in their order, then those that were given back."""

    def __init__(self, numbers: Iterable[Number]) -> None:
        self._numbers, self._back = iter(numbers), deque[Number]()
        self._next = next(self._numbers, None)

    def __bool__(self) -> bool:
        return self._next is not None or bool(self._back)

    def take(self) -> Number:
        """The next one."""
        if self._next is None:
            return self._back.popleft()
        found, self._next = self._next, next(self._numbers, None)
        return found

    def give_back(self, number: Number) -> None:
        """Have it asked for again."""
        self._back.append(number)


class _Asked(NamedTuple, Generic[Number]):
    """A piece that is asked for, and since when."""

    k: Number
    since: float


class _Dispatch(Generic[Number, Answer]):
    """Asks the workers that are there for the pieces of a run, as many at a time as they have use for."""

    def __init__(
        self, client: Any, work: _Work[Number, Answer], numbers: Iterable[Number], sign: Path, announce: Announce
    ) -> None:
        self._client, self._work, self._sign, self._announce = client, work, sign, announce
        (self._greet, self._told), self._who = work.greeting(), identity()
        self._todo, self._missing, self._failures = _Todo(numbers), set[Number](), Counter[Number]()
        self._out, self._greetings = dict[Any, _Asked[Number]](), dict[Any, str]()
        self._ended: queue.SimpleQueue[tuple[Any, Any, Exception | None]] = queue.SimpleQueue()
        self._crew, self._overdue = Crew(), list[Any]()
        self._looked, self._waits, self._seconds, self._again = float("-inf"), False, list[float](), set[Any]()

    def answers(self) -> Iterator[tuple[Number, Answer]]:
        """Give pieces as they come, until all are there."""
        while self._todo or self._missing:
            with self._lost_is_told():
                self._look()
                self._ask()
            # in short turns, so that Ctrl-C reaches this thread
            with suppress(queue.Empty):
                yield from self._taken(*self._ended.get(timeout=POLL_SECONDS))

    def machines(self) -> list[Machine]:
        """Who has computed shards."""
        return self._crew.machines()

    def cancel(self) -> None:
        """Take back what is still asked for."""
        if self._out and self._client.status == "running":
            with suppress(OSError, TimeoutError):
                self._client.cancel(list(self._out))

    @contextmanager
    def _lost_is_told(self) -> Iterator[None]:
        """Say that the scheduler is gone where it is."""
        try:
            if self._client.status != "running":
                raise ConnectionError("lost")
            yield
        except (OSError, TimeoutError) as error:
            text = "{}: the scheduler of the cluster has ended, or cannot be reached any more"
            raise RunError(phrase(text, self._client.scheduler.address)) from error

    def _look(self) -> None:
        """See which workers are there, and greet new ones."""
        if time.monotonic() - self._looked < _LOOK_SECONDS:
            return
        crew, self._looked = self._crew, time.monotonic()
        crew.see(self._client.nthreads())
        if self._sign.is_absolute():
            with suppress(OSError):  # who cannot see it answers with bytes
                self._sign.touch()  # whoever sweeps the folder takes old files for those of dead processes
        for future in [future for future, address in self._greetings.items() if address not in crew.present]:
            del self._greetings[future]
            future.release()
        for address in crew.unknown() - set(self._greetings.values()):
            here = {"workers": [address], "allow_other_workers": False}
            self._greetings[self._submit(self._greet, str(self._sign), self._who, self._told, **here)] = address
        self._find_overdue()
        self._tell_if_none()

    def _find_overdue(self) -> None:
        """See which shards take long: their workers may be slow, or hang, or hold an answer that nobody can fetch."""
        if self._seconds:
            late = time.monotonic() - _SLOW * median(self._seconds) - _SLOW_SECONDS
            self._overdue = [future for future, asked in self._out.items() if asked.since < late]

    def _tell_if_none(self) -> None:
        """Say that there is no worker, or fail where all are of no use."""
        waits = not self._crew.threads and not self._greetings
        if waits and (refused := self._crew.refused()):
            raise RunError(phrase("no worker of the cluster can be used: {}", joined(refused, "{}; {}")))
        if waits != self._waits:
            self._announce("waiting for workers" if waits else "running")
            self._waits = waits

    def _ask(self) -> None:
        """Ask for as many shards as the workers have use for."""
        crew = self._crew
        # those that hang take nothing from the others
        most = _AHEAD * crew.threads + min(len(self._overdue), _AHEAD * crew.threads)
        while self._todo and len(self._out) < most:
            k = self._todo.take()
            self._missing.add(k)
            self._ask_for(k, crew.able if crew.strangers else ())
        if not self._todo and len(self._out) - len(self._overdue) < crew.threads:
            self._ask_again()

    def _ask_for(self, k: Number, whom: Collection[str] = ()) -> None:
        """Ask for a shard: some of the workers, and where none of them is left, whoever is there."""
        of_some = {"workers": list(whom), "allow_other_workers": True} if whom else {}
        function, arguments = self._work.task(k, self._failures[k] > 0)
        future = self._submit(function, str(self._sign), *arguments, **of_some)
        self._out[future] = _Asked(k, time.monotonic())

    def _ask_again(self) -> None:
        """Ask others for the shards that take long."""
        overdue = [future for future in self._overdue if future in self._out and future not in self._again]
        if not overdue:
            return
        holders = self._client.who_has(overdue)
        at_work = {key: address for address, keys in self._client.processing().items() for key in keys}
        for future in overdue:
            whose = {*holders.get(future.key, ()), at_work.get(future.key)}
            if others := self._crew.able.keys() - whose:
                self._again.add(future)
                self._ask_for(self._out[future].k, others)

    def _submit(self, function: Callable[..., object], *arguments: object, **options: Any) -> Any:
        """Have a function called by a worker."""
        key = f"{function.__name__}-{uuid4().hex}"
        future = self._client.submit(function, *arguments, key=key, pure=False, **options)
        self._client.loop.add_callback(self._fetch, future)
        return future

    async def _fetch(self, future: Any) -> None:
        """Fetch what a worker answers, or the error that its task ends in; nobody else waits meanwhile."""
        answer, error = None, None
        try:
            answer = await self._client.gather(future, asynchronous=True)
        except Exception as found:
            error = found
        self._ended.put((future, answer, error))

    def _taken(self, future: Any, answer: Any, error: Exception | None) -> Iterator[tuple[Number, Answer]]:
        """Take what a worker answers."""
        greeted, asked = self._greetings.pop(future, None), self._out.pop(future, None)
        self._again.discard(future)
        future.release()
        if greeted is not None:
            self._greeted(greeted, answer, error)
        elif asked is not None and asked.k in self._missing:
            yield from self._piece(asked, answer, error)

    def _greeted(self, address: str, answer: Any, error: Exception | None) -> None:
        """Take a worker on, or refuse it."""
        if isinstance(error, CancelledError):
            return  # it is gone, and greeted again should it come back
        if isinstance(error, ImportError | AttributeError | TypeError):
            error = RunError(phrase("it has {}, this run {}", self._version_at(address), self._who))
        answer = answer if error is None else {"refused": str(error) or type(error).__name__}
        if "refused" in answer:
            text = phrase("{} is refused: {}", address, answer["refused"])
            self._crew.refuse(address, text)
            warn(text, RuntimeWarning, stacklevel=2)
        else:
            self._crew.take_on(address, Machine(**answer, threads=self._crew.present.get(address, 1)))
        self._tell_if_none()

    def _version_at(self, address: str) -> str:
        """What a worker has that does not know how to be greeted."""
        with self._lost_is_told():
            found = self._client.get_versions(packages=["spvrisk"])["workers"].get(address, {})
        version = found.get("packages", {}).get("spvrisk")
        return f"spvrisk {version}" if version else "no spvrisk"

    def _piece(self, asked: _Asked[Number], answer: Any, error: Exception | None) -> Iterator[tuple[Number, Answer]]:
        """Give a piece, if it is one; else have it asked for again."""
        k = asked.k
        if isinstance(error, UnknownRunError):
            self._crew.forget(*error.args)
        if isinstance(error, UnknownRunError | CancelledError):
            self._todo.give_back(k)
            return
        if error is not None:
            yield from self._failed(k, error)
            return
        address, data = answer
        try:
            found = self._work.taken(k, data)
        except ValueError as wrong:
            yield from self._failed(k, wrong)
            return
        self._seconds = [*self._seconds[-_REMEMBERED:], time.monotonic() - asked.since]
        self._missing.remove(k)
        self._crew.count(address)
        yield k, found

    def _failed(self, k: Number, error: Exception) -> Iterator[tuple[Number, Answer]]:
        """Ask again for a piece, but not for ever."""
        self._failures[k] += 1
        killed = type(error).__name__ == "KilledWorker"
        if not killed and self._failures[k] < _MOST_TRIES:
            self._todo.give_back(k)
            return
        if killed:
            text = (
                "several workers ended while they computed shard {}; "
                "if they had too little memory, use fewer threads in each"
            )
            reason = phrase(text, k)
        else:
            last = str(error) or type(error).__name__
            reason = phrase("shard {} failed {} times on the cluster, at last with: {}", k, _MOST_TRIES, last)
        failure = RunError(reason)
        failure.__cause__ = error
        given_up = self._work.given_up(failure)
        self._missing.remove(k)
        yield k, given_up
