"""Systemic factors: correlated innovations, exact discretisation, floors and caps (section 3 of the model page).

Index legend: k = factor, r = row of the correlation matrix, j = jumping factor, t = step, l = lane; ``f`` is the
record of a factor. Four steps are drawn at a time, as `kernel.draws` gives them. The scores of a step are drawn into
the factors' own rows and worked over in place.
"""

from numba import uint64

from spvrisk.kernel import draws as draw
from spvrisk.kernel import rows as R
from spvrisk.kernel.maths import L, U, clause, exp, fused
from spvrisk.kernel.simd import WIDE, fma, larger, load, smaller, spread, sqrt, store, where
from spvrisk.kernel.tables import look_up
from spvrisk.kernel.vectors import tail_cells, tails
from spvrisk.kernel.whole_rows import add, fill
from spvrisk.kernel.workspace import mean_row


@fused
def correlate_row(block, x, r):
    """Correlated score of one row of the matrix, in place."""
    w, c, rows = block.w, block.c, block.plan.rows
    target, weights = x + uint64(rows[r]) * L, uint64(block.g.cholesky) + r * uint64(rows.size)
    for l in range(U(0), L, U(WIDE)):
        total = c[weights + r] * load(w, target + l)
        for q in range(r):
            total = fma(c[weights + q], load(w, x + uint64(rows[q]) * L + l), total)
        store(w, target + l, total)


@fused
def correlate_four(block, x, r):
    """The same of four rows from `r` on: each score before them is loaded once for all four."""
    w, c, rows = block.w, block.c, block.plan.rows
    n = uint64(rows.size)
    first = uint64(block.g.cholesky) + r * n
    second, third, fourth = first + n, first + U(2) * n, first + U(3) * n
    one, two = x + uint64(rows[r]) * L, x + uint64(rows[r + U(1)]) * L
    three, four = x + uint64(rows[r + U(2)]) * L, x + uint64(rows[r + U(3)]) * L
    for l in range(U(0), L, U(WIDE)):
        z1, z2, z3, z4 = load(w, one + l), load(w, two + l), load(w, three + l), load(w, four + l)
        total1, total2 = c[first + r] * z1, c[second + r + U(1)] * z2
        total3, total4 = c[third + r + U(2)] * z3, c[fourth + r + U(3)] * z4
        for q in range(r):
            z = load(w, x + uint64(rows[q]) * L + l)
            total1, total2 = fma(c[first + q], z, total1), fma(c[second + q], z, total2)
            total3, total4 = fma(c[third + q], z, total3), fma(c[fourth + q], z, total4)
        store(w, one + l, total1)
        store(w, two + l, fma(c[second + r], z1, total2))
        store(w, three + l, fma(c[third + r + U(1)], z2, fma(c[third + r], z1, total3)))
        total4 = fma(c[fourth + r + U(1)], z2, fma(c[fourth + r], z1, total4))
        store(w, four + l, fma(c[fourth + r + U(2)], z3, total4))


@fused
def correlate(block, x):
    """Make correlated scores L z of independent ones, in place: the last rows first, since they need those before."""
    r = uint64(block.plan.rows.size)
    while r % U(4) > U(0):
        r -= U(1)
        correlate_row(block, x, r)
    while r > U(0):
        r -= U(4)
        correlate_four(block, x, r)


@clause
def map_tails(w, x, root, c, g, rows):
    """Student's t copula: e = Phi^-1(T_nu(y)), where y is the correlated score times sqrt(W).

    Read off a table of e / y by bins of 1 + y^2 / nu.
    """
    cells, per_nu = (g.tail_map, g.tail_bits, g.tail_last), 1.0 / g.tail_nu
    for r in range(rows.size):
        row = x + uint64(rows[r]) * L
        for l in range(U(0), L, U(WIDE)):
            y = load(w, row + l) * load(w, root + l)
            store(w, R.CELL + l, tail_cells(y, cells, per_nu))
            store(w, row + l, y)
        for l in range(U(0), L, U(WIDE)):
            store(w, row + l, tails(load(w, row + l), c, w, R.CELL + l, g.tail_bits, per_nu))


@clause
def draw_roots(w, c, g, draws, four):
    """sqrt(W) of four steps, common to all factors."""
    draw.four_scores(draws, w, R.SCORE0, L, g.tail_stream, four)
    for i in range(U(4)):
        look_up(w, R.SCORE0 + i * L, R.TAIL_ROOT0 + i * L, c, g.tail_root)


@clause
def draw_jumps(w, rows, c, jump, draws, four):
    """Compound Poisson jumps of four steps: N j + sqrt(N) s z (Merton 1976, in closed form given N)."""
    draw.four_uniforms(draws, w, rows, jump.count_stream, four)
    cdf = uint64(jump.cdf)
    for l in range(U(0), U(4) * L, U(WIDE)):
        level, count = load(w, rows + l), spread(0.0)
        for n in range(uint64(jump.counts)):
            count += where(c[cdf + n] <= level, 1.0, 0.0)
        store(w, rows + l, count)
    draw.four_scores(draws, w, R.SCORE0, L, jump.size_stream, four)
    for l in range(U(0), U(4) * L, U(WIDE)):
        count = load(w, rows + l)
        store(w, rows + l, fma(count, jump.mean, sqrt(count) * jump.sd * load(w, R.SCORE0 + l)))


@fused
def observe(block, f, row, t):
    """What is observed of a factor: shifted by step means of the clock, a part of it or an addition; floor and cap.

    The process itself goes on freely.
    """
    w, c, shifters = block.w, block.c, uint64(f.shifters)
    for j in range(uint64(c[shifters])):
        mean = mean_row(block.at, block.g, c[shifters + U(1) + j], t)
        for l in range(U(0), L, U(WIDE)):
            x, shift = load(w, row + l), load(w, mean + l)
            store(w, row + l, x + shift if f.adds_shifts == 1 else x * (1.0 + shift))
    if f.floor >= 0:
        low, high = c[uint64(f.floor) + t], c[uint64(f.cap) + t]
        for l in range(U(0), L, U(WIDE)):
            store(w, row + l, smaller(larger(load(w, row + l), low), high))


@fused
def moved(w, f, level, score):
    """Take a process a step on; it is kept as its distance from the trend."""
    y = fma(f.decay, load(w, level), f.sd * load(w, score))
    store(w, level, y)
    return y


@fused
def advance(block, k, row, t):
    """Take factor `k` a step on: score in, observed value out. In levels (vasicek) or in the logarithm."""
    w, f = block.w, block.plan.factors[k]
    trend, level = block.c[uint64(f.shift) + t], block.at.level.first + uint64(k) * L
    if f.row < 0:
        fill(w, row, trend)
    elif f.is_level == 1:
        for l in range(U(0), L, U(WIDE)):
            store(w, row + l, moved(w, f, level + l, row + l) + trend)
    else:
        for l in range(U(0), L, U(WIDE)):
            store(w, row + l, exp(moved(w, f, level + l, row + l) + trend))
    observe(block, f, row, t)


@fused
def draw_four(block, x, four):
    """Draw what four steps need: scores into the factors' rows, jumps, sqrt(W)."""
    w, g, plan, draws = block.w, block.g, block.plan, block.draws
    n = uint64(plan.factors.size)
    for r in range(plan.rows.size):
        k = plan.rows[r]
        draw.four_scores(draws, w, x + uint64(k) * L, n * L, plan.factors[k].stream, four)
    for j in range(plan.jumps.size):
        draw_jumps(w, block.at.jump.first + uint64(4 * j) * L, block.c, plan.jumps[j], draws, four)
    if g.tail_nu > 0.0:
        draw_roots(w, block.c, g, draws, four)


@fused
def simulate_factors(block):
    """All factors at the ends of all steps, into the region `factor`."""
    w, at, c, g, plan = block.w, block.at, block.c, block.g, block.plan
    n = uint64(plan.factors.size)
    for k in range(plan.factors.size):
        fill(w, at.level.first + uint64(k) * L, plan.factors[k].start)
    for t in range(uint64(g.steps)):
        x, i = at.factor.first + t * n * L, t % U(4)
        if i == U(0):
            draw_four(block, x, t // U(4))
        correlate(block, x)
        if g.tail_nu > 0.0:
            map_tails(w, x, R.TAIL_ROOT0 + i * L, c, g, plan.rows)
        for j in range(plan.jumps.size):
            add(w, at.level.first + uint64(plan.jumps[j].factor) * L, at.jump.first + (uint64(4 * j) + i) * L)
        for k in range(plan.factors.size):
            advance(block, k, x + uint64(k) * L, t)


@fused
def reference_rate(w, at, factors, k, t):
    """Row of a reference rate at the step's start: of factor `k`, as observed at the end of the step before.

    At first its start value.
    """
    if t == 0:
        fill(w, R.START_RATE, factors[k].observed_start)
        return R.START_RATE
    return at.factor.first + ((t - U(1)) * uint64(factors.size) + uint64(k)) * L
