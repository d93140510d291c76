"""How a quantity is distributed over the paths: a histogram with mean, value at risk and expected shortfall."""

from collections.abc import Iterator
from math import ceil, floor, isfinite, isnan, log10, nan

import numpy as np

from spvrisk.charts.chart import Chart, Histogram, Numbers, Panel, Reference
from spvrisk.charts.words import (
    ERRORS,
    SHARE,
    axis_of,
    figure_of,
    seed_of,
    unit_of,
)
from spvrisk.dataset.read import Result
from spvrisk.dataset.variables import has_loss, quantity_of
from spvrisk.errors import argument
from spvrisk.experiments.values import Series, values_by_path
from spvrisk.measures.intervals import NORMAL_95, error_of_interval
from spvrisk.measures.named import series_named
from spvrisk.measures.order import quantile_with_interval
from spvrisk.measures.risk import value_at_risk
from spvrisk.measures.sample import Sample, mean, share, shortfall
from spvrisk.measures.share import share_interval
from spvrisk.plan.arrays import Floats
from spvrisk.plan.outputs import WHOLE
from spvrisk.runner.execute import Announce
from spvrisk.views.figures import Cell, Estimate, Note, defined, said, share_of
from spvrisk.views.words import money_in, percent, study_named, tail_name, unit_titled

_BINS = 60
"""Bins at most, or a few more until the ends are round numbers."""

_DRAWN = ("0.001", "0.999")
"""Quantiles between which a distribution is drawn, and as far beyond as its marked figures lie."""

_MIDDLE = ("0.1", "0.5", "0.9")
"""Quantiles that are marked of what is no net present value."""


def distribution(result: Result, of: str = "npv_funder", announce: Announce = lambda _: None) -> Chart:
    """Show how a quantity is distributed.

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
    series = series_named(of, result.labels, argument("of"))
    values = values_by_path(result, [series], announce=announce)[series]
    marks = tuple(_losses(result, series, values) if has_loss(series[1]) else _middle(result, series, values))
    counted = quantity_of(*series, result.labels).kind in ("count", "flag")
    edges = bin_edges(values[np.isfinite(values)], [mark.at for mark in marks], counted)
    panel = Panel(axis_of(result.labels, series), SHARE, (*_bins(values, edges, has_loss(series[1])), *marks))
    return Chart(
        "distribution",
        _title(result, series, values),
        study_named(result.labels),
        (panel,),
        result.n_paths,
        seed_of(result),
        tuple(_notes(values, edges)),
    )


def bin_edges(finite: Floats, marked: list[float], counted: bool = False) -> Numbers:
    """Edges of equal bins at round numbers, 0 among them; a value of 0 lies in the bin that begins there.

    Parameters
    ----------
    finite
        Values, ``(path,)``.
    marked
        Values that shall lie inside, though they be rarer than what is drawn.
    counted
        Whether values are whole numbers, which then lie in the middle of bins.
    """
    if not finite.size:
        return (0.0, 1.0)
    ordered = np.sort(finite)
    low, high = (quantile_with_interval(ordered, level)[0] for level in _DRAWN)
    low, high = min([low, *marked]), max([high, *marked])
    if low == high:
        return (low - 0.5, low + 0.5) if counted or low < 0.0 else (low, low + 1.0)
    width = _round_up((high - low) / _BINS)
    width = max(1.0, width) if counted else width
    shift = 0.5 * width if counted else 0.0
    first, last = floor((low + shift) / width), ceil((high + shift) / width)
    last += last * width - shift <= high if counted else last == 0 and bool(np.any(finite == 0.0))
    return tuple(float(f"{i * width - shift:.12g}") for i in range(first, max(last, first + 1) + 1))


def _round_up(width: float) -> float:
    """The next of 1, 2, 5, 10, ... times a power of ten."""
    power = 10.0 ** floor(log10(width))
    return next(times * power for times in (1.0, 2.0, 5.0, 10.0) if times * power >= width * (1.0 - 1e-9))


def _bins(values: Floats, edges: Numbers, of_loss: bool) -> Iterator[Histogram]:
    """Parts of all paths by bin: of a net present value those of losses, all below 0, then the others."""
    heights = tuple((np.histogram(values[np.isfinite(values)], edges)[0] / values.size).tolist())
    if not of_loss:
        yield Histogram("", edges, heights)
        return
    at = sum(edge < 0.0 for edge in edges[:-1])
    if at:
        yield Histogram(Note("loss"), edges[: at + 1], heights[:at], "loss")
    if at < len(heights):
        yield Histogram(Note("no loss"), edges[at:], heights[at:], "gain")


def _losses(result: Result, series: Series, values: Floats) -> Iterator[Reference]:
    """Mean, and value at risk and expected shortfall at the highest level: losses, on the axis with a minus."""
    yield from _mean(result, series, values)
    for level in result.summary.levels[-1:]:
        loss, low, high = value_at_risk(np.sort(values), level)
        label = said("value at risk {}: {}", percent(level), Estimate(defined(loss), error_of_interval(low, high)))
        yield Reference("x", -loss, label, -high, -low)
        figure = shortfall(Sample(values), level)
        if figure.interval is not None and not isnan(figure.error):
            label = said("expected shortfall {}: {}", percent(level), Estimate(figure.value, figure.error))
            yield Reference("x", -figure.value, label, -figure.interval[1], -figure.interval[0])


def _middle(result: Result, series: Series, values: Floats) -> Iterator[Reference]:
    """Mean and some quantiles, as far as they are finite."""
    yield from _mean(result, series, values)
    ordered = np.sort(values[~np.isnan(values)])
    for level in _MIDDLE:
        value, low, high = quantile_with_interval(ordered, level)
        if isfinite(value):
            figure = figure_of(result.labels, series, value, error_of_interval(low, high))
            yield Reference("x", value, said("P{:g}: {}", 100 * float(level), figure), low, high)


def _mean(result: Result, series: Series, values: Floats) -> Iterator[Reference]:
    found = mean(Sample(values))
    if isfinite(found.value):
        half, figure = NORMAL_95 * found.error, figure_of(result.labels, series, found.value, found.error)
        yield Reference("x", found.value, said("mean: {}", figure), found.value - half, found.value + half)


def _title(result: Result, series: Series, values: Floats) -> Note:
    """The answer: what there is on average and how much is lost how often, else where most of it lies."""
    if not has_loss(series[1]):
        return _where(result, series, values)
    sample, unit = Sample(values), money_in(result.labels)
    average, lost = mean(sample), share(sample, values < 0.0)
    size, loses = Estimate(defined(abs(average.value)), defined(average.error)), average.value < 0.0
    if series == WHOLE:
        first = said("The funder loses {} {} on average" if loses else "The funder earns {} {} on average", size, unit)
    else:
        meaning = Note(quantity_of(*series, result.labels).meaning)
        value = Estimate(defined(average.value), defined(average.error))
        first = said("{}, {}: {} {} on average", unit_titled(result.labels, series[0]), meaning, value, unit)
    often = said("{} of the paths lose", share_of(lost.value, *(lost.interval or (nan, nan))))
    return said("{}{}; {}", first, _worst(result, values), often)


def _worst(result: Result, values: Floats) -> Cell:
    """How bad it gets, where there are enough paths to say so."""
    for level in result.summary.levels[-1:]:
        found = shortfall(Sample(values), level)
        if found.value > 0.0 and not isnan(found.error):
            return said(", and the worst {} lose {}", tail_name(level), Estimate(found.value, found.error))
    return ""


def _where(result: Result, series: Series, values: Floats) -> Note:
    """Where most of what is no net present value lies; of what often never comes, by when it does on half the paths."""
    labels, unit = result.labels, unit_of(result.labels, series)
    ordered = np.sort(values[~np.isnan(values)])
    what = said("{}, {}", unit_titled(labels, series[0]), Note(quantity_of(*series, labels).meaning))
    if not ordered.size:
        return said("{}: defined on no path", what)
    found = [quantile_with_interval(ordered, level) for level in _MIDDLE]
    least, half, most = (figure_of(labels, series, x, error_of_interval(low, high)) for x, low, high in found)
    if isfinite(found[-1][0]):
        within = float(_MIDDLE[-1]) - float(_MIDDLE[0])
        return said("{}: {:.0%} of the paths lie between {} and {} {}", what, within, least, most, unit)
    never = share_of(*map(float, share_interval(np.count_nonzero(np.isinf(ordered)), ordered.size)))
    if isfinite(found[1][0]):
        return said("{}: at most {} {} on half of the paths, never on {}", what, half, unit, never)
    return said("{}: never on {} of the paths", what, never)


def _notes(values: Floats, edges: Numbers) -> Iterator[Note]:
    """What is not drawn, and how errors are."""
    below, above = (int(np.count_nonzero(which)) for which in (values < edges[0], values > edges[-1]))
    if below or above - np.count_nonzero(np.isposinf(values)):
        yield said("Not drawn: {:path} further left and {:path} further right.", below, above)
    for text, count in (
        ("Undefined on {:path}, which are left out.", np.count_nonzero(np.isnan(values))),
        ("Never on {:path}.", np.count_nonzero(np.isinf(values))),
    ):
        if count:
            yield said(text, int(count))
    yield ERRORS
