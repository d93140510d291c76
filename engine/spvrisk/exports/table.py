"""Tables as every format takes them: columns with names, kinds and units, and rows batch by batch."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, NamedTuple

from numpy.typing import NDArray

TEXT, DATE = "text", "date"
"""Types of columns that do not hold numbers."""

Data = NDArray[Any] | list[str | None] | list[date | None]
"""Some rows of a column. A number that is undefined is NaN, a whole one negative; a text or date that is not there is
None."""

Batch = list[Data]
"""Some rows of a table, by column."""


class Column(NamedTuple):
    """A column.

    Attributes
    ----------
    name
        What stands above it.
    type
        `TEXT`, `DATE`, or the NumPy type of its numbers, such as ``<f8``.
    meaning
        What it holds, in words.
    measured_in
        Its unit; empty where the table has a column that tells it row by row, or where there is none.
    """

    name: str
    type: str
    meaning: str
    measured_in: str = ""


class Table(NamedTuple):
    """A table.

    Attributes
    ----------
    name
        As the option ``--table`` has it.
    columns
        Its columns.
    n_rows
        How many rows it has.
    batches
        Gives all rows, from the first on, whenever it is called.
    """

    name: str
    columns: tuple[Column, ...]
    n_rows: int
    batches: Callable[[], Iterator[Batch]]
