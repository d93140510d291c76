"""The split alone, in exact fractions."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any


def split_exact(
    available: Sequence,
    *,
    mode: str,
    rates: Any,
    s1: Any = Fraction(1, 2),
    s2: Any = Fraction(1, 10),
    life: Any = None,
    calls: Sequence | None = None,
    paid_in: Any = 0,
    completion: Any = 0,
    plant_life: Any = None,
    step: Any = 1,
    carry_interest: bool = False,
    interest_before_completion: bool = False,
) -> list[dict[str, Fraction]]:
    """Run one SPV's split in exact fractions, written apart from the float version.

    Parameters
    ----------
    available
        Available cash of each step.
    mode
        ``periodic`` or ``cumulative``.
    rates
        Deemed rate of each step, or one for all.
    s1, s2
        Funder's share of the first and of the second tier.
    life
        Deemed life, years (periodic).
    calls
        Calls of each step (none by default).
    paid_in
        What was paid in before the first step (periodic: capital; cumulative: the opening balance).
    completion, plant_life, step
        Completion time, operating life (endless by default) and step length, years.
    carry_interest, interest_before_completion
        Whether the carry bears the deemed rate; whether interest before completion joins it.

    Returns
    -------
    list of dict
        Per step: due, paid (tier one), funder, host, carry, balance; all at the step's end, as fractions.
    """
    exact = _fraction
    available = [exact(a) for a in available]
    calls = [exact(k) for k in calls] if calls is not None else [Fraction(0)] * len(available)
    rates = (
        [exact(r) for r in rates]
        if isinstance(rates, Sequence) and not isinstance(rates, str)
        else [exact(rates)] * len(available)
    )
    s1, s2, h, completion = exact(s1), exact(s2), exact(step), exact(completion)
    capital, carry, balance, rows = exact(paid_in), Fraction(0), exact(paid_in), []

    def age(time: Fraction) -> Fraction:
        years = max(Fraction(0), time - completion)
        return years if plant_life is None else min(years, exact(plant_life))

    for t, (a, k, r) in enumerate(zip(available, calls, rates, strict=True)):
        before, capital = capital, capital + k
        if mode == "periodic":
            young, old, L = age(t * h), age((t + 1) * h), exact(life)
            open_share = max(Fraction(0), 1 - young / L)
            due = carry + capital * r * open_share * (old - young) + capital * (min(old, L) - min(young, L)) / L
        else:
            due = balance + balance * r * h
        first_tier = min(a, due / s1)
        paid, funder = s1 * first_tier, s1 * first_tier + s2 * (a - first_tier)
        if mode == "periodic":
            carry = (due - paid) * (1 + r * h) if carry_interest else due - paid
            if interest_before_completion:
                carry += r * before * min(max(completion - t * h, Fraction(0)), h)
            balance = capital * max(Fraction(0), 1 - old / L)
        else:
            balance = max(Fraction(0), due - funder) + k
        rows.append(dict(due=due, paid=paid, funder=funder, host=a - funder, carry=carry, balance=balance))
    return rows


def _fraction(value: Any) -> Fraction:
    """Return a value as a fraction: floats as they are stored, decimal strings as they read."""
    return Fraction(value)
