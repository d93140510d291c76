"""Runs whose values are too many to be kept: near the exact ones by what they say, and told everywhere."""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import spvrisk
from spvrisk.cli import main
from spvrisk.config import load
from spvrisk.dataset.kept import default_paths, quantities_among
from spvrisk.dataset.read import open_result
from spvrisk.dataset.soundness import content_of_file, missing_variables
from spvrisk.dataset.tables import BOUNDS, STATISTICS
from spvrisk.experiments.kept import Manner
from spvrisk.experiments.run import run_study
from spvrisk.experiments.task import settings_of
from spvrisk.plan.compile import compile_study
from spvrisk.plan.shared import LEAF
from spvrisk.report.json import figures_json, summary_json
from spvrisk.report.text import written
from spvrisk.runner.folder import SKETCHES
from spvrisk.runner.on import Processes
from spvrisk.views.loss import loss, value
from spvrisk.views.summary import opening

STARTER = Path(spvrisk.__file__).parent / "data" / "starter.yaml"
PATHS = 30 * LEAF + 77
LIMIT = {"disk_mib": 85}
_LABELS = compile_study(load(STARTER).study).labels
CHANGES = [
    "study.steps_per_year=1",
    'output.risk_levels=["0.5", "0.95", "0.99"]',
    # no inputs, so that it is the values that budgets are about
    f"output.paths={json.dumps(quantities_among(default_paths(_LABELS)))}",
]


@pytest.fixture(scope="module")
def loaded():
    return load(STARTER, CHANGES)


def run(loaded, out, paths=PATHS, manner=Manner(keep=True), workers=2, told=(), **budgets):  # noqa: B008
    settings = settings_of(loaded, paths, None).model_copy(
        update={"workers": workers, "leaves_per_shard": 1, **budgets}
    )
    run_study(loaded, out, settings, manner, **dict(told))
    return open_result(out)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def exact(loaded, folder):
    return run(loaded, folder / "exact.h5")


@pytest.fixture(scope="module")
def said():
    return []


@pytest.fixture(scope="module")
def near(loaded, folder, said):
    return run(loaded, folder / "near.h5", told={"announce": said.append}, **LIMIT)


def test_means_shares_and_timeline__are_the_same_bits(exact, near):
    bounded = {bound.of for bound in BOUNDS}
    apart = {f"{name}{end}" for name in bounded for end in ("_low", "_high", "_se")}
    for statistic in (each for each in STATISTICS if each.name not in bounded | apart):
        a, b = (getattr(each.summary, statistic.name) for each in (exact, near))
        assert a.tobytes() == b.tobytes(), statistic.name
    for shares in ("shares", "shares_low", "shares_high"):
        a, b = (getattr(each.summary, shares) for each in (exact, near))
        assert a.keys() == b.keys() and all((a[key] == b[key]).all() for key in a)
    for a, b in zip(exact.timeline[1:], near.timeline[1:], strict=True):
        assert a.tobytes() == b.tobytes()


def tables(result):
    return [result.summary, *result.conditional.tables]


def test_figures__are_as_near_as_their_bounds(exact, near):
    assert exact.summary.exact and not near.summary.exact
    for a, b in zip(tables(exact), tables(near), strict=True):
        for bound in BOUNDS:
            x, y, most = getattr(a, bound.of), getattr(b, bound.of), getattr(b, bound.name)
            assert (np.isnan(x) == np.isnan(y)).all() and (np.isnan(y) == np.isnan(most)).all()
            with np.errstate(invalid="ignore"):
                off = np.where(x == y, 0.0, np.abs(x - y))
            there = ~np.isnan(x)
            assert (off[there] <= most[there] * (1 + 1e-9)).all()
            # no more than a bin is wide
            finite = np.isfinite(y)
            assert (most[finite] <= 2.0**-6 * np.abs(y[finite])).all()


def test_intervals__reach_out_to_those_of_all_values(exact, near):
    for a, b in zip(tables(exact), tables(near), strict=True):
        for name in ("quantile", "value_at_risk"):
            low, high = (getattr(a, f"{name}{end}") for end in ("_low", "_high"))
            outer_low, outer_high = (getattr(b, f"{name}{end}") for end in ("_low", "_high"))
            assert (np.isnan(low) == np.isnan(outer_low)).all() and (np.isnan(high) == np.isnan(outer_high)).all()
            assert (outer_low[~np.isnan(low)] <= low[~np.isnan(low)]).all()
            assert (outer_high[~np.isnan(high)] >= high[~np.isnan(high)]).all()


def test_statistics_given_something__are_the_same_but_for_rounding(exact, near):
    for a, b in zip(exact.conditional.tables, near.conditional.tables, strict=True):
        for name in ("n", "n_infinite", "n_undefined", "p_loss", "p_finite_low"):
            assert np.array_equal(getattr(a, name), getattr(b, name), equal_nan=True), name
        for name in ("mean", "mean_se", "sd", "sd_se"):
            scale = np.nan_to_num(np.abs(getattr(a, "mean")) + getattr(a, "sd"))  # noqa: B009
            x, y = getattr(a, name), getattr(b, name)
            assert (np.abs(x - y) <= 1e-10 * scale)[~np.isnan(x)].all(), name


@pytest.mark.parametrize(
    ("level", "known"), [("0.99", True), ("0.95", True), ("0.5", False)], ids=["far within", "within", "beyond"]
)
def test_tail__is_the_same_bits_where_it_is_kept(exact, near, level, known):
    """Of 123 thousand losses the worst 16 thousand are kept."""
    a = exact.summary.levels.index(level)
    x, y = exact.summary, near.summary
    for name in ("value_at_risk", "expected_shortfall", "expected_shortfall_se", "contribution"):
        same = np.array_equal(getattr(x, name)[:, a], getattr(y, name)[:, a], equal_nan=True)
        assert same == known, name
    assert (np.nan_to_num(y.expected_shortfall_bound[:, a]) == 0.0).all() == known


def test_file__is_sound_and_says_what_is_not_exact(near, exact):
    assert missing_variables(near) == [] and content_of_file(near.source) == near.attributes["content_sha256"]
    with spvrisk.open(near.source) as result:
        names = {str(name) for name in result.summary.variables}
        bound = result.summary["npv_funder_quantile_bound"]
        assert bound.dims == ("unit", "quantile") and "may be off" in bound.attrs["long_name"]
        assert {"npv_funder_value_at_risk_bound", "npv_funder_expected_shortfall_bound"} <= names
        assert result.conditional["npv_funder_quantile_bound"].dims == ("condition", "unit", "quantile")
    with spvrisk.open(exact.source) as result:
        assert not [name for name in result.summary.variables if str(name).endswith("_bound")]


def test_views__mark_what_is_not_exact(near, exact):
    page = written([opening(near), value(near), *(loss(near, level) for level in near.summary.levels)], 200)
    assert "Figures after ≈ are not exact" in page and page.count("≈ ") > 4
    assert "≈" not in written([opening(exact), value(exact), loss(exact, "0.95")], 200)
    cells = [cell for row in figures_json(loss(near, "0.5"))["rows"] for cell in row["cells"]]
    assert any(isinstance(cell, dict) and cell.get("bound", 0.0) > 0.0 for cell in cells)


def test_json_and_exports__have_the_bounds(near, exact, tmp_path):
    npv = summary_json(near)["portfolio"]["npv_funder"]
    assert npv["value_at_risk_bound"]["0.5"] > 0.0 == npv["value_at_risk_bound"]["0.95"]
    assert "value_at_risk_bound" not in json.dumps(summary_json(exact))
    for name in ("t.csv", "t.xlsx", "t.nc"):
        done = CliRunner().invoke(main, ["export", str(near.source), "--out", str(tmp_path / name)])
        assert done.exit_code == 0, done.output
    assert "quantile_bound" in (tmp_path / "t.csv").read_text(encoding="utf-8-sig")


def test_run__says_beforehand_how_near_it_is(said):
    (found,) = (text for text in said if "statistics are approximate" in text)
    assert "MiB of disk" in found and "the worst 16,384 losses" in found and "% of its size" in found


def test_plan__says_whether_statistics_will_be_exact(tmp_path):
    def plan(*changes):
        words = ["plan", str(STARTER), *(word for change in changes for word in ("--set", change))]
        done = CliRunner().invoke(main, words, env={"COLUMNS": "400"})
        assert done.exit_code == 0, done.output
        (line,) = (line for line in done.output.splitlines() if line.strip().startswith("statistics"))
        return line

    assert "exact, from all values in memory" in plan("run.memory_mib=4000")
    assert "exact, from all values on the disk" in plan("run.paths=2000000", "run.memory_mib=900", "run.disk_mib=2000")
    assert "approximate, since" in plan("run.paths=2000000", "run.memory_mib=900", "run.disk_mib=700")
    assert "none: a run would be refused" in plan("run.paths=2000000", "run.memory_mib=900", "run.disk_mib=7")


@pytest.mark.parametrize("manner", [Manner(keep=True), Manner(keep=True, on=Processes(2))], ids=["one", "processes"])
def test_content__is_the_same_by_whomever(loaded, near, manner, tmp_path):
    found = run(loaded, tmp_path / "r.h5", manner=manner, workers=1, **LIMIT)
    assert found.attributes["content_sha256"] == near.attributes["content_sha256"]


def test_content__is_the_same_after_an_interruption(loaded, near, tmp_path):
    done = []

    def progress(paths):
        done.append(paths)
        if sum(done) >= 9 * LEAF:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        run(loaded, tmp_path / "r.h5", workers=1, told={"progress": progress}, **LIMIT)
    assert "shards are kept" in str(caught.value.__notes__)
    assert (tmp_path / "r.h5.run" / SKETCHES).exists()
    resumed = run(loaded, tmp_path / "r.h5", manner=Manner(resume=True), **LIMIT)
    assert resumed.attributes["content_sha256"] == near.attributes["content_sha256"]
    assert [file.name for file in tmp_path.iterdir()] == ["r.h5"]


def test_content__is_the_same_after_an_extension(loaded, near, tmp_path):
    told = []
    short = run(loaded, tmp_path / "r.h5", paths=PATHS - 2 * LEAF, **LIMIT)
    assert not short.summary.exact
    longer = run(loaded, tmp_path / "r.h5", told={"announce": told.append}, **LIMIT)
    assert longer.attributes["content_sha256"] == near.attributes["content_sha256"]
    assert [text for text in told if "going on with 28 of 31 shards" in text]


PROGRAM = """
import sys
from spvrisk.config import load
from spvrisk.experiments.kept import Manner
from spvrisk.experiments.run import run_study
from spvrisk.experiments.task import settings_of
study, out, paths, disk, *changes = sys.argv[1:]
loaded = load(study, changes)
run = {"leaves_per_shard": 1, "disk_mib": int(disk)}
settings = settings_of(loaded, int(paths), None).model_copy(update={"workers": 1, **run})
run_study(loaded, out, settings, Manner(keep=True))
"""


def test_content__is_the_same_after_a_kill(loaded, near, tmp_path):
    words = [str(STARTER), str(tmp_path / "r.h5"), str(PATHS), str(LIMIT["disk_mib"]), *CHANGES]
    with subprocess.Popen([sys.executable, "-c", PROGRAM, *words]) as process:
        until = time.monotonic() + 120
        while not (tmp_path / "r.h5.run" / SKETCHES).exists() and time.monotonic() < until:
            time.sleep(0.01)
        process.kill()
    told = []
    assert (tmp_path / "r.h5.run" / SKETCHES).exists() and not (tmp_path / "r.h5").exists()
    resumed = run(loaded, tmp_path / "r.h5", manner=Manner(resume=True), told={"announce": told.append}, **LIMIT)
    assert [text for text in told if "going on with" in text]
    assert resumed.attributes["content_sha256"] == near.attributes["content_sha256"]
