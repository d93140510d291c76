"""Subjects are measured in turn, each as often as its share of the time allows."""

import pytest

from spvrisk.experiments.timing.turns import LEAST, Subject, column, in_turn, spread


class Clock:
    """A clock that goes on by what is done, and the order in which it is done."""

    def __init__(self):
        self.now, self.order = 100.0, []

    def __call__(self):
        return self.now

    def subject(self, name, share, cost, expected=None):
        def turn():
            self.now += cost
            self.order.append(name)
            return {"n": float(len(self.order))}

        return Subject(name, share, turn, cost if expected is None else expected)


def measured(subjects, seconds, clock):
    return {name: len(turns) for name, turns in in_turn(subjects, seconds, clock=clock).items()}


def test_turns__share_the_time_as_they_should():
    clock = Clock()
    found = measured(
        [clock.subject("a", 0.5, 1.0), clock.subject("b", 0.25, 1.0), clock.subject("c", 0.25, 0.5)], 40, clock
    )
    assert found == {"a": 20, "b": 10, "c": 20}
    assert clock.now == 140.0


def test_turns__are_mixed_so_that_what_disturbs_meets_all():
    clock = Clock()
    measured([clock.subject("a", 0.5, 1.0), clock.subject("b", 0.5, 1.0)], 20, clock)
    assert "".join(clock.order).count("ab") + "".join(clock.order).count("ba") >= 18


def test_turns__each_has_its_least_number_however_short_the_time():
    clock = Clock()
    assert measured([clock.subject("a", 0.9, 0.1), clock.subject("b", 0.1, 60.0)], 1, clock) == {"a": LEAST, "b": LEAST}
    clock = Clock()
    assert measured([clock.subject("a", 1.0, 5.0)], -7, clock) == {"a": LEAST}


def test_turns__none_begins_that_would_not_end_in_time():
    clock = Clock()
    assert measured([clock.subject("a", 1.0, 3.0)], 13, clock) == {"a": 4}


def test_turns__are_told_one_by_one():
    clock, told = Clock(), []
    in_turn([clock.subject("a", 1.0, 1.0)], 5, lambda: told.append(clock.now), clock)
    assert told == [101.0, 102.0, 103.0, 104.0, 105.0]


def test_seconds_needed__allow_the_least_number_of_turns():
    subject = Clock().subject("a", 0.25, 2.0)
    assert subject.seconds_needed() == pytest.approx(3 * 2.0 / (2 * 0.25))


def test_spread__is_the_median_with_the_quartiles():
    assert spread([4.0, 1.0, 3.0, 2.0]) == (2.5, 1.75, 3.25, 4)
    assert spread([7.0]) == (7.0, 7.0, 7.0, 1)
    assert spread([4.0, 1.0, 3.0, 2.0]).relative == pytest.approx(0.6)
    assert spread([0.0, 0.0]).relative == 0.0
    assert column([{"a": 1.0, "b": 2.0}, {"a": 3.0, "b": 4.0}], "b") == [2.0, 4.0]
