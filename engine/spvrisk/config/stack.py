"""How the funder raises its calls: policy bank, commercial banks, and the insurer of the commercial loan."""

from typing import Annotated

from pydantic import Field, model_validator

from spvrisk.config.base import Model, Rate, Share, Within, Years, refusal, sum_problems

Limit = Annotated[float, Within(0, 1e15, open_low=True)]


class Loan(Model):
    """A loan that raises a part of every call."""

    share: Share = Field(description="share of every outflow of the funder that it raises")
    margin: Rate = Field(description="over the reference rate, 1/year: 0.01 for 1 %")


class Equity(Model):
    """Equity that raises a part of every call."""

    share: Share = Field(description="share of every outflow of the funder that it raises")


class Insurer(Model):
    """Insurance of the commercial loan."""

    cover: Share = Field(description="share of an overdue amount that is paid")
    wait_years: Annotated[float, Within(0, 100)] = Field(
        default=0.0, description="years for which an amount is overdue before it is claimed; rounded up to whole steps"
    )
    premium: Annotated[float, Within(0, 1, per_cent_from=1)] = Field(
        default=0.0, description="on the insured balance, 1/year: 0.008 for 0.8 %; paid by the banks; left out: none"
    )
    capital: Limit | None = Field(
        default=None, description="loss that it can bear, money units of the funder's currency; left out: no test"
    )
    capacity: Limit | None = Field(
        default=None, description="most that it can insure, money units of the funder's currency; left out: no test"
    )


class Stack(Model):
    """Sources of the funder's money; their shares add up to 1."""

    reference_rate: str = Field(description="factor (vasicek or deterministic) to which the margins are added")
    tenor_years: Years = Field(description="years of level principal from the step after completion")
    sweep: Share = Field(default=1.0, description="share of what is left after debt service that prepays the loans")
    policy_loan: Loan = Field(default=Loan(share=0, margin=0), description="loan of the policy bank; left out: none")
    policy_equity: Equity = Field(default=Equity(share=0), description="equity of the policy bank; left out: none")
    commercial_loan: Loan = Field(
        default=Loan(share=0, margin=0),
        description="loan of commercial banks, to be insured; left out: none",
    )
    insurer: Insurer | None = Field(default=None, description="left out: the commercial loan is not insured")

    @model_validator(mode="after")
    def _whole(self) -> "Stack":
        shares = [self.policy_loan.share, self.policy_equity.share, self.commercial_loan.share]
        problems = sum_problems((), "shares of policy_loan, policy_equity and commercial_loan", shares)
        if problems:
            raise refusal(*problems)
        return self
