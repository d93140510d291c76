"""Quantities of a path (section 10): of one unit, and of several together."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import optimize

from reference.basics import Array, given
from reference.context import Context, Site, distance, funder_factors
from reference.curves import discount_factors
from reference.split import Account, split_of
from reference.stack import STACK_LOSSES, STACK_VALUES
from reference.world import Venture


def sign_changes(flow: Array) -> int:
    """Return how often a sequence changes sign; zeros are passed over."""
    signs = np.sign(flow[flow != 0])
    return int((signs[1:] != signs[:-1]).sum())


def present_value_at(flow: Array, times: Array) -> Callable[[float], float]:
    """Return w -> sum flow exp(-w t), up to a positive factor that keeps it finite; w = log(1 + r)."""
    (nonzero,) = np.nonzero(flow)
    first, last = times[nonzero[0]], times[nonzero[-1]]

    def value(w: float) -> float:
        return float(np.sum(flow * np.exp(np.minimum(-w * (times - (first if w > 0 else last)), 700.0)) * (flow != 0)))

    return value


def root_between(value: Callable[[float], float], lo: float, hi: float) -> float:
    """Return r = exp(w) - 1 at the root w in a bracket that is widened where it is open (infinite)."""
    a, b = max(lo, -1.0), min(hi, 1.0)
    while value(a) * value(b) > 0 and max(abs(a), abs(b)) < 1e6:
        a, b = (2 * a if math.isinf(lo) else a), (2 * b if math.isinf(hi) else b)
    if value(a) * value(b) > 0:
        return math.nan
    return math.expm1(optimize.brentq(value, a, b, xtol=1e-15, rtol=1e-15, maxiter=1000))


def irr(calls: Array, receipts: Array, times: Array) -> tuple[float, int]:
    """Return the yearly effective internal rate of one path's flows, and how many roots were found.

    -1 where no step brings more than it calls; undefined where neither the flows nor their running sum change
    sign once.
    """
    if not calls.any():
        return math.nan, 0
    flow = receipts - calls
    if not (flow > 0).any():
        return -1.0, 1
    value = present_value_at(flow, times)
    if sign_changes(flow) == 1:
        return root_between(value, -math.inf, math.inf), 1
    if sign_changes(np.cumsum(flow)) == 1:
        return root_between(value, 0.0, math.inf), 1
    return math.nan, 0


def payback(calls: Array, receipts: Array, m: int) -> float:
    """Return the years from the first call until the receipts have made up for the calls."""
    if not (calls > 0).any():
        return math.nan
    first = int(np.argmax(calls > 0))
    whole = np.cumsum(receipts) >= np.cumsum(calls)
    whole[: first + 1] = False
    return (int(np.argmax(whole)) - first) / m if whole.any() else math.inf


def flow_quantities(ctx: Context, calls: Array, receipts: Array, host: Array) -> tuple[dict, dict]:
    """Return the quantities that follow from a unit's flows alone, and the margins of the discrete ones."""
    times, n = ctx.clock.ends, calls.shape[1]
    parties, curves = ctx.study["parties"], ctx.study["curves"]
    df_funder = funder_factors(ctx)
    df_host = discount_factors(curves[parties["host"]["discount"]["study"]], times)[:, None]
    rates = [irr(calls[:, i], receipts[:, i], times) for i in range(n)]
    paid, received = calls.sum(axis=0), receipts.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        multiple = np.where(paid > 0, received / paid, np.nan)
    quantities = {
        "npv_funder": (df_funder * (receipts - calls)).sum(axis=0),
        "pv_host": (df_host * host).sum(axis=0),
        "irr_funder": np.array([rate for rate, _ in rates]),
        "moic_funder": multiple,
        "payback_years": np.array([payback(calls[:, i], receipts[:, i], ctx.clock.m) for i in range(n)]),
    }
    scale = np.maximum(paid, 1e-300)
    net, running = receipts - calls, np.cumsum(receipts - calls, axis=0)
    begun = np.cumsum(calls, axis=0) > 0
    running_margin = np.where(begun, np.abs(running), np.inf).min(axis=0) / scale
    both = np.where((calls > 0) & (receipts > 0), np.abs(net), np.inf).min(axis=0) / scale
    several = np.array([0.0 if count > 1 else 1.0 for _, count in rates])
    return quantities, {
        "payback": running_margin,
        "irr": np.minimum(np.minimum(running_margin, both), several),
    }


def recovery_years(ctx: Context, terms: Mapping, site: Site, flows: Mapping[str, Array]) -> Array:
    """Return the years from completion until the funder is first whole."""
    n = len(ctx.paths)
    if terms["mode"] == "none":
        return np.full(n, np.nan)
    age = ctx.clock.ends[:, None] - site.completion
    if terms["mode"] == "periodic":
        # age in the deemed allocation's sense stops with operation
        whole = (flows["age_end"] >= terms["deemed_life_years"]) & (flows["carry"] == 0)
    else:
        whole = (age >= 0) & (flows["deemed_balance"] == 0)
    first = np.argmax(whole, axis=0)
    return np.where(whole.any(axis=0), age[first, np.arange(n)], np.inf)


def deemed_parts(terms: Mapping, split: Mapping[str, Array]) -> tuple[Array, Array, Array]:
    """Return what tier one received, what it still owes of what fell due, and all that is open at the end."""
    if terms["mode"] == "periodic":
        carry = split["carry"][-1]
        return split["paid"].sum(axis=0), carry, carry + split["deemed_balance"][-1]
    if terms["mode"] == "cumulative":
        received = np.minimum(split["distribution_funder"], split["due"]).sum(axis=0)
        return received, split["deemed_balance"][-1], split["deemed_balance"][-1]
    zero = np.zeros(split["due"].shape[1])
    return zero, zero, zero


def ratio(above: Array, below: Array) -> Array:
    """Return above / below, undefined where nothing is below."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(below > 0, above / below, np.nan)


PRESENT_VALUES = {
    "developer_fee": "fee_paid",
    "vendor_margin": "vendor_margin",
    "supply_chain_benefit": "supply_chain_benefit",
}
"""Quantity -> the row of which it is the present value, at the funder's discount factors."""


def own_quantities(
    ctx: Context, venture: Venture, site: Site, flows: Mapping, account: Account
) -> tuple[dict, dict, dict]:
    """Return a venture's quantities that do not follow from its flows with the parties alone, its margins, and the
    sums that a portfolio needs."""
    terms = split_of(ctx.study, venture.project)
    completed = site.completion <= ctx.clock.horizon
    cost = site.spend.sum(axis=0)
    received, owed, open_ = deemed_parts(terms, account.rows)  # what was diverted counts as received
    with np.errstate(invalid="ignore", divide="ignore"):
        over, late = cost / site.expected_cost - 1, 12 * (site.completion - (site.plan_start + site.duration))
    quantities = {
        "funded": site.funded,
        "completed": completed.astype(float),
        "cancelled": np.isfinite(site.stop).astype(float),
        "declined": site.declined,
        "cost": cost,
        "cost_overrun": np.where(completed, over, np.nan),
        "overrun_sampled": np.where(site.funded > 0, site.overrun - 1, np.nan),
        "delay_months": np.where(completed, late, np.nan),
    }
    whole = recovery_years(ctx, terms, site, flows)
    quantities["recovery_years"] = np.where(site.funded > 0, whole, np.nan)
    quantities["deemed_share"] = ratio(received, received + owed)
    quantities["deemed_open"] = open_
    for quantity, row in PRESENT_VALUES.items():
        quantities[quantity] = (funder_factors(ctx) * flows[row]).sum(axis=0)
    margins = dict(site.margins)
    margins["completion"] = distance(site.completion, ctx.clock.horizon)
    margins["whole"] = whole_margin(ctx, terms, venture.project, site, flows, account.gap)
    if given(ctx.study, "stack") is not None:
        margins["repayment"] = repayment_margin(ctx, site)
    sums = {
        "received": received,
        "fallen_due": received + owed,
        "expected_cost": np.where(completed, site.expected_cost, 0.0),
        "budget": site.budget,
    }
    return quantities, margins, sums


def whole_margin(ctx: Context, terms: Mapping, project: Mapping, site: Site, flows: Mapping, gap: Array) -> Array:
    """Return how near a path comes to another step of being whole: in budgets, or in years of age.

    ``gap`` is by how much what tier one could pay exceeds what is due.
    """
    if terms["mode"] == "none":
        return np.ones(len(ctx.paths))
    margin = np.where(flows["due"] > 0, np.abs(gap) / project["budget"], np.inf).min(axis=0)
    life = terms["deemed_life_years"] if terms["mode"] == "periodic" else 0.0
    return np.minimum(margin, np.abs(ctx.clock.ends[:, None] - site.completion - life).min(axis=0))


def repayment_margin(ctx: Context, site: Site) -> Array:
    """Return how near a path comes to another first repayment step, years."""
    starts = np.arange(ctx.clock.steps)[:, None] * ctx.step
    return distance(site.completion, starts + 1e-9).min(axis=0)


@dataclass
class Part:
    """One venture of a portfolio or of a pipeline: its quantities, the sums that these need, and its rows.

    ``account`` is the split's, before any catch-up; ``stack`` holds the rows of `run_stack`, none without a stack.
    """

    venture: Venture
    site: Site
    flows: dict[str, Array]
    quantities: dict[str, Array] = field(default_factory=dict)
    sums: dict[str, Array] = field(default_factory=dict)
    stack: dict[str, Array] = field(default_factory=dict)
    account: Account | None = None


def host_net(flows: Mapping[str, Array]) -> Array:
    """Return the host's flow: what it receives less what it pays of the cost, for good or until a call is paid."""
    return flows["distribution_host"] - flows["host_spend"] - flows["bridged"]


def joint_quantities(ctx: Context, parts: Sequence[Part], flows: Mapping[str, Array]) -> tuple[dict, dict]:
    """Return the quantities and margins of several ventures together; ``flows`` are their summed rows."""
    budgets = np.array([part.sums["budget"] for part in parts])

    def rows(quantity: str) -> Array:
        return np.array([part.quantities[quantity] for part in parts])

    done = rows("completed")
    expected = np.array([part.sums["expected_cost"] for part in parts])
    quantities = {
        "funded": rows("funded").sum(axis=0),
        "completed": done.sum(axis=0),
        "cancelled": rows("cancelled").sum(axis=0),
        "declined": rows("declined").sum(axis=0),
        "cost": rows("cost").sum(axis=0),
        "cost_overrun": ratio((done * rows("cost")).sum(axis=0), (done * expected).sum(axis=0)) - 1,
        "overrun_sampled": ratio(
            (budgets * np.nan_to_num(rows("overrun_sampled"))).sum(axis=0), (budgets * rows("funded")).sum(axis=0)
        ),
        "delay_months": ratio(
            (budgets * np.nan_to_num(rows("delay_months"))).sum(axis=0), (budgets * done).sum(axis=0)
        ),
    }
    from_flows, margins = flow_quantities(ctx, flows["calls"], flows["distribution_funder"], host_net(flows))
    quantities |= from_flows
    whole = rows("recovery_years")
    quantities["recovery_years"] = np.where(
        np.isnan(whole).all(axis=0), np.nan, np.where(np.isnan(whole), -np.inf, whole).max(axis=0)
    )
    quantities["deemed_share"] = ratio(
        sum(part.sums["received"] for part in parts), sum(part.sums["fallen_due"] for part in parts)
    )
    more = (*STACK_VALUES, *STACK_LOSSES) if given(ctx.study, "stack") is not None else ()
    for quantity in ("deemed_open", *PRESENT_VALUES, *more):
        quantities[quantity] = rows(quantity).sum(axis=0)
    return quantities, margins


NOT_SUMMED = ("rate", "age_start", "age_end")


def summed(flows: Sequence[Mapping[str, Array]]) -> dict[str, Array]:
    """Return the sums of the rows of several ventures; rates and ages have none."""
    names = dict.fromkeys(name for rows in flows for name in rows if name not in NOT_SUMMED)
    return {name: sum(rows[name] for rows in flows if name in rows) for name in names}
