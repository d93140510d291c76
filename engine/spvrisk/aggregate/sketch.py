"""What is kept of a series whose values are too many to be kept: ranks and tails follow from it with a bound.

A sketch cuts the values in ascending order into entries: each is the lowest and the highest of the values that it
stands for, and how many these are in each set of paths. The outermost distinct values are entries of their own; between
them a bin of the values that share sign, exponent and the upper bits of the mantissa is one. So a tail is kept whole,
the body is a histogram whose bins are narrow in relation to their values, and a value that many paths share costs no
more than one: where an entry's ends are equal, it is exact.

A sketch depends on the values alone, not on how they were divided or in what order they came: what lies among the
outermost of the union of two lots of paths lies among the outermost of its own lot, so that it is still whole when they
are joined, and counts, minima and maxima of bins add up to the same in any order.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk.aggregate.sets import Codes, Condition

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Counts = NDArray[np.int32]

_MANTISSA = 52
_ALL_BUT_SIGN = np.int64((1 << 63) - 1)


class Resolution(NamedTuple):
    """How much of the values a sketch keeps.

    Attributes
    ----------
    bits
        Upper bits of the mantissa that all values of a bin share: a value that is not kept whole is known to within
        2^-(bits + 1) of its size.
    lowest, highest
        How many distinct values at either end are kept whole, at least.
    """

    bits: int
    lowest: int
    highest: int


class Sketch(NamedTuple):
    """Entries in ascending order of their values.

    Attributes
    ----------
    low, high
        Lowest and highest value of each entry, ``(entry,)`` float64; none is NaN.
    counts
        Values of each set of paths, ``(set, entry)`` int32.
    """

    low: Float
    high: Float
    counts: Counts

    def at_ranks(self, i: int, ranks: Int) -> tuple[Float, Float]:
        """Between which ends the values at ranks of a set lie, ``(rank,)`` float64; NaN where there is none.

        Parameters
        ----------
        i
            Number of the set.
        ranks
            From 1, ``(rank,)``.
        """
        up_to = np.cumsum(self.counts[i], dtype=np.int64)
        n = int(up_to[-1]) if up_to.size else 0
        there = (ranks >= 1) & (ranks <= n)
        entries = np.searchsorted(up_to, np.where(there, ranks, 1))
        if n == 0:
            return np.full(ranks.shape, np.nan), np.full(ranks.shape, np.nan)
        return np.where(there, self.low[entries], np.nan), np.where(there, self.high[entries], np.nan)

    def below(self, i: int, low: Float) -> Int:
        """How many values of a set come before entries, ``(entry,)`` int64.

        Parameters
        ----------
        i
            Number of the set.
        low
            Lowest value of each entry, ``(entry,)``.
        """
        return np.append(0, np.cumsum(self.counts[i], dtype=np.int64))[np.searchsorted(self.low, low)]

    def first(self, i: int, size: int) -> tuple[Float, Float]:
        """Ends of the lowest finite values of a set, the lowest first, ``(size,)`` float64 each.

        Parameters
        ----------
        i
            Number of the set.
        size
            How many, at most as many as there are.
        """
        finite = np.isfinite(self.low) & (self.counts[i] > 0)
        counts = self.counts[i, finite]
        needed = int(np.searchsorted(np.cumsum(counts, dtype=np.int64), size)) + 1
        low, high = (np.repeat(end[finite][:needed], counts[:needed])[:size] for end in (self.low, self.high))
        return low, high

    def below_zero(self) -> Int:
        """How many values of each set are negative, ``(set,)`` int64: no bin has both."""
        return _total(self.counts[:, : np.searchsorted(self.low, 0.0)])

    def equal_to(self, value: float) -> Int:
        """How many values of each set are one that is kept whole, ``(set,)`` int64.

        Parameters
        ----------
        value
            The value.
        """
        return _total(self.counts[:, (self.low == value) & (self.high == value)])


class Group(NamedTuple):
    """Disjoint sets of paths.

    Attributes
    ----------
    size
        How many.
    members
        The set that each path is in, ``(path,)`` int16; ``size`` for none.
    """

    size: int
    members: Codes


def groups_of(conditions: Sequence[Condition], codes: Mapping[str, Codes]) -> list[Group]:
    """Sets of the paths that meet conditions, those of a quantity in one group; in the conditions' order.

    Parameters
    ----------
    conditions
        Those of one quantity come one after the other.
    codes
        Of each quantity; see `spvrisk.aggregate.sets.codes_of`.
    """
    groups = []
    for quantity, given in groupby(conditions, lambda condition: condition.quantity):
        own = list(given)
        members = np.full(codes[quantity].size, len(own), np.int16)
        for j, condition in enumerate(own):
            members[condition.meets(codes)] = j
        groups.append(Group(len(own), members))
    return groups


class Sorted(NamedTuple):
    """The defined values of paths in ascending order.

    Attributes
    ----------
    values
        ``(value,)`` float64.
    paths
        Their paths, ``(value,)``.
    """

    values: Float
    paths: Int

    @classmethod
    def of(cls, values: Float) -> "Sorted":
        """Put the values of paths in order.

        Parameters
        ----------
        values
            ``(path,)``; NaN is undefined.
        """
        order = np.argsort(values)  # NaN come last
        order = order[: values.size - np.count_nonzero(np.isnan(values))]
        return cls(values[order] + 0.0, order)  # of -0 it makes 0

    def sketch(self, resolution: Resolution, groups: Sequence[Group] | None = None) -> Sketch:
        """Sketch these values.

        Parameters
        ----------
        resolution
            How much of them is kept.
        groups
            The sets, group by group; None = all paths are the one set.
        """
        starts = _starts(self.values, self.values, resolution)
        sizes = np.diff(starts, append=self.values.size)
        low, high = self.values[starts], self.values[starts + sizes - 1]
        if groups is None:
            return Sketch(low, high, sizes[None].astype(np.int32))
        entry = np.repeat(np.arange(starts.size), sizes)
        counts = [np.empty((0, starts.size), np.int32)]
        for size, members in groups:
            places = members[self.paths] * np.int64(starts.size) + entry
            found = np.bincount(places, minlength=(size + 1) * starts.size)
            counts.append(found.reshape(size + 1, -1)[:size].astype(np.int32))
        return Sketch(low, high, np.concatenate(counts))


def join(a: Sketch, b: Sketch, resolution: Resolution) -> Sketch:
    """Sketch of the union of two lots of paths.

    Parameters
    ----------
    a, b
        Of paths that do not overlap, in this resolution; neither is changed.
    resolution
        How much is kept.
    """
    low, high = np.concatenate([a.low, b.low]), np.concatenate([a.high, b.high])
    order = np.lexsort((high, low))
    low, high = low[order], high[order]
    starts = _starts(low, high, resolution)
    if not starts.size:
        return a
    counts = np.concatenate([a.counts, b.counts], axis=1)[:, order]
    return Sketch(
        low[starts], np.maximum.reduceat(high, starts), np.add.reduceat(counts, starts, axis=1, dtype=np.int32)
    )


def empty(n_sets: int) -> Sketch:
    """Sketch of no value.

    Parameters
    ----------
    n_sets
        How many sets of paths there are.
    """
    return Sketch(np.empty(0), np.empty(0), np.empty((n_sets, 0), np.int32))


def _total(counts: Counts) -> Int:
    """Values of each set in some entries."""
    total: Int = counts.sum(axis=1, dtype=np.int64)
    return total


def _starts(low: Float, high: Float, resolution: Resolution) -> Int:
    """Where entries begin among values, or entries, in ascending order."""
    if not low.size:
        return np.empty(0, np.int64)
    new = np.append(True, (low[1:] != low[:-1]) | (high[1:] != high[:-1]))
    number = np.cumsum(new)
    distinct = int(number[-1])
    first, last = resolution.lowest, distinct - resolution.highest
    if first < last:
        body = (number > first) & (number <= last)
        bins = _bins(low, resolution.bits)
        inside = body & np.append(False, body[:-1])  # not at the border to what is whole
        new &= ~inside | np.append(True, bins[1:] != bins[:-1])
    return np.flatnonzero(new)


def _bins(values: Float, bits: int) -> Int:
    """Numbers that rise with the bins of values, ``(value,)`` int64."""
    words = values.view(np.int64)
    # what is negative has its bits turned round, so that numbers rise with values
    return (words ^ ((words >> 63) & _ALL_BUT_SIGN)) >> (_MANTISSA - bits)


class Worst(NamedTuple):
    """The paths of the lowest finite values of a series, and what others are on them.

    Attributes
    ----------
    values
        In ascending order, those of equal value by number, ``(path,)`` float64.
    paths
        Their numbers, ``(path,)`` int64.
    others
        Values of other series on them, ``(series, path)`` float64.
    """

    values: Float
    paths: Int
    others: Float

    @classmethod
    def of(cls, values: Float, paths: Int, others: Float, size: int) -> "Worst":
        """Keep the worst of some paths.

        Parameters
        ----------
        values, paths, others
            As of the class, in any order; NaN and infinities are left out.
        size
            How many are kept at most.
        """
        finite = np.flatnonzero(np.isfinite(values))
        order = finite[np.lexsort((paths[finite], values[finite]))[:size]]
        return cls(values[order], paths[order], np.take(others, order, axis=1))

    def join(self, other: "Worst", size: int) -> "Worst":
        """Keep the worst of two lots of paths.

        Parameters
        ----------
        other
            Of paths that do not overlap.
        size
            How many are kept at most.
        """
        values, paths, others = (np.concatenate(parts, axis=-1) for parts in zip(self, other, strict=True))
        return Worst.of(values, paths, others, size)
