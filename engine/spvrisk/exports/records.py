"""What is between a result's tables and those of other programs: records, which become long or wide tables.

A long table has a row for each number, which databases and plots like; a wide one a row for each record, which people
like who read it in a spreadsheet.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from math import nan
from typing import Any, NamedTuple

import numpy as np

from spvrisk.exports.table import DATE, TEXT, Batch, Column, Data, Table

_AT_A_TIME = 1 << 16
"""Rows of a batch."""

_VALUE = Column("value", "<f8", "value, in the unit of the row")
_MEASURED_IN = Column("measured_in", TEXT, "unit of the value")
_PROBABILITY = "probability"


class Cell(NamedTuple):
    """A number of a record.

    Attributes
    ----------
    name
        Of the statistic, or of the flow.
    value
        NaN where it is undefined.
    measured_in
        Its unit.
    probability
        That of a quantile, or level of a risk measure; None where there is none.
    """

    name: str
    value: float
    measured_in: str
    probability: float | None = None


class Record(NamedTuple):
    """Numbers that belong together.

    Attributes
    ----------
    keys
        What they are of, by key column; None where a key does not apply.
    measured_in
        Unit of those of them that have that of the quantity.
    cells
        The numbers.
    """

    keys: tuple[str | date | int | None, ...]
    measured_in: str
    cells: tuple[Cell, ...]


class Layout(NamedTuple):
    """How records become a table.

    Attributes
    ----------
    name
        Of the table.
    keys
        Columns of the keys.
    cell
        Column of the cells' names in a long table.
    with_probability
        Whether a long table has a column of probabilities.
    order
        Names of cells, in the order that their columns have in a wide table.
    """

    name: str
    keys: tuple[Column, ...]
    cell: Column
    with_probability: bool
    order: tuple[str, ...]


def long_table(layout: Layout, records: Sequence[Record]) -> Table:
    """Give a table with a row for each number.

    Parameters
    ----------
    layout, records
        How, and of what.
    """
    meaning = "that of a quantile, or level of a risk measure; empty of any other statistic"
    of_cell = (layout.cell, *([Column(_PROBABILITY, "<f8", meaning)] if layout.with_probability else []))
    columns = (*layout.keys, *of_cell, _VALUE, _MEASURED_IN)

    def rows() -> Iterator[tuple[Any, ...]]:
        for record in records:
            for cell in record.cells:
                own = (cell.probability,) if layout.with_probability else ()
                yield (*record.keys, cell.name, *own, cell.value, cell.measured_in)

    return _of_rows(layout.name, columns, sum(len(record.cells) for record in records), rows)


def wide_table(layout: Layout, records: Sequence[Record]) -> Table:
    """Give a table with a row for each record, and a column for each statistic, quantile and level.

    Parameters
    ----------
    layout, records
        How, and of what.
    """
    found = {(cell.name, cell.probability) for record in records for cell in record.cells}
    places = sorted(found, key=lambda place: (layout.order.index(place[0]), place[1] or 0.0))
    # the quantity's unit stands in its own column: most statistics have it
    columns = (*layout.keys, _MEASURED_IN, *(Column(_head(*place), "<f8", _head(*place)) for place in places))

    def rows() -> Iterator[tuple[Any, ...]]:
        for record in records:
            values = {(cell.name, cell.probability): cell.value for cell in record.cells}
            yield (*record.keys, record.measured_in, *(values.get(place, nan) for place in places))

    return _of_rows(layout.name, columns, len(records), rows)


def _head(name: str, probability: float | None) -> str:
    return name if probability is None else f"{name} {probability:g}"


def _of_rows(name: str, columns: tuple[Column, ...], n_rows: int, rows: Any) -> Table:
    def batches() -> Iterator[Batch]:
        part: list[tuple[Any, ...]] = []
        for row in rows():
            part.append(row)
            if len(part) == _AT_A_TIME:
                yield _turned(columns, part)
                part = []
        if part:
            yield _turned(columns, part)

    return Table(name, columns, n_rows, batches)


def _turned(columns: tuple[Column, ...], rows: list[tuple[Any, ...]]) -> Batch:
    """Rows as columns."""
    return [_data(column, list(data)) for column, data in zip(columns, zip(*rows, strict=True), strict=True)]


def _data(column: Column, data: list[Any]) -> Data:
    if column.type in (TEXT, DATE):
        return data
    # None is NaN in a float array
    return np.array(data, float).astype(column.type)
