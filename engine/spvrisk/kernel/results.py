"""Booking of steps and the quantities of a path (sections 10 and 11 of the model page).

Index legend: s = project (the portfolio comes last), i = quantity, t = step, l = lane, g = group of 64 lanes.
"""

import numpy as np
from numba import uint64

from spvrisk.kernel.irr import irr
from spvrisk.kernel.lanes import LANES
from spvrisk.kernel.maths import L, U, clause
from spvrisk.kernel.rows import (
    AVAILABLE,
    CARRY,
    COMPLETION,
    COSTS,
    COST_SCORE,
    DEEMED,
    DELAY_SCORE,
    DUE,
    FIRST_CALL,
    FUNDER,
    HOST,
    INDEX,
    NET,
    NPV,
    OUTPUT,
    OVERRUN,
    PAID,
    PAYBACK,
    PV_HOST,
    RECEIPTS,
    RECEIVED,
    REVENUE,
    SPEND,
    WHOLE,
    add,
    fill,
)
from spvrisk.plan.arrays import SPLIT_NONE
from spvrisk.plan.names import QUANTITIES, TIMELINE

N_QUANTITIES = len(QUANTITIES)
N_TIMELINE = len(TIMELINE)
PARTIALS = 64
"""Partial sums of a leaf, by path number mod 64: the same additions in the same order for every lane count."""

_GROUPS = U(LANES // PARTIALS)
_G = U(PARTIALS)
(
    _FUNDED,
    _COMPLETED,
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


@clause
def accumulate(w, row, sums, first, n):  # type: ignore[no-untyped-def]
    """Add a row to the 64 partial sums that begin at `first`; only the first `n` lanes are paths."""
    if n == L:
        for g in range(_GROUPS):
            for l in range(_G):
                sums[first + l] += w[row + g * _G + l]
    else:
        for l in range(n):
            sums[first + l % _G] += w[row + l]


@clause
def book_timeline(w, sums, first, stride, n):  # type: ignore[no-untyped-def]
    """Add a project's step to the timeline, rows in the order of `plan.names.TIMELINE`. In this slice every spend is called."""
    accumulate(w, SPEND, sums, first, n)
    accumulate(w, SPEND, sums, first + stride, n)
    accumulate(w, REVENUE, sums, first + U(2) * stride, n)
    accumulate(w, AVAILABLE, sums, first + U(3) * stride, n)
    accumulate(w, FUNDER, sums, first + U(4) * stride, n)
    accumulate(w, HOST, sums, first + U(5) * stride, n)
    accumulate(w, DUE, sums, first + U(6) * stride, n)
    accumulate(w, CARRY, sums, first + U(7) * stride, n)
    accumulate(w, DEEMED, sums, first + U(8) * stride, n)


@clause
def book_values(w, discount_funder, discount_host):  # type: ignore[no-untyped-def]
    """Present values of the step's flows, at its end."""
    for l in range(L):
        w[NPV + l] += discount_funder * (w[FUNDER + l] - w[SPEND + l])
        w[PV_HOST + l] += discount_host * w[HOST + l]
        w[RECEIPTS + l] += w[FUNDER + l]


@clause
def book_payback(w, calls, receipts, t, dt):  # type: ignore[no-untyped-def]
    """Years from the first call until the running net flow is no longer negative."""
    now = float(t)
    for l in range(L):
        net = w[NET + l] + (w[receipts + l] - w[calls + l])
        first = w[FIRST_CALL + l]
        back = first >= 0.0 and net >= 0.0 and w[PAYBACK + l] == np.inf
        w[PAYBACK + l] = (now - first) * dt if back else w[PAYBACK + l]
        w[FIRST_CALL + l] = now if first < 0.0 and w[calls + l] > 0.0 else first
        w[NET + l] = net


@clause
def book_whole(w, life, end):  # type: ignore[no-untyped-def]
    """Years from completion until nothing of the deemed allocation is open (`life` = 0 in the cumulative reading)."""
    for l in range(L):
        years = end - w[COMPLETION + l]
        whole = years >= life and years >= 0.0 and w[CARRY + l] == 0.0 and w[WHOLE + l] == np.inf
        w[WHOLE + l] = years if whole else w[WHOLE + l]


@clause
def book_flows(w, at, t):  # type: ignore[no-untyped-def]
    """Keep the project's net flow for its rate of return, and add its flows to the portfolio's."""
    net = at.net + t * L
    for l in range(L):
        w[net + l] = w[FUNDER + l] - w[SPEND + l]
    add(w, at.calls + t * L, SPEND)
    add(w, at.receipts + t * L, FUNDER)


@clause
def begin_project(w):  # type: ignore[no-untyped-def]
    """State of a project before its first step; the two times are infinite until they are known."""
    for i in range(OVERRUN, DEEMED + L):
        w[i] = 0.0
    fill(w, FIRST_CALL, -1.0)
    fill(w, PAYBACK, np.inf)
    fill(w, WHOLE, np.inf)


@clause
def _ratio(a, b):  # type: ignore[no-untyped-def]
    return a / b if b != 0.0 else np.nan


@clause
def project_quantities(w, at, plan, values, s, column):  # type: ignore[no-untyped-def]
    """Write the quantities of one project, rows in the order of `plan.names.QUANTITIES`."""
    p, grid = plan.projects, plan.grid
    horizon = grid.steps * grid.dt
    planned = p.start[s] + p.duration[s]
    steps_per_year = 1.0 / grid.dt
    expected = p.expected_cost[s]
    undefined = np.nan if plan.agreement.mode == SPLIT_NONE else 0.0
    first = s * N_QUANTITIES
    irr(w, at.net, grid.steps, steps_per_year, RECEIPTS, INDEX, COSTS, OUTPUT, 0)
    for l in range(L):
        c = column + l
        completed = 1.0 if w[COMPLETION + l] <= horizon else 0.0
        if_completed = 0.0 if completed == 1.0 else np.nan
        values[first + _FUNDED, c] = 1.0
        values[first + _COMPLETED, c] = completed
        values[first + _COST, c] = w[PAID + l]
        values[first + _COST_OVERRUN, c] = w[PAID + l] / expected - 1.0 + if_completed
        values[first + _OVERRUN_DRAWN, c] = w[OVERRUN + l] - 1.0
        values[first + _DELAY_MONTHS, c] = 12.0 * (w[COMPLETION + l] - planned) + if_completed
        values[first + _NPV_FUNDER, c] = w[NPV + l]
        values[first + _PV_HOST, c] = w[PV_HOST + l]
        values[first + _IRR_FUNDER, c] = w[INDEX + l]
        values[first + _MULTIPLE_FUNDER, c] = _ratio(w[RECEIPTS + l], w[PAID + l])
        values[first + _PAYBACK_YEARS, c] = w[PAYBACK + l]
        values[first + _WHOLE_YEARS, c] = w[WHOLE + l] + undefined
        values[first + _DEEMED_SHARE, c] = _ratio(w[RECEIVED + l], w[RECEIVED + l] + w[CARRY + l]) + undefined
        values[first + _DEEMED_OPEN, c] = w[DEEMED + l] if plan.agreement.mode != 0 else w[CARRY + l] + w[DEEMED + l]


@clause
def begin_portfolio(w, at):  # type: ignore[no-untyped-def]
    """Clear the portfolio's flows."""
    for i in range(at.calls, at.net):
        w[i] = 0.0


@clause
def _sum_projects(values, n_projects, i, c):  # type: ignore[no-untyped-def]
    total = 0.0
    for s in range(n_projects):
        total += values[s * N_QUANTITIES + i, c]
    return total


@clause
def portfolio_ratios(plan, values, tier_one, n_projects, c):  # type: ignore[no-untyped-def]
    """Ratios and weighted means of the portfolio on one path; those of the completed are undefined where nothing was completed."""
    p = plan.projects
    first = n_projects * N_QUANTITIES
    cost, expected, delay, weight, drawn, budget, whole = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for s in range(n_projects):
        row = s * N_QUANTITIES
        if values[row + _COMPLETED, c] == 1.0:
            cost += values[row + _COST, c]
            expected += p.expected_cost[s]
            delay += p.budget[s] * values[row + _DELAY_MONTHS, c]
            weight += p.budget[s]
        drawn += p.budget[s] * values[row + _OVERRUN_DRAWN, c]
        budget += p.budget[s]
        years = values[row + _WHOLE_YEARS, c]
        whole = years if np.isnan(years) or years > whole else whole
    values[first + _COST_OVERRUN, c] = _ratio(cost, expected) - 1.0
    values[first + _OVERRUN_DRAWN, c] = _ratio(drawn, budget)
    values[first + _DELAY_MONTHS, c] = _ratio(delay, weight)
    values[first + _WHOLE_YEARS, c] = whole
    values[first + _DEEMED_SHARE, c] = _ratio(tier_one[0, c], tier_one[0, c] + tier_one[1, c])


@clause
def portfolio_flows(w, at, plan, values, fans, scheme_row, column):  # type: ignore[no-untyped-def]
    """Flows of the portfolio step by step: payback, value in the funder's own currency, fans."""
    agreement, grid = plan.agreement, plan.grid
    n_factors = uint64(plan.factors.stream.size)
    begin_project(w)
    fill(w, COST_SCORE, 0.0)
    for t in range(uint64(grid.steps)):
        calls, receipts, net = at.calls + t * L, at.receipts + t * L, at.net + t * L
        book_payback(w, calls, receipts, t, grid.dt)
        for l in range(L):
            w[net + l] = w[receipts + l] - w[calls + l]
            w[RECEIPTS + l] += w[receipts + l]
            w[PAID + l] += w[calls + l]
        local = agreement.discount_local[t]
        if agreement.fx_factor >= 0:
            fx = at.factor + (t * n_factors + uint64(agreement.fx_factor)) * L
            for l in range(L):
                w[COST_SCORE + l] += local * w[fx + l] * w[net + l]
        else:
            for l in range(L):
                w[COST_SCORE + l] += local * w[net + l]
        if fans.shape[2] > 0:
            for l in range(L):
                fans[0, t, column + l] = w[net + l]
                fans[1, t, column + l] = w[NET + l]
                fans[2, t, column + l] = w[calls + l]
    for l in range(L):
        values[scheme_row, column + l] = w[COST_SCORE + l]


@clause
def portfolio_quantities(w, at, plan, values, tier_one, fans, column):  # type: ignore[no-untyped-def]
    """Write the quantities of the portfolio and the value in the funder's currency."""
    n_projects = plan.projects.budget.size
    first = n_projects * N_QUANTITIES
    portfolio_flows(w, at, plan, values, fans, first + N_QUANTITIES, column)
    irr(w, at.net, plan.grid.steps, 1.0 / plan.grid.dt, RECEIPTS, DELAY_SCORE, COSTS, OUTPUT, 1)
    for l in range(L):
        c = column + l
        for i in (_FUNDED, _COMPLETED, _COST, _NPV_FUNDER, _PV_HOST, _DEEMED_OPEN):
            values[first + i, c] = _sum_projects(values, n_projects, i, c)
        portfolio_ratios(plan, values, tier_one, n_projects, c)
        values[first + _IRR_FUNDER, c] = w[DELAY_SCORE + l]
        values[first + _MULTIPLE_FUNDER, c] = _ratio(w[RECEIPTS + l], w[PAID + l])
        values[first + _PAYBACK_YEARS, c] = w[PAYBACK + l]
