import numpy as np
import pytest
from scipy import stats

from spvrisk.plan.correlation import cholesky, matrix, score_correlation
from studies import BARE, changed, compile_in, run_all

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


@pytest.mark.parametrize("rank", [1, 2, 5])
def test_cholesky__of_a_singular_matrix_has_columns_of_zeros(rank):
    """Factors that are sums of those before them have no noise of their own, and no later factor rides on it."""
    rows = RNG.normal(size=(7, rank))
    rows /= np.linalg.norm(rows, axis=1)[:, None]
    r = rows @ rows.T
    lower = cholesky(r)
    assert np.array_equal(lower, np.tril(lower))
    np.testing.assert_allclose(lower @ lower.T, r, atol=1e-6)
    assert np.count_nonzero(np.diag(lower)) == rank
    assert not lower[:, np.diag(lower) == 0].any()


def test_cholesky__factors_that_move_as_one():
    r = np.array([[1.0, 1.0, 0.3, -1.0], [1.0, 1.0, 0.3, -1.0], [0.3, 0.3, 1.0, -0.3], [-1.0, -1.0, -0.3, 1.0]])
    lower = cholesky(r)
    assert np.array_equal(lower[1], lower[0]) and np.array_equal(lower[3], -lower[0])
    np.testing.assert_allclose(lower @ lower.T, r, atol=1e-15)


def test_factors__move_as_one_in_a_run(tmp_path):
    price = {"unit": "USD/t", "process": {"gbm": {"start": 3, "drift": 0.02, "sigma": 0.3}}}
    pairs = {"price": {"twin": 1, "mirror": -1}, "twin": {"mirror": -1}}
    study = changed(
        BARE,
        factors={name: price for name in ("price", "twin", "mirror")},
        correlation={"pairs": pairs, "repair": "nearest"},
    )
    study["factors"]["price"] = price
    found = run_all(compile_in(study, tmp_path), 7, 64).factors
    assert np.ptp(found[:, 0]) > 1
    np.testing.assert_allclose(found[:, 1], found[:, 0], rtol=1e-12)
    trend = np.log(found[:, 0]) + np.log(found[:, 2])
    np.testing.assert_allclose(trend, np.broadcast_to(trend[:, :1], trend.shape), rtol=1e-9)
