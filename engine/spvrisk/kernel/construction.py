"""Construction: overrun, duration, spend (section 6 of the model page).

Index legend: k = factor, t = step, l = lane. Each function works on the fixed rows of `kernel.rows`; ``p`` is the
project's record, ``c`` the plan's constants, ``x`` the first element of the step's factor rows.
"""

import numpy as np
from numba import uint64

from spvrisk.kernel import draws as draw
from spvrisk.kernel import rows as R
from spvrisk.kernel.maths import ROUNDED, L, U, clause, exp, fused, inline, log
from spvrisk.kernel.simd import WIDE, gather, larger, load, smaller, spread, store, where, whole
from spvrisk.kernel.tables import look_up
from spvrisk.kernel.whole_rows import add_to, copy, fill
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
    draw_law(w, site.c, site.draws, R.START_DELAY, p.start_delay_law, p.start_delay_stream, 0.0)
    for l in range(U(0), L, U(WIDE)):
        store(w, R.SIZE + l, load(w, deal + R.DEAL_SIZE + l))
        planned = larger(load(w, deal + R.DEAL_PLANNED + l), p.planned_start)
        store(w, R.PLANNED + l, planned + p.planned_delay)
        funded = larger(load(w, deal + R.DEAL_FUNDED + l), p.planned_start)
        store(w, R.START + l, funded + load(w, R.START_DELAY + l))


@fused
def draw_spread(site):
    """Spread on the project's deemed allocation, with what talks before its funding have added."""
    w, g, p = site.w, site.g, site.p
    draw_law(w, site.c, site.draws, R.SPREAD, p.spread_law, p.spread_stream, p.spread)
    if g.consult_law >= 0:
        for l in range(U(0), L, U(WIDE)):
            add_to(w, R.SPREAD + l, g.renegotiated_spread * load(w, site.deal + R.DEAL_CHANGED + l))


@clause
def class_score(w, draws, target, p, all_stream, class_stream, own_stream):
    """Score with an overall, a class and an own part."""
    draw.scores(draws, w, R.SCORE0, all_stream)
    draw.scores(draws, w, R.SCORE1, class_stream)
    draw.scores(draws, w, R.SCORE2, own_stream)
    for l in range(U(0), L, U(WIDE)):
        overall, common, own = load(w, R.SCORE0 + l), load(w, R.SCORE1 + l), load(w, R.SCORE2 + l)
        store(w, target + l, p.loading_all * overall + p.loading_class * common + p.loading_own * own)


@fused
def draw_overrun(site):
    """Overrun X of the budget, less the part of the published ratio that the cost indices carry already; uplift."""
    w, c, p, draws = site.w, site.c, site.p, site.draws
    class_score(w, draws, R.COST_SCORE, p, site.g.all_cost_stream, p.class_cost_stream, p.cost_stream)
    look_up(w, R.COST_SCORE, R.OVERRUN, c, p.overrun_law)
    real = 1.0 - p.inflation_share
    for l in range(U(0), L, U(WIDE)):
        store(w, R.OVERRUN + l, 1.0 + (load(w, R.OVERRUN + l) - 1.0) * real)
    if p.uplift_law >= 0:
        draw_law(w, c, draws, R.UPLIFT, p.uplift_law, p.uplift_stream, 1.0)
        for l in range(U(0), L, U(WIDE)):
            store(w, R.OVERRUN + l, load(w, R.OVERRUN + l) * load(w, R.UPLIFT + l))


@fused
def draw_duration(site):
    """Duration multiplier Y, its score correlated with the overrun's."""
    w, c, p = site.w, site.c, site.p
    class_score(w, site.draws, R.DELAY_SCORE, p, site.g.all_delay_stream, p.class_delay_stream, p.delay_stream)
    rho = p.cost_delay
    rest = (1.0 - rho * rho) ** 0.5
    for l in range(U(0), L, U(WIDE)):
        store(w, R.DELAY_SCORE + l, rho * load(w, R.COST_SCORE + l) + rest * load(w, R.DELAY_SCORE + l))
    look_up(w, R.DELAY_SCORE, R.STRETCH, c, p.duration_law)


SAME_DAY = 1e-9
"""Years by which two times must differ: the completion of a project on an event's day comes before the event."""


@inline
def pause_of(at, p, i):
    """Row at which standstill `i` of a project begins; the next row has its length."""
    return at.pause.first + U(2) * (uint64(p.pause) + i) * L


@fused
def place_pauses(w, at, p):
    """Standstills begin with their event, but not before the start of construction or the end of the one before."""
    copy(w, R.PAUSE_END, R.START)
    for i in range(uint64(p.n_pauses)):
        pause = pause_of(at, p, i)
        for l in range(U(0), L, U(WIDE)):
            begin = larger(load(w, pause + l), load(w, R.PAUSE_END + l))
            store(w, pause + l, begin)
            store(w, R.PAUSE_END + l, begin + load(w, pause + L + l))


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
    place_pauses(w, at, p)
    for l in range(U(0), L, U(WIDE)):
        time, stop = finish(w, at, p, l, p.duration), load(w, deal + R.DEAL_STOP + l)
        funded, cancelled = load(w, R.START + l) < np.inf, stop < time - SAME_DAY
        store(w, R.COMPLETION + l, where(cancelled, np.inf, time))
        store(w, R.CANCELLED_AT + l, where(cancelled, stop, np.inf))
        store(w, R.WORK_END + l, where(funded, where(cancelled, stop, time), 0.0))
        store(w, R.CLOSURE + l, where(funded, where(cancelled, stop, time + p.life), 0.0))
        store(w, R.LIFE + l, p.life)


@fused
def cancel(w, l, cancelled, begin):
    """End the works of those that are cancelled at the step's start."""
    store(w, R.COMPLETION + l, where(cancelled, np.inf, load(w, R.COMPLETION + l)))
    store(w, R.CANCELLED_AT + l, where(cancelled, begin, load(w, R.CANCELLED_AT + l)))
    store(w, R.WORK_END + l, where(cancelled, begin, load(w, R.WORK_END + l)))
    store(w, R.CLOSURE + l, where(cancelled, begin, load(w, R.CLOSURE + l)))


@fused
def cost_to_come(index, overrun, progress, reveal, spent):
    """Estimate of the cost to come over the budget: index (1 + (X - 1) x^g) of the work that is not paid for yet.

    With g = 1 the overrun shows as work goes on.
    """
    return index * (1.0 + (overrun - 1.0) * exp(reveal * log(larger(progress, 1e-300)))) * (1.0 - spent)


@fused
def review(w, p, required, begin):
    """Review of works under way at a step's start: the cost to come, and who has subscribed by then."""
    for l in range(U(0), L, U(WIDE)):
        progress = load(w, R.PROGRESS + l)
        index, overrun, spent = load(w, R.COST_INDEX + l), load(w, R.OVERRUN + l), load(w, R.SPENT + l)
        to_come = cost_to_come(index, overrun, progress, p.reveal, spent)
        too_much = (to_come > load(w, R.THRESHOLD + l)) | (load(w, R.SUBSCRIBED + l) < required)
        under_way = (progress > 0.0) & (load(w, R.WORK_END + l) > begin + SAME_DAY)
        cancel(w, l, too_much & under_way, begin)


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


@fused
def progress_of(site, step, l):
    """Share of the planned work done at the step's end, exact inside the step.

    Time counts up to the end of work, standstills do not count.
    """
    w, p, start, pauses = site.w, site.p, load(site.w, R.START + l), uint64(site.p.n_pauses)
    until = smaller(step.end, load(w, R.WORK_END + l))
    done = until - start
    # stretches of work added up: the whole less the standstills would leave a rounding error where no work is done
    if pauses > U(0):
        first = pause_of(site.at, p, U(0)) + l
        done = smaller(until, load(w, first)) - start
        for i in range(pauses):
            pause = first + U(2) * i * L
            later = pause + U(2) * L if i + U(1) < pauses else R.WORK_END + l
            done += larger(smaller(until, load(w, later)) - (load(w, pause) + load(w, pause + L)), 0.0)
    return smaller(larger(done / (p.duration * load(w, R.STRETCH + l)), 0.0), 1.0)


@fused
def expected_index(c, first, position, last):
    """Expectation of the cost index at a position in steps: linear between whole ones."""
    step = whole(smaller(position, last))
    low, high = gather(c, first, step), gather(c, first + U(1), step)
    return low + (position - step) * (high - low)


@fused
def cost_index(site, step, l):
    """Cost index of a step's work: indices over what a nominal budget contains, tariff over the value date's."""
    w, c, g, p = site.w, site.c, site.g, site.p
    found = index(w, step.x, l, c, p.cost_basket)
    if p.expected_index >= 0:
        # a nominal budget contains the expectation at the planned date of the same progress
        last = float(g.steps - 1)
        position = load(w, R.PLANNED + l) * (1.0 / g.dt) + p.duration / g.dt * load(w, R.PROGRESS + l)
        found /= expected_index(c, uint64(p.expected_index), smaller(position, last + 1.0), last)
    if p.tariff_attribute >= 0:
        tariff = load(w, mean_row(site.at, g, p.tariff_attribute, step.t) + l)
        found *= (1.0 + p.imported_share * tariff) * (1.0 / (1.0 + p.imported_share * p.tariff_start))
    return found


@fused
def spend_of(site, step, l):
    """Spend of the step, due at its end. Work that was done is not undone where a project is stopped at its cap."""
    w, now, found = site.w, load(site.w, R.SPENT_NOW + l), cost_index(site, step, l)
    done = larger(now - load(w, R.SPENT + l), 0.0)
    store(w, R.COST_INDEX + l, found)
    store(w, R.SPENT + l, now)
    return site.p.budget * load(w, R.SIZE + l) * load(w, R.OVERRUN + l) * done * found


@fused
def stop_at_cap(site, l, spend, cost, begin):
    """Cancel at the step's start where its cost would pass the cap; what is left up to the cap is spent."""
    limit = site.p.cap * site.p.budget * load(site.w, R.SIZE + l)
    passed = (cost > limit * ROUNDED) & (spend > 0.0)
    cancel(site.w, l, passed, begin)
    return where(passed, spend - (cost - limit), spend), where(passed, limit, cost)


@fused
def funder_part(cost, cap, ceiling, share):
    """Cumulated cost that falls on the funder: all up to the cap, a share from there to the ceiling."""
    return smaller(cost, cap) + share * larger(smaller(cost, ceiling) - cap, 0.0)


@fused
def funders_cost(p, size, spend, cost):
    """What of the step's spend falls on the funder, before lenders take their share."""
    # without a cap it is infinite, which times a size of 0 would be undefined
    above = where(size > 0.0, p.cap * p.budget * size, 0.0)
    most = where(size > 0.0, p.cap_ceiling * p.budget * size, 0.0)
    return funder_part(cost, above, most, p.cap_share) - funder_part(cost - spend, above, most, p.cap_share)


@fused
def call_capital(site, l, spend, cost):
    """The funder's call, K_t: all of the spend, or what senior lenders, who lend a share of all, and the host leave."""
    w, p, call = site.w, site.p, spend
    if p.debt_share > 0.0 or p.cap < np.inf:
        by_funder = funders_cost(p, load(w, R.SIZE + l), spend, cost)
        call = (1.0 - p.debt_share) * by_funder
        store(w, R.LENT + l, p.debt_share * spend)
        store(w, R.HOST_COST + l, (1.0 - p.debt_share) * (spend - by_funder))
    store(w, R.SPEND + l, spend)
    store(w, R.OUT.cost + l, cost)
    store(w, R.CALL + l, call)
    store(w, R.OUTFLOW + l, call)
    add_to(w, R.PAID + l, call)
    add_to(w, R.CALLED + l, call)


@fused
def build(site, step):
    """One step of construction, after a review where there is one."""
    w, c, p, begin = site.w, site.c, site.p, step.begin
    if p.reviews >= 0 and c[uint64(p.reviews) + step.t] > 0.0:
        review(w, p, p.required if c[uint64(p.reviews) + step.t] > 1.0 else -1.0, begin)
    for l in range(U(0), L, U(WIDE)):
        store(w, R.PROGRESS + l, progress_of(site, step, l))
    look_up(w, R.PROGRESS, R.SPENT_NOW, c, p.spend_curve)
    for l in range(U(0), L, U(WIDE)):
        spend = spend_of(site, step, l)
        cost = load(w, R.OUT.cost + l) + spend
        if p.cap_stops == 1:
            spend, cost = stop_at_cap(site, l, spend, cost, begin)
        call_capital(site, l, spend, cost)


@fused
def wind_up(w, p, begin, end):
    """A project that was cancelled in the step: what it fetches, to its lenders first, and the termination fee."""
    for l in range(U(0), L, U(WIDE)):
        at = load(w, R.CANCELLED_AT + l)
        now = (begin <= at) & (at < end) & (load(w, R.START + l) < np.inf)
        salvaged = where(now, load(w, R.SALVAGE + l) * load(w, R.OUT.cost + l), 0.0)
        repaid = smaller(salvaged, load(w, R.DEBT + l))  # nothing falls due, nor is in arrears, before completion
        charge = where(now, p.termination_fee * p.budget * load(w, R.SIZE + l), 0.0)
        store(w, R.SALVAGED + l, salvaged)
        add_to(w, R.AVAILABLE + l, salvaged - repaid)
        add_to(w, R.OUTFLOW + l, charge)
        add_to(w, R.CALLED + l, charge)
