"""One path as a story, and as steps."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from spvrisk.dataset.read import Result
from spvrisk.dataset.variables import has_loss
from spvrisk.experiments.changes import Change
from spvrisk.experiments.effects import touching
from spvrisk.experiments.step_rows import STEP_ROWS
from spvrisk.experiments.trace import Trace
from spvrisk.experiments.traced import Traced
from spvrisk.plan.calendar import date_of, make_grid
from spvrisk.plan.outputs import BY_NAME, PORTFOLIO, SCHEME, viewed
from spvrisk.views.figures import Cell, Column, Figures, Note, Row, Text, defined, heads, said
from spvrisk.views.summary import overridden
from spvrisk.views.words import (
    clock_named,
    joined,
    money_in,
    money_name,
    output_in_words,
    part_named,
    study_named,
    unit_named,
)

_NAME, _REST = 2, 6
"""Columns by which a project's first and its other lines are set in."""

_YEARS = (5, 10, 20)


def trace(told: Traced, whole: bool = False) -> list[Figures]:
    """Give the page: what was struck down when, what was noticed and paid, what overran, was built, who got what.

    Parameters
    ----------
    told
        As from `spvrisk.experiments.traced.traced`.
    whole
        As of `happened`.
    """
    of_pipelines = [slots(told)] if any(map(is_slot, told.trace.sites)) else []
    return [opening(told), happened(told, whole), projects(told), *of_pipelines, flows(told), factors(told)]


def opening(told: Traced, titled: bool = False) -> Figures:
    """Say which path it is.

    Parameters
    ----------
    told
        As of `happened`.
    titled
        Whether the quantity by which it is ranked is said in words, and not by its name.
    """
    path, result, wanted = told.trace.path, told.result, told.rank
    which = said("Path {:,d} of {:,d}, seed {}.", path, result.n_paths, str(result.attributes["seed"]))
    if wanted is not None:
        text = "Path {:,d} of {:,d}, seed {}: at rank {:g} by value, {} = {}."
        if has_loss(wanted.quantity):
            text = "Path {:,d} of {:,d}, seed {}: at rank {:g} by loss, {} = {}."
        series = (wanted.unit, wanted.quantity)
        name = " ".join(series[1:] if wanted.unit in (PORTFOLIO, SCHEME) else series)
        of = output_in_words(told.trace.labels, series) if titled else name
        which = said(text, *which.figures, float(wanted.level), of, _value(told.trace, series))
    return Figures(study_named(told.trace.labels), notes=(which, *overridden(result)))


def _value(trace: Trace, series: tuple[str, str]) -> Cell:
    """A value; of a state or an outcome its name."""
    value, states = trace.values[series], trace.labels.states.get(series[1])
    if states is None:
        return defined(value)
    return Note("undefined") if math.isnan(value) else states[int(value)]


def happened(told: Traced, whole: bool = False) -> Figures:
    """Events, changes of the law, and what was decided about projects, in order of time.

    Parameters
    ----------
    told
        As from `spvrisk.experiments.traced.traced`.
    whole
        Whether what touches no cash flow is told, too.
    """
    trace, result = told.trace, told.result
    changes = trace.changes if whole else touching(trace)
    first = trace.labels.value_date
    known: list[tuple[str, tuple[Cell, ...]]] = [
        (event.date.on.isoformat(), (*_came(result, f"outcome_{name}", event.outcome), Note("known")))
        for name, event in trace.study.events.items()
        if event.date.on is not None and event.date.on.isoformat() < first
    ]
    told_of: list[tuple[str, tuple[Cell, ...]]] = [
        (change.date, (_what(result, change), _became(result, change), _cause(result, change))) for change in changes
    ]
    before = sorted([*known, *(each for each in told_of if each[0] < first)], key=lambda each: each[0])
    states = [
        said("{} {}", *_came(result, f"final_state_{name}", regime.initial.state))
        for name, regime in trace.study.regimes.items()
    ]
    start: tuple[str, tuple[Cell, ...]] = (first, (Note("at first"), joined(states) if states else None, ""))
    rows = [Row(day, cells) for day, cells in (*before, start, *(each for each in told_of if each[0] >= first))]
    columns = (Note("event, regime or project"), Note("outcome or change"), Note("why"))
    left_out = len(trace.changes) - len(changes)
    notes = (said("{:change} that touch no cash flow: --all shows them.", left_out),) if left_out else ()
    return Figures(Note("What happened"), tuple(Column(head, text=True) for head in columns), tuple(rows), notes)


_BECAME = {
    "noticed": "notice given",
    "waiting": "waits for next year's cap",
    "dropped": "dropped",
    "no_go_ahead": "no go-ahead",
    "paid": "paid",
    "delayed": "delayed",
    "declined": "declined",
    "consulted": "talks before a decline",
    "renegotiated": "paid on changed terms",
    "cancelled": "cancelled",
    "abandoned": "closed for good",
    "defaulted": "defaulted",
}


def _came(result: Result, quantity: str, outcome: str | None) -> tuple[Note, Cell]:
    """An event or a regime, and what it came to."""
    return clock_named(result, quantity), clock_named(result, quantity, outcome) if outcome else ""


def _what(result: Result, change: Change) -> Text:
    """To what something happened."""
    match change.kind:
        case "event":
            return clock_named(result, f"outcome_{change.what}")
        case "regime":
            return clock_named(result, f"final_state_{change.what}")
        case "offtaker":
            return part_named(result, "offtakers", change.what)
    return unit_named(result.labels, change.what)


def _became(result: Result, change: Change) -> Cell:
    labels = result.labels
    if change.kind == "regime":
        states = (clock_named(result, f"final_state_{change.what}", state) for state in (change.before, change.after))
        return said("{} -> {}", *states)
    if change.kind == "event":
        return clock_named(result, f"outcome_{change.what}", change.after)
    became = Note(_BECAME[change.after])
    if change.budget is None:
        return became
    if change.wanted is None:
        return said("{}: {} {}", became, change.budget, money_in(labels))
    return said("{}: {} {} of {}", became, change.budget, money_in(labels), change.wanted)


_CAUSES = {
    "expiry": "expired",
    "hazard": "by hazard",
    "arrival": "arrived",
    "ceiling": "no room under the ceiling",
    "annual_cap": "the year's cap is full",
    "deadline": "after the deadline",
    "stopped_calls": "calls stopped",
    "review": "review: too dear",
    "subscription": "review: too few buyers",
    "cap": "its cost reached the cap",
    "arrears": "arrears unpaid for years",
}


def _cause(result: Result, change: Change) -> Cell:
    """Why, in words."""
    kind, _, name = change.cause.partition(" ")
    if kind == "decline":
        return said("{} was declined", unit_named(result.labels, name))
    if kind == "lateness":
        return said("{} was late", unit_named(result.labels, name))
    if change.budget is not None and change.wanted is not None:
        return Note("cut by the ceiling")
    if change.cause in _CAUSES:
        return Note(_CAUSES[change.cause])
    return said("by event {}", clock_named(result, f"outcome_{name}")) if name else ""


def projects(told: Traced) -> Figures:
    """What became of each project and each pipeline, in a sentence or two."""
    notes: list[Note] = []
    for name in told.trace.labels.projects:
        first, *rest = (
            _pipeline(told.trace, name) if name in told.trace.labels.pipelines else _project(told.trace, name)
        )
        notes += [first._replace(indent=_NAME), *(note._replace(indent=_REST) for note in rest)]
    return Figures(Note("What became of the projects"), notes=tuple(notes), unit=money_name(told.trace.labels))


_NOT_BUILT = {
    "no_go_ahead": "did not go ahead",
    "dropped": "received no notice",
    "declined": "declined",
    "cancelled": "cancelled before it was funded",
}
"""What is said of a project that was never funded, by the last that happened to it."""


def _project(trace: Trace, name: str) -> Iterator[Note]:
    """One project in two sentences."""
    value = {quantity: number for (of, quantity), number in trace.values.items() if of == name}
    unit = unit_named(trace.labels, name)
    if value["funded"] == 0.0:
        yield said("{}: {}.", unit, Note(_NOT_BUILT.get(_last(trace, name), "not funded within the horizon")))
        return
    text = "{}: {}; cost {} {} (budget {}; overrun drawn {:+.1%})."
    spent, money = defined(value["cost"]), money_in(trace.labels)
    yield said(text, unit, _end(trace, name), spent, money, _budget(trace, name), value["overrun_sampled"])
    flows = (_total(trace, name, "calls"), _total(trace, name, "distribution_funder"))
    back = said("the funder paid {} and got {} back", *flows)
    if math.isfinite(value["irr_funder"]):
        back = said("{}, {:+.1%} a year", back, value["irr_funder"])
    text = "{}: NPV {}."
    if not math.isnan(value["recovery_years"]):
        text = "{}: NPV {}, made whole." if math.isfinite(value["recovery_years"]) else "{}: NPV {}, never made whole."
    yield said(text, back, defined(value["npv_funder"]))


def _end(trace: Trace, name: str) -> Note:
    """Whether and when a funded project was finished."""
    end = Note("not finished within the horizon")
    if trace.values[name, "completed"] == 1.0:
        months = _months(trace.values[name, "delay_months"])
        end = said("finished {}, {}", _completion(trace, name), months)
    elif trace.values[name, "cancelled"] == 1.0:
        end = Note("cancelled before it was finished")
    return said("{}, closed early", end) if _last(trace, name) == "abandoned" else end


def _pipeline(trace: Trace, name: str) -> Iterator[Note]:
    """A pipeline in a sentence."""
    arrived, unit = len(_sites(trace, name)), unit_named(trace.labels, name)
    if not arrived:
        yield said("{}: no project arrived.", unit)
        return
    counts = [
        said("{:d} {}", int(trace.values[name, quantity]), Note(BY_NAME[quantity].head))
        for quantity in viewed("status", ())
    ]
    cost, npv = (defined(trace.values[name, quantity]) for quantity in ("cost", "npv_funder"))
    text = "{}: {:project} arrived: {}; cost {} {}, NPV {}."
    yield said(text, unit, arrived, joined(counts), cost, money_in(trace.labels), npv)


def slots(told: Traced) -> Figures:
    """The projects of pipelines, a line each."""
    trace, labels = told.trace, told.trace.labels
    columns = heads("budget", "status", "date", "cost", "calls", "to funder", "to host")
    rows = []
    for site in filter(is_slot, trace.sites):
        last = next(change for change in reversed(trace.changes) if (change.kind, change.what) == ("project", site))
        fate, day = Note(_BECAME[last.after]), last.date
        if (
            last.after in ("paid", "renegotiated")
            and _row(trace, site, "completion_years")[-1] <= trace.study.study.horizon_years
        ):
            fate, day = Note("finished"), _completion(trace, site)
        amounts = [
            float(_row(trace, site, "spend_to_date")[-1]),
            *(_total(trace, site, column) for column in ("calls", "distribution_funder", "distribution_host")),
        ]
        rows.append(Row(site, (_budget(trace, site) or None, fate, day, *amounts)))
    title = said("Projects of pipelines, {} (undiscounted)", money_in(labels))
    return Figures(title, columns, tuple(rows), unit=money_name(labels))


def is_slot(site: str) -> bool:
    """Whether a project is one of a pipeline.

    Parameters
    ----------
    site
        Name of the project, such as ``smr`` or ``later/3``.
    """
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


def _months(delay: float) -> Note:
    if abs(delay) < 0.5:
        return Note("on time")
    return said("{:month} late" if delay > 0.0 else "{:month} early", round(abs(delay)))


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


_FLOWS = {
    "calls": "calls",
    "host_cost": "host pays",
    "lent": "lenders pay",
    "distribution_funder": "to funder",
    "distribution_host": "to host",
    "debt_service": "to lenders",
    "caught_up": "catch-up",
    "claims": "claims",
}
_WORTH = {"npv_funder": "NPV funder", "pv_host": "PV host", "deemed_open": "unpaid"}
_ROUNDING = 1e-9  # part of all calls that is nothing
_ALWAYS = ("calls", "distribution_funder", "distribution_host")


def flows(told: Traced) -> Figures:
    """Who paid and who got what; columns of those who have no part are left out."""
    trace, labels, units = told.trace, told.trace.labels, told.trace.labels.projects
    totals = {column: [_total(trace, unit, column) for unit in units] for column in _FLOWS}
    least = _ROUNDING * sum(totals["calls"])
    kept = [column for column in _FLOWS if column in _ALWAYS or any(flow > least for flow in totals[column])]
    figures = {
        unit: [*(totals[column][i] for column in kept), *(trace.values[unit, key] for key in _WORTH)]
        for i, unit in enumerate(units)
    }
    whole = np.sum(list(figures.values()), axis=0).tolist()
    rows = [Row(unit_named(labels, PORTFOLIO), tuple(map(defined, whole)), apart=True)]
    rows += [Row(unit_named(labels, name), tuple(map(defined, row))) for name, row in figures.items()]
    columns = heads(*(Note(_FLOWS[column]) for column in kept), *(Note(_WORTH[column]) for column in _WORTH))
    title = said("Who got what, {} (the last three: present values, and the deemed amount unpaid)", money_in(labels))
    return Figures(title, columns, tuple(rows), unit=money_name(labels))


def factors(told: Traced) -> Figures:
    """Each factor at the start, after some years, at its ends, and last."""
    trace = told.trace
    per_year, steps = trace.labels.steps_per_year, trace.factors.shape[0]
    years = [year for year in _YEARS if year * per_year <= steps]
    rows = []
    for k, name in enumerate(trace.labels.factors):
        path = trace.factors[:, k]
        start = trace.study.factors[name].process.starts_at
        picked = [start, *(path[year * per_year - 1] for year in years), path.min(), path.max(), path[-1]]
        rows.append(Row(name, tuple(map(float, picked))))
    ends = (Note("lowest"), Note("highest"), Note("last"))
    columns = (Note("first"), *(said("year {:d}", year) for year in years), *ends)
    return Figures(Note("Factors"), tuple(Column(head, ".4g") for head in columns), tuple(rows))


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


def steps(told: Traced) -> list[Figures]:
    """Give the flows of each project, step by step; the CSV file and the JSON have all columns."""
    trace, labels = told.trace, told.trace.labels
    columns = (*(Column(Note(_SHOWN[name]), ",.2f") for name in _SHOWN), *map(Column, trace.states))
    places = [list(STEP_ROWS).index(column) for column in _SHOWN]
    return [
        Figures(
            said("{}, {}", name, money_in(labels)), columns, tuple(_steps(trace, p, places)), unit=money_name(labels)
        )
        for p, name in enumerate(trace.sites)
    ]


def _steps(trace: Trace, p: int, places: list[int]) -> Iterator[Row]:
    for t, end in enumerate(trace.labels.step_ends):
        flows = (float(trace.steps[p, place, t]) for place in places)
        yield Row(end, (*flows, *(states[t] for states in trace.states.values())))
