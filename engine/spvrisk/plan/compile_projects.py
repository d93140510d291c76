"""Projects of a study -> records (sections 5 to 8 of the model page)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.special import betainc

from spvrisk.config.laws import Law
from spvrisk.config.study import Study
from spvrisk.config.study.construction import SpendCurve
from spvrisk.config.study.flows import SideFlow
from spvrisk.config.study.projects import Project, ProjectTemplate
from spvrisk.config.study.split import FixedSplit, SplitOverride, TierSplit
from spvrisk.errors import InputError, Problem
from spvrisk.plan.arrays import PROJECT, Floats, Pool, Records, records
from spvrisk.plan.calendar import Grid, time_of
from spvrisk.plan.compile_clock import Attribute, Interruptions, Products, listed
from spvrisk.plan.compile_factors import Compiled
from spvrisk.plan.compile_selection import due_dates, planned_dues, review_steps
from spvrisk.plan.correlation import score_correlation
from spvrisk.plan.cubics import UnfitError
from spvrisk.plan.elementary import log1p, power
from spvrisk.plan.streams import Streams
from spvrisk.plan.tables import TableBook, law_number, spend_curve_table

HOURS_A_YEAR = 8766.0
DAYS_A_YEAR = 365.25


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
    templates = [*study.projects.values(), *(pipeline.template for pipeline in study.pipelines.values())]
    refs = [project.construction.equipment_tariff for project in templates]
    return list(dict.fromkeys((ref.layer, ref.attribute) for ref in refs if ref is not None))


def _spend_curve(book: TableBook, curve: SpendCurve, path: str) -> int:
    try:
        return spend_curve_table(book, curve.a, curve.b)
    except UnfitError as error:
        rule = f"must be smooth enough for a table: {error}"
        raise InputError(
            Problem("", path, rule, f"{{a: {curve.a:g}, b: {curve.b:g}}}", "use e.g. {a: 2, b: 3}")
        ) from None


def _loading(project: ProjectTemplate) -> list[float]:
    """Weights of the overall, the class and the own score."""
    c = project.construction.correlation
    overall, common = (score_correlation(r) if c.kind == "rank" else r for r in (c.all, c.class_))
    return [overall**0.5, max(common - overall, 0.0) ** 0.5, (1.0 - common) ** 0.5]


def _cost_delay(project: ProjectTemplate) -> float:
    c = project.construction.correlation
    return score_correlation(c.cost_delay) if c.kind == "rank" else c.cost_delay


def _phases(project: ProjectTemplate) -> list[tuple[float, float]]:
    c = project.construction
    if c.phases is None:
        return [(1.0, c.longest_years)]
    return [(phase.share, phase.planned_duration_years) for phase in c.phases]


def _composite(project: ProjectTemplate, factors: Mapping[str, Compiled], steps: int) -> Floats:
    """Expected cost index at the value date and the steps' ends ``(T + 1,)``.

    Ones where the budget rides on no index.
    """
    out = np.ones(steps + 1)
    weights = project.construction.indices
    if weights:
        out[1:] = sum(weight * factors[name].mean for name, weight in weights.items())
    return out


def _tariff_start(study: Study, project: ProjectTemplate) -> float:
    ref = project.construction.equipment_tariff
    if ref is None:
        return 0.0
    layer = study.layers[ref.layer]
    return layer.states[layer.initial.state].attributes[ref.attribute]


def _yearly_fixed(project: ProjectTemplate) -> float:
    fixed = project.operation.fixed_om
    if fixed is None:
        return 0.0
    return fixed.per_year if fixed.per_year is not None else (fixed.per_mw_year or 0.0) * (project.capacity_mw or 0.0)


def _escalation(rate: float, ends: Floats) -> Floats:
    return power(1.0 + rate, ends)


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
    products: Products


def _expected_costs(project: ProjectTemplate, starts: Sequence[float], tools: Tools) -> int:
    """Address of the spend with expected indices on plans that start at given times, parts of the budget.

    A nominal budget contains it, a real one does not.
    """
    c, grid = project.construction, tools.grid
    if c.budget_basis == "nominal":
        return tools.pool.add([1.0, 0.0, 1.0])
    index = _composite(project, tools.factors, grid.steps)
    progress = np.clip((grid.ends - np.array(starts)[:, None]) / c.longest_years, 0.0, 1.0)
    spent = betainc(c.spend_curve.a, c.spend_curve.b, progress)
    costs = np.sum(np.diff(spent, prepend=0.0) * index[1:], axis=1)
    return tools.pool.add([len(starts), *starts, *costs])


def _streams(name: str, path: str, project: ProjectTemplate, streams: Streams) -> dict[str, int]:
    shared, common = f"construction/{project.construction.class_}", f"{path}.construction.class"
    own = {
        "go_ahead_stream": "go_ahead",
        "size_stream": "size",
        "slip_stream": "slip",
        "funding_stream": "funding",
        "trigger_stream": "trigger",
        "start_delay_stream": "start_delay",
        "cost_stream": "cost",
        "delay_stream": "delay",
        "uplift_stream": "uplift",
        "threshold_stream": "threshold",
        "salvage_stream": "salvage",
        "shortfall_stream": "shortfall",
        "contract_stream": "contract",
        "share_stream": "subscription",
        "availability_stream": "availability",
        "fee_stream": "fee",
    }
    return {
        **{field: streams(f"project/{name}/{what}", path) for field, what in own.items()},
        "class_cost_stream": streams(f"{shared}/cost", common),
        "class_delay_stream": streams(f"{shared}/delay", common),
    }


def _law(law: Law | None, path: str, tools: Tools) -> int:
    return -1 if law is None else law_number(tools.book, law, path)


def _construction(path: str, project: ProjectTemplate, tools: Tools) -> dict[str, Any]:
    c, pool, grid = project.construction, tools.pool, tools.grid
    loading, phases, index = _loading(project), _phases(project), _composite(project, tools.factors, grid.steps)
    ref, planned = c.equipment_tariff, c.planned_start
    return {
        "planned_start": time_of(grid, tools.study.study.value_date, planned) if planned else -np.inf,
        "start_delay_law": _law(c.start_delay, f"{path}.start_delay", tools),
        "loading_all": loading[0],
        "loading_class": loading[1],
        "loading_own": loading[2],
        "cost_delay": _cost_delay(project),
        "overrun_law": _law(c.overrun, f"{path}.overrun", tools),
        "inflation_share": c.inflation_share,
        "uplift_law": _law(c.uplift, f"{path}.uplift", tools),
        "duration_law": _law(c.duration, f"{path}.duration", tools),
        "budget": project.budget,
        "duration": c.longest_years,
        "phases": pool.add(phases),
        "n_phases": len(phases),
        "spend_curve": _spend_curve(tools.book, c.spend_curve, f"{path}.spend_curve"),
        "cost_basket": tools.baskets.add(c.indices),
        "expected_index": pool.add(index) if c.budget_basis == "nominal" else -1,
        "tariff_attribute": -1 if ref is None else tools.attributes.index((ref.layer, ref.attribute)),
        "imported_share": c.imported_share,
        "tariff_start": _tariff_start(tools.study, project),
    }


def _ends(path: str, project: ProjectTemplate, tools: Tools) -> dict[str, Any]:
    """Who pays above the budget, and what ends the work early."""
    c = project.construction
    cap, review, subscription = c.funding_cap, c.review, c.subscription
    by = subscription.by if subscription else None
    steps = review_steps(tools.study, tools.grid, review.dates, by) if review else None
    return {
        "cap": cap.multiple if cap else np.inf,
        "cap_share": cap.funder_share if cap and cap.funder_share is not None else 1.0,
        "cap_ceiling": cap.ceiling if cap and cap.ceiling is not None else np.inf,
        "cap_stops": int(cap is not None and cap.above == "stop"),
        "reviews": -1 if steps is None else tools.pool.add(steps),
        "threshold_law": _law(review.threshold if review else None, f"{path}.review.threshold", tools),
        "reveal": review.reveal if review else 0.0,
        "subscription_law": _law(subscription.share if subscription else None, f"{path}.subscription.share", tools),
        "subscription_rho": subscription.correlation if subscription else 0.0,
        "required": subscription.required if subscription else -1.0,
        "salvage_law": _law(c.salvage, f"{path}.salvage", tools),
        "termination_fee": c.termination_fee,
        "shortfall_law": _law(c.shortfall, f"{path}.shortfall", tools),
    }


def _sales(path: str, project: ProjectTemplate, tools: Tools) -> dict[str, Any]:
    o, contract = project.operation, project.operation.contract
    units = project.capacity_mw * HOURS_A_YEAR if project.capacity_mw is not None else project.capacity or 0.0
    return {
        "life": o.life_years,
        "output": units * tools.grid.dt,
        "availability_law": _law(o.availability.law, f"{path}.availability.law", tools),
        "persistence": o.availability.persistence**tools.grid.dt,
        "price_law": _law(contract.price if contract else None, f"{path}.contract.price", tools),
        "share_law": _law(contract.share if contract else None, f"{path}.contract.share", tools),
        "price_basket": tools.baskets.add(contract.indices if contract else None),
        "escalation": tools.pool.add(
            _escalation(contract.escalator if contract and contract.escalator else 0.0, tools.grid.ends)
        ),
        "tenor": contract.tenor_years if contract else 0.0,
        "offtaker": list(tools.study.offtakers).index(contract.offtaker) if contract and contract.offtaker else -1,
        "default_discount": contract.default_discount if contract else 0.0,
        "merchant_factor": tools.number[o.merchant.factor],
        "merchant_basis": o.merchant.basis,
        "pass_through": contract.fuel_pass_through if contract else 0.0,
    }


def _output(project: ProjectTemplate, tools: Tools) -> dict[str, Any]:
    """What changes output, and what is paid for it beside the price."""
    o, pool, dt = project.operation, tools.pool, tools.grid.dt
    payment, credit = o.capacity_payment, o.output_credit
    capacity = project.capacity_mw or 0.0
    return {
        "ramp_up": pool.add([len(o.ramp_up), *(1.0 - share for share in o.ramp_up)]),
        "degradation": float(log1p(-o.degradation)),
        "volume_factor": -1 if o.volume_factor is None else tools.number[o.volume_factor],
        "economic": int(o.dispatch == "economic"),
        "capacity_factor": tools.number[payment.factor] if payment else -1,
        "capacity_rate": payment.credit * capacity * DAYS_A_YEAR * dt if payment else 0.0,
        "credit": credit.per_output if credit else 0.0,
        "credit_years": credit.years if credit else 0.0,
        "credit_escalation": pool.add(_escalation(credit.escalator, tools.grid.ends)) if credit else 0,
    }


def _costs(path: str, project: ProjectTemplate, tools: Tools) -> dict[str, Any]:
    o = project.operation
    fuel, variable, fixed, tax, debt, fee = o.fuel, o.variable_om, o.fixed_om, o.tax, o.senior_debt, o.developer_fee
    return {
        "fuel_factor": tools.number[fuel.factor] if fuel else -1,
        "fuel_rate": fuel.heat_rate * fuel.basis if fuel else 0.0,
        "variable_om": variable.per_output if variable else 0.0,
        "variable_basket": tools.baskets.add(variable.indices if variable else None),
        "fixed_om": _yearly_fixed(project) * tools.grid.dt,
        "fixed_basket": tools.baskets.add(fixed.indices if fixed else None),
        "tax_rate": tax.rate if tax else 0.0,
        "tax_life": tax.life_years if tax else 1.0,
        "nol_limit": tax.nol_limit if tax else 0.0,
        "debt_share": debt.share if debt else 0.0,
        "debt_factor": tools.number[debt.reference_rate] if debt else 0,
        "debt_margin": debt.margin if debt else 0.0,
        "debt_tenor": debt.tenor_years if debt else 1.0,
        "fee_law": _law(fee.amount if fee else None, f"{path}.developer_fee.amount", tools),
        "fee_years": fee.years if fee else 1.0,
        "fee_tolerance": fee.tolerance if fee else 0.0,
        "abandon_years": np.inf if o.abandon_after_years is None else o.abandon_after_years,
    }


def _side_flows(flows: Iterable[SideFlow], tools: Tools) -> int:
    """Address of a list of side flows."""
    return tools.pool.add(listed([tools.products.add(flow) for flow in flows]))


def relief_flows(tools: Tools) -> int:
    """Address of the list of the scheme's side flows."""
    return _side_flows(tools.study.side_flows.values(), tools)


def _terms(project: ProjectTemplate, split: TierSplit | FixedSplit) -> dict[str, float]:
    """Terms of the split that a project may change: its own, else the agreement's."""
    if isinstance(split, FixedSplit):
        return {"spread": 0.0, "deemed_life": 1.0}
    own = project.split or SplitOverride()
    return {
        "spread": split.spread if own.spread is None else own.spread,
        "deemed_life": split.deemed_life_years if own.deemed_life_years is None else own.deemed_life_years,
    }


def _body(path: str, project: ProjectTemplate, tools: Tools) -> dict[str, Any]:
    """All fields but those of selection, and the streams."""
    flows = project.side_flows.values()
    return {
        **_construction(f"{path}.construction", project, tools),
        **_ends(f"{path}.construction", project, tools),
        **_sales(f"{path}.operation", project, tools),
        **_output(project, tools),
        **_costs(f"{path}.operation", project, tools),
        "spend_flows": _side_flows((flow for flow in flows if flow.base == "spend"), tools),
        "output_flows": _side_flows((flow for flow in flows if flow.base == "output"), tools),
        **_terms(project, tools.study.agreement.split),
    }


def _planned_starts(project: Project, tools: Tools) -> list[float]:
    """Times at which an announced project may start if nothing is late."""
    value_date, planned = tools.study.study.value_date, project.construction.planned_start
    dues = planned_dues(tools.study, project.notice_date)
    return [time_of(tools.grid, value_date, max(due, planned or due)) for due in dues]


def _announced(name: str, unit: int, tools: Tools) -> dict[str, Any]:
    """Record of an announced project."""
    project, path = tools.study.projects[name], f"projects.{name}"
    starts = sorted(set(_planned_starts(project, tools)))
    go_ahead = project.go_ahead
    whole = go_ahead is None or go_ahead.size_share.bounds() == (1.0, 1.0)
    return {
        **_streams(name, path, project, tools.streams),
        **_body(path, project, tools),
        "unit": unit,
        "notice": (project.notice_date - tools.study.study.value_date).days,
        "go_ahead": go_ahead.probability if go_ahead else 1.0,
        "size_law": -1
        if whole
        else _law(go_ahead.size_share if go_ahead else None, f"{path}.go_ahead.size_share", tools),
        "size_scale": 1.0,
        "min_size": 0.0,
        "expected_costs": _expected_costs(project, starts, tools),
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
        "size_law": _law(pipeline.size, f"{path}.size", tools),
        "size_scale": 1.0 / template.budget,
        "min_size": pipeline.min_size,
        "expected_costs": _expected_costs(template, [0.0, *grid.ends], tools),
        "pause": 0,
        "n_pauses": 0,
    }
    return [{**body, **_streams(f"{name}/{k}", path, template, tools.streams)} for k in range(pipeline.max_count)]


def compile_projects(tools: Tools) -> Records:
    """Turn projects into records: the announced ones, then the slots of pipelines.

    Laws and curves are numbers in the book, to be turned into addresses.

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
    return records(PROJECT, rows)
