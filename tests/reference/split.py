"""The split between funder and host (section 8): the terms and the account of one project."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from reference.basics import Array, given
from reference.context import Context, Site
from reference.world import Venture


def split_of(study: Mapping, project: Mapping) -> dict[str, Any]:
    """Return the split clause of a project: the agreement's, with the project's own keys over it."""
    own = {key: value for key, value in given(project, "split", {}).items() if value is not None}
    return {**study["agreement"]["split"], **own}


def drawn_terms(ctx: Context, venture: Venture) -> dict[str, Any]:
    """Return the split clause of a venture with its spread on each path: a draw of its own, and what talks add."""
    terms = split_of(ctx.study, venture.project)
    if terms["mode"] != "none":
        if isinstance(terms["spread"], Mapping):
            law, name = terms["spread"], f"project/{venture.name}/spread"
            terms["spread"] = ctx.law(f"{venture.key}.split.spread", law, name)
        terms["spread"] = terms["spread"] + ctx.world.selections[venture.name].more_spread
    return terms


def part_of(amount: Array, whole: Array) -> Array:
    """Return amount / whole; 0 where there is no whole."""
    return np.where(whole > 0, amount / np.where(whole > 0, whole, 1.0), 0.0)


SPLIT_ROWS = ("due", "paid", "distribution_funder", "distribution_host", "carry", "deemed_balance", "rate")


@dataclass
class Account:
    """The deemed allocation of one project: what falls due in a step, and what stays open after it.

    ``gap`` is by how much what tier one could pay exceeds what is due, for the project or its pool ``(T, n)``;
    ``adjusted`` tells where other shares hold in the end. The spread of the terms is a number, or one a path.
    """

    ctx: Context
    terms: Mapping
    site: Site
    flows: Mapping[str, Array]

    def __post_init__(self) -> None:
        T, n = self.flows["available_cash"].shape
        self.rows = {name: np.zeros((T, n)) for name in SPLIT_ROWS}
        self.gap, self.adjusted = np.zeros((T, n)), np.zeros(n, dtype=bool)
        self.paid_in, self.carry, self.balance = np.zeros(n), np.zeros(n), np.zeros(n)
        self.before, self.rate, self.due = np.zeros(n), np.zeros(n), np.zeros(n)

    @property
    def open(self) -> Array:
        """Return what of the allocation is open: the carry, or the balance."""
        return self.carry if self.terms["mode"] == "periodic" else self.balance

    def fall_due(self, t: int) -> Array:
        """Begin a step; return what is due in it."""
        terms, L = self.terms, given(self.terms, "deemed_life_years")
        r = self.rate = np.maximum(0.0, self.ctx.rate_at_start(terms["reference_rate"], t) + terms["spread"])
        a0, a1 = self.flows["age_start"][t], self.flows["age_end"][t]
        self.before = self.paid_in
        paid_in = self.paid_in = self.paid_in + self.flows["capital"][t]
        if terms["mode"] == "periodic":
            interest = r * paid_in * np.maximum(0.0, 1 - a0 / L) * (a1 - a0)
            self.due = interest + paid_in * (np.minimum(a1, L) - np.minimum(a0, L)) / L + self.carry
        else:
            self.due = self.balance * (1 + r * self.ctx.step)
        return self.due

    def settle(self, t: int, paid: Array, funder: Array, host: Array, gap: Array) -> None:
        """End a step in which tier one paid so much, the funder and the host received so much."""
        terms, r, h, due = self.terms, self.rate, self.ctx.step, self.due
        if terms["mode"] == "periodic":
            c = r if given(terms, "carry_interest", "none") == "deemed_rate" else 0.0
            self.carry = (due - paid) * (1 + c * h)
            if given(terms, "interest_before_completion", False):
                # a project that is cancelled owes no more interest from then on
                end = np.minimum(self.site.completion, self.site.stop)
                self.carry = self.carry + r * self.before * np.clip(end - t * h, 0.0, h)
            self.balance = self.paid_in * np.maximum(0.0, 1 - self.flows["age_end"][t] / terms["deemed_life_years"])
        else:
            self.balance = np.maximum(0.0, due - funder) + self.flows["capital"][t]
        row = dict(due=due, paid=paid, distribution_funder=funder, distribution_host=host)
        for key, value in {**row, "carry": self.carry, "deemed_balance": self.balance, "rate": r}.items():
            self.rows[key][t] = value
        self.gap[t] = gap
