"""Laws of the config -> distributions -> quantile tables over the normal score."""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

import numpy as np
from scipy import special

from spvrisk.config.laws import Law
from spvrisk.plan.cubics import Segment, UnfitError, constant, cubic, fit
from spvrisk.plan.distributions import (
    LEAST_TAIL,
    NOTHING,
    POINT,
    Affine,
    Array,
    Continuous,
    Discrete,
    Distribution,
    LawError,
    Mixture,
    Piece,
    Truncated,
    gauss_panels,
    normal_density,
    pieces,
    weighted_moments,
)
from spvrisk.plan.elementary import exp, expm1, log, log1p, power
from spvrisk.plan.reference_class import reference_class

REACH = 7.0
"""Tables cover the scores |z| <= 7; look-ups beyond are clamped."""

MOST_VALUES = 4096
"""A law of more distinct values than this is refused."""

# half of the 1e-6 that the model page allows, as errors are looked at in a few places of each cell only
_TOLERANCE = 5e-7
# the tolerance holds for 1e-8 < u < 1 - 1e-8; beyond, where some of scipy's tails are rough, a thousandfold one
_CHECKED = 5.62
_BEYOND = 1e-3
# on so narrow a stretch of z a monotone curve that is exact at both ends meets the tolerance in u
_LEAST_WIDTH = 1e-8
# interquartile ranges beyond which an end of a law's support is no measure of its size
_FAR = 100.0

Parameters = Mapping[str, Any]


def distribution(law: Law) -> Affine:
    """Build the distribution of a law: a standard form with its location and scale.

    Raises
    ------
    LawError
        If there is no such law, or truncation leaves nothing of it.
    """
    return conditioned(law)[0]


def conditioned(law: Law) -> tuple[Affine, float]:
    """Distribution of a law, and the probability that its truncation keeps; see `distribution`."""
    try:
        whole = _FAMILIES[law.family](law.parameters)
    except ArithmeticError:
        raise LawError(
            "a law's parameters must not be of sizes too far apart",
            f"a {law.family} whose numbers overflow",
            "write a plain number for what is nearly fixed, or check the units",
        ) from None
    if law.truncate is None:
        return whole, 1.0
    low, high = law.interval
    part, mass = _conditioned(whole, low, high)
    if mass < 1e-200:
        raise LawError(
            "truncate must leave some probability",
            f"none in [{low:g}, {high:g}]; the law's mean is {whole.moments[0]:.6g}",
            "check the bounds' unit",
        )
    return part, mass


# ---- families -------------------------------------------------------------------------------------------------


def _on_half_line(name: tuple[object, ...], mean: float, sd: float, **functions: Any) -> Continuous:
    """Standard form of a family on (0, inf) that has a scale but no location."""
    return Continuous(name, 0.0, math.inf, mean_sd=(mean, sd), scale_only=True, **functions)


_NORMAL = Continuous(
    ("normal",),
    -math.inf,
    math.inf,
    ppf=special.ndtri,
    isf=lambda v: -special.ndtri(v),
    cdf_inside=special.ndtr,
    sf_inside=lambda x: special.ndtr(-x),
    pdf_inside=normal_density,
    mean_sd=(0.0, 1.0),
)

_UNIFORM = Continuous(
    ("uniform",),
    0.0,
    1.0,
    ppf=lambda u: u,
    isf=lambda v: 1.0 - v,
    cdf_inside=lambda x: x,
    sf_inside=lambda x: 1.0 - x,
    pdf_inside=np.ones_like,
    mean_sd=(0.5, math.sqrt(1.0 / 12.0)),
)


def _fixed(p: Parameters) -> Affine:
    return Affine(p["value"], 1.0, POINT)


def _normal(p: Parameters) -> Affine:
    return Affine(p["mean"], p["sd"], _NORMAL)


def _lognormal(p: Parameters) -> Affine:
    if "median" in p:
        median, sigma = p["median"], p["sigma"]
    elif "p10" in p:
        median = math.sqrt(p["p10"]) * math.sqrt(p["p90"])
        sigma = math.log(p["p90"] / p["p10"]) / (2.0 * float(special.ndtri(0.9)))
    else:
        sigma = math.sqrt(math.log1p((p["sd"] / p["mean"]) ** 2))
        median = p["mean"] * math.exp(-0.5 * sigma**2)
    mean = math.exp(0.5 * sigma**2)
    base = _on_half_line(
        ("lognormal", sigma),
        mean,
        mean * math.sqrt(math.expm1(sigma**2)),
        ppf=lambda u: exp(sigma * special.ndtri(u)),
        isf=lambda v: exp(-sigma * special.ndtri(v)),
        cdf_inside=lambda x: special.ndtr(log(x) / sigma),
        sf_inside=lambda x: special.ndtr(-log(x) / sigma),
        pdf_inside=lambda x: normal_density(log(x) / sigma) / (sigma * x),
    )
    return Affine(0.0, median, base)


def _uniform(p: Parameters) -> Affine:
    return Affine(p["min"], p["max"] - p["min"], _UNIFORM)


def _triangular(p: Parameters) -> Affine:
    width = p["max"] - p["min"]
    mode = (p["mode"] - p["min"]) / width
    rest = 1.0 - mode

    def cdf(x: Array) -> Array:
        return np.where(x < mode, x * x / mode if mode else 0.0, 1.0 - (1.0 - x) ** 2 / (rest or 1.0))

    def sf(x: Array) -> Array:
        return np.where(x < mode, 1.0 - x * x / (mode or 1.0), (1.0 - x) ** 2 / (rest or 1.0))

    base = Continuous(
        ("triangular", mode),
        0.0,
        1.0,
        ppf=lambda u: np.where(u < mode, np.sqrt(u * mode), 1.0 - np.sqrt((1.0 - u) * rest)),
        isf=lambda v: np.where(v < rest, 1.0 - np.sqrt(v * rest), np.sqrt((1.0 - v) * mode)),
        cdf_inside=cdf,
        sf_inside=sf,
        pdf_inside=lambda x: np.where(x < mode, 2.0 * x / (mode or 1.0), 2.0 * (1.0 - x) / (rest or 1.0)),
        mean_sd=((1.0 + mode) / 3.0, math.sqrt((1.0 - mode * rest) / 18.0)),
        kinks=(mode,) if 0.0 < mode < 1.0 else (),
    )
    return Affine(p["min"], width, base)


def _pert(p: Parameters) -> Affine:
    width = p["max"] - p["min"]
    a, b = (1.0 + 4.0 * part / width for part in (p["mode"] - p["min"], p["max"] - p["mode"]))
    return Affine(p["min"], width, _standard_beta(a, b))


def _beta(p: Parameters) -> Affine:
    width = p["max"] - p["min"]
    if "a" in p:
        return Affine(p["min"], width, _standard_beta(p["a"], p["b"]))
    mean = (p["mean"] - p["min"]) / width
    total = mean * (1.0 - mean) * (width / p["sd"]) ** 2 - 1.0
    return Affine(p["min"], width, _standard_beta(mean * total, (1.0 - mean) * total))


def _standard_beta(a: float, b: float) -> Continuous:
    return Continuous(
        ("beta", a, b),
        0.0,
        1.0,
        ppf=lambda u: special.betaincinv(a, b, u),
        isf=lambda v: special.betainccinv(a, b, v),
        cdf_inside=lambda x: special.betainc(a, b, x),
        sf_inside=lambda x: special.betaincc(a, b, x),
        pdf_inside=lambda x: beta_density(a, b, x),
        mean_sd=(a / (a + b), math.sqrt(a * b / (a + b + 1.0)) / (a + b)),
    )


def beta_density(a: float, b: float, x: Array) -> Array:
    """Density of the beta law with exponents a and b on [0, 1]."""
    power = special.xlogy(a - 1.0, x) + special.xlog1py(b - 1.0, -x)
    return np.asarray(exp(power - special.betaln(a, b)))


def _gamma(p: Parameters) -> Affine:
    shape = p["shape"]
    base = _on_half_line(
        ("gamma", shape),
        shape,
        math.sqrt(shape),
        ppf=lambda u: special.gammaincinv(shape, u),
        isf=lambda v: special.gammainccinv(shape, v),
        cdf_inside=lambda x: special.gammainc(shape, x),
        sf_inside=lambda x: special.gammaincc(shape, x),
        pdf_inside=lambda x: exp(special.xlogy(shape - 1.0, x) - x - special.gammaln(shape)),
    )
    return Affine(0.0, p["scale"], base)


def _standard_weibull(shape: float) -> Continuous:
    mean = math.gamma(1.0 + 1.0 / shape)
    return _on_half_line(
        ("weibull", shape),
        mean,
        math.sqrt(max(math.gamma(1.0 + 2.0 / shape) - mean**2, 0.0)),
        ppf=lambda u: power(-log1p(-u), 1.0 / shape),
        isf=lambda v: power(-log(v), 1.0 / shape),
        cdf_inside=lambda x: -expm1(-power(x, shape)),
        sf_inside=lambda x: exp(-power(x, shape)),
        pdf_inside=lambda x: shape * power(x, shape - 1.0) * exp(-power(x, shape)),
    )


def _weibull(p: Parameters) -> Affine:
    if p["shape"] < 0.02:
        raise LawError("a weibull shape must be at least 0.02", f"{p['shape']:g}", "its quantiles leave all bounds")
    return Affine(0.0, p["scale"], _standard_weibull(p["shape"]))


def _exponential(p: Parameters) -> Affine:
    return Affine(0.0, p["mean"], _standard_weibull(1.0))


def _poisson(p: Parameters) -> Affine:
    mean, reach = p["mean"], 12.0 * math.sqrt(p["mean"])
    around = np.arange(max(math.floor(mean - reach), 0), math.ceil(mean + reach) + 40.0)
    reached = np.append(True, special.pdtrc(around[:-1], mean) > LEAST_TAIL)
    values = around[reached & (special.pdtr(around, mean) >= LEAST_TAIL)]
    return _atoms(values, exp(special.xlogy(values, mean) - special.gammaln(values + 1.0) - mean))


def _student_t(p: Parameters) -> Affine:
    nu = p["degrees_of_freedom"]
    constant = special.gammaln(0.5 * (nu + 1.0)) - special.gammaln(0.5 * nu) - 0.5 * math.log(math.pi * nu)
    base = Continuous(
        ("student_t", nu),
        -math.inf,
        math.inf,
        ppf=lambda u: special.stdtrit(nu, u),
        isf=lambda v: -special.stdtrit(nu, v),
        cdf_inside=lambda x: special.stdtr(nu, x),
        sf_inside=lambda x: special.stdtr(nu, -x),
        pdf_inside=lambda x: exp(constant - 0.5 * (nu + 1.0) * log1p(x * x / nu)),
        mean_sd=(
            0.0 if nu > 1.0 else math.nan,
            math.sqrt(nu / (nu - 2.0)) if nu > 2.0 else math.inf if nu > 1.0 else math.nan,
        ),
    )
    return Affine(p["location"], p["scale"], base)


def _atoms(values: Array, probabilities: Array) -> Affine:
    """Atoms at distinct increasing values."""
    if values.size > MOST_VALUES:
        raise LawError(
            f"a law may have at most {MOST_VALUES} distinct values",
            f"{values.size}",
            "round the values to fewer digits, or fit a law to them",
        )
    kept = probabilities > 0.0
    probabilities = probabilities[kept] / probabilities.sum()
    if probabilities.size == 1:
        return Affine(float(values[kept][0]), 1.0, POINT)
    return Affine(0.0, 1.0, Discrete(tuple(values[kept].tolist()), tuple(probabilities.tolist())))


def _discrete(p: Parameters) -> Affine:
    values, probabilities = np.array(p["values"]), np.array(p["probabilities"])
    order = np.argsort(values)
    return _atoms(values[order], probabilities[order])


def _empirical(p: Parameters) -> Affine:
    values, counts = np.unique(np.array(p["values"], dtype=np.float64), return_counts=True)
    return _atoms(values, counts / counts.sum())


def _reference_class(p: Parameters) -> Affine:
    numbers = (p[key] for key in ("mean", "tail_share", "tail_mean", "cap", "body"))
    return Affine(0.0, 1.0, reference_class(*numbers))


def _mixture(p: Parameters) -> Affine:
    parts = [(weight, distribution(law)) for weight, law in zip(p["weights"], p["laws"], strict=True) if weight > 0.0]
    return _mixed(parts)


def _mixed(parts: list[tuple[float, Affine]]) -> Affine:
    if len(parts) == 1:
        return parts[0][1]
    total = sum(weight for weight, _ in parts)
    return Affine(0.0, 1.0, Mixture(tuple(weight / total for weight, _ in parts), tuple(law for _, law in parts)))


def _scipy(p: Parameters) -> Affine:
    # an import of more than half a second that few studies need
    from spvrisk.plan.scipy_laws import scipy_law

    return scipy_law(p["name"], p["args"], _atoms)


_FAMILIES: dict[str, Callable[[Parameters], Affine]] = {
    "fixed": _fixed,
    "normal": _normal,
    "lognormal": _lognormal,
    "uniform": _uniform,
    "triangular": _triangular,
    "pert": _pert,
    "beta": _beta,
    "gamma": _gamma,
    "weibull": _weibull,
    "exponential": _exponential,
    "poisson": _poisson,
    "student_t": _student_t,
    "discrete": _discrete,
    "empirical": _empirical,
    "reference_class": _reference_class,
    "mixture": _mixture,
    "scipy": _scipy,
}


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
    return _atoms(values[kept], probabilities[kept]), float(probabilities[kept].sum())


def _conditioned_mixture(law: Mixture, lower: float, upper: float) -> tuple[Affine, float]:
    parts = []
    for weight, part in zip(law.weights, law.parts, strict=True):
        inner, mass = _conditioned(part if isinstance(part, Affine) else Affine(0.0, 1.0, part), lower, upper)
        parts.append((weight * mass, inner))
    total = sum(mass for mass, _ in parts)
    left = [(mass, part) for mass, part in parts if mass > NOTHING * total]
    return (_mixed(left) if left else Affine(0.0, 1.0, law)), total


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
            raise LawError("a law's quantiles must be finite", "infinite or undefined ones", "truncate the law")
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
    """Compare a law with the table of its standard form."""
    mean, sd = table_moments(segments)
    nodes = sum(len(segment.coefficient) + 1 for segment in segments)
    return LawReport(*law.moments, law.location + law.scale * mean, law.scale * sd, law.cap_share, len(segments), nodes)


def table_moments(segments: list[Segment]) -> tuple[float, float]:
    """Mean and standard deviation of a table at a standard normal score, by Gauss quadrature in each cell."""
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
