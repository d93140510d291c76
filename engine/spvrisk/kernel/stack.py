"""The funder's own stack: loans of the policy bank and of commercial banks, and their insurer (section 9).

Clauses are functions of values (`kernel.simd`): of two loans, of what is insured of the banks', of a step's flows.
`fund` is the stage: it loads, calls the clauses in the order in which they stand here, and stores.
Index legend: s = project, t = step, l = lane.
"""

from typing import Any, NamedTuple

from numba import uint64

from spvrisk.kernel import draws as draw
from spvrisk.kernel import rows as R
from spvrisk.kernel.factors import reference_rate
from spvrisk.kernel.maths import ROUNDED, L, U, fused
from spvrisk.kernel.simd import WIDE, larger, load, smaller, spread, store, where
from spvrisk.kernel.tables import look_up
from spvrisk.kernel.whole_rows import add_to, fill, zero

BUILDING, REPAYING, ENDED = 0.0, 1.0, 2.0
"""Stages of a project as its lenders see it: until completion, after it, and from its cancellation or closure on."""

_SAME_TIME = 1e-9


class Loan(NamedTuple):
    """A loan: values."""

    balance: Any
    """Not yet due."""
    arrears: Any
    """Due, not paid and not claimed."""
    open: Any
    """Funded principal that is not repaid."""
    level: Any
    """Principal of a step of repayment."""


class Insured(NamedTuple):
    """The commercial loan as its insurer sees it: values."""

    retained: Any
    """Part of what was claimed that the banks keep, and are owed still."""
    held: Any
    """Part of what was claimed that the insurer has paid for, and is owed now."""
    fallen: Any
    """Interest, principal and late interest that fell due so far."""
    met: Any
    """What was paid of that so far: no prepayments, nothing on what was claimed."""
    claimed: Any
    """Of that so far, gross."""


class Flows(NamedTuple):
    """Of a step: values."""

    policy_bank: Any
    """To the policy bank's loan."""
    banks: Any
    """To the banks."""
    equity: Any
    recovered: Any
    """To the insurer."""


class Due(NamedTuple):
    """Of a loan in a step: values."""

    interest: Any
    principal: Any


@fused
def begin_stack(site):
    """Nothing is lent yet, and nothing has fallen due before the first step; who lends how much of a call."""
    w, g = site.w, site.g
    zero(w, R.STACK)
    zero(w, site.at.fallen)
    fill(w, R.OF_POLICY, g.policy_share)
    fill(w, R.OF_BANKS, g.bank_share)
    if g.policy_law >= 0:
        draw.scores(site.draws, w, R.SCORE0, g.policy_stream)
        look_up(w, R.SCORE0, R.OF_POLICY, site.c, g.policy_law)
        lent = g.policy_share + g.bank_share
        for l in range(U(0), L, U(WIDE)):
            of_policy = lent * load(w, R.OF_POLICY + l)
            store(w, R.OF_POLICY + l, of_policy)
            store(w, R.OF_BANKS + l, lent - of_policy)


@fused
def stage_of(cancelled_at, closed, completion, begin, end):
    """Stage of the step: repayment begins in the step after completion, acceleration in the step of an end."""
    ended = (cancelled_at < end) | closed
    return where(ended, ENDED, where(begin >= completion - _SAME_TIME, REPAYING, BUILDING))


@fused
def capitalised(loan, stage, interest, on_call):
    """Before completion interest joins the loan; in the step of an end it takes the step's call at once."""
    at_end = where(stage == ENDED, on_call, 0.0)
    balance = loan.balance + where(stage == BUILDING, interest, at_end)
    return Loan(balance, loan.arrears, loan.open + at_end, loan.level), where(stage == BUILDING, 0.0, interest)


@fused
def principal_of(loan, stage, number, repayments):
    """Level and principal due: level over the repayments, all in the last of them and where the project has ended."""
    repaying = stage == REPAYING
    level = where(repaying & (number == 0.0), loan.balance / repayments, loan.level)
    last = number + where(repaying, 1.0, 0.0) >= repayments
    due = where((stage == ENDED) | last, loan.balance, smaller(loan.balance, level))
    return Loan(loan.balance, loan.arrears, loan.open, level), where(stage == BUILDING, 0.0, due)


@fused
def fall_due(loan, rate, stage, on_call, number, repayments):
    """The loan with late interest on its arrears, and what falls due of it."""
    interest = rate * loan.balance
    loan = Loan(loan.balance, loan.arrears + rate * loan.arrears, loan.open, loan.level)
    loan, interest = capitalised(loan, stage, interest, on_call)
    loan, principal = principal_of(loan, stage, number, repayments)
    return loan, Due(interest, principal)


@fused
def accrued(insured, rate, late_interest, due):
    """What is insured, with late interest and what has fallen due. What the insurer holds bears no interest."""
    fallen = insured.fallen + late_interest + (due.interest + due.principal)
    return Insured(insured.retained + rate * insured.retained, insured.held, fallen, insured.met, insured.claimed)


@fused
def part(cash, due):
    """Part of an amount due that the cash pays."""
    return where(cash >= due, 1.0, cash / due)


@fused
def left_of(owed, repaid):
    """Share of what is owed that a repayment leaves: nothing but for rounding is nothing."""
    return where(repaid * ROUNDED >= owed, 0.0, 1.0 - repaid / owed)


@fused
def pay(cash, policy_bank, on_policy, banks, on_banks, insured, sweep):
    """What receipts pay: interest, arrears, principal, each pro rata; then a sweep prepays, and equity has the rest.

    All but current interest repays the funded principal, in proportion to what is owed before.
    """
    interest, due = on_policy
    bank_interest, bank_due = on_banks
    overdue = policy_bank.arrears + banks.arrears + insured.retained + insured.held
    on_interest, cash = part(cash, interest + bank_interest), larger(cash - (interest + bank_interest), 0.0)
    on_arrears, cash = part(cash, overdue), larger(cash - overdue, 0.0)
    on_principal, cash = part(cash, due + bank_due), larger(cash - (due + bank_due), 0.0)
    policy_left, banks_left = policy_bank.balance - due, banks.balance - bank_due
    to_come, swept = policy_left + banks_left, sweep * cash
    ahead = part(swept, to_come)

    prepaid, bank_prepaid = ahead * policy_left, ahead * banks_left
    bank_paid = on_arrears * banks.arrears + on_principal * bank_due
    repaid = on_arrears * policy_bank.arrears + on_principal * due + prepaid
    bank_repaid = bank_paid + on_arrears * insured.retained + bank_prepaid
    flows = Flows(
        on_interest * interest + repaid,
        on_interest * bank_interest + bank_repaid,
        cash - smaller(swept, to_come),
        on_arrears * insured.held,
    )
    unpaid = (1.0 - on_interest) * interest + (1.0 - on_principal) * due
    bank_unpaid = (1.0 - on_interest) * bank_interest + (1.0 - on_principal) * bank_due
    still, owed = 1.0 - on_arrears, banks.balance + banks.arrears + insured.retained
    policy_bank = Loan(
        policy_left - prepaid,
        still * policy_bank.arrears + unpaid,
        policy_bank.open * left_of(policy_bank.balance + policy_bank.arrears, repaid),
        policy_bank.level,
    )
    banks = Loan(
        banks_left - bank_prepaid,
        still * banks.arrears + bank_unpaid,
        banks.open * left_of(owed, bank_repaid),
        banks.level,
    )
    met = insured.met + (on_interest * bank_interest + bank_paid)
    return (
        policy_bank,
        banks,
        Insured(still * insured.retained, still * insured.held, insured.fallen, met, insured.claimed),
        flows,
    )


@fused
def claim(banks, insured, due_before_wait, cover):
    """The insurer pays for what has been overdue for the waiting time, and takes that over.

    That is what had fallen due before the waiting time, less all that was paid or claimed by now: each payment, of
    current interest too, counts for what fell due first. Returns the loan, what is insured, and what the insurer pays.
    """
    claimed = smaller(banks.arrears, larger(due_before_wait - insured.met - insured.claimed, 0.0))
    owed, paid = banks.balance + banks.arrears + insured.retained, cover * claimed
    return (
        Loan(banks.balance, banks.arrears - claimed, banks.open * left_of(owed, paid), banks.level),
        Insured(
            insured.retained + (1.0 - cover) * claimed,
            insured.held + paid,
            insured.fallen,
            insured.met,
            insured.claimed + claimed,
        ),
        paid,
    )


@fused
def lend(loan, on_call):
    """The step's call is raised, at its end."""
    return Loan(loan.balance + on_call, loan.arrears, loan.open + on_call, loan.level)


@fused
def write_off(w):
    """What is never repaid of the loans by the horizon is lost, at the present value of the calls it came from."""
    for l in range(U(0), L, U(WIDE)):
        called = load(w, R.CALLED + l)
        per_unit = where(called > 0.0, load(w, R.PV_CALLS + l) / called, 0.0)
        store(w, R.OUT.bank_loss + l, per_unit * load(w, R.BANKS_OPEN + l))
        store(w, R.OUT.policy_bank_loss + l, per_unit * load(w, R.POLICY_OPEN + l))


@fused
def loans_of(w, l):
    """Loans and what is insured, as they are before the step."""
    policy_bank = Loan(
        load(w, R.POLICY + l), load(w, R.POLICY_ARREARS + l), load(w, R.POLICY_OPEN + l), load(w, R.POLICY_LEVEL + l)
    )
    banks = Loan(load(w, R.BANKS + l), load(w, R.OVERDUE + l), load(w, R.BANKS_OPEN + l), load(w, R.BANKS_LEVEL + l))
    insured = Insured(
        load(w, R.RETAINED + l),
        load(w, R.TAKEN_OVER + l),
        load(w, R.FALLEN + l),
        load(w, R.MET + l),
        load(w, R.CLAIMED + l),
    )
    return policy_bank, banks, insured


@fused
def keep_loans(w, l, policy_bank, banks, insured):
    """Leave loans and what is insured to the next step."""
    store(w, R.POLICY + l, policy_bank.balance)
    store(w, R.POLICY_ARREARS + l, policy_bank.arrears)
    store(w, R.POLICY_OPEN + l, policy_bank.open)
    store(w, R.POLICY_LEVEL + l, policy_bank.level)
    store(w, R.BANKS + l, banks.balance)
    store(w, R.OVERDUE + l, banks.arrears)
    store(w, R.BANKS_OPEN + l, banks.open)
    store(w, R.BANKS_LEVEL + l, banks.level)
    store(w, R.RETAINED + l, insured.retained)
    store(w, R.TAKEN_OVER + l, insured.held)
    store(w, R.FALLEN + l, insured.fallen)
    store(w, R.MET + l, insured.met)
    store(w, R.CLAIMED + l, insured.claimed)
    store(w, R.LOANS + l, policy_bank.balance + banks.balance + policy_bank.arrears + banks.arrears + insured.retained)


@fused
def book_stack(w, g, l, discount, flows, premium, claimed):
    """Keep the step's flows and add their present values. Returns what the insurer earns less what it pays."""
    call, net = load(w, R.OUTFLOW + l), premium + flows.recovered - claimed
    of_policy, of_banks = load(w, R.OF_POLICY + l) + g.equity_share, load(w, R.OF_BANKS + l)
    add_to(w, R.PV_CALLS + l, discount * call)
    add_to(w, R.OUT.npv_policy_bank + l, discount * (flows.policy_bank + flows.equity - of_policy * call))
    add_to(w, R.OUT.npv_banks + l, discount * (flows.banks + claimed - premium - of_banks * call))
    add_to(w, R.OUT.insurer_claims + l, discount * claimed)
    add_to(w, R.OUT.insurer_net + l, discount * net)
    store(w, R.PREMIUM + l, premium)
    store(w, R.POLICY_PAID + l, flows.policy_bank)
    store(w, R.BANKS_PAID + l, flows.banks)
    store(w, R.EQUITY_PAID + l, flows.equity)
    store(w, R.RECOVERED + l, flows.recovered)
    store(w, R.CLAIM + l, claimed)
    return net


@fused
def fund(site, step, discount):
    """One step of a project's stack: who among the funder's parties pays and receives what."""
    w, at, g, t = site.w, site.at, site.g, step.t
    rate, repayments, wait = reference_rate(w, at, site.factors, g.stack_factor, t), float(g.repayments), uint64(g.wait)
    fallen, insurer, exposure = at.fallen.first + t * L, at.insurer.first + t * L, at.exposure.first + t * L
    for l in range(U(0), L, U(WIDE)):
        policy_bank, banks, insured = loans_of(w, l)
        of_policy, of_banks = load(w, R.OF_POLICY + l), load(w, R.OF_BANKS + l)
        call, number, closed = load(w, R.OUTFLOW + l), load(w, R.REPAYMENTS + l), load(w, R.LIFE + l) < site.p.life
        stage = stage_of(load(w, R.CANCELLED_AT + l), closed, load(w, R.COMPLETION + l), step.begin, step.end)

        policy_rate = larger(load(w, rate + l) + g.policy_margin, 0.0) * g.dt
        bank_rate = larger(load(w, rate + l) + g.bank_margin, 0.0) * g.dt
        premium = g.premium * g.cover * g.dt * (banks.balance + banks.arrears)
        late_interest = bank_rate * banks.arrears
        policy_bank, on_policy = fall_due(policy_bank, policy_rate, stage, of_policy * call, number, repayments)
        banks, on_banks = fall_due(banks, bank_rate, stage, of_banks * call, number, repayments)
        insured = accrued(insured, bank_rate, late_interest, on_banks)
        cash = load(w, R.FUNDER + l)
        policy_bank, banks, insured, flows = pay(cash, policy_bank, on_policy, banks, on_banks, insured, g.sweep)

        claimed = spread(0.0)
        if g.insured == 1:
            store(w, fallen + l, insured.fallen)
            # nothing had fallen due before the first step
            before = load(w, fallen - wait * L + l) if t >= wait else spread(0.0)
            banks, insured, claimed = claim(banks, insured, before, g.cover)

        # nothing is called after completion
        lent = where(stage == ENDED, 0.0, call)
        policy_bank, banks = lend(policy_bank, of_policy * lent), lend(banks, of_banks * lent)
        add_to(w, insurer + l, book_stack(w, g, l, discount, flows, premium, claimed))
        add_to(w, exposure + l, g.cover * (banks.balance + banks.arrears))
        store(w, R.REPAYMENTS + l, number + where(stage == REPAYING, 1.0, 0.0))
        keep_loans(w, l, policy_bank, banks, insured)
