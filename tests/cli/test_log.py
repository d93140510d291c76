"""Lines of a run: each event, and once a minute what is done, how fast, and what is left."""

import io
from pathlib import Path

import pytest
from click.testing import CliRunner

import spvrisk
from spvrisk.cli import log as subject
from spvrisk.cli import main
from spvrisk.cli.log import RUNNING, Log, Minutes

STARTER = str(Path(spvrisk.__file__).parent / "data" / "starter.yaml")


def test_minutes__rate_is_of_what_is_done_since_the_start(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(subject.time, "monotonic", lambda: now[0])
    file = io.StringIO()
    minutes = Minutes(Log(file), 10_000, "path")
    minutes.announce("planning")
    minutes.advance(4000)  # there already
    now[0] = 200.0
    minutes.announce(RUNNING)
    for seconds in (30.0, 59.0, 61.0, 90.0, 125.0):
        now[0] = 200.0 + seconds
        minutes.advance(500)
    assert file.getvalue().splitlines() == [
        "planning ...",
        "running ...",
        "5,500 of 10,000 paths, 25 a second, 0:03:03 left",
        "6,500 of 10,000 paths, 20 a second, 0:02:55 left",
    ]


def test_log_file__has_dated_lines_and_is_added_to(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for seed in "12":
        done = CliRunner().invoke(
            main, ["run", STARTER, "--paths", "64", "--out", f"{seed}.h5", "--log-file", "run.log"]
        )
        assert done.exit_code == 0, done.output
    lines = Path("run.log").read_text(encoding="utf-8").splitlines()
    stages = [line.partition(" ")[2] for line in lines]
    assert stages[0] == "planning ..." and stages.count("publishing ...") == 2
    assert all(line[:4].isdigit() and line[10] == "T" for line in lines)


@pytest.mark.parametrize(
    "content", [b"\x89HDF\r\n\x1a\n", b"my notes\n", b"2026 was a good year\n", b"2026-12-01T00:00:00"]
)
def test_log_file__a_file_of_another_kind_is_refused(content, tmp_path, monkeypatch):
    """Lines behind a result, or a text of somebody's own, would spoil it."""
    monkeypatch.chdir(tmp_path)
    Path("other").write_bytes(content)
    done = CliRunner().invoke(main, ["run", STARTER, "--paths", "64", "--out", "r.h5", "--log-file", "other"])
    assert done.exit_code == 2 and "--log-file: must be a log of spvrisk, or a new file, got other" in done.output
    assert Path("other").read_bytes() == content and not Path("r.h5").exists()


def test_log_file__an_empty_file_is_taken(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("run.log").touch()
    done = CliRunner().invoke(main, ["run", STARTER, "--paths", "64", "--out", "r.h5", "--log-file", "run.log"])
    assert done.exit_code == 0 and Path("run.log").stat().st_size


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("study.yaml", "must not be a file that the command reads"),
        ("nowhere/run.log", "cannot be written"),
        (".", "regular"),
    ],
)
def test_log_file__that_cannot_be_is_refused(name, rule, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = Path(STARTER).read_text(encoding="utf-8")
    Path("study.yaml").write_text(text, encoding="utf-8")
    done = CliRunner().invoke(main, ["run", "study.yaml", "--paths", "64", "--out", "r.h5", "--log-file", name])
    assert done.exit_code == 2 and rule in done.output
    assert Path("study.yaml").read_text(encoding="utf-8") == text and not Path("r.h5").exists()
