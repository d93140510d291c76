"""The study that uses every clause: does it, and what must hold."""

import numpy as np
import pytest

import reference as ref
from every_clause import VARIANTS


@pytest.mark.parametrize("variant", VARIANTS)
def test_example__invariants(example, variant):
    study = VARIANTS[variant](example)
    sim = ref.simulate(study, np.arange(40, 100))
    for name, flows in sim.projects.items():
        A, funder = flows["available_cash"], flows["distribution_funder"]
        assert np.allclose(funder + flows["distribution_host"], A, rtol=1e-14)
        terms = ref.split_of(study, study["projects"][name])
        if terms["mode"] != "none":
            assert (funder >= terms["second_share"] * A - 1e-9).all()
            assert (funder <= terms["first_share"] * A + 1e-9).all()
        assert all((flows[row] >= 0).all() for row in ("carry", "deemed_balance", "calls", "arrears", "tax"))
        assert np.allclose(flows["calls"].sum(axis=0), sim.quantities[name]["cost"])
    for row in ("cost", "npv_funder", "pv_host", "deemed_open"):
        total = sum(sim.quantities[name][row] for name in sim.projects)
        assert np.allclose(sim.quantities["portfolio"][row], total)
    finite = np.isfinite(sim.quantities["portfolio"]["irr_funder"])
    assert finite.any()


def test_example__uses_every_clause(example):
    assert {ref.process_of(f)[0] for f in example["factors"].values()} == {
        "gbm",
        "ou",
        "vasicek",
        "merton",
        "deterministic",
    }
    sim = ref.simulate(example, np.arange(400))
    causes = {jump[4] for path in sim.regimes for jump in path}
    assert causes == {"clock", "hazard", "event:president"}
    assert all(len(np.unique(outcome)) == len(example["events"][e]["outcomes"]) for e, outcome in sim.outcomes.items())
    q = sim.quantities
    assert 0 < q["mine"]["completed"].mean() < 1
    for name in ("gas", "port", "mine", "portfolio"):
        assert 0 < np.isinf(q[name]["payback_years"]).mean() < 1
        assert 0 < np.isinf(q[name]["recovery_years"]).mean() < 1
    assert all((sim.projects[name]["tax"] > 0).any() for name in ("gas", "port"))
    assert (sim.projects["mine"]["arrears"] > 0).any()
    assert (sim.factors["henry_hub"] == 2.5).any() and (sim.factors["power"] >= 90).any()


def test_hooks__everything_drawn_and_tabulated_passes_through(example):
    asked, laws = set(), set()

    class Spy(ref.Draws):
        def uniforms(self, name, index, paths):
            asked.add(name)
            return super().uniforms(name, index, paths)

        def scores(self, name, index, paths):
            asked.add(name)
            return np.float32(super().scores(name, index, paths)).astype(float)

    def law_value(key, law, z):
        laws.add(key)
        return ref.exact_value(key, law, z)

    exact = ref.simulate(example, np.arange(5))
    rounded = ref.simulate(example, np.arange(5), Spy(example["run"]["seed"]), law_value)
    assert np.allclose(exact.quantities["gas"]["npv_funder"], rounded.quantities["gas"]["npv_funder"], rtol=1e-4)
    assert {"factors/tail", "factor/equipment/count", "factor/equipment/jump", "regime/tariffs/clock"} <= asked
    assert {
        "construction/all/cost",
        "construction/thermal/delay",
        "project/gas/subscription",
        "project/mine/availability",
    } <= asked
    assert not any(name in asked for name in ("factor/wages", "project/mine/contract"))
    assert {
        "correlation.tail",
        "correlation.score",
        "projects.gas.construction.overrun",
        "projects.port.operation.contract.price",
    } <= laws


def test_paths__are_drawn_each_alone(example):
    together = ref.simulate(example, np.array([3, 9, 12]))
    alone = ref.simulate(example, np.array([9]))
    for unit, quantities in alone.quantities.items():
        for name, value in quantities.items():
            assert np.allclose(value, together.quantities[unit][name][1:2], rtol=1e-13, equal_nan=True), (
                unit,
                name,
            )
