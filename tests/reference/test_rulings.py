"""The variant whose events use every key."""

import datetime as dt
from itertools import pairwise

import numpy as np
import pytest

import reference as ref
from every_clause import example_study, with_rulings


@pytest.fixture(scope="module")
def rulings():
    study = with_rulings(example_study())
    return study, ref.simulate(study, np.arange(256))


def test_rulings__everything_happens(rulings):
    study, sim = rulings
    for name, event in study["events"].items():
        seen = np.unique(sim.outcomes[name][sim.outcomes[name] >= 0])
        assert len(seen) == (1 if "outcome" in event else len(event["outcomes"])), name
        assert ((sim.outcomes[name] < 0) == np.isnan(sim.happened[name])).all()
    many = 5
    for name in ("court", "review", "aftermath"):
        assert (sim.outcomes[name] < 0).sum() >= many  # beyond the horizon
    assert (sim.happened["echo"] == sim.happened["president"]).all()
    assert (sim.happened["budget"] == sim.happened["president"]).all()
    assert ((sim.happened["ruling"] < sim.happened["midterm"]).sum() >= many) and (
        (sim.happened["ruling"] > sim.happened["midterm"]).sum() >= many
    )
    both = (sim.outcomes["ruling"] == 0) & (sim.outcomes["court"] == 1) & (sim.happened["court"] < 3)
    assert both.sum() >= many  # the same hazard scaled twice
    inside = [t * 4 % 1 for path in sim.regimes for t, *_, cause in path if cause == "clock"]
    assert sum(0.01 < share < 0.99 for share in inside) >= many


def test_rulings__projects(rulings):
    study, sim = rulings
    withdrawn, when = sim.outcomes["review"] == 0, sim.happened["review"]
    for name, site in sim.sites.items():
        q = sim.quantities[name]
        stopped = np.isfinite(site.stop)
        assert (q["funded"] == 0).sum() >= 5 and (stopped & (q["cost"] > 0)).sum() >= 5
        assert (withdrawn & (when > site.completion)).sum() >= 5  # too late
        assert (sum(length > 0 for _, length in site.standstills) >= 2).sum() >= 5
        assert ((q["completed"] == 1) + stopped + (site.completion > 8) >= 1).all()
        assert (q["completed"] * q["cancelled"] == 0).all() and (q["cost"][q["funded"] == 0] == 0).all()
        queued = [a_begin + a_length == b_begin for (a_begin, a_length), (b_begin, _) in pairwise(site.standstills)]
        assert sum((row & np.isfinite(site.standstills[k][0])).sum() for k, row in enumerate(queued)) >= 5
    port, gas = sim.sites["port"], sim.sites["gas"]
    assert ((sim.quantities["port"]["funded"] == 1) & (sim.quantities["port"]["cost"] == 0)).sum() >= 5
    assert (port.standstills[0][0] == port.start).sum() >= 5  # before the start
    assert sum((begin > port.start) & (begin < port.completion) for begin, _ in port.standstills).sum() >= 5
    assert (np.isfinite(gas.stop) & sim.projects["gas"]["output"].any(axis=0)).sum() >= 5  # a phase operated


def test_rulings__working_time_is_the_formula(rulings):
    study, sim = rulings
    for site in sim.sites.values():
        t = np.linspace(0, 8, 977)[:, None]
        halts = sum(np.clip(t - begin, 0, length) for begin, length in site.standstills)
        formula = np.maximum(t - site.start - halts, 0)
        assert np.allclose(ref.working_time(t, site.start, site.standstills), formula, rtol=0, atol=1e-13)


def test_rulings__shifts_reach_the_factors(rulings):
    study, sim = rulings
    plain = ref.simulate_factors(
        study,
        ref.Calendar(dt.date(2026, 3, 31), 4, 8),
        np.arange(256),
        ref.Draws(study["run"]["seed"]),
        ref.exact_value,
    )
    for name in ("sofr", "usdjpy", "cpi", "steel", "equipment", "wages", "henry_hub", "power", "ore"):
        assert (sim.factors[name] != plain.observed[name]).any(axis=0).sum() >= 5, name
        assert sim.factor_start[name] == plain.start[name]
        if name in plain.expected:
            assert (sim.factor_expected[name] == plain.expected[name]).all()
    # for ever, with a state's: steel after the ruling's two years knows the states' shifts alone
    ratio = sim.factors["equipment"] / plain.observed["equipment"]
    cut = sim.outcomes["president"] == 1
    assert np.allclose(ratio[:, ~cut], 1.04) and np.allclose(ratio[-1], 1.04)
    assert np.allclose(ratio[12:15, cut], 1.04 * 0.97)


def test_hooks__days_pass_through():
    asked, laws = [], {}

    class Spy(ref.Draws):
        def scores(self, name, index, paths):
            asked.append((name, index if np.ndim(index) == 0 else None))
            return super().scores(name, index, paths)

    def law_value(key, law, z):
        laws[key] = law
        return ref.exact_value(key, law, z)

    study = with_rulings(example_study())
    ref.simulate(study, np.arange(3), Spy(1), law_value)
    assert {("event/ruling/date", 0), ("event/appeal/delay", 0), ("event/echo/delay", 0)} <= set(asked)
    assert not any(name.startswith("event/president/") for name, _ in asked)
    assert laws["events.echo.date"] == 0 and laws["events.ruling.date"] == study["events"]["ruling"]["date"]["days"]
