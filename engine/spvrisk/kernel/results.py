"""The quantities of a path (sections 10 and 11 of the model page).

Index legend: s = project (the portfolio comes last), i = quantity, t = step, l = lane.
"""

from collections import namedtuple
from typing import Any

import numpy as np
from numba import uint64

from spvrisk.kernel import rows as R
from spvrisk.kernel.booking import Side, book_side_flows, group_flows
from spvrisk.kernel.irr import irr, solve
from spvrisk.kernel.maths import L, U, fused
from spvrisk.kernel.split import open_row
from spvrisk.kernel.whole_rows import fill
from spvrisk.plan.arrays import SPLIT_NONE
from spvrisk.plan.outputs import RULED, SUMS

_N_SUMS = U(len(SUMS))
_Ruled: Any = namedtuple("_Ruled", RULED)  # type: ignore[misc]  # fields are those of the table
_Q: Any = _Ruled(*(U(i) for i in range(len(RULED))))
"""Numbers of the outputs with a rule of their own, behind those that add up."""


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
def finish_outputs(w, c, g, deal):
    """Outputs that add up and are known at a project's end alone."""
    horizon = c[g.times + g.steps]
    for l in range(L):
        w[R.OUT.funded + l] = 1.0 if w[R.START + l] < np.inf else 0.0
        w[R.OUT.completed + l] = 1.0 if w[R.COMPLETION + l] <= horizon else 0.0
        w[R.OUT.cancelled + l] = 1.0 if w[R.CANCELLED_AT + l] < np.inf else 0.0
        w[R.OUT.declined + l] = 1.0 if w[deal + R.DEAL_DECLINED + l] < np.inf else 0.0
        w[R.OUT.deemed_open + l] = w[R.DEEMED + l] + w[R.CARRY + l]


@fused
def write_sums(w, c, g, first_row, values, first, column):
    """Write the outputs that add up over projects, which lie side by side from a row on; return the next place."""
    count = uint64(c[g.sums])
    for i in range(count):
        row = first_row + uint64(c[uint64(g.sums) + U(1) + i]) * L
        for l in range(L):
            values[first + i, column + l] = w[row + l]
    return first + count


@fused
def project_quantities(w, at, c, g, p, values, column):
    """Write the quantities of one project, rows in the order of `plan.outputs`."""
    duration = p.duration
    undefined = np.nan if g.mode == SPLIT_NONE else 0.0
    overdue = open_row(g)
    first = write_sums(w, c, g, R.OUT[0], values, uint64(p.unit * g.quantities), column)
    if p.n_phases == 1 and g.pooled == 0:  # nothing is called after the step of the first receipt
        solve(w, at.net.first, g.steps, 1.0 / g.dt)
    else:
        irr(w, at.net.first, g.steps, 1.0 / g.dt)
    for l in range(L):
        k = column + l
        if_completed = 0.0 if w[R.OUT.completed + l] == 1.0 else np.nan
        if_funded = 0.0 if w[R.OUT.funded + l] == 1.0 else np.nan
        if_called = 0.0 if w[R.CALLED + l] > 0.0 else np.nan
        values[first + _Q.cost_overrun, k] = w[R.OUT.cost + l] / expected_cost(w, c, p, l) - 1.0 + if_completed
        values[first + _Q.overrun_sampled, k] = w[R.OVERRUN + l] - 1.0 + if_funded
        values[first + _Q.delay_months, k] = 12.0 * (w[R.COMPLETION + l] - (w[R.PLANNED + l] + duration)) + if_completed
        values[first + _Q.irr_funder, k] = w[R.IRR + l] + if_called
        values[first + _Q.moic_funder, k] = _ratio(w[R.RECEIPTS + l], w[R.CALLED + l])
        values[first + _Q.payback_years, k] = w[R.PAYBACK + l] + if_called
        values[first + _Q.recovery_years, k] = w[R.WHOLE + l] + undefined + if_funded
        values[first + _Q.deemed_share, k] = _ratio(w[R.RECEIVED + l], w[R.RECEIVED + l] + w[overdue + l]) + undefined


@fused
def add_project(w, c, g, p, sums):
    """Add a project to the sums of its group or the portfolio."""
    duration, budget = p.duration, p.budget
    overdue = open_row(g)
    undefined = g.mode == SPLIT_NONE
    for i in range(_N_SUMS * L):
        w[sums + R.SUM_OUT[0] + i] += w[R.OUT[0] + i]
    for l in range(L):
        funded, completed = w[R.OUT.funded + l] == 1.0, w[R.OUT.completed + l] == 1.0
        size = budget * w[R.SIZE + l]
        w[sums + R.SUM_RECEIVED + l] += w[R.RECEIVED + l]
        w[sums + R.SUM_OVERDUE + l] += w[overdue + l]
        if completed:
            delay = 12.0 * (w[R.COMPLETION + l] - (w[R.PLANNED + l] + duration))
            w[sums + R.SUM_COMPLETED_COST + l] += w[R.OUT.cost + l]
            w[sums + R.SUM_EXPECTED_COST + l] += expected_cost(w, c, p, l)
            w[sums + R.SUM_COMPLETED_BUDGET + l] += size
            w[sums + R.SUM_DELAY + l] += size * delay
        if funded:
            w[sums + R.SUM_BUDGET + l] += size
            w[sums + R.SUM_DRAWN + l] += size * (w[R.OVERRUN + l] - 1.0)
        years = w[R.WHOLE + l]
        if funded and not undefined and years > w[sums + R.LAST_WHOLE + l]:
            w[sums + R.LAST_WHOLE + l] = years


@fused
def group_quantities(block, account, unit, fans):
    """Write the quantities of a group of projects: a pipeline or the portfolio.

    Ratios and weighted means of the completed are undefined where nothing was completed.
    """
    w, at, c, g, values, column = block.w, block.at, block.c, block.g, block.leaf.values, block.column
    group_flows(w, at, g, account, fans, column)
    irr(w, at.net.first, g.steps, 1.0 / g.dt)
    sums = account.sums.first
    first = write_sums(w, c, g, sums + R.SUM_OUT[0], values, uint64(unit * g.quantities), column)
    for l in range(L):
        k, of = column + l, sums + l
        if_called = 0.0 if w[R.GROUP_CALLED + l] > 0.0 else np.nan
        whole, received = w[of + R.LAST_WHOLE], w[of + R.SUM_RECEIVED]
        values[first + _Q.cost_overrun, k] = _ratio(w[of + R.SUM_COMPLETED_COST], w[of + R.SUM_EXPECTED_COST]) - 1.0
        values[first + _Q.overrun_sampled, k] = _ratio(w[of + R.SUM_DRAWN], w[of + R.SUM_BUDGET])
        values[first + _Q.delay_months, k] = _ratio(w[of + R.SUM_DELAY], w[of + R.SUM_COMPLETED_BUDGET])
        values[first + _Q.irr_funder, k] = w[R.IRR + l] + if_called
        values[first + _Q.moic_funder, k] = _ratio(w[R.GROUP_RECEIPTS + l], w[R.GROUP_CALLED + l])
        values[first + _Q.payback_years, k] = w[R.GROUP_PAYBACK + l] + if_called
        values[first + _Q.recovery_years, k] = whole if whole >= 0.0 else np.nan
        values[first + _Q.deemed_share, k] = _ratio(received, received + w[of + R.SUM_OVERDUE])


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
        own, other = w[of + R.SUM_OUT.npv_funder], w[of + R.SUM_OUT.vendor_margin]
        values[row + 2, k] = own + other + w[of + R.SUM_OUT.supply_chain_benefit] + w[R.RELIEF + l]
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
