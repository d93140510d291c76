"""``spvrisk assumptions``: of a study and of a result, for people and for programs."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import spvrisk
from spvrisk.cli import main
from spvrisk.config.reading.grounds import CONFIDENCES
from spvrisk.report.text import written
from spvrisk.report.words import english
from spvrisk.views.assumptions import assumptions, page
from spvrisk.views.figures import Note

ROOT = Path(__file__).parents[2]
MAIN = ROOT / "configs" / "japan_us_2026.yaml"
TEXT = (ROOT / "engine" / "spvrisk" / "data" / "starter.yaml").read_text(encoding="utf-8")
BUDGET = 'budget: {value: 400, source: "offer of 2026-01-07", confidence: checked}\n'


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    path = tmp_path_factory.mktemp("assumptions") / "mine.yaml"
    path.write_text(TEXT.replace("budget: 400\n", BUDGET), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def result(study):
    out = study.parent / "r.h5"
    changed = {"projects.port.budget": 420, "projects.gas_plant.budget": 1300}
    spvrisk.run(spvrisk.load(study, changed), paths=64, out=out).close()
    return out


@pytest.fixture(scope="module")
def register():
    return spvrisk.assumptions(MAIN)


def told(*arguments: str | Path) -> str:
    shown = CliRunner().invoke(main, ["assumptions", *map(str, arguments)])
    assert shown.exit_code == 0, shown.output
    return shown.stdout


def test_study__in_a_table(study):
    lines = told(study).splitlines()
    assert lines[0] == "Assumptions of Starter study: a gas plant and a port"
    (row,) = [line for line in lines if line.startswith("budget ")]
    assert re.split(r"  +", row) == ["budget", "400 USD million", "checked: offer of 2026-01-07"]
    counts = re.compile(r"1 checked, 0 reported, \d judgement; \d+ numbers without a source\.")
    assert any(counts.match(line) for line in lines)


def test_json__has_all_of_it(study):
    found = json.loads(told(study, "--json", "--set", "projects.port.budget=410"))
    line = TEXT[: TEXT.index("budget: 400")].count("\n") + 1
    plain = json.loads(told(study, "--json"))
    assert plain["schema"] == "spvrisk.assumptions/1" and plain["study"].startswith("Starter study")
    assert plain["assumptions"][-1] == {
        "path": "projects.port.budget",
        "value": 400,
        "unit": "USD million",
        "source": "offer of 2026-01-07",
        "confidence": "checked",
        "changed": None,
        "place": f"mine.yaml:{line}",
    }
    assert (
        found["assumptions"][-1] | {"value": 400, "changed": None, "place": f"mine.yaml:{line}"}
        == plain["assumptions"][-1]
    )
    assert (found["assumptions"][-1]["value"], found["assumptions"][-1]["changed"]) == (410, "--set 1")
    assert plain["counts"]["without_source"] == len(plain["without_source"]) > 90
    assert found["counts"] == plain["counts"] | {"checked": 0, "changed": 1}


def test_result__has_those_of_its_study_with_the_changes_of_its_run(result):
    lines = told(result).splitlines()
    rows = [re.split(r"  +", line.strip()) for line in lines if line.startswith("budget ")]
    assert rows == [
        ["budget", "1,300 USD million", "changed: by --set 2"],
        ["budget", "420 USD million", "changed: by --set 1; before checked: offer of 2026-01-07"],
    ]
    with spvrisk.open(result) as opened:
        assert spvrisk.assumptions(opened) == spvrisk.assumptions(result)


def test_result__takes_no_changes(result):
    shown = CliRunner().invoke(main, ["assumptions", str(result), "--set", "run.seed=3"])
    assert shown.exit_code == 2
    assert "r.h5:1: must be a text file, got a result (HDF5);" in shown.stderr


def test_result__whose_files_are_no_study_any_more(result, monkeypatch):
    monkeypatch.setattr("spvrisk.config.reading.source.MAX_NODES", 3)
    shown = CliRunner().invoke(main, ["assumptions", str(result)])
    assert shown.exit_code == 2
    assert shown.stderr.startswith(f"files kept in {result}: mine.yaml:")


@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_main_study__fits_the_screen_with_all_it_has(register, width):
    text = written(page(register), width)
    assert max(map(len, text.splitlines())) <= width and "…" not in text
    words = set(text.replace("\n", " ").split())
    missing = [
        word for each in register.assumptions for word in each.source.split() if len(word) < 20 and word not in words
    ]
    assert missing == []


def test_main_study__sections_are_tables_in_the_order_of_the_study(register):
    first, *tables, last = page(register)
    assert english(first.title) == f"Assumptions of {register.title}" and not last.rows
    titles = [figures.title for figures in tables]
    assert titles[-6:] == [f"projects.{name}" for name in spvrisk.load(MAIN).config.projects]
    assert len(set(titles)) == len(titles)
    budget = next(row for row in assumptions(register).rows if row.name == "projects.smr.budget")
    assert budget.cells[:3] == (40000, "USD million", Note("reported")) and budget.cells[4].startswith(
        "shared/projects_2026.yaml:"
    )
    assert sum(len(figures.rows) for figures in tables) == len(register.assumptions) == len(assumptions(register).rows)


def test_main_study__all_that_matters_has_a_source(register):
    """What has none is what an index begins with, how O&M is indexed, and what is certain by definition."""
    allowed = re.compile(
        r"factors\.\w+\.process\.\w+\.start|projects\.\w+\.operation\.(fixed|variable)_om\.indices\.cpi"
        r"|regimes\.general\.states\.s122\.expires\.outcome\.gap|events\.s122_expiry\.probabilities\.is\.\w+"
    )
    assert [path for path in register.without_source if not allowed.fullmatch(path)] == []
    assert register.how_many("checked") < register.how_many("reported") < register.how_many("judgement")
    assert register.changed == 0
    assert all(each.source for each in register.assumptions if each.confidence != "judgement")
    assert {each.confidence for each in register.assumptions} == set(CONFIDENCES)


UNITS = {
    "stack.tenor_years": "years",
    "stack.insurer.capital": "JPY million",
    "agreement.funding.lag_business_days": "business days",
    "agreement.funding.holidays": "",
    "agreement.funding.decision.delay_days": "days",
    "factors.usdjpy.process.gbm.start": "JPY/USD",
    "factors.sofr.process.vasicek.sigma": "1/year per sqrt(year)",
    "factors.henry_hub.process.ou.mean": "USD/MMBtu",
    "regimes.deal.hazards.dormant": "1/year",
    "offtakers.utilities.default_hazard": "1/year",
    "projects.gulflink.budget": "USD million",
    "projects.gulflink.capacity": "bbl/year",
    "projects.gulflink.operation.contract.price": "USD/bbl",
    "projects.gulflink.operation.fixed_om.per_year": "USD/year",
    "projects.smr.operation.contract.price": "USD/MWh",
    "projects.smr.operation.fixed_om.per_mw_year": "USD/MW/year",
    "projects.smr.operation.tax": "",
    "projects.smr.construction.start_delay": "years",
    "projects.smr.construction.overrun": "",
    "projects.diamond.side_flows.supply_chain.rate": "",
    "projects.ohio_gas.operation.developer_fee.amount": "USD million",
    "projects.ohio_gas.capacity_mw": "MW",
}


def test_main_study__units(register):
    found = {each.path: each.unit for each in register.assumptions}
    assert {path: found[path] for path in UNITS} == UNITS


def test_study__without_any_says_how_to_write_them(tmp_path):
    path = tmp_path / "plain.yaml"
    path.write_text(
        re.sub(r"\{value: ([^{},]*), (?:source: [^{},]*, )?confidence: \w+\}", r"\1", TEXT), encoding="utf-8"
    )
    text = told(path)
    assert "0 checked, 0 reported, 0 judgement; " in text
    assert "Write {value: 0.12, source: FT 2026-03-19, confidence: checked} in place of 0.12." in text
