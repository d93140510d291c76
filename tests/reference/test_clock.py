"""The clock: thresholds, expiries, rules, scaled hazards."""

import datetime as dt
import math

import numpy as np
import pytest
from scipy import integrate, linalg

import reference as ref
from paper_world import STATES, Fixed, known, world


def test_clock__threshold_lives_on_through_an_event():
    regimes = {
        "l": {
            "initial": {"state": "a", "since": dt.date(2026, 1, 1)},
            "states": STATES,
            "hazards": {"a": {"b": 0.5}, "c": {"a": 2.0, "b": 2.0}},
        }
    }
    events = {
        "e": {
            "date": dt.date(2027, 3, 31),
            "outcomes": {"no": {"moves": {}}, "yes": {"moves": {"l": "c"}}},
            "probabilities": {"no": 0.4, "yes": 0.6},
        }
    }
    one = 1 - math.exp(-1)  # a threshold of 1
    draws = Fixed(
        {
            ("regime/l/hold", 0): one,
            ("event/e/outcome", 0): 0.41,
            ("regime/l/to", 0): 0.6,
            ("regime/l/hold", 1): 0.999,
        }
    )
    got = world(regimes, events, draws)
    # half of the threshold is used up by the event at year 1, the rest goes at intensity 4: a jump at 1.125
    assert [(pytest.approx(t), *rest) for t, *rest in got.jumps[0]] == [
        (1.0, "l", "a", "c", "event:e"),
        (1.125, "l", "c", "b", "hazard"),
    ]
    assert got.attributes["l", "x"][:, 0] == pytest.approx([0, 0, 0, 0, 0.5 * 4 + 0.5 * 1] + [1] * 11)
    assert got.outcomes["e"].tolist() == [1] and got.final_states["l"].tolist() == [1]
    assert got.margins["clock_choice"][0] == pytest.approx(0.01)


def test_clock__state_expires_on_its_day():
    states = {
        "a": {**STATES["a"], "expires": {"after_days": 150, "outcome": {"b": 0.5, "c": 0.5}}},
        "b": STATES["b"],
        "c": STATES["c"],
    }
    regimes = {
        "l": {
            "initial": {"state": "a", "since": dt.date(2026, 2, 24)},
            "states": states,
            "hazards": {"c": {"a": 1.0}},
        }
    }
    draws = Fixed({("regime/l/hold", 0): 1 - math.exp(-0.1), ("regime/l/clock", 0): 0.5, ("regime/l/hold", 1): 0.9})
    got = world(regimes, draws=draws)
    july = ref.Calendar(dt.date(2026, 3, 31), 4, 4).time_of(dt.date(2026, 7, 24))
    assert got.jumps[0][0] == (july, "l", "a", "c", "clock")
    # back in a at july + 0.1 years = 2026-08-29.7: the entry is the 30th, the 150 days end on 2027-01-27
    assert got.jumps[0][1] == (pytest.approx(july + 0.1), "l", "c", "a", "hazard")
    assert ref.Calendar(dt.date(2026, 3, 31), 4, 4).time_of(dt.date(2027, 1, 27)) == got.jumps[0][2][0]


def test_clock__event_goes_before_clock_on_the_same_day():
    states = {
        "a": {**STATES["a"], "expires": {"after_days": 100, "outcome": {"b": 1.0}}},
        "b": STATES["b"],
        "c": STATES["c"],
    }
    regimes = {"l": {"initial": {"state": "a", "since": dt.date(2026, 3, 31)}, "states": states}}
    events = {
        "e": {
            "date": dt.date(2026, 7, 9),
            "outcomes": {"o": {"moves": {"l": "c"}}},
            "probabilities": {"o": 1.0},
        }
    }
    assert [jump[3] for jump in world(regimes, events).jumps[0]] == ["c"]


def test_clock__rules_by_state_and_earlier_outcome():
    regimes = {"l": {"initial": {"state": "a", "since": dt.date(2026, 1, 1)}, "states": STATES}}
    outcomes = {"p": {"moves": {"l": "b"}}, "q": {"moves": {}}}

    def events(first):
        rules = [
            {"when": {"regimes": {"l": "b"}, "outcomes": {"one": "p"}}, "is": {"p": 0, "q": 1}},
            {"when": {"outcomes": {"one": "q"}}, "is": {"p": 1, "q": 0}},
            {"is": {"p": 0.5, "q": 0.5}},
        ]
        sure = {"p": float(first == "p"), "q": float(first == "q")}
        return {
            "two": {"date": dt.date(2028, 1, 1), "outcomes": outcomes, "probabilities": rules},
            "one": {"date": dt.date(2027, 1, 1), "outcomes": outcomes, "probabilities": sure},
            "late": {"date": dt.date(2040, 1, 1), "outcomes": outcomes, "probabilities": rules},
        }

    for first, second in (("p", 1), ("q", 0)):
        got = world(regimes, events(first))
        assert got.outcomes["two"].tolist() == [second]
        assert got.outcomes["late"].tolist() == [-1]


def test_clock__occupancy_is_the_matrix_exponential():
    hazards = {"a": {"b": 1.0, "c": 0.5}, "b": {"c": 2.0}, "c": {"a": 0.3, "b": 0.2}}
    regimes = {"l": {"initial": {"state": "a", "since": dt.date(2026, 1, 1)}, "states": STATES, "hazards": hazards}}
    n, got = 1500, world(regimes, draws=ref.Draws(3), n=1500, years=2)
    rates = np.array([[-1.5, 1, 0.5], [0, -2, 2], [0.3, 0.2, -0.5]])
    expected = linalg.expm(rates * 2)[0]
    share = np.bincount(got.final_states["l"], minlength=3) / n
    assert (np.abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) / n)).all()
    mean = np.array([integrate.quad(lambda t, j=j: linalg.expm(rates * t)[0, j], 1.75, 2)[0] * 4 for j in range(3)])
    assert np.allclose(got.occupancy["l"][:, -1].mean(axis=1), mean, atol=4 * 0.5 / math.sqrt(n))
    assert np.allclose(got.occupancy["l"].sum(axis=0), 1)


def regime(hazards):
    return {"l": {"initial": {"state": "a", "since": dt.date(2026, 1, 1)}, "states": STATES, "hazards": hazards}}


def test_scales__multiply_from_the_event_on():
    events = {
        "past": known(dt.date(2026, 1, 31), {"moves": {"l": "c"}, "scale_hazards": {"l": {"a": {"b": 0.5}}}}),
        "one": known(dt.date(2027, 3, 31), {"scale_hazards": {"l": {"a": {"b": 6}, "b": {"a": 3, "c": 0}}}}),
        "two": known(dt.date(2027, 9, 30), {"scale_hazards": {"l": {"a": {"b": 2}}}}),
    }
    table = {
        ("regime/l/hold", 0): 1 - math.exp(-2.5),
        ("regime/l/hold", 1): 1 - math.exp(-0.3),
        ("regime/l/to", 1): 0.9999,
    }
    got = world(regime({"a": {"b": 1.0}, "b": {"c": 9.0, "a": 0.5}}), events, Fixed(table))
    # 0.5 by year 1, 1.5 by year 1.5, the remaining 0.5 at 6: 1 + 0.5 + 1 / 12; then 0.3 at 1.5, to a with certainty
    assert [(pytest.approx(t), *rest) for t, *rest in got.jumps[0][:2]] == [
        (1.5 + 0.5 / 6, "l", "a", "b", "hazard"),
        (1.5 + 0.5 / 6 + 0.2, "l", "b", "a", "hazard"),
    ]
    assert got.happened["past"][0] == pytest.approx(-59 / 365.25) and got.outcomes["past"][0] == 0


def test_scales__targets_in_proportion():
    events = {"e": known(dt.date(2026, 3, 31), {"scale_hazards": {"l": {"a": {"b": 3}}}})}
    for u, target in ((0.74, "b"), (0.76, "c")):
        got = world(regime({"a": {"b": 2.0, "c": 2.0}}), events, Fixed({("regime/l/to", 0): u}))
        assert got.jumps[0][0][3] == target


def test_forced__only_the_outcome_is_given():
    events = {"e": {"date": dt.date(2027, 3, 31), "outcomes": {"o": {}, "p": {"moves": {"l": "c"}}}, "outcome": "p"}}
    got = world(regime({}), events)
    assert got.jumps[0] == [(1.0, "l", "a", "c", "event:e")] and got.outcomes["e"][0] == 1
