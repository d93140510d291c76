"""The funder's own stack: loans of the policy bank and of commercial banks, and their insurer (section 9).

Index legend: s = project, t = step, l = lane. One stack per project; rows named POLICY are the policy bank's loan, rows
named BANKS the commercial loan. A step goes through the clauses in the order in which they stand here.
"""

from numba import uint64

from spvrisk.kernel.maths import ROUNDED, L, fused
from spvrisk.kernel.results import CLAIMS, LOAN_BALANCE, accumulate
from spvrisk.kernel.rows import (
    BANKS,
    BANKS_DUE,
    BANKS_INTEREST,
    BANKS_LEVEL,
    BANKS_LOST,
    BANKS_OPEN,
    BANKS_PAID,
    CALLED,
    CANCELLED_AT,
    CLAIM,
    CLAIMED,
    COMPLETION,
    EQUITY_PAID,
    FALLEN,
    FUNDER,
    LIFE,
    LOANS,
    MET,
    OUTFLOW,
    OVERDUE,
    POLICY,
    POLICY_ARREARS,
    POLICY_DUE,
    POLICY_INTEREST,
    POLICY_LEVEL,
    POLICY_LOST,
    POLICY_OPEN,
    POLICY_PAID,
    PREMIUM,
    PV_BANKS,
    PV_CALLS,
    PV_CLAIMS,
    PV_INSURER,
    PV_POLICY,
    RECOVERED,
    REPAYMENTS,
    RETAINED,
    STAGE,
    TAKEN_OVER,
    zero,
)

BUILDING, REPAYING, ENDED = 0.0, 1.0, 2.0
"""Stages of a project as its lenders see it: until completion, after it, and from its cancellation or closure on."""

_SAME_TIME = 1e-9


@fused
def begin_stack(w, at):
    """Nothing is lent yet, and nothing has fallen due before the first step."""
    zero(w, POLICY, LOANS + L)
    zero(w, at.fallen, at.partner)


@fused
def settle_stage(w, life, begin, end):
    """Stage of the step: repayment begins in the step after completion, acceleration in the step of an end."""
    for l in range(L):
        ended = w[CANCELLED_AT + l] < end or w[LIFE + l] < life
        complete = begin >= w[COMPLETION + l] - _SAME_TIME
        w[STAGE + l] = ENDED if ended else REPAYING if complete else BUILDING


@fused
def charge(w, rate, g):
    """Premium on what is insured, late interest on arrears, the step's interest. What the insurer holds bears none."""
    dt, policy_margin, bank_margin = g.dt, g.policy_margin, g.bank_margin
    premium = g.premium * g.cover * dt
    for l in range(L):
        policy = max(w[rate + l] + policy_margin, 0.0) * dt
        banks = max(w[rate + l] + bank_margin, 0.0) * dt
        w[PREMIUM + l] = premium * (w[BANKS + l] + w[OVERDUE + l])
        late = banks * w[OVERDUE + l]
        w[OVERDUE + l] += late
        w[FALLEN + l] += late
        w[RETAINED + l] += banks * w[RETAINED + l]
        w[POLICY_ARREARS + l] += policy * w[POLICY_ARREARS + l]
        w[POLICY_INTEREST + l] = policy * w[POLICY + l]
        w[BANKS_INTEREST + l] = banks * w[BANKS + l]


@fused
def capitalise(w, policy_share, bank_share):
    """Before completion interest joins the loans. In the step of an end they take the step's call at once."""
    for l in range(L):
        stage, call = w[STAGE + l], w[OUTFLOW + l]
        policy, banks = w[POLICY_INTEREST + l], w[BANKS_INTEREST + l]
        on_policy, on_banks = policy_share * call, bank_share * call
        w[POLICY + l] += policy if stage == BUILDING else on_policy if stage == ENDED else 0.0
        w[BANKS + l] += banks if stage == BUILDING else on_banks if stage == ENDED else 0.0
        w[POLICY_OPEN + l] += on_policy if stage == ENDED else 0.0
        w[BANKS_OPEN + l] += on_banks if stage == ENDED else 0.0
        w[POLICY_INTEREST + l] = 0.0 if stage == BUILDING else policy
        w[BANKS_INTEREST + l] = 0.0 if stage == BUILDING else banks


@fused
def fall_due(w, repayments):
    """Principal due: level over the repayments, all of it in the last of them and where the project has ended."""
    for l in range(L):
        stage, policy, banks = w[STAGE + l], w[POLICY + l], w[BANKS + l]
        repaying, first = stage == REPAYING, w[REPAYMENTS + l] == 0.0
        number = w[REPAYMENTS + l] + (1.0 if repaying else 0.0)
        policy_level = policy / repayments if repaying and first else w[POLICY_LEVEL + l]
        bank_level = banks / repayments if repaying and first else w[BANKS_LEVEL + l]
        whole = stage == ENDED or number >= repayments
        due, bank_due = policy if whole else min(policy, policy_level), banks if whole else min(banks, bank_level)
        w[REPAYMENTS + l] = number
        w[POLICY_LEVEL + l] = policy_level
        w[BANKS_LEVEL + l] = bank_level
        w[POLICY_DUE + l] = 0.0 if stage == BUILDING else due
        w[BANKS_DUE + l] = 0.0 if stage == BUILDING else bank_due
        w[FALLEN + l] += w[BANKS_INTEREST + l] + w[BANKS_DUE + l]


@fused
def part(cash, due):
    """Part of an amount due that the cash pays."""
    return 1.0 if cash >= due else cash / due


@fused
def left_of(owed, repaid):
    """Share of what is owed that a repayment leaves: nothing but for rounding is nothing."""
    return 0.0 if repaid * ROUNDED >= owed else 1.0 - repaid / owed


@fused
def pay(w, sweep):
    """What receipts pay: interest, arrears, principal, each pro rata; then a sweep prepays, and equity has the rest.

    All but current interest repays the funded principal, in proportion to what is owed before.
    """
    for l in range(L):
        cash, interest, bank_interest = w[FUNDER + l], w[POLICY_INTEREST + l], w[BANKS_INTEREST + l]
        arrears, overdue, retained, held = w[POLICY_ARREARS + l], w[OVERDUE + l], w[RETAINED + l], w[TAKEN_OVER + l]
        policy, banks, due, bank_due = w[POLICY + l], w[BANKS + l], w[POLICY_DUE + l], w[BANKS_DUE + l]

        on_interest = part(cash, interest + bank_interest)
        cash = max(cash - (interest + bank_interest), 0.0)
        on_arrears = part(cash, arrears + overdue + retained + held)
        cash = max(cash - (arrears + overdue + retained + held), 0.0)
        on_principal = part(cash, due + bank_due)
        cash = max(cash - (due + bank_due), 0.0)
        to_come, swept = (policy - due) + (banks - bank_due), sweep * cash
        ahead = part(swept, to_come)

        prepaid, bank_prepaid = ahead * (policy - due), ahead * (banks - bank_due)
        paid, bank_paid = on_arrears * arrears + on_principal * due, on_arrears * overdue + on_principal * bank_due
        repaid, bank_repaid = paid + prepaid, bank_paid + on_arrears * retained + bank_prepaid
        w[POLICY_PAID + l] = on_interest * interest + repaid
        w[BANKS_PAID + l] = on_interest * bank_interest + bank_repaid
        w[RECOVERED + l] = on_arrears * held
        w[EQUITY_PAID + l] = cash - min(swept, to_come)
        w[MET + l] += on_interest * bank_interest + bank_paid

        owed, bank_owed = policy + arrears, banks + overdue + retained
        w[POLICY_OPEN + l] *= left_of(owed, repaid)
        w[BANKS_OPEN + l] *= left_of(bank_owed, bank_repaid)
        w[POLICY + l] = (policy - due) - prepaid
        w[BANKS + l] = (banks - bank_due) - bank_prepaid
        unpaid = (1.0 - on_interest) * interest + (1.0 - on_principal) * due
        bank_unpaid = (1.0 - on_interest) * bank_interest + (1.0 - on_principal) * bank_due
        w[POLICY_ARREARS + l] = (1.0 - on_arrears) * arrears + unpaid
        w[OVERDUE + l] = (1.0 - on_arrears) * overdue + bank_unpaid
        w[RETAINED + l] = (1.0 - on_arrears) * retained
        w[TAKEN_OVER + l] = (1.0 - on_arrears) * held


@fused
def claim(w, at, g, t):
    """The insurer pays for what has been overdue for the waiting time, first in, first out, and takes that over."""
    cover, wait = g.cover, uint64(g.wait)
    for l in range(L):
        w[at.fallen + t * L + l] = w[FALLEN + l]
    for l in range(L):
        # what had fallen due by then; nothing had before the first step
        old = w[at.fallen + (t - wait) * L + l] if t >= wait else 0.0
        overdue, retained = w[OVERDUE + l], w[RETAINED + l]
        claimed = min(overdue, max(old - w[MET + l] - w[CLAIMED + l], 0.0))
        owed = w[BANKS + l] + overdue + retained
        w[BANKS_OPEN + l] *= left_of(owed, cover * claimed)
        w[CLAIM + l] = cover * claimed
        w[CLAIMED + l] += claimed
        w[OVERDUE + l] = overdue - claimed
        w[RETAINED + l] = retained + (1.0 - cover) * claimed
        w[TAKEN_OVER + l] += cover * claimed


@fused
def lend(w, policy_share, bank_share):
    """The step's call is raised, at its end. Nothing is called after completion."""
    for l in range(L):
        call = w[OUTFLOW + l] if w[STAGE + l] != ENDED else 0.0
        w[POLICY + l] += policy_share * call
        w[BANKS + l] += bank_share * call
        w[POLICY_OPEN + l] += policy_share * call
        w[BANKS_OPEN + l] += bank_share * call


@fused
def book_stack(w, at, g, discount, t):
    """Present values of the step's flows, and what the insurer earns and bears in the step, over all projects."""
    of_policy, of_banks = g.policy_share + g.equity_share, g.bank_share
    cover, earned, insured = g.cover, at.insurer + t * L, at.exposure + t * L
    for l in range(L):
        call, net = w[OUTFLOW + l], w[PREMIUM + l] + w[RECOVERED + l] - w[CLAIM + l]
        w[PV_CALLS + l] += discount * call
        w[PV_POLICY + l] += discount * (w[POLICY_PAID + l] + w[EQUITY_PAID + l] - of_policy * call)
        w[PV_BANKS + l] += discount * (w[BANKS_PAID + l] + w[CLAIM + l] - w[PREMIUM + l] - of_banks * call)
        w[PV_CLAIMS + l] += discount * w[CLAIM + l]
        w[PV_INSURER + l] += discount * net
        w[earned + l] += net
        w[insured + l] += cover * (w[BANKS + l] + w[OVERDUE + l])


@fused
def write_off(w):
    """What is never repaid of the loans by the horizon is lost, at the present value of the calls it came from."""
    for l in range(L):
        called = w[CALLED + l]
        per_unit = w[PV_CALLS + l] / called if called > 0.0 else 0.0
        w[BANKS_LOST + l] = per_unit * w[BANKS_OPEN + l]
        w[POLICY_LOST + l] = per_unit * w[POLICY_OPEN + l]


@fused
def fund(w, at, g, rate, life, discount, t, begin, end):
    """One step of a project's stack: who among the funder's parties pays and receives what."""
    repayments = float(g.repayments)
    settle_stage(w, life, begin, end)
    charge(w, rate, g)
    capitalise(w, g.policy_share, g.bank_share)
    fall_due(w, repayments)
    pay(w, g.sweep)
    if g.insured == 1:
        claim(w, at, g, t)
    lend(w, g.policy_share, g.bank_share)
    book_stack(w, at, g, discount, t)


@fused
def add_loans(w, sums, first, stride, n):
    """Add what is owed to the lenders, and the insurer's payments, to the timeline."""
    for l in range(L):
        w[LOANS + l] = w[POLICY + l] + w[BANKS + l] + w[POLICY_ARREARS + l] + w[OVERDUE + l] + w[RETAINED + l]
    accumulate(w, LOANS, sums, first + LOAN_BALANCE * stride, n)
    accumulate(w, CLAIM, sums, first + CLAIMS * stride, n)
