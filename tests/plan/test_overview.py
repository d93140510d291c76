"""Figures of `spvrisk plan` that are worked out beside the compiled plan."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from spvrisk.config import load_study
from spvrisk.plan.calendar import date_of, make_grid, time_of
from spvrisk.plan.copula import innovation_correlation
from spvrisk.plan.overview import pairs, project_dates, smallest_eigenvalue

STARTER = Path(__file__).parents[2] / "engine" / "spvrisk" / "data" / "starter.yaml"


@pytest.mark.parametrize("nu", [2.5, 5.0, 30.0])
@pytest.mark.parametrize("rho", [-0.9, 0.3, 0.8])
def test_innovation_correlation__agrees_with_draws(nu: float, rho: float) -> None:
    rng = np.random.default_rng(20260331)
    n = 400_000
    first, own = rng.standard_normal((2, n))
    root = np.sqrt(nu / rng.chisquare(nu, n))
    second = rho * first + np.sqrt(1 - rho**2) * own
    product = stats.norm.ppf(stats.t.cdf(first * root, nu)) * stats.norm.ppf(stats.t.cdf(second * root, nu))
    error = product.std() / np.sqrt(n)
    assert abs(float(innovation_correlation(np.array(rho), nu)) - product.mean()) < 4 * error


def test_innovation_correlation__limits() -> None:
    assert innovation_correlation(np.array([0.0, 1.0, -1.0]), 4.0) == pytest.approx([0, 1, -1], abs=1e-6)
    assert innovation_correlation(np.array([0.3, -0.7]), 1e5) == pytest.approx([0.3, -0.7], abs=1e-6)


@pytest.mark.parametrize("steps_per_year", [1, 4, 12])
def test_date_of__turns_times_back_into_their_days(steps_per_year: int) -> None:
    start = date(2026, 3, 31)
    grid = make_grid(start, 6 * steps_per_year, steps_per_year)
    for number in range(0, 3000, 7):
        day = start + timedelta(days=number)
        assert date_of(grid, start, time_of(grid, start, day)) == day
    after = time_of(grid, start, date(2027, 1, 1)) + 1e-3 / 365
    assert date_of(grid, start, after) == date(2027, 1, 2)


def test_project_dates__of_the_starter() -> None:
    found = project_dates(load_study(STARTER))
    # 45 business days without a holiday of the US among them are nine weeks
    assert found["gas_plant"].due == date(2026, 3, 2) + timedelta(weeks=9) == found["gas_plant"].start
    assert abs(found["gas_plant"].completion - date(2029, 11, 4)) <= timedelta(days=2)
    assert found["port"].start == date(2026, 9, 1)
    assert abs(found["port"].completion - date(2029, 3, 1)) <= timedelta(days=2)


def test_pairs__ranks_become_scores_and_the_copula_lowers_them() -> None:
    study = load_study(STARTER, ["correlation.kind=rank", "correlation.copula=t", "correlation.degrees_of_freedom=4"])
    first, second = pairs(study)
    assert (first.first, first.second, first.entered) == ("wages", "steel", 0.3)
    assert second.score == pytest.approx(2 * np.sin(np.pi * 0.6 / 6))
    assert 0.97 * second.score < second.innovation < second.score
    assert smallest_eigenvalue(study) == pytest.approx(1 - second.score)


def test_pairs__gaussian_leaves_scores_as_they_are() -> None:
    assert [(pair.entered, pair.score, pair.innovation) for pair in pairs(load_study(STARTER))] == [
        (0.3, 0.3, 0.3),
        (0.6, 0.6, 0.6),
    ]
