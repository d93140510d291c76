"""Ways to write lane code, on a small study in one interleaved run: ``python benchmarks/kernel_form.py [--paths N]``.

The study: 8 correlated mean-reverting factors, 6 projects, 140 steps; construction in 20 of them, then operation, a
split in two tiers and a loan. Random numbers, exponential and decorators are the kernel's own. Forms:

* ``clauses``: the kernel's form. One flat workspace, named unsigned row offsets, each clause a small function.
* ``loops``: the same workspace, the clauses of a step written out in one loop with their values in locals.
* ``rows``: arrays of rows, views of rows handed to the loops, signed indices.
* ``mixed``: as ``clauses``, but the float32 scores are widened in the loop that inverts them.
* ``tuple``: as ``rows``, but all arrays travel through the clauses in one named tuple.

All forms make the same draws and must agree to rounding. ``docs/decisions/0005-kernel-form.md`` has figures.
"""

import argparse
import statistics
import time
from typing import NamedTuple

import numpy as np
from numba import njit, uint64

from spvrisk.kernel.maths import L, U, clause, exp
from spvrisk.kernel.philox import fill_words
from spvrisk.kernel.scores import score, score_rows

LANES = int(L)
K, S, T, BUILD = 8, 6, 140, 20
SEED = np.uint64(42)
LOWER = np.linalg.cholesky(0.3 * np.ones((K, K)) + 0.7 * np.eye(K))
DECAY, SD, DISCOUNT, GROWTH, CAPEX, PRICE, SHARE = 0.95, 0.05, 0.99, 1.01, 100.0, 6.0, 0.6
SERVICE, COST = CAPEX * 0.02, CAPEX / BUILD
FIXED, MERCHANT, OM, FUEL = SHARE * PRICE, (1.0 - SHARE) * PRICE, 0.2 * PRICE, 0.3 * PRICE
N_RESULTS = 4

# rows of the flat workspace: scores, state of a project, scratch; then levels (k), factors (t, k)
Z = U(0)
STATE = ("OVERRUN", "SCORE", "PAID", "LOAN", "DEEMED", "NPV", "PV_HOST", "CLAIM")
OVERRUN, SCORE, PAID, LOAN, DEEMED, NPV, PV_HOST, CLAIM = (U((4 + i) * LANES) for i in range(len(STATE)))
SPEND, AVAILABLE, FUNDER, AVAILABILITY = (U((4 + len(STATE) + i) * LANES) for i in range(4))
LEVEL = U((8 + len(STATE)) * LANES)
FACTOR = LEVEL + U(K * LANES)
SIZE = int(FACTOR) + T * K * LANES

program = njit(fastmath={"contract"}, error_model="numpy", nogil=True)


# ---------------------------------------------------------------- shared by the two flat forms


@clause
def fill_scores(w, u, first, stride, seed, path, stream, block):
    """Scores of four draws, inverted in a loop of their own."""
    fill_words(u, seed, path, stream, block)
    score_rows(w, first, stride, u, U(4))


@clause
def draw_mixed(w, u, first, stride, seed, path, stream, block):
    """Scores of four draws, inverted and widened in one loop."""
    fill_words(u, seed, path, stream, block)
    for i in range(U(4)):
        row, source = first + i * stride, i * L
        for l in range(L):
            w[row + l] = score(u[source + l])


@clause
def correlate(w, x, lower):
    for j in range(U(K)):
        i = U(K - 1) - j
        weight = lower[i, i]
        for l in range(L):
            w[x + i * L + l] *= weight
        for q in range(i):
            weight = lower[i, q]
            for l in range(L):
                w[x + i * L + l] += weight * w[x + q * L + l]


@clause
def advance(w, x):
    for k in range(U(K)):
        level, row = LEVEL + k * L, x + k * L
        for l in range(L):
            y = DECAY * w[level + l] + SD * w[row + l]
            w[level + l] = y
            w[row + l] = exp(y)


@clause
def factors_flat(w, u, draw, lower, path):
    for i in range(LEVEL, FACTOR):
        w[i] = 0.0
    for t in range(U(T)):
        x = FACTOR + t * U(K) * L
        draw(w, u, x, L, SEED, path, U(0), t)
        draw(w, u, x + U(4) * L, L, SEED, path, U(1), t)
        correlate(w, x, lower)
        advance(w, x)


@clause
def begin_flat(w, u, draw, path, s):
    draw(w, u, Z, L, SEED, path, U(10) + s, U(0))
    for i in range(OVERRUN, CLAIM + L):
        w[i] = 0.0
    for l in range(L):
        w[OVERRUN + l] = exp(0.2 + 0.3 * w[Z + l])


@clause
def keep_flat(w, result, s, path):
    for l in range(L):
        result[s, 0, path + l] = w[NPV + l]
        result[s, 1, path + l] = w[PV_HOST + l]
        result[s, 2, path + l] = w[CLAIM + l]
        result[s, 3, path + l] = w[PAID + l]


# ---------------------------------------------------------------- clauses


@clause
def build(w, x):
    for l in range(L):
        w[SPEND + l] = COST * w[OVERRUN + l] * (0.4 * w[x + l] + 0.3 * w[x + L + l] + 0.3 * w[x + U(2) * L + l])


@clause
def call(w, x, df):
    for l in range(L):
        w[PAID + l] += w[SPEND + l]
        w[LOAN + l] = w[LOAN + l] * GROWTH + w[SPEND + l]
        w[DEEMED + l] = w[DEEMED + l] * GROWTH + w[SPEND + l]
        w[NPV + l] -= w[SPEND + l] * df * w[x + U(5) * L + l]


@clause
def be_available(w, z):
    for l in range(L):
        w[SCORE + l] = 0.9 * w[SCORE + l] + 0.05 * w[z + l]
        w[AVAILABILITY + l] = min(max(0.9 + w[SCORE + l], 0.0), 1.0)


@clause
def operate(w, x):
    for l in range(L):
        revenue = w[AVAILABILITY + l] * (FIXED + MERCHANT * w[x + U(3) * L + l])
        costs = OM * w[x + U(2) * L + l] + FUEL * w[x + U(4) * L + l] * w[AVAILABILITY + l]
        w[AVAILABLE + l] = max(revenue - costs, 0.0)


@clause
def split(w):
    for l in range(L):
        due = w[DEEMED + l] * GROWTH
        first = min(0.5 * w[AVAILABLE + l], due)
        w[FUNDER + l] = first + 0.1 * (w[AVAILABLE + l] - 2.0 * first)
        w[DEEMED + l] = due - first


@clause
def book(w, x, df):
    for l in range(L):
        w[NPV + l] += w[FUNDER + l] * df * w[x + U(5) * L + l]
        w[PV_HOST + l] += (w[AVAILABLE + l] - w[FUNDER + l]) * df


@clause
def serve(w, df):
    for l in range(L):
        owed = w[LOAN + l] * GROWTH
        due = min(owed, SERVICE)
        paid = min(w[FUNDER + l], due)
        w[CLAIM + l] += 0.9 * (due - paid) * df
        w[LOAN + l] = owed - paid - 0.9 * (due - paid)


@clause
def project_clauses(w, u, draw, path, s):
    begin_flat(w, u, draw, path, s)
    df = 1.0
    for t in range(U(T)):
        df *= DISCOUNT
        x = FACTOR + t * U(K) * L
        if t < U(BUILD):
            build(w, x)
            call(w, x, df)
        else:
            if t % U(4) == U(0):
                draw(w, u, Z, L, SEED, path, U(20) + s, t // U(4))
            be_available(w, Z + t % U(4) * L)
            operate(w, x)
            split(w)
            book(w, x, df)
            serve(w, df)


@program
def run_clauses(lower, result):
    w, u = np.zeros(SIZE), np.zeros(12 * LANES, np.uint32)
    for path in range(U(0), uint64(result.shape[2]), L):
        factors_flat(w, u, fill_scores, lower, path)
        for s in range(U(S)):
            project_clauses(w, u, fill_scores, path, s)
            keep_flat(w, result, s, path)


@program
def run_mixed(lower, result):
    w, u = np.zeros(SIZE), np.zeros(12 * LANES, np.uint32)
    for path in range(U(0), uint64(result.shape[2]), L):
        factors_flat(w, u, draw_mixed, lower, path)
        for s in range(U(S)):
            project_clauses(w, u, draw_mixed, path, s)
            keep_flat(w, result, s, path)


# ---------------------------------------------------------------- loops


@clause
def build_loop(w, x, df):
    for l in range(L):
        spend = COST * w[OVERRUN + l] * (0.4 * w[x + l] + 0.3 * w[x + L + l] + 0.3 * w[x + U(2) * L + l])
        w[PAID + l] += spend
        w[LOAN + l] = w[LOAN + l] * GROWTH + spend
        w[DEEMED + l] = w[DEEMED + l] * GROWTH + spend
        w[NPV + l] -= spend * df * w[x + U(5) * L + l]


@clause
def operate_loop(w, x, z, df):
    for l in range(L):
        level = 0.9 * w[SCORE + l] + 0.05 * w[z + l]
        w[SCORE + l] = level
        share = min(max(0.9 + level, 0.0), 1.0)
        revenue = share * (FIXED + MERCHANT * w[x + U(3) * L + l])
        cash = max(revenue - (OM * w[x + U(2) * L + l] + FUEL * w[x + U(4) * L + l] * share), 0.0)
        due = w[DEEMED + l] * GROWTH
        first = min(0.5 * cash, due)
        funder = first + 0.1 * (cash - 2.0 * first)
        w[DEEMED + l] = due - first
        w[NPV + l] += funder * df * w[x + U(5) * L + l]
        w[PV_HOST + l] += (cash - funder) * df
        owed = w[LOAN + l] * GROWTH
        service = min(owed, SERVICE)
        paid = min(funder, service)
        w[CLAIM + l] += 0.9 * (service - paid) * df
        w[LOAN + l] = owed - paid - 0.9 * (service - paid)


@clause
def project_loops(w, u, path, s):
    begin_flat(w, u, fill_scores, path, s)
    df = 1.0
    for t in range(U(T)):
        df *= DISCOUNT
        x = FACTOR + t * U(K) * L
        if t < U(BUILD):
            build_loop(w, x, df)
        else:
            if t % U(4) == U(0):
                fill_scores(w, u, Z, L, SEED, path, U(20) + s, t // U(4))
            operate_loop(w, x, Z + t % U(4) * L, df)


@program
def run_loops(lower, result):
    w, u = np.zeros(SIZE), np.zeros(12 * LANES, np.uint32)
    for path in range(U(0), uint64(result.shape[2]), L):
        factors_flat(w, u, fill_scores, lower, path)
        for s in range(U(S)):
            project_loops(w, u, path, s)
            keep_flat(w, result, s, path)


# ---------------------------------------------------------------- rows


class Rows(NamedTuple):
    """Arrays of rows; each has shape ``(.., lane)``."""

    z: np.ndarray
    level: np.ndarray
    factor: np.ndarray
    overrun: np.ndarray
    score: np.ndarray
    paid: np.ndarray
    loan: np.ndarray
    deemed: np.ndarray
    npv: np.ndarray
    pv_host: np.ndarray
    claim: np.ndarray
    spend: np.ndarray
    available: np.ndarray
    funder: np.ndarray
    availability: np.ndarray
    u: np.ndarray


def rows() -> Rows:
    """Fresh rows."""
    n = LANES
    matrices = np.zeros((4, n)), np.zeros((K, n)), np.zeros((T, K, n))
    return Rows(*matrices, *(np.zeros(n) for _ in range(12)), np.zeros(4 * n, np.uint32))


@clause
def draw_rows(z, u, path, stream, block):
    fill_words(u, SEED, path, stream, block)
    for i in range(4):
        row = z[i]
        for l in range(row.size):
            row[l] = score(u[i * row.size + l])


@clause
def factors_rows(z, level, factor, u, lower, path):
    level[:] = 0.0
    for t in range(T):
        x = factor[t]
        draw_rows(x[:4], u, path, U(0), t)
        draw_rows(x[4:], u, path, U(1), t)
        for i in range(K - 1, -1, -1):
            row, weight = x[i], lower[i, i]
            for l in range(row.size):
                row[l] *= weight
            for q in range(i):
                source, weight = x[q], lower[i, q]
                for l in range(row.size):
                    row[l] += weight * source[l]
        for k in range(K):
            y, row = level[k], x[k]
            for l in range(row.size):
                y[l] = DECAY * y[l] + SD * row[l]
                row[l] = exp(y[l])


@clause
def build_rows(spend, overrun, x):
    a, b, c = x[0], x[1], x[2]
    for l in range(spend.size):
        spend[l] = COST * overrun[l] * (0.4 * a[l] + 0.3 * b[l] + 0.3 * c[l])


@clause
def call_rows(spend, paid, loan, deemed, npv, fx, df):
    for l in range(spend.size):
        paid[l] += spend[l]
        loan[l] = loan[l] * GROWTH + spend[l]
        deemed[l] = deemed[l] * GROWTH + spend[l]
        npv[l] -= spend[l] * df * fx[l]


@clause
def be_available_rows(level, availability, z):
    for l in range(z.size):
        level[l] = 0.9 * level[l] + 0.05 * z[l]
        availability[l] = min(max(0.9 + level[l], 0.0), 1.0)


@clause
def operate_rows(available, availability, x):
    om, price, fuel = x[2], x[3], x[4]
    for l in range(available.size):
        revenue = availability[l] * (FIXED + MERCHANT * price[l])
        available[l] = max(revenue - (OM * om[l] + FUEL * fuel[l] * availability[l]), 0.0)


@clause
def split_rows(available, deemed, funder):
    for l in range(available.size):
        due = deemed[l] * GROWTH
        first = min(0.5 * available[l], due)
        funder[l] = first + 0.1 * (available[l] - 2.0 * first)
        deemed[l] = due - first


@clause
def book_rows(available, funder, npv, pv_host, fx, df):
    for l in range(available.size):
        npv[l] += funder[l] * df * fx[l]
        pv_host[l] += (available[l] - funder[l]) * df


@clause
def serve_rows(loan, funder, claim, df):
    for l in range(loan.size):
        owed = loan[l] * GROWTH
        due = min(owed, SERVICE)
        paid = min(funder[l], due)
        claim[l] += 0.9 * (due - paid) * df
        loan[l] = owed - paid - 0.9 * (due - paid)


@clause
def begin_rows(r, path, s):
    draw_rows(r.z, r.u, path, U(10) + s, 0)
    for l in range(r.overrun.size):
        r.overrun[l] = exp(0.2 + 0.3 * r.z[0, l])
        r.score[l] = r.paid[l] = r.loan[l] = r.deemed[l] = r.npv[l] = r.pv_host[l] = r.claim[l] = 0.0


@clause
def keep_rows(r, result, s, path):
    for l in range(r.npv.size):
        result[s, 0, path + l] = r.npv[l]
        result[s, 1, path + l] = r.pv_host[l]
        result[s, 2, path + l] = r.claim[l]
        result[s, 3, path + l] = r.paid[l]


@clause
def project_rows(r, path, s):
    begin_rows(r, path, s)
    df = 1.0
    for t in range(T):
        df *= DISCOUNT
        x = r.factor[t]
        if t < BUILD:
            build_rows(r.spend, r.overrun, x)
            call_rows(r.spend, r.paid, r.loan, r.deemed, r.npv, x[5], df)
        else:
            if t % 4 == 0:
                draw_rows(r.z, r.u, path, U(20) + s, t // 4)
            be_available_rows(r.score, r.availability, r.z[t % 4])
            operate_rows(r.available, r.availability, x)
            split_rows(r.available, r.deemed, r.funder)
            book_rows(r.available, r.funder, r.npv, r.pv_host, x[5], df)
            serve_rows(r.loan, r.funder, r.claim, df)


@program
def run_rows(r, lower, result):
    for path in range(U(0), uint64(result.shape[2]), L):
        factors_rows(r.z, r.level, r.factor, r.u, lower, path)
        for s in range(U(S)):
            project_rows(r, path, s)
            keep_rows(r, result, s, path)


# ---------------------------------------------------------------- tuple


@clause
def build_tuple(r, x):
    build_rows(r.spend, r.overrun, x)


@clause
def call_tuple(r, fx, df):
    call_rows(r.spend, r.paid, r.loan, r.deemed, r.npv, fx, df)


@clause
def operate_tuple(r, t, x):
    be_available_rows(r.score, r.availability, r.z[t % 4])
    operate_rows(r.available, r.availability, x)


@clause
def split_tuple(r):
    split_rows(r.available, r.deemed, r.funder)


@clause
def book_tuple(r, fx, df):
    book_rows(r.available, r.funder, r.npv, r.pv_host, fx, df)


@clause
def serve_tuple(r, df):
    serve_rows(r.loan, r.funder, r.claim, df)


@clause
def step_tuple(r, path, s, t, df):
    x = r.factor[t]
    if t < BUILD:
        build_tuple(r, x)
        call_tuple(r, x[5], df)
    else:
        if t % 4 == 0:
            draw_rows(r.z, r.u, path, U(20) + s, t // 4)
        operate_tuple(r, t, x)
        split_tuple(r)
        book_tuple(r, x[5], df)
        serve_tuple(r, df)


@program
def run_tuple(r, lower, result):
    for path in range(U(0), uint64(result.shape[2]), L):
        factors_rows(r.z, r.level, r.factor, r.u, lower, path)
        for s in range(U(S)):
            begin_rows(r, path, s)
            df = 1.0
            for t in range(T):
                df *= DISCOUNT
                step_tuple(r, path, s, t, df)
            keep_rows(r, result, s, path)


# ---------------------------------------------------------------- comparison

FORMS = {
    "clauses": lambda result: run_clauses(LOWER, result),
    "loops": lambda result: run_loops(LOWER, result),
    "rows": lambda result: run_rows(rows(), LOWER, result),
    "mixed": lambda result: run_mixed(LOWER, result),
    "tuple": lambda result: run_tuple(rows(), LOWER, result),
}


def results(form: str, paths: int) -> np.ndarray:
    """Return ``(project, quantity, path)`` of a form; paths in whole rows of lanes."""
    out = np.empty((S, N_RESULTS, paths))
    FORMS[form](out)
    return out


def compare(paths: int, rounds: int, forms=tuple(FORMS)) -> dict[str, list[float]]:
    """Microseconds of processor time per path, in turn."""
    found: dict[str, list[float]] = {form: [] for form in forms}
    out = np.empty((S, N_RESULTS, paths))
    for form in forms:
        FORMS[form](out[:, :, :LANES].copy())
    for _ in range(rounds):
        for form, values in found.items():
            begin = time.thread_time()
            FORMS[form](out)
            values.append(1e6 * (time.thread_time() - begin) / paths)
    return found


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--paths", type=int, default=16384)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args(arguments)
    found = compare(options.paths // LANES * LANES, options.rounds)
    print(f"{LANES} lanes; us per path, and the median ratio to `clauses`")
    for form, values in found.items():
        ratio = statistics.median(a / b for a, b in zip(values, found["clauses"], strict=True))
        print(f"{form:10}{min(values):8.2f}{ratio:8.2f}")


if __name__ == "__main__":
    main()
