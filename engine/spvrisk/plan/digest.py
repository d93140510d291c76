"""The digest of a plan, and the bytes over which it is taken: equal digests are what "the same plan" means.

Array after array of `Plan`, and of an array of records field after field in the order of its dtype, so that the
padding between fields does not count. Each gives one line of ASCII text, ended by a newline: its name
(``constants``, ``projects.budget``), its dtype as a little-endian NumPy string, and its length, separated by blanks;
then its values as little-endian bytes.
"""

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spvrisk.plan.arrays import EVENT, FACTOR, JUMP, PIPELINE, PROJECT, REGIME, STATE, STUDY, Plan

_DTYPES: dict[str, np.dtype[Any]] = {
    "study": STUDY,
    "constants": np.dtype(np.float64),
    "factors": FACTOR,
    "rows": np.dtype(np.int64),
    "jumps": JUMP,
    "regimes": REGIME,
    "states": STATE,
    "events": EVENT,
    "pipelines": PIPELINE,
    "projects": PROJECT,
}

SHOWN_DIGITS = 12
"""Of a digest that is shown in short."""


def plan_sha256(plan: Plan) -> str:
    """SHA-256 of a plan's bytes, in hexadecimal digits."""
    return hashlib.sha256(pack_plan(plan)).hexdigest()


def pack_plan(plan: Plan) -> bytes:
    """Give a plan's bytes."""
    parts = []
    for name, array in plan._asdict().items():
        for label, values in _columns(name, array):
            little = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
            parts += [_line(label, little.dtype, little.size), little.tobytes()]
    return b"".join(parts)


def unpack_plan(data: bytes) -> Plan:
    """Give the plan whose bytes these are, bit for bit.

    Parameters
    ----------
    data
        As from `pack_plan`.

    Raises
    ------
    ValueError
        They are no plan, or that of a version whose plans have other fields.
    """
    at, arrays = 0, {}
    for name, dtype in _DTYPES.items():
        size = _length(data, at)
        if not 0 <= size * sum(values.itemsize for _, values in _columns(name, np.empty(0, dtype))) <= len(data) - at:
            raise ValueError(f"no {name} where they should be")
        # not a view of the bytes: the kernel is compiled for arrays that may be written to
        arrays[name] = np.zeros(size, dtype)
        for label, values in _columns(name, arrays[name]):
            little = values.dtype.newbyteorder("<")
            line = _line(label, little, size)
            first = at + len(line)
            if data[at:first] != line or first + size * little.itemsize > len(data):
                raise ValueError(f"no {label} where it should be")
            values[...] = np.frombuffer(data, little, size, first)
            at = first + size * little.itemsize
    if at != len(data):
        raise ValueError("more than a plan")
    return Plan(**arrays)


def same_form(plan: Plan, other: Plan) -> bool:
    """Whether two plans differ by rounding alone: not in sizes, offsets or counts.

    The kernel goes where a plan sends it. One from a file, which may come from anybody, is therefore only run if it is,
    but for the roundings of another machine, what its study is compiled to here.

    Parameters
    ----------
    plan, other
        The plans.
    """
    pairs = zip(_arrays(plan), _arrays(other), strict=True)
    return all(a.shape == b.shape and _close(a, b) for a, b in pairs)


def _arrays(plan: Plan) -> Iterator[NDArray[Any]]:
    return (values for name, array in plan._asdict().items() for _, values in _columns(name, array))


def _close(a: NDArray[Any], b: NDArray[Any]) -> bool:
    if a.dtype.kind != "f":
        return bool(np.array_equal(a, b))
    # among the constants are offsets too: so near to one, nothing comes to lie beyond its table
    return bool(np.allclose(a, b, rtol=1e-9, atol=1e-9, equal_nan=True))


def _columns(name: str, array: NDArray[Any]) -> Iterator[tuple[str, NDArray[Any]]]:
    """Name and values of an array, or of each of its fields."""
    if array.dtype.names is None:
        yield name, array
    for field in array.dtype.names or ():
        yield f"{name}.{field}", array[field]


def _line(label: str, dtype: np.dtype[Any], size: int) -> bytes:
    return f"{label} {dtype.str} {size}\n".encode("ascii")


def _length(data: bytes, at: int) -> int:
    """Length in the line that begins at a place."""
    return int(data[at : data.index(b"\n", at)].rpartition(b" ")[2])
