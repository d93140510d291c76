"""A shard as bytes: a line of JSON with its identity and a checksum of each part, then the parts.

The parts are the rows of values, the fans and the arrays of the sums, little-endian, one after the other. Each can be
read alone, and is checked when it is.
"""

import json
import math
import zlib
from collections.abc import Callable, Iterable, Iterator
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


class Stored(NamedTuple):
    """Where everything of a stored shard lies.

    Attributes
    ----------
    rows
        Of the values, in the order of `Labels.series`.
    inputs
        Rows of the inputs, in the order of `Job.input_rows`.
    fans
        The portfolio's rows.
    nodes
        Level and number of each node of the sums.
    sums
        Arrays of the nodes, one after the other.
    """

    rows: tuple[Part, ...]
    inputs: tuple[Part, ...]
    fans: Part
    nodes: tuple[tuple[int, int], ...]
    sums: tuple[Part, ...]

    @property
    def size(self) -> int:
        """Bytes of the shard."""
        last = (self.fans, *self.sums)[-1]
        return last.offset + last.size


def shard_bytes(shard: Shard, job: Job, k: int) -> Iterator[bytes | memoryview]:
    """Give a shard's bytes, piece by piece.

    Parameters
    ----------
    shard
        The shard.
    job, k
        What it is a shard of, and its number.
    """
    sums = [array for node in shard.sums for array in _arrays(node.sums)]
    every: list[NDArray[Any]] = [shard.values, shard.inputs, shard.fans, *sums]
    whole = [np.ascontiguousarray(x, x.dtype.newbyteorder("<")) for x in every]
    arrays = [*whole[0], *whole[1], *whole[2:]]
    head = {
        **_identity(job, k),
        "nodes": [[node.level, node.number] for node in shard.sums],
        "parts": [[x.dtype.str, x.shape, zlib.crc32(x.data)] for x in arrays],
    }
    yield json.dumps({**head, "checksum": _checksum(head)}).encode("ascii") + b"\n"
    # rows of values in one piece, which a file takes faster
    yield from (x.reshape(-1).view(np.uint8).data for x in whole)


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
        if head.pop("checksum") != _checksum(head):
            raise ValueError("damaged")
        if any(head[key] != value for key, value in _identity(job, k).items()):
            raise ValueError("from another job")
        parts, n_series = tuple(_placed(head["parts"], len(line))), len(job.labels.series)
        n_rows = n_series + len(job.input_rows)
        nodes = tuple((level, number) for level, number in head["nodes"])
        return Stored(parts[:n_series], parts[n_series:n_rows], parts[n_rows], nodes, parts[n_rows + 1 :])
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
    parts = zip(*[(array_of(part, read) for part in found.sums)] * _ARRAYS, strict=True)
    return tuple(Node(level, number, _sums(*part)) for (level, number), part in zip(found.nodes, parts, strict=True))


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
        It is damaged or cut short.
    """
    if read(found.size, 1):
        raise ValueError("longer than it should be")
    values = np.stack([array_of(row, read) for row in found.rows])
    inputs = np.empty((len(found.inputs), values.shape[1]), np.float32)
    for into, row in zip(inputs, found.inputs, strict=True):
        into[:] = array_of(row, read)
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
    found = stored(data[: data.find(b"\n") + 1], job, k)
    try:
        return whole_shard(found, lambda offset, size: data[offset : offset + size])
    except ValueError as error:
        raise ValueError(f"no shard {k} of this job: {error}") from error


def _identity(job: Job, k: int) -> dict[str, object]:
    """What says to which shard of which job bytes belong."""
    paths = job.paths_of(k)
    return {
        "job": job.id,
        "plan_sha256": job.plan_sha256,
        "first": paths.start,
        "last": paths.stop,
        "inputs": list(job.inputs),
    }


def _checksum(head: dict[str, object]) -> int:
    return zlib.crc32(json.dumps(head).encode("ascii"))


def _placed(parts: Iterable[tuple[str, list[int], int]], offset: int) -> Iterator[Part]:
    """Parts, one behind the other."""
    for dtype, shape, checksum in parts:
        part = Part(dtype, tuple(shape), offset, checksum)
        yield part
        offset += part.size


def _arrays(sums: Sums) -> tuple[NDArray[Any], ...]:
    return (*sums.moments, *sums[1:])


def _sums(counts: NDArray[np.int64], central: Floats, *others: Floats) -> Sums:
    return Sums(Moments(counts, central), *others)
