"""Studies with thousands of parts: read in seconds, or refused by a bound that is told."""

import time
from pathlib import Path

import numpy as np
import pytest

import spvrisk
from large import table_study, written_out_study
from spvrisk.config.definite import definite_problem
from spvrisk.errors import InputError
from spvrisk.plan.correlation import cholesky

STARTER = Path(__file__).parents[2] / "engine" / "spvrisk" / "data" / "starter.yaml"
TEXT = STARTER.read_text(encoding="utf-8")
GBM = {"unit": "1", "process": {"gbm": {"start": 1, "drift": 0.03, "sigma": 0.02}}}
FLAT = {"unit": "1", "process": {"deterministic": {"curve": 1}}}

MOST_SECONDS = 20.0
"""Of the processor, several times what it takes; what grows with a higher power of the number takes minutes."""


@pytest.fixture(autouse=True)
def _in_time():
    began = time.process_time()
    yield
    assert time.process_time() - began < MOST_SECONDS


def refused(changes):
    with pytest.raises(InputError) as caught:
        spvrisk.load(STARTER, changes)
    return {problem.path: str(problem) for problem in caught.value.problems}


def with_factors(n, factor):
    factors = spvrisk.load(STARTER).loaded.places.given()["factors"]
    return {"factors": {**factors, **{f"f{i}": factor for i in range(n)}}}


def test_factors__more_random_ones_than_can_be_correlated_are_refused():
    said = refused(with_factors(2000, GBM))
    assert list(said) == ["factors"]
    assert "at most 500 factors may be random, got 2006; share factors between projects" in said["factors"]


def test_factors__known_curves_are_not_counted():
    assert len(spvrisk.load(STARTER, with_factors(2000, FLAT)).config.factors) == 2006


@pytest.mark.parametrize(("made", "n"), [(table_study, 3000), (written_out_study, 1000)], ids=["table", "written out"])
def test_projects__thousands(made, n, tmp_path):
    assert len(spvrisk.validate(made(tmp_path, n)).study.config.projects) == n


def test_events__long_chains_and_circles():
    def event(after):
        date = "2028-01-01" if after is None else {"after": after, "days": 30}
        return {"date": date, "outcomes": {"a": {}, "b": {}}, "probabilities": [{"is": {"a": 0.5, "b": 0.5}}]}

    chain = {f"e{i}": event(f"e{i - 1}" if i else None) for i in range(2000)}
    assert len(spvrisk.load(STARTER, {"events": chain}).config.events) == 2000
    circle = {"x": event("a"), "a": event("b"), "b": event("c"), "c": event("a")}
    said = refused({"events": circle})
    assert "must not come after itself, got a after b after c after a;" in said["events.a.date.after"]
    assert "got c after a after b after c;" in said["events.c.date.after"]
    assert set(said) == {f"events.{name}.date.after" for name in "abc"}


def test_lists__of_many_different_entries_and_one_that_is_there_twice():
    many = [f"0.{i:06d}" for i in range(1, 20_001)]
    said = refused({"output.quantiles": [*many, many[0]]})
    assert "is listed twice" in said["output.quantiles.20000"] and len(said) == 1


def test_mixtures__have_a_bound_that_counts_those_inside():
    def mixture(n, law):
        return {"mixture": [{"weight": 1 / n, "law": law} for _ in range(n)]}

    key = "projects.gas_plant.construction.duration"
    changes = {key: mixture(20, mixture(11, 1.0))}
    assert "must have at most 200 laws in all, got 220" in refused(changes)[f"{key}.mixture"]
    assert spvrisk.load(STARTER, {key: mixture(20, mixture(10, 1.0))})


def test_correlation__refused_in_seconds_where_many_pairs_are_to_blame():
    rng = np.random.default_rng(1)
    names = [f"f{i}" for i in range(150)]
    pairs = {a: {b: float(rng.uniform(-1, 1)) for b in names[:i]} for i, a in enumerate(names) if i}
    problem = definite_problem(pairs, "score")
    assert problem is not None and "changing a single pair is not enough" in problem.remedy


def test_cholesky__sparse_and_dense_rows_have_the_bits_of_the_plain_sum():
    rng = np.random.default_rng(5)
    whole = np.corrcoef(rng.normal(size=(30, 60)))
    sparse = np.eye(30)
    sparse[np.ix_([3, 11, 12, 29], [3, 11, 12, 29])] = whole[:4, :4]
    for matrix in (whole, sparse):
        assert cholesky(matrix).tobytes() == plainly(matrix).tobytes()


def plainly(matrix):
    """Cholesky's factor, term by term."""
    from math import fsum, sqrt

    lower = np.zeros_like(matrix)
    for i in range(len(matrix)):
        for j in range(i):
            dot = fsum(lower[i, q] * lower[j, q] for q in range(j))
            lower[i, j] = (matrix[i, j] - dot) / lower[j, j]
        lower[i, i] = sqrt(matrix[i, i] - fsum(lower[i, q] ** 2 for q in range(i)))
    return lower
