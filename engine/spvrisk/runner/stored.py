"""A shard as bytes: a line of JSON with its identity and a checksum of each part, then the parts.

The parts are the rows of values, the fans and the arrays of the sums, little-endian, one after the other. Each can be
read alone, and is checked when it is. Of a shard whose values have been taken up in sketches, some rows are left, and
the fans.
"""

import json
import math
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk.aggregate.moments import Moments
from spvrisk.aggregate.state import Node, Sums
from spvrisk.plan.arrays import Floats
from spvrisk.runner.job import Job
from spvrisk.runner.shard import Shard

Read = Callable[[int, int], bytes]
"""Gives so many bytes from an offset, or fewer where there are no more."""

_ARRAYS = len(Moments._fields) + len(Sums._fields) - 1
"""Arrays of a node."""


class Part(NamedTuple):
    """Where an array lies, and what it must be.

    Attributes
    ----------
    dtype, shape
        As of NumPy.
    offset
        Of its first byte.
    checksum
        CRC-32 of its bytes.
    """

    dtype: str
    shape: tuple[int, ...]
    offset: int
    checksum: int

    @property
    def size(self) -> int:
        """Bytes of the array."""
        return np.dtype(self.dtype).itemsize * math.prod(self.shape)


class Rows(Mapping[int, Part]):
    """Parts of one type and shape, one behind the other, in the few bytes that tell them apart.

    A ledger knows of every row of all its shards, a hundred thousand in a long run.

    Parameters
    ----------
    keys
        What each part is asked for by.
    parts
        The parts.

    Raises
    ------
    ValueError
        They are not as many, or not alike.
    """

    def __init__(self, keys: Iterable[int], parts: Sequence[Part]) -> None:
        named, every = tuple(keys), range(len(parts))
        self._keys: Sequence[int] = every if named == tuple(every) else named
        first = parts[0] if parts else Part("<f8", (0,), 0, 0)
        if len(set(named)) != len(parts) or any((x.dtype, x.shape) != (first.dtype, first.shape) for x in parts):
            raise ValueError("rows that are not alike")
        self._first, self._checksums = first, np.array([part.checksum for part in parts], np.uint32)

    def __getitem__(self, key: int) -> Part:
        if key not in self._keys:
            raise KeyError(key)
        i = self._keys.index(key)
        offset = self._first.offset + i * self._first.size
        return self._first._replace(offset=offset, checksum=int(self._checksums[i]))

    def __iter__(self) -> Iterator[int]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


class Stored(NamedTuple):
    """Where everything of a stored shard lies.

    Attributes
    ----------
    rows
        Of the values, by number of the series in the order of `Labels.series`.
    inputs
        Rows of the inputs, by number in the order of `Job.input_rows`.
    fans
        The portfolio's rows.
    nodes
        Level and number of each node of the sums.
    sums
        Arrays of the nodes, one after the other.
    """

    rows: Rows
    inputs: Rows
    fans: Part
    nodes: tuple[tuple[int, int], ...]
    sums: tuple[Part, ...]

    @property
    def size(self) -> int:
        """Bytes of the shard."""
        last = (self.fans, *self.sums)[-1]
        return last.offset + last.size

    @property
    def parts(self) -> tuple[Part, ...]:
        """All of them, in their order."""
        return (*self.rows.values(), *self.inputs.values(), self.fans, *self.sums)


def shard_bytes(shard: Shard, job: Job, k: int) -> Iterator[bytes | memoryview]:
    """Give a shard's bytes, piece by piece.

    Parameters
    ----------
    shard
        The shard.
    job, k
        What it is a shard of, and its number.
    """
    return _bytes(dict(enumerate(shard.values)), shard, job, k)


def left_bytes(
    rows: Mapping[int, Floats],
    inputs: NDArray[np.float32],
    fans: NDArray[np.float32],
    job: Job,
    k: int,
) -> Iterator[bytes | memoryview]:
    """Give the bytes of what is left of a shard, piece by piece.

    Parameters
    ----------
    rows
        Values of some series, ``(path,)`` float64 each, by number of the series.
    inputs, fans
        As of the shard.
    job, k
        What it is a shard of, and its number.
    """
    return _bytes(rows, Shard(np.empty((0, 0)), (), fans, inputs), job, k)


def _bytes(rows: Mapping[int, Floats], rest: Shard, job: Job, k: int) -> Iterator[bytes | memoryview]:
    """Bytes of some rows of values, and of what else a shard has."""
    sums = [array for node in rest.sums for array in arrays_of(node.sums)]
    every: list[NDArray[Any]] = [*rows.values(), *rest.inputs, rest.fans, *sums]
    arrays = [little(x) for x in every]
    head = {
        **identity(job, k),
        "series": list(rows),
        "nodes": [[node.level, node.number] for node in rest.sums],
        "parts": [described(x) for x in arrays],
    }
    yield json.dumps({**head, "checksum": checksum(head)}).encode("ascii") + b"\n"
    yield from map(raw, arrays)


def little(array: NDArray[Any]) -> NDArray[Any]:
    """Give an array in one piece, with the bytes of its numbers from the lowest on.

    Parameters
    ----------
    array
        ``(...)`` of any dtype.

    Returns
    -------
    ndarray
        ``(...)`` of the little-endian dtype.
    """
    return np.ascontiguousarray(array, array.dtype.newbyteorder("<")).reshape(array.shape)


def raw(array: NDArray[Any]) -> memoryview:
    """Give an array's bytes, which are not copied.

    Parameters
    ----------
    array
        ``(...)`` in one piece.
    """
    return array.reshape(-1).view(np.uint8).data


def described(array: NDArray[Any]) -> list[object]:
    """Type, shape and checksum of an array, as `placed` reads them.

    Parameters
    ----------
    array
        ``(...)`` in one piece.
    """
    return [array.dtype.str, array.shape, zlib.crc32(raw(array))]


def stored(line: bytes, job: Job, k: int) -> Stored:
    """Find out where everything of a stored shard lies.

    Parameters
    ----------
    line
        Its first line.
    job, k
        What it should be a shard of, and its number.

    Raises
    ------
    ValueError
        It is damaged, or not shard `k` of the job.
    """
    try:
        head = json.loads(line)
        if head.pop("checksum") != checksum(head):
            raise ValueError("damaged")
        if any(head[key] != value for key, value in identity(job, k).items()):
            raise ValueError("from another job")
        parts, series = tuple(placed(head["parts"], len(line))), head["series"]
        nodes = tuple((level, number) for level, number in head["nodes"])
        if nodes and series != list(range(len(job.labels.series))):
            raise ValueError("neither whole nor taken up in sketches")
        n_rows, n_inputs = len(series), len(job.input_rows)
        rows = Rows(series, parts[:n_rows])
        inputs = Rows(range(n_inputs), parts[n_rows : n_rows + n_inputs])
        fans, *sums = parts[n_rows + n_inputs :]
        return Stored(rows, inputs, fans, nodes, tuple(sums))
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise ValueError(f"no shard {k} of this job") from error


def array_of(part: Part, read: Read) -> NDArray[Any]:
    """Give an array of a stored shard.

    Parameters
    ----------
    part
        Which.
    read
        Reads from the shard's bytes.

    Returns
    -------
    ndarray
        ``(...)`` of the part's shape and dtype, to be read only.

    Raises
    ------
    ValueError
        It is damaged or cut short.
    """
    data = read(part.offset, part.size)
    if zlib.crc32(data) != part.checksum:
        raise ValueError("damaged")
    return np.frombuffer(data, part.dtype).reshape(part.shape)


def sums_of(found: Stored, read: Read) -> tuple[Node, ...]:
    """Give the sums of a stored shard.

    Parameters
    ----------
    found
        As from `stored`.
    read
        Reads from the shard's bytes.

    Raises
    ------
    ValueError
        They are damaged or cut short.
    """
    return nodes_of(found.nodes, [array_of(part, read) for part in found.sums])


def nodes_of(places: Iterable[tuple[int, int]], arrays: Sequence[NDArray[Any]]) -> tuple[Node, ...]:
    """Give nodes of sums.

    Parameters
    ----------
    places
        Level and number of each.
    arrays
        Of each node, as from `arrays_of`, one node after the other.
    """
    parts = zip(*[iter(arrays)] * _ARRAYS, strict=True)
    return tuple(Node(level, number, _sums(*part)) for (level, number), part in zip(places, parts, strict=True))


def check_parts(found: Stored, read: Read) -> None:
    """Refuse a stored shard of which a part is damaged.

    Parameters
    ----------
    found
        As from `stored`.
    read
        Reads from the shard's bytes.

    Raises
    ------
    ValueError
        It is damaged, cut short, or longer than it should be.
    """
    _check_end(found, read)
    for part in found.parts:
        array_of(part, read)


def _check_end(found: Stored, read: Read) -> None:
    """Refuse a shard behind which there is more."""
    if read(found.size, 1):
        raise ValueError("longer than it should be")


def inputs_of(found: Stored, read: Read, n_paths: int) -> NDArray[np.float32]:
    """Give the inputs of a stored shard, ``(input, path)`` float32.

    Parameters
    ----------
    found, read
        As of `sums_of`.
    n_paths
        Paths of the shard.

    Raises
    ------
    ValueError
        They are damaged or cut short.
    """
    inputs = np.empty((len(found.inputs), n_paths), np.float32)
    for into, row in zip(inputs, found.inputs.values(), strict=True):
        into[:] = array_of(row, read)
    return inputs


def whole_shard(found: Stored, read: Read) -> Shard:
    """Give a stored shard.

    Parameters
    ----------
    found
        As from `stored`.
    read
        Reads from the shard's bytes.

    Raises
    ------
    ValueError
        It is damaged, cut short or longer than it should be, or only a part of it is left.
    """
    _check_end(found, read)
    if not found.nodes:
        raise ValueError("taken up in sketches")
    values = np.stack([array_of(row, read) for row in found.rows.values()])
    inputs = inputs_of(found, read, values.shape[1])
    return Shard(values, sums_of(found, read), array_of(found.fans, read), inputs)


def shard_of(data: bytes, job: Job, k: int) -> Shard:
    """Give the shard whose bytes these are.

    Parameters
    ----------
    data
        As from `shard_bytes`.
    job, k
        What it should be a shard of, and its number.

    Raises
    ------
    ValueError
        They are damaged, or not those of shard `k` of the job.
    """
    found, read = _in_bytes(data, job, k)
    try:
        return whole_shard(found, read)
    except ValueError as error:
        raise ValueError(f"no shard {k} of this job: {error}") from error


def rows_of(data: bytes, job: Job, k: int, series: Sequence[int]) -> Floats:
    """Give series of a shard whose bytes these are, ``(series, path)`` float64.

    Parameters
    ----------
    data
        As from `rows_bytes`.
    job, k
        What it should be a shard of, and its number.
    series
        Their numbers, in the order of `Labels.series`.

    Raises
    ------
    ValueError
        They are damaged, not those of shard `k` of the job, or without one of the series.
    """
    found, read = _in_bytes(data, job, k)
    if missing := set(series) - set(found.rows):
        raise ValueError(f"no series {sorted(missing)} of shard {k}")
    rows = [array_of(found.rows[s], read) for s in series]
    return np.stack(rows) if rows else np.empty((0, len(job.paths_of(k))))


def _in_bytes(data: bytes, job: Job, k: int) -> tuple[Stored, Read]:
    """Where everything of a shard lies in its bytes, and what reads from them."""
    return stored(data[: data.find(b"\n") + 1], job, k), lambda offset, size: data[offset : offset + size]


def rows_bytes(rows: Mapping[int, Floats], job: Job, k: int) -> Iterator[bytes | memoryview]:
    """Give the bytes of some series of a shard, piece by piece.

    Parameters
    ----------
    rows
        ``(path,)`` float64 each, by number of the series.
    job, k
        What it is a shard of, and its number.
    """
    none = np.empty(0, np.float32)
    return left_bytes(rows, none, none, job, k)


def identity(job: Job, k: int) -> dict[str, object]:
    """Say to which shard of which job bytes belong.

    Parameters
    ----------
    job, k
        The job, and which of its shards.
    """
    paths = job.paths_of(k)
    return {
        "job": job.id,
        "plan_sha256": job.plan_sha256,
        "first": paths.start,
        "last": paths.stop,
        "inputs": list(job.inputs),
    }


def checksum(head: Mapping[str, object]) -> int:
    """Checksum of what a file says of itself.

    Parameters
    ----------
    head
        As plain data.
    """
    return zlib.crc32(json.dumps(head).encode("ascii"))


def placed(parts: Iterable[tuple[str, list[int], int]], offset: int) -> Iterator[Part]:
    """Give parts, one behind the other.

    Parameters
    ----------
    parts
        As from `described`.
    offset
        Where the first one begins.
    """
    for dtype, shape, checksum in parts:
        part = Part(dtype, tuple(shape), offset, checksum)
        yield part
        offset += part.size


def arrays_of(sums: Sums) -> tuple[NDArray[Any], ...]:
    """Give the arrays of a node's sums, ``(...)`` int64 and float64, one after the other."""
    return (*sums.moments, *sums[1:])


def _sums(counts: NDArray[np.int64], central: Floats, *others: Floats) -> Sums:
    return Sums(Moments(counts, central), *others)
