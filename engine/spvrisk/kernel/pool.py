"""What couples projects in the split: pooling under an umbrella, and the catch-up after a decline (section 8).

Index legend: s = project, t = step, l = lane. A coupled block goes through all projects twice. The rehearsal leaves
their cash and calls, which no split changes; `share_together` splits them step by step, all projects of a step at once;
then each project runs for good and finds its part.
"""

import numpy as np
from numba import uint64

from spvrisk.kernel import rows as R
from spvrisk.kernel.factors import reference_rate
from spvrisk.kernel.maths import L, fused, inline
from spvrisk.kernel.operation import age
from spvrisk.kernel.split import distribute, fall_due, open_row, settle, test_shares
from spvrisk.kernel.whole_rows import copy, fill, zero
from spvrisk.kernel.workspace import deal_of
from spvrisk.kernel.world import site_of, step_of


@fused
def partner_of(at, s):
    """First element of a project's rows in the region `partner`."""
    return at.partner.first + uint64(s) * R.PARTNER_ROWS * L


@fused
def shared_of(at, g, s, t):
    """First element of a project's rows of a step in the region `shared`."""
    return at.shared.first + (uint64(s) * uint64(g.steps) + t) * R.SHARED_ROWS * L


# ---- rehearsal


@fused
def begin_sharing(w, at):
    """No project has started, nothing is shared yet."""
    zero(w, at.partner)
    zero(w, at.shared)
    zero(w, at.pool)
    for partner in range(at.partner.first, at.partner.end, R.PARTNER_ROWS * L):
        fill(w, partner + R.PARTNER_START, np.inf)


@fused
def keep_cash(site, t):
    """Keep a step's cash and call."""
    w, shared = site.w, shared_of(site.at, site.g, site.s, t)
    copy(w, shared + R.SHARED_CASH, R.AVAILABLE)
    copy(w, shared + R.SHARED_CALL, R.CALL)


@fused
def keep_partner(w, at, s):
    """Keep when a project starts, completes and ends; it comes with nothing paid in and nothing due."""
    partner = partner_of(at, s)
    copy(w, partner + R.PARTNER_START, R.START)
    copy(w, partner + R.PARTNER_COMPLETION, R.COMPLETION)
    copy(w, partner + R.PARTNER_LIFE, R.LIFE)
    copy(w, partner + R.PARTNER_WORK_END, R.WORK_END)


# ---- all projects together


@fused
def recall_partner(site, t):
    """Fetch a project's state, and its cash and call of a step."""
    w, partner, shared = site.w, partner_of(site.at, site.s), shared_of(site.at, site.g, site.s, t)
    copy(w, R.COMPLETION, partner + R.PARTNER_COMPLETION)
    copy(w, R.LIFE, partner + R.PARTNER_LIFE)
    copy(w, R.WORK_END, partner + R.PARTNER_WORK_END)
    copy(w, R.PAID, partner + R.PARTNER_PAID)
    copy(w, R.CARRY, partner + R.PARTNER_CARRY)
    copy(w, R.DEEMED, partner + R.PARTNER_DEEMED)
    copy(w, R.ADJUSTED, partner + R.PARTNER_ADJUSTED)
    copy(w, R.DUE, partner + R.PARTNER_DUE)
    copy(w, R.AVAILABLE, shared + R.SHARED_CASH)
    copy(w, R.CALL, shared + R.SHARED_CALL)


@fused
def put_partner_back(w, at, s):
    """Keep a project's state."""
    partner = partner_of(at, s)
    copy(w, partner + R.PARTNER_PAID, R.PAID)
    copy(w, partner + R.PARTNER_CARRY, R.CARRY)
    copy(w, partner + R.PARTNER_DEEMED, R.DEEMED)
    copy(w, partner + R.PARTNER_ADJUSTED, R.ADJUSTED)
    copy(w, partner + R.PARTNER_DUE, R.DUE)


@fused
def begin_step(w, at):
    """Nothing is pooled yet in the step."""
    for row in (R.POOL_CASH, R.POOL_DUE, R.POOL_OPEN, R.POOL_PAID, R.POOL_FUNDER):
        fill(w, at.pool.first + row, 0.0)


@fused
def join(site, step, rate):
    """Add a project's due amount and cash to the pool's."""
    w, g, pool = site.w, site.g, site.at.pool.first
    recall_partner(site, step.t)
    overdue = open_row(g)
    for l in range(L):
        w[R.PAID + l] += w[R.CALL + l]
        w[pool + R.POOL_OPEN + l] += w[overdue + l]
        w[pool + R.POOL_PAID + l] += w[R.PAID + l]
    age(w, step.begin, step.end)
    if g.adjusts == 1 and g.pooled == 0:
        test_shares(w, g, R.ADJUSTED, R.COMPLETION, overdue, R.PAID, step.begin)
    fall_due(w, g, site.p, rate)
    for l in range(L):
        w[pool + R.POOL_CASH + l] += w[R.AVAILABLE + l]
        w[pool + R.POOL_DUE + l] += w[R.DUE + l]
    put_partner_back(w, site.at, site.s)


@fused
def test_pool(w, at, g, begin):
    """Whether the pool's shares change: tested once, some years after the pool's first completion."""
    pool = at.pool.first
    completion, overdue, paid = pool + R.POOL_COMPLETION, pool + R.POOL_OPEN, pool + R.POOL_PAID
    test_shares(w, g, pool + R.POOL_ADJUSTED, completion, overdue, paid, begin)


@fused
def distribute_pool(w, at, g):
    """Tier one of the pool returns to projects pro rata to what is due, the rest pro rata to their cash."""
    one, two, first_then, second_then = g.first_share, g.second_share, g.adjusted_first, g.adjusted_second
    pool = at.pool.first
    for l in range(L):
        changed = w[pool + R.POOL_ADJUSTED + l] == 1.0
        first, second = (first_then, second_then) if changed else (one, two)
        cash, due = w[pool + R.POOL_CASH + l], w[pool + R.POOL_DUE + l]
        tier = (1.0 if first * cash >= due else first * cash / due) * w[R.DUE + l]
        rest = max(cash - due / first, 0.0) * (w[R.AVAILABLE + l] / cash if cash > 0.0 else 0.0)
        w[R.TIER + l] = tier
        w[R.FUNDER + l] = tier + second * rest
        w[R.HOST + l] = (1.0 - first) * (tier / first) + (1.0 - second) * rest


@fused
def take_part(site, step, rate):
    """A project's part of the step: by the pool's terms, or by its own; then its state after it."""
    w, at, g = site.w, site.at, site.g
    recall_partner(site, step.t)
    age(w, step.begin, step.end)
    if g.pooled == 1:
        distribute_pool(w, at, g)
    else:
        distribute(w, g)
    settle(w, g, site.p, rate, step.begin)
    put_partner_back(w, at, site.s)
    shared = shared_of(at, g, site.s, step.t)
    copy(w, shared + R.SHARED_FUNDER, R.FUNDER)
    copy(w, shared + R.SHARED_TIER, R.TIER)
    copy(w, shared + R.SHARED_HOST, R.HOST)
    for l in range(L):
        w[at.pool.first + R.POOL_FUNDER + l] += w[R.FUNDER + l]


@fused
def forgo(block, step):
    """What a decline has cost the host by the step's end, or whether its years are running, into the row `FORGONE`.

    Years run in whole steps, from the one after the decline.
    """
    w, c, g, projects = block.w, block.c, block.g, block.plan.projects
    fill(w, R.FORGONE, 0.0)
    times, steps, t = uint64(g.times), g.catch_steps, step.t
    for s in range(projects.size):
        deal, budget = deal_of(block.at, s), projects[s].budget
        if steps < 0:
            for l in range(L):
                declined = w[deal + R.DEAL_DECLINED + l]
                w[R.FORGONE + l] += budget * w[deal + R.DEAL_SIZE + l] if declined < step.end else 0.0
        else:
            over = c[times + t - uint64(steps)] if t >= uint64(steps) else -np.inf
            for l in range(L):
                declined = w[deal + R.DEAL_DECLINED + l]
                w[R.FORGONE + l] += 1.0 if over <= declined and declined < step.begin else 0.0


@fused
def divert(block, t):
    """The host catches up: a share of what all projects pay the funder, from each in proportion."""
    w, at, g = block.w, block.at, block.g
    limited, pool = g.catch_steps < 0, at.pool.first
    for l in range(L):
        paid, left = w[pool + R.POOL_FUNDER + l], w[R.FORGONE + l]
        wanted = g.catch_share * paid
        amount = min(wanted, max(left - w[pool + R.POOL_CAUGHT + l], 0.0)) if limited else wanted
        amount = amount if left > 0.0 and paid > 0.0 else 0.0
        w[pool + R.POOL_CAUGHT + l] += amount
        w[R.DIVERTED + l] = amount / paid if paid > 0.0 else 0.0
    for s in range(block.plan.projects.size):
        shared = shared_of(at, g, s, t)
        for l in range(L):
            w[shared + R.SHARED_DIVERTED + l] = w[R.DIVERTED + l] * w[shared + R.SHARED_FUNDER + l]


@fused
def first_completion(w, at, projects):
    """Time of the pool's first completion; what was not funded has none."""
    first = at.pool.first + R.POOL_COMPLETION
    fill(w, first, np.inf)
    for s in range(projects.size):
        partner = partner_of(at, s)
        for l in range(L):
            time = w[partner + R.PARTNER_COMPLETION + l] if w[partner + R.PARTNER_START + l] < np.inf else np.inf
            w[first + l] = min(w[first + l], time)


@inline
def share_together(block):
    """Split the cash of all projects step by step."""
    w, at, g, projects, factors = block.w, block.at, block.g, block.plan.projects, block.plan.factors
    first_completion(w, at, projects)
    for t in range(uint64(g.steps)):
        step = step_of(at, block.c, g, factors, t)
        rate = reference_rate(w, at, factors, g.reference_factor, t)
        begin_step(w, at)
        for s in range(projects.size):
            join(site_of(block, s), step, rate)
        if g.adjusts == 1 and g.pooled == 1:
            test_pool(w, at, g, step.begin)
        for s in range(projects.size):
            take_part(site_of(block, s), step, rate)
        if g.catch_share > 0.0:
            forgo(block, step)
            divert(block, t)


# ---- each project by itself


@fused
def recall_part(site, t):
    """Find what the funder and the host have of a step, before the catch-up."""
    w, shared = site.w, shared_of(site.at, site.g, site.s, t)
    copy(w, R.FUNDER, shared + R.SHARED_FUNDER)
    copy(w, R.TIER, shared + R.SHARED_TIER)
    copy(w, R.DIVERTED, shared + R.SHARED_DIVERTED)
    copy(w, R.HOST, shared + R.SHARED_HOST)


@fused
def catch_up(w, discount):
    """What is diverted goes to the host; it counts as received by the funder all the same."""
    for l in range(L):
        w[R.FUNDER + l] -= w[R.DIVERTED + l]
        w[R.HOST + l] += w[R.DIVERTED + l]
        w[R.OUT.caught_up + l] += discount * w[R.DIVERTED + l]
