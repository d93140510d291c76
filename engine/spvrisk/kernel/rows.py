"""Rows of the workspace by name, and the regions behind them.

The fixed rows serve one project after the other: `SIZE` to `WHOLE` hold what it is and its state, the rest is scratch.
Behind them lie regions whose sizes depend on the study: `offsets` says where each begins.
"""

from itertools import count
from typing import NamedTuple

import numpy as np

from spvrisk.kernel.lanes import LANES
from spvrisk.kernel.maths import L, U, clause
from spvrisk.plan.arrays import Plan

_counter = count()


def _rows(n: int) -> list[np.uint64]:
    """First elements of the next `n` rows."""
    return [U(next(_counter) * LANES) for _ in range(n)]


# scores of four consecutive draws, or of the parts of one
Z0, Z1, Z2, Z3 = _rows(4)
# square root of the copula's W, four steps
ROOT0, ROOT1, ROOT2, ROOT3 = _rows(4)
COST_SCORE, DELAY_SCORE, START_RATE = _rows(3)

# cells of a table that are looked up: address, place within
CELL, PLACE = _rows(2)

# what a project is on a path
(
    SIZE,  # budget on the path over the project's
    START,  # time, years, of construction; infinite if not funded
    PLANNED,  # the same if all had gone to plan
    OVERRUN,  # X after the inflation share and uplift
    STRETCH,  # Y, actual over planned duration
    THRESHOLD,  # of the estimate at completion over the budget
    SUBSCRIBED,  # share
    SALVAGE,  # share of the sunk cost
    ACHIEVED,  # capacity over the project's
    PRICE,  # contract price, currency per unit, money of the value date
    SHARE,  # contracted share of output
    FEE,  # developer's fee, money a year
) = _rows(12)

# state of a project
(
    COMPLETION,  # time, years; infinite if cancelled
    WORK_END,  # time, years: completion, or the time at which the project is cancelled
    CANCELLED_AT,  # time, years; infinite if not cancelled
    CLOSURE,  # time, years: end of operation
    LIFE,  # years of operation
    AVAILABILITY_SCORE,
    PROGRESS,  # share of the planned work done
    COST_INDEX,  # of the last step of work: indices over what the budget contains, tariff
    SPENT,  # share of the spend curve behind us
    COST,  # cumulated spend of all, nominal
    PAID,  # cumulated capital calls
    CALLED,  # cumulated outflow of the funder
    LOSSES,  # carried forward for tax
    ARREARS,
    ARREARS_YEARS,  # for which arrears have not been paid
    DEBT,  # drawn, with capitalised interest
    DEBT_ARREARS,
    FEE_OWED,
    CARRY,  # deemed allocation due and not received (periodic reading)
    RECEIVED,  # tier one received
    RECEIPTS,  # all that the funder received
    NPV,
    PV_HOST,
    PV_FEE,
    PV_VENDOR,
    PV_SUPPLY,
    FIRST_CALL,  # step of the first call; -1 before it
    PAYBACK,  # years; infinite so far
    WHOLE,  # years; infinite so far
    ADJUSTED,  # 1: the shares have changed; 2: they were tested and stay; 0: not tested yet
    PV_CAUGHT,  # diverted to the host
) = _rows(31)

# scratch of a step
(
    PHASE_START,  # time, years
    SPENT_NOW,
    INDEX,
    OPERATING,  # share of a full step's capacity in operation
    CONTRACTED,  # the part of it under a living contract
    DEFAULTED,  # the part of it under a contract that the offtaker has broken
    RUN,  # the same three, less what ramp-up takes
    RUN_CONTRACTED,
    RUN_DEFAULTED,
    AVAILABILITY,
    OUTPUT,  # units
    CONTRACT_OUTPUT,
    DEFAULTED_OUTPUT,
    COSTS,  # fuel and O&M
    INTEREST,  # of senior debt, due in cash
    FEE_PART,  # of the developer's fee, falling due
    TAX,
    DEBT_SERVICE,
    FEE_PAID,
    AGE,  # years since completion, at the step's start
    AGE_END,
    SPEND,  # of all
    CALL,  # capital called from the funder, K_t
    OUTFLOW,  # of the funder: the call, and a termination fee
    HOST_COST,
    LENT,  # by senior lenders
    SALVAGED,
    REVENUE,
    AVAILABLE,  # available cash flow A_t
    FUNDER,
    HOST,
    DUE,
    TIER,  # tier one received
    DIVERTED,  # from the funder to the host
    DEEMED,  # deemed balance at the step's end; state in the cumulative reading
) = _rows(35)

# the scheme
(
    ONES,  # set once
    LOCAL,  # value in the funder's own money
    RELIEF,  # present value of side flows in time
    SCHEME_LOCAL,
    BREACH,
    FULL,
) = _rows(6)

# the funder's stack: state
(
    POLICY,  # loan of the policy bank, not yet due
    BANKS,  # commercial loan, not yet due
    POLICY_ARREARS,
    OVERDUE,  # of the commercial loan, and not claimed
    RETAINED,  # by the banks, of what was claimed
    TAKEN_OVER,  # by the insurer
    POLICY_LEVEL,  # principal of a step
    BANKS_LEVEL,
    REPAYMENTS,  # steps of repayment so far
    FALLEN,  # due on the commercial loan, cumulated
    MET,  # paid of it, cumulated
    CLAIMED,  # cumulated, gross
    POLICY_OPEN,  # funded principal not repaid
    BANKS_OPEN,
    PV_CALLS,
    # six quantities in the order of `plan.names.STACK_QUANTITIES`
    PV_CLAIMS,
    PV_INSURER,
    PV_BANKS,
    PV_POLICY,
    BANKS_LOST,
    POLICY_LOST,
) = _rows(21)

# the funder's stack: scratch of a step
(
    STAGE,  # as in `kernel.stack`
    PREMIUM,
    POLICY_INTEREST,
    BANKS_INTEREST,
    POLICY_DUE,  # principal
    BANKS_DUE,
    POLICY_PAID,
    BANKS_PAID,
    EQUITY_PAID,
    RECOVERED,  # by the insurer
    CLAIM,  # paid by the insurer
    LOANS,  # owed to the lenders at the step's end
) = _rows(12)
N_FIXED = next(_counter)

# what selection leaves of each project, rows of the region `deal`
(
    DEAL_SIZE,  # budget over the project's, after cuts; 0 = no notice
    DEAL_SLIP,  # business days
    DEAL_LOT,  # uniform number of the first decision
    DEAL_PLANNED,  # due date without slip, years
    DEAL_FUNDED,  # time, years; infinite = never
    DEAL_STOP,  # time, years, at which it is cancelled; infinite = never
    DEAL_DECLINED,  # time, years; infinite = not
) = (U(i * LANES) for i in range(7))
DEAL_ROWS = U(7)

# sums over projects, rows of the regions `group` and `total`
(
    SUM_FUNDED,
    SUM_COMPLETED,
    SUM_CANCELLED,
    SUM_DECLINED,
    SUM_COST,
    SUM_NPV,
    SUM_PV_HOST,
    SUM_PV_FEE,
    SUM_PV_VENDOR,
    SUM_PV_SUPPLY,
    SUM_DEEMED_OPEN,
    SUM_RECEIVED,  # tier one
    SUM_OVERDUE,  # fallen due and not received
    SUM_CAUGHT,
    SUM_STACK,  # the first of six, in the order of `PV_CLAIMS` and the rows after it
    _SUM_INSURER,
    _SUM_BANKS,
    _SUM_POLICY,
    _SUM_BANKS_LOST,
    _SUM_POLICY_LOST,
    SUM_COMPLETED_COST,  # of the completed
    SUM_EXPECTED_COST,  # of the completed
    SUM_COMPLETED_BUDGET,
    SUM_DELAY,  # of the completed, months, times budgets
    SUM_BUDGET,  # of the funded
    SUM_DRAWN,  # overruns of the funded, times budgets
    LAST_WHOLE,  # years, the largest; -1 if none is defined
) = (U(i * LANES) for i in range(27))
SUMS = U(27)

# what projects that share cash leave of each other, rows of the region `partner`: start, completion, life, end of work,
# paid in, carry, deemed balance, adjustment, due
PARTNER_ROWS = U(9)

# of a step, rows of the region `shared`: cash, then the funder's part; call, then tier one; diverted; the host's part
SHARED_ROWS = U(4)

# all projects that share cash, rows of the region `pool`
(
    POOL_CASH,
    POOL_DUE,
    POOL_OPEN,  # at the step's start
    POOL_PAID,  # paid in
    POOL_FUNDER,  # the funder's part
    POOL_COMPLETION,  # time of the first
    POOL_ADJUSTED,
    POOL_CAUGHT,  # diverted so far
) = (U(i * LANES) for i in range(8))
POOL_ROWS = U(8)

AHEAD = 8
"""Hazard jumps of each layer that are drawn for all lanes beforehand; later ones, which are rare, path by path."""


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
    pause: np.uint64
    """``(pause, 2, lane)``: begin and length of a standstill, years; infinite if there is none."""
    default: np.uint64
    """``(offtaker, lane)``: times of default."""
    deal: np.uint64
    """``(s, 7, lane)``: what selection leaves of each project."""
    hold: np.uint64
    """``(layer, AHEAD, lane)``: unit-exponential thresholds of the first hazard jumps."""
    to: np.uint64
    """``(layer, AHEAD, lane)``: uniform numbers that say where those jumps lead."""
    lot: np.uint64
    """``(event, lane)``: uniform numbers of the outcomes."""
    calls: np.uint64
    """``(t, lane)``: the funder's outflows for the portfolio."""
    receipts: np.uint64
    """``(t, lane)``: the funder's receipts from the portfolio."""
    total: np.uint64
    """``(27, lane)``: sums over the portfolio."""
    side: np.uint64
    """``(t, lane)``: side flows of all projects."""
    insurer: np.uint64
    """``(t, lane)``: what the insurer earns less what it pays; no rows without a stack. So with the next two."""
    exposure: np.uint64
    """``(t, lane)``: the balance that it covers."""
    fallen: np.uint64
    """``(t, lane)``: what had fallen due on a commercial loan, cumulated."""
    partner: np.uint64
    """``(s, 9, lane)``: state of the projects that share cash; no rows where none do. So with the next two."""
    shared: np.uint64
    """``(s, t, 4, lane)``: their steps."""
    pool: np.uint64
    """``(8, lane)``: all of them together."""
    group_calls: np.uint64
    """``(t, lane)``: outflows for a pipeline; no rows without pipelines. So with the next two."""
    group_receipts: np.uint64
    group: np.uint64
    net: np.uint64
    """``(t, lane)``: net flows of the unit whose rate of return is sought; t is rounded up to whole blocks of four."""
    end: np.uint64


def offsets(plan: Plan) -> Offsets:
    """Lay out the regions for a plan."""
    study = plan.study[0]
    steps, factors, groups = int(study["steps"]), plan.factors.size, min(plan.pipelines.size, 1)
    stack, coupled = int(study["stack"]), int(study["coupled"])
    sizes = (
        factors,
        4 * plan.jumps.size,
        (steps + 3) // 4 * 4 * factors,
        int(study["marks"]) * (steps + 2),
        2 * int(study["pauses"]),
        int(study["n_defaults"]),
        int(DEAL_ROWS) * plan.projects.size,
        AHEAD * plan.layers.size,
        AHEAD * plan.layers.size,
        plan.events.size,
        steps,
        steps,
        int(SUMS),
        steps,
        stack * steps,
        stack * steps,
        stack * steps,
        coupled * plan.projects.size * int(PARTNER_ROWS),
        coupled * plan.projects.size * steps * int(SHARED_ROWS),
        coupled * int(POOL_ROWS),
        groups * steps,
        groups * steps,
        groups * int(SUMS),
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
