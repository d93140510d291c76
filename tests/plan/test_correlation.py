import numpy as np
import pytest
from scipy import stats

from spvrisk.plan.correlation import cholesky, matrix, score_correlation

RNG = np.random.default_rng(8)


def random_correlation(n):
    x = RNG.normal(size=(n, 2 * n))
    return np.atleast_2d(np.corrcoef(x))


@pytest.mark.parametrize("n", [1, 2, 5, 20])
def test_cholesky__is_the_lower_factor(n):
    r = random_correlation(n)
    lower = cholesky(r)
    assert np.array_equal(lower, np.tril(lower))
    np.testing.assert_allclose(lower @ lower.T, r, atol=1e-14)
    np.testing.assert_allclose(lower, np.linalg.cholesky(r), atol=1e-13)


def test_cholesky__appended_factor_leaves_the_rows_before_it():
    r = random_correlation(12)
    whole = cholesky(r)
    for n in range(1, 12):
        part = cholesky(np.ascontiguousarray(r[:n, :n]))
        assert part.tobytes() == np.ascontiguousarray(whole[:n, :n]).tobytes()


@pytest.mark.parametrize("rank", [-1.0, -0.4, 0.0, 0.25, 0.6, 1.0])
def test_score_correlation__gives_back_spearmans(rank):
    """Spearman's of a bivariate normal is 6 / pi asin(rho / 2)."""
    assert 6 / np.pi * np.arcsin(score_correlation(rank) / 2) == pytest.approx(rank, abs=1e-15)


def test_score_correlation__on_a_sample():
    rho = score_correlation(0.6)
    z = RNG.multivariate_normal([0, 0], [[1, rho], [rho, 1]], 200_000)
    assert stats.spearmanr(*z.T).statistic == pytest.approx(0.6, abs=0.008)


def test_matrix__places_pairs_by_name_and_zero_elsewhere():
    got = matrix(("x", "y", "z"), {"z": {"x": 0.3}, "x": {"y": -0.2}}, "score")
    assert got.tolist() == [[1.0, -0.2, 0.3], [-0.2, 1.0, 0.0], [0.3, 0.0, 1.0]]
    assert matrix(("x", "y"), {"x": {"y": 0.5}}, "rank")[0, 1] == pytest.approx(2 * np.sin(np.pi / 12), rel=1e-15)
