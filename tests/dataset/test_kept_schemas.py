"""The promise of the result file: every file of a schema that was ever released is read, by all that reads results."""

import json
import lzma
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import spvrisk
from make_results import FIGURES, FOLDER, KEPT, STUDIES
from spvrisk.cli import main
from spvrisk.dataset.schema import OLDEST, SCHEMA_VERSION
from spvrisk.exports.write import TABLES
from spvrisk.plan import names, outputs
from spvrisk.plan.outputs import Output, StepOutput
from spvrisk.views.registry import VIEWS

BY_PATH = ("parts", "alone")
"""Views of net present values by path."""

FOLDERS = sorted(FOLDER.glob("schema*"))
FILES = [file for folder in FOLDERS for file in sorted(folder.glob("*.h5.xz"))]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """Gives the unpacked file of a packed one."""
    folder = tmp_path_factory.mktemp("schemas")

    def unpack(packed: Path) -> Path:
        file = folder / f"{packed.parent.name}_{packed.stem}"
        if not file.exists():
            file.write_bytes(lzma.decompress(packed.read_bytes()))
        return file

    return unpack


@pytest.fixture(params=FILES, ids=lambda file: f"{file.parent.name}-{file.name.partition('.')[0]}")
def packed(request):
    return request.param


@pytest.fixture
def file(packed, unpacked):
    return unpacked(packed)


def kept(packed: Path) -> dict:
    return json.loads((packed.parent / FIGURES).read_text(encoding="utf-8"))[packed.name.partition(".")[0]]


def done(*words) -> str:
    """What a command prints; it must end well."""
    result = CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == 0, (words, result.output)
    return result.output


def test_files__there_are_of_every_schema_since_the_promise():
    assert [folder.name for folder in FOLDERS] == [f"schema{number}" for number in range(OLDEST, SCHEMA_VERSION + 1)]
    assert {file.name for file in FOLDERS[-1].iterdir()} == {FIGURES, *(f"{name}.h5.xz" for name in STUDIES)}
    assert all(file.stat().st_size < 300_000 for file in FILES)


def test_groups__hold_the_figures_that_were_written(file, packed):
    with spvrisk.open(file) as results:
        groups = {name: getattr(results, name) for name in KEPT}
        assert all(len(groups[name].load()) for name in KEPT if name not in ("conditional", "inputs", "uncertainty"))
        assert results.attributes | kept(packed)["attributes"] == results.attributes
        for name, values in kept(packed)["values"].items():
            group, _, variable = name.partition("/")
            assert np.asarray(groups[group][variable].values[:3]).ravel().tolist() == values, name


def test_tables__and_the_labelled_arrays_are_the_same(file):
    with spvrisk.open(file) as results:
        tables = results.tables()
        q = tables.labels.quantities.index("npv_funder")
        means = tables.summary.mean[q :: len(tables.labels.quantities)][: len(results.summary.unit)]
        assert results.summary.npv_funder_mean.values.tolist() == means.tolist()
        for c, name in enumerate(tables.conditional.names):
            given = results.conditional.sel(condition=name)
            assert float(given.share) == tables.conditional.share[c]
        for unit, quantity in tables.kept:
            assert results.values(quantity, unit).shape == (tables.n_paths,)
        assert len(results.to_frame()) and len(results.to_frame("paths"))


def test_summary__by_command_and_by_python(file):
    assert "net present value" in done("summary", file).lower()
    read = json.loads(done("summary", file, "--json"))
    with spvrisk.open(file) as results:
        mean = float(results.summary.npv_funder_mean.sel(unit="portfolio"))
        assert read["portfolio"]["npv_funder"]["mean"] == pytest.approx(mean, rel=1e-15)
        assert results._repr_html_()
        given = results.tables().conditional
        for c in np.flatnonzero(given.n_paths)[:2]:
            done("summary", file, "--given", given.names[c].replace(".", "="))
        for name, view in VIEWS.items():
            if view.of == "result" and (name not in BY_PATH or ("portfolio", "npv_funder") in results.tables().kept):
                str(results.view(name))  # some are empty


@pytest.mark.parametrize("command", ["verify", "info"])
def test_commands__end_well(command, file):
    assert done(command, file)


def test_export__every_table_and_format(file, tmp_path):
    tables = spvrisk.open(file).tables()
    there = {"conditional": bool(tables.conditional.names), "ylt": "npv_funder" in tables.path_names}
    for table in TABLES:
        if there.get(table, True):
            done("export", file, "--table", table, "--out", tmp_path / f"{table}.csv")
    done("export", file, "--out", tmp_path / "book.xlsx")
    for group in ("summary", "timeline", "paths"):
        done("export", file, "--table", group, "--out", tmp_path / f"{group}.nc")


def test_compare__with_itself_is_the_same(file):
    assert done("compare", file, file)


def test_trace__replays_or_names_the_version_that_can(file):
    """Plans have the fields of their version: reading them is promised, running them is not."""
    result = CliRunner().invoke(main, ["trace", str(file), "--path", "0"], catch_exceptions=False)
    assert result.exit_code == 0 or "use spvrisk" in result.output, result.output


def test_output__that_is_added_later_is_missed_by_nothing(file, monkeypatch):
    """Labels say which outputs a file knows, so that a new one needs no migration."""
    more = Output("novel_value", "money", "what no one had thought of", kept="units", view="others", head="novel")
    step = StepOutput("novel_flow", "what no one had thought of, in the step")
    monkeypatch.setattr(outputs, "OUTPUTS", (more, *outputs.OUTPUTS))
    monkeypatch.setattr(outputs, "STEP_OUTPUTS", (step, *outputs.STEP_OUTPUTS))
    monkeypatch.setitem(outputs.BY_NAME, more.name, more)
    # the monkeypatched table counts where it is looked up
    assert more in names.existing("unit", ()) and "novel_flow" in names.step_rows(())
    with spvrisk.open(file) as results:
        assert "novel_value" not in results.tables().labels.quantities
        assert "novel_flow" not in results.tables().labels.timeline
    test_summary__by_command_and_by_python(file)
    done("verify", file)
