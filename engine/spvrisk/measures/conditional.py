"""What a run says where something is given: the outcome of an event, or the final state of a regime."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import numpy as np

from spvrisk.aggregate.moments import Moments
from spvrisk.aggregate.passes import LOT, AllPaths
from spvrisk.aggregate.sets import Block, Codes, Column, Condition, Sets, codes_of
from spvrisk.aggregate.state import Sums
from spvrisk.dataset.tables import ConditionalTable, SummaryTable
from spvrisk.dataset.variables import conditions
from spvrisk.measures.series import Series, tables_of
from spvrisk.measures.share import share_interval
from spvrisk.measures.source import PassSource, PathSource, Source
from spvrisk.plan.arrays import Floats
from spvrisk.plan.names import Labels


def conditional(
    column: Column, labels: Labels, quantiles: Sequence[str], levels: Sequence[str], threads: int = 1
) -> ConditionalTable:
    """Statistics of every series over the paths of each condition.

    The conditions of one event, or of one regime, are disjoint and exhaustive: means over the defined paths, weighted
    by how many these are, give those of all paths.

    Parameters
    ----------
    column
        As of `spvrisk.measures.source.PathSource`.
    labels, quantiles, levels, threads
        As of `spvrisk.measures.series.Series`.
    """
    source, same = _of_paths(column, labels, with_all=False)
    return _measured(None, Series(source, labels, tuple(quantiles), tuple(levels), threads), same)[1]


def summary_and_conditional(
    sums: Sums, column: Column, labels: Labels, quantiles: Sequence[str], levels: Sequence[str], threads: int = 1
) -> tuple[SummaryTable, ConditionalTable]:
    """Statistics over all paths (`spvrisk.measures.table.summary`) and over those of each condition, each series once.

    Parameters
    ----------
    sums
        The finished state of the run.
    column
        As of `spvrisk.measures.source.PathSource`.
    labels, quantiles, levels, threads
        As of `spvrisk.measures.series.Series`.
    """
    source, same = _of_paths(column, labels, with_all=True)
    return _measured(sums.moments, Series(source, labels, tuple(quantiles), tuple(levels), threads), same)


def in_passes(
    sums: Sums, block: Block, labels: Labels, quantiles: Sequence[str], levels: Sequence[str], threads: int = 1
) -> tuple[SummaryTable, ConditionalTable]:
    """Give the same statistics, the same bits, in passes over the paths: in memory that hardly grows with them.

    Parameters
    ----------
    sums
        The finished state of the run.
    block
        Gives values of series, in the order of ``labels.series``.
    labels, quantiles, levels, threads
        As of `spvrisk.measures.series.Series`.
    """
    n_paths, given = sums.n_paths, conditions(labels)
    row = {name: s for s, (_, name) in enumerate(labels.series)}
    lots = [range(first, min(first + LOT, n_paths)) for first in range(0, n_paths, LOT)]
    kept, same = distinct(given, (_codes(labels, partial(_in_lot, block, lot)) for lot in lots), with_all=True)
    source = PassSource(AllPaths(block, n_paths, [given[i] for i in kept], row), labels)
    return _measured(sums.moments, Series(source, labels, tuple(quantiles), tuple(levels), threads), same)


def _in_lot(block: Block, paths: range, s: int) -> Floats:
    """Values of a series on some paths, ``(path,)``."""
    (values,) = block([s], paths)
    row: Floats = values
    return row


def from_sketches(
    sums: Sums, source: Source, labels: Labels, quantiles: Sequence[str], levels: Sequence[str], threads: int = 1
) -> tuple[SummaryTable, ConditionalTable]:
    """Give the same statistics where not all values are known.

    Parameters
    ----------
    sums
        The finished state of the run.
    source
        Its sets are all paths and those of each of `spvrisk.dataset.variables.conditions`.
    labels, quantiles, levels, threads
        As of `spvrisk.measures.series.Series`.
    """
    every = list(range(1, source.n_paths.size))
    return _measured(sums.moments, Series(source, labels, tuple(quantiles), tuple(levels), threads), every)


def _measured(moments: Moments | None, series: Series, same: Sequence[int]) -> tuple[SummaryTable, ConditionalTable]:
    """Statistics of all paths and of each condition, whose set is told."""
    given, n_paths = conditions(series.labels), series.source.n_paths
    tables = tables_of(moments, series)
    sizes = n_paths[same]
    share, low, high = share_interval(sizes, int(n_paths[0]))
    return tables[0], ConditionalTable(
        names=tuple(condition.name for condition in given),
        n_paths=sizes,
        share=share,
        share_low=low,
        share_high=high,
        tables=tuple(tables[i] for i in same),
    )


def _of_paths(column: Column, labels: Labels, with_all: bool) -> tuple[PathSource, list[int]]:
    """All paths and those of the conditions that say more than others; the set of each condition."""
    given, codes, n_paths = conditions(labels), _codes(labels, column), column(0).size
    kept, same = distinct(given, [codes], with_all)
    return PathSource(column, Sets(n_paths, [given[i] for i in kept], codes), labels), same


def _codes(labels: Labels, column: Column) -> dict[str, Codes]:
    """Codes of all quantities that tell of conditions; see `spvrisk.aggregate.sets.codes_of`."""
    row = {name: s for s, (_, name) in enumerate(labels.series)}
    return {name: codes_of(column(row[name])) for name in dict.fromkeys(c.quantity for c in conditions(labels))}


def distinct(
    given: Sequence[Condition], lots: Iterable[Mapping[str, Codes]], with_all: bool
) -> tuple[list[int], list[int]]:
    """Find the conditions that other paths meet than any before: what is said of the rest has been said.

    Outcomes repeat a regime's last state, and many are such as nothing leads to.

    Parameters
    ----------
    given
        The conditions.
    lots
        Codes of each quantity that tells of them, on lots of paths: multiples of 8, but for the last one.
    with_all
        Whether a condition that all paths meet is set 0, that of all paths.

    Returns
    -------
    kept, same
        Numbers of those conditions, which are sets 1, 2, ..., and the set of each condition.
    """
    every, digests = hashlib.sha256(), [hashlib.sha256() for _ in given]
    for codes in lots if given else ():
        met = [condition.meets(codes) for condition in given]
        every.update(np.packbits(np.ones_like(met[0])).data)
        for digest, flags in zip(digests, met, strict=True):
            digest.update(np.packbits(flags).data)
    seen = {every.digest(): 0} if with_all else {}
    kept, same = [], []
    for number, digest in enumerate(digests):
        if digest.digest() not in seen:
            kept.append(number)
            seen[digest.digest()] = len(kept)
        same.append(seen[digest.digest()])
    return kept, same
