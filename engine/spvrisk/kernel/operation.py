"""Operation: availability, revenue, costs, tax, available cash (section 7 of the model page).

Index legend: s = project, t = step, l = lane; ``x`` is the first element of the step's factor rows. Money is in the study's unit.
"""

from spvrisk.kernel.construction import basket
from spvrisk.kernel.maths import L, clause, uint
from spvrisk.kernel.philox import fill_score
from spvrisk.kernel.rows import (
    AGE,
    AGE_END,
    ARREARS,
    AVAILABILITY,
    AVAILABILITY_SCORE,
    AVAILABLE,
    COMPLETION,
    CONTRACT_OUTPUT,
    CONTRACTED,
    COSTS,
    INDEX,
    OPERATING,
    OUTPUT,
    PAID,
    PRICE,
    REVENUE,
    SHARE,
    STRETCH,
    Z0,
    fill,
)
from spvrisk.kernel.tables import look_up


@clause
def draw_contract(w, u, p, tables, s, seed, path):  # type: ignore[no-untyped-def]
    """Contract price and contracted share; no contract is a share of 0."""
    fill(w, PRICE, 0.0)
    fill(w, SHARE, 0.0)
    if p.share_law[s] >= 0:
        fill_score(w, u, Z0, seed, path, p.contract_stream[s])
        look_up(w, Z0, PRICE, tables, p.price_law[s])
        fill_score(w, u, Z0, seed, path, p.share_stream[s])
        look_up(w, Z0, SHARE, tables, p.share_law[s])


@clause
def age(w, p, s, begin, end):  # type: ignore[no-untyped-def]
    """Years since completion at the step's start and end; age stops with operation."""
    life = p.life[s]
    for l in range(L):
        w[AGE + l] = min(max(begin - w[COMPLETION + l], 0.0), life)
        w[AGE_END + l] = min(max(end - w[COMPLETION + l], 0.0), life)


@clause
def operating_share(w, p, s, begin, dt):  # type: ignore[no-untyped-def]
    """Share of a full step's capacity that operates, phase by phase, and the part of it that lies within the contract's tenor."""
    fill(w, OPERATING, 0.0)
    fill(w, CONTRACTED, 0.0)
    start, life, tenor, end = p.start[s], p.life[s], p.tenor[s], begin + dt
    for i in range(p.phase_start[s], p.phase_start[s + 1]):
        share, duration = p.phase_share[i] / dt, p.phase_duration[i]
        for l in range(L):
            first = max(start + duration * w[STRETCH + l], begin)
            last = min(w[COMPLETION + l] + life, end)
            contract = min(w[COMPLETION + l] + tenor, last)
            w[OPERATING + l] += share * max(last - first, 0.0)
            w[CONTRACTED + l] += share * max(contract - first, 0.0)


@clause
def advance_availability(w, p, s, t, z):  # type: ignore[no-untyped-def]
    """Stationary AR(1) score; row `z` holds the step's innovation."""
    keep = p.persistence[s] if t > 0 else 0.0
    new = (1.0 - keep * keep) ** 0.5
    for l in range(L):
        w[AVAILABILITY_SCORE + l] = keep * w[AVAILABILITY_SCORE + l] + new * w[z + l]


@clause
def produce(w, p, tables, s):  # type: ignore[no-untyped-def]
    """Output of the step, and the part of it sold under contract, in units."""
    look_up(w, AVAILABILITY_SCORE, AVAILABILITY, tables, p.availability_law[s])
    full = p.output[s]
    for l in range(L):
        units = full * w[AVAILABILITY + l]
        w[OUTPUT + l] = units * w[OPERATING + l]
        w[CONTRACT_OUTPUT + l] = units * w[CONTRACTED + l] * w[SHARE + l]


@clause
def sell(w, x, p, baskets, s, t, money):  # type: ignore[no-untyped-def]
    """Contract revenue at the escalated or indexed price, the rest at the merchant price."""
    basket(w, INDEX, x, baskets, p.price_basket[s])
    merchant, basis, escalation = x + uint(p.merchant_factor[s]) * L, p.merchant_basis[s], p.escalation[s, t]
    for l in range(L):
        price = w[PRICE + l] * escalation * w[INDEX + l]
        rest = w[OUTPUT + l] - w[CONTRACT_OUTPUT + l]
        w[REVENUE + l] = (w[CONTRACT_OUTPUT + l] * price + rest * w[merchant + l] * basis) * money


@clause
def burn_fuel(w, x, p, s, money):  # type: ignore[no-untyped-def]
    """Fuel, less what the contract passes through."""
    factor, rate, passed = x + uint(p.fuel_factor[s]) * L, p.fuel_rate[s] * money, p.pass_through[s]
    for l in range(L):
        w[COSTS + l] += rate * w[factor + l] * (w[OUTPUT + l] - passed * w[CONTRACT_OUTPUT + l])


@clause
def maintain(w, x, p, baskets, s, money):  # type: ignore[no-untyped-def]
    """Variable and fixed O&M on their indices."""
    variable, fixed = p.variable_om[s] * money, p.fixed_om[s] * money
    basket(w, INDEX, x, baskets, p.variable_basket[s])
    for l in range(L):
        w[COSTS + l] += variable * w[OUTPUT + l] * w[INDEX + l]
    basket(w, INDEX, x, baskets, p.fixed_basket[s])
    for l in range(L):
        w[COSTS + l] += fixed * w[OPERATING + l] * w[INDEX + l]


@clause
def pay_tax_and_arrears(w, p, s):  # type: ignore[no-untyped-def]
    """Ring-fenced tax with straight-line depreciation; then arrears; what remains is the available cash flow A_t >= 0."""
    rate, tax_life = p.tax_rate[s], p.tax_life[s]
    for l in range(L):
        margin = w[REVENUE + l] - w[COSTS + l]
        depreciation = w[PAID + l] * (min(w[AGE_END + l], tax_life) - min(w[AGE + l], tax_life)) / tax_life
        cash = margin - rate * max(margin - depreciation, 0.0) - w[ARREARS + l]
        w[AVAILABLE + l] = max(cash, 0.0)
        w[ARREARS + l] = max(-cash, 0.0)


@clause
def operate(w, x, p, tables, baskets, grid, s, t, money):  # type: ignore[no-untyped-def]
    """One step of operation."""
    operating_share(w, p, s, t * grid.dt, grid.dt)
    produce(w, p, tables, s)
    sell(w, x, p, baskets, s, t, money)
    fill(w, COSTS, 0.0)
    if p.fuel_factor[s] >= 0:
        burn_fuel(w, x, p, s, money)
    maintain(w, x, p, baskets, s, money)
    pay_tax_and_arrears(w, p, s)
