"""A result gives back the files that made it, and nothing outside of the folder that is named."""

import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

import spvrisk
from spvrisk.cli import main
from spvrisk.errors import InputError
from spvrisk.experiments.restore import restored

MAIN = Path(__file__).resolve().parents[2] / "configs" / "japan_us_2026.yaml"


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    study, out = spvrisk.load(MAIN, ["projects.smr.budget=39000"]), tmp_path_factory.mktemp("made") / "r.h5"
    with spvrisk.run(study, paths=50, seed=7, out=out) as results:
        return results.tables()


def test_restore__the_command_makes_the_same_content(result, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = CliRunner().invoke(main, ["info", str(result.source), "--config", "again"]).stdout.strip()
    assert said == "spvrisk run again/japan_us_2026.yaml --paths 50 --seed 7 --set projects.smr.budget=39000"
    assert (tmp_path / "again/shared/projects_2026.yaml").read_bytes() == (
        MAIN.parent / "shared/projects_2026.yaml"
    ).read_bytes()
    done = CliRunner().invoke(main, [*shlex.split(said)[1:], "--out", "again.h5"])
    assert done.exit_code == 0, done.output
    with spvrisk.open("again.h5") as again:
        assert again.attributes["content_sha256"] == result.attributes["content_sha256"]


def test_restore__a_folder_that_holds_something_is_refused(result, tmp_path):
    (tmp_path / "mine").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="must be a new or an empty folder"):
        restored(result, tmp_path)
    with pytest.raises(InputError, match="cannot be written to"):
        restored(result, tmp_path / "mine")


@pytest.mark.parametrize(
    "name", ["../a.yaml", "/etc/a.yaml", "a/../../b.yaml", "C:\\a.yaml", "C:a.yaml", "a\\..\\b", "a\0b"]
)
def test_restore__names_that_lead_elsewhere_are_refused(result, name, tmp_path):
    other = replace(result, provenance={**result.provenance, "sources": {"a.yaml": "", name: ""}})
    with pytest.raises(InputError, match="names a file outside of the folder"):
        restored(other, tmp_path / "new")
    assert not (tmp_path / "new").exists()
