"""Construction: overrun, duration, spend (section 6 of the model page).

Index legend: k = factor, t = step, l = lane. Each function works on the fixed rows of `kernel.rows`; ``p`` is the
project's record, ``c`` the pool of constants, ``x`` the first element of the step's factor rows.
"""

import numpy as np
from numba import float64, int32, uint64

from spvrisk.kernel.maths import L, U, clause
from spvrisk.kernel.philox import fill_score
from spvrisk.kernel.rows import (
    CLOSURE,
    COMPLETION,
    COST_SCORE,
    DELAY_SCORE,
    INDEX,
    OVERRUN,
    PAID,
    PROGRESS,
    SPEND,
    SPENT,
    SPENT_NOW,
    STRETCH,
    WORK_END,
    Z0,
    Z1,
    Z2,
    fill,
)
from spvrisk.kernel.tables import look_up


@clause
def class_score(w, u, target, p, all_stream, class_stream, own_stream, seed, path):
    """Score with an overall, a class and an own part."""
    overall, common, own = p.loading_all, p.loading_class, p.loading_own
    fill_score(w, u, Z0, seed, path, all_stream)
    fill_score(w, u, Z1, seed, path, class_stream)
    fill_score(w, u, Z2, seed, path, own_stream)
    for l in range(L):
        w[target + l] = overall * w[Z0 + l] + common * w[Z1 + l] + own * w[Z2 + l]


@clause
def draw_overrun(w, u, c, g, p, seed, path):
    """Overrun X of the budget, less the part of the published ratio that the cost indices carry already."""
    class_score(w, u, COST_SCORE, p, g.all_cost_stream, p.class_cost_stream, p.cost_stream, seed, path)
    look_up(w, COST_SCORE, OVERRUN, c, p.overrun_law)
    real = 1.0 - p.inflation_share
    for l in range(L):
        w[OVERRUN + l] = 1.0 + (w[OVERRUN + l] - 1.0) * real


@clause
def draw_duration(w, u, c, g, p, seed, path):
    """Duration multiplier Y, its score correlated with the overrun's."""
    class_score(w, u, DELAY_SCORE, p, g.all_delay_stream, p.class_delay_stream, p.delay_stream, seed, path)
    rho = p.cost_delay
    rest = (1.0 - rho * rho) ** 0.5
    for l in range(L):
        w[DELAY_SCORE + l] = rho * w[COST_SCORE + l] + rest * w[DELAY_SCORE + l]
    look_up(w, DELAY_SCORE, STRETCH, c, p.duration_law)


SAME_DAY = 1e-9
"""Years by which two times must differ: the completion of a project on an event's day comes before the event."""


@clause
def finish(w, at, target, p, duration):
    """Time at which work of a planned duration is done: stretched, and put off by each standstill before that."""
    start = p.start
    for l in range(L):
        w[target + l] = start + duration * w[STRETCH + l]
    for i in range(uint64(p.n_pauses)):
        pause = at.pause + U(2) * (uint64(p.pause) + i) * L
        for l in range(L):
            time = w[target + l]
            w[target + l] = time + (w[pause + L + l] if w[pause + l] < time - SAME_DAY else 0.0)


@clause
def settle_completion(w, at, p):
    """Times of completion, of the end of work and of the end of operation.

    A project that is cancelled before its completion has none, and ceases to operate what it has by then.
    """
    life = p.life
    finish(w, at, COMPLETION, p, p.duration)
    for l in range(L):
        w[WORK_END + l] = w[COMPLETION + l]
        w[CLOSURE + l] = w[COMPLETION + l] + life
    if p.stop >= 0:
        row = at.stop + uint64(p.stop) * L
        for l in range(L):
            time, stop, closure = w[COMPLETION + l], w[row + l], w[CLOSURE + l]
            cancelled = stop < time - SAME_DAY
            w[COMPLETION + l] = np.inf if cancelled else time
            w[WORK_END + l] = stop if cancelled else time
            w[CLOSURE + l] = stop if cancelled else closure


@clause
def basket(w, target, x, c, address):
    """Weighted sum of a step's factors: a cost or price index. No basket (-1) is the index 1."""
    fill(w, target, 1.0 if address < 0 else 0.0)
    if address >= 0:
        at = uint64(address)
        for j in range(uint64(c[at])):
            row, weight = x + uint64(c[at + U(1) + U(2) * j]) * L, c[at + U(2) + U(2) * j]
            for l in range(L):
                w[target + l] += weight * w[row + l]


@clause
def advance_progress(w, at, p, end):
    """Share of the planned work done at the step's end, exact inside the step.

    Time counts up to the end of work, standstills do not count.
    """
    start, duration, pauses = p.start, p.duration, uint64(p.n_pauses)
    first = at.pause + U(2) * uint64(p.pause) * L
    for l in range(L):
        w[PROGRESS + l] = min(end, w[WORK_END + l]) - start
    # stretches of work added up: the whole less the standstills would leave a rounding error where no work is done
    if pauses > U(0):
        for l in range(L):
            w[PROGRESS + l] = min(min(end, w[WORK_END + l]), w[first + l]) - start
    for i in range(pauses):
        pause = first + U(2) * i * L
        later = pause + U(2) * L if i + U(1) < pauses else WORK_END
        for l in range(L):
            until = min(min(end, w[WORK_END + l]), w[later + l])
            w[PROGRESS + l] += max(until - (w[pause + l] + w[pause + L + l]), 0.0)
    for l in range(L):
        w[PROGRESS + l] = min(max(w[PROGRESS + l] / (duration * w[STRETCH + l]), 0.0), 1.0)


@clause
def deflate_index(w, c, p, steps, dt):
    """Divide the cost index by its expectation at the planned date of the same progress: nominal budgets contain it."""
    start, duration, last = p.start / dt, p.duration / dt, float(steps - 1)
    expected = uint64(p.expected_index)
    for l in range(L):
        position = min(start + duration * w[PROGRESS + l], last + 1.0)
        step = int32(min(position, last))
        i = expected + uint64(step)
        w[INDEX + l] /= c[i] + (position - float64(step)) * (c[i + U(1)] - c[i])


@clause
def apply_tariff(w, p, mark):
    """Tariff on the imported share, against the value date's, which the budget contains."""
    imported = p.imported_share
    base = 1.0 / (1.0 + imported * p.tariff_start)
    for l in range(L):
        w[INDEX + l] *= (1.0 + imported * w[mark + l]) * base


@clause
def step_cost(w, budget):
    """Spend of the step, due at its end."""
    for l in range(L):
        w[SPEND + l] = budget * w[OVERRUN + l] * (w[SPENT_NOW + l] - w[SPENT + l]) * w[INDEX + l]
        w[SPENT + l] = w[SPENT_NOW + l]
        w[PAID + l] += w[SPEND + l]


@clause
def build(w, at, x, c, g, p, t, end):
    """One step of construction."""
    advance_progress(w, at, p, end)
    look_up(w, PROGRESS, SPENT_NOW, c, p.spend_curve)
    basket(w, INDEX, x, c, p.cost_basket)
    if p.expected_index >= 0:
        deflate_index(w, c, p, g.steps, g.dt)
    if p.tariff_attribute >= 0:
        apply_tariff(w, p, at.mark + (uint64(p.tariff_attribute * (g.steps + 2)) + t) * L)
    step_cost(w, p.budget)
