"""Rates of return against scipy's root finder on the flows as they are."""

import numpy as np
import pytest
from scipy.optimize import brentq

import lane_calls as kernel

RNG = np.random.default_rng(17)


def exact_rate(flows, m):
    """Root of the present value in log(1 + r), found where the present value changes sign."""
    times = (np.arange(flows.size) + 1.0) / m
    used = flows != 0
    flows, times = flows[used], times[used] - times[used][0]

    def value(g):  # scaled so that no term overflows
        powers = -g * times
        return float(np.sum(flows * np.exp(powers - powers.max())))

    grid = np.linspace(-40, 40, 801)
    signs = np.sign([value(g) for g in grid])
    (crossing,) = np.nonzero(np.diff(signs))[0]
    return np.expm1(brentq(value, grid[crossing], grid[crossing + 1], xtol=1e-15, rtol=1e-15))


def project(m, years, build, life, scale):
    """Calls for some years, receipts from then on, one lane after the other."""
    steps = int(m * years)
    flows = np.zeros((steps, kernel.LANES))
    for l in range(kernel.LANES):
        first = int(RNG.integers(0, max(1, steps // 4)))
        built = min(first + max(1, int(m * build * RNG.uniform(0.5, 1.5))), steps - 1)
        end = min(built + max(1, int(m * life)), steps)
        flows[first:built, l] = -RNG.uniform(0.1, 10.0, built - first)
        flows[built:end, l] = RNG.uniform(0.0, 1.0, end - built) * scale
    return flows


@pytest.mark.parametrize("m", [1, 4, 12])
@pytest.mark.parametrize(("build", "life", "scale"), [(3, 20, 2.0), (1, 2, 30.0), (5, 30, 0.2), (2, 15, 8.0)])
def test_irr__of_one_project(m, build, life, scale):
    flows = project(m, 40, build, life, scale)
    got = kernel.rates_of_return(flows, m)
    for l in range(kernel.LANES):
        expected = exact_rate(flows[:, l], m)
        assert got[l] == pytest.approx(expected, abs=1e-9 * (1 + abs(expected))), l


@pytest.mark.parametrize("m", [1, 4, 12])
def test_irr__early_and_late_receipts(m):
    """One call, one receipt: (receipt / call)^(1 / years) - 1, wherever in the horizon the two are."""
    steps, flows, expected = 30 * m, np.zeros((30 * m, kernel.LANES)), np.empty(kernel.LANES)
    for l in range(kernel.LANES):
        call, years = (0, 1 + l % 29) if l % 2 else (l % (steps - 5 * m), 1 + l % 5)
        receipt = 10.0 ** RNG.uniform(-1.0, 1.0)
        flows[call, l], flows[min(call + years * m, steps - 1), l] = -1.0, receipt
        span = (min(call + years * m, steps - 1) - call) / m
        expected[l] = receipt ** (1 / span) - 1
    np.testing.assert_allclose(kernel.rates_of_return(flows, m), expected, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("m", [1, 4, 12])
@pytest.mark.parametrize("size", [1e-2, 1e-6, 1e-12])
def test_irr__tiny_receipts(m, size):
    """Late and tiny receipts give a rate near -1 that is a root all the same."""
    flows = project(m, 40, 3, 20, 1.0)
    flows = np.where(flows > 0, flows * size, flows)
    got = kernel.rates_of_return(flows, m)
    for l in range(kernel.LANES):
        assert got[l] == pytest.approx(exact_rate(flows[:, l], m), abs=1e-9), l


def test_irr__rates_below_the_reach_end_at_its_edge():
    """The search ends at log(1 + r) = -600 / years of the horizon; what lies below is reported as that rate."""
    flows = np.zeros((200, 1))
    flows[10], flows[11] = -1.0, 1e-6
    assert kernel.rates_of_return(flows, 4)[0] == pytest.approx(np.expm1(-600 / 50), abs=1e-9)


def test_irr__no_receipts_is_minus_one():
    flows = -RNG.uniform(0.0, 1.0, (37, kernel.LANES))
    assert (kernel.rates_of_return(flows, 4) == -1.0).all()


CHANGES = {
    "once": ([-5, -1, 2, 3, 4], True),
    "receipts_while_building": ([-5, 1, -2, 4, 6], True),  # flows change thrice, their running sum once
    "both_thrice": ([-5, 9, -6, 1, 9], False),
    "no_root_at_all": ([-5, 3, 4, 0, -9] + [0] * 15, False),
    "zeros_do_not_count": ([0, -5, 0, 0, 8, 0], True),
    "never_paid_back": ([-5, 1, 1, 0, 0], True),
}


@pytest.mark.parametrize("case", CHANGES)
def test_irr__defined_where_flows_or_their_sum_change_sign_once(case):
    flows, defined = np.array(CHANGES[case][0], float), CHANGES[case][1]
    got = kernel.rates_of_return(flows[:, None], 1)[0]
    assert np.isfinite(got) == defined
    if defined:
        used = flows[np.argmax(flows != 0) :]
        assert np.sum(used * (1 + got) ** -np.arange(used.size)) == pytest.approx(0.0, abs=1e-9)


def test_irr__undefined_without_a_root_on_a_short_horizon():
    """Below 16 years the edge of the search, log(1 + r) = -600 / years, is -1 in floats."""
    flows = np.array([-5, 3, 4, 0, -9], float)  # no root, and two changes of sign of flows and of their sum
    assert np.isnan(kernel.rates_of_return(flows[:, None], 1)[0])


def test_irr__lane_does_not_depend_on_its_neighbours():
    flows = project(4, 30, 3, 20, 2.0)
    together = kernel.rates_of_return(flows, 4)
    alone = [kernel.rates_of_return(flows[:, [l]], 4)[0] for l in range(kernel.LANES)]
    assert (together == np.array(alone)).all()
