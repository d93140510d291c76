"""Write a result file: whole, or not at all.

The file keeps to what every reader tried can open: default HDF5 format, types f8, f4, i4, i1, u1 and S1, text
attributes of fixed length, codes with ``flag_values`` and ``flag_meanings``, and no filter but gzip with
shuffle, and Fletcher's checksum.
"""

import datetime
import hashlib
import io
import json
import math
import os
import platform
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from h5py import h5s
from llvmlite import binding
from numpy.typing import NDArray

from spvrisk._version import NUMBERS_VERSION, __version__
from spvrisk.aggregate.sets import Block
from spvrisk.catalogue import phrase
from spvrisk.dataset.content import (
    TABLE_GROUPS,
    canonical_bytes,
    content_digest,
    digest_of_leaves,
    metadata_digest,
    tables_digest,
)
from spvrisk.dataset.inputs import InputBlock, input_coordinates, input_variables
from spvrisk.dataset.kept import inputs_among
from spvrisk.dataset.layout import (
    Variable,
    conditional_variables,
    label_variables,
    project_coordinate,
    summary_variables,
    timeline_variables,
)
from spvrisk.dataset.netcdf import CONTIGUOUS, NetcdfFile, Storage, writing
from spvrisk.dataset.opening import RESULT
from spvrisk.dataset.paths import PathVariable, path_variables
from spvrisk.dataset.place import Place, claimed
from spvrisk.dataset.schema import OF_EVERY_FILE, SCHEMA_VERSION
from spvrisk.dataset.tables import ConditionalTable, SummaryTable, TimelineTable
from spvrisk.dataset.uncertainty import UncertaintyTable, uncertainty_text, uncertainty_variables
from spvrisk.dataset.variables import Attributes
from spvrisk.errors import InputError, Problem, argument
from spvrisk.files import Kind, check_kind, check_not_read, is_irregular, name_refused
from spvrisk.plan.arrays import Plan
from spvrisk.plan.digest import pack_plan
from spvrisk.plan.names import Labels

PATH_CHUNK = 16384
"""Paths in a chunk of a path variable: 4 leaves."""

COMPRESS_FROM = 4096
"""Bytes from which a variable of /summary or /timeline is compressed: smaller ones would only grow."""

TABLES_BYTES = 1 << 20
"""Room that everything but the path variables is taken to need."""

PACKAGES = ("numpy", "numba", "llvmlite", "scipy", "h5py")
"""Packages whose versions are kept with a result."""


class Provenance(NamedTuple):
    """How a result came about; not part of its content.

    Attributes
    ----------
    config_json
        The resolved config, with the paths and the seed of this run.
    config_sha256
        Its digest; see `spvrisk.config.digest_of`.
    plan
        What the study was compiled to: all that the kernel has seen.
    sources
        Text of each file that the study was read from, by name as the study writes it.
    overrides
        The ``--set`` options, in order.
    started
        When the run began, with time zone.
    duration_seconds
        Until writing began.
    workers
        Threads or processes that ran.
    command_line
        Words of the command.
    target, features
        Processor and features that the kernel's machine code was made for.
    self_test
        What its self-test said: ``passed`` or ``not proven``.
    machines
        Workers of a cluster that computed it, each with its facts by name; none where that was this machine.
    """

    config_json: str
    config_sha256: str
    plan: Plan
    sources: Mapping[str, str]
    overrides: Sequence[str]
    started: datetime.datetime
    duration_seconds: float
    workers: int
    command_line: Sequence[str]
    target: str
    features: str
    self_test: str
    machines: Sequence[Mapping[str, object]] = ()


def _no_inputs(numbers: Sequence[int], paths: range) -> NDArray[np.float32]:
    return np.empty((len(numbers), len(paths)), np.float32)


class Contents(NamedTuple):
    """What a result file holds.

    Attributes
    ----------
    labels
        Names of everything.
    summary, conditional, timeline
        As from `spvrisk.measures`.
    n_paths
        Number of paths.
    block
        Gives values of series; see `spvrisk.aggregate.sets.Block`.
    path_names
        Path quantities to keep; see `spvrisk.dataset.layout.check_paths`.
    seed
        The run's seed.
    sampling
        Its way of sampling.
    job_id
        What was run, see `spvrisk.runner.job.Job.id`.
    provenance
        How the result came about.
    inputs
        Gives values of those inputs that `path_names` names.
    uncertainty
        What came of outer runs; None where there were none.
    """

    labels: Labels
    summary: SummaryTable
    conditional: ConditionalTable
    timeline: TimelineTable
    n_paths: int
    block: Block
    path_names: Sequence[str]
    seed: int
    sampling: str
    job_id: str
    provenance: Provenance
    inputs: InputBlock = _no_inputs
    uncertainty: UncertaintyTable | None = None


def check_output(
    path: str | os.PathLike[str],
    overwrite: bool = False,
    kind: Kind = RESULT,
    reads: Iterable[str | os.PathLike[str]] = (),
    named: str = "out",
) -> Path:
    """Refuse, before anything is computed, a place where the result cannot be written.

    Parameters
    ----------
    path
        Where to.
    overwrite
        Whether a file of its kind is replaced.
    kind
        What is to be written.
    reads
        Files that the command reads: none of them is ever replaced.
    named
        Argument that names it, for messages.

    Raises
    ------
    InputError
        If there is a file already that may not be replaced, or something that is no regular file, or no such
        folder, or one that may not be written to, or if the file system cannot have a file of this name.
    """
    target, place = Path(path), argument(named)
    folder = os.path.dirname(os.path.realpath(target))
    if os.path.isdir(target):
        raise InputError(Problem(place, "", "must be a file, not a folder", str(target), "name a file in it"))
    if is_irregular(target):
        rule = "must be a regular file, not a device or the like"
        raise InputError(Problem(place, "", rule, str(target), "name another file"))
    if not os.path.isdir(folder):
        raise InputError(Problem(place, "", "must lie in a folder that exists", str(target), "create it first"))
    if not os.access(folder, os.W_OK):
        rule = "must lie in a folder that is writable"
        raise InputError(Problem(place, "", rule, str(target), "name a folder that you may write to"))
    if reason := name_refused(target):
        rule = phrase("must be a name that the file system takes ({})", reason)
        raise InputError(Problem(place, "", rule, str(target), "choose another name"))
    if os.path.exists(target):
        check_not_read(target, reads)
        if not overwrite:
            raise _exists(target, place)
        check_kind(target, kind)
    return target


def _exists(target: Path, place: str) -> InputError:
    return InputError(Problem(place, "", "file exists", str(target), "name another file, or use --overwrite"))


def result_size(labels: Labels, n_paths: int, path_names: Sequence[str], plan: Plan) -> int:
    """Bytes that a result takes, or some more.

    Parameters
    ----------
    labels, n_paths, path_names
        As of `Contents`.
    plan
        The plan, which is kept with it.
    """
    paths = path_variables(lambda *_: np.empty((0, 0)), n_paths, labels, path_names)
    paths += input_variables(_no_inputs, n_paths, labels, inputs_among(path_names))
    return TABLES_BYTES + len(pack_plan(plan)) + sum(math.prod(v.shape) * np.dtype(v.dtype).itemsize for v in paths)


def write_result(path: str | os.PathLike[str], contents: Contents, overwrite: bool = False) -> str:
    """Write a result file; it appears under its name whole or not at all.

    Parameters
    ----------
    path
        Where to; see `check_output`.
    contents
        What it holds.
    overwrite
        Whether an existing result is replaced.

    Returns
    -------
    str
        The file's ``content_sha256``.

    Raises
    ------
    InputError
        If the place or a name is refused.
    RunError
        If writing fails.
    """
    with claimed(check_output(path, overwrite)) as place, place.failures_told():
        place.check_space(size_of(contents))
        return write_at(place, contents, overwrite)


def size_of(contents: Contents) -> int:
    """Bytes that a result takes; see `result_size`."""
    return result_size(contents.labels, contents.n_paths, contents.path_names, contents.provenance.plan)


def write_at(
    place: Place, contents: Contents, overwrite: bool, publishing: Callable[[str], object] = lambda _: None
) -> str:
    """Write a result file at a place that is held.

    Parameters
    ----------
    place
        Where to.
    contents, overwrite
        As of `write_result`.
    publishing
        Called with ``content_sha256`` when the file is whole; what it raises keeps it from appearing.

    Returns
    -------
    str
        The file's ``content_sha256``.

    Raises
    ------
    InputError
        A file has appeared that may not be replaced, or a name is refused.
    OSError
        If writing fails; see `Place.failures_told`.
    """
    try:
        with place.part.open("r+b", buffering=0) as file:
            digest = _write(file, contents)
        publishing(digest)
        place.publish(overwrite)
    except FileExistsError as error:
        raise _exists(place.target, argument("out")) from error
    return digest


def result_bytes(contents: Contents) -> bytes:
    """Give a result file's bytes.

    Raises
    ------
    InputError
        If a name is refused.
    """
    file = io.BytesIO()
    _write(file, contents)
    return file.getvalue()


def _write(target: IO[bytes], contents: Contents) -> str:
    """Write a result; return its ``content_sha256``."""
    labels, provenance = contents.labels, contents.provenance
    kept = inputs_among(contents.path_names)
    tables = _tables(contents, kept)
    paths = path_variables(contents.block, contents.n_paths, labels, contents.path_names)
    paths += input_variables(contents.inputs, contents.n_paths, labels, kept)
    plan = pack_plan(provenance.plan)
    about, texts = _about(provenance), _texts(labels, provenance, contents.uncertainty)
    with writing(target) as file:
        digest = _write_content(file, tables, paths)
        attributes = {
            **_root_attributes(contents, str(about["created"])),
            "content_sha256": digest,
            "tables_sha256": _digest_of_tables(labels, tables),
            "plan_sha256": hashlib.sha256(plan).hexdigest(),
        }
        sampling: Attributes = {"method": contents.sampling}
        said = {"": attributes, "provenance": about, "sampling": sampling}
        attributes["metadata_sha256"] = metadata_digest(said, texts)
        for group, held in said.items():
            file.set_attributes(group, held)
        for name, text in texts.items():
            meaning = f"{name.removesuffix('_json')} as JSON in UTF-8"
            write_bytes(file, name, f"{name}_length", text, {"long_name": meaning})
        write_bytes(file, "plan", "plan_length", plan, {"long_name": "plan that was run, array after array as bytes"})
    return digest


def _tables(contents: Contents, inputs: Sequence[str]) -> list[Variable]:
    """Give all variables but those by path."""
    labels = contents.labels
    tables = [
        *summary_variables(contents.summary, labels),
        *conditional_variables(contents.conditional, labels),
        *timeline_variables(contents.timeline, labels),
        project_coordinate("paths", labels),
        *input_coordinates(labels, inputs),
        *uncertainty_variables(contents.uncertainty, labels),
    ]
    return [*tables, *label_variables(tables)]


def _write_content(file: NetcdfFile, tables: list[Variable], paths: list[PathVariable]) -> str:
    """Write all that counts as content; return its digest."""
    parts = [(variable.described(), write_table(file, variable)) for variable in tables]
    parts += [(variable.described(), _write_paths(file, variable)) for variable in paths]
    return content_digest(parts)


def _digest_of_tables(labels: Labels, variables: Iterable[Variable]) -> str:
    tables: dict[str, dict[str, NDArray[Any]]] = {group: {} for group in TABLE_GROUPS}
    for variable in variables:
        if variable.group in tables:
            tables[variable.group][variable.name] = variable.data
    return tables_digest(_json(labels._asdict()).encode(), tables)


def _root_attributes(contents: Contents, created: str) -> dict[str, object]:
    labels, command = contents.labels, shlex.join(contents.provenance.command_line)
    return {
        **OF_EVERY_FILE,
        "title": labels.title["en"],
        "source": f"spvrisk {__version__}",
        "history": f"{created}: {command or 'spvrisk'}",
        "schema_version": np.int32(SCHEMA_VERSION),
        "numbers_version": np.int32(NUMBERS_VERSION),
        "engine_version": __version__,
        "paths": np.int32(contents.n_paths),
        # decimal text: 64-bit integers lose their last digits in some readers
        "seed": str(contents.seed),
        "value_date": labels.value_date,
        "currency": labels.currency,
        "money_unit": float(labels.money_unit),
        "config_sha256": contents.provenance.config_sha256,
        "job_id": contents.job_id,
    }


def write_table(file: NetcdfFile, variable: Variable) -> bytes:
    """Write a variable that is in memory; return its bytes for the digest.

    Parameters
    ----------
    file
        Where to.
    variable
        Which.
    """
    group, name, dims, attributes, _ = variable
    data = np.ascontiguousarray(variable.data, variable.data.dtype.newbyteorder("<")).reshape(variable.data.shape)
    storage = Storage(data.shape, compressed=True) if data.nbytes >= COMPRESS_FROM else CONTIGUOUS
    made = file.create(group, name, dims, data.shape, data.dtype, attributes, storage)
    made.id.write(h5s.ALL, h5s.ALL, data)
    return canonical_bytes(data)


def _write_paths(file: NetcdfFile, variable: PathVariable) -> bytes:
    """Write a path variable chunk by chunk; return the digest of its leaves."""
    group, name, dims, dtype, attributes, shape, block_of = variable
    n_paths = shape[0]
    chunks = (min(PATH_CHUNK, n_paths), *(1 for _ in shape[1:]))  # one project of many is read alone
    made = file.create(group, name, dims, shape, np.dtype(dtype), attributes, Storage(chunks))

    def blocks() -> Iterable[NDArray[Any]]:
        for first in range(0, n_paths, PATH_CHUNK):
            last = min(first + PATH_CHUNK, n_paths)
            block = block_of(first, last)
            made[first:last] = block
            yield block

    return digest_of_leaves(blocks())


def _about(provenance: Provenance) -> dict[str, object]:
    """Attributes of /provenance."""
    return {
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "started": provenance.started.isoformat(timespec="seconds"),
        "duration_seconds": float(provenance.duration_seconds),
        "workers": np.int32(provenance.workers),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu": binding.get_host_cpu_name(),
        "target": provenance.target,
        "features": provenance.features,
        "self_test": provenance.self_test,
        **{name: version(name) for name in PACKAGES},
    }


def _texts(labels: Labels, provenance: Provenance, uncertainty: UncertaintyTable | None) -> dict[str, bytes]:
    """Texts of /provenance, which may be too long for attributes.

    File names may have bytes that are no text: in JSON a backslash escape stands for such a one.
    """
    texts = {
        "config_json": provenance.config_json,
        "sources_json": _json(dict(provenance.sources)),
        "overrides_json": _json(list(provenance.overrides)),
        "command_line_json": _json(list(provenance.command_line)),
        "labels_json": _json(labels._asdict()),
        "machines_json": _json(list(provenance.machines)),
        **uncertainty_text(uncertainty),
    }
    return {name: text.encode(errors="backslashreplace") for name, text in texts.items()}


def write_bytes(file: NetcdfFile, name: str, dim: str, data: bytes, about: Attributes) -> None:
    """Write bytes to /provenance; what is longer is compressed, and has a checksum.

    Parameters
    ----------
    file
        Where to.
    name, dim
        Of the variable, and of its dimension.
    data
        Its bytes.
    about
        Its attributes.
    """
    values = np.frombuffer(data, np.uint8)
    storage = Storage(values.shape, compressed=True) if values.size >= COMPRESS_FROM else CONTIGUOUS
    made = file.create("provenance", name, (dim,), values.shape, values.dtype, about, storage)
    made.id.write(h5s.ALL, h5s.ALL, values)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
