"""A group of a result as a file in netCDF's classic format, which has no groups and needs no HDF5.

Coordinates of names stay codes, which every reader can do; the names stand beside them as characters
(``unit_name(unit)``), as CF has it for labels, and in ``flag_meanings`` as in the result.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spvrisk._version import __version__
from spvrisk.catalogue import phrase
from spvrisk.dataset.layout import (
    Variable,
    conditional_variables,
    project_coordinate,
    summary_variables,
    timeline_variables,
)
from spvrisk.dataset.read import Result
from spvrisk.errors import InputError, Problem, argument
from spvrisk.exports.classic import MOST_BYTES, Stored, write_classic
from spvrisk.exports.paths import blocks
from spvrisk.files import Kind

_SOURCE = "exported by spvrisk"
"""How its attribute ``source`` begins; that of a result begins with ``spvrisk``."""

_HEAD_BYTES = 1 << 16

_TABLES: dict[str, Callable[[Result], list[Variable]]] = {
    "summary": lambda result: summary_variables(result.summary, result.labels),
    "timeline": lambda result: timeline_variables(result.timeline, result.labels),
    "conditional": lambda result: conditional_variables(result.conditional, result.labels),
    "paths": lambda result: [project_coordinate("paths", result.labels)],
}
"""Variables of a group that are in memory."""

GROUPS = tuple(_TABLES)


def _known(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    return head.startswith(b"CDF\x02") and _SOURCE.encode() in head


NETCDF = Kind(phrase("a netCDF file that export wrote"), _known)


def write_netcdf(path: Path, result: Result, group: str) -> None:
    """Write a group of a result.

    Parameters
    ----------
    path
        File to write to.
    result
        The result.
    group
        One of `GROUPS`.

    Raises
    ------
    InputError
        A variable is larger than the format allows.
    """
    variables = [_stored(variable) for variable in _with_names(_TABLES[group](result))]
    if group == "paths":
        variables += _path_variables(result)
    for variable in variables:
        if variable.n_bytes > MOST_BYTES:
            rule = "a variable of netCDF's classic format has at most 4 GiB"
            found = f"{variable.n_bytes / (1 << 30):.1f} GiB"
            raise InputError(Problem(argument("out"), variable.name, rule, found, "write .parquet"))
    write_classic(path, _attributes(result, group), variables)


def _attributes(result: Result, group: str) -> dict[str, object]:
    own = {name: value for name, value in result.attributes.items() if name not in ("schema_version", "tables_sha256")}
    comment = f"group {group} of a result of spvrisk {result.attributes['engine_version']}"
    source = f"{_SOURCE} {__version__}"
    return {**own, "source": source, "comment": comment}


def _stored(variable: Variable) -> Stored:
    data = np.asarray(variable.data)
    return Stored(variable.name, variable.dims, data.shape, data.dtype, variable.attributes, lambda: [data])


def _with_names(variables: Iterable[Variable]) -> list[Variable]:
    """Put the names of codes beside them, and tell every variable along them so."""
    found = list(variables)
    coded = {v.name: str(v.attributes["flag_meanings"]).split() for v in found if "flag_meanings" in v.attributes}
    return [
        *(_pointing(variable, coded) for variable in found),
        *(_names(dim, words) for dim, words in coded.items()),
    ]


def _names(dim: str, words: list[str]) -> Variable:
    width = max(len(word) for word in words)
    characters = np.array(words, f"S{width}").view("S1").reshape(len(words), width)
    return Variable("", f"{dim}_name", (dim, f"{dim}_name_length"), {"long_name": f"name of each {dim}"}, characters)


def _pointing(variable: Variable, coded: Iterable[str]) -> Variable:
    names = " ".join(f"{dim}_name" for dim in variable.dims if dim in coded and variable.dims != (dim,))
    return variable._replace(attributes={**variable.attributes, "coordinates": names}) if names else variable


def _path_variables(result: Result) -> Iterator[Stored]:
    """Variables by path, read block by block."""
    from spvrisk.dataset.labelled import labelled_paths  # loaded when it is needed: xarray takes half a second

    with labelled_paths(result.source) as dataset:
        about = {name: dict(dataset[name].attrs) for name in ("path", *result.path_names)}
    numbers = np.arange(result.n_paths, dtype="<i4")
    yield Stored("path", ("path",), numbers.shape, numbers.dtype, about["path"], lambda: [numbers])
    for name in result.path_names:
        first = result.paths(name, 0, 1)
        dims = ("path", "project")[: first.ndim]
        attributes = {**about[name], **({"coordinates": "project_name"} if "project" in dims else {})}
        shape = (result.n_paths, *first.shape[1:])
        yield Stored(name, dims, shape, first.dtype, attributes, _blocks_of(result, name, first.size))


def _blocks_of(result: Result, name: str, n_columns: int) -> Callable[[], Iterator[NDArray[Any]]]:
    return lambda: (result.paths(name, first, last) for first, last in blocks(result.n_paths, n_columns))
