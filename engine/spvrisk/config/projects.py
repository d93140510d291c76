"""Projects (one SPV each), announced or still to come, and what they change of the split."""

from typing import Annotated

from pydantic import Field, model_validator

from spvrisk.config.base import (
    Date,
    Model,
    Name,
    NonNegative,
    Positive,
    Rate,
    Share,
    Title,
    Whole,
    Within,
    Years,
    refusal,
    shown,
)
from spvrisk.config.clock import Intensity
from spvrisk.config.construction import Construction, SpendCurve
from spvrisk.config.flows import SideFlow
from spvrisk.config.laws import Law, ShareLaw, Values, fixed
from spvrisk.config.operation import Operation
from spvrisk.errors import Problem

__all__ = ["GoAhead", "Pipeline", "Project", "ProjectTemplate", "SpendCurve", "SplitOverride"]


class SplitOverride(Model):
    """What a project changes of the agreement's split."""

    spread: Rate | None = Field(default=None, description="over the reference rate, 1/year: 0.015 for 1.5 %")
    deemed_life_years: Years | None = Field(default=None, description="years of the deemed repayment")


class GoAhead(Model):
    """Whether an announced project is carried out at all, and how much of it."""

    probability: Share = Field(description="probability that the project gets its notice")
    size_share: ShareLaw = Field(
        default_factory=lambda: fixed(1.0),
        description="law of the share that is carried out, within [0, 1]: of budget, capacity and fixed O&M",
    )


class ProjectTemplate(Model):
    """What a project is but for its notice: built and run by an SPV of its own."""

    title: Title
    sector: str | None = Field(default=None, description="free text, for grouping")
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
    side_flows: dict[Name, SideFlow] = Field(
        default={}, description="by name; flows to the funder in proportion to spend or output"
    )

    @model_validator(mode="after")
    def _output(self) -> "ProjectTemplate":
        problems = []
        if (self.capacity_mw is None) == (self.capacity is None):
            at, got = ((), "neither") if self.capacity is None else (("capacity",), "both")
            problems.append(Problem.at(at, "needs either capacity_mw or capacity", got, "give one of them"))
        elif self.capacity is not None and self.output_unit is None:
            problems.append(Problem.at(("capacity",), "needs output_unit", "", "add e.g. output_unit: bbl"))
        elif self.capacity_mw is not None and self.output_unit not in (None, "MWh"):
            problems.append(
                Problem.at(("output_unit",), "is MWh with capacity_mw", shown(self.output_unit), "leave it out")
            )
        fixed = self.operation.fixed_om
        if fixed is not None and fixed.per_mw_year is not None and self.capacity_mw is None:
            per_mw = ("operation", "fixed_om", "per_mw_year")
            problems.append(
                Problem.at(per_mw, "needs capacity_mw", "", "write per_year: the cost of the whole plant a year")
            )
        if self.operation.capacity_payment is not None and self.capacity_mw is None:
            remedy = "write capacity_mw: the plant's capacity in MW, or take it out"
            problems.append(Problem.at(("operation", "capacity_payment"), "needs capacity_mw", "", remedy))
        if problems:
            raise refusal(*problems)
        return self


class Project(ProjectTemplate):
    """An announced project."""

    notice_date: Date = Field(description="date of the notice; the due date counts from it")
    go_ahead: GoAhead | None = Field(default=None, description="left out: the project gets its notice for certain")


class Pipeline(Model):
    """Projects that are not yet known: when they come, how large they are, and what they are like."""

    title: Title
    arrivals_per_year: Intensity = Field(description="yearly intensity of notices")
    max_count: Annotated[Whole, Within(1, 1000)] = Field(description="largest number of projects")
    size: Annotated[Law, Values(Within(0, open_low=True), "add e.g. truncate: [100, 10000]")] = Field(
        description="law of a project's budget at notice, in money units of the study"
    )
    min_size: NonNegative = Field(
        default=0.0, description="smallest budget, in money units of the study, below which a cut project is dropped"
    )
    template: ProjectTemplate = Field(
        description="what each of them is like; capacity and fixed O&M belong to its budget, and scale with the size"
    )
