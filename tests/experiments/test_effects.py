"""What is left out of a path's story touches no cash flow: without it the path is the same; with what is told, not."""

from pathlib import Path

import numpy as np
import pytest

from spvrisk.config import load
from spvrisk.experiments.effects import touching
from spvrisk.experiments.trace import Tracer

MAIN = Path(__file__).parents[2] / "configs" / "japan_us_2026.yaml"
PATHS, SEED = range(40), 20260331
OFFTAKERS = ("data_centres", "texas_campus", "utilities", "grit_buyers")
REGIMES = {"autos": "tariff_relief", "grit_exports": "npv_funder"}


def traces(*overrides):
    tracer = Tracer(load(MAIN, overrides).study, SEED)
    return [tracer.trace(path) for path in PATHS]


@pytest.fixture(scope="module")
def as_it_is():
    return traces()


def same(first, second):
    """Whether two paths have the same flows, of projects and of the scheme."""
    return np.array_equal(first.steps, second.steps) and all(
        value == second.values[series] or np.isnan(value)
        for series, value in first.values.items()
        if series[1] in ("npv_funder", "tariff_relief", "scheme_value")
    )


@pytest.mark.parametrize("name", OFFTAKERS)
def test_defaults__that_are_left_out_change_nothing_and_those_that_are_told_do(as_it_is, name):
    kept = left_out = 0
    for before, without in zip(as_it_is, traces(f"offtakers.{name}.default_hazard=0"), strict=True):
        if not any(change.what == name for change in before.changes):
            assert same(before, without)
        elif any(change.what == name for change in touching(before)):
            kept += not same(before, without)
        else:
            left_out += 1
            assert same(before, without)
    assert kept and (left_out or name == "data_centres")


@pytest.mark.parametrize("name", REGIMES)
def test_regimes__whose_moves_are_left_out_change_nothing(as_it_is, name):
    moved = 0
    for before, without in zip(as_it_is, traces(f"regimes.{name}.hazards={{}}"), strict=True):
        told = [change for change in touching(before) if (change.kind, change.what) == ("regime", name)]
        hazards = [c for c in before.changes if (c.kind, c.what, c.cause) == ("regime", name, "hazard")]
        if hazards and not told:
            moved += 1
            assert same(before, without)
    assert moved > 3


def test_touching__keeps_the_order_and_all_of_projects(as_it_is):
    left_out = 0
    for trace in as_it_is:
        told = touching(trace)
        assert [change for change in trace.changes if change in told] == list(told)
        assert all(change in told for change in trace.changes if change.kind == "project")
        causes = {change.cause.removeprefix("event ") for change in told if change.cause.startswith("event ")}
        assert causes <= {change.what for change in told if change.kind == "event"}
        left_out += len(trace.changes) - len(told)
    assert left_out > 5 * len(as_it_is)
