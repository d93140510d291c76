"""``spvrisk validate``."""

import json
import re
from pathlib import Path

from click.testing import CliRunner

from spvrisk.cli import main
from spvrisk.config import load

STARTER = Path(__file__).parents[2] / "engine" / "spvrisk" / "data" / "starter.yaml"


def test_validate__says_what_it_found() -> None:
    result = CliRunner().invoke(main, ["validate", str(STARTER)])
    assert result.exit_code == 0
    assert result.stdout == "ok: 2 projects, 6 factors, 1 regime, 1 event, 160 steps; 0 warnings\n"
    assert result.stderr == ""


def test_validate__warnings_go_to_stderr_and_do_not_fail() -> None:
    edits = ("life_years=15", "contract.tenor_years=15")
    args = [
        "validate",
        str(STARTER),
        *(part for edit in edits for part in ("--set", f"projects.port.operation.{edit}")),
    ]
    result = CliRunner().invoke(main, args)
    assert result.exit_code == 0
    assert result.stdout.endswith("1 warning\n")
    assert result.stderr.startswith("warning: --set 1 projects.port.operation.life_years: is shorter")


def test_validate__lists_all_mistakes_of_file_and_options() -> None:
    args = ["validate", str(STARTER), "--set", "run.paths=0", "--set", "run.sede=1"]
    result = CliRunner().invoke(main, args)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == ["--set 1 run.paths", "--set 2 run.sede"]


def test_validate__json_for_programs() -> None:
    runner = CliRunner()
    good = runner.invoke(main, ["validate", str(STARTER), "--json"])
    report = json.loads(good.stdout)
    assert good.exit_code == 0
    assert report["schema"] == "spvrisk.validate/1"
    assert report["ok"] is True and report["errors"] == [] and report["warnings"] == []
    assert re.fullmatch("[0-9a-f]{64}", report["digest"]) and report["digest"] == load(STARTER).digest
    bad = runner.invoke(main, ["validate", str(STARTER), "--json", "--set", "run.paths=0"])
    (error,) = json.loads(bad.stdout)["errors"]
    assert bad.exit_code == 2
    assert set(error) == {"place", "path", "rule", "value", "remedy", "severity"} and error["severity"] == "error"
    assert (error["place"], error["path"], error["value"]) == ("--set 1", "run.paths", "0")


def test_validate__missing_file() -> None:
    result = CliRunner().invoke(main, ["validate", "nowhere.yaml"])
    assert result.exit_code == 2
    assert result.stderr == "nowhere.yaml: cannot be read: no such file; check the path\n"
