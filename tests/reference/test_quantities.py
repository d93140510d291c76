"""Rates of return and payback."""

import math

import numpy as np
import pytest

import reference as ref


def rate_of(net):
    net = np.array(net, dtype=float)
    return ref.irr(np.maximum(-net, 0), np.maximum(net, 0), np.arange(1.0, len(net) + 1))[0]


def test_irr__cases():
    assert rate_of([-100, 0, 121]) == pytest.approx(0.1, rel=1e-13)
    assert rate_of([-100, 1e-6]) == pytest.approx(1e-8 - 1, rel=1e-13)
    assert rate_of([-100, 0]) == -1
    assert math.isnan(rate_of([0, 0])) and math.isnan(rate_of([5, 5]))
    # flows change sign three times, their running sum once: the positive root
    assert rate_of([-100, 60, -10, 80]) == pytest.approx(np.roots([-100, 60, -10, 80]).real.max() - 1)
    # the running sum changes sign twice: undefined
    assert math.isnan(rate_of([-100, 230, -132]))
    # receipts that never exceed the call of their step: all is lost
    assert ref.irr(np.array([5.0, 5.0]), np.array([0.0, 1.0]), np.array([1.0, 2.0]))[0] == -1


def test_payback__cases():
    calls = np.array([0, 10, 10, 0, 0, 0.0])
    assert ref.payback(calls, np.array([0, 0, 0, 15, 5, 9.0]), 2) == 1.5
    assert ref.payback(calls, np.array([0, 0, 0, 15, 4, 0.0]), 2) == math.inf
    assert math.isnan(ref.payback(0 * calls, calls, 2))
