"""Hand-checked cases of the reference: event dates, scales, shifts, delays and cancellations of the clock."""

import datetime as dt
import math
from itertools import pairwise

import numpy as np
import pytest

import reference as ref
from test_reference_self import STATES, Fixed, paper_study, world

CLOCK = ref.Calendar(dt.date(2026, 3, 31), 4, 4)
STAY = {"outcomes": {"o": {}}, "probabilities": {"o": 1.0}}


def known(date, outcome, **more):
    """Return an event with one outcome."""
    return {"date": date, "outcomes": {"o": outcome, "other": {}}, "outcome": "o", **more}


# ---- dates ---------------------------------------------------------------------------------------


def test_dates__days_are_rounded_up_and_followers_come_behind():
    late = {"from": dt.date(2026, 4, 1), "days": {"normal": {"mean": 5000, "sd": 1}, "truncate": [4990, 5010]}}
    events = {
        "third": {"date": {"after": "second", "days": 0.25}, **STAY},
        "echo": {"date": {"after": "first", "days": 0}, **STAY},
        "first": {"date": {"from": dt.date(2026, 4, 1), "days": 30.5}, **STAY},
        "second": {"date": dt.date(2026, 5, 2), "outcomes": {"o": {}, "p": {}}, "probabilities": []},
        "late": {"date": late, **STAY},
        "later": {"date": {"after": "late", "days": 0}, **STAY},
    }
    events["second"]["probabilities"] = [
        {"when": {"outcomes": {"echo": "o", "first": "o"}}, "is": {"p": 1}},
        {"is": {"o": 1}},
    ]
    got = world({}, events)
    at = CLOCK.time_of(dt.date(2026, 5, 2))
    assert got.happened["first"][0] == got.happened["echo"][0] == got.happened["second"][0] == at
    assert got.happened["third"][0] == CLOCK.time_of(dt.date(2026, 5, 3))
    assert got.outcomes["second"][0] == 1  # echo, before it in the file, follows first and is still before it
    assert got.outcomes["late"][0] == got.outcomes["later"][0] == -1
    assert np.isnan(got.happened["late"][0]) and np.isnan(got.happened["later"][0])
    assert got.margins["clock_days"][0] == 0.0  # the mean of the late law is a whole number, but no atom
    whole = world({}, {"e": {"date": {"from": dt.date(2026, 4, 1), "days": 30}, **STAY}})
    assert whole.margins["clock_days"][0] == math.inf
    part = world(
        {}, {"e": {"date": {"from": dt.date(2026, 4, 1), "days": {"uniform": {"min": 0, "max": 4.6}}}, **STAY}}
    )
    assert part.margins["clock_days"][0] == pytest.approx(0.3)
    assert part.happened["e"][0] == CLOCK.time_of(dt.date(2026, 4, 4))


def test_dates__ties_in_the_order_of_the_file_among_those_that_wait():
    outcomes = {"o": {}, "p": {}}
    events = {
        "echo": {"date": {"after": "first", "days": 0}, **STAY},
        "early": {
            "date": dt.date(2027, 1, 1),
            "outcomes": outcomes,
            "probabilities": [{"when": {"outcomes": {"first": "o"}}, "is": {"p": 1}}, {"is": {"o": 1}}],
        },
        "first": {"date": dt.date(2027, 1, 1), **STAY},
        "last": {
            "date": dt.date(2027, 1, 1),
            "outcomes": outcomes,
            "probabilities": [{"when": {"outcomes": {"echo": "o"}}, "is": {"p": 1}}, {"is": {"o": 1}}],
        },
    }
    got = world({}, events)
    assert got.outcomes["early"][0] == 0 and got.outcomes["last"][0] == 1


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ({"e": {"date": dt.date(2026, 3, 30), **STAY}}, "give its outcome"),
        ({"e": {"date": {"from": dt.date(2026, 3, 30), "days": {"uniform": {"min": 0, "max": 9}}}, **STAY}}, "may lie"),
        ({"e": {"date": {"from": dt.date(2026, 5, 1), "days": {"normal": {"mean": 300, "sd": 1}}}, **STAY}}, "may lie"),
        ({"a": known(dt.date(2026, 3, 1), {}), "e": {"date": {"after": "a", "days": 29}, **STAY}}, "may lie"),
        ({"a": {"date": dt.date(2027, 3, 1), **STAY}, "e": {"date": {"after": "a", "days": -1}, **STAY}}, "negative"),
        ({"a": {"date": {"after": "b", "days": 1}, **STAY}, "b": {"date": {"after": "a", "days": 1}, **STAY}}, "wait"),
        ({"a": {"date": {"after": "a", "days": 1}, **STAY}}, "wait"),
        ({"a": known(dt.date(2027, 3, 1), {"scale_hazards": {"l": {"a": {"c": 2}}}})}, "no hazard"),
        ({"a": known(dt.date(2027, 3, 1), {"scale_hazards": {"l": {"a": {"b": -1}}}})}, "negative"),
        ({"a": known(dt.date(2027, 3, 1), {"delays": {"p": -1}})}, "negative"),
    ],
)
def test_dates__refusals(events, words):
    layers = {"l": {"initial": {"state": "a", "since": "2026-01-01"}, "states": STATES, "hazards": {"a": {"b": 1}}}}
    with pytest.raises(ValueError, match=words):
        world(layers, events)


def test_dates__allowed_to_the_day():
    on_time = {"date": {"after": "a", "days": {"uniform": {"min": 30, "max": 31}}}, **STAY}
    assert world({}, {"e": on_time, "a": known(dt.date(2026, 3, 1), {})}).happened["e"][0] == CLOCK.time_of(
        dt.date(2026, 4, 1)
    )


# ---- outcomes ------------------------------------------------------------------------------------


def layer(hazards):
    return {"l": {"initial": {"state": "a", "since": dt.date(2026, 1, 1)}, "states": STATES, "hazards": hazards}}


def test_scales__multiply_from_the_event_on():
    events = {
        "past": known(dt.date(2026, 1, 31), {"moves": {"l": "c"}, "scale_hazards": {"l": {"a": {"b": 0.5}}}}),
        "one": known(dt.date(2027, 3, 31), {"scale_hazards": {"l": {"a": {"b": 6}, "b": {"a": 3, "c": 0}}}}),
        "two": known(dt.date(2027, 9, 30), {"scale_hazards": {"l": {"a": {"b": 2}}}}),
    }
    table = {
        ("layer/l/hold", 0): 1 - math.exp(-2.5),
        ("layer/l/hold", 1): 1 - math.exp(-0.3),
        ("layer/l/to", 1): 0.9999,
    }
    got = world(layer({"a": {"b": 1.0}, "b": {"c": 9.0, "a": 0.5}}), events, Fixed(table))
    # 0.5 by year 1, 1.5 by year 1.5, the remaining 0.5 at 6: 1 + 0.5 + 1 / 12; then 0.3 at 1.5, to a with certainty
    assert [(pytest.approx(t), *rest) for t, *rest in got.jumps[0][:2]] == [
        (1.5 + 0.5 / 6, "l", "a", "b", "hazard"),
        (1.5 + 0.5 / 6 + 0.2, "l", "b", "a", "hazard"),
    ]
    assert got.happened["past"][0] == pytest.approx(-59 / 365.25) and got.outcomes["past"][0] == 0


def test_scales__targets_in_proportion():
    events = {"e": known(dt.date(2026, 3, 31), {"scale_hazards": {"l": {"a": {"b": 3}}}})}
    for u, target in ((0.74, "b"), (0.76, "c")):
        got = world(layer({"a": {"b": 2.0, "c": 2.0}}), events, Fixed({("layer/l/to", 0): u}))
        assert got.jumps[0][0][3] == target


def test_forced__only_the_outcome_is_given():
    events = {"e": {"date": dt.date(2027, 3, 31), "outcomes": {"o": {}, "p": {"moves": {"l": "c"}}}, "outcome": "p"}}
    got = world(layer({}), events)
    assert got.jumps[0] == [(1.0, "l", "a", "c", "event:e")] and got.outcomes["e"][0] == 1


# ---- shifts --------------------------------------------------------------------------------------


def shifted(layers=None, events=None, m=4, cap=None):
    spec = {
        "g": {"process": {"gbm": {"start": 2, "drift": 0, "sigma": 0}}, "cap": cap},
        "v": {"process": {"vasicek": {"start": 0.03, "mean": 0.03, "kappa": 1, "sigma": 0}}},
    }
    study = {"factors": spec, "layers": layers, "events": events}
    clock = ref.Calendar(dt.date(2026, 3, 31), m, 2)
    there = ref.simulate_world(study, clock, np.arange(1), Fixed())
    got = ref.simulate_factors(study, clock, np.arange(1), Fixed(), ref.exact_value, there)
    assert got.start == {"g": 2, "v": 0.03} and (got.expected["g"] == 2).all()
    return got.observed["g"][:, 0], got.observed["v"][:, 0]


def test_shifts__states_and_events():
    states = {"a": {"shifts": {"g": 1.5, "v": 0.01}}, "c": {"shifts": {"g": 0.5}}}
    layers = {"l": {"initial": {"state": "a", "since": dt.date(2026, 1, 1)}, "states": states}}
    half = dt.date(2026, 9, 30) + dt.timedelta(days=46)  # the middle of the third step, of 92 days
    shifts = {"g": 1.2, "v": {"value": -0.02, "lasting_years": 0.5}}
    g, v = shifted(layers, {"e": known(half, {"moves": {"l": "c"}, "shifts": shifts})})
    assert g == pytest.approx([3, 3, 2 * 1.0 * 1.1, *[2 * 0.5 * 1.2] * 5])
    assert v == pytest.approx([0.04, 0.04, 0.03 + 0.005 - 0.01, 0.01, 0.02, 0.03, 0.03, 0.03])
    assert shifted(layers, {}, cap=2.5)[0] == pytest.approx([2.5] * 8)


def test_shifts__two_layers_multiply_means():
    states = {"a": {"shifts": {"g": 1.5}}, "c": {}}
    spec = {"initial": {"state": "a", "since": dt.date(2026, 1, 1)}, "states": states}
    moved = {"e": known(dt.date(2026, 3, 31) + dt.timedelta(days=73), {"moves": {"l": "c", "k": "c"}})}
    g, _ = shifted({"l": spec, "k": spec}, moved, m=1)
    assert g == pytest.approx([2 * (1 + 0.5 * 0.2) ** 2, 2])


def test_shifts__of_a_past_event():
    shifts = {"g": {"value": 1.4, "lasting_years": 0.5}, "v": 0.01}
    g, v = shifted({}, {"e": known(dt.date(2026, 1, 31), {"shifts": shifts})})
    left = 0.5 - 59 / 365.25
    assert g == pytest.approx([2.8, 2 * (1 + 0.4 * (left - 0.25) * 4), *[2] * 6]) and v == pytest.approx([0.04] * 8)
    with pytest.raises(ValueError, match="above 0"):
        shifted({}, {"e": known(dt.date(2027, 1, 31), {"shifts": {"g": 0}})})


# ---- delays and cancellations --------------------------------------------------------------------


def built(events, phases=None):
    study = paper_study()
    study["events"] = events
    if phases:
        build = study["projects"]["p"]["construction"]
        del build["planned_duration_years"]
        build["phases"] = [{"share": share, "planned_duration_years": years} for share, years in phases]
    return ref.simulate(study, np.array([0]))


DATES = {0.5: dt.date(2027, 7, 1), 2: dt.date(2028, 12, 31), 2.2: dt.date(2029, 3, 14), 3: dt.date(2029, 12, 31)}


@pytest.mark.parametrize(
    ("delays", "calls", "completion"),
    [
        ([(2, 6)], [0, 50, 25, 25, 0, 0, 0], 3.5),
        ([(0.5, 6)], [0, 25, 50, 25, 0, 0, 0], 3.5),
        ([(0.5, 6), (2, 6)], [0, 25, 25, 50, 0, 0, 0], 4.0),
        ([(0.5, 6), (0.5, 6)], [0, 0, 50, 50, 0, 0, 0], 4.0),
        ([(2, 18), (2.2, 3)], [0, 50, 0, 12.5, 37.5, 0, 0], 4.75),
        ([(3, 6)], [0, 50, 50, 0, 0, 0, 0], 3.0),
    ],
)
def test_delays__worked_on_paper(delays, calls, completion):
    sim = built({f"e{k}": known(DATES[at], {"delays": {"p": months}}) for k, (at, months) in enumerate(delays)})
    assert sim.projects["p"]["calls"][:, 0] == pytest.approx(calls, abs=1e-12)
    assert sim.sites["p"].completion[0] == pytest.approx(completion)
    assert sim.quantities["p"]["delay_months"][0] == pytest.approx(12 * (completion - 3), abs=1e-9)
    assert sim.quantities["p"]["cancelled"][0] == 0


def test_delays__phases_each():
    sim = built({"e": known(DATES[2], {"delays": {"p": 6}})}, [(0.4, 0.5), (0.6, 2)])
    assert sim.projects["p"]["operating"][:4, 0] == pytest.approx([0, 0.2, 0.4, 0.4 + 0.3])
    sim = built({"e": known(DATES[0.5], {"delays": {"p": 6}})}, [(0.4, 0.5), (0.6, 2)])
    assert sim.projects["p"]["operating"][:4, 0] == pytest.approx([0, 0, 0.4, 0.4 + 0.3])
    assert sim.margins["delay/p"][0] == pytest.approx(0.5)  # the first phase would have been there at 1.5


@pytest.mark.parametrize(
    ("at", "calls", "completed"), [(2, [0, 50, 0, 0], 0), (2.2, [0, 50, 10, 0], 0), (3, [0, 50, 50, 0], 1)]
)
def test_cancels__worked_on_paper(at, calls, completed):
    sim = built({"e": known(DATES[at], {"cancels": ["p"]})})
    q = sim.quantities["p"]
    assert sim.projects["p"]["calls"][:4, 0] == pytest.approx(calls)
    assert (q["completed"][0], q["cancelled"][0], q["funded"][0]) == (completed, 1 - completed, 1)
    assert sim.margins["cancel/p"][0] == pytest.approx(abs(at - 3))
    if not completed:
        assert (q["irr_funder"][0], q["multiple_funder"][0], q["payback_years"][0]) == (-1, 0, math.inf)
        assert np.isnan(q["delay_months"][0]) and np.isnan(q["cost_overrun"][0])
        assert not sim.projects["p"]["output"].any() and sim.quantities["portfolio"]["cancelled"][0] == 1


def test_cancels__with_a_delay_and_phases():
    events = {
        "e": known(DATES[0.5], {"delays": {"p": 6}}),
        "f": known(DATES[2.2], {"cancels": ["p"]}),
        "g": known(DATES[3], {"cancels": ["p"]}),
    }
    sim = built(events, [(0.4, 0.5), (0.6, 2)])
    assert sim.projects["p"]["calls"][:4, 0] == pytest.approx([0, 25, 10, 0])
    assert sim.projects["p"]["operating"][:, 0] == pytest.approx([0, 0, 0.4 * 0.2, 0, 0, 0, 0])
    assert sim.projects["p"]["contracted"][:, 0] == pytest.approx(sim.projects["p"]["operating"][:, 0])
    assert sim.sites["p"].stop[0] == pytest.approx(2.2)


def test_cancels__funding_and_money():
    due = ref.due_date(dt.date(2026, 12, 1), 45, ["US"])
    for days, funded in ((-1, 0), (0, 0), (1, 1)):
        sim = built({"e": known(due + dt.timedelta(days=days), {"cancels": ["p"]})})
        q = {name: float(value[0]) for name, value in sim.quantities["p"].items()}
        assert (q["funded"], q["cancelled"], q["completed"]) == (funded, 1, 0)
        assert all(q[name] == 0 for name in ("cost", "npv_funder", "pv_host", "deemed_open"))
        for name in ("irr_funder", "multiple_funder", "payback_years", "deemed_share", "cost_overrun"):
            assert math.isnan(q[name])
        assert math.isinf(q["whole_years"]) if funded else math.isnan(q["whole_years"])


def test_past__neither_delays_nor_cancels_again():
    outcome = {"delays": {"p": 6}, "cancels": ["p"]}
    sim = built({"e": known(dt.date(2026, 12, 30), outcome)})
    assert sim.quantities["p"]["completed"][0] == 1 and sim.sites["p"].completion[0] == 3


# ---- the variant that uses all of it -------------------------------------------------------------


@pytest.fixture(scope="module")
def rulings():
    study = ref.with_rulings(ref.example_study())
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
    inside = [t * 4 % 1 for path in sim.layers for t, *_, cause in path if cause == "clock"]
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

    study = ref.with_rulings(ref.example_study())
    ref.simulate(study, np.arange(3), Spy(1), law_value)
    assert {("event/ruling/date", 0), ("event/appeal/delay", 0), ("event/echo/delay", 0)} <= set(asked)
    assert not any(name.startswith("event/president/") for name, _ in asked)
    assert laws["events.echo.date"] == 0 and laws["events.ruling.date"] == study["events"]["ruling"]["date"]["days"]
