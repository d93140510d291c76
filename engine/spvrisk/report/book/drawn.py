"""Charts as what a spreadsheet draws: columns of data, and series that are made of them."""

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import Literal, NamedTuple

from spvrisk.charts.chart import Axis, Band, Bars, Histogram, Line, Numbers, Panel, Points, Ranges, Reference, Stack
from spvrisk.report.book.numbers import GENERAL, Content, Number, Series, Words, shape_of
from spvrisk.report.looks import FILLS, GREY, LAYERS, PENS
from spvrisk.report.words import decimals
from spvrisk.views.figures import Cell, Note, Text, said

Kind = Literal["bar", "column", "stacked", "area", "scatter"]
"""``bar`` lies beside names, ``stacked`` are columns upon each other."""

DASHES = ("solid", "dash", "round_dot", "dash_dot", "square_dot", "long_dash", "long_dash_dot")
"""Of lines in their order, beside the colours of `spvrisk.report.looks.PENS`."""

_MOST, _NEARLY_ALL = 0.6, 0.95
"""Probabilities above which what lies within is drawn fainter."""

_YEARS = "0.00"
"""Format of years with decimals."""


class Mould(NamedTuple):
    """A series that is drawn.

    Attributes
    ----------
    x, y
        Numbers of its columns.
    colour
        As ``#rrggbb``; empty where only its errors show.
    dash
        One of `DASHES`; empty where points stand alone.
    width
        Of its line, or of its errors, in points.
    below, above
        Numbers of the columns with the lengths of its error bars; None without.
    named
        Whether the legend has it.
    name
        In the legend; empty where it is what stands above its numbers.
    """

    x: int
    y: int
    colour: str
    dash: str = "solid"
    width: float = 2.0
    below: int | None = None
    above: int | None = None
    named: bool = True
    name: str = ""


class Drawing(NamedTuple):
    """A chart that a spreadsheet draws.

    Attributes
    ----------
    kind
        What is drawn.
    title
        Of the panel; empty where there is one alone.
    labels
        Of what is along it, and of what is up; of bars the other way round.
    axes
        The same.
    columns
        Its data.
    moulds
        Series that are made of them.
    base
        Where bars begin.
    told
        What the spreadsheet does not draw.
    """

    kind: Kind
    title: str
    labels: tuple[str, str]
    axes: tuple[Axis, Axis]
    columns: tuple[Series, ...]
    moulds: tuple[Mould, ...]
    base: float = 0.0
    told: tuple[str, ...] = ()


class _Columns:
    """Columns of data as they come together."""

    def __init__(self, words: Words) -> None:
        self.words, self.all = words, list[Series]()

    def add(self, head: Cell, cells: Iterable[Content]) -> int:
        """Add a column, or find one that is the same; give its number."""
        made = Series(self.words(head), tuple(cells))
        if made not in self.all:
            self.all.append(made)
        return self.all.index(made)

    def numbers(self, head: Cell, values: Sequence[float], axis: Axis) -> int:
        """Add a column of numbers on an axis."""
        shape = _shape(axis, values)
        return self.add(head, (Number(value, shape) if isfinite(value) else None for value in values))


def drawing(panel: Panel, words: Words) -> Drawing | None:
    """Give a panel as a spreadsheet draws it; None of one that it cannot draw.

    Parameters
    ----------
    panel
        What is to be drawn.
    words
        Gives texts.
    """
    marks = panel.marks
    if any(isinstance(mark, Histogram) for mark in marks):
        return _columns(panel, words)
    if any(isinstance(mark, Stack) for mark in marks):
        return _areas(panel, words)
    if not panel.y.names:
        return _lines(panel, words)
    return None if panel.x.scale == "date" else _bars(panel, words)


def _made(kind: Kind, panel: Panel, data: _Columns, moulds: Iterable[Mould]) -> Drawing:
    """A drawing; what values lines across the panel have is told, where these are not drawn."""
    words = data.words
    along, up = (words(said("{0}, {1}", axis.label, axis.unit) if axis.unit else axis.label) for axis in panel[:2])
    # what is up stands above, where it can be read across, if nothing else does
    title, up = (words(panel.title), up) if panel.title or kind == "bar" else (up, "")
    across = (mark for mark in panel.marks if isinstance(mark, Reference) and mark.label != "")
    told = [words(mark.label) for mark in across if kind != "scatter"]
    ranges = (mark for mark in panel.marks if isinstance(mark, Ranges))
    told += [words(said("Thin line: {}" if _wide(mark) else "Thick line: {}", mark.name)) for mark in ranges]
    bases = {base for mark in panel.marks if isinstance(mark, Bars) for base in mark.base}
    base = bases.pop() if len(bases) == 1 else 0.0
    return Drawing(kind, title, (along, up), panel[:2], tuple(data.all), tuple(moulds), base, tuple(told))


def _columns(panel: Panel, words: Words) -> Drawing:
    """A histogram as columns, one for each bin of all that are counted."""
    data, counted = _Columns(words), [mark for mark in panel.marks if isinstance(mark, Histogram)]
    edges = sorted({edge for mark in counted for edge in mark.edges})
    bins = list(zip(edges[:-1], edges[1:], strict=True))
    data.numbers(said("{}, from", panel.x.label), [low for low, _ in bins], panel.x)
    data.numbers(said("{}, to", panel.x.label), [high for _, high in bins], panel.x)
    middle = data.numbers(said("{}, middle", panel.x.label), [0.5 * (low + high) for low, high in bins], panel.x)
    moulds = []
    for mark in counted:
        heights = dict(zip(zip(mark.edges[:-1], mark.edges[1:], strict=True), mark.heights, strict=True))
        y = data.numbers(mark.name or panel.y.label, [heights.get(each, float("nan")) for each in bins], panel.y)
        moulds.append(Mould(middle, y, FILLS[mark.role].colour, named=len(counted) > 1))
    return _made("column", panel, data, moulds)


def _areas(panel: Panel, words: Words) -> Drawing:
    """Areas upon each other."""
    data, moulds = _Columns(words), []
    for mark in panel.marks:
        if isinstance(mark, Stack):
            begin, end = panel.x.ends or (mark.x[0], mark.x[-1])
            shown = [k for k, at in enumerate(mark.x) if begin <= at <= end]
            x = data.numbers(panel.x.label, [mark.x[k] for k in shown], panel.x)
            for i, (name, heights) in enumerate(zip(mark.names, mark.heights, strict=True)):
                y = data.numbers(name, [heights[k] for k in shown], panel.y)
                moulds.append(Mould(x, y, LAYERS[i % len(LAYERS)].colour))
    return _made("area", panel, data, moulds)


def _lines(panel: Panel, words: Words) -> Drawing:
    """Lines with their bands, fans and points on two axes of numbers."""
    data, moulds, drawn = _Columns(words), list[Mould](), 0
    for mark in panel.marks:
        if isinstance(mark, Line | Points):
            pen, dash = PENS[drawn % len(PENS)], DASHES[drawn % len(DASHES)] if isinstance(mark, Line) else ""
            x = data.numbers(panel.x.label, mark.x, panel.x)
            y = data.numbers(mark.name or panel.y.label, mark.y, panel.y)
            known = {data.all[mould.y].head for mould in moulds}
            moulds.append(Mould(x, y, pen.colour, dash, named=data.all[y].head not in known))
            for end, values in (("{}, low", mark.low), ("{}, high", mark.high)):
                if values and isinstance(mark, Line):
                    y = data.numbers(said(end, mark.name or panel.y.label), values, panel.y)
                    moulds.append(Mould(x, y, pen.colour, "round_dot", 0.75, named=False))
            drawn += 1
        elif isinstance(mark, Band):
            moulds += _ends(mark, panel, data)
        elif isinstance(mark, Reference) and mark.axis == "y" and mark.label != "":
            x = data.numbers(panel.x.label, _ends_of(panel), panel.x)
            y = data.numbers(mark.label, (mark.at, mark.at), panel.y)
            moulds.append(Mould(x, y, GREY, "dash", 1.0))
    return _made("scatter", panel, data, moulds)


def _ends(band: Band, panel: Panel, data: _Columns) -> list[Mould]:
    """Both ends of a band as lines, the wider the fainter."""
    x = data.numbers(panel.x.label, band.x, panel.x)
    colour = "#9ecae1" if band.within > _NEARLY_ALL else "#56B4E9" if _wide(band) else "#0072B2"
    moulds = []
    for end, values in (("{}, low", band.low), ("{}, high", band.high)):
        y = data.numbers(said(end, band.name), values, panel.y)
        moulds.append(Mould(x, y, colour, "solid", 1.5))
    # one of the two says in the legend what lies between them
    return [moulds[0]._replace(named=False), moulds[1]._replace(name=data.words(band.name))]


def _ends_of(panel: Panel) -> Numbers:
    if panel.x.ends:
        return panel.x.ends
    x = [each for mark in panel.marks if isinstance(mark, Line | Band | Points) for each in mark.x]
    return min(x), max(x)


def _bars(panel: Panel, words: Words) -> Drawing:
    """Bars beside names, with the lengths of their error bars."""
    data, names, moulds = _Columns(words), panel.y.names, list[Mould]()
    x = data.add(panel.y.label, tuple(words(name) or None for name in names))
    points = 0
    for mark in panel.marks:
        if isinstance(mark, Bars):
            # what has no name is the bar of one thing alone
            name = mark.name or names[round(mark.at[0])]
            made = _bar(name, mark.at, mark.value, mark, panel, data)
            moulds.append(made._replace(x=x, colour=FILLS[mark.role].colour))
        elif isinstance(mark, Points):
            colour = (FILLS["high"].colour, FILLS["low"].colour, GREY)[points % 3]
            moulds.append(_bar(mark.name, mark.y, mark.x, mark, panel, data)._replace(x=x, colour=colour))
            points += 1
        elif isinstance(mark, Ranges):
            middle = tuple(0.5 * (low + high) for low, high in zip(mark.low, mark.high, strict=True))
            made = _bar(mark.name, mark.at, middle, mark, panel, data)
            moulds.append(made._replace(x=x, named=False, width=1.0 if _wide(mark) else 4.0))
    return _made("bar", panel, data, moulds)


def _bar(name: Text, at: Numbers, value: Numbers, mark: Bars | Points | Ranges, panel: Panel, data: _Columns) -> Mould:
    """A value at each name, and how far its error reaches below and above."""
    head = name or panel.x.label

    def placed(values: Iterable[float]) -> list[float]:
        found = {round(place): each for place, each in zip(at, values, strict=True)}
        return [found.get(i, float("nan")) for i in range(len(panel.y.names))]

    made = Mould(0, data.numbers(head, placed(value), panel.x), "", named=name != "", width=1.0)
    if not mark.low:
        return made
    below = (max(0.0, each - low) for each, low in zip(value, mark.low, strict=True))
    above = (max(0.0, high - each) for each, high in zip(value, mark.high, strict=True))
    ends = [
        data.numbers(said(way, head), placed(lengths), panel.x)
        for way, lengths in (("{}, error below", below), ("{}, error above", above))
    ]
    return made._replace(below=ends[0], above=ends[1])


def _wide(mark: Band | Ranges) -> bool:
    """Whether most paths lie between its ends, so that it is drawn thin."""
    return mark.within > _MOST


def _shape(axis: Axis, values: Sequence[float]) -> str:
    """Format of the numbers on an axis."""
    if axis.scale == "date":
        return _YEARS
    if axis.percent:
        return shape_of(2, True)
    known = [abs(value) for value in values if isfinite(value)]
    return shape_of(min(decimals(max(known)), 3)) if known and max(known) > 0.0 else GENERAL


def yearly(label: str, years: Sequence[int], by_name: Mapping[str, Sequence[float]], words: Words) -> Drawing:
    """Give columns upon each other, by year.

    Parameters
    ----------
    label
        What is up, with its unit.
    years
        Along it.
    by_name
        For each year a number.
    words
        Gives texts.
    """
    data, up = _Columns(words), Axis(label)
    x = data.add(Note("year"), (Number(year) for year in years))
    ys = [data.numbers(name, values, up) for name, values in by_name.items()]
    moulds = tuple(Mould(x, y, (*LAYERS, *PENS)[i % 7].colour) for i, y in enumerate(ys))
    along = Axis(Note("year"), scale="date")
    return Drawing("stacked", label, (words(Note("year")), ""), (along, up), tuple(data.all), moulds)
