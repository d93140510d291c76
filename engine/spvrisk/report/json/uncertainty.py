"""Outer runs as plain JSON values."""

from typing import Any

from spvrisk.dataset.read import Result
from spvrisk.measures.sensitivity import Index
from spvrisk.measures.unknown import RANGE, explained_by, unknowns
from spvrisk.report.json.values import by_key, finite


def uncertainty_json(result: Result) -> dict[str, Any]:
    """Give what outer runs tell, by the key ``uncertainty``; nothing where there are none, or given a condition.

    It has ``outer, inner``, and by measure ``base, quantile{}, quantile_low{}, quantile_high{}`` over the inputs,
    ``variance, variance_se`` by what is not known, its ``share, share_se`` of the variance of the value, and by input
    what it explains: ``slope, slope_se, first, first_se, p_value``.

    Parameters
    ----------
    result
        The result.
    """
    table = result.uncertainty
    if table is None:
        return {}
    names = [each.name for each in table.inputs]
    measures: dict[str, Any] = {}
    for text, found in zip(table.measures, unknowns(result, table), strict=True):
        inputs = zip(names, explained_by(table, text), strict=True)
        measures[text] = {
            "base": finite(found.base),
            **{
                f"quantile{end}": by_key(RANGE, [getattr(point, field) for point in found.over])
                for end, field in (("", "value"), ("_low", "low"), ("_high", "high"))
            },
            **_index_json("variance", found.knowledge.variance),
            **_index_json("share", found.knowledge.share),
            "inputs": {
                name: {
                    **_index_json("slope", each.slope),
                    **_index_json("first", each.first),
                    "p_value": finite(each.p_value),
                }
                for name, each in inputs
            },
        }
    return {"uncertainty": {"outer": table.outer, "inner": table.inner, "measures": measures}}


def _index_json(name: str, index: Index) -> dict[str, float | None]:
    return {name: finite(index.value), f"{name}_se": finite(index.error)}
