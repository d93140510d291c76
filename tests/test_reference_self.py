"""Hand-checked cases of the reference itself: published vectors, closed forms, and cash worked on paper."""

import datetime as dt
import math
from copy import deepcopy
from fractions import Fraction

import holidays
import numpy as np
import pytest
from scipy import integrate, linalg, stats

import reference as ref

# ---- random numbers ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ([0] * 4, [0] * 2, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            [0xA4093822, 0x299F31D0],
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)
def test_philox__random123_vectors(counter, key, expected):
    assert " ".join(f"{int(word):08x}" for word in ref.philox4x32_10(counter, key)) == expected


def test_words__layout():
    seed, path, name = 0x0123456789ABCDEF, (7 << 32) + 5, "factor/henry_hub"
    block = ref.philox4x32_10([5, 7, ref.stream(name), 3], [0x89ABCDEF, 0x01234567])
    assert [int(ref.words(seed, path, name, 12 + i)) for i in range(4)] == [int(word) for word in block]
    many = ref.Draws(seed).words(name, np.arange(9), np.array([path, 1, 2]))
    assert many.shape == (9, 3) and many.dtype == np.uint32
    assert many[6, 0] == ref.words(seed, path, name, 6)


def test_scores__symmetric_and_monotone():
    word = np.array([0, 1, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1])
    z = ref.score_from_word(word)
    assert np.array_equal(z, -z[::-1])
    assert (np.diff(z) > 0).all() and 6.3 < z[-1] <= 6.34
    assert np.allclose(stats.norm.cdf(z[:3]), ref.uniform_from_word(word[:3]), rtol=1e-14)


def test_choice__first_beyond_u():
    assert ref.choice([0.2, 0.5, 1.0], 0.2)[0] == 1
    assert ref.choice([0.2, 0.5, 1.0], 0.1999)[0] == 0
    assert ref.choice([0.2, 0.5, 1.0], 0.45) == (1, pytest.approx(0.05))


def test_poisson__smallest_count_beyond_u():
    u = np.array([0.0, math.exp(-0.5) - 1e-9, math.exp(-0.5) + 1e-9, 0.95, 0.999999])
    counts, margin = ref.poisson_counts(0.5, u)
    assert counts.tolist() == [0, 0, 1, 2, int(stats.poisson.ppf(0.999999, 0.5))]
    assert margin[1] == pytest.approx(1e-9, rel=1e-3)


# ---- laws ----------------------------------------------------------------------------------------

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


# ---- calendar and curves -------------------------------------------------------------------------


def test_calendar__month_ends_and_times():
    clock = ref.Calendar(dt.date(2026, 3, 31), 4, 8)
    assert [clock.step_start(t) for t in (0, 1, 2, 3, 4)] == [
        dt.date(2026, 3, 31),
        dt.date(2026, 6, 30),
        dt.date(2026, 9, 30),
        dt.date(2026, 12, 31),
        dt.date(2027, 3, 31),
    ]
    assert clock.time_of(dt.date(2026, 4, 23)) == pytest.approx(23 / 91 / 4, rel=1e-15)
    assert clock.time_of(dt.date(2026, 6, 29)) == pytest.approx(90 / 91 / 4, rel=1e-15)
    assert clock.time_of(dt.date(2026, 6, 30)) == 0.25
    assert clock.time_of(dt.date(2026, 2, 24)) == pytest.approx((-1 + 55 / 90) / 4)  # from 2025-12-31
    assert clock.date_of(0.25)[0] == dt.date(2026, 6, 30)
    assert clock.date_of(0.25 + 1e-9)[0] == dt.date(2026, 7, 1)
    assert ref.add_months(dt.date(2028, 1, 31), 1) == dt.date(2028, 2, 29)


@pytest.mark.parametrize("m", [1, 2, 4, 12])
@pytest.mark.parametrize("value_date", [dt.date(2026, 3, 31), dt.date(2024, 2, 29), dt.date(2026, 1, 15)])
def test_calendar__time_of_lies_in_its_step(m, value_date):
    clock = ref.Calendar(value_date, m, 5)
    for days in range(-70, 1200, 13):
        date = value_date + dt.timedelta(days=days)
        step = math.floor(clock.time_of(date) * m + 1e-9)
        assert clock.step_start(step) <= date < clock.step_start(step + 1)


def test_due_date__the_announced_projects():
    assert ref.due_date(dt.date(2026, 2, 17), 45, ["US", "JP"]) == dt.date(2026, 4, 23)
    assert ref.due_date(dt.date(2026, 3, 19), 45, ["US", "JP"]) == dt.date(2026, 5, 29)
    assert ref.due_date(dt.date(2026, 1, 2), 1, []) == dt.date(2026, 1, 5)


def test_curve__forms():
    times = np.array([0, 1, 2, 3, 9.0])
    assert ref.curve_at({"value": 4, "growth": 0.5}, times[:3]).tolist() == [4, 6, 9]
    assert ref.curve_at({"knots": [[1, 1], [2, 2], [2, 5], [4, 7]]}, times).tolist() == [1, 1, 5, 6, 7]
    assert ref.curve_at(3, times).tolist() == [3] * 5
    clock = ref.Calendar(dt.date(2026, 3, 31), 4, 8)
    dated = {"dates": {dt.date(2026, 3, 31): 0, dt.date(2026, 6, 30): 1}}
    assert ref.curve_at(dated, np.array([0.125, 1]), clock).tolist() == [0.5, 1]


# ---- factors -------------------------------------------------------------------------------------


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


# ---- the clock -----------------------------------------------------------------------------------


class Fixed(ref.Draws):
    """Uniforms from a table by (name, index), 0.5 otherwise; scores all 0."""

    def __init__(self, table=()):
        super().__init__(0)
        self.table = dict(table)

    def uniforms(self, name, index, paths):
        return np.full(
            np.shape(index) + (len(paths),),
            self.table.get((name, index if np.ndim(index) == 0 else None), 0.5),
        )

    def scores(self, name, index, paths):
        return np.zeros(np.shape(index) + (len(paths),))


def world(layers, events=None, draws=None, n=1, years=4, m=4):
    clock = ref.Calendar(dt.date(2026, 3, 31), m, years)
    return ref.simulate_world({"layers": layers, "events": events}, clock, np.arange(n), draws or Fixed())


STATES = {"a": {"attributes": {"x": 0.0}}, "b": {"attributes": {"x": 1.0}}, "c": {"attributes": {"x": 4.0}}}


def test_clock__threshold_lives_on_through_an_event():
    layers = {
        "l": {
            "initial": {"state": "a", "since": dt.date(2026, 1, 1)},
            "states": STATES,
            "hazards": {"a": {"b": 0.5}, "c": {"a": 2.0, "b": 2.0}},
        }
    }
    events = {
        "e": {
            "date": dt.date(2027, 3, 31),
            "outcomes": {"no": {"moves": {}}, "yes": {"moves": {"l": "c"}}},
            "probabilities": {"no": 0.4, "yes": 0.6},
        }
    }
    one = 1 - math.exp(-1)  # a threshold of 1
    draws = Fixed(
        {
            ("layer/l/hold", 0): one,
            ("event/e/outcome", 0): 0.41,
            ("layer/l/to", 0): 0.6,
            ("layer/l/hold", 1): 0.999,
        }
    )
    got = world(layers, events, draws)
    # half of the threshold is used up by the event at year 1, the rest goes at intensity 4: a jump at 1.125
    assert [(pytest.approx(t), *rest) for t, *rest in got.jumps[0]] == [
        (1.0, "l", "a", "c", "event:e"),
        (1.125, "l", "c", "b", "hazard"),
    ]
    assert got.attributes["l", "x"][:, 0] == pytest.approx([0, 0, 0, 0, 0.5 * 4 + 0.5 * 1] + [1] * 11)
    assert got.outcomes["e"].tolist() == [1] and got.final_states["l"].tolist() == [1]
    assert got.margins["clock_choice"][0] == pytest.approx(0.01)


def test_clock__state_expires_on_its_day():
    states = {
        "a": {**STATES["a"], "expires": {"after_days": 150, "outcome": {"b": 0.5, "c": 0.5}}},
        "b": STATES["b"],
        "c": STATES["c"],
    }
    layers = {
        "l": {
            "initial": {"state": "a", "since": dt.date(2026, 2, 24)},
            "states": states,
            "hazards": {"c": {"a": 1.0}},
        }
    }
    draws = Fixed({("layer/l/hold", 0): 1 - math.exp(-0.1), ("layer/l/clock", 0): 0.5, ("layer/l/hold", 1): 0.9})
    got = world(layers, draws=draws)
    july = ref.Calendar(dt.date(2026, 3, 31), 4, 4).time_of(dt.date(2026, 7, 24))
    assert got.jumps[0][0] == (july, "l", "a", "c", "clock")
    # back in a at july + 0.1 years = 2026-08-29.7: the entry is the 30th, the 150 days end on 2027-01-27
    assert got.jumps[0][1] == (pytest.approx(july + 0.1), "l", "c", "a", "hazard")
    assert ref.Calendar(dt.date(2026, 3, 31), 4, 4).time_of(dt.date(2027, 1, 27)) == got.jumps[0][2][0]


def test_clock__event_goes_before_clock_on_the_same_day():
    states = {
        "a": {**STATES["a"], "expires": {"after_days": 100, "outcome": {"b": 1.0}}},
        "b": STATES["b"],
        "c": STATES["c"],
    }
    layers = {"l": {"initial": {"state": "a", "since": dt.date(2026, 3, 31)}, "states": states}}
    events = {
        "e": {
            "date": dt.date(2026, 7, 9),
            "outcomes": {"o": {"moves": {"l": "c"}}},
            "probabilities": {"o": 1.0},
        }
    }
    assert [jump[3] for jump in world(layers, events).jumps[0]] == ["c"]


def test_clock__rules_by_state_and_earlier_outcome():
    layers = {"l": {"initial": {"state": "a", "since": dt.date(2026, 1, 1)}, "states": STATES}}
    outcomes = {"p": {"moves": {"l": "b"}}, "q": {"moves": {}}}

    def events(first):
        rules = [
            {"when": {"layers": {"l": "b"}, "outcomes": {"one": "p"}}, "is": {"p": 0, "q": 1}},
            {"when": {"outcomes": {"one": "q"}}, "is": {"p": 1, "q": 0}},
            {"is": {"p": 0.5, "q": 0.5}},
        ]
        sure = {"p": float(first == "p"), "q": float(first == "q")}
        return {
            "two": {"date": dt.date(2028, 1, 1), "outcomes": outcomes, "probabilities": rules},
            "one": {"date": dt.date(2027, 1, 1), "outcomes": outcomes, "probabilities": sure},
            "late": {"date": dt.date(2040, 1, 1), "outcomes": outcomes, "probabilities": rules},
        }

    for first, second in (("p", 1), ("q", 0)):
        got = world(layers, events(first))
        assert got.outcomes["two"].tolist() == [second]
        assert got.outcomes["late"].tolist() == [-1]


def test_clock__occupancy_is_the_matrix_exponential():
    hazards = {"a": {"b": 1.0, "c": 0.5}, "b": {"c": 2.0}, "c": {"a": 0.3, "b": 0.2}}
    layers = {"l": {"initial": {"state": "a", "since": dt.date(2026, 1, 1)}, "states": STATES, "hazards": hazards}}
    n, got = 1500, world(layers, draws=ref.Draws(3), n=1500, years=2)
    rates = np.array([[-1.5, 1, 0.5], [0, -2, 2], [0.3, 0.2, -0.5]])
    expected = linalg.expm(rates * 2)[0]
    share = np.bincount(got.final_states["l"], minlength=3) / n
    assert (np.abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) / n)).all()
    mean = np.array([integrate.quad(lambda t, j=j: linalg.expm(rates * t)[0, j], 1.75, 2)[0] * 4 for j in range(3)])
    assert np.allclose(got.occupancy["l"][:, -1].mean(axis=1), mean, atol=4 * 0.5 / math.sqrt(n))
    assert np.allclose(got.occupancy["l"].sum(axis=0), 1)


# ---- the split -----------------------------------------------------------------------------------


def yearly(capital, cash, rate="0.06", **more):
    return ref.split_exact(
        [Fraction(cash)] * 20,
        mode="periodic",
        rates=Fraction(rate),
        life=20,
        paid_in=Fraction(capital),
        **more,
    )


@pytest.mark.parametrize(
    ("cash", "funder", "host", "irr", "carry", "places"),
    [("2.7", 27.000, 27.000, -0.0192, 27.28, 3), ("6.0", 55.42, 64.58, 0.0580, 0.0, 2)],
)
def test_split__published_waterfall(cash, funder, host, irr, carry, places):
    rows = yearly("33.3", cash)
    assert rows[0]["due"] == Fraction("3.663")
    assert round(float(sum(row["funder"] for row in rows)), places) == funder
    assert round(float(sum(row["host"] for row in rows)), places) == host
    assert round(float(rows[-1]["carry"]), 2) == carry
    calls = np.array([33.3] + [0.0] * 20)
    receipts = np.array([0.0] + [float(row["funder"]) for row in rows])
    assert ref.irr(calls, receipts, np.arange(21.0))[0] == pytest.approx(irr, abs=5e-5)


def test_split__published_first_due_and_carry():
    assert yearly("10", "2.7", "0.055")[0]["due"] == Fraction("1.05")
    row = ref.split_exact([Fraction("0.5")], mode="cumulative", rates=0, paid_in=1)[0]  # due 1.0, cash 0.5
    assert (row["paid"], row["due"] - row["paid"]) == (Fraction(1, 4), Fraction(3, 4))


def test_split__cumulative_by_hand():
    rows = ref.split_exact([50, 200, 300], mode="cumulative", rates=Fraction(1, 10), calls=[0, 100, 0], paid_in=100)
    # 110 due, 25 paid, 85 open; 93.5 due, 187 in tier one: 93.5 + 1.3, 100 open; 110 due, 220: 110 + 8
    assert [row["due"] for row in rows] == [110, Fraction("93.5"), 110]
    assert [row["funder"] for row in rows] == [25, Fraction("94.8"), 118]
    assert [row["balance"] for row in rows] == [85, 100, 0]


@pytest.mark.parametrize("mode", ["periodic", "cumulative"])
@pytest.mark.parametrize("flags", [(False, False), (True, False), (False, True), (True, True)])
def test_split__float_agrees_with_fractions(mode, flags):
    rng = np.random.default_rng(4)
    T, n, m, L, life = 24, 5, 4, 2.5, 4.25
    A = np.round(rng.gamma(1.0, 20.0, (T, n)) * (np.arange(T)[:, None] > 4), 3)
    K = np.round(rng.uniform(0, 60, (T, n)) * (np.arange(T)[:, None] < 6), 3)
    rate, completion = rng.normal(0.04, 0.03, (T, n)), np.array([0.0, 1.0, 1.3, 1.499, 9.0])
    terms = dict(mode=mode, first_share=0.5, second_share=0.1, reference_rate="r", spread=0.01, deemed_life_years=L)
    terms |= dict(carry_interest="deemed_rate" if flags[0] else "none", interest_before_completion=flags[1])
    ends = np.arange(1, T + 1)[:, None] / m
    flows = {
        "available_cash": A,
        "capital": K,
        "age_start": np.clip(ends - 1 / m - completion, 0, life),
        "age_end": np.clip(ends - completion, 0, life),
    }
    ctx = ref.Context(
        {"agreement": {"split": terms}},
        ref.Calendar(dt.date(2026, 3, 31), m, T / m),
        np.arange(n),
        None,
        None,
        ref.Factors({"r": rate}, {"r": 0.05}, {}, None),
        None,
    )
    site = ref.Site(0.0, 1.0, completion, [], K, None, 0.0)
    got = ref.split_cash(ctx, {}, site, flows)
    for i in range(n):
        deemed = [max(0.0, (0.05 if t == 0 else rate[t - 1, i]) + 0.01) for t in range(T)]
        rows = ref.split_exact(
            A[:, i],
            mode=mode,
            rates=deemed,
            life=L,
            calls=K[:, i],
            completion=completion[i],
            plant_life=life,
            step=Fraction(1, m),
            carry_interest=flags[0],
            interest_before_completion=flags[1],
        )
        names = {
            "due": "due",
            "paid": "paid",
            "distribution_funder": "funder",
            "distribution_host": "host",
            "carry": "carry",
        }
        for name, exact in {**names, "deemed_balance": "balance"}.items():
            if (mode, name) != ("cumulative", "carry"):
                assert np.allclose(got[name][:, i], [float(row[exact]) for row in rows], rtol=1e-12, atol=1e-11), name


# ---- quantities ----------------------------------------------------------------------------------


def rate_of(net):
    net = np.array(net, dtype=float)
    return ref.irr(np.maximum(-net, 0), np.maximum(net, 0), np.arange(1.0, len(net) + 1))[0]


def test_irr__cases():
    assert rate_of([-100, 0, 121]) == pytest.approx(0.1, rel=1e-13)
    assert rate_of([-100, 1e-6]) == pytest.approx(1e-8 - 1, rel=1e-13)
    assert rate_of([-100, 0]) == -1
    assert math.isnan(rate_of([0, 0])) and math.isnan(rate_of([5, 5]))
    # flows change sign three times, their running sum once: the positive root
    assert rate_of([-100, 60, -10, 80]) == pytest.approx(np.roots([-100, 60, -10, 80]).real.max() - 1)
    # the running sum changes sign twice: undefined
    assert math.isnan(rate_of([-100, 230, -132]))
    # receipts that never exceed the call of their step: all is lost
    assert ref.irr(np.array([5.0, 5.0]), np.array([0.0, 1.0]), np.array([1.0, 2.0]))[0] == -1


def test_payback__cases():
    calls = np.array([0, 10, 10, 0, 0, 0.0])
    assert ref.payback(calls, np.array([0, 0, 0, 15, 5, 9.0]), 2) == 1.5
    assert ref.payback(calls, np.array([0, 0, 0, 15, 4, 0.0]), 2) == math.inf
    assert math.isnan(ref.payback(0 * calls, calls, 2))


def paper_study():
    """Return a study without chance: 100 of money over two years, then 40 a year before tax for three."""
    return {
        "study": {
            "value_date": dt.date(2026, 12, 31),
            "horizon_years": 7,
            "steps_per_year": 1,
            "money_unit": 1,
        },
        "curves": {"flat": {"knots": [[0, 0.1]]}, "zero": {"knots": [[0, 0.0]]}},
        "parties": {"funder": {"discount": {"study": "flat"}}, "host": {"discount": {"study": "zero"}}},
        "agreement": {
            "funding": {"lag_business_days": 45, "holidays": ["US"]},
            "split": {
                "mode": "periodic",
                "first_share": 0.5,
                "second_share": 0.1,
                "reference_rate": "rate",
                "spread": 0.02,
                "deemed_life_years": 2,
            },
        },
        "factors": {"rate": {"process": {"deterministic": {"curve": 0.08}}}},
        "projects": {
            "p": {
                "notice_date": dt.date(2026, 12, 1),
                "budget": 100,
                "capacity": 100,
                "output_unit": "t",
                "construction": dict(
                    planned_start=dt.date(2027, 12, 31),
                    planned_duration_years=2,
                    spend_curve={"a": 1, "b": 1},
                    overrun=1,
                    duration=1,
                    budget_basis="nominal",
                    **{"class": "x"},
                ),
                "operation": {
                    "life_years": 3,
                    "availability": {"law": 1, "persistence": 0},
                    "contract": {"price": 0.5, "share": 1, "tenor_years": 10},
                    "fixed_om": {"per_year": 10},
                    "tax": {"rate": 0.2, "life_years": 2},
                },
            }
        },
        "run": {"seed": 1},
    }


def test_project__worked_on_paper():
    sim = ref.simulate(paper_study(), np.array([0]))
    flows = {name: row[:, 0] for name, row in sim.projects["p"].items()}
    assert flows["calls"] == pytest.approx([0, 50, 50, 0, 0, 0, 0])
    assert flows["revenue"] == pytest.approx([0, 0, 0, 50, 50, 50, 0])
    assert flows["tax"] == pytest.approx([0, 0, 0, 0, 0, 8, 0])  # depreciation 50, 50, 0
    assert flows["available_cash"] == pytest.approx([0, 0, 0, 40, 40, 32, 0])
    # due 10 + 50; 5 + 50 + carry 40; carry 75; carry 59
    assert flows["due"] == pytest.approx([0, 0, 0, 60, 95, 75, 59])
    assert flows["distribution_funder"] == pytest.approx([0, 0, 0, 20, 20, 16, 0])
    assert flows["carry"] == pytest.approx([0, 0, 0, 40, 75, 59, 59])
    assert flows["deemed_balance"] == pytest.approx([0, 50, 100, 50, 0, 0, 0])
    q = {name: float(value[0]) for name, value in sim.quantities["p"].items()}
    npv = sum(flow * 1.1 ** -(t + 1) for t, flow in enumerate([0, -50, -50, 20, 20, 16]))
    assert q["npv_funder"] == pytest.approx(npv) and q["pv_host"] == pytest.approx(56)
    assert (q["completed"], q["cost"], q["cost_overrun"], q["delay_months"]) == (
        1,
        pytest.approx(100),
        pytest.approx(0),
        0,
    )
    assert (q["multiple_funder"], q["deemed_share"], q["deemed_open"]) == (
        0.56,
        pytest.approx(56 / 115),
        pytest.approx(59),
    )
    assert (q["payback_years"], q["whole_years"]) == (math.inf, math.inf)
    assert sim.quantities["scheme"]["npv_funder_local"][0] == pytest.approx(npv)


def test_project__paper_study_cumulative_and_rich():
    study = paper_study()
    study["agreement"]["split"]["mode"] = "cumulative"
    study["projects"]["p"]["operation"]["contract"]["price"] = 4.1  # 400 a year: whole at once
    study["projects"]["p"]["operation"].pop("tax")
    sim = ref.simulate(study, np.array([0]))
    flows = {name: row[:, 0] for name, row in sim.projects["p"].items()}
    assert flows["due"] == pytest.approx([0, 0, 55, 115.5, 0, 0, 0])
    assert flows["deemed_balance"] == pytest.approx([0, 50, 105, 0, 0, 0, 0])
    assert flows["distribution_funder"] == pytest.approx([0, 0, 0, 115.5 + 0.1 * (400 - 231), 40, 40, 0])
    assert sim.quantities["p"]["whole_years"][0] == 1 and sim.quantities["p"]["payback_years"][0] == 2
    assert sim.quantities["p"]["deemed_share"][0] == 1


def test_project__paper_study_with_delay_and_phases():
    study = paper_study()
    build = study["projects"]["p"]["construction"]
    build.update(duration=1.25, overrun=1.4, inflation_share=0.5)
    del build["planned_duration_years"]
    build["phases"] = [
        {"share": 0.4, "planned_duration_years": 1.2},
        {"share": 0.6, "planned_duration_years": 2},
    ]
    sim = ref.simulate(study, np.array([0]))
    flows = {name: row[:, 0] for name, row in sim.projects["p"].items()}
    # building from 1.0 to 3.5; phases at 2.5 and 3.5; the end of operation is 6.5
    assert flows["calls"] == pytest.approx([0, 48, 48, 24, 0, 0, 0])
    assert flows["operating"] == pytest.approx([0, 0, 0.2, 0.7, 1, 1, 0.5])
    assert flows["age_end"] == pytest.approx([0, 0, 0, 0.5, 1.5, 2.5, 3])
    # paid in 120: half a year's interest and a quarter of the capital fall due in step 3
    assert flows["due"][2:4] == pytest.approx([0, 0.1 * 120 * 0.5 + 30])
    assert flows["distribution_funder"][2] == pytest.approx(
        0.1 * (8 - 1.6)
    )  # tier two alone; not depreciated before completion
    assert sim.quantities["p"]["overrun_drawn"][0] == pytest.approx(0.2)
    assert sim.quantities["p"]["delay_months"][0] == pytest.approx(6)


def test_project__index_bases():
    study = paper_study()
    study["factors"]["cpi"] = {"process": {"gbm": {"start": 1, "drift": 0.1, "sigma": 0.0}}}
    build = study["projects"]["p"]["construction"]
    build.update(indices={"cpi": 1}, duration=1.5)
    nominal = ref.simulate(study, np.array([0]))
    # a third of the work each year from 1 to 4; planned dates of the same progress 5/3, 7/3, 3
    t = np.array([2, 3, 4])
    expected = np.interp(1 + np.array([1, 2, 3]) * 2 / 3, np.arange(8), np.exp(0.1 * np.arange(8)))
    assert nominal.projects["p"]["spend"][1:4, 0] == pytest.approx(100 / 3 * np.exp(0.1 * t) / expected)
    build["budget_basis"] = "real"
    real = ref.simulate(study, np.array([0]))
    assert real.projects["p"]["spend"][1:4, 0] == pytest.approx(100 / 3 * np.exp(0.1 * t))
    plan = 50 * (math.exp(0.2) + math.exp(0.3))
    assert real.quantities["p"]["cost_overrun"][0] == pytest.approx(100 / 3 * np.exp(0.1 * t).sum() / plan - 1)


class Named(ref.Draws):
    """Scores that tell where they come from."""

    table = {
        "construction/all/cost": 0.1,
        "construction/x/cost": 0.7,
        "project/p/cost": -1.3,
        "construction/all/delay": 2.0,
        "construction/x/delay": -0.4,
        "project/p/delay": 0.9,
        "project/p/contract": 0.25,
        "project/p/subscription": -0.5,
    }

    def scores(self, name, index, paths):
        if name == "project/p/availability":
            return np.broadcast_to(np.cos(np.asarray(index, dtype=float))[:, None], (len(index), len(paths)))
        return np.full(np.shape(index) + (len(paths),), self.table[name])


def test_project__scores_by_class():
    study, normal = paper_study(), {"normal": {"mean": 0, "sd": 1}}
    build = study["projects"]["p"]["construction"]
    build.update(overrun=normal, correlation={"all": 0.3, "class": 0.5, "cost_delay": 0.6})
    build["duration"] = {"normal": {"mean": 2, "sd": 0.1}}
    sim = ref.simulate(study, np.array([0]), Named(0))
    cost = 0.3**0.5 * 0.1 + 0.2**0.5 * 0.7 + 0.5**0.5 * -1.3
    delay = 0.6 * cost + 0.8 * (0.3**0.5 * 2 + 0.2**0.5 * -0.4 + 0.5**0.5 * 0.9)
    assert sim.sites["p"].overrun[0] == pytest.approx(cost)
    assert sim.sites["p"].completion[0] == pytest.approx(1 + 2 * (2 + 0.1 * delay))
    build["correlation"].update(kind="rank")
    rank = ref.simulate(study, np.array([0]), Named(0)).sites["p"].overrun[0]
    r = [2 * math.sin(math.pi * x / 6) for x in (0.3, 0.5)]
    by_hand = r[0] ** 0.5 * 0.1 + (r[1] - r[0]) ** 0.5 * 0.7 + (1 - r[1]) ** 0.5 * -1.3
    assert rank == pytest.approx(by_hand)


def test_project__plant_and_tariff_worked_on_paper():
    study = paper_study()
    curve = {"knots": [[0, 1.0], [7, 1.7]]}
    study["study"]["money_unit"] = 1e6
    study["factors"]["cpi"] = {"process": {"deterministic": {"curve": curve}}}
    study["factors"]["gas"] = {"process": {"deterministic": {"curve": 4}}}
    study["layers"] = {
        "l": {
            "initial": {"state": "a", "since": dt.date(2026, 1, 1)},
            "states": {"a": {"attributes": {"x": 0.1}}, "b": {"attributes": {"x": 0.4}}},
        }
    }
    study["events"] = {
        "e": {
            "date": dt.date(2028, 12, 31),
            "outcomes": {"o": {"moves": {"l": "b"}}},
            "probabilities": {"o": 1},
        }
    }
    project = study["projects"]["p"]
    del project["capacity"]
    project["capacity_mw"] = 10
    where = {"layer": "l", "attribute": "x"}
    project["construction"].update(imported_share=0.5, equipment_tariff=where)
    uniform = {"uniform": {"min": 0, "max": 1}}
    project["operation"] = {
        "life_years": 3,
        "availability": {"law": {"normal": {"mean": 1, "sd": 0.1}}, "persistence": 0.5},
        "contract": {
            "price": {"normal": {"mean": 60, "sd": 8}},
            "indices": {"cpi": 1},
            "share": uniform,
            "tenor_years": 1.5,
            "fuel_pass_through": 0.8,
        },
        "merchant": {"factor": "gas", "basis": 5},
        "fuel": {"factor": "gas", "heat_rate": 9, "basis": 0.5},
        "variable_om": {"per_output": 2, "indices": {"cpi": 1}},
        "fixed_om": {"per_mw_year": 30_000},
    }
    flows = ref.simulate(study, np.array([0]), Named(0)).projects["p"]
    # the tariff rises from 10 to 40 % after the second of the seven years
    assert flows["spend"][1:3, 0] == pytest.approx([50, 50 * 1.2 / 1.05])
    v = [1.0]
    for t in range(1, 7):
        v.append(0.5 * v[-1] + 0.75**0.5 * math.cos(t))
    full = 87_660 * (1 + 0.1 * np.array(v[3:6]))
    contracted = full * [1, 0.5, 0] * stats.norm.cdf(-0.5)
    cpi = np.array([1.4, 1.5, 1.6])
    revenue = contracted * 62 * cpi + (full - contracted) * 20
    assert flows["revenue"][3:6, 0] == pytest.approx(revenue / 1e6)
    assert flows["fuel"][3:6, 0] == pytest.approx(18 * (full - 0.8 * contracted) / 1e6)
    assert flows["om"][3:6, 0] == pytest.approx((full * 2 * cpi + 300_000) / 1e6)
    assert flows["revenue"][6, 0] == 0


def test_arrears__paid_first():
    study = paper_study()
    plant = study["projects"]["p"]["operation"]
    plant.pop("tax")
    yields(study, [5, 13, 14, 11])
    flows = ref.simulate(study, np.array([0])).projects["p"]
    assert flows["available_cash"][3:, 0] == pytest.approx([0, 0, 2, 1])
    assert flows["arrears"][3:, 0] == pytest.approx([5, 2, 0, 0])


# ---- the whole deal, clause by clause ------------------------------------------------------------


class Table(ref.Draws):
    """Uniforms and scores from a table by name, or by name and index; 0.5 and 0 otherwise."""

    def __init__(self, **table):
        super().__init__(0)
        self.table = {name.replace("__", "/"): value for name, value in table.items()}

    def pick(self, name, index, paths, default):
        one = [self.table.get((name, int(i)), self.table.get(name, default)) for i in np.atleast_1d(index)]
        return np.broadcast_to(np.array(one)[:, None], (len(one), len(paths)))[
            0 if np.ndim(index) == 0 else slice(None)
        ]

    def uniforms(self, name, index, paths):
        return self.pick(name, index, paths, 0.5)

    def scores(self, name, index, paths):
        return self.pick(name, index, paths, 0.0)


def drawn(table=(), **more):
    """Return draws from a table whose names may have an index."""
    draws = Table(**more)
    draws.table.update(dict(table))
    return draws


def yields(study, revenues):
    """Let the paper project earn given revenues in the years from its completion on."""
    study["factors"]["yield"] = {
        "process": {"deterministic": {"curve": {"knots": [[4 + k, r] for k, r in enumerate(revenues)]}}}
    }
    plant = study["projects"]["p"]["operation"]
    plant["life_years"] = len(revenues)
    plant["contract"].update(price=0.01, indices={"yield": 1})


def play(study, draws=None):
    """Return the simulation of one path, the paper project's rows and its quantities."""
    sim = ref.simulate(study, np.array([0]), draws or Table())
    rows = {name: row[:, 0] for name, row in sim.projects["p"].items()}
    return sim, rows, {name: float(value[0]) for name, value in sim.quantities["p"].items()}


def changed(**keys):
    """Return the paper study with keys of its project's construction and operation."""
    study = paper_study()
    for part in ("construction", "operation"):
        study["projects"]["p"][part].update(keys.get(part, {}))
    study["agreement"]["funding"].update(keys.get("funding", {}))
    return study


def told(sim):
    """Return what selection decided on the first path, without the times."""
    return [(what, name) for _, what, name in sim.notes[0]]


def two_more(study, budgets=(100, 60), notices=(dt.date(2027, 3, 1), dt.date(2027, 6, 1))):
    """Add projects q and r like p."""
    for name, budget, notice in zip("qr", budgets, notices, strict=True):
        study["projects"][name] = {**deepcopy(study["projects"]["p"]), "budget": budget, "notice_date": notice}
    return study


def test_due_date__day_by_day():
    closed = [holidays.country_holidays(country, years=range(2025, 2041)) for country in ("US", "JP")]
    for start, lag in ((dt.date(2026, 4, 28), 3), (dt.date(2027, 12, 30), 1), (dt.date(2032, 12, 20), 300)):
        date, left = start, lag
        while left:
            date += dt.timedelta(days=1)
            left -= date.weekday() < 5 and not any(date in days for days in closed)
        assert ref.due_date(start, lag, ["US", "JP"]) == date
    assert ref.due_date(dt.date(2026, 5, 2), 0, []) == dt.date(2026, 5, 2)  # a Saturday: day 0


def test_go_ahead__share_scales_budget_capacity_and_fixed_costs():
    study = changed()
    study["projects"]["p"]["go_ahead"] = {"probability": 0.7, "size_share": {"uniform": {"min": 0.2, "max": 0.6}}}
    sim, rows, q = play(study, drawn(project__p__go_ahead=0.69))
    assert rows["calls"] == pytest.approx([0, 20, 20, 0, 0, 0, 0])
    assert rows["revenue"][3:6] == pytest.approx([20] * 3) and rows["om"][3:6] == pytest.approx([4] * 3)
    assert sim.quantities["scheme"]["committed"][0] == pytest.approx(40)
    assert sim.margins["clock_go_ahead"][0] == pytest.approx(0.01)
    for draws in (drawn(project__p__go_ahead=0.7), drawn(project__p__go_ahead=0.1, project__p__size=-9)):
        study["projects"]["p"]["go_ahead"]["size_share"] = {"discrete": {"values": [0, 1], "probabilities": [0.1, 0.9]}}
        sim, rows, q = play(study, draws)
        assert told(sim) == [("no_go_ahead", "p")]
        assert (q["funded"], q["declined"], q["cancelled"], q["completed"], q["cost"]) == (0, 0, 0, 0, 0)
        assert sim.quantities["scheme"]["committed"][0] == 0
        assert not any(row.any() for name, row in rows.items() if name != "rate")
        assert all(math.isnan(q[name]) for name in ("irr_funder", "multiple_funder", "overrun_drawn", "whole_years"))


def test_commitment__cuts_drops_and_takes_back():
    table = {"project/p/funding": 0.99}  # declined in February 2027, before the notice of q
    decision = {"layer": "l", "by_state": {"a": {"fund": 0.9, "delay": 0.05, "decline": 0.05}}, "delay_days": 10}
    layers = {"l": {"initial": {"state": "a", "since": dt.date(2026, 1, 1)}, "states": {"a": {}}}}
    # 100 of 150, then 50 of 100, then nothing of 60
    sim, _, _ = play(two_more(changed(funding={"commitment": 150})))
    assert told(sim)[:2] == [("notice", "p"), ("funded", "p")]
    assert ("cut", "q") in told(sim) and ("dropped", "r") in told(sim)
    assert sim.quantities["q"]["cost"][0] == pytest.approx(50) and sim.sites["q"].size[0] == 0.5
    assert sim.quantities["r"]["funded"][0] == 0 and sim.quantities["scheme"]["committed"][0] == 150
    # with p's 100 given back there are 150 for q and r: 100 and 50
    study = two_more(changed(funding={"commitment": 400, "take_up": {"uniform": {"min": 100, "max": 200}}}))
    study["layers"], study["agreement"]["funding"]["decision"] = layers, decision
    sim, rows, q = play(study, drawn(table))
    assert (q["declined"], q["funded"], q["cancelled"]) == (1, 0, 0) and not rows["calls"].any()
    assert sim.quantities["q"]["cost"][0] == pytest.approx(100)
    assert sim.quantities["r"]["cost"][0] == pytest.approx(50)
    assert sim.quantities["scheme"]["committed"][0] == 150
    assert sim.quantities["portfolio"]["declined"][0] == 1 and sim.quantities["portfolio"]["funded"][0] == 2


def test_annual_cap__waits_for_january():
    study = two_more(changed(funding={"annual_cap": 90, "lag_business_days": 5, "holidays": []}))
    for name in "pqr":
        del study["projects"][name]["construction"]["planned_start"]
    study["projects"]["p"]["notice_date"] = dt.date(2026, 12, 30)
    sim, _, q = play(study)
    # p was noticed in 2026: the first of its year always fits. q is the first of 2027; r waits for 2028
    assert [n for n in told(sim) if n[0] in ("notice", "waits")] == [
        ("notice", "p"), ("notice", "q"), ("waits", "r"), ("notice", "r"),
    ]  # fmt: skip
    clock = ref.Calendar(dt.date(2026, 12, 31), 1, 7)
    assert sim.sites["r"].start[0] == clock.time_of(dt.date(2028, 1, 7))  # Saturday the 1st; Monday is day 1
    assert sim.quantities["r"]["delay_months"][0] == pytest.approx(0)
    study["agreement"]["funding"]["deadline"] = dt.date(2027, 12, 31)
    assert told(play(study)[0])[-1] == ("too_late", "r")
    study["projects"]["q"]["budget"] = 30
    sim, _, _ = play(study)
    assert sim.quantities["r"]["funded"][0] == 1 and ("waits", "r") not in told(sim)
    study["projects"]["p"].update(budget=20, notice_date=dt.date(2027, 1, 4))
    study["projects"]["r"]["budget"] = 45  # 20 and 30 are noticed already
    assert ("too_late", "r") in told(play(study)[0])


def test_slip_and_start_delay__worked_on_paper():
    funding = {"lag_business_days": 5, "holidays": [], "slip": {"uniform": {"min": 2.2, "max": 2.6}}}
    study = changed(funding=funding, construction={"start_delay": 0.5})
    study["projects"]["p"].update(notice_date=dt.date(2027, 12, 30))
    study["projects"]["p"]["construction"]["planned_start"] = dt.date(2027, 1, 4)
    sim, rows, q = play(study)
    clock = ref.Calendar(dt.date(2026, 12, 31), 1, 7)
    assert sim.selections["p"].plan_due[0] == clock.time_of(dt.date(2028, 1, 6))
    assert sim.selections["p"].due[0] == clock.time_of(dt.date(2028, 1, 11))  # 2.4 days are 3, and a weekend
    assert sim.sites["p"].start[0] == pytest.approx(clock.time_of(dt.date(2028, 1, 11)) + 0.5)
    assert q["delay_months"] == pytest.approx(6 + 12 * 5 / 366)
    assert sim.margins["clock_days"][0] == pytest.approx(0.4)


def decided(table, by_state=None, triggers=None, states=None, hazards=None, events=None, **more):
    states = states or {"a": {}, "b": {}, "c": {"stops_calls": True}}
    by_state = by_state or {s: {"fund": 0.5, "delay": 0.3, "decline": 0.2} for s in states}
    decision = {"layer": "l", "by_state": by_state, "delay_days": 400, "triggers": triggers}
    study = changed(funding={"decision": decision}, **more)
    study["layers"] = {
        "l": {"initial": {"state": "a", "since": dt.date(2026, 1, 1)}, "states": states, "hazards": hazards}
    }
    study["events"] = events
    return study, drawn(table)


def test_decision__delays_come_back_and_states_count():
    by_state = {"a": {"fund": 0.5, "delay": 0.3, "decline": 0.2}, "b": {"decline": 1}, "c": {"fund": 1}}
    study, draws = decided({("project/p/funding", 0): 0.79, ("project/p/funding", 1): 0.49}, by_state)
    sim, rows, q = play(study, draws)
    due = ref.due_date(dt.date(2026, 12, 1), 45, ["US"])
    clock = ref.Calendar(dt.date(2026, 12, 31), 1, 7)
    assert told(sim) == [("notice", "p"), ("delayed", "p"), ("funded", "p")]
    assert sim.sites["p"].start[0] == clock.time_of(due + dt.timedelta(days=400))
    assert q["delay_months"] == pytest.approx(12 * (sim.sites["p"].start[0] - 1))
    assert sim.margins["clock_funding"][0] == pytest.approx(0.01)
    event = {"date": due, "outcomes": {"o": {"moves": {"l": "b"}}}, "probabilities": {"o": 1}}
    study, draws = decided({}, by_state, events={"e": event})
    assert told(play(study, draws)[0]) == [("notice", "p"), ("declined", "p")]


def test_decline__each_trigger_row_by_itself():
    triggers = [{"probability": 0.6, "moves": {"l": "b"}}, {"probability": 0.6, "moves": {"l": "c"}}]
    for u, end, count in ((0.59, "c", 2), (0.61, "b", 1)):
        study, draws = decided({"project/p/funding": 0.9, ("project/p/trigger", 1): u}, triggers=triggers)
        sim, _, q = play(study, draws)
        assert told(sim)[1:] == [("declined", "p")] + [("trigger", "p")] * count
        assert list(study["layers"]["l"]["states"])[sim.final_states["l"][0]] == end
        assert [jump[4] for jump in sim.layers[0]] == ["decline:p"] * count and q["declined"] == 1
        assert sim.margins["clock_trigger"][0] == pytest.approx(0.01)


def test_stops_calls__cancels_what_is_funded_and_not_complete():
    def event(date, state):
        return {"date": date, "outcomes": {"o": {"moves": {"l": state}}}, "probabilities": {"o": 1}}

    due = ref.due_date(dt.date(2026, 12, 1), 45, ["US"])
    sim, rows, q = play(*decided({"project/p/funding": 0}, events={"e": event(dt.date(2028, 7, 1), "c")}))
    assert rows["calls"][:4] == pytest.approx([0, 50 * 183 / 366, 0, 0]) and q["cancelled"] == 1 and q["funded"] == 1
    sim, rows, q = play(*decided({"project/p/funding": 0}, events={"e": event(dt.date(2029, 12, 31), "c")}))
    assert (q["completed"], q["cancelled"]) == (1, 0)  # complete at that very time
    sim, rows, q = play(*decided({"project/p/funding": 0}, events={"e": event(due, "c")}))
    assert (q["funded"], q["cancelled"], q["cost"]) == (0, 1, 0) and told(sim)[-1] == ("stopped", "p")
    left = {"e": event(due - dt.timedelta(days=9), "c"), "f": event(due - dt.timedelta(days=1), "a")}
    sim, rows, q = play(*decided({"project/p/funding": 0}, events=left))
    assert (q["funded"], q["completed"]) == (1, 1)
    study, draws = decided({("project/p/funding"): 0.9}, triggers=[{"probability": 1, "moves": {"l": "c"}}])
    study = two_more(study, notices=(dt.date(2026, 11, 30), dt.date(2027, 6, 1)))
    draws.table.update({"project/q/funding": 0.0, "project/r/funding": 0.0})
    sim = ref.simulate(study, np.array([0]), draws)
    assert [sim.quantities[name]["cancelled"][0] for name in "pqr"] == [0, 1, 1]  # q was funded a day before
    assert [sim.quantities[name]["funded"][0] for name in "pqr"] == [0, 1, 0]


def test_outcome__cancels_before_the_decision():
    event = {"date": dt.date(2027, 1, 15), "outcomes": {"o": {"cancels": ["p"]}}, "probabilities": {"o": 1}}
    sim, _, q = play(*decided({"project/p/funding": 0.9}, events={"e": event}))
    assert told(sim) == [("notice", "p")] and (q["declined"], q["cancelled"], q["funded"]) == (0, 1, 0)
    assert sim.quantities["scheme"]["committed"][0] == 100
    event["date"] = dt.date(2027, 6, 1)
    sim, _, q = play(*decided({"project/p/funding": 0.9}, events={"e": event}))
    assert (q["declined"], q["cancelled"], q["funded"]) == (1, 0, 0)


def piped(**more):
    study = paper_study()
    template = {k: v for k, v in study["projects"]["p"].items() if k != "notice_date"}
    template["construction"] = {k: v for k, v in template["construction"].items() if k != "planned_start"}
    study["projects"]["p"]["notice_date"] = dt.date(2027, 1, 1)
    study["pipelines"] = {
        "n": {
            "arrivals_per_year": 0.5,
            "max_count": 2,
            "size": {"uniform": {"min": 0, "max": 80}},
            "template": template,
        }
    }
    study["pipelines"]["n"].update(more)
    study["agreement"]["funding"].update(deadline=dt.date(2030, 6, 30), lag_business_days=0, holidays=[])
    study["layers"] = {
        "l": {
            "initial": {"state": "a", "since": dt.date(2026, 1, 1)},
            "states": {"a": {"arrival_multiplier": 2}, "b": {"arrival_multiplier": 0.5}},
        },
        "k": {"initial": {"state": "a", "since": dt.date(2026, 1, 1)}, "states": {"a": {}}},
    }
    study["events"] = {
        "e": {
            "date": dt.date(2027, 12, 31),
            "outcomes": {"o": {"moves": {"l": "b"}, "scale_arrivals": {"n": 4}}},
            "probabilities": {"o": 1},
        }
    }
    return study


def gap(threshold):
    """Return the uniform of a unit exponential threshold."""
    return 1 - math.exp(-threshold)


def test_pipeline__arrivals_sizes_and_sums():
    # at 1 a year until the event at year 1, then again 0.5 * 4 * 0.5 = 1
    table = {("pipeline/n/gap", 0): gap(0.25), ("pipeline/n/gap", 1): gap(1.5)}
    sim, _, _ = play(piped(), drawn(table))
    clock = ref.Calendar(dt.date(2026, 12, 31), 1, 7)
    days = [dt.date(2027, 4, 2), dt.date(2028, 10, 1)]  # 91.25 days; 0.75 of 366 = 274.5 days
    first, second = sim.slots["n"]
    assert [part.site.start[0] for part in (first, second)] == [clock.time_of(day) for day in days]
    assert first.site.size[0] == pytest.approx(0.4) and first.flows["spend"].sum() == pytest.approx(40)
    assert first.flows["om"].max() == pytest.approx(4) and first.flows["output"].max() == pytest.approx(40)
    q = {name: value[0] for name, value in sim.quantities["n"].items()}
    assert (q["funded"], q["completed"], q["cost"]) == (2, 2, pytest.approx(80))
    assert sim.projects["n"]["calls"][:, 0] == pytest.approx((first.flows["calls"] + second.flows["calls"])[:, 0])
    assert q["multiple_funder"] == pytest.approx(sim.projects["n"]["distribution_funder"].sum() / 80)
    assert sim.quantities["portfolio"]["cost"][0] == pytest.approx(180)
    assert sim.quantities["scheme"]["committed"][0] == pytest.approx(180)
    assert told(sim).count(("notice", "n/0")) == 1 and sim.margins["clock_date"][0] == pytest.approx(0.25)


def test_pipeline__scale_without_event_and_deadline():
    study = piped()
    study["events"] = None
    table = {("pipeline/n/gap", 0): gap(3.4999), ("pipeline/n/gap", 1): gap(9)}
    sim, _, _ = play(study, drawn(table))  # day 2030-06-30 and a part of it: the notice would be a day late
    assert told(sim)[-1] == ("too_late", "n/0") and sim.quantities["n"]["funded"][0] == 0
    assert math.isnan(sim.quantities["n"]["irr_funder"][0]) and sim.quantities["n"]["cost"][0] == 0
    table["pipeline/n/gap", 0] = gap(3.49)
    assert told(play(study, drawn(table))[0])[-1] == ("funded", "n/0")


def test_pipeline__cuts_drops_and_no_size():
    table = {("pipeline/n/gap", 0): gap(0.25), ("pipeline/n/gap", 1): gap(0.25)}
    study = piped(min_size=15)
    study["agreement"]["funding"]["commitment"] = 160
    sim, _, _ = play(study, drawn(table))
    assert [part.site.budget[0] for part in sim.slots["n"]] == [pytest.approx(40), pytest.approx(20)]
    study["agreement"]["funding"]["commitment"] = 150
    sim, _, _ = play(study, drawn(table))
    assert told(sim)[-2:] == [("cut", "n/1"), ("dropped", "n/1")]  # 10 are left
    sim, _, _ = play(piped(size={"uniform": {"min": -9, "max": 1}}), drawn(table))
    assert [n for n in told(sim) if n[0] == "dropped"] == [("dropped", "n/0"), ("dropped", "n/1")]


def test_pipeline__no_arrivals_at_rest():
    study = piped()
    study["layers"]["l"]["states"]["a"]["arrival_multiplier"] = 0
    study["events"]["e"]["outcomes"]["o"]["scale_arrivals"] = None
    sim, _, _ = play(study, drawn({("pipeline/n/gap", 0): gap(0.125)}))
    assert sim.slots["n"][0].site.start[0] == pytest.approx(1.5, abs=1 / 366)  # 0.25 a year from year 1 on


def test_cost_overrun__of_a_slot_is_interpolated():
    study = piped()
    study["factors"]["cpi"] = {"process": {"gbm": {"start": 1, "drift": 0.1, "sigma": 0.0}}}
    study["pipelines"]["n"]["template"]["construction"].update(
        indices={"cpi": 1}, budget_basis="real", spend_curve={"a": 2, "b": 2}
    )
    sim, _, _ = play(study, drawn({("pipeline/n/gap", 0): gap(0.25), ("pipeline/n/gap", 1): gap(9)}))
    part = sim.slots["n"][0]
    start = part.site.start[0]

    def plan(years):
        return sum(0.5 * math.exp(0.1 * (years + k)) for k in (1, 2))

    assert part.site.expected_cost[0] == pytest.approx(40 * (plan(0) * (1 - start) + plan(1) * start))
    assert part.quantities["cost_overrun"][0] == pytest.approx(
        part.quantities["cost"][0] / part.site.expected_cost[0] - 1
    )


# ---- building ------------------------------------------------------------------------------------

HIGH = {"overrun": 1.6, "inflation_share": None}


def test_uplift__multiplies_after_the_inflation_share():
    build = {"overrun": 1.4, "inflation_share": 0.5, "uplift": {"uniform": {"min": 1.2, "max": 1.8}}}
    _, rows, q = play(changed(construction=build))
    assert rows["calls"][1:3] == pytest.approx([90, 90]) and q["overrun_drawn"] == pytest.approx(0.8)


def test_funding_cap__shares_and_ceiling():
    cap = {"multiple": 1.0, "above": "share", "funder_share": 0.75, "ceiling": 1.4}
    study = changed(construction={**HIGH, "funding_cap": cap})
    sim, rows, q = play(study)
    assert rows["spend"][1:3] == pytest.approx([80, 80]) and rows["capital"][1:3] == pytest.approx([80, 50])
    assert rows["host_spend"][1:3] == pytest.approx([0, 30]) and q["cost"] == pytest.approx(160)
    assert q["pv_host"] == pytest.approx(rows["distribution_host"].sum() - 30)
    assert rows["deemed_balance"][2] == pytest.approx(130)
    assert rows["depreciation"][3:5] == pytest.approx([80, 80])
    study["projects"]["p"]["construction"]["funding_cap"].pop("ceiling")
    assert play(study)[1]["capital"][1:3] == pytest.approx([80, 65])
    study["projects"]["p"]["operation"]["senior_debt"] = dict(
        share=0.4, reference_rate="rate", margin=0.02, tenor_years=2
    )
    _, rows, _ = play(study)
    assert rows["capital"][1:3] == pytest.approx([48, 39]) and rows["host_spend"][1:3] == pytest.approx([0, 9])
    assert rows["lender_spend"][1:3] == pytest.approx([32, 32])


def test_funding_cap__stops_with_salvage_and_fee():
    build = {**HIGH, "funding_cap": {"multiple": 1.2, "above": "stop"}, "salvage": 0.25, "termination_fee": 0.05}
    study = changed(construction=build)
    sim, rows, q = play(study)
    assert rows["capital"][:4] == pytest.approx([0, 80, 40, 0]) and rows["calls"][:4] == pytest.approx([0, 80, 45, 0])
    assert (
        sim.sites["p"].stop[0] == 2 and sim.sites["p"].causes["cap"][0] and (q["completed"], q["cancelled"]) == (0, 1)
    )
    assert rows["available_cash"] == pytest.approx([0, 0, 30, 0, 0, 0, 0]) and rows["distribution_funder"][2] == 3
    assert q["npv_funder"] == pytest.approx(-80 * 1.1**-2 - 42 * 1.1**-3)
    assert q["multiple_funder"] == pytest.approx(3 / 125) and q["irr_funder"] == -1 and q["deemed_open"] == 120
    assert sim.margins["cap/p"][0] == pytest.approx(0.4) and not rows["operating"].any()
    study["projects"]["p"]["construction"]["salvage"] = 0.5
    study["projects"]["p"]["operation"]["senior_debt"] = dict(
        share=0.4, reference_rate="rate", margin=0.02, tenor_years=2
    )
    _, rows, q = play(study)  # of 60 the lenders get their 48: no interest, as it stopped at the step's start
    assert rows["salvage_to_debt"][2] == pytest.approx(48) and rows["available_cash"][2] == pytest.approx(12)
    assert rows["debt_balance"][2] == pytest.approx(0, abs=1e-12)
    study["projects"]["p"]["construction"]["funding_cap"] = None
    study["events"] = {
        "e": {"date": dt.date(2029, 7, 1), "outcomes": {"o": {"cancels": ["p"]}}, "probabilities": {"o": 1}}
    }
    _, rows, q = play(study)  # 182 of 365 days into the third year
    part = 182 / 365
    S = 80 + 80 * part
    owed = 32 * (1 + 0.1 * part) + 0.4 * 80 * part
    assert rows["spend"][2] == pytest.approx(80 * part) and rows["debt_capitalised"][2] == pytest.approx(3.2 * part)
    assert rows["salvage"][2] == pytest.approx(S / 2) and rows["salvage_to_debt"][2] == pytest.approx(owed)
    assert rows["termination_fee"][2] == 5 and q["npv_funder"] == pytest.approx(
        -48 * 1.1**-2 - (48 * part + 5 - 0.1 * (S / 2 - owed)) * 1.1**-3
    )


@pytest.mark.parametrize(
    ("review", "cancelled"),
    [
        ({"threshold": 1.4399}, 1),  # after the second year index 1.2 / 1 and half of the overrun of 0.4: 1.2 * 1.2
        ({"threshold": 1.4401}, 0),
        ({"threshold": 1.3199, "reveal": 2}, 1),
        ({"threshold": 1.3201, "reveal": 2}, 0),
        ({"threshold": 1.6799, "reveal": 0}, 1),
        ({"threshold": 1.6801, "reveal": 0}, 0),
        ({"threshold": 1.1, "dates": [dt.date(2027, 12, 31), dt.date(2028, 1, 1)]}, 1),
        ({"threshold": 1.1, "dates": [dt.date(2027, 12, 31), dt.date(2028, 12, 31)]}, 1),
        ({"threshold": 1.1, "dates": [dt.date(2027, 12, 31), dt.date(2029, 1, 1)]}, 0),  # the first step then is 3
    ],
)
def test_review__estimate_against_threshold(review, cancelled):
    study = changed(construction={"overrun": 1.4, "budget_basis": "real", "indices": {"cpi": 1}, "review": review})
    study["factors"]["cpi"] = {"process": {"deterministic": {"curve": {"knots": [[0, 1], [7, 1.7]]}}}}
    sim, rows, q = play(study, None)
    assert q["cancelled"] == cancelled and q["completed"] == 1 - cancelled
    assert rows["spend"][1:3] == pytest.approx([84, 0 if cancelled else 91])
    if cancelled:
        assert sim.sites["p"].causes["review"][0] and sim.sites["p"].stop[0] == 2
    if "reveal" in review:
        assert sim.margins["review/p"][0] == pytest.approx(1e-4)


def test_subscription__shares_the_score_of_the_contract():
    law = {"normal": {"mean": 0.6, "sd": 0.1}}
    build = {
        "overrun": {"normal": {"mean": 1, "sd": 0.1}},
        "review": {"threshold": 9},
        "subscription": {"share": law, "required": 0.5, "by": dt.date(2028, 12, 31), "correlation": -0.6},
    }
    study = changed(construction=build, operation={"merchant": {"factor": "rate"}})
    study["projects"]["p"]["operation"]["contract"]["share"] = law
    # scores: -0.6 * 1 + 0.8 * e; 0.6 + 0.1 * score against 0.5
    sim, rows, q = play(study, drawn(project__p__cost=1.0, project__p__subscription=-0.51))
    assert sim.sites["p"].causes["subscription"][0] and sim.sites["p"].stop[0] == 2 and rows["spend"][2] == 0
    assert sim.margins["subscription/p"][0] == pytest.approx(0.0008)
    sim, rows, q = play(study, drawn(project__p__cost=1.0, project__p__subscription=-0.49))
    assert q["completed"] == 1 and rows["contracted"][3] == pytest.approx(0.6 + 0.1 * (-0.6 - 0.392))
    study["projects"]["p"]["construction"]["subscription"]["by"] = dt.date(2029, 1, 1)
    assert play(study, drawn(project__p__subscription=-3))[2]["completed"] == 1  # complete before the next review


def test_shortfall__leaves_fixed_costs():
    _, rows, _ = play(changed(construction={"shortfall": {"uniform": {"min": 0.1, "max": 0.3}}}))
    assert rows["revenue"][3:6] == pytest.approx([40] * 3) and rows["om"][3:6] == pytest.approx([10] * 3)


# ---- operating -----------------------------------------------------------------------------------


def test_output__ramp_degradation_volume():
    study = changed(
        construction={"duration": 1.25},
        operation={"ramp_up": [0.4, 0.8], "degradation": 0.1, "volume_factor": "v", "fixed_om": {"per_year": 10}},
    )
    study["factors"]["v"] = {"process": {"deterministic": {"curve": {"knots": [[0, 0.3], [7, 1.0]]}}}}
    _, rows, _ = play(study)  # from 3.5 on: half a year at 0.4, then 0.6, 0.9 and half a year in full
    ages = np.array([0, 0.5, 1.5, 2.5])
    share = np.array([0.5 * 0.4, 0.6, 0.9, 0.5])
    assert rows["output"][3:7] == pytest.approx(100 * share * 0.9**ages * np.array([0.7, 0.8, 0.9, 1.0]))
    assert rows["om"][3:7] == pytest.approx([5, 10, 10, 5])


def power_study(**operation):
    study = paper_study()
    study["factors"]["price"] = {"process": {"deterministic": {"curve": {"knots": [[4, 20], [5, 10], [6, 12]]}}}}
    study["factors"]["gas"] = {"process": {"deterministic": {"curve": 2}}}
    study["factors"]["pool"] = {"process": {"deterministic": {"curve": 50}}}
    study["study"]["money_unit"] = 1000
    study["offtakers"] = {"o": {"default_hazard": 0.2}}
    project = study["projects"]["p"]
    del project["capacity"]
    project["capacity_mw"] = 1
    project["operation"] = {
        "life_years": 3,
        "availability": {"law": 0.5, "persistence": 0},
        "contract": dict(
            price=30, share=0.4, tenor_years=2.5, offtaker="o", default_discount=0.25, fuel_pass_through=1.0
        ),
        "merchant": {"factor": "price", "basis": 0.9},
        "fuel": {"factor": "gas", "heat_rate": 4, "basis": 1.0},
        "variable_om": {"per_output": 2},
        **operation,
    }
    return study


def test_default__discount_dispatch_and_pass_through():
    # the default at year 4.5: contracted in year 3 to 4 and half a year more; the tenor ends at 5.5
    draws = drawn(offtaker__o__default=gap(0.9))
    _, rows, _ = play(power_study(), draws)
    full = 4383.0
    contracted, defaulted = full * 0.4 * np.array([1, 0.5, 0]), full * 0.4 * np.array([0, 0.5, 0.5])
    merchant = full - contracted - defaulted
    price = np.array([18, 9, 10.8])
    assert rows["revenue"][3:6] == pytest.approx((contracted * 30 + merchant * price + defaulted * price * 0.75) / 1000)
    assert rows["fuel"][3:6] == pytest.approx(8 * (full - contracted) / 1000)
    # a unit costs 10: 18 runs, 9 does not, 10.8 does, 0.75 of it does not
    sim, rows, _ = play(power_study(dispatch="economic"), draws)
    assert rows["output_merchant"][3:6] == pytest.approx(merchant * [1, 0, 1])
    assert rows["output_defaulted"][3:6] == pytest.approx(0 * defaulted)
    output = contracted + merchant * [1, 0, 1]
    assert rows["output"][3:6] == pytest.approx(output)
    assert rows["revenue"][3:6] == pytest.approx((contracted * 30 + merchant * price * [1, 0, 1]) / 1000)
    assert rows["fuel"][3:6] == pytest.approx(8 * (output - contracted) / 1000)
    assert rows["om"][3:6] == pytest.approx(2 * output / 1000)
    assert sim.margins["dispatch/p"][0] == pytest.approx(0.8 / 20.8)
    _, early, _ = play(power_study(), drawn(offtaker__o__default=gap(0.5)))  # at 2.5, before completion
    assert early["contracted"].max() == 0 and early["output_defaulted"][3] == pytest.approx(full * 0.4)


def test_capacity_payment_and_credit():
    study = power_study(
        capacity_payment={"factor": "pool", "credit": 0.6},
        output_credit={"per_output": 5, "years": 1.5, "escalator": 0.1},
        ramp_up=[0.5],
    )
    study["projects"]["p"]["construction"]["shortfall"] = 0.2
    _, rows, _ = play(study, drawn(offtaker__o__default=gap(0.9)))
    free = 1 - 0.4 * np.array([1, 0.5, 0])
    assert rows["capacity_payment"][3:6] == pytest.approx(50 * 0.6 * 0.8 * 365.25 * free / 1000)
    output = 4383 * 0.8 * np.array([0.5, 1, 1])
    assert rows["output_credit"][3:6] == pytest.approx(5 * output * 1.1 ** np.array([4, 5, 6]) * [1, 0.5, 0] / 1000)


def test_tax__losses_are_carried_forward():
    study = changed()
    yields(study, [20, 90, 70, 60])
    study["projects"]["p"]["operation"]["tax"] = {"rate": 0.2, "life_years": 2, "nol_limit": 0.5}
    _, rows, _ = play(study)
    # income 10 - 50 = -40; 80 - 50 = 30, less 15; 60, less 25 (all that is left of 40); 50
    assert rows["tax"][3:] == pytest.approx([0, 3, 7, 10]) and rows["losses"][3:] == pytest.approx([40, 25, 0, 0])


def test_senior_debt__worked_on_paper():
    study = changed()
    yields(study, [36, 28, 60, 10])
    study["projects"]["p"]["operation"].update(
        tax=None, senior_debt=dict(share=0.4, reference_rate="rate", margin=0.02, tenor_years=2)
    )
    _, rows, _ = play(study)
    # draws of 20, interest of 2 capitalised: 42; 4.2 + 21 of 26; 2.1 + 21 of 18; the missing 5.1 with 10 % of 50
    assert rows["debt_capitalised"][:4] == pytest.approx([0, 0, 2, 0])
    assert rows["debt_interest"][3:] == pytest.approx([4.2, 2.1, 0.51, 0])
    assert rows["debt_principal"][3:] == pytest.approx([21, 21, 0, 0])
    assert rows["debt_paid"][3:] == pytest.approx([25.2, 18, 5.61, 0])
    assert rows["debt_arrears"][3:] == pytest.approx([0, 5.1, 0, 0])
    assert rows["debt_balance"][1:6] == pytest.approx([20, 42, 21, 5.1, 0])
    assert rows["available_cash"][3:] == pytest.approx([0.8, 0, 44.39, 0]) and rows["capital"][1] == pytest.approx(30)
    study["projects"]["p"]["construction"]["duration"] = 1.25
    study["projects"]["p"]["operation"]["tax"] = {"rate": 0.2, "life_years": 2}
    _, rows, _ = play(study)  # from 1 to 3.5, 16 a year: 16; 33.6; half of 3.36 capitalised, half paid
    D = 33.6 + 1.68 + 8
    assert rows["debt_capitalised"][:5] == pytest.approx([0, 0, 1.6, 1.68, 0])
    assert rows["debt_interest"][3:5] == pytest.approx([1.68, 0.1 * D * 0.75])
    assert rows["debt_principal"][3:5] == pytest.approx([D / 4, D / 2])


def test_developer_fee__waits_for_cash():
    study = changed(operation={"tax": {"rate": 0.2, "life_years": 200}})
    yields(study, [13, 24, 40, 40])
    fee = {"amount": {"uniform": {"min": 10, "max": 20}}, "years": 3, "tolerance": 0.05}
    study["projects"]["p"]["operation"]["developer_fee"] = fee
    study["projects"]["p"]["construction"]["shortfall"] = 0.0
    _, rows, q = play(study)
    # margins 3, 14, 30, 30; tax on them less 5 and 0.5; 2 stay owed
    assert rows["fee_part"][3:] == pytest.approx([5, 5, 5, 0])
    assert rows["tax"][3:] == pytest.approx([0, 1.7, 4.9, 5.9])
    assert rows["fee_paid"][3:] == pytest.approx([3, 7, 5, 0]) and rows["fee_owed"][3:] == pytest.approx([2, 0, 0, 0])
    assert rows["available_cash"][3:] == pytest.approx([0, 5.3, 20.1, 24.1])
    assert q["developer_fee"] == pytest.approx(3 * 1.1**-4 + 7 * 1.1**-5 + 5 * 1.1**-6)
    study["projects"]["p"]["construction"]["shortfall"] = 0.0501
    assert play(study)[2]["developer_fee"] == 0


def test_abandonment__after_years_of_arrears():
    study = changed(operation={"tax": None, "abandon_after_years": 2})
    yields(study, [5, 18, 9, 40])
    _, rows, q = play(study)  # margins -5, 8, -1, 30: arrears 5, 0, 1, 0
    assert rows["arrears"][3:] == pytest.approx([5, 0, 1, 0]) and not rows["closed"].any()
    yields(study, [5, 14, 40, 40])
    _, rows, q = play(study)  # arrears 5, 1: closed at the end of the second year
    assert rows["arrears"][3:] == pytest.approx([5, 1, 1, 1]) and rows["closed"][3:].tolist() == [0, 1, 1, 1]
    assert rows["revenue"][5] == rows["om"][5] == rows["output"][5] == rows["operating"][5] == 0
    assert rows["age_end"][3:] == pytest.approx([1, 2, 2, 2]) and q["completed"] == 1 and q["cancelled"] == 0


def test_side_flows__worked_on_paper():
    study = changed()
    study["study"]["money_unit"] = 10
    study["layers"] = {
        "l": {
            "initial": {"state": "a", "since": dt.date(2026, 1, 1)},
            "states": {"a": {"attributes": {"x": 2.0}}, "b": {"attributes": {"x": 6.0}}},
        },
        "k": {"initial": {"state": "a", "since": dt.date(2026, 1, 1)}, "states": {"a": {}, "b": {}}},
    }

    def event(date, moves):
        return {"date": date, "outcomes": {"o": {"moves": moves}}, "probabilities": {"o": 1}}

    middle, late = dt.date(2028, 12, 31), dt.date(2029, 8, 7)  # years 2 and 2.6
    study["events"] = {"e": event(middle + dt.timedelta(days=146), {"l": "b"}), "f": event(late, {"k": "b"})}
    x = {"layer": "l", "attribute": "x"}
    study["side_flows"] = {"r": {"base": "time", "rate": x, "while": {"k": ["a"], "l": ["a", "b"]}}}
    study["projects"]["p"]["side_flows"] = {
        "v": {"base": "spend", "rate": 0.1, "while": {"l": ["b"]}},
        "w": {"base": "spend", "rate": 0.01},
        "s": {"base": "output", "rate": x, "while": {"l": ["b"]}},
    }
    sim, rows, q = play(study)
    assert sim.relief[:, 0] == pytest.approx([2, 2, 0.4 * 2 + 0.2 * 6, 0, 0, 0, 0])
    assert rows["vendor_margin"] == pytest.approx([0, 0.5, 50 * (0.1 * 0.6 + 0.01), 0, 0, 0, 0])
    assert rows["supply_chain_benefit"] == pytest.approx([0, 0, 0, 60, 60, 60, 0])
    assert q["vendor_margin"] == pytest.approx(0.5 * 1.1**-2 + 3.5 * 1.1**-3)
    assert sim.quantities["portfolio"]["supply_chain_benefit"][0] == pytest.approx(60 * (1.1**-4 + 1.1**-5 + 1.1**-6))
    assert sim.quantities["scheme"]["tariff_relief"][0] == pytest.approx(2 / 1.1 + 2 / 1.1**2 + 2 / 1.1**3)


def test_scheme_value__sums_flows_and_side_flows():
    study = changed()
    study["side_flows"] = {"r": {"base": "time", "rate": 3}}
    study["projects"]["p"]["side_flows"] = {
        "v": {"base": "spend", "rate": 0.1},
        "s": {"base": "output", "rate": 0.02},
    }
    study["factors"]["fx"] = {"process": {"deterministic": {"curve": {"knots": [[0, 100], [7, 170]]}}}}
    study["parties"]["funder"] = {"discount": {"study": "flat", "local": "zero"}, "fx": "fx"}
    sim, _, _ = play(study)
    side = np.array([3, 3 + 5, 3 + 5, 3 + 2, 3 + 2, 3 + 2, 3])
    flows = np.array([0, -50, -50, 20, 20, 16, 0]) + side
    q, t = sim.quantities["scheme"], np.arange(1, 8)
    assert q["scheme_value"][0] == pytest.approx((flows * 1.1**-t).sum())
    assert q["scheme_value_local"][0] == pytest.approx((flows * (100 + 10 * t)).sum())


# ---- the funder's stack --------------------------------------------------------------------------

STACK = {
    "reference_rate": "rate",
    "tenor_years": 2,
    "sweep": 0.5,
    "policy_loan": {"share": 0.4, "margin": 0.02},
    "policy_equity": {"share": 0.1},
    "commercial_loan": {"share": 0.5, "margin": 0.12},
}
INSURED = {**STACK, "insurer": {"cover": 0.8, "wait_years": 1, "premium": 0.01}}


def stacked(clause, K, Y, completion=2.0, ended=None, m=1, rate=0.08):
    """Return the stack's rows of one path whose loans cost 10 % and 20 %."""
    T = len(K)
    ends = np.arange(T) >= (T if ended is None else ended)
    K, Y = np.array(K, dtype=float)[:, None], np.array(Y, dtype=float)[:, None]
    rows = ref.run_stack(clause, m, np.full((T, 1), rate), K, Y, np.array([completion]), ends[:, None])
    total = rows["banks"] + rows["policy_bank"] + rows["insurer"]
    assert np.allclose(total, Y - K, rtol=1e-12, atol=1e-12)
    U = rows["due_commercial"] - rows["paid_commercial"] - rows["claimed"]
    assert np.allclose(rows["arrears_unclaimed"], U, atol=1e-12)
    return {name: row[:, 0] for name, row in rows.items()}


def test_stack__without_insurer_on_paper():
    rows = stacked(STACK, [100, 100, 0, 0], [0, 0, 15.2, 252.22])
    # capitalised 4 and 10; levels 42 and 55; half of the interest 8.4 and 22 is paid; then all with late interest
    assert rows["balance_policy"] == pytest.approx([40, 84, 42, 0])
    assert rows["balance_commercial"] == pytest.approx([50, 110, 55, 0])
    assert rows["arrears_policy"] == pytest.approx([0, 0, 4.2 + 42, 0])
    assert rows["arrears_unclaimed"] == pytest.approx([0, 0, 11 + 55, 0])
    assert rows["policy_bank"] == pytest.approx([-50, -50, 4.2, 46.2 * 1.1 + 4.2 + 42 + 10])
    assert rows["banks"] == pytest.approx([-50, -50, 11, 66 * 1.2 + 11 + 55])
    assert rows["loan_balance"] == pytest.approx([90, 194, 42 + 55 + 46.2 + 66, 0])
    assert rows["equity"] == pytest.approx([0, 0, 0, 10])  # nothing is left to prepay
    assert rows["unrepaid_policy"] == pytest.approx([40, 80, 80, 0])
    assert not rows["claims"].any() and not rows["premium"].any()


def test_stack__claims_first_in_first_out_on_paper():
    rows = stacked(INSURED, [100, 100, 0, 0, 0], [0, 0, 15.2, 0, 135.201])
    assert rows["premium"] == pytest.approx([0, 0.4, 0.88, 0.968, 0.6336])  # on balance and arrears at the start
    assert rows["due_commercial"] == pytest.approx([0, 0, 77, 156.2, 172.04])
    # step 3: what fell due in step 2 and was not paid, 66; step 4: of 156.2, 66 claimed and 11 + 47.52 paid
    assert rows["claims"] == pytest.approx([0, 0, 0, 0.8 * 66, 0.8 * 31.68])
    assert rows["arrears_unclaimed"] == pytest.approx([0, 0, 66, 79.2, 15.84])
    assert rows["arrears_retained"] == pytest.approx([0, 0, 0, 13.2, 7.92 + 6.336])
    assert rows["taken_over"] == pytest.approx([0, 0, 0, 52.8, 26.4 + 25.344])
    assert rows["recoveries"] == pytest.approx([0, 0, 0, 0, 26.4])
    assert rows["arrears_policy"] == pytest.approx([0, 0, 46.2, 97.02, 53.361])
    assert rows["banks"][4] == pytest.approx(47.52 + 7.92 + 25.344 - 0.6336)
    assert rows["insurer"][3:] == pytest.approx([0.968 - 52.8, 0.6336 + 26.4 - 25.344])
    left = 100 * (1 - 52.8 / 145.2)
    assert rows["unrepaid_commercial"][2:] == pytest.approx([100, left, left / 2 * (1 - 25.344 / 55.44)])


def test_stack__a_wait_counts_from_the_due_step():
    calls, receipts = [100, 100, 0, 0, 0, 0], [0] * 6
    for wait, first in ((0, 2), (1, 3), (1 + 1e-10, 3), (1.01, 4), (2, 4), (9, 6)):
        clause = {**INSURED, "insurer": {"cover": 1, "wait_years": wait}}
        rows = stacked(clause, calls, receipts)
        assert [*np.flatnonzero(rows["claims"]), 6][0] == first
        assert rows["claims"][first : first + 1] == pytest.approx([77] if first < 6 else [])
    at_once = stacked({**INSURED, "insurer": {"cover": 1, "wait_years": 0}}, calls, receipts)
    assert at_once["claims"] == pytest.approx([0, 0, 77, 66, 0, 0])  # no arrears, no late interest
    assert at_once["unrepaid_commercial"][-1] == pytest.approx(0)


def test_stack__cancellation_on_paper():
    rows = stacked(INSURED, [100, 100, 0], [0, 50, 0], math.inf, ended=1)
    # interest 4 and 10, balances 40 + 40 and 50 + 50 fall due; 36 is left for 180
    assert rows["arrears_policy"] == pytest.approx([0, 64, 70.4])
    assert rows["unrepaid_policy"] == pytest.approx([40, 64, 64])
    assert rows["due_commercial"] == pytest.approx([0, 110, 126])
    assert rows["claims"] == pytest.approx([0, 0, 64])  # what is overdue for a step, 80, not the late interest
    assert rows["arrears_unclaimed"] == pytest.approx([0, 80, 16])
    assert not rows["balance_commercial"][1:].any()
    assert rows["unrepaid_commercial"] == pytest.approx([50, 80, 80 * (1 - 64 / 96)])
    operating = stacked(STACK, [100, 100, 0, 0, 0], [0, 0, 0, 0, 0], ended=3)  # given up after a year
    assert operating["arrears_policy"] == pytest.approx([0, 0, 50.4, 50.4 * 1.1 + 46.2, (50.4 * 1.1 + 46.2) * 1.1])
    fee = stacked(STACK, [0, 0, 10], [0, 0, 0], math.inf, ended=2)  # the fee alone
    assert (fee["arrears_policy"][2], fee["arrears_unclaimed"][2], fee["loan_balance"][2]) == (4, 5, 9)


def test_stack__sweep_prepays_and_shortens():
    long = {**STACK, "tenor_years": 4, "sweep": 1}
    rows = stacked(long, [100, 100, 0, 0, 0], [0, 26, 30.4 * 0.8 + 36.375 + 30, 0, 0], 2.0)
    # before completion: 26 of 104 prepays a quarter; then the call joins: 33 + 40 and 45 + 50
    assert rows["balance_policy"][:2] == pytest.approx([40, 73])
    assert rows["balance_commercial"][:2] == pytest.approx([50, 95])
    interest, level = [7.3, 19], [18.25, 23.75]
    over = 30.4 * 0.8 + 36.375 + 30 - sum(interest) - sum(level)
    rest = [73 - level[0], 95 - level[1]]
    paid = [x * over / sum(rest) for x in rest]
    assert rows["balance_policy"][2] == pytest.approx(rest[0] - paid[0])
    assert rows["balance_commercial"][2] == pytest.approx(rest[1] - paid[1])
    # the level stays as it was: the last step has less than one
    assert rows["balance_policy"][3] == pytest.approx(rest[0] - paid[0] - level[0])
    none, half = (stacked({**long, "sweep": x}, [100, 0, 0], [0, 300, 0], 1.0) for x in (0, 0.5))
    assert none["equity"][1] == pytest.approx(300 - 14 - 22.5) and none["prepaid"][1] == 0
    assert half["prepaid"][1] == pytest.approx(67.5) and half["equity"][1] == pytest.approx(263.5 - 67.5)
    half = stacked({**long, "sweep": 0.5}, [100, 0, 0], [0, 60, 0], 1.0)
    assert half["prepaid"][1] == half["equity"][1] == pytest.approx(23.5 / 2)


def test_stack__calls_after_completion_raise_the_level():
    clause = {**STACK, "tenor_years": 3}
    rows = stacked(clause, [90, 30, 0, 0, 60, 0], [0, 999, 999, 999, 999, 999], 1.0, rate=-1)
    # level 12; a call of 12 on 2 steps left raises it to 18; a call after the last step falls due in the next
    assert rows["balance_policy"] == pytest.approx([36, 0 + 12, 0, 0, 24, 0])
    clause["sweep"] = 0
    rows = stacked(clause, [90, 30, 0, 0, 60, 0], [0, 999, 999, 999, 999, 999], 1.0, rate=-1)
    assert rows["balance_policy"] == pytest.approx([36, 24 + 12, 18, 0, 24, 0])


def with_stack(study, clause):
    study["stack"] = clause
    return study


def test_stack__of_the_paper_study():
    study = with_stack(paper_study(), {**INSURED, "tenor_years": 1})
    study["stack"]["insurer"] = {"cover": 0.8, "wait_years": 1, "premium": 0.01, "capital": 39, "capacity": 88}
    sim, rows, q = play(study)
    by_hand = stacked(study["stack"], rows["calls"], rows["distribution_funder"], completion=3.0)
    assert rows["loan_balance"] == pytest.approx(by_hand["loan_balance"])
    assert rows["claims"] == pytest.approx(by_hand["claims"]) and rows["claims"].any()
    factors = 1.1 ** -np.arange(1, 8)
    assert q["npv_banks"] == pytest.approx((by_hand["banks"] * factors).sum())
    assert q["npv_policy_bank"] == pytest.approx((by_hand["policy_bank"] * factors).sum())
    assert q["insurer_claims"] == pytest.approx((by_hand["claims"] * factors).sum())
    assert q["insurer_net"] == pytest.approx((by_hand["insurer"] * factors).sum())
    assert q["npv_banks"] + q["npv_policy_bank"] + q["insurer_net"] == pytest.approx(q["npv_funder"])
    share = by_hand["unrepaid_policy"][-1] / 40
    assert q["policy_bank_loss"] == pytest.approx(20 * (1.1**-2 + 1.1**-3) * share) and 0 < share < 1
    assert sim.quantities["portfolio"]["bank_loss"][0] == pytest.approx(q["bank_loss"])
    least, most = by_hand["insurer"].cumsum().min(), by_hand["insured"].max()
    scheme = sim.quantities["scheme"]
    assert scheme["insurer_breach"][0] == (least < -39) and scheme["insurer_capacity_breach"][0] == (most > 88)
    assert sim.margins["insurer_breach"][0] == pytest.approx(abs(least + 39) / 39)
    assert sim.margins["insurer_capacity_breach"][0] == pytest.approx(abs(most - 88) / 88)
    without = play(paper_study())[2]
    assert {name: q[name] for name in without} == pytest.approx(without, nan_ok=True)


def test_stack__ends_with_a_cancellation_and_with_a_plant_that_is_given_up():
    study = with_stack(changed(operation={"tax": None, "abandon_after_years": 2}), {**STACK, "tenor_years": 20})
    yields(study, [5, 14, 40, 40])
    sim, rows, _ = play(study)  # closed at the end of step 4
    assert rows["closed"][3:].tolist() == [0, 1, 1, 1]
    assert sim.stacks["p"]["balance_policy"][3, 0] > 0 and not sim.stacks["p"]["balance_policy"][4:, 0].any()
    event = {"date": dt.date(2028, 7, 1), "outcomes": {"o": {"cancels": ["p"]}}, "probabilities": {"o": 1}}
    study = with_stack(changed(construction={"salvage": 0.4, "termination_fee": 0.1}), STACK)
    study["events"] = {"e": event}
    sim, rows, _ = play(study)
    stack = {name: row[:, 0] for name, row in sim.stacks["p"].items()}
    spent = 50 * 183 / 366
    assert rows["calls"][:3] == pytest.approx([0, spent + 10, 0])
    assert not stack["balance_commercial"].any() and stack["due_commercial"][1] == pytest.approx(0.5 * (spent + 10))
    assert stack["banks"][1] == pytest.approx(-0.5 * (spent + 10) + 5 / 9 * 0.1 * 0.4 * spent)  # tier two of salvage


# ---- pooling, adjustment, catch-up ---------------------------------------------------------------


def split_together(A, K, completions, m=1, rate=0.08, own=(), **terms):
    """Split the cash of projects of one path, operating for ever; return each one's rows and the margins."""
    base = dict(mode="periodic", first_share=0.5, second_share=0.1, reference_rate="r", spread=0.02)
    base |= dict(deemed_life_years=2) | terms
    T = len(A[0])
    ends = np.arange(1, T + 1)[:, None] / m
    ctx = ref.Context(
        {"agreement": {"split": base}},
        ref.Calendar(dt.date(2026, 3, 31), m, T / m),
        np.arange(1),
        None,
        None,
        ref.Factors({"r": np.full((T, 1), rate)}, {"r": rate}, {}, None),
        None,
    )
    ventures = []
    for i, completion in enumerate(completions):
        age = np.maximum(ends - completion, 0)
        flows = {
            "available_cash": np.array(A[i], dtype=float)[:, None],
            "capital": np.array(K[i], dtype=float)[:, None],
            "age_start": np.maximum(ends - 1 / m - completion, 0),
            "age_end": age,
        }
        site = ref.Site(0.0, 1.0, np.array([float(completion)]), [], None, None, 0.0)
        ventures.append(({"split": own[i]} if i < len(own) else {}, site, flows))
    accounts, margins = ref.split_all(ctx, ventures)
    return [{name: row[:, 0] for name, row in account.rows.items()} for account in accounts], margins


def test_pooling__periodic_on_paper():
    A, K = [[0, 200, 300], [0, 0, 100]], [[100, 0, 0]] * 2
    (p, q), _ = split_together(A, K, [1, 1], pooling="umbrella")
    # due 60 + 60, cash 200 all in tier one, carry 10 each; due 65 + 65, tier one 260, the rest 140 by 300 : 100
    assert p["due"] == pytest.approx([0, 60, 65]) and q["due"] == pytest.approx([0, 60, 65])
    assert p["distribution_funder"] == pytest.approx([0, 50, 65 + 10.5])
    assert q["distribution_funder"] == pytest.approx([0, 50, 65 + 3.5])
    assert p["distribution_host"] == pytest.approx([0, 50, 65 + 94.5])
    assert q["distribution_host"] == pytest.approx([0, 50, 65 + 31.5])
    assert p["carry"] == pytest.approx([0, 10, 0]) and q["carry"][2] == 0
    (p, q), _ = split_together(A, K, [1, 1])
    assert p["distribution_funder"] == pytest.approx([0, 60 + 8, 55 + 0.1 * 190])
    assert q["distribution_funder"] == pytest.approx([0, 0, 50]) and q["carry"] == pytest.approx([0, 60, 65])


def test_pooling__cumulative_on_paper_with_a_spread_of_its_own():
    A, K = [[0, 200, 400], [0, 0, 0]], [[100, 0, 0]] * 2
    terms = dict(mode="cumulative", pooling="umbrella")
    (p, q), _ = split_together(A, K, [1, 9], own=[{}, {"spread": 0.12}], **terms)
    # due 110 and 120; tier one 200 by 110 : 120; balances 110 - 1100/23 and 120 - 1200/23; then both in full
    assert p["distribution_funder"][1] == pytest.approx(1100 / 23) and p["deemed_balance"][1] == pytest.approx(
        1430 / 23
    )
    due = [1.1 * 1430 / 23, 1.2 * 1560 / 23]
    assert [p["due"][2], q["due"][2]] == pytest.approx(due)
    rest = 400 - 2 * sum(due)
    assert p["distribution_funder"][2] == pytest.approx(due[0] + 0.1 * rest)
    assert p["distribution_host"][2] == pytest.approx(due[0] + 0.9 * rest)
    assert q["distribution_funder"][2] == pytest.approx(due[1]) and q["distribution_host"][2] == pytest.approx(due[1])
    assert p["deemed_balance"][2] == q["deemed_balance"][2] == 0  # exactly: rounding leaves nothing open


def test_pooling__needs_one_pair_of_shares():
    with pytest.raises(ValueError, match="one mode and one pair of shares"):
        split_together([[0], [0]], [[0], [0]], [1, 1], own=[{}, {"first_share": 0.6}], pooling="umbrella")


def test_pooling__one_project_is_as_without():
    rng = np.random.default_rng(8)
    A, K = [rng.gamma(1, 30, 12) * (np.arange(12) > 2)], [np.where(np.arange(12) < 3, 30.0, 0.0)]
    for mode in ("periodic", "cumulative"):
        (pool,), _ = split_together(A, K, [2.3], mode=mode, pooling="umbrella")
        (alone,), _ = split_together(A, K, [2.3], mode=mode)
        for name, row in alone.items():
            assert np.allclose(pool[name], row, rtol=1e-12, atol=1e-12), name


ADJUST = {"after_years": 1, "first_share": 0.4, "second_share": 0.05}


def test_adjust__tested_once_on_paper():
    (p,), (margin,) = split_together([[0, 100, 200, 200]], [[100, 0, 0, 0]], [1], adjust=ADJUST)
    # due 60, paid 50, carry 10 at the age of one: due 65 from 200 at 0.4 and 0.05; then nothing is due
    assert p["distribution_funder"] == pytest.approx([0, 50, 65 + 0.05 * (200 - 65 / 0.4), 10])
    assert p["carry"] == pytest.approx([0, 10, 0, 0]) and margin[0] == pytest.approx(1e-9, rel=1e-6)
    (p,), _ = split_together([[0, 120, 0, 200]], [[100, 0, 0, 0]], [1], adjust=ADJUST)
    assert p["carry"] == pytest.approx([0, 0, 55, 0])  # open later, not at the test
    assert p["distribution_funder"] == pytest.approx([0, 60, 0, 55 + 0.1 * 90])
    (p,), (margin,) = split_together([[0, 100, 130, 0, 200]], [[100, 0, 0, 0, 0]], [1.5], adjust=ADJUST)
    assert p["due"] == pytest.approx([0, 30, 57.5, 27.5, 27.5])  # age 0.5 at the start of step 2, 1.5 of step 3
    assert p["distribution_funder"][3:] == pytest.approx([0, 27.5 + 0.1 * 145]) and margin[0] == pytest.approx(0.075)
    terms = dict(mode="cumulative", adjust=ADJUST)
    (p,), _ = split_together([[0, 100, 400, 400]], [[100, 0, 0, 0]], [1], **terms)
    # balance 100, due 110, paid 50, 60 open: due 66 at 0.4, then the second share is 0.05 for good
    assert p["distribution_funder"] == pytest.approx([0, 50, 66 + 0.05 * (400 - 165), 20])
    (p,), _ = split_together([[0, 300, 400, 400]], [[100, 0, 0, 0]], [1], **terms)
    assert p["distribution_funder"] == pytest.approx([0, 110 + 8, 40, 40])


def test_adjust__of_a_pool_counts_from_its_first_completion():
    A, K = [[0, 240, 100, 100], [0, 0, 0, 200]], [[100, 0, 0, 0]] * 2
    terms = dict(pooling="umbrella", adjust=ADJUST)
    (p, q), margins = split_together(A, K, [1, 3], **terms)
    # at the age of one of p nothing is open: q owes nothing yet
    assert p["distribution_funder"] == pytest.approx([0, 60 + 12, 50, 5 + 0.1 * 170 / 3])
    assert q["distribution_funder"] == pytest.approx([0, 0, 0, 60 + 0.1 * 340 / 3]) and len(margins) == 1
    (p, q), _ = split_together(A, K, [1, 3], mode="cumulative", **terms)
    # due 110 + 110 of 240: 120 paid by halves, 50 each open; so 0.4 of 100 for 55 + 55 due
    assert p["deemed_balance"][1] == pytest.approx(50)
    assert p["distribution_funder"][2] == q["distribution_funder"][2] == pytest.approx(20)


def with_a_decline(notice):
    """Return a study of p and r that receive 20 each in steps 3 to 5, while q's 30 are declined."""
    study, draws = decided({"project/p/funding": 0.0, "project/q/funding": 0.9, "project/r/funding": 0.0})
    study = two_more(study, (30, 60), (notice, dt.date(2026, 12, 1)))
    for project in study["projects"].values():
        project["operation"] = {**project["operation"], "tax": None}
    return study, draws


def caught(study, draws, **clause):
    study["agreement"]["catch_up"] = clause
    sim = ref.simulate(study, np.array([0]), draws)
    assert sim.quantities["q"]["declined"][0] == 1
    for name in "pr":
        rows = {row: values[:, 0] for row, values in sim.projects[name].items()}
        diverted = sim.diverted[:, 0] / 2
        assert rows["distribution_funder"] == pytest.approx(np.array([0, 0, 0, 20, 20, 20, 0]) - diverted)
        assert rows["distribution_host"] == pytest.approx(np.array([0, 0, 0, 20, 20, 20, 0]) + diverted)
        assert rows["carry"][3] == pytest.approx({"p": 40, "r": 16}[name])  # as if it had been received
    pv = (sim.diverted[:, 0] * 1.1 ** -np.arange(1, 8)).sum()
    assert sim.quantities["portfolio"]["caught_up"][0] == pytest.approx(pv)
    return sim.diverted[3:, 0]


def test_catch_up__until_amount_on_paper():
    study, draws = with_a_decline(dt.date(2029, 3, 1))  # declined in step 2
    assert caught(study, draws, share=1, until="amount") == pytest.approx([30, 0, 0, 0])
    assert caught(study, draws, share=0.5, until="amount") == pytest.approx([20, 10, 0, 0])
    assert caught(study, draws, share=0.1, until="amount") == pytest.approx([4, 4, 4, 0])
    study, draws = with_a_decline(dt.date(2031, 1, 2))  # declined in step 4, from which on it is forgone
    assert caught(study, draws, share=0.5, until="amount") == pytest.approx([0, 20, 10, 0])


def test_catch_up__until_years_on_paper():
    study, draws = with_a_decline(dt.date(2029, 3, 1))
    assert caught(study, draws, share=0.5, until="years", years=1) == pytest.approx([20, 0, 0, 0])
    assert caught(study, draws, share=1, until="years", years=2) == pytest.approx([40, 40, 0, 0])
    study, draws = with_a_decline(dt.date(2030, 3, 1))  # declined in step 3: from the next one on
    assert caught(study, draws, share=0.5, until="years", years=1) == pytest.approx([0, 20, 0, 0])


# ---- the example ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def example():
    return ref.example_study()


@pytest.mark.parametrize("variant", ref.VARIANTS)
def test_example__invariants(example, variant):
    study = ref.VARIANTS[variant](example)
    sim = ref.simulate(study, np.arange(40, 100))
    for name, flows in sim.projects.items():
        A, funder = flows["available_cash"], flows["distribution_funder"]
        assert np.allclose(funder + flows["distribution_host"], A, rtol=1e-14)
        terms = ref.split_of(study, study["projects"][name])
        if terms["mode"] != "none":
            assert (funder >= terms["second_share"] * A - 1e-9).all()
            assert (funder <= terms["first_share"] * A + 1e-9).all()
        assert all((flows[row] >= 0).all() for row in ("carry", "deemed_balance", "calls", "arrears", "tax"))
        assert np.allclose(flows["calls"].sum(axis=0), sim.quantities[name]["cost"])
    for row in ("cost", "npv_funder", "pv_host", "deemed_open"):
        total = sum(sim.quantities[name][row] for name in sim.projects)
        assert np.allclose(sim.quantities["portfolio"][row], total)
    finite = np.isfinite(sim.quantities["portfolio"]["irr_funder"])
    assert finite.any()


def test_example__uses_every_clause(example):
    assert {ref.process_of(f)[0] for f in example["factors"].values()} == {
        "gbm",
        "ou",
        "vasicek",
        "merton",
        "deterministic",
    }
    sim = ref.simulate(example, np.arange(400))
    causes = {jump[4] for path in sim.layers for jump in path}
    assert causes == {"clock", "hazard", "event:president"}
    assert all(len(np.unique(outcome)) == len(example["events"][e]["outcomes"]) for e, outcome in sim.outcomes.items())
    q = sim.quantities
    assert 0 < q["mine"]["completed"].mean() < 1
    for name in ("gas", "port", "mine", "portfolio"):
        assert 0 < np.isinf(q[name]["payback_years"]).mean() < 1
        assert 0 < np.isinf(q[name]["whole_years"]).mean() < 1
    assert all((sim.projects[name]["tax"] > 0).any() for name in ("gas", "port"))
    assert (sim.projects["mine"]["arrears"] > 0).any()
    assert (sim.factors["henry_hub"] == 2.5).any() and (sim.factors["power"] >= 90).any()


@pytest.fixture(scope="module")
def deals(example):
    """Return each variant of the whole deal: its study and its simulation."""
    found = {}
    for name, change in ref.WHOLE_DEAL_VARIANTS.items():
        study = change(example)
        found[name] = study, ref.simulate(study, np.arange(100, 180))
    return found


def ventures(sim):
    """Return name, site, rows and quantities of each project and of each slot."""
    found = [(name, sim.sites[name], sim.projects[name], sim.quantities[name]) for name in sim.sites]
    slots = [part for parts in sim.slots.values() for part in parts]
    return found + [(part.venture.name, part.site, part.flows, part.quantities) for part in slots]


def split_terms(study, name):
    project = study["pipelines"][name.split("/")[0]]["template"] if "/" in name else study["projects"][name]
    return ref.split_of(study, project)


@pytest.mark.parametrize("variant", ref.WHOLE_DEAL_VARIANTS)
def test_whole_deal__cash_is_conserved(deals, variant):
    study, sim = deals[variant]

    def change(row):
        return np.diff(row, axis=0, prepend=0.0)

    for name, _, f, q in ventures(sim):
        tolerance = dict(rtol=1e-9, atol=1e-9)
        assert np.allclose(f["spend"], f["capital"] + f["host_spend"] + f["lender_spend"], **tolerance)
        assert np.allclose(f["calls"], f["capital"] + f["termination_fee"], **tolerance)
        costs = f["fuel"] + f["om"] + f["tax"] + f["debt_paid"] + f["fee_paid"]
        owed = change(f["arrears"]) + f["arrears_ended"]
        kept = f["revenue"] - costs + owed + f["salvage"] - f["salvage_to_debt"]
        assert np.allclose(kept, f["available_cash"], **tolerance)
        debt = f["lender_spend"] + f["debt_capitalised"] + f["debt_interest"] - f["debt_paid"] - f["salvage_to_debt"]
        assert np.allclose(change(f["debt_balance"]), debt, **tolerance)
        assert np.allclose(change(f["fee_owed"]), f["fee_part"] - f["fee_paid"], **tolerance)
        A, funder = f["available_cash"], f["distribution_funder"]
        assert np.allclose(funder + f["distribution_host"], A, **tolerance)
        terms = split_terms(study, name)
        assert (funder >= terms["second_share"] * A - 1e-9).all() and (funder <= terms["first_share"] * A + 1e-9).all()
        least = -1e-9
        for row in (*ref.CASH_ROWS, "spend", "capital", "host_spend", "lender_spend", "termination_fee", "carry"):
            assert (f[row] >= least).all(), row
        assert all(np.isfinite(row).all() for row in f.values())
        unfunded = q["funded"] == 0
        assert not any(row[:, unfunded].any() for row_name, row in f.items() if row_name != "rate")
        assert not (q["funded"] * q["declined"]).any() and not (q["completed"] * q["cancelled"]).any()
        assert (q["completed"] <= q["funded"]).all() and not (q["declined"] * q["cancelled"]).any()
    for unit, rows in sim.projects.items():
        parts = sim.slots.get(unit)
        if parts:
            assert np.allclose(rows["calls"], sum(part.flows["calls"] for part in parts))
        assert np.allclose(rows["spend"].sum(axis=0), sim.quantities[unit]["cost"])
    money = ("cost", "npv_funder", "pv_host", "deemed_open", "vendor_margin", "supply_chain_benefit", "developer_fee")
    for quantity in (*money, "funded", "completed", "cancelled", "declined"):
        total = sum(sim.quantities[unit][quantity] for unit in sim.projects)
        assert np.allclose(sim.quantities["portfolio"][quantity], total, rtol=1e-9, atol=1e-9), quantity
    left = sum(s.budget * (1 - s.declined) for s in sim.selections.values())
    assert np.allclose(sim.quantities["scheme"]["committed"], left)


@pytest.mark.parametrize("variant", ref.WHOLE_DEAL_VARIANTS)
def test_whole_deal__every_kind_of_decision_occurs(deals, variant):
    study, sim = deals[variant]
    whole, said = variant.startswith("whole_deal"), {what for path in sim.notes for _, what, _ in path}
    many = 2 if whole else 5

    def on_paths(row):
        return sum((f[row] > 1e-9).any(axis=0) for _, _, f, _ in ventures(sim) if row in f)

    def cancelled_by(cause):
        return sum(site.causes[cause] & (site.funded > 0) for _, site, _, _ in ventures(sim))

    if variant == "selection" or whole:
        wanted = {"no_go_ahead", "waits", "cut", "dropped", "too_late", "notice", "funded", "delayed", "declined"}
        assert wanted | {"stopped", "trigger"} <= said
        assert cancelled_by("world").sum() >= many
        early = sum((site.funded == 0) & np.isfinite(site.stop) for _, site, _, _ in ventures(sim))
        assert early.sum() >= many
        assert sum((0 < site.size) & (site.size < 1) for _, site, _, _ in ventures(sim)).sum() >= many
        delays = [[name for _, what, name in path if what == "delayed"] for path in sim.notes]
        assert sum(len(names) > len(set(names)) for names in delays) >= 2  # one venture, delayed twice
    if variant == "pipelines" or whole:
        assert {"cut", "dropped", "too_late", "waits", "declined"} <= said
        for parts in sim.slots.values():
            assert (sum(part.site.funded for part in parts) >= 2).sum() >= many
            assert (sim.quantities[parts[0].venture.pipeline]["funded"] == 0).sum() >= 1
    if variant == "building" or whole:
        for cause in ("world", "review", "subscription", "cap"):
            assert cancelled_by(cause).sum() >= many, cause
        gas, port = sim.sites["gas"], sim.sites["port"]
        assert on_paths("host_spend").sum() >= many
        assert (gas.spend.sum(axis=0) > 1.3 * gas.budget).sum() >= 2  # beyond the ceiling
        assert (gas.shortfall > 0).sum() >= many and (gas.shortfall == 0).sum() >= many
        assert (port.shortfall > 0).all() and on_paths("salvage").sum() >= many
        assert on_paths("termination_fee").sum() >= many
        assert sum((length > 0).sum() for _, length in gas.standstills) >= many
        assert on_paths("arrears_ended").sum() >= 2 or whole
    if variant == "operating" or whole:
        rows = (
            "arrears closed debt_arrears fee_owed fee_paid losses idle output_defaulted capacity_payment output_credit"
        )
        for row in (*rows.split(), "salvage_to_debt", "tax"):
            assert on_paths(row).sum() >= many, row
        gas = sim.projects["gas"]
        assert (gas["fee_part"].sum(axis=0) > 0).sum() >= many
        open_ = sim.sites["gas"].completion < 7
        assert ((gas["fee_part"].sum(axis=0) == 0) & open_).sum() >= 2
        idle, sold = gas["idle"] > 0, gas["output_merchant"] > 0
        assert idle.any(axis=0).sum() >= many and sold.any(axis=0).sum() >= many
        mine = sim.projects["mine"]
        assert ((mine["closed"][-1] > 0) & (sim.quantities["mine"]["completed"] > 0)).sum() >= many or whole
    if variant == "operating":
        both = (gas["salvage"] - gas["salvage_to_debt"] > 1e-9) & (gas["salvage_to_debt"] > 0)
        assert both.any()
    if variant == "side_flows" or whole:
        assert on_paths("vendor_margin").sum() >= many and on_paths("supply_chain_benefit").sum() >= many
        assert (sim.relief.std(axis=1) > 0).all()


def test_whole_deal__laws_and_streams_go_through_the_hooks(example):
    asked, laws = set(), set()

    class Spy(ref.Draws):
        def uniforms(self, name, index, paths):
            asked.add(("u", name))
            return super().uniforms(name, index, paths)

        def scores(self, name, index, paths):
            asked.add(("z", name))
            return super().scores(name, index, paths)

    def law_value(key, law, z):
        laws.add(key)
        return ref.exact_value(key, law, z)

    ref.simulate(ref.WHOLE_DEAL_VARIANTS["whole_deal"](example), np.arange(40), Spy(3), law_value)
    scores = "size start_delay slip threshold subscription shortfall uplift salvage fee".split()
    assert {("z", f"project/gas/{name}") for name in scores if name != "subscription"} <= asked
    assert {("z", f"project/sites/1/{name}") for name in ("size", "cost", "slip", "shortfall", "subscription")} <= asked
    assert {("u", f"project/gas/{name}") for name in ("go_ahead", "funding", "trigger")} <= asked
    assert {("u", "offtaker/data_centre/default"), ("u", "pipeline/wells/gap"), ("z", "scheme/take_up")} <= asked
    construction = "start_delay uplift review.threshold salvage shortfall spend_curve overrun duration".split()
    assert {f"projects.gas.construction.{name}" for name in construction} <= laws
    assert {
        "projects.gas.go_ahead.size_share",
        "projects.port.construction.subscription.share",
        "projects.gas.operation.developer_fee.amount",
        "agreement.funding.slip",
        "agreement.funding.take_up",
        "pipelines.sites.size",
        "pipelines.sites.template.construction.subscription.share",
        "pipelines.wells.template.operation.contract.price",
    } <= laws


def test_whole_deal__paths_are_drawn_each_alone(example):
    study = ref.WHOLE_DEAL_VARIANTS["whole_deal"](example)
    together, alone = ref.simulate(study, np.array([3, 9, 12])), ref.simulate(study, np.array([9]))
    for unit, quantities in alone.quantities.items():
        for name, value in quantities.items():
            assert np.allclose(value, together.quantities[unit][name][1:2], rtol=1e-13, equal_nan=True), (unit, name)


def test_hooks__everything_drawn_and_tabulated_passes_through(example):
    asked, laws = set(), set()

    class Spy(ref.Draws):
        def uniforms(self, name, index, paths):
            asked.add(name)
            return super().uniforms(name, index, paths)

        def scores(self, name, index, paths):
            asked.add(name)
            return np.float32(super().scores(name, index, paths)).astype(float)

    def law_value(key, law, z):
        laws.add(key)
        return ref.exact_value(key, law, z)

    exact = ref.simulate(example, np.arange(5))
    rounded = ref.simulate(example, np.arange(5), Spy(example["run"]["seed"]), law_value)
    assert np.allclose(exact.quantities["gas"]["npv_funder"], rounded.quantities["gas"]["npv_funder"], rtol=1e-4)
    assert {"factors/tail", "factor/equipment/count", "factor/equipment/jump", "layer/tariffs/clock"} <= asked
    assert {
        "construction/all/cost",
        "construction/thermal/delay",
        "project/gas/subscription",
        "project/mine/availability",
    } <= asked
    assert not any(name in asked for name in ("factor/wages", "project/mine/contract"))
    assert {
        "correlation.tail",
        "correlation.score",
        "projects.gas.construction.overrun",
        "projects.port.operation.contract.price",
    } <= laws


def test_paths__are_drawn_each_alone(example):
    together = ref.simulate(example, np.array([3, 9, 12]))
    alone = ref.simulate(example, np.array([9]))
    for unit, quantities in alone.quantities.items():
        for name, value in quantities.items():
            assert np.allclose(value, together.quantities[unit][name][1:2], rtol=1e-13, equal_nan=True), (
                unit,
                name,
            )


# ---- the example with stack and terms ------------------------------------------------------------


@pytest.fixture(scope="module")
def stacks(example):
    """Return each variant of the stack and the terms: its study and its simulation."""
    found = {}
    for name, change in ref.STACK_VARIANTS.items():
        study = change(example)
        found[name] = study, ref.simulate(study, np.arange(100, 180))
    return found


@pytest.mark.parametrize("variant", ref.STACK_VARIANTS)
def test_terms__split_and_catch_up_hold(stacks, variant):
    study, sim = stacks[variant]
    split, clause = study["agreement"]["split"], study["agreement"].get("catch_up")
    accounts = sim.accounts.values()
    close = dict(rtol=1e-9, atol=1e-9)
    A = sum(account.flows["available_cash"] for account in accounts)
    funder, host, paid, due = (
        sum(account.rows[row] for account in accounts)
        for row in ("distribution_funder", "distribution_host", "paid", "due")
    )
    assert np.allclose(funder + host, A, **close)
    assert all((account.rows[row] >= -1e-9).all() for account in accounts for row in ("carry", "deemed_balance"))
    if split["mode"] != "none":
        pairs = [(split["first_share"], split["second_share"])]
        if "adjust" in split:
            pairs.append((split["adjust"]["first_share"], split["adjust"]["second_share"]))
        pooled = split.get("pooling") == "umbrella"
        least, most = min(s2 for _, s2 in pairs), max(s1 for s1, _ in pairs)
        for account in accounts:
            rows, cash = account.rows, account.flows["available_cash"]
            own = rows["distribution_funder"] + rows["distribution_host"]
            assert (rows["distribution_funder"] <= most * own + 1e-9).all()
            assert (rows["distribution_funder"] >= least * own - 1e-9).all()
            assert pooled or np.allclose(own, cash, **close)
            assert (rows["paid"] <= rows["due"] + 1e-9).all()
        if pooled:
            adjusted = next(iter(accounts)).adjusted
            s1 = np.where(adjusted, most, split["first_share"])  # at any time, at most
            assert (funder <= s1 * A + 1e-9).all() and (funder >= least * A - 1e-9).all()
            if "adjust" not in split:
                assert np.allclose(paid, np.minimum(split["first_share"] * A, due), **close)
                rest = A - np.minimum(A, due / split["first_share"])
                assert np.allclose(funder, paid + split["second_share"] * rest, **close)
    after = sum(rows["distribution_funder"] for rows in sim.projects.values())
    assert np.allclose(after + sum(rows["distribution_host"] for rows in sim.projects.values()), A, **close)
    if clause is None:
        assert np.array_equal(sim.diverted, 0.0) and np.allclose(after, funder, **close)
        assert "caught_up" not in sim.quantities["portfolio"]
        return
    assert np.allclose(after, funder - sim.diverted, **close)
    assert (sim.diverted >= 0).all() and (sim.diverted <= clause["share"] * funder + 1e-9).all()
    forgone = np.zeros_like(A)
    for chosen in sim.selections.values():
        for i in np.flatnonzero(chosen.declined):
            forgone[round(math.floor(chosen.due[i] * study["study"]["steps_per_year"] + 1e-9)), i] += chosen.budget[i]
    if clause["until"] == "amount":
        assert (np.cumsum(sim.diverted, axis=0) <= np.cumsum(forgone, axis=0) + 1e-9).all()
        left = np.cumsum(forgone, axis=0) - np.cumsum(sim.diverted, axis=0)
        short = sim.diverted < clause["share"] * funder - 1e-9
        assert np.allclose(left[short], 0.0, atol=1e-8)
        assert np.isclose(sim.diverted.sum(axis=0), forgone.sum(axis=0)).sum() >= 5  # some are used up, some are not
        assert (sim.diverted.sum(axis=0) < forgone.sum(axis=0) - 1).sum() >= 5
    else:
        window = round(clause["years"] * study["study"]["steps_per_year"])
        for i in range(A.shape[1]):
            steps = {d + 1 + k for d in np.flatnonzero(forgone[:, i]) for k in range(window)}
            inside = np.isin(np.arange(len(A)), list(steps))
            assert np.allclose(sim.diverted[:, i], np.where(inside, clause["share"] * funder[:, i], 0.0), **close)
    assert (sim.diverted > 1e-9).any(axis=0).sum() >= 8
    factors = ref.discount_factors(study["curves"]["usd"], sim.times)[:, None]
    assert np.allclose(sim.quantities["portfolio"]["caught_up"], (factors * sim.diverted).sum(axis=0))


WITH_STACK = [name for name in ref.STACK_VARIANTS if name.startswith(("stack", "everything"))]


@pytest.mark.parametrize("variant", WITH_STACK)
def test_stack__flows_and_balances_hold(stacks, variant):
    study, sim = stacks[variant]
    insurer = study["stack"].get("insurer")
    cover = insurer["cover"] if insurer else 0.0
    for name, site, flows, q in ventures(sim):
        rows = sim.stacks[name]
        K, Y = flows["calls"], flows["distribution_funder"]
        assert np.abs(rows["banks"] + rows["policy_bank"] + rows["insurer"] - (Y - K)).max() <= 1e-9 * (K + Y).max()
        scale = 1e-9 * np.maximum(K.sum(axis=0), 1.0)
        U = rows["due_commercial"] - rows["paid_commercial"] - rows["claimed"]
        assert (np.abs(rows["arrears_unclaimed"] - U) <= scale).all()
        states = [row for row in rows if row.startswith(("balance", "arrears", "taken", "unrepaid", "loan", "claims"))]
        assert all((rows[row] >= -scale).all() and np.isfinite(rows[row]).all() for row in states)
        # what the insurer has taken over is what it paid, less what it recovered
        taken = np.cumsum(rows["claims"] - rows["recoveries"], axis=0)
        assert (np.abs(rows["taken_over"] - taken) <= scale).all()
        assert np.allclose(rows["claims"].sum(axis=0), cover * rows["claimed"][-1])
        for loan, arrears in (("policy", "arrears_policy"), ("commercial", "arrears_unclaimed")):
            owed = rows[f"balance_{loan}"] + rows[arrears]
            owed = owed + (rows["arrears_retained"] if loan == "commercial" else 0.0)
            assert (rows[f"unrepaid_{loan}"] <= np.minimum(owed, np.cumsum(rows[f"call_{loan}"], axis=0)) + scale).all()
        building = np.arange(len(K))[:, None] / study["study"]["steps_per_year"] < site.completion
        ended = np.cumsum(site.settled | (flows["closed"] > 0), axis=0) > 0
        early = building & ~ended
        assert not rows["due_policy"][early].any() and not rows["arrears_policy"][early].any()
        assert not rows["balance_commercial"][ended].any() and not rows["balance_policy"][ended].any()
        if "npv_funder" in q:  # a slot of a pipeline has none
            assert np.allclose(q["npv_banks"] + q["npv_policy_bank"] + q["insurer_net"], q["npv_funder"])
        unfunded = q["funded"] == 0
        assert not any(row[:, unfunded].any() for row in rows.values())
        assert (q["bank_loss"] >= 0).all() and not q["policy_bank_loss"][unfunded].any()
    for quantity in (*ref.STACK_VALUES, *ref.STACK_LOSSES):
        total = sum(sim.quantities[unit][quantity] for unit in sim.projects)
        assert np.allclose(sim.quantities["portfolio"][quantity], total, rtol=1e-9, atol=1e-9), quantity
    assert np.allclose(
        sim.quantities["portfolio"]["npv_funder"],
        sum(sim.quantities["portfolio"][name] for name in ("npv_banks", "npv_policy_bank", "insurer_net")),
    )
    scheme = sim.quantities["scheme"]
    if insurer is None:
        assert "insurer_breach" not in scheme and "insurer_capacity_breach" not in scheme
        assert not sim.quantities["portfolio"]["insurer_claims"].any()
        return
    fx = sim.factors["usdjpy"]
    running = np.cumsum(sum(rows["insurer"] for rows in sim.stacks.values()) * fx, axis=0)
    assert np.array_equal(scheme["insurer_breach"], running.min(axis=0) < -insurer["capital"])
    insured = sum(rows["insured"] for rows in sim.stacks.values()) * fx
    assert np.array_equal(scheme["insurer_capacity_breach"], insured.max(axis=0) > insurer["capacity"])
    if cover > 0:
        assert 5 <= scheme["insurer_breach"].sum() <= 75 and 5 <= scheme["insurer_capacity_breach"].sum() <= 75


@pytest.mark.parametrize("variant", WITH_STACK)
def test_stack__every_kind_of_thing_occurs(stacks, variant):
    study, sim = stacks[variant]
    insurer = study["stack"].get("insurer")

    def count(row):
        return [int((rows[row] > 1e-6).any(axis=0).sum()) for rows in sim.stacks.values()]

    assert max(count("arrears_policy")) >= 20 and max(count("late_policy")) >= 20
    assert max(count("equity")) >= 3
    assert (max(count("prepaid")) >= 15) == (study["stack"].get("sweep", 1) > 0)
    if insurer is not None and insurer["cover"] > 0:
        assert max(count("claims")) >= 20 and max(count("recoveries")) >= 5
        assert any(5 <= number <= 75 for number in count("claims"))
    if variant in ("stack_cancelled", "stack_given_up") or variant.startswith("everything"):
        before = after = 0
        for _, site, flows, _ in ventures(sim):
            settled, closed = site.settled.any(axis=0), (flows["closed"] > 0).any(axis=0)
            before, after = before + settled.sum(), after + (closed & ~settled & (site.completion < 8)).sum()
        assert before >= 15 and (after >= 15 or variant == "stack_cancelled")


def test_stack__cover_of_nothing_and_sweep(stacks, example):
    bare, none = stacks["stack_uninsured"][1], stacks["stack_cover_none"][1]
    for quantity in ("npv_banks", "npv_policy_bank", "bank_loss", "policy_bank_loss"):
        assert np.allclose(bare.quantities["portfolio"][quantity], none.quantities["portfolio"][quantity]), quantity
    for name, rows in none.stacks.items():
        kept = rows["arrears_retained"] + rows["arrears_unclaimed"]
        assert np.allclose(kept, bare.stacks[name]["arrears_unclaimed"]) and kept.any()
    # all that is overdue is paid for at once: nothing is late, and the banks lose what is not due by the horizon
    whole = stacks["stack_cover_all"][1]
    for name, rows in whole.stacks.items():
        assert np.abs(rows["late_commercial"]).max() < 1e-9 and rows["taken_over"].any(), name
        lost, uninsured = (s.quantities[name]["bank_loss"] for s in (whole, bare))
        assert (lost <= uninsured + 1e-9).all() and lost.mean() < 0.5 * uninsured.mean()
    # in the end it is one balance that earns at most what the deemed one earns: where the one is paid, so is the other
    study = ref.with_stack(ref.with_split(ref.with_cumulative(example), spread=0.0175), {"premium": 0.01})
    for project in study["projects"].values():
        project.pop("split", None)
    sim = ref.simulate(study, np.arange(100, 180))
    paid = 0
    for name, flows in sim.projects.items():
        rows = sim.stacks[name]
        settled = (flows["deemed_balance"] == 0) & (np.cumsum(flows["capital"], axis=0) > 0)
        assert np.allclose((flows["loan_balance"] + rows["taken_over"])[settled], 0.0, atol=1e-8)
        paid += settled.any(axis=0).sum()
    assert paid >= 40


def test_adjust__some_are_and_some_are_not(stacks):
    for variant, (study, sim) in stacks.items():
        clause = study["agreement"]["split"].get("adjust")
        assert (clause is not None) == any(name.startswith("adjust/") for name in sim.margins)
        if clause is None:
            continue
        done = np.array([np.broadcast_to(site.completion, (80,)) for _, site, _, _ in ventures(sim)])
        accounts = list(sim.accounts.values())
        if study["agreement"]["split"].get("pooling") == "umbrella":
            accounts, done = accounts[:1], done.min(axis=0, keepdims=True)
            assert [name for name in sim.margins if name.startswith("adjust/")] == ["adjust/pool"]
        last = 8 - 1 / study["study"]["steps_per_year"]
        held = [
            (a.adjusted.sum(), (c + clause["after_years"] <= last).sum()) for a, c in zip(accounts, done, strict=True)
        ]
        # a pool with pipelines whose balance is open from the first call on is always adjusted
        spared = 0 if variant == "everything_cumulative" else 3
        assert any(yes >= 10 and tested - yes >= spared for yes, tested in held), (variant, held)


def test_pooling__moves_money_between_projects(stacks, example):
    for variant, mode in (("umbrella", "periodic"), ("umbrella_cumulative", "cumulative")):
        sim = stacks[variant][1]
        alone = ref.simulate(
            ref.with_split(example, mode=mode, interest_before_completion=mode == "periodic"), np.arange(100, 180)
        )
        assert np.array_equal(sim.projects["gas"]["calls"], alone.projects["gas"]["calls"])
        got, was = (sum(rows["distribution_funder"].sum(axis=0) for rows in s.projects.values()) for s in (sim, alone))
        assert (np.abs(got - was) > 1).mean() > 0.5 and (got >= was - 1e-6).mean() > 0.5
        moved = sum(
            np.abs(rows["distribution_funder"] + rows["distribution_host"] - rows["available_cash"]).sum(axis=0)
            for rows in sim.projects.values()
        )
        assert (moved > 1).mean() > 0.9


def test_terms__paths_are_drawn_each_alone(example):
    study = ref.STACK_VARIANTS["everything"](example)
    together, alone = ref.simulate(study, np.array([3, 9, 12])), ref.simulate(study, np.array([9]))
    for unit, quantities in alone.quantities.items():
        for name, value in quantities.items():
            assert np.allclose(value, together.quantities[unit][name][1:2], rtol=1e-12, equal_nan=True), (unit, name)
