"""Correlation of the factors' scores: the matrix and its Cholesky factor."""

import math

import numpy as np

from spvrisk.config.definite import LEAST, matrix, score_correlation
from spvrisk.plan.arrays import Floats

__all__ = ["cholesky", "matrix", "score_correlation"]


def cholesky(correlation: Floats) -> Floats:
    """Lower triangular factor of a positive semidefinite matrix, row by row; a study with another one has been refused.

    What the factors before leave of a factor's variance counts as nothing up to `LEAST`: the factor is a sum of those
    before it, has a 0 on the diagonal, and no later factor rides on its own noise.

    A row depends on those before it alone, in a fixed order of operations: a factor that is appended to a study
    leaves the rows of the others bit for bit as they were, which LAPACK's blocked routine does not promise.

    Parameters
    ----------
    correlation
        Positive semidefinite ``(factor, factor)`` with a unit diagonal.

    Returns
    -------
    ndarray
        ``(factor, factor)`` float64, 0 above the diagonal.
    """
    n = correlation.shape[0]
    lower = np.zeros((n, n))
    for i in range(n):
        row = lower[i]
        # before its first correlation a row is 0: most factors of a large study are correlated with none
        linked = np.flatnonzero(correlation[i, :i])
        for j in range(int(linked[0]) if linked.size else i, i):
            dot = math.fsum((row[:j] * lower[j, :j]).tolist())
            row[j] = (correlation[i, j] - dot) / lower[j, j] if lower[j, j] else 0.0
        left = correlation[i, i] - math.fsum(value**2 for value in row[:i])
        row[i] = math.sqrt(left) if left > LEAST else 0.0
    return lower
