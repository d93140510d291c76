"""Operation: availability, revenue, costs, tax, available cash (section 7 of the model page).

Index legend: t = step, l = lane; ``p`` is the project's record, ``c`` the pool of constants, ``x`` the first element
of the step's factor rows. Money is in the study's unit.
"""

from numba import uint64

from spvrisk.kernel.construction import basket, finish
from spvrisk.kernel.maths import L, U, clause
from spvrisk.kernel.philox import fill_score
from spvrisk.kernel.rows import (
    AGE,
    AGE_END,
    ARREARS,
    AVAILABILITY,
    AVAILABILITY_SCORE,
    AVAILABLE,
    CLOSURE,
    COMPLETION,
    CONTRACT_OUTPUT,
    CONTRACTED,
    COSTS,
    INDEX,
    OPERATING,
    OUTPUT,
    PAID,
    PHASE_START,
    PRICE,
    REVENUE,
    SHARE,
    Z0,
    fill,
)
from spvrisk.kernel.tables import look_up


@clause
def draw_contract(w, u, c, p, seed, path):
    """Contract price and contracted share; no contract is a share of 0."""
    fill(w, PRICE, 0.0)
    fill(w, SHARE, 0.0)
    if p.share_law >= 0:
        fill_score(w, u, Z0, seed, path, p.contract_stream)
        look_up(w, Z0, PRICE, c, p.price_law)
        fill_score(w, u, Z0, seed, path, p.share_stream)
        look_up(w, Z0, SHARE, c, p.share_law)


@clause
def age(w, p, begin, end):
    """Years since completion at the step's start and end; age stops with operation."""
    life = p.life
    for l in range(L):
        w[AGE + l] = min(max(begin - w[COMPLETION + l], 0.0), life)
        w[AGE_END + l] = min(max(end - w[COMPLETION + l], 0.0), life)


@clause
def operating_share(w, at, c, p, begin, end, dt):
    """Share of a full step's capacity that operates, phase by phase, and the part of it within the contract's tenor."""
    fill(w, OPERATING, 0.0)
    fill(w, CONTRACTED, 0.0)
    tenor = p.tenor
    for i in range(uint64(p.n_phases)):
        phase = uint64(p.phases) + U(2) * i
        share = c[phase] / dt
        finish(w, at, PHASE_START, p, c[phase + U(1)])
        for l in range(L):
            first = max(w[PHASE_START + l], begin)
            last = min(w[CLOSURE + l], end)
            contract = min(w[COMPLETION + l] + tenor, last)
            w[OPERATING + l] += share * max(last - first, 0.0)
            w[CONTRACTED + l] += share * max(contract - first, 0.0)


@clause
def advance_availability(w, p, t, z):
    """Stationary AR(1) score; row `z` holds the step's innovation."""
    keep = p.persistence if t > 0 else 0.0
    new = (1.0 - keep * keep) ** 0.5
    for l in range(L):
        w[AVAILABILITY_SCORE + l] = keep * w[AVAILABILITY_SCORE + l] + new * w[z + l]


@clause
def produce(w, c, p):
    """Output of the step, and the part of it sold under contract, in units."""
    look_up(w, AVAILABILITY_SCORE, AVAILABILITY, c, p.availability_law)
    full = p.output
    for l in range(L):
        units = full * w[AVAILABILITY + l]
        w[OUTPUT + l] = units * w[OPERATING + l]
        w[CONTRACT_OUTPUT + l] = units * w[CONTRACTED + l] * w[SHARE + l]


@clause
def sell(w, x, c, p, t, money):
    """Contract revenue at the escalated or indexed price, the rest at the merchant price."""
    basket(w, INDEX, x, c, p.price_basket)
    merchant, basis, escalation = x + uint64(p.merchant_factor) * L, p.merchant_basis, c[uint64(p.escalation) + t]
    for l in range(L):
        price = w[PRICE + l] * escalation * w[INDEX + l]
        rest = w[OUTPUT + l] - w[CONTRACT_OUTPUT + l]
        w[REVENUE + l] = (w[CONTRACT_OUTPUT + l] * price + rest * w[merchant + l] * basis) * money


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
        w[COSTS + l] += fixed * w[OPERATING + l] * w[INDEX + l]


@clause
def pay_tax_and_arrears(w, p):
    """Ring-fenced tax with straight-line depreciation; then arrears.

    What remains is the available cash flow A_t >= 0.
    """
    rate, tax_life = p.tax_rate, p.tax_life
    for l in range(L):
        margin = w[REVENUE + l] - w[COSTS + l]
        depreciation = w[PAID + l] * (min(w[AGE_END + l], tax_life) - min(w[AGE + l], tax_life)) / tax_life
        cash = margin - rate * max(margin - depreciation, 0.0) - w[ARREARS + l]
        w[AVAILABLE + l] = max(cash, 0.0)
        w[ARREARS + l] = max(-cash, 0.0)


@clause
def operate(w, at, x, c, g, p, t, begin, end):
    """One step of operation."""
    money = 1.0 / g.money_unit
    operating_share(w, at, c, p, begin, end, g.dt)
    produce(w, c, p)
    sell(w, x, c, p, t, money)
    fill(w, COSTS, 0.0)
    if p.fuel_factor >= 0:
        burn_fuel(w, x, p, money)
    maintain(w, x, c, p, money)
    pay_tax_and_arrears(w, p)
