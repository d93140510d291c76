"""Dates of events: rounding, ties, refusals."""

import datetime as dt
import math

import numpy as np
import pytest

import reference as ref
from paper_deal import decided, play
from paper_world import CLOCK, STATES, STAY, Fixed, known, world


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
        ({"a": {"date": {"after": {"enters": {"l": "b"}}, "days": -1}, **STAY}}, "negative"),
        ({"a": known(dt.date(2027, 3, 1), {"scale_hazards": {"l": {"a": {"c": 2}}}})}, "no hazard"),
        ({"a": known(dt.date(2027, 3, 1), {"scale_hazards": {"l": {"a": {"b": -1}}}})}, "negative"),
        ({"a": known(dt.date(2027, 3, 1), {"delays": {"p": -1}})}, "negative"),
    ],
)
def test_dates__refusals(events, words):
    regimes = {"l": {"initial": {"state": "a", "since": "2026-01-01"}, "states": STATES, "hazards": {"a": {"b": 1}}}}
    with pytest.raises(ValueError, match=words):
        world(regimes, events)


def test_dates__allowed_to_the_day():
    on_time = {"date": {"after": "a", "days": {"uniform": {"min": 30, "max": 31}}}, **STAY}
    assert world({}, {"e": on_time, "a": known(dt.date(2026, 3, 1), {})}).happened["e"][0] == CLOCK.time_of(
        dt.date(2026, 4, 1)
    )


def entered(state, days, outcome=None):
    """Return an event that counts from the first entry of the regime l into a state."""
    return known({"after": {"enters": {"l": state}}, "days": days}, outcome or {})


def moved(day, state):
    return known(day, {"moves": {"l": state}})


def regime(start="a", hazards=None, **expires):
    states = {name: {**state, **expires.get(name, {})} for name, state in STATES.items()}
    initial = {"state": start, "since": dt.date(2026, 1, 1)}
    return {"l": {"initial": initial, "states": states, "hazards": hazards}}


MARCH, JUNE, JULY = dt.date(2027, 3, 1), dt.date(2027, 6, 1), dt.date(2027, 7, 1)


def test_entry__counts_from_the_first_and_only_once():
    events = {
        "first": moved(MARCH, "b"),
        "again": moved(JUNE, "b"),  # a move to the state that it is in
        "back": moved(JULY, "a"),
        "third": moved(dt.date(2027, 8, 1), "b"),
        "e": entered("b", 10.5),
        "home": entered("a", 3),  # the state of the value date is entered with the return to it
        "never": entered("c", 0),
        "after": {"date": {"after": "never", "days": 0}, **STAY},
    }
    got = world(regime(), events)
    assert got.happened["e"][0] == CLOCK.time_of(MARCH + dt.timedelta(days=11))
    assert got.happened["home"][0] == CLOCK.time_of(JULY + dt.timedelta(days=3))
    assert got.outcomes["never"][0] == got.outcomes["after"][0] == -1 and np.isnan(got.happened["never"][0])
    assert [jump[3] for jump in got.jumps[0]] == ["b", "a", "b"]


def test_entry__by_a_hazard_inside_a_day_counts_from_the_next():
    at = 0.5 + 0.25 * (27 + 0.25) / 92  # a quarter into the day that is 27 days behind 30 September
    draws = Fixed({("regime/l/hold", 0): 1 - math.exp(-at), ("regime/l/hold", 1): 0.9999})
    got = world(regime(hazards={"a": {"b": 1.0}}), {"e": entered("b", 0), "f": entered("b", 2)}, draws)
    assert got.jumps[0][0][0] == pytest.approx(at)
    entry = dt.date(2026, 9, 30) + dt.timedelta(days=28)
    assert got.happened["e"][0] == CLOCK.time_of(entry)
    assert got.happened["f"][0] == CLOCK.time_of(entry + dt.timedelta(days=2))
    assert got.margins["clock_date"][0] == pytest.approx(0.25, abs=1e-6)


def test_entry__by_a_clock_and_into_the_same_state_not_at_all():
    expires = {"expires": {"after_days": 120, "outcome": {"a": 0.5, "b": 0.5}}}
    events = {"e": entered("b", 1), "same": entered("a", 1)}
    end = dt.date(2026, 1, 1) + dt.timedelta(days=120)
    got = world(regime(a=expires), events, Fixed({("regime/l/clock", 0): 0.51}))
    assert got.happened["e"][0] == CLOCK.time_of(end + dt.timedelta(days=1)) and got.outcomes["same"][0] == -1
    got = world(regime(a=expires), events, Fixed({("regime/l/clock", 0): 0.49}))
    assert got.outcomes["e"][0] == got.outcomes["same"][0] == -1


def test_entry__a_past_event_enters_nothing():
    events = {"past": moved(dt.date(2026, 2, 1), "b"), "e": entered("b", 60), "first": moved(MARCH, "b")}
    got = world(regime(), events)
    assert got.happened["e"][0] == CLOCK.time_of(MARCH + dt.timedelta(days=60))


def test_entry__events_of_one_day_queue_in_the_order_of_the_file():
    def asks(name):
        rules = [{"when": {"outcomes": {name: "o"}}, "is": {"other": 1}}, {"is": {"o": 1}}]
        return {"outcomes": {"o": {}, "other": {}}, "probabilities": rules}

    events = {
        "early": {"date": {"after": {"enters": {"l": "b"}}, "days": 0}, **asks("same")},  # before `same` in the file
        "mover": moved(MARCH, "b"),
        "same": {"date": MARCH, **asks("late")},
        "late": {"date": {"after": {"enters": {"l": "b"}}, "days": 0}, **asks("same")},
        "follower": {"date": {"after": "late", "days": 0}, **asks("late")},
    }
    got = world(regime(), events)
    assert {got.happened[name][0] for name in events} == {CLOCK.time_of(MARCH)}
    assert [int(got.outcomes[name][0]) for name in ("early", "same", "late", "follower")] == [0, 0, 1, 0]


def test_entry__events_set_each_other_off():
    events = {
        "first": moved(MARCH, "b"),
        "second": entered("b", 5, {"moves": {"l": "c"}}),
        "third": entered("c", 7, {"moves": {"l": "b"}}),  # no first entry
        "fourth": {"date": {"after": "third", "days": 1}, **STAY},
        "beyond": entered("c", 3000),
        "behind": {"date": {"after": "beyond", "days": 0}, **STAY},
    }
    got = world(regime(), events)
    for name, days in (("second", 5), ("third", 12), ("fourth", 13)):
        assert got.happened[name][0] == CLOCK.time_of(MARCH + dt.timedelta(days=days))
    assert got.outcomes["beyond"][0] == got.outcomes["behind"][0] == -1


def test_entry__after_a_decline():
    events = {"e": {"date": {"after": {"enters": {"l": "b"}}, "days": 30}, **STAY}}
    triggers = [{"probability": 0.6, "moves": {"l": "b"}}]
    study, draws = decided({"project/p/funding": 0.9, ("project/p/trigger", 0): 0.5}, triggers=triggers, events=events)
    sim, _, _ = play(study, draws)
    clock, due = ref.Calendar(dt.date(2026, 12, 31), 1, 7), ref.due_date(dt.date(2026, 12, 1), 45, ["US"])
    assert sim.happened["e"][0] == clock.time_of(due + dt.timedelta(days=30))


def test_entry__its_days_are_a_delay_drawn_once():
    class Scores(Fixed):
        def scores(self, name, index, paths):
            asked.append((name, index))
            return np.full(len(paths), 1.0)

    asked = []
    events = {"first": moved(MARCH, "b"), "e": entered("b", {"normal": {"mean": 20, "sd": 4.4}, "truncate": [0, None]})}
    got = world(regime(), events, Scores())
    assert asked == [("event/e/delay", 0)] and got.happened["e"][0] == CLOCK.time_of(MARCH + dt.timedelta(days=25))
    assert got.margins["clock_days"][0] == pytest.approx(0.4, abs=1e-4)
