"""The one table of output variables: quantities, statistics, timeline rows, and their descriptions."""

from typing import NamedTuple

import numpy as np

from spvrisk.dataset.tables import FEW_PATHS
from spvrisk.plan.names import Labels

Attributes = dict[str, object]


class Quantity(NamedTuple):
    """One result of a path.

    Attributes
    ----------
    name
        As in ``plan.names``.
    kind
        ``money``, ``ratio``, ``flag``, ``years``, ``months``, ``count`` or ``state``.
    meaning
        What it is, in one line.
    """

    name: str
    kind: str
    meaning: str


UNITS = {
    "money": "1",
    "ratio": "1",
    "flag": "1",
    "years": "year",
    "months": "month",
    "count": "1",
    "state": "1",
}
"""``units`` by kind. Money is "1", for units libraries know no currencies: its currency is an attribute."""

PROJECT_QUANTITIES = {
    q.name: q
    for q in (
        Quantity("funded", "flag", "project was funded"),
        Quantity("completed", "flag", "construction was completed within the horizon"),
        Quantity("cancelled", "flag", "project was cancelled before its completion"),
        Quantity("declined", "flag", "whether its funding was declined"),
        Quantity("cost", "money", "nominal construction spend by all"),
        Quantity("cost_overrun", "ratio", "cost over expected cost, minus 1; undefined unless completed"),
        Quantity("overrun_drawn", "ratio", "drawn cost overrun without inflation, completed or not"),
        Quantity("delay_months", "months", "completion against plan; undefined unless completed"),
        Quantity("npv_funder", "money", "net present value to the funder at the value date"),
        Quantity("pv_host", "money", "present value of distributions to the host, less what it pays of the cost"),
        Quantity("developer_fee", "money", "present value of the developer's fee"),
        Quantity("vendor_margin", "money", "present value of side flows to the funder on spend"),
        Quantity("supply_chain_benefit", "money", "present value of side flows to the funder on output"),
        Quantity(
            "irr_funder",
            "ratio",
            "funder's internal rate of return per year; -1 where no step brings more than it calls",
        ),
        Quantity("multiple_funder", "ratio", "funder's receipts over calls, undiscounted"),
        Quantity("payback_years", "years", "from the first call until receipts cover calls; infinite if never"),
        Quantity("whole_years", "years", "from completion until the funder is made whole; infinite if never"),
        Quantity(
            "deemed_share",
            "ratio",
            "tier one received over received and open at the end; cumulative: receipts up to what is due, and balance",
        ),
        Quantity("deemed_open", "money", "tier one open at the end, due or not yet due"),
        Quantity("caught_up", "money", "present value of what the host had from the funder's part after a decline"),
        Quantity("insurer_claims", "money", "present value of claims that the insurer paid"),
        Quantity("insurer_net", "money", "present value of premiums and recoveries, less claims paid"),
        Quantity("npv_banks", "money", "net present value to the commercial banks at the value date"),
        Quantity("npv_policy_bank", "money", "net present value to the policy bank at the value date"),
        Quantity("bank_loss", "money", "present value of the banks' funded principal that was never repaid"),
        Quantity("policy_bank_loss", "money", "present value of the policy bank's lent principal never repaid"),
    )
}
"""Quantities of a project and of the portfolio; the last ones with a catch-up or a stack alone."""

COUNTED = ("funded", "completed", "cancelled", "declined")
"""Flags of a project whose value for a pipeline or the portfolio is a number of projects."""

TIMELINE_ROWS = {
    "calls": "funding calls in the step",
    "spend": "construction spend in the step",
    "revenue": "revenue in the step",
    "available_cash": "cash available for distribution in the step",
    "distribution_funder": "distributions to the funder in the step",
    "distribution_host": "distributions to the host in the step",
    "due": "tier one due in the step, carry included",
    "carry": "tier one due and unpaid at the end of the step",
    "deemed_balance": "deemed balance at the end of the step",
    "loan_balance": "loans to the funder and their arrears at the end of the step",
    "claims": "claims that the insurer pays in the step",
}
"""Meaning of the rows of the timeline, all money."""

FAN_ROWS = {
    "net_flow": "funder's net flow in the step",
    "cumulated_funder_flow": "funder's net flows cumulated to the end of the step",
    "calls": "funding calls in the step",
}
"""Meaning of the portfolio rows with fan quantiles, all money."""


class Statistic(NamedTuple):
    """One statistic of a quantity.

    Attributes
    ----------
    name
        Field of ``SummaryTable`` and suffix of the variable.
    dim
        Its own dimension, ``quantile`` or ``level``; ``""`` if it has none.
    applies
        ``numbers`` (all but states), ``flags``, ``times``, ``losses`` (net present values) or ``all``.
    pure
        True if it has no unit whatever the quantity.
    meaning
        Words to stand before the quantity's.
    """

    name: str
    dim: str
    applies: str
    pure: bool
    meaning: str


STATISTICS = (
    Statistic("n", "", "all", True, "paths where it is defined"),
    Statistic("n_infinite", "", "numbers", True, "paths where it is infinite"),
    Statistic("n_undefined", "", "all", True, "paths where it is undefined"),
    Statistic("mean", "", "numbers", False, "mean"),
    Statistic("mean_se", "", "numbers", False, "standard error of the mean"),
    Statistic("mean_low", "", "flags", True, "lower end of the mean's 95 % interval, undefined of a count"),
    Statistic("mean_high", "", "flags", True, "upper end of the mean's 95 % interval, undefined of a count"),
    Statistic("sd", "", "numbers", False, "standard deviation"),
    Statistic("sd_se", "", "numbers", False, "standard error of the standard deviation"),
    Statistic("skewness", "", "numbers", True, "skewness"),
    Statistic("quantile", "quantile", "numbers", False, "quantile"),
    Statistic("quantile_low", "quantile", "numbers", False, "lower end of the quantile's 95 % interval"),
    Statistic("quantile_high", "quantile", "numbers", False, "upper end of the quantile's 95 % interval"),
    Statistic("p_finite", "", "times", True, "probability that it ever happens"),
    Statistic("p_finite_low", "", "times", True, "lower end of the 95 % interval of p_finite"),
    Statistic("p_finite_high", "", "times", True, "upper end of the 95 % interval of p_finite"),
    Statistic("p_loss", "", "losses", True, "probability of a loss"),
    Statistic("p_loss_low", "", "losses", True, "lower end of the 95 % interval of p_loss"),
    Statistic("p_loss_high", "", "losses", True, "upper end of the 95 % interval of p_loss"),
    Statistic("value_at_risk", "level", "losses", False, "value at risk of the loss"),
    Statistic("value_at_risk_low", "level", "losses", False, "lower end of value at risk's 95 % interval"),
    Statistic("value_at_risk_high", "level", "losses", False, "upper end of value at risk's 95 % interval"),
    Statistic("expected_shortfall", "level", "losses", False, "expected shortfall of the loss"),
    Statistic(
        "expected_shortfall_se",
        "level",
        "losses",
        False,
        f"standard error of expected shortfall, undefined where its tail holds under {FEW_PATHS} paths",
    ),
)
"""Statistics of the summary, in the order in which people read them."""


def name_over_series(statistic: Statistic) -> str:
    """Name of a statistic's variable where it runs over all series; ``quantile`` is the name of a coordinate."""
    return "quantile_value" if statistic.name == "quantile" else statistic.name


COUNTS = ("n", "n_infinite", "n_undefined")
"""Statistics that are whole numbers of paths."""


_LIMITS = (
    Quantity("insurer_breach", "flag", "the insurer's cumulated loss is above its capital at some step"),
    Quantity("insurer_capacity_breach", "flag", "what the insurer covers is above its capacity at some step"),
)


def scheme_quantities(labels: Labels) -> dict[str, Quantity]:
    """Quantities of the scheme as a whole, in the order of ``labels.scheme``."""
    local = Quantity(
        "npv_funder_local", "money", "net present value to the funder in the funder's own currency and curve"
    )
    relief = Quantity("tariff_relief", "money", "present value of side flows to the funder in time")
    value = Quantity("scheme_value", "money", "net present value to the funder with all side flows")
    value_local = Quantity("scheme_value_local", "money", "the same in the funder's own currency and curve")
    limits = (q for q in _LIMITS if q.name in labels.limits)
    committed = Quantity("committed", "money", "budgets noticed, less those declined")
    states = (Quantity(f"final_state_{l}", "state", f"state of layer {l} at the end") for l, _ in labels.layers)
    outcomes = (Quantity(f"outcome_{e}", "state", f"outcome of event {e}") for e, _ in labels.events)
    return {q.name: q for q in (local, relief, value, value_local, *limits, committed, *states, *outcomes)}


UNDEFINED = "undefined"
"""What the outcome of an event is called where the event does not take place."""


class Condition(NamedTuple):
    """A set of paths: those with one outcome of an event, or one final state of a layer.

    Attributes
    ----------
    name
        Quantity and value, such as ``outcome_ruling.struck_down``; ``undefined`` where the event does not take place.
    quantity
        Scheme quantity that tells.
    code
        Its value; -1 for undefined.
    """

    name: str
    quantity: str
    code: int


def conditions(labels: Labels) -> tuple[Condition, ...]:
    """All conditions: by event its outcomes and ``undefined``, then by layer its states."""
    out = []
    for event, outcomes in labels.events:
        quantity = f"outcome_{event}"
        out += [Condition(f"{quantity}.{name}", quantity, o) for o, name in enumerate(outcomes)]
        out.append(Condition(f"{quantity}.{UNDEFINED}", quantity, -1))
    for layer, states in labels.layers:
        quantity = f"final_state_{layer}"
        out += [Condition(f"{quantity}.{name}", quantity, q) for q, name in enumerate(states)]
    return tuple(out)


def quantity_of(unit: str, name: str, labels: Labels) -> Quantity:
    """Look up the quantity of a series; a flag of many projects is a count."""
    if unit == "scheme":
        return scheme_quantities(labels)[name]
    quantity = PROJECT_QUANTITIES[name]
    if unit in (*labels.pipelines, "portfolio") and name in COUNTED:
        return Quantity(name, "count", "number of projects: " + quantity.meaning)
    return quantity


def has_loss(name: str) -> bool:
    """Tell whether a quantity is a net present value, whose loss is its negative."""
    return name.startswith("npv_")


def states_of(name: str, labels: Labels) -> tuple[str, ...] | None:
    """States or outcomes that a scheme quantity's codes 0, 1, ... stand for; None if it is a number."""
    for prefix, table in (("final_state_", labels.layers), ("outcome_", labels.events)):
        for key, states in table:
            if name == prefix + key:
                return states
    return None


def statistics_of(name: str, labels: Labels) -> tuple[Statistic, ...]:
    """Statistics that a quantity has."""
    kinds = {"all"}
    if states_of(name, labels) is None:
        quantity = PROJECT_QUANTITIES.get(name) or scheme_quantities(labels)[name]
        of_kind = {"flag": {"flags"}, "years": {"times"}}.get(quantity.kind, set())
        kinds |= {"numbers", *of_kind, *({"losses"} if has_loss(name) else ())}
    return tuple(statistic for statistic in STATISTICS if statistic.applies in kinds)


def unit_attributes(kind: str, labels: Labels, local: bool = False) -> Attributes:
    """Attributes that say in what a variable is measured."""
    attributes: Attributes = {"units": UNITS[kind]}
    if kind == "money":
        attributes["currency"] = labels.local_currency if local else labels.currency
        attributes["money_unit"] = float(labels.money_unit)
    return attributes


def flag_attributes(meanings: tuple[str, ...], dtype: str) -> Attributes:
    """Attributes of codes 0, 1, ... and what they stand for."""
    return {"flag_values": np.arange(len(meanings), dtype=dtype), "flag_meanings": " ".join(meanings)}


def path_dtype(quantity: Quantity, n_states: int) -> str:
    """Type of stored path values: net present values float64, other numbers float32, codes int8."""
    if has_loss(quantity.name):
        return "<f8"
    if quantity.kind == "flag" or (quantity.kind == "state" and n_states < 127):
        return "|i1"
    return "<i4" if quantity.kind in ("count", "state") else "<f4"
