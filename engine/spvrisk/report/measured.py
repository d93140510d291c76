"""Curves, confidence, cash and losses by obligor as plain JSON values: NaN and infinities as null."""

from typing import Any

from spvrisk.dataset.read import Result
from spvrisk.experiments.exceeded import Curve
from spvrisk.report.json import finite
from spvrisk.views.words import money_name

CURVE_SCHEMA = "spvrisk.curve/1"
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


def _head(schema: str, result: Result) -> dict[str, Any]:
    return {
        "schema": schema,
        "study": result.labels.title["en"],
        "money": money_name(result.labels),
        "paths": result.n_paths,
        "seed": int(result.attributes["seed"]),
    }
