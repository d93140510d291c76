"""Scenarios in one table: what each measure is, and beneath it what that is more than the base's."""

from collections.abc import Iterator, Mapping
from math import ceil, isnan

from spvrisk.config.reading.places import plain_of
from spvrisk.config.reading.values import yaml_text
from spvrisk.experiments.planned import Planned
from spvrisk.experiments.scenarios import Outcome, Scenarios
from spvrisk.experiments.variants import END, HIGH, INPUT, LOW
from spvrisk.measures.named import Measure
from spvrisk.plan.outputs import PORTFOLIO, SCHEME
from spvrisk.views.figures import Cell, Column, Estimate, Figures, Named, Note, Rate, Row, defined, heads, said
from spvrisk.views.tails import thin
from spvrisk.views.words import lasting, money_in, money_name, quantity_named

_SIDE_BY_SIDE = 4
"""Measures of a table: more do not fit beside each other on a terminal."""

_TWO_LINES = 20
"""Scenarios that have a line of values and one of changes; of more only the changes are shown, so that a screen has
room for them all."""


def scenarios(found: Scenarios) -> list[Figures]:
    """Give the page: all measures of all scenarios, a table for every four of them; then a tornado, if there is one.

    Parameters
    ----------
    found
        As from `run_scenarios`.
    """
    if any(INPUT in outcome.scenario.axes for outcome in found.outcomes):
        found, dressed = _without_swings(found), [tornado(found, i) for i in range(len(found.measures))]
        return dressed if len(found.outcomes) == 1 else [*scenarios(found), *dressed]
    few = len(found.outcomes) <= 1 + _TWO_LINES
    dress = _table if few else changes
    first, *others = (dress(found, columns) for columns in _blocks(len(found.measures)))
    notes = (drawn(found), *(titles(found) if few else ()), *thin(found.tails), *failures(found))
    last = (first, *others)[-1]._replace(notes=notes)
    return [first, *others[:-1], last] if others else [last]


def drawn(found: Scenarios) -> Note:
    """Say how many paths the figures rest on.

    Parameters
    ----------
    found
        As from `run_scenarios`.
    """
    return said("{:path} of seed {:d} each, on the same draws; ± standard error.", found.paths, found.seed)


def titles(found: Scenarios) -> Iterator[Note]:
    """Say what scenarios are that have a title.

    Parameters
    ----------
    found
        As from `run_scenarios`.
    """
    for outcome in found.outcomes[1:]:
        if titles := outcome.scenario.title:
            yield said("{}: {:title}.", outcome.scenario.name, Named(outcome.scenario.name, tuple(titles.items())))


def changes(found: Scenarios, columns: range) -> Figures:
    """Give a table of the base's figures and of what each scenario changes, a line each.

    Parameters
    ----------
    found
        As from `run_scenarios`.
    columns
        Numbers of the measures.
    """
    base, *others = found.outcomes
    own = Row(base.scenario.name, _values(base, columns, found), apart=True)
    rows = (own, *(Row(outcome.scenario.name, _changes(outcome, columns, found)) for outcome in others))
    title = said("Base, and what each scenario changes, in {}", money_in(found.labels))
    return Figures(title, _heads(found, columns), rows, unit=money_name(found.labels))


def failures(found: Scenarios) -> tuple[Note, ...]:
    """Say what did not go.

    Parameters
    ----------
    found
        As from `run_scenarios`.
    """
    return tuple(said("{} failed: {}", outcome.scenario.name, outcome.failed) for outcome in found.failed)


def _without_swings(found: Scenarios) -> Scenarios:
    return found._replace(outcomes=tuple(each for each in found.outcomes if INPUT not in each.scenario.axes))


def table(found: Scenarios) -> Figures:
    """Give one table of all measures.

    Parameters
    ----------
    found
        As from `run_scenarios`.
    """
    return _table(found, range(len(found.measures)))


def listed(planned: Planned, seconds: float) -> Figures:
    """List what would be run: each scenario with what it changes.

    Parameters
    ----------
    planned
        As from `planned_scenarios`.
    seconds
        How long that takes.
    """
    rows = []
    for each in planned.variants:
        own = [f"{change.path}: {yaml_text(plain_of(change.value))}" for change in each.scenario.changes]
        over = [said("over it: {}", str(name.value)) for name in each.scenario.overlays]
        changes: list[Cell] = [*over, *own] or [Note("nothing")]
        rows += [Row(each.scenario.name if not i else "", (change,)) for i, change in enumerate(changes)]
    paths = planned.variants[0].job.paths
    text = "{:scenario} of {:path} take about {} here; with a dataset some {:,d MB} are kept beside it."
    note = said(text, len(planned.variants), paths, lasting(seconds), ceil(planned.disk / 1e6))
    return Figures(Note("What would be run"), (Column(Note("changes"), text=True),), tuple(rows), (note,))


def tornado(found: Scenarios, measure: int = 0) -> Figures:
    """Sort the inputs of a tornado by what their ends make of a measure, the largest swing first.

    Parameters
    ----------
    found
        As from `run_scenarios`.
    measure
        Its number among the measures.
    """
    ends: dict[str, dict[str, Outcome]] = {}
    for outcome in found.outcomes:
        if INPUT in outcome.scenario.axes:
            ends.setdefault(outcome.scenario.axes[INPUT], {})[outcome.scenario.axes[END]] = outcome
    rows = [_swing(name, pair, found, measure) for name, pair in ends.items()]
    rows.sort(key=lambda row: -row[0])
    of, base = found.measures[measure], found.outcomes[0]
    columns = heads("at the low end", "at the high end", "swing")
    note = said(
        "Base: {}. Changes against it on the same draws; inputs in the order of their swing, from end to end.",
        estimate(of, base.values[measure], base.errors[measure]),
    )
    title = said("What moves the {}", head(of))
    title = said("{}, in {}", title, money_in(found.labels)) if of.kind == "money" else title
    tails = ((outcome.scenario.name, outcome.tails[measure]) for outcome in found.outcomes if outcome.tails)
    notes, shown = (note, *thin(tails), *failures(found)), tuple(row for _, row in rows)
    return Figures(title, columns, shown, notes, unit=money_name(found.labels))


def _swing(name: str, ends: Mapping[str, Outcome], found: Scenarios, measure: int) -> tuple[float, Row]:
    """Size of an input's swing, and its row."""
    of, (low, high) = found.measures[measure], (ends[LOW], ends[HIGH])
    assert low.changes is not None and high.changes is not None  # of the base alone there are none
    changes = [said("{:+}", estimate(of, c.value, c.error)) for c in (low.changes[measure], high.changes[measure])]
    swing = found.swings[name][measure]
    size = estimate(of, abs(swing.value), swing.error)
    titles = {language: title.removesuffix(f", {LOW}") for language, title in low.scenario.title.items()}
    named = said("{:title}", Named(name, tuple(titles.items())))
    return (0.0 if isnan(swing.value) else abs(swing.value)), Row(named, (*changes, size))


def _blocks(n: int) -> Iterator[range]:
    for first in range(0, n, _SIDE_BY_SIDE):
        yield range(first, min(first + _SIDE_BY_SIDE, n))


def _table(found: Scenarios, columns: range) -> Figures:
    base, *others = found.outcomes
    rows = [Row(base.scenario.name, _values(base, columns, found), apart=True)]
    for outcome in others:
        rows.append(Row(outcome.scenario.name, _values(outcome, columns, found)))
        rows.append(Row("", _changes(outcome, columns, found)))
    title = said("Scenarios, and what they change against their base, in {}", money_in(found.labels))
    return Figures(title, _heads(found, columns), tuple(rows), unit=money_name(found.labels))


def _heads(found: Scenarios, columns: range) -> tuple[Column, ...]:
    return heads(*(head(found.measures[i]) for i in columns))


def head(measure: Measure) -> Note:
    """Give the head of a measure's column.

    Parameters
    ----------
    measure
        The measure.
    """
    unit, quantity = measure.series
    what = said("{0} {1}", quantity_named(quantity), said(measure.statistic.title, measure.at))
    return what if unit in (PORTFOLIO, SCHEME) else said("{0} {1}", unit, what)


def _values(outcome: Outcome, columns: range, found: Scenarios) -> tuple[Cell, ...]:
    return tuple(estimate(found.measures[i], outcome.values[i], outcome.errors[i]) for i in columns)


def _changes(outcome: Outcome, columns: range, found: Scenarios) -> tuple[Cell, ...]:
    assert outcome.changes is not None  # of the base alone there are none
    changes = ((found.measures[i], outcome.changes[i]) for i in columns)
    return tuple(said("{:+}", estimate(measure, change.value, change.error)) for measure, change in changes)


def estimate(measure: Measure, value: float, error: float) -> Cell:
    """Give a measure, or a change of it: probabilities in per cent.

    Parameters
    ----------
    measure
        What it is.
    value, error
        NaN where undefined.
    """
    pair = defined(value), defined(error)
    return Rate(*pair) if measure.kind == "flag" else Estimate(*pair)
