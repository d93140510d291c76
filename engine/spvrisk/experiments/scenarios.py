"""Scenarios in one table: measures of each, with their paired differences to the base."""

from collections.abc import Mapping, Sequence
from math import nan
from pathlib import Path
from typing import NamedTuple

from spvrisk.config.reading.overrides import Overrides
from spvrisk.config.scenarios import Scenario, ScenarioFile, read_scenarios
from spvrisk.errors import InputError
from spvrisk.experiments.variants import Variant, variants
from spvrisk.measures.compare import Difference, difference
from spvrisk.measures.named import Measure, measure_of
from spvrisk.measures.sample import Figure, Sample
from spvrisk.measures.tail_size import TailSize
from spvrisk.plan.arrays import Floats
from spvrisk.plan.names import Labels
from spvrisk.plan.outputs import STACK
from spvrisk.runner.execute import Announce, Progress, make_ready, series_of_many
from spvrisk.runner.shard import processors, seconds_per_path


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
    tails
        What its expected shortfalls rest on.
    """

    scenario: Scenario
    overrides: tuple[str, ...]
    job_id: str
    values: tuple[float, ...]
    errors: tuple[float, ...]
    changes: tuple[Difference, ...] | None
    tails: tuple[TailSize, ...]


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
    """

    labels: Labels
    measures: tuple[Measure, ...]
    outcomes: tuple[Outcome, ...]
    paths: int
    seed: int

    @property
    def tails(self) -> list[tuple[str, TailSize]]:
        """What expected shortfalls rest on, with the name of the scenario."""
        return [(outcome.scenario.name, tail) for outcome in self.outcomes for tail in outcome.tails]

    def __repr__(self) -> str:
        return f"<Scenarios: {len(self.outcomes) - 1} beside their base, {self.paths:,} paths>"


class Planned(NamedTuple):
    """Scenarios that can be run: every study of theirs is sound.

    Attributes
    ----------
    variants
        The base, then the scenarios in the order of their file.
    measures
        What is measured of each.
    """

    variants: tuple[Variant, ...]
    measures: tuple[Measure, ...]

    @property
    def paths(self) -> int:
        """Of all runs together."""
        return sum(variant.job.paths for variant in self.variants)

    def seconds(self, workers: int | None = None) -> float:
        """How long all runs take here, from a tenth of a second of the kernel.

        Parameters
        ----------
        workers
            Threads; None: all processors.
        """
        base = self.variants[0].job
        make_ready(base.plan)
        return seconds_per_path(base) * self.paths / min(workers or processors(), processors())

    def __repr__(self) -> str:
        return f"<{len(self.variants) - 1} scenarios and their base, {len(self.measures)} measures>"


def planned_scenarios(
    path: Path, overrides: Overrides = (), paths: int | None = None, seed: int | None = None, of: Sequence[str] = ()
) -> Planned:
    """Read a file of scenarios and plan them all, before anything is run.

    Parameters
    ----------
    path
        Of the file.
    overrides
        Changes of the base, before those of the scenarios.
    paths, seed
        Of each run; None: as the file says, else the base.
    of
        Measures; none: those of the file, else the default ones.

    Raises
    ------
    InputError
        With every problem of every scenario, named.
    """
    file = read_scenarios(path)
    planned = variants(file, overrides, paths, seed)
    return Planned(tuple(planned), measures_of(file, of, planned[0].job.labels))


def measures_of(file: ScenarioFile, of: Sequence[str], labels: Labels) -> tuple[Measure, ...]:
    """Measures that are asked for: by the command, else by the file, else the default ones.

    Parameters
    ----------
    file, of
        The file, and measures in place of its own.
    labels
        Of the base.

    Raises
    ------
    InputError
        With everything that is no measure.
    """
    wanted = [(text, "--of") for text in of] or list(file.measures) or [(text, "") for text in default_measures(labels)]
    found, problems = [], []
    for text, place in wanted:
        try:
            found.append(measure_of(text, labels, place))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return tuple({measure.text: measure for measure in found}.values())


def default_measures(labels: Labels) -> list[str]:
    """Measures of a committee's first questions: mean, probability of a loss, tail; who else bears it.

    Parameters
    ----------
    labels
        Of the base.
    """
    insurer = ["insurer_net:mean"] if STACK in labels.features else []
    return [
        "npv_funder:mean",
        "npv_funder:p_loss",
        "npv_funder:var@0.95",
        "npv_funder:es@0.99",
        *insurer,
        "pv_host:mean",
    ]


def run_scenarios(
    planned: Planned,
    workers: int,
    progress: Progress = lambda _: None,
    announce: Announce = lambda _: None,
) -> Scenarios:
    """Run scenarios on the same draws.

    Parameters
    ----------
    planned
        As from `planned_scenarios`.
    workers
        Threads.
    progress, announce
        Told of paths done, and of stages.

    Raises
    ------
    RunError
        No machine code of the kernel is right.
    """
    measures, runs = planned.measures, planned.variants
    base = runs[0].job
    make_ready(base.plan, announce)
    announce("running")
    series = list(dict.fromkeys(each for measure in measures for each in measure.needs))
    held = [[s for s in series if s in each.job.labels.series] for each in runs]
    wanted = [(each.job, [each.job.labels.series.index(s) for s in of]) for each, of in zip(runs, held, strict=True)]
    figures: dict[int, list[Figure | None]] = {}
    outcomes: dict[int, Outcome] = {}
    waiting: list[int] = []
    for i, values in series_of_many(wanted, workers, progress):
        figures[i] = _figures(measures, dict(zip(held[i], values, strict=True)))
        waiting.append(i)
        if 0 in figures:
            for done in waiting:
                outcomes[done] = _outcome(runs[done], figures[done], None if done == 0 else figures[0])
                if done:
                    del figures[done]
            waiting.clear()
    ordered = tuple(outcomes[i] for i in range(len(runs)))
    return Scenarios(base.labels, measures, ordered, base.paths, base.seed)


def _figures(measures: Sequence[Measure], values: Mapping[tuple[str, str], Floats]) -> list[Figure | None]:
    """Measures of what a scenario has."""
    held = ([Sample(values[s]) for s in m.needs if s in values] for m in measures)
    return [m.figure(*of) if len(of) == len(m.needs) else None for m, of in zip(measures, held, strict=True)]


def _outcome(planned: Variant, own: Sequence[Figure | None], base: Sequence[Figure | None] | None) -> Outcome:
    """Figures of a scenario, and what they are more than the base's."""
    changes = None
    if base is not None:
        changes = tuple(_difference(a, b) for a, b in zip(own, base, strict=True))
    return Outcome(
        planned.scenario,
        planned.overrides,
        planned.job.id,
        tuple(nan if figure is None else figure.value for figure in own),
        tuple(nan if figure is None else figure.error for figure in own),
        changes,
        tuple(figure.tail for figure in own if figure is not None and figure.tail is not None),
    )


def _difference(own: Figure | None, base: Figure | None) -> Difference:
    if own is None or base is None:
        return Difference(nan, nan, nan)
    return difference(own, base, paired=True)
