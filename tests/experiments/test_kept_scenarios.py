"""Scenarios that are kept: none is computed twice, one that fails leaves the others, all in one dataset."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray
from click.testing import CliRunner

import spvrisk
from spvrisk.cli import main
from spvrisk.dataset.place import claimed
from spvrisk.errors import InputError
from spvrisk.report.words import english
from spvrisk.runner import execute
from spvrisk.runner.kept_series import KeptSeries
from spvrisk.runner.shard import run_series

STARTER = Path(spvrisk.__file__).parent / "data" / "starter.yaml"
PATHS = 5000
ONE = spvrisk.Threads(1)
NAMES = ["base", "dear", "cheap", "late"]
TEXT = f"""
base: starter.yaml
paths: {PATHS}
measures: [npv_funder:mean, npv_funder:es@0.95, port/cost:mean, pv_host:mean]
scenarios:
  dear: {{title: 高い港, projects.port.budget: {{times: 1.5}}}}
  cheap: {{projects.*.budget: {{times: 0.9}}}}
  late: {{projects.*.construction.duration: {{times: 1.5}}}}
"""


def written(folder, text=TEXT):
    (folder / "starter.yaml").write_text(STARTER.read_text(encoding="utf-8"), encoding="utf-8")
    file = folder / "what_if.yaml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return written(tmp_path_factory.mktemp("scenarios"))


@pytest.fixture(scope="module")
def expected(file):
    return spvrisk.scenarios(spvrisk.plan_scenarios(file), on=ONE)


@pytest.fixture(scope="module")
def dataset(file, tmp_path_factory):
    out = tmp_path_factory.mktemp("dataset") / "w.h5"
    spvrisk.scenarios(spvrisk.plan_scenarios(file), out=out)
    return out


@pytest.fixture
def computed(monkeypatch):
    """Ids of the jobs of which a shard has been computed."""
    met = []

    def noted(job, k, series, advance):
        met.append(job.id)
        return run_series(job, k, series, advance)

    monkeypatch.setattr(execute, "run_series", noted)
    return met


def figures(found):
    return [(o.scenario.name, o.values, o.errors, o.changes) for o in found.outcomes]


def interrupted_after(paths):
    done = []

    def progress(more):
        done.append(more)
        if sum(done) > paths:
            raise KeyboardInterrupt

    return progress


def test_scenarios__an_interrupted_call_is_gone_on_with(file, expected, computed, tmp_path):
    out, planned = tmp_path / "w.h5", spvrisk.plan_scenarios(file)
    with pytest.raises(KeyboardInterrupt) as ended:
        spvrisk.scenarios(planned, on=ONE, out=out, progress=interrupted_after(2 * PATHS))
    (note,) = ended.value.__notes__
    assert "2 of 4 scenarios are kept" in note and not out.exists()
    computed.clear()
    again = spvrisk.scenarios(planned, on=ONE, out=out)
    assert {o.job_id for o in again.outcomes[2:]} == set(computed)
    assert figures(again) == figures(expected)


def test_scenarios__nothing_is_computed_twice(file, expected, computed, tmp_path):
    out, told = tmp_path / "w.h5", []
    spvrisk.scenarios(spvrisk.plan_scenarios(file), out=out)
    computed.clear()
    again = spvrisk.scenarios(spvrisk.plan_scenarios(file), out=out, announce=told.append, progress=told.append)
    assert computed == [] and figures(again) == figures(expected)
    assert "4 of 4 scenarios are there already" in told and 4 * PATHS in told


def test_scenarios__of_one_that_is_added_it_alone_is_computed(computed, tmp_path, expected):
    few, out = written(tmp_path, TEXT[: TEXT.index("  late")]), tmp_path / "w.h5"
    spvrisk.scenarios(spvrisk.plan_scenarios(few), out=out)
    computed.clear()
    more = spvrisk.scenarios(spvrisk.plan_scenarios(written(tmp_path)), out=out)
    assert set(computed) == {more.outcomes[3].job_id} and figures(more) == figures(expected)


def test_scenarios__the_same_job_is_computed_once(computed, tmp_path):
    file = written(tmp_path, f"{{base: starter.yaml, paths: {PATHS}, scenarios: {{one: {{}}, two: {{}}}}}}")
    found = spvrisk.scenarios(spvrisk.plan_scenarios(file))
    assert len(computed) == len(found.outcomes) - 1 == 2 and len(set(computed)) == 1  # two leaves
    assert found.outcomes[0].changes is None and {c.value for c in found.outcomes[2].changes} == {0.0}


@pytest.mark.parametrize("harm", ["cut short", "changed", "other measures", "other paths"])
def test_scenarios__what_is_kept_must_be_what_is_wanted(file, computed, harm, tmp_path):
    out, planned = tmp_path / "w.h5", spvrisk.plan_scenarios(file)
    first = spvrisk.scenarios(planned, out=out)
    victim = tmp_path / "w.h5.run" / f"{first.outcomes[1].job_id[:32]}-{PATHS}.series"
    data = bytearray(victim.read_bytes())
    computed.clear()
    if harm in ("cut short", "changed"):
        data[-5] ^= 1
        victim.write_bytes(data[:-9] if harm == "cut short" else data)
        again = spvrisk.scenarios(planned, out=out)
        assert set(computed) == {first.outcomes[1].job_id} and figures(again) == figures(first)
        return
    changed = {"of": [*(m.text for m in planned.measures), "pv_host:sd", "port/npv_funder:mean"]}
    changed = changed if harm == "other measures" else {"paths": PATHS + 1}
    spvrisk.scenarios(spvrisk.plan_scenarios(file, **changed), out=out, overwrite=True)
    assert len(set(computed)) == 4


def test_scenarios__a_killed_process_loses_none_that_is_done(file, expected, computed, tmp_path):
    out = tmp_path / "w.h5"
    code = f"""
import os, signal, spvrisk
done = []
def progress(paths):
    done.append(paths)
    if sum(done) > {3 * PATHS}:
        os.kill(os.getpid(), signal.SIGKILL)
spvrisk.scenarios(spvrisk.plan_scenarios({str(file)!r}), on=spvrisk.Threads(1), out={str(out)!r}, progress=progress)
"""
    ended = subprocess.run([sys.executable, "-c", code], env=os.environ, check=False)
    assert ended.returncode == -signal.SIGKILL and not out.exists()
    again = spvrisk.scenarios(spvrisk.plan_scenarios(file), out=out)
    assert set(computed) == {again.outcomes[3].job_id} and figures(again) == figures(expected)


def test_scenarios__what_is_kept_is_that_of_the_dataset(file, tmp_path):
    out, planned = tmp_path / "w.h5", spvrisk.plan_scenarios(file)
    spvrisk.scenarios(planned, out=out)
    (tmp_path / "w.h5.run" / ".spvrisk-0.tmp").touch()
    few = planned._replace(variants=planned.variants[:2])
    spvrisk.scenarios(few, out=out, overwrite=True)
    assert len(list((tmp_path / "w.h5.run").iterdir())) == 2


def test_scenarios__two_do_not_write_one_dataset(file, tmp_path):
    with claimed(tmp_path / "w.h5"), pytest.raises(InputError, match="another run is writing it"):
        spvrisk.scenarios(spvrisk.plan_scenarios(file), out=tmp_path / "w.h5")


def test_scenarios__what_the_caller_raises_is_his(file, tmp_path):
    def progress(_):
        raise OSError("mine")

    with pytest.raises(OSError, match="^mine$"):
        spvrisk.scenarios(spvrisk.plan_scenarios(file), out=tmp_path / "w.h5", progress=progress)


# ---- failures


def failing(monkeypatch, *ids):
    def harmed(job, k, series, advance):
        if job.id in ids:
            raise MemoryError
        return run_series(job, k, series, advance)

    monkeypatch.setattr(execute, "run_series", harmed)


def test_scenarios__one_that_fails_leaves_the_others(file, expected, monkeypatch, tmp_path):
    out, planned = tmp_path / "w.h5", spvrisk.plan_scenarios(file)
    failing(monkeypatch, planned.variants[2].job.id)
    found = spvrisk.scenarios(planned, out=out)
    assert [o.failed for o in found.outcomes] == ["", "", "the machine has not enough memory", ""]
    assert np.isnan(found.outcomes[2].values).all() and np.isnan([c.value for c in found.outcomes[2].changes]).all()
    others = [0, 1, 3]
    assert [figures(found)[i] for i in others] == [figures(expected)[i] for i in others]
    monkeypatch.undo()
    assert figures(spvrisk.scenarios(planned, out=out)) == figures(expected)


def test_scenarios__of_a_base_that_fails_there_are_no_changes(file, expected, monkeypatch):
    planned = spvrisk.plan_scenarios(file)
    failing(monkeypatch, planned.variants[0].job.id)
    found = spvrisk.scenarios(planned)
    assert found.outcomes[1].values == expected.outcomes[1].values
    assert np.isnan([change.value for change in found.outcomes[1].changes]).all()
    assert np.isnan(found.to_xarray().change).all() and found.to_xarray().failed[0] != ""


def invoke(*arguments):
    return CliRunner().invoke(main, ["scenarios", *map(str, arguments)])


def test_command__a_failure_is_named_in_table_and_json(file, monkeypatch, tmp_path):
    failing(monkeypatch, spvrisk.plan_scenarios(file).variants[2].job.id)
    shown = invoke(file, "--out", tmp_path / "w.h5", "--save-table", tmp_path / "t.csv")
    assert shown.exit_code == 1 and "cheap failed: the machine has not enough memory" in shown.stderr
    assert "cheap failed" in shown.stdout and "Dataset" in shown.stdout
    assert "not enough memory" in (tmp_path / "t.csv").read_text(encoding="utf-8")
    shown = invoke(file, "--json")
    document = json.loads(shown.stdout)["scenarios"]
    assert shown.exit_code == 1 and [each["failed"] is None for each in document] == [True, True, False, True]
    assert document[2]["measures"]["npv_funder:mean"]["value"] is None


# ---- the dataset


def test_dataset__holds_all_figures_for_every_reader(file, expected, tmp_path):
    out = tmp_path / "w.h5"
    spvrisk.scenarios(spvrisk.plan_scenarios(file), out=out)
    rows = [o.changes for o in expected.outcomes[1:]]
    with xarray.open_dataset(out) as held:
        assert list(held.scenario.values) == NAMES and held.sizes["measure"] == 4
        assert held.title.sel(scenario="dear").item() == "高い港"
        np.testing.assert_array_equal(held.value, [o.values for o in expected.outcomes])
        np.testing.assert_array_equal(held.error, [o.errors for o in expected.outcomes])
        np.testing.assert_array_equal(held.change[1:], [[c.value for c in row] for row in rows])
        np.testing.assert_array_equal(held.change_error[1:], [[c.error for c in row] for row in rows])
        np.testing.assert_array_equal(held.change_unpaired_error[1:], [[c.unpaired_error for c in row] for row in rows])
        assert list(held.job_id.values) == [o.job_id for o in expected.outcomes]
        assert json.loads(held.overrides.sel(scenario="dear").item()) == list(expected.outcomes[1].overrides)
        assert held.attrs["seed"] == "1" and held.attrs["paths"] == PATHS
        in_memory = expected.to_xarray()
        xarray.testing.assert_equal(in_memory, held.load().astype(in_memory.dtypes))
    with h5py.File(out) as raw:
        names = [bytes(row.tobytes()).rstrip(b"\0").decode() for row in raw["scenario"][...]]
        assert names == NAMES and set(json.loads(bytes(raw["provenance/sources_json"][...]))) == {
            "what_if.yaml",
            "starter.yaml",
        }


@pytest.mark.parametrize("words", [["summary"], ["tail"], ["verify", "--rerun", "1"]], ids=" ".join)
def test_dataset__is_no_result_of_a_run(dataset, words):
    command, *options = words
    done = CliRunner().invoke(main, [command, str(dataset), *options])
    assert done.exit_code == 2 and not done.stdout and len(done.stderr.splitlines()) == 1
    assert "a dataset of scenarios" in done.stderr and f"`spvrisk info {dataset}" in done.stderr


def test_info__says_what_a_dataset_is(dataset):
    done = CliRunner().invoke(main, ["info", str(dataset)], catch_exceptions=False)
    said = " ".join(done.stdout.split())
    with h5py.File(dataset) as held:
        created = held.attrs["history"].decode().partition(": ")[0]
    for part in (
        "base Starter study: a gas plant and a port",
        "made from what_if.yaml by spvrisk scenarios",
        "scenarios 3: dear, cheap, late",
        "measures npv_funder:mean, npv_funder:es@0.95, port/cost:mean, pv_host:mean",
        f"paths {PATHS:,} of each seed 1",
        f"created {created}",
        f"engine spvrisk {spvrisk.__version__}, numbers version",
    ):
        assert part in said
    plain = json.loads(CliRunner().invoke(main, ["info", str(dataset), "--json"], catch_exceptions=False).stdout)
    with h5py.File(dataset) as held:
        assert plain["content_sha256"] == held.attrs["content_sha256"].decode()
    assert (plain["schema"], plain["kind"], plain["created"]) == ("spvrisk.info/1", "scenarios", created)
    assert plain["scenarios"] == NAMES and plain["failed"] == {} and (plain["paths"], plain["seed"]) == (PATHS, 1)
    assert (plain["made_from"], plain["sources"]) == ("what_if.yaml", ["what_if.yaml", "starter.yaml"])
    assert plain["measures"] == ["npv_funder:mean", "npv_funder:es@0.95", "port/cost:mean", "pv_host:mean"]
    rows = {english(row.name): row.cells for row in spvrisk.info(dataset).rows}
    assert rows["file"] == (str(dataset),) and rows["sources"] == ("what_if.yaml, starter.yaml",)


def test_info__names_what_failed(file, monkeypatch, tmp_path):
    planned = spvrisk.plan_scenarios(file, paths=200)
    failing(monkeypatch, planned.variants[2].job.id)
    spvrisk.scenarios(planned, out=tmp_path / "w.h5")
    rows = {english(row.name): row.cells for row in spvrisk.info(tmp_path / "w.h5").rows}
    assert rows["failed: cheap"] == ("the machine has not enough memory",)


def test_verify__a_dataset_that_was_written_is_sound(dataset):
    done = CliRunner().invoke(main, ["verify", str(dataset)], catch_exceptions=False)
    assert done.exit_code == 0 and f"{dataset} is sound" in done.stdout
    document = json.loads(CliRunner().invoke(main, ["verify", str(dataset), "--json"]).stdout)
    assert document["sound"] and [each["check"] for each in document["checks"]] == [
        "attributes and texts",
        "variables",
        "content",
    ]


def of_value(held):
    held["value"][1, 0] += 1e-9


def of_name(held):
    held["scenario"][1, 0] = b"D"


def of_paths(held):
    held.attrs["paths"] = np.int32(PATHS + 1)


def of_text(held):
    held["provenance/sources_json"][20] ^= 1


def of_error(held):
    del held["error"]


def of_shape(held):
    data = held["change"][:-1]
    del held["change"]
    held["change"] = data


@pytest.mark.parametrize(
    ("harm", "checks"),
    [
        (of_value, {"content"}),
        (of_name, {"content"}),
        (of_paths, {"attributes and texts"}),
        (of_text, {"attributes and texts"}),
        (of_error, {"variables", "content"}),
        (of_shape, {"variables", "content"}),
    ],
)
def test_verify__what_is_damaged_of_a_dataset_is_named(dataset, harm, checks, tmp_path):
    out = Path(shutil.copy(dataset, tmp_path / "w.h5"))
    with h5py.File(out, "r+") as held:
        harm(held)
    found = spvrisk.verify(out)
    assert not found.sound and {check.name for check in found.checks if not check.sound} == checks
    assert CliRunner().invoke(main, ["verify", str(out)]).exit_code == 1


def test_verify__a_dataset_without_a_digest_of_what_it_says_is_not_wrong(dataset, tmp_path):
    out = Path(shutil.copy(dataset, tmp_path / "w.h5"))
    with h5py.File(out, "r+") as held:
        del held.attrs["metadata_sha256"]
    found = spvrisk.verify(out)
    assert found.sound and found.checks[0].sound is None


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--paths", "600"], f"{PATHS:,} paths of seed 1"),
        (["--of", "npv_funder:mean"], "npv_funder:es@0.95"),
        (["--set", "projects.port.budget=500"], "other scenarios"),
    ],
)
def test_dataset__is_not_replaced_where_something_would_be_lost(file, arguments, says, tmp_path):
    out = tmp_path / "w.h5"
    assert invoke(file, "--out", out).exit_code == 0
    refused = invoke(file, "--out", out, *arguments)
    assert refused.exit_code == 2 and says in refused.stderr and "--overwrite" in refused.stderr
    assert "running" not in refused.stderr
    assert invoke(file, "--out", out, *arguments, "--overwrite").exit_code == 0


def test_dataset__takes_the_place_of_nothing_else(file, tmp_path):
    other = tmp_path / "r.h5"
    spvrisk.run(spvrisk.load(STARTER), paths=200, out=other).close()
    refused = invoke(file, "--out", other, "--overwrite")
    assert refused.exit_code == 2 and "must be a dataset of scenarios" in refused.stderr
    out = tmp_path / "w.h5"
    assert invoke(file, "--out", out, "--paths", 200).exit_code == 0
    with pytest.raises(InputError, match="must be a result of spvrisk"):
        spvrisk.run(spvrisk.load(STARTER), paths=200, out=out, overwrite=True)


def test_dataset__and_table_are_two_files(file, computed, tmp_path):
    out = tmp_path / "w.csv"
    done = invoke(file, "--out", out, "--save-table", tmp_path / "." / "w.csv")
    assert done.exit_code == 2 and "--save-table: must be another file than the dataset" in done.stderr
    assert not computed and not out.exists()


def test_table__what_is_wrong_with_it_is_told_of_it_before_anything_is_computed(file, computed, monkeypatch, tmp_path):
    (tmp_path / "t.csv").write_text("mine", encoding="utf-8")
    done = invoke(file, "--save-table", tmp_path / "t.csv")
    assert done.exit_code == 2 and "--save-table: file exists" in done.stderr
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    done = invoke(file, "--save-table", tmp_path / "t.parquet")
    assert done.exit_code == 2 and "--save-table: .parquet needs the package pyarrow" in done.stderr
    assert not computed


def test_dataset__one_that_appears_before_the_place_is_held_is_not_lost(file, monkeypatch, tmp_path):
    out, planned = tmp_path / "w.h5", spvrisk.plan_scenarios(file, paths=200)

    @contextmanager
    def after_another(target):
        monkeypatch.undo()
        spvrisk.scenarios(spvrisk.plan_scenarios(file, paths=300), out=out)
        with claimed(target) as place:
            yield place

    monkeypatch.setattr("spvrisk.experiments.scenarios.claimed", after_another)
    with pytest.raises(InputError, match="holds what the new one would not: 300 paths"):
        spvrisk.scenarios(planned, out=out)


# ---- who computes


@pytest.mark.parametrize("on", [spvrisk.Processes(2), spvrisk.Cluster("local", 2)], ids=str)
def test_scenarios__the_same_by_processes_and_on_a_cluster(file, expected, on, tmp_path):
    found = spvrisk.scenarios(spvrisk.plan_scenarios(file), on=on, out=tmp_path / "w.h5")
    assert figures(found) == figures(expected)


def test_kept_series__are_those_that_were_put(file, tmp_path):
    job = spvrisk.plan_scenarios(file).variants[0].job
    kept, values = KeptSeries(tmp_path), np.arange(2.0 * PATHS).reshape(2, PATHS)
    kept.put(job, [3, 1], values)
    np.testing.assert_array_equal(kept.get(job, [1]), values[1:])
    np.testing.assert_array_equal(kept.get(job, [3, 1]), values)
    assert kept.get(job, [1, 2]) is None


def test_restored__what_a_dataset_was_made_from_runs_again(tmp_path):
    studies, asked = tmp_path / "studies", tmp_path / "asked"
    (studies / "terms").mkdir(parents=True)
    asked.mkdir()
    written(studies)
    (studies / "terms" / "even.yaml").write_text("agreement: {split: {first_share: 0.4}}\n", encoding="utf-8")
    (asked / "rows.csv").write_text("scenario,projects.port.budget\nsmall,{times: 0.5}\n", encoding="utf-8")
    file = asked / "terms.yaml"
    file.write_text(
        "{base: ../studies/starter.yaml, table: rows.csv, scenarios: {even: {overlay: terms/even.yaml}}}",
        encoding="utf-8",
    )
    planned = spvrisk.plan_scenarios(file, ["projects.port.budget=444"], paths=200, of=["pv_host:mean"])
    first = spvrisk.scenarios(planned, out=tmp_path / "w.h5")
    command = CliRunner().invoke(main, ["info", str(tmp_path / "w.h5"), "--config", str(tmp_path / "again")]).stdout
    assert command.startswith("spvrisk scenarios ") and (tmp_path / "again/asked/terms.yaml").is_file()
    ran = CliRunner().invoke(main, [*shlex.split(command)[1:], "--out", str(tmp_path / "again.h5")])
    assert ran.exit_code == 0, ran.stderr
    with xarray.open_dataset(tmp_path / "again.h5") as again:
        assert list(again.job_id.values) == [o.job_id for o in first.outcomes]
        np.testing.assert_array_equal(again.value, [o.values for o in first.outcomes])
        assert json.loads(again.overlays.sel(scenario="even").item()) == ["terms/even.yaml"]


def test_scenarios__by_project(file):
    found = spvrisk.scenarios(spvrisk.plan_scenarios(file, paths=500, of=["*/npv_funder:mean"]))
    assert [m.text for m in found.measures] == ["gas_plant/npv_funder:mean", "port/npv_funder:mean"]
    dear, port = found.outcomes[1].changes, found.outcomes[1].changes[1]
    whole = spvrisk.scenarios(spvrisk.plan_scenarios(file, paths=500, of=["npv_funder:mean"])).outcomes[1].changes[0]
    np.testing.assert_allclose(dear[0].value + port.value, whole.value, rtol=1e-9)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sources", {}),
        ("sources", ["a.yaml"]),
        ("sources", {"a.yaml": 5}),
        ("sources", {"a.yaml": "\ud800"}),
        ("sources", {"\ud800": ""}),
        ("sources", {"../a.yaml": ""}),
        ("file", "/etc/passwd"),
        ("file", ["a.yaml"]),
        ("command", "init"),
        ("command", ["scenarios"]),
        ("overrides", 5),
        ("overrides", [5]),
    ],
)
def test_restored__what_a_hostile_file_says_is_refused(file, name, said, tmp_path):
    out = tmp_path / "w.h5"
    spvrisk.scenarios(spvrisk.plan_scenarios(file, paths=20, of=["npv_funder:mean"]), out=out)
    with h5py.File(out, "r+") as opened:
        if name == "sources" and isinstance(said, dict) and said:
            write_json(opened, "file", next(iter(said)))
        write_json(opened, name, said)
    with pytest.raises(InputError):
        spvrisk.restore(out, tmp_path / "again")
    assert not list(tmp_path.rglob("*.yaml"))


@pytest.mark.parametrize("name", ["measure", "job_id", "provenance/sources_json"])
@pytest.mark.parametrize("harm", ["vast", "elsewhere"])
def test_restored__a_file_that_is_built_otherwise_is_refused(file, name, harm, tmp_path):
    out = tmp_path / "w.h5"
    spvrisk.scenarios(spvrisk.plan_scenarios(file, paths=20, of=["npv_funder:mean"]), out=out)
    (tmp_path / "other.h5").write_bytes(out.read_bytes())
    with h5py.File(out, "r+") as opened:
        kind, shape = opened[name].dtype, opened[name].shape
        del opened[name]
        if harm == "vast":
            opened.create_dataset(name, (10**13 // 10 ** (3 * len(shape)), *[1000] * len(shape)), kind, chunks=True)
        else:
            opened[name] = h5py.ExternalLink(str(tmp_path / "other.h5"), name)
    with pytest.raises(InputError, match="far more values|more values than|link to another place"):
        spvrisk.restore(out, tmp_path / "again")


def write_json(opened, name, said):
    place, text = f"provenance/{name}_json", np.frombuffer(json.dumps(said).encode(), np.uint8)
    kind = opened[place].dtype
    del opened[place]
    opened[place] = text.view(kind)
