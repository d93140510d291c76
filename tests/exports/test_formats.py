"""Every format, by the libraries that people read it with: the same numbers as in the result."""

import datetime
import subprocess
import sys
from pathlib import Path

import duckdb
import h5py
import netCDF4
import numpy as np
import openpyxl
import pandas as pd
import polars as pl
import pytest
import xarray as xr
from pyarrow import parquet
from scipy.io import netcdf_file

import spvrisk
from small_run import QUANTILES, make_labels, write_small
from spvrisk.errors import InputError
from spvrisk.exports import library, xlsx_file
from spvrisk.exports.csv_file import write_csv
from spvrisk.exports.parquet_file import write_parquet
from spvrisk.exports.table import DATE, Column, Table

LABELS = make_labels()
N = 3000
TABLES = ("summary", "yearly", "timeline", "conditional", "paths", "ylt")
GROUPS = ("summary", "timeline", "conditional", "paths")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A result, each of its tables as CSV and Parquet, each of its groups as netCDF, and a workbook."""
    folder = tmp_path_factory.mktemp("formats")
    write_small(folder / "r.h5", LABELS, N)
    for table in TABLES:
        for suffix in ("csv", "parquet"):
            spvrisk.export(folder / "r.h5", folder / f"{table}.{suffix}", table=table)
    for group in GROUPS:
        spvrisk.export(folder / "r.h5", folder / f"{group}.nc", table=group)
    spvrisk.export(folder / "r.h5", folder / "book.xlsx")
    return folder


def plain(values) -> list:
    """Values with None for what is undefined or missing, dates as text."""
    found = []
    for value in values:
        if value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)) or value == "":
            found.append(None)
        elif isinstance(value, datetime.date):
            found.append(value.isoformat()[:10])
        else:
            found.append(value)
    return found


READERS = {
    "pandas": lambda file: {
        name: column.tolist()
        for name, column in (pd.read_csv(file) if file.suffix == ".csv" else pd.read_parquet(file)).items()
    },
    "polars": lambda file: (
        pl.read_csv(file, infer_schema_length=None) if file.suffix == ".csv" else pl.read_parquet(file)
    ).to_dict(as_series=False),
    "duckdb": lambda file: {
        name: values.tolist() for name, values in duckdb.sql(f"from '{file}'").df().astype(object).items()
    },
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("table", TABLES)
def test_csv_and_parquet__are_read_alike(folder, table, reader):
    expected = parquet.read_table(folder / f"{table}.parquet").to_pydict()
    for suffix in ("csv", "parquet"):
        found = READERS[reader](folder / f"{table}.{suffix}")
        assert list(found) == list(expected)
        for name, values in expected.items():
            # a text is a column that begins with inf, to DuckDB
            read = [float(v) if v == "inf" else v for v in plain(found[name])]
            if any(isinstance(value, float) for value in values):
                read = [v if v is None else float(v) for v in read]
            assert read == plain(values), (suffix, name)


def test_duckdb__takes_infinity_for_a_number_where_it_is_told(folder):
    kind = "types = {'portfolio.payback_years': 'DOUBLE'}"
    query = (
        f"""select count(*) from read_csv('{folder / "paths.csv"}', {kind}) where isinf("portfolio.payback_years")"""
    )
    with h5py.File(folder / "r.h5") as file:
        n_infinite = np.isinf(file["paths/portfolio_payback_years"][...]).sum()
    assert duckdb.sql(query).fetchall() == [(n_infinite,)] and n_infinite > 0


def test_parquet__has_nulls_infinity_types_and_meanings(folder):
    table = parquet.read_table(folder / "paths.parquet")
    irr, payback = table["portfolio.irr_funder"], table["portfolio.payback_years"]
    with h5py.File(folder / "r.h5") as file:
        stored = file["paths/portfolio_irr_funder"][...]
        assert irr.null_count == np.isnan(stored).sum() > 0
        assert table["scheme.outcome_ruling"].null_count == (file["paths/outcome_ruling"][...] == -1).sum() > 0
        assert np.array_equal(payback.to_numpy(), file["paths/portfolio_payback_years"][...])
    assert [str(kind) for kind in (irr.type, table["gas.npv_funder"].type, table["path"].type)] == [
        "float",
        "double",
        "int32",
    ]
    field = table.schema.field("gas.npv_funder")
    assert field.metadata[b"measured_in"] == b"USD million" and b"net present value" in field.metadata[b"meaning"]
    assert b'"title": "A made-up study"' in table.schema.metadata[b"spvrisk"]
    # SQL's means leave out nulls, and would not leave out NaN
    query = f"""select avg("portfolio.irr_funder"::double) from '{folder / "paths.parquet"}'"""
    assert duckdb.sql(query).fetchall()[0][0] == pytest.approx(np.nanmean(stored.astype(float)))


def read_group(file: Path, engine: str) -> xr.Dataset:
    with xr.open_dataset(file, engine=engine) as dataset:
        return dataset.load()


@pytest.mark.parametrize("engine", ["scipy", "netcdf4"])
@pytest.mark.parametrize("group", GROUPS)
def test_netcdf__is_the_group_in_every_engine(folder, group, engine):
    """The result itself is read by h5netcdf and netcdf4: three engines in all."""
    found = read_group(folder / f"{group}.nc", engine)
    with spvrisk.open(folder / "r.h5") as results:
        expected = getattr(results, group).load()
    assert set(found.data_vars) | set(found.coords) >= set(expected.data_vars) | set(expected.coords)
    for name, variable in expected.data_vars.items():
        assert found[name].dims == variable.dims and found[name].dtype == variable.dtype
        assert np.array_equal(found[name].values, variable.values, equal_nan=variable.dtype.kind == "f"), name
        assert {**found[name].attrs, "coordinates": ""}.keys() >= variable.attrs.keys()
    for name in ("unit", "project", "condition"):
        if name in expected.coords:
            words = [word.decode() for word in found[f"{name}_name"].values]
            assert words == expected[name].values.tolist()
    assert found.attrs["title"] == "A made-up study" and found.attrs["seed"] == "20260331"


@pytest.mark.parametrize("group", GROUPS)
def test_netcdf__is_read_by_its_own_libraries(folder, group):
    with (
        netCDF4.Dataset(folder / f"{group}.nc") as file,
        netcdf_file(folder / f"{group}.nc", mmap=False) as classic,
    ):
        assert file.data_model == "NETCDF3_64BIT_OFFSET" and not file.groups
        assert set(file.variables) == set(classic.variables)
        for name, variable in file.variables.items():
            variable.set_auto_mask(False)
            assert variable[...].tobytes() == classic.variables[name].data.astype(variable.dtype).tobytes()


@pytest.mark.parametrize("group", GROUPS)
def test_netcdf__cf_checker_finds_nothing(folder, group):
    """Of statistics one quantity of each kind: the checker takes half a minute for all."""
    file = folder / f"{group}.nc"
    if group in ("summary", "conditional"):
        kinds = ("npv_funder", "completed", "cost_overrun", "recovery_years", "delay_months", "outcome", "final")
        with xr.open_dataset(file, engine="netcdf4", decode_cf=False) as dataset:
            few = [name for name in dataset.data_vars if name.startswith(kinds) or name.endswith("_name")]
            file = folder / "few.nc"
            part = dataset[few]
            no_fill = {name: {"_FillValue": None} for name in part.variables}
            part.to_netcdf(file, format="NETCDF3_64BIT", encoding=no_fill)
    checker = Path(sys.executable).with_name("compliance-checker")
    command = [checker, "--test=cf:1.11", "--criteria", "strict", str(file)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0 and "All tests passed!" in done.stdout, done.stdout


def test_netcdf__of_a_variable_that_is_too_large_is_refused(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("spvrisk.exports.netcdf_file.MOST_BYTES", 2 * 8 * N - 1)
    with pytest.raises(InputError, match=r"argument out npv_funder: a variable of netCDF's classic .* write .parquet"):
        spvrisk.export(folder / "r.h5", tmp_path / "p.nc", table="paths")
    assert list(tmp_path.iterdir()) == []


def sheet_of(file: Path, name: str) -> list[dict[str, object]]:
    book = openpyxl.load_workbook(file, read_only=True)
    heads, *rows = book[name].iter_rows(values_only=True)
    return [dict(zip(heads, row, strict=True)) for row in rows]


def test_xlsx__has_its_sheets_with_names_as_text_and_numbers_as_numbers(folder):
    book = openpyxl.load_workbook(folder / "book.xlsx")
    assert book.sheetnames == ["summary", "yearly", "conditional", "units", "about"]
    kinds = {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row}
    assert kinds == {"s", "n"}
    for sheet in book:
        assert sheet.freeze_panes is not None and sheet.auto_filter.ref
    about = {row["name"]: row["value"] for row in sheet_of(folder / "book.xlsx", "about")}
    assert about["seed"] == "20260331" and about["paths"] == N and about["title"] == "A made-up study"
    units = {row["name"]: row for row in sheet_of(folder / "book.xlsx", "units")}
    assert units["npv_funder"]["measured_in"] == "USD million" and units["p_loss"]["meaning"] == "probability of a loss"
    assert set(units) >= {row["quantity"] for row in sheet_of(folder / "book.xlsx", "summary")}


def long_values(file: Path, keys: tuple[str, ...]) -> dict[tuple, object]:
    """Numbers of a long table by key, statistic and probability as the head of a column has them."""
    frame = pd.read_parquet(file).astype(object)
    found = {}
    for row in frame.to_dict("records"):
        name = row.get("statistic") or row["quantity"]
        probability = row.get("probability")
        head = name if probability is None or np.isnan(probability) else f"{name} {probability:g}"
        found[(*plain(row[key] for key in keys), head)] = row["value"]
    return found


@pytest.mark.parametrize(
    ("table", "keys"),
    [
        ("summary", ("unit", "quantity", "state")),
        ("yearly", ("year", "unit")),
        ("timeline", ("date", "unit", "quantity", "state")),
        ("conditional", ("condition", "unit", "quantity", "state")),
    ],
)
def test_xlsx__has_the_numbers_of_the_long_table(folder, tmp_path, table, keys):
    spvrisk.export(folder / "r.h5", tmp_path / "one.xlsx", table=table)
    assert openpyxl.load_workbook(tmp_path / "one.xlsx").sheetnames == [table, "units", "about"]
    expected = long_values(folder / f"{table}.parquet", keys)
    # a sheet has no infinity, and 17 digits
    said = {key: "infinite" if value == np.inf else value for key, value in expected.items()}
    files = [tmp_path / "one.xlsx", *([folder / "book.xlsx"] if table != "timeline" else [])]
    for file in files:
        found = {
            (*plain(row[key] for key in keys), head): value
            for row in sheet_of(file, table)
            for head, value in row.items()
            if head not in (*keys, "measured_in") and value is not None
        }
        given = {key: value for key, value in said.items() if value is not None and value == value}
        assert found.keys() == given.keys()
        assert all(found[key] == (v if isinstance(v, str) else pytest.approx(v, rel=1e-15)) for key, v in given.items())


def test_xlsx__paths_are_numbers_states_are_words(folder, tmp_path):
    spvrisk.export(folder / "r.h5", tmp_path / "p.xlsx", table="paths")
    rows = sheet_of(tmp_path / "p.xlsx", "paths")
    with h5py.File(folder / "r.h5") as file:
        assert [row["smr.npv_funder"] for row in rows] == pytest.approx(file["paths/npv_funder"][:, 1], rel=1e-15)
        payback = file["paths/portfolio_payback_years"][...]
        states = file["paths/final_state_autos"][...]
    assert [row["portfolio.payback_years"] == "infinite" for row in rows] == np.isinf(payback).tolist()
    assert [row["scheme.final_state_autos"] for row in rows] == [("kept", "cut", "raised")[q] for q in states]


def test_xlsx__statistics_stand_in_their_order_and_probabilities_rise(folder):
    heads = list(sheet_of(folder / "book.xlsx", "summary")[0])
    assert heads[:11] == [
        *("unit", "quantity", "state", "measured_in", "n", "n_infinite", "n_undefined"),
        *("mean", "mean_se", "mean_low", "mean_high"),
    ]
    first = heads.index("quantile 0.01")
    assert heads[first : first + 7] == [f"quantile {text}" for text in QUANTILES]
    assert heads[-3:] == ["share", "share_low", "share_high"]
    flows = list(sheet_of(folder / "book.xlsx", "yearly")[0])
    assert flows == ["year", "unit", "measured_in", *(row for row in LABELS.timeline if row != "due")]


def test_whole_numbers__that_are_undefined_are_empty(folder, tmp_path):
    columns = (Column("flag", "|i1", ""), Column("count", "<i4", ""), Column("day", DATE, ""))
    days = [datetime.date(2026, 1, 2), None]
    data = [np.array([1, -1], "|i1"), np.array([-1, 70_000], "<i4"), days]
    table, facts = Table("odd", columns, 2, lambda: iter([data])), {"title": "t", "created": "2026-01-01T00:00:00"}
    write_csv(tmp_path / "odd.csv", table)
    assert (tmp_path / "odd.csv").read_text() == "flag,count,day\n1,,2026-01-02\n,70000,\n"
    write_parquet(tmp_path / "odd.parquet", table, facts)
    found = parquet.read_table(tmp_path / "odd.parquet").to_pydict()
    assert found == {"flag": [1, None], "count": [None, 70_000], "day": days}
    xlsx_file.write_xlsx(tmp_path / "odd.xlsx", [table], [], facts)
    first, second = sheet_of(tmp_path / "odd.xlsx", "odd")
    assert first == {"flag": 1, "count": None, "day": datetime.datetime(2026, 1, 2)}
    assert second == {"flag": None, "count": 70_000, "day": None}


def test_xlsx__of_the_same_result_has_the_same_bytes(folder, tmp_path):
    spvrisk.export(folder / "r.h5", tmp_path / "again.xlsx")
    assert (tmp_path / "again.xlsx").read_bytes() == (folder / "book.xlsx").read_bytes()


def test_xlsx__more_rows_than_a_sheet_has_are_refused(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(xlsx_file, "MOST_ROWS", N)
    spvrisk.export(folder / "r.h5", tmp_path / "p.xlsx", table="paths")
    with pytest.raises(
        InputError, match=r"argument out ylt: a sheet has at most 3,000 rows, got 6,000; write .parquet"
    ):
        spvrisk.export(folder / "r.h5", tmp_path / "l.xlsx", table="ylt")
    assert [file.name for file in tmp_path.iterdir()] == ["p.xlsx"]


def test_title__that_would_be_a_formula_is_text(tmp_path):
    """Names begin with a letter, also in forged files, which are refused otherwise; a title may be anything."""
    write_small(tmp_path / "r.h5", make_labels()._replace(title={"en": "=1+2"}), n_paths=20)
    for suffix in ("xlsx", "csv"):
        spvrisk.export(tmp_path / "r.h5", tmp_path / f"s.{suffix}")
    book = openpyxl.load_workbook(tmp_path / "s.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} == {"s", "n"} and not any(cell.hyperlink for cell in cells)
    assert "=1+2" in {cell.value for cell in cells}


@pytest.mark.parametrize(
    ("suffix", "module", "package"), [("parquet", "pyarrow", "pyarrow"), ("xlsx", "xlsxwriter", "XlsxWriter")]
)
def test_package__that_is_missing_is_named(suffix, module, package, folder, tmp_path, monkeypatch):
    def none_of_it(name):
        assert name.startswith(module)
        raise ImportError(name)

    monkeypatch.setattr(library, "import_module", none_of_it)
    with pytest.raises(InputError, match=rf"\.{suffix} needs the package {package}; install it: .* {package}$"):
        spvrisk.export(folder / "r.h5", tmp_path / f"x.{suffix}")
    spvrisk.export(folder / "r.h5", tmp_path / "x.csv")
    spvrisk.export(folder / "r.h5", tmp_path / "x.nc")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["x.csv", "x.nc"]
