"""The funder's stack and its insurer: what must hold on every path, and cases on paper."""

from itertools import product

import numpy as np
import pytest
from paper_runs import run

from engine_runs import compiled, steps_of
from every_clause import STACK_VARIANTS, example_study
from spvrisk.kernel import rows as names
from spvrisk.kernel.lanes import LANES
from studies import BARE, changed, run_all

SEED = 11
RATE = {"base": {"unit": "1/year", "process": {"deterministic": {"curve": 0.04}}}}
STACK = {
    "reference_rate": "base",
    "tenor_years": 5,
    "sweep": 1,
    "policy_loan": {"share": 0.3, "margin": 0.01},
    "policy_equity": {"share": 0.1},
    "commercial_loan": {"share": 0.6, "margin": 0.02},
    "insurer": {"cover": 0.9, "wait_years": 0.25, "premium": 0.01, "capital": 20.0, "capacity": 1000.0},
}
COMBINATIONS = [(0, 0, 0), (0.9, 0.25, 1), (1, 2, 0.5), (0.9, 2, 0), (1, 0, 1)]
"""Cover, waiting time in years, and sweep."""


def row(trace, name):
    return trace[:, :, int(getattr(names, name)) // LANES]


@pytest.mark.parametrize(("cover", "wait", "sweep"), COMBINATIONS)
@pytest.mark.parametrize("variant", ["stack_cancelled", "stack_given_up", "everything"])
def test_parties__have_what_is_received_less_what_is_called_in_every_step(variant, cover, wait, sweep, tmp_path):
    study = STACK_VARIANTS[variant](example_study())
    study["stack"] |= {"sweep": sweep}
    study["stack"]["insurer"] = {**study["stack"]["insurer"], "cover": cover, "wait_years": wait}
    done = compiled(study, tmp_path)
    shares = [study["stack"][key]["share"] for key in ("policy_loan", "policy_equity", "commercial_loan")]
    claims = moved = 0.0
    for path in range(16):
        trace = steps_of(done, SEED, path)
        call = row(trace, "OUTFLOW")
        policy = row(trace, "POLICY_PAID") + row(trace, "EQUITY_PAID") - (shares[0] + shares[1]) * call
        banks = row(trace, "BANKS_PAID") + row(trace, "CLAIM") - row(trace, "PREMIUM") - shares[2] * call
        insurer = row(trace, "PREMIUM") + row(trace, "RECOVERED") - row(trace, "CLAIM")
        net = row(trace, "FUNDER") - call
        gross = np.cumsum(np.abs(call) + row(trace, "FUNDER"), axis=1) + 1.0
        assert (np.abs(policy + banks + insurer - net) <= 1e-9 * gross).all(), path
        unpaid = row(trace, "FALLEN") - row(trace, "MET") - row(trace, "CLAIMED")
        scale = 1e-9 * (row(trace, "FALLEN") + 1.0)
        assert (np.abs(row(trace, "OVERDUE") - unpaid) <= scale).all(), path
        for name in ("POLICY", "BANKS", "POLICY_ARREARS", "OVERDUE", "RETAINED", "TAKEN_OVER", "BANKS_OPEN"):
            assert (row(trace, name) >= -scale).all(), (name, path)
        claims += row(trace, "CLAIM").sum()
        moved += gross[:, -1].sum()
    assert moved > 1000.0 and (claims > 10.0 or cover == 0)
    values = run_all(done, 3, 4096).values
    for unit in (*done.labels.projects, "portfolio"):
        parts = sum(values[unit, name] for name in ("npv_banks", "npv_policy_bank", "insurer_net"))
        gross = np.abs(values[unit, "npv_banks"]) + np.abs(values[unit, "insurer_net"]) + values[unit, "cost"] + 1e-3
        assert (np.abs(parts - values[unit, "npv_funder"]) <= 1e-9 * gross).all(), unit


def with_stack(**sections):
    return changed(BARE, stack=STACK, factors=RATE, **sections)


def test_stack__on_paper(tmp_path):
    """Calls of 25 a quarter, capitalised for a year; then 7.5 a quarter pays interest and principal."""
    values, timeline = run(with_stack(study={"horizon_years": 7}), tmp_path)
    policy = banks = 0.0
    for _ in range(4):
        policy, banks = policy * (1 + 0.05 / 4) + 7.5, banks * (1 + 0.06 / 4) + 15.0
    np.testing.assert_allclose(timeline["plant"]["loan_balance"][3], policy + banks, rtol=1e-12)
    # first quarter of operation: interest, a twentieth of each loan, and the sweep takes the rest
    interest = policy * 0.05 / 4 + banks * 0.06 / 4
    assert interest + (policy + banks) / 20 < 7.5
    np.testing.assert_allclose(timeline["plant"]["loan_balance"][4], policy + banks + interest - 7.5, rtol=1e-12)
    assert (values["plant", "insurer_claims"] == 0).all() and (values["plant", "bank_loss"] == 0).all()
    np.testing.assert_allclose(timeline["plant"]["loan_balance"][-1], 0, atol=1e-9)
    parts = sum(values["plant", name] for name in ("npv_banks", "npv_policy_bank", "insurer_net"))
    np.testing.assert_allclose(parts, values["plant", "npv_funder"], rtol=1e-12)
    assert (values["scheme", "insurer_breach"] == 0).all() and (values["scheme", "insurer_capacity_breach"] == 0).all()


def ended(name, probability):
    return {
        "date": "2026-12-30",  # in the third quarter
        "outcomes": {"end": {"cancels": [name]}, "go_on": {}},
        "probabilities": {"end": probability, "go_on": 1 - probability},
    }


def test_insurer__claims_of_independent_projects_by_enumeration(tmp_path):
    """Three projects that a draw of their own cancels, all lost: what the insurer pays, outcome by outcome."""
    chances, budgets = (0.1, 0.25, 0.4), (100.0, 60.0, 30.0)
    plants = {f"p{i}": {**BARE["projects"]["plant"], "budget": budget} for i, budget in enumerate(budgets)}
    sections = {
        "projects": {"plant": None, **plants},
        "events": {f"e{i}": ended(f"p{i}", chance) for i, chance in enumerate(chances)},
        "factors": {**RATE, "price": {"unit": "USD/t", "process": {"deterministic": {"curve": 30.0}}}},
        "study": {"horizon_years": 4},
    }
    insurer = {"cover": 0.9, "wait_years": 0.0, "premium": 0.0, "capital": 30.0}
    study = changed(BARE, stack={**STACK, "insurer": insurer}, **sections)
    n = 1 << 15
    values, _ = run(study, tmp_path, n)
    # a quarter's calls bear interest from the next quarter on; the third falls due as it is called
    growth = 1 + 0.06 / 4
    part = 91 / 92  # of the third quarter, from 30 September to 31 December
    owed = 0.6 * 0.25 * (growth**2 + growth + part)
    claim = 0.9 * owed * np.array(budgets) * 1.05**-0.75
    outcomes = list(product((0, 1), repeat=3))
    weights = [np.prod([q if hit else 1 - q for q, hit in zip(chances, hits, strict=True)]) for hits in outcomes]
    totals = [float(np.dot(hits, claim)) for hits in outcomes]
    got = values["portfolio", "insurer_claims"]
    for total, weight in zip(totals, weights, strict=True):
        share = np.isclose(got, total, rtol=1e-9, atol=1e-9).mean()
        assert abs(share - weight) < 4 * np.sqrt(weight * (1 - weight) / n) + 1e-12, total
    mean, variance = np.dot(chances, claim), np.sum(np.array(chances) * (1 - np.array(chances)) * claim**2)
    assert abs(got.mean() - mean) < 4 * np.sqrt(variance / n)
    lost = np.array([sum(hits[i] * claim[i] / 1.05**-0.75 for i in range(3)) for hits in outcomes])
    expected = np.dot(weights, lost > 30.0)
    assert abs(values["scheme", "insurer_breach"].mean() - expected) < 4 * np.sqrt(expected * (1 - expected) / n)


def test_sweep__whole_deemed_allocation_leaves_no_arrears(tmp_path):
    """A project that pays its deemed allocation in full pays its loans, at a spread that is not below the margins."""
    split = {
        "mode": "cumulative",
        "funder_share": None,
        "first_share": 0.5,
        "second_share": 0.1,
        "reference_rate": "base",
        "spread": 0.02,
        "deemed_life_years": 5,
    }
    price = {"unit": "USD/t", "process": {"deterministic": None, "gbm": {"start": 9.0, "sigma": 0.4, "drift": 0.0}}}
    study = changed(
        BARE,
        stack=STACK,
        agreement={"split": split},
        factors={**RATE, "price": price},
        study={"horizon_years": 15},
        projects={"plant": {"operation": {"life_years": 12.0}}},
    )
    values, _ = run(study, tmp_path, 4096)
    whole = np.isfinite(values["plant", "recovery_years"])
    assert 0.2 < whole.mean() < 0.98
    for name in ("bank_loss", "policy_bank_loss"):
        np.testing.assert_allclose(values["plant", name][whole], 0, atol=1e-9)
    assert (values["plant", "bank_loss"][~whole] > 0).any() or (values["plant", "insurer_claims"][~whole] > 0).any()
