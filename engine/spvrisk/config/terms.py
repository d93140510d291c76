"""Blocks of a study beside its world and its projects: head, parties, agreement, run and output."""

from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from spvrisk.config.base import (
    Chance,
    Currency,
    Date,
    Flaw,
    Lax,
    Model,
    Name,
    Rate,
    Share,
    Title,
    Whole,
    Within,
    Years,
    distinct,
    flawed,
    shown,
    sum_flaws,
)
from spvrisk.config.calendars import Calendars
from spvrisk.config.clock import StatesOfLayers
from spvrisk.config.laws import Law, Values
from spvrisk.config.numerals import meant


def _no_boolean(value: object) -> object:
    """Refuse true where 1 is allowed: they are equal in Python."""
    if isinstance(value, bool):
        raise flawed([Flaw((), "must be one of 1, 2, 4, 12", shown(value), "take one of them")])
    return value


StepsPerYear = Annotated[Literal[1, 2, 4, 12], BeforeValidator(_no_boolean)]


class StudyHead(Model):
    """What the study is about, its money and its calendar."""

    title: Title
    currency: Currency = Field(description="ISO 4217 code of the study's money")
    money_unit: Annotated[float, Within(1e-6, 1e12)] = Field(
        description="currency units in one unit of money, e.g. 1000000"
    )
    value_date: Date = Field(description="date to which flows are discounted; start of step 0")
    horizon_years: Years = Field(description="years from the value date; a whole number of steps")
    steps_per_year: StepsPerYear = Field(default=4, description="number of steps of calculation in a year")

    @model_validator(mode="after")
    def _whole_steps(self) -> "StudyHead":
        steps = self.horizon_years * self.steps_per_year
        if abs(steps - round(steps)) > 1e-9 or round(steps) < 1:
            rule = f"must be a whole number of steps of 1/{self.steps_per_year} year"
            raise flawed([Flaw(("horizon_years",), rule, shown(self.horizon_years), "round it to whole steps")])
        return self

    @property
    def steps(self) -> int:
        """Number of steps."""
        return round(self.horizon_years * self.steps_per_year)


class Discount(Model):
    """Zero curves by which a party discounts."""

    study: str = Field(description="curve for flows in the study's money")
    local: str | None = Field(default=None, description="curve for flows in the party's own money")


class Party(Model):
    """A party of the agreement."""

    title: Title
    currency: Currency = Field(description="ISO 4217 code of the party's money")
    discount: Discount
    fx: str | None = Field(default=None, description="factor: the party's money per study money")


Money = Annotated[float, Within(0, 1e12, open_low=True)]
Tiers = TypeVar("Tiers", "Adjustment", "TierSplit")


class DecisionShares(Model):
    """Probabilities of what becomes of a due funding; they add up to 1."""

    fund: Chance = Field(default=0.0, description="probability that it is paid")
    delay: Chance = Field(default=0.0, description="probability that it is put off by delay_days")
    decline: Chance = Field(default=0.0, description="probability that it is declined for good")

    @model_validator(mode="after")
    def _sum(self) -> "DecisionShares":
        flaws = sum_flaws((), "probabilities", [self.fund, self.delay, self.decline])
        if flaws:
            raise flawed(flaws)
        return self


class Trigger(Model):
    """Something that a declined funding may set off."""

    probability: Share = Field(description="probability of the moves, drawn by itself")
    while_: StatesOfLayers = Field(
        default={}, alias="while", description="states in one of which each named layer must be; none: always"
    )
    moves: dict[Name, Name] = Field(description="state that each named layer moves to", min_length=1)


class Decision(Model):
    """Whether a due funding is paid, by the state of a layer at the due date."""

    layer: str = Field(description="name of the layer")
    by_state: dict[Name, DecisionShares] = Field(description="for every state of the layer", min_length=1)
    delay_days: Annotated[Whole, Within(1, 36525)] | None = Field(
        default=None, description="calendar days after which a delayed decision comes back; required with any delay"
    )
    triggers: Annotated[tuple[Trigger, ...], Lax] = Field(default=(), description="what a declined funding sets off")

    @model_validator(mode="after")
    def _delay(self) -> "Decision":
        delayed = [state for state, shares in self.by_state.items() if shares.delay > 0]
        if delayed and self.delay_days is None:
            at = ("by_state", delayed[0], "delay")
            raise flawed(
                [Flaw(at, "needs delay_days", shown(self.by_state[delayed[0]].delay), "add e.g. delay_days: 90")]
            )
        return self


class Funding(Model):
    """When a call for funds falls due, how much may be called, and whether it is paid."""

    lag_business_days: Annotated[Whole, Within(0, 2000)] = Field(description="business days from notice to due date")
    holidays: Calendars = Field(
        description="days that are no business days: codes of countries (their public holidays) or markets as the "
        "`holidays` package has them, {country, category} for bank holidays and the like too, {dates} for one's own"
    )
    slip: Annotated[Law, Values(Within(0), "add e.g. truncate: [0, 250]")] | None = Field(
        default=None, description="law of further business days to the due date, rounded up to whole days"
    )
    commitment: Money | None = Field(
        default=None, description="most that may be noticed in all, in money units of the study; left out: no limit"
    )
    take_up: Annotated[Law, Values(Within(0), "add e.g. truncate: [0, 1000000]")] | None = Field(
        default=None,
        description="law of the ceiling, in money units of the study; the lower of it and commitment counts",
    )
    deadline: Date | None = Field(
        default=None, description="last day on which a notice can be given; required with pipelines"
    )
    annual_cap: Money | None = Field(
        default=None, description="most that may be noticed in a calendar year, in money units of the study"
    )
    decision: Decision | None = Field(default=None, description="left out: every due funding is paid")


def _falling(shares: Tiers) -> Tiers:
    if shares.second_share > shares.first_share:
        rule = f"must be at most first_share ({shown(shares.first_share)})"
        raise flawed([Flaw(("second_share",), rule, shown(shares.second_share), "swap them")])
    return shares


class Adjustment(Model):
    """Other shares after some years of operation, where the deemed allocation is in arrears then."""

    after_years: Years = Field(description="years from completion after which it is tested, once")
    first_share: Annotated[float, Within(0, 1, open_low=True)] = Field(description="funder's share of tier one then")
    second_share: Share = Field(description="funder's share of tier two then, at most first_share")

    @model_validator(mode="after")
    def _falling(self) -> "Adjustment":
        return _falling(self)


class CatchUp(Model):
    """What goes to the host after a declined funding."""

    share: Annotated[float, Within(0, 1, open_low=True)] = Field(
        description="share of the funder's distributions from all projects that goes to the host"
    )
    until: Literal["amount", "years"] = Field(
        description="amount: until the declined budgets are made up for; years: for some years"
    )
    years: Years | None = Field(default=None, description="years after each decline; only and always with until: years")

    @model_validator(mode="after")
    def _whole(self) -> "CatchUp":
        if self.until == "years" and self.years is None:
            raise flawed([Flaw((), "until: years needs years", "", "add e.g. years: 5")])
        if self.until == "amount" and self.years is not None:
            remedy = "take it out, or write until: years"
            raise flawed([Flaw(("years",), "has no meaning with until: amount", shown(self.years), remedy)])
        return self


class TierSplit(Model):
    """Split in two tiers: up to the deemed amount due, and beyond."""

    mode: Literal["periodic", "cumulative"] = Field(description="how the deemed amount falls due")
    first_share: Annotated[float, Within(0, 1, open_low=True)] = Field(description="funder's share of tier one")
    second_share: Share = Field(description="funder's share of tier two, at most first_share")
    reference_rate: str = Field(description="factor (vasicek or deterministic) to which the spread is added")
    spread: Rate = Field(description="over the reference rate, 1/year: 0.015 for 1.5 %")
    deemed_life_years: Years = Field(description="years of the deemed repayment (mode periodic)")
    carry_interest: Literal["none", "deemed_rate"] = Field(
        default="none", description="interest on the carry (mode periodic)"
    )
    interest_before_completion: bool = Field(
        default=False, description="whether interest before completion joins the carry (mode periodic)"
    )

    pooling: Literal["none", "umbrella"] = Field(
        default="none", description="umbrella: due amounts and cash of all projects are added up before the split"
    )
    adjust: Adjustment | None = Field(default=None, description="left out: the shares stay as they are")

    @model_validator(mode="after")
    def _falling(self) -> "TierSplit":
        return _falling(self)


class FixedSplit(Model):
    """One share of everything."""

    mode: Literal["none"] = Field(description="no deemed amount: one share of all cash")
    funder_share: Share = Field(description="funder's share of the available cash")


Split = Annotated[TierSplit | FixedSplit, Field(discriminator="mode", description="split of the available cash")]


class Agreement(Model):
    """Terms between funder and host."""

    funding: Funding
    split: Split
    catch_up: CatchUp | None = Field(default=None, description="left out: a decline costs the funder nothing here")

    @property
    def coupled(self) -> bool:
        """Whether what one project distributes depends on the others."""
        return self.catch_up is not None or (isinstance(self.split, TierSplit) and self.split.pooling == "umbrella")


class Run(Model):
    """Size and machinery of a run; none but `paths` and `seed` changes a number."""

    paths: Annotated[Whole, Within(1, 10**12)] = Field(default=100_000, description="number of paths")
    seed: Annotated[Whole, Within(0, 2**64 - 1)] = Field(default=20260331, description="seed, 64 bits")
    leaves_per_shard: Annotated[Whole, Within(1, 4096)] = Field(
        default=4, description="number of leaves of 4096 paths in a shard"
    )
    workers: Annotated[Whole, Within(1, 4096)] | None = Field(
        default=None, description="number of threads; null: all cores"
    )
    memory_mib: Annotated[Whole, Within(64)] = Field(default=1024, description="memory limit of a run, MiB")


def _decimal(value: object) -> object:
    """Let a number stand for the decimal text that it prints as."""
    return repr(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _level(text: str) -> str:
    digits = text.strip()
    if not digits.replace(".", "", 1).isdecimal() or not 0 < float(digits) < 1:
        number = meant(text)
        fits = number is not None and 0 < float(number) < 1
        remedy = f'write "{number}"' if fits else 'write e.g. "0.95"'
        raise flawed([Flaw((), "must be a decimal number between 0 and 1", shown(text), remedy)])
    return "0." + digits.partition(".")[2].rstrip("0")


Level = Annotated[str, AfterValidator(_level), BeforeValidator(_decimal)]
Levels = Annotated[tuple[Level, ...], AfterValidator(distinct), Lax]


class Output(Model):
    """What a run keeps."""

    quantiles: Levels = Field(
        default=("0.01", "0.05", "0.25", "0.5", "0.75", "0.95", "0.99"),
        description="probabilities of the quantiles, decimal texts",
    )
    risk_levels: Levels = Field(default=("0.95", "0.99"), description="levels of value at risk and expected shortfall")
    paths: Annotated[tuple[str, ...], AfterValidator(distinct), Lax] | None = Field(
        default=None,
        description="quantities kept by path: of every project and the portfolio (npv_funder), of the portfolio only "
        "(portfolio.irr_funder), or of the scheme (npv_funder_local); null: a short default list",
    )
