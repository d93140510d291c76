"""What outer runs tell of each measure of a result: its range over the uncertain inputs, and what explains it."""

from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk.config.definite import matrix
from spvrisk.dataset.read import Result
from spvrisk.dataset.tables import SummaryTable
from spvrisk.dataset.uncertainty import UncertaintyTable
from spvrisk.measures.knowledge import Explained, Knowledge, Point, explained, knowledge, over_inputs
from spvrisk.measures.named import Measure, measure_of
from spvrisk.plan.names import Labels

Float = NDArray[np.float64]

RANGE = ("0.05", "0.5", "0.95")
"""Probabilities over the inputs by which a range is told."""

_SHARE = "p_loss"

_MEANS = ("mean", _SHARE)
"""Statistics that are means over paths, so that what varies of them from path to path is known too."""

_SPACED = ("quantile", "var")
"""Statistics of whose ranges no Monte Carlo error is taken off."""

_IN_TABLE = {"var": "value_at_risk", "es": "expected_shortfall"}
"""Fields of the summary that are not called as their statistic is."""


class Unknown(NamedTuple):
    """A measure over the uncertain inputs.

    Attributes
    ----------
    measure
        What it is.
    base, base_error
        At the study's own values, and its Monte Carlo standard error; NaN where the tables have none.
    over
        Its quantiles `RANGE` over the inputs, Monte Carlo error taken off, but not of quantiles and values at risk.
    error
        Monte Carlo standard error of an outer run, as the root of the mean square.
    knowledge
        How it varies by what is not known.
    """

    measure: Measure
    base: float
    base_error: float
    over: tuple[Point, ...]
    error: float
    knowledge: Knowledge


def unknowns(result: Result, table: UncertaintyTable) -> list[Unknown]:
    """Give every measure of a result's outer runs.

    Parameters
    ----------
    result, table
        The result, and what came of its outer runs.
    """
    return [unknown(result, table, text) for text in table.measures]


def unknown(result: Result, table: UncertaintyTable, text: str) -> Unknown:
    """Give a measure of a result's outer runs.

    Parameters
    ----------
    result, table
        As of `unknowns`.
    text
        The measure, one of `UncertaintyTable.measures`.
    """
    i, measure = table.measures.index(text), measure_of(text, result.labels, "")
    values, errors = table.values[:, i], errors_of(table, text)
    found = knowledge(values, errors, table.inner if measure.statistic.name in _MEANS else None)
    # errors of quantiles come from spacings: at a few thousand paths their squares are too large on average
    noise = errors if measure.statistic.name not in _SPACED else np.zeros_like(errors)
    over = tuple(over_inputs(values, noise, level) for level in RANGE)
    base = _base(result.summary, result.labels, measure)
    return Unknown(measure, *base, over, sqrt(float(np.mean(errors**2))), found)


def errors_of(table: UncertaintyTable, text: str) -> Float:
    """Monte Carlo standard errors of a measure of the outer runs, ``(outer,)`` float64, whose squares have no bias.

    Those that are kept of a probability are never 0, since a run cannot know it better than by one path.

    Parameters
    ----------
    table, text
        As of `unknown`.
    """
    i = table.measures.index(text)
    if not text.endswith(f":{_SHARE}"):
        return table.errors[:, i]
    return np.asarray(np.sqrt(table.values[:, i] * (1.0 - table.values[:, i]) / (table.inner - 1)))


def explained_by(table: UncertaintyTable, text: str) -> list[Explained]:
    """Tell what each input explains of a measure.

    Parameters
    ----------
    table, text
        As of `unknown`.
    """
    names = tuple(each.name for each in table.inputs)
    correlation = matrix(names, table.correlation, "score")  # of scores: of the draws it is a little less
    return explained(table.drawn, table.values[:, table.measures.index(text)], errors_of(table, text), correlation)


def _base(table: SummaryTable, labels: Labels, measure: Measure) -> tuple[float, float]:
    """A measure of the study's own run with its error; quantiles have intervals, and no errors."""
    name, s = _IN_TABLE.get(measure.statistic.name, measure.statistic.name), labels.series.index(measure.series)
    at: tuple[int, ...] = (s,)
    if measure.at:
        at = (s, (table.quantiles if name == "quantile" else table.levels).index(measure.at))
    errors = getattr(table, f"{name}_se", None)
    return float(getattr(table, name)[at]), float("nan") if errors is None else float(errors[at])
