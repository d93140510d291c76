"""Curves over time: values at given times, discount factors."""

from collections.abc import Sequence
from datetime import date

import numpy as np

from spvrisk.config.study.curves import Curve, ZeroCurve
from spvrisk.plan.arrays import Floats
from spvrisk.plan.calendar import Grid, time_of
from spvrisk.plan.elementary import power


def interpolate(knots: Sequence[tuple[float, float]], times: Floats) -> Floats:
    """Linear between knots, flat outside, ``(time,)`` float64; of two knots at one time, the later holds from there on.

    Parameters
    ----------
    knots
        Time and value, in the order of time.
    times
        In the knots' unit, ``(time,)``.
    """
    years = np.array([year for year, _ in knots])
    values = np.array([value for _, value in knots])
    right = np.searchsorted(years, times, side="right")
    left = np.maximum(right - 1, 0)
    right = np.minimum(right, len(years) - 1)
    width = years[right] - years[left]
    share = np.where(width > 0, (times - years[left]) / np.where(width > 0, width, 1.0), 0.0)
    return np.asarray(values[left] + share * (values[right] - values[left]))


def curve_values(curve: Curve, times: Floats, grid: Grid, value_date: date) -> Floats:
    """Values of a config curve, ``(time,)`` float64 in the curve's unit.

    Parameters
    ----------
    curve
        As the study has it.
    times
        Years from the value date, ``(time,)``.
    grid, value_date
        Lead from dates to times.
    """
    if curve.value is not None:
        return curve.value * power(1.0 + curve.growth, times)
    if curve.knots is not None:
        return interpolate(curve.knots, times)
    dated = curve.dates or {}
    return interpolate([(time_of(grid, value_date, day), value) for day, value in dated.items()], times)


def discount_factors(curve: ZeroCurve, times: Floats) -> Floats:
    """DF(t) = (1 + y(t))^-t, ``(time,)`` float64.

    Parameters
    ----------
    curve
        Zero rates y, per year.
    times
        Years from the value date, ``(time,)``.
    """
    return power(1.0 + interpolate(curve.knots, times), -times)
