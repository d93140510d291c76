"""One path as a story, as steps, and as JSON."""

import math
from typing import Any

import numpy as np
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from spvrisk.cli.render import NONE, figures_table, finite, money_name, plain
from spvrisk.dataset.read import Result
from spvrisk.dataset.variables import UNDEFINED, has_loss, states_of
from spvrisk.plan.calendar import date_of, make_grid
from spvrisk.runner.trace import STEP_ROWS, Change, Rank, Trace

TRACE_SCHEMA = "spvrisk.trace/1"
"""Format of `trace_json`; the number rises when a reader of the former would misread it."""

_SHOWN = {
    "spend": "spend",
    "revenue": "revenue",
    "costs": "costs",
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
    """What was struck down when, what overran, what was built, who got what."""
    changes = result.provenance["overrides"]
    blocks: list[RenderableType] = [Text(trace.labels.title["en"], style="bold"), _opening(trace, result, wanted)]
    blocks += [Text(f"Changed by --set: {'; '.join(changes)}")] if changes else []
    blocks.append("")
    blocks += [_law(trace), ""]
    blocks += [Text("What became of the projects", style="bold")]
    for name in trace.labels.projects:
        head, *rest = _project(trace, name)
        blocks += [Padding(Text(head), (0, 0, 0, 2)), *(Padding(Text(line), (0, 0, 0, 6)) for line in rest)]
    return Group(*blocks, "", _shares(trace), "", _factors(trace))


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


def _law(trace: Trace) -> Table:
    table = figures_table("What happened in law", ["event or layer", "outcome or change", "why"], left=True)
    initial = ", ".join(f"{name} {layer.initial.state}" for name, layer in trace.study.layers.items())
    for name, event in trace.study.events.items():
        if event.date.on is not None and event.date.on < trace.study.study.value_date:
            table.add_row(event.date.on.isoformat(), name, event.outcome, "known")
    table.add_row(trace.labels.value_date, "at first", initial or NONE, "")
    for change in trace.changes:
        table.add_row(change.date, change.what, _told(change), _cause(change))
    return table


def _told(change: Change) -> str:
    return f"{change.before} -> {change.after}" if change.before else change.after


def _cause(change: Change) -> str:
    return {"event": "", "expiry": "ran out", "hazard": "of itself"}.get(change.cause, f"by {change.cause}")


def _project(trace: Trace, name: str) -> list[str]:
    """One project in two sentences."""
    value = {quantity: number for (unit, quantity), number in trace.values.items() if unit == name}
    budget, money = trace.study.projects[name].budget, money_name(trace.labels)
    if value["funded"] == 0.0:
        return [f"{name}: cancelled before it was funded."]
    drawn = _part(value["overrun_drawn"])
    built = f"cost {plain(value['cost'])} {money} (budget {plain(budget)}; overrun drawn {drawn})"
    if value["completed"] == 1.0:
        end = f"finished {_completion(trace, name)}, {_months(value['delay_months'])}"
    elif value["cancelled"] == 1.0:
        end = "cancelled before it was finished"
    else:
        end = "not finished within the horizon"
    calls, received = _total(trace, name, "spend"), _total(trace, name, "distribution_funder")
    back = f"the funder paid {plain(calls)} and got {plain(received)} back"
    rate = f", {_part(value['irr_funder'])} a year" if math.isfinite(value["irr_funder"]) else ""
    whole = "" if math.isnan(value["whole_years"]) else ", never made whole"
    whole = ", made whole" if math.isfinite(value["whole_years"]) else whole
    return [f"{name}: {end}; {built}.", f"{back}{rate}: NPV {plain(value['npv_funder'])}{whole}."]


def _part(value: float) -> str:
    return f"{100 * value:+.1f} %"


def _months(delay: float) -> str:
    return "on time" if abs(delay) < 0.5 else f"{abs(delay):.0f} months {'late' if delay > 0 else 'early'}"


def _completion(trace: Trace, name: str) -> str:
    head = trace.study.study
    grid = make_grid(head.value_date, head.steps, head.steps_per_year)
    return date_of(grid, head.value_date, float(_row(trace, name, "completion_years")[-1])).isoformat()


def _row(trace: Trace, name: str, column: str) -> np.ndarray[Any, Any]:
    values: np.ndarray[Any, Any] = trace.steps[trace.labels.projects.index(name), list(STEP_ROWS).index(column)]
    return values


def _total(trace: Trace, name: str, column: str) -> float:
    return float(_row(trace, name, column).sum())


def _shares(trace: Trace) -> Table:
    columns = ["calls", "to the funder", "to the host", "NPV funder", "PV host", "open"]
    table = figures_table(f"Who got what, {money_name(trace.labels)} (the first three undiscounted)", columns)
    rows = {}
    for name in trace.labels.projects:
        flows = [_total(trace, name, column) for column in ("spend", "distribution_funder", "distribution_host")]
        rows[name] = [*flows, *(trace.values[name, key] for key in ("npv_funder", "pv_host", "deemed_open"))]
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
    for p, name in enumerate(trace.labels.projects):
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
        for p, name in enumerate(labels.projects)
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
                for p, name in enumerate(labels.projects)
            },
        },
    }
