"""The nearest correlation matrix, against what makes it the nearest, and a study that asks for it."""

from pathlib import Path

import numpy as np
import pytest

from spvrisk.config import load
from spvrisk.config.definite import matrix, names_of
from spvrisk.config.nearest_correlation import changes, nearest_matrix, nearest_pairs, told
from spvrisk.errors import InputError

STARTER = Path(__file__).parents[2] / "engine" / "spvrisk" / "data" / "starter.yaml"
WRONG = "correlation.pairs={wages: {steel: 0.9, gas: 0.9}, steel: {gas: -0.2}}"


def random_pairs(n: int, seed: int, share: float = 1.0) -> dict[str, dict[str, float]]:
    rng = np.random.default_rng(seed)
    names = [f"f{i}" for i in range(n)]
    return {
        a: {b: round(float(rng.uniform(-1, 1)), 2) for b in names[i + 1 :] if rng.random() < share}
        for i, a in enumerate(names[:-1])
    }


def random_correlation(n: int, rank: int, rng: np.random.Generator) -> np.ndarray:
    rows = rng.normal(size=(n, rank))
    rows /= np.linalg.norm(rows, axis=1)[:, None]
    return rows @ rows.T


@pytest.mark.parametrize("n", [3, 5, 8, 15])
def test_nearest_matrix__no_way_to_any_correlation_matrix_comes_nearer(n: int) -> None:
    """X is the nearest to A in a convex set if and only if <A - X, C - X> <= 0 for each C of the set."""
    for seed in range(5):
        rng = np.random.default_rng(seed)
        start = matrix(tuple(f"f{i}" for i in range(n)), random_pairs(n, seed), "score")
        found = nearest_matrix(start, np.eye(n, dtype=bool))
        assert np.linalg.eigvalsh(found)[0] > -1e-6 and np.array_equal(np.diag(found), np.ones(n))
        for rank in (1, 1, 2, n, n):
            other = random_correlation(n, rank, rng)
            assert np.sum((start - found) * (other - found)) < 1e-5 * n


def test_nearest_matrix__of_highams_paper() -> None:
    start = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])
    found = nearest_matrix(start, np.eye(3, dtype=bool))
    np.testing.assert_allclose(found[[0, 0, 1], [1, 2, 2]], [0.7607, 0.1573, 0.7607], atol=5e-5)


def test_nearest_pairs__what_is_left_out_stays_0() -> None:
    """Two factors that are uncorrelated explain at most all of a third: 2 r^2 = 1."""
    found = nearest_pairs({"a": {"b": 0.9, "c": 0.9}}, "score")
    assert found == {"a": {"b": pytest.approx(0.5**0.5, abs=1e-5), "c": pytest.approx(0.5**0.5, abs=1e-5)}}
    free = nearest_pairs({"a": {"b": 0.9, "c": 0.9}, "b": {"c": 0.0}}, "score")
    assert free["a"]["b"] > 0.72 and free["b"]["c"] > 0.1


@pytest.mark.parametrize("kind", ["score", "rank"])
@pytest.mark.parametrize(("n", "share"), [(3, 1.0), (6, 0.6), (12, 0.4), (25, 1.0)])
def test_nearest_pairs__make_a_positive_definite_matrix_and_are_short(n: int, share: float, kind: str) -> None:
    for seed in range(6):
        pairs = random_pairs(n, seed, share)
        found = nearest_pairs(pairs, kind)
        assert [(a, list(row)) for a, row in found.items()] == [(a, list(row)) for a, row in pairs.items()]
        assert np.linalg.eigvalsh(matrix(names_of(found), found, kind))[0] > 1e-9
        assert all(value == round(value, 6) for row in found.values() for value in row.values())


def test_nearest_pairs__sound_groups_stay_with_exact_1() -> None:
    pairs = {"a": {"b": 1.0}, "x": {"y": 0.9, "z": 0.9}, "y": {"z": -0.5}, "k": {"l": 0.123456789}}
    found = nearest_pairs(pairs, "score")
    assert found["a"] == pairs["a"] and found["k"] == pairs["k"]
    assert [(a, b) for a, b, _, _ in changes(pairs, "score")] == [("x", "y"), ("x", "z"), ("y", "z")] or found["y"]
    assert nearest_pairs(found, "score") == found
    assert nearest_pairs({}, "score") == {}


def test_told__the_largest_changes_first() -> None:
    pairs = {"a": {"b": 0.9, "c": 0.99, "d": 0.9}, "b": {"c": -0.9}, "c": {"d": -0.5}}
    moved = changes(pairs, "rank")
    sizes = [abs(new - old) for _, _, old, new in moved]
    assert sizes == sorted(sizes, reverse=True) and len(moved) == 5
    first, second, old, new = moved[0]
    assert told(moved).startswith(f"{first}, {second} from {old:g} to {new:g}; ")
    assert told(moved).endswith(" and 2 more")


def test_study__message_tells_the_nearest_matrix_and_repair_applies_it() -> None:
    with pytest.raises(InputError) as caught:
        load(STARTER, [WRONG])
    (problem,) = caught.value.problems
    assert "or add repair: nearest, which changes wages, steel from 0.9 to 0.689991; " in problem.remedy
    loaded = load(STARTER, [WRONG, "correlation.repair=nearest"])
    (warning,) = loaded.warnings
    assert warning.place == "--set 2" and warning.path == "correlation.repair"
    assert "3 of 3 pairs" in warning.rule and "wages, steel from 0.9 to 0.689991" in warning.remedy
    assert loaded.study.correlation.pairs["wages"]["steel"] == 0.9


@pytest.mark.parametrize("value", ["1", "-1"])
@pytest.mark.parametrize("kind", ["score", "rank"])
def test_study__exact_1_is_taken_with_repair(value: str, kind: str) -> None:
    perfect = [f"correlation.pairs.gas.power={value}", f"correlation.kind={kind}"]
    with pytest.raises(InputError, match="or add repair: nearest, which takes the pairs as they are"):
        load(STARTER, perfect)
    assert load(STARTER, [*perfect, "correlation.repair=nearest"]).warnings == []


def test_study__repair_of_sound_pairs_changes_nothing() -> None:
    assert load(STARTER, ["correlation.repair=nearest"]).warnings == []
    with pytest.raises(InputError, match="must be one of nearest"):
        load(STARTER, ["correlation.repair=higham"])
