"""Tables of the t copula: its mixing variable over the score, and the map from t to normal scores."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from spvrisk.catalogue import phrase
from spvrisk.plan.cubics import Array, cubic, fit
from spvrisk.plan.distributions import LawError, normal_density
from spvrisk.plan.elementary import exp, expm1, log
from spvrisk.plan.laws import REACH
from spvrisk.plan.tables import TableBook

FARTHEST_SCORE = 7.0
"""Largest correlated score that the map covers at its accuracy."""

FARTHEST_MIXING_SCORE = 6.5
"""Score of the mixing variable up to which the map covers it; a 32-bit draw ends at 6.34."""

# a twentieth of the error of a normal score, and small enough for the tables to stay in the first-level cache
_ROOT_ERROR = 1e-7
_MAP_ERROR = 1e-7
_MOST_DEGREES = 1e6
_RADII, _ANGLES = 40, 80

# zeros of the Chebyshev polynomial of degree 4, stretched so that the outer ones are the cell's ends
_PLACES = np.array([0.0, 1.0 - np.sqrt(0.5), np.sqrt(0.5), 1.0])
_CHECKED = np.arange(1, 12) / 12.0


def _through(place: float, others: Array) -> Array:
    """Coefficients of the cubic that is 1 at a place and 0 at three others."""
    a, b, c = others
    return np.asarray(np.array([-a * b * c, a * b + b * c + c * a, -(a + b + c), 1.0]) / np.prod(place - others))


_TO_COEFFICIENTS = np.array([_through(_PLACES[i], np.delete(_PLACES, i)) for i in range(4)])


def sqrt_w(z: Array, nu: float) -> Array:
    """Square root of W = nu / chi2_nu, increasing in its score, ``(...)`` float64: sqrt(nu / chi2.isf(Phi(z))).

    Parameters
    ----------
    z
        Scores, ``(...)``.
    nu
        Degrees of freedom.
    """
    return np.sqrt(nu / (2.0 * _half_chi2(z, nu)))


def _half_chi2(z: Array, nu: float) -> Array:
    """Half the chi-squared value that is exceeded with probability Phi(z); each tail from its own function."""
    below = z < 0.0
    half = np.empty_like(z)
    half[below] = special.gammainccinv(0.5 * nu, special.ndtr(z[below]))
    half[~below] = special.gammaincinv(0.5 * nu, special.ndtr(-z[~below]))
    return half


class _Root(NamedTuple):
    nu: float

    def value(self, z: Array) -> Array:
        return sqrt_w(z, self.nu)

    def slope(self, z: Array, value: Array) -> Array:
        half = 0.5 * self.nu / (value * value)
        shape = 0.5 * self.nu
        density = exp((shape - 1.0) * log(half) - half - special.gammaln(shape))
        return np.asarray(0.5 * value / half * normal_density(z) / density)

    def check(self, z: Array, exact: Array, approximate: Array) -> Array:
        return np.abs(approximate - exact) / (_ROOT_ERROR * exact)


def sqrt_w_table(book: TableBook, nu: float) -> int:
    """Put `sqrt_w` into the book, at a relative error of at most 1e-7.

    Parameters
    ----------
    book
        Where the table goes.
    nu
        Degrees of freedom, > 2.

    Raises
    ------
    LawError
        With more than a million degrees of freedom.
    """
    _check_degrees(nu)
    curve = _Root(nu)
    return book.add_table(("sqrt W", nu), lambda: fit(curve, curve.check, -REACH, REACH, least_width=1e-6))


class CopulaMap(NamedTuple):
    """The odd map e = Phi^-1(T_nu(x)) as x R(v), v = 1 + x^2 / nu, with R tabulated over the bits of the float64 v.

    Attributes
    ----------
    coefficient
        ``(bin, 4)``: R as a cubic in s. The bin is ``(bits(v) >> (52 - B)) - (bits(1.0) >> (52 - B))``, clamped to the
        last; s in [0, 1) is what remains of the mantissa, as a fraction of the bin.
    bits
        B: each doubling of v has 2^B bins.
    nu
        Degrees of freedom.
    """

    coefficient: Array
    bits: int
    nu: float


def copula_map(nu: float) -> CopulaMap:
    """Tabulate the map with the fewest bins at which the error of e is at most 1e-7 max(1, abs(e)).

    That holds up to x = 7 sqrt(W) at W's score 6.5; beyond, the last bin goes on.

    Parameters
    ----------
    nu
        Degrees of freedom, > 2.

    Raises
    ------
    LawError
        With more than a million degrees of freedom.
    """
    _check_degrees(nu)
    farthest = FARTHEST_SCORE * float(sqrt_w(np.array([FARTHEST_MIXING_SCORE]), nu)[0])
    last = 1.0 + farthest**2 / nu
    bits = 1
    while (coefficient := _fitted(last, bits, nu)) is None:
        bits += 1
    return CopulaMap(coefficient, bits, nu)


def _check_degrees(nu: float) -> None:
    if not nu <= _MOST_DEGREES:
        rule = phrase("a t copula has at most {:g} degrees of freedom", _MOST_DEGREES)
        raise LawError(rule, f"{nu:g}", "write `copula: gaussian`, which is the same at that size")


def _fitted(last: float, bits: int, nu: float) -> Array | None:
    """Coefficients of the bins up to v = `last`, or None if their error is too large."""
    bins = np.arange(_bin(last, bits) + 1)
    # a coarse bin may reach so far beyond `last` that the normal tail underflows: it fails the check
    with np.errstate(invalid="ignore"):
        values = _ratio(_place(bins, _PLACES, bits), nu)
        # a sum in this order: a matrix product's depends on the processor
        coefficient = np.add.reduce(values[:, :, None] * _TO_COEFFICIENTS, axis=1)
        v = _place(bins, _CHECKED, bits)
        exact, x = _ratio(v, nu), np.sqrt(nu * (v - 1.0))
        miss = x * np.abs(cubic(coefficient[:, None, :], _CHECKED) - exact)
    return coefficient if np.all(miss <= _MAP_ERROR * np.maximum(1.0, x * exact)) else None


def _bin(v: float, bits: int) -> int:
    number, one = np.array([v, 1.0]).view(np.int64)
    return int((number >> (52 - bits)) - (one >> (52 - bits)))


def _place(bins: NDArray[np.int64], s: Array, bits: int) -> Array:
    """Find v at the places s of the bins, ``(bin, place)``."""
    mantissa = (bins & ((1 << bits) - 1))[:, None] + s
    return np.asarray(np.ldexp(1.0 + mantissa / (1 << bits), (bins >> bits)[:, None]))


def _ratio(v: Array, nu: float) -> Array:
    """R = e / x from the lower tails, where neither function loses digits; its limit at x = 0."""
    x = np.sqrt(nu * (v - 1.0))
    # the densities' ratio at 0: Gamma((nu + 1) / 2) / Gamma(nu / 2) sqrt(2 / nu)
    limit = special.poch(0.5 * nu, 0.5) * np.sqrt(2.0 / nu)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(x > 0.0, -special.ndtri(special.stdtr(nu, -x)) / x, limit))


def innovation_correlation(score_correlation: Array, nu: float) -> Array:
    """Correlation of two innovations of the t copula whose scores have the given correlations.

    The mean of their product over the bivariate t law, in polar coordinates: the squared radius is
    nu (exp(2 s / nu) - 1) with s unit exponential (Gauss-Laguerre), the angle uniform (trapezium rule).

    Parameters
    ----------
    score_correlation
        Entries of the correlation matrix of the scores, any shape.
    nu
        Degrees of freedom.

    Returns
    -------
    ndarray
        ``(...)`` float64, of the entries' shape.
    """
    s, weight = np.polynomial.laguerre.laggauss(_RADII)
    radius = np.sqrt(nu * expm1(2.0 * s / nu))
    angle = (np.arange(_ANGLES) + 0.5) * (2.0 * np.pi / _ANGLES)
    first = _innovation(np.outer(radius, np.cos(angle)), nu)

    def at(rho: float) -> float:
        turned = rho * np.cos(angle) + np.sqrt(1.0 - rho * rho) * np.sin(angle)
        return float(weight @ (first * _innovation(np.outer(radius, turned), nu)).mean(axis=1))

    return np.asarray(np.vectorize(at, otypes=[np.float64])(score_correlation))


def _innovation(x: Array, nu: float) -> Array:
    """Phi^-1(T_nu(x)) from the tail in which it keeps its digits."""
    return np.asarray(np.sign(x) * -special.ndtri(special.stdtr(nu, -np.abs(x))))
