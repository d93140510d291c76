"""The kernel's entry points: blocks of paths, and a workspace to run them in.

Index legend: s = project, t = step, l = lane. Order within a block: clock, factors, then each project over all its
steps, then the portfolio.
"""

from typing import NamedTuple

import numpy as np
from numba import uint64
from numpy.typing import NDArray

from spvrisk.kernel.clock import CHANGE, FATE, HELD, NOW, clear, draw_ahead, run_clock, sum_up
from spvrisk.kernel.construction import (
    accrue_debt,
    build,
    draw_duration,
    draw_law,
    draw_overrun,
    settle_completion,
    settle_funding,
    wind_up,
)
from spvrisk.kernel.factors import reference_rate, simulate_factors
from spvrisk.kernel.lanes import LANES
from spvrisk.kernel.maths import L, U, borrow, entry, fused
from spvrisk.kernel.operation import advance_availability, age, draw_contract, draw_plant, operate
from spvrisk.kernel.philox import fill_scores
from spvrisk.kernel.pool import begin_sharing, catch_up, keep_cash, keep_partner, recall_part, share_together
from spvrisk.kernel.results import (
    PARTIALS,
    add_claims,
    add_group,
    add_income,
    add_marks,
    add_project,
    add_spending,
    begin_project,
    begin_sums,
    book_fee,
    book_first_call,
    book_flows,
    book_payback,
    book_side_flows,
    book_values,
    book_whole,
    group_quantities,
    project_quantities,
    scheme_values,
)
from spvrisk.kernel.rows import (
    ADJUSTED,
    AVAILABLE,
    CALL,
    CANCELLED_AT,
    CLOSURE,
    COMPLETION,
    DEAL_DECLINED,
    DEAL_FUNDED,
    DEAL_STOP,
    DEBT_SERVICE,
    FEE_PAID,
    HOST_COST,
    LENT,
    N_FIXED,
    ONES,
    OUTFLOW,
    OUTPUT,
    PAID,
    PV_SUPPLY,
    PV_VENDOR,
    REVENUE,
    SALVAGE,
    SALVAGED,
    SPEND,
    START,
    STRETCH,
    THRESHOLD,
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
from spvrisk.kernel.selection import DEAL, FLOW, TILL, deal_of, draw_defaults, draw_selection
from spvrisk.kernel.split import distribute, fall_due, open_row, settle, test_shares
from spvrisk.kernel.stack import add_loans, begin_stack, fund, write_off
from spvrisk.plan.arrays import SPLIT_NONE, SPLIT_PERIODIC, Floats, Plan, Records
from spvrisk.plan.names import FANS, LEAF

MOST_CHANGES = 1000
"""Changes of the clock for which there is room at first where a path is traced; more are counted, but not kept."""


class Work(NamedTuple):
    """Scratch of one thread, used again for every block."""

    w: Floats
    """The workspace (see `kernel.rows`)."""
    u: NDArray[np.uint32]
    """``(12 lanes,)``: words of four draws, and scratch for their scores."""
    now: Records
    """``(layer,)`` `kernel.clock.NOW`: the layers of one path."""
    fate: Records
    """``(event,)`` `kernel.clock.FATE`: the events of one path."""
    scale: Floats
    """``(passage,)``: multiples of one path's hazards."""
    held: Records
    """``(product,)`` `kernel.clock.HELD`."""
    deals: Records
    """``(s,)`` `kernel.selection.DEAL`: what is to happen to the projects of one path."""
    flow: Records
    """``(pipeline,)`` `kernel.selection.FLOW`: the pipelines of one path."""
    till: Records
    """``(1,)`` `kernel.selection.TILL`: what is committed on one path."""


class Leaf(NamedTuple):
    """What the kernel leaves of up to 4096 consecutive paths."""

    values: Floats
    """``(series, path)``: quantities in the order of `plan.names.Labels.series`; NaN = undefined."""
    partial: Floats
    """``(unit, timeline row, step, 8)`` flat: sums by path number mod 8."""
    occupancy: Floats
    """``(2, state, step)``, two steps more than there are: see `state_shares`."""
    marks: Floats
    """``(mark, step, 8)`` flat: sums of the clock's marks by path number mod 8, which checks of a run compare."""
    fans: NDArray[np.float32]
    """``(fan, step, path)``: portfolio flows by path; no paths where fans are not wanted."""
    trace: Floats
    """``(s, step, row)``: the fixed rows of the first path after each step; no rows where no path is traced."""
    log: Floats
    """``(1 + change, kernel.clock.CHANGE)``: what the clock of the first path did.

    The first entry is the number of changes; no rows where no path is traced.
    """


def make_work(plan: Plan) -> tuple[Offsets, Work]:
    """Lay out and allocate a thread's workspace."""
    at, g = offsets(plan), plan.study[0]
    return at, Work(
        np.zeros(int(at.end)),
        np.zeros(12 * LANES, np.uint32),
        np.zeros(plan.layers.size, NOW),
        np.zeros(plan.events.size, FATE),
        np.ones(int(g["hazards"])),
        np.zeros(int(g["n_products"]), HELD),
        np.zeros(plan.projects.size, DEAL),
        np.zeros(plan.pipelines.size, FLOW),
        np.zeros(1, TILL),
    )


def make_leaf(plan: Plan, n_series: int, with_fans: bool, traced: bool = False, changes: int = MOST_CHANGES) -> Leaf:
    """Allocate the results of one leaf, all zero; where a path is traced, with room for some changes of its clock."""
    steps, units, projects = int(plan.study[0]["steps"]), int(plan.study[0]["units"]), plan.projects.size
    return Leaf(
        np.zeros((n_series, LEAF)),
        np.zeros(units * int(plan.study[0]["timeline_rows"]) * steps * PARTIALS),
        np.zeros((2, plan.states.size, steps + 2)),
        np.zeros(int(plan.study[0]["marks"]) * steps * PARTIALS),
        np.zeros((len(FANS), steps, LEAF if with_fans else 0), np.float32),
        np.zeros((projects, steps, N_FIXED if traced else 0)),
        np.zeros((1 + changes if traced else 0, len(CHANGE))),
    )


@fused
def split_step(w, at, g, p, rate, s, t, begin):
    """Distribute a step's available cash: by the project's own terms, or as projects that share cash have settled."""
    if g.adjusts == 1 and g.coupled == 0:
        test_shares(w, g, ADJUSTED, COMPLETION, open_row(g), PAID, begin)
    fall_due(w, g, p, rate)
    if g.coupled == 1:
        recall_part(w, at, g, s, t)
    else:
        distribute(w, g)
    settle(w, g, p, rate, begin)


@fused
def book_step(w, at, c, g, p, sums, calls, receipts, t, building, earning, n):
    """Book a step of a project: values, side flows, payback, its group or the portfolio, timeline."""
    stride = uint64(g.steps * PARTIALS)
    first = uint64(p.unit * g.timeline_rows) * stride + t * U(PARTIALS)
    discount = c[uint64(g.discount_funder) + t]
    if building or earning:
        book_values(w, discount, c[uint64(g.discount_host) + t])
        book_flows(w, at, calls, receipts, t, building, earning)
    if building:
        book_first_call(w, t)
        book_side_flows(w, at, c, g, p.spend_flows, SPEND, PV_VENDOR, 1.0, discount, t)
        add_spending(w, sums, first, stride, n)
    if earning:
        book_payback(w, t, g.dt)
        book_side_flows(w, at, c, g, p.output_flows, OUTPUT, PV_SUPPLY, 1.0 / g.money_unit, discount, t)
        if p.fee_law >= 0:
            book_fee(w, discount)
        add_income(w, sums, first, stride, n)
    if g.stack == 1:
        add_loans(w, sums, first, stride, n)
    add_claims(w, sums, first, stride, n)


@fused
def first_operation(w, c, p):
    """Time before which no phase of any lane operates."""
    shortest = p.duration
    for i in range(p.n_phases):
        shortest = min(shortest, c[p.phases + 2 * i + 1])
    return smallest(w, START) + shortest * smallest(w, STRETCH)


@fused
def first_step(g, time):
    """A step that begins before `time`, by up to two steps."""
    return uint64(min(max(time / g.dt - 1.0, 0.0), float(g.steps)))


@fused
def last_step(g, time):
    """A step that ends after `time`, by up to two steps, or the horizon."""
    return uint64(min(time / g.dt + 1.0, float(g.steps)))


@fused
def keep_rows(w, trace, s, t):
    """Keep the fixed rows of the first path as they are after a project's step."""
    for row in range(N_FIXED):
        trace[s, t, row] = w[uint64(row) * L]


@fused
def draw_project(w, u, at, deal, c, g, p, seed, path):
    """All that is drawn once a path of a project, and the times that follow from it."""
    begin_project(w)
    if g.stack == 1:
        begin_stack(w, at)
    settle_funding(w, u, deal, c, p, seed, path)
    draw_overrun(w, u, c, g, p, seed, path)
    draw_duration(w, u, c, g, p, seed, path)
    draw_law(w, u, THRESHOLD, c, p.threshold_law, p.threshold_stream, np.inf, seed, path)
    draw_law(w, u, SALVAGE, c, p.salvage_law, p.salvage_stream, 0.0, seed, path)
    draw_contract(w, u, c, p, seed, path)
    draw_plant(w, u, c, p, seed, path)
    settle_completion(w, at, deal, p)


@fused
def rest_from_building(w):
    """No lane builds any more."""
    for row in (SPEND, CALL, OUTFLOW, HOST_COST, LENT, SALVAGED):
        fill(w, row, 0.0)


@fused
def rest_from_selling(w):
    """No lane operates any more."""
    for row in (REVENUE, OUTPUT, AVAILABLE, DEBT_SERVICE, FEE_PAID):
        fill(w, row, 0.0)


@fused
def run_steps(w, u, at, c, g, factors, p, sums, trace, calls, receipts, s, rehearsing, seed, path, n):
    """All steps of a project, if any lane has funded it; clauses that no lane needs are left out: they add zeros.

    A rehearsal ends with the available cash and keeps it.
    """
    zero(w, at.net, at.end)
    if smallest(w, START) == np.inf:
        return
    # a step more on each side: times on a step's bound may round to either
    start = first_step(g, min(smallest(w, START), smallest(w, CANCELLED_AT)))
    completion, whole_life = last_step(g, largest(w, WORK_END)), p.deemed_life if g.mode == SPLIT_PERIODIC else 0.0
    opening, closing = first_step(g, first_operation(w, c, p)), last_step(g, latest(w, CLOSURE))
    ramping = last_step(g, latest(w, WORK_END) + c[uint64(p.ramp_up)]) if c[uint64(p.ramp_up)] > 0.0 else U(0)
    whole = first_step(g, smallest(w, COMPLETION) + whole_life)
    ends_early = p.salvage_law >= 0 or p.termination_fee > 0.0
    for t in range(uint64(g.steps)):
        if t <= closing:
            if t % U(4) == 0:
                fill_scores(w, u, Z0, L, seed, path, p.availability_stream, t // U(4))
            advance_availability(w, p, t, Z0 + t % U(4) * L)
        if t < start:
            continue
        x, now = at.factor + t * uint64(factors.size) * L, uint64(g.times) + t
        begin, end = c[now], c[now + U(1)]
        building, selling = t <= completion, opening <= t and t <= closing
        # the pool may pay a project that does not operate
        earning = selling or (building and ends_early) or g.pooled == 1
        if building:
            build(w, at, x, c, g, p, t, begin, end)
        elif t == completion + U(1):
            rest_from_building(w)
        age(w, begin, end)
        if p.debt_share > 0.0:
            accrue_debt(w, reference_rate(w, at, factors, p.debt_factor, t), p, begin, g.dt)
        if selling:
            operate(w, at, x, c, g, p, t, begin, end, t <= ramping)
        elif t == closing + U(1) or earning:
            rest_from_selling(w)
        if building and ends_early:
            wind_up(w, p, begin, end)
        if rehearsing:
            keep_cash(w, at, g, s, t)
            continue
        split_step(w, at, g, p, reference_rate(w, at, factors, g.reference_factor, t), s, t, begin)
        discount = c[uint64(g.discount_funder) + t]
        if g.coupled == 1:
            catch_up(w, discount)
        if g.stack == 1:
            fund(w, at, g, reference_rate(w, at, factors, g.stack_factor, t), p.life, discount, t, begin, end)
        book_step(w, at, c, g, p, sums, calls, receipts, t, building, earning, n)
        if g.mode != SPLIT_NONE and t >= whole:
            book_whole(w, open_row(g), whole_life, end)
        if trace.shape[2] > 0:
            keep_rows(w, trace, s, t)
    if g.stack == 1:
        write_off(w)


@fused
def counts(w, deal):
    """Whether a project counts on any lane: slots of a pipeline that do not are passed over."""
    happens = smallest(w, deal + DEAL_FUNDED) < np.inf or smallest(w, deal + DEAL_STOP) < np.inf
    return happens or smallest(w, deal + DEAL_DECLINED) < np.inf


@fused
def keep_ends(now, fate, till, layers, values, row, column):
    """Keep what is committed, final states (numbered within their layer) and outcomes of a path, from `row` on."""
    values[row, column] = till.committed
    for i in range(now.size):
        values[row + 1 + i, column] = now[i].state - layers[i].first
    for e in range(fate.size):
        outcome = fate[e].outcome
        values[row + 1 + now.size + e, column] = outcome if outcome >= 0 else np.nan


# fmt: off
@fused
def draw_law_of_paths(
    w, u, at, c, g, layers, states, events, pipelines, projects, now, fate, scale, held, deals, flow, till,
    occupancy, marks, log, values, row, seed, path, column, n,
):
    # fmt: on
    """The clock of each path: selection, law and decisions, and what they leave."""
    clear(w, at)
    draw_selection(w, u, at, c, g, projects, seed, path)
    draw_defaults(w, u, at, c, g, seed, path)
    draw_ahead(w, u, at, layers, events, seed, path)
    for l in range(n):
        of_path = log if l == 0 else log[:0]
        # fmt: off
        run_clock(
            w, at, occupancy, of_path, c, g, layers, states, events, pipelines, projects,
            now, fate, scale, held, deals, flow, till, seed, path + l, l,
        )
        # fmt: on
        keep_ends(now, fate, till, layers, values, row, column + l)
    sum_up(w, at, g)
    add_marks(w, at, g, marks, n)


# fmt: off
@fused
def run_projects(
    w, u, at, c, g, factors, projects, pipelines, sums, trace, values, fans, rehearsing, seed, path, column, n,
):
    # fmt: on
    """All projects, one after the other, and the sums of each pipeline; a rehearsal leaves their cash alone."""
    for s in range(projects.size):
        p, deal, pipeline = projects[s], deal_of(at, s), projects[s].unit - g.announced
        calls, receipts, into = at.calls, at.receipts, at.total
        if pipeline >= 0:
            calls, receipts, into = at.group_calls, at.group_receipts, at.group
            if s == pipelines[pipeline].first:
                begin_sums(w, calls, receipts, into)
        runs = pipeline < 0 or counts(w, deal)
        if runs:
            draw_project(w, u, at, deal, c, g, p, seed, path)
            run_steps(w, u, at, c, g, factors, p, sums, trace, calls, receipts, s, rehearsing, seed, path, n)
        if rehearsing:
            if runs:
                keep_partner(w, at, s)
            continue
        if runs:
            add_project(w, deal, c, g, p, into)
        if pipeline < 0:
            project_quantities(w, at, deal, c, g, p, values, column)
        elif s == pipelines[pipeline].first + pipelines[pipeline].slots - 1:
            group_quantities(w, at, g, calls, receipts, into, p.unit, values, fans[:, :, :0], column)
            add_group(w, at, g.steps)


@entry
def run_paths(plan, at, work, leaf, seed, path, column, n):
    """Run `n` paths from number `path` (a multiple of the lane count) into the columns of a leaf from `column`."""
    # taken apart here, once, and without their owners: each call would count the references to every array
    c, factors, projects, pipelines = (
        borrow(plan.constants),
        borrow(plan.factors),
        borrow(plan.projects),
        borrow(plan.pipelines),
    )
    rows, jumps, layers = borrow(plan.rows), borrow(plan.jumps), borrow(plan.layers)
    states, events = borrow(plan.states), borrow(plan.events)
    w, u, now, fate, scale = borrow(work.w), borrow(work.u), borrow(work.now), borrow(work.fate), borrow(work.scale)
    held, deals, flow = borrow(work.held), borrow(work.deals), borrow(work.flow)
    values, sums, occupancy, fans = (
        borrow(leaf.values),
        borrow(leaf.partial),
        borrow(leaf.occupancy),
        borrow(leaf.fans),
    )
    marks, trace, log = borrow(leaf.marks), borrow(leaf.trace), borrow(leaf.log)
    g, till = borrow(plan.study)[0], borrow(work.till)[0]
    scheme = (g.units + 1) * g.quantities
    fill(w, ONES, 1.0)
    done = U(0)
    while done < n:
        first, here = path + done, column + done
        m = min(L, n - done)
        begin_sums(w, at.calls, at.receipts, at.total)
        zero(w, at.side, at.fallen)
        # fmt: off
        draw_law_of_paths(
            w, u, at, c, g, layers, states, events, pipelines, projects, now, fate, scale, held, deals, flow, till,
            occupancy, marks, log, values, scheme + g.scheme_values, seed, first, here, m,
        )
        # fmt: on
        simulate_factors(w, u, at, c, g, factors, rows, jumps, seed, first)
        if g.coupled == 1:
            begin_sharing(w, at)
        for turn in range(1 + g.coupled):
            rehearsing = turn < g.coupled
            # fmt: off
            run_projects(
                w, u, at, c, g, factors, projects, pipelines, sums, trace, values, fans, rehearsing,
                seed, first, here, m,
            )
            # fmt: on
            if rehearsing:
                share_together(w, at, c, g, factors, projects)
        group_quantities(w, at, g, at.calls, at.receipts, at.total, g.units, values, fans, here)
        scheme_values(w, at, c, g, uint64(factors.size), values, scheme, here)
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
