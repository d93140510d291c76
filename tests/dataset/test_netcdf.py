"""The writer against the libraries whose layout it keeps: a small tree made by h5netcdf, and read by netCDF4."""

import io
from typing import Any

import h5netcdf
import h5py
import netCDF4
import numpy as np
import pytest

from spvrisk.dataset.netcdf import Storage, writing

SHOWN = {"title": "研究", "number": np.int32(3), "numbers": np.array([1.5, 2.5]), "empty": ""}
VARIABLES = {
    ("a", "x", ("x",)): np.arange(3, dtype="<i4"),
    ("a", "values", ("x", "level")): np.arange(12.0).reshape(3, 4),
    ("a", "alone", ()): np.array(7.0),
    ("a", "level", ("level",)): np.linspace(0, 1, 4),  # after what runs along it
    ("b", "x", ("x",)): np.arange(5, dtype="<i4"),
    ("b", "bounds", ("x", "ends")): np.arange(10, dtype="<i4").reshape(5, 2),  # `ends` has no coordinate
    ("b", "square", ("x", "x")): np.eye(5, dtype="|i1"),
    ("b", "names", ("x", "width")): np.frombuffer(b"abcdefghij", "S1").reshape(5, 2),
    ("c", "word", ("word", "width")): np.frombuffer(b"abcdef", "S1").reshape(3, 2),  # a coordinate of two dimensions
}
SCALES = {"DIMENSION_LIST", "REFERENCE_LIST"}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Ours, and h5netcdf's."""
    folder = tmp_path_factory.mktemp("netcdf")
    with (folder / "ours.h5").open("w+b", buffering=0) as target, writing(target) as made:
        made.set_attributes("", SHOWN)
        for (group, name, dims), data in VARIABLES.items():
            made.create(group, name, dims, data.shape, data.dtype, SHOWN)[...] = data
    with h5py.File(folder / "theirs.h5", "w", track_order=True) as whole, h5netcdf.File(whole, "w") as file:
        fill(file, SHOWN)
        for (name, _, dims), data in VARIABLES.items():
            group = file.groups[name] if name in file.groups else file.create_group(name)
            for dim, length in zip(dims, data.shape, strict=True):
                if dim not in group.dimensions:
                    group.dimensions[dim] = length
        for (group, name, dims), data in VARIABLES.items():
            fill(file.groups[group].create_variable(name, dims, data.dtype, data=data), SHOWN)
    return folder / "ours.h5", folder / "theirs.h5"


def fill(target: Any, attributes: dict[str, Any]) -> None:
    for name, value in attributes.items():
        if isinstance(value, str):
            kind = h5py.string_dtype("ascii" if value.isascii() else "utf-8", max(len(value.encode()), 1))
            value = np.array(value.encode(), kind)
        target.attrs[name] = value


def attributes_of(item: Any) -> dict[str, Any]:
    """Attributes with their types; references as the names that they lead to."""
    out = {}
    for name in set(item.attrs) - SCALES - {"_NCProperties"}:
        held = item.attrs.get_id(name)
        kind = held.get_type()
        text = (kind.get_cset(), kind.get_strpad()) if isinstance(kind, h5py.h5t.TypeStringID) else ()
        out[name] = (held.dtype, held.shape, text, np.asarray(item.attrs[name]).tolist())
    if "DIMENSION_LIST" in item.attrs:
        out["DIMENSION_LIST"] = [[item.file[ref].name for ref in refs] for refs in item.attrs["DIMENSION_LIST"]]
    if "REFERENCE_LIST" in item.attrs:
        out["REFERENCE_LIST"] = sorted((item.file[ref].name, int(axis)) for ref, axis in item.attrs["REFERENCE_LIST"])
    return out


def test_file__object_by_object_as_h5netcdf_makes_it(files: Any) -> None:
    found = []
    for path in files:
        with h5py.File(path) as file:
            items = {"/": attributes_of(file)}
            file.visititems(lambda name, item, to=items: to.__setitem__(name, attributes_of(item)))
            for name in items:
                if isinstance(file[name], h5py.Dataset):
                    items[name]["data"] = (file[name].dtype, file[name].chunks, file[name][...].tolist())
                assert file[name].id.get_create_plist().get_attr_creation_order() == 3
            found.append(items)
    ours, theirs = found
    assert len(ours) > len(VARIABLES) + 2 and "REFERENCE_LIST" in ours["a/level"]
    assert ours == theirs


def test_file__netcdf4_finds_dimensions_and_values(files: Any) -> None:
    with netCDF4.Dataset(files[0]) as file:
        assert file.title == "研究" and file.number == 3 and file.numbers.tolist() == [1.5, 2.5]
        assert {name: len(dim) for name, dim in file["b"].dimensions.items()} == {"x": 5, "ends": 2, "width": 2}
        assert set(file["b"].variables) == {"x", "bounds", "square", "names"}
        for (group, name, dims), data in VARIABLES.items():
            variable = file[group][name]
            assert variable.dimensions == dims and variable.dtype == data.dtype
            np.testing.assert_array_equal(np.asarray(variable[...]), data)


def test_file__chunks_compression_and_checksums() -> None:
    data, target = np.zeros((100, 10)), io.BytesIO()
    with writing(target) as made:
        made.create("a", "whole", ("x", "y"), data.shape, data.dtype, {}, Storage(data.shape, compressed=True))[...] = (
            data
        )
        made.create("a", "parts", ("x", "y"), data.shape, data.dtype, {}, Storage((10, 10)))[...] = data
    with h5py.File(target) as file:
        whole, parts = file["a/whole"], file["a/parts"]
        assert (whole.chunks, whole.compression, whole.compression_opts, whole.shuffle) == ((100, 10), "gzip", 4, True)
        assert (parts.chunks, parts.compression, parts.shuffle) == ((10, 10), None, False)
        assert whole.fletcher32 and parts.fletcher32


def fill_one(file: Any) -> None:
    with writing(file) as made:
        made.set_attributes("", {"number": 1})
        data = np.arange(40_000.0).reshape(4000, 10)
        made.create("a", "parts", ("x", "y"), data.shape, data.dtype, {}, Storage((1000, 10)))[...] = data
        made.create("a", "more", ("x",), (4000,), data.dtype, {})[...] = data[:, 0]


class Failing(io.BytesIO):
    """A file whose n-th write fails, and all after it; or is done in part, as the system may do."""

    def __init__(self, n: int, error: BaseException | None) -> None:
        super().__init__()
        self.left, self.error = n, error

    def write(self, data: Any) -> int:
        self.left -= 1
        if self.left < 0 and self.error is not None:
            raise self.error
        return super().write(data[: max(len(data) // 2, 1)] if self.left < 0 else data)


@pytest.mark.parametrize("error", [OSError("No space left on device"), KeyboardInterrupt()], ids=["disk", "Ctrl-C"])
def test_file__each_write_that_fails_is_told(error: BaseException) -> None:
    """HDF5 goes on as if nothing had happened; nobody takes the file for whole."""
    whole = Failing(10**6, None)
    fill_one(whole)
    writes = 10**6 - whole.left
    assert writes > 10
    for n in range(writes):
        with pytest.raises(type(error)):
            fill_one(Failing(n, error))


def test_file__writes_done_in_part_are_gone_on_with() -> None:
    whole, parts = io.BytesIO(), Failing(0, None)
    fill_one(whole)
    fill_one(parts)
    assert parts.getvalue() == whole.getvalue()


def test_writing__several_at_once_in_one_process() -> None:
    one, other = io.BytesIO(), io.BytesIO()
    with writing(one) as first, writing(other) as second:
        first.set_attributes("", {"number": 1})
        second.set_attributes("", {"number": 2})
    assert one.getvalue() != other.getvalue()
