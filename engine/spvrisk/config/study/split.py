"""The agreement: how available cash is split between funder and host, and what changes the shares."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from pydantic import Field, model_validator

from spvrisk.catalogue import phrase
from spvrisk.config.base import FactorName, Model, Share, Within, Years, refusal, shown
from spvrisk.config.laws import Law, Measure, Values
from spvrisk.config.study.factors import rate_factor
from spvrisk.config.study.parts import Parts, sound
from spvrisk.config.study.selection import Funding
from spvrisk.errors import Problem

if TYPE_CHECKING:
    from spvrisk.config.study.projects import ProjectTemplate


if TYPE_CHECKING:
    from spvrisk.config.study.root import Study


Tiers = TypeVar("Tiers", "Adjustment", "TierSplit")


def _falling(shares: Tiers) -> Tiers:
    if shares.second_share > shares.first_share:
        rule = phrase("must be at most first_share ({})", shown(shares.first_share))
        raise refusal(Problem.at(("second_share",), rule, shown(shares.second_share), "swap them"))
    return shares


class Adjustment(Model):
    """Different shares after some years of operation, if the deemed allocation is then in arrears."""

    after_years: Years = Field(description="years from completion after which it is tested, once")
    first_share: Annotated[float, Within(0, 1, open_low=True)] = Field(
        description="funder's share of tier one from then on"
    )
    second_share: Share = Field(description="funder's share of tier two from then on, at most first_share")

    @model_validator(mode="after")
    def _falling(self) -> "Adjustment":
        return _falling(self)


class CatchUp(Model):
    """What goes to the host after a declined funding."""

    share: Annotated[float, Within(0, 1, open_low=True)] = Field(
        description="share of the funder's distributions from all projects that goes to the host"
    )
    until: Literal["amount", "years"] = Field(
        description="amount: until the declined budgets are made up; years: for a number of years"
    )
    years: Years | None = Field(
        default=None, description="years after each decline; required with until: years, otherwise not allowed"
    )

    @model_validator(mode="after")
    def _whole(self) -> "CatchUp":
        if self.until == "years" and self.years is None:
            raise refusal(Problem.at((), "until: years needs years", "", "add e.g. years: 5"))
        if self.until == "amount" and self.years is not None:
            remedy = "remove it, or write until: years"
            raise refusal(Problem.at(("years",), "has no meaning with until: amount", shown(self.years), remedy))
        return self


RateLaw = Annotated[Law, Values(Within(-1, 1, per_cent_from=1), "write 0.015 for 1.5 %")]


class TierSplit(Model):
    """Split in two tiers: up to the deemed amount due, and beyond."""

    mode: Literal["periodic", "cumulative"] = Field(description="how the deemed amount falls due")
    first_share: Annotated[float, Within(0, 1, open_low=True)] = Field(description="funder's share of tier one")
    second_share: Share = Field(description="funder's share of tier two, at most first_share")
    reference_rate: FactorName = Field(description="factor (vasicek or deterministic) to which the spread is added")
    spread: RateLaw = Field(
        description="law of the spread over the reference rate, 1/year: 0.015 for 1.5 %; each project draws its own "
        "once a path"
    )
    deemed_life_years: Years = Field(description="years of the deemed repayment (mode periodic)")
    carry_interest: Literal["none", "deemed_rate"] = Field(
        default="none", description="interest on the carry (mode periodic)"
    )
    interest_before_completion: bool = Field(
        default=False, description="whether interest before completion is added to the carry (mode periodic)"
    )

    pooling: Literal["none", "umbrella"] = Field(
        default="none", description="umbrella: amounts due and cash of all projects are pooled before the split"
    )
    adjust: Adjustment | None = Field(default=None, description="left out: the shares stay as they are")

    @model_validator(mode="after")
    def _falling(self) -> "TierSplit":
        return _falling(self)


class FixedSplit(Model):
    """One fixed share of all cash."""

    mode: Literal["none"] = Field(description="no deemed amount: one share of all cash")
    funder_share: Share = Field(description="funder's share of the available cash")


Split = Annotated[TierSplit | FixedSplit, Field(discriminator="mode", description="split of the available cash")]


class Agreement(Model):
    """Terms between funder and host."""

    funding: Funding
    split: Split
    catch_up: CatchUp | None = Field(default=None, description="left out: a decline does not change the distributions")

    @property
    def coupled(self) -> bool:
        """Whether what one project distributes depends on the others."""
        pooled = isinstance(self.split, TierSplit) and self.split.pooling == "umbrella"
        return self.catch_up is not None or pooled or self.funding.annual_call_cap is not None


class SplitOverride(Model):
    """What a project changes in the agreement's split."""

    spread: RateLaw | None = Field(
        default=None,
        description="law of its spread over the reference rate, 1/year: 0.015 for 1.5 %, drawn once a path",
    )
    deemed_life_years: Years | None = Field(default=None, description="years of the deemed repayment")


def checks(parts: Parts) -> Iterator[Problem]:
    """Problems of the reference rate, the catch-up and what projects change of the split."""
    agreement = parts.one(Agreement)
    if agreement is None:
        return
    if isinstance(agreement.split, FixedSplit):
        for at, _ in sound(parts.placed(SplitOverride)):
            yield Problem.at(at, "has no meaning with split mode none", "", "remove it")
    else:
        at = ("agreement", "split", "reference_rate")
        yield from rate_factor(at, agreement.split.reference_rate, parts)
    if agreement.catch_up is not None and agreement.funding.decision is None:
        remedy = "add it, or remove this"
        yield Problem.at(("agreement", "catch_up"), "needs agreement.funding.decision", phrase("none"), remedy)


def warnings(study: "Study", measure: Measure) -> Iterator[Problem]:
    """Warnings about terms that never take effect, and about lives that are too short for them."""
    yield from _terms(study)
    for at, site in study.sites():
        deemed = deemed_years(study, site)
        if deemed is not None and site.operation.life_years < deemed:
            rule = phrase("is shorter than the deemed life ({:g} years)", deemed)
            remedy = phrase("the funder is not repaid in full; check both")
            yield Problem.at((*at, "operation", "life_years"), rule, shown(site.operation.life_years), remedy)


def _terms(study: "Study") -> Iterator[Problem]:
    """Adjustments and catch-ups that never come."""
    horizon, split = study.study.horizon_years, study.agreement.split
    adjust = split.adjust if isinstance(split, TierSplit) else None
    if adjust is not None and adjust.after_years >= horizon:
        rule = phrase("is not shorter than the horizon ({:g} years): the shares never change", horizon)
        yield Problem.at(
            ("agreement", "split", "adjust", "after_years"), rule, shown(adjust.after_years), phrase("write less")
        )
    catch_up, decision = study.agreement.catch_up, study.agreement.funding.decision
    if catch_up is None or decision is None:
        return
    at = ("agreement", "catch_up")
    if all(share.decline == 0 for share in decision.by_state.values()):
        yield Problem.at(
            at, phrase("no state ever declines"), "", phrase("remove it, or add decline to agreement.funding.decision")
        )
    if catch_up.years is not None and catch_up.years * study.study.steps_per_year < 1:
        rule = phrase("is shorter than a step: nothing goes to the host")
        yield Problem.at((*at, "years"), rule, shown(catch_up.years), phrase("years are rounded down to whole steps"))


def deemed_years(study: "Study", project: "ProjectTemplate") -> float | None:
    """Years of a project's deemed repayment, if there is any."""
    split = study.agreement.split
    if isinstance(split, FixedSplit):
        return None
    own = project.split.deemed_life_years if project.split else None
    return own if own is not None else split.deemed_life_years
