"""Selection, funding and pipelines, clause by clause on paper."""

import datetime as dt
import math

import numpy as np
import pytest

import reference as ref
from paper_deal import changed, decided, drawn, gap, paper_study, play, told, two_more


def test_go_ahead__share_scales_budget_capacity_and_fixed_costs():
    study = changed()
    study["projects"]["p"]["go_ahead"] = {"probability": 0.7, "size_share": {"uniform": {"min": 0.2, "max": 0.6}}}
    sim, rows, q = play(study, drawn(project__p__go_ahead=0.69))
    assert rows["calls"] == pytest.approx([0, 20, 20, 0, 0, 0, 0])
    assert rows["revenue"][3:6] == pytest.approx([20] * 3) and rows["om"][3:6] == pytest.approx([4] * 3)
    assert sim.quantities["scheme"]["net_commitments"][0] == pytest.approx(40)
    assert sim.margins["clock_go_ahead"][0] == pytest.approx(0.01)
    for draws in (drawn(project__p__go_ahead=0.7), drawn(project__p__go_ahead=0.1, project__p__size=-9)):
        study["projects"]["p"]["go_ahead"]["size_share"] = {"discrete": {"values": [0, 1], "probabilities": [0.1, 0.9]}}
        sim, rows, q = play(study, draws)
        assert told(sim) == [("no_go_ahead", "p")]
        assert (q["funded"], q["declined"], q["cancelled"], q["completed"], q["cost"]) == (0, 0, 0, 0, 0)
        assert sim.quantities["scheme"]["net_commitments"][0] == 0
        assert not any(row.any() for name, row in rows.items() if name != "rate")
        assert all(math.isnan(q[name]) for name in ("irr_funder", "moic_funder", "overrun_sampled", "recovery_years"))


def test_commitment__cuts_drops_and_takes_back():
    table = {"project/p/funding": 0.99}  # declined in February 2027, before the notice of q
    decision = {"regime": "l", "by_state": {"a": {"fund": 0.9, "delay": 0.05, "decline": 0.05}}, "delay_days": 10}
    regimes = {"l": {"initial": {"state": "a", "since": dt.date(2026, 1, 1)}, "states": {"a": {}}}}
    # 100 of 150, then 50 of 100, then nothing of 60
    sim, _, _ = play(two_more(changed(funding={"commitment": 150})))
    assert told(sim)[:2] == [("notice", "p"), ("funded", "p")]
    assert ("cut", "q") in told(sim) and ("dropped", "r") in told(sim)
    assert sim.quantities["q"]["cost"][0] == pytest.approx(50) and sim.sites["q"].size[0] == 0.5
    assert sim.quantities["r"]["funded"][0] == 0 and sim.quantities["scheme"]["net_commitments"][0] == 150
    # with p's 100 given back there are 150 for q and r: 100 and 50
    study = two_more(changed(funding={"commitment": 400, "take_up": {"uniform": {"min": 100, "max": 200}}}))
    study["regimes"], study["agreement"]["funding"]["decision"] = regimes, decision
    sim, rows, q = play(study, drawn(table))
    assert (q["declined"], q["funded"], q["cancelled"]) == (1, 0, 0) and not rows["calls"].any()
    assert sim.quantities["q"]["cost"][0] == pytest.approx(100)
    assert sim.quantities["r"]["cost"][0] == pytest.approx(50)
    assert sim.quantities["scheme"]["net_commitments"][0] == 150
    assert sim.quantities["portfolio"]["declined"][0] == 1 and sim.quantities["portfolio"]["funded"][0] == 2


def test_annual_cap__waits_for_january():
    study = two_more(changed(funding={"annual_cap": 90, "lag_business_days": 5, "holidays": []}))
    for name in "pqr":
        del study["projects"][name]["construction"]["planned_start"]
    study["projects"]["p"]["notice_date"] = dt.date(2026, 12, 30)
    sim, _, q = play(study)
    # p was noticed in 2026: the first of its year always fits. q is the first of 2027; r waits for 2028
    assert [n for n in told(sim) if n[0] in ("notice", "waits")] == [
        ("notice", "p"), ("notice", "q"), ("waits", "r"), ("notice", "r"),
    ]  # fmt: skip
    clock = ref.Calendar(dt.date(2026, 12, 31), 1, 7)
    assert sim.sites["r"].start[0] == clock.time_of(dt.date(2028, 1, 7))  # Saturday the 1st; Monday is day 1
    assert sim.quantities["r"]["delay_months"][0] == pytest.approx(0)
    study["agreement"]["funding"]["deadline"] = dt.date(2027, 12, 31)
    assert told(play(study)[0])[-1] == ("too_late", "r")
    study["projects"]["q"]["budget"] = 30
    sim, _, _ = play(study)
    assert sim.quantities["r"]["funded"][0] == 1 and ("waits", "r") not in told(sim)
    study["projects"]["p"].update(budget=20, notice_date=dt.date(2027, 1, 4))
    study["projects"]["r"]["budget"] = 45  # 20 and 30 are noticed already
    assert ("too_late", "r") in told(play(study)[0])


def test_slip_and_start_delay__worked_on_paper():
    funding = {"lag_business_days": 5, "holidays": [], "slip": {"uniform": {"min": 2.2, "max": 2.6}}}
    study = changed(funding=funding, construction={"start_delay": 0.5})
    study["projects"]["p"].update(notice_date=dt.date(2027, 12, 30))
    study["projects"]["p"]["construction"]["planned_start"] = dt.date(2027, 1, 4)
    sim, rows, q = play(study)
    clock = ref.Calendar(dt.date(2026, 12, 31), 1, 7)
    assert sim.selections["p"].plan_due[0] == clock.time_of(dt.date(2028, 1, 6))
    assert sim.selections["p"].due[0] == clock.time_of(dt.date(2028, 1, 11))  # 2.4 days are 3, and a weekend
    assert sim.sites["p"].start[0] == pytest.approx(clock.time_of(dt.date(2028, 1, 11)) + 0.5)
    assert q["delay_months"] == pytest.approx(12 * 5 / 366)  # the half year was planned
    study["projects"]["p"]["construction"]["planned_start_delay_years"] = 0
    assert play(study)[2]["delay_months"] == pytest.approx(6 + 12 * 5 / 366)
    assert sim.margins["clock_days"][0] == pytest.approx(0.4)


def test_decision__delays_come_back_and_states_count():
    by_state = {"a": {"fund": 0.5, "delay": 0.3, "decline": 0.2}, "b": {"decline": 1}, "c": {"fund": 1}}
    study, draws = decided({("project/p/funding", 0): 0.79, ("project/p/funding", 1): 0.49}, by_state)
    sim, rows, q = play(study, draws)
    due = ref.due_date(dt.date(2026, 12, 1), 45, ["US"])
    clock = ref.Calendar(dt.date(2026, 12, 31), 1, 7)
    assert told(sim) == [("notice", "p"), ("delayed", "p"), ("funded", "p")]
    assert sim.sites["p"].start[0] == clock.time_of(due + dt.timedelta(days=400))
    assert q["delay_months"] == pytest.approx(12 * (sim.sites["p"].start[0] - 1))
    assert sim.margins["clock_funding"][0] == pytest.approx(0.01)
    event = {"date": due, "outcomes": {"o": {"moves": {"l": "b"}}}, "probabilities": {"o": 1}}
    study, draws = decided({}, by_state, events={"e": event})
    assert told(play(study, draws)[0]) == [("notice", "p"), ("declined", "p")]


def test_decline__each_trigger_row_by_itself():
    triggers = [{"probability": 0.6, "moves": {"l": "b"}}, {"probability": 0.6, "moves": {"l": "c"}}]
    for u, end, count in ((0.59, "c", 2), (0.61, "b", 1)):
        study, draws = decided({"project/p/funding": 0.9, ("project/p/trigger", 1): u}, triggers=triggers)
        sim, _, q = play(study, draws)
        assert told(sim)[1:] == [("declined", "p")] + [("trigger", "p")] * count
        assert list(study["regimes"]["l"]["states"])[sim.final_states["l"][0]] == end
        assert [jump[4] for jump in sim.regimes[0]] == ["decline:p"] * count and q["declined"] == 1
        assert sim.margins["clock_trigger"][0] == pytest.approx(0.01)


def test_stops_calls__cancels_what_is_funded_and_not_complete():
    def event(date, state):
        return {"date": date, "outcomes": {"o": {"moves": {"l": state}}}, "probabilities": {"o": 1}}

    due = ref.due_date(dt.date(2026, 12, 1), 45, ["US"])
    sim, rows, q = play(*decided({"project/p/funding": 0}, events={"e": event(dt.date(2028, 7, 1), "c")}))
    assert rows["calls"][:4] == pytest.approx([0, 50 * 183 / 366, 0, 0]) and q["cancelled"] == 1 and q["funded"] == 1
    sim, rows, q = play(*decided({"project/p/funding": 0}, events={"e": event(dt.date(2029, 12, 31), "c")}))
    assert (q["completed"], q["cancelled"]) == (1, 0)  # complete at that very time
    sim, rows, q = play(*decided({"project/p/funding": 0}, events={"e": event(due, "c")}))
    assert (q["funded"], q["cancelled"], q["cost"]) == (0, 1, 0) and told(sim)[-1] == ("stopped", "p")
    left = {"e": event(due - dt.timedelta(days=9), "c"), "f": event(due - dt.timedelta(days=1), "a")}
    sim, rows, q = play(*decided({"project/p/funding": 0}, events=left))
    assert (q["funded"], q["completed"]) == (1, 1)
    study, draws = decided({("project/p/funding"): 0.9}, triggers=[{"probability": 1, "moves": {"l": "c"}}])
    study = two_more(study, notices=(dt.date(2026, 11, 30), dt.date(2027, 6, 1)))
    draws.table.update({"project/q/funding": 0.0, "project/r/funding": 0.0})
    sim = ref.simulate(study, np.array([0]), draws)
    assert [sim.quantities[name]["cancelled"][0] for name in "pqr"] == [0, 1, 1]  # q was funded a day before
    assert [sim.quantities[name]["funded"][0] for name in "pqr"] == [0, 1, 0]


def test_outcome__cancels_before_the_decision():
    event = {"date": dt.date(2027, 1, 15), "outcomes": {"o": {"cancels": ["p"]}}, "probabilities": {"o": 1}}
    sim, _, q = play(*decided({"project/p/funding": 0.9}, events={"e": event}))
    assert told(sim) == [("notice", "p")] and (q["declined"], q["cancelled"], q["funded"]) == (0, 1, 0)
    assert sim.quantities["scheme"]["net_commitments"][0] == 100
    event["date"] = dt.date(2027, 6, 1)
    sim, _, q = play(*decided({"project/p/funding": 0.9}, events={"e": event}))
    assert (q["declined"], q["cancelled"], q["funded"]) == (1, 0, 0)


def piped(**more):
    study = paper_study()
    template = {k: v for k, v in study["projects"]["p"].items() if k != "notice_date"}
    template["construction"] = {k: v for k, v in template["construction"].items() if k != "planned_start"}
    study["projects"]["p"]["notice_date"] = dt.date(2027, 1, 1)
    study["pipelines"] = {
        "n": {
            "arrivals_per_year": 0.5,
            "max_count": 2,
            "size": {"uniform": {"min": 0, "max": 80}},
            "template": template,
        }
    }
    study["pipelines"]["n"].update(more)
    study["agreement"]["funding"].update(deadline=dt.date(2030, 6, 30), lag_business_days=0, holidays=[])
    study["regimes"] = {
        "l": {
            "initial": {"state": "a", "since": dt.date(2026, 1, 1)},
            "states": {"a": {"arrival_multiplier": 2}, "b": {"arrival_multiplier": 0.5}},
        },
        "k": {"initial": {"state": "a", "since": dt.date(2026, 1, 1)}, "states": {"a": {}}},
    }
    study["events"] = {
        "e": {
            "date": dt.date(2027, 12, 31),
            "outcomes": {"o": {"moves": {"l": "b"}, "scale_arrivals": {"n": 4}}},
            "probabilities": {"o": 1},
        }
    }
    return study


def test_pipeline__arrivals_sizes_and_sums():
    # at 1 a year until the event at year 1, then again 0.5 * 4 * 0.5 = 1
    table = {("pipeline/n/gap", 0): gap(0.25), ("pipeline/n/gap", 1): gap(1.5)}
    sim, _, _ = play(piped(), drawn(table))
    clock = ref.Calendar(dt.date(2026, 12, 31), 1, 7)
    days = [dt.date(2027, 4, 2), dt.date(2028, 10, 1)]  # 91.25 days; 0.75 of 366 = 274.5 days
    first, second = sim.slots["n"]
    assert [part.site.start[0] for part in (first, second)] == [clock.time_of(day) for day in days]
    assert first.site.size[0] == pytest.approx(0.4) and first.flows["spend"].sum() == pytest.approx(40)
    assert first.flows["om"].max() == pytest.approx(4) and first.flows["output"].max() == pytest.approx(40)
    q = {name: value[0] for name, value in sim.quantities["n"].items()}
    assert (q["funded"], q["completed"], q["cost"]) == (2, 2, pytest.approx(80))
    assert sim.projects["n"]["calls"][:, 0] == pytest.approx((first.flows["calls"] + second.flows["calls"])[:, 0])
    assert q["moic_funder"] == pytest.approx(sim.projects["n"]["distribution_funder"].sum() / 80)
    assert sim.quantities["portfolio"]["cost"][0] == pytest.approx(180)
    assert sim.quantities["scheme"]["net_commitments"][0] == pytest.approx(180)
    assert told(sim).count(("notice", "n/0")) == 1 and sim.margins["clock_date"][0] == pytest.approx(0.25)


def test_pipeline__scale_without_event_and_deadline():
    study = piped()
    study["events"] = None
    table = {("pipeline/n/gap", 0): gap(3.4999), ("pipeline/n/gap", 1): gap(9)}
    sim, _, _ = play(study, drawn(table))  # day 2030-06-30 and a part of it: the notice would be a day late
    assert told(sim)[-1] == ("too_late", "n/0") and sim.quantities["n"]["funded"][0] == 0
    assert math.isnan(sim.quantities["n"]["irr_funder"][0]) and sim.quantities["n"]["cost"][0] == 0
    table["pipeline/n/gap", 0] = gap(3.49)
    assert told(play(study, drawn(table))[0])[-1] == ("funded", "n/0")


def test_pipeline__cuts_drops_and_no_size():
    table = {("pipeline/n/gap", 0): gap(0.25), ("pipeline/n/gap", 1): gap(0.25)}
    study = piped(min_size=15)
    study["agreement"]["funding"]["commitment"] = 160
    sim, _, _ = play(study, drawn(table))
    assert [part.site.budget[0] for part in sim.slots["n"]] == [pytest.approx(40), pytest.approx(20)]
    study["agreement"]["funding"]["commitment"] = 150
    sim, _, _ = play(study, drawn(table))
    assert told(sim)[-2:] == [("cut", "n/1"), ("dropped", "n/1")]  # 10 are left
    sim, _, _ = play(piped(size={"uniform": {"min": -9, "max": 1}}), drawn(table))
    assert [n for n in told(sim) if n[0] == "dropped"] == [("dropped", "n/0"), ("dropped", "n/1")]


def test_pipeline__no_arrivals_at_rest():
    study = piped()
    study["regimes"]["l"]["states"]["a"]["arrival_multiplier"] = 0
    study["events"]["e"]["outcomes"]["o"]["scale_arrivals"] = None
    sim, _, _ = play(study, drawn({("pipeline/n/gap", 0): gap(0.125)}))
    assert sim.slots["n"][0].site.start[0] == pytest.approx(1.5, abs=1 / 366)  # 0.25 a year from year 1 on


def test_cost_overrun__of_a_slot_is_interpolated():
    study = piped()
    study["factors"]["cpi"] = {"process": {"gbm": {"start": 1, "drift": 0.1, "sigma": 0.0}}}
    study["pipelines"]["n"]["template"]["construction"].update(
        indices={"cpi": 1}, budget_basis="real", spend_curve={"a": 2, "b": 2}
    )
    sim, _, _ = play(study, drawn({("pipeline/n/gap", 0): gap(0.25), ("pipeline/n/gap", 1): gap(9)}))
    part = sim.slots["n"][0]
    start = part.site.start[0]

    def plan(years):
        return sum(0.5 * math.exp(0.1 * (years + k)) for k in (1, 2))

    assert part.site.expected_cost[0] == pytest.approx(40 * (plan(0) * (1 - start) + plan(1) * start))
    assert part.quantities["cost_overrun"][0] == pytest.approx(
        part.quantities["cost"][0] / part.site.expected_cost[0] - 1
    )
