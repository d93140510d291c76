"""Distribution between funder and host (section 8 of the model page).

Index legend: s = project, t = step, l = lane. One tier function serves every reading: tier one pays the first share
of the cash until `DUE` is covered, the rest is shared by the second.
"""

from spvrisk.kernel.maths import L, fused
from spvrisk.kernel.rows import (
    ADJUSTED,
    AGE,
    AGE_END,
    AVAILABLE,
    CALL,
    CARRY,
    DEEMED,
    DUE,
    FUNDER,
    HOST,
    PAID,
    RECEIVED,
    TIER,
    WORK_END,
)
from spvrisk.plan.arrays import SPLIT_CUMULATIVE, SPLIT_NONE, SPLIT_PERIODIC


@fused
def open_row(g):
    """Row of what fell due and was not received: the carry, or the whole balance in the cumulative reading."""
    return DEEMED if g.mode == SPLIT_CUMULATIVE else CARRY


@fused
def share_lane(w, l, first, second):
    """Tier one T = min(A, due / s1); funder = s1 T + s2 (A - T).

    The product s1 T is written min(s1 A, due), so that full cover leaves exactly 0 due.
    """
    a, due = w[AVAILABLE + l], w[DUE + l]
    tier = min(first * a, due)
    funder = tier + second * max(a - due / first, 0.0)
    w[TIER + l] = tier
    w[FUNDER + l] = funder
    w[HOST + l] = a - funder


@fused
def tiers(w, first, second):
    """The two tiers with the same shares on all lanes."""
    for l in range(L):
        share_lane(w, l, first, second)


@fused
def test_shares(w, g, verdict, completion, overdue, paid, begin):
    """Whether the shares change: tested once, in the first step so many years after a completion, and kept.

    What rounding leaves open decides nothing.
    """
    after = g.adjust_years - 1e-9
    for l in range(L):
        due, found = begin - w[completion + l] >= after, 1.0 if w[overdue + l] > 1e-12 * w[paid + l] else 2.0
        w[verdict + l] = found if due and w[verdict + l] == 0.0 else w[verdict + l]


@fused
def adjusted_tiers(w, g):
    """The tiers with the shares that hold on each lane."""
    one, two, first_then, second_then = g.first_share, g.second_share, g.adjusted_first, g.adjusted_second
    for l in range(L):
        changed = w[ADJUSTED + l] == 1.0
        share_lane(w, l, first_then if changed else one, second_then if changed else two)


@fused
def fall_due_periodic(w, rate, spread, life):
    """Due = r B (operating part of the step) + straight-line principal + carry.

    B = P max(0, 1 - age / L) at the step's start.
    """
    per_year = 1.0 / life
    for l in range(L):
        r = max(w[rate + l] + spread, 0.0)
        paid, begin, end = w[PAID + l] * per_year, w[AGE + l], w[AGE_END + l]
        interest = r * paid * max(life - begin, 0.0) * (end - begin)
        principal = paid * (min(end, life) - min(begin, life))
        w[DUE + l] = interest + principal + w[CARRY + l]
        w[DEEMED + l] = paid * max(life - end, 0.0)


@fused
def carry_forward(w, rate, spread, bears_interest, dt):
    """What is due and not received is carried, with or without interest. Only tier one counts."""
    for l in range(L):
        received = w[TIER + l]
        growth = 1.0 + bears_interest * max(w[rate + l] + spread, 0.0) * dt
        w[RECEIVED + l] += received
        w[CARRY + l] = (w[DUE + l] - received) * growth


@fused
def accrue_before_completion(w, rate, spread, completion, begin, dt):
    """Interest on what was paid in before the step, for the part of the step before completion, joins the carry."""
    for l in range(L):
        part = min(max(w[completion + l] - begin, 0.0), dt)
        w[CARRY + l] += max(w[rate + l] + spread, 0.0) * (w[PAID + l] - w[CALL + l]) * part


@fused
def fall_due_cumulative(w, rate, spread, dt):
    """Cumulative reading: the whole balance with the step's interest is due."""
    for l in range(L):
        w[DUE + l] = w[DEEMED + l] * (1.0 + max(w[rate + l] + spread, 0.0) * dt)


@fused
def settle_cumulative(w):
    """All that the funder receives reduces the balance; the step's call joins it at the step's end."""
    for l in range(L):
        w[RECEIVED + l] += w[TIER + l]
        w[DEEMED + l] = max(w[DUE + l] - w[FUNDER + l], 0.0) + w[CALL + l]


@fused
def share_out(w, funder_share):
    """No deemed allocation: fixed shares."""
    for l in range(L):
        w[FUNDER + l] = funder_share * w[AVAILABLE + l]
        w[HOST + l] = w[AVAILABLE + l] - w[FUNDER + l]


@fused
def fall_due(w, g, p, rate):
    """What is due in a step, by the agreement's reading; nothing with fixed shares."""
    if g.mode == SPLIT_PERIODIC:
        fall_due_periodic(w, rate, p.spread, p.deemed_life)
    elif g.mode == SPLIT_CUMULATIVE:
        fall_due_cumulative(w, rate, p.spread, g.dt)


@fused
def distribute(w, g):
    """Share a step's available cash by the project's own terms."""
    if g.mode == SPLIT_NONE:
        share_out(w, g.funder_share)
    elif g.adjusts == 1:
        adjusted_tiers(w, g)
    else:
        tiers(w, g.first_share, g.second_share)


@fused
def settle(w, g, p, rate, begin):
    """What is open after the step."""
    if g.mode == SPLIT_PERIODIC:
        carry_forward(w, rate, p.spread, float(g.carry_bears_interest), g.dt)
        if g.interest_before_completion == 1:
            accrue_before_completion(w, rate, p.spread, WORK_END, begin, g.dt)
    elif g.mode == SPLIT_CUMULATIVE:
        settle_cumulative(w)
