"""The order of stages: the world, each project over all its steps, then the portfolio.

Index legend: s = project, t = step, l = lane. Clauses that no lane needs in a step are left out: they add zeros.
"""

from typing import NamedTuple

import numpy as np
from numba import uint64

from spvrisk.kernel import rows as R
from spvrisk.kernel.booking import add_group, add_means, begin_project, begin_sums, book_recovery, book_step
from spvrisk.kernel.clock import run_clocks
from spvrisk.kernel.construction import (
    build,
    draw_duration,
    draw_law,
    draw_overrun,
    draw_spread,
    settle_completion,
    settle_funding,
    wind_up,
)
from spvrisk.kernel.debt import accrue_debt
from spvrisk.kernel.factors import reference_rate, simulate_factors
from spvrisk.kernel.inputs import keep_defaults, keep_factors, keep_project
from spvrisk.kernel.maths import U, fused, inline
from spvrisk.kernel.operation import age, draw_availability, draw_contract, draw_plant, operate
from spvrisk.kernel.pool import (
    begin_sharing,
    catch_up,
    keep_cash,
    keep_partner,
    recall_paid,
    recall_part,
    share_together,
)
from spvrisk.kernel.results import add_project, finish_outputs, group_quantities, project_quantities, scheme_values
from spvrisk.kernel.split import distribute, fall_due, open_row, settle, test_shares
from spvrisk.kernel.stack import begin_stack, fund, write_off
from spvrisk.kernel.whole_rows import fill, largest, latest, smallest, zero
from spvrisk.kernel.workspace import PARTIALS, deal_of
from spvrisk.kernel.world import Account, Line, site_of, step_of
from spvrisk.plan.arrays import SPLIT_NONE, SPLIT_PERIODIC

# ---- which steps of a project need which clauses, on any lane


class Span(NamedTuple):
    """Steps between which a project does something on some lane, a step more on each side.

    Times on a step's bound may round to either.
    """

    start: np.uint64
    """Of construction, or of a cancellation before it."""
    completion: np.uint64
    """Last of construction."""
    opening: np.uint64
    """First of operation."""
    ramping: np.uint64
    """Last in which operation is taken phase by phase, as ramp-up needs it."""
    closing: np.uint64
    """Last of operation."""
    whole: np.uint64
    """First in which the deemed allocation may be paid back."""
    ends_early: bool
    """Whether a cancelled project pays or fetches anything."""


@fused
def first_operation(w, c, p):
    """Time before which no phase of any lane operates."""
    shortest = p.duration
    for i in range(p.n_phases):
        shortest = min(shortest, c[p.phases + 2 * i + 1])
    return smallest(w, R.START) + shortest * smallest(w, R.STRETCH)


@fused
def first_step(g, time):
    """A step that begins before `time`, by up to two steps."""
    return uint64(min(max(time / g.dt - 1.0, 0.0), float(g.steps)))


@fused
def last_step(g, time):
    """A step that ends after `time`, by up to two steps, or the horizon."""
    return uint64(min(time / g.dt + 1.0, float(g.steps)))


@fused
def least_age(g, p):
    """Age at which the deemed allocation may be paid back at the earliest."""
    return p.deemed_life if g.mode == SPLIT_PERIODIC else 0.0


@inline
def last_ramping(w, c, g, p):
    """Last step of ramp-up in any lane; with several phases of all steps, so that all lanes add them in one order."""
    ramp = c[uint64(p.ramp_up)]
    if ramp > 0.0 and p.n_phases > 1:
        return uint64(g.steps)
    return last_step(g, latest(w, R.WORK_END) + ramp) if ramp > 0.0 else U(0)


@inline
def span_of(w, c, g, p):
    """Which steps of a project need which clauses."""
    return Span(
        first_step(g, min(smallest(w, R.START), smallest(w, R.CANCELLED_AT))),
        # calls that wait may be paid at any time
        last_step(g, largest(w, R.WORK_END)) if g.call_cap == np.inf else uint64(g.steps),
        first_step(g, first_operation(w, c, p)),
        last_ramping(w, c, g, p),
        last_step(g, latest(w, R.CLOSURE)),
        first_step(g, smallest(w, R.COMPLETION) + least_age(g, p)),
        p.salvage_law >= 0 or p.termination_fee > 0.0,
    )


@fused
def counts(w, deal):
    """Whether a project counts on any lane: slots of a pipeline that do not are passed over."""
    happens = smallest(w, deal + R.DEAL_FUNDED) < np.inf or smallest(w, deal + R.DEAL_STOP) < np.inf
    return happens or smallest(w, deal + R.DEAL_DECLINED) < np.inf


# ---- a step of a project


@fused
def rest_from_building(w):
    """Nothing is built from here on, on any lane."""
    for row in (R.SPEND, R.CALL, R.OUTFLOW, R.HOST_COST, R.LENT, R.SALVAGED):
        fill(w, row, 0.0)


@fused
def rest_from_selling(w):
    """Nothing is sold, on any lane."""
    for row in (R.REVENUE, R.OUTPUT, R.AVAILABLE, R.DEBT_SERVICE, R.FEE_PAID):
        fill(w, row, 0.0)


@inline
def make_cash(site, span, step, earning):
    """Construction, operation and their ends: what is spent and called, and the cash that is available."""
    w, g, p, t = site.w, site.g, site.p, step.t
    building, selling = t <= span.completion, span.opening <= t and t <= span.closing
    if building:
        build(site, step)
    elif t == span.completion + U(1):
        rest_from_building(w)
    age(w, step.begin, step.end)
    if p.debt_share > 0.0:
        accrue_debt(w, reference_rate(w, site.at, site.factors, p.debt_factor, t), p, step.begin, g.dt)
    if selling:
        operate(site, step, t <= span.ramping)
    elif t == span.closing + U(1) or earning:
        rest_from_selling(w)
    if building and span.ends_early:
        wind_up(w, p, step.begin, step.end)


@fused
def share_cash(site, step):
    """Distribute a step's available cash: by the project's own terms, or as projects that share cash have settled."""
    w, g, p = site.w, site.g, site.p
    rate = reference_rate(w, site.at, site.factors, g.reference_factor, step.t)
    if g.call_cap < np.inf:
        recall_paid(site, step.t)
    if g.adjusts == 1 and g.coupled == 0:
        test_shares(w, g, R.ADJUSTED, R.COMPLETION, open_row(g), R.PAID, step.begin)
    fall_due(w, g, p, rate)
    if g.coupled == 1:
        recall_part(site, step.t)
    else:
        distribute(w, g)
    settle(w, g, rate, step.begin)


@fused
def keep_rows(w, leaf, s, t):
    """Keep rows of some lanes as they are after a project's step."""
    for i in range(leaf.trace.shape[2]):
        for l in range(leaf.trace.shape[3]):
            leaf.trace[s, t, i, l] = w[leaf.traced[i] + uint64(l)]


@inline
def run_step(site, span, step, account, line, rehearsing):
    """One step of a project; a rehearsal ends with the available cash and keeps it."""
    w, g, p, t = site.w, site.g, site.p, step.t
    building, selling = t <= span.completion, span.opening <= t and t <= span.closing
    # the pool may pay a project that does not operate
    earning = selling or (building and span.ends_early) or g.pooled == 1
    make_cash(site, span, step, earning)
    if rehearsing:
        keep_cash(site, t)
        return
    share_cash(site, step)
    discount = site.c[uint64(g.discount_funder) + t]
    if g.coupled == 1:
        catch_up(w, discount)
    if g.stack == 1:
        fund(site, step, discount)
    book_step(site, step, account, line, building, earning)
    if g.mode != SPLIT_NONE and t >= span.whole:
        book_recovery(w, open_row(g), least_age(g, p), step.end)


# ---- a project


@fused
def draw_project(site):
    """All that is drawn once a path of a project, and the times that follow from it."""
    w, c, p, draws = site.w, site.c, site.p, site.draws
    begin_project(w)
    if site.g.stack == 1:
        begin_stack(site)
    settle_funding(site)
    draw_overrun(site)
    draw_duration(site)
    draw_law(w, c, draws, R.THRESHOLD, p.threshold_law, p.threshold_stream, np.inf)
    draw_law(w, c, draws, R.SALVAGE, p.salvage_law, p.salvage_stream, 0.0)
    draw_spread(site)
    draw_contract(site)
    draw_plant(site)
    settle_completion(site)


@fused
def run_steps(site, account, leaf, rehearsing, n):
    """All steps of a project, if any lane has funded it."""
    w, g, p = site.w, site.g, site.p
    zero(w, site.at.net)
    if smallest(w, R.START) == np.inf:
        return
    span = span_of(w, site.c, g, p)
    for t in range(uint64(g.steps)):
        if t <= span.closing:
            draw_availability(site, t)
        if t >= span.start:
            step = step_of(site.at, site.c, g, site.factors, t)
            line = Line(leaf.partial, (uint64(p.unit * g.steps) + t) * uint64(g.timeline_rows * PARTIALS), n)
            run_step(site, span, step, account, line, rehearsing)
            if leaf.traced.size > 0 and not rehearsing:
                keep_rows(w, leaf, site.s, t)
    if g.stack == 1:
        write_off(w)


@inline
def run_project(block, s, account, rehearsing):
    """A project; a rehearsal leaves its cash alone."""
    site = site_of(block, s)
    draw_project(site)
    run_steps(site, account, block.leaf, rehearsing, block.n)
    if rehearsing:
        keep_partner(block.w, block.at, s)
    else:
        finish_outputs(block.w, block.c, block.g, site.deal)
        add_project(block.w, block.c, block.g, site.p, account.sums.first)


# ---- all projects


@inline
def portfolio_of(at):
    """Flows and sums of the portfolio."""
    return Account(at.calls, at.receipts, at.total)


@inline
def group_of(at):
    """Flows and sums of the pipeline whose turn it is."""
    return Account(at.group_calls, at.group_receipts, at.group)


@inline
def close_pipeline(block, n):
    """Quantities of a pipeline, whose sums join the portfolio's."""
    at, group = block.at, group_of(block.at)
    group_quantities(block, group, block.g.announced + n, block.leaf.fans[:, :, :0])
    add_group(block.w, portfolio_of(at), group)


@inline
def run_projects(block, rehearsing):
    """All projects, one after the other, and each pipeline when its last slot is through."""
    w, at, g, projects, pipelines = block.w, block.at, block.g, block.plan.projects, block.plan.pipelines
    for s in range(projects.size):
        n, deal = projects[s].unit - g.announced, deal_of(at, s)
        account = portfolio_of(at) if n < 0 else group_of(at)
        if n >= 0 and s == pipelines[n].first:
            begin_sums(w, account)
        if n < 0 or counts(w, deal):
            run_project(block, s, account, rehearsing)
        if rehearsing:
            continue
        if n < 0:
            project_quantities(w, at, block.c, g, projects[s], block.leaf.values, block.column)
            keep_project(w, block.leaf.inputs, s, block.column)
        elif s == pipelines[n].first + pipelines[n].slots - 1:
            close_pipeline(block, n)


@inline
def scheme_column(g):
    """Row of the leaf's values at which those of the scheme begin."""
    return (g.units + 1) * g.quantities


@inline
def run_world(block):
    """What all projects share: sums of nothing, the clock, the factors."""
    w, at, g = block.w, block.at, block.g
    begin_sums(w, portfolio_of(at))
    for region in (at.side, at.insurer, at.exposure):
        zero(w, region)
    run_clocks(block, scheme_column(g) + g.scheme_values)
    add_means(w, at, g, block.leaf.step_means, block.n)
    simulate_factors(block)
    keep_factors(block)
    keep_defaults(block)


@inline
def run_all_projects(block):
    """All projects; those that share cash are gone through twice."""
    if block.g.coupled == 1:
        begin_sharing(block.w, block.at)
    # one call of `run_projects`: it is compiled into its caller
    for turn in range(1 + block.g.coupled):
        rehearsing = turn < block.g.coupled
        run_projects(block, rehearsing)
        if rehearsing:
            share_together(block)


@inline
def finish_block(block):
    """The portfolio and the scheme."""
    group_quantities(block, portfolio_of(block.at), block.g.units, block.leaf.fans)
    n_factors = uint64(block.plan.factors.size)
    scheme_values(block, n_factors, uint64(scheme_column(block.g)))
