"""The funder's cash over time: fans of quantiles of its net flow, cumulated and by step."""

from collections.abc import Iterator
from math import sqrt

import numpy as np

from spvrisk.charts.chart import Axis, Band, Chart, Line, Mark, Numbers, Panel, Reference
from spvrisk.charts.words import seed_of, step_years, time_axis
from spvrisk.dataset.read import Result
from spvrisk.measures.intervals import NORMAL_95, error_of_interval
from spvrisk.plan.arrays import Floats
from spvrisk.plan.outputs import FANS
from spvrisk.plan.shared import FAN_PATHS
from spvrisk.views.figures import Estimate, Note, said
from spvrisk.views.words import money_in, study_named

_CUMULATED, _STEP = "cumulated_funder_flow", "net_flow"

_STEPS = {
    1: "net flow in the year",
    2: "net flow in the half-year",
    4: "net flow in the quarter",
    12: "net flow in the month",
}


def fan(result: Result) -> Chart:
    """Show the funder's net flow over time, cumulated and by step.

    Parameters
    ----------
    result
        The result.
    """
    labels, unit = result.labels, money_in(result.labels)
    panels = tuple(
        Panel(time_axis(labels), Axis(label, unit), tuple(_marks(result, fan)))
        for fan, label in ((_CUMULATED, Note("cumulated net flow")), (_STEP, Note(_STEPS[labels.steps_per_year])))
    )
    return Chart(
        "fan",
        _title(result),
        study_named(labels),
        panels,
        result.n_paths,
        seed_of(result),
        tuple(_notes(result)),
        "column",
    )


def _marks(result: Result, fan: str) -> Iterator[Mark]:
    """Bands between quantiles that leave out as much on either side, the widest first; then the median."""
    x, levels = step_years(result.labels), [float(text) for text in result.timeline.quantiles]
    rows = result.timeline.fans[list(FANS).index(fan)]
    for i, level in enumerate(levels):
        pair = [k for k, other in enumerate(levels) if level < 0.5 and abs(level + other - 1.0) < 1e-9]
        for k in pair:
            name = said("{:.0%} of the paths", levels[k] - level)
            yield Band(name, x, _numbers(rows[i]), _numbers(rows[k]), levels[k] - level)
    if 0.5 in levels:
        low, high = _interval(result, rows)
        yield Line(Note("median"), x, _numbers(rows[levels.index(0.5)]), low, high)
    yield Reference("y", 0.0, "")


def _interval(result: Result, rows: Floats) -> tuple[Numbers, Numbers]:
    """95 % interval of the median: the quantiles that many paths may have in its place, between those that are kept."""
    half = NORMAL_95 * sqrt(0.25 / _paths(result))
    levels = [float(text) for text in result.timeline.quantiles]
    ends = ([np.interp(level, levels, column) for column in rows.T] for level in (0.5 - half, 0.5 + half))
    low, high = (tuple(map(float, end)) for end in ends)
    return low, high


def _title(result: Result) -> Note:
    """The answer: when most is out of pocket in the median, and whether it comes back."""
    levels = [float(text) for text in result.timeline.quantiles]
    rows, years = result.timeline.fans[list(FANS).index(_CUMULATED)], step_years(result.labels)
    if 0.5 not in levels:
        return Note("The funder's cash over time")
    median = rows[levels.index(0.5)]
    low, high = _interval(result, rows)
    t = int(np.argmin(median))
    size = Estimate(float(-median[t]), error_of_interval(low[t], high[t]))
    back = np.flatnonzero((median >= 0.0) & (np.arange(median.size) > t))
    if median[t] >= 0.0:
        return Note("In the median the funder is never out of pocket")
    text = "In the median the funder is out of pocket by {} {} in {:d}, the most"
    first = said(text, size, money_in(result.labels), int(years[t]))
    if not back.size:
        return said("{}; {}", first, Note("it is not recovered by the horizon"))
    return said("{}; {}", first, said("it is recovered in {:d}", int(years[back[0]])))


def _notes(result: Result) -> Iterator[Note]:
    yield said("Each date has quantiles of its own: a path may change its place among the others from date to date.")
    if result.n_paths > FAN_PATHS:
        yield said("Quantiles are of the first {:path}.", FAN_PATHS)
    if "0.5" in result.timeline.quantiles:
        yield Note("The band around the median is its 95 % interval of Monte Carlo error.")


def _paths(result: Result) -> int:
    return min(result.n_paths, FAN_PATHS)


def _numbers(values: Floats) -> Numbers:
    return tuple(map(float, values))
