"""Projects of a study -> records (sections 5 to 8 of the model page)."""

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

from spvrisk.catalogue import phrase
from spvrisk.config.study import Study
from spvrisk.config.study.flows import SideFlow
from spvrisk.config.study.projects import Project, ProjectTemplate
from spvrisk.config.study.selection import GoAhead
from spvrisk.config.study.split import FixedSplit, SplitOverride
from spvrisk.errors import InputError, Problem
from spvrisk.plan.arrays import PROJECT
from spvrisk.plan.calendar import Grid, time_of
from spvrisk.plan.compile_clock import Attribute, listed
from spvrisk.plan.compile_construction import compile_construction, expected_costs, planned_delay
from spvrisk.plan.compile_operation import compile_operation
from spvrisk.plan.compile_selection import due_dates, planned_dues
from spvrisk.plan.streams import Streams
from spvrisk.plan.tools import Tools

CERTAIN = GoAhead(probability=1.0)
"""What a project without a go-ahead has in its place."""


_OF_CLASS = {"class_cost": "cost", "class_delay": "delay"}
"""Fields of streams that projects of one class share, and what is drawn from them."""


class Schedule(NamedTuple):
    """When a project is funded and begun."""

    due: float
    """Due date of the funds, years."""
    start: float
    """Start of construction, years: the later of the due date and the planned start."""


def schedules(study: Study, grid: Grid) -> dict[str, Schedule]:
    """Times of each project.

    Raises
    ------
    InputError
        A project would start after the horizon.
    """
    value_date = study.study.value_date
    horizon = grid.steps * grid.dt
    out, late = {}, []
    for name, due in due_dates(study).items():
        planned = study.projects[name].construction.planned_start
        start = time_of(grid, value_date, max(due, planned or due))
        out[name] = Schedule(time_of(grid, value_date, due), start)
        if start >= horizon:
            key = "construction.planned_start" if planned is not None and planned > due else "notice_date"
            rule = phrase("construction must start before the horizon of {:g} years", horizon)
            remedy = "lengthen study.horizon_years or leave the project out"
            late.append(
                Problem("", f"projects.{name}.{key}", rule, phrase("a start after {:.2f} years", start), remedy)
            )
    if late:
        raise InputError(late)
    return out


def attributes_read(study: Study) -> list[Attribute]:
    """Attributes that projects read, each once, in config order."""
    templates = [*study.projects.values(), *(pipeline.template for pipeline in study.pipelines.values())]
    refs = [project.construction.equipment_tariff for project in templates]
    return list(dict.fromkeys((ref.regime, ref.attribute) for ref in refs if ref is not None))


def _streams(name: str, path: str, project: ProjectTemplate, streams: Streams) -> dict[str, int]:
    """Streams of a project, named as their fields are; those of its class, which the projects of the class share."""
    shared, common = f"construction/{project.construction.class_}", f"{path}.construction.class"
    own = (field.removesuffix("_stream") for field in PROJECT.names or () if field.endswith("_stream"))
    return {
        **{f"{what}_stream": streams(f"project/{name}/{what}", path) for what in own if what not in _OF_CLASS},
        **{f"{what}_stream": streams(f"{shared}/{drawn}", common) for what, drawn in _OF_CLASS.items()},
    }


def _side_flows(flows: Iterable[SideFlow], tools: Tools) -> int:
    """Offset of a list of side flows."""
    return tools.constants.add(listed([tools.products.add(flow) for flow in flows]))


def relief_flows(tools: Tools) -> int:
    """Offset of the list of the scheme's side flows."""
    return _side_flows(tools.study.side_flows.values(), tools)


def _terms(path: str, project: ProjectTemplate, tools: Tools) -> dict[str, Any]:
    """Terms of the split that a project may change: its own, else the agreement's."""
    split = tools.study.agreement.split
    if isinstance(split, FixedSplit):
        return {"spread": 0.0, "spread_law": -1, "deemed_life": 1.0}
    own = project.split or SplitOverride()
    where = f"{path}.spread" if own.spread else "agreement.split.spread"
    return {
        **tools.number_or_law("spread", own.spread or split.spread, where),
        "deemed_life": split.deemed_life_years if own.deemed_life_years is None else own.deemed_life_years,
    }


def _body(path: str, project: ProjectTemplate, tools: Tools) -> dict[str, Any]:
    """All fields but those of selection, and the streams."""
    flows = project.side_flows.values()
    return {
        **compile_construction(f"{path}.construction", project, tools),
        **compile_operation(f"{path}.operation", project, tools),
        "spend_flows": _side_flows((flow for flow in flows if flow.base == "spend"), tools),
        "output_flows": _side_flows((flow for flow in flows if flow.base == "output"), tools),
        **_terms(f"{path}.split", project, tools),
    }


def _planned_starts(project: Project, tools: Tools) -> list[float]:
    """Times at which an announced project may start if nothing is late."""
    value_date, planned = tools.study.study.value_date, project.construction.planned_start
    dues = planned_dues(tools.study, project.notice_date)
    delay = planned_delay(project.construction, tools)
    return [time_of(tools.grid, value_date, max(due, planned or due)) + delay for due in dues]


def _announced(name: str, unit: int, tools: Tools) -> dict[str, Any]:
    """Record of an announced project."""
    project, path = tools.study.projects[name], f"projects.{name}"
    starts = sorted(set(_planned_starts(project, tools)))
    go_ahead = project.go_ahead or CERTAIN
    whole = go_ahead.size_share.bounds() == (1.0, 1.0)
    return {
        **_streams(name, path, project, tools.streams),
        **_body(path, project, tools),
        "unit": unit,
        "notice": (project.notice_date - tools.study.study.value_date).days,
        "go_ahead": go_ahead.probability,
        "size_law": tools.law(None if whole else go_ahead.size_share, f"{path}.go_ahead.size_share"),
        "size_scale": 1.0,
        "min_size": 0.0,
        "expected_costs": expected_costs(project, starts, tools),
        "pause": tools.interruptions.first[name],
        "n_pauses": tools.interruptions.count[name],
    }


def _slots(name: str, unit: int, tools: Tools) -> list[dict[str, Any]]:
    """Records of the slots of a pipeline: one body, streams of their own."""
    pipeline, path, grid = tools.study.pipelines[name], f"pipelines.{name}", tools.grid
    template = pipeline.template
    body = {
        **_body(f"{path}.template", template, tools),
        "unit": unit,
        "notice": 0,
        "go_ahead": 1.0,
        "size_law": tools.law(pipeline.size, f"{path}.size"),
        "size_scale": 1.0 / template.budget,
        "min_size": pipeline.min_size,
        "expected_costs": expected_costs(template, [0.0, *grid.ends], tools),
        "pause": 0,
        "n_pauses": 0,
    }
    return [{**body, **_streams(f"{name}/{k}", path, template, tools.streams)} for k in range(pipeline.max_count)]


def windows(tools: Tools) -> dict[str, int]:
    """Fields on the steps over which factors' means are kept: of planned construction, of planned operation.

    All steps count for both where no project is announced.

    Parameters
    ----------
    tools
        What the study's projects share.
    """
    last, begins, ends = tools.grid.steps - 1, [], []
    for project in tools.study.projects.values():
        start = min(_planned_starts(project, tools))
        begins.append(start)
        ends.append(start + project.construction.longest_years)
    if not begins:
        return {"building_first": 0, "building_end": last + 1, "running_first": 0}

    def step(time: float) -> int:
        return min(max(math.floor(time / tools.grid.dt), 0), last)

    return {"building_first": step(min(begins)), "building_end": step(max(ends)) + 1, "running_first": step(min(ends))}


def compile_projects(tools: Tools) -> list[dict[str, Any]]:
    """Records of projects by field: of the announced ones, then of the slots of pipelines.

    Raises
    ------
    InputError
        A date, calendar or law cannot be.
    """
    study = tools.study
    schedules(study, tools.grid)  # refuses dates that cannot be
    rows = [_announced(name, unit, tools) for unit, name in enumerate(study.projects)]
    for unit, name in enumerate(study.pipelines, start=len(study.projects)):
        rows += _slots(name, unit, tools)
    return rows
