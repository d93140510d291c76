"""Operation (section 7): output, contracts, costs, debt, tax, and the cash that is left."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reference.basics import Array, given
from reference.construction import subscription_score
from reference.context import Context, Site
from reference.dates import overlap
from reference.factors import composite
from reference.world import Venture


def availability(ctx: Context, venture: Venture) -> Array:
    """Return the availability of each step, from the stationary score, ``(T, n)``."""
    clause = venture.project["operation"]["availability"]
    phi = given(clause, "persistence", 0.0) ** ctx.step
    e = ctx.draws.scores(f"project/{venture.name}/availability", np.arange(ctx.clock.steps), ctx.paths)
    v = np.empty_like(e)
    v[0] = e[0]
    for t in range(1, len(e)):
        v[t] = phi * v[t - 1] + math.sqrt(1 - phi**2) * e[t]
    return ctx.law_value(f"{venture.key}.operation.availability.law", clause["law"], v)


@dataclass
class Shares:
    """Shares of the capacity and of each step, ``(T, n)``: all that operates, what a contract covers, and what one
    covered until its offtaker's default. ``made_*`` are the same after ramp-up."""

    operating: Array
    contracted: Array
    defaulted: Array
    made: Array
    made_contracted: Array
    made_defaulted: Array


def ramp_factor(ramp: Sequence[float], begin: Array, end: Array, T: int, m: int) -> Array:
    """Return the mean ramp-up over the part of each step in which a phase operates."""
    whole = overlap(begin, end, T, m)
    parts = [level * overlap(begin + j, np.minimum(begin + j + 1, end), T, m) for j, level in enumerate(ramp)]
    ramped = sum(parts) + overlap(begin + len(ramp), end, T, m)
    return np.where(whole > 0, ramped / np.where(whole > 0, whole, 1.0), 1.0)


def default_time(ctx: Context, contract: Mapping | None) -> Array:
    """Return when the offtaker of a contract defaults, years; infinite without one."""
    offtaker = given(contract, "offtaker")
    hazard = given(ctx.study["offtakers"][offtaker], "default_hazard", 0.0) if offtaker is not None else 0.0
    if hazard == 0:
        return np.full(len(ctx.paths), math.inf)
    return -np.log1p(-ctx.draws.uniforms(f"offtaker/{offtaker}/default", 0, ctx.paths)) / hazard


def operating_shares(ctx: Context, plant: Mapping, site: Site) -> Shares:
    """Return which share of the capacity operates in which part of each step, and on what terms."""
    T, m = ctx.clock.steps, ctx.clock.m
    contract, ramp = given(plant, "contract"), given(plant, "ramp_up")
    end = np.minimum(site.completion + plant["life_years"], site.gone)
    tenor_end = np.minimum(site.completion + given(contract, "tenor_years", 0.0), end)
    default = default_time(ctx, contract)
    rows = {name: np.zeros((T, len(ctx.paths))) for name in Shares.__dataclass_fields__}
    for share, begin in site.phase_starts:
        parts = {"operating": share * overlap(begin, end, T, m)}
        if contract is not None:
            parts["contracted"] = share * overlap(begin, np.minimum(tenor_end, default), T, m)
            parts["defaulted"] = share * overlap(np.maximum(begin, default), tenor_end, T, m)
        factor = 1.0 if ramp is None else ramp_factor(ramp, begin, end, T, m)
        for name, made in (("operating", "made"), ("contracted", "made_contracted"), ("defaulted", "made_defaulted")):
            if name in parts:
                rows[name] = rows[name] + parts[name]
                rows[made] = rows[made] + parts[name] * factor
    return Shares(**rows)


def full_output(ctx: Context, venture: Venture, site: Site, flows: Mapping[str, Array]) -> Array:
    """Return what the whole capacity would make in each step, units of output."""
    project, plant = venture.project, venture.project["operation"]
    mw = given(project, "capacity_mw")
    yearly = (mw * 8766.0 if mw is not None else project["capacity"]) * site.size * site.achieved
    full = yearly * ctx.step * availability(ctx, venture)
    if given(plant, "degradation") is not None:
        full = full * (1 - plant["degradation"]) ** flows["age_start"]
    if given(plant, "volume_factor") is not None:
        full = full * ctx.factors.observed[plant["volume_factor"]]
    return full


def operate(ctx: Context, venture: Venture, site: Site) -> dict[str, Array]:
    """Operate a project: revenue, costs, tax, debt, fee and available cash, money units, ``(T, n)`` each."""
    name, project, plant = venture.name, venture.project, venture.project["operation"]
    times, observed, life = ctx.clock.ends[:, None], ctx.factors.observed, plant["life_years"]
    unit = float(ctx.study["study"]["money_unit"])
    flows = {
        "age_start": np.clip(times - ctx.step - site.completion, 0.0, life),
        "age_end": np.clip(times - site.completion, 0.0, life),
    }
    shares, full = operating_shares(ctx, plant, site), full_output(ctx, venture, site, flows)
    contract, price, part = given(plant, "contract"), np.zeros_like(full), 0.0
    if contract is not None:
        key = f"{venture.key}.operation.contract"
        score = subscription_score(ctx, name, project, site.cost_score)
        part = ctx.law_value(f"{key}.share", contract["share"], score)
        price = ctx.law(f"{key}.price", contract["price"], f"project/{name}/contract")
        if given(contract, "indices"):
            price = price * composite(contract["indices"], observed)
        else:
            price = price * (1 + given(contract, "escalator", 0.0)) ** times
    flows["operating"], flows["contracted"] = shares.operating, shares.contracted * part
    q, q_contract = full * shares.made, full * (shares.made_contracted * part)
    q_default = full * (shares.made_defaulted * part)
    q_merchant = q - q_contract - q_default
    discount, merchant = 1 - given(contract, "default_discount", 0.0), given(plant, "merchant")
    fuel, variable, fixed = given(plant, "fuel"), given(plant, "variable_om"), given(plant, "fixed_om")
    if given(plant, "dispatch", "must_run") == "economic":
        market = observed[merchant["factor"]] * given(merchant, "basis", 1.0) if merchant is not None else 0.0
        unit_cost = 0.0
        if fuel is not None:
            unit_cost = fuel["heat_rate"] * observed[fuel["factor"]] * given(fuel, "basis", 1.0)
        if variable is not None:
            unit_cost = unit_cost + variable["per_output"] * composite(given(variable, "indices"), observed)
        site.margins = {
            **site.margins,
            "dispatch": np.minimum(
                dispatch_margin(market, unit_cost, q_merchant), dispatch_margin(discount * market, unit_cost, q_default)
            ),
        }
        flows["idle"] = np.where(market > unit_cost, 0.0, q_merchant)
        flows["idle"] = flows["idle"] + np.where(discount * market > unit_cost, 0.0, q_default)
        q_merchant = np.where(market > unit_cost, q_merchant, 0.0)
        q_default = np.where(discount * market > unit_cost, q_default, 0.0)
        q = q_contract + q_merchant + q_default
    flows["output"], flows["output_contracted"] = q, q_contract
    flows["output_merchant"], flows["output_defaulted"] = q_merchant, q_default

    flows["revenue"] = q_contract * price / unit
    if merchant is not None:
        flows["revenue"] = flows["revenue"] + (
            q_merchant * observed[merchant["factor"]] * given(merchant, "basis", 1.0) / unit
        )
        if q_default.any():
            flows["revenue"] = flows["revenue"] + (
                q_default * discount * observed[merchant["factor"]] * given(merchant, "basis", 1.0) / unit
            )
    mw, capacity, credit = (
        given(project, "capacity_mw"),
        given(plant, "capacity_payment"),
        given(plant, "output_credit"),
    )
    if capacity is not None:
        years = ctx.step * (flows["operating"] - flows["contracted"])
        rate = observed[capacity["factor"]] * given(capacity, "credit", 1.0) * 365.25
        flows["capacity_payment"] = rate * mw * site.size * site.achieved * years / unit
        flows["revenue"] = flows["revenue"] + flows["capacity_payment"]
    if credit is not None:
        flows["output_credit"] = output_credit(ctx, plant, site, credit, q) / unit
        flows["revenue"] = flows["revenue"] + flows["output_credit"]

    flows["fuel"] = np.zeros_like(q)
    if fuel is not None:
        burnt = q - given(contract, "fuel_pass_through", 0.0) * q_contract
        flows["fuel"] = fuel["heat_rate"] * observed[fuel["factor"]] * given(fuel, "basis", 1.0) * burnt / unit
    flows["om"] = np.zeros_like(q)
    if variable is not None:
        flows["om"] = flows["om"] + q * variable["per_output"] * composite(given(variable, "indices"), observed) / unit
    if fixed is not None:
        yearly = fixed["per_mw_year"] * mw if given(fixed, "per_mw_year") is not None else fixed["per_year"]
        yearly = yearly * site.size
        flows["om"] = (
            flows["om"] + yearly * ctx.step * shares.operating * composite(given(fixed, "indices"), observed) / unit
        )
    flows |= cash_of(ctx, venture, site, flows)
    return flows


def dispatch_margin(price: Array, cost: Array, output: Array) -> Array:
    """Return how near the price comes to the cost of a unit, relative to both, where there is output."""
    near = np.abs(price - cost) / np.maximum(np.abs(price) + np.abs(cost), 1e-300)
    return np.where(output > 0, near, math.inf).min(axis=0)


def output_credit(ctx: Context, plant: Mapping, site: Site, credit: Mapping, output: Array) -> Array:
    """Return the credit on the output of the first years since completion, currency."""
    T, m = ctx.clock.steps, ctx.clock.m
    end = np.minimum(site.completion + plant["life_years"], site.gone)
    within = np.minimum(end, site.completion + credit["years"])
    operating = sum(share * overlap(begin, end, T, m) for share, begin in site.phase_starts)
    inside = sum(share * overlap(begin, within, T, m) for share, begin in site.phase_starts)
    part = np.where(operating > 0, inside / np.where(operating > 0, operating, 1.0), 0.0)
    growth = (1 + given(credit, "escalator", 0.0)) ** ctx.clock.ends[:, None]
    return credit["per_output"] * growth * output * part


CASH_ROWS = (
    "depreciation",
    "losses",
    "tax",
    "arrears",
    "arrears_ended",
    "debt_interest",
    "debt_capitalised",
    "debt_principal",
    "debt_paid",
    "debt_arrears",
    "debt_balance",
    "fee_part",
    "fee_paid",
    "fee_owed",
    "salvage",
    "salvage_to_debt",
    "available_cash",
    "closed",
)


def cash_of(ctx: Context, venture: Venture, site: Site, flows: dict[str, Array]) -> dict[str, Array]:
    """Go through the steps' cash: tax, arrears, senior debt, fee, abandonment.

    Where a project is abandoned its rows in ``flows`` end with that step, and its ages stand still.
    ``debt_balance`` is all that lenders are owed at the step's end, debt arrears among it.
    """
    plant, h, (T, n) = venture.project["operation"], ctx.step, flows["output"].shape
    tax, senior, fee = given(plant, "tax"), given(plant, "senior_debt"), given(plant, "developer_fee")
    operating_rows = [name for name in flows if not name.startswith("age_")]
    S = np.cumsum(site.spend, axis=0)
    rows = {name: np.zeros((T, n)) for name in CASH_ROWS}
    ages = {name: flows[name].copy() for name in ("age_start", "age_end")}
    owed, losses, unserved, fee_owed = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    drawn = np.zeros(n)  # what the lenders have paid in, with capitalised interest
    counted, closing_age, closed = np.zeros(n), np.full(n, math.inf), np.zeros(n, dtype=bool)
    amount, fee_years = np.zeros(n), np.ones(n)
    if fee is not None:
        key, project = f"{venture.key}.operation.developer_fee", f"project/{venture.name}"
        drawn_amount = ctx.law(f"{key}.amount", fee["amount"], f"{project}/fee")
        fee_years = ctx.law(f"{key}.years", fee["years"], f"{project}/fee_years")
        tolerance = given(fee, "tolerance", 0.0)
        amount = np.where(site.shortfall <= tolerance, drawn_amount, 0.0)
        site.margins = {**site.margins, "fee": np.abs(site.shortfall - tolerance) * np.ones(n)}
    abandon_after = given(plant, "abandon_after_years", math.inf)
    near_arrears = np.full(n, math.inf)
    end_of_building = np.minimum(site.completion, site.gone)
    for t in range(T):
        for name in operating_rows:
            flows[name][t] = np.where(closed, 0.0, flows[name][t])
        a0 = ages["age_start"][t] = np.minimum(ages["age_start"][t], closing_age)
        a1 = ages["age_end"][t] = np.minimum(ages["age_end"][t], closing_age)
        margin = flows["revenue"][t] - flows["fuel"][t] - flows["om"][t]

        interest = principal = np.zeros(n)
        if senior is not None:
            tenor = senior["tenor_years"]
            r = np.maximum(0.0, ctx.rate_at_start(senior["reference_rate"], t) + senior["margin"])
            before = np.clip(end_of_building - t * h, 0.0, h)
            open_before = drawn * (1 - np.minimum(a0, tenor) / tenor)
            capitalised = r * drawn * before
            interest = r * (open_before + unserved) * (a1 - a0)
            drawn = drawn + capitalised + site.lender_spend[t]
            principal = drawn * (np.minimum(a1, tenor) - np.minimum(a0, tenor)) / tenor
            rows["debt_capitalised"][t] = capitalised
        part = np.zeros(n)
        if fee is not None:
            part = amount * (np.minimum(a1, fee_years) - np.minimum(a0, fee_years)) / fee_years

        paid_tax = np.zeros(n)
        if tax is not None:
            years = tax["life_years"]
            depreciation = S[t] * (np.minimum(a1, years) - np.minimum(a0, years)) / years
            income = margin - part - interest - depreciation
            offset = np.minimum(losses, given(tax, "nol_limit", 0.0) * np.maximum(income, 0.0))
            losses = np.where(income < 0, losses - income, losses - offset)
            paid_tax = tax["rate"] * np.maximum(0.0, income - offset)
            rows["depreciation"][t] = depreciation

        left = margin - paid_tax - owed
        near = np.where((flows["operating"][t] > 0) & ~closed, np.abs(left), math.inf)
        near_arrears = np.minimum(near_arrears, near)
        owed, cash = np.maximum(-left, 0.0), np.maximum(left, 0.0)

        due = interest + principal + unserved
        paid = np.minimum(due, cash)
        unserved, cash = due - paid, cash - paid
        fee_due = fee_owed + part
        fee_paid = np.minimum(fee_due, cash)
        fee_owed, cash = fee_due - fee_paid, cash - fee_paid

        salvage = site.salvage[t] if np.ndim(site.salvage) else np.zeros(n)
        tenor = given(senior, "tenor_years", 1.0)
        balance = drawn * (1 - np.minimum(a1, tenor) / tenor) + unserved
        to_debt = np.minimum(salvage, balance)
        drawn, balance = drawn - to_debt, balance - to_debt
        cancelled = (site.stop < (t + 1 - 1e-9) * h) & (site.funded > 0)
        ended = np.where(cancelled, owed, 0.0)
        owed = owed - ended

        counted = np.where(owed > 0, counted + h, 0.0)
        # a plant at the end of its life is not given up any more
        closing = (counted >= abandon_after - 1e-9) & ~closed & (a1 < plant["life_years"])
        closed = closed | closing
        closing_age = np.where(closing, a1, closing_age)
        for name, value in {
            "losses": losses,
            "tax": paid_tax,
            "arrears": owed,
            "arrears_ended": ended,
            "debt_interest": interest,
            "debt_principal": principal,
            "debt_paid": paid,
            "debt_arrears": unserved,
            "debt_balance": balance,
            "fee_part": part,
            "fee_paid": fee_paid,
            "fee_owed": fee_owed,
            "salvage": salvage,
            "salvage_to_debt": to_debt,
            "available_cash": cash + (salvage - to_debt),
            "closed": closed,
        }.items():
            rows[name][t] = value
    if math.isfinite(abandon_after):
        scale = np.where(site.budget > 0, site.budget, 1.0)
        site.margins = {**site.margins, "abandon": near_arrears / scale}
    return rows | ages
