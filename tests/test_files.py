"""Texts that are kept in the user's cache folder."""

import os
import sys
from datetime import date
from pathlib import Path

import pytest

from spvrisk.files import cached_text
from spvrisk.plan.calendar import holidays_of

VARIABLE = {"win32": "LOCALAPPDATA"}.get(sys.platform, "XDG_CACHE_HOME")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    if sys.platform == "darwin":
        monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    return tmp_path


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_cached_text__is_made_once_for_each_key(cache: Path) -> None:
    made: list[str] = []

    def make() -> str:
        made.append("x")
        return f"日 {len(made)}"

    assert cached_text("a", "k", make) == cached_text("a", "k", make) == "日 1"
    assert cached_text("a", "other", make) == "日 2"
    assert len(files(cache)) == 2


def test_cached_text__file_that_cannot_be_read_is_made_anew(cache: Path) -> None:
    cached_text("a", "k", lambda: "good")
    (file,) = files(cache)
    file.write_bytes(b"\xff\xfe")
    assert cached_text("a", "k", lambda: "again") == "again"
    assert cached_text("a", "k", lambda: "never") == "again"


def test_cached_text__works_where_nothing_can_be_written(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (cache / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv(VARIABLE, os.fspath(cache / "file"))
    monkeypatch.setenv("HOME", os.fspath(cache / "file"))
    assert cached_text("a", "k", lambda: "made") == "made"
    assert cached_text("a", "k", lambda: "made again") == "made again"


def test_cached_text__error_while_making_leaves_nothing(cache: Path) -> None:
    def fail() -> str:
        raise NotImplementedError("XX")

    with pytest.raises(NotImplementedError):
        cached_text("a", "k", fail)
    assert files(cache) == []


def test_holidays__kept_ones_are_those_of_the_package(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = holidays_of(["US", "JP"], [2026, 2027])
    assert {date(2026, 7, 3), date(2026, 7, 4), date(2026, 1, 1), date(2027, 5, 5)} <= first  # 4 July is a Saturday
    monkeypatch.setitem(sys.modules, "holidays", None)  # cannot be imported any more
    assert holidays_of(["US", "JP"], [2026, 2027]) == first
    assert holidays_of([], [2026]) == set()
    with pytest.raises(ImportError):
        holidays_of(["US"], [2026])
