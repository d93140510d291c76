"""Inputs by path: the variables of ``/inputs``, which of them a result file holds, and their values.

``cost_multiple(path, project)`` has the announced projects alone, ``operation_mean(path, factor)`` the factors,
``default_years(path, offtaker)`` the offtakers. Undefined values there are none; a threshold that is never reached is
infinite.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from spvrisk.dataset.layout import Variable, codes
from spvrisk.dataset.paths import PathVariable, path_numbers
from spvrisk.dataset.variables import unit_attributes
from spvrisk.plan.inputs import BY_NAME, FACTOR, OFFTAKER, PROJECT
from spvrisk.plan.names import Labels

GROUP = "inputs"

InputBlock = Callable[[Sequence[int], range], NDArray[np.float32]]
"""``block(numbers, paths)`` gives some inputs on some paths, ``(input, path)`` float32; numbers as they are kept."""

_COORDINATES = {
    PROJECT: ("project", "announced project"),
    FACTOR: ("factor", "factor"),
    OFFTAKER: ("offtaker", "offtaker that may default"),
}

COORDINATES = ("path", *(dim for dim, _ in _COORDINATES.values()))
"""Names of the coordinates that ``/inputs`` may have."""


def input_coordinates(labels: Labels, inputs: Sequence[str]) -> list[Variable]:
    """Give the codes of the projects, factors and offtakers that some inputs are of.

    Parameters
    ----------
    labels
        Of the result.
    inputs
        Names of the inputs that it keeps.
    """
    named = {BY_NAME[name].of: labels.columns(name) for name in inputs}
    return [codes(GROUP, _COORDINATES[of][0], columns, _COORDINATES[of][1]) for of, columns in named.items()]


def input_variables(block: InputBlock, n_paths: int, labels: Labels, inputs: Sequence[str]) -> list[PathVariable]:
    """Give the variables of ``/inputs`` but for the coordinates of projects, factors and offtakers.

    Parameters
    ----------
    block
        Gives their values.
    n_paths
        Number of paths.
    labels
        Names of projects, factors and offtakers.
    inputs
        Names of the inputs, in the order in which `block` numbers them.
    """
    variables, first = [path_numbers(GROUP, n_paths)] if inputs else [], 0
    for name in inputs:
        width = len(labels.columns(name))
        variables.append(_variable(name, block, range(first, first + width), n_paths, labels))
        first += width
    return variables


def shape_of(name: str, n_paths: int, labels: Labels) -> tuple[int, ...]:
    """Give the shape of a variable of ``/inputs``.

    Parameters
    ----------
    name, n_paths, labels
        Of the variable, its coordinates among them; paths and labels of the result.

    Raises
    ------
    KeyError
        There is no such input.
    """
    lengths = {"path": n_paths, **{dim: len(_columns(of, labels)) for of, (dim, _) in _COORDINATES.items()}}
    return (lengths[name],) if name in lengths else (n_paths, len(labels.columns(name)))


def _columns(of: str, labels: Labels) -> tuple[str, ...]:
    return {PROJECT: labels.announced, FACTOR: labels.factors, OFFTAKER: labels.offtakers}[of]


def _variable(name: str, block: InputBlock, numbers: range, n_paths: int, labels: Labels) -> PathVariable:
    about = BY_NAME[name]

    def values(first: int, last: int) -> NDArray[np.float32]:
        return np.ascontiguousarray(block(numbers, range(first, last)).T)

    attributes = {"long_name": about.meaning, **unit_attributes(about.kind, labels)}
    dims = ("path", _COORDINATES[about.of][0])
    return PathVariable(GROUP, name, dims, "<f4", attributes, (n_paths, len(numbers)), values)
