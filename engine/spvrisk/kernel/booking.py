"""Booking of a project's steps: present values, payback, flows of its group, timelines (section 10 of the model page).

Index legend: t = step, l = lane.
"""

from typing import NamedTuple

import numpy as np
from numba import uint64

from spvrisk.kernel import rows as R
from spvrisk.kernel.lanes import LANES
from spvrisk.kernel.maths import L, U, fused
from spvrisk.kernel.vectors import adds_eights
from spvrisk.kernel.whole_rows import add, fill, zero
from spvrisk.kernel.workspace import PARTIALS, mean_row
from spvrisk.plan.outputs import STEP_OUTPUTS

_add_eights = adds_eights(LANES)
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
        _add_eights(w, row, sums, first)
    else:
        for l in range(n):
            sums[first + l % U(PARTIALS)] += w[row + l]


@fused
def add_row(w, line, i, row):
    """Add a row to row `i` of the timeline."""
    accumulate(w, row, line.sums, line.first + i * line.stride, line.n)


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
def book_values(w, discount_funder, discount_host):
    """Present values of the step's flows, at its end."""
    for l in range(L):
        w[R.OUT.npv_funder + l] += discount_funder * (w[R.FUNDER + l] - w[R.OUTFLOW + l])
        w[R.OUT.pv_host + l] += discount_host * (w[R.HOST + l] - w[R.HOST_COST + l])
        w[R.RECEIPTS + l] += w[R.FUNDER + l]


@fused
def book_fee(w, discount):
    """Present value of the developer's fee."""
    for l in range(L):
        w[R.OUT.developer_fee + l] += discount * w[R.FEE_PAID + l]


@fused
def book_side_flows(w, at, c, g, side, discount, t):
    """Side flows of a step; they themselves go into the scheme's."""
    flows = at.side.first + t * L
    for i in range(uint64(c[side.flows])):
        pair = uint64(side.flows) + U(1) + U(2) * i
        rate, condition = side.unit * c[pair], c[pair + U(1)]
        row = R.ONES if condition < 0.0 else mean_row(at, g, condition, t)
        for l in range(L):
            flow = rate * w[side.base + l] * w[row + l]
            w[side.value + l] += discount * flow
            w[flows + l] += flow


@fused
def book_first_call(w, first_call, called, t):
    """Keep the step of the first call."""
    now = float(t)
    for l in range(L):
        first = w[first_call + l]
        w[first_call + l] = now if first < 0.0 and w[called + l] > 0.0 else first


@fused
def book_payback(w, first_call, called, received, payback, t, dt):
    """Years from the first call until what was received covers what was paid, at the earliest in the step after it."""
    now = float(t)
    for l in range(L):
        first, so_far = w[first_call + l], w[payback + l]
        back = first >= 0.0 and first < now and w[received + l] >= w[called + l] and so_far == np.inf
        w[payback + l] = (now - first) * dt if back else so_far


@fused
def book_whole(w, overdue, life, end):
    """Years from completion until the row `overdue` is zero, at an age of at least `life`."""
    for l in range(L):
        years = end - w[R.COMPLETION + l]
        so_far = w[R.WHOLE + l]
        whole = w[R.AGE_END + l] >= life and years >= 0.0 and w[overdue + l] == 0.0 and so_far == np.inf
        w[R.WHOLE + l] = years if whole else so_far


@fused
def book_flows(w, at, account, t, building, selling):
    """Keep the project's net flow for its rate of return, and add its flows to those of its group or the portfolio."""
    net = at.net.first + t * L
    for l in range(L):
        w[net + l] = w[R.FUNDER + l] - w[R.OUTFLOW + l]
    if building:
        add(w, account.calls.first + t * L, R.OUTFLOW)
    if selling:
        add(w, account.receipts.first + t * L, R.FUNDER)


@fused
def book_step(site, step, account, line, building, earning):
    """Book a step of a project: values, side flows, payback, its group or the portfolio, timeline."""
    w, at, c, g, p, t = site.w, site.at, site.c, site.g, site.p, step.t
    discount = c[uint64(g.discount_funder) + t]
    if building or earning:
        book_values(w, discount, c[uint64(g.discount_host) + t])
        book_flows(w, at, account, t, building, earning)
    if building:
        book_first_call(w, R.FIRST_CALL, R.CALLED, t)
        book_side_flows(w, at, c, g, Side(p.spend_flows, R.SPEND, R.OUT.vendor_margin, 1.0), discount, t)
        add_spending(w, line)
    if earning:
        book_payback(w, R.FIRST_CALL, R.CALLED, R.RECEIPTS, R.PAYBACK, t, g.dt)
        side = Side(p.output_flows, R.OUTPUT, R.OUT.supply_chain_benefit, 1.0 / g.money_unit)
        book_side_flows(w, at, c, g, side, discount, t)
        if p.fee_law >= 0:
            book_fee(w, discount)
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
    for i in range(total.calls.end - total.calls.first):
        w[total.calls.first + i] += w[group.calls.first + i]
        w[total.receipts.first + i] += w[group.receipts.first + i]
    for i in range(R.SUMS_THAT_ADD.first, R.SUMS_THAT_ADD.end):
        w[total.sums.first + i] += w[group.sums.first + i]
    last, latest = total.sums.first + R.LAST_WHOLE, group.sums.first + R.LAST_WHOLE
    for l in range(L):
        w[last + l] = max(w[last + l], w[latest + l])


@fused
def keep_fans(w, calls, net, fans, t, column):
    """Keep the portfolio's flows of a step by path, rows in the order of `plan.outputs.FANS`."""
    for l in range(L):
        fans[0, t, column + l] = w[net + l]
        fans[1, t, column + l] = w[R.GROUP_RECEIPTS + l] - w[R.GROUP_CALLED + l]
        fans[2, t, column + l] = w[calls + l]


@fused
def group_flows(w, at, g, account, fans, column):
    """Flows of a group of projects step by step: totals, payback, net flows; fans where they are wanted."""
    zero(w, R.GROUP)
    fill(w, R.GROUP_FIRST_CALL, -1.0)
    fill(w, R.GROUP_PAYBACK, np.inf)
    for t in range(uint64(g.steps)):
        called, received = account.calls.first + t * L, account.receipts.first + t * L
        net = at.net.first + t * L
        for l in range(L):
            w[net + l] = w[received + l] - w[called + l]
        add(w, R.GROUP_RECEIPTS, received)
        add(w, R.GROUP_CALLED, called)
        book_first_call(w, R.GROUP_FIRST_CALL, R.GROUP_CALLED, t)
        book_payback(w, R.GROUP_FIRST_CALL, R.GROUP_CALLED, R.GROUP_RECEIPTS, R.GROUP_PAYBACK, t, g.dt)
        if fans.shape[2] > 0:
            keep_fans(w, called, net, fans, t, column)
