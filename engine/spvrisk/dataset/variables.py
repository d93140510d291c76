"""What is said of outputs: their statistics, units, conditions, and how their values are stored."""

import numpy as np

from spvrisk.aggregate.sets import Condition
from spvrisk.dataset.tables import BOUNDS, STATISTICS, Statistic
from spvrisk.plan.names import Labels
from spvrisk.plan.outputs import BY_NAME, EVENT, OUTPUTS, REGIME, Output

Attributes = dict[str, object]


UNITS = {
    "money": "1",
    "ratio": "1",
    "flag": "1",
    "years": "year",
    "months": "month",
    "count": "1",
    "state": "1",
    "price": "1",
    "own": "1",
}
"""``units`` by kind. Money is "1", for units libraries know no currencies: its currency is an attribute."""


UNDEFINED = "undefined"
"""What the outcome of an event is called where the event does not take place."""


def conditions(labels: Labels) -> tuple[Condition, ...]:
    """All conditions: by event its outcomes and ``undefined``, then by regime its states."""
    out = []
    for event, outcomes in labels.events:
        quantity = f"outcome_{event}"
        out += [Condition(f"{quantity}.{name}", quantity, o) for o, name in enumerate(outcomes)]
        out.append(Condition(f"{quantity}.{UNDEFINED}", quantity, -1))
    for regime, states in labels.regimes:
        quantity = f"final_state_{regime}"
        out += [Condition(f"{quantity}.{name}", quantity, q) for q, name in enumerate(states)]
    return tuple(out)


def quantity_of(unit: str, name: str, labels: Labels) -> Output:
    """Look up the output of a series; a flag of many projects is a count.

    Parameters
    ----------
    unit
        A project, a pipeline, ``portfolio`` or ``scheme``.
    name
        Of the quantity.
    labels
        Of the result.
    """
    if unit == "scheme":
        return _of_scheme(name, labels)
    output = BY_NAME[name]
    if unit in (*labels.pipelines, "portfolio") and output.kind == "flag":
        return output._replace(kind="count", meaning=f"number of projects: {output.meaning}")
    return output


def _of_scheme(name: str, labels: Labels) -> Output:
    """An output of the scheme, of a regime or of an event."""
    named = {REGIME: labels.regimes, EVENT: labels.events}
    for output in OUTPUTS:
        for key, _ in named.get(output.of, ()):
            if name == output.name.format(key):
                return output._replace(name=name, meaning=output.meaning.format(key))
    return BY_NAME[name]


def has_loss(name: str) -> bool:
    """Tell whether a quantity is a net present value, whose loss is its negative.

    Parameters
    ----------
    name
        Of the quantity.
    """
    return name.startswith("npv_")


def statistics_of(name: str, labels: Labels, exact: bool = True) -> tuple[Statistic, ...]:
    """Statistics that a quantity has.

    Parameters
    ----------
    name
        Of the quantity.
    labels
        Of the result.
    exact
        Whether all are exact; else bounds of those that may not be are among them.
    """
    kinds = {"all"}
    if labels.states.get(name) is None:
        of_kind = {"flag": {"flags"}, "years": {"times"}}.get(BY_NAME[name].kind, set())
        kinds |= {"numbers", *of_kind, *({"losses"} if has_loss(name) else ())}
    every = STATISTICS if exact else (*STATISTICS, *BOUNDS)
    return tuple(statistic for statistic in every if statistic.applies in kinds)


def unit_attributes(kind: str, labels: Labels, local: bool = False) -> Attributes:
    """Attributes that say in what a variable is measured.

    Parameters
    ----------
    kind
        Of an output, such as ``money`` or ``years``.
    labels
        Of the result.
    local
        Whether it is in local money.
    """
    attributes: Attributes = {"units": UNITS[kind]}
    if kind == "price":
        attributes |= {"currency": labels.currency, "comment": "currency per unit of output"}
    if kind == "own":
        attributes["comment"] = "in the unit of its factor"
    if kind == "money":
        attributes["currency"] = labels.local_currency if local else labels.currency
        attributes["money_unit"] = float(labels.money_unit)
    return attributes


MAY_BE_INFINITE = "years"
"""Kind of the outputs that are infinite on paths where what they time never happens."""


def finite_only(statistic: str, kind: str) -> Attributes:
    """Attribute that says of a moment which values it leaves out; none of other statistics.

    Parameters
    ----------
    statistic
        Its name.
    kind
        Of the quantity.
    """
    if kind != MAY_BE_INFINITE or statistic not in ("mean", "mean_se", "sd", "sd_se", "skewness"):
        return {}
    return {"comment": "of the finite values alone: n_infinite counts paths on which it never happens"}


def flag_attributes(meanings: tuple[str, ...], dtype: str) -> Attributes:
    """Attributes of codes 0, 1, ... and what they stand for.

    Parameters
    ----------
    meanings
        Words without blanks, by code.
    dtype
        NumPy type of the codes, such as ``|i1``.
    """
    return {"flag_values": np.arange(len(meanings), dtype=dtype), "flag_meanings": " ".join(meanings)}


def path_dtype(quantity: Output, n_states: int) -> str:
    """Type of stored path values: net present values float64, other numbers float32, codes int8.

    Parameters
    ----------
    quantity
        What is stored.
    n_states
        How many states or outcomes it tells of; 0 if it is a number.
    """
    if has_loss(quantity.name):
        return "<f8"
    if quantity.kind == "flag" or (quantity.kind == "state" and n_states < 127):
        return "|i1"
    return "<i4" if quantity.kind in ("count", "state") else "<f4"
