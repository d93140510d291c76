from datetime import date

import numpy as np
import pytest

from spvrisk.config import Curve
from spvrisk.config.study.curves import ZeroCurve
from spvrisk.plan.calendar import make_grid
from spvrisk.plan.curves import curve_values, discount_factors, interpolate

V = date(2026, 3, 31)
GRID = make_grid(V, 40, 4)
TIMES = np.linspace(0, 10, 401)


def test_interpolate__as_numpy_where_no_knot_comes_twice():
    knots = [(0.5, 2.0), (1.0, 5.0), (4.25, -1.0), (9.0, 3.0)]
    np.testing.assert_allclose(
        interpolate(knots, TIMES), np.interp(TIMES, *zip(*knots, strict=True)), rtol=1e-14, atol=1e-14
    )


def test_interpolate__flat_outside_and_for_one_knot():
    assert interpolate([(2.0, 7.0)], TIMES).tolist() == [7.0] * TIMES.size
    ends = interpolate([(1.0, 3.0), (2.0, 4.0)], np.array([0.0, 1.0, 2.0, 99.0]))
    assert ends.tolist() == [3.0, 3.0, 4.0, 4.0]


def test_interpolate__at_a_jump_the_later_knot_holds():
    knots = [(0.0, 1.0), (2.0, 1.08), (2.0, 1.1), (8.0, 1.4)]
    got = interpolate(knots, np.array([2.0 - 1e-9, 2.0, 5.0]))
    np.testing.assert_allclose(got, [1.08, 1.1, 1.25], rtol=1e-9)
    assert interpolate([(0.0, 1.0), (0.0, 2.0)], np.array([0.0]))[0] == 2.0


def test_curve__growth_compounds_by_the_year():
    got = curve_values(Curve(value=4.0, growth=0.022), np.array([0.0, 0.25, 3.0]), GRID, V)
    np.testing.assert_allclose(got, [4.0, 4.0 * 1.022**0.25, 4.0 * 1.022**3], rtol=1e-15)
    assert curve_values(Curve.model_validate(3), TIMES, GRID, V).tolist() == [3.0] * TIMES.size


def test_curve__dates_are_linear_between_their_times():
    curve = Curve(dates={date(2026, 3, 31): 7.0, date(2026, 6, 30): 8.0, date(2026, 9, 30): 4.0})
    got = curve_values(curve, np.array([0.0, 0.125, 0.25, 0.375, 0.5, 9.0]), GRID, V)
    np.testing.assert_allclose(got, [7.0, 7.5, 8.0, 6.0, 4.0, 4.0], rtol=1e-14)


@pytest.mark.parametrize(("t", "rate"), [(0.25, 0.036375), (1.0, 0.036), (3.0, 0.03675), (60.0, 0.0425)])
def test_discount_factors__yearly_effective_zero_rates(t, rate):
    curve = ZeroCurve(knots=((0, 0.0365), (1, 0.036), (5, 0.0375), (40, 0.0425)))
    assert discount_factors(curve, np.array([t]))[0] == pytest.approx((1 + rate) ** -t, rel=1e-14)
