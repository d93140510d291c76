"""Probability laws as the quantile tables need them: cdf, quantile and density with both tails at full precision."""
# ruff: noqa: D102 - the methods are described where they are declared, in `Distribution`

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from spvrisk.errors import Problem
from spvrisk.plan.elementary import exp

Array = NDArray[np.float64]
Function = Callable[[Array], Array]

NOTHING = 1e-15
"""Probabilities below this are rounding."""

QUADRATURE_REACH = 9.0
"""Scores up to which quantiles are used."""

LEAST_TAIL = 1e-13
"""Whole numbers that lie further out than this leave a law: no score of use leads there."""


class LawError(ValueError):
    """A law that cannot be; the caller knows its place in the config.

    Parameters
    ----------
    rule, value, remedy
        As in `spvrisk.errors.Problem`.
    """

    def __init__(self, rule: str, value: str = "", remedy: str = "") -> None:
        self.rule, self.value, self.remedy = rule, value, remedy
        super().__init__(str(Problem("", "", rule, value, remedy)))


def normal_density(z: Array) -> Array:
    """Density of the standard normal law, ``(...)`` float64.

    Parameters
    ----------
    z
        Scores, ``(...)``.
    """
    return np.asarray(exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi))


def score(u: Array, v: Array) -> Array:
    """Normal score of a probability, ``(...)`` float64; infinite at 0 and 1.

    Parameters
    ----------
    u
        Probability, ``(...)``.
    v
        1 - u, ``(...)``; only the smaller of the two is taken at its word, so that neither tail loses digits.
    """
    # the difference of two probabilities may come out a rounding below zero
    return np.asarray(np.where(u < v, special.ndtri(np.maximum(u, 0.0)), -special.ndtri(np.maximum(v, 0.0))))


class Distribution(ABC):
    """A law on the line; methods work elementwise on float64 arrays.

    Subclasses are frozen dataclasses: equal parameters make equal laws, and equal laws share a table.
    """

    @property
    @abstractmethod
    def breaks(self) -> tuple[float, ...]:
        """Increasing points where the cdf jumps or kinks: atoms, splices, finite ends of the support."""

    @property
    @abstractmethod
    def moments(self) -> tuple[float, float]:
        """Mean and standard deviation; ``inf`` or NaN where there is none."""

    @property
    def cap_share(self) -> float:
        """Probability of lying at a reference class's cap."""
        return 0.0

    @property
    def scale_only(self) -> bool:
        """Whether a study only ever scales this law, so that an error relative to the value stays one."""
        return False

    @abstractmethod
    def quantile(self, u: Array, v: Array) -> Array:
        """Quantiles, ``(...)`` float64 in the law's unit.

        Parameters
        ----------
        u, v
            As of `score`.
        """

    @abstractmethod
    def cdf(self, x: Array) -> Array:
        """P(X <= x), ``(...)`` float64.

        Parameters
        ----------
        x
            Values, ``(...)``.
        """

    @abstractmethod
    def sf(self, x: Array) -> Array:
        """P(X > x), ``(...)`` float64.

        Parameters
        ----------
        x
            Values, ``(...)``.
        """

    @abstractmethod
    def pdf(self, x: Array) -> Array:
        """Density of the continuous part, ``(...)`` float64.

        Parameters
        ----------
        x
            Values, ``(...)``.
        """

    def atom(self, x: Array) -> Array:
        """P(X = x), ``(...)`` float64.

        Parameters
        ----------
        x
            Values, ``(...)``.
        """
        return np.zeros_like(x)


@dataclass(frozen=True)
class Continuous(Distribution):
    """A law with a density, given by its functions; laws with equal names are equal.

    Attributes
    ----------
    name
        Family and parameters of the standard form.
    lower, upper
        Support; functions are called inside of it only.
    ppf, isf
        Inverses of the cdf (called for u <= 1/2) and of the survival function (called for v <= 1/2).
    cdf_inside, sf_inside, pdf_inside
        cdf, survival function and density.
    """

    name: tuple[object, ...]
    lower: float = field(compare=False)
    upper: float = field(compare=False)
    ppf: Function = field(compare=False, repr=False)
    isf: Function = field(compare=False, repr=False)
    cdf_inside: Function = field(compare=False, repr=False)
    sf_inside: Function = field(compare=False, repr=False)
    pdf_inside: Function = field(compare=False, repr=False)
    mean_sd: tuple[float, float] = field(compare=False)
    kinks: tuple[float, ...] = field(default=(), compare=False)
    scale_only: bool = field(default=False, compare=False)

    @property
    def breaks(self) -> tuple[float, ...]:
        return tuple(x for x in (self.lower, *self.kinks, self.upper) if np.isfinite(x))

    @property
    def moments(self) -> tuple[float, float]:
        return self.mean_sd

    def quantile(self, u: Array, v: Array) -> Array:
        below = u < v
        result = np.empty_like(u)
        # rounding may ask for the very end of an unbounded law
        with np.errstate(divide="ignore"):
            result[below], result[~below] = self.ppf(u[below]), self.isf(v[~below])
        return result

    def cdf(self, x: Array) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(self.cdf_inside(np.clip(x, self.lower, self.upper)))

    def sf(self, x: Array) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(self.sf_inside(np.clip(x, self.lower, self.upper)))

    def pdf(self, x: Array) -> Array:
        inside = (x >= self.lower) & (x <= self.upper)
        with np.errstate(all="ignore"):
            return np.where(inside, self.pdf_inside(np.clip(x, self.lower, self.upper)), 0.0)


@dataclass(frozen=True)
class Discrete(Distribution):
    """Atoms at increasing values, with probabilities that sum to one."""

    values: tuple[float, ...]
    probabilities: tuple[float, ...]

    @property
    def breaks(self) -> tuple[float, ...]:
        return self.values

    @cached_property
    def moments(self) -> tuple[float, float]:
        mean = float(np.dot(self.values, self.probabilities))
        return mean, float(np.sqrt(np.dot(np.subtract(self.values, mean) ** 2, self.probabilities)))

    @cached_property
    def _below(self) -> Array:
        """P(X < value), with one more entry for everything: ``(value + 1,)``."""
        return np.concatenate([[0.0], np.cumsum(self.probabilities)])

    @cached_property
    def _above(self) -> Array:
        """P(X >= value), with one more entry for nothing: ``(value + 1,)``."""
        return np.concatenate([np.cumsum(self.probabilities[::-1])[::-1], [0.0]])

    def quantile(self, u: Array, v: Array) -> Array:
        ends = score(self._below, self._above)[1:-1]
        return np.asarray(self.values)[np.searchsorted(ends, score(u, v), side="left")]

    def cdf(self, x: Array) -> Array:
        return self._below[np.searchsorted(self.values, x, side="right")]

    def sf(self, x: Array) -> Array:
        return self._above[np.searchsorted(self.values, x, side="right")]

    def pdf(self, x: Array) -> Array:
        return np.zeros_like(x)

    def atom(self, x: Array) -> Array:
        at = np.minimum(np.searchsorted(self.values, x), len(self.values) - 1)
        return np.where(np.asarray(self.values)[at] == x, np.asarray(self.probabilities)[at], 0.0)


POINT = Discrete((0.0,), (1.0,))
"""All probability at zero."""


@dataclass(frozen=True)
class Affine(Distribution):
    """``location + scale * X`` for X of the law `base`, scale > 0."""

    location: float
    scale: float
    base: Distribution

    @property
    def breaks(self) -> tuple[float, ...]:
        return tuple(self.location + self.scale * x for x in self.base.breaks)

    @property
    def moments(self) -> tuple[float, float]:
        mean, sd = self.base.moments
        return self.location + self.scale * mean, self.scale * sd

    @property
    def cap_share(self) -> float:
        return self.base.cap_share

    def quantile(self, u: Array, v: Array) -> Array:
        return self.location + self.scale * self.base.quantile(u, v)

    def cdf(self, x: Array) -> Array:
        return self.base.cdf((x - self.location) / self.scale)

    def sf(self, x: Array) -> Array:
        return self.base.sf((x - self.location) / self.scale)

    def pdf(self, x: Array) -> Array:
        return self.base.pdf((x - self.location) / self.scale) / self.scale

    def atom(self, x: Array) -> Array:
        return self.base.atom((x - self.location) / self.scale)


@dataclass(frozen=True)
class Truncated(Distribution):
    """The continuous law `base` on condition that it lies in [lower, upper]."""

    base: Continuous
    lower: float
    upper: float

    @cached_property
    def _ends(self) -> tuple[Array, Array]:
        """Cdf and survival function of `base` at both ends."""
        ends = np.array([self.lower, self.upper])
        return self.base.cdf(ends), self.base.sf(ends)

    @cached_property
    def mass(self) -> float:
        """Probability that `base` lies inside, from whichever tail loses no digits."""
        cdf, sf = self._ends
        if sf[0] < 0.5:
            return float(sf[0] - sf[1])
        return float(cdf[1] - cdf[0]) if cdf[1] < 0.5 else float(1.0 - cdf[0] - sf[1])

    @property
    def scale_only(self) -> bool:
        return self.base.scale_only

    @property
    def whole(self) -> bool:
        """Whether nothing is cut off."""
        return bool(self._ends[0][0] == 0.0 and self._ends[1][1] == 0.0)

    @property
    def breaks(self) -> tuple[float, ...]:
        ends = {x for x in (self.lower, self.upper) if self.base.lower <= x <= self.base.upper}
        return tuple(sorted(ends | {x for x in self.base.breaks if self.lower < x < self.upper}))

    @cached_property
    def moments(self) -> tuple[float, float]:
        return quadrature(self)

    def quantile(self, u: Array, v: Array) -> Array:
        cdf, sf = self._ends
        return np.clip(self.base.quantile(cdf[0] + self.mass * u, sf[1] + self.mass * v), self.lower, self.upper)

    def cdf(self, x: Array) -> Array:
        (below, _), (not_below, _) = self._ends
        x = np.clip(x, self.lower, self.upper)
        inside = self.base.cdf(x) - below if below < 0.5 else not_below - self.base.sf(x)
        return np.asarray(np.clip(inside / self.mass, 0.0, 1.0))

    def sf(self, x: Array) -> Array:
        (_, not_above), (_, above) = self._ends
        x = np.clip(x, self.lower, self.upper)
        inside = self.base.sf(x) - above if above < 0.5 else not_above - self.base.cdf(x)
        return np.asarray(np.clip(inside / self.mass, 0.0, 1.0))

    def pdf(self, x: Array) -> Array:
        return np.where((x >= self.lower) & (x <= self.upper), self.base.pdf(x) / self.mass, 0.0)


class Piece(NamedTuple):
    """A stretch of the score on which the quantile is either constant (low = high) or smooth.

    Attributes
    ----------
    lower, upper
        Ends in z.
    low, high
        Bounds of the quantile there, which it reaches at ends that are inside the reach.
    """

    lower: float
    upper: float
    low: float
    high: float


def pieces(law: Distribution, reach: float) -> list[Piece]:
    """Cut the scores |z| <= `reach` at the atoms, splices and ends of a law.

    Parameters
    ----------
    law
        Of any kind.
    reach
        Largest score that a table covers.
    """
    x = np.array(law.breaks)
    cdf, sf, atom = law.cdf(x), law.sf(x), law.atom(x)
    left, right = score(cdf - atom, sf + atom), score(cdf, sf)
    from_below = np.append(cdf - atom, 1.0) - np.append(0.0, cdf)
    from_above = np.append(1.0, sf) - np.append(sf + atom, 0.0)
    smooth = np.stack([np.append(-np.inf, right), np.append(left, np.inf), np.append(-np.inf, x), np.append(x, np.inf)])
    found = [Piece(*ends) for ends in smooth[:, np.minimum(from_below, from_above) > NOTHING].T.tolist()]
    found += [Piece(*ends) for ends in np.stack([left, right, x, x])[:, atom > NOTHING].T.tolist()]
    clipped = (Piece(max(a, -reach), min(b, reach), low, high) for a, b, low, high in sorted(found))
    return [piece for piece in clipped if piece.lower < piece.upper]


_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)


def gauss_panels(lower: float, upper: float, cells: int) -> tuple[Array, Array]:
    """Abscissae and weights of Gauss quadrature against the normal density, ``(abscissa,)`` float64 each.

    Parameters
    ----------
    lower, upper
        Scores between which it integrates.
    cells
        Equal parts, none of which a panel straddles.
    """
    panels = cells * int(np.ceil(4.0 * (upper - lower) / cells))
    edges = np.linspace(lower, upper, panels + 1)
    half = 0.5 * np.diff(edges)[:, None]
    z = 0.5 * (edges[1:] + edges[:-1])[:, None] + half * _NODES
    return z.ravel(), (half * _WEIGHTS * normal_density(z)).ravel()


def quadrature(law: Distribution) -> tuple[float, float]:
    """Mean and standard deviation of a law by Gauss quadrature over the normal score."""
    value, weight = [], []
    for lower, upper, low, high in pieces(law, QUADRATURE_REACH):
        if low == high:
            z, mass = np.array([0.5 * (lower + upper)]), special.ndtr([upper]) - special.ndtr([lower])
        else:
            z, mass = gauss_panels(lower, upper, 1)
        value.append(np.clip(law.quantile(special.ndtr(z), special.ndtr(-z)), low, high))
        weight.append(mass)
    return weighted_moments(np.concatenate(value), np.concatenate(weight))


def weighted_moments(value: Array, weight: Array) -> tuple[float, float]:
    """Mean and standard deviation of values with weights, which are normalised to one.

    Parameters
    ----------
    value
        ``(value,)``.
    weight
        ``(value,)``, of any sum above 0.
    """
    mean = float(np.dot(value, weight) / weight.sum())
    return mean, float(np.sqrt(np.dot((value - mean) ** 2, weight) / weight.sum()))
