"""The value that brings a measure to its target, and the values that were tried."""

from collections.abc import Sequence

from spvrisk.experiments.goal import Goal, Tried
from spvrisk.measures.named import Measure
from spvrisk.views.figures import Cell, Column, Estimate, Figures, Note, Rate, Row, defined, heads, said
from spvrisk.views.tails import thin
from spvrisk.views.words import money_name


def goal(found: Goal) -> list[Figures]:
    """Give the answer and the table of what was tried.

    Parameters
    ----------
    found
        As from `seek`.
    """
    measure, rows = found.wanted.measure, tuple(Row(f"{t.x:.7g}", (_at(found, t),)) for t in found.tried)
    table = Figures(Note("Values of x that were tried"), (Column(measure.text),), rows, unit=_unit(found))
    return [answer(found), table._replace(notes=(_drawn(found), *thin(found.tails)))]


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
    text = "With {0}, no x from {3} to {4} makes {1} {2}: it is {5} at {3} and {6} at {4}."
    ends = (f"{wanted.low:g}", f"{wanted.high:g}", _at(found, found.tried[0]), _at(found, found.tried[-1]))
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
    title = said("x of {} that makes {} {}", _reading(first), first.wanted.measure.text, target)
    return Figures(title, heads(said("x, by {}", path)), rows, (_drawn(first),), unit=_unit(first))


def _drawn(found: Goal) -> Note:
    return said("{:path} of seed {:d} for each value, on the same draws.", found.paths, found.seed)


def _reading(found: Goal) -> str:
    path, _, value = found.wanted.find.partition("=")
    return f"{path.strip()} = {value.strip()}"


def _unit(found: Goal) -> str:
    return money_name(found.labels) if found.wanted.measure.kind == "money" else ""


def _target(measure: Measure, value: float) -> Cell:
    return said("{:g %}", 100.0 * value) if measure.kind == "flag" else f"{value:,.10g}"


def _at(found: Goal, tried: Tried) -> Cell:
    pair = defined(tried.value), defined(tried.error)
    return Rate(*pair) if found.wanted.measure.kind == "flag" else Estimate(*pair)
