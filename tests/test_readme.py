"""The README's summary is what the main study prints."""

import re
import shlex
import shutil
from pathlib import Path

import click
import pytest

import spvrisk
from played_pages import words
from renew_readme import PICTURE, README, beginning, renew, shown
from spvrisk.cli import main

COMMAND = re.compile(r"^    (?:\.venv/bin/)?spvrisk (.*)|`spvrisk ([a-z]+ [^`]*)`", re.MULTILINE)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    study = spvrisk.load(README.parent / "configs" / "japan_us_2026.yaml")
    with spvrisk.run(study, paths=5000, out=tmp_path_factory.mktemp("readme") / "main.h5") as results:
        yield results


def skeleton(text: str, projects: list[str]) -> list[str]:
    """Words of a text: numbers are alike, and projects where they are ranked by a number."""
    text = re.sub(r"[-+]?\d[\d,.]*\d|\d", "#", " ".join(text.split()))
    text = re.sub(rf"\b({'|'.join(projects)}) # %", "project # %", text)
    return re.sub("─+", "─", text).split()


def test_summary__readme_has_the_lines_that_the_report_gives(results):
    projects = list(results.tables().labels.projects)
    assert len(shown()) > 2000
    assert skeleton(shown(), projects) == skeleton(beginning(results), projects)


def test_picture__is_of_the_run_whose_summary_is_shown():
    assert f"({PICTURE.relative_to(README.parent)})" in README.read_text(encoding="utf-8")
    mean, shortfall = (figure(PICTURE, of) for of in ("mean", "expected shortfall 99 %"))
    summary = " ".join(shown().split())
    assert f"portfolio {mean} " in summary and f"Worst 1 % of paths: a loss of {shortfall} on average" in summary


def figure(picture: Path, of: str) -> str:
    """What a mark of a distribution says."""
    (found,) = (text.removeprefix(f"{of}: ") for text in words(picture) if text.startswith(f"{of}: "))
    return found


def test_commands__of_the_readme_are_understood(tmp_path, monkeypatch):
    """With the options that they have; what they do is tested where they are told of."""
    monkeypatch.chdir(tmp_path)
    text = README.read_text(encoding="utf-8")
    commands = [found for pair in COMMAND.findall(text) for found in pair if found]
    assert len(commands) > 40
    for line in commands:
        name, *words_of = shlex.split(line, comments=True)
        command = main.get_command(click.Context(main), name)
        assert command is not None, line
        command.make_context(name, words_of)


def test_scenarios__those_of_the_readme_are_sound_and_change_the_study(tmp_path):
    shutil.copytree(README.parent / "configs", tmp_path / "configs")
    (text,) = re.findall(r"```yaml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "what_if.yaml").write_text(text, encoding="utf-8")
    planned = spvrisk.plan_scenarios(tmp_path / "what_if.yaml", paths=1)
    names = [variant.scenario.name for variant in planned.variants]
    assert names == ["base", "dear_gas", "dear_works", "year_later", "no_cap", "korea"]
    assert len({variant.job.id for variant in planned.variants}) == len(names)
    assert planned.warnings == []


def test_renew__changes_nothing_but_the_block(results, tmp_path, monkeypatch):
    copy = tmp_path / "README.md"
    copy.write_bytes(README.read_bytes())
    before = shown()
    monkeypatch.setattr("renew_readme.README", copy)
    monkeypatch.setattr("renew_readme.PICTURE", tmp_path / "picture.svg")
    renew(results)
    assert shown() == beginning(results) != before
    assert f"portfolio {figure(tmp_path / 'picture.svg', 'mean')} " in " ".join(shown().split())
    old, new = (path.read_text(encoding="utf-8") for path in (README, copy))
    assert new == old.replace(before, beginning(results))
