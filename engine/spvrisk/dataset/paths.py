"""Which variables of ``/paths`` a result file holds, and their values."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk.aggregate.sets import Block
from spvrisk.dataset.content import Described
from spvrisk.dataset.kept import check_paths, quantities_among
from spvrisk.dataset.variables import MAY_BE_INFINITE, Attributes, path_dtype, quantity_of, unit_attributes
from spvrisk.plan.names import Labels
from spvrisk.plan.outputs import PORTFOLIO

Float = NDArray[np.float64]

UNDEFINED_CODE = -1
"""Code of a state or outcome on a path where it is undefined."""


PATH_NUMBERS: Attributes = {"long_name": "path number", "standard_name": "realization", "units": "1"}
"""Attributes of the coordinate ``path``."""

_INFINITE = "infinite on paths on which it never happens, NaN where undefined: averages of finite values leave both out"


class PathVariable(NamedTuple):
    """A variable of ``/paths`` or ``/inputs``, written block by block.

    Attributes
    ----------
    group, name, dims, dtype, attributes
        As of a `Variable`; the first dimension is ``path``, the dtype a little-endian NumPy string.
    shape
        Its lengths.
    block
        ``block(first, last)`` gives the values of these paths as stored.
    """

    group: str
    name: str
    dims: tuple[str, ...]
    dtype: str
    attributes: Attributes
    shape: tuple[int, ...]
    block: Callable[[int, int], NDArray[Any]]

    def described(self) -> Described:
        """Give the digest's view of it."""
        return Described.of(self.group, self.name, self.dims, self.dtype, self.shape, self.attributes)


def series_of(names: Sequence[str], labels: Labels) -> tuple[int, ...]:
    """Numbers of the series of which a file holds all values, in ascending order.

    Parameters
    ----------
    names, labels
        As of `check_paths`.
    """
    number, found = {key: s for s, key in enumerate(labels.series)}, set[int]()
    for name in quantities_among(names):
        if name in labels.scheme:
            found.add(number["scheme", name])
            continue
        quantity = name.removeprefix("portfolio.")
        units = (*labels.projects, "portfolio") if name == quantity else ("portfolio",)
        found.update(number[unit, quantity] for unit in units)
    return tuple(sorted(found))


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
        As `check_paths` allows; a quantity gives its projects' and the portfolio's values, an input nothing.

    Raises
    ------
    InputError
        For an unknown name.
    """
    check_paths(names, labels)
    number, variables = {key: s for s, key in enumerate(labels.series)}, [path_numbers("paths", n_paths)]

    def add(variable: str, units: Sequence[str], quantity: str, *dims: str) -> None:
        rows = _Rows(block, [number[unit, quantity] for unit in units], n_paths, ("path", *dims))
        # pipelines come last: where there is one, the columns are counts
        variables.append(_path_variable(variable, units[-1], quantity, rows, labels))

    for name in quantities_among(names):
        if name in labels.scheme:
            add(name, ("scheme",), name)
            continue
        quantity = name.removeprefix("portfolio.")
        add(f"portfolio_{quantity}", ("portfolio",), quantity)
        if name == quantity:
            add(quantity, labels.projects, quantity, "project")
    unique = {variable.name: variable for variable in variables}
    return list(unique.values())


def kept_as(unit: str, quantity: str) -> str:
    """Give what ``output.paths`` calls a series.

    Parameters
    ----------
    unit, quantity
        As in `Labels.series`.
    """
    return f"{PORTFOLIO}.{quantity}" if unit == PORTFOLIO else quantity


def names_in_file(labels: Labels, names: Sequence[str]) -> set[str]:
    """Names that the variables of path quantities have in ``/paths``.

    Parameters
    ----------
    labels, names
        As of `path_variables`.
    """
    return {variable.name for variable in path_variables(lambda *_: np.empty((0, 0)), 0, labels, names)}


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


def path_numbers(group: str, n_paths: int) -> PathVariable:
    """Give the coordinate of a group's paths.

    Parameters
    ----------
    group, n_paths
        Where it lies, and how many paths there are.
    """

    def block(first: int, last: int) -> NDArray[Any]:
        return np.arange(first, last, dtype="<i4")

    return PathVariable(group, "path", ("path",), "<i4", PATH_NUMBERS, (n_paths,), block)


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

    return PathVariable("paths", name, rows.dims, dtype, about, rows.shape, block)
