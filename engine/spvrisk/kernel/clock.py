"""The legal and political clock: layers, hazards, expiries, events and what they do (section 4 of the model page).

Scalar per path: a path sees a few dozen changes, and clarity is worth more here than lanes. Index legend: i = layer, q
= state (numbered through), h = passage between states (numbered through), e = event, t = step, l = lane. ``now`` holds
the layers of one path, ``fate`` its events, ``scale`` the multiples of its hazards.

What the lanes need later goes to the workspace as changes between steps, which `sum_up` turns into values: most
intervals are long, and are told by their two ends.
"""

import math

import numpy as np
from numba import uint64

from spvrisk.kernel.maths import L, clause, inline, log, score, unit
from spvrisk.kernel.philox import word
from spvrisk.kernel.rows import add
from spvrisk.kernel.tables import value_at

NOW = np.dtype(
    [
        ("state", np.int64),
        ("since", np.float64),  # time of entry, not before the value date
        ("expires", np.float64),  # time at which the state ends by itself; infinite if never
        ("intensity", np.float64),  # of leaving the state, per year, scaled
        ("threshold", np.float64),  # what is left of the unit-exponential threshold
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

CHANGE = ("time", "cause", "item", "before", "after")
"""Columns of the log of a path.

Where an event takes place: its number, -1, its outcome. Of a move: what caused it (an event, an expiry, a hazard), the
layer, the states before and after.
"""

HAPPENED, BY_EVENT, BY_EXPIRY, BY_HAZARD = 0, 1, 2, 3
_NOTHING = -1
_LAST_DAY = 1e7  # beyond any horizon, and a whole number that fits


@clause
def time_of_day(c, g, day):
    """Time of the start of a day; infinite beyond the horizon."""
    if day >= c[g.days + g.steps]:
        return np.inf
    low, high = 0, g.steps
    while high - low > 1:
        middle = (low + high) // 2
        if c[g.days + middle] <= day:
            low = middle
        else:
            high = middle
    first = c[g.days + low]
    return (low + (day - first) / (c[g.days + low + 1] - first)) / g.per_year


@clause
def day_of_time(c, g, time):
    """First day that does not begin before `time`."""
    position = time * g.per_year
    t = min(int(position), g.steps - 1)
    first = c[g.days + t]
    return int(first) + int(math.ceil((position - t) * (c[g.days + t + 1] - first)))


@clause
def choose(c, pairs, n, level):
    """First of `n` pairs (item, running sum) whose sum exceeds `level`; the last if rounding leaves none."""
    for j in range(n - 1):
        if c[pairs + 2 * j + 1] > level:
            return int(c[pairs + 2 * j])
    return int(c[pairs + 2 * (n - 1)])


@inline
def _exponential(u):
    return -log(1.0 - u)


@clause
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


@clause
def mark(w, row, g, value, begin, end, l):
    """Book `value` in [begin, end), weighted by time within the steps, as changes between steps."""
    first, last = begin * g.per_year, end * g.per_year
    s, t = uint64(first), uint64(last)
    w[row + s * L + l] += value * (s + 1.0 - first)
    w[row + (s + uint64(1)) * L + l] += value * (first - s)
    w[row + t * L + l] -= value * (t + 1.0 - last)
    w[row + (t + uint64(1)) * L + l] -= value * (last - t)


@clause
def sum_up(w, at, g):
    """Turn the changes of all marks between steps into their values, the means over the steps."""
    for m in range(uint64(g.marks)):
        row = at.mark + m * uint64(g.steps + 2) * L
        for t in range(uint64(g.steps - 1)):
            add(w, row + (t + uint64(1)) * L, row + t * L)


@clause
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


@clause
def leave(w, at, occupancy, c, g, state, q, begin, end, l):
    """Book the time that a path has spent in a state."""
    occupy(occupancy, g, q, begin, end)
    marks = state.marks
    for j in range(int(c[marks])):
        row = at.mark + uint64(c[marks + 1 + 2 * j]) * uint64(g.steps + 2) * L
        mark(w, row, g, c[marks + 2 + 2 * j], begin, end, l)


@clause
def scaled_intensity(c, state, scale):
    """Yearly intensity of leaving a state, as events have scaled it."""
    total = 0.0
    for j in range(state.n_targets):
        total += c[state.targets + 2 * j + 1] * scale[state.hazard + j]
    return total


@clause
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
        here.intensity = scaled_intensity(c, states[q], scale)


@clause
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


@clause
def draw_outcome(c, event, now, fate, seed, path):
    """Outcome of an event: the one that is known or forced, else drawn."""
    if event.outcome >= 0:
        return event.outcome
    u = unit(word(seed, path, event.stream, 0))
    sums = rule_of(c, event, now, fate)
    o = 0
    while o < event.n_outcomes - 1 and c[sums + o] <= u:
        o += 1
    return o


@clause
def set_day(c, g, event, fate, e, day, seed, path):
    """Set the date of event `e`: so many days, rounded up, after `day`."""
    days = value_at(c, event.days_law, score(word(seed, path, event.days_stream, 0)))
    fate[e].day = day + int(math.ceil(min(days, _LAST_DAY)))
    fate[e].time = time_of_day(c, g, fate[e].day)


@clause
def effects_of(c, event, o):
    """Address of what outcome `o` of an event does."""
    effects = event.effects
    for _ in range(o):
        effects += int(c[effects])
    return effects + 1


@clause
def move_layers(w, at, occupancy, log_, c, g, states, now, scale, effects, time, day, l):
    """Make an outcome's moves; return the address of what it does next."""
    n = int(c[effects])
    for j in range(n):
        q = int(c[effects + 1 + j])
        enter(w, at, occupancy, log_, c, g, states, now, scale, q, time, day, BY_EVENT, l)
    return effects + 1 + n


@clause
def scale_hazards(c, states, now, scale, effects):
    """Scale hazards as an outcome says; return the address of what it does next."""
    n = int(c[effects])
    for j in range(n):
        scale[int(c[effects + 1 + 2 * j])] *= c[effects + 2 + 2 * j]
    if n > 0:
        for i in range(now.size):
            now[i].intensity = scaled_intensity(c, states[now[i].state], scale)
    return effects + 1 + 2 * n


@clause
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


@clause
def put_off(w, at, c, effects, time, l):
    """Note standstills of projects, one after the other; return the address of what the outcome does next."""
    n = int(c[effects])
    for j in range(n):
        delay = effects + 1 + 4 * j
        pause, years, begin = at.pause + uint64(2 * c[delay]) * L + l, c[delay + 2], max(time, c[delay + 3])
        while w[pause] < np.inf:
            begin = max(begin, w[pause] + w[pause + L])
            pause += uint64(2) * L
        w[pause] = begin
        w[pause + L] = years
    return effects + 1 + 4 * n


@clause
def call_off(w, at, c, effects, time, l):
    """Note from when on projects are cancelled."""
    for j in range(int(c[effects])):
        stop = at.stop + uint64(c[effects + 1 + j]) * L + l
        w[stop] = min(w[stop], time)


@clause
def happen(w, at, occupancy, log_, c, g, states, events, now, fate, scale, e, seed, path, l):
    """An event takes place: its outcome, what that does, and the dates of the events that follow it."""
    event, time, day = events[e], fate[e].time, fate[e].day
    fate[e].outcome = draw_outcome(c, event, now, fate, seed, path)
    fate[e].time = np.inf
    note(log_, time, HAPPENED, e, -1, fate[e].outcome)
    effects = effects_of(c, event, fate[e].outcome)
    effects = move_layers(w, at, occupancy, log_, c, g, states, now, scale, effects, time, day, l)
    effects = scale_hazards(c, states, now, scale, effects)
    effects = shift_factors(w, at, c, g, effects, time, l)
    effects = put_off(w, at, c, effects, time, l)
    call_off(w, at, c, effects, time, l)
    for other in range(events.size):
        if events[other].after == e:
            set_day(c, g, events[other], fate, other, day, seed, path)


@clause
def remember(w, at, c, g, states, event, now, scale, l):
    """A past event: hazards stay scaled and shifts last; states and plans are those of the value date already."""
    effects = effects_of(c, event, event.outcome)
    effects += 1 + int(c[effects])
    effects = scale_hazards(c, states, now, scale, effects)
    shift_factors(w, at, c, g, effects, event.time, l)


@clause
def expire(w, at, occupancy, log_, c, g, layer, states, now, scale, i, seed, path, l):
    """The state of layer `i` has come to its last day: draw what follows."""
    state, time = states[now[i].state], now[i].expires
    u = unit(word(seed, path, layer.clock_stream, now[i].expiries))
    now[i].expiries += 1
    # a state ends at a day's start; half a day off, rounding up cannot miss that day
    day = day_of_time(c, g, time - 0.5 / 366.0)
    heir = choose(c, state.heirs, state.n_heirs, u)
    enter(w, at, occupancy, log_, c, g, states, now, scale, heir, time, day, BY_EXPIRY, l)


@clause
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


@clause
def jump(w, at, occupancy, log_, c, g, layer, states, now, scale, i, time, seed, path, l):
    """The threshold of layer `i` is used up: jump in proportion to the intensities, and draw a new threshold."""
    u = unit(word(seed, path, layer.to_stream, now[i].jumps))
    now[i].jumps += 1
    now[i].threshold = _exponential(unit(word(seed, path, layer.hold_stream, now[i].jumps)))
    target = target_of(c, states[now[i].state], scale, u * now[i].intensity)
    day = day_of_time(c, g, time)
    enter(w, at, occupancy, log_, c, g, states, now, scale, target, time, day, BY_HAZARD, l)


@clause
def begin(w, at, c, g, layers, states, events, now, fate, scale, seed, path, l):
    """Set all layers to their state on the value date, and all events to what is known of them."""
    scale[:] = 1.0
    for i in range(layers.size):
        layer = layers[i]
        days = states[layer.initial].expiry_days
        now[i].state = layer.initial
        now[i].since = 0.0
        now[i].jumps = 0
        now[i].expiries = 0
        now[i].threshold = _exponential(unit(word(seed, path, layer.hold_stream, 0)))
        now[i].expires = time_of_day(c, g, layer.since + days) if days >= 0 else np.inf
        now[i].intensity = scaled_intensity(c, states[layer.initial], scale)
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
            remember(w, at, c, g, states, event, now, scale, l)


@clause
def next_change(now, fate, time, horizon):
    """What happens next, when, and to which event or layer.

    Ties go to events, then expiries, then hazards, then config order.
    """
    best, kind, item = horizon, _NOTHING, 0
    for e in range(fate.size):
        if fate[e].time < best:
            best, kind, item = fate[e].time, BY_EVENT, e
    for i in range(now.size):
        if now[i].expires < best:
            best, kind, item = now[i].expires, BY_EXPIRY, i
    for i in range(now.size):
        intensity = now[i].intensity
        if intensity > 0.0 and time + max(now[i].threshold, 0.0) / intensity < best:
            best, kind, item = time + max(now[i].threshold, 0.0) / intensity, BY_HAZARD, i
    return best, kind, item


@clause
def run_clock(w, at, occupancy, log_, c, g, layers, states, events, now, fate, scale, seed, path, l):
    """Run the clock of one path to the horizon; `now` and `fate` are left with final states and outcomes."""
    horizon, time = c[g.times + g.steps], 0.0
    begin(w, at, c, g, layers, states, events, now, fate, scale, seed, path, l)
    while True:
        then, kind, k = next_change(now, fate, time, horizon)
        if kind == _NOTHING:
            break
        for i in range(now.size):
            now[i].threshold -= now[i].intensity * (then - time)
        time = then
        if kind == BY_EVENT:
            happen(w, at, occupancy, log_, c, g, states, events, now, fate, scale, k, seed, path, l)
        elif kind == BY_EXPIRY:
            expire(w, at, occupancy, log_, c, g, layers[k], states, now, scale, k, seed, path, l)
        else:
            jump(w, at, occupancy, log_, c, g, layers[k], states, now, scale, k, time, seed, path, l)
    for i in range(now.size):
        leave(w, at, occupancy, c, g, states[now[i].state], now[i].state, now[i].since, horizon, l)


@clause
def clear(w, at):
    """Set what the clock leaves to nothing: no marks, no stops, no pauses."""
    for i in range(at.mark, at.stop):
        w[i] = 0.0
    for i in range(at.stop, at.calls):
        w[i] = np.inf
