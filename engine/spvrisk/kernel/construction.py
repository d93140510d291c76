"""Construction: overrun, duration, spend (section 6 of the model page).

Index legend: s = project, k = factor, t = step, l = lane. Each function works on the fixed rows of `kernel.rows`; ``x`` is the first
element of the step's factor rows.
"""

from numba import int32, uint64

from spvrisk.kernel.maths import L, clause, uint
from spvrisk.kernel.philox import fill_score
from spvrisk.kernel.rows import (
    COMPLETION,
    COST_SCORE,
    DELAY_SCORE,
    INDEX,
    OVERRUN,
    PAID,
    PROGRESS,
    SPEND,
    SPENT,
    SPENT_NOW,
    STRETCH,
    Z0,
    Z1,
    Z2,
    fill,
)
from spvrisk.kernel.tables import look_up


@clause
def class_score(w, u, target, loading, all_stream, class_stream, own_stream, seed, path):  # type: ignore[no-untyped-def]
    """Score with an overall, a class and an own part."""
    overall, common, own = loading[0], loading[1], loading[2]
    fill_score(w, u, Z0, seed, path, all_stream)
    fill_score(w, u, Z1, seed, path, class_stream)
    fill_score(w, u, Z2, seed, path, own_stream)
    for l in range(L):
        w[target + l] = overall * w[Z0 + l] + common * w[Z1 + l] + own * w[Z2 + l]


@clause
def draw_overrun(w, u, p, tables, s, seed, path):  # type: ignore[no-untyped-def]
    """Overrun X of the budget, less the part of the published ratio that the cost indices carry already."""
    c = p.class_of[s]
    class_score(
        w, u, COST_SCORE, p.loading[s], p.all_cost_stream, p.class_cost_stream[c], p.cost_stream[s], seed, path
    )
    look_up(w, COST_SCORE, OVERRUN, tables, p.overrun_law[s])
    real = 1.0 - p.inflation_share[s]
    for l in range(L):
        w[OVERRUN + l] = 1.0 + (w[OVERRUN + l] - 1.0) * real


@clause
def draw_completion(w, u, p, tables, s, seed, path):  # type: ignore[no-untyped-def]
    """Duration multiplier Y, its score correlated with the overrun's, and the completion time."""
    c = p.class_of[s]
    class_score(
        w, u, DELAY_SCORE, p.loading[s], p.all_delay_stream, p.class_delay_stream[c], p.delay_stream[s], seed, path
    )
    rho, start, duration = p.cost_delay[s], p.start[s], p.duration[s]
    rest = (1.0 - rho * rho) ** 0.5
    for l in range(L):
        w[DELAY_SCORE + l] = rho * w[COST_SCORE + l] + rest * w[DELAY_SCORE + l]
    look_up(w, DELAY_SCORE, STRETCH, tables, p.duration_law[s])
    for l in range(L):
        w[COMPLETION + l] = start + duration * w[STRETCH + l]


@clause
def basket(w, target, x, baskets, b):  # type: ignore[no-untyped-def]
    """Weighted sum of a step's factors: a cost or price index. No basket (-1) is the index 1."""
    fill(w, target, 1.0 if b < 0 else 0.0)
    if b >= 0:
        for j in range(baskets.start[b], baskets.start[b + 1]):
            row, weight = x + uint(baskets.factor[j]) * L, baskets.weight[j]
            for l in range(L):
                w[target + l] += weight * w[row + l]


@clause
def advance_progress(w, p, s, end):  # type: ignore[no-untyped-def]
    """Share of the planned work done at the step's end, exact inside the step."""
    start, duration = p.start[s], p.duration[s]
    for l in range(L):
        w[PROGRESS + l] = min(max((end - start) / (duration * w[STRETCH + l]), 0.0), 1.0)


@clause
def deflate_index(w, p, s, dt):  # type: ignore[no-untyped-def]
    """Divide the cost index by its expectation at the planned date of the same progress (nominal budgets; ones on a real basis)."""
    expected = p.expected_index[s]
    start, duration = p.start[s] / dt, p.duration[s] / dt
    last = expected.size - 2
    for l in range(L):
        position = min(start + duration * w[PROGRESS + l], last + 1.0)
        i = min(int32(position), int32(last))
        share = position - i
        j = uint64(i)
        w[INDEX + l] /= expected[j] + share * (expected[j + uint64(1)] - expected[j])


@clause
def apply_tariff(w, p, s, attribute):  # type: ignore[no-untyped-def]
    """Tariff on the imported share, against the value date's, which the budget contains."""
    imported = p.imported_share[s]
    base = 1.0 / (1.0 + imported * p.tariff_start[s])
    for l in range(L):
        w[INDEX + l] *= (1.0 + imported * w[attribute + l]) * base


@clause
def step_cost(w, budget):  # type: ignore[no-untyped-def]
    """Spend of the step, due at its end."""
    for l in range(L):
        w[SPEND + l] = budget * w[OVERRUN + l] * (w[SPENT_NOW + l] - w[SPENT + l]) * w[INDEX + l]
        w[SPENT + l] = w[SPENT_NOW + l]
        w[PAID + l] += w[SPEND + l]


@clause
def build(w, at, x, p, tables, baskets, grid, s, t):  # type: ignore[no-untyped-def]
    """One step of construction."""
    advance_progress(w, p, s, (t + 1.0) * grid.dt)
    look_up(w, PROGRESS, SPENT_NOW, tables, p.spend_curve[s])
    basket(w, INDEX, x, baskets, p.cost_basket[s])
    deflate_index(w, p, s, grid.dt)
    if p.tariff_attribute[s] >= 0:
        apply_tariff(w, p, s, at.attribute + uint64(p.tariff_attribute[s] * grid.steps + t) * L)
    step_cost(w, p.budget[s])
