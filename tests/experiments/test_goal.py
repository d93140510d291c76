"""Goals: against algebra, against each other's runs, no value in the interval, and what is refused."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

import spvrisk
from spvrisk.cli import main
from spvrisk.errors import InputError
from spvrisk.experiments import goal
from studies import BARE, changed, write_study

PRICE = "factors.price.process.deterministic.curve=x"
PATHS = 4000


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """One plant whose cost is random and whose sales are not: its value is a straight line in the price."""
    folder = tmp_path_factory.mktemp("goal")
    cost = {"lognormal": {"mean": 1.2, "sd": 0.3}}
    study = changed(BARE, projects={"plant": {"construction": {"overrun": cost}}})
    return write_study(study, folder / "bare.yaml")


def value_at(file, price):
    """Mean net present value, and its error, by a run of its own."""
    study = spvrisk.load(file, {PRICE.removesuffix("=x"): price})
    with spvrisk.run(study, paths=PATHS) as results:
        one = results.summary.sel(unit="portfolio")
        return float(one.npv_funder_mean), float(one.npv_funder_mean_se)


def test_goal__is_where_the_line_through_two_runs_crosses_the_target(file):
    (low, error), (high, _) = value_at(file, 2.0), value_at(file, 30.0)
    slope = (high - low) / 28.0
    found = spvrisk.goal(
        spvrisk.load(file), PRICE, "npv_funder:mean=7", (1.0, 40.0), paths=PATHS, on=spvrisk.Threads(2)
    )
    assert found.found
    # a root is sought until the gap is a tenth of the error
    np.testing.assert_allclose(found.x, 2.0 + (7.0 - low) / slope, atol=0.1 * error / slope)
    np.testing.assert_allclose(found.slope, slope, rtol=1e-6)
    html = found._repr_html_()
    assert "makes npv_funder:mean 7, with x = " in html and html.count("<table") == 1
    assert html.count('<th scope="row">') == len(found.tried)
    # the error of the value does not depend on the price
    np.testing.assert_allclose(found.error, error / slope, rtol=1e-6)


@pytest.mark.parametrize("measure", ["npv_funder:p_loss=0.3", "npv_funder:quantile@0.2=0", "npv_funder:es@0.9=5"])
def test_goal__at_its_x_the_measure_is_at_its_target(file, measure):
    name, _, target = measure.partition("=")
    found = spvrisk.goal(spvrisk.load(file), PRICE, measure, (1.0, 60.0), paths=PATHS, on=spvrisk.Threads(2))
    at = next(tried for tried in found.tried if tried.x == found.x)
    assert abs(at.value - float(target)) <= max(0.1 * at.error, 1e-3)
    assert found.error > 0.0 and found.slope != 0.0
    made = file.parent / "at.yaml"
    made.write_text(f"{{base: bare.yaml, scenarios: {{at: {{{PRICE.removesuffix('=x')}: {found.x!r}}}}}}}")
    outcome = spvrisk.scenarios(spvrisk.plan_scenarios(made, paths=PATHS, of=[name])).outcomes[1]
    assert outcome.values[0] == at.value


def test_goal__a_law_is_multiplied(file):
    find = "projects.plant.construction.overrun={times: x}"
    found = spvrisk.goal(spvrisk.load(file), find, "plant/cost:mean=90", (0.1, 3.0), paths=PATHS)
    with spvrisk.run(spvrisk.load(file), paths=PATHS) as results:
        mean = float(results.summary.cost_mean.sel(unit="plant"))
    np.testing.assert_allclose(found.x, 90.0 / mean, rtol=1e-3)


def test_goal__no_such_value_is_an_answer(file):
    found = spvrisk.goal(spvrisk.load(file), PRICE, "npv_funder:mean=1e9", (1.0, 40.0), paths=200)
    assert not found.found and np.isnan(found.x) and [tried.x for tried in found.tried] == [1.0, 40.0]


def test_goal__an_end_of_the_interval_may_be_the_value(file):
    find = "projects.plant.construction.funding_cap={multiple: 1, above: share, funder_share: x}"
    with spvrisk.run(spvrisk.load(file), paths=200) as results:
        mean = float(results.summary.npv_funder_mean.sel(unit="portfolio"))
    found = spvrisk.goal(spvrisk.load(file), find, f"npv_funder:mean={mean!r}", (0.0, 1.0), paths=200)
    assert found.x == 1.0


@pytest.mark.parametrize(
    ("find", "so_that", "between", "says"),
    [
        ("price", "npv_funder:mean=0", (0, 1), "argument find: must be a path and a value with an x"),
        ("factors.price.process.deterministic.curve=3", "npv_funder:mean=0", (0, 1), "with an x in it"),
        (PRICE, "npv_funder:mean", (0, 1), "argument so_that: must be a measure and a number"),
        (PRICE, "npv_funder:mean=many", (0, 1), "argument so_that: must be a measure and a number"),
        (PRICE, "npv_fundre:mean=0", (0, 1), "did you mean npv_funder"),
        (PRICE, "npv_funder:mean=0", (2, 1), "argument between: must be two numbers in order"),
        ("factors.prise.process=x", "npv_funder:mean=0", (0, 1), "did you mean price"),
        ("projects.plant.budget=x", "npv_funder:mean=0", (-5, 1), "projects.plant.budget"),
        ("projects.plant.budget={times: x", "npv_funder:mean=0", (0.5, 1), "argument find"),
        ("projects.plant.budget=x", "npv_funder:mean=0", (5, 1e300), "scenario x = 1e+300: projects.plant.budget"),
    ],
)
def test_goal__refused_before_the_kernel_is_loaded(file, find, so_that, between, says, monkeypatch):
    monkeypatch.setattr(goal, "make_ready", lambda *_: pytest.fail("it is refused without the kernel"))
    with pytest.raises(InputError) as error:
        spvrisk.goal(spvrisk.load(file), find, so_that, between, paths=100)
    assert says in str(error.value)


def invoke(file, *arguments):
    return CliRunner().invoke(main, ["goal", str(file), *arguments])


def test_command__answer_json_and_frontier(file):
    asked = ["--find", PRICE, "--so-that", "npv_funder:mean=0", "--between", "1", "40", "--paths", "500"]
    shown = invoke(file, *asked)
    assert shown.exit_code == 0 and "makes npv_funder:mean 0, with x = " in shown.stdout
    (goal,) = json.loads(invoke(file, *asked, "--json").stdout)["goals"]
    assert goal["found"] and goal["se"] > 0 and len(goal["tried"]) >= 4
    against = invoke(file, *asked, "--against", "agreement.split.funder_share=0.5,1")
    assert against.exit_code == 0 and "0.5 " in against.stdout and "500 paths" in against.stdout
    for option, value in (
        ("--find", "x"),
        ("--so-that", "npv_fundre:mean=0"),
        ("--find", "projects.*.budget={times: x"),
    ):
        refused = invoke(file, *asked, option, value)
        assert refused.exit_code == 2 and f"\n{option}" in refused.stderr
    none = invoke(file, *asked, "--so-that", "npv_funder:mean=1e9")
    said = " ".join(none.stdout.split())
    assert none.exit_code == 0 and "no x from 1 to 40 makes npv_funder:mean 1,000,000,000: it is -" in said
    assert " at 1 and " in said and " at 40. Values of x that were tried" in said
    refused = invoke(file, *asked, "--between", "50%", "1")
    assert refused.exit_code == 2 and "'--between': must be a number, got 50%; write 0.5" in refused.stderr
    refused = invoke(file, *asked, "--against", "agreement.split.funder_share=")
    assert refused.exit_code == 2 and "--against" in refused.stderr
