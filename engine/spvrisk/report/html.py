"""Figures as an HTML table, such as notebooks show."""

from html import escape

from spvrisk.report.lines import SPACE
from spvrisk.report.words import headed, sentence, shown, title_of, worded
from spvrisk.views.figures import Figures, Row


def table(figures: Figures) -> str:
    """Give a table with its title as the caption and its notes below."""
    forms = [column.form for column in figures.columns]
    heads = "".join(f"<th>{escape(worded(column.head))}</th>" for column in figures.columns)
    rows = "".join(
        f"<tr><th>{_name(row)}</th>"
        + "".join(f"<td>{escape(shown(cell, form))}</td>" for cell, form in zip(row.cells, forms, strict=True))
        + "</tr>"
        for row in figures.rows
    )
    notes = "".join(f"<p>{escape(sentence(note, SPACE))}</p>" for note in figures.notes)
    caption = f"<caption>{escape(headed(figures.title, SPACE))}</caption>"
    return f"<table>{caption}<thead><tr><th></th>{heads}</tr></thead><tbody>{rows}</tbody></table>{notes}"


def _name(row: Row) -> str:
    """Name of a row with the title of what it is of."""
    name, title = escape(worded(row.name)), escape(title_of(row.name))
    return f"{name}<br><small>{title}</small>" if title else name
