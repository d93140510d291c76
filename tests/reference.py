"""An independent reference of the model: plain NumPy and SciPy, written from the mathematics alone.

Nothing here imports the engine, and nothing here was written from it. Clarity comes before speed: the paths
are the last axis of every array, the legal and political clock is a Python event loop per path, and laws are
exact quantile functions.

Shapes: ``T`` steps, ``n`` paths; rows over time are ``(T, n)``; what is drawn once a path is ``(n,)``.
``NaN`` is *undefined*.

Hooks for comparing the stages after the scores (and not the scores or the tables themselves):

* every normal score is asked of ``draws.scores(name, index, paths)``, every uniform of
  ``draws.uniforms(name, index, paths)``;
* every function that an engine may tabulate is asked of ``law_value(key, law, z)``. Keys, laws and arguments:

  - ``projects.<p>.construction.overrun``, ``projects.<p>.construction.duration``,
    ``projects.<p>.operation.availability.law``, ``projects.<p>.operation.contract.price``,
    ``projects.<p>.operation.contract.share``: the law as the study writes it, at the normal score;
  - likewise ``projects.<p>.go_ahead.size_share``, ``projects.<p>.construction.`` and ``start_delay``, ``uplift``,
    ``review.threshold``, ``subscription.share``, ``salvage`` or ``shortfall``,
    ``projects.<p>.operation.developer_fee.amount``, ``agreement.funding.slip``, ``agreement.funding.take_up``,
    ``pipelines.<n>.size``; the laws of a pipeline's slots have the keys of a project's behind
    ``pipelines.<n>.template`` instead of ``projects.<p>``, the same for all slots;
  - ``events.<e>.date``: the law of the days from a date or after another event, likewise (a number is a fixed law);
  - ``projects.<p>.construction.spend_curve``: ``{"beta_cdf": {"a": a, "b": b}}`` at the progress in [0, 1];
  - ``correlation.tail``: ``{"t_tail": {"degrees_of_freedom": nu}}``, from the score to sqrt(W);
  - ``correlation.score``: ``{"t_score": {"degrees_of_freedom": nu}}``, from g sqrt(W) to e.
"""

import calendar
import csv
import datetime as dt
import functools
import hashlib
import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import holidays
import numpy as np
from ruamel.yaml import YAML
from scipy import optimize, special, stats

Array = np.ndarray
LawValue = Callable[[str, Any, Array], Array]


def given(mapping: Mapping | None, key: str, default: Any = None) -> Any:
    """Return a key's value; a missing key, a missing mapping and a null are the same thing."""
    value = None if mapping is None else mapping.get(key)
    return default if value is None else value


# --------------------------------------------------------------------------------------------------
# Random numbers (section 1)
# --------------------------------------------------------------------------------------------------

PHILOX_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
PHILOX_WEYL = (0x9E3779B9, 0xBB67AE85)
LOW_32 = np.uint64(0xFFFFFFFF)


def philox4x32_10(counter: Sequence, key: Sequence) -> list[Array]:
    """Return the four output words of Philox4x32 with ten rounds (Salmon et al. 2011), as uint64 below 2^32.

    Parameters
    ----------
    counter
        Four words (arrays that broadcast).
    key
        Two words.
    """
    c = list(np.broadcast_arrays(*[np.asarray(word, dtype=np.uint64) for word in counter]))
    k = [np.uint64(word) for word in key]
    for round_number in range(10):
        if round_number > 0:
            k = [(k[i] + np.uint64(PHILOX_WEYL[i])) & LOW_32 for i in range(2)]
        product_0 = np.uint64(PHILOX_MULTIPLIERS[0]) * c[0]
        product_1 = np.uint64(PHILOX_MULTIPLIERS[1]) * c[2]
        high_0, low_0 = product_0 >> np.uint64(32), product_0 & LOW_32
        high_1, low_1 = product_1 >> np.uint64(32), product_1 & LOW_32
        c = [high_1 ^ c[1] ^ k[0], low_1, high_0 ^ c[3] ^ k[1], low_0]
    return c


def stream(name: str) -> int:
    """Return the stream number of a name: the first four bytes of its BLAKE2s-256, little-endian."""
    return int.from_bytes(hashlib.blake2s(name.encode("utf-8"), digest_size=32).digest()[:4], "little")


def words(seed: int, path: Any, name: str, index: Any) -> Array:
    """Return the 32-bit words of a name's draws; ``path`` and ``index`` broadcast against each other."""
    path = np.asarray(path, dtype=np.int64).astype(np.uint64)
    index = np.asarray(index, dtype=np.int64).astype(np.uint64)
    path, index = np.broadcast_arrays(path, index)
    counter = (path & LOW_32, path >> np.uint64(32), np.uint64(stream(name)), index >> np.uint64(2))
    block = philox4x32_10(counter, (seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF))
    return np.choose((index & np.uint64(3)).astype(np.int64), block).astype(np.uint32)


def uniform_from_word(word: Any) -> Array:
    """Return u = (word + 1/2) 2^-32, exact in float64."""
    return (np.asarray(word, dtype=np.float64) + 0.5) * 2.0**-32


def score_from_word(word: Any) -> Array:
    """Return the normal score of a word, Phi^-1(u); 1 - u is exact, so both tails are as good."""
    u = uniform_from_word(word)
    return np.where(u < 0.5, special.ndtri(np.minimum(u, 0.5)), -special.ndtri(np.minimum(1.0 - u, 0.5)))


@dataclass
class Draws:
    """The draws of a seed, by name and index. Replace it to feed other scores into the model."""

    seed: int

    def words(self, name: str, index: Any, paths: Array) -> Array:
        """Return words ``(n,)`` for one index, ``(k, n)`` for a sequence of k."""
        index = np.asarray(index)
        return words(self.seed, paths, name, index[..., None] if index.ndim else index)

    def uniforms(self, name: str, index: Any, paths: Array) -> Array:
        """Return uniforms ``(n,)`` for one index, ``(k, n)`` for a sequence of k."""
        return uniform_from_word(self.words(name, index, paths))

    def scores(self, name: str, index: Any, paths: Array) -> Array:
        """Return normal scores ``(n,)`` for one index, ``(k, n)`` for a sequence of k."""
        return score_from_word(self.words(name, index, paths))


def choice(cumulative: Sequence[float], u: float) -> tuple[int, float]:
    """Return the first item whose cumulative probability exceeds u, and the distance of u to a boundary."""
    total = cumulative[-1]
    boundaries = [value / total for value in cumulative]
    margin = min((abs(u - b) for b in boundaries[:-1]), default=1.0)
    for item, boundary in enumerate(boundaries):
        if boundary > u:
            return item, margin
    return len(boundaries) - 1, margin


# --------------------------------------------------------------------------------------------------
# Laws (section 2): exact distribution and quantile functions
# --------------------------------------------------------------------------------------------------


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


# --------------------------------------------------------------------------------------------------
# Calendar and curves
# --------------------------------------------------------------------------------------------------


def as_date(value: Any) -> dt.date:
    """Return a date from a date or an ISO string."""
    return dt.date.fromisoformat(value) if isinstance(value, str) else value


def add_months(start: dt.date, months: int) -> dt.date:
    """Return the date so many months on, its day clamped to the month's end."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return dt.date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))


@dataclass
class Calendar:
    """Steps of 12/m months from the value date; time in years counts steps, and days within a step."""

    value_date: dt.date
    m: int
    horizon: float

    @property
    def steps(self) -> int:
        """Return the number of steps."""
        return round(self.horizon * self.m)

    @property
    def ends(self) -> Array:
        """Return the time of each step's end, years ``(T,)``."""
        return np.arange(1, self.steps + 1) / self.m

    def step_start(self, step: int) -> dt.date:
        """Return a step's first day (any whole number, negative ones too)."""
        return add_months(self.value_date, 12 * step // self.m)

    def time_of(self, date: dt.date) -> float:
        """Return the time of a date's start, years."""
        months = (date.year - self.value_date.year) * 12 + date.month - self.value_date.month
        step = months * self.m // 12 + 1
        while self.step_start(step) > date:
            step -= 1
        first, following = self.step_start(step), self.step_start(step + 1)
        return (step + (date - first).days / (following - first).days) / self.m

    def date_of(self, time: float) -> tuple[dt.date, float]:
        """Return the first date whose start is not before a time, and the distance (in days) to a flip."""
        step = math.floor(time * self.m)
        first, following = self.step_start(step), self.step_start(step + 1)
        days = (time * self.m - step) * (following - first).days
        return first + dt.timedelta(days=math.ceil(days)), abs(days - round(days))


@functools.cache
def business_days(year: int, countries: tuple[str, ...]) -> list[dt.date]:
    """Return a year's business days: Mondays to Fridays that are no holiday in any of the countries."""
    closed = [holidays.country_holidays(country, years=range(year - 1, year + 2)) for country in countries]
    first, count = dt.date(year, 1, 1), 366 if calendar.isleap(year) else 365
    days = [first + dt.timedelta(days=i) for i in range(count)]
    return [day for day in days if day.weekday() < 5 and not any(day in table for table in closed)]


def due_date(notice: dt.date, lag: int, countries: Sequence[str]) -> dt.date:
    """Return the lag-th business day after the notice; the notice's day is day 0."""
    if lag == 0:
        return notice
    year, countries = notice.year, tuple(countries)
    days = business_days(year, countries)
    place = bisect_right(days, notice)
    while place + lag > len(days):
        lag -= len(days) - place
        year, place = year + 1, 0
        days = business_days(year, countries)
    return days[place + lag - 1]


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


# --------------------------------------------------------------------------------------------------
# Factors (section 3)
# --------------------------------------------------------------------------------------------------


def rank_to_score(r: float) -> float:
    """Return the score correlation of a Spearman rank correlation."""
    return 2.0 * math.sin(math.pi * r / 6.0)


def cholesky(matrix: Array) -> Array:
    """Return the lower Cholesky factor, row by row."""
    n = len(matrix)
    factor = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            rest = matrix[i, j] - sum(factor[i, k] * factor[j, k] for k in range(j))
            if i == j and rest <= 0:
                raise ValueError("the correlation matrix is not positive definite")
            factor[i, j] = math.sqrt(rest) if i == j else rest / factor[j, j]
    return factor


def process_of(factor: Mapping) -> tuple[str, Mapping]:
    """Return a factor's process name and parameters."""
    ((kind, p),) = [(k, v) for k, v in factor["process"].items() if v is not None]
    return kind, p


@dataclass
class Factors:
    """All factors of a study on some paths.

    Attributes
    ----------
    observed : dict
        Factor -> ``(T, n)``, values at the steps' ends.
    start : dict
        Factor -> observed value at the value date.
    expected : dict
        Factor -> ``(T,)``, the process's mean times the season, no shifts, floor or cap (not for ``vasicek``).
    count_margin : ndarray
        Smallest distance of a jump count's uniform to a boundary ``(n,)``.
    """

    observed: dict[str, Array]
    start: dict[str, float]
    expected: dict[str, Array]
    count_margin: Array


def correlation_matrix(study: Mapping, names: Sequence[str]) -> Array:
    """Return R over the stochastic factors, in config order."""
    spec = given(study, "correlation", {})
    convert = rank_to_score if given(spec, "kind", "score") == "rank" else float
    matrix = np.eye(len(names))
    for first, row in given(spec, "pairs", {}).items():
        for second, r in row.items():
            i, j = names.index(first), names.index(second)
            matrix[i, j] = matrix[j, i] = convert(r)
    return matrix


def innovations(study: Mapping, names: Sequence[str], T: int, paths: Array, draws: Draws, law_value: LawValue) -> dict:
    """Return the correlated standard normal innovations, factor -> ``(T, n)``."""
    if not names:
        return {}
    z = np.array([draws.scores(f"factor/{name}", np.arange(T), paths) for name in names])
    lower = cholesky(correlation_matrix(study, names))
    g = np.array([sum(lower[i, j] * z[j] for j in range(i + 1)) for i in range(len(names))])
    spec = given(study, "correlation", {})
    if given(spec, "copula", "gaussian") == "t":
        law = {"degrees_of_freedom": spec["degrees_of_freedom"]}
        root_w = law_value("correlation.tail", {"t_tail": law}, draws.scores("factors/tail", np.arange(T), paths))
        g = np.array([law_value("correlation.score", {"t_score": law}, row * root_w) for row in g])
    return dict(zip(names, g, strict=True))


def poisson_counts(mean: float, u: Array) -> tuple[Array, Array]:
    """Return the smallest count whose cdf exceeds u, and the distance of u to a boundary."""
    counts, margin = np.zeros(u.shape, dtype=int), np.ones(u.shape)
    term = math.exp(-mean)
    cumulative, n = term, 0
    while n < 1000:
        margin = np.minimum(margin, np.abs(u - cumulative))
        beyond = cumulative <= u
        if not beyond.any():
            break
        counts[beyond] = n + 1
        n += 1
        term *= mean / n
        cumulative += term
    return counts, margin


def parity_mean(study: Mapping, name: str, start: float, times: Array) -> Array:
    """Return an FX factor's parity forward: start * DF_study / DF_local of the party whose rate it is."""
    for party in study["parties"].values():
        if given(party, "fx") == name:
            curves, used = study["curves"], party["discount"]
            return (
                start * discount_factors(curves[used["study"]], times) / discount_factors(curves[used["local"]], times)
            )
    raise ValueError(f"factor {name}: a gbm needs a drift, unless it is a party's fx")


def shift_of(spec: Any) -> tuple[float, float]:
    """Return value and years of an outcome's shift; a plain number lasts for ever."""
    if isinstance(spec, Mapping):
        return float(spec["value"]), float(given(spec, "lasting_years", math.inf))
    return float(spec), math.inf


def shift_rows(study: Mapping, name: str, neutral: float, clock: Calendar, world: "World") -> list[Array]:
    """Return what each source adds to a factor's neutral shift: mean over each step, ``(T, n)`` per source.

    A source is a layer, or an event, with at least one shift of the factor.
    """
    rows = []
    for layer, spec in given(study, "layers", {}).items():
        shifts = [given(given(state, "shifts", {}), name) for state in spec["states"].values()]
        if any(shift is not None for shift in shifts):
            values = [neutral if shift is None else float(shift) for shift in shifts]
            refuse_shifts(f"layer {layer}", name, neutral, values)
            rows.append(np.tensordot(np.array(values) - neutral, world.occupancy[layer], axes=1))
    for event, spec in given(study, "events", {}).items():
        shifts = [given(given(outcome, "shifts", {}), name) for outcome in spec["outcomes"].values()]
        if any(shift is not None for shift in shifts):
            row = np.zeros((clock.steps, len(world.jumps)))
            for index, shift in enumerate(shifts):
                if shift is not None:
                    value, lasting = shift_of(shift)
                    refuse_shifts(f"event {event}", name, neutral, [value])
                    begin = np.where(world.outcomes[event] == index, world.happened[event], math.inf)
                    row += (value - neutral) * overlap(begin, begin + lasting, clock.steps, clock.m)
            rows.append(row)
    return rows


def refuse_shifts(source: str, name: str, neutral: float, values: Sequence[float]) -> None:
    """Refuse multipliers that are not positive."""
    if neutral == 1.0 and min(values) <= 0:
        raise ValueError(f"{source}: a shift of {name} multiplies it, so it must be above 0")


def simulate_factors(
    study: Mapping, clock: Calendar, paths: Array, draws: Draws, law_value: LawValue, world: "World | None" = None
) -> Factors:
    """Simulate every factor of a study; without a world nothing shifts them."""
    T, times, step = clock.steps, clock.ends, 1.0 / clock.m
    spec = given(study, "factors", {})
    stochastic = [name for name in spec if process_of(spec[name])[0] != "deterministic"]
    noise = innovations(study, stochastic, T, paths, draws, law_value)
    result = Factors({}, {}, {}, np.ones(len(paths)))
    for name, factor in spec.items():
        kind, p = process_of(factor)
        neutral = 0.0 if kind == "vasicek" else 1.0
        season = np.array([given(factor, "season", [neutral] * clock.m)[t % clock.m] for t in range(T)])
        if kind == "deterministic":
            mean = curve_at(p["curve"], times, clock)
            value = np.repeat((mean * season)[:, None], len(paths), axis=1)
            start = float(curve_at(p["curve"], np.array([0.0]), clock)[0])
            result.expected[name] = mean * season
        elif kind in ("gbm", "merton"):
            start, sigma = float(p["start"]), p["sigma"]
            y = np.cumsum(sigma * math.sqrt(step) * noise[name], axis=0)
            drift = given(p, "drift")
            mean = start * np.exp(drift * times) if drift is not None else parity_mean(study, name, start, times)
            compensator = 0.0
            if kind == "merton":
                rate, j, s = p["jump_intensity"], p["jump_mean"], p["jump_sd"]
                u = draws.uniforms(f"factor/{name}/count", np.arange(T), paths)
                counts, margin = poisson_counts(rate * step, u)
                result.count_margin = np.minimum(result.count_margin, margin.min(axis=0))
                jump_score = draws.scores(f"factor/{name}/jump", np.arange(T), paths)
                y = y + np.cumsum(counts * j + np.sqrt(counts) * s * jump_score, axis=0)
                compensator = rate * math.expm1(j + s**2 / 2)
            value = np.exp(y + (np.log(mean) - (sigma**2 / 2 + compensator) * times)[:, None]) * season[:, None]
            result.expected[name] = mean * season
        else:  # ou, vasicek
            start, sigma, kappa = float(p["start"]), p["sigma"], p["kappa"]
            decay = math.exp(-kappa * step)
            scale = sigma * math.sqrt((1 - decay**2) / (2 * kappa))
            level = curve_at(p["mean"], np.append(0.0, times), clock)
            centre = np.log(level) - sigma**2 / (4 * kappa) if kind == "ou" else level
            y0 = (math.log(start) if kind == "ou" else start) - centre[0]
            y, current = np.empty((T, len(paths))), np.full(len(paths), y0)
            for t in range(T):
                current = decay * current + scale * noise[name][t]
                y[t] = current
            if kind == "ou":
                value = np.exp(y + centre[1:, None]) * season[:, None]
                variance = sigma**2 * -np.expm1(-2 * kappa * times) / (2 * kappa)
                result.expected[name] = np.exp(centre[1:] + y0 * np.exp(-kappa * times) + variance / 2) * season
            else:
                value = y + centre[1:, None] + season[:, None]
        for row in shift_rows(study, name, neutral, clock, world) if world is not None else []:
            value = value + row if kind == "vasicek" else value * (1.0 + row)
        for bound, pick in (("floor", np.maximum), ("cap", np.minimum)):
            if given(factor, bound) is not None:
                value = pick(value, curve_at(factor[bound], times, clock)[:, None])
                start = float(pick(start, curve_at(factor[bound], np.array([0.0]), clock)[0]))
        result.observed[name], result.start[name] = value, start
    return result


def composite(indices: Mapping | None, rows: Mapping[str, Array]) -> Array | float:
    """Return the weighted sum of index rows; 1 without indices."""
    return sum(weight * rows[name] for name, weight in indices.items()) if indices else 1.0


# --------------------------------------------------------------------------------------------------
# The legal and political clock (section 4), a plain event loop per path
# --------------------------------------------------------------------------------------------------


MARGINS = ("order", "choice", "date", "days", "go_ahead", "ceiling", "annual", "funding", "trigger")
EVENT, CLOCK, NOTICE, FUNDING, HAZARD, ARRIVAL = range(6)  # ties in this order


@dataclass(frozen=True)
class Venture:
    """One SPV that may come to be: an announced project, or a slot of a pipeline.

    ``name`` is what its streams are called by (``project/<name>/...``), ``key`` what its laws are asked by; ties are
    in the order of ``rank``.
    """

    name: str
    key: str
    project: Mapping
    rank: int
    pipeline: str | None = None
    slot: int = 0


def ventures_of(study: Mapping) -> list[Venture]:
    """Return the announced projects in the study's order, then the slots of the pipelines."""
    found = []
    for name, project in given(study, "projects", {}).items():
        found.append(Venture(name, f"projects.{name}", project, len(found)))
    for name, pipeline in given(study, "pipelines", {}).items():
        for k in range(pipeline["max_count"]):
            key = f"pipelines.{name}.template"
            found.append(Venture(f"{name}/{k}", key, pipeline["template"], len(found), name, k))
    return found


@dataclass
class Deal:
    """What has been decided about a venture on one path; ``wanted`` is its budget before any cut."""

    wanted: float = 0.0
    out: bool = False
    noticed: bool = False
    budget: float = 0.0
    plan_due: float = math.inf
    due: float = math.inf
    decisions: int = 0
    funded: bool = False
    declined: bool = False
    stop: float = math.inf


@dataclass
class Selection:
    """The same on all paths, ``(n,)`` each.

    ``plan_due`` is the due time without slip, ``due`` that of the last decision (both infinite without a notice);
    ``stop`` is the first time at which an outcome or a state that stops calls cancels the venture, be it complete
    or not; infinite without one.
    """

    noticed: Array
    budget: Array
    plan_due: Array
    due: Array
    funded: Array
    declined: Array
    stop: Array


@dataclass
class Inflow:
    """A pipeline on one path: the next slot, and what is left until the next arrival."""

    threshold: float
    slot: int = 0
    scale: float = 1.0
    closed: bool = False


@dataclass
class LayerState:
    """One layer on one path."""

    state: str
    entry: dt.date
    threshold: float
    jumps: int = 0
    expiries: int = 0
    spent: bool = False  # the state's clock has run out into the same state: it does not run out again


@dataclass
class World:
    """What stage 1 leaves behind.

    Attributes
    ----------
    jumps : list
        Per path, in order: (time, layer, from, to, cause), cause ``event:<name>``, ``clock``, ``hazard`` or
        ``decline:<venture>``.
    outcomes : dict
        Event -> index of the outcome ``(n,)``; -1 if the event does not take place within the horizon.
    happened : dict
        Event -> time at which it took place, years ``(n,)``: negative before the value date, undefined if it did not.
    delays : dict
        Project -> per path, in order: (time of the event, length in years), of the projects that an outcome delays.
    cancels : dict
        Project -> time of the first outcome that cancels it ``(n,)``, infinite without one; of the projects that an
        outcome cancels.
    final_states : dict
        Layer -> index of the state at the horizon ``(n,)``.
    occupancy : dict
        Layer -> share of each step spent in each state ``(S, T, n)``.
    attributes : dict
        (layer, attribute) -> time-weighted mean over each step ``(T, n)``.
    initial_attributes : dict
        (layer, attribute) -> value in the configured initial state.
    margins : dict
        ``clock_order`` (years: hazards and arrivals against all else), ``clock_choice`` (probability), ``clock_date``
        (days: the entry of a state with a clock, an arrival), ``clock_days`` (days: a law's value against whole
        days), ``clock_go_ahead``, ``clock_funding``, ``clock_trigger`` (probability), ``clock_ceiling``,
        ``clock_annual`` (share of the ceiling, of the cap): smallest of each path ``(n,)``.
    selections : dict
        Venture -> its `Selection`.
    committed : ndarray
        Budgets noticed, less those declined, at the end ``(n,)``.
    notes : list
        Per path, in order: (time, what, venture), what being ``no_go_ahead``, ``waits``, ``cut``, ``dropped``,
        ``too_late``, ``notice``, ``funded``, ``delayed``, ``declined``, ``stopped`` (by a state, when due) or
        ``trigger``.
    """

    jumps: list[list[tuple]]
    outcomes: dict[str, Array]
    happened: dict[str, Array]
    delays: dict[str, list[list[tuple[float, float]]]]
    cancels: dict[str, Array]
    final_states: dict[str, Array]
    occupancy: dict[str, Array]
    attributes: dict[tuple[str, str], Array]
    initial_attributes: dict[tuple[str, str], float]
    margins: dict[str, Array]
    selections: dict[str, Selection] = field(default_factory=dict)
    committed: Array | float = 0.0
    notes: list[list[tuple]] = field(default_factory=list)


class UniformCache:
    """Uniforms by name and index for all paths at once, drawn when first asked for."""

    def __init__(self, draws: Draws, paths: Array):
        self.draws, self.paths, self.kept = draws, paths, {}

    def __call__(self, name: str, index: int, i: int) -> float:
        if (name, index) not in self.kept:
            self.kept[name, index] = self.draws.uniforms(name, index, self.paths)
        return float(self.kept[name, index][i])


class LawCache:
    """Values of laws by key and stream for all paths at once, drawn when first asked for."""

    def __init__(self, draws: Draws, paths: Array, law_value: LawValue):
        self.draws, self.paths, self.law_value, self.kept = draws, paths, law_value, {}

    def __call__(self, key: str, law: Any, name: str, i: int) -> float:
        if (key, name) not in self.kept:
            score = self.draws.scores(name, 0, self.paths)
            self.kept[key, name] = np.asarray(self.law_value(key, law, score), dtype=float)
        return float(self.kept[key, name][i])


def event_probabilities(event: Mapping, states: Mapping[str, str], outcomes: Mapping[str, str]) -> Mapping[str, float]:
    """Return the outcome probabilities that hold now: one map, or the first rule that holds."""
    rules = event["probabilities"]
    if isinstance(rules, Mapping):
        return rules
    for rule in rules:
        when = given(rule, "when", {})
        layers_hold = all(states[layer] == state for layer, state in given(when, "layers", {}).items())
        if layers_hold and all(outcomes.get(e) == o for e, o in given(when, "outcomes", {}).items()):
            return rule["is"]
    raise ValueError("no rule holds")


def is_past(event: Mapping, clock: Calendar) -> bool:
    """Return whether an event took place before the value date; only a fixed date may."""
    return not isinstance(event["date"], Mapping) and as_date(event["date"]) < clock.value_date


def check_dates(events: Mapping, clock: Calendar) -> None:
    """Refuse past events without an outcome, dates that may lie in the past, negative delays and cycles."""
    for name, event in events.items():
        date = event["date"]
        if not isinstance(date, Mapping):
            if is_past(event, clock) and given(event, "outcome") is None:
                raise ValueError(f"event {name} lies before the value date: give its outcome")
            continue
        least, base = lower_end(make_law(date["days"])), given(date, "after")
        if base is None:
            first = as_date(date["from"])
        elif least < 0:
            raise ValueError(f"event {name}: its delay may be negative")
        else:
            first = as_date(events[base]["date"]) if is_past(events[base], clock) else clock.value_date
        if least < (clock.value_date - first).days:
            raise ValueError(f"event {name} may lie before the value date")
        chain = [name]
        while base is not None:
            if base in chain:
                raise ValueError(f"events {chain} wait for each other")
            chain.append(base)
            date = events[base]["date"]
            base = given(date, "after") if isinstance(date, Mapping) else None


def check_notices(study: Mapping, clock: Calendar) -> None:
    """Refuse announced projects whose funding was due before the value date, and pipelines without a deadline."""
    funding = given(given(study, "agreement", {}), "funding", {})
    for name, project in given(study, "projects", {}).items():
        due = due_date(as_date(project["notice_date"]), funding["lag_business_days"], given(funding, "holidays", []))
        if due < clock.value_date:
            raise ValueError(f"project {name}: funding was due on {due}, before the value date")
    if given(study, "pipelines") and given(funding, "deadline") is None:
        raise ValueError("pipelines need a deadline")


def check_scales(events: Mapping, layers: Mapping) -> None:
    """Refuse negative scales, and scales of passages without a hazard."""
    for name, event in events.items():
        for outcome in event["outcomes"].values():
            for layer, passages in given(outcome, "scale_hazards", {}).items():
                for start, factors in passages.items():
                    for end, factor in factors.items():
                        if given(given(given(layers[layer], "hazards", {}), start, {}), end) is None:
                            raise ValueError(f"event {name}: {layer} has no hazard from {start} to {end}")
                        if factor < 0:
                            raise ValueError(f"event {name}: a hazard's factor is negative")


def event_days(events: Mapping, paths: Array, draws: Draws, law_value: LawValue) -> dict[str, tuple[Array, Array]]:
    """Return the days of each event whose date is a law, not yet rounded up, and their distance to whole days.

    A whole number that the law takes with positive probability (a fixed one, say) is exact: its distance is infinite.
    """
    found = {}
    for name, event in events.items():
        date = event["date"]
        if isinstance(date, Mapping):
            what = "date" if given(date, "after") is None else "delay"
            score = draws.scores(f"event/{name}/{what}", 0, paths)
            days = np.asarray(law_value(f"events.{name}.date", date["days"], score), dtype=float)
            found[name] = days, whole_day_margin(date["days"], days)
    return found


def whole_day_margin(law: Any, days: Array) -> Array:
    """Return the distance to whole days; a whole number that the law takes with positive probability is exact."""
    exact = np.isin(days, [value for value, p in make_law(law).atoms() if p > 0 and value % 1 == 0])
    return np.where(exact, math.inf, np.abs(days - np.round(days)))


@dataclass
class ClockPath:
    """The event loop of one path.

    ``days`` gives an event's days, not rounded, and their margin; ``value(key, law, stream)`` a law's value.
    """

    study: Mapping
    clock: Calendar
    uniform: Callable[[str, int], float]
    days: Callable[[str], tuple[float, float]]
    value: Callable[[str, Any, str], float]
    ventures: Sequence[Venture] = ()
    jumps: list[tuple] = field(default_factory=list)
    outcomes: dict[str, str] = field(default_factory=dict)
    happened: dict[str, float] = field(default_factory=dict)
    delays: list[tuple[str, float, float]] = field(default_factory=list)
    cancels: list[tuple[str, float]] = field(default_factory=list)
    margins: dict[str, float] = field(default_factory=lambda: dict.fromkeys(MARGINS, math.inf))
    notes: list[tuple] = field(default_factory=list)

    def run(self) -> None:
        """Take the next of event, clock, notice, funding decision, hazard and arrival until the horizon."""
        self.spec = given(self.study, "layers", {})
        self.events = given(self.study, "events", {})
        self.layers = {
            name: LayerState(layer["initial"]["state"], as_date(layer["initial"]["since"]), self.new_threshold(name, 0))
            for name, layer in self.spec.items()
        }
        self.now, self.pending, self.dates, self.scales = 0.0, [], {}, {}
        self.open_selection()
        for name, event in self.events.items():
            date = event["date"]
            if is_past(event, self.clock):
                self.recall(name)
            elif not isinstance(date, Mapping):
                self.schedule(name, as_date(date))
            elif given(date, "after") is None:
                self.schedule_by_law(name, as_date(date["from"]))
        while True:
            candidates = sorted(
                self.pending + self.clock_candidates() + self.hazard_candidates() + self.arrival_candidates()
            )
            # a notice or a funding that nothing can change may come before or after a hazard
            counted = [c for c in candidates if self.selective or c[1] not in (NOTICE, FUNDING)]
            if len(counted) > 1 and any(c[1] >= HAZARD for c in counted[:2]):
                self.keep("order", counted[1][0] - counted[0][0])
            if counted and counted[0][1] >= HAZARD:
                self.keep("order", abs(counted[0][0] - self.clock.horizon))
            if not candidates or candidates[0][0] >= self.clock.horizon:
                return
            time, kind, _, name = candidates[0]
            self.pending = [candidate for candidate in self.pending if candidate[1:] != candidates[0][1:]]
            if kind == NOTICE:
                self.give_notice(self.by_name[name], time)
            elif kind == FUNDING:
                self.decide(self.by_name[name], time)
            else:
                self.advance(time)
                {EVENT: self.happen, CLOCK: self.expire, HAZARD: self.jump, ARRIVAL: self.arrive}[kind](name)

    def schedule(self, name: str, date: dt.date) -> None:
        """Let an event wait for its date."""
        self.dates[name] = date
        self.pending.append((self.clock.time_of(date), EVENT, list(self.events).index(name), name))

    def schedule_by_law(self, name: str, start: dt.date) -> None:
        """Let an event wait for the date so many whole days after another; beyond the horizon it never comes."""
        days, margin = self.days(name)
        self.keep("days", margin)
        if days <= (self.clock.step_start(self.clock.steps + 1) - start).days:
            self.schedule(name, start + dt.timedelta(days=math.ceil(days)))

    def record(self, name: str, outcome: str, time: float, date: dt.date) -> None:
        """Record that an event has taken place: it scales hazards from now on, and others may follow it."""
        self.outcomes[name], self.happened[name] = outcome, time
        clause = given(self.events[name]["outcomes"], outcome, {})
        for layer, passages in given(clause, "scale_hazards", {}).items():
            for start, factors in passages.items():
                for end, factor in factors.items():
                    self.scales[layer, start, end] = self.scales.get((layer, start, end), 1.0) * factor
        for pipeline, factor in given(clause, "scale_arrivals", {}).items():
            self.inflows[pipeline].scale *= factor
        for other, event in self.events.items():
            if isinstance(event["date"], Mapping) and given(event["date"], "after") == name:
                self.schedule_by_law(other, date)

    def recall(self, name: str) -> None:
        """Record a past event: the initial states and the plans know already what it moved, delayed and cancelled."""
        date = as_date(self.events[name]["date"])
        self.record(name, self.events[name]["outcome"], (date - self.clock.value_date).days / 365.25, date)

    def keep(self, what: str, margin: float) -> None:
        """Keep the smallest margin."""
        self.margins[what] = min(self.margins[what], margin)

    def new_threshold(self, layer: str, jump: int) -> float:
        """Return a layer's unit exponential threshold."""
        return -math.log1p(-self.uniform(f"layer/{layer}/hold", jump))

    def intensities(self, layer: str) -> Mapping[str, float]:
        """Return the yearly intensities out of a layer's present state, scaled by what has taken place."""
        state = self.layers[layer].state
        rates = given(given(self.spec[layer], "hazards", {}), state, {})
        return {to: rate * self.scales.get((layer, state, to), 1.0) for to, rate in rates.items()}

    def hazard_candidates(self) -> list[tuple]:
        """Return each layer's next jump as things stand."""
        found = []
        for order, (name, layer) in enumerate(self.layers.items()):
            total = sum(self.intensities(name).values())
            if total > 0:
                found.append((self.now + max(layer.threshold, 0.0) / total, HAZARD, order, name))
        return found

    def expiry(self, layer: str) -> Mapping | None:
        """Return the expiry clause of a layer's present state."""
        return given(self.spec[layer]["states"][self.layers[layer].state], "expires")

    def clock_candidates(self) -> list[tuple]:
        """Return each layer's next expiry."""
        found = []
        for order, (name, layer) in enumerate(self.layers.items()):
            if self.expiry(name) is not None and not layer.spent:
                date = layer.entry + dt.timedelta(days=self.expiry(name)["after_days"])
                if date < self.clock.value_date:
                    raise ValueError(f"layer {name}: its initial state ended before the value date")
                found.append((self.clock.time_of(date), CLOCK, order, name))
        return found

    def advance(self, time: float) -> None:
        """Let the thresholds be consumed until a time."""
        for name, layer in self.layers.items():
            layer.threshold -= (time - self.now) * sum(self.intensities(name).values())
        for name, inflow in self.inflows.items():
            inflow.threshold -= (time - self.now) * self.arrival_intensity(name)
        self.now = time

    def move(self, name: str, state: str, cause: str, date: dt.date) -> None:
        """Move a layer; a move to the state that it is in changes nothing."""
        layer = self.layers[name]
        if layer.state != state:
            self.jumps.append((self.now, name, layer.state, state, cause))
            layer.state, layer.entry, layer.spent = state, date, False
            if self.stops_calls(name):
                for deal in self.deals.values():
                    if deal.funded:
                        deal.stop = min(deal.stop, self.now)

    def draw(self, table: Mapping[str, float], u: float) -> str:
        """Draw a key of a table of probabilities or intensities."""
        item, margin = choice(list(np.cumsum(list(table.values()))), u)
        self.keep("choice", margin)
        return list(table)[item]

    def happen(self, name: str) -> None:
        """Let a dated event happen."""
        event = self.events[name]
        outcome = given(event, "outcome")
        if outcome is None:
            states = {layer: self.layers[layer].state for layer in self.layers}
            probabilities = event_probabilities(event, states, self.outcomes)
            table = {o: given(probabilities, o, 0.0) for o in event["outcomes"]}
            outcome = self.draw(table, self.uniform(f"event/{name}/outcome", 0))
        clause, date = given(event["outcomes"], outcome, {}), self.dates[name]
        for layer, state in given(clause, "moves", {}).items():
            self.move(layer, state, f"event:{name}", date)
        for project, months in given(clause, "delays", {}).items():
            if months < 0:
                raise ValueError(f"event {name}: the delay of {project} is negative")
            self.delays.append((project, self.now, months / 12))
        for project in given(clause, "cancels", []):
            self.cancels.append((project, self.now))
            deal = self.deals.get(project)
            if deal is not None and not deal.out:
                deal.stop = min(deal.stop, self.now)
                self.pending = [entry for entry in self.pending if (entry[1], entry[3]) != (NOTICE, project)]
        self.record(name, outcome, self.now, date)

    def expire(self, name: str) -> None:
        """Let a state's clock run out."""
        layer, clause = self.layers[name], self.expiry(name)
        date = layer.entry + dt.timedelta(days=clause["after_days"])
        state = self.draw(clause["outcome"], self.uniform(f"layer/{name}/clock", layer.expiries))
        layer.expiries += 1
        layer.spent = True
        self.move(name, state, "clock", date)

    def jump(self, name: str) -> None:
        """Let a layer's hazard strike."""
        layer = self.layers[name]
        state = self.draw(self.intensities(name), self.uniform(f"layer/{name}/to", layer.jumps))
        layer.jumps += 1
        layer.threshold = self.new_threshold(name, layer.jumps)
        date, margin = self.clock.date_of(self.now)
        self.move(name, state, "hazard", date)
        if self.expiry(name) is not None:
            self.keep("date", margin)

    # ---- selection and funding (section 5)

    def open_selection(self) -> None:
        """Let announced projects wait for their notices, and pipelines for their first arrivals."""
        self.funding = given(given(self.study, "agreement", {}), "funding", {})
        self.decision, self.annual_cap = given(self.funding, "decision"), given(self.funding, "annual_cap")
        self.pipelines = given(self.study, "pipelines", {})
        deadline = given(self.funding, "deadline")
        self.deadline = dt.date.max if deadline is None else as_date(deadline)
        ceilings = [math.inf if given(self.funding, "commitment") is None else float(self.funding["commitment"])]
        if given(self.funding, "take_up") is not None:
            ceilings.append(self.value("agreement.funding.take_up", self.funding["take_up"], "scheme/take_up"))
        self.ceiling = self.left = min(ceilings)
        self.committed, self.noticed_in = 0.0, {}
        stops = any(given(s, "stops_calls", False) for layer in self.spec.values() for s in layer["states"].values())
        self.selective = self.decision is not None or bool(self.pipelines) or stops
        self.inflows = {name: Inflow(self.new_gap(name, 0)) for name in self.pipelines}
        self.by_name = {venture.name: venture for venture in self.ventures}
        self.deals = {venture.name: Deal() for venture in self.ventures}
        for venture in self.ventures:
            if venture.pipeline is None:
                self.announce(venture)

    def announce(self, venture: Venture) -> None:
        """Let an announced project wait for its notice, if it is to get one."""
        project, deal = venture.project, self.deals[venture.name]
        clause, deal.wanted = given(project, "go_ahead"), float(project["budget"])
        if clause is not None:
            u = self.uniform(f"project/{venture.name}/go_ahead", 0)
            self.keep("go_ahead", abs(u - clause["probability"]))
            law = given(clause, "size_share", 1.0)
            share = self.value(f"{venture.key}.go_ahead.size_share", law, f"project/{venture.name}/size")
            deal.wanted *= share
            if not (u < clause["probability"] and deal.wanted > 0):
                self.leave(venture, 0.0, "no_go_ahead")
                return
        self.wait_for_notice(venture, as_date(project["notice_date"]))

    def leave(self, venture: Venture, time: float, why: str) -> None:
        """Let a venture be out for good."""
        self.deals[venture.name].out = True
        self.notes.append((time, why, venture.name))

    def wait_for_notice(self, venture: Venture, date: dt.date) -> None:
        """Let a venture wait for a notice on a date; those before the value date are taken at its start."""
        time = max(0.0, self.clock.time_of(date))
        self.dates[NOTICE, venture.name] = date
        self.pending.append((time, NOTICE, (date.toordinal(), venture.rank), venture.name))

    def stops_calls(self, layer: str) -> bool:
        """Return whether a layer's present state stops calls."""
        return bool(given(self.spec[layer]["states"][self.layers[layer].state], "stops_calls", False))

    def new_gap(self, pipeline: str, slot: int) -> float:
        """Return the unit exponential spacing before a slot's arrival."""
        return -math.log1p(-self.uniform(f"pipeline/{pipeline}/gap", slot))

    def arrival_intensity(self, name: str) -> float:
        """Return a pipeline's yearly intensity as things stand."""
        rate = self.pipelines[name]["arrivals_per_year"] * self.inflows[name].scale
        for layer, present in self.layers.items():
            rate *= given(self.spec[layer]["states"][present.state], "arrival_multiplier", 1.0)
        return rate

    def arrival_candidates(self) -> list[tuple]:
        """Return each pipeline's next arrival as things stand."""
        found = []
        for order, (name, inflow) in enumerate(self.inflows.items()):
            rate = self.arrival_intensity(name)
            if rate > 0 and inflow.slot < self.pipelines[name]["max_count"] and not inflow.closed:
                found.append((self.now + max(inflow.threshold, 0.0) / rate, ARRIVAL, order, name))
        return found

    def arrive(self, name: str) -> None:
        """Let a pipeline's next slot arrive: its notice is judged now, for the day to which the time rounds up."""
        inflow, clause = self.inflows[name], self.pipelines[name]
        venture = self.by_name[f"{name}/{inflow.slot}"]
        date, margin = self.clock.date_of(self.now)
        self.keep("date", margin)
        inflow.slot += 1
        if inflow.slot < clause["max_count"]:
            inflow.threshold = self.new_gap(name, inflow.slot)
        if date > self.deadline:
            inflow.closed = True
            self.leave(venture, self.now, "too_late")
            return
        deal = self.deals[venture.name]
        deal.wanted = self.value(f"pipelines.{name}.size", clause["size"], f"project/{venture.name}/size")
        if not deal.wanted > 0:
            self.leave(venture, self.now, "dropped")
            return
        self.dates[NOTICE, venture.name] = date
        self.give_notice(venture, self.now)

    def give_notice(self, venture: Venture, time: float) -> None:
        """Give a notice, whole or cut, if the year's cap, the deadline and the ceiling let it."""
        deal, date = self.deals[venture.name], self.dates[NOTICE, venture.name]
        if date > self.deadline:
            self.leave(venture, time, "too_late")
            return
        budget, used = deal.wanted, self.noticed_in.get(date.year)
        if self.annual_cap is not None and used is not None:  # the first notice of a year always fits
            over = used + budget - self.annual_cap * (1 + 1e-12)
            self.keep("annual", abs(over) / self.annual_cap)
            if over > 0:
                self.notes.append((time, "waits", venture.name))
                self.wait_for_notice(venture, dt.date(date.year + 1, 1, 1))
                return
        if 0 < self.ceiling < math.inf and self.left != 0:
            self.keep("ceiling", abs(budget - self.left * (1 + 1e-12)) / self.ceiling)
        if budget > self.left * (1 + 1e-12):
            wanted, budget = budget, self.left
            self.notes.append((time, "cut", venture.name))
            least = 0.0
            if venture.pipeline is not None:
                least = float(given(self.pipelines[venture.pipeline], "min_size", 0.0))
            if least > 0 and budget != 0:
                self.keep("ceiling", abs(budget * (1 + 1e-12) - least) / least)
            if budget != 0:
                self.keep("ceiling", abs(budget / wanted - 1e-12))
            if budget * (1 + 1e-12) < least or budget <= 1e-12 * wanted:
                self.leave(venture, time, "dropped")
                return
        deal.noticed, deal.budget = True, budget
        self.committed += budget
        self.left = max(self.left - budget, 0.0)
        self.noticed_in[date.year] = self.noticed_in.get(date.year, 0.0) + budget
        self.notes.append((time, "notice", venture.name))
        self.await_funding(venture, date)

    def await_funding(self, venture: Venture, notice: dt.date) -> None:
        """Let a noticed venture wait for its due date."""
        deal, lag = self.deals[venture.name], self.funding["lag_business_days"]
        countries, slip = given(self.funding, "holidays", []), 0
        planned = due_date(notice, lag, countries)
        if planned < self.clock.value_date:
            raise ValueError(f"project {venture.name}: funding was due on {planned}, before the value date")
        if given(self.funding, "slip") is not None:
            law = self.funding["slip"]
            days = self.value("agreement.funding.slip", law, f"project/{venture.name}/slip")
            self.keep("days", float(whole_day_margin(law, np.array(days))))
            beyond = (self.clock.step_start(self.clock.steps + 1) - notice).days  # later than the horizon anyway
            slip = math.ceil(min(max(days, 0.0), float(max(beyond, 0))))
        deal.plan_due = self.clock.time_of(planned)
        self.wait_for_decision(venture, due_date(notice, lag + slip, countries))

    def wait_for_decision(self, venture: Venture, date: dt.date) -> None:
        """Let a venture wait for a decision on a date."""
        deal = self.deals[venture.name]
        self.dates[FUNDING, venture.name], deal.due = date, self.clock.time_of(date)
        self.pending.append((deal.due, FUNDING, venture.rank, venture.name))

    def decide(self, venture: Venture, time: float) -> None:
        """Decide on a due funding: pay, come back later, or decline."""
        deal, date = self.deals[venture.name], self.dates[FUNDING, venture.name]
        if deal.stop <= time:  # an outcome has cancelled it
            return
        if self.decision is not None:
            state = self.layers[self.decision["layer"]].state
            table = self.decision["by_state"][state]
            fund, delay = given(table, "fund", 0.0), given(table, "delay", 0.0)
            u = self.uniform(f"project/{venture.name}/funding", deal.decisions)
            self.keep("funding", min(abs(u - fund), abs(u - (fund + delay))))
            deal.decisions += 1
            if fund <= u < fund + delay:
                self.notes.append((time, "delayed", venture.name))
                self.wait_for_decision(venture, date + dt.timedelta(days=self.decision["delay_days"]))
                return
            if u >= fund + delay:
                self.decline(venture, time, date)
                return
        if any(self.stops_calls(layer) for layer in self.layers):
            deal.stop = time
            self.notes.append((time, "stopped", venture.name))
            return
        deal.funded = True
        self.notes.append((time, "funded", venture.name))

    def decline(self, venture: Venture, time: float, date: dt.date) -> None:
        """Decline a funding: the budget is given back, and each row of the trigger table may move layers."""
        deal = self.deals[venture.name]
        deal.declined = True
        self.leave(venture, time, "declined")
        self.committed -= deal.budget
        self.left += deal.budget
        self.advance(time)
        for i, row in enumerate(given(self.decision, "triggers", [])):
            if any(self.layers[layer].state not in states for layer, states in given(row, "while", {}).items()):
                continue
            u = self.uniform(f"project/{venture.name}/trigger", i)
            self.keep("trigger", abs(u - row["probability"]))
            if u < row["probability"]:
                self.notes.append((time, "trigger", venture.name))
                for layer, state in row["moves"].items():
                    self.move(layer, state, f"decline:{venture.name}", date)


def overlap(start: Any, end: Any, T: int, m: int) -> Array:
    """Return the share of each step inside [start, end) (years); one row per step."""
    start, end = np.asarray(start) * m, np.asarray(end) * m
    t = np.arange(T).reshape(-1, *([1] * start.ndim))
    return np.clip(np.minimum(end, t + 1) - np.maximum(start, t), 0.0, 1.0)


def simulate_world(
    study: Mapping, clock: Calendar, paths: Array, draws: Draws, law_value: LawValue = exact_value
) -> World:
    """Run the clock of every path and tabulate what later stages read."""
    layers, events = given(study, "layers", {}), given(study, "events", {})
    check_dates(events, clock)
    check_scales(events, layers)
    T, n, uniform = clock.steps, len(paths), UniformCache(draws, paths)
    ventures, value = ventures_of(study), LawCache(draws, paths, law_value)
    check_notices(study, clock)
    days = event_days(events, paths, draws, law_value)
    clauses = [outcome for event in events.values() for outcome in event["outcomes"].values()]
    states = {name: list(layer["states"]) for name, layer in layers.items()}
    world = World(
        jumps=[],
        outcomes={name: np.full(n, -1) for name in events},
        happened={name: np.full(n, math.nan) for name in events},
        delays={name: [[] for _ in range(n)] for clause in clauses for name in given(clause, "delays", {})},
        cancels={name: np.full(n, math.inf) for clause in clauses for name in given(clause, "cancels", [])},
        final_states={name: np.zeros(n, dtype=int) for name in layers},
        occupancy={name: np.zeros((len(states[name]), T, n)) for name in layers},
        attributes={},
        initial_attributes={},
        margins={f"clock_{what}": np.zeros(n) for what in MARGINS},
        selections={v.name: Selection(*np.zeros((7, n))) for v in ventures},
        committed=np.zeros(n),
    )
    for i in range(n):
        one = ClockPath(
            study,
            clock,
            lambda name, index, i=i: uniform(name, index, i),
            lambda name, i=i: (float(days[name][0][i]), float(days[name][1][i])),
            lambda key, law, name, i=i: value(key, law, name, i),
            ventures,
        )
        one.run()
        world.jumps.append(one.jumps)
        world.notes.append(one.notes)
        world.committed[i] = one.committed
        for name, deal in one.deals.items():
            for what in ("noticed", "budget", "plan_due", "due", "funded", "declined", "stop"):
                getattr(world.selections[name], what)[i] = getattr(deal, what)
        for name, outcome in one.outcomes.items():
            world.outcomes[name][i] = list(events[name]["outcomes"]).index(outcome)
            world.happened[name][i] = one.happened[name]
        for project, time, length in one.delays:
            world.delays[project][i].append((time, length))
        for project, time in one.cancels:
            world.cancels[project][i] = min(world.cancels[project][i], time)
        for name in layers:
            since, state = 0.0, layers[name]["initial"]["state"]
            for time, _, _, to, _ in (jump for jump in one.jumps if jump[1] == name):
                world.occupancy[name][states[name].index(state), :, i] += overlap(since, time, T, clock.m)
                since, state = time, to
            world.occupancy[name][states[name].index(state), :, i] += overlap(since, clock.horizon, T, clock.m)
            world.final_states[name][i] = states[name].index(state)
        for what, margin in one.margins.items():
            world.margins[f"clock_{what}"][i] = margin
    for name, layer in layers.items():
        tables = {state: given(clause, "attributes", {}) for state, clause in layer["states"].items()}
        for attribute in dict.fromkeys(a for table in tables.values() for a in table):
            if not all(attribute in table for table in tables.values()):
                raise ValueError(f"layer {name}: attribute {attribute} is missing in a state")
            values = np.array([tables[state][attribute] for state in states[name]], dtype=float)
            world.attributes[name, attribute] = np.tensordot(values, world.occupancy[name], axes=1)
            world.initial_attributes[name, attribute] = float(tables[layer["initial"]["state"]][attribute])
    return world


# --------------------------------------------------------------------------------------------------
# One project (sections 6 to 8)
# --------------------------------------------------------------------------------------------------


@dataclass
class Context:
    """What a project may read."""

    study: Mapping
    clock: Calendar
    paths: Array
    draws: Draws
    law_value: LawValue
    factors: Factors
    world: World

    @property
    def step(self) -> float:
        """Return the step length, years."""
        return 1.0 / self.clock.m

    def score(self, name: str) -> Array:
        """Return the one score of a quantity drawn once."""
        return self.draws.scores(name, 0, self.paths)

    def law(self, key: str, law: Any, name: str) -> Array:
        """Return the value of a law that is drawn once, by the stream's name."""
        return self.law_value(key, law, self.score(name))

    def rate_at_start(self, factor: str, t: int) -> Array | float:
        """Return an interest rate of step t: the factor observed at the step's start."""
        return self.factors.start[factor] if t == 0 else self.factors.observed[factor][t - 1]


@dataclass
class Site:
    """A project's construction on the paths: dates, spending, who pays for it, and what was drawn.

    ``start`` is when building starts (infinite without a notice), ``plan_start`` when it was planned to.
    ``completion`` is infinite where the project is cancelled or not funded; ``stop`` is the time at which it is
    cancelled, infinite elsewhere; ``gone`` is the time from which nothing happens any more: ``stop``, 0 where the
    project is not funded, infinite where it goes on. ``causes`` tells who cancelled: ``world`` (an outcome, or a
    state that stops calls), ``review``, ``subscription``, ``cap``.

    ``spend`` by all in each step is ``capital`` (the funder's call K) plus ``host_spend`` plus ``lender_spend``.
    ``termination_fee`` and ``salvage`` are flows at the end of the step that contains the cancellation; ``settled``
    is true in that step, where the project was funded.

    ``budget`` is C on the path, ``size`` its share of the study's budget, ``achieved`` the share of the capacity that
    is reached, ``cost_score`` the score of the overrun, ``expected_cost`` C with the plan's expected indices.

    ``standstills`` are (start, length), ``(n,)`` each, in order; start is infinite on the paths that have fewer.
    ``margins``: ``cancel`` the cancellation against completion, ``delay`` the start of a standstill against that of
    the project or a phase (years), ``review``, ``subscription`` the distance to the threshold, ``review_end`` that
    of a review to completion (years; a project that is complete within 1e-9 is complete), ``cap`` that of the cost to
    the cap (in budgets).
    """

    start: Array | float
    duration: float
    completion: Array
    phase_starts: list[tuple[float, Array]]
    spend: Array
    overrun: Array
    expected_cost: Array | float
    stop: Array | float = math.inf
    funded: Array | float = 1.0
    standstills: Sequence[tuple[Array, Array]] = ()
    margins: Mapping[str, Array] = field(default_factory=dict)
    plan_start: Array | float = 0.0
    gone: Array | float = math.inf
    budget: Array | float = 1.0
    size: Array | float = 1.0
    achieved: Array | float = 1.0
    shortfall: Array | float = 0.0
    cost_score: Array | float = 0.0
    progress: Array | None = None
    price: Array | None = None
    capital: Array | None = None
    host_spend: Array | float = 0.0
    lender_spend: Array | float = 0.0
    termination_fee: Array | float = 0.0
    salvage: Array | float = 0.0
    causes: Mapping[str, Array] = field(default_factory=dict)
    declined: Array | float = 0.0
    settled: Array | bool = False


def distance(a: Array, b: Array) -> Array:
    """Return |a - b|; infinite where both are."""
    a, b = np.broadcast_arrays(np.asarray(a, dtype=float), np.asarray(b, dtype=float))
    both = np.isinf(a) & np.isinf(b)
    return np.where(both, math.inf, np.abs(np.where(both, 0.0, a) - np.where(both, 0.0, b)))


def construction_scores(ctx: Context, name: str, build: Mapping) -> tuple[Array, Array]:
    """Return the scores of the overrun and of the duration multiplier."""
    spec = given(build, "correlation", {})
    convert = rank_to_score if given(spec, "kind", "score") == "rank" else float
    rho_all, rho_class, rho_xy = (convert(given(spec, key, 0.0)) for key in ("all", "class", "cost_delay"))
    if not 0 <= rho_all <= rho_class <= 1:
        raise ValueError(f"project {name}: 0 <= all <= class <= 1 does not hold")

    def mixed(kind: str) -> Array:
        score = math.sqrt(rho_all) * ctx.score(f"construction/all/{kind}")
        if rho_class > rho_all:
            score = score + math.sqrt(rho_class - rho_all) * ctx.score(f"construction/{build['class']}/{kind}")
        return score + math.sqrt(1 - rho_class) * ctx.score(f"project/{name}/{kind}")

    cost = mixed("cost")
    return cost, rho_xy * cost + math.sqrt(1 - rho_xy**2) * mixed("delay")


def standstills_of(world: World, name: str, start: Array, end: Array) -> tuple[list[tuple[Array, Array]], Array, Array]:
    """Return the standstills of a project that would be built from start to end, its new end, and the margin."""
    events, found = world.delays.get(name, []), []
    free, margin = np.full(end.shape, start), np.full(end.shape, math.inf)
    for k in range(max((len(path) for path in events), default=0)):
        time, length = np.array([path[k] if k < len(path) else (math.inf, 0.0) for path in events]).T
        begin = np.maximum(time, free)
        margin = np.minimum(margin, distance(begin, end))
        length = np.where(begin < end, length, 0.0)
        begin = np.where(begin < end, begin, math.inf)
        found.append((begin, length))
        free, end = begin + length, end + length
    return found, end, margin


def held_up(end: Array, standstills: Sequence[tuple[Array, Array]]) -> tuple[Array, Array]:
    """Return when a phase starts, given when it would start without standstills, and the margin."""
    margin = np.full(end.shape, math.inf)
    for begin, length in standstills:
        margin = np.minimum(margin, distance(begin, end))
        end = end + np.where(begin < end, length, 0.0)
    return end, margin


def working_time(times: Array, start: Array | float, standstills: Sequence[tuple[Array, Array]]) -> Array:
    """Return the time worked until some times, years: the stretches between standstills, which add up exactly."""
    worked, free = 0.0, start
    for begin, length in standstills:
        worked = worked + np.maximum(np.minimum(times, begin) - free, 0.0)
        free = begin + length
    return worked + np.maximum(times - free, 0.0)


def progress_and_share(
    ctx: Context, key: str, build: Mapping, worked: Array, planned: float | Array
) -> tuple[Array, Array]:
    """Return progress x at each step's end, and the share of the budget spent in each step."""
    x = np.clip(worked / planned, 0.0, 1.0)
    done = ctx.law_value(f"{key}.spend_curve", {"beta_cdf": dict(build["spend_curve"])}, x)
    return x, np.diff(done, axis=0, prepend=0.0)


def plan_index(ctx: Context, venture: Venture, duration: float, expected: Array, plan_start: Array) -> Array:
    """Return the plan's spend-weighted expected index, for each path's planned start.

    Exact for an announced project; for a slot of a pipeline it is taken for plans that start at the steps' bounds,
    and interpolated linearly between them.
    """
    key, build, ends = f"{venture.key}.construction", venture.project["construction"], ctx.clock.ends

    def index_from(start: float) -> float:
        share = progress_and_share(ctx, key, build, working_time(ends, start, ()), duration)[1]
        return float((share * expected).sum())

    if venture.pipeline is None:
        table = {start: index_from(start) for start in np.unique(plan_start[np.isfinite(plan_start)])}
        return np.array([table.get(start, math.nan) for start in plan_start])
    bounds = np.append(0.0, ends)
    return np.interp(plan_start, bounds, [index_from(start) for start in bounds])


def review_steps(ctx: Context, clause: Mapping) -> list[tuple[int, dt.date]]:
    """Return the steps that are the first to begin on or after a review date, within the horizon, and that date.

    Of several dates that lead to the same step the last counts.
    """
    if given(clause, "dates") is None:
        years = range(1, math.ceil(ctx.clock.horizon) + 1)
        dates = [add_months(ctx.clock.value_date, 12 * year) for year in years]
    else:
        dates = [as_date(date) for date in clause["dates"]]
    found: dict[int, dt.date] = {}
    for date in sorted(dates):
        step = next((t for t in range(ctx.clock.steps) if ctx.clock.step_start(t) >= date), None)
        if step is not None:
            found[step] = date
    return sorted(found.items())


def subscription_score(ctx: Context, name: str, project: Mapping, cost_score: Array) -> Array:
    """Return the score of the subscribed share, correlated with that of the overrun where there is a clause."""
    score = ctx.score(f"project/{name}/subscription")
    clause = given(project["construction"], "subscription")
    if clause is None:
        return score
    rho = given(clause, "correlation", 0.0)
    return rho * cost_score + math.sqrt(1 - rho**2) * score


def reviewed(ctx: Context, venture: Venture, site: Site, would_end: Array) -> tuple[Array, Array, dict[str, Array]]:
    """Return the steps at whose start a review on the estimate, and one on the subscription, cancels a project.

    The number of steps stands for never. The third value holds the margins.
    """
    build, T, n = venture.project["construction"], ctx.clock.steps, len(ctx.paths)
    by_cost, by_share = np.full(n, T), np.full(n, T)
    margins = {what: np.full(n, math.inf) for what in ("review", "review_end", "subscription")}
    clause, subscription = given(build, "review"), given(build, "subscription")
    if clause is None:
        return by_cost, by_share, margins
    key, name = f"{venture.key}.construction", venture.name
    threshold = np.full(n, math.inf)
    if given(clause, "threshold") is not None:
        threshold = ctx.law(f"{key}.review.threshold", clause["threshold"], f"project/{name}/threshold")
    if subscription is not None:
        score = subscription_score(ctx, name, venture.project, site.cost_score)
        share = ctx.law_value(f"{key}.subscription.share", subscription["share"], score)
        too_few = share < subscription["required"]
        first = as_date(subscription["by"])
    for t, date in review_steps(ctx, clause):
        if t == 0:
            continue
        x, time = site.progress[t - 1], t * ctx.step
        at_work = (x > 0) & (would_end > time + 1e-9) & (site.gone > time)
        estimate = site.price[t - 1] * (1 + (site.overrun - 1) * x ** given(clause, "reveal", 1.0))
        near = np.where(at_work, np.abs(estimate - threshold), math.inf)
        margins["review"] = np.minimum(margins["review"], near)
        near = np.where((x > 0) & (site.gone > time), distance(would_end, time + 1e-9), math.inf)
        margins["review_end"] = np.minimum(margins["review_end"], near)
        by_cost = np.where(at_work & (estimate > threshold), np.minimum(by_cost, t), by_cost)
        if subscription is not None and date >= first:
            by_share = np.where(at_work & too_few, np.minimum(by_share, t), by_share)
            near = np.where(at_work, np.abs(share - subscription["required"]), math.inf)
            margins["subscription"] = np.minimum(margins["subscription"], near)
    return by_cost, by_share, margins


def cost_parts(build: Mapping, senior: Mapping | None, budget: Array, spend: Array) -> tuple[Array, Array, Array]:
    """Return what the funder, the host and the lenders pay of each step's cost."""
    cap, d = given(build, "funding_cap"), given(senior, "share", 0.0)
    funder = spend
    if cap is not None and cap["above"] == "share":
        S, first, last = np.cumsum(spend, axis=0), cap["multiple"] * budget, given(cap, "ceiling", math.inf)
        with np.errstate(invalid="ignore"):
            last = np.where(budget > 0, last * budget, math.inf)
        f = np.minimum(S, first) + cap["funder_share"] * np.maximum(np.minimum(S, last) - first, 0.0)
        funder = np.diff(f, axis=0, prepend=0.0)
    if d == 0:
        return funder, spend - funder, np.zeros_like(spend)
    return (1 - d) * funder, (1 - d) * (spend - funder), d * spend


def build_site(ctx: Context, venture: Venture) -> Site:
    """Build a project: when it is complete, what each step costs, and who pays."""
    name, project = venture.name, venture.project
    build, ends, chosen = project["construction"], ctx.clock.ends, ctx.world.selections[name]
    key, budget, funded = f"{venture.key}.construction", chosen.budget, chosen.funded
    cost_score, delay_score = construction_scores(ctx, name, build)
    drawn = ctx.law_value(f"{key}.overrun", build["overrun"], cost_score)
    overrun = 1 + (drawn - 1) * (1 - given(build, "inflation_share", 0.0))
    if given(build, "uplift") is not None:
        overrun = overrun * ctx.law(f"{key}.uplift", build["uplift"], f"project/{name}/uplift")
    slower = ctx.law_value(f"{key}.duration", build["duration"], delay_score)
    phases = given(build, "phases") or [{"share": 1.0, "planned_duration_years": build.get("planned_duration_years")}]
    duration = max(phase["planned_duration_years"] for phase in phases)
    planned = given(build, "planned_start")
    earliest = -math.inf if planned is None else ctx.clock.time_of(as_date(planned))
    plan_start, start = np.maximum(chosen.plan_due, earliest), np.maximum(chosen.due, earliest)
    if given(build, "start_delay") is not None:
        start = start + ctx.law(f"{key}.start_delay", build["start_delay"], f"project/{name}/start_delay")
    standstills, would_end, late = standstills_of(ctx.world, name, start, start + duration * slower)
    phase_starts = []
    for phase in phases:
        begin, margin = held_up(start + phase["planned_duration_years"] * slower, standstills)
        phase_starts.append((phase["share"], begin))
        late = np.minimum(late, margin)
    stop = np.where(chosen.stop < would_end, chosen.stop, math.inf)
    gone = np.where(funded > 0, stop, 0.0)

    worked = working_time(np.minimum(ends[:, None], gone), start, standstills)
    x, share = progress_and_share(ctx, key, build, worked, duration * slower)
    indices = given(build, "indices")
    expected = np.broadcast_to(composite(indices, ctx.factors.expected), ends.shape)
    price = composite(indices, ctx.factors.observed) * np.ones_like(x)
    if build["budget_basis"] == "nominal":
        price = price / np.interp(plan_start + x * duration, np.append(0.0, ends), np.append(1.0, expected))
        expected_cost = budget
    else:
        expected_cost = budget * plan_index(ctx, venture, duration, expected, plan_start)
    imported = given(build, "imported_share", 0.0)
    if imported > 0:
        where = (build["equipment_tariff"]["layer"], build["equipment_tariff"]["attribute"])
        price = (
            price * (1 + imported * ctx.world.attributes[where]) / (1 + imported * ctx.world.initial_attributes[where])
        )
    site = Site(
        start=start,
        duration=duration,
        completion=would_end,
        phase_starts=phase_starts,
        spend=budget * overrun * share * price,
        overrun=overrun,
        expected_cost=expected_cost,
        stop=stop,
        funded=funded,
        standstills=standstills,
        margins={"cancel": distance(chosen.stop, would_end), "delay": late},
        plan_start=plan_start,
        gone=gone,
        budget=budget,
        size=budget / float(project["budget"]),
        cost_score=cost_score,
        progress=x,
        price=price,
        declined=chosen.declined,
    )
    if given(build, "shortfall") is not None:
        site.shortfall = ctx.law(f"{key}.shortfall", build["shortfall"], f"project/{name}/shortfall")
        site.achieved = 1 - site.shortfall
    cancel_site(ctx, venture, site, would_end)
    senior = given(project["operation"], "senior_debt")
    site.capital, site.host_spend, site.lender_spend = cost_parts(build, senior, budget, site.spend)
    return site


def cancel_site(ctx: Context, venture: Venture, site: Site, would_end: Array) -> None:
    """Cancel a site by review or at its cap, where that comes before the world does; then settle what is left."""
    build, T, n = venture.project["construction"], ctx.clock.steps, len(ctx.paths)
    key, steps = f"{venture.key}.construction", np.arange(ctx.clock.steps)[:, None]
    by_cost, by_share, margins = reviewed(ctx, venture, site, would_end)
    first = np.minimum(by_cost, by_share)
    site.spend = np.where(steps < first, site.spend, 0.0)
    at_cap, cap = np.full(n, T), given(build, "funding_cap")
    if cap is not None and cap["above"] == "stop":
        most, S = cap["multiple"] * site.budget, np.cumsum(site.spend, axis=0)
        at_cap = np.where((S > most).any(axis=0), np.argmax(S > most, axis=0), T)
        before = np.vstack([np.zeros(n), S[:-1]])
        site.spend = np.where(steps < at_cap, site.spend, np.where(steps == at_cap, most - before, 0.0))
        near = np.where(site.spend > 0, np.abs(S - most) / np.where(site.budget > 0, site.budget, 1.0), math.inf)
        margins["cap"] = near.min(axis=0)
    by_us = np.minimum(first, at_cap)  # a cap is reached before a review only if it ends the spending before it
    step_of_stop = np.where(
        np.isfinite(site.stop), np.floor(np.where(np.isfinite(site.stop), site.stop, 0.0) * ctx.clock.m + 1e-9), T
    )
    ours = by_us < T
    site.causes = {
        "world": np.isfinite(site.stop) & ~ours,
        "review": ours & (by_cost == by_us),
        "subscription": ours & (by_share == by_us) & (by_cost > by_us),
        "cap": ours & (at_cap == by_us) & (first > by_us),
    }
    site.stop = np.where(ours, by_us * ctx.step, site.stop)
    step_of_stop = np.where(ours, by_us, step_of_stop)
    paid_for = site.funded > 0
    site.gone = np.where(paid_for, site.stop, 0.0)
    site.completion = np.where(paid_for & np.isinf(site.stop), would_end, math.inf)
    settled = site.settled = (steps == step_of_stop) & paid_for
    site.termination_fee = np.where(settled, given(build, "termination_fee", 0.0) * site.budget, 0.0)
    site.salvage = np.zeros_like(site.spend)
    if given(build, "salvage") is not None:
        part = ctx.law(f"{key}.salvage", build["salvage"], f"project/{venture.name}/salvage")
        site.salvage = np.where(settled, part * site.spend.sum(axis=0), 0.0)
    site.margins = {**site.margins, **margins}


def availability(ctx: Context, venture: Venture) -> Array:
    """Return the availability of each step, from the stationary score, ``(T, n)``."""
    clause = venture.project["operation"]["availability"]
    phi = given(clause, "persistence", 0.0) ** ctx.step
    e = ctx.draws.scores(f"project/{venture.name}/availability", np.arange(ctx.clock.steps), ctx.paths)
    v = np.empty_like(e)
    v[0] = e[0]
    for t in range(1, len(e)):
        v[t] = phi * v[t - 1] + math.sqrt(1 - phi**2) * e[t]
    return ctx.law_value(f"{venture.key}.operation.availability.law", clause["law"], v)


@dataclass
class Shares:
    """Shares of the capacity and of each step, ``(T, n)``: all that operates, what a contract covers, and what one
    covered until its offtaker's default. ``made_*`` are the same after ramp-up."""

    operating: Array
    contracted: Array
    defaulted: Array
    made: Array
    made_contracted: Array
    made_defaulted: Array


def ramp_factor(ramp: Sequence[float], begin: Array, end: Array, T: int, m: int) -> Array:
    """Return the mean ramp-up over the part of each step in which a phase operates."""
    whole = overlap(begin, end, T, m)
    parts = [level * overlap(begin + j, np.minimum(begin + j + 1, end), T, m) for j, level in enumerate(ramp)]
    ramped = sum(parts) + overlap(begin + len(ramp), end, T, m)
    return np.where(whole > 0, ramped / np.where(whole > 0, whole, 1.0), 1.0)


def default_time(ctx: Context, contract: Mapping | None) -> Array:
    """Return when the offtaker of a contract defaults, years; infinite without one."""
    offtaker = given(contract, "offtaker")
    hazard = given(ctx.study["offtakers"][offtaker], "default_hazard", 0.0) if offtaker is not None else 0.0
    if hazard == 0:
        return np.full(len(ctx.paths), math.inf)
    return -np.log1p(-ctx.draws.uniforms(f"offtaker/{offtaker}/default", 0, ctx.paths)) / hazard


def operating_shares(ctx: Context, plant: Mapping, site: Site) -> Shares:
    """Return which share of the capacity operates in which part of each step, and on what terms."""
    T, m = ctx.clock.steps, ctx.clock.m
    contract, ramp = given(plant, "contract"), given(plant, "ramp_up")
    end = np.minimum(site.completion + plant["life_years"], site.gone)
    tenor_end = np.minimum(site.completion + given(contract, "tenor_years", 0.0), end)
    default = default_time(ctx, contract)
    rows = {name: np.zeros((T, len(ctx.paths))) for name in Shares.__dataclass_fields__}
    for share, begin in site.phase_starts:
        parts = {"operating": share * overlap(begin, end, T, m)}
        if contract is not None:
            parts["contracted"] = share * overlap(begin, np.minimum(tenor_end, default), T, m)
            parts["defaulted"] = share * overlap(np.maximum(begin, default), tenor_end, T, m)
        factor = 1.0 if ramp is None else ramp_factor(ramp, begin, end, T, m)
        for name, made in (("operating", "made"), ("contracted", "made_contracted"), ("defaulted", "made_defaulted")):
            if name in parts:
                rows[name] = rows[name] + parts[name]
                rows[made] = rows[made] + parts[name] * factor
    return Shares(**rows)


def full_output(ctx: Context, venture: Venture, site: Site, flows: Mapping[str, Array]) -> Array:
    """Return what the whole capacity would make in each step, units of output."""
    project, plant = venture.project, venture.project["operation"]
    mw = given(project, "capacity_mw")
    yearly = (mw * 8766.0 if mw is not None else project["capacity"]) * site.size * site.achieved
    full = yearly * ctx.step * availability(ctx, venture)
    if given(plant, "degradation") is not None:
        full = full * (1 - plant["degradation"]) ** flows["age_start"]
    if given(plant, "volume_factor") is not None:
        full = full * ctx.factors.observed[plant["volume_factor"]]
    return full


def operate(ctx: Context, venture: Venture, site: Site) -> dict[str, Array]:
    """Operate a project: revenue, costs, tax, debt, fee and available cash, money units, ``(T, n)`` each."""
    name, project, plant = venture.name, venture.project, venture.project["operation"]
    times, observed, life = ctx.clock.ends[:, None], ctx.factors.observed, plant["life_years"]
    unit = float(ctx.study["study"]["money_unit"])
    flows = {
        "age_start": np.clip(times - ctx.step - site.completion, 0.0, life),
        "age_end": np.clip(times - site.completion, 0.0, life),
    }
    shares, full = operating_shares(ctx, plant, site), full_output(ctx, venture, site, flows)
    contract, price, part = given(plant, "contract"), np.zeros_like(full), 0.0
    if contract is not None:
        key = f"{venture.key}.operation.contract"
        score = subscription_score(ctx, name, project, site.cost_score)
        part = ctx.law_value(f"{key}.share", contract["share"], score)
        price = ctx.law(f"{key}.price", contract["price"], f"project/{name}/contract")
        if given(contract, "indices"):
            price = price * composite(contract["indices"], observed)
        else:
            price = price * (1 + given(contract, "escalator", 0.0)) ** times
    flows["operating"], flows["contracted"] = shares.operating, shares.contracted * part
    q, q_contract = full * shares.made, full * (shares.made_contracted * part)
    q_default = full * (shares.made_defaulted * part)
    q_merchant = q - q_contract - q_default
    discount, merchant = 1 - given(contract, "default_discount", 0.0), given(plant, "merchant")
    fuel, variable, fixed = given(plant, "fuel"), given(plant, "variable_om"), given(plant, "fixed_om")
    if given(plant, "dispatch", "must_run") == "economic":
        market = observed[merchant["factor"]] * given(merchant, "basis", 1.0) if merchant is not None else 0.0
        unit_cost = 0.0
        if fuel is not None:
            unit_cost = fuel["heat_rate"] * observed[fuel["factor"]] * given(fuel, "basis", 1.0)
        if variable is not None:
            unit_cost = unit_cost + variable["per_output"] * composite(given(variable, "indices"), observed)
        site.margins = {
            **site.margins,
            "dispatch": np.minimum(
                dispatch_margin(market, unit_cost, q_merchant), dispatch_margin(discount * market, unit_cost, q_default)
            ),
        }
        flows["idle"] = np.where(market > unit_cost, 0.0, q_merchant)
        flows["idle"] = flows["idle"] + np.where(discount * market > unit_cost, 0.0, q_default)
        q_merchant = np.where(market > unit_cost, q_merchant, 0.0)
        q_default = np.where(discount * market > unit_cost, q_default, 0.0)
        q = q_contract + q_merchant + q_default
    flows["output"], flows["output_contracted"] = q, q_contract
    flows["output_merchant"], flows["output_defaulted"] = q_merchant, q_default

    flows["revenue"] = q_contract * price / unit
    if merchant is not None:
        flows["revenue"] = flows["revenue"] + (
            q_merchant * observed[merchant["factor"]] * given(merchant, "basis", 1.0) / unit
        )
        if q_default.any():
            flows["revenue"] = flows["revenue"] + (
                q_default * discount * observed[merchant["factor"]] * given(merchant, "basis", 1.0) / unit
            )
    mw, capacity, credit = (
        given(project, "capacity_mw"),
        given(plant, "capacity_payment"),
        given(plant, "output_credit"),
    )
    if capacity is not None:
        years = ctx.step * (flows["operating"] - flows["contracted"])
        rate = observed[capacity["factor"]] * given(capacity, "credit", 1.0) * 365.25
        flows["capacity_payment"] = rate * mw * site.size * site.achieved * years / unit
        flows["revenue"] = flows["revenue"] + flows["capacity_payment"]
    if credit is not None:
        flows["output_credit"] = output_credit(ctx, plant, site, credit, q) / unit
        flows["revenue"] = flows["revenue"] + flows["output_credit"]

    flows["fuel"] = np.zeros_like(q)
    if fuel is not None:
        burnt = q - given(contract, "fuel_pass_through", 0.0) * q_contract
        flows["fuel"] = fuel["heat_rate"] * observed[fuel["factor"]] * given(fuel, "basis", 1.0) * burnt / unit
    flows["om"] = np.zeros_like(q)
    if variable is not None:
        flows["om"] = flows["om"] + q * variable["per_output"] * composite(given(variable, "indices"), observed) / unit
    if fixed is not None:
        yearly = fixed["per_mw_year"] * mw if given(fixed, "per_mw_year") is not None else fixed["per_year"]
        yearly = yearly * site.size
        flows["om"] = (
            flows["om"] + yearly * ctx.step * shares.operating * composite(given(fixed, "indices"), observed) / unit
        )
    flows |= cash_of(ctx, venture, site, flows)
    return flows


def dispatch_margin(price: Array, cost: Array, output: Array) -> Array:
    """Return how near the price comes to the cost of a unit, relative to both, where there is output."""
    near = np.abs(price - cost) / np.maximum(np.abs(price) + np.abs(cost), 1e-300)
    return np.where(output > 0, near, math.inf).min(axis=0)


def output_credit(ctx: Context, plant: Mapping, site: Site, credit: Mapping, output: Array) -> Array:
    """Return the credit on the output of the first years since completion, currency."""
    T, m = ctx.clock.steps, ctx.clock.m
    end = np.minimum(site.completion + plant["life_years"], site.gone)
    within = np.minimum(end, site.completion + credit["years"])
    operating = sum(share * overlap(begin, end, T, m) for share, begin in site.phase_starts)
    inside = sum(share * overlap(begin, within, T, m) for share, begin in site.phase_starts)
    part = np.where(operating > 0, inside / np.where(operating > 0, operating, 1.0), 0.0)
    growth = (1 + given(credit, "escalator", 0.0)) ** ctx.clock.ends[:, None]
    return credit["per_output"] * growth * output * part


CASH_ROWS = (
    "depreciation",
    "losses",
    "tax",
    "arrears",
    "arrears_ended",
    "debt_interest",
    "debt_capitalised",
    "debt_principal",
    "debt_paid",
    "debt_arrears",
    "debt_balance",
    "fee_part",
    "fee_paid",
    "fee_owed",
    "salvage",
    "salvage_to_debt",
    "available_cash",
    "closed",
)


def cash_of(ctx: Context, venture: Venture, site: Site, flows: dict[str, Array]) -> dict[str, Array]:
    """Go through the steps' cash: tax, arrears, senior debt, fee, abandonment.

    Where a project is abandoned its rows in ``flows`` end with that step, and its ages stand still.
    ``debt_balance`` is all that lenders are owed at the step's end, debt arrears among it.
    """
    plant, h, (T, n) = venture.project["operation"], ctx.step, flows["output"].shape
    tax, senior, fee = given(plant, "tax"), given(plant, "senior_debt"), given(plant, "developer_fee")
    operating_rows = [name for name in flows if not name.startswith("age_")]
    S = np.cumsum(site.spend, axis=0)
    rows = {name: np.zeros((T, n)) for name in CASH_ROWS}
    ages = {name: flows[name].copy() for name in ("age_start", "age_end")}
    owed, losses, unserved, fee_owed = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    drawn = np.zeros(n)  # what the lenders have paid in, with capitalised interest
    counted, closing_age, closed = np.zeros(n), np.full(n, math.inf), np.zeros(n, dtype=bool)
    amount = np.zeros(n)
    if fee is not None:
        drawn_amount = ctx.law(
            f"{venture.key}.operation.developer_fee.amount", fee["amount"], f"project/{venture.name}/fee"
        )
        amount = np.where(site.shortfall <= fee["tolerance"], drawn_amount, 0.0)
        site.margins = {**site.margins, "fee": np.abs(site.shortfall - fee["tolerance"]) * np.ones(n)}
    abandon_after = given(plant, "abandon_after_years", math.inf)
    near_arrears = np.full(n, math.inf)
    end_of_building = np.minimum(site.completion, site.gone)
    for t in range(T):
        for name in operating_rows:
            flows[name][t] = np.where(closed, 0.0, flows[name][t])
        a0 = ages["age_start"][t] = np.minimum(ages["age_start"][t], closing_age)
        a1 = ages["age_end"][t] = np.minimum(ages["age_end"][t], closing_age)
        margin = flows["revenue"][t] - flows["fuel"][t] - flows["om"][t]

        interest = principal = np.zeros(n)
        if senior is not None:
            tenor = senior["tenor_years"]
            r = np.maximum(0.0, ctx.rate_at_start(senior["reference_rate"], t) + senior["margin"])
            before = np.clip(end_of_building - t * h, 0.0, h)
            open_before = drawn * (1 - np.minimum(a0, tenor) / tenor)
            capitalised = r * drawn * before
            interest = r * (open_before + unserved) * (a1 - a0)
            drawn = drawn + capitalised + site.lender_spend[t]
            principal = drawn * (np.minimum(a1, tenor) - np.minimum(a0, tenor)) / tenor
            rows["debt_capitalised"][t] = capitalised
        part = np.zeros(n)
        if fee is not None:
            part = amount * (np.minimum(a1, fee["years"]) - np.minimum(a0, fee["years"])) / fee["years"]

        paid_tax = np.zeros(n)
        if tax is not None:
            years = tax["life_years"]
            depreciation = S[t] * (np.minimum(a1, years) - np.minimum(a0, years)) / years
            income = margin - part - interest - depreciation
            offset = np.minimum(losses, given(tax, "nol_limit", 0.0) * np.maximum(income, 0.0))
            losses = np.where(income < 0, losses - income, losses - offset)
            paid_tax = tax["rate"] * np.maximum(0.0, income - offset)
            rows["depreciation"][t] = depreciation

        left = margin - paid_tax - owed
        near = np.where((flows["operating"][t] > 0) & ~closed, np.abs(left), math.inf)
        near_arrears = np.minimum(near_arrears, near)
        owed, cash = np.maximum(-left, 0.0), np.maximum(left, 0.0)

        due = interest + principal + unserved
        paid = np.minimum(due, cash)
        unserved, cash = due - paid, cash - paid
        fee_due = fee_owed + part
        fee_paid = np.minimum(fee_due, cash)
        fee_owed, cash = fee_due - fee_paid, cash - fee_paid

        salvage = site.salvage[t] if np.ndim(site.salvage) else np.zeros(n)
        tenor = given(senior, "tenor_years", 1.0)
        balance = drawn * (1 - np.minimum(a1, tenor) / tenor) + unserved
        to_debt = np.minimum(salvage, balance)
        drawn, balance = drawn - to_debt, balance - to_debt
        cancelled = (site.stop < (t + 1 - 1e-9) * h) & (site.funded > 0)
        ended = np.where(cancelled, owed, 0.0)
        owed = owed - ended

        counted = np.where(owed > 0, counted + h, 0.0)
        # a plant at the end of its life is not given up any more
        closing = (counted >= abandon_after - 1e-9) & ~closed & (a1 < plant["life_years"])
        closed = closed | closing
        closing_age = np.where(closing, a1, closing_age)
        for name, value in {
            "losses": losses,
            "tax": paid_tax,
            "arrears": owed,
            "arrears_ended": ended,
            "debt_interest": interest,
            "debt_principal": principal,
            "debt_paid": paid,
            "debt_arrears": unserved,
            "debt_balance": balance,
            "fee_part": part,
            "fee_paid": fee_paid,
            "fee_owed": fee_owed,
            "salvage": salvage,
            "salvage_to_debt": to_debt,
            "available_cash": cash + (salvage - to_debt),
            "closed": closed,
        }.items():
            rows[name][t] = value
    if math.isfinite(abandon_after):
        scale = np.where(site.budget > 0, site.budget, 1.0)
        site.margins = {**site.margins, "abandon": near_arrears / scale}
    return rows | ages


def split_of(study: Mapping, project: Mapping) -> dict[str, Any]:
    """Return the split clause of a project: the agreement's, with the project's own keys over it."""
    own = {key: value for key, value in given(project, "split", {}).items() if value is not None}
    return {**study["agreement"]["split"], **own}


def part_of(amount: Array, whole: Array) -> Array:
    """Return amount / whole; 0 where there is no whole."""
    return np.where(whole > 0, amount / np.where(whole > 0, whole, 1.0), 0.0)


SPLIT_ROWS = ("due", "paid", "distribution_funder", "distribution_host", "carry", "deemed_balance", "rate")


@dataclass
class Account:
    """The deemed allocation of one project: what falls due in a step, and what stays open after it.

    ``gap`` is by how much what tier one could pay exceeds what is due, for the project or its pool ``(T, n)``;
    ``adjusted`` tells where other shares hold in the end.
    """

    ctx: Context
    terms: Mapping
    site: Site
    flows: Mapping[str, Array]

    def __post_init__(self) -> None:
        T, n = self.flows["available_cash"].shape
        self.rows = {name: np.zeros((T, n)) for name in SPLIT_ROWS}
        self.gap, self.adjusted = np.zeros((T, n)), np.zeros(n, dtype=bool)
        self.paid_in, self.carry, self.balance = np.zeros(n), np.zeros(n), np.zeros(n)
        self.before, self.rate, self.due = np.zeros(n), np.zeros(n), np.zeros(n)

    @property
    def open(self) -> Array:
        """Return what of the allocation is open: the carry, or the balance."""
        return self.carry if self.terms["mode"] == "periodic" else self.balance

    def fall_due(self, t: int) -> Array:
        """Begin a step; return what is due in it."""
        terms, L = self.terms, given(self.terms, "deemed_life_years")
        r = self.rate = np.maximum(0.0, self.ctx.rate_at_start(terms["reference_rate"], t) + terms["spread"])
        a0, a1 = self.flows["age_start"][t], self.flows["age_end"][t]
        self.before = self.paid_in
        paid_in = self.paid_in = self.paid_in + self.flows["capital"][t]
        if terms["mode"] == "periodic":
            interest = r * paid_in * np.maximum(0.0, 1 - a0 / L) * (a1 - a0)
            self.due = interest + paid_in * (np.minimum(a1, L) - np.minimum(a0, L)) / L + self.carry
        else:
            self.due = self.balance * (1 + r * self.ctx.step)
        return self.due

    def settle(self, t: int, paid: Array, funder: Array, host: Array, gap: Array) -> None:
        """End a step in which tier one paid so much, the funder and the host received so much."""
        terms, r, h, due = self.terms, self.rate, self.ctx.step, self.due
        if terms["mode"] == "periodic":
            c = r if given(terms, "carry_interest", "none") == "deemed_rate" else 0.0
            self.carry = (due - paid) * (1 + c * h)
            if given(terms, "interest_before_completion", False):
                # a project that is cancelled owes no more interest from then on
                end = np.minimum(self.site.completion, self.site.stop)
                self.carry = self.carry + r * self.before * np.clip(end - t * h, 0.0, h)
            self.balance = self.paid_in * np.maximum(0.0, 1 - self.flows["age_end"][t] / terms["deemed_life_years"])
        else:
            self.balance = np.maximum(0.0, due - funder) + self.flows["capital"][t]
        row = dict(due=due, paid=paid, distribution_funder=funder, distribution_host=host)
        for key, value in {**row, "carry": self.carry, "deemed_balance": self.balance, "rate": r}.items():
            self.rows[key][t] = value
        self.gap[t] = gap


class Adjustment:
    """Whether other shares hold, of one project or of a pool: tested once, and kept for good."""

    def __init__(self, clause: Mapping, accounts: Sequence[Account]):
        self.clause, self.accounts = clause, accounts
        n = len(accounts[0].ctx.paths)
        self.completion = np.min([account.site.completion * np.ones(n) for account in accounts], axis=0)
        self.tested, self.holds, self.margin = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool), np.full(n, math.inf)

    def test(self, t: int) -> Array:
        """Test at a step's start; return whether the other shares hold in the step."""
        after = self.clause["after_years"] - 1e-9
        age = t * self.accounts[0].ctx.step - self.completion
        open_ = sum(account.open for account in self.accounts)
        paid_in = sum(account.paid_in for account in self.accounts)
        now = (age >= after) & ~self.tested
        some = open_ > 1e-12 * paid_in
        self.margin = np.minimum(self.margin, distance(age, after))
        # what is paid in full is open by nothing at all: what counts is by how much it was paid
        due = sum(account.due for account in self.accounts)
        gap = np.where(due > 0, np.abs(self.accounts[0].gap[t - 1]), math.inf)
        near = np.where(some, open_, gap) / np.where(paid_in > 0, paid_in, 1.0)
        self.margin = np.where(now, np.minimum(self.margin, near), self.margin)
        self.holds, self.tested = self.holds | (now & some), self.tested | now
        return self.holds


def split_pool(ctx: Context, accounts: Sequence[Account], pooled: bool) -> Array | None:
    """Split the cash of one project, or of a pool of them, step by step; return the margin of the adjustment."""
    terms, adjustment = ctx.study["agreement"]["split"] if pooled else accounts[0].terms, None
    if any(account.terms[key] != terms[key] for account in accounts for key in ("mode", "first_share", "second_share")):
        raise ValueError("a pool has one mode and one pair of shares")
    if given(terms, "adjust") is not None:
        adjustment = Adjustment(terms["adjust"], accounts)
    s1, s2 = terms["first_share"], terms["second_share"]
    for t in range(ctx.clock.steps):
        if adjustment is not None:
            other = adjustment.test(t)
            s1 = np.where(other, terms["adjust"]["first_share"], terms["first_share"])
            s2 = np.where(other, terms["adjust"]["second_share"], terms["second_share"])
        cash, dues = [account.flows["available_cash"][t] for account in accounts], [a.fall_due(t) for a in accounts]
        A, D = (cash[0], dues[0]) if not pooled else (sum(cash), sum(dues))
        gap = s1 * A - D
        if not pooled:
            paid = np.minimum(s1 * A, D)
            funder = paid + s2 * (A - np.minimum(A, D / s1))
            accounts[0].settle(t, paid, funder, A - funder, gap)
            continue
        rest = A - np.minimum(A, D / s1)
        served = np.where(s1 * A >= D, 1.0, part_of(s1 * A, D))  # exactly all, where there is enough
        for account, available, due in zip(accounts, cash, dues, strict=True):
            paid, own_rest = served * due, rest * part_of(available, A)
            host = (1 - s1) * (paid / s1) + (1 - s2) * own_rest
            account.settle(t, paid, paid + s2 * own_rest, host, gap)
    if adjustment is None:
        return None
    for account in accounts:
        account.adjusted = adjustment.holds
    return adjustment.margin


def split_all(
    ctx: Context, ventures: Sequence[tuple[Mapping, Site, Mapping[str, Array]]]
) -> tuple[list[Account], list[Array | None]]:
    """Split the available cash of all ventures between funder and host.

    Returns
    -------
    list
        The account of each venture, with its rows ``(T, n)``.
    list
        The margin of each venture's adjustment, or one for the pool.
    """
    accounts = [Account(ctx, split_of(ctx.study, project), site, flows) for project, site, flows in ventures]
    if given(ctx.study["agreement"]["split"], "pooling", "none") == "umbrella":
        return accounts, [split_pool(ctx, accounts, pooled=True)] if accounts else []
    margins = []
    for account in accounts:
        if account.terms["mode"] != "none":
            margins.append(split_pool(ctx, [account], pooled=False))
            continue
        A, rows = account.flows["available_cash"], account.rows
        rows["distribution_funder"] = account.terms["funder_share"] * A
        rows["distribution_host"] = A - rows["distribution_funder"]
        margins.append(None)
    return accounts, margins


def split_cash(ctx: Context, project: Mapping, site: Site, flows: Mapping[str, Array]) -> dict[str, Array]:
    """Split the available cash of one project alone, ``(T, n)`` each."""
    return split_all(ctx, [(project, site, flows)])[0][0].rows


def declined_in(ctx: Context, T: int) -> Array:
    """Return the budgets whose funding is declined in each step, ``(T, n)``."""
    rows = np.zeros((T, len(ctx.paths)))
    for chosen in ctx.world.selections.values():
        due = np.where(chosen.declined > 0, chosen.due, 0.0)
        step = np.floor(due * ctx.clock.m + 1e-9)
        rows += np.where((np.arange(T)[:, None] == step) & (chosen.declined > 0), chosen.budget, 0.0)
    return rows


def diverted(ctx: Context, distribution: Array) -> Array:
    """Return what of the funder's distributions, summed over the ventures, goes to the host to catch up."""
    clause, T = ctx.study["agreement"]["catch_up"], len(distribution)
    forgone, share = declined_in(ctx, T), given(clause, "share", 1.0)
    rows = np.zeros_like(distribution)
    if clause["until"] == "years":
        steps = math.floor(clause["years"] * ctx.clock.m + 1e-9)
        for t in range(T):
            since = forgone[max(t - steps, 0) : t]
            rows[t] = np.where((since > 0).any(axis=0), share * distribution[t], 0.0)
        return rows
    left = np.zeros(len(ctx.paths))
    for t in range(T):
        left = left + forgone[t]
        rows[t] = np.minimum(share * distribution[t], left)
        left = left - rows[t]
    return rows


def catch_up(ctx: Context, ventures: Sequence[dict[str, Array]]) -> Array:
    """Divert distributions of all ventures to the host, in place; return what is diverted in all, ``(T, n)``."""
    total = sum(flows["distribution_funder"] for flows in ventures)
    row = diverted(ctx, total)
    for flows in ventures:
        own = flows["distribution_funder"] * part_of(row, total)
        flows["distribution_funder"] = flows["distribution_funder"] - own
        flows["distribution_host"] = flows["distribution_host"] + own
    return row


# --------------------------------------------------------------------------------------------------
# The funder's own stack (section 9)
# --------------------------------------------------------------------------------------------------


def pay(cash: Array, *amounts: Array) -> tuple[list[Array], Array]:
    """Pay amounts from cash, each in proportion where it does not do for all; return what each got, and the rest."""
    total = sum(amounts)
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.where(cash >= total, 1.0, cash / total)
    return [part * amount for amount in amounts], np.maximum(cash - total, 0.0)


@dataclass
class Loan:
    """One of the two loans: what is not yet due, the scheduled principal of a step, what is funded and not repaid.

    ``due`` is what has to be paid of the balance in this step, ``interest`` the interest that falls due in it.
    """

    share: float
    margin: float
    balance: Array
    level: Array
    unrepaid: Array
    interest: Array
    due: Array
    call: Array

    @classmethod
    def of(cls, clause: Mapping | None, n: int) -> "Loan":
        """Return a loan without anything drawn."""
        return cls(float(given(clause, "share", 0.0)), float(given(clause, "margin", 0.0)), *np.zeros((6, n)))

    def begin(self, rate: Array, K: Array, number: Array, count: int, ended: Array) -> None:
        """Begin a step: interest, and the principal that falls due; ``number`` is that of the repayment step."""
        interest = rate * self.balance
        self.call = self.share * K
        self.level = np.where(number == 1, self.balance / count, self.level)
        capitalised = (number == 0) & ~ended
        self.interest = np.where(capitalised, 0.0, interest)
        self.balance = self.balance + np.where(capitalised, interest, 0.0) + np.where(ended, self.call, 0.0)
        self.unrepaid = self.unrepaid + np.where(ended, self.call, 0.0)
        scheduled = np.where(number < count, np.minimum(self.balance, self.level), self.balance)
        self.due = np.where(ended, self.balance, np.where(number == 0, 0.0, scheduled))

    def repay(self, payment: Array, owed: Array) -> None:
        """Let a payment repay what is funded in proportion to all that is owed."""
        self.unrepaid = np.maximum(self.unrepaid - self.unrepaid * part_of(payment, owed), 0.0)

    def end(self, prepaid: Array, number: Array, count: int, ended: Array) -> None:
        """End a step: the balance falls by what was due and prepaid, and the call joins it."""
        self.balance = np.where(ended, 0.0, np.maximum(self.balance - self.due - prepaid, 0.0))
        call = np.where(ended, 0.0, self.call)
        self.balance, self.unrepaid = self.balance + call, self.unrepaid + call
        left = count - number
        self.level = self.level + np.where((number > 0) & (left > 0), call / np.maximum(left, 1), 0.0)


def wait_steps(clause: Mapping | None, m: int) -> tuple[int, float]:
    """Return how many steps a claim waits, 1e-9 of a step forgiven, and the distance to another number."""
    wait = given(clause, "wait_years", 0.0) * m
    return math.ceil(wait - 1e-9), abs(abs(wait - round(wait)) - 1e-9)


STACK_ROWS = (
    "loan_balance claims premium recoveries insured policy_bank banks insurer equity balance_policy balance_commercial "
    "arrears_policy arrears_unclaimed arrears_retained taken_over due_commercial paid_commercial claimed "
    "unrepaid_policy unrepaid_commercial call_policy call_commercial paid_policy late_policy late_commercial "
    "due_policy prepaid"
).split()


def run_stack(
    clause: Mapping, m: int, reference: Array, K: Array, Y: Array, completion: Array, ended: Array
) -> dict[str, Array]:
    """Run the stack of one project, ``(T, n)`` each.

    Parameters
    ----------
    clause
        ``stack`` of the study.
    m
        Steps a year.
    reference
        The reference rate at each step's start.
    K, Y
        What the funder pays to the project, and receives from it.
    completion
        Time of the completion, years ``(n,)``; infinite without one.
    ended
        Whether a step is that of a cancellation (or of giving up the plant), or after it.

    Returns
    -------
    dict
        At the steps' ends: ``loan_balance`` (all that is owed on both loans but what the insurer has taken over),
        ``balance_policy``, ``balance_commercial`` (not yet due), ``arrears_policy`` R, ``arrears_unclaimed`` U,
        ``arrears_retained`` H, ``taken_over`` X, ``unrepaid_*`` Q, ``insured``; cumulated ``due_commercial`` D,
        ``paid_commercial`` P, ``claimed``. In the steps: ``claims`` (paid by the insurer), ``premium``,
        ``recoveries``, the net flows ``policy_bank``, ``banks``, ``insurer``; ``equity``, ``paid_policy`` (on its
        loan), ``late_*`` (interest on arrears), ``due_policy`` (current interest and principal), ``prepaid`` (both
        loans), ``call_*``.
    """
    (T, n), h, insurer = K.shape, 1.0 / m, given(clause, "insurer")
    g, c = Loan.of(given(clause, "policy_loan"), n), Loan.of(given(clause, "commercial_loan"), n)
    equity_share = given(given(clause, "policy_equity"), "share", 0.0)
    cover, (wait, _) = float(given(insurer, "cover", 0.0)), wait_steps(insurer, m)
    count, sweep = max(round(clause["tenor_years"] * m), 1), given(clause, "sweep", 1.0)
    rows = {name: np.zeros((T, n)) for name in STACK_ROWS}
    R, U, H, X = np.zeros((4, n))
    due_so_far, paid_so_far, claimed = np.zeros((3, n))
    number = np.zeros(n)  # of the repayment step; 0 up to the step of completion
    for t in range(T):
        number = number + (t * h + 1e-9 >= completion)
        rate_g, rate_c = (np.maximum(0.0, reference[t] + loan.margin) * h for loan in (g, c))
        premium = given(insurer, "premium", 0.0) * cover * (c.balance + U) * h
        late_g, late_u, late_h = rate_g * R, rate_c * U, rate_c * H
        R, U, H = R + late_g, U + late_u, H + late_h
        g.begin(rate_g, K[t], number, count, ended[t])
        c.begin(rate_c, K[t], number, count, ended[t])
        owed_g, owed_c = g.balance + R, c.balance + U + H

        (interest_g, interest_c), cash = pay(Y[t], g.interest, c.interest)
        (on_r, on_u, on_h, on_x), cash = pay(cash, R, U, H, X)
        (principal_g, principal_c), cash = pay(cash, g.due, c.due)
        for_loans = sweep * cash
        (prepaid_g, prepaid_c), left = pay(for_loans, g.balance - g.due, c.balance - c.due)
        equity = cash - for_loans + left

        g.repay(on_r + principal_g + prepaid_g, owed_g)
        c.repay(on_u + on_h + principal_c + prepaid_c, owed_c)
        R = R - on_r + (g.interest - interest_g) + (g.due - principal_g)
        U = U - on_u + (c.interest - interest_c) + (c.due - principal_c)
        H, X = H - on_h, X - on_x
        due_so_far = due_so_far + late_u + c.interest + c.due
        paid_so_far = paid_so_far + interest_c + on_u + principal_c
        rows["due_commercial"][t] = due_so_far
        rows["due_policy"][t] = g.interest + g.due
        rest_c = c.balance - c.due - prepaid_c
        claim = np.zeros(n)
        if insurer is not None and t >= wait:
            overdue = rows["due_commercial"][t - wait] - paid_so_far - claimed
            claim = np.minimum(U, np.maximum(0.0, overdue))
            c.repay(cover * claim, rest_c + U + H)
        claimed, U = claimed + claim, U - claim
        X, H = X + cover * claim, H + (1 - cover) * claim
        g.end(prepaid_g, number, count, ended[t])
        c.end(prepaid_c, number, count, ended[t])

        on_g = interest_g + on_r + principal_g + prepaid_g
        on_c = interest_c + on_u + on_h + principal_c + prepaid_c
        for name, value in {
            "loan_balance": g.balance + c.balance + R + U + H,
            "claims": cover * claim,
            "premium": premium,
            "recoveries": on_x,
            "insured": cover * (c.balance + U),
            "policy_bank": on_g + equity - K[t] * (g.share + equity_share),
            "banks": on_c + cover * claim - premium - c.call,
            "insurer": premium + on_x - cover * claim,
            "equity": equity,
            "balance_policy": g.balance,
            "balance_commercial": c.balance,
            "arrears_policy": R,
            "arrears_unclaimed": U,
            "arrears_retained": H,
            "taken_over": X,
            "paid_commercial": paid_so_far,
            "claimed": claimed,
            "unrepaid_policy": g.unrepaid,
            "unrepaid_commercial": c.unrepaid,
            "call_policy": g.call,
            "call_commercial": c.call,
            "paid_policy": on_g,
            "late_policy": late_g,
            "late_commercial": late_u + late_h,
            "prepaid": prepaid_g + prepaid_c,
        }.items():
            rows[name][t] = value
    return rows


def stack_cash(ctx: Context, site: Site, flows: Mapping[str, Array]) -> dict[str, Array]:
    """Return the rows of a project's stack."""
    clause, (T, n) = ctx.study["stack"], flows["calls"].shape
    rates = [ctx.rate_at_start(clause["reference_rate"], t) * np.ones(n) for t in range(T)]
    ended = np.cumsum(site.settled | (flows["closed"] > 0), axis=0) > 0
    K, Y = flows["calls"], flows["distribution_funder"]
    return run_stack(clause, ctx.clock.m, np.array(rates), K, Y, site.completion, ended)


STACK_VALUES = {
    "insurer_claims": "claims",
    "insurer_net": "insurer",
    "npv_banks": "banks",
    "npv_policy_bank": "policy_bank",
}
"""Quantity -> the row of the stack of which it is the present value, at the funder's discount factors."""
STACK_LOSSES = {"bank_loss": "commercial", "policy_bank_loss": "policy"}
"""Quantity -> the loan whose calls are lost as far as they are not repaid at the horizon."""


def stack_quantities(ctx: Context, rows: Mapping[str, Array]) -> dict[str, Array]:
    """Return a project's quantities of the stack."""
    factors = funder_factors(ctx)
    found = {quantity: (factors * rows[row]).sum(axis=0) for quantity, row in STACK_VALUES.items()}
    for quantity, loan in STACK_LOSSES.items():
        calls = rows[f"call_{loan}"]
        found[quantity] = (factors * calls).sum(axis=0) * part_of(rows[f"unrepaid_{loan}"][-1], calls.sum(axis=0))
    return found


# --------------------------------------------------------------------------------------------------
# Quantities of a path (section 10)
# --------------------------------------------------------------------------------------------------


def sign_changes(flow: Array) -> int:
    """Return how often a sequence changes sign; zeros are passed over."""
    signs = np.sign(flow[flow != 0])
    return int((signs[1:] != signs[:-1]).sum())


def present_value_at(flow: Array, times: Array) -> Callable[[float], float]:
    """Return w -> sum flow exp(-w t), up to a positive factor that keeps it finite; w = log(1 + r)."""
    (nonzero,) = np.nonzero(flow)
    first, last = times[nonzero[0]], times[nonzero[-1]]

    def value(w: float) -> float:
        return float(np.sum(flow * np.exp(np.minimum(-w * (times - (first if w > 0 else last)), 700.0)) * (flow != 0)))

    return value


def root_between(value: Callable[[float], float], lo: float, hi: float) -> float:
    """Return r = exp(w) - 1 at the root w in a bracket that is widened where it is open (infinite)."""
    a, b = max(lo, -1.0), min(hi, 1.0)
    while value(a) * value(b) > 0 and max(abs(a), abs(b)) < 1e6:
        a, b = (2 * a if math.isinf(lo) else a), (2 * b if math.isinf(hi) else b)
    if value(a) * value(b) > 0:
        return math.nan
    return math.expm1(optimize.brentq(value, a, b, xtol=1e-15, rtol=1e-15, maxiter=1000))


def irr(calls: Array, receipts: Array, times: Array) -> tuple[float, int]:
    """Return the yearly effective internal rate of one path's flows, and how many roots were found.

    -1 where no step brings more than it calls; undefined where neither the flows nor their running sum change
    sign once.
    """
    if not calls.any():
        return math.nan, 0
    flow = receipts - calls
    if not (flow > 0).any():
        return -1.0, 1
    value = present_value_at(flow, times)
    if sign_changes(flow) == 1:
        return root_between(value, -math.inf, math.inf), 1
    if sign_changes(np.cumsum(flow)) == 1:
        return root_between(value, 0.0, math.inf), 1
    return math.nan, 0


def payback(calls: Array, receipts: Array, m: int) -> float:
    """Return the years from the first call until the receipts have made up for the calls."""
    if not (calls > 0).any():
        return math.nan
    first = int(np.argmax(calls > 0))
    whole = np.cumsum(receipts) >= np.cumsum(calls)
    whole[: first + 1] = False
    return (int(np.argmax(whole)) - first) / m if whole.any() else math.inf


def funder_factors(ctx: Context) -> Array:
    """Return the funder's discount factors in study money, ``(T, 1)``."""
    curve = ctx.study["curves"][ctx.study["parties"]["funder"]["discount"]["study"]]
    return discount_factors(curve, ctx.clock.ends)[:, None]


def flow_quantities(ctx: Context, calls: Array, receipts: Array, host: Array) -> tuple[dict, dict]:
    """Return the quantities that follow from a unit's flows alone, and the margins of the discrete ones."""
    times, n = ctx.clock.ends, calls.shape[1]
    parties, curves = ctx.study["parties"], ctx.study["curves"]
    df_funder = funder_factors(ctx)
    df_host = discount_factors(curves[parties["host"]["discount"]["study"]], times)[:, None]
    rates = [irr(calls[:, i], receipts[:, i], times) for i in range(n)]
    paid, received = calls.sum(axis=0), receipts.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        multiple = np.where(paid > 0, received / paid, np.nan)
    quantities = {
        "npv_funder": (df_funder * (receipts - calls)).sum(axis=0),
        "pv_host": (df_host * host).sum(axis=0),
        "irr_funder": np.array([rate for rate, _ in rates]),
        "multiple_funder": multiple,
        "payback_years": np.array([payback(calls[:, i], receipts[:, i], ctx.clock.m) for i in range(n)]),
    }
    scale = np.maximum(paid, 1e-300)
    net, running = receipts - calls, np.cumsum(receipts - calls, axis=0)
    begun = np.cumsum(calls, axis=0) > 0
    running_margin = np.where(begun, np.abs(running), np.inf).min(axis=0) / scale
    both = np.where((calls > 0) & (receipts > 0), np.abs(net), np.inf).min(axis=0) / scale
    several = np.array([0.0 if count > 1 else 1.0 for _, count in rates])
    return quantities, {
        "payback": running_margin,
        "irr": np.minimum(np.minimum(running_margin, both), several),
    }


def whole_years(ctx: Context, terms: Mapping, site: Site, flows: Mapping[str, Array]) -> Array:
    """Return the years from completion until the funder is first whole."""
    n = len(ctx.paths)
    if terms["mode"] == "none":
        return np.full(n, np.nan)
    age = ctx.clock.ends[:, None] - site.completion
    if terms["mode"] == "periodic":
        # age in the deemed allocation's sense stops with operation
        whole = (flows["age_end"] >= terms["deemed_life_years"]) & (flows["carry"] == 0)
    else:
        whole = (age >= 0) & (flows["deemed_balance"] == 0)
    first = np.argmax(whole, axis=0)
    return np.where(whole.any(axis=0), age[first, np.arange(n)], np.inf)


def deemed_parts(terms: Mapping, split: Mapping[str, Array]) -> tuple[Array, Array, Array]:
    """Return what tier one received, what it still owes of what fell due, and all that is open at the end."""
    if terms["mode"] == "periodic":
        carry = split["carry"][-1]
        return split["paid"].sum(axis=0), carry, carry + split["deemed_balance"][-1]
    if terms["mode"] == "cumulative":
        received = np.minimum(split["distribution_funder"], split["due"]).sum(axis=0)
        return received, split["deemed_balance"][-1], split["deemed_balance"][-1]
    zero = np.zeros(split["due"].shape[1])
    return zero, zero, zero


def ratio(above: Array, below: Array) -> Array:
    """Return above / below, undefined where nothing is below."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(below > 0, above / below, np.nan)


PRESENT_VALUES = {
    "developer_fee": "fee_paid",
    "vendor_margin": "vendor_margin",
    "supply_chain_benefit": "supply_chain_benefit",
}
"""Quantity -> the row of which it is the present value, at the funder's discount factors."""


def own_quantities(
    ctx: Context, venture: Venture, site: Site, flows: Mapping, account: Account
) -> tuple[dict, dict, dict]:
    """Return a venture's quantities that do not follow from its flows with the parties alone, its margins, and the
    sums that a portfolio needs."""
    terms = split_of(ctx.study, venture.project)
    completed = site.completion <= ctx.clock.horizon
    cost = site.spend.sum(axis=0)
    received, owed, open_ = deemed_parts(terms, account.rows)  # what was diverted counts as received
    with np.errstate(invalid="ignore", divide="ignore"):
        over, late = cost / site.expected_cost - 1, 12 * (site.completion - (site.plan_start + site.duration))
    quantities = {
        "funded": site.funded,
        "completed": completed.astype(float),
        "cancelled": np.isfinite(site.stop).astype(float),
        "declined": site.declined,
        "cost": cost,
        "cost_overrun": np.where(completed, over, np.nan),
        "overrun_drawn": np.where(site.funded > 0, site.overrun - 1, np.nan),
        "delay_months": np.where(completed, late, np.nan),
    }
    whole = whole_years(ctx, terms, site, flows)
    quantities["whole_years"] = np.where(site.funded > 0, whole, np.nan)
    quantities["deemed_share"] = ratio(received, received + owed)
    quantities["deemed_open"] = open_
    for quantity, row in PRESENT_VALUES.items():
        quantities[quantity] = (funder_factors(ctx) * flows[row]).sum(axis=0)
    margins = dict(site.margins)
    margins["completion"] = distance(site.completion, ctx.clock.horizon)
    margins["whole"] = whole_margin(ctx, terms, venture.project, site, flows, account.gap)
    if given(ctx.study, "stack") is not None:
        margins["repayment"] = repayment_margin(ctx, site)
    sums = {
        "received": received,
        "fallen_due": received + owed,
        "expected_cost": np.where(completed, site.expected_cost, 0.0),
        "budget": site.budget,
    }
    return quantities, margins, sums


def whole_margin(ctx: Context, terms: Mapping, project: Mapping, site: Site, flows: Mapping, gap: Array) -> Array:
    """Return how near a path comes to another step of being whole: in budgets, or in years of age.

    ``gap`` is by how much what tier one could pay exceeds what is due.
    """
    if terms["mode"] == "none":
        return np.ones(len(ctx.paths))
    margin = np.where(flows["due"] > 0, np.abs(gap) / project["budget"], np.inf).min(axis=0)
    life = terms["deemed_life_years"] if terms["mode"] == "periodic" else 0.0
    return np.minimum(margin, np.abs(ctx.clock.ends[:, None] - site.completion - life).min(axis=0))


def repayment_margin(ctx: Context, site: Site) -> Array:
    """Return how near a path comes to another first repayment step, years."""
    starts = np.arange(ctx.clock.steps)[:, None] * ctx.step
    return distance(site.completion, starts + 1e-9).min(axis=0)


@dataclass
class Part:
    """One venture of a portfolio or of a pipeline: its quantities, the sums that these need, and its rows.

    ``account`` is the split's, before any catch-up; ``stack`` holds the rows of `run_stack`, none without a stack.
    """

    venture: Venture
    site: Site
    flows: dict[str, Array]
    quantities: dict[str, Array] = field(default_factory=dict)
    sums: dict[str, Array] = field(default_factory=dict)
    stack: dict[str, Array] = field(default_factory=dict)
    account: Account | None = None


def host_net(flows: Mapping[str, Array]) -> Array:
    """Return the host's flow: what it receives less what it pays of the cost."""
    return flows["distribution_host"] - flows["host_spend"]


def joint_quantities(ctx: Context, parts: Sequence[Part], flows: Mapping[str, Array]) -> tuple[dict, dict]:
    """Return the quantities and margins of several ventures together; ``flows`` are their summed rows."""
    budgets = np.array([part.sums["budget"] for part in parts])

    def rows(quantity: str) -> Array:
        return np.array([part.quantities[quantity] for part in parts])

    done = rows("completed")
    expected = np.array([part.sums["expected_cost"] for part in parts])
    quantities = {
        "funded": rows("funded").sum(axis=0),
        "completed": done.sum(axis=0),
        "cancelled": rows("cancelled").sum(axis=0),
        "declined": rows("declined").sum(axis=0),
        "cost": rows("cost").sum(axis=0),
        "cost_overrun": ratio((done * rows("cost")).sum(axis=0), (done * expected).sum(axis=0)) - 1,
        "overrun_drawn": ratio(
            (budgets * np.nan_to_num(rows("overrun_drawn"))).sum(axis=0), (budgets * rows("funded")).sum(axis=0)
        ),
        "delay_months": ratio(
            (budgets * np.nan_to_num(rows("delay_months"))).sum(axis=0), (budgets * done).sum(axis=0)
        ),
    }
    from_flows, margins = flow_quantities(ctx, flows["calls"], flows["distribution_funder"], host_net(flows))
    quantities |= from_flows
    whole = rows("whole_years")
    quantities["whole_years"] = np.where(
        np.isnan(whole).all(axis=0), np.nan, np.where(np.isnan(whole), -np.inf, whole).max(axis=0)
    )
    quantities["deemed_share"] = ratio(
        sum(part.sums["received"] for part in parts), sum(part.sums["fallen_due"] for part in parts)
    )
    more = (*STACK_VALUES, *STACK_LOSSES) if given(ctx.study, "stack") is not None else ()
    for quantity in ("deemed_open", *PRESENT_VALUES, *more):
        quantities[quantity] = rows(quantity).sum(axis=0)
    return quantities, margins


NOT_SUMMED = ("rate", "age_start", "age_end")


def summed(flows: Sequence[Mapping[str, Array]]) -> dict[str, Array]:
    """Return the sums of the rows of several ventures; rates and ages have none."""
    names = dict.fromkeys(name for rows in flows for name in rows if name not in NOT_SUMMED)
    return {name: sum(rows[name] for rows in flows if name in rows) for name in names}


def insurer_breaches(ctx: Context, stacks: Sequence[Mapping[str, Array]], fx: Array | float) -> tuple[dict, dict]:
    """Return whether the insurer's capital and capacity are broken on a path, and the margins, in shares of both."""
    clause, found, margins = given(given(ctx.study, "stack"), "insurer"), {}, {}
    capital, capacity = given(clause, "capital"), given(clause, "capacity")
    if capital is not None:
        total = np.cumsum(sum(rows["insurer"] for rows in stacks) * fx, axis=0)
        found["insurer_breach"] = (total < -capital).any(axis=0).astype(float)
        margins["insurer_breach"] = np.abs(np.where(total != 0, total, math.inf).min(axis=0) + capital) / (
            capital or 1.0
        )
    if capacity is not None:
        insured = sum(rows["insured"] for rows in stacks) * fx
        found["insurer_capacity_breach"] = (insured > capacity).any(axis=0).astype(float)
        most = np.where(insured != 0, insured, -math.inf).max(axis=0)
        margins["insurer_capacity_breach"] = np.abs(most - capacity) / (capacity or 1.0)
    return found, margins


def scheme_quantities(ctx: Context, sim: "Simulation", relief: Array) -> dict[str, Array]:
    """Return the scheme's quantities, and add the margins of the discrete ones to the simulation's.

    ``relief`` is the sum of the scheme's side flows by time, ``(T, n)``.
    """
    times, funder = ctx.clock.ends, ctx.study["parties"]["funder"]
    net = sum(flows["distribution_funder"] - flows["calls"] for flows in sim.projects.values())
    used = funder["discount"]
    local = given(used, "local")
    curve = ctx.study["curves"][local if local is not None else used["study"]]
    fx = ctx.factors.observed[funder["fx"]] if given(funder, "fx") else 1.0
    result = {"npv_funder_local": (net * fx * discount_factors(curve, times)[:, None]).sum(axis=0)}
    quantities = sim.quantities["portfolio"]
    beside = quantities["vendor_margin"] + quantities["supply_chain_benefit"]
    rows = sum(flows["vendor_margin"] + flows["supply_chain_benefit"] for flows in sim.projects.values())
    result["committed"] = ctx.world.committed
    result["tariff_relief"] = (funder_factors(ctx) * relief).sum(axis=0)
    result["scheme_value"] = quantities["npv_funder"] + beside + result["tariff_relief"]
    local_factors = fx * discount_factors(curve, times)[:, None]
    result["scheme_value_local"] = ((net + rows + relief) * local_factors).sum(axis=0)
    stack = given(ctx.study, "stack")
    if stack is not None:
        breaches, margins = insurer_breaches(ctx, list(sim.stacks.values()), fx)
        result |= breaches
        sim.margins |= margins
        if given(stack, "insurer") is not None:
            sim.margins["insurer_wait"] = np.full(len(ctx.paths), wait_steps(stack["insurer"], ctx.clock.m)[1])
    for layer, state in sim.final_states.items():
        result[f"final_state_{layer}"] = state.astype(float)
    for event, outcome in sim.outcomes.items():
        result[f"outcome_{event}"] = np.where(outcome < 0, np.nan, outcome.astype(float))
    return result


# --------------------------------------------------------------------------------------------------
# Side flows (section 10)
# --------------------------------------------------------------------------------------------------


def mean_over_steps(ctx: Context, value: Callable[[Mapping[str, str]], float]) -> Array:
    """Return the exact time mean over each step of a function of the layers' states, ``(T, n)``."""
    initial = {layer: spec["initial"]["state"] for layer, spec in given(ctx.study, "layers", {}).items()}
    T, m, horizon = ctx.clock.steps, ctx.clock.m, ctx.clock.horizon
    total = np.zeros((T, len(ctx.paths)))
    for i, jumps in enumerate(ctx.world.jumps):
        states, since = dict(initial), 0.0
        present = value(states)
        for time, layer, _, to, _ in jumps:
            states[layer] = to
            if value(states) != present:
                total[:, i] += present * overlap(since, time, T, m)
                since, present = time, value(states)
        total[:, i] += present * overlap(since, horizon, T, m)
    return total


def side_rate(ctx: Context, clause: Mapping) -> Array:
    """Return the mean over each step of a side flow's rate while its condition holds, ``(T, n)``."""
    layers, condition, rate = given(ctx.study, "layers", {}), given(clause, "while", {}), clause["rate"]

    def value(states: Mapping[str, str]) -> float:
        if not all(states[layer] in allowed for layer, allowed in condition.items()):
            return 0.0
        if isinstance(rate, Mapping):
            return float(layers[rate["layer"]]["states"][states[rate["layer"]]]["attributes"][rate["attribute"]])
        return float(rate)

    return mean_over_steps(ctx, value)


def side_rows(ctx: Context, project: Mapping, flows: Mapping[str, Array]) -> dict[str, Array]:
    """Return a project's side flows by base, money units."""
    unit = float(ctx.study["study"]["money_unit"])
    rows = {"vendor_margin": np.zeros_like(flows["output"]), "supply_chain_benefit": np.zeros_like(flows["output"])}
    for name, clause in given(project, "side_flows", {}).items():
        if clause["base"] == "spend":
            rows["vendor_margin"] = rows["vendor_margin"] + side_rate(ctx, clause) * flows["spend"]
        elif clause["base"] == "output":
            more = side_rate(ctx, clause) * flows["output"] / unit
            rows["supply_chain_benefit"] = rows["supply_chain_benefit"] + more
        else:
            raise ValueError(f"side flow {name}: a project's is of base spend or output")
    return rows


def relief_row(ctx: Context) -> Array:
    """Return the sum of the scheme's side flows by time, money units."""
    total = np.zeros((ctx.clock.steps, len(ctx.paths)))
    for name, clause in given(ctx.study, "side_flows", {}).items():
        if clause["base"] != "time":
            raise ValueError(f"side flow {name}: the scheme's is of base time")
        total = total + side_rate(ctx, clause) * ctx.step
    return total


# --------------------------------------------------------------------------------------------------
# The whole study
# --------------------------------------------------------------------------------------------------


@dataclass
class Simulation:
    """What the reference yields, path by path.

    Attributes
    ----------
    times : ndarray
        Time of each step's end, years ``(T,)``.
    factors, factor_start, factor_expected : dict
        Factor -> observed ``(T, n)``, observed at the value date, and expected ``(T,)``.
    layers : list
        Per path: (time, layer, from, to, cause) in order.
    attributes, occupancy : dict
        (layer, attribute) -> ``(T, n)``; layer -> share of each step in each state ``(S, T, n)``.
    outcomes, final_states : dict
        Event -> outcome's index (-1: not within the horizon), layer -> state's index ``(n,)``.
    happened : dict
        Event -> time at which it took place, years ``(n,)``; undefined if it did not.
    projects : dict
        Project or pipeline (the sum of its slots) -> row -> ``(T, n)``: spend (by all) = capital (the funder's K) +
        host_spend + lender_spend; calls = capital + termination_fee; revenue (capacity_payment and output_credit
        among it), fuel, om, tax, arrears, arrears_ended (what a cancellation ends), debt_interest, debt_capitalised,
        debt_principal, debt_paid, debt_arrears, debt_balance, fee_part, fee_paid, fee_owed, salvage,
        salvage_to_debt, depreciation, losses (carried forward), available_cash, due, paid, carry, deemed_balance,
        distribution_funder, distribution_host, rate, output (output_contracted, output_merchant, output_defaulted;
        idle, with economic dispatch), operating, contracted, age_start, age_end, closed, vendor_margin,
        supply_chain_benefit; with a stack loan_balance, claims.
    sites : dict
        Project -> its `Site`.
    slots : dict
        Pipeline -> its slots by number, each a `Part` with ``site``, ``flows``, ``quantities``.
    stacks : dict
        Venture -> the rows of its stack, see `run_stack`; none without a stack.
    accounts : dict
        Venture -> its `Account` of the deemed allocation; its rows are those before any catch-up.
    selections : dict
        Venture (projects, ``<pipeline>/<slot>``) -> its `Selection`.
    notes : list
        Per path, what selection and funding decided, see `World`.
    relief : ndarray
        The scheme's side flows by time ``(T, n)``.
    diverted : ndarray
        What catch-up takes from the funder's distributions and gives to the host ``(T, n)``.
    quantities : dict
        Unit (projects, pipelines, ``portfolio``, ``scheme``) -> quantity -> ``(n,)``.
    margins : dict
        Smallest margin of a discrete decision ``(n,)``: ``clock_order`` (years), ``clock_choice``, ``clock_date``,
        ``clock_days`` (days), ``clock_go_ahead``, ``clock_funding``, ``clock_trigger``, ``clock_ceiling``,
        ``clock_annual``, ``merton_count``; for each venture ``completion/<p>``, ``cancel/<p>``, ``delay/<p>`` (years),
        ``review/<p>``, ``review_end/<p>``, ``subscription/<p>``, ``cap/<p>``, ``dispatch/<p>``, ``fee/<p>``,
        ``abandon/<p>``, ``whole/<p>``, with a stack ``repayment/<p>`` (years: the completion against a step's start);
        ``payback/<unit>``, ``irr/<unit>``; ``adjust/<p>`` or ``adjust/pool`` (the lesser of years of age and of what is
        open in shares of what was paid in); ``insurer_wait`` (steps), ``insurer_breach``, ``insurer_capacity_breach``
        (share of the capital, of the capacity).
    """

    times: Array
    factors: dict[str, Array]
    factor_start: dict[str, float]
    factor_expected: dict[str, Array]
    layers: list[list[tuple]]
    attributes: dict[tuple[str, str], Array]
    occupancy: dict[str, Array]
    outcomes: dict[str, Array]
    final_states: dict[str, Array]
    happened: dict[str, Array]
    projects: dict[str, dict[str, Array]] = field(default_factory=dict)
    sites: dict[str, Site] = field(default_factory=dict)
    slots: dict[str, list[Part]] = field(default_factory=dict)
    stacks: dict[str, dict[str, Array]] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    selections: dict[str, Selection] = field(default_factory=dict)
    notes: list[list[tuple]] = field(default_factory=list)
    relief: Array | float = 0.0
    diverted: Array | float = 0.0
    quantities: dict[str, dict[str, Array]] = field(default_factory=dict)
    margins: dict[str, Array] = field(default_factory=dict)


def simulate_cash(ctx: Context, venture: Venture) -> Part:
    """Simulate what one venture calls and earns: nothing that is distributed flows back into it."""
    site = build_site(ctx, venture)
    flows = {
        "spend": site.spend,
        "capital": site.capital,
        "host_spend": site.host_spend,
        "lender_spend": site.lender_spend,
        "termination_fee": site.termination_fee,
        "calls": site.capital + site.termination_fee,
        **operate(ctx, venture, site),
    }
    return Part(venture, site, flows)


def finish_venture(ctx: Context, part: Part) -> dict[str, Array]:
    """Add side flows, stack and quantities to a venture whose cash is split; return its margins."""
    part.flows |= side_rows(ctx, part.venture.project, part.flows)
    part.quantities, margins, part.sums = own_quantities(ctx, part.venture, part.site, part.flows, part.account)
    if given(ctx.study, "stack") is not None:
        part.stack = stack_cash(ctx, part.site, part.flows)
        part.flows |= {name: part.stack[name] for name in ("loan_balance", "claims")}
        part.quantities |= stack_quantities(ctx, part.stack)
    return margins


def simulate(study: Mapping, paths: Array, draws: Draws | None = None, law_value: LawValue | None = None) -> Simulation:
    """Simulate some paths of a resolved study.

    Parameters
    ----------
    study
        Nested mapping with the keys of the config language, tables resolved, dates as `datetime.date`.
    paths
        Path numbers ``(n,)``.
    draws
        Source of scores and uniforms; the seed's own words by default.
    law_value
        ``law_value(key, law, z)``, see the head of this module; exact by default.
    """
    paths = np.asarray(paths, dtype=np.int64)
    head = study["study"]
    clock = Calendar(as_date(head["value_date"]), int(given(head, "steps_per_year", 4)), float(head["horizon_years"]))
    draws = Draws(study["run"]["seed"]) if draws is None else draws
    law_value = exact_value if law_value is None else law_value
    world = simulate_world(study, clock, paths, draws, law_value)
    factors = simulate_factors(study, clock, paths, draws, law_value, world)
    ctx = Context(study, clock, paths, draws, law_value, factors, world)
    sim = Simulation(
        clock.ends,
        factors.observed,
        factors.start,
        factors.expected,
        world.jumps,
        world.attributes,
        world.occupancy,
        world.outcomes,
        world.final_states,
        world.happened,
        margins={**world.margins, "merton_count": factors.count_margin},
    )
    sim.selections, sim.notes = world.selections, world.notes
    parts = [simulate_cash(ctx, venture) for venture in ventures_of(study)]
    accounts, adjustments = split_all(ctx, [(part.venture.project, part.site, part.flows) for part in parts])
    for part, account in zip(parts, accounts, strict=True):
        part.account = account
        part.flows |= account.rows
    names = [part.venture.name for part in parts] if len(adjustments) == len(parts) else ["pool"]
    sim.margins |= {f"adjust/{name}": m for name, m in zip(names, adjustments, strict=True) if m is not None}
    if given(study["agreement"], "catch_up") is not None and parts:
        sim.diverted = catch_up(ctx, [part.flows for part in parts])
    for part in parts:
        venture, margins = part.venture, finish_venture(ctx, part)
        sim.stacks[venture.name], sim.accounts[venture.name] = part.stack, part.account
        if venture.pipeline is None:
            from_flows, more = flow_quantities(
                ctx, part.flows["calls"], part.flows["distribution_funder"], host_net(part.flows)
            )
            part.quantities, margins = part.quantities | from_flows, margins | more
            sim.sites[venture.name], sim.projects[venture.name] = part.site, part.flows
            sim.quantities[venture.name] = part.quantities
        sim.margins |= {f"{what}/{venture.name}": margin for what, margin in margins.items()}
    for name in given(study, "pipelines", {}):
        sim.slots[name] = [part for part in parts if part.venture.pipeline == name]
        sim.projects[name] = summed([part.flows for part in sim.slots[name]])
        sim.quantities[name], margins = joint_quantities(ctx, sim.slots[name], sim.projects[name])
        sim.margins |= {f"{what}/{name}": margin for what, margin in margins.items()}
    sim.quantities["portfolio"], margins = joint_quantities(ctx, parts, summed(list(sim.projects.values())))
    sim.margins |= {f"{what}/portfolio": margin for what, margin in margins.items()}
    if given(study["agreement"], "catch_up") is not None:
        sim.quantities["portfolio"]["caught_up"] = (funder_factors(ctx) * sim.diverted).sum(axis=0)
    sim.relief = relief_row(ctx)
    sim.quantities["scheme"] = scheme_quantities(ctx, sim, sim.relief)
    return sim


# --------------------------------------------------------------------------------------------------
# The split alone, in exact fractions
# --------------------------------------------------------------------------------------------------


def split_exact(
    available: Sequence,
    *,
    mode: str,
    rates: Any,
    s1: Any = Fraction(1, 2),
    s2: Any = Fraction(1, 10),
    life: Any = None,
    calls: Sequence | None = None,
    paid_in: Any = 0,
    completion: Any = 0,
    plant_life: Any = None,
    step: Any = 1,
    carry_interest: bool = False,
    interest_before_completion: bool = False,
) -> list[dict[str, Fraction]]:
    """Run one SPV's split in exact fractions, written apart from the float version.

    Parameters
    ----------
    available
        Available cash of each step.
    mode
        ``periodic`` or ``cumulative``.
    rates
        Deemed rate of each step, or one for all.
    s1, s2
        Funder's share of the first and of the second tier.
    life
        Deemed life, years (periodic).
    calls
        Calls of each step (none by default).
    paid_in
        What was paid in before the first step (periodic: capital; cumulative: the opening balance).
    completion, plant_life, step
        Completion time, operating life (endless by default) and step length, years.
    carry_interest, interest_before_completion
        Whether the carry bears the deemed rate; whether interest before completion joins it.

    Returns
    -------
    list of dict
        Per step: due, paid (tier one), funder, host, carry, balance; all at the step's end, as fractions.
    """
    exact = _fraction
    available = [exact(a) for a in available]
    calls = [exact(k) for k in calls] if calls is not None else [Fraction(0)] * len(available)
    rates = (
        [exact(r) for r in rates]
        if isinstance(rates, Sequence) and not isinstance(rates, str)
        else [exact(rates)] * len(available)
    )
    s1, s2, h, completion = exact(s1), exact(s2), exact(step), exact(completion)
    capital, carry, balance, rows = exact(paid_in), Fraction(0), exact(paid_in), []

    def age(time: Fraction) -> Fraction:
        years = max(Fraction(0), time - completion)
        return years if plant_life is None else min(years, exact(plant_life))

    for t, (a, k, r) in enumerate(zip(available, calls, rates, strict=True)):
        before, capital = capital, capital + k
        if mode == "periodic":
            young, old, L = age(t * h), age((t + 1) * h), exact(life)
            open_share = max(Fraction(0), 1 - young / L)
            due = carry + capital * r * open_share * (old - young) + capital * (min(old, L) - min(young, L)) / L
        else:
            due = balance + balance * r * h
        first_tier = min(a, due / s1)
        paid, funder = s1 * first_tier, s1 * first_tier + s2 * (a - first_tier)
        if mode == "periodic":
            carry = (due - paid) * (1 + r * h) if carry_interest else due - paid
            if interest_before_completion:
                carry += r * before * min(max(completion - t * h, Fraction(0)), h)
            balance = capital * max(Fraction(0), 1 - old / L)
        else:
            balance = max(Fraction(0), due - funder) + k
        rows.append(dict(due=due, paid=paid, funder=funder, host=a - funder, carry=carry, balance=balance))
    return rows


def _fraction(value: Any) -> Fraction:
    """Return a value as a fraction: floats as they are stored, decimal strings as they read."""
    return Fraction(value)


# --------------------------------------------------------------------------------------------------
# The example that uses every clause, and its variants
# --------------------------------------------------------------------------------------------------

EXAMPLE_FILE = Path(__file__).parent / "data" / "every_clause.yaml"


def example_study() -> dict[str, Any]:
    """Return the compact study that uses every clause of the slice."""
    return YAML(typ="safe", pure=True).load(EXAMPLE_FILE.read_text(encoding="utf-8"))


def with_split(study: Mapping, **changes: Any) -> dict[str, Any]:
    """Return a copy with changed keys of ``agreement.split``."""
    changed = deepcopy(dict(study))
    changed["agreement"]["split"].update(changes)
    return changed


def with_cumulative(study: Mapping) -> dict[str, Any]:
    """Return a copy whose split is cumulative, without the clause that only the periodic split reads."""
    return with_split(study, mode="cumulative", interest_before_completion=False)


def with_no_split(study: Mapping, funder_share: float = 1.0) -> dict[str, Any]:
    """Return a copy with fixed shares."""
    changed = deepcopy(dict(study))
    changed["agreement"]["split"] = {"mode": "none", "funder_share": funder_share}
    for project in changed["projects"].values():
        project.pop("split", None)
    return changed


def with_carry_interest(study: Mapping) -> dict[str, Any]:
    """Return a copy whose carry bears the deemed rate."""
    return with_split(study, carry_interest="deemed_rate")


def with_gaussian(study: Mapping) -> dict[str, Any]:
    """Return a copy with the Gaussian copula, its correlations entered as rank correlations."""
    changed = deepcopy(dict(study))
    changed["correlation"] = {"copula": "gaussian", "kind": "rank", "pairs": changed["correlation"]["pairs"]}
    return changed


def with_steps(study: Mapping, m: int) -> dict[str, Any]:
    """Return a copy with another number of steps a year; seasons are replaced by waves of the same kind."""
    changed = deepcopy(dict(study))
    changed["study"]["steps_per_year"] = m
    for factor in changed["factors"].values():
        if given(factor, "season") is not None:
            additive = "vasicek" in factor["process"]
            size = 0.0 if m == 1 else (0.001 if additive else 0.1)
            signs = [1 if i % 2 == 0 else -1 for i in range(m)]
            factor["season"] = [(0.0 if additive else 1.0) + size * sign for sign in signs]
    return changed


def with_horizon(study: Mapping, years: float) -> dict[str, Any]:
    """Change where the study ends; what lies beyond never happens."""
    out = deepcopy(dict(study))
    out["study"]["horizon_years"] = years
    return out


RULINGS = """
layers:
  tariffs:
    states:
      s122: {shifts: {steel: 1.05, sofr: 0.002}}
      again: {shifts: {steel: 1.05}}
      deal: {shifts: {steel: 1.02, wages: 1.01}}
      punitive: {shifts: {steel: 1.12, power: 1.04, sofr: 0.003}}
  relations:
    states:
      breach: {shifts: {usdjpy: 1.03, sofr: 0.001}}
events:
  old_ruling:            # in the past: its moves, delays and cancels are in the plans already
    date: 2026-02-20
    outcomes:
      upheld: {}
      struck_down:
        moves: {tariffs: gap, relations: lapsed}
        scale_hazards: {tariffs: {s122: {gap: 1.6}}}
        shifts:
          equipment: 1.04
          henry_hub: {value: 0.9, lasting_years: 0.8}
          sofr: {value: 0.0015, lasting_years: 1.4}
        delays: {gas: 9, mine: 9}
        cancels: [port]
    probabilities: {upheld: 0.5, struck_down: 0.5}
    outcome: struck_down
  remedy:                # a law after a past event
    date: {after: old_ruling, days: {uniform: {min: 45, max: 260}}}
    outcomes:
      refunds: {moves: {tariffs: again}, shifts: {cpi: {value: 0.99, lasting_years: 0.5}}, delays: {port: 3}}
      none: {}
    probabilities:
      - {when: {outcomes: {old_ruling: upheld}}, is: {refunds: 0, none: 1}}
      - {is: {refunds: 0.4, none: 0.6}}
  recount:               # 31 days
    date: {after: midterm, days: 30.5}
    outcomes: {confirmed: {}, reversed: {moves: {relations: performing}, shifts: {usdjpy: 0.98}}}
    probabilities: {confirmed: 0.7, reversed: 0.3}
  midterm:
    date: 2026-11-03
    outcomes:
      opposition: {moves: {}}
      government: {moves: {}, scale_hazards: {relations: {performing: {breach: 0.5}}}}
    probabilities: {opposition: 0.7, government: 0.3}
  ruling:                # a law of dates, from before the value date
    date: {from: 2026-03-16, days: {lognormal: {median: 220, sigma: 0.7}, truncate: [15, 4000]}}
    outcomes:
      struck_down:
        moves: {tariffs: gap, relations: breach}
        scale_hazards:
          tariffs: {gap: {again: 2.5, punitive: 3}, deal: {punitive: 0}}
          relations: {performing: {breach: 1.5}}
        shifts:
          power: 1.1
          steel: {value: 0.95, lasting_years: 2}
          sofr: -0.004
          wages: {value: 1.02, lasting_years: 0.3}
        delays: {gas: 4, port: 2}
      upheld: {delays: {mine: 7}}
    probabilities:
      - {when: {layers: {tariffs: s122}, outcomes: {midterm: opposition}}, is: {struck_down: 0.8, upheld: 0.2}}
      - {is: {struck_down: 0.6, upheld: 0.4}}
  appeal:
    date: {after: ruling, days: {gamma: {shape: 2, scale: 90}}}
    outcomes:
      stayed:
        moves: {tariffs: again}
        scale_hazards: {tariffs: {gap: {again: 0.5}}, relations: {breach: {performing: 0}}}
      lost: {delays: {gas: 5, port: 2.5, mine: 3}, shifts: {ore: {value: 0.9, lasting_years: 3}}}
      won: {cancels: [mine], shifts: {ore: 1.1}}
    probabilities:
      - {when: {outcomes: {ruling: struck_down, recount: confirmed}}, is: {stayed: 0.5, lost: 0.4, won: 0.1}}
      - {is: {stayed: 0.2, lost: 0.5, won: 0.3}}
  echo:                  # before the event that it follows, on its day
    date: {after: president, days: 0}
    outcomes: {loud: {shifts: {henry_hub: 1.15}, delays: {mine: 4}}, faint: {delays: {mine: 1}}}
    probabilities:
      - {when: {outcomes: {budget: tight}}, is: {loud: 0, faint: 1}}
      - {when: {outcomes: {president: raise}}, is: {loud: 0.9, faint: 0.1}}
      - {is: {loud: 0.4, faint: 0.6}}
  president:
    date: 2029-01-20
    outcomes:
      keep: {moves: {}}
      cut: {moves: {tariffs: gap}, shifts: {equipment: {value: 0.97, lasting_years: 1.1}}}
      raise: {moves: {tariffs: punitive, relations: lapsed}, delays: {mine: 3}, cancels: [gas]}
    probabilities:
      - {when: {layers: {relations: breach}, outcomes: {midterm: opposition}}, is: {keep: 0.2, cut: 0.2, raise: 0.6}}
      - {when: {outcomes: {midterm: opposition}}, is: {keep: 0.3, cut: 0.5, raise: 0.2}}
      - {is: {keep: 0.4, cut: 0.2, raise: 0.4}}
  budget:                # the president's day, behind president and echo
    date: 2029-01-20
    outcomes: {tight: {delays: {gas: 2}}, loose: {shifts: {cpi: 1.01}}}
    probabilities:
      - {when: {outcomes: {echo: loud}}, is: {tight: 0.9, loose: 0.1}}
      - {is: {tight: 0.2, loose: 0.8}}
  court:                 # forced; its date is drawn
    date: {from: 2026-04-15, days: {discrete: {values: [20, 300, 1100, 5000], probabilities: [0.2, 0.4, 0.3, 0.1]}}}
    outcomes:
      wide: {cancels: [gas, port, mine]}
      narrow: {moves: {relations: performing}, scale_hazards: {relations: {performing: {breach: 2}}}, delays: {port: 6}}
    probabilities: {wide: 0.9, narrow: 0.1}
    outcome: narrow
  review:                # the host withdraws: before funding, before building, while building, or too late
    date: {from: 2026-04-01, days: {lognormal: {p10: 30, p90: 2500}}}
    outcomes: {withdraw: {cancels: [port, gas, mine]}, stay: {}}
    probabilities: {withdraw: 0.55, stay: 0.45}
  aftermath:
    date: {after: review, days: {exponential: {mean: 300}}}
    outcomes: {quiet: {}, loud: {moves: {tariffs: punitive}, shifts: {sofr: {value: 0.003, lasting_years: 1}}}}
    probabilities:
      - {when: {outcomes: {review: withdraw}}, is: {quiet: 0.2, loud: 0.8}}
      - {is: {quiet: 0.8, loud: 0.2}}
"""


def merged(base: Mapping, changes: Mapping) -> dict[str, Any]:
    """Return a copy of a mapping with another merged into it."""
    out = deepcopy(dict(base))
    for key, value in changes.items():
        both = isinstance(value, Mapping) and isinstance(out.get(key), Mapping)
        out[key] = merged(out[key], value) if both else deepcopy(value)
    return out


def with_rulings(study: Mapping) -> dict[str, Any]:
    """Return a copy whose events use every key: laws of dates, shifts, scales, delays, cancels, known outcomes."""
    changes = YAML(typ="safe", pure=True).load(RULINGS)
    return {**merged(study, {"layers": changes["layers"]}), "events": changes["events"]}


VARIANTS: dict[str, Callable[[Mapping], dict[str, Any]]] = {
    "as_written": lambda study: deepcopy(dict(study)),
    "cumulative": with_cumulative,
    "none": with_no_split,
    "carry_interest": with_carry_interest,
    "gaussian": with_gaussian,
    "yearly": lambda study: with_steps(study, 1),
    "half_yearly": lambda study: with_steps(study, 2),
    "monthly": lambda study: with_steps(study, 12),
    "short": lambda study: with_horizon(study, 2),
    "rulings": with_rulings,
    "rulings_yearly": lambda study: with_steps(with_rulings(study), 1),
    "rulings_monthly": lambda study: with_steps(with_rulings(study), 12),
}
"""Name -> function that makes the variant from `example_study`."""


# --------------------------------------------------------------------------------------------------
# The whole deal: variants in which every clause of sections 5 to 7, and the side flows, bite
# --------------------------------------------------------------------------------------------------

SELECTION = """
agreement:
  funding:
    slip: {exponential: {mean: 12}, truncate: [0, 90]}
    commitment: 1900
    take_up: {triangular: {min: 700, mode: 1500, max: 2400}}
    deadline: 2028-09-30
    annual_cap: 1250
    decision:
      layer: relations
      by_state:
        performing: {fund: 0.7, delay: 0.15, decline: 0.15}
        breach: {fund: 0.3, delay: 0.4, decline: 0.3}
        lapsed: {fund: 0.5, delay: 0.4, decline: 0.1}
      delay_days: 100
      triggers:
        - {probability: 0.6, while: {relations: [performing, lapsed]}, moves: {relations: breach}}
        - {probability: 0.4, moves: {tariffs: punitive, relations: lapsed}}
layers:
  relations:
    states:
      lapsed: {stops_calls: true}
    hazards:
      performing: {breach: 0.3, lapsed: 0.05}
      breach: {performing: 1.0, lapsed: 0.3}
      lapsed: {performing: 0.9}
events:
  petition:                # before the notice, before the decision, while building, or too late
    date: {from: 2026-04-01, days: {exponential: {mean: 700}}}
    outcomes: {stay: {}, withdraw: {cancels: [quarry, mine, dock]}}
    probabilities: {stay: 0.6, withdraw: 0.4}
projects:
  gas:
    go_ahead: {probability: 0.85, size_share: {discrete: {values: [0, 0.6, 1.0], probabilities: [0.05, 0.25, 0.7]}}}
    construction: {start_delay: {gamma: {shape: 1.5, scale: 0.2}}}
  port:
    go_ahead: {probability: 0.75, size_share: {beta: {mean: 0.7, sd: 0.15}}}
    construction: {start_delay: 0.25}
  mine:
    construction: {start_delay: {mixture: [{weight: 0.5, law: 0}, {weight: 0.5, law: {uniform: {min: 0, max: 1}}}]}}
  dock:
    notice_date: 2026-10-01
    budget: 420
    go_ahead: {probability: 0.9}
    construction: {planned_start: 2027-02-01}
  quarry:
    notice_date: 2027-05-03
    budget: 160
    go_ahead: {probability: 0.8, size_share: {uniform: {min: 0.4, max: 1}}}
  pit:
    notice_date: 2028-10-02   # after the deadline
"""

PIPELINES = """
agreement:
  funding:
    slip: {discrete: {values: [0, 4, 15.5], probabilities: [0.4, 0.3, 0.3]}}
    commitment: 2300
    deadline: 2029-06-29
    annual_cap: 1600
    decision:
      layer: relations
      by_state:
        performing: {fund: 0.8, delay: 0.1, decline: 0.1}
        breach: {fund: 0.5, delay: 0.3, decline: 0.2}
        lapsed: {fund: 0.6, delay: 0, decline: 0.4}
      delay_days: 60
      triggers:
        - {probability: 0.3, moves: {relations: lapsed}}
layers:
  tariffs:
    states:
      punitive: {arrival_multiplier: 1.5}
      gap: {arrival_multiplier: 0.6}
  relations:
    states:
      breach: {arrival_multiplier: 0.3}
      lapsed: {arrival_multiplier: 0.0}
    hazards:
      lapsed: {performing: 1.2}
events:
  midterm:
    outcomes:
      opposition: {scale_arrivals: {sites: 0.7}}
      government: {scale_arrivals: {sites: 1.6, wells: 1.3}}
  president:
    outcomes:
      cut: {scale_arrivals: {wells: 0.5}}
pipelines:
  sites:
    arrivals_per_year: 1.8
    max_count: 4
    size: {lognormal: {median: 320, sigma: 0.5}}
    min_size: 180
    template: {budget: 300}
  wells:
    arrivals_per_year: 1.5
    max_count: 3
    size: {uniform: {min: 5, max: 200}}
    template: {budget: 110}
"""

BUILDING = """
events:
  permit:
    date: 2027-09-15
    outcomes:
      smooth: {}
      contested: {delays: {gas: 5, mine: 4, port: 2}}
      revoked: {cancels: [gas, port]}
    probabilities: {smooth: 0.4, contested: 0.45, revoked: 0.15}
projects:
  gas:
    construction:
      uplift: {pert: {min: 0.95, mode: 1.05, max: 1.4}}
      funding_cap: {multiple: 1.05, above: share, funder_share: 0.7, ceiling: 1.3}
      review: {threshold: {lognormal: {median: 1.5, sigma: 0.25}}}
      salvage: {beta: {mean: 0.3, sd: 0.15}}
      termination_fee: 0.02
      shortfall: {mixture: [{weight: 0.6, law: 0}, {weight: 0.4, law: {beta: {mean: 0.12, sd: 0.06}}}]}
    operation:
      fixed_om: {per_mw_year: 110000}
  port:
    construction:
      funding_cap: {multiple: 1.25, above: stop}
      review: {threshold: 1.9, reveal: 2.0, dates: [2026-12-31, 2027-05-10, 2027-11-30, 2028-06-15, 2028-07-01]}
      subscription: {share: {beta: {mean: 0.6, sd: 0.15}}, required: 0.45, by: 2027-05-31, correlation: -0.6}
      salvage: 0.25
      termination_fee: 0.01
      shortfall: {triangular: {min: 0, mode: 0.02, max: 0.2}}
    operation:
      contract: {share: {uniform: {min: 0.2, max: 0.9}}}
  mine:
    construction:
      uplift: 1.1
      funding_cap: {multiple: 1.1, above: share, funder_share: 0.5}
      review: {threshold: {uniform: {min: 1.3, max: 2.2}}, reveal: 0}
      salvage: {discrete: {values: [0, 0.4], probabilities: [0.5, 0.5]}}
"""

OPERATING = """
factors:
  capacity_price:
    unit: USD/MW-day
    process: {ou: {start: 180, mean: 200, kappa: 0.5, sigma: 0.3}}
    cap: 325
  volumes: {unit: "1", process: {gbm: {start: 1, drift: -0.03, sigma: 0.08}}}
offtakers:
  data_centre: {default_hazard: 0.12}
  steady: {default_hazard: 0}
projects:
  gas:
    operation:
      ramp_up: [0.6, 0.85]
      degradation: 0.02
      dispatch: economic
      capacity_payment: {factor: capacity_price, credit: 0.7}
      output_credit: {per_output: 3, years: 1.6, escalator: 0.03}
      contract: {price: {triangular: {min: 65, mode: 85, max: 110}}, offtaker: data_centre, default_discount: 0.2}
      tax: {nol_limit: 0.8}
      senior_debt: {share: 0.4, reference_rate: sofr, margin: 0.0225, tenor_years: 3.3}
      developer_fee: {amount: {uniform: {min: 20, max: 40}}, years: 2.5, tolerance: 0.05}
      abandon_after_years: 1
    construction:
      shortfall: {mixture: [{weight: 0.7, law: 0}, {weight: 0.3, law: {uniform: {min: 0.01, max: 0.2}}}]}
      funding_cap: {multiple: 1.4, above: stop}
      salvage: {uniform: {min: 0.2, max: 0.65}}
  port:
    operation:
      ramp_up: [0.5]
      degradation: 0.01
      volume_factor: volumes
      contract: {offtaker: data_centre, default_discount: 0.05}
      tax: {nol_limit: 1.0}
      developer_fee: {amount: 15, years: 18, tolerance: 0}
      senior_debt: {share: 0.25, reference_rate: sofr, margin: 0.03, tenor_years: 12}
  mine:
    operation:
      ramp_up: [0.3, 0.7, 0.9]
      contract: {price: {normal: {mean: 95, sd: 15}}, escalator: 0, share: 0.5, tenor_years: 2, offtaker: steady}
      dispatch: economic
      variable_om: {per_output: 70, indices: {cpi: 1}}
      fixed_om: {per_year: 9.0e+6}
      abandon_after_years: 0.5
      tax: {rate: 0.25, life_years: 6, nol_limit: 0.5}
      output_credit: {per_output: 4, years: 0.8}
"""

SIDE_FLOWS = """
side_flows:
  relief_general:
    base: time
    rate: {layer: tariffs, attribute: goods_tariff}
    while: {relations: [performing, breach], tariffs: [deal, gap, again]}
  relief_fixed: {base: time, rate: 12.5, while: {relations: [performing]}}
projects:
  gas:
    side_flows:
      turbines: {base: spend, rate: 0.05}
      steel: {base: spend, rate: {layer: tariffs, attribute: equipment_tariff}, while: {tariffs: [deal, punitive]}}
      power: {base: output, rate: 0.4, while: {relations: [breach, lapsed]}}
  port:
    side_flows:
      cargo: {base: output, rate: 0.02}
  mine:
    side_flows:
      grit: {base: output, rate: {layer: tariffs, attribute: goods_tariff}, while: {relations: [performing]}}
      trucks: {base: spend, rate: 0.01, while: {relations: [performing], tariffs: [s122, gap, deal]}}
"""


def with_text(study: Mapping, text: str) -> dict[str, Any]:
    """Return a copy with the changes that a text in the config language makes."""
    return merged(study, YAML(typ="safe", pure=True).load(text))


def with_selection(study: Mapping) -> dict[str, Any]:
    """Return a copy whose projects have to be selected and funded; with three more projects."""
    study = deepcopy(dict(study))
    for name, like in (("dock", "port"), ("quarry", "mine"), ("pit", "mine")):
        study["projects"][name] = deepcopy(study["projects"][like])
    return with_text(study, SELECTION)


def with_pipelines(study: Mapping) -> dict[str, Any]:
    """Return a copy with two pipelines, of sites like the port and of wells like the mine."""
    out = with_text(study, PIPELINES)
    for name, like in (("sites", "port"), ("wells", "mine")):
        template = {
            key: value for key, value in study["projects"][like].items() if key not in ("notice_date", "go_ahead")
        }
        if name == "sites":
            template["construction"] = {k: v for k, v in template["construction"].items() if k != "planned_start"}
        out["pipelines"][name]["template"] = merged(template, out["pipelines"][name]["template"])
    return out


def with_building(study: Mapping) -> dict[str, Any]:
    """Return a copy with all that may happen to a project while it is built."""
    return with_text(study, BUILDING)


def with_operating(study: Mapping) -> dict[str, Any]:
    """Return a copy with all that may happen to a project while it operates."""
    return with_text(study, OPERATING)


def with_side_flows(study: Mapping) -> dict[str, Any]:
    """Return a copy with side flows of the projects and of the scheme."""
    return with_text(study, SIDE_FLOWS)


def with_whole_deal(study: Mapping) -> dict[str, Any]:
    """Return a copy with all of it; the pipelines' templates have the clauses of their models.

    Where two parts write the same law, one gives way: a merge would leave both families in it.
    """
    loader = YAML(typ="safe", pure=True)
    operating = loader.load(OPERATING)
    del operating["projects"]["gas"]["construction"]
    study = with_side_flows(merged(with_building(study), operating))
    study = with_selection(study)
    study["agreement"]["funding"].pop("slip")
    study = with_pipelines(study)
    # the ceiling has to make room for the pipelines beside the six projects
    study["agreement"]["funding"].update(commitment=2600, take_up={"uniform": {"min": 1500, "max": 4000}})
    return study


WHOLE_DEAL_VARIANTS: dict[str, Callable[[Mapping], dict[str, Any]]] = {
    "selection": with_selection,
    "pipelines": with_pipelines,
    "building": with_building,
    "operating": with_operating,
    "side_flows": with_side_flows,
    "whole_deal": with_whole_deal,
    "whole_deal_cumulative": lambda study: with_cumulative(with_whole_deal(study)),
    "whole_deal_yearly": lambda study: with_steps(with_whole_deal(study), 1),
    "whole_deal_monthly": lambda study: with_steps(with_whole_deal(study), 12),
}
"""The same for the clauses of sections 5 to 7 and the side flows."""


# --------------------------------------------------------------------------------------------------
# The funder's stack and the terms of other countries
# --------------------------------------------------------------------------------------------------

STACK = """
stack:
  reference_rate: sofr
  tenor_years: 3.25
  policy_loan: {share: 0.32, margin: 0.01}
  policy_equity: {share: 0.02}
  commercial_loan: {share: 0.66, margin: 0.0175}
"""

INSURER = """
stack:
  insurer: {cover: 0.9, wait_years: 0.25, premium: 0.008, capital: 45000, capacity: 120000}
"""


def with_stack(study: Mapping, insurer: Mapping | None = None, **changes: Any) -> dict[str, Any]:
    """Return a copy with an uninsured stack, or an insured one with changed keys of the insurer; others by name."""
    out = with_text(study, STACK)
    if insurer is not None:
        out = with_text(out, INSURER)
        out["stack"]["insurer"].update(insurer)
    out["stack"].update(changes)
    return out


def with_adjust(study: Mapping, after: float = 1.5, **changes: Any) -> dict[str, Any]:
    """Return a copy whose shares are other ones from an age on, where something is open."""
    adjust = {"after_years": after, "first_share": 0.35, "second_share": 0.2}
    return with_split(study, adjust=adjust, **changes)


def with_catch_up(study: Mapping, **clause: Any) -> dict[str, Any]:
    """Return a copy with a clause on catching up after a decline."""
    return merged(study, {"agreement": {"catch_up": clause}})


def with_generous(study: Mapping, after: float, **changes: Any) -> dict[str, Any]:
    """Return a copy in which more is paid in full before the shares are adjusted, so that some never are."""
    return with_adjust(study, after, **{"first_share": 0.8, "interest_before_completion": False, **changes})


def with_everything(study: Mapping, until: Mapping | None = None) -> dict[str, Any]:
    """Return a copy of the whole deal with an insured stack, pooling, adjustment and catch-up."""
    clause = {"share": 0.7, "until": "amount"} if until is None else until
    study = with_stack(with_whole_deal(study), {}, sweep=0.8, tenor_years=6)
    return with_catch_up(with_generous(study, 3, pooling="umbrella"), **clause)


STACK_VARIANTS: dict[str, Callable[[Mapping], dict[str, Any]]] = {
    "stack_uninsured": with_stack,
    "stack_insured": lambda study: with_stack(study, {}),
    "stack_cover_none": lambda study: with_stack(study, {"cover": 0, "wait_years": 0}),
    "stack_cover_all": lambda study: with_stack(study, {"cover": 1, "wait_years": 0}),
    "stack_wait_long": lambda study: with_stack(study, {"wait_years": 2}),
    "stack_sweep_none": lambda study: with_stack(study, {}, sweep=0),
    "stack_sweep_half": lambda study: with_stack(with_cumulative(study), {"cover": 0.95}, sweep=0.5, tenor_years=2),
    "stack_cancelled": lambda study: with_stack(with_building(study), {}),
    "stack_given_up": lambda study: with_stack(with_operating(study), {"wait_years": 0.5}),
    "umbrella": lambda study: with_split(study, pooling="umbrella"),
    "umbrella_adjust_pipelines": lambda study: with_generous(with_pipelines(study), 1, pooling="umbrella"),
    "adjust_catch_up": lambda study: with_catch_up(with_adjust(with_selection(study)), share=0.5, until="amount"),
    "umbrella_cumulative": lambda study: with_split(with_cumulative(study), pooling="umbrella"),
    "umbrella_pipelines": lambda study: with_split(with_pipelines(study), pooling="umbrella"),
    "adjust": with_adjust,
    "adjust_cumulative": lambda study: with_generous(study, 1.5, mode="cumulative"),
    "umbrella_adjust": lambda study: with_generous(study, 1.5, pooling="umbrella"),
    "umbrella_adjust_cumulative": lambda study: with_generous(
        with_building(study), 3, mode="cumulative", pooling="umbrella"
    ),
    "catch_up_amount": lambda study: with_catch_up(with_selection(study), share=1, until="amount"),
    "catch_up_years": lambda study: with_catch_up(with_selection(study), share=0.5, until="years", years=2),
    "catch_up_none": lambda study: with_catch_up(with_no_split(with_selection(study), 0.8), share=0.3, until="amount"),
    "everything": with_everything,
    "everything_cumulative": lambda study: with_everything(with_cumulative(study)),
    "everything_yearly": lambda study: with_steps(with_everything(study), 1),
    "everything_monthly": lambda study: with_steps(with_everything(study, dict(share=1, until="years", years=1.5)), 12),
}
"""The same for the stack, pooling, adjustment and catch-up, singly and together."""
