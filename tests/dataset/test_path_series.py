"""One series by path, read by itself: the values, what is not loaded for it, and chunks that are missing."""

import subprocess
import sys

import h5py
import numpy as np
import pytest
import xarray as xr

import spvrisk
from small_run import make_labels, make_run, write_small
from spvrisk.dataset.read import open_result
from spvrisk.dataset.soundness import content_of_file
from spvrisk.errors import InputError

LABELS = make_labels()
N_PATHS = 40_000
KEPT = ("npv_funder", "completed", "portfolio.payback_years", "outcome_ruling", "npv_funder_local")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("series") / "r.h5"
    write_small(path, LABELS, N_PATHS, KEPT)
    return path


def test_values__are_those_of_the_run_in_the_type_of_the_file(file):
    _, store = make_run(LABELS, N_PATHS)
    types = {"npv_funder": "f8", "completed": "i1", "payback_years": "f4", "outcome_ruling": "i1"}
    with spvrisk.open(file) as results:
        kept = results.tables().kept
        assert len(kept) == 3 + 3 + 1 + 1 + 1
        for unit, quantity in kept:
            expected = store.values[LABELS.series.index((unit, quantity))]
            found = results.values(quantity, unit)
            wanted = "i4" if (unit, quantity) == ("portfolio", "completed") else types.get(quantity, "f8")
            assert found.dtype == wanted and found.shape == (N_PATHS,), (unit, quantity)
            coded = np.where(np.isnan(expected), -1, expected) if found.dtype.kind == "i" else expected
            assert np.array_equal(found, coded.astype(found.dtype)), (unit, quantity)


def test_values__unit_may_be_left_out(file):
    with spvrisk.open(file) as results:
        for quantity, unit in (("npv_funder", "portfolio"), ("outcome_ruling", "scheme")):
            assert np.array_equal(results.values(quantity), results.values(quantity, unit))


@pytest.mark.parametrize(
    ("asked", "remedy"),
    [
        (("npv_fundr", "smr"), "smr npv_funder"),
        (("npv_funder", "smmr"), "smr npv_funder"),
        (("npv_funder", "scheme"), "npv_funder"),
    ],
)
def test_values__what_is_not_kept_is_refused_with_the_nearest(file, asked, remedy):
    quantity, unit = asked
    said = f"r.h5 /paths: must be a series that the result keeps by path, got {unit} {quantity}; .*{remedy}"
    with spvrisk.open(file) as results, pytest.raises(InputError, match=said):
        results.values(quantity, unit)


def test_values__what_the_study_has_but_the_file_does_not_keep(file):
    said = "r.h5: needs values by path, which the result does not keep, got {}; run the study with {} in output.paths"
    with spvrisk.open(file) as results:
        for quantity, unit, name in (
            ("payback_years", "smr", "payback_years"),
            ("cost", "portfolio", "portfolio.cost"),
        ):
            with pytest.raises(InputError, match=said.format(f"{unit} {quantity}", name)):
                results.values(quantity, unit)


def test_values__need_no_labelled_arrays(file):
    code = f"import sys, spvrisk; spvrisk.open({str(file)!r}).values('npv_funder', 'smr'); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"xarray", "pandas", "h5netcdf", "numba", "scipy.stats"} & set(loaded)


def test_values__a_flipped_bit_is_told_by_its_checksum(file, tmp_path):
    data = bytearray(file.read_bytes())
    with h5py.File(file) as opened:
        chunk = opened["paths/npv_funder"].id.get_chunk_info(1)
    data[chunk.byte_offset + 100] ^= 1
    (tmp_path / "r.h5").write_bytes(data)
    results = spvrisk.open(tmp_path / "r.h5")
    at = LABELS.projects[chunk.chunk_offset[1]]
    with pytest.raises(InputError, match=r"r\.h5: the result is damaged"):
        results.values("npv_funder", at)
    assert np.isfinite(results.values("npv_funder", "portfolio")).all()


@pytest.fixture
def lacking(file, tmp_path):
    """A file whose index does not lead to one of the chunks: HDF5 reads zeros of it."""
    path = tmp_path / "r.h5"
    path.write_bytes(file.read_bytes())
    with h5py.File(path, "a") as opened:
        old = opened["paths/portfolio_payback_years"]
        values, chunks = old[...], old.chunks
        del opened["paths/portfolio_payback_years"]
        made = opened["paths"].create_dataset(
            "portfolio_payback_years", values.shape, values.dtype, chunks=chunks, fletcher32=True
        )
        made[: chunks[0]] = values[: chunks[0]]
    return path


READ = {
    "values": lambda path: spvrisk.open(path).values("payback_years"),
    "paths": lambda path: open_result(path).paths("portfolio_payback_years", 0, 10),
    "labelled": lambda path: spvrisk.open(path).paths.portfolio_payback_years[:10].values,
    "frame": lambda path: spvrisk.open(path).to_frame("paths", quantity="payback_years"),
    "verify": content_of_file,
}


@pytest.mark.parametrize("read", READ.values(), ids=READ)
def test_chunk__that_is_missing_is_told_by_all_that_read_the_variable(read, lacking):
    with pytest.raises(InputError, match=r"damaged: /paths/portfolio_payback_years lacks some of its values"):
        read(lacking)


def test_chunk__that_is_missing_does_not_keep_others_from_being_read(lacking):
    with spvrisk.open(lacking) as results:
        assert results.values("npv_funder").size == results.paths.portfolio_npv_funder.values.size == N_PATHS


def test_labelled__path_numbers_are_those_of_the_rows(file):
    with spvrisk.open(file) as results:
        assert np.array_equal(results.paths.path.values, np.arange(N_PATHS))
        assert results.paths.path.attrs["standard_name"] == "realization"
        chosen = results.paths.portfolio_npv_funder.sel(path=[3, 39_999])
        assert np.array_equal(chosen.values, results.values("npv_funder")[[3, 39_999]])


@pytest.mark.parametrize("group", ["summary", "conditional", "timeline"])
def test_tables__in_memory_are_what_xarray_finds_in_the_file(file, group):
    with xr.open_dataset(file, group=group, engine="netcdf4") as plain, spvrisk.open(file) as results:
        ours = getattr(results, group)
        assert set(ours.variables) == set(plain.variables) and dict(ours.sizes) == dict(plain.sizes)
        for name, variable in plain.variables.items():
            if "flag_meanings" in variable.attrs:
                assert ours[name].values.tolist() == variable.attrs["flag_meanings"].split()
            else:
                nan = {"equal_nan": True} if variable.dtype.kind == "f" else {}
                assert np.array_equal(variable.values, ours[name].values, **nan), name
                assert ours[name].attrs == variable.attrs and ours[name].dtype == variable.dtype, name
