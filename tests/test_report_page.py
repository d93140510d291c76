"""The page on reports: its commands and its Python run in an empty folder, and no section is left out."""

import re
from pathlib import Path

from click.testing import CliRunner

from spvrisk.cli import main
from spvrisk.report.page.contents import _SECTIONS

PAGE = Path(__file__).parents[1] / "docs" / "report.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_page__its_commands_and_its_python_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = [line.split("  #")[0].strip() for line in TEXT.splitlines() if line.startswith("    spvrisk ")]
    commands = [command.split()[1:] for line in lines for command in line.split(" && ")]
    for command in commands:
        done = CliRunner().invoke(main, command)
        assert done.exit_code == 0, (command, done.output)
    (python,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    exec(compile(python, str(PAGE), "exec"), {})
    assert Path("again.html").read_bytes() == Path("with_scenarios.html").read_bytes()


def test_page__names_every_section():
    assert [planned.title.text for planned in _SECTIONS if planned.title.text not in TEXT] == []
