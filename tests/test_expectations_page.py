"""What was expected of the new base is in measures of the study; its comparison keeps what explains misses."""

import re
from functools import cache

import pytest

import renew_expectations
from played_pages import ROOT
from renew_expectations import EXPECTED, UNITS, Found, Statement, comparison, explanations, rounded, statements
from spvrisk.config import load
from spvrisk.measures.named import measure_of
from spvrisk.plan.compile import compile_study

PAGE = EXPECTED.read_text(encoding="utf-8")
BET = Statement("Portfolio", "mean NPV", "npv_funder:mean", "USD bn", -2.0, -1.0)


class Run:
    n_paths = 1000
    attributes = {"seed": "1", "numbers_version": 6}


@cache
def labels():
    return compile_study(load(ROOT / "configs" / "japan_us_2026.yaml").study)[1]


def page_of(value, why=None):
    return "\n".join(comparison(Run, [Found(BET, value, 0.1)], why or {}))


def test_page__has_its_bets_each_once():
    bets = list(statements(PAGE))
    assert len(bets) == PAGE.count("| `") >= 60
    assert len({bet.words for bet in bets}) == len(bets)
    assert all(bet.low < bet.high and bet.unit in UNITS for bet in bets)


@pytest.mark.parametrize("bet", tuple(statements(PAGE)), ids=lambda bet: bet.words)
def test_page__bets_on_measures_of_the_study(bet):
    text = re.sub(" (given|minus) .*", "", bet.measure)
    if match := re.fullmatch(r"occupancy (\w+)=(\w+) to (\S+)", text):
        regime, state, end = match.groups()
        assert state in dict(labels().regimes)[regime] and end in labels().step_ends
        return
    kind = measure_of(text, labels(), "").kind
    kinds = {"months": {"months"}, "projects": {"count"}, "%": {"ratio"}, "ratio": {"ratio"}}
    assert kind in kinds.get(bet.unit, {"money"} if bet.unit.startswith(("USD", "JPY")) else {"flag", "ratio", "count"})


@pytest.mark.parametrize(("value", "outcome"), [(-1.0, "in"), (-2.01, "**out**"), (float("nan"), "**out**")])
def test_comparison__says_what_came_true(value, outcome):
    assert Found(BET, value, 0.1).hit == (outcome == "in")


def test_comparison__counts():
    assert "**1 of 1 statements came true, 100 %" in page_of(-1.5)
    assert "**0 of 1 statements came true, 0 %" in page_of(-2.5)
    assert "| mean NPV | USD bn | -2 to -1 | -2.50 ± 0.10 | **out** |" in page_of(-2.5)


def test_comparison__keeps_what_explains_a_miss():
    empty = page_of(-2.5)
    assert explanations(empty) == {}
    why = {"mean NPV": "The pad left out rain.\n\nTwice."}
    for value in (-2.5, -1.5):  # also where it is a miss no longer
        assert explanations(page_of(value, why)) == why
    assert "### mean NPV" not in page_of(-1.5)


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [(-53.391, 0.0767, "-53.391 ± 0.077"), (1234.5, 37.2, "1234 ± 37"), (4e-05, 2e-05, "0.000040 ± 0.000020")],
)
def test_rounded__to_the_second_digit_of_the_error(value, error, text):
    assert rounded(value, error) == text


def test_figure__of_a_change_is_less_the_old_one(monkeypatch):
    monkeypatch.setattr(renew_expectations, "figure", lambda result, text: (-50_000.0, 300.0))
    each = renew_expectations.found(None, BET._replace(measure="npv_funder:mean minus -53.391 ± 0.4"))
    assert (each.value, each.error) == pytest.approx((3.391, 0.5))
