"""Projects (one SPV each), announced or not yet known."""

import math
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from statistics import median
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, model_validator

from spvrisk.catalogue import phrase
from spvrisk.config.base import (
    Date,
    Model,
    Name,
    NonNegative,
    Path,
    Positive,
    Title,
    Whole,
    Within,
    refusal,
    shown,
)
from spvrisk.config.laws import Law, Measure, Values
from spvrisk.config.reading.numerals import multiple
from spvrisk.config.study.clock import FASTEST, Intensity, Regime
from spvrisk.config.study.construction import Construction
from spvrisk.config.study.events import Event
from spvrisk.config.study.flows import SideFlow
from spvrisk.config.study.operation import Operation
from spvrisk.config.study.parts import Parts, sound
from spvrisk.config.study.selection import GoAhead
from spvrisk.config.study.split import SplitOverride, deemed_years
from spvrisk.errors import Problem

if TYPE_CHECKING:
    from spvrisk.config.study.root import Study


class ProjectTemplate(Model):
    """A project apart from its notice: built and run by its own SPV."""

    title: Title
    sector: str | None = Field(default=None, description="free text, for grouping")
    budget: Annotated[float, Within(0, 1e12, open_low=True)] = Field(
        description="announced cost, in money units of the study"
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
            remedy = "write capacity_mw: the plant's capacity in MW, or remove it"
            problems.append(Problem.at(("operation", "capacity_payment"), "needs capacity_mw", "", remedy))
        if problems:
            raise refusal(*problems)
        return self


class Project(ProjectTemplate):
    """An announced project."""

    notice_date: Date = Field(description="date of the notice; the due date counts from it")
    go_ahead: GoAhead | None = Field(default=None, description="left out: the project is certain to get its notice")


class Pipeline(Model):
    """Projects that are not yet known: when they come, how large they are, and what they are like."""

    title: Title
    arrivals_per_year: Intensity = Field(description="yearly intensity of notices")
    max_count: Annotated[Whole, Within(1, 1000)] = Field(description="largest number of projects")
    size: Annotated[Law, Values(Within(0, open_low=True), "add e.g. truncate: [100, 10000]")] = Field(
        description="law of a project's budget at notice, in money units of the study"
    )
    min_size: NonNegative = Field(
        default=0.0,
        description="smallest budget, in money units of the study, below which a project cut by the ceiling is dropped",
    )
    template: ProjectTemplate = Field(
        description="the pipeline's typical project; its capacity and fixed O&M belong to its budget, and scale "
        "with the size"
    )


RESERVED_UNITS = ("portfolio", "scheme")
"""Units of results that are no projects."""


def checks(parts: Parts) -> Iterator[Problem]:
    """Problems of the projects' names, and of how often those of pipelines come."""
    projects, pipelines = parts.names("projects"), parts.names("pipelines")
    if not projects and not pipelines:
        remedy = "add one, e.g. as in `spvrisk init`"
        yield Problem.at(("projects",), "a study needs a project or a pipeline", phrase("none"), remedy)
    yield from _units("projects", projects)
    yield from _units("pipelines", pipelines)
    for name in pipelines:
        if name in projects:
            yield Problem.at(("pipelines", name), "is also the name of a project", name, "rename one of the two")
    yield from _arrivals(parts)


def _units(section: str, names: Iterable[str]) -> Iterator[Problem]:
    for name in names:
        if name in RESERVED_UNITS:
            yield Problem.at((section, name), "is reserved for a unit of the results", name, "rename it")


def _arrivals(parts: Parts) -> Iterator[Problem]:
    """Arrivals, with all that may scale them at once, keep to what a yearly intensity may be."""
    by_state = math.prod(
        max(1.0, *(state.arrival_multiplier for state in regime.states.values()))
        for _, regime in sound(parts.named(Regime))
    )
    for name, pipeline in sound(parts.named(Pipeline)):
        by_event = math.prod(
            max(1.0, *(outcome.scale_arrivals.get(name, 1.0) for outcome in event.outcomes.values()))
            for _, event in sound(parts.named(Event))
        )
        scale = by_state * by_event
        if pipeline.arrivals_per_year * scale > FASTEST:
            rule = phrase("must be at most {:g} a year after all scaling", FASTEST)
            got = phrase("{} scaled by up to {:g}", shown(pipeline.arrivals_per_year), scale)
            remedy = "lower scale_arrivals of events or arrival_multiplier of states"
            yield Problem.at(("pipelines", name, "arrivals_per_year"), rule, got, remedy)


LONG_ENOUGH = 40.0
"""Years of operation inside the horizon after which the rest of a life is worth little today."""


_UNIT = phrase("check the unit of both")


def warnings(study: "Study", measure: Measure) -> Iterator[Problem]:
    """Warnings about budgets and pipelines, and about what the horizon cuts off."""
    yield from _budgets(study)
    yield from _pipelines(study)
    yield from _in_time(study)


def _budgets(study: "Study") -> Iterator[Problem]:
    """A budget in another unit than the others: 33.3 (billions) among thousands of millions."""
    budgets = {at: site.budget for at, site in study.sites()}
    if study.study.money_unit != 1e6 or max(budgets.values()) <= 1000:
        return
    for at, budget in budgets.items():
        if budget < 100:
            remedy = phrase("if billions were meant, write {}", multiple(budget, "1000"))
            typical = median(budgets.values())
            rule = phrase(
                "is small beside the other budgets (median {:g}) in {} million", typical, study.study.currency
            )
            yield Problem.at((*at, "budget"), rule, shown(budget), remedy)


def _pipelines(study: "Study") -> Iterator[Problem]:
    """Arrivals that never come, or are more than may come; sizes in another unit."""
    deadline, head = study.agreement.funding.deadline, study.study
    for name, pipeline in study.pipelines.items():
        at = ("pipelines", name)
        largest = pipeline.size.bounds()[1]
        if pipeline.min_size > largest:
            rule = phrase("is above the largest size ({:g})", largest)
            yield Problem.at((*at, "min_size"), rule, shown(pipeline.min_size), _UNIT)
        if pipeline.arrivals_per_year == 0:
            yield Problem.at(
                (*at, "arrivals_per_year"),
                phrase("lets no project arrive"),
                "0",
                phrase("remove the pipeline, or raise it"),
            )
        years = head.horizon_years
        if deadline is not None:
            years = min(years, max((deadline - head.value_date).days / 365.25, 0.0))
        expected = pipeline.arrivals_per_year * years
        most = math.ceil(expected + 3 * math.sqrt(expected))
        if most > pipeline.max_count:
            rule = phrase("may be too few: {:.3g} arrivals are expected, up to {} likely", expected, most)
            yield Problem.at(
                (*at, "max_count"),
                rule,
                shown(pipeline.max_count),
                phrase("raise it to {}, or keep it deliberately", most),
            )


def _in_time(study: "Study") -> Iterator[Problem]:
    """What the horizon cuts off even if all goes to plan (due dates roughly: 7 days for 5)."""
    lag = timedelta(days=study.agreement.funding.lag_business_days * 7 / 5)
    horizon = study.study.horizon_years
    notices: list[tuple[Path, ProjectTemplate, date | None]]
    notices = [(("projects", name), project, project.notice_date) for name, project in study.projects.items()]
    deadline = study.agreement.funding.deadline
    notices += [(("pipelines", name, "template"), item.template, deadline) for name, item in study.pipelines.items()]
    for at, project, notice in notices:
        if notice is None:
            continue
        due = notice + lag
        start = max(due, project.construction.planned_start or due)
        yield from _reviewed((*at, "construction"), project, start)
        completion = (start - study.study.value_date).days / 365.25 + project.construction.longest_years
        end = completion + (deemed_years(study, project) or 0.0)
        if completion > horizon:
            key = "planned_duration_years" if project.construction.phases is None else "phases"
            rule = phrase("the horizon ({:g} years) ends before the planned completion, at {:.1f}", horizon, completion)
            yield Problem.at(
                (*at, "construction", key), rule, "", phrase("it never operates: raise study.horizon_years")
            )
        elif end > horizon:
            rule = phrase("the horizon ({:g} years) ends before the deemed life, at {:.1f}", horizon, end)
            yield Problem.at(at, rule, "", phrase("raise study.horizon_years to {} plus delays", math.ceil(end)))
        elif horizon - completion < min(project.operation.life_years, LONG_ENOUGH):
            life = project.operation.life_years
            cut = completion + life - horizon
            rule = phrase("the horizon ({:g} years) cuts off the last {:.1f} years", horizon, cut)
            remedy = phrase(
                "they are worth nothing: raise study.horizon_years to {} plus delays", math.ceil(completion + life)
            )
            yield Problem.at((*at, "operation", "life_years"), rule, shown(life), remedy)


def _reviewed(at: Path, project: ProjectTemplate, start: date) -> Iterator[Problem]:
    """Reviews that find no work under way, be it twice as long as planned."""
    found = project.construction
    if found.review is None:
        return
    end = start + timedelta(days=2 * 365.25 * found.longest_years)
    dates = found.review.dates
    if dates is not None and not any(start < day < end for day in dates):
        rule = phrase("has no date while the project is built (from {})", start)
        yield Problem.at((*at, "review", "dates"), rule, "", phrase("nothing is ever reviewed: check the dates"))
    if found.subscription is not None and found.subscription.by > end:
        rule = phrase("lies after the works (from {})", start)
        yield Problem.at(
            (*at, "subscription", "by"), rule, shown(found.subscription.by), phrase("it is never looked at")
        )
