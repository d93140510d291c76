"""Construction: overrun, duration, spend (section 6 of the model page).

Index legend: k = factor, t = step, l = lane. Each function works on the fixed rows of `kernel.rows`; ``p`` is the
project's record, ``c`` the plan's constants, ``x`` the first element of the step's factor rows.
"""

import numpy as np
from numba import float64, int32, uint64

from spvrisk.kernel import draws as draw
from spvrisk.kernel import rows as R
from spvrisk.kernel.maths import ROUNDED, L, U, clause, exp, fused, inline, log
from spvrisk.kernel.simd import WIDE, load, spread, store, where
from spvrisk.kernel.tables import look_up
from spvrisk.kernel.whole_rows import copy, fill
from spvrisk.kernel.workspace import mean_row


@clause
def draw_law(w, c, draws, target, law, stream, otherwise):
    """Value of a law drawn once a path, into the row `target`; where there is none, one value for all."""
    if law >= 0:
        draw.scores(draws, w, R.SCORE0, stream)
        look_up(w, R.SCORE0, target, c, law)
    else:
        fill(w, target, otherwise)


@fused
def settle_funding(site):
    """Size, planned start and start of construction, as selection has left them."""
    w, p, deal = site.w, site.p, site.deal
    draw_law(w, site.c, site.draws, R.START, p.start_delay_law, p.start_delay_stream, 0.0)
    earliest = p.planned_start
    for l in range(L):
        w[R.SIZE + l] = w[deal + R.DEAL_SIZE + l]
        w[R.PLANNED + l] = max(w[deal + R.DEAL_PLANNED + l], earliest)
        w[R.START + l] = max(w[deal + R.DEAL_FUNDED + l], earliest) + w[R.START + l]


@clause
def class_score(w, draws, target, p, all_stream, class_stream, own_stream):
    """Score with an overall, a class and an own part."""
    overall, common, own = p.loading_all, p.loading_class, p.loading_own
    draw.scores(draws, w, R.SCORE0, all_stream)
    draw.scores(draws, w, R.SCORE1, class_stream)
    draw.scores(draws, w, R.SCORE2, own_stream)
    for l in range(L):
        w[target + l] = overall * w[R.SCORE0 + l] + common * w[R.SCORE1 + l] + own * w[R.SCORE2 + l]


@fused
def draw_overrun(site):
    """Overrun X of the budget, less the part of the published ratio that the cost indices carry already; uplift."""
    w, c, p, draws = site.w, site.c, site.p, site.draws
    class_score(w, draws, R.COST_SCORE, p, site.g.all_cost_stream, p.class_cost_stream, p.cost_stream)
    look_up(w, R.COST_SCORE, R.OVERRUN, c, p.overrun_law)
    real = 1.0 - p.inflation_share
    for l in range(L):
        w[R.OVERRUN + l] = 1.0 + (w[R.OVERRUN + l] - 1.0) * real
    if p.uplift_law >= 0:
        draw_law(w, c, draws, R.UPLIFT, p.uplift_law, p.uplift_stream, 1.0)
        for l in range(L):
            w[R.OVERRUN + l] *= w[R.UPLIFT + l]


@fused
def draw_duration(site):
    """Duration multiplier Y, its score correlated with the overrun's."""
    w, c, p = site.w, site.c, site.p
    class_score(w, site.draws, R.DELAY_SCORE, p, site.g.all_delay_stream, p.class_delay_stream, p.delay_stream)
    rho = p.cost_delay
    rest = (1.0 - rho * rho) ** 0.5
    for l in range(L):
        w[R.DELAY_SCORE + l] = rho * w[R.COST_SCORE + l] + rest * w[R.DELAY_SCORE + l]
    look_up(w, R.DELAY_SCORE, R.STRETCH, c, p.duration_law)


SAME_DAY = 1e-9
"""Years by which two times must differ: the completion of a project on an event's day comes before the event."""


@inline
def pause_of(at, p, i):
    """Row at which standstill `i` of a project begins; the next row has its length."""
    return at.pause.first + U(2) * (uint64(p.pause) + i) * L


@clause
def place_pauses(w, at, p):
    """Standstills begin with their event, but not before the start of construction or the end of the one before."""
    copy(w, R.PAUSE_END, R.START)
    for i in range(uint64(p.n_pauses)):
        pause = pause_of(at, p, i)
        for l in range(L):
            begin = max(w[pause + l], w[R.PAUSE_END + l])
            w[pause + l] = begin
            w[R.PAUSE_END + l] = begin + w[pause + L + l]


@fused
def finish(w, at, p, l, duration):
    """Time at which work of a planned duration is done: stretched, and put off by each standstill before that."""
    time = load(w, R.START + l) + duration * load(w, R.STRETCH + l)
    for i in range(uint64(p.n_pauses)):
        pause = pause_of(at, p, i) + l
        time += where(load(w, pause) < time - SAME_DAY, load(w, pause + L), 0.0)
    return time


@fused
def settle_completion(site):
    """Times of completion, of the end of work and of the end of operation.

    A project that is cancelled before its completion has none, and ceases to operate what it has by then. One that is
    not funded is over before it begins.
    """
    w, at, p, deal = site.w, site.at, site.p, site.deal
    life = p.life
    place_pauses(w, at, p)
    for l in range(U(0), L, U(WIDE)):
        store(w, R.COMPLETION + l, finish(w, at, p, l, p.duration))
    for l in range(L):
        time, stop, funded = w[R.COMPLETION + l], w[deal + R.DEAL_STOP + l], w[R.START + l] < np.inf
        cancelled = stop < time - SAME_DAY
        ended = stop if cancelled else time
        w[R.COMPLETION + l] = np.inf if cancelled else time
        w[R.CANCELLED_AT + l] = stop if cancelled else np.inf
        w[R.WORK_END + l] = ended if funded else 0.0
        w[R.CLOSURE + l] = (ended if cancelled else time + life) if funded else 0.0
        w[R.LIFE + l] = life


@clause
def review(w, p, required, begin):
    """Review of works under way at a step's start: the estimate at completion, and who has subscribed by then.

    Estimate / budget = index (1 + (X - 1) x^g): with g = 1 the overrun shows as work goes on.
    """
    reveal = p.reveal
    for l in range(L):
        x = w[R.PROGRESS + l]
        estimate = w[R.COST_INDEX + l] * (1.0 + (w[R.OVERRUN + l] - 1.0) * exp(reveal * log(max(x, 1e-300))))
        too_much = estimate > w[R.THRESHOLD + l] or w[R.SUBSCRIBED + l] < required
        under_way = x > 0.0 and w[R.WORK_END + l] > begin + SAME_DAY
        cancelled = too_much and under_way
        completion, at, end, closure = w[R.COMPLETION + l], w[R.CANCELLED_AT + l], w[R.WORK_END + l], w[R.CLOSURE + l]
        w[R.COMPLETION + l] = np.inf if cancelled else completion
        w[R.CANCELLED_AT + l] = begin if cancelled else at
        w[R.WORK_END + l] = begin if cancelled else end
        w[R.CLOSURE + l] = begin if cancelled else closure


@fused
def index(w, x, l, c, offset):
    """Weighted sum of a step's factors: a cost or price index. No basket (-1) is the index 1."""
    total = spread(1.0 if offset < 0 else 0.0)
    if offset >= 0:
        at = uint64(offset)
        for j in range(uint64(c[at])):
            factor = x + uint64(c[at + U(1) + U(2) * j]) * L
            total += c[at + U(2) + U(2) * j] * load(w, factor + l)
    return total


@clause
def advance_progress(w, at, p, end):
    """Share of the planned work done at the step's end, exact inside the step.

    Time counts up to the end of work, standstills do not count.
    """
    duration, pauses = p.duration, uint64(p.n_pauses)
    first = pause_of(at, p, U(0))
    for l in range(L):
        w[R.PROGRESS + l] = min(end, w[R.WORK_END + l]) - w[R.START + l]
    # stretches of work added up: the whole less the standstills would leave a rounding error where no work is done
    if pauses > U(0):
        for l in range(L):
            w[R.PROGRESS + l] = min(min(end, w[R.WORK_END + l]), w[first + l]) - w[R.START + l]
    for i in range(pauses):
        pause = first + U(2) * i * L
        later = pause + U(2) * L if i + U(1) < pauses else R.WORK_END
        for l in range(L):
            until = min(min(end, w[R.WORK_END + l]), w[later + l])
            w[R.PROGRESS + l] += max(until - (w[pause + l] + w[pause + L + l]), 0.0)
    for l in range(L):
        w[R.PROGRESS + l] = min(max(w[R.PROGRESS + l] / (duration * w[R.STRETCH + l]), 0.0), 1.0)


@clause
def deflate_index(w, c, p, steps, dt):
    """Divide the cost index by its expectation at the planned date of the same progress: nominal budgets contain it."""
    per_step, duration, last = 1.0 / dt, p.duration / dt, float(steps - 1)
    expected = uint64(p.expected_index)
    for l in range(L):
        position = min(w[R.PLANNED + l] * per_step + duration * w[R.PROGRESS + l], last + 1.0)
        step = int32(min(position, last))
        i = expected + uint64(step)
        w[R.COST_INDEX + l] /= c[i] + (position - float64(step)) * (c[i + U(1)] - c[i])


@clause
def apply_tariff(w, p, tariff):
    """Tariff on the imported share, against the value date's, which the budget contains."""
    imported = p.imported_share
    base = 1.0 / (1.0 + imported * p.tariff_start)
    for l in range(L):
        w[R.COST_INDEX + l] *= (1.0 + imported * w[tariff + l]) * base


@clause
def step_cost(w, budget):
    """Spend of the step, due at its end. Work that was done is not undone where a project is stopped at its cap."""
    for l in range(L):
        done = max(w[R.SPENT_NOW + l] - w[R.SPENT + l], 0.0)
        w[R.SPEND + l] = budget * w[R.SIZE + l] * w[R.OVERRUN + l] * done * w[R.COST_INDEX + l]
        w[R.SPENT + l] = w[R.SPENT_NOW + l]
        w[R.OUT.cost + l] += w[R.SPEND + l]


@clause
def stop_at_cap(w, cap, begin):
    """Cancel at the step's start where its cost would pass the cap; what is left up to the cap is spent."""
    for l in range(L):
        limit, cost, spend = cap * w[R.SIZE + l], w[R.OUT.cost + l], w[R.SPEND + l]
        passed = cost > limit * ROUNDED and spend > 0.0
        completion, at, end, closure = w[R.COMPLETION + l], w[R.CANCELLED_AT + l], w[R.WORK_END + l], w[R.CLOSURE + l]
        w[R.SPEND + l] = spend - (cost - limit) if passed else spend
        w[R.OUT.cost + l] = limit if passed else cost
        w[R.COMPLETION + l] = np.inf if passed else completion
        w[R.CANCELLED_AT + l] = begin if passed else at
        w[R.WORK_END + l] = begin if passed else end
        w[R.CLOSURE + l] = begin if passed else closure


@clause
def funder_part(cost, cap, ceiling, share):
    """Cumulated cost that falls on the funder: all up to the cap, a share from there to the ceiling."""
    return min(cost, cap) + share * max(min(cost, ceiling) - cap, 0.0)


@clause
def share_cost(w, p):
    """Who pays the step's cost: senior lenders a share of all, the funder and the host the rest."""
    lent, share = p.debt_share, p.cap_share
    cap, ceiling = p.cap * p.budget, p.cap_ceiling * p.budget
    for l in range(L):
        cost, spend, size = w[R.OUT.cost + l], w[R.SPEND + l], w[R.SIZE + l]
        # without a cap it is infinite, which times a size of 0 would be undefined
        above, most = (cap * size, ceiling * size) if size > 0.0 else (0.0, 0.0)
        by_funder = funder_part(cost, above, most, share) - funder_part(cost - spend, above, most, share)
        w[R.LENT + l] = lent * spend
        w[R.CALL + l] = (1.0 - lent) * by_funder
        w[R.HOST_COST + l] = (1.0 - lent) * (spend - by_funder)


@clause
def call_capital(w, p):
    """The funder's call, K_t: all of the spend where nobody shares it."""
    if p.debt_share > 0.0 or p.cap < np.inf:
        share_cost(w, p)
    else:
        for l in range(L):
            w[R.CALL + l] = w[R.SPEND + l]
    for l in range(L):
        w[R.OUTFLOW + l] = w[R.CALL + l]
        w[R.PAID + l] += w[R.CALL + l]
        w[R.CALLED + l] += w[R.CALL + l]


@fused
def build(site, step):
    """One step of construction, after a review where there is one."""
    w, at, c, g, p = site.w, site.at, site.c, site.g, site.p
    t, x, begin = step.t, step.x, step.begin
    if p.reviews >= 0 and c[uint64(p.reviews) + t] > 0.0:
        review(w, p, p.required if c[uint64(p.reviews) + t] > 1.0 else -1.0, begin)
    advance_progress(w, at, p, step.end)
    look_up(w, R.PROGRESS, R.SPENT_NOW, c, p.spend_curve)
    for l in range(U(0), L, U(WIDE)):
        store(w, R.COST_INDEX + l, index(w, x, l, c, p.cost_basket))
    if p.expected_index >= 0:
        deflate_index(w, c, p, g.steps, g.dt)
    if p.tariff_attribute >= 0:
        apply_tariff(w, p, mean_row(at, g, p.tariff_attribute, t))
    step_cost(w, p.budget)
    if p.cap_stops == 1:
        stop_at_cap(w, p.cap * p.budget, begin)
    call_capital(w, p)


@clause
def wind_up(w, p, begin, end):
    """A project that was cancelled in the step: what it fetches, to its lenders first, and the termination fee."""
    fee = p.termination_fee * p.budget
    for l in range(L):
        now = begin <= w[R.CANCELLED_AT + l] and w[R.CANCELLED_AT + l] < end and w[R.START + l] < np.inf
        salvaged = w[R.SALVAGE + l] * w[R.OUT.cost + l] if now else 0.0
        repaid = min(salvaged, w[R.DEBT + l])  # nothing falls due, nor is in arrears, before completion
        charge = fee * w[R.SIZE + l] if now else 0.0
        w[R.SALVAGED + l] = salvaged
        w[R.AVAILABLE + l] += salvaged - repaid
        w[R.OUTFLOW + l] += charge
        w[R.CALLED + l] += charge
