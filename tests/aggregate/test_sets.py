"""Series over many sets of paths at once, against NumPy on the values of each set."""

import numpy as np
import pytest

from spvrisk.aggregate.moments import leaf_moments, merge_moments
from spvrisk.aggregate.sets import Condition, Sets, codes_of, order_of
from spvrisk.aggregate.state import PairwiseTree
from spvrisk.plan.shared import LEAF

N = 3 * LEAF + 77


def series(kind, n=N):
    rng = np.random.default_rng(11)
    x = rng.normal(-5e4, 2.4e4, n)
    if kind == "tied":
        x = np.copysign(rng.integers(0, 3, n) * 1.0, rng.normal(size=n))  # both zeros
    if kind == "mixed":
        x[rng.random(n) < 0.2], x[rng.random(n) < 0.1], x[rng.random(n) < 0.1] = np.nan, np.inf, -np.inf
        x[::13] = -np.nan  # of another sign bit
    if kind == "near":
        x = 1e6 + 1e-4 * rng.random(n)  # equal in their upper bits
    if kind == "fours":  # that differ in any of their lower bits
        x = np.repeat(x[: -(-n // 4)], 4)[:n] * (1.0 + 2.0**-52 * (1 << rng.integers(0, 36, n)))
        rng.shuffle(x)
    if kind == "undefined":
        x[:] = np.nan
    return x


KINDS = ("plain", "tied", "mixed", "near", "fours", "undefined")


def made(sizes, n=N):
    """Codes of quantities with so many conditions each, some of the paths undefined, and the sets made of them."""
    rng = np.random.default_rng(12)
    codes, conditions = {}, []
    for q, size in enumerate(sizes):
        values = rng.choice(size, n, p=rng.dirichlet(np.ones(size))) * 1.0
        values[rng.random(n) < 0.1] = np.nan
        codes[f"q{q}"] = values
        conditions += [Condition(f"q{q}.{k}", f"q{q}", k) for k in range(size)]
        if q % 2 == 0:
            conditions.append(Condition(f"q{q}.undefined", f"q{q}", -1))
    masks = [np.isnan(codes[c.quantity]) if c.code < 0 else codes[c.quantity] == c.code for c in conditions]
    return Sets(n, conditions, {name: codes_of(values) for name, values in codes.items()}), [np.ones(n, bool), *masks]


# few; more of one quantity than a slot holds; more slots than a word holds
SIZES = [(2, 3), (6, 7, 8, 15, 31), (3,) * 45]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [0, 1, 63, N])
def test_order__as_a_stable_sort(kind, n):
    values = series(kind, N)[:n].copy()
    order = order_of(values)
    assert order.paths(slice(None)).tolist() == np.argsort(values + 0.0, kind="stable").tolist()
    lowest = np.count_nonzero(values == -np.inf)
    assert order.without_lowest().paths(slice(None)).tolist() == order.paths(slice(lowest, None)).tolist()


def test_order__of_one_value_and_of_two():
    """Passes of the sort in which all paths have the same digit are left out, whatever their number."""
    for values in (
        np.full(N, 0.1),
        np.where(np.arange(N) % 3 == 0, 1.0, 0.0),
        np.where(np.arange(N) % 7 == 0, 4.0, 1.0),
    ):
        assert order_of(values).paths(slice(None)).tolist() == np.argsort(values, kind="stable").tolist()


def test_order__in_room_that_is_given():
    room = np.empty((2, N), np.uint64)
    first = order_of(series("plain"), room)
    assert np.shares_memory(first.numbers, room)
    assert order_of(series("mixed"), room).numbers.tolist() == order_of(series("mixed")).numbers.tolist()


@pytest.mark.parametrize("sizes", SIZES)
def test_count__flagged_paths_of_each_set(sizes):
    sets, masks = made(sizes)
    assert sets.n_paths.tolist() == [mask.sum() for mask in masks]
    flags = np.random.default_rng(1).random(N) < 0.3
    assert sets.count(flags).tolist() == [(mask & flags).sum() for mask in masks]
    assert sets.count(np.ones(N, bool)).tolist() == sets.n_paths.tolist()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sizes", SIZES)
def test_ranks__as_the_sorted_values_of_each_set(sizes, kind):
    sets, masks = made(sizes)
    values = series(kind)
    rng = np.random.default_rng(2)
    ranks = rng.integers(0, np.maximum(sets.n_paths, 1)[:, None] + 2, (sets.n_paths.size, 23))
    ranks[:, :3] = 1
    found = sets.at_ranks(order_of(values), ranks)
    for mask, wanted, row in zip(masks, ranks, found, strict=True):
        ordered = np.sort(values[mask])
        there = (wanted >= 1) & (wanted <= ordered.size)
        np.testing.assert_array_equal(row[there], ordered[wanted[there] - 1])
        assert np.isnan(row[~there]).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sizes", SIZES)
def test_first__lowest_paths_of_each_set_those_of_equal_value_by_number(sizes, kind):
    sets, masks = made(sizes)
    values = series(kind)
    sizes = np.random.default_rng(3).integers(0, sets.n_paths + 1)
    for mask, size, paths in zip(masks, sizes, sets.first(order_of(values), sizes), strict=True):
        members = np.flatnonzero(mask)
        assert paths.tolist() == members[np.argsort(values[mask] + 0.0, kind="stable")][:size].tolist()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sizes", SIZES)
def test_moments__bits_of_the_leaves_of_each_set(sizes, kind):
    sets, masks = made(sizes)
    values = series(kind)
    found = sets.moments(values)
    for i, mask in enumerate(masks[1:], 1):
        own = values[mask]
        tree = PairwiseTree(merge_moments)
        for leaf in range(max(1, -(-own.size // LEAF))):
            tree.insert(leaf, leaf_moments(own[None, leaf * LEAF : (leaf + 1) * LEAF]))
        expected = tree.finish()
        assert found.counts[:, i].tolist() == expected.counts[:, 0].tolist()
        assert found.central[:, i].tolist() == expected.central[:, 0].tolist()


def test_moments__of_many_leaves():
    """Trees of every shape: 1 to 12 leaves."""
    values = series("plain", 12 * LEAF)
    for leaves in range(1, 13):
        n = leaves * LEAF - 5
        sets = Sets(n, [Condition("all", "q", 0)], {"q": np.zeros(n, np.int16)})
        tree = PairwiseTree(merge_moments)
        for leaf in range(leaves):
            tree.insert(leaf, leaf_moments(values[None, leaf * LEAF : min((leaf + 1) * LEAF, n)]))
        assert sets.moments(values[:n].copy()).central[:, 1].tolist() == tree.finish().central[:, 0].tolist()
