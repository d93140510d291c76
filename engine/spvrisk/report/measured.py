"""Curves, confidence, cash and losses by obligor as plain JSON values: NaN and infinities as null."""

from math import isfinite
from typing import Any

from spvrisk.dataset.read import Result
from spvrisk.experiments.cash import Cash, Need
from spvrisk.experiments.confidence import Confidence, Confidences, Plan
from spvrisk.experiments.exceeded import Curve
from spvrisk.experiments.obligors import Obligors
from spvrisk.measures.delivery import Pair, Probability
from spvrisk.measures.order import Percentile
from spvrisk.report.json.values import finite
from spvrisk.views.words import money_name

CURVE_SCHEMA = "spvrisk.curve/1"
CONFIDENCE_SCHEMA = "spvrisk.confidence/1"
OBLIGORS_SCHEMA = "spvrisk.obligors/1"
CASH_SCHEMA = "spvrisk.cash/1"
"""Formats; a number rises when a reader of the former would misread it."""


def curve_json(found: Curve) -> dict[str, Any]:
    """Give an exceedance curve.

    ``points`` has for each probability ``probability, one_in, value, low, high, mean_beyond, mean_beyond_se,
    paths_beyond``; ``of_loss`` says that values are minus those of the quantity.
    """
    unit, quantity = found.series
    return {
        **_head(CURVE_SCHEMA, found.result),
        "unit": unit,
        "quantity": quantity,
        "of_loss": found.of_loss,
        "n": found.defined,
        "points": [
            {
                "probability": point.probability,
                "one_in": point.one_in,
                "value": finite(point.value),
                "low": finite(point.low),
                "high": finite(point.high),
                "mean_beyond": finite(point.beyond),
                "mean_beyond_se": finite(point.error),
                "paths_beyond": point.paths,
            }
            for point in found.points
        ],
    }


def confidence_json(found: Confidences) -> dict[str, Any]:
    """Give percentiles of cost and completion, and joint confidence, by project.

    Each of ``projects`` has ``project, budget, planned, funded`` (paths); ``completed, within_budget, on_time, joint``
    (``value, low, high``); ``cost`` and ``delay_months`` by level (``level, value, low, high``; delays with ``date,
    date_low, date_high``); ``grid``: ``costs, delays`` and ``joint[cost][delay]``; ``frontier`` of ``level``.
    """
    return {
        **_head(CONFIDENCE_SCHEMA, found.result),
        "completed_only": found.completed_only,
        "level": found.level,
        "projects": [_confidence_json(each) for each in found.projects],
    }


def _confidence_json(each: Confidence) -> dict[str, Any]:
    plan = each.plan
    return {
        "project": each.project,
        "budget": plan.budget,
        "planned": plan.date().isoformat(),
        "funded": each.funded,
        "completed": _share_json(each.completed),
        "within_budget": _share_json(each.within_budget),
        "on_time": _share_json(each.on_time),
        "joint": _share_json(each.joint),
        "cost": [_percentile_json(p) for p in each.cost],
        "delay_months": [{**_percentile_json(p), **_dates_json(plan, p.value, p.low, p.high)} for p in each.delay],
        "grid": {
            "costs": [_percentile_json(p) for p in each.costs],
            "delays": [{**_percentile_json(p), **_dates_json(plan, p.value, p.low, p.high)} for p in each.delays],
            "joint": [[_share_json(share) for share in row] for row in each.grid],
        },
        "frontier": [_pair_json(plan, pair) for pair in each.frontier],
    }


def _share_json(share: Probability) -> dict[str, float | None]:
    return {name: finite(value) for name, value in share._asdict().items()}


def _percentile_json(p: Percentile) -> dict[str, Any]:
    return {"level": p.level, "value": finite(p.value), "low": finite(p.low), "high": finite(p.high)}


def _pair_json(plan: Plan, pair: Pair) -> dict[str, Any]:
    months = {"delay_months": finite(pair.delay), "low": finite(pair.low), "high": finite(pair.high)}
    return {"cost": pair.cost, **months, **_dates_json(plan, pair.delay, pair.low, pair.high)}


def _dates_json(plan: Plan, *delays: float) -> dict[str, str | None]:
    """Days of completion with a delay and the ends of its interval."""
    days = (plan.date(delay).isoformat() if isfinite(delay) else None for delay in delays)
    return dict(zip(("date", "date_low", "date_high"), days, strict=True))


def obligors_json(found: Obligors) -> dict[str, Any]:
    """Give expected losses.

    Each of ``obligors`` has ``kind, name, units, quantity``, then ``probability, probability_low, probability_high,
    severity, severity_se, expected_loss, expected_loss_se``.
    """
    return {
        **_head(OBLIGORS_SCHEMA, found.result),
        "of": found.of,
        "obligors": [
            {
                "kind": each.kind,
                "name": each.name,
                "units": list(each.units),
                "quantity": each.quantity,
                "probability": finite(each.loss.probability),
                "probability_low": finite(each.loss.low),
                "probability_high": finite(each.loss.high),
                "severity": finite(each.loss.severity),
                "severity_se": finite(each.loss.severity_error),
                "expected_loss": finite(each.loss.expected),
                "expected_loss_se": finite(each.loss.expected_error),
            }
            for each in found.found
        ],
    }


def cash_json(found: Cash) -> dict[str, Any]:
    """Give needs by party and year.

    ``parties`` has by party a list of ``year`` (null: the largest of a path), ``mean, mean_se`` and ``levels``:
    ``level, value, low, high``; ``replayed`` is the number of paths.
    """
    return {
        **_head(CASH_SCHEMA, found.result),
        "replayed": found.paths,
        "gross": found.gross,
        "parties": {party: [_need_json(each) for each in needs] for party, needs in found.parties.items()},
    }


def _need_json(each: Need) -> dict[str, Any]:
    levels = [_percentile_json(p) for p in each.levels]
    return {"year": each.year, "mean": finite(each.mean), "mean_se": finite(each.error), "levels": levels}


def _head(schema: str, result: Result) -> dict[str, Any]:
    return {
        "schema": schema,
        "study": result.labels.title["en"],
        "money": money_name(result.labels),
        "paths": result.n_paths,
        "seed": int(result.attributes["seed"]),
    }
