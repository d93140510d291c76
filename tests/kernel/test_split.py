"""The split between funder and host: worked vectors on paper, exact fractions, invariants."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lane_calls as kernel
import reference as ref

YEARS = 20


def flat(mode, cash, capital, rate, years=YEARS):
    """A capital paid in at the start, level cash for some years, yearly steps."""
    return kernel.split(np.full((years, 1), cash), mode=mode, rates=rate, life=YEARS, paid_in=capital)


def irr_of(capital, receipts):
    """Rate of a capital at time 0 and yearly receipts from year 1 (a rate does not care about the first date)."""
    return kernel.rates_of_return(np.concatenate([[-capital], receipts])[:, None], 1)[0]


@pytest.mark.parametrize(
    ("cash", "funder", "host", "irr", "carry"),
    [(2.7, "27.000", "27.000", "-1.92", "27.28"), (6.0, "55.42", "64.58", "5.80", "0.00")],
)
def test_periodic__worked_example_of_33_3_over_20_years(cash, funder, host, irr, carry):
    rows = flat("periodic", cash, 33.3, 0.06)
    decimals = len(funder.partition(".")[2])
    assert f"{rows['funder'].sum():.{decimals}f}" == funder
    assert f"{rows['host'].sum():.{decimals}f}" == host
    assert f"{100 * irr_of(33.3, rows['funder'][:, 0]):.2f}" == irr
    assert f"{rows['carry'][-1, 0]:.2f}" == carry


def test_periodic__first_year_due_of_33_3_is_3_663():
    assert f"{flat('periodic', 2.7, 33.3, 0.06)['due'][0, 0]:.3f}" == "3.663"


def test_periodic__published_example_of_10_is_1_05_in_the_first_year():
    assert f"{flat('periodic', 1.0, 10.0, 0.055)['due'][0, 0]:.2f}" == "1.05"


def test_periodic__half_of_half_is_paid_and_the_rest_is_carried():
    rows = kernel.split([[0.5]], mode="periodic", rates=0.0, life=YEARS, paid_in=20.0)  # due 20 / 20 = 1
    assert (rows["due"][0, 0], rows["funder"][0, 0], rows["carry"][0, 0]) == (1.0, 0.25, 0.75)


CASES = {
    "periodic_low": dict(mode="periodic", rates="0.06", life=20, paid_in="33.3", available=["2.7"] * 20),
    "periodic_high": dict(mode="periodic", rates="0.06", life=20, paid_in="33.3", available=["6"] * 20),
    "periodic_past_life": dict(mode="periodic", rates="0.05", life=6, paid_in="10", available=["1.3", "4", "0"] * 4),
    "periodic_carry_interest": dict(
        mode="periodic", rates="0.06", life=20, paid_in="33.3", available=["2.7"] * 20, carry_interest=True
    ),
    "periodic_quarters": dict(
        mode="periodic", rates="0.07", life=5, paid_in="12", available=["0.9", "0.1", "2.2"] * 8, step=Fraction(1, 4)
    ),
    "periodic_built_inside": dict(
        mode="periodic",
        rates="0.08",
        life=3,
        calls=["4", "5", "2.5"] + ["0"] * 13,
        available=["0", "0", "0.2"] + ["0.75"] * 13,
        completion=Fraction(5, 8),
        plant_life=Fraction(3),
        step=Fraction(1, 4),
        interest_before_completion=True,
    ),
    "periodic_other_shares": dict(
        mode="periodic", rates="0.03", life=4, paid_in="8", available=["1", "9", "2"] * 3, s1="0.9", s2="0.25"
    ),
    "cumulative_low": dict(mode="cumulative", rates="0.06", paid_in="33.3", available=["2.7"] * 20),
    "cumulative_high": dict(mode="cumulative", rates="0.06", paid_in="33.3", available=["9"] * 20),
    "cumulative_calls": dict(
        mode="cumulative",
        rates="0.055",
        calls=["4", "5", "2.5"] + ["0"] * 13,
        available=["0.75"] * 16,
        step=Fraction(1, 4),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_split__equals_exact_fractions(case):
    given_ = dict(CASES[case])
    available = given_.pop("available")
    exact = ref.split_exact(available, **given_)
    floats = {key: float(Fraction(given_[key])) for key in ("rates", "s1", "s2", "life", "paid_in") if key in given_}
    rows = kernel.split(
        [[float(a)] for a in available],
        mode=given_["mode"],
        m=int(1 / given_.get("step", 1)),
        calls=[float(k) for k in given_["calls"]] if "calls" in given_ else None,
        completion=float(given_.get("completion", 0)),
        plant_life=float(given_.get("plant_life", 1000)),
        carry_interest=given_.get("carry_interest", False),
        before_completion=given_.get("interest_before_completion", False),
        **floats,
    )
    names = ("due", "funder", "host", "balance") + (("carry",) if given_["mode"] == "periodic" else ())
    scale = max(float(row["due"]) for row in exact)
    for t, row in enumerate(exact):
        for name in names:
            assert rows[name][t, 0] == pytest.approx(float(row[name]), rel=1e-12, abs=1e-12 * scale), (t, name)


amounts = st.one_of(st.just(0.0), st.floats(1e-3, 1e3), st.integers(0, 8).map(float))


@st.composite
def runs(draw):
    """Terms, and the cash of a row of lanes over some steps."""
    m = draw(st.sampled_from([1, 4]))
    steps = draw(st.integers(1, 12))
    first = draw(st.floats(0.05, 1.0))
    terms = dict(
        mode=draw(st.sampled_from(["periodic", "cumulative"])),
        m=m,
        rates=draw(st.lists(st.floats(-0.05, 0.2), min_size=steps, max_size=steps)),
        spread=draw(st.floats(-0.02, 0.03)),
        life=draw(st.sampled_from([0.6, 2.0, 20.0])),
        s1=first,
        s2=draw(st.floats(0.0, 1.0)) * first,
        paid_in=draw(amounts),
        calls=draw(st.lists(amounts, min_size=steps, max_size=steps)),
        completion=draw(st.sampled_from([0.0, 0.3, 1.0])),
        plant_life=draw(st.sampled_from([1.5, 100.0])),
        carry_interest=draw(st.booleans()),
        before_completion=draw(st.booleans()),
    )
    if terms["mode"] == "cumulative":
        terms.update(carry_interest=False, before_completion=False)
    terms["calls"] = np.repeat(np.array(terms["calls"])[:, None], kernel.LANES, 1)
    cash = np.array(draw(st.lists(amounts, min_size=steps, max_size=steps)))
    level = np.array(draw(st.lists(st.floats(0.0, 3.0), min_size=kernel.LANES, max_size=kernel.LANES)))
    return terms, cash, np.sort(level)


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(runs())
def test_split__invariants(run):
    terms, cash, level = run
    # lanes have the same history; on the last step their cash rises from lane to lane
    available = np.repeat(cash[:, None], kernel.LANES, 1)
    available[-1] = cash[-1] * level
    rows = kernel.split(available, **terms)
    due, funder, host = rows["due"], rows["funder"], rows["host"]
    slack = 4e-16 * np.maximum(available, due)
    assert (np.abs(funder + host - available) <= slack).all()
    assert (funder >= terms["s2"] * available - slack).all() and (funder <= terms["s1"] * available + slack).all()
    assert (rows["carry"] >= 0).all() and (rows["balance"] >= 0).all() and (due >= 0).all()
    for share in (funder[-1], host[-1]):
        assert (np.diff(share) >= -slack[-1, 1:]).all()
    covered = terms["s1"] * available >= due
    if terms["mode"] == "periodic" and not terms["before_completion"]:
        assert (rows["carry"][covered] == 0.0).all()
        short = ~covered & (due - terms["s1"] * available > slack)
        assert (rows["carry"][short] > 0.0).all()
    if terms["mode"] == "cumulative":
        assert (rows["balance"] == np.maximum(due - funder, 0.0) + terms["calls"]).all()
        assert (rows["balance"] - terms["calls"])[covered].max(initial=0.0) <= slack.max()


def test_periodic__full_cover_leaves_exactly_nothing():
    rng = np.random.default_rng(2)
    capital = rng.uniform(0.1, 1e5, kernel.LANES)
    for rate in (0.0, 0.0371, 0.06):
        cash = 3.0 * capital[None, :] * np.ones((25, 1))
        rows = kernel.split(cash, mode="periodic", rates=rate, life=20.0, s1=0.3, paid_in=capital)
        assert (rows["carry"] == 0.0).all() and (rows["balance"][-1] == 0.0).all()


def test_periodic__whole_steps_follow_the_table_of_straight_lines():
    """N = L m whole steps: principal P / N each, balance P (1 - n / N), interest on the balance at the step's start."""
    m, life, capital, rate = 4, 5, 120.0, 0.08
    rows = kernel.split(np.full((m * life + 3, 1), 1e6), mode="periodic", rates=rate, life=life, paid_in=capital, m=m)
    n = np.arange(m * life)
    expected = capital / (m * life) + rate / m * capital * (1 - n / (m * life))
    np.testing.assert_allclose(rows["due"][: m * life, 0], expected, rtol=1e-13)
    assert (rows["due"][m * life :] == 0.0).all()
