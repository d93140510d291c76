"""Groups of a result file as datasets of xarray, with names in the place of codes."""

import io
from pathlib import Path

import xarray

from spvrisk.dataset.opening import sound


def labelled(source: Path | bytes, group: str) -> xarray.Dataset:
    """Open a group of a result, whose values are read as far as they are asked for.

    Parameters
    ----------
    source
        Where the file lies, or its bytes.
    group
        Name of the group, such as ``summary``.

    Raises
    ------
    InputError
        The file is damaged, or the system withholds it.
    """
    with sound(source):
        if isinstance(source, bytes):
            return _with_names(xarray.open_dataset(io.BytesIO(source), group=group, engine="h5netcdf"))
        locking = {"locking": "best-effort"}
        return _with_names(xarray.open_dataset(source, group=group, engine="h5netcdf", driver_kwds=locking))


def _with_names(dataset: xarray.Dataset) -> xarray.Dataset:
    """Put names in the place of the codes of coordinates."""
    names = {
        key: (key, coordinate.attrs["flag_meanings"].split(), {"long_name": coordinate.attrs["long_name"]})
        for key, coordinate in dataset.coords.items()
        if coordinate.dims == (key,) and "flag_meanings" in coordinate.attrs
    }
    return dataset.assign_coords(names)
