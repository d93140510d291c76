"""From a loaded study to a result: the whole story in a page."""

import datetime
import math
import os
import time
from pathlib import Path
from typing import NamedTuple

from spvrisk.aggregate.invariants import Violation, violations
from spvrisk.config import Loaded
from spvrisk.config.study.run import Run
from spvrisk.dataset.place import Place, claimed
from spvrisk.dataset.write import Contents, Provenance, check_output, result_bytes, write_at, write_result
from spvrisk.errors import InputError, Problem, RunError
from spvrisk.experiments.failed import failure, kept_aside
from spvrisk.experiments.kept import Manner, check_resumed, kept_if_broken_off, machine_failures_told, paths_of_result
from spvrisk.experiments.need import check_memory, ledger_for, mib, need_of, workspace_of
from spvrisk.experiments.task import Task, planned
from spvrisk.measures.conditional import summary_and_conditional
from spvrisk.measures.table import timeline
from spvrisk.runner.crew import Machine
from spvrisk.runner.execute import Announce, Progress, compute, make_ready
from spvrisk.runner.folder import FolderLedger
from spvrisk.runner.ledger import Ledger
from spvrisk.runner.shard import processors, seconds_per_path

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
    check_output(out, overwrite=True, reads=loaded.files)
    task = planned(loaded, settings, announce, manner.processes, manner.cluster)
    with claimed(Path(out)) as place, machine_failures_told(place):
        there = paths_of_result(place.target, task)
        if manner.resume and there == task.job.paths:
            return Path(out)
        extends = 0 < there < task.job.paths
        replaces = manner.overwrite or extends
        target = check_output(out, replaces, reads=loaded.files)

        def publishing() -> None:
            announce("publishing")
            check_output(out, replaces, reads=loaded.files)
            if extends:
                _check_unchanged(place, task, there)

        ledger = _ledger(task, place, manner, there, announce)
        with kept_if_broken_off(task, ledger, place):
            done = ran(task, ledger, progress, announce)
            broken = done.violations()
            if not broken:
                write_at(place, done.contents(announce), replaces, publishing)
        wrong = _wrong(broken, done, target, announce)
        if isinstance(ledger, FolderLedger) and (wrong or not manner.keep):
            ledger.discard()
        if wrong:
            raise wrong
    return target


def _wrong(broken: list[Violation], done: "Ran", target: Path, announce: Announce) -> RunError | None:
    """Keep the figures of a run that contradicts itself aside, and give what tells of it; None for a sound one."""
    if not broken:
        return None
    return failure(broken, kept_aside(target), lambda path: write_result(path, done.contents(announce), True))


def _ledger(task: Task, place: Place, manner: Manner, there: int, announce: Announce) -> Ledger:
    """Give the ledger of a run whose result is there with so many paths, if all is sound that its start can tell."""
    with task.loaded.places.filled_in():
        ledger = ledger_for(task, place, manner.keep)
    place.check_space(task.size)
    check_resumed(ledger, place, there > 0 or manner.resume or task.settings.resume == "auto")
    if begun := _begun(there if there < task.job.paths else 0, ledger):
        announce(begun)
    return ledger


def _check_unchanged(place: Place, task: Task, there: int) -> None:
    """Refuse to extend a result that another has taken the place of meanwhile."""
    if paths_of_result(place.target, task) != there:
        rule = "was replaced while it was being extended"
        raise InputError(Problem(str(place.target), "", rule, "", "run the command again"))


def run_in_memory(
    loaded: Loaded, settings: Run, progress: Progress = lambda _: None, announce: Announce = lambda _: None
) -> bytes:
    """Run a study and give the bytes of its result file; see `run_study`.

    Parameters
    ----------
    loaded, settings, progress, announce
        As of `run_study`.

    Raises
    ------
    RunError
        The sums of the run contradict each other.
    """
    task = planned(loaded, settings, announce)
    with loaded.places.filled_in():
        ledger = ledger_for(task, None)
    done = ran(task, ledger, progress, announce)
    if broken := done.violations():
        raise failure(broken)
    return result_bytes(done.contents(announce))


def ran(
    task: Task,
    ledger: Ledger,
    progress: Progress = lambda _: None,
    announce: Announce = lambda _: None,
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
    """
    make_ready(ledger.job.plan, announce)
    with task.loaded.places.filled_in():
        check_memory(task, isinstance(ledger, FolderLedger), workspace_of(ledger.job))
    if len(ledger.missing()) > 1:
        announce(_estimate(task, ledger))
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
        return violations(job.plan, job.labels, self.ledger.sums(), self.ledger.column)

    def contents(self, announce: Announce) -> Contents:
        """Summarise it.

        Parameters
        ----------
        announce
            Told of each stage.
        """
        announce("summarising")
        ledger, job, sums = self.ledger, self.ledger.job, self.ledger.sums()
        output, workers = self.task.loaded.study.output, self.task.workers
        quantiles, levels = output.quantiles, output.risk_levels
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
        )


def _estimate(task: Task, ledger: Ledger) -> str:
    """What the run takes, in words; the time from a tenth of a second of the kernel, unless others compute."""
    job = ledger.job
    paths = sum(len(job.paths_of(k)) for k in ledger.missing())
    need = need_of(job, task.workers, workspace_of(job), task.helpers)
    on_disk = isinstance(ledger, FolderLedger)
    memory = mib(need.from_disk if on_disk else need.in_memory)
    disk = f", {mib(need.disk):,} MiB of disk" if on_disk else ""
    lasting = f"about {_duration(task, paths)}, " if task.here else ""
    return f"{paths:,} paths take {lasting}{memory:,} MiB of memory{disk}"


def _duration(task: Task, paths: int) -> datetime.timedelta:
    """How long this machine takes for so many paths."""
    at_once = min(task.helpers or task.workers, processors())
    return datetime.timedelta(seconds=math.ceil(seconds_per_path(task.job) * paths / at_once))


def _begun(extended: int, ledger: Ledger) -> str:
    """What is done already, in words; an empty text where nothing is."""
    shards, missing = len(ledger.job.shards), len(ledger.missing())
    if extended and missing == shards:
        anew = "all are computed anew, since shards were not kept (--keep)"
        return f"extending {extended:,} paths to {ledger.job.paths:,}: {anew}"
    return f"going on with {shards - missing} of {shards} shards" if missing < shards else ""
