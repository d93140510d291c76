"""Texts that are kept in the user's cache folder."""

import errno
import os
import platform
import sys
from datetime import date
from pathlib import Path

import pytest

from spvrisk.config.calendars import ClosedDays
from spvrisk.errors import InputError
from spvrisk.files import Held, Kind, atomic_write, cached_text, holding, replacing
from spvrisk.plan.calendar import _holidays_between, holidays_of

ANY = Kind("a file", lambda _: True)
VARIABLE = {"win32": "LOCALAPPDATA"}.get(sys.platform, "XDG_CACHE_HOME")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    if sys.platform == "darwin":
        monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    _holidays_between.cache_clear()  # what other tests have asked for
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
    with pytest.raises(ImportError):  # kept apart by category
        holidays_of(["US", ClosedDays(country="JP", category="bank")], [2026, 2027])
    with pytest.raises(ImportError):
        holidays_of(["US"], [2026])


def test_replacing__two_writers_have_files_of_their_own_and_the_second_is_told(tmp_path: Path) -> None:
    target = tmp_path / "a"
    with pytest.raises(FileExistsError), replacing(target, overwrite=False) as second:
        second.write_text("second")
        with replacing(target, overwrite=False) as first:
            assert first != second
            assert all(path.name.startswith(".") and path.suffix == ".tmp" for path in (first, second))
            first.write_text("first")
    assert target.read_text() == "first"
    assert files(tmp_path) == [target]


@pytest.mark.skipif(os.name != "posix", reason="lengths of names")
@pytest.mark.parametrize("letter", ["x", "\u6e2f"])
def test_atomic_write__name_of_the_greatest_length_and_one_beyond(letter: str, tmp_path: Path) -> None:
    room = os.pathconf(tmp_path, "PC_NAME_MAX")
    longest = letter * (room // len(letter.encode()))
    atomic_write(tmp_path / longest, "x", kind=ANY)
    assert files(tmp_path) == [tmp_path / longest]
    with pytest.raises(InputError, match="cannot be the name of a file: file name too long; choose another name"):
        atomic_write(tmp_path / (longest + letter), "x", kind=ANY)


@pytest.mark.skipif(os.name != "posix", reason="modes")
def test_replacing__gives_the_mode_of_the_umask(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    atomic_write(tmp_path / "a", "x", kind=ANY)
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_replacing__works_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", fail)
    atomic_write(tmp_path / "a", "x", kind=ANY)
    with pytest.raises(FileExistsError), replacing(tmp_path / "a", overwrite=False):
        pass
    assert files(tmp_path) == [tmp_path / "a"]


@pytest.mark.skipif(os.name != "posix", reason="links and devices")
def test_atomic_write__follows_links_and_refuses_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    atomic_write(tmp_path / "link", "new", overwrite=True, kind=ANY)
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").read_text() == "new"
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "circle").symlink_to("circle")
    for name in (tmp_path / "pipe", tmp_path / "circle", Path(os.devnull)):
        with pytest.raises(InputError, match="must be a regular file.*name another"):
            atomic_write(name, "x", overwrite=True, kind=ANY)


def test_holding__is_held_by_one_and_told_by_name(tmp_path):
    lock = tmp_path / "there" / "lock"
    with holding(lock):
        assert lock.read_text() == f"process {os.getpid()} on {platform.node()}"
        with pytest.raises(Held, match=f"process {os.getpid()} on "), holding(lock):
            pass
    assert not lock.exists()
    with holding(lock):
        pass


def test_holding__where_a_file_system_has_no_locks_it_lets_everyone_in(tmp_path, monkeypatch):
    import fcntl

    def none(*_):
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(fcntl, "flock", none)
    with holding(tmp_path / "lock"), holding(tmp_path / "lock"):
        pass
