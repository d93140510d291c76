"""Operation: availability, revenue, costs, tax, debt, fee, available cash (section 7 of the model page).

Index legend: t = step, l = lane; ``p`` is the project's record, ``c`` the plan's constants, ``x`` the first element
of the step's factor rows. Money is in the study's unit.
"""

import numpy as np
from numba import float64, uint64

from spvrisk.kernel import draws as draw
from spvrisk.kernel import rows as R
from spvrisk.kernel.construction import basket, draw_law, finish
from spvrisk.kernel.debt import service_debt
from spvrisk.kernel.maths import L, U, clause, exp, fused, inline
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
        for l in range(L):
            w[R.CONTRACT_SCORE + l] = rho * w[R.COST_SCORE + l] + rest * w[R.CONTRACT_SCORE + l]
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
    tolerance, per_year = p.fee_tolerance, 1.0 / p.fee_years
    for l in range(L):
        shortfall, fee = w[R.SHORTFALL + l], w[R.FEE + l] * per_year
        w[R.ACHIEVED + l] = w[R.SIZE + l] * (1.0 - shortfall)
        w[R.FEE + l] = fee if shortfall <= tolerance else 0.0


@clause
def age(w, begin, end):
    """Years since completion at the step's start and end; age stops with operation."""
    for l in range(L):
        w[R.AGE + l] = min(max(begin - w[R.COMPLETION + l], 0.0), w[R.LIFE + l])
        w[R.AGE_END + l] = min(max(end - w[R.COMPLETION + l], 0.0), w[R.LIFE + l])


@clause
def add_phase(w, at, p, rows, share, begin, end):
    """Add a phase's operation in the step, and the parts of it under a living and a broken contract.

    Into the row `rows` and the next two.
    """
    tenor = p.tenor
    for l in range(L):
        first, last = max(w[R.PHASE_START + l], begin), min(w[R.CLOSURE + l], end)
        contract = min(w[R.COMPLETION + l] + tenor, last)
        w[rows + l] += share * max(last - first, 0.0)
        w[rows + L + l] += share * max(contract - first, 0.0)
    if p.offtaker >= 0:
        default = at.default.first + uint64(p.offtaker) * L
        for l in range(L):
            first, last = max(w[R.PHASE_START + l], begin), min(w[R.CLOSURE + l], end)
            contract = min(w[R.COMPLETION + l] + tenor, last)
            broken = share * max(contract - max(first, w[default + l]), 0.0)
            w[rows + L + l] -= broken
            w[rows + U(2) * L + l] += broken


@clause
def operating_share(w, at, c, p, begin, end, dt):
    """Share of a full step's capacity that operates, phase by phase; the parts under a living and a broken contract."""
    for row in (R.OPERATING, R.CONTRACTED, R.DEFAULTED):
        fill(w, row, 0.0)
    for i in range(uint64(p.n_phases)):
        phase = uint64(p.phases) + U(2) * i
        finish(w, at, R.PHASE_START, p, c[phase + U(1)])
        add_phase(w, at, p, R.OPERATING, c[phase] / dt, begin, end)


@clause
def ramp_factor(w, c, ramp, begin, end):
    """Mean of the ramp-up over the part of the step in which a phase operates, into the row `RAMP`."""
    fill(w, R.RAMP, 0.0)
    for j in range(uint64(c[ramp])):
        year, lost = float64(j), c[ramp + U(1) + j]
        for l in range(L):
            start = w[R.PHASE_START + l]
            first, last = max(start + year, begin), min(min(w[R.CLOSURE + l], end), start + (year + 1.0))
            w[R.RAMP + l] += lost * max(last - first, 0.0)
    for l in range(L):
        whole = min(w[R.CLOSURE + l], end) - max(w[R.PHASE_START + l], begin)
        w[R.RAMP + l] = 1.0 - w[R.RAMP + l] / max(whole, 1e-300)


@clause
def ramp_up(w, at, c, p, begin, end, dt):
    """What runs in the first years: the parts of each phase's operation, times its ramp-up."""
    for l in range(U(3) * L):
        w[R.RUN + l] = 0.0
    for i in range(uint64(p.n_phases)):
        phase = uint64(p.phases) + U(2) * i
        finish(w, at, R.PHASE_START, p, c[phase + U(1)])
        for l in range(U(3) * L):
            w[R.PHASE + l] = 0.0
        add_phase(w, at, p, R.PHASE, c[phase] / dt, begin, end)
        ramp_factor(w, c, uint64(p.ramp_up), begin, end)
        for l in range(L):
            factor = w[R.RAMP + l]
            w[R.RUN + l] += w[R.PHASE + l] * factor
            w[R.RUN + L + l] += w[R.PHASE + L + l] * factor
            w[R.RUN + U(2) * L + l] += w[R.PHASE + U(2) * L + l] * factor


@clause
def advance_score(w, persistence, z):
    """Stationary AR(1) score; row `z` holds the step's innovation."""
    keep, new = persistence, (1.0 - persistence * persistence) ** 0.5
    for l in range(L):
        w[R.AVAILABILITY_SCORE + l] = keep * w[R.AVAILABILITY_SCORE + l] + new * w[z + l]


@fused
def draw_availability(site, t):
    """Availability score of a step; steps are gone through in order, and their innovations come by four."""
    p = site.p
    if t % U(4) == 0:
        draw.four_scores(site.draws, site.w, R.SCORE0, L, p.availability_stream, t // U(4))
    advance_score(site.w, p.persistence if t > 0 else 0.0, R.SCORE0 + t % U(4) * L)


@clause
def full_output(w, x, c, p):
    """Output of a full step, units: capacity, availability, degradation, volume."""
    look_up(w, R.AVAILABILITY_SCORE, R.AVAILABILITY, c, p.availability_law)
    full, decay = p.output, p.degradation
    for l in range(L):
        w[R.FULL_OUTPUT + l] = full * w[R.AVAILABILITY + l] * w[R.ACHIEVED + l]
    if decay < 0.0:
        for l in range(L):
            w[R.FULL_OUTPUT + l] *= exp(decay * w[R.AGE + l])
    if p.volume_factor >= 0:
        volume = x + uint64(p.volume_factor) * L
        for l in range(L):
            w[R.FULL_OUTPUT + l] *= w[volume + l]


@clause
def produce(w, x, c, p, run):
    """Output of the step, and the parts of it sold under a living and a broken contract, in units.

    `run` is the row of the share of the step that runs; the next two are its parts.
    """
    full_output(w, x, c, p)
    for l in range(L):
        units = w[R.FULL_OUTPUT + l]
        w[R.OUTPUT + l] = units * w[run + l]
        w[R.CONTRACT_OUTPUT + l] = units * w[run + L + l] * w[R.SHARE + l]
    if p.offtaker >= 0:
        for l in range(L):
            w[R.DEFAULTED_OUTPUT + l] = w[R.FULL_OUTPUT + l] * w[run + U(2) * L + l] * w[R.SHARE + l]


@clause
def dispatch(w, x, c, p):
    """Economic dispatch: what has no contract runs only where its price is above fuel and variable O&M."""
    basket(w, R.INDEX, x, c, p.variable_basket)
    merchant, basis, kept = x + uint64(p.merchant_factor) * L, p.merchant_basis, 1.0 - p.default_discount
    fuel = x + uint64(p.fuel_factor if p.fuel_factor >= 0 else 0) * L
    rate, variable = p.fuel_rate, p.variable_om
    for l in range(L):
        price, cost = w[merchant + l] * basis, rate * w[fuel + l] + variable * w[R.INDEX + l]
        contract, broken = w[R.CONTRACT_OUTPUT + l], w[R.DEFAULTED_OUTPUT + l]
        rest = w[R.OUTPUT + l] - contract - broken
        runs = broken if price * kept > cost else 0.0
        w[R.DEFAULTED_OUTPUT + l] = runs
        w[R.OUTPUT + l] = contract + runs + (rest if price > cost else 0.0)


@clause
def sell(w, x, c, p, t, money):
    """Contract revenue at the escalated or indexed price, the rest at the merchant price."""
    basket(w, R.INDEX, x, c, p.price_basket)
    merchant, basis, escalation = x + uint64(p.merchant_factor) * L, p.merchant_basis, c[uint64(p.escalation) + t]
    discount = p.default_discount
    for l in range(L):
        price = w[R.PRICE + l] * escalation * w[R.INDEX + l]
        rest = w[R.OUTPUT + l] - w[R.CONTRACT_OUTPUT + l] - discount * w[R.DEFAULTED_OUTPUT + l]
        w[R.REVENUE + l] = (w[R.CONTRACT_OUTPUT + l] * price + rest * w[merchant + l] * basis) * money


@clause
def pay_capacity(w, x, p, money):
    """Payment for the capacity that is not under a living contract."""
    factor, rate = x + uint64(p.payment_factor) * L, p.capacity_rate * money
    for l in range(L):
        free = w[R.OPERATING + l] - w[R.CONTRACTED + l] * w[R.SHARE + l]
        w[R.REVENUE + l] += rate * w[factor + l] * w[R.ACHIEVED + l] * free


@clause
def credit_output(w, c, p, t, begin, end, money):
    """Credit for each unit of output of the first years, exact within the step."""
    years, credit = p.credit_years, p.credit * c[uint64(p.credit_escalation) + t] * money
    for l in range(L):
        last, until = min(w[R.CLOSURE + l], end), w[R.COMPLETION + l] + years
        first = max(w[R.COMPLETION + l], begin)
        # a plant that closed on the step's start has no time to divide by
        part = 1.0 if until >= last else max(until - first, 0.0) / max(last - first, 1e-300)
        w[R.REVENUE + l] += credit * w[R.OUTPUT + l] * part


@clause
def burn_fuel(w, x, p, money):
    """Fuel, less what the contract passes through."""
    factor, rate, passed = x + uint64(p.fuel_factor) * L, p.fuel_rate * money, p.pass_through
    for l in range(L):
        w[R.COSTS + l] += rate * w[factor + l] * (w[R.OUTPUT + l] - passed * w[R.CONTRACT_OUTPUT + l])


@clause
def maintain(w, x, c, p, money):
    """Variable and fixed O&M on their indices."""
    variable, fixed = p.variable_om * money, p.fixed_om * money
    basket(w, R.INDEX, x, c, p.variable_basket)
    for l in range(L):
        w[R.COSTS + l] += variable * w[R.OUTPUT + l] * w[R.INDEX + l]
    basket(w, R.INDEX, x, c, p.fixed_basket)
    for l in range(L):
        w[R.COSTS + l] += fixed * w[R.SIZE + l] * w[R.OPERATING + l] * w[R.INDEX + l]


@clause
def fee_falls_due(w, p):
    """The developer's fee, in equal parts over some years from completion."""
    years = p.fee_years
    for l in range(L):
        w[R.FEE_PART + l] = w[R.FEE + l] * (min(w[R.AGE_END + l], years) - min(w[R.AGE + l], years))


@clause
def pay_tax(w, p):
    """Ring-fenced tax: on what is left after costs, fee, interest and straight-line depreciation of all that was spent.

    Losses are carried forward where they may offset income.
    """
    rate, life, limit = p.tax_rate, p.tax_life, p.nol_limit
    for l in range(L):
        depreciation = w[R.OUT.cost + l] * (min(w[R.AGE_END + l], life) - min(w[R.AGE + l], life)) / life
        income = w[R.REVENUE + l] - w[R.COSTS + l] - w[R.FEE_PART + l] - w[R.INTEREST + l] - depreciation
        gain = max(income, 0.0)
        offset = min(w[R.LOSSES + l], limit * gain)
        w[R.LOSSES + l] += gain - income - offset
        w[R.TAX + l] = rate * (gain - offset)


@clause
def settle_arrears(w):
    """Cash after tax pays arrears; what is short becomes arrears."""
    for l in range(L):
        cash = w[R.REVENUE + l] - w[R.COSTS + l] - w[R.TAX + l] - w[R.ARREARS + l]
        w[R.AVAILABLE + l] = max(cash, 0.0)
        w[R.ARREARS + l] = max(-cash, 0.0)


@clause
def pay_fee(w):
    """The developer's fee that is due or owed, as far as there is cash. What remains is the available cash A_t >= 0."""
    for l in range(L):
        due = w[R.FEE_OWED + l] + w[R.FEE_PART + l]
        paid = min(due, w[R.AVAILABLE + l])
        w[R.FEE_PAID + l] = paid
        w[R.FEE_OWED + l] = due - paid
        w[R.AVAILABLE + l] -= paid


@clause
def give_up(w, years, end, dt):
    """End the operation of a project whose arrears have not been paid for so many years; age stops with it."""
    for l in range(L):
        unpaid = w[R.ARREARS_YEARS + l] + dt if w[R.ARREARS + l] > 0.0 else 0.0
        closure, life, completion = w[R.CLOSURE + l], w[R.LIFE + l], w[R.COMPLETION + l]
        closes = unpaid >= years - 1e-9 and end < closure
        w[R.ARREARS_YEARS + l] = unpaid
        w[R.CLOSURE + l] = end if closes else closure
        w[R.LIFE + l] = max(end - completion, 0.0) if closes else life


@inline
def earn(site, step, ramping):
    """Revenue and costs of a step."""
    w, at, c, g, p = site.w, site.at, site.c, site.g, site.p
    t, x, begin, end = step.t, step.x, step.begin, step.end
    money = 1.0 / g.money_unit
    run = R.OPERATING
    operating_share(w, at, c, p, begin, end, g.dt)
    if ramping:
        ramp_up(w, at, c, p, begin, end, g.dt)
        run = R.RUN
    produce(w, x, c, p, run)
    if p.economic == 1:
        dispatch(w, x, c, p)
    sell(w, x, c, p, t, money)
    if p.payment_factor >= 0:
        pay_capacity(w, x, p, money)
    if p.credit > 0.0:
        credit_output(w, c, p, t, begin, end, money)
    fill(w, R.COSTS, 0.0)
    if p.fuel_factor >= 0:
        burn_fuel(w, x, p, money)
    maintain(w, x, c, p, money)


@fused
def operate(site, step, ramping):
    """One step of operation: what is earned, and who is paid before the two sides."""
    w, p = site.w, site.p
    earn(site, step, ramping)
    if p.fee_law >= 0:
        fee_falls_due(w, p)
    pay_tax(w, p)
    settle_arrears(w)
    if p.debt_share > 0.0:
        service_debt(w, p)
    if p.fee_law >= 0:
        pay_fee(w)
    if p.abandon_years < np.inf:
        give_up(w, p.abandon_years, step.end, site.g.dt)
