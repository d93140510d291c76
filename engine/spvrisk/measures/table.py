"""The summary and the timeline of a run, from its state and its stored values."""

from collections.abc import Iterator, Sequence
from math import nan

import numpy as np
from numpy.typing import NDArray

from spvrisk.aggregate.moments import Moments
from spvrisk.aggregate.state import Sums
from spvrisk.dataset.tables import SummaryTable, TimelineTable
from spvrisk.dataset.variables import has_loss, quantity_of, states_of
from spvrisk.measures.order import quantiles_with_intervals, rank
from spvrisk.measures.risk import (
    contributions,
    expected_shortfall,
    probability_of_loss,
    value_at_risk,
)
from spvrisk.measures.share import share_interval
from spvrisk.plan.names import FANS, FINITE, INFINITE, M2, M3, M4, MEAN, UNDEFINED, Labels

Float = NDArray[np.float64]

_MOST_COPIED = 1 << 22
"""Values that are copied at a time, to be sorted."""


def summary(sums: Sums, values: Float, labels: Labels, quantiles: Sequence[str], levels: Sequence[str]) -> SummaryTable:
    """Statistics of every series, each with its Monte Carlo standard error or 95 % interval.

    Parameters
    ----------
    sums
        The finished state of the run.
    values
        ``(series, path)`` float64 in the order of ``labels.series``; NaN is undefined.
    labels
        Names of the series.
    quantiles, levels
        Decimal strings in (0, 1).
    """
    every = np.arange(values.shape[1])
    return table_of(sums.moments, values, every, labels, tuple(quantiles), tuple(levels))


def table_of(
    moments: Moments,
    values: Float,
    paths: NDArray[np.intp],
    labels: Labels,
    quantiles: tuple[str, ...],
    levels: tuple[str, ...],
) -> SummaryTable:
    """Statistics of every series over some paths (their numbers, rising), from its moments there and its values."""
    table, series = _empty(moments, labels, quantiles, levels), labels.series
    coded = {s: states for s, (_, name) in enumerate(series) if (states := states_of(name, labels)) is not None}
    numbers = [s for s in range(len(series)) if s not in coded]
    for rows in _blocks(numbers, paths.size):
        ordered = values[np.ix_(np.array(rows), paths)]
        ordered.sort(axis=1)
        bounds = quantiles_with_intervals(ordered, table.n[rows], quantiles)
        table.quantile[rows], table.quantile_low[rows], table.quantile_high[rows] = bounds
        for s, row in zip(rows, ordered, strict=True):
            if has_loss(series[s][1]):
                _fill_risk(table, s, row[: table.n[s]])
    for s, states in coded.items():
        quantity = series[s][1]
        found = _shares(values[s, paths], len(states))
        table.shares[quantity], table.shares_low[quantity], table.shares_high[quantity] = found
        for statistic in (table.mean, table.mean_se, table.sd, table.sd_se, table.skewness):
            statistic[s] = nan
    _fill_probabilities(table, labels)
    _fill_contributions(table, values, paths, labels)
    return table


def _blocks(series: Sequence[int], n_paths: int) -> Iterator[list[int]]:
    """Series in blocks small enough to be copied."""
    size = max(1, _MOST_COPIED // max(n_paths, 1))
    for first in range(0, len(series), size):
        yield list(series[first : first + size])


def timeline(sums: Sums, fans: NDArray[np.float32], labels: Labels, quantiles: Sequence[str]) -> TimelineTable:
    """Means by step over all paths, and quantiles of the portfolio's rows over the first paths.

    Parameters
    ----------
    sums
        The finished state of the run.
    fans
        ``(fan, step, path)`` float32.
    labels
        Names of the units.
    quantiles
        Decimal strings in (0, 1).
    """
    n = sums.n_paths
    units = len(labels.projects) + 1
    mean = sums.timeline.reshape(units, len(labels.timeline), -1) / n
    ranks = [rank(level, fans.shape[2]) - 1 for level in quantiles]
    out = np.empty((len(FANS), len(ranks), fans.shape[1]))
    for f in range(len(FANS)):
        for t in range(fans.shape[1]):
            out[f, :, t] = np.sort(fans[f, t])[ranks]
    return TimelineTable(tuple(quantiles), mean, sums.occupancy / n, out)


def _empty(moments: Moments, labels: Labels, quantiles: tuple[str, ...], levels: tuple[str, ...]) -> SummaryTable:
    """A table with what the moments tell, the rest NaN."""
    n_series = moments.counts.shape[1]
    mean, mean_se, sd, sd_se, skewness = _from_moments(moments)

    def undefined(*shape: int) -> Float:
        return np.full(shape, nan)

    return SummaryTable(
        quantiles=quantiles,
        levels=levels,
        n=moments.counts[FINITE] + moments.counts[INFINITE],
        n_infinite=moments.counts[INFINITE],
        n_undefined=moments.counts[UNDEFINED],
        mean=mean,
        mean_se=mean_se,
        mean_low=undefined(n_series),
        mean_high=undefined(n_series),
        sd=sd,
        sd_se=sd_se,
        skewness=skewness,
        quantile=undefined(n_series, len(quantiles)),
        quantile_low=undefined(n_series, len(quantiles)),
        quantile_high=undefined(n_series, len(quantiles)),
        p_finite=undefined(n_series),
        p_finite_low=undefined(n_series),
        p_finite_high=undefined(n_series),
        p_loss=undefined(n_series),
        p_loss_low=undefined(n_series),
        p_loss_high=undefined(n_series),
        value_at_risk=undefined(n_series, len(levels)),
        value_at_risk_low=undefined(n_series, len(levels)),
        value_at_risk_high=undefined(n_series, len(levels)),
        expected_shortfall=undefined(n_series, len(levels)),
        expected_shortfall_se=undefined(n_series, len(levels)),
        contribution=undefined(len(labels.projects), len(levels)),
        shares={},
        shares_low={},
        shares_high={},
    )


def _from_moments(moments: Moments) -> tuple[Float, Float, Float, Float, Float]:
    """Mean, sd, their standard errors, and skewness of the finite values.

    The variance of the sample variance is (mu4 - sd^4 (n - 3)/(n - 1)) / n, and that of its root follows to
    first order. Of fewer than two values only the mean is defined; a constant has no skewness.
    """
    n = moments.counts[FINITE].astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(n > 0, moments.central[MEAN], nan)
        variance = np.where(n > 1, moments.central[M2] / (n - 1), nan)
        sd = np.sqrt(variance)
        fourth = moments.central[M4] / n
        spread = (fourth - variance * variance * (n - 3) / (n - 1)) / n
        sd_se = np.where(variance > 0, np.sqrt(np.maximum(spread, 0.0)) / (2 * sd), sd)
        second = moments.central[M2]
        # a power would be other code on a processor with other vector instructions, and differ in last digits
        skewness = np.sqrt(n) * moments.central[M3] / (second * np.sqrt(second))
        return mean, sd / np.sqrt(n), sd, sd_se, np.where(variance > 0, skewness, nan)


def _shares(codes: Float, n_states: int) -> tuple[Float, Float, Float]:
    """Probability of each state over the paths where it is defined, and the ends of its 95 % interval."""
    defined = codes[~np.isnan(codes)]
    counts = np.bincount(defined.astype(np.int64), minlength=n_states)
    return share_interval(counts, defined.size)


def _fill_probabilities(table: SummaryTable, labels: Labels) -> None:
    """Intervals of the means of what is 0 or 1, and shares of the paths on which a time is finite."""
    kinds = np.array([quantity_of(unit, name, labels).kind for unit, name in labels.series])
    flags, times = np.flatnonzero(kinds == "flag"), np.flatnonzero(kinds == "years")
    # ones are counted by their mean, which rounding moves by far less than one of them
    ones = np.rint(np.nan_to_num(table.mean[flags] * table.n[flags]))
    _, table.mean_low[flags], table.mean_high[flags] = share_interval(ones, table.n[flags])
    found = share_interval(table.n[times] - table.n_infinite[times], table.n[times])
    table.p_finite[times], table.p_finite_low[times], table.p_finite_high[times] = found


def _fill_risk(table: SummaryTable, s: int, ordered: Float) -> None:
    """Risk measures of one series from its defined values in ascending order."""
    finite = ordered[np.isfinite(ordered)] if table.n_infinite[s] else ordered
    table.p_loss[s], table.p_loss_low[s], table.p_loss_high[s] = probability_of_loss(ordered)
    for a, level in enumerate(table.levels):
        var = value_at_risk(ordered, level)
        table.value_at_risk[s, a], table.value_at_risk_low[s, a], table.value_at_risk_high[s, a] = var
        table.expected_shortfall[s, a], table.expected_shortfall_se[s, a] = expected_shortfall(finite, level)


def _fill_contributions(table: SummaryTable, values: Float, paths: NDArray[np.intp], labels: Labels) -> None:
    """Contributions to the portfolio's tail; paths of equal loss go by number."""
    *projects, portfolio = (s for s, (_, quantity) in enumerate(labels.series) if quantity == "npv_funder")
    if table.n[portfolio] == 0 or table.n[portfolio] < paths.size or table.n_infinite[portfolio]:
        return
    worst_first = paths[np.argsort(values[portfolio, paths], kind="stable")]
    for a, level in enumerate(table.levels):
        table.contribution[:, a] = contributions((values[s] for s in projects), worst_first, level)
