"""Multiples of laws and laws that are moved, against their quantiles."""

import numpy as np
import pytest

from spvrisk.config.laws.law import Law
from spvrisk.config.laws.moved import NotOfTheFamilyError, plus, times, written
from spvrisk.plan.laws import distribution

LAWS = {
    "fixed": 3.0,
    "normal": {"normal": {"mean": 2, "sd": 0.5}},
    "lognormal": {"lognormal": {"mean": 2, "sd": 0.5}},
    "lognormal_median": {"lognormal": {"median": 2, "sigma": 0.3}},
    "lognormal_quantiles": {"lognormal": {"p10": 1, "p90": 3}},
    "uniform": {"uniform": {"min": 1, "max": 3}},
    "triangular": {"triangular": {"min": 1, "mode": 2, "max": 4}},
    "pert": {"pert": {"min": 1, "mode": 2, "max": 4}},
    "beta": {"beta": {"mean": 0.4, "sd": 0.2}},
    "beta_exponents": {"beta": {"a": 2, "b": 3, "min": 1, "max": 2}},
    "gamma": {"gamma": {"shape": 2, "scale": 0.7}},
    "weibull": {"weibull": {"shape": 2, "scale": 0.7}},
    "exponential": {"exponential": {"mean": 2}},
    "student_t": {"student_t": {"degrees_of_freedom": 8, "location": 1, "scale": 0.5}},
    "discrete": {"discrete": {"values": [1, 2, 5], "probabilities": [0.2, 0.5, 0.3]}},
    "empirical": {"empirical": {"values": [1, 2, 5, 7]}},
    "scipy": {"scipy": {"name": "gamma", "args": {"a": 3.0, "loc": 0.5}}},
    "mixture": {"mixture": [{"weight": 0.3, "law": 1.0}, {"weight": 0.7, "law": {"normal": {"mean": 5, "sd": 1}}}]},
    "truncated": {"normal": {"mean": 2, "sd": 0.5}, "truncate": [1.5, 3.0]},
    "truncated_below": {"normal": {"mean": 2, "sd": 0.5}, "truncate": [1.5, None]},
}
U = np.linspace(0.01, 0.99, 11)
STILL = {"lognormal", "lognormal_median", "lognormal_quantiles", "gamma", "weibull", "exponential"}


def law_of(value):
    return Law.model_validate(value)


def quantiles(law):
    """Quantiles of a law, by its own functions."""
    return distribution(law).quantile(U, 1.0 - U)


@pytest.mark.parametrize("name", LAWS)
def test_written__comes_back(name):
    law = law_of(LAWS[name])
    assert law_of(written(law)) == law


@pytest.mark.parametrize("name", LAWS)
def test_times__multiplies_every_quantile(name):
    law = law_of(LAWS[name])
    np.testing.assert_allclose(quantiles(law_of(times(law, 1.7))), 1.7 * quantiles(law), rtol=1e-9)


@pytest.mark.parametrize("name", [name for name in LAWS if name not in STILL])
def test_plus__moves_every_quantile(name):
    law = law_of(LAWS[name])
    np.testing.assert_allclose(quantiles(law_of(plus(law, -0.4))), quantiles(law) - 0.4, rtol=1e-9)


@pytest.mark.parametrize("name", sorted(STILL))
def test_plus__refuses_laws_that_do_not_move(name):
    with pytest.raises(NotOfTheFamilyError):
        plus(law_of(LAWS[name]), 0.4)


@pytest.mark.parametrize(
    "law", [{"poisson": {"mean": 3}}, {"reference_class": {"mean": 0.16, "tail_share": 0.14, "tail_mean": 1.09}}]
)
def test_times__refuses_laws_without_multiples(law):
    for change in (times, plus):
        with pytest.raises(NotOfTheFamilyError):
            change(law_of(law), 1.5)
