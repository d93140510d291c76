"""Mixtures of laws, and their numerical inversion."""
# ruff: noqa: D102 - the methods are described where they are declared, in `Distribution`

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from spvrisk.plan.distributions import NOTHING, QUADRATURE_REACH, Array, Distribution, score
from spvrisk.plan.elementary import log


@dataclass(frozen=True)
class Mixture(Distribution):
    """One of several laws, chosen with probabilities that sum to one.

    Inverted numerically, save where only one of the laws has probability.
    """

    weights: tuple[float, ...]
    parts: tuple[Distribution, ...]

    @property
    def scale_only(self) -> bool:
        return True

    def _sum(self, values: list[Array]) -> Array:
        return np.asarray(sum(weight * value for weight, value in zip(self.weights, values, strict=True)))

    @cached_property
    def breaks(self) -> tuple[float, ...]:
        return tuple(sorted({x for part in self.parts for x in part.breaks}))

    @cached_property
    def moments(self) -> tuple[float, float]:
        means, sds = np.array([part.moments for part in self.parts]).T
        mean = float(np.dot(self.weights, means))
        return mean, float(np.sqrt(np.dot(self.weights, sds**2 + (means - mean) ** 2)))

    @property
    def cap_share(self) -> float:
        return float(np.dot(self.weights, [part.cap_share for part in self.parts]))

    def cdf(self, x: Array) -> Array:
        return self._sum([part.cdf(x) for part in self.parts])

    def sf(self, x: Array) -> Array:
        return self._sum([part.sf(x) for part in self.parts])

    def pdf(self, x: Array) -> Array:
        return self._sum([part.pdf(x) for part in self.parts])

    def atom(self, x: Array) -> Array:
        return self._sum([part.atom(x) for part in self.parts])

    @cached_property
    def _stretches(self) -> "_Stretches":
        x = np.array(self.breaks)
        weights = np.array(self.weights)[:, None]
        cdf, sf, atom = (
            np.array(rows) for rows in zip(*((p.cdf(x), p.sf(x), p.atom(x)) for p in self.parts), strict=True)
        )
        nothing, everything = np.zeros_like(weights), np.ones_like(weights)
        below, above = np.hstack([nothing, cdf]), np.hstack([sf + atom, nothing])
        up_to, from_on = np.hstack([cdf - atom, everything]), np.hstack([everything, sf])
        all_cdf, all_sf, all_atom = ((weights * rows).sum(axis=0) for rows in (cdf, sf, atom))
        return _Stretches(
            np.hstack([-np.inf, x, np.inf]),
            np.append(score(all_cdf - all_atom, all_sf + all_atom), np.inf),
            score(all_cdf, all_sf),
            np.minimum(up_to - below, from_on - above) > NOTHING,
            weights * below,
            weights * above,
        )

    def quantile(self, u: Array, v: Array) -> Array:
        ends, atom_from, atom_to, *_ = self._stretches
        z = score(u, v)
        stretch = np.searchsorted(atom_to, z, side="left")
        result = ends[stretch + 1]
        smooth = z < atom_from[stretch]
        for index in np.unique(stretch[smooth]):
            here = smooth & (stretch == index)
            result[here] = self._within(int(index), u[here], v[here])
        return result

    def _within(self, index: int, u: Array, v: Array) -> Array:
        """Quantiles inside one stretch between breaks."""
        ends, _, _, active, below, above = self._stretches
        parts = np.flatnonzero(active[:, index])
        if parts.size == 1:
            (one,) = parts
            others_below, others_above = (np.delete(rows[:, index], one).sum() for rows in (below, above))
            inside = (
                np.clip((p - rest) / self.weights[one], 0.0, 1.0) for p, rest in ((u, others_below), (v, others_above))
            )
            return np.clip(self.parts[one].quantile(*inside), ends[index], ends[index + 1])
        z, (x, scores) = score(u, v), self._ladder
        rung = np.clip(np.searchsorted(scores, z), 1, x.size - 1)
        low, high = np.clip(x[rung - 1], *ends[index : index + 2]), np.clip(x[rung], *ends[index : index + 2])
        with np.errstate(all="ignore"):
            share = (z - scores[rung - 1]) / (scores[rung] - scores[rung - 1])
        start = np.where((share > 0.0) & (share < 1.0), low + share * (high - low), 0.5 * (low + high))
        return self._solve(u, v, low, high, start)

    @cached_property
    def _ladder(self) -> tuple[Array, Array]:
        """Increasing points that bracket every quantile, and the scores that they have as quantiles of the mixture."""
        z = np.linspace(-QUADRATURE_REACH, QUADRATURE_REACH, 145)
        u, v = np.asarray(special.ndtr(z)), np.asarray(special.ndtr(-z))
        x = np.unique(np.concatenate([self.breaks, *(part.quantile(u, v) for part in self.parts)]))
        return x, np.maximum.accumulate(score(self.cdf(x), self.sf(x)))

    def _solve(self, u: Array, v: Array, low: Array, high: Array, x: Array) -> Array:
        """Newton on the logarithm of the smaller tail; bisection where a step leaves the bracket or does not shrink."""
        result, at, below = np.empty_like(u), np.arange(u.size), u < v
        target, last = np.minimum(u, v), high - low
        for _ in range(200):
            tail = np.where(below, self.cdf(x), self.sf(x))
            with np.errstate(all="ignore"):
                gap = np.where(below, 1.0, -1.0) * log(tail / target)
                newton = x - gap * tail / self.pdf(x)
            low, high = np.where(gap <= 0, x, low), np.where(gap >= 0, x, high)
            result[at] = x
            # far below the table's tolerance, above the noise of the parts' own functions
            go_on = (np.abs(gap) > 1e-12) & (high - low > 1e-14 * np.abs(x))
            if not go_on.any():
                break
            good = (newton > low) & (newton < high) & (np.abs(newton - x) <= 0.5 * last)
            new = np.where(good, newton, 0.5 * (low + high))
            last = np.abs(new - x)
            at, below = at[go_on], below[go_on]
            target, x, last, low, high = (each[go_on] for each in (target, new, last, low, high))
        return result


class _Stretches(NamedTuple):
    """A mixture between its breaks: k breaks make k + 1 stretches, the outer ones without end.

    Attributes
    ----------
    ends
        ``(k + 2,)``: breaks, with infinities on both sides.
    atom_from, atom_to
        ``(k + 1,)`` with a last ``inf``, ``(k,)``: scores of P(X < x) and P(X <= x) at the breaks.
    active
        ``(part, k + 1)``: whether a part has probability inside a stretch.
    below, above
        ``(part, k + 1)``: each part's probability below and above a stretch, times its weight.
    """

    ends: Array
    atom_from: Array
    atom_to: Array
    active: NDArray[np.bool_]
    below: Array
    above: Array
