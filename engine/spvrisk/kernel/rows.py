"""Rows of the workspace by name and owner; to be imported as ``from spvrisk.kernel import rows as R``.

A name is the number of a row's first element: ``w[R.CARRY + l]`` is the carry on lane ``l``. The fixed rows serve one
project after the other. A row is written by its owner alone: the stage under whose heading it stands, or the project
whose turn it is. What is cleared is a `Region` of one owner.

Behind the fixed rows lie regions whose sizes depend on the study (`kernel.workspace`). Rows of their parts, such as
those of a project in the region `deal`, are numbered from the part's first element.
"""

from collections import namedtuple
from typing import Any, NamedTuple

import numpy as np

from spvrisk.kernel.lanes import LANES
from spvrisk.kernel.maths import U
from spvrisk.plan.outputs import SUMS


class Region(NamedTuple):
    """Elements of the workspace from `first` up to `end`."""

    first: np.uint64
    end: np.uint64


class _Rows:
    """Hands out rows one after the other."""

    def __init__(self) -> None:
        self.count = 0

    def take(self, n: int) -> list[np.uint64]:
        """First elements of the next `n` rows."""
        first, self.count = self.count, self.count + n
        return [U(i * LANES) for i in range(first, self.count)]


def _region(first: np.uint64, last: np.uint64) -> Region:
    """Region of two rows and those between them."""
    return Region(first, last + U(LANES))


_fixed = _Rows()
_Out: Any = namedtuple("_Out", SUMS)  # type: ignore[misc]  # fields are those of the table

# ---- draws: scores of four consecutive draws, or of the parts of one
SCORE0, SCORE1, SCORE2, SCORE3 = _fixed.take(4)

# ---- tables: offsets of cubics, see `vectors.OFFSETS_FROM`
(CELL,) = _fixed.take(1)

# ---- factors: square root of the copula's W in four steps; a reference rate on the value date
TAIL_ROOT0, TAIL_ROOT1, TAIL_ROOT2, TAIL_ROOT3 = _fixed.take(4)
(START_RATE,) = _fixed.take(1)

# ---- project: what is drawn once a path
(
    COST_SCORE,
    DELAY_SCORE,
    CONTRACT_SCORE,
    SIZE,  # budget on the path over the project's
    START_DELAY,  # years
    START,  # time, years, of construction; infinite if not funded
    PLANNED,  # the same if all had gone to plan, with the delay that the plan contains
    OVERRUN,  # X after the inflation share and uplift
    UPLIFT,
    STRETCH,  # Y, actual over planned duration
    THRESHOLD,  # of the estimate at completion over the budget
    SUBSCRIBED,  # share
    SALVAGE,  # share of the sunk cost
    SHORTFALL,  # of capacity, share
    ACHIEVED,  # capacity over the project's
    PRICE,  # contract price, currency per unit, money of the value date
    SHARE,  # contracted share of output
    FEE,  # developer's fee, money a year
    FEE_YEARS,  # for which it is paid
    SPREAD,  # on the deemed allocation, 1/year
    PAUSE_END,  # time, years, at which the standstill before is over
) = _fixed.take(21)

# ---- project: its state
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
    PAID,  # cumulated capital calls
    PAID_IN,  # of these what has been paid within the cap of a year, where there is one
    CALLED,  # cumulated outflow of the funder
    LOSSES,  # carried forward for tax
    ARREARS,
    ARREARS_YEARS,  # for which arrears have not been paid
    DEBT,  # drawn, with capitalised interest
    DEBT_ARREARS,
    FEE_OWED,
    CARRY,  # deemed allocation due and not received (periodic reading)
    DEEMED,  # at the step's end: balance by schedule (periodic), or all that is open (cumulative), a state there
    RECEIVED,  # of tier one alone
    RECEIPTS,  # all that the funder received
    FIRST_CALL,  # step of the first call; -1 before it
    PAYBACK,  # years; infinite so far
    WHOLE,  # years; infinite so far
    ADJUSTED,  # `split.UNTESTED`, ...
) = _fixed.take(26)
STATE = _region(COMPLETION, ADJUSTED)

# ---- project: outputs that add up over projects, side by side; ``R.OUT.cost`` is the spend of all so far
OUT: Any = _Out(*_fixed.take(len(SUMS)))
OUT_ROWS = _region(OUT[0], OUT[-1])

# ---- project: flows of a step
(
    AGE,  # years since completion, at the step's start
    AGE_END,
    SPEND,  # of all
    CALL,  # capital called from the funder, K_t
    OUTFLOW,  # of the funder: the call, and a termination fee
    HOST_COST,
    BRIDGED,  # by the host, of calls that wait; below 0 where they are paid
    LENT,  # by senior lenders
    SALVAGED,
    OUTPUT,  # units
    CONTRACT_OUTPUT,
    REVENUE,
    COSTS,  # fuel and O&M
    INTEREST,  # of senior debt, due in cash
    FEE_PART,  # of the developer's fee, falling due
    TAX,
    DEBT_SERVICE,
    FEE_PAID,
    AVAILABLE,  # available cash flow A_t
    DUE,
    TIER,  # tier one received
    FUNDER,
    HOST,
    DIVERTED,  # from the funder to the host
) = _fixed.take(24)
STEP = _region(AGE, DIVERTED)

# ---- construction: scratch of a step
(SPENT_NOW,) = _fixed.take(1)

# ---- operation: of a step
(
    OPERATING,  # share of a full step's capacity in operation
    AVAILABILITY,
) = _fixed.take(2)
OPERATION = _region(OPERATING, AVAILABILITY)

# ---- stack: the funder's loans, state
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
    # flows of a step
    PREMIUM,
    POLICY_PAID,
    BANKS_PAID,
    EQUITY_PAID,
    RECOVERED,  # by the insurer
    CLAIM,  # paid by the insurer
    LOANS,  # owed to the lenders at the step's end
) = _fixed.take(22)
STACK = _region(POLICY, LOANS)

# ---- stack: drawn once a path
(
    OF_POLICY,  # share of every outflow that the policy bank lends
    OF_BANKS,
) = _fixed.take(2)

# ---- pool: scratch of a step
(FORGONE,) = _fixed.take(1)  # by the host through declines, or the declines whose years run

# ---- irr: the rate of return
(IRR,) = _fixed.take(1)

# ---- group: running figures of all projects, or of a pipeline's
(
    GROUP_CALLED,
    GROUP_RECEIPTS,
    GROUP_FIRST_CALL,
    GROUP_PAYBACK,
) = _fixed.take(4)
GROUP = _region(GROUP_CALLED, GROUP_PAYBACK)

# ---- scheme
(
    ONES,  # set once
    LOCAL,  # value in the funder's own money
    RELIEF,  # present value of side flows in time
    SCHEME_LOCAL,
    INSURER_LOCAL,  # what the insurer has earned so far, in its own money
    BREACH,
    FULL,
    BOOK_RATE,  # loss of the year on what the insurer had in force already
) = _fixed.take(8)
BOOK0, BOOK1, BOOK2, BOOK3 = _fixed.take(4)  # its scores of four years

N_FIXED = _fixed.count

# ---- selection: what it leaves of each project, rows of its part of the region `deal`
_deal = _Rows()
(
    DEAL_SIZE,  # budget over the project's, after cuts; 0 = no notice
    DEAL_SLIP,  # business days
    DEAL_LOT,  # uniform number of the first decision
    DEAL_PLANNED,  # due date without slip, years
    DEAL_FUNDED,  # time, years; infinite = never
    DEAL_STOP,  # time, years, at which it is cancelled; infinite = never
    DEAL_DECLINED,  # time, years; infinite = not
    DEAL_CHANGED,  # 1: funded on terms that were renegotiated
) = _deal.take(8)
DEAL_ROWS = U(_deal.count)

# ---- sums over projects, rows of the regions `group` and `total`: the outputs that add up, in the order of the rows
# `OUT`, then what the others are made of
_sums = _Rows()
SUM_OUT: Any = _Out(*_sums.take(len(SUMS)))
(
    SUM_RECEIVED,  # tier one
    SUM_OVERDUE,  # fallen due and not received
    SUM_COMPLETED_COST,  # of the completed
    SUM_EXPECTED_COST,  # of the completed
    SUM_COMPLETED_BUDGET,
    SUM_DELAY,  # of the completed, months, times budgets
    SUM_BUDGET,  # of the funded
    SUM_DRAWN,  # overruns of the funded, times budgets
) = _sums.take(8)
SUMS_THAT_ADD = _region(SUM_OUT[0], SUM_DRAWN)
(LAST_WHOLE,) = _sums.take(1)  # years, the largest; -1 if none is defined
SUM_ROWS = U(_sums.count)

# ---- pool: what projects that share cash leave of each other, rows of their parts of the region `partner`
_partner = _Rows()
(
    PARTNER_START,
    PARTNER_COMPLETION,
    PARTNER_LIFE,
    PARTNER_WORK_END,
    PARTNER_SPREAD,
    PARTNER_QUEUE,  # called and not paid yet
    PARTNER_PAID,
    PARTNER_CARRY,
    PARTNER_DEEMED,
    PARTNER_ADJUSTED,
    PARTNER_DUE,
) = _partner.take(11)
PARTNER_ROWS = U(_partner.count)

# ---- pool: of a step of a project, rows of its part of the region `shared`
_shared = _Rows()
(
    SHARED_CASH,
    SHARED_CALL,
    SHARED_DIVERTED,
    SHARED_HOST,
    SHARED_PAID,  # of what is called and was, within the year's cap
) = _shared.take(5)
SHARED_FUNDER, SHARED_TIER = SHARED_CASH, SHARED_CALL  # what the same rows hold once the step is split
SHARED_ROWS = U(_shared.count)

# ---- pool: all projects that share cash, rows of the region `pool`
_pool = _Rows()
(
    POOL_CASH,
    POOL_DUE,
    POOL_OPEN,  # at the step's start
    POOL_PAID,  # paid in
    POOL_FUNDER,  # the funder's part
    POOL_COMPLETION,  # time of the first
    POOL_ADJUSTED,
    POOL_CAUGHT,  # diverted so far
    POOL_YEAR,  # paid of calls in the calendar year
    POOL_QUEUE,  # called and not paid yet
    POOL_PART,  # of it that is paid in the step
) = _pool.take(11)
POOL_ROWS = U(_pool.count)
