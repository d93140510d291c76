"""What is not known: the range of each measure over the uncertain inputs, and which of them explain it."""

from math import isnan
from typing import NamedTuple

import numpy as np

from spvrisk.dataset.read import Result
from spvrisk.dataset.uncertainty import UncertainInput, UncertaintyTable
from spvrisk.measures.knowledge import Explained, Point, probability_below
from spvrisk.measures.named import Measure
from spvrisk.measures.unknown import RANGE, Unknown, explained_by, unknown, unknowns
from spvrisk.plan.outputs import NPV
from spvrisk.views.figures import (
    Cell,
    Estimate,
    Figures,
    Named,
    Note,
    Range,
    Rate,
    Row,
    Share,
    defined,
    heads,
    said,
)
from spvrisk.views.scenarios import estimate, head
from spvrisk.views.words import amount, joined, money_in, money_name, percent, tail_name

MEAN = f"{NPV}:mean"

_MOSTLY, _MATTERS, _BY_CHANCE = 3, 0.1, 0.001
"""How many inputs a sentence names; the share of what is not known from which it names one, and the probability of so
much by chance up to which it does."""

_NONE = Note(
    "Nothing is told of what is not known: there were no outer runs, or a condition is given, and they are of all."
)


class _Input(NamedTuple):
    """An uncertain input with what it explains of a measure."""

    about: UncertainInput
    drawn: np.ndarray
    of_mean: Explained
    of_tail: Explained | None


def committee(result: Result) -> Figures:
    """The range over what is not known, how much of what varies that is, and what it is mostly about, in sentences."""
    table = result.uncertainty
    if table is None:
        return Figures("", notes=(_NONE,))
    found, labels = unknown(result, table, MEAN), result.labels
    if not found.knowledge.variance.value > 0.0:
        text = "{:d} draws of {:d} inputs tell no lack of knowledge from chance: take more paths for each (inner)."
        return Figures("", notes=(said(text, table.outer, len(table.inputs)),), unit=money_name(labels))
    low, _, high = (amount(labels, Estimate(point.value, None)) for point in found.over)
    known = Rate(*map(defined, found.knowledge.share))
    text = (
        "Over what is held possible of {:d} inputs, the funder's net present value is on average between {} and {} "
        "in 90 % of {:d} draws; {} of the variance of the value itself is lack of knowledge{}."
    )
    mostly = _mostly(table)
    about = said(", mostly about {}", mostly) if mostly else Note("")
    notes = [said(text, len(table.inputs), low, high, table.outer, known, about)]
    i = table.measures.index(MEAN)
    below = _share(probability_below(table.values[:, i], table.errors[:, i]))
    own = amount(labels, Estimate(defined(found.base), defined(found.base_error)))
    text = "It is a loss on average in {} of the draws. At the study's own values it is {}: that error is chance alone."
    notes.append(said(text, below, own))
    return Figures("", notes=tuple(notes), unit=money_name(labels))


def _share(found: Point) -> Cell:
    """A probability with its interval, where one is told."""
    if isnan(found.low):
        return said("{:.0%}", defined(found.value))
    return Share(found.value, found.low, found.high)


def uncertainty(result: Result) -> Figures:
    """Each measure at the study's own values and over the uncertain inputs, and how much of it is lack of knowledge."""
    table, labels = result.uncertainty, result.labels
    if table is None:
        return Figures("", notes=(_NONE,))
    rows = []
    for found in unknowns(result, table):
        base = _own(found)
        known = Rate(*map(defined, found.knowledge.share))
        over = tuple(_plain(found.measure, point) for point in found.over)
        rows.append(Row(head(found.measure), (base, *over, None if isnan(found.knowledge.share.value) else known)))
    columns = heads("own values", *map(percent, RANGE), "not known")
    text = (
        "{:d} draws of {:d} inputs, {:,} paths each; their Monte Carlo error is taken off the range, but not of "
        "quantiles and values at risk. Not known: of the variance of the value itself, what would go if the inputs "
        "were known."
    )
    notes = (said(text, table.outer, len(table.inputs), table.inner), *committee(result).notes)
    title = said("What is not known: measures over the uncertain inputs, {}", money_in(labels))
    return Figures(title, columns, tuple(rows), notes, money_name(labels))


def _own(found: Unknown) -> Cell:
    """A measure at the study's own values; of quantiles the tables have no errors."""
    if isnan(found.base_error):
        return _plain(found.measure, Point(found.base, found.base, found.base))
    return estimate(found.measure, found.base, found.base_error)


def inputs(result: Result) -> Figures:
    """Each uncertain input: from where to where it is drawn, and what it explains of the mean and of the tail."""
    table, labels = result.uncertainty, result.labels
    if table is None:
        return Figures("", notes=(_NONE,))
    tail = _tail(table)
    level = tail.rpartition("@")[2]
    own = [said("of the worst {}", tail_name(level))] if tail else []
    columns = heads("5 to 95 % of draws", "of the mean", "slope", *own)
    rows = tuple(_row(each) for each in _inputs(table, tail))
    text = (
        "Of what is not known of the mean, and of the mean of the worst paths: what would go if the input were known, "
        "with what moves with it. Slope: standard deviations of the mean by one of the input's, all others held."
    )
    title = Note("What explains it: the uncertain inputs")
    return Figures(title, columns, rows, (Note(text),), money_name(labels))


def _row(each: _Input) -> Row:
    low, high = (float(x) for x in np.quantile(each.drawn, [0.05, 0.95]))
    of = [each.of_mean, *([each.of_tail] if each.of_tail else [])]
    first, *others = (Rate(*map(defined, found.first)) for found in of)
    slope = Estimate(*map(defined, each.of_mean.slope))
    return Row(said("{:title}", named(each.about)), (Range(low, high), first, slope, *others))


def named(about: UncertainInput) -> Named:
    """Name an uncertain input by its titles.

    Parameters
    ----------
    about
        The input.
    """
    return Named(about.name, tuple(about.title.items()))


def _inputs(table: UncertaintyTable, tail: str) -> list[_Input]:
    """Inputs, those first that explain most of the mean."""
    of_mean = explained_by(table, MEAN)
    of_tail = explained_by(table, tail) if tail else [None] * len(of_mean)
    found = [_Input(*each) for each in zip(table.inputs, table.drawn.T, of_mean, of_tail, strict=True)]
    return sorted(found, key=lambda each: -np.nan_to_num(each.of_mean.first.value))


def _tail(table: UncertaintyTable) -> str:
    """The shortfall that reaches farthest into the tail; empty where none is told of all runs."""
    of_tail = [name for i, name in enumerate(table.measures) if name.startswith(f"{NPV}:es@") and _whole(table, i)]
    return of_tail[-1] if of_tail else ""


def _whole(table: UncertaintyTable, i: int) -> bool:
    return bool(np.isfinite(table.values[:, i]).all() and np.isfinite(table.errors[:, i]).all())


def _mostly(table: UncertaintyTable) -> Note | None:
    """The inputs that explain most of what is not known of the mean."""
    matter = [each for each in _inputs(table, "")[:_MOSTLY] if _matters(each.of_mean)]
    if not matter:
        return None
    shares = [
        said("{:title} ({:.0%})", named(each.about), min(max(each.of_mean.first.value, 0.0), 1.0)) for each in matter
    ]
    return joined(shares)


def _matters(found: Explained) -> bool:
    """Whether a sentence may name an input: it explains much, and not by chance."""
    return found.first.value >= _MATTERS and found.p_value < _BY_CHANCE


def _plain(measure: Measure, point: Point) -> Cell:
    """A figure without its error: probabilities in per cent."""
    value = defined(point.value)
    return said("{:.1%}", value) if measure.kind == "flag" and value is not None else value
