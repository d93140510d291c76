"""Scenarios: each is the run that it would be alone, differences are those of compare, and what the command says."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import spvrisk
from spvrisk.cli import main
from spvrisk.errors import InputError
from spvrisk.experiments.planned import default_measures
from spvrisk.plan.laws import distribution
from spvrisk.report.json import scenarios_json
from spvrisk.report.text import written
from spvrisk.report.words import english
from spvrisk.views.scenarios import scenarios, tornado

STARTER = Path(spvrisk.__file__).parent / "data" / "starter.yaml"
PATHS = 5000
MEASURES = ["npv_funder:mean", "npv_funder:p_loss", "npv_funder:es@0.95", "port/cost:quantile@0.5", "pv_host:mean"]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scenarios")
    (folder / "starter.yaml").write_text(STARTER.read_text(encoding="utf-8"), encoding="utf-8")
    made = folder / "what_if.yaml"
    made.write_text(
        f"""
base: starter.yaml
paths: {PATHS}
measures: [{", ".join(MEASURES)}]
scenarios:
  dear: {{title: A dearer <port>, projects.port.budget: {{times: 1.5}}}}
  same: {{}}
grid:
  both: {{low: {{projects.*.budget: {{times: 0.9}}}}, high: {{projects.*.budget: {{times: 1.1}}}}}}
""",
        encoding="utf-8",
    )
    return made


@pytest.fixture(scope="module")
def found(file):
    return spvrisk.scenarios(spvrisk.plan_scenarios(file), on=spvrisk.Threads(2))


def test_scenarios__each_is_the_run_that_it_would_be_alone(file, found, tmp_path):
    base = spvrisk.load(file.parent / "starter.yaml", {"output.paths": ["npv_funder"]})
    budget = base.config.projects["port"].budget
    study = spvrisk.load(file.parent / "starter.yaml", {"projects.port.budget": 1.5 * budget})
    with spvrisk.run(study, paths=PATHS) as alone, spvrisk.run(base, paths=PATHS) as first:
        table = alone.summary
        dear = found.outcomes[1]
        values = dict(zip(MEASURES, dear.values, strict=True))
        errors = dict(zip(MEASURES, dear.errors, strict=True))
        np.testing.assert_allclose(values["npv_funder:mean"], table.npv_funder_mean.sel(unit="portfolio"), rtol=1e-12)
        np.testing.assert_allclose(errors["npv_funder:mean"], table.npv_funder_mean_se.sel(unit="portfolio"), rtol=1e-9)
        np.testing.assert_allclose(values["npv_funder:p_loss"], table.npv_funder_p_loss.sel(unit="portfolio"))
        shortfall = table.npv_funder_expected_shortfall.sel(unit="portfolio", level=0.95)
        np.testing.assert_allclose(values["npv_funder:es@0.95"], shortfall, rtol=1e-12)
        np.testing.assert_allclose(values["port/cost:quantile@0.5"], table.cost_quantile.sel(unit="port", quantile=0.5))
        compared = spvrisk.compare(first, alone).results[1].differences
    for key, measure in (("npv_funder", "npv_funder:mean"), ("expected_shortfall_0.95", "npv_funder:es@0.95")):
        change = dear.changes[MEASURES.index(measure)]
        np.testing.assert_allclose(change.value, compared[key].value, rtol=1e-9)
        np.testing.assert_allclose(change.error, compared[key].error, rtol=1e-9)


def test_scenarios__show_themselves_in_a_notebook_as_the_command_does(file, found):
    html = found._repr_html_()
    assert html.count("<table") == 2 and "A dearer &lt;port&gt;." in html
    for outcome in found.outcomes:
        assert outcome.scenario.name in html
    paths = f"{PATHS:,}\N{NO-BREAK SPACE}paths of seed 1 each"
    assert all(text in html for text in ("npv funder P(loss)", paths, english(scenarios(found)[0].title)))
    with spvrisk.language("ja"):
        assert "P(loss)" not in found._repr_html_()


def test_scenarios__names_axes_and_order(found):
    assert [o.scenario.name for o in found.outcomes] == ["base", "dear", "same", "low", "high"]
    assert found.outcomes[0].changes is None
    assert found.outcomes[3].scenario.axes == {"both": "low"}
    assert found.outcomes[1].scenario.title == {"en": "A dearer <port>"}


def test_scenarios__an_unchanged_study_changes_nothing(found):
    same, base = found.outcomes[2], found.outcomes[0]
    assert same.values == base.values and same.job_id == base.job_id
    assert [change.value for change in same.changes] == [0.0] * len(MEASURES)


def test_scenarios__the_same_for_any_workers(file, found):
    assert spvrisk.plan_scenarios(file, {"run.workers": 1}).workers == 1
    again = spvrisk.scenarios(spvrisk.plan_scenarios(file), on=spvrisk.Threads(1))
    assert [(o.values, o.errors) for o in again.outcomes] == [(o.values, o.errors) for o in found.outcomes]


def test_scenarios__what_a_scenario_has_not_is_undefined(file):
    made = file.parent / "no_catch_up.yaml"
    made.write_text("{base: starter.yaml, scenarios: {gone: {projects.port: null}}}", encoding="utf-8")
    try:
        planned = spvrisk.plan_scenarios(made, paths=200, of=["port/cost:mean", "npv_funder:mean"])
    except InputError as error:
        pytest.skip(f"the starter study cannot do without its port: {error}")
    values = spvrisk.scenarios(planned).outcomes[1].values
    assert np.isnan(values[0]) and np.isfinite(values[1])


def test_scenarios__default_measures_exist():
    labels = spvrisk.overview(spvrisk.load(STARTER)).compiled.labels
    assert {"npv_funder:mean", "npv_funder:p_loss", "pv_host:mean"} <= set(default_measures(labels))


def test_design__points_spread_over_the_laws(file):
    made = file.parent / "design.yaml"
    law = "{uniform: {min: 100, max: 900}}"
    made.write_text(
        f"{{base: starter.yaml, design: {{sobol: 16, seed: 3, over: {{projects.port.budget: {law}}}}}}}",
        encoding="utf-8",
    )
    planned = spvrisk.plan_scenarios(made, paths=64)
    values = sorted(float(v.scenario.changes[0].value.value) for v in planned.variants[1:])
    # one point in each sixteenth of the range
    assert [int((value - 100) // 50) for value in values] == list(range(16))
    again = spvrisk.plan_scenarios(made, paths=64)
    assert [v.overrides for v in again.variants] == [v.overrides for v in planned.variants]


@pytest.fixture(scope="module")
def swings(file):
    made = file.parent / "swings.yaml"
    made.write_text(
        """
base: starter.yaml
paths: 2000
measures: [npv_funder:mean]
tornado:
  projects.port.budget: {title: A little, low: {times: 0.99}, high: {times: 1.01}}
  projects.*.budget: [{times: 0.5}, {times: 1.5}]
  projects.gas_plant.construction.duration: p10_p90
""",
        encoding="utf-8",
    )
    return spvrisk.plan_scenarios(made)


def test_tornado__ends_of_a_law_are_its_10_and_90_percent_points(swings):
    low, high = (v for v in swings.variants if v.scenario.axes.get("input", "").endswith("duration"))
    law = distribution(spvrisk.load(STARTER).config.projects["gas_plant"].construction.duration)
    for variant, u in ((low, 0.1), (high, 0.9)):
        (change,) = variant.scenario.changes
        np.testing.assert_allclose(change.value.value, law.quantile(np.array([u]), np.array([1 - u]))[0], rtol=1e-8)


def test_tornado__the_largest_swing_comes_first(swings):
    found = spvrisk.scenarios(swings)
    page = tornado(found)
    assert [english(page.rows[i].name) for i in (0, -1)] == ["projects.*.budget", "A little"]
    assert len(page.rows) == 3 and len(scenarios(found)) == 1


def test_tornado__a_swing_is_from_end_to_end_path_by_path(swings):
    found = spvrisk.scenarios(swings)
    studies = [spvrisk.load(STARTER, [f"projects.port.budget={400 * times}"]) for times in (0.99, 1.01)]
    ends = [spvrisk.run(study, paths=2000, seed=found.seed).paths for study in studies]
    low, high = (end["portfolio_npv_funder"].values for end in ends)
    (swing,) = found.swings["projects.port.budget"]
    assert swing.value == pytest.approx(np.mean(high - low)) and swing.value < 0
    assert swing.error == pytest.approx(np.std(high - low, ddof=1) / np.sqrt(2000))
    told = scenarios_json(found)["swings"]["projects.port.budget"]["npv_funder:mean"]
    low, high = swing.interval
    assert low < swing.value < high
    assert told == {"swing": swing.value, "swing_se": swing.error, "swing_low": low, "swing_high": high}
    assert tornado(found).rows[-1].cells[2].value == abs(swing.value)


def test_tornado__a_thin_tail_is_told_beneath_the_table_whose_measure_rests_on_it(file):
    made = file.parent / "thin_swings.yaml"
    tornado_of = "{projects.port.budget: [{times: 0.9}, {times: 1.1}]}"
    made.write_text(f"{{base: starter.yaml, tornado: {tornado_of}}}", encoding="utf-8")
    measures = ["npv_funder:mean", "npv_funder:es@0.95", "npv_funder:es@0.5"]
    plain, thin, enough = (
        written([page], 100)
        for page in scenarios(spvrisk.scenarios(spvrisk.plan_scenarios(made, paths=600, of=measures)))
    )
    assert "The worst 5 % are 30 paths" in thin and "would do." in thin
    assert "would do." not in plain + enough


def test_tornado__ends_that_are_none(file):
    made = file.parent / "no_ends.yaml"
    for text, says in (
        ("{projects.port.budget: 3}", "must be two ends"),
        ("{projects.port.budget: {low: 3}}", "needs both ends"),
        ("{projects.port.budget: p10_p90}", "must be a law of the base"),
        ("{projects.port.budget: {lo: 3, high: 4}}", "did you mean low"),
    ):
        made.write_text(f"{{base: starter.yaml, tornado: {text}}}", encoding="utf-8")
        with pytest.raises(InputError, match=says):
            spvrisk.plan_scenarios(made)


def test_table__of_many_has_a_line_each(file):
    made = file.parent / "many.yaml"
    budgets = ", ".join(f"b{n}: {{projects.port.budget: {300 + 10 * n}}}" for n in range(21))
    made.write_text(f"{{base: starter.yaml, scenarios: {{{budgets}}}}}", encoding="utf-8")
    found = spvrisk.scenarios(spvrisk.plan_scenarios(made, paths=64, of=["npv_funder:mean", "pv_host:mean"]))
    (table,) = scenarios(found)
    assert [row.name for row in table.rows] == ["base", *(f"b{n}" for n in range(21))]
    few = found._replace(outcomes=found.outcomes[:21])
    assert len(scenarios(few)[0].rows) == 1 + 2 * 20


def invoke(*arguments):
    return CliRunner().invoke(main, ["scenarios", *map(str, arguments)])


def test_command__table_json_and_file(file, found, tmp_path):
    shown = invoke(file, "--workers", 2)
    assert shown.exit_code == 0, shown.output
    assert "dear: A dearer <port>." in shown.stdout and f"{PATHS:,} paths" in shown.stdout and "±" in shown.stdout
    document = json.loads(invoke(file, "--json").stdout)
    dear = document["scenarios"][1]["measures"]["npv_funder:mean"]
    assert dear["value"] == found.outcomes[1].values[0] and dear["change_se"] == found.outcomes[1].changes[0].error
    assert (dear["change_low"], dear["change_high"]) == found.outcomes[1].changes[0].interval
    out = tmp_path / "t.csv"
    assert invoke(file, "--save-table", out).exit_code == 0
    with out.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert len(rows) == len(found.outcomes) * len(MEASURES)
    assert float(rows[len(MEASURES)]["value"]) == found.outcomes[1].values[0] and rows[-1]["both"] == "high"
    refused = invoke(file, "--save-table", out)
    assert refused.exit_code == 2 and "--overwrite" in refused.stderr
    assert invoke(file, "--save-table", out, "--overwrite").exit_code == 0


def test_command__dry_run_lists_and_runs_nothing(file):
    shown = invoke(file, "--dry-run")
    assert shown.exit_code == 0 and "projects.port.budget" in shown.stdout
    assert "5 scenarios of 5,000 paths take about 0:00:0" in shown.stdout and "0:00:00" not in shown.stdout


def test_command__a_wildcard_that_passes_something_over_is_warned_of_once(file):
    made = file.parent / "passing.yaml"
    made.write_text(
        """base: starter.yaml
scenarios:
  some: {projects.gas_plant.construction.uplift: 1.1}
  all: {projects.*.budget: {times: 1.2}, projects.*.construction.uplift: 1.2}
grid:
  projects.*.operation.fuel.heat_rate: [{times: 1.1}, {times: 1.2}]
""",
        encoding="utf-8",
    )
    shown = invoke(made, "--dry-run")
    assert shown.exit_code == 0, shown.stderr
    (warning,) = shown.stderr.splitlines()
    assert warning.startswith("warning: passing.yaml:6 in scenario ")
    assert "projects.*.operation.fuel.heat_rate: passes over port, which have no such key; if they are" in warning


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--of", "npv_fundre:mean"], "did you mean npv_funder"),
        (["--save-table", "t.docx"], "end the name with .csv"),
        (["--set", "projects.port.budget=-1"], "projects.port.budget"),
    ],
)
def test_command__refused_before_anything_runs(file, arguments, says):
    result = invoke(file, *arguments)
    assert result.exit_code == 2 and says in result.stderr and "running" not in result.stderr


def test_command__a_broken_scenario_is_named(file):
    made = file.parent / "broken.yaml"
    made.write_text(
        "base: starter.yaml\nscenarios:\n  good: {}\n  bad: {projects.port.budget: -1}\n  worse: {x.y: 1}\n",
        encoding="utf-8",
    )
    result = invoke(made)
    assert result.exit_code == 2
    assert "scenario bad" in result.stderr and "scenario worse" in result.stderr
