"""`spvrisk plan`: the main figures are there, and it fits a terminal."""

import json
import re
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

import spvrisk
from spvrisk.cli import main
from spvrisk.config import load
from spvrisk.config.defaults import defaults
from spvrisk.report.text import page
from spvrisk.views.plan import plan

ROOT = Path(__file__).parents[2]
STARTER = ROOT / "engine" / "spvrisk" / "data" / "starter.yaml"


def printed(*arguments: str, study: Path = STARTER) -> str:
    result = CliRunner().invoke(main, ["plan", str(study), *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def rows(text: str) -> list[list[str]]:
    return [re.split(r"\s{2,}", line.strip()) for line in text.splitlines()]


def test_plan__calendar_projects_and_laws() -> None:
    found = rows(printed())
    assert ["value date", "2026-03-31"] in found
    assert ["horizon", "40 years, to 2066-03-31"] in found
    assert ["steps", "160, 4 a year"] in found
    dates = ["2026-03-02", "2026-05-04", "2026-05-04", "2029-11-04"]
    assert ["gas_plant", *dates, "1,200", "600 MW"] in found
    assert any(row[:1] == ["port"] and row[-2:] == ["400", "1.2e+07 t/year"] for row in found)
    assert ["portfolio", "1,600"] in found
    price = next(row for row in found if row[0] == "contract price")
    assert price[1] == "triangular"
    assert price[3:] == ["76.6667", "76.6667", "7.1686", "7.1686", "-"]
    assert next(row for row in found if row[0] == "overrun")[1] == "reference_class"


def test_plan__correlations_memory_and_fans() -> None:
    text = printed()
    found = rows(text)
    assert ["gas", "power", "0.6", "0.6000", "0.6000"] in found
    assert "Gaussian copula; smallest eigenvalue of the scores' matrix 0.4" in text
    # by hand: 64 series, and 3 fans of 160 steps; sums by step are small beside them
    shards = re.search(r"disk +(\d+) MiB for shards", text)
    assert shards is not None
    assert int(shards[1]) == pytest.approx(20_000 * (8 * 64 + 4 * 3 * 160) / 2**20, abs=1)
    assert re.search(r"memory +\d+ MiB for 64 series of 20,000 paths, \d+ MiB with shards on the disk", text)
    assert re.search(r"memory budget +[\d,]+ MiB \(half of what this machine gives\)", text)
    assert "fan_portfolio_calls: quantiles 0.05, 0.5, 0.95 of the first" in re.sub(r"\s+", " ", text)
    tails = printed("--set", "correlation.copula=t", "--set", "correlation.degrees_of_freedom=5")
    assert "t copula with 5 degrees of freedom" in tails
    row = next(row for row in rows(tails) if row[:2] == ["gas", "power"])
    assert row[2:4] == ["0.6", "0.6000"]
    assert 0.59 < float(row[4]) < 0.6


def test_plan__lists_the_defaults_that_were_applied() -> None:
    found = rows(printed())
    for row in (
        ["run.memory_mib", "null"],
        ["run.workers", "null"],
        ["correlation.copula", "gaussian"],
        ["projects.*.construction.imported_share", "0", "1 of 2"],
        ["projects.*.construction.overrun.reference_class.body", "0.7, 1.5", "1 of 2"],
        ["projects.*.operation.availability.law.beta.max", "1", "2 of 2"],
    ):
        assert row in found
    text = printed("--set", "run.memory_mib=2000")
    for given in ("run.paths ", "run.memory_mib ", "budget", "factors.*.process", "title"):
        assert given not in text.split("Defaults applied")[1]


def test_defaults__null_and_empty_only_where_they_tell_something() -> None:
    loaded = load(STARTER)
    found = {default.path: default for default in defaults(loaded.study, loaded.places.given())}
    assert found["run.workers"].value is None
    assert not {path for path in found if path.endswith((".season", "s.*.cap", ".truncate", ".knots", ".growth"))}
    assert found["projects.*.operation.fuel.basis"][1:] == (1.0, 1, 2)


@pytest.mark.parametrize("study", [STARTER, ROOT / "configs" / "japan_us_2026.yaml"], ids=["starter", "main"])
def test_plan__fits_100_columns(study: Path) -> None:
    console = Console(width=100, file=StringIO())
    console.print(page(plan(spvrisk.overview(spvrisk.load(study)))))
    text = console.file.getvalue()
    assert max(map(len, text.splitlines())) <= 100
    assert "…" not in text


def test_plan__json_is_the_resolved_study() -> None:
    found = json.loads(printed("--json"))
    assert found["run"]["memory_mib"] is None
    assert list(found["projects"]) == ["gas_plant", "port"]


def test_plan__tells_split_terms_and_stack_in_whole_steps() -> None:
    deal = str(Path(__file__).parents[1] / "config" / "data" / "deal.yaml")
    text = " ".join(CliRunner().invoke(main, ["plan", deal]).stdout.split())
    for told in (
        "periodic: 50 % to the funder until the deemed amount is paid, then 10 %; base_rate + 1.5 % over 20 years, all "
        "projects in one pool",
        "60 %, then 20 %, if anything is overdue 18 years after completion",
        "50 % of the funder's part to the host after a decline, for 12 steps",
        "policy bank 32 % at base_rate + 1.1 %, banks 66 % at base_rate + 1.8 %, equity 2 %",
        "repaid in 68 steps, sweep 90 %",
        "covers 95 % of the banks' loans after a wait of 2 steps, for a premium of 0.7 % a year",
    ):
        assert told in text, told


def test_plan__says_what_a_repair_changes() -> None:
    wrong = "correlation.pairs={wages: {steel: 0.9, gas: 0.9}, steel: {gas: -0.2}, power: {base_rate: 1}}"
    text = printed("--set", wrong, "--set", "correlation.repair=nearest")
    assert re.search(r"wages +steel +0\.9 +0\.689991 +0\.6900", text)
    assert re.search(r"power +base_rate +1 +- +1\.0000 +1\.0000", text)
    assert "Repaired: 3 of 4 pairs changed" in text
    assert "epaired" not in printed("--set", "correlation.repair=nearest")
