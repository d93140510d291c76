"""Outer runs: a study once more at each of many draws of its uncertain inputs, each with paths of its own."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from spvrisk.catalogue import phrase
from spvrisk.config import Loaded
from spvrisk.config.definite import matrix
from spvrisk.config.reading.places import plain_of
from spvrisk.config.reading.values import yaml_text
from spvrisk.config.scenarios import Scenario
from spvrisk.config.scenarios.changes import Change, places
from spvrisk.config.scenarios.uncertain import Uncertain, UncertainInputs, uncertain_of
from spvrisk.config.study.output import Output
from spvrisk.config.study.run import MOST_PATHS, Run, Uncertainty
from spvrisk.dataset.uncertainty import CURVE, UncertainInput, UncertaintyTable
from spvrisk.errors import InputError, Problem
from spvrisk.experiments.task import Besides, job_of, outer_word, series_executor
from spvrisk.experiments.variants import planned_variant, quantile_of
from spvrisk.measures.named import Measure, measures_like
from spvrisk.measures.order import quantiles
from spvrisk.measures.sample import Sample
from spvrisk.plan.arrays import Floats
from spvrisk.plan.names import Labels
from spvrisk.plan.outputs import NPV, PORTFOLIO, SCHEME, STACK, WHOLE
from spvrisk.plan.words import first_scores
from spvrisk.runner.execute import Announce, Progress, SeriesExecutor, series_of_many
from spvrisk.runner.job import Job
from spvrisk.runner.kept_series import KeptSeries
from spvrisk.runner.on import On

_TRIED = 10
"""Draws at which a study that names uncertain inputs is planned to see whether it is sound."""


class Outer(NamedTuple):
    """Outer runs that are planned: the study is sound at every draw.

    Attributes
    ----------
    uncertain
        What is drawn.
    drawn
        Values of the inputs, ``(outer, input)``.
    jobs
        What is run, in the order of the draws.
    measures
        What is measured of each.
    curves
        Series whose quantiles are taken of each, as in `Labels.series`, and how the grammar writes them.
    quantiles
        Their probabilities, decimal strings.
    """

    uncertain: UncertainInputs
    drawn: Floats
    jobs: tuple[Job, ...]
    measures: tuple[Measure, ...]
    curves: Mapping[str, tuple[str, str]]
    quantiles: tuple[str, ...]

    @property
    def inner(self) -> int:
        """Paths of each run."""
        return self.jobs[0].paths

    @property
    def series(self) -> tuple[tuple[str, str], ...]:
        """What measures and curves need of each run, as in `Labels.series`."""
        needed = (each for measure in self.measures for each in measure.needs)
        return tuple(dict.fromkeys((*needed, *self.curves.values())))

    @property
    def disk(self) -> int:
        """Bytes of the series of all runs."""
        return 8 * len(self.jobs) * self.inner * len(self.series)

    @property
    def besides(self) -> Besides:
        """What a result holds of them."""
        row = len(self.uncertain.inputs) + 2 * len(self.measures) + len(self.curves) * len(self.quantiles)
        return Besides(frozenset(outer_word(job.id, job.paths) for job in self.jobs), 8 * len(self.jobs) * row)


def planned_outer(loaded: Loaded, settings: Run) -> Outer | None:
    """Draw the uncertain inputs of a study, and plan it at each draw; None where no outer runs are asked for.

    Parameters
    ----------
    loaded, settings
        The study, and size and seed of its run.

    Raises
    ------
    InputError
        The study has no uncertain inputs; or with the problems of the first draw that makes no sound study, or of the
        inputs.
    """
    asked = settings.uncertainty
    if asked is None:
        return None
    with loaded.places.filled_in():
        _check_asked(asked, loaded)
    return _planned(loaded, settings, asked)


def check_uncertain(loaded: Loaded) -> None:
    """Draw the uncertain inputs of a study that has some, and plan it at the first draws; a run plans it at each.

    Parameters
    ----------
    loaded
        The study.

    Raises
    ------
    InputError
        As of `planned_outer`.
    """
    run = loaded.study.run
    if run.uncertainty is not None:
        with loaded.places.filled_in():
            _check_asked(run.uncertainty, loaded)
    if loaded.source.uncertain is not None:
        outer = run.uncertainty.outer if run.uncertainty is not None else _TRIED
        _planned(loaded, run, Uncertainty(outer=min(outer, _TRIED)))


def planning_seconds(loaded: Loaded) -> float:
    """Foresee how long it takes to plan the outer runs of a study, from a few of them; 0 where none are asked for.

    Parameters
    ----------
    loaded
        The study.

    Raises
    ------
    InputError
        As of `planned_outer`, of the first draws.
    """
    run = loaded.study.run
    if run.uncertainty is None:
        return 0.0
    with loaded.places.filled_in():
        _check_asked(run.uncertainty, loaded)
    took = 0.0
    for outer in (1, _TRIED):  # the first loads what is needed
        began = time.perf_counter()
        _planned(loaded, run, run.uncertainty.model_copy(update={"outer": outer}))
        took = time.perf_counter() - began
    return took / _TRIED * run.uncertainty.outer


_EXAMPLE = "uncertain: {spread: {law: {uniform: {min: 0.01, max: 0.025}}, moves: {<path>: x}}}"


def _check_asked(asked: Uncertainty, loaded: Loaded) -> None:
    if loaded.source.uncertain is None:
        rule = phrase("needs uncertain inputs, and the study has none")
        raise InputError(Problem("", "run.uncertainty", rule, "", phrase("write e.g. {}", _EXAMPLE)))
    if asked.outer * asked.inner > MOST_PATHS:
        rule, got = phrase("must have at most {:,} paths in all", MOST_PATHS), f"{asked.outer * asked.inner:,}"
        remedy = phrase("take fewer outer runs, or fewer paths of each")
        raise InputError(Problem("", "run.uncertainty", rule, got, remedy))


def _planned(loaded: Loaded, settings: Run, asked: Uncertainty) -> Outer:
    uncertain = uncertain_of(loaded)
    if not uncertain.inputs:
        rule, remedy = phrase("names no input"), phrase("remove it, or name one")
        raise InputError(Problem(loaded.source.files.name, "uncertain", rule, "", remedy))
    _check_apart(uncertain, loaded)
    drawn = draws(uncertain, settings.seed, asked.outer)
    whole = job_of(loaded.study, settings)
    jobs = []
    for i, values in enumerate(drawn):
        changes = _changes(uncertain, values)
        job = planned_variant(loaded, Scenario(str(i + 1), changes=changes, kind="outer run"), settings).job
        _check_same(job, whole, i)
        jobs.append(replace(job, paths=asked.inner, first=i * asked.inner))
    output, labels = loaded.study.output, whole.labels
    levels = tuple(sorted({*CURVE, *output.quantiles}, key=float))
    return Outer(uncertain, drawn, tuple(jobs), outer_measures(labels, output), outer_curves(labels), levels)


def _check_apart(uncertain: UncertainInputs, loaded: Loaded) -> None:
    """Refuse two inputs that move one number: multiples are of the study's own value, so that one would be lost."""
    owners: dict[str, str] = {}
    for each in uncertain.inputs:
        for move in each.moves:
            for place in places(loaded.study, move.path):
                beside = (path for path in owners if _is_in(path, place.path) or _is_in(place.path, path))
                other = next(beside, None)
                if other is not None:
                    rule = phrase("{} is moved by {} and again by {}", place.path, owners[other], each.name)
                    remedy = phrase("have one input move it, or change a number that is not the other's")
                    raise InputError(Problem(str(move.value.place), "", rule, "", remedy))
                owners[place.path] = each.name


def _is_in(path: str, other: str) -> bool:
    return f"{path}.".startswith(f"{other}.")


def draws(uncertain: UncertainInputs, seed: int, outer: int) -> Floats:
    """Draw the inputs of outer runs: score number i of the stream ``uncertain/<name>``, correlated in their order.

    Parameters
    ----------
    uncertain
        The inputs.
    seed
        Of the run.
    outer
        How often.

    Returns
    -------
    ndarray
        ``(outer, input)`` float64, with nine digits, as a study could have them.

    Raises
    ------
    InputError
        A law is none.
    """
    from scipy.special import ndtr  # loaded here: few runs need it

    names = tuple(each.name for each in uncertain.inputs)
    scores = np.stack([first_scores(seed, f"uncertain/{name}", outer) for name in names])
    probabilities = ndtr(np.linalg.cholesky(matrix(names, uncertain.correlation, "score")) @ scores)
    laws = [quantile_of(each.law, f"uncertain.{each.name}.law") for each in uncertain.inputs]
    return np.array([[law(u) for u in row] for law, row in zip(laws, probabilities, strict=True)]).T


def _changes(uncertain: UncertainInputs, values: Floats) -> tuple[Change, ...]:
    pairs = zip(uncertain.inputs, values, strict=True)
    return tuple(change for each, value in pairs for change in each.changes(float(value)))


def _check_same(job: Job, whole: Job, i: int) -> None:
    """Refuse a draw that makes a study of other quantities: there would be nothing to be measured."""
    if job.labels.series != whole.labels.series:
        rule = phrase("outer run {:d} has other projects or quantities than the study", i + 1)
        remedy = phrase("let no uncertain input add or remove a part of the study")
        raise InputError(Problem("", "uncertain", rule, "", remedy))


def outer_measures(labels: Labels, output: Output) -> tuple[Measure, ...]:
    """Measures of outer runs, each of which the tables of a result have too.

    Parameters
    ----------
    labels, output
        Of the study.
    """
    texts = [
        *(f"{NPV}:{name}" for name in ("mean", "sd", "p_loss")),
        *(f"{NPV}:quantile@{level}" for level in output.quantiles),
        *(f"{NPV}:{name}@{level}" for level in output.risk_levels for name in ("var", "es")),
        *(f"{project}/{NPV}:mean" for project in labels.projects),
        "pv_host:mean",
        *(["insurer_net:mean"] if STACK in labels.features else []),
        *(f"{name}:mean" for name in ("insurer_breach", "scheme_value") if name in labels.scheme),
    ]
    return tuple(measure for text in texts for measure in measures_like(text, labels, ""))


def outer_curves(labels: Labels) -> dict[str, tuple[str, str]]:
    """Series whose distribution is kept of each outer run, by what the grammar calls them: the portfolio's first.

    Parameters
    ----------
    labels
        Of the study.
    """
    in_own_money = ["npv_funder_local"] if labels.local_currency != labels.currency else []
    return {
        NPV: WHOLE,
        **{f"{project}/{NPV}": (project, NPV) for project in labels.projects},
        **{name: (PORTFOLIO, name) for name in ("pv_host", "insurer_net") if name in labels.quantities},
        **{name: (SCHEME, name) for name in (*in_own_money, "scheme_value")},
    }


def outer_runs(
    outer: Outer,
    on: On,
    threads: int,
    kept: KeptSeries | None = None,
    there: UncertaintyTable | None = None,
    progress: Progress = lambda _: None,
    announce: Announce = lambda _: None,
) -> UncertaintyTable:
    """Run a study at each draw of its uncertain inputs, and measure it; the kernel must have been made ready.

    Parameters
    ----------
    outer
        As from `planned_outer`.
    on, threads
        What computes.
    kept
        Series of runs that were done before this was broken off, and where those that are done are put.
    there
        What an earlier result has of such runs.
    progress, announce
        Told of paths done, and of stages.

    Raises
    ------
    RunError
        A run failed.
    """
    rows = _known(outer, there)
    if rows:
        announce(phrase("{:d} of {:d} outer runs are there already", len(rows), len(outer.jobs)))
        progress(len(rows) * outer.inner)
    announce(phrase("{:d} outer runs of {:,} paths", len(outer.jobs), outer.inner))
    missing = [i for i, job in enumerate(outer.jobs) if job.id not in rows]
    for i, values in _series(outer, missing, kept, series_executor(on, threads, announce), progress):
        rows[outer.jobs[i].id] = _measured(outer, values)
    values, errors, curves = (np.array(each) for each in zip(*(rows[job.id] for job in outer.jobs), strict=True))
    inputs = tuple(map(_said, outer.uncertain.inputs))
    measures, jobs = tuple(each.text for each in outer.measures), tuple(job.id for job in outer.jobs)
    about = (inputs, outer.uncertain.correlation, jobs, outer.inner, measures)
    return UncertaintyTable(*about, outer.drawn, values, errors, outer.quantiles, tuple(outer.curves), curves)


_Row = tuple[list[float], list[float], list[list[float]]]
"""Measures of a run, their errors, and its curves."""


def _known(outer: Outer, there: UncertaintyTable | None) -> dict[str, _Row]:
    """Rows of an earlier result by `Job.id`, where it has measured the same."""
    wanted = tuple(each.text for each in outer.measures), outer.inner, outer.quantiles, tuple(outer.curves)
    if there is None or (there.measures, there.inner, there.quantiles, there.series) != wanted:
        return {}
    rows = zip(there.values.tolist(), there.errors.tolist(), there.curves.tolist(), strict=True)
    ids = {job.id for job in outer.jobs}
    return {job: row for job, row in zip(there.jobs, rows, strict=True) if job in ids}


def _series(
    outer: Outer, missing: list[int], kept: KeptSeries | None, executor: SeriesExecutor, progress: Progress
) -> Iterator[tuple[int, Floats]]:
    """Number of each run that is missing with its ``(series, path)``: those that are kept, then what is computed."""
    numbers = [outer.jobs[0].number(*series) for series in outer.series]
    to_do = []
    for i in missing:
        found = None if kept is None else kept.get(outer.jobs[i], numbers)
        if found is None:
            to_do.append(i)
        else:
            progress(outer.inner)
            yield i, found
    wanted = [(outer.jobs[i], numbers) for i in to_do]
    for k, values in series_of_many(wanted, executor, progress):
        if kept is not None:
            kept.put(outer.jobs[to_do[k]], numbers, values)
        yield to_do[k], values


def _measured(outer: Outer, values: Floats) -> _Row:
    samples = {series: Sample(row) for series, row in zip(outer.series, values, strict=True)}
    figures = [measure.figure(*(samples[series] for series in measure.needs)) for measure in outer.measures]
    curves = quantiles(np.stack([samples[series].values for series in outer.curves.values()]), outer.quantiles)
    return [figure.value for figure in figures], [figure.error for figure in figures], curves.tolist()


def _said(each: Uncertain) -> UncertainInput:
    """An input as a result tells of it."""
    moves = tuple(f"{move.path}={yaml_text(plain_of(move.value))}" for move in each.moves)
    law = yaml_text(plain_of(each.law))
    return UncertainInput(each.name, dict(each.title), law, moves, each.grounds.source, each.grounds.confidence)
