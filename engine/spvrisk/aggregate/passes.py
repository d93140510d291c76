"""What all values of a series say, from passes over lots of them: memory does not grow with the paths.

A first pass sketches the values and takes the moments of each condition. An order statistic lies in a known entry of
the sketch, at a known place among that entry's values: a second pass picks up the values of such entries alone. The
tails of series with losses are picked up in the same way.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk.aggregate.facts import Ends, OfSketches
from spvrisk.aggregate.moments import Moments, leaf_moments, merge_moments
from spvrisk.aggregate.sets import Block, Condition, codes_of
from spvrisk.aggregate.sketch import Group, Resolution, Sorted, empty, join
from spvrisk.plan.shared import LEAF

Float = NDArray[np.float64]
Int = NDArray[np.int64]

LOT = 64 * LEAF
"""Paths that are gone through at a time."""

_RESOLUTION = Resolution(11, 64, 64)


TAILS = 1 << 19
"""Values of tails that are held at a time, unless one set's are more."""

_WORD = 16
"""Bits of a word in which conditions of paths are packed."""


class _Field(NamedTuple):
    """Where it stands which of a quantity's conditions paths meet: numbers of conditions, `size` for none.

    Attributes
    ----------
    size
        How many conditions the quantity tells of.
    word, shift
        In which word, from which bit on.
    """

    size: int
    word: int
    shift: int

    def of(self, words: NDArray[np.uint16]) -> NDArray[np.int16]:
        """Read it, ``(path,)``, from words ``(word, path)``."""
        mask = np.uint16((1 << self.size.bit_length()) - 1)
        found: NDArray[np.uint16] = (words[self.word] >> np.uint16(self.shift)) & mask
        return found.astype(np.int16)


def _fields(sizes: Sequence[int]) -> list[_Field]:
    """Pack fields in words, one behind the other."""
    fields, word, shift = list[_Field](), 0, 0
    for size in sizes:
        if shift + size.bit_length() > _WORD:
            word, shift = word + 1, 0
        fields.append(_Field(size, word, shift))
        shift += size.bit_length()
    return fields


def words_of(sizes: Sequence[int]) -> int:
    """How many words of two bytes say what a path meets.

    Parameters
    ----------
    sizes
        How many conditions each quantity tells of.
    """
    return max((field.word + 1 for field in _fields(sizes)), default=0)


def batches(sizes: Int, most: int = TAILS) -> Iterator[range]:
    """Consecutive sets whose sizes add up to no more than is held at a time, or that are one.

    Parameters
    ----------
    sizes
        Of each set, ``(set,)``.
    most
        What is held at a time.
    """
    first, held = 0, 0
    for i, size in enumerate(sizes.tolist()):
        if i > first and held + size > most:
            yield range(first, i)
            first, held = i, 0
        held += size
    yield range(first, sizes.size)


class AllPaths:
    """All paths in lots, and the sets that they are in: all paths are set 0, then come those of each condition.

    Parameters
    ----------
    block
        Gives values of series.
    n_paths
        Of all.
    conditions
        Those of one quantity come one after the other.
    row
        Number of the series of each quantity that tells of conditions.

    Attributes
    ----------
    n_paths
        Of each set, ``(set,)`` int64.
    """

    def __init__(self, block: Block, n_paths: int, conditions: Sequence[Condition], row: Mapping[str, int]) -> None:
        self._block, self._total = block, n_paths
        told = {name: [c.code for c in own] for name, own in groupby(conditions, lambda condition: condition.quantity)}
        self._fields = _fields([len(own) for own in told.values()])
        self._words = np.zeros((words_of([len(own) for own in told.values()]), n_paths), np.uint16)
        for (quantity, own), field in zip(told.items(), self._fields, strict=True):
            for paths in self:
                codes = codes_of(self.values(row[quantity], paths))
                members = np.full(codes.size, len(own), np.uint16)
                for k, code in enumerate(own):
                    members[codes == code] = k
                self._words[field.word, paths.start : paths.stop] |= members << np.uint16(field.shift)
        self.n_paths = sum((self._sizes(paths) for paths in self), np.zeros(1 + len(conditions), np.int64))

    def __iter__(self) -> Iterator[range]:
        """Numbers of the paths of each lot."""
        for first in range(0, self._total, LOT):
            yield range(first, min(first + LOT, self._total))

    def values(self, s: int, paths: range) -> Float:
        """Values of a series, ``(path,)`` float64.

        Parameters
        ----------
        s
            Number of the series.
        paths
            Numbers of the paths.
        """
        (values,) = self._block([s], paths)
        row: Float = values
        return row

    def groups(self, paths: range) -> list[Group]:
        """Sets that paths are in; the first group is the set of all paths.

        Parameters
        ----------
        paths
            Numbers of the paths.
        """
        words = self._words[:, paths.start : paths.stop]
        told = [Group(field.size, field.of(words)) for field in self._fields]
        return [Group(1, np.zeros(len(paths), np.int16)), *told]

    def _sizes(self, paths: range) -> Int:
        """How many paths of a lot are in each set."""
        groups = self.groups(paths)
        return np.concatenate([np.bincount(members, minlength=size + 1)[:size] for size, members in groups])


class OfPasses(OfSketches):
    """What all values of a series say.

    Parameters
    ----------
    lots
        All paths.
    s
        Number of the series.
    """

    def __init__(self, lots: AllPaths, s: int) -> None:
        self._lots, self._s = lots, s
        n_sets = lots.n_paths.size
        sketch, leaves = empty(n_sets), [_Leaves() for _ in range(n_sets)]
        for paths in lots:
            values, groups = lots.values(s, paths), lots.groups(paths)
            sketch = join(sketch, Sorted.of(values).sketch(_RESOLUTION, groups), _RESOLUTION)
            for i, part in enumerate(_by_set(values, groups[1:]), start=1):
                leaves[i].add(part)
        self._sketch = sketch
        none = Moments(np.empty((3, 0), np.int64), np.empty((4, 0)))
        moments = _beside([none, *(each.moments() for each in leaves[1:])])
        super().__init__(sketch._replace(counts=sketch.counts[:1]), sketch._replace(counts=sketch.counts[1:]), moments)

    def at_ranks(self, ranks: Int) -> Ends:
        """Values at ranks within each set.

        Parameters
        ----------
        ranks
            As of `Facts.at_ranks`.
        """
        low, high = super().at_ranks(ranks)
        wanted = low < high
        if wanted.any():
            entries = [np.unique(ends[row]) for ends, row in zip(low, wanted, strict=True)]
            for i, (own, up_to) in enumerate(self._within(entries)):
                here = wanted[i]
                before = np.append(0, up_to)[np.searchsorted(own, low[i, here])]
                places = before + ranks[i, here] - self._sketch.below(i, low[i, here])
                low[i, here] = own[np.searchsorted(up_to, places)]
        return low, low

    def worst(self, sizes: Int) -> Iterator[Ends]:
        """The lowest finite values of each set.

        Parameters
        ----------
        sizes
            As of `Facts.worst`.
        """
        for sets in batches(sizes):
            found: dict[int, list[Float]] = {i: [] for i in sets}
            for i, values, _ in self._tails(sizes, sets):
                found[i].append(values)
            for i in sets:
                values = np.concatenate(found.pop(i))
                values.sort()
                yield values[: sizes[i]], values[: sizes[i]]

    def worst_paths(self, sizes: Int, sets: range) -> list[NDArray[np.int32]]:
        """Numbers of the paths of the lowest finite values of some sets, ``(path,)`` int32 each; equal ones by number.

        Parameters
        ----------
        sizes
            As of `Facts.worst`.
        sets
            Numbers of the sets.
        """
        found: dict[int, list[tuple[Float, NDArray[np.int32]]]] = {i: [] for i in sets}
        for i, values, paths in self._tails(sizes, sets):
            found[i].append((values, paths.astype(np.int32)))
        out = []
        for i in sets:
            values, numbers = (np.concatenate(arrays) for arrays in zip(*found.pop(i), strict=True))
            out.append(numbers[np.argsort(values, kind="stable")[: sizes[i]]])  # they come by path
        return out

    def _tails(self, sizes: Int, sets: range) -> Iterator[tuple[int, Float, Int]]:
        """Lot by lot of some sets those of their values that may be among the lowest, and their paths, in their order.

        Of a value that many paths share, no more are given than are wanted.
        """
        limits, left = (list(each) for each in zip(*(self._limit(i, int(sizes[i])) for i in sets), strict=True))
        for paths in self._lots:
            values = self._lots.values(self._s, paths)
            near = np.flatnonzero(np.isfinite(values) & (values <= max(limits)))
            inside_of = islice(_sets(self._lots.groups(paths), near), sets.start, sets.stop)
            for k, inside in enumerate(inside_of):
                here = near[inside & (values[near] <= limits[k])]
                last = values[here] == limits[k]
                here = here[~last | (np.cumsum(last) <= left[k])]
                left[k] -= min(left[k], int(np.count_nonzero(last)))
                yield sets[k], values[here], here + paths.start

    def _limit(self, i: int, size: int) -> tuple[float, int]:
        """Up to which value the lowest finite ones of a set go, and how many of these may be that value."""
        if not size:
            return -np.inf, 0
        low, high = (float(ends[-1]) for ends in self._sketch.first(i, size))
        infinite = int(self._sketch.counts[i, self._sketch.low == -np.inf].sum())
        return high, size + infinite - int(self._sketch.below(i, np.array([low]))[0])

    def _within(self, wanted: Sequence[Float]) -> Iterator[tuple[Float, Int]]:
        """Distinct values of each set within entries that begin at given values, and how many there are up to each.

        Parameters
        ----------
        wanted
            Lowest values of the entries of each set, ``(entry,)``.
        """
        low = np.unique(np.concatenate(wanted))
        high = self._sketch.high[np.searchsorted(self._sketch.low, low)]
        own = [np.isin(low, entries) for entries in wanted]
        found: list[list[tuple[Float, Int]]] = [[] for _ in wanted]
        for paths in self._lots:
            lot = self._lots.values(self._s, paths)
            entry = np.minimum(np.searchsorted(high, lot), high.size - 1)
            here = np.flatnonzero((low[entry] <= lot) & (lot <= high[entry]))
            values, entry = lot[here], entry[here]
            for i, inside in enumerate(_sets(self._lots.groups(paths), here)):
                found[i].append(np.unique(values[inside & own[i][entry]], return_counts=True))
        for parts in found:
            values, counts = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
            parts.clear()
            order = np.argsort(values)
            yield values[order], np.cumsum(counts[order])


class _Leaves:
    """Moments of a set's paths, leaf by leaf of them, joined as those of a run are."""

    def __init__(self) -> None:
        self._rest = np.empty(0)
        self._whole: list[Moments] = []

    def add(self, values: Float) -> None:
        """Add values of later paths, ``(path,)``."""
        values = np.concatenate([self._rest, values])
        end = values.size // LEAF * LEAF
        self._rest = values[end:].copy()
        if end:
            self._whole.append(leaf_moments(values[:end].reshape(-1, LEAF)))

    def moments(self) -> Moments:
        """Moments of all, ``(., 1)``."""
        whole = [*self._whole, leaf_moments(self._rest[None])] if self._rest.size or not self._whole else self._whole
        nodes = _beside(whole)
        while (n := nodes.counts.shape[1]) > 1:
            even = n // 2 * 2
            left, right, last = (_part(nodes, *ends) for ends in ((0, even, 2), (1, even, 2), (even, n, 1)))
            nodes = _beside([merge_moments(left, right), last])
        return nodes


def _beside(nodes: Sequence[Moments]) -> Moments:
    """Nodes beside each other, ``(., node)``."""
    counts, central = zip(*nodes, strict=True)
    return Moments(np.concatenate(counts, axis=1), np.concatenate(central, axis=1))


def _part(nodes: Moments, first: int, end: int, step: int) -> Moments:
    """Some of the nodes."""
    counts, central = nodes
    return Moments(counts[:, first:end:step].copy(), central[:, first:end:step].copy())


def _by_set(values: Float, groups: Sequence[Group]) -> Iterator[Float]:
    """Values of the paths of each set, in their order."""
    for size, members in groups:
        order = np.argsort(members.astype(np.uint8) if size < 255 else members, kind="stable")
        ends = np.cumsum(np.bincount(members, minlength=size + 1))
        yield from np.split(values[order], ends[:-1])[:size]


def _sets(groups: Sequence[Group], paths: Int) -> Iterator[NDArray[np.bool_]]:
    """Whether some of the paths are in each set, ``(path,)`` bool."""
    for size, members in groups:
        here = members[paths]
        for j in range(size):
            yield here == j
