"""Piecewise cubics over equidistant nodes: how a curve becomes the segments of a table."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from spvrisk.catalogue import phrase

Array = NDArray[np.float64]

MOST_CELLS = 4096
"""A segment has at most this many cells (one less than its nodes)."""

# a straight line needs one cell; anything else is tried with so many
_FIRST_CELLS = 8

Check = Callable[[Array, Array, Array], Array]
"""(abscissa, exact value, approximation) -> error as a multiple of what is allowed; all of one shape."""


class Curve(Protocol):
    """A non-decreasing function with its slope."""

    def value(self, abscissa: Array) -> Array:
        """Function values, ``(...)`` float64.

        Parameters
        ----------
        abscissa
            Where, ``(...)``.
        """
        ...

    def slope(self, abscissa: Array, value: Array) -> Array:
        """Slopes, ``(...)`` float64; ``inf`` or NaN where it has none.

        Parameters
        ----------
        abscissa
            Where, ``(...)``.
        value
            Function values there, which the slope may be found from.
        """
        ...


class Segment(NamedTuple):
    """A stretch of the abscissa with its own equidistant nodes.

    Attributes
    ----------
    lower, upper
        Ends of the stretch; the cubics are exact in between and clamped outside.
    coefficient
        ``(cell, 4)``: ``c0 + s (c1 + s (c2 + s c3))`` with s in [0, 1] across the cell.
    """

    lower: float
    upper: float
    coefficient: Array


def constant(lower: float, upper: float, value: float) -> Segment:
    """Make the segment of an atom: one cell that is `value` throughout.

    Parameters
    ----------
    lower, upper
        Ends of the stretch.
    value
        Of the curve, all over it.
    """
    return Segment(lower, upper, np.array([[value, 0.0, 0.0, 0.0]]))


def hermite(lower: float, upper: float, value: Array, slope: Array) -> Segment:
    """Join values at equidistant nodes by monotone cubics with the given slopes.

    A slope steeper than three times a cell's secant is cut to that, within that cell only: the bound of Fritsch and
    Carlson (1980) under which a cubic stays monotone. A NaN slope becomes the secant.

    Parameters
    ----------
    lower, upper
        First and last node.
    value, slope
        ``(node,)``, values non-decreasing.
    """
    step = (upper - lower) / (value.size - 1)
    rise = np.diff(value)
    left, right = (_limited(slope[ends] * step, rise) for ends in (slice(None, -1), slice(1, None)))
    return Segment(
        lower, upper, np.stack([value[:-1], left, 3 * rise - 2 * left - right, left + right - 2 * rise], axis=1)
    )


def _limited(slope: Array, rise: Array) -> Array:
    return np.where(np.isnan(slope), rise, np.clip(slope, 0.0, 3.0 * rise))


def cubic(coefficient: Array, s: Array) -> Array:
    """Evaluate cubics, ``(...)`` float64.

    Parameters
    ----------
    coefficient
        ``(..., 4)`` as of `Segment`.
    s
        Positions in their cells, of a shape that broadcasts with ``...``.
    """
    c0, c1, c2, c3 = np.moveaxis(coefficient, -1, 0)
    value: Array = c0 + s * (c1 + s * (c2 + s * c3))
    return value


class UnfitError(ValueError):
    """A curve that cubics do not follow."""


def fit(curve: Curve, check: Check, lower: float, upper: float, least_width: float, halvings: int = 6) -> list[Segment]:
    """Cover [lower, upper] by segments that pass `check` between their nodes, with few nodes each.

    Cells are doubled until all pass, then their number is lowered again. Where errors sit in a small part and are
    far too large for that (a kink, a root, an infinite slope), the part is cut out and fitted on its own.

    Parameters
    ----------
    curve
        The function.
    check
        Tells how far off an approximation is.
    lower, upper
        Ends of the stretch.
    least_width
        A segment narrower than this is accepted as it is: monotone and exact at its ends.
    halvings
        How often a segment of `MOST_CELLS` that does not pass may be halved.

    Raises
    ------
    UnfitError
        If that is not enough.
    """
    cells, last = 1, np.inf
    while True:
        segment, ratio = _trial(curve, check, lower, upper, cells)
        bad = np.flatnonzero(~(ratio <= 1.0))
        if bad.size == 0:
            return [_fewest(curve, check, segment, float(ratio.max()))]
        if upper - lower <= least_width:
            return [segment]
        worst = float(ratio.max())
        # doubling divides a smooth error by 16: what it hardly mends, or two more would not mend, is cut out
        cuts = _cuts(bad, cells, not worst < min(256.0, last / 6.0))
        if cuts:
            edges = [lower, *(lower + (upper - lower) * (cut / cells) for cut in cuts), upper]
            parts = zip(edges[:-1], edges[1:], strict=True)
            left = halvings - (cells == MOST_CELLS)
            if left < 0:
                raise UnfitError(phrase("{} cells do not do on [{:g}, {:g}]", MOST_CELLS, lower, upper))
            return [part for low, high in parts for part in fit(curve, check, low, high, least_width, left)]
        cells, last = max(_FIRST_CELLS, 2 * cells), worst


def _cuts(bad: NDArray[np.intp], cells: int, stubborn: bool) -> list[int]:
    """Cells at which to cut, empty if doubling should go on."""
    first, last = int(bad[0]), int(bad[-1]) + 1
    if stubborn and cells >= 32 and last - first <= cells // 4:
        return [cut for cut in (first, last) if 0 < cut < cells]
    return [cells // 2] if cells == MOST_CELLS else []


def _trial(curve: Curve, check: Check, lower: float, upper: float, cells: int) -> tuple[Segment, Array]:
    """A segment of so many cells, and the worst error in each as a multiple of what is allowed, ``(cell,)``."""
    s = _checked_places(cells)
    grid = (np.arange(cells)[:, None] + np.concatenate([[0.0], s])) / cells
    abscissa = np.append(lower + (upper - lower) * grid.ravel(), upper)
    exact = curve.value(abscissa)
    nodes = slice(None, None, s.size + 1)
    segment = hermite(lower, upper, exact[nodes], curve.slope(abscissa[nodes], exact[nodes]))
    at, wanted = (each[:-1].reshape(grid.shape)[:, 1:] for each in (abscissa, exact))
    return segment, check(at, wanted, cubic(segment.coefficient[:, None, :], s)).max(axis=1)


def _checked_places(cells: int) -> Array:
    """Places in a cell at which errors are looked at: evenly, and close to its ends, where a root or pole shows."""
    between = max(3, -(-48 // cells))
    return np.unique(np.concatenate([np.arange(1, between + 1) / (between + 1), [0.06, 0.94]]))


def _fewest(curve: Curve, check: Check, segment: Segment, worst: float) -> Segment:
    """Lower the number of cells of a segment that passes; half of them do not."""
    enough = len(segment.coefficient)
    too_few = enough // 2 if enough > _FIRST_CELLS else 1
    # the error goes with the fourth power of the cell: 2 % more cells than that are hardly ever too few
    guess = int(enough * 1.02 * worst**0.25) + 1
    while too_few < guess < enough:
        trial, ratio = _trial(curve, check, segment.lower, segment.upper, guess)
        if ratio.max() <= 1.0:
            return trial
        too_few = guess
        guess = (enough + too_few) // 2 if enough - too_few > enough // 16 else enough
    return segment
