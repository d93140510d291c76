"""Scenarios as one dataset, ``(scenario, measure)``: in memory, or as a netCDF-4 file that appears whole or not at all.

Names are characters, which every reader can do; what the scenarios were made of is in ``/provenance``.
"""

import datetime
import json
import shlex
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import h5py
import numpy as np

from spvrisk._version import NUMBERS_VERSION, __version__
from spvrisk.dataset.content import content_digest
from spvrisk.dataset.identity import check_sources, check_texts, labels_from
from spvrisk.dataset.layout import Variable
from spvrisk.dataset.netcdf import writing
from spvrisk.dataset.opening import opened, plain
from spvrisk.dataset.place import Place
from spvrisk.dataset.schema import OF_EVERY_FILE, OF_SCENARIOS
from spvrisk.dataset.structure import check_structure
from spvrisk.dataset.write import PACKAGES, write_bytes, write_table
from spvrisk.errors import InputError
from spvrisk.files import Kind
from spvrisk.plan.names import Labels

if TYPE_CHECKING:
    import xarray

SCENARIO, MEASURE = "scenario", "measure"

COMMANDS = ("scenarios", "stress")
"""Commands that make such a file."""

_OF_MEASURES = (MEASURE, "unit")
"""Texts of measures; all others are of scenarios."""

_LENGTH = "_length"
"""Ending of the dimension of a name's characters."""


class Origin(NamedTuple):
    """What scenarios were made of: enough to run them again.

    Attributes
    ----------
    command
        That runs them, one of `COMMANDS`: ``stress`` those that a study names.
    file
        Name of the file that names them among the sources.
    sources
        Text of each file that was read, by its path from the folder that has them all.
    overrides
        Changes of the base, before those of the scenarios.
    """

    command: str
    file: str
    sources: Mapping[str, str]
    overrides: tuple[str, ...]


class Combined(NamedTuple):
    """Figures of scenarios.

    Attributes
    ----------
    variables
        Along ``scenario`` and ``measure``: names as objects of str, figures as float64 ``(scenario, measure)``.
    labels
        Of the base.
    paths, seed
        Of each run.
    origin
        What they were made of.
    """

    variables: tuple[Variable, ...]
    labels: Labels
    paths: int
    seed: int
    origin: Origin


class Held(NamedTuple):
    """What a file of scenarios holds, besides its figures.

    Attributes
    ----------
    jobs
        What was run and has figures, by `Job.id`.
    measures
        As the grammar writes them.
    paths, seed
        Of each run.
    origin
        What they were made of.
    """

    jobs: frozenset[str]
    measures: tuple[str, ...]
    paths: int
    seed: int
    origin: Origin


def words(name: str, dim: str, texts: list[str], meaning: str) -> Variable:
    """Give a variable of texts.

    Parameters
    ----------
    name, dim
        Its name, and its dimension.
    texts
        One for each place along it.
    meaning
        What they are.
    """
    return Variable("", name, (dim,), {"long_name": meaning}, np.array(texts, object))


def labelled(combined: Combined) -> "xarray.Dataset":
    """Make a dataset of xarray.

    Parameters
    ----------
    combined
        What is in it.
    """
    import xarray  # loaded here: it takes half a second

    held = {
        v.name: (v.dims, v.data.astype(str) if v.data.dtype == object else v.data, v.attributes)
        for v in combined.variables
    }
    return xarray.Dataset(held, attrs=_attributes(combined))


def write(place: Place, combined: Combined, overwrite: bool) -> None:
    """Write a file at a place that is held.

    Parameters
    ----------
    place
        Where to.
    combined
        What is in it.
    overwrite
        Whether it may take the place of a file.

    Raises
    ------
    FileExistsError
        There is such a file, and it may not be replaced.
    OSError
        Writing failed.
    """
    with place.part.open("r+b", buffering=0) as target, writing(target) as file:
        stored = [_stored(variable) for variable in combined.variables]
        digest = content_digest([(variable.described(), write_table(file, variable)) for variable in stored])
        file.set_attributes("", {**_attributes(combined), "content_sha256": digest})
        said = {
            "command": combined.origin.command,
            "file": combined.origin.file,
            "sources": dict(combined.origin.sources),
            "overrides": list(combined.origin.overrides),
            "command_line": sys.argv,
            "labels": combined.labels._asdict(),
        }
        for name, value in said.items():
            text = json.dumps(value, ensure_ascii=False).encode(errors="backslashreplace")
            write_bytes(file, f"{name}_json", f"{name}{_LENGTH}", text, {"long_name": f"{name} as JSON in UTF-8"})
    place.publish(overwrite)


def held(path: Path) -> Held:
    """Read what a file of scenarios holds, besides its figures.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    InputError
        It cannot be read, or is none.
    """
    with opened(path) as file:
        check_structure(file, file.id.get_filesize(), flat=True)
        names = {name: _texts(file[name]) for name in ("job_id", "failed", MEASURE)}
        said = {name: json.loads(bytes(file[f"provenance/{name}_json"][...])) for name in Origin._fields}
        jobs = frozenset(job for job, why in zip(names["job_id"], names["failed"], strict=True) if not why)
        return Held(jobs, tuple(names[MEASURE]), *_size(file), _origin(said))


def _size(file: h5py.File) -> tuple[int, int]:
    """Paths and seed.

    Raises
    ------
    ValueError
        They are none.
    """
    paths, seed = int(np.asarray(file.attrs["paths"]).item()), int(file.attrs["seed"])
    if paths < 1 or not 0 <= seed < 2**64:
        raise ValueError("its paths or its seed are none")
    return paths, seed


def _origin(said: Mapping[str, Any]) -> Origin:
    """What a file says that it was made of: it may come from anybody.

    Raises
    ------
    ValueError
        It is not what such a file says.
    """
    check_sources(said["sources"])
    check_texts("overrides", said["overrides"])
    if said["command"] not in COMMANDS or said["file"] not in [*said["sources"]]:
        raise ValueError("it does not say which command ran which file")
    return Origin(said["command"], said["file"], said["sources"], tuple(said["overrides"]))


def read(path: Path) -> Combined:
    """Read a file of scenarios back.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    InputError
        It cannot be read, or is none.
    """
    with opened(path) as file:
        check_structure(file, file.id.get_filesize(), flat=True)
        said = {name: json.loads(bytes(file[f"provenance/{name}_json"][...])) for name in (*Origin._fields, "labels")}
        stored = (file[name] for name in file if not name.endswith(_LENGTH) and isinstance(file[name], h5py.Dataset))
        variables = tuple(_variable(each.name.lstrip("/"), each) for each in stored)
        _check_shapes(variables)
        return Combined(variables, labels_from(said["labels"]), *_size(file), _origin(said))


def _variable(name: str, stored: h5py.Dataset) -> Variable:
    """The variable as it was before it was stored."""
    if stored.dtype.kind == "S":
        along = MEASURE if name in _OF_MEASURES else SCENARIO
        return words(name, along, _texts(stored), str(plain(stored.attrs["long_name"])))
    attributes = {"long_name": plain(stored.attrs["long_name"])}
    return Variable("", name, (SCENARIO, MEASURE), attributes, np.asarray(stored[...], np.float64))


def _check_shapes(variables: tuple[Variable, ...]) -> None:
    """Refuse variables that are not of the same scenarios and measures.

    Raises
    ------
    ValueError
        They are not.
    """
    lengths = {v.name: len(v.data) for v in variables if v.name in (SCENARIO, MEASURE)}
    for variable in variables:
        if variable.data.shape != tuple(lengths[dim] for dim in variable.dims) or not variable.data.size:
            raise ValueError(f"{variable.name} is not of its scenarios and measures")


def is_scenarios(path: Path) -> bool:
    """Tell whether a file is one of scenarios; one that is damaged is not known for one.

    Parameters
    ----------
    path
        The file.
    """
    try:
        with opened(path) as file:
            schema = file.attrs.get("schema", b"")
            return bool(schema in (OF_SCENARIOS, OF_SCENARIOS.encode()))
    except InputError:
        return False


SCENARIOS = Kind("a dataset of scenarios", is_scenarios)


def _attributes(combined: Combined) -> dict[str, Any]:
    """Attributes of the dataset."""
    labels, now = combined.labels, datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return {
        **OF_EVERY_FILE,
        "references": "docs/scenarios.md of spvrisk",
        "title": f"scenarios of {labels.title['en']}",
        "source": f"scenarios of spvrisk {__version__}",
        "history": f"{now}: {shlex.join(sys.argv) or 'spvrisk'}",
        "schema": OF_SCENARIOS,
        "numbers_version": np.int32(NUMBERS_VERSION),
        "engine_version": __version__,
        **{name: version(name) for name in PACKAGES},
        "paths": np.int32(combined.paths),
        # decimal text: 64-bit integers lose their last digits in some readers
        "seed": str(combined.seed),
        "value_date": labels.value_date,
        "currency": labels.currency,
        "money_unit": float(labels.money_unit),
    }


def _stored(variable: Variable) -> Variable:
    """The variable as it is stored: texts are characters."""
    if variable.data.dtype != object:
        return variable
    data = [text.encode(errors="backslashreplace") for text in variable.data]
    width = max(1, *map(len, data))
    characters = np.array(data, f"S{width}").view("S1").reshape(len(data), width)
    attributes = {**variable.attributes, "_Encoding": "utf-8"}
    return variable._replace(dims=(*variable.dims, f"{variable.name}{_LENGTH}"), attributes=attributes, data=characters)


def _texts(variable: h5py.Dataset) -> list[str]:
    return [row.tobytes().rstrip(b"\0").decode(errors="replace") for row in variable[...]]
