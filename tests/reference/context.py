"""What the stages of a project read of the study, and what is known of its site (sections 6 to 8)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from reference.basics import Array, LawValue
from reference.curves import discount_factors
from reference.dates import Calendar
from reference.draws import Draws
from reference.factors import Factors
from reference.world import World


@dataclass
class Context:
    """What a project may read."""

    study: Mapping
    clock: Calendar
    paths: Array
    draws: Draws
    law_value: LawValue
    factors: Factors
    world: World

    @property
    def step(self) -> float:
        """Return the step length, years."""
        return 1.0 / self.clock.m

    def score(self, name: str) -> Array:
        """Return the one score of a quantity drawn once."""
        return self.draws.scores(name, 0, self.paths)

    def law(self, key: str, law: Any, name: str) -> Array:
        """Return the value of a law that is drawn once, by the stream's name."""
        return self.law_value(key, law, self.score(name))

    def rate_at_start(self, factor: str, t: int) -> Array | float:
        """Return an interest rate of step t: the factor observed at the step's start."""
        return self.factors.start[factor] if t == 0 else self.factors.observed[factor][t - 1]


def funder_factors(ctx: Context) -> Array:
    """Return the funder's discount factors in study money, ``(T, 1)``."""
    curve = ctx.study["curves"][ctx.study["parties"]["funder"]["discount"]["study"]]
    return discount_factors(curve, ctx.clock.ends)[:, None]


@dataclass
class Site:
    """A project's construction on the paths: dates, spending, who pays for it, and what was drawn.

    ``start`` is when building starts (infinite without a notice), ``plan_start`` when it was planned to.
    ``completion`` is infinite where the project is cancelled or not funded; ``stop`` is the time at which it is
    cancelled, infinite elsewhere; ``gone`` is the time from which nothing happens any more: ``stop``, 0 where the
    project is not funded, infinite where it goes on. ``causes`` tells who cancelled: ``world`` (an outcome, or a
    state that stops calls), ``review``, ``subscription``, ``cap``.

    ``spend`` by all in each step is ``capital`` (the funder's call K) plus ``host_spend`` plus ``lender_spend``.
    ``termination_fee`` and ``salvage`` are flows at the end of the step that contains the cancellation; ``settled``
    is true in that step, where the project was funded.

    ``budget`` is C on the path, ``size`` its share of the study's budget, ``achieved`` the share of the capacity that
    is reached, ``cost_score`` the score of the overrun, ``expected_cost`` C with the plan's expected indices;
    ``progress`` x and the share ``behind`` of the planned spend, S(x), are those of the steps' ends.

    ``standstills`` are (start, length), ``(n,)`` each, in order; start is infinite on the paths that have fewer.
    ``margins``: ``cancel`` the cancellation against completion, ``delay`` the start of a standstill against that of
    the project or a phase (years), ``review``, ``subscription`` the distance to the threshold, ``review_end`` that
    of a review to completion (years; a project that is complete within 1e-9 is complete), ``cap`` that of the cost to
    the cap (in budgets).
    """

    start: Array | float
    duration: float
    completion: Array
    phase_starts: list[tuple[float, Array]]
    spend: Array
    overrun: Array
    expected_cost: Array | float
    stop: Array | float = math.inf
    funded: Array | float = 1.0
    standstills: Sequence[tuple[Array, Array]] = ()
    margins: Mapping[str, Array] = field(default_factory=dict)
    plan_start: Array | float = 0.0
    gone: Array | float = math.inf
    budget: Array | float = 1.0
    size: Array | float = 1.0
    achieved: Array | float = 1.0
    shortfall: Array | float = 0.0
    cost_score: Array | float = 0.0
    progress: Array | None = None
    behind: Array | None = None
    price: Array | None = None
    capital: Array | None = None
    host_spend: Array | float = 0.0
    lender_spend: Array | float = 0.0
    termination_fee: Array | float = 0.0
    salvage: Array | float = 0.0
    causes: Mapping[str, Array] = field(default_factory=dict)
    declined: Array | float = 0.0
    settled: Array | bool = False


def distance(a: Array, b: Array) -> Array:
    """Return |a - b|; infinite where both are."""
    a, b = np.broadcast_arrays(np.asarray(a, dtype=float), np.asarray(b, dtype=float))
    both = np.isinf(a) & np.isinf(b)
    return np.where(both, math.inf, np.abs(np.where(both, 0.0, a) - np.where(both, 0.0, b)))
