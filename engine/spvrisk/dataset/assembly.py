"""Tables from the variables of a result file's groups."""

from math import nan
from typing import Any, NamedTuple

import h5py
import numpy as np
from h5py import h5d, h5s
from numpy.typing import NDArray

from spvrisk.dataset.layout import CONTRIBUTION
from spvrisk.dataset.opening import attributes_of
from spvrisk.dataset.tables import (
    BOUNDS,
    COUNTS,
    STATISTICS,
    ConditionalTable,
    SummaryTable,
    TimelineTable,
    no_bound,
    unstacked,
)
from spvrisk.dataset.variables import conditions, statistics_of
from spvrisk.plan.names import Labels
from spvrisk.plan.outputs import FANS

_NO_COORDINATE = ">f4"
"""Type of dimensions without a coordinate, which hold nothing."""


class Group(NamedTuple):
    """A group in memory.

    Attributes
    ----------
    values
        By name of the variable.
    decimals
        Exact text of the probabilities by dimension, ``quantile`` or ``level``.
    """

    values: dict[str, NDArray[Any]]
    decimals: dict[str, tuple[str, ...]]


def group_of(group: h5py.Group) -> Group:
    """Read a group whole.

    Parameters
    ----------
    group
        Whose structure has been checked.

    Raises
    ------
    ValueError
        The text of a probability is not its value.
    """
    # by h5py's low-level calls: its objects take five times as long for a thousand small variables
    variables = {name.decode(): h5d.open(group.id, name) for name in group.id}
    values = {name: _values(variable) for name, variable in variables.items() if variable.dtype.str != _NO_COORDINATE}
    decimals = {
        dim: tuple(attributes_of(group[dim])["decimals"].split()) for dim in ("quantile", "level") if dim in group
    }
    for dim, texts in decimals.items():
        if [float(text) for text in texts] != values[dim].tolist():
            raise ValueError(f"the decimals of {group.name}/{dim} are not its values")
    return Group(values, decimals)


def _values(variable: h5d.DatasetID) -> NDArray[Any]:
    values = np.empty(variable.shape, variable.dtype)
    variable.read(h5s.ALL, h5s.ALL, values)
    return values


def summary_of(group: Group, labels: Labels) -> SummaryTable:
    """Put the variables of ``/summary`` back into rows by series.

    Parameters
    ----------
    group, labels
        The group; labels of the result.

    Raises
    ------
    KeyError
        A variable is missing.
    """
    return _summary(group, labels, ())


def conditional_of(group: Group | None, labels: Labels) -> ConditionalTable:
    """Put the variables of ``/conditional`` back into one summary for each condition.

    Parameters
    ----------
    group, labels
        The group, if the file has it; labels of the result.

    Raises
    ------
    KeyError
        A variable is missing, or the group where there are conditions.
    """
    names = tuple(condition.name for condition in conditions(labels))
    if not names:
        none = np.empty(0)
        return ConditionalTable((), np.empty(0, np.int64), none, none, none, ())
    if group is None:
        raise KeyError("conditional")
    data = group.values
    tables = unstacked(_summary(group, labels, (len(names),)), len(names))
    shares = {name: data[name] for name in ("share", "share_low", "share_high")}
    return ConditionalTable(names, data["n_paths"].astype(np.int64), **shares, tables=tables)


def timeline_of(group: Group, labels: Labels) -> TimelineTable:
    """Put the variables of ``/timeline`` back into rows.

    Parameters
    ----------
    group, labels
        The group; labels of the result.

    Raises
    ------
    KeyError
        A variable is missing.
    """
    values = group.values
    mean = [np.concatenate([values[row], values[f"portfolio_{row}"][None]]) for row in labels.timeline]
    occupancy = [values[f"occupancy_{regime}"] for regime, _ in labels.regimes]
    return TimelineTable(
        group.decimals["quantile"],
        np.stack(mean, axis=1),
        np.concatenate(occupancy) if occupancy else np.empty((0, len(labels.step_ends))),
        np.stack([values[f"fan_portfolio_{fan}"] for fan in FANS]),
    )


def _summary(group: Group, labels: Labels, lead: tuple[int, ...]) -> SummaryTable:
    """A summary whose arrays have axes of these lengths before their own."""
    values, decimals = group
    fields: dict[str, Any] = {}
    for statistic in (*STATISTICS, *BOUNDS):
        own = (len(decimals[statistic.dim]),) if statistic.dim else ()
        empty: Any = 0 if statistic.name in COUNTS else nan
        fields[statistic.name] = np.full((*lead, len(labels.series), *own), empty)
    project_rows = (len(labels.projects) + 1) * len(labels.quantities)
    rows: list[tuple[str, slice | int]] = [
        *((name, slice(q, project_rows, len(labels.quantities))) for q, name in enumerate(labels.quantities)),
        *((name, s) for s, name in enumerate(labels.scheme, start=project_rows)),
    ]
    for name, place in rows:
        at = (*(slice(None) for _ in lead), place)
        for statistic in statistics_of(name, labels):
            fields[statistic.name][at] = values[f"{name}_{statistic.name}"]
        for bound in (each for each in statistics_of(name, labels, exact=False) if each in BOUNDS):
            found = values.get(f"{name}_{bound.name}")
            fields[bound.name][at] = no_bound(fields[bound.of][at]) if found is None else found
    states = [name for name in labels.scheme if labels.states.get(name) is not None]
    return SummaryTable(
        quantiles=decimals["quantile"],
        levels=decimals["level"],
        contribution=values[CONTRIBUTION],
        contribution_se=values[f"{CONTRIBUTION}_se"],
        shares={name: values[f"{name}_share"] for name in states},
        shares_low={name: values[f"{name}_share_low"] for name in states},
        shares_high={name: values[f"{name}_share_high"] for name in states},
        **fields,
    )
