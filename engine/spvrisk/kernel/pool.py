"""What couples projects in the split: pooling under an umbrella, and the catch-up after a decline (section 8).

Index legend: s = project, t = step, l = lane. A coupled block goes through all projects twice. The rehearsal leaves
their cash and calls, which no split changes; `share_together` splits them step by step, all projects of a step at once;
then each project runs for good and finds its part.
"""

import numpy as np
from numba import uint64

from spvrisk.kernel.factors import reference_rate
from spvrisk.kernel.maths import L, U, fused
from spvrisk.kernel.operation import age
from spvrisk.kernel.rows import (
    ADJUSTED,
    AVAILABLE,
    CALL,
    CARRY,
    COMPLETION,
    DEAL_DECLINED,
    DEAL_SIZE,
    DEEMED,
    DIVERTED,
    DUE,
    FUNDER,
    HOST,
    LIFE,
    PAID,
    PARTNER_ROWS,
    POOL_ADJUSTED,
    POOL_CASH,
    POOL_CAUGHT,
    POOL_COMPLETION,
    POOL_DUE,
    POOL_FUNDER,
    POOL_OPEN,
    POOL_PAID,
    PV_CAUGHT,
    SHARED_ROWS,
    START,
    TIER,
    WORK_END,
    fill,
)
from spvrisk.kernel.selection import deal_of
from spvrisk.kernel.split import distribute, fall_due, open_row, settle, test_shares


@fused
def partner_of(at, s):
    """First element of a project's rows in the region `partner`."""
    return at.partner + uint64(s) * PARTNER_ROWS * L


@fused
def shared_of(at, g, s, t):
    """First element of a project's rows of a step in the region `shared`."""
    return at.shared + (uint64(s) * uint64(g.steps) + t) * SHARED_ROWS * L


@fused
def copy(w, row, source):
    """Set a row to another."""
    for l in range(L):
        w[row + l] = w[source + l]


@fused
def keep_cash(w, at, g, s, t):
    """Rehearsal: keep a step's cash and call."""
    shared = shared_of(at, g, s, t)
    copy(w, shared, AVAILABLE)
    copy(w, shared + L, CALL)


@fused
def keep_partner(w, at, s):
    """Rehearsal: keep when a project starts, completes and ends; it comes with nothing paid in and nothing due."""
    partner = partner_of(at, s)
    copy(w, partner, START)
    copy(w, partner + L, COMPLETION)
    copy(w, partner + U(2) * L, LIFE)
    copy(w, partner + U(3) * L, WORK_END)


@fused
def recall_partner(w, at, g, s, t):
    """Fetch a project's state, and its cash and call of a step."""
    partner, shared = partner_of(at, s), shared_of(at, g, s, t)
    copy(w, COMPLETION, partner + L)
    copy(w, LIFE, partner + U(2) * L)
    copy(w, WORK_END, partner + U(3) * L)
    copy(w, PAID, partner + U(4) * L)
    copy(w, CARRY, partner + U(5) * L)
    copy(w, DEEMED, partner + U(6) * L)
    copy(w, ADJUSTED, partner + U(7) * L)
    copy(w, DUE, partner + U(8) * L)
    copy(w, AVAILABLE, shared)
    copy(w, CALL, shared + L)


@fused
def put_partner_back(w, at, s):
    """Keep a project's state."""
    partner = partner_of(at, s)
    copy(w, partner + U(4) * L, PAID)
    copy(w, partner + U(5) * L, CARRY)
    copy(w, partner + U(6) * L, DEEMED)
    copy(w, partner + U(7) * L, ADJUSTED)
    copy(w, partner + U(8) * L, DUE)


@fused
def begin_step(w, at):
    """Nothing is pooled yet in the step."""
    for row in (POOL_CASH, POOL_DUE, POOL_OPEN, POOL_PAID, POOL_FUNDER):
        fill(w, at.pool + row, 0.0)


@fused
def join(w, at, g, p, rate, s, t, begin, end):
    """Add a project's due amount and cash to the pool's."""
    recall_partner(w, at, g, s, t)
    overdue = open_row(g)
    for l in range(L):
        w[PAID + l] += w[CALL + l]
        w[at.pool + POOL_OPEN + l] += w[overdue + l]
        w[at.pool + POOL_PAID + l] += w[PAID + l]
    age(w, begin, end)
    if g.adjusts == 1 and g.pooled == 0:
        test_shares(w, g, ADJUSTED, COMPLETION, overdue, PAID, begin)
    fall_due(w, g, p, rate)
    for l in range(L):
        w[at.pool + POOL_CASH + l] += w[AVAILABLE + l]
        w[at.pool + POOL_DUE + l] += w[DUE + l]
    put_partner_back(w, at, s)


@fused
def test_pool(w, at, g, begin):
    """Whether the pool's shares change: tested once, some years after the pool's first completion."""
    pool = at.pool
    test_shares(w, g, pool + POOL_ADJUSTED, pool + POOL_COMPLETION, pool + POOL_OPEN, pool + POOL_PAID, begin)


@fused
def distribute_pool(w, at, g):
    """Tier one of the pool returns to projects pro rata to what is due, the rest pro rata to their cash."""
    one, two, first_then, second_then = g.first_share, g.second_share, g.adjusted_first, g.adjusted_second
    for l in range(L):
        changed = w[at.pool + POOL_ADJUSTED + l] == 1.0
        first, second = (first_then, second_then) if changed else (one, two)
        cash, due = w[at.pool + POOL_CASH + l], w[at.pool + POOL_DUE + l]
        tier = (1.0 if first * cash >= due else first * cash / due) * w[DUE + l]
        rest = max(cash - due / first, 0.0) * (w[AVAILABLE + l] / cash if cash > 0.0 else 0.0)
        w[TIER + l] = tier
        w[FUNDER + l] = tier + second * rest
        w[HOST + l] = (1.0 - first) * (tier / first) + (1.0 - second) * rest


@fused
def take_part(w, at, g, p, rate, s, t, begin, end):
    """A project's part of the step: by the pool's terms, or by its own; then its state after it."""
    recall_partner(w, at, g, s, t)
    age(w, begin, end)
    if g.pooled == 1:
        distribute_pool(w, at, g)
    else:
        distribute(w, g)
    settle(w, g, p, rate, begin)
    put_partner_back(w, at, s)
    shared = shared_of(at, g, s, t)
    copy(w, shared, FUNDER)
    copy(w, shared + L, TIER)
    copy(w, shared + U(3) * L, HOST)
    for l in range(L):
        w[at.pool + POOL_FUNDER + l] += w[FUNDER + l]


@fused
def forgo(w, at, c, g, projects, t, begin, end):
    """What a decline has cost the host by the step's end, or whether its years are running, into the row `DIVERTED`.

    Years run in whole steps, from the one after the decline.
    """
    fill(w, DIVERTED, 0.0)
    times, steps = uint64(g.times), g.catch_steps
    for s in range(projects.size):
        deal, budget = deal_of(at, s), projects[s].budget
        if steps < 0:
            for l in range(L):
                declined = w[deal + DEAL_DECLINED + l]
                w[DIVERTED + l] += budget * w[deal + DEAL_SIZE + l] if declined < end else 0.0
        else:
            over = c[times + t - uint64(steps)] if t >= uint64(steps) else -np.inf
            for l in range(L):
                declined = w[deal + DEAL_DECLINED + l]
                w[DIVERTED + l] += 1.0 if over <= declined and declined < begin else 0.0


@fused
def divert(w, at, g, projects, t):
    """The host catches up: a share of what all projects pay the funder, from each in proportion."""
    limited = g.catch_steps < 0
    for l in range(L):
        paid, left = w[at.pool + POOL_FUNDER + l], w[DIVERTED + l]
        wanted = g.catch_share * paid
        amount = min(wanted, max(left - w[at.pool + POOL_CAUGHT + l], 0.0)) if limited else wanted
        amount = amount if left > 0.0 and paid > 0.0 else 0.0
        w[at.pool + POOL_CAUGHT + l] += amount
        w[DIVERTED + l] = amount / paid if paid > 0.0 else 0.0
    for s in range(projects.size):
        shared = shared_of(at, g, s, t)
        for l in range(L):
            w[shared + U(2) * L + l] = w[DIVERTED + l] * w[shared + l]


@fused
def first_completion(w, at, projects):
    """Time of the pool's first completion; what was not funded has none."""
    fill(w, at.pool + POOL_COMPLETION, np.inf)
    for s in range(projects.size):
        partner = partner_of(at, s)
        for l in range(L):
            time = w[partner + L + l] if w[partner + l] < np.inf else np.inf
            w[at.pool + POOL_COMPLETION + l] = min(w[at.pool + POOL_COMPLETION + l], time)


@fused
def share_together(w, at, c, g, factors, projects):
    """Split the cash of all projects step by step."""
    first_completion(w, at, projects)
    for t in range(uint64(g.steps)):
        now = uint64(g.times) + t
        begin, end = c[now], c[now + U(1)]
        rate = reference_rate(w, at, factors, g.reference_factor, t)
        begin_step(w, at)
        for s in range(projects.size):
            join(w, at, g, projects[s], rate, s, t, begin, end)
        if g.adjusts == 1 and g.pooled == 1:
            test_pool(w, at, g, begin)
        for s in range(projects.size):
            take_part(w, at, g, projects[s], rate, s, t, begin, end)
        if g.catch_share > 0.0:
            forgo(w, at, c, g, projects, t, begin, end)
            divert(w, at, g, projects, t)


@fused
def recall_part(w, at, g, s, t):
    """Find what the funder and the host have of a step, before the catch-up."""
    shared = shared_of(at, g, s, t)
    copy(w, FUNDER, shared)
    copy(w, TIER, shared + L)
    copy(w, DIVERTED, shared + U(2) * L)
    copy(w, HOST, shared + U(3) * L)


@fused
def catch_up(w, discount):
    """What is diverted goes to the host; it counts as received by the funder all the same."""
    for l in range(L):
        w[FUNDER + l] -= w[DIVERTED + l]
        w[HOST + l] += w[DIVERTED + l]
        w[PV_CAUGHT + l] += discount * w[DIVERTED + l]


@fused
def begin_sharing(w, at):
    """No project has started, nothing is shared yet."""
    for i in range(at.partner, at.group_calls):
        w[i] = 0.0
    for partner in range(at.partner, at.shared, PARTNER_ROWS * L):
        fill(w, partner, np.inf)
