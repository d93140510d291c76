"""What is to be run: a loaded study, compiled and checked, before any path is drawn."""

import datetime
import sys
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from spvrisk.catalogue import phrase
from spvrisk.config import Loaded, Study, changed_run, digest_of
from spvrisk.config.study.run import Run
from spvrisk.dataset.kept import check_paths, default_paths, inputs_among
from spvrisk.dataset.layout import check_names
from spvrisk.dataset.write import Provenance, result_size
from spvrisk.plan.compile import compile_study
from spvrisk.runner.cluster import in_cluster, series_in_cluster
from spvrisk.runner.crew import Machine
from spvrisk.runner.execute import Announce, Executor, SeriesExecutor, in_threads, series_in_threads
from spvrisk.runner.job import Job, study_text
from spvrisk.runner.on import LOCAL, THREADS, Cluster, On, Processes, Threads
from spvrisk.runner.processes import in_processes, series_in_processes
from spvrisk.runner.proof import prepare
from spvrisk.runner.shard import processors


def settings_of(loaded: Loaded, paths: int | None, seed: int | None) -> Run:
    """The study's run settings, changed where an argument is given.

    Parameters
    ----------
    loaded
        The study.
    paths, seed
        In place of the study's own; None leaves those.

    Raises
    ------
    InputError
        An argument is not what the study could say under ``run``.
    """
    given = {"paths": paths, "seed": seed}
    return changed_run(loaded.study.run, {key: value for key, value in given.items() if value is not None})


def job_of(study: Study, settings: Run) -> Job:
    """Compile a study to a job of these settings."""
    compiled = compile_study(study)
    labels = compiled.labels
    return Job(
        compiled.plan,
        labels,
        study_text(study),
        settings.seed,
        settings.paths,
        settings.leaves_per_shard,
        inputs=inputs_among(study.output.paths or default_paths(labels)),
    )


OUTER_RUN = "outer run"
"""With what the words begin that name one."""


def outer_word(job_id: str, paths: int) -> str:
    """Name an outer run among what a result keeps.

    Parameters
    ----------
    job_id, paths
        Of its job.
    """
    return phrase("outer run {} of {:,} paths", job_id[:16], paths)


class Besides(NamedTuple):
    """What a result holds besides what comes of the paths of its run.

    Attributes
    ----------
    keeps
        Each thing in a few words.
    size
        Bytes that it takes.
    """

    keeps: frozenset[str] = frozenset()
    size: int = 0


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
    on
        What computes the shards.
    started, clock
        When it began: with time zone, and on the clock that durations are taken by.
    besides
        What else its result holds.
    """

    loaded: Loaded
    settings: Run
    job: Job
    path_names: tuple[str, ...]
    workers: int
    on: On
    started: datetime.datetime
    clock: float
    besides: Besides = Besides()

    @property
    def size(self) -> int:
        """Bytes that its result takes."""
        own = result_size(self.job.labels, self.job.paths, self.path_names, self.job.plan)
        return own + self.besides.size

    @property
    def here(self) -> bool:
        """Whether this machine computes its shards."""
        return not isinstance(self.on, Cluster) or self.on.address == LOCAL

    @property
    def helpers(self) -> int:
        """Processes of this machine that compute its shards, besides this one."""
        return helpers_of(self.on, self.workers)

    def executor(self, announce: Announce, tell: Callable[[Sequence[Machine]], None]) -> Executor:
        """What computes its shards.

        Parameters
        ----------
        announce
            Told of stages.
        tell
            Told who has computed them, where that was a cluster.
        """
        match self.on:
            case Cluster(address):
                return in_cluster(address, self.helpers, tell, announce)
            case Processes():
                return in_processes(self.helpers)
            case Threads():
                return in_threads(self.workers)

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
            workers=sum(machine.threads for machine in machines) or self.helpers or self.workers,
            command_line=sys.argv,
            target=proof.target.name,
            features=proof.target.features,
            self_test=proof.stamp.outcome,
            machines=[machine._asdict() for machine in machines],
        )


def threads_of(on: On, asked: int | None = None) -> int:
    """How many threads of this process compute, or measure what others have computed.

    Parameters
    ----------
    on
        What computes.
    asked
        Threads that the study asks for; None: one for each processor.
    """
    return on.threads or asked or processors()


def helpers_of(on: On, threads: int) -> int:
    """How many processes of this machine compute, besides this one.

    Parameters
    ----------
    on
        What computes.
    threads
        Of this process.
    """
    match on:
        case Processes(processes):
            return processes or processors()
        case Cluster(address, workers) if address == LOCAL:
            return workers or threads
    return 0


def series_executor(on: On, threads: int, announce: Announce = lambda _: None) -> SeriesExecutor:
    """What computes series of many jobs.

    Parameters
    ----------
    on, threads
        As of `helpers_of`.
    announce
        Told of stages.
    """
    match on:
        case Cluster(address):
            return series_in_cluster(address, helpers_of(on, threads), announce)
        case Processes():
            return series_in_processes(helpers_of(on, threads))
        case Threads():
            return series_in_threads(threads)


def planned(
    loaded: Loaded,
    settings: Run,
    announce: Announce = lambda _: None,
    on: On = THREADS,
) -> Task:
    """Compile a study and check what only planning sees.

    Parameters
    ----------
    loaded, settings
        The study, and size and budgets of the run.
    announce
        Told of the stage.
    on
        As of `Task`.

    Raises
    ------
    InputError
        With the place in the study.
    """
    started, clock = datetime.datetime.now(datetime.UTC), time.perf_counter()
    announce("planning")
    with loaded.places.filled_in():
        job = job_of(loaded.study, settings)
        names = loaded.study.output.paths or default_paths(job.labels)
        check_paths(names, job.labels)
        check_names(job.labels)
    return Task(loaded, settings, job, tuple(names), threads_of(on, settings.workers), on, started, clock)
