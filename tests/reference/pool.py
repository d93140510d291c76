"""Calls under a yearly cap; the split step by step, alone or pooled, adjusted shares, catch-up (section 8)."""

import datetime as dt
import math
from collections.abc import Mapping, Sequence

import numpy as np

from reference.basics import Array, given
from reference.context import Context, Site, distance
from reference.split import Account, part_of


class Adjustment:
    """Whether other shares hold, of one project or of a pool: tested once, and kept for good."""

    def __init__(self, clause: Mapping, accounts: Sequence[Account]):
        self.clause, self.accounts = clause, accounts
        n = len(accounts[0].ctx.paths)
        self.completion = np.min([account.site.completion * np.ones(n) for account in accounts], axis=0)
        self.tested, self.holds, self.margin = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool), np.full(n, math.inf)

    def test(self, t: int) -> Array:
        """Test at a step's start; return whether the other shares hold in the step."""
        after = self.clause["after_years"] - 1e-9
        age = t * self.accounts[0].ctx.step - self.completion
        open_ = sum(account.open for account in self.accounts)
        paid_in = sum(account.paid_in for account in self.accounts)
        now = (age >= after) & ~self.tested
        some = open_ > 1e-12 * paid_in
        self.margin = np.minimum(self.margin, distance(age, after))
        # what is paid in full is open by nothing at all: what counts is by how much it was paid
        due = sum(account.due for account in self.accounts)
        gap = np.where(due > 0, np.abs(self.accounts[0].gap[t - 1]), math.inf)
        near = np.where(some, open_, gap) / np.where(paid_in > 0, paid_in, 1.0)
        self.margin = np.where(now, np.minimum(self.margin, near), self.margin)
        self.holds, self.tested = self.holds | (now & some), self.tested | now
        return self.holds


def cap_calls(ctx: Context, ventures: Sequence[dict[str, Array]]) -> None:
    """Let calls above the calendar year's cap wait, and the host bridge them; in place.

    ``capital`` is what the funder pays, ``called`` what was called, ``bridged`` what the host pays of it in the step:
    below 0 where it has money back. A step belongs to the year of its last day.
    """
    cap, clock = given(ctx.study["agreement"]["funding"], "annual_call_cap"), ctx.clock
    for flows in ventures:
        flows["called"], flows["bridged"] = flows["capital"], np.zeros_like(flows["capital"])
        flows["capital"] = flows["capital"].copy()
    if cap is None:
        return
    years = [(clock.step_start(t + 1) - dt.timedelta(days=1)).year for t in range(clock.steps)]
    waiting, left = np.zeros((len(ventures), len(ctx.paths))), 0.0
    for t, year in enumerate(years):
        if t == 0 or year != years[t - 1]:
            left = np.full(len(ctx.paths), float(cap))
        waiting = waiting + [flows["called"][t] for flows in ventures]
        queue = waiting.sum(axis=0)
        paid = np.minimum(queue, left)
        own = np.where(paid == queue, 1.0, part_of(paid, queue)) * waiting
        waiting, left = waiting - own, left - paid
        for flows, payment in zip(ventures, own, strict=True):
            flows["capital"][t] = payment
            flows["bridged"][t] = flows["called"][t] - payment
    for flows in ventures:
        flows["calls"] = flows["capital"] + flows["termination_fee"]


def split_pool(ctx: Context, accounts: Sequence[Account], pooled: bool) -> Array | None:
    """Split the cash of one project, or of a pool of them, step by step; return the margin of the adjustment."""
    terms, adjustment = ctx.study["agreement"]["split"] if pooled else accounts[0].terms, None
    if any(account.terms[key] != terms[key] for account in accounts for key in ("mode", "first_share", "second_share")):
        raise ValueError("a pool has one mode and one pair of shares")
    if given(terms, "adjust") is not None:
        adjustment = Adjustment(terms["adjust"], accounts)
    s1, s2 = terms["first_share"], terms["second_share"]
    for t in range(ctx.clock.steps):
        if adjustment is not None:
            other = adjustment.test(t)
            s1 = np.where(other, terms["adjust"]["first_share"], terms["first_share"])
            s2 = np.where(other, terms["adjust"]["second_share"], terms["second_share"])
        cash, dues = [account.flows["available_cash"][t] for account in accounts], [a.fall_due(t) for a in accounts]
        A, D = (cash[0], dues[0]) if not pooled else (sum(cash), sum(dues))
        gap = s1 * A - D
        if not pooled:
            paid = np.minimum(s1 * A, D)
            funder = paid + s2 * (A - np.minimum(A, D / s1))
            accounts[0].settle(t, paid, funder, A - funder, gap)
            continue
        rest = A - np.minimum(A, D / s1)
        served = np.where(s1 * A >= D, 1.0, part_of(s1 * A, D))  # exactly all, where there is enough
        for account, available, due in zip(accounts, cash, dues, strict=True):
            paid, own_rest = served * due, rest * part_of(available, A)
            host = (1 - s1) * (paid / s1) + (1 - s2) * own_rest
            account.settle(t, paid, paid + s2 * own_rest, host, gap)
    if adjustment is None:
        return None
    for account in accounts:
        account.adjusted = adjustment.holds
    return adjustment.margin


def split_all(
    ctx: Context, ventures: Sequence[tuple[Mapping, Site, Mapping[str, Array]]]
) -> tuple[list[Account], list[Array | None]]:
    """Split the available cash of all ventures between funder and host.

    Parameters
    ----------
    ventures
        Of each its terms (see `drawn_terms`), its site and its rows.

    Returns
    -------
    list
        The account of each venture, with its rows ``(T, n)``.
    list
        The margin of each venture's adjustment, or one for the pool.
    """
    accounts = [Account(ctx, terms, site, flows) for terms, site, flows in ventures]
    if given(ctx.study["agreement"]["split"], "pooling", "none") == "umbrella":
        return accounts, [split_pool(ctx, accounts, pooled=True)] if accounts else []
    margins = []
    for account in accounts:
        if account.terms["mode"] != "none":
            margins.append(split_pool(ctx, [account], pooled=False))
            continue
        A, rows = account.flows["available_cash"], account.rows
        rows["distribution_funder"] = account.terms["funder_share"] * A
        rows["distribution_host"] = A - rows["distribution_funder"]
        margins.append(None)
    return accounts, margins


def split_cash(ctx: Context, terms: Mapping, site: Site, flows: Mapping[str, Array]) -> dict[str, Array]:
    """Split the available cash of one project alone, ``(T, n)`` each."""
    return split_all(ctx, [(terms, site, flows)])[0][0].rows


def declined_in(ctx: Context, T: int) -> Array:
    """Return the budgets whose funding is declined in each step, ``(T, n)``."""
    rows = np.zeros((T, len(ctx.paths)))
    for chosen in ctx.world.selections.values():
        due = np.where(chosen.declined > 0, chosen.due, 0.0)
        step = np.floor(due * ctx.clock.m + 1e-9)
        rows += np.where((np.arange(T)[:, None] == step) & (chosen.declined > 0), chosen.budget, 0.0)
    return rows


def diverted(ctx: Context, distribution: Array) -> Array:
    """Return what of the funder's distributions, summed over the ventures, goes to the host to catch up."""
    clause, T = ctx.study["agreement"]["catch_up"], len(distribution)
    forgone, share = declined_in(ctx, T), given(clause, "share", 1.0)
    rows = np.zeros_like(distribution)
    if clause["until"] == "years":
        steps = math.floor(clause["years"] * ctx.clock.m + 1e-9)
        for t in range(T):
            since = forgone[max(t - steps, 0) : t]
            rows[t] = np.where((since > 0).any(axis=0), share * distribution[t], 0.0)
        return rows
    left = np.zeros(len(ctx.paths))
    for t in range(T):
        left = left + forgone[t]
        rows[t] = np.minimum(share * distribution[t], left)
        left = left - rows[t]
    return rows


def catch_up(ctx: Context, ventures: Sequence[dict[str, Array]]) -> Array:
    """Divert distributions of all ventures to the host, in place; return what is diverted in all, ``(T, n)``."""
    total = sum(flows["distribution_funder"] for flows in ventures)
    row = diverted(ctx, total)
    for flows in ventures:
        own = flows["distribution_funder"] * part_of(row, total)
        flows["distribution_funder"] = flows["distribution_funder"] - own
        flows["distribution_host"] = flows["distribution_host"] + own
    return row
