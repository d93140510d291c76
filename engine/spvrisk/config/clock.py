"""Layers of states with hazards and clocks, and the events that move them."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from spvrisk.config.base import (
    AddingUp,
    Chance,
    Date,
    Lax,
    Model,
    Name,
    Positive,
    Title,
    Whole,
    Within,
    Years,
    distinct,
    refusal,
    shown,
)
from spvrisk.config.laws import Law
from spvrisk.config.reading.numerals import number_remedy
from spvrisk.errors import Problem

Probabilities = Annotated[dict[Name, Chance], AddingUp("probabilities")]


FASTEST = 1e9
"""Highest yearly intensity, of what takes place at once."""
OFTEN = 1000.0
"""Yearly intensity above which passages must not lead in a circle: a path would never end."""

Intensity = Annotated[float, Within(0, FASTEST)]
"""Per year; a state that lasts less than a working day on average is no state."""


Scale = Annotated[float, Within(0, 1000)]
"""Multiple of a yearly intensity."""


class AttributeRef(Model):
    """Attribute of a layer that is a number elsewhere: a tariff rate, or the rate of a side flow."""

    layer: str = Field(description="name of the layer")
    attribute: str = Field(description="name of its attribute, in the unit of what it stands for: a rate 0.1 for 10 %")


class Initial(Model):
    """State of a layer at the value date."""

    state: str = Field(description="one of the layer's states")
    since: Date = Field(description="date on which the state began; its clock counts from here")


class Expiry(Model):
    """End of a state by a clock."""

    after_days: Annotated[Whole, Within(1, 36525)] = Field(description="calendar days from the state's entry")
    outcome: Probabilities = Field(description="probability of each next state")


class State(Model):
    """A state of a layer."""

    attributes: dict[Name, float] = Field(default={}, description="numbers that hold while the state lasts, by name")
    shifts: dict[Name, float] = Field(
        default={},
        description="what the state does to a factor while it lasts: a multiple of what is observed, or for vasicek an "
        "addition to it, in the factor's unit",
    )
    expires: Expiry | None = Field(default=None, description="clock that ends the state")
    stops_calls: bool = Field(
        default=False, description="whether entering the state cancels the projects that are funded and not complete"
    )
    arrival_multiplier: Scale = Field(
        default=1.0, description="multiple of the pipelines' yearly arrivals while the state lasts"
    )


class Layer(Model):
    """A part of the legal and political world that is in one state at a time."""

    initial: Initial
    states: dict[Name, State] = Field(description="by name", min_length=1)
    hazards: dict[Name, dict[Name, Intensity]] = Field(
        {}, description="yearly intensity of the passage, by the state left and the state entered"
    )


class Shift(Model):
    """What an outcome does to a factor. In a file a plain number stands for a shift for ever."""

    value: float = Field(
        description="multiple of what is observed, or for vasicek an addition to it, in the factor's unit"
    )
    lasting_years: Years | None = Field(default=None, description="years from the event; left out: for ever")

    @model_validator(mode="before")
    @classmethod
    def _number(cls, data: object) -> object:
        if isinstance(data, int | float) and not isinstance(data, bool):
            return {"value": data}
        if isinstance(data, Mapping | Shift):
            return data
        remedy = number_remedy(data, "write e.g. 1.1 or {value: 1.1, lasting_years: 2}")
        raise refusal(Problem.at((), "must be a number or a shift", shown(data), remedy))


class Outcome(Model):
    """An outcome of an event, and what it does."""

    moves: dict[Name, Name] = Field(default={}, description="state that each named layer moves to")
    scale_hazards: dict[Name, dict[Name, dict[Name, Scale]]] = Field(
        default={},
        description="multiples of yearly intensities from the event on, by layer, state left and state entered",
    )
    scale_arrivals: dict[Name, Scale] = Field(
        default={}, description="multiples of the yearly arrivals of pipelines from the event on, by pipeline"
    )
    shifts: dict[Name, Shift] = Field(default={}, description="what the outcome does to a factor")
    delays: dict[Name, Positive] = Field(
        default={}, description="months for which the rest of a named announced project's work stands still"
    )
    cancels: Annotated[tuple[Name, ...], Lax] = Field(
        default=(), description="announced projects that stop for good, unless they are complete"
    )


def _some_states(states: tuple[str, ...]) -> tuple[str, ...]:
    if not states:
        raise refusal(Problem.at((), "needs a state", "an empty list", "name the states, or leave the layer out"))
    return distinct(states)


StatesOfLayers = dict[Name, Annotated[tuple[Name, ...], AfterValidator(_some_states), Lax]]
"""States in one of which each named layer is."""


class When(Model):
    """Condition of a rule; all of its parts must hold."""

    layers: dict[Name, Name] = Field(default={}, description="state that each named layer must be in")
    outcomes: dict[Name, Name] = Field(default={}, description="outcome that each named earlier event must have had")

    @model_validator(mode="after")
    def _something(self) -> "When":
        if not self.layers and not self.outcomes:
            raise refusal(
                Problem.at((), "a condition names layers or outcomes", "none", "leave `when` out in the last rule")
            )
        return self


class Rule(Model):
    """Probabilities of an event's outcomes under a condition."""

    when: When | None = Field(default=None, description="condition; the last rule has none")
    is_: Probabilities = Field(alias="is", description="probability of each outcome")


def _as_rules(value: object) -> object:
    return [{"is": value}] if isinstance(value, Mapping) else value


def _last_is_free(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    problems = [
        Problem.at(
            (i,), "only the last rule may have no `when`: what follows is never reached", "", "move it to the end"
        )
        for i, rule in enumerate(rules[:-1])
        if rule.when is None
    ]
    if not rules:
        problems.append(Problem.at((), "needs a rule", "an empty list", "write the probabilities of the outcomes"))
    elif rules[-1].when is not None:
        remedy = "add a rule `- {is: {..}}` for all other cases"
        problems.append(Problem.at((len(rules) - 1, "when"), "the last rule must have no `when`", "", remedy))
    if problems:
        raise refusal(*problems)
    return rules


class Timing(Model):
    """When an event takes place. In a file a plain date stands for `on`."""

    on: Date | None = Field(default=None, description="a fixed date")
    from_: Date | None = Field(default=None, alias="from", description="date from which `days` count")
    after: Name | None = Field(default=None, description="event from which `days` count")
    days: Law | None = Field(default=None, description="law of calendar days, rounded up to whole days")

    @model_validator(mode="before")
    @classmethod
    def _date(cls, data: object) -> object:
        return data if isinstance(data, Mapping | Timing) else {"on": data}

    @model_validator(mode="after")
    def _one_form(self) -> "Timing":
        given = [key for key, value in (("on", self.on), ("from", self.from_), ("after", self.after)) if value]
        remedy = "write a date, {from: <date>, days: <law>} or {after: <event>, days: <law>}"
        if len(given) != 1:
            raise refusal(Problem.at((), "has exactly one of on, from and after", ", ".join(given) or "none", remedy))
        if (self.days is None) != (self.on is not None):
            rule = "has no meaning beside a fixed date" if self.on else f"`{given[0]}` needs days"
            raise refusal(Problem.at(("days",) if self.on else (), rule, "", remedy))
        if self.after is not None and self.days is not None and self.days.bounds()[0] < 0:
            low = f"a law that reaches {self.days.bounds()[0]:g}"
            raise refusal(Problem.at(("days",), "a delay must be at least 0", low, "add e.g. truncate: [0, 3650]"))
        return self


class Event(Model):
    """An event with one of several outcomes, on a fixed date, a drawn one, or some time after another event."""

    title: Title
    date: Timing = Field(description="a date, {from, days} or {after, days}")
    outcomes: dict[Name, Outcome] = Field(description="by name", min_length=1)
    probabilities: Annotated[tuple[Rule, ...], Lax, AfterValidator(_last_is_free), BeforeValidator(_as_rules)] = Field(
        description="probability of each outcome: one mapping, or a list of rules {when, is} of which the first that "
        "holds counts"
    )
    outcome: Name | None = Field(
        default=None, description="the outcome where it is known or to be forced; required of past events"
    )
