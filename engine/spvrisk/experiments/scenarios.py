"""Scenarios in one table: measures of each, with their paired differences to the base."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from spvrisk.catalogue import joined, phrase
from spvrisk.config.scenarios import Scenario
from spvrisk.dataset.place import claimed
from spvrisk.dataset.scenarios import (
    MEASURE,
    SCENARIO,
    SCENARIOS,
    TITLES,
    Combined,
    Origin,
    held,
    is_scenarios,
    labelled,
    variables_of,
    write,
)
from spvrisk.dataset.variables import UNITS
from spvrisk.dataset.write import check_output
from spvrisk.errors import InputError, Problem, RunError, argument
from spvrisk.experiments.kept import Manner, machine_failures_told, noted
from spvrisk.experiments.planned import Planned
from spvrisk.experiments.task import series_executor, threads_of
from spvrisk.experiments.variants import END, HIGH, INPUT, LOW
from spvrisk.measures.compare import Difference, difference
from spvrisk.measures.named import Measure
from spvrisk.measures.sample import Figure, Sample
from spvrisk.measures.tail_size import TailSize
from spvrisk.plan.arrays import Floats
from spvrisk.plan.names import Labels
from spvrisk.runner.execute import Announce, Progress, make_ready, series_of_each
from spvrisk.runner.job import Job
from spvrisk.runner.kept_series import KeptSeries
from spvrisk.runner.on import THREADS, On

if TYPE_CHECKING:
    import xarray

_ANEW = Manner()

_UNDEFINED = Difference(nan, nan, nan, (nan, nan))

_Values = Mapping[tuple[str, str], Floats]
_Figures = list[Figure | None]


class Outcome(NamedTuple):
    """What came of a scenario.

    Attributes
    ----------
    scenario
        Which.
    overrides
        Its changes of the base, as the study takes them.
    job_id
        What was run.
    values, errors
        Of each measure, and its standard error; NaN where it is undefined, or where the scenario has no such series.
    changes
        Of each measure against the base, paired path by path; None of the base itself.
    failed
        Why there are no figures; empty where there are.
    tails
        Of each measure what it rests on if it is an expected shortfall, else None; empty where there are no figures.
    """

    scenario: Scenario
    overrides: tuple[str, ...]
    job_id: str
    values: tuple[float, ...]
    errors: tuple[float, ...]
    changes: tuple[Difference, ...] | None
    failed: str = ""
    tails: tuple[TailSize | None, ...] = ()

    def compared(self) -> tuple[Difference, ...]:
        """Changes of each measure, those of the base too: it differs in nothing from itself, if it has figures."""
        own = Difference(0.0, 0.0, 0.0, (0.0, 0.0)) if not self.failed else _UNDEFINED
        return (own,) * len(self.values) if self.changes is None else self.changes


class Scenarios(NamedTuple):
    """Scenarios beside their base.

    Attributes
    ----------
    labels
        Of the base.
    measures
        What was measured.
    outcomes
        The base, then the scenarios in the order of their file.
    paths, seed
        Of each run.
    origin
        What they were made of.
    swings
        Of a tornado, by input: of each measure what its high end is more than its low end, paired path by path.
    """

    labels: Labels
    measures: tuple[Measure, ...]
    outcomes: tuple[Outcome, ...]
    paths: int
    seed: int
    origin: Origin
    swings: Mapping[str, tuple[Difference, ...]]

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """Those that have no figures."""
        return tuple(outcome for outcome in self.outcomes if outcome.failed)

    def check_none_failed(self) -> None:
        """Tell of those that have no figures.

        Raises
        ------
        RunError
            There is one.
        """
        if self.failed:
            raise RunError(
                joined((phrase("{} failed: {}", each.scenario.name, each.failed) for each in self.failed), "{}\n{}")
            )

    def combined(self) -> Combined:
        """Give them as variables along ``scenario`` and ``measure``: what `to_xarray` and the file have."""
        outcomes, changes = self.outcomes, [outcome.compared() for outcome in self.outcomes]
        values: dict[str, list[Any]] = {
            SCENARIO: [outcome.scenario.name for outcome in outcomes],
            "title": [outcome.scenario.title.get("en", "") for outcome in outcomes],
            TITLES: [_json(dict(outcome.scenario.title)) for outcome in outcomes],
            "job_id": [outcome.job_id for outcome in outcomes],
            "overrides": [_json(outcome.overrides) for outcome in outcomes],
            "overlays": [_json([name.value for name in outcome.scenario.overlays]) for outcome in outcomes],
            "axes": [_json(dict(outcome.scenario.axes)) for outcome in outcomes],
            "failed": [outcome.failed for outcome in outcomes],
            MEASURE: [measure.text for measure in self.measures],
            "unit": [self._unit(measure) for measure in self.measures],
            "value": [outcome.values for outcome in outcomes],
            "error": [outcome.errors for outcome in outcomes],
            "change": [[change.value for change in row] for row in changes],
            "change_error": [[change.error for change in row] for row in changes],
            "change_unpaired_error": [[change.unpaired_error for change in row] for row in changes],
        }
        return Combined(variables_of(values), self.labels, self.paths, self.seed, self.origin)

    def to_xarray(self) -> "xarray.Dataset":
        """Give them as a dataset, with float64 ``value``, ``error``, ``change``, ... along ``(scenario, measure)``."""
        return labelled(self.combined())

    def _unit(self, measure: Measure) -> str:
        """What a measure is in: of money its currency."""
        if measure.kind == "money":
            local = measure.series[1].endswith("_local")
            return self.labels.local_currency if local else self.labels.currency
        return UNITS[measure.kind]

    @property
    def tails(self) -> list[tuple[str, TailSize]]:
        """What expected shortfalls rest on, with the name of the scenario."""
        return [(outcome.scenario.name, tail) for outcome in self.outcomes for tail in outcome.tails if tail]

    def __repr__(self) -> str:
        return f"<Scenarios: {len(self.outcomes) - 1} beside their base, {self.paths:,} paths>"


def run_scenarios(
    planned: Planned,
    on: On = THREADS,
    progress: Progress = lambda _: None,
    announce: Announce = lambda _: None,
) -> Scenarios:
    """Run scenarios on the same draws. One that fails does not stop the others.

    Parameters
    ----------
    planned
        As from `planned_scenarios`.
    on
        What computes.
    progress, announce
        Told of paths done, and of stages.

    Raises
    ------
    RunError
        No machine code of the kernel is right, or none of the workers.
    """
    try:
        return _measured(planned, _Source(planned, on, None), progress, announce)
    except KeyboardInterrupt as error:
        error.add_note("Nothing of it is kept; where a dataset is named (--out), each scenario that is done is.")
        raise


def keep_scenarios(
    planned: Planned,
    out: Path,
    manner: Manner = _ANEW,
    progress: Progress = lambda _: None,
    announce: Announce = lambda _: None,
) -> Scenarios:
    """Run scenarios as `run_scenarios` does, and write them as a dataset; what is there already is not computed again.

    The series that the measures need are kept in ``<out>.run``, a file a scenario, as soon as it is done, and stay
    there: whatever ends this, the next call goes on, and one with further scenarios computes these alone.

    Parameters
    ----------
    planned, progress, announce
        As of `run_scenarios`.
    out
        File to appear, or to be replaced where it loses nothing.
    manner
        What computes, and whether the file is replaced in any case.

    Raises
    ------
    InputError
        The file cannot be used, or another run holds it; nothing was run.
    RunError
        As of `run_scenarios`; or writing failed.
    KeyboardInterrupt
        It was interrupted; its notes say what is kept.
    """
    _check_out(out, planned, manner)
    others: list[Exception] = []
    progress, announce = noted(progress, others), noted(announce, others)
    with claimed(out) as place, machine_failures_told(place, others):
        _check_out(out, planned, manner)  # another run may just have ended
        source = _Source(planned, manner.on, KeptSeries(place.folder))
        try:
            found = _measured(planned, source, progress, announce)
        except (KeyboardInterrupt, RunError) as error:
            error.add_note(phrase("{} in {}: the same command goes on with them.", source.told(), place.folder))
            raise
        announce("writing")
        write(place, found.combined(), _check_out(out, planned, manner))
        source.keep_only()
    return found


def _check_out(out: Path, planned: Planned, manner: Manner) -> bool:
    """Refuse a file that the dataset cannot be written to; tell whether it may take the place of one."""
    replaces = manner.overwrite or _loses_nothing(out, planned)
    check_output(out, replaces, SCENARIOS, planned.files)
    return replaces


def _loses_nothing(out: Path, planned: Planned) -> bool:
    """Whether there is a dataset all of which will be in the one that takes its place.

    Raises
    ------
    InputError
        With what would be lost.
    """
    if not is_scenarios(out):
        return False
    there, base = held(out), planned.variants[0].job
    lost = sorted(set(there.measures) - {measure.text for measure in planned.measures})
    if (there.paths, there.seed) != (base.paths, base.seed):
        lost = [phrase("{:,} paths of seed {}", there.paths, there.seed)]
    elif there.jobs - {each.job.id for each in planned.variants}:
        lost.append(phrase("other scenarios"))
    if lost:
        rule = phrase("file exists, and holds what the new one would not: {}", joined(lost, "{}, {}"))
        raise InputError(Problem(argument("out"), "", rule, str(out), "name another file, or use --overwrite"))
    return True


class _Source:
    """Where the series of scenarios come from: what is kept, else what computes them; the same job is computed once."""

    def __init__(self, planned: Planned, on: On, kept: KeptSeries | None) -> None:
        self._on, self._threads, self._kept = on, threads_of(on, planned.workers), kept
        self._jobs = {each.job.id: each.job for each in planned.variants}
        self._names = planned.series
        self._there = [job for job in self._jobs.values() if self._of_kept(job) is not None]

    def series(self, progress: Progress, announce: Announce) -> Iterator[tuple[str, _Values | RunError]]:
        """Give series by `Job.id`, as they come: the base's as early as it can be, since it is needed by all."""
        base, missing = next(iter(self._jobs.values())), [job for job in self._jobs.values() if job not in self._there]
        if self._there:
            announce(phrase("{:d} of {:scenario} are there already", len(self._there), len(self._jobs)))
            progress(sum(job.paths for job in self._there))
        if base in self._there:
            yield base.id, self._read(base)
        if missing:
            yield from self._computed(missing, progress, announce)
        for job in self._there:
            if job is not base:
                yield job.id, self._read(job)

    def told(self) -> str:
        """How many scenarios are kept, in words."""
        kept = sum(self._of_kept(job) is not None for job in self._jobs.values())
        return phrase("{} of {} scenarios are kept", kept, len(self._jobs))

    def keep_only(self) -> None:
        """Remove what is kept of other scenarios."""
        if self._kept is not None:
            self._kept.keep_only(self._jobs.values())

    def _computed(
        self, missing: list[Job], progress: Progress, announce: Announce
    ) -> Iterator[tuple[str, _Values | RunError]]:
        wanted = [(job, self._numbers(job)) for job in missing]
        make_ready(missing[0].plan, announce)
        announce("running")
        executor = series_executor(self._on, self._threads, announce)
        for i, found in series_of_each(wanted, executor, progress):
            job, numbers = wanted[i]
            if not isinstance(found, RunError) and self._kept is not None:
                self._kept.put(job, numbers, found)
            yield job.id, found if isinstance(found, RunError) else self._by_name(job, found)

    def _read(self, job: Job) -> _Values | RunError:
        found = self._of_kept(job)
        return (
            RunError(phrase("what was kept of it was damaged meanwhile"))
            if found is None
            else self._by_name(job, found)
        )

    def _of_kept(self, job: Job) -> Floats | None:
        return None if self._kept is None else self._kept.get(job, self._numbers(job))

    def _numbers(self, job: Job) -> list[int]:
        """Numbers of the series that a job has of those that are needed."""
        return [job.labels.series.index(name) for name in self._names if name in job.labels.series]

    def _by_name(self, job: Job, values: Floats) -> _Values:
        return dict(zip((name for name in self._names if name in job.labels.series), values, strict=True))


class _Measured(NamedTuple):
    """Figures of a job, as of an `Outcome`."""

    values: tuple[float, ...]
    errors: tuple[float, ...]
    changes: tuple[Difference, ...]
    failed: str = ""
    tails: tuple[TailSize | None, ...] = ()


def _measured(planned: Planned, source: _Source, progress: Progress, announce: Announce) -> Scenarios:
    """Measure each scenario as its series come; the first of them wait for those of the base."""
    measures, base = planned.measures, planned.variants[0].job
    figures, measured = dict[str, _Figures](), dict[str, _Measured]()
    waiting, swings = _ends(planned), dict[str, tuple[Difference, ...]]()
    for job_id, series in source.series(progress, announce):
        if isinstance(series, RunError):
            measured[job_id] = _failed(series.args[0], len(measures))
            series = {}
        figures[job_id] = _figures(measures, series)
        if base.id in figures:
            of_base = figures[base.id]
            measured |= {key: _compared(own, of_base) for key, own in figures.items() if key not in measured}
            for name, (low, high) in [(name, ends) for name, ends in waiting.items() if figures.keys() >= set(ends)]:
                swings[name] = _differences(figures[high], figures[low])
                del waiting[name]
            needed = {base.id, *chain.from_iterable(waiting.values())}
            figures = {key: own for key, own in figures.items() if key in needed}
    first, *others = (
        Outcome(each.scenario, each.overrides, each.job.id, *measured[each.job.id]) for each in planned.variants
    )
    outcomes = (first._replace(changes=None), *others)
    return Scenarios(base.labels, measures, outcomes, base.paths, base.seed, planned.origin, swings)


def _ends(planned: Planned) -> dict[str, tuple[str, str]]:
    """Jobs of the low and the high end of each input of a tornado."""
    ids = {(axes[INPUT], axes[END]): each.job.id for each in planned.variants if INPUT in (axes := each.scenario.axes)}
    return {name: (ids[name, LOW], ids[name, HIGH]) for name, end in ids if end == LOW}


def _figures(measures: Sequence[Measure], values: _Values) -> _Figures:
    """Measures of what a scenario has."""
    held = ([Sample(values[s]) for s in m.needs if s in values] for m in measures)
    return [m.figure(*of) if len(of) == len(m.needs) else None for m, of in zip(measures, held, strict=True)]


def _compared(own: _Figures, base: _Figures) -> _Measured:
    """Figures of a scenario, and what they are more than the base's."""
    return _Measured(
        tuple(nan if figure is None else figure.value for figure in own),
        tuple(nan if figure is None else figure.error for figure in own),
        _differences(own, base),
        tails=tuple(None if figure is None else figure.tail for figure in own),
    )


def _failed(why: str, measures: int) -> _Measured:
    """What stands for figures that there are not."""
    return _Measured((nan,) * measures, (nan,) * measures, (_UNDEFINED,) * measures, why)


def _differences(own: _Figures, other: _Figures) -> tuple[Difference, ...]:
    """What figures are more than others, paired path by path."""
    both = zip(own, other, strict=True)
    return tuple(_UNDEFINED if a is None or b is None else difference(a, b, paired=True) for a, b in both)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
