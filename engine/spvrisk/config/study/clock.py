"""Regimes of the legal and political world: states with hazards and clocks."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from spvrisk.catalogue import phrase
from spvrisk.config.base import (
    AddingUp,
    Chance,
    Date,
    Lax,
    Model,
    Name,
    Path,
    Title,
    Whole,
    Within,
    distinct,
    refusal,
    shown,
)
from spvrisk.config.laws import Measure
from spvrisk.config.study.factors import Factor
from spvrisk.config.study.head import StudyHead
from spvrisk.config.study.parts import Parts, known, sound
from spvrisk.errors import Problem

if TYPE_CHECKING:
    from spvrisk.config.study.root import Study


Probabilities = Annotated[dict[Name, Chance], AddingUp(phrase("probabilities"))]


FASTEST = 1e9
"""Highest yearly intensity, of what takes place at once."""


OFTEN = 1000.0
"""Yearly intensity above which transitions must not form a circle: a path would never end."""


Intensity = Annotated[float, Within(0, FASTEST)]
"""Per year; a state that lasts less than a working day on average is no state."""


Scale = Annotated[float, Within(0, 1000)]
"""Multiple of a yearly intensity."""


class AttributeRef(Model):
    """Attribute of a regime that serves as a number elsewhere: a tariff rate, or the rate of a side flow."""

    regime: str = Field(description="name of the regime")
    attribute: str = Field(description="name of its attribute, in the unit of what it stands for: a rate 0.1 for 10 %")


def _some_states(states: tuple[str, ...]) -> tuple[str, ...]:
    if not states:
        raise refusal(
            Problem.at((), "needs a state", phrase("an empty list"), "name the states, or leave the regime out")
        )
    return distinct(states)


StatesOfRegimes = dict[Name, Annotated[tuple[Name, ...], AfterValidator(_some_states), Lax]]
"""For each named regime, the states in one of which it must be."""


class Initial(Model):
    """State of a regime at the value date."""

    state: str = Field(description="one of the regime's states")
    since: Date = Field(description="date on which the state began; its clock counts from here")


class Expiry(Model):
    """End of a state by a clock."""

    after_days: Annotated[Whole, Within(1, 36525)] = Field(description="calendar days from the state's entry")
    outcome: Probabilities = Field(description="probability of each next state")


class State(Model):
    """A state of a regime."""

    title: Title | None = Field(default=None, description="by language")
    attributes: dict[Name, float] = Field(default={}, description="numbers that hold while the state lasts, by name")
    shifts: dict[Name, float] = Field(
        default={},
        description="what the state does to a factor while it lasts: a multiple of the observed value, or for vasicek "
        "an addition to it, in the factor's unit",
    )
    expires: Expiry | None = Field(default=None, description="clock that ends the state")
    stops_calls: bool = Field(
        default=False, description="whether entering the state cancels the projects that are funded and not complete"
    )
    arrival_multiplier: Scale = Field(
        default=1.0, description="multiple of the pipelines' yearly arrivals while the state lasts"
    )


class Count(Model):
    """How many decisions there must have been at the least."""

    declined: Annotated[Whole, Within(0, 10_000)] = Field(
        default=0, description="number of fundings that were declined"
    )
    delayed: Annotated[Whole, Within(0, 10_000)] = Field(default=0, description="number of delays of fundings")


class Situation(Model):
    """What must be so for hazards to be scaled; all of its parts must hold."""

    regimes: dict[Name, Name] = Field(default={}, description="state that each named regime must be in")
    outcomes: dict[Name, Name] = Field(default={}, description="outcome that each named event must have had")
    count: Count = Field(default=Count(), description="numbers of decisions that must have been reached")


class HazardRule(Model):
    """Hazards of a regime that are scaled as long as something is so."""

    when: Situation
    scale: dict[Name, dict[Name, Scale]] = Field(
        description="multiples of yearly intensities, by state left and state entered", min_length=1
    )


class Regime(Model):
    """A part of the legal and political world that is in one state at a time."""

    title: Title
    initial: Initial
    states: dict[Name, State] = Field(description="by name", min_length=1)
    hazards: dict[Name, dict[Name, Intensity]] = Field(
        {}, description="yearly intensity of the transition, by state left and state entered"
    )
    scaled_hazards: Annotated[tuple[HazardRule, ...], Lax] = Field(
        default=(), description="by what hazards are multiplied while something is so; several rules multiply"
    )


UNDEFINED = "undefined"
"""What results call the outcome of an event that does not happen: no name for a state or an outcome."""


def checks(parts: Parts) -> Iterator[Problem]:
    """Problems of regimes, their states, clocks and hazards."""
    head = parts.one(StudyHead)
    for name, regime in sound(parts.named(Regime)):
        at: Path = ("regimes", name)
        states = regime.states
        yield from reserved((*at, "states"), states)
        yield from known((*at, "initial", "state"), regime.initial.state, states, phrase("a state of the regime"))
        for state, found in states.items():
            for target in found.expires.outcome if found.expires else ():
                where = (*at, "states", state, "expires", "outcome", target)
                yield from known(where, target, states, phrase("a state of the regime"))
                if target == state:
                    yield Problem.at(
                        where, "a clock must lead to another state", target, "define another state for what follows"
                    )
        yield from _attributes(at, regime)
        for state, found in states.items():
            yield from shifts((*at, "states", state, "shifts"), found.shifts, parts)
        yield from _hazards(at, regime)
        yield from _scaled(at, regime, parts)
        if head is not None:
            yield from _initial(at, regime, head)


def _attributes(at: Path, regime: Regime) -> Iterator[Problem]:
    names = dict.fromkeys(name for state in regime.states.values() for name in state.attributes)
    for state, found in regime.states.items():
        lacking = [name for name in names if name not in found.attributes]
        if lacking:
            rule = "all states of a regime must give the same attributes"
            remedy = phrase("add {}", ", ".join(lacking))
            yield Problem.at((*at, "states", state), rule, phrase("none for {}", ", ".join(lacking)), remedy)


def _hazards(at: Path, regime: Regime) -> Iterator[Problem]:
    for left, row in regime.hazards.items():
        yield from known((*at, "hazards", left), left, regime.states, phrase("a state of the regime"))
        for entered in row:
            where = (*at, "hazards", left, entered)
            yield from known(where, entered, regime.states, phrase("a state of the regime"))
            if entered == left:
                yield Problem.at(where, "a hazard must lead to another state", entered, "remove it")


def _scaled(at: Path, regime: Regime, parts: Parts) -> Iterator[Problem]:
    for i, rule in enumerate(regime.scaled_hazards):
        here: Path = (*at, "scaled_hazards", i)
        yield from in_states((*here, "when", "regimes"), rule.when.regimes, parts)
        for left, row in rule.scale.items():
            yield from known((*here, "scale", left), left, regime.hazards, phrase("a state of {} with hazards", at[1]))
            for entered in row if left in regime.hazards else ():
                where = (*here, "scale", left, entered)
                yield from known(where, entered, regime.hazards[left], phrase("a hazard of {}: {}", at[1], left))


def _initial(at: Path, regime: Regime, study: StudyHead) -> Iterator[Problem]:
    since = regime.initial.since
    if since > study.value_date:
        rule = phrase("must not be after the value date ({})", study.value_date)
        yield Problem.at((*at, "initial", "since"), rule, shown(since), "write when the state began")
    state = regime.states.get(regime.initial.state)
    if state is None or state.expires is None or since > study.value_date:
        return
    end = since + timedelta(days=state.expires.after_days)
    if end <= study.value_date:
        rule = phrase("the state would have expired on {}, not after the value date ({})", end, study.value_date)
        yield Problem.at((*at, "initial", "since"), rule, shown(since), "name the state of the value date")


def reserved(at: Path, names: Iterable[str]) -> Iterator[Problem]:
    """Problem of a name that results have for themselves.

    Parameters
    ----------
    at
        Path of the section.
    names
        That it defines.
    """
    if UNDEFINED in names:
        yield Problem.at((*at, UNDEFINED), "is reserved for an event that does not take place", UNDEFINED, "rename it")


def shifts(at: Path, values: Mapping[str, float], parts: Parts) -> Iterator[Problem]:
    """Problems of what states and outcomes do to factors.

    Parameters
    ----------
    at
        Path of the shifts.
    values
        Multiple by factor, of a Vasicek factor the number that is added.
    parts
        The study's parts, as far as they are sound.
    """
    factors = parts.named(Factor)
    for name, value in values.items():
        yield from known((*at, name), name, factors, phrase("a factor"))
        factor = factors.get(name)
        if factor is not None and factor.process.vasicek is None and value <= 0:
            yield Problem.at((*at, name), "a multiple must be above 0", shown(value), "write e.g. 1.1 for 10 % more")


def known_attribute(at: Path, reference: AttributeRef, parts: Parts) -> Iterator[Problem]:
    """Problems of a reference to an attribute of a regime.

    Parameters
    ----------
    at
        Path of the reference.
    reference
        What it names.
    parts
        As of `shifts`.
    """
    regimes = parts.named(Regime)
    yield from known((*at, "regime"), reference.regime, regimes, phrase("a regime"))
    found = regimes.get(reference.regime)
    if found is not None:
        names = dict.fromkeys(name for state in found.states.values() for name in state.attributes)
        yield from known((*at, "attribute"), reference.attribute, names, phrase("an attribute of {}", reference.regime))


def in_states(at: Path, states: Mapping[str, str | tuple[str, ...]], parts: Parts) -> Iterator[Problem]:
    """Problems of states by regime: one of each, or several.

    Parameters
    ----------
    at
        Path of the states.
    states
        State, or several, by regime.
    parts
        As of `shifts`.
    """
    regimes = parts.named(Regime)
    for regime, named in states.items():
        yield from known((*at, regime), regime, regimes, phrase("a regime"))
        found = regimes.get(regime)
        if found is None:
            continue
        where: Path = (*at, regime)
        several = [(where, named)] if isinstance(named, str) else [((*where, i), name) for i, name in enumerate(named)]
        for place, state in several:
            yield from known(place, state, found.states, phrase("a state of {}", regime))


def warnings(study: "Study", measure: Measure) -> Iterator[Problem]:
    """Warnings about regimes."""
    for name, regime in study.regimes.items():
        if regime.states[regime.initial.state].stops_calls:
            rule = phrase("stops calls from the value date on")
            yield Problem.at(
                ("regimes", name, "initial", "state"),
                rule,
                regime.initial.state,
                phrase("nothing is funded while it lasts"),
            )
