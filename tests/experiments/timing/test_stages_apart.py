"""Plans that lack stages: they run, and have what is left to the bit."""

import time
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest

from every_clause import STUDIES, example_study
from spvrisk.config import load_study
from spvrisk.experiments.timing.kernel import Kernel
from spvrisk.experiments.timing.parts import CLOCK, FACTORS, POOL, PROJECTS, SELECTION, STACK, STAGES, parts
from spvrisk.plan.compile import compile_study
from studies import compile_in

ROOT = Path(__file__).parents[3]
FILES = {
    "starter": ROOT / "engine" / "spvrisk" / "data" / "starter.yaml",
    "main study": ROOT / "configs" / "japan_us_2026.yaml",
    "pipeline": ROOT / "tests" / "data" / "pipeline.yaml",
}
"""Files of studies; the others are variants of the study that uses every clause."""
APART = ("everything", "umbrella_adjust_pipelines", "catch_up_amount", "rulings", "stack_insured", "whole_deal")


def study_of(name, folder):
    return (
        compile_study(load_study(FILES[name])) if name in FILES else compile_in(STUDIES[name](example_study()), folder)
    )


@pytest.fixture(params=[*FILES, *APART])
def done(request, tmp_path):
    return study_of(request.param, tmp_path)


def values(done, part, n=192):
    """Values of the first paths by unit and quantity."""
    kernel = Kernel(done._replace(plan=part))
    kernel(n)
    return dict(zip(done.labels.series, kernel.values[:, :n].copy(), strict=True))


def test_parts__come_in_order_and_end_with_the_plan(done):
    found = parts(done.plan)
    assert list(found) == [name for name in STAGES if name in found]
    assert list(found.values())[-1] is done.plan
    assert {SELECTION, CLOCK, FACTORS, PROJECTS} <= set(found)
    assert (STACK in found) == bool(done.plan.study["stack"][0])
    assert (POOL in found) == bool(done.plan.study["coupled"][0])


def test_parts__take_the_same_machine_code(done):
    """Arrays are of the same types, so that nothing is compiled for a part."""
    from spvrisk.kernel.run import ENTRY_POINTS

    for part in parts(done.plan).values():
        values(done, part, 64)
    assert [len(code.signatures) for code in ENTRY_POINTS] == [1, 1, 1]


def test_parts__refer_to_nothing_that_is_gone(done):
    """An index past the end would go unnoticed: the kernel does not look."""
    found = parts(done.plan)
    for name in (SELECTION, CLOCK):
        assert found[name].study[0]["fx_factor"] == -1 and found[name].study[0]["tail_nu"] == 0.0
        assert found[name].factors.size == found[name].rows.size == found[name].jumps.size == 0
    bare = found[SELECTION]
    assert bare.regimes.size == bare.states.size == bare.events.size == 0
    assert tuple(bare.study[0][["decision_first", "n_products", "step_means"]]) == (-1, 0, 0)
    assert bare.constants[bare.study[0]["relief"]] == 0.0


def test_parts__build_nothing_before_the_projects(done):
    found = parts(done.plan)
    for name in (SELECTION, CLOCK, FACTORS):
        left = values(done, found[name])
        assert not left["portfolio", "funded"].any() and not left["portfolio", "npv_funder"].any()
    assert values(done, found[PROJECTS])["portfolio", "funded"].any()


def test_parts__clock_ends_as_in_the_whole(done):
    found = parts(done.plan)
    whole, clock, factors = (values(done, found[name]) for name in (list(found)[-1], CLOCK, FACTORS))
    ends = [key for key in whole if key[0] == "scheme" and key[1].startswith(("final_state_", "outcome_"))]
    assert ends
    for key in ends:
        np.testing.assert_array_equal(whole[key], clock[key])
        np.testing.assert_array_equal(whole[key], factors[key])


def test_without_stack__projects_are_what_they_were(done):
    found = parts(done.plan)
    if STACK not in found or POOL in found:
        pytest.skip("a stack on projects that share no cash")
    whole, bare = values(done, found[STACK]), values(done, found[PROJECTS])
    for quantity in ("npv_funder", "pv_host", "irr_funder", "cost", "deemed_open"):
        np.testing.assert_array_equal(whole["portfolio", quantity], bare["portfolio", quantity])
    assert not bare["portfolio", "npv_banks"].any() and whole["portfolio", "npv_banks"].any()


def test_kernel__threads_run_other_paths_and_their_times_add_up(tmp_path):
    done = study_of("starter", tmp_path)
    one, two = Kernel(done), Kernel(done, 2)
    few, took = one(128, 64), two(256, 64)
    assert took.seconds > 0.0 and few.processor_seconds > 0.0
    assert took.waited >= 0.9
    first, second = (place[2].values[:, :64] for place in two._places)
    np.testing.assert_array_equal(first, one.values[:, :64])
    assert not np.array_equal(first, second, equal_nan=True)


def test_kernel__that_is_interrupted_ends_its_threads(tmp_path, monkeypatch):
    """The pool waits for its threads, which have hours of work before them."""
    kernel, began = Kernel(study_of("starter", tmp_path), 2), time.perf_counter()

    def interrupted(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(Future, "result", interrupted)
    with pytest.raises(KeyboardInterrupt):
        kernel(2_000_000_000, 64)
    assert time.perf_counter() - began < 5.0
