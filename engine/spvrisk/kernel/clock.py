"""The legal and political clock: layers, hazards, expiries, dated events (section 4 of the model page).

Scalar per path: a path sees a few dozen jumps, and clarity is worth more here than lanes. Index legend: i = layer, q
= state (numbered through), e = event in order of time, t = step, l = lane. ``now`` is the state of the layers of one
path, ``outcome`` holds the outcome of each event in config order, -1 before it.
"""

import math

import numpy as np
from numba import uint64

from spvrisk.kernel.maths import L, clause, inline, log, unit
from spvrisk.kernel.philox import word

NOW = np.dtype(
    [
        ("state", np.int64),
        ("since", np.float64),  # time of entry, not before the value date
        ("expires", np.float64),  # time at which the state ends by itself; infinite if never
        ("threshold", np.float64),  # what is left of the unit-exponential threshold
        ("jumps", np.int64),  # hazard jumps so far
        ("expiries", np.int64),  # expiries so far
    ],
    align=True,
)

_NOTHING, _EVENT, _EXPIRY, _HAZARD = 0, 1, 2, 3


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
    return (low + (day - first) / (c[g.days + low + 1] - first)) * g.dt


@clause
def day_of_time(c, g, time):
    """First day that does not begin before `time`."""
    position = time / g.dt
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
def mark(w, attribute, occupancy, c, g, q, n_states, begin, end, l):
    """Book the time [begin, end) that a path spends in a state.

    Occupancy, and attributes as time-weighted means of the steps.
    """
    first, last = begin / g.dt, end / g.dt
    for t in range(int(first), min(int(last) + 1, g.steps)):
        occupancy[q, t] += min(last, t + 1.0) - max(first, float(t))
    for a in range(g.attributes):
        value = c[g.attribute + a * n_states + q]
        if value != 0.0:
            row = attribute + uint64(a * g.steps) * L + l
            for t in range(int(first), min(int(last) + 1, g.steps)):
                w[row + uint64(t) * L] += value * (min(last, t + 1.0) - max(first, float(t)))


@clause
def enter(w, attribute, occupancy, c, g, states, now, q, time, day, l):
    """Move a layer into state `q`; a move to the state it is in changes nothing."""
    here = now[states[q].layer]
    if here.state != q:
        mark(w, attribute, occupancy, c, g, here.state, states.size, here.since, time, l)
        days = states[q].expiry_days
        here.state = q
        here.since = time
        here.expires = time_of_day(c, g, day + days) if days >= 0 else np.inf


@clause
def rule_of(c, event, now, outcome):
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
            holds = holds and outcome[int(c[at + 1])] == int(c[at + 2])
            at += 2
        if holds:
            return at + 1
        rule += int(c[rule])


@clause
def happen(w, attribute, occupancy, c, g, states, now, outcome, event, seed, path, l):
    """An event takes place: draw its outcome, make its moves."""
    u = unit(word(seed, path, event.stream, 0))
    sums = rule_of(c, event, now, outcome)
    o = 0
    while o < event.n_outcomes - 1 and c[sums + o] <= u:
        o += 1
    outcome[event.row] = o
    moves = event.moves
    for _ in range(o):
        moves += 1 + int(c[moves])
    for j in range(int(c[moves])):
        enter(w, attribute, occupancy, c, g, states, now, int(c[moves + 1 + j]), event.time, event.day, l)


@clause
def expire(w, attribute, occupancy, c, g, layer, states, now, i, seed, path, l):
    """The state of layer `i` has come to its last day: draw what follows."""
    state, time = states[now[i].state], now[i].expires
    u = unit(word(seed, path, layer.clock_stream, now[i].expiries))
    now[i].expiries += 1
    # a state ends at a day's start; half a day off, rounding up cannot miss that day
    day = day_of_time(c, g, time - 0.5 / 366.0)
    enter(w, attribute, occupancy, c, g, states, now, choose(c, state.heirs, state.n_heirs, u), time, day, l)


@clause
def jump(w, attribute, occupancy, c, g, layer, states, now, i, time, seed, path, l):
    """The threshold of layer `i` is used up: jump in proportion to the intensities, and draw a new threshold."""
    state = states[now[i].state]
    u = unit(word(seed, path, layer.to_stream, now[i].jumps))
    now[i].jumps += 1
    now[i].threshold = _exponential(unit(word(seed, path, layer.hold_stream, now[i].jumps)))
    target = choose(c, state.targets, state.n_targets, u * state.intensity)
    enter(w, attribute, occupancy, c, g, states, now, target, time, day_of_time(c, g, time), l)


@clause
def begin(c, g, layers, states, now, outcome, seed, path):
    """Set all layers to their state on the value date."""
    for i in range(layers.size):
        layer = layers[i]
        days = states[layer.initial].expiry_days
        now[i].state = layer.initial
        now[i].since = 0.0
        now[i].jumps = 0
        now[i].expiries = 0
        now[i].threshold = _exponential(unit(word(seed, path, layer.hold_stream, 0)))
        now[i].expires = time_of_day(c, g, layer.since + days) if days >= 0 else np.inf
    outcome[:] = -1


@clause
def next_change(events, states, now, e, time, horizon):
    """What happens next, when, and in which layer.

    Ties go to events, then expiries, then hazards, then config order.
    """
    best, kind, layer = horizon, _NOTHING, 0
    if e < events.size and events[e].time < best:
        best, kind = events[e].time, _EVENT
    for i in range(now.size):
        if now[i].expires < best:
            best, kind, layer = now[i].expires, _EXPIRY, i
    for i in range(now.size):
        intensity = states[now[i].state].intensity
        if intensity > 0.0 and time + now[i].threshold / intensity < best:
            best, kind, layer = time + now[i].threshold / intensity, _HAZARD, i
    return best, kind, layer


@clause
def run_clock(w, attribute, occupancy, c, g, layers, states, events, now, outcome, seed, path, l):
    """Run the clock of one path to the horizon; `now` and `outcome` are left with final states and outcomes."""
    horizon = c[g.times + g.steps]
    time, e = 0.0, 0
    begin(c, g, layers, states, now, outcome, seed, path)
    while True:
        then, kind, i = next_change(events, states, now, e, time, horizon)
        if kind == _NOTHING:
            break
        for j in range(now.size):
            now[j].threshold -= states[now[j].state].intensity * (then - time)
        time = then
        if kind == _EVENT:
            happen(w, attribute, occupancy, c, g, states, now, outcome, events[e], seed, path, l)
            e += 1
        elif kind == _EXPIRY:
            expire(w, attribute, occupancy, c, g, layers[i], states, now, i, seed, path, l)
        else:
            jump(w, attribute, occupancy, c, g, layers[i], states, now, i, time, seed, path, l)
    for i in range(now.size):
        mark(w, attribute, occupancy, c, g, now[i].state, states.size, now[i].since, horizon, l)
