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
  - ``events.<e>.date``: the law of the days from a date or after another event, likewise (a number is a fixed law);
  - ``projects.<p>.construction.spend_curve``: ``{"beta_cdf": {"a": a, "b": b}}`` at the progress in [0, 1];
  - ``correlation.tail``: ``{"t_tail": {"degrees_of_freedom": nu}}``, from the score to sqrt(W);
  - ``correlation.score``: ``{"t_score": {"degrees_of_freedom": nu}}``, from g sqrt(W) to e.
"""

import calendar
import csv
import datetime as dt
import hashlib
import math
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
    """Return the law that a study writes as a number or as ``{family: parameters, truncate: [lo, hi]}``."""
    if isinstance(spec, int | float):
        return Points([float(spec)], [1.0])
    spec = {key: value for key, value in spec.items() if value is not None}
    ends = spec.pop("truncate", None)
    ((family, parameters),) = spec.items()
    if isinstance(parameters, Mapping):
        parameters = {key: value for key, value in parameters.items() if value is not None}
    law = FAMILIES[family](parameters)
    return law if ends is None else Truncated(law, *ends)


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


def due_date(notice: dt.date, lag: int, countries: Sequence[str]) -> dt.date:
    """Return the lag-th business day after the notice; the notice's day is day 0."""
    years = range(notice.year, notice.year + 3 + lag // 200)
    closed = [holidays.country_holidays(country, years=years) for country in countries]
    date = notice
    while lag > 0:
        date += dt.timedelta(days=1)
        if date.weekday() < 5 and not any(date in days for days in closed):
            lag -= 1
    return date


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


MARGINS = ("order", "choice", "date", "days")


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
        Per path, in order: (time, layer, from, to, cause), cause ``event:<name>``, ``clock`` or ``hazard``.
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
        ``clock_order`` (years: hazards against all else), ``clock_choice`` (probability), ``clock_date`` (days: the
        entry of a state with a clock), ``clock_days`` (days: a law's value against whole days): smallest of each
        path ``(n,)``.
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


class UniformCache:
    """Uniforms by name and index for all paths at once, drawn when first asked for."""

    def __init__(self, draws: Draws, paths: Array):
        self.draws, self.paths, self.kept = draws, paths, {}

    def __call__(self, name: str, index: int, i: int) -> float:
        if (name, index) not in self.kept:
            self.kept[name, index] = self.draws.uniforms(name, index, self.paths)
        return float(self.kept[name, index][i])


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
            exact = np.isin(days, [value for value, p in make_law(date["days"]).atoms() if p > 0 and value % 1 == 0])
            found[name] = days, np.where(exact, math.inf, np.abs(days - np.round(days)))
    return found


@dataclass
class ClockPath:
    """The event loop of one path; ``days`` gives an event's days, not rounded, and their margin."""

    study: Mapping
    clock: Calendar
    uniform: Callable[[str, int], float]
    days: Callable[[str], tuple[float, float]]
    jumps: list[tuple] = field(default_factory=list)
    outcomes: dict[str, str] = field(default_factory=dict)
    happened: dict[str, float] = field(default_factory=dict)
    delays: list[tuple[str, float, float]] = field(default_factory=list)
    cancels: list[tuple[str, float]] = field(default_factory=list)
    margins: dict[str, float] = field(default_factory=lambda: dict.fromkeys(MARGINS, math.inf))

    def run(self) -> None:
        """Take the next of event, clock and hazard until the horizon."""
        self.spec = given(self.study, "layers", {})
        self.events = given(self.study, "events", {})
        self.layers = {
            name: LayerState(layer["initial"]["state"], as_date(layer["initial"]["since"]), self.new_threshold(name, 0))
            for name, layer in self.spec.items()
        }
        self.now, self.pending, self.dates, self.scales = 0.0, [], {}, {}
        for name, event in self.events.items():
            date = event["date"]
            if is_past(event, self.clock):
                self.recall(name)
            elif not isinstance(date, Mapping):
                self.schedule(name, as_date(date))
            elif given(date, "after") is None:
                self.schedule_by_law(name, as_date(date["from"]))
        while True:
            candidates = sorted(self.pending + self.clock_candidates() + self.hazard_candidates())
            if len(candidates) > 1 and any(c[1] == 3 for c in candidates[:2]):
                self.keep("order", candidates[1][0] - candidates[0][0])
            if candidates and candidates[0][1] == 3:
                self.keep("order", abs(candidates[0][0] - self.clock.horizon))
            if not candidates or candidates[0][0] >= self.clock.horizon:
                return
            time, kind, _, name = candidates[0]
            self.advance(time)
            if kind == 0:
                self.pending = [candidate for candidate in self.pending if candidate[3] != name]
                self.happen(name)
            elif kind == 1:
                self.expire(name)
            else:
                self.jump(name)

    def schedule(self, name: str, date: dt.date) -> None:
        """Let an event wait for its date."""
        self.dates[name] = date
        self.pending.append((self.clock.time_of(date), 0, list(self.events).index(name), name))

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
                found.append((self.now + max(layer.threshold, 0.0) / total, 3, order, name))
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
                found.append((self.clock.time_of(date), 1, order, name))
        return found

    def advance(self, time: float) -> None:
        """Let the thresholds be consumed until a time."""
        for name, layer in self.layers.items():
            layer.threshold -= (time - self.now) * sum(self.intensities(name).values())
        self.now = time

    def move(self, name: str, state: str, cause: str, date: dt.date) -> None:
        """Move a layer; a move to the state that it is in changes nothing."""
        layer = self.layers[name]
        if layer.state != state:
            self.jumps.append((self.now, name, layer.state, state, cause))
            layer.state, layer.entry, layer.spent = state, date, False

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
    )
    for i in range(n):
        one = ClockPath(
            study,
            clock,
            lambda name, index, i=i: uniform(name, index, i),
            lambda name, i=i: (float(days[name][0][i]), float(days[name][1][i])),
        )
        one.run()
        world.jumps.append(one.jumps)
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


@dataclass
class Site:
    """A project's construction on the paths: dates, spending, and what was drawn.

    ``completion`` is infinite where the project is cancelled; ``stop`` is the time of that, infinite elsewhere.
    ``funded`` is 0 where the cancellation came before funding, or at its due date. ``standstills`` are (start, length),
    ``(n,)`` each, in order; start is infinite on the paths that have fewer. ``margins``, years: ``cancel`` the
    cancellation against completion, ``delay`` the start of a standstill against that of the project or a phase.
    """

    start: float
    duration: float
    completion: Array
    phase_starts: list[tuple[float, Array]]
    spend: Array
    overrun: Array
    expected_cost: float
    stop: Array | float = math.inf
    funded: Array | float = 1.0
    standstills: Sequence[tuple[Array, Array]] = ()
    margins: Mapping[str, Array] = field(default_factory=dict)


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


def start_times(ctx: Context, name: str, project: Mapping) -> tuple[float, float]:
    """Return the time of the due date, and that at which building starts: the planned start if that is later."""
    funding = ctx.study["agreement"]["funding"]
    due = due_date(as_date(project["notice_date"]), funding["lag_business_days"], given(funding, "holidays", []))
    if due < ctx.clock.value_date:
        raise ValueError(f"project {name}: funding was due on {due}, before the value date")
    planned = given(project["construction"], "planned_start")
    return ctx.clock.time_of(due), ctx.clock.time_of(due if planned is None else max(due, as_date(planned)))


def standstills_of(world: World, name: str, start: float, end: Array) -> tuple[list[tuple[Array, Array]], Array, Array]:
    """Return the standstills of a project that would be built from start to end, its new end, and the margin."""
    events, found = world.delays.get(name, []), []
    free, margin = np.full(end.shape, start), np.full(end.shape, math.inf)
    for k in range(max((len(path) for path in events), default=0)):
        time, length = np.array([path[k] if k < len(path) else (math.inf, 0.0) for path in events]).T
        begin = np.maximum(time, free)
        margin = np.minimum(margin, np.abs(begin - end))
        length = np.where(begin < end, length, 0.0)
        begin = np.where(begin < end, begin, math.inf)
        found.append((begin, length))
        free, end = begin + length, end + length
    return found, end, margin


def held_up(end: Array, standstills: Sequence[tuple[Array, Array]]) -> tuple[Array, Array]:
    """Return when a phase starts, given when it would start without standstills, and the margin."""
    margin = np.full(end.shape, math.inf)
    for begin, length in standstills:
        margin = np.minimum(margin, np.abs(begin - end))
        end = end + np.where(begin < end, length, 0.0)
    return end, margin


def working_time(times: Array, start: float, standstills: Sequence[tuple[Array, Array]]) -> Array:
    """Return the time worked until some times, years: the stretches between standstills, which add up exactly."""
    worked, free = 0.0, start
    for begin, length in standstills:
        worked = worked + np.maximum(np.minimum(times, begin) - free, 0.0)
        free = begin + length
    return worked + np.maximum(times - free, 0.0)


def build_site(ctx: Context, name: str, project: Mapping) -> Site:
    """Build a project: when it is complete, what each step costs."""
    build, budget, ends = project["construction"], float(project["budget"]), ctx.clock.ends
    key = f"projects.{name}.construction"
    cost_score, delay_score = construction_scores(ctx, name, build)
    drawn = ctx.law_value(f"{key}.overrun", build["overrun"], cost_score)
    overrun = 1 + (drawn - 1) * (1 - given(build, "inflation_share", 0.0))
    slower = ctx.law_value(f"{key}.duration", build["duration"], delay_score)
    phases = given(build, "phases") or [{"share": 1.0, "planned_duration_years": build.get("planned_duration_years")}]
    duration = max(phase["planned_duration_years"] for phase in phases)
    due, start = start_times(ctx, name, project)
    standstills, completion, late = standstills_of(ctx.world, name, start, start + duration * slower)
    phase_starts = []
    for phase in phases:
        begin, margin = held_up(start + phase["planned_duration_years"] * slower, standstills)
        phase_starts.append((phase["share"], begin))
        late = np.minimum(late, margin)
    cancel = ctx.world.cancels.get(name, np.full(len(ctx.paths), math.inf))
    stop = np.where(cancel < completion, cancel, math.inf)

    def spent_share(multiplier: Array, halts: Sequence, until: Array) -> tuple[Array, Array]:
        """Return progress x at each step's end, and the share of the budget spent in each step."""
        worked = working_time(np.minimum(ends[:, None], until), start, halts)
        x = np.clip(worked / (duration * multiplier), 0.0, 1.0)
        done = ctx.law_value(f"{key}.spend_curve", {"beta_cdf": dict(build["spend_curve"])}, x)
        return x, np.diff(done, axis=0, prepend=0.0)

    indices = given(build, "indices")
    expected = np.broadcast_to(composite(indices, ctx.factors.expected), ends.shape)
    x, share = spent_share(slower, standstills, stop)
    price = composite(indices, ctx.factors.observed) * np.ones_like(x)
    if build["budget_basis"] == "nominal":
        price = price / np.interp(start + x * duration, np.append(0.0, ends), np.append(1.0, expected))
        expected_cost = budget
    else:
        plan = spent_share(np.ones(1), (), np.full(1, math.inf))[1][:, 0]
        expected_cost = budget * float((plan * expected).sum())
    imported = given(build, "imported_share", 0.0)
    if imported > 0:
        where = (build["equipment_tariff"]["layer"], build["equipment_tariff"]["attribute"])
        price = (
            price * (1 + imported * ctx.world.attributes[where]) / (1 + imported * ctx.world.initial_attributes[where])
        )
    return Site(
        start=start,
        duration=duration,
        completion=np.where(np.isinf(stop), completion, math.inf),
        phase_starts=phase_starts,
        spend=budget * overrun * share * price,
        overrun=overrun,
        expected_cost=expected_cost,
        stop=stop,
        funded=np.where(cancel <= due, 0.0, 1.0),
        standstills=standstills,
        margins={"cancel": np.abs(cancel - completion), "delay": late},
    )


def availability(ctx: Context, name: str, operation: Mapping) -> Array:
    """Return the availability of each step, from the stationary score, ``(T, n)``."""
    clause = operation["availability"]
    phi = given(clause, "persistence", 0.0) ** ctx.step
    e = ctx.draws.scores(f"project/{name}/availability", np.arange(ctx.clock.steps), ctx.paths)
    v = np.empty_like(e)
    v[0] = e[0]
    for t in range(1, len(e)):
        v[t] = phi * v[t - 1] + math.sqrt(1 - phi**2) * e[t]
    return ctx.law_value(f"projects.{name}.operation.availability.law", clause["law"], v)


def operate(ctx: Context, name: str, project: Mapping, site: Site) -> dict[str, Array]:
    """Operate a project: revenue, costs, tax, arrears and available cash, money units, ``(T, n)`` each."""
    plant, T, m = project["operation"], ctx.clock.steps, ctx.clock.m
    times, observed = ctx.clock.ends[:, None], ctx.factors.observed
    unit = float(ctx.study["study"]["money_unit"])
    life = plant["life_years"]
    end = np.minimum(site.completion + life, site.stop)
    operating = sum(share * overlap(begin, end, T, m) for share, begin in site.phase_starts)
    contract = given(plant, "contract")
    price, contracted = np.zeros((T, len(ctx.paths))), np.zeros((T, len(ctx.paths)))
    if contract is not None:
        key = f"projects.{name}.operation.contract"
        until = np.minimum(site.completion + contract["tenor_years"], end)
        lives = sum(share * overlap(begin, until, T, m) for share, begin in site.phase_starts)
        contracted = lives * ctx.law_value(f"{key}.share", contract["share"], ctx.score(f"project/{name}/subscription"))
        price = ctx.law_value(f"{key}.price", contract["price"], ctx.score(f"project/{name}/contract"))
        if given(contract, "indices"):
            price = price * composite(contract["indices"], observed)
        else:
            price = price * (1 + given(contract, "escalator", 0.0)) ** times
    mw = given(project, "capacity_mw")
    yearly = mw * 8766.0 if mw is not None else project["capacity"]
    full = yearly * ctx.step * availability(ctx, name, plant)
    q, q_contract = full * operating, full * contracted
    flows = {"output": q, "operating": operating, "contracted": contracted}
    flows["revenue"] = q_contract * price / unit
    if given(plant, "merchant"):
        merchant = plant["merchant"]
        flows["revenue"] = flows["revenue"] + (
            (q - q_contract) * observed[merchant["factor"]] * given(merchant, "basis", 1.0) / unit
        )
    fuel = given(plant, "fuel")
    flows["fuel"] = np.zeros_like(q)
    if fuel is not None:
        burnt = q - given(contract, "fuel_pass_through", 0.0) * q_contract
        flows["fuel"] = fuel["heat_rate"] * observed[fuel["factor"]] * given(fuel, "basis", 1.0) * burnt / unit
    flows["om"] = np.zeros_like(q)
    variable, fixed = given(plant, "variable_om"), given(plant, "fixed_om")
    if variable is not None:
        flows["om"] = flows["om"] + q * variable["per_output"] * composite(given(variable, "indices"), observed) / unit
    if fixed is not None:
        yearly = fixed["per_mw_year"] * mw if given(fixed, "per_mw_year") is not None else fixed["per_year"]
        flows["om"] = flows["om"] + yearly * ctx.step * operating * composite(given(fixed, "indices"), observed) / unit
    flows["age_start"] = np.clip(times - ctx.step - site.completion, 0.0, life)
    flows["age_end"] = np.clip(times - site.completion, 0.0, life)
    income = flows["revenue"] - flows["fuel"] - flows["om"]
    flows["tax"] = tax_paid(given(plant, "tax"), income, flows, site.spend)
    flows["available_cash"], flows["arrears"] = cash_and_arrears(income - flows["tax"])
    return flows


def tax_paid(tax: Mapping | None, income: Array, flows: Mapping[str, Array], spend: Array) -> Array:
    """Return the tax on income less straight-line depreciation, never negative."""
    if tax is None:
        return np.zeros_like(income)
    years = tax["life_years"]
    aged = np.minimum(flows["age_end"], years) - np.minimum(flows["age_start"], years)
    return tax["rate"] * np.maximum(0.0, income - np.cumsum(spend, axis=0) * aged / years)


def cash_and_arrears(cash: Array) -> tuple[Array, Array]:
    """Return available cash and arrears (end of step); arrears bear no interest and are paid first."""
    available, arrears, owed = np.empty_like(cash), np.empty_like(cash), np.zeros(cash.shape[1])
    for t in range(len(cash)):
        left = cash[t] - owed
        owed = np.maximum(-left, 0.0)
        available[t], arrears[t] = np.maximum(left, 0.0), owed
    return available, arrears


def split_of(study: Mapping, project: Mapping) -> dict[str, Any]:
    """Return the split clause of a project: the agreement's, with the project's own keys over it."""
    own = {key: value for key, value in given(project, "split", {}).items() if value is not None}
    return {**study["agreement"]["split"], **own}


def split_cash(ctx: Context, project: Mapping, site: Site, flows: Mapping[str, Array]) -> dict[str, Array]:
    """Split the available cash between funder and host, ``(T, n)`` each."""
    terms, A, K, h = split_of(ctx.study, project), flows["available_cash"], site.spend, ctx.step
    T, n = A.shape
    names = ("due", "paid", "distribution_funder", "distribution_host", "carry", "deemed_balance", "rate")
    out = {name: np.zeros((T, n)) for name in names}
    if terms["mode"] == "none":
        out["distribution_funder"] = terms["funder_share"] * A
        out["distribution_host"] = A - out["distribution_funder"]
        return out
    s1, s2, L = terms["first_share"], terms["second_share"], given(terms, "deemed_life_years")
    paid_in, carry, balance = np.zeros(n), np.zeros(n), np.zeros(n)
    for t in range(T):
        rate = (
            ctx.factors.start[terms["reference_rate"]]
            if t == 0
            else ctx.factors.observed[terms["reference_rate"]][t - 1]
        )
        r = np.maximum(0.0, rate + terms["spread"])
        a0, a1 = flows["age_start"][t], flows["age_end"][t]
        before = paid_in
        paid_in = paid_in + K[t]
        if terms["mode"] == "periodic":
            interest = r * paid_in * np.maximum(0.0, 1 - a0 / L) * (a1 - a0)
            due = interest + paid_in * (np.minimum(a1, L) - np.minimum(a0, L)) / L + carry
        else:
            due = balance * (1 + r * h)
        paid = np.minimum(s1 * A[t], due)
        funder = paid + s2 * (A[t] - np.minimum(A[t], due / s1))
        if terms["mode"] == "periodic":
            c = r if given(terms, "carry_interest", "none") == "deemed_rate" else 0.0
            carry = (due - paid) * (1 + c * h)
            if given(terms, "interest_before_completion", False):
                # a project that is cancelled owes no more interest from then on
                carry = carry + r * before * np.clip(np.minimum(site.completion, site.stop) - t * h, 0.0, h)
            balance = paid_in * np.maximum(0.0, 1 - a1 / L)
        else:
            balance = np.maximum(0.0, due - funder) + K[t]
        row = dict(due=due, paid=paid, distribution_funder=funder, distribution_host=A[t] - funder)
        for key, value in {**row, "carry": carry, "deemed_balance": balance, "rate": r}.items():
            out[key][t] = value
    return out


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


def flow_quantities(ctx: Context, calls: Array, receipts: Array, host: Array) -> tuple[dict, dict]:
    """Return the quantities that follow from a unit's flows alone, and the margins of the discrete ones."""
    times, n = ctx.clock.ends, calls.shape[1]
    parties, curves = ctx.study["parties"], ctx.study["curves"]
    df_funder = discount_factors(curves[parties["funder"]["discount"]["study"]], times)[:, None]
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


def whole_years(ctx: Context, terms: Mapping, site: Site, split: Mapping[str, Array], plant_life: float) -> Array:
    """Return the years from completion until the funder is first whole."""
    n = len(ctx.paths)
    if terms["mode"] == "none":
        return np.full(n, np.nan)
    age = ctx.clock.ends[:, None] - site.completion
    if terms["mode"] == "periodic":
        # age in the deemed allocation's sense stops with operation
        whole = (np.minimum(age, plant_life) >= terms["deemed_life_years"]) & (split["carry"] == 0)
    else:
        whole = (age >= 0) & (split["deemed_balance"] == 0)
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


def project_quantities(ctx: Context, project: Mapping, site: Site, flows: Mapping) -> tuple[dict, dict, dict]:
    """Return a project's quantities, its margins, and the sums that the portfolio needs."""
    terms = split_of(ctx.study, project)
    completed = site.completion <= ctx.clock.horizon
    cost = site.spend.sum(axis=0)
    received, owed, open_ = deemed_parts(terms, flows)
    quantities = {
        "funded": site.funded,
        "completed": completed.astype(float),
        "cancelled": np.isfinite(site.stop).astype(float),
        "cost": cost,
        "cost_overrun": np.where(completed, cost / site.expected_cost - 1, np.nan),
        "overrun_drawn": np.where(site.funded > 0, site.overrun - 1, np.nan),
        "delay_months": np.where(completed, 12 * (site.completion - (site.start + site.duration)), np.nan),
    }
    from_flows, margins = flow_quantities(ctx, flows["calls"], flows["distribution_funder"], flows["distribution_host"])
    quantities |= from_flows
    whole = whole_years(ctx, terms, site, flows, float(project["operation"]["life_years"]))
    quantities["whole_years"] = np.where(site.funded > 0, whole, np.nan)
    quantities["deemed_share"] = ratio(received, received + owed)
    quantities["deemed_open"] = open_
    margins |= site.margins
    margins["completion"] = np.abs(site.completion - ctx.clock.horizon)
    margins["whole"] = whole_margin(ctx, terms, project, site, flows)
    return (
        quantities,
        margins,
        {"received": received, "fallen_due": received + owed, "expected_cost": site.expected_cost},
    )


def whole_margin(ctx: Context, terms: Mapping, project: Mapping, site: Site, flows: Mapping) -> Array:
    """Return how near a path comes to another step of being whole: in budgets, or in years of age."""
    if terms["mode"] == "none":
        return np.ones(len(ctx.paths))
    gap = np.abs(terms["first_share"] * flows["available_cash"] - flows["due"]) / project["budget"]
    margin = np.where(flows["due"] > 0, gap, np.inf).min(axis=0)
    life = terms["deemed_life_years"] if terms["mode"] == "periodic" else 0.0
    return np.minimum(margin, np.abs(ctx.clock.ends[:, None] - site.completion - life).min(axis=0))


def portfolio_quantities(ctx: Context, sim: "Simulation", sums: Mapping[str, Mapping]) -> tuple[dict, dict]:
    """Return the portfolio's quantities and margins."""
    names = list(sim.projects)
    budgets = np.array([[float(ctx.study["projects"][name]["budget"])] for name in names])

    def rows(quantity: str) -> Array:
        return np.array([sim.quantities[name][quantity] for name in names])

    def flow(row: str) -> Array:
        return sum(sim.projects[name][row] for name in names)

    done = rows("completed")
    expected = np.array([[sums[name]["expected_cost"]] for name in names])
    with np.errstate(invalid="ignore"):
        late = np.where(done > 0, np.nan_to_num(rows("delay_months")), 0.0)
    quantities = {
        "funded": rows("funded").sum(axis=0),
        "completed": done.sum(axis=0),
        "cancelled": rows("cancelled").sum(axis=0),
        "cost": rows("cost").sum(axis=0),
        "cost_overrun": ratio((done * rows("cost")).sum(axis=0), (done * expected).sum(axis=0)) - 1,
        "overrun_drawn": ratio(
            (budgets * np.nan_to_num(rows("overrun_drawn"))).sum(axis=0), (budgets * rows("funded")).sum(axis=0)
        ),
        "delay_months": ratio((budgets * late).sum(axis=0), (budgets * done).sum(axis=0)),
    }
    from_flows, margins = flow_quantities(ctx, flow("calls"), flow("distribution_funder"), flow("distribution_host"))
    quantities |= from_flows
    whole = rows("whole_years")
    quantities["whole_years"] = np.where(
        np.isnan(whole).all(axis=0), np.nan, np.where(np.isnan(whole), -np.inf, whole).max(axis=0)
    )
    quantities["deemed_share"] = ratio(
        sum(sums[name]["received"] for name in names), sum(sums[name]["fallen_due"] for name in names)
    )
    quantities["deemed_open"] = rows("deemed_open").sum(axis=0)
    return quantities, margins


def scheme_quantities(ctx: Context, sim: "Simulation") -> dict[str, Array]:
    """Return the scheme's quantities."""
    times, funder = ctx.clock.ends, ctx.study["parties"]["funder"]
    net = sum(flows["distribution_funder"] - flows["calls"] for flows in sim.projects.values())
    used = funder["discount"]
    local = given(used, "local")
    curve = ctx.study["curves"][local if local is not None else used["study"]]
    fx = ctx.factors.observed[funder["fx"]] if given(funder, "fx") else 1.0
    result = {"npv_funder_local": (net * fx * discount_factors(curve, times)[:, None]).sum(axis=0)}
    for layer, state in sim.final_states.items():
        result[f"final_state_{layer}"] = state.astype(float)
    for event, outcome in sim.outcomes.items():
        result[f"outcome_{event}"] = np.where(outcome < 0, np.nan, outcome.astype(float))
    return result


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
        Project -> row -> ``(T, n)``: spend, calls, revenue, fuel, om, tax, arrears, due, paid,
        available_cash, carry, deemed_balance, distribution_funder, distribution_host, rate, output,
        operating, contracted, age_start, age_end.
    sites : dict
        Project -> its `Site`.
    quantities : dict
        Unit (projects, ``portfolio``, ``scheme``) -> quantity -> ``(n,)``.
    margins : dict
        Smallest margin of a discrete decision ``(n,)``: ``clock_order`` (years), ``clock_choice``,
        ``clock_date``, ``clock_days`` (days), ``merton_count``, and ``completion/<p>``, ``cancel/<p>``,
        ``delay/<p>`` (years), ``payback/<unit>``, ``whole/<p>``, ``irr/<unit>``.
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
    quantities: dict[str, dict[str, Array]] = field(default_factory=dict)
    margins: dict[str, Array] = field(default_factory=dict)


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
    sums = {}
    for name, project in study["projects"].items():
        site = build_site(ctx, name, project)
        flows = {"spend": site.spend, "calls": site.spend, **operate(ctx, name, project, site)}
        flows |= split_cash(ctx, project, site, flows)
        sim.sites[name], sim.projects[name] = site, flows
        sim.quantities[name], margins, sums[name] = project_quantities(ctx, project, site, flows)
        sim.margins |= {f"{what}/{name}": margin for what, margin in margins.items()}
    sim.quantities["portfolio"], margins = portfolio_quantities(ctx, sim, sums)
    sim.margins |= {f"{what}/portfolio": margin for what, margin in margins.items()}
    sim.quantities["scheme"] = scheme_quantities(ctx, sim)
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
