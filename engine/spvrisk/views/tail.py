"""What the worst paths have in common, told and in tables."""

from collections.abc import Iterator
from math import isinf, isnan

from spvrisk.dataset.read import Result
from spvrisk.dataset.variables import has_loss, quantity_of
from spvrisk.measures.tail import CHANCE, Mark, Mean, Part, Tail
from spvrisk.plan.outputs import LOW, PORTFOLIO
from spvrisk.views.exceedance import money_of
from spvrisk.views.figures import Cell, Column, Estimate, Figures, Note, Rate, Row, defined, heads, said
from spvrisk.views.words import clock_named, measured_in, money_in, output_in_words, quantity_named, unit_named

_TOLD = 6
"""Marks that are told in words."""

_SHOWN = 20
"""Marks of the table; JSON has all."""

_OPENING = {
    "": "The worst {:g %} by {}: {:,d} of {:path}, on average {} against {} on the others.",
    "low": "The worst {:g %} by {}, the lowest: {:,d} of {:path}, on average {} against {} on the others.",
    "high": "The worst {:g %} by {}, the highest: {:,d} of {:path}, on average {} against {} on the others.",
}
"""First sentence, by the side that was looked at."""


def tail(found: Tail) -> list[Figures]:
    """Give the page: what tells most in words, the table of all that tells, and the projects.

    Parameters
    ----------
    found
        As from `spvrisk.measures.tail.tail`.
    """
    return [told(found), marks(found), *([parts(found)] if found.parts else [])]


def told(found: Tail, titled: bool = False) -> Figures:
    """Say what tells the worst paths from the others, what tells most first.

    Parameters
    ----------
    found
        As of `tail`.
    titled
        Whether the quantity is said in words, and not as the grammar of measures writes it.
    """
    whose = output_in_words(found.result.labels, found.of) if titled else _whose(found)
    notes = [said(_OPENING[_ends(found)], 100.0 * found.share, whose, found.n_worst, found.n_paths, *_averages(found))]
    if found.tied:
        notes.append(said("{:path} more have the value of the last of them.", found.tied))
    best = _shown(found)[:_TOLD]
    notes += [_sentence(found.result, mark)._replace(indent=2) for mark in best]
    return Figures(Note("What the worst paths have in common"), notes=(*notes, *_limits(found)))


def _whose(found: Tail) -> str:
    """The quantity as the grammar of measures writes it."""
    unit, quantity = found.of
    return quantity if unit == PORTFOLIO else f"{unit}/{quantity}"


def _ends(found: Tail) -> str:
    """The side that was looked at; empty where nobody doubts it."""
    return "" if found.side == quantity_of(*found.of, found.result.labels).bad == LOW else found.side


def _averages(found: Tail) -> tuple[Cell, Cell]:
    """Means on the worst paths, with their unit, and on the others."""
    measured = None if isnan(found.worst.value) else measured_in(found.result.labels, found.of)
    worst = _average(found.worst)
    return worst if measured is None else said("{} {}", worst, measured), _average(found.others)


def _shown(found: Tail) -> list[Mark]:
    """What tells; of outcomes and states those that the worst paths have more often: the others have less for it."""
    return [mark for mark in found.marks if mark.telling and not (_is_state(mark) and mark.shift < 0.0)]


def _is_state(mark: Mark) -> bool:
    return mark.kind in ("outcome", "final_state")


def _limits(found: Tail) -> Iterator[Note]:
    """What was looked at, and what cannot be said."""
    if found.n_paths < found.result.n_paths:
        yield said("On {:path} it is undefined: these are left out.", found.result.n_paths - found.n_paths)
    telling = sum(mark.telling for mark in found.marks)
    looked = "{:,d} candidates were looked at, {:,d} of them differ by more than chance (together at {:g %})."
    yield said(looked, len(found.marks), telling, 100.0 * CHANCE)
    if not found.result.input_names:
        yield said("The result keeps no inputs by path: add e.g. inputs.cost_multiple to output.paths.")


def _sentence(result: Result, mark: Mark) -> Note:
    """A mark in words."""
    name = _name(result, mark)
    if mark.is_share:
        ratio, error = mark.times
        if ratio != ratio:
            return said("{}: on {} of them against {}.", name, *_cells(mark)[:2])
        text = "{}: on {} of them against {}, {} times as often."
        return said(text, name, *_cells(mark)[:2], Estimate(ratio, error))
    here, there = mark.worst.median, mark.others.median
    if here > 0.0 and there > 0.0 and abs(here / there - 1.0) > 0.05:
        return said("{}: {:.2f} times the others' (median {} against {}).", name, here / there, here, there)
    text = "{}: higher (median {} against {})." if mark.shift > 0.0 else "{}: lower (median {} against {})."
    return said(text, name, here, there)


def _name(result: Result, mark: Mark) -> Note:
    """``smr: cost multiple``; of outcomes and states ``deal_2029 = lapsed``."""
    if _is_state(mark):
        quantity = f"{mark.kind}_{mark.unit}"
        text = "{} = {} at the end" if mark.kind == "final_state" else "{} = {}"
        return said(text, clock_named(result, quantity), clock_named(result, quantity, mark.name))
    return said("{}: {}", unit_named(result.labels, mark.unit), quantity_named(mark.name))


def marks(found: Tail) -> Figures:
    """Give all that tells, in the order of the standardised shift."""
    shown = _shown(found)
    columns = (*heads("worst", "others"), Column(Note("shift"), "+"))
    rows = tuple(Row(_name(found.result, mark), _cells(mark)) for mark in shown[:_SHOWN])
    notes = [
        Note(
            "Means ± standard error of the paths as they are; the error of an expected shortfall also has the chance "
            "of where the tail begins. Shift: difference of the means in standard deviations of all paths."
        )
    ]
    if len(shown) > _SHOWN:
        notes.append(said("{:,d} more tell: see --json.", len(shown) - _SHOWN))
    return Figures(Note("What tells the worst paths from the others"), columns, rows, tuple(notes))


def _cells(mark: Mark) -> tuple[Cell, ...]:
    kind = Rate if mark.is_share else Estimate
    means = tuple(kind(defined(mean.value), defined(mean.error)) for mean in (mark.worst, mark.others))
    return (*means, Estimate(defined(mark.shift), defined(mark.shift_error)))


def parts(found: Tail) -> Figures:
    """Give what projects have of the quantity on the worst paths, by their part of the difference."""
    labels, (_, quantity) = found.result.labels, found.of
    columns = heads("worst", "others", "part of the difference")
    rows = [Row(unit_named(labels, part.project), _part(part)) for part in found.parts]
    together = (_estimate(found.worst), _estimate(found.others), Rate(1.0, 0.0))
    whole = Row(unit_named(labels, PORTFOLIO), together, apart=True)
    title = said("Which projects lose, {}", money_in(labels))
    if not has_loss(quantity):
        title = said(
            "Which projects make the {}, {}", quantity_named(quantity), measured_in(found.result.labels, found.of)
        )
    return Figures(title, columns, (*rows, whole), unit=money_of(found.result, found.of))


def _part(part: Part) -> tuple[Cell, ...]:
    return _estimate(part.worst), _estimate(part.others), Rate(defined(part.share), defined(part.share_error))


def _average(mean: Mean) -> Estimate | Note:
    """Of finite values; of none it never comes to pass."""
    return Note("never") if isinf(mean.median) and isnan(mean.value) else _estimate(mean)


def _estimate(mean: Mean) -> Estimate:
    return Estimate(defined(mean.value), defined(mean.error))
