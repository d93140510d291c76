"""A study with a pipeline and all that may happen to projects, from `run` to every reader of its result."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray
from click.testing import CliRunner

from spvrisk.cli import main
from spvrisk.dataset.read import open_result
from spvrisk.plan.outputs import UNIT, existing
from spvrisk.report.words import with_interval

STUDY = Path(__file__).parents[1] / "data" / "pipeline.yaml"
UNITS = ["mine", "port", "more"]
COUNTED = ["funded", "completed", "cancelled", "declined"]


def output(*arguments: object) -> str:
    done = CliRunner().invoke(main, [str(argument) for argument in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 100 or "--json" in arguments
    return done.stdout


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The result, and what the run printed."""
    file = tmp_path_factory.mktemp("pipeline") / "r.h5"
    return file, output("run", STUDY, "--out", file)


@pytest.fixture(scope="module")
def file(ran: tuple[Path, str]) -> Path:
    return ran[0]


def test_run__prints_what_became_of_the_projects(ran: tuple[Path, str]) -> None:
    out, found = output("summary", ran[0], "--show", "all"), summary(ran[0])
    for title in ("What became of the projects", "Construction (", "Present values to other parties, and side flows"):
        assert title in out
    fate = out[out.index("What became of the projects") : out.index("Construction (")].splitlines()
    heads, rows = fate[1].split(), {line.split()[0]: line for line in fate[3:] if line.strip()}
    assert heads == COUNTED and list(rows) == ["portfolio", *UNITS]
    assert rows["mine"].count("%") == rows["port"].count("%") == 4
    assert "%" not in rows["portfolio"] + rows["more"]
    assert f"{found['projects']['more']['funded']['mean']:.3f} ± " in rows["more"]
    cancelled = found["projects"]["port"]["cancelled"]
    assert with_interval(cancelled["mean"], cancelled["mean_low"], cancelled["mean_high"]) in rows["port"]
    assert found["projects"]["more"]["funded"]["mean_low"] is None  # a number of projects
    committed = found["scheme"]["net_commitments"]["mean"]
    assert f"Committed budgets (given notice and not declined): {committed:,.1f} ± " in out
    assert "Side flows to the funder are worth a further: tariff relief and others over time " in out
    side = re.search(r"worth a further: (.*?)\.\s+Including all side flows, the scheme is worth (\S+)", out, re.DOTALL)
    assert side is not None
    parts = [float(number.replace(",", "")) for number in re.findall(r"(\S+) ±", side[1])]
    whole = float(side[2].replace(",", ""))
    assert len(parts) == 3 and whole == pytest.approx(found["portfolio"]["npv_funder"]["mean"] + sum(parts), rel=1e-3)
    assert "0.18 % of the overruns of more meet the cap" not in out  # 95 % is far from it


def summary(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(output("summary", file, "--json"), parse_constant=pytest.fail)
    return found


def test_summary__json_has_every_quantity_of_every_unit(file: Path) -> None:
    found = summary(file)
    assert found["pipelines"] == ["more"] and list(found["projects"]) == UNITS
    for unit in (found["portfolio"], *found["projects"].values()):
        assert list(unit) == [output.name for output in existing(UNIT, ())]
        for name in ("funded", "cost", "npv_funder", "pv_host", "developer_fee", "vendor_margin"):
            assert unit[name]["n"] == 2000 and unit[name]["n_undefined"] == 0
    for name in (*COUNTED, "cost", "npv_funder", "pv_host", "developer_fee", "vendor_margin", "supply_chain_benefit"):
        parts = sum(found["projects"][unit][name]["mean"] for unit in UNITS)
        assert parts == pytest.approx(found["portfolio"][name]["mean"], rel=1e-9), name
    assert list(found["scheme"])[:3] == ["npv_funder_local", "tariff_relief", "scheme_value"]
    undefined = found["projects"]["port"]["supply_chain_benefit"]
    assert undefined["mean"] == 0.0 and undefined["skewness"] is None


def test_paths__counts_of_pipelines_are_whole_numbers(file: Path) -> None:
    with h5py.File(file) as opened:
        funded = opened["paths/funded"]
        assert funded.dtype == "<i4" and "flag_values" not in funded.attrs
        counts = funded[...]
    assert counts[:, :2].max() == 1 and counts[:, 2].max() > 3 and counts.min() == 0
    values = open_result(file).paths("portfolio_npv_funder")
    assert values.shape == (2000,)


def test_xarray__opens_it(file: Path) -> None:
    with xarray.open_datatree(file, engine="h5netcdf") as tree:
        names = tree["summary/unit"].attrs["flag_meanings"].split()
        assert names == [*UNITS, "portfolio"]
        mean = tree["summary/funded_mean"].values
        assert mean[:3].sum() == pytest.approx(mean[3], rel=1e-12)
        calls = tree["timeline/calls"]
        assert calls.dims == ("project", "time") and calls.shape == (3, 40)
        np.testing.assert_allclose(calls.sum("project"), tree["timeline/portfolio_calls"], rtol=1e-12, atol=1e-12)
        assert tree["paths/net_commitments"].attrs["currency"] == "USD"


def path_with(file: Path, arrivals: int) -> int:
    """A path on which so many projects of the pipeline have arrived."""
    for path in range(200):
        found = json.loads(output("trace", file, "--path", path, "--json"))
        if sum("/" in site for site in found["steps"]["projects"]) == arrivals:
            return path
    raise AssertionError(arrivals)


@pytest.mark.parametrize("arrivals", [0, 1, 4])
def test_trace__of_paths_with_few_and_many_arrivals(file: Path, arrivals: int, tmp_path: Path) -> None:
    path = path_with(file, arrivals)
    out = output("trace", file, "--path", path)
    slots = [f"more/{k}" for k in range(arrivals)]
    if arrivals:
        assert f"more: {arrivals} project{'s' if arrivals > 1 else ''} arrived: " in out
        assert "Projects of pipelines" in out and "arrived" in out
    else:
        assert "more: no project arrived." in out and "Projects of pipelines" not in out
    assert all(f"\n{slot} " in out for slot in slots)
    output("trace", file, "--path", path, "--out", tmp_path / "steps.csv")
    with (tmp_path / "steps.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert list(dict.fromkeys(row["project"] for row in rows)) == ["mine", "port", *slots]
    output("trace", file, "--rank", "0.5", "--by", "more.funded")


def test_info__names_projects_and_pipelines(file: Path) -> None:
    lines = {line.split()[0]: line.split()[1:] for line in output("info", file).splitlines() if line[:1].strip()}
    assert (lines["projects"], lines["pipelines"]) == (["mine,", "port"], ["more"])


def test_plan__tells_the_terms(file: Path) -> None:
    out = output("plan", STUDY)
    said = " ".join(out.split())
    for words in (
        "20 business days after notice plus a drawn slip (holidays: US)",
        "notices at most 1,500 USD million or a take-up that is drawn, the lower",
        "notices in a year at most 600 USD million",
        "last notice 2031-03-31",
        "Decisions on due funds, by the state of deal",
        "performing 75 % 15 % 10 %",
        "A delayed decision is taken again after 180 days.",
        "A decline moves deal to breach with probability 0.7.",
        "Chances of a go-ahead: mine 85 %; the others are certain.",
        "0.7 6 40 200 2e+06 t/year",
        "mill mine, more 0.1",
        "size lognormal",
        "developer's fee uniform",
        "subscribed share beta",
        "slip, business days discrete",
    ):
        assert words in said, words


def test_summary__says_where_the_cap_cuts_the_overruns_of_a_pipeline(tmp_path: Path) -> None:
    """Of each project's overruns .18 % are cut; on about three times as many paths where three are funded."""
    arguments = ("--set", 'output.risk_levels=["0.95", "0.997"]', "--set", "pipelines.more.arrivals_per_year=3")
    out = output("run", STUDY, "--paths", 500, *arguments, "--out", tmp_path / "cap.h5")
    said = " ".join(out.split())
    assert "0.18 % of the overruns of more are at the upper limit of their distribution: its figures at 99.7 %," in said
    assert "overruns of mine" not in said
