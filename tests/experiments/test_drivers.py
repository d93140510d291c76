"""Drivers of a study: redraws against brute force and what cannot matter, inputs by path against redraws."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from scipy import stats

import spvrisk
from spvrisk.charts.drivers import drivers as chart
from spvrisk.cli import main
from spvrisk.config import load
from spvrisk.errors import InputError
from spvrisk.experiments.inputs_by_path import inputs_by_path, repeated
from spvrisk.experiments.redraws import groups_of, matched, redrawn_job, streams_of
from spvrisk.experiments.task import job_of, settings_of
from spvrisk.measures.drivers import decomposed
from spvrisk.measures.named import measure_of
from spvrisk.plan.compile import compile_study
from spvrisk.plan.laws import distribution
from spvrisk.plan.streams import Streams, stream_of
from spvrisk.report.json.drivers import drivers_json
from spvrisk.report.words import english, sentence
from spvrisk.runner.execute import make_ready, series_in_threads, series_of_many
from spvrisk.views import drivers as views

STARTER = Path(spvrisk.__file__).parent / "data" / "starter.yaml"
PATHS = 8192


@pytest.fixture(scope="module")
def study():
    return spvrisk.load(STARTER)


@pytest.fixture(scope="module")
def loaded():
    return load(STARTER)


def npv(jobs):
    make_ready(jobs[0].plan)
    wanted = [(job, [job.number("portfolio", "npv_funder")]) for job in jobs]
    return [values[0] for _, values in sorted(series_of_many(wanted, series_in_threads(2)), key=lambda each: each[0])]


def test_streams__redrawn_ones_have_another_name_and_no_other_moves():
    plain, anew = Streams(), Streams(["project/*/cost"])
    assert anew("project/port/cost") == stream_of("project/port/cost#1") != plain("project/port/cost")
    assert anew("project/port/delay") == plain("project/port/delay")


def test_redraw__moves_only_what_it_names(loaded):
    job = job_of(loaded.study, settings_of(loaded, PATHS, 1))
    base, none, some, anew = npv([job, *(redrawn_job(loaded, job, p) for p in (["no/such"], ["*/cost"], ["*"]))])
    assert np.array_equal(base, none)
    assert 0.2 < np.corrcoef(base, some)[0, 1] < 0.98 and abs(np.corrcoef(base, anew)[0, 1]) < 4.0 / np.sqrt(PATHS)


def test_redraw__of_another_job_than_the_study(loaded):
    job = job_of(loaded.study, settings_of(loaded, PATHS, 1))
    ids = {each.id for each in (job, redrawn_job(loaded, job, ["a"]), redrawn_job(loaded, job, ["b"]))}
    assert len(ids) == 3


def test_groups__by_cause_are_all_that_is_drawn(loaded):
    streams, labels = streams_of(loaded), compile_study(loaded.study).labels
    causes = [group for group in groups_of(streams, labels) if group.kind == "group"]
    seen = [name for group in causes for name in matched(group.patterns, streams)]
    assert sorted(seen) == sorted(streams)


def test_redraws__agree_with_brute_force():
    """Var E[Y | overrun of the port] by studies at 32 points of its law, on the same paths; no redraw is in it.

    The port's costs are drawn apart from all else, so that its stream is its overrun and nothing more.
    """
    alone = {f"projects.port.construction.correlation.{key}": 0.0 for key in ("all", "class", "cost_delay")}
    study, n = spvrisk.load(STARTER, alone), 32
    planned = spvrisk.plan_redraws(study, ["port/npv_funder:mean"], ["x=project/port/cost"], paths=4 * PATHS, seed=3)
    first = spvrisk.redraws(planned).rows[0].first[0]
    law, u = distribution(study.config.projects["port"].construction.overrun), (np.arange(n) + 0.5) / n
    points = law.quantile(u, 1.0 - u)
    fixed = [spvrisk.load(STARTER, {**alone, "projects.port.construction.overrun": float(x)}) for x in points]
    jobs = [job_of(each.config, settings_of(each.loaded, 4096, 4)) for each in (study, *fixed)]
    make_ready(jobs[0].plan)
    wanted = [(job, [job.number("port", "npv_funder")]) for job in jobs]
    values = {i: found[0] for i, found in series_of_many(wanted, series_in_threads(2))}
    given = np.array([values[i + 1].mean() for i in range(n)])
    # of a law between its points there is a little more, some percent at so many
    missed, brute = 1.0 - points.var() / law.moments[1] ** 2, given.var() / values[0].var()
    assert 0.1 < brute < 1.0 and missed < 0.1
    assert abs(first.value - brute) <= 4.0 * first.error + missed


@pytest.mark.parametrize(
    ("of", "count"), [("es@0.99", 200), ("var@0.95", 1000), ("quantile@0.01", 200), ("quantile@0.9", 2000)]
)
def test_decomposed__a_tail_holds_exactly_its_share(loaded, of, count):
    """As shortfalls have it: that part of the paths, taken from the digits of the level."""
    measure = measure_of(f"npv_funder:{of}", compile_study(loaded.study).labels, "--of")
    values = np.random.default_rng(1).standard_normal(20_000)
    found = decomposed(measure, values)
    assert found.of(values).sum() == count
    assert (found.of(values) * np.sign(found.threshold) * values).sum() > 0.0


def test_decomposed__refuses_what_some_paths_have_not(loaded):
    measure = measure_of("delay_months:mean", compile_study(loaded.study).labels, "--of")
    with pytest.raises(InputError, match="must be of a quantity that all paths have"):
        decomposed(measure, np.array([1.0, np.nan]))


def test_redraws__what_cannot_matter_is_exactly_nothing():
    """The money at the funder's home has a factor of its own, which no value in the study's money reads."""
    study = spvrisk.load(STARTER)
    planned = spvrisk.plan_redraws(study, ["pv_host:mean", "pv_host:sd"], ["fx=factor/eur_per_usd"], paths=2000)
    (row,) = spvrisk.redraws(planned).rows
    assert row.first == row.total == ((0.0, 0.0), (0.0, 0.0))


def test_redraws__the_same_by_threads_and_processes(study):
    planned = spvrisk.plan_redraws(study, ["npv_funder:es@0.95"], ["costs=*/cost"], paths=5000)
    assert spvrisk.redraws(planned).rows == spvrisk.redraws(planned, on=spvrisk.Processes(2)).rows


def test_drivers__an_input_that_is_drawn_apart_has_the_index_of_its_redraw():
    """The contract price, where the contracted share is fixed: both ways lead to one index."""
    kept = "output.paths=[npv_funder, inputs.contract_price]"
    study = spvrisk.load(STARTER, ["projects.gas_plant.operation.contract.share=0.8", kept])
    planned = spvrisk.plan_redraws(study, ["npv_funder:mean"], ["x=project/gas_plant/contract"], paths=4 * PATHS)
    (row,) = spvrisk.redraws(planned).rows
    with spvrisk.run(study, paths=4 * PATHS) as results:
        found = spvrisk.drivers(results, ["npv_funder:mean"])
    (seen,) = [each for each in found.rows if (each.unit, each.name) == ("gas_plant", "contract_price")]
    first = seen.told[0].first
    assert first.value > 5.0 * first.error
    assert abs(first.value - row.first[0].value) <= 4.0 * np.hypot(first.error, row.first[0].error)


@pytest.fixture(scope="module")
def moved(tmp_path_factory):
    """A result whose election ends a deal, and may end a tariff that ends by itself too."""
    folder = tmp_path_factory.mktemp("moved")
    (folder / "starter.yaml").write_text(STARTER.read_text(encoding="utf-8"), encoding="utf-8")
    text = """
include: [starter.yaml]
regimes: {deal: {initial: {state: held, since: 2026-02-24}, states: {held: {}, over: {}}}}
events: {election: {outcomes: {new_course: {moves: {deal: over}}}}}
"""
    (folder / "study.yaml").write_text(text, encoding="utf-8")
    with spvrisk.run(spvrisk.load(folder / "study.yaml"), paths=4000) as results:
        yield results


def test_drivers__a_final_state_that_repeats_an_outcome_has_no_row(moved):
    outcome, deal = (moved.values(name) for name in ("outcome_election", "final_state_deal"))
    assert np.array_equal(outcome, deal) and 0.4 < outcome.mean() < 0.6
    found = spvrisk.drivers(moved, ["npv_funder:mean"])
    assert found.same == (("deal", "election"),)
    assert [each.unit for each in found.rows if each.kind != "input"] == ["election"]
    (page,) = views.drivers(found)
    assert "deal at the end says the same as" in english(page.notes[2])
    assert drivers_json(found)["same"] == {"deal": "election"}


def test_repeated__is_what_parts_the_paths_alike():
    """Other codes, one of which is undefined, do; a state that several outcomes lead to does not."""
    event = np.array([0.0, 1.0, 2.0, np.nan, 1.0, 0.0])
    alike, coarser, fixed = np.array([3.0, 0.0, 1.0, 2.0, 0.0, 3.0]), event == 1.0, np.zeros(6)
    regimes = {"alike": alike, "coarser": coarser.astype(float), "fixed": fixed}
    states = [("outcome", "e", "", event), *(("final_state", name, "", codes) for name, codes in regimes.items())]
    assert [*repeated(states)] == [("alike", "e")]


def test_indices_alone__are_those_of_all(moved):
    measures = [measure_of(text, moved.tables().labels, "") for text in ("npv_funder:mean", "npv_funder:es@0.95")]
    whole, alone = (inputs_by_path(moved.tables(), measures, indices_alone=alone) for alone in (False, True))
    assert [(each.told, each.telling) for each in alone.rows] == [(each.told, each.telling) for each in whole.rows]
    assert any(each.marks[1] for each in whole.rows) and not any(each.marks[1] for each in alone.rows)
    for each in (each for each in whole.rows if each.kind == "input"):
        given = moved.inputs[each.name].values
        column = moved.tables().labels.columns(each.name).index(each.unit)
        rho = stats.spearmanr(given[:, column], moved.values("npv_funder")).statistic
        assert each.ranks[0].value == each.ranks[1].value == pytest.approx(rho, abs=1e-12)


@pytest.mark.parametrize(
    ("of", "rule"),
    [
        ("gas_plant/npv_funder:es_part@0.95", "must be of one quantity"),
        ("payback_years:mean", "must be finite on all paths"),
    ],
)
def test_redraws__refuse_what_cannot_be_decomposed(study, of, rule):
    with pytest.raises(InputError, match=rule):
        spvrisk.redraws(spvrisk.plan_redraws(study, [of], ["costs=*/cost"], paths=500))


@pytest.mark.parametrize(
    ("group", "rule"), [("costs", "must be a name and patterns"), ("a=no/such", "must name a stream")]
)
def test_plan_redraws__refuses_groups_that_are_none(study, group, rule):
    with pytest.raises(InputError, match=rule):
        spvrisk.plan_redraws(study, groups=[group])


def test_picture__of_redraws_has_each_cause_by_itself_and_with_others(study):
    planned = spvrisk.plan_redraws(study, ["npv_funder:mean", "npv_funder:es@0.95"], paths=1000)
    found = spvrisk.redraws(planned)
    causes = sorted((row for row in found.rows if row.group.kind == "group"), key=lambda row: -row.total[0].value)
    causes = [row for row in causes if row.total[0].value > 0.0]
    made = chart(found)
    assert [english(name) for name in made.panels[0].y.names] == [row.group.name for row in causes]
    for i, panel in enumerate(made.panels):
        by_itself, with_others = panel.marks
        assert by_itself.x == tuple(max(row.first[i].value, 0.0) for row in causes)
        assert with_others.x == tuple(row.total[i].value for row in causes)
        half = stats.norm.ppf(0.975) * causes[0].total[i].error
        assert with_others.high[0] == pytest.approx(causes[0].total[i].value + half)
        assert all(below < above for below, above in zip(by_itself.y, with_others.y, strict=True))
    assert sentence(made.title).startswith(f"Most hangs on {causes[0].group.name}, with others: ")
    (panel,) = chart(found, "npv_funder:es@0.95").panels
    assert english(panel.title) == "of being one of the worst 5 %"
    with pytest.raises(InputError, match="must be a measure of the redraws, got npv_funder:sd"):
        chart(found, "npv_funder:sd")
    assert len(spvrisk.plot("drivers", found, of="npv_funder:mean").axes) == 1
    with pytest.raises(InputError, match="results"):
        spvrisk.plot("fan", found)


def called(*words):
    done = CliRunner().invoke(main, [str(word) for word in words])
    return done.exit_code, done.stdout, done.stderr


def test_command__says_what_drives_a_result_and_a_study(tmp_path, study):
    spvrisk.run(study, out=tmp_path / "r.h5", paths=4000).close()
    code, out, _ = called("drivers", tmp_path / "r.h5", "--of", "npv_funder:es@0.95")
    assert code == 0 and "cost multiple" in out and "shift in the tail" in out and "worst 5 %" in out
    code, out, _ = called("drivers", STARTER, "--paths", 500, "--of", "npv_funder:mean")
    assert code == 0 and "overruns" in out and "with others" in out
    code, out, _ = called("drivers", STARTER, "--paths", 500, "--of", "npv_funder:mean", "--json")
    assert json.loads(out)["measures"]["npv_funder:mean"]["groups"][0].keys() >= {"kind", "first", "total_se"}
    code, out, _ = called("drivers", tmp_path / "r.h5", "--of", "npv_funder:mean", "--json")
    assert json.loads(out)["measures"]["npv_funder:mean"]["inputs"][0].keys() >= {"unit", "p_value", "rank_se"}
    code, _, err = called("drivers", tmp_path / "r.h5", "--known", "a.b")
    assert code == 2 and "--known: is of no use with a result" in err
    code, _, err = called("drivers", STARTER, "--known", "study.steps")
    assert code == 2 and "must lead to a law" in err
