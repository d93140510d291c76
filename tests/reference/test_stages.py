"""A whole project on paper, from the notice to the quantities."""

import datetime as dt
import math

import numpy as np
import pytest
from scipy import stats

import reference as ref
from paper_deal import paper_study


def test_project__worked_on_paper():
    sim = ref.simulate(paper_study(), np.array([0]))
    flows = {name: row[:, 0] for name, row in sim.projects["p"].items()}
    assert flows["calls"] == pytest.approx([0, 50, 50, 0, 0, 0, 0])
    assert flows["revenue"] == pytest.approx([0, 0, 0, 50, 50, 50, 0])
    assert flows["tax"] == pytest.approx([0, 0, 0, 0, 0, 8, 0])  # depreciation 50, 50, 0
    assert flows["available_cash"] == pytest.approx([0, 0, 0, 40, 40, 32, 0])
    # due 10 + 50; 5 + 50 + carry 40; carry 75; carry 59
    assert flows["due"] == pytest.approx([0, 0, 0, 60, 95, 75, 59])
    assert flows["distribution_funder"] == pytest.approx([0, 0, 0, 20, 20, 16, 0])
    assert flows["carry"] == pytest.approx([0, 0, 0, 40, 75, 59, 59])
    assert flows["deemed_balance"] == pytest.approx([0, 50, 100, 50, 0, 0, 0])
    q = {name: float(value[0]) for name, value in sim.quantities["p"].items()}
    npv = sum(flow * 1.1 ** -(t + 1) for t, flow in enumerate([0, -50, -50, 20, 20, 16]))
    assert q["npv_funder"] == pytest.approx(npv) and q["pv_host"] == pytest.approx(56)
    assert (q["completed"], q["cost"], q["cost_overrun"], q["delay_months"]) == (
        1,
        pytest.approx(100),
        pytest.approx(0),
        0,
    )
    assert (q["moic_funder"], q["deemed_share"], q["deemed_open"]) == (
        0.56,
        pytest.approx(56 / 115),
        pytest.approx(59),
    )
    assert (q["payback_years"], q["recovery_years"]) == (math.inf, math.inf)
    assert sim.quantities["scheme"]["npv_funder_local"][0] == pytest.approx(npv)


def test_project__paper_study_cumulative_and_rich():
    study = paper_study()
    study["agreement"]["split"]["mode"] = "cumulative"
    study["projects"]["p"]["operation"]["contract"]["price"] = 4.1  # 400 a year: whole at once
    study["projects"]["p"]["operation"].pop("tax")
    sim = ref.simulate(study, np.array([0]))
    flows = {name: row[:, 0] for name, row in sim.projects["p"].items()}
    assert flows["due"] == pytest.approx([0, 0, 55, 115.5, 0, 0, 0])
    assert flows["deemed_balance"] == pytest.approx([0, 50, 105, 0, 0, 0, 0])
    assert flows["distribution_funder"] == pytest.approx([0, 0, 0, 115.5 + 0.1 * (400 - 231), 40, 40, 0])
    assert sim.quantities["p"]["recovery_years"][0] == 1 and sim.quantities["p"]["payback_years"][0] == 2
    assert sim.quantities["p"]["deemed_share"][0] == 1


def test_project__paper_study_with_delay_and_phases():
    study = paper_study()
    build = study["projects"]["p"]["construction"]
    build.update(duration=1.25, overrun=1.4, inflation_share=0.5)
    del build["planned_duration_years"]
    build["phases"] = [
        {"share": 0.4, "planned_duration_years": 1.2},
        {"share": 0.6, "planned_duration_years": 2},
    ]
    sim = ref.simulate(study, np.array([0]))
    flows = {name: row[:, 0] for name, row in sim.projects["p"].items()}
    # building from 1.0 to 3.5; phases at 2.5 and 3.5; the end of operation is 6.5
    assert flows["calls"] == pytest.approx([0, 48, 48, 24, 0, 0, 0])
    assert flows["operating"] == pytest.approx([0, 0, 0.2, 0.7, 1, 1, 0.5])
    assert flows["age_end"] == pytest.approx([0, 0, 0, 0.5, 1.5, 2.5, 3])
    # paid in 120: half a year's interest and a quarter of the capital fall due in step 3
    assert flows["due"][2:4] == pytest.approx([0, 0.1 * 120 * 0.5 + 30])
    assert flows["distribution_funder"][2] == pytest.approx(
        0.1 * (8 - 1.6)
    )  # tier two alone; not depreciated before completion
    assert sim.quantities["p"]["overrun_sampled"][0] == pytest.approx(0.2)
    assert sim.quantities["p"]["delay_months"][0] == pytest.approx(6)


def test_project__index_bases():
    study = paper_study()
    study["factors"]["cpi"] = {"process": {"gbm": {"start": 1, "drift": 0.1, "sigma": 0.0}}}
    build = study["projects"]["p"]["construction"]
    build.update(indices={"cpi": 1}, duration=1.5)
    nominal = ref.simulate(study, np.array([0]))
    # a third of the work each year from 1 to 4; planned dates of the same progress 5/3, 7/3, 3
    t = np.array([2, 3, 4])
    expected = np.interp(1 + np.array([1, 2, 3]) * 2 / 3, np.arange(8), np.exp(0.1 * np.arange(8)))
    assert nominal.projects["p"]["spend"][1:4, 0] == pytest.approx(100 / 3 * np.exp(0.1 * t) / expected)
    build["budget_basis"] = "real"
    real = ref.simulate(study, np.array([0]))
    assert real.projects["p"]["spend"][1:4, 0] == pytest.approx(100 / 3 * np.exp(0.1 * t))
    plan = 50 * (math.exp(0.2) + math.exp(0.3))
    assert real.quantities["p"]["cost_overrun"][0] == pytest.approx(100 / 3 * np.exp(0.1 * t).sum() / plan - 1)


class Named(ref.Draws):
    """Scores that tell where they come from."""

    table = {
        "construction/all/cost": 0.1,
        "construction/x/cost": 0.7,
        "project/p/cost": -1.3,
        "construction/all/delay": 2.0,
        "construction/x/delay": -0.4,
        "project/p/delay": 0.9,
        "project/p/contract": 0.25,
        "project/p/subscription": -0.5,
    }

    def scores(self, name, index, paths):
        if name == "project/p/availability":
            return np.broadcast_to(np.cos(np.asarray(index, dtype=float))[:, None], (len(index), len(paths)))
        return np.full(np.shape(index) + (len(paths),), self.table[name])


def test_project__scores_by_class():
    study, normal = paper_study(), {"normal": {"mean": 0, "sd": 1}}
    build = study["projects"]["p"]["construction"]
    build.update(overrun=normal, correlation={"all": 0.3, "class": 0.5, "cost_delay": 0.6})
    build["duration"] = {"normal": {"mean": 2, "sd": 0.1}}
    sim = ref.simulate(study, np.array([0]), Named(0))
    cost = 0.3**0.5 * 0.1 + 0.2**0.5 * 0.7 + 0.5**0.5 * -1.3
    delay = 0.6 * cost + 0.8 * (0.3**0.5 * 2 + 0.2**0.5 * -0.4 + 0.5**0.5 * 0.9)
    assert sim.sites["p"].overrun[0] == pytest.approx(cost)
    assert sim.sites["p"].completion[0] == pytest.approx(1 + 2 * (2 + 0.1 * delay))
    build["correlation"].update(kind="rank")
    rank = ref.simulate(study, np.array([0]), Named(0)).sites["p"].overrun[0]
    r = [2 * math.sin(math.pi * x / 6) for x in (0.3, 0.5)]
    by_hand = r[0] ** 0.5 * 0.1 + (r[1] - r[0]) ** 0.5 * 0.7 + (1 - r[1]) ** 0.5 * -1.3
    assert rank == pytest.approx(by_hand)


def test_project__plant_and_tariff_worked_on_paper():
    study = paper_study()
    curve = {"knots": [[0, 1.0], [7, 1.7]]}
    study["study"]["money_unit"] = 1e6
    study["factors"]["cpi"] = {"process": {"deterministic": {"curve": curve}}}
    study["factors"]["gas"] = {"process": {"deterministic": {"curve": 4}}}
    study["regimes"] = {
        "l": {
            "initial": {"state": "a", "since": dt.date(2026, 1, 1)},
            "states": {"a": {"attributes": {"x": 0.1}}, "b": {"attributes": {"x": 0.4}}},
        }
    }
    study["events"] = {
        "e": {
            "date": dt.date(2028, 12, 31),
            "outcomes": {"o": {"moves": {"l": "b"}}},
            "probabilities": {"o": 1},
        }
    }
    project = study["projects"]["p"]
    del project["capacity"]
    project["capacity_mw"] = 10
    where = {"regime": "l", "attribute": "x"}
    project["construction"].update(imported_share=0.5, equipment_tariff=where)
    uniform = {"uniform": {"min": 0, "max": 1}}
    project["operation"] = {
        "life_years": 3,
        "availability": {"law": {"normal": {"mean": 1, "sd": 0.1}}, "persistence": 0.5},
        "contract": {
            "price": {"normal": {"mean": 60, "sd": 8}},
            "indices": {"cpi": 1},
            "share": uniform,
            "tenor_years": 1.5,
            "fuel_pass_through": 0.8,
        },
        "merchant": {"factor": "gas", "basis": 5},
        "fuel": {"factor": "gas", "heat_rate": 9, "basis": 0.5},
        "variable_om": {"per_output": 2, "indices": {"cpi": 1}},
        "fixed_om": {"per_mw_year": 30_000},
    }
    flows = ref.simulate(study, np.array([0]), Named(0)).projects["p"]
    # the tariff rises from 10 to 40 % after the second of the seven years
    assert flows["spend"][1:3, 0] == pytest.approx([50, 50 * 1.2 / 1.05])
    v = [1.0]
    for t in range(1, 7):
        v.append(0.5 * v[-1] + 0.75**0.5 * math.cos(t))
    full = 87_660 * (1 + 0.1 * np.array(v[3:6]))
    contracted = full * [1, 0.5, 0] * stats.norm.cdf(-0.5)
    cpi = np.array([1.4, 1.5, 1.6])
    revenue = contracted * 62 * cpi + (full - contracted) * 20
    assert flows["revenue"][3:6, 0] == pytest.approx(revenue / 1e6)
    assert flows["fuel"][3:6, 0] == pytest.approx(18 * (full - 0.8 * contracted) / 1e6)
    assert flows["om"][3:6, 0] == pytest.approx((full * 2 * cpi + 300_000) / 1e6)
    assert flows["revenue"][6, 0] == 0
