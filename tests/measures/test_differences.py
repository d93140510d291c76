"""Errors of differences between runs, against replications."""

import numpy as np
import pytest
from scipy import stats

from spvrisk.measures.compare import difference
from spvrisk.measures.sample import Sample, mean, quantile, share, share_finite, shortfall

N, RUNS = 2000, 600
MEASURES = {
    "mean": lambda x: mean(Sample(x)),
    "quantile": lambda x: quantile(Sample(x), "0.1"),
    "median": lambda x: quantile(Sample(x), "0.5"),
    "shortfall": lambda x: shortfall(Sample(x), "0.95"),
    "share": lambda x: share_finite(Sample(np.where(x > 0.5, np.inf, x))),
}


@pytest.fixture(scope="module")
def replications():
    """Pairs of runs ``(run, 2, path)``: skewed, and strongly correlated path by path."""
    rng = np.random.default_rng(5)
    z = rng.standard_normal((RUNS, 2, N))
    z[:, 1] = 0.95 * z[:, 0] + np.sqrt(1 - 0.95**2) * z[:, 1]
    return z - 0.3 * np.exp(0.5 * z) + np.array([0.0, 0.1])[:, None]


@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize("name", MEASURES)
def test_error__is_the_spread_of_differences_between_replications(name, paired, replications):
    of = MEASURES[name]
    if not paired:  # the second of each pair from another replication
        replications = np.stack([replications[:, 0], np.roll(replications[:, 1], 1, axis=0)], axis=1)
    found = [difference(of(b), of(a), paired) for a, b in replications]
    spread = np.std([d.value for d in found])
    errors = np.array([d.error for d in found])
    # the spread of 600 has an error of 3 %; densities in tails and asymptotic errors of shortfall are rougher
    assert np.sqrt(np.mean(errors**2)) == pytest.approx(spread, rel=0.12)
    if paired:
        assert np.median([d.ratio for d in found]) > 1.5


@pytest.mark.parametrize("name", MEASURES)
def test_difference__of_a_run_and_itself_is_nothing(name, replications):
    a = replications[0, 0]
    found = difference(MEASURES[name](a), MEASURES[name](a), True, same=True)
    assert found.value == 0 and found.error == 0 and found.unpaired_error > 0 and np.isnan(found.ratio)


@pytest.mark.parametrize(("change", "paths"), [("dearer", 200), ("capped", 500)])
def test_interval__of_a_paired_change_covers_where_a_symmetric_one_does_not(change, paths):
    """Of an expected shortfall, with ten paths in the tail or beyond the cap: what they make is skewed either way."""
    law, level = stats.lognorm(1.0), 0.95
    cap = law.ppf(0.98)
    # the mean of a lognormal law beyond q is that of all of it times the share of one with a mean higher by one
    beyond = [np.exp(0.5) * stats.norm.sf(np.log(law.ppf(a)) - 1.0) for a in (level, 0.98)]
    true = 0.1 * beyond[0] / 0.05 if change == "dearer" else (0.02 * cap - beyond[1]) / 0.05
    rng, covered, plain = np.random.default_rng(31), [], []
    for _ in range(1500):
        loss = law.rvs(paths, random_state=rng)
        other = 1.1 * loss if change == "dearer" else np.minimum(loss, cap)
        found = difference(*(shortfall(Sample(-x), str(level)) for x in (other, loss)), paired=True)
        covered.append(found.interval[0] <= true <= found.interval[1])
        plain.append(abs(found.value - true) <= 1.96 * found.error)
    assert 0.93 <= np.mean(covered) <= 0.98 and np.mean(plain) < 0.91


def test_interval__of_shares_and_of_runs_apart_is_symmetric():
    rng = np.random.default_rng(32)
    runs = [Sample(rng.lognormal(size=400)) for _ in range(2)]
    shares = [share(run, run.values < 0.05) for run in runs]
    for a, b, paired in ((*shares, True), (*map(mean, runs), False)):
        found = difference(a, b, paired)
        assert found.interval == pytest.approx(found.value + np.array([-1.96, 1.96]) * found.error, rel=1e-4)


def test_figures__of_what_is_undefined_or_infinite():
    x = Sample(np.array([1.0, np.nan, np.inf, 2.0, 3.0, np.nan]))
    assert mean(x).value == 2.0 and quantile(x, "0.5").value == 2.0 and share_finite(x).value == 0.75
    # the error is that of the four or three paths that count, about: of a mean over a drawn number of them
    assert mean(x).error == pytest.approx(np.std([1, 2, 3]) * 2 / np.sqrt(5) / np.sqrt(2), rel=1e-12)
    nothing, fewer = Sample(np.full(5, np.nan)), Sample(x.values[:5])
    for of in (mean, share_finite, lambda v: quantile(v, "0.5"), lambda v: shortfall(v, "0.9")):
        assert np.isnan(of(nothing).value)
        assert np.isnan(difference(of(fewer), of(nothing), True).error)


def figures_of_shares(both, first_only, second_only, n):
    """Two runs whose shares differ on some paths."""
    values = np.full((2, n), np.inf)
    values[:, :both] = 1.0
    values[0, both : both + first_only] = 1.0
    values[1, both + first_only : both + first_only + second_only] = 1.0
    return [share_finite(Sample(row)) for row in values]


def paired_error(b, c, n):
    """Of a difference (b - c) / n: the variance of the paths' differences, and one path each way."""
    spread = (b + c - (b - c) ** 2 / n) / n
    return np.sqrt(spread / (n - 1) + 2 / n**2)


@pytest.mark.parametrize("cells", [(0, 0, 0, 200), (50, 3, 0, 200), (50, 3, 7, 200), (200, 0, 0, 200), (9, 1, 1, 4096)])
def test_difference__of_shares_is_never_certain(cells):
    both, b, c, n = cells
    first, second = figures_of_shares(*cells)
    found = difference(first, second, True)
    assert found.value == pytest.approx((b - c) / n, abs=1e-15)
    assert found.error == pytest.approx(paired_error(b, c, n), rel=1e-12) and found.error > 1 / n
    assert found.unpaired_error >= np.sqrt(2) / n
    low, high = first.interval
    assert low <= first.value <= high and high - low > 1 / n


@pytest.mark.parametrize("n", [200, 4096])
def test_difference__of_shares_covers_by_exact_sums(n):
    """Two errors either way hold the true difference, however rare the paths on which the runs differ."""
    means = np.array([0, 0.05, 0.3, 1, 2, 2.8, 3.5, 4.4, 6, 9, 15, 25])
    b, c = np.meshgrid(np.arange(71), np.arange(71), indexing="ij")
    reach = 1.96 * paired_error(b, c, n)
    for more in means:
        for less in means:
            rare = np.array([more, less, n - more - less]) / n
            chance = stats.multinomial.pmf(np.stack([b, c, n - b - c], axis=-1), n, rare)
            assert chance.sum() > 1 - 1e-9
            assert chance[np.abs((b - c) / n - (more - less) / n) <= reach].sum() >= 0.93, (more, less)


def test_shortfall__of_a_tail_of_few_paths_has_no_error():
    x = Sample(np.random.default_rng(1).standard_normal(999))
    assert np.isfinite(shortfall(x, "0.99").value) and np.isnan(shortfall(x, "0.99").error)


def test_shortfall__is_that_of_the_summary():
    from spvrisk.measures.risk import expected_shortfall

    x = np.random.default_rng(1).standard_normal(1001)
    figure = shortfall(Sample(x), "0.99")
    value, error = expected_shortfall(np.sort(x), "0.99")
    assert figure.value == value and figure.error == pytest.approx(error, rel=1e-9)
