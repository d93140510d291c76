"""Whether a result file holds what its digests say, and all that it should."""

import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

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
from spvrisk.dataset.structure import BY_PATH, check_chunks, check_structure
from spvrisk.dataset.write import PATH_CHUNK
from spvrisk.errors import InputError, Problem

if TYPE_CHECKING:
    import h5netcdf


def content_of_file(source: str | os.PathLike[str] | bytes) -> str:
    """Compute ``content_sha256`` anew from what a file, or the bytes of one, holds.

    Parameters
    ----------
    source
        As of `open_result`.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    # loaded here: nothing else reads with it, and a digest is worth more if another library than ours finds the parts
    import h5netcdf

    source = source if isinstance(source, bytes) else Path(source)
    with opened(source) as file:
        check_structure(file, file.id.get_filesize())
        for group in BY_PATH:
            for name, variable in file.get(group, {}).items():
                check_chunks(variable.id, f"/{group}/{name}")
    readable = io.BytesIO(source) if isinstance(source, bytes) else source
    with sound(source), h5netcdf.File(readable, "r", locking="best-effort") as groups:
        return content_digest(
            _part(name, group, variable)
            for name, group in groups.groups.items()
            if name != "provenance"
            for variable in group.variables
        )


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


def _part(name: str, group: "h5netcdf.Group", key: str) -> tuple[Described, bytes]:
    """Describe a variable for the digest, and give its bytes."""
    variable = group.variables[key]
    attributes = {name: plain(variable._h5ds.attrs[name]) for name in variable.attrs}
    described = Described(
        name,
        key,
        tuple(variable.dimensions),
        variable.dtype.newbyteorder("<").str,
        tuple(variable.shape),
        str(attributes.get("units", "")),
        str(attributes.get("flag_meanings", "")),
    )
    if described.dims[:1] == ("path",):
        starts = range(0, variable.shape[0], PATH_CHUNK)
        return described, digest_of_leaves(np.asarray(variable[a : a + PATH_CHUNK]) for a in starts)
    return described, canonical_bytes(np.asarray(variable[...]))
