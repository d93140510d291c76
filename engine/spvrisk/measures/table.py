"""The summary and the timeline of a run, from its state and its stored values."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from spvrisk.aggregate.sets import Column, Sets
from spvrisk.aggregate.state import Sums
from spvrisk.dataset.tables import SummaryTable, TimelineTable
from spvrisk.measures.order import rank
from spvrisk.measures.series import Series, tables_of
from spvrisk.measures.source import PathSource
from spvrisk.plan.names import Labels


def summary(
    sums: Sums, column: Column, labels: Labels, quantiles: Sequence[str], levels: Sequence[str], threads: int = 1
) -> SummaryTable:
    """Statistics of every series, each with its Monte Carlo standard error or 95 % interval.

    Parameters
    ----------
    sums
        The finished state of the run.
    column
        As of `spvrisk.measures.source.PathSource`.
    labels, quantiles, levels, threads
        As of `spvrisk.measures.series.Series`.
    """
    source = PathSource(column, Sets(sums.n_paths), labels)
    (table,) = tables_of(sums.moments, Series(source, labels, tuple(quantiles), tuple(levels), threads))
    return table


def timeline(
    sums: Sums, fans: Iterable[NDArray[np.float32]], labels: Labels, quantiles: Sequence[str]
) -> TimelineTable:
    """Means by step over all paths, and quantiles of the portfolio's rows over the first paths.

    Parameters
    ----------
    sums
        The finished state of the run.
    fans
        The fans one after the other, ``(step, path)`` float32 each.
    labels
        Names of the units.
    quantiles
        Decimal strings in (0, 1).
    """
    n = sums.n_paths
    units = len(labels.projects) + 1
    mean = sums.timeline.reshape(units, len(labels.timeline), -1) / n
    fan = np.stack([_fan_quantiles(steps, quantiles) for steps in fans])
    return TimelineTable(tuple(quantiles), mean, sums.occupancy / n, fan)


def _fan_quantiles(steps: NDArray[np.float32], quantiles: Sequence[str]) -> NDArray[np.float64]:
    """Quantiles of each step's values, ``(quantile, step)``."""
    ranks = [rank(level, steps.shape[1]) - 1 for level in quantiles]
    return np.stack([np.sort(values)[ranks] for values in steps], axis=1, dtype=np.float64)
