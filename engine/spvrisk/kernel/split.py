"""Distribution between funder and host (section 8 of the model page).

Index legend: s = project, t = step, l = lane. One tier function serves every reading: tier one pays the first share
of the cash until `DUE` is covered, the rest is shared by the second.
"""

from spvrisk.kernel import rows as R
from spvrisk.kernel.maths import L, fused
from spvrisk.plan.arrays import SPLIT_CUMULATIVE, SPLIT_NONE, SPLIT_PERIODIC


@fused
def open_row(g):
    """Row of what fell due and was not received: the carry, or the whole balance in the cumulative reading."""
    return R.DEEMED if g.mode == SPLIT_CUMULATIVE else R.CARRY


@fused
def share_lane(w, l, first, second):
    """Tier one T = min(A, due / s1); funder = s1 T + s2 (A - T).

    The product s1 T is written min(s1 A, due), so that full cover leaves exactly 0 due.
    """
    a, due = w[R.AVAILABLE + l], w[R.DUE + l]
    tier = min(first * a, due)
    funder = tier + second * max(a - due / first, 0.0)
    w[R.TIER + l] = tier
    w[R.FUNDER + l] = funder
    w[R.HOST + l] = a - funder


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
        changed = w[R.ADJUSTED + l] == 1.0
        share_lane(w, l, first_then if changed else one, second_then if changed else two)


@fused
def fall_due_periodic(w, rate, spread, life):
    """Due = r B (operating part of the step) + straight-line principal + carry.

    B = P max(0, 1 - age / L) at the step's start.
    """
    per_year = 1.0 / life
    for l in range(L):
        r = max(w[rate + l] + spread, 0.0)
        paid, begin, end = w[R.PAID + l] * per_year, w[R.AGE + l], w[R.AGE_END + l]
        interest = r * paid * max(life - begin, 0.0) * (end - begin)
        principal = paid * (min(end, life) - min(begin, life))
        w[R.DUE + l] = interest + principal + w[R.CARRY + l]
        w[R.DEEMED + l] = paid * max(life - end, 0.0)


@fused
def carry_forward(w, rate, spread, bears_interest, dt):
    """What is due and not received is carried, with or without interest. Only tier one counts."""
    for l in range(L):
        received = w[R.TIER + l]
        growth = 1.0 + bears_interest * max(w[rate + l] + spread, 0.0) * dt
        w[R.RECEIVED + l] += received
        w[R.CARRY + l] = (w[R.DUE + l] - received) * growth


@fused
def accrue_before_completion(w, rate, spread, completion, begin, dt):
    """Interest on what was paid in before the step, for the part of the step before completion, joins the carry."""
    for l in range(L):
        part = min(max(w[completion + l] - begin, 0.0), dt)
        w[R.CARRY + l] += max(w[rate + l] + spread, 0.0) * (w[R.PAID + l] - w[R.CALL + l]) * part


@fused
def fall_due_cumulative(w, rate, spread, dt):
    """Cumulative reading: the whole balance with the step's interest is due."""
    for l in range(L):
        w[R.DUE + l] = w[R.DEEMED + l] * (1.0 + max(w[rate + l] + spread, 0.0) * dt)


@fused
def settle_cumulative(w):
    """All that the funder receives reduces the balance; the step's call joins it at the step's end."""
    for l in range(L):
        w[R.RECEIVED + l] += w[R.TIER + l]
        w[R.DEEMED + l] = max(w[R.DUE + l] - w[R.FUNDER + l], 0.0) + w[R.CALL + l]


@fused
def share_out(w, funder_share):
    """No deemed allocation: fixed shares."""
    for l in range(L):
        w[R.FUNDER + l] = funder_share * w[R.AVAILABLE + l]
        w[R.HOST + l] = w[R.AVAILABLE + l] - w[R.FUNDER + l]


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
            accrue_before_completion(w, rate, p.spread, R.WORK_END, begin, g.dt)
    elif g.mode == SPLIT_CUMULATIVE:
        settle_cumulative(w)
