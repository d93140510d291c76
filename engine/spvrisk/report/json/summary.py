"""All statistics of a result as plain JSON values."""

from typing import Any

from spvrisk.dataset.read import Result
from spvrisk.dataset.tables import COUNTS, SummaryTable
from spvrisk.dataset.variables import statistics_of
from spvrisk.plan.names import Labels
from spvrisk.report.json.uncertainty import uncertainty_json
from spvrisk.report.json.values import by_key, finite
from spvrisk.report.words import english
from spvrisk.views.loss import warnings
from spvrisk.views.projects import cap_shares

SUMMARY_SCHEMA = "spvrisk.summary/2"
"""Format; the number rises when a reader of the former would misread it."""


def summary_json(result: Result) -> dict[str, Any]:
    """Give all statistics of a result.

    Keys are ``schema, study, paths, seed, numbers_version, warnings``, then ``scheme, portfolio, projects`` with the
    statistics of each quantity. Warnings are sentences, of tails that hold too few paths. Pipelines stand among the
    projects; where there are any, ``pipelines`` names them. Of outer runs, ``uncertainty`` tells before the warnings,
    see `uncertainty_json`.
    """
    labels, table = result.labels, result.summary
    units: dict[str, dict[str, Any]] = {unit: {} for unit, _ in labels.series}
    for s, (unit, quantity) in enumerate(labels.series):
        units[unit][quantity] = _statistics_json(table, s, quantity, labels)
    for p, project in enumerate(labels.projects):
        for end, parts in (("", table.contribution), ("_se", table.contribution_se)):
            part = by_key(table.levels, parts[p])
            units[project]["npv_funder"][f"expected_shortfall_contribution{end}"] = part
    for project, share in cap_shares(result).items():
        units[project]["overrun_sampled"]["cap_share"] = share
    return {
        "schema": SUMMARY_SCHEMA,
        "study": labels.title["en"],
        "paths": result.n_paths if result.given is None else result.given.n_paths,
        **_given_json(result),
        **({"pipelines": list(labels.pipelines)} if labels.pipelines else {}),
        "seed": int(result.attributes["seed"]),
        "numbers_version": result.attributes["numbers_version"],
        **uncertainty_json(result),
        "warnings": [english(note) for note in warnings(result)],
        "scheme": units["scheme"],
        "portfolio": units["portfolio"],
        "projects": {project: units[project] for project in labels.projects},
    }


def _given_json(result: Result) -> dict[str, Any]:
    if result.given is None:
        return {}
    name, _, share, low, high = result.given
    return {"given": name, "share": share, "share_low": low, "share_high": high}


def _statistics_json(table: SummaryTable, s: int, quantity: str, labels: Labels) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for statistic in statistics_of(quantity, labels, table.exact):
        value = getattr(table, statistic.name)[s]
        if statistic.name in COUNTS:
            out[statistic.name] = int(value)
        elif statistic.dim:
            out[statistic.name] = by_key(table.quantiles if statistic.dim == "quantile" else table.levels, value)
        else:
            out[statistic.name] = finite(value)
    states = labels.states.get(quantity)
    if states is not None:
        out["share"] = by_key(states, table.shares[quantity])
        out["share_low"] = by_key(states, table.shares_low[quantity])
        out["share_high"] = by_key(states, table.shares_high[quantity])
    return out
