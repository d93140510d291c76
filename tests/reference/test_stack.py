"""The funder's stack on paper."""

import datetime as dt
import math

import numpy as np
import pytest
from scipy import special

import reference as ref
from paper_deal import changed, drawn, paper_study, play, two_more, yields

STACK = {
    "reference_rate": "rate",
    "tenor_years": 2,
    "sweep": 0.5,
    "policy_loan": {"share": 0.4, "margin": 0.02},
    "policy_equity": {"share": 0.1},
    "commercial_loan": {"share": 0.5, "margin": 0.12},
}


INSURED = {**STACK, "insurer": {"cover": 0.8, "wait_years": 1, "premium": 0.01}}


def stacked(clause, K, Y, completion=2.0, ended=None, m=1, rate=0.08):
    """Return the stack's rows of one path whose loans cost 10 % and 20 %."""
    T = len(K)
    ends = np.arange(T) >= (T if ended is None else ended)
    K, Y = np.array(K, dtype=float)[:, None], np.array(Y, dtype=float)[:, None]
    rows = ref.run_stack(clause, m, np.full((T, 1), rate), K, Y, np.array([completion]), ends[:, None])
    total = rows["banks"] + rows["policy_bank"] + rows["insurer"]
    assert np.allclose(total, Y - K, rtol=1e-12, atol=1e-12)
    U = rows["due_commercial"] - rows["paid_commercial"] - rows["claimed"]
    assert np.allclose(rows["arrears_unclaimed"], U, atol=1e-12)
    return {name: row[:, 0] for name, row in rows.items()}


def test_stack__without_insurer_on_paper():
    rows = stacked(STACK, [100, 100, 0, 0], [0, 0, 15.2, 252.22])
    # capitalised 4 and 10; levels 42 and 55; half of the interest 8.4 and 22 is paid; then all with late interest
    assert rows["balance_policy"] == pytest.approx([40, 84, 42, 0])
    assert rows["balance_commercial"] == pytest.approx([50, 110, 55, 0])
    assert rows["arrears_policy"] == pytest.approx([0, 0, 4.2 + 42, 0])
    assert rows["arrears_unclaimed"] == pytest.approx([0, 0, 11 + 55, 0])
    assert rows["policy_bank"] == pytest.approx([-50, -50, 4.2, 46.2 * 1.1 + 4.2 + 42 + 10])
    assert rows["banks"] == pytest.approx([-50, -50, 11, 66 * 1.2 + 11 + 55])
    assert rows["loan_balance"] == pytest.approx([90, 194, 42 + 55 + 46.2 + 66, 0])
    assert rows["equity"] == pytest.approx([0, 0, 0, 10])  # nothing is left to prepay
    assert rows["unrepaid_policy"] == pytest.approx([40, 80, 80, 0])
    assert not rows["claims"].any() and not rows["premium"].any()


def test_stack__claims_first_in_first_out_on_paper():
    rows = stacked(INSURED, [100, 100, 0, 0, 0], [0, 0, 15.2, 0, 135.201])
    assert rows["premium"] == pytest.approx([0, 0.4, 0.88, 0.968, 0.6336])  # on balance and arrears at the start
    assert rows["due_commercial"] == pytest.approx([0, 0, 77, 156.2, 172.04])
    # step 3: what fell due in step 2 and was not paid, 66; step 4: of 156.2, 66 claimed and 11 + 47.52 paid
    assert rows["claims"] == pytest.approx([0, 0, 0, 0.8 * 66, 0.8 * 31.68])
    assert rows["arrears_unclaimed"] == pytest.approx([0, 0, 66, 79.2, 15.84])
    assert rows["arrears_retained"] == pytest.approx([0, 0, 0, 13.2, 7.92 + 6.336])
    assert rows["taken_over"] == pytest.approx([0, 0, 0, 52.8, 26.4 + 25.344])
    assert rows["recoveries"] == pytest.approx([0, 0, 0, 0, 26.4])
    assert rows["arrears_policy"] == pytest.approx([0, 0, 46.2, 97.02, 53.361])
    assert rows["banks"][4] == pytest.approx(47.52 + 7.92 + 25.344 - 0.6336)
    assert rows["insurer"][3:] == pytest.approx([0.968 - 52.8, 0.6336 + 26.4 - 25.344])
    left = 100 * (1 - 52.8 / 145.2)
    assert rows["unrepaid_commercial"][2:] == pytest.approx([100, left, left / 2 * (1 - 25.344 / 55.44)])


def test_stack__a_wait_counts_from_the_due_step():
    calls, receipts = [100, 100, 0, 0, 0, 0], [0] * 6
    for wait, first in ((0, 2), (1, 3), (1 + 1e-10, 3), (1.01, 4), (2, 4), (9, 6)):
        clause = {**INSURED, "insurer": {"cover": 1, "wait_years": wait}}
        rows = stacked(clause, calls, receipts)
        assert [*np.flatnonzero(rows["claims"]), 6][0] == first
        assert rows["claims"][first : first + 1] == pytest.approx([77] if first < 6 else [])
    at_once = stacked({**INSURED, "insurer": {"cover": 1, "wait_years": 0}}, calls, receipts)
    assert at_once["claims"] == pytest.approx([0, 0, 77, 66, 0, 0])  # no arrears, no late interest
    assert at_once["unrepaid_commercial"][-1] == pytest.approx(0)


def test_stack__cancellation_on_paper():
    rows = stacked(INSURED, [100, 100, 0], [0, 50, 0], math.inf, ended=1)
    # interest 4 and 10, balances 40 + 40 and 50 + 50 fall due; 36 is left for 180
    assert rows["arrears_policy"] == pytest.approx([0, 64, 70.4])
    assert rows["unrepaid_policy"] == pytest.approx([40, 64, 64])
    assert rows["due_commercial"] == pytest.approx([0, 110, 126])
    assert rows["claims"] == pytest.approx([0, 0, 64])  # what is overdue for a step, 80, not the late interest
    assert rows["arrears_unclaimed"] == pytest.approx([0, 80, 16])
    assert not rows["balance_commercial"][1:].any()
    assert rows["unrepaid_commercial"] == pytest.approx([50, 80, 80 * (1 - 64 / 96)])
    operating = stacked(STACK, [100, 100, 0, 0, 0], [0, 0, 0, 0, 0], ended=3)  # given up after a year
    assert operating["arrears_policy"] == pytest.approx([0, 0, 50.4, 50.4 * 1.1 + 46.2, (50.4 * 1.1 + 46.2) * 1.1])
    fee = stacked(STACK, [0, 0, 10], [0, 0, 0], math.inf, ended=2)  # the fee alone
    assert (fee["arrears_policy"][2], fee["arrears_unclaimed"][2], fee["loan_balance"][2]) == (4, 5, 9)


def test_stack__sweep_prepays_and_shortens():
    long = {**STACK, "tenor_years": 4, "sweep": 1}
    rows = stacked(long, [100, 100, 0, 0, 0], [0, 26, 30.4 * 0.8 + 36.375 + 30, 0, 0], 2.0)
    # before completion: 26 of 104 prepays a quarter; then the call joins: 33 + 40 and 45 + 50
    assert rows["balance_policy"][:2] == pytest.approx([40, 73])
    assert rows["balance_commercial"][:2] == pytest.approx([50, 95])
    interest, level = [7.3, 19], [18.25, 23.75]
    over = 30.4 * 0.8 + 36.375 + 30 - sum(interest) - sum(level)
    rest = [73 - level[0], 95 - level[1]]
    paid = [x * over / sum(rest) for x in rest]
    assert rows["balance_policy"][2] == pytest.approx(rest[0] - paid[0])
    assert rows["balance_commercial"][2] == pytest.approx(rest[1] - paid[1])
    # the level stays as it was: the last step has less than one
    assert rows["balance_policy"][3] == pytest.approx(rest[0] - paid[0] - level[0])
    none, half = (stacked({**long, "sweep": x}, [100, 0, 0], [0, 300, 0], 1.0) for x in (0, 0.5))
    assert none["equity"][1] == pytest.approx(300 - 14 - 22.5) and none["prepaid"][1] == 0
    assert half["prepaid"][1] == pytest.approx(67.5) and half["equity"][1] == pytest.approx(263.5 - 67.5)
    half = stacked({**long, "sweep": 0.5}, [100, 0, 0], [0, 60, 0], 1.0)
    assert half["prepaid"][1] == half["equity"][1] == pytest.approx(23.5 / 2)


def test_stack__calls_after_completion_leave_the_level():
    clause = {**STACK, "tenor_years": 3}
    rows = stacked(clause, [90, 30, 0, 0, 60, 0], [0, 999, 999, 999, 999, 999], 1.0, rate=-1)
    # a level of 12, whatever joins: the last step has the rest; a call after it falls due in the next
    assert rows["balance_policy"] == pytest.approx([36, 0 + 12, 0, 0, 24, 0])
    clause["sweep"] = 0
    rows = stacked(clause, [90, 30, 0, 0, 60, 0], [0, 999, 999, 999, 999, 999], 1.0, rate=-1)
    assert rows["balance_policy"] == pytest.approx([36, 24 + 12, 24, 0, 24, 0])


def with_stack(study, clause):
    study["stack"] = clause
    return study


def test_stack__of_the_paper_study():
    study = with_stack(paper_study(), {**INSURED, "tenor_years": 1})
    study["stack"]["insurer"] = {"cover": 0.8, "wait_years": 1, "premium": 0.01, "capital": 39, "capacity": 88}
    sim, rows, q = play(study)
    by_hand = stacked(study["stack"], rows["calls"], rows["distribution_funder"], completion=3.0)
    assert rows["loan_balance"] == pytest.approx(by_hand["loan_balance"])
    assert rows["claims"] == pytest.approx(by_hand["claims"]) and rows["claims"].any()
    factors = 1.1 ** -np.arange(1, 8)
    assert q["npv_banks"] == pytest.approx((by_hand["banks"] * factors).sum())
    assert q["npv_policy_bank"] == pytest.approx((by_hand["policy_bank"] * factors).sum())
    assert q["insurer_claims"] == pytest.approx((by_hand["claims"] * factors).sum())
    assert q["insurer_net"] == pytest.approx((by_hand["insurer"] * factors).sum())
    assert q["npv_banks"] + q["npv_policy_bank"] + q["insurer_net"] == pytest.approx(q["npv_funder"])
    share = by_hand["unrepaid_policy"][-1] / 40
    assert q["policy_bank_loss"] == pytest.approx(20 * (1.1**-2 + 1.1**-3) * share) and 0 < share < 1
    assert sim.quantities["portfolio"]["bank_loss"][0] == pytest.approx(q["bank_loss"])
    least, most = by_hand["insurer"].cumsum().min(), by_hand["insured"].max()
    scheme = sim.quantities["scheme"]
    assert scheme["insurer_breach"][0] == (least < -39) and scheme["insurer_capacity_breach"][0] == (most > 88)
    assert sim.margins["insurer_breach"][0] == pytest.approx(abs(least + 39) / 39)
    assert sim.margins["insurer_capacity_breach"][0] == pytest.approx(abs(most - 88) / 88)
    without = play(paper_study())[2]
    assert {name: q[name] for name in without} == pytest.approx(without, nan_ok=True)


def test_stack__ends_with_a_cancellation_and_with_a_plant_that_is_given_up():
    study = with_stack(changed(operation={"tax": None, "abandon_after_years": 2}), {**STACK, "tenor_years": 20})
    yields(study, [5, 14, 40, 40])
    sim, rows, _ = play(study)  # closed at the end of step 4
    assert rows["closed"][3:].tolist() == [0, 1, 1, 1]
    assert sim.stacks["p"]["balance_policy"][3, 0] > 0 and not sim.stacks["p"]["balance_policy"][4:, 0].any()
    event = {"date": dt.date(2028, 7, 1), "outcomes": {"o": {"cancels": ["p"]}}, "probabilities": {"o": 1}}
    study = with_stack(changed(construction={"salvage": 0.4, "termination_fee": 0.1}), STACK)
    study["events"] = {"e": event}
    sim, rows, _ = play(study)
    stack = {name: row[:, 0] for name, row in sim.stacks["p"].items()}
    spent = 50 * 183 / 366
    assert rows["calls"][:3] == pytest.approx([0, spent + 10, 0])
    assert not stack["balance_commercial"].any() and stack["due_commercial"][1] == pytest.approx(0.5 * (spent + 10))
    assert stack["banks"][1] == pytest.approx(-0.5 * (spent + 10) + 5 / 9 * 0.1 * 0.4 * spent)  # tier two of salvage


def test_policy_share__splits_the_two_loans():
    K, Y = np.array([[100.0], [100], [0], [0], [0]]), np.array([[0.0], [0], [15.2], [30], [135.2]])
    never = np.zeros((5, 1), dtype=bool)
    common = (1, np.full((5, 1), 0.08), K, Y, np.array([2.0]), never)
    shares = {"policy_loan": {"share": 0.18, "margin": 0.02}, "commercial_loan": {"share": 0.72, "margin": 0.12}}
    drawn_rows = ref.run_stack(INSURED, *common, np.array([0.2]))  # a fifth of 0.9; equity keeps its tenth
    for name, row in ref.run_stack({**INSURED, **shares}, *common).items():
        assert row == pytest.approx(drawn_rows[name]), name
    assert drawn_rows["policy_bank"][:2, 0] == pytest.approx([-28, -28])
    assert drawn_rows["call_commercial"][:2, 0] == pytest.approx([72, 72])


@pytest.mark.parametrize("u", [1e-9, 0.2, 0.7, 1 - 1e-9])
def test_policy_share__one_draw_for_all_projects_and_nothing_lost(u):
    law = {"uniform": {"min": 0, "max": 1}}
    study = with_stack(two_more(paper_study()), {**INSURED, "tenor_years": 1, "policy_share": law})
    study["projects"]["p"]["split"] = {"spread": law}
    sim, _, _ = play(study, drawn(stack__policy_share=float(special.ndtri(u)), project__p__spread=0.5))
    for name, rows in sim.stacks.items():
        flows, q = sim.projects[name], sim.quantities[name]
        assert rows["call_policy"] == pytest.approx(0.9 * u * flows["calls"])
        assert rows["call_commercial"] == pytest.approx(0.9 * (1 - u) * flows["calls"])
        borne = rows["policy_bank"] + rows["banks"] + rows["insurer"]
        assert borne == pytest.approx(flows["distribution_funder"] - flows["calls"], abs=1e-9)
        assert q["npv_policy_bank"] + q["npv_banks"] + q["insurer_net"] == pytest.approx(q["npv_funder"])
    assert sim.stacks["p"]["claims"].any() and len(sim.stacks) == 3


BOOK = {"in_force": 1000, "loss_rate": {"normal": {"mean": 0.01, "sd": 0.02}}, "run_off_years": 4}


def book_study(m=2, **insurer):
    """Return the paper study with an insurer of nothing but its book."""
    study = with_stack(paper_study(), {**STACK, "insurer": {"cover": 0, "wait_years": 1, "book": BOOK, **insurer}})
    study["study"]["steps_per_year"] = m
    study["parties"]["funder"]["fx"] = "fx"
    study["factors"]["fx"] = {"process": {"deterministic": {"curve": 150}}}
    return study


RATES = drawn({("insurer/book", 0): 1.0, ("insurer/book", 1): -1.0})
"""3 % of what is in force is lost in the first year, 1 % gained in the second, 1 % lost in each later one."""


def test_book__years_by_hand():
    losses = [15, 13.125, -3.75, -3.125, 2.5, 1.875, 1.25, 0.625, 0, 0, 0, 0, 0, 0]
    most = 15 + 13.125
    for reserves, broken in ((most - 20 - 1e-6, 1), (most - 20 + 1e-6, 0)):
        sim, _, _ = play(book_study(capital=20, reserves=reserves), RATES)
        assert sim.quantities["scheme"]["insurer_breach"][0] == broken
    # what it gains in between is there for what comes
    assert np.cumsum(losses).max() == most and np.cumsum(losses)[-1] == pytest.approx(27.5)
    later = drawn({("insurer/book", 0): 1.0, ("insurer/book", 1): -1.0, ("insurer/book", 2): 4.0})
    total = most - 3.75 - 3.125 + 9 * (2.5 + 1.875) + 1.25 + 0.625
    for reserves, broken in ((total - 20 - 1e-6, 1), (total - 20 + 1e-6, 0)):
        sim, _, _ = play(book_study(capital=20, reserves=reserves), later)
        assert sim.quantities["scheme"]["insurer_breach"][0] == broken
    yearly = 30 - 7.5 + 5 + 2.5
    for reserves, broken in ((yearly - 20 - 1e-6, 1), (yearly - 20 + 1e-6, 0)):
        sim, _, _ = play(book_study(1, capital=20, reserves=reserves), RATES)
        assert sim.quantities["scheme"]["insurer_breach"][0] == broken


def test_book__counts_against_the_capital_alone():
    with_book, without = (
        play(with_stack(paper_study(), {**INSURED, "insurer": {**INSURED["insurer"], "capital": 50, **more}}), RATES)
        for more in ({"book": BOOK, "reserves": 1}, {})
    )
    assert with_book[2] == pytest.approx(without[2], nan_ok=True)
    both = [sim.quantities["scheme"] for sim, _, _ in (with_book, without)]
    assert set(both[0]) == set(both[1])
    # the insurer's own flows and the book's, added up step by step
    own = with_book[0].stacks["p"]["insurer"][:, 0]
    book = np.array([30, -7.5, 5, 2.5, 0, 0, 0])
    study = with_stack(paper_study(), {**INSURED, "insurer": {**INSURED["insurer"], "capital": 0, "book": BOOK}})
    least = -np.cumsum(own - book).min()
    assert least > -np.cumsum(own).min() > 0
    for reserves, broken in ((least - 1e-6, 1), (least + 1e-6, 0)):
        study["stack"]["insurer"]["reserves"] = reserves
        assert play(study, RATES)[0].quantities["scheme"]["insurer_breach"][0] == broken
