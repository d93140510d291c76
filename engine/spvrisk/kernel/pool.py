"""What couples projects in the split: pooling under an umbrella, and the catch-up after a decline (section 8).

Index legend: s = project, t = step, l = lane. A coupled block goes through all projects twice. The rehearsal leaves
their cash and calls, which no split changes; `share_together` splits them step by step, all projects of a step at once;
then each project runs for good and finds its part.
"""

import numpy as np
from numba import uint64

from spvrisk.kernel import rows as R
from spvrisk.kernel.factors import reference_rate
from spvrisk.kernel.maths import L, U, fused, inline
from spvrisk.kernel.operation import age
from spvrisk.kernel.simd import WIDE, larger, load, smaller, store, where
from spvrisk.kernel.split import CHANGED, distribute, fall_due, open_row, settle, test_shares
from spvrisk.kernel.whole_rows import add, add_to, copy, fill, zero
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
    copy(w, partner + R.PARTNER_SPREAD, R.SPREAD)


# ---- all projects together


@fused
def recall_partner(site, t):
    """Fetch a project's state, and its cash and call of a step."""
    w, partner, shared = site.w, partner_of(site.at, site.s), shared_of(site.at, site.g, site.s, t)
    copy(w, R.COMPLETION, partner + R.PARTNER_COMPLETION)
    copy(w, R.LIFE, partner + R.PARTNER_LIFE)
    copy(w, R.WORK_END, partner + R.PARTNER_WORK_END)
    copy(w, R.SPREAD, partner + R.PARTNER_SPREAD)
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
def queue_up(w, at, g, s, t):
    """A project's call of a step joins those that wait."""
    partner, shared, pool = partner_of(at, s), shared_of(at, g, s, t), at.pool.first
    for l in range(U(0), L, U(WIDE)):
        waiting = load(w, partner + R.PARTNER_QUEUE + l) + load(w, shared + R.SHARED_CALL + l)
        store(w, partner + R.PARTNER_QUEUE + l, waiting)
        add_to(w, pool + R.POOL_QUEUE + l, waiting)


@fused
def pay_queue(w, at, g, s, t):
    """A project's part of what is paid: in proportion to what waits."""
    partner, shared, pool = partner_of(at, s), shared_of(at, g, s, t), at.pool.first
    for l in range(U(0), L, U(WIDE)):
        waiting = load(w, partner + R.PARTNER_QUEUE + l)
        paid = load(w, pool + R.POOL_PART + l) * waiting
        store(w, partner + R.PARTNER_QUEUE + l, waiting - paid)
        store(w, shared + R.SHARED_CALL + l, paid)
        store(w, shared + R.SHARED_PAID + l, paid)


@fused
def cap_calls(block, t):
    """Pay of all calls, those that wait included, what the cap of the calendar year leaves room for."""
    w, at, c, g, n = block.w, block.at, block.c, block.g, block.plan.projects.size
    pool = at.pool.first
    fill(w, pool + R.POOL_QUEUE, 0.0)
    if c[uint64(g.call_years) + t] > 0.0:
        fill(w, pool + R.POOL_YEAR, 0.0)
    for s in range(n):
        queue_up(w, at, g, s, t)
    for l in range(U(0), L, U(WIDE)):
        waiting, year = load(w, pool + R.POOL_QUEUE + l), load(w, pool + R.POOL_YEAR + l)
        paid = smaller(waiting, larger(g.call_cap - year, 0.0))
        store(w, pool + R.POOL_YEAR + l, year + paid)
        store(w, pool + R.POOL_PART + l, where(waiting > 0.0, paid / waiting, 0.0))
    for s in range(n):
        pay_queue(w, at, g, s, t)


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
    for l in range(U(0), L, U(WIDE)):
        paid = load(w, R.PAID + l) + load(w, R.CALL + l)
        store(w, R.PAID + l, paid)
        add_to(w, pool + R.POOL_OPEN + l, load(w, overdue + l))
        add_to(w, pool + R.POOL_PAID + l, paid)
    age(w, step.begin, step.end)
    if g.adjusts == 1 and g.pooled == 0:
        test_shares(w, g, R.ADJUSTED, R.COMPLETION, overdue, R.PAID, step.begin)
    fall_due(w, g, site.p, rate)
    add(w, pool + R.POOL_CASH, R.AVAILABLE)
    add(w, pool + R.POOL_DUE, R.DUE)
    put_partner_back(w, site.at, site.s)


@fused
def test_pool(w, at, g, begin):
    """Whether the pool's shares change: tested once, some years after the pool's first completion."""
    pool = at.pool.first
    completion, overdue, paid = pool + R.POOL_COMPLETION, pool + R.POOL_OPEN, pool + R.POOL_PAID
    test_shares(w, g, pool + R.POOL_ADJUSTED, completion, overdue, paid, begin)


@fused
def pooled(cash, due, own_cash, own_due, first, second):
    """Tier one of the pool returns to projects pro rata to what is due, the rest pro rata to their cash.

    Returns a project's tier one, and the funder's and the host's part of its cash.
    """
    tier = where(first * cash >= due, 1.0, first * cash / due) * own_due
    rest = larger(cash - due / first, 0.0) * where(cash > 0.0, own_cash / cash, 0.0)
    return tier, tier + second * rest, (1.0 - first) * (tier / first) + (1.0 - second) * rest


@fused
def distribute_pool(w, at, g):
    """Share a project's cash by the pool's terms."""
    pool = at.pool.first
    for l in range(U(0), L, U(WIDE)):
        changed = load(w, pool + R.POOL_ADJUSTED + l) == CHANGED
        first = where(changed, g.adjusted_first, g.first_share)
        second = where(changed, g.adjusted_second, g.second_share)
        cash, due = load(w, pool + R.POOL_CASH + l), load(w, pool + R.POOL_DUE + l)
        own_cash, own_due = load(w, R.AVAILABLE + l), load(w, R.DUE + l)
        tier, funder, host = pooled(cash, due, own_cash, own_due, first, second)
        store(w, R.TIER + l, tier)
        store(w, R.FUNDER + l, funder)
        store(w, R.HOST + l, host)


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
    settle(w, g, rate, step.begin)
    put_partner_back(w, at, site.s)
    shared = shared_of(at, g, site.s, step.t)
    copy(w, shared + R.SHARED_FUNDER, R.FUNDER)
    copy(w, shared + R.SHARED_TIER, R.TIER)
    copy(w, shared + R.SHARED_HOST, R.HOST)
    add(w, at.pool.first + R.POOL_FUNDER, R.FUNDER)


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
        over = c[times + t - uint64(steps)] if steps >= 0 and t >= uint64(steps) else -np.inf
        for l in range(U(0), L, U(WIDE)):
            declined, size = load(w, deal + R.DEAL_DECLINED + l), load(w, deal + R.DEAL_SIZE + l)
            if steps < 0:
                add_to(w, R.FORGONE + l, where(declined < step.end, budget * size, 0.0))
            else:
                add_to(w, R.FORGONE + l, where((over <= declined) & (declined < step.begin), 1.0, 0.0))


@fused
def diverted(paid, forgone, caught, share, limited):
    """What the host catches up in a step: a share of what all projects pay the funder, up to what it has forgone."""
    wanted = share * paid
    amount = smaller(wanted, larger(forgone - caught, 0.0)) if limited else wanted
    return where((forgone > 0.0) & (paid > 0.0), amount, 0.0)


@fused
def divert(block, t):
    """The host catches up, from each project in proportion to what it pays the funder."""
    w, at, g, pool = block.w, block.at, block.g, block.at.pool.first
    for l in range(U(0), L, U(WIDE)):
        paid, caught = load(w, pool + R.POOL_FUNDER + l), load(w, pool + R.POOL_CAUGHT + l)
        amount = diverted(paid, load(w, R.FORGONE + l), caught, g.catch_share, g.catch_steps < 0)
        store(w, pool + R.POOL_CAUGHT + l, caught + amount)
        store(w, R.DIVERTED + l, where(paid > 0.0, amount / paid, 0.0))
    for s in range(block.plan.projects.size):
        shared = shared_of(at, g, s, t)
        for l in range(U(0), L, U(WIDE)):
            store(w, shared + R.SHARED_DIVERTED + l, load(w, R.DIVERTED + l) * load(w, shared + R.SHARED_FUNDER + l))


@fused
def first_completion(w, at, projects):
    """Time of the pool's first completion; what was not funded has none."""
    first = at.pool.first + R.POOL_COMPLETION
    fill(w, first, np.inf)
    for s in range(projects.size):
        partner = partner_of(at, s)
        for l in range(U(0), L, U(WIDE)):
            funded = load(w, partner + R.PARTNER_START + l) < np.inf
            time = where(funded, load(w, partner + R.PARTNER_COMPLETION + l), np.inf)
            store(w, first + l, smaller(load(w, first + l), time))


@inline
def share_together(block):
    """Split the cash of all projects step by step."""
    w, at, g, projects, factors = block.w, block.at, block.g, block.plan.projects, block.plan.factors
    first_completion(w, at, projects)
    for t in range(uint64(g.steps)):
        step = step_of(at, block.c, g, factors, t)
        rate = reference_rate(w, at, factors, g.reference_factor, t)
        begin_step(w, at)
        if g.call_cap < np.inf:
            cap_calls(block, t)
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
def recall_paid(site, t):
    """Find what is paid of the step's call and of those that waited; the host bridges the rest."""
    w, shared = site.w, shared_of(site.at, site.g, site.s, t)
    for l in range(U(0), L, U(WIDE)):
        paid, call = load(w, shared + R.SHARED_PAID + l), load(w, R.CALL + l)
        store(w, R.BRIDGED + l, call - paid)
        store(w, R.CALL + l, paid)
        add_to(w, R.OUTFLOW + l, paid - call)
        add_to(w, R.CALLED + l, paid - call)
        # added up as in the rehearsal, so that what was paid in full leaves exactly nothing due
        paid_in = load(w, R.PAID_IN + l) + paid
        store(w, R.PAID_IN + l, paid_in)
        store(w, R.PAID + l, paid_in)


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
    for l in range(U(0), L, U(WIDE)):
        amount = load(w, R.DIVERTED + l)
        add_to(w, R.FUNDER + l, -amount)
        add_to(w, R.HOST + l, amount)
        add_to(w, R.OUT.caught_up + l, discount * amount)
