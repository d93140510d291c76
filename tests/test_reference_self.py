"""Hand-checked cases of the reference itself: published vectors, closed forms, and cash worked on paper."""

import datetime as dt
import math
from fractions import Fraction

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
    available, arrears = ref.cash_and_arrears(np.array([[-5.0], [3.0], [4.0], [1.0]]))
    assert available[:, 0].tolist() == [0, 0, 2, 1] and arrears[:, 0].tolist() == [5, 2, 0, 0]


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
