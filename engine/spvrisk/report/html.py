"""Figures as HTML tables, such as notebooks and the page of a report show."""

from collections.abc import Iterator
from itertools import groupby

from spvrisk.catalogue import current
from spvrisk.report.lines import SPACE
from spvrisk.report.markup import Html, concatenated, element
from spvrisk.report.wording import worded as titled
from spvrisk.report.words import headed, sentence, shown, title_of, worded
from spvrisk.views.figures import Figures, Named, Note, Row, Text


def table(figures: Figures) -> Html:
    """Give a table with its title as the caption and its notes below.

    Parameters
    ----------
    figures
        What a view gives.
    """
    return concatenated(bare(figures) if figures.columns or figures.title else None, notes(figures))


def notes(figures: Figures) -> Html:
    """Give the sentences that belong to a table.

    Parameters
    ----------
    figures
        What a view gives.
    """
    return concatenated(*(element("p", sentence(note, SPACE)) for note in figures.notes))


def bare(figures: Figures) -> Html:
    """Give a table without its sentences; of figures in words alone only the caption is left.

    Parameters
    ----------
    figures
        What a view gives.
    """
    caption = element("caption", element("span", headed(figures.title, SPACE))) if figures.title else None
    return element("table", caption, _head(figures), element("tbody", *_rows(figures)), class_=figures.shape)


def column_head(text: str, words: bool = False) -> Html:
    """Give what stands above a column; where nothing does, no head.

    Parameters
    ----------
    text
        What stands there.
    words
        Whether the column holds words.
    """
    return element("th", text, scope="col", class_="words" if words else None) if text else element("td")


def _head(figures: Figures) -> Html | None:
    """Heads of the columns; none of facts, which speak for themselves."""
    if figures.shape in ("facts", "record"):
        return None
    group = element("td") if _grouped(figures) else None
    columns = (column_head(worded(column.head), column.text) for column in figures.columns)
    return element("thead", element("tr", group, column_head(worded(figures.names), True), *columns))


def _rows(figures: Figures) -> Iterator[Html]:
    """Rows, those of a group under its head, or beside it where rows have a column of names."""
    for head, group in groupby(figures.rows, lambda row: row.head):
        rows = list(group)
        if head and not figures.names:
            width = str(1 + len(figures.columns))
            yield element("tr", element("th", *_name(head), colspan=width, scope="rowgroup"), class_="group")
        for i, row in enumerate(rows):
            beside = _beside(head if i == 0 else None, len(rows)) if _grouped(figures) else None
            yield element("tr", beside, *_cells(row, figures), class_="apart" if row.apart else None)


def _grouped(figures: Figures) -> bool:
    """Whether heads of groups have a column of their own."""
    return bool(figures.names) and any(row.head for row in figures.rows)


def _beside(head: Text | None, rows: int) -> Html | None:
    """Head of a group that stands beside its rows, on the first of them."""
    if head == "":
        return element("td", rowspan=str(rows))
    return None if head is None else element("th", *_name(head), rowspan=str(rows), scope="rowgroup", class_="group")


def _cells(row: Row, figures: Figures) -> Iterator[Html]:
    yield element("th", *_name(row.name), scope="row")
    for cell, column in zip(row.cells, figures.columns, strict=True):
        text = titled(cell, current()) if isinstance(cell, Named | Note) else shown(cell, column.form)
        yield element("td", text, class_="words" if column.text else None)


def _name(text: Text) -> Iterator[str]:
    """Name of a row or of a group, and its title; in notes things of the study are called by their titles alone."""
    yield titled(text, current()) if isinstance(text, Note) else worded(text)
    if title := title_of(text):
        yield element("br")
        yield element("small", title)
