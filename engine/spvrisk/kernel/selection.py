"""Selection and funding: go-ahead, size, notices, the ceiling, decisions (section 5 of the model page).

Index legend: s = project (the announced ones, then the slots of pipelines), n = pipeline, q = state, l = lane. What can
be drawn for all lanes is drawn by `draw_selection`; what happens in order of time is scalar per path, part of the
clock. ``deals`` holds what is to happen to the projects of one path, ``flow`` its pipelines, ``till`` its money.
"""

import math

import numpy as np
from numba import uint64

from spvrisk.kernel.maths import ROUNDED, L, U, fused, inline, log, unit
from spvrisk.kernel.philox import fill_score, fill_words, word
from spvrisk.kernel.rows import (
    DEAL_DECLINED,
    DEAL_FUNDED,
    DEAL_LOT,
    DEAL_PLANNED,
    DEAL_ROWS,
    DEAL_SIZE,
    DEAL_SLIP,
    DEAL_STOP,
    Z0,
    fill,
)
from spvrisk.kernel.scores import score
from spvrisk.kernel.tables import look_up, value_at

DEAL = np.dtype(
    [
        ("time", np.float64),  # of the notice or decision to come; infinite if there is none
        ("day", np.int64),
        ("stage", np.int64),  # NOTHING, NOTICE or DECISION
        ("decisions", np.int64),  # so far
    ],
    align=True,
)

FLOW = np.dtype(
    [
        ("intensity", np.float64),  # of arrivals, per year, scaled
        ("scale", np.float64),  # by events
        ("threshold", np.float64),  # what was left of the unit-exponential threshold at `counted`
        ("counted", np.float64),
        ("strikes", np.float64),  # time at which it is used up
        ("arrivals", np.int64),
        ("closed", np.int64),  # 1: the deadline has passed
    ],
    align=True,
)

TILL = np.dtype(
    [
        ("left", np.float64),  # of the ceiling; a remainder, so that it comes to exactly 0
        ("committed", np.float64),  # budgets noticed, less those declined
        ("year", np.int64),  # calendar year of the latest notice, counted from that of the first day
        ("noticed", np.float64),  # budgets noticed in that year
        ("time", np.float64),  # of the next notice or decision
        ("project", np.int64),
    ],
    align=True,
)

NOTHING, NOTICE, DECISION = 0, 1, 2
NEVER = 10**7
"""A day beyond any horizon."""
SLIVER = 1e-12
"""Share of a budget below which what is left of the ceiling is rounding."""
FUNDED, DELAYED, DECLINED, NOTICED, DROPPED, WAITING, STOPPED = 0, 1, 2, 3, 4, 5, 6
"""What may become of a project, as the log of a traced path has it."""


@fused
def fill_units(w, u, row, seed, path, stream):
    """Uniform number of draw 0 of a stream, into one row."""
    fill_words(u, seed, path, stream, U(0))
    for l in range(L):
        w[row + l] = unit(u[l])


@fused
def draw_size(w, u, deal, c, p, seed, path):
    """Size of a project as a multiple of its budget; 0 without go-ahead."""
    fill(w, deal + DEAL_SIZE, 1.0)
    if p.size_law >= 0:
        fill_score(w, u, Z0, seed, path, p.size_stream)
        look_up(w, Z0, deal + DEAL_SIZE, c, p.size_law)
        scale = p.size_scale
        for l in range(L):
            w[deal + DEAL_SIZE + l] *= scale
    if p.go_ahead < 1.0:
        fill_units(w, u, Z0, seed, path, p.go_ahead_stream)
        probability = p.go_ahead
        for l in range(L):
            size = w[deal + DEAL_SIZE + l]
            w[deal + DEAL_SIZE + l] = size if w[Z0 + l] < probability else 0.0


@fused
def draw_selection(w, u, at, c, g, projects, seed, path):
    """Draw size, slip and the lot of the first decision of each project; nothing has happened yet."""
    for s in range(projects.size):
        p, deal = projects[s], at.deal + uint64(s) * DEAL_ROWS * L
        draw_size(w, u, deal, c, p, seed, path)
        fill(w, deal + DEAL_SLIP, 0.0)
        if g.slip_law >= 0:
            fill_score(w, u, Z0, seed, path, p.slip_stream)
            look_up(w, Z0, deal + DEAL_SLIP, c, g.slip_law)
        if g.decision_first >= 0:
            fill_units(w, u, deal + DEAL_LOT, seed, path, p.funding_stream)
        fill(w, deal + DEAL_PLANNED, np.inf)
        fill(w, deal + DEAL_FUNDED, np.inf)
        fill(w, deal + DEAL_STOP, np.inf)
        fill(w, deal + DEAL_DECLINED, np.inf)


@fused
def draw_defaults(w, u, at, c, g, seed, path):
    """Times at which offtakers default: exponential from the value date."""
    for i in range(uint64(g.n_defaults)):
        pair, row = uint64(g.defaults) + U(2) * i, at.default + i * L
        fill_units(w, u, row, seed, path, uint64(c[pair]))
        hazard = c[pair + U(1)]
        for l in range(L):
            w[row + l] = -log(1.0 - w[row + l]) / hazard


@inline
def deal_of(at, s):
    """First element of a project's rows in the region `deal`."""
    return at.deal + uint64(s) * DEAL_ROWS * L


@fused
def due_day(c, g, day, lag):
    """Day that is `lag` business days after a day; what lies beyond the calendar never comes."""
    if lag == 0:
        return day
    number = int(c[g.business + day - g.first_day]) + lag
    return int(c[g.open_days + number - 1]) if number <= g.n_open_days else NEVER


@fused
def year_of(c, g, day):
    """Calendar year of a day, counted from that of the first day of the calendar."""
    year = 0
    for i in range(int(c[g.new_years])):
        year += 1 if c[g.new_years + 1 + i] <= day else 0
    return year


@fused
def find_next(deals, till):
    """Find the next notice or decision; ties go to notices, then to the order of projects."""
    till.time, till.project = np.inf, -1
    stage = NOTHING
    for s in range(deals.size):
        time = deals[s].time
        if time < till.time or (time == till.time and time < np.inf and deals[s].stage < stage):
            till.time, till.project, stage = time, s, deals[s].stage


@fused
def set_aside(deal):
    """Nothing more happens to a project before it is built, if it is."""
    deal.stage = NOTHING
    deal.time = np.inf


@fused
def waits(c, g, till, deal, budget):
    """Whether a notice waits for the next year, whose cap it may fit; the first of a year always fits."""
    year = year_of(c, g, deal.day)
    if year != till.year:
        till.year, till.noticed = year, 0.0
    if till.noticed == 0.0 or till.noticed + budget <= g.annual_cap * ROUNDED:
        return False
    # a year after the table's last is after the deadline
    deal.day = int(c[g.new_years + 1 + year]) if year < int(c[g.new_years]) else g.deadline + 1
    return True


@fused
def cut(till, budget, least):
    """What a budget is cut to by what is left of the ceiling; 0 if that is too little."""
    if budget <= till.left * ROUNDED:
        return budget
    return till.left if till.left * ROUNDED >= least and till.left > SLIVER * budget else 0.0


@fused
def give_notice(w, at, c, g, p, deal, till, s, l):
    """Give a project its notice: within the year's cap and the ceiling, not after the deadline.

    Returns what becomes of it; where it waits or is noticed, its next day is set.
    """
    row = deal_of(at, s) + uint64(l)
    budget = p.budget * w[row + DEAL_SIZE]
    if budget <= 0.0 or deal.day > g.deadline:
        w[row + DEAL_SIZE] = 0.0
        return DROPPED
    if g.annual_cap < np.inf and waits(c, g, till, deal, budget):
        return WAITING
    fits = cut(till, budget, p.min_size)
    if fits < budget:
        w[row + DEAL_SIZE] = fits / p.budget
    if fits == 0.0:
        return DROPPED
    till.committed += fits
    till.left = max(till.left - fits, 0.0)
    till.noticed += fits
    deal.stage = DECISION
    return NOTICED


@fused
def decide(w, at, c, g, p, deal, till, state, stopped, s, seed, path, l):
    """Decide on a due funding, by the state of the deal: pay, delay or decline. Returns what becomes of it."""
    row = deal_of(at, s) + uint64(l)
    if w[row + DEAL_STOP] < np.inf:
        return STOPPED
    if g.decision_first >= 0:
        u = w[row + DEAL_LOT]
        if deal.decisions > 0:
            u = unit(word(seed, path, p.funding_stream, deal.decisions))
        deal.decisions += 1
        pair = g.decisions + 2 * (state - g.decision_first)
        if u >= c[pair + 1]:
            w[row + DEAL_DECLINED] = deal.time
            till.committed -= p.budget * w[row + DEAL_SIZE]
            till.left += p.budget * w[row + DEAL_SIZE]
            return DECLINED
        if u >= c[pair]:
            deal.day += g.delay_days
            return DELAYED
    if stopped:
        w[row + DEAL_STOP] = deal.time
        return STOPPED
    w[row + DEAL_FUNDED] = deal.time
    return FUNDED


@fused
def stop_calls(w, at, deals, time, l):
    """Cancel what is funded; what is complete by then stays."""
    for s in range(deals.size):
        row = deal_of(at, s) + uint64(l)
        if w[row + DEAL_FUNDED] <= time:
            w[row + DEAL_STOP] = min(w[row + DEAL_STOP], time)


@fused
def stop_project(w, at, deals, s, time, l):
    """Cancel a project that is funded, or still to be; one without notice gets none any more."""
    row = deal_of(at, s) + uint64(l)
    to_come = deals[s].stage != NOTHING and w[row + DEAL_SIZE] > 0.0
    if to_come or w[row + DEAL_FUNDED] < np.inf:
        w[row + DEAL_STOP] = min(w[row + DEAL_STOP], time)
    if deals[s].stage == NOTICE:
        set_aside(deals[s])


@fused
def ceiling(c, g, seed, path):
    """Ceiling of a path: the commitment, or what is taken up of it if that is less."""
    if g.take_up_law < 0:
        return g.commitment
    return min(g.commitment, value_at(c, g.take_up_law, score(word(seed, path, g.take_up_stream, 0))))


@fused
def open_till(c, g, till, seed, path):
    """Nothing is committed yet."""
    till.left = ceiling(c, g, seed, path)
    till.committed, till.noticed = 0.0, 0.0
    till.year = -1


@fused
def gap(pipeline, n, seed, path):
    """Unit-exponential spacing before arrival `n` of a pipeline."""
    return -log(1.0 - unit(word(seed, path, pipeline.stream, n)))


@fused
def slip_of(w, at, s, l):
    """Business days by which the funding of a project slips."""
    return int(math.ceil(min(w[deal_of(at, s) + DEAL_SLIP + uint64(l)], float(NEVER))))
