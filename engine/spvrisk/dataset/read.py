"""Read a result file into plain arrays and labels, with h5py alone."""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

from spvrisk.dataset.content import (
    TABLE_GROUPS,
    metadata_digest,
    tables_digest,
)
from spvrisk.dataset.identity import check_attributes, check_provenance, labels_from
from spvrisk.dataset.inputs import COORDINATES, shape_of
from spvrisk.dataset.opening import is_result, opened, place_of
from spvrisk.dataset.paths import path_series
from spvrisk.dataset.structure import check_attributes_fit, check_structure
from spvrisk.dataset.tables import (
    BOUNDS,
    COUNTS,
    STATISTICS,
    ConditionalTable,
    SummaryTable,
    TimelineTable,
    name_over_series,
    no_bound,
)
from spvrisk.dataset.variables import conditions, statistics_of
from spvrisk.dataset.write import SCHEMA_VERSION
from spvrisk.errors import InputError, Problem
from spvrisk.plan.arrays import Plan
from spvrisk.plan.digest import unpack_plan
from spvrisk.plan.names import Labels
from spvrisk.plan.outputs import FANS

if TYPE_CHECKING:
    pass


class Given(NamedTuple):
    """A condition that statistics are given."""

    name: str
    n_paths: int
    share: float
    """Of all paths."""
    share_low: float
    """Lower end of its 95 % interval."""
    share_high: float
    """Upper end."""


@dataclass(frozen=True, repr=False)
class Result:
    """A result file: labels and tables in memory, paths read on demand.

    Attributes
    ----------
    source
        Where the file lies, or its bytes.
    attributes
        Of the file: ``paths``, ``seed`` (decimal text), ``numbers_version``, ``config_sha256``,
        ``plan_sha256``, ``tables_sha256``, ``content_sha256``, ...
    provenance
        Attributes and texts of ``/provenance``: ``created``, ``config``, ``sources``, ``overrides``, ...
    labels
        Names of everything.
    summary, conditional, timeline
        The tables.
    path_names
        Variables of ``/paths``.
    input_names
        Variables of ``/inputs``.
    given
        What the summary is given, where it is not that of all paths.
    """

    source: Path | bytes
    attributes: dict[str, Any]
    provenance: dict[str, Any]
    labels: Labels
    summary: SummaryTable
    conditional: ConditionalTable
    timeline: TimelineTable
    path_names: tuple[str, ...]
    input_names: tuple[str, ...] = ()
    given: Given | None = None

    def __repr__(self) -> str:
        given = f", given {self.given.name}" if self.given is not None else ""
        return f"<Result {self.place}, {self.n_paths} paths{given}>"

    @property
    def place(self) -> str:
        """Where the file lies, in words."""
        return place_of(self.source)

    @property
    def name(self) -> str:
        """Of the file, without its folder."""
        return self.place if isinstance(self.source, bytes) else self.source.name

    @property
    def n_paths(self) -> int:
        """Paths of the run."""
        paths: int = self.attributes["paths"]
        return paths

    @property
    def group_bytes(self) -> dict[str, int]:
        """Bytes that each group's data take in the file."""
        with self._reopened() as file:
            return {name: _stored_bytes(group) for name, group in file.items() if isinstance(group, h5py.Group)}

    def plan(self) -> Plan:
        """Read back the plan that was run, bit for bit.

        Raises
        ------
        InputError
            It is damaged, or the plan of a version whose plans have other fields.
        """
        with self._reopened() as file:
            packed = bytes(file["provenance"]["plan"][...])
        place = "/provenance/plan"
        if hashlib.sha256(packed).hexdigest() != self.attributes["plan_sha256"]:
            rule = "the result is damaged: its plan does not match plan_sha256"
            raise InputError(Problem(self.place, place, rule, "", "run the study again"))
        try:
            return unpack_plan(packed)
        except ValueError as error:
            remedy = f"use spvrisk {self.attributes['engine_version']}, or run the study again"
            raise InputError(Problem(self.place, place, "must be a plan of this version", "", remedy)) from error

    def paths(self, name: str, first: int = 0, last: int | None = None) -> NDArray[Any]:
        """Values of a path variable, ``(path,)`` or ``(path, project)``, of the dtype that the file has.

        Parameters
        ----------
        name
            One of `path_names`, such as ``npv_funder`` or ``portfolio_irr_funder``.
        first, last
            Path numbers, ``last`` not included.

        Raises
        ------
        InputError
            If the file does not hold this variable.
        """
        return self._by_path("paths", self.path_names, name, slice(first, last))

    def inputs(self, name: str, first: int = 0, last: int | None = None) -> NDArray[Any]:
        """Values of an input, ``(path, project)``, ``(path, factor)`` or ``(path, offtaker)`` float32.

        Parameters
        ----------
        name
            One of `input_names`, such as ``cost_multiple``.
        first, last
            As of `paths`.

        Raises
        ------
        InputError
            If the file does not hold this input.
        """
        return self._by_path("inputs", self.input_names, name, slice(first, last))

    def _by_path(self, group: str, names: tuple[str, ...], name: str, paths: slice) -> NDArray[Any]:
        """Values of some paths of a variable."""
        if name not in names:
            known = ", ".join(names) or "none"
            raise InputError(Problem(self.place, f"/{group}/{name}", "is not in the file", "", f"it has {known}"))
        with self._reopened() as file:
            return np.asarray(file[group][name][paths])

    def check_same(self) -> None:
        """Refuse a file that another result has taken the place of: its parts would not go with what was read.

        Raises
        ------
        InputError
            It was replaced, or can no longer be read.
        """
        with self._reopened():
            pass

    @contextmanager
    def _reopened(self) -> Iterator[h5py.File]:
        """Open the file once more, if it still is the one that was read."""
        with opened(self.source) as file:
            now = _attributes(file)
            if any(now.get(key) != self.attributes[key] for key in ("content_sha256", "plan_sha256")):
                raise InputError(Problem(self.place, "", "was replaced since it was opened", "", "open it again"))
            yield file


def open_result(source: str | os.PathLike[str] | bytes) -> Result:
    """Read a result file, or the bytes of one.

    Parameters
    ----------
    source
        Path of the file, or the bytes of one.

    Raises
    ------
    InputError
        If there is no such file, the system withholds it, it is cut short, no result, of another version, or its
        tables or attributes are not those that were written.
    """
    source = source if isinstance(source, bytes) else Path(source)
    place = place_of(source)
    with opened(source) as file:
        size = file.id.get_filesize()
        check_attributes_fit(file, size)
        attributes = _attributes(file)
        _check_schema(place, is_result(file), attributes)
        check_structure(file, size)
        check_attributes(attributes)
        provenance = _provenance(file)
        check_provenance(provenance)
        labels = labels_from(provenance.pop("labels"))
        tables = {name: _table(file[name]) for name in TABLE_GROUPS if name in file}
        result = Result(
            source,
            attributes,
            provenance,
            labels,
            _summary(tables["summary"], labels),
            _conditional(tables, labels),
            _timeline(tables["timeline"], labels),
            _path_names(file["paths"], labels, attributes["paths"]),
            _input_names(file["inputs"], labels, attributes["paths"]) if "inputs" in file else (),
        )
        # last: where a variable is missing, its name says more
        texts = bytes(file["provenance"]["labels_json"][...])
        if tables_digest(texts, {name: table.values for name, table in tables.items()}) != attributes["tables_sha256"]:
            rule = "the result is damaged: its tables do not match tables_sha256"
            raise InputError(Problem(place, "", rule, "", "run the study again"))
        if _metadata(file) != attributes["metadata_sha256"]:
            rule = "the result is damaged: what it says of itself does not match metadata_sha256"
            raise InputError(Problem(place, "", rule, "", "run the study again"))
        return result


def _metadata(file: h5py.File) -> str:
    """Digest of what a file says of itself."""
    group = file["provenance"]
    own = {name: value for name, value in _attributes(file).items() if name != "metadata_sha256"}
    texts = {name: bytes(dataset[...]) for name, dataset in group.items() if name.endswith("_json")}
    return metadata_digest({"": own, "provenance": _attributes(group)}, texts)


def _path_names(group: h5py.Group, labels: Labels, n_paths: int) -> tuple[str, ...]:
    """Variables of /paths, each of which has a value of its series for every path."""
    series, lengths = set(labels.series), {"path": (n_paths,), "project": (len(labels.projects),)}
    for name, variable in group.items():
        held = path_series(name, labels)
        values = (n_paths,) if len(held) == 1 and len(variable.shape) == 1 else (n_paths, len(held))
        if variable.shape != lengths.get(name, values) or not (name in lengths or series.issuperset(held)):
            raise ValueError(f"/paths/{name} does not hold a quantity of {n_paths} paths")
    return tuple(name for name in group if name not in lengths)


def _input_names(group: h5py.Group, labels: Labels, n_paths: int) -> tuple[str, ...]:
    """Variables of /inputs, each of which has a value of each column for every path."""
    for name, variable in group.items():
        known = name in labels.inputs or name in COORDINATES
        if not known or variable.shape != shape_of(name, n_paths, labels):
            raise ValueError(f"/inputs/{name} does not hold an input of {n_paths} paths")
    return tuple(name for name in group if name not in COORDINATES)


def _check_schema(place: str, ours: bool, attributes: dict[str, Any]) -> None:
    if not ours or "schema_version" not in attributes:
        raise InputError(Problem(place, "", "is not a result of spvrisk"))
    found = int(attributes["schema_version"])
    if found != SCHEMA_VERSION:
        raise InputError(
            Problem(
                place,
                "schema_version",
                f"must be {SCHEMA_VERSION}, the version that this spvrisk reads",
                str(found),
                f"open it with spvrisk {attributes.get('engine_version', '')} or run the study again",
            )
        )


def plain(value: Any) -> Any:
    """Attribute values without HDF5's ways: text, Python numbers, arrays.

    Parameters
    ----------
    value
        As h5py gives it.
    """
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, np.ndarray) and value.size == 1:
        return value.reshape(()).item()
    return value.item() if isinstance(value, np.generic) else value


def _attributes(target: h5py.Group | h5py.Dataset) -> dict[str, Any]:
    return {name: plain(target.attrs[name]) for name in target.attrs if name not in _OF_HDF5 and name[:2] != "_N"}


_OF_HDF5 = frozenset({"CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST"})
"""Attributes by which HDF5 ties dimensions to variables."""


def _provenance(file: h5py.File) -> dict[str, Any]:
    """Attributes of /provenance, and its texts read as JSON."""
    group = file["provenance"]
    texts = {
        name.removesuffix("_json"): json.loads(bytes(dataset[...]))
        for name, dataset in group.items()
        if name.endswith("_json")
    }
    return {**_attributes(group), **texts}


def _stored_bytes(group: h5py.Group) -> int:
    return sum(item.id.get_storage_size() for item in group.values() if isinstance(item, h5py.Dataset))


class _Table(NamedTuple):
    """A group in memory."""

    values: dict[str, NDArray[Any]]
    decimals: dict[str, tuple[str, ...]]
    """Exact text of the probabilities by dimension, ``quantile`` or ``level``."""


def _table(group: h5py.Group) -> _Table:
    # big-endian float32 are dimensions without a coordinate, which hold nothing
    values = {name: item[...] for name, item in group.items() if item.dtype.str != ">f4"}
    decimals = {
        dim: tuple(_attributes(group[dim])["decimals"].split()) for dim in ("quantile", "level") if dim in group
    }
    for dim, texts in decimals.items():
        if [float(text) for text in texts] != values[dim].tolist():
            raise ValueError(f"the decimals of {group.name}/{dim} are not its values")
    return _Table(values, decimals)


def _summary(table: _Table, labels: Labels) -> SummaryTable:
    """Put the variables of /summary back into rows by series."""
    group, decimals = table
    fields: dict[str, Any] = {}
    for statistic in (*STATISTICS, *BOUNDS):
        own = (len(decimals[statistic.dim]),) if statistic.dim else ()
        empty: Any = 0 if statistic.name in COUNTS else nan
        fields[statistic.name] = np.full((len(labels.series), *own), empty)
    project_rows = (len(labels.projects) + 1) * len(labels.quantities)
    for q, name in enumerate(labels.quantities):
        _fill(fields, group, name, slice(q, project_rows, len(labels.quantities)), labels)
    for s, name in enumerate(labels.scheme, start=project_rows):
        _fill(fields, group, name, s, labels)
    states = [name for name in labels.scheme if labels.states.get(name) is not None]
    return SummaryTable(
        quantiles=decimals["quantile"],
        levels=decimals["level"],
        contribution=group["npv_funder_expected_shortfall_contribution"],
        shares={name: group[f"{name}_share"] for name in states},
        shares_low={name: group[f"{name}_share_low"] for name in states},
        shares_high={name: group[f"{name}_share_high"] for name in states},
        **fields,
    )


def _fill(fields: dict[str, Any], group: dict[str, NDArray[Any]], name: str, rows: slice | int, labels: Labels) -> None:
    for statistic in statistics_of(name, labels):
        fields[statistic.name][rows] = group[f"{name}_{statistic.name}"]
    for bound in (each for each in statistics_of(name, labels, exact=False) if each in BOUNDS):
        found = group.get(f"{name}_{bound.name}")
        fields[bound.name][rows] = no_bound(fields[bound.of][rows]) if found is None else found


def _conditional(tables: dict[str, _Table], labels: Labels) -> ConditionalTable:
    """Put the variables of /conditional back into one summary for each condition."""
    names = tuple(condition.name for condition in conditions(labels))
    if not names:
        none = np.empty(0)
        return ConditionalTable((), np.empty(0, np.int64), none, none, none, ())
    data, decimals = tables["conditional"]
    given = [
        SummaryTable(
            quantiles=decimals["quantile"],
            levels=decimals["level"],
            contribution=data["contribution"][i],
            shares=_by_quantity(data["consequence_share"][i], labels),
            shares_low=_by_quantity(data["consequence_share_low"][i], labels),
            shares_high=_by_quantity(data["consequence_share_high"][i], labels),
            **_over_series(data, i),
        )
        for i in range(len(names))
    ]
    shares = {name: data[name] for name in ("share", "share_low", "share_high")}
    return ConditionalTable(names, data["n_paths"].astype(np.int64), **shares, tables=tuple(given))


def _over_series(data: dict[str, NDArray[Any]], i: int) -> dict[str, NDArray[Any]]:
    """Statistics of one condition, by name."""
    found = {statistic.name: data[name_over_series(statistic)][i] for statistic in STATISTICS}
    known = {bound.name: data.get(bound.name) for bound in BOUNDS}
    bounds = {
        bound.name: no_bound(found[bound.of]) if values is None else values[i]
        for bound, values in zip(BOUNDS, known.values(), strict=True)
    }
    return {**found, **bounds}


def _by_quantity(shares: NDArray[np.float64], labels: Labels) -> dict[str, NDArray[np.float64]]:
    """Cut shares of all states and outcomes into those of each quantity."""
    sizes = {name: len(states) for name in labels.scheme if (states := labels.states.get(name)) is not None}
    ends = np.cumsum(list(sizes.values()))
    return dict(zip(sizes, np.split(shares, ends[:-1]), strict=True))


def _timeline(table: _Table, labels: Labels) -> TimelineTable:
    group = table.values
    mean = [np.concatenate([group[row], group[f"portfolio_{row}"][None]]) for row in labels.timeline]
    occupancy = [group[f"occupancy_{regime}"] for regime, _ in labels.regimes]
    n_steps = len(labels.step_ends)
    return TimelineTable(
        table.decimals["quantile"],
        np.stack(mean, axis=1),
        np.concatenate(occupancy) if occupancy else np.empty((0, n_steps)),
        np.stack([group[f"fan_portfolio_{fan}"] for fan in FANS]),
    )
