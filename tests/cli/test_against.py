"""`spvrisk compare RESULT --against TABLE` and `--save-table`: figures beside those of a table written by hand."""

import csv
import json
from pathlib import Path

import h5py
import numpy as np
import pytest
from click.testing import CliRunner

import spvrisk
from spvrisk.cli import main
from spvrisk.errors import InputError
from spvrisk.measures.held import held
from spvrisk.measures.named import measure_of
from spvrisk.measures.sample import Sample

STARTER = Path(spvrisk.__file__).parent / "data" / "starter.yaml"
PATHS = 4000


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    out = tmp_path_factory.mktemp("against") / "a.h5"
    spvrisk.run(spvrisk.load(STARTER), paths=PATHS, out=out).close()
    return out


@pytest.fixture(scope="module")
def npv(file):
    with h5py.File(file) as opened:
        return opened["paths/portfolio_npv_funder"][...], opened["paths/npv_funder"][...]


def against(file, folder, text, *options):
    table = folder / "table.csv"
    table.write_text(text, encoding="utf-8")
    done = CliRunner().invoke(main, ["compare", str(file), "--against", str(table), *options], catch_exceptions=False)
    assert "Traceback" not in done.stderr
    return done


def test_against__figures_are_those_of_the_paths(file, npv, tmp_path):
    whole, each = npv
    tail = np.sort(whole)[: PATHS // 20]
    reference = {
        "npv_funder:mean": (whole.mean() + 10.0, 4.0),
        "port/npv_funder:mean": (each[:, 1].mean() - 3.0, 0.0),
        "npv_funder:sd": (whole.std(ddof=1) + 1.0, 0.0),
        "npv_funder:p_loss": ((whole < 0).mean() + 0.01, 0.0),
        "npv_funder:p_below@-500": ((whole < -500).mean() - 0.02, 0.0),
        "npv_funder:es@0.95": (-tail.mean() + 5.0, 0.0),
        "npv_funder:quantile@0.5": (np.sort(whole)[PATHS // 2 - 1] + 2.0, 0.0),
        "npv_funder:quantile@0.3": (np.sort(whole)[3 * PATHS // 10 - 1] + 2.0, 0.0),
    }
    lines = [f"{name},{float(value)!r},{error!r}" for name, (value, error) in reference.items()]
    done = against(file, tmp_path, "\n".join(["measure,value,standard_error", *lines]), "--json")
    rows = {row["measure"]: row for row in json.loads(done.stdout)["rows"]}
    wanted = (-10.0, 3.0, -1.0, -0.01, 0.02, -5.0, -2.0, -2.0)
    for (name, _), difference in zip(reference.items(), wanted, strict=True):
        assert rows[name]["difference"] == pytest.approx(difference, rel=1e-6), name
    own = whole.std(ddof=1) / np.sqrt(PATHS)
    mean = rows["npv_funder:mean"]
    assert mean["se"] == pytest.approx(own, rel=1e-9) and mean["reference_se"] == 4.0
    assert mean["in_errors"] == pytest.approx(-10.0 / np.hypot(own, 4.0), rel=1e-9)
    assert mean["allowed"] == pytest.approx(3.0 * np.hypot(own, 4.0), rel=1e-9)
    p = (whole < 0).mean()
    assert rows["npv_funder:p_loss"]["se"] == pytest.approx(np.sqrt(p * (1 - p) / PATHS), rel=1e-2)


def test_against__errors_of_the_summary_are_near_those_of_the_paths(file):
    with spvrisk.open(file) as results:
        result = results.tables()
    for text in ("npv_funder:mean", "npv_funder:sd", "npv_funder:p_loss", "npv_funder:es@0.95", "npv_funder:var@0.95"):
        measure = measure_of(text, result.labels, "")
        figure = measure.figure(Sample(result.series(*measure.series)))
        found = held(result, measure)
        assert found.value == pytest.approx(figure.value, rel=1e-9)
        assert found.error == pytest.approx(figure.error, rel=0.25 if "var" in text else 2e-3)


def test_against__shares_of_outcomes_and_what_the_paths_do_not_keep(file, tmp_path):
    with h5py.File(file) as opened:
        outcome = opened["paths/outcome_election"][...]
    share = float((outcome == 1).mean())
    table = f"measure,value\noutcome_election:share@new_course,{share}\nport/cost:mean,0\n"
    done = against(file, tmp_path, table, "--json")
    row, cost = json.loads(done.stdout)["rows"]
    assert row["difference"] == 0.0 and row["inside"] and done.exit_code == 1
    with spvrisk.open(file) as results:
        assert cost["value"] == float(results.summary.cost_mean.sel(unit="port"))


@pytest.mark.parametrize(
    ("off", "tolerance", "inside"),
    [
        (9.0, "10", True),
        (-11.0, "10", False),
        (0.9, "1%", True),
        (-1.1, "1%", False),
        (2.9, "", True),
        (3.1, "", False),
    ],
)
def test_against__tolerances(file, npv, tmp_path, off, tolerance, inside):
    mean, error = npv[0].mean(), npv[0].std(ddof=1) / np.sqrt(PATHS)
    value = mean / (1 + off / 100) if tolerance == "1%" else mean - (off if tolerance else off * error)
    done = against(file, tmp_path, f"measure,value,tolerance\nnpv_funder:mean,{float(value)!r},{tolerance}\n")
    assert done.exit_code == (0 if inside else 1)
    assert ("1 row, all inside" if inside else "1 row, 1 outside") in done.stdout


def test_against__an_infinite_reference_is_met_by_infinity_alone(file, tmp_path):
    text = "measure,value,tolerance\nrecovery_years:quantile@0.95,{},5\n"
    with spvrisk.open(file) as results:
        never = np.isinf(float(results.summary.recovery_years_quantile.sel(unit="portfolio", quantile=0.95)))
    assert against(file, tmp_path, text.format("inf")).exit_code == (0 if never else 1)
    assert against(file, tmp_path, text.format("-inf")).exit_code == 1


def test_save_table__is_met_by_its_own_result_alone(file, tmp_path):
    table = tmp_path / "reference.csv"
    done = CliRunner().invoke(main, ["compare", str(file), "--save-table", str(table)], catch_exceptions=False)
    assert done.exit_code == 0 and f"wrote {table}" in done.stderr
    rows = list(csv.DictReader(table.open(encoding="utf-8")))
    assert {"npv_funder:mean", "port/npv_funder:mean", "outcome_election:share@new_course"} <= {
        r["measure"] for r in rows
    }
    found = spvrisk.compare_table(file, table)
    assert found.agrees and [check.difference for check in found.checks] == [0.0] * len(rows)
    with spvrisk.run(spvrisk.load(STARTER, {"projects.port.budget": 800}), paths=PATHS) as dear:
        found = spvrisk.compare_table(dear, table)
    assert not found.agrees and "outside" in repr(found)
    again = ["compare", str(file), "--save-table", str(table), "--of", "npv_funder:es@0.95"]
    refused = CliRunner().invoke(main, again, catch_exceptions=False)
    assert refused.exit_code == 2 and "file exists" in refused.stderr
    assert CliRunner().invoke(main, [*again, "--overwrite"], catch_exceptions=False).exit_code == 0
    assert [row["measure"] for row in csv.DictReader(table.open(encoding="utf-8"))] == ["npv_funder:es@0.95"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("measure,value\nnpv_funder:mean,1,000\n", "table.csv:2: must have 2 cells"),
        ("measure,value\nnpv_fund:mean,1\n", "table.csv:2: must be of a quantity"),
        ("measure,value\nnpv_funder:mean,abc\n", 'table.csv:2:2: must be a number, got "abc"'),
        ("measure,value\nnpv_funder:mean,\n", "table.csv:2:2: needs a number; write a plain number"),
        (
            "measure,value\nnpv_funder:mean,1\nportfolio/npv_funder:mean,1\n",
            "table.csv:3:1: the measure stands in line 2",
        ),
        ("measure,value,tolerance\nnpv_funder:mean,1,-5\n", "table.csv:2:3: must be a size of at least 0, got -5"),
        ("measure,value,tolerance\nnpv_funder:mean,1,wide\n", "table.csv:2:3: must be a size of at least 0, got wide"),
        ("measure,value,standard_error\nnpv_funder:mean,1,-5\n", "table.csv:2:3: must be at least 0, got -5"),
        (
            "measure,value,measured_in\nnpv_funder:mean,1,USD billion\n",
            "table.csv:2:3: the result has npv_funder:mean in",
        ),
        (
            "name,amount\nx,1\n",
            "table.csv:1: must have the columns measure and value, got name,amount; `spvrisk compare",
        ),
        ("measure,amount\nnpv_funder:mean,1\n", "table.csv:1: amount is not a column of such a table"),
        ("measure\nnpv_funder:mean\n", "table.csv:1: has no column value"),
        ("measure,value,value\nnpv_funder:mean,1,1\n", "table.csv:1: has the column value twice"),
        ("measure,value\n", "table.csv:1: has no rows"),
        ("", "table.csv:1: a table needs a header and rows"),
        ("measure,value\nport/cost:quantile@0.3,1\n", "needs values by path, which the result does not keep"),
    ],
)
def test_against__refused(file, tmp_path, text, says):
    done = against(file, tmp_path, text)
    assert done.exit_code == 2 and not done.stdout and says in done.stderr


def test_against__all_rows_that_are_wrong_are_told(file, tmp_path):
    done = against(file, tmp_path, "measure,value\nnpv:mean,1\nnpv_funder:mean,x\n")
    assert "table.csv:2:" in done.stderr and "table.csv:3:2:" in done.stderr


def test_compare__mistakes_with_tables(file, tmp_path):
    run = CliRunner()
    for arguments, says in (
        ([str(file), str(file), "--against", "x.csv"], "--against: takes one result"),
        (["--save-table", "x.csv"], "--save-table: takes one result, got none"),
        ([str(file), "--of", "npv_funder:mean"], "add --save-table FILE"),
        ([str(file), "--against", str(tmp_path / "none.csv")], "cannot be read: no such file"),
        ([str(file), "--against", str(file)], "must be a CSV table, got a result file (HDF5); name both results"),
        ([str(file), "--against", str(tmp_path)], "cannot be read: is a directory"),
        ([str(file), "--save-table", str(tmp_path / "x.txt")], "must be a CSV file"),
        ([str(file), "--save-table", str(tmp_path / "x.csv"), "--of", "npv"], "--of: must be a measure, got npv"),
    ):
        done = run.invoke(main, ["compare", *arguments], catch_exceptions=False)
        assert done.exit_code == 2 and says in done.stderr and "Traceback" not in done.stderr, arguments
    with pytest.raises(InputError, match="argument table: must be the name of a file"):
        spvrisk.compare_table(file, 5)


def test_compare__a_table_that_is_held_against_is_not_written(file, tmp_path):
    table = tmp_path / "table.csv"
    assert CliRunner().invoke(main, ["compare", str(file), "--save-table", str(table)]).exit_code == 0
    text = table.read_text(encoding="utf-8").replace("npv_funder:mean,", "npv_funder:mean,1")
    table.write_text(text, encoding="utf-8")
    both = ["compare", str(file), "--against", str(table), "--save-table", str(table), "--overwrite"]
    refused = CliRunner().invoke(main, both)
    assert refused.exit_code == 2 and "--against: is one command, and --save-table another" in refused.stderr
    assert table.read_text(encoding="utf-8") == text


def test_against__parts_need_the_whole_too(file, npv, tmp_path):
    worst = np.argsort(npv[0], kind="stable")[: PATHS // 20]
    reference = float(-npv[1][worst, 1].astype(float).mean())
    row = json.loads(
        against(file, tmp_path, f"measure,value\nport/npv_funder:es_part@0.95,{reference!r}\n", "--json").stdout
    )["rows"][0]
    assert row["value"] == pytest.approx(reference, rel=1e-9) and row["se"] > 0.0


@pytest.mark.parametrize("tolerance", ["1%", "5", ""])
def test_against__a_finite_figure_does_not_meet_infinity(file, tmp_path, tolerance):
    text = f"measure,value,tolerance\nnpv_funder:mean,inf,{tolerance}\n"
    assert against(file, tmp_path, text).exit_code == 1
