"""The kernel's entry points: blocks of paths, and a workspace to run them in.

Index legend: s = project, t = step, l = lane. Order within a block: clock, factors, then each project over all its steps, then the portfolio.
"""

from typing import NamedTuple

import numpy as np
from numba import uint64
from numpy.typing import NDArray

from spvrisk.kernel.cache import cache_folder
from spvrisk.kernel.clock import ClockState, clock_state, clocks
from spvrisk.kernel.construction import build, draw_completion, draw_overrun
from spvrisk.kernel.factors import simulate_factors
from spvrisk.kernel.lanes import LANES
from spvrisk.kernel.maths import L, U, clause, entry
from spvrisk.kernel.operation import advance_availability, age, draw_contract, operate
from spvrisk.kernel.philox import fill_scores
from spvrisk.kernel.results import (
    N_QUANTITIES,
    N_TIMELINE,
    PARTIALS,
    begin_portfolio,
    begin_project,
    book_flows,
    book_payback,
    book_timeline,
    book_values,
    book_whole,
    portfolio_quantities,
    project_quantities,
)
from spvrisk.kernel.rows import (
    AVAILABLE,
    CARRY,
    COMPLETION,
    FUNDER,
    RECEIVED,
    REVENUE,
    SPEND,
    START_RATE,
    STRETCH,
    Z0,
    Offsets,
    fill,
    largest,
    offsets,
    smallest,
    zero,
)
from spvrisk.kernel.split import (
    accrue_before_completion,
    carry_forward,
    fall_due_cumulative,
    fall_due_periodic,
    settle_cumulative,
    share_out,
    tiers,
)
from spvrisk.plan.arrays import SPLIT_CUMULATIVE, SPLIT_NONE, SPLIT_PERIODIC, Floats, Plan
from spvrisk.plan.names import FANS, LEAF


class Work(NamedTuple):
    """Scratch of one thread, used again for every block."""

    w: Floats
    """The workspace (see `kernel.rows`)."""
    u: NDArray[np.uint32]
    """``(4 lanes,)`` words."""
    now: ClockState


class Leaf(NamedTuple):
    """What the kernel leaves of up to 4096 consecutive paths."""

    values: Floats
    """``(series, path)``: quantities in the order of `plan.names.Labels.series`; NaN = undefined."""
    tier_one: Floats
    """``(2, path)``: the portfolio's tier-one receipts, and what of it fell due and was not received."""
    partial: Floats
    """``(project, timeline row, step, 64)`` flat: sums by path number mod 64."""
    occupancy: Floats
    """``(state, step)``: sums of time shares."""
    fans: NDArray[np.float32]
    """``(fan, step, path)``: portfolio flows by path; no paths where fans are not wanted."""


def make_work(plan: Plan) -> tuple[Offsets, Work]:
    """Lay out and allocate a thread's workspace."""
    at = offsets(plan)
    return at, Work(np.zeros(int(at.end)), np.zeros(4 * LANES, np.uint32), clock_state(plan.clock))


def make_leaf(plan: Plan, n_series: int, with_fans: bool) -> Leaf:
    """Allocate the results of one leaf, all zero."""
    steps, projects = plan.grid.steps, plan.projects.budget.size
    return Leaf(
        np.zeros((n_series, LEAF)),
        np.zeros((2, LEAF)),
        np.zeros(projects * N_TIMELINE * steps * PARTIALS),
        np.zeros((plan.clock.layer_of.size, steps)),
        np.zeros((len(FANS), steps, LEAF if with_fans else 0), np.float32),
    )


@clause
def split_step(w, agreement, p, s, rate, begin, dt):  # type: ignore[no-untyped-def]
    """Distribute a step's available cash by the agreement's reading of the deemed allocation."""
    spread, life = p.spread[s], p.deemed_life[s]
    if agreement.mode == SPLIT_PERIODIC:
        fall_due_periodic(w, rate, spread, life)
        tiers(w, agreement.first_share, agreement.second_share)
        carry_forward(w, rate, spread, float(agreement.carry_bears_interest), dt)
        if agreement.interest_before_completion == 1:
            accrue_before_completion(w, rate, spread, COMPLETION, begin, dt)
    elif agreement.mode == SPLIT_CUMULATIVE:
        fall_due_cumulative(w, rate, spread, dt)
        tiers(w, agreement.first_share, agreement.second_share)
        settle_cumulative(w)
    else:
        share_out(w, agreement.funder_share)


@clause
def book_step(w, at, plan, sums, s, t, n):  # type: ignore[no-untyped-def]
    """Book a step of a project: values, payback, portfolio, timeline."""
    agreement, grid = plan.agreement, plan.grid
    book_values(w, agreement.discount_funder[t], agreement.discount_host[t])
    book_payback(w, SPEND, FUNDER, t, grid.dt)
    if agreement.mode != SPLIT_NONE:
        life = plan.projects.deemed_life[s] if agreement.mode == SPLIT_PERIODIC else 0.0
        book_whole(w, life, (t + 1.0) * grid.dt)
    book_flows(w, at, t)
    stride = uint64(grid.steps * PARTIALS)
    first = uint64(s * N_TIMELINE) * stride + t * U(PARTIALS)
    book_timeline(w, sums, first, stride, n)


@clause
def reference_rate(w, at, plan, t):  # type: ignore[no-untyped-def]
    """Row of the reference rate at the step's start: observed at the end of the step before, the start value at first."""
    k = plan.agreement.reference_factor
    if k < 0 or t == 0:
        fill(w, START_RATE, plan.factors.observed_start[max(k, 0)])
        return START_RATE
    return at.factor + ((t - U(1)) * uint64(plan.factors.stream.size) + uint64(k)) * L


@clause
def _first_operation(w, p, s):  # type: ignore[no-untyped-def]
    """Time at which the first phase of any lane begins to operate."""
    shortest = p.phase_duration[p.phase_start[s]]
    for i in range(p.phase_start[s], p.phase_start[s + 1]):
        shortest = min(shortest, p.phase_duration[i])
    return p.start[s] + shortest * smallest(w, STRETCH)


@clause
def run_project(w, u, at, plan, sums, s, seed, path, n):  # type: ignore[no-untyped-def]
    """One project over all steps. Clauses that no lane needs at a step are left out: they would add zeros."""
    p, grid, tables, baskets = plan.projects, plan.grid, plan.tables, plan.baskets
    steps, dt = uint64(grid.steps), grid.dt
    begin_project(w)
    draw_overrun(w, u, p, tables, s, seed, path)
    draw_completion(w, u, p, tables, s, seed, path)
    draw_contract(w, u, p, tables, s, seed, path)
    zero(w, at.net, at.net + steps * L)
    start, completion = uint64(p.start[s] / dt), uint64(largest(w, COMPLETION) / dt)
    opening, closing = uint64(_first_operation(w, p, s) / dt), uint64((largest(w, COMPLETION) + p.life[s]) / dt)
    for t in range(steps):
        if t % U(4) == 0:
            fill_scores(w, u, Z0, L, seed, path, p.availability_stream[s], t // U(4))
        advance_availability(w, p, s, t, Z0 + t % U(4) * L)
        if t < start:
            continue
        x = at.factor + t * uint64(plan.factors.stream.size) * L
        begin = t * dt
        if t <= completion:
            build(w, at, x, p, tables, baskets, grid, s, t)
        elif t == completion + U(1):
            fill(w, SPEND, 0.0)
        age(w, p, s, begin, begin + dt)
        if opening <= t and t <= closing:
            operate(w, x, p, tables, baskets, grid, s, t, 1.0 / plan.money_unit)
        elif t == closing + U(1):
            fill(w, REVENUE, 0.0)
            fill(w, AVAILABLE, 0.0)
        split_step(w, plan.agreement, p, s, reference_rate(w, at, plan, t), begin, dt)
        book_step(w, at, plan, sums, s, t, n)


@clause
def run_block(plan, at, work, leaf, seed, path, column, n):  # type: ignore[no-untyped-def]
    """One block of lanes; the first `n` of them are paths that count."""
    w, u = work.w, work.u
    n_projects = plan.projects.budget.size
    zero(w, at.attribute, at.calls)
    scheme = (n_projects + 1) * N_QUANTITIES + 1
    clocks(w, at, leaf.occupancy, leaf.values, scheme, column, plan.clock, plan.grid, work.now, seed, path, n)
    simulate_factors(w, u, at, plan.factors, plan.tables, plan.grid, seed, path)
    begin_portfolio(w, at)
    for l in range(L):
        leaf.tier_one[0, column + l] = 0.0
        leaf.tier_one[1, column + l] = 0.0
    for s in range(n_projects):
        run_project(w, u, at, plan, leaf.partial, s, seed, path, n)
        project_quantities(w, at, plan, leaf.values, s, column)
        for l in range(L):
            leaf.tier_one[0, column + l] += w[RECEIVED + l]
            leaf.tier_one[1, column + l] += w[CARRY + l]
    portfolio_quantities(w, at, plan, leaf.values, leaf.tier_one, leaf.fans, column)


with cache_folder():

    @entry
    def run_paths(plan, at, work, leaf, seed, path, column, n):  # type: ignore[no-untyped-def]
        """Run `n` paths from number `path` (a multiple of the lane count) into the columns of a leaf from `column`."""
        done = U(0)
        while done < n:
            run_block(plan, at, work, leaf, seed, path + done, column + done, min(L, n - done))
            done += L


def tree_sums(partial: Floats, rows: int) -> Floats:
    """Join the 64 partial sums of each of `rows` rows by a fixed pairwise tree: ``(rows,)``."""
    x = partial.reshape(rows, PARTIALS)
    while x.shape[1] > 1:
        x = x[:, ::2] + x[:, 1::2]
    return x[:, 0].copy()
