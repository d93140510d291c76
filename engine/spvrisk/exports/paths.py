"""Tables by path, which are read and handed on a block of paths at a time."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk.catalogue import phrase
from spvrisk.dataset.paths import path_series
from spvrisk.dataset.read import Result
from spvrisk.dataset.variables import UNITS, quantity_of
from spvrisk.errors import InputError, Problem
from spvrisk.exports.table import TEXT, Batch, Column, Data, Table
from spvrisk.exports.units import unit_of
from spvrisk.plan.inputs import BY_NAME
from spvrisk.plan.names import Labels
from spvrisk.views.words import money_name

_CHUNK = 16_384
"""Paths in a chunk of the file: a block is whole chunks, so that none is read twice."""

_VALUES_AT_A_TIME = 1 << 21
"""Values of a block, about: what it needs in memory, in Python's objects, is some 40 times as many bytes."""

_NPV = "npv_funder"

_PATH = Column("path", "<i4", "number of the path")


class _Part(NamedTuple):
    """A column of a path variable."""

    variable: str
    place: int
    column: Column
    states: tuple[str, ...]


def paths_table(result: Result) -> Table:
    """Give all values that a result keeps by path: a row for each path, columns such as ``smr.npv_funder``.

    Parameters
    ----------
    result
        The result.
    """
    parts = [part for name in result.path_names for part in _parts(result, name)]
    inputs = [column for name in result.input_names for column in _input_columns(name, result.labels)]

    def batches() -> Iterator[Batch]:
        for first, last in blocks(result.n_paths, len(parts) + len(inputs)):
            read = {name: result.paths(name, first, last).reshape(last - first, -1) for name in result.path_names}
            drawn = [column for name in result.input_names for column in result.inputs(name, first, last).T]
            numbers = np.arange(first, last, dtype="<i4")
            yield [numbers, *(_shown(part, read[part.variable][:, part.place]) for part in parts), *drawn]

    return Table("paths", (_PATH, *(part.column for part in parts), *inputs), result.n_paths, batches)


def ylt_table(result: Result) -> Table:
    """Give the loss of each project on each path, positive where money is lost: a year loss table in shape.

    Parameters
    ----------
    result
        The result.

    Raises
    ------
    InputError
        It does not keep the projects' net present values.
    """
    if _NPV not in result.path_names:
        rule = phrase("needs {} by path and project, which the result does not keep", _NPV)
        raise InputError(
            Problem(result.place, "", rule, "", phrase("add {} to output.paths and run the study again", _NPV))
        )
    projects = result.labels.projects
    loss = Column("loss", "<f8", "minus the net present value to the funder", money_name(result.labels))
    columns = (_PATH, Column("project", TEXT, "project, or pipeline"), loss)

    def batches() -> Iterator[Batch]:
        for first, last in blocks(result.n_paths, len(projects)):
            # not the negative, which is -0 where nothing was funded
            losses = 0.0 - result.paths(_NPV, first, last)
            numbers = np.arange(first, last, dtype="<i4").repeat(len(projects))
            names: list[str | None] = [*projects] * (last - first)
            yield [numbers, names, losses.ravel()]

    return Table("ylt", columns, result.n_paths * len(projects), batches)


def blocks(n_paths: int, n_columns: int) -> Iterator[tuple[int, int]]:
    """Cut paths into blocks that fit into memory, ``(first, last)``, the last not included.

    Parameters
    ----------
    n_paths, n_columns
        How many paths there are, and how many values each has.
    """
    size = max(_VALUES_AT_A_TIME // max(n_columns, 1) // _CHUNK, 1) * _CHUNK
    for first in range(0, n_paths, size):
        yield first, min(first + size, n_paths)


def _parts(result: Result, name: str) -> Iterator[_Part]:
    """Columns of a path variable."""
    labels, stored = result.labels, result.paths(name, 0, 1).dtype.str
    for place, (unit, quantity) in enumerate(path_series(name, labels)):
        yield _Part(name, place, _column(unit, quantity, stored, labels), labels.states.get(quantity) or ())


def _input_columns(name: str, labels: Labels) -> Iterator[Column]:
    """Columns of an input."""
    about = BY_NAME[name]
    measured = {"price": f"{labels.currency} per unit of output", "own": "its factor's"}.get(about.kind)
    for column in labels.columns(name):
        yield Column(f"{column}.{name}", "<f4", about.meaning, measured or UNITS[about.kind])


def _column(unit: str, quantity: str, stored: str, labels: Labels) -> Column:
    output = quantity_of(unit, quantity, labels)
    if output.kind == "state":
        return Column(f"{unit}.{quantity}", TEXT, output.meaning)
    return Column(f"{unit}.{quantity}", stored, output.meaning, unit_of(output, labels))


def _shown(part: _Part, values: NDArray[Any]) -> Data:
    """Values of a column, states and outcomes as words; their code is -1 where they are undefined."""
    if part.column.type != TEXT:
        return values
    # the code -1 leads to the last word
    words = np.array([*part.states, None], object)
    found: list[str | None] = words[values].tolist()
    return found
