"""What a run says where something is given: the outcome of an event, or the final state of a layer."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spvrisk.aggregate.moments import Moments, leaf_moments, merge_moments
from spvrisk.aggregate.state import PairwiseTree
from spvrisk.dataset.tables import ConditionalTable
from spvrisk.dataset.variables import conditions
from spvrisk.measures.share import share_interval
from spvrisk.measures.table import table_of
from spvrisk.plan.names import LEAF, Labels

Float = NDArray[np.float64]


def conditional(values: Float, labels: Labels, quantiles: Sequence[str], levels: Sequence[str]) -> ConditionalTable:
    """Statistics of every series over the paths of each condition.

    The conditions of one event, or of one layer, are disjoint and exhaustive: means over the defined paths, weighted by
    how many these are, give those of all paths.

    Parameters
    ----------
    values, labels, quantiles, levels
        As of `spvrisk.measures.table.summary`.
    """
    names = conditions(labels)
    row = {name: s for s, (_, name) in enumerate(labels.series)}
    n_paths = np.empty(len(names), np.int64)
    tables = []
    for i, condition in enumerate(names):
        codes = values[row[condition.quantity]]
        paths = np.flatnonzero(np.isnan(codes) if condition.code < 0 else codes == condition.code)
        n_paths[i] = paths.size
        tables.append(table_of(moments_of(values, paths), values, paths, labels, tuple(quantiles), tuple(levels)))
    share, low, high = share_interval(n_paths, values.shape[1])
    return ConditionalTable(
        names=tuple(condition.name for condition in names),
        n_paths=n_paths,
        share=share,
        share_low=low,
        share_high=high,
        tables=tuple(tables),
    )


def moments_of(values: Float, paths: NDArray[np.intp]) -> Moments:
    """Moments of ``values (series, path)`` over some paths: leaf by leaf of these, and joined as those of a run."""
    tree: PairwiseTree[Moments] = PairwiseTree(merge_moments)
    for leaf in range(max(1, -(-paths.size // LEAF))):
        tree.insert(leaf, leaf_moments(values[:, paths[leaf * LEAF : (leaf + 1) * LEAF]]))
    return tree.finish()
