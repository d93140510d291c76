"""The page on curves, dates, cash and obligors: its commands and its Python run in an empty folder."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from spvrisk.cli import main

PAGE = Path(__file__).parents[1] / "docs" / "measures.md"


@pytest.fixture(scope="module")
def text():
    return PAGE.read_text(encoding="utf-8")


def test_page__its_commands_and_its_python_run(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = [line.split("  #")[0].strip() for line in text.splitlines() if line.startswith("    spvrisk ")]
    commands = [command for line in lines for command in line.split(" && ")]
    assert len(commands) == 7
    for command in commands:
        done = CliRunner().invoke(main, command.split()[1:])
        assert done.exit_code == 0, (command, done.output)
    (python,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    exec(compile(python, str(PAGE), "exec"), {})


def test_page__what_it_says_to_keep_can_be_kept(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (keep,) = re.findall(r"`--set (output\.paths=\S+)`", text)
    study = Path(__file__).parent / "data" / "pipeline.yaml"
    run = ["run", str(study), "--paths", "64", "--set", keep, "--out", "kept.h5"]
    assert CliRunner().invoke(main, run).exit_code == 0
    for command in ("curve", "confidence", "obligors"):
        done = CliRunner().invoke(main, [command, "kept.h5"])
        assert done.exit_code == 0 and "replaying" not in done.stderr
