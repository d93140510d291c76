"""Drawings as charts of a spreadsheet, which take all their texts and numbers from cells."""

from math import ceil, floor, log10
from typing import Any

from spvrisk.charts.chart import Axis
from spvrisk.report.book.drawn import Drawing, Mould
from spvrisk.report.book.numbers import GENERAL, Number, shape_of
from spvrisk.report.book.sheet import LINE, PIXEL, Placed
from spvrisk.report.looks import GREY, INK, PALE
from spvrisk.report.words import decimals

_KINDS = {
    "bar": {"type": "bar"},
    "column": {"type": "column"},
    "stacked": {"type": "column", "subtype": "stacked"},
    "area": {"type": "area", "subtype": "stacked"},
    "scatter": {"type": "scatter", "subtype": "straight"},
}
_RIM = 4
"""What is left free of the first and of the last row of a chart, in pixels."""

FONT = "Arial"
"""Of all that is written: columns are as wide as its digits ask for, on every machine."""

_FONT = {"name": FONT, "size": 9, "color": INK}


def insert(book: Any, target: Any, placed: Placed, width: int) -> None:
    """Draw a chart on a sheet.

    Parameters
    ----------
    book, target
        Workbook and sheet of XlsxWriter, with the chart's data.
    placed
        What is drawn, and where.
    width
        In pixels.
    """
    drawing = placed.drawing
    chart = book.add_chart(_KINDS[drawing.kind])
    refer = _Cells(target.name, placed)
    for mould in drawing.moulds:
        chart.add_series(_series(mould, drawing, refer))
    chart.set_title({"name": refer.text(0), "name_font": {**_FONT, "size": 11}} if drawing.title else {"none": True})
    chart.set_x_axis(_along(drawing, refer))
    chart.set_y_axis(_up(drawing, refer))
    hidden = [i for i, mould in enumerate(drawing.moulds) if not mould.named]
    shown = len(drawing.moulds) - len(hidden)
    if shown > 1 or (drawing.kind == "scatter" and shown):
        chart.set_legend({"position": "bottom", "delete_series": hidden, "font": _FONT})
    else:
        chart.set_legend({"none": True})
    chart.show_blanks_as("gap")
    chart.set_size({"width": width, "height": placed.rows * LINE / PIXEL - 2 * _RIM})
    target.insert_chart(placed.row, 0, chart, {"description": placed.title, "object_position": 2, "y_offset": _RIM})


class _Cells:
    """Where a chart's data are, as XlsxWriter takes it: no text of the study is near a formula."""

    def __init__(self, sheet: str, placed: Placed) -> None:
        self._sheet, self._drawing = sheet, placed.drawing
        self._row, self._column = placed.data

    def text(self, number: int) -> list[Any]:
        """Title, and what is along and up."""
        return [self._sheet, self._row, self._column + number]

    def head(self, column: int) -> list[Any]:
        """What stands above a column."""
        return [self._sheet, self._row + 2, self._column + column]

    def name(self, column: int) -> list[Any]:
        """What a series is called in the legend, where that is not what stands above its numbers."""
        return [self._sheet, self._row + 1, self._column + column]

    def numbers(self, column: int) -> list[Any]:
        """A column."""
        first, c = self._row + 3, self._column + column
        return [self._sheet, first, c, first + len(self._drawing.columns[column].cells) - 1, c]

    def range(self, column: int) -> str:
        """A column, as files have it."""
        sheet, first, c, last, _ = self.numbers(column)
        quoted = sheet.replace("'", "''")
        return f"'{quoted}'!{_cell(first, c)}:{_cell(last, c)}"


def _cell(row: int, column: int) -> str:
    letters, column = "", column + 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"${letters}${row + 1}"


def _series(mould: Mould, drawing: Drawing, refer: _Cells) -> dict[str, Any]:
    found: dict[str, Any] = {"categories": refer.numbers(mould.x), "values": refer.numbers(mould.y)}
    if mould.name:
        found["name"] = refer.name(mould.y)
    elif drawing.columns[mould.y].head:
        found["name"] = refer.head(mould.y)
    if drawing.kind == "scatter":
        found |= _line(mould)
    else:
        found["fill"] = {"color": mould.colour} if mould.colour else {"none": True}
        found["border"] = {"color": "#ffffff", "width": 0.5} if mould.colour else {"none": True}
        found |= {"gap": 0 if drawing.kind == "column" else 40}
        if drawing.kind in ("bar", "column"):
            found["overlap"] = 100 if _share_places(drawing) else 0
    if mould.below is not None and mould.above is not None:
        found["y_error_bars"] = _errors(mould, drawing, refer)
    return found


def _line(mould: Mould) -> dict[str, Any]:
    if not mould.dash:
        marker = {"type": "circle", "size": 6, "fill": {"color": mould.colour}, "border": {"color": "#ffffff"}}
        return {"line": {"none": True}, "marker": marker}
    line = {"color": mould.colour, "width": mould.width, "dash_type": mould.dash}
    return {"line": line, "marker": {"type": "none"}}


def _share_places(drawing: Drawing) -> bool:
    """Whether bars stand in one another's place, rather than beside one another."""
    beside = [mould for mould in drawing.moulds if mould.colour]
    at = [[i for i, each in enumerate(drawing.columns[mould.y].cells) if each is not None] for mould in beside]
    together = len({i for own in at for i in own}) == sum(map(len, at))
    return together or drawing.base != 0.0 or len(beside) < len(drawing.moulds)


def _errors(mould: Mould, drawing: Drawing, refer: _Cells) -> dict[str, Any]:
    below, above = mould.below or 0, mould.above or 0
    return {
        "type": "custom",
        "minus_values": refer.range(below),
        "minus_data": _plain(drawing, below),
        "plus_values": refer.range(above),
        "plus_data": _plain(drawing, above),
        "end_style": 1 if mould.colour else 0,
        "line": {"color": INK if mould.colour else GREY, "width": mould.width},
    }


def _plain(drawing: Drawing, column: int) -> list[float]:
    return [each.value if isinstance(each, Number) else 0.0 for each in drawing.columns[column].cells]


def _along(drawing: Drawing, refer: _Cells) -> dict[str, Any]:
    """The axis along the bottom."""
    axis, found = drawing.axes[0], _named(drawing.labels[0], refer.text(1))
    match drawing.kind:
        case "bar":
            return found | _numbers(drawing, axis, 0) | (_about(drawing) if drawing.base else {})
        case "scatter":
            return found | _numbers(drawing, axis, 0) | {"label_position": "low"}
    size = len(drawing.columns[drawing.moulds[0].x].cells)
    form = "0" if axis.scale == "date" else _shape(_values(drawing, 0))
    every = max(1, round(size / 10))
    ticks = {"num_format": form, "interval_unit": every, "interval_tick": every}
    # LibreOffice knows of no intervals, but leaves out what has no room where it is aslant
    return found | ticks | {"label_position": "low", "num_font": {**_FONT, "rotation": -45}}


def _about(drawing: Drawing) -> dict[str, Any]:
    """Ends of an axis on which bars begin at a base other than 0, such that they fill it."""
    ends = [drawing.base]
    for mould in drawing.moulds:
        ends += [each.value for each in drawing.columns[mould.y].cells if isinstance(each, Number)]
    low, high = min(ends), max(ends)
    step = 0.2 * 10.0 ** floor(log10((high - low) or 1.0))
    return {"crossing": drawing.base, "min": step * floor(low / step), "max": step * ceil(high / step)}


def _up(drawing: Drawing, refer: _Cells) -> dict[str, Any]:
    """The axis at the left."""
    axis, found = drawing.axes[1], _named(drawing.labels[1], refer.text(2))
    if drawing.kind == "bar":
        # the first name on top, and the numbers at the bottom nevertheless
        return found | {"reverse": True, "crossing": "max", "label_position": "low", "interval_unit": 1}
    top = {"min": 0.0, "max": 1.0} if drawing.kind == "area" and axis.percent else {}
    return found | _numbers(drawing, axis, 1) | top


def _named(label: str, cell: list[Any]) -> dict[str, Any]:
    return {"num_font": _FONT, **({"name": cell, "name_font": {**_FONT, "bold": False}} if label else {})}


def _numbers(drawing: Drawing, axis: Axis, which: int) -> dict[str, Any]:
    """An axis of numbers."""
    found: dict[str, Any] = {"major_gridlines": {"visible": True, "line": {"color": PALE, "width": 0.5}}}
    values = _values(drawing, which)
    if axis.scale == "date" and values:
        first, last = axis.ends or (min(values), max(values))
        every = 10 if last - first > 25 else 5 if last - first > 10 else 1
        return found | {"num_format": "0", "min": floor(first), "max": ceil(last), "major_unit": every}
    if axis.scale == "log" and values:
        first, last = axis.ends or (min(values), max(values))
        # whole powers of ten: other ends put the ticks at odd places
        found |= {"log_base": 10, "min": 10.0 ** floor(log10(first)), "max": 10.0 ** ceil(log10(last))}
    return found | {"num_format": "0%" if axis.percent else _shape(values)}


def _values(drawing: Drawing, which: int) -> list[float]:
    """All that is drawn along, or up; of bars, along is what they measure."""
    ends = [mould.y if which or drawing.kind == "bar" else mould.x for mould in drawing.moulds]
    cells = (each for column in ends for each in drawing.columns[column].cells)
    return [each.value for each in cells if isinstance(each, Number)]


def _shape(values: list[float]) -> str:
    """Format of an axis' ticks: a tenth of its numbers' size must show."""
    largest = max(map(abs, values), default=0.0)
    return shape_of(max(0, decimals(largest) - 1)) if largest > 0.0 else GENERAL
