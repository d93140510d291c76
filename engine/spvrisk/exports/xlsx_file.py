"""Tables as a workbook: a sheet for each, and two that say what is in them."""

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from math import isinf, isnan
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from spvrisk.catalogue import phrase
from spvrisk.errors import InputError, Problem, argument
from spvrisk.exports.library import library
from spvrisk.exports.table import DATE, TEXT, Table
from spvrisk.exports.units import Term
from spvrisk.files import Kind

MOST_ROWS = 1_048_575
"""Rows of a sheet below its header."""

INFINITE = "infinite"
"""What stands where a number is infinite: sheets have no such number, and an error value would spoil every sum over
the column, where a word is passed over."""

_AUTHOR = "spvrisk"

_NOTES = (
    ("empty cell", "undefined, or a statistic that the quantity does not have"),
    (INFINITE, "never, of a time in years: sheets have no infinite number"),
    ("measured_in", "unit of the values; counts n are paths, probabilities p and skewness have none"),
)

_OF_UNITS = (("where", 24), ("name", 36), ("meaning", 90), ("measured_in", 14))
_OF_ABOUT = (("name", 24), ("value", 90))
"""Columns of the other sheets, and their widths in characters."""

_WIDTHS = {TEXT: 24, DATE: 12}
_WIDTH = 14


def untouched(path: Path, author: str) -> bool:
    """Whether a workbook is as it was written: a program that saves it again sets another date.

    Parameters
    ----------
    path
        Of any file.
    author
        Who wrote it.
    """
    try:
        with zipfile.ZipFile(path) as book:
            core = ElementTree.fromstring(book.read("docProps/core.xml"))
    except (OSError, KeyError, zipfile.BadZipFile, ElementTree.ParseError):
        return False
    found = {part.tag.rpartition("}")[2]: part.text for part in core}
    ours = found.get("creator") == found.get("lastModifiedBy") == author
    return ours and found.get("created") == found.get("modified")


XLSX = Kind(
    phrase("a workbook that export wrote and nobody has saved since"),
    lambda path: untouched(path, _AUTHOR),
    phrase("an edited or another file"),
)


def write_xlsx(path: Path, tables: Sequence[Table], terms: Iterable[Term], facts: dict[str, str | float]) -> None:
    """Write tables as a workbook.

    Parameters
    ----------
    path
        File to write to.
    tables
        What to write, a sheet each.
    terms
        Words of the tables, for the sheet ``units``.
    facts
        What the result is, for the sheet ``about``.

    Raises
    ------
    InputError
        A table has more rows than a sheet.
    OSError
        The file cannot be written.
    """
    _check_rows(tables)
    writer = library(".xlsx")
    # row by row, so that a long table need not fit into memory
    book = writer.Workbook(path, {"constant_memory": True})
    made = datetime.fromisoformat(str(facts["created"]))
    # the result's date and not today's: the same result gives the same bytes
    book.set_properties({"author": _AUTHOR, "title": facts["title"], "created": made})
    formats = (book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"}))
    for table in tables:
        heads = [(column.name, _WIDTHS.get(column.type, _WIDTH)) for column in table.columns]
        # keys stay in sight
        fixed = sum(column.type in _WIDTHS for column in table.columns)
        _write_sheet(book.add_worksheet(table.name), heads, fixed, _rows(table), formats)
    _write_sheet(book.add_worksheet("units"), _OF_UNITS, 0, terms, formats)
    _write_sheet(book.add_worksheet("about"), _OF_ABOUT, 0, [*facts.items(), *_NOTES], formats)
    close(book)


def close(book: Any) -> None:
    """Write a workbook to its file.

    Parameters
    ----------
    book
        Of XlsxWriter.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    try:
        book.close()
    except library(".xlsx").exceptions.FileCreateError as error:
        raise OSError(*error.args[0].args) from error


def _check_rows(tables: Sequence[Table]) -> None:
    for table in tables:
        if table.n_rows > MOST_ROWS:
            rule, remedy = phrase("a sheet has at most {:,} rows", MOST_ROWS), "write .parquet or .csv"
            raise InputError(Problem(argument("out"), table.name, rule, f"{table.n_rows:,}", remedy))


def _rows(table: Table) -> Iterator[tuple[Any, ...]]:
    for batch in table.batches():
        columns = (_cells(data) for data in batch)
        yield from zip(*columns, strict=True)


def _cells(data: Any) -> list[Any]:
    if isinstance(data, list):
        return data
    cells: list[Any] = data.tolist()
    return cells if data.dtype.kind == "f" else [None if number < 0 else number for number in cells]


def _write_sheet(
    sheet: Any,
    heads: Sequence[tuple[str, int]],
    fixed: int,
    rows: Iterable[Sequence[Any]],
    formats: tuple[Any, Any],
) -> None:
    """Write heads, which have a width, and rows; the first `fixed` columns stay in sight."""
    bold, day = formats
    for c, (_, width) in enumerate(heads):
        sheet.set_column(c, c, width)
    sheet.freeze_panes(1, fixed)
    for c, (head, _) in enumerate(heads):
        sheet.write_string(0, c, head, bold)
    r = 0
    for r, row in enumerate(rows, start=1):
        for c, item in enumerate(row):
            _write(sheet, r, c, item, day)
    sheet.autofilter(0, 0, r, len(heads) - 1)


def _write(sheet: Any, r: int, c: int, item: str | float | date | None, day: Any) -> None:
    """Write a cell by its kind: a text is never taken for a formula, a link or a number."""
    if isinstance(item, str):
        sheet.write_string(r, c, item)
    elif isinstance(item, date):
        sheet.write_datetime(r, c, datetime(item.year, item.month, item.day), day)
    elif item is None or isnan(item):
        pass
    elif isinf(item):
        sheet.write_string(r, c, INFINITE if item > 0 else f"-{INFINITE}")
    else:
        sheet.write_number(r, c, item)
