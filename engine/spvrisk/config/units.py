"""Units of a study's numbers, as the meanings of their keys name them."""

from collections.abc import Sequence

from spvrisk.config.base import keys_of
from spvrisk.config.reading.messages import models_at
from spvrisk.config.study import Study

# what is said of a key, and the unit; the first that is found counts
_NAMED = (
    ("share of spend", ""),  # or a flow in one of several units
    ("in the factor's unit per sqrt(year)", "{factor} per sqrt(year)"),
    ("in the factor's unit", "{factor}"),
    ("in its unit", "{factor}"),
    ("1/sqrt(year)", "1/sqrt(year)"),
    ("1/year", "1/year"),
    ("yearly intensity", "1/year"),
    ("money units of the funder's currency", "{funders_money}"),
    ("money units of the study", "{money}"),
    ("study currency per unit of output", "{currency}/{output}"),
    ("study currency per MW and year", "{currency}/MW/year"),
    ("study currency a year", "{currency}/year"),
    ("units of output a year", "{output}/year"),
    ("capacity in MW", "MW"),
    ("business days", "business days"),
    ("calendar days", "days"),
    ("months", "months"),
    ("law of the years", "years"),
)


def unit_of(path: Sequence[str], study: Study) -> str:
    """Give the unit of what stands at a path of a study; empty where it has none, or its meaning names none.

    Parameters
    ----------
    path
        Keys from the root; those inside a law or a curve have its unit.
    study
        The study.
    """
    for depth in range(len(path), 0, -1):
        *above, key = path[:depth]
        fields = (keys_of(model).get(key) for model in models_at(above))
        for meaning in (field.description for field in fields if field is not None and field.description):
            if meaning.startswith("years"):
                return "years"
            for words, unit in _NAMED:
                if words in meaning:
                    return _written(unit, path, study)
    return ""


def money(currency: str, unit: float) -> str:
    """Name a unit of money, such as ``USD million``.

    Parameters
    ----------
    currency
        ISO 4217 code.
    unit
        Currency units in it.
    """
    words = {1: "", 1e3: "thousand", 1e6: "million", 1e9: "billion", 1e12: "trillion"}
    return f"{currency} {words.get(unit, f'x {unit:,.0f}')}".strip()


def _written(unit: str, path: Sequence[str], study: Study) -> str:
    head = study.study
    return unit.format(
        currency=head.currency,
        money=money(head.currency, head.money_unit),
        funders_money=money(study.parties["funder"].currency, head.money_unit),
        factor=study.factors[path[1]].unit if path[0] == "factors" else "",
        output=_output(path, study),
    )


def _output(path: Sequence[str], study: Study) -> str:
    """Unit of output of the project that a path leads into."""
    if path[0] not in ("projects", "pipelines"):
        return "output"
    site = study.projects[path[1]] if path[0] == "projects" else study.pipelines[path[1]].template
    return site.output_unit or "MWh"
