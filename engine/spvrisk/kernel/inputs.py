"""Inputs of a path, kept as they are drawn, from which drivers are found; rows by `plan.inputs`.

Index legend: s = project, k = factor, t = step, l = lane.
"""

from numba import uint64

from spvrisk.kernel import rows as R
from spvrisk.kernel.maths import L, U, fused
from spvrisk.kernel.simd import WIDE, load, spread, store_singles
from spvrisk.kernel.workspace import deal_of
from spvrisk.plan.inputs import OF_PROJECTS

_ROW_OF = {
    "cost_score": R.COST_SCORE,
    "delay_score": R.DELAY_SCORE,
    "contract_score": R.CONTRACT_SCORE,
    "cost_multiple": R.OVERRUN,
    "duration_multiple": R.STRETCH,
    "start_delay": R.START_DELAY,
    "cancellation_threshold": R.THRESHOLD,
    "subscribed_share": R.SUBSCRIBED,
    "salvage_share": R.SALVAGE,
    "capacity_shortfall": R.SHORTFALL,
    "contract_price": R.PRICE,
    "contracted_share": R.SHARE,
}
_SIZE = len(_ROW_OF)  # comes last, since it is kept before the clock cuts it
_COUNT, _WINDOWS = U(_SIZE + 1), U(2)  # inputs of a project; means of a factor: construction, operation
_ROWS = tuple(_ROW_OF[each.name] for each in OF_PROJECTS[:_SIZE])


@fused
def keep_row(w, row, inputs, at, column):
    """Keep a row of the workspace as an input."""
    for l in range(U(0), L, U(WIDE)):
        store_singles(inputs, at * uint64(inputs.shape[1]) + column + l, load(w, row + l))


@fused
def keep_project(w, inputs, s, column):
    """Keep what was drawn of a project once it was selected."""
    at = uint64(s) * _COUNT
    for row in _ROWS:
        keep_row(w, row, inputs, at, column)
        at += U(1)


@fused
def keep_sizes(block):
    """Keep the sizes of the announced projects as they are drawn."""
    for s in range(uint64(block.g.announced)):
        at = s * _COUNT + U(_SIZE)
        keep_row(block.w, deal_of(block.at, s) + R.DEAL_SIZE, block.leaf.inputs, at, block.column)


@fused
def keep_mean(w, factors, n, steps, inputs, place):
    """Keep the mean over some steps of the factor whose rows begin at `factors`, `n` rows apart."""
    first, end = steps
    for l in range(U(0), L, U(WIDE)):
        total = spread(0.0)
        for t in range(first, end):
            total += load(w, factors + t * n * L + l)
        store_singles(inputs, place + l, total * (1.0 / float(end - first)))


@fused
def keep_factors(block):
    """Keep each factor's means over planned construction and planned operation."""
    g, inputs, n, first = block.g, block.leaf.inputs, uint64(block.plan.factors.size), block.at.factor.first
    building, running = (uint64(g.building_first), uint64(g.building_end)), (uint64(g.running_first), uint64(g.steps))
    for k in range(n):
        row, paths = uint64(g.announced) * _COUNT + k * _WINDOWS, uint64(inputs.shape[1])
        keep_mean(block.w, first + k * L, n, building, inputs, row * paths + block.column)
        keep_mean(block.w, first + k * L, n, running, inputs, (row + U(1)) * paths + block.column)


@fused
def keep_defaults(block):
    """Keep the times at which offtakers default."""
    g, inputs = block.g, block.leaf.inputs
    first = uint64(g.announced) * _COUNT + uint64(block.plan.factors.size) * _WINDOWS
    for i in range(uint64(g.n_defaults)):
        keep_row(block.w, block.at.default.first + i * L, inputs, first + i, block.column)
