"""Operation: output, default, tax, debt, fees and arrears on paper."""

import numpy as np
import pytest

import reference as ref
from paper_deal import changed, drawn, gap, paper_study, play, yields


def test_arrears__paid_first():
    study = paper_study()
    plant = study["projects"]["p"]["operation"]
    plant.pop("tax")
    yields(study, [5, 13, 14, 11])
    flows = ref.simulate(study, np.array([0])).projects["p"]
    assert flows["available_cash"][3:, 0] == pytest.approx([0, 0, 2, 1])
    assert flows["arrears"][3:, 0] == pytest.approx([5, 2, 0, 0])


def test_output__ramp_degradation_volume():
    study = changed(
        construction={"duration": 1.25},
        operation={"ramp_up": [0.4, 0.8], "degradation": 0.1, "volume_factor": "v", "fixed_om": {"per_year": 10}},
    )
    study["factors"]["v"] = {"process": {"deterministic": {"curve": {"knots": [[0, 0.3], [7, 1.0]]}}}}
    _, rows, _ = play(study)  # from 3.5 on: half a year at 0.4, then 0.6, 0.9 and half a year in full
    ages = np.array([0, 0.5, 1.5, 2.5])
    share = np.array([0.5 * 0.4, 0.6, 0.9, 0.5])
    assert rows["output"][3:7] == pytest.approx(100 * share * 0.9**ages * np.array([0.7, 0.8, 0.9, 1.0]))
    assert rows["om"][3:7] == pytest.approx([5, 10, 10, 5])


def power_study(**operation):
    study = paper_study()
    study["factors"]["price"] = {"process": {"deterministic": {"curve": {"knots": [[4, 20], [5, 10], [6, 12]]}}}}
    study["factors"]["gas"] = {"process": {"deterministic": {"curve": 2}}}
    study["factors"]["pool"] = {"process": {"deterministic": {"curve": 50}}}
    study["study"]["money_unit"] = 1000
    study["offtakers"] = {"o": {"default_hazard": 0.2}}
    project = study["projects"]["p"]
    del project["capacity"]
    project["capacity_mw"] = 1
    project["operation"] = {
        "life_years": 3,
        "availability": {"law": 0.5, "persistence": 0},
        "contract": dict(
            price=30, share=0.4, tenor_years=2.5, offtaker="o", default_discount=0.25, fuel_pass_through=1.0
        ),
        "merchant": {"factor": "price", "basis": 0.9},
        "fuel": {"factor": "gas", "heat_rate": 4, "basis": 1.0},
        "variable_om": {"per_output": 2},
        **operation,
    }
    return study


def test_default__discount_dispatch_and_pass_through():
    # the default at year 4.5: contracted in year 3 to 4 and half a year more; the tenor ends at 5.5
    draws = drawn(offtaker__o__default=gap(0.9))
    _, rows, _ = play(power_study(), draws)
    full = 4383.0
    contracted, defaulted = full * 0.4 * np.array([1, 0.5, 0]), full * 0.4 * np.array([0, 0.5, 0.5])
    merchant = full - contracted - defaulted
    price = np.array([18, 9, 10.8])
    assert rows["revenue"][3:6] == pytest.approx((contracted * 30 + merchant * price + defaulted * price * 0.75) / 1000)
    assert rows["fuel"][3:6] == pytest.approx(8 * (full - contracted) / 1000)
    # a unit costs 10: 18 runs, 9 does not, 10.8 does, 0.75 of it does not
    sim, rows, _ = play(power_study(dispatch="economic"), draws)
    assert rows["output_merchant"][3:6] == pytest.approx(merchant * [1, 0, 1])
    assert rows["output_defaulted"][3:6] == pytest.approx(0 * defaulted)
    output = contracted + merchant * [1, 0, 1]
    assert rows["output"][3:6] == pytest.approx(output)
    assert rows["revenue"][3:6] == pytest.approx((contracted * 30 + merchant * price * [1, 0, 1]) / 1000)
    assert rows["fuel"][3:6] == pytest.approx(8 * (output - contracted) / 1000)
    assert rows["om"][3:6] == pytest.approx(2 * output / 1000)
    assert sim.margins["dispatch/p"][0] == pytest.approx(0.8 / 20.8)
    _, early, _ = play(power_study(), drawn(offtaker__o__default=gap(0.5)))  # at 2.5, before completion
    assert early["contracted"].max() == 0 and early["output_defaulted"][3] == pytest.approx(full * 0.4)


def test_capacity_payment_and_credit():
    study = power_study(
        capacity_payment={"factor": "pool", "credit": 0.6},
        output_credit={"per_output": 5, "years": 1.5, "escalator": 0.1},
        ramp_up=[0.5],
    )
    study["projects"]["p"]["construction"]["shortfall"] = 0.2
    _, rows, _ = play(study, drawn(offtaker__o__default=gap(0.9)))
    free = 1 - 0.4 * np.array([1, 0.5, 0])
    assert rows["capacity_payment"][3:6] == pytest.approx(50 * 0.6 * 0.8 * 365.25 * free / 1000)
    output = 4383 * 0.8 * np.array([0.5, 1, 1])
    assert rows["output_credit"][3:6] == pytest.approx(5 * output * 1.1 ** np.array([4, 5, 6]) * [1, 0.5, 0] / 1000)


def test_tax__losses_are_carried_forward():
    study = changed()
    yields(study, [20, 90, 70, 60])
    study["projects"]["p"]["operation"]["tax"] = {"rate": 0.2, "life_years": 2, "nol_limit": 0.5}
    _, rows, _ = play(study)
    # income 10 - 50 = -40; 80 - 50 = 30, less 15; 60, less 25 (all that is left of 40); 50
    assert rows["tax"][3:] == pytest.approx([0, 3, 7, 10]) and rows["losses"][3:] == pytest.approx([40, 25, 0, 0])


def test_senior_debt__worked_on_paper():
    study = changed()
    yields(study, [36, 28, 60, 10])
    study["projects"]["p"]["operation"].update(
        tax=None, senior_debt=dict(share=0.4, reference_rate="rate", margin=0.02, tenor_years=2)
    )
    _, rows, _ = play(study)
    # draws of 20, interest of 2 capitalised: 42; 4.2 + 21 of 26; 2.1 + 21 of 18; the missing 5.1 with 10 % of 50
    assert rows["debt_capitalised"][:4] == pytest.approx([0, 0, 2, 0])
    assert rows["debt_interest"][3:] == pytest.approx([4.2, 2.1, 0.51, 0])
    assert rows["debt_principal"][3:] == pytest.approx([21, 21, 0, 0])
    assert rows["debt_paid"][3:] == pytest.approx([25.2, 18, 5.61, 0])
    assert rows["debt_arrears"][3:] == pytest.approx([0, 5.1, 0, 0])
    assert rows["debt_balance"][1:6] == pytest.approx([20, 42, 21, 5.1, 0])
    assert rows["available_cash"][3:] == pytest.approx([0.8, 0, 44.39, 0]) and rows["capital"][1] == pytest.approx(30)
    study["projects"]["p"]["construction"]["duration"] = 1.25
    study["projects"]["p"]["operation"]["tax"] = {"rate": 0.2, "life_years": 2}
    _, rows, _ = play(study)  # from 1 to 3.5, 16 a year: 16; 33.6; half of 3.36 capitalised, half paid
    D = 33.6 + 1.68 + 8
    assert rows["debt_capitalised"][:5] == pytest.approx([0, 0, 1.6, 1.68, 0])
    assert rows["debt_interest"][3:5] == pytest.approx([1.68, 0.1 * D * 0.75])
    assert rows["debt_principal"][3:5] == pytest.approx([D / 4, D / 2])


def test_developer_fee__waits_for_cash():
    study = changed(operation={"tax": {"rate": 0.2, "life_years": 200}})
    yields(study, [13, 24, 40, 40])
    fee = {"amount": {"uniform": {"min": 10, "max": 20}}, "years": 3, "tolerance": 0.05}
    study["projects"]["p"]["operation"]["developer_fee"] = fee
    study["projects"]["p"]["construction"]["shortfall"] = 0.0
    _, rows, q = play(study)
    # margins 3, 14, 30, 30; tax on them less 5 and 0.5; 2 stay owed
    assert rows["fee_part"][3:] == pytest.approx([5, 5, 5, 0])
    assert rows["tax"][3:] == pytest.approx([0, 1.7, 4.9, 5.9])
    assert rows["fee_paid"][3:] == pytest.approx([3, 7, 5, 0]) and rows["fee_owed"][3:] == pytest.approx([2, 0, 0, 0])
    assert rows["available_cash"][3:] == pytest.approx([0, 5.3, 20.1, 24.1])
    assert q["developer_fee"] == pytest.approx(3 * 1.1**-4 + 7 * 1.1**-5 + 5 * 1.1**-6)
    study["projects"]["p"]["construction"]["shortfall"] = 0.0501
    assert play(study)[2]["developer_fee"] == 0


def test_abandonment__after_years_of_arrears():
    study = changed(operation={"tax": None, "abandon_after_years": 2})
    yields(study, [5, 18, 9, 40])
    _, rows, q = play(study)  # margins -5, 8, -1, 30: arrears 5, 0, 1, 0
    assert rows["arrears"][3:] == pytest.approx([5, 0, 1, 0]) and not rows["closed"].any()
    yields(study, [5, 14, 40, 40])
    _, rows, q = play(study)  # arrears 5, 1: closed at the end of the second year
    assert rows["arrears"][3:] == pytest.approx([5, 1, 1, 1]) and rows["closed"][3:].tolist() == [0, 1, 1, 1]
    assert rows["revenue"][5] == rows["om"][5] == rows["output"][5] == rows["operating"][5] == 0
    assert rows["age_end"][3:] == pytest.approx([1, 2, 2, 2]) and q["completed"] == 1 and q["cancelled"] == 0


def test_developer_fee__over_years_that_are_drawn():
    study = changed(operation={"tax": None})
    yields(study, [40, 40, 40, 40])
    fee = {"amount": 15, "years": {"discrete": {"values": [1.5, 3], "probabilities": [0.6, 0.4]}}}
    study["projects"]["p"]["operation"]["developer_fee"] = fee
    for score, parts in ((0.2, [10, 5, 0, 0]), (0.3, [5, 5, 5, 0])):  # ndtri(0.6) = 0.2533
        _, rows, _ = play(study, drawn(project__p__fee_years=score))
        assert rows["fee_part"][3:] == pytest.approx(parts) and rows["fee_paid"][3:] == pytest.approx(parts)
