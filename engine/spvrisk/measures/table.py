"""The summary and the timeline of a run, from its state and its stored values."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spvrisk.aggregate.sets import Column, Sets
from spvrisk.aggregate.state import Sums
from spvrisk.dataset.tables import SummaryTable, TimelineTable
from spvrisk.measures.order import rank
from spvrisk.measures.series import Series, tables_of
from spvrisk.plan.names import Labels
from spvrisk.plan.outputs import FANS


def summary(
    sums: Sums, column: Column, labels: Labels, quantiles: Sequence[str], levels: Sequence[str], threads: int = 1
) -> SummaryTable:
    """Statistics of every series, each with its Monte Carlo standard error or 95 % interval.

    Parameters
    ----------
    sums
        The finished state of the run.
    column, labels, quantiles, levels, threads
        As of `spvrisk.measures.series.Series`.
    """
    series = Series(column, labels, tuple(quantiles), tuple(levels), threads)
    (table,) = tables_of(Sets(sums.n_paths), sums.moments, series)
    return table


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
