"""Booking of a project's steps: present values, payback, flows of its group, timelines (section 10 of the model page).

Index legend: t = step, l = lane.
"""

from typing import NamedTuple

import numpy as np
from numba import uint64

from spvrisk.kernel import rows as R
from spvrisk.kernel.maths import L, U, fused
from spvrisk.kernel.simd import WIDE, larger, load, store, store_singles, where
from spvrisk.kernel.whole_rows import add_to, fill, zero
from spvrisk.kernel.workspace import PARTIALS, mean_row
from spvrisk.plan.outputs import STEP_OUTPUTS

(
    _CALLS,
    _SPEND,
    _REVENUE,
    _AVAILABLE_CASH,
    _DISTRIBUTION_FUNDER,
    _DISTRIBUTION_HOST,
    _DUE,
    _CARRY,
    _DEEMED_BALANCE,
    _LOAN_BALANCE,
    _CLAIMS,
) = (U(i) for i in range(len(STEP_OUTPUTS)))


class Side(NamedTuple):
    """Flows beside the projects' own: so much for each unit of something, under conditions of the world."""

    flows: int
    """Offset of a list: n, n pairs (rate, step mean of the condition or -1)."""
    base: np.uint64
    """Row of that something."""
    value: np.uint64
    """Row of their present value."""
    unit: float
    """Money for a rate of 1."""


# ---- timelines


@fused
def accumulate(w, row, sums, first, n):
    """Add a row to the 8 partial sums that begin at `first`; only the first `n` lanes are paths."""
    if n == L:
        total = load(sums, first)
        for l in range(U(0), L, U(WIDE)):
            total += load(w, row + l)
        store(sums, first, total)
    else:
        for l in range(n):
            sums[first + l % U(PARTIALS)] += w[row + l]


@fused
def add_row(w, line, i, row):
    """Add a row to row `i` of the timeline."""
    accumulate(w, row, line.sums, line.first + i * U(PARTIALS), line.n)


@fused
def add_means(w, at, g, sums, n):
    """Add the step means that the clock has left for the lanes to their sums over the paths."""
    steps = uint64(g.steps)
    for number in range(uint64(g.step_means)):
        for t in range(steps):
            accumulate(w, mean_row(at, g, number, t), sums, (number * steps + t) * U(PARTIALS), n)


@fused
def add_spending(w, line):
    """Add the funder's outflow and all spend to the timeline."""
    add_row(w, line, _CALLS, R.OUTFLOW)
    add_row(w, line, _SPEND, R.SPEND)


@fused
def add_income(w, line):
    """Add what is earned and distributed to the timeline."""
    add_row(w, line, _REVENUE, R.REVENUE)
    add_row(w, line, _AVAILABLE_CASH, R.AVAILABLE)
    add_row(w, line, _DISTRIBUTION_FUNDER, R.FUNDER)
    add_row(w, line, _DISTRIBUTION_HOST, R.HOST)


@fused
def add_loans(w, line):
    """Add what is owed to the lenders, and the insurer's payments, to the timeline."""
    add_row(w, line, _LOAN_BALANCE, R.LOANS)
    add_row(w, line, _CLAIMS, R.CLAIM)


@fused
def add_claims(w, line):
    """Add what is due, carried and open to the timeline."""
    add_row(w, line, _DUE, R.DUE)
    add_row(w, line, _CARRY, R.CARRY)
    add_row(w, line, _DEEMED_BALANCE, R.DEEMED)


# ---- a project


@fused
def begin_project(w):
    """State of a project before its first step; the two times are infinite until they are known."""
    zero(w, R.STATE)
    zero(w, R.OUT_ROWS)
    zero(w, R.STEP)
    zero(w, R.OPERATION)
    fill(w, R.FIRST_CALL, -1.0)
    fill(w, R.PAYBACK, np.inf)
    fill(w, R.WHOLE, np.inf)


@fused
def first_call_of(first, called, now):
    """Step of the first call: now, if there was none and there is one."""
    return where((first < 0.0) & (called > 0.0), now, first)


@fused
def payback_of(so_far, first, called, received, now, dt):
    """Years from the first call until what was received covers what was paid, at the earliest in the step after it."""
    back = (first >= 0.0) & (first < now) & (received >= called) & (so_far == np.inf)
    return where(back, (now - first) * dt, so_far)


@fused
def recovery_of(so_far, years, age_end, overdue, life):
    """Years from completion until nothing is overdue, at an age of at least `life`."""
    whole = (age_end >= life) & (years >= 0.0) & (overdue == 0.0) & (so_far == np.inf)
    return where(whole, years, so_far)


@fused
def book_flows(site, step, account, l, building, earning):
    """Present values, payback, the net flow for the rate of return, the flows of the project's group."""
    w, g, row, now = site.w, site.g, step.t * L + l, float(step.t)
    discount, discount_host = site.c[uint64(g.discount_funder) + step.t], site.c[uint64(g.discount_host) + step.t]
    outflow, funder = load(w, R.OUTFLOW + l), load(w, R.FUNDER + l)
    received, called, first = load(w, R.RECEIPTS + l) + funder, load(w, R.CALLED + l), load(w, R.FIRST_CALL + l)
    add_to(w, R.OUT.npv_funder + l, discount * (funder - outflow))
    add_to(
        w, R.OUT.pv_host + l, discount_host * (load(w, R.HOST + l) - load(w, R.HOST_COST + l) - load(w, R.BRIDGED + l))
    )
    store(w, R.RECEIPTS + l, received)
    store(w, site.at.net.first + row, funder - outflow)
    if building:
        add_to(w, account.calls.first + row, outflow)
        first = first_call_of(first, called, now)
        store(w, R.FIRST_CALL + l, first)
    if earning:
        add_to(w, account.receipts.first + row, funder)
        store(w, R.PAYBACK + l, payback_of(load(w, R.PAYBACK + l), first, called, received, now, g.dt))
        if site.p.fee_law >= 0:
            add_to(w, R.OUT.developer_fee + l, discount * load(w, R.FEE_PAID + l))


@fused
def book_side_flows(w, at, c, g, side, discount, t):
    """Side flows of a step; they themselves go into the scheme's."""
    flows = at.side.first + t * L
    for i in range(uint64(c[side.flows])):
        pair = uint64(side.flows) + U(1) + U(2) * i
        rate, condition = side.unit * c[pair], c[pair + U(1)]
        row = R.ONES if condition < 0.0 else mean_row(at, g, condition, t)
        for l in range(U(0), L, U(WIDE)):
            flow = rate * load(w, side.base + l) * load(w, row + l)
            add_to(w, side.value + l, discount * flow)
            add_to(w, flows + l, flow)


@fused
def book_recovery(w, overdue, life, end):
    """Keep when the deemed allocation has been paid back; the row `overdue` has what has not."""
    for l in range(U(0), L, U(WIDE)):
        years, age_end = end - load(w, R.COMPLETION + l), load(w, R.AGE_END + l)
        store(w, R.WHOLE + l, recovery_of(load(w, R.WHOLE + l), years, age_end, load(w, overdue + l), life))


@fused
def book_step(site, step, account, line, building, earning):
    """Book a step of a project: values, side flows, payback, its group or the portfolio, timeline."""
    w, at, c, g, p, t = site.w, site.at, site.c, site.g, site.p, step.t
    discount = c[uint64(g.discount_funder) + t]
    if building or earning:
        for l in range(U(0), L, U(WIDE)):
            book_flows(site, step, account, l, building, earning)
    if building:
        book_side_flows(w, at, c, g, Side(p.spend_flows, R.SPEND, R.OUT.vendor_margin, 1.0), discount, t)
        add_spending(w, line)
    if earning:
        side = Side(p.output_flows, R.OUTPUT, R.OUT.supply_chain_benefit, 1.0 / g.money_unit)
        book_side_flows(w, at, c, g, side, discount, t)
        add_income(w, line)
    if g.stack == 1:
        add_loans(w, line)
    add_claims(w, line)


# ---- a group of projects: a pipeline's, or all


@fused
def begin_sums(w, account):
    """No flows and no projects yet."""
    zero(w, account.calls)
    zero(w, account.receipts)
    zero(w, account.sums)
    fill(w, account.sums.first + R.LAST_WHOLE, -1.0)


@fused
def add_group(w, total, group):
    """Add a pipeline's sums and flows to the portfolio's."""
    for i in range(U(0), total.calls.end - total.calls.first, U(WIDE)):
        add_to(w, total.calls.first + i, load(w, group.calls.first + i))
        add_to(w, total.receipts.first + i, load(w, group.receipts.first + i))
    for i in range(R.SUMS_THAT_ADD.first, R.SUMS_THAT_ADD.end, U(WIDE)):
        add_to(w, total.sums.first + i, load(w, group.sums.first + i))
    last, latest = total.sums.first + R.LAST_WHOLE, group.sums.first + R.LAST_WHOLE
    for l in range(U(0), L, U(WIDE)):
        store(w, last + l, larger(load(w, last + l), load(w, latest + l)))


@fused
def keep_fans(w, calls, net, fans, t, column):
    """Keep the portfolio's flows of a step by path, rows in the order of `plan.outputs.FANS`."""
    row, fan = t * uint64(fans.shape[2]) + column, uint64(fans.shape[1]) * uint64(fans.shape[2])
    for l in range(U(0), L, U(WIDE)):
        store_singles(fans, row + l, load(w, net + l))
        store_singles(fans, fan + row + l, load(w, R.GROUP_RECEIPTS + l) - load(w, R.GROUP_CALLED + l))
        store_singles(fans, U(2) * fan + row + l, load(w, calls + l))


@fused
def group_flows(w, at, g, account, fans, column):
    """Flows of a group of projects step by step: totals, payback, net flows; fans where they are wanted."""
    zero(w, R.GROUP)
    fill(w, R.GROUP_FIRST_CALL, -1.0)
    fill(w, R.GROUP_PAYBACK, np.inf)
    for t in range(uint64(g.steps)):
        calls, receipts, net = account.calls.first + t * L, account.receipts.first + t * L, at.net.first + t * L
        now = float(t)
        for l in range(U(0), L, U(WIDE)):
            call, receipt = load(w, calls + l), load(w, receipts + l)
            called, received = load(w, R.GROUP_CALLED + l) + call, load(w, R.GROUP_RECEIPTS + l) + receipt
            first = first_call_of(load(w, R.GROUP_FIRST_CALL + l), called, now)
            payback = payback_of(load(w, R.GROUP_PAYBACK + l), first, called, received, now, g.dt)
            store(w, net + l, receipt - call)
            store(w, R.GROUP_CALLED + l, called)
            store(w, R.GROUP_RECEIPTS + l, received)
            store(w, R.GROUP_FIRST_CALL + l, first)
            store(w, R.GROUP_PAYBACK + l, payback)
        if fans.shape[2] > 0:
            keep_fans(w, calls, net, fans, t, column)
