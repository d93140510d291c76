"""From a loaded study to a result: the whole story in a page."""

import datetime
import math
import os
import time
from functools import partial, reduce
from pathlib import Path
from typing import NamedTuple

from spvrisk.aggregate.invariants import Violation, violations
from spvrisk.catalogue import phrase
from spvrisk.config import Loaded
from spvrisk.config.study.run import Run
from spvrisk.dataset.place import Place, claimed
from spvrisk.dataset.read import open_result
from spvrisk.dataset.uncertainty import UncertaintyTable
from spvrisk.dataset.write import Contents, Provenance, check_output, result_bytes, write_at, write_result
from spvrisk.errors import InputError, Problem, RunError
from spvrisk.experiments.failed import failure, kept_aside
from spvrisk.experiments.keeping import told
from spvrisk.experiments.kept import (
    Earlier,
    Manner,
    check_finished,
    check_not_there,
    check_nothing_lost,
    check_resumed,
    earlier_result,
    extends,
    in_short,
    kept_if_broken_off,
    machine_failures_told,
    noted,
    sweep_finished,
)
from spvrisk.experiments.need import check_memory, disk_budget, ledger_for, mib, need_of, need_with, workspace_of
from spvrisk.experiments.outer import Outer, outer_runs, planned_outer
from spvrisk.experiments.task import Task, outer_word, planned
from spvrisk.measures.conditional import from_sketches, in_passes, summary_and_conditional
from spvrisk.measures.source import SketchSource
from spvrisk.measures.table import timeline
from spvrisk.runner.crew import Machine
from spvrisk.runner.execute import Announce, Progress, compute, make_ready
from spvrisk.runner.folder import FolderLedger, finish, seconds_per_byte
from spvrisk.runner.kept_series import KeptSeries
from spvrisk.runner.ledger import Ledger
from spvrisk.runner.on import THREADS, On
from spvrisk.runner.shard import processors, seconds_per_path
from spvrisk.runner.taken_up import SketchLedger

_ANEW = Manner()


def run_study(
    loaded: Loaded,
    out: str | os.PathLike[str],
    settings: Run,
    manner: Manner = _ANEW,
    progress: Progress = lambda _: None,
    announce: Announce = lambda _: None,
) -> Path:
    """Run a study and write its result.

    Where a result of the same job is there with fewer paths, it is extended: the new one is what a run of that size
    from the start would be.

    Parameters
    ----------
    loaded
        The study, as `spvrisk.config.load` gives it.
    out
        The result file.
    settings
        Size of the run; see `spvrisk.experiments.task.settings_of`.
    manner
        How to deal with what is there.
    progress, announce
        Told of paths done, and of each stage.

    Returns
    -------
    Path
        The result file.

    Raises
    ------
    InputError
        The study or the output cannot be used; nothing was written.
    RunError
        Writing failed, or the sums of the run contradict each other; then nothing is written under the name `out`,
        and the figures are kept beside it.
    KeyboardInterrupt
        The run was interrupted; its notes say which shards are kept.
    """
    out = Path(out)
    check_output(out, overwrite=True, reads=loaded.files)
    others: list[Exception] = []
    progress, announce = noted(progress, others), noted(announce, others)
    task, outer = _asked(loaded, settings, announce, manner.on)
    with claimed(out) as place, machine_failures_told(place, others):
        sweep_finished(place)
        there = earlier_result(place.target, task)
        if manner.resume and there and there.finished(task):
            check_finished(place.target, announce)
        else:
            _run_at(place, out, (task, outer), manner, there, progress, announce)
    return out


_Asked = tuple[Task, Outer | None]
"""What is to be run, and the outer runs that are to follow it."""


def _asked(loaded: Loaded, settings: Run, announce: Announce, on: On) -> _Asked:
    task, outer = planned(loaded, settings, announce, on), planned_outer(loaded, settings)
    return (task if outer is None else task._replace(besides=outer.besides)), outer


def _run_at(
    place: Place,
    out: Path,
    asked: _Asked,
    manner: Manner,
    there: Earlier | None,
    progress: Progress,
    announce: Announce,
) -> None:
    """Run a task and publish its result at a place that is held, beside what is there of it."""
    task, outer = asked
    if not manner.overwrite:
        check_nothing_lost(there, task)
        check_not_there(there, task, out)
    extending, reads = extends(there, task), task.loaded.files
    replaces = manner.overwrite or extending
    check_output(out, replaces, reads=reads)
    ledger = _ledger(task, place, manner, there, announce)

    def publishing(content: str) -> None:
        announce("publishing")
        check_output(out, replaces, reads=reads)
        if extending:
            _check_unchanged(place, task, there)
        if isinstance(ledger, FolderLedger) and not manner.keep:
            finish(place.folder, content)

    with kept_if_broken_off(task, ledger, place):
        done = ran(task, ledger, progress, announce, _left(outer, there, place))
        if not (broken := done.violations()):
            found = _outer_at(place, outer, task, there, progress, announce)
            write_at(place, done.contents(announce, found), replaces, publishing)
    wrong = _wrong(broken, done, out, announce)
    if isinstance(ledger, FolderLedger) and (wrong or not manner.keep):
        ledger.discard()
    if wrong:
        raise wrong
    KeptSeries(place.folder).keep_only(())


def _outer_at(
    place: Place, outer: Outer | None, task: Task, there: Earlier | None, progress: Progress, announce: Announce
) -> UncertaintyTable | None:
    """Do outer runs; what an earlier result or a run that was broken off has of them is not computed again."""
    if outer is None:
        return None
    has_room = outer.disk <= disk_budget(task.settings, place)
    earlier = None if there is None else open_result(place.target).uncertainty
    kept = KeptSeries(place.folder) if has_room else None
    return outer_runs(outer, task.on, task.workers, kept, earlier, progress, announce)


def _left(outer: Outer | None, there: Earlier | None, place: Place) -> int:
    """Paths of outer runs that neither an earlier result nor a run that was broken off has."""
    if outer is None:
        return 0
    kept, keeps = KeptSeries(place.folder), frozenset[str]() if there is None else there.keeps
    return sum(job.paths for job in outer.jobs if outer_word(job.id, job.paths) not in keeps and not kept.has(job))


def _wrong(broken: list[Violation], done: "Ran", target: Path, announce: Announce) -> RunError | None:
    """Keep the figures of a run that contradicts itself aside, and give what tells of it; None for a sound one."""
    if not broken:
        return None
    return failure(broken, kept_aside(target), lambda path: write_result(path, done.contents(announce), True))


def _ledger(task: Task, place: Place, manner: Manner, there: Earlier | None, announce: Announce) -> Ledger:
    """Give the ledger of a run, beside what is there of its result, if all is sound that its start can tell."""
    with task.loaded.places.filled_in():
        ledger = ledger_for(task, place, manner.keep)
    place.check_space(task.size)
    check_resumed(ledger, place, there is not None or manner.resume or task.settings.resume == "auto")
    if begun := _begun(there if extends(there, task) else None, task, ledger):
        announce(begun)
    return ledger


def _check_unchanged(place: Place, task: Task, there: Earlier | None) -> None:
    """Refuse to extend a result that another has taken the place of meanwhile."""
    if earlier_result(place.target, task) != there:
        rule = "was replaced while it was being extended"
        raise InputError(Problem(str(place.target), "", rule, "", "run the command again"))


def run_in_memory(
    loaded: Loaded,
    settings: Run,
    on: On = THREADS,
    progress: Progress = lambda _: None,
    announce: Announce = lambda _: None,
) -> bytes:
    """Run a study and give the bytes of its result file; see `run_study`.

    Parameters
    ----------
    loaded, settings, progress, announce
        As of `run_study`.
    on
        What computes the shards.

    Raises
    ------
    RunError
        The sums of the run contradict each other.
    """
    task, outer = _asked(loaded, settings, announce, on)
    with loaded.places.filled_in():
        ledger = ledger_for(task, None)
    done = ran(task, ledger, progress, announce, settings.outer_paths)
    if broken := done.violations():
        raise failure(broken)
    none = (None, None)
    found = None if outer is None else outer_runs(outer, on, task.workers, *none, progress, announce)
    return result_bytes(done.contents(announce, found))


def ran(
    task: Task,
    ledger: Ledger,
    progress: Progress = lambda _: None,
    announce: Announce = lambda _: None,
    after: int = 0,
) -> "Ran":
    """Compute all shards that a ledger misses.

    Parameters
    ----------
    task
        What is run.
    ledger
        Of its job.
    progress, announce
        As of `run_study`.
    after
        Paths of the outer runs that are to follow.
    """
    make_ready(ledger.job.plan, announce)
    if not isinstance(ledger, SketchLedger):
        with task.loaded.places.filled_in():
            check_memory(task, isinstance(ledger, FolderLedger), workspace_of(ledger.job))
    if len(ledger.missing()) > 1 or after:
        announce(_estimate(task, ledger, after))
    machines: list[Machine] = []
    compute(ledger, task.executor(announce, machines.extend), progress, announce)
    return Ran(task, ledger, task.provenance(machines))


class Ran(NamedTuple):
    """A run whose shards are all there.

    Attributes
    ----------
    task, ledger
        What was run, and all its paths.
    origin
        How the result comes about.
    """

    task: Task
    ledger: Ledger
    origin: Provenance

    def violations(self) -> list[Violation]:
        """What its sums break of what must hold."""
        job = self.ledger.job
        return violations(job.plan, job.labels, self.ledger.sums(), self.ledger.lowest)

    def contents(self, announce: Announce, uncertainty: UncertaintyTable | None = None) -> Contents:
        """Summarise it.

        Parameters
        ----------
        announce
            Told of each stage.
        uncertainty
            What came of outer runs, if there were any.
        """
        announce("summarising")
        ledger, job, sums = self.ledger, self.ledger.job, self.ledger.sums()
        output, workers = self.task.loaded.study.output, self.task.workers
        quantiles, levels = output.quantiles, output.risk_levels
        if isinstance(ledger, SketchLedger):
            source = SketchSource(ledger.sketched, ledger.worst(), job.paths, job.labels)
            table, given = from_sketches(sums, source, job.labels, quantiles, levels, workers)
        elif isinstance(ledger, FolderLedger):
            table, given = in_passes(sums, ledger.block, job.labels, quantiles, levels, workers)
        else:
            table, given = summary_and_conditional(sums, ledger.column, job.labels, quantiles, levels, workers)
        steps = timeline(sums, ledger.fans(), job.labels, quantiles)
        announce("writing")
        origin = self.origin._replace(duration_seconds=time.perf_counter() - self.task.clock)
        names = self.task.path_names
        return Contents(
            job.labels,
            table,
            given,
            steps,
            job.paths,
            ledger.block,
            names,
            job.seed,
            job.sampling,
            job.id,
            origin,
            ledger.inputs,
            uncertainty,
        )


def _estimate(task: Task, ledger: Ledger, after: int) -> str:
    """What the run takes with the outer runs that follow, in words.

    The time is from a tenth of a second of the kernel and one file on the disk. The paths that the kernel is timed with
    are computed once more in their shard: a shard is a function of its number.
    """
    job = ledger.job
    paths = sum(len(job.paths_of(k)) for k in ledger.missing())
    on_disk = isinstance(ledger, FolderLedger)
    size = task.workers, workspace_of(job), task.helpers
    need = need_with(job, ledger.keeping, *size) if isinstance(ledger, SketchLedger) else need_of(job, *size)
    memory = mib(need.from_disk if on_disk else need.in_memory)
    parts = [phrase("{:,} MiB of memory", memory)]
    if task.here:
        parts.insert(0, phrase("about {}", f"{_duration(task, ledger, paths, after)}"))
    if on_disk:
        parts.append(phrase("{:,} MiB of disk", mib(need.disk)))
    takes = reduce(partial(phrase, "{}, {}"), parts)
    near = told(ledger.keeping) if isinstance(ledger, SketchLedger) else phrase("exact")
    if after:
        return phrase("{:path} and {:,} of outer runs take {}; statistics are {}", paths, after, takes, near)
    return phrase("{:path} take {}; statistics are {}", paths, takes, near)


def _duration(task: Task, ledger: Ledger, paths: int, after: int) -> datetime.timedelta:
    """How long this machine takes for so many paths, and for those of the outer runs after them.

    Shards are stored beside the others' computation, at the cost of a processor, and no faster than the disk is.
    """
    at_once = min(task.helpers or task.workers, processors())
    storing, each = _storing(ledger) * paths, seconds_per_path(task.job)
    own = max((each * paths + storing) / at_once, storing)
    return datetime.timedelta(seconds=math.ceil(own + each * after / at_once))


def _storing(ledger: Ledger) -> float:
    """Seconds that storing a path takes."""
    if not isinstance(ledger, FolderLedger):
        return 0.0
    return seconds_per_byte(ledger.folder) * 8 * len(ledger.job.labels.series)


def _begun(extended: Earlier | None, task: Task, ledger: Ledger) -> str:
    """What is done already, in words; an empty text where nothing is."""
    shards, missing = len(ledger.job.shards), len(ledger.missing())
    if missing < shards:
        return phrase("going on with {:d} of {:shard}", shards - missing, shards)
    if extended is None:
        return ""
    more = phrase("extending {:path} to {:,}", extended.paths, task.job.paths)
    if lacking := extended.lacks(task):
        more = phrase("{}, with {}", more, ", ".join(in_short(lacking)))
    text = "{}: all are computed anew, since shards were not kept (--keep)"
    if isinstance(ledger, SketchLedger):
        text = (
            "{}: all are computed anew, since shards were not kept (--keep), or too little of their values for so many "
            "paths"
        )
    return phrase(text, more)
