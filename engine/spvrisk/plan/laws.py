"""Laws of the config -> distributions -> quantile tables over the normal score."""

import math
from collections.abc import Callable
from typing import NamedTuple, cast

import numpy as np
from scipy import special

from spvrisk.catalogue import phrase
from spvrisk.config.laws import Law
from spvrisk.plan.cubics import Segment, UnfitError, constant, cubic, fit
from spvrisk.plan.distributions import (
    NOTHING,
    Affine,
    Array,
    Continuous,
    Discrete,
    Distribution,
    LawError,
    Piece,
    Truncated,
    gauss_panels,
    normal_density,
    pieces,
    weighted_moments,
)
from spvrisk.plan.families import FAMILIES, Parameters, atoms, mixed
from spvrisk.plan.mixtures import Mixture

REACH = 7.0
"""Tables cover the scores |z| <= 7; look-ups beyond are clamped."""


# half of the 1e-6 that the model page allows, as errors are looked at in a few places of each cell only
_TOLERANCE = 5e-7
# the tolerance holds for 1e-8 < u < 1 - 1e-8; beyond, where some of scipy's tails are rough, a thousandfold one
_CHECKED = 5.62
_BEYOND = 1e-3
# on so narrow a stretch of z a monotone curve that is exact at both ends meets the tolerance in u
_LEAST_WIDTH = 1e-8
# interquartile ranges beyond which an end of a law's support is no measure of its size
_FAR = 100.0


def distribution(law: Law) -> Affine:
    """Build the distribution of a law: a standard form with its location and scale.

    Raises
    ------
    LawError
        If there is no such law, or truncation leaves nothing of it.
    """
    return conditioned(law)[0]


def conditioned(law: Law) -> tuple[Affine, float]:
    """Distribution of a law, and the probability that its truncation keeps; see `distribution`.

    Raises
    ------
    LawError
        The parameters' numbers overflow, or truncation leaves no probability.
    """
    try:
        whole = FAMILIES[law.family](_parameters(law))
    except ArithmeticError:
        raise LawError(
            "a law's parameters must not be of sizes too far apart",
            phrase("a {} whose numbers overflow", law.family),
            "write a plain number for what is nearly fixed, or check the units",
        ) from None
    if law.truncate is None:
        return whole, 1.0
    low, high = law.interval
    part, mass = _conditioned(whole, low, high)
    if mass < 1e-200:
        raise LawError(
            "truncate must leave some probability",
            phrase("none in [{:g}, {:g}]; the law's mean is {:.6g}", low, high, whole.moments[0]),
            "check the bounds' unit",
        )
    return part, mass


def _parameters(law: Law) -> Parameters:
    """Parameters of a law; those of a mixture with the distributions of its parts."""
    p = law.parameters
    if law.family != "mixture":
        return p
    return {"parts": [(w, distribution(part)) for w, part in zip(p["weights"], p["laws"], strict=True) if w > 0.0]}


# ---- truncation -----------------------------------------------------------------------------------------------


def _conditioned(law: Affine, lower: float, upper: float) -> tuple[Affine, float]:
    """Condition a law on [lower, upper]; also the probability that it lies there (if 0, the law is meaningless)."""
    location, scale, base = law.location, law.scale, law.base
    if isinstance(base, Mixture):
        return _conditioned_mixture(base, lower, upper)
    low, high = (lower - location) / scale, (upper - location) / scale
    if isinstance(base, Discrete):
        return _conditioned_atoms(law, base, low, high)
    if isinstance(base, Truncated):
        part = Truncated(base.base, max(low, base.lower), min(high, base.upper))
        return Affine(location, scale, part), part.mass / base.mass
    part = Truncated(cast(Continuous, base), low, high)
    return (law if part.whole else Affine(location, scale, part)), part.mass


def _conditioned_atoms(law: Affine, base: Discrete, low: float, high: float) -> tuple[Affine, float]:
    values, probabilities = np.array(base.values), np.array(base.probabilities)
    kept = (values >= low) & (values <= high)
    if kept.all() or not kept.any():
        return law, float(kept.any())
    # several atoms have no location and scale taken out
    return atoms(values[kept], probabilities[kept]), float(probabilities[kept].sum())


def _conditioned_mixture(law: Mixture, lower: float, upper: float) -> tuple[Affine, float]:
    parts = []
    for weight, part in zip(law.weights, law.parts, strict=True):
        inner, mass = _conditioned(part if isinstance(part, Affine) else Affine(0.0, 1.0, part), lower, upper)
        parts.append((weight * mass, inner))
    total = sum(mass for mass, _ in parts)
    left = [(mass, part) for mass, part in parts if mass > NOTHING * total]
    return (mixed(left) if left else Affine(0.0, 1.0, law)), total


# ---- quantile tables ------------------------------------------------------------------------------------------


class _Quantile:
    """Quantile of a law over one smooth stretch of the score."""

    def __init__(self, law: Distribution, piece: Piece) -> None:
        self.law, self.piece = law, piece
        width = piece.high - piece.low
        # an end may lie far beyond all that is ever drawn
        nudge = 1e-12 * min(width if math.isfinite(width) else 1.0, _FAR * self._spread())
        # at a break the density belongs to either side: take it just inside
        self.inside = piece.low + nudge, piece.high - nudge

    def _spread(self) -> float:
        """Interquartile range of the law, given that it lies in the piece."""
        ends = np.array([self.piece.lower, self.piece.upper])
        below, above = special.ndtr(ends), special.ndtr(-ends)
        quarter = np.array([0.25, 0.75])
        quartile = self.law.quantile(below[0] + quarter * np.diff(below), above[0] + quarter * np.diff(above))
        return float(quartile[1] - quartile[0])

    def value(self, z: Array) -> Array:
        """Quantiles at increasing scores."""
        lower, upper, low, high = self.piece
        quantile = np.clip(self.law.quantile(special.ndtr(z), special.ndtr(-z)), low, high)
        if lower > -REACH:
            quantile[z <= lower] = low
        if upper < REACH:
            quantile[z >= upper] = high
        if not np.isfinite(quantile).all():
            raise LawError("a law's quantiles must be finite", phrase("infinite or undefined ones"), "truncate the law")
        return np.maximum.accumulate(quantile)

    def slope(self, z: Array, value: Array) -> Array:
        """Slopes dq/dz = phi(z) / f(q)."""
        with np.errstate(all="ignore"):
            return normal_density(z) / self.law.pdf(np.clip(value, *self.inside))


def quantile_segments(law: Distribution) -> list[Segment]:
    """Tabulate the quantile of a law over the score.

    Raises
    ------
    LawError
        If cubics do not follow it.
    """
    segments: list[Segment] = []
    check = _check(law)
    try:
        for piece in pieces(law, REACH):
            if piece.low == piece.high:
                segments.append(constant(piece.lower, piece.upper, piece.low))
            else:
                segments += fit(_Quantile(law, piece), check, piece.lower, piece.upper, _LEAST_WIDTH)
    except UnfitError as error:
        raise LawError(
            "a law must be smooth enough for a table of its quantiles",
            str(error),
            "truncate it, or use another family",
        ) from error
    return segments


def _check(law: Distribution) -> Callable[[Array, Array, Array], Array]:
    """Errors of quantiles as a multiple of what is allowed: in the value or, where that is less, in its probability."""
    quarter = np.array([0.25, 0.75])
    spread = float(np.diff(law.quantile(quarter, 1.0 - quarter))[0])

    def check(z: Array, exact: Array, approximate: Array) -> Array:
        size = spread + np.abs(exact) if law.scale_only else spread
        with np.errstate(all="ignore"):
            ratio = np.abs(approximate - exact) / (_TOLERANCE * size)
        ratio[exact == approximate] = 0.0
        bad = ~(ratio <= 1.0)
        if bad.any():
            ratio[bad] = np.fmin(ratio[bad], _in_probability(law, z[bad], approximate[bad]))
        return np.where(np.abs(z) > _CHECKED, _BEYOND * ratio, ratio)

    return check


def _in_probability(law: Distribution, z: Array, value: Array) -> Array:
    tail = special.ndtr(-np.abs(z))
    # at an atom any probability between those on both its sides will do
    atom = law.atom(value)
    got = np.where(z < 0, law.cdf(value), law.sf(value))
    other = np.where(z < 0, got - atom, got + atom)
    low, high = np.minimum(got, other), np.maximum(got, other)
    miss: Array = np.maximum(np.maximum(low - tail, tail - high), 0.0)
    return np.asarray(miss / (_TOLERANCE * tail))


# ---- what `plan` prints ---------------------------------------------------------------------------------------


class LawReport(NamedTuple):
    """A law beside its table.

    Attributes
    ----------
    mean, sd
        Of the law; NaN or ``inf`` where it has none.
    table_mean, table_sd
        Of the table, at a standard normal score.
    cap_share
        Probability of lying at a reference class's cap.
    segments, nodes
        Size of the table.
    """

    mean: float
    sd: float
    table_mean: float
    table_sd: float
    cap_share: float
    segments: int
    nodes: int


def report(law: Affine, segments: list[Segment]) -> LawReport:
    """Compare a law with the table of its standard form.

    Parameters
    ----------
    law
        What the table is to give.
    segments
        Table of its standard form.
    """
    mean, sd = table_moments(segments)
    nodes = sum(len(segment.coefficient) + 1 for segment in segments)
    return LawReport(*law.moments, law.location + law.scale * mean, law.scale * sd, law.cap_share, len(segments), nodes)


def table_moments(segments: list[Segment]) -> tuple[float, float]:
    """Mean and standard deviation of a table at a standard normal score, by Gauss quadrature in each cell.

    Parameters
    ----------
    segments
        Table over the standard normal score.
    """
    first, last = segments[0].coefficient[0, 0], cubic(segments[-1].coefficient[-1], np.array(1.0))
    values, weights = [np.array([first, last])], [special.ndtr([segments[0].lower, -segments[-1].upper])]
    for lower, upper, coefficient in segments:
        cells = len(coefficient)
        z, weight = gauss_panels(lower, upper, cells)
        x = (z - lower) * (cells / (upper - lower))
        cell = np.clip(x.astype(np.int64), 0, cells - 1)
        values.append(cubic(coefficient[cell], np.clip(x - cell, 0.0, 1.0)))
        weights.append(weight)
    return weighted_moments(np.concatenate(values), np.concatenate(weights))
