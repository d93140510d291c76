"""Tables as CSV: UTF-8, commas, a header, a line for each row; written without any other package.

What is undefined is empty. What is infinite is ``inf``: of its spellings the one that most readers take for a number
(pandas, polars, R, Octave and Arrow do, DuckDB unless a column begins with it).
"""

import csv
from datetime import date
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np

from spvrisk.catalogue import phrase
from spvrisk.exports.table import Column, Data, Table
from spvrisk.files import Kind

_LINE_END = "\n"

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


def csv_kind(table: Table) -> Kind:
    """How a CSV file is known that may be replaced: by its header.

    Parameters
    ----------
    table
        What is to be written.
    """
    header = (",".join(column.name for column in table.columns) + _LINE_END).encode()

    def known(path: Path) -> bool:
        with path.open("rb") as file:
            return file.read(len(header)) == header

    return Kind(phrase("a table {} that export wrote", table.name), known)


def write_csv(path: Path, table: Table) -> None:
    """Write a table as CSV.

    Parameters
    ----------
    path
        File to write to, which is there already.
    table
        What to write.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator=_LINE_END)
        writer.writerow(column.name for column in table.columns)
        for batch in table.batches():
            cells = (_cells(column, data) for column, data in zip(table.columns, batch, strict=True))
            writer.writerows(zip(*cells, strict=True))


def _cells(column: Column, data: Data) -> list[Any]:
    if isinstance(data, list):
        return [_word(item) for item in data]
    cells: list[Any] = data.tolist()
    odd = ~np.isfinite(data) if data.dtype.kind == "f" else data < 0
    for i in np.flatnonzero(odd):
        cells[i] = _odd(cells[i])
    return cells


def _word(item: str | date | None) -> str:
    if isinstance(item, str):
        # names begin with letters; those of a file that someone has forged need not
        return f"'{item}" if item.startswith(_FORMULA) else item
    return "" if item is None else item.isoformat()


def _odd(number: float) -> str:
    """A number that is not finite, or a whole one that is undefined."""
    if isinstance(number, int) or isnan(number):
        return ""
    return "inf" if number > 0 else "-inf"
