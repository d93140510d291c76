"""Correlation of the factors' scores: the matrix and its Cholesky factor."""

import math

import numpy as np

from spvrisk.config.definite import matrix, score_correlation
from spvrisk.plan.arrays import Floats

__all__ = ["cholesky", "matrix", "score_correlation", "weakest"]


def cholesky(correlation: Floats) -> Floats | None:
    """Lower triangular factor, row by row; None where the matrix is not positive definite.

    A row depends on those before it alone, in a fixed order of operations: a factor that is appended to a study
    leaves the rows of the others bit for bit as they were, which LAPACK's blocked routine does not promise.
    """
    n = correlation.shape[0]
    lower = np.zeros((n, n))
    for i in range(n):
        for j in range(i):
            dot = math.fsum(lower[i, q] * lower[j, q] for q in range(j))
            lower[i, j] = (correlation[i, j] - dot) / lower[j, j]
        rest = correlation[i, i] - math.fsum(lower[i, q] ** 2 for q in range(i))
        if rest <= 1e-12:
            return None
        lower[i, i] = math.sqrt(rest)
    return lower


def weakest(names: tuple[str, ...], correlation: Floats) -> tuple[float, str]:
    """Smallest eigenvalue, and the factors that weigh most in its eigenvector: where a matrix fails."""
    values, vectors = np.linalg.eigh(correlation)
    weights = np.abs(vectors[:, 0])
    order = np.argsort(-weights, kind="stable")[:3]
    return float(values[0]), ", ".join(names[i] for i in order if weights[i] > 0.1)
