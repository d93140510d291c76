"""Streams that are closed or take nothing, and a working directory that is gone: no traceback, and the result stays."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from small_run import write_small
from spvrisk.dataset.read import open_result

STARTER = Path(__file__).parents[2] / "engine" / "spvrisk" / "data" / "starter.yaml"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/dev/full, and a shell that closes streams")

RUN = f"run {STARTER} --paths 64 --out r.h5"
SUMMARY = "summary small.h5"
MISTAKE = f"validate {STARTER} --set run.paths=0"


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    path = tmp_path_factory.mktemp("streams") / "small.h5"
    write_small(path, n_paths=20)
    return path


def shell(line, folder, **switches):
    python = f"{sys.executable} -m spvrisk"
    env = {**os.environ, **switches}
    done = subprocess.run(
        ["sh", "-c", f"{python} {line}"], cwd=folder, capture_output=True, text=True, errors="replace", env=env
    )
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr
    return done


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    ("streams", "code"),
    [
        ("2>&-", 0),
        (">&-", 0),
        ("<&- >&- 2>&-", 0),
        ("2>/dev/full", 0),
        (">/dev/full", 1),
        (">/dev/full 2>&1", 1),
        ("--json >/dev/full", 1),
    ],
)
def test_run_and_summary__whatever_the_streams_take(streams, code, unbuffered, small, tmp_path):
    (tmp_path / "small.h5").write_bytes(small.read_bytes())
    for command in (RUN, SUMMARY):
        done = shell(f"{command} {streams}", tmp_path, PYTHONUNBUFFERED=unbuffered)
        assert done.returncode == code
        told = "the output cannot be written: no space left on device" in done.stderr
        assert told == (code == 1 and "2>" not in streams)
    result = open_result(tmp_path / "r.h5")
    assert result.n_paths == 64 and result.plan()


@pytest.mark.parametrize("streams", ["2>&-", "2>/dev/full", ">&- 2>&-", ">/dev/full 2>/dev/full"])
def test_mistakes__have_their_code_though_nobody_hears_of_them(streams, tmp_path):
    assert shell(f"{MISTAKE} {streams}", tmp_path).returncode == 2
    assert shell(f"validate --nothing {streams}", tmp_path).returncode == 2


@pytest.mark.parametrize("command", [RUN, SUMMARY])
def test_run_and_summary__in_the_plainest_locale(command, small, tmp_path):
    (tmp_path / "small.h5").write_bytes(small.read_bytes())
    done = shell(command, tmp_path, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert done.returncode == 0 and done.stdout.isascii() and len(done.stdout) > 500


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("run study.yaml", 2),
        (f"run {STARTER} --out r.h5 --paths 64", 2),
        (f"run {STARTER} --paths 64", 2),
        ("summary r.h5", 2),
        ("info r.h5", 2),
        ("compare r.h5 r.h5", 2),
        ("trace r.h5", 2),
        ("init", 2),
        ("schema --out s.json", 2),
        (f"validate {STARTER}", 0),
    ],
)
def test_commands__where_the_working_directory_is_gone(command, code, tmp_path):
    package = str(STARTER.parents[2])
    line = f"--version; cd gone && rmdir ../gone && {sys.executable} -m spvrisk {command}"
    (tmp_path / "gone").mkdir()
    paths = filter(None, [package, os.environ.get("PYTHONPATH")])  # an empty one is the folder that is gone
    done = shell(line, tmp_path, PYTHONPATH=os.pathsep.join(paths))
    assert done.returncode == code
    assert code == 0 or len(done.stderr.splitlines()) == 1


def test_streams__files_that_are_opened_do_not_take_their_numbers(tmp_path):
    """A library that writes to stderr would write into the result."""
    program = (
        "import os; from spvrisk.cli.output import use_streams; use_streams(); "
        "assert os.open(os.devnull, os.O_RDONLY) > 2; os.write(2, b'x'); print('x')"
    )
    done = subprocess.run(["sh", "-c", f'{sys.executable} -c "{program}" <&- >&- 2>&-'], cwd=tmp_path)
    assert done.returncode == 0
