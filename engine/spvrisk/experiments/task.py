"""What is to be run: a loaded study, compiled and checked, before any path is drawn."""

import datetime
import sys
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from spvrisk.config import Loaded, Study, changed_run, digest_of
from spvrisk.config.study.run import Run
from spvrisk.dataset.kept import check_paths, default_paths, inputs_among
from spvrisk.dataset.layout import check_names
from spvrisk.dataset.write import Provenance, result_size
from spvrisk.plan.compile import compile_study
from spvrisk.runner.cluster import LOCAL, check_installed, in_cluster, series_in_cluster
from spvrisk.runner.crew import Machine
from spvrisk.runner.execute import Announce, Executor, SeriesExecutor, in_threads, series_in_threads
from spvrisk.runner.job import Job, study_text
from spvrisk.runner.processes import in_processes, series_in_processes
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
    return Job(
        plan,
        labels,
        study_text(study),
        settings.seed,
        settings.paths,
        settings.leaves_per_shard,
        inputs=inputs_among(study.output.paths or default_paths(labels)),
    )


class Task(NamedTuple):
    """A study that is to be run.

    Attributes
    ----------
    loaded
        The study.
    settings
        Size and budgets of the run.
    job
        What is computed.
    path_names
        Path quantities to keep.
    workers
        Threads, also of the statistics.
    processes
        Processes that compute shards in place of threads; None: threads.
    cluster
        Cluster whose workers compute them; see `spvrisk.runner.cluster.in_cluster`. None: this machine.
    started, clock
        When it began: with time zone, and on the clock that durations are taken by.
    """

    loaded: Loaded
    settings: Run
    job: Job
    path_names: tuple[str, ...]
    workers: int
    processes: int | None
    cluster: str | None
    started: datetime.datetime
    clock: float

    @property
    def size(self) -> int:
        """Bytes that its result takes."""
        return result_size(self.job.labels, self.job.paths, self.path_names, self.job.plan)

    @property
    def here(self) -> bool:
        """Whether this machine computes its shards."""
        return self.cluster in (None, LOCAL)

    @property
    def helpers(self) -> int:
        """Processes of this machine that compute its shards, besides this one."""
        return self.workers if self.cluster == LOCAL else self.processes or 0

    def executor(self, announce: Announce, tell: Callable[[Sequence[Machine]], None]) -> Executor:
        """Who computes its shards.

        Parameters
        ----------
        announce
            Told of stages.
        tell
            Told who has computed them, where that was a cluster.
        """
        if self.cluster is not None:
            return in_cluster(self.cluster, self.workers, tell, announce)
        return in_threads(self.workers) if self.processes is None else in_processes(self.processes)

    def provenance(self, machines: Sequence[Machine] = ()) -> Provenance:
        """How the result comes about: its study has the paths and the seed of the run.

        Parameters
        ----------
        machines
            Workers of a cluster that computed its shards.
        """
        proof, job, loaded = prepare(), self.job, self.loaded
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
            workers=sum(machine.threads for machine in machines) or self.processes or self.workers,
            command_line=sys.argv,
            target=proof.target.name,
            features=proof.target.features,
            self_test=proof.stamp.outcome,
            machines=[machine._asdict() for machine in machines],
        )


def series_executor(workers: int, processes: int | None, cluster: str | None, announce: Announce) -> SeriesExecutor:
    """Who computes series of many jobs.

    Parameters
    ----------
    workers, processes, cluster
        As of `Task`.
    announce
        Told of stages.
    """
    if cluster is not None:
        return series_in_cluster(cluster, workers, announce)
    return series_in_threads(workers) if processes is None else series_in_processes(processes)


def planned(
    loaded: Loaded,
    settings: Run,
    announce: Announce = lambda _: None,
    processes: int | None = None,
    cluster: str | None = None,
) -> Task:
    """Compile a study and check what only planning sees.

    Parameters
    ----------
    loaded, settings
        The study, and size and budgets of the run.
    announce
        Told of the stage.
    processes, cluster
        As of `Task`.

    Raises
    ------
    InputError
        With the place in the study; or what a cluster needs is not installed.
    """
    if cluster is not None:
        check_installed()
    started, clock = datetime.datetime.now(datetime.UTC), time.perf_counter()
    announce("planning")
    with loaded.places.filled_in():
        job = job_of(loaded.study, settings)
        names = loaded.study.output.paths or default_paths(job.labels)
        check_paths(names, job.labels)
        check_names(job.labels)
    workers = settings.workers or processors()
    return Task(loaded, settings, job, tuple(names), workers, processes, cluster, started, clock)
