"""Euler contributions against closed forms, and what stands alone against brute force."""

import numpy as np
import pytest
from scipy import stats

from spvrisk.measures.parts import (
    at_risk_added,
    at_risk_part,
    combined,
    ratio,
    shortfall_added,
    shortfall_part,
)
from spvrisk.measures.risk import contribution
from spvrisk.measures.sample import NORMAL_95, Sample, shortfall, value_at_risk

ROOT = np.array([[1.0, 0.0, 0.0], [0.8, 1.5, 0.0], [-0.5, 0.3, 0.7]])
COVARIANCE = ROOT @ ROOT.T
SHARES = COVARIANCE.sum(axis=0) / np.sqrt(COVARIANCE.sum())
"""Of three normal projects in a standard deviation of their sum."""


def projects(rng, n):
    return (rng.standard_normal((n, 3)) @ ROOT.T).T.copy()


def risk_of(level):
    """Value at risk and expected shortfall of a standard normal loss."""
    q = stats.norm.ppf(float(level))
    return q, stats.norm.pdf(q) / (1 - float(level))


@pytest.mark.parametrize("level", ["0.9", "0.99"])
def test_parts__of_normal_projects_are_euler_s_and_as_uncertain_as_they_say(level):
    rng, runs = np.random.default_rng(12), 600
    z = []
    for _ in range(runs):
        own = projects(rng, 4000)
        whole = own.sum(axis=0)
        for part, times in zip((at_risk_part, shortfall_part), risk_of(level), strict=True):
            found = [part(values, whole, level) for values in own]
            z.append([(f.value - times * s) / f.error for f, s in zip(found, SHARES, strict=True)])
    scores = np.array(z).reshape(runs, 2, 3)
    assert np.all(np.abs(scores.mean(axis=0)) < 0.25)
    covered = np.mean(np.abs(scores) < NORMAL_95, axis=0)
    assert np.all((covered > 0.915) & (covered < 0.985))


@pytest.mark.parametrize("level", ["0.9", "0.95", "0.987", "0.99"])
def test_parts__add_up_to_the_whole(level):
    own = np.random.default_rng(2).standard_t(3, (6, 3001)) * np.arange(1.0, 7.0)[:, None]
    whole = own.sum(axis=0)
    for part, of in ((at_risk_part, value_at_risk), (shortfall_part, shortfall)):
        found = [part(values, whole, level) for values in own]
        assert sum(f.value for f in found) == pytest.approx(of(Sample(whole), level).value, rel=1e-12)
    at_risk = combined([(1.0, at_risk_part(values, whole, level)) for values in own])
    # errors too: where all parts are together, only that of the place is left
    assert at_risk.error == pytest.approx(value_at_risk(Sample(whole), level).error, rel=1e-9)


def test_at_risk_part__error_is_that_of_repeated_runs():
    """Twenty paths in the tail, of projects that the whole tells little of: the error has the line's own, once."""
    rng = np.random.default_rng(21)
    found = []
    for _ in range(1000):
        own = projects(rng, 400)
        whole = own.sum(axis=0)
        found.append([at_risk_part(own[i], whole, "0.95") for i in (0, 2)])
    values, errors = (np.array([[getattr(f, name) for f in pair] for pair in found]) for name in ("value", "error"))
    # the spread of 1,000 has an error of 2 %
    assert np.sqrt(np.mean(errors**2, axis=0)) == pytest.approx(values.std(axis=0), rel=0.07)


def test_shortfall_part__has_value_and_error_of_the_file():
    own = projects(np.random.default_rng(3), 5000)
    whole = own.sum(axis=0)
    order = np.argsort(whole, kind="stable")
    found = shortfall_part(own[1], whole, "0.95")
    assert (found.value, found.error) == pytest.approx(contribution(own[1][order], "0.95"), rel=1e-9)


def test_parts__of_outcomes_are_of_the_paths_on_which_they_came_out():
    """An outcome that moves a normal loss by one: its share of the paths at a loss is a ratio of densities."""
    rng, n = np.random.default_rng(5), 400_000
    bad = rng.random(n) < 0.3
    loss = rng.standard_normal(n) + bad
    found = at_risk_part(np.where(bad, -loss, 0.0), -loss, "0.95")
    q = value_at_risk(Sample(-loss), "0.95").value
    heights = 0.3 * stats.norm.pdf(q - 1.0), 0.7 * stats.norm.pdf(q)
    assert abs(found.value - q * heights[0] / sum(heights)) < 3.5 * found.error < 0.1
    # mean over the tail, of a normal loss above q moved by one
    found = shortfall_part(np.where(bad, -loss, 0.0), -loss, "0.95")
    true = 0.3 * (stats.norm.sf(q - 1.0) + stats.norm.pdf(q - 1.0)) / 0.05
    assert abs(found.value - true) < 3.5 * found.error < 0.1


def test_at_risk_part__where_all_lose_alike():
    whole = np.repeat([-5.0, 1.0], [300, 700])
    part = np.tile([-2.0, -1.0], 500) * (whole < 0)
    found = at_risk_part(part, whole, "0.9")
    rest = at_risk_part(whole - part, whole, "0.9")
    assert found.value == pytest.approx(1.5, abs=0.05) and found.value + rest.value == pytest.approx(5.0)


def test_parts__of_less_than_a_path_are_undefined_as_the_whole_is():
    own = np.random.default_rng(4).normal(size=(2, 50))
    assert np.isnan(shortfall(Sample(own.sum(axis=0)), "0.99").value)
    assert np.isnan(shortfall_part(own[0], own.sum(axis=0), "0.99").value)


def test_parts__of_few_paths_have_no_error():
    own = projects(np.random.default_rng(3), 150)
    whole = own.sum(axis=0)
    assert np.isnan(at_risk_part(own[0], whole, "0.95").value)
    few = shortfall_part(own[0], whole, "0.95")
    assert np.isfinite(few.value) and np.isnan(few.error)


@pytest.mark.parametrize(("added", "of"), [(at_risk_added, value_at_risk), (shortfall_added, shortfall)])
def test_added__is_with_and_without_paired(added, of):
    rng = np.random.default_rng(7)
    found = []
    for _ in range(300):
        own = projects(rng, 2000)
        whole = own.sum(axis=0)
        found.append(added(own[1], whole, "0.95"))
        brute = of(Sample(whole), "0.95").value - of(Sample(own[0] + own[2]), "0.95").value
        assert found[-1].value == pytest.approx(brute, rel=1e-12)
    spread = np.std([figure.value for figure in found], ddof=1)
    assert np.mean([figure.error for figure in found]) == pytest.approx(spread, rel=0.15)


def test_combined__benefit_of_diversification_is_paired():
    """Of independent normal projects the shortfalls add up to more than that of their sum, by a closed form."""
    rng, sds = np.random.default_rng(8), np.array([1.0, 2.0, 3.0])
    _, unit = risk_of("0.95")
    found = []
    for _ in range(300):
        own = rng.standard_normal((3, 3000)) * sds[:, None]
        whole = shortfall(Sample(own.sum(axis=0)), "0.95")
        found.append(combined([*((1.0, shortfall(Sample(values), "0.95")) for values in own), (-1.0, whole)]))
    values, errors = (np.array([getattr(f, name) for f in found]) for name in ("value", "error"))
    assert errors.mean() == pytest.approx(values.std(ddof=1), rel=0.12)
    assert abs(values.mean() - (6.0 - np.sqrt(14.0)) * unit) < 0.05


def test_ratio__error_is_that_of_repeated_runs():
    rng, found = np.random.default_rng(10), []
    for _ in range(300):
        own = projects(rng, 2000)
        whole = own.sum(axis=0)
        found.append(ratio(shortfall_part(own[1], whole, "0.95"), shortfall(Sample(whole), "0.95")))
    values, errors = (np.array([getattr(f, name) for f in found]) for name in ("value", "error"))
    assert errors.mean() == pytest.approx(values.std(ddof=1), rel=0.15)
    assert np.isnan(ratio(found[0], combined([(-1.0, found[0])])).value)
