"""Laws: quantiles against both tails, moments, textbook values."""

import math

import numpy as np
import pytest
from scipy import integrate, stats

import reference as ref

CONTINUOUS = {
    "normal": {"normal": {"mean": 2, "sd": 3}},
    "lognormal": {"lognormal": {"mean": 1.2, "sd": 0.25}},
    "uniform": {"uniform": {"min": 1, "max": 4}},
    "triangular": {"triangular": {"min": 70, "mode": 88, "max": 110}},
    "pert": {"pert": {"min": 0.8, "mode": 1.1, "max": 2.5}},
    "beta": {"beta": {"mean": 0.4, "sd": 0.1, "min": 0.2, "max": 1.0}},
    "gamma": {"gamma": {"shape": 2, "scale": 3}},
    "weibull": {"weibull": {"shape": 1.5, "scale": 2}},
    "exponential": {"exponential": {"mean": 0.7}},
    "student_t": {"student_t": {"degrees_of_freedom": 4, "location": 1, "scale": 0.2}},
    "scipy": {"scipy": {"name": "gumbel_r", "args": {"loc": 1, "scale": 2}}},
    "truncated": {"student_t": {"degrees_of_freedom": 3}, "truncate": [1.5, 40]},
    "mixture": {
        "mixture": [
            {"weight": 1, "law": {"gamma": {"shape": 2, "scale": 3}}},
            {"weight": 3, "law": {"normal": {"mean": 0, "sd": 1}}},
        ]
    },
}


@pytest.mark.parametrize("spec", CONTINUOUS.values(), ids=CONTINUOUS)
def test_law__quantile_inverts_both_tails(spec):
    law, z = ref.make_law(spec), np.array([-5.5, -2, -0.3, 0, 0.3, 2, 5.5])
    x = law.at_score(z)
    assert (np.diff(x) > 0).all()
    assert np.allclose(law.cdf(x[:4]), stats.norm.cdf(z[:4]), rtol=1e-7)
    assert np.allclose(law.sf(x[3:]), stats.norm.sf(z[3:]), rtol=1e-7)


@pytest.mark.parametrize(
    ("name", "mean", "sd"),
    [
        ("lognormal", 1.2, 0.25),
        ("beta", 0.4, 0.1),
        ("exponential", 0.7, 0.7),
        ("gamma", 6, math.sqrt(18)),
        ("uniform", 2.5, math.sqrt(0.75)),
    ],
)
def test_law__moments_are_those_of_the_quantity(name, mean, sd):
    law = ref.make_law(CONTINUOUS[name])
    m1, m2 = (
        integrate.quad(lambda z, k=k: law.at_score(z) ** k * stats.norm.pdf(z), -9, 9, limit=400)[0] for k in (1, 2)
    )
    assert (m1, math.sqrt(m2 - m1**2)) == (pytest.approx(mean, rel=1e-7), pytest.approx(sd, rel=1e-6))


def test_law__lognormal_in_three_ways():
    z = np.array([-1.2815515655446004, 0, 1.2815515655446004])
    assert np.allclose(ref.exact_value("", {"lognormal": {"p10": 0.9, "p90": 1.6}}, z), [0.9, 1.2, 1.6])
    assert np.allclose(
        ref.exact_value("", {"lognormal": {"median": 2, "sigma": 0.5}}, np.array([1.0])), 2 * math.exp(0.5)
    )


def test_law__pert_has_the_textbook_mean():
    law = ref.make_law(CONTINUOUS["pert"])
    assert law.frozen.mean() == pytest.approx((0.8 + 4 * 1.1 + 2.5) / 6)


def test_law__points():
    z = stats.norm.ppf([0.1, 0.29, 0.31, 0.69, 0.71, 0.99])
    law = {"discrete": {"values": [3, 1, 2], "probabilities": [0.3, 0.3, 0.4]}}
    assert ref.exact_value("", law, z).tolist() == [1, 1, 2, 2, 3, 3]
    assert ref.exact_value("", 7, z).tolist() == [7] * 6
    assert ref.exact_value("", {"fixed": 7}, z).tolist() == [7] * 6
    cut = {**law, "truncate": [2, 5]}
    assert ref.exact_value("", cut, stats.norm.ppf([0.57, 0.58])).tolist() == [2, 3]  # 4/7 = 0.571
    poisson = {"scipy": {"name": "poisson", "args": {"mu": 5}}}
    assert (
        ref.exact_value("", poisson, z).tolist() == stats.poisson.ppf([0.1, 0.29, 0.31, 0.69, 0.71, 0.99], 5).tolist()
    )


def test_law__empirical_rows_weigh_the_same(tmp_path):
    file = tmp_path / "x.csv"
    file.write_text("a,b\n1,30\n2,10\n3,20\n", encoding="utf-8-sig")
    z = stats.norm.ppf([0.3, 0.4, 0.6, 0.7])
    assert ref.exact_value("", {"empirical": {"csv": str(file), "column": "b"}}, z).tolist() == [
        10,
        20,
        20,
        30,
    ]


def test_law__mixture_with_an_atom():
    law = {"mixture": [{"weight": 0.25, "law": 0}, {"weight": 0.75, "law": {"beta": {"mean": 0.85, "sd": 0.12}}}]}
    z = stats.norm.ppf([0.01, 0.2499, 0.625, 0.9])
    x = ref.exact_value("", law, z)
    beta = ref.make_law({"beta": {"mean": 0.85, "sd": 0.12}})
    assert x[:2].tolist() == [0, 0]
    assert np.allclose(x[2:], beta.frozen.ppf([0.5, (0.9 - 0.25) / 0.75]), rtol=1e-12)


@pytest.mark.parametrize(
    ("tail_mean", "alpha"),
    [(2.04, 1.730), (1.21, 3.071), (1.09, 3.521), (4.47, 0.667), (1.83, 1.937), (1.29, 2.841)],
)
def test_reference_class__published_tail_index(tail_mean, alpha):
    assert ref.pareto_index(tail_mean, 10.0) == pytest.approx(alpha, abs=6e-4)


@pytest.mark.parametrize("triple", [(0.16, 0.14, 1.09), (1.20, 0.55, 2.04), (0.34, 0.19, 1.21), (0.73, 0.18, 4.47)])
def test_reference_class__three_numbers_hold(triple):
    mean, tail_share, tail_mean = triple
    law = ref.make_law({"reference_class": dict(mean=mean, tail_share=tail_share, tail_mean=tail_mean)})

    def integral(a, b):
        return integrate.quad(lambda u: float(law.quantile(np.array(u), np.array(1 - u))), a, b, limit=500)[0]

    body, tail = integral(0, 1 - tail_share), integral(1 - tail_share, 1)
    assert tail / tail_share == pytest.approx(1 + tail_mean, rel=1e-6)
    assert body + tail == pytest.approx(1 + mean, rel=1e-6)
    assert float(law.sf(1.5 - 1e-12)) == pytest.approx(tail_share)
    u = np.array([0.01, 0.3, 0.7])
    assert np.allclose(law.cdf(law.quantile(u, 1 - u)), u)
    assert np.allclose(law.sf(law.quantile(u, 1 - u)), 1 - u)


def test_reference_class__edges():
    atom = ref.make_law({"reference_class": dict(mean=0.16, tail_share=0.2, tail_mean=0.5)})
    assert atom.at_score(np.array([1.0, 5.0])).tolist() == [1.5, 1.5]
    with pytest.raises(ValueError, match="body mean"):
        ref.make_law({"reference_class": dict(mean=2.38, tail_share=0.48, tail_mean=4.27)})


def test_t_copula__keeps_normal_margins():
    draws, paths = ref.Draws(1), np.arange(4000)
    study = {"correlation": {"copula": "t", "degrees_of_freedom": 5, "pairs": {"a": {"b": 0.5}}}}
    e = ref.innovations(study, ["a", "b"], 1, paths, draws, ref.exact_value)
    assert stats.kstest(e["a"][0], "norm").pvalue > 1e-3 and stats.kstest(e["b"][0], "norm").pvalue > 1e-3
    joint = np.mean((e["a"][0] > 2) & (e["b"][0] > 2))  # tail dependence: 0.0086 against 0.0041 under Gauss
    assert joint > 0.005
    tail = ref.exact_value("", {"t_tail": {"degrees_of_freedom": 5}}, np.array([-6.0, 0.0, 6.0]))
    assert (np.diff(tail) > 0).all() and tail[1] == pytest.approx(math.sqrt(5 / stats.chi2.median(5)))
