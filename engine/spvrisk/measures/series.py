"""Statistics of every series over all paths and over those of each condition, several series side by side.

Arrays of a `SummaryTable` have a first dimension more here: the set of paths. Each series fills its own part.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from math import nan
from threading import local
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk.aggregate.exact import exact_sum
from spvrisk.aggregate.moments import Moments
from spvrisk.aggregate.sets import Column, Order, Sets, Words, order_of
from spvrisk.dataset.tables import COUNTS, STATISTICS, SummaryTable
from spvrisk.dataset.variables import has_loss, quantity_of
from spvrisk.measures.order import ranks_with_intervals
from spvrisk.measures.risk import contribution, expected_shortfall, tail
from spvrisk.measures.share import share_interval
from spvrisk.plan.names import Labels
from spvrisk.plan.shared import FINITE, INFINITE, M2, M3, M4, MEAN, SLOTS, UNDEFINED

Float = NDArray[np.float64]
Int = NDArray[np.int64]

_WORTH_THREADS = 1 << 14
"""Paths below which threads would mostly wait for Python's lock."""

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


class Series(NamedTuple):
    """What statistics are of.

    Attributes
    ----------
    column
        From the number of a series, in the order of ``labels.series``, to its values ``(path,)``; NaN is undefined.
    labels
        Names of the series.
    quantiles, levels
        Decimal strings in (0, 1).
    threads
        How many series are gone through side by side; `ORDERED_AT_ONCE` at most.
    """

    column: Column
    labels: Labels
    quantiles: tuple[str, ...]
    levels: tuple[str, ...]
    threads: int = 1

    def values(self, s: int) -> Float:
        """Values of a series as compiled code takes them, ``(path,)`` float64 in one piece.

        Parameters
        ----------
        s
            Number of the series.
        """
        return np.require(self.column(s), np.float64, ["C", "W"])

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
        if self.threads == 1 or self.column(0).size < _WORTH_THREADS:
            for s in numbers:
                work(s)
            return
        with ThreadPoolExecutor(min(self.threads, ORDERED_AT_ONCE), "spvrisk") as pool:
            for _ in pool.map(work, numbers):
                pass


def tables_of(sets: Sets, moments: Moments | None, series: Series) -> list[SummaryTable]:
    """Statistics of every series over each set of paths.

    Parameters
    ----------
    sets
        The sets.
    moments
        Of the series over all paths; where None, the first table holds nothing.
    series
        What statistics are of.
    """
    found = _Filling(sets, moments, series)
    series.each(found.fill, list(range(len(series.labels.series))))
    found.fill_from_moments()
    found.fill_contributions()
    return [_of_set(found.table, i) for i in range(sets.n_paths.size)]


class _Filling:
    """Tables of all sets, being filled."""

    def __init__(self, sets: Sets, moments: Moments | None, series: Series) -> None:
        self._sets, self._series = sets, series
        shape = (sets.n_paths.size, len(series.labels.series))
        self._moments = Moments(np.zeros((3, *shape), np.int64), np.zeros((4, *shape)))
        if moments is not None:
            self._moments.counts[:, 0], self._moments.central[:, 0] = moments
        self.table = _undefined(shape[0], series)
        self._portfolio = series.labels.series.index(("portfolio", "npv_funder"))
        self._tails: list[Int] = []
        self._of_thread = local()

    def fill(self, s: int) -> None:
        """Fill the counts, ranks and shares of a series, and keep its moments."""
        values, (_, quantity) = self._series.values(s), self._series.labels.series[s]
        counts, central = self._sets.moments(values)
        self._moments.counts[:, 1:, s], self._moments.central[:, 1:, s] = counts[:, 1:], central[:, 1:]
        counts = self._moments.counts[:, :, s]
        self.table.n[:, s] = counts[FINITE] + counts[INFINITE]
        self.table.n_infinite[:, s], self.table.n_undefined[:, s] = counts[INFINITE], counts[UNDEFINED]
        if n_states := self._series.states(s):
            self._fill_shares(quantity, values, n_states)
            return
        order = order_of(values, self._room(values.size))
        self._fill_ranks(s, order)
        if has_loss(quantity):
            n = self.table.n[:, s]
            found = share_interval(np.where(n > 0, self._sets.count(values < 0.0), 0), n)
            self.table.p_loss[:, s], self.table.p_loss_low[:, s], self.table.p_loss_high[:, s] = found
            self._fill_shortfall(s, order.without_lowest())

    def _room(self, n: int) -> Words:
        """Where this thread puts the paths of a series in order, one series after the other."""
        if not hasattr(self._of_thread, "room"):
            self._of_thread.room = np.empty((2, n), np.uint64)
        return self._of_thread.room  # type: ignore[no-any-return]

    def _fill_shares(self, quantity: str, codes: Float, n_states: int) -> None:
        """Probability of each state over the paths where it is defined, and the ends of its 95 % interval."""
        counts = np.stack([self._sets.count(codes == k) for k in range(n_states)], axis=1)
        found = share_interval(counts, counts.sum(axis=1, keepdims=True))
        table = self.table
        table.shares[quantity][:], table.shares_low[quantity][:], table.shares_high[quantity][:] = found

    def _fill_ranks(self, s: int, order: Order) -> None:
        """Quantiles, and values at risk: the k-th smallest loss is the k-th greatest value."""
        n, table = self.table.n[:, s], self.table
        levels = self._series.levels if has_loss(self._series.labels.series[s][1]) else ()
        of_losses = n[:, None, None] + 1 - ranks_with_intervals(levels, n)
        ranks = np.concatenate([ranks_with_intervals(self._series.quantiles, n), of_losses], axis=2)
        there = (ranks >= 1) & (ranks <= n[:, None, None])
        wanted = np.where(there, ranks, 1).reshape(n.size, -1)
        found = np.where(there, self._sets.at_ranks(order, wanted).reshape(ranks.shape), nan).transpose(1, 0, 2)
        split = len(self._series.quantiles)
        table.quantile[:, s], table.quantile_low[:, s], table.quantile_high[:, s] = found[:, :, :split]
        if levels:
            found = -found[:, :, split:]
            table.value_at_risk[:, s], table.value_at_risk_low[:, s], table.value_at_risk_high[:, s] = found

    def _fill_shortfall(self, s: int, order: Order) -> None:
        """Expected shortfalls with their errors, from the tails of the finite values."""
        n, levels, table = self._moments.counts[FINITE, :, s], self._series.levels, self.table
        sizes = [max((tail(level, int(k))[0] + 1 for level in levels), default=0) for k in n]
        tails = self._sets.first(order, np.minimum(sizes, n))
        for i, paths in enumerate(tails):
            worst = order.values[paths]
            for a, level in enumerate(levels):
                found = expected_shortfall(worst, level, int(n[i]), exact_sum)
                table.expected_shortfall[i, s, a], table.expected_shortfall_se[i, s, a] = found
        if s == self._portfolio:
            self._tails = tails

    def fill_contributions(self) -> None:
        """Contributions to the portfolio's tails, where it is finite on all paths; paths of equal loss go by number."""
        n, levels = self._moments.counts[FINITE, :, self._portfolio], self._series.levels
        sets = np.flatnonzero((n > 0) & (n == self._sets.n_paths))
        series = enumerate(self._series.labels.series)
        projects = [s for s, (_, quantity) in series if quantity == "npv_funder" and s != self._portfolio]

        def fill(s: int) -> None:
            values, p = self._series.values(s), projects.index(s)
            for i in sets:
                for a, level in enumerate(levels):
                    found = contribution(values, self._tails[i], level, int(n[i]), exact_sum)
                    self.table.contribution[i, p, a] = found

        self._series.each(fill, projects)

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


def _undefined(n_sets: int, series: Series) -> SummaryTable:
    """Tables of so many sets without any value."""
    labels = series.labels
    own = {"": (), "quantile": (len(series.quantiles),), "level": (len(series.levels),)}
    arrays: dict[str, Any] = {
        statistic.name: np.zeros((n_sets, len(labels.series)), np.int64)
        if statistic.name in COUNTS
        else np.full((n_sets, len(labels.series), *own[statistic.dim]), nan)
        for statistic in STATISTICS
    }

    def shares() -> dict[str, Float]:
        numbers = {quantity: series.states(s) for s, (_, quantity) in enumerate(labels.series)}
        return {quantity: np.full((n_sets, states), nan) for quantity, states in numbers.items() if states}

    return SummaryTable(
        quantiles=series.quantiles,
        levels=series.levels,
        contribution=np.full((n_sets, len(labels.projects), len(series.levels)), nan),
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
