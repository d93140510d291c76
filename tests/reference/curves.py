"""Curves over time, and discount factors."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from reference.basics import Array, given
from reference.dates import Calendar, as_date


def curve_at(spec: Any, times: Array, clock: Calendar | None = None) -> Array:
    """Return a curve's values; at a jump (two knots of one time) the later knot holds."""
    times = np.asarray(times, dtype=float)
    if isinstance(spec, int | float):
        return np.full(times.shape, float(spec))
    if given(spec, "value") is not None:
        return spec["value"] * (1.0 + given(spec, "growth", 0.0)) ** times
    if given(spec, "knots") is not None:
        knots = [(float(x), float(y)) for x, y in spec["knots"]]
    elif given(spec, "dates") is not None:
        knots = [(clock.time_of(as_date(day)), float(y)) for day, y in spec["dates"].items()]
    else:
        raise ValueError(f"resolve tables first: {spec}")
    return np.vectorize(lambda t: interpolate(knots, t), otypes=[float])(times)


def interpolate(knots: Sequence[tuple[float, float]], t: float) -> float:
    """Interpolate linearly, flat outside, right-continuous at jumps."""
    if t < knots[0][0]:
        return knots[0][1]
    for (x0, y0), (x1, y1) in pairwise(knots):
        if x0 <= t < x1:
            return y0 + (y1 - y0) * (t - x0) / (x1 - x0)
    return knots[-1][1]


def discount_factors(spec: Any, times: Array) -> Array:
    """Return (1 + y(t))^-t of a zero curve."""
    return (1.0 + curve_at(spec, times)) ** -np.asarray(times, dtype=float)
