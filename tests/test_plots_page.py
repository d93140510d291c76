"""The page on pictures: its commands and its Python run in an empty folder, and no picture is left out."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from spvrisk.charts.registry import CHARTS
from spvrisk.cli import main

PAGE = Path(__file__).parents[1] / "docs" / "plots.md"


@pytest.fixture(scope="module")
def text():
    return PAGE.read_text(encoding="utf-8")


def test_page__its_commands_and_its_python_run(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    levers, unsure = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    Path("levers.yaml").write_text(levers, encoding="utf-8")
    Path("unsure.yaml").write_text(unsure, encoding="utf-8")
    lines = [line.split("  #")[0].strip() for line in text.splitlines() if line.startswith("    spvrisk ")]
    commands = [command.split()[1:] for line in lines for command in line.split(" && ")]
    for command in commands:
        done = CliRunner().invoke(main, command)
        assert done.exit_code == 0, (command, done.output)
    drawn = [command for command in commands if command[0] == "plot"]
    assert {command[1] for command in drawn} == set(CHARTS)
    assert all(Path(command[-1]).stat().st_size > 10_000 for command in drawn)
    (python,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    exec(compile(python, str(PAGE), "exec"), {})


def test_page__tells_how_to_read_every_picture(text):
    table = text[text.index("## How to read them") :]
    assert [name for name in CHARTS if f"`{name}`" not in table] == []
