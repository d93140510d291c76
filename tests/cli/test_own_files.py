"""No output takes the place of what the command reads, nor of what spvrisk has not written."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from click.testing import CliRunner
from scipy.io import netcdf_file

from small_run import write_small
from spvrisk.cli import main
from spvrisk.config.schema import _comment

STARTER = Path(__file__).parents[2] / "engine" / "spvrisk" / "data" / "starter.yaml"
TEXT = STARTER.read_text(encoding="utf-8")

INPUTS = ("study.yaml", "parts/factors.yaml", "pairs.csv", "curve.csv", "projects.csv", "column.csv")
"""Every way in which a study reads a file."""


def outside(path: Path, name: str) -> Path:
    """A name for a link, in a folder of its own."""
    folder = path.parents[len(path.parts) - 1 - path.parts.index("work")] / "elsewhere"
    folder.mkdir(exist_ok=True)
    return folder / name


def symlink(path: Path) -> Path:
    link = outside(path, "link.h5")
    link.symlink_to(path)
    return link


def hard_link(path: Path) -> Path:
    link = outside(path, "hard.h5")
    os.link(path, link)
    return link


def linked_folder(path: Path) -> Path:
    link = outside(path, "folder")
    link.symlink_to(path.parent)
    return link / path.name


def link_to_a_link(path: Path) -> Path:
    link = outside(path, "second.h5")
    link.symlink_to(symlink(path))
    return link


def other_case(path: Path) -> Path:
    if not path.with_name(path.name.upper()).exists():
        pytest.skip("a file system that tells cases apart")
    return path.with_name(path.name.upper())


WAYS: dict[str, Callable[[Path], Path]] = {
    "as it is": lambda path: path,
    "relative": lambda path: Path(os.path.relpath(path)),
    "by a detour": lambda path: path.parent / ".." / path.parent.name / path.name,
    "symbolic link": symlink,
    "link to a link": link_to_a_link,
    "hard link": hard_link,
    "linked folder": linked_folder,
    "other case": other_case,
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


def write_study(folder: Path) -> None:
    """The starter study, cut into all kinds of files."""
    head, laws = TEXT.split("regimes:\n", 1)
    (folder / "parts").mkdir()
    factors = head[head.index("factors:") : head.index("# Correlation")]
    (folder / "parts" / "factors.yaml").write_text(factors, encoding="utf-8")
    (folder / "pairs.csv").write_text("first,second,value\nwages,steel,0.3\n", encoding="utf-8")
    (folder / "curve.csv").write_text("years,rate\n0,0.04\n10,0.042\n", encoding="utf-8")
    (folder / "column.csv").write_text("overrun\n0.9\n1.1\n1.4\n", encoding="utf-8")
    (folder / "projects.csv").write_text("name,budget\nother_port,300\n", encoding="utf-8")
    text = "include: [parts/factors.yaml]\n" + head[: head.index("factors:")]
    text = text.replace("usd: {knots: [[0, 0.04], [10, 0.042], [30, 0.045]]}", "usd: {table: curve.csv}")
    text += "correlation: {table: pairs.csv}\nregimes:\n" + laws
    before, port = text.split("  port:\n")
    port = port.split("\n# Stresses:")[0]
    template = "".join(f"  {line}\n" for line in port.splitlines())
    text = text.replace("projects:\n", f"projects:\n  table: projects.csv\n  template:\n{template}", 1)
    pert = "{pert: {min: 0.9, mode: 1.1, max: 2}}"
    assert pert in text and "curve.csv" in text
    text = text.replace(pert, "{empirical: {csv: column.csv, column: overrun}}")
    (folder / "study.yaml").write_text(text, encoding="utf-8")


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def refused(folder: Path, *arguments: str) -> str:
    """Run, see that it ends with code 2 and changes nothing, and give what it says."""
    before = tree(folder.parent)
    done = CliRunner().invoke(main, list(arguments))
    assert done.exit_code == 2, done.output
    assert isinstance(done.exception, SystemExit) and done.stdout == "" and "Traceback" not in done.stderr
    assert tree(folder.parent) == before
    return done.stderr


def test_study__reads_every_file(folder: Path) -> None:
    write_study(folder)
    for name in INPUTS:
        moved = folder / "moved"
        os.rename(name, moved)
        assert CliRunner().invoke(main, ["validate", "study.yaml"]).exit_code == 2, name
        os.rename(moved, name)
    done = CliRunner().invoke(main, ["validate", "study.yaml"])
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("overwrite", [[], ["--overwrite"]], ids=["kept", "overwrite"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", INPUTS)
def test_run__no_input_is_an_output(name: str, way: str, overwrite: list[str], folder: Path) -> None:
    write_study(folder)
    out = WAYS[way](folder / name)
    said = refused(folder, "run", "study.yaml", "--paths", "50", "--out", str(out), *overwrite)
    assert said.startswith(f"{out}: must not be a file that the command reads, got ")
    assert said.endswith("name another file\n")


def test_run__study_where_the_result_goes_by_default(folder: Path) -> None:
    (folder / "results").mkdir()
    (folder / "results" / "mine.h5").write_text(TEXT, encoding="utf-8")
    assert "the command reads" in refused(folder, "run", "results/mine.h5", "--paths", "50", "--overwrite")


@pytest.mark.parametrize("overwrite", [[], ["--overwrite"]], ids=["kept", "overwrite"])
@pytest.mark.parametrize("way", WAYS)
def test_trace__the_result_is_no_output(way: str, overwrite: list[str], folder: Path) -> None:
    write_small(folder / "r.h5", n_paths=20)
    out = WAYS[way](folder / "r.h5")
    assert "the command reads, got r.h5;" in refused(folder, "trace", "r.h5", "--out", str(out), *overwrite)


def text_file(content: str) -> Callable[[Path], None]:
    return lambda path: None if path.write_text(content, encoding="utf-8") else None


def other_hdf5(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.attrs["source"] = "a model of the sea"
        file["x"] = np.arange(3)


def other_netcdf(path: Path) -> None:
    with netcdf_file(path, "w", version=2) as file:
        file.source = b"a model of the sea"


def cut_short(path: Path) -> None:
    write_small(path, n_paths=20)
    path.write_bytes(path.read_bytes()[:5000])


FOREIGN: dict[str, Callable[[Path], None]] = {
    "text": text_file("notes of a year\n"),
    "a study": text_file(TEXT.partition("\n")[2]),
    "other JSON": text_file('{"title": "Study"}\n'),
    "nested JSON": text_file("[" * 100_000),
    "other CSV": text_file("project,budget\nport,400\n"),
    "bytes": lambda path: None if path.write_bytes(bytes(range(256))) else None,
    "another HDF5 file": other_hdf5,
    "another netCDF file": other_netcdf,
    "what was a result": cut_short,
}
WRITERS = {
    "run": ["run", str(STARTER), "--paths", "50", "--overwrite", "--out"],
    "trace": ["trace", "other.h5", "--overwrite", "--out"],
    "export": ["export", "other.h5", "--format", "csv", "--overwrite", "--out"],
    "export a workbook": ["export", "other.h5", "--format", "xlsx", "--overwrite", "--out"],
    "export to Parquet": ["export", "other.h5", "--format", "parquet", "--overwrite", "--out"],
    "export to netCDF": ["export", "other.h5", "--format", "nc", "--overwrite", "--out"],
    "schema": ["schema", "--overwrite", "--out"],
    "init": ["init", "--overwrite"],
}
"""Every command that writes a file."""


@pytest.mark.parametrize("kind", FOREIGN)
@pytest.mark.parametrize("command", WRITERS)
def test_overwrite__leaves_what_is_not_of_its_kind(command: str, kind: str, folder: Path) -> None:
    FOREIGN[kind](folder / "mine")
    write_small(folder / "other.h5", n_paths=20)
    said = refused(folder, *WRITERS[command], "mine")
    assert said.startswith("mine: must be a") and " to be replaced" in said and "or remove this one first" in said


@pytest.mark.parametrize("command", WRITERS)
def test_overwrite__of_its_own_kind_and_of_an_empty_file(command: str, folder: Path) -> None:
    arguments = WRITERS[command]
    if command == "trace":  # which replays what was run
        run = ["run", str(STARTER), "--paths", "50", "--out", "other.h5"]
        assert CliRunner().invoke(main, run).exit_code == 0
    else:
        write_small(folder / "other.h5", n_paths=20)
    (folder / "out").touch()
    for _ in range(2):
        done = CliRunner().invoke(main, [*arguments, "out"])
        assert done.exit_code == 0, done.output
    written = (folder / "out").read_bytes()
    for other in set(WRITERS) - {command, "trace"}:
        shutil.copy("out", "mine")
        refused(folder, *WRITERS[other], "mine")
    assert written and (folder / "out").read_bytes() == written


@pytest.mark.parametrize(
    ("command", "old", "new"), [("init", "budget: 400", "budget: 500"), ("schema", '"minimum": 0', '"minimum": 1')]
)
def test_overwrite__leaves_what_was_edited(command: str, old: str, new: str, folder: Path) -> None:
    arguments = WRITERS[command]
    assert CliRunner().invoke(main, [*arguments, "mine"]).exit_code == 0
    text = (folder / "mine").read_text(encoding="utf-8")
    assert old in text
    (folder / "mine").write_text(text.replace(old, new, 1), encoding="utf-8")
    said = refused(folder, *arguments, "mine")
    assert "that nobody has edited to be replaced, got an edited or another file; name another file" in said


@pytest.mark.parametrize("command", WRITERS)
def test_overwrite__help_says_what_is_replaced(command: str) -> None:
    text = " ".join(CliRunner().invoke(main, [WRITERS[command][0], "--help"]).stdout.split())
    assert "--overwrite Replace the file if " in text


def test_schema__of_an_older_version_is_replaced(folder: Path) -> None:
    assert CliRunner().invoke(main, ["schema", "--out", "s.json"]).exit_code == 0
    schema = json.loads((folder / "s.json").read_text(encoding="utf-8"))
    schema["else"]["properties"].pop("run")
    schema.pop("$comment")
    schema["$comment"] = _comment(schema)  # as that version would have written it
    (folder / "s.json").write_text(json.dumps(schema), encoding="utf-8")
    assert CliRunner().invoke(main, ["schema", "--out", "s.json", "--overwrite"]).exit_code == 0
    assert "run" in json.loads((folder / "s.json").read_text(encoding="utf-8"))["else"]["properties"]
