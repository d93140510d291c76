"""Statistics in passes over lots of paths: the same bits as from all values at once."""

import numpy as np
import pytest

from spvrisk.aggregate import passes
from spvrisk.aggregate.facts import OfPaths
from spvrisk.aggregate.passes import AllPaths, OfPasses
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
    return kept, {name: codes_of(found) for name, found in codes.items()}


@pytest.fixture
def both(values, given, monkeypatch):
    """From all values at once, and in passes over lots, the last of them short."""
    monkeypatch.setattr(passes, "LOT", 2 * LEAF)
    conditions, codes = given
    small = {name: found.astype(np.int8) for name, found in codes.items()}
    sets = Sets(N, conditions, codes)
    lots = AllPaths(lambda series, paths: values[None, paths.start : paths.stop], N, conditions, small)
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
        both_worst = zip(paths, found.worst_paths(sizes), found.worst(sizes), strict=True)
        for a, b, (values, _) in both_worst:
            assert a.tolist() == b.tolist() and (values == exact._values[a]).all()


def test_counts__are_the_same(both):
    exact, found, _ = both
    assert exact.below_zero().tolist() == found.below_zero().tolist()
    assert exact.equal_to(3).tolist() == found.equal_to(3).tolist()
