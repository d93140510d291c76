"""Construction: overrun, duration, spend (section 6 of the model page).

Index legend: k = factor, t = step, l = lane. Each function works on the fixed rows of `kernel.rows`; ``p`` is the
project's record, ``c`` the pool of constants, ``x`` the first element of the step's factor rows.
"""

import numpy as np
from numba import float64, int32, uint64

from spvrisk.kernel.maths import ROUNDED, L, U, clause, exp, log
from spvrisk.kernel.philox import fill_score
from spvrisk.kernel.rows import (
    AGE,
    AGE_END,
    AVAILABLE,
    CALL,
    CALLED,
    CANCELLED_AT,
    CLOSURE,
    COMPLETION,
    COST,
    COST_INDEX,
    COST_SCORE,
    DEAL_FUNDED,
    DEAL_PLANNED,
    DEAL_SIZE,
    DEAL_STOP,
    DEBT,
    DEBT_ARREARS,
    DELAY_SCORE,
    HOST_COST,
    INTEREST,
    LENT,
    LIFE,
    OUTFLOW,
    OVERRUN,
    PAID,
    PLANNED,
    PROGRESS,
    SALVAGE,
    SALVAGED,
    SIZE,
    SPEND,
    SPENT,
    SPENT_NOW,
    START,
    STRETCH,
    SUBSCRIBED,
    THRESHOLD,
    WORK_END,
    Z0,
    Z1,
    Z2,
    fill,
)
from spvrisk.kernel.tables import look_up


@clause
def draw_law(w, u, target, c, law, stream, otherwise, seed, path):
    """Value of a law drawn once a path; where there is none, one value for all."""
    if law >= 0:
        fill_score(w, u, Z0, seed, path, stream)
        look_up(w, Z0, target, c, law)
    else:
        fill(w, target, otherwise)


@clause
def settle_funding(w, u, deal, c, p, seed, path):
    """Size, planned start and start of construction, as selection has left them."""
    draw_law(w, u, START, c, p.start_delay_law, p.start_delay_stream, 0.0, seed, path)
    earliest = p.planned_start
    for l in range(L):
        w[SIZE + l] = w[deal + DEAL_SIZE + l]
        w[PLANNED + l] = max(w[deal + DEAL_PLANNED + l], earliest)
        w[START + l] = max(w[deal + DEAL_FUNDED + l], earliest) + w[START + l]


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
    """Overrun X of the budget, less the part of the published ratio that the cost indices carry already; uplift."""
    class_score(w, u, COST_SCORE, p, g.all_cost_stream, p.class_cost_stream, p.cost_stream, seed, path)
    look_up(w, COST_SCORE, OVERRUN, c, p.overrun_law)
    real = 1.0 - p.inflation_share
    for l in range(L):
        w[OVERRUN + l] = 1.0 + (w[OVERRUN + l] - 1.0) * real
    if p.uplift_law >= 0:
        draw_law(w, u, Z1, c, p.uplift_law, p.uplift_stream, 1.0, seed, path)
        for l in range(L):
            w[OVERRUN + l] *= w[Z1 + l]


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
def place_pauses(w, at, p):
    """Standstills begin with their event, but not before the start of construction or the end of the one before."""
    for l in range(L):
        w[Z0 + l] = w[START + l]
    for i in range(uint64(p.n_pauses)):
        pause = at.pause + U(2) * (uint64(p.pause) + i) * L
        for l in range(L):
            begin = max(w[pause + l], w[Z0 + l])
            w[pause + l] = begin
            w[Z0 + l] = begin + w[pause + L + l]


@clause
def finish(w, at, target, p, duration):
    """Time at which work of a planned duration is done: stretched, and put off by each standstill before that."""
    for l in range(L):
        w[target + l] = w[START + l] + duration * w[STRETCH + l]
    for i in range(uint64(p.n_pauses)):
        pause = at.pause + U(2) * (uint64(p.pause) + i) * L
        for l in range(L):
            time = w[target + l]
            w[target + l] = time + (w[pause + L + l] if w[pause + l] < time - SAME_DAY else 0.0)


@clause
def settle_completion(w, at, deal, p):
    """Times of completion, of the end of work and of the end of operation.

    A project that is cancelled before its completion has none, and ceases to operate what it has by then. One that is
    not funded is over before it begins.
    """
    life = p.life
    place_pauses(w, at, p)
    finish(w, at, COMPLETION, p, p.duration)
    for l in range(L):
        time, stop, funded = w[COMPLETION + l], w[deal + DEAL_STOP + l], w[START + l] < np.inf
        cancelled = stop < time - SAME_DAY
        ended = stop if cancelled else time
        w[COMPLETION + l] = np.inf if cancelled else time
        w[CANCELLED_AT + l] = stop if cancelled else np.inf
        w[WORK_END + l] = ended if funded else 0.0
        w[CLOSURE + l] = (ended if cancelled else time + life) if funded else 0.0
        w[LIFE + l] = life


@clause
def review(w, p, required, begin):
    """Review of works under way at a step's start: the estimate at completion, and who has subscribed by then.

    Estimate / budget = index (1 + (X - 1) x^g): with g = 1 the overrun shows as work goes on.
    """
    reveal = p.reveal
    for l in range(L):
        x = w[PROGRESS + l]
        estimate = w[COST_INDEX + l] * (1.0 + (w[OVERRUN + l] - 1.0) * exp(reveal * log(max(x, 1e-300))))
        too_much = estimate > w[THRESHOLD + l] or w[SUBSCRIBED + l] < required
        under_way = x > 0.0 and w[WORK_END + l] > begin + SAME_DAY
        cancelled = too_much and under_way
        completion, at, end, closure = w[COMPLETION + l], w[CANCELLED_AT + l], w[WORK_END + l], w[CLOSURE + l]
        w[COMPLETION + l] = np.inf if cancelled else completion
        w[CANCELLED_AT + l] = begin if cancelled else at
        w[WORK_END + l] = begin if cancelled else end
        w[CLOSURE + l] = begin if cancelled else closure


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
    duration, pauses = p.duration, uint64(p.n_pauses)
    first = at.pause + U(2) * uint64(p.pause) * L
    for l in range(L):
        w[PROGRESS + l] = min(end, w[WORK_END + l]) - w[START + l]
    # stretches of work added up: the whole less the standstills would leave a rounding error where no work is done
    if pauses > U(0):
        for l in range(L):
            w[PROGRESS + l] = min(min(end, w[WORK_END + l]), w[first + l]) - w[START + l]
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
    per_step, duration, last = 1.0 / dt, p.duration / dt, float(steps - 1)
    expected = uint64(p.expected_index)
    for l in range(L):
        position = min(w[PLANNED + l] * per_step + duration * w[PROGRESS + l], last + 1.0)
        step = int32(min(position, last))
        i = expected + uint64(step)
        w[COST_INDEX + l] /= c[i] + (position - float64(step)) * (c[i + U(1)] - c[i])


@clause
def apply_tariff(w, p, mark):
    """Tariff on the imported share, against the value date's, which the budget contains."""
    imported = p.imported_share
    base = 1.0 / (1.0 + imported * p.tariff_start)
    for l in range(L):
        w[COST_INDEX + l] *= (1.0 + imported * w[mark + l]) * base


@clause
def step_cost(w, budget):
    """Spend of the step, due at its end. Work that was done is not undone where a project is stopped at its cap."""
    for l in range(L):
        done = max(w[SPENT_NOW + l] - w[SPENT + l], 0.0)
        w[SPEND + l] = budget * w[SIZE + l] * w[OVERRUN + l] * done * w[COST_INDEX + l]
        w[SPENT + l] = w[SPENT_NOW + l]
        w[COST + l] += w[SPEND + l]


@clause
def stop_at_cap(w, cap, begin):
    """Cancel at the step's start where its cost would pass the cap; what is left up to the cap is spent."""
    for l in range(L):
        limit, cost, spend = cap * w[SIZE + l], w[COST + l], w[SPEND + l]
        passed = cost > limit * ROUNDED and spend > 0.0
        completion, at, end, closure = w[COMPLETION + l], w[CANCELLED_AT + l], w[WORK_END + l], w[CLOSURE + l]
        w[SPEND + l] = spend - (cost - limit) if passed else spend
        w[COST + l] = limit if passed else cost
        w[COMPLETION + l] = np.inf if passed else completion
        w[CANCELLED_AT + l] = begin if passed else at
        w[WORK_END + l] = begin if passed else end
        w[CLOSURE + l] = begin if passed else closure


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
        cost, spend, size = w[COST + l], w[SPEND + l], w[SIZE + l]
        # without a cap it is infinite, which times a size of 0 would be undefined
        above, most = (cap * size, ceiling * size) if size > 0.0 else (0.0, 0.0)
        by_funder = funder_part(cost, above, most, share) - funder_part(cost - spend, above, most, share)
        w[LENT + l] = lent * spend
        w[CALL + l] = (1.0 - lent) * by_funder
        w[HOST_COST + l] = (1.0 - lent) * (spend - by_funder)


@clause
def call_capital(w, p):
    """The funder's call, K_t: all of the spend where nobody shares it."""
    if p.debt_share > 0.0 or p.cap < np.inf:
        share_cost(w, p)
    else:
        for l in range(L):
            w[CALL + l] = w[SPEND + l]
    for l in range(L):
        w[OUTFLOW + l] = w[CALL + l]
        w[PAID + l] += w[CALL + l]
        w[CALLED + l] += w[CALL + l]


@clause
def build(w, at, x, c, g, p, t, begin, end):
    """One step of construction, after a review where there is one."""
    if p.reviews >= 0 and c[uint64(p.reviews) + t] > 0.0:
        review(w, p, p.required if c[uint64(p.reviews) + t] > 1.0 else -1.0, begin)
    advance_progress(w, at, p, end)
    look_up(w, PROGRESS, SPENT_NOW, c, p.spend_curve)
    basket(w, COST_INDEX, x, c, p.cost_basket)
    if p.expected_index >= 0:
        deflate_index(w, c, p, g.steps, g.dt)
    if p.tariff_attribute >= 0:
        apply_tariff(w, p, at.mark + (uint64(p.tariff_attribute * (g.steps + 2)) + t) * L)
    step_cost(w, p.budget)
    if p.cap_stops == 1:
        stop_at_cap(w, p.cap * p.budget, begin)
    call_capital(w, p)


@clause
def wind_up(w, p, begin, end):
    """A project that was cancelled in the step: what it fetches, to its lenders first, and the termination fee."""
    fee = p.termination_fee * p.budget
    for l in range(L):
        now = begin <= w[CANCELLED_AT + l] and w[CANCELLED_AT + l] < end and w[START + l] < np.inf
        salvaged = w[SALVAGE + l] * w[COST + l] if now else 0.0
        repaid = min(salvaged, w[DEBT + l] + w[DEBT_ARREARS + l])
        charge = fee * w[SIZE + l] if now else 0.0
        w[SALVAGED + l] = salvaged
        w[AVAILABLE + l] += salvaged - repaid
        w[OUTFLOW + l] += charge
        w[CALLED + l] += charge


@clause
def accrue_debt(w, rate, p, begin, dt):
    """Interest on senior debt: until completion it joins the debt with what is drawn, from then on it is due in cash.

    Principal is paid in equal parts over the tenor, so that the debt less what has fallen due is outstanding.
    """
    margin, tenor = p.debt_margin, p.debt_tenor
    for l in range(L):
        r = max(w[rate + l] + margin, 0.0)
        debt, begun, ended = w[DEBT + l], w[AGE + l], w[AGE_END + l]
        outstanding = debt * max(1.0 - begun / tenor, 0.0) + w[DEBT_ARREARS + l]
        w[INTEREST + l] = r * outstanding * (ended - begun)
        w[DEBT + l] = debt + r * debt * min(max(w[WORK_END + l] - begin, 0.0), dt) + w[LENT + l]
