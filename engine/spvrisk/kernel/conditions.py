"""What a series says over the paths of many conditions at once: the compiled part of `aggregate.sets`.

Of disjoint conditions a path meets one at most. What it meets is packed in a word, three bits a slot: which of the
slot's seven conditions, or none of them. Slot s begins at bit 3 s + 3, so that eight times its number, the place of the
condition's count in a word of eight counts, is there after one shift: a block of paths is counted without a branch.
Ranks are looked for, path by path, in those blocks alone where a count steps over a wanted one.
"""

import numpy as np
from numpy.typing import NDArray

from spvrisk.kernel.linking import entry_point, part
from spvrisk.kernel.moments import ROOM, fill_moments, join_moments
from spvrisk.plan.shared import LEAF

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Words = NDArray[np.uint64]
Flags = NDArray[np.bool_]
Places = NDArray[np.uint16]

IN_SLOT = 7
"""Conditions of a slot; the code after them is none."""

CHUNK = LEAF
"""Paths that are put in the order of their conditions at a time: their values stay in the nearest cache."""

_U = np.uint64
_BLOCK = 240  # what eight bits can count
_NO_RANK = np.iinfo(np.int64).max
_LEVELS = 32  # of a tree of leaves


@part
def _code(word: np.uint64, slot: int) -> np.uint64:
    """Which of the slot's conditions."""
    return (word >> _U(3 * slot + 3)) & _U(7)


@part
def _count(held: Words, n: int, slot: int) -> np.uint64:
    """Eight counts of eight bits: how many of n words have each code in a slot."""
    counts, shift = _U(0), _U(3 * slot)
    for i in range(_U(n)):
        counts += _U(1) << ((held[i] >> shift) & _U(56))
    return counts


@part
def _find(values: Float, block: Words, held: Words, slot: int, code: int, seen: int, ranks: Int, out: Float) -> int:
    """Record the values at wanted ranks of one condition in a block; return the first rank that is still wanted."""
    k = 0
    while k < ranks.shape[0] and ranks[k] <= seen:
        k += 1
    for i in range(block.shape[0]):
        if _code(held[i], slot) == code:
            seen += 1
            while k < ranks.shape[0] and ranks[k] == seen:
                out[k] = values[block[i]]
                k += 1
    return ranks[k] if k < ranks.shape[0] else _NO_RANK


@part
def _copy(counts: Int, central: Float, to_counts: Int, to_central: Float) -> None:
    """Copy the moments of a node, number by number: slices take the compiler seconds."""
    for k in range(3):
        to_counts[k] = counts[k]
    for k in range(4):
        to_central[k] = central[k]


@part
def _close(leaf: Float, number: int, counts: Int, central: Float) -> None:
    """Add a condition's next leaf to its tree, which joins leaves 0, 1, 2, ... as ((0, 1), (2, 3)), ...

    Parameters
    ----------
    leaf
        Its values, ``(path,)``.
    number
        How many leaves there are before it.
    counts, central
        Moments of the node that is open at each level, ``(level, 3)`` and ``(level, 4)``.
    """
    own_counts, own = np.empty(3, np.int64), np.empty(4)
    fill_moments(leaf, np.empty(ROOM), own_counts, own)
    level = 0
    while number >> level & 1:
        join_moments(counts[level], central[level], own_counts, own)
        _copy(counts[level], central[level], own_counts, own)
        level += 1
    _copy(own_counts, own, counts[level], central[level])


@part
def _finish(leaves: int, counts: Int, central: Float, all_counts: Int, all_central: Float) -> None:
    """Join what is open at the tree's levels, the latest leaves first, as `aggregate.state.PairwiseTree` does."""
    latest = -1
    for level in range(_LEVELS):
        if leaves >> level & 1:
            if latest >= 0:
                join_moments(counts[level], central[level], counts[latest], central[latest])
            latest = level
    _copy(counts[latest], central[latest], all_counts, all_central)


@entry_point("void(boolean[::1], uint64[::1], int64[:, ::1], int64[::1])")
def count_flagged(flags: Flags, words: Words, conditions: Int, out: Int) -> None:
    """Count the flagged paths of each condition.

    Parameters
    ----------
    flags, words
        Of each path, ``(path,)``.
    conditions
        Number of each condition, ``(slot, 8)``; -1 is none.
    out
        ``(condition,)``; added to.
    """
    held = np.empty(_BLOCK, np.uint64)
    for first in range(0, words.shape[0], _BLOCK):
        n = 0
        for i in range(first, min(first + _BLOCK, words.shape[0])):
            held[n] = words[i]
            n += 1 if flags[i] else 0
        for slot in range(conditions.shape[0]):
            counts = _count(held, n, slot)
            for code in range(IN_SLOT):
                if conditions[slot, code] >= 0:
                    out[conditions[slot, code]] += np.int64((counts >> _U(8 * code)) & _U(255))


@entry_point("void(float64[::1], uint64[::1], uint64[::1], int64[:, ::1], int64[:, ::1], float64[:, ::1])")
def values_at_ranks(values: Float, order: Words, words: Words, conditions: Int, ranks: Int, out: Float) -> None:
    """Values at wanted ranks among the paths of each condition.

    Parameters
    ----------
    values, words
        Of each path, ``(path,)``.
    order
        Numbers of the paths in ascending order of the values, ``(path,)``.
    conditions
        As of `count_flagged`.
    ranks
        From 1, in ascending order, ``(condition, rank)``.
    out
        ``(condition, rank)``; what no path has stays.
    """
    held = np.empty(_BLOCK, np.uint64)
    seen = np.zeros(ranks.shape[0], np.int64)
    wanted = ranks[:, 0].copy()
    for first in range(0, order.shape[0], _BLOCK):
        block = order[first : first + _BLOCK]
        n = block.shape[0]
        for i in range(n):
            held[i] = words[block[i]]
        for slot in range(conditions.shape[0]):
            counts = _count(held, n, slot)
            for code in range(IN_SLOT):
                c = conditions[slot, code]
                if c >= 0:
                    more = seen[c] + np.int64((counts >> _U(8 * code)) & _U(255))
                    if more >= wanted[c]:
                        wanted[c] = _find(values, block, held, slot, code, seen[c], ranks[c], out[c])
                    seen[c] = more


@entry_point("void(uint64[::1], uint64[::1], int64[:, ::1], int64[::1], int64[::1])")
def first_of_conditions(order: Words, words: Words, conditions: Int, ends: Int, out: Int) -> None:
    """Numbers of the first paths of each condition in a given order.

    Parameters
    ----------
    order, words, conditions
        As of `values_at_ranks`.
    ends
        Where each condition's paths begin and end in `out`, one after the other, ``(condition + 1,)``.
    out
        ``(ends[-1],)``.
    """
    at = ends[:-1].copy()
    left = np.zeros(conditions.shape[0], np.int64)
    for slot in range(conditions.shape[0]):
        for c in conditions[slot]:
            left[slot] += ends[c + 1] - ends[c] if c >= 0 else 0
    total = left.sum()
    for path in order:
        if total == 0:
            return
        met = words[path]
        for slot in range(conditions.shape[0]):
            if left[slot] > 0:
                c = conditions[slot, _code(met, slot)]
                if c >= 0 and at[c] < ends[c + 1]:
                    out[at[c]] = path
                    at[c] += 1
                    left[slot] -= 1
                    total -= 1


@entry_point("void(uint64[::1], uint16[:, ::1], uint16[:, :, ::1])")
def sort_by_condition(words: Words, places: Places, ends: Places) -> None:
    """Put the paths of each chunk of `CHUNK` in the order of the conditions of a slot, those of one by number.

    Parameters
    ----------
    words
        Of each path, ``(path,)``.
    places
        Numbers of the paths in this order, counted from the first of their chunk, ``(slot, path)``; filled.
    ends
        Where the paths of each code end in their chunk, ``(chunk, slot, IN_SLOT)``; filled.
    """
    at = np.empty(IN_SLOT + 2, np.int64)
    for chunk in range(ends.shape[0]):
        first = _U(chunk * CHUNK)
        n = min(_U(CHUNK), _U(words.shape[0]) - first)
        for slot in range(ends.shape[1]):
            at[:] = 0
            for i in range(n):
                at[_code(words[first + i], slot) + _U(1)] += 1
            for code in range(IN_SLOT):
                at[code + 1] += at[code]
            for i in range(n):
                found = _code(words[first + i], slot)
                places[slot, first + _U(at[found])] = i
                at[found] += 1
            for code in range(IN_SLOT):
                ends[chunk, slot, code] = at[code]


@part
def _copy_paths(values: Float, first: np.uint64, places: Places, n: np.uint64, leaf: Float) -> None:
    """Copy the values at n places after a first path."""
    for j in range(n):
        leaf[j] = values[first + _U(places[j])]


@entry_point("void(float64[::1], uint16[:, ::1], uint16[:, :, ::1], int64[:, ::1], int64[:, ::1], float64[:, ::1])")
def moments_of_conditions(
    values: Float, places: Places, ends: Places, conditions: Int, counts: Int, central: Float
) -> None:
    """Counts and moments of a series over each condition: leaf by leaf of its paths, and joined as those of a run.

    Parameters
    ----------
    values
        Of each path, ``(path,)``.
    places, ends
        As from `sort_by_condition`.
    conditions
        As of `count_flagged`.
    counts, central
        As of `aggregate.moments.Moments`, by condition, ``(condition, 3)`` and ``(condition, 4)``.
    """
    n_conditions = counts.shape[0]
    leaves, filled = np.empty((n_conditions, LEAF)), np.zeros(n_conditions, np.int64)
    nodes = np.empty((n_conditions, _LEVELS, 3), np.int64), np.empty((n_conditions, _LEVELS, 4))
    closed = np.zeros(n_conditions, np.int64)
    for chunk in range(ends.shape[0]):
        first = chunk * CHUNK
        for slot in range(conditions.shape[0]):
            at = first
            for code in range(IN_SLOT):
                c, end = conditions[slot, code], first + np.int64(ends[chunk, slot, code])
                while at < end:
                    n = min(end - at, LEAF - filled[c])
                    _copy_paths(values, _U(first), places[slot, at:], _U(n), leaves[c, filled[c] :])
                    at += n
                    filled[c] += n
                    if filled[c] == LEAF:
                        _close(leaves[c], closed[c], nodes[0][c], nodes[1][c])
                        closed[c] += 1
                        filled[c] = 0
    for c in conditions.ravel():
        if c >= 0:
            if filled[c] > 0 or closed[c] == 0:
                _close(leaves[c, : filled[c]], closed[c], nodes[0][c], nodes[1][c])
                closed[c] += 1
            _finish(closed[c], nodes[0][c], nodes[1][c], counts[c], central[c])
