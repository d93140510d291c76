"""Booking of steps and the quantities of a path (sections 10 and 11 of the model page).

Index legend: s = project (the portfolio comes last), i = quantity, t = step, l = lane, g = group of 8 lanes.
"""

import numpy as np
from numba import uint64

from spvrisk.kernel.irr import irr, solve
from spvrisk.kernel.lanes import LANES
from spvrisk.kernel.maths import L, U, clause
from spvrisk.kernel.rows import (
    AGE_END,
    AVAILABLE,
    CARRY,
    COMPLETION,
    DEEMED,
    DELAY_SCORE,
    DUE,
    FIRST_CALL,
    FUNDER,
    HOST,
    INDEX,
    NPV,
    OVERRUN,
    PAID,
    PAYBACK,
    PV_HOST,
    RECEIPTS,
    RECEIVED,
    REVENUE,
    SPEND,
    WHOLE,
    WORK_END,
    add,
    fill,
)
from spvrisk.kernel.vectors import EIGHT, adds_eights
from spvrisk.plan.arrays import SPLIT_CUMULATIVE, SPLIT_NONE
from spvrisk.plan.names import QUANTITIES, TIMELINE

N_QUANTITIES = len(QUANTITIES)
N_TIMELINE = len(TIMELINE)
PARTIALS = EIGHT
"""Partial sums of a leaf, by path number mod 8: the same additions in the same order for every lane count."""

_add_eights = adds_eights(LANES)
(
    _FUNDED,
    _COMPLETED,
    _CANCELLED,
    _COST,
    _COST_OVERRUN,
    _OVERRUN_DRAWN,
    _DELAY_MONTHS,
    _NPV_FUNDER,
    _PV_HOST,
    _IRR_FUNDER,
    _MULTIPLE_FUNDER,
    _PAYBACK_YEARS,
    _WHOLE_YEARS,
    _DEEMED_SHARE,
    _DEEMED_OPEN,
) = range(N_QUANTITIES)
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
) = (U(i) for i in range(N_TIMELINE))


@clause
def accumulate(w, row, sums, first, n):
    """Add a row to the 8 partial sums that begin at `first`; only the first `n` lanes are paths."""
    if n == L:
        _add_eights(w, row, sums, first)
    else:
        for l in range(n):
            sums[first + l % U(PARTIALS)] += w[row + l]


@clause
def add_spending(w, sums, first, stride, n):
    """Add calls and spend to the timeline. In this slice every spend is called."""
    accumulate(w, SPEND, sums, first + _CALLS * stride, n)
    accumulate(w, SPEND, sums, first + _SPEND * stride, n)


@clause
def add_income(w, sums, first, stride, n):
    """Add what is earned and distributed to the timeline."""
    accumulate(w, REVENUE, sums, first + _REVENUE * stride, n)
    accumulate(w, AVAILABLE, sums, first + _AVAILABLE_CASH * stride, n)
    accumulate(w, FUNDER, sums, first + _DISTRIBUTION_FUNDER * stride, n)
    accumulate(w, HOST, sums, first + _DISTRIBUTION_HOST * stride, n)


@clause
def add_claims(w, sums, first, stride, n):
    """Add what is due, carried and open to the timeline."""
    accumulate(w, DUE, sums, first + _DUE * stride, n)
    accumulate(w, CARRY, sums, first + _CARRY * stride, n)
    accumulate(w, DEEMED, sums, first + _DEEMED_BALANCE * stride, n)


@clause
def book_values(w, discount_funder, discount_host):
    """Present values of the step's flows, at its end."""
    for l in range(L):
        w[NPV + l] += discount_funder * (w[FUNDER + l] - w[SPEND + l])
        w[PV_HOST + l] += discount_host * w[HOST + l]
        w[RECEIPTS + l] += w[FUNDER + l]


@clause
def book_first_call(w, t):
    """Keep the step of the first call."""
    now = float(t)
    for l in range(L):
        first = w[FIRST_CALL + l]
        w[FIRST_CALL + l] = now if first < 0.0 and w[PAID + l] > 0.0 else first


@clause
def book_payback(w, t, dt):
    """Years from the first call until what was received covers what was paid, at the earliest in the step after it."""
    now = float(t)
    for l in range(L):
        first, payback = w[FIRST_CALL + l], w[PAYBACK + l]
        back = first >= 0.0 and first < now and w[RECEIPTS + l] >= w[PAID + l] and payback == np.inf
        w[PAYBACK + l] = (now - first) * dt if back else payback


@clause
def open_row(g):
    """Row of what fell due and was not received: the carry, or the whole balance in the cumulative reading."""
    return DEEMED if g.mode == SPLIT_CUMULATIVE else CARRY


@clause
def book_whole(w, overdue, life, end):
    """Years from completion until the row `overdue` is zero, at an age of at least `life`."""
    for l in range(L):
        years = end - w[COMPLETION + l]
        so_far = w[WHOLE + l]
        whole = w[AGE_END + l] >= life and years >= 0.0 and w[overdue + l] == 0.0 and so_far == np.inf
        w[WHOLE + l] = years if whole else so_far


@clause
def book_flows(w, at, t, building, selling):
    """Keep the project's net flow for its rate of return, and add its flows to the portfolio's."""
    net = at.net + t * L
    for l in range(L):
        w[net + l] = w[FUNDER + l] - w[SPEND + l]
    if building:
        add(w, at.calls + t * L, SPEND)
    if selling:
        add(w, at.receipts + t * L, FUNDER)


@clause
def begin_project(w):
    """State of a project before its first step; the two times are infinite until they are known."""
    for i in range(OVERRUN, DEEMED + L):
        w[i] = 0.0
    fill(w, FIRST_CALL, -1.0)
    fill(w, PAYBACK, np.inf)
    fill(w, WHOLE, np.inf)


@clause
def _ratio(a, b):
    return a / b if b != 0.0 else np.nan


@clause
def project_quantities(w, at, c, g, p, values, s, column):
    """Write the quantities of one project, rows in the order of `plan.names.QUANTITIES`."""
    horizon, planned, expected = c[g.times + g.steps], p.start + p.duration, p.expected_cost
    undefined = np.nan if g.mode == SPLIT_NONE else 0.0
    overdue = open_row(g)
    first = s * N_QUANTITIES
    if p.n_phases == 1:  # all calls come before all receipts
        solve(w, at.net, g.steps, 1.0 / g.dt, INDEX)
    else:
        irr(w, at.net, g.steps, 1.0 / g.dt, INDEX)
    for l in range(L):
        k = column + l
        completed = 1.0 if w[COMPLETION + l] <= horizon else 0.0
        cancelled = 1.0 if w[COMPLETION + l] == np.inf else 0.0
        funded = 0.0 if cancelled == 1.0 and w[WORK_END + l] <= p.due else 1.0
        if_completed = 0.0 if completed == 1.0 else np.nan
        if_funded = 0.0 if funded == 1.0 else np.nan
        if_called = 0.0 if w[PAID + l] > 0.0 else np.nan
        values[first + _FUNDED, k] = funded
        values[first + _COMPLETED, k] = completed
        values[first + _CANCELLED, k] = cancelled
        values[first + _COST, k] = w[PAID + l]
        values[first + _COST_OVERRUN, k] = w[PAID + l] / expected - 1.0 + if_completed
        values[first + _OVERRUN_DRAWN, k] = w[OVERRUN + l] - 1.0 + if_funded
        values[first + _DELAY_MONTHS, k] = 12.0 * (w[COMPLETION + l] - planned) + if_completed
        values[first + _NPV_FUNDER, k] = w[NPV + l]
        values[first + _PV_HOST, k] = w[PV_HOST + l]
        values[first + _IRR_FUNDER, k] = w[INDEX + l] + if_called
        values[first + _MULTIPLE_FUNDER, k] = _ratio(w[RECEIPTS + l], w[PAID + l])
        values[first + _PAYBACK_YEARS, k] = w[PAYBACK + l] + if_called
        values[first + _WHOLE_YEARS, k] = w[WHOLE + l] + undefined + if_funded
        values[first + _DEEMED_SHARE, k] = _ratio(w[RECEIVED + l], w[RECEIVED + l] + w[overdue + l]) + undefined
        values[first + _DEEMED_OPEN, k] = w[DEEMED + l] + w[CARRY + l]


@clause
def _sum_projects(values, n_projects, i, c):
    total = 0.0
    for s in range(n_projects):
        total += values[s * N_QUANTITIES + i, c]
    return total


@clause
def portfolio_ratios(projects, values, tier_one, c):
    """Ratios and weighted means of the portfolio on one path.

    Those of the completed are undefined where nothing was completed.
    """
    n_projects = projects.size
    first = n_projects * N_QUANTITIES
    cost, expected, delay, weight, drawn, budget, whole = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -1.0
    for s in range(n_projects):
        row, p = s * N_QUANTITIES, projects[s]
        if values[row + _COMPLETED, c] == 1.0:
            cost += values[row + _COST, c]
            expected += p.expected_cost
            delay += p.budget * values[row + _DELAY_MONTHS, c]
            weight += p.budget
        if values[row + _FUNDED, c] == 1.0:
            drawn += p.budget * values[row + _OVERRUN_DRAWN, c]
            budget += p.budget
        years = values[row + _WHOLE_YEARS, c]
        whole = years if years > whole else whole  # undefined: not greater
    values[first + _COST_OVERRUN, c] = _ratio(cost, expected) - 1.0
    values[first + _OVERRUN_DRAWN, c] = _ratio(drawn, budget)
    values[first + _DELAY_MONTHS, c] = _ratio(delay, weight)
    values[first + _WHOLE_YEARS, c] = whole if whole >= 0.0 else np.nan
    values[first + _DEEMED_SHARE, c] = _ratio(tier_one[0, c], tier_one[0, c] + tier_one[1, c])


@clause
def keep_fans(w, calls, net, fans, t, column):
    """Keep the portfolio's flows of a step by path, rows in the order of `plan.names.FANS`."""
    for l in range(L):
        fans[0, t, column + l] = w[net + l]
        fans[1, t, column + l] = w[RECEIPTS + l] - w[PAID + l]
        fans[2, t, column + l] = w[calls + l]


@clause
def book_local(w, net, fx, discount):
    """Present value of the funder's flows in its own currency, at the path's exchange rate."""
    for l in range(L):
        w[NPV + l] += discount * w[fx + l] * w[net + l]


@clause
def portfolio_flows(w, at, c, g, n_factors, fans, column):
    """Flows of the portfolio step by step: payback, totals, value in the funder's own currency, fans."""
    begin_project(w)
    fill(w, INDEX, 1.0)
    for t in range(uint64(g.steps)):
        calls, receipts, net = at.calls + t * L, at.receipts + t * L, at.net + t * L
        for l in range(L):
            w[net + l] = w[receipts + l] - w[calls + l]
        add(w, RECEIPTS, receipts)
        add(w, PAID, calls)
        book_first_call(w, t)
        book_payback(w, t, g.dt)
        fx = at.factor + (t * n_factors + uint64(g.fx_factor)) * L if g.fx_factor >= 0 else INDEX
        book_local(w, net, fx, c[uint64(g.discount_local) + t])
        if fans.shape[2] > 0:
            keep_fans(w, calls, net, fans, t, column)


@clause
def portfolio_quantities(w, at, c, g, projects, n_factors, values, tier_one, fans, column):
    """Write the quantities of the portfolio and the value in the funder's currency."""
    n_projects = projects.size
    first = n_projects * N_QUANTITIES
    portfolio_flows(w, at, c, g, n_factors, fans, column)
    irr(w, at.net, g.steps, 1.0 / g.dt, DELAY_SCORE)
    for l in range(L):
        column_of = column + l
        if_called = 0.0 if w[PAID + l] > 0.0 else np.nan
        for i in (_FUNDED, _COMPLETED, _CANCELLED, _COST, _NPV_FUNDER, _PV_HOST, _DEEMED_OPEN):
            values[first + i, column_of] = _sum_projects(values, n_projects, i, column_of)
        portfolio_ratios(projects, values, tier_one, column_of)
        values[first + _IRR_FUNDER, column_of] = w[DELAY_SCORE + l] + if_called
        values[first + _MULTIPLE_FUNDER, column_of] = _ratio(w[RECEIPTS + l], w[PAID + l])
        values[first + _PAYBACK_YEARS, column_of] = w[PAYBACK + l] + if_called
        values[first + N_QUANTITIES, column_of] = w[NPV + l]
