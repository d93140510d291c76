"""``spvrisk init`` and the atomic write under it."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from spvrisk import load, plan_scenarios
from spvrisk.cli import COMMANDS, main
from spvrisk.errors import InputError
from spvrisk.files import Kind, atomic_write

CONFIGS = Path(__file__).parents[2] / "configs"


def test_init__writes_a_study_that_validates(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    runner = CliRunner()
    assert runner.invoke(main, ["init", str(path)]).exit_code == 0
    assert "illustrative" in path.read_text(encoding="utf-8")
    result = runner.invoke(main, ["validate", str(path)])
    assert result.exit_code == 0 and "0 warnings" in result.stdout


def test_init__keeps_a_file_that_is_there(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("mine", encoding="utf-8")
    runner = CliRunner()
    result = runner.invoke(main, ["init", str(path)])
    assert result.exit_code == 2
    assert result.stderr == f"{path}: exists already; name another file, or add --overwrite\n"
    assert path.read_text(encoding="utf-8") == "mine"
    result = runner.invoke(main, ["init", str(path), "--overwrite"])
    assert result.exit_code == 2 and "must be a starter file that nobody has edited to be repl" in result.stderr
    assert path.read_text(encoding="utf-8") == "mine"
    path.unlink()
    assert runner.invoke(main, ["init", str(path)]).exit_code == 0
    starter = path.read_text(encoding="utf-8")
    assert runner.invoke(main, ["init", str(path), "--overwrite"]).exit_code == 0
    assert path.read_text(encoding="utf-8") == starter


def test_init__names_study_yaml_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(main, ["init"]).exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["study.yaml"]


@pytest.mark.parametrize("name", ["no/such/folder.yaml", "."])
def test_init__where_nothing_can_be_written(name: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["init", str(tmp_path / name), "--overwrite"])
    assert result.exit_code == 2
    assert "Traceback" not in result.stderr and ";" in result.stderr


def test_atomic_write__leaves_the_old_file_when_it_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "f"
    path.write_text("old", encoding="utf-8")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(InputError, match="cannot be written: no space left on device"):
        atomic_write(path, b"new", overwrite=True, kind=Kind("a file", lambda _: True))
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_init__main_study_with_its_scenarios(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = CliRunner().invoke(main, ["init", "--kind", "japan_us"])
    assert shown.exit_code == 0 and shown.stdout == ""
    first, *following = shown.stderr.splitlines()
    assert first == f"wrote {Path('configs', 'japan_us_2026.yaml')}; next:"
    assert load("configs/japan_us_2026.yaml").digest == load(CONFIGS / "japan_us_2026.yaml").digest
    written = {path.relative_to("configs"): path.read_bytes() for path in Path("configs").rglob("*") if path.is_file()}
    assert written == {path: (CONFIGS / path).read_bytes() for path in written}
    assert {path.parts[0] for path in written} == {"japan_us_2026.yaml", "agreements", "scenarios", "shared"}
    assert len(plan_scenarios("configs/scenarios/safeguards.yaml", paths=1).variants) == 11
    assert len(following) == 3 and all(line.startswith("  spvrisk ") for line in following)
    for line in following:
        command, file, *_ = line.split()[1:]
        assert command in COMMANDS and Path(file).exists()


def test_init__main_study_goes_to_a_new_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine").mkdir()
    Path("mine/notes.txt").touch()
    shown = CliRunner().invoke(main, ["init", "mine", "--kind", "japan_us"])
    assert (shown.exit_code, shown.stderr) == (2, "mine: must be a new or an empty folder; name another\n")
    shown = CliRunner().invoke(main, ["init", "other", "--kind", "japan_us", "--overwrite"])
    assert shown.exit_code == 2 and shown.stderr.startswith("--overwrite: is for a single file, got true;")
    assert [path.name for path in tmp_path.rglob("*")] == ["mine", "notes.txt"]


@pytest.mark.parametrize(("kind", "name"), [("starter", "study.yaml"), ("scenarios", "what_if.yaml")])
def test_init__says_what_to_type_next(kind, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = CliRunner().invoke(main, ["init", "--kind", kind])
    first, *following = shown.stderr.splitlines()
    assert first == f"wrote {name}; next:" and following
    assert all(line.startswith("  spvrisk ") for line in following)
    before = ["  spvrisk init study.yaml"] if kind == "scenarios" else []
    assert following[: len(before)] == before and all(name in line for line in following[len(before) :])


def test_init__scenarios_of_the_starter_study_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for arguments in (["init"], ["init", "what_if.yaml", "--kind", "scenarios"]):
        assert CliRunner().invoke(main, arguments).exit_code == 0
    shown = CliRunner().invoke(main, ["scenarios", "what_if.yaml", "--paths", "200"])
    assert shown.exit_code == 0 and "dear_port" in shown.stdout and "even/x0.9" in shown.stdout
