"""Funding, cancellation and operation with nothing random: every figure is arithmetic on paper.

The bare plant spends 25 a quarter for a year from 2026-03-31 and then makes 2.5 t a quarter at 3, 7.5 in all, for the
second year; the horizon is two years, the discount rate 5 %.
"""

from copy import deepcopy

import numpy as np
import pytest
from paper_runs import DF, run

from studies import BARE, changed

REAL = 1e-12


def plant(**parts):
    """The bare study with parts of its plant changed."""
    return changed(BARE, projects={"plant": parts})


def paid(values, quantity):
    """The value that a quantity has on every path."""
    got = values["plant", quantity]
    assert (got == got[0]).all() or np.isnan(got).all()
    return got[0]


def close(got, expected):
    np.testing.assert_allclose(got, expected, rtol=REAL, atol=REAL)


def test_size__scales_budget_capacity_and_fixed_costs(tmp_path):
    """Two fifths of the plant: calls of 10, 3 of revenue less .4 of the fixed 4 a year."""
    operation = {"fixed_om": {"per_year": 4.0}}
    study = plant(go_ahead={"probability": 1.0, "size_share": 0.4}, operation=operation)
    values, timeline = run(study, tmp_path)
    close(timeline["plant"]["calls"], [10] * 4 + [0] * 4)
    close(timeline["plant"]["available_cash"], [0] * 4 + [3 - 0.4] * 4)
    close(values["scheme", "net_commitments"], 40)


@pytest.mark.parametrize(("planned", "late"), [(0.0, 6), (0.25, 3), (None, 0)])
def test_start_delay__half_a_year_late_against_what_is_planned(tmp_path, planned, late):
    construction = {"start_delay": 0.5, "planned_start_delay_years": planned}
    values, timeline = run(plant(construction=construction), tmp_path)
    close(timeline["plant"]["calls"], [0, 0, 25, 25, 25, 25, 0, 0])
    close(paid(values, "delay_months"), late)


def test_annual_call_cap__calls_wait_and_the_host_bridges_them(tmp_path):
    """Three years: 100 a quarter is called for a year, a quarter of it by the plant; 120 a calendar year are paid.

    2026: 100, 20, nothing, 180 wait. 2027: of these and the last 100 at once 120. 2028: 120, then 2029: the last 40.
    """
    funding, other = {"annual_call_cap": 120.0}, deepcopy(BARE["projects"]["plant"]) | {"budget": 300.0}
    study = changed(BARE, study={"horizon_years": 3}, agreement={"funding": funding}, projects={"other": other})
    values, timeline = run(study, tmp_path)
    called = np.array([100] * 4 + [0] * 8)
    is_paid = np.array([100, 20, 0, 120, 0, 0, 0, 120, 0, 0, 0, 40])
    close(timeline["portfolio"]["calls"], is_paid)
    close(timeline["plant"]["calls"], is_paid / 4)
    df = 1.05 ** -(np.arange(1, 13) / 4)
    close(paid(values, "pv_host"), np.sum(df * (is_paid - called) / 4))
    close(paid(values, "npv_funder"), np.sum(df * (np.array([0] * 4 + [7.5] * 8) - is_paid / 4)))
    free, _ = run(changed(study, agreement={"funding": {"annual_call_cap": 1e6}}), tmp_path)
    bare, _ = run(changed(study, agreement={"funding": {"annual_call_cap": None}}), tmp_path)
    assert all(np.array_equal(free[series], bare[series], equal_nan=True) for series in bare)


def test_funding__paid_after_two_delays_of_half_a_year(tmp_path):
    """A state that always delays, until it gives way to one that always pays: due on day 0, 184 and 368."""
    regime = {
        "initial": {"state": "shut", "since": "2026-03-31"},
        "states": {"shut": {"expires": {"after_days": 300, "outcome": {"open": 1}}}, "open": {}},
    }
    decision = {
        "regime": "till",
        "by_state": {
            "shut": {"fund": 0, "delay": 1, "decline": 0},
            "open": {"fund": 1, "delay": 0, "decline": 0},
        },
        "delay_days": 184,
    }
    study = changed(BARE, regimes={"till": regime}, agreement={"funding": {"decision": decision}})
    values, _ = run(study, tmp_path)
    start = 1 + 3 / 91 / 4  # day 368 is three days into the quarter of 91 that begins on day 365
    assert paid(values, "funded") == 1 and paid(values, "completed") == 0
    close(values["plant", "cost"], 100 * (2 - start))  # the horizon cuts the last days of work


TARIFF = {
    "initial": {"state": "low", "since": "2026-03-31"},
    "states": {"low": {}, "high": {}},
}
"""A regime that only what is tested moves."""


def till(fund=0, delay=0, decline=0, **further):
    """A decision with such probabilities in the only state of a regime, and a tariff."""
    regimes = {"till": {"initial": {"state": "open", "since": "2026-03-31"}, "states": {"open": {}}}, "tariff": TARIFF}
    decision = {"regime": "till", "by_state": {"open": {"fund": fund, "delay": delay, "decline": decline}}, **further}
    return {"regimes": regimes, "agreement": {"funding": {"decision": decision}}}


@pytest.mark.parametrize(("after", "state"), [(100, 1), (183, 1), (400, 1), (600, 1), (900, 0)])
def test_late__the_delay_beyond_so_many_days_moves_the_tariff_once(after, state, tmp_path):
    """Delayed on days 0, 184, 368 and 552 by 184 each: at the last by 736 in all."""
    late = {"after_days": after, "moves": {"tariff": "high"}}
    values, _ = run(changed(BARE, **till(delay=1, delay_days=184, late=late)), tmp_path)
    assert (values["scheme", "final_state_tariff"] == state).all()
    assert paid(values, "funded") == 0


def test_late__comes_at_the_delay_that_passes_the_days(tmp_path):
    """On day 184, which is a day into the third quarter, it is put off to day 368: the tariff is low until then."""
    late = {"after_days": 200, "moves": {"tariff": "high"}}
    flows = {"spared": {"base": "time", "rate": 4.0, "while": {"tariff": ["low"]}}}
    study = changed(BARE, side_flows=flows, **till(delay=1, delay_days=184, late=late))
    values, _ = run(study, tmp_path)
    quarters = np.array([1, 1, (184 - 183) / 92])
    close(values["scheme", "tariff_relief"][0], np.sum(DF[:3] * quarters))


@pytest.mark.parametrize(("outcome", "funded", "size"), [("fund", 1, 1), ("renegotiate", 1, 0.5), ("decline", 0, 0)])
def test_consult__talks_of_half_a_year_before_a_decline(outcome, funded, size, tmp_path):
    consult = {"days": 183, "outcomes": {outcome: 1.0}, "changes": {"size": 0.5, "spread": 0.02}}
    triggers = [{"probability": 1.0, "moves": {"tariff": "high"}}]
    values, timeline = run(changed(BARE, **till(decline=1, triggers=triggers, consult=consult)), tmp_path)
    close(timeline["plant"]["calls"], 100 * size * funded * np.array([0, 0, 0.25, 0.25, 0.25, 0.25, 0, 0]))
    close(values["scheme", "net_commitments"], 100 * size * funded)
    assert paid(values, "funded") == funded and paid(values, "declined") == 1 - funded
    assert (values["scheme", "final_state_tariff"] == 1 - funded).all()


def test_consult__a_spread_that_is_renegotiated_is_added(tmp_path):
    """What is due in the second quarter: 25 and a quarter's interest, at 8 % and at 10 %."""
    split = {"mode": "cumulative", "first_share": 0.5, "second_share": 0.1, "reference_rate": "rate", "spread": 0.05}
    rate = {"rate": {"unit": "1/year", "process": {"deterministic": {"curve": 0.03}}}}
    due = []
    for spread in (0.0, 0.02):
        consult = {"days": 0, "outcomes": {"renegotiate": 1.0}, "changes": {"spread": spread}}
        study = changed(BARE, factors=rate, **till(decline=1, consult=consult))
        study["agreement"]["split"] = {**split, "deemed_life_years": 5}
        _, timeline = run(study, tmp_path)
        due.append(timeline["plant"]["due"])
    close(due[0][1], 25 * 1.02)
    close(due[1][1], 25 * 1.025)


def test_scaled_hazards__count_what_was_delayed(tmp_path):
    """A hazard of 1 a year, multiplied by 0, or by 3 from the second delay on, which is on day 184 of 731."""
    regime = {**TARIFF, "hazards": {"low": {"high": 1.0}}}
    never = {"when": {"regimes": {"till": "open"}}, "scale": {"low": {"high": 0.0}}}
    late = {"when": {"count": {"delayed": 2}}, "scale": {"low": {"high": 3.0}}}
    for rules, used in (([], 2.0), ([never], 0.0), ([late], 184 / 365 + 3 * (2 - 184 / 365)), ([late, never], 0.0)):
        parts = till(delay=1, delay_days=184)
        parts["regimes"]["tariff"] = {**regime, "scaled_hazards": rules}
        values, _ = run(changed(BARE, **parts), tmp_path, 4096)
        moved = np.mean(values["scheme", "final_state_tariff"] == 1)
        assert moved == pytest.approx(1 - np.exp(-used), abs=0.025)


def test_decline__no_flow_and_a_breach(tmp_path):
    """Declined for certain: nothing is paid, the money is given back, one trigger is pulled and one is not."""
    regimes = {
        "deal": {"initial": {"state": "kept", "since": "2026-03-31"}, "states": {"kept": {}, "breach": {}}},
        "tariff": {"initial": {"state": "low", "since": "2026-03-31"}, "states": {"low": {}, "high": {}}},
    }
    never = {"fund": 0, "delay": 0, "decline": 1}
    decision = {
        "regime": "deal",
        "by_state": {"kept": never, "breach": never},
        "triggers": [{"probability": 1, "moves": {"deal": "breach"}}, {"probability": 0, "moves": {"tariff": "high"}}],
    }
    values, timeline = run(changed(BARE, regimes=regimes, agreement={"funding": {"decision": decision}}), tmp_path)
    for quantity, value in {
        "funded": 0,
        "declined": 1,
        "cancelled": 0,
        "cost": 0,
        "npv_funder": 0,
        "pv_host": 0,
    }.items():
        assert paid(values, quantity) == value
    assert all(not row.any() for row in timeline["plant"].values())
    assert (values["scheme", "net_commitments"] == 0).all()
    assert (values["scheme", "final_state_deal"] == 1).all() and (values["scheme", "final_state_tariff"] == 0).all()


def test_trigger__pulled_only_in_the_states_that_it_names(tmp_path):
    """The first row finds the deal kept and ends it; the second, for a kept deal, finds it over; the third goes on."""
    states = {"kept": {}, "over": {}, "gone": {}}
    never = {"fund": 0, "delay": 0, "decline": 1}
    decision = {
        "regime": "deal",
        "by_state": dict.fromkeys(states, never),
        "triggers": [
            {"probability": 1, "while": {"deal": ["kept", "gone"]}, "moves": {"deal": "over"}},
            {"probability": 1, "while": {"deal": ["kept"]}, "moves": {"deal": "gone", "tariff": "high"}},
            {"probability": 1, "while": {"deal": ["over"], "tariff": ["low"]}, "moves": {"tariff": "middle"}},
        ],
    }
    regimes = {
        "deal": {"initial": {"state": "kept", "since": "2026-03-31"}, "states": states},
        "tariff": {
            "initial": {"state": "low", "since": "2026-03-31"},
            "states": {"low": {}, "high": {}, "middle": {}},
        },
    }
    values, _ = run(changed(BARE, regimes=regimes, agreement={"funding": {"decision": decision}}), tmp_path)
    assert (values["scheme", "final_state_deal"] == 1).all() and (values["scheme", "final_state_tariff"] == 2).all()


def test_event__cancels_before_the_notice_which_is_then_not_given(tmp_path):
    event = {"date": "2026-06-30", "outcomes": {"end": {"cancels": ["plant"]}}, "probabilities": {"end": 1}}
    study = changed(plant(notice_date="2026-12-30"), events={"end": event})
    values, _ = run(study, tmp_path)
    assert paid(values, "cancelled") == 1 and paid(values, "funded") == 0 and paid(values, "declined") == 0
    assert (values["scheme", "net_commitments"] == 0).all()


def test_stopped_calls__half_is_spent_and_a_tenth_of_it_saved(tmp_path):
    """Calls stop after two quarters: 50 spent, 5 saved and shared, a fee of 2 in the third quarter."""
    regime = {
        "initial": {"state": "kept", "since": "2026-03-31"},
        "states": {"kept": {}, "over": {"stops_calls": True}},
    }
    event = {"date": "2026-09-30", "outcomes": {"end": {"moves": {"deal": "over"}}}, "probabilities": {"end": 1}}
    construction = {"salvage": 0.1, "termination_fee": 0.02}
    study = changed(plant(construction=construction), regimes={"deal": regime}, events={"end": event})
    values, timeline = run(study, tmp_path)
    close(timeline["plant"]["calls"], [25, 25, 2, 0, 0, 0, 0, 0])
    close(timeline["plant"]["available_cash"], [0, 0, 5, 0, 0, 0, 0, 0])
    close(paid(values, "npv_funder"), -25 * DF[0] - 25 * DF[1] + 3 * DF[2])
    assert paid(values, "cancelled") == 1 and paid(values, "completed") == 0


def test_funding_cap__the_host_pays_a_fifth_above_it_and_all_above_the_ceiling(tmp_path):
    """Cost 200 in four quarters of 50. Funder: 50, 50, then 80 % of 100..160 = 40 and 8; host: 10 and 42."""
    cap = {"multiple": 1.0, "above": "share", "funder_share": 0.8, "ceiling": 1.6}
    values, timeline = run(plant(construction={"overrun": 2.0, "funding_cap": cap}), tmp_path)
    close(timeline["plant"]["spend"], [50] * 4 + [0] * 4)
    close(timeline["plant"]["calls"], [50, 50, 40, 8, 0, 0, 0, 0])
    close(paid(values, "pv_host"), -10 * DF[2] - 42 * DF[3])
    close(paid(values, "cost_overrun"), 1)


def test_funding_cap__work_stops_where_it_would_be_passed(tmp_path):
    """Cost 200 and a cap of 130: 50, 50, 30, and never a plant."""
    cap = {"multiple": 1.3, "above": "stop"}
    values, timeline = run(plant(construction={"overrun": 2.0, "funding_cap": cap}), tmp_path)
    close(timeline["plant"]["spend"], [50, 50, 30, 0, 0, 0, 0, 0])
    assert paid(values, "cancelled") == 1 and not timeline["plant"]["revenue"].any()


@pytest.mark.parametrize(("reveal", "cancelled"), [(0.0, 1), (1.0, 1), (3.0, 0)])
def test_review__what_half_way_reveals_of_the_overrun(reveal, cancelled, tmp_path):
    """X = 2 at half of two years' work: (1 + .5^g) / 2 is still to come, against .7."""
    construction = {
        "planned_duration_years": 1.6,
        "overrun": 2.0,
        "duration": 1.25,
        "review": {"threshold": 0.7, "reveal": reveal},
    }
    values, timeline = run(plant(construction=construction), tmp_path)
    assert paid(values, "cancelled") == cancelled
    close(timeline["plant"]["spend"], [25] * 4 + [0 if cancelled else 25] * 4)


@pytest.mark.parametrize(("by", "cancelled"), [("2026-07-01", 1), ("2027-03-31", 1), ("2027-04-01", 0)])
def test_subscription__too_few_by_the_review_of_the_first_year(by, cancelled, tmp_path):
    construction = {
        "planned_duration_years": 1.5,
        "review": {"threshold": 99},
        "subscription": {"share": 0.79, "required": 0.8, "by": by, "correlation": -0.5},
    }
    values, _ = run(plant(construction=construction), tmp_path)
    assert paid(values, "cancelled") == cancelled


def test_subscription__counts_by_the_day_of_the_review_not_of_its_step(tmp_path):
    """A review of 1 February takes place when the quarter of 31 March begins: too early for a sale due by 1 March."""
    for day, cancelled in (("2027-02-01", 0), ("2027-03-01", 1)):
        construction = {
            "planned_duration_years": 1.5,
            "review": {"threshold": 99, "dates": [day, "2027-12-31"]},
            "subscription": {"share": 0.79, "required": 0.8, "by": "2027-03-01", "correlation": 0},
        }
        values, _ = run(plant(construction=construction), tmp_path)
        assert paid(values, "cancelled") == cancelled


def test_operation__ramp_shortfall_degradation_and_volume(tmp_path):
    """A fifth is never achieved; .5 in the first year, 10 % less a year from completion, volume 1.2."""
    horizon = {"horizon_years": 3}
    operation = {"ramp_up": [0.5], "degradation": 0.1, "volume_factor": "volume"}
    factors = {"volume": {"unit": "1", "process": {"deterministic": {"curve": 1.2}}}}
    study = changed(plant(construction={"shortfall": 0.2}, operation=operation), study=horizon, factors=factors)
    _, timeline = run(study, tmp_path)
    age = np.arange(8) / 4
    ramp = np.where(age < 1, 0.5, 1.0)
    close(timeline["plant"]["revenue"][4:], 7.5 * 0.8 * 1.2 * ramp * 0.9**age)


def test_operation__a_cancelled_project_ramps_up_what_it_has(tmp_path):
    """Half starts at 1.25 years, at half its output; the rest is cancelled at 1.75 years, and all of it ends."""
    phases = [{"share": 0.5, "planned_duration_years": 1.25}, {"share": 0.5, "planned_duration_years": 9.0}]
    construction = {"planned_duration_years": None, "phases": phases}
    event = {"date": "2027-12-31", "outcomes": {"end": {"cancels": ["plant"]}}, "probabilities": {"end": 1}}
    study = changed(plant(construction=construction, operation={"ramp_up": [0.5]}), events={"end": event})
    _, timeline = run(study, tmp_path)
    close(timeline["plant"]["revenue"], [0] * 5 + [1.875, 1.875, 0])


def test_dispatch__runs_only_where_the_price_pays(tmp_path):
    """Half is sold at 1 under contract and always runs; the rest waits while 3 is below 4 of variable cost."""
    operation = {
        "dispatch": "economic",
        "variable_om": {"per_output": 4.0},
        "contract": {"price": 1.0, "escalator": 0, "share": 0.5, "tenor_years": 9},
    }
    rise = {"price": {"process": {"deterministic": {"curve": {"knots": [[0, 3], [1.6, 3], [1.6, 6]]}}}}}
    _, timeline = run(changed(plant(operation=operation), factors=rise), tmp_path)
    close(timeline["plant"]["revenue"], [0] * 4 + [1.25, 1.25, 1.25 + 7.5, 1.25 + 7.5])
    # arrears of 3.75 after two quarters; the third earns 8.75 - 10, the fourth as much
    assert not timeline["plant"]["available_cash"].any()


def test_offtaker__default_at_once_leaves_the_market_price_less_a_fifth(tmp_path):
    contract = {"price": 9.0, "escalator": 0, "share": 1.0, "tenor_years": 0.5}
    contract |= {"offtaker": "buyer", "default_discount": 0.2}
    study = changed(plant(operation={"contract": contract}), offtakers={"buyer": {"default_hazard": 1000}})
    _, timeline = run(study, tmp_path)
    close(timeline["plant"]["revenue"], [0] * 4 + [6, 6, 7.5, 7.5])
    loyal = changed(plant(operation={"contract": contract}), offtakers={"buyer": {"default_hazard": 0}})
    _, timeline = run(loyal, tmp_path)
    close(timeline["plant"]["revenue"], [0] * 4 + [22.5, 22.5, 7.5, 7.5])


def test_capacity_payment_and_credit(tmp_path):
    """10 MW, 60 % under contract: .5 x 2 a MW and day on the free 4 MW; 1 a MWh for three quarters, rising 2 %."""
    operation = {
        "contract": {"price": 3.0, "escalator": 0, "share": 0.6, "tenor_years": 9},
        "capacity_payment": {"factor": "capacity", "credit": 0.5},
        "output_credit": {"per_output": 1.0, "years": 0.625, "escalator": 0.02},
    }
    parts = {"capacity": None, "output_unit": None, "capacity_mw": 10.0, "operation": operation}
    factors = {"capacity": {"unit": "USD/MW-day", "process": {"deterministic": {"curve": 2}}}}
    _, timeline = run(changed(plant(**parts), factors=factors), tmp_path)
    output = 10 * 8766 / 4
    expected = 3 * output + 0.5 * 2 * 4 * 365.25 / 4
    credit = np.array([1, 1, 0.5, 0]) * output * 1.02 ** (np.arange(5, 9) / 4)
    close(timeline["plant"]["revenue"][4:], expected + credit)


def test_tax__losses_are_carried_forward_up_to_the_limit(tmp_path):
    """Depreciation 12.5 a quarter for two years: eight losses of 5. Then 6 of each 7.5 is offset, 80 %, and 40 last."""
    operation = {"tax": {"rate": 0.4, "life_years": 2, "nol_limit": 0.8}}
    study = changed(plant(operation=operation), study={"horizon_years": 5})
    _, timeline = run(study, tmp_path)
    taxed = [0] * 8 + [7.5 - 6] * 6 + [7.5 - 4, 7.5]
    close(timeline["plant"]["available_cash"][4:], 7.5 - 0.4 * np.array(taxed))


def test_senior_debt__drawn_with_spend_and_paid_first(tmp_path):
    """40 % of every spend; interest 8 % joins the debt while building, then level principal over two years."""
    debt = {"share": 0.4, "reference_rate": "rate", "margin": 0.03, "tenor_years": 2}
    factors = {"rate": {"unit": "1/year", "process": {"deterministic": {"curve": 0.05}}}}
    _, timeline = run(changed(plant(operation={"senior_debt": debt}), factors=factors), tmp_path)
    owed = 0.0
    for _ in range(4):
        owed = owed * 1.02 + 10
    close(timeline["plant"]["calls"], [15] * 4 + [0] * 4)
    service = [0.02 * owed * (1 - k / 8) + owed / 8 for k in range(4)]
    close(timeline["plant"]["available_cash"][4:], 7.5 - np.array(service))


def test_senior_debt__what_cash_does_not_cover_is_in_arrears_and_bears_interest(tmp_path):
    """All but nothing is earned for a half year: arrears of interest and principal, paid when the price rises."""
    debt = {"share": 0.4, "reference_rate": "rate", "margin": 0.0, "tenor_years": 10}
    prices = {"knots": [[0, 0], [1.6, 0], [1.6, 9]]}
    factors = {
        "rate": {"unit": "1/year", "process": {"deterministic": {"curve": 0.08}}},
        "price": {"process": {"deterministic": {"curve": prices}}},
    }
    _, timeline = run(changed(plant(operation={"senior_debt": debt}), factors=factors), tmp_path)
    owed = 0.0
    for _ in range(4):
        owed = owed * 1.02 + 10
    arrears, cash = 0.0, [0, 0, 22.5, 22.5]
    left = []
    for k in range(4):
        due = 0.02 * (owed * (1 - k / 40) + arrears) + owed / 40 + arrears
        arrears = due - min(due, cash[k])
        left.append(cash[k] - min(due, cash[k]))
    close(timeline["plant"]["available_cash"][4:], left)


@pytest.mark.parametrize(("shortfall", "fee"), [(0.05, 5.0), (0.06, 0.0)])
def test_developer_fee__in_equal_parts_only_for_a_whole_plant(shortfall, fee, tmp_path):
    """20 over a year, 5 a quarter, where no more than 5 % is missing."""
    operation = {"developer_fee": {"amount": 20.0, "years": 1, "tolerance": 0.05}}
    values, timeline = run(plant(construction={"shortfall": shortfall}, operation=operation), tmp_path)
    close(timeline["plant"]["available_cash"][4:], 7.5 * (1 - shortfall) - fee)
    close(paid(values, "developer_fee"), fee * DF[4:].sum())


def test_arrears__closed_after_half_a_year_that_was_never_paid(tmp_path):
    operation = {"fixed_om": {"per_year": 40.0}, "abandon_after_years": 0.5}
    _, timeline = run(plant(operation=operation), tmp_path)
    close(timeline["plant"]["revenue"], [0] * 4 + [7.5, 7.5, 0, 0])


def test_side_flows__spend_output_and_time_under_a_condition(tmp_path):
    """2 % of spend; .1 a tonne while the ban lasts, half of it; 4 a year, at a rate of the state, after the change."""
    regimes = {
        "ban": {
            "initial": {"state": "on", "since": "2026-03-31"},
            "states": {"on": {"attributes": {"relief": 4.0}}, "off": {"attributes": {"relief": 0.0}}},
        }
    }
    event = {"date": "2027-09-30", "outcomes": {"end": {"moves": {"ban": "off"}}}, "probabilities": {"end": 1}}
    own = {
        "margin": {"base": "spend", "rate": 0.02},
        "supply": {"base": "output", "rate": 0.1, "while": {"ban": ["on"]}},
    }
    scheme = {"relief": {"base": "time", "rate": {"regime": "ban", "attribute": "relief"}}}
    study = changed(plant(side_flows=own), regimes=regimes, events={"end": event}, side_flows=scheme)
    values, _ = run(study, tmp_path)
    close(paid(values, "vendor_margin"), 0.5 * DF[:4].sum())
    close(paid(values, "supply_chain_benefit"), 0.25 * DF[4:6].sum())
    close(values["scheme", "tariff_relief"], 1.0 * DF[:6].sum())
