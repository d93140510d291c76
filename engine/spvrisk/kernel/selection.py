"""Selection and funding: go-ahead, size, notices, the ceiling, decisions (section 5 of the model page).

Index legend: s = project (the announced ones, then the slots of pipelines), n = pipeline, q = state, l = lane. What can
be drawn for all lanes is drawn by `draw_selection`; what happens in order of time is scalar per path, part of the
clock.
"""

import numpy as np
from numba import uint64

from spvrisk.kernel import draws as draw
from spvrisk.kernel import rows as R
from spvrisk.kernel.dates import day_of_time, days_up, due_day, time_of_day, year_of
from spvrisk.kernel.log import (
    BY_DEAL,
    BY_DECLINE,
    BY_LATENESS,
    CONSULTED,
    DECLINED,
    DELAYED,
    DROPPED,
    FUNDED,
    NOTICED,
    RENEGOTIATED,
    STOPPED,
    WAITING,
    note,
)
from spvrisk.kernel.maths import ROUNDED, L, U, fused
from spvrisk.kernel.regimes import enter, product, set_intensity, set_threshold
from spvrisk.kernel.simd import WIDE, load, store, where
from spvrisk.kernel.tables import look_up, value_at
from spvrisk.kernel.whole_rows import fill
from spvrisk.kernel.workspace import deal_of

NOTHING, NOTICE, DECISION = 0, 1, 2
"""What is to happen to a project."""
SLIVER = 1e-12
"""Share of a budget below which what is left of the ceiling is rounding."""


# ---- draws


@fused
def draw_size(w, c, p, deal, draws):
    """Size of a project as a multiple of its budget; 0 without go-ahead."""
    fill(w, deal + R.DEAL_SIZE, 1.0)
    if p.size_law >= 0:
        draw.scores(draws, w, R.SCORE0, p.size_stream)
        look_up(w, R.SCORE0, deal + R.DEAL_SIZE, c, p.size_law)
        for l in range(U(0), L, U(WIDE)):
            store(w, deal + R.DEAL_SIZE + l, load(w, deal + R.DEAL_SIZE + l) * p.size_scale)
    if p.go_ahead < 1.0:
        draw.uniforms(draws, w, R.SCORE0, p.go_ahead_stream)
        for l in range(U(0), L, U(WIDE)):
            goes = load(w, R.SCORE0 + l) < p.go_ahead
            store(w, deal + R.DEAL_SIZE + l, where(goes, load(w, deal + R.DEAL_SIZE + l), 0.0))


@fused
def draw_selection(block):
    """Draw size, slip and the lot of the first decision of each project; nothing has happened yet."""
    w, c, g, draws, projects = block.w, block.c, block.g, block.draws, block.plan.projects
    for s in range(projects.size):
        p, deal = projects[s], deal_of(block.at, s)
        draw_size(w, c, p, deal, draws)
        fill(w, deal + R.DEAL_SLIP, 0.0)
        if g.slip_law >= 0:
            draw.scores(draws, w, R.SCORE0, p.slip_stream)
            look_up(w, R.SCORE0, deal + R.DEAL_SLIP, c, g.slip_law)
        if g.decision_first >= 0:
            draw.uniforms(draws, w, deal + R.DEAL_LOT, p.funding_stream)
        fill(w, deal + R.DEAL_PLANNED, np.inf)
        fill(w, deal + R.DEAL_FUNDED, np.inf)
        fill(w, deal + R.DEAL_STOP, np.inf)
        fill(w, deal + R.DEAL_DECLINED, np.inf)
        fill(w, deal + R.DEAL_CHANGED, 0.0)


@fused
def draw_defaults(block):
    """Times at which offtakers default: exponential from the value date."""
    w, c, g = block.w, block.c, block.g
    for i in range(uint64(g.n_defaults)):
        pair, row = uint64(g.defaults) + uint64(2) * i, block.at.default.first + i * L
        draw.uniforms(block.draws, w, row, uint64(c[pair]))
        hazard = c[pair + uint64(1)]
        for l in range(U(0), L, U(WIDE)):
            store(w, row + l, draw.exponential(load(w, row + l)) / hazard)


# ---- the order of notices and decisions


@fused
def comes_before(deals, s, other):
    """Whether it is a project's turn before another's; ties go to notices, then to the order of projects."""
    a, b = deals[s], deals[other]
    return a.time < b.time or (a.time == b.time and (a.stage < b.stage or (a.stage == b.stage and s < other)))


@fused
def play(world, i):
    """Let the winners of two rounds meet: rounds 2 i and 2 i + 1 of the tournament come before round i."""
    turns = world.turns
    one, other = turns[2 * i], turns[2 * i + 1]
    turns[i] = one if comes_before(world.deals, one, other) else other


@fused
def announce(world):
    """The winner of the tournament has the next notice or decision."""
    ledger = world.ledger
    ledger.time, ledger.project = np.inf, -1
    if world.deals.size > 0:
        ledger.project = world.turns[1]
        ledger.time = world.deals[ledger.project].time


@fused
def begin_turns(world):
    """Find whose turn is the first."""
    n = world.deals.size
    for s in range(n):
        world.turns[n + s] = s
    for i in range(n - 1):
        play(world, n - 1 - i)
    announce(world)


@fused
def renew_turn(world, s):
    """Find whose turn it is after that of one project has changed: it meets the winner of each round once more."""
    i = (world.deals.size + s) // 2
    while i > 0:
        play(world, i)
        i //= 2
    announce(world)


@fused
def set_aside(deal):
    """Nothing more happens to a project before it is built, if it is."""
    deal.stage = NOTHING
    deal.time = np.inf


@fused
def ceiling(world):
    """Ceiling of a path: the commitment, or what is taken up of it if that is less."""
    g = world.g
    if g.take_up_law < 0:
        return g.commitment
    return min(g.commitment, value_at(world.c, g.take_up_law, draw.score(world.draws, g.take_up_stream, 0)))


@fused
def begin_deals(world):
    """Nothing is committed; all announced notices are to come, those before the value date first."""
    deals, ledger = world.deals, world.ledger
    ledger.left = ceiling(world)
    ledger.net_commitments, ledger.noticed = 0.0, 0.0
    ledger.year = -1
    ledger.declined, ledger.delayed = 0, 0
    for s in range(deals.size):
        deal = deals[s]
        set_aside(deal)
        deal.decisions, deal.consulted = 0, 0
        if s < world.g.announced:
            deal.stage, deal.day = NOTICE, world.projects[s].notice
            deal.time = time_of_day(world.c, world.g, deal.day)


# ---- notices


@fused
def waits(world, s, budget):
    """Whether a notice waits for the next year, whose cap it may fit; the first of a year always fits."""
    c, g, ledger, deal = world.c, world.g, world.ledger, world.deals[s]
    year = year_of(c, g, deal.day)
    if year != ledger.year:
        ledger.year, ledger.noticed = year, 0.0
    if ledger.noticed == 0.0 or ledger.noticed + budget <= g.annual_cap * ROUNDED:
        return False
    deal.day = int(c[g.new_years + 1 + year])  # the table goes on to the year after the deadline's
    return True


@fused
def cut(ledger, budget, least):
    """What a budget is cut to by what is left of the ceiling; 0 if that is too little."""
    if budget <= ledger.left * ROUNDED:
        return budget
    return ledger.left if ledger.left * ROUNDED >= least and ledger.left > SLIVER * budget else 0.0


@fused
def give_notice(world, s):
    """Give a project its notice: within the year's cap and the ceiling, not after the deadline.

    Returns what becomes of it; where it waits or is noticed, its next day is set.
    """
    w, g, p, deal, ledger = world.w, world.g, world.projects[s], world.deals[s], world.ledger
    row = deal_of(world.at, s) + world.lane
    budget = p.budget * w[row + R.DEAL_SIZE]
    if budget <= 0.0 or deal.day > g.deadline:
        w[row + R.DEAL_SIZE] = 0.0
        return DROPPED
    if g.annual_cap < np.inf and waits(world, s, budget):
        return WAITING
    fits = cut(ledger, budget, p.min_size)
    if fits < budget:
        w[row + R.DEAL_SIZE] = fits / p.budget
    if fits == 0.0:
        return DROPPED
    ledger.net_commitments += fits
    ledger.left = max(ledger.left - fits, 0.0)
    ledger.noticed += fits
    deal.stage = DECISION
    return NOTICED


@fused
def schedule(world, s):
    """Set the day of the decision on a project that is noticed: a lag of business days later, and the slip."""
    w, c, g, deal = world.w, world.c, world.g, world.deals[s]
    row = deal_of(world.at, s) + world.lane
    day = deal.day
    w[row + R.DEAL_PLANNED] = time_of_day(c, g, due_day(c, g, day, g.lag))
    deal.day = due_day(c, g, day, g.lag + days_up(w[row + R.DEAL_SLIP]))


# ---- decisions


@fused
def calls_stopped(world):
    """Whether a present state stops all calls."""
    stopped = False
    for i in range(world.now.size):
        stopped = stopped or world.states[world.now[i].state].stops_calls == 1
    return stopped


@fused
def give_back(ledger, budget):
    """Give a part of what was committed back."""
    ledger.net_commitments -= budget
    ledger.left += budget


@fused
def first_answer(world, s):
    """Answer by the state of the deal: pay, delay or decline; a decline may be put off by talks."""
    w, c, g, p, deal = world.w, world.c, world.g, world.projects[s], world.deals[s]
    u = w[deal_of(world.at, s) + world.lane + R.DEAL_LOT]
    if deal.decisions > 0:
        u = draw.uniform(world.draws, p.funding_stream, deal.decisions)
    deal.decisions += 1
    pair = g.decisions + 2 * (world.now[g.decision_regime].state - g.decision_first)
    if u >= c[pair + 1]:
        if g.consult_law < 0:
            return DECLINED
        deal.consulted = 1
        deal.day += days_up(value_at(c, g.consult_law, draw.score(world.draws, p.consult_days_stream, 0)))
        return CONSULTED
    if u >= c[pair]:
        deal.day += g.delay_days
        return DELAYED
    return FUNDED


@fused
def after_talks(world, p):
    """What talks before a decline come to."""
    u = draw.uniform(world.draws, p.consult_stream, 0)
    if u < world.g.consult_funds:
        return FUNDED
    return RENEGOTIATED if u < world.g.consult_pays else DECLINED


@fused
def decide(world, s):
    """Decide on a due funding, by the state of the deal: pay, delay or decline. Returns what becomes of it."""
    w, g, p, deal, ledger = world.w, world.g, world.projects[s], world.deals[s], world.ledger
    row = deal_of(world.at, s) + world.lane
    if w[row + R.DEAL_STOP] < np.inf:
        return STOPPED
    became = FUNDED
    if deal.consulted == 1:
        became = after_talks(world, p)
    elif g.decision_first >= 0:
        became = first_answer(world, s)
    if became == DECLINED:
        w[row + R.DEAL_DECLINED] = deal.time
        ledger.declined += 1
        give_back(ledger, p.budget * w[row + R.DEAL_SIZE])
    elif became == DELAYED:
        ledger.delayed += 1
    elif became != CONSULTED and calls_stopped(world):
        w[row + R.DEAL_STOP] = deal.time
        became = STOPPED
    elif became != CONSULTED:
        if became == RENEGOTIATED:
            give_back(ledger, (1.0 - g.renegotiated_size) * p.budget * w[row + R.DEAL_SIZE])
            w[row + R.DEAL_SIZE] *= g.renegotiated_size
            w[row + R.DEAL_CHANGED] = 1.0
        w[row + R.DEAL_FUNDED] = deal.time
    return became


@fused
def pull_trigger(world, s, i, row, day, cause):
    """What a row of the table of triggers brings about, by a draw of its own, in the states it meets."""
    c, time = world.c, max(world.deals[s].time, 0.0)
    holds = product(c, int(c[row + 2]), world.now) > 0.0
    if holds and draw.uniform(world.draws, world.projects[s].trigger_stream, i) < c[row + 1]:
        for j in range(int(c[row + 3])):
            enter(world, int(c[row + 4 + j]), time, day, cause)


@fused
def pull_triggers(world, s, day, became):
    """What a declined funding brings about, or one that is delayed by more than the days it has: that once."""
    c, g, deal, row = world.c, world.g, world.deals[s], world.g.triggers
    for i in range(g.n_triggers):
        if became == DECLINED:
            pull_trigger(world, s, i, row, day, BY_DECLINE)
        row += int(c[row])
    late = deal.decisions * g.delay_days
    if became == DELAYED and 0 <= g.late_days < late and late - g.delay_days <= g.late_days:
        pull_trigger(world, s, g.n_triggers, row, day, BY_LATENESS)


@fused
def attend(world, s):
    """A project's turn: its notice, or the decision on its funding. Returns whether states may have changed."""
    deal = world.deals[s]
    time, day = max(deal.time, 0.0), deal.day
    became = give_notice(world, s) if deal.stage == NOTICE else decide(world, s)
    note(world.log, time, BY_DEAL, s, -1, became)
    if became == NOTICED:
        schedule(world, s)
    if became == DECLINED or became == DELAYED:
        pull_triggers(world, s, day, became)
    if became == NOTICED or became == WAITING or became == DELAYED or became == CONSULTED:
        deal.time = time_of_day(world.c, world.g, deal.day)
    else:
        set_aside(deal)
    renew_turn(world, s)
    return became == DECLINED or became == DELAYED


# ---- cancellations


@fused
def stop_calls(world, time):
    """Cancel what is funded; what is complete by then stays."""
    w = world.w
    for s in range(world.deals.size):
        row = deal_of(world.at, s) + world.lane
        if w[row + R.DEAL_FUNDED] <= time:
            w[row + R.DEAL_STOP] = min(w[row + R.DEAL_STOP], time)


@fused
def stop_project(world, s, time):
    """Cancel a project that is funded, or still to be; one without notice gets none any more."""
    w, deal = world.w, world.deals[s]
    row = deal_of(world.at, s) + world.lane
    to_come = deal.stage != NOTHING and w[row + R.DEAL_SIZE] > 0.0
    if to_come or w[row + R.DEAL_FUNDED] < np.inf:
        w[row + R.DEAL_STOP] = min(w[row + R.DEAL_STOP], time)
    if deal.stage == NOTICE:
        set_aside(deal)
        renew_turn(world, s)


# ---- pipelines


@fused
def gap(world, n, arrival):
    """Unit-exponential spacing before an arrival of pipeline `n`."""
    return draw.exponential(draw.uniform(world.draws, world.pipelines[n].stream, arrival))


@fused
def begin_pipelines(world):
    """All pipelines wait for their first arrival."""
    flow = world.flow
    for n in range(flow.size):
        flow[n].scale, flow[n].arrivals, flow[n].closed = 1.0, 0, 0
        set_threshold(flow[n], gap(world, n, 0), 0.0)


@fused
def arrive(world, n, time):
    """A project arrives in pipeline `n`; after the deadline the pipeline is closed."""
    here = world.flow[n]
    s = world.pipelines[n].first + here.arrivals
    here.arrivals += 1
    set_threshold(here, gap(world, n, here.arrivals), time)
    day = day_of_time(world.c, world.g, time)
    if day > world.g.deadline:
        here.closed = 1
    else:
        deal = world.deals[s]
        deal.stage, deal.day, deal.time = NOTICE, day, time
        attend(world, s)


@fused
def set_arrivals(world, time):
    """Intensities of arrivals in the present states."""
    pipelines, now = world.pipelines, world.now
    if pipelines.size == 0:
        return
    multiple = 1.0
    for i in range(now.size):
        multiple *= world.states[now[i].state].arrivals
    for n in range(pipelines.size):
        here = world.flow[n]
        goes_on = here.closed == 0 and here.arrivals < pipelines[n].slots
        set_intensity(here, pipelines[n].rate * here.scale * multiple if goes_on else 0.0, time)
