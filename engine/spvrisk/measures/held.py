"""Measures of a result: what its summary holds, or else what follows from the values that it keeps by path."""

from math import hypot, isnan, nan, sqrt
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from spvrisk.dataset.read import Result
from spvrisk.measures.named import Measure
from spvrisk.measures.order import CONFIDENCE
from spvrisk.measures.sample import Sample


class Held(NamedTuple):
    """A measure of a result and its standard error; NaN where they are undefined."""

    value: float
    error: float


def held(result: Result, measure: Measure) -> Held:
    """Give a measure of a result.

    Parameters
    ----------
    result
        The result.
    measure
        Of its study.

    Raises
    ------
    InputError
        The summary has no such figure, and the values are not kept by path.
    """
    found = _of_summary(result, measure)
    if found is not None:
        return found
    figure = measure.figure(*(_sample(result, *series) for series in measure.needs))
    return Held(figure.value, figure.error)


def _sample(result: Result, unit: str, quantity: str) -> Sample:
    """Values by path."""
    values = result.series(unit, quantity).astype(np.float64)
    if quantity in result.labels.states:
        values[values < 0] = nan  # codes, of which -1 is undefined
    return Sample(values)


def _of_summary(result: Result, measure: Measure) -> Held | None:
    """A measure that the summary has."""
    table, s = result.summary, result.labels.series.index(measure.series)
    n = float(table.n[s])
    match measure.statistic.name:
        case "mean":
            return Held(float(table.mean[s]), float(table.mean_se[s]))
        case "sd":
            return Held(float(table.sd[s]), float(table.sd_se[s]))
        case "p_loss":
            return _share(table.p_loss[s], n)
        case "p_finite":
            return _share(table.p_finite[s], n)
        case "share":
            return _share(table.shares[measure.series[1]][int(measure.code)], n)
        case "quantile" if measure.at in table.quantiles:
            q = table.quantiles.index(measure.at)
            return _between(table.quantile[s, q], table.quantile_low[s, q], table.quantile_high[s, q])
        case "var" if measure.at in table.levels:
            a = table.levels.index(measure.at)
            return _between(table.value_at_risk[s, a], table.value_at_risk_low[s, a], table.value_at_risk_high[s, a])
        case "es" if measure.at in table.levels:
            a = table.levels.index(measure.at)
            return Held(float(table.expected_shortfall[s, a]), float(table.expected_shortfall_se[s, a]))
    return None


def _share(share: float, n: float) -> Held:
    """A probability; its error is not less than one path makes of it (decision note 14)."""
    p = float(share)
    return Held(p, nan if isnan(p) or n < 2 else hypot(sqrt(max(p * (1.0 - p), 0.0) / (n - 1.0)), 1.0 / n))


def _between(value: float, low: float, high: float) -> Held:
    """An order statistic; its error is that of a normal with this 95 % interval."""
    half = 0.5 * (float(high) - float(low)) if np.isfinite(high) and np.isfinite(low) else nan
    return Held(float(value), half / float(ndtri(0.5 + CONFIDENCE / 2.0)))
