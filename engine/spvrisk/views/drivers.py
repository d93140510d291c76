"""Drivers of measures: what inputs of one run tell of them, and what groups of draws have of them."""

from collections.abc import Iterable, Iterator
from math import isnan

from spvrisk.experiments.inputs_by_path import FINAL_STATE, INPUT, OUTCOME, InputsByPath, Seen
from spvrisk.experiments.redraws import Redrawn, Redraws
from spvrisk.experiments.scenarios import Scenarios
from spvrisk.measures.drivers import Decomposed
from spvrisk.measures.sensitivity import Index
from spvrisk.measures.tail import CHANCE
from spvrisk.plan.names import Labels
from spvrisk.views.figures import Cell, Column, Estimate, Figures, Note, Rate, Row, Text, defined, heads, said
from spvrisk.views.scenarios import changes, drawn, failures
from spvrisk.views.tails import thin
from spvrisk.views.words import clock_named, money_in, quantity_named, unit_named, unit_titled

_SHOWN = 10
"""Inputs of a measure, and groups of a kind; JSON has all."""

_KINDS = {
    "group": Note("by cause"),
    "ruling": Note("rulings and elections"),
    "regime": Note("regimes"),
    "factor": Note("factors"),
    "offtaker": Note("offtakers"),
    "project": Note("projects"),
    "own": Note("groups"),
}


_CAUSES = {
    "factors": Note("factors"),
    "overruns": Note("overruns"),
    "delays": Note("delays"),
    "rulings and elections": Note("rulings and elections"),
    "offtakers": Note("offtakers"),
    "contracts": Note("contracts"),
    "availability": Note("availability"),
    "decisions": Note("decisions"),
    "terms": Note("terms"),
    "the insurer's book": Note("the insurer's book"),
    "arrivals": Note("arrivals"),
}


def drivers(found: InputsByPath) -> list[Figures]:
    """Give the page: a table for each measure.

    Parameters
    ----------
    found
        As from `spvrisk.experiments.inputs_by_path`.
    """
    return [by_input(found, i) for i in range(len(found.decomposed))]


def by_input(found: InputsByPath, i: int = 0) -> Figures:
    """Give the inputs that tell most of a measure.

    Parameters
    ----------
    found
        As of `drivers`.
    i
        Number of the measure.
    """
    telling = found.telling(i)
    has_tail = not isnan(found.decomposed[i].threshold)
    columns = (*heads("explains"), *([Column(Note("shift in the tail"), "+")] if has_tail else []))
    columns = (*columns, Column(Note("rank correlation"), "+"))
    rows = tuple(Row(input_named(seen, found), _cells(seen, i, has_tail)) for seen in telling[:_SHOWN])
    notes = (_meaning(found.decomposed[i]), *_looked(found, i, has_tail))
    title = said("What drives {}, by the inputs of the run", found.decomposed[i].measure.text)
    return Figures(title, columns, rows, notes)


def input_named(seen: Seen, found: InputsByPath, titled: bool = False) -> Text:
    """Name an input in words, with what it is of.

    Parameters
    ----------
    seen
        The input.
    found
        As of `drivers`.
    titled
        Whether titles stand in the place of names.
    """
    labels, quantity = found.result.labels, f"{seen.kind}_{seen.unit}"
    if seen.kind == INPUT:
        of = unit_titled(labels, seen.unit) if titled else unit_named(labels, seen.unit)
        return said("{}: {}", of, quantity_named(seen.name))
    name = clock_named(found.result, quantity)
    return said("{} at the end", name) if seen.kind == FINAL_STATE else name


def _cells(seen: Seen, i: int, has_tail: bool) -> tuple[Cell, ...]:
    rank = None if isnan(seen.ranks[i].value) else Estimate(*seen.ranks[i])
    if not has_tail:
        return _rate(seen.told[i].first), rank
    mark = seen.marks[i]
    shift = None if mark is None else Estimate(defined(mark.shift), defined(mark.shift_error))
    return _rate(seen.told[i].first), shift, rank


def _rate(index: Index) -> Rate:
    return Rate(defined(index.value), defined(index.error))


def _meaning(each: Decomposed) -> Note:
    """What is decomposed."""
    name, at = each.measure.statistic.name, each.measure.at
    if isnan(each.threshold):
        return Note("Parts of the variance, ± standard error.")
    if name == "quantile":
        return said("Parts of what decides whether a path is beyond the quantile {}, ± standard error.", at)
    worst = 100.0 * (1.0 - float(at))
    return said("Parts of what decides whether a path is one of the worst {:g} %, ± standard error.", worst)


def _looked(found: InputsByPath, i: int, has_tail: bool) -> Iterator[Note]:
    """What was looked at, and how to read it."""
    yield Note("Explains: what goes once the input is known.")
    if has_tail:
        yield Note("Shift in the tail: the input's mean there less its mean elsewhere, in standard deviations.")
    for regime, event in found.same:
        names = (clock_named(found.result, f"{FINAL_STATE}_{regime}"), clock_named(found.result, f"{OUTCOME}_{event}"))
        yield said("{} at the end says the same as {}, and is left out.", *names)
    telling = len(found.telling(i))
    text = "{:,d} inputs were looked at, {:,d} of them tell more than chance would have it (together at {:g %})."
    yield said(text, len(found.rows), telling, 100.0 * CHANCE)
    if telling > _SHOWN:
        yield said("{:,d} more tell: see --json.", telling - _SHOWN)
    yield said(
        "Inputs that go together share what they explain, and what is not kept by path is not here: the same "
        "command on the study draws each cause anew."
    )


BY_ITSELF = Note(
    "By itself: what goes once the group is known. With others: what stays as long as it alone is unknown."
)
"""How indices of groups are read."""


def redraws(found: Redraws) -> list[Figures]:
    """Give the page: a table for each measure.

    Parameters
    ----------
    found
        As from `spvrisk.experiments.redraws.run_redraws`.
    """
    return [by_redraw(found, i) for i in range(len(found.decomposed))]


def by_redraw(found: Redraws, i: int = 0) -> Figures:
    """Give what groups of draws have of a measure, those that have most first.

    Parameters
    ----------
    found
        As of `redraws`.
    i
        Number of the measure.
    """
    rows, quiet = list[Row](), 0
    for kind, head in _KINDS.items():
        own = sorted((row for row in found.rows if row.group.kind == kind), key=lambda row: -_size(row.total[i]))
        moving = [row for row in own if _size(row.total[i]) > 0.0]
        quiet += len(own) - len(moving)
        rows += [Row(cause_named(row, found.labels), _both(row, i), head) for row in moving[:_SHOWN]]
    notes = [
        _meaning(found.decomposed[i]),
        BY_ITSELF,
        Note("One group after the other is drawn anew, and nothing else moves."),
        said("{:path} of seed {:d} each.", found.paths, found.seed),
    ]
    notes += beyond(found.rows, i)
    notes.append(Note("Of the inputs of a run others may lead: docs/drivers.md says why."))
    if quiet:
        notes.append(said("{:,d} groups change nothing at all.", quiet))
    title = said("What drives {}, by drawing anew", found.decomposed[i].measure.text)
    return Figures(title, heads("by itself", "with others"), tuple(rows), tuple(notes))


def beyond(rows: Iterable[Redrawn], i: int) -> list[Note]:
    """Say why indices of a measure lie beyond what a share can be, where some do.

    Parameters
    ----------
    rows
        Groups that are shown.
    i
        Number of the measure.
    """
    found = any(row.first[i].value < 0.0 or row.total[i].value > 1.0 for row in rows)
    return [Note("What lies below 0 or above 100 % does so by sampling error.")] if found else []


def _size(index: Index) -> float:
    return 0.0 if isnan(index.value) else index.value


def cause_named(row: Redrawn, labels: Labels) -> Text:
    """Name a group of draws in words.

    Parameters
    ----------
    row, labels
        The group, and labels of the study.
    """
    name, kind = row.group.name, row.group.kind
    if kind == "project":
        return unit_named(labels, name)
    return _CAUSES[name] if kind == "group" else name


def _both(row: Redrawn, i: int) -> tuple[Cell, ...]:
    return _rate(row.first[i]), _rate(row.total[i])


def known(found: Scenarios) -> Figures:
    """Give what it would change to know inputs.

    Parameters
    ----------
    found
        As from `spvrisk.experiments.known`, run.
    """
    table = changes(found, range(len(found.measures)))
    base, *others = table.rows
    title = said("What it would change to know an input, in {}", money_in(found.labels))
    notes = (said("Each is fixed at its mean."), drawn(found), *thin(found.tails), *failures(found))
    return table._replace(title=title, rows=(base._replace(name=Note("as it is")), *others), notes=notes)
