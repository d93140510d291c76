"""Construction: delays, cancellations, caps, reviews and subscription on paper."""

import datetime as dt
import math

import numpy as np
import pytest

import reference as ref
from paper_deal import changed, drawn, paper_study, play
from paper_world import known


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
        assert (q["irr_funder"][0], q["moic_funder"][0], q["payback_years"][0]) == (-1, 0, math.inf)
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
        for name in ("irr_funder", "moic_funder", "payback_years", "deemed_share", "cost_overrun"):
            assert math.isnan(q[name])
        assert math.isinf(q["recovery_years"]) if funded else math.isnan(q["recovery_years"])


def test_past__neither_delays_nor_cancels_again():
    outcome = {"delays": {"p": 6}, "cancels": ["p"]}
    sim = built({"e": known(dt.date(2026, 12, 30), outcome)})
    assert sim.quantities["p"]["completed"][0] == 1 and sim.sites["p"].completion[0] == 3


HIGH = {"overrun": 1.6, "inflation_share": None}


def test_uplift__multiplies_after_the_inflation_share():
    build = {"overrun": 1.4, "inflation_share": 0.5, "uplift": {"uniform": {"min": 1.2, "max": 1.8}}}
    _, rows, q = play(changed(construction=build))
    assert rows["calls"][1:3] == pytest.approx([90, 90]) and q["overrun_sampled"] == pytest.approx(0.8)


def test_funding_cap__shares_and_ceiling():
    cap = {"multiple": 1.0, "above": "share", "funder_share": 0.75, "ceiling": 1.4}
    study = changed(construction={**HIGH, "funding_cap": cap})
    sim, rows, q = play(study)
    assert rows["spend"][1:3] == pytest.approx([80, 80]) and rows["capital"][1:3] == pytest.approx([80, 50])
    assert rows["host_spend"][1:3] == pytest.approx([0, 30]) and q["cost"] == pytest.approx(160)
    assert q["pv_host"] == pytest.approx(rows["distribution_host"].sum() - 30)
    assert rows["deemed_balance"][2] == pytest.approx(130)
    assert rows["depreciation"][3:5] == pytest.approx([80, 80])
    study["projects"]["p"]["construction"]["funding_cap"].pop("ceiling")
    assert play(study)[1]["capital"][1:3] == pytest.approx([80, 65])
    study["projects"]["p"]["operation"]["senior_debt"] = dict(
        share=0.4, reference_rate="rate", margin=0.02, tenor_years=2
    )
    _, rows, _ = play(study)
    assert rows["capital"][1:3] == pytest.approx([48, 39]) and rows["host_spend"][1:3] == pytest.approx([0, 9])
    assert rows["lender_spend"][1:3] == pytest.approx([32, 32])


def test_funding_cap__stops_with_salvage_and_fee():
    build = {**HIGH, "funding_cap": {"multiple": 1.2, "above": "stop"}, "salvage": 0.25, "termination_fee": 0.05}
    study = changed(construction=build)
    sim, rows, q = play(study)
    assert rows["capital"][:4] == pytest.approx([0, 80, 40, 0]) and rows["calls"][:4] == pytest.approx([0, 80, 45, 0])
    assert (
        sim.sites["p"].stop[0] == 2 and sim.sites["p"].causes["cap"][0] and (q["completed"], q["cancelled"]) == (0, 1)
    )
    assert rows["available_cash"] == pytest.approx([0, 0, 30, 0, 0, 0, 0]) and rows["distribution_funder"][2] == 3
    assert q["npv_funder"] == pytest.approx(-80 * 1.1**-2 - 42 * 1.1**-3)
    assert q["moic_funder"] == pytest.approx(3 / 125) and q["irr_funder"] == -1 and q["deemed_open"] == 120
    assert sim.margins["cap/p"][0] == pytest.approx(0.4) and not rows["operating"].any()
    study["projects"]["p"]["construction"]["salvage"] = 0.5
    study["projects"]["p"]["operation"]["senior_debt"] = dict(
        share=0.4, reference_rate="rate", margin=0.02, tenor_years=2
    )
    _, rows, q = play(study)  # of 60 the lenders get their 48: no interest, as it stopped at the step's start
    assert rows["salvage_to_debt"][2] == pytest.approx(48) and rows["available_cash"][2] == pytest.approx(12)
    assert rows["debt_balance"][2] == pytest.approx(0, abs=1e-12)
    study["projects"]["p"]["construction"]["funding_cap"] = None
    study["events"] = {
        "e": {"date": dt.date(2029, 7, 1), "outcomes": {"o": {"cancels": ["p"]}}, "probabilities": {"o": 1}}
    }
    _, rows, q = play(study)  # 182 of 365 days into the third year
    part = 182 / 365
    S = 80 + 80 * part
    owed = 32 * (1 + 0.1 * part) + 0.4 * 80 * part
    assert rows["spend"][2] == pytest.approx(80 * part) and rows["debt_capitalised"][2] == pytest.approx(3.2 * part)
    assert rows["salvage"][2] == pytest.approx(S / 2) and rows["salvage_to_debt"][2] == pytest.approx(owed)
    assert rows["termination_fee"][2] == 5 and q["npv_funder"] == pytest.approx(
        -48 * 1.1**-2 - (48 * part + 5 - 0.1 * (S / 2 - owed)) * 1.1**-3
    )


@pytest.mark.parametrize(
    ("review", "cancelled"),
    [
        # after the second year index 1.2 / 1, half of the overrun of 0.4, and half of the spend is still to come
        ({"threshold": 0.7199}, 1),
        ({"threshold": 0.7201}, 0),
        ({"threshold": 0.6599, "reveal": 2}, 1),
        ({"threshold": 0.6601, "reveal": 2}, 0),
        ({"threshold": 0.8399, "reveal": 0}, 1),
        ({"threshold": 0.8401, "reveal": 0}, 0),
        ({"threshold": 0.55, "dates": [dt.date(2027, 12, 31), dt.date(2028, 1, 1)]}, 1),
        ({"threshold": 0.55, "dates": [dt.date(2027, 12, 31), dt.date(2028, 12, 31)]}, 1),
        ({"threshold": 0.55, "dates": [dt.date(2027, 12, 31), dt.date(2029, 1, 1)]}, 0),  # the first step then is 3
    ],
)
def test_review__cost_to_come_against_threshold(review, cancelled):
    study = changed(construction={"overrun": 1.4, "budget_basis": "real", "indices": {"cpi": 1}, "review": review})
    study["factors"]["cpi"] = {"process": {"deterministic": {"curve": {"knots": [[0, 1], [7, 1.7]]}}}}
    sim, rows, q = play(study, None)
    assert q["cancelled"] == cancelled and q["completed"] == 1 - cancelled
    assert rows["spend"][1:3] == pytest.approx([84, 0 if cancelled else 91])
    if cancelled:
        assert sim.sites["p"].causes["review"][0] and sim.sites["p"].stop[0] == 2
    if "reveal" in review:
        assert sim.margins["review/p"][0] == pytest.approx(1e-4)


def test_subscription__shares_the_score_of_the_contract():
    law = {"normal": {"mean": 0.6, "sd": 0.1}}
    build = {
        "overrun": {"normal": {"mean": 1, "sd": 0.1}},
        "review": {"threshold": 9},
        "subscription": {"share": law, "required": 0.5, "by": dt.date(2028, 12, 31), "correlation": -0.6},
    }
    study = changed(construction=build, operation={"merchant": {"factor": "rate"}})
    study["projects"]["p"]["operation"]["contract"]["share"] = law
    # scores: -0.6 * 1 + 0.8 * e; 0.6 + 0.1 * score against 0.5
    sim, rows, q = play(study, drawn(project__p__cost=1.0, project__p__subscription=-0.51))
    assert sim.sites["p"].causes["subscription"][0] and sim.sites["p"].stop[0] == 2 and rows["spend"][2] == 0
    assert sim.margins["subscription/p"][0] == pytest.approx(0.0008)
    sim, rows, q = play(study, drawn(project__p__cost=1.0, project__p__subscription=-0.49))
    assert q["completed"] == 1 and rows["contracted"][3] == pytest.approx(0.6 + 0.1 * (-0.6 - 0.392))
    study["projects"]["p"]["construction"]["subscription"]["by"] = dt.date(2029, 1, 1)
    assert play(study, drawn(project__p__subscription=-3))[2]["completed"] == 1  # complete before the next review


def test_shortfall__leaves_fixed_costs():
    _, rows, _ = play(changed(construction={"shortfall": {"uniform": {"min": 0.1, "max": 0.3}}}))
    assert rows["revenue"][3:6] == pytest.approx([40] * 3) and rows["om"][3:6] == pytest.approx([10] * 3)


REVIEWED = {
    "overrun": 1.4,
    "planned_duration_years": 4,
    "spend_curve": {"a": 2, "b": 2},
    "budget_basis": "real",
}
"""Built from year 1 to 5: progress 1/4, 1/2, 3/4 at the reviews after years 2, 3, 4, S = 3 x^2 - 2 x^3."""


TO_COME = {2: 1.1 * (1 - 10 / 64), 3: 1.2 / 2, 4: 1.3 * 10 / 64}


@pytest.mark.parametrize(("threshold", "year"), [(0.9, 2), (TO_COME[2] - 1e-6, 2), (TO_COME[2] + 1e-6, None)])
def test_review__what_is_spent_is_sunk(threshold, year):
    sim, rows, q = play(changed(construction={**REVIEWED, "review": {"threshold": threshold}}))
    assert q["cancelled"] == (year is not None) and rows["spend"][1] == pytest.approx(140 * 10 / 64)
    if year is None:  # the cost to come only falls
        assert sim.margins["review/p"][0] == pytest.approx(1e-6) and rows["spend"].sum() == pytest.approx(140)


@pytest.mark.parametrize("year", [3, 4])
@pytest.mark.parametrize("below", [1e-6, -1e-6])
def test_review__of_works_that_are_half_done_and_nearly_done(year, below):
    review = {"threshold": TO_COME[year] - below, "dates": [dt.date(2026 + year, 12, 31)]}
    sim, _, q = play(changed(construction={**REVIEWED, "review": review}))
    assert q["cancelled"] == (below > 0) and (below < 0 or sim.sites["p"].stop[0] == year)


def test_review__a_late_rise_of_the_index_counts_for_what_is_to_come_alone():
    knots = [[0, 1], [3, 1], [4, 10], [7, 10]]
    for threshold, cancelled in ((10 * TO_COME[4] - 1e-6, 1), (10 * TO_COME[4] + 1e-6, 0)):
        study = changed(construction={**REVIEWED, "indices": {"cpi": 1}, "review": {"threshold": threshold}})
        study["factors"]["cpi"] = {"process": {"deterministic": {"curve": {"knots": knots}}}}
        sim, _, q = play(study)
        assert q["cancelled"] == cancelled and (not cancelled or sim.sites["p"].stop[0] == 4)


@pytest.mark.parametrize(
    ("keys", "contained", "start"),
    [
        ({}, 0, 0),
        ({"start_delay": 0.5}, 0.5, 0.5),
        ({"start_delay": {"triangular": {"min": 0, "mode": 0.25, "max": 1}}}, 0.25, 1 - math.sqrt(0.375)),
        ({"start_delay": {"triangular": {"min": 0, "mode": 0.25, "max": 1}, "truncate": [0.4, None]}}, 0.4, None),
        ({"start_delay": {"triangular": {"min": 0, "mode": 0.25, "max": 1}, "truncate": [0.1, 0.2]}}, 0.2, None),
        ({"start_delay": {"pert": {"min": 0, "mode": 0.5, "max": 2}}}, 0.5, None),
        ({"start_delay": {"pert": {"min": 0, "mode": 0.5, "max": 2}, "truncate": [None, 0.3]}}, 0.3, None),
        ({"start_delay": {"pert": {"min": 0, "mode": 0.5, "max": 2}, "truncate": [0, 3]}}, 0.5, None),
        ({"start_delay": {"uniform": {"min": 0, "max": 1}}}, 0.5, 0.5),
        ({"start_delay": {"lognormal": {"median": 0.7, "sigma": 0.5}}}, 0.7, 0.7),
        ({"start_delay": {"exponential": {"mean": 1}, "truncate": [0, 2]}}, -math.log((1 + math.exp(-2)) / 2), None),
        ({"start_delay": {"discrete": {"values": [0, 0.6, 1], "probabilities": [0.3, 0.4, 0.3]}}}, 0.6, 0.6),
        ({"start_delay": {"discrete": {"values": [0.2, 0.8], "probabilities": [0.5, 0.5]}}}, 0.2, None),
        ({"start_delay": 0.5, "planned_start_delay_years": 0}, 0, 0.5),
        ({"start_delay": {"uniform": {"min": 0, "max": 1}}, "planned_start_delay_years": 0.2}, 0.2, 0.5),
        ({"planned_start_delay_years": 0.75}, 0.75, 0),
    ],
)
def test_planned_start__contains_the_likely_delay(keys, contained, start):
    sim, _, q = play(changed(construction=keys))
    site = sim.sites["p"]
    assert site.plan_start[0] == pytest.approx(1 + contained)
    assert start is None or site.start[0] == pytest.approx(1 + start)
    assert q["delay_months"] == pytest.approx(12 * (site.start[0] - 1 - contained), abs=1e-9)


def test_planned_start__nominal_budgets_bear_its_escalation():
    rising = {"process": {"deterministic": {"curve": {"knots": [[0, 1], [7, 1.7]]}}}}

    def cost(**keys):
        study = changed(construction={"indices": {"cpi": 1}, "start_delay": 0.5, **keys})
        study["factors"]["cpi"] = rising
        return play(study)[2]

    # from 1.5 on: a quarter by year 2, three by year 3, complete at 3.5 and paid for at the end of that year; the plan
    # without the delay has all of it half a year earlier
    as_planned, late = 75 + 25 * 1.4 / 1.35, 25 * 1.2 / 1.15 + 50 * 1.3 / 1.25 + 25 * 1.4 / 1.3
    assert cost()["cost"] == pytest.approx(as_planned)
    assert cost()["cost_overrun"] == pytest.approx(as_planned / 100 - 1)
    assert cost(planned_start_delay_years=0)["cost"] == pytest.approx(late)
    # a real budget costs the same whatever was planned; the plan expects the indices of its own dates
    real, bare = cost(budget_basis="real"), cost(budget_basis="real", planned_start_delay_years=0)
    assert real["cost"] == pytest.approx(bare["cost"]) == pytest.approx(25 * 1.2 + 50 * 1.3 + 25 * 1.4)
    assert real["cost_overrun"] == pytest.approx(0) and bare["cost_overrun"] == pytest.approx(130 / 125 - 1)
