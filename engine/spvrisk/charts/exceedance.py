"""What loss is exceeded how rarely: the curve by return period, with the mean beyond."""

from collections.abc import Iterator
from math import ceil, isinf

import numpy as np

from spvrisk.charts.chart import Axis, Chart, Line, Panel, Points
from spvrisk.charts.words import ERRORS, axis_of, figure_of, seed_of, unit_of
from spvrisk.dataset.read import Result
from spvrisk.dataset.tables import FEW_PATHS
from spvrisk.experiments.exceeded import DEFAULT_LEVELS, Curve, curve
from spvrisk.measures.exceedance import Point
from spvrisk.measures.intervals import NORMAL_95, error_of_interval
from spvrisk.plan.outputs import WHOLE
from spvrisk.runner.execute import Announce
from spvrisk.views.exceedance import OUTCOMES
from spvrisk.views.figures import Cell, Note, said
from spvrisk.views.words import study_named

_POINTS = 60
"""Of the curve, at equal steps of the logarithm."""

_TICKS = (2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 100_000, 1_000_000)
"""Return periods that are named on the axis."""


def exceedance(result: Result, of: str = "npv_funder", announce: Announce = lambda _: None) -> Chart:
    """Show what is exceeded how rarely, of a net present value the loss.

    Parameters
    ----------
    result
        The result.
    of
        ``npv_funder``, ``smr/cost``.
    announce
        As of `spvrisk.experiments.values.values_by_path`.

    Raises
    ------
    InputError
        There is no such quantity, or its values cannot be had.
    RunError
        As of `spvrisk.experiments.values.values_by_path`.
    """
    found = curve(result, of, _levels(result.n_paths), announce=announce)
    points = [point for point in found.points if point.paths >= FEW_PATHS and not isinf(point.value)]
    told = [point for point in points if point.probability in DEFAULT_LEVELS]
    marks = (_curve(found, points), _beyond(points), _told(found, told))
    ends = (2.0, max([point.one_in for point in points], default=10.0))
    panel = Panel(return_periods(ends), _axis(found), marks)
    notes = tuple(_notes(found))
    return Chart(
        "exceedance", _title(found, told), study_named(result.labels), (panel,), result.n_paths, seed_of(result), notes
    )


def return_periods(ends: tuple[float, float]) -> Axis:
    """Give an axis of return periods.

    Parameters
    ----------
    ends
        Where it begins and ends, in outcomes.
    """
    ticks = tuple((float(tick), said("1 in {:,d}", tick)) for tick in _TICKS if tick <= ends[1])
    return Axis(Note("return period, outcomes"), scale="log", ends=ends, ticks=ticks)


def _levels(paths: int) -> tuple[str, ...]:
    """Probabilities of whole numbers of paths at equal steps of their logarithm, from half of all to `FEW_PATHS`."""
    counts = np.unique(np.geomspace(min(FEW_PATHS, 0.5 * paths), 0.5 * paths, _POINTS).astype(int))
    # rounded up, so that no path is missing beyond
    steps = {f"{ceil(1e12 * int(count) / paths) / 1e12:.12f}".rstrip("0") for count in counts if count}
    return (*{*DEFAULT_LEVELS, *steps},)


def _axis(found: Curve) -> Axis:
    labels, series = found.result.labels, found.series
    if not found.of_loss:
        return axis_of(labels, series)
    own = axis_of(labels, series)
    return own._replace(label=said("loss exceeded: minus {}", own.label))


def _name(found: Curve) -> Note:
    return Note("loss exceeded") if found.of_loss else Note("value exceeded")


def _curve(found: Curve, points: list[Point]) -> Line:
    x, y = tuple(point.one_in for point in points), tuple(point.value for point in points)
    return Line(_name(found), x, y, tuple(point.low for point in points), tuple(point.high for point in points))


def _beyond(points: list[Point]) -> Line:
    """The mean of what is beyond, with its band."""
    x, y = tuple(point.one_in for point in points), tuple(point.beyond for point in points)
    half = NORMAL_95 * np.array([point.error for point in points])
    low, high = (tuple((np.array(y) + sign * half).tolist()) for sign in (-1.0, 1.0))
    return Line(Note("mean beyond (expected shortfall)"), x, y, low, high)


def _told(found: Curve, told: list[Point]) -> Points:
    """Return periods that are read off, with their figures."""
    x, y = tuple(point.one_in for point in told), tuple(point.value for point in told)
    return Points(_name(found), x, y, texts=tuple(_figure(found, point) for point in told))


def _figure(found: Curve, point: Point) -> Cell:
    return figure_of(found.result.labels, found.series, point.value, error_of_interval(point.low, point.high))


def _title(found: Curve, told: list[Point]) -> Note:
    """The answer: the rarest of what is told, and one in ten."""
    labels, series = found.result.labels, found.series
    what = Note("loss") if found.of_loss else axis_of(labels, series).label
    if not told:
        return said("{}: too few paths for a curve", what)
    rare, unit = told[-1], unit_of(labels, series)
    often = min(told, key=lambda point: abs(point.one_in - 10.0))
    if series == WHOLE:
        text = "1 in {:g} outcomes costs the funder more than {} {}, 1 in {:g} more than {}"
        return said(text, rare.one_in, _figure(found, rare), unit, often.one_in, _figure(found, often))
    text = "{}: 1 in {:g} outcomes has more than {} {}, 1 in {:g} more than {}"
    return said(text, what, rare.one_in, _figure(found, rare), unit, often.one_in, _figure(found, often))


def _notes(found: Curve) -> Iterator[Note]:
    yield OUTCOMES
    if found.defined < found.result.n_paths:
        yield said("Probabilities are of the {:path} on which it is defined.", found.defined)
    yield said("Drawn as far as {:path} lie beyond.", FEW_PATHS)
    yield ERRORS
