"""How the funder finances its calls: policy bank, commercial banks, and the insurer of the commercial loan."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, model_validator

from spvrisk.catalogue import phrase
from spvrisk.config.base import FactorName, Model, Rate, Share, Within, Years, refusal, shown, sum_problems
from spvrisk.config.laws import Law, Measure, ShareLaw
from spvrisk.config.reading.numerals import per_cent_remedy
from spvrisk.config.study.factors import rate_factor
from spvrisk.config.study.parts import Parts
from spvrisk.errors import Problem

if TYPE_CHECKING:
    from spvrisk.config.study.root import Study


Limit = Annotated[float, Within(0, 1e15, open_low=True)]


class Loan(Model):
    """A loan that funds a part of every call."""

    share: Share = Field(description="share of every outflow of the funder that it funds")
    margin: Rate = Field(description="over the reference rate, 1/year: 0.01 for 1 %")


class Equity(Model):
    """Equity that funds a part of every call."""

    share: Share = Field(description="share of every outflow of the funder that it funds")


class Book(Model):
    """What the insurer has in force on the value date beside the study's projects."""

    in_force: Limit = Field(description="insured amounts, in money units of the funder's currency")
    loss_rate: Law = Field(
        description="law of the loss of a year, less premiums and recoveries, as a share of what is in force then; "
        "below 0 for a gain; each year from the value date has a draw of its own"
    )
    run_off_years: Years = Field(description="years over which it runs off, in a straight line")


class Insurer(Model):
    """Insurance of the commercial loan."""

    cover: Share = Field(description="share of an overdue amount that the insurer pays")
    wait_years: Annotated[float, Within(0, 100)] = Field(
        default=0.0, description="years for which an amount is overdue before it is claimed; rounded up to whole steps"
    )
    premium: Annotated[float, Within(0, 1, per_cent_from=1)] = Field(
        default=0.0, description="on the insured balance, 1/year: 0.008 for 0.8 %; paid by the banks; left out: none"
    )
    capital: Limit | None = Field(
        default=None,
        description="largest loss that it can bear, in money units of the funder's currency; left out: no test",
    )
    reserves: Annotated[float, Within(0, 1e15)] = Field(
        default=0.0, description="what it has beside its capital, in money units of the funder's currency"
    )
    book: Book | None = Field(
        default=None,
        description="what it has in force already, whose losses use up capital and reserves; left out: nothing",
    )
    capacity: Limit | None = Field(
        default=None,
        description="largest amount that it can insure, in money units of the funder's currency; left out: no test",
    )


class Stack(Model):
    """Sources of the funder's money; their shares add up to 1."""

    reference_rate: FactorName = Field(description="factor (vasicek or deterministic) to which the margins are added")
    tenor_years: Years = Field(
        description="years over which the principal is repaid in equal parts, from the step after completion"
    )
    sweep: Share = Field(default=1.0, description="share of what is left after debt service that prepays the loans")
    policy_loan: Loan = Field(default=Loan(share=0, margin=0), description="loan of the policy bank; left out: none")
    policy_share: ShareLaw | None = Field(
        default=None,
        description="law, drawn once a path, of the policy bank's part of the two loans together; left out: as their "
        "shares say",
    )
    policy_equity: Equity = Field(default=Equity(share=0), description="equity of the policy bank; left out: none")
    commercial_loan: Loan = Field(
        default=Loan(share=0, margin=0),
        description="loan of commercial banks, which the insurer may cover; left out: none",
    )
    insurer: Insurer | None = Field(default=None, description="left out: the commercial loan is not insured")

    @model_validator(mode="after")
    def _whole(self) -> "Stack":
        shares = [self.policy_loan.share, self.policy_equity.share, self.commercial_loan.share]
        problems = sum_problems((), phrase("shares of policy_loan, policy_equity and commercial_loan"), shares)
        if problems:
            raise refusal(*problems)
        return self


def checks(parts: Parts) -> Iterator[Problem]:
    """Problems of the reference rate."""
    stack = parts.one(Stack)
    if stack is not None:
        yield from rate_factor(("stack", "reference_rate"), stack.reference_rate, parts)


HIGH_PREMIUM = 0.05


def warnings(study: "Study", measure: Measure) -> Iterator[Problem]:
    """Warnings about loans that outlast the horizon or a plant, and about the insurer."""
    if study.stack is None:
        return
    tenor, horizon = study.stack.tenor_years, study.study.horizon_years
    if tenor > horizon:
        rule = phrase("is longer than the horizon ({:g} years): what is not due by then counts as lost", horizon)
        yield Problem.at(("stack", "tenor_years"), rule, shown(tenor), phrase("raise study.horizon_years"))
    yield from _insurer(study.stack, horizon)
    yield from _without_effect(study.stack)
    for at, site in study.sites():
        life = site.operation.life_years
        if tenor > life:
            rule = phrase("is shorter than the tenor of the funder's loans ({:g} years)", tenor)
            remedy = phrase("what is not due by then counts as lost; check both")
            yield Problem.at((*at, "operation", "life_years"), rule, shown(life), remedy)


def _insurer(stack: Stack, horizon: float) -> Iterator[Problem]:
    """Insurance that is free, dear, late or of nothing."""
    insurer, place = stack.insurer, ("stack", "insurer")
    if insurer is None:
        return
    drawn = stack.policy_share is not None and stack.policy_loan.share > 0  # the banks may have a part of that loan
    if stack.commercial_loan.share == 0 and not drawn:
        yield Problem.at(
            place, phrase("has no commercial loan to insure"), "", phrase("remove it, or give commercial_loan a share")
        )
    if insurer.premium == 0 and insurer.cover > 0:
        yield Problem.at(
            place, phrase("charges no premium"), "", phrase("add premium: 0.008 for 0.8 % a year, or keep it free")
        )
    if insurer.premium > HIGH_PREMIUM:
        rule, rate = phrase("is above {:.0%} a year", HIGH_PREMIUM), insurer.premium
        yield Problem.at((*place, "premium"), rule, shown(rate), per_cent_remedy(rate))
    if insurer.wait_years >= horizon:
        rule = phrase("is not shorter than the horizon ({:g} years): nothing is ever claimed", horizon)
        yield Problem.at((*place, "wait_years"), rule, shown(insurer.wait_years), phrase("write it in years"))


def _without_effect(stack: Stack) -> Iterator[Problem]:
    """Terms that change nothing without others."""
    insurer, remedy = stack.insurer, phrase("give insurer its capital, or remove it")
    if insurer is not None and insurer.capital is None:
        given = {"reserves": insurer.reserves > 0, "book": insurer.book is not None}
        for key in (key for key, stands in given.items() if stands):
            yield Problem.at(("stack", "insurer", key), phrase("has no effect without capital"), "", remedy)
    if stack.policy_share is not None and stack.policy_loan.share == stack.commercial_loan.share == 0:
        rule, remedy = phrase("has no loans to divide"), phrase("remove it, or give policy_loan a share")
        yield Problem.at(("stack", "policy_share"), rule, "", remedy)
