"""What a run says where something is given: the outcome of an event, or the final state of a regime."""

from collections.abc import Mapping, Sequence

import numpy as np

from spvrisk.aggregate.moments import Moments
from spvrisk.aggregate.sets import Codes, Column, Condition, Sets, codes_of
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
    sets, same = _sets(given, series, moments is not None)
    tables = tables_of(sets, moments, series)
    sizes = sets.n_paths[same]
    share, low, high = share_interval(sizes, int(sets.n_paths[0]))
    return tables[0], ConditionalTable(
        names=tuple(condition.name for condition in given),
        n_paths=sizes,
        share=share,
        share_low=low,
        share_high=high,
        tables=tuple(tables[i] for i in same),
    )


def _sets(given: Sequence[Condition], series: Series, with_all: bool) -> tuple[Sets, list[int]]:
    """All paths and those of the conditions that say more than others; the set of each condition."""
    row = {name: s for s, (_, name) in enumerate(series.labels.series)}
    codes = {name: codes_of(series.column(row[name])) for name in dict.fromkeys(c.quantity for c in given)}
    n_paths = series.column(0).size
    kept, same = distinct(given, codes, n_paths, with_all)
    return Sets(n_paths, [given[i] for i in kept], codes), same


def distinct(
    given: Sequence[Condition], codes: Mapping[str, Codes], n_paths: int, with_all: bool
) -> tuple[list[int], list[int]]:
    """Find the conditions that other paths meet than any before: what is said of the rest has been said.

    Outcomes repeat a regime's last state, and many are such as nothing leads to.

    Parameters
    ----------
    given
        The conditions.
    codes
        Of each quantity that tells of them; see `spvrisk.aggregate.sets.codes_of`.
    n_paths
        Of all.
    with_all
        Whether a condition that all paths meet is set 0, that of all paths.

    Returns
    -------
    kept, same
        Numbers of those conditions, which are sets 1, 2, ..., and the set of each condition.
    """
    seen = {np.packbits(np.ones(n_paths, bool)).tobytes(): 0} if with_all else {}
    kept, same = [], []
    for number, condition in enumerate(given):
        paths = np.packbits(condition.meets(codes)).tobytes()
        if paths not in seen:
            kept.append(number)
            seen[paths] = len(kept)
        same.append(seen[paths])
    return kept, same
