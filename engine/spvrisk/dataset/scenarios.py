"""Scenarios as one dataset, ``(scenario, measure)``: in memory, or as a netCDF-4 file that appears whole or not at all.

Names are characters, which every reader can do; what the scenarios were made of is in ``/provenance``.
"""

import datetime
import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import h5py
import numpy as np

from spvrisk._version import NUMBERS_VERSION, __version__
from spvrisk.catalogue import phrase
from spvrisk.dataset.content import content_digest, metadata_digest
from spvrisk.dataset.identity import check_attributes, check_sources, check_texts, labels_from, metadata_of
from spvrisk.dataset.layout import Variable
from spvrisk.dataset.netcdf import writing
from spvrisk.dataset.opening import attributes_of, opened
from spvrisk.dataset.place import Place
from spvrisk.dataset.schema import OF_EVERY_FILE, OF_SCENARIOS, of_scenarios
from spvrisk.dataset.structure import check_structure
from spvrisk.dataset.write import PACKAGES, write_bytes, write_table
from spvrisk.errors import InputError
from spvrisk.files import Kind
from spvrisk.plan.names import Labels

if TYPE_CHECKING:
    import xarray

SCENARIO, MEASURE, TITLES = "scenario", "measure", "titles"

COMMANDS = ("scenarios", "stress")
"""Commands that make such a file."""

VARIABLES = {
    SCENARIO: ((SCENARIO,), "name of the scenario; base: the unchanged study"),
    "title": ((SCENARIO,), "title in English"),
    TITLES: ((SCENARIO,), "titles by language, as a map in JSON; older files have none"),
    "job_id": ((SCENARIO,), "digest of study, seed, sampling and numbers version"),
    "overrides": ((SCENARIO,), "changes of the base as the study takes them, as a list in JSON"),
    "overlays": ((SCENARIO,), "files that are merged over the base, as a list in JSON"),
    "axes": ((SCENARIO,), "levels of a grid, or values of a design, as a map in JSON"),
    "failed": ((SCENARIO,), "why there are no figures; empty where there are"),
    MEASURE: ((MEASURE,), "measure, as the grammar writes it"),
    "unit": ((MEASURE,), "what value and change are in: of money the currency, of which there are money_unit"),
    "value": ((SCENARIO, MEASURE), "the measure"),
    "error": ((SCENARIO, MEASURE), "its Monte Carlo standard error"),
    "change": ((SCENARIO, MEASURE), "what it is more than the base's"),
    "change_error": ((SCENARIO, MEASURE), "standard error of the change, from the paths' own differences"),
    "change_unpaired_error": ((SCENARIO, MEASURE), "standard error of the change if the runs shared no draws"),
}
"""Dimensions and meaning of each variable: along one they are texts, along both float64."""

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
    place
        Where it is, in words.
    attributes
        Of the file.
    labels
        Of the base.
    scenarios
        Names of all, the base's first.
    failed
        Why there are no figures, by the names of those that have none.
    jobs
        What was run and has figures, by `Job.id`.
    measures
        As the grammar writes them.
    origin
        What they were made of.
    """

    place: str
    attributes: Mapping[str, Any]
    labels: Labels
    scenarios: tuple[str, ...]
    failed: Mapping[str, str]
    jobs: frozenset[str]
    measures: tuple[str, ...]
    origin: Origin

    @property
    def paths(self) -> int:
        """Of each run."""
        return int(self.attributes["paths"])

    @property
    def seed(self) -> int:
        """Of each run."""
        return int(self.attributes["seed"])


def variables_of(values: Mapping[str, Sequence[Any]]) -> tuple[Variable, ...]:
    """Give the variables of a dataset.

    Parameters
    ----------
    values
        Of each of `VARIABLES`: texts, or rows of numbers ``(scenario, measure)``.
    """
    return tuple(
        Variable("", name, dims, {"long_name": meaning}, np.array(values[name], np.float64 if dims[1:] else object))
        for name, (dims, meaning) in VARIABLES.items()
    )


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
        attributes, texts = {**_attributes(combined), "content_sha256": digest}, _provenance(combined)
        about = metadata_digest({"": attributes, "provenance": {}}, texts)
        file.set_attributes("", {**attributes, "metadata_sha256": about})
        for name, text in texts.items():
            what = name.removesuffix("_json")
            write_bytes(file, name, f"{what}{_LENGTH}", text, {"long_name": f"{what} as JSON in UTF-8"})
    place.publish(overwrite)


def _provenance(combined: Combined) -> dict[str, bytes]:
    """Texts of /provenance by name."""
    said = {
        "command": combined.origin.command,
        "file": combined.origin.file,
        "sources": dict(combined.origin.sources),
        "overrides": list(combined.origin.overrides),
        "command_line": sys.argv,
        "labels": combined.labels._asdict(),
    }
    texts = {f"{name}_json": json.dumps(value, ensure_ascii=False) for name, value in said.items()}
    return {name: text.encode(errors="backslashreplace") for name, text in texts.items()}


def _about(file: h5py.File) -> tuple[dict[str, Any], dict[str, Any]]:
    """Attributes of a sound file, and what its texts say: of its origin, and the labels."""
    check_structure(file, file.id.get_filesize(), flat=True)
    attributes = attributes_of(file)
    check_attributes(attributes, of_run=False)
    texts = {name: file[f"provenance/{name}_json"][...] for name in (*Origin._fields, "labels")}
    return attributes, {name: json.loads(bytes(text)) for name, text in texts.items()}


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
        attributes, said = _about(file)
        scenarios, jobs, why = (_texts(file[name]) for name in (SCENARIO, "job_id", "failed"))
        return Held(
            str(path),
            attributes,
            labels_from(said["labels"]),
            tuple(scenarios),
            {name: each for name, each in zip(scenarios, why, strict=True) if each},
            frozenset(job for job, each in zip(jobs, why, strict=True) if not each),
            tuple(_texts(file[MEASURE])),
            _origin(said),
        )


def lacking(path: Path) -> list[str]:
    """Give the variables that a file of scenarios should have and has not, or has of another shape or type.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    InputError
        It cannot be read.
    """
    with opened(path) as file:
        return _lacking(file)


def _lacking(file: h5py.File) -> list[str]:
    sizes = {dim: file[dim].shape[0] for dim in (SCENARIO, MEASURE) if dim in file}

    def is_there(name: str, dims: tuple[str, ...]) -> bool:
        found = file.get(name)
        shape, kind = tuple(sizes.get(dim) for dim in dims), "f8" if dims[1:] else "S1"
        # of texts there is a dimension of their characters besides
        ours = isinstance(found, h5py.Dataset) and found.dtype == kind
        return ours and found.shape[: len(dims)] == shape and found.ndim == 2

    older = (TITLES,) if TITLES not in file else ()
    return [name for name, (dims, _) in VARIABLES.items() if name not in older and not is_there(name, dims)]


def _check_whole(file: h5py.File) -> None:
    """Refuse a file that lacks some of its variables.

    Raises
    ------
    ValueError
        It does.
    """
    if missing := _lacking(file):
        raise ValueError(f"{', '.join(missing)} is not of its scenarios and measures")


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
        attributes, said = _about(file)
        _check_whole(file)
        values: dict[str, Any] = {
            name: np.asarray(file[name][...], np.float64) if dims[1:] else _texts(file[name])
            for name, (dims, _) in VARIABLES.items()
            if name in file
        }
        values.setdefault(TITLES, [json.dumps({"en": title} if title else {}) for title in values["title"]])
        for name in (TITLES, "axes"):
            _check_maps(name, values[name])
        size = int(attributes["paths"]), int(attributes["seed"])
        return Combined(variables_of(values), labels_from(said["labels"]), *size, _origin(said))


def _check_maps(name: str, texts: Sequence[str]) -> None:
    """Refuse what are no texts by name, as JSON.

    Raises
    ------
    ValueError
        They are none.
    """
    for held in map(json.loads, texts):
        if not isinstance(held, dict):
            raise ValueError(f"its {name} are no maps")
        check_texts(name, [*held.values()])


def metadata_sound(path: Path) -> bool | None:
    """Tell whether what a file of scenarios says of itself is that of its digest; None where it has none.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    InputError
        It cannot be read.
    """
    with opened(path) as file:
        held = attributes_of(file).get("metadata_sha256")
        return None if held is None else bool(metadata_of(file) == held)


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


def is_scenarios(path: Path) -> bool:
    """Tell whether a file is one of scenarios; one that is damaged is not known for one.

    Parameters
    ----------
    path
        The file.
    """
    try:
        with opened(path) as file:
            return of_scenarios(file)
    except InputError:
        return False


SCENARIOS = Kind(phrase("a dataset of scenarios"), is_scenarios)


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
