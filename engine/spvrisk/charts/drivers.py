"""What drives a measure: inputs of a run, or causes that were drawn anew one after the other."""

from collections.abc import Sequence
from math import isnan

from spvrisk.charts.chart import Axis, Chart, Panel, Points
from spvrisk.charts.what_ifs import measure_in_words
from spvrisk.charts.words import ERRORS, seed_of
from spvrisk.dataset.read import Result
from spvrisk.errors import InputError, Problem, argument, suggestion
from spvrisk.experiments.inputs_by_path import InputsByPath, Seen, inputs_by_path
from spvrisk.experiments.redraws import Redrawn, Redraws
from spvrisk.measures.drivers import Decomposed
from spvrisk.measures.intervals import NORMAL_95
from spvrisk.measures.named import measure_of
from spvrisk.measures.sensitivity import Index
from spvrisk.plan.outputs import NPV, WHOLE
from spvrisk.views.drivers import BY_ITSELF, beyond, cause_named, input_named
from spvrisk.views.figures import Note, Rate, Text, defined, said
from spvrisk.views.words import output_in_words, study_named, tail_name

_MOST, _SIDE_BY_SIDE = 12, 2
"""Inputs or causes that have a row, and measures that have a panel."""

_LIFT = 0.18
"""By how much of a row two indices of a cause lie apart."""

_TOGETHER = ("group", "own")
"""Kinds of groups that are drawn: other kinds are parts of causes once more."""


def drivers(found: Result | Redraws, of: str | None = None) -> Chart:
    """Show what inputs that a result keeps, or causes that were drawn anew, have of a measure: the largest first.

    Parameters
    ----------
    found
        A result that keeps inputs by path, or redraws.
    of
        A measure; of a result None: the mean of the funder's net present value, and beside it the worst of it at the
        study's last level. Of redraws one of theirs; None: the first ones.

    Raises
    ------
    InputError
        There is no such measure, or the result does not hold what is needed.
    """
    return _by_redraw(found, of) if isinstance(found, Redraws) else _by_input(found, of)


def _by_input(result: Result, of: str | None) -> Chart:
    *_, level = ("0.95", *result.summary.levels)
    wanted = [f"{NPV}:mean", f"{NPV}:es@{level}"] if of is None else [of]
    measures = [measure_of(text, result.labels, argument("of")) for text in wanted]
    found = inputs_by_path(result, measures, indices_alone=True)
    shown = found.telling(0)[:_MOST]
    names = Axis("", scale="names", names=tuple(input_named(seen, found, titled=True) for seen in shown))
    panels = tuple(_panel(found, i, shown, names) for i in range(len(wanted)))
    notes = (Note("Explains: what goes once the input is known; inputs that go together share it."), ERRORS)
    title = _title(found)
    return Chart("drivers", title, study_named(result.labels), panels, result.n_paths, seed_of(result), notes, "row")


def _panel(found: InputsByPath, i: int, shown: list[Seen], names: Axis) -> Panel:
    points = _points("", [seen.told[i].first for seen in shown])
    return Panel(Axis(Note("explained"), percent=True), names, (points,), _of(found.decomposed[i]))


def _points(name: Text, indices: Sequence[Index], lift: float = 0.0) -> Points:
    """Indices beside their names; what lies below 0 does so by chance."""
    low, high = (tuple(max(f.value + sign * NORMAL_95 * f.error, 0.0) for f in indices) for sign in (-1.0, 1.0))
    texts = tuple(Rate(defined(index.value), defined(index.error)) for index in indices)
    values, at = tuple(max(index.value, 0.0) for index in indices), tuple(k + lift for k in range(len(indices)))
    return Points(name, values, at, low, high, texts)


def _by_redraw(found: Redraws, of: str | None) -> Chart:
    texts = [each.measure.text for each in found.decomposed]
    if of is not None and of not in texts:
        raise InputError(Problem(argument("of"), "", "must be a measure of the redraws", of, suggestion(of, texts)))
    first, *others = range(len(texts))[:_SIDE_BY_SIDE] if of is None else [texts.index(of)]
    rows = [row for row in found.rows if row.group.kind in _TOGETHER and row.total[first].value > 0.0]
    shown = sorted(rows, key=lambda row: -row.total[first].value)[:_MOST]
    names = Axis("", scale="names", names=tuple(cause_named(row, found.labels) for row in shown))
    panels = []
    for i in (first, *others):
        by_itself = _points(Note("by itself"), [row.first[i] for row in shown], -_LIFT)
        with_others = _points(Note("with others"), [row.total[i] for row in shown], _LIFT)
        axis = Axis(Note("explained"), percent=True)
        panels.append(Panel(axis, names, (by_itself, with_others), _of(found.decomposed[i])))
    past = [note for i in (first, *others) for note in beyond(shown, i)]
    named, seed, notes = study_named(found.labels), str(found.seed), (BY_ITSELF, *past[:1], ERRORS)
    title = _title_of_redraws(found, first, shown)
    return Chart("drivers", title, named, tuple(panels), found.paths, seed, notes, "row")


def _title_of_redraws(found: Redraws, i: int, shown: Sequence[Redrawn]) -> Note:
    """The answer: on what most hangs."""
    words = measure_in_words(found.labels, found.decomposed[i].measure)
    if not shown:
        return said("Nothing that was drawn anew drives: {}", words)
    name, figure = cause_named(shown[0], found.labels), Rate(*map(defined, shown[0].total[i]))
    return said("Most hangs on {}, with others: {} {} ({})", name, figure, _of(found.decomposed[i]), words)


def _of(each: Decomposed) -> Text:
    """What is explained, in words."""
    if isnan(each.threshold):
        return Note("of the variance")
    if each.measure.statistic.name == "quantile":
        return said("of being beyond the quantile {}", each.measure.at)
    return said("of being one of the worst {}", tail_name(each.measure.at))


def _title(found: InputsByPath) -> Note:
    """The answer: what explains most."""
    labels, measure = found.result.labels, found.decomposed[0].measure
    best = next(iter(found.telling(0)), None)
    if best is None:
        return said("No input that is kept drives: {}", measure_in_words(labels, measure))
    name, figure = input_named(best, found, titled=True), Rate(*map(defined, best.told[0].first))
    if measure.statistic.name == "mean":
        text = "{} explains most: {} of the variance of: {}"
        if measure.series == WHOLE:
            text = "{} explains most: {} of the variance of the {}"
        return said(text, name, figure, output_in_words(labels, measure.series))
    return said(
        "{} explains most: {} {} ({})", name, figure, _of(found.decomposed[0]), measure_in_words(labels, measure)
    )
