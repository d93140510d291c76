"""Projects (one SPV each): construction, operation, and what they change of the split."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from spvrisk.config.base import (
    AddingUp,
    Date,
    Flaw,
    Lax,
    Model,
    Name,
    NonNegative,
    Positive,
    Rate,
    Share,
    Title,
    Within,
    Years,
    flawed,
    shown,
    sum_flaws,
)
from spvrisk.config.laws import Law

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

    all: Share = Field(description="correlation between projects of different classes")
    class_: Share = Field(alias="class", description="correlation between projects of one class, at least `all`")
    cost_delay: Annotated[float, Within(-1, 1)] = Field(description="correlation of a project's overrun and duration")
    kind: Literal["score", "rank"] = Field(
        default="score", description="what the numbers are: of the scores, or Spearman's"
    )

    @model_validator(mode="after")
    def _nested(self) -> "ProjectCorrelation":
        if self.class_ < self.all:
            rule = f"must be at least all ({shown(self.all)})"
            raise flawed([Flaw(("class",), rule, shown(self.class_), "a class contains what all projects share")])
        return self


class TariffRef(Model):
    """Attribute of a layer that is the tariff rate on imported equipment."""

    layer: str = Field(description="name of the layer")
    attribute: str = Field(description="name of its attribute: the rate, 0.1 for 10 %")


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
    overrun: Law = Field(description="law of actual cost / budget")
    inflation_share: Share = Field(default=0.0, description="part of the overrun that the cost indices carry already")
    duration: Law = Field(description="law of actual duration / planned duration")
    correlation: ProjectCorrelation
    indices: Weights = Field(default={}, description="weight of each cost index, sum 1; none: no inflation")
    budget_basis: Literal["real", "nominal"] = Field(
        description="real: in money of the value date; nominal: as-spent, expected inflation included"
    )
    imported_share: Share = Field(default=0.0, description="share of the budget that pays the equipment tariff")
    equipment_tariff: TariffRef | None = Field(
        default=None, description="tariff on the imported share; required with it"
    )

    @model_validator(mode="after")
    def _whole(self) -> "Construction":
        flaws = [*self._time_flaws(), *self._tariff_flaws(), *self._law_flaws()]
        if flaws:
            raise flawed(flaws)
        return self

    def _time_flaws(self) -> list[Flaw]:
        if (self.phases is None) == (self.planned_duration_years is None):
            at, got = ((), "neither") if self.phases is None else (("phases",), "both")
            return [Flaw(at, "needs either planned_duration_years or phases", got, "give one of them")]
        if self.phases is None:
            return []
        return sum_flaws(("phases",), "shares", [phase.share for phase in self.phases])

    def _tariff_flaws(self) -> list[Flaw]:
        if self.imported_share > 0 and self.equipment_tariff is None:
            remedy = "add equipment_tariff: {layer: .., attribute: ..}"
            return [Flaw(("imported_share",), "needs equipment_tariff", shown(self.imported_share), remedy)]
        return []

    def _law_flaws(self) -> list[Flaw]:
        flaws = []
        if self.overrun.bounds()[0] < 0:
            flaws.append(_below(("overrun",), "actual / budget must be at least 0", self.overrun))
        if self.duration.bounds()[0] < 0 or self.duration.atom_at_zero():
            flaws.append(_below(("duration",), "actual / planned duration must be above 0", self.duration))
        return flaws

    @property
    def longest_years(self) -> float:
        """Planned years from start to completion: those of the longest phase."""
        if self.phases is not None:
            return max(phase.planned_duration_years for phase in self.phases)
        return self.planned_duration_years or 0.0


def _below(at: tuple[str, ...], rule: str, law: Law) -> Flaw:
    return Flaw(at, rule, f"a law that reaches {law.bounds()[0]:g}", "add e.g. truncate: [0.5, 3]")


def share_law_flaws(at: tuple[str, ...], law: Law) -> list[Flaw]:
    """Flaws of a law whose values must lie in [0, 1]."""
    low, high = law.bounds()
    if low >= 0 and high <= 1:
        return []
    if law.family == "fixed":
        return [Within(0, 1).flaw(at, law.parameters["value"])]
    got = f"a law that reaches {low:g}" if low < 0 else f"a law that reaches {high:g}"
    return [Flaw(at, "must lie in [0, 1]", got, "use beta, or add truncate: [0, 1]")]


class Availability(Model):
    """Stationary availability (capacity factor) of a plant."""

    law: Law = Field(description="law of the share of full output in a step, within [0, 1]")
    persistence: Share = Field(description="correlation of the score with that of a year before")

    @model_validator(mode="after")
    def _share(self) -> "Availability":
        flaws = share_law_flaws(("law",), self.law)
        if flaws:
            raise flawed(flaws)
        return self


class Contract(Model):
    """Sales contract for a share of the output."""

    price: Law = Field(description="study currency per unit of output, in money of the value date")
    escalator: Rate | None = Field(
        default=None, description="rise from the value date, 1/year: 0.02 for 2 % a year; or `indices`"
    )
    indices: Weights | None = Field(
        default=None, description="weights of the indices that the price rides on; or `escalator`"
    )
    share: Law = Field(description="law of the contracted share of output, within [0, 1]")
    tenor_years: Years = Field(description="years from completion")
    fuel_pass_through: Share = Field(
        default=0.0, description="share of the contracted output's fuel cost that the buyer pays"
    )

    @model_validator(mode="after")
    def _whole(self) -> "Contract":
        flaws = share_law_flaws(("share",), self.share)
        if (self.escalator is None) == (self.indices is None):
            at, got = ((), "neither") if self.escalator is None else (("indices",), "both")
            flaws.append(Flaw(at, "needs either escalator or indices", got, "give one of them; escalator: 0 is flat"))
        if flaws:
            raise flawed(flaws)
        return self


class Merchant(Model):
    """Sale at a market price."""

    factor: str = Field(description="price factor, study currency per unit of output")
    basis: float = Field(default=1.0, description="multiple of the factor that the plant earns")


class Fuel(Model):
    """Fuel bought at a market price."""

    factor: str = Field(description="price factor, study currency per fuel unit")
    heat_rate: Positive = Field(description="fuel units per unit of output")
    basis: float = Field(default=1.0, description="multiple of the factor that the plant pays")


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
            raise flawed([Flaw(at, "needs either per_mw_year or per_year", got, "give one of them")])
        return self


class Tax(Model):
    """Tax on the SPV's income, with straight-line depreciation."""

    rate: Annotated[float, Within(0, 1, open_high=True)] = Field(description="share of taxable income: 0.21 for 21 %")
    life_years: Years = Field(description="years of depreciation from completion")


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


class SplitOverride(Model):
    """What a project changes of the agreement's split."""

    spread: Rate | None = Field(default=None, description="over the reference rate, 1/year: 0.015 for 1.5 %")
    deemed_life_years: Years | None = Field(default=None, description="years of the deemed repayment")


class Project(Model):
    """A project, built and run by an SPV of its own."""

    title: Title
    sector: str | None = Field(default=None, description="free text, for grouping")
    notice_date: Date = Field(description="date of the notice; the due date counts from it")
    budget: Annotated[float, Within(0, 1e12, open_low=True)] = Field(
        description="cost as announced, in money units of the study"
    )
    capacity_mw: Positive | None = Field(default=None, description="electric capacity in MW; or `capacity`")
    capacity: Positive | None = Field(
        default=None, description="units of output a year at full availability; or `capacity_mw`"
    )
    output_unit: str | None = Field(
        default=None, description="unit of output, required with `capacity`; MWh with capacity_mw"
    )
    construction: Construction
    operation: Operation
    split: SplitOverride | None = None

    @model_validator(mode="after")
    def _output(self) -> "Project":
        flaws = []
        if (self.capacity_mw is None) == (self.capacity is None):
            at, got = ((), "neither") if self.capacity is None else (("capacity",), "both")
            flaws.append(Flaw(at, "needs either capacity_mw or capacity", got, "give one of them"))
        elif self.capacity is not None and self.output_unit is None:
            flaws.append(Flaw(("capacity",), "needs output_unit", "", "add e.g. output_unit: bbl"))
        elif self.capacity_mw is not None and self.output_unit not in (None, "MWh"):
            flaws.append(Flaw(("output_unit",), "is MWh with capacity_mw", shown(self.output_unit), "leave it out"))
        fixed = self.operation.fixed_om
        if fixed is not None and fixed.per_mw_year is not None and self.capacity_mw is None:
            per_mw = ("operation", "fixed_om", "per_mw_year")
            flaws.append(Flaw(per_mw, "needs capacity_mw", "", "write per_year: the cost of the whole plant a year"))
        if flaws:
            raise flawed(flaws)
        return self
