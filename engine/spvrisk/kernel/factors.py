"""Systemic factors: correlated innovations, exact discretisation, floors and caps (section 3 of the model page).

Index legend: k = factor, r = row of the correlation matrix, j = jumping factor, t = step, l = lane. Four steps are drawn at a time, since a
block of the generator gives four words. The scores of a step are drawn into the factors' own rows and worked over in place.
"""

import numpy as np
from numba import int64, uint64

from spvrisk.kernel.maths import L, U, bits64, clause, exp, float_of_bits64, uint, unit
from spvrisk.kernel.philox import fill_scores, fill_words
from spvrisk.kernel.rows import ROOT0, Z0, fill
from spvrisk.kernel.tables import look_up

_ONE = 0x3FF0000000000000  # bits of 1.0


@clause
def correlate(w, x, factors):  # type: ignore[no-untyped-def]
    """Make correlated scores g = L z of independent ones, in place: the last row first, since it needs those before it."""
    for i in range(factors.factor.size):
        r = factors.factor.size - 1 - i
        target = x + uint(factors.factor[r]) * L
        weight = factors.cholesky[r, r]
        for l in range(L):
            w[target + l] *= weight
        for q in range(r):
            weight = factors.cholesky[r, q]
            if weight != 0.0:
                source = x + uint(factors.factor[q]) * L
                for l in range(L):
                    w[target + l] += weight * w[source + l]


@clause
def map_tails(w, x, root, factors):  # type: ignore[no-untyped-def]
    """t copula: e = Phi^-1(T_nu(g sqrt W)), read off a table of the ratio e / (g sqrt W) by bins of 1 + (g sqrt W)^2 / nu."""
    table = factors.tail_map
    last = table.size // 4 - 1
    shift = int64(52 - factors.tail_bits)
    per_nu = 1.0 / factors.tail_nu
    for r in range(factors.factor.size):
        row = x + uint(factors.factor[r]) * L
        for l in range(L):
            y = w[row + l] * w[root + l]
            b = bits64(1.0 + y * y * per_nu)
            cell = min((b - int64(_ONE)) >> shift, int64(last))
            # the bits below the cell's number, read as a fraction of the cell
            low = (b << int64(12 + factors.tail_bits)) >> int64(12)
            s = float_of_bits64((low & int64(0x000FFFFFFFFFFFFF)) | int64(_ONE)) - 1.0
            i = U(4) * uint64(cell)
            w[row + l] = y * (table[i] + s * (table[i + U(1)] + s * (table[i + U(2)] + s * table[i + U(3)])))


@clause
def draw_roots(w, u, factors, tables, seed, path, block):  # type: ignore[no-untyped-def]
    """sqrt(W) of four steps, common to all factors."""
    fill_scores(w, u, Z0, L, seed, path, factors.tail_stream, block)
    for i in range(U(4)):
        look_up(w, Z0 + i * L, ROOT0 + i * L, tables, factors.tail_root)


@clause
def draw_jumps(w, u, at, factors, seed, path, block):  # type: ignore[no-untyped-def]
    """Compound Poisson jumps of four steps: N j + sqrt(N) s z (Merton 1976, in closed form given N)."""
    for j in range(factors.jump_factor.size):
        rows = at.jump + uint64(4 * j) * L
        fill_words(u, seed, path, factors.jump_count_stream[j], block)
        for l in range(U(4) * L):
            level, count = unit(u[l]), 0.0
            for n in range(factors.jump_cdf.shape[1]):
                count += 1.0 if factors.jump_cdf[j, n] <= level else 0.0
            w[rows + l] = count
        fill_scores(w, u, Z0, L, seed, path, factors.jump_size_stream[j], block)
        mean, sd = factors.jump_mean[j], factors.jump_sd[j]
        for l in range(U(4) * L):
            w[rows + l] = w[rows + l] * mean + np.sqrt(w[rows + l]) * sd * w[Z0 + l]


@clause
def add_jumps(w, at, factors, step_of_block):  # type: ignore[no-untyped-def]
    """Add a step's jumps to the states of the factors that jump."""
    for j in range(factors.jump_factor.size):
        level = at.level + uint(factors.jump_factor[j]) * L
        jump = at.jump + (uint64(4 * j) + step_of_block) * L
        for l in range(L):
            w[level + l] += w[jump + l]


@clause
def advance_log(w, level, row, decay, sd, shift):  # type: ignore[no-untyped-def]
    """One step of a process in the logarithm: gbm, ou, merton."""
    for l in range(L):
        y = decay * w[level + l] + sd * w[row + l]
        w[level + l] = y
        w[row + l] = exp(y + shift)


@clause
def advance_level(w, level, row, decay, sd, shift):  # type: ignore[no-untyped-def]
    """One step of a process in levels: vasicek."""
    for l in range(L):
        y = decay * w[level + l] + sd * w[row + l]
        w[level + l] = y
        w[row + l] = y + shift


@clause
def bound(w, row, floor, cap):  # type: ignore[no-untyped-def]
    """Hold what is observed between floor and cap; the process itself goes on freely."""
    for l in range(L):
        w[row + l] = min(max(w[row + l], floor), cap)


@clause
def advance(w, x, at, factors, t):  # type: ignore[no-untyped-def]
    """Take all factors one step on: scores in, observed values out."""
    for k in range(factors.stream.size):
        row, level = x + uint64(k) * L, at.level + uint64(k) * L
        decay, sd, shift = factors.decay[k], factors.sd[k], factors.shift[k, t]
        if factors.row[k] < 0:
            fill(w, row, shift)
        elif factors.is_level[k] == 1:
            advance_level(w, level, row, decay, sd, shift)
        else:
            advance_log(w, level, row, decay, sd, shift)
        if factors.is_bounded[k] == 1:
            bound(w, row, factors.floor[k, t], factors.cap[k, t])


@clause
def simulate_factors(w, u, at, factors, tables, grid, seed, path):  # type: ignore[no-untyped-def]
    """All factors at the ends of all steps, into the region ``at.factor (t, k, lane)``."""
    n = uint64(factors.stream.size)
    for k in range(factors.stream.size):
        fill(w, at.level + uint64(k) * L, factors.start[k])
    for block in range(uint64((grid.steps + 3) // 4)):
        first = at.factor + U(4) * block * n * L
        for r in range(factors.factor.size):
            k = factors.factor[r]
            fill_scores(w, u, first + uint64(k) * L, n * L, seed, path, factors.stream[k], block)
        draw_jumps(w, u, at, factors, seed, path, block)
        if factors.tail_nu > 0.0:
            draw_roots(w, u, factors, tables, seed, path, block)
        for i in range(min(U(4), uint64(grid.steps) - U(4) * block)):
            x = first + i * n * L
            correlate(w, x, factors)
            if factors.tail_nu > 0.0:
                map_tails(w, x, ROOT0 + i * L, factors)
            add_jumps(w, at, factors, i)
            advance(w, x, at, factors, U(4) * block + i)


