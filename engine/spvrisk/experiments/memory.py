"""What a run needs of memory, and the refusal of one that needs more than it may have."""

from bisect import bisect_left

from spvrisk.errors import InputError, Problem
from spvrisk.measures.series import BYTES_PER_PATH
from spvrisk.plan.outputs import FANS
from spvrisk.plan.shared import FAN_PATHS, LEAF
from spvrisk.runner.job import Job
from spvrisk.runner.ledger import MemoryLedger

MIB = 1 << 20


def in_memory(job: Job, workers: int, memory_mib: int) -> MemoryLedger:
    """Give an empty ledger in memory for a job that fits into the memory budget.

    Parameters
    ----------
    job
        What is to be run.
    workers
        Threads, each of which has a shard on its way.
    memory_mib
        Budget in MiB.

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
    """Most paths of shards that so many workers have on their way: one each, one to come, and one that is put.

    Parameters
    ----------
    workers
        Threads.
    leaves_per_shard
        Size of a shard in leaves.
    """
    return (workers + 2) * leaves_per_shard * LEAF


def check_memory(job: Job, workers: int, memory_mib: int) -> None:
    """Refuse a job whose values do not fit into the memory budget, before anything is computed.

    Parameters
    ----------
    job, workers, memory_mib
        As of `in_memory`.

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
