"""Which variables a result file holds: from labels and tables to named, described arrays.

``/summary`` has one variable per quantity and statistic, ``npv_funder_mean(unit)``,
``npv_funder_quantile(unit, quantile)``, ``npv_funder_value_at_risk(unit, level)``; the units are the projects,
the pipelines, and then the portfolio. Where not all is exact, ``npv_funder_quantile_bound(unit, quantile)`` and the
like say how far off each figure may be. Quantities of the scheme have no unit dimension (``npv_funder_local_mean``);
states and outcomes have ``_share``, ``_share_low`` and ``_share_high`` along their own codes. ``/conditional`` has
the same variables with ``condition`` before their dimensions, ``npv_funder_mean(condition, unit)``. ``/timeline`` has
``calls(project, time)`` and ``portfolio_calls(time)``; ``/paths`` has ``npv_funder(path, project)`` and
``portfolio_npv_funder(path)``. Where they have a dimension ``project``, pipelines stand behind the projects.
"""

import datetime
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk.catalogue import phrase
from spvrisk.dataset.content import Described
from spvrisk.dataset.tables import COUNTS, ConditionalTable, SummaryTable, TimelineTable, stacked
from spvrisk.dataset.variables import (
    Attributes,
    finite_only,
    flag_attributes,
    quantity_of,
    statistics_of,
    unit_attributes,
)
from spvrisk.errors import InputError, Problem
from spvrisk.plan.names import Labels
from spvrisk.plan.outputs import FANS, STEP_OUTPUTS

Float = NDArray[np.float64]

CONTRIBUTION = "npv_funder_expected_shortfall_contribution"

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
    return _of_table("summary", (), table, labels)


def conditional_variables(table: ConditionalTable, labels: Labels) -> list[Variable]:
    """Give the variables of ``/conditional``; none where no regime and no event is.

    Those of the summary, along the conditions, and what is said of the conditions themselves.
    """
    if not table.names:
        return []
    about = {
        "n_paths": ("paths that meet the condition", table.n_paths.astype("<i4")),
        "share": ("probability of the condition", table.share),
        "share_low": ("lower end of its 95 % interval", table.share_low),
        "share_high": ("upper end of its 95 % interval", table.share_high),
    }
    lead = ("condition",)
    return [
        codes("conditional", "condition", table.names, "outcome or final state conditioned on"),
        *(
            Variable("conditional", name, lead, {"long_name": meaning, "units": "1"}, data)
            for name, (meaning, data) in about.items()
        ),
        *_of_table("conditional", lead, stacked(table.tables), labels),
    ]


def _of_table(group: str, lead: tuple[str, ...], table: SummaryTable, labels: Labels) -> list[Variable]:
    """Give the variables of a summary, or of many: `lead` are the dimensions that its arrays have before their own."""
    units = (*labels.projects, "portfolio")
    variables = [
        codes(group, "unit", units, "projects and pipelines, then the portfolio"),
        project_coordinate(group, labels),
        levels(group, "quantile", table.quantiles, "quantile"),
        levels(group, "level", table.levels, "level of a risk measure"),
        *_state_coordinates(group, labels),
        *_event_coordinates(group, labels),
    ]
    for q, name in enumerate(labels.quantities):
        rows = slice(q, len(units) * len(labels.quantities), len(labels.quantities))
        variables += _statistics(table, _Place(group, lead, "portfolio", name, rows), labels)
    for s, name in enumerate(labels.scheme, start=len(units) * len(labels.quantities)):
        variables += _statistics(table, _Place(group, lead, "scheme", name, s), labels)
        if name in table.shares:
            variables += _share_variables(group, lead, table, name)
    meaning, dims = "project's contribution to the portfolio's expected shortfall", (*lead, "project", "level")
    parts = {"": (meaning, table.contribution), "_se": (f"standard error of the {meaning}", table.contribution_se)}
    for end, (meaning, data) in parts.items():
        about = {"long_name": meaning, **_money(labels)}
        variables.append(Variable(group, f"{CONTRIBUTION}{end}", dims, about, data))
    return variables


def timeline_variables(table: TimelineTable, labels: Labels) -> list[Variable]:
    """Give the variables of ``/timeline``; time comes last."""
    variables = [
        project_coordinate("timeline", labels),
        levels("timeline", "quantile", table.quantiles, "quantile"),
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


def label_variables(variables: Iterable[Variable]) -> list[Variable]:
    """Give the names of all codes as text, along the codes' dimensions.

    Their group sorts last, for readers that stop at characters.

    Parameters
    ----------
    variables
        Of all groups.
    """
    names: dict[str, list[str]] = {}
    for variable in variables:  # the first has all: inputs are of projects alone
        if "flag_meanings" in variable.attributes:
            names.setdefault(variable.name, str(variable.attributes["flag_meanings"]).split())
    width = max(len(name.encode()) for held in names.values() for name in held)
    return [_label_variable(dim, held, width) for dim, held in names.items()]


def _label_variable(dim: str, names: Sequence[str], width: int) -> Variable:
    characters = np.array([name.encode() for name in names], f"S{width}").view("S1").reshape(len(names), width)
    about: Attributes = {"long_name": f"name of each {dim}", "_Encoding": "utf-8"}
    return Variable("zlabels", dim, (dim, "name_length"), about, characters)


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
                rule = phrase("would have the same result name {} as {}", name, owner[name])
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


def levels(group: str, name: str, decimals: Sequence[str], about: str) -> Variable:
    """Give a coordinate of probabilities, their exact decimal strings kept as an attribute.

    Parameters
    ----------
    group, name
        Where it lies, and its name and dimension.
    decimals
        The probabilities.
    about
        What they are.
    """
    attributes: Attributes = {"long_name": about, "units": "1", "decimals": " ".join(decimals)}
    return Variable(group, name, (name,), attributes, np.array([float(text) for text in decimals]))


def _state_coordinates(group: str, labels: Labels) -> list[Variable]:
    return [codes(group, f"state_{l}", states, f"state of regime {l}") for l, states in labels.regimes]


def _event_coordinates(group: str, labels: Labels) -> list[Variable]:
    return [codes(group, f"outcome_{e}", names, f"outcome of event {e}") for e, names in labels.events]


def _time(labels: Labels) -> list[Variable]:
    """Give the end of each step, and its bounds: it begins where the one before it ends."""
    start = datetime.date.fromisoformat(labels.value_date)
    days = [(datetime.date.fromisoformat(text) - start).days for text in labels.step_ends]
    about: Attributes = {
        "long_name": "end of the step",
        "standard_name": "time",
        "units": f"days since {labels.value_date} 00:00:00",
        "units_metadata": "leap_seconds: none",
        "calendar": "standard",
        "axis": "T",
        "bounds": "time_bnds",
    }
    ends = np.array(days, "<i4")
    bounds = np.stack([np.concatenate([[0], ends[:-1]]), ends], axis=1).astype("<i4")
    return [
        Variable("timeline", "time", ("time",), about, ends),
        Variable("timeline", "time_bnds", ("time", "bnds"), {}, bounds),
    ]


class _Place(NamedTuple):
    """Whose statistics are written, and where: rows of a table's series, behind its leading dimensions."""

    group: str
    lead: tuple[str, ...]
    unit: str
    quantity: str
    rows: slice | int

    def of(self, values: NDArray[Any]) -> NDArray[Any]:
        """The rows of an array."""
        return values[(slice(None),) * len(self.lead) + (self.rows,)]


def _statistics(table: SummaryTable, place: _Place, labels: Labels) -> list[Variable]:
    """Give the statistics of one quantity."""
    name, quantity = place.quantity, quantity_of(place.unit, place.quantity, labels)
    dims = (*place.lead, *(("unit",) if isinstance(place.rows, slice) else ()))
    variables = []
    for statistic in statistics_of(name, labels, table.exact):
        kind = "ratio" if statistic.pure else quantity.kind
        about = {
            "long_name": f"{statistic.meaning}: {quantity.meaning}",
            **unit_attributes(kind, labels, local=name.endswith("_local")),
            **finite_only(statistic.name, quantity.kind),
        }
        data = place.of(np.asarray(getattr(table, statistic.name)))
        if statistic.name in COUNTS:
            data = data.astype("<i4")
        own = (statistic.dim,) if statistic.dim else ()
        variables.append(Variable(place.group, f"{name}_{statistic.name}", (*dims, *own), about, data))
    return variables


def _share_variables(group: str, lead: tuple[str, ...], table: SummaryTable, name: str) -> list[Variable]:
    variables = []
    for end, meaning in _OF_SHARES.items():
        about: Attributes = {"long_name": f"{meaning} of each value of {name}", "units": "1"}
        data, dims = getattr(table, f"shares{end}")[name], (*lead, name.removeprefix("final_"))
        variables.append(Variable(group, f"{name}_share{end}", dims, about, data))
    return variables
