"""The legal and political clock: what happens next, until the horizon (section 4 of the model page).

Scalar per path: a path sees a few dozen changes, and clarity is worth more here than lanes. Index legend: i = regime,
e = event, n = pipeline, j = product of states, l = lane. What a change does is told by `kernel.regimes`,
`kernel.events` and `kernel.selection`.
"""

import numpy as np

from spvrisk.kernel.events import begin_events, draw_lots_ahead, happen
from spvrisk.kernel.inputs import keep_sizes
from spvrisk.kernel.log import BY_ARRIVAL, BY_DEAL, BY_EVENT, BY_EXPIRY, BY_HAZARD
from spvrisk.kernel.maths import fused, inline
from spvrisk.kernel.regimes import (
    begin_regimes,
    book_mean,
    draw_jumps_ahead,
    expire,
    jump,
    leave_all,
    product,
    sum_up,
    weigh_hazards,
)
from spvrisk.kernel.selection import (
    arrive,
    attend,
    begin_deals,
    begin_pipelines,
    begin_turns,
    draw_defaults,
    draw_selection,
    set_arrivals,
    stop_calls,
)
from spvrisk.kernel.whole_rows import fill_region, zero
from spvrisk.kernel.world import world_of

_NOTHING = -1


# ---- products of states


@fused
def begin_products(held):
    """No product of states is worth anything yet."""
    for j in range(held.size):
        held[j].value, held[j].since = 0.0, 0.0


@fused
def close_product(world, j, time):
    """Book a product of states up to `time`."""
    held = world.held[j]
    if held.value != 0.0 and time > held.since:
        book_mean(world, world.c[world.g.products + 2 * j], held.value, held.since, time)


@fused
def hold_products(world, time):
    """Book products of states up to now where they have changed."""
    c = world.c
    for j in range(world.held.size):
        held, value = world.held[j], product(c, int(c[world.g.products + 2 * j + 1]), world.now)
        if value != held.value:
            close_product(world, j, time)
            held.value, held.since = value, time


# ---- the clock


@fused
def follow(world, time):
    """What follows from a change of states: stopped calls, intensities of arrivals, products."""
    for i in range(world.now.size):
        if world.states[world.now[i].state].stops_calls == 1:
            stop_calls(world, time)
    set_arrivals(world, time)
    hold_products(world, time)
    if world.g.n_rules > 0:
        weigh_hazards(world, time)


@fused
def next_change(now, event_states, flow, ledger, horizon):
    """What happens next, when, and to which event, regime, project or pipeline.

    Ties go to events, then expiries, then notices and decisions, then hazards, then arrivals, then config order.
    """
    best, kind, item = horizon, _NOTHING, 0
    for e in range(event_states.size):
        if event_states[e].time < best:
            best, kind, item = event_states[e].time, BY_EVENT, e
    for i in range(now.size):
        if now[i].expires < best:
            best, kind, item = now[i].expires, BY_EXPIRY, i
    if ledger.time < best:
        best, kind, item = ledger.time, BY_DEAL, ledger.project
    for i in range(now.size):
        if now[i].next_jump < best:
            best, kind, item = now[i].next_jump, BY_HAZARD, i
    for n in range(flow.size):
        if flow[n].next_jump < best:
            best, kind, item = flow[n].next_jump, BY_ARRIVAL, n
    return best, kind, item


@inline
def change(world, kind, item, time):
    """Make a change. Returns whether states may have changed."""
    moved = True
    if kind == BY_EVENT:
        happen(world, item)
    elif kind == BY_EXPIRY:
        expire(world, item)
    elif kind == BY_DEAL:
        moved = attend(world, item)
    elif kind == BY_HAZARD:
        jump(world, item, time)
    else:
        arrive(world, item, time)
    return moved


@inline
def begin_clock(world):
    """Set everything to the value date; notices that were given before it come first."""
    begin_deals(world)
    begin_pipelines(world)
    begin_turns(world)
    begin_regimes(world)
    begin_events(world)
    begin_products(world.held)
    while world.ledger.time < 0.0:
        attend(world, world.ledger.project)
    follow(world, 0.0)


@inline
def run_clock(world):
    """Run the clock of one path to the horizon; `world` is left with how it ended."""
    horizon = world.c[world.g.times + world.g.steps]
    begin_clock(world)
    while True:
        time, kind, item = next_change(world.now, world.event_states, world.flow, world.ledger, horizon)
        if kind == _NOTHING:
            break
        if change(world, kind, item, time):
            follow(world, time)
    leave_all(world, horizon)
    for j in range(world.held.size):
        close_product(world, j, horizon)


@fused
def keep_ends(world, values, row, column):
    """Keep what is committed, final states (numbered within their regime) and outcomes of a path, from `row` on."""
    regimes, states = world.now.size, world.event_states
    values[row, column] = world.ledger.net_commitments
    for i in range(regimes):
        values[row + 1 + i, column] = world.now[i].state - world.regimes[i].first
    for e in range(states.size):
        outcome = states[e].outcome
        values[row + 1 + regimes + e, column] = outcome if outcome >= 0 else np.nan


@inline
def run_clocks(block, row):
    """The clock of each path: selection, law and decisions, and what they leave; how it ended from `row` on."""
    w, at = block.w, block.at
    zero(w, at.step_mean)
    fill_region(w, at.pause, np.inf)
    draw_selection(block)
    keep_sizes(block)
    draw_defaults(block)
    draw_jumps_ahead(block)
    draw_lots_ahead(block)
    for l in range(block.n):
        world = world_of(block, l)
        run_clock(world)
        keep_ends(world, block.leaf.values, row, block.column + l)
    sum_up(w, at, block.g)
