"""Events: dates, outcomes, and what they do (section 4 of the model page).

Scalar per path. Index legend: e = event, o = outcome. What an outcome does is one list of the plan's constants after
the other; each function below takes the offset of its own and returns that of the next.
"""

import numpy as np
from numba import uint64

from spvrisk.kernel import draws as draw
from spvrisk.kernel.log import BY_EVENT, HAPPENED, note
from spvrisk.kernel.maths import L, fused
from spvrisk.kernel.regimes import book_mean, enter, rescale, set_day
from spvrisk.kernel.selection import stop_project


@fused
def draw_lots_ahead(block):
    """Draw the outcome of each event for all lanes."""
    events = block.plan.events
    for e in range(events.size):
        draw.uniforms(block.draws, block.w, block.at.lot.first + uint64(e) * L, events[e].stream)


@fused
def rule_of(world, event):
    """Offset of the running sums of the first rule whose conditions on states and earlier outcomes hold.

    The last has none.
    """
    c, rule = world.c, event.rules
    while True:
        holds = True
        at = rule + 1
        for _ in range(int(c[at])):
            holds = holds and world.now[int(c[at + 1])].state == int(c[at + 2])
            at += 2
        at += 1
        for _ in range(int(c[at])):
            holds = holds and world.event_states[int(c[at + 1])].outcome == int(c[at + 2])
            at += 2
        if holds:
            return at + 1
        rule += int(c[rule])


@fused
def choose_outcome(world, event, u):
    """Outcome of an event: the one that is known or forced, else by a uniform number."""
    if event.outcome >= 0:
        return event.outcome
    sums = rule_of(world, event)
    o = 0
    while o < event.n_outcomes - 1 and world.c[sums + o] <= u:
        o += 1
    return o


@fused
def effects_of(c, event, outcome):
    """Offset of what an outcome does."""
    effects = event.effects
    for _ in range(outcome):
        effects += int(c[effects])
    return effects + 1


@fused
def move_regimes(world, effects, time, day):
    """Make an outcome's moves."""
    c = world.c
    n = int(c[effects])
    for j in range(n):
        enter(world, int(c[effects + 1 + j]), time, day, BY_EVENT)
    return effects + 1 + n


@fused
def scale_hazards(world, effects, time):
    """Scale hazards as an outcome says."""
    c = world.c
    n = int(c[effects])
    for j in range(n):
        world.scales[int(c[effects + 1 + 2 * j])] *= c[effects + 2 + 2 * j]
    if n > 0:
        rescale(world, time)
    return effects + 1 + 2 * n


@fused
def scale_arrivals(c, flow, effects):
    """Scale the arrivals of pipelines."""
    n = int(c[effects])
    for j in range(n):
        flow[int(c[effects + 1 + 2 * j])].scale *= c[effects + 2 + 2 * j]
    return effects + 1 + 2 * n


@fused
def shift_factors(world, effects, time):
    """Book an outcome's shifts of factors, for some years or for ever."""
    c, g = world.c, world.g
    n, horizon = int(c[effects]), c[g.times + g.steps]
    for j in range(n):
        shift = effects + 1 + 3 * j
        end = min(time + c[shift + 2], horizon)
        if end > 0.0:
            book_mean(world, c[shift], c[shift + 1], max(time, 0.0), end)
    return effects + 1 + 3 * n


@fused
def put_off(world, effects, time):
    """Note standstills of projects."""
    w, c = world.w, world.c
    n = int(c[effects])
    for j in range(n):
        delay = effects + 1 + 3 * j
        pause = world.at.pause.first + uint64(2 * c[delay]) * L + world.lane
        while w[pause] < np.inf:
            pause += uint64(2) * L
        w[pause] = time
        w[pause + L] = c[delay + 2]
    return effects + 1 + 3 * n


@fused
def call_off(world, effects, time):
    """Cancel projects."""
    for j in range(int(world.c[effects])):
        stop_project(world, int(world.c[effects + 1 + j]), time)


@fused
def happen(world, e):
    """An event takes place: its outcome, what that does, and the dates of the events that follow it."""
    c, event, state = world.c, world.events[e], world.event_states[e]
    time, day = state.time, state.day
    state.outcome = choose_outcome(world, event, world.w[world.at.lot.first + uint64(e) * L + world.lane])
    state.time = np.inf
    note(world.log, time, HAPPENED, e, -1, state.outcome)
    effects = effects_of(c, event, state.outcome)
    effects = move_regimes(world, effects, time, day)
    effects = scale_hazards(world, effects, time)
    effects = scale_arrivals(c, world.flow, effects)
    effects = shift_factors(world, effects, time)
    effects = put_off(world, effects, time)
    call_off(world, effects, time)
    for other in range(world.events.size):
        if world.events[other].after == e:
            set_day(world, other, day)


@fused
def remember(world, event):
    """A past event: what it scaled stays scaled, shifts last; states and plans are those of the value date already."""
    effects = effects_of(world.c, event, event.outcome)
    effects += 1 + int(world.c[effects])
    effects = scale_hazards(world, effects, 0.0)
    effects = scale_arrivals(world.c, world.flow, effects)
    shift_factors(world, effects, event.time)


@fused
def begin_events(world):
    """Set all events to what is known of them on the value date."""
    for e in range(world.events.size):
        event, state = world.events[e], world.event_states[e]
        state.outcome = -1
        state.day = event.day
        state.time = np.inf
        if event.days_law < 0 and event.day >= 0:
            state.time = event.time
        elif event.after >= 0 or event.entered >= 0:
            pass
        elif event.days_law >= 0:
            set_day(world, e, event.day)
        else:
            state.outcome = event.outcome
            remember(world, event)
