"""Elementary functions of arrays against the standard library's, and at the ends of their domains."""

import math

import numpy as np
import pytest

from spvrisk.plan.elementary import exp, expm1, log, log1p, power

X = np.concatenate([np.linspace(-40.0, 40.0, 4001), [1e-12, -1e-12, 0.0]])


@pytest.mark.parametrize(
    ("function", "oracle", "x"),
    [
        (exp, math.exp, X),
        (expm1, math.expm1, X),
        (log, math.log, np.exp(X)),
        (log1p, math.log1p, np.expm1(X[X > -30.0])),
    ],
    ids=["exp", "expm1", "log", "log1p"],
)
def test_functions__as_the_standard_library(function, oracle, x):
    np.testing.assert_array_max_ulp(function(x), np.array([oracle(each) for each in x.tolist()]), 2)


def test_functions__ends_of_the_domain_without_a_warning():
    inf = math.inf
    with np.errstate(all="raise"):
        np.testing.assert_array_equal(exp([inf, -inf, 800.0, -800.0]), [inf, 0.0, inf, 0.0])
        np.testing.assert_array_equal(expm1([inf, -inf]), [inf, -1.0])
        np.testing.assert_array_equal(log([0.0, inf, -1.0]), [-inf, inf, math.nan])
        np.testing.assert_array_equal(log1p([-1.0, inf, -2.0]), [-inf, inf, math.nan])
        np.testing.assert_array_equal(power([0.0, 0.0, 0.0, 2.0, inf], [0.0, 2.0, -1.0, 0.0, -1.0]), [1, 0, inf, 1, 0])


def test_power__as_the_standard_library():
    base, exponent = np.meshgrid(np.geomspace(0.01, 100.0, 57), np.linspace(-4.0, 4.0, 41))
    expected = [a**b for a, b in zip(base.ravel().tolist(), exponent.ravel().tolist(), strict=True)]
    np.testing.assert_allclose(power(base, exponent).ravel(), expected, rtol=1e-14)
