import subprocess
import sys

import numpy as np
import pytest

from spvrisk.aggregate.state import PairwiseTree, RunState

RNG = np.random.default_rng(11)


def joined(n, order=None):
    tree = PairwiseTree(lambda a, b: f"({a} {b})")
    for leaf in order if order is not None else range(n):
        tree.insert(leaf, str(leaf))
    return tree.finish()


@pytest.mark.parametrize(
    ("n", "shape"),
    [
        (1, "0"),
        (2, "(0 1)"),
        (3, "((0 1) 2)"),
        (5, "(((0 1) (2 3)) 4)"),
        (6, "(((0 1) (2 3)) (4 5))"),
        (7, "(((0 1) (2 3)) ((4 5) 6))"),
        (8, "(((0 1) (2 3)) ((4 5) (6 7)))"),
    ],
)
def test_pairwise_tree__odd_last_one_passes_up(n, shape):
    assert joined(n) == shape


@pytest.mark.parametrize("n", [1, 2, 3, 11, 32, 33])
def test_pairwise_tree__any_order_gives_the_same_tree(n):
    for _ in range(5):
        assert joined(n, RNG.permutation(n).tolist()) == joined(n)


def test_pairwise_tree__in_order_keeps_few_nodes():
    tree = PairwiseTree(lambda a, b: a + b)
    for leaf in range(1000):
        tree.insert(leaf, 1)
        assert len(tree._nodes) <= 10
    assert tree.finish() == 1000


def test_pairwise_tree__finish_can_be_followed_by_more_leaves():
    tree = PairwiseTree(lambda a, b: f"({a} {b})")
    for leaf in range(3):
        tree.insert(leaf, str(leaf))
    assert tree.finish() == "((0 1) 2)"
    tree.insert(3, "3")
    assert tree.finish() == "((0 1) (2 3))"


@pytest.mark.parametrize("present", [[1], [0, 2], [0, 1, 3], [0, 1, 2, 3, 6]])
def test_pairwise_tree__missing_leaf_is_refused(present):
    with pytest.raises(ValueError, match="missing"):
        joined(0, present)


def test_pairwise_tree__no_leaves_is_refused():
    with pytest.raises(ValueError, match="no leaves"):
        joined(0)


@pytest.mark.parametrize("again", [0, 1, 2])
def test_pairwise_tree__leaf_added_twice_is_refused(again):
    tree = PairwiseTree(lambda a, b: a + b)
    for leaf in range(3):
        tree.insert(leaf, 1)
    with pytest.raises(ValueError, match="twice"):
        tree.insert(again, 1)


def leaves(n, last=100):
    """Values, timeline and occupancy of n leaves with wildly different magnitudes."""
    sizes = [256] * (n - 1) + [last]
    return [
        (RNG.normal(size=(3, k)) * 10.0 ** RNG.integers(-6, 6), *(RNG.normal(size=(rows, 5)) for rows in (4, 2, 3)))
        for k in sizes
    ]


def bits(sums):
    return [a.tobytes() for a in (*sums.moments, *sums[1:])]


def test_run_state__same_bits_for_any_order_and_partition():
    parts = leaves(13)
    whole = RunState()
    for k, part in enumerate(parts):
        whole.update(k, *part)
    expected = bits(whole.finish())
    for shards in (1, 2, 5):
        states = [RunState() for _ in range(shards)]
        owner = RNG.integers(0, shards, len(parts))
        for k in RNG.permutation(len(parts)):
            states[owner[k]].update(int(k), *parts[k])
        total = RunState()
        for j in RNG.permutation(shards):
            total.take(states[j].nodes())
        assert bits(total.finish()) == expected


def test_run_state__sums_are_those_of_all_paths():
    parts = leaves(6)
    state = RunState()
    for k, part in enumerate(parts):
        state.update(k, *part)
    sums = state.finish()
    everything = np.concatenate([values for values, *_ in parts], axis=1)
    assert sums.n_paths == 5 * 256 + 100
    for i, rows in enumerate((sums.timeline, sums.occupancy, sums.step_means), start=1):
        assert rows == pytest.approx(sum(part[i] for part in parts))
    assert sums.moments.central[0] == pytest.approx(everything.mean(axis=1), rel=1e-12)
    assert sums.moments.central[1] == pytest.approx(everything.var(axis=1) * sums.n_paths, rel=1e-12)


def test_run_state__later_change_of_the_callers_arrays_does_not_reach_it():
    arrays = leaves(1)[0]
    state = RunState()
    state.update(0, *arrays)
    before = bits(state.finish())
    for array in arrays:
        array[...] = 0.0
    assert bits(state.finish()) == before


def test_aggregate__imports_arrays_only():
    code = "import sys, spvrisk.aggregate.state, spvrisk.aggregate.invariants; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"pydantic", "xarray", "h5py", "h5netcdf", "click", "rich", "pandas"} & set(loaded)
