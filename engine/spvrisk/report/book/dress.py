"""Sheets written to a workbook."""

from math import floor
from pathlib import Path
from typing import Any

from spvrisk.exports.library import library
from spvrisk.exports.xlsx_file import close
from spvrisk.report.book.graph import FONT, insert
from spvrisk.report.book.numbers import Number, Series
from spvrisk.report.book.paper import ACROSS, HIGH, page_begins, scale_of
from spvrisk.report.book.sheet import NAMES, NARROW, PIXEL, SPANNED, Placed, Put, Sheet

AUTHOR = "spvrisk report"
"""How a workbook is known that this has written."""

_A4 = 9

_WIDEST_CHART = 960
"""In pixels: wider ones are flat."""

_RULE, _SHADE = "#808080", "#eef2f6"

_LOOKS: dict[str, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 15, "text_wrap": True},
    "question": {"bold": True, "font_color": "#0b4f7d", "text_wrap": True},
    "heading": {"bold": True, "text_wrap": True},
    "key": {"font_size": 12, "text_wrap": True},
    "note": {"text_wrap": True, "font_color": "#404040"},
    "head": {"bold": True, "text_wrap": True, "align": "right", "bottom": 1, "bottom_color": _RULE, "bg_color": _SHADE},
    "words": {"bold": True, "text_wrap": True, "bottom": 1, "bottom_color": _RULE, "bg_color": _SHADE},
    "name": {"text_wrap": True},
    "text": {"text_wrap": True, "align": "left"},
    "body": {"align": "right"},
    "label": {"font_color": "#404040"},
    "total": {"bold": True, "top": 1, "top_color": _RULE},
}
"""Of cells, by what they are for."""


class Book:
    """A workbook that is being written.

    Parameters
    ----------
    path
        File to write to.
    properties
        Of the workbook.
    """

    def __init__(self, path: Path, properties: dict[str, Any]) -> None:
        self._book = library(".xlsx").Workbook(
            path, {"default_format_properties": {"font_name": FONT, "font_size": 10}}
        )
        self._book.set_properties({"author": AUTHOR, **properties})
        self._formats = dict[tuple[str, str], Any]()

    def write(self, sheet: Sheet) -> None:
        """Add a sheet.

        Parameters
        ----------
        sheet
            What is on it.
        """
        target = self._book.add_worksheet(sheet.name)
        self._columns(target, sheet)
        for row in range(sheet.row):
            target.set_row(row, sheet.height(row))
        for put in sheet.cells:
            self._put(target, put)
        for placed in sheet.charts:
            self._data(target, placed)
            insert(self._book, target, placed, min(_WIDEST_CHART, _width(sheet, SPANNED)))
        _arrange(target, sheet)

    def close(self) -> None:
        """Write the file.

        Raises
        ------
        OSError
            It cannot be written.
        """
        close(self._book)

    def _columns(self, target: Any, sheet: Sheet) -> None:
        for column in range(sheet.breadth):
            target.set_column(column, column, _column_width(sheet, column))
        for placed in sheet.charts:
            first = placed.data[1]
            target.set_column(first, first + len(placed.drawing.columns) - 1, NARROW)

    def _put(self, target: Any, put: Put) -> None:
        """Write a cell by its kind: a text is never taken for a formula, a link or a number."""
        content, shape = put.content, ""
        if isinstance(content, Number):
            shape = content.format
        look = self._format(put.role, shape)
        if put.last > put.column:
            target.merge_range(put.row, put.column, put.row, put.last, "", look)
        if isinstance(content, Number):
            target.write_number(put.row, put.column, content.value, look)
        elif content is not None:
            target.write_string(put.row, put.column, content, look)

    def _data(self, target: Any, placed: Placed) -> None:
        """Write the data of a chart: its texts, from which it takes them, then its columns."""
        row, column = placed.data
        for i, text in enumerate((placed.drawing.title, *placed.drawing.labels)):
            if text:
                self._put(target, Put(row, column + i, text, "label", column + i))
        for mould in placed.drawing.moulds:
            if mould.name:
                self._put(target, Put(row + 1, column + mould.y, mould.name, "label", column + mould.y))
        for c, series in enumerate(placed.drawing.columns, start=column):
            self._series(target, series, row + 2, c)

    def _series(self, target: Any, series: Series, row: int, column: int) -> None:
        if series.head:
            self._put(target, Put(row, column, series.head, "head", column))
        for r, content in enumerate(series.cells, start=row + 1):
            self._put(target, Put(r, column, content, "label" if isinstance(content, str) else "body", column))

    def _format(self, role: str, shape: str) -> Any:
        if (role, shape) not in self._formats:
            look = {**_LOOKS[role], "valign": "top", **({"num_format": shape} if shape else {})}
            self._formats[role, shape] = self._book.add_format(look)
        return self._formats[role, shape]


def _column_width(sheet: Sheet, column: int) -> int:
    return sheet.widths.get(column, NAMES if column == 0 else NARROW)


def _width(sheet: Sheet, columns: int) -> int:
    """Of the first columns, in pixels of the usual letters."""
    return sum(7 * _column_width(sheet, column) + 5 for column in range(columns))


def _arrange(target: Any, sheet: Sheet) -> None:
    """Keep heads in sight, on the screen and on paper."""
    row, column = sheet.header or (0, 0)
    target.freeze_panes(row + 1, column + 1)
    target.hide_gridlines(2)
    _print(target, sheet, column)
    if sheet.filtered:
        target.autofilter(*sheet.filtered)


def _print(target: Any, sheet: Sheet, names: int) -> None:
    """Have it printed across; `names` is the last column that is repeated where pages are beside each other."""
    scale = scale_of(sheet, PIXEL * _width(sheet, sheet.breadth))
    target.set_landscape()
    target.set_paper(_A4)
    target.set_print_scale(floor(100 * scale))
    target.set_h_pagebreaks(page_begins(sheet, scale))
    target.set_margins(left=ACROSS, right=ACROSS, top=HIGH, bottom=HIGH)
    target.set_footer("&L&A&R&P / &N")
    target.repeat_rows(sheet.repeated)
    target.repeat_columns(0, names)
    target.print_area(0, 0, max(sheet.row, 1) - 1, sheet.breadth - 1)
