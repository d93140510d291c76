"""Files that are none, that never end or are too large: refused at once; nothing outside the study's folder is read."""

import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import spvrisk
from mutations import limited
from spvrisk.config.reading import files
from spvrisk.errors import InputError
from spvrisk.files import NotPlainError, read_plain

STARTER = Path(__file__).parents[2] / "engine" / "spvrisk" / "data" / "starter.yaml"
TEXT = STARTER.read_text(encoding="utf-8")
COLUMN = "projects.port.construction.duration"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes, devices and sockets in the file system")


def pipe(path: Path) -> None:
    os.mkfifo(path)


def a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(path))  # the whole path may be too long for one


def link_to_a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def link_to_itself(path: Path) -> None:
    path.symlink_to(path)


KINDS = [pipe, a_socket, Path.mkdir, link_to_a_device, link_to_itself]


def refused(study: Path, changes: dict[str, object] | None = None) -> str:
    with limited(5.0), pytest.raises(InputError) as caught:
        spvrisk.load(study, changes or {})
    return str(caught.value)


@pytest.mark.parametrize("make", KINDS)
def test_study__that_is_no_plain_file(make: Callable[[Path], None], tmp_path: Path) -> None:
    make(tmp_path / "x")
    said = refused(tmp_path / "x")
    assert "must be a plain file" in said or "cannot be read" in said


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize(
    "text",
    [
        "include: [x]\n",
        "projects: {table: x}\n",
        "curves: {usd: {table: x}}\n",
        "correlation: {table: x}\n",
        "laws: {empirical: {csv: x, column: a}}\n",
    ],
)
def test_include_or_table__that_is_no_plain_file(make: Callable[[Path], None], text: str, tmp_path: Path) -> None:
    make(tmp_path / "x")
    study = tmp_path / "study.yaml"
    study.write_text(text, encoding="utf-8")
    said = refused(study)
    assert any(rule in said for rule in ("must be a plain file", "cannot be read x", "must lie in its folder"))


@pytest.mark.parametrize("text", ["include: [{}]\n", "curves: {{usd: {{table: {}}}}}\n"])
@pytest.mark.parametrize("name", ["link.yaml", "folder/other.yaml", "../outside/other.yaml", "{}/other.yaml"])
def test_files__outside_the_studys_folder_are_not_read(name: str, text: str, tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (outside / "other.yaml").write_text("secret: 1\n", encoding="utf-8")
    (inside / "link.yaml").symlink_to(outside / "other.yaml")
    (inside / "folder").symlink_to(outside)
    study = inside / "study.yaml"
    study.write_text(text.format(name.format(outside)), encoding="utf-8")
    said = refused(study)
    assert "must lie in its folder or below" in said and "secret" not in said
    assert "secret" not in refused(
        STARTER, {COLUMN: {"empirical": {"csv": str(outside / "other.yaml"), "column": "a"}}}
    )


def test_read_plain__a_pipe_that_takes_the_place_of_a_file_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    assert read_plain(path, 3) == b"abc"
    with pytest.raises(NotPlainError):
        read_plain(path, 2)
    looked = os.stat(path)
    path.unlink()
    os.mkfifo(path)
    monkeypatch.setattr(os, "stat", lambda *_, **__: looked)
    with limited(5.0), pytest.raises(NotPlainError):
        read_plain(path, 3)


def test_files__have_bounds_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = tmp_path / "study.yaml"
    study.write_text("include: [a.yaml, b.yaml]\n" + TEXT, encoding="utf-8")
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text("# " + "x" * 10_000 + "\nrun: {paths: 7}\n", encoding="utf-8")
    assert spvrisk.load(study).config.run.seed == 1
    monkeypatch.setattr(files, "MAX_YAML_BYTES", study.stat().st_size + 15_000)
    assert "b.yaml:1: files in YAML may have 0 MiB together; use a table" in refused(study)
    monkeypatch.setattr(files, "MAX_ALL_BYTES", study.stat().st_size + 15_000)
    assert 'study.yaml:1: files of a study may have 0 MiB together, got "b.yaml"; leave out' in refused(study)


@pytest.mark.parametrize("sign", ["\u202e", "\u2066", "\u2028", "\u2029", "\x1b", "\x9b"], ids=ascii)
@pytest.mark.parametrize("form", ["# {}\n", 'x: "{}"\n', "{}: 1\n", "x: {}\n"])
def test_texts__what_a_terminal_obeys_is_refused_wherever_it_stands(sign: str, form: str, tmp_path: Path) -> None:
    study = tmp_path / "study.yaml"
    study.write_bytes((TEXT + form.format(sign)).encode())
    said = refused(study)
    assert said.startswith(f"study.yaml:{TEXT.count(chr(10)) + 1}: must be text without control characters")
    assert sign not in said
    written = refused(STARTER, {"study.title.en": f"a{sign}b"})
    assert "text must not hold control characters" in written and sign not in written


def test_texts__japanese_and_other_letters_are_kept() -> None:
    title = "日本　米国 – Ünïcödé ‘’ € 𝔘 עברית"
    assert spvrisk.load(STARTER, {"study.title.en": title}).config.study.title.en == title
