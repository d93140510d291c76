"""Whether a result file holds what its digests say, and all that it should."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from spvrisk.dataset.content import Described, canonical_bytes, content_digest, digest_of_leaves
from spvrisk.dataset.inputs import input_coordinates
from spvrisk.dataset.layout import (
    conditional_variables,
    label_variables,
    project_coordinate,
    summary_variables,
    timeline_variables,
)
from spvrisk.dataset.opening import opened, plain, sound
from spvrisk.dataset.read import Result
from spvrisk.dataset.schema import of_scenarios
from spvrisk.dataset.structure import BY_PATH, check_chunks, check_structure
from spvrisk.dataset.uncertainty import uncertainty_variables
from spvrisk.dataset.write import PATH_CHUNK
from spvrisk.errors import InputError, Problem

_PROVENANCE = "provenance"
"""Group of what is no content."""

_NO_COORDINATE = ">f4"
"""Type of dimensions without a coordinate, which hold nothing."""


def content_of_file(source: str | os.PathLike[str] | bytes) -> str:
    """Compute ``content_sha256`` anew from what a file, or the bytes of one, holds.

    Parameters
    ----------
    source
        Of a result, as of `open_result`, or of a dataset of scenarios.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    source = source if isinstance(source, bytes) else Path(source)
    with sound(source), opened(source) as file:
        flat = of_scenarios(file)
        check_structure(file, file.id.get_filesize(), flat)
        for group in BY_PATH:
            for name, variable in file.get(group, {}).items():
                check_chunks(variable.id, f"/{group}/{name}")
        # variables of a dataset of scenarios lie beside its group
        groups = {"": file} if flat else {name: file[name] for name in file if name != _PROVENANCE}
        names = _dimensions(groups.values())
        return content_digest(
            _part(group, variable, names) for group, held in groups.items() for variable in _variables(held)
        )


class _Stored(NamedTuple):
    """A variable that is stored; it is opened by h5py's low-level calls, whose objects do not look up their names."""

    name: str
    variable: h5py.Dataset


def _variables(group: h5py.Group) -> Iterator[_Stored]:
    """Variables of a group, without dimensions that have no coordinate."""
    for name in _inside(group):
        found = h5py.Dataset(h5py.h5d.open(group.id, name.encode()))
        if found.dtype.str != _NO_COORDINATE:
            yield _Stored(name, found)


def _inside(group: h5py.Group) -> Iterator[str]:
    """Names of the variables of a group, or of those that lie beside the groups of a file."""
    return (name for name in group if name != _PROVENANCE)


def _dimensions(groups: Iterable[h5py.Group]) -> dict[int, str]:
    """Names of the dimensions, by the numbers that netCDF gives them."""
    found: dict[int, str] = {}
    for group in groups:
        for name in _inside(group):
            scale = h5py.h5d.open(group.id, name.encode())
            if h5py.h5ds.is_scale(scale):
                found[int(h5py.Dataset(scale).attrs["_Netcdf4Dimid"])] = name
    return found


def missing_variables(result: Result) -> list[str]:
    """Give the variables that a result should have and has not, or has of another shape or type.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    labels = result.labels
    expected = [
        *summary_variables(result.summary, labels),
        *conditional_variables(result.conditional, labels),
        *timeline_variables(result.timeline, labels),
        project_coordinate("paths", labels),
        *input_coordinates(labels, result.input_names),
        *uncertainty_variables(result.uncertainty, labels),
    ]
    wanted = [variable.described() for variable in (*expected, *label_variables(expected))]
    with opened(result.source) as file:
        lacking = [f"/{found.group}/{found.name}" for found in wanted if not _has(file, found)]
        sizes = ((name, file["paths"][name].shape[0]) for name in result.path_names)
        return lacking + [f"/paths/{name}" for name, size in sizes if size != result.n_paths]


def _has(file: h5py.File, described: Described) -> bool:
    """Whether a file has a variable of this shape and type."""
    found = file.get(f"{described.group}/{described.name}")
    if not isinstance(found, h5py.Dataset):
        return False
    return (found.shape, found.dtype.newbyteorder("<").str) == (described.shape, described.dtype)


def check_contents(results: Iterable[Result]) -> None:
    """Read results whole and refuse those whose content is not that of their digest.

    Parameters
    ----------
    results
        As from `open_result`; each file is read again.

    Raises
    ------
    InputError
        With each that is damaged, or one that was replaced since it was opened.
    """
    rule, damaged = "the result is damaged: its content does not match content_sha256", []
    for result in results:
        result.check_same()
        if content_of_file(result.source) != result.attributes["content_sha256"]:
            damaged.append(Problem(result.place, "", rule, "", "run the study again"))
    if damaged:
        raise InputError(damaged)


def _part(group: str, stored: _Stored, names: dict[int, str]) -> tuple[Described, bytes]:
    """Describe a variable for the digest, and give its bytes."""
    name, variable = stored
    attributes = {key: plain(variable.attrs[key]) for key in ("units", "flag_meanings") if key in variable.attrs}
    # a number has no dimensions
    dims = tuple(names[int(number)] for number in np.atleast_1d(variable.attrs.get("_Netcdf4Coordinates", ())))
    described = Described.of(group, name, dims, variable.dtype.newbyteorder("<").str, tuple(variable.shape), attributes)
    if described.dims[:1] == ("path",):
        starts = range(0, variable.shape[0], PATH_CHUNK)
        return described, digest_of_leaves(np.asarray(variable[a : a + PATH_CHUNK]) for a in starts)
    return described, canonical_bytes(np.asarray(variable[...]))
