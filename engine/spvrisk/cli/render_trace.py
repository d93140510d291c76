"""One path as a story, as steps, and as JSON."""

import math
from typing import Any

import numpy as np
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from spvrisk.cli.render import NONE, figures_table, finite, money_name, plain
from spvrisk.cli.words import counted
from spvrisk.dataset.read import Result
from spvrisk.dataset.variables import COUNTED, UNDEFINED, has_loss, states_of
from spvrisk.plan.calendar import date_of, make_grid
from spvrisk.plan.names import Labels
from spvrisk.runner.changes import Change
from spvrisk.runner.trace import STEP_ROWS, Rank, Trace

TRACE_SCHEMA = "spvrisk.trace/2"
"""Format of `trace_json`; the number rises when a reader of the former would misread it."""

_SHOWN = {
    "spend": "spend",
    "calls": "calls",
    "revenue": "revenue",
    "costs": "costs",
    "tax": "tax",
    "arrears": "arrears",
    "available_cash": "cash",
    "due": "due",
    "distribution_funder": "to funder",
    "distribution_host": "to host",
    "carry": "carry",
    "deemed_balance": "balance",
}
"""Columns of the printed steps, with their heads."""
_YEARS = (5, 10, 20)


def render_story(trace: Trace, result: Result, wanted: Rank | None) -> RenderableType:
    """What was struck down when, what was noticed and paid, what overran, what was built, who got what."""
    changes = result.provenance["overrides"]
    blocks: list[RenderableType] = [Text(trace.labels.title["en"], style="bold"), _opening(trace, result, wanted)]
    blocks += [Text(f"Changed by --set: {'; '.join(changes)}")] if changes else []
    blocks.append("")
    blocks += [_happened(trace), ""]
    blocks += [Text("What became of the projects", style="bold")]
    for name in trace.labels.projects:
        head, *rest = _pipeline(trace, name) if name in trace.labels.pipelines else _project(trace, name)
        blocks += [Padding(Text(head), (0, 0, 0, 2)), *(Padding(Text(line), (0, 0, 0, 6)) for line in rest)]
    slots: list[RenderableType] = [_slots(trace), ""] if any(map(is_slot, trace.sites)) else []
    return Group(*blocks, "", *slots, _shares(trace), "", _factors(trace))


def _opening(trace: Trace, result: Result, wanted: Rank | None) -> Text:
    of = f"Path {trace.path:,} of {result.n_paths:,}, seed {result.attributes['seed']}"
    if wanted is None:
        return Text(of + ".")
    order = "loss" if has_loss(wanted.quantity) else "value"
    unit = "" if wanted.unit in ("portfolio", "scheme") else f"{wanted.unit} "
    value = _value(trace, (wanted.unit, wanted.quantity))
    return Text(f"{of}: at rank {float(wanted.level):g} by {order}, {unit}{wanted.quantity} = {value}.")


def _value(trace: Trace, series: tuple[str, str]) -> str:
    """A value in words: of a state or an outcome its name."""
    value, states = trace.values[series], states_of(series[1], trace.labels)
    if states is None:
        return plain(value)
    return UNDEFINED if math.isnan(value) else states[int(value)]


def _happened(trace: Trace) -> Table:
    """Events, changes of the law, and what was decided about projects, in order of time."""
    table = figures_table("What happened", ["event, layer or project", "outcome or change", "why"], left=True)
    first = trace.labels.value_date
    initial = ", ".join(f"{name} {layer.initial.state}" for name, layer in trace.study.layers.items())
    known = [
        (event.date.on.isoformat(), name, event.outcome or "", "known")
        for name, event in trace.study.events.items()
        if event.date.on is not None and event.date.on.isoformat() < first
    ]
    told = [(change.date, change.what, _told(change, trace.labels), _cause(change)) for change in trace.changes]
    before = sorted([*known, *(row for row in told if row[0] < first)], key=lambda row: row[0])
    for row in (*before, (first, "at first", initial or NONE, ""), *(row for row in told if row[0] >= first)):
        table.add_row(*row)
    return table


def _told(change: Change, labels: Labels) -> str:
    if change.kind == "layer":
        return f"{change.before} -> {change.after}"
    words = {"waiting": "waits for next year's cap", "no_go_ahead": "no go-ahead", "abandoned": "closes for good"}
    said = words.get(change.after, change.after)
    if change.budget is not None:
        said += f": {plain(change.budget)} {money_name(labels)}"
    cut = f" of {plain(change.wanted)}" if change.wanted is not None and change.budget is not None else ""
    return said + cut


def _cause(change: Change) -> str:
    """Why, in words."""
    words = {
        "expiry": "ran out",
        "hazard": "of itself",
        "arrival": "arrived",
        "ceiling": "no room under the ceiling",
        "annual_cap": "the year's cap is full",
        "deadline": "after the deadline",
        "stopped_calls": "calls stop",
        "review": "review: too dear",
        "subscription": "review: too few buyers",
        "cap": "its cost reached the cap",
        "arrears": "arrears unpaid for years",
    }
    kind, _, name = change.cause.partition(" ")
    if kind == "decline":
        return f"{name} was declined"
    if change.budget is not None and change.wanted is not None:
        return "cut by the ceiling"
    return words.get(change.cause, f"by {kind} {name}" if name else "")


_NOT_BUILT = {
    "no_go_ahead": "did not go ahead",
    "dropped": "got no notice",
    "declined": "declined",
    "cancelled": "cancelled before it was funded",
}
"""What is said of a project that was never funded, by the last that happened to it."""


def _project(trace: Trace, name: str) -> list[str]:
    """One project in two sentences."""
    value = {quantity: number for (unit, quantity), number in trace.values.items() if unit == name}
    if value["funded"] == 0.0:
        return [f"{name}: {_NOT_BUILT.get(_last(trace, name), 'not funded within the horizon')}."]
    budget, money = _budget(trace, name), money_name(trace.labels)
    drawn = _part(value["overrun_drawn"])
    built = f"cost {plain(value['cost'])} {money} (budget {plain(budget)}; overrun drawn {drawn})"
    if value["completed"] == 1.0:
        end = f"finished {_completion(trace, name)}, {_months(value['delay_months'])}"
    elif value["cancelled"] == 1.0:
        end = "cancelled before it was finished"
    else:
        end = "not finished within the horizon"
    if _last(trace, name) == "abandoned":
        end += ", closed before its time"
    calls, received = _total(trace, name, "calls"), _total(trace, name, "distribution_funder")
    back = f"the funder paid {plain(calls)} and got {plain(received)} back"
    rate = f", {_part(value['irr_funder'])} a year" if math.isfinite(value["irr_funder"]) else ""
    whole = "" if math.isnan(value["whole_years"]) else ", never made whole"
    whole = ", made whole" if math.isfinite(value["whole_years"]) else whole
    return [f"{name}: {end}; {built}.", f"{back}{rate}: NPV {plain(value['npv_funder'])}{whole}."]


def _pipeline(trace: Trace, name: str) -> list[str]:
    """A pipeline in a sentence or two."""
    value = {quantity: int(trace.values[name, quantity]) for quantity in COUNTED}
    arrived = len(_sites(trace, name))
    if not arrived:
        return [f"{name}: no project arrived."]
    counts = ", ".join(f"{value[quantity]} {quantity}" for quantity in COUNTED)
    npv = plain(trace.values[name, "npv_funder"])
    cost = f"cost {plain(trace.values[name, 'cost'])} {money_name(trace.labels)}"
    return [f"{name}: {counted(arrived, 'project')} arrived: {counts}; {cost}, NPV {npv}."]


def _slots(trace: Trace) -> Table:
    """The projects of pipelines, a line each."""
    columns = ["budget", "became of it", "on", "cost", "calls", "to funder", "to host"]
    table = figures_table(f"Projects of pipelines, {money_name(trace.labels)} (undiscounted)", columns)
    for site in filter(is_slot, trace.sites):
        last = next(change for change in reversed(trace.changes) if (change.kind, change.what) == ("project", site))
        fate, day = last.after.replace("_", " "), last.date
        if fate == "paid" and _row(trace, site, "completion_years")[-1] <= trace.study.study.horizon_years:
            fate, day = "finished", _completion(trace, site)
        flows = [
            _row(trace, site, "spend_to_date")[-1],
            *(_total(trace, site, column) for column in ("calls", "distribution_funder", "distribution_host")),
        ]
        budget = _budget(trace, site)
        table.add_row(site, plain(budget) if budget else NONE, fate, day, *map(plain, flows))
    return table


def is_slot(site: str) -> bool:
    """Whether a project is one of a pipeline."""
    return "/" in site


def _sites(trace: Trace, unit: str) -> list[str]:
    """Projects of a unit: itself, or those of the pipeline that have arrived."""
    return [site for site in trace.sites if site == unit or site.startswith(f"{unit}/")]


def _budget(trace: Trace, site: str) -> float:
    """Budget as noticed; 0 without a notice."""
    noticed = (change.budget for change in trace.changes if (change.kind, change.what) == ("project", site))
    return next((budget for budget in noticed if budget is not None), 0.0)


def _last(trace: Trace, site: str) -> str:
    """The last that became of a project."""
    became = [change.after for change in trace.changes if (change.kind, change.what) == ("project", site)]
    return became[-1] if became else ""


def _part(value: float) -> str:
    return f"{100 * value:+.1f} %"


def _months(delay: float) -> str:
    months = counted(round(abs(delay)), "month")
    return "on time" if abs(delay) < 0.5 else f"{months} {'late' if delay > 0 else 'early'}"


def _completion(trace: Trace, name: str) -> str:
    head = trace.study.study
    grid = make_grid(head.value_date, head.steps, head.steps_per_year)
    return date_of(grid, head.value_date, float(_row(trace, name, "completion_years")[-1])).isoformat()


def _row(trace: Trace, name: str, column: str) -> np.ndarray[Any, Any]:
    values: np.ndarray[Any, Any] = trace.steps[trace.sites.index(name), list(STEP_ROWS).index(column)]
    return values


def _total(trace: Trace, unit: str, column: str) -> float:
    """Sum over the steps, of a project or of all of a pipeline."""
    return float(sum(_row(trace, site, column).sum() for site in _sites(trace, unit)))


_PAID = {"calls": "calls", "host_cost": "host pays", "lent": "lenders pay"}
_GOT = {
    "distribution_funder": "to funder",
    "distribution_host": "to host",
    "debt_service": "to lenders",
    "caught_up": "caught up",
    "claims": "claims",
}
_WORTH = {"npv_funder": "NPV funder", "pv_host": "PV host", "deemed_open": "open"}
_ROUNDING = 1e-9  # part of all calls that is nothing
_ALWAYS = ("calls", "distribution_funder", "distribution_host")


def _shares(trace: Trace) -> Table:
    """Who paid and who got what; columns of those who have no part are left out."""
    units = trace.labels.projects
    flows = {column: [_total(trace, unit, column) for unit in units] for column in (*_PAID, *_GOT)}
    heads, least = {**_PAID, **_GOT}, _ROUNDING * sum(flows["calls"])
    kept = [column for column in flows if column in _ALWAYS or any(flow > least for flow in flows[column])]
    title = f"Who got what, {money_name(trace.labels)} (the last three are present values and what is open)"
    table = figures_table(title, [*(heads[column] for column in kept), *_WORTH.values()])
    rows = {
        unit: [*(flows[column][i] for column in kept), *(trace.values[unit, key] for key in _WORTH)]
        for i, unit in enumerate(units)
    }
    whole = np.sum(list(rows.values()), axis=0)
    table.add_row("portfolio", *(plain(x) for x in whole), style="bold", end_section=True)
    for name, row in rows.items():
        table.add_row(name, *(plain(x) for x in row))
    return table


def _factors(trace: Trace) -> Table:
    per_year, steps = trace.labels.steps_per_year, trace.factors.shape[0]
    years = [year for year in _YEARS if year * per_year <= steps]
    table = figures_table("Factors", ["start", *(f"year {year}" for year in years), "lowest", "highest", "last"])
    for k, name in enumerate(trace.labels.factors):
        path = trace.factors[:, k]
        start = trace.study.factors[name].process.starts_at
        picked = [start, *(path[year * per_year - 1] for year in years), path.min(), path.max(), path[-1]]
        table.add_row(name, *(f"{x:.4g}" for x in picked))
    return table


def render_steps(trace: Trace) -> RenderableType:
    """The flows of each project, step by step; the CSV file and the JSON have all columns."""
    tables: list[RenderableType] = []
    for p, name in enumerate(trace.sites):
        table = figures_table(f"{name}, {money_name(trace.labels)}", [*_SHOWN.values(), *trace.states])
        for t, end in enumerate(trace.labels.step_ends):
            cells = [f"{trace.steps[p, list(STEP_ROWS).index(column), t]:,.2f}" for column in _SHOWN]
            table.add_row(end, *cells, *(states[t] for states in trace.states.values()))
        tables += ["", table]
    return Group(*tables)


def steps_table(trace: Trace) -> tuple[list[str], list[list[Any]]]:
    """Header and rows of all steps: one row for each project and step."""
    labels = trace.labels
    states = [f"state_{layer}" for layer in trace.states]
    header = ["project", "step", "date", *STEP_ROWS, *(f"factor_{name}" for name in labels.factors), *states]
    rows = [
        [
            name,
            t,
            end,
            *(_exact(x) for x in trace.steps[p, :, t]),
            *(_exact(x) for x in trace.factors[t]),
            *(of_layer[t] for of_layer in trace.states.values()),
        ]
        for p, name in enumerate(trace.sites)
        for t, end in enumerate(labels.step_ends)
    ]
    return header, rows


def _exact(value: float) -> str:
    """All digits, so that nothing is lost."""
    return repr(float(value))


def trace_json(trace: Trace, wanted: Rank | None) -> dict[str, Any]:
    """Give all of a path as plain JSON values: NaN and infinities as null."""
    labels = trace.labels
    units: dict[str, dict[str, Any]] = {unit: {} for unit, _ in labels.series}
    for (unit, quantity), value in trace.values.items():
        states = states_of(quantity, labels)
        if states is None:
            units[unit][quantity] = finite(value)
        else:
            units[unit][quantity] = None if math.isnan(value) else states[int(value)]
    return {
        "schema": TRACE_SCHEMA,
        "study": labels.title["en"],
        "path": trace.path,
        **({} if wanted is None else {"rank": wanted._asdict()}),
        "scheme": units["scheme"],
        "portfolio": units["portfolio"],
        "projects": {name: units[name] for name in labels.projects},
        "changes": [change._asdict() for change in trace.changes],
        "steps": {
            "dates": list(labels.step_ends),
            "factors": {name: trace.factors[:, k].tolist() for k, name in enumerate(labels.factors)},
            "states": {layer: list(states) for layer, states in trace.states.items()},
            "projects": {
                name: {column: [finite(x) for x in trace.steps[p, i].tolist()] for i, column in enumerate(STEP_ROWS)}
                for p, name in enumerate(trace.sites)
            },
        },
    }
