"""From a loaded study to a result: the whole story in a page."""

import datetime
import os
import sys
import time
from pathlib import Path
from typing import NamedTuple

from spvrisk.aggregate.invariants import Violation, violations
from spvrisk.config import Loaded, Study, changed_run, digest_of
from spvrisk.config.study.run import Run
from spvrisk.dataset.layout import check_names, check_paths, default_paths
from spvrisk.dataset.write import Contents, Provenance, check_output, result_image, write_result
from spvrisk.experiments.failed import failure, kept_aside
from spvrisk.experiments.memory import in_memory
from spvrisk.measures.conditional import summary_and_conditional
from spvrisk.measures.table import timeline
from spvrisk.plan.compile import compile_study
from spvrisk.runner.execute import Announce, Progress, execute
from spvrisk.runner.job import Job, study_sha256
from spvrisk.runner.ledger import MemoryLedger
from spvrisk.runner.proof import prepare
from spvrisk.runner.shard import processors


def settings_of(loaded: Loaded, paths: int | None, seed: int | None, workers: int | None) -> Run:
    """The study's run settings, changed where an argument is given.

    Parameters
    ----------
    loaded
        The study.
    paths, seed, workers
        In place of the study's own; None leaves those.

    Raises
    ------
    InputError
        An argument is not what the study could say under ``run``.
    """
    given = {"paths": paths, "seed": seed, "workers": workers}
    return changed_run(loaded.study.run, {key: value for key, value in given.items() if value is not None})


def job_of(study: Study, settings: Run) -> Job:
    """Compile a study to a job of these settings."""
    plan, labels, _ = compile_study(study)
    return Job(plan, labels, study_sha256(study), settings.seed, settings.paths, settings.leaves_per_shard)


def run_study(
    loaded: Loaded,
    out: str | os.PathLike[str],
    settings: Run,
    overwrite: bool = False,
    progress: Progress | None = None,
    announce: Announce = lambda _: None,
) -> Path:
    """Run a study and write its result.

    Parameters
    ----------
    loaded
        The study, as `spvrisk.config.load` gives it.
    out
        The result file.
    settings
        Size of the run; see `settings_of`.
    overwrite
        Whether an existing result is replaced; a file that the study is read from never is.
    progress
        Told of paths done.
    announce
        Told of each stage.

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
    """
    target = check_output(out, overwrite, reads=loaded.files)
    done = ran(loaded, settings, progress, announce)
    if broken := done.violations():
        raise failure(broken, kept_aside(target), lambda path: write_result(path, done.contents(announce), True))
    write_result(target, done.contents(announce), overwrite)
    return target


def run_in_memory(
    loaded: Loaded, settings: Run, progress: Progress | None = None, announce: Announce = lambda _: None
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
    done = ran(loaded, settings, progress, announce)
    if broken := done.violations():
        raise failure(broken)
    image, _ = result_image(done.contents(announce))
    return image


def ran(loaded: Loaded, settings: Run, progress: Progress | None, announce: Announce) -> "Ran":
    """Plan a study and compute all its shards.

    Parameters
    ----------
    loaded, settings, progress, announce
        As of `run_study`.
    """
    started, clock = datetime.datetime.now(datetime.UTC), time.perf_counter()
    announce("planning")
    workers = settings.workers or processors()
    with loaded.places.filled_in():
        job = job_of(loaded.study, settings)
        names = loaded.study.output.paths or default_paths(job.labels)
        check_paths(names, job.labels)
        check_names(job.labels)
        ledger = in_memory(job, workers, settings.memory_mib)
    execute(ledger, workers, progress or (lambda _: None), announce)
    return Ran(loaded, ledger, tuple(names), workers, started, clock)


class Ran(NamedTuple):
    """A run whose shards are all there.

    Attributes
    ----------
    loaded, ledger
        The study, and all its paths.
    path_names
        Path quantities to keep.
    workers
        Threads.
    started, clock
        When the run began: with time zone, and on the clock that durations are taken by.
    """

    loaded: Loaded
    ledger: MemoryLedger
    path_names: tuple[str, ...]
    workers: int
    started: datetime.datetime
    clock: float

    def violations(self) -> list[Violation]:
        """What its sums break of what must hold."""
        job = self.ledger.job
        return violations(job.plan, job.labels, self.ledger.sums(), self.ledger.values)

    def contents(self, announce: Announce) -> Contents:
        """Summarise it.

        Parameters
        ----------
        announce
            Told of each stage.
        """
        announce("summarising")
        ledger, labels, sums = self.ledger, self.ledger.job.labels, self.ledger.sums()
        quantiles, levels = self.loaded.study.output.quantiles, self.loaded.study.output.risk_levels
        table, given = summary_and_conditional(sums, ledger.column, labels, quantiles, levels, self.workers)
        steps = timeline(sums, ledger.fans(), labels, quantiles)
        announce("writing")
        seed, origin = ledger.job.seed, self._provenance()
        return Contents(labels, table, given, steps, ledger.values, self.path_names, seed, origin)

    def _provenance(self) -> Provenance:
        """How it came about: its study has the paths and the seed that were run."""
        proof, job, loaded = prepare(), self.ledger.job, self.loaded
        run = loaded.study.run.model_copy(update={"paths": job.paths, "seed": job.seed})
        ran = loaded.study.model_copy(update={"run": run})
        return Provenance(
            config_json=ran.model_dump_json(by_alias=True),
            config_sha256=digest_of(ran),
            plan=job.plan,
            sources=loaded.texts,
            overrides=loaded.overrides,
            started=self.started,
            duration_seconds=time.perf_counter() - self.clock,
            workers=self.workers,
            command_line=sys.argv,
            target=proof.target.name,
            features=proof.target.features,
            self_test=proof.stamp.outcome,
        )
