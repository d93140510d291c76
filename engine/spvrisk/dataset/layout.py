"""Which variables a result file holds: from labels and tables to named, described arrays.

``/summary`` has one variable per quantity and statistic, ``npv_funder_mean(unit)``,
``npv_funder_quantile(unit, quantile)``, ``npv_funder_value_at_risk(unit, level)``; the units are the projects,
the pipelines, and then the portfolio. Where not all is exact, ``npv_funder_quantile_bound(unit, quantile)`` and the
like say how far off each figure may be. Quantities of the scheme have no unit dimension (``npv_funder_local_mean``);
states and outcomes have ``_share``, ``_share_low`` and ``_share_high`` along their own codes. ``/conditional`` has
one variable per statistic, ``mean(condition, series)``. ``/timeline`` has ``calls(project, time)`` and
``portfolio_calls(time)``; ``/paths`` has ``npv_funder(path, project)`` and ``portfolio_npv_funder(path)``. Where they
have a dimension ``project``, pipelines stand behind the projects.
"""

import datetime
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk.dataset.content import Described
from spvrisk.dataset.tables import (
    BOUNDS,
    COUNTS,
    STATISTICS,
    ConditionalTable,
    SummaryTable,
    TimelineTable,
    name_over_series,
)
from spvrisk.dataset.variables import (
    Attributes,
    flag_attributes,
    quantity_of,
    statistics_of,
    unit_attributes,
)
from spvrisk.errors import InputError, Problem
from spvrisk.plan.names import Labels
from spvrisk.plan.outputs import FANS, STEP_OUTPUTS

Float = NDArray[np.float64]

_OF_SHARES = {
    "": "probability",
    "_low": "lower end of the 95 % interval of the probability",
    "_high": "upper end of the 95 % interval of the probability",
}
"""Endings of the variables of shares, and what these are."""


class Variable(NamedTuple):
    """A variable that is in memory.

    Attributes
    ----------
    group, name, dims
        Its place and its dimensions' names.
    attributes
        Text, numbers and numeric arrays; ``long_name`` says what it is.
    data
        Its values.
    """

    group: str
    name: str
    dims: tuple[str, ...]
    attributes: Attributes
    data: NDArray[Any]

    def described(self) -> Described:
        """Give the digest's view of it."""
        dtype = self.data.dtype.newbyteorder("<").str
        return Described.of(self.group, self.name, self.dims, dtype, self.data.shape, self.attributes)


def summary_variables(table: SummaryTable, labels: Labels) -> list[Variable]:
    """Give the variables of ``/summary``."""
    units = (*labels.projects, "portfolio")
    variables = [
        codes("summary", "unit", units, "projects and pipelines, then the portfolio"),
        project_coordinate("summary", labels),
        _levels("summary", "quantile", table.quantiles, "quantile"),
        _levels("summary", "level", table.levels, "level of a risk measure"),
        *_state_coordinates("summary", labels),
        *_event_coordinates(labels),
    ]
    for q, name in enumerate(labels.quantities):
        rows = slice(q, len(units) * len(labels.quantities), len(labels.quantities))
        variables += _statistics(table, "portfolio", name, rows, ("unit",), labels)
    for s, name in enumerate(labels.scheme, start=len(units) * len(labels.quantities)):
        variables += _statistics(table, "scheme", name, s, (), labels)
        if name in table.shares:
            variables += _share_variables(table, name)
    variables.append(
        Variable(
            "summary",
            "npv_funder_expected_shortfall_contribution",
            ("project", "level"),
            {"long_name": "project's contribution to the portfolio's expected shortfall", **_money(labels)},
            table.contribution,
        )
    )
    return variables


def conditional_variables(table: ConditionalTable, labels: Labels) -> list[Variable]:
    """Give the variables of ``/conditional``; none where no regime and no event is.

    One variable per statistic, over all conditions and series: ``mean(condition, series)``,
    ``quantile_value(condition, series, quantile)``.
    """
    if not table.names:
        return []
    first = table.tables[0]
    series = tuple(f"{unit}.{quantity}" for unit, quantity in labels.series)
    kinds = (quantity_of(unit, quantity, labels).kind for unit, quantity in labels.series)
    of_series = codes("conditional", "series", series, "unit and quantity")
    of_series.attributes["kinds"] = " ".join(kinds)
    variables = [
        codes("conditional", "condition", table.names, "outcome or final state conditioned on"),
        of_series,
        codes("conditional", "consequence", consequences(labels), "outcome of an event, or final state of a regime"),
        project_coordinate("conditional", labels),
        _levels("conditional", "quantile", first.quantiles, "quantile"),
        _levels("conditional", "level", first.levels, "level of a risk measure"),
    ]

    def over_conditions(name: str, meaning: str, data: NDArray[Any], *dims: str) -> None:
        about: Attributes = {"long_name": meaning, "units": "1"}
        variables.append(Variable("conditional", name, ("condition", *dims), about, data))

    over_conditions("n_paths", "paths that meet the condition", table.n_paths.astype("<i4"))
    over_conditions("share", "probability of the condition", table.share)
    over_conditions("share_low", "lower end of its 95 % interval", table.share_low)
    over_conditions("share_high", "upper end of its 95 % interval", table.share_high)
    exact = all(each.exact for each in table.tables)
    for statistic in STATISTICS if exact else (*STATISTICS, *BOUNDS):
        data = np.stack([np.asarray(getattr(each, statistic.name)) for each in table.tables])
        data = data.astype("<i4") if statistic.name in COUNTS else data
        own = (statistic.dim,) if statistic.dim else ()
        over_conditions(
            name_over_series(statistic), f"{statistic.meaning}; in the unit of the series", data, "series", *own
        )
    meaning = "project's contribution to the portfolio's expected shortfall of npv_funder"
    data = np.stack([each.contribution for each in table.tables])
    over_conditions("contribution", meaning, data, "project", "level")
    coded = [name for name in labels.scheme if name in first.shares]
    for end, meaning in _OF_SHARES.items():
        of_each = (getattr(each, f"shares{end}") for each in table.tables)
        data = np.stack([np.concatenate([shares[key] for key in coded]) for shares in of_each])
        meaning = f"{meaning} of the consequence, conditional on the condition"
        over_conditions(f"consequence_share{end}", meaning, data, "consequence")
    return variables


def consequences(labels: Labels) -> tuple[str, ...]:
    """Names of all states and outcomes in the order of ``labels.scheme``."""
    coded = ((name, labels.states.get(name)) for name in labels.scheme)
    return tuple(f"{name}.{state}" for name, states in coded for state in states or ())


def timeline_variables(table: TimelineTable, labels: Labels) -> list[Variable]:
    """Give the variables of ``/timeline``; time comes last."""
    variables = [
        project_coordinate("timeline", labels),
        _levels("timeline", "quantile", table.quantiles, "quantile"),
        *_time(labels),
        *_state_coordinates("timeline", labels),
    ]
    meanings = {row.name: row.meaning for row in STEP_OUTPUTS}
    for r, row in enumerate(labels.timeline):
        about = {"long_name": f"mean of {meanings[row]}", **_money(labels)}
        variables.append(Variable("timeline", row, ("project", "time"), about, table.mean[:-1, r]))
        about = {"long_name": f"mean of the portfolio's {meanings[row]}", **_money(labels)}
        variables.append(Variable("timeline", f"portfolio_{row}", ("time",), about, table.mean[-1, r]))
    for f, (fan, meaning) in enumerate(FANS.items()):
        about = {"long_name": f"quantile of the portfolio's {meaning}", **_money(labels)}
        variables.append(Variable("timeline", f"fan_portfolio_{fan}", ("quantile", "time"), about, table.fans[f]))
    first = 0
    for regime, states in labels.regimes:
        share: Attributes = {"long_name": f"mean share of the step spent in each state of regime {regime}"}
        rows = table.occupancy[first : first + len(states)]
        dims = (f"state_{regime}", "time")
        variables.append(Variable("timeline", f"occupancy_{regime}", dims, {**share, "units": "1"}, rows))
        first += len(states)
    return variables


def label_variables(labels: Labels) -> list[Variable]:
    """Give the unit names as characters; their group sorts last, for readers that stop at characters."""
    names = [name.encode() for name in (*labels.projects, "portfolio")]
    width = max(len(name) for name in names)
    characters = np.array(names, f"S{width}").view("S1").reshape(len(names), width)
    about: Attributes = {"long_name": "name of each unit of the summary"}
    return [Variable("zlabels", "unit_name", ("unit", "name_length"), about, characters)]


def check_names(labels: Labels) -> None:
    """Refuse events and regimes whose variables would have one name.

    An event ``a`` has its coordinate ``outcome_a`` and statistics such as ``outcome_a_n``, which is the coordinate
    of an event ``a_n``.

    Raises
    ------
    InputError
        With the one that comes later.
    """
    regimes = [(f"regimes.{l}", f"state_{l}", f"final_state_{l}") for l, _ in labels.regimes]
    events = [(f"events.{e}", f"outcome_{e}", f"outcome_{e}") for e, _ in labels.events]
    owner: dict[str, str] = {}
    problems = []
    for path, coordinate, quantity in (*regimes, *events):
        shares = (f"share{end}" for end in _OF_SHARES)
        statistics = (*(statistic.name for statistic in statistics_of(quantity, labels)), *shares)
        for name in (coordinate, *(f"{quantity}_{statistic}" for statistic in statistics)):
            if owner.setdefault(name, path) != path:
                rule = f"would have the same result name {name} as {owner[name]}"
                problems.append(Problem("", path, rule, path.partition(".")[2], "rename one of them"))
    if problems:
        raise InputError(problems)


def project_coordinate(group: str, labels: Labels) -> Variable:
    """Give the codes of the projects and pipelines.

    Parameters
    ----------
    group, labels
        Group that the coordinate is in; labels of the result.
    """
    return codes(group, "project", labels.projects, "project, or pipeline" if labels.pipelines else "project")


def _money(labels: Labels) -> Attributes:
    return unit_attributes("money", labels)


def codes(group: str, name: str, meanings: Sequence[str], about: str) -> Variable:
    """Give a coordinate of codes 0, 1, ... whose attributes tell what they stand for.

    Parameters
    ----------
    group, name
        Where it lies, and its name and dimension.
    meanings
        What the codes stand for.
    about
        What it is a coordinate of.
    """
    attributes = {"long_name": about, **flag_attributes(tuple(meanings), "<i4")}
    return Variable(group, name, (name,), attributes, np.arange(len(meanings), dtype="<i4"))


def _levels(group: str, name: str, decimals: Sequence[str], about: str) -> Variable:
    """Give a coordinate of probabilities, their exact decimal strings kept as an attribute."""
    attributes: Attributes = {"long_name": about, "units": "1", "decimals": " ".join(decimals)}
    return Variable(group, name, (name,), attributes, np.array([float(text) for text in decimals]))


def _state_coordinates(group: str, labels: Labels) -> list[Variable]:
    return [codes(group, f"state_{l}", states, f"state of regime {l}") for l, states in labels.regimes]


def _event_coordinates(labels: Labels) -> list[Variable]:
    return [codes("summary", f"outcome_{e}", names, f"outcome of event {e}") for e, names in labels.events]


def _time(labels: Labels) -> list[Variable]:
    """Give each step's last day, and its bounds from first midnight to last."""
    start = datetime.date.fromisoformat(labels.value_date)
    days = [(datetime.date.fromisoformat(text) - start).days for text in labels.step_ends]
    about: Attributes = {
        "long_name": "last day of the step",
        "standard_name": "time",
        "units": f"days since {labels.value_date} 00:00:00",
        "units_metadata": "leap_seconds: none",
        "calendar": "standard",
        "axis": "T",
        "bounds": "time_bnds",
    }
    ends = np.array(days, "<i4")
    bounds = np.stack([np.concatenate([[0], ends[:-1] + 1]), ends + 1], axis=1).astype("<i4")
    return [
        Variable("timeline", "time", ("time",), about, ends),
        Variable("timeline", "time_bnds", ("time", "bnds"), {}, bounds),
    ]


def _statistics(
    table: SummaryTable, unit: str, name: str, rows: slice | int, dims: tuple[str, ...], labels: Labels
) -> list[Variable]:
    """Give the statistics of one quantity."""
    quantity = quantity_of(unit, name, labels)
    variables = []
    for statistic in statistics_of(name, labels, table.exact):
        kind = "ratio" if statistic.pure else quantity.kind
        about = {
            "long_name": f"{statistic.meaning}: {quantity.meaning}",
            **unit_attributes(kind, labels, local=name.endswith("_local")),
        }
        data = np.asarray(getattr(table, statistic.name)[rows])
        if statistic.name in COUNTS:
            data = data.astype("<i4")
        own = (statistic.dim,) if statistic.dim else ()
        variables.append(Variable("summary", f"{name}_{statistic.name}", (*dims, *own), about, data))
    return variables


def _share_variables(table: SummaryTable, name: str) -> list[Variable]:
    variables = []
    for end, meaning in _OF_SHARES.items():
        about: Attributes = {"long_name": f"{meaning} of each value of {name}", "units": "1"}
        data = getattr(table, f"shares{end}")[name]
        variables.append(Variable("summary", f"{name}_share{end}", (name.removeprefix("final_"),), about, data))
    return variables
