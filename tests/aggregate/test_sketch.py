"""Sketches of series against NumPy on all of their values."""

import numpy as np
import pytest

from spvrisk.aggregate.sets import Condition, codes_of
from spvrisk.aggregate.sketch import Resolution, Sorted, Worst, empty, groups_of, join

N = 20_000


def heavy(rng):
    return rng.standard_t(1.1, N) * 1e6


def inflated(rng):
    return np.where(rng.random(N) < 0.6, 0.0, rng.lognormal(2.0, 3.0, N))


def negative(rng):
    return -rng.pareto(1.2, N) - 1e-9


def mixed(rng):
    x = rng.normal(1.0, 1e-3, N)
    x[rng.random(N) < 0.2], x[rng.random(N) < 0.1], x[rng.random(N) < 0.1] = np.nan, np.inf, -np.inf
    x[::13], x[::17], x[::19] = -np.nan, -0.0, 5e-324
    return x


def codes(rng):
    return np.where(rng.random(N) < 0.1, np.nan, rng.integers(0, 5, N) * 1.0)


def undefined(rng):
    return np.full(N, np.nan)


def constant(rng):
    return np.full(N, -1.0 / 3.0)


KINDS = (heavy, inflated, negative, mixed, codes, undefined, constant)
RESOLUTIONS = (Resolution(6, 200, 50), Resolution(9, 1, 1), Resolution(4, 0, 0), Resolution(8, 10**6, 0))


def conditioned():
    """Two quantities with conditions: five sets, and which paths are in each."""
    rng = np.random.default_rng(5)
    a, b = rng.choice(3, N, p=(0.7, 0.299, 0.001)) * 1.0, rng.choice(2, N) * 1.0
    b[rng.random(N) < 0.3] = np.nan
    conditions = [
        *(Condition(f"a.{k}", "a", k) for k in range(2)),
        *(Condition(f"b.{k}", "b", k) for k in (0, 1, -1)),
    ]
    masks = [a == 0, a == 1, b == 0, b == 1, np.isnan(b)]
    return conditions, {"a": codes_of(a), "b": codes_of(b)}, masks


CONDITIONS, CODES, MASKS = conditioned()


def lots(resolution, values, cuts, with_groups):
    """Sketches of consecutive lots of paths."""
    for part in np.split(np.arange(N), cuts):
        groups = groups_of(CONDITIONS, {name: found[part] for name, found in CODES.items()})
        yield Sorted.of(values[part]).sketch(resolution, groups if with_groups else None)


def joined(parts, resolution, n_sets):
    total = empty(n_sets)
    for part in parts:
        total = join(total, part, resolution)
    return total


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def values(request):
    return request.param(np.random.default_rng(3))


@pytest.fixture(params=RESOLUTIONS, ids=lambda resolution: "-".join(map(str, resolution)))
def resolution(request):
    return request.param


@pytest.mark.parametrize("with_groups", [False, True])
def test_sketch__is_the_same_however_paths_are_divided_and_in_any_order(values, resolution, with_groups):
    (whole,) = lots(resolution, values, [], with_groups)
    for cuts in ([1, 2, 3, 700], range(997, N, 997), [N // 2]):
        parts = list(lots(resolution, values, cuts, with_groups))
        for order in (parts, parts[::-1], sorted(parts, key=lambda part: part.low.tobytes())):
            found = joined(order, resolution, whole.counts.shape[0])
            assert [x.tobytes() for x in found] == [x.tobytes() for x in whole]


def test_ranks__lie_between_ends_as_near_as_promised(values, resolution):
    (sketch,) = lots(resolution, values, [], True)
    for i, mask in enumerate(MASKS):
        x = np.sort(values[mask & ~np.isnan(values)]) + 0.0
        low, high = sketch.at_ranks(i, np.arange(1, x.size + 1))
        assert (low <= x).all() and (x <= high).all()
        with np.errstate(invalid="ignore"):
            widths = np.where(low == high, 0.0, high - low)
        assert (widths <= 2.0**-resolution.bits * np.maximum(np.abs(x), 2.3e-308)).all()
        outside = sketch.at_ranks(i, np.array([0, x.size + 1]))
        assert np.isnan(outside).all()


def test_tails__are_whole(values, resolution):
    (sketch,) = lots(resolution, values, [], False)
    x = np.sort(values[~np.isnan(values)]) + 0.0
    distinct = np.unique(x)
    ends = [*distinct[: resolution.lowest], *distinct[max(distinct.size - resolution.highest, 0) :]]
    low, high = sketch.at_ranks(0, np.arange(1, x.size + 1))
    whole = np.isin(x, ends)
    assert (low[whole] == x[whole]).all() and (high[whole] == x[whole]).all()
    if distinct.size <= resolution.lowest + resolution.highest:
        assert sketch.low.size == distinct.size and (low == high).all()


def test_first__are_the_lowest_finite_values(values, resolution):
    (sketch,) = lots(resolution, values, [], True)
    for i, mask in enumerate(MASKS):
        x = np.sort(values[mask & np.isfinite(values)]) + 0.0
        for size in {0, min(1, x.size), x.size // 20, x.size}:
            low, high = sketch.first(i, size)
            assert low.size == high.size == size
            assert (low <= x[:size]).all() and (x[:size] <= high).all()


def test_counts__are_exact(values, resolution):
    (sketch,) = lots(resolution, values, [], True)
    assert sketch.below_zero().tolist() == [np.count_nonzero(values[mask] < 0.0) for mask in MASKS]
    if np.isin(values[~np.isnan(values)], range(5)).all():
        for code in range(5):
            assert sketch.equal_to(code).tolist() == [np.count_nonzero(values[mask] == code) for mask in MASKS]


def test_worst__are_paths_in_order_of_value_and_number():
    rng = np.random.default_rng(8)
    values, others, paths = rng.integers(-50, 50, N) * 1.0, rng.normal(size=(3, N)), np.arange(N)
    values[rng.random(N) < 0.1], values[rng.random(N) < 0.1] = np.nan, -np.inf
    finite = np.flatnonzero(np.isfinite(values))
    first = finite[np.argsort(values[finite], kind="stable")][:777]
    found = None
    for part in reversed(np.split(paths, [5, 600, 9000, 9001])):
        own = Worst.of(values[part], part, others[:, part], 777)
        found = own if found is None else found.join(own, 777)
    assert found.paths.tolist() == first.tolist()
    assert found.values.tolist() == values[first].tolist()
    assert found.others.tolist() == others[:, first].tolist()
