"""Percentiles and joint confidence against a bivariate normal, scipy's intervals and counting by hand."""

from math import inf, isnan, nan

import numpy as np
import pytest
from scipy.stats import binomtest, multivariate_normal, norm

from spvrisk.measures.delivery import delivery_of, frontier, held
from spvrisk.measures.order import percentiles

RHO, N = 0.6, 100_000


@pytest.fixture(scope="module")
def delivery():
    """Log cost and delay are normal with correlation RHO; a fifth is never completed, a tenth never funded."""
    rng = np.random.default_rng(11)
    z = rng.multivariate_normal([0.0, 0.0], [[1.0, RHO], [RHO, 1.0]], N)
    funded, completed = rng.random(N) < 0.9, rng.random(N) < 0.8
    cost = np.where(funded, 100.0 * np.exp(0.3 * z[:, 0]), 0.0)
    undefined = ~(funded & completed)
    overrun, delay = np.where(undefined, nan, cost / 100.0 - 1.0), np.where(undefined, nan, 6.0 + 4.0 * z[:, 1])
    return delivery_of(funded.astype(float), cost, overrun, delay)


@pytest.mark.parametrize(("z_cost", "z_delay"), [(0.0, 0.0), (1.0, -0.5), (-0.3, 1.5)])
def test_held__of_a_bivariate_normal(delivery, z_cost, z_delay):
    found = held(delivery, cost=100.0 * np.exp(0.3 * z_cost), delay=6.0 + 4.0 * z_delay)
    truth = 0.8 * multivariate_normal([0, 0], [[1, RHO], [RHO, 1]]).cdf([z_cost, z_delay])
    assert abs(found.value - truth) < 4 * np.sqrt(truth * (1 - truth) / (0.9 * N))
    count, n = round(found.value * delivery.cost.size), delivery.cost.size
    ends = binomtest(count, n).proportion_ci(0.95, "exact")
    assert (found.low, found.high) == pytest.approx((ends.low, ends.high), rel=1e-9)


def test_held__of_what_was_budgeted_and_of_completion_alone(delivery):
    assert held(delivery, overrun=0.0) == held(delivery, cost=100.0)
    assert held(delivery).value == pytest.approx(0.8, abs=0.006)
    assert held(delivery, delay=inf) == held(delivery)


def test_held__a_limit_that_is_met_to_rounding_is_held():
    found = delivery_of(
        np.ones(3), np.array([100.0, 100.00001, 101.0]), np.array([0.0, 1e-7, 0.01]), np.zeros(3) + 1e-9
    )
    assert [round(3 * held(found, **limit).value) for limit in ({"cost": 100.0}, {"overrun": 0.0}, {"delay": 0.0})] == [
        2,
        2,
        3,
    ]


def test_percentiles__never_completed_counts_as_never(delivery):
    p50, p90 = percentiles(delivery.cost, ("0.5", "0.9"))
    # of all that are funded the median is the 0.5 / 0.8 quantile of those that are completed
    assert p50.low < 100.0 * np.exp(0.3 * norm.ppf(0.5 / 0.8)) < p50.high
    assert p90.value == p90.low == inf
    (completed,) = percentiles(delivery.completed.cost, ("0.9",))
    assert completed.low < 100.0 * np.exp(0.3 * norm.ppf(0.9)) < completed.high


def test_frontier__each_pair_is_held_with_the_level(delivery):
    pairs = frontier(delivery, "0.6")
    assert len(pairs) == 7 and [pair.cost for pair in pairs] == sorted({pair.cost for pair in pairs})
    assert all(a.delay >= b.delay for a, b in zip(pairs, pairs[1:], strict=False))
    n = delivery.cost.size
    for pair in pairs:
        within = np.count_nonzero((delivery.cost <= pair.cost) & (delivery.delay <= pair.delay))
        earlier = np.count_nonzero((delivery.cost <= pair.cost) & (delivery.delay < pair.delay))
        assert earlier < 0.6 * n <= within
    # the dearest pair has no limit of cost left: its delay is a quantile, and its interval holds the truth
    assert pairs[-1].low < 6.0 + 4.0 * norm.ppf(0.6 / 0.8) < pairs[-1].high
    (middle,) = [pair for i, pair in enumerate(pairs) if i == 3]
    law = multivariate_normal([0, 0], [[1, RHO], [RHO, 1]])
    z_cost = np.log(middle.cost / 100.0) / 0.3
    shares = [0.8 * law.cdf([z_cost, (months - 6.0) / 4.0]) for months in (middle.low, middle.high)]
    assert shares[0] < 0.6 < shares[1]


def test_frontier__there_is_none_where_too_few_are_completed(delivery):
    assert frontier(delivery, "0.85") == ()


def test_delivery__of_a_project_that_is_never_funded():
    nothing = delivery_of(np.zeros(5), np.zeros(5), np.full(5, nan), np.full(5, nan))
    assert isnan(held(nothing).value) and isnan(percentiles(nothing.cost, ("0.5",))[0].value)
    assert frontier(nothing, "0.7") == ()
