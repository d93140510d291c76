"""A sheet before it is written: what stands in which cell, and where charts go."""

from collections.abc import Iterable
from math import ceil
from typing import Literal, NamedTuple

from rich.cells import cell_len

from spvrisk.report.book.drawn import Drawing
from spvrisk.report.book.numbers import Content, Number

Role = Literal["title", "question", "heading", "head", "words", "name", "total", "text", "body", "label", "note", "key"]
"""What a cell is for; a dress makes it look so."""

NAMES, NARROW, WIDEST, WIDE = 36, 12, 60, 45
"""Widths of columns in characters: of the first, the least of others; and the most of the first and of others."""

SPANNED = 8
"""Columns that a sentence takes, and a chart."""

PIXEL, LINE = 0.75, 14.25
"""A pixel and a line, in points: not as high as usual, which is not written, so that each program has its own."""

_LONGEST = 32_767
"""Characters of a cell."""


class Put(NamedTuple):
    """A cell; it takes further columns up to `last`."""

    row: int
    column: int
    content: Content
    role: Role
    last: int


class Placed(NamedTuple):
    """A chart: where it stands, how many rows it takes, and the first cell of its data."""

    row: int
    rows: int
    drawing: Drawing
    title: str
    data: tuple[int, int]


class Sheet:
    """A sheet that is filled from the top to the bottom.

    Parameters
    ----------
    name
        On its tab.
    """

    def __init__(self, name: str) -> None:
        self.name, self.row = name, 0
        self.cells, self.charts = list[Put](), list[Placed]()
        self.heights, self.widths = dict[int, float](), dict[int, int]({0: NAMES})
        self.header: tuple[int, int] | None = None
        """Last row and last column of the heads of its only table, and what stands above."""
        self.filtered: tuple[int, int, int, int] | None = None
        """First and last row and column of its only table."""
        self.tied = set[int]()
        """Rows that are on the page of the row above them."""

    @property
    def breadth(self) -> int:
        """Columns that it takes."""
        return max(SPANNED, *(put.column + 1 for put in self.cells))

    @property
    def repeated(self) -> int:
        """Row that stands above each page: the heads of its only table, else its title."""
        return 0 if self.header is None else self.header[0]

    def height(self, row: int) -> float:
        """Height of a row, in points.

        Parameters
        ----------
        row
            Its number.
        """
        return self.heights.get(row, LINE)

    def keep(self, first: int) -> None:
        """Keep what has been put since a row on one page.

        Parameters
        ----------
        first
            The row.
        """
        self.tied.update(range(first + 1, self.row))

    def put(self, column: int, content: Content, role: Role, last: int | None = None) -> None:
        """Put something into a cell of the present row; what is nothing leaves it empty.

        Parameters
        ----------
        column
            Of the cell.
        content, role
            What, and what for.
        last
            The last column that it takes.
        """
        if content is None or content == "":
            return
        if isinstance(content, str):
            content = content[:_LONGEST]
        self.cells.append(Put(self.row, column, content, role, column if last is None else last))

    def sentence(self, text: str, role: Role = "note", indent: int = 0) -> None:
        """Put a sentence into a row of its own, which is as high as it needs.

        Parameters
        ----------
        text, role
            As of `put`.
        indent
            Characters by which it is set in.
        """
        self.put(0, " " * indent + text, role, last=SPANNED - 1)
        room = NAMES + (SPANNED - 1) * NARROW
        lines = _lines(text, round(room * (0.85 if role in ("title", "question", "key") else 0.95)))
        self.heights[self.row] = LINE * lines * (1.6 if role == "title" else 1.25 if role == "key" else 1.0)
        self.row += 1
        if role in ("heading", "question"):
            self.tied.update((self.row, self.row + 1))

    def widen(self, column: int, head: str, texts: Iterable[Content], folded: bool) -> None:
        """Make a column wide enough.

        Parameters
        ----------
        column
            Its number.
        head
            What stands above it, in two lines if it must.
        texts
            What is in it.
        folded
            Whether long texts are folded, so that it may be less wide than they are.
        """
        # words of letters stay whole, others are broken anywhere
        lengths = [*map(len, filter(str.isascii, head.split())), cell_len(head) // 2]
        lengths += [cell_len(each) if isinstance(each, str) else _length(each) for each in texts if each is not None]
        needed = min(max(lengths) + 2, (WIDE if column else WIDEST) if folded else NARROW + 7)
        self.widths[column] = max(self.widths.get(column, NARROW), needed)

    def fold(self, row: int, column: int, text: str) -> None:
        """Make a row high enough for a text in a column.

        Parameters
        ----------
        row, column
            Of the cell.
        text
            What is in it.
        """
        lines = _lines(text, self.widths.get(column, NARROW))
        if lines > 1:
            self.heights[row] = max(self.heights.get(row, 0.0), LINE * min(lines, 26))


def _lines(text: str, width: int) -> int:
    """Lines that a text takes, more or less: letters are narrower than the digits by which columns are measured."""
    wide = cell_len(text) - len(text)
    return max(1, ceil((0.85 * (len(text) - wide) + 2.1 * wide) / width))


def _length(number: Number) -> int:
    """Characters of a number as it is shown, more or less."""
    whole = f"{number.value:,.0f}"
    return len(whole) + number.format.count("0") + number.format.count("+")
