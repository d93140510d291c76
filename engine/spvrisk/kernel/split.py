"""Distribution between funder and host (section 8 of the model page).

Clauses are functions of values, stages loops over the lanes (`kernel.simd`). One tier function serves every reading:
tier one pays the first share of the cash until what is due is covered, the rest is shared by the second.
Index legend: s = project, t = step, l = lane.
"""

from spvrisk.kernel import rows as R
from spvrisk.kernel.maths import L, U, fused
from spvrisk.kernel.simd import WIDE, larger, load, smaller, spread, store, where
from spvrisk.plan.arrays import SPLIT_CUMULATIVE, SPLIT_NONE, SPLIT_PERIODIC

UNTESTED, CHANGED, KEPT = 0.0, 1.0, 2.0
"""Whether the shares have been tested, and what came of it."""


@fused
def open_row(g):
    """Row of what is open, which shares are tested by: the carry, or in the cumulative reading the whole balance."""
    return R.DEEMED if g.mode == SPLIT_CUMULATIVE else R.CARRY


# ---- clauses


@fused
def tiers(cash, due, first, second):
    """Tier one T = min(A, due / s1); funder = s1 T + s2 (A - T). Returns s1 T, the funder's and the host's cash.

    The product s1 T is written min(s1 A, due), so that full cover leaves exactly 0 due.
    """
    tier = smaller(first * cash, due)
    funder = tier + second * larger(cash - due / first, 0.0)
    return tier, funder, cash - funder


@fused
def tested(verdict, late, overdue, paid):
    """Whether the shares change: tested once, and so for good. What is open for rounding alone counts as nothing."""
    found = where(overdue > 1e-12 * paid, CHANGED, KEPT)
    return where(late & (verdict == UNTESTED), found, verdict)


@fused
def due_periodic(paid, age, age_end, carry, rate, life):
    """Due = r B (operating part of the step) + straight-line principal + carry, and what is deemed open after it.

    B = P max(0, 1 - age / L) at the step's start falls by schedule, whatever is received; P was paid in by completion.
    """
    part = paid * (1.0 / life)
    interest = rate * part * larger(life - age, 0.0) * (age_end - age)
    principal = part * (smaller(age_end, life) - smaller(age, life))
    return interest + principal + carry, part * larger(life - age_end, 0.0)


@fused
def due_cumulative(balance, rate, dt):
    """Cumulative reading: the whole balance with the step's interest is due."""
    return balance * (1.0 + rate * dt)


@fused
def carried(due, received, rate, bears_interest, dt):
    """What is due and not received in tier one is carried, with or without interest: on what was carried before too."""
    return (due - received) * (1.0 + bears_interest * rate * dt)


@fused
def interest_before(paid_before, rate, completion, begin, dt):
    """Interest on what was paid in before the step, for the part of the step before completion."""
    return rate * paid_before * smaller(larger(completion - begin, 0.0), dt)


@fused
def balance_after(due, received, call):
    """What the funder receives reduces the balance, to 0 at the least; the step's call joins it at the step's end."""
    return larger(due - received, 0.0) + call


# ---- stages


@fused
def test_shares(w, g, verdict, completion, overdue, paid, begin):
    """Test the shares in the first step so many years after a completion."""
    after = g.adjust_years - 1e-9
    for l in range(U(0), L, U(WIDE)):
        late = begin - load(w, completion + l) >= after
        store(w, verdict + l, tested(load(w, verdict + l), late, load(w, overdue + l), load(w, paid + l)))


@fused
def rate_of(w, rate, l):
    """Interest on what is due: of the row `rate`, and the project's spread; never negative."""
    return larger(load(w, rate + l) + load(w, R.SPREAD + l), 0.0)


@fused
def fall_due(w, g, p, rate):
    """What is due in a step, by the agreement's reading; nothing with fixed shares."""
    for l in range(U(0), L, U(WIDE)):
        r = rate_of(w, rate, l)
        if g.mode == SPLIT_PERIODIC:
            age, age_end, carry = load(w, R.AGE + l), load(w, R.AGE_END + l), load(w, R.CARRY + l)
            due, deemed = due_periodic(load(w, R.PAID + l), age, age_end, carry, r, p.deemed_life)
            store(w, R.DUE + l, due)
            store(w, R.DEEMED + l, deemed)
        elif g.mode == SPLIT_CUMULATIVE:
            store(w, R.DUE + l, due_cumulative(load(w, R.DEEMED + l), r, g.dt))


@fused
def distribute(w, g):
    """Share a step's available cash by the project's own terms: in tiers, or in fixed shares."""
    for l in range(U(0), L, U(WIDE)):
        cash = load(w, R.AVAILABLE + l)
        if g.mode == SPLIT_NONE:
            funder = g.funder_share * cash
            host = cash - funder
        else:
            first, second = spread(g.first_share), spread(g.second_share)
            if g.adjusts == 1:
                changed = load(w, R.ADJUSTED + l) == CHANGED
                first, second = where(changed, g.adjusted_first, first), where(changed, g.adjusted_second, second)
            tier, funder, host = tiers(cash, load(w, R.DUE + l), first, second)
            store(w, R.TIER + l, tier)
        store(w, R.FUNDER + l, funder)
        store(w, R.HOST + l, host)


@fused
def settle(w, g, rate, begin):
    """What is open after the step."""
    for l in range(U(0), L, U(WIDE)):
        r, due, tier, call = rate_of(w, rate, l), load(w, R.DUE + l), load(w, R.TIER + l), load(w, R.CALL + l)
        if g.mode == SPLIT_PERIODIC:
            carry = carried(due, tier, r, float(g.carry_bears_interest), g.dt)
            if g.interest_before_completion == 1:
                carry += interest_before(load(w, R.PAID + l) - call, r, load(w, R.WORK_END + l), begin, g.dt)
            store(w, R.CARRY + l, carry)
        elif g.mode == SPLIT_CUMULATIVE:
            store(w, R.DEEMED + l, balance_after(due, load(w, R.FUNDER + l), call))
        if g.mode != SPLIT_NONE:
            store(w, R.RECEIVED + l, load(w, R.RECEIVED + l) + tier)
