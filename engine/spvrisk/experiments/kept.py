"""Runs that were broken off, and results that are extended: what is there already, and what is kept of a run."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np

from spvrisk.dataset.opening import opened
from spvrisk.dataset.place import Place
from spvrisk.errors import InputError, Problem, RunError
from spvrisk.experiments.need import disk_budget, need_of
from spvrisk.experiments.task import Task
from spvrisk.runner.folder import FolderLedger, vacate
from spvrisk.runner.ledger import Ledger


class Manner(NamedTuple):
    """How a run is done, and how it deals with what is there: none of it changes a number.

    Attributes
    ----------
    overwrite
        Whether an existing result is replaced; a file that the study is read from never is.
    resume
        Whether a run that was broken off is gone on with, and one that is finished is left as it is.
    keep
        Whether the shards are kept beside the result, so that a run of more paths computes only what is new.
    processes
        Processes that compute shards in place of threads; None: threads.
    cluster
        Cluster whose workers compute them; see `spvrisk.runner.cluster.in_cluster`. None: this machine.
    """

    overwrite: bool = False
    resume: bool = False
    keep: bool = False
    processes: int | None = None
    cluster: str | None = None


def paths_of_result(file: Path, task: Task) -> int:
    """Paths that a result holds of a job, kept in the same way; 0 where there is no such result.

    Parameters
    ----------
    file
        The result; it need not be there.
    task
        What is to be run.
    """
    with suppress(InputError), opened(file) as found:
        if found.attrs.get("job_id", b"") == task.job.id.encode():
            kept = json.loads(bytes(found["provenance/config_json"][...]))["output"]
            if kept == task.loaded.study.output.model_dump(mode="json", by_alias=True):
                return int(np.asarray(found.attrs["paths"]).item())
    return 0


def check_resumed(ledger: Ledger, place: Place, wanted: bool) -> None:
    """Ask before a run that was broken off is gone on with.

    Parameters
    ----------
    ledger, place
        Of the run that is to come.
    wanted
        Whether it may go on.

    Raises
    ------
    InputError
        There are shards of the job, and nobody has said what to do with them.
    """
    if isinstance(ledger, FolderLedger) and not wanted and (done := _done(ledger)):
        rule = f"holds {_shards(done, ledger)} of this run, which was broken off"
        remedy = "add --resume to go on with it, or remove the folder to start anew"
        raise InputError(Problem(str(place.folder), "", rule, "", remedy))


@contextmanager
def kept_if_broken_off(task: Task, ledger: Ledger, place: Place) -> Iterator[None]:
    """Keep the shards that are done where a run is interrupted or fails; what ends it has a note of how to go on.

    Parameters
    ----------
    task, ledger, place
        Of the run.
    """
    try:
        yield
    except (InputError, KeyboardInterrupt, MemoryError, OSError, RunError) as error:
        error.add_note(_keep(task, ledger, place))
        raise


@contextmanager
def machine_failures_told(place: Place) -> Iterator[None]:
    """Tell in words where memory or the disk does not suffice.

    Parameters
    ----------
    place
        Of the run.

    Raises
    ------
    RunError
        With what would help.
    """
    try:
        yield
    except MemoryError as error:
        remedy = "run fewer paths, or set run.memory_mib lower, so that shards go to the disk"
        raise RunError(f"the machine has not enough memory; {remedy}") from error
    except OSError as error:
        raise place.cannot_be_written(error) from error


def _keep(task: Task, ledger: Ledger, place: Place) -> str:
    """Bring the shards that are done to the disk; say in a sentence what is there."""
    if not place.part.exists():  # it was published
        return f"The result is written: {place.target}."
    if isinstance(ledger, FolderLedger):
        if _done(ledger):
            return _go_on(ledger)
        ledger.discard()
    if not _done(ledger):
        return "Nothing was done yet."
    if need_of(ledger.job, 1).disk > disk_budget(task.settings, place):
        return f"What was done is not kept: shards would take more than run.disk_mib allows in {place.folder}."
    try:
        vacate(place.folder)
        folder = FolderLedger(place.folder, ledger.job)
        for k in sorted(set(ledger.job.shards) - set(ledger.missing())):
            folder.put(k, ledger.shard(k))
    except (OSError, MemoryError) as error:
        return f"What was done could not all be kept in {place.folder} ({error}); --resume goes on with what is there."
    return _go_on(folder)


def _go_on(folder: FolderLedger) -> str:
    kept = _shards(_done(folder), folder)
    return f"{kept} are kept in {folder.folder}: the same command with --resume goes on with them."


def _done(ledger: Ledger) -> int:
    return len(ledger.job.shards) - len(ledger.missing())


def _shards(done: int, ledger: Ledger) -> str:
    return f"{done} of {len(ledger.job.shards)} shards"
