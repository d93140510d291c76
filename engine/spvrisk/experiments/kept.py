"""Runs that were broken off, and results that are extended: what is there already, and what is kept of a run."""

import json
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, TypeVar

import h5py
import numpy as np

from spvrisk.catalogue import joined, phrase
from spvrisk.dataset.inputs import COORDINATES
from spvrisk.dataset.opening import opened
from spvrisk.dataset.paths import names_in_file
from spvrisk.dataset.place import Place
from spvrisk.dataset.read import open_result
from spvrisk.dataset.uncertainty import GROUP as UNCERTAINTY
from spvrisk.errors import InputError, Problem, RunError, argument
from spvrisk.experiments.need import disk_budget, need_of
from spvrisk.experiments.task import OUTER_RUN, Task, outer_word
from spvrisk.runner.execute import Announce
from spvrisk.runner.folder import FolderLedger, discard, finished, vacate
from spvrisk.runner.ledger import Ledger
from spvrisk.runner.on import THREADS, On

T = TypeVar("T")


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
    on
        What computes the shards.
    """

    overwrite: bool = False
    resume: bool = False
    keep: bool = False
    on: On = THREADS


class Earlier(NamedTuple):
    """A result of the same job that is there already.

    Attributes
    ----------
    paths
        Their number.
    keeps
        What it keeps of them, each in a few words.
    """

    paths: int
    keeps: frozenset[str]

    def lost(self, task: Task) -> frozenset[str]:
        """What it keeps that a run would not."""
        return self.keeps - _keeps(task)

    def lacks(self, task: Task) -> frozenset[str]:
        """What a run would keep that it does not."""
        return _keeps(task) - self.keeps

    def finished(self, task: Task) -> bool:
        """Whether it is all that is asked for."""
        return self.paths == task.job.paths and not self.lacks(task)


def earlier_result(file: Path, task: Task) -> Earlier | None:
    """Give what a result holds of a job; None where there is no such result.

    Parameters
    ----------
    file
        The result; it need not be there.
    task
        What is to be run.
    """
    with suppress(InputError), opened(file) as found:
        if found.attrs.get("job_id", b"") == task.job.id.encode():
            output = json.loads(bytes(found["provenance/config_json"][...]))["output"]
            variables = set(found["paths"]) - {"project"}
            inputs = set(found.get("inputs", ())) - set(COORDINATES)
            kept = _in_words(variables, inputs, output["quantiles"], output["risk_levels"]) | _outer_runs(found)
            return Earlier(int(np.asarray(found.attrs["paths"]).item()), kept)
    return None


def extends(there: Earlier | None, task: Task) -> bool:
    """Tell whether a run keeps all that a result holds, and more.

    Parameters
    ----------
    there
        The result, if there is one of the job.
    task
        What is to be run.
    """
    if there is None or there.paths > task.job.paths:
        return False
    return not there.finished(task) and not there.lost(task)


def check_nothing_lost(there: Earlier | None, task: Task) -> None:
    """Refuse to extend a result that holds what the longer one would not.

    Parameters
    ----------
    there, task
        As of `extends`.

    Raises
    ------
    InputError
        With what would be lost.
    """
    if there is not None and there.paths < task.job.paths and (lost := there.lost(task)):
        rule = phrase("file exists, and holds what the longer one would not: {}", joined(in_short(lost), "{}, {}"))
        raise InputError(Problem(argument("out"), "", rule, "", "add it to the study's output, or use --overwrite"))


def check_not_there(there: Earlier | None, task: Task, out: Path) -> None:
    """Refuse to compute what a result holds already.

    Parameters
    ----------
    there, task
        As of `extends`.
    out
        The result.

    Raises
    ------
    InputError
        With how many paths it holds.
    """
    if there is not None and not extends(there, task):
        rule = phrase("file exists, and holds {:,} paths of this run already", there.paths)
        remedy = phrase("`spvrisk summary {}` shows them; name another file, or use --overwrite", out)
        raise InputError(Problem(argument("out"), "", rule, str(out), remedy))


def check_finished(file: Path, announce: Announce) -> None:
    """Refuse to leave a finished result as it is where it is damaged.

    Parameters
    ----------
    file
        The result.
    announce
        Told of stages.

    Raises
    ------
    InputError
        With what is wrong.
    """
    from spvrisk.experiments.verify import verified  # loaded here: runs have no use for it

    found = verified(open_result(file), announce=announce)
    if wrong := [phrase("{} {}", phrase(check.name), check.found) for check in found.checks if check.sound is False]:
        rule = phrase("is finished, but damaged: {}", joined(wrong, "{}; {}"))
        raise InputError(Problem(str(file), "", rule, "", "remove it, and run the command again"))
    announce("finished already: tables, values by path and plan match their digests")


def sweep_finished(place: Place) -> None:
    """Remove the shards of a run that was ended after its result was published, and before they were removed.

    Parameters
    ----------
    place
        Of the result.
    """
    content = finished(place.folder)
    with suppress(InputError):
        if content is not None and content == open_result(place.target).attributes["content_sha256"]:
            discard(place.folder)


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
        rule = phrase("holds {} of this run, which was broken off", _shards(done, ledger))
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
    except BaseException as error:  # also what a caller's own function raises
        error.add_note(_keep(task, ledger, place))
        raise


def noted(call: Callable[[T], None], raised: list[Exception]) -> Callable[[T], None]:
    """Have what a caller's function raises noted: it is passed on as it is.

    Parameters
    ----------
    call
        The function.
    raised
        Where to.
    """

    def told(what: T) -> None:
        try:
            call(what)
        except Exception as error:
            raised.append(error)
            raise

    return told


@contextmanager
def machine_failures_told(place: Place, others: Container[Exception] = ()) -> Iterator[None]:
    """Tell in words where memory or the disk does not suffice.

    Parameters
    ----------
    place
        Of the run.
    others
        Errors that are not the machine's.

    Raises
    ------
    RunError
        With what would help.
    """
    try:
        yield
    except (MemoryError, OSError) as error:
        if error in others:
            raise
        if isinstance(error, OSError):
            raise place.cannot_be_written(error) from error
        text = (
            "the machine has not enough memory; "
            "run fewer paths, or set run.memory_mib lower, so that shards go to the disk"
        )
        raise RunError(phrase(text)) from error


def _keep(task: Task, ledger: Ledger, place: Place) -> str:
    """Bring the shards that are done to the disk; say in a sentence what is there."""
    if not place.part.exists():  # it was published
        return phrase("The result is written: {}.", place.target)
    if isinstance(ledger, FolderLedger):
        if _done(ledger):
            return _go_on(ledger)
        ledger.discard()
    if not _done(ledger):
        return phrase("Nothing was done yet.")
    if need_of(ledger.job, 1).disk > disk_budget(task.settings, place):
        return phrase("What was done is not kept: shards would take more than run.disk_mib allows in {}.", place.folder)
    try:
        vacate(place.folder)
        folder = FolderLedger(place.folder, ledger.job)
        for k in sorted(set(ledger.job.shards) - set(ledger.missing())):
            folder.put(k, ledger.shard(k))
    except (OSError, MemoryError) as error:
        return phrase(
            "What was done could not all be kept in {} ({}); --resume goes on with what is there.", place.folder, error
        )
    return _go_on(folder)


def _keeps(task: Task) -> frozenset[str]:
    """What a run keeps, each in a few words."""
    output, variables = task.loaded.study.output, names_in_file(task.job.labels, task.path_names)
    return _in_words(variables, task.job.inputs, output.quantiles, output.risk_levels) | task.besides.keeps


def _outer_runs(file: h5py.File) -> frozenset[str]:
    """Outer runs that a result has, as `Besides.keeps` names them."""
    if UNCERTAINTY not in file:
        return frozenset()
    said = json.loads(bytes(file[f"provenance/{UNCERTAINTY}_json"][...]))
    return frozenset(outer_word(job, said["inner"]) for job in said["jobs"])


def in_short(words: Iterable[str]) -> list[str]:
    """Give what is kept in order, outer runs only by their number.

    Parameters
    ----------
    words
        Each thing in a few words.
    """
    each = sorted(words)
    runs = [word for word in each if word.startswith(OUTER_RUN)]
    shown = [phrase("outer runs: {:,} of {}", len(runs), runs[0].partition(" of ")[2])] if runs else []
    return [*(word for word in each if word not in runs), *shown]


def _in_words(
    variables: Iterable[str], inputs: Iterable[str], quantiles: Iterable[str], levels: Iterable[str]
) -> frozenset[str]:
    named = (*(f"/paths/{name}" for name in variables), *(f"/inputs/{name}" for name in inputs))
    at = (*(phrase("quantile {}", name) for name in quantiles), *(phrase("risk level {}", name) for name in levels))
    return frozenset((*named, *at))


def _go_on(folder: FolderLedger) -> str:
    kept = _shards(_done(folder), folder)
    return phrase("{} are kept in {}: the same command with --resume goes on with them.", kept, folder.folder)


def _done(ledger: Ledger) -> int:
    return len(ledger.job.shards) - len(ledger.missing())


def _shards(done: int, ledger: Ledger) -> str:
    return phrase("{} of {} shards", done, len(ledger.job.shards))
