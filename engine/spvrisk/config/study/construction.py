"""Building a project: cost, duration, who pays above the budget, and what ends it early."""

import math
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from spvrisk.catalogue import phrase
from spvrisk.config.base import (
    AddingUp,
    Correlated,
    Date,
    Lax,
    Model,
    Name,
    NameOf,
    NonNegative,
    Path,
    Positive,
    Share,
    Together,
    Within,
    Years,
    refusal,
    shown,
    sum_problems,
)
from spvrisk.config.laws import Law, Measure, ShareLaw, Values
from spvrisk.config.laws.warnings import Usual, unusual
from spvrisk.config.reading.numerals import per_cent_remedy
from spvrisk.config.study.clock import AttributeRef, Regime, known_attribute
from spvrisk.config.study.factors import indices
from spvrisk.config.study.head import StudyHead
from spvrisk.config.study.parts import Parts, sound
from spvrisk.errors import Problem

if TYPE_CHECKING:
    from spvrisk.config.study.root import Study


Weights = Annotated[dict[Annotated[Name, NameOf("factors")], Share], AddingUp(phrase("weights"), or_empty=True)]


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
    cost_delay: Correlated = Field(description="correlation between a project's overrun and its duration")
    kind: Literal["score", "rank"] = Field(
        default="score", description="what the numbers are: correlations of the scores, or Spearman's rank correlations"
    )

    @model_validator(mode="after")
    def _nested(self) -> "ProjectCorrelation":
        if self.class_ < self.all:
            rule = phrase("must be at least all ({})", shown(self.all))
            raise refusal(Problem.at(("class",), rule, shown(self.class_), "a class contains what all projects share"))
        return self


class FundingCap(Model):
    """Cost up to which the funder pays in full, and what happens above it."""

    multiple: Positive = Field(description="cap as a multiple of the budget, nominal: 1 for the budget itself")
    above: Literal["share", "stop"] = Field(
        description="share: funder and host share what is above the cap; stop: the project is cancelled at the cap"
    )
    funder_share: Share | None = Field(
        default=None,
        description="funder's share of the cost above the cap; required with above: share, otherwise not allowed",
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
                remedy = "remove it, or write above: share"
                problems.append(Problem.at((key,), "has no meaning with above: stop", shown(value), remedy))
        if self.ceiling is not None and self.ceiling < self.multiple:
            rule = phrase("must be at least multiple ({})", shown(self.multiple))
            problems.append(Problem.at(("ceiling",), rule, shown(self.ceiling), "swap them, or leave ceiling out"))
        if problems:
            raise refusal(*problems)
        return self


def _rising(dates: tuple[Date, ...]) -> tuple[Date, ...]:
    if not dates:
        raise refusal(
            Problem.at((), "needs a date", phrase("an empty list"), "leave dates out for a review every year")
        )
    late = [i for i, (before, after) in enumerate(pairwise(dates), start=1) if after <= before]
    if late:
        raise refusal(
            *(
                Problem.at((i,), "dates must rise", phrase("{} after {}", dates[i], dates[i - 1]), "order the dates")
                for i in late
            )
        )
    return dates


class Review(Model):
    """Reviews at which a project may be cancelled."""

    threshold: Annotated[
        Law, Values(Within(0, open_low=True), "add e.g. truncate: [1, 5]", phrase("cost to come / budget"))
    ] = Field(
        description="law of the cost to come as a review estimates it, a multiple of the budget, above which the "
        "project is cancelled; what is spent is sunk"
    )
    reveal: NonNegative = Field(
        default=1.0,
        description="exponent by which progress reveals the overrun, no unit: 1 in proportion, 0 from the first day",
    )
    dates: Annotated[tuple[Date, ...], Lax, AfterValidator(_rising)] | None = Field(
        default=None, description="dates of the reviews; left out: every anniversary of the value date"
    )


class Subscription(Model):
    """Advance sale of the output, without which a project is cancelled at a review."""

    share: ShareLaw = Field(description="law of the share of output that is subscribed, within [0, 1]")
    required: Share = Field(description="smallest share of output with which the project continues")
    by: Date = Field(description="the share is tested at the first review on or after this date, and at all later ones")
    correlation: Correlated = Field(
        description="correlation between the scores of the share and of the overrun; "
        "below 0: projects that cost more sell less"
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
    class_: Name = Field(
        alias="class", description="projects of one class share a component of their overruns and delays"
    )
    overrun: Annotated[
        Law, Values(Within(0, open_low=True), "add e.g. truncate: [0.5, 3]", phrase("actual / budget"))
    ] = Field(description="law of actual cost / budget, a multiple")
    inflation_share: Share = Field(
        default=0.0, description="share of the overrun that the cost indices already account for"
    )
    duration: Annotated[
        Law, Values(Within(0, open_low=True), "add e.g. truncate: [0.5, 3]", phrase("actual / planned duration"))
    ] = Field(description="law of actual duration / planned duration, a multiple")
    correlation: ProjectCorrelation
    indices: Weights = Field(default={}, description="weight of each cost index; weights sum to 1; none: no inflation")
    budget_basis: Literal["real", "nominal"] = Field(
        description="real: in money of the value date; nominal: as-spent, expected inflation included"
    )
    imported_share: Share = Field(
        default=0.0, description="share of the budget that is subject to the equipment tariff"
    )
    equipment_tariff: AttributeRef | None = Field(
        default=None, description="tariff on the imported share; required with it"
    )
    start_delay: Annotated[Law, Values(Within(0), "add e.g. truncate: [0, 5]")] | None = Field(
        default=None, description="law of the years from the planned start, or from funding if later, to the start"
    )
    planned_start_delay_years: Annotated[float, Within(0, 100)] | None = Field(
        default=None,
        description="years of that delay that the plan contains: nominal budgets bear the escalation meanwhile, and "
        "delay_months counts from then on; left out: the mode of a triangular or pert law, else the median",
    )
    uplift: Annotated[Law, Values(Within(0, open_low=True), "add e.g. truncate: [0.5, 3]")] | None = Field(
        default=None, description="law of a further multiple of the cost, e.g. for a first plant of its kind"
    )
    funding_cap: FundingCap | None = Field(default=None, description="left out: the funder pays the whole cost")
    review: Review | None = Field(default=None, description="left out: no reviews")
    subscription: Subscription | None = Field(default=None, description="needs review; left out: none")
    salvage: ShareLaw | None = Field(
        default=None, description="law of the share of the sunk cost that is recovered after a cancellation"
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
                Problem.at(
                    ("phases",), "needs a phase", phrase("an empty list"), "write planned_duration_years for one part"
                )
            ]
        return sum_problems(("phases",), phrase("shares"), [phase.share for phase in self.phases])

    def _tariff_problems(self) -> list[Problem]:
        if self.imported_share > 0 and self.equipment_tariff is None:
            remedy = phrase("add equipment_tariff: {{regime: .., attribute: ..}}")
            return [Problem.at(("imported_share",), "needs equipment_tariff", shown(self.imported_share), remedy)]
        return []

    def _review_problems(self) -> list[Problem]:
        if self.subscription is not None and self.review is None:
            remedy = phrase("add e.g. review: {{threshold: 2}}")
            return [Problem.at(("subscription",), "needs review: it is tested on review dates", "", remedy)]
        dates = self.review.dates if self.review is not None else None
        if self.subscription is not None and dates is not None and dates[-1] < self.subscription.by:
            rule = phrase("must not be after the last review date ({}): it would never be tested", dates[-1])
            return [Problem.at(("subscription", "by"), rule, shown(self.subscription.by), "add a later review date")]
        return []

    @property
    def longest_years(self) -> float:
        """Planned years from start to completion: those of the longest phase."""
        if self.phases is not None:
            return max(phase.planned_duration_years for phase in self.phases)
        return self.planned_duration_years or 0.0


def checks(parts: Parts) -> Iterator[Problem]:
    """Problems of classes, indices, review dates and tariffs."""
    head = parts.one(StudyHead)
    for at, found in sound(parts.placed(Construction)):
        if found.class_ == "all":
            yield Problem.at(
                (*at, "class"), "`all` is reserved for what all classes share", found.class_, "rename the class"
            )
        yield from indices((*at, "indices"), found.indices, parts)
        if head is not None:
            yield from _reviews(at, found, head.value_date)
        yield from _tariff(at, found, parts)


def _reviews(at: Path, found: Construction, value_date: date) -> Iterator[Problem]:
    for i, day in enumerate(found.review.dates or () if found.review is not None else ()):
        if day <= value_date:
            rule = phrase("must be after the value date ({})", value_date)
            yield Problem.at((*at, "review", "dates", i), rule, shown(day), "remove it")


def _tariff(at: Path, found: Construction, parts: Parts) -> Iterator[Problem]:
    tariff = found.equipment_tariff
    if tariff is None:
        return
    yield from known_attribute((*at, "equipment_tariff"), tariff, parts)
    regime = parts.named(Regime).get(tariff.regime)
    if regime is None:
        return
    for state, item in regime.states.items():
        rate = item.attributes.get(tariff.attribute, 0.0)
        if not 0 <= rate <= 5:
            remedy = per_cent_remedy(rate) if 5 < rate <= 500 else "write it as a part of 1: 0.25 for 25 %"
            path = ("regimes", tariff.regime, "states", state, "attributes", tariff.attribute)
            yield Problem.at(path, "a tariff rate must lie in [0, 5]", shown(rate), remedy)


HIGH_TERMINATION_FEE = 0.5


USUAL_CAPS = (0.5, 10.0)
"""Multiples of the budget up to which funders pay."""


LONG_DELAY = 10.0


_COST = "it is a multiple of the cost: for 20 % more write 1.2"


MULTIPLES = {
    "overrun": Usual(0.7, 5.0, _COST),
    "uplift": Usual(0.7, 5.0, _COST),
    "duration": Usual(0.5, 2.5, phrase("it is a multiple of the planned duration, no time: for 20 % longer write 1.2")),
}
"""Multiples of the plan: none is a rise (0.2 for 20 %), a percentage (120) or a number of months or years."""


THRESHOLD = Usual(0.7, math.inf, phrase("it is a multiple of the budget: for 60 % more write 1.6"))
"""A threshold that is never reached is a way of having reviews for the sake of subscriptions only."""


def warnings(study: "Study", measure: Measure) -> Iterator[Problem]:
    """Warnings about construction."""
    delay = Usual(0.0, LONG_DELAY, phrase("check the unit: it is in years"))
    for site_at, site in study.sites():
        at, found = (*site_at, "construction"), site.construction
        yield from _fees(at, found)
        yield from unusual((*at, "start_delay"), found.start_delay, delay, measure, phrase(" years"))
        for key, usual in MULTIPLES.items():
            yield from unusual((*at, key), getattr(found, key), usual, measure)
        if found.review is not None:
            yield from unusual((*at, "review", "threshold"), found.review.threshold, THRESHOLD, measure)


def _fees(at: Path, found: Construction) -> Iterator[Problem]:
    """Fees and caps of another size than those that are usual."""
    if found.termination_fee > HIGH_TERMINATION_FEE:
        rule, remedy = phrase("is above {:g}", HIGH_TERMINATION_FEE), phrase("write it as a share of the budget")
        yield Problem.at((*at, "termination_fee"), rule, shown(found.termination_fee), remedy)
    cap = found.funding_cap
    if cap is not None and not USUAL_CAPS[0] <= cap.multiple <= USUAL_CAPS[1]:
        rule = phrase("is outside [{:g}, {:g}]", USUAL_CAPS[0], USUAL_CAPS[1])
        remedy = phrase("write a multiple of the budget: 1.2 for 20 % more")
        yield Problem.at((*at, "funding_cap", "multiple"), rule, shown(cap.multiple), remedy)
