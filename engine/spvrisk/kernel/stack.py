"""The funder's own stack: loans of the policy bank and of commercial banks, and their insurer (section 9).

Index legend: s = project, t = step, l = lane. One stack per project; rows named POLICY are the policy bank's loan, rows
named BANKS the commercial loan. A step goes through the clauses in the order in which they stand here.
"""

from numba import uint64

from spvrisk.kernel import rows as R
from spvrisk.kernel.factors import reference_rate
from spvrisk.kernel.maths import ROUNDED, L, fused
from spvrisk.kernel.whole_rows import zero

BUILDING, REPAYING, ENDED = 0.0, 1.0, 2.0
"""Stages of a project as its lenders see it: until completion, after it, and from its cancellation or closure on."""

_SAME_TIME = 1e-9


@fused
def begin_stack(w, at):
    """Nothing is lent yet, and nothing has fallen due before the first step."""
    zero(w, R.STACK)
    zero(w, at.fallen)


@fused
def settle_stage(w, life, begin, end):
    """Stage of the step: repayment begins in the step after completion, acceleration in the step of an end."""
    for l in range(L):
        ended = w[R.CANCELLED_AT + l] < end or w[R.LIFE + l] < life
        complete = begin >= w[R.COMPLETION + l] - _SAME_TIME
        w[R.STAGE + l] = ENDED if ended else REPAYING if complete else BUILDING


@fused
def charge(w, rate, g):
    """Premium on what is insured, late interest on arrears, the step's interest. What the insurer holds bears none."""
    dt, policy_margin, bank_margin = g.dt, g.policy_margin, g.bank_margin
    premium = g.premium * g.cover * dt
    for l in range(L):
        policy = max(w[rate + l] + policy_margin, 0.0) * dt
        banks = max(w[rate + l] + bank_margin, 0.0) * dt
        w[R.PREMIUM + l] = premium * (w[R.BANKS + l] + w[R.OVERDUE + l])
        late = banks * w[R.OVERDUE + l]
        w[R.OVERDUE + l] += late
        w[R.FALLEN + l] += late
        w[R.RETAINED + l] += banks * w[R.RETAINED + l]
        w[R.POLICY_ARREARS + l] += policy * w[R.POLICY_ARREARS + l]
        w[R.POLICY_INTEREST + l] = policy * w[R.POLICY + l]
        w[R.BANKS_INTEREST + l] = banks * w[R.BANKS + l]


@fused
def capitalise(w, policy_share, bank_share):
    """Before completion interest joins the loans. In the step of an end they take the step's call at once."""
    for l in range(L):
        stage, call = w[R.STAGE + l], w[R.OUTFLOW + l]
        policy, banks = w[R.POLICY_INTEREST + l], w[R.BANKS_INTEREST + l]
        on_policy, on_banks = policy_share * call, bank_share * call
        w[R.POLICY + l] += policy if stage == BUILDING else on_policy if stage == ENDED else 0.0
        w[R.BANKS + l] += banks if stage == BUILDING else on_banks if stage == ENDED else 0.0
        w[R.POLICY_OPEN + l] += on_policy if stage == ENDED else 0.0
        w[R.BANKS_OPEN + l] += on_banks if stage == ENDED else 0.0
        w[R.POLICY_INTEREST + l] = 0.0 if stage == BUILDING else policy
        w[R.BANKS_INTEREST + l] = 0.0 if stage == BUILDING else banks


@fused
def fall_due(w, repayments):
    """Principal due: level over the repayments, all of it in the last of them and where the project has ended."""
    for l in range(L):
        stage, policy, banks = w[R.STAGE + l], w[R.POLICY + l], w[R.BANKS + l]
        repaying, first = stage == REPAYING, w[R.REPAYMENTS + l] == 0.0
        number = w[R.REPAYMENTS + l] + (1.0 if repaying else 0.0)
        policy_level = policy / repayments if repaying and first else w[R.POLICY_LEVEL + l]
        bank_level = banks / repayments if repaying and first else w[R.BANKS_LEVEL + l]
        whole = stage == ENDED or number >= repayments
        due, bank_due = policy if whole else min(policy, policy_level), banks if whole else min(banks, bank_level)
        w[R.REPAYMENTS + l] = number
        w[R.POLICY_LEVEL + l] = policy_level
        w[R.BANKS_LEVEL + l] = bank_level
        w[R.POLICY_DUE + l] = 0.0 if stage == BUILDING else due
        w[R.BANKS_DUE + l] = 0.0 if stage == BUILDING else bank_due
        w[R.FALLEN + l] += w[R.BANKS_INTEREST + l] + w[R.BANKS_DUE + l]


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
        cash, interest, bank_interest = w[R.FUNDER + l], w[R.POLICY_INTEREST + l], w[R.BANKS_INTEREST + l]
        arrears, overdue = w[R.POLICY_ARREARS + l], w[R.OVERDUE + l]
        retained, held = w[R.RETAINED + l], w[R.TAKEN_OVER + l]
        policy, banks, due, bank_due = w[R.POLICY + l], w[R.BANKS + l], w[R.POLICY_DUE + l], w[R.BANKS_DUE + l]

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
        w[R.POLICY_PAID + l] = on_interest * interest + repaid
        w[R.BANKS_PAID + l] = on_interest * bank_interest + bank_repaid
        w[R.RECOVERED + l] = on_arrears * held
        w[R.EQUITY_PAID + l] = cash - min(swept, to_come)
        w[R.MET + l] += on_interest * bank_interest + bank_paid

        owed, bank_owed = policy + arrears, banks + overdue + retained
        w[R.POLICY_OPEN + l] *= left_of(owed, repaid)
        w[R.BANKS_OPEN + l] *= left_of(bank_owed, bank_repaid)
        w[R.POLICY + l] = (policy - due) - prepaid
        w[R.BANKS + l] = (banks - bank_due) - bank_prepaid
        unpaid = (1.0 - on_interest) * interest + (1.0 - on_principal) * due
        bank_unpaid = (1.0 - on_interest) * bank_interest + (1.0 - on_principal) * bank_due
        w[R.POLICY_ARREARS + l] = (1.0 - on_arrears) * arrears + unpaid
        w[R.OVERDUE + l] = (1.0 - on_arrears) * overdue + bank_unpaid
        w[R.RETAINED + l] = (1.0 - on_arrears) * retained
        w[R.TAKEN_OVER + l] = (1.0 - on_arrears) * held


@fused
def claim(w, at, g, t):
    """The insurer pays for what has been overdue for the waiting time, first in, first out, and takes that over."""
    cover, wait = g.cover, uint64(g.wait)
    for l in range(L):
        w[at.fallen.first + t * L + l] = w[R.FALLEN + l]
    for l in range(L):
        # what had fallen due by then; nothing had before the first step
        old = w[at.fallen.first + (t - wait) * L + l] if t >= wait else 0.0
        overdue, retained = w[R.OVERDUE + l], w[R.RETAINED + l]
        claimed = min(overdue, max(old - w[R.MET + l] - w[R.CLAIMED + l], 0.0))
        owed = w[R.BANKS + l] + overdue + retained
        w[R.BANKS_OPEN + l] *= left_of(owed, cover * claimed)
        w[R.CLAIM + l] = cover * claimed
        w[R.CLAIMED + l] += claimed
        w[R.OVERDUE + l] = overdue - claimed
        w[R.RETAINED + l] = retained + (1.0 - cover) * claimed
        w[R.TAKEN_OVER + l] += cover * claimed


@fused
def lend(w, policy_share, bank_share):
    """The step's call is raised, at its end. Nothing is called after completion."""
    for l in range(L):
        call = w[R.OUTFLOW + l] if w[R.STAGE + l] != ENDED else 0.0
        w[R.POLICY + l] += policy_share * call
        w[R.BANKS + l] += bank_share * call
        w[R.POLICY_OPEN + l] += policy_share * call
        w[R.BANKS_OPEN + l] += bank_share * call


@fused
def book_stack(w, at, g, discount, t):
    """Present values of the step's flows, and what the insurer earns and bears in the step, over all projects."""
    of_policy, of_banks = g.policy_share + g.equity_share, g.bank_share
    cover, earned, insured = g.cover, at.insurer.first + t * L, at.exposure.first + t * L
    for l in range(L):
        call, net = w[R.OUTFLOW + l], w[R.PREMIUM + l] + w[R.RECOVERED + l] - w[R.CLAIM + l]
        w[R.PV_CALLS + l] += discount * call
        w[R.OUT.npv_policy_bank + l] += discount * (w[R.POLICY_PAID + l] + w[R.EQUITY_PAID + l] - of_policy * call)
        w[R.OUT.npv_banks + l] += discount * (w[R.BANKS_PAID + l] + w[R.CLAIM + l] - w[R.PREMIUM + l] - of_banks * call)
        w[R.OUT.insurer_claims + l] += discount * w[R.CLAIM + l]
        w[R.OUT.insurer_net + l] += discount * net
        w[earned + l] += net
        w[insured + l] += cover * (w[R.BANKS + l] + w[R.OVERDUE + l])


@fused
def sum_loans(w):
    """What is owed to the lenders at the step's end."""
    for l in range(L):
        loans = w[R.POLICY + l] + w[R.BANKS + l] + w[R.POLICY_ARREARS + l] + w[R.OVERDUE + l] + w[R.RETAINED + l]
        w[R.LOANS + l] = loans


@fused
def write_off(w):
    """What is never repaid of the loans by the horizon is lost, at the present value of the calls it came from."""
    for l in range(L):
        called = w[R.CALLED + l]
        per_unit = w[R.PV_CALLS + l] / called if called > 0.0 else 0.0
        w[R.OUT.bank_loss + l] = per_unit * w[R.BANKS_OPEN + l]
        w[R.OUT.policy_bank_loss + l] = per_unit * w[R.POLICY_OPEN + l]


@fused
def fund(site, step, discount):
    """One step of a project's stack: who among the funder's parties pays and receives what."""
    w, at, g, t = site.w, site.at, site.g, step.t
    repayments = float(g.repayments)
    settle_stage(w, site.p.life, step.begin, step.end)
    charge(w, reference_rate(w, at, site.factors, g.stack_factor, t), g)
    capitalise(w, g.policy_share, g.bank_share)
    fall_due(w, repayments)
    pay(w, g.sweep)
    if g.insured == 1:
        claim(w, at, g, t)
    lend(w, g.policy_share, g.bank_share)
    book_stack(w, at, g, discount, t)
    sum_loans(w)
