"""Slips that a study may make in silence: each is told where it stands, with what to write instead."""

import math
from pathlib import Path

import pytest
from click.testing import CliRunner

import spvrisk
from spvrisk.cli import main
from spvrisk.config import load
from spvrisk.plan.warnings import warnings_of

ROOT = Path(__file__).parents[2]
STARTER = ROOT / "engine" / "spvrisk" / "data" / "starter.yaml"
DEAL = ROOT / "tests" / "config" / "data" / "deal.yaml"
PORT, GAS, PLANT = "projects.port", "projects.gas_plant", "projects.plant"


def shares(policy, equity, banks):
    """Overrides of who raises a call."""
    parts = {"policy_loan": policy, "policy_equity": equity, "commercial_loan": banks}
    return [f"stack.{name}.share={share}" for name, share in parts.items()]


def warned(study, *overrides):
    return warnings_of(load(study, overrides))


@pytest.mark.parametrize("key", ["overrun", "uplift"])
@pytest.mark.parametrize(
    ("law", "side", "mean"),
    [
        ("{lognormal: {mean: 0.2, sd: 0.25}}", "below 0.7", 0.2),
        ("0.2", "below 0.7", 0.2),
        ("{triangular: {min: 0.05, mode: 0.2, max: 0.5}}", "below 0.7", 0.25),
        ("{weibull: {shape: 2, scale: 0.3}}", "below 0.7", 0.265868),
        ("{lognormal: {median: 1, sigma: 5}}", "above 5", 264262),  # of the table, whose scores end at 7
        ("{lognormal: {p10: 95, p90: 160}}", "above 5", 125.865),
        ("{lognormal: {mean: 120, sd: 25}}", "above 5", 120),
        ("{lognormal: {mean: 120, sd: 25}, truncate: [50, 300]}", "above 5", 120.0),
        ("{lognormal: {mean: 120, sd: 25}, truncate: [50, null]}", "above 5", 120.0),
        ("{gamma: {shape: 40, scale: 3}}", "above 5", 120),
        ("{scipy: {name: invgauss, args: {mu: 1, scale: 120}}, truncate: [1.0e-6, null]}", "above 5", 120),
        ("{student_t: {degrees_of_freedom: 1, location: 9, scale: 0.1}, truncate: [1.0e-6, null]}", "above 5", 9.727),
        ("{mixture: [{weight: 0.5, law: 1}, {weight: 0.5, law: {gamma: {shape: 40, scale: 3}}}]}", "above 5", 60.5),
    ],
)
def test_warning__multiple_of_the_cost_written_as_a_rise_or_in_per_cent(key, law, side, mean):
    (found,) = warned(STARTER, f"{PORT}.construction.{key}={law}")
    assert (found.path, found.rule) == (f"{PORT}.construction.{key}", f"has a mean {side}")
    assert float(found.value) == pytest.approx(mean, rel=0.01)
    assert found.remedy == "it is a multiple of the cost: for 20 % more write 1.2"


@pytest.mark.parametrize(
    ("law", "side"),
    [
        ("36", "above 2.5"),
        ("3.5", "above 2.5"),
        ("{pert: {min: 30, mode: 36, max: 60}}", "above 2.5"),
        ("{gamma: {shape: 40, scale: 3}}", "above 2.5"),
        ("0.2", "below 0.5"),
        ("{lognormal: {p10: 0.1, p90: 0.4}}", "below 0.5"),
        ("{pert: {min: 0.05, mode: 0.2, max: 0.5}}", "below 0.5"),
    ],
)
def test_warning__multiple_of_the_time_written_in_months_or_years_or_as_a_rise(law, side):
    (found,) = warned(STARTER, f"{PORT}.construction.duration={law}")
    assert (found.path, found.rule) == (f"{PORT}.construction.duration", f"has a mean {side}")
    assert "for 20 % longer write 1.2" in found.remedy


@pytest.mark.parametrize(
    ("path", "law"),
    [
        (f"{PORT}.construction.overrun", "{reference_class: {mean: 1.2, tail_share: 0.55, tail_mean: 2.04}}"),
        (f"{PORT}.construction.overrun", "0.9"),
        (f"{PORT}.construction.overrun", "{lognormal: {p10: 0.9, p90: 5}}"),
        (f"{PORT}.construction.duration", "{lognormal: {mean: 1.55, sd: 0.45}, truncate: [0.9, null]}"),
        (f"{PORT}.construction.duration", "{lognormal: {mean: 2.2, sd: 0.5}}"),
        (f"{PORT}.construction.review", "{threshold: 99}"),  # reviews for the sake of subscriptions only
        (f"{PORT}.construction.start_delay", "{lognormal: {median: 1, sigma: 1}}"),
        (f"{PORT}.operation.contract.price", "{lognormal: {p10: 4, p90: 20}}"),
        (f"{GAS}.operation.contract.price", "{normal: {mean: 60, sd: 20}, truncate: [20, null]}"),
        ("agreement.funding.slip", "{gamma: {shape: 2, scale: 60}}"),
    ],
)
def test_warning__none_for_what_is_wide_but_usual(path, law):
    assert warned(STARTER, f"{path}={law}") == []


@pytest.mark.parametrize(
    ("study", "override", "path", "rule", "value", "remedy"),
    [
        # laws of other keys
        (STARTER, f"{PORT}.construction.review={{threshold: 0.6}}", f"{PORT}.construction.review.threshold",
         "has a mean below 0.7", "0.6", "write 1.6"),
        (STARTER, f"{PORT}.construction.start_delay={{gamma: {{shape: 6, scale: 2}}}}",
         f"{PORT}.construction.start_delay", "above 10 years", "12", "in years"),
        (STARTER, "agreement.funding.slip={weibull: {shape: 2, scale: 400}}", "agreement.funding.slip",
         "above 250 business days", "354.491", "business days"),
        (DEAL, f"{PLANT}.operation.developer_fee.amount={{lognormal: {{median: 700, sigma: 1}}}}",
         f"{PLANT}.operation.developer_fee.amount", "above 50% of the budget", "1154.1", "unit of both"),
        (DEAL, "agreement.funding.take_up={lognormal: {median: 100, sigma: 1}}", "agreement.funding.take_up",
         "below the announced budgets", "164.87", "unit of both"),
        # truncations
        (STARTER, f"{PORT}.operation.availability.law={{normal: {{mean: 80, sd: 8}}, truncate: [0, 1]}}",
         f"{PORT}.operation.availability.law.truncate", "next to nothing", "a probability of 1.9", "check the unit"),
        (STARTER, f"{PORT}.operation.contract.share={{mixture: [{{weight: 0.2, law: 0.8}}, {{weight: 0.8, law: "
         "{normal: {mean: 40, sd: 10}, truncate: [0, 1]}}]}", f"{PORT}.operation.contract.share.mixture.1.law.truncate",
         "next to nothing", "a probability of", "check the unit"),
        # prices
        (STARTER, "factors.power.unit=GBP/MWh", f"{GAS}.operation.merchant.factor",
         "is taken to be in USD, but power is in GBP", "GBP/MWh", "let basis convert GBP"),
        (STARTER, "factors.gas.unit=EUR/MMBtu", f"{GAS}.operation.fuel.factor",
         "is taken to be in USD, but gas is in EUR", "EUR/MMBtu", "state it in USD"),
        (DEAL, "factors.capacity_price.unit=JPY/MW/day", f"{PLANT}.operation.capacity_payment.factor",
         "is taken to be in USD, but capacity_price is in JPY", "JPY/MW/day", "state it in USD"),
        (STARTER, f"{GAS}.operation.contract.price=6200", f"{GAS}.operation.contract.price",
         "a year's sales of 20.4 times the budget", "6200", "USD per MWh"),
        (STARTER, f"{GAS}.operation.contract.price={{triangular: {{min: 6, mode: 7.5, max: 9.5}}}}",
         f"{GAS}.operation.contract.price", "is 0.139 times the merchant price", "7.66667", "unit of both"),
        (STARTER, f"{GAS}.operation.merchant={{factor: power, basis: 0.001}}", f"{GAS}.operation.merchant",
         "a year's sales of 0.000181 times the budget", "0.055", "USD per MWh"),
        (STARTER, f"{PORT}.capacity=12000", f"{PORT}.operation.contract.price",
         "a year's sales of 0.000144 times the budget", "6", "USD per t"),
        # debt and contract against the plant's life
        (STARTER, f"{GAS}.operation.contract.tenor_years=31", f"{GAS}.operation.contract.tenor_years",
         "longer than the life (30 years)", "31", "check both"),
        (DEAL, f"{PLANT}.operation.senior_debt.tenor_years=31", f"{PLANT}.operation.senior_debt.tenor_years",
         "longer than the life (30 years)", "31", "check both"),
        (DEAL, "stack.tenor_years=28", "pipelines.more.template.operation.life_years",
         "shorter than the tenor of the funder's loans (28 years)", "25", "check both"),
        (DEAL, f"{PLANT}.operation.senior_debt.share=0.999", f"{PLANT}.operation.senior_debt.share",
         "is above 0.9", "0.999", "write e.g. 0.7"),
        # output
        (DEAL, "factors.flow_volume.process={gbm: {start: 1.5, drift: 0, sigma: 0.1}}",
         f"{PLANT}.operation.volume_factor",
         "a capacity factor of 1.12", "flow_volume at 1.5, availability 0.75", "lower either"),
    ],
)  # fmt: skip
def test_warning__of_what_is_hardly_meant(study, override, path, rule, value, remedy):
    found = [warning for warning in warned(study, override) if warning.path == path]
    assert len(found) == 1, warned(study, override)
    assert rule in found[0].rule and found[0].value.startswith(value) and remedy in found[0].remedy
    assert found[0].place


BOOK = "{in_force: 9000, loss_rate: 0.002, run_off_years: 15}"


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (["stack.insurer.reserves=5", "stack.insurer.capital=null"], {"stack.insurer.reserves": "without capital"}),
        ([f"stack.insurer.book={BOOK}", "stack.insurer.capital=null"], {"stack.insurer.book": "without capital"}),
        (["stack.insurer.reserves=0", "stack.insurer.capital=null"], {}),
        (["stack.insurer.reserves=5", f"stack.insurer.book={BOOK}"], {}),
        (["stack.insurer=null", "stack.policy_share=0.4", *shares(0, 1, 0)], {"stack.policy_share": "no loans"}),
        (["stack.policy_share=0.4", *shares(0.98, 0.02, 0)], {}),  # banks draw a part of it, which is insured
        ([*shares(0.98, 0.02, 0)], {"stack.insurer": "no commercial loan to insure"}),
        (["stack.policy_share=0.4"], {}),
    ],
)
def test_warning__terms_of_the_stack_that_change_nothing(overrides, told):
    found = {warning.path: warning for warning in warned(DEAL, *overrides)}
    assert found.keys() == told.keys()
    for path, rule in told.items():
        assert rule in found[path].rule and "give" in found[path].remedy and found[path].place


def test_warning__probability_that_a_truncation_keeps():
    law = "{lognormal: {mean: 1.2, sd: 0.25}, truncate: [9, 12]}"
    mean, kept = warned(STARTER, f"{PORT}.construction.duration={law}")
    assert mean.rule == "has a mean above 2.5"
    assert kept.path == f"{PORT}.construction.duration.truncate" and kept.value == "a probability of 2.59e-23"


def test_warning__none_for_a_price_that_basis_converts():
    edits = ("factors.power.unit=GBP/MWh", "factors.gas.unit=GBP/therm")
    basis = (f"{GAS}.operation.merchant.basis=1.25", f"{GAS}.operation.fuel.basis=1.25")
    assert len(warned(STARTER, *edits)) == 2 and warned(STARTER, *edits, *basis) == []


@pytest.mark.parametrize(
    ("horizon", "life", "cut"),
    [
        (40, 25, None),
        (28.75, 25, None),
        (28.5, 25, "0.1"),
        (25, 25, "3.6"),
        (12, 25, "16.6"),
        (45, 60, None),
        (40, 60, "23.6"),
    ],
)
def test_warning__horizon_that_cuts_off_an_operating_life(horizon, life, cut):
    """Funds are due on 2026-05-05 (or so) and the plant is planned for 3.5 years later, at 3.6 years."""
    fixed = ("agreement.split={mode: none, funder_share: 1}", "factors.base_rate=null")
    lives = (f"{GAS}.operation.life_years={life}", f"{PORT}.operation.life_years=6")
    others = (f"{PORT}.operation.contract.tenor_years=6", f"study.horizon_years={horizon}")
    found = warned(STARTER, *fixed, *lives, *others)
    assert [warning.path for warning in found] == ([] if cut is None else [f"{GAS}.operation.life_years"])
    if cut is not None:
        assert found[0].rule == f"the horizon ({horizon:g} years) cuts off the last {cut} years"
        assert f"raise study.horizon_years to {math.ceil(life + 3.6)} plus delays" in found[0].remedy


def test_warnings__are_those_of_command_and_library(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    law = f"{PORT}.construction.overrun={{gamma: {{shape: 40, scale: 3}}}}"
    (wanted,) = warned(STARTER, law)
    assert spvrisk.load(STARTER, [law]).warnings == [wanted]
    for command in (["validate"], ["plan"], ["run", "--paths", "64"]):
        result = CliRunner().invoke(main, [*command, str(STARTER), "--set", law])
        assert result.exit_code == 0 and f"warning: {wanted}" in result.stderr
    assert "1 warning" in CliRunner().invoke(main, ["validate", str(STARTER), "--set", law]).stdout
