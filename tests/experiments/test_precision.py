"""Runs until measures are known well enough: what they end with, that it is a plain run, and what is refused."""

import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import spvrisk
from spvrisk.cli import main
from spvrisk.errors import InputError
from spvrisk.experiments import precision
from spvrisk.plan.shared import LEAF
from spvrisk.runner import execute
from studies import BARE, changed, write_study


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("precision")
    cost = {"lognormal": {"mean": 1.2, "sd": 0.3}}
    bare = changed(BARE, projects={"plant": {"construction": {"overrun": cost}}}, run={"leaves_per_shard": 1})
    return spvrisk.load(write_study(bare, folder / "bare.yaml"))


@pytest.fixture
def small_looks(monkeypatch):
    monkeypatch.setattr(precision, "FIRST_PATHS", LEAF)


def content(file):
    with spvrisk.open(file) as results:
        return results.attributes["content_sha256"]


def run(study, wanted, out, **options):
    return spvrisk.run_until(study, wanted, out, paths=options.pop("paths", LEAF), **options)


def test_run_until__is_a_run_of_as_many_paths(study, small_looks, tmp_path):
    found = run(study, ["npv_funder:mean=0.5%", "npv_funder:es@0.95=1%"], tmp_path / "r.h5")
    assert found.reached and len(found.looks) >= 2
    last = found.looks[-1]
    assert last.paths % LEAF == 0
    with spvrisk.run(study, paths=last.paths, out=tmp_path / "plain.h5") as plain:
        one = plain.summary.sel(unit="portfolio")
        np.testing.assert_allclose(last.known[0].value, float(one.npv_funder_mean), rtol=1e-12)
        np.testing.assert_allclose(last.known[0].half, 1.959964 * float(one.npv_funder_mean_se), rtol=1e-6)
    assert content(tmp_path / "r.h5") == content(tmp_path / "plain.h5")
    for known, share in zip(last.known, (0.005, 0.01), strict=True):
        assert known.half <= share * abs(known.value)
    # the look before was not enough, and the last is not far more than was needed
    assert found.looks[-2].needed > found.looks[-2].paths
    assert last.paths <= 1.5 * found.looks[-2].needed + 2 * LEAF
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plain.h5", "r.h5"]


def test_run_until__goes_on_from_what_is_there(study, small_looks, tmp_path):
    out = tmp_path / "r.h5"
    first = run(study, ["npv_funder:mean=0.7%"], out)
    last = first.looks[-1].paths
    assert last > LEAF
    again = run(study, ["npv_funder:mean=0.7%"], out, paths=last, resume=True)
    assert [look.paths for look in again.looks] == [last]
    more = run(study, ["npv_funder:mean=0.5%"], out, resume=True)
    anew = run(study, ["npv_funder:mean=0.5%"], tmp_path / "anew.h5", paths=last)
    assert [look.paths for look in more.looks] == [look.paths for look in anew.looks]
    assert content(out) == content(tmp_path / "anew.h5")


@pytest.mark.parametrize("on", [spvrisk.Processes(1), spvrisk.Cluster("local", 1)], ids=["processes", "cluster"])
def test_run_until__a_finished_result_without_shards_is_looked_at_by_what_is_asked(
    study, small_looks, on, monkeypatch, tmp_path
):
    out, told, done = tmp_path / "r.h5", [], []
    first = run(study, ["npv_funder:mean=0.7%"], out)
    paths = first.looks[-1].paths
    assert paths > LEAF
    monkeypatch.setattr(execute, "run_series", lambda *_: pytest.fail("not in threads"))
    again = run(study, ["npv_funder:mean=0.7%"], out, resume=True, on=on, progress=done.append, announce=told.append)
    assert again.looks == first.looks[-1:] and sum(done) == paths and told[-1] == "running"
    assert list(tmp_path.iterdir()) == [out]


def test_run_until__progress_adds_up_to_the_paths(study, small_looks, tmp_path):
    done = []
    found = run(study, ["npv_funder:mean=0.5%"], tmp_path / "r.h5", progress=done.append)
    assert len(found.looks) >= 2 and sum(done) == found.looks[-1].paths


def test_run_until__stops_at_its_most(study, small_looks, tmp_path):
    found = run(study, ["npv_funder:mean=0.001%"], tmp_path / "r.h5", max_paths=3 * LEAF)
    assert not found.reached and found.looks[-1].paths == 3 * LEAF
    assert "not reached" in repr(found)


def test_run_until__keeps_shards_where_that_is_asked(study, small_looks, tmp_path):
    run(study, ["npv_funder:mean=2%"], tmp_path / "r.h5", keep=True)
    assert list((tmp_path / "r.h5.run").glob("*.shard"))


def test_needed__is_what_the_run_takes(study, small_looks, tmp_path):
    targets, look, seconds = spvrisk.needed(study, "npv_funder:mean=0.5%")
    assert look.paths == precision.PILOT_PATHS and seconds > 0 and targets[0].relative
    found = run(study, ["npv_funder:mean=0.5%"], tmp_path / "r.h5")
    assert found.looks[-1].paths == pytest.approx(look.needed, rel=0.3, abs=2 * LEAF)


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (["npv_funder:mean"], "half of its 95 % interval"),
        (["npv_funder:mean=-1%"], "half of its 95 % interval"),
        (["npv_funder:mean=0"], "half of its 95 % interval"),
        (["npv_fundre:mean=1%"], "did you mean npv_funder"),
        ([], "must name a measure"),
    ],
)
def test_run_until__refused_before_anything_runs(study, wanted, says, tmp_path):
    with pytest.raises(InputError, match=says):
        run(study, wanted, tmp_path / "r.h5")
    assert list(tmp_path.iterdir()) == []


def test_commands__say_what_it_takes_and_how_it_came(study, small_looks, tmp_path):
    file = Path(study.loaded.folder) / "bare.yaml"
    foreseen = CliRunner().invoke(main, ["plan", str(file), "--for", "npv_funder:mean=0.5%"])
    assert foreseen.exit_code == 0 and "It takes some" in foreseen.stdout
    words = ["run", str(file), "--precision", "npv_funder:mean=1%", "--paths", str(LEAF), "--out"]
    shown = CliRunner().invoke(main, [*words, str(tmp_path / "r.h5")])
    assert shown.exit_code == 0 and "Precision by paths" in shown.stdout and "All of it is reached" in shown.stdout
    for page in (foreseen.stdout, shown.stdout):
        assert re.search(r"[\d,.]+ ± [\d,.]+ \(\d\.\d\d %\)", page)
    elsewhere = CliRunner().invoke(main, [*words, str(tmp_path / "s.h5"), "--processes", "1"])
    assert elsewhere.exit_code == 0 and content(tmp_path / "s.h5") == content(tmp_path / "r.h5")
    with spvrisk.open(tmp_path / "s.h5") as results:
        assert results.tables().provenance["workers"] == 1
