"""Figures as people read them in a terminal."""

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, Literal, NamedTuple

from rich.box import SIMPLE_HEAD, Box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType
from rich.table import Table
from rich.text import Text

from spvrisk.report.encoding import has_wide_lines, shown_in
from spvrisk.report.lines import SPACE, phrases, wrapped
from spvrisk.report.words import headed, sentence, shown, title_of, worded
from spvrisk.views.figures import Figures, Note

HEADED = Box(str(SIMPLE_HEAD), ascii=True)
"""Lines under heads, also where the stream has no such lines: `shown_in` finds their like, rich another form."""

_NARROW = Box(str(SIMPLE_HEAD).replace("─", "-"), ascii=True)
"""The same where lines would be too wide."""

WIDTH = 100
"""Columns where the output is no terminal."""

_GAP = 2
"""Columns between two columns of a table."""

_LEAST = 8
"""Columns that a figure has in any case, with its sign and thousands."""

_TITLE_LINES, _FOLDED = 2, 0.34
"""Lines that a title may take beside its name, and part of the titles that may take more than one."""

_FACT = 20
"""Columns down to which facts, and their names, are broken between words alone."""

_IN_FIGURES = re.compile(r" (?!\()")
"""Spaces at which a figure is not broken: all but that before the interval of a probability."""


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
    console = _console(width, io.StringIO())
    with console.capture() as caught:
        console.print(page(figures))
    return "".join(f"{line.rstrip()}\n" for line in caught.get().splitlines())


def _console(width: int | None, file: io.StringIO | None = None) -> Console:
    return Console(highlight=False, markup=False, emoji=False, width=width, file=file)


def page(figures: Iterable[Figures]) -> RenderableType:
    """Give figures below each other.

    Parameters
    ----------
    figures
        Tables and sentences, in their order.
    """
    return _Page(tuple(figures))


class _Page(NamedTuple):
    """Figures below each other; titles of projects beside their names once, or last where no table has room."""

    figures: tuple[Figures, ...]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        width, told, untold = options.max_width, dict[str, str](), dict[str, str]()
        for i, figures in enumerate(self.figures):
            if i:
                yield ""
            if figures.title:
                yield _Paragraph(headed(figures.title, SPACE), style="bold")
            if figures.columns:
                laid = _Laid(figures, console.encoding)
                new = bool(laid.titles.keys() - told.keys())
                titled = new and laid.has_room_for_titles(width)
                (told if titled else untold).update(laid.titles)
                yield from laid.tables(width, titled)
            for note in figures.notes:
                yield _Paragraph(sentence(note, SPACE), note.indent)
        lines = [_Line((name, "", title)) for name, title in untold.items() if name not in told]
        if lines:
            yield ""
            yield _grid(lines, width)


class _Paragraph(NamedTuple):
    """A sentence as wide as the screen."""

    text: str
    indent: int = 0
    style: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        lines = wrapped(_shown_in(self.text, console.encoding), max(1, options.max_width - self.indent))
        yield Text("\n".join(" " * self.indent + line for line in lines), self.style, no_wrap=True)


def _shown_in(text: str, encoding: str) -> str:
    """A text as an encoding can have it, with spaces that are not to be broken."""
    return SPACE.join(shown_in(part, encoding) for part in text.split(SPACE))


class _Line(NamedTuple):
    """A row in words: its names, its title, its cells."""

    cells: tuple[str, ...]
    bold: bool = False
    ends: bool = False
    """Whether a space follows."""


def _lines(figures: Figures) -> Iterator[_Line]:
    """Rows in words, heads of their groups among them."""
    for head, group in groupby(figures.rows, lambda row: worded(row.head)):
        rows = list(group)
        if head and not figures.names:
            yield _Line((head,), bold=True)
        for i, row in enumerate(rows):
            name = "  " + worded(row.name) if head and not figures.names else worded(row.name)
            beside = ("" if i else head,) if figures.names else ()
            last = i == len(rows) - 1
            cells = (*beside, name, title_of(row.name), *_cells(figures, row.cells))
            yield _Line(cells, row.apart, last if head else row.apart or _apart(rows, i + 1))


def _cells(figures: Figures, cells: Sequence[Any]) -> Iterator[str]:
    """Cells in words, with spaces that are not to be broken."""
    for cell, column in zip(cells, figures.columns, strict=True):
        text = sentence(cell, SPACE) if isinstance(cell, Note) else shown(cell, column.form)
        whole = figures.shape == "list"
        yield text.replace(" ", SPACE) if whole else text if column.text else _IN_FIGURES.sub(SPACE, text)


def _apart(rows: Sequence[Any], i: int) -> bool:
    return i < len(rows) and rows[i].apart


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


class _Laid:
    """A table whose columns are as wide as their texts are in an encoding: a stand-in may be longer than its sign."""

    def __init__(self, figures: Figures, encoding: str) -> None:
        lines = _lines(figures)
        self._lines = [line._replace(cells=tuple(_shown_in(cell, encoding) for cell in line.cells)) for line in lines]
        self._shape, self._box = figures.shape, _NARROW if has_wide_lines(encoding) else HEADED
        heads = ["", worded(figures.names)] if figures.names else [""]
        title = len(heads)
        self._stubs = [self._stub(k, _shown_in(head, encoding), left=k == 0) for k, head in enumerate(heads)]
        named = {line.cells[title - 1].strip(): line.cells[title] for line in self._lines if len(line.cells) > title}
        self.titles = {name: titled for name, titled in named.items() if titled}
        self._title = _Column(title, "", True, *_widths_of_titles(list(self.titles.values())))
        columns = enumerate(figures.columns, title + 1)
        self._columns = [self._column(k, _shown_in(worded(c.head), encoding), c.text) for k, c in columns]

    def has_room_for_titles(self, width: int) -> bool:
        """Whether titles stand beside the names: where no figure has to give way to them."""
        taken = (c.natural for c in (*self._stubs, *self._columns))
        return bool(self.titles) and _taken((*taken, self._title.least)) <= width

    def tables(self, width: int, titled: bool) -> Iterator[RenderableType]:
        """The table in as many parts as the screen's width asks for; columns without room go to one below."""
        if self._shape in ("facts", "record"):
            yield _grid(self._lines, width, self._shape == "record")
            return
        for i, columns in enumerate(self._parts(width, titled)):
            if i:
                yield ""
            yield self._made(columns, width)

    def _texts(self, place: int, head: str) -> list[str]:
        return [head, *(line.cells[place] for line in self._lines if len(line.cells) > place)]

    def _stub(self, place: int, head: str, left: bool) -> _Column:
        """Names of the rows, or of their groups."""
        width = max(map(cell_len, self._texts(place, head)))
        return _Column(place, head, left, width, width)

    def _column(self, place: int, head: str, left: bool) -> _Column:
        texts = self._texts(place, head)
        pieces = (piece.rstrip(" ") for text in texts for piece in phrases(text))
        natural, least = (max(_LEAST, *map(cell_len, some)) for some in (texts, [*pieces, ""]))
        return _Column(place, head, left, natural, least)

    def _parts(self, width: int, titled: bool) -> Iterator[list[_Column]]:
        """As many columns together as there is room for."""
        stubs = [*self._stubs, *([self._title] if titled else [])]
        part = list(stubs)
        for column in self._columns:
            if len(part) > len(stubs) and _taken(c.least for c in (*part, column)) > width:
                yield part
                part = list(stubs)
            part.append(column)
        yield part

    def _made(self, columns: list[_Column], width: int) -> Table:
        table = Table(header_style="", box=self._box, show_edge=False, pad_edge=False, collapse_padding=True)
        rooms = _widths(columns, width)
        for column, room in zip(columns, rooms, strict=True):
            justify: Literal["left", "right"] = "left" if column.left else "right"
            table.add_column(_folded(column.head, room), justify=justify, width=room)
        for line in self._lines:
            cells = (
                _folded(line.cells[c.place], room)
                for c, room in zip(columns, rooms, strict=True)
                if c.place < len(line.cells)
            )
            table.add_row(*cells, style="bold" if line.bold else "", end_section=line.ends)
        return table


def _widths_of_titles(titles: list[str]) -> tuple[int, int]:
    """Columns of the screen that titles take, and that they need at least."""
    natural = least = max(map(cell_len, titles), default=0)
    while least > 1:
        lines = [len(wrapped(title, least - 1)) for title in titles]
        if max(lines) > _TITLE_LINES or sum(n > 1 for n in lines) > _FOLDED * len(lines):
            break
        least -= 1
    return natural, least


def _grid(lines: Sequence[_Line], width: int, margin: bool = False) -> Table:
    """Facts below each other, without heads."""
    grid = Table.grid(padding=(0, _GAP, 0, 0), pad_edge=margin)
    texts = [(line.cells[0], *line.cells[2:]) for line in lines]
    columns = [_fact(k, [text[k] for text in texts if len(text) > k]) for k in range(max(map(len, texts), default=0))]
    rooms = _widths(columns, width - _GAP * margin)
    for room in rooms:
        grid.add_column(width=room)
    for text in texts:
        grid.add_row(*(_folded(cell, room) for cell, room in zip(text, rooms, strict=False)))
    return grid


def _fact(place: int, texts: list[str]) -> _Column:
    natural, words = (max(map(cell_len, some)) for some in (texts, [each for text in texts for each in phrases(text)]))
    return _Column(place, "", True, natural, min(words, _FACT))


def _folded(text: str, room: int) -> Text:
    return Text("\n".join(wrapped(text, room)), no_wrap=True)


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
