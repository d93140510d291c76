"""Studies whose answer is arithmetic on paper, end to end through the runner."""

import numpy as np
import pytest
from paper_runs import DF, PATHS, run

from spvrisk.plan.outputs import UNIT, existing, step_rows
from studies import BARE, PLANT, changed


def test_paper__one_plant_one_price_all_to_the_funder(tmp_path):
    """Calls 25 a quarter for a year; then 2.5 t a quarter at 3: 7.5 a quarter, all to the funder."""
    values, timeline = run(BARE, tmp_path)
    plant = timeline["plant"]
    np.testing.assert_allclose(plant["calls"], [25] * 4 + [0] * 4, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(plant["available_cash"], [0] * 4 + [7.5] * 4, rtol=1e-13, atol=1e-13)
    npv = np.sum(DF[4:]) * 7.5 - np.sum(DF[:4]) * 25
    expected = {
        "funded": 1,
        "completed": 1,
        "cost": 100,
        "cost_overrun": 0,
        "overrun_sampled": 0,
        "delay_months": 0,
        "npv_funder": npv,
        "pv_host": 0,
        "moic_funder": 0.3,
        "payback_years": np.inf,
        "deemed_open": 0,
    }
    for quantity, value in expected.items():
        np.testing.assert_allclose(values["plant", quantity], np.full(PATHS, value), rtol=1e-13, atol=1e-13)
    for quantity in ("recovery_years", "deemed_share"):
        assert np.isnan(values["plant", quantity]).all()
    rate = 0.3**1.0 - 1  # four calls and four receipts in a row: 25 q = 7.5 with q = (1 + r)^1
    np.testing.assert_allclose(values["plant", "irr_funder"], rate, rtol=1e-11)


def test_paper__portfolio_of_one_is_the_project(tmp_path):
    values, timeline = run(BARE, tmp_path)
    for quantity, *_ in existing(UNIT, ()):
        np.testing.assert_allclose(values["portfolio", quantity], values["plant", quantity], rtol=1e-12, atol=1e-13)
    for row in step_rows(()):
        np.testing.assert_array_equal(timeline["portfolio"][row], timeline["plant"][row])


def test_paper__costs_tax_and_arrears_by_hand(tmp_path):
    """Price 3, variable cost 1, fixed 8 a year, tax 25 % over a life of 5 years, sold by contract in year one.

    Output 2.5 a quarter; contract 60 % at 5, escalated 2 % a year; margin of the first quarter of operation
    (t = 4, end at 1.25 years): 1.5 * 5 * 1.02^1.25 + 1.0 * 3 - 2.5 - 2 = 6.1879..., depreciation 100 / 20 = 5.
    """
    operation = {
        "contract": {"price": 5.0, "escalator": 0.02, "share": 0.6, "tenor_years": 0.5},
        "variable_om": {"per_output": 1.0},
        "fixed_om": {"per_year": 8.0},
        "tax": {"rate": 0.25, "life_years": 5},
    }
    values, timeline = run(changed(BARE, projects={"plant": {"operation": operation}}), tmp_path)
    cash = np.zeros(8)
    for t in (4, 5):
        margin = 1.5 * 5 * 1.02 ** ((t + 1) / 4) + 1.0 * 3 - 2.5 - 2.0
        cash[t] = margin - 0.25 * max(margin - 5.0, 0.0)
    cash[6:] = 2.5 * 3 - 2.5 - 2.0
    np.testing.assert_allclose(timeline["plant"]["available_cash"], cash, rtol=1e-13, atol=1e-13)
    npv = np.sum(DF * cash) - 25 * np.sum(DF[:4])
    np.testing.assert_allclose(values["plant", "npv_funder"], npv, rtol=1e-12)

    loss = {"plant": {"operation": {"fixed_om": {"per_year": 34.0}}}}  # 7.5 - 8.5 = -1 a quarter for two quarters
    dear = {"price": {"process": {"deterministic": {"curve": {"knots": [[0, 3], [1.6, 3], [1.6, 5]]}}}}}
    _, timeline = run(changed(BARE, projects=loss, factors=dear), tmp_path)
    # then 12.5 - 8.5 = 4: the first pays 2 of arrears
    expected = [0, 0, 0, 0, 0, 0, 2, 4]
    np.testing.assert_allclose(timeline["plant"]["available_cash"], expected, rtol=1e-12, atol=1e-12)


def test_paper__overrun_delay_index_and_tariff_by_hand(tmp_path):
    """Twice the budget, 1.5 times the duration, index 1.1 from year 1 on, tariff 10 % to 40 % on a half."""
    construction = {
        "overrun": 2.0,
        "duration": 1.5,
        "inflation_share": 0.25,
        "indices": {"index": 1.0},
        "imported_share": 0.5,
        "equipment_tariff": {"regime": "law", "attribute": "tariff"},
    }
    world = {
        "factors": {
            "index": {"unit": "1", "process": {"deterministic": {"curve": {"knots": [[0, 1], [1.1, 1], [1.1, 1.1]]}}}}
        },
        "regimes": {
            "law": {
                "initial": {"state": "old", "since": "2026-01-01"},
                "states": {"old": {"attributes": {"tariff": 0.1}}, "new": {"attributes": {"tariff": 0.4}}},
            }
        },
        "events": {
            "change": {"date": "2026-09-30", "outcomes": {"up": {"moves": {"law": "new"}}}, "probabilities": {"up": 1}}
        },
    }
    values, timeline = run(changed(BARE, projects={"plant": {"construction": construction}}, **world), tmp_path)
    share = 100 * (1 + 1.0 * 0.75) / 6  # six quarters
    tariff = np.array([1, 1] + [1.2 / 1.05] * 4)
    index = np.array([1, 1, 1, 1, 1.1, 1.1])
    np.testing.assert_allclose(timeline["plant"]["calls"][:6], share * tariff * index, rtol=1e-12)
    np.testing.assert_allclose(timeline["plant"]["calls"][6:], 0, atol=1e-12)
    np.testing.assert_allclose(values["plant", "overrun_sampled"], 0.75, rtol=1e-14)
    np.testing.assert_allclose(values["plant", "delay_months"], 6.0, rtol=1e-12)
    np.testing.assert_allclose(timeline["plant"]["revenue"], [0] * 6 + [7.5] * 2, rtol=1e-12, atol=1e-12)


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    """Three unlike projects with everything random, under the periodic split."""
    random = {
        "construction": {
            "overrun": {"lognormal": {"mean": 1.3, "sd": 0.4}},
            "duration": {"uniform": {"min": 0.8, "max": 2.0}},
            "correlation": {"all": 0.2, "class": 0.4, "cost_delay": 0.5},
        },
        "operation": {
            "availability": {"law": {"beta": {"a": 8, "b": 2}}, "persistence": 0.4},
            "variable_om": {"per_output": 0.7},
            "tax": {"rate": 0.2, "life_years": 3},
        },
    }
    plants = {
        "plant": random,
        "big": changed(PLANT, budget=300.0, capacity=90.0, **random),
        "late": changed(PLANT, notice_date="2026-12-15", capacity=40.0, **random),
    }
    study = changed(
        BARE,
        study={"horizon_years": 6},
        projects=plants,
        factors={
            "price": {"process": {"deterministic": None, "ou": {"start": 3, "mean": 3, "kappa": 1, "sigma": 0.4}}},
            "rate": {
                "unit": "1/year",
                "process": {"vasicek": {"start": 0.03, "mean": 0.04, "kappa": 0.3, "sigma": 0.01}},
            },
        },
    )
    study["agreement"]["split"] = {
        "mode": "periodic",
        "first_share": 0.5,
        "second_share": 0.1,
        "reference_rate": "rate",
        "spread": 0.02,
        "deemed_life_years": 4,
    }
    return run(study, tmp_path_factory.mktemp("three"), 1500)


def test_portfolio__is_the_sum_of_its_projects(three):
    values, timeline = three
    names = ("plant", "big", "late")
    for quantity in ("funded", "completed", "cost", "npv_funder", "pv_host", "deemed_open"):
        total = sum(values[name, quantity] for name in names)
        np.testing.assert_allclose(values["portfolio", quantity], total, rtol=1e-13, err_msg=quantity)
    for row in step_rows(()):
        np.testing.assert_allclose(timeline["portfolio"][row], sum(timeline[n][row] for n in names), rtol=1e-13)
    multiple = sum(values[n, "moic_funder"] * values[n, "cost"] for n in names) / values["portfolio", "cost"]
    np.testing.assert_allclose(values["portfolio", "moic_funder"], multiple, rtol=1e-11)


def test_cash__what_comes_in_goes_out_in_every_step(three):
    _, timeline = three
    for unit, rows in timeline.items():
        paid_out = rows["distribution_funder"] + rows["distribution_host"]
        np.testing.assert_allclose(paid_out, rows["available_cash"], rtol=1e-13, atol=1e-12, err_msg=unit)
        np.testing.assert_array_equal(rows["calls"], rows["spend"])
    assert timeline["portfolio"]["available_cash"].max() > 10


def test_values__discount_the_timeline(three):
    """The mean NPV is the present value of the mean flows."""
    values, timeline = three
    discount = 1.05 ** -(np.arange(1, 25) / 4)
    for unit in ("plant", "big", "late", "portfolio"):
        net = timeline[unit]["distribution_funder"] - timeline[unit]["calls"]
        np.testing.assert_allclose(values[unit, "npv_funder"].mean(), np.sum(discount * net), rtol=1e-11)
        host = np.sum(discount * timeline[unit]["distribution_host"])
        np.testing.assert_allclose(values[unit, "pv_host"].mean(), host, rtol=1e-11)
