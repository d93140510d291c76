"""Why a correlation matrix is none, and whether what the message proposes mends it."""

import re

import numpy as np
import pytest

from spvrisk.config.definite import definite_problem, matrix, rank_correlation, score_correlation

Pairs = dict[str, dict[str, float]]


def random_pairs(n: int, seed: int) -> Pairs:
    rng = np.random.default_rng(seed)
    names = [f"f{i}" for i in range(n)]
    return {a: {b: round(float(rng.uniform(-1, 1)), 2) for b in names[i + 1 :]} for i, a in enumerate(names[:-1])}


def smallest(pairs: Pairs, kind: str) -> float:
    names = tuple(dict.fromkeys(name for first, row in pairs.items() for name in (first, *row)))
    return float(np.linalg.eigvalsh(matrix(names, pairs, kind))[0])


@pytest.mark.parametrize("kind", ["score", "rank"])
@pytest.mark.parametrize("n", [3, 4, 8, 20])
def test_problem__is_there_where_an_eigenvalue_is_not_above_0_and_its_remedies_mend_it(n: int, kind: str) -> None:
    mended = 0
    for seed in range(40):
        pairs = random_pairs(n, seed)
        problem = definite_problem(pairs, kind)
        value = smallest(pairs, kind)
        assert (problem is None) == (value > 0)
        if problem is None:
            continue
        assert problem.value.startswith(f"smallest eigenvalue {value:.3g}, mostly of f")
        terms = re.findall(r" ([-+] [0-9.e-]+) \(", problem.value)
        assert 1 + sum(float(term.replace(" ", "")) for term in terms) == pytest.approx(value, abs=0.02)
        most = float(re.search(r"by ([0-9.]+) or less", problem.remedy)[1])
        assert smallest({a: {b: r * most for b, r in row.items()} for a, row in pairs.items()}, kind) > 0
        span = re.search(r"put (\w+), (\w+) into \[(.+), (.+)\] and", problem.remedy)
        for end in (span[3], span[4]) if span else ():
            moved = {a: dict(row) for a, row in pairs.items()}
            moved[span[1]][span[2]] = float(end)
            assert smallest(moved, kind) > 0
            mended += 1
    assert mended > 20 or n > 4


@pytest.mark.parametrize("kind", ["score", "rank"])
def test_problem__proposes_no_less_than_is_needed(kind: str) -> None:
    pairs = {"a": {"b": 0.9, "c": 0.9}, "b": {"c": -0.5}}
    problem = definite_problem(pairs, kind)
    most = float(re.search(r"by ([0-9.]+) or less", problem.remedy)[1]) + 0.001
    assert smallest({a: {b: r * most for b, r in row.items()} for a, row in pairs.items()}, kind) <= 0
    span = re.search(r"put a, b into \[(.+), (.+)\] and", problem.remedy)
    for end in (float(span[1]) - 0.002, float(span[2]) + 0.002):
        assert smallest({"a": {"b": end, "c": 0.9}, "b": {"c": -0.5}}, kind) <= 0


def test_problem__stands_at_the_pair_that_weighs_most() -> None:
    problem = definite_problem({"x": {"y": 0.1}, "a": {"b": -0.3, "c": 0.95}, "b": {"c": 0.9}}, "score")
    assert problem.path == "correlation.pairs.a.c"
    assert "x" not in problem.value.partition(":")[0]


def test_problem__of_a_perfect_correlation() -> None:
    problem = definite_problem({"a": {"b": -1.0}}, "score")
    assert problem.value == "smallest eigenvalue 0, mostly of a, b: 1 - 1 (a, b at -1)"
    assert "multiply all pairs by 0.999 or less (a, b: -0.999), or put a, b into [-0.999, 0.999]" in problem.remedy


def test_problem__none_for_sound_pairs_and_for_no_pairs() -> None:
    assert definite_problem({}, "score") is None
    assert definite_problem({"a": {}}, "rank") is None
    assert definite_problem({"a": {"b": 0.999}}, "rank") is None


def test_rank_correlation__is_the_inverse() -> None:
    for rank in (-1.0, -0.3, 0.0, 0.7, 1.0):
        assert rank_correlation(score_correlation(rank)) == pytest.approx(rank, abs=1e-15)
