"""What is in the tables, whatever the format: the numbers of the result, with names as text."""

import csv
import itertools
from pathlib import Path

import h5py
import numpy as np
import pytest

import spvrisk
from small_run import LEVELS, QUANTILES, make_labels, write_small
from spvrisk.dataset.read import open_result
from spvrisk.dataset.variables import statistics_of
from spvrisk.errors import InputError
from spvrisk.exports import paths as by_path
from spvrisk.exports.flows import yearly_records

LABELS = make_labels(pipelines=("more",))
N = 5000


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    path = tmp_path_factory.mktemp("tables") / "small.h5"
    write_small(path, LABELS, N)
    return path


def rows_of(result: Path, table: str, tmp_path: Path) -> list[dict[str, str]]:
    out = tmp_path / f"{table}.csv"
    spvrisk.export(result, out, table=table)
    with out.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def number(text: str) -> float:
    return float(text or "nan")


def same(found: float, expected: float) -> bool:
    return found == expected or (np.isnan(found) and np.isnan(expected))


def test_summary__has_every_number_of_the_result_once(result, tmp_path):
    rows = rows_of(result, "summary", tmp_path)
    keys = [tuple(row[name] for name in ("unit", "quantity", "state", "statistic", "probability")) for row in rows]
    assert len(set(keys)) == len(keys)
    with h5py.File(result) as file:
        group = file["summary"]
        coordinates = [name for name in group if group[name].dtype.str == ">f4" or name in _coordinates(group)]
        assert len(rows) == sum(item.size for name, item in group.items() if name not in coordinates)
        units = [*LABELS.projects, "portfolio"]
        for row in rows:
            name = f"{row['quantity']}_{row['statistic']}"
            place = [units.index(row["unit"])] if row["unit"] != "scheme" else []
            if row["probability"]:
                along = QUANTILES if "quantile" in row["statistic"] else LEVELS
                place.append([float(text) for text in along].index(float(row["probability"])))
            if row["state"]:
                place.append(LABELS.states[row["quantity"]].index(row["state"]))
            assert same(number(row["value"]), group[name][tuple(place)]), row


def _coordinates(group) -> list[str]:
    return [name for name, item in group.items() if name in ("quantile", "level") or "flag_meanings" in item.attrs]


def test_conditional__has_every_number_of_the_result(result, tmp_path):
    rows = rows_of(result, "conditional", tmp_path)
    found = {tuple(row.values())[:6]: row["value"] for row in rows}
    assert len(found) == len(rows)
    with spvrisk.open(result) as opened:
        group = opened.conditional
    for condition, (unit, quantity) in itertools.product(group.condition.values, LABELS.series):
        chosen = group.sel(condition=condition, **({} if unit == "scheme" else {"unit": unit}))
        for statistic in statistics_of(quantity, LABELS):
            for text, value in zip(
                {"quantile": QUANTILES, "level": LEVELS}.get(statistic.dim, ("",)),
                np.atleast_1d(chosen[f"{quantity}_{statistic.name}"].values),
                strict=True,
            ):
                key = (condition, unit, quantity, "", statistic.name, text)
                assert same(number(found.pop(key)), value), key
        for end, (s, state) in itertools.product(("", "_low", "_high"), enumerate(LABELS.states.get(quantity) or ())):
            key = (condition, "scheme", quantity, state, f"share{end}", "")
            assert same(number(found.pop(key)), chosen[f"{quantity}_share{end}"].values[s]), key
    for condition in group.condition.values:
        chosen = group.sel(condition=condition)
        for name in ("n_paths", "share", "share_low", "share_high"):
            key = (condition, "scheme", "condition", "", name, "")
            assert same(number(found.pop(key)), float(chosen[name])), key
        for project, level, end in itertools.product(LABELS.projects, LEVELS, ("", "_se")):
            name = f"expected_shortfall_contribution{end}"
            value = chosen[f"npv_funder_{name}"].sel(project=project, level=float(level))
            assert same(number(found.pop((condition, project, "npv_funder", "", name, level))), float(value))
    assert not found


def test_timeline__has_means_fans_and_occupancy(result, tmp_path):
    rows = rows_of(result, "timeline", tmp_path)
    with spvrisk.open(result) as opened:
        group = opened.timeline
    steps = len(LABELS.step_ends)
    assert len(rows) == steps * (len(LABELS.timeline) * (len(LABELS.projects) + 1) + 3 * len(QUANTILES) + 5)
    for row in rows:
        chosen = group.sel(time=row["date"])
        if row["state"]:
            regime = row["quantity"].removeprefix("occupancy_")
            value = chosen[row["quantity"]].sel({f"state_{regime}": row["state"]})
        elif row["statistic"] == "quantile":
            value = chosen[f"fan_portfolio_{row['quantity']}"].sel(quantile=float(row["probability"]))
        elif row["unit"] == "portfolio":
            value = chosen[f"portfolio_{row['quantity']}"]
        else:
            value = chosen[row["quantity"]].sel(project=row["unit"])
        assert number(row["value"]) == float(value), row


def test_yearly__adds_flows_and_takes_the_last_of_balances(result, tmp_path):
    rows = rows_of(result, "yearly", tmp_path)
    with spvrisk.open(result) as opened:
        group = opened.timeline
    names = {row["quantity"] for row in rows}
    # due counts what is carried once more in each step
    assert names == set(LABELS.timeline) - {"due"}
    years = group.time.dt.year.values
    assert {int(row["year"]) for row in rows} == set(years.tolist())
    assert len(rows) == len(names) * len(set(years.tolist())) * (len(LABELS.projects) + 1)
    for row in rows:
        flows = group[f"portfolio_{row['quantity']}"]
        if row["unit"] != "portfolio":
            flows = group[row["quantity"]].sel(project=row["unit"])
        values = flows.values[years == int(row["year"])]
        balance = row["quantity"] in ("carry", "deemed_balance", "loan_balance")
        assert number(row["value"]) == pytest.approx(values[-1] if balance else values.sum(), rel=1e-14), row


def test_paths__are_those_of_the_result(result, tmp_path):
    rows = rows_of(result, "paths", tmp_path)
    assert [int(row["path"]) for row in rows] == list(range(N))
    with h5py.File(result) as file:
        group = file["paths"]
        for p, project in enumerate(LABELS.projects):
            assert [float(row[f"{project}.npv_funder"]) for row in rows] == group["npv_funder"][:, p].tolist()
        payback = [float(row["portfolio.payback_years"]) for row in rows]
        assert payback == group["portfolio_payback_years"][...].tolist() and np.isinf(payback).any()
        irr = np.array([number(row["portfolio.irr_funder"]) for row in rows])
        assert np.array_equal(irr, group["portfolio_irr_funder"][...], equal_nan=True) and np.isnan(irr).any()
        names = ("upheld", "struck_down", "")  # -1, the code of undefined, is the last
        assert [row["scheme.outcome_ruling"] for row in rows] == [names[code] for code in group["outcome_ruling"]]


def test_ylt__has_losses_that_are_positive_where_money_is_lost(result, tmp_path):
    rows = rows_of(result, "ylt", tmp_path)
    assert list(rows[0]) == ["path", "project", "loss"]
    assert [row["project"] for row in rows] == [*LABELS.projects] * N
    assert [int(row["path"]) for row in rows] == np.arange(N).repeat(len(LABELS.projects)).tolist()
    with h5py.File(result) as file:
        npv = file["paths/npv_funder"][...].ravel()
    assert [float(row["loss"]) for row in rows] == (-npv).tolist()


@pytest.mark.parametrize(
    ("table", "suffix"),
    [("paths", "csv"), ("paths", "parquet"), ("paths", "nc"), ("ylt", "csv"), ("ylt", "parquet")],
)
def test_blocks__change_nothing(table, suffix, result, tmp_path, monkeypatch):
    spvrisk.export(result, tmp_path / f"whole.{suffix}", table=table)
    monkeypatch.setattr(by_path, "_CHUNK", 64)
    monkeypatch.setattr(by_path, "_VALUES_AT_A_TIME", 1)
    assert len(list(by_path.blocks(N, 10))) == 79
    spvrisk.export(result, tmp_path / f"blocks.{suffix}", table=table)
    whole, blocks = (tmp_path / f"{name}.{suffix}" for name in ("whole", "blocks"))
    if suffix == "parquet":
        from pyarrow import parquet

        assert parquet.read_table(whole).equals(parquet.read_table(blocks))
        assert parquet.ParquetFile(blocks).num_row_groups == 79
    else:
        assert whole.read_bytes() == blocks.read_bytes()


@pytest.mark.parametrize("n_columns", [1, 30, 10**4])
def test_blocks__are_whole_chunks_that_fit_into_memory(n_columns):
    found = list(by_path.blocks(10**7 + 5, n_columns))
    assert found[0][0] == 0 and found[-1][1] == 10**7 + 5
    assert all(last == first for (_, last), (first, _) in itertools.pairwise(found))
    size = found[0][1]
    assert size % 16_384 == 0 and (size == 16_384 or size * n_columns <= 1 << 21)


def test_ylt__needs_the_projects_values(tmp_path):
    write_small(tmp_path / "r.h5", n_paths=50, names=("portfolio.npv_funder",))
    with pytest.raises(InputError, match=r"needs npv_funder .* add npv_funder to output.paths"):
        spvrisk.export(tmp_path / "r.h5", tmp_path / "ylt.csv", table="ylt")
    spvrisk.export(tmp_path / "r.h5", tmp_path / "paths.csv", table="paths")
    assert (tmp_path / "paths.csv").read_text().startswith("path,portfolio.npv_funder\n0,")


def test_conditional__of_a_study_without_conditions_is_refused(tmp_path):
    write_small(tmp_path / "r.h5", LABELS._replace(regimes=(), events=()), n_paths=50)
    with pytest.raises(InputError, match="argument table: the study has no events and regimes"):
        spvrisk.export(tmp_path / "r.h5", tmp_path / "c.csv", table="conditional")
    spvrisk.export(tmp_path / "r.h5", tmp_path / "book.xlsx")
    spvrisk.export(tmp_path / "r.h5", tmp_path / "t.csv", table="timeline")


def test_units__stand_beside_the_numbers(result, tmp_path):
    rows = rows_of(result, "summary", tmp_path)
    found = {(row["unit"], row["quantity"], row["statistic"]): row["measured_in"] for row in rows}
    assert found["gas", "npv_funder", "mean"] == found["portfolio", "npv_funder", "value_at_risk"] == "USD million"
    assert found["scheme", "npv_funder_local", "sd"] == "JPY million"
    assert found["gas", "npv_funder", "n"] == "paths" and found["gas", "npv_funder", "p_loss"] == "1"
    assert found["gas", "completed", "mean"] == "1" and found["portfolio", "completed", "mean"] == "projects"
    assert found["gas", "payback_years", "quantile"] == "years" and found["gas", "delay_months", "mean"] == "months"


@pytest.mark.parametrize(
    ("value_date", "ends", "years"),
    [
        ("2026-01-01", ("2026-07-01", "2027-01-01", "2027-07-01"), (2026, 2026, 2027)),
        ("2025-12-31", ("2026-06-30", "2026-12-31", "2027-06-30"), (2026, 2026, 2027)),
    ],
)
def test_yearly__a_step_that_ends_on_new_year_s_day_is_of_the_year_before(value_date, ends, years, tmp_path):
    labels = LABELS._replace(value_date=value_date, step_ends=ends)
    write_small(tmp_path / "r.h5", labels, 20)
    table = open_result(tmp_path / "r.h5")
    found = [dict(zip(("year", "unit"), record.keys, strict=True)) for record in yearly_records(table)]
    assert {row["year"] for row in found} == set(years)
    calls = [record.cells[0].value for record in yearly_records(table) if record.keys[1] == "smr"]
    mean = table.timeline.mean[labels.projects.index("smr"), labels.timeline.index("calls")]
    assert calls == [pytest.approx(mean[:2].sum()), pytest.approx(mean[2])]
