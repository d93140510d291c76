"""The README's summary is what the main study prints."""

import re
import shutil

import pytest

import spvrisk
from renew_readme import README, beginning, renew, shown


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
    renew(results)
    assert shown() == beginning(results) != before
    old, new = (path.read_text(encoding="utf-8") for path in (README, copy))
    assert new == old.replace(before, beginning(results))
