"""Accuracy of the kernel's exp and log against the correctly rounded ones of the decimal module."""

from decimal import Decimal, localcontext

import numpy as np
import pytest

import lane_calls as kernel

RNG = np.random.default_rng(3)


def relative_errors(got, exact):
    return np.array([abs(float((Decimal(float(a)) - b) / b)) for a, b in zip(got, exact, strict=True)])


def evaluate(logs_of=(), exps_of=()):
    x, y = np.array(logs_of, float), np.array(exps_of, float)
    logs, exps = np.empty_like(x), np.empty_like(y)
    kernel.logs_and_exps(x, y, logs, exps)
    return logs, exps


@pytest.mark.parametrize("reach", [0.01, 1.0, 30.0, 700.0])
def test_exp__relative_error(reach):
    y = np.concatenate([RNG.uniform(-reach, reach, 1500), [0.0, reach, -reach]])
    with localcontext() as precise:
        precise.prec = 40
        exact = [Decimal(float(v)).exp() for v in y]
        assert relative_errors(evaluate(exps_of=y)[1], exact).max() < 3.4e-16


def test_exp__clamps_beyond_700():
    ends = evaluate(exps_of=[-701.0, -1e9, 701.0, 1e9, -700.0, 700.0])[1]
    assert ends[0] == ends[1] == ends[4] > 0 and ends[2] == ends[3] == ends[5] < np.inf


@pytest.mark.parametrize("reach", [1e-6, 0.5, 30.0, 700.0])
def test_log__relative_error(reach):
    x = np.exp(RNG.uniform(-reach, reach, 1500))
    x = np.concatenate([x, [np.nextafter(1, 2), np.nextafter(1, 0), 2.0, 0.5, 2.0**-33, 1e-300]])
    x = x[x != 1.0]
    with localcontext() as precise:
        precise.prec = 60
        exact = [Decimal(float(v)).ln() for v in x]
        assert relative_errors(evaluate(logs_of=x)[0], exact).max() < 2e-16


def test_log__one_is_zero():
    assert evaluate(logs_of=[1.0])[0][0] == 0.0
