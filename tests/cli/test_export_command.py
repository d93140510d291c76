"""``spvrisk export``, and the function of that name: what they accept, refuse and say."""

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner

import spvrisk
from small_run import write_small
from spvrisk.cli import main
from spvrisk.errors import InputError, RunError
from spvrisk.exports.write import FORMATS, TABLES


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_small(tmp_path / "r.h5", n_paths=60)
    return tmp_path


def export(*arguments: str):
    return CliRunner().invoke(main, ["export", "r.h5", *arguments])


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


@pytest.mark.parametrize("format", FORMATS)
def test_format__is_that_of_the_suffix_or_the_option(format, folder):
    done = export("--out", f"a.{format.upper()}")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", f"wrote a.{format.upper()}\n")
    assert export("--out", "b.txt", "--format", format).exit_code == 0
    assert (folder / "b.txt").read_bytes() == (folder / f"a.{format.upper()}").read_bytes()


def test_help__names_every_table_and_format():
    text = CliRunner().invoke(main, ["export", "--help"]).stdout
    assert all(f"\n  {table} " in text for table in TABLES) and all(f".{format}" in text for format in FORMATS)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--out", "a.txt"], "--out: must tell the format by its suffix, got a.txt; end the name with .csv, .parquet"),
        (["--out", "a"], "or add --format"),
        (["--out", "a.csv", "--format", "xls"], "--format: must be a format, got xls; did you mean xlsx?"),
        (["--out", "a.csv", "--table", "yearlyy"], "--table: must be a table, got yearlyy; did you mean yearly?"),
        (["--out", "a.nc", "--table", "ylt"], "got ylt; name summary, timeline, conditional or paths"),
        (["--out", "none/a.csv"], "--out: must lie in a folder that exists, got none/a.csv; create it first"),
        (["--out", "r.h5", "--format", "csv"], "must not be a file that the command reads"),
        (["--out", "r.h5", "--format", "csv", "--overwrite"], "must not be a file that the command reads"),
        ([], "Missing option '--out'"),
    ],
)
def test_mistake__is_told_and_nothing_is_written(arguments, said, folder):
    before = (folder / "r.h5").read_bytes()
    done = export(*arguments)
    assert done.exit_code == 2 and said in done.stderr and "Traceback" not in done.stderr
    assert names(folder) == ["r.h5"] and (folder / "r.h5").read_bytes() == before


@pytest.mark.parametrize("format", FORMATS)
def test_file__that_is_there_is_replaced_only_with_overwrite(format, folder):
    out = f"a.{format}"
    assert export("--out", out).exit_code == 0
    written = (folder / out).read_bytes()
    done = export("--out", out)
    assert done.exit_code == 2 and f"--out: file exists, got {out}; name another file, or use --ov" in done.stderr
    assert export("--out", out, "--overwrite").exit_code == 0
    assert (folder / out).read_bytes() == written and names(folder) == [out, "r.h5"]


def test_csv__of_another_table_is_not_replaced(folder):
    assert export("--out", "a.csv", "--table", "ylt").exit_code == 0
    done = export("--out", "a.csv", "--overwrite")
    assert "a.csv: must be a table summary that export wrote to be replaced, got another file" in done.stderr


def test_workbook__that_was_saved_by_another_program_is_not_replaced(folder):
    assert export("--out", "a.xlsx").exit_code == 0
    time.sleep(1.1)  # the book bears the result's date, to the second
    openpyxl.load_workbook("a.xlsx").save("a.xlsx")
    done = export("--out", "a.xlsx", "--overwrite")
    assert done.exit_code == 2 and "nobody has saved since to be replaced, got an edited or another" in done.stderr


@pytest.mark.parametrize("format", ["csv", "nc", "parquet", "xlsx"])
def test_failure__leaves_nothing_behind(format, folder, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    writer = {"csv": "write_csv", "nc": "write_netcdf", "parquet": "write_parquet", "xlsx": "write_xlsx"}[format]
    monkeypatch.setattr(f"spvrisk.exports.write.{writer}", full)
    done = export("--out", f"a.{format}")
    assert done.exit_code == 1 and f"a.{format}: cannot be written: No space left on device" in done.stderr
    assert names(folder) == ["r.h5"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # a ZipFile that cannot be closed
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
@pytest.mark.parametrize("format", FORMATS)
def test_disk__that_is_full_is_told(format, folder, monkeypatch):
    @contextmanager
    def onto_full(target, overwrite):
        yield Path("/dev/full")

    monkeypatch.setattr("spvrisk.dataset.appearing.replacing", onto_full)
    with pytest.raises(RunError, match=r"(?i)cannot be written: .*no space left"):
        spvrisk.export("r.h5", f"a.{format}", table="paths")


def test_function__takes_a_result_in_memory_and_an_open_one(folder):
    in_memory = spvrisk.Results((folder / "r.h5").read_bytes())
    for table in TABLES:
        spvrisk.export(in_memory, folder / "memory.csv", table=table)
        with spvrisk.open(folder / "r.h5") as opened:
            spvrisk.export(opened, folder / "file.csv", table=table)
        assert (folder / "memory.csv").read_bytes() == (folder / "file.csv").read_bytes()
        (folder / "memory.csv").unlink()
        (folder / "file.csv").unlink()
    spvrisk.export(in_memory, folder / "paths.nc", table="paths")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"out": 3}, "argument out: must be the name of a file"),
        ({"out": "a.csv", "table": 3}, "argument table: must be a text"),
        ({"out": "a.csv", "format": ["csv"]}, "argument format: must be a text"),
        ({"out": "a.csv", "overwrite": "no"}, "argument overwrite: must be True or False"),
    ],
)
def test_function__tells_what_an_argument_must_be(arguments, said, folder):
    with pytest.raises(InputError, match=said):
        spvrisk.export("r.h5", **arguments)
    assert names(folder) == ["r.h5"]


def test_csv__loads_no_library_that_only_other_formats_need(folder):
    code = (
        "import sys, spvrisk; spvrisk.export('r.h5', 'a.csv', table='paths')\n"
        "print([m for m in ('pyarrow', 'xlsxwriter', 'openpyxl', 'pandas') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
