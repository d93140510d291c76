"""The families of laws by name: a family's quantile, cdf and density in standard form, with location and scale."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy import special

from spvrisk.catalogue import phrase
from spvrisk.plan.distributions import LEAST_TAIL, POINT, Affine, Array, Continuous, Discrete, LawError, normal_density
from spvrisk.plan.elementary import exp, expm1, log, log1p, power
from spvrisk.plan.mixtures import Mixture
from spvrisk.plan.reference_class import reference_class

Parameters = Mapping[str, Any]

MOST_VALUES = 4096
"""A law of more distinct values than this is refused."""


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
    """Density of the beta law on [0, 1], ``(...)`` float64.

    Parameters
    ----------
    a, b
        Exponents, above 0.
    x
        In [0, 1], ``(...)``.
    """
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
        raise LawError("a weibull shape must be at least 0.02", f"{p['shape']:g}", "below that its quantiles overflow")
    return Affine(0.0, p["scale"], _standard_weibull(p["shape"]))


def _exponential(p: Parameters) -> Affine:
    return Affine(0.0, p["mean"], _standard_weibull(1.0))


def _poisson(p: Parameters) -> Affine:
    mean, reach = p["mean"], 12.0 * math.sqrt(p["mean"])
    around = np.arange(max(math.floor(mean - reach), 0), math.ceil(mean + reach) + 40.0)
    reached = np.append(True, special.pdtrc(around[:-1], mean) > LEAST_TAIL)
    values = around[reached & (special.pdtr(around, mean) >= LEAST_TAIL)]
    return atoms(values, exp(special.xlogy(values, mean) - special.gammaln(values + 1.0) - mean))


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


def atoms(values: Array, probabilities: Array) -> Affine:
    """Law of atoms.

    Parameters
    ----------
    values
        Distinct and increasing, ``(value,)``.
    probabilities
        ``(value,)``, of any sum above 0; values of probability 0 are left out.

    Raises
    ------
    LawError
        There are more than `MOST_VALUES`.
    """
    if values.size > MOST_VALUES:
        raise LawError(
            phrase("a law may have at most {} distinct values", MOST_VALUES),
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
    return atoms(values[order], probabilities[order])


def _empirical(p: Parameters) -> Affine:
    values, counts = np.unique(np.array(p["values"], dtype=np.float64), return_counts=True)
    return atoms(values, counts / counts.sum())


def _reference_class(p: Parameters) -> Affine:
    numbers = (p[key] for key in ("mean", "tail_share", "tail_mean", "cap", "body"))
    return Affine(0.0, 1.0, reference_class(*numbers))


def mixed(parts: list[tuple[float, Affine]]) -> Affine:
    """Mixture of laws with positive weights, which need not add up to one.

    Parameters
    ----------
    parts
        Weights and laws.
    """
    if len(parts) == 1:
        return parts[0][1]
    total = sum(weight for weight, _ in parts)
    return Affine(0.0, 1.0, Mixture(tuple(weight / total for weight, _ in parts), tuple(law for _, law in parts)))


def _mixture(p: Parameters) -> Affine:
    return mixed(p["parts"])


def _scipy(p: Parameters) -> Affine:
    # an import of more than half a second that few studies need
    from spvrisk.plan.scipy_laws import scipy_law

    return scipy_law(p["name"], p["args"], atoms)


FAMILIES: dict[str, Callable[[Parameters], Affine]] = {
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
"""Distribution of each family of `spvrisk.config.laws` by its parameters there."""
