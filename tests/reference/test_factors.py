"""Factors: without noise, their means, parity, and how regimes and events shift them."""

import datetime as dt
import math

import numpy as np
import pytest
from scipy import stats

import reference as ref
from paper_world import Fixed, known


def test_poisson__smallest_count_beyond_u():
    u = np.array([0.0, math.exp(-0.5) - 1e-9, math.exp(-0.5) + 1e-9, 0.95, 0.999999])
    counts, margin = ref.poisson_counts(0.5, u)
    assert counts.tolist() == [0, 0, 1, 2, int(stats.poisson.ppf(0.999999, 0.5))]
    assert margin[1] == pytest.approx(1e-9, rel=1e-3)


def factors(specs, n=20_000, years=3, m=2, **rest):
    study = {"factors": specs, **rest}
    clock = ref.Calendar(dt.date(2026, 3, 31), m, years)
    return ref.simulate_factors(study, clock, np.arange(n), ref.Draws(5), ref.exact_value)


def test_factors__without_noise():
    got = factors(
        {
            "g": {"process": {"gbm": {"start": 2, "drift": 0.1, "sigma": 0}}, "season": [1.5, 0.5]},
            "o": {"process": {"ou": {"start": 2, "mean": 4, "kappa": 0.5, "sigma": 0}}, "cap": 3},
            "v": {
                "process": {"vasicek": {"start": 0.03, "mean": 0.05, "kappa": 0.5, "sigma": 0}},
                "season": [0.01, -0.01],
            },
            "d": {"process": {"deterministic": {"curve": {"knots": [[0, 1], [2, 3]]}}}},
        },
        n=1,
    )
    t = np.arange(1, 7) / 2
    season = np.array([1, 0] * 3)
    assert np.allclose(got.observed["g"][:, 0], 2 * np.exp(0.1 * t) * (0.5 + season))
    assert np.allclose(got.observed["o"][:, 0], np.minimum(4 * np.exp(math.log(0.5) * np.exp(-0.5 * t)), 3))
    assert np.allclose(got.observed["v"][:, 0], 0.05 - 0.02 * np.exp(-0.5 * t) + 0.02 * season - 0.01)
    assert np.allclose(got.observed["d"][:, 0], np.minimum(1 + t, 3))
    assert got.start == {"g": 2, "o": 2, "v": 0.03, "d": 1}


def test_factors__means_are_the_expected_ones():
    got = factors(
        {
            "g": {"process": {"gbm": {"start": 2, "drift": 0.05, "sigma": 0.2}}},
            "o": {"process": {"ou": {"start": 2, "mean": {"value": 3, "growth": 0.02}, "kappa": 0.5, "sigma": 0.4}}},
            "m": {
                "process": {
                    "merton": dict(start=1, drift=0.03, sigma=0.1, jump_intensity=0.5, jump_mean=0.2, jump_sd=0.3)
                }
            },
            "v": {"process": {"vasicek": {"start": 0.03, "mean": 0.05, "kappa": 0.5, "sigma": 0.01}}},
        },
        correlation={"pairs": {"g": {"o": 0.5}}},
    )
    for name in "gom":
        x = got.observed[name]
        error = x.std(axis=1) / math.sqrt(x.shape[1])
        assert (np.abs(x.mean(axis=1) - got.expected[name]) < 4 * error).all(), name
    assert np.allclose(got.expected["m"], np.exp(0.03 * np.arange(1, 7) / 2))
    v = got.observed["v"][-1]
    assert v.std() == pytest.approx(0.01 * math.sqrt(1 - math.exp(-3)), rel=0.02)
    logs = np.log(got.observed["g"][0]), np.log(got.observed["o"][0])
    assert np.corrcoef(*logs)[0, 1] == pytest.approx(0.5, abs=0.02)


def test_factors__ou_mean_is_the_mean_of_x():
    got = factors({"o": {"process": {"ou": {"start": 2, "mean": 3, "kappa": 9, "sigma": 1.5}}}})
    assert got.expected["o"][-1] == pytest.approx(3)
    error = got.observed["o"][-1].std() / math.sqrt(20_000)
    assert got.observed["o"][-1].mean() == pytest.approx(3, abs=4 * error)


def test_factors__parity():
    got = factors(
        {"fx": {"process": {"gbm": {"start": 157, "sigma": 0}}}},
        n=1,
        curves={"usd": {"knots": [[0, 0.04]]}, "jpy": {"knots": [[0, 0.01]]}},
        parties={"funder": {"discount": {"study": "usd", "local": "jpy"}, "fx": "fx"}},
    )
    assert got.observed["fx"][-1, 0] == pytest.approx(157 * (1.01 / 1.04) ** 3)


def test_cholesky__row_wise():
    matrix = np.array([[1, 0.5, 0.2], [0.5, 1, 0.3], [0.2, 0.3, 1]])
    assert np.allclose(ref.cholesky(matrix), np.linalg.cholesky(matrix))
    with pytest.raises(ValueError, match="positive definite"):
        ref.cholesky(np.array([[1, 1.0], [1.0, 1]]))


def shifted(regimes=None, events=None, m=4, cap=None):
    spec = {
        "g": {"process": {"gbm": {"start": 2, "drift": 0, "sigma": 0}}, "cap": cap},
        "v": {"process": {"vasicek": {"start": 0.03, "mean": 0.03, "kappa": 1, "sigma": 0}}},
    }
    study = {"factors": spec, "regimes": regimes, "events": events}
    clock = ref.Calendar(dt.date(2026, 3, 31), m, 2)
    there = ref.simulate_world(study, clock, np.arange(1), Fixed())
    got = ref.simulate_factors(study, clock, np.arange(1), Fixed(), ref.exact_value, there)
    assert got.start == {"g": 2, "v": 0.03} and (got.expected["g"] == 2).all()
    return got.observed["g"][:, 0], got.observed["v"][:, 0]


def test_shifts__states_and_events():
    states = {"a": {"shifts": {"g": 1.5, "v": 0.01}}, "c": {"shifts": {"g": 0.5}}}
    regimes = {"l": {"initial": {"state": "a", "since": dt.date(2026, 1, 1)}, "states": states}}
    half = dt.date(2026, 9, 30) + dt.timedelta(days=46)  # the middle of the third step, of 92 days
    shifts = {"g": 1.2, "v": {"value": -0.02, "lasting_years": 0.5}}
    g, v = shifted(regimes, {"e": known(half, {"moves": {"l": "c"}, "shifts": shifts})})
    assert g == pytest.approx([3, 3, 2 * 1.0 * 1.1, *[2 * 0.5 * 1.2] * 5])
    assert v == pytest.approx([0.04, 0.04, 0.03 + 0.005 - 0.01, 0.01, 0.02, 0.03, 0.03, 0.03])
    assert shifted(regimes, {}, cap=2.5)[0] == pytest.approx([2.5] * 8)


def test_shifts__two_regimes_multiply_means():
    states = {"a": {"shifts": {"g": 1.5}}, "c": {}}
    spec = {"initial": {"state": "a", "since": dt.date(2026, 1, 1)}, "states": states}
    moved = {"e": known(dt.date(2026, 3, 31) + dt.timedelta(days=73), {"moves": {"l": "c", "k": "c"}})}
    g, _ = shifted({"l": spec, "k": spec}, moved, m=1)
    assert g == pytest.approx([2 * (1 + 0.5 * 0.2) ** 2, 2])


def test_shifts__of_a_past_event():
    shifts = {"g": {"value": 1.4, "lasting_years": 0.5}, "v": 0.01}
    g, v = shifted({}, {"e": known(dt.date(2026, 1, 31), {"shifts": shifts})})
    left = 0.5 - 59 / 365.25
    assert g == pytest.approx([2.8, 2 * (1 + 0.4 * (left - 0.25) * 4), *[2] * 6]) and v == pytest.approx([0.04] * 8)
    with pytest.raises(ValueError, match="above 0"):
        shifted({}, {"e": known(dt.date(2027, 1, 31), {"shifts": {"g": 0}})})
