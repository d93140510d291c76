"""Marks drawn on the axes of a panel."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke

from spvrisk.charts.chart import (
    Band,
    Bars,
    Cells,
    Histogram,
    Line,
    Mark,
    Numbers,
    Panel,
    Points,
    Ranges,
    Reference,
    Stack,
)
from spvrisk.report.looks import FILLS, GREY, INK, LAYERS, PENS, Fill, Pen
from spvrisk.report.pictures.measure import measure
from spvrisk.report.wording import worded, wrapped

SMALL = 8.0
"""Points of the letters beside marks."""

_ROW = 0.075
"""Of a panel's height, what the label of a reference takes."""

_BOX = {"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "boxstyle": "square,pad=0.1"}
"""Behind letters that stand over marks."""

_DARKEST, _CELL = 0.3, 0.8
"""Of black, what the darkest cell has; inches that the text of a cell may take in a line."""

_THICK = 0.62
"""Of the room of a name, what its bar takes."""


def pens_of(panels: Iterable[Panel], language: str) -> dict[str, Pen]:
    """Give each series its pen, the same in all panels.

    Parameters
    ----------
    panels
        Of a chart.
    language
        In which series are named.
    """
    marks = (mark for panel in panels for mark in panel.marks if isinstance(mark, Line | Points | Ranges))
    names = dict.fromkeys(worded(mark.name, language) for mark in marks)
    return dict(zip(names, _cycled(PENS), strict=False))


class Drawing:
    """A panel that is being drawn.

    Parameters
    ----------
    axes
        Where to.
    panel
        What is drawn.
    pens
        By name of a series.
    language
        Of its texts.
    """

    def __init__(self, axes: Axes, panel: Panel, pens: Mapping[str, Pen], language: str) -> None:
        self._axes, self._panel, self._pens, self._language = axes, panel, pens, language
        self._lie = panel.y.scale == "names"

    def draw(self) -> None:
        """Draw all marks but references."""
        for mark in self._panel.marks:
            self._draw(mark)

    def _said(self, text: Any) -> str:
        return worded(text, self._language)

    def _draw(self, mark: Mark) -> None:
        match mark:
            case Line():
                self._line(mark)
            case Band():
                self._band(mark)
            case Stack():
                self._stack(mark)
            case Histogram():
                self._histogram(mark)
            case Bars():
                self._bars(mark)
            case Ranges():
                self._ranges(mark)
            case Points():
                self._points(mark)
            case Cells():
                self._cells(mark)

    def _pen(self, mark: Line | Points | Ranges) -> Pen:
        return self._pens[self._said(mark.name)]

    def _line(self, mark: Line) -> None:
        pen, style = self._pen(mark), "steps-post" if mark.steps else "default"
        if mark.low:
            step = "post" if mark.steps else None
            self._axes.fill_between(mark.x, mark.low, mark.high, step=step, color=pen.colour, alpha=0.2, linewidth=0)
        self._axes.plot(
            *(mark.x, mark.y),
            color=pen.colour,
            linestyle=pen.dash,
            drawstyle=style,
            label=self._said(mark.name),
            zorder=2.5,
        )

    def _band(self, mark: Band) -> None:
        grey = 0.93 - 0.5 * (1.0 - mark.within)
        self._axes.fill_between(
            *(mark.x, mark.low, mark.high), color=str(grey), linewidth=0.6, edgecolor=GREY, label=self._said(mark.name)
        )

    def _stack(self, mark: Stack) -> None:
        """Areas, and a legend of their own at the right, in which they are upon each other too."""
        base, keys = np.zeros(len(mark.x)), []
        for heights, fill in zip(mark.heights, _cycled(LAYERS), strict=False):
            top = base + np.array(heights)
            self._axes.fill_between(mark.x, base, top, **_filled(fill))
            keys.append(Patch(**_filled(fill)))
            base = top
        names = [self._said(name) for name in mark.names]
        place = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5), "fontsize": SMALL}
        self._axes.legend(keys[::-1], names[::-1], **place)

    def _histogram(self, mark: Histogram) -> None:
        self._axes.stairs(mark.heights, mark.edges, fill=True, label=self._said(mark.name), **_filled(FILLS[mark.role]))

    def _bars(self, mark: Bars) -> None:
        size, start = np.array(mark.value) - np.array(mark.base), mark.base
        style = {"label": self._said(mark.name), **_filled(FILLS[mark.role])}
        self._axes.barh(mark.at, size, _THICK, left=start, **style)
        self._whiskers(mark.at, mark.value, mark.low, mark.high, INK)
        self._beside(mark.at, mark.texts)

    def _ranges(self, mark: Ranges) -> None:
        draw = self._axes.hlines if self._lie else self._axes.vlines
        width = 1.2 + 4.0 * (1.0 - mark.within)
        draw(mark.at, mark.low, mark.high, color=self._pen(mark).colour, linewidth=width, label=self._said(mark.name))

    def _points(self, mark: Points) -> None:
        pen = self._pen(mark)
        size = 2.6 if mark.many else 5.5
        self._axes.plot(
            *(mark.x, mark.y),
            linestyle="none",
            marker="." if mark.many else pen.marker,
            markersize=size,
            color=INK if mark.many else pen.colour,
            alpha=0.5 if mark.many else 1.0,
            markeredgewidth=0 if mark.many else 0.6,
            markeredgecolor="white",
            label=self._said(mark.name),
            rasterized=mark.many,
        )
        at, value = (mark.y, mark.x) if self._lie else (mark.x, mark.y)
        self._whiskers(at, value, mark.low, mark.high, pen.colour)
        if self._lie:
            self._beside(mark.y, mark.texts)
        else:
            for x, y, text in zip(mark.x, mark.y, mark.texts, strict=False):
                place = {"xytext": (4, -3), "textcoords": "offset points", "va": "top", "fontsize": SMALL}
                self._axes.annotate(self._said(text), (x, y), **place)

    def _cells(self, mark: Cells) -> None:
        values = np.array(mark.values)
        lightest = 1.0 / _DARKEST * max(float(np.nanmax(values, initial=0.0)), 1e-9)
        self._axes.pcolormesh(mark.x, mark.y, values, cmap="Greys", vmin=0.0, vmax=lightest, zorder=0.5)
        for row, texts in enumerate(mark.texts):
            for column, text in enumerate(texts):
                x, ha = _inside(mark.x, column, ("left", "center", "right"))
                y, va = _inside(mark.y, row, ("bottom", "center", "top"))
                told = wrapped(self._said(text), _CELL, measure(SMALL))
                offset = {"left": 3, "right": -3, "bottom": 3, "top": -3, "center": 0}
                style = {"ha": ha, "va": va, "fontsize": SMALL, "zorder": 4, "bbox": _BOX}
                self._axes.annotate(told, (x, y), (offset[ha], offset[va]), textcoords="offset points", **style)

    def _whiskers(self, at: Numbers, value: Numbers, low: Numbers, high: Numbers, colour: str) -> None:
        """Intervals of 95 %."""
        if not low:
            return
        ends = np.maximum(np.nan_to_num([np.subtract(value, low), np.subtract(high, value)]), 0.0)
        style = {"ecolor": colour, "elinewidth": 1.1, "capsize": 2.5, "linestyle": "none"}
        if self._lie:
            self._axes.errorbar(value, at, xerr=ends, **style)
        else:
            self._axes.errorbar(at, value, yerr=ends, **style)

    def _beside(self, at: Numbers, texts: Iterable[Any]) -> None:
        """Figures of names, in a column at the right of the panel; above it where bars stand."""
        for place, text in zip(at, texts, strict=False):
            if self._lie:
                transform, where, sides = self._axes.get_yaxis_transform(), (1.01, place), ("left", "center")
            else:
                transform, where, sides = self._axes.get_xaxis_transform(), (place, 1.01), ("center", "bottom")
            style = {"ha": sides[0], "va": sides[1], "fontsize": SMALL}
            self._axes.text(*where, self._said(text), transform=transform, **style)

    def refer(self) -> None:
        """Draw references over all else, once the axes are as long as they will be.

        Labels of those on x have a row each above what is drawn.
        """
        references = [mark for mark in self._panel.marks if isinstance(mark, Reference)]
        across = [mark for mark in references if mark.axis == "x" and mark.label != ""]
        row = 1.0 / (len(self._panel.y.names) + len(across)) if self._lie else _ROW
        if across and not self._lie:
            low, high = self._axes.get_ylim()
            self._axes.set_ylim(low, low + (high - low) / (1.0 - row * len(across)))
        left, right = self._axes.get_xlim()
        across.sort(key=lambda mark: -abs(mark.at - 0.5 * (left + right)))
        for k, mark in enumerate(across):
            top = 1.0 - row * (k + 0.5)
            self._crossed(mark, top)
            style = {"ha": "right" if mark.at > 0.5 * (left + right) else "left", "va": "center"}
            at = {"transform": self._axes.get_xaxis_transform(), "fontsize": SMALL, "bbox": _BOX}
            self._axes.text(mark.at, top, f" {self._said(mark.label)} ", **style, **at)
        for mark in references:
            if mark not in across:
                self._crossed(mark, 1.0)

    def _crossed(self, mark: Reference, top: float) -> None:
        """The line of a reference, and the band of its interval."""
        halo = [withStroke(linewidth=2.4, foreground="white", alpha=0.7)]
        style = {"color": INK, "linewidth": 1.0, "linestyle": (0, (4, 2)), "path_effects": halo, "zorder": 1.8}
        if mark.axis == "x":
            if mark.low < mark.high:
                self._axes.axvspan(mark.low, mark.high, ymax=top, color=GREY, alpha=0.25, linewidth=0)
            self._axes.axvline(mark.at, ymax=top, **style)
            return
        if mark.low < mark.high:
            self._axes.axhspan(mark.low, mark.high, color=GREY, alpha=0.25, linewidth=0)
        self._axes.axhline(mark.at, **style)
        style = {"ha": "left", "va": "bottom", "fontsize": SMALL, "bbox": _BOX}
        self._axes.text(0.005, mark.at, self._said(mark.label), transform=self._axes.get_yaxis_transform(), **style)


def _inside(edges: Numbers, k: int, sides: tuple[str, str, str]) -> tuple[float, str]:
    """Where the text of a cell stands: at the rim of the grid, else in the middle."""
    if k == 0:
        return edges[0], sides[0]
    if k == len(edges) - 2:
        return edges[-1], sides[2]
    return 0.5 * (edges[k] + edges[k + 1]), sides[1]


def legend_of(axes: Iterable[Axes]) -> dict[str, Any]:
    """What a legend would have, by name.

    Parameters
    ----------
    axes
        Of all panels.
    """
    found: dict[str, Any] = {}
    for each in axes:
        for handle, name in zip(*each.get_legend_handles_labels(), strict=True):
            if name:
                found.setdefault(name, handle)
    return found


def _filled(fill: Fill) -> dict[str, Any]:
    return {"facecolor": fill.colour, "hatch": fill.hatch, "edgecolor": "white", "linewidth": 0.5}


def _cycled(looks: Iterable[Any]) -> Iterator[Any]:
    every = tuple(looks)
    return (every[i % len(every)] for i in count())
