"""What a run needs of memory and disk, and the refusal of one that needs more than it may have."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from spvrisk.catalogue import phrase
from spvrisk.config.study.output import Output
from spvrisk.config.study.run import Run
from spvrisk.dataset.place import Place
from spvrisk.dataset.tables import STATISTICS
from spvrisk.dataset.variables import conditions
from spvrisk.errors import InputError, Problem
from spvrisk.experiments.keeping import ON_THE_WAY, keepings, sizes_of, told
from spvrisk.experiments.machine import memory_here
from spvrisk.experiments.task import Task
from spvrisk.measures.series import bytes_in_passes, bytes_per_path
from spvrisk.plan.inputs import BYTES
from spvrisk.plan.outputs import FANS
from spvrisk.plan.shared import FAN_PATHS, LEAF
from spvrisk.runner.folder import FolderLedger, bytes_of_shards, has_shards, vacate
from spvrisk.runner.job import Job
from spvrisk.runner.ledger import Ledger, MemoryLedger
from spvrisk.runner.on import Cluster
from spvrisk.runner.proof import at_hand, prepare
from spvrisk.runner.sketches import Keeping
from spvrisk.runner.taken_up import SketchLedger

MIB = 1 << 20

PROCESS = 300 * MIB
"""Python, its libraries and the kernel's machine code."""

_SHARE_OF_MACHINE, _SHARE_OF_DISK = 0.5, 0.9
"""What a run takes at most of a machine's memory and of what is free on its disk, where the study does not say."""


_USUAL_WORKSPACE = 24 * MIB

_SENT_SHARDS, _PUT_SHARDS = 5, 2
"""Shards for whose copies a process has room that sends them as messages, or puts them into a folder."""

_SUMS_AT_WORK = 8
"""Copies of its sums that a leaf takes while they are joined."""

_DEFAULTS = {"memory": phrase("half of what this machine gives"), "disk": phrase("what is free but for a tenth")}


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
    fan, all_sums = _fan(job), _sums(job) * len(job.shards)
    values = _bytes_of_path(job) * job.paths
    measuring = bytes_per_path(workers, job.labels) * job.paths
    in_passes = bytes_in_passes(job.paths, workers, job.labels)
    fixed, on_the_way = _fixed(job, workers, workspace, processes), _on_the_way(job, workers, processes)
    kept, shard = values + len(FANS) * fan + all_sums, _shard(job)
    # of processes
    sent, put = (processes * _SENT_SHARDS + bool(processes)) * shard, processes * _PUT_SHARDS * shard
    return Need(fixed + sent + kept + measuring, fixed + put + max(on_the_way, in_passes), kept)


def _fan(job: Job) -> int:
    """Bytes of a fan."""
    return 4 * job.steps * min(job.paths, FAN_PATHS)


def _fixed(job: Job, workers: int, workspace: int, processes: int) -> int:
    """Memory that does not grow with the paths: processes with their workspaces, a fan, and tables."""
    n_sets = len(conditions(job.labels)) + 1
    # in the making, and once more as they are written
    tables = 2 * 8 * n_sets * len(job.labels.series) * 2 * len(STATISTICS)
    each = workspace + _SUMS_AT_WORK * _sums(job)
    return PROCESS + _fan(job) + tables + (processes * (PROCESS + each) if processes else workers * each)


def _sums(job: Job) -> int:
    """Bytes of a leaf's sums."""
    return 8 * int(job.plan.study[0]["units"]) * int(job.plan.study[0]["timeline_rows"]) * job.steps


def _bytes_of_path(job: Job) -> int:
    """Bytes of a path's values: of its series, and of its inputs that are kept."""
    return 8 * len(job.labels.series) + BYTES * len(job.input_rows)


def _shard(job: Job) -> int:
    """Bytes of a shard's values."""
    return _bytes_of_path(job) * min(job.leaves_per_shard * LEAF, job.paths)


def _on_the_way(job: Job, workers: int, processes: int) -> int:
    """Memory of shards that are computed or have come."""
    # processes put shards into the folder themselves; of a cluster's, one may come as a message
    waiting = min((2 if processes else workers + 2) * job.leaves_per_shard * LEAF, job.paths)
    return _bytes_of_path(job) * waiting + 4 * len(FANS) * job.steps * min(waiting, FAN_PATHS)


def need_with(job: Job, keeping: Keeping, workers: int, workspace: int = 0, processes: int = 0) -> Need:
    """What a job needs whose values are too many to be kept; it is never in memory as a whole.

    Parameters
    ----------
    job, workers, workspace, processes
        As of `need_of`.
    keeping
        What is kept of the values.
    """
    sizes = sizes_of(job, keeping)
    memory = _fixed(job, workers, workspace, processes) + _on_the_way(job, workers, processes) + sizes.memory
    memory += processes * _PUT_SHARDS * _shard(job)
    return Need(memory, memory, sizes.disk + len(FANS) * _fan(job))


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

    A cluster's shards go to the folder wherever it has room for them, those of others into memory.

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
        Neither has room, not even where sketches are kept in the place of the values, or the folder belongs to another
        job.
    """
    job, workspace, memory = task.job, known_workspace(task.job), memory_budget(task.settings)
    need = need_of(job, task.workers, workspace, task.helpers)
    if place is None:
        check_memory(task, False, workspace)
        return MemoryLedger(job)
    disk, kept = disk_budget(task.settings, place), keep or has_shards(place.folder)
    on_disk = need.disk <= disk and need.from_disk <= memory
    # shards of a cluster's workers come as messages otherwise, a dozen a second
    if need.in_memory <= memory and not kept and not (on_disk and isinstance(task.on, Cluster)):
        return MemoryLedger(job)
    vacate(place.folder)
    if on_disk:
        return FolderLedger(place.folder, job)
    if keeping := most_kept(job, task.loaded.study.output, task.path_names, memory, disk):
        return SketchLedger(place.folder, job, keeping)
    check_memory(task, True, workspace)
    raise _too_little_disk(task, place)


def most_kept(job: Job, output: Output, names: Sequence[str], memory: int, disk: int) -> Keeping | None:
    """Most that can be kept of a run's values, so that its statistics are as near as the budgets allow.

    It does not depend on who computes the run: a few workers are taken for granted.

    Parameters
    ----------
    job, output, names
        As of `spvrisk.experiments.keeping.keepings`.
    memory, disk
        Bytes that the run may have.

    Returns
    -------
    Keeping or None
        None where there is room for nothing.
    """
    for keeping in keepings(job, output, names):
        need = need_with(job, keeping, ON_THE_WAY - 2, _USUAL_WORKSPACE)
        if need.disk <= disk and need.from_disk <= memory:
            return keeping
    return None


def foreseen(job: Job, run: Run, output: Output, names: Sequence[str], workers: int, workspace: int) -> str:
    """Say whether the statistics of a run that writes into the present folder will be exact, and what that takes.

    Parameters
    ----------
    job, output, names
        As of `spvrisk.experiments.keeping.keepings`.
    run
        With the budgets.
    workers, workspace
        As of `need_of`.
    """
    need, memory, disk = need_of(job, workers, workspace), memory_budget(run), disk_budget(run, Place(Path(), Path()))
    if need.in_memory <= memory:
        return phrase("exact, from all values in memory")
    if need.disk <= disk and need.from_disk <= memory:
        return phrase("exact, from all values on the disk")
    keeping = most_kept(job, output, names, memory, disk)
    if keeping is None:
        text = "none: a run would be refused, since it may have {:,} MiB of memory and {:,} of disk"
        return phrase(text, mib(memory), mib(disk))
    need = need_with(job, keeping, workers, workspace)
    text = "{}; they take {:,} MiB of memory and {:,} MiB of disk"
    return phrase(text, told(keeping), mib(need.from_disk), mib(need.disk))


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
    rule = phrase(
        "{:,} paths of {} series must fit: they need {} MiB", job.paths, len(job.labels.series), mib(need(job.paths))
    )
    raise _refused("run.memory_mib", rule, settings.memory_mib, have, "memory", need, job)


def _too_little_disk(task: Task, place: Place) -> InputError:
    """What is wrong with a job that does not fit on the disk, not even with sketches in the place of its values."""
    settings, job = task.settings, task.job

    def need(paths: int) -> int:
        asked = replace(job, paths=paths)
        *_, least = keepings(asked, task.loaded.study.output, task.path_names)
        return min(need_of(asked, 1).disk, need_with(asked, least, 1).disk)

    exact = mib(need_of(job, 1).disk)
    rule = phrase(
        "what is kept of {:,} paths must fit in {}: {} MiB for approximate statistics, {} MiB for exact ones",
        job.paths,
        place.folder,
        mib(need(job.paths)),
        exact,
    )
    return _refused("run.disk_mib", rule, settings.disk_mib, disk_budget(settings, place), "disk", need, job)


def _refused(
    path: str, rule: str, given: int | None, have: int, of: str, need: Callable[[int], int], job: Job
) -> InputError:
    """What is wrong, and what to write instead."""
    most = bisect_left(range(1, job.paths + 1), True, key=lambda paths: need(paths) > have)
    found = str(given) if given is not None else phrase("{} ({})", have // MIB, _DEFAULTS[of])
    remedy = phrase("set {} to {} or more", path, mib(need(job.paths)))
    remedy = phrase("{}, or run.paths to {} or fewer", remedy, most) if most else remedy
    return InputError(Problem("", path, rule, found, remedy))


def mib(size: int) -> int:
    """Bytes in MiB, a part of one as a whole.

    Parameters
    ----------
    size
        Bytes.
    """
    return -(-size // MIB)
