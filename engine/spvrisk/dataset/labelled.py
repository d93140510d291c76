"""Groups of a result file as datasets of xarray, with names in the place of codes."""

import io
from collections.abc import Hashable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import pandas
import xarray
from xarray.backends import BackendArray
from xarray.core import indexing

from spvrisk.dataset.layout import Variable
from spvrisk.dataset.opening import locked_where_possible, opened, sound
from spvrisk.dataset.paths import PATH_NUMBERS
from spvrisk.dataset.structure import check_chunks

_PATH, _TIMES = "path", ("time", "time_bnds")


def labelled_tables(group: str, variables: Iterable[Variable]) -> xarray.Dataset:
    """Make a dataset of variables that are in memory: xarray takes seconds to find a thousand of them in a file.

    Parameters
    ----------
    group
        Whose variables are wanted.
    variables
        Of this and other groups.
    """
    held = {v.name: (v.dims, v.data, v.attributes) for v in variables if v.group == group}
    times = xarray.decode_cf(xarray.Dataset({name: held.pop(name) for name in _TIMES if name in held}))
    return _with_names(times.assign(held))


def labelled_paths(source: Path | bytes, group: str = "paths") -> xarray.Dataset:
    """Open a group of values by path of a result, which are read as far as they are asked for.

    Parameters
    ----------
    source
        Where the file lies, or its bytes.
    group
        ``paths`` or ``inputs``.

    Raises
    ------
    InputError
        The file is damaged, or the system withholds it.
    """
    with sound(source):
        found = _dataset(source, group)
        numbers = pandas.RangeIndex(found.sizes[_PATH])
        return _with_names(_told(found, source, group).assign_coords({_PATH: (_PATH, numbers, PATH_NUMBERS)}))


def _dataset(source: Path | bytes, group: str) -> xarray.Dataset:
    """A group as xarray has it, but for the numbers of the paths: they are those of the rows."""
    opens = partial(xarray.open_dataset, group=group, engine="h5netcdf", drop_variables=[_PATH])
    if isinstance(source, bytes):
        return opens(io.BytesIO(source))
    return locked_where_possible(lambda locking: opens(source, driver_kwds={"locking": locking}))


class _Told(BackendArray):
    """Values that are read when they are asked for; what is wrong with the file is told then."""

    def __init__(self, values: Any, source: Path | bytes, place: str) -> None:
        self.shape, self.dtype, self._values = values.shape, values.dtype, values
        self._source, self._place, self._checked = source, place, False

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.BASIC, self._read)

    def _read(self, key: tuple[Any, ...]) -> Any:
        with sound(self._source):
            self._check_once()
            return self._values[indexing.BasicIndexer(key)].get_duck_array()

    def _check_once(self) -> None:
        """Tell of chunks that are missing; the file stays open, so that it stays as it is."""
        if not self._checked:
            with opened(self._source) as file:
                check_chunks(file[self._place].id, self._place)
            self._checked = True


def _told(dataset: xarray.Dataset, source: Path | bytes, group: str) -> xarray.Dataset:
    """The dataset, with errors in our words wherever its values are read."""
    read_later: dict[Hashable, xarray.Variable] = {}
    for name, variable in dataset.variables.items():
        if not variable._in_memory:  # xarray has no public name for this, nor for values that are not read yet
            values: Any = indexing.LazilyIndexedArray(_Told(variable._data, source, f"/{group}/{name}"))
            read_later[name] = variable.copy(data=values)
    told = dataset.assign(read_later)
    told.set_close(dataset.close)
    return told


def _with_names(dataset: xarray.Dataset) -> xarray.Dataset:
    """Put names in the place of the codes of coordinates."""
    names = {
        key: (key, coordinate.attrs["flag_meanings"].split(), {"long_name": coordinate.attrs["long_name"]})
        for key, coordinate in dataset.coords.items()
        if coordinate.dims == (key,) and "flag_meanings" in coordinate.attrs
    }
    return dataset.assign_coords(names)
