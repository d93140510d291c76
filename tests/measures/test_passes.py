"""Statistics in passes over lots of paths: the same bits as from all values at once."""

from functools import partial

import numpy as np
import pytest

from spvrisk.aggregate import passes
from spvrisk.aggregate.facts import OfPaths
from spvrisk.aggregate.passes import AllPaths, OfPasses, batches
from spvrisk.aggregate.sets import Condition, Sets, codes_of
from spvrisk.plan.shared import LEAF

N = 5 * LEAF + 77


def heavy(rng):
    return rng.standard_t(1.1, N) * 1e6


def inflated(rng):
    return np.where(rng.random(N) < 0.6, -0.0, -rng.lognormal(2.0, 3.0, N))


def near(rng):
    return 1e6 + 1e-4 * rng.random(N)


def mixed(rng):
    x = rng.normal(1.0, 1e-3, N)
    x[rng.random(N) < 0.2], x[rng.random(N) < 0.1], x[rng.random(N) < 0.1] = np.nan, np.inf, -np.inf
    x[::13] = -np.nan
    return x


def tied(rng):
    return np.round(rng.normal(0.0, 400.0, N))


def capped(rng):
    """A value that many paths share, among others of its bin."""
    return np.minimum(rng.normal(1e6, 1e5, N), 1e6 + 1.0 / 3.0)


def undefined(rng):
    return np.full(N, np.nan)


@pytest.fixture(params=[heavy, inflated, near, mixed, tied, capped, undefined], ids=lambda kind: kind.__name__)
def values(request):
    return request.param(np.random.default_rng(4))


@pytest.fixture(params=["few", "some are no set", "none"])
def given(request):
    rng, codes = np.random.default_rng(6), {}
    codes["a"] = rng.choice(3, N, p=(0.7, 0.2995, 0.0005)) * 1.0
    codes["b"] = np.where(rng.random(N) < 0.3, np.nan, rng.choice(9, N) * 1.0)
    conditions = [
        *(Condition(f"a.{k}", "a", k) for k in range(3)),
        *(Condition(f"b.{k}", "b", k) for k in (*range(8), -1, 8)),
    ]
    kept = {"few": conditions, "some are no set": [conditions[0], *conditions[4:8]], "none": []}[request.param]
    return kept, codes


@pytest.fixture(params=[1 << 19, 500], ids=["all sets at once", "few sets at once"])
def both(values, given, monkeypatch, request):
    """From all values at once, and in passes over lots, the last of them short."""
    monkeypatch.setattr(passes, "LOT", 2 * LEAF)
    monkeypatch.setattr(passes, "batches", partial(batches, most=request.param))
    conditions, codes = given
    rows = [values, *codes.values()]
    sets = Sets(N, conditions, {name: codes_of(found) for name, found in codes.items()})
    lots = AllPaths(
        lambda series, paths: np.stack([rows[s][paths.start : paths.stop] for s in series]),
        N,
        conditions,
        {name: s for s, name in enumerate(codes, start=1)},
    )
    assert lots.n_paths.tolist() == sets.n_paths.tolist()
    return OfPaths(values, sets), OfPasses(lots, 0), sets.n_paths.size


def test_moments__are_the_same_bits(both):
    exact, found, _ = both
    for a, b in zip(exact.moments(), found.moments(), strict=True):
        assert a[:, 1:].tobytes() == b[:, 1:].tobytes()


def test_ranks__are_the_same_values(both):
    exact, found, n_sets = both
    rng = np.random.default_rng(2)
    ranks = np.concatenate(
        [np.tile([1, 2, N // 3, N // 2, N - 1, N], (n_sets, 1)), rng.integers(1, N, (n_sets, 40))], 1
    )
    (a, _), (b, same) = exact.at_ranks(ranks), found.at_ranks(ranks)
    defined = [int((~np.isnan(exact._values)).sum()), *found.moments().counts[:2, 1:].sum(axis=0)]
    there = ranks <= np.array(defined)[:, None]
    assert (a[there] == b[there]).all() and (b[there] == same[there]).all()


def test_worst__are_the_same_paths(both):
    exact, found, n_sets = both
    finite = [int(np.isfinite(exact._values).sum()), *found.moments().counts[0, 1:]]
    for share in (0, 20, 1):
        sizes = np.array([n // share if share else 0 for n in finite])
        paths = exact.worst_paths(sizes)
        ones = (found.worst_paths(sizes, range(i, i + 1))[0] for i in range(n_sets))
        both_worst = zip(paths, found.worst_paths(sizes, range(n_sets)), ones, found.worst(sizes), strict=True)
        for a, b, one, (values, _) in both_worst:
            assert b.tolist() == one.tolist()
            assert a.tolist() == b.tolist() and (values == exact._values[a]).all()


def test_counts__are_the_same(both):
    exact, found, _ = both
    assert exact.below_zero().tolist() == found.below_zero().tolist()
    assert exact.equal_to(3).tolist() == found.equal_to(3).tolist()


def test_batches__hold_no_more_than_they_may_unless_a_set_is_larger():
    assert list(batches(np.array([3, 4, 2, 20, 1, 0]), 8)) == [range(2), range(2, 3), range(3, 4), range(4, 6)]
    assert list(batches(np.array([3]), 8)) == [range(1)]


def test_conditions__more_than_a_word_has_room_for(monkeypatch):
    """Thirty quantities with up to 40 conditions each."""
    monkeypatch.setattr(passes, "LOT", LEAF)
    rng = np.random.default_rng(3)
    codes = [rng.integers(-1, 1 + k, N) * 1.0 for k in range(30)]
    conditions = [Condition(f"{q}.{k}", str(q), k) for q in range(30) for k in range(-1, q + 10)]
    lots = AllPaths(
        lambda series, paths: codes[series[0]][None, paths.start : paths.stop],
        N,
        conditions,
        {str(q): q for q in range(30)},
    )
    for given, found in zip(conditions, lots.n_paths[1:], strict=True):
        assert found == np.count_nonzero(codes[int(given.quantity)] == given.code)
