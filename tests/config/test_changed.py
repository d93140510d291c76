"""`Loaded.changed`: other studies from the same files, as loading with the same overrides would give them."""

import shutil
from pathlib import Path

import pytest

from spvrisk.config import load
from spvrisk.errors import InputError

ROOT = Path(__file__).parents[2]
STUDY = ROOT / "configs" / "japan_us_2026.yaml"
DEAL = Path(__file__).parent / "data" / "deal.yaml"

GOOD = {
    "nothing": {},
    "a number": {"projects.smr.budget": 41000},
    "a law": {"projects.smr.construction.overrun": {"lognormal": {"mean": 1.4, "sd": 0.5}}},
    "a warning": {"projects.smr.budget": 33.3},
    "machinery": {"run.workers": 3, "run.memory_mib": 64},
    "terms": {"agreement.split.spread": 0.02, "agreement.split.mode": "cumulative"},
    "a project taken out": {"projects.diamond": None},
}
BAD = {
    "a range": {"agreement.split.first_share": 1.5},
    "no path": {"projects.smr.bugdet": 3},
    "between parts": {"agreement.split.reference_rate": "nothing"},
    "a key taken out": {"projects.smr.budget": None},
    "two at once": {"run.paths": 0, "agreement.split.reference_rate": "nothing"},
    "no file": {"projects.smr.construction.overrun": {"empirical": {"csv": "none.csv", "column": "x"}}},
}


@pytest.fixture(scope="module")
def loaded():
    return load(STUDY)


@pytest.mark.parametrize("changes", GOOD.values(), ids=GOOD)
def test_changed__is_what_loading_gives(loaded, changes):
    found, wanted = loaded.changed(changes), load(STUDY, changes)
    assert found == wanted and found.digest == wanted.digest
    assert found.overrides == wanted.overrides and found.warnings == wanted.warnings


@pytest.mark.parametrize("changes", BAD.values(), ids=BAD)
def test_changed__refuses_what_loading_refuses(loaded, changes):
    with pytest.raises(InputError) as wanted:
        load(STUDY, changes)
    for _ in range(2):  # what was wrong once leaves nothing behind
        with pytest.raises(InputError) as found:
            loaded.changed(changes)
        assert found.value.problems == wanted.value.problems
    assert loaded.changed({}) == loaded


def test_changed__follows_the_changes_that_are_there():
    first, second = ["run.paths=1000", "projects.smr.budget=41000"], {"projects.smr.budget": 42000}
    found = load(STUDY, first).changed(second)
    assert found == load(STUDY, [*first, "projects.smr.budget=42000"])
    assert found.study.run.paths == 1000 and found.study.projects["smr"].budget == 42000


def test_changed__leaves_the_study_as_it_is(loaded):
    digest = loaded.digest
    assert loaded.changed(GOOD["a number"]).digest != digest
    assert loaded.changed({}).digest == digest == load(STUDY).digest


@pytest.mark.parametrize("study", [DEAL, ROOT / "tests" / "data" / "tables" / "study.yaml"], ids=lambda path: path.stem)
def test_changed__reads_no_file_again(study, tmp_path):
    shutil.copytree(study.parent, tmp_path / "study")
    loaded = load(tmp_path / "study" / study.name)
    shutil.rmtree(tmp_path / "study")
    changes = {"run.paths": 77, "study.horizon_years": loaded.study.study.horizon_years + 1}
    found = loaded.changed(changes)
    assert found.digest == load(study, changes).digest
    assert found.texts == loaded.texts


def test_changed__knows_the_files_of_its_own_laws(tmp_path):
    starter = ROOT / "engine" / "spvrisk" / "data" / "starter.yaml"
    shutil.copy(starter, tmp_path / "study.yaml")
    for name in ("one", "two"):
        (tmp_path / f"{name}.csv").write_text("x\n1\n1.5\n", encoding="utf-8")
    law = {"projects.port.construction.overrun": {"empirical": {"csv": "one.csv", "column": "x"}}}
    loaded = load(tmp_path / "study.yaml")
    first = loaded.changed(law)
    second = loaded.changed({**law, "projects.port.construction.overrun.empirical.csv": "two.csv"})
    assert list(loaded.texts) == ["study.yaml"]
    assert list(first.texts) == ["study.yaml", "one.csv"]
    assert list(second.texts) == ["study.yaml", "two.csv"]
    assert first.changed({"run.paths": 5}) == load(tmp_path / "study.yaml", {**law, "run.paths": 5})


def test_problems__are_errors_or_warnings(loaded):
    with pytest.raises(InputError) as caught:
        loaded.changed(BAD["two at once"])
    assert {problem.severity for problem in caught.value.problems} == {"error"}
    assert {problem.severity for problem in loaded.changed(GOOD["a warning"]).warnings} == {"warning"}
