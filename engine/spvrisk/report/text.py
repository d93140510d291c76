"""Figures as people read them in a terminal."""

import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, Literal, NamedTuple

from rich.box import SIMPLE_HEAD, Box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.padding import Padding
from rich.styled import Styled
from rich.table import Table
from rich.text import Text

from spvrisk.report.encoding import shown_in
from spvrisk.report.words import readable, sentence, shown
from spvrisk.views.figures import Figures

HEADED = Box(str(SIMPLE_HEAD), ascii=True)
"""Lines under heads, also where the stream has no such lines: `shown_in` finds their like, rich another form."""

WIDTH = 100
"""Columns where the output is no terminal."""

_GAP = 2
"""Columns between two columns of a table."""

_LEAST = 8
"""Columns that a figure has in any case, with its sign and thousands."""

_WORDS, _FIGURES = re.compile(r"\s+"), re.compile(r" (?=\()")
"""Where words may be broken, and figures: before the interval of a probability alone."""


class _Console(Console):
    """A console whose cells are as wide as what its encoding makes of them."""

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(shown_in(text, self.encoding), **options)


def show(figures: Iterable[Figures], width: int | None = None) -> None:
    """Print a page on stdout; where that is a file or a pipe it has a fixed width.

    Parameters
    ----------
    figures
        Tables and sentences, in their order.
    width
        In columns; None = that of the terminal, or `WIDTH`.
    """
    made = _console(width)
    (made if width is not None or made.is_terminal else _console(WIDTH)).print(page(figures))


def written(figures: Iterable[Figures], width: int = WIDTH) -> str:
    """Give a page as text, without what only a terminal shows.

    Parameters
    ----------
    figures
        Tables and sentences, in their order.
    width
        In columns.
    """
    console = _Console(highlight=False, markup=False, emoji=False, width=width, file=io.StringIO())
    with console.capture() as caught:
        console.print(page(figures))
    return "".join(f"{line.rstrip()}\n" for line in caught.get().splitlines())


def _console(width: int | None) -> Console:
    return _Console(highlight=False, markup=False, emoji=False, width=width)


def page(figures: Iterable[Figures]) -> RenderableType:
    """Give figures below each other.

    Parameters
    ----------
    figures
        Tables and sentences, in their order.
    """
    blocks = [list(_block(readable(each))) for each in figures]
    return Group(*(item for i, block in enumerate(blocks) for item in ([""] if i else []) + block))


def _block(figures: Figures) -> Iterator[RenderableType]:
    if figures.title:
        yield Styled(figures.title, "bold")
    if figures.columns:
        yield _DRESSES[figures.shape](figures)
    for note in figures.notes:
        yield Padding(sentence(note), (0, 0, 0, note.indent)) if note.indent else sentence(note)


class _Line(NamedTuple):
    """A row in words."""

    cells: tuple[str, ...]
    bold: bool
    ends: bool
    """Whether a space follows."""


def _lines(figures: Figures) -> Iterator[_Line]:
    """Rows in words, heads of their groups among them."""
    forms = [column.form for column in figures.columns]
    for head, group in groupby(figures.rows, lambda row: row.head):
        rows = list(group)
        if head and not figures.names:
            yield _Line((head,), True, False)
        for i, row in enumerate(rows):
            name = "  " + row.name if head and not figures.names else row.name
            beside = ("" if i else head,) if figures.names else ()
            cells = (shown(cell, form) for cell, form in zip(row.cells, forms, strict=True))
            last = i == len(rows) - 1
            yield _Line((*beside, name, *cells), row.apart, last if head else row.apart or _apart(rows, i + 1))


def _apart(rows: Sequence[Any], i: int) -> bool:
    return i < len(rows) and rows[i].apart


def _facts(figures: Figures) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0), pad_edge=figures.shape == "record")
    for _ in range(1 + max((len(row.cells) for row in figures.rows), default=0)):
        grid.add_column(overflow="fold")
    for row in figures.rows:
        grid.add_row(row.name, *map(shown, row.cells))
    return grid


class _Column(NamedTuple):
    """A column in words.

    Attributes
    ----------
    place
        Its number in the lines.
    head
        What stands above it.
    left
        Whether it holds words.
    natural, least
        Columns of the screen that it takes, and that it needs at least: a figure is never broken from its error.
    """

    place: int
    head: str
    left: bool
    natural: int
    least: int


class _Table(NamedTuple):
    """A table of figures as wide as the screen; columns for which there is no room go to a table below."""

    figures: Figures

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        yield from _Laid(self.figures, console.encoding).tables(options.max_width)


class _Laid:
    """A table whose columns are as wide as their texts are in an encoding: a stand-in may be longer than its sign."""

    def __init__(self, figures: Figures, encoding: str) -> None:
        lines = _lines(figures)
        self._lines = [line._replace(cells=tuple(shown_in(cell, encoding) for cell in line.cells)) for line in lines]
        heads = ["", figures.names] if figures.names else [""]
        self._stubs = [self._stub(k, shown_in(head, encoding), left=k == 0) for k, head in enumerate(heads)]
        columns, whole = enumerate(figures.columns, len(heads)), figures.shape == "list"
        self._columns = [self._column(k, shown_in(c.head, encoding), c.text, whole) for k, c in columns]

    def tables(self, width: int) -> Iterator[RenderableType]:
        """The table in as many parts as the screen's width asks for."""
        for i, columns in enumerate(self._parts(width)):
            if i:
                yield ""
            yield self._made(columns, width)

    def _texts(self, place: int, head: str) -> list[str]:
        return [head, *(line.cells[place] for line in self._lines if len(line.cells) > place)]

    def _stub(self, place: int, head: str, left: bool) -> _Column:
        """Names of the rows, or of their groups."""
        width = max(map(cell_len, self._texts(place, head)))
        return _Column(place, head, left, width, width)

    def _column(self, place: int, head: str, left: bool, whole: bool) -> _Column:
        texts, breaks = self._texts(place, head), _WORDS if left else _FIGURES
        cells = texts[1:] if whole else [piece for text in texts[1:] for piece in breaks.split(text)]
        pieces = [*head.split(), *cells]
        natural, least = (max(_LEAST, *map(cell_len, some)) for some in (texts, [*pieces, ""]))
        return _Column(place, head, left, natural, least)

    def _parts(self, width: int) -> Iterator[list[_Column]]:
        """As many columns together as there is room for."""
        part = list(self._stubs)
        for column in self._columns:
            if len(part) > len(self._stubs) and _taken(c.least for c in (*part, column)) > width:
                yield part
                part = list(self._stubs)
            part.append(column)
        yield part

    def _made(self, columns: list[_Column], width: int) -> Table:
        table = Table(header_style="", box=HEADED, show_edge=False, pad_edge=False, collapse_padding=True)
        for column, room in zip(columns, _widths(columns, width), strict=True):
            justify: Literal["left", "right"] = "left" if column.left else "right"
            table.add_column(column.head, justify=justify, width=room, overflow="fold")
        for line in self._lines:
            cells = (line.cells[c.place] for c in columns if c.place < len(line.cells))
            table.add_row(*cells, style="bold" if line.bold else "", end_section=line.ends)
        return table


def _taken(widths: Iterable[int]) -> int:
    """Columns of the screen that a table takes."""
    each = list(widths)
    return sum(each) + _GAP * (len(each) - 1)


def _widths(columns: list[_Column], width: int) -> list[int]:
    """Widths of a table's columns: where the screen is narrow, the widest that can be narrower is so.

    Where even the least is too much, as of long names in one column, the widest is folded.
    """
    widths = [column.natural for column in columns]
    while _taken(widths) > width:
        free = [k for k, column in enumerate(columns) if widths[k] > column.least]
        widest = max(free or range(len(widths)), key=widths.__getitem__)
        if widths[widest] == 1:
            break
        widths[widest] -= 1
    return widths


_DRESSES: dict[str, Callable[[Figures], RenderableType]] = {
    "table": _Table,
    "list": _Table,
    "facts": _facts,
    "record": _facts,
}
