"""Statistics of every series over all paths and over those of each condition, several series side by side.

Arrays of a `SummaryTable` have a first dimension more here: the set of paths. Each series fills its own part.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from math import nan
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk.aggregate.exact import exact_sum
from spvrisk.aggregate.facts import Ends, Facts
from spvrisk.aggregate.moments import Moments
from spvrisk.aggregate.passes import LOT, TAILS, words_of
from spvrisk.dataset.tables import BOUNDS, COUNTS, STATISTICS, SummaryTable, no_bound
from spvrisk.dataset.variables import has_loss, quantity_of
from spvrisk.measures.order import ranks_with_intervals
from spvrisk.measures.risk import contribution, expected_shortfall, tail, tail_mean
from spvrisk.measures.share import share_interval
from spvrisk.measures.source import OnWorst, Source
from spvrisk.plan.names import Labels
from spvrisk.plan.outputs import NPV, WHOLE
from spvrisk.plan.shared import FINITE, INFINITE, M2, M3, M4, MEAN, SLOTS, UNDEFINED

Float = NDArray[np.float64]
Int = NDArray[np.int64]

_WORTH_THREADS = 1 << 14
"""Paths below which threads would mostly wait for Python's lock."""

_IN_LOT, _IN_TAIL, _TAIL = 128, 32, 0.05
"""Bytes that a value takes while its lot is gone through, and in a tail; the share of the paths that a tail holds."""

ORDERED_AT_ONCE = 4
"""Series whose paths are put in order at the same time, at most."""


def bytes_per_path(threads: int, labels: Labels) -> int:
    """Memory that statistics take for each path.

    For each thread two words of the order and two of values; for each word of what a path meets of the conditions
    itself and a place for each of its slots, and the codes that these are packed from.

    Parameters
    ----------
    threads
        As of `Series`.
    labels
        Names of the series.
    """
    each = 8 * 4 * min(threads, ORDERED_AT_ONCE)
    told = [len(names) for _, names in (*labels.events, *labels.regimes)]
    slots = sum(-(-(number + 1) // 7) for number in told)
    return each + -(-slots // SLOTS) * (8 + 2 * SLOTS) + 2 * len(told)


def bytes_in_passes(n_paths: int, threads: int, labels: Labels) -> int:
    """Memory that statistics take in passes over the paths.

    For each thread a lot with its order, and tails of some sets at a time; for each path the words that say what it
    meets of the conditions.

    Parameters
    ----------
    n_paths
        How many there are.
    threads
        As of `Series`.
    labels
        Names of the series.
    """
    words = words_of([len(names) + 1 for _, names in (*labels.events, *labels.regimes)])
    tails = _IN_TAIL * min(max(int(_TAIL * n_paths), TAILS), n_paths)
    return min(threads, ORDERED_AT_ONCE) * (_IN_LOT * min(n_paths, LOT) + tails) + 2 * words * n_paths


class Series(NamedTuple):
    """What statistics are of.

    Attributes
    ----------
    source
        What is known of every series, in the order of ``labels.series``.
    labels
        Names of the series.
    quantiles, levels
        Decimal strings in (0, 1).
    threads
        How many series are gone through side by side; `ORDERED_AT_ONCE` at most.
    """

    source: Source
    labels: Labels
    quantiles: tuple[str, ...]
    levels: tuple[str, ...]
    threads: int = 1

    def states(self, s: int) -> int:
        """Of how many states or outcomes a series tells; 0 if it is a number.

        Parameters
        ----------
        s
            Number of the series.
        """
        return len(self.labels.states.get(self.labels.series[s][1]) or ())

    def each(self, work: Callable[[int], None], numbers: list[int]) -> None:
        """Have work done for series, side by side.

        Parameters
        ----------
        work
            Called with the number of a series, from any thread.
        numbers
            Of the series.
        """
        if self.threads == 1 or self.source.n_paths[0] < _WORTH_THREADS:
            for s in numbers:
                work(s)
            return
        with ThreadPoolExecutor(min(self.threads, ORDERED_AT_ONCE), "spvrisk") as pool:
            for _ in pool.map(work, numbers):
                pass


def tables_of(moments: Moments | None, series: Series) -> list[SummaryTable]:
    """Statistics of every series over each set of paths.

    Parameters
    ----------
    moments
        Of the series over all paths; where None, the first table holds nothing.
    series
        What statistics are of.
    """
    found = _Filling(moments, series)
    series.each(found.fill, list(range(len(series.labels.series))))
    found.fill_from_moments()
    found.fill_contributions()
    return [_of_set(found.table, i) for i in range(series.source.n_paths.size)]


class _Filling:
    """Tables of all sets, being filled."""

    def __init__(self, moments: Moments | None, series: Series) -> None:
        self._n_paths, self._series = series.source.n_paths, series
        shape = (self._n_paths.size, len(series.labels.series))
        self._moments = Moments(np.zeros((3, *shape), np.int64), np.zeros((4, *shape)))
        if moments is not None:
            self._moments.counts[:, 0], self._moments.central[:, 0] = moments
        self.table = _undefined(shape[0], series)

    def fill(self, s: int) -> None:
        """Fill the counts, ranks and shares of a series, and keep its moments."""
        facts, (_, quantity) = self._series.source.facts(s), self._series.labels.series[s]
        counts, central = facts.moments()
        self._moments.counts[:, 1:, s], self._moments.central[:, 1:, s] = counts[:, 1:], central[:, 1:]
        counts = self._moments.counts[:, :, s]
        self.table.n[:, s] = counts[FINITE] + counts[INFINITE]
        self.table.n_infinite[:, s], self.table.n_undefined[:, s] = counts[INFINITE], counts[UNDEFINED]
        if n_states := self._series.states(s):
            self._fill_shares(quantity, facts, n_states)
            return
        self._fill_ranks(s, facts)
        if has_loss(quantity):
            n = self.table.n[:, s]
            found = share_interval(np.where(n > 0, facts.below_zero(), 0), n)
            self.table.p_loss[:, s], self.table.p_loss_low[:, s], self.table.p_loss_high[:, s] = found
            self._fill_shortfall(s, facts)

    def _fill_shares(self, quantity: str, facts: Facts, n_states: int) -> None:
        """Probability of each state over the paths where it is defined, and the ends of its 95 % interval."""
        counts = np.stack([facts.equal_to(k) for k in range(n_states)], axis=1)
        found = share_interval(counts, counts.sum(axis=1, keepdims=True))
        table = self.table
        table.shares[quantity][:], table.shares_low[quantity][:], table.shares_high[quantity][:] = found

    def _fill_ranks(self, s: int, facts: Facts) -> None:
        """Quantiles, and values at risk: the k-th smallest loss is the k-th greatest value.

        Ends of intervals are taken from the outer ends of where their values lie.
        """
        n, table = self.table.n[:, s], self.table
        levels = self._series.levels if has_loss(self._series.labels.series[s][1]) else ()
        of_losses = n[:, None, None] + 1 - ranks_with_intervals(levels, n)
        ranks = np.concatenate([ranks_with_intervals(self._series.quantiles, n), of_losses], axis=2)
        there = (ranks >= 1) & (ranks <= n[:, None, None])
        ends = facts.at_ranks(np.where(there, ranks, 1).reshape(n.size, -1))
        low, high = (np.where(there, end.reshape(ranks.shape), nan).transpose(1, 0, 2) for end in ends)
        split = len(self._series.quantiles)
        table.quantile[:, s], table.quantile_bound[:, s] = _middle((low[0, :, :split], high[0, :, :split]))
        table.quantile_low[:, s], table.quantile_high[:, s] = low[1, :, :split], high[2, :, :split]
        if levels:
            low, high = -high[:, :, split:], -low[:, :, split:]
            table.value_at_risk[:, s], table.value_at_risk_bound[:, s] = _middle((low[0], high[0]))
            table.value_at_risk_low[:, s], table.value_at_risk_high[:, s] = low[1], high[2]

    def _fill_shortfall(self, s: int, facts: Facts) -> None:
        """Expected shortfalls with their errors, from the tails of the finite values."""
        n, table = self._moments.counts[FINITE, :, s], self.table
        for i, ends in enumerate(facts.worst(self._sizes(n))):
            worst, bounds = _middle(ends)
            known = not bounds.any()
            for a, level in enumerate(self._series.levels):
                found = expected_shortfall(worst, level, int(n[i]), exact_sum)
                table.expected_shortfall[i, s, a], table.expected_shortfall_se[i, s, a] = found
                bound = 0.0 if known else tail_mean(bounds, level, int(n[i]), exact_sum)
                table.expected_shortfall_bound[i, s, a] = bound if n[i] else nan

    def _sizes(self, n: Int) -> Int:
        """How many of so many values the tails hold, and one more."""
        sizes = [max((tail(level, int(k))[0] + 1 for level in self._series.levels), default=0) for k in n]
        return np.minimum(sizes, n)

    def fill_contributions(self) -> None:
        """Contributions to the portfolio's tails, where it is finite on all paths; paths of equal loss go by number."""
        labels, levels = self._series.labels, self._series.levels
        n = self._moments.counts[FINITE, :, labels.series.index(WHOLE)]
        finite = (n > 0) & (n == self._n_paths)
        projects = [s for s, key in enumerate(labels.series) if key[1] == NPV and key != WHOLE]

        def fill(sets: range, on_worst: OnWorst, s: int) -> None:
            p = labels.projects.index(labels.series[s][0])
            for i, values in zip(sets, on_worst(s), strict=True):
                for a, level in enumerate(levels if finite[i] else ()):
                    if values.size >= min(tail(level, int(n[i]))[0] + 1, n[i]):
                        part = contribution(values, level, int(n[i]), exact_sum)
                        self.table.contribution[i, p, a], self.table.contribution_se[i, p, a] = part

        for sets, on_worst in self._series.source.on_worst(self._sizes(n)):
            self._series.each(partial(fill, sets, on_worst), projects)

    def fill_from_moments(self) -> None:
        """What moments and counts tell: also intervals of the means of what is 0 or 1, and shares of finite times."""
        table, labels = self.table, self._series.labels
        table.mean[:], table.mean_se[:], table.sd[:], table.sd_se[:], table.skewness[:] = _from_moments(self._moments)
        coded = [s for s in range(len(labels.series)) if self._series.states(s)]
        for statistic in (table.mean, table.mean_se, table.sd, table.sd_se, table.skewness):
            statistic[:, coded] = nan
        kinds = np.array([quantity_of(unit, name, labels).kind for unit, name in labels.series])
        flags, times = np.flatnonzero(kinds == "flag"), np.flatnonzero(kinds == "years")
        # ones are counted by their mean, which rounding moves by far less than one of them
        ones = np.rint(np.nan_to_num(table.mean[:, flags] * table.n[:, flags]))
        _, table.mean_low[:, flags], table.mean_high[:, flags] = share_interval(ones, table.n[:, flags])
        found = share_interval(table.n[:, times] - table.n_infinite[:, times], table.n[:, times])
        table.p_finite[:, times], table.p_finite_low[:, times], table.p_finite_high[:, times] = found


def _middle(ends: Ends) -> tuple[Float, Float]:
    """Middles of what values lie between, and the most by which they may be off."""
    low, high = ends
    if low is high:
        return low, no_bound(low)
    with np.errstate(invalid="ignore"):
        middle = np.where(low == high, low, low + (high - low) / 2)
        return middle, np.where(low == high, 0.0, np.maximum(high - middle, middle - low))


def _undefined(n_sets: int, series: Series) -> SummaryTable:
    """Tables of so many sets without any value."""
    labels = series.labels
    own = {"": (), "quantile": (len(series.quantiles),), "level": (len(series.levels),)}
    arrays: dict[str, Any] = {
        statistic.name: np.zeros((n_sets, len(labels.series)), np.int64)
        if statistic.name in COUNTS
        else np.full((n_sets, len(labels.series), *own[statistic.dim]), nan)
        for statistic in (*STATISTICS, *BOUNDS)
    }

    def shares() -> dict[str, Float]:
        numbers = {quantity: series.states(s) for s, (_, quantity) in enumerate(labels.series)}
        return {quantity: np.full((n_sets, states), nan) for quantity, states in numbers.items() if states}

    return SummaryTable(
        quantiles=series.quantiles,
        levels=series.levels,
        contribution=np.full((n_sets, len(labels.projects), len(series.levels)), nan),
        contribution_se=np.full((n_sets, len(labels.projects), len(series.levels)), nan),
        shares=shares(),
        shares_low=shares(),
        shares_high=shares(),
        **arrays,
    )


def _of_set(table: SummaryTable, i: int) -> SummaryTable:
    """The table of one set."""

    def part(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: array[i] for key, array in value.items()}
        return value[i] if isinstance(value, np.ndarray) else value

    return SummaryTable(*(part(value) for value in table))


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
