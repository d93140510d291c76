"""Figures as an HTML table, such as notebooks show."""

from html import escape

from spvrisk.report.words import readable, sentence, shown
from spvrisk.views.figures import Figures


def table(figures: Figures) -> str:
    """Give a table with its title as the caption and its notes below."""
    figures = readable(figures)
    forms = [column.form for column in figures.columns]
    heads = "".join(f"<th>{escape(column.head)}</th>" for column in figures.columns)
    rows = "".join(
        f"<tr><th>{escape(row.name)}</th>"
        + "".join(f"<td>{escape(shown(cell, form))}</td>" for cell, form in zip(row.cells, forms, strict=True))
        + "</tr>"
        for row in figures.rows
    )
    notes = "".join(f"<p>{escape(sentence(note))}</p>" for note in figures.notes)
    caption = f"<caption>{escape(figures.title)}</caption>"
    return f"<table>{caption}<thead><tr><th></th>{heads}</tr></thead><tbody>{rows}</tbody></table>{notes}"
