"""What a worker of a cluster does: it is told of a run once, and then computes shards by their numbers.

Of its functions only the names travel, so that a worker runs its own spvrisk, which must be that of the run.
"""

import platform
import signal
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from llvmlite import binding

from spvrisk._version import NUMBERS_VERSION, __version__
from spvrisk.errors import InputError, RunError
from spvrisk.kernel import cache
from spvrisk.runner.execute import make_ready
from spvrisk.runner.folder import FolderLedger
from spvrisk.runner.job import Job, Wanted, jobs_of
from spvrisk.runner.proof import prepare
from spvrisk.runner.shard import run_series, run_shard
from spvrisk.runner.stored import rows_bytes, shard_bytes

_RUNS = 8
"""Runs that a worker remembers; one that it has forgotten is told again."""

_here: OrderedDict[str, "_Run"] = OrderedDict()
_lock = threading.Lock()


class UnknownRunError(Exception):
    """A worker was asked for a shard of a run that it knows nothing of; carries its address."""


class _Run(NamedTuple):
    """What a worker computes shards of: one job, or series of many."""

    wanted: Sequence[Wanted]
    ledger: FolderLedger | None = None


def dask_setup(worker: object) -> None:
    """Leave Ctrl-C to the run that started this worker.

    Parameters
    ----------
    worker
        As dask calls it in workers that load this module ahead.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def identity() -> str:
    """What must be the same here and there: versions, and the kernel's sources."""
    return f"spvrisk {__version__}, numbers version {NUMBERS_VERSION}, kernel {cache.sources_digest()[:8]}"


def sees(sign: str) -> bool:
    """Whether the folder of a run is shared with this machine, and shards are still wanted there.

    Parameters
    ----------
    sign
        As of `greet`.
    """
    return Path(sign).is_file()


def greet(sign: str, who: str, job: bytes) -> Mapping[str, str]:
    """Learn of a run, and make the kernel ready, whose machine code is proved if it has not been.

    Parameters
    ----------
    sign
        A file in the folder of the run's shards, which is there as long as they are wanted: only who sees it shares
        the folder. Its name is that of the run.
    who
        `identity` of who asks.
    job
        As from `Job.to_bytes`.

    Returns
    -------
    Mapping
        Who this is, as text by name. Where there is something under ``refused``, shards are not to be asked for.
    """

    def learned() -> _Run:
        asked = Job.from_bytes(job)
        ledger = FolderLedger(Path(sign).parent, asked) if sees(sign) else None
        return _Run([(asked if ledger is None else ledger.job, ())], ledger)

    return _greeted(sign, who, learned)


def greet_for_series(sign: str, who: str, jobs: bytes) -> Mapping[str, str]:
    """Learn of jobs of which series are wanted; see `greet`.

    Parameters
    ----------
    sign
        Name of the run.
    who
        As of `greet`.
    jobs
        As from `spvrisk.runner.job.jobs_bytes`.
    """
    return _greeted(sign, who, lambda: _Run(jobs_of(jobs)))


def _greeted(sign: str, who: str, learned: Callable[[], _Run]) -> Mapping[str, str]:
    """Remember a run, once the kernel is ready for it, and say who this is."""
    if identity() != who:
        return {"refused": f"it has {identity()}, this run {who}"}
    try:
        run = learned()
        make_ready(run.wanted[0][0].plan)
    except (RunError, InputError, OSError, ValueError) as error:
        return {"refused": str(error)}
    with _lock:
        _here[sign] = run
        if len(_here) > _RUNS:
            _here.popitem(last=False)
    proof = prepare()
    return {
        "host": platform.node(),
        "processor": binding.get_host_cpu_name(),
        "target": proof.target.name,
        "self_test": proof.stamp.outcome,
        "version": __version__,
    }


def shard_of_run(sign: str, k: int, as_message: bool = False) -> tuple[str, bytes | None]:
    """Compute a shard, and put it into the folder where that is shared.

    Parameters
    ----------
    sign
        As of `greet`.
    k
        Number of the shard.
    as_message
        Whether its bytes are asked for in any case.

    Returns
    -------
    address
        Of this worker, as the scheduler knows it.
    data
        The shard's bytes; None where it is in the folder.

    Raises
    ------
    UnknownRunError
        This process was not told of the run.
    """
    address, run = _known(sign)
    ((job, _),) = run.wanted
    shard = run_shard(job, k)
    if run.ledger is not None and not as_message and sees(sign):
        # a folder that fails one worker is no reason to lose what it has computed
        with suppress(OSError):
            run.ledger.put(k, shard)
            return address, None
    return address, b"".join(shard_bytes(shard, job, k))


def series_of_run(sign: str, i: int, k: int) -> tuple[str, bytes]:
    """Compute the series that are wanted of a shard.

    Parameters
    ----------
    sign
        As of `greet_for_series`.
    i, k
        Number of the job, and of its shard.

    Returns
    -------
    address
        Of this worker, as the scheduler knows it.
    data
        The series' bytes.

    Raises
    ------
    UnknownRunError
        This process was not told of the run.
    """
    address, run = _known(sign)
    job, series = run.wanted[i]
    return address, b"".join(rows_bytes(dict(zip(series, run_series(job, k, series), strict=True)), job, k))


def _known(sign: str) -> tuple[str, _Run]:
    """Address of this worker, and a run that it was told of."""
    from distributed import get_worker

    address: str = get_worker().address
    with _lock:
        run = _here.get(sign)
        if run is None:
            raise UnknownRunError(address)
        _here.move_to_end(sign)
    return address, run
