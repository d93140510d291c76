"""Colours, dashes and hatches: each tells its part without the others, so that print and the colour-blind lose nothing.

Colours are those of Okabe and Ito, in the order of their luminance.

References
----------
Okabe, M. and Ito, K. (2008). Color universal design: how to make figures and presentations that are friendly to
colorblind people. jfly.uni-koeln.de/color.
"""

from typing import NamedTuple

from spvrisk.charts.chart import Role

INK, GREY, PALE = "#1a1a1a", "#5f5f5f", "#d9d9d9"
"""Of text, of what stands back, of lines of a grid."""

Dash = str | tuple[int, tuple[float, ...]]


class Pen(NamedTuple):
    """How a series of lines or points looks."""

    colour: str
    dash: Dash
    marker: str


PENS = (
    Pen("#000000", "-", "o"),
    Pen("#0072B2", (0, (6, 2)), "s"),
    Pen("#D55E00", (0, (1.2, 1.5)), "^"),
    Pen("#009E73", (0, (6, 2, 1.2, 2)), "D"),
    Pen("#CC79A7", (0, (3, 1.5)), "v"),
    Pen("#56B4E9", (0, (10, 2)), "P"),
    Pen("#E69F00", (0, (6, 2, 1.2, 2, 1.2, 2)), "X"),
)
"""Of the series of a panel, in their order: from dark to light, and each with a dash and a marker of its own."""


class Fill(NamedTuple):
    """How an area looks."""

    colour: str
    hatch: str = ""


FILLS: dict[Role, Fill] = {
    "total": Fill("#4d4d4d"),
    "high": Fill("#0072B2"),
    "loss": Fill("#D55E00", "///"),
    "gain": Fill("#56B4E9"),
    "plain": Fill("#8fb8d8"),
    "low": Fill("#E69F00", "..."),
}
"""Of parts, by what they stand for."""

LAYERS = (
    Fill("#0072B2"),
    Fill("#D55E00", "///"),
    Fill("#009E73", "..."),
    Fill("#CC79A7", "\\\\\\"),
    Fill("#56B4E9"),
    Fill("#E69F00", "xx"),
    Fill("#F0E442", "--"),
    Fill("#ffffff", "++"),
)
"""Of areas upon each other, in their order: from dark to light, and neighbours differ in their hatch."""


def luminance(colour: str) -> float:
    """Relative luminance of a colour, from 0 of black to 1 of white.

    Parameters
    ----------
    colour
        As ``#rrggbb``.

    References
    ----------
    W3C (2023). Web Content Accessibility Guidelines 2.2, relative luminance.
    """
    parts = (int(colour[i : i + 2], 16) / 255.0 for i in (1, 3, 5))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
