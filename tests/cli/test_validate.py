"""``spvrisk validate``."""

import json
import re
from pathlib import Path

import pytest
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


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (["run.paths=2147483648"], "--set 1 run.paths: must lie in [1, 2147483647], got 2147483648; write a number in"),
        (
            ["run.paths=100000000", "run.memory_mib=400"],
            "--set 2 run.memory_mib: 100,000,000 paths of 64 series must fit",
        ),
    ],
    ids=["more than can be numbered", "more than the study's memory"],
)
def test_validate__runs_that_can_never_be_are_refused(settings, told) -> None:
    result = CliRunner().invoke(
        main, ["validate", str(STARTER), *(part for one in settings for part in ("--set", one))]
    )
    assert result.exit_code == 2 and result.stderr.startswith(told)


def test_validate__what_fits_on_the_disk_is_sound() -> None:
    settings = ("--set", "run.paths=3000000", "--set", "run.memory_mib=1000")
    assert CliRunner().invoke(main, ["validate", str(STARTER), *settings]).exit_code == 0
