"""Operation: availability, revenue, costs, tax, debt, fee, available cash (section 7 of the model page).

Index legend: t = step, l = lane; ``p`` is the project's record, ``c`` the plan's constants, ``x`` the first element
of the step's factor rows. Money is in the study's unit.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import float64, uint64

from spvrisk.kernel import draws as draw
from spvrisk.kernel import rows as R
from spvrisk.kernel.construction import draw_law, finish, index
from spvrisk.kernel.maths import L, U, exp, fused
from spvrisk.kernel.simd import WIDE, larger, load, smaller, spread, store, where
from spvrisk.kernel.tables import look_up
from spvrisk.kernel.whole_rows import fill


@fused
def draw_contract(site):
    """Contract price, contracted share and subscribed share; no contract is a share of 0.

    One score serves both shares, correlated with that of the overrun: where costs rise, buyers leave.
    """
    w, c, p = site.w, site.c, site.p
    draw_law(w, c, site.draws, R.PRICE, p.price_law, p.contract_stream, 0.0)
    fill(w, R.SHARE, 0.0)
    fill(w, R.SUBSCRIBED, 1.0)
    if p.share_law >= 0 or p.subscription_law >= 0:
        draw.scores(site.draws, w, R.CONTRACT_SCORE, p.subscription_stream)
        rho = p.subscription_rho
        rest = (1.0 - rho * rho) ** 0.5
        for l in range(U(0), L, U(WIDE)):
            store(w, R.CONTRACT_SCORE + l, rho * load(w, R.COST_SCORE + l) + rest * load(w, R.CONTRACT_SCORE + l))
        if p.share_law >= 0:
            look_up(w, R.CONTRACT_SCORE, R.SHARE, c, p.share_law)
        if p.subscription_law >= 0:
            look_up(w, R.CONTRACT_SCORE, R.SUBSCRIBED, c, p.subscription_law)


@fused
def draw_plant(site):
    """Capacity achieved, and the developer's fee a year, which is due only where enough of it is."""
    w, c, p, draws = site.w, site.c, site.p, site.draws
    draw_law(w, c, draws, R.SHORTFALL, p.shortfall_law, p.shortfall_stream, 0.0)
    draw_law(w, c, draws, R.FEE, p.fee_law, p.fee_stream, 0.0)
    draw_law(w, c, draws, R.FEE_YEARS, p.fee_years_law, p.fee_years_stream, p.fee_years)
    for l in range(U(0), L, U(WIDE)):
        shortfall, fee = load(w, R.SHORTFALL + l), load(w, R.FEE + l) * (1.0 / load(w, R.FEE_YEARS + l))
        store(w, R.ACHIEVED + l, load(w, R.SIZE + l) * (1.0 - shortfall))
        store(w, R.FEE + l, where(shortfall <= p.fee_tolerance, fee, 0.0))


@fused
def years_since(completion, life, time):
    """Age of a plant at a time; it stops with operation."""
    return smaller(larger(time - completion, 0.0), life)


@fused
def age(w, begin, end):
    """Years since completion at the step's start and end."""
    for l in range(U(0), L, U(WIDE)):
        completion, life = load(w, R.COMPLETION + l), load(w, R.LIFE + l)
        store(w, R.AGE + l, years_since(completion, life, begin))
        store(w, R.AGE_END + l, years_since(completion, life, end))


class Running(NamedTuple):
    """Shares of a full step's capacity: values."""

    whole: Any
    """In operation."""
    contracted: Any
    """Under a living contract."""
    broken: Any
    """Under a contract that the offtaker has broken."""


class Sales(NamedTuple):
    """Output of a step, units: values."""

    output: Any
    contracted: Any
    broken: Any
    """As in `Running`."""


@fused
def with_phase(running, share, first, last, contract_end):
    """Add a phase's operation, from `first` to `last`, and what of it is under contract."""
    contracted = share * larger(smaller(contract_end, last) - first, 0.0)
    return Running(running.whole + share * larger(last - first, 0.0), running.contracted + contracted, running.broken)


@fused
def with_default(running, share, first, last, contract_end, default):
    """Take from a phase's contract what the offtaker has broken by then."""
    broken = share * larger(smaller(contract_end, last) - larger(first, default), 0.0)
    return Running(running.whole, running.contracted - broken, running.broken + broken)


@fused
def with_part(running, phase, factor):
    """Add what of a phase's operation runs."""
    return Running(
        running.whole + phase.whole * factor,
        running.contracted + phase.contracted * factor,
        running.broken + phase.broken * factor,
    )


@fused
def ramp_factor(c, ramp, start, until, begin):
    """Mean of the ramp-up over the part of the step, from `begin` to `until`, in which a phase operates."""
    lost = spread(0.0)
    for j in range(uint64(c[ramp])):
        year = float64(j)
        first, last = larger(start + year, begin), smaller(until, start + (year + 1.0))
        lost += c[ramp + U(1) + j] * larger(last - first, 0.0)
    return 1.0 - lost / larger(until - larger(start, begin), 1e-300)


@fused
def none_runs():
    """Nothing operates yet."""
    return Running(spread(0.0), spread(0.0), spread(0.0))


@fused
def operating(site, step, l, running, i):
    """Add what operates of phase `i` to what does of the phases before."""
    w, c, p = site.w, site.c, site.p
    phase = uint64(p.phases) + U(2) * i
    start, share = finish(w, site.at, p, l, c[phase + U(1)]), c[phase] / site.g.dt
    first, last = larger(start, step.begin), smaller(load(w, R.CLOSURE + l), step.end)
    contract_end = load(w, R.COMPLETION + l) + p.tenor
    running = with_phase(running, share, first, last, contract_end)
    if p.offtaker >= 0:
        default = load(w, site.at.default.first + uint64(p.offtaker) * L + l)
        running = with_default(running, share, first, last, contract_end, default)
    return running


@fused
def ramped(site, step, l):
    """What runs in the first years: the parts of each phase's operation, times its ramp-up."""
    w, c, p, runs = site.w, site.c, site.p, none_runs()
    for i in range(uint64(p.n_phases)):
        start = finish(w, site.at, p, l, c[uint64(p.phases) + U(2) * i + U(1)])
        until = smaller(load(w, R.CLOSURE + l), step.end)
        factor = ramp_factor(c, uint64(p.ramp_up), start, until, step.begin)
        runs = with_part(runs, operating(site, step, l, none_runs(), i), factor)
    return runs


@fused
def advance_score(w, persistence, z):
    """Stationary AR(1) score; row `z` holds the step's innovation."""
    keep, new = persistence, (1.0 - persistence * persistence) ** 0.5
    for l in range(U(0), L, U(WIDE)):
        score = keep * load(w, R.AVAILABILITY_SCORE + l) + new * load(w, z + l)
        store(w, R.AVAILABILITY_SCORE + l, score)


@fused
def draw_availability(site, t):
    """Availability score of a step; steps are gone through in order, and their innovations come by four."""
    p = site.p
    if t % U(4) == 0:
        draw.four_scores(site.draws, site.w, R.SCORE0, L, p.availability_stream, t // U(4))
    advance_score(site.w, p.persistence if t > 0 else 0.0, R.SCORE0 + t % U(4) * L)


@fused
def full_output(site, step, l):
    """Output of a full step, units: capacity, availability, degradation, volume."""
    w, p = site.w, site.p
    units = p.output * load(w, R.AVAILABILITY + l) * load(w, R.ACHIEVED + l)
    if p.degradation < 0.0:
        units *= exp(p.degradation * load(w, R.AGE + l))
    if p.volume_factor >= 0:
        units *= load(w, step.x + uint64(p.volume_factor) * L + l)
    return units


@fused
def produced(units, runs, share, breaks):
    """Output of the step, and the parts of it sold under a living and a broken contract."""
    broken = units * runs.broken * share if breaks else spread(0.0)
    return Sales(units * runs.whole, units * runs.contracted * share, broken)


@fused
def dispatched(sales, price, cost, kept):
    """Economic dispatch: what has no contract runs only where its price is above fuel and variable O&M."""
    rest = sales.output - sales.contracted - sales.broken
    broken = where(price * kept > cost, sales.broken, 0.0)
    return Sales(sales.contracted + broken + where(price > cost, rest, 0.0), sales.contracted, broken)


@fused
def sold(site, step, l, runs):
    """Output of the step and who takes it."""
    w, c, p, x = site.w, site.c, site.p, step.x
    sales = produced(full_output(site, step, l), runs, load(w, R.SHARE + l), p.offtaker >= 0)
    if p.economic == 1:
        price = load(w, x + uint64(p.merchant_factor) * L + l) * p.merchant_basis
        fuel = load(w, x + uint64(p.fuel_factor if p.fuel_factor >= 0 else 0) * L + l)
        cost = p.fuel_rate * fuel + p.variable_om * index(w, x, l, c, p.variable_basket)
        sales = dispatched(sales, price, cost, 1.0 - p.default_discount)
    return sales


@fused
def credited(first, last, until):
    """Part of the step's output that is credited: up to `until`."""
    # a plant that closed on the step's start has no time to divide by
    return where(until >= last, 1.0, larger(until - first, 0.0) / larger(last - first, 1e-300))


@fused
def revenue_of(site, step, l, running, sales):
    """Contract revenue at the escalated or indexed price, the rest at the merchant price; capacity, credit."""
    w, c, p, x, money = site.w, site.c, site.p, step.x, 1.0 / site.g.money_unit
    market = load(w, x + uint64(p.merchant_factor) * L + l)
    price = load(w, R.PRICE + l) * c[uint64(p.escalation) + step.t] * index(w, x, l, c, p.price_basket)
    rest = sales.output - sales.contracted - p.default_discount * sales.broken
    revenue = (sales.contracted * price + rest * market * p.merchant_basis) * money
    if p.payment_factor >= 0:
        free = running.whole - running.contracted * load(w, R.SHARE + l)
        rate = p.capacity_rate * money * load(w, x + uint64(p.payment_factor) * L + l)
        revenue += rate * load(w, R.ACHIEVED + l) * free
    if p.credit > 0.0:
        completion, last = load(w, R.COMPLETION + l), smaller(load(w, R.CLOSURE + l), step.end)
        part = credited(larger(completion, step.begin), last, completion + p.credit_years)
        revenue += p.credit * c[uint64(p.credit_escalation) + step.t] * money * sales.output * part
    return revenue


@fused
def costs_of(site, step, l, running, sales):
    """Fuel, less what the contract passes through; variable and fixed O&M on their indices."""
    w, c, p, x, money = site.w, site.c, site.p, step.x, 1.0 / site.g.money_unit
    costs = spread(0.0)
    if p.fuel_factor >= 0:
        price = p.fuel_rate * money * load(w, x + uint64(p.fuel_factor) * L + l)
        costs += price * (sales.output - p.pass_through * sales.contracted)
    costs += p.variable_om * money * sales.output * index(w, x, l, c, p.variable_basket)
    fixed = p.fixed_om * money * load(w, R.SIZE + l) * running.whole
    return costs + fixed * index(w, x, l, c, p.fixed_basket)


@fused
def over_years(age, age_end, years):
    """Years of a step, from one age of the plant to another, that lie in its first so many."""
    return smaller(age_end, years) - smaller(age, years)


@fused
def taxed(income, losses, rate, limit):
    """Tax on a step's income, and losses carried forward, which may offset a part of it."""
    gain, loss = larger(income, 0.0), larger(-income, 0.0)
    offset = smaller(losses, limit * gain)
    return rate * (gain - offset), losses + (loss - offset)


@fused
def paid_from(cash, due):
    """What is paid of an amount due, as far as there is cash; what stays due; what cash is left."""
    paid = smaller(due, cash)
    return paid, due - paid, cash - paid


@fused
def give_up(w, l, arrears, years, end, dt):
    """End the operation of a project whose arrears have not been paid for so many years; age stops with it."""
    closure, life, completion = load(w, R.CLOSURE + l), load(w, R.LIFE + l), load(w, R.COMPLETION + l)
    unpaid = where(arrears > 0.0, load(w, R.ARREARS_YEARS + l) + dt, 0.0)
    closes = (unpaid >= years - 1e-9) & (end < closure)
    store(w, R.ARREARS_YEARS + l, unpaid)
    store(w, R.CLOSURE + l, where(closes, end, closure))
    store(w, R.LIFE + l, where(closes, larger(end - completion, 0.0), life))


@fused
def keep_earnings(w, l, running, sales, revenue, costs):
    """What others read of a step's operation."""
    store(w, R.OPERATING + l, running.whole)
    store(w, R.OUTPUT + l, sales.output)
    store(w, R.CONTRACT_OUTPUT + l, sales.contracted)
    store(w, R.REVENUE + l, revenue)
    store(w, R.COSTS + l, costs)


@fused
def earn(site, step, l, ramping):
    """Revenue and costs of a step."""
    running = none_runs()
    for i in range(uint64(site.p.n_phases)):
        running = operating(site, step, l, running, i)
    sales = sold(site, step, l, ramped(site, step, l) if ramping else running)
    revenue, costs = revenue_of(site, step, l, running, sales), costs_of(site, step, l, running, sales)
    keep_earnings(site.w, l, running, sales, revenue, costs)
    return revenue, costs


@fused
def distribute_cash(site, l, revenue, costs, fee):
    """Who is paid before the two sides; what remains is the available cash A_t >= 0. Returns the plant's arrears.

    Costs, tax and what was short of them before come first; then the lenders, with what they were not paid before; then
    the developer's fee, with what is owed of it. Nothing of this bears interest. Ring-fenced tax is on what is left
    after costs, fee and interest, as they fall due, and straight-line depreciation of all that was spent.
    """
    w, p = site.w, site.p
    age, age_end = load(w, R.AGE + l), load(w, R.AGE_END + l)
    depreciation = load(w, R.OUT.cost + l) * over_years(age, age_end, p.tax_life) / p.tax_life
    income = revenue - costs - fee - load(w, R.INTEREST + l) - depreciation
    tax, losses = taxed(income, load(w, R.LOSSES + l), p.tax_rate, p.nol_limit)
    cash = revenue - costs - tax - load(w, R.ARREARS + l)
    available, arrears = larger(cash, 0.0), larger(-cash, 0.0)
    if p.debt_share > 0.0:
        principal = load(w, R.DEBT + l) * over_years(age, age_end, p.debt_tenor) / p.debt_tenor
        due = load(w, R.INTEREST + l) + principal + load(w, R.DEBT_ARREARS + l)
        paid, unpaid, available = paid_from(available, due)
        store(w, R.DEBT_SERVICE + l, paid)
        store(w, R.DEBT_ARREARS + l, unpaid)
    if p.fee_law >= 0:
        paid, owed, available = paid_from(available, load(w, R.FEE_OWED + l) + fee)
        store(w, R.FEE_PAID + l, paid)
        store(w, R.FEE_OWED + l, owed)
    store(w, R.TAX + l, tax)
    store(w, R.LOSSES + l, losses)
    store(w, R.ARREARS + l, arrears)
    store(w, R.AVAILABLE + l, available)
    return arrears


@fused
def operate(site, step, ramping):
    """One step of operation: what is earned, and who is paid before the two sides."""
    w, p = site.w, site.p
    look_up(w, R.AVAILABILITY_SCORE, R.AVAILABILITY, site.c, p.availability_law)
    for l in range(U(0), L, U(WIDE)):
        revenue, costs = earn(site, step, l, ramping)
        fee = spread(0.0)
        if p.fee_law >= 0:
            years = over_years(load(w, R.AGE + l), load(w, R.AGE_END + l), load(w, R.FEE_YEARS + l))
            fee = load(w, R.FEE + l) * years
            store(w, R.FEE_PART + l, fee)
        arrears = distribute_cash(site, l, revenue, costs, fee)
        if p.abandon_years < np.inf:
            give_up(w, l, arrears, p.abandon_years, step.end, site.g.dt)
