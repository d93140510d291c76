"""Files that the system withholds: what it said and the remedy, never that the study should run again."""

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import pytest
import xarray
from click.testing import CliRunner

import spvrisk
from small_run import write_small
from spvrisk.cli import main
from spvrisk.dataset.read import open_result
from spvrisk.dataset.soundness import content_of_file
from spvrisk.errors import InputError

COMMANDS = {
    "summary": ["summary", "{}"],
    "summary --json": ["summary", "{}", "--json"],
    "info": ["info", "{}"],
    "trace": ["trace", "{}"],
    "compare": ["compare", "{}", "{}"],
}

UNLOCK = "HDF5_USE_FILE_LOCKING=FALSE"
LOCKED = "Unable to synchronously open file (unable to lock file, errno = {}, error message = '...')"
SAID = {
    errno.EAGAIN: ("another program has the file open (errno 11: resource temporarily unavailable)", "close it there"),
    errno.EACCES: ("no permission to read the file (errno 13: permission denied)", "ask its owner"),
    errno.EPERM: ("no permission to read the file (errno 1: operation not permitted)", "ask its owner"),
    errno.EIO: ("the system cannot read the file (errno 5: input/output error)", "may be intact"),
    errno.EMFILE: ("the system cannot read the file (errno 24: too many open files)", "may be intact"),
    errno.ESTALE: ("the system cannot read the file (errno 116: stale file handle)", "may be intact"),
}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("opening") / "r.h5"
    write_small(path, n_paths=100)
    return path


def told(arguments: list[str], file: Path) -> str:
    done = CliRunner().invoke(main, [argument.format(file) for argument in arguments])
    assert (done.exit_code, done.stdout) == (2, "")
    assert isinstance(done.exception, SystemExit) and "run the study again" not in done.stderr
    assert done.stderr.startswith(f"{file}: ")
    return done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="numbers and words of Linux")
@pytest.mark.parametrize("number", SAID)
@pytest.mark.parametrize("command", COMMANDS)
def test_commands__tell_what_the_system_said(
    command: str, number: int, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, LOCKED.format(number) if number == errno.EAGAIN else "no")

    monkeypatch.setattr(h5py, "File", refuse)
    rule, remedy = SAID[number]
    said = told(COMMANDS[command], file)
    assert rule in said and remedy in said


@pytest.mark.parametrize("number", [errno.EACCES, None])
def test_open__a_lock_by_whatever_number_is_held_by_another(
    number: int | None, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows and some network drives answer with other numbers, or with none."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, LOCKED.format(number)) if number else OSError(LOCKED.format(0))

    monkeypatch.setattr(h5py, "File", refuse)
    with pytest.raises(InputError, match="another program has the file open.*close it there, or wait.*" + UNLOCK):
        open_result(file)


@pytest.mark.parametrize("read", [open_result, content_of_file, spvrisk.open], ids=["read", "digest", "api"])
def test_open__while_another_program_writes(read: object, file: Path) -> None:
    code = "import sys, h5py\nwith h5py.File(sys.argv[1], 'a'):\n    print('held', flush=True)\n    sys.stdin.read()\n"
    command = [sys.executable, "-c", code, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        with pytest.raises(InputError, match="another program has the file open"):
            read(file)  # type: ignore[operator]
        for arguments in COMMANDS.values():
            assert "close it there, or wait" in told(arguments, file)
        free = {**os.environ, "HDF5_USE_FILE_LOCKING": "FALSE"}
        summary = [sys.executable, "-m", "spvrisk", "summary", str(file), "--json"]
        done = subprocess.run(summary, capture_output=True, text=True, env=free)
        assert done.returncode == 0 and json.loads(done.stdout)["paths"] == 100
        other.communicate("")
    assert open_result(file).n_paths == 100


@pytest.mark.skipif(sys.platform != "linux", reason="numbers of Linux")
@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, 524])
def test_open__on_a_file_system_without_locks(number: int, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opens = h5py.File

    def refuse(*arguments: object, **options: object) -> h5py.File:
        if options.get("locking") is not False:
            raise OSError(number, "no locks")
        return opens(*arguments, **options)

    monkeypatch.setattr(h5py, "File", refuse)
    for arguments in (given for command, given in COMMANDS.items() if command != "trace"):  # its plan is made up
        done = CliRunner().invoke(main, [argument.format(file) for argument in arguments])
        assert (done.exit_code, done.stderr) == (0, "")
    with spvrisk.open(file) as results:
        assert results.paths.sizes["path"] == 100 and float(results.paths["npv_funder"].sum()) != 0.0


def test_results__datasets_of_a_file_that_is_withheld_later(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError(errno.EAGAIN, "no")

    with spvrisk.open(file) as results:
        assert results.summary.sizes["unit"] == 3
        monkeypatch.setattr(xarray, "open_dataset", refuse)
        with pytest.raises(InputError, match="another program has the file open"):
            _ = results.paths


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="rights that do not bind root")
def test_open__file_and_folder_that_are_not_ours(file: Path, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    shutil.copy(file, inner / "r.h5")
    (inner / "r.h5").chmod(0)
    assert "may not be read (errno 13" in told(["info", "{}"], inner / "r.h5")
    inner.chmod(0)
    assert "may not be read (errno 13" in told(["info", "{}"], inner / "r.h5")
    inner.chmod(0o700)
