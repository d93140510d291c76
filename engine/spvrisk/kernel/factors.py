"""Systemic factors: correlated innovations, exact discretisation, floors and caps (section 3 of the model page).

Index legend: k = factor, r = row of the correlation matrix, j = jumping factor, t = step, l = lane; ``f`` is the
record of a factor. Four steps are drawn at a time, since a
block of the generator gives four words. The scores of a step are drawn into the factors' own rows and worked over in
place.
"""

import numpy as np
from numba import int64, uint64

from spvrisk.kernel.maths import L, U, clause, exp, fma, fused, unit
from spvrisk.kernel.philox import fill_scores, fill_words
from spvrisk.kernel.rows import ROOT0, START_RATE, Z0, add, fill
from spvrisk.kernel.tables import look_up
from spvrisk.kernel.vectors import EIGHT, tails_of_eight


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
    table, per_nu = int64(g.tail_map), 1.0 / g.tail_nu
    for r in range(rows.size):
        row = x + uint64(rows[r]) * L
        for l in range(U(0), L, U(EIGHT)):
            tails_of_eight(w, row + l, root + l, c, table, g.tail_bits, g.tail_last, per_nu)


@clause
def draw_roots(w, u, c, g, seed, path, block):
    """sqrt(W) of four steps, common to all factors."""
    fill_scores(w, u, Z0, L, seed, path, g.tail_stream, block)
    for i in range(U(4)):
        look_up(w, Z0 + i * L, ROOT0 + i * L, c, g.tail_root)


@clause
def draw_jumps(w, u, rows, c, jump, seed, path, block):
    """Compound Poisson jumps of four steps: N j + sqrt(N) s z (Merton 1976, in closed form given N)."""
    fill_words(u, seed, path, jump.count_stream, block)
    cdf, counts = uint64(jump.cdf), uint64(jump.counts)
    for l in range(U(4) * L):
        level, count = unit(u[l]), 0.0
        for n in range(counts):
            count += 1.0 if c[cdf + n] <= level else 0.0
        w[rows + l] = count
    fill_scores(w, u, Z0, L, seed, path, jump.size_stream, block)
    mean, sd = jump.mean, jump.sd
    for l in range(U(4) * L):
        w[rows + l] = fma(w[rows + l], mean, np.sqrt(w[rows + l]) * sd * w[Z0 + l])


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
def shift(w, row, mark, adds):
    """Shift what is observed by a mark of the clock: a part of it, or an addition to it."""
    if adds == 1:
        for l in range(L):
            w[row + l] += w[mark + l]
    else:
        for l in range(L):
            w[row + l] *= 1.0 + w[mark + l]


@clause
def bound(w, row, floor, cap):
    """Hold what is observed between floor and cap; the process itself goes on freely."""
    for l in range(L):
        w[row + l] = min(max(w[row + l], floor), cap)


@clause
def advance(w, at, row, level, c, g, f, t):
    """Take one factor a step on: score in, observed value out."""
    trend = c[uint64(f.shift) + t]
    if f.row < 0:
        fill(w, row, trend)
    elif f.is_level == 1:
        advance_level(w, level, row, f.decay, f.sd, trend)
    else:
        advance_log(w, level, row, f.decay, f.sd, trend)
    shifters = uint64(f.shifters)
    for j in range(uint64(c[shifters])):
        mark = at.mark + (uint64(c[shifters + U(1) + j]) * uint64(g.steps + 2) + t) * L
        shift(w, row, mark, f.adds_shifts)
    if f.floor >= 0:
        bound(w, row, c[uint64(f.floor) + t], c[uint64(f.cap) + t])


@clause
def draw_block(w, u, at, x, c, g, factors, rows, jumps, seed, path, block):
    """Draw what four steps need: scores into the factors' rows, jumps, sqrt(W)."""
    n = uint64(factors.size)
    for r in range(rows.size):
        k = rows[r]
        fill_scores(w, u, x + uint64(k) * L, n * L, seed, path, factors[k].stream, block)
    for j in range(jumps.size):
        draw_jumps(w, u, at.jump + uint64(4 * j) * L, c, jumps[j], seed, path, block)
    if g.tail_nu > 0.0:
        draw_roots(w, u, c, g, seed, path, block)


@clause
def simulate_factors(w, u, at, c, g, factors, rows, jumps, seed, path):
    """All factors at the ends of all steps, into the region ``at.factor (t, k, lane)``."""
    n = uint64(factors.size)
    for k in range(factors.size):
        fill(w, at.level + uint64(k) * L, factors[k].start)
    for t in range(uint64(g.steps)):
        x, i = at.factor + t * n * L, t % U(4)
        if i == U(0):
            draw_block(w, u, at, x, c, g, factors, rows, jumps, seed, path, t // U(4))
        correlate(w, x, c, g, rows)
        if g.tail_nu > 0.0:
            map_tails(w, x, ROOT0 + i * L, c, g, rows)
        for j in range(jumps.size):
            add(w, at.level + uint64(jumps[j].factor) * L, at.jump + (uint64(4 * j) + i) * L)
        for k in range(factors.size):
            advance(w, at, x + uint64(k) * L, at.level + uint64(k) * L, c, g, factors[k], t)


@fused
def reference_rate(w, at, factors, k, t):
    """Row of a reference rate at the step's start: of factor `k`.

    Observed at the end of the step before, the start value at first.
    """
    if t == 0:
        fill(w, START_RATE, factors[k].observed_start)
        return START_RATE
    return at.factor + ((t - U(1)) * uint64(factors.size) + uint64(k)) * L
