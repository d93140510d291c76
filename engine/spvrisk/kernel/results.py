"""The quantities of a path (sections 10 and 11 of the model page).

Index legend: s = project (the portfolio comes last), i = quantity, t = step, l = lane.
"""

from collections import namedtuple
from typing import Any

import numpy as np
from numba import uint64

from spvrisk.kernel import draws as draw
from spvrisk.kernel import rows as R
from spvrisk.kernel.booking import Side, book_side_flows, group_flows
from spvrisk.kernel.irr import irr, solve
from spvrisk.kernel.maths import L, U, fused
from spvrisk.kernel.simd import WIDE, gather, larger, load, smaller, some, spread, store, where, whole
from spvrisk.kernel.split import open_row
from spvrisk.kernel.tables import look_up
from spvrisk.kernel.whole_rows import add_to, fill
from spvrisk.plan.arrays import SPLIT_NONE
from spvrisk.plan.outputs import RULED, SUMS

_N_SUMS = U(len(SUMS))
_Ruled: Any = namedtuple("_Ruled", RULED)  # type: ignore[misc]  # fields are those of the table
_Q: Any = _Ruled(*(U(i) for i in range(len(RULED))))
"""Numbers of the outputs with a rule of their own, behind those that add up."""


@fused
def ratio(a, b):
    """A over b; undefined where b is 0."""
    return where(b == 0.0, np.nan, a / b)


@fused
def defined_if(flag):
    """What is added to a quantity that means nothing elsewhere."""
    return where(flag, 0.0, np.nan)


@fused
def expected_cost(w, c, p, l):
    """Cost with expected indices, no overrun and no delay: linear in the planned start between knots."""
    n, starts = int(c[p.expected_costs]), uint64(p.expected_costs + 1)
    start, low, high, part = load(w, R.PLANNED + l), spread(0.0), spread(float(n - 1)), spread(0.0)
    while some(high - low > 1.0):
        middle, narrows = whole(0.5 * (low + high)), high - low > 1.0
        reached = gather(c, starts, middle) <= start
        low, high = where(narrows & reached, middle, low), where(narrows, where(reached, high, middle), high)
    if n > 1:
        before, after = gather(c, starts, low), gather(c, starts, high)
        part = smaller(larger((start - before) / (after - before), 0.0), 1.0)
    values = starts + uint64(n)
    cost, next_cost = gather(c, values, low), gather(c, values, high)
    return p.budget * load(w, R.SIZE + l) * (cost + part * (next_cost - cost))


@fused
def finish_outputs(w, c, g, deal):
    """Outputs that add up and are known at a project's end alone."""
    horizon = c[g.times + g.steps]
    for l in range(U(0), L, U(WIDE)):
        store(w, R.OUT.funded + l, where(load(w, R.START + l) < np.inf, 1.0, 0.0))
        store(w, R.OUT.completed + l, where(load(w, R.COMPLETION + l) <= horizon, 1.0, 0.0))
        store(w, R.OUT.cancelled + l, where(load(w, R.CANCELLED_AT + l) < np.inf, 1.0, 0.0))
        store(w, R.OUT.declined + l, where(load(w, deal + R.DEAL_DECLINED + l) < np.inf, 1.0, 0.0))
        store(w, R.OUT.deemed_open + l, load(w, R.DEEMED + l) + load(w, R.CARRY + l))


@fused
def write(values, row, column, x):
    """Put a value, or a row's lanes, into a leaf's values ``(series, path)``."""
    store(values, row * uint64(values.shape[1]) + column, x)


@fused
def write_sums(w, c, g, first_row, values, first, column):
    """Write the outputs that add up over projects, which lie side by side from a row on; return the next place."""
    count = uint64(c[g.sums])
    for i in range(count):
        row = first_row + uint64(c[uint64(g.sums) + U(1) + i]) * L
        for l in range(U(0), L, U(WIDE)):
            write(values, first + i, column + l, load(w, row + l))
    return first + count


@fused
def delay_of(w, p, l):
    """Months from the planned to the actual completion."""
    return 12.0 * (load(w, R.COMPLETION + l) - (load(w, R.PLANNED + l) + p.duration))


@fused
def write_project(w, c, g, p, l, values, first, k):
    """Write what has a rule of its own, rows in the order of `plan.outputs`."""
    # there is no deemed allocation with fixed shares
    deemed = np.nan if g.mode == SPLIT_NONE else 0.0
    completed, funded = defined_if(load(w, R.OUT.completed + l) == 1.0), defined_if(load(w, R.OUT.funded + l) == 1.0)
    called, received, overdue = load(w, R.CALLED + l), load(w, R.RECEIVED + l), load(w, open_row(g) + l)
    cost = load(w, R.OUT.cost + l) / expected_cost(w, c, p, l)
    write(values, first + _Q.cost_overrun, k, cost - 1.0 + completed)
    write(values, first + _Q.overrun_sampled, k, load(w, R.OVERRUN + l) - 1.0 + funded)
    write(values, first + _Q.delay_months, k, delay_of(w, p, l) + completed)
    write(values, first + _Q.irr_funder, k, load(w, R.IRR + l) + defined_if(called > 0.0))
    write(values, first + _Q.moic_funder, k, ratio(load(w, R.RECEIPTS + l), called))
    write(values, first + _Q.payback_years, k, load(w, R.PAYBACK + l) + defined_if(called > 0.0))
    write(values, first + _Q.recovery_years, k, load(w, R.WHOLE + l) + deemed + funded)
    write(values, first + _Q.deemed_share, k, ratio(received, received + overdue) + deemed)


@fused
def project_quantities(w, at, c, g, p, values, column):
    """Write the quantities of one project, rows in the order of `plan.outputs`."""
    first = write_sums(w, c, g, R.OUT[0], values, uint64(p.unit * g.quantities), column)
    if (
        p.n_phases == 1 and g.pooled == 0 and g.call_cap == np.inf
    ):  # nothing is called after the step of the first receipt
        solve(w, at.net.first, g.steps, 1.0 / g.dt)
    else:
        irr(w, at.net.first, g.steps, 1.0 / g.dt)
    for l in range(U(0), L, U(WIDE)):
        write_project(w, c, g, p, l, values, first, column + l)


@fused
def add_project(w, c, g, p, sums):
    """Add a project to the sums of its group or the portfolio."""
    for i in range(U(0), _N_SUMS * L, U(WIDE)):
        add_to(w, sums + R.SUM_OUT[0] + i, load(w, R.OUT[0] + i))
    for l in range(U(0), L, U(WIDE)):
        funded, completed = load(w, R.OUT.funded + l) == 1.0, load(w, R.OUT.completed + l) == 1.0
        size, of = p.budget * load(w, R.SIZE + l), sums + l
        add_to(w, of + R.SUM_RECEIVED, load(w, R.RECEIVED + l))
        add_to(w, of + R.SUM_OVERDUE, load(w, open_row(g) + l))
        add_to(w, of + R.SUM_COMPLETED_COST, where(completed, load(w, R.OUT.cost + l), 0.0))
        add_to(w, of + R.SUM_EXPECTED_COST, where(completed, expected_cost(w, c, p, l), 0.0))
        add_to(w, of + R.SUM_COMPLETED_BUDGET, where(completed, size, 0.0))
        add_to(w, of + R.SUM_DELAY, where(completed, size * delay_of(w, p, l), 0.0))
        add_to(w, of + R.SUM_BUDGET, where(funded, size, 0.0))
        add_to(w, of + R.SUM_DRAWN, where(funded, size * (load(w, R.OVERRUN + l) - 1.0), 0.0))
        if g.mode != SPLIT_NONE:
            years, last = load(w, R.WHOLE + l), load(w, of + R.LAST_WHOLE)
            store(w, of + R.LAST_WHOLE, where(funded & (years > last), years, last))


@fused
def write_group(w, of, l, values, first, k):
    """Write what has a rule of its own; ratios and weighted means are undefined where nothing was completed."""
    called, received, last = load(w, R.GROUP_CALLED + l), load(w, of + R.SUM_RECEIVED), load(w, of + R.LAST_WHOLE)
    cost = ratio(load(w, of + R.SUM_COMPLETED_COST), load(w, of + R.SUM_EXPECTED_COST))
    delay = ratio(load(w, of + R.SUM_DELAY), load(w, of + R.SUM_COMPLETED_BUDGET))
    write(values, first + _Q.cost_overrun, k, cost - 1.0)
    write(values, first + _Q.overrun_sampled, k, ratio(load(w, of + R.SUM_DRAWN), load(w, of + R.SUM_BUDGET)))
    write(values, first + _Q.delay_months, k, delay)
    write(values, first + _Q.irr_funder, k, load(w, R.IRR + l) + defined_if(called > 0.0))
    write(values, first + _Q.moic_funder, k, ratio(load(w, R.GROUP_RECEIPTS + l), called))
    write(values, first + _Q.payback_years, k, load(w, R.GROUP_PAYBACK + l) + defined_if(called > 0.0))
    write(values, first + _Q.recovery_years, k, where(last >= 0.0, last, np.nan))
    write(values, first + _Q.deemed_share, k, ratio(received, received + load(w, of + R.SUM_OVERDUE)))


@fused
def group_quantities(block, account, unit, fans):
    """Write the quantities of a group of projects: a pipeline or the portfolio."""
    w, at, c, g, values, column = block.w, block.at, block.c, block.g, block.leaf.values, block.column
    group_flows(w, at, g, account, fans, column)
    irr(w, at.net.first, g.steps, 1.0 / g.dt)
    sums = account.sums.first
    first = write_sums(w, c, g, sums + R.SUM_OUT[0], values, uint64(unit * g.quantities), column)
    for l in range(U(0), L, U(WIDE)):
        write_group(w, sums + l, l, values, first, column + l)


@fused
def exchange_rate(at, g, n_factors, t):
    """Row of the funder's money per study money at the step's end."""
    return at.factor.first + (t * n_factors + uint64(g.fx_factor)) * L if g.fx_factor >= 0 else R.ONES


@fused
def scheme_values(block, n_factors, row):
    """Write the scheme's values: the funder's flows in its own money, the tariffs it is spared, and all together.

    In its own money at the path's exchange rate and by its own curve; flows of the portfolio lie in ``at.net``.
    """
    w, at, c, g, values, column = block.w, block.at, block.c, block.g, block.leaf.values, block.column
    for sum_ in (R.LOCAL, R.RELIEF, R.SCHEME_LOCAL):
        fill(w, sum_, 0.0)
    for t in range(uint64(g.steps)):
        net, side, fx = at.net.first + t * L, at.side.first + t * L, exchange_rate(at, g, n_factors, t)
        book_side_flows(w, at, c, g, Side(g.relief, R.ONES, R.RELIEF, g.dt), c[uint64(g.discount_funder) + t], t)
        discount = c[uint64(g.discount_local) + t]
        for l in range(U(0), L, U(WIDE)):
            rate, flow = discount * load(w, fx + l), load(w, net + l)
            add_to(w, R.LOCAL + l, rate * flow)
            add_to(w, R.SCHEME_LOCAL + l, rate * (flow + load(w, side + l)))
    for l in range(U(0), L, U(WIDE)):
        k, of, relief = column + l, at.total.first + l, load(w, R.RELIEF + l)
        own, other = load(w, of + R.SUM_OUT.npv_funder), load(w, of + R.SUM_OUT.vendor_margin)
        write(values, row, k, load(w, R.LOCAL + l))
        write(values, row + U(1), k, relief)
        write(values, row + U(2), k, own + other + load(w, of + R.SUM_OUT.supply_chain_benefit) + relief)
        write(values, row + U(3), k, load(w, R.SCHEME_LOCAL + l))
    if g.insured == 1:
        insurer_breaches(block, n_factors, row + U(4))


@fused
def draw_book(block, t):
    """Draw the loss rate of a year that begins with the step on what the insurer had in force already."""
    w, g, per_year = block.w, block.g, uint64(block.g.per_year)
    if t % per_year == U(0):
        year = t // per_year
        if year % U(4) == U(0):
            draw.four_scores(block.draws, w, R.BOOK0, L, g.book_stream, year // U(4))
        look_up(w, R.BOOK0 + year % U(4) * L, R.BOOK_RATE, block.c, g.book_law)


@fused
def insurer_breaches(block, n_factors, row):
    """Write whether the insurer's capital is used up at some step, and whether it insures more than it can."""
    w, at, c, g, values, column = block.w, block.at, block.c, block.g, block.leaf.values, block.column
    capital, capacity = g.capital, g.capacity
    for sum_ in (R.INSURER_LOCAL, R.BREACH, R.FULL, R.BOOK_RATE):
        fill(w, sum_, 0.0)
    for t in range(uint64(g.steps)):
        earned, insured = at.insurer.first + t * L, at.exposure.first + t * L
        fx, in_force = exchange_rate(at, g, n_factors, t), 0.0
        if g.book_law >= 0:
            draw_book(block, t)
            in_force = c[uint64(g.book) + t]
        for l in range(U(0), L, U(WIDE)):
            rate = load(w, fx + l)
            so_far = load(w, R.INSURER_LOCAL + l) + rate * load(w, earned + l) - in_force * load(w, R.BOOK_RATE + l)
            store(w, R.INSURER_LOCAL + l, so_far)
            store(w, R.BREACH + l, where(so_far < -capital, 1.0, load(w, R.BREACH + l)))
            store(w, R.FULL + l, where(rate * load(w, insured + l) > capacity, 1.0, load(w, R.FULL + l)))
    for l in range(U(0), L, U(WIDE)):
        if capital < np.inf:
            write(values, row, column + l, load(w, R.BREACH + l))
        if capacity < np.inf:
            write(values, row + U(1 if capital < np.inf else 0), column + l, load(w, R.FULL + l))
