"""Runs that go on until measures are known well enough, and how many paths that will take."""

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from math import isfinite
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from spvrisk.catalogue import phrase
from spvrisk.config import Loaded
from spvrisk.config.study.run import Run
from spvrisk.dataset.place import run_folder
from spvrisk.errors import InputError, Problem
from spvrisk.experiments.kept import Manner, earlier_result
from spvrisk.experiments.run import run_study
from spvrisk.experiments.task import job_of, planned, series_executor, threads_of
from spvrisk.measures.named import Measure, measure_of, number_of
from spvrisk.measures.sample import Sample
from spvrisk.plan.arrays import Floats
from spvrisk.plan.names import Labels
from spvrisk.plan.shared import LEAF
from spvrisk.runner.execute import (
    Announce,
    Progress,
    SeriesExecutor,
    make_ready,
    series_in_threads,
    series_of_many,
)
from spvrisk.runner.folder import FolderLedger, discard, has_shards
from spvrisk.runner.job import Job
from spvrisk.runner.on import THREADS
from spvrisk.runner.shard import processors, seconds_per_path

FIRST_PATHS = 65_536
"""Of the first look, where the study asks for fewer."""

PILOT_PATHS = 16_384
"""From which is said how many paths a precision will take."""

_SPARE = 1.02
"""What a prediction is taken times, so that it need not be made again for want of little."""


class Target(NamedTuple):
    """How well a measure is to be known.

    Attributes
    ----------
    measure
        Which.
    size
        Half of its 95 % interval.
    relative
        Whether as a share of its value.
    """

    measure: Measure
    size: float
    relative: bool

    def wanted(self, value: float) -> float:
        """Half of the interval that is wanted, in the measure's unit.

        Parameters
        ----------
        value
            Of the measure.
        """
        return self.size * abs(value) if self.relative else self.size


class Known(NamedTuple):
    """How well a measure is known: its value, and half of its 95 % interval, both in its unit."""

    value: float
    half: float


class Look(NamedTuple):
    """What is known after some paths.

    Attributes
    ----------
    paths
        Their number.
    known
        Of each target.
    needed
        Paths that all targets are thought to need; infinite where that cannot be told.
    """

    paths: int
    known: tuple[Known, ...]
    needed: float


class Precise(NamedTuple):
    """A run that was to be so precise.

    Attributes
    ----------
    targets, looks
        What was wanted, and what was seen, look by look.
    reached
        Whether all of it is.
    """

    targets: tuple[Target, ...]
    looks: tuple[Look, ...]
    reached: bool

    def __repr__(self) -> str:
        verdict = "reached" if self.reached else "not reached"
        return f"<Precise: {verdict} with {self.looks[-1].paths:,} paths>"


def targets_of(texts: Sequence[str], labels: Labels, place: str) -> tuple[Target, ...]:
    """Read targets.

    Parameters
    ----------
    texts
        ``measure=1%`` or ``measure=50``.
    labels
        Of the study.
    place
        Where they were written, for messages.

    Raises
    ------
    InputError
        One cannot be read.
    """
    found = []
    for text in texts:
        name, equals, size = text.rpartition("=")
        relative = size.strip().endswith("%")
        number = number_of(size.strip().removesuffix("%")) * (0.01 if relative else 1.0)
        if not (equals and isfinite(number) and number > 0.0):
            rule, remedy = "must be a measure and half of its 95 % interval", 'write e.g. "npv_funder:es@0.99=1%"'
            raise InputError(Problem(place, "", rule, text, remedy))
        found.append(Target(measure_of(name, labels, place), number, relative))
    return tuple(found)


def needed(
    loaded: Loaded, settings: Run, targets: Sequence[Target], announce: Announce = lambda _: None
) -> tuple[Look, float]:
    """Foresee from a pilot how many paths targets need, and how many seconds that takes here.

    Parameters
    ----------
    loaded, settings
        The study, and size of its run.
    targets
        As from `targets_of`.
    announce
        Told of stages.
    """
    job = replace(job_of(loaded.study, settings), paths=PILOT_PATHS, leaves_per_shard=1, inputs=())
    make_ready(job.plan, announce)
    workers, series = threads_of(THREADS, settings.workers), _series(targets)
    ((_, values),) = series_of_many([(job, _numbers(series, job))], series_in_threads(workers))
    look = _look(PILOT_PATHS, targets, dict(zip(series, values, strict=True)))
    return look, look.needed * seconds_per_path(job) / min(workers, processors())


def run_until(
    loaded: Loaded,
    out: Path,
    settings: Run,
    targets: Sequence[Target],
    most: int,
    manner: Manner,
    progress: Progress = lambda _: None,
    announce: Announce = lambda _: None,
) -> Precise:
    """Run a study until its measures are known well enough, or for as many paths as it may have.

    The run is extended from look to look, its shards kept on the way, so that its result is that of a run of as many
    paths from the start. A result that is there already, and is gone on with, is the first look.

    Parameters
    ----------
    loaded, out, manner, announce
        As of `spvrisk.experiments.run.run_study`.
    progress
        Told of paths done; where a look begins, of so many less as the one before had told of.
    settings
        Its paths are those of the first look.
    targets
        As from `targets_of`.
    most
        Paths that the run may have.

    Raises
    ------
    InputError, RunError, KeyboardInterrupt
        As `run_study` does.
    """
    task, keep, looks = planned(loaded, settings, announce, manner.on), manner.keep, list[Look]()
    job, shard = task.job, task.job.leaves_per_shard * LEAF
    there = earlier_result(out, task) if manner.resume else None
    paths = max(min(_whole(max(settings.paths, FIRST_PATHS), shard), most), there.paths if there else 0)
    executor, tally = series_executor(manner.on, task.workers, announce), _Tally(progress)
    while True:
        asked = settings.model_copy(update={"paths": paths})
        run_study(loaded, out, asked, manner._replace(keep=True), tally.advance, announce)
        looks.append(_looked(out, replace(job, paths=paths), targets, executor, tally.advance, announce))
        if _reached(looks[-1], targets) or paths >= most:
            break
        paths = min(_whole(max(_SPARE * min(looks[-1].needed, most), paths + shard), shard), most)
        announce(phrase("{:path} do not suffice: going on to {:,}", looks[-1].paths, paths))
        manner = manner._replace(overwrite=False, resume=False)
        tally.take_back()
    if not keep:
        folder = run_folder(out)
        discard(folder)
        with suppress(OSError):  # what is not ours stays
            folder.rmdir()
    return Precise(tuple(targets), tuple(looks), _reached(looks[-1], targets))


def _whole(paths: float, shard: int) -> int:
    """Paths of whole shards: a last one that is short would be computed again."""
    return math.ceil(paths / shard) * shard


class _Tally:
    """Paths that a look has told of: the next one tells of all of its own again."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self._told, self._lock = progress, 0, Lock()

    def advance(self, paths: int) -> None:
        """Tell of paths; called from any thread."""
        with self._lock:
            self._told += paths
        self._progress(paths)

    def take_back(self) -> None:
        """Begin again."""
        self._progress(-self._told)
        self._told = 0


def _looked(
    out: Path, job: Job, targets: Sequence[Target], executor: SeriesExecutor, progress: Progress, announce: Announce
) -> Look:
    """What a run tells of the targets: by the shards that it has kept, or by their series, computed once more.

    A finished result that is there already has left no shards.
    """
    series = _series(targets)
    numbers = _numbers(series, job)
    ledger = FolderLedger(run_folder(out), job) if has_shards(run_folder(out)) else None
    if ledger is not None and not ledger.missing():
        values = [ledger.column(s) for s in numbers]
    else:
        make_ready(job.plan, announce)
        announce("running")
        ((_, computed),) = series_of_many([(replace(job, leaves_per_shard=1, inputs=()), numbers)], executor, progress)
        values = list(computed)
    return _look(job.paths, targets, dict(zip(series, values, strict=True)))


def _series(targets: Sequence[Target]) -> list[tuple[str, str]]:
    """Series whose values targets need, each once."""
    return list(dict.fromkeys(series for target in targets for series in target.measure.needs))


def _numbers(series: Sequence[tuple[str, str]], job: Job) -> list[int]:
    return [job.labels.series.index(each) for each in series]


def _look(paths: int, targets: Sequence[Target], values: Mapping[tuple[str, str], Floats]) -> Look:
    """How well targets are known from values of their series, and how many paths they need."""
    known, wanted = [], 0.0
    for target in targets:
        figure = target.measure.figure(*(Sample(values[series]) for series in target.measure.needs))
        known.append(Known(figure.value, figure.half))
        size = target.wanted(figure.value)
        ratio = known[-1].half / size if size > 0.0 else math.inf
        wanted = max(wanted, paths * ratio * ratio if isfinite(ratio) else math.inf)
    return Look(paths, tuple(known), wanted)


def _reached(look: Look, targets: Sequence[Target]) -> bool:
    return all(known.half <= target.wanted(known.value) for known, target in zip(look.known, targets, strict=True))
