"""Building a project: its cost, its time, who pays above the budget, and what ends it early."""

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from spvrisk.config.base import (
    AddingUp,
    Correlated,
    Date,
    Lax,
    Model,
    Name,
    NonNegative,
    Positive,
    Share,
    Together,
    Within,
    Years,
    refusal,
    shown,
    sum_problems,
)
from spvrisk.config.clock import AttributeRef
from spvrisk.config.laws import Law, ShareLaw, Values
from spvrisk.errors import Problem

Weights = Annotated[dict[Name, Share], AddingUp("weights", or_empty=True)]


class Phase(Model):
    """A part of the capacity that starts on its own."""

    share: Share = Field(description="share of the capacity")
    planned_duration_years: Years = Field(description="years from the start to the part's operation, as planned")


class SpendCurve(Model):
    """Cumulative spend over progress, as the distribution function of Beta(a, b)."""

    a: Annotated[float, Within(0.5, 100)] = Field(description="first exponent, no unit; larger: later spend")
    b: Annotated[float, Within(0.5, 100)] = Field(description="second exponent, no unit; larger: earlier spend")


class ProjectCorrelation(Model):
    """How overruns and delays of projects move together."""

    all: Together = Field(description="correlation between projects of different classes")
    class_: Together = Field(alias="class", description="correlation between projects of one class, at least `all`")
    cost_delay: Correlated = Field(description="correlation of a project's overrun and duration")
    kind: Literal["score", "rank"] = Field(
        default="score", description="what the numbers are: of the scores, or Spearman's"
    )

    @model_validator(mode="after")
    def _nested(self) -> "ProjectCorrelation":
        if self.class_ < self.all:
            rule = f"must be at least all ({shown(self.all)})"
            raise refusal(Problem.at(("class",), rule, shown(self.class_), "a class contains what all projects share"))
        return self


class FundingCap(Model):
    """How far the funder pays, and what happens above."""

    multiple: Positive = Field(description="cap as a multiple of the budget, nominal: 1 for the budget itself")
    above: Literal["share", "stop"] = Field(
        description="share: funder and host share what is above the cap; stop: the project is cancelled at the cap"
    )
    funder_share: Share | None = Field(
        default=None, description="funder's share of the cost above the cap; only and always with above: share"
    )
    ceiling: Positive | None = Field(
        default=None,
        description="multiple of the budget above which the funder pays nothing; left out: none (above: share)",
    )

    @model_validator(mode="after")
    def _whole(self) -> "FundingCap":
        problems = []
        if self.above == "share" and self.funder_share is None:
            problems.append(Problem.at((), "above: share needs funder_share", "", "add e.g. funder_share: 0.5"))
        for key, value in (("funder_share", self.funder_share), ("ceiling", self.ceiling)):
            if self.above == "stop" and value is not None:
                remedy = "take it out, or write above: share"
                problems.append(Problem.at((key,), "has no meaning with above: stop", shown(value), remedy))
        if self.ceiling is not None and self.ceiling < self.multiple:
            rule = f"must be at least multiple ({shown(self.multiple)})"
            problems.append(Problem.at(("ceiling",), rule, shown(self.ceiling), "swap them, or leave ceiling out"))
        if problems:
            raise refusal(*problems)
        return self


def _rising(dates: tuple[Date, ...]) -> tuple[Date, ...]:
    if not dates:
        raise refusal(Problem.at((), "needs a date", "an empty list", "leave dates out for a review every year"))
    late = [i for i, (before, after) in enumerate(pairwise(dates), start=1) if after <= before]
    if late:
        raise refusal(
            *(Problem.at((i,), "dates must rise", f"{dates[i]} after {dates[i - 1]}", "order the dates") for i in late)
        )
    return dates


class Review(Model):
    """Reviews on which a project may be cancelled."""

    threshold: Annotated[Law, Values(Within(0, open_low=True), "add e.g. truncate: [1, 5]", "estimate / budget")] = (
        Field(description="law of the estimate at completion, a multiple of the budget, above which it is cancelled")
    )
    reveal: NonNegative = Field(
        default=1.0,
        description="exponent by which progress reveals the overrun, no unit: 1 in proportion, 0 from the first day",
    )
    dates: Annotated[tuple[Date, ...], Lax, AfterValidator(_rising)] | None = Field(
        default=None, description="dates of the reviews; left out: every anniversary of the value date"
    )


class Subscription(Model):
    """Sale of the output in advance, without which a project is cancelled at a review."""

    share: ShareLaw = Field(description="law of the share of output that is subscribed, within [0, 1]")
    required: Share = Field(description="least share of output with which the project goes on")
    by: Date = Field(description="the first review on or after this date, and those that follow, look at the share")
    correlation: Correlated = Field(
        description="correlation of the scores of the share and of the overrun; below 0: who costs more sells less"
    )


class Construction(Model):
    """Cost and time of building a project."""

    planned_start: Date | None = Field(
        default=None, description="earliest start; the start is the due date if that is later"
    )
    planned_duration_years: Years | None = Field(
        default=None, description="years from start to completion; or `phases`"
    )
    phases: Annotated[tuple[Phase, ...], Lax] | None = Field(
        default=None, description="parts of the capacity; shares sum to 1"
    )
    spend_curve: SpendCurve
    class_: Name = Field(alias="class", description="projects of one class share a part of their overrun and delay")
    overrun: Annotated[Law, Values(Within(0, open_low=True), "add e.g. truncate: [0.5, 3]", "actual / budget")] = Field(
        description="law of actual cost / budget, a multiple"
    )
    inflation_share: Share = Field(default=0.0, description="part of the overrun that the cost indices carry already")
    duration: Annotated[
        Law, Values(Within(0, open_low=True), "add e.g. truncate: [0.5, 3]", "actual / planned duration")
    ] = Field(description="law of actual duration / planned duration, a multiple")
    correlation: ProjectCorrelation
    indices: Weights = Field(default={}, description="weight of each cost index, sum 1; none: no inflation")
    budget_basis: Literal["real", "nominal"] = Field(
        description="real: in money of the value date; nominal: as-spent, expected inflation included"
    )
    imported_share: Share = Field(default=0.0, description="share of the budget that pays the equipment tariff")
    equipment_tariff: AttributeRef | None = Field(
        default=None, description="tariff on the imported share; required with it"
    )
    start_delay: Annotated[Law, Values(Within(0), "add e.g. truncate: [0, 5]")] | None = Field(
        default=None, description="law of the years from the planned start, or from funding if later, to the start"
    )
    uplift: Annotated[Law, Values(Within(0, open_low=True), "add e.g. truncate: [0.5, 3]")] | None = Field(
        default=None, description="law of a further multiple of the cost, e.g. for a first plant of its kind"
    )
    funding_cap: FundingCap | None = Field(default=None, description="left out: the funder pays the whole cost")
    review: Review | None = Field(default=None, description="left out: no reviews")
    subscription: Subscription | None = Field(default=None, description="needs review; left out: none")
    salvage: ShareLaw | None = Field(
        default=None, description="law of the share of the sunk cost that comes back after a cancellation"
    )
    termination_fee: Share = Field(
        default=0.0, description="share of the budget that the funder pays on a cancellation"
    )
    shortfall: ShareLaw | None = Field(
        default=None, description="law of the share of the capacity that is never achieved"
    )

    @model_validator(mode="after")
    def _whole(self) -> "Construction":
        problems = [*self._time_problems(), *self._tariff_problems(), *self._review_problems()]
        if problems:
            raise refusal(*problems)
        return self

    def _time_problems(self) -> list[Problem]:
        if (self.phases is None) == (self.planned_duration_years is None):
            at, got = ((), "neither") if self.phases is None else (("phases",), "both")
            return [Problem.at(at, "needs either planned_duration_years or phases", got, "give one of them")]
        if self.phases is None:
            return []
        if not self.phases:
            return [
                Problem.at(("phases",), "needs a phase", "an empty list", "write planned_duration_years for one part")
            ]
        return sum_problems(("phases",), "shares", [phase.share for phase in self.phases])

    def _tariff_problems(self) -> list[Problem]:
        if self.imported_share > 0 and self.equipment_tariff is None:
            remedy = "add equipment_tariff: {layer: .., attribute: ..}"
            return [Problem.at(("imported_share",), "needs equipment_tariff", shown(self.imported_share), remedy)]
        return []

    def _review_problems(self) -> list[Problem]:
        if self.subscription is not None and self.review is None:
            remedy = "add e.g. review: {threshold: 2}"
            return [Problem.at(("subscription",), "needs review: it is looked at on review dates", "", remedy)]
        dates = self.review.dates if self.review is not None else None
        if self.subscription is not None and dates is not None and dates[-1] < self.subscription.by:
            rule = f"must not be after the last review date ({dates[-1]}): it would never count"
            return [Problem.at(("subscription", "by"), rule, shown(self.subscription.by), "add a later review date")]
        return []

    @property
    def longest_years(self) -> float:
        """Planned years from start to completion: those of the longest phase."""
        if self.phases is not None:
            return max(phase.planned_duration_years for phase in self.phases)
        return self.planned_duration_years or 0.0
