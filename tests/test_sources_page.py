"""What docs/sources.md shows works, on the starter study beside it."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import spvrisk
from spvrisk.cli import main
from spvrisk.config.reading.grounds import CONFIDENCES

PAGE = (Path(__file__).parents[1] / "docs" / "sources.md").read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    spvrisk.init("study.yaml")
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    Path(text.splitlines()[0].removeprefix("# ")).write_text(text, encoding="utf-8")
    return tmp_path


def test_study__is_that_without_sources(folder):
    plain = {
        "projects.port.budget": 420,
        "projects.port.construction.overrun": {"lognormal": {"p10": 0.95, "p90": 1.7}},
        "projects.port.construction.duration": {"pert": {"min": 0.9, "mode": 1.1, "max": 2.2}},
    }
    assert spvrisk.load("priced.yaml").digest == spvrisk.load("study.yaml", plain).digest


def test_commands__and_python(folder):
    Path("results").mkdir()
    spvrisk.run(spvrisk.load("priced.yaml"), paths=64, out="results/priced.h5").close()
    commands = re.findall(r"^    (spvrisk .*?)(?:  +#.*)?$", PAGE, re.MULTILINE)
    assert len(commands) == 3
    for command in commands:
        shown = CliRunner().invoke(main, command.split()[1:])
        assert shown.exit_code == 0 and "offer of the builder" in shown.stdout, command
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, object] = {}
    exec(code, names)
    assert [each.confidence for each in names["found"].assumptions[-3:]] == ["checked", "reported", "judgement"]


def test_words__are_those_of_the_language():
    assert re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE) == ["confidence", *CONFIDENCES]
