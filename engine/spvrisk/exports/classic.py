"""Write netCDF's classic format, block by block: no library that is here does that without having all in memory.

It is the format with 64-bit offsets, which the netCDF User's Guide gives byte by byte (File Format Specifications,
version 2): a header that lists dimensions, attributes and variables, and then the values of one variable after the
other, big-endian, each from a multiple of four bytes on.
"""

import math
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

MOST_BYTES = (1 << 32) - 4
"""Of a variable."""

_MAGIC = b"CDF\x02"
_DIMENSIONS, _VARIABLES, _ATTRIBUTES = 10, 11, 12
_TYPES = {"i1": 1, "S1": 2, "i4": 4, "f4": 5, "f8": 6}


class Stored(NamedTuple):
    """A variable.

    Attributes
    ----------
    name, dims, shape
        Its name, the names of its dimensions, and their lengths.
    dtype
        int8, int32, float32, float64 or single characters.
    attributes
        Text, numbers and arrays of numbers.
    blocks
        Gives its values in C order, in as many arrays as one likes.
    """

    name: str
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    attributes: Mapping[str, object]
    blocks: Callable[[], Iterable[NDArray[Any]]]

    @property
    def n_bytes(self) -> int:
        """Bytes of its values."""
        return math.prod(self.shape) * self.dtype.itemsize


def write_classic(path: Path, attributes: Mapping[str, object], variables: Sequence[Stored]) -> None:
    """Write a file.

    Parameters
    ----------
    path
        Where to.
    attributes
        Of the file.
    variables
        In the order in which they shall lie in it; none larger than `MOST_BYTES`.
    """
    dimensions: dict[str, int] = {}
    for variable in variables:
        dimensions |= zip(variable.dims, variable.shape, strict=True)
    # offsets have a fixed width, so that the header is as long whatever they are
    begin, begins = len(_header(dimensions, attributes, variables, [0] * len(variables))), []
    for variable in variables:
        begins.append(begin)
        begin += _padded(variable.n_bytes)
    with path.open("wb") as file:
        file.write(_header(dimensions, attributes, variables, begins))
        for variable in variables:
            for block in variable.blocks():
                file.write(np.ascontiguousarray(block, variable.dtype.newbyteorder(">")).tobytes())
            file.write(bytes(_padded(variable.n_bytes) - variable.n_bytes))


def _header(
    dimensions: Mapping[str, int],
    attributes: Mapping[str, object],
    variables: Sequence[Stored],
    begins: Sequence[int],
) -> bytes:
    numbers = {name: i for i, name in enumerate(dimensions)}
    no_records = _int(0)
    return b"".join(
        (
            _MAGIC,
            no_records,
            _list(_DIMENSIONS, (_text(name) + _int(length) for name, length in dimensions.items())),
            _attribute_list(attributes),
            _list(_VARIABLES, (_variable(v, numbers, begin) for v, begin in zip(variables, begins, strict=True))),
        )
    )


def _variable(variable: Stored, numbers: Mapping[str, int], begin: int) -> bytes:
    dims = [numbers[name] for name in variable.dims]
    kind = _int(_TYPES[variable.dtype.str[1:]])
    size = struct.pack(">I", _padded(variable.n_bytes))
    head = _text(variable.name) + _int(len(dims)) + b"".join(map(_int, dims))
    return head + _attribute_list(variable.attributes) + kind + size + struct.pack(">q", begin)


def _attribute_list(attributes: Mapping[str, object]) -> bytes:
    return _list(_ATTRIBUTES, (_text(name) + _values(value) for name, value in attributes.items()))


def _values(value: object) -> bytes:
    """An attribute's type, length and values."""
    if isinstance(value, str):
        text = value.encode(errors="backslashreplace")
        return _int(_TYPES["S1"]) + _int(len(text)) + _filled(text)
    data = np.atleast_1d(np.asarray(value))
    data = data.astype(np.int32) if data.dtype == np.int64 else data
    return (
        _int(_TYPES[data.dtype.str[1:]])
        + _int(data.size)
        + _filled(data.astype(data.dtype.newbyteorder(">")).tobytes())
    )


def _list(tag: int, items: Iterator[bytes]) -> bytes:
    found = list(items)
    return _int(tag if found else 0) + _int(len(found)) + b"".join(found)


def _text(name: str) -> bytes:
    return _int(len(name.encode())) + _filled(name.encode())


def _filled(data: bytes) -> bytes:
    return data.ljust(_padded(len(data)), b"\0")


def _padded(n_bytes: int) -> int:
    """The next multiple of four."""
    return -(-n_bytes // 4) * 4


def _int(number: int) -> bytes:
    return struct.pack(">i", number)
