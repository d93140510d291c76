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
from spvrisk.kernel.vectors import tails
from spvrisk.kernel.whole_rows import add, fill
from spvrisk.kernel.workspace import mean_row


@clause
def correlate(w, x, c, g, rows):
    """Make correlated scores L z of independent ones, in place: the last row first, since it needs those before it."""
    n = uint64(rows.size)
    for i in range(n):
        r = n - U(1) - i
        target, weights = x + uint64(rows[r]) * L, uint64(g.cholesky) + r * n
        for l in range(U(0), L, U(WIDE)):
            total = load(w, target + l) * c[weights + r]
            for q in range(r):
                total = fma(c[weights + q], load(w, x + uint64(rows[q]) * L + l), total)
            store(w, target + l, total)


@clause
def map_tails(w, x, root, c, g, rows):
    """Student's t copula: e = Phi^-1(T_nu(y)), where y is the correlated score times sqrt(W).

    Read off a table of e / y by bins of 1 + y^2 / nu.
    """
    cells, per_nu = (g.tail_map, g.tail_bits, g.tail_last), 1.0 / g.tail_nu
    for r in range(rows.size):
        row = x + uint64(rows[r]) * L
        for l in range(U(0), L, U(WIDE)):
            store(w, row + l, tails(load(w, row + l) * load(w, root + l), c, cells, per_nu))


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
def observed(block, f, l, t, x):
    """What is observed of a factor: shifted by step means of the clock, a part of it or an addition; floor and cap.

    The process itself goes on freely.
    """
    w, c, shifters = block.w, block.c, uint64(f.shifters)
    for j in range(uint64(c[shifters])):
        mean = load(w, mean_row(block.at, block.g, c[shifters + U(1) + j], t) + l)
        x = x + mean if f.adds_shifts == 1 else x * (1.0 + mean)
    if f.floor >= 0:
        x = smaller(larger(x, c[uint64(f.floor) + t]), c[uint64(f.cap) + t])
    return x


@fused
def advance(block, k, row, t):
    """Take factor `k` a step on: score in, observed value out. In levels (vasicek) or in the logarithm."""
    w, c, f = block.w, block.c, block.plan.factors[k]
    trend, level = c[uint64(f.shift) + t], block.at.level.first + uint64(k) * L
    for l in range(U(0), L, U(WIDE)):
        x = spread(trend)
        if f.row >= 0:
            y = fma(f.decay, load(w, level + l), f.sd * load(w, row + l))
            store(w, level + l, y)
            x = y + trend if f.is_level == 1 else exp(y + trend)
        store(w, row + l, observed(block, f, l, t, x))


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
        correlate(w, x, c, g, plan.rows)
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
