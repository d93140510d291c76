"""Factors: every process against its closed form, both copulas against quadrature."""

import numpy as np
import pytest
from scipy import stats

import factor_laws as laws
from studies import Check, compile_in, run_all

N = 1 << 16


@pytest.fixture(scope="module", params=["gaussian", "t"])
def sample(request, tmp_path_factory):
    """Copula and observed factors ``(step, factor, path)``."""
    done = compile_in(laws.factor_study(request.param), tmp_path_factory.mktemp("factors"))
    return request.param, run_all(done, 97, N).factors


def test_factors__margins_have_their_moments(sample):
    check = Check()
    check.add(laws.margin_checks(sample[1]))
    check.assert_within(5.0)


def test_factors__innovations_move_together_as_the_copula_says(sample):
    copula, x = sample
    check = Check()
    check.add(laws.copula_checks(x, copula, laws.copula_expectations(copula)))
    check.assert_within(5.0)


def test_factors__margins_of_innovations_are_standard_normal(sample):
    e = laws.innovations(laws.coordinates(sample[1]))
    for name in ("a", "fx", "o", "r"):
        for t in (0, 3, laws.T - 1):
            assert stats.kstest(e[name][t], "norm").pvalue > 1e-4, (name, t)


def test_factors__jumps_are_compound_poisson(sample):
    """Fourth cumulant of a step's sum of jumps: lambda dt E[J^4]."""
    e = laws.innovations(laws.coordinates(sample[1]))["j"]
    fourth = 2.0 * laws.DT * (0.1**4 + 6 * 0.1**2 * 0.2**2 + 3 * 0.2**4)
    variance = laws.closed_forms()["j"][2][0]
    check = Check()
    check.add({"fourth moment": ((e**4).mean(axis=0)[None], [fourth + 3 * variance**2])})
    check.assert_within(5.0)


def test_factors__deterministic_is_its_curve(sample):
    np.testing.assert_allclose(sample[1][:, 0], (3 * 1.02**laws.TIMES)[:, None] * np.ones(N), rtol=1e-15)


def test_factors__bounds_hold_what_is_observed_only(sample):
    c = sample[1][:, laws.NAMES.index("c")]
    assert c.min() == 0.9 and c[:4].max() == 1.1 and c[4:].max() == 2.5
    # a path that was held at the cap in year one goes on freely behind it
    assert (c[4][c[3] == 1.1] > 1.5).mean() > 0.1


def test_tails__t_copula_makes_joint_extremes_more_frequent_both_ways():
    normal, t = laws.copula_expectations("gaussian"), laws.copula_expectations("t")
    for pair in normal:
        assert t[pair][2] > 1.25 * normal[pair][2], pair
        assert t[pair][1] > normal[pair][1] and abs(t[pair][0]) <= abs(laws.rho_of(*pair)) + 1e-9
    assert normal["a", "o"][0] == pytest.approx(0.6, abs=1e-9)
    assert normal["a", "o"][1] == pytest.approx(1 + 2 * 0.6**2, abs=1e-9)
