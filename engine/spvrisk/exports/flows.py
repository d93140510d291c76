"""Tables of flows and balances, by step and by year."""

from datetime import date

import numpy as np

from spvrisk.dataset.read import Result
from spvrisk.exports.records import Cell, Layout, Record
from spvrisk.exports.table import DATE, TEXT, Column
from spvrisk.exports.units import PURE
from spvrisk.plan.outputs import FANS, STEP_OUTPUTS, TOTAL
from spvrisk.views.words import money_name

_UNIT = Column("unit", TEXT, "project or pipeline, or portfolio")
_MEAN, _QUANTILE = "mean", "quantile"

TIMELINE = Layout(
    "timeline",
    (
        Column("date", DATE, "end of the step"),
        Column("unit", TEXT, "project or pipeline, portfolio, or scheme"),
        Column("quantity", TEXT, "flow or balance of the step, or occupancy of a regime"),
        Column("state", TEXT, "state of the regime whose occupancy it is; empty of flows and balances"),
    ),
    Column("statistic", TEXT, "mean over all paths, or quantile"),
    with_probability=True,
    order=(_MEAN, _QUANTILE),
)

YEARLY = Layout(
    "yearly",
    (Column("year", "<i4", "calendar year that the steps end in, 1 January not counted"), _UNIT),
    Column("quantity", TEXT, "flow in the year, or balance at its end: mean over all paths"),
    with_probability=False,
    order=tuple(row.name for row in STEP_OUTPUTS),
)


def timeline_records(result: Result) -> list[Record]:
    """Mean flows and balances of each step, fan quantiles of the portfolio, occupancy of states.

    Parameters
    ----------
    result
        The result.
    """
    labels, table, money = result.labels, result.timeline, money_name(result.labels)
    days = [date.fromisoformat(text) for text in labels.step_ends]
    levels, found = [float(text) for text in table.quantiles], []
    for u, unit in enumerate((*labels.projects, "portfolio")):
        for r, row in enumerate(labels.timeline):
            for day, value in zip(days, table.mean[u, r], strict=True):
                found.append(Record((day, unit, row, None), money, (Cell(_MEAN, float(value), money),)))
    for fan, name in zip(table.fans, FANS, strict=True):
        for day, values in zip(days, fan.T, strict=True):
            cells = (Cell(_QUANTILE, float(v), money, level) for v, level in zip(values, levels, strict=True))
            found.append(Record((day, "portfolio", name, None), money, tuple(cells)))
    states = ((f"occupancy_{regime}", state) for regime, names in labels.regimes for state in names)
    for (name, state), shares in zip(states, table.occupancy, strict=True):
        for day, share in zip(days, shares, strict=True):
            found.append(Record((day, "scheme", name, state), PURE, (Cell(_MEAN, float(share), PURE),)))
    return found


def yearly_records(result: Result) -> list[Record]:
    """Cash flows of each project and of the portfolio by calendar year, and balances at its end.

    A step that ends on 1 January counts into the year before.

    Parameters
    ----------
    result
        The result.
    """
    labels, money = result.labels, money_name(result.labels)
    years = np.array(labels.step_years)
    of_year = {row.name: row.of_year for row in STEP_OUTPUTS}
    rows = [(r, name, of_year[name] == TOTAL) for r, name in enumerate(labels.timeline) if of_year[name]]
    found = []
    for year in np.unique(years):
        steps = years == year
        for u, unit in enumerate((*labels.projects, "portfolio")):
            flows = result.timeline.mean[u][:, steps]
            cells = (Cell(name, float(flows[r].sum() if total else flows[r, -1]), money) for r, name, total in rows)
            found.append(Record((int(year), unit), money, tuple(cells)))
    return found
