"""Booking of steps and the quantities of a path (sections 10 and 11 of the model page).

Index legend: s = project (the portfolio comes last), i = quantity, t = step, l = lane, g = group of 8 lanes.
"""

import numpy as np
from numba import uint64

from spvrisk.kernel.irr import irr, solve
from spvrisk.kernel.lanes import LANES
from spvrisk.kernel.maths import L, U, fused
from spvrisk.kernel.rows import (
    AGE_END,
    AVAILABLE,
    BREACH,
    CALLED,
    CANCELLED_AT,
    CARRY,
    COMPLETION,
    COST,
    DEAL_DECLINED,
    DEEMED,
    DELAY_SCORE,
    DUE,
    FEE_PAID,
    FIRST_CALL,
    FULL,
    FUNDER,
    HOST,
    HOST_COST,
    INDEX,
    LAST_WHOLE,
    LOCAL,
    NPV,
    ONES,
    OUTFLOW,
    OVERRUN,
    PAYBACK,
    PLANNED,
    PV_CAUGHT,
    PV_CLAIMS,
    PV_FEE,
    PV_HOST,
    PV_SUPPLY,
    PV_VENDOR,
    RECEIPTS,
    RECEIVED,
    RELIEF,
    REVENUE,
    SCHEME_LOCAL,
    SIZE,
    SPEND,
    START,
    SUM_BUDGET,
    SUM_CANCELLED,
    SUM_CAUGHT,
    SUM_COMPLETED,
    SUM_COMPLETED_BUDGET,
    SUM_COMPLETED_COST,
    SUM_COST,
    SUM_DECLINED,
    SUM_DEEMED_OPEN,
    SUM_DELAY,
    SUM_DRAWN,
    SUM_EXPECTED_COST,
    SUM_FUNDED,
    SUM_NPV,
    SUM_OVERDUE,
    SUM_PV_FEE,
    SUM_PV_HOST,
    SUM_PV_SUPPLY,
    SUM_PV_VENDOR,
    SUM_RECEIVED,
    SUM_STACK,
    SUMS,
    WHOLE,
    add,
    fill,
)
from spvrisk.kernel.split import open_row
from spvrisk.kernel.vectors import EIGHT, adds_eights
from spvrisk.plan.arrays import SPLIT_NONE
from spvrisk.plan.names import CATCH_UP_QUANTITIES, QUANTITIES, STACK_QUANTITIES, STACK_TIMELINE, TIMELINE

PARTIALS = EIGHT
"""Partial sums of a leaf, by path number mod 8: the same additions in the same order for every lane count."""

_add_eights = adds_eights(LANES)
(
    _FUNDED,
    _COMPLETED,
    _CANCELLED,
    _DECLINED,
    _COST,
    _COST_OVERRUN,
    _OVERRUN_DRAWN,
    _DELAY_MONTHS,
    _NPV_FUNDER,
    _PV_HOST,
    _DEVELOPER_FEE,
    _VENDOR_MARGIN,
    _SUPPLY_CHAIN_BENEFIT,
    _IRR_FUNDER,
    _MULTIPLE_FUNDER,
    _PAYBACK_YEARS,
    _WHOLE_YEARS,
    _DEEMED_SHARE,
    _DEEMED_OPEN,
    _CAUGHT_UP,
) = range(len(QUANTITIES) + len(CATCH_UP_QUANTITIES))
N_STACK = U(len(STACK_QUANTITIES))
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
    LOAN_BALANCE,
    CLAIMS,
) = (U(i) for i in range(len(TIMELINE) + len(STACK_TIMELINE)))


@fused
def accumulate(w, row, sums, first, n):
    """Add a row to the 8 partial sums that begin at `first`; only the first `n` lanes are paths."""
    if n == L:
        _add_eights(w, row, sums, first)
    else:
        for l in range(n):
            sums[first + l % U(PARTIALS)] += w[row + l]


@fused
def add_marks(w, at, g, marks, n):
    """Add what the clock has left for the lanes, the mean of each mark over each step, to its sums over the paths."""
    steps = uint64(g.steps)
    for m in range(uint64(g.marks)):
        row, first = at.mark + m * (steps + U(2)) * L, m * steps * U(PARTIALS)
        for t in range(steps):
            accumulate(w, row + t * L, marks, first + t * U(PARTIALS), n)


@fused
def add_spending(w, sums, first, stride, n):
    """Add the funder's outflow and all spend to the timeline."""
    accumulate(w, OUTFLOW, sums, first + _CALLS * stride, n)
    accumulate(w, SPEND, sums, first + _SPEND * stride, n)


@fused
def add_income(w, sums, first, stride, n):
    """Add what is earned and distributed to the timeline."""
    accumulate(w, REVENUE, sums, first + _REVENUE * stride, n)
    accumulate(w, AVAILABLE, sums, first + _AVAILABLE_CASH * stride, n)
    accumulate(w, FUNDER, sums, first + _DISTRIBUTION_FUNDER * stride, n)
    accumulate(w, HOST, sums, first + _DISTRIBUTION_HOST * stride, n)


@fused
def add_claims(w, sums, first, stride, n):
    """Add what is due, carried and open to the timeline."""
    accumulate(w, DUE, sums, first + _DUE * stride, n)
    accumulate(w, CARRY, sums, first + _CARRY * stride, n)
    accumulate(w, DEEMED, sums, first + _DEEMED_BALANCE * stride, n)


@fused
def book_values(w, discount_funder, discount_host):
    """Present values of the step's flows, at its end."""
    for l in range(L):
        w[NPV + l] += discount_funder * (w[FUNDER + l] - w[OUTFLOW + l])
        w[PV_HOST + l] += discount_host * (w[HOST + l] - w[HOST_COST + l])
        w[RECEIPTS + l] += w[FUNDER + l]


@fused
def book_fee(w, discount):
    """Present value of the developer's fee."""
    for l in range(L):
        w[PV_FEE + l] += discount * w[FEE_PAID + l]


@fused
def book_side_flows(w, at, c, g, flows, base, value, unit, discount, t):
    """Side flows of a step: rates times a row `base` and `unit`, under conditions of the world.

    Their present value goes into the row `value`, they themselves into the scheme's.
    """
    side = at.side + t * L
    for i in range(uint64(c[flows])):
        pair = uint64(flows) + U(1) + U(2) * i
        rate, mark = unit * c[pair], c[pair + U(1)]
        row = ONES if mark < 0.0 else at.mark + (uint64(mark) * uint64(g.steps + 2) + t) * L
        for l in range(L):
            flow = rate * w[base + l] * w[row + l]
            w[value + l] += discount * flow
            w[side + l] += flow


@fused
def book_first_call(w, t):
    """Keep the step of the first call."""
    now = float(t)
    for l in range(L):
        first = w[FIRST_CALL + l]
        w[FIRST_CALL + l] = now if first < 0.0 and w[CALLED + l] > 0.0 else first


@fused
def book_payback(w, t, dt):
    """Years from the first call until what was received covers what was paid, at the earliest in the step after it."""
    now = float(t)
    for l in range(L):
        first, payback = w[FIRST_CALL + l], w[PAYBACK + l]
        back = first >= 0.0 and first < now and w[RECEIPTS + l] >= w[CALLED + l] and payback == np.inf
        w[PAYBACK + l] = (now - first) * dt if back else payback


@fused
def book_whole(w, overdue, life, end):
    """Years from completion until the row `overdue` is zero, at an age of at least `life`."""
    for l in range(L):
        years = end - w[COMPLETION + l]
        so_far = w[WHOLE + l]
        whole = w[AGE_END + l] >= life and years >= 0.0 and w[overdue + l] == 0.0 and so_far == np.inf
        w[WHOLE + l] = years if whole else so_far


@fused
def book_flows(w, at, calls, receipts, t, building, selling):
    """Keep the project's net flow for its rate of return, and add its flows to those of its group or the portfolio."""
    net = at.net + t * L
    for l in range(L):
        w[net + l] = w[FUNDER + l] - w[OUTFLOW + l]
    if building:
        add(w, calls + t * L, OUTFLOW)
    if selling:
        add(w, receipts + t * L, FUNDER)


@fused
def begin_project(w):
    """State of a project before its first step; the two times are infinite until they are known."""
    for i in range(COMPLETION, DEEMED + L):
        w[i] = 0.0
    fill(w, FIRST_CALL, -1.0)
    fill(w, PAYBACK, np.inf)
    fill(w, WHOLE, np.inf)


@fused
def _ratio(a, b):
    return a / b if b != 0.0 else np.nan


@fused
def expected_cost(w, c, p, l):
    """Cost with expected indices, no overrun and no delay: linear in the planned start between knots."""
    n, starts = int(c[p.expected_costs]), p.expected_costs + 1
    start, low, high = w[PLANNED + l], 0, n - 1
    while high - low > 1:
        middle = (low + high) // 2
        if c[starts + middle] <= start:
            low = middle
        else:
            high = middle
    values = starts + n
    part = 0.0
    if high > low:
        part = min(max((start - c[starts + low]) / (c[starts + high] - c[starts + low]), 0.0), 1.0)
    return p.budget * w[SIZE + l] * (c[values + low] + part * (c[values + high] - c[values + low]))


@fused
def write_stack(w, row, values, first, column):
    """Write the quantities of the stack from the rows that begin at `row`."""
    for i in range(N_STACK):
        for l in range(L):
            values[first + i, column + l] = w[row + i * L + l]


@fused
def project_quantities(w, at, deal, c, g, p, values, column):
    """Write the quantities of one project, rows in the order of `plan.names.QUANTITIES`."""
    horizon, duration = c[g.times + g.steps], p.duration
    undefined = np.nan if g.mode == SPLIT_NONE else 0.0
    overdue = open_row(g)
    first = p.unit * g.quantities
    if p.n_phases == 1 and g.pooled == 0:  # nothing is called after the step of the first receipt
        solve(w, at.net, g.steps, 1.0 / g.dt, INDEX)
    else:
        irr(w, at.net, g.steps, 1.0 / g.dt, INDEX)
    for l in range(L):
        k = column + l
        completed = 1.0 if w[COMPLETION + l] <= horizon else 0.0
        funded = 1.0 if w[START + l] < np.inf else 0.0
        if_completed = 0.0 if completed == 1.0 else np.nan
        if_funded = 0.0 if funded == 1.0 else np.nan
        if_called = 0.0 if w[CALLED + l] > 0.0 else np.nan
        values[first + _FUNDED, k] = funded
        values[first + _COMPLETED, k] = completed
        values[first + _CANCELLED, k] = 1.0 if w[CANCELLED_AT + l] < np.inf else 0.0
        values[first + _DECLINED, k] = 1.0 if w[deal + DEAL_DECLINED + l] < np.inf else 0.0
        values[first + _COST, k] = w[COST + l]
        values[first + _COST_OVERRUN, k] = w[COST + l] / expected_cost(w, c, p, l) - 1.0 + if_completed
        values[first + _OVERRUN_DRAWN, k] = w[OVERRUN + l] - 1.0 + if_funded
        values[first + _DELAY_MONTHS, k] = 12.0 * (w[COMPLETION + l] - (w[PLANNED + l] + duration)) + if_completed
        values[first + _NPV_FUNDER, k] = w[NPV + l]
        values[first + _PV_HOST, k] = w[PV_HOST + l]
        values[first + _DEVELOPER_FEE, k] = w[PV_FEE + l]
        values[first + _VENDOR_MARGIN, k] = w[PV_VENDOR + l]
        values[first + _SUPPLY_CHAIN_BENEFIT, k] = w[PV_SUPPLY + l]
        values[first + _IRR_FUNDER, k] = w[INDEX + l] + if_called
        values[first + _MULTIPLE_FUNDER, k] = _ratio(w[RECEIPTS + l], w[CALLED + l])
        values[first + _PAYBACK_YEARS, k] = w[PAYBACK + l] + if_called
        values[first + _WHOLE_YEARS, k] = w[WHOLE + l] + undefined + if_funded
        values[first + _DEEMED_SHARE, k] = _ratio(w[RECEIVED + l], w[RECEIVED + l] + w[overdue + l]) + undefined
        values[first + _DEEMED_OPEN, k] = w[DEEMED + l] + w[CARRY + l]
    if g.catch_share > 0.0:
        for l in range(L):
            values[first + _CAUGHT_UP, column + l] = w[PV_CAUGHT + l]
    if g.stack == 1:
        write_stack(w, PV_CLAIMS, values, first + g.stack_quantity, column)


@fused
def add_project(w, deal, c, g, p, sums):
    """Add a project to the sums of its group or the portfolio."""
    horizon, duration, budget = c[g.times + g.steps], p.duration, p.budget
    overdue = open_row(g)
    undefined = g.mode == SPLIT_NONE
    for l in range(L):
        funded, completed = w[START + l] < np.inf, w[COMPLETION + l] <= horizon
        size = budget * w[SIZE + l]
        w[sums + SUM_FUNDED + l] += 1.0 if funded else 0.0
        w[sums + SUM_COMPLETED + l] += 1.0 if completed else 0.0
        w[sums + SUM_CANCELLED + l] += 1.0 if w[CANCELLED_AT + l] < np.inf else 0.0
        w[sums + SUM_DECLINED + l] += 1.0 if w[deal + DEAL_DECLINED + l] < np.inf else 0.0
        w[sums + SUM_COST + l] += w[COST + l]
        w[sums + SUM_NPV + l] += w[NPV + l]
        w[sums + SUM_PV_HOST + l] += w[PV_HOST + l]
        w[sums + SUM_PV_FEE + l] += w[PV_FEE + l]
        w[sums + SUM_PV_VENDOR + l] += w[PV_VENDOR + l]
        w[sums + SUM_PV_SUPPLY + l] += w[PV_SUPPLY + l]
        w[sums + SUM_DEEMED_OPEN + l] += w[DEEMED + l] + w[CARRY + l]
        w[sums + SUM_RECEIVED + l] += w[RECEIVED + l]
        w[sums + SUM_OVERDUE + l] += w[overdue + l]
        w[sums + SUM_CAUGHT + l] += w[PV_CAUGHT + l]
        if completed:
            delay = 12.0 * (w[COMPLETION + l] - (w[PLANNED + l] + duration))
            w[sums + SUM_COMPLETED_COST + l] += w[COST + l]
            w[sums + SUM_EXPECTED_COST + l] += expected_cost(w, c, p, l)
            w[sums + SUM_COMPLETED_BUDGET + l] += size
            w[sums + SUM_DELAY + l] += size * delay
        if funded:
            w[sums + SUM_BUDGET + l] += size
            w[sums + SUM_DRAWN + l] += size * (w[OVERRUN + l] - 1.0)
        years = w[WHOLE + l]
        if funded and not undefined and years > w[sums + LAST_WHOLE + l]:
            w[sums + LAST_WHOLE + l] = years
    if g.stack == 1:
        for i in range(N_STACK * L):
            w[sums + SUM_STACK + i] += w[PV_CLAIMS + i]


@fused
def begin_sums(w, calls, receipts, sums):
    """No flows and no projects yet; `sums` lies behind the flows."""
    for i in range(calls, sums + SUMS * L):
        w[i] = 0.0
    fill(w, sums + LAST_WHOLE, -1.0)


@fused
def add_group(w, at, steps):
    """Add a pipeline's sums and flows to the portfolio's."""
    for i in range(uint64(steps) * L):
        w[at.calls + i] += w[at.group_calls + i]
        w[at.receipts + i] += w[at.group_receipts + i]
    for i in range(LAST_WHOLE):
        w[at.total + i] += w[at.group + i]
    for l in range(L):
        last = w[at.total + LAST_WHOLE + l]
        w[at.total + LAST_WHOLE + l] = max(last, w[at.group + LAST_WHOLE + l])


@fused
def keep_fans(w, calls, net, fans, t, column):
    """Keep the portfolio's flows of a step by path, rows in the order of `plan.names.FANS`."""
    for l in range(L):
        fans[0, t, column + l] = w[net + l]
        fans[1, t, column + l] = w[RECEIPTS + l] - w[CALLED + l]
        fans[2, t, column + l] = w[calls + l]


@fused
def group_flows(w, at, g, calls, receipts, fans, column):
    """Flows of a group of projects step by step: totals, payback, net flows; fans where they are wanted."""
    begin_project(w)
    for t in range(uint64(g.steps)):
        called, received, net = calls + t * L, receipts + t * L, at.net + t * L
        for l in range(L):
            w[net + l] = w[received + l] - w[called + l]
        add(w, RECEIPTS, received)
        add(w, CALLED, called)
        book_first_call(w, t)
        book_payback(w, t, g.dt)
        if fans.shape[2] > 0:
            keep_fans(w, called, net, fans, t, column)


@fused
def group_quantities(w, at, g, calls, receipts, sums, unit, values, fans, column):
    """Write the quantities of a group of projects: a pipeline or the portfolio.

    Ratios and weighted means of the completed are undefined where nothing was completed.
    """
    group_flows(w, at, g, calls, receipts, fans, column)
    irr(w, at.net, g.steps, 1.0 / g.dt, DELAY_SCORE)
    first = unit * g.quantities
    for l in range(L):
        k, of = column + l, sums + l
        if_called = 0.0 if w[CALLED + l] > 0.0 else np.nan
        whole, received = w[of + LAST_WHOLE], w[of + SUM_RECEIVED]
        values[first + _FUNDED, k] = w[of + SUM_FUNDED]
        values[first + _COMPLETED, k] = w[of + SUM_COMPLETED]
        values[first + _CANCELLED, k] = w[of + SUM_CANCELLED]
        values[first + _DECLINED, k] = w[of + SUM_DECLINED]
        values[first + _COST, k] = w[of + SUM_COST]
        values[first + _COST_OVERRUN, k] = _ratio(w[of + SUM_COMPLETED_COST], w[of + SUM_EXPECTED_COST]) - 1.0
        values[first + _OVERRUN_DRAWN, k] = _ratio(w[of + SUM_DRAWN], w[of + SUM_BUDGET])
        values[first + _DELAY_MONTHS, k] = _ratio(w[of + SUM_DELAY], w[of + SUM_COMPLETED_BUDGET])
        values[first + _NPV_FUNDER, k] = w[of + SUM_NPV]
        values[first + _PV_HOST, k] = w[of + SUM_PV_HOST]
        values[first + _DEVELOPER_FEE, k] = w[of + SUM_PV_FEE]
        values[first + _VENDOR_MARGIN, k] = w[of + SUM_PV_VENDOR]
        values[first + _SUPPLY_CHAIN_BENEFIT, k] = w[of + SUM_PV_SUPPLY]
        values[first + _IRR_FUNDER, k] = w[DELAY_SCORE + l] + if_called
        values[first + _MULTIPLE_FUNDER, k] = _ratio(w[RECEIPTS + l], w[CALLED + l])
        values[first + _PAYBACK_YEARS, k] = w[PAYBACK + l] + if_called
        values[first + _WHOLE_YEARS, k] = whole if whole >= 0.0 else np.nan
        values[first + _DEEMED_SHARE, k] = _ratio(received, received + w[of + SUM_OVERDUE])
        values[first + _DEEMED_OPEN, k] = w[of + SUM_DEEMED_OPEN]
    if g.catch_share > 0.0:
        for l in range(L):
            values[first + _CAUGHT_UP, column + l] = w[sums + SUM_CAUGHT + l]
    if g.stack == 1:
        write_stack(w, sums + SUM_STACK, values, first + g.stack_quantity, column)


@fused
def exchange_rate(at, g, n_factors, t):
    """Row of the funder's money per study money at the step's end."""
    return at.factor + (t * n_factors + uint64(g.fx_factor)) * L if g.fx_factor >= 0 else ONES


@fused
def scheme_values(w, at, c, g, n_factors, values, row, column):
    """Write the scheme's values: the funder's flows in its own money, the tariffs it is spared, and all together.

    In its own money at the path's exchange rate and by its own curve; flows of the portfolio lie in ``at.net``.
    """
    for sum_ in (LOCAL, RELIEF, SCHEME_LOCAL):
        fill(w, sum_, 0.0)
    for t in range(uint64(g.steps)):
        net, side, fx = at.net + t * L, at.side + t * L, exchange_rate(at, g, n_factors, t)
        book_side_flows(w, at, c, g, g.relief, ONES, RELIEF, g.dt, c[uint64(g.discount_funder) + t], t)
        discount = c[uint64(g.discount_local) + t]
        for l in range(L):
            w[LOCAL + l] += discount * w[fx + l] * w[net + l]
            w[SCHEME_LOCAL + l] += discount * w[fx + l] * (w[net + l] + w[side + l])
    for l in range(L):
        k, of = column + l, at.total + l
        values[row, k] = w[LOCAL + l]
        values[row + 1, k] = w[RELIEF + l]
        values[row + 2, k] = w[of + SUM_NPV] + w[of + SUM_PV_VENDOR] + w[of + SUM_PV_SUPPLY] + w[RELIEF + l]
        values[row + 3, k] = w[SCHEME_LOCAL + l]
    if g.insured == 1:
        insurer_breaches(w, at, g, n_factors, values, row + 4, column)


@fused
def insurer_breaches(w, at, g, n_factors, values, row, column):
    """Write whether the insurer's capital is used up at some step, and whether it insures more than it can."""
    capital, capacity = g.capital, g.capacity
    for sum_ in (LOCAL, BREACH, FULL):
        fill(w, sum_, 0.0)
    for t in range(uint64(g.steps)):
        earned, insured, fx = at.insurer + t * L, at.exposure + t * L, exchange_rate(at, g, n_factors, t)
        for l in range(L):
            w[LOCAL + l] += w[fx + l] * w[earned + l]
            w[BREACH + l] = 1.0 if w[LOCAL + l] < -capital else w[BREACH + l]
            w[FULL + l] = 1.0 if w[fx + l] * w[insured + l] > capacity else w[FULL + l]
    for l in range(L):
        if capital < np.inf:
            values[row, column + l] = w[BREACH + l]
        if capacity < np.inf:
            values[row + (1 if capital < np.inf else 0), column + l] = w[FULL + l]
