"""What a run says where something is given: the outcome of an event, or the final state of a regime."""

from collections.abc import Sequence

from spvrisk.aggregate.moments import Moments
from spvrisk.aggregate.sets import Column, Sets
from spvrisk.aggregate.state import Sums
from spvrisk.dataset.tables import ConditionalTable, SummaryTable
from spvrisk.dataset.variables import conditions
from spvrisk.measures.series import Series, tables_of
from spvrisk.measures.share import share_interval
from spvrisk.plan.names import Labels


def conditional(
    column: Column, labels: Labels, quantiles: Sequence[str], levels: Sequence[str], threads: int = 1
) -> ConditionalTable:
    """Statistics of every series over the paths of each condition.

    The conditions of one event, or of one regime, are disjoint and exhaustive: means over the defined paths, weighted
    by how many these are, give those of all paths.

    Parameters
    ----------
    column, labels, quantiles, levels, threads
        As of `spvrisk.measures.series.Series`.
    """
    return _measured(None, Series(column, labels, tuple(quantiles), tuple(levels), threads))[1]


def summary_and_conditional(
    sums: Sums, column: Column, labels: Labels, quantiles: Sequence[str], levels: Sequence[str], threads: int = 1
) -> tuple[SummaryTable, ConditionalTable]:
    """Statistics over all paths (`spvrisk.measures.table.summary`) and over those of each condition, each series once.

    Parameters
    ----------
    sums
        The finished state of the run.
    column, labels, quantiles, levels, threads
        As of `spvrisk.measures.series.Series`.
    """
    return _measured(sums.moments, Series(column, labels, tuple(quantiles), tuple(levels), threads))


def _measured(moments: Moments | None, series: Series) -> tuple[SummaryTable, ConditionalTable]:
    given = conditions(series.labels)
    row = {name: s for s, (_, name) in enumerate(series.labels.series)}
    codes = {quantity: series.column(row[quantity]) for quantity in dict.fromkeys(c.quantity for c in given)}
    sets = Sets(series.column(0).size, given, codes)
    everything, *tables = tables_of(sets, moments, series)
    share, low, high = share_interval(sets.n_paths[1:], sets.n_paths[0])
    return everything, ConditionalTable(
        names=tuple(condition.name for condition in given),
        n_paths=sets.n_paths[1:],
        share=share,
        share_low=low,
        share_high=high,
        tables=tuple(tables),
    )
