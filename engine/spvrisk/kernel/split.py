"""Distribution between funder and host (section 8 of the model page).

Index legend: s = project, t = step, l = lane. One tier function serves every reading: tier one pays the first share
of the cash until `DUE` is covered, the rest is shared by the second.
"""

from spvrisk.kernel.maths import L, fused
from spvrisk.kernel.rows import AGE, AGE_END, AVAILABLE, CALL, CARRY, DEEMED, DUE, FUNDER, HOST, PAID, RECEIVED


@fused
def tiers(w, first, second):
    """Tier one T = min(A, due / s1); funder = s1 T + s2 (A - T).

    The product s1 T is written min(s1 A, due), so that full cover leaves exactly 0 due.
    """
    for l in range(L):
        a, due = w[AVAILABLE + l], w[DUE + l]
        funder = min(first * a, due) + second * max(a - due / first, 0.0)
        w[FUNDER + l] = funder
        w[HOST + l] = a - funder


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
    """What is due and not received is carried, with or without interest.

    Only tier one counts, which is min(funder, due).
    """
    for l in range(L):
        received = min(w[FUNDER + l], w[DUE + l])
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
        w[RECEIVED + l] += min(w[FUNDER + l], w[DUE + l])
        w[DEEMED + l] = max(w[DUE + l] - w[FUNDER + l], 0.0) + w[CALL + l]


@fused
def share_out(w, funder_share):
    """No deemed allocation: fixed shares."""
    for l in range(L):
        w[FUNDER + l] = funder_share * w[AVAILABLE + l]
        w[HOST + l] = w[AVAILABLE + l] - w[FUNDER + l]
