"""Rows of the workspace by name, and the regions behind them.

The fixed rows serve one project after the other; `OVERRUN` to `WHOLE` are its state, the rest is scratch of a step.
Behind them lie regions whose sizes depend on the study: `offsets` says where each begins.
"""

from typing import NamedTuple

import numpy as np

from spvrisk.kernel.lanes import LANES
from spvrisk.kernel.maths import L, U, clause
from spvrisk.plan.arrays import Plan

N_FIXED = 51
_rows = (U(i * LANES) for i in range(N_FIXED))

# scores of four consecutive draws, or of the parts of one
Z0, Z1, Z2, Z3 = (next(_rows) for _ in range(4))
# square root of the copula's W, four steps
ROOT0, ROOT1, ROOT2, ROOT3 = (next(_rows) for _ in range(4))
COST_SCORE, DELAY_SCORE, START_RATE = (next(_rows) for _ in range(3))

# cells of a table that are looked up: address, place within
CELL, PLACE = (next(_rows) for _ in range(2))

# state of a project
(
    OVERRUN,  # X after the inflation share
    STRETCH,  # Y, actual over planned duration
    COMPLETION,  # time, years; infinite if cancelled
    WORK_END,  # time, years: completion, or the time at which the project is cancelled
    CLOSURE,  # time, years: end of operation
    PRICE,  # contract price, currency per unit, money of the value date
    SHARE,  # contracted share of output
    AVAILABILITY_SCORE,
    SPENT,  # share of the spend curve behind us
    PAID,  # cumulated spend, nominal
    ARREARS,
    CARRY,  # deemed allocation due and not received (periodic reading)
    RECEIVED,  # tier one received
    RECEIPTS,  # all that the funder received
    NPV,
    PV_HOST,
    FIRST_CALL,  # step of the first call; -1 before it
    PAYBACK,  # years; infinite so far
    WHOLE,  # years; infinite so far
) = (next(_rows) for _ in range(19))

# scratch of a step
(
    PHASE_START,  # time, years
    PROGRESS,
    SPENT_NOW,
    INDEX,
    OPERATING,  # share of a full step's capacity in operation
    CONTRACTED,  # the part of it within the contract's tenor
    AVAILABILITY,
    OUTPUT,  # units
    CONTRACT_OUTPUT,
    COSTS,  # fuel and O&M
    AGE,  # years since completion, at the step's start
    AGE_END,
    SPEND,
    REVENUE,
    AVAILABLE,  # available cash flow A_t
    FUNDER,
    HOST,
    DUE,
    DEEMED,  # deemed balance at the step's end; state in the cumulative reading
) = (next(_rows) for _ in range(19))


class Offsets(NamedTuple):
    """First elements of the regions of a workspace."""

    level: np.uint64
    """``(k, lane)``: process states y."""
    jump: np.uint64
    """``(j, 4, lane)``: jumps of four steps."""
    factor: np.uint64
    """``(t, k, lane)``: observed factors at the steps' ends; t is rounded up to whole blocks of four."""
    mark: np.uint64
    """``(mark, t, lane)``: attributes and shifts, means over the steps; two steps more than there are."""
    stop: np.uint64
    """``(stop, lane)``: time at which a project is cancelled; infinite if never."""
    pause: np.uint64
    """``(pause, 2, lane)``: begin and length of a standstill, years; infinite if there is none."""
    calls: np.uint64
    """``(t, lane)``: the portfolio's calls."""
    receipts: np.uint64
    """``(t, lane)``: the funder's receipts from the portfolio."""
    net: np.uint64
    """``(t, lane)``: net flows of the unit whose rate of return is sought; t is rounded up to whole blocks of four."""
    end: np.uint64


def offsets(plan: Plan) -> Offsets:
    """Lay out the regions for a plan."""
    study = plan.study[0]
    steps, factors = int(study["steps"]), plan.factors.size
    sizes = (
        factors,
        4 * plan.jumps.size,
        (steps + 3) // 4 * 4 * factors,
        int(study["marks"]) * (steps + 2),
        int(study["stops"]),
        2 * int(study["pauses"]),
        steps,
        steps,
        (steps + 3) // 4 * 4,
    )
    starts = [N_FIXED * LANES]
    for size in sizes:
        starts.append(starts[-1] + size * LANES)
    return Offsets(*(U(start) for start in starts))


@clause
def zero(w, first, end):
    """Set elements [first, end) to zero."""
    for i in range(first, end):
        w[i] = 0.0


@clause
def fill(w, row, value):
    """Set a row to one value."""
    for l in range(L):
        w[row + l] = value


@clause
def add(w, row, source):
    """Add one row to another."""
    for l in range(L):
        w[row + l] += w[source + l]


@clause
def largest(w, row):
    """Largest value of a row."""
    value = w[row]
    for l in range(L):
        value = max(value, w[row + l])
    return value


@clause
def latest(w, row):
    """Largest finite value of a row of times; 0 if there is none."""
    value = 0.0
    for l in range(L):
        time = w[row + l]
        value = max(value, time if time < np.inf else 0.0)
    return value


@clause
def smallest(w, row):
    """Smallest value of a row."""
    value = w[row]
    for l in range(L):
        value = min(value, w[row + l])
    return value
