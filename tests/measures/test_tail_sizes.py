"""How many paths a tail holds, whether it is heavy, and how many would be enough."""

import numpy as np
import pytest
from scipy import stats

from spvrisk.measures.sample import Sample, shortfall
from spvrisk.measures.tail_size import TailSize, tail_size


def tails(law, n, runs, level="0.99"):
    rng = np.random.default_rng(9)
    return [shortfall(Sample(-law.rvs(n, random_state=rng)), level).tail for _ in range(runs)]


@pytest.mark.parametrize(
    ("law", "shape"),
    [(stats.genpareto(0.2), 0.2), (stats.genpareto(0.1), 0.1), (stats.expon(), 0.0), (stats.uniform(), -1.0)],
)
def test_shape__is_that_of_generalised_pareto_laws(law, shape):
    """Excesses of these laws are of the same law, whatever the level."""
    (found,) = tails(law, 2_000_000, 1)
    assert found.shape == pytest.approx(shape, abs=0.04)


def test_shape__error_is_that_of_repeated_samples_of_exponential_losses():
    found = tails(stats.expon(), 40_000, 300)
    assert np.std([tail.shape for tail in found]) == pytest.approx(found[0].shape_error, rel=0.15)


@pytest.mark.parametrize(("law", "least", "most"), [(stats.norm(), 0.0, 0.03), (stats.pareto(2.5), 0.8, 1.0)])
def test_heavy__tells_light_tails_from_heavy_ones(law, least, most):
    assert least <= np.mean([tail.heavy for tail in tails(law, 10_000, 100)]) <= most


@pytest.mark.parametrize(
    ("paths", "shape", "thin", "enough"),
    [(49.9, 0.0, True, 5000), (50.0, 0.0, False, 5000), (199.0, 0.2, True, 20_000), (200.0, 0.2, False, 20_000)],
)
def test_thin__below_fifty_paths_and_two_hundred_of_a_heavy_tail(paths, shape, thin, enough):
    found = TailSize("0.99", paths, shape)
    assert (found.thin, found.enough) == (thin, enough)


def test_tail_size__of_too_few_paths_or_of_one_loss_has_no_shape():
    assert np.isnan(tail_size("0.99", 100, 1.0, 2.0, float("nan")).shape)
    level = tail_size("0.95", 2000, 3.0, 3.0, 0.0)
    assert np.isnan(level.shape) and not level.thin and not level.heavy
    assert shortfall(Sample(np.arange(100.0)), "0.95").tail == pytest.approx(TailSize("0.95", 5.0, np.nan), nan_ok=True)
