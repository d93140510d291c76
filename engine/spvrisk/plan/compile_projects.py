"""Projects of a study -> records (sections 5 to 8 of the model page)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import numpy as np
from scipy.special import betainc

from spvrisk.config.models import FixedSplit, Project, SplitOverride, Study, TierSplit
from spvrisk.config.projects import SpendCurve
from spvrisk.errors import InputError, Problem
from spvrisk.plan.arrays import PROJECT, Floats, Pool, Records, records
from spvrisk.plan.calendar import Grid, business_day_after, holidays_of, time_of
from spvrisk.plan.compile_clock import Attribute, Interruptions
from spvrisk.plan.compile_factors import Compiled
from spvrisk.plan.correlation import score_correlation
from spvrisk.plan.cubics import UnfitError
from spvrisk.plan.streams import Streams
from spvrisk.plan.tables import TableBook, law_number, spend_curve_table

HOURS_A_YEAR = 8766.0


class BasketBook:
    """Weighted sums of factors in the pool, each kept once."""

    def __init__(self, factors: Iterable[str], pool: Pool) -> None:
        self._factor = {name: k for k, name in enumerate(factors)}
        self._address: dict[tuple[tuple[int, float], ...], int] = {}
        self._pool = pool

    def add(self, weights: Mapping[str, float] | None) -> int:
        """Return the address of a basket; -1 for none."""
        if not weights:
            return -1
        key = tuple((self._factor[name], weight) for name, weight in weights.items())
        if key not in self._address:
            self._address[key] = self._pool.add([len(key), *(x for pair in key for x in pair)])
        return self._address[key]


def due_dates(study: Study) -> dict[str, date]:
    """Date on which each project's funds are due: so many business days after its notice.

    Raises
    ------
    InputError
        A holiday calendar is unknown, or a due date lies before the value date.
    """
    funding, value_date = study.agreement.funding, study.study.value_date
    notices = [project.notice_date.year for project in study.projects.values()]
    span = range(min(notices), max(notices) + 2 + funding.lag_business_days // 200)
    try:
        closed = holidays_of(funding.holidays, span)
    except NotImplementedError as error:
        path = "agreement.funding.holidays"
        remedy = "use ISO country codes, e.g. [US, JP]"
        raise InputError(Problem("", path, "a calendar is not known", str(error), remedy)) from None
    due = {
        name: business_day_after(project.notice_date, funding.lag_business_days, closed)
        for name, project in study.projects.items()
    }
    early = [
        Problem(
            "",
            f"projects.{name}.notice_date",
            f"funds would be due on {day}, before the value date {value_date}",
            str(study.projects[name].notice_date),
            "move the value date to the notice, or leave the project out",
        )
        for name, day in due.items()
        if day < value_date
    ]
    if early:
        raise InputError(early)
    return due


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
            rule = f"construction must start before the horizon of {horizon:g} years"
            remedy = "lengthen study.horizon_years or leave the project out"
            late.append(Problem("", f"projects.{name}.{key}", rule, f"a start after {start:.2f} years", remedy))
    if late:
        raise InputError(late)
    return out


def attributes_read(study: Study) -> list[Attribute]:
    """Attributes that projects read, each once, in config order."""
    refs = [project.construction.equipment_tariff for project in study.projects.values()]
    return list(dict.fromkeys((ref.layer, ref.attribute) for ref in refs if ref is not None))


def _spend_curve(book: TableBook, curve: SpendCurve, path: str) -> int:
    try:
        return spend_curve_table(book, curve.a, curve.b)
    except UnfitError as error:
        rule = f"must be smooth enough for a table: {error}"
        raise InputError(
            Problem("", path, rule, f"{{a: {curve.a:g}, b: {curve.b:g}}}", "use e.g. {a: 2, b: 3}")
        ) from None


def _loading(project: Project) -> list[float]:
    """Weights of the overall, the class and the own score."""
    c = project.construction.correlation
    overall, common = (score_correlation(r) if c.kind == "rank" else r for r in (c.all, c.class_))
    return [overall**0.5, max(common - overall, 0.0) ** 0.5, (1.0 - common) ** 0.5]


def _cost_delay(project: Project) -> float:
    c = project.construction.correlation
    return score_correlation(c.cost_delay) if c.kind == "rank" else c.cost_delay


def _phases(project: Project) -> list[tuple[float, float]]:
    c = project.construction
    if c.phases is None:
        return [(1.0, c.longest_years)]
    return [(phase.share, phase.planned_duration_years) for phase in c.phases]


def _composite(project: Project, factors: Mapping[str, Compiled], steps: int) -> Floats:
    """Expected cost index at the value date and the steps' ends ``(T + 1,)``.

    Ones where the budget rides on no index.
    """
    out = np.ones(steps + 1)
    weights = project.construction.indices
    if weights:
        out[1:] = sum(weight * factors[name].mean for name, weight in weights.items())
    return out


def _expected_cost(project: Project, start: float, index: Floats, grid: Grid) -> float:
    """Spend with expected indices on the plan; what a nominal budget contains, and a real one does not."""
    c = project.construction
    if c.budget_basis == "nominal":
        return project.budget
    progress = np.clip((grid.ends - start) / c.longest_years, 0.0, 1.0)
    spent = betainc(c.spend_curve.a, c.spend_curve.b, progress)
    return float(project.budget * np.sum(np.diff(spent, prepend=0.0) * index[1:]))


def _tariff_start(study: Study, project: Project) -> float:
    ref = project.construction.equipment_tariff
    if ref is None:
        return 0.0
    layer = study.layers[ref.layer]
    return layer.states[layer.initial.state].attributes[ref.attribute]


def _yearly_fixed(project: Project) -> float:
    fixed = project.operation.fixed_om
    if fixed is None:
        return 0.0
    return fixed.per_year if fixed.per_year is not None else (fixed.per_mw_year or 0.0) * (project.capacity_mw or 0.0)


def _escalation(project: Project, ends: Floats) -> Floats:
    contract = project.operation.contract
    rate = contract.escalator if contract is not None and contract.escalator is not None else 0.0
    return np.asarray((1.0 + rate) ** ends)


class Tools(NamedTuple):
    """What the projects of a study are compiled with."""

    study: Study
    grid: Grid
    streams: Streams
    book: TableBook
    pool: Pool
    baskets: BasketBook
    factors: Mapping[str, Compiled]
    number: Mapping[str, int]
    """Position of each factor."""
    attributes: Sequence[Attribute]
    interruptions: Interruptions
    schedules: Mapping[str, Schedule]


def _streams(name: str, project: Project, streams: Streams) -> dict[str, int]:
    own, common = f"projects.{name}", f"projects.{name}.construction.class"
    shared = f"construction/{project.construction.class_}"
    return {
        "cost_stream": streams(f"project/{name}/cost", own),
        "delay_stream": streams(f"project/{name}/delay", own),
        "class_cost_stream": streams(f"{shared}/cost", common),
        "class_delay_stream": streams(f"{shared}/delay", common),
        "contract_stream": streams(f"project/{name}/contract", own),
        "share_stream": streams(f"project/{name}/subscription", own),
        "availability_stream": streams(f"project/{name}/availability", own),
    }


def _construction(name: str, project: Project, tools: Tools) -> dict[str, Any]:
    c, pool, path = project.construction, tools.pool, f"projects.{name}"
    due, start = tools.schedules[name]
    loading, phases, index = _loading(project), _phases(project), _composite(project, tools.factors, tools.grid.steps)
    ref = c.equipment_tariff
    return {
        "loading_all": loading[0],
        "loading_class": loading[1],
        "loading_own": loading[2],
        "cost_delay": _cost_delay(project),
        "overrun_law": law_number(tools.book, c.overrun, f"{path}.construction.overrun"),
        "inflation_share": c.inflation_share,
        "duration_law": law_number(tools.book, c.duration, f"{path}.construction.duration"),
        "budget": project.budget,
        "expected_cost": _expected_cost(project, start, index, tools.grid),
        "due": due,
        "start": start,
        "stop": tools.interruptions.stop.get(name, -1),
        "pause": tools.interruptions.first[name],
        "n_pauses": tools.interruptions.count[name],
        "duration": c.longest_years,
        "phases": pool.add(phases),
        "n_phases": len(phases),
        "spend_curve": _spend_curve(tools.book, c.spend_curve, f"{path}.construction.spend_curve"),
        "cost_basket": tools.baskets.add(c.indices),
        "expected_index": pool.add(index) if c.budget_basis == "nominal" else -1,
        "tariff_attribute": -1 if ref is None else tools.attributes.index((ref.layer, ref.attribute)),
        "imported_share": c.imported_share,
        "tariff_start": _tariff_start(tools.study, project),
    }


def _sales(path: str, project: Project, tools: Tools) -> dict[str, Any]:
    o, contract = project.operation, project.operation.contract
    units = project.capacity_mw * HOURS_A_YEAR if project.capacity_mw is not None else project.capacity or 0.0
    return {
        "life": o.life_years,
        "output": units * tools.grid.dt,
        "availability_law": law_number(tools.book, o.availability.law, f"{path}.operation.availability.law"),
        "persistence": o.availability.persistence**tools.grid.dt,
        "price_law": law_number(tools.book, contract.price, f"{path}.operation.contract.price") if contract else -1,
        "share_law": law_number(tools.book, contract.share, f"{path}.operation.contract.share") if contract else -1,
        "price_basket": tools.baskets.add(contract.indices if contract else None),
        "escalation": tools.pool.add(_escalation(project, tools.grid.ends)),
        "tenor": contract.tenor_years if contract else 0.0,
        "merchant_factor": tools.number[o.merchant.factor],
        "merchant_basis": o.merchant.basis,
        "pass_through": contract.fuel_pass_through if contract else 0.0,
    }


def _costs(project: Project, tools: Tools) -> dict[str, Any]:
    o = project.operation
    fuel, variable, fixed, tax = o.fuel, o.variable_om, o.fixed_om, o.tax
    return {
        "fuel_factor": tools.number[fuel.factor] if fuel else -1,
        "fuel_rate": fuel.heat_rate * fuel.basis if fuel else 0.0,
        "variable_om": variable.per_output if variable else 0.0,
        "variable_basket": tools.baskets.add(variable.indices if variable else None),
        "fixed_om": _yearly_fixed(project) * tools.grid.dt,
        "fixed_basket": tools.baskets.add(fixed.indices if fixed else None),
        "tax_rate": tax.rate if tax else 0.0,
        "tax_life": tax.life_years if tax else 1.0,
    }


def _terms(project: Project, split: TierSplit | FixedSplit) -> dict[str, float]:
    """Terms of the split that a project may change: its own, else the agreement's."""
    if isinstance(split, FixedSplit):
        return {"spread": 0.0, "deemed_life": 1.0}
    own = project.split or SplitOverride()
    return {
        "spread": split.spread if own.spread is None else own.spread,
        "deemed_life": split.deemed_life_years if own.deemed_life_years is None else own.deemed_life_years,
    }


def compile_projects(tools: Tools) -> Records:
    """Turn projects into records; laws and curves are numbers in the book, to be turned into addresses.

    Raises
    ------
    InputError
        A date, calendar or law cannot be.
    """
    study = tools.study
    rows = [
        {
            **_streams(name, project, tools.streams),
            **_construction(name, project, tools),
            **_sales(f"projects.{name}", project, tools),
            **_costs(project, tools),
            **_terms(project, study.agreement.split),
        }
        for name, project in study.projects.items()
    ]
    return records(PROJECT, rows)
