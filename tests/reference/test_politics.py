"""A cap on calls, talks, lateness, hazards that read the world, and one law of spreads, on paper."""

import datetime as dt
import math

import numpy as np
import pytest

import reference as ref
from paper_deal import changed, decided, drawn, gap, paper_study, play, told, two_more

DUE = ref.due_date(dt.date(2026, 12, 1), 45, ["US"])
CLOCK = ref.Calendar(dt.date(2026, 12, 31), 1, 7)
ONLY = {"a": {"fund": 0.2, "delay": 0.3, "decline": 0.5}, "b": {"fund": 1}, "c": {"fund": 1}}


def capped(cap, **more):
    return changed(funding={"annual_call_cap": cap}, **more)


def test_call_cap__waits_and_is_due_as_it_is_paid():
    """50 and 50 are called; 30 a year are paid, the last 10 two years after completion."""
    sim, rows, q = play(capped(30))
    assert rows["called"] == pytest.approx([0, 50, 50, 0, 0, 0, 0])
    assert rows["calls"] == pytest.approx([0, 30, 30, 30, 10, 0, 0])
    assert rows["bridged"] == pytest.approx([0, 20, 20, -30, -10, 0, 0])
    # .1 of 90 and half of it; then of 100 at an age of 1, and 34 that 40 of cash left open
    assert rows["due"][3:5] == pytest.approx([9 + 45, 5 + 50 + 34])
    assert q["pv_host"] == pytest.approx(rows["distribution_host"].sum())
    df = 1.1 ** -np.arange(1, 8)
    assert q["npv_funder"] == pytest.approx(df @ (rows["distribution_funder"] - rows["calls"]))
    assert q["cost"] == pytest.approx(100) and q["moic_funder"] == pytest.approx(
        rows["distribution_funder"].sum() / 100
    )
    sim, rows, q = play(capped(10))
    assert rows["calls"] == pytest.approx([0] + [10] * 6)
    assert q["pv_host"] == pytest.approx(rows["distribution_host"].sum() - 40)  # what waits at the horizon
    free, bare = play(capped(50))[1], play(paper_study())[1]
    assert all(np.array_equal(free[name], bare[name]) for name in bare)


def test_call_cap__cumulative_balance_grows_by_what_is_paid():
    study = capped(30)
    study["agreement"]["split"]["mode"] = "cumulative"
    _, rows, _ = play(study)
    balance = 0.0
    for t, paid in enumerate([0, 30, 30, 30, 10, 0, 0]):
        due = 1.1 * balance
        assert rows["due"][t] == pytest.approx(due)
        balance = max(0.0, due - rows["distribution_funder"][t]) + paid


def test_call_cap__projects_are_paid_in_proportion_to_what_waits():
    study = two_more(capped(60), budgets=(300, 60), notices=(dt.date(2026, 12, 1), dt.date(2028, 12, 1)))
    study["projects"]["r"]["construction"]["planned_start"] = dt.date(2028, 12, 31)
    study["projects"]["r"]["notice_date"] = dt.date(2027, 12, 1)
    sim, rows, _ = play(study)
    # 50 and 150 are called twice: of 200 60 are paid, of 340 + 30 60, of 310 + 30 60, then of 280
    assert rows["calls"][:5] == pytest.approx(
        [0, 15, 85 * 60 / 370, 85 * 310 / 370 * 60 / 340, 85 * 310 / 370 * 60 / 340]
    )
    others = {name: sim.projects[name]["calls"][:, 0] for name in "qr"}
    assert others["q"] == pytest.approx(3 * rows["calls"])
    assert others["r"][1:4] == pytest.approx([0, 30 * 60 / 370, (30 * 310 / 370 + 30) * 60 / 340])
    assert sum(others.values())[1:] + rows["calls"][1:] == pytest.approx([60] * 6)


def test_call_cap__a_termination_fee_does_not_wait():
    event = {"date": dt.date(2028, 12, 31), "outcomes": {"o": {"cancels": ["p"]}}, "probabilities": {"o": 1}}
    study = capped(30, construction={"termination_fee": 0.05})
    study["events"] = {"e": event}
    _, rows, q = play(study)
    assert rows["called"] == pytest.approx([0, 50, 0, 0, 0, 0, 0]) and q["cancelled"] == 1
    assert rows["calls"] == pytest.approx([0, 30, 20 + 5, 0, 0, 0, 0])


@pytest.mark.parametrize(("start", "paid"), [("2027-01-01", [30, 30, 20, 0]), ("2026-12-31", [30, 30, 20, 0])])
def test_call_cap__a_step_is_of_the_year_of_its_last_day(start, paid):
    """30 a quarter for a year, and a cap of 80: the quarter up to 31 December is that year's."""
    study = capped(80, construction={"planned_duration_years": 1, "planned_start": dt.date.fromisoformat(start)})
    study["study"].update(value_date=dt.date.fromisoformat(start), steps_per_year=4, horizon_years=4)
    study["projects"]["p"].update(budget=120, notice_date=dt.date.fromisoformat(start))
    study["agreement"]["funding"].update(lag_business_days=0, holidays=[])
    _, rows, _ = play(study)
    assert rows["calls"][:6] == pytest.approx([*paid, 40, 0])


def talks(outcomes, days=30.5, **changes):
    return {"days": days, "outcomes": outcomes, "changes": changes}


def consulted(table, consult, **more):
    study, draws = decided({"project/p/funding": 0.9, **table}, by_state=ONLY, **more)
    study["agreement"]["funding"]["decision"]["consult"] = consult
    return study, draws


@pytest.mark.parametrize(
    ("u", "what", "size"), [(0.19, "funded", 1), (0.21, "funded", 0.4), (0.69, "funded", 0.4), (0.71, "declined", 0)]
)
def test_consult__pays_changes_or_declines_after_31_days(u, what, size):
    outcomes = {"fund": 0.2, "renegotiate": 0.5, "decline": 0.3}
    triggers = [{"probability": 1, "moves": {"l": "b"}}]
    study, draws = consulted(
        {"project/p/consult": u}, talks(outcomes, size=0.4, spread=0.03), triggers=triggers, construction={}
    )
    study["projects"]["p"]["construction"]["planned_start"] = dt.date(2027, 1, 4)
    sim, rows, q = play(study, draws)
    assert told(sim)[:3] == [("notice", "p"), ("talks", "p"), (what, "p")]
    assert sim.notes[0][2][0] == sim.selections["p"].due[0] == CLOCK.time_of(DUE + dt.timedelta(days=31))
    assert rows["spend"].sum() == pytest.approx(100 * size) and rows["om"].max() == pytest.approx(10 * size)
    assert sim.quantities["scheme"]["net_commitments"][0] == pytest.approx(100 * size)
    assert (q["declined"], sim.final_states["l"][0]) == ((1, 1) if what == "declined" else (0, 0))
    assert sim.margins["clock_consult"][0] == pytest.approx(0.01) and sim.margins["clock_days"][0] == 0.5
    if size == 0.4:
        assert rows["rate"] == pytest.approx([0.08 + 0.02 + 0.03] * 7)
        assert told(sim)[3] == ("renegotiated", "p")
    else:
        assert rows["rate"] == pytest.approx([0.1] * 7)


def test_consult__what_is_given_back_is_there_for_the_next_notice():
    study, draws = consulted({"project/p/consult": 0.5}, talks({"renegotiate": 1}, days=0, size=0.25))
    study = two_more(study)
    study["agreement"]["funding"]["commitment"] = 150
    draws.table |= {"project/q/funding": 0.0, "project/r/funding": 0.0}
    sim = ref.simulate(study, np.array([0]), draws)
    assert [sim.selections[name].budget[0] for name in "pqr"] == pytest.approx([25, 100, 25])
    assert sim.quantities["scheme"]["net_commitments"][0] == pytest.approx(150)


def test_consult__nothing_changes_where_calls_are_stopped_or_the_horizon_comes_first():
    stop = {"date": DUE, "outcomes": {"o": {"moves": {"l": "c"}}}, "probabilities": {"o": 1}}
    consult = talks({"renegotiate": 1}, days=20, size=0.25)
    study, draws = consulted({}, consult, events={"e": {**stop, "date": DUE + dt.timedelta(days=9)}})
    sim, _, q = play(study, draws)
    assert told(sim) == [("notice", "p"), ("talks", "p"), ("stopped", "p")]
    assert (q["cancelled"], q["funded"]) == (1, 0) and sim.quantities["scheme"]["net_commitments"][0] == 100
    study, draws = consulted({}, talks({"decline": 1}, days=1e9))
    sim, _, q = play(study, draws)
    assert told(sim) == [("notice", "p"), ("talks", "p")] and (q["funded"], q["declined"], q["cancelled"]) == (0, 0, 0)


def lateness(after, table, by_state=ONLY, **late):
    study, draws = decided(table, by_state=by_state, triggers=[{"probability": 1, "moves": {"l": "c"}}] * 2)
    study["regimes"]["k"] = {"initial": {"state": "x", "since": dt.date(2026, 1, 1)}, "states": {"x": {}, "y": {}}}
    study["agreement"]["funding"]["decision"]["late"] = {"after_days": after, "moves": {"k": "y"}, **late}
    return study, draws


@pytest.mark.parametrize(("after", "moved"), [(399, 0), (400, 1), (799, 1), (800, 2), (2000, None)])
def test_late__moves_at_the_delay_that_passes_the_days(after, moved):
    """Delays of 400 days on the due day, 400 and 800 days later; then paid."""
    table = {("project/p/funding", k): u for k, u in enumerate([0.3, 0.3, 0.3, 0.1])}
    sim, _, q = play(*lateness(after, table))
    jumps = [jump for jump in sim.regimes[0] if jump[1] == "k"]
    assert q["funded"] == 1 and sum(what == "late" for what, _ in told(sim)) == len(jumps) == (moved is not None)
    if moved is not None:
        assert jumps == [(CLOCK.time_of(DUE + dt.timedelta(days=400 * moved)), "k", "x", "y", "late:p")]


def test_late__is_drawn_behind_the_declines_and_tried_once():
    table = {("project/p/funding", 0): 0.3, ("project/p/funding", 1): 0.3, ("project/p/funding", 2): 0.9}
    for u, count in ((0.59, 1), (0.61, 0)):
        sim, _, q = play(*lateness(0, {**table, ("project/p/trigger", 2): u}, probability=0.6))
        assert sim.final_states["k"][0] == count and q["declined"] == 1
        assert told(sim).count(("late", "p")) == 1 and sim.margins["clock_trigger"][0] == pytest.approx(0.01)
    study, draws = lateness(0, table, **{"while": {"l": ["b"]}}, by_state={**ONLY, "b": ONLY["a"]})
    event = {"outcomes": {"o": {"moves": {"l": "b"}}}, "probabilities": {"o": 1}}
    for days, moved in (
        (-1, 1),
        (30, 0),
    ):  # found so at the first delay, and only at the second, which is not late anew
        study["events"] = {"e": {**event, "date": DUE + dt.timedelta(days=days)}}
        assert play(study, draws)[0].final_states["k"][0] == moved


def test_late__talks_are_no_delay():
    study, draws = lateness(0, {"project/p/funding": 0.9, "project/p/consult": 0.0})
    study["agreement"]["funding"]["decision"]["consult"] = talks({"fund": 1}, days=300)
    sim, _, q = play(study, draws)
    assert q["funded"] == 1 and sim.final_states["k"][0] == 0 and ("late", "p") not in told(sim)


def hazards(rules, table, threshold, events=None):
    """A regime that breaks at .5 a year, as the rules have it; the time at which it does."""
    study, draws = decided({("regime/k/hold", 0): gap(threshold), **table}, by_state=ONLY, events=events)
    study["regimes"]["k"] = {
        "initial": {"state": "x", "since": dt.date(2026, 1, 1)},
        "states": {"x": {}, "y": {}},
        "hazards": {"x": {"y": 0.5}},
        "scaled_hazards": [{"when": when, "scale": {"x": {"y": by}}} for when, by in rules],
    }
    sim, _, _ = play(study, draws)
    return next((jump[0] for jump in sim.regimes[0] if jump[1] == "k"), math.inf)


def test_scaled_hazards__regimes_outcomes_and_counts():
    due = CLOCK.time_of(DUE)
    on = dt.date(2027, 12, 31)  # a year from the value date
    event = {"date": on, "outcomes": {"o": {"moves": {"l": "b"}}, "n": {}}, "probabilities": {"o": 1, "n": 0}}
    events, never = {"e": event}, {"project/p/funding": 0.1}
    # .5 until year 1, then 2
    for when in ({"regimes": {"l": "b"}}, {"outcomes": {"e": "o"}}, {"regimes": {"l": "b"}, "outcomes": {"e": "o"}}):
        assert hazards([(when, 4)], never, 1.5, events) == pytest.approx(1.5)
    for when in ({"regimes": {"l": "b"}, "outcomes": {"e": "n"}}, {"count": {"declined": 1}}, {"outcomes": {"e": "n"}}):
        assert hazards([(when, 4)], never, 1.5, events) == pytest.approx(3)
    # while it lasts: 2 in the first year only
    assert hazards([({"regimes": {"l": "a"}}, 4)], never, 2.25, events) == pytest.approx(1.5)
    # several multiply, and 0 stops
    both = [({"regimes": {"l": "b"}}, 4), ({"outcomes": {"e": "o"}}, 0.5)]
    assert hazards(both, never, 1.5, events) == pytest.approx(2)
    assert hazards([*both, ({}, 0)], never, 1e-9, events) == math.inf
    # one decline on the due day; two delays on the due day and 400 days later
    assert hazards([({"count": {"declined": 1}}, 4)], {"project/p/funding": 0.9}, 1.5) == pytest.approx(
        due + (1.5 - due / 2) / 2
    )
    table = {("project/p/funding", 0): 0.3, ("project/p/funding", 1): 0.4, ("project/p/funding", 2): 0.9}
    second, third = (CLOCK.time_of(DUE + dt.timedelta(days=days)) for days in (400, 800))
    for count, begins in (({"delayed": 2}, second), ({"delayed": 2, "declined": 1}, third), ({"delayed": 1}, due)):
        expected = begins + (1.5 - begins / 2) / 2
        assert hazards([({"count": count}, 4)], table, 1.5) == pytest.approx(expected), count
    assert hazards([({"count": {"delayed": 3}}, 4)], table, 1.5) == pytest.approx(3)


def test_spread__of_the_agreement_is_drawn_by_each_project():
    law = {"normal": {"mean": 0.02, "sd": 0.01}}
    study = two_more(paper_study())
    study["agreement"]["split"]["spread"] = law
    study["projects"]["r"]["split"] = {"spread": 0.05}
    sim, rows, _ = play(study, drawn(project__p__spread=1.0, project__q__spread=-2.0, project__r__spread=3.0))
    assert rows["rate"] == pytest.approx([0.11] * 7)
    assert sim.projects["q"]["rate"][:, 0] == pytest.approx([0.08] * 7)
    assert sim.projects["r"]["rate"][:, 0] == pytest.approx([0.13] * 7)
