"""The split in exact fractions: published figures, and the float version against it."""

import datetime as dt
from fractions import Fraction

import numpy as np
import pytest

import reference as ref


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
    got = ref.split_cash(ctx, ctx.study["agreement"]["split"], site, flows)
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
