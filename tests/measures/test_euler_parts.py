"""Euler contributions against closed forms, and what stands alone against brute force."""

import numpy as np
import pytest
from scipy import stats

from spvrisk.measures.intervals import NORMAL_95
from spvrisk.measures.parts import (
    at_risk_added,
    at_risk_part,
    combined,
    ratio,
    shortfall_added,
    shortfall_part,
)
from spvrisk.measures.risk import contribution
from spvrisk.measures.sample import Sample, shortfall, value_at_risk

ROOT = np.array([[1.0, 0.0, 0.0], [0.8, 1.5, 0.0], [-0.5, 0.3, 0.7]])
COVARIANCE = ROOT @ ROOT.T
SHARES = COVARIANCE.sum(axis=0) / np.sqrt(COVARIANCE.sum())
"""Of three normal projects in a standard deviation of their sum."""


def projects(rng, n):
    return (rng.standard_normal((n, 3)) @ ROOT.T).T.copy()


def parts_of(of, own, level):
    """Parts of some projects in their sum."""
    return [of(Sample(values), Sample(own.sum(axis=0)), level) for values in own]


def risk_of(level):
    """Value at risk and expected shortfall of a standard normal loss."""
    q = stats.norm.ppf(float(level))
    return q, stats.norm.pdf(q) / (1 - float(level))


@pytest.mark.parametrize("level", ["0.9", "0.99"])
def test_parts__of_normal_projects_are_euler_s_and_as_uncertain_as_they_say(level):
    rng, runs = np.random.default_rng(12), 800
    z = []
    for _ in range(runs):
        own = projects(rng, 4000)
        for part, times in zip((at_risk_part, shortfall_part), risk_of(level), strict=True):
            found = parts_of(part, own, level)
            z.append([(f.value - times * s) / f.error for f, s in zip(found, SHARES, strict=True)])
    scores = np.array(z).reshape(runs, 2, 3)
    assert np.all(np.abs(scores.mean(axis=0)) < 0.25)
    covered = np.mean(np.abs(scores) < NORMAL_95, axis=0)
    assert np.all((covered > 0.915) & (covered < 0.985))


@pytest.mark.parametrize("level", ["0.9", "0.95", "0.987", "0.99"])
def test_parts__add_up_to_the_whole(level):
    own = np.random.default_rng(2).standard_t(3, (6, 3001)) * np.arange(1.0, 7.0)[:, None]
    weights = np.random.default_rng(3).exponential(size=3001)
    for part, of in ((at_risk_part, value_at_risk), (shortfall_part, shortfall)):
        for weight in (None, weights):
            whole = Sample(own.sum(axis=0), weight)
            together = combined([(1.0, part(Sample(values, weight), whole, level)) for values in own])
            assert together.value == pytest.approx(of(whole, level).value, rel=1e-12)
            # errors too: where all parts are together, only that of the whole is left
            assert together.error == pytest.approx(of(whole, level).error, rel=1e-9)


def test_at_risk_part__error_is_that_of_repeated_runs():
    """Twenty paths in the tail, of projects that the whole tells little of: the error has the line's own, once."""
    rng = np.random.default_rng(21)
    found = []
    for _ in range(1000):
        found.append(parts_of(at_risk_part, projects(rng, 400), "0.95")[::2])
    values, errors = (np.array([[getattr(f, name) for f in pair] for pair in found]) for name in ("value", "error"))
    # the spread of 1,000 has an error of 2 %
    assert np.sqrt(np.mean(errors**2, axis=0)) == pytest.approx(values.std(axis=0), rel=0.07)


def test_shortfall_part__has_the_value_of_the_file_and_nearly_its_error():
    """The file's error knows the tail's paths alone, not those on the other side of the value at risk."""
    own = projects(np.random.default_rng(3), 5000)
    value, error = contribution(own[1][np.argsort(own.sum(axis=0), kind="stable")], "0.95")
    found = parts_of(shortfall_part, own, "0.95")[1]
    assert found.value == pytest.approx(value, rel=1e-12) and found.error == pytest.approx(error, rel=0.03)


def test_shortfall_part__error_is_that_of_repeated_runs_where_the_tail_holds_ten_paths():
    """Of a project that makes most of the portfolio's tail, and of one that makes little of it."""
    rng = np.random.default_rng(22)
    found = [parts_of(shortfall_part, projects(rng, 200), "0.95")[1:] for _ in range(1000)]
    values, errors = (np.array([[getattr(f, name) for f in pair] for pair in found]) for name in ("value", "error"))
    assert np.sqrt(np.mean(errors**2, axis=0)) == pytest.approx(values.std(axis=0), rel=0.07)


def test_interval__of_a_fixed_part_of_the_whole_is_that_part_of_the_shortfall_s():
    loss = np.random.default_rng(23).pareto(2.5, 1000)
    whole = shortfall(Sample(-loss), "0.95").interval
    for part in (shortfall_part, shortfall_added):
        found = part(Sample(-0.3 * loss), Sample(-loss), "0.95")
        assert found.interval == pytest.approx((0.3 * whole[0], 0.3 * whole[1]), rel=1e-9)
        assert found.half == (found.interval[1] - found.interval[0]) / 2


def test_interval__of_parts_covers_where_a_symmetric_one_does_not():
    """Of projects with Pareto losses, fifty paths in the tail."""
    rng, scales = np.random.default_rng(24), np.array([1.0, 2.0, 0.5])[:, None]
    many = scales * rng.pareto(2.5, (3, 2_000_000))
    worst = np.argsort(-many.sum(axis=0))[:100_000]
    true = many[2, worst].mean()
    found = [parts_of(shortfall_part, -scales * rng.pareto(2.5, (3, 1000)), "0.95")[2] for _ in range(600)]
    covered = np.mean([figure.interval[0] <= true <= figure.interval[1] for figure in found])
    plain = np.mean([abs(figure.value - true) <= NORMAL_95 * figure.error for figure in found])
    assert covered > max(plain + 0.05, 0.89)


@pytest.mark.parametrize("part", [shortfall_part, shortfall_added, at_risk_added])
@pytest.mark.parametrize("level", ["0.9", "0.95", "0.987", "0.99"])
def test_parts__of_whole_weights_are_those_of_repeated_paths(part, level):
    rng = np.random.default_rng(13)
    own, times = rng.standard_t(3, (2, 2000)), rng.integers(1, 6, 2000)
    weighted = part(*(Sample(values, times.astype(float)) for values in (own[0], own.sum(axis=0))), level)
    repeated = parts_of(part, np.repeat(own, times, axis=1), level)[0]
    assert weighted.value == pytest.approx(repeated.value, rel=1e-11)
    assert weighted.error > repeated.error > 0.0  # fewer paths tell less than more


def test_at_risk_part__of_whole_weights_is_read_off_the_line_of_repeated_paths():
    """The line goes through as many paths on each side, each as often as it weighs."""
    rng = np.random.default_rng(14)
    own, times = rng.standard_t(3, (2, 2000)), rng.integers(1, 6, 2000)
    whole = own.sum(axis=0)
    found = at_risk_part(Sample(own[0], times.astype(float)), Sample(whole, times.astype(float)), "0.95")
    at_risk = value_at_risk(Sample(np.repeat(whole, times)), "0.95").value
    order = np.argsort(-whole, kind="stable")
    place = int(np.flatnonzero(-whole[order] == at_risk)[0])
    reach = int((order.size - 1 - place) ** 0.8)
    near = order[place - reach : place + reach + 1]
    line = np.polyfit(-np.repeat(whole[near], times[near]) - at_risk, -np.repeat(own[0, near], times[near]), 1)
    assert found.value == pytest.approx(line[1], rel=1e-9)


@pytest.mark.parametrize("part", [at_risk_part, shortfall_part])
def test_parts__of_an_importance_sample_closed_form_and_error(part):
    """Losses are drawn about their tail: two normal projects, one of them twice the other."""
    rng, level, sds = np.random.default_rng(15), "0.99", np.array([1.0, 2.0])
    at, share = stats.norm.ppf(0.99) * sds**2 / np.sqrt(5.0), 1.0 / 5.0
    true = share * risk_of(level)[part is shortfall_part] * np.sqrt(5.0)

    def drawn(n):
        own = rng.standard_normal((2, n)) * sds[:, None] + np.where(rng.random(n) < 0.5, at[:, None], 0.0)
        ratio_of_laws = np.exp(np.sum((at[:, None] * own - at[:, None] ** 2 / 2) / sds[:, None] ** 2, axis=0))
        weight = 2.0 / (1.0 + ratio_of_laws)
        return part(Sample(-own[0], weight), Sample(-own.sum(axis=0), weight), level)

    assert abs((many := drawn(200_000)).value - true) < 4 * many.error < 0.05
    found = [drawn(2000) for _ in range(500)]
    values, errors = (np.array([getattr(f, name) for f in found]) for name in ("value", "error"))
    assert np.sqrt(np.mean(errors**2)) == pytest.approx(values.std(), rel=0.12)


def test_parts__of_outcomes_are_of_the_paths_on_which_they_came_out():
    """An outcome that moves a normal loss by one: its share of the paths at a loss is a ratio of densities."""
    rng, n = np.random.default_rng(5), 400_000
    bad = rng.random(n) < 0.3
    loss = rng.standard_normal(n) + bad
    found = at_risk_part(Sample(np.where(bad, -loss, 0.0)), Sample(-loss), "0.95")
    q = value_at_risk(Sample(-loss), "0.95").value
    heights = 0.3 * stats.norm.pdf(q - 1.0), 0.7 * stats.norm.pdf(q)
    assert abs(found.value - q * heights[0] / sum(heights)) < 3.5 * found.error < 0.1
    # mean over the tail, of a normal loss above q moved by one
    found = shortfall_part(Sample(np.where(bad, -loss, 0.0)), Sample(-loss), "0.95")
    true = 0.3 * (stats.norm.sf(q - 1.0) + stats.norm.pdf(q - 1.0)) / 0.05
    assert abs(found.value - true) < 3.5 * found.error < 0.1


def test_at_risk_part__where_all_lose_alike():
    whole = np.repeat([-5.0, 1.0], [300, 700])
    part = np.tile([-2.0, -1.0], 500) * (whole < 0)
    found, rest = parts_of(at_risk_part, np.stack([part, whole - part]), "0.9")
    assert found.value == pytest.approx(1.5, abs=0.05) and found.value + rest.value == pytest.approx(5.0)


def test_parts__of_less_than_a_path_are_undefined_as_the_whole_is():
    own = np.random.default_rng(4).normal(size=(2, 50))
    assert np.isnan(shortfall(Sample(own.sum(axis=0)), "0.99").value)
    assert np.isnan(parts_of(shortfall_part, own, "0.99")[0].value)
    assert np.isnan(parts_of(at_risk_part, own[:, :0], "0.99")[0].value)


def test_parts__of_few_paths_have_no_error():
    own = projects(np.random.default_rng(3), 150)
    assert np.isnan(parts_of(at_risk_part, own, "0.95")[0].value)
    few = parts_of(shortfall_part, own, "0.95")[0]
    assert np.isfinite(few.value) and np.isnan(few.error)


@pytest.mark.parametrize(("added", "of"), [(at_risk_added, value_at_risk), (shortfall_added, shortfall)])
def test_added__is_with_and_without_paired(added, of):
    rng = np.random.default_rng(7)
    found = []
    for _ in range(300):
        own = projects(rng, 2000)
        found.append(parts_of(added, own, "0.95")[1])
        brute = of(Sample(own.sum(axis=0)), "0.95").value - of(Sample(own[0] + own[2]), "0.95").value
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
        found.append(ratio(parts_of(shortfall_part, own, "0.95")[1], shortfall(Sample(own.sum(axis=0)), "0.95")))
    values, errors = (np.array([getattr(f, name) for f in found]) for name in ("value", "error"))
    assert errors.mean() == pytest.approx(values.std(ddof=1), rel=0.15)
    assert np.isnan(ratio(found[0], combined([(-1.0, found[0])])).value)
