"""Lots of paths that are taken up in sketches, one after the other, in any order."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk.aggregate.moments import Moments, merge_moments
from spvrisk.aggregate.sets import Codes, Condition, Sets
from spvrisk.aggregate.sketch import Group, Resolution, Sketch, Sorted, empty, groups_of, join
from spvrisk.aggregate.state import PairwiseTree
from spvrisk.plan.shared import LEAF

Float = NDArray[np.float64]
Int = NDArray[np.int64]

Nodes = dict[tuple[int, int], Moments]
"""Moments over leaves ``number 2^level`` to ``(number + 1) 2^level - 1`` of the run, by level and number."""


class Sketched(NamedTuple):
    """What is kept of a series in the place of its values.

    Attributes
    ----------
    whole
        Sketch over all paths.
    given
        Sketch over the paths of each condition.
    nodes
        Moments over each condition, ``(., condition)``, joined as far as leaves are neighbours in the run's tree.
    """

    whole: Sketch
    given: Sketch
    nodes: Nodes

    @classmethod
    def of_nothing(cls, n_conditions: int) -> "Sketched":
        """Give what is kept of no path.

        Parameters
        ----------
        n_conditions
            How many conditions there are.
        """
        return cls(empty(1), empty(n_conditions), {})

    @property
    def n_paths(self) -> Int:
        """Paths of each condition, ``(condition,)`` int64."""
        total: Int = self.moments().counts.sum(axis=0)
        return total

    def moments(self) -> Moments:
        """Moments over each condition, ``(., condition)``.

        Raises
        ------
        ValueError
            A leaf is missing.
        """
        return _tree(self.nodes).finish()


class Lot:
    """Paths that are taken up at once, in whole leaves.

    Parameters
    ----------
    leaves
        Numbers of the leaves, in the order of their paths.
    n_paths
        Of all; the last leaf may be short of `LEAF`.
    conditions
        Those of one quantity come one after the other.
    codes
        Of each quantity that tells of conditions, ``(path,)``; see `spvrisk.aggregate.sets.codes_of`.
    """

    def __init__(
        self, leaves: Sequence[int], n_paths: int, conditions: Sequence[Condition], codes: Mapping[str, Codes]
    ) -> None:
        self._groups: list[Group] = groups_of(conditions, codes)
        self._leaves: list[tuple[int, slice, Sets]] = []
        for i, leaf in enumerate(leaves):
            here = slice(i * LEAF, min((i + 1) * LEAF, n_paths))
            own = {quantity: found[here] for quantity, found in codes.items()}
            self._leaves.append((leaf, here, Sets(here.stop - here.start, conditions, own)))

    def taken_up(self, before: Sketched, values: Float, whole: Resolution, given: Resolution) -> Sketched:
        """Give what is kept of a series when these paths are added to others.

        Parameters
        ----------
        before
            Of the others; it is not changed.
        values
            On these paths, ``(path,)`` float64; NaN is undefined.
        whole, given
            How much is kept of all paths, and of those of each condition.
        """
        ordered, tree = Sorted.of(values), _tree(before.nodes)
        for leaf, here, sets in self._leaves:
            counts, central = sets.moments(values[here])
            tree.insert(leaf, Moments(counts[:, 1:].copy(), central[:, 1:].copy()))
        return Sketched(
            join(before.whole, ordered.sketch(whole), whole),
            join(before.given, ordered.sketch(given, self._groups), given),
            tree.nodes(),
        )


def _tree(nodes: Nodes) -> PairwiseTree[Moments]:
    tree: PairwiseTree[Moments] = PairwiseTree(merge_moments)
    for (level, number), moments in nodes.items():
        tree.insert(number, moments, level)
    return tree
