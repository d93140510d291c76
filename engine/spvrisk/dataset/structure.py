"""What a result's file is made of, checked before anything in it is read: it may come from anybody.

HDF5 lets a few bytes lead to other files, ask for filters that are loaded as code, or declare values beyond any memory.
Results have none of that: groups of the root with variables of numbers in them, all of which lie in the file itself.
"""

from collections.abc import Iterator
from itertools import product
from math import prod
from typing import Any

import h5py
from h5py import h5a, h5d, h5g, h5l, h5o, h5s, h5t, h5z

_FILTERS = frozenset({h5z.FILTER_SHUFFLE, h5z.FILTER_DEFLATE, h5z.FILTER_FLETCHER32})
"""Those that HDF5 has built in; for others it loads code."""

_MOST_TIMES = 1100
"""Bytes that deflate makes of one, at the most, and room for blocks that are hardly filled."""

_ROOM = 1 << 20
"""Bytes that a variable may have in any case."""

_MOST_TOGETHER = (1 << 30, 100)
"""Bytes that all values of a file may have: so many, or so many times the file's."""

_FEW_TEXTS = 512
"""Bytes of the places of 32 texts or lists: a variable has no more axes, each of which has a list."""

_NUMBERS = frozenset({h5t.INTEGER, h5t.FLOAT, h5t.STRING})

_NO_COORDINATE = b">f4"

BY_PATH = ("inputs", "paths")
"""Groups of variables by path."""


def check_structure(file: h5py.File, size: int, flat: bool = False) -> None:
    """Refuse a file that is built otherwise than results are; see `check_chunks` for those of variables by path.

    Parameters
    ----------
    file
        Opened to read.
    size
        Of the file, in bytes.
    flat
        Whether variables may lie beside the groups, as those of scenarios do.

    Raises
    ------
    ValueError
        It is; the message says in which way.
    """
    check_attributes_fit(file, size)
    stored = declared = 0
    for place, variable in _variables(file, size, flat):
        if not isinstance(variable, h5d.DatasetID):
            raise ValueError(f"{place} is no variable")
        _check_attributes_of(variable, place, size)
        kept, nbytes = _variable(variable, place)
        stored, declared = stored + kept, declared + nbytes
    if stored > size:
        raise ValueError("its variables have more bytes than the file")
    if declared > max(_MOST_TOGETHER[0], _MOST_TOGETHER[1] * size):
        raise ValueError("its variables have far more values than the file has room for")


def check_attributes_fit(file: h5py.File, size: int) -> None:
    """Refuse a file whose own attributes are larger than it is.

    Parameters
    ----------
    file, size
        As of `check_structure`.

    Raises
    ------
    ValueError
        They are.
    """
    _check_attributes_of(file.id, "/", size)


def _variables(file: h5py.File, size: int, flat: bool) -> Iterator[tuple[str, Any]]:
    """What lies in the groups of the root, or beside them, by its place."""
    for name, found in _members(file.id, "/"):
        if isinstance(found, h5g.GroupID):
            _check_attributes_of(found, f"/{name}", size)
            yield from ((f"/{name}/{inner}", variable) for inner, variable in _members(found, f"/{name}"))
        elif flat:
            yield f"/{name}", found
        else:
            raise ValueError(f"/{name} is no group")


def _members(group: Any, place: str) -> Iterator[tuple[str, Any]]:
    """What lies in a group, opened; nothing outside the file is, nor anything twice."""
    for name in group:
        text = name.decode("utf-8", "replace")
        if group.links.get_info(name).type != h5l.TYPE_HARD:
            raise ValueError(f"{place.rstrip('/')}/{text} is a link to another place")
        found = h5o.open(group, name)
        if h5o.get_info(found).rc != 1:
            raise ValueError(f"{place.rstrip('/')}/{text} is there under two names")
        yield text, found


def _check_attributes_of(target: Any, place: str, size: int) -> None:
    """Attributes hold no more than the file, and few texts that lie elsewhere in it: many might be the same one."""
    for k in range(h5a.get_num_attrs(target)):
        nbytes = h5a.get_info(target, index=k).data_size
        if nbytes > size or (nbytes > _FEW_TEXTS and _elsewhere(h5a.open(target, index=k).get_type())):
            raise ValueError(f"an attribute of {place} is larger than the file")


def _elsewhere(kind: Any) -> bool:
    if isinstance(kind, h5t.TypeStringID):
        return bool(kind.is_variable_str())
    return bool(kind.detect_class(h5t.VLEN) or kind.detect_class(h5t.STRING))


def _count(space: Any) -> int:
    return prod(space.shape) if space.get_simple_extent_type() == h5s.SIMPLE else 1


def _variable(variable: Any, place: str) -> tuple[int, int]:
    """Bytes of a variable in the file, and of its values."""
    kind, layout = variable.get_type(), variable.get_create_plist()
    if kind.get_class() not in _NUMBERS or _elsewhere(kind):
        raise ValueError(f"{place} holds neither numbers nor characters")
    if layout.get_layout() not in (h5d.COMPACT, h5d.CONTIGUOUS, h5d.CHUNKED) or layout.get_external_count():
        raise ValueError(f"the values of {place} lie outside the file")
    filters = {layout.get_filter(k)[0] for k in range(layout.get_nfilters())}
    if not filters <= _FILTERS:
        raise ValueError(f"{place} is packed in a way that no result is")
    stored, nbytes = variable.get_storage_size(), _count(variable.get_space()) * kind.get_size()
    if stored == 0 and variable.dtype.str.encode() == _NO_COORDINATE:
        return 0, 0  # a dimension without a coordinate: never read
    chunk = prod(layout.get_chunk()) * kind.get_size() if layout.get_layout() == h5d.CHUNKED else 0
    if nbytes > (_MOST_TIMES * stored + _ROOM if filters else stored) or chunk > max(nbytes, _ROOM):
        raise ValueError(f"{place} has more values than the file has room for")
    if place.split("/")[1] not in BY_PATH:
        check_chunks(variable, place)
    return stored, nbytes


def check_chunks(variable: Any, place: str) -> None:
    """Refuse a variable that lacks some of its values: each chunk is there once, with all its filters.

    Of a chunk that its index does not lead to, HDF5 reads zeros. Variables by path have many, and are checked when they
    are read.

    Parameters
    ----------
    variable
        As h5py's low-level calls open it.
    place
        Its name, for the message.

    Raises
    ------
    ValueError
        It does.
    """
    layout = variable.get_create_plist()
    if layout.get_layout() != h5d.CHUNKED:
        return
    chunk, found, masks = layout.get_chunk(), set[tuple[int, ...]](), set[int]()

    def visit(info: Any) -> None:
        found.add(info.chunk_offset)
        masks.add(info.filter_mask)

    variable.chunk_iter(visit)
    expected = product(*(range(0, length, part) for length, part in zip(variable.shape, chunk, strict=True)))
    if masks - {0} or found != set(expected):
        raise ValueError(f"{place} lacks some of its values")
