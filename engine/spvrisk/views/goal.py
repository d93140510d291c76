"""The value that brings a measure to its target, and the values that were tried."""

from collections.abc import Sequence

from spvrisk.experiments.goal import Goal, Tried
from spvrisk.measures.named import Measure
from spvrisk.views.figures import Cell, Column, Estimate, Figures, Rate, Row, defined, said
from spvrisk.views.tails import thin
from spvrisk.views.words import counted, money_name


def goal(found: Goal) -> list[Figures]:
    """Give the answer and the table of what was tried.

    Parameters
    ----------
    found
        As from `seek`.
    """
    measure, rows = found.wanted.measure, tuple(Row(f"{t.x:.7g}", (_at(found, t),)) for t in found.tried)
    note = said(f"{counted(found.paths, 'path')} of seed {found.seed} for each value, on the same draws.")
    notes = (note, *thin(found.tails))
    return [answer(found), Figures("Values of x that were tried", (Column(measure.text),), rows, notes, _unit(found))]


def answer(found: Goal) -> Figures:
    """Say in a sentence what was found.

    Parameters
    ----------
    found
        As from `seek`.
    """
    wanted = found.wanted
    what = (_reading(found), wanted.measure.text, _target(wanted.measure, wanted.target))
    if found.found:
        note = said("{} makes {} {}, with x = {}.", *what, Estimate(found.x, defined(found.error)))
        return Figures("", notes=(note,), unit=_unit(found))
    low, high = f"{wanted.low:g}", f"{wanted.high:g}"
    text = f"With {{}}, no x from {low} to {high} makes {{}} {{}}: it is {{}} at {low} and {{}} at {high}."
    ends = (_at(found, found.tried[0]), _at(found, found.tried[-1]))
    return Figures("", notes=(said(text, *what, *ends),), unit=_unit(found))


def frontier(path: str, found: Sequence[tuple[str, Goal]]) -> Figures:
    """Give the answers for several values of another input.

    Parameters
    ----------
    path
        Of the other input.
    found
        Changes to its values, and what was found with each.
    """
    first = found[0][1]
    target = _target(first.wanted.measure, first.wanted.target)
    rows = tuple(Row(value.partition("=")[2], (Estimate(defined(g.x), defined(g.error)),)) for value, g in found)
    title = f"x of {_reading(first)} that makes {first.wanted.measure.text} {target}"
    note = said(f"{counted(first.paths, 'path')} of seed {first.seed} for each value, on the same draws.")
    return Figures(title, (Column(f"x, by {path}"),), rows, (note,), unit=_unit(first))


def _reading(found: Goal) -> str:
    path, _, value = found.wanted.find.partition("=")
    return f"{path.strip()} = {value.strip()}"


def _unit(found: Goal) -> str:
    return money_name(found.labels) if found.wanted.measure.kind == "money" else ""


def _target(measure: Measure, value: float) -> str:
    return f"{100 * value:g} %" if measure.kind == "flag" else f"{value:,.10g}"


def _at(found: Goal, tried: Tried) -> Cell:
    pair = defined(tried.value), defined(tried.error)
    return Rate(*pair) if found.wanted.measure.kind == "flag" else Estimate(*pair)
