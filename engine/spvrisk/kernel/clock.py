"""The legal and political clock: layers, hazards, expiries, dated events (section 4 of the model page).

Scalar per path: a path sees a few dozen jumps, and clarity is worth more here than lanes. Index legend: i = layer, q = state (numbered
through), e = event in order of time, t = step, l = lane.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import uint64

from spvrisk.kernel.maths import L, clause, inline, log, unit
from spvrisk.kernel.philox import word
from spvrisk.plan.arrays import Clock, Floats, Ints

_NOTHING, _EVENT, _EXPIRY, _HAZARD = 0, 1, 2, 3


class ClockState(NamedTuple):
    """Where the layers of one path stand."""

    state: Ints
    """``(layer,)``: current state."""
    since: Floats
    """``(layer,)``: time of entry, years, not before the value date."""
    expires: Floats
    """``(layer,)``: time at which the current state ends by itself; infinite if never."""
    threshold: Floats
    """``(layer,)``: what is left of the unit-exponential threshold."""
    jumps: Ints
    """``(layer,)``: hazard jumps so far."""
    expiries: Ints
    """``(layer,)``: expiries so far."""
    outcome: Ints
    """``(event,)``: outcome of each event in config order; -1 before it."""


def clock_state(clock: Clock) -> ClockState:
    """Make room for the state of one path."""
    layers, events = clock.initial.size, clock.event_time.size
    return ClockState(
        np.zeros(layers, np.int64),
        np.zeros(layers),
        np.zeros(layers),
        np.zeros(layers),
        np.zeros(layers, np.int64),
        np.zeros(layers, np.int64),
        np.zeros(events, np.int64),
    )


@clause
def time_of_day(grid, day):  # type: ignore[no-untyped-def]
    """Time in years of the start of a day; infinite beyond the horizon."""
    if day >= grid.day[grid.steps]:
        return np.inf
    t = np.searchsorted(grid.day, day, side="right") - 1
    return (t + (day - grid.day[t]) / (grid.day[t + 1] - grid.day[t])) * grid.dt


@clause
def day_of_time(grid, time):  # type: ignore[no-untyped-def]
    """First day that does not begin before `time`."""
    position = time / grid.dt
    t = min(int(position), grid.steps - 1)
    return grid.day[t] + int(math.ceil((position - t) * (grid.day[t + 1] - grid.day[t])))


@clause
def choose(cumulative, first, end, level):  # type: ignore[no-untyped-def]
    """First position in [first, end) whose running sum exceeds `level`; the last if rounding leaves none."""
    for j in range(first, end - 1):
        if cumulative[j] > level:
            return j
    return end - 1


@inline
def _exponential(u):  # type: ignore[no-untyped-def]
    return -log(1.0 - u)


@inline
def _intensity(clock, q):  # type: ignore[no-untyped-def]
    """Total yearly intensity of leaving a state."""
    first, end = clock.hazard_start[q], clock.hazard_start[q + 1]
    return clock.hazard_cumulative[end - 1] if end > first else 0.0


@clause
def _mark(w, attribute, occupancy, clock, grid, q, begin, end, l):  # type: ignore[no-untyped-def]
    """Book the time [begin, end) that a path spends in a state: occupancy, and attributes as time-weighted means of the steps."""
    first, last = begin / grid.dt, end / grid.dt
    for t in range(int(first), grid.steps):
        share = min(last, t + 1.0) - max(first, float(t))
        if share <= 0.0:
            break
        occupancy[q, t] += share
        for a in range(clock.attribute.shape[0]):
            row = attribute + uint64(a * grid.steps + t) * L
            w[row + l] += clock.attribute[a, q] * share


@clause
def _enter(w, attribute, occupancy, clock, grid, now, q, time, day, l):  # type: ignore[no-untyped-def]
    """Move a layer into state `q`; a move to the state it is in changes nothing."""
    i = clock.layer_of[q]
    if now.state[i] == q:
        return
    _mark(w, attribute, occupancy, clock, grid, now.state[i], now.since[i], time, l)
    now.state[i] = q
    now.since[i] = time
    now.expires[i] = time_of_day(grid, day + clock.expiry_days[q]) if clock.expiry_days[q] >= 0 else np.inf


@clause
def _rule(clock, now, e):  # type: ignore[no-untyped-def]
    """First rule of event `e` whose conditions on states and earlier outcomes hold."""
    for r in range(clock.rule_start[e], clock.rule_start[e + 1]):
        holds = True
        for c in range(clock.rule_layer_start[r], clock.rule_layer_start[r + 1]):
            holds = holds and now.state[clock.rule_layer[c]] == clock.rule_state[c]
        for c in range(clock.rule_outcome_start[r], clock.rule_outcome_start[r + 1]):
            holds = holds and now.outcome[clock.rule_event[c]] == clock.rule_outcome[c]
        if holds:
            return r
    return clock.rule_start[e + 1] - 1


@clause
def _event(w, attribute, occupancy, clock, grid, now, e, seed, path, l):  # type: ignore[no-untyped-def]
    """An event takes place: draw its outcome, make its moves."""
    u = unit(word(seed, path, clock.event_stream[e], 0))
    n_outcomes = clock.rule_cumulative.shape[1]
    outcome = choose(clock.rule_cumulative[_rule(clock, now, e)], 0, n_outcomes, u)
    now.outcome[clock.event_row[e]] = outcome
    cell = e * n_outcomes + outcome
    for j in range(clock.move_start[cell], clock.move_start[cell + 1]):
        _enter(
            w, attribute, occupancy, clock, grid, now, clock.move_state[j], clock.event_time[e], clock.event_day[e], l
        )


@clause
def _expiry(w, attribute, occupancy, clock, grid, now, i, seed, path, l):  # type: ignore[no-untyped-def]
    """The state of layer `i` has come to its last day: draw what follows."""
    q, time = now.state[i], now.expires[i]
    u = unit(word(seed, path, clock.clock_stream[i], now.expiries[i]))
    now.expiries[i] += 1
    target = clock.expiry_target[choose(clock.expiry_cumulative, clock.expiry_start[q], clock.expiry_start[q + 1], u)]
    # the expiry falls on a day's start: rounding up within half a day only undoes the rounding of its time
    day = day_of_time(grid, time - 0.5 / 365.25)
    _enter(w, attribute, occupancy, clock, grid, now, target, time, day, l)


@clause
def _jump(w, attribute, occupancy, clock, grid, now, i, time, seed, path, l):  # type: ignore[no-untyped-def]
    """The threshold of layer `i` is used up: jump in proportion to the intensities, and draw a new threshold."""
    q = now.state[i]
    u = unit(word(seed, path, clock.to_stream[i], now.jumps[i]))
    j = choose(clock.hazard_cumulative, clock.hazard_start[q], clock.hazard_start[q + 1], u * _intensity(clock, q))
    now.jumps[i] += 1
    now.threshold[i] = _exponential(unit(word(seed, path, clock.hold_stream[i], now.jumps[i])))
    _enter(w, attribute, occupancy, clock, grid, now, clock.hazard_target[j], time, day_of_time(grid, time), l)


@clause
def _begin(clock, grid, now, seed, path):  # type: ignore[no-untyped-def]
    """Set all layers to their state on the value date."""
    for i in range(clock.initial.size):
        q = clock.initial[i]
        now.state[i] = q
        now.since[i] = 0.0
        now.jumps[i] = 0
        now.expiries[i] = 0
        now.threshold[i] = _exponential(unit(word(seed, path, clock.hold_stream[i], 0)))
        days = clock.expiry_days[q]
        now.expires[i] = time_of_day(grid, clock.since[i] + days) if days >= 0 else np.inf
    now.outcome[:] = -1


@clause
def _next(clock, now, e, time, horizon):  # type: ignore[no-untyped-def]
    """What happens next, when, and in which layer. Ties go to events, then expiries, then hazards, then config order."""
    best, kind, layer = horizon, _NOTHING, 0
    if e < clock.event_time.size and clock.event_time[e] < best:
        best, kind = clock.event_time[e], _EVENT
    for i in range(clock.initial.size):
        if now.expires[i] < best:
            best, kind, layer = now.expires[i], _EXPIRY, i
    for i in range(clock.initial.size):
        intensity = _intensity(clock, now.state[i])
        if intensity > 0.0 and time + now.threshold[i] / intensity < best:
            best, kind, layer = time + now.threshold[i] / intensity, _HAZARD, i
    return best, kind, layer


@clause
def run_clock(w, attribute, occupancy, clock, grid, now, seed, path, l):  # type: ignore[no-untyped-def]
    """Run the clock of one path to the horizon; `now` is left with final states and outcomes."""
    horizon = grid.steps * grid.dt
    time, e = 0.0, 0
    _begin(clock, grid, now, seed, path)
    while True:
        then, kind, i = _next(clock, now, e, time, horizon)
        if kind == _NOTHING:
            break
        for j in range(clock.initial.size):
            now.threshold[j] -= _intensity(clock, now.state[j]) * (then - time)
        time = then
        if kind == _EVENT:
            _event(w, attribute, occupancy, clock, grid, now, e, seed, path, l)
            e += 1
        elif kind == _EXPIRY:
            _expiry(w, attribute, occupancy, clock, grid, now, i, seed, path, l)
        else:
            _jump(w, attribute, occupancy, clock, grid, now, i, time, seed, path, l)
    for i in range(clock.initial.size):
        _mark(w, attribute, occupancy, clock, grid, now.state[i], now.since[i], horizon, l)


@clause
def clocks(w, at, occupancy, values, first_row, column, clock, grid, now, seed, path, n):  # type: ignore[no-untyped-def]
    """Run the clock of `n` paths; attributes go to the workspace, final states and outcomes to `values`.

    A final state is numbered within its layer, an outcome within its event, both in config order.
    """
    for l in range(n):
        run_clock(w, at.attribute, occupancy, clock, grid, now, seed, path + l, l)
        row = first_row
        for i in range(clock.initial.size):
            values[row, column + l] = now.state[i] - clock.layer_start[i]
            row += 1
        for e in range(clock.event_time.size):
            values[row, column + l] = now.outcome[e]
            row += 1


