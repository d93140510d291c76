"""The page on drivers: its commands run in an empty folder."""

from pathlib import Path

from click.testing import CliRunner

from spvrisk.cli import main

PAGE = Path(__file__).parents[1] / "docs" / "drivers.md"


def test_page__its_commands_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = PAGE.read_text(encoding="utf-8")
    lines = [line.split("  #")[0].strip() for line in text.splitlines() if line.startswith("    spvrisk ")]
    commands = [command for line in lines for command in line.split(" && ")]
    assert len(commands) == 7
    for command in commands:
        done = CliRunner().invoke(main, [word.strip('"') for word in command.split()[1:]])
        assert done.exit_code == 0, (command, done.output)
