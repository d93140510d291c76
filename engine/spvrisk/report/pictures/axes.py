"""Axes of a panel: labels with units, numbers as people write them, names that are not cut off."""

from math import log

from matplotlib.axes import Axes
from matplotlib.axis import XAxis, YAxis
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullFormatter, NullLocator

from spvrisk.charts.chart import Axis, Panel, Reference
from spvrisk.report.looks import INK
from spvrisk.report.pictures.measure import measure
from spvrisk.report.wording import worded, wrapped
from spvrisk.views.figures import said

LETTERS = 8.5
"""Points of labels and ticks."""

_NAME, _NAME_LETTERS = 2.45, 8.0
"""Inches that a name may take, in two lines, and points of its letters."""

_TICKS_AN_INCH = 1.15
"""At most; their numbers have room beside each other."""

_GAP = 0.06
"""Inches between texts of ticks."""

_ON_Y = 6
"""Ticks of y at most."""

_STEPS = (1, 2, 2.5, 5, 10)
"""Between ticks, times a power of ten."""


def labels_over(panel: Panel) -> float:
    """Rows of names that labels of references take over the first one.

    Parameters
    ----------
    panel
        What is shown.
    """
    return float(sum(isinstance(mark, Reference) and mark.axis == "x" and mark.label != "" for mark in panel.marks))


def dress_axes(axes: Axes, panel: Panel, language: str, width: float, inner: tuple[bool, bool]) -> None:
    """Write at the axes of a panel what they are.

    Parameters
    ----------
    axes
        On which its marks are drawn.
    panel
        What it shows.
    language
        Of its texts.
    width
        Inches that it has.
    inner
        Whether the names on y and the label of x stand at another panel.
    """
    apart_y, apart_x = inner
    if panel.x.scale == "log":
        axes.set_xscale("log")
    _scale(axes.xaxis, panel.x, language, max(3, int(_TICKS_AN_INCH * width)), width)
    _scale(axes.yaxis, panel.y, language, _ON_Y, width)
    axes.tick_params(labelsize=LETTERS)
    if panel.x.ends:
        axes.set_xlim(panel.x.ends)
    if panel.y.ends:
        axes.set_ylim(panel.y.ends)
    if panel.y.names:
        axes.set_ylim(len(panel.y.names) - 0.5, -0.5 - labels_over(panel))
        axes.tick_params(axis="y", length=0, labelleft=not apart_y, labelsize=_NAME_LETTERS)
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
    text = measure(LETTERS)
    if not apart_x:
        axes.set_xlabel(wrapped(_labelled(panel.x, language), width, text, lines=3), fontsize=LETTERS)
    over = [(worded(panel.title, language), "bold"), (_labelled(panel.y, language), "normal")]
    _write_over(axes, [each for each in over if each[0]], width)


def _write_over(axes: Axes, texts: list[tuple[str, str]], width: float) -> None:
    """Title and label of y over the panel, where they are read without turning the head."""
    lines = [(wrapped(text, width, measure(LETTERS, weight), lines=3), weight) for text, weight in texts]
    lift = 4.0
    for text, weight in reversed(lines):
        style = {"fontsize": LETTERS, "fontweight": weight, "color": INK, "va": "bottom", "ha": "left"}
        axes.annotate(text, (0.0, 1.0), (0.0, lift), xycoords="axes fraction", textcoords="offset points", **style)
        lift += (text.count("\n") + 1) * LETTERS * 1.3


def _labelled(axis: Axis, language: str) -> str:
    return worded(said("{0}, {1}", axis.label, axis.unit) if axis.unit else axis.label, language)


def _scale(drawn: XAxis | YAxis, axis: Axis, language: str, most: int, width: float) -> None:
    """Scale and ticks, so many at most, on an axis of so many inches."""
    if axis.ticks:
        ticks = _apart(axis, language, width)
        drawn.set_major_locator(FixedLocator([place for place, _ in ticks]))
        drawn.set_major_formatter(FuncFormatter(lambda _, k: ticks[k or 0][1]))
        drawn.set_minor_locator(NullLocator())
        return
    if axis.names:
        names = [wrapped(worded(name, language), _NAME, measure(_NAME_LETTERS), lines=2) for name in axis.names]
        drawn.set_major_locator(FixedLocator(range(len(names))))
        drawn.set_major_formatter(FuncFormatter(lambda _, k: names[k or 0]))
        return
    drawn.set_minor_formatter(NullFormatter())
    drawn.set_major_locator(MaxNLocator(most, steps=_STEPS, integer=axis.scale == "date"))
    times, ending = (100.0, " %") if axis.percent else (1.0, "")
    grouped = "" if axis.scale == "date" else ","
    drawn.set_major_formatter(FuncFormatter(lambda value, _: f"{value * times:{grouped}.6g}{ending}"))


def _apart(axis: Axis, language: str, width: float) -> list[tuple[float, str]]:
    """Ticks of an axis that has its own, without those whose texts would touch the one before."""
    assert axis.ends is not None
    out, text, free = list[tuple[float, str]](), measure(LETTERS), -1.0
    low, high = (log(end) if axis.scale == "log" else end for end in axis.ends)
    for place, label in axis.ticks:
        words = worded(label, language)
        middle = width * ((log(place) if axis.scale == "log" else place) - low) / (high - low)
        if middle - 0.5 * text(words) > free:
            out.append((place, words))
            free = middle + 0.5 * text(words) + _GAP
    return out
