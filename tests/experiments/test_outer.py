"""Outer runs: against a study whose value is linear in normal numbers, whatever computes them, broken off or not."""

import time
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import spvrisk
from reference.draws import words
from spvrisk.config import load
from spvrisk.config.scenarios.uncertain import uncertain_of
from spvrisk.errors import InputError
from spvrisk.experiments.outer import draws, planned_outer, planning_seconds
from spvrisk.experiments.overview import checked, overview
from spvrisk.experiments.task import job_of
from spvrisk.measures.knowledge import explained, knowledge
from spvrisk.report.words import english
from spvrisk.runner import execute
from spvrisk.runner.shard import run_series
from spvrisk.views.plan import size
from studies import BARE, changed, write_study

STARTER = Path(spvrisk.__file__).parent / "data" / "starter.yaml"
OUTER, INNER = 40, 256
UNCERTAIN = """
uncertain:
  port_cost:
    law: {value: {triangular: {min: 0.8, mode: 1, max: 1.6}}, source: a builder, confidence: reported}
    moves: {projects.port.budget: {times: x}}
    title: {en: "Port, budget", ja: 港の予算}
  gas:
    law: {uniform: {min: 0.8, max: 1.2}}
    moves: {factors.gas.process.ou.mean.value: {times: x}, factors.gas.process.ou.start: {times: x}}
  correlation: {port_cost: {gas: 0.6}}
"""
LAWS = {"port_cost": stats.triang(0.25, 0.8, 0.8), "gas": stats.uniform(0.8, 0.4)}
"""The same laws by scipy."""

LINEAR = {
    "factors": {"price": {"unit": "USD/t", "process": {"deterministic": {"curve": 3}}}},
    "projects": {"plant": {"construction": {"overrun": {"normal": {"mean": 1.0, "sd": 0.05}, "truncate": [0.5, 1.5]}}}},
}
"""Value falls with a normal cost, and rises with the price."""


def study_with(folder, text=UNCERTAIN, run="{paths: 600, uncertainty: {outer: 40, inner: 256}}"):
    """The starter study with uncertain inputs."""
    (folder / "starter.yaml").write_text(STARTER.read_text(encoding="utf-8"), encoding="utf-8")
    file = folder / "study.yaml"
    file.write_text(f"include: [starter.yaml]\n{text}\nrun: {run}\n", encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return spvrisk.load(study_with(tmp_path_factory.mktemp("uncertain")))


@pytest.fixture(scope="module")
def ran(study):
    with spvrisk.run(study) as results:
        return results


@pytest.fixture
def computed(monkeypatch):
    """Ids of the jobs of which series have been computed."""
    met = []

    def noted(job, k, series, advance):
        met.append(job.id)
        return run_series(job, k, series, advance)

    monkeypatch.setattr(execute, "run_series", noted)
    return met


def table(results):
    return results.tables().uncertainty


def refused(folder, text=UNCERTAIN, run="{uncertainty: {outer: 3, inner: 64}}"):
    """What is said of a study that is wrong."""
    with pytest.raises(InputError) as caught:
        checked(load(study_with(folder, text, run)))
    return str(caught.value)


# ---- draws


def test_draws__are_words_of_their_own_streams(study):
    """By the reference's generator, which shares no code with the engine's."""
    found = draws(uncertain_of(study.loaded)._replace(correlation={}), study.config.run.seed, 100)
    for column, (name, law) in enumerate(LAWS.items()):
        u = (words(study.config.run.seed, np.arange(100), f"uncertain/{name}", 0) + 0.5) / 2**32
        assert found[:, column] == pytest.approx(law.ppf(u), rel=1e-8)


def test_draws__are_correlated_in_their_scores_and_have_their_laws(study):
    found = draws(uncertain_of(study.loaded), 1, 20_000)
    for values, law in zip(found.T, LAWS.values(), strict=True):
        assert stats.kstest(values, law.cdf).pvalue > 1e-3
    scores = [stats.norm.ppf(law.cdf(values)) for values, law in zip(found.T, LAWS.values(), strict=True)]
    assert np.corrcoef(scores)[0, 1] == pytest.approx(0.6, abs=0.02)


def test_draws__of_the_first_runs_stay_when_there_are_more(study):
    uncertain = uncertain_of(study.loaded)
    assert draws(uncertain, 1, 50)[:20].tolist() == draws(uncertain, 1, 20).tolist()


# ---- runs


def test_run__is_that_of_the_changed_study_on_paths_of_its_own(study, ran):
    """Outer run 3 is the study with its two numbers changed, and the paths from 3 x 256 on."""
    found, i = table(ran), 3
    port, gas = found.drawn[i]
    sets = {
        "projects.port.budget": study.config.projects["port"].budget * port,
        "factors.gas.process.ou.mean.value": study.config.factors["gas"].process.ou.mean.value * gas,
        "factors.gas.process.ou.start": study.config.factors["gas"].process.ou.start * gas,
    }
    changed_study = spvrisk.load(study.loaded.files[0], {**sets, "run.uncertainty": None})
    with spvrisk.run(changed_study, paths=2000) as results:
        own = results.values("npv_funder")[i * INNER : (i + 1) * INNER]
        others = {
            "port/npv_funder": results.values("npv_funder", "port"),
            "pv_host": results.values("pv_host"),
            "npv_funder_local": results.values("npv_funder_local"),
        }
    at = {name: k for k, name in enumerate(found.measures)}
    assert found.values[i, at["npv_funder:mean"]] == pytest.approx(own.mean(), rel=1e-9)
    assert found.errors[i, at["npv_funder:mean"]] == pytest.approx(own.std(ddof=1) / 16, rel=1e-9)
    assert found.values[i, at["npv_funder:p_loss"]] == pytest.approx(np.mean(own < 0))
    assert found.curve()[i, found.quantiles.index("0.5")] == pytest.approx(np.sort(own)[127], rel=1e-9)
    assert found.series == ("npv_funder", "gas_plant/npv_funder", "port/npv_funder", *[*others][1:], "scheme_value")
    for name, values in others.items():  # of which the file has four bytes a path
        values = np.sort(values[i * INNER : (i + 1) * INNER])
        for level, k in (("0.01", 2), ("0.25", 63), ("0.99", 253)):
            assert found.curve(name)[i, found.quantiles.index(level)] == pytest.approx(values[k], rel=1e-6)


def test_main_run__is_what_it_is_without_uncertain_inputs(study, ran):
    with spvrisk.run(spvrisk.load(study.loaded.files[0], {"run.uncertainty": None})) as plain:
        assert table(plain) is None
        one, other = plain.tables(), ran.tables()
        assert one.attributes["job_id"] == other.attributes["job_id"]
        assert one.attributes["config_sha256"] == other.attributes["config_sha256"]
        assert plain.values("npv_funder").tolist() == ran.values("npv_funder").tolist()
        assert one.summary.mean.tobytes() == other.summary.mean.tobytes()


def test_total_variance__of_a_study_that_is_linear_in_normal_numbers(tmp_path):
    """Var = Var(E) + E(Var): what is not known is the slope by the price times its spread, chance that by the cost."""
    text = changed(BARE, **LINEAR, study={"horizon_years": 8})
    file = write_study(text, tmp_path / "linear.yaml")

    def value(price, cost):
        sets = {"factors.price.process.deterministic.curve": price, "projects.plant.construction.overrun": cost}
        with spvrisk.run(spvrisk.load(file, sets), paths=64) as results:
            return results.values("npv_funder")[0]

    by_price, by_cost = value(4.0, 1.0) - value(3.0, 1.0), value(3.0, 1.1) / 0.1 - value(3.0, 1.0) / 0.1
    known, chance = abs(by_price) * 0.2, abs(by_cost) * 0.05
    with file.open("a", encoding="utf-8") as more:
        more.write("uncertain: {price: {law: {normal: {mean: 3, sd: 0.2}}, ")
        more.write("moves: {factors.price.process.deterministic.curve: x}}}\n")
    asked = {"run.uncertainty": {"outer": 200, "inner": 4096}}
    with spvrisk.run(spvrisk.load(file, asked), paths=4096) as results:
        found = table(results)
    values, errors = found.values[:, 0], found.errors[:, 0]
    told = knowledge(values, errors, found.inner)
    for index, truth in ((told.variance, known**2), (told.share, known**2 / (known**2 + chance**2))):
        assert abs(index.value - truth) < 3.0 * index.error and index.error < 0.15 * truth
    assert values == pytest.approx(value(3.0, 1.0) + by_price * (found.drawn[:, 0] - 3.0), abs=5.0 * errors.max())
    (price,) = explained(found.drawn, values, errors)
    assert price.slope.value == pytest.approx(1.0, abs=0.01) and price.first.value == pytest.approx(1.0, abs=0.05)


def test_content__is_the_same_in_processes_and_threads(study, ran, tmp_path):
    for on in (spvrisk.Threads(1), spvrisk.Processes(2)):
        with spvrisk.run(study, out=tmp_path / "r.h5", on=on, overwrite=True) as results:
            assert results.attributes["content_sha256"] == ran.attributes["content_sha256"]
        assert not (tmp_path / "r.h5.run").exists()


def test_interrupted__goes_on_with_what_is_kept(study, ran, tmp_path, computed):
    done = []

    def progress(paths):
        done.append(paths)
        if sum(done) > 600 + 20 * INNER:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        spvrisk.run(study, out=tmp_path / "r.h5", progress=progress, on=spvrisk.Threads(1))
    before = len(computed)
    assert 10 < before < 30 and list((tmp_path / "r.h5.run").glob("*.series"))
    with spvrisk.run(study, out=tmp_path / "r.h5", resume=True) as results:
        assert results.attributes["content_sha256"] == ran.attributes["content_sha256"]
    assert len(computed) < OUTER + 3
    assert not (tmp_path / "r.h5.run").exists()


def test_extended__computes_only_what_is_new(study, tmp_path, computed):
    file, out = study.loaded.files[0], tmp_path / "r.h5"
    spvrisk.run(study, out=out).close()
    with pytest.raises(InputError, match="holds 600 paths of this run already"):
        spvrisk.run(study, out=out)
    computed.clear()
    more = spvrisk.load(file, {"run.uncertainty.outer": OUTER + 2})
    with spvrisk.run(more, out=out) as results, spvrisk.run(more) as whole:
        assert len(set(computed[:2])) == 2 and len(computed) == 2 + OUTER + 2
        assert results.attributes["content_sha256"] == whole.attributes["content_sha256"]
    computed.clear()
    with spvrisk.run(more, paths=700, out=out) as results:
        assert table(results).outer == OUTER + 2 and not computed
    with pytest.raises(InputError, match=r"holds what the longer one would not: outer runs: 42 of 256 paths"):
        spvrisk.run(spvrisk.load(file, {"run.uncertainty": None}), paths=800, out=out)


def test_job__that_begins_elsewhere_is_another_and_whole_blocks_begin_it(study):
    job = job_of(study.config, study.config.run)
    later = planned_outer(study.loaded, study.config.run).jobs[1]
    assert later.first == INNER and later.from_bytes(later.to_bytes()).first == INNER
    assert later.id != job.id
    with pytest.raises(ValueError, match="multiple of 64"):
        type(job)(job.plan, job.labels, job.study, 1, 64, first=32)


# ---- what it takes


def test_estimate__counts_the_outer_runs_that_are_left(study, tmp_path, monkeypatch):
    """A kernel of 1 ms on one thread: 0.6 s of the run itself, 40 x 0.256 s of outer runs."""
    monkeypatch.setattr("spvrisk.experiments.run.seconds_per_path", lambda _: 1e-3)

    def told(out="r.h5", **sets):
        said = []
        spvrisk.run(study, on=spvrisk.Threads(1), announce=said.append, out=tmp_path / out, **sets).close()
        return next((line.partition(", ")[0] for line in said if " take about " in line), None)

    def interrupting(done):
        interrupting.done += done
        if interrupting.done > 600 + 20 * INNER:
            raise KeyboardInterrupt

    interrupting.done = 0
    with pytest.raises(KeyboardInterrupt):
        told(progress=interrupting)
    kept = len(list((tmp_path / "r.h5.run").glob("*.series")))
    left = (OUTER - kept) * INNER
    seconds = -(-left // 1000)
    assert 10 < kept < 30
    assert told(resume=True) == f"0 paths and {left:,} of outer runs take about 0:00:{seconds:02d}"
    assert told("other.h5") == "600 paths and 10,240 of outer runs take about 0:00:11"
    assert told(paths=700) is None


def test_overview__foresees_planning_and_running_of_outer_runs(study, monkeypatch):
    monkeypatch.setattr("spvrisk.experiments.overview.seconds_per_path", lambda _: 1e-3)
    monkeypatch.setattr("spvrisk.experiments.overview.processors", lambda: 2)
    monkeypatch.setattr("spvrisk.experiments.overview.planning_seconds", lambda _: 7.0)
    found = overview(study.loaded)
    assert (found.seconds, found.outer_seconds) == (pytest.approx(0.3), pytest.approx(5.12 + 7.0))
    (row,) = (row for row in size(found).rows if english(row.name) == "outer runs")
    assert english(row.cells[0]) == "40 of 256 paths each; time: about 0:00:13 more"


def test_planning_seconds__are_what_planning_takes(study):
    planned_outer(study.loaded, study.config.run)
    began = time.perf_counter()
    planned_outer(study.loaded, study.config.run)
    assert 0.3 < planning_seconds(study.loaded) / (time.perf_counter() - began) < 3
    assert planning_seconds(load(STARTER)) == 0.0


# ---- file


def test_file__holds_labelled_arrays_and_what_is_said_of_inputs(ran):
    found = ran.uncertainty
    assert found.input_value.dims == ("outer", "input") and found.input_value.shape == (OUTER, 2)
    assert found.measure_value.sel(measure="npv_funder:mean").shape == (OUTER,)
    port = found.series_quantile.sel(series="port/npv_funder", quantile=0.5)
    assert port.dims == ("outer",) and port.values.tolist() == table(ran).curve("port/npv_funder")[:, 14].tolist()
    port, gas = table(ran).inputs
    assert port.title == {"en": "Port, budget", "ja": "港の予算"} and (gas.title, gas.source) == ({}, "")
    assert port.law == '{"triangular": {"min": 0.8, "mode": 1, "max": 1.6}}' and port.source == "a builder"
    assert port.moves == ('projects.port.budget={"times": "x"}',)
    assert table(ran).correlation == {"port_cost": {"gas": 0.6}}


# ---- bad input


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "port.budget: {times: x}",
            "prot.budget: {times: x}",
            "study.yaml:6 in outer run 1: projects.prot.budget: leads to nothing",
        ),
        ("{times: x}}\n    title", "{times: 2}}\n    title", "must have x where the draw belongs, got a mapping"),
        ("uniform", "unifrom", "uncertain.gas.law"),
        (
            "{uniform: {min: 0.8, max: 1.2}}",
            "{uniform: {min: -2, max: -1}}",
            "factors.gas.process.ou.mean: must be above 0",
        ),
        ("gas: 0.6", "gas: 1.2", "must be a correlation between -1 and 1, got 1.2"),
        ("gas: 0.6", "gaz: 0.6", "must be of uncertain inputs, got gaz; did you mean gas?"),
        ("title: {", "titel: {", "titel is not a key of an uncertain input"),
        ("  gas:", "  gas price:", "must have a name of letters"),
    ],
)
def test_mistakes__are_told_with_place_and_remedy(tmp_path, old, new, told):
    assert old in UNCERTAIN
    assert told in refused(tmp_path, UNCERTAIN.replace(old, new))


def test_mistakes__two_inputs_that_move_one_number(tmp_path):
    """Multiples are of the study's own value: the second would undo the first."""
    more = "  other: {law: {uniform: {min: 1, max: 2}}, moves: {projects.*.budget: {times: x}}}\n  correlation"
    said = refused(tmp_path, UNCERTAIN.replace("  correlation", more))
    assert "study.yaml:11: projects.port.budget is moved by port_cost and again by other" in said


def test_moves__of_a_share_and_what_it_leaves(tmp_path):
    text = """
uncertain:
  never:
    law: {uniform: {min: 0.1, max: 0.3}}
    moves: {projects.port.construction.overrun: {mixture: [{weight: 1 - x, law: 1}, {weight: x, law: 2}]}}
"""
    loaded = load(study_with(tmp_path, text, "{paths: 64, uncertainty: {outer: 5, inner: 64}}"))
    (never,) = uncertain_of(loaded).inputs
    (change,) = never.changes(0.9)
    first, second = (item.value for item in change.value.value["mixture"].value)
    assert (first["weight"].value, second["weight"].value) == (0.1, 0.9)
    assert len(planned_outer(loaded, loaded.study.run).jobs) == 5


def test_mistakes__of_the_numbers_of_runs(tmp_path):
    said = refused(tmp_path, run="{uncertainty: {outer: 3, inner: 1000}}")
    assert "run.uncertainty.inner: must be a multiple of 64" in said and "got 1000; write 1024" in said
    said = refused(tmp_path, text="", run="{uncertainty: {outer: 3}}")
    assert "run.uncertainty: needs uncertain inputs, and the study has none" in said and "study.yaml:3" in said
    assert "2,147,483,647 paths in all" in refused(tmp_path, run="{uncertainty: {outer: 100000, inner: 65536}}")


def test_mistakes__of_correlations_that_make_no_matrix(tmp_path):
    third = "  other: {law: {uniform: {min: 1, max: 2}}, moves: {projects.port.budget: {times: x}}}\n  correlation"
    text = UNCERTAIN.replace("  correlation", third).replace("gas: 0.6", "gas: 0.9, other: 0.9}, gas: {other: -0.5")
    assert "the matrix must be positive definite" in refused(tmp_path, text)


def test_set__of_an_uncertain_input_says_where_it_stands(study):
    with pytest.raises(InputError, match="uncertain inputs stand beside the study in its file"):
        spvrisk.load(study.loaded.files[0], {"uncertain.gas.law": 1})


def test_uncertain__without_outer_runs_is_checked_and_not_run(tmp_path):
    file = study_with(tmp_path, run="{paths: 64}")
    checked(load(file))
    with spvrisk.run(spvrisk.load(file)) as results:
        assert table(results) is None and not len(results.uncertainty)
