"""``spvrisk plot``, and the functions behind it: what they accept, refuse and say."""

import sys

import matplotlib
import numpy as np
import pytest
from click.testing import CliRunner

import spvrisk
from decision_runs import STARTER, starter
from spvrisk.charts.registry import CHARTS
from spvrisk.cli import main
from spvrisk.errors import InputError, RunError

PNG, SVG, PDF = b"\x89PNG", b"<?xml", b"%PDF"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A result, another one, and a dataset of scenarios."""
    folder = tmp_path_factory.mktemp("plot")
    starter(folder / "a.h5", paths=300)
    starter(folder / "b.h5", paths=300, **{"projects.port.budget": 700})
    (folder / "starter.yaml").write_text(STARTER.read_text(encoding="utf-8"), encoding="utf-8")
    dear = "scenarios: {dear: {projects.port.budget: 700}}"
    text = f"{{base: starter.yaml, paths: 100, measures: ['npv_funder:mean'], {dear}}}"
    (folder / "w.yaml").write_text(text, encoding="utf-8")
    spvrisk.scenarios(spvrisk.plan_scenarios(folder / "w.yaml"), on=spvrisk.Threads(1), out=folder / "w.h5")
    return folder


@pytest.fixture
def folder(made, monkeypatch):
    """The files in a folder without pictures."""
    for picture in made.glob("p.*"):
        picture.unlink()
    monkeypatch.chdir(made)
    return made


def plot(*arguments):
    return CliRunner().invoke(main, ["plot", *arguments])


@pytest.mark.parametrize(("suffix", "begins"), [("png", PNG), ("svg", SVG), ("pdf", PDF), ("SVG", SVG)])
def test_format__is_that_of_the_suffix(suffix, begins, folder):
    done = plot("fan", "a.h5", "-o", f"p.{suffix}")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", f"wrote p.{suffix}\n")
    first = (folder / f"p.{suffix}").read_bytes()
    assert first.startswith(begins)
    assert plot("fan", "a.h5", "-o", f"p.{suffix}", "--overwrite").exit_code == 0
    assert (folder / f"p.{suffix}").read_bytes() == first


@pytest.mark.parametrize(
    ("name", "files"),
    [("exceedance", ["a.h5"]), ("scenarios", ["w.h5"]), ("compare", ["a.h5", "b.h5"]), ("jcl", ["a.h5"])],
)
def test_picture__is_of_the_files_that_it_is_of(name, files, folder):
    done = plot(name, *files, "-o", "p.svg")
    assert done.exit_code == 0, done.stderr
    assert done.stderr.endswith("wrote p.svg\n") and ("replaying ...\n" in done.stderr) == (name == "jcl")


def test_help__names_every_picture_and_what_it_leaves_open():
    text = CliRunner().invoke(main, ["plot", "--help"]).stdout
    lines = {line.split()[0]: line for line in text.splitlines()[::-1] if line.startswith("  ") and line.strip()}
    for name, picture in CHARTS.items():
        assert picture.meaning[:20] in lines[name]
    assert lines["jcl"].endswith("--project --joint") and lines["distribution"].endswith("--of")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["fn", "a.h5"], "NAME: must be a picture, got fn; did you mean fan? allowed: distribution, exceedance,"),
        (["fan", "a.h5", "--of", "smr/cost"], "--of: is not a choice of the picture fan, got smr/cost; leave it out"),
        (
            ["jcl", "a.h5", "--of", "port"],
            "--of: is not a choice of the picture jcl, got port; allowed: project",
        ),
        (["fan", "a.h5", "b.h5"], "RESULTS: fan is of one file, got 2; name one"),
        (["compare", "a.h5"], "compare: needs two results, got a.h5"),
        (["tornado", "a.h5"], "RESULTS: must be a dataset of scenarios, got a.h5; write one: spvrisk scenarios"),
        (["tornado", "w.h5"], "RESULTS: must be of a dataset that has a tornado; draw scenarios, or run"),
        (["fan", "w.h5"], "w.h5"),
        (["fan", "none.h5"], "none.h5: "),
        (["scenarios", "w.h5", "--of", "npv:mean"], "--of: must be a measure of the dataset, got npv:mean"),
        (
            ["distribution", "a.h5", "--of", "port/csot"],
            "--of: must be of a quantity of port, got port/csot; did you",
        ),
        (
            ["scurve", "a.h5", "--project", "prot"],
            "--project: must be an announced project, got prot; did you mean",
        ),
        (
            ["jcl", "a.h5", "--joint", "70"],
            "--joint: must be a decimal number between 0 and 1, got 70; write 0.7",
        ),
        (["occupancy", "a.h5", "--regime", "trad"], "--regime: must be a regime of the result, got trad; did you mean"),
        (["bearers", "a.h5", "--level", "95%"], "--level: must be a decimal number between 0 and 1, got 95%"),
        (["fan", "a.h5", "--lang", "de"], "Invalid value for '--lang': 'de' is not one of 'en', 'ja'"),
    ],
)
def test_wrong_input__is_told(arguments, said, folder):
    done = plot(*arguments, "-o", "p.svg")
    assert (done.exit_code, done.stdout) == (2, "") and said in done.stderr
    assert not (folder / "p.svg").exists() and not list(folder.glob(".spvrisk*"))


@pytest.mark.parametrize(
    ("out", "said"),
    [
        ("p.jpg", "--out: must tell the format by its suffix, got p.jpg; end the name with .png, .svg, .pdf"),
        ("none/p.svg", "--out: must lie in a folder that exists, got none/p.svg; create it first"),
        ("own.svg", "own.svg: must be a picture that plot wrote to be replaced, got another file; name another file"),
    ],
)
def test_out__that_cannot_be_written_is_told_before_anything_is_read(out, said, folder):
    (folder / "own.svg").write_text("<svg/>", encoding="utf-8")
    done = plot("fan", "none.h5", "-o", out, "--overwrite")
    assert done.exit_code == 2 and said in done.stderr
    assert (folder / "own.svg").read_text(encoding="utf-8") == "<svg/>"


def test_out__that_exists_is_replaced_when_that_is_said(folder):
    (folder / "p.svg").write_text("mine", encoding="utf-8")
    assert (
        "--out: file exists, got p.svg; name another file, or use --overwrite"
        in plot("fan", "a.h5", "-o", "p.svg").stderr
    )
    assert (folder / "p.svg").read_text(encoding="utf-8") == "mine"


def test_out__appears_whole_or_not_at_all(folder, monkeypatch):
    def full(figure, target, format):
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("spvrisk.report.pictures.asked.write", full)
    with pytest.raises(RunError, match=r"p\.svg: cannot be written: No space left on device"):
        spvrisk.plot("fan", folder / "a.h5", out=folder / "p.svg")
    assert not (folder / "p.svg").exists() and not list(folder.glob(".spvrisk*"))


def test_matplotlib__that_is_missing_is_told_with_the_remedy(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    done = plot("fan", "none.h5", "-o", "p.svg")
    assert done.exit_code == 2
    assert done.stderr == "NAME: pictures need the package matplotlib; install it: python -m pip install matplotlib\n"


def test_pyplot__knows_nothing_of_a_figure(folder):
    from matplotlib import pyplot

    before = pyplot.get_fignums(), dict(matplotlib.rcParams)
    with spvrisk.open(folder / "a.h5") as results:
        results.plot.fan()
    assert (pyplot.get_fignums(), dict(matplotlib.rcParams)) == before


def test_python__has_a_method_for_each_picture_of_a_result(folder):
    with spvrisk.open(folder / "a.h5") as results, spvrisk.open(folder / "b.h5") as dear:
        assert dir(results.plot) == sorted(name for name, picture in CHARTS.items() if picture.of != "scenarios")
        figure = results.plot.distribution(of="port/npv_funder", lang="en")
        assert figure.axes[0].get_xlabel().startswith("A fictional port: net present value to the funder")
        assert len(results.plot.compare(dear).axes) == 2
        assert len(results.plot.bearers(level=0.9).axes) == 2
        with pytest.raises(AttributeError, match="no picture 'tornado' of a result; there are distribution, "):
            _ = results.plot.tornado
        with pytest.raises(InputError, match="argument level: is not a choice of the picture fan, got 0.9"):
            results.plot.fan(level=0.9)
        with pytest.raises(InputError, match="argument lang: must be en or ja, got .de"):
            results.plot.fan(lang="de")
        with pytest.raises(InputError, match="argument of: must be a text"):
            results.plot.distribution(of=["npv_funder"])


def test_python__draws_scenarios_that_were_just_run(folder):
    found = spvrisk.scenarios(spvrisk.plan_scenarios(folder / "w.yaml"), on=spvrisk.Threads(1))
    figure = spvrisk.plot("scenarios", found)
    (line, *_) = [each for each in figure.axes[0].lines if each.get_marker() == "o"]
    assert np.array(line.get_xdata()) == pytest.approx([found.outcomes[1].changes[0].value])
    with spvrisk.open(folder / "a.h5") as results, pytest.raises(InputError, match="must be a dataset of scenarios"):
        spvrisk.plot("scenarios", results)
