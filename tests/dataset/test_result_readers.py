"""Readers that people use besides ours must open a result and find the same in it."""

import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import netCDF4
import numpy as np
import pytest
import xarray as xr

from small_run import make_labels, make_run, write_small

LABELS = make_labels()


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("readers") / "small.h5"
    write_small(path, LABELS, 5000)
    return path


@pytest.mark.parametrize("engine", ["h5netcdf", "netcdf4"])
def test_xarray__opens_the_tree(file, engine):
    with xr.open_datatree(file, engine=engine) as tree:
        tree.load()
        assert set(tree.children) == {
            "summary",
            "conditional",
            "timeline",
            "paths",
            "provenance",
            "sampling",
            "zlabels",
        }
        assert tree.attrs["title"] == "A made-up study"
        assert tree["summary/npv_funder_quantile"].dims == ("unit", "quantile")
        assert tree["summary/npv_funder_mean"].attrs["currency"] == "USD"
        assert tree["summary"].coords["unit"].attrs["flag_meanings"] == "gas smr portfolio"
        assert tree["conditional/npv_funder_mean"].dims == ("condition", "unit")
        assert tree["conditional/npv_funder_mean"].attrs["currency"] == "USD"
        assert tree["conditional/npv_funder_quantile"].dims == ("condition", "unit", "quantile")
        assert tree["conditional/outcome_ruling_share"].dims == ("condition", "outcome_ruling")
        contribution = tree["conditional/npv_funder_expected_shortfall_contribution"]
        assert contribution.dims == ("condition", "project", "level")
        conditions = tree["conditional"].coords["condition"].attrs["flag_meanings"].split()
        assert conditions[:3] == [f"outcome_ruling.{name}" for name in ("upheld", "struck_down", "undefined")]
        assert conditions[-1] == "final_state_autos.raised"
        assert tree["timeline/calls"].dims == ("project", "time")
        assert str(tree["timeline/time"].values[0])[:10] == LABELS.step_ends[0]
        assert tree["timeline/occupancy_autos"].dims == ("state_autos", "time")
        assert tree["paths/npv_funder"].dims == ("path", "project")
        assert tree["paths/npv_funder"].dtype == np.float64
        assert tree["paths/outcome_ruling"].dtype == np.int8
        assert tree["zlabels/unit"].values.tolist() == ["gas", "smr", "portfolio"]
        assert tree["zlabels"].coords["outcome_ruling"].values.tolist() == ["upheld", "struck_down"]


@pytest.mark.parametrize("engine", ["h5netcdf", "netcdf4"])
def test_xarray__finds_the_values(file, engine):
    _, store = make_run(LABELS, 5000)
    row = store.values[LABELS.series.index(("portfolio", "npv_funder"))]
    with xr.open_datatree(file, engine=engine) as tree:
        assert (tree["paths/portfolio_npv_funder"].values == row).all()
        assert float(tree["summary/npv_funder_mean"].sel(unit=2)) == pytest.approx(row.mean())
        assert not np.isnan(tree["summary/npv_funder_expected_shortfall_contribution"].values).any()


@pytest.mark.parametrize("engine", ["h5netcdf", "netcdf4"])
def test_xarray__finds_the_values_of_a_condition(file, engine):
    """By the names of /zlabels, as the page on readers says."""
    _, store = make_run(LABELS, 5000)
    row = {key: store.values[s] for s, key in enumerate(LABELS.series)}
    with xr.open_datatree(file, engine=engine) as tree:
        group = tree["conditional"].to_dataset().load().assign_coords(tree["zlabels"].coords)
    mask = row["scheme", "final_state_autos"] == 1
    chosen = group.sel(condition="final_state_autos.cut")
    assert int(chosen["n_paths"]) == mask.sum()
    for unit, quantity in (("smr", "npv_funder"), ("portfolio", "cost")):
        found = float(chosen[f"{quantity}_mean"].sel(unit=unit))
        assert found == pytest.approx(row[unit, quantity][mask].mean(), rel=1e-12)
    local = row["scheme", "npv_funder_local"][mask]
    assert float(chosen["npv_funder_local_mean"]) == pytest.approx(local.mean(), rel=1e-12)
    ruling = row["scheme", "outcome_ruling"][mask]
    upheld = float(chosen["outcome_ruling_share"].sel(outcome_ruling="upheld"))
    assert upheld == pytest.approx((ruling == 0).sum() / (~np.isnan(ruling)).sum(), rel=1e-12)


def test_h5py__needs_no_labels(file):
    with h5py.File(file) as opened:
        assert opened["summary/npv_funder_mean"].shape == (3,)
        assert opened["paths/npv_funder"].dims[0][0].name == "/paths/path"


def test_netcdf4__reads_every_variable(file):
    with netCDF4.Dataset(file) as opened:
        opened.set_auto_chartostring(False)
        for group in opened.groups.values():
            for variable in group.variables.values():
                assert variable[...].shape == variable.shape
        config = bytes(opened["provenance/config_json"][...].tolist())
    assert config == b'{"study": {}}'


@pytest.mark.parametrize(
    "command",
    [
        ["ncdump"],
        ["ncdump", "-v", "/paths/npv_funder"],
        ["ncdump", "-v", "/conditional/npv_funder_mean"],
        ["ncdump", "-v", "/zlabels/unit"],
        ["h5dump"],
    ],
)
def test_dumps__run_to_the_end(file, command):
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run([*command, str(file)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "npv_funder" in done.stdout
    assert "error" not in done.stderr.lower()


@pytest.mark.parametrize("group", ["summary", "conditional", "timeline", "paths"])
def test_cf__checker_finds_nothing(file, tmp_path, group):
    """Each group by itself, as the checker stumbles over trees."""
    with xr.open_datatree(file, engine="h5netcdf", decode_times=False) as tree:
        flat = tree[group].to_dataset().load()
        # one quantity of each kind: the checker takes half a minute for all
        kinds = ("npv_funder", "completed", "cost_overrun", "recovery_years", "delay_months", "outcome", "final")
        if group in ("summary", "conditional"):
            flat = flat[[name for name in flat.data_vars if name.startswith(kinds)]]
        flat.attrs = {**tree.attrs, **tree["provenance"].attrs}
    for variable in flat.variables.values():
        variable.encoding["_FillValue"] = None
    flat.to_netcdf(tmp_path / "flat.nc", engine="netcdf4")
    checker = Path(sys.executable).with_name("compliance-checker")
    options = ["--test=cf:1.11", "--criteria", "strict"]
    done = subprocess.run([checker, *options, str(tmp_path / "flat.nc")], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "All tests passed!" in done.stdout, done.stdout
