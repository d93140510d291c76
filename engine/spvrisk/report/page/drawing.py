"""A chart as a figure of the page: its title, a place for the drawing, its data for the script and as tables."""

from math import isfinite
from typing import Any

from spvrisk.charts.chart import Chart, Mark
from spvrisk.report.html import column_head
from spvrisk.report.looks import FILLS, LAYERS, PENS
from spvrisk.report.markup import Html, concatenated, element, script_data
from spvrisk.report.page.reading import Reading, reading
from spvrisk.report.wording import worded
from spvrisk.views.figures import Cell, Estimate, Named, Near, Note, Range, Rate, Share, said

LOOKS = {
    "pens": [pen._asdict() for pen in PENS],
    "fills": {role: fill._asdict() for role, fill in FILLS.items()},
    "layers": [fill._asdict() for fill in LAYERS],
}
"""Looks of what is drawn, those of the pictures."""

_DATA, _OF_DATA = Note("Figures of the chart"), "Figures of the chart: {}"

_WORDS = (Note, Named, Estimate, Rate, Share, Range, Near)


def figure(chart: Chart, number: int, language: str, *below: Html, **data: Any) -> Html:
    """Make a figure of a chart.

    Parameters
    ----------
    chart
        What it shows.
    number
        Of the figure on the page.
    language
        Of its texts.
    below
        What stands under the drawing.
    data
        Plain values that the script takes besides the chart's own.
    """
    name, title = f"figure-{number}", worded(chart.title, language)
    notes = (said("{:path}, seed {}.", chart.paths, chart.seed), *chart.notes)
    return element(
        "figure",
        element("figcaption", title, id=f"{name}-title"),
        element("div", class_=f"drawing {chart.arranged}"),
        *below,
        element("p", " ".join(worded(note, language) for note in notes), class_="fine"),
        _data(chart, language),
        script_data({**_plain(chart, language), **data}, "chart"),
        class_=f"chart chart-{chart.name}",
        id=name,
        aria_labelledby=f"{name}-title",
    )


def _data(chart: Chart, language: str) -> Html:
    """All that is drawn, panel by panel."""
    tables = [_table(reading(panel), chart, language) for panel in chart.panels]
    return element("details", element("summary", worded(_DATA, language)), *tables, class_="data")


def _table(found: Reading, chart: Chart, language: str) -> Html:
    def words(text: Cell) -> str:
        return worded(text, language)

    heads = (column_head(words(head)) for head in (found.along, *found.columns))
    rows = (
        element(
            "tr",
            element("th", words(place.name), scope="row"),
            *(element("td", words(cell)) for cell in place.cells),
            data_at=f"{place.at:.7g}",
        )
        for place in found.places
    )
    named = words(found.title) or words(chart.title)
    table = element(
        "table",
        element("caption", element("span", words(found.title))) if found.title else None,
        element("thead", element("tr", *heads)),
        element("tbody", *rows),
    )
    beside = (element("p", words(text), class_="fine") for text in found.beside)
    label = worded(said(_OF_DATA, named), language)
    return concatenated(element("div", table, class_="scroll", role="group", aria_label=label), *beside)


def _plain(found: Any, language: str) -> Any:
    """A part of a chart as plain values: texts in words, numbers with as many digits as can be seen."""
    if isinstance(found, _WORDS):
        return worded(found, language)
    if isinstance(found, tuple) and hasattr(found, "_fields"):
        fields = {name: _plain(value, language) for name, value in zip(found._fields, found, strict=True)}
        return {"mark": type(found).__name__, **fields} if _is_mark(found) else fields
    if isinstance(found, tuple):
        return [_plain(each, language) for each in found]
    if isinstance(found, float):
        return float(f"{found:.7g}") if isfinite(found) else None
    return found


def _is_mark(found: object) -> bool:
    return isinstance(found, Mark)
