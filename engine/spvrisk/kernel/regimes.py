"""Regimes of states: hazards, expiries, moves, and what the time in a state leaves (section 4 of the model page).

Scalar per path. Index legend: i = regime, q = state (numbered through), t = step.

What the lanes need later goes to the workspace as changes between steps, which `sum_up` turns into means over the
steps: most intervals are long, and are told by their two ends.
"""

import numpy as np
from numba import uint64

from spvrisk.kernel import draws as draw
from spvrisk.kernel.dates import day_of_time, days_up, time_of_day
from spvrisk.kernel.log import BY_EXPIRY, BY_HAZARD, note
from spvrisk.kernel.maths import L, U, fused
from spvrisk.kernel.simd import WIDE, load, store
from spvrisk.kernel.tables import value_at
from spvrisk.kernel.whole_rows import add
from spvrisk.kernel.workspace import AHEAD, mean_row

_NO_DAY = -1  # of a move into a state that does not expire, nor starts an event: nobody asks


# ---- draws


@fused
def draw_jumps_ahead(block):
    """Draw the first hazard jumps of each regime for all lanes."""
    w, at, regimes = block.w, block.at, block.plan.regimes
    for i in range(regimes.size):
        for four in range(U(AHEAD // 4)):
            row = (uint64(i * AHEAD) + U(4) * four) * L
            hold = at.hold.first + row
            draw.four_uniforms(block.draws, w, hold, regimes[i].hold_stream, four)
            for l in range(U(0), U(4) * L, U(WIDE)):
                store(w, hold + l, draw.exponential(load(w, hold + l)))
            draw.four_uniforms(block.draws, w, at.to.first + row, regimes[i].to_stream, four)


@fused
def draw_threshold(world, i, n):
    """Unit-exponential threshold before hazard jump `n` of regime `i`."""
    if n < AHEAD:
        return world.w[world.at.hold.first + uint64(i * AHEAD + n) * L + world.lane]
    return draw.exponential(draw.uniform(world.draws, world.regimes[i].hold_stream, n))


@fused
def draw_way(world, i, n):
    """Uniform number that says where hazard jump `n` of regime `i` leads."""
    if n < AHEAD:
        return world.w[world.at.to.first + uint64(i * AHEAD + n) * L + world.lane]
    return draw.uniform(world.draws, world.regimes[i].to_stream, n)


@fused
def choose(c, pairs, n, level):
    """First of `n` pairs (item, running sum) whose sum exceeds `level`; the last if rounding leaves none."""
    for j in range(n - 1):
        if c[pairs + 2 * j + 1] > level:
            return int(c[pairs + 2 * j])
    return int(c[pairs + 2 * (n - 1)])


# ---- what time leaves: step means and occupancy


@fused
def book_mean(world, number, value, begin, end):
    """Book `value` in [begin, end) into a step mean, weighted by time within the steps, as changes between steps."""
    w, g, row = world.w, world.g, mean_row(world.at, world.g, number, 0)
    first, last = begin * g.per_year, end * g.per_year
    s, t = uint64(first), uint64(last)
    w[row + s * L + world.lane] += value * (s + 1.0 - first)
    w[row + (s + uint64(1)) * L + world.lane] += value * (first - s)
    w[row + t * L + world.lane] -= value * (t + 1.0 - last)
    w[row + (t + uint64(1)) * L + world.lane] -= value * (last - t)


@fused
def sum_up(w, at, g):
    """Turn the changes of all step means between steps into their values."""
    for number in range(uint64(g.step_means)):
        for t in range(uint64(g.steps - 1)):
            row = mean_row(at, g, number, t)
            add(w, row + L, row)


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
def leave(world, i, end):
    """Book the time that a path has spent in the state of regime `i`."""
    c, q, since = world.c, world.now[i].state, world.now[i].since
    occupy(world.occupancy, world.g, q, since, end)
    means = world.states[q].step_means
    for j in range(int(c[means])):
        book_mean(world, c[means + 1 + 2 * j], c[means + 2 + 2 * j], since, end)


# ---- intensities and thresholds


@fused
def rate_of(world, state, j):
    """Yearly intensity of a passage out of a state, as events and what is so have scaled it."""
    passage = state.hazard + j
    return world.c[state.targets + 2 * j + 1] * (world.scales[passage] * world.weights[passage])


@fused
def scaled_intensity(world, q):
    """Yearly intensity of leaving a state."""
    state, total = world.states[q], 0.0
    for j in range(state.n_targets):
        total += rate_of(world, state, j)
    return total


@fused
def situation_holds(world, at):
    """Whether what a rule of hazards asks for is so. Returns the offset behind it too."""
    c, ledger, holds = world.c, world.ledger, True
    for _ in range(int(c[at])):
        holds = holds and world.now[int(c[at + 1])].state == int(c[at + 2])
        at += 2
    at += 1
    for _ in range(int(c[at])):
        holds = holds and world.event_states[int(c[at + 1])].outcome == int(c[at + 2])
        at += 2
    at += 1
    return holds and ledger.declined >= c[at] and ledger.delayed >= c[at + 1], at + 2


@fused
def weigh_hazards(world, time):
    """Multiply hazards by what holds now."""
    c, rule = world.c, world.g.rules
    world.weights[:] = 1.0
    for _ in range(world.g.n_rules):
        holds, at = situation_holds(world, rule + 1)
        if holds:
            for j in range(int(c[at])):
                world.weights[int(c[at + 1 + 2 * j])] *= c[at + 2 + 2 * j]
        rule += int(c[rule])
    rescale(world, time)


@fused
def set_threshold(here, threshold, time):
    """A new threshold, which is not used up yet."""
    here.threshold, here.counted = threshold, time
    here.intensity, here.next_jump = 0.0, np.inf


@fused
def set_intensity(here, intensity, time):
    """Use up a threshold at another yearly intensity from now on.

    It is counted at changes alone: what else happens meanwhile leaves the time of the next jump to the last bit.
    """
    if intensity != here.intensity:
        here.threshold = max(here.threshold - here.intensity * (time - here.counted), 0.0)
        here.counted, here.intensity = time, intensity
        here.next_jump = time + here.threshold / intensity if intensity > 0.0 else np.inf


@fused
def rescale(world, time):
    """Go on at intensities that events have scaled."""
    for i in range(world.now.size):
        set_intensity(world.now[i], scaled_intensity(world, world.now[i].state), time)


@fused
def product(c, factors, now):
    """Product of the factors of the present states, which begin at the offset `factors` by state."""
    value = 1.0
    for i in range(now.size):
        value *= c[factors + now[i].state]
    return value


# ---- moves


@fused
def set_day(world, e, day):
    """Set the date of event `e`: so many days, rounded up, after `day`."""
    event, state = world.events[e], world.event_states[e]
    days = value_at(world.c, event.days_law, draw.score(world.draws, event.days_stream, 0))
    state.day = day + days_up(days)
    state.time = time_of_day(world.c, world.g, state.day)


@fused
def start_events(world, q, day):
    """Set the dates of the events that count from the first entry into state `q`."""
    for e in range(world.events.size):
        state = world.event_states[e]
        if world.events[e].entered == q and state.outcome < 0 and state.time == np.inf:
            set_day(world, e, day)


@fused
def begin_regimes(world):
    """Set all regimes to their state on the value date."""
    w, at, now = world.w, world.at, world.now
    world.scales[:] = 1.0
    world.weights[:] = 1.0
    for i in range(now.size):
        regime = world.regimes[i]
        days = world.states[regime.initial].expiry_days
        now[i].state = regime.initial
        now[i].since = 0.0
        now[i].jumps = 0
        now[i].expiries = 0
        set_threshold(now[i], w[at.hold.first + uint64(i * AHEAD) * L + world.lane], 0.0)
        now[i].expires = time_of_day(world.c, world.g, regime.since + days) if days >= 0 else np.inf
        set_intensity(now[i], scaled_intensity(world, regime.initial), 0.0)


@fused
def enter(world, q, time, day, cause):
    """Move a regime into state `q`; a move to the state it is in changes nothing."""
    i = world.states[q].regime
    here = world.now[i]
    if here.state != q:
        note(world.log, time, cause, i, here.state, q)
        leave(world, i, time)
        days = world.states[q].expiry_days
        here.state = q
        here.since = time
        here.expires = time_of_day(world.c, world.g, day + days) if days >= 0 else np.inf
        set_intensity(here, scaled_intensity(world, q), time)
        if world.states[q].starts == 1:
            start_events(world, q, day)


@fused
def expire(world, i):
    """The state of regime `i` has come to its last day: draw what follows."""
    here = world.now[i]
    state, time = world.states[here.state], here.expires
    u = draw.uniform(world.draws, world.regimes[i].clock_stream, here.expiries)
    here.expiries += 1
    # a state ends at a day's start; half a day off, rounding up cannot miss that day
    day = day_of_time(world.c, world.g, time - 0.5 / 366.0)
    enter(world, choose(world.c, state.successors, state.n_successors, u), time, day, BY_EXPIRY)


@fused
def target_of(world, q, level):
    """State whose running sum of scaled intensities is the first above `level`; the last possible one if none."""
    state, total, target = world.states[q], 0.0, 0
    for j in range(state.n_targets):
        rate = rate_of(world, state, j)
        total += rate
        if rate > 0.0:
            target = int(world.c[state.targets + 2 * j])
            if total > level:
                break
    return target


@fused
def jump(world, i, time):
    """The threshold of regime `i` is used up: jump in proportion to the intensities, and draw a new threshold."""
    here = world.now[i]
    target = target_of(world, here.state, draw_way(world, i, here.jumps) * here.intensity)
    here.jumps += 1
    set_threshold(here, draw_threshold(world, i, here.jumps), time)
    asked = world.states[target].expiry_days >= 0 or world.states[target].starts == 1
    day = day_of_time(world.c, world.g, time) if asked else _NO_DAY
    enter(world, target, time, day, BY_HAZARD)


@fused
def leave_all(world, horizon):
    """Book the last states up to the horizon."""
    for i in range(world.now.size):
        leave(world, i, horizon)
