"""The clock: occupancy against the matrix exponential, calendars to the day, the order of what happens."""

from datetime import date

import numpy as np
import pytest

import lane_calls as kernel
from clocks import (
    CHAIN,
    EVENT_STUDY,
    chain_checks,
    chain_study,
    event_checks,
    states,
    with_readers,
)
from studies import BARE, Check, changed, compile_in, run_all, run_leaves

SEED = 31
N = 1 << 15
NOTHING, EVENT, EXPIRY, HAZARD, DEAL, ARRIVAL = -1, 1, 2, 3, 5, 6


def regime(initial, its_states, hazards=None, since="2026-02-24"):
    out = {"initial": {"state": initial, "since": since}, "states": its_states}
    return out if hazards is None else {**out, "hazards": hazards}


def expiring(attribute, after_days, **outcome):
    return {"attributes": {"level": attribute}, "expires": {"after_days": after_days, "outcome": outcome}}


def run(study, folder, *readers, n=256):
    return run_all(compile_in(with_readers(changed(BARE, **study), *readers), folder), SEED, n)


@pytest.mark.parametrize("m", [4, 12])
def test_occupancy__hazards_alone_are_the_matrix_exponential(m, tmp_path):
    done, check, occupancy, n = compile_in(chain_study(2, m), tmp_path), Check(), 0.0, N // (m // 4)
    for leaf in run_leaves(done, SEED, n):
        check.add(chain_checks(leaf, 2 * m, 1 / m, 2))
        np.testing.assert_allclose(leaf.occupancy, leaf.attributes.sum(axis=2), rtol=1e-12, atol=1e-9)
        occupancy = occupancy + leaf.occupancy
    check.assert_within(4.5)
    np.testing.assert_allclose(occupancy.sum(axis=0), n, rtol=1e-12)


def test_occupancy__each_path_fills_each_step(tmp_path):
    out = run_all(compile_in(chain_study(), tmp_path), SEED, 512)
    np.testing.assert_allclose(out.attributes.sum(axis=0), 1.0, atol=1e-12)
    assert (out.attributes >= -1e-15).all() and set(range(len(CHAIN))) == set(out.values["scheme", "final_state_mood"])


# steps from 2026-03-31: 91 days to 06-30, 92 to 09-30, 92 to 12-31, 90 to 2027-03-31
S122 = regime("s122", {"s122": expiring(1.0, 150, again=1), "again": expiring(2.0, 150, gap=1), **states(gap=0)})


def test_expiry__s122_lasts_150_days_from_its_own_date_to_the_day(tmp_path):
    """2026-02-24 + 150 days = 07-24, day 24 of step 1; + 150 = 12-21, day 82 of step 2."""
    out = run({"regimes": {"general": S122}}, tmp_path, ("general", "level"))
    assert date(2026, 7, 24).toordinal() - date(2026, 2, 24).toordinal() == 150
    assert date(2026, 12, 21).toordinal() - date(2026, 7, 24).toordinal() == 150
    expected = np.zeros((3, 8))
    expected[0, :2] = [1.0, 24 / 92]
    expected[1, 1:3] = [1 - 24 / 92, 82 / 92]
    expected[2, 2:] = [10 / 92, 1, 1, 1, 1, 1]
    np.testing.assert_allclose(out.occupancy, 256 * expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(out.attributes[0], (expected[0] + 2 * expected[1])[:, None] * np.ones(256), atol=1e-12)
    assert (out.values["scheme", "final_state_general"] == 2).all()


def test_expiry__with_hazards_never_lasts_longer(tmp_path):
    """Entered at any time, s122 holds its attribute for at most 150 days; from the start, exp(-h t) reach the clock."""
    hazard, n = 0.8, N
    world = regime(
        "s122",
        {"s122": expiring(1.0, 150, deal=0.6, gap=0.4), **states(gap=0, deal=0)},
        {"s122": {"gap": hazard}},
    )
    study = with_readers(changed(BARE, regimes={"general": world}), ("general", "level"))
    check = Check()
    end = 0.25 * (1 + 24 / 92)
    mean = np.zeros(8)
    mean[0] = -np.expm1(-hazard * 0.25) / (hazard * 0.25)
    mean[1] = (np.exp(-hazard * 0.25) - np.exp(-hazard * end)) / (hazard * 0.25)
    for leaf in run_leaves(compile_in(study, tmp_path), SEED, n):
        share = leaf.attributes[0]
        assert share[1].max() <= 24 / 92 + 1e-12 and (np.abs(share[2:]) < 1e-15).all()
        to_the_day = np.abs(share[1] - 24 / 92) < 1e-12
        deal = leaf.values["scheme", "final_state_general"] == 2
        assert to_the_day[deal].all()  # only the clock leads there
        reached = np.exp(-hazard * end)
        check.add(
            {
                "share": (share[:2], mean[:2]),
                "reached": (to_the_day[None].astype(float), [reached]),
                "deal": (deal[None].astype(float), [0.6 * reached]),
            }
        )
    check.assert_within(4.5)


def test_expiry__state_entered_inside_a_day_counts_from_the_next(tmp_path):
    """Entered by a hazard at any time of day, a state of 10 days ends at a day's start, 10 to 11 days after."""
    world = regime(
        "gap", {**states(gap=0), "s122": expiring(1.0, 10, over=1), **states(over=0)}, {"gap": {"s122": 4.0}}
    )
    study = changed(BARE, regimes={"general": world}, study={"horizon_years": 4, "steps_per_year": 12})
    out = run_all(compile_in(with_readers(study, ("general", "level")), tmp_path), SEED, 2048)
    ends = [date(2026 + (2 + k) // 12, (2 + k) % 12 + 1, 1) for k in range(49)]
    days = np.diff([last_of(d).toordinal() for d in ends])
    lasted = (out.attributes[0] * days[:, None]).sum(axis=0)
    whole = out.values["scheme", "final_state_general"] == 2
    assert whole.mean() > 0.99
    assert (lasted[whole] > 10 - 1e-9).all() and (lasted[whole] < 11 + 1e-9).all()
    assert np.std(lasted[whole]) > 0.2  # the part of the first day is there
    # the end falls on a day's start: the share of the step up to it is a whole number of days
    for p in np.nonzero(whole)[0][:200]:
        t = np.nonzero(out.attributes[0, :, p])[0]
        if t.size == 2:  # two steps: in the second the state holds from the step's start to its end
            in_second = out.attributes[0, t[1], p] * days[t[1]]
            assert in_second == pytest.approx(round(in_second), abs=1e-9)


def last_of(first):
    """Month end, clamped from the 31st: 31 March, 30 April, ..."""
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return date.fromordinal(following.toordinal() - 1)


def test_expiry__since_the_same_day_as_the_value_date(tmp_path):
    world = regime("s122", {"s122": expiring(1.0, 91, gap=1), **states(gap=0)}, since="2026-03-31")
    out = run({"regimes": {"general": world}}, tmp_path, ("general", "level"))
    assert (out.attributes[0, 0] == 1.0).all() and (out.attributes[0, 1:] == 0.0).all()


def test_events__frequencies_follow_rules_by_state_and_earlier_outcome(tmp_path):
    check = Check()
    for leaf in run_leaves(compile_in(changed(BARE, **EVENT_STUDY), tmp_path), SEED, N):
        check.add(event_checks(leaf))
    check.assert_within(4.5)


def test_events__take_effect_at_their_date_inside_a_step(tmp_path):
    """2026-11-03 is day 34, 2026-12-01 day 62 of step 2, which has 92 days."""
    world = {
        "regimes": {"general": regime("low", states(low=0.1, high=0.4, top=0.7))},
        "events": {
            "later": {
                "date": "2026-12-01",
                "outcomes": {"up": {"moves": {"general": "top"}}},
                "probabilities": {"up": 1},
            },
            "ruling": {
                "date": "2026-11-03",
                "outcomes": {"up": {"moves": {"general": "high"}}},
                "probabilities": {"up": 1},
            },
        },
    }
    out = run(world, tmp_path, ("general", "level"))
    mean = (34 * 0.1 + 28 * 0.4 + 30 * 0.7) / 92
    expected = np.array([0.1, 0.1, mean, 0.7, 0.7, 0.7, 0.7, 0.7])
    np.testing.assert_allclose(out.attributes[0], expected[:, None] * np.ones(256), rtol=1e-13)


def moving(day, target, probabilities=None, moved="general"):
    """An event that asks for the state of `general` before it moves a regime."""
    return {
        "date": day,
        "outcomes": {"seen": {"moves": {moved: target}}, "missed": {"moves": {moved: target}}},
        "probabilities": probabilities or {"seen": 1, "missed": 0},
    }


def if_general_is(state):
    return [{"when": {"regimes": {"general": state}}, "is": {"seen": 1, "missed": 0}}, {"is": {"seen": 0, "missed": 1}}]


def test_ties__event_comes_before_the_clock_of_the_same_day(tmp_path):
    """On 2026-07-24 the event still finds s122, and what it moves is not moved again by the dead clock."""
    world = regime("s122", {"s122": expiring(0.1, 150, punitive=1), **states(punitive=0.3, gap=0)})
    events = {"ruling": moving("2026-07-24", "gap", if_general_is("s122"))}
    out = run({"regimes": {"general": world}, "events": events}, tmp_path)
    assert (out.values["scheme", "outcome_ruling"] == 0).all()
    assert (out.values["scheme", "final_state_general"] == 2).all()
    # the day after, the clock has struck
    events = {"ruling": moving("2026-07-25", "gap", if_general_is("s122"))}
    out = run({"regimes": {"general": world}, "events": events}, tmp_path)
    assert (out.values["scheme", "outcome_ruling"] == 1).all()


@pytest.mark.parametrize(("names", "final"), [(("first", "second"), 2), (("second", "first"), 1)])
def test_ties__events_of_one_date_come_in_the_order_of_the_file(names, final, tmp_path):
    events = {
        "first": moving("2027-01-15", "a", if_general_is("start")),
        "second": moving("2027-01-15", "b", if_general_is("a")),
    }
    world = {"regimes": {"general": regime("start", states(start=0, a=1, b=2))}}
    out = run({**world, "events": {name: events[name] for name in names}}, tmp_path)
    seen = {name: out.values["scheme", f"outcome_{name}"] for name in names}
    assert (out.values["scheme", "final_state_general"] == final).all()
    if names[0] == "first":
        assert (seen["first"] == 0).all() and (seen["second"] == 0).all()
    else:  # the second finds no `a` yet; the first then finds `b`
        assert (seen["second"] == 1).all() and (seen["first"] == 1).all()


def test_events__move_to_the_state_it_is_in_leaves_the_clock_running(tmp_path):
    world = regime("s122", {"s122": expiring(1.0, 150, gap=1), **states(gap=0)})
    events = {"again": moving("2026-05-01", "s122")}
    out = run({"regimes": {"general": world}, "events": events}, tmp_path, ("general", "level"))
    np.testing.assert_allclose(out.attributes[0, :3], np.array([[1], [24 / 92], [0]]) * np.ones(256), atol=1e-12)


def test_events__on_the_value_date_and_on_the_last_day(tmp_path):
    world = {
        "regimes": {"general": regime("start", states(start=0.5, a=1.0, b=2.0))},
        "events": {"now": moving("2026-03-31", "a"), "last": moving("2028-03-30", "b")},
    }
    out = run(world, tmp_path, ("general", "level"))
    assert (out.attributes[0, :7] == 1.0).all()
    np.testing.assert_allclose(out.attributes[0, 7], 1.0 + 1 / 91, rtol=1e-12)  # 2027-12-31 to 2028-03-31: 91 days


def test_hazards__threshold_lives_on_when_an_event_moves_the_regime(tmp_path):
    """Intensity 1 for a year, then 3: P(no jump by 2 years) = exp(-1 - 3), and each jump time keeps its threshold."""
    world = {
        "regimes": {
            "general": regime("slow", states(slow=0, fast=0, gone=1), {"slow": {"gone": 1.0}, "fast": {"gone": 3.0}})
        },
        "events": {
            "speed": {
                "date": "2027-03-31",
                "outcomes": {"up": {"moves": {"general": "fast"}}, "no": {"moves": {}}},
                "probabilities": [
                    {"when": {"regimes": {"general": "slow"}}, "is": {"up": 1, "no": 0}},
                    {"is": {"up": 0, "no": 1}},
                ],
            }
        },
    }
    done, check = compile_in(with_readers(changed(BARE, **world), ("general", "level")), tmp_path), Check()
    t = np.linspace(0, 2, 9)
    left = np.exp(-np.where(t <= 1, t, 3 * t - 2))
    rate = np.where(t[1:] <= 1, 1.0, 3.0)
    share = 1 - (left[:-1] - left[1:]) / rate / 0.25
    for leaf in run_leaves(done, SEED, N):
        check.add({"share": (leaf.attributes[0], share)})
    check.assert_within(4.5)


def test_ties__event_clock_funding_hazard_arrival_then_order_of_the_regimes():
    events, none = kernel.events_at(np.inf, 0.5, 0.5), kernel.events_at()
    # regimes: intensity, expires, threshold; both hazards strike at 0 + 1 / 2
    clocks = kernel.regimes_now((2.0, 0.5, 1.0), (2.0, 0.5, 1.0))
    hazards = kernel.regimes_now((2.0, np.inf, 1.0), (2.0, np.inf, 1.0))
    second = kernel.regimes_now((2.0, np.inf, 1.0), (2.0, 0.5, 1.0))
    still = kernel.regimes_now((0.0, np.inf, 1.0), (0.0, np.inf, 1.0))
    arrivals, dry = kernel.pipelines_now((2.0, 1.0), (2.0, 1.0)), kernel.pipelines_now()
    due, never = kernel.deal_at(0.5, 3), kernel.deal_at()

    def next_of(now, event_states, flow, ledger, horizon=2.0):
        return kernel.next_of(now, event_states, flow, ledger, horizon)

    assert next_of(clocks, events, arrivals, due) == (0.5, EVENT, 1)
    assert next_of(clocks, none, arrivals, due) == (0.5, EXPIRY, 0)
    assert next_of(second, none, arrivals, due) == (0.5, EXPIRY, 1)
    assert next_of(hazards, none, arrivals, due) == (0.5, DEAL, 3)
    assert next_of(hazards, none, arrivals, never) == (0.5, HAZARD, 0)
    assert next_of(still, none, arrivals, never) == (0.5, ARRIVAL, 0)
    assert next_of(still, none, dry, never) == (2.0, NOTHING, 0)
    assert next_of(clocks, events, arrivals, due, horizon=0.5) == (0.5, NOTHING, 0)  # the horizon is not reached
