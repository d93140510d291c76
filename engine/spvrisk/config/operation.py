"""Running a project: output, sales, costs, tax, and the claims that come before the parties."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from spvrisk.config.base import (
    Lax,
    Model,
    NonNegative,
    Positive,
    Rate,
    Share,
    Title,
    Together,
    Within,
    Years,
    refusal,
    shown,
)
from spvrisk.config.clock import Intensity
from spvrisk.config.construction import Weights
from spvrisk.config.laws import Law, ShareLaw, Values
from spvrisk.errors import Problem


class Availability(Model):
    """Stationary availability (capacity factor) of a plant."""

    law: ShareLaw = Field(description="law of the share of full output in a step, within [0, 1]")
    persistence: Together = Field(description="correlation of the score with that of a year before")


class Offtaker(Model):
    """A buyer of output, who may default on all contracts at once."""

    title: Title
    default_hazard: Intensity = Field(description="yearly intensity of the default, from the value date")


class Contract(Model):
    """Sales contract for a share of the output."""

    price: Law = Field(description="study currency per unit of output, in money of the value date")
    escalator: Rate | None = Field(
        default=None, description="rise from the value date, 1/year: 0.02 for 2 % a year; or `indices`"
    )
    indices: Weights | None = Field(
        default=None, description="weights of the indices that the price rides on; or `escalator`"
    )
    share: ShareLaw = Field(description="law of the contracted share of output, within [0, 1]")
    tenor_years: Years = Field(description="years from completion")
    fuel_pass_through: Share = Field(
        default=0.0, description="share of the contracted output's fuel cost that the buyer pays"
    )
    offtaker: str | None = Field(default=None, description="one of the offtakers; left out: a buyer who never defaults")
    default_discount: Share = Field(
        default=0.0,
        description="share of the merchant price that the contracted output loses after the offtaker's default",
    )

    @model_validator(mode="after")
    def _whole(self) -> "Contract":
        problems = []
        if (self.escalator is None) == (self.indices is None):
            at, got = ((), "neither") if self.escalator is None else (("indices",), "both")
            problems.append(
                Problem.at(at, "needs either escalator or indices", got, "give one of them; escalator: 0 is flat")
            )
        if self.default_discount > 0 and self.offtaker is None:
            remedy = "add offtaker: one of the offtakers, or take it out"
            problems.append(Problem.at(("default_discount",), "needs offtaker", shown(self.default_discount), remedy))
        if problems:
            raise refusal(*problems)
        return self


class Merchant(Model):
    """Sale at a market price."""

    factor: str = Field(description="price factor, study currency per unit of output")
    basis: NonNegative = Field(default=1.0, description="multiple of the factor that the plant earns")


class Fuel(Model):
    """Fuel bought at a market price."""

    factor: str = Field(description="price factor, study currency per fuel unit")
    heat_rate: Positive = Field(description="fuel units per unit of output")
    basis: NonNegative = Field(default=1.0, description="multiple of the factor that the plant pays")


class VariableOm(Model):
    """Operating cost that rises with output."""

    per_output: NonNegative = Field(description="study currency per unit of output, in money of the value date")
    indices: Weights = Field(default={}, description="weights of the indices that the cost rides on; none: flat")


class FixedOm(Model):
    """Operating cost while the plant operates."""

    per_mw_year: NonNegative | None = Field(default=None, description="study currency per MW and year; or `per_year`")
    per_year: NonNegative | None = Field(default=None, description="study currency a year; or `per_mw_year`")
    indices: Weights = Field(default={}, description="weights of the indices that the cost rides on; none: flat")

    @model_validator(mode="after")
    def _one(self) -> "FixedOm":
        if (self.per_mw_year is None) == (self.per_year is None):
            at, got = ((), "neither") if self.per_year is None else (("per_year",), "both")
            raise refusal(Problem.at(at, "needs either per_mw_year or per_year", got, "give one of them"))
        return self


class Tax(Model):
    """Tax on the SPV's income, with straight-line depreciation."""

    rate: Annotated[float, Within(0, 1, open_high=True)] = Field(description="share of taxable income: 0.21 for 21 %")
    life_years: Years = Field(description="years of depreciation from completion")
    nol_limit: Share = Field(
        default=0.0, description="share of a step's income that losses carried forward may offset; 0: none are carried"
    )


class CapacityPayment(Model):
    """Payment for the capacity that is not under contract."""

    factor: str = Field(description="factor, study currency per MW and day")
    credit: Share = Field(description="share of the capacity that is paid for")


class OutputCredit(Model):
    """Credit for every unit of output in the first years."""

    per_output: NonNegative = Field(description="study currency per unit of output, in money of the value date")
    years: Years = Field(description="years from completion")
    escalator: Rate = Field(default=0.0, description="rise from the value date, 1/year: 0.02 for 2 % a year")


class SeniorDebt(Model):
    """Debt of third parties, drawn with every spend and paid before the parties."""

    share: Annotated[float, Within(0, 1, open_high=True)] = Field(description="share of every spend that lenders pay")
    reference_rate: str = Field(description="factor (vasicek or deterministic) to which the margin is added")
    margin: Rate = Field(description="over the reference rate, 1/year: 0.02 for 2 %")
    tenor_years: Years = Field(description="years of level principal from completion")


class DeveloperFee(Model):
    """Fee of the developer, paid out of cash in equal parts if the plant is as large as planned."""

    amount: Annotated[Law, Values(Within(0), "add e.g. truncate: [0, 1000]")] = Field(
        description="law of the whole fee, in money units of the study"
    )
    years: Years = Field(description="years from completion over which it is paid")
    tolerance: Share = Field(
        default=0.0, description="largest shortfall, a share of the capacity, with which it is paid"
    )


class Operation(Model):
    """What a completed project earns and costs."""

    life_years: Years = Field(description="years of operation from completion")
    availability: Availability
    contract: Contract | None = Field(default=None, description="left out: all output is sold at the merchant price")
    merchant: Merchant
    fuel: Fuel | None = None
    variable_om: VariableOm | None = None
    fixed_om: FixedOm | None = None
    tax: Tax | None = Field(default=None, description="left out: no tax")
    ramp_up: Annotated[tuple[Share, ...], Lax] = Field(
        default=(), description="share of output in the first, second, ... year of operation; full afterwards"
    )
    degradation: Annotated[float, Within(0, 1, open_high=True, per_cent_from=1)] = Field(
        default=0.0, description="share of output lost each year since completion, 1/year: 0.005 for 0.5 %"
    )
    volume_factor: str | None = Field(
        default=None, description="factor (not vasicek) that multiplies output; left out: none"
    )
    dispatch: Literal["must_run", "economic"] = Field(
        default="must_run",
        description="economic: what is not under contract runs only where its price is above fuel and variable cost",
    )
    capacity_payment: CapacityPayment | None = Field(default=None, description="needs capacity_mw; left out: none")
    output_credit: OutputCredit | None = Field(default=None, description="left out: none")
    senior_debt: SeniorDebt | None = Field(default=None, description="left out: none")
    developer_fee: DeveloperFee | None = Field(default=None, description="left out: none")
    abandon_after_years: Years | None = Field(
        default=None, description="years of unpaid arrears after which operation ends for good; left out: never"
    )

    @model_validator(mode="after")
    def _fuel(self) -> "Operation":
        passed = self.contract.fuel_pass_through if self.contract is not None else 0.0
        if passed > 0 and self.fuel is None:
            at = ("contract", "fuel_pass_through")
            raise refusal(
                Problem.at(at, "needs fuel, whose cost the buyer pays", shown(passed), "add fuel, or take it out")
            )
        return self
