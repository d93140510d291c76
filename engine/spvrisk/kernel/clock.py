"""The legal and political clock: layers, hazards, expiries, events and what they do (section 4 of the model page).

In the same order of time go notices, decisions on fundings and arrivals, whose rules are in `kernel.selection`.

Scalar per path: a path sees a few dozen changes, and clarity is worth more here than lanes. Index legend: i = layer, q
= state (numbered through), h = passage between states (numbered through), e = event, t = step, l = lane. ``now`` holds
the layers of one path, ``fate`` its events, ``scale`` the multiples of its hazards; ``held`` what products of states
are worth.

What the lanes need later goes to the workspace as changes between steps, which `sum_up` turns into values: most
intervals are long, and are told by their two ends.
"""

import math

import numpy as np
from numba import uint64

from spvrisk.kernel.maths import L, U, fused, inline, log, unit
from spvrisk.kernel.philox import fill_words, word
from spvrisk.kernel.rows import AHEAD, DEAL_PLANNED, add
from spvrisk.kernel.scores import score
from spvrisk.kernel.selection import (
    DECLINED,
    DELAYED,
    NEVER,
    NOTICE,
    NOTICED,
    WAITING,
    deal_of,
    decide,
    due_day,
    fill_units,
    find_next,
    gap,
    give_notice,
    open_till,
    set_aside,
    slip_of,
    stop_calls,
    stop_project,
)
from spvrisk.kernel.tables import value_at

NOW = np.dtype(
    [
        ("state", np.int64),
        ("since", np.float64),  # time of entry, not before the value date
        ("expires", np.float64),  # time at which the state ends by itself; infinite if never
        ("intensity", np.float64),  # of leaving the state, per year, scaled
        ("threshold", np.float64),  # what was left of the unit-exponential threshold at `counted`
        ("counted", np.float64),
        ("strikes", np.float64),  # time at which it is used up
        ("jumps", np.int64),  # hazard jumps so far
        ("expiries", np.int64),  # expiries so far
    ],
    align=True,
)

FATE = np.dtype(
    [
        ("time", np.float64),  # when it will take place; infinite if not known yet, past, or never
        ("day", np.int64),
        ("outcome", np.int64),  # -1 before it
    ],
    align=True,
)

HELD = np.dtype([("value", np.float64), ("since", np.float64)], align=True)
"""What a product of states is worth, and from when on."""

CHANGE = ("time", "cause", "item", "before", "after")
"""Columns of the log of a path.

Where an event takes place: its number, -1, its outcome. Of a move: what caused it (an event, an expiry, a hazard, a
declined funding), the layer, the states before and after. Of a project: its number, -1, what becomes of it.
"""

HAPPENED, BY_EVENT, BY_EXPIRY, BY_HAZARD, BY_DECLINE, BY_DEAL, BY_ARRIVAL = 0, 1, 2, 3, 4, 5, 6
_NOTHING = -1
_NO_DAY = -1  # of a move into a state that does not expire: nobody asks


@fused
def time_of_day(c, g, day):
    """Time of the start of a day; infinite beyond the horizon."""
    last = c[g.days + g.steps]
    if day >= last:
        return np.inf
    # steps are nearly of one length: a guess by proportion is off by one at most
    low = min(max(int(day * (g.steps / last)), 0), g.steps - 1)
    while low > 0 and c[g.days + low] > day:
        low -= 1
    while c[g.days + low + 1] <= day:
        low += 1
    first = c[g.days + low]
    return (low + (day - first) / (c[g.days + low + 1] - first)) / g.per_year


@fused
def day_of_time(c, g, time):
    """First day that does not begin before `time`."""
    position = time * g.per_year
    t = min(int(position), g.steps - 1)
    first = c[g.days + t]
    return int(first) + int(math.ceil((position - t) * (c[g.days + t + 1] - first)))


@fused
def choose(c, pairs, n, level):
    """First of `n` pairs (item, running sum) whose sum exceeds `level`; the last if rounding leaves none."""
    for j in range(n - 1):
        if c[pairs + 2 * j + 1] > level:
            return int(c[pairs + 2 * j])
    return int(c[pairs + 2 * (n - 1)])


@inline
def _exponential(u):
    return -log(1.0 - u)


@fused
def draw_ahead(w, u, at, layers, events, seed, path):
    """Draw the first hazard jumps of each layer and the outcome of each event for all lanes."""
    for i in range(layers.size):
        for block in range(U(AHEAD // 4)):
            row = (uint64(i * AHEAD) + U(4) * block) * L
            fill_words(u, seed, path, layers[i].hold_stream, block)
            for l in range(U(4) * L):
                w[at.hold + row + l] = _exponential(unit(u[l]))
            fill_words(u, seed, path, layers[i].to_stream, block)
            for l in range(U(4) * L):
                w[at.to + row + l] = unit(u[l])
    for e in range(events.size):
        fill_units(w, u, at.lot + uint64(e) * L, seed, path, events[e].stream)


@fused
def draw_threshold(w, at, layer, i, n, seed, path, l):
    """Unit-exponential threshold before hazard jump `n` of layer `i`."""
    if n < AHEAD:
        return w[at.hold + uint64(i * AHEAD + n) * L + l]
    return _exponential(unit(word(seed, path, layer.hold_stream, n)))


@fused
def draw_way(w, at, layer, i, n, seed, path, l):
    """Uniform number that says where hazard jump `n` of layer `i` leads."""
    if n < AHEAD:
        return w[at.to + uint64(i * AHEAD + n) * L + l]
    return unit(word(seed, path, layer.to_stream, n))


@fused
def note(log_, time, cause, item, before, after):
    """Keep a change of a path that is traced."""
    if log_.shape[0] > 0:
        n = int(log_[0, 0]) + 1
        log_[0, 0] = n
        if n < log_.shape[0]:
            log_[n, 0] = time
            log_[n, 1] = cause
            log_[n, 2] = item
            log_[n, 3] = before
            log_[n, 4] = after


@fused
def mark(w, row, g, value, begin, end, l):
    """Book `value` in [begin, end), weighted by time within the steps, as changes between steps."""
    first, last = begin * g.per_year, end * g.per_year
    s, t = uint64(first), uint64(last)
    w[row + s * L + l] += value * (s + 1.0 - first)
    w[row + (s + uint64(1)) * L + l] += value * (first - s)
    w[row + t * L + l] -= value * (t + 1.0 - last)
    w[row + (t + uint64(1)) * L + l] -= value * (last - t)


@fused
def sum_up(w, at, g):
    """Turn the changes of all marks between steps into their values, the means over the steps."""
    for m in range(uint64(g.marks)):
        row = at.mark + m * uint64(g.steps + 2) * L
        for t in range(uint64(g.steps - 1)):
            add(w, row + (t + uint64(1)) * L, row + t * L)


@fused
def occupy(occupancy, g, q, begin, end):
    """Add the time [begin, end) to a state's occupancy.

    Shares of the outer steps, and how many paths more are in the state in all of a step than in the step before.
    """
    first, last = begin * g.per_year, end * g.per_year
    s, t = int(first), int(last)
    if s == t:
        occupancy[0, q, s] += last - first
    else:
        occupancy[0, q, s] += s + 1.0 - first
        occupancy[0, q, t] += last - t
        occupancy[1, q, s + 1] += 1.0
        occupancy[1, q, t] -= 1.0


@fused
def leave(w, at, occupancy, c, g, state, q, begin, end, l):
    """Book the time that a path has spent in a state."""
    occupy(occupancy, g, q, begin, end)
    marks = state.marks
    for j in range(int(c[marks])):
        row = at.mark + uint64(c[marks + 1 + 2 * j]) * uint64(g.steps + 2) * L
        mark(w, row, g, c[marks + 2 + 2 * j], begin, end, l)


@fused
def scaled_intensity(c, state, scale):
    """Yearly intensity of leaving a state, as events have scaled it."""
    total = 0.0
    for j in range(state.n_targets):
        total += c[state.targets + 2 * j + 1] * scale[state.hazard + j]
    return total


@fused
def set_threshold(here, threshold, time):
    """A new threshold, which is not used up yet."""
    here.threshold, here.counted = threshold, time
    here.intensity, here.strikes = 0.0, np.inf


@fused
def set_intensity(here, intensity, time):
    """Use up a threshold at another yearly intensity from now on.

    It is counted at changes alone: what else happens meanwhile leaves the time of the strike to the last bit.
    """
    if intensity != here.intensity:
        here.threshold = max(here.threshold - here.intensity * (time - here.counted), 0.0)
        here.counted, here.intensity = time, intensity
        here.strikes = time + here.threshold / intensity if intensity > 0.0 else np.inf


@fused
def enter(w, at, occupancy, log_, c, g, states, now, scale, q, time, day, cause, l):
    """Move a layer into state `q`; a move to the state it is in changes nothing."""
    i = states[q].layer
    here = now[i]
    if here.state != q:
        note(log_, time, cause, i, here.state, q)
        leave(w, at, occupancy, c, g, states[here.state], here.state, here.since, time, l)
        days = states[q].expiry_days
        here.state = q
        here.since = time
        here.expires = time_of_day(c, g, day + days) if days >= 0 else np.inf
        set_intensity(here, scaled_intensity(c, states[q], scale), time)


@fused
def rule_of(c, event, now, fate):
    """Address of the running sums of the first rule whose conditions on states and earlier outcomes hold.

    The last has none.
    """
    rule = event.rules
    while True:
        holds = True
        at = rule + 1
        for _ in range(int(c[at])):
            holds = holds and now[int(c[at + 1])].state == int(c[at + 2])
            at += 2
        at += 1
        for _ in range(int(c[at])):
            holds = holds and fate[int(c[at + 1])].outcome == int(c[at + 2])
            at += 2
        if holds:
            return at + 1
        rule += int(c[rule])


@fused
def choose_outcome(c, event, now, fate, u):
    """Outcome of an event: the one that is known or forced, else by a uniform number."""
    if event.outcome >= 0:
        return event.outcome
    sums = rule_of(c, event, now, fate)
    o = 0
    while o < event.n_outcomes - 1 and c[sums + o] <= u:
        o += 1
    return o


@fused
def set_day(c, g, event, fate, e, day, seed, path):
    """Set the date of event `e`: so many days, rounded up, after `day`."""
    days = value_at(c, event.days_law, score(word(seed, path, event.days_stream, 0)))
    fate[e].day = day + int(math.ceil(min(days, float(NEVER))))
    fate[e].time = time_of_day(c, g, fate[e].day)


@fused
def effects_of(c, event, o):
    """Address of what outcome `o` of an event does."""
    effects = event.effects
    for _ in range(o):
        effects += int(c[effects])
    return effects + 1


@fused
def move_layers(w, at, occupancy, log_, c, g, states, now, scale, effects, time, day, l):
    """Make an outcome's moves; return the address of what it does next."""
    n = int(c[effects])
    for j in range(n):
        q = int(c[effects + 1 + j])
        enter(w, at, occupancy, log_, c, g, states, now, scale, q, time, day, BY_EVENT, l)
    return effects + 1 + n


@fused
def scale_hazards(c, states, now, scale, effects, time):
    """Scale hazards as an outcome says; return the address of what it does next."""
    n = int(c[effects])
    for j in range(n):
        scale[int(c[effects + 1 + 2 * j])] *= c[effects + 2 + 2 * j]
    if n > 0:
        for i in range(now.size):
            set_intensity(now[i], scaled_intensity(c, states[now[i].state], scale), time)
    return effects + 1 + 2 * n


@fused
def shift_factors(w, at, c, g, effects, time, l):
    """Mark an outcome's shifts of factors, for some years or for ever; return the address of what it does next."""
    n, horizon = int(c[effects]), c[g.times + g.steps]
    for j in range(n):
        shift = effects + 1 + 3 * j
        row = at.mark + uint64(c[shift]) * uint64(g.steps + 2) * L
        end = min(time + c[shift + 2], horizon)
        if end > 0.0:
            mark(w, row, g, c[shift + 1], max(time, 0.0), end, l)
    return effects + 1 + 3 * n


@fused
def scale_arrivals(c, flow, effects):
    """Scale the arrivals of pipelines; return the address of what the outcome does next."""
    n = int(c[effects])
    for j in range(n):
        flow[int(c[effects + 1 + 2 * j])].scale *= c[effects + 2 + 2 * j]
    return effects + 1 + 2 * n


@fused
def put_off(w, at, c, effects, time, l):
    """Note standstills of projects; return the address of what the outcome does next."""
    n = int(c[effects])
    for j in range(n):
        delay = effects + 1 + 3 * j
        pause = at.pause + uint64(2 * c[delay]) * L + l
        while w[pause] < np.inf:
            pause += uint64(2) * L
        w[pause] = time
        w[pause + L] = c[delay + 2]
    return effects + 1 + 3 * n


@fused
def call_off(w, at, c, deals, till, effects, time, l):
    """Cancel projects."""
    for j in range(int(c[effects])):
        stop_project(w, at, deals, int(c[effects + 1 + j]), time, l)
    find_next(deals, till)


@fused
def happen(w, at, occupancy, log_, c, g, states, events, now, fate, scale, deals, flow, till, e, seed, path, l):
    """An event takes place: its outcome, what that does, and the dates of the events that follow it."""
    event, time, day = events[e], fate[e].time, fate[e].day
    fate[e].outcome = choose_outcome(c, event, now, fate, w[at.lot + uint64(e) * L + l])
    fate[e].time = np.inf
    note(log_, time, HAPPENED, e, -1, fate[e].outcome)
    effects = effects_of(c, event, fate[e].outcome)
    effects = move_layers(w, at, occupancy, log_, c, g, states, now, scale, effects, time, day, l)
    effects = scale_hazards(c, states, now, scale, effects, time)
    effects = scale_arrivals(c, flow, effects)
    effects = shift_factors(w, at, c, g, effects, time, l)
    effects = put_off(w, at, c, effects, time, l)
    call_off(w, at, c, deals, till, effects, time, l)
    for other in range(events.size):
        if events[other].after == e:
            set_day(c, g, events[other], fate, other, day, seed, path)


@fused
def remember(w, at, c, g, states, event, now, scale, flow, l):
    """A past event: what it scaled stays scaled, shifts last; states and plans are those of the value date already."""
    effects = effects_of(c, event, event.outcome)
    effects += 1 + int(c[effects])
    effects = scale_hazards(c, states, now, scale, effects, 0.0)
    effects = scale_arrivals(c, flow, effects)
    shift_factors(w, at, c, g, effects, event.time, l)


@fused
def expire(w, at, occupancy, log_, c, g, layer, states, now, scale, i, seed, path, l):
    """The state of layer `i` has come to its last day: draw what follows."""
    state, time = states[now[i].state], now[i].expires
    u = unit(word(seed, path, layer.clock_stream, now[i].expiries))
    now[i].expiries += 1
    # a state ends at a day's start; half a day off, rounding up cannot miss that day
    day = day_of_time(c, g, time - 0.5 / 366.0)
    heir = choose(c, state.heirs, state.n_heirs, u)
    enter(w, at, occupancy, log_, c, g, states, now, scale, heir, time, day, BY_EXPIRY, l)


@fused
def target_of(c, state, scale, level):
    """State whose running sum of scaled intensities is the first above `level`; the last possible one if none."""
    total, target = 0.0, 0
    for j in range(state.n_targets):
        rate = c[state.targets + 2 * j + 1] * scale[state.hazard + j]
        total += rate
        if rate > 0.0:
            target = int(c[state.targets + 2 * j])
            if total > level:
                break
    return target


@fused
def jump(w, at, occupancy, log_, c, g, layer, states, now, scale, i, time, seed, path, l):
    """The threshold of layer `i` is used up: jump in proportion to the intensities, and draw a new threshold."""
    u = draw_way(w, at, layer, i, now[i].jumps, seed, path, l)
    target = target_of(c, states[now[i].state], scale, u * now[i].intensity)
    now[i].jumps += 1
    set_threshold(now[i], draw_threshold(w, at, layer, i, now[i].jumps, seed, path, l), time)
    day = day_of_time(c, g, time) if states[target].expiry_days >= 0 else _NO_DAY
    enter(w, at, occupancy, log_, c, g, states, now, scale, target, time, day, BY_HAZARD, l)


@fused
def pull_triggers(w, at, occupancy, log_, c, g, states, p, now, scale, time, day, seed, path, l):
    """What a declined funding brings about: each row of the table by a draw of its own, in the states it meets."""
    row = g.triggers
    for i in range(g.n_triggers):
        holds = product(c, int(c[row + 2]), now) > 0.0
        if holds and unit(word(seed, path, p.trigger_stream, i)) < c[row + 1]:
            for j in range(int(c[row + 3])):
                q = int(c[row + 4 + j])
                enter(w, at, occupancy, log_, c, g, states, now, scale, q, time, day, BY_DECLINE, l)
        row += int(c[row])


@fused
def attend(w, at, occupancy, log_, c, g, states, projects, now, scale, deals, till, s, seed, path, l):
    """A project's turn: its notice, or the decision on its funding. Returns whether states may have changed."""
    p, deal = projects[s], deals[s]
    time, day = max(deal.time, 0.0), deal.day
    if deal.stage == NOTICE:
        became = give_notice(w, at, c, g, p, deal, till, s, l)
    else:
        stopped = False
        for i in range(now.size):
            stopped = stopped or states[now[i].state].stops_calls == 1
        state = now[g.decision_layer].state if g.decision_first >= 0 else 0
        became = decide(w, at, c, g, p, deal, till, state, stopped, s, seed, path, l)
    note(log_, time, BY_DEAL, s, -1, became)
    if became == NOTICED:
        w[deal_of(at, s) + DEAL_PLANNED + l] = time_of_day(c, g, due_day(c, g, day, g.lag))
        deal.day = due_day(c, g, day, g.lag + slip_of(w, at, s, l))
    if became == NOTICED or became == WAITING or became == DELAYED:
        deal.time = time_of_day(c, g, deal.day)
    else:
        set_aside(deal)
    if became == DECLINED:
        pull_triggers(w, at, occupancy, log_, c, g, states, p, now, scale, time, day, seed, path, l)
    find_next(deals, till)
    return became == DECLINED


@fused
def arrive(
    w, at, occupancy, log_, c, g, states, pipelines, projects, now, scale, deals, flow, till, n, time, seed, path, l
):
    """A project arrives in pipeline `n`; after the deadline the pipeline is closed."""
    pipeline, here = pipelines[n], flow[n]
    s = pipeline.first + here.arrivals
    here.arrivals += 1
    set_threshold(here, gap(pipeline, here.arrivals, seed, path), time)
    day = day_of_time(c, g, time)
    if day > g.deadline:
        here.closed = 1
    else:
        deals[s].stage, deals[s].day, deals[s].time = NOTICE, day, time
        attend(w, at, occupancy, log_, c, g, states, projects, now, scale, deals, till, s, seed, path, l)


@fused
def set_arrivals(states, pipelines, now, flow, time):
    """Intensities of arrivals in the present states."""
    if pipelines.size == 0:
        return
    multiple = 1.0
    for i in range(now.size):
        multiple *= states[now[i].state].arrivals
    for n in range(pipelines.size):
        here = flow[n]
        goes_on = here.closed == 0 and here.arrivals < pipelines[n].slots
        set_intensity(here, pipelines[n].rate * here.scale * multiple if goes_on else 0.0, time)


@fused
def product(c, factors, now):
    """Product of the factors of the present states, at the address `factors` by state."""
    value = 1.0
    for i in range(now.size):
        value *= c[factors + now[i].state]
    return value


@fused
def hold_products(w, at, c, g, now, held, time, l):
    """Book products of states up to now where they have changed."""
    for j in range(held.size):
        value = product(c, int(c[g.products + 2 * j + 1]), now)
        if value != held[j].value:
            close_product(w, at, c, g, held[j], j, time, l)
            held[j].value, held[j].since = value, time


@fused
def close_product(w, at, c, g, held, j, time, l):
    """Book a product of states up to `time`."""
    if held.value != 0.0 and time > held.since:
        row = at.mark + uint64(c[g.products + 2 * j]) * uint64(g.steps + 2) * L
        mark(w, row, g, held.value, held.since, time, l)


@fused
def follow(w, at, c, g, states, pipelines, now, held, deals, flow, time, l):
    """What follows from a change of states: stopped calls, intensities of arrivals, products."""
    for i in range(now.size):
        if states[now[i].state].stops_calls == 1:
            stop_calls(w, at, deals, time, l)
    set_arrivals(states, pipelines, now, flow, time)
    hold_products(w, at, c, g, now, held, time, l)


@fused
def begin_layers(w, at, c, g, layers, states, now, scale, l):
    """Set all layers to their state on the value date."""
    scale[:] = 1.0
    for i in range(layers.size):
        layer = layers[i]
        days = states[layer.initial].expiry_days
        now[i].state = layer.initial
        now[i].since = 0.0
        now[i].jumps = 0
        now[i].expiries = 0
        set_threshold(now[i], w[at.hold + uint64(i * AHEAD) * L + l], 0.0)
        now[i].expires = time_of_day(c, g, layer.since + days) if days >= 0 else np.inf
        set_intensity(now[i], scaled_intensity(c, states[layer.initial], scale), 0.0)


@fused
def begin_events(w, at, c, g, states, events, now, fate, scale, flow, seed, path, l):
    """Set all events to what is known of them on the value date."""
    for e in range(events.size):
        event = events[e]
        fate[e].outcome = -1
        fate[e].day = event.day
        fate[e].time = np.inf
        if event.days_law < 0 and event.day >= 0:
            fate[e].time = event.time
        elif event.days_law >= 0 and event.after < 0:
            set_day(c, g, event, fate, e, event.day, seed, path)
        elif event.after < 0:
            fate[e].outcome = event.outcome
            remember(w, at, c, g, states, event, now, scale, flow, l)


@fused
def begin_deals(c, g, pipelines, projects, deals, flow, till, seed, path):
    """All announced notices are to come, those before the value date first; pipelines wait for their first arrival."""
    open_till(c, g, till, seed, path)
    for s in range(deals.size):
        deal = deals[s]
        set_aside(deal)
        deal.decisions = 0
        if s < g.announced:
            deal.stage, deal.day = NOTICE, projects[s].notice
            deal.time = time_of_day(c, g, deal.day)
    for n in range(pipelines.size):
        flow[n].scale, flow[n].arrivals, flow[n].closed = 1.0, 0, 0
        set_threshold(flow[n], gap(pipelines[n], 0, seed, path), 0.0)
    find_next(deals, till)


@fused
def next_change(now, fate, flow, till, horizon):
    """What happens next, when, and to which event, layer, project or pipeline.

    Ties go to events, then expiries, then notices and decisions, then hazards, then arrivals, then config order.
    """
    best, kind, item = horizon, _NOTHING, 0
    for e in range(fate.size):
        if fate[e].time < best:
            best, kind, item = fate[e].time, BY_EVENT, e
    for i in range(now.size):
        if now[i].expires < best:
            best, kind, item = now[i].expires, BY_EXPIRY, i
    if till.time < best:
        best, kind, item = till.time, BY_DEAL, till.project
    for i in range(now.size):
        if now[i].strikes < best:
            best, kind, item = now[i].strikes, BY_HAZARD, i
    for n in range(flow.size):
        if flow[n].strikes < best:
            best, kind, item = flow[n].strikes, BY_ARRIVAL, n
    return best, kind, item


# fmt: off
@fused
def run_clock(
    w, at, occupancy, log_, c, g, layers, states, events, pipelines, projects,
    now, fate, scale, held, deals, flow, till, seed, path, l,
):
    # fmt: on
    """Run the clock of one path to the horizon; `now`, `fate` and `till` are left with how it ended."""
    horizon = c[g.times + g.steps]
    begin_deals(c, g, pipelines, projects, deals, flow, till, seed, path)
    begin_layers(w, at, c, g, layers, states, now, scale, l)
    begin_events(w, at, c, g, states, events, now, fate, scale, flow, seed, path, l)
    for j in range(held.size):
        held[j].value, held[j].since = 0.0, 0.0
    while till.time < 0.0:
        attend(w, at, occupancy, log_, c, g, states, projects, now, scale, deals, till, till.project, seed, path, l)
    follow(w, at, c, g, states, pipelines, now, held, deals, flow, 0.0, l)
    while True:
        time, kind, k = next_change(now, fate, flow, till, horizon)
        if kind == _NOTHING:
            break
        moved = True
        if kind == BY_EVENT:
            happen(w, at, occupancy, log_, c, g, states, events, now, fate, scale, deals, flow, till, k, seed, path, l)
        elif kind == BY_EXPIRY:
            expire(w, at, occupancy, log_, c, g, layers[k], states, now, scale, k, seed, path, l)
        elif kind == BY_DEAL:
            moved = attend(w, at, occupancy, log_, c, g, states, projects, now, scale, deals, till, k, seed, path, l)
        elif kind == BY_HAZARD:
            jump(w, at, occupancy, log_, c, g, layers[k], states, now, scale, k, time, seed, path, l)
        else:
            # fmt: off
            arrive(
                w, at, occupancy, log_, c, g, states, pipelines, projects,
                now, scale, deals, flow, till, k, time, seed, path, l,
            )
            # fmt: on
        if moved:
            follow(w, at, c, g, states, pipelines, now, held, deals, flow, time, l)
    for i in range(now.size):
        leave(w, at, occupancy, c, g, states[now[i].state], now[i].state, now[i].since, horizon, l)
    for j in range(held.size):
        close_product(w, at, c, g, held[j], j, horizon, l)


@fused
def clear(w, at):
    """Set what the clock leaves to nothing: no marks, no pauses."""
    for i in range(at.mark, at.pause):
        w[i] = 0.0
    for i in range(at.pause, at.default):
        w[i] = np.inf
