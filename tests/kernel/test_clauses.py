"""Clauses on plain numbers, worked out by hand: no kernel is compiled for it."""

import math
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from interpreted import Records, fma, load
from spvrisk.kernel.stack import BUILDING, ENDED, REPAYING

KERNEL = load()
SPLIT, STACK, OPERATION, CONSTRUCTION, BOOKING, DEBT, POOL = (
    KERNEL[name] for name in ("split", "stack", "operation", "construction", "booking", "debt", "pool")
)
Loan, Due, Insured = STACK["Loan"], STACK["Due"], STACK["Insured"]


def near(*numbers):
    return pytest.approx(numbers, rel=1e-14, abs=1e-14)


def test_tiers__half_until_what_is_due_is_paid_then_a_tenth():
    """Cash 10, due 2: tier one is 4, half of it the funder's; of the other 6 the funder has a tenth."""
    assert SPLIT["tiers"](10.0, 2.0, 0.5, 0.1) == near(2.0, 2.6, 7.4)
    assert SPLIT["tiers"](3.0, 2.0, 0.5, 0.1) == near(1.5, 1.5, 1.5)
    assert SPLIT["tiers"](0.0, 2.0, 0.5, 0.1) == near(0.0, 0.0, 0.0)


def test_due_periodic__interest_on_the_balance_and_level_principal():
    """100 over 20 years, in the third year at 5 %: 90 open, 4.5 interest, 5 principal, 1 carried; 85 open after it."""
    assert SPLIT["due_periodic"](100.0, 2.0, 3.0, 1.0, 0.05, 20.0) == near(10.5, 85.0)
    assert SPLIT["due_periodic"](100.0, 20.0, 21.0, 1.0, 0.05, 20.0) == near(1.0, 0.0)


def test_carried__with_interest_or_without():
    assert SPLIT["carried"](10.0, 4.0, 0.05, 1.0, 0.25) == 6.0 * 1.0125
    assert SPLIT["carried"](10.0, 4.0, 0.05, 0.0, 0.25) == 6.0


def test_tested__once_and_kept():
    assert [SPLIT["tested"](verdict, True, 1.0, 10.0) for verdict in (0.0, 1.0, 2.0)] == [1.0, 1.0, 2.0]
    assert SPLIT["tested"](0.0, True, 1e-13, 10.0) == 2.0  # rounding
    assert SPLIT["tested"](0.0, False, 1.0, 10.0) == 0.0


def test_stage_of__an_end_comes_first():
    assert STACK["stage_of"](math.inf, False, 2.0, 1.0, 1.25) == BUILDING
    assert STACK["stage_of"](math.inf, False, 2.0, 2.0, 2.25) == REPAYING
    assert STACK["stage_of"](1.1, False, math.inf, 1.0, 1.25) == STACK["stage_of"](math.inf, True, 1, 5, 6) == ENDED


def test_fall_due__by_stage():
    """A loan of 80 at 1 % a step: interest joins it, then is due with a twentieth; at an end all of it is due."""
    loan = Loan(80.0, 10.0, 100.0, 0.0)
    building = STACK["fall_due"](loan, 0.01, BUILDING, 5.0, 0.0, 20.0)
    assert building[0] == near(80.8, 10.1, 100.0, 0.0) and building[1] == near(0.0, 0.0)
    first = STACK["fall_due"](loan, 0.01, REPAYING, 5.0, 0.0, 20.0)
    assert first[0] == near(80.0, 10.1, 100.0, 4.0) and first[1] == near(0.8, 4.0)
    last = STACK["fall_due"](loan._replace(level=4.0), 0.01, REPAYING, 5.0, 19.0, 20.0)
    assert last[1] == near(0.8, 80.0)
    ended = STACK["fall_due"](loan, 0.01, ENDED, 5.0, 3.0, 20.0)
    assert ended[0] == near(85.0, 10.1, 105.0, 0.0) and ended[1] == near(0.8, 85.0)


def test_pay__each_rank_pro_rata():
    """20 for interest of 6 + 4 and arrears of 8 + 12, half of each: the loans' principal gets nothing."""
    policy, banks = Loan(60.0, 8.0, 70.0, 3.0), Loan(40.0, 12.0, 50.0, 2.0)
    nothing = Insured(0.0, 0.0, 30.0, 5.0, 0.0)
    policy, banks, insured, flows = STACK["pay"](20.0, policy, Due(6.0, 3.0), banks, Due(4.0, 2.0), nothing, 0.5)
    assert flows == near(6.0 + 4.0, 4.0 + 6.0, 0.0, 0.0)
    assert policy == near(57.0, 4.0 + 3.0, 70.0 * (1 - 4.0 / 68.0), 3.0)
    assert banks == near(38.0, 6.0 + 2.0, 50.0 * (1 - 6.0 / 52.0), 2.0)
    assert insured == near(0.0, 0.0, 30.0, 5.0 + 4.0 + 6.0, 0.0)


def test_pay__what_is_left_sweeps_and_goes_to_equity():
    policy, banks = Loan(60.0, 0.0, 60.0, 3.0), Loan(40.0, 0.0, 40.0, 2.0)
    none = Insured(0.0, 0.0, 0.0, 0.0, 0.0)
    policy, banks, _, flows = STACK["pay"](33.0, policy, Due(6.0, 3.0), banks, Due(4.0, 2.0), none, 0.5)
    # 18 are left of 33; half of them prepay 95, 3/5 of it the policy bank's loan
    assert flows == near(9.0 + 9.0 * 57.0 / 95.0, 6.0 + 9.0 * 38.0 / 95.0, 9.0, 0.0)
    assert (policy.balance, banks.balance) == near(57.0 - 9.0 * 57.0 / 95.0, 38.0 - 9.0 * 38.0 / 95.0)


def test_claim__what_has_waited_long_enough_first_in_first_out():
    """20 had fallen due by then, 12 were met and 3 claimed: 5 are claimed, and covered by nine tenths."""
    banks, insured = Loan(50.0, 9.0, 60.0, 2.0), Insured(1.0, 2.0, 30.0, 12.0, 3.0)
    banks, insured, paid = STACK["claim"](banks, insured, 20.0, 0.9)
    assert paid == 4.5 and banks.arrears == 4.0 and banks.open == pytest.approx(60.0 * (1 - 4.5 / 60.0))
    assert insured == near(1.5, 6.5, 30.0, 12.0, 8.0)


def test_credited__the_part_of_a_step_before_the_credit_ends():
    """Until a fifth of a quarter is over; all of it before that; nothing after it, nor of a step that has no time."""
    assert OPERATION["credited"](4.0, 4.25, 4.05) == pytest.approx(0.2, rel=1e-12)
    assert [OPERATION["credited"](4.0, 4.25, until) for until in (4.25, 9.0, 4.0, 1.0)] == [1.0, 1.0, 0.0, 0.0]
    assert OPERATION["credited"](4.25, 4.25, 4.05) == 0.0


def test_taxed__losses_carried_forward():
    """Income 10 with losses of 20 before it: 80 % of it is offset, 2 are taxed."""
    assert OPERATION["taxed"](10.0, 20.0, 0.21, 0.8) == near(0.42, 12.0)
    assert OPERATION["taxed"](-10.0, 20.0, 0.21, 0.8) == near(0.0, 30.0)
    assert OPERATION["taxed"](10.0, 20.0, 0.21, 0.0) == near(2.1, 20.0)


def test_dispatched__only_where_the_price_is_above_cost():
    sales = OPERATION["Sales"](100.0, 50.0, 20.0)
    assert OPERATION["dispatched"](sales, 40.0, 30.0, 0.9) == (100.0, 50.0, 20.0)
    assert OPERATION["dispatched"](sales, 31.0, 30.0, 0.9) == (80.0, 50.0, 0.0)  # at a discount it is not
    assert OPERATION["dispatched"](sales, 29.0, 30.0, 0.9) == (50.0, 50.0, 0.0)


def test_paid_from__as_far_as_there_is_cash():
    assert OPERATION["paid_from"](10.0, 4.0) == (4.0, 0.0, 6.0)
    assert OPERATION["paid_from"](3.0, 4.0) == (3.0, 1.0, 0.0)


def test_funder_part__all_up_to_the_cap_then_a_share():
    assert [CONSTRUCTION["funder_part"](cost, 100.0, 150.0, 0.4) for cost in (80, 120, 200)] == [80, 108, 120]


def test_interest_of__on_what_has_not_fallen_due():
    assert DEBT["interest_of"](100.0, 5.0, 0.06, 2.5, 2.75, 10.0) == pytest.approx(0.06 * (75.0 + 5.0) * 0.25)


def test_payback__at_the_earliest_in_the_step_after_the_first_call():
    assert BOOKING["payback_of"](math.inf, 2.0, 10.0, 10.0, 6.0, 0.25) == 1.0
    assert BOOKING["payback_of"](math.inf, 6.0, 10.0, 10.0, 6.0, 0.25) == math.inf
    assert BOOKING["payback_of"](1.0, 2.0, 10.0, 20.0, 9.0, 0.25) == 1.0


def test_diverted__up_to_what_was_forgone():
    assert POOL["diverted"](100.0, 30.0, 25.0, 0.2, True) == 5.0
    assert POOL["diverted"](100.0, 30.0, 25.0, 0.2, False) == 20.0
    assert POOL["diverted"](100.0, 0.0, 0.0, 0.2, False) == 0.0


def test_fma__is_rounded_once():
    """Against exact fractions, also where product and third nearly cancel."""
    rng = np.random.default_rng(3)
    for _ in range(2000):
        a, b = (float(x) for x in rng.standard_normal(2) * 10.0 ** rng.integers(-9, 9, 2))
        for c in (float(rng.standard_normal()), -a * b, -a * b * (1.0 + 2.0**-50)):
            assert fma(a, b, c) == float(Fraction(a) * Fraction(b) + Fraction(c))
    assert fma(2.0, 0.0, 3.0) == 3.0 and fma(math.inf, 1.0, 1.0) == math.inf and math.isnan(fma(math.nan, 1.0, 1.0))


@pytest.mark.parametrize("n", range(10))
def test_correlate__rows_in_fours_and_the_rest(n):
    """Any number of rows, whose factors come in any order among others: the Cholesky factor times the scores."""
    rng, lanes = np.random.default_rng(n), 8
    root, rows = np.tril(rng.standard_normal((n, n))), rng.permutation(n + 3)[:n].tolist()
    scores = rng.standard_normal((n + 3, lanes))
    w = [math.nan] * lanes + scores.ravel().tolist()
    plan = SimpleNamespace(rows=Records(rows))
    block = SimpleNamespace(w=w, c=[math.nan, *root.ravel().tolist()], g=SimpleNamespace(cholesky=1), plan=plan)
    KERNEL["factors"]["correlate"](block, lanes)
    expected = scores.copy()
    expected[rows] = root @ scores[rows]
    assert np.reshape(w[lanes:], scores.shape) == pytest.approx(expected, rel=1e-13, abs=1e-13)
