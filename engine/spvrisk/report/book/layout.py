"""Parts of a report as cells of a sheet, from the top to the bottom."""

from collections.abc import Iterable

from spvrisk.charts.chart import Chart, Panel
from spvrisk.report.book.drawn import Drawing, drawing
from spvrisk.report.book.numbers import Series, Words, spread
from spvrisk.report.book.sheet import Placed, Role, Sheet
from spvrisk.report.page.parts import Answer, Block, Choice, More, Picked
from spvrisk.report.page.reading import reading
from spvrisk.views.figures import Column, Figures, Row, Text, said

_CHART_ROWS, _LEAST, _ROWS_OF_A_NAME, _LEGEND = 20, 10, 1.2, 2
"""Rows that a chart takes; and one of bars beside names, at least, for each, and for a legend."""

_LONG, _BEGINNING = 25, 8
"""Rows from which a table may be broken between pages, and how many are not parted from its heading."""

Part = Block | Drawing


def laid_out(name: str, title: str, parts: Iterable[Part], words: Words) -> Sheet | None:
    """Give a sheet; None where it has nothing to say.

    Parameters
    ----------
    name
        On its tab.
    title
        Above all.
    parts
        What is on it.
    words
        Gives texts.
    """
    found = tuple(parts)
    if not found:
        return None
    sheet = Sheet(name)
    sheet.sentence(title, "title")
    layout = _Layout(sheet, words, alone=len(found) == 1)
    for part in found:
        layout.add(part)
    _side_by_side(sheet)
    return sheet


def _side_by_side(sheet: Sheet) -> None:
    """Give the data of each chart columns of its own, to the right of all else."""
    column = sheet.breadth + 1
    for i, placed in enumerate(sheet.charts):
        sheet.charts[i] = placed._replace(data=(placed.row, column))
        column += len(placed.drawing.columns) + 1


class _Layout:
    """Fills a sheet."""

    def __init__(self, sheet: Sheet, words: Words, alone: bool) -> None:
        self._sheet, self._words, self._alone = sheet, words, alone

    def add(self, part: Part) -> None:
        """Add a part, and what is in it."""
        match part:
            case Answer():
                self._answer(part)
            case Figures():
                self._figures(part)
            case Drawing():
                self._drawn(part, "")
            case Chart():
                self._chart(part)
            case Picked():
                self._chart(part.chart)
            case Choice():
                for option in part.options:
                    self._under(self._words(said("{}: {}", part.label, option.name)), option.blocks)
            case More():
                self._under(self._words(part.title), part.blocks)
            case _:
                self._sheet.sentence(self._words(part), indent=part.indent)

    def _under(self, heading: str, blocks: Iterable[Block]) -> None:
        self._sheet.row += 1
        self._sheet.sentence(heading, "question")
        for block in blocks:
            self.add(block)

    def _answer(self, part: Answer) -> None:
        sheet = self._sheet
        sheet.row += 1
        first = sheet.row
        sheet.sentence(self._words(part.question), "question")
        sheet.sentence(self._words(part.answer), "key")
        for note in part.more:
            sheet.sentence(self._words(note))
        sheet.keep(first)

    def _figures(self, figures: Figures) -> None:
        """A table with its title above and its sentences below."""
        sheet = self._sheet
        sheet.row += 1
        first = sheet.row
        if figures.title:
            sheet.sentence(self._words(figures.title), "heading")
        if figures.columns:
            self._table(figures)
        last = max(first, sheet.row - 1)
        for note in figures.notes:
            sheet.sentence(self._words(note), indent=note.indent)
        if len(figures.rows) > _LONG:
            sheet.tied.update(range(first + 1, first + _BEGINNING))
            first = last
        sheet.keep(first)

    def _table(self, figures: Figures) -> None:
        sheet, rows = self._sheet, figures.rows
        series = self._columns_of(figures)
        names, first = 1 + _grouped(figures), sheet.row
        for c, each in enumerate(series):
            sheet.widen(c, each.head, each.cells, each.text or c == 0)
        if figures.shape not in ("facts", "record"):
            for c, each in enumerate(series):
                sheet.put(c, each.head, "words" if each.text or c < names else "head")
                sheet.fold(sheet.row, c, each.head)
            sheet.row += 1
        head: Text = ""
        for r, row in enumerate(rows):
            if row.head != head and not figures.names:
                head = row.head
                sheet.put(0, self._words(head), "question")
                sheet.row += bool(head)
                sheet.tied.add(sheet.row)
            self._row(row, series, r, names)
        if self._alone:
            words = next((c for c, each in enumerate(series) if not each.text), names)
            sheet.header = (first, max(names, words) - 1)
            if figures.names or not any(row.head for row in rows):
                sheet.filtered = (first, 0, sheet.row - 1, len(series) - 1)

    def _columns_of(self, figures: Figures) -> list[Series]:
        """All columns: names, heads of groups where they stand beside their rows, and what figures come apart into."""
        words, rows = self._words, figures.rows
        series = [Series(words(figures.names), tuple(words(row.name) for row in rows), True)]
        if _grouped(figures):
            series.insert(0, Series("", tuple(words(row.head) for row in rows), True))
        for c, column in enumerate(figures.columns):
            series += spread(column, (row.cells[c] if row.cells else None for row in rows), words)
        return series

    def _row(self, row: Row, series: list[Series], r: int, names: int) -> None:
        sheet = self._sheet
        for c, each in enumerate(series):
            content = each.cells[r]
            role: Role = "total" if row.apart else "name" if c < names else "text" if each.text else "body"
            sheet.put(c, content, role)
            if isinstance(content, str) and (each.text or c < names):
                sheet.fold(sheet.row, c, content)
        sheet.row += 1

    def _chart(self, chart: Chart) -> None:
        """A chart: its answer, what is drawn, and what must be known to read it."""
        words = self._words
        for i, panel in enumerate(chart.panels):
            made = drawing(panel, words)
            if made is not None and made.moulds:
                self._drawn(made, words(chart.title) if i == 0 else "")
            else:
                self._figures(self._read(panel, chart.title if i == 0 else panel.title))
        notes = (said("{:path}, seed {}.", chart.paths, chart.seed), *chart.notes)
        last = self._sheet.row - 1
        self._sheet.sentence(" ".join(map(words, notes)))
        self._sheet.keep(last)

    def _read(self, panel: Panel, title: Text) -> Figures:
        """What is in a panel that is not drawn."""
        found, words = reading(panel), self._words
        columns = tuple(Column(words(head), text=True) for head in found.columns)
        rows = tuple(Row(words(place.name), place.cells) for place in found.places)
        return Figures(words(title), columns, rows)

    def _drawn(self, made: Drawing, title: str) -> None:
        sheet = self._sheet
        sheet.row += bool(title)
        first = sheet.row
        if title:
            sheet.sentence(title, "heading")
        rows = _CHART_ROWS
        if made.kind == "bar":
            legend = _LEGEND if sum(mould.named for mould in made.moulds) > 1 else 0
            rows = max(_LEAST, round(5 + len(made.columns[0].cells) * _ROWS_OF_A_NAME)) + legend
        sheet.charts.append(Placed(sheet.row, rows, made, title or made.title, (0, 0)))
        sheet.row += rows
        for text in made.told:
            sheet.sentence(text)
        sheet.keep(first)


def _grouped(figures: Figures) -> bool:
    """Whether heads of groups have a column of their own."""
    return bool(figures.names) and any(row.head for row in figures.rows)
