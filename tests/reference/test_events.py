"""Dates of events: rounding, ties, refusals."""

import datetime as dt
import math

import numpy as np
import pytest

from paper_world import CLOCK, STATES, STAY, known, world


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
    regimes = {"l": {"initial": {"state": "a", "since": "2026-01-01"}, "states": STATES, "hazards": {"a": {"b": 1}}}}
    with pytest.raises(ValueError, match=words):
        world(regimes, events)


def test_dates__allowed_to_the_day():
    on_time = {"date": {"after": "a", "days": {"uniform": {"min": 30, "max": 31}}}, **STAY}
    assert world({}, {"e": on_time, "a": known(dt.date(2026, 3, 1), {})}).happened["e"][0] == CLOCK.time_of(
        dt.date(2026, 4, 1)
    )
