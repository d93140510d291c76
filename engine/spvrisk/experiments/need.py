"""What a run needs of memory and disk, and the refusal of one that needs more than it may have."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from spvrisk.config.study.run import Run
from spvrisk.dataset.place import Place
from spvrisk.dataset.tables import STATISTICS
from spvrisk.dataset.variables import conditions
from spvrisk.errors import InputError, Problem
from spvrisk.experiments.machine import memory_here
from spvrisk.experiments.task import Task
from spvrisk.measures.series import bytes_per_path
from spvrisk.plan.outputs import FANS
from spvrisk.plan.shared import FAN_PATHS, LEAF
from spvrisk.runner.folder import FolderLedger, bytes_of_shards, has_shards
from spvrisk.runner.job import Job
from spvrisk.runner.ledger import Ledger, MemoryLedger
from spvrisk.runner.proof import at_hand, prepare

MIB = 1 << 20

PROCESS = 300 * MIB
"""Python, its libraries and the kernel's machine code."""

_SHARE_OF_MACHINE, _SHARE_OF_DISK = 0.5, 0.9
"""What a run takes at most of a machine's memory and of what is free on its disk, where the study does not say."""


_USUAL_WORKSPACE = 24 * MIB

_SENT_SHARDS, _PUT_SHARDS = 4, 2
"""Shards for whose copies a process has room that sends them as messages, or puts them into a folder."""

_SUMS_AT_WORK = 8
"""Copies of its sums that a leaf takes while they are joined."""

_DEFAULTS = {"memory": "half of what this machine gives", "disk": "what is free but for a tenth"}


class Need(NamedTuple):
    """What a run needs, in bytes.

    Attributes
    ----------
    in_memory
        Memory at its peak, with all shards in it.
    from_disk
        Memory at its peak, with the shards in a folder.
    disk
        Size of that folder.
    """

    in_memory: int
    from_disk: int
    disk: int


def need_of(job: Job, workers: int, workspace: int = 0, processes: int = 0) -> Need:
    """What a job needs.

    Parameters
    ----------
    job
        What is to be run.
    workers
        Threads.
    workspace
        Bytes of a thread's workspace and leaf; see `workspace_of`.
    processes
        Processes that compute shards in place of the threads.
    """
    n_series, paths = len(job.labels.series), job.leaves_per_shard * LEAF
    fan = 4 * job.steps * min(job.paths, FAN_PATHS)
    sums = 8 * int(job.plan.study[0]["units"]) * int(job.plan.study[0]["timeline_rows"]) * job.steps
    values, all_sums = 8 * n_series * job.paths, sums * len(job.shards)
    n_sets = len(conditions(job.labels)) + 1
    # in the making, and once more as they are written
    tables = 2 * 8 * n_sets * n_series * 2 * len(STATISTICS)
    measuring = bytes_per_path(workers, job.labels) * job.paths
    # processes put shards into the folder themselves; of a cluster's, one may come as a message
    waiting = min((2 if processes else workers + 2) * paths, job.paths)
    on_the_way = 8 * n_series * waiting + 4 * len(FANS) * job.steps * min(waiting, FAN_PATHS)
    kept, shard = values + len(FANS) * fan + all_sums, 8 * n_series * min(paths, job.paths)
    fixed = PROCESS + fan + tables
    if not processes:
        fixed += workers * (workspace + _SUMS_AT_WORK * sums)
        return Need(fixed + kept + measuring, fixed + max(on_the_way, measuring), kept)
    fixed += processes * (PROCESS + workspace + _SUMS_AT_WORK * sums)
    sent, put = (processes * _SENT_SHARDS + 1) * shard, processes * _PUT_SHARDS * shard
    return Need(fixed + sent + kept + measuring, fixed + put + max(on_the_way, measuring), kept)


def workspace_of(job: Job) -> int:
    """Bytes of a thread's workspace and of the leaf that it works on."""
    from spvrisk.kernel.run import make_leaf, make_work  # loaded here: the kernel's target is settled by then

    _, work = make_work(job.plan)
    leaf = make_leaf(job.plan, len(job.labels.series), True)
    return sum(array.nbytes for array in (*work, *leaf))


def known_workspace(job: Job) -> int:
    """Bytes of a thread's workspace, or about so many where the kernel would have to be compiled to know them."""
    if not at_hand():
        return _USUAL_WORKSPACE
    prepare()
    return workspace_of(job)


def memory_budget(settings: Run) -> int:
    """Bytes of memory that a run may have: what the study says, or half of what the machine gives."""
    if settings.memory_mib is not None:
        return settings.memory_mib * MIB
    return int(_SHARE_OF_MACHINE * memory_here())


def disk_budget(settings: Run, place: Place) -> int:
    """Bytes of disk that shards may take: what the study says, or what is free but for a tenth."""
    if settings.disk_mib is not None:
        return settings.disk_mib * MIB
    return int(_SHARE_OF_DISK * place.free()) + bytes_of_shards(place.folder)


def ledger_for(task: Task, place: Place | None, keep: bool = False) -> Ledger:
    """Give a ledger that the budgets allow: in memory, or in the folder of the result's place.

    Parameters
    ----------
    task
        What is to be run, within which budgets.
    place
        Of the result; None where that stays in memory.
    keep
        Whether shards are kept in the folder, whatever fits in memory.

    Raises
    ------
    InputError
        Neither has room, or the folder belongs to another job.
    """
    job, kept = task.job, place is not None and (keep or has_shards(place.folder))
    workspace = known_workspace(job)
    if not kept and need_of(job, task.workers, workspace, task.helpers).in_memory <= memory_budget(task.settings):
        return MemoryLedger(job)
    check_memory(task, place is not None, workspace)
    if place is None:
        return MemoryLedger(job)
    _check_disk(job, task.settings, place)
    return FolderLedger.of_holder(place.folder, job)


def check_memory(task: Task, to_disk: bool, workspace: int = 0) -> None:
    """Refuse a job that does not fit into the memory budget, before anything is computed.

    Parameters
    ----------
    task
        As of `ledger_for`.
    to_disk
        Whether shards may be kept in a folder.
    workspace
        As of `need_of`.

    Raises
    ------
    InputError
        With the memory needed, the budget, and what to write instead.
    """
    job, settings = task.job, task.settings

    def need(paths: int) -> int:
        found = need_of(replace(job, paths=paths), task.workers, workspace, task.helpers)
        return min(found.in_memory, found.from_disk) if to_disk else found.in_memory

    have = memory_budget(settings)
    if need(job.paths) <= have:
        return
    rule = f"{job.paths:,} paths of {len(job.labels.series)} series must fit: they need {mib(need(job.paths))} MiB"
    raise _refused("run.memory_mib", rule, settings.memory_mib, have, "memory", need, job)


def _check_disk(job: Job, settings: Run, place: Place) -> None:
    """Refuse a job whose shards do not fit on the disk."""

    def need(paths: int) -> int:
        return need_of(replace(job, paths=paths), 1).disk

    have = disk_budget(settings, place)
    if need(job.paths) > have:
        rule = f"shards of {job.paths:,} paths must fit in {place.folder}: they need {mib(need(job.paths))} MiB"
        raise _refused("run.disk_mib", rule, settings.disk_mib, have, "disk", need, job)


def _refused(
    path: str, rule: str, given: int | None, have: int, of: str, need: Callable[[int], int], job: Job
) -> InputError:
    """What is wrong, and what to write instead."""
    most = bisect_left(range(1, job.paths + 1), True, key=lambda paths: need(paths) > have)
    found = str(given) if given is not None else f"{have // MIB} ({_DEFAULTS[of]})"
    fewer = f", or run.paths to {most} or fewer" if most else ""
    return InputError(Problem("", path, rule, found, f"set {path} to {mib(need(job.paths))} or more{fewer}"))


def mib(size: int) -> int:
    """Bytes in MiB, a part of one as a whole.

    Parameters
    ----------
    size
        Bytes.
    """
    return -(-size // MIB)
