"""What compilation puts into the plan, against the study that uses every clause, read by hand."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import reference as ref
from engine_runs import look_up
from every_clause import example_study
from spvrisk.config import load_study
from spvrisk.errors import InputError
from spvrisk.plan.arrays import SPLIT_PERIODIC, Constants, records
from spvrisk.plan.compile import compile_study
from spvrisk.plan.compile_factors import poisson_cdf
from spvrisk.plan.compile_selection import due_dates
from spvrisk.plan.outputs import UNIT, existing
from spvrisk.plan.streams import stream_of

STUDY = Path(__file__).resolve().parents[1] / "data" / "every_clause.yaml"


@pytest.fixture(scope="module")
def study():
    return load_study(STUDY)


@pytest.fixture(scope="module")
def done(study):
    return compile_study(study)


def read(plan, offset, n):
    return plan.constants[int(offset) : int(offset) + n]


def test_compile__same_study_gives_the_same_bits(study, done):
    again = compile_study(study).plan
    for name, a, b in zip(done.plan._fields, done.plan, again, strict=True):
        for field in a.dtype.names or (None,):  # not the whole record: its padding is not set
            x, y = (a, b) if field is None else (a[field], b[field])
            assert np.ascontiguousarray(x).tobytes() == np.ascontiguousarray(y).tobytes(), (name, field)


def test_compile__study_record(done):
    g = done.plan.study[0]
    assert (g["steps"], g["dt"], g["money_unit"], g["tail_nu"]) == (32, 0.25, 1e6, 5.0)
    assert (g["mode"], g["first_share"], g["second_share"]) == (SPLIT_PERIODIC, 0.5, 0.1)
    assert (g["carry_bears_interest"], g["interest_before_completion"]) == (0, 1)
    assert (g["reference_factor"], g["fx_factor"], g["step_means"]) == (0, 1, 1)
    assert g["all_cost_stream"] == stream_of("construction/all/cost") != g["all_delay_stream"]
    # planned: the first start in the first quarter, completions in quarters 8, 9 and 14
    assert (g["building_first"], g["building_end"], g["running_first"]) == (0, 14, 7)
    days = read(done.plan, g["days"], 33)
    assert days[:4].tolist() == [0, 91, 183, 275] and days[32] == (date(2034, 3, 31) - date(2026, 3, 31)).days


def test_compile__discount_factors(done):
    g = done.plan.study[0]
    t = np.arange(1, 33) / 4
    usd = np.interp(t, [0, 1, 5, 40], [0.0365, 0.036, 0.0375, 0.0425])
    jpy = np.interp(t, [0, 1, 5, 40], [0.0075, 0.009, 0.016, 0.035])
    np.testing.assert_allclose(read(done.plan, g["discount_funder"], 32), (1 + usd) ** -t, rtol=1e-14)
    np.testing.assert_allclose(read(done.plan, g["discount_host"], 32), (1 + usd) ** -t, rtol=1e-14)
    np.testing.assert_allclose(read(done.plan, g["discount_local"], 32), (1 + jpy) ** -t, rtol=1e-14)


def test_compile__correlation_rows_are_the_stochastic_factors(done):
    plan = done.plan
    assert plan.rows.tolist() == [0, 1, 2, 3, 4, 6, 7, 8]  # wages are deterministic
    assert plan.factors["row"].tolist() == [0, 1, 2, 3, 4, -1, 5, 6, 7]
    n = plan.rows.size
    lower = read(plan, plan.study[0]["cholesky"], n * n).reshape(n, n)
    r = lower @ lower.T
    expected = np.eye(n)
    for (i, j), rho in {(0, 1): 0.3, (0, 2): 0.2, (3, 4): 0.5, (3, 7): 0.3, (5, 6): 0.65, (5, 2): 0.2}.items():
        expected[i, j] = expected[j, i] = rho
    np.testing.assert_allclose(r, expected, atol=1e-15)


def test_compile__factor_records(done):
    f = dict(zip(done.labels.factors, done.plan.factors, strict=True))
    assert f["sofr"]["decay"] == pytest.approx(np.exp(-0.2 * 0.25)) and f["sofr"]["is_level"] == 1
    assert f["sofr"]["sd"] == pytest.approx(0.015 * np.sqrt((1 - np.exp(-0.4 * 0.25)) / 0.4))
    assert f["sofr"]["start"] == pytest.approx(0.0015) and f["sofr"]["observed_start"] == 0.0365
    assert f["usdjpy"]["decay"] == 1.0 and f["usdjpy"]["sd"] == pytest.approx(0.098 / 2)
    assert f["henry_hub"]["start"] == pytest.approx(np.log(3.9 / 4.0) + 0.45**2 / (4 * 0.9))
    cap = read(done.plan, f["henry_hub"]["cap"], 32)
    assert cap[0] == cap[16] == 7.0 and cap[31] == 9.0 and cap[20] == pytest.approx(7 + 2 * (5.25 - 4.25) / 1.5)
    assert f["power"]["floor"] >= 0 and read(done.plan, f["power"]["floor"], 1)[0] == -np.inf
    assert f["cpi"]["floor"] == f["cpi"]["cap"] == -1
    wages = read(done.plan, f["wages"]["shift"], 32)
    assert wages[6] == pytest.approx(1.07) and wages[7] == pytest.approx(1.1) and wages[31] == pytest.approx(1.4)


def test_compile__jump_record(done):
    (jump,) = done.plan.jumps
    assert (jump["factor"], jump["mean"], jump["sd"]) == (4, 0.1, 0.05)
    cdf = read(done.plan, jump["cdf"], int(jump["counts"]))
    np.testing.assert_allclose(cdf[:-1], stats.poisson(0.125).cdf(np.arange(cdf.size - 1)), rtol=1e-14)


@pytest.mark.parametrize(
    "mean",
    [0.0, 1e-6, 0.125, 4.0, 45.0, 50.0],
)
def test_poisson_cdf__covers_every_uniform(mean):
    cdf = poisson_cdf(mean)
    expected = stats.poisson(mean).cdf(np.arange(cdf.size)) if mean else np.ones(cdf.size)
    np.testing.assert_allclose(cdf, expected, atol=1e-12)
    assert cdf[-1] > 1 - 2.0**-33 and (np.diff(cdf) >= 0).all()


def test_compile__regimes_states_and_events(done):
    plan = done.plan
    assert plan.regimes["first"].tolist() == [0, 5] and plan.regimes["initial"].tolist() == [0, 5]
    assert plan.regimes["since"][0] == -35  # 2026-02-24
    assert plan.states["n_targets"].tolist() == [1, 3, 1, 2, 2, 1, 1, 0]
    assert plan.states["hazard"].tolist() == [0, 1, 4, 5, 7, 9, 10, 11] and plan.study[0]["hazards"] == 11
    assert plan.states["expiry_days"].tolist() == [150, -1, 150, -1, -1, -1, -1, -1]
    gap = plan.states[1]
    pairs = read(plan, gap["targets"], 6).reshape(3, 2)
    np.testing.assert_allclose(pairs, [[3, 1.0], [4, 0.2], [2, 0.8]])
    successors = read(plan, plan.states[0]["successors"], 8).reshape(4, 2)
    np.testing.assert_allclose(successors, [[3, 0.5], [1, 0.7], [2, 0.9], [4, 1.0]])
    assert plan.events["day"].tolist() == [(date(2026, 11, 3) - date(2026, 3, 31)).days, 1026]
    assert plan.events["time"][0] == pytest.approx(0.25 * (2 + 34 / 92))
    # size; moves, scales, arrivals, shifts, delays, stops
    effects = read(plan, plan.events[1]["effects"], 7 + 8 + 9)
    assert effects.tolist() == [7, *[0] * 6, 8, 1, 1, *[0] * 5, 9, 2, 4, 7, *[0] * 5]


def test_compile__project_records(study, done):
    p = dict(zip(done.labels.projects, done.plan.projects, strict=True))
    gas, port, mine = p["gas"], p["port"], p["mine"]
    due = due_dates(study)
    for name, project in example_study()["projects"].items():
        assert due[name] == ref.due_date(ref.as_date(project["notice_date"]), 45, ["US", "JP"])
    assert due["gas"] == date(2026, 4, 23)  # later than its planned start
    assert gas["planned_start"] < 0.25 * 23 / 91 and port["planned_start"] == pytest.approx(0.25 * (1 + 77 / 92))
    assert (gas["duration"], gas["n_phases"], gas["life"], gas["tenor"]) == (2.1, 2, 4.0, 3.0)
    assert read(done.plan, gas["phases"], 4).tolist() == [0.3, 1.2, 0.7, 2.1]
    assert (gas["loading_all"] ** 2, gas["loading_class"] ** 2, gas["loading_own"] ** 2) == pytest.approx(
        (0.25, 0.25, 0.5)
    )
    assert port["loading_all"] ** 2 == pytest.approx(2 * np.sin(np.pi * 0.1 / 6))
    assert port["cost_delay"] == pytest.approx(2 * np.sin(np.pi * 0.6 / 6)) and mine["cost_delay"] == -0.2
    assert mine["loading_class"] == 0.0
    assert (gas["tariff_attribute"], gas["tariff_start"], port["tariff_attribute"]) == (0, 0.1, -1)
    assert gas["output"] == pytest.approx(1000 * 8766 / 4) and port["output"] == pytest.approx(50e6)
    assert gas["persistence"] == pytest.approx(0.5**0.25) and mine["persistence"] == 0.0
    assert gas["fuel_rate"] == pytest.approx(9.25 * 0.9) and gas["fixed_om"] == pytest.approx(26e6 / 4)
    assert read(done.plan, gas["expected_costs"], 3).tolist() == [1.0, 0.0, 1.0]  # nominal: the budget itself
    assert read(done.plan, mine["expected_costs"], 3)[2] == pytest.approx(1.0)  # no indices
    assert (gas["size_law"], gas["go_ahead"], gas["reviews"], gas["cap"]) == (-1, 1.0, -1, np.inf)
    assert port["expected_index"] == -1 and gas["expected_index"] >= 0 and mine["share_law"] == -1
    assert [x["spread"] for x in (gas, port, mine)] == [0.0175, 0.01, 0.0175]
    assert [x["deemed_life"] for x in (gas, port, mine)] == [3.0, 2.0, 2.6]
    assert gas["class_cost_stream"] == port["class_cost_stream"] == stream_of("construction/thermal/cost")
    np.testing.assert_allclose(read(done.plan, gas["escalation"], 32), 1.02 ** (np.arange(1, 33) / 4), rtol=1e-14)


def test_compile__tables_are_the_laws(done):
    plan, z = done.plan, np.linspace(-5, 5, 1001)
    port, mine = plan.projects[1], plan.projects[2]
    price = look_up(plan.constants, int(port["price_law"]), z)
    np.testing.assert_allclose(price, 1.0 + 1.5 * stats.norm.cdf(z), atol=3e-6)
    assert look_up(plan.constants, int(port["share_law"]), z).tolist() == [0.6] * z.size
    steps = look_up(plan.constants, int(mine["duration_law"]), z)
    edges = stats.norm.ppf([0.2, 0.6, 0.9])
    np.testing.assert_array_equal(steps, np.array([0.9, 1.1, 1.6, 2.6])[np.searchsorted(edges, z, side="right")])
    x = np.linspace(0, 1, 501)
    spend = look_up(plan.constants, int(plan.projects[0]["spend_curve"]), x)
    np.testing.assert_allclose(spend, 1 - (1 - x) ** 4 - 4 * x * (1 - x) ** 3, atol=1e-10)  # Beta(2, 3)


def test_labels__series_in_order(done):
    labels = done.labels
    units = ["gas", "port", "mine", "portfolio"]
    expected = [(unit, quantity) for unit in units for quantity, *_ in existing(UNIT, ())]
    scheme = [
        "npv_funder_local",
        "tariff_relief",
        "scheme_value",
        "scheme_value_local",
        "net_commitments",
        "final_state_tariffs",
        "final_state_relations",
        "outcome_midterm",
        "outcome_president",
    ]
    assert list(labels.series) == expected + [("scheme", name) for name in scheme]


def test_records__need_every_field():
    with pytest.raises(KeyError):
        records(np.dtype([("a", np.int64), ("b", np.float64)]), [{"a": 1}])


def test_pool__addresses_follow_each_other():
    constants = Constants()
    assert [constants.add([1, 2]), constants.add([]), constants.add([[3, 4], [5, 6]])] == [0, 2, 2]
    assert constants.array()[:6].tolist() == [1, 2, 3, 4, 5, 6] and Constants().array().size > 0


def refused(study, /, **update):
    with pytest.raises(InputError) as error:
        compile_study(study.model_copy(update=update))
    return str(error.value)


def test_compile__refuses_what_only_planning_sees(study):
    late = study.study.model_copy(update={"value_date": date(2026, 5, 1)})  # funds of the gas plant: 2026-04-23
    assert "before the value date" in refused(study, study=late)
    funding = study.agreement.funding.model_copy(update={"holidays": ("US", "XX")})
    assert "holidays" in refused(study, agreement=study.agreement.model_copy(update={"funding": funding}))
    short = study.study.model_copy(update={"horizon_years": 0.25})
    assert "before the horizon" in refused(study, study=short, events={})
