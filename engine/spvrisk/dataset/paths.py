"""Which variables of ``/paths`` a result file holds, and their values."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk.aggregate.sets import Block
from spvrisk.dataset.content import Described
from spvrisk.dataset.variables import MAY_BE_INFINITE, Attributes, path_dtype, quantity_of, unit_attributes
from spvrisk.errors import InputError, Problem, suggestion
from spvrisk.plan.names import Labels
from spvrisk.plan.outputs import UNIT, existing

Float = NDArray[np.float64]

UNDEFINED_CODE = -1
"""Code of a state or outcome on a path where it is undefined."""


PATH_NUMBERS: Attributes = {"long_name": "path number", "standard_name": "realization", "units": "1"}
"""Attributes of the coordinate ``path``."""

_INFINITE = "infinite on paths on which it never happens, NaN where undefined: averages of finite values leave both out"


class PathVariable(NamedTuple):
    """A variable of ``/paths``, written block by block.

    Attributes
    ----------
    name, dims, dtype, attributes
        As of a `Variable`; the first dimension is ``path``, the dtype a little-endian NumPy string.
    shape
        Its lengths.
    block
        ``block(first, last)`` gives the values of these paths as stored.
    """

    name: str
    dims: tuple[str, ...]
    dtype: str
    attributes: Attributes
    shape: tuple[int, ...]
    block: Callable[[int, int], NDArray[Any]]

    def described(self) -> Described:
        """Give the digest's view of it."""
        return Described.of("paths", self.name, self.dims, self.dtype, self.shape, self.attributes)


def default_paths(labels: Labels) -> tuple[str, ...]:
    """Names of the path quantities that a file holds where the config does not say."""
    name = {"units": "{}", "portfolio": "portfolio.{}"}
    of_units = (name[output.kept].format(output.name) for output in existing(UNIT, labels.features) if output.kept)
    return (*of_units, *labels.scheme)


def check_paths(names: Sequence[str], labels: Labels) -> None:
    """Refuse names that are no path quantity: a quantity, ``portfolio.<quantity>``, or one of the scheme's.

    Parameters
    ----------
    names, labels
        As ``output.paths`` has them; labels of the study's plan.

    Raises
    ------
    InputError
        With the nearest known name.
    """
    known = (*labels.quantities, *(f"portfolio.{name}" for name in labels.quantities), *labels.scheme)
    problems = []
    for i, name in enumerate(names):
        if name not in known:
            rule = "must be the name of a path quantity"
            problems.append(Problem("", f"output.paths.{i}", rule, name, suggestion(name, known)))
    if problems:
        raise InputError(problems)


def path_variables(block: Block, n_paths: int, labels: Labels, names: Sequence[str]) -> list[PathVariable]:
    """Give the variables of ``/paths`` but for the project coordinate.

    Parameters
    ----------
    block
        Gives values of series, see `spvrisk.aggregate.sets.Block`.
    n_paths
        Number of paths.
    labels
        Names of the series.
    names
        As `check_paths` allows; a quantity gives its projects' and the portfolio's values.

    Raises
    ------
    InputError
        For an unknown name.
    """
    check_paths(names, labels)
    number, variables = {key: s for s, key in enumerate(labels.series)}, [_path_numbers(n_paths)]

    def add(variable: str, units: Sequence[str], quantity: str, *dims: str) -> None:
        rows = _Rows(block, [number[unit, quantity] for unit in units], n_paths, ("path", *dims))
        # pipelines come last: where there is one, the columns are counts
        variables.append(_path_variable(variable, units[-1], quantity, rows, labels))

    for name in dict.fromkeys(names):
        if name in labels.scheme:
            add(name, ("scheme",), name)
            continue
        quantity = name.removeprefix("portfolio.")
        add(f"portfolio_{quantity}", ("portfolio",), quantity)
        if name == quantity:
            add(quantity, labels.projects, quantity, "project")
    unique = {variable.name: variable for variable in variables}
    return list(unique.values())


def as_stored(values: Float, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Values by path as a file has them: in a type of integers, undefined ones are `UNDEFINED_CODE`.

    Parameters
    ----------
    values
        ``(...)`` float64; NaN is undefined.
    dtype
        Of the variable.

    Returns
    -------
    ndarray
        ``(...)`` of this dtype.
    """
    coded = np.nan_to_num(values, nan=UNDEFINED_CODE) if dtype.kind == "i" else values
    return np.ascontiguousarray(coded, dtype)


def path_series(name: str, labels: Labels) -> tuple[tuple[str, str], ...]:
    """Series whose values a variable of ``/paths`` holds, in the order of its columns.

    Parameters
    ----------
    name, labels
        Of the variable; labels of the result.
    """
    if name in labels.scheme:
        return (("scheme", name),)
    quantity = name.removeprefix("portfolio_")
    units = labels.projects if name == quantity else ("portfolio",)
    return tuple((unit, quantity) for unit in units)


def _path_numbers(n_paths: int) -> PathVariable:
    return PathVariable(
        "path", ("path",), "<i4", PATH_NUMBERS, (n_paths,), lambda first, last: np.arange(first, last, dtype="<i4")
    )


class _Rows(NamedTuple):
    """Series that a path variable holds, one for each column, or one alone."""

    block: Block
    series: Sequence[int]
    n_paths: int
    dims: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the variable."""
        return (self.n_paths, len(self.series))[: len(self.dims)]

    def values(self, first: int, last: int) -> Float:
        """Values of some paths, ``(path,)`` or ``(path, project)``."""
        return self.block(self.series, range(first, last)).T.reshape(-1, *self.shape[1:])


def _path_variable(name: str, unit: str, quantity_name: str, rows: _Rows, labels: Labels) -> PathVariable:
    """Give one path variable."""
    quantity = quantity_of(unit, quantity_name, labels)
    states = labels.states.get(quantity_name) or ()
    dtype = path_dtype(quantity, len(states))
    about = {
        "long_name": ("portfolio: " if unit == "portfolio" else "") + quantity.meaning,
        **unit_attributes(quantity.kind, labels, local=quantity_name.endswith("_local")),
    }
    if states:
        about |= {
            "flag_values": np.arange(UNDEFINED_CODE, len(states), dtype=dtype),
            "flag_meanings": " ".join(("undefined", *states)),
        }
    elif quantity.kind == MAY_BE_INFINITE:
        about["comment"] = _INFINITE
    elif quantity.kind == "flag":
        about |= {"flag_values": np.array([0, 1], dtype), "flag_meanings": "no yes"}

    def block(first: int, last: int) -> NDArray[Any]:
        return as_stored(rows.values(first, last), np.dtype(dtype))

    return PathVariable(name, rows.dims, dtype, about, rows.shape, block)
