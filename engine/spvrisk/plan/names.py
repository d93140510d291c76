"""The order of everything that the kernel writes, by name: one place for each fact.

A *series* is one quantity of one unit (a project, a pipeline, the portfolio, or the scheme). Series are ordered by unit
(projects and pipelines in config order, then the portfolio), within a unit as in `Labels.quantities`, then the
scheme's.
"""

from typing import NamedTuple

QUANTITIES = (
    "funded",
    "completed",
    "cancelled",
    "declined",
    "cost",
    "cost_overrun",
    "overrun_drawn",
    "delay_months",
    "npv_funder",
    "pv_host",
    "developer_fee",
    "vendor_margin",
    "supply_chain_benefit",
    "irr_funder",
    "multiple_funder",
    "payback_years",
    "whole_years",
    "deemed_share",
    "deemed_open",
)
"""Quantities of a project and of the portfolio, in the order of the kernel's rows."""

CATCH_UP_QUANTITIES = ("caught_up",)
"""Quantities that there are beside, where a decline has a catch-up."""

STACK_QUANTITIES = (
    "insurer_claims",
    "insurer_net",
    "npv_banks",
    "npv_policy_bank",
    "bank_loss",
    "policy_bank_loss",
)
"""Quantities that there are beside, where the funder has a stack."""

TIMELINE = (
    "calls",
    "spend",
    "revenue",
    "available_cash",
    "distribution_funder",
    "distribution_host",
    "due",
    "carry",
    "deemed_balance",
)
"""Flows and balances per step of a project (and of the portfolio, as their sum), in the order of the kernel's rows."""

STACK_TIMELINE = ("loan_balance", "claims")
"""Rows that there are beside, where the funder has a stack."""

FANS = ("net_flow", "cumulated_funder_flow", "calls")
"""Portfolio rows kept by path for fan quantiles: funder's net flow, its running sum, calls."""

FAN_PATHS = 1 << 16
"""Fan quantiles come from the paths with numbers below this."""

LEAF = 4096
"""Paths in a leaf, the unit of exact summation."""


FINITE, INFINITE, UNDEFINED = 0, 1, 2
"""Rows of the counts of a series' values."""

MEAN, M2, M3, M4 = 0, 1, 2, 3
"""Rows of its central moments: mean, then sums of powers of the deviations from it."""


class Labels(NamedTuple):
    """Names that go with the arrays of a plan.

    Attributes
    ----------
    title : dict
        Study title by language.
    currency, money_unit
        ISO code of the study's money, and how many currency units make one unit of money.
    local_currency
        Currency of ``npv_funder_local`` (the study's where the funder has no other).
    projects
        Projects, then pipelines, in config order: the units of results beside the portfolio.
    project_titles
        Titles by project or pipeline, by language.
    pipelines
        Those of them that are pipelines, whose values are sums over projects.
    layers
        ``(layer, states)`` in config order.
    events
        ``(event, outcomes)`` in config order.
    factors
        Factor names in config order.
    value_date
        ISO date.
    step_ends
        ISO date of each step's last day, ``(step,)``.
    steps_per_year
        1, 2, 4 or 12.
    stack, catch_up
        Whether there are their quantities.
    limits
        Scheme quantities that tell whether the insurer keeps to its limits.
    """

    title: dict[str, str]
    currency: str
    money_unit: float
    local_currency: str
    projects: tuple[str, ...]
    pipelines: tuple[str, ...]
    project_titles: dict[str, dict[str, str]]
    layers: tuple[tuple[str, tuple[str, ...]], ...]
    events: tuple[tuple[str, tuple[str, ...]], ...]
    factors: tuple[str, ...]
    value_date: str
    step_ends: tuple[str, ...]
    steps_per_year: int
    stack: bool = False
    catch_up: bool = False
    limits: tuple[str, ...] = ()

    @property
    def quantities(self) -> tuple[str, ...]:
        """Quantities of a project and of the portfolio, in the order of the kernel's rows."""
        return (
            *QUANTITIES,
            *(CATCH_UP_QUANTITIES if self.catch_up else ()),
            *(STACK_QUANTITIES if self.stack else ()),
        )

    @property
    def timeline(self) -> tuple[str, ...]:
        """Rows of the timeline, in the order of the kernel's."""
        return (*TIMELINE, *(STACK_TIMELINE if self.stack else ()))

    @property
    def scheme(self) -> tuple[str, ...]:
        """Names of the scheme's quantities, in the order of the kernel's rows."""
        return (
            "npv_funder_local",
            "tariff_relief",
            "scheme_value",
            "scheme_value_local",
            *self.limits,
            "committed",
            *(f"final_state_{layer}" for layer, _ in self.layers),
            *(f"outcome_{event}" for event, _ in self.events),
        )

    @property
    def series(self) -> tuple[tuple[str, str], ...]:
        """``(unit, quantity)`` of each series; the units are project names, ``portfolio`` and ``scheme``."""
        units = (*self.projects, "portfolio")
        return (
            *((unit, quantity) for unit in units for quantity in self.quantities),
            *(("scheme", quantity) for quantity in self.scheme),
        )
