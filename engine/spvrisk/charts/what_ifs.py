"""What scenarios change: side by side, and of a tornado sorted by what the ends of each input do."""

import json
from collections.abc import Iterator
from math import isnan
from typing import NamedTuple

from spvrisk.catalogue import phrase
from spvrisk.charts.chart import Axis, Bars, Chart, Panel, Points, Reference, Role
from spvrisk.charts.gathering import gathered
from spvrisk.charts.words import ERRORS
from spvrisk.dataset.scenarios import Combined
from spvrisk.errors import InputError, Problem, argument, suggestion
from spvrisk.experiments.variants import END, HIGH, INPUT, LOW
from spvrisk.measures.intervals import NORMAL_95
from spvrisk.measures.named import Measure, measure_of
from spvrisk.plan.arrays import Floats
from spvrisk.plan.names import Labels
from spvrisk.plan.outputs import WHOLE
from spvrisk.views.figures import Cell, Estimate, Named, Note, Rate, Text, defined, said
from spvrisk.views.words import TIMES, amount, money_in, output_in_words, study_named, tail_name

_MOST, _SIDE_BY_SIDE = 20, 2
"""Scenarios or inputs that have a row, and measures that have a panel."""

_ROLES: dict[str, Role] = {LOW: "low", HIGH: "high"}


class Outcomes(NamedTuple):
    """Scenarios as they are in a dataset.

    Attributes
    ----------
    names, axes
        Of each scenario: its name and title, and its place in a tornado.
    measures
        What was measured.
    value, error, change, change_error
        ``(scenario, measure)`` float64.
    """

    names: tuple[Named, ...]
    axes: tuple[dict[str, str], ...]
    measures: tuple[Measure, ...]
    value: Floats
    error: Floats
    change: Floats
    change_error: Floats


def scenarios(found: Combined, of: str | None = None) -> Chart:
    """Show what each scenario changes against its base, paired path by path.

    Parameters
    ----------
    found
        As from `spvrisk.dataset.scenarios.read`.
    of
        One of its measures; None: the first ones.

    Raises
    ------
    InputError
        There is no such measure, or nothing beside the base.
    """
    outcomes = outcomes_of(found)
    rows = [i for i, axes in enumerate(outcomes.axes) if i and INPUT not in axes]
    if not rows:
        raise _nothing("scenarios beside the base", "tornado")
    columns = _measures(outcomes, of)
    first = columns[0]
    sizes = {str(i): float(outcomes.change[i, first]) for i in rows}
    kept, rest = gathered(sizes, _MOST)
    shown = [i for i in rows if str(i) in kept]
    names = Axis("", scale="names", names=tuple(outcomes.names[i] for i in shown))
    panels = tuple(_changes(found, outcomes, shown, k, names) for k in columns)
    notes = [Note("Changes are paired path by path, on the same draws.")]
    if rest:
        notes.append(said("{:,d} others that change less are left out.", len(rest)))
    title = _most(found, outcomes, max(shown, key=lambda i: _size(outcomes.change[i, first])), first)
    return _chart("scenarios", title, found, panels, notes)


def tornado(found: Combined, of: str | None = None) -> Chart:
    """Show what the low and the high end of each input make of a measure, the largest swing first.

    Parameters
    ----------
    found
        As from `spvrisk.dataset.scenarios.read`.
    of
        One of its measures; None: the first.

    Raises
    ------
    InputError
        There is no such measure, or no tornado.
    """
    outcomes = outcomes_of(found)
    ends: dict[str, dict[str, int]] = {}
    for i, axes in enumerate(outcomes.axes):
        if INPUT in axes:
            ends.setdefault(axes[INPUT], {})[axes[END]] = i
    if not ends:
        raise _nothing("a tornado", "scenarios")
    k = _measures(outcomes, of)[0]
    swings = {name: float(outcomes.change[e[HIGH], k] - outcomes.change[e[LOW], k]) for name, e in ends.items()}
    kept, rest = gathered(swings, _MOST)
    names = tuple(_input(name, outcomes.names[ends[name][LOW]]) for name in kept)
    base = float(outcomes.value[0, k])
    bars = tuple(_ends(outcomes, [ends[name] for name in kept], k, base))
    label = said("base: {}", _figure(outcomes.measures[k], base, float(outcomes.error[0, k])))
    axis, on = _axis(found, outcomes.measures[k]), Axis("", scale="names", names=names)
    notes = [Note("Each end is a run on the same draws; in the order of the swing from end to end.")]
    if rest:
        notes.append(said("{:,d} others that swing less are left out.", len(rest)))
    title = _widest(found, outcomes, names[0], ends[kept[0]], k)
    return _chart("tornado", title, found, (Panel(axis, on, (*bars, Reference("x", base, label))),), notes)


def _chart(name: str, title: Note, found: Combined, panels: tuple[Panel, ...], notes: list[Note]) -> Chart:
    return Chart(name, title, study_named(found.labels), panels, found.paths, str(found.seed), (*notes, ERRORS), "row")


def _nothing(what: str, other: str) -> InputError:
    rule = phrase("must be of a dataset that has {}", what)
    return InputError(
        Problem(argument("results"), "", rule, "", phrase("draw {}, or run such a file with --out", other))
    )


def outcomes_of(found: Combined) -> Outcomes:
    """Give the scenarios of a dataset.

    Parameters
    ----------
    found
        As from `spvrisk.dataset.scenarios.read`.
    """
    held = {variable.name: variable.data for variable in found.variables}
    names = zip(held["scenario"], map(json.loads, held["titles"]), strict=True)
    return Outcomes(
        tuple(Named(name, tuple(titles.items())) for name, titles in names),
        tuple(json.loads(axes) for axes in held["axes"]),
        tuple(measure_of(text, found.labels, argument("of")) for text in held["measure"]),
        *(held[name] for name in ("value", "error", "change", "change_error")),
    )


def _measures(outcomes: Outcomes, of: str | None) -> list[int]:
    """Numbers of the measures that are shown."""
    known = [measure.text for measure in outcomes.measures]
    if of is None:
        of_money = [k for k, measure in enumerate(outcomes.measures) if measure.kind == "money"]
        return [*of_money, *(k for k in range(len(known)) if k not in of_money)][:_SIDE_BY_SIDE]
    if of.strip() not in known:
        raise InputError(Problem(argument("of"), "", "must be a measure of the dataset", of, suggestion(of, known)))
    return [known.index(of.strip())]


def _axis(found: Combined, measure: Measure) -> Axis:
    unit = money_in(found.labels, found.labels.local_currency if measure.series[1].endswith("_local") else "")
    named: Text = unit if measure.kind == "money" else TIMES.get(measure.kind, "")
    return Axis(measure_in_words(found.labels, measure), named, percent=measure.kind in ("flag", "ratio"))


def measure_in_words(labels: Labels, measure: Measure) -> Note:
    """Give a measure in words: the quantity, then what is taken of it.

    Parameters
    ----------
    labels
        Of what it is a measure of.
    measure
        The measure.
    """
    at = f"{100.0 * float(measure.at):g} %" if measure.statistic.at == "level" else measure.at
    taken = Note(measure.statistic.title, (at,) if at else ())
    return said("{}, {}", output_in_words(labels, measure.series), taken)


def _figure(measure: Measure, value: float, error: float) -> Cell:
    kind = Rate if measure.kind in ("flag", "ratio") else Estimate
    return kind(defined(value), defined(error))


def _change(measure: Measure, value: float, error: float) -> Note:
    """A change of a measure; of what is in per cent its points."""
    if measure.kind in ("flag", "ratio"):
        return said("{:+} percentage points", Estimate(defined(100.0 * value), defined(100.0 * error)))
    return said("{:+}", Estimate(defined(value), defined(error)))


def _size(value: float) -> float:
    return 0.0 if isnan(value) else abs(float(value))


def _changes(found: Combined, outcomes: Outcomes, shown: list[int], k: int, names: Axis) -> Panel:
    """What each scenario changes of a measure, with its interval."""
    measure = outcomes.measures[k]
    values, errors = ([float(table[i, k]) for i in shown] for table in (outcomes.change, outcomes.change_error))
    low, high = (tuple(v + sign * NORMAL_95 * e for v, e in zip(values, errors, strict=True)) for sign in (-1.0, 1.0))
    texts = tuple(_change(measure, v, e) for v, e in zip(values, errors, strict=True))
    at = tuple(map(float, range(len(shown))))
    points = Points("", tuple(values), at, low, high, texts)
    base = said("base: {}", _figure(measure, float(outcomes.value[0, k]), float(outcomes.error[0, k])))
    axis = _axis(found, measure)
    return Panel(axis._replace(label=Note("change")), names, (points, Reference("x", 0.0, base)), axis.label)


def _ends(outcomes: Outcomes, ends: list[dict[str, int]], k: int, base: float) -> Iterator[Bars]:
    """Bars from the base to what either end makes of it."""
    at = tuple(map(float, range(len(ends))))
    for end, name in ((LOW, Note("low end")), (HIGH, Note("high end"))):
        rows = [each[end] for each in ends]
        values = [base + float(outcomes.change[i, k]) for i in rows]
        halves = [NORMAL_95 * float(outcomes.change_error[i, k]) for i in rows]
        low, high = (tuple(v + sign * h for v, h in zip(values, halves, strict=True)) for sign in (-1.0, 1.0))
        texts = tuple(_both(outcomes, each, k) for each in ends) if end == HIGH else ()
        yield Bars(name, at, (base,) * len(at), tuple(values), low, high, texts, _ROLES[end])


def _both(outcomes: Outcomes, ends: dict[str, int], k: int) -> Note:
    """Changes at the low and at the high end."""
    measure = outcomes.measures[k]
    changes = (
        _change(measure, float(outcomes.change[ends[end], k]), float(outcomes.change_error[ends[end], k]))
        for end in (LOW, HIGH)
    )
    return said("{} / {}", *changes)


def _input(path: str, low: Named) -> Named:
    """An input by the title that its ends have in common, else by its path."""
    titles = tuple((language, title.removesuffix(f", {LOW}")) for language, title in low.titles)
    return Named(path, titles)


def _most(found: Combined, outcomes: Outcomes, i: int, k: int) -> Note:
    """The answer: which scenario changes the first measure most."""
    measure = outcomes.measures[k]
    if better(measure):
        return said("{}, the largest change", effect(found, outcomes, i, k))
    axis = _axis(found, measure)
    figure = _change(measure, float(outcomes.change[i, k]), float(outcomes.change_error[i, k]))
    return said("{} changes most: {} by {} {}", outcomes.names[i], axis.label, figure, axis.unit)


def better(measure: Measure) -> int:
    """Tell where the funder is the better off: 1 the larger a measure is, -1 the smaller; 0 of what says neither.

    Parameters
    ----------
    measure
        The measure.
    """
    return {"mean": 1, "es": -1}.get(measure.statistic.name, 0) if measure.series == WHOLE else 0


def furthest(outcomes: Outcomes, rows: list[int], k: int, sign: int) -> int | None:
    """Give the scenario that helps the funder most, or harms it most; None if none does by more than chance.

    Parameters
    ----------
    outcomes, k
        As of `effect`.
    rows
        Numbers of the scenarios to choose from.
    sign
        1: that helps; -1: that harms.
    """
    gains = {i: sign * better(outcomes.measures[k]) * float(outcomes.change[i, k]) for i in rows}
    known = [i for i in rows if gains[i] > NORMAL_95 * float(outcomes.change_error[i, k])]
    return max(known, key=lambda i: gains[i], default=None)


_EFFECTS = {
    ("mean", True, True): "{0}: cuts the mean loss by {1}",
    ("mean", True, False): "{0}: raises the mean loss by {1}",
    ("mean", False, True): "{0}: raises the mean gain by {1}",
    ("mean", False, False): "{0}: cuts the mean gain by {1}",
    ("es", True, True): "{0}: cuts the mean loss of the worst {2} by {1}",
    ("es", True, False): "{0}: raises the mean loss of the worst {2} by {1}",
    ("es", False, True): "{0}: raises the mean gain of the worst {2} by {1}",
    ("es", False, False): "{0}: cuts the mean gain of the worst {2} by {1}",
}
"""What a scenario does, by the statistic, whether it is of a loss at the base, and whether the scenario helps."""


def effect(found: Combined, outcomes: Outcomes, i: int, k: int) -> Note:
    """Say what a scenario does to the mean, or to the mean of the worst, as a loss or a gain that it cuts or raises.

    Parameters
    ----------
    found
        The dataset.
    outcomes
        What it holds.
    i, k
        Numbers of the scenario and of the measure, one that is `better` one way.
    """
    measure, change = outcomes.measures[k], float(outcomes.change[i, k])
    sign = better(measure)
    of_loss, helps = sign * float(outcomes.value[0, k]) < 0.0, sign * change > 0.0
    size = amount(found.labels, Estimate(abs(change), defined(outcomes.change_error[i, k])))
    worst = tail_name(measure.at) if measure.at else ""
    text = _EFFECTS[measure.statistic.name, of_loss, helps]
    return said(text, outcomes.names[i], size, worst)


def _widest(found: Combined, outcomes: Outcomes, name: Named, ends: dict[str, int], k: int) -> Note:
    """The answer: which input moves the measure most."""
    axis = _axis(found, outcomes.measures[k])
    changes = (
        _change(outcomes.measures[k], float(outcomes.change[ends[end], k]), float(outcomes.change_error[ends[end], k]))
        for end in (LOW, HIGH)
    )
    text = "{} moves most: {} by {} {} at its low end, by {} at its high end"
    low, high = changes
    return said(text, name, axis.label, low, axis.unit, high)
