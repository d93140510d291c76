"""Timing in turn: what else the machine does meets all that is measured alike, and a median says what it takes."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

LEAST = 3
"""Turns of each thing that is measured."""

_SLACK = 2.0
"""How far beyond its share of the time a thing may go to get its least number of turns."""


class Spread(NamedTuple):
    """What several turns found.

    Attributes
    ----------
    median, low, high
        Middle, and the quartiles around it.
    turns
        How many there were.
    """

    median: float
    low: float
    high: float
    turns: int

    @property
    def relative(self) -> float:
        """Distance of the quartiles as a part of the median."""
        return (self.high - self.low) / self.median if self.median else 0.0


def spread(found: Sequence[float]) -> Spread:
    """Sum up what turns found.

    Parameters
    ----------
    found
        A number of each turn, in any unit.

    Examples
    --------
    >>> spread([3.0, 1.0, 2.0, 5.0, 4.0])
    Spread(median=3.0, low=2.0, high=4.0, turns=5)
    """
    low, median, high = np.quantile(found, (0.25, 0.5, 0.75))
    return Spread(float(median), float(low), float(high), len(found))


class Subject(NamedTuple):
    """Something that is measured.

    Attributes
    ----------
    name
        In words.
    share
        Its part of the time.
    turn
        Measures it once: numbers by their names.
    cost
        Seconds that a turn is known to take.
    """

    name: str
    share: float
    turn: Callable[[], Mapping[str, float]]
    cost: float

    def seconds_needed(self, least: int = LEAST) -> float:
        """Time for all subjects from which this one gets its turns.

        Parameters
        ----------
        least
            Turns that it must have.
        """
        return least * self.cost / (_SLACK * self.share)


Turns = Sequence[Mapping[str, float]]
"""What each turn of a subject found."""

Found = dict[str, list[Mapping[str, float]]]
"""The same by the subject's name."""


def in_turn(
    subjects: Sequence[Subject],
    seconds: float,
    told: Callable[[], None] = lambda: None,
    clock: Callable[[], float] = time.perf_counter,
    least: int = LEAST,
) -> Found:
    """Measure subjects in turn until the time is up, each as often as its share of the time allows.

    Parameters
    ----------
    subjects
        What is measured.
    seconds
        How long; each has its least number of turns in any case.
    told
        Called after each turn.
    clock
        Seconds from some moment on.
    least
        Turns that each must have.
    """
    found: Found = {subject.name: [] for subject in subjects}
    spent = dict.fromkeys(found, 0.0)
    began = clock()

    def wanted(subject: Subject) -> bool:
        return len(found[subject.name]) < least or clock() - began + subject.cost <= seconds

    while open_ := [subject for subject in subjects if wanted(subject)]:
        subject = min(open_, key=lambda each: spent[each.name] / each.share)
        before = clock()
        found[subject.name].append(subject.turn())
        spent[subject.name] += clock() - before
        told()
    return found


def column(turns: Turns, name: str) -> list[float]:
    """Give what each turn found of one number.

    Parameters
    ----------
    turns
        Of a subject.
    name
        Of the number.
    """
    return [turn[name] for turn in turns]
