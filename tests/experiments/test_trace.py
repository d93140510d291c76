"""Traces: the same bits as the run, flows that give its present value, and the path at a rank."""

import shutil
from math import ceil
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest

import reference as ref
import spvrisk
from engine_runs import KernelScores, table_values
from every_clause import VARIANTS, example_study, with_horizon
from in_memory import simulate, values_of
from spvrisk.config import digest_of, load
from spvrisk.config.study import Study
from spvrisk.dataset.read import open_result
from spvrisk.errors import InputError, RunError
from spvrisk.experiments.run import run_study
from spvrisk.experiments.step_rows import STEP_ROWS
from spvrisk.experiments.task import settings_of
from spvrisk.experiments.trace import Tracer, study_of, tracer_of
from spvrisk.experiments.traced import Rank, check_bits, path_of_rank, series_of
from spvrisk.kernel.lanes import LANES
from spvrisk.plan.compile import compile_study
from spvrisk.plan.outputs import step_rows
from spvrisk.plan.shared import LEAF
from studies import write_study

PATHS = LEAF + 500
SEED = 77
NUMBERS = (0, 1, LANES - 1, LANES, 3 * LANES + 5, LEAF - 1, LEAF, LEAF + LANES + 1, PATHS - 1)
KEPT = [
    *("npv_funder", "cost", "cancelled", "delay_months", "irr_funder", "deemed_open", "portfolio.completed"),
    *("portfolio.payback_years", "portfolio.pv_host", "npv_funder_local", "outcome_review", "final_state_tariffs"),
]
ROOT = Path(__file__).resolve().parents[2]
SHIPPED = [*sorted((ROOT / "configs").glob("*.yaml")), Path(spvrisk.__file__).parent / "data" / "starter.yaml"]


def rulings():
    """The study whose events use every key, with many path variables kept."""
    study = VARIANTS["rulings"](example_study())
    study["output"]["paths"] = KEPT
    study["run"] |= {"paths": PATHS, "seed": SEED}
    return study


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A study, all its float64 values by series, and the results of one and of two threads."""
    folder, study = tmp_path_factory.mktemp("trace"), rulings()
    loaded = load(write_study(study, folder / "study.yaml"))
    plan, labels, _ = compile_study(loaded.study)
    values = values_of(simulate(plan, labels, PATHS, SEED, 1, 1))
    files = [folder / f"{n}.h5" for n in (1, 2)]
    for workers, file in enumerate(files, start=1):
        settings = settings_of(loaded, None, None).model_copy(update={"workers": workers})
        run_study(loaded, file, settings.model_copy(update={"leaves_per_shard": 1}))
    return SimpleNamespace(
        study=study, plan=plan, labels=labels, values=dict(zip(labels.series, values, strict=True)), files=files
    )


@pytest.fixture(scope="module")
def tracer(ran):
    return Tracer(study_of(open_result(ran.files[0])), SEED)


@pytest.fixture(scope="module")
def traces(tracer):
    return {path: tracer.trace(path) for path in NUMBERS}


def test_values__those_of_the_run_bit_by_bit(ran, traces):
    for path, trace in traces.items():
        for series, row in ran.values.items():
            got = np.float64(trace.values[series])
            assert got.tobytes() == row[path].tobytes() or (np.isnan(got) and np.isnan(row[path])), (path, series)


@pytest.mark.parametrize("threads", [0, 1])
def test_values__those_that_the_file_holds(ran, traces, threads):
    """Read with another reader, rounded here; and `check_bits` agrees."""
    result, compared = open_result(ran.files[threads]), set()
    with h5py.File(ran.files[threads]) as file:
        for path, trace in traces.items():
            for (unit, quantity), value in trace.values.items():
                name = f"portfolio_{quantity}" if unit == "portfolio" else quantity
                if name not in file["paths"]:
                    continue
                stored = file["paths"][name][path]
                stored = stored if unit in ("portfolio", "scheme") else stored[ran.labels.projects.index(unit)]
                rounded = np.float64(-1.0 if stored.dtype.kind == "i" and np.isnan(value) else value)
                np.testing.assert_array_equal(rounded.astype(stored.dtype), stored, strict=True)
                compared.add((name, stored.dtype.str))
            check_bits(trace, result)
    assert {dtype for _, dtype in compared} == {"<f8", "<f4", "<i4", "|i1"} and len(compared) > len(KEPT)


def column(trace, name):
    return trace.steps[:, list(STEP_ROWS).index(name)]


def test_flows__give_the_present_value_the_cost_and_the_split(ran, traces):
    years = (1 + np.arange(32)) / 4
    knots = np.array(ran.study["curves"]["usd"]["knots"], float)
    discount = (1 + np.interp(years, *knots.T)) ** -years
    for path, trace in traces.items():
        calls, spend, funder, host = (
            column(trace, x) for x in ("calls", "spend", "distribution_funder", "distribution_host")
        )
        cash = column(trace, "available_cash")
        np.testing.assert_allclose(funder + host, cash, rtol=1e-14, atol=1e-12)
        for s, name in enumerate(ran.labels.projects):
            npv = pv_host = 0.0
            for t in range(years.size):  # in step order
                npv += discount[t] * (funder[s, t] - calls[s, t])
                pv_host += discount[t] * host[s, t]
            gross = (discount * (funder[s] + calls[s])).sum()
            assert abs(npv - ran.values[name, "npv_funder"][path]) <= 1e-12 * gross
            assert abs(pv_host - ran.values[name, "pv_host"][path]) <= 1e-12 * (discount * host[s]).sum()
            assert abs(spend[s].sum() - ran.values[name, "cost"][path]) <= 1e-12 * spend[s].sum()
    assert any(trace.values["portfolio", "cancelled"] > 0 for trace in traces.values())


def test_rows__those_of_the_reference(ran, traces):
    """Flows, balances, availability, factors and states, step by step."""
    paths = np.array(list(traces))
    slow = ref.simulate(ran.study, paths, KernelScores(SEED), table_values(ran.study, ran.plan))
    for i, trace in enumerate(traces.values()):
        for k, factor in enumerate(ran.labels.factors):
            np.testing.assert_allclose(trace.factors[:, k], slow.factors[factor][:, i], rtol=1e-9, atol=1e-12)
        for s, project in enumerate(ran.labels.projects):
            budget = ran.study["projects"][project]["budget"]
            for row in step_rows(()):
                expected = slow.projects[project][row][:, i]
                np.testing.assert_allclose(
                    column(trace, row)[s], expected, rtol=1e-9, atol=1e-12 * budget, err_msg=f"{project} {row}"
                )
        for regime, body in ran.study["regimes"].items():
            jumps = [jump for jump in slow.regimes[i] if jump[1] == regime]
            for t, state in enumerate(trace.states[regime]):
                before = [after for time, _, _, after, _ in jumps if time < (t + 1) / 4]
                assert state == (before[-1] if before else body["initial"]["state"])


def test_changes__those_of_the_reference_with_dates(ran, traces):
    paths = np.array(list(traces))
    clock = ref.Calendar(ref.as_date(ran.study["study"]["value_date"]), 4, 8.0)
    world = ref.simulate_world(ran.study, clock, paths, KernelScores(SEED), table_values(ran.study, ran.plan))
    for i, trace in enumerate(traces.values()):
        jumps = [(c.what, c.before, c.after, c.cause) for c in trace.changes if c.kind == "regime"]
        causes = {"clock": "expiry", "hazard": "hazard"}
        expected = [(what, a, b, causes.get(why, why.replace(":", " "))) for _, what, a, b, why in world.jumps[i]]
        assert jumps == expected
        took_place = {c.what: (c.time, c.after) for c in trace.changes if c.kind == "event"}
        for event, body in ran.study["events"].items():
            time = world.happened[event][i]
            assert (event in took_place) == (time >= 0)
            if time >= 0:
                assert took_place[event][0] == pytest.approx(time, abs=1e-9)
                assert took_place[event][1] == list(body["outcomes"])[world.outcomes[event][i]]
        for change in trace.changes:
            if change.time == 0:  # what came before the value date has its own date
                continue
            day, margin = clock.date_of(change.time)
            # an event and an expiry at a day's start; a hazard on the day within which it strikes
            inside = (
                day - np.timedelta64(1, "D").astype(object) if margin > 1e-6 else clock.date_of(change.time - 1e-7)[0]
            )
            assert change.date == inside.isoformat(), change


def worst_first(row):
    """Defined paths in the order of a quantity's values, ties by path number: a full sort."""
    return sorted((value, path) for path, value in enumerate(row) if not np.isnan(value))


LEVELS = ("0", "0.01", "0.5", "0.99", "1")
RANKED = {
    "npv_funder": ("portfolio", "npv_funder"),
    "gas.npv_funder": ("gas", "npv_funder"),
    "npv_funder_local": ("scheme", "npv_funder_local"),
    "pv_host": ("portfolio", "pv_host"),
    "mine.irr_funder": ("mine", "irr_funder"),
    "payback_years": ("portfolio", "payback_years"),  # infinite on some paths
    "port.delay_months": ("port", "delay_months"),
    "gas.deemed_open": ("gas", "deemed_open"),  # 0 on many paths
    "port.cancelled": ("port", "cancelled"),
    "completed": ("portfolio", "completed"),
    "mine.recovery_years": ("mine", "recovery_years"),  # not in the file: all paths are run again
    "outcome_review": ("scheme", "outcome_review"),  # undefined where the horizon comes first
}


@pytest.mark.parametrize("by", RANKED)
def test_rank__as_a_full_sort(ran, tracer, by):
    result = open_result(ran.files[0])
    series = series_of(result, by)
    assert series == RANKED[by]
    row = ran.values[series]
    order = worst_first(-row if series[1].startswith("npv_") else row)
    assert len({value for value, _ in order}) > 1
    for level in LEVELS:
        k = max(1, ceil(round(float(level) * len(order), 6)))
        assert path_of_rank(result, tracer, Rank(level, *series)) == order[k - 1][1], level


def test_rank__stored_ties_are_told_apart_by_replay(ran, tracer, tmp_path):
    """Stored values made coarse: whole groups look alike, and the order must still be that of the float64 values."""
    shutil.copy(ran.files[0], tmp_path / "coarse.h5")
    with h5py.File(tmp_path / "coarse.h5", "a") as file:
        stored = file["paths/portfolio_pv_host"]
        stored[...] = np.floor(stored[...] / 50) * 50
        groups = np.unique(stored[...])
    assert 3 < groups.size < PATHS / 10
    order, result = worst_first(ran.values["portfolio", "pv_host"]), open_result(tmp_path / "coarse.h5")
    for level in LEVELS:
        k = max(1, ceil(round(float(level) * PATHS, 6)))
        assert path_of_rank(result, tracer, Rank(level, "portfolio", "pv_host")) == order[k - 1][1], level


def test_rank__exact_ties_are_not_replayed(ran):
    """Codes and float64 tell all there is: a million paths that agree would take minutes."""
    result = open_result(ran.files[0])
    for by in ("port.cancelled", "completed", "outcome_review", "npv_funder"):
        assert path_of_rank(result, None, Rank("0.5", *RANKED[by])) >= 0


def test_rank__nowhere_defined(ran, tracer, tmp_path):
    shutil.copy(ran.files[0], tmp_path / "none.h5")
    with h5py.File(tmp_path / "none.h5", "a") as file:
        file["paths/portfolio_payback_years"][...] = np.nan
        file["paths/outcome_review"][...] = -1
    result = open_result(tmp_path / "none.h5")
    for by in ("payback_years", "outcome_review"):
        with pytest.raises(InputError, match="undefined on every path.*name another"):
            path_of_rank(result, tracer, Rank("0.5", *RANKED[by]))


@pytest.mark.parametrize(
    "name", ["npv_funder", "portfolio_npv_funder", "cost", "portfolio_pv_host", "cancelled", "outcome_review"]
)
def test_check_bits__sees_the_last_bit_of_a_stored_value(ran, tracer, tmp_path, name):
    path, changed = 9, tmp_path / "changed.h5"
    shutil.copy(ran.files[0], changed)
    check_bits(tracer.trace(path), open_result(changed))
    with h5py.File(changed, "a") as file:
        row = np.array(file["paths"][name][path : path + 1])
        row.view(np.uint8).reshape(-1)[-row.itemsize] ^= 1  # of the last project
        file["paths"][name][path : path + 1] = row
    said = rf"differs from the result.*{name.removeprefix('portfolio_')} is [-+.\de]+, stored [-+.\de]+$"
    with pytest.raises(RunError, match=said):
        check_bits(tracer.trace(path), open_result(changed))
    check_bits(tracer.trace(path + 1), open_result(changed))


def test_check_bits__sees_another_seed_or_study(ran, traces):
    result = open_result(ran.files[0])
    study = study_of(result)
    with pytest.raises(RunError, match="differs"):
        check_bits(Tracer(study, SEED + 1).trace(5), result)
    split = study.agreement.split.model_copy(update={"second_share": 0.11})
    other = study.model_copy(update={"agreement": study.agreement.model_copy(update={"split": split})})
    with pytest.raises(RunError, match="differs"):
        check_bits(Tracer(other, SEED).trace(6), result)
    with pytest.raises(RunError, match="differs"):  # another path
        check_bits(traces[0]._replace(path=1), result)


def test_tracer_of__replays_the_plan_that_the_result_keeps(ran, monkeypatch):
    """This machine's plan may differ in last digits; any other difference is refused, as the kernel would follow it."""
    result = open_result(ran.files[0])
    rounded = ran.plan._replace(constants=ran.plan.constants * (1.0 + 1e-13))
    monkeypatch.setattr(type(result), "plan", lambda _: rounded)
    tracer = tracer_of(result)
    assert tracer._plan is rounded
    for field, value in (("second_share", 0.11), ("times", 10**12), ("cholesky", -1), ("steps", 10**9)):
        study = ran.plan.study.copy()
        study[field] = value
        monkeypatch.setattr(type(result), "plan", lambda _, study=study: ran.plan._replace(study=study))
        with pytest.raises(InputError, match=r"/provenance/plan: must be the plan of its study; use spvrisk"):
            tracer_of(result)
    cut = ran.plan._replace(constants=ran.plan.constants[:-1])
    monkeypatch.setattr(type(result), "plan", lambda _: cut)
    with pytest.raises(InputError, match="must be the plan of its study"):
        tracer_of(result)


def test_check_bits__sees_another_plan(ran):
    result = open_result(ran.files[0])
    other = ran.plan._replace(study=ran.plan.study.copy())
    other.study["second_share"] = 0.11
    check_bits(tracer_of(result).trace(LEAF + 1), result)
    with pytest.raises(RunError, match="differs"):
        check_bits(Tracer(study_of(result), SEED, other).trace(6), result)


def test_study_of__refuses_a_study_of_another_version(ran, tmp_path):
    result = open_result(ran.files[0])
    result.provenance["config"]["no_such_section"] = 1
    with pytest.raises(RunError, match=r"1.h5: its study was written for another version; trace it with spvrisk \d"):
        study_of(result)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_study_of__gives_the_study_that_was_run(path, tmp_path):
    """The same digest, and a plan of the same bytes."""
    loaded = load(path, {"run.uncertainty": None})
    result = open_result(run_study(loaded, tmp_path / "r.h5", settings_of(loaded, 40, 3)))
    study = study_of(result)
    ran_as = loaded.study.run.model_copy(update={"paths": 40, "seed": 3})
    expected = loaded.study.model_copy(update={"run": ran_as})
    assert study == expected and isinstance(study, Study)
    assert digest_of(study) == digest_of(expected) == result.attributes["config_sha256"]
    assert list(study.projects) == list(loaded.study.projects) and list(study.events) == list(loaded.study.events)
    (plan, labels, *_), (other, other_labels, *_) = compile_study(study), compile_study(loaded.study)
    assert labels == other_labels
    for name, a, b in zip(plan._fields, plan, other, strict=True):
        assert a.dtype == b.dtype and a.shape == b.shape, name
        for field in a.dtype.names or ():  # not the bytes between fields
            assert a[field].tobytes() == b[field].tobytes(), (name, field)
        assert a.dtype.names or a.tobytes() == b.tobytes(), name
    check_bits(Tracer(study, 3).trace(39), result)


@pytest.mark.parametrize("years", [2, 3, 5])
def test_rows__of_a_project_do_not_depend_on_those_before_it(years, tmp_path):
    """All of them operate, or are built, when the horizon comes; what one leaves behind must not show in the next."""
    study = with_horizon(example_study(), years)
    backwards = {**study, "projects": dict(reversed(study["projects"].items()))}
    tracers = [Tracer(load(write_study(each, tmp_path / "study.yaml")).study, SEED) for each in (study, backwards)]
    sold = 0.0
    for path in range(12):
        one, other = (tracer.trace(path) for tracer in tracers)
        for s, name in enumerate(one.labels.projects):
            for column, a, b in zip(STEP_ROWS, one.steps[s], other.steps[-1 - s], strict=True):
                np.testing.assert_array_equal(a, b, err_msg=f"{path} {name} {column}")
            operating, revenue = (one.steps[s, list(STEP_ROWS).index(row)] for row in ("operating_share", "revenue"))
            assert not revenue[operating == 0].any()
            sold += revenue.sum()
    assert sold > 0
