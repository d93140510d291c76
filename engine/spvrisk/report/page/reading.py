"""What is drawn in a panel as a table: what a reader has who does not see it, and what is told of a place in it."""

from collections.abc import Iterator
from datetime import date, timedelta
from math import isfinite, isnan, nan
from typing import NamedTuple

import numpy as np

from spvrisk.charts.chart import (
    Axis,
    Band,
    Bars,
    Cells,
    Histogram,
    Line,
    Mark,
    Numbers,
    Panel,
    Points,
    Ranges,
    Reference,
    Stack,
)
from spvrisk.measures.intervals import error_of_interval
from spvrisk.views.figures import Cell, Estimate, Note, Range, Text, defined, said, share_of

_POINTS = 60
"""Places at which lines are read that have no points in common."""


class Place(NamedTuple):
    """A row: what there is at a place.

    Attributes
    ----------
    at
        The place, on the axis along which a panel is read.
    name
        What it is called.
    cells
        Of each column.
    """

    at: float
    name: Cell
    cells: tuple[Cell, ...]


class Reading(NamedTuple):
    """A panel as a table.

    Attributes
    ----------
    title
        What the panel shows, where there are several.
    along
        What its places are.
    columns
        What stands above the cells.
    places
        Rows.
    beside
        What is told once, as of lines across the panel.
    """

    title: Text
    along: Text
    columns: tuple[Text, ...]
    places: tuple[Place, ...]
    beside: tuple[Text, ...]


class _Column(NamedTuple):
    """Cells by place."""

    head: Text
    cells: dict[float, Cell]


def reading(panel: Panel) -> Reading:
    """Read a panel: along y where that has names, else along x. A cloud of points is left out.

    Parameters
    ----------
    panel
        What is drawn.
    """
    marks = _together(panel.marks)
    columns = [column for mark in marks for column in _columns(mark, panel) if column.cells]
    axis = panel.y if panel.y.names else panel.x
    names = {at: name for mark in marks for at, name in _bins(mark, axis)}
    at = sorted({place for column in columns for place in column.cells})
    places = (
        Place(each, names.get(each) or in_words(axis, each), tuple(column.cells.get(each, "") for column in columns))
        for each in at
    )
    beside = tuple(mark.label for mark in panel.marks if isinstance(mark, Reference) and mark.label != "")
    return Reading(panel.title, axis.label, tuple(c.head for c in columns), tuple(places), beside)


def in_words(axis: Axis, at: float) -> Cell:
    """Name a place.

    Parameters
    ----------
    axis
        On which it is.
    at
        The place.
    """
    if axis.names:
        name = axis.names[round(at)]
        return name if name != "" else None
    return _figure(axis, at)


def _columns(mark: Mark, panel: Panel) -> Iterator[_Column]:
    """What a mark has at its places."""
    x, y = panel.x, panel.y
    match mark:
        case Line():
            yield _Column(
                mark.name or y.label, dict(zip(mark.x, _figures(y, mark.y, mark.low, mark.high), strict=True))
            )
        case Band():
            yield _Column(mark.name, dict(zip(mark.x, _ranges(y, mark.low, mark.high), strict=True)))
        case Stack():
            for name, heights in zip(mark.names, mark.heights, strict=True):
                yield _Column(name, dict(zip(mark.x, _figures(y, heights), strict=True)))
        case Histogram():
            head = said("{}, {}", y.label, mark.name) if mark.name else y.label
            yield _Column(head, dict(zip(_middles(mark), _figures(y, mark.heights), strict=True)))
        case Bars():
            cells = mark.texts or _figures(x, mark.value, mark.low, mark.high)
            yield _Column(mark.name or x.label, dict(zip(mark.at, cells, strict=True)))
        case Ranges():
            yield _Column(mark.name, dict(zip(mark.at, _ranges(x, mark.low, mark.high), strict=True)))
        case Points() if not mark.many:
            yield _Column(mark.name or (x if y.names else y).label, dict(_of_points(mark, panel)))
        case Cells():
            yield from _of_cells(mark, y)


def _of_points(mark: Points, panel: Panel) -> Iterator[tuple[float, Cell]]:
    """Figures of points; beside names each belongs to the nearest."""
    at, axis, values = (mark.y, panel.x, mark.x) if panel.y.names else (mark.x, panel.y, mark.y)
    figures = tuple(_figures(axis, values, mark.low, mark.high))
    for i, (place, figure) in enumerate(zip(at, figures, strict=True)):
        told: Cell = mark.texts[i] if mark.texts else figure
        if mark.texts and axis.scale == "date":
            told = said("{}: {}", figure, told)
        yield (float(round(place)) if panel.y.names else place), told


def _of_cells(mark: Cells, y: Axis) -> Iterator[_Column]:
    """A column for each row of cells, read along x."""
    middles = [0.5 * (a + b) for a, b in zip(mark.x[:-1], mark.x[1:], strict=True)]
    for row, ends in enumerate(zip(mark.y[:-1], mark.y[1:], strict=True)):
        texts = mark.texts[row] if mark.texts else tuple(mark.values[row])
        yield _Column(said("{} to {}", *(_figure(y, end) for end in ends)), dict(zip(middles, texts, strict=True)))


def _bins(mark: Mark, axis: Axis) -> Iterator[tuple[float, Note]]:
    """Names of places that are between two edges."""
    edges = mark.edges if isinstance(mark, Histogram) else mark.x if isinstance(mark, Cells) else ()
    for a, b in zip(edges[:-1], edges[1:], strict=True):
        yield 0.5 * (a + b), said("{} to {}", _figure(axis, a), _figure(axis, b))


def _middles(mark: Histogram) -> list[float]:
    return [0.5 * (a + b) for a, b in zip(mark.edges[:-1], mark.edges[1:], strict=True)]


def _figures(axis: Axis, values: Numbers, low: Numbers = (), high: Numbers = ()) -> Iterator[Cell]:
    for i, value in enumerate(values):
        yield _figure(axis, value, *((low[i], high[i]) if low else ()))


def _figure(axis: Axis, value: float, low: float = nan, high: float = nan) -> Cell:
    """A number on an axis, with its error if there is one."""
    if isnan(value):
        return None
    if axis.scale == "date":
        return _month(value)
    if axis.percent:
        return said("{:.2%}", value) if isnan(low) or value < 0.0 else share_of(value, low, high)
    return value if isnan(low) else Estimate(value, defined(error_of_interval(low, high)))


def _ranges(axis: Axis, low: Numbers, high: Numbers) -> Iterator[Cell]:
    for a, b in zip(low, high, strict=True):
        if axis.percent or axis.scale == "date":
            yield said("{} to {}", _figure(axis, a), _figure(axis, b))
        else:
            yield Range(defined(a), defined(b))


def _month(year: float) -> str:
    """A year with decimals as ``2031-06``, by the day that it ends with."""
    if not isfinite(year):
        return str(year)
    first = date(int(year), 1, 1)
    days = (date(int(year) + 1, 1, 1) - first).days
    return f"{first + timedelta(days=round((year - int(year)) * days)):%Y-%m}"


def _together(marks: tuple[Mark, ...]) -> tuple[Mark, ...]:
    """The marks of a panel, its lines read at common places where they have none."""
    lines = [mark for mark in marks if isinstance(mark, Line) and len(mark.x) > 1]
    if len({mark.x for mark in lines}) < 2:
        return marks
    ends = min(mark.x[0] for mark in lines), max(mark.x[-1] for mark in lines)
    places = tuple(np.linspace(*ends, _POINTS).tolist())
    return tuple(_read_at(mark, places) if isinstance(mark, Line) and len(mark.x) > 1 else mark for mark in marks)


def _read_at(line: Line, places: Numbers) -> Line:
    """A line at other places: between its points on a straight line, and nothing beyond its ends."""

    def between(values: Numbers) -> Numbers:
        return tuple(np.interp(places, line.x, values, left=nan, right=nan).tolist()) if values else ()

    return line._replace(x=places, y=between(line.y), low=between(line.low), high=between(line.high))
