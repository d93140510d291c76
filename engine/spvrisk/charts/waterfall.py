"""Who brings the mean net present value about: from project to project to the portfolio's."""

from collections.abc import Iterator

import numpy as np

from spvrisk.charts.chart import Axis, Bars, Chart, Panel, Reference, Role
from spvrisk.charts.gathering import gathered, others
from spvrisk.charts.words import ERRORS, seed_of
from spvrisk.dataset.read import Result
from spvrisk.experiments.values import values_by_path
from spvrisk.measures.intervals import NORMAL_95
from spvrisk.measures.sample import Sample, mean
from spvrisk.plan.arrays import Floats
from spvrisk.plan.outputs import NPV, PORTFOLIO, WHOLE
from spvrisk.runner.execute import Announce
from spvrisk.views.figures import Estimate, Note, Text, defined, mean_of, said
from spvrisk.views.words import money_in, study_named, unit_titled

_MOST = 12
"""Projects that have a bar of their own."""


def waterfall(result: Result, announce: Announce = lambda _: None) -> Chart:
    """Show what each project has of the mean net present value to the funder, one upon the other.

    Parameters
    ----------
    result
        The result.
    announce
        As of `spvrisk.experiments.values.values_by_path`.

    Raises
    ------
    InputError, RunError
        As of `spvrisk.experiments.values.values_by_path`, where many projects are gathered.
    """
    labels = result.labels
    means = {name: _mean(result, name) for name in labels.projects}
    shown, rest = gathered({name: each.value or 0.0 for name, each in means.items()}, _MOST)
    parts = [(unit_titled(labels, name), means[name]) for name in shown]
    if rest:
        parts.append((others(len(rest)), _together(result, shown, announce)))
    whole = _mean(result, PORTFOLIO)
    ends = np.cumsum([each.value or 0.0 for _, each in parts])
    names = (*(name for name, _ in parts), unit_titled(labels, PORTFOLIO))
    bars = (*_steps([each for _, each in parts], ends), _bar([len(parts)], [0.0], [whole], "total"))
    axis = Axis(Note("mean net present value to the funder"), money_in(labels))
    panel = Panel(axis, Axis("", scale="names", names=names), (Reference("x", 0.0, ""), *bars))
    title = _title(result, means, whole)
    return Chart("waterfall", title, study_named(labels), (panel,), result.n_paths, seed_of(result), (ERRORS,))


def _mean(result: Result, unit: str) -> Estimate:
    return mean_of(result.summary, result.labels.series.index((unit, NPV)))


def _together(result: Result, shown: list[str], announce: Announce) -> Estimate:
    """Mean of all projects but some, whose error is that of their sum."""
    values = values_by_path(result, [WHOLE, *((name, NPV) for name in shown)], announce=announce)
    rest = values.pop(WHOLE).copy()
    for each in values.values():
        rest -= each
    found = mean(Sample(rest))
    return Estimate(found.value, defined(found.error))


def _steps(parts: list[Estimate], ends: Floats) -> Iterator[Bars]:
    """Bars of what is earned and of what is lost, each from where the one above it ends."""
    values = [each.value or 0.0 for each in parts]
    kinds: tuple[tuple[Role, Note, list[int]], ...] = (
        ("gain", Note("adds"), [i for i, value in enumerate(values) if value >= 0.0]),
        ("loss", Note("takes away"), [i for i, value in enumerate(values) if value < 0.0]),
    )
    for role, name, own in kinds:
        if own:
            yield _bar(own, [float(ends[i]) - values[i] for i in own], [parts[i] for i in own], role, name)


def _bar(at: list[int], base: list[float], parts: list[Estimate], role: Role, name: Text = "") -> Bars:
    """Bars with their figures, and the intervals of their ends."""
    values = [start + (part.value or 0.0) for start, part in zip(base, parts, strict=True)]
    halves = [NORMAL_95 * (part.error or 0.0) for part in parts]
    low, high = (tuple(v + sign * half for v, half in zip(values, halves, strict=True)) for sign in (-1.0, 1.0))
    return Bars(name, tuple(map(float, at)), tuple(base), tuple(values), low, high, tuple(parts), role)


def _title(result: Result, means: dict[str, Estimate], whole: Estimate) -> Note:
    """The answer: which project brings most of what there is on average."""
    labels, total = result.labels, whole.value or 0.0
    if not total:
        return Note("Nothing is earned or lost on average")
    sign = 1.0 if total > 0.0 else -1.0
    name = max(means, key=lambda unit: sign * (means[unit].value or 0.0))
    own = means[name]
    size = Estimate(sign * (own.value or 0.0), own.error)
    text = (
        "{} earns the funder most: {} {} on average, of {} by all"
        if total > 0.0
        else "{} costs the funder most: {} {} on average, of {} by all"
    )
    return said(text, unit_titled(labels, name), size, money_in(labels), Estimate(sign * total, whole.error))
