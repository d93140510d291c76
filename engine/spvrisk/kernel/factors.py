"""Systemic factors: correlated innovations, exact discretisation, floors and caps (section 3 of the model page).

Index legend: k = factor, r = row of the correlation matrix, j = jumping factor, t = step, l = lane; ``f`` is the
record of a factor. Four steps are drawn at a time, as `kernel.draws` gives them. The scores of a step are drawn into
the factors' own rows and worked over in place.
"""

import numpy as np
from numba import uint64

from spvrisk.kernel import draws as draw
from spvrisk.kernel import rows as R
from spvrisk.kernel.maths import L, U, clause, exp, fused
from spvrisk.kernel.simd import fma
from spvrisk.kernel.tables import look_up
from spvrisk.kernel.vectors import EIGHT, tails_of_eight
from spvrisk.kernel.whole_rows import add, fill
from spvrisk.kernel.workspace import mean_row


@clause
def correlate(w, x, c, g, rows):
    """Make correlated scores L z of independent ones, in place: the last row first, since it needs those before it."""
    n = rows.size
    for i in range(n):
        r = n - 1 - i
        target, weights = x + uint64(rows[r]) * L, uint64(g.cholesky + r * n)
        weight = c[weights + uint64(r)]
        for l in range(L):
            w[target + l] *= weight
        for q in range(r):
            weight = c[weights + uint64(q)]
            if weight != 0.0:
                source = x + uint64(rows[q]) * L
                for l in range(L):
                    w[target + l] = fma(weight, w[source + l], w[target + l])


@clause
def map_tails(w, x, root, c, g, rows):
    """Student's t copula: e = Phi^-1(T_nu(y)), where y is the correlated score times sqrt(W).

    Read off a table of e / y by bins of 1 + y^2 / nu.
    """
    cells, per_nu = (g.tail_map, g.tail_bits, g.tail_last), 1.0 / g.tail_nu
    for r in range(rows.size):
        row = x + uint64(rows[r]) * L
        for l in range(U(0), L, U(EIGHT)):
            tails_of_eight(w, row + l, root + l, c, cells, per_nu)


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
    cdf, counts = uint64(jump.cdf), uint64(jump.counts)
    for l in range(U(4) * L):
        level, count = w[rows + l], 0.0
        for n in range(counts):
            count += 1.0 if c[cdf + n] <= level else 0.0
        w[rows + l] = count
    draw.four_scores(draws, w, R.SCORE0, L, jump.size_stream, four)
    mean, sd = jump.mean, jump.sd
    for l in range(U(4) * L):
        w[rows + l] = fma(w[rows + l], mean, np.sqrt(w[rows + l]) * sd * w[R.SCORE0 + l])


@clause
def advance_log(w, level, row, decay, sd, shift):
    """One step of a process in the logarithm: gbm, ou, merton."""
    for l in range(L):
        y = fma(decay, w[level + l], sd * w[row + l])
        w[level + l] = y
        w[row + l] = exp(y + shift)


@clause
def advance_level(w, level, row, decay, sd, shift):
    """One step of a process in levels: vasicek."""
    for l in range(L):
        y = fma(decay, w[level + l], sd * w[row + l])
        w[level + l] = y
        w[row + l] = y + shift


@clause
def shift(w, row, mean, adds):
    """Shift what is observed by a step mean of the clock: a part of it, or an addition to it."""
    if adds == 1:
        for l in range(L):
            w[row + l] += w[mean + l]
    else:
        for l in range(L):
            w[row + l] *= 1.0 + w[mean + l]


@clause
def bound(w, row, floor, cap):
    """Hold what is observed between floor and cap; the process itself goes on freely."""
    for l in range(L):
        w[row + l] = min(max(w[row + l], floor), cap)


@fused
def advance(block, k, row, t):
    """Take factor `k` a step on: score in, observed value out."""
    w, at, c, g, f = block.w, block.at, block.c, block.g, block.plan.factors[k]
    trend, level = c[uint64(f.shift) + t], at.level.first + uint64(k) * L
    if f.row < 0:
        fill(w, row, trend)
    elif f.is_level == 1:
        advance_level(w, level, row, f.decay, f.sd, trend)
    else:
        advance_log(w, level, row, f.decay, f.sd, trend)
    shifters = uint64(f.shifters)
    for j in range(uint64(c[shifters])):
        shift(w, row, mean_row(at, g, c[shifters + U(1) + j], t), f.adds_shifts)
    if f.floor >= 0:
        bound(w, row, c[uint64(f.floor) + t], c[uint64(f.cap) + t])


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
