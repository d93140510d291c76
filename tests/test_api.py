"""`spvrisk.load`, `run` and `open`."""

import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import numpy as np
import pytest
from click.testing import CliRunner

import spvrisk
from small_run import make_labels, write_small
from spvrisk.cli import main
from spvrisk.dataset import write
from spvrisk.kernel.cache import REFUSED, Stamp
from spvrisk.kernel.target import FOREIGN, native
from spvrisk.runner import proof
from spvrisk.views.registry import VIEWS

STARTER = Path(__file__).parents[1] / "engine" / "spvrisk" / "data" / "starter.yaml"


@pytest.fixture(scope="module")
def study():
    return spvrisk.load(STARTER, ["run.paths=700"])


@pytest.fixture(scope="module")
def file(study, tmp_path_factory):
    path = tmp_path_factory.mktemp("api") / "a.h5"
    spvrisk.run(study, out=path).close()
    return path


def test_import__loads_nothing_heavy():
    code = (
        "import sys, spvrisk\n"
        "assert {'load', 'run', 'open', 'Study', 'Results', 'InputError'} <= set(dir(spvrisk))\n"
        "print([m for m in ('numpy', 'pydantic', 'click', 'spvrisk.api') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_import__unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'runn'"):
        spvrisk.runn  # noqa: B018


def test_load__gives_the_study_with_its_overrides(study):
    assert study.config.run.paths == 700
    assert study.config.projects["gas_plant"].capacity_mw == 600
    assert study.warnings == []
    assert study.loaded.overrides == ("run.paths=700",)
    assert study.digest != spvrisk.load(STARTER).digest


def test_load__raises_with_place_and_remedy():
    with pytest.raises(spvrisk.InputError, match=r"--set 1 run.paths: must lie in \[1, 1e\+12\], got -1; write"):
        spvrisk.load(STARTER, ["run.paths=-1"])


def test_run__gives_the_same_content_as_the_command(study, file, tmp_path):
    out = tmp_path / "b.h5"
    arguments = ["run", str(STARTER), "--set", "run.paths=700", "--out", str(out), "--json"]
    printed = json.loads(CliRunner().invoke(main, arguments, catch_exceptions=False).stdout)
    with h5py.File(file) as ours, h5py.File(out) as theirs:
        assert ours.attrs["content_sha256"] == theirs.attrs["content_sha256"]
        assert bytes(ours["provenance/overrides_json"][:]) == b'["run.paths=700"]'
    with spvrisk.open(file) as results:
        mean = float(results.summary.npv_funder_mean.sel(unit="port"))
        worst = float(results.summary.npv_funder_expected_shortfall.sel(unit="portfolio", level=0.99))
    assert mean == printed["projects"]["port"]["npv_funder"]["mean"]
    assert worst == printed["portfolio"]["npv_funder"]["expected_shortfall"]["0.99"]


def test_run__arguments_replace_what_the_study_says(study, tmp_path):
    with spvrisk.run(study, paths=64, seed=5, workers=1) as results:
        assert (results.attributes["paths"], results.attributes["seed"]) == (64, "5")
        assert repr(results) == "<Results in memory, 64 paths>"


def test_run__result_keeps_the_config_that_ran(study, tmp_path):
    spvrisk.run(study, paths=64, seed=5, workers=1, out=tmp_path / "a.h5").close()
    same = spvrisk.load(STARTER, ["run.paths=64", "run.seed=5"])
    with h5py.File(tmp_path / "a.h5") as file:
        kept = json.loads(bytes(file["provenance/config_json"][:]))
        assert file.attrs["config_sha256"].decode() == same.digest
    assert (kept["run"]["paths"], kept["run"]["seed"]) == (64, 5)


def test_run__progress_adds_up_to_the_paths(study):
    done = []
    spvrisk.run(study, progress=done.append).close()
    assert sum(done) == 700


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"paths": 0}, r"argument paths: must lie in \[1, 1e\+12\], got 0; write a number"),
        ({"paths": 2.5}, "argument paths: must be a whole number, got 2.5; round it"),
        ({"seed": -1}, "argument seed: must lie in"),
        ({"workers": 0}, "argument workers: must lie in"),
        ({"paths": 10**9}, r"starter.yaml:\d+ run.memory_mib: 1,000,000,000 paths of 64 series must fit"),
        ({"out": "no/such/folder/a.h5"}, "--out: must lie in a folder that exists"),
    ],
)
def test_run__wrong_arguments_are_refused_before_anything_is_written(study, given, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(spvrisk.InputError, match=said):
        spvrisk.run(study, **given)
    assert list(tmp_path.iterdir()) == []


def test_run__existing_file_is_kept_unless_told(study, tmp_path):
    out = tmp_path / "a.h5"
    out.write_text("old", encoding="utf-8")
    with pytest.raises(spvrisk.InputError, match="file exists"):
        spvrisk.run(study, out=out)
    with pytest.raises(spvrisk.InputError, match="must be a result of spvrisk to be replaced"):
        spvrisk.run(study, out=out, overwrite=True)
    assert out.read_text(encoding="utf-8") == "old"
    out.unlink()
    for paths in (64, 65):
        with spvrisk.run(study, paths=paths, out=out, overwrite=True) as results:
            assert results.path == out and results.attributes["paths"] == paths


def test_run__a_file_that_the_study_is_read_from_is_never_replaced(tmp_path):
    source = tmp_path / "study.yaml"
    source.write_bytes(STARTER.read_bytes())
    with pytest.raises(spvrisk.InputError, match="must not be a file that the command reads"):
        spvrisk.run(spvrisk.load(source), paths=64, out=source, overwrite=True)
    assert source.read_bytes() == STARTER.read_bytes()


def test_run__without_out_makes_no_file(study, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with spvrisk.run(study, paths=64) as results:
        assert results.path is None
        assert results.paths.npv_funder.shape == (64, 2)
        assert list(tmp_path.iterdir()) == []
    results.close()  # twice does no harm


def test_run__without_out_gives_what_the_file_holds(study, file):
    with spvrisk.run(study) as ours, spvrisk.open(file) as theirs:
        assert ours.attributes == theirs.attributes
        for name in ("summary", "timeline", "paths"):
            assert getattr(ours, name).identical(getattr(theirs, name))


@pytest.mark.parametrize("of_file", [True, False])
@pytest.mark.parametrize("read_before", [True, False])
def test_close__leaves_summary_and_timeline_readable(study, file, of_file, read_before):
    results = spvrisk.open(file) if of_file else spvrisk.run(study)
    assert results.paths.npv_funder.shape == (700, 2)
    if read_before:
        assert results.summary.sizes["unit"] == 3
    results.close()
    assert float(results.summary.npv_funder_mean.sel(unit="portfolio")) != 0.0
    assert results.timeline.portfolio_calls.values.max() > 0.0


def test_run__two_threads_of_one_process_write_at_the_same_time(study, file, tmp_path, monkeypatch):
    both, finish = threading.Barrier(2), write._write_provenance

    def together(*arguments):
        both.wait(timeout=60)
        finish(*arguments)

    monkeypatch.setattr(write, "_write_provenance", together)

    def run(name):
        with spvrisk.run(study, out=tmp_path / name) as results:
            return results.attributes["content_sha256"]

    with ThreadPoolExecutor(2) as pool:
        digests = set(pool.map(run, ("a.h5", "b.h5")))
    with spvrisk.open(file) as alone:
        assert digests == {alone.attributes["content_sha256"]}


def test_results__coordinates_have_names(file):
    with spvrisk.open(file) as results:
        assert results.summary.unit.values.tolist() == ["gas_plant", "port", "portfolio"]
        assert results.summary.outcome_election.values.tolist() == ["same_course", "new_course"]
        share = results.summary.outcome_election_share.sel(outcome_election=["same_course", "new_course"])
        assert float(share.sum()) == pytest.approx(1)
        assert results.timeline.project.values.tolist() == ["gas_plant", "port"]
        occupancy = results.timeline.occupancy_trade.sel(state_trade="temporary")
        assert occupancy.values[0] == 1
        assert str(results.timeline.time.values[0])[:10] == "2026-06-29"
        assert results.timeline.time.values.dtype.kind == "M"


def test_results__paths_are_read_lazily_and_are_those_of_the_summary(file):
    with spvrisk.open(file) as results:
        lazy = results.paths.npv_funder
        assert not lazy.variable._in_memory
        values = lazy.sel(project="port").values
        assert not lazy.variable._in_memory
        mean = float(results.summary.npv_funder_mean.sel(unit="port"))
        assert np.isclose(values.mean(), mean, rtol=1e-12)
        assert results.paths is results.paths


def test_open__what_is_no_result_is_refused(tmp_path):
    (tmp_path / "text.h5").write_text("hello", encoding="utf-8")
    for name, said in (("text.h5", "is not an HDF5 file"), ("nowhere.h5", "there is no such file")):
        with pytest.raises(spvrisk.InputError, match=said):
            spvrisk.open(tmp_path / name)


def test_validate__gives_mistakes_or_the_study():
    good, bad = spvrisk.validate(STARTER), spvrisk.validate(STARTER, {"run.paths": 0, "run.seed": -1})
    assert good.study.digest == spvrisk.load(STARTER).digest and not good.mistakes + good.warnings
    assert bad.study is None and [problem.path for problem in bad.mistakes] == ["run.paths", "run.seed"]


def test_validate__what_only_planning_finds():
    found = spvrisk.validate(STARTER, ["output.paths=[npv_fundr]"])
    assert found.study is None and "npv_fundr" in str(found.mistakes[0])


def test_overview__is_what_the_study_comes_to(study):
    found = spvrisk.overview(study)
    assert list(found.dates) == ["gas_plant", "port"] and min(found.memory, found.workspace) > 1e6
    assert {law.owner for law in found.laws} == {"gas_plant", "port"}
    assert len(found.compiled.labels.series) == 64


def test_compare__takes_files_and_results(file, tmp_path):
    with spvrisk.open(file) as results:
        found = spvrisk.compare(results, file)
    assert found.results[1].paired and found.results[1].differences["npv_funder"].value == 0.0
    with pytest.raises(spvrisk.InputError, match=r"needs two results, got .*name two or more"):
        spvrisk.compare(file)


def test_compare__strict_in_memory_and_its_verdict(study):
    with spvrisk.run(study, paths=300) as short, spvrisk.run(study, paths=400) as longer:
        found = spvrisk.compare(short, longer, strict=True)
        assert found.agrees and found.strict and found.pairs[0].paths == 300
        other = spvrisk.run(study, paths=300, seed=8)
        found = spvrisk.compare(short, longer, other, strict=True)
    assert not found.agrees and not found.disagreements
    assert [(pair.first, pair.second, pair.because) for pair in found.unchecked] == [
        (0, 2, "another seed"),
        (1, 2, "another seed"),
    ]
    said = VIEWS["compare_shared"].figures(found)
    assert said.title.startswith("Whether in memory (1) and in memory (3) agree is not known")


def test_trace__by_number_and_by_rank(file):
    worst = spvrisk.trace(file, rank=1)
    values = spvrisk.open(file).paths.portfolio_npv_funder.values
    assert worst.trace.path == values.argmin() and worst.rank.level == "1"
    assert spvrisk.trace(spvrisk.open(file), path=3).trace.values["portfolio", "npv_funder"] == values[3]
    for wrong, said in (
        ({"path": 3, "rank": 0.5}, "no meaning beside"),
        ({"path": -1}, "must be below 700"),
        ({"rank": 1.5}, r"must be a number in \[0, 1\]"),
    ):
        with pytest.raises(spvrisk.InputError, match=said):
            spvrisk.trace(file, **wrong)


def test_selftest__gives_proofs_and_tells_them(monkeypatch):
    monkeypatch.setattr(proof, "proved", lambda target: proof.Proof(target, Stamp(REFUSED)))
    told = []
    found = spvrisk.selftest(all_targets=True, announce=told.append)
    assert [each.target for each in found] == [native(), *FOREIGN]
    assert all(each.refused for each in found) and told[0] == f"{native().name}: {REFUSED}"


def test_schema_and_init__write_what_they_give(tmp_path):
    found = spvrisk.schema(tmp_path / "s.json")
    written = json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))
    assert written == json.loads(json.dumps(found)) and "$defs" in written
    spvrisk.init(tmp_path / "study.yaml")
    assert spvrisk.load(tmp_path / "study.yaml").digest == spvrisk.load(STARTER).digest


def test_results__conditional_and_views(file):
    with spvrisk.open(file) as results:
        shares = results.conditional.share
        assert shares.sizes["condition"] == len(results.tables().conditional.names)
        html = results._repr_html_()
        assert "<table>" in html and "P(loss)" in html and "±" in html
        given = results.view("value", given="election=new_course")
        assert given != results.view("value") and given.title == results.view("value").title
        with pytest.raises(spvrisk.InputError, match="did you mean election=new_course"):
            results.view("value", given="election=new_cours")


def test_results__conditional_is_empty_without_events_and_layers(tmp_path):
    write_small(tmp_path / "none.h5", make_labels()._replace(layers=(), events=()), 10)
    with spvrisk.open(tmp_path / "none.h5") as results:
        assert not results.conditional
