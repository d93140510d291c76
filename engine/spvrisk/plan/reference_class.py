"""The published form of cost overruns: their mean, the share of overruns of 50 % or more, and the mean of those."""
# ruff: noqa: D102 - the methods are described where they are declared, in `Distribution`

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from spvrisk.catalogue import phrase
from spvrisk.plan.distributions import Array, Continuous, Discrete, LawError
from spvrisk.plan.elementary import exp, expm1, log, log1p
from spvrisk.plan.mixtures import Mixture

THRESHOLD = 1.5
"""Ratio of actual cost to budget from which an overrun counts as the tail (Flyvbjerg and Gardner 2023)."""


@dataclass(frozen=True)
class Cap(Discrete):
    """The atom at a reference class's cap."""

    @property
    def cap_share(self) -> float:
        return 1.0


@dataclass(frozen=True)
class ReferenceClass(Mixture):
    """Law of X = actual cost / budget, made by `reference_class`."""

    alpha: float = math.nan
    """Tail index; NaN if the tail is an atom or has no probability."""


def reference_class(
    mean: float, tail_share: float, tail_mean: float, cap: float = 10.0, body: tuple[float, float] = (0.7, 1.5)
) -> ReferenceClass:
    """Law of X = actual cost / budget from published numbers, which it keeps exactly.

    The tail, met with probability `tail_share`, is a Pareto law from 1.5 on, censored at `cap`; the body is the
    exponential law truncated to `body` (largest entropy for a given mean) with the mean that the tail leaves over.

    Parameters
    ----------
    mean
        Mean overrun, E[X] - 1.
    tail_share
        P(X >= 1.5), in [0, 1).
    tail_mean
        Mean overrun in the tail, E[X | X >= 1.5] - 1, in [0.5, cap - 1); at 0.5 the tail is an atom at 1.5.
    cap
        Largest X, above 1.5.
    body
        Bounds of X outside the tail, the upper one at most 1.5.

    Raises
    ------
    LawError
        If what is left over for the body is not a mean between its bounds.
    """
    level = _body_level(mean, tail_share, tail_mean, body)
    rest = (1.0 - tail_share,), (truncated_exponential(body[0], body[1], level),)
    if tail_share == 0.0:
        return ReferenceClass(*rest)
    if tail_mean == 0.5:
        return ReferenceClass((*rest[0], tail_share), (*rest[1], Discrete((THRESHOLD,), (1.0,))))
    alpha = tail_index(tail_mean, cap)
    censored = (THRESHOLD / cap) ** alpha
    weights = (*rest[0], tail_share * (1.0 - censored), tail_share * censored)
    laws = (*rest[1], _truncated_pareto(alpha, cap), Cap((cap,), (1.0,)))
    return ReferenceClass(weights, laws, alpha)


def _body_level(mean: float, tail_share: float, tail_mean: float, body: tuple[float, float]) -> float:
    """Mean of the body as its place in (0, 1) between the bounds, from what the tail leaves over."""
    left = (mean - tail_share * tail_mean) / (1.0 - tail_share)
    low, high = body[0] - 1.0, body[1] - 1.0
    level = (left - low) / (high - low)
    if 0.0 < level < 1.0:
        return level
    least, most = ((1.0 - tail_share) * end + tail_share * tail_mean for end in (low, high))
    raise LawError(
        phrase("the overruns below 50 % must have a mean between {:+.3g} and {:+.3g}", low, high),
        phrase("{:+.4g} left over by mean {:g}, tail_share {:g}, tail_mean {:g}", left, mean, tail_share, tail_mean),
        phrase(
            "with this tail `mean` must lie between {:.4g} and {:.4g}: "
            "check the three numbers against their source, or widen `body`",
            least,
            most,
        ),
    )


def tail_index(tail_mean: float, cap: float) -> float:
    """Tail index alpha of the Pareto law from 1.5 on that, censored at `cap`, has the mean 1 + `tail_mean`.

    With k = log(cap / 1.5) the mean is 1.5 + 1.5 k phi((alpha - 1) k), phi(y) = (1 - exp(-y)) / y decreasing.

    Parameters
    ----------
    tail_mean
        Mean overrun in the tail, in (0.5, cap - 1).
    cap
        Largest ratio of actual cost to budget, above 1.5.
    """
    k = math.log(cap / THRESHOLD)
    target = (tail_mean - 0.5) / (THRESHOLD * k)
    return 1.0 + _root(_phi, target, -k, 1.0 / target) / k


def _phi(y: float) -> float:
    return -math.expm1(-y) / y if y else 1.0


def _root(decreasing: Callable[[float], float], target: float, low: float, high: float) -> float:
    """Where a decreasing function takes a value, by bisection to the last bit."""
    while low < (middle := 0.5 * (low + high)) < high:
        low, high = (middle, high) if decreasing(middle) > target else (low, middle)
    return middle


def _truncated_pareto(alpha: float, cap: float) -> Continuous:
    """Pareto law from 1.5 on, given that it lies below `cap`."""
    k = math.log(cap / THRESHOLD)
    censored = math.exp(-alpha * k)
    inside = -math.expm1(-alpha * k)
    # censored moments less the atom at the cap
    mean = (THRESHOLD * (1.0 + k * _phi((alpha - 1.0) * k)) - censored * cap) / inside
    square = (THRESHOLD**2 * (1.0 + 2.0 * k * _phi((alpha - 2.0) * k)) - censored * cap**2) / inside
    return Continuous(
        ("truncated pareto", alpha, cap),
        THRESHOLD,
        cap,
        ppf=lambda u: THRESHOLD * exp(-log1p(-inside * u) / alpha),
        isf=lambda v: THRESHOLD * exp(-log(censored + inside * v) / alpha),
        cdf_inside=lambda x: -expm1(-alpha * log(x / THRESHOLD)) / inside,
        sf_inside=lambda x: np.maximum(exp(-alpha * log(x / THRESHOLD)) - censored, 0.0) / inside,
        pdf_inside=lambda x: alpha / x * exp(-alpha * log(x / THRESHOLD)) / inside,
        mean_sd=(mean, math.sqrt(max(square - mean**2, 0.0))),
    )


def truncated_exponential(low: float, high: float, level: float) -> Continuous:
    """Law on [low, high] with density proportional to exp(-rate x), the rate such that the mean is at `level`.

    Parameters
    ----------
    low, high
        Support.
    level
        Place of the mean between them, in (0, 1); at 1/2 the law is uniform.
    """
    width = high - low
    shape = _Decay(exponential_rate(min(level, 1.0 - level)))
    name, mean_sd = ("truncated exponential", low, high, level), (low + level * width, width * _exponential_sd(shape.y))
    if level <= 0.5:
        return Continuous(
            name,
            low,
            high,
            ppf=lambda u: low + width * shape.depth(u, 1.0 - u),
            isf=lambda v: low + width * shape.depth(1.0 - v, v),
            cdf_inside=lambda x: shape.within((x - low) / width),
            sf_inside=lambda x: shape.beyond((high - x) / width),
            pdf_inside=lambda x: shape.density((x - low) / width) / width,
            mean_sd=mean_sd,
        )
    return Continuous(
        name,
        low,
        high,
        ppf=lambda u: high - width * shape.depth(1.0 - u, u),
        isf=lambda v: high - width * shape.depth(v, 1.0 - v),
        cdf_inside=lambda x: shape.beyond((x - low) / width),
        sf_inside=lambda x: shape.within((high - x) / width),
        pdf_inside=lambda x: shape.density((high - x) / width) / width,
        mean_sd=mean_sd,
    )


class _Decay:
    """Density proportional to exp(-y x) on [0, 1]; x is the distance from the denser end."""

    def __init__(self, y: float) -> None:
        self.y, self.inside = y, -math.expm1(-y)

    def depth(self, near: Array, far: Array) -> Array:
        """Distance within which a probability `near` lies, where far = 1 - near."""
        if self.y == 0.0:
            return near
        # far from the denser end the argument of the logarithm is small: sum it up instead of subtracting from 1
        steep = log(far + near * math.exp(-self.y)) if self.y > 1.0 else log1p(-self.inside * near)
        return np.asarray(-steep / self.y)

    def within(self, x: Array) -> Array:
        """Probability of lying no farther than x from the denser end."""
        return np.asarray(expm1(-self.y * x) / -self.inside) if self.y else x

    def beyond(self, x: Array) -> Array:
        """Probability of lying no farther than x from the sparser end."""
        return np.asarray(expm1(-self.y * x) * exp(-self.y * (1.0 - x)) / -self.inside) if self.y else x

    def density(self, x: Array) -> Array:
        """Density at x."""
        return np.asarray(exp(-self.y * x) * (self.y / self.inside if self.y else 1.0))


def exponential_rate(level: float) -> float:
    """Rate y >= 0 at which the density exp(-y x) on [0, 1] has its mean at `level`, in (0, 1/2].

    Parameters
    ----------
    level
        The mean.
    """
    return _root(_exponential_mean, level, 0.0, 1.0 / level) if level < 0.5 else 0.0


def _exponential_mean(y: float) -> float:
    if y < 0.05:  # the two terms below cancel
        return 0.5 - y / 12.0 + y**3 / 720.0 - y**5 / 30240.0 + y**7 / 1209600.0
    return 1.0 / y - (1.0 / math.expm1(y) if y < 700.0 else 0.0)


def _exponential_sd(y: float) -> float:
    if y < 0.05:
        return math.sqrt(1.0 / 12.0 - y**2 / 240.0 + y**4 / 6048.0)
    return math.sqrt(1.0 / y**2 - (0.25 / math.sinh(0.5 * y) ** 2 if y < 700.0 else 0.0))
