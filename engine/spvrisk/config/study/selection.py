"""Selection and funding: when a call for funds falls due, how much may be called, and whether it is paid."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, model_validator

from spvrisk.catalogue import phrase
from spvrisk.config.base import (
    Chance,
    Date,
    Lax,
    Model,
    Name,
    Path,
    Rate,
    Share,
    Whole,
    Within,
    refusal,
    shown,
    sum_problems,
)
from spvrisk.config.calendars import Calendars
from spvrisk.config.laws import Law, Measure, ShareLaw, Values, fixed
from spvrisk.config.laws.warnings import Usual, unusual
from spvrisk.config.study.clock import Regime, StatesOfRegimes, in_states
from spvrisk.config.study.head import StudyHead
from spvrisk.config.study.parts import Parts, known
from spvrisk.errors import Problem

if TYPE_CHECKING:
    from spvrisk.config.study.root import Study


Money = Annotated[float, Within(0, 1e12, open_low=True)]


class DecisionShares(Model):
    """Probabilities of the decisions on a due funding; they add up to 1."""

    fund: Chance = Field(default=0.0, description="probability that it is paid")
    delay: Chance = Field(default=0.0, description="probability that it is postponed by delay_days")
    decline: Chance = Field(default=0.0, description="probability that it is declined for good")

    @model_validator(mode="after")
    def _sum(self) -> "DecisionShares":
        problems = sum_problems((), phrase("probabilities"), [self.fund, self.delay, self.decline])
        if problems:
            raise refusal(*problems)
        return self


class Trigger(Model):
    """Move of regimes that a declined funding may trigger."""

    probability: Share = Field(description="probability of the moves, drawn independently")
    while_: StatesOfRegimes = Field(
        default={},
        alias="while",
        description="for each named regime, the states in one of which it must be; none: always",
    )
    moves: dict[Name, Name] = Field(description="state that each named regime moves to", min_length=1)


class Late(Trigger):
    """Moves of regimes that lateness triggers, once: the delay that puts a funding off by more than so many days."""

    after_days: Annotated[Whole, Within(0, 36525)] = Field(description="calendar days since the funding fell due")
    probability: Share = Field(default=1.0, description="probability of the moves")


class Changes(Model):
    """What is agreed in talks before a project is funded after all."""

    size: Annotated[float, Within(0, 1, open_low=True)] = Field(default=1.0, description="multiple of its size")
    spread: Rate = Field(default=0.0, description="added to the spread of its deemed allocation, 1/year")


class Outcomes(Model):
    """Probabilities of what talks before a decline come to; they add up to 1."""

    fund: Chance = Field(default=0.0, description="probability that it is paid as it stands")
    renegotiate: Chance = Field(default=0.0, description="probability that it is paid with changes")
    decline: Chance = Field(default=0.0, description="probability that it is declined for good")

    @model_validator(mode="after")
    def _sum(self) -> "Outcomes":
        problems = sum_problems((), phrase("probabilities"), [self.fund, self.renegotiate, self.decline])
        if problems:
            raise refusal(*problems)
        return self


class Consult(Model):
    """Talks before a decline: in place of the decline a second decision, some days later."""

    days: Annotated[Law, Values(Within(0), "add e.g. truncate: [0, 365]")] = Field(
        description="law of their calendar days, rounded up"
    )
    outcomes: Outcomes
    changes: Changes = Field(default=Changes(), description="what renegotiation changes")


class Decision(Model):
    """Whether a due funding is paid, by the state of a regime at the due date."""

    regime: str = Field(description="name of the regime")
    by_state: dict[Name, DecisionShares] = Field(description="for every state of the regime", min_length=1)
    delay_days: Annotated[Whole, Within(1, 36525)] | None = Field(
        default=None, description="calendar days after which a delayed decision is taken again; required with any delay"
    )
    triggers: Annotated[tuple[Trigger, ...], Lax] = Field(default=(), description="what a declined funding triggers")
    late: Late | None = Field(default=None, description="what a funding that is delayed too long triggers")
    consult: Consult | None = Field(default=None, description="talks before a decline; left out: none")

    @model_validator(mode="after")
    def _delay(self) -> "Decision":
        delayed = [state for state, shares in self.by_state.items() if shares.delay > 0]
        if delayed and self.delay_days is None:
            at = ("by_state", delayed[0], "delay")
            raise refusal(
                Problem.at(at, "needs delay_days", shown(self.by_state[delayed[0]].delay), "add e.g. delay_days: 90")
            )
        return self


class Funding(Model):
    """When a call for funds falls due, how much may be called, and whether it is paid."""

    lag_business_days: Annotated[Whole, Within(0, 2000)] = Field(description="business days from notice to due date")
    holidays: Calendars = Field(
        description="days that are not business days: codes of countries (their public holidays) or markets as the "
        "`holidays` package has them, {country, category} for bank holidays and the like too, {dates} for a list of "
        "your own"
    )
    slip: Annotated[Law, Values(Within(0), "add e.g. truncate: [0, 250]")] | None = Field(
        default=None, description="law of the additional business days until the due date, rounded up to whole days"
    )
    commitment: Money | None = Field(
        default=None,
        description="ceiling on the sum of budgets at notice, in money units of the study; left out: no limit",
    )
    take_up: Annotated[Law, Values(Within(0), "add e.g. truncate: [0, 1000000]")] | None = Field(
        default=None,
        description="law of the ceiling, in money units of the study; the lower of it and commitment applies",
    )
    deadline: Date | None = Field(
        default=None, description="last day on which a notice can be given; required with pipelines"
    )
    annual_cap: Money | None = Field(
        default=None, description="cap on the sum of budgets at notice in a calendar year, in money units of the study"
    )
    annual_call_cap: Money | None = Field(
        default=None,
        description="cap on what is paid of calls in a calendar year, in money units of the study: the rest waits, in "
        "proportion to what is called, and the host bridges it without interest",
    )
    decision: Decision | None = Field(default=None, description="left out: every due funding is paid")


class GoAhead(Model):
    """Whether an announced project is carried out at all, and how much of it."""

    probability: Share = Field(description="probability that the project gets its notice")
    size_share: ShareLaw = Field(
        default_factory=lambda: fixed(1.0),
        description="law of the share that is carried out, within [0, 1]: of budget, capacity and fixed O&M",
    )


def checks(parts: Parts) -> Iterator[Problem]:
    """Problems of the deadline and of the decision."""
    funding, head, pipelines = parts.one(Funding), parts.one(StudyHead), parts.names("pipelines")
    if funding is None:
        return
    at: Path = ("agreement", "funding")
    deadline = funding.deadline
    if pipelines and deadline is None:
        remedy = "add deadline: the last day on which a notice can be given"
        yield Problem.at(at, "a study with pipelines needs deadline", ", ".join(pipelines), remedy)
    if pipelines and deadline is not None and head is not None and deadline < head.value_date:
        rule = phrase("must not be before the value date ({}) with pipelines", head.value_date)
        yield Problem.at(
            (*at, "deadline"), rule, shown(deadline), "no project would ever arrive: move it, or remove them"
        )
    if funding.decision is not None:
        yield from _decision((*at, "decision"), funding.decision, parts)


def _decision(at: Path, found: Decision, parts: Parts) -> Iterator[Problem]:
    yield from known((*at, "regime"), found.regime, parts.names("regimes"), phrase("a regime"))
    regime = parts.named(Regime).get(found.regime)
    if regime is not None:
        for state in found.by_state:
            yield from known((*at, "by_state", state), state, regime.states, phrase("a state of {}", found.regime))
        lacking = [state for state in regime.states if state not in found.by_state]
        if lacking:
            remedy = phrase("add e.g. {{fund: 1, delay: 0, decline: 0}}")
            yield Problem.at(
                (*at, "by_state"),
                "must give each state its probabilities",
                phrase("none for {}", ", ".join(lacking)),
                remedy,
            )
    triggers: list[tuple[Path, Trigger]] = [((*at, "triggers", i), each) for i, each in enumerate(found.triggers)]
    if found.late is not None:
        triggers.append(((*at, "late"), found.late))
    for place, trigger in triggers:
        yield from in_states((*place, "moves"), trigger.moves, parts)
        yield from in_states((*place, "while"), trigger.while_, parts)


_UNIT = phrase("check the unit of both")


LONG_SLIP = 250.0


def warnings(study: "Study", measure: Measure) -> Iterator[Problem]:
    """Warnings about funding and its decisions."""
    at, funding = ("agreement", "funding"), study.agreement.funding
    yield from _limits(study)
    yield from _take_up(study, measure)
    slip = Usual(0.0, LONG_SLIP, phrase("check the unit: it is in business days"))
    yield from unusual((*at, "slip"), funding.slip, slip, measure, phrase(" business days"))
    if funding.decision is not None:
        yield from _undecided((*at, "decision"), funding.decision)


def _limits(study: "Study") -> Iterator[Problem]:
    """Limits that do not let through what is announced."""
    terms, at, projects = study.agreement.funding, ("agreement", "funding"), study.projects
    announced = sum(project.budget for project in projects.values())
    if terms.commitment is not None and terms.commitment < announced:
        rule = phrase("is less than the announced budgets ({:g})", announced)
        remedy = phrase("the last notices are cut or dropped: check the unit of both")
        yield Problem.at((*at, "commitment"), rule, shown(terms.commitment), remedy)
    largest = max((project.budget for project in projects.values()), default=0.0)
    for key, cap in (("annual_cap", terms.annual_cap), ("annual_call_cap", terms.annual_call_cap)):
        if cap is not None and 10 * cap < largest:
            rule = phrase("is less than a tenth of the largest budget ({:g})", largest)
            yield Problem.at((*at, key), rule, shown(cap), _UNIT)
    for name, project in projects.items():
        if terms.deadline is not None and project.notice_date > terms.deadline:
            rule = phrase("lies after the deadline for notices ({})", terms.deadline)
            yield Problem.at(
                ("projects", name, "notice_date"), rule, shown(project.notice_date), phrase("check both dates")
            )


def _take_up(study: "Study", measure: Measure) -> Iterator[Problem]:
    """A ceiling that does not let through what is announced."""
    law, announced = study.agreement.funding.take_up, sum(project.budget for project in study.projects.values())
    found = measure(law) if law is not None else None
    if found is not None and found.mean < announced:
        rule = phrase("has a mean below the announced budgets ({:g})", announced)
        yield Problem.at(("agreement", "funding", "take_up"), rule, f"{found.mean:.6g}", _UNIT)


def _undecided(at: Path, decision: Decision) -> Iterator[Problem]:
    """Decisions that never come to an end, and triggers that nothing pulls."""
    shares = decision.by_state.values()
    if all(share.delay == 1 for share in shares):
        yield Problem.at((*at, "by_state"), phrase("delays in every state"), "", phrase("nothing is ever paid"))
    if decision.triggers and all(share.decline == 0 for share in shares):
        yield Problem.at((*at, "triggers"), phrase("no state ever declines"), "", phrase("remove them, or add decline"))
