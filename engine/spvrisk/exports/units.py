"""What the columns and quantities of exported tables are measured in, and what they mean."""

from typing import NamedTuple

from spvrisk.dataset.read import Result
from spvrisk.dataset.tables import BOUNDS, COUNTS, STATISTICS
from spvrisk.dataset.variables import quantity_of
from spvrisk.plan.names import Labels
from spvrisk.plan.outputs import FANS, STEP_OUTPUTS, Output
from spvrisk.views.words import money_name

PURE = "1"
"""Of what has no unit: ratios, probabilities."""

_PATHS = "paths"

_KINDS = {"years": "years", "months": "months", "count": "projects"}


_OTHERS = (
    ("expected_shortfall_contribution", "project's contribution to the portfolio's expected shortfall", ""),
    ("expected_shortfall_contribution_se", "standard error of that contribution", ""),
    ("n_paths", "paths that meet the condition", _PATHS),
    ("share", "probability of the state or outcome, or of the condition", PURE),
    ("share_low", "lower end of its 95 % interval", PURE),
    ("share_high", "upper end of its 95 % interval", PURE),
)
"""Statistics that are not of series: name, meaning, unit."""


class Term(NamedTuple):
    """What a word of the tables means.

    Attributes
    ----------
    where
        Column in which it stands.
    name, meaning
        The word, and what it means.
    measured_in
        Unit of the values; empty where that depends on the quantity.
    """

    where: str
    name: str
    meaning: str
    measured_in: str


def unit_of(output: Output, labels: Labels) -> str:
    """Say what the values of an output are measured in, such as ``USD million``.

    Parameters
    ----------
    output, labels
        As `spvrisk.dataset.variables.quantity_of` gives it; labels of the result.
    """
    if output.kind == "money":
        return money_name(labels, labels.local_currency if output.name.endswith("_local") else "")
    return _KINDS.get(output.kind, PURE)


def unit_of_statistic(name: str, pure: bool, unit: str) -> str:
    """Say what a statistic is measured in.

    Parameters
    ----------
    name, pure
        Of the statistic.
    unit
        Of the quantity.
    """
    if name in COUNTS:
        return _PATHS
    return PURE if pure else unit


def terms(labels: Labels, exact: bool = True) -> list[Term]:
    """All quantities and statistics of a result's tables, with meanings and units.

    Parameters
    ----------
    labels
        Of the result.
    exact
        Whether all statistics are exact; else their bounds are among them.
    """
    found: dict[tuple[str, str], Term] = {}
    for unit, name in labels.series:
        output = quantity_of(unit, name, labels)
        counted = "; of the portfolio and of a pipeline, number of projects" if output.kind == "flag" else ""
        meaning = output.meaning + (counted if unit != "scheme" else "")
        # what it is of a project comes first, and stays
        found.setdefault(("quantity", name), Term("quantity", name, meaning, unit_of(output, labels)))
    money = money_name(labels)
    flows = {row.name: row.meaning for row in STEP_OUTPUTS if row.name in labels.timeline}
    for name, meaning in flows.items():
        found["flow", name] = Term("quantity (timeline, yearly)", name, meaning, money)
    for name, meaning in FANS.items():
        found["fan", name] = Term("quantity (timeline, quantiles)", name, f"of the portfolio: {meaning}", money)
    for statistic in STATISTICS if exact else (*STATISTICS, *BOUNDS):
        unit = unit_of_statistic(statistic.name, statistic.pure, "")
        found["statistic", statistic.name] = Term("statistic", statistic.name, statistic.meaning, unit)
    for name, meaning, unit in _OTHERS:
        found["statistic", name] = Term("statistic", name, meaning, unit)
    return list(found.values())


def facts(result: Result) -> dict[str, str | float]:
    """What a result is, for a file that is made from it, by name; numbers as numbers.

    Parameters
    ----------
    result
        The result.
    """
    names = ("title", "paths", "seed", "value_date", "currency", "money_unit", "engine_version", "numbers_version")
    digests = ("config_sha256", "content_sha256")
    return {
        **{name: result.attributes[name] for name in names},
        "created": result.provenance["created"],
        **{name: result.attributes[name] for name in digests},
    }
