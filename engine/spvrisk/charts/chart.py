"""Charts: what a picture shows, as plain data that Matplotlib and the HTML report only draw.

Nothing here is a colour or a size. A dress gives series of one panel their looks by their order, parts by their role.
"""

from typing import Literal, NamedTuple

from spvrisk.views.figures import Cell, Named, Note, Text

Numbers = tuple[float, ...]
"""Of a mark, one for each of its places; NaN where there is none."""


Role = Literal["plain", "gain", "loss", "total", "low", "high"]
"""What a part stands for: no more than it is; what is earned or lost; a sum; the low or the high end of an input."""


class Axis(NamedTuple):
    """An axis.

    Attributes
    ----------
    label, unit
        What is along it, and in what; ``unit`` is empty of names, dates, probabilities.
    scale
        ``linear``; ``log``; ``date``, in years with decimals, such as 2026.25; ``names``, on y alone, whose places
        are 0, 1, ... from the top.
    names
        Those of the scale ``names``.
    percent
        Whether its numbers are fractions that are shown in per cent.
    ends
        Where it begins and ends; None: with the marks.
    ticks
        ``(place, text)``, where they are not the dress's to choose; such an axis has ends.
    """

    label: Text
    unit: Text = ""
    scale: Literal["linear", "log", "date", "names"] = "linear"
    names: tuple[Text, ...] = ()
    percent: bool = False
    ends: tuple[float, float] | None = None
    ticks: tuple[tuple[float, Text], ...] = ()


class Line(NamedTuple):
    """A line, with a band of its 95 % intervals where it has them.

    Attributes
    ----------
    name
        Of the series.
    x, y
        Of each point.
    low, high
        Ends of the band; empty where there is none.
    steps
        Whether a value holds until the next one, as of a distribution function.
    """

    name: Text
    x: Numbers
    y: Numbers
    low: Numbers = ()
    high: Numbers = ()
    steps: bool = False


class Band(NamedTuple):
    """What lies between two quantiles, of a fan: the wider, the fainter. No error, but what is shown.

    Attributes
    ----------
    name
        Of what lies in it.
    x, low, high
        Ends at each point.
    within
        Probability of lying in it.
    """

    name: Text
    x: Numbers
    low: Numbers
    high: Numbers
    within: float


class Stack(NamedTuple):
    """Areas upon each other.

    Attributes
    ----------
    names
        From the lowest area to the highest.
    x
        Of each point.
    heights
        ``heights[area][point]``.
    """

    names: tuple[Text, ...]
    x: Numbers
    heights: tuple[Numbers, ...]


class Histogram(NamedTuple):
    """Parts of the paths by bin.

    Attributes
    ----------
    name
        Of what is counted.
    edges
        Of the bins, one more than these.
    heights
        Parts of all paths.
    role
        What it stands for.
    """

    name: Text
    edges: Numbers
    heights: Numbers
    role: Role = "plain"


class Bars(NamedTuple):
    """Bars that lie beside names.

    Attributes
    ----------
    name
        Of the series.
    at
        Places of the names.
    base, value
        Where each begins and ends.
    low, high
        95 % interval of the end; empty where there is none.
    texts
        Figures to be written beside them; empty where none are.
    role
        What they stand for.
    """

    name: Text
    at: Numbers
    base: Numbers
    value: Numbers
    low: Numbers = ()
    high: Numbers = ()
    texts: tuple[Cell, ...] = ()
    role: Role = "plain"


class Ranges(NamedTuple):
    """Lines from end to end beside names, such as from a low to a high quantile.

    Attributes
    ----------
    name
        Of the series.
    at
        Places of the names.
    low, high
        Ends of each.
    within
        Probability of lying between them.
    """

    name: Text
    at: Numbers
    low: Numbers
    high: Numbers
    within: float


class Points(NamedTuple):
    """Points, with 95 % intervals where they have them.

    Attributes
    ----------
    name
        Of the series.
    x, y
        Of each; beside names y has their places.
    low, high
        Ends of the intervals: along x beside names, else along y; empty where there are none.
    texts
        Figures to be written beside them; empty where none are.
    many
        Whether they are a cloud, in which one point does not matter.
    """

    name: Text
    x: Numbers
    y: Numbers
    low: Numbers = ()
    high: Numbers = ()
    texts: tuple[Cell, ...] = ()
    many: bool = False


class Reference(NamedTuple):
    """A line across the panel at a value, and its 95 % interval.

    Attributes
    ----------
    axis
        On which the value lies.
    at
        The value.
    label
        What it is, with its figure.
    low, high
        Ends of its interval; NaN where there is none.
    """

    axis: Literal["x", "y"]
    at: float
    label: Text
    low: float = float("nan")
    high: float = float("nan")


class Cells(NamedTuple):
    """Cells of a grid, the darker the larger the value; they lie between neighbouring edges.

    Attributes
    ----------
    name
        Of the value.
    x, y
        Edges.
    values
        ``values[row of y][column of x]``.
    texts
        Figures to be written in them, in the same order; empty where none are.
    """

    name: Text
    x: Numbers
    y: Numbers
    values: tuple[Numbers, ...]
    texts: tuple[tuple[Cell, ...], ...] = ()


Mark = Line | Band | Stack | Histogram | Bars | Ranges | Points | Reference | Cells


class Panel(NamedTuple):
    """Marks on two axes, in the order in which they are drawn.

    Attributes
    ----------
    x, y
        The axes.
    marks
        What is drawn.
    title
        What the panel shows, where there are several.
    """

    x: Axis
    y: Axis
    marks: tuple[Mark, ...]
    title: Text = ""


class Chart(NamedTuple):
    """What a picture shows.

    Attributes
    ----------
    name
        In the registry.
    title
        The answer, in a sentence.
    study
        What it is of.
    panels
        One or several.
    paths, seed
        What it rests on.
    notes
        What must be known to read it.
    arranged
        ``column``: panels share their x and stand under each other; ``row``: they share the names on y and stand beside
        each other; ``grid``: they share nothing.
    """

    name: str
    title: Note
    study: Named
    panels: tuple[Panel, ...]
    paths: int
    seed: str
    notes: tuple[Note, ...] = ()
    arranged: Literal["column", "row", "grid"] = "grid"
