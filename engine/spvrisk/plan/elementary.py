"""Elementary functions of arrays that give the same bits on every processor.

NumPy's own are other code on a processor with other vector instructions, and differ there in the last digit; so does
its matrix product. A plan must not depend on that: here each value comes from SciPy's scalar functions, as those of
`scipy.special` that a plan needs anyway. They rest on the system's C library, so another one (another operating system)
may still give other last digits. What IEEE 754 rounds correctly (sums, products, quotients, square roots) is NumPy's.

Values outside the domain are NaN and infinities, without a warning.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Array = NDArray[np.float64]


def exp(x: ArrayLike) -> Array:
    """Exponential function, ``(...)`` float64.

    Parameters
    ----------
    x
        ``(...)``, or a number.
    """
    # the inverse of the Box-Cox transform whose parameter is zero is exp, by definition and in its code
    return np.asarray(special.inv_boxcox(x, 0.0))


def expm1(x: ArrayLike) -> Array:
    """``exp(x) - 1`` without loss of digits near zero, ``(...)`` float64.

    Parameters
    ----------
    x
        ``(...)``, or a number.
    """
    return np.asarray(special.expm1(x))


def log(x: ArrayLike) -> Array:
    """Natural logarithm, ``(...)`` float64.

    Parameters
    ----------
    x
        ``(...)``, or a number.
    """
    return np.asarray(special.xlogy(1.0, x))


def log1p(x: ArrayLike) -> Array:
    """``log(1 + x)`` without loss of digits near zero, ``(...)`` float64.

    Parameters
    ----------
    x
        ``(...)``, or a number.
    """
    return np.asarray(special.log1p(x))


def power(base: ArrayLike, exponent: ArrayLike) -> Array:
    """``base ** exponent``, ``(...)`` float64; 1 for an exponent of 0.

    Parameters
    ----------
    base
        Not negative.
    exponent
        Of a shape that broadcasts with that of `base`.
    """
    return exp(special.xlogy(exponent, base))
