"""The two readings of the deemed allocation on flat cash, against a table of years as a spreadsheet would have it.

100 are paid in at the start, at once complete; cash is the same every year for 30 years; the rate is 5.4 %, the deemed
life 20 years, shares are 50 and 10 %. `docs/validation/terms_2026.md` prints the table, and says why they differ.
"""

from pathlib import Path

import numpy as np
import pytest
from scipy import optimize

from lane_calls import split

PAID, RATE, LIFE, YEARS = 100.0, 0.054, 20, 30
CASH = (8.0, 12.0, 16.0, 20.0, 24.0, 40.0)
PAGE = Path(__file__).parents[2] / "docs" / "validation" / "terms_2026.md"


def periodic(cash):
    """Year by year: due, to the funder, carried."""
    rows, carry = [], 0.0
    for year in range(1, YEARS + 1):
        interest = RATE * PAID * max(1 - (year - 1) / LIFE, 0)
        principal = PAID / LIFE if year <= LIFE else 0.0
        due = interest + principal + carry
        tier_one = min(cash, 2 * due)  # both halves
        funder = tier_one / 2 + (cash - tier_one) / 10
        carry = due - tier_one / 2
        rows.append((due, funder, carry))
    return rows


def cumulative(cash):
    """Year by year: due, to the funder, balance."""
    rows, balance = [], PAID
    for _ in range(YEARS):
        due = balance * (1 + RATE)
        tier_one = min(cash, 2 * due)
        funder = tier_one / 2 + (cash - tier_one) / 10
        balance = max(due - funder, 0.0)
        rows.append((due, funder, balance))
    return rows


def rate_of_return(rows):
    return optimize.brentq(lambda r: sum(f / (1 + r) ** y for y, (_, f, _) in enumerate(rows, 1)) - PAID, -0.5, 1.0)


@pytest.mark.parametrize("cash", [8.0, 16.0, 20.0, 24.0, 40.0])
@pytest.mark.parametrize(
    ("mode", "table", "left"), [("periodic", periodic, "carry"), ("cumulative", cumulative, "balance")]
)
def test_split__follows_the_table_of_years(mode, table, left, cash):
    out = split(np.full((YEARS, 1), cash), mode=mode, rates=RATE, life=float(LIFE), paid_in=PAID)
    found = np.stack([out[name][:, 0] for name in ("due", "funder", left)], axis=1)
    np.testing.assert_allclose(found, table(cash), rtol=1e-12, atol=1e-12)


def test_page__has_the_totals_and_rates_of_the_table():
    page = PAGE.read_text(encoding="utf-8")
    for cash in CASH:
        a, b = periodic(cash), cumulative(cash)
        cells = [f"{sum(f for _, f, _ in rows):.1f} | {100 * rate_of_return(rows):.2f} %" for rows in (a, b)]
        assert f"| {cash:g} | {cells[0]} | {cells[1]} |" in page, f"| {cash:g} | {cells[0]} | {cells[1]} |"
    a, b = periodic(20.0), cumulative(20.0)
    for year in (1, 5, 10, 15, 16, 20, 25, 30):
        line = f"| {year} | " + " | ".join(f"{x:.2f}" for x in (*a[year - 1], *b[year - 1])) + " |"
        assert line in page, line


def test_readings__cumulative_has_the_higher_rate_and_with_ample_cash_the_lower_total():
    for cash, ahead in ((12.0, True), (16.0, True), (20.0, False), (24.0, False), (40.0, False)):
        a, b = periodic(cash), cumulative(cash)
        assert rate_of_return(b) > rate_of_return(a)
        assert (sum(f for _, f, _ in b) > sum(f for _, f, _ in a)) is ahead
