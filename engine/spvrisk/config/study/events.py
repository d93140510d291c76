"""Events with one of several outcomes, and what these do."""

import math
from collections.abc import Iterator, Mapping
from datetime import timedelta
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from spvrisk.catalogue import phrase
from spvrisk.config.base import (
    Date,
    Lax,
    Model,
    Name,
    Path,
    Positive,
    Title,
    Years,
    refusal,
    shown,
)
from spvrisk.config.laws import Law, Measure, reach
from spvrisk.config.reading.numerals import number_remedy
from spvrisk.config.study.clock import FASTEST, OFTEN, Probabilities, Regime, Scale, in_states, reserved, shifts
from spvrisk.config.study.head import StudyHead
from spvrisk.config.study.parts import Parts, known, sound
from spvrisk.errors import Problem

if TYPE_CHECKING:
    from spvrisk.config.study.root import Study


class Shift(Model):
    """Shift of a factor by an outcome. In a file a plain number stands for a permanent shift."""

    value: float = Field(
        description="multiple of the observed value, or for vasicek an addition to it, in the factor's unit"
    )
    lasting_years: Years | None = Field(default=None, description="years from the event; left out: permanent")

    @model_validator(mode="before")
    @classmethod
    def _number(cls, data: object) -> object:
        if isinstance(data, int | float) and not isinstance(data, bool):
            return {"value": data}
        if isinstance(data, Mapping | Shift):
            return data
        remedy = number_remedy(data, phrase("write e.g. 1.1 or {{value: 1.1, lasting_years: 2}}"))
        raise refusal(Problem.at((), "must be a number or a shift", shown(data), remedy))


class Outcome(Model):
    """An outcome of an event, and what it does."""

    title: Title | None = Field(default=None, description="by language")
    moves: dict[Name, Name] = Field(default={}, description="state that each named regime moves to")
    scale_hazards: dict[Name, dict[Name, dict[Name, Scale]]] = Field(
        default={},
        description="multiples of yearly intensities from the event on, by regime, state left and state entered",
    )
    scale_arrivals: dict[Name, Scale] = Field(
        default={}, description="multiples of the yearly arrivals of pipelines from the event on, by pipeline"
    )
    shifts: dict[Name, Shift] = Field(default={}, description="shift of the factor, by factor")
    delays: dict[Name, Positive] = Field(
        default={}, description="months for which the remaining work of an announced project stands still, by project"
    )
    cancels: Annotated[tuple[Name, ...], Lax] = Field(
        default=(), description="announced projects that stop for good, unless they are complete"
    )


class When(Model):
    """Condition of a rule; all of its parts must hold."""

    regimes: dict[Name, Name] = Field(default={}, description="state that each named regime must be in")
    outcomes: dict[Name, Name] = Field(default={}, description="outcome that each named earlier event must have had")

    @model_validator(mode="after")
    def _something(self) -> "When":
        if not self.regimes and not self.outcomes:
            raise refusal(
                Problem.at(
                    (), "a condition must name regimes or outcomes", phrase("none"), "leave `when` out in the last rule"
                )
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
        problems.append(
            Problem.at((), "needs a rule", phrase("an empty list"), "write the probabilities of the outcomes")
        )
    elif rules[-1].when is not None:
        remedy = phrase("add a rule `- {{is: {{..}}}}` for all other cases")
        problems.append(Problem.at((len(rules) - 1, "when"), "the last rule must have no `when`", "", remedy))
    if problems:
        raise refusal(*problems)
    return rules


def _one_state(value: dict[str, str]) -> dict[str, str]:
    if len(value) != 1:
        raise refusal(
            Problem.at((), "must name one regime and its state", shown(value), phrase("write e.g. {{deal: breach}}"))
        )
    return value


class Entry(Model):
    """A regime's first entry into a state."""

    enters: Annotated[dict[Name, Name], AfterValidator(_one_state)] = Field(
        description="the state by its regime, e.g. {deal: breach}; the state of the value date is not entered then"
    )


def _kind(value: object) -> str:
    return "Entry" if isinstance(value, Mapping | Entry) else "event"


Before = Annotated[Annotated[Name, Tag("event")] | Annotated[Entry, Tag("Entry")], Discriminator(_kind)]


class Timing(Model):
    """When an event takes place. In a file a plain date stands for `on`."""

    on: Date | None = Field(default=None, description="a fixed date")
    from_: Date | None = Field(default=None, alias="from", description="date from which `days` count")
    after: Before | None = Field(
        default=None, description="event from which `days` count, or {enters: {<regime>: <state>}}"
    )
    days: Law | None = Field(default=None, description="law of calendar days, rounded up to whole days")

    @model_validator(mode="before")
    @classmethod
    def _date(cls, data: object) -> object:
        return data if isinstance(data, Mapping | Timing) else {"on": data}

    @model_validator(mode="after")
    def _one_form(self) -> "Timing":
        given = [key for key, value in (("on", self.on), ("from", self.from_), ("after", self.after)) if value]
        remedy = phrase("write a date, {{from: <date>, days: <law>}} or {{after: <event>, days: <law>}}")
        if len(given) != 1:
            raise refusal(
                Problem.at(
                    (), "must have exactly one of on, from and after", ", ".join(given) or phrase("none"), remedy
                )
            )
        if (self.days is None) != (self.on is not None):
            rule = "has no meaning with a fixed date" if self.on else phrase("`{}` needs days", given[0])
            raise refusal(Problem.at(("days",) if self.on else (), rule, "", remedy))
        if self.after is not None and self.days is not None and self.days.bounds()[0] < 0:
            low = phrase("a law that reaches {:g}", self.days.bounds()[0])
            raise refusal(Problem.at(("days",), "a delay must be at least 0", low, "add e.g. truncate: [0, 3650]"))
        return self

    @property
    def event(self) -> str | None:
        """The event that it follows."""
        return self.after if isinstance(self.after, str) else None

    @property
    def entered(self) -> tuple[str, str] | None:
        """The regime and the state that it follows."""
        return next(iter(self.after.enters.items())) if isinstance(self.after, Entry) else None


class Event(Model):
    """An event with one of several outcomes, on a fixed date, a drawn one, or some time after another event."""

    title: Title
    date: Timing = Field(description="a date, {from, days} or {after, days}")
    outcomes: dict[Name, Outcome] = Field(description="by name", min_length=1)
    probabilities: Annotated[tuple[Rule, ...], Lax, AfterValidator(_last_is_free), BeforeValidator(_as_rules)] = Field(
        description="probability of each outcome: one mapping, or a list of rules {when, is} of which the first that "
        "holds is used"
    )
    outcome: Name | None = Field(
        default=None, description="the outcome, if it is known or to be forced; required for past events"
    )


def checks(parts: Parts) -> Iterator[Problem]:
    """Problems of events, their dates, outcomes and rules."""
    yield from _fastest(parts)
    yield from _named_events(parts)
    cyclic = _cyclic(parts)
    for name, event in sound(parts.named(Event)):
        at: Path = ("events", name)
        yield from _timing((*at, "date"), name, event, parts)
        if name in cyclic:
            rule = "must not come after itself"
            yield Problem.at((*at, "date", "after"), rule, " after ".join(cyclic[name]), "give one of them a date")
        yield from reserved((*at, "outcomes"), event.outcomes)
        if event.outcome is not None:
            yield from known((*at, "outcome"), event.outcome, event.outcomes, phrase("an outcome of the event"))
        for outcome, found in event.outcomes.items():
            yield from _outcome((*at, "outcomes", outcome), found, parts)
        for i, rule_ in enumerate(event.probabilities):
            here = (*at, "probabilities", i)
            yield from _rule_outcomes((*here, "is"), rule_.is_, event)
            if rule_.when is not None:
                yield from in_states((*here, "when", "regimes"), rule_.when.regimes, parts)
                yield from _earlier((*here, "when", "outcomes"), rule_.when.outcomes, name, parts)


def _named_events(parts: Parts) -> Iterator[Problem]:
    """Events and outcomes that rules of hazards name."""
    events = parts.named(Event)
    for name, regime in sound(parts.named(Regime)):
        for i, rule in enumerate(regime.scaled_hazards):
            for event, outcome in rule.when.outcomes.items():
                where: Path = ("regimes", name, "scaled_hazards", i, "when", "outcomes", event)
                yield from known(where, event, parts.names("events"), phrase("an event"))
                found = events.get(event)
                if found is not None:
                    yield from known(where, outcome, found.outcomes, phrase("an outcome of {}", event))


def _timing(at: Path, name: str, event: Event, parts: Parts) -> Iterator[Problem]:
    """Events to come lie behind the value date; the outcome of a past one is known."""
    date = event.date
    if date.event is not None:
        yield from known((*at, "after"), date.event, parts.names("events"), phrase("an event"))
    if isinstance(date.after, Entry):
        yield from in_states((*at, "after", "enters"), date.after.enters, parts)
    head = parts.one(StudyHead)
    if head is None:
        return
    value_date, begin = head.value_date, date.from_
    before = parts.named(Event).get(date.event) if date.event is not None else None
    if before is not None and _is_past(before, head):
        begin = before.date.on
    if _is_past(event, head) and event.outcome is None:
        rule = phrase("an event before the value date ({}) needs its outcome", value_date)
        yield Problem.at(at, rule, shown(date.on), phrase("add outcome: one of {}", ", ".join(event.outcomes)))
    if begin is not None and date.days is not None:
        low, least = date.days.bounds()[0], (value_date - begin).days
        if low <= least - 1:
            rule = phrase("must not reach days before the value date ({})", value_date)
            got = (
                reach(date.days, low, "lower")
                if math.isinf(low)
                else phrase("{:.12g} days before it", least - math.ceil(low))
            )
            yield Problem.at((*at, "days"), rule, got, phrase("add e.g. truncate: [{}, {}]", least, least + 3650))


def _is_past(event: Event, study: StudyHead) -> bool:
    return event.date.on is not None and event.date.on < study.value_date


def _cyclic(parts: Parts) -> dict[str, list[str]]:
    """Events that come after themselves, each with its round."""
    before = {name: event.date.event for name, event in sound(parts.named(Event))}
    out: dict[str, list[str]] = {}
    done: set[str] = set()
    for name in before:
        chain: dict[str, None] = {}
        here: str | None = name
        while here is not None and here not in chain and here not in done:
            chain[here] = None
            here = before.get(here)
        if here in chain:
            round_ = list(chain)[list(chain).index(here) :]
            out |= {member: [*round_[k:], *round_[:k], member] for k, member in enumerate(round_)}
        done.update(chain)
    return out


def _outcome(at: Path, found: Outcome, parts: Parts) -> Iterator[Problem]:
    yield from in_states((*at, "moves"), found.moves, parts)
    for regime, rows in found.scale_hazards.items():
        yield from known((*at, "scale_hazards", regime), regime, parts.names("regimes"), phrase("a regime"))
        of_regime = parts.named(Regime).get(regime)
        if of_regime is None:
            continue
        for left, row in rows.items():
            where: Path = (*at, "scale_hazards", regime, left)
            yield from known(where, left, of_regime.hazards, phrase("a state of {} with hazards", regime))
            for entered in row if left in of_regime.hazards else ():
                yield from known(
                    (*where, entered), entered, of_regime.hazards[left], phrase("a hazard of {}: {}", regime, left)
                )
    yield from shifts((*at, "shifts"), {name: shift.value for name, shift in found.shifts.items()}, parts)
    for name in found.scale_arrivals:
        yield from known((*at, "scale_arrivals", name), name, parts.names("pipelines"), phrase("a pipeline"))
    for name in found.delays:
        yield from _announced((*at, "delays", name), name, parts)
    for i, name in enumerate(found.cancels):
        yield from _announced((*at, "cancels", i), name, parts)
        if name in found.cancels[:i]:
            yield Problem.at((*at, "cancels", i), "must name each project once", name, "remove it")
        if name in found.delays:
            yield Problem.at(
                (*at, "cancels", i), "must delay or cancel a project, not both", name, "remove one of them"
            )


def _announced(at: Path, name: str, parts: Parts) -> Iterator[Problem]:
    if name in parts.names("pipelines") and name not in parts.names("projects"):
        remedy = "projects of a pipeline have no names: use scale_arrivals, or the states of a regime"
        yield Problem.at(at, "must name an announced project", phrase('the pipeline "{}"', name), remedy)
    else:
        yield from known(at, name, parts.names("projects"), phrase("a project"))


def _fastest(parts: Parts) -> Iterator[Problem]:
    """Hazards as events may scale them, one after the other, keep to what hazards may be."""
    largest: dict[tuple[str, str, str], float] = {}
    for _, event in sound(parts.named(Event)):
        passages = [_passages(outcome) for outcome in event.outcomes.values()]
        for key in {key for outcome in passages for key in outcome}:
            largest[key] = largest.get(key, 1.0) * max(1.0, *(outcome.get(key, 1.0) for outcome in passages))
    for name, regime in sound(parts.named(Regime)):
        for rule_ in regime.scaled_hazards:
            for left, row in rule_.scale.items():
                for entered, scale in row.items():
                    largest[name, left, entered] = largest.get((name, left, entered), 1.0) * max(1.0, scale)
        often: dict[str, list[str]] = {}
        for left, row in regime.hazards.items():
            for entered, rate in row.items():
                scale = largest.get((name, left, entered), 1.0)
                if rate * scale > FASTEST:
                    rule, got = phrase("must be at most {:g} a year after all scaling", FASTEST), _scaled(rate, scale)
                    at = ("regimes", name, "hazards", left, entered)
                    yield Problem.at(at, rule, got, "lower the scale_hazards of the events")
                elif rate * scale > OFTEN:
                    often.setdefault(left, []).append(entered)
        yield from _circle(("regimes", name, "hazards"), often)


def _scaled(rate: float, scale: float) -> str:
    return phrase("{} scaled by up to {:g}", shown(rate), scale)


def _circle(at: Path, often: Mapping[str, list[str]]) -> Iterator[Problem]:
    try:
        TopologicalSorter(often).prepare()
    except CycleError as error:
        circle = list(reversed(error.args[1]))
        rule = phrase("transitions of more than {:g} a year, after all scaling, must not form a circle", OFTEN)
        yield Problem.at((*at, circle[0], circle[1]), rule, " -> ".join(circle), "lower one of them")


def _passages(outcome: Outcome) -> dict[tuple[str, str, str], float]:
    return {
        (regime, left, entered): scale
        for regime, rows in outcome.scale_hazards.items()
        for left, row in rows.items()
        for entered, scale in row.items()
    }


def _rule_outcomes(at: Path, probabilities: Mapping[str, float], event: Event) -> Iterator[Problem]:
    for name in probabilities:
        yield from known((*at, name), name, event.outcomes, phrase("an outcome of the event"))
    lacking = [name for name in event.outcomes if name not in probabilities]
    if lacking:
        yield Problem.at(
            at, "must give each outcome a probability", phrase("none for {}", ", ".join(lacking)), "add it, 0 for never"
        )


def _earlier(at: Path, outcomes: Mapping[str, str], name: str, parts: Parts) -> Iterator[Problem]:
    """Outcomes that a condition names must have a chance to be decided before: fixed dates tell that they have not."""
    events = parts.named(Event)
    order = {event: i for i, event in enumerate(events)}
    this = events[name]
    for event, outcome in outcomes.items():
        yield from known((*at, event), event, events, phrase("an event"))
        found = events.get(event)
        if found is None or this is None:
            continue
        yield from known((*at, event), outcome, found.outcomes, phrase("an outcome of {}", event))
        late = found.date.on and this.date.on and (found.date.on, order[event]) >= (this.date.on, order[name])
        if late or event == name or name in _forerunners(event, events):
            rule, on = "must name an event before this one", this.date.on
            rule = phrase("must name an event before this one ({})", on) if on else rule
            got = phrase("{} of {}", event, found.date.on) if found.date.on else event
            yield Problem.at((*at, event), rule, got, "remove the condition")


def _forerunners(name: str, events: Mapping[str, Event | None]) -> set[str]:
    """Events that an event comes after."""
    chain: set[str] = set()
    event = events.get(name)
    while event is not None and event.date.event is not None and event.date.event not in chain:
        chain.add(event.date.event)
        event = events.get(event.date.event)
    return chain


def warnings(study: "Study", measure: Measure) -> Iterator[Problem]:
    """Warnings about events."""
    end = study.study.value_date + timedelta(days=365.25 * study.study.horizon_years)
    for name, event in study.events.items():
        if event.date.on is not None and event.date.on > end:
            yield Problem.at(
                ("events", name, "date"),
                phrase("lies beyond the horizon"),
                shown(event.date.on),
                phrase("it never happens"),
            )
