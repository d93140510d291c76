"""Operation: availability, revenue, costs, tax, debt, fee, available cash (section 7 of the model page).

Index legend: t = step, l = lane; ``p`` is the project's record, ``c`` the pool of constants, ``x`` the first element
of the step's factor rows. Money is in the study's unit.
"""

import numpy as np
from numba import float64, uint64

from spvrisk.kernel.construction import basket, draw_law, finish
from spvrisk.kernel.maths import L, U, clause, exp
from spvrisk.kernel.philox import fill_score
from spvrisk.kernel.rows import (
    ACHIEVED,
    AGE,
    AGE_END,
    ARREARS,
    ARREARS_YEARS,
    AVAILABILITY,
    AVAILABILITY_SCORE,
    AVAILABLE,
    CLOSURE,
    COMPLETION,
    CONTRACT_OUTPUT,
    CONTRACTED,
    COST,
    COST_SCORE,
    COSTS,
    DEBT,
    DEBT_ARREARS,
    DEBT_SERVICE,
    DEFAULTED,
    DEFAULTED_OUTPUT,
    FEE,
    FEE_OWED,
    FEE_PAID,
    FEE_PART,
    INDEX,
    INTEREST,
    LIFE,
    LOSSES,
    OPERATING,
    OUTPUT,
    PHASE_START,
    PRICE,
    REVENUE,
    ROOT0,
    ROOT3,
    RUN,
    SHARE,
    SIZE,
    SUBSCRIBED,
    TAX,
    Z0,
    Z1,
    fill,
)
from spvrisk.kernel.tables import look_up

_PART, _RAMP = ROOT0, ROOT3  # scratch, named for this file: three rows, one row


@clause
def draw_contract(w, u, c, p, seed, path):
    """Contract price, contracted share and subscribed share; no contract is a share of 0.

    One score serves both shares, correlated with that of the overrun: where costs rise, buyers leave.
    """
    draw_law(w, u, PRICE, c, p.price_law, p.contract_stream, 0.0, seed, path)
    fill(w, SHARE, 0.0)
    fill(w, SUBSCRIBED, 1.0)
    if p.share_law >= 0 or p.subscription_law >= 0:
        fill_score(w, u, Z0, seed, path, p.share_stream)
        rho = p.subscription_rho
        rest = (1.0 - rho * rho) ** 0.5
        for l in range(L):
            w[Z0 + l] = rho * w[COST_SCORE + l] + rest * w[Z0 + l]
        if p.share_law >= 0:
            look_up(w, Z0, SHARE, c, p.share_law)
        if p.subscription_law >= 0:
            look_up(w, Z0, SUBSCRIBED, c, p.subscription_law)


@clause
def draw_plant(w, u, c, p, seed, path):
    """Capacity achieved, and the developer's fee a year, which is due only where enough of it is."""
    draw_law(w, u, Z1, c, p.shortfall_law, p.shortfall_stream, 0.0, seed, path)
    draw_law(w, u, FEE, c, p.fee_law, p.fee_stream, 0.0, seed, path)
    tolerance, per_year = p.fee_tolerance, 1.0 / p.fee_years
    for l in range(L):
        shortfall, fee = w[Z1 + l], w[FEE + l] * per_year
        w[ACHIEVED + l] = w[SIZE + l] * (1.0 - shortfall)
        w[FEE + l] = fee if shortfall <= tolerance else 0.0


@clause
def age(w, begin, end):
    """Years since completion at the step's start and end; age stops with operation."""
    for l in range(L):
        w[AGE + l] = min(max(begin - w[COMPLETION + l], 0.0), w[LIFE + l])
        w[AGE_END + l] = min(max(end - w[COMPLETION + l], 0.0), w[LIFE + l])


@clause
def add_phase(w, at, p, rows, share, begin, end):
    """Add a phase's operation in the step, and the parts of it under a living and a broken contract.

    Into the row `rows` and the next two.
    """
    tenor = p.tenor
    for l in range(L):
        first, last = max(w[PHASE_START + l], begin), min(w[CLOSURE + l], end)
        contract = min(w[COMPLETION + l] + tenor, last)
        w[rows + l] += share * max(last - first, 0.0)
        w[rows + L + l] += share * max(contract - first, 0.0)
    if p.offtaker >= 0:
        default = at.default + uint64(p.offtaker) * L
        for l in range(L):
            first, last = max(w[PHASE_START + l], begin), min(w[CLOSURE + l], end)
            contract = min(w[COMPLETION + l] + tenor, last)
            broken = share * max(contract - max(first, w[default + l]), 0.0)
            w[rows + L + l] -= broken
            w[rows + U(2) * L + l] += broken


@clause
def operating_share(w, at, c, p, begin, end, dt):
    """Share of a full step's capacity that operates, phase by phase; the parts under a living and a broken contract."""
    for row in (OPERATING, CONTRACTED, DEFAULTED):
        fill(w, row, 0.0)
    for i in range(uint64(p.n_phases)):
        phase = uint64(p.phases) + U(2) * i
        finish(w, at, PHASE_START, p, c[phase + U(1)])
        add_phase(w, at, p, OPERATING, c[phase] / dt, begin, end)


@clause
def ramp_factor(w, c, ramp, begin, end):
    """Mean of the ramp-up over the part of the step in which a phase operates, into the row `_RAMP`."""
    for l in range(L):
        w[_RAMP + l] = 0.0
    for j in range(uint64(c[ramp])):
        year, lost = float64(j), c[ramp + U(1) + j]
        for l in range(L):
            start = w[PHASE_START + l]
            first, last = max(start + year, begin), min(min(w[CLOSURE + l], end), start + (year + 1.0))
            w[_RAMP + l] += lost * max(last - first, 0.0)
    for l in range(L):
        whole = min(w[CLOSURE + l], end) - max(w[PHASE_START + l], begin)
        w[_RAMP + l] = 1.0 - w[_RAMP + l] / max(whole, 1e-300)


@clause
def ramp_up(w, at, c, p, begin, end, dt):
    """What runs in the first years: the parts of each phase's operation, times its ramp-up."""
    for l in range(U(3) * L):
        w[RUN + l] = 0.0
    for i in range(uint64(p.n_phases)):
        phase = uint64(p.phases) + U(2) * i
        finish(w, at, PHASE_START, p, c[phase + U(1)])
        for l in range(U(3) * L):
            w[_PART + l] = 0.0
        add_phase(w, at, p, _PART, c[phase] / dt, begin, end)
        ramp_factor(w, c, uint64(p.ramp_up), begin, end)
        for l in range(L):
            factor = w[_RAMP + l]
            w[RUN + l] += w[_PART + l] * factor
            w[RUN + L + l] += w[_PART + L + l] * factor
            w[RUN + U(2) * L + l] += w[_PART + U(2) * L + l] * factor


@clause
def advance_availability(w, p, t, z):
    """Stationary AR(1) score; row `z` holds the step's innovation."""
    keep = p.persistence if t > 0 else 0.0
    new = (1.0 - keep * keep) ** 0.5
    for l in range(L):
        w[AVAILABILITY_SCORE + l] = keep * w[AVAILABILITY_SCORE + l] + new * w[z + l]


@clause
def full_output(w, x, c, p):
    """Output of a full step, units: capacity, availability, degradation, volume."""
    look_up(w, AVAILABILITY_SCORE, AVAILABILITY, c, p.availability_law)
    full, decay = p.output, p.degradation
    for l in range(L):
        w[INDEX + l] = full * w[AVAILABILITY + l] * w[ACHIEVED + l]
    if decay < 0.0:
        for l in range(L):
            w[INDEX + l] *= exp(decay * w[AGE + l])
    if p.volume_factor >= 0:
        volume = x + uint64(p.volume_factor) * L
        for l in range(L):
            w[INDEX + l] *= w[volume + l]


@clause
def produce(w, x, c, p, run):
    """Output of the step, and the parts of it sold under a living and a broken contract, in units.

    `run` is the row of the share of the step that runs; the next two are its parts.
    """
    full_output(w, x, c, p)
    for l in range(L):
        units = w[INDEX + l]
        w[OUTPUT + l] = units * w[run + l]
        w[CONTRACT_OUTPUT + l] = units * w[run + L + l] * w[SHARE + l]
    if p.offtaker >= 0:
        for l in range(L):
            w[DEFAULTED_OUTPUT + l] = w[INDEX + l] * w[run + U(2) * L + l] * w[SHARE + l]


@clause
def dispatch(w, x, c, p):
    """Economic dispatch: what has no contract runs only where its price is above fuel and variable O&M."""
    basket(w, INDEX, x, c, p.variable_basket)
    merchant, basis, kept = x + uint64(p.merchant_factor) * L, p.merchant_basis, 1.0 - p.default_discount
    fuel = x + uint64(p.fuel_factor if p.fuel_factor >= 0 else 0) * L
    rate, variable = p.fuel_rate, p.variable_om
    for l in range(L):
        price, cost = w[merchant + l] * basis, rate * w[fuel + l] + variable * w[INDEX + l]
        contract, broken = w[CONTRACT_OUTPUT + l], w[DEFAULTED_OUTPUT + l]
        rest = w[OUTPUT + l] - contract - broken
        runs = broken if price * kept > cost else 0.0
        w[DEFAULTED_OUTPUT + l] = runs
        w[OUTPUT + l] = contract + runs + (rest if price > cost else 0.0)


@clause
def sell(w, x, c, p, t, money):
    """Contract revenue at the escalated or indexed price, the rest at the merchant price."""
    basket(w, INDEX, x, c, p.price_basket)
    merchant, basis, escalation = x + uint64(p.merchant_factor) * L, p.merchant_basis, c[uint64(p.escalation) + t]
    discount = p.default_discount
    for l in range(L):
        price = w[PRICE + l] * escalation * w[INDEX + l]
        rest = w[OUTPUT + l] - w[CONTRACT_OUTPUT + l] - discount * w[DEFAULTED_OUTPUT + l]
        w[REVENUE + l] = (w[CONTRACT_OUTPUT + l] * price + rest * w[merchant + l] * basis) * money


@clause
def pay_capacity(w, x, p, money):
    """Payment for the capacity that is not under a living contract."""
    factor, rate = x + uint64(p.capacity_factor) * L, p.capacity_rate * money
    for l in range(L):
        free = w[OPERATING + l] - w[CONTRACTED + l] * w[SHARE + l]
        w[REVENUE + l] += rate * w[factor + l] * w[ACHIEVED + l] * free


@clause
def credit_output(w, c, p, t, begin, end, money):
    """Credit for each unit of output of the first years, exact within the step."""
    years, credit = p.credit_years, p.credit * c[uint64(p.credit_escalation) + t] * money
    for l in range(L):
        last, until = min(w[CLOSURE + l], end), w[COMPLETION + l] + years
        first = max(w[COMPLETION + l], begin)
        # a plant that closed on the step's start has no time to divide by
        part = 1.0 if until >= last else max(until - first, 0.0) / max(last - first, 1e-300)
        w[REVENUE + l] += credit * w[OUTPUT + l] * part


@clause
def burn_fuel(w, x, p, money):
    """Fuel, less what the contract passes through."""
    factor, rate, passed = x + uint64(p.fuel_factor) * L, p.fuel_rate * money, p.pass_through
    for l in range(L):
        w[COSTS + l] += rate * w[factor + l] * (w[OUTPUT + l] - passed * w[CONTRACT_OUTPUT + l])


@clause
def maintain(w, x, c, p, money):
    """Variable and fixed O&M on their indices."""
    variable, fixed = p.variable_om * money, p.fixed_om * money
    basket(w, INDEX, x, c, p.variable_basket)
    for l in range(L):
        w[COSTS + l] += variable * w[OUTPUT + l] * w[INDEX + l]
    basket(w, INDEX, x, c, p.fixed_basket)
    for l in range(L):
        w[COSTS + l] += fixed * w[SIZE + l] * w[OPERATING + l] * w[INDEX + l]


@clause
def fee_falls_due(w, p):
    """The developer's fee, in equal parts over some years from completion."""
    years = p.fee_years
    for l in range(L):
        w[FEE_PART + l] = w[FEE + l] * (min(w[AGE_END + l], years) - min(w[AGE + l], years))


@clause
def pay_tax(w, p):
    """Ring-fenced tax: on what is left after costs, fee, interest and straight-line depreciation of all that was spent.

    Losses are carried forward where they may offset income.
    """
    rate, life, limit = p.tax_rate, p.tax_life, p.nol_limit
    for l in range(L):
        depreciation = w[COST + l] * (min(w[AGE_END + l], life) - min(w[AGE + l], life)) / life
        income = w[REVENUE + l] - w[COSTS + l] - w[FEE_PART + l] - w[INTEREST + l] - depreciation
        gain = max(income, 0.0)
        offset = min(w[LOSSES + l], limit * gain)
        w[LOSSES + l] += gain - income - offset
        w[TAX + l] = rate * (gain - offset)


@clause
def settle_arrears(w):
    """Cash after tax pays arrears; what is short becomes arrears."""
    for l in range(L):
        cash = w[REVENUE + l] - w[COSTS + l] - w[TAX + l] - w[ARREARS + l]
        w[AVAILABLE + l] = max(cash, 0.0)
        w[ARREARS + l] = max(-cash, 0.0)


@clause
def service_debt(w, p):
    """Senior debt: interest, level principal over the tenor, arrears; as far as there is cash."""
    tenor = p.debt_tenor
    for l in range(L):
        principal = w[DEBT + l] * (min(w[AGE_END + l], tenor) - min(w[AGE + l], tenor)) / tenor
        due = w[INTEREST + l] + principal + w[DEBT_ARREARS + l]
        paid = min(due, w[AVAILABLE + l])
        w[DEBT_SERVICE + l] = paid
        w[DEBT_ARREARS + l] = due - paid
        w[AVAILABLE + l] -= paid


@clause
def pay_fee(w):
    """The developer's fee that is due or owed, as far as there is cash. What remains is the available cash A_t >= 0."""
    for l in range(L):
        due = w[FEE_OWED + l] + w[FEE_PART + l]
        paid = min(due, w[AVAILABLE + l])
        w[FEE_PAID + l] = paid
        w[FEE_OWED + l] = due - paid
        w[AVAILABLE + l] -= paid


@clause
def give_up(w, years, end, dt):
    """End the operation of a project whose arrears have not been paid for so many years; age stops with it."""
    for l in range(L):
        unpaid = w[ARREARS_YEARS + l] + dt if w[ARREARS + l] > 0.0 else 0.0
        closure, life, completion = w[CLOSURE + l], w[LIFE + l], w[COMPLETION + l]
        closes = unpaid >= years - 1e-9 and end < closure
        w[ARREARS_YEARS + l] = unpaid
        w[CLOSURE + l] = end if closes else closure
        w[LIFE + l] = max(end - completion, 0.0) if closes else life


@clause
def earn(w, at, x, c, g, p, t, begin, end, ramping):
    """Revenue and costs of a step."""
    money = 1.0 / g.money_unit
    run = OPERATING
    operating_share(w, at, c, p, begin, end, g.dt)
    if ramping:
        ramp_up(w, at, c, p, begin, end, g.dt)
        run = RUN
    produce(w, x, c, p, run)
    if p.economic == 1:
        dispatch(w, x, c, p)
    sell(w, x, c, p, t, money)
    if p.capacity_factor >= 0:
        pay_capacity(w, x, p, money)
    if p.credit > 0.0:
        credit_output(w, c, p, t, begin, end, money)
    fill(w, COSTS, 0.0)
    if p.fuel_factor >= 0:
        burn_fuel(w, x, p, money)
    maintain(w, x, c, p, money)


@clause
def operate(w, at, x, c, g, p, t, begin, end, ramping):
    """One step of operation: what is earned, and who is paid before the two sides."""
    earn(w, at, x, c, g, p, t, begin, end, ramping)
    if p.fee_law >= 0:
        fee_falls_due(w, p)
    pay_tax(w, p)
    settle_arrears(w)
    if p.debt_share > 0.0:
        service_debt(w, p)
    if p.fee_law >= 0:
        pay_fee(w)
    if p.abandon_years < np.inf:
        give_up(w, p.abandon_years, end, g.dt)
