"""A netCDF-4 file, made with h5py's low-level calls.

h5netcdf and h5py's own objects look up every name anew at each step, and take five times as long for a result, which
has hundreds of small variables. The layout is that of h5netcdf 1.8.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any, NamedTuple, TypeVar

import h5py
import numpy as np
from h5py import h5a, h5d, h5ds, h5p, h5s, h5t
from numpy.typing import NDArray

_T = TypeVar("_T")

_ORDERED = h5p.CRT_ORDER_TRACKED | h5p.CRT_ORDER_INDEXED

_NO_VARIABLE = b"This is a netCDF dimension but not a netCDF variable.%10d"
"""What netCDF calls a scale that holds nothing, with its length."""

_PROPERTIES = f"version=2,h5py={h5py.version.version},hdf5={h5py.version.hdf5_version}"


class Storage(NamedTuple):
    """How the values of a variable lie in the file.

    Attributes
    ----------
    chunks
        Shape of its chunks, which have a checksum each; None: all in one piece.
    compressed
        Whether its chunks are.
    """

    chunks: tuple[int, ...] | None = None
    compressed: bool = False


CONTIGUOUS = Storage()


@dataclass
class _Dimension:
    """A dimension of a group, its scale once that is made, and the variables and axes that run along it."""

    number: int
    length: int
    scale: Any = None
    uses: list[tuple[Any, int]] = field(default_factory=list)


@contextmanager
def writing(file: IO[bytes]) -> Iterator["NetcdfFile"]:
    """Make a netCDF-4 file; it is whole when the block ends well.

    Parameters
    ----------
    file
        Takes its bytes, without a buffer of its own, open for reading and writing. What is in it goes.

    Raises
    ------
    OSError
        As the first write that failed.
    """
    guarded = _Guarded(file)
    try:
        # netCDF wants objects in the order in which they were made
        with h5py.File(guarded, "w", track_order=True) as made:
            netcdf = NetcdfFile(made, guarded.check)
            yield netcdf
            netcdf.finish()
    finally:
        guarded.check()


class _Guarded:
    """A file as HDF5 writes to it, which does not survive a write that fails: what went wrong is raised elsewhere.

    Parameters
    ----------
    file
        Takes the bytes.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._at, self._end = file, 0, 0
        self._failed: BaseException | None = None

    def check(self) -> None:
        """Raise what has gone wrong."""
        if self._failed is not None:
            raise self._failed

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place: the file's end is behind what has been written, whatever lies there."""
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._end}[whence]
        return self._at

    def tell(self) -> int:
        """Where we are."""
        return self._at

    def read(self, size: int) -> bytes:
        """Read what has been written."""
        return self._safely(lambda: self._read(size)) or bytes(size)

    def write(self, data: memoryview) -> int:
        """Write all, or, after a failure, nothing."""
        if self._failed is None:
            self._safely(lambda: self._write(data))
        self._at += len(data)
        self._end = max(self._end, self._at)
        return len(data)

    def truncate(self, size: int) -> None:
        """Set the length of the file."""
        self._safely(lambda: self._file.truncate(size))
        self._end = size

    def flush(self) -> None:
        """Nothing is held back."""

    def _safely(self, step: Callable[[], _T]) -> _T | None:
        """Keep what goes wrong, Ctrl-C too: HDF5 would lose it."""
        try:
            return step()
        except BaseException as error:
            self._failed = self._failed or error
            return None

    def _read(self, size: int) -> bytes:
        self._file.seek(self._at)
        return self._file.read(size)

    def _write(self, data: memoryview) -> None:
        self._file.seek(self._at)
        while data:
            data = data[self._file.write(data) :]


class NetcdfFile:
    """Groups with attributes, and variables along the dimensions of their group.

    Parameters
    ----------
    file
        An empty HDF5 file that tracks the order of its objects.
    check
        Raises what has gone wrong with writing, if anything has.
    """

    def __init__(self, file: h5py.File, check: Callable[[], None]) -> None:
        self._file, self._check = file, check
        self._groups: dict[str, Any] = {"": file.id}
        self._dimensions: dict[tuple[str, str], _Dimension] = {}

    def set_attributes(self, group: str, attributes: Mapping[str, object]) -> None:
        """Set attributes of a group, or of the file where the name is empty.

        Parameters
        ----------
        group
            Its name; it is made where it is not there yet.
        attributes
            Text, numbers and arrays of numbers.
        """
        _set_attributes(self._group(group), attributes)

    def create(
        self,
        group: str,
        name: str,
        dims: tuple[str, ...],
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        attributes: Mapping[str, object],
        storage: Storage = CONTIGUOUS,
    ) -> h5py.Dataset:
        """Make a variable, to be filled by whoever asks for it.

        Parameters
        ----------
        group, name
            Its place.
        dims, shape
            Names and lengths of its dimensions. The first has the variable as its coordinate if that has its name; a
            second one may be there for characters.
        dtype
            Type of its values.
        attributes
            As of a group.
        storage
            How its values lie in the file.
        """
        self._check()
        kind, layout = h5t.py_create(dtype), _layout(storage)
        made = h5d.create(self._group(group), name.encode(), kind, _space(shape), layout, dapl=_uncached())
        along = [self._dimension(group, dim, length) for dim, length in zip(dims, shape, strict=True)]
        if dims[:1] == (name,):
            # of more dimensions netCDF knows by their numbers: HDF5 ties no scale to another
            along[0].scale = made
            h5ds.set_scale(made, name.encode())
        else:
            for axis, dimension in enumerate(along):
                dimension.uses.append((made, axis))
        if along:
            numbers = np.array([dimension.number for dimension in along], np.int32)
            _set_attributes(made, {"_Netcdf4Coordinates": numbers})
            _set_dimension_number(made, along[0])
        _set_attributes(made, attributes)
        return h5py.Dataset(made)

    def finish(self) -> None:
        """Tie all variables to their dimensions."""
        for (group, name), dimension in self._dimensions.items():
            self._attach(group, name, dimension)
        self.set_attributes("", {"_NCProperties": _PROPERTIES})

    def _group(self, name: str) -> Any:
        if name not in self._groups:
            self._groups[name] = self._file.create_group(name, track_order=True).id
        return self._groups[name]

    def _dimension(self, group: str, name: str, length: int) -> _Dimension:
        return self._dimensions.setdefault((group, name), _Dimension(len(self._dimensions), length))

    def _attach(self, group: str, name: str, dimension: _Dimension) -> None:
        """Tie a dimension's scale to its variables; one without a coordinate gets a scale that holds nothing."""
        if dimension.scale is None:
            space, layout = _space((dimension.length,)), _layout(CONTIGUOUS)
            dimension.scale = h5d.create(self._group(group), name.encode(), h5t.IEEE_F32BE, space, layout)
            _set_dimension_number(dimension.scale, dimension)
            h5ds.set_scale(dimension.scale, _NO_VARIABLE % dimension.length)
        for made, axis in dimension.uses:
            h5ds.attach_scale(made, dimension.scale, axis)


def _space(shape: tuple[int, ...]) -> Any:
    return h5s.create_simple(shape) if shape else h5s.create(h5s.SCALAR)


def _layout(storage: Storage) -> Any:
    layout = h5p.create(h5p.DATASET_CREATE)
    layout.set_attr_creation_order(_ORDERED)
    # the same bytes for the same content
    layout.set_obj_track_times(False)
    if storage.chunks is not None:
        layout.set_chunk(storage.chunks)
        if storage.compressed:
            layout.set_shuffle()
            layout.set_deflate(4)
        layout.set_fletcher32()
    return layout


def _uncached() -> Any:
    """Keep no chunks: all are written whole, and HDF5 2 would hold eight MiB of every variable until the end."""
    access = h5p.create(h5p.DATASET_ACCESS)
    access.set_chunk_cache(1, 0, 1.0)
    return access


def _set_attributes(target: Any, attributes: Mapping[str, object]) -> None:
    for name, value in attributes.items():
        _set(target, name, *(_text(value) if isinstance(value, str) else _numbers(np.atleast_1d(np.asarray(value)))))


def _set_dimension_number(target: Any, dimension: _Dimension) -> None:
    _set(target, "_Netcdf4Dimid", *_numbers(np.array(dimension.number, np.int32)))


def _set(target: Any, name: str, kind: Any, data: NDArray[Any]) -> None:
    h5a.create(target, name.encode(), kind, _space(data.shape)).write(data, kind)


def _numbers(data: NDArray[Any]) -> tuple[Any, NDArray[Any]]:
    return h5t.py_create(data.dtype), data


def _text(text: str) -> tuple[Any, NDArray[Any]]:
    """Text of fixed length: the variable-length kind stops some readers."""
    data = text.encode(errors="backslashreplace")
    kind = h5t.C_S1.copy()
    kind.set_size(max(len(data), 1))
    kind.set_strpad(h5t.STR_NULLPAD)
    kind.set_cset(h5t.CSET_ASCII if text.isascii() else h5t.CSET_UTF8)
    return kind, np.array(data, f"S{kind.get_size()}")
