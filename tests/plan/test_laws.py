import sys
import time
from itertools import pairwise
from subprocess import run

import numpy as np
import pytest
from law_cases import CASES, LOG, Mixed
from lookup import look_up
from scipy import integrate, optimize, stats
from scipy.special import ndtr

from spvrisk.config.laws import FAMILIES, Law
from spvrisk.plan import families
from spvrisk.plan.distributions import LawError
from spvrisk.plan.tables import TableBook

DENSE = np.concatenate([np.linspace(-5.61, 5.61, 20001), stats.norm.ppf(np.geomspace(1e-8, 0.5, 300))])


def table_of(law):
    book = TableBook()
    index = book.add(Law.model_validate(law))
    return book, book.tables(), index


def quartiles(oracle):
    if hasattr(oracle, "ppf"):
        return oracle.ppf(0.25), oracle.ppf(0.75)
    return tuple(optimize.bisect(lambda x, u=u: float(oracle.cdf(x)) - u + 1e-300, -1e3, 1e3) for u in (0.25, 0.75))


def misses(oracle, q, z):
    """Where the quantiles miss both tolerances of the model's section 2 (in u, in x)."""
    tail, upper = ndtr(-np.abs(z)), z > 0

    def reached(x):  # the probability in the tail that z lies in
        return np.where(upper, oracle.sf(x), oracle.cdf(x))

    low, high = quartiles(oracle)
    width = 1e-6 * (np.abs(q) + high - low)
    from_left, from_right = reached(q - width), reached(q + width)
    bracket = (np.minimum(from_left, from_right) <= tail) & (tail <= np.maximum(from_left, from_right))
    return ~(bracket | (np.abs(reached(q) - tail) <= 1e-6 * tail))


@pytest.mark.parametrize("name", CASES)
def test_table__meets_the_accuracy_between_1e_8_and_its_complement(name):
    law, oracle = CASES[name]
    _, tables, index = table_of(law)
    cuts = tables.segment[:, 0]
    z = np.concatenate([DENSE, *(cut + np.geomspace(1e-7, 0.1, 40) * side for cut in cuts for side in (-1, 1))])
    z = z[np.abs(z) < 5.61]
    assert not misses(oracle, look_up(tables, index, z), z).any()


def test_misses__sees_an_error_of_two_millionths():
    law, oracle = CASES["gamma"]
    _, tables, index = table_of(law)
    q = look_up(tables, index, DENSE)
    assert misses(oracle, q + 3e-6 * (np.abs(q) + 5), DENSE).mean() > 0.9


GAMMA = stats.gamma(2.5, scale=0.4)
ONE_SIDED = {
    "lognormal": ({"lognormal": {"mean": 1.2, "sd": 0.25}}, LOG, 0.85),
    "normal": ({"normal": {"mean": 1, "sd": 0.2}}, stats.norm(1, 0.2), 0),
    "gamma": ({"gamma": {"shape": 2.5, "scale": 0.4}}, GAMMA, 0.5),
    "weibull": ({"weibull": {"shape": 1.7, "scale": 1}}, stats.weibull_min(1.7), 0.5),
    "exponential": ({"exponential": {"mean": 2}}, stats.expon(scale=2), 0.3),
    "student_t": ({"student_t": {"degrees_of_freedom": 5, "location": 1, "scale": 0.2}}, stats.t(5, 1, 0.2), 0.5),
    "scipy": ({"scipy": {"name": "genextreme", "args": {"c": 0.1, "loc": 2}}}, stats.genextreme(0.1, 2), 1.5),
    "mixture": (
        {
            "mixture": [
                {"weight": 0.3, "law": {"gamma": {"shape": 2.5, "scale": 0.4}}},
                {"weight": 0.7, "law": {"normal": {"mean": 3, "sd": 1}}},
            ]
        },
        Mixed((0.3, GAMMA), (0.7, stats.norm(3))),
        0.5,
    ),
}


def moments_above(oracle, low):
    """Mean and standard deviation of a law, given that it lies above `low`, by quadrature of its survival function."""
    tail = oracle.sf(low)
    ends = [low, low + 1, low + 5, low + 40, np.inf]

    def integral(weight):
        parts = (integrate.quad(lambda y: weight(y) * oracle.sf(y), *cut, epsabs=1e-14) for cut in pairwise(ends))
        return sum(part for part, _ in parts) / tail

    mean, square = integral(lambda y: 1.0), integral(lambda y: 2 * (y - low))
    return low + mean, np.sqrt(square - mean**2)


@pytest.mark.parametrize("end", [1e6, 1e10, 1e11, 1e12, 1e18, 1e50, 1e99, None])
@pytest.mark.parametrize("name", ONE_SIDED)
def test_truncation__an_end_far_beyond_the_law_does_not_count(name, end):
    law, oracle, low = ONE_SIDED[name]
    book, _, index = table_of({**law, "truncate": [low, end]})
    report = book.report(index)
    np.testing.assert_allclose([report.mean, report.sd], moments_above(oracle, low), rtol=1e-7)
    np.testing.assert_allclose([report.table_mean, report.table_sd], moments_above(oracle, low), rtol=1e-6)
    book, _, index = table_of({**law, "truncate": [low, 100]})
    assert report.nodes <= 1.1 * book.report(index).nodes


@pytest.mark.parametrize("end", [-1e6, -1e11, -1e12, -1e18, -1e99, None])
@pytest.mark.parametrize("name", ["normal", "student_t"])
def test_truncation__a_lower_end_far_beyond_the_law_does_not_count(name, end):
    law, oracle, _ = ONE_SIDED[name]  # symmetric about 1
    mean, sd = moments_above(oracle, 0.7)
    book, _, index = table_of({**law, "truncate": [end, 1.3]})
    report = book.report(index)
    np.testing.assert_allclose([report.table_mean, report.table_sd], [2 - mean, sd], rtol=1e-6)
    assert report.nodes <= 300


@pytest.mark.parametrize("cap", [1e3, 1e9, 1e15])
def test_reference_class__with_a_cap_far_away_has_a_small_table(cap):
    law = {"reference_class": {"mean": 0.16, "tail_share": 0.14, "tail_mean": 1.09, "cap": cap}}
    book, _, index = table_of(law)
    report = book.report(index)
    np.testing.assert_allclose(report.table_mean, 1.16, rtol=1e-6)
    assert report.nodes <= 1300


@pytest.mark.parametrize("name", CASES)
def test_table__is_monotone_clamped_and_finite(name):
    _, tables, index = table_of(CASES[name][0])
    q = look_up(tables, index, np.linspace(-7, 7, 200001))
    assert np.all(np.isfinite(q))
    assert np.diff(q).min() >= -8 * np.spacing(np.abs(tables.affine[index]).sum() + np.abs(q).max())
    assert look_up(tables, index, [-7.5, -40]).tolist() == [q[0]] * 2
    np.testing.assert_allclose(look_up(tables, index, [7.5, 40]), q[-1], rtol=1e-15)


@pytest.mark.parametrize("name", [name for name, (_, oracle) in CASES.items() if hasattr(oracle, "std")])
def test_report__has_the_moments_of_law_and_table(name):
    law, oracle = CASES[name]
    book, _, index = table_of(law)
    report = book.report(index)
    np.testing.assert_allclose(report.mean, oracle.mean(), rtol=1e-12, atol=1e-15)
    if np.isfinite(oracle.std()):
        np.testing.assert_allclose(report.sd, oracle.std(), rtol=1e-11)
    if name not in ("lognormal_wide", "student_t_heavy"):  # |z| <= 7 leaves out some of their mass
        np.testing.assert_allclose(report.table_mean, oracle.mean(), rtol=1e-6, atol=1e-12)
        np.testing.assert_allclose(report.table_sd, oracle.std(), rtol=2e-6)


@pytest.mark.parametrize("name", ["truncated_lognormal", "truncated_normal_tail", "truncated_triangular"])
def test_report__has_the_moments_of_truncated_laws(name):
    law, oracle = CASES[name]
    book, _, index = table_of(law)
    base, report = oracle.base, book.report(index)
    mean = base.expect(lb=oracle.low, ub=oracle.high, epsabs=0, epsrel=1e-12) / oracle.mass
    square = base.expect(lambda x: (x - mean) ** 2, lb=oracle.low, ub=oracle.high, epsabs=0, epsrel=1e-12) / oracle.mass
    np.testing.assert_allclose([report.mean, report.sd], [mean, np.sqrt(square)], rtol=1e-8)
    np.testing.assert_allclose([report.table_mean, report.table_sd], [mean, np.sqrt(square)], rtol=1e-6)


def test_report__table_moments_are_those_of_the_clamped_score():
    book, _, index = table_of(CASES["lognormal_wide"][0])
    report = book.report(index)

    def power(k):  # E[exp(3 k Z)] for Z clamped to |Z| <= 7
        ends = stats.norm.sf(7) * (np.exp(-21 * k) + np.exp(21 * k))
        return ends + np.exp(4.5 * k * k) * (stats.norm.cdf(7 - 3 * k) - stats.norm.cdf(-7 - 3 * k))

    np.testing.assert_allclose(report.table_mean, power(1), rtol=1e-6)
    np.testing.assert_allclose(report.table_sd, np.sqrt(power(2) - power(1) ** 2), rtol=1e-5)
    assert report.table_sd < 0.95 * report.sd


def test_report__mixture_moments():
    book, _, index = table_of(CASES["subscription"][0])
    report = book.report(index)
    mean = 0.75 * 0.85
    sd = np.sqrt(0.75 * (0.12**2 + 0.85**2) - mean**2)
    np.testing.assert_allclose([report.mean, report.sd], [mean, sd], rtol=1e-13)
    np.testing.assert_allclose([report.table_mean, report.table_sd], [mean, sd], rtol=1e-6)


# ---- atoms and steps ------------------------------------------------------------------------------------------


def test_discrete__is_exact():
    law = {"discrete": {"values": [3.3, -1.1, 2.2, 9], "probabilities": [0.2, 0.3, 0.5, 0]}}
    _, tables, index = table_of(law)
    u = np.linspace(0.0005, 0.9995, 1000)
    expected = np.select([u < 0.3, u < 0.8], [-1.1, 2.2], 3.3)
    assert np.array_equal(look_up(tables, index, stats.norm.ppf(u)), expected)
    assert tables.segment.shape == (3, 4)


def test_empirical__gives_the_sample_back():
    sample = np.random.default_rng(3).normal(size=500).round(2)
    _, tables, index = table_of({"empirical": {"values": sample.tolist()}})
    u = (np.arange(500) + 0.5) / 500
    assert np.array_equal(look_up(tables, index, stats.norm.ppf(u)), np.sort(sample))


def test_empirical__truncated_keeps_values_inside():
    _, tables, index = table_of({"empirical": {"values": [1.0, 2.0, 3.0, 4.0]}, "truncate": [2, 3]})
    assert look_up(tables, index, [-1, -0.01, 0.01, 1]).tolist() == [2, 2, 3, 3]


def test_empirical__of_too_many_values_is_refused():
    with pytest.raises(LawError, match="at most 4096 distinct values, got 5000; round"):
        table_of({"empirical": {"values": np.arange(5000.0).tolist()}})


def test_mixture__atoms_are_exact_and_of_their_own_segments():
    _, tables, index = table_of(CASES["subscription"][0])
    edge = stats.norm.ppf(0.25)
    assert np.all(look_up(tables, index, np.linspace(-8, edge - 1e-12, 1001)) == 0.0)
    assert look_up(tables, index, edge + 1e-6) > 0.0
    assert tables.segment[0, 2] == 0 and np.all(tables.coefficient[0] == 0.0)


def test_mixture__of_numbers_has_only_atoms():
    law = {"mixture": [{"weight": 0.1, "law": w} for w in range(10)]}
    _, tables, index = table_of(law)
    u = np.linspace(0.005, 0.995, 100)
    assert np.array_equal(look_up(tables, index, stats.norm.ppf(u)), np.floor(10 * u))


@pytest.mark.parametrize("mean", [1e-9, 0.3, 5, 800.5, 50_000])
def test_poisson__has_the_tables_of_scipys(mean):
    _, tables, index = table_of({"poisson": {"mean": mean}})
    u = np.linspace(0.0005, 0.9995, 1000)
    assert np.array_equal(look_up(tables, index, stats.norm.ppf(u)), stats.poisson(mean).ppf(u))
    _, other, at = table_of({"scipy": {"name": "poisson", "args": {"mu": mean}}})
    assert np.array_equal(look_up(other, at, u), look_up(tables, index, u))


@pytest.mark.parametrize(
    ("name", "args", "oracle"),
    [
        ("poisson", {"mu": 4}, stats.poisson(4)),
        ("binom", {"n": 12, "p": 0.3, "loc": 5}, stats.binom(12, 0.3, 5)),
    ],
)
def test_scipy_discrete__is_exact(name, args, oracle):
    _, tables, index = table_of({"scipy": {"name": name, "args": args}})
    u = np.linspace(0.0005, 0.9995, 1000)
    assert np.array_equal(look_up(tables, index, stats.norm.ppf(u)), oracle.ppf(u))


# ---- sharing --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"normal": {"mean": 5, "sd": 2}}, {"normal": {"mean": 0, "sd": 1}}),
        ({"lognormal": {"median": 5, "sigma": 0.3}}, {"lognormal": {"median": 1, "sigma": 0.3}}),
        ({"uniform": {"min": 0, "max": 1}}, {"uniform": {"min": 5, "max": 9}}),
        ({"triangular": {"min": 0, "mode": 1, "max": 4}}, {"triangular": {"min": 10, "mode": 12, "max": 18}}),
        ({"pert": {"min": 0, "mode": 1, "max": 4}}, {"beta": {"a": 2, "b": 4, "min": 3, "max": 9}}),
        ({"exponential": {"mean": 5}}, {"weibull": {"shape": 1, "scale": 3}}),
        ({"gamma": {"shape": 2, "scale": 3}}, {"gamma": {"shape": 2, "scale": 4}}),
        (
            {"normal": {"mean": 1, "sd": 2}, "truncate": [-1, 5]},
            {"normal": {"mean": 0, "sd": 1}, "truncate": [-1, 2]},
        ),
        ({"uniform": {"min": 0, "max": 1}, "truncate": [-1, 2]}, {"uniform": {"min": 0, "max": 2}}),
        (
            {"scipy": {"name": "gumbel_r", "args": {"loc": 3}}},
            {"scipy": {"name": "gumbel_r", "args": {"scale": 2}}},
        ),
        (1, 2.5),
    ],
)
def test_book__laws_share_a_table_after_location_and_scale(one, other):
    book = TableBook()
    first, second = (book.add(Law.model_validate(law)) for law in (one, other))
    tables = book.tables()
    assert first != second
    assert tables.law[first].tolist() == tables.law[second].tolist()
    assert len(tables.segment) == tables.law[first, 1]


def test_book__an_equal_law_has_the_same_id():
    book = TableBook()
    ids = [book.add(Law.model_validate(CASES[name][0])) for name in [*CASES, *CASES]]
    assert ids[: len(CASES)] == ids[len(CASES) :]


def test_book__different_laws_do_not_share():
    book = TableBook()
    for shape in (2, 2.0000001):
        book.add(Law.model_validate({"gamma": {"shape": shape, "scale": 1}}))
    first, second = book.tables().law
    assert first[0] != second[0]


# ---- refusals -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("law", "message"),
    [
        (
            {"uniform": {"min": 0, "max": 1}, "truncate": [3, 4]},
            r"some probability, got none in \[3, 4\]; .* mean is 0.5",
        ),
        ({"scipy": {"name": "gumble_r"}}, 'law of scipy.stats, got "gumble_r"; did you mean gumbel_r'),
        ({"scipy": {"name": "__init__"}}, "law of scipy.stats"),
        ({"scipy": {"name": "rv_histogram"}}, "law of scipy.stats"),
        ({"scipy": {"name": "multivariate_normal"}}, "law of scipy.stats"),
        (
            {"scipy": {"name": "genextreme", "args": {"shape": 1}}},
            "takes the arguments c, loc, scale, got unknown shape, no c",
        ),
        ({"scipy": {"name": "poisson", "args": {"mu": 1, "scale": 2}}}, "got unknown scale"),
        ({"scipy": {"name": "gengamma", "args": {"a": -1, "c": 1}}}, "domain of scipy's gengamma"),
        ({"scipy": {"name": "poisson", "args": {"mu": 1e9}}}, "at most 4096 distinct values"),
        ({"weibull": {"shape": 0.001, "scale": 1}}, "shape must be at least 0.02"),
        ({"scipy": {"name": "loguniform", "args": {"a": 1, "b": 2, "scale": -1}}}, "domain"),
    ],
)
def test_law__refusals_say_what_is_wrong_and_what_to_do(law, message):
    with pytest.raises(LawError, match=message) as caught:
        table_of(law)
    assert caught.value.remedy


# ---- cost -----------------------------------------------------------------------------------------------------


def test_import__does_without_scipy_stats():
    code = "import sys, spvrisk.plan.tables; sys.exit('scipy.stats' in sys.modules)"
    assert run([sys.executable, "-c", code], check=False).returncode == 0


def test_book__forty_laws_are_quick():
    gammas = [{"gamma": {"shape": 1 + 0.3 * k, "scale": 1}} for k in range(20)]
    betas = [{"beta": {"a": 2 + 0.3 * k, "b": 3}} for k in range(20)]
    book = TableBook()
    start = time.process_time()
    for law in gammas + betas:
        book.add(Law.model_validate(law))
    assert time.process_time() - start < 2.0  # 0.2 s on a free core


@pytest.mark.parametrize(
    "given",
    [
        {"beta": {"mean": 0.8, "sd": 5e-302}},
        {"beta": {"mean": 1e-300, "sd": 1e-301}},
        {"lognormal": {"mean": 1e-300, "sd": 1e-90}},
        {"lognormal": {"p10": 1e-99, "p90": 1e99}},
    ],
    ids=str,
)
def test_law__whose_parameters_overflow_is_refused(given):
    with pytest.raises(LawError) as caught:
        TableBook().add(Law.model_validate(given))
    assert "too far apart" in caught.value.rule and caught.value.remedy


def test_families__of_studies_are_those_of_plans():
    assert set(families.FAMILIES) == set(FAMILIES)
