"""Every command and snippet of the page on readers, each of which finds the figure that the result holds."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

import spvrisk
from small_run import write_small
from spvrisk.cli import main
from spvrisk.exports.write import TABLES

PAGE = Path(__file__).parents[1] / "docs" / "readers.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
LINES = [line for kind, block in BLOCKS if kind == "sh" for line in block.splitlines()]
EXPORTS = [shlex.split(line, comments=True)[1:] for line in LINES if line.startswith("spvrisk ")]
DUMPS = [line for line in LINES if not line.startswith("spvrisk ")]

FIGURE = r"-?\d+\.\d+(?:e[-+]\d+)?"


def snippets(kind: str) -> list[str]:
    return [block for of, block in BLOCKS if of == kind]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("readers")
    write_small(folder / "result.h5", n_paths=500)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for words in EXPORTS:
            done = CliRunner().invoke(main, words)
            assert done.exit_code == 0, done.output
    return folder


def figure_of(folder: Path) -> float:
    with spvrisk.open(folder / "result.h5") as results:
        return float(results.summary.npv_funder_mean.sel(unit="portfolio"))


def check(printed: str, folder: Path) -> None:
    """The last number of what was printed is the figure of the result, to the last bit."""
    assert float(re.findall(FIGURE, printed)[-1]) == figure_of(folder), printed


def test_page__shows_every_table_and_reader():
    assert len(EXPORTS) == 9 and len(DUMPS) == 3
    assert [len(snippets(kind)) for kind in ("python", "r", "octave")] == [11, 3, 2]
    assert all(f"| `{table}` |" in TEXT for table in TABLES)


OF_FINITE = [text for text in snippets("python") if "isfinite" in text]


@pytest.mark.parametrize(
    "snippet", [text for text in snippets("python") if text not in OF_FINITE], ids=lambda text: text.split()[1]
)
def test_python__finds_the_figure(snippet, folder, monkeypatch, capsys):
    if "import pint" in snippet:
        pytest.importorskip("pint")
    monkeypatch.chdir(folder)
    exec(compile(snippet, str(PAGE), "exec"), {})
    check(capsys.readouterr().out, folder)


def test_python__averages_of_finite_values_are_those_of_the_summary(folder, monkeypatch, capsys):
    (snippet,) = OF_FINITE
    monkeypatch.chdir(folder)
    exec(compile(snippet, str(PAGE), "exec"), {})
    infinite, undefined, mean = map(float, capsys.readouterr().out.split())
    with spvrisk.open(folder / "result.h5") as results:
        payback = results.summary[[f"payback_years_{name}" for name in ("n_infinite", "n_undefined", "mean")]]
        expected = payback.sel(unit="portfolio").to_array().values
    assert [infinite * 500, undefined * 500] == expected[:2].tolist() and infinite > 0
    assert mean == pytest.approx(expected[2], rel=1e-6)  # kept as float32


@pytest.mark.parametrize("reader", ["pandas", "polars"])
def test_python__csv_in_place_of_parquet(reader, folder, monkeypatch, capsys):
    (snippet,) = (text for text in snippets("python") if text.startswith(f"import {reader}\n"))
    monkeypatch.chdir(folder)
    exec(compile(snippet.replace('read_parquet("summary.parquet")', 'read_csv("summary.csv")'), str(PAGE), "exec"), {})
    check(capsys.readouterr().out, folder)


def test_python__the_other_engine_of_xarray(folder, monkeypatch, capsys):
    (snippet,) = (text for text in snippets("python") if "h5netcdf" in text)
    monkeypatch.chdir(folder)
    exec(compile(snippet.replace('engine="h5netcdf"', 'engine="netcdf4"'), str(PAGE), "exec"), {})
    check(capsys.readouterr().out, folder)


def run_if_there(command: list[str], folder: Path) -> str:
    """What a program prints, where it is installed."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    missing = re.search(
        r"there is no package called|package netcdf is not installed|could not find .* netcdf", done.stderr
    )
    if missing:
        pytest.skip(done.stderr.strip().splitlines()[0])
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("snippet", snippets("r"), ids=lambda text: text.splitlines()[0])
def test_r__finds_the_figure(snippet, folder):
    check(run_if_there(["Rscript", "-e", snippet], folder), folder)


def test_r__the_classic_file(folder):
    (snippet,) = (text for text in snippets("r") if "ncdf4" in text)
    classic = snippet.replace('nc_open("result.h5")', 'nc_open("summary.nc")').replace('"summary/', '"')
    check(run_if_there(["Rscript", "-e", classic], folder), folder)


@pytest.mark.parametrize("snippet", snippets("octave"), ids=lambda text: text.split()[0])
def test_octave__finds_the_figure(snippet, folder):
    check(run_if_there(["octave-cli", "--eval", snippet], folder), folder)


@pytest.mark.parametrize("line", DUMPS)
def test_dumps__show_the_figure(line, folder):
    printed = run_if_there(shlex.split(line), folder)
    _, values, *_ = re.split(r'npv_funder_mean(?: = |" \{)', printed)
    assert figure_of(folder) in [float(text) for text in re.findall(FIGURE, values)], printed
