"""The kernel's entry points: blocks of paths, and a workspace to run them in.

Index legend: s = project, t = step, l = lane. Order within a block: clock, factors, then each project over all its
steps, then the portfolio.
"""

from typing import NamedTuple

import numpy as np
from numba import uint64
from numpy.typing import NDArray

from spvrisk.kernel.cache import cache_folder
from spvrisk.kernel.clock import CHANGE, FATE, NOW, clear, run_clock, sum_up
from spvrisk.kernel.construction import build, draw_duration, draw_overrun, settle_completion
from spvrisk.kernel.factors import simulate_factors
from spvrisk.kernel.lanes import LANES
from spvrisk.kernel.maths import L, U, clause, entry
from spvrisk.kernel.operation import advance_availability, age, draw_contract, operate
from spvrisk.kernel.philox import fill_scores
from spvrisk.kernel.results import (
    N_QUANTITIES,
    N_TIMELINE,
    PARTIALS,
    add_claims,
    add_income,
    add_spending,
    begin_project,
    book_first_call,
    book_flows,
    book_payback,
    book_values,
    book_whole,
    open_row,
    portfolio_quantities,
    project_quantities,
)
from spvrisk.kernel.rows import (
    AVAILABLE,
    CLOSURE,
    COMPLETION,
    N_FIXED,
    RECEIVED,
    SPEND,
    START_RATE,
    STRETCH,
    WORK_END,
    Z0,
    Offsets,
    fill,
    largest,
    latest,
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
from spvrisk.plan.arrays import SPLIT_CUMULATIVE, SPLIT_NONE, SPLIT_PERIODIC, Floats, Plan, Records
from spvrisk.plan.names import FANS, LEAF

MOST_CHANGES = 1000
"""Changes of the clock for which there is room at first where a path is traced; more are counted, but not kept."""


class Work(NamedTuple):
    """Scratch of one thread, used again for every block."""

    w: Floats
    """The workspace (see `kernel.rows`)."""
    u: NDArray[np.uint32]
    """``(4 lanes,)`` words."""
    now: Records
    """``(layer,)`` `kernel.clock.NOW`: the layers of one path."""
    fate: Records
    """``(event,)`` `kernel.clock.FATE`: the events of one path."""
    scale: Floats
    """``(passage,)``: multiples of one path's hazards."""


class Leaf(NamedTuple):
    """What the kernel leaves of up to 4096 consecutive paths."""

    values: Floats
    """``(series, path)``: quantities in the order of `plan.names.Labels.series`; NaN = undefined."""
    tier_one: Floats
    """``(2, path)``: the portfolio's tier-one receipts, and what of it fell due and was not received."""
    partial: Floats
    """``(project, timeline row, step, 8)`` flat: sums by path number mod 8."""
    occupancy: Floats
    """``(2, state, step)``, two steps more than there are: see `state_shares`."""
    fans: NDArray[np.float32]
    """``(fan, step, path)``: portfolio flows by path; no paths where fans are not wanted."""
    trace: Floats
    """``(project, step, row)``: the fixed rows of the first path after each step; no rows where no path is traced."""
    log: Floats
    """``(1 + change, kernel.clock.CHANGE)``: what the clock of the first path did.

    The first entry is the number of changes; no rows where no path is traced.
    """


def make_work(plan: Plan) -> tuple[Offsets, Work]:
    """Lay out and allocate a thread's workspace."""
    at = offsets(plan)
    now, fate = np.zeros(plan.layers.size, NOW), np.zeros(plan.events.size, FATE)
    scale = np.ones(int(plan.study[0]["hazards"]))
    return at, Work(np.zeros(int(at.end)), np.zeros(4 * LANES, np.uint32), now, fate, scale)


def make_leaf(plan: Plan, n_series: int, with_fans: bool, traced: bool = False, changes: int = MOST_CHANGES) -> Leaf:
    """Allocate the results of one leaf, all zero; where a path is traced, with room for some changes of its clock."""
    steps, projects = int(plan.study[0]["steps"]), plan.projects.size
    return Leaf(
        np.zeros((n_series, LEAF)),
        np.zeros((2, LEAF)),
        np.zeros(projects * N_TIMELINE * steps * PARTIALS),
        np.zeros((2, plan.states.size, steps + 2)),
        np.zeros((len(FANS), steps, LEAF if with_fans else 0), np.float32),
        np.zeros((projects, steps, N_FIXED if traced else 0)),
        np.zeros((1 + changes if traced else 0, len(CHANGE))),
    )


@clause
def split_step(w, g, p, rate, begin):
    """Distribute a step's available cash by the agreement's reading of the deemed allocation."""
    spread = p.spread
    if g.mode == SPLIT_PERIODIC:
        fall_due_periodic(w, rate, spread, p.deemed_life)
        tiers(w, g.first_share, g.second_share)
        carry_forward(w, rate, spread, float(g.carry_bears_interest), g.dt)
        if g.interest_before_completion == 1:
            accrue_before_completion(w, rate, spread, WORK_END, begin, g.dt)
    elif g.mode == SPLIT_CUMULATIVE:
        fall_due_cumulative(w, rate, spread, g.dt)
        tiers(w, g.first_share, g.second_share)
        settle_cumulative(w)
    else:
        share_out(w, g.funder_share)


@clause
def book_step(w, at, c, g, sums, s, t, building, selling, n):
    """Book a step of a project: values, payback, portfolio, timeline."""
    stride = uint64(g.steps * PARTIALS)
    first = uint64(s * N_TIMELINE) * stride + t * U(PARTIALS)
    if building or selling:
        book_values(w, c[uint64(g.discount_funder) + t], c[uint64(g.discount_host) + t])
        book_flows(w, at, t, building, selling)
    if building:
        book_first_call(w, t)
        add_spending(w, sums, first, stride, n)
    if selling:
        book_payback(w, t, g.dt)
        add_income(w, sums, first, stride, n)
    add_claims(w, sums, first, stride, n)


@clause
def reference_rate(w, at, g, factors, t):
    """Row of the reference rate at the step's start.

    Observed at the end of the step before, the start value at first.
    """
    k = g.reference_factor
    if t == 0:
        fill(w, START_RATE, factors[k].observed_start)
        return START_RATE
    return at.factor + ((t - U(1)) * uint64(factors.size) + uint64(k)) * L


@clause
def first_operation(w, c, p):
    """Time before which no phase of any lane operates."""
    shortest = p.duration
    for i in range(p.n_phases):
        shortest = min(shortest, c[p.phases + 2 * i + 1])
    return p.start + shortest * smallest(w, STRETCH)


@clause
def first_step(g, time):
    """A step that begins before `time`, by up to two steps."""
    return uint64(min(max(time / g.dt - 1.0, 0.0), float(g.steps)))


@clause
def last_step(g, time):
    """A step that ends after `time`, by up to two steps, or the horizon."""
    return uint64(min(time / g.dt + 1.0, float(g.steps)))


@clause
def keep_rows(w, trace, s, t):
    """Keep the fixed rows of the first path as they are after a project's step."""
    for row in range(N_FIXED):
        trace[s, t, row] = w[uint64(row) * L]


@clause
def run_project(w, u, at, c, g, factors, p, sums, trace, s, seed, path, n):
    """One project over all steps. Clauses that no lane needs at a step are left out: they would add zeros."""
    steps = uint64(g.steps)
    begin_project(w)
    draw_overrun(w, u, c, g, p, seed, path)
    draw_duration(w, u, c, g, p, seed, path)
    settle_completion(w, at, p)
    draw_contract(w, u, c, p, seed, path)
    zero(w, at.net, at.end)
    # a step more on each side: times on a step's bound may round to either
    start, completion = uint64(p.start / g.dt), last_step(g, largest(w, WORK_END))
    opening, closing = first_step(g, first_operation(w, c, p)), last_step(g, latest(w, CLOSURE))
    whole_life = p.deemed_life if g.mode == SPLIT_PERIODIC else 0.0
    whole = first_step(g, smallest(w, COMPLETION) + whole_life)
    for t in range(steps):
        if t <= closing:
            if t % U(4) == 0:
                fill_scores(w, u, Z0, L, seed, path, p.availability_stream, t // U(4))
            advance_availability(w, p, t, Z0 + t % U(4) * L)
        if t < start:
            continue
        x, now = at.factor + t * uint64(factors.size) * L, uint64(g.times) + t
        begin, end = c[now], c[now + U(1)]
        building, selling = t <= completion, opening <= t and t <= closing
        if building:
            build(w, at, x, c, g, p, t, end)
        elif t == completion + U(1):
            fill(w, SPEND, 0.0)
        age(w, p, begin, end)
        if selling:
            operate(w, at, x, c, g, p, t, begin, end)
        elif t == closing + U(1):
            fill(w, AVAILABLE, 0.0)
        split_step(w, g, p, reference_rate(w, at, g, factors, t), begin)
        book_step(w, at, c, g, sums, s, t, building, selling, n)
        if g.mode != SPLIT_NONE and t >= whole:
            book_whole(w, open_row(g), whole_life, end)
        if trace.shape[2] > 0:
            keep_rows(w, trace, s, t)


@clause
def run_clocks(
    w, at, c, g, layers, states, events, now, fate, scale, occupancy, log, values, row, seed, path, column, n
):
    """Run the clock of `n` paths.

    Final states (numbered within their layer) and outcomes go to `values` from `row` on.
    """
    clear(w, at)
    for l in range(n):
        of_path = log if l == 0 else log[:0]
        run_clock(w, at, occupancy, of_path, c, g, layers, states, events, now, fate, scale, seed, path + l, l)
        for i in range(layers.size):
            values[row + i, column + l] = now[i].state - layers[i].first
        for e in range(events.size):
            outcome = fate[e].outcome
            values[row + layers.size + e, column + l] = outcome if outcome >= 0 else np.nan
    sum_up(w, at, g)


@clause
def run_project_results(w, at, c, g, p, values, tier_one, s, column):
    """Quantities of a project that has been run, and its part of the portfolio's tier one."""
    project_quantities(w, at, c, g, p, values, s, column)
    overdue = open_row(g)
    for l in range(L):
        tier_one[0, column + l] = w[RECEIVED + l] + (tier_one[0, column + l] if s > 0 else 0.0)
        tier_one[1, column + l] = w[overdue + l] + (tier_one[1, column + l] if s > 0 else 0.0)


with cache_folder():

    @entry
    def run_paths(plan, at, work, leaf, seed, path, column, n):
        """Run `n` paths from number `path` (a multiple of the lane count) into the columns of a leaf from `column`."""
        # taken apart here, once: a tuple of arrays costs a reference count each at every call it is passed to
        c, g, factors, projects = plan.constants, plan.study[0], plan.factors, plan.projects
        rows, jumps, layers, states, events = plan.rows, plan.jumps, plan.layers, plan.states, plan.events
        w, u, now, fate, scale = work.w, work.u, work.now, work.fate, work.scale
        values, tier_one, sums, occupancy, fans = leaf.values, leaf.tier_one, leaf.partial, leaf.occupancy, leaf.fans
        trace, log = leaf.trace, leaf.log
        scheme = (projects.size + 1) * N_QUANTITIES + 1
        done = U(0)
        while done < n:
            first, here = path + done, column + done
            m = min(L, n - done)
            zero(w, at.calls, at.net)
            run_clocks(
                w,
                at,
                c,
                g,
                layers,
                states,
                events,
                now,
                fate,
                scale,
                occupancy,
                log,
                values,
                scheme,
                seed,
                first,
                here,
                m,
            )
            simulate_factors(w, u, at, c, g, factors, rows, jumps, seed, first)
            for s in range(projects.size):
                run_project(w, u, at, c, g, factors, projects[s], sums, trace, s, seed, first, m)
                run_project_results(w, at, c, g, projects[s], values, tier_one, s, here)
            portfolio_quantities(w, at, c, g, projects, uint64(factors.size), values, tier_one, fans, here)
            done += L


def tree_sums(partial: Floats, rows: int) -> Floats:
    """Join the partial sums of each of `rows` rows by a fixed pairwise tree: ``(rows,)``."""
    x = partial.reshape(rows, PARTIALS)
    while x.shape[1] > 1:
        x = x[:, ::2] + x[:, 1::2]
    return x[:, 0].copy()


def state_shares(occupancy: Floats) -> Floats:
    """Sums over the paths of the share of each step spent in each state, ``(state, step)``, from a leaf's changes."""
    outer, whole = occupancy
    return np.asarray(outer + np.cumsum(whole, axis=1))[:, :-2]
