"""Read a result file into plain arrays and labels, with h5py alone."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import local
from typing import Any, NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

from spvrisk.catalogue import phrase
from spvrisk.dataset.assembly import conditional_of, group_of, summary_of, timeline_of
from spvrisk.dataset.content import TABLE_GROUPS, tables_digest
from spvrisk.dataset.identity import check_attributes, check_provenance, labels_from, metadata_of
from spvrisk.dataset.inputs import COORDINATES, shape_of
from spvrisk.dataset.opening import attributes_of, is_result, opened, opened_file, place_of, sound
from spvrisk.dataset.paths import kept_as, path_series
from spvrisk.dataset.schema import check_sampling, check_schema
from spvrisk.dataset.structure import check_attributes_fit, check_chunks, check_structure
from spvrisk.dataset.tables import ConditionalTable, SummaryTable, TimelineTable
from spvrisk.dataset.uncertainty import UncertaintyTable, uncertainty_of
from spvrisk.errors import InputError, Problem, suggestion
from spvrisk.plan.arrays import Plan
from spvrisk.plan.digest import unpack_plan
from spvrisk.plan.names import Labels


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


class _Held(local):
    """The file of a result as long as a thread holds it open, and what has been replayed of it meanwhile."""

    until: ExitStack | None = None
    file: h5py.File | None = None
    replayed: dict[tuple[str, str], NDArray[np.float64]] | None = None


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
    uncertainty
        What came of outer runs; None where there were none.
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
    uncertainty: UncertaintyTable | None = None
    _held: _Held = field(default_factory=_Held, compare=False)

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

    @cached_property
    def kept(self) -> dict[tuple[str, str], tuple[str, Any]]:
        """Where the values of each series ``(unit, quantity)`` by path are: the variable, and the part of it."""
        return {
            series: (name, np.s_[:, column] if name in self.labels.quantities else np.s_[:])
            for name in self.path_names
            for column, series in enumerate(path_series(name, self.labels))
        }

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
            remedy = phrase("use spvrisk {}, or run the study again", self.attributes["engine_version"])
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
        return self._of_paths("paths", self.path_names, name, slice(first, last))

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
        return self._of_paths("inputs", self.input_names, name, slice(first, last))

    def series(self, unit: str, quantity: str) -> NDArray[Any]:
        """Values of one series on all paths, ``(path,)``, of the dtype that the file has; nothing else is read.

        Parameters
        ----------
        unit, quantity
            As in `Labels.series`, such as ``smr`` and ``npv_funder``.

        Raises
        ------
        InputError
            If the file does not hold it.
        """
        place, wanted = self.kept.get((unit, quantity)), f"{unit} {quantity}"
        if place is None and (unit, quantity) in self.labels.series:
            rule = "needs values by path, which the result does not keep"
            remedy = phrase("run the study with {} in output.paths", kept_as(unit, quantity))
            raise InputError(Problem(self.place, "", rule, wanted, remedy))
        if place is None:
            rule = "must be a series that the result keeps by path"
            remedy = suggestion(wanted, [" ".join(series) for series in self.kept])
            raise InputError(Problem(self.place, "/paths", rule, wanted, remedy))
        return self._read("paths", *place)

    def _of_paths(self, group: str, names: tuple[str, ...], name: str, paths: slice) -> NDArray[Any]:
        """Values of some paths of a variable."""
        if name not in names:
            known = ", ".join(names) or phrase("none")
            raise InputError(
                Problem(self.place, f"/{group}/{name}", "is not in the file", "", phrase("it has {}", known))
            )
        return self._read(group, name, paths)

    def _read(self, group: str, name: str, part: Any) -> NDArray[Any]:
        """Part of a path variable, whose chunks are all there."""
        with self._reopened() as file:
            variable = file[group][name]
            check_chunks(variable.id, f"/{group}/{name}")
            return np.asarray(variable[part])

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
    def held(self) -> Iterator[None]:
        """Open the file once for what this thread reads of it in a ``with`` block, in which replays are kept, too."""
        held = self._held
        if held.until is not None:
            yield
            return
        with ExitStack() as held.until:
            held.replayed = {}
            try:
                yield
            finally:
                held.until = held.file = held.replayed = None

    @property
    def replayed(self) -> dict[tuple[str, str], NDArray[np.float64]]:
        """What series were found to be by replays, ``(path,)`` float64; stays empty where the file is not `held`."""
        return {} if self._held.replayed is None else self._held.replayed

    @contextmanager
    def _reopened(self) -> Iterator[h5py.File]:
        """The file as it is held, or opened once more, if it still is the one that was read."""
        with sound(self.source), ExitStack() as until_read:
            file = self._held.file
            if file is None:
                file = until_read.enter_context(opened_file(self.source))
                self._check_same(file)
                if self._held.until is not None:
                    self._held.file = file
                    self._held.until.enter_context(until_read.pop_all())
            yield file

    def _check_same(self, file: h5py.File) -> None:
        now = attributes_of(file)
        if any(now.get(key) != self.attributes[key] for key in ("content_sha256", "plan_sha256")):
            raise InputError(Problem(self.place, "", "was replaced since it was opened", "", "open it again"))


@contextmanager
def all_held(results: Iterable[Result]) -> Iterator[None]:
    """Open each of some files once, as `Result.held` does.

    Parameters
    ----------
    results
        Whose files they are.
    """
    with ExitStack() as block:
        for result in results:
            block.enter_context(result.held())
        yield


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
        attributes = attributes_of(file)
        check_schema(place, is_result(file), attributes)
        check_structure(file, size)
        check_attributes(attributes)
        check_sampling(place, file, attributes_of(file["sampling"])["method"])
        provenance = _provenance(file)
        check_provenance(provenance)
        labels = labels_from(provenance.pop("labels"))
        groups = {name: group_of(file[name]) for name in TABLE_GROUPS if name in file}
        result = Result(
            source,
            attributes,
            provenance,
            labels,
            summary_of(groups["summary"], labels),
            conditional_of(groups.get("conditional"), labels),
            timeline_of(groups["timeline"], labels),
            _path_names(file["paths"], labels, attributes["paths"]),
            _input_names(file["inputs"], labels, attributes["paths"]) if "inputs" in file else (),
            uncertainty=uncertainty_of(groups.get("uncertainty"), provenance.pop("uncertainty", None)),
        )
        # last: where a variable is missing, its name says more
        texts = bytes(file["provenance"]["labels_json"][...])
        if tables_digest(texts, {name: group.values for name, group in groups.items()}) != attributes["tables_sha256"]:
            rule = "the result is damaged: its tables do not match tables_sha256"
            raise InputError(Problem(place, "", rule, "", "run the study again"))
        if metadata_of(file) != attributes["metadata_sha256"]:
            rule = "the result is damaged: what it says of itself does not match metadata_sha256"
            raise InputError(Problem(place, "", rule, "", "run the study again"))
        return result


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


def _provenance(file: h5py.File) -> dict[str, Any]:
    """Attributes of /provenance, and its texts read as JSON."""
    group = file["provenance"]
    texts = {
        name.removesuffix("_json"): json.loads(bytes(dataset[...]))
        for name, dataset in group.items()
        if name.endswith("_json")
    }
    return {**attributes_of(group), **texts}


def _stored_bytes(group: h5py.Group) -> int:
    return sum(item.id.get_storage_size() for item in group.values() if isinstance(item, h5py.Dataset))
