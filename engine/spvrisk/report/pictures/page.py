"""A chart as a figure of Matplotlib: the answer, the panels, a legend, and what must be known to read them."""

from collections.abc import Iterator
from io import BytesIO
from math import ceil
from typing import NamedTuple

from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from spvrisk.charts.chart import Chart, Panel, Stack
from spvrisk.report.looks import GREY, INK
from spvrisk.report.pictures.axes import dress_axes, labels_over
from spvrisk.report.pictures.fonts import families
from spvrisk.report.pictures.marks import Drawing, legend_of, pens_of
from spvrisk.report.pictures.measure import measure
from spvrisk.report.pictures.settings import our_settings
from spvrisk.report.pictures.written import write
from spvrisk.report.wording import worded, wrapped
from spvrisk.views.figures import Named, Note, said

WIDTH = 8.0
"""Inches of a picture."""

_MARGIN, _SPACING = 0.14, 1.3
"""Inches around it, and the height of a line in that of its letters."""

_LENGTH, _MOST_LINES = 0.98 * (WIDTH - 2.0 * _MARGIN), 5
"""Inches of a line, letters being rounded to dots, and lines of a text at most."""

_TITLE, _HEAD, _FOOT, _LEGEND = 12.0, 9.0, 7.5, 8.5
"""Points of the letters of title, study, notes and legend."""

_KEY = 0.55
"""Inches of a legend's entry beside its name."""

_ALONE, _ONE_OF_MANY, _STACK = 3.8, 2.4, 1.6
"""Inches of the height of a panel alone, of one of several, and of one of areas upon each other."""

_NAMES, _FIGURES, _NUMBERS = 2.7, 1.1, 0.9
"""Inches that names take at the left of panels, figures at the right of each, and numbers of an axis."""

_ROW, _ROOM = 0.34, 0.75
"""Inches of a row of names, and of what is over and under the rows."""


class _Block(NamedTuple):
    """A text of the page, broken into lines."""

    text: str
    size: float
    colour: str
    weight: str = "normal"

    @property
    def height(self) -> float:
        """Inches."""
        return (self.text.count("\n") + 1) * self.size * _SPACING / 72.0


class _Shown(Figure):  # type: ignore[misc]
    """A figure that a notebook shows, though pyplot knows nothing of it."""

    def _repr_png_(self) -> bytes:
        target = BytesIO()
        write(self, target, "png")
        return target.getvalue()


def drawn(chart: Chart, language: str = "en", named: str = "lang") -> Figure:
    """Draw a chart.

    Parameters
    ----------
    chart
        What it shows.
    language
        Of titles and texts.
    named
        Argument that names the language, for messages.

    Raises
    ------
    InputError
        No font that is installed has the letters of the language: it says which to install.
    """
    with our_settings():
        rcParams["font.family"] = families(_texts(chart, language), named)
        figure = _Shown(figsize=(WIDTH, 4.0), layout="constrained")
        FigureCanvasAgg(figure)
        axes = _panels(figure, chart, language)
        _lay_out(figure, chart, axes, language)
        figure.draw_without_rendering()  # makes all ticks, which else have the settings of whoever draws first
        return figure


def _panels(figure: Figure, chart: Chart, language: str) -> list[Axes]:
    """Axes of the panels, with all that is drawn on them."""
    columns = _columns(chart)
    ratios = _heights(chart)
    share = {"sharex": chart.arranged == "column", "sharey": chart.arranged == "row", "height_ratios": ratios}
    every = list(figure.subplots(len(ratios), columns, squeeze=False, **share).flat)
    for spare in every[len(chart.panels) :]:
        spare.remove()
    axes, pens = every[: len(chart.panels)], pens_of(chart.panels, language)
    for place, (each, panel) in enumerate(zip(axes, chart.panels, strict=True)):
        drawing = Drawing(each, panel, pens, language)
        drawing.draw()
        inner = chart.arranged == "row" and place > 0, chart.arranged == "column" and place < len(axes) - 1
        dress_axes(each, panel, language, _width(panel, columns), inner)
        drawing.refer()
    return axes


def _columns(chart: Chart) -> int:
    """Panels beside each other."""
    n = len(chart.panels)
    return {"column": 1, "row": n, "grid": min(n, 2)}[chart.arranged]


def _width(panel: Panel, columns: int) -> float:
    """Inches that a panel has, about: names stand at its left, figures at its right."""
    return (WIDTH - _NAMES) / columns - _FIGURES if panel.y.names else WIDTH / columns - _NUMBERS


def _heights(chart: Chart) -> list[float]:
    """Inches of each row of panels."""
    columns = _columns(chart)
    rows = [chart.panels[i : i + columns] for i in range(0, len(chart.panels), columns)]
    return [max(_height(panel, len(rows) == 1) for panel in row) for row in rows]


def _height(panel: Panel, alone: bool) -> float:
    if panel.y.names:
        return _ROOM + _ROW * (len(panel.y.names) + labels_over(panel))
    if any(isinstance(mark, Stack) for mark in panel.marks):
        return _STACK
    return _ALONE if alone else _ONE_OF_MANY


def _lay_out(figure: Figure, chart: Chart, axes: list[Axes], language: str) -> None:
    """Give title, panels, legend and notes their places, one under the other, and the figure its height."""
    head, foot = list(_head(chart, language)), list(_foot(chart, language))
    top, bottom = (sum(block.height for block in blocks) for blocks in (head, foot))
    names = legend_of(axes)
    columns = _legend_columns(list(names))
    keys = ceil(len(names) / columns) * _LEGEND * 1.5 / 72.0 if names else 0.0
    height = top + sum(_heights(chart)) + keys + bottom + 4.0 * _MARGIN
    figure.set_size_inches(WIDTH, height)
    _write(figure, head, height - _MARGIN)
    _write(figure, foot, _MARGIN + bottom)
    if names:
        place = (_MARGIN / WIDTH, (1.5 * _MARGIN + bottom) / height)
        style = {"fontsize": _LEGEND, "ncols": columns, "borderpad": 0.0, "borderaxespad": 0.0, "handlelength": 2.8}
        figure.legend(names.values(), names.keys(), loc="lower left", bbox_to_anchor=place, **style)
    engine = figure.get_layout_engine()
    assert engine is not None
    below = (2.0 * _MARGIN + bottom + keys) / height
    engine.set(rect=(0.0, below, 1.0, 1.0 - below - (top + 1.5 * _MARGIN) / height), w_pad=_MARGIN, h_pad=0.04)


def _head(chart: Chart, language: str) -> Iterator[_Block]:
    """The answer, and of which study it is."""
    yield _block(worded(chart.title, language), _TITLE, INK, "bold")
    yield _block(worded(chart.study, language), _HEAD, GREY)


def _foot(chart: Chart, language: str) -> Iterator[_Block]:
    """What the picture rests on, and how to read it."""
    notes = (said("{:path}, seed {}.", chart.paths, chart.seed), *chart.notes)
    yield _block(" ".join(worded(note, language) for note in notes), _FOOT, GREY)


def _block(text: str, size: float, colour: str, weight: str = "normal") -> _Block:
    return _Block(wrapped(text, _LENGTH, measure(size, weight), lines=_MOST_LINES), size, colour, weight)


def _write(figure: Figure, blocks: list[_Block], top: float) -> None:
    """Texts under each other, from a height in inches down."""
    height = figure.get_figheight()
    for block in blocks:
        style = {"fontsize": block.size, "color": block.colour, "fontweight": block.weight}
        figure.text(_MARGIN / WIDTH, top / height, block.text, va="top", linespacing=_SPACING, **style)
        top -= block.height


def _legend_columns(names: list[str]) -> int:
    """Columns that have room beside each other."""
    widest = max(map(measure(_LEGEND), names), default=1.0) + _KEY
    return max(1, min(len(names), int(_LENGTH / widest)))


def _texts(found: object, language: str) -> Iterator[str]:
    """All texts of a chart in words."""
    match found:
        case Note() | Named():
            yield worded(found, language)
        case str():
            yield found
        case tuple():
            for each in found:
                yield from _texts(each, language)
