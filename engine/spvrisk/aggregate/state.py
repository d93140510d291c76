"""The state of a run: leaves joined in a fixed pairwise tree, in whatever order and place they come."""

from collections.abc import Callable, Iterable
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from spvrisk.aggregate.moments import Moments, leaf_moments, merge_moments

Float = NDArray[np.float64]
T = TypeVar("T")


class PairwiseTree(Generic[T]):
    """Joins leaves 0, 1, 2, ... as ((0, 1), (2, 3)), ...; at each level an odd last one passes up.

    Two complete neighbours are joined as soon as both are there, so leaves that come roughly in order leave
    O(log n) nodes in memory. The number of leaves need not be known beforehand.

    Parameters
    ----------
    join
        ``join(left, right)``, where every path of ``left`` comes before those of ``right``.
    """

    def __init__(self, join: Callable[[T, T], T]) -> None:
        self._join = join
        # (level, j) holds leaves j 2^level to (j + 1) 2^level - 1
        self._nodes: dict[tuple[int, int], T] = {}

    def insert(self, leaf: int, value: T, level: int = 0) -> None:
        """Add a leaf, or a node of another tree: leaves ``leaf 2^level`` to ``(leaf + 1) 2^level - 1``, joined.

        Parameters
        ----------
        leaf
            Number of the node in its level; of a leaf, its own.
        value
            What the leaf holds, or all leaves of the node joined.
        level
            How often a node's leaves have been joined in pairs; 0 = a leaf.

        Raises
        ------
        ValueError
            If one of these leaves is already there.
        """
        j = leaf
        if any((up, j >> (up - level)) in self._nodes for up in range(level, level + 64)):
            raise ValueError(f"leaf {j << level} was added twice")
        while (sibling := self._nodes.pop((level, j ^ 1), None)) is not None:
            value = self._join(value, sibling) if j % 2 == 0 else self._join(sibling, value)
            level, j = level + 1, j >> 1
        self._nodes[level, j] = value

    def nodes(self) -> dict[tuple[int, int], T]:
        """What cannot be joined yet, by level and number."""
        return dict(self._nodes)

    def finish(self) -> T:
        """Everything joined; the tree itself stays as it is.

        Raises
        ------
        ValueError
            If there is no leaf, or one is missing.
        """
        nodes = sorted(self._nodes.items(), key=lambda item: item[0][1] << item[0][0])
        covered = 0
        for (level, j), _ in nodes:
            if j << level != covered:
                raise ValueError(f"leaf {covered} is missing")
            covered += 1 << level
        if not nodes:
            raise ValueError("no leaves")
        # the nodes' sizes fall from left to right: passing odd ones up is a fold from the right
        result = nodes[-1][1]
        for _, value in reversed(nodes[:-1]):
            result = self._join(value, result)
        return result


class Sums(NamedTuple):
    """What is summed over paths.

    Attributes
    ----------
    moments
        Counts and moments of each series.
    timeline
        Sums over the paths, ``(unit * row, step)`` float64, rows as the kernel writes them.
    occupancy
        Sums over the paths of the share of each step spent in each regime's states, ``(state, step)`` float64.
    step means
        Sums over the paths of the clock's step means, ``(step_mean, step)`` float64.
    """

    moments: Moments
    timeline: Float
    occupancy: Float
    step_means: Float

    @property
    def n_paths(self) -> int:
        """Paths summed."""
        return int(self.moments.counts[:, 0].sum())


def merge_sums(a: Sums, b: Sums) -> Sums:
    """Sums over the union of two sets of paths.

    Parameters
    ----------
    a, b
        Of paths that do not overlap, those of `a` first; neither is changed.
    """
    joined = (x + y for x, y in zip(a[1:], b[1:], strict=True))
    return Sums(merge_moments(a.moments, b.moments), *joined)


class Node(NamedTuple):
    """Sums over leaves ``number 2^level`` to ``(number + 1) 2^level - 1``, joined in the tree of the run."""

    level: int
    number: int
    sums: Sums


class RunState:
    """Mergeable state of a run or of a shard: bit-identical for any order and partition of the leaves."""

    def __init__(self) -> None:
        self._tree: PairwiseTree[Sums] = PairwiseTree(merge_sums)

    def update(self, leaf: int, values: Float, timeline: Float, occupancy: Float, step_means: Float) -> None:
        """Add one leaf.

        Parameters
        ----------
        leaf
            Number of the leaf: its first path's number divided by ``plan.shared.LEAF``.
        values
            ``(series, path)`` float64; NaN is undefined.
        timeline, occupancy, step_means
            Sums over the leaf's paths, ``(unit * row, step)``, ``(state, step)`` and ``(step_mean, step)``; copied.
        """
        self._tree.insert(leaf, Sums(leaf_moments(values), timeline.copy(), occupancy.copy(), step_means.copy()))

    def nodes(self) -> tuple[Node, ...]:
        """What has been added, joined as far as it can be."""
        return tuple(Node(level, number, sums) for (level, number), sums in self._tree.nodes().items())

    def take(self, nodes: Iterable[Node]) -> None:
        """Add what another state has joined, which must be other leaves than ours.

        Parameters
        ----------
        nodes
            As from `nodes` of the other state.
        """
        for node in nodes:
            self._tree.insert(node.number, node.sums, node.level)

    def finish(self) -> Sums:
        """Sums over all paths.

        Raises
        ------
        ValueError
            If there is no leaf, or one is missing.
        """
        return self._tree.finish()
