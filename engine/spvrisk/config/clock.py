"""Layers of states with hazards and clocks, and dated events that move them."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from spvrisk.config.base import AddingUp, Date, Flaw, Lax, Model, Name, Share, Title, Within, flawed

Probabilities = Annotated[dict[Name, Share], AddingUp("probabilities")]


Intensity = Annotated[float, Within(0, 1000)]
"""Per year; a state that lasts less than a working day on average is no state."""


class Initial(Model):
    """State of a layer at the value date."""

    state: str = Field(description="one of the layer's states")
    since: Date = Field(description="date on which the state began; its clock counts from here")


class Expiry(Model):
    """End of a state by a clock."""

    after_days: Annotated[int, Within(1, 36525)] = Field(description="calendar days from the state's entry")
    outcome: Probabilities = Field(description="probability of each next state")


class State(Model):
    """A state of a layer."""

    attributes: dict[Name, float] = Field(default={}, description="numbers that hold while the state lasts, by name")
    expires: Expiry | None = Field(default=None, description="clock that ends the state")


class Layer(Model):
    """A part of the legal and political world that is in one state at a time."""

    initial: Initial
    states: dict[Name, State] = Field(description="by name", min_length=1)
    hazards: dict[Name, dict[Name, Intensity]] = Field(
        {}, description="yearly intensity of the passage, by the state left and the state entered"
    )


class Outcome(Model):
    """An outcome of an event."""

    moves: dict[Name, Name] = Field(default={}, description="state that each named layer moves to")


class When(Model):
    """Condition of a rule; all of its parts must hold."""

    layers: dict[Name, Name] = Field(default={}, description="state that each named layer must be in")
    outcomes: dict[Name, Name] = Field(default={}, description="outcome that each named earlier event must have had")

    @model_validator(mode="after")
    def _something(self) -> "When":
        if not self.layers and not self.outcomes:
            raise flawed(
                [Flaw((), "a condition names layers or outcomes", "none", "leave `when` out in the last rule")]
            )
        return self


class Rule(Model):
    """Probabilities of an event's outcomes under a condition."""

    when: When | None = Field(default=None, description="condition; the last rule has none")
    is_: Probabilities = Field(alias="is", description="probability of each outcome")


def _as_rules(value: object) -> object:
    return [{"is": value}] if isinstance(value, Mapping) else value


def _last_is_free(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    flaws = [
        Flaw((i,), "only the last rule may have no `when`: what follows is never reached", "", "move it to the end")
        for i, rule in enumerate(rules[:-1])
        if rule.when is None
    ]
    if not rules:
        flaws.append(Flaw((), "needs a rule", "an empty list", "write the probabilities of the outcomes"))
    elif rules[-1].when is not None:
        remedy = "add a rule `- {is: {..}}` for all other cases"
        flaws.append(Flaw((len(rules) - 1, "when"), "the last rule must have no `when`", "", remedy))
    if flaws:
        raise flawed(flaws)
    return rules


class Event(Model):
    """A dated event with one of several outcomes."""

    title: Title
    date: Date = Field(description="date, not before the value date")
    outcomes: dict[Name, Outcome] = Field(description="by name", min_length=1)
    probabilities: Annotated[tuple[Rule, ...], Lax, AfterValidator(_last_is_free), BeforeValidator(_as_rules)] = Field(
        description="probability of each outcome: one mapping, or a list of rules {when, is} of which the first that "
        "holds counts"
    )
