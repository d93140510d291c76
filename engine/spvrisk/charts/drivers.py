"""Which inputs of a run drive a measure."""

from math import isnan

from spvrisk.charts.chart import Axis, Chart, Panel, Points
from spvrisk.charts.what_ifs import measure_in_words
from spvrisk.charts.words import ERRORS, seed_of
from spvrisk.dataset.read import Result
from spvrisk.errors import argument
from spvrisk.experiments.inputs_by_path import InputsByPath, Seen, inputs_by_path
from spvrisk.measures.intervals import NORMAL_95
from spvrisk.measures.named import measure_of
from spvrisk.plan.outputs import NPV, WHOLE
from spvrisk.views.drivers import input_named
from spvrisk.views.figures import Note, Rate, Text, defined, said
from spvrisk.views.words import output_in_words, study_named, tail_name

_MOST = 12
"""Inputs that have a row."""


def drivers(result: Result, of: str | None = None) -> Chart:
    """Show what the inputs that a result keeps explain of a measure, those that explain most first.

    Parameters
    ----------
    result
        That keeps inputs by path.
    of
        A measure; None: the mean of the funder's net present value, and beside it the worst of it at the study's last
        level.

    Raises
    ------
    InputError
        There is no such measure, or the result does not hold what is needed.
    """
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
    firsts = [seen.told[i].first for seen in shown]
    low, high = (tuple(max(f.value + sign * NORMAL_95 * f.error, 0.0) for f in firsts) for sign in (-1.0, 1.0))
    texts = tuple(Rate(defined(first.value), defined(first.error)) for first in firsts)
    values, at = tuple(max(first.value, 0.0) for first in firsts), tuple(map(float, range(len(shown))))
    points = Points("", values, at, low, high, texts)
    return Panel(Axis(Note("explained"), percent=True), names, (points,), _of(found, i))


def _of(found: InputsByPath, i: int) -> Text:
    """What is explained, in words."""
    each = found.decomposed[i]
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
    return said("{} explains most: {} {} ({})", name, figure, _of(found, 0), measure_in_words(labels, measure))
