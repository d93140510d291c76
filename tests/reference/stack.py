"""The funder's own stack (section 9): loans, insurer, and who bears what."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from reference.basics import Array, given
from reference.context import Context, Site, funder_factors
from reference.split import part_of


def pay(cash: Array, *amounts: Array) -> tuple[list[Array], Array]:
    """Pay amounts from cash, each in proportion where it does not do for all; return what each got, and the rest."""
    total = sum(amounts)
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.where(cash >= total, 1.0, cash / total)
    return [part * amount for amount in amounts], np.maximum(cash - total, 0.0)


@dataclass
class Loan:
    """One of the two loans: what is not yet due, the scheduled principal of a step, what is funded and not repaid.

    ``due`` is what has to be paid of the balance in this step, ``interest`` the interest that falls due in it.
    """

    share: float | Array
    margin: float
    balance: Array
    level: Array
    unrepaid: Array
    interest: Array
    due: Array
    call: Array

    @classmethod
    def of(cls, clause: Mapping | None, share: float | Array, n: int) -> "Loan":
        """Return a loan without anything drawn, which raises a share of every outflow."""
        return cls(share, float(given(clause, "margin", 0.0)), *np.zeros((6, n)))

    def begin(self, rate: Array, K: Array, number: Array, count: int, ended: Array) -> None:
        """Begin a step: interest, and the principal that falls due; ``number`` is that of the repayment step."""
        interest = rate * self.balance
        self.call = self.share * K
        self.level = np.where(number == 1, self.balance / count, self.level)
        capitalised = (number == 0) & ~ended
        self.interest = np.where(capitalised, 0.0, interest)
        self.balance = self.balance + np.where(capitalised, interest, 0.0) + np.where(ended, self.call, 0.0)
        self.unrepaid = self.unrepaid + np.where(ended, self.call, 0.0)
        scheduled = np.where(number < count, np.minimum(self.balance, self.level), self.balance)
        self.due = np.where(ended, self.balance, np.where(number == 0, 0.0, scheduled))

    def repay(self, payment: Array, owed: Array) -> None:
        """Let a payment repay what is funded in proportion to all that is owed."""
        self.unrepaid = np.maximum(self.unrepaid - self.unrepaid * part_of(payment, owed), 0.0)

    def end(self, prepaid: Array, number: Array, count: int, ended: Array) -> None:
        """End a step: the balance falls by what was due and prepaid, and the call joins it."""
        self.balance = np.where(ended, 0.0, np.maximum(self.balance - self.due - prepaid, 0.0))
        call = np.where(ended, 0.0, self.call)
        self.balance, self.unrepaid = self.balance + call, self.unrepaid + call


def wait_steps(clause: Mapping | None, m: int) -> tuple[int, float]:
    """Return how many steps a claim waits, 1e-9 of a step forgiven, and the distance to another number."""
    wait = given(clause, "wait_years", 0.0) * m
    return math.ceil(wait - 1e-9), abs(abs(wait - round(wait)) - 1e-9)


def loan_shares(clause: Mapping, policy_share: Array | None) -> tuple[float | Array, float | Array]:
    """Return which shares of an outflow the policy bank and the banks lend; ``policy_share`` of the two together."""
    g, c = (float(given(given(clause, loan), "share", 0.0)) for loan in ("policy_loan", "commercial_loan"))
    return (g, c) if policy_share is None else (policy_share * (g + c), (1 - policy_share) * (g + c))


STACK_ROWS = (
    "loan_balance claims premium recoveries insured policy_bank banks insurer equity balance_policy balance_commercial "
    "arrears_policy arrears_unclaimed arrears_retained taken_over due_commercial paid_commercial claimed "
    "unrepaid_policy unrepaid_commercial call_policy call_commercial paid_policy late_policy late_commercial "
    "due_policy prepaid"
).split()


def run_stack(
    clause: Mapping,
    m: int,
    reference: Array,
    K: Array,
    Y: Array,
    completion: Array,
    ended: Array,
    policy_share: Array | None = None,
) -> dict[str, Array]:
    """Run the stack of one project, ``(T, n)`` each.

    Parameters
    ----------
    clause
        ``stack`` of the study.
    m
        Steps a year.
    reference
        The reference rate at each step's start.
    K, Y
        What the funder pays to the project, and receives from it.
    completion
        Time of the completion, years ``(n,)``; infinite without one.
    ended
        Whether a step is that of a cancellation (or of giving up the plant), or after it.
    policy_share
        The policy bank's part of the two loans ``(n,)``, where it is drawn.

    Returns
    -------
    dict
        At the steps' ends: ``loan_balance`` (all that is owed on both loans but what the insurer has taken over),
        ``balance_policy``, ``balance_commercial`` (not yet due), ``arrears_policy`` R, ``arrears_unclaimed`` U,
        ``arrears_retained`` H, ``taken_over`` X, ``unrepaid_*`` Q, ``insured``; cumulated ``due_commercial`` D,
        ``paid_commercial`` P, ``claimed``. In the steps: ``claims`` (paid by the insurer), ``premium``,
        ``recoveries``, the net flows ``policy_bank``, ``banks``, ``insurer``; ``equity``, ``paid_policy`` (on its
        loan), ``late_*`` (interest on arrears), ``due_policy`` (current interest and principal), ``prepaid`` (both
        loans), ``call_*``.
    """
    (T, n), h, insurer = K.shape, 1.0 / m, given(clause, "insurer")
    of_g, of_c = loan_shares(clause, policy_share)
    g, c = Loan.of(given(clause, "policy_loan"), of_g, n), Loan.of(given(clause, "commercial_loan"), of_c, n)
    equity_share = given(given(clause, "policy_equity"), "share", 0.0)
    cover, (wait, _) = float(given(insurer, "cover", 0.0)), wait_steps(insurer, m)
    count, sweep = max(round(clause["tenor_years"] * m), 1), given(clause, "sweep", 1.0)
    rows = {name: np.zeros((T, n)) for name in STACK_ROWS}
    R, U, H, X = np.zeros((4, n))
    due_so_far, paid_so_far, claimed = np.zeros((3, n))
    number = np.zeros(n)  # of the repayment step; 0 up to the step of completion
    for t in range(T):
        number = number + (t * h + 1e-9 >= completion)
        rate_g, rate_c = (np.maximum(0.0, reference[t] + loan.margin) * h for loan in (g, c))
        premium = given(insurer, "premium", 0.0) * cover * (c.balance + U) * h
        late_g, late_u, late_h = rate_g * R, rate_c * U, rate_c * H
        R, U, H = R + late_g, U + late_u, H + late_h
        g.begin(rate_g, K[t], number, count, ended[t])
        c.begin(rate_c, K[t], number, count, ended[t])
        owed_g, owed_c = g.balance + R, c.balance + U + H

        (interest_g, interest_c), cash = pay(Y[t], g.interest, c.interest)
        (on_r, on_u, on_h, on_x), cash = pay(cash, R, U, H, X)
        (principal_g, principal_c), cash = pay(cash, g.due, c.due)
        for_loans = sweep * cash
        (prepaid_g, prepaid_c), left = pay(for_loans, g.balance - g.due, c.balance - c.due)
        equity = cash - for_loans + left

        g.repay(on_r + principal_g + prepaid_g, owed_g)
        c.repay(on_u + on_h + principal_c + prepaid_c, owed_c)
        R = R - on_r + (g.interest - interest_g) + (g.due - principal_g)
        U = U - on_u + (c.interest - interest_c) + (c.due - principal_c)
        H, X = H - on_h, X - on_x
        due_so_far = due_so_far + late_u + c.interest + c.due
        paid_so_far = paid_so_far + interest_c + on_u + principal_c
        rows["due_commercial"][t] = due_so_far
        rows["due_policy"][t] = g.interest + g.due
        rest_c = c.balance - c.due - prepaid_c
        claim = np.zeros(n)
        if insurer is not None and t >= wait:
            overdue = rows["due_commercial"][t - wait] - paid_so_far - claimed
            claim = np.minimum(U, np.maximum(0.0, overdue))
            c.repay(cover * claim, rest_c + U + H)
        claimed, U = claimed + claim, U - claim
        X, H = X + cover * claim, H + (1 - cover) * claim
        g.end(prepaid_g, number, count, ended[t])
        c.end(prepaid_c, number, count, ended[t])

        on_g = interest_g + on_r + principal_g + prepaid_g
        on_c = interest_c + on_u + on_h + principal_c + prepaid_c
        for name, value in {
            "loan_balance": g.balance + c.balance + R + U + H,
            "claims": cover * claim,
            "premium": premium,
            "recoveries": on_x,
            "insured": cover * (c.balance + U),
            "policy_bank": on_g + equity - K[t] * (g.share + equity_share),
            "banks": on_c + cover * claim - premium - c.call,
            "insurer": premium + on_x - cover * claim,
            "equity": equity,
            "balance_policy": g.balance,
            "balance_commercial": c.balance,
            "arrears_policy": R,
            "arrears_unclaimed": U,
            "arrears_retained": H,
            "taken_over": X,
            "paid_commercial": paid_so_far,
            "claimed": claimed,
            "unrepaid_policy": g.unrepaid,
            "unrepaid_commercial": c.unrepaid,
            "call_policy": g.call,
            "call_commercial": c.call,
            "paid_policy": on_g,
            "late_policy": late_g,
            "late_commercial": late_u + late_h,
            "prepaid": prepaid_g + prepaid_c,
        }.items():
            rows[name][t] = value
    return rows


def stack_cash(ctx: Context, site: Site, flows: Mapping[str, Array]) -> dict[str, Array]:
    """Return the rows of a project's stack."""
    clause, (T, n) = ctx.study["stack"], flows["calls"].shape
    rates = [ctx.rate_at_start(clause["reference_rate"], t) * np.ones(n) for t in range(T)]
    ended = np.cumsum(site.settled | (flows["closed"] > 0), axis=0) > 0
    K, Y = flows["calls"], flows["distribution_funder"]
    part = given(clause, "policy_share")
    if part is not None:
        part = ctx.law("stack.policy_share", part, "stack/policy_share")
    return run_stack(clause, ctx.clock.m, np.array(rates), K, Y, site.completion, ended, part)


def book_losses(ctx: Context, book: Mapping | None) -> Array:
    """Return what the insurer's book loses in each step, local money, ``(T, 1)`` or ``(T, n)``."""
    clock = ctx.clock
    if book is None:
        return np.zeros((clock.steps, 1))
    years = np.arange(clock.steps) // clock.m
    scores = ctx.draws.scores("insurer/book", np.arange(years[-1] + 1), ctx.paths)
    rates = ctx.law_value("stack.insurer.book.loss_rate", book["loss_rate"], scores)[years]
    begins = np.arange(clock.steps)[:, None] / clock.m
    return book["in_force"] * np.maximum(0.0, 1 - begins / book["run_off_years"]) * rates * ctx.step


STACK_VALUES = {
    "insurer_claims": "claims",
    "insurer_net": "insurer",
    "npv_banks": "banks",
    "npv_policy_bank": "policy_bank",
}
"""Quantity -> the row of the stack of which it is the present value, at the funder's discount factors."""


STACK_LOSSES = {"bank_loss": "commercial", "policy_bank_loss": "policy"}
"""Quantity -> the loan whose calls are lost as far as they are not repaid at the horizon."""


def stack_quantities(ctx: Context, rows: Mapping[str, Array]) -> dict[str, Array]:
    """Return a project's quantities of the stack."""
    factors = funder_factors(ctx)
    found = {quantity: (factors * rows[row]).sum(axis=0) for quantity, row in STACK_VALUES.items()}
    for quantity, loan in STACK_LOSSES.items():
        calls = rows[f"call_{loan}"]
        found[quantity] = (factors * calls).sum(axis=0) * part_of(rows[f"unrepaid_{loan}"][-1], calls.sum(axis=0))
    return found
