"""Expected losses by closed forms, scipy and many runs."""

from math import isnan

import numpy as np
import pytest
from scipy.stats import binomtest, ttest_ind

from spvrisk.measures.obligors import loss_by_default, loss_of_principal

P, LOSS, SD, HIT = 0.2, 30.0, 50.0, 20.0


def drawn(rng, n):
    """A value that a default, independent of it, lowers by LOSS on average."""
    defaulted = rng.random(n) < P
    return rng.normal(100.0, SD, n) - defaulted * rng.normal(LOSS, HIT, n), defaulted


def test_loss_by_default__against_scipy():
    values, defaulted = drawn(np.random.default_rng(1), 5000)
    found = loss_by_default(values, defaulted)
    welch = ttest_ind(values[~defaulted], values[defaulted], equal_var=False)
    assert found.severity / found.severity_error == pytest.approx(welch.statistic, rel=1e-12)
    ends = binomtest(int(defaulted.sum()), defaulted.size).proportion_ci(0.95, "exact")
    assert (found.low, found.high) == pytest.approx((ends.low, ends.high), rel=1e-9)
    assert found.expected == pytest.approx(found.probability * found.severity, rel=1e-12)


def test_loss_by_default__errors_are_the_spread_of_many_runs():
    rng = np.random.default_rng(2)
    runs = [loss_by_default(*drawn(rng, 2000)) for _ in range(1500)]
    for name, error, truth in (("severity", "severity_error", LOSS), ("expected", "expected_error", P * LOSS)):
        values = np.array([getattr(run, name) for run in runs])
        stated = np.array([getattr(run, error) for run in runs])
        assert abs(values.mean() - truth) < 4 * values.std() / np.sqrt(values.size)
        assert values.std() == pytest.approx(np.sqrt(np.mean(stated**2)), rel=0.06)


def test_loss_by_default__where_nothing_tells_it():
    values = np.arange(20.0)
    none, all_of_it = (loss_by_default(values, np.full(20, flag)) for flag in (False, True))
    assert none.expected == 0.0 and isnan(none.severity) and 0.1 < none.high < 0.2
    assert isnan(all_of_it.expected) and all_of_it.probability == 1.0
    few = loss_by_default(values, values < 3)
    assert few.severity == 10.0 and isnan(few.severity_error) and isnan(few.expected_error)


def test_loss_of_principal__of_an_exponential_loss():
    rng = np.random.default_rng(3)
    losses = np.where(rng.random(40_000) < 0.1, rng.exponential(7.0, 40_000), 0.0)
    losses[0] = 1e-12  # rounding
    found = loss_of_principal(losses)
    assert found.low < 0.1 < found.high and found.probability == np.mean(losses > 1e-6)
    assert abs(found.severity - 7.0) < 3 * found.severity_error
    # an exponential's sd is its mean; of the whole E[L^2] = 2 p m^2
    assert found.severity_error == pytest.approx(7.0 / np.sqrt(4000), rel=0.1)
    assert found.expected_error == pytest.approx(np.sqrt((0.2 * 49 - 0.49) / 40_000), rel=0.1)
    assert found.expected == pytest.approx(found.probability * found.severity, rel=1e-9)


def test_loss_of_principal__that_is_always_repaid():
    found = loss_of_principal(np.zeros(500))
    assert found.probability == 0.0 and found.expected == 0.0 and isnan(found.severity) and isnan(found.expected_error)
