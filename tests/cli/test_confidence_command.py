"""`spvrisk confidence`."""

import json
from datetime import date

import numpy as np
import pytest
from click.testing import CliRunner

import spvrisk
from decision_runs import PIPELINE, starter
from spvrisk.cli import main
from spvrisk.experiments.step_rows import STEP_ROWS

KEPT = ["funded", "cost", "cost_overrun", "delay_months", "cancelled"]
STRICT = "projects.gas_plant.construction.review"


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """The gas plant is cancelled at a review on many paths."""
    review = {"threshold": 0.95, "reveal": 0.5}
    out = tmp_path_factory.mktemp("confidence") / "quick.h5"
    return starter(out, **{STRICT: review, "output.paths": KEPT})


def run(*arguments):
    return CliRunner().invoke(main, list(map(str, arguments)))


def of(results, quantity, unit="gas_plant"):
    return results.values(quantity, unit).astype(float)


def test_confidence__by_counting_paths(file):
    with spvrisk.open(file) as results:
        (found,) = spvrisk.confidence(results, "gas_plant", levels=[0.5, 0.8], joint=0.6).projects
        cost, overrun, delay = (of(results, name) for name in ("cost", "cost_overrun", "delay_months"))
        cancelled = of(results, "cancelled")
    n, done = cost.size, ~np.isnan(delay)
    assert 0.02 < cancelled.mean() < 0.9 and np.array_equal(done, cancelled == 0)
    assert found.funded == n and found.completed.value == done.mean()
    assert found.within_budget.value == np.mean(done & (overrun <= 0))
    assert found.on_time.value == np.mean(done & (delay <= 0))
    assert found.joint.value == np.mean(done & (overrun <= 0) & (delay <= 0))
    ordered = np.sort(np.where(done, cost, np.inf))
    assert [p.value for p in found.cost] == [ordered[-(-n // 2) - 1], ordered[-(-4 * n // 5) - 1]]
    axes = (
        np.quantile(cost[done], [0.5, 0.8], method="inverted_cdf"),
        np.quantile(delay[done], [0.5, 0.8], method="inverted_cdf"),
    )
    grid = [[np.mean(done & (cost <= c) & (delay <= d)) for d in axes[1]] for c in axes[0]]
    assert np.allclose([[share.value for share in row] for row in found.grid], grid, rtol=0, atol=1e-3)


def test_confidence__dates_are_those_of_the_plan_and_the_delay(file):
    """The port's due date is 45 business days after its notice, its planned start later: 2.5 years from 2026-09-01."""
    with spvrisk.open(file) as results:
        (port,) = spvrisk.confidence(results, "port").projects
        trace = spvrisk.trace(results, path=7).trace
        delay = of(results, "delay_months", "port")[7]
    assert abs((port.plan.date() - date(2029, 3, 1)).days) <= 3
    s = trace.sites.index("port")
    years = trace.steps[s, list(STEP_ROWS).index("completion_years"), -1]
    assert port.plan.completion_years + delay / 12 == pytest.approx(years, abs=1e-5)
    assert abs(delay) > 2 and abs((port.plan.date(delay) - date(2026, 3, 31)).days - 365.25 * years) <= 3


def test_confidence__completed_only_leaves_out_what_is_never_completed(file):
    both = [spvrisk.confidence(file, "gas_plant", [0.95], completed_only=only).projects[0] for only in (False, True)]
    assert both[0].cost[0].value == np.inf and both[1].cost[0].value == both[1].costs[0].value < np.inf
    assert both[0].joint == both[1].joint


def test_confidence__page_and_json(file):
    page = " ".join(run("confidence", file, "--project", "gas_plant", "--joint", "0.95").stdout.split())
    assert "never" in page and "both (JCL)" in page and "None do: it is completed on" in page
    (found,) = json.loads(run("confidence", file, "--project", "port", "--json").stdout)["projects"]
    assert found["planned"][:7] in ("2029-02", "2029-03") and found["frontier"][-1]["date"]
    assert len(run("confidence", file).stdout.splitlines()) > 20


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--project", "prot"), "--project: must be an announced project, got prot; did you mean port?"),
        (("--joint", "70"), "--joint: must be a decimal number between 0 and 1, got 70"),
        (("--levels", "P80"), "--levels: must be a decimal number between 0 and 1, got P80"),
    ],
)
def test_confidence__wrong_input_is_told(file, options, message):
    done = run("confidence", file, *options)
    assert done.exit_code == 2 and done.stdout == "" and message in done.stderr


def test_confidence__pipelines_are_left_out_and_funded_paths_counted(tmp_path):
    file = tmp_path / "pipeline.h5"
    spvrisk.run(spvrisk.load(PIPELINE), paths=512, on=spvrisk.Threads(1), out=file).close()
    with spvrisk.open(file) as results:
        found, names = spvrisk.confidence(results), results.tables().labels.announced
        t, series = results.tables().summary, results.tables().labels.series
    assert [each.project for each in found.projects] == list(names) and found.plan_moves
    for each in found.projects:
        funded, completed = (t.mean[series.index((each.project, name))] for name in ("funded", "completed"))
        assert each.funded == round(512 * funded) < 512
        assert each.completed.value * each.funded == pytest.approx(512 * completed)
    assert "yearly cap" in run("confidence", file).stdout
    assert "must be an announced project, got more" in run("confidence", file, "--project", "more").stderr
