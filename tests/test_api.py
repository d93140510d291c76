"""`spvrisk.load`, `run` and `open`."""

import json
import os
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
from spvrisk.kernel.cache import PASSED, REFUSED, Stamp
from spvrisk.kernel.target import FOREIGN, native
from spvrisk.report.words import english
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
    with pytest.raises(spvrisk.InputError, match=r"--set 1 run.paths: must lie in \[1, 2147483647\], got -1; write"):
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
    with spvrisk.run(study, paths=64, seed=5, on=spvrisk.Threads(1)) as results:
        assert (results.attributes["paths"], results.attributes["seed"]) == (64, "5")
        assert repr(results) == "<Results in memory, 64 paths>"


@pytest.mark.parametrize("kind", [np.int64, np.uint16, np.float32, np.array, float])
def test_run__whole_numbers_of_any_type(study, kind):
    with spvrisk.run(study, paths=kind(64), seed=kind(5), on=spvrisk.Threads(kind(1))) as results:
        assert (results.attributes["paths"], results.attributes["seed"]) == (64, "5")


WRONG_KINDS = {
    "load 123": (lambda _: spvrisk.load(123), "path: must be the name of a file, got 123"),
    "load bytes": (lambda _: spvrisk.load(b"a.yaml"), "path: must be the name of a file, got bytes"),
    "open None": (lambda _: spvrisk.open(None), "path: must be the name of a file, got nothing"),
    "run a file": (lambda _: spvrisk.run("a.yaml"), 'study: must be a study, got "a.yaml"; load it first'),
    "overview a file": (lambda _: spvrisk.overview("a.yaml"), 'study: must be a study, got "a.yaml"; load it first'),
    "compare a list": (lambda _: spvrisk.compare(["a", "b"]), "results: must be .*, got list; give results one by one"),
    "compare numbers": (lambda _: spvrisk.compare(3, 4), "results: must be the name of a file, got 3"),
    "trace a study": (lambda _: spvrisk.trace(spvrisk.load(STARTER)), "result: must be the name of a file, got Study"),
    "trace path x": (lambda file: spvrisk.trace(file, path="x"), 'path: must be a whole number, got "x"'),
    "trace path 2.5": (lambda file: spvrisk.trace(file, path=2.5), "path: must be a whole number, got 2.5; round it"),
    "trace path 1j": (
        lambda file: spvrisk.trace(file, path=np.complex64(1j)),
        "path: must be a whole number, got compl",
    ),
    "trace path True": (lambda file: spvrisk.trace(file, path=True), "path: must be a whole number, got true"),
    "trace by 3": (lambda file: spvrisk.trace(file, by=3), "by: must be a text, got 3"),
    "view 3": (lambda file: spvrisk.open(file).view(3), "name: must be a text, got 3"),
    "view no view": (lambda file: spvrisk.open(file).view("los"), 'name: must be a view of a result, got "los"; did'),
    "loss foo": (
        lambda file: spvrisk.open(file).view("loss", foo=1),
        "foo: is not a choice of the view loss, got 1; allowed: level",
    ),
    "loss levle": (
        lambda file: spvrisk.open(file).view("loss", levle="0.95"),
        'levle: is not a choice of the view loss, got "0.95"; did you mean level',
    ),
    "loss result": (
        lambda file: spvrisk.open(file).view("loss", result=1),
        "result: is not a choice of the view loss, got 1",
    ),
    "value level": (
        lambda file: spvrisk.open(file).view("value", level="0.95"),
        'level: is not a choice of the view value, got "0.95"; leave it out',
    ),
    "loss level 0.95": (
        lambda file: spvrisk.open(file).view("loss", level=[1]),
        "level: must be a number, or its digits",
    ),
    "loss level 3": (lambda file: spvrisk.open(file).view("loss", level=3), "level: must be a level of the res"),
    "trace rank": (
        lambda file: spvrisk.trace(file, rank=object()),
        "rank: must be a number, or .*, got obj",
    ),
    "trace rank True": (lambda file: spvrisk.trace(file, rank=True), "rank: must be a number, or its digits .*, got t"),
    "run out 5": (lambda _: spvrisk.run(spvrisk.load(STARTER), out=5), "out: must be the name of a file, got 5"),
    "run progress": (
        lambda _: spvrisk.run(spvrisk.load(STARTER), paths=64, progress=5),
        "progress: must be a function, got 5; give one of one argument, or leave it out",
    ),
    "run announce": (
        lambda _: spvrisk.run(spvrisk.load(STARTER), announce="x"),
        'announce: must be a function, got "x"',
    ),
    "bench progress": (lambda _: spvrisk.bench(progress=5), "progress: must be a function, got 5"),
    **{
        f"goal between {value!r}": (
            lambda _, value=value: spvrisk.goal(
                spvrisk.load(STARTER), "agreement.split.spread=x", "npv_funder:mean=0", value
            ),
            r"between: must be two numbers, got .*; write e.g. \(0.5, 1.5\)",
        )
        for value in ((1,), "ab", None, 1.5, (0, "1"), (False, True), {0: 1, 1: 2})
    },
    "selftest all_targets": (lambda _: spvrisk.selftest(all_targets=2), "all_targets: must be True or False, got 2"),
    "run overwrite": (
        lambda _: spvrisk.run(spvrisk.load(STARTER), paths=64, overwrite="no"),
        'overwrite: must be True or False, got "no"',
    ),
    "run overwrite 1": (
        lambda _: spvrisk.run(spvrisk.load(STARTER), paths=64, overwrite=1),
        "overwrite: must be True or False, got 1",
    ),
    "init overwrite": (
        lambda _: spvrisk.init("no/a.yaml", overwrite="no"),
        'overwrite: must be True or False, got "no"',
    ),
    "schema overwrite": (lambda _: spvrisk.schema(overwrite="no"), 'overwrite: must be True or False, got "no"'),
    "compare strict": (
        lambda file: spvrisk.compare(file, file, strict="no"),
        'strict: must be True or False, got "no"',
    ),
    "scenarios paths 0": (
        lambda _: spvrisk.plan_scenarios(
            Path(__file__).parents[1] / "configs/scenarios/terms_and_prices.yaml", paths=0
        ),
        r"paths: must lie in \[1,",
    ),
    "obligors failures 5": (
        lambda file: spvrisk.obligors(file, failures=5),
        "failures: must be a text, or several, got 5; write one, or a list of them",
    ),
    "save_table of None": (lambda file: spvrisk.save_table(file, "x.csv", of=None), "of: must be a text, or several"),
    "given 3": (lambda file: spvrisk.open(file).tables(3), "given: must be a text, got 3"),
    "init None": (lambda _: spvrisk.init(None), "file: must be the name of a file, got nothing"),
    "schema 3": (lambda _: spvrisk.schema(3), "out: must be the name of a file, got 3"),
}


@pytest.mark.parametrize("kind", WRONG_KINDS)
def test_argument__of_a_wrong_kind_is_named(kind, file):
    call, said = WRONG_KINDS[kind]
    with pytest.raises(spvrisk.InputError, match="^argument " + said):
        call(file)


def test_run__result_keeps_the_config_that_ran(study, tmp_path):
    spvrisk.run(study, paths=64, seed=5, on=spvrisk.Threads(1), out=tmp_path / "a.h5").close()
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
        ({"paths": 0}, r"argument paths: must lie in \[1, 2147483647], got 0; write a number"),
        ({"paths": 2.5}, "argument paths: must be a whole number, got 2.5; round it"),
        ({"paths": "many"}, 'argument paths: must be a whole number, got "many"'),
        ({"paths": np.float64(2.5)}, "argument paths: must be a whole number, got 2.5; round it"),
        ({"paths": np.bool_(True)}, "argument paths: must be a whole number, got true"),
        ({"paths": 10**5000}, "argument paths: must lie in .*, got a whole number of more than 300 digits"),
        ({"seed": -1}, r"argument seed: must lie in \[0, 18446744073709551615\], got -1"),
        ({"seed": 2e19}, r"argument seed: must lie in \[0, 18446744073709551615\], got 20000000000000000000;"),
        ({"on": spvrisk.Threads(0)}, r"argument threads: must lie in \[1, 4096\], got 0; write"),
        ({"on": spvrisk.Processes(5000)}, r"argument processes: must lie in \[1, 4096\], got 5000"),
        ({"on": spvrisk.Cluster("local", 2.5)}, "argument workers: must be a whole number, got 2.5; round it"),
        ({"on": spvrisk.Cluster(8786)}, "argument address: must be a text, got 8786"),
        ({"on": 2}, r"argument on: must be Threads, Processes or Cluster, got 2; give e.g. spvrisk.Threads\(2\)"),
        ({"paths": 10**9}, r"starter.yaml:\d+ run.memory_mib: 1,000,000,000 paths of 64 series must fit"),
        ({"out": "no/such/folder/a.h5"}, "argument out: must lie in a folder that exists"),
        ({"out": "x" * 300 + ".h5"}, r"argument out: must be a name that the file system takes \(file name too long\)"),
        ({"out": 3}, "argument out: must be the name of a file, got 3"),
        ({"out": "a\0.h5"}, "argument out: must be the name of a file"),
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
    with pytest.raises(spvrisk.InputError, match="must be a result of spvrisk to be replaced"):
        spvrisk.run(study, out=out)
    with pytest.raises(spvrisk.InputError, match="must be a result of spvrisk to be replaced"):
        spvrisk.run(study, out=out, overwrite=True)
    assert out.read_text(encoding="utf-8") == "old"
    out.unlink()
    spvrisk.run(study, paths=64, seed=1, out=out).close()
    with pytest.raises(spvrisk.InputError, match="file exists"):
        spvrisk.run(study, paths=64, seed=2, out=out)
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
        apart = {"metadata_sha256": "", "history": ""}  # they were not made at the same time
        assert {**ours.attributes, **apart} == {**theirs.attributes, **apart}
        for name in ("summary", "timeline", "paths"):
            assert getattr(ours, name).identical(getattr(theirs, name))


def test_run__without_out_on_processes_is_the_same(study, file):
    with spvrisk.run(study, on=spvrisk.Processes(1)) as ours, spvrisk.open(file) as theirs:
        assert ours.attributes["content_sha256"] == theirs.attributes["content_sha256"]
        assert ours.tables().provenance["workers"] == 1


@pytest.mark.parametrize("of_file", [True, False])
@pytest.mark.parametrize("read_before", [True, False])
def test_close__leaves_all_readable(study, file, of_file, read_before):
    results = spvrisk.open(file) if of_file else spvrisk.run(study)
    before = results.paths.npv_funder
    assert before.shape == (700, 2)
    if read_before:
        assert results.summary.sizes["unit"] == 3
    results.close()
    assert float(results.summary.npv_funder_mean.sel(unit="portfolio")) != 0.0
    assert results.timeline.portfolio_calls.values.max() > 0.0
    again = results.paths.npv_funder
    assert again is not before and np.array_equal(again.values, before.values) and results.conditional
    results.close()


REREAD = {
    "paths": lambda results: results.paths,
    "values": lambda results: results.values("npv_funder"),
    "frame": lambda results: results.to_frame("paths"),
    "plan": lambda results: results.tables().plan(),
    "info": lambda results: results.view("info"),
    "trace": lambda results: spvrisk.trace(results, path=3),
    "trace by rank": lambda results: spvrisk.trace(results),
    "compare": lambda results: spvrisk.compare(results, results),
    "compare strictly": lambda results: spvrisk.compare(results, results, strict=True),
}
REPLACEMENTS = {
    "paths": lambda study, out: spvrisk.run(study, paths=90, out=out, overwrite=True).close(),
    "study": lambda _, out: write_small(out, n_paths=100, overwrite=True),
    "no result": lambda _, out: h5py.File(out, "w").close(),
}


@pytest.mark.parametrize("by", REPLACEMENTS)
@pytest.mark.parametrize("reread", REREAD)
def test_results__of_a_file_that_is_replaced_are_not_mixed(study, reread, by, tmp_path):
    out = tmp_path / "a.h5"
    with spvrisk.run(study, paths=100, out=out) as results:
        results.paths.npv_funder.load()
        results.close()
        REPLACEMENTS[by](study, out)
        with pytest.raises(spvrisk.InputError, match=r"a\.h5: was replaced since it was opened; open it again$"):
            REREAD[reread](results)
        assert results.summary.npv_funder_n.sel(unit="portfolio") == 100  # in memory
        assert results.timeline and results.conditional


def test_results__of_a_file_written_anew_with_the_same_content_stay(study, tmp_path):
    out = tmp_path / "a.h5"
    with spvrisk.run(study, paths=100, out=out) as results:
        spvrisk.run(study, paths=100, out=out, overwrite=True).close()
        assert results.summary and results.paths and results.view("info")


def test_run__two_threads_of_one_process_write_at_the_same_time(study, file, tmp_path, monkeypatch):
    both, finish = threading.Barrier(2), write.write_bytes

    def together(*arguments):
        both.wait(timeout=60)
        finish(*arguments)

    monkeypatch.setattr(write, "write_bytes", together)

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
        assert str(results.timeline.time.values[0])[:10] == "2026-06-30"
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


@pytest.mark.skipif(os.name != "posix", reason="devices")
def test_open__a_device_is_no_regular_file():
    with pytest.raises(spvrisk.InputError, match="^/dev/null: is not a regular file; name a result$"):
        spvrisk.open("/dev/null")


def test_validate__gives_mistakes_or_the_study():
    good, bad = spvrisk.validate(STARTER), spvrisk.validate(STARTER, {"run.paths": 0, "run.seed": -1})
    assert good.study.digest == spvrisk.load(STARTER).digest and not good.errors + good.warnings
    assert bad.study is None and [problem.path for problem in bad.errors] == ["run.paths", "run.seed"]


def test_validate__what_only_planning_finds():
    found = spvrisk.validate(STARTER, ["output.paths=[npv_fundr]"])
    assert found.study is None and "npv_fundr" in str(found.errors[0])


def test_overview__is_what_the_study_comes_to(study):
    found = spvrisk.overview(study)
    assert list(found.dates) == ["gas_plant", "port"] and min(*found.need, found.budget) > 1e6
    assert {law.owner for law in found.laws} == {"gas_plant", "port"}
    assert len(found.compiled.labels.series) == 64


def test_compare__takes_files_and_results(file, tmp_path):
    with spvrisk.open(file) as results:
        found = spvrisk.compare(results, file)
    assert found.results[1].paired and found.results[1].differences["npv_funder"].value == 0.0
    for few in ((file,), ()):
        with pytest.raises(spvrisk.InputError, match=r"needs two results, got .*name two or more"):
            spvrisk.compare(*few)


def test_compare__strict_in_memory_and_its_verdict(study):
    with spvrisk.run(study, paths=300) as short, spvrisk.run(study, paths=400) as longer:
        found = spvrisk.compare(short, longer, strict=True)
        assert found.agrees and found.strict and found.pairs[0].paths == 300
        other = spvrisk.run(study, paths=300, seed=8)
        found = spvrisk.compare(short, longer, other, strict=True)
    assert not found.agrees and not found.disagreements
    assert [(pair.first, pair.second, pair.because) for pair in found.unchecked] == [
        (0, 2, "different seed"),
        (1, 2, "different seed"),
    ]
    said = VIEWS["compare_shared"].figures(found)
    assert english(said.title).startswith("Whether in memory (1) and in memory (3) agree is not known")


def test_trace__by_number_and_by_rank(file):
    worst = spvrisk.trace(file, rank=1)
    values = spvrisk.open(file).paths.portfolio_npv_funder.values
    assert worst.trace.path == values.argmin() and worst.rank.level == "1"
    for number in (3, 3.0, np.int32(3)):
        found = spvrisk.trace(spvrisk.open(file), path=number).trace
        assert found.values["portfolio", "npv_funder"] == values[3] and repr(found.path) == "3"
    for wrong, said in (
        ({"path": 3, "rank": 0.5}, "cannot be used with"),
        ({"path": -1}, "must be below 700"),
        ({"rank": 1.5}, r"must be a number in \[0, 1\]"),
        ({"rank": "abc"}, r"must be a number in \[0, 1\], got abc"),
    ):
        with pytest.raises(spvrisk.InputError, match=said):
            spvrisk.trace(file, **wrong)


def test_selftest__gives_proofs_and_tells_them(monkeypatch):
    monkeypatch.setattr(proof, "proved", lambda target: proof.Proof(target, Stamp(REFUSED)))
    told = []
    found = spvrisk.selftest(all_targets=True, announce=told.append)
    assert [each.target for each in found] == [native(), *FOREIGN]
    assert all(each.refused for each in found) and told[0] == f"{native().name}: {REFUSED}"


def test_selftest__that_fails_is_an_outcome_and_the_others_go_on(monkeypatch):
    def proved(target):
        if target == FOREIGN[0]:
            raise spvrisk.RunError("compiling failed: no memory")
        return proof.Proof(target, Stamp(PASSED))

    monkeypatch.setattr(proof, "proved", proved)
    failed = [each for each in spvrisk.selftest(all_targets=True) if each.stamp.outcome != PASSED]
    assert failed == [proof.Proof(FOREIGN[0], Stamp(proof.FAILED, "compiling failed: no memory"))]
    told = CliRunner().invoke(main, ["selftest", "--all-targets"])
    assert told.exit_code == 1 and "a self-test could not be run" in told.stderr
    assert "no memory" in told.stdout and told.stdout.count(PASSED) == len(FOREIGN)


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
        assert "<table" in html and "P(loss)" in html and "±" in html
        given = results.view("value", given="election=new_course")
        assert given != results.view("value") and given.title == results.view("value").title
        with pytest.raises(spvrisk.InputError, match="did you mean election=new_course"):
            results.view("value", given="election=new_cours")


def test_view__prints_as_the_command_does_and_is_a_table_in_notebooks(file):
    with spvrisk.open(file) as results:
        view = results.view("value")
    table, html = str(view), view._repr_html_()
    assert "<table" in html and "P(loss)" in html and "Estimate(" not in html
    assert table.startswith("Net present value to the funder, USD million") and "Estimate(" not in table
    printed = CliRunner().invoke(main, ["summary", str(file), "--show", "value"]).stdout
    assert table in "\n".join(line.rstrip() for line in printed.splitlines())


def test_repr__is_short(file):
    with spvrisk.open(file) as results, spvrisk.run(spvrisk.load(STARTER), paths=20) as other:
        assert repr(results.tables()) == f"<Result {file}, 700 paths>"
        assert repr(results.tables("election=new_course")).endswith("700 paths, given election=new_course>")
        assert repr(other.tables()) == "<Result in memory, 20 paths>"
        assert repr(spvrisk.compare(results, other)) == "<Comparison of a.h5, in memory>"


def test_results__conditional_is_empty_without_events_and_regimes(tmp_path):
    write_small(tmp_path / "none.h5", make_labels()._replace(regimes=(), events=()), 10)
    with spvrisk.open(tmp_path / "none.h5") as results:
        assert not results.conditional


def test_run__interrupted_as_its_result_is_opened_says_that_it_is_written(tmp_path, monkeypatch):
    def interrupted(path):
        raise KeyboardInterrupt

    monkeypatch.setattr("spvrisk.api.runs.Results", interrupted)
    out = tmp_path / "r.h5"
    with pytest.raises(KeyboardInterrupt) as error:
        spvrisk.run(spvrisk.load(STARTER), paths=64, out=out)
    assert error.value.__notes__ == [f"The result is written: {out}."] and out.exists()
