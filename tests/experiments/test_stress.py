"""Stresses of a study: each is the run of the changed study, none is a part of the study's own, all are checked."""

import json
import shlex
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import spvrisk
from spvrisk.cli import main
from spvrisk.errors import InputError
from spvrisk.experiments.task import job_of
from spvrisk.report.text import written
from spvrisk.runner import execute
from spvrisk.runner.shard import run_series
from spvrisk.views.stress import stress

STARTER = Path(spvrisk.__file__).parent / "data" / "starter.yaml"
MAIN = Path(__file__).parents[2] / "configs" / "japan_us_2026.yaml"
PATHS = 3000


def study_with(folder, stresses):
    """A study that includes the starter study and adds stresses."""
    (folder / "starter.yaml").write_text(STARTER.read_text(encoding="utf-8"), encoding="utf-8")
    file = folder / "study.yaml"
    file.write_text(f"include: [starter.yaml]\n{stresses}\n", encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def found():
    return spvrisk.scenarios(spvrisk.plan_stresses(spvrisk.load(STARTER), paths=PATHS), on=spvrisk.Threads(2))


def test_stress__is_the_run_of_the_changed_study(found):
    sets = {
        "gas_x2": {"factors.gas.process.ou.mean.value": 8.0},
        "rates_up": {"factors.base_rate.process.vasicek.mean": 0.06},
        "new_course": {"events.election.outcome": "new_course"},
    }
    assert [each.scenario.name for each in found.outcomes] == ["base", *sets]
    with spvrisk.run(spvrisk.load(STARTER), paths=PATHS) as base:
        npv = base.values("npv_funder")
    assert found.outcomes[0].values[0] == pytest.approx(npv.mean(), rel=1e-12)
    for outcome, changes in zip(found.outcomes[1:], sets.values(), strict=True):
        with spvrisk.run(spvrisk.load(STARTER, changes), paths=PATHS) as alone:
            apart = alone.values("npv_funder") - npv
        assert outcome.values[0] == pytest.approx(npv.mean() + apart.mean(), rel=1e-12)
        assert outcome.changes[0].value == pytest.approx(apart.mean(), rel=1e-9)
        assert outcome.changes[0].error == pytest.approx(apart.std(ddof=1) / np.sqrt(PATHS), rel=1e-9)


def test_stresses__are_no_part_of_what_is_run(tmp_path):
    with_them = spvrisk.load(STARTER)
    text = STARTER.read_text(encoding="utf-8")
    first, last = text.index("# Stresses"), text.index("run: {paths")
    bare = tmp_path / "bare.yaml"
    bare.write_text(text[:first] + text[last:], encoding="utf-8")
    without = spvrisk.load(bare)
    assert with_them.loaded.source.stresses is not None and without.loaded.source.stresses is None
    assert with_them.digest == without.digest
    jobs = [job_of(each.config, each.config.run) for each in (with_them, without)]
    assert jobs[0].id == jobs[1].id
    with spvrisk.run(with_them, paths=500) as one, spvrisk.run(without, paths=500) as other:
        assert one.attributes["content_sha256"] == other.attributes["content_sha256"]


def test_stresses__may_be_named_and_merged(tmp_path):
    file = study_with(
        tmp_path, "stresses: {gas_x2: null, dear: {title: A dear port, projects.port.budget: {times: 2}}}"
    )
    planned = spvrisk.plan_stresses(spvrisk.load(file), paths=100)
    assert [each.scenario.name for each in planned.variants] == ["base", "rates_up", "new_course", "dear"]
    planned = spvrisk.plan_stresses(spvrisk.load(file), ["dear"], 100, of=["port/cost:mean"])
    assert [each.scenario.name for each in planned.variants] == ["base", "dear"]
    assert planned.variants[1].overrides == ("projects.port.budget=800.0",)
    assert [measure.text for measure in planned.measures] == ["port/cost:mean"]


@pytest.mark.parametrize(
    ("stresses", "says"),
    [
        (
            "stresses: {bad: {projects.prot.budget: 5}}",
            "study.yaml:2 in stress bad: projects.prot.budget: is not a key of this study; did you mean port",
        ),
        ("stresses: {bad: {projects.port.budget: -5}}", "study.yaml:2 in stress bad: projects.port.budget: must"),
        (
            "stresses: {bad: {projects.port.title: {times: 2}}}",
            "study.yaml:2 in stress bad: projects.port.title: times",
        ),
        ("stresses: {bad: {study.value_date: 2099-01-01}}", "in stress bad:"),
        ("stresses: [gas]", "study.yaml:2: must be a mapping, got"),
        ("stresses: {bad: 5}", "study.yaml:2: must be a mapping, got 5; write e.g."),
    ],
)
def test_validate__refuses_a_stress_that_is_not_sound(tmp_path, stresses, says):
    file = study_with(tmp_path, stresses)
    for arguments in (["validate", str(file)], ["stress", str(file), "--paths", "100"]):
        done = CliRunner().invoke(main, arguments, catch_exceptions=False)
        assert done.exit_code == 2 and not done.stdout and "Traceback" not in done.stderr
        assert says in done.stderr
    # what is run knows nothing of it
    assert spvrisk.load(file).config.projects["port"].budget == 400


def test_stress__refused():
    study = spvrisk.load(STARTER)
    with pytest.raises(
        InputError, match="argument only: must be a stress of the study, got gas_x3; did you mean gas_x2"
    ):
        spvrisk.plan_stresses(study, ["gas_x3"])
    with pytest.raises(InputError, match="argument of: must be a measure"):
        spvrisk.plan_stresses(study, of=["npv"])
    with pytest.raises(InputError, match=r"the study names no stresses; write e\.g\. stresses"):
        spvrisk.plan_stresses(spvrisk.load(MAIN.parent / "vogtle_2009.yaml"))
    with pytest.raises(InputError, match="is not a key of this study; stresses stand beside the study in its file"):
        spvrisk.load(STARTER, ["stresses.gas_x2=null"])
    with pytest.raises(InputError, match="argument study: must be a study"):
        spvrisk.plan_stresses("study.yaml")


def test_main_study__has_stresses_with_titles_in_both_languages():
    planned = spvrisk.plan_stresses(spvrisk.load(MAIN), paths=1)
    stresses = [each.scenario for each in planned.variants[1:]]
    wanted = {"gas_x2", "rates_up_200bp", "ruling_punitive", "smr_cancelled", "buyer_defaults"}
    assert wanted <= {each.name for each in stresses}
    assert all(set(each.title) == {"en", "ja"} for each in stresses)


def test_main_study__its_stresses_do_what_their_titles_say():
    rates, usual = (changed("rates_up_200bp"), spvrisk.load(MAIN).config)
    assert np.allclose([a - b for (_, a), (_, b) in pairs(rates, usual)], 0.02)
    planned = spvrisk.plan_stresses(
        spvrisk.load(MAIN), ["smr_cancelled", "ruling_punitive"], 2000, of=["smr/completed:mean", "smr/cost:mean"]
    )
    _, ruling, smr = spvrisk.scenarios(planned).outcomes
    assert smr.values[0] == 0.0 and ruling.values[0] > 0.1


def changed(name):
    (variant,) = spvrisk.plan_stresses(spvrisk.load(MAIN), [name], 1).variants[1:]
    return spvrisk.load(MAIN, variant.overrides).config


def pairs(one, other):
    return zip(one.curves["usd"].knots, other.curves["usd"].knots, strict=True)


def test_view__fits_80_columns_and_says_titles():
    shown = written([stress(spvrisk.scenarios(spvrisk.plan_stresses(spvrisk.load(MAIN), paths=2000)))], 80)
    lines = shown.splitlines()
    assert max(map(len, lines)) <= 80 and sum(line.startswith("smr_cancelled ") for line in lines) == 1
    assert "gas_x2: Gas twice as dear, power as it is." in shown


def test_command__says_the_same_as_json_and_table(found, tmp_path):
    table = tmp_path / "stress.csv"
    arguments = ["stress", str(STARTER), "--paths", str(PATHS), "--save-table", str(table)]
    done = CliRunner().invoke(main, [*arguments, "--json"], catch_exceptions=False)
    rows = json.loads(done.stdout)["scenarios"]
    assert rows[1]["name"] == "gas_x2" and rows[1]["title"] == {"en": "Gas twice as dear"}
    assert rows[1]["measures"]["npv_funder:mean"]["change"] == found.outcomes[1].changes[0].value
    assert "gas_x2" in table.read_text(encoding="utf-8")
    listed = CliRunner().invoke(main, ["stress", str(STARTER), "--dry-run"], catch_exceptions=False).stdout
    assert 'factors.gas.process.ou.mean.value: {"times": 2}' in " ".join(listed.split())


def test_command__keeps_what_is_done_and_says_how_to_run_it_again(found, monkeypatch, tmp_path):
    met, out = [], tmp_path / "stress.h5"

    def noted(job, k, series, advance):
        met.append(job.id)
        return run_series(job, k, series, advance)

    monkeypatch.setattr(execute, "run_series", noted)
    words = ["stress", str(STARTER), "--paths", str(PATHS), "--out", str(out)]
    few = CliRunner().invoke(main, [*words, "--only", "rates_up"], catch_exceptions=False)
    assert few.exit_code == 0 and few.stdout.splitlines()[-1] == f"Dataset: {out}"
    again = shlex.split(CliRunner().invoke(main, ["info", str(out), "--config", str(tmp_path / "made")]).stdout)
    assert again[1] == "stress" and again[again.index("--only") + 1] == "rates_up" and again.count("--only") == 1
    met.clear()
    done = CliRunner().invoke(main, [*words, "--json"], catch_exceptions=False)
    ids = {each.scenario.name: each.job_id for each in found.outcomes}
    assert set(met) == {ids["gas_x2"], ids["new_course"]} and "2 of 4 scenarios are there already" in done.stderr
    rows = json.loads(done.stdout)["scenarios"]
    assert rows[2]["measures"]["npv_funder:mean"]["change"] == found.outcomes[2].changes[0].value
    met.clear()
    restored = CliRunner().invoke(main, [*again[1:], "--out", str(tmp_path / "again.h5")], catch_exceptions=False)
    assert restored.exit_code == 0 and set(met) == {ids["base"], ids["rates_up"]}


def test_command__computes_on_what_is_asked(monkeypatch):
    monkeypatch.setattr(execute, "run_series", lambda *_: pytest.fail("not in threads"))
    words = ["stress", str(STARTER), "--paths", "200", "--only", "gas_x2", "--processes", "1"]
    assert CliRunner().invoke(main, words, catch_exceptions=False).exit_code == 0


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_command__names_a_stress_that_fails(monkeypatch, options):
    planned = spvrisk.plan_stresses(spvrisk.load(STARTER), paths=2000)

    def harmed(job, k, series, advance):
        if job.id == planned.variants[2].job.id:
            raise MemoryError
        return run_series(job, k, series, advance)

    monkeypatch.setattr(execute, "run_series", harmed)
    done = CliRunner().invoke(main, ["stress", str(STARTER), "--paths", "2000", *options])
    assert done.exit_code == 1 and "rates_up failed: the machine has not enough memory" in done.stderr
    assert "not enough memory" in done.stdout


def test_command__says_that_tails_hold_too_few_paths():
    shown = CliRunner().invoke(main, ["stress", str(STARTER), "--paths", "2000"]).stdout
    assert "The worst 1 % are 20 paths" in " ".join(shown.split())
