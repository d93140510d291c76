"""Laws (section 2): exact distribution and quantile functions."""

import csv
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import optimize, special, stats

from reference.basics import Array, given


class Law:
    """A law: its distribution function from both sides, its atoms, and its quantile function.

    ``quantile(u, q)`` takes u and its complement q = 1 - u, so that neither tail loses digits.
    """

    def cdf(self, x: Array) -> Array:
        """Return P(X <= x)."""
        raise NotImplementedError

    def sf(self, x: Array) -> Array:
        """Return P(X > x)."""
        raise NotImplementedError

    def quantile(self, u: Array, q: Array) -> Array:
        """Return the value at probability u = 1 - q."""
        raise NotImplementedError

    def atoms(self) -> list[tuple[float, float]]:
        """Return the atoms as (value, probability)."""
        return []

    def mass_at(self, x: float) -> float:
        """Return P(X = x)."""
        return sum(p for value, p in self.atoms() if value == x)

    def at_score(self, z: Array) -> Array:
        """Return the quantile at the normal score z."""
        z = np.asarray(z, dtype=float)
        return self.quantile(special.ndtr(z), special.ndtr(-z))


@dataclass
class Continuous(Law):
    """A continuous law of scipy.stats."""

    frozen: Any

    def cdf(self, x: Array) -> Array:
        return self.frozen.cdf(x)

    def sf(self, x: Array) -> Array:
        return self.frozen.sf(x)

    def quantile(self, u: Array, q: Array) -> Array:
        low = u <= 0.5
        return np.where(low, self.frozen.ppf(np.where(low, u, 0.5)), self.frozen.isf(np.where(low, 0.5, q)))


class Points(Law):
    """A law of finitely many values."""

    def __init__(self, values: Sequence[float], probabilities: Sequence[float]):
        order = np.argsort(values, kind="stable")
        self.values = np.asarray(values, dtype=float)[order]
        weights = np.asarray(probabilities, dtype=float)[order]
        self.probabilities = weights / weights.sum()
        self.cumulative = np.cumsum(self.probabilities)
        self.survivor = np.append(np.cumsum(self.probabilities[::-1])[::-1][1:], 0.0)

    def cdf(self, x: Array) -> Array:
        return np.append(0.0, self.cumulative)[np.searchsorted(self.values, x, side="right")]

    def sf(self, x: Array) -> Array:
        return np.append(1.0, self.survivor)[np.searchsorted(self.values, x, side="right")]

    def quantile(self, u: Array, q: Array) -> Array:
        below = (self.cumulative <= np.asarray(u)[..., None]).sum(axis=-1)  # values whose F does not exceed u
        above = (self.survivor >= np.asarray(q)[..., None]).sum(axis=-1)
        item = np.where(u <= 0.5, below, above)
        return self.values[np.minimum(item, len(self.values) - 1)]

    def atoms(self) -> list[tuple[float, float]]:
        return list(zip(self.values.tolist(), self.probabilities.tolist(), strict=True))


def pareto_index(tail_mean: float, cap: float, start: float = 1.5) -> float:
    """Return alpha of a Pareto law from ``start``, censored at ``cap``, of mean 1 + ``tail_mean``."""

    ratio_log = math.log(cap / start)

    def mean(alpha: float) -> float:
        if abs(alpha - 1.0) < 1e-9:
            return start + start * ratio_log
        return start + start * math.expm1((1 - alpha) * ratio_log) / (1 - alpha)

    log_alpha = optimize.brentq(lambda a: mean(math.exp(a)) - 1 - tail_mean, -40.0, 30.0, xtol=1e-15, rtol=1e-15)
    return math.exp(log_alpha)


def truncated_exponential_rate(share: float) -> float:
    """Return k of the density ~ exp(k y) on [0, 1] with mean ``share``."""

    def mean(k: float) -> float:
        if abs(k) < 1e-3:
            return 0.5 + k / 12 - k**3 / 720
        return 1 / -math.expm1(-k) - 1 / k if k > 0 else 1 - (1 / -math.expm1(k) + 1 / k)

    limit = 2.0 / min(share, 1 - share)
    return optimize.brentq(lambda k: mean(k) - share, -limit, limit, xtol=1e-15, rtol=1e-15)


class ReferenceClass(Law):
    """The published form of overruns: a body of maximum entropy and a censored Pareto tail from 1.5 on."""

    def __init__(
        self, mean: float, tail_share: float, tail_mean: float, cap: float = 10.0, body: Sequence = (0.7, 1.5)
    ):
        self.p, self.cap = tail_share, cap
        self.lo, self.hi = body
        self.alpha = math.inf if tail_mean == 0.5 else pareto_index(tail_mean, cap)
        self.body_mean = (1 + mean - tail_share * (1 + tail_mean)) / (1 - tail_share)
        if not self.lo < self.body_mean < self.hi:
            raise ValueError(f"body mean {self.body_mean} is outside of {body}")
        self.k = truncated_exponential_rate((self.body_mean - self.lo) / (self.hi - self.lo))

    def _tail_sf(self, x: Array) -> Array:
        if math.isinf(self.alpha):
            return np.where(x < 1.5, 1.0, 0.0)
        return np.where(x < self.cap, np.maximum(x, 1.5) ** -self.alpha * 1.5**self.alpha, 0.0)

    def cdf(self, x: Array) -> Array:
        y = np.clip((np.asarray(x, dtype=float) - self.lo) / (self.hi - self.lo), 0, 1)
        body = y if abs(self.k) < 1e-12 else np.expm1(self.k * y) / np.expm1(self.k)
        return (1 - self.p) * body + self.p * (1 - self._tail_sf(np.asarray(x, dtype=float)))

    def sf(self, x: Array) -> Array:
        y = np.clip((self.hi - np.asarray(x, dtype=float)) / (self.hi - self.lo), 0, 1)
        body = y if abs(self.k) < 1e-12 else np.expm1(-self.k * y) / np.expm1(-self.k)
        return (1 - self.p) * body + self.p * self._tail_sf(np.asarray(x, dtype=float))

    def quantile(self, u: Array, q: Array) -> Array:
        tail = q <= self.p
        with np.errstate(divide="ignore"):
            beyond = np.minimum(1.5 * np.where(tail, q / self.p if self.p else 1.0, 1.0) ** (-1 / self.alpha), self.cap)
        v = np.clip(u / (1 - self.p), 0, 1)
        y = v if abs(self.k) < 1e-12 else np.log1p(v * np.expm1(self.k)) / self.k
        return np.where(tail, beyond, self.lo + (self.hi - self.lo) * y)

    def atoms(self) -> list[tuple[float, float]]:
        if self.p == 0:
            return []
        if math.isinf(self.alpha):
            return [(1.5, self.p)]
        return [(self.cap, self.p * (self.cap / 1.5) ** -self.alpha)]


class Mixture(Law):
    """A weighted mixture of laws, inverted numerically."""

    def __init__(self, weights: Sequence[float], parts: Sequence[Law]):
        self.weights = np.asarray(weights, dtype=float) / np.sum(weights)
        self.parts = list(parts)

    def cdf(self, x: Array) -> Array:
        return sum(w * part.cdf(x) for w, part in zip(self.weights, self.parts, strict=True))

    def sf(self, x: Array) -> Array:
        return sum(w * part.sf(x) for w, part in zip(self.weights, self.parts, strict=True))

    def atoms(self) -> list[tuple[float, float]]:
        total: dict[float, float] = {}
        for w, part in zip(self.weights, self.parts, strict=True):
            for value, p in part.atoms():
                total[value] = total.get(value, 0.0) + w * p
        return sorted(total.items())

    def _below(self, x: Array, u: Array, q: Array) -> Array:
        """Return whether F(x) <= u, from the side that keeps the digits."""
        return np.where(u <= 0.5, self.cdf(x) <= u, self.sf(x) >= q)

    def quantile(self, u: Array, q: Array) -> Array:
        u, q = np.asarray(u, dtype=float), np.asarray(q, dtype=float)
        at_same_u = np.array([part.quantile(u, q) for part in self.parts])
        lo, hi = (
            at_same_u.min(axis=0),
            at_same_u.max(axis=0),
        )  # the mixture's quantile lies between its parts'
        for value, mass in self.atoms():
            hit = np.where(
                u <= 0.5,
                (self.cdf(value) - mass <= u) & (u < self.cdf(value)),
                (self.sf(value) < q) & (q <= self.sf(value) + mass),
            )
            lo, hi = np.where(hit, value, lo), np.where(hit, value, hi)
        while True:
            middle = lo + 0.5 * (hi - lo)
            open_ = (middle > lo) & (middle < hi)
            if not open_.any():
                return hi
            below = self._below(middle, u, q)
            lo, hi = np.where(open_ & below, middle, lo), np.where(open_ & ~below, middle, hi)


class Truncated(Law):
    """A law given that it lies in [lo, hi], ends included."""

    def __init__(self, law: Law, lo: float, hi: float):
        self.law, self.lo, self.hi = law, lo, hi
        self.below = float(law.cdf(lo)) - law.mass_at(lo)  # P(X < lo)
        self.above = float(law.sf(hi))  # P(X > hi)
        if self.below < 0.5:
            self.mass = float(law.cdf(hi)) - self.below
        else:
            self.mass = float(law.sf(lo)) + law.mass_at(lo) - self.above
        if self.mass <= 0:
            raise ValueError(f"no probability in [{lo}, {hi}]")

    def cdf(self, x: Array) -> Array:
        x = np.asarray(x, dtype=float)
        inside = np.clip((self.law.cdf(x) - self.below) / self.mass, 0, 1)
        return np.where(x < self.lo, 0.0, np.where(x >= self.hi, 1.0, inside))

    def sf(self, x: Array) -> Array:
        x = np.asarray(x, dtype=float)
        inside = np.clip((self.law.sf(x) - self.above) / self.mass, 0, 1)
        return np.where(x < self.lo, 1.0, np.where(x >= self.hi, 0.0, inside))

    def quantile(self, u: Array, q: Array) -> Array:
        return np.clip(self.law.quantile(self.below + u * self.mass, self.above + q * self.mass), self.lo, self.hi)

    def atoms(self) -> list[tuple[float, float]]:
        return [(value, p / self.mass) for value, p in self.law.atoms() if self.lo <= value <= self.hi]


class ScipyDiscrete(Law):
    """A discrete law of scipy.stats."""

    def __init__(self, frozen: Any):
        self.frozen = frozen

    def cdf(self, x: Array) -> Array:
        return self.frozen.cdf(x)

    def sf(self, x: Array) -> Array:
        return self.frozen.sf(x)

    def quantile(self, u: Array, q: Array) -> Array:
        return np.where(u <= 0.5, self.frozen.ppf(u), self.frozen.isf(q))

    def atoms(self) -> list[tuple[float, float]]:
        points = np.arange(self.frozen.ppf(1e-13), self.frozen.isf(1e-13) + 1)
        return list(zip(points.tolist(), self.frozen.pmf(points).tolist(), strict=True))


def lognormal(p: Mapping) -> Law:
    """Return a lognormal by mean and sd of X, by median and sigma of log X, or by two quantiles."""
    if "mean" in p:
        sigma = math.sqrt(math.log1p((p["sd"] / p["mean"]) ** 2))
        median = p["mean"] * math.exp(-(sigma**2) / 2)
    elif "median" in p:
        sigma, median = p["sigma"], p["median"]
    else:
        sigma = math.log(p["p90"] / p["p10"]) / (2 * special.ndtri(0.9))
        median = math.sqrt(p["p10"] * p["p90"])
    return Continuous(stats.lognorm(sigma, scale=median))


def beta(p: Mapping) -> Law:
    """Return a beta on [min, max] by (a, b), or by mean and sd of X itself."""
    lo, hi = p.get("min", 0.0), p.get("max", 1.0)
    if "a" in p:
        a, b = p["a"], p["b"]
    else:
        mean, variance = (p["mean"] - lo) / (hi - lo), (p["sd"] / (hi - lo)) ** 2
        concentration = mean * (1 - mean) / variance - 1
        a, b = mean * concentration, (1 - mean) * concentration
    return Continuous(stats.beta(a, b, lo, hi - lo))


def pert(p: Mapping) -> Law:
    """Return the (lambda 4) PERT law."""
    width = p["max"] - p["min"]
    a, b = 1 + 4 * (p["mode"] - p["min"]) / width, 1 + 4 * (p["max"] - p["mode"]) / width
    return Continuous(stats.beta(a, b, p["min"], width))


def triangular(p: Mapping) -> Law:
    """Return the triangular law."""
    width = p["max"] - p["min"]
    return Continuous(stats.triang((p["mode"] - p["min"]) / width, p["min"], width))


def empirical(p: Mapping) -> Law:
    """Return the law of a CSV column, each row of equal weight."""
    with open(p["csv"], encoding="utf-8-sig", newline="") as file:
        values = [float(row[p["column"]]) for row in csv.DictReader(file)]
    return Points(values, [1.0] * len(values))


def scipy_law(p: Mapping) -> Law:
    """Return a law of scipy.stats by name."""
    distribution = getattr(stats, p["name"])
    frozen = distribution(**(p.get("args") or {}))
    return Continuous(frozen) if isinstance(distribution, stats.rv_continuous) else ScipyDiscrete(frozen)


FAMILIES: dict[str, Callable[[Any], Law]] = {
    "fixed": lambda p: Points([p], [1.0]),
    "normal": lambda p: Continuous(stats.norm(p["mean"], p["sd"])),
    "lognormal": lognormal,
    "uniform": lambda p: Continuous(stats.uniform(p["min"], p["max"] - p["min"])),
    "triangular": triangular,
    "pert": pert,
    "beta": beta,
    "gamma": lambda p: Continuous(stats.gamma(p["shape"], scale=p["scale"])),
    "weibull": lambda p: Continuous(stats.weibull_min(p["shape"], scale=p["scale"])),
    "exponential": lambda p: Continuous(stats.expon(scale=p["mean"])),
    "poisson": lambda p: ScipyDiscrete(stats.poisson(p["mean"])),
    "student_t": lambda p: Continuous(
        stats.t(p["degrees_of_freedom"], loc=p.get("location", 0.0), scale=p.get("scale", 1.0))
    ),
    "discrete": lambda p: Points(p["values"], p["probabilities"]),
    "empirical": empirical,
    "reference_class": lambda p: ReferenceClass(**p),
    "mixture": lambda p: Mixture([part["weight"] for part in p], [make_law(part["law"]) for part in p]),
    "scipy": scipy_law,
}


def make_law(spec: Any) -> Law:
    """Return the law that a study writes as a number or as ``{family: parameters, truncate: [lo, hi]}``.

    A null among the ends is no end.
    """
    if isinstance(spec, int | float):
        return Points([float(spec)], [1.0])
    spec = {key: value for key, value in spec.items() if value is not None}
    ends = spec.pop("truncate", None)
    ((family, parameters),) = spec.items()
    if isinstance(parameters, Mapping):
        parameters = {key: value for key, value in parameters.items() if value is not None}
    law = FAMILIES[family](parameters)
    if ends is None:
        return law
    lo, hi = ends
    return Truncated(law, -math.inf if lo is None else lo, math.inf if hi is None else hi)


def lower_end(law: Law) -> float:
    """Return the lower end of a law's support."""
    if isinstance(law, Mixture):
        return min(lower_end(part) for w, part in zip(law.weights, law.parts, strict=True) if w > 0)
    if isinstance(law, Truncated) and isinstance(law.law, Mixture):
        return max(law.lo, lower_end(law.law))
    return float(law.quantile(np.array(0.0), np.array(1.0)))


def most_likely(spec: Any) -> float:
    """Return the mode of a triangular or pert law, clipped to its ends; of any other law the (least) median."""
    shape = None if isinstance(spec, int | float) else given(spec, "triangular", given(spec, "pert"))
    if shape is None:
        below = np.nextafter(0.5, 0.0)  # where the law has no value about its middle, the value before the gap
        return float(make_law(spec).quantile(np.array(below), np.array(1 - below)))
    lo, hi = given(spec, "truncate", [None, None])
    mode = shape["mode"] if lo is None else max(shape["mode"], lo)
    return float(mode if hi is None else min(mode, hi))


def exact_value(key: str, law: Any, z: Array) -> Array:
    """Evaluate a law (or another tabulated function) exactly: the default of the hook ``law_value``."""
    if isinstance(law, Mapping) and "beta_cdf" in law:
        return special.betainc(law["beta_cdf"]["a"], law["beta_cdf"]["b"], z)
    if isinstance(law, Mapping) and "t_tail" in law:
        nu = law["t_tail"]["degrees_of_freedom"]
        chi2 = np.where(
            z < 0,
            stats.chi2.isf(special.ndtr(np.minimum(z, 0)), nu),
            stats.chi2.ppf(special.ndtr(-np.maximum(z, 0)), nu),
        )
        return np.sqrt(nu / chi2)
    if isinstance(law, Mapping) and "t_score" in law:
        nu = law["t_score"]["degrees_of_freedom"]
        return -np.sign(z) * special.ndtri(special.stdtr(nu, -np.abs(z)))
    return make_law(law).at_score(z)
