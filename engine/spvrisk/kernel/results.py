"""The quantities of a path (sections 10 and 11 of the model page).

Index legend: s = project (the portfolio comes last), i = quantity, t = step, l = lane.
"""

import numpy as np
from numba import uint64

from spvrisk.kernel import rows as R
from spvrisk.kernel.booking import Side, book_side_flows, group_flows
from spvrisk.kernel.irr import irr, solve
from spvrisk.kernel.maths import L, U, fused
from spvrisk.kernel.split import open_row
from spvrisk.kernel.whole_rows import fill
from spvrisk.plan.arrays import SPLIT_NONE
from spvrisk.plan.names import CATCH_UP_QUANTITIES, QUANTITIES, STACK_QUANTITIES

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


@fused
def _ratio(a, b):
    return a / b if b != 0.0 else np.nan


@fused
def expected_cost(w, c, p, l):
    """Cost with expected indices, no overrun and no delay: linear in the planned start between knots."""
    n, starts = int(c[p.expected_costs]), p.expected_costs + 1
    start, low, high = w[R.PLANNED + l], 0, n - 1
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
    return p.budget * w[R.SIZE + l] * (c[values + low] + part * (c[values + high] - c[values + low]))


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
        solve(w, at.net.first, g.steps, 1.0 / g.dt)
    else:
        irr(w, at.net.first, g.steps, 1.0 / g.dt)
    for l in range(L):
        k = column + l
        completed = 1.0 if w[R.COMPLETION + l] <= horizon else 0.0
        funded = 1.0 if w[R.START + l] < np.inf else 0.0
        if_completed = 0.0 if completed == 1.0 else np.nan
        if_funded = 0.0 if funded == 1.0 else np.nan
        if_called = 0.0 if w[R.CALLED + l] > 0.0 else np.nan
        values[first + _FUNDED, k] = funded
        values[first + _COMPLETED, k] = completed
        values[first + _CANCELLED, k] = 1.0 if w[R.CANCELLED_AT + l] < np.inf else 0.0
        values[first + _DECLINED, k] = 1.0 if w[deal + R.DEAL_DECLINED + l] < np.inf else 0.0
        values[first + _COST, k] = w[R.COST + l]
        values[first + _COST_OVERRUN, k] = w[R.COST + l] / expected_cost(w, c, p, l) - 1.0 + if_completed
        values[first + _OVERRUN_DRAWN, k] = w[R.OVERRUN + l] - 1.0 + if_funded
        values[first + _DELAY_MONTHS, k] = 12.0 * (w[R.COMPLETION + l] - (w[R.PLANNED + l] + duration)) + if_completed
        values[first + _NPV_FUNDER, k] = w[R.NPV + l]
        values[first + _PV_HOST, k] = w[R.PV_HOST + l]
        values[first + _DEVELOPER_FEE, k] = w[R.PV_FEE + l]
        values[first + _VENDOR_MARGIN, k] = w[R.PV_VENDOR + l]
        values[first + _SUPPLY_CHAIN_BENEFIT, k] = w[R.PV_SUPPLY + l]
        values[first + _IRR_FUNDER, k] = w[R.IRR + l] + if_called
        values[first + _MULTIPLE_FUNDER, k] = _ratio(w[R.RECEIPTS + l], w[R.CALLED + l])
        values[first + _PAYBACK_YEARS, k] = w[R.PAYBACK + l] + if_called
        values[first + _WHOLE_YEARS, k] = w[R.WHOLE + l] + undefined + if_funded
        values[first + _DEEMED_SHARE, k] = _ratio(w[R.RECEIVED + l], w[R.RECEIVED + l] + w[overdue + l]) + undefined
        values[first + _DEEMED_OPEN, k] = w[R.DEEMED + l] + w[R.CARRY + l]
    if g.catch_share > 0.0:
        for l in range(L):
            values[first + _CAUGHT_UP, column + l] = w[R.PV_CAUGHT + l]
    if g.stack == 1:
        write_stack(w, R.STACK_VALUES.first, values, first + g.stack_quantity, column)


@fused
def add_project(w, deal, c, g, p, sums):
    """Add a project to the sums of its group or the portfolio."""
    horizon, duration, budget = c[g.times + g.steps], p.duration, p.budget
    overdue = open_row(g)
    undefined = g.mode == SPLIT_NONE
    for l in range(L):
        funded, completed = w[R.START + l] < np.inf, w[R.COMPLETION + l] <= horizon
        size = budget * w[R.SIZE + l]
        w[sums + R.SUM_FUNDED + l] += 1.0 if funded else 0.0
        w[sums + R.SUM_COMPLETED + l] += 1.0 if completed else 0.0
        w[sums + R.SUM_CANCELLED + l] += 1.0 if w[R.CANCELLED_AT + l] < np.inf else 0.0
        w[sums + R.SUM_DECLINED + l] += 1.0 if w[deal + R.DEAL_DECLINED + l] < np.inf else 0.0
        w[sums + R.SUM_COST + l] += w[R.COST + l]
        w[sums + R.SUM_NPV + l] += w[R.NPV + l]
        w[sums + R.SUM_PV_HOST + l] += w[R.PV_HOST + l]
        w[sums + R.SUM_PV_FEE + l] += w[R.PV_FEE + l]
        w[sums + R.SUM_PV_VENDOR + l] += w[R.PV_VENDOR + l]
        w[sums + R.SUM_PV_SUPPLY + l] += w[R.PV_SUPPLY + l]
        w[sums + R.SUM_DEEMED_OPEN + l] += w[R.DEEMED + l] + w[R.CARRY + l]
        w[sums + R.SUM_RECEIVED + l] += w[R.RECEIVED + l]
        w[sums + R.SUM_OVERDUE + l] += w[overdue + l]
        w[sums + R.SUM_CAUGHT + l] += w[R.PV_CAUGHT + l]
        if completed:
            delay = 12.0 * (w[R.COMPLETION + l] - (w[R.PLANNED + l] + duration))
            w[sums + R.SUM_COMPLETED_COST + l] += w[R.COST + l]
            w[sums + R.SUM_EXPECTED_COST + l] += expected_cost(w, c, p, l)
            w[sums + R.SUM_COMPLETED_BUDGET + l] += size
            w[sums + R.SUM_DELAY + l] += size * delay
        if funded:
            w[sums + R.SUM_BUDGET + l] += size
            w[sums + R.SUM_DRAWN + l] += size * (w[R.OVERRUN + l] - 1.0)
        years = w[R.WHOLE + l]
        if funded and not undefined and years > w[sums + R.LAST_WHOLE + l]:
            w[sums + R.LAST_WHOLE + l] = years
    if g.stack == 1:
        for i in range(N_STACK * L):
            w[sums + R.SUM_PV_CLAIMS + i] += w[R.STACK_VALUES.first + i]


@fused
def group_quantities(w, at, g, account, unit, values, fans, column):
    """Write the quantities of a group of projects: a pipeline or the portfolio.

    Ratios and weighted means of the completed are undefined where nothing was completed.
    """
    group_flows(w, at, g, account, fans, column)
    irr(w, at.net.first, g.steps, 1.0 / g.dt)
    first, sums = unit * g.quantities, account.sums.first
    for l in range(L):
        k, of = column + l, sums + l
        if_called = 0.0 if w[R.GROUP_CALLED + l] > 0.0 else np.nan
        whole, received = w[of + R.LAST_WHOLE], w[of + R.SUM_RECEIVED]
        values[first + _FUNDED, k] = w[of + R.SUM_FUNDED]
        values[first + _COMPLETED, k] = w[of + R.SUM_COMPLETED]
        values[first + _CANCELLED, k] = w[of + R.SUM_CANCELLED]
        values[first + _DECLINED, k] = w[of + R.SUM_DECLINED]
        values[first + _COST, k] = w[of + R.SUM_COST]
        values[first + _COST_OVERRUN, k] = _ratio(w[of + R.SUM_COMPLETED_COST], w[of + R.SUM_EXPECTED_COST]) - 1.0
        values[first + _OVERRUN_DRAWN, k] = _ratio(w[of + R.SUM_DRAWN], w[of + R.SUM_BUDGET])
        values[first + _DELAY_MONTHS, k] = _ratio(w[of + R.SUM_DELAY], w[of + R.SUM_COMPLETED_BUDGET])
        values[first + _NPV_FUNDER, k] = w[of + R.SUM_NPV]
        values[first + _PV_HOST, k] = w[of + R.SUM_PV_HOST]
        values[first + _DEVELOPER_FEE, k] = w[of + R.SUM_PV_FEE]
        values[first + _VENDOR_MARGIN, k] = w[of + R.SUM_PV_VENDOR]
        values[first + _SUPPLY_CHAIN_BENEFIT, k] = w[of + R.SUM_PV_SUPPLY]
        values[first + _IRR_FUNDER, k] = w[R.IRR + l] + if_called
        values[first + _MULTIPLE_FUNDER, k] = _ratio(w[R.GROUP_RECEIPTS + l], w[R.GROUP_CALLED + l])
        values[first + _PAYBACK_YEARS, k] = w[R.GROUP_PAYBACK + l] + if_called
        values[first + _WHOLE_YEARS, k] = whole if whole >= 0.0 else np.nan
        values[first + _DEEMED_SHARE, k] = _ratio(received, received + w[of + R.SUM_OVERDUE])
        values[first + _DEEMED_OPEN, k] = w[of + R.SUM_DEEMED_OPEN]
    if g.catch_share > 0.0:
        for l in range(L):
            values[first + _CAUGHT_UP, column + l] = w[sums + R.SUM_CAUGHT + l]
    if g.stack == 1:
        write_stack(w, sums + R.SUM_PV_CLAIMS, values, first + g.stack_quantity, column)


@fused
def exchange_rate(at, g, n_factors, t):
    """Row of the funder's money per study money at the step's end."""
    return at.factor.first + (t * n_factors + uint64(g.fx_factor)) * L if g.fx_factor >= 0 else R.ONES


@fused
def scheme_values(w, at, c, g, n_factors, values, row, column):
    """Write the scheme's values: the funder's flows in its own money, the tariffs it is spared, and all together.

    In its own money at the path's exchange rate and by its own curve; flows of the portfolio lie in ``at.net``.
    """
    for sum_ in (R.LOCAL, R.RELIEF, R.SCHEME_LOCAL):
        fill(w, sum_, 0.0)
    for t in range(uint64(g.steps)):
        net, side, fx = at.net.first + t * L, at.side.first + t * L, exchange_rate(at, g, n_factors, t)
        book_side_flows(w, at, c, g, Side(g.relief, R.ONES, R.RELIEF, g.dt), c[uint64(g.discount_funder) + t], t)
        discount = c[uint64(g.discount_local) + t]
        for l in range(L):
            w[R.LOCAL + l] += discount * w[fx + l] * w[net + l]
            w[R.SCHEME_LOCAL + l] += discount * w[fx + l] * (w[net + l] + w[side + l])
    for l in range(L):
        k, of = column + l, at.total.first + l
        values[row, k] = w[R.LOCAL + l]
        values[row + 1, k] = w[R.RELIEF + l]
        values[row + 2, k] = w[of + R.SUM_NPV] + w[of + R.SUM_PV_VENDOR] + w[of + R.SUM_PV_SUPPLY] + w[R.RELIEF + l]
        values[row + 3, k] = w[R.SCHEME_LOCAL + l]
    if g.insured == 1:
        insurer_breaches(w, at, g, n_factors, values, row + 4, column)


@fused
def insurer_breaches(w, at, g, n_factors, values, row, column):
    """Write whether the insurer's capital is used up at some step, and whether it insures more than it can."""
    capital, capacity = g.capital, g.capacity
    for sum_ in (R.INSURER_LOCAL, R.BREACH, R.FULL):
        fill(w, sum_, 0.0)
    for t in range(uint64(g.steps)):
        earned, insured = at.insurer.first + t * L, at.exposure.first + t * L
        fx = exchange_rate(at, g, n_factors, t)
        for l in range(L):
            w[R.INSURER_LOCAL + l] += w[fx + l] * w[earned + l]
            w[R.BREACH + l] = 1.0 if w[R.INSURER_LOCAL + l] < -capital else w[R.BREACH + l]
            w[R.FULL + l] = 1.0 if w[fx + l] * w[insured + l] > capacity else w[R.FULL + l]
    for l in range(L):
        if capital < np.inf:
            values[row, column + l] = w[R.BREACH + l]
        if capacity < np.inf:
            values[row + (1 if capital < np.inf else 0), column + l] = w[R.FULL + l]
