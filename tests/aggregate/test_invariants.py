"""What must hold between the sums of a run: each invariant is silent on true sums, and cries on sums with one fault."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from engine_runs import compiled
from every_clause import STUDIES, example_study
from every_clause.whole_deal import with_side_flows
from in_memory import simulate, values_of
from spvrisk.aggregate.invariants import Figures, checks, violations
from spvrisk.aggregate.state import Sums
from spvrisk.config import load
from spvrisk.plan.compile import compile_study
from studies import run_all

MAIN = Path(__file__).resolve().parents[2] / "configs" / "japan_us_2026.yaml"
PATHS, SEED = 200, 5
STEP, PATH = 40, 17


class Run:
    """A run that may be tampered with: copies of its sums and values, by name."""

    def __init__(self, plan, labels, sums, values):
        self.plan, self.labels = plan, labels
        moments = type(sums.moments)(*(array.copy() for array in sums.moments))
        self.sums, self.values = Sums(moments, *(array.copy() for array in sums[1:])), values.copy()
        self.steps = len(labels.step_ends)

    def series(self, unit, quantity):
        return self.labels.series.index((unit, quantity))

    def row(self, unit, row):
        """A row of the timeline, to be changed in place."""
        u, r = (*self.labels.projects, "portfolio").index(unit), self.labels.timeline.index(row)
        return self.sums.timeline[u * len(self.labels.timeline) + r]

    def mean(self, unit, quantity, factor):
        self.sums.moments.central[0, self.series(unit, quantity)] *= factor

    def violations(self):
        return violations(self.plan, self.labels, self.sums, lambda s: float(self.values[s].min()))


def simulated(done):
    plan, labels, _ = done
    ledger = simulate(plan, labels, PATHS, SEED)
    return plan, labels, ledger.sums(), values_of(ledger)


@cache
def main_study():
    return simulated(compile_study(load(MAIN).study))


@pytest.fixture
def run():
    return Run(*main_study())


@pytest.fixture
def run_of(tmp_path):
    return lambda variant: Run(*simulated(compiled(STUDIES[variant](example_study()), tmp_path)))


def longer_state(run):
    run.sums.occupancy[1, STEP] += 1e-6 * PATHS


def negative_state(run):
    run.sums.occupancy[0, STEP] += 2.0 * PATHS
    run.sums.occupancy[1, STEP] -= 2.0 * PATHS


def attribute_of_one_regime(run):
    run.sums.step_means[0, STEP] *= 1.0 + 1e-6


def product_beyond_its_bounds(run):
    """The relief's row below 0, where no rate is: what a compiler's fault once made of it."""
    product = max(Figures(run.plan, run.labels, run.sums, run.values.__getitem__).factors)
    run.sums.step_means[product, STEP] = -1.0


def relief_below_zero(run):
    run.values[run.series("scheme", "tariff_relief"), PATH] = -2318.0


def cost_below_zero(run):
    run.values[run.series("smr", "cost"), PATH] = -1.0


def margin_below_zero(run):
    run.values[run.series("smr", "vendor_margin"), PATH] = -1.0


def value_that_is_no_number(run):
    run.sums.moments.counts[:, run.series("smr", "pv_host")] -= [1, 0, -1]


def calls_below_zero(run):
    run.row("smr", "calls")[-1] = -1.0
    run.row("portfolio", "calls")[-1] -= 1.0


def cash_that_nobody_has(run):
    run.row("ohio_gas", "distribution_host")[STEP] *= 1.0 - 1e-6
    run.row("portfolio", "distribution_host")[STEP] = 0.0


def host_with_less_than_its_share(run):
    host, funder = run.row("ohio_gas", "distribution_host"), run.row("ohio_gas", "distribution_funder")
    funder[STEP], host[STEP] = funder[STEP] + host[STEP], 0.0


def spend_of_nobody(run):
    run.row("portfolio", "spend")[8] *= 1.0 + 1e-6


def cost_of_nobody(run):
    run.mean("portfolio", "cost", 1.0 + 1e-6)


def value_without_flows(run):
    run.mean("diamond", "npv_funder", 1.0 + 1e-6)


def value_that_no_party_has(run):
    run.mean("smr", "npv_banks", 1.0 + 1e-6)


BROKEN = [
    (longer_state, "the states of a regime fill each step", "general", STEP),
    (negative_state, "a state lasts between none and all of a step", "general.gap", STEP),
    (attribute_of_one_regime, "an attribute of states is worth what they last times their values", "step mean 0", STEP),
    (
        product_beyond_its_bounds,
        "an attribute of states is worth what they last times their values",
        "step mean 4",
        STEP,
    ),
    (relief_below_zero, "tariff_relief is negative on no path", "scheme", "lowest tariff_relief"),
    (cost_below_zero, "cost is negative on no path", "smr", "lowest cost"),
    (margin_below_zero, "vendor_margin is negative on no path", "smr", "lowest vendor_margin"),
    (value_that_is_no_number, "money is a number on every path: their share", "smr", "pv_host"),
    (calls_below_zero, "calls is never negative", "smr", -1),
    (cash_that_nobody_has, "funder and host have the available cash", "portfolio", STEP),
    (host_with_less_than_its_share, "the funder's part lies between its shares of available cash", "ohio_gas", STEP),
    (spend_of_nobody, "the portfolio is the sum of the projects, by step", "portfolio, spend", 8),
    (cost_of_nobody, "the portfolio is the sum of the projects", "portfolio", "cost"),
    (value_without_flows, "net present value is that of receipts less calls", "diamond", "npv_funder"),
    (
        value_that_no_party_has,
        "banks, policy bank and insurer have receipts less calls",
        "smr",
        "npv_banks + npv_policy_bank + insurer_net",
    ),
]


def test_invariants__hold_for_true_sums(run):
    assert run.violations() == []


@pytest.mark.parametrize(("tamper", "invariant", "unit", "place"), BROKEN, ids=[row[0].__name__ for row in BROKEN])
def test_invariants__cry_at_a_fault(run, tamper, invariant, unit, place):
    tamper(run)
    found = {violation.invariant: violation for violation in run.violations()}
    assert found[invariant].unit.startswith(unit)
    assert found[invariant].place == (place if isinstance(place, str) else run.labels.step_ends[place])


def test_invariants__every_one_is_seen_to_cry(run):
    """Each rule that the main study is judged by stands in `BROKEN`; signs stand for each other."""
    kinds = {"is negative on no path", "is never negative"}
    rules = {check.invariant for check in checks(Figures(run.plan, run.labels, run.sums, run.values.__getitem__))}
    judged = {rule for rule in rules if not any(rule.endswith(kind) for kind in kinds)}
    assert judged <= {rule for _, rule, *_ in BROKEN}


def test_invariants__tell_the_worst_figure_and_how_many_others(run):
    run.sums.occupancy[1, STEP : STEP + 3] += np.array([0.1, 0.3, 0.2]) * PATHS
    (found,) = (v for v in run.violations() if v.invariant == "the states of a regime fill each step")
    assert str(found) == (
        f"the states of a regime fill each step: general, {run.labels.step_ends[STEP + 1]}: "
        f"{found.found:.15g}, must be equal to 1 (and 2 more)"
    )
    assert found.found == pytest.approx(1.3)


def test_invariants__a_figure_that_is_no_number_breaks_them(run):
    run.row("smr", "carry")[STEP] = np.nan
    assert "carry is never negative" in {violation.invariant for violation in run.violations()}


# Terms


def passes(run, unit, share):
    """Whether the funder may have so much of a unit's cash in the step in which that is largest."""
    rows = ("available_cash", "distribution_funder", "distribution_host")
    cash, funder, host = (run.row(unit, row) for row in rows)
    t = int(np.argmax(cash))
    before = funder[t], host[t]
    funder[t], host[t] = share * cash[t], (1.0 - share) * cash[t]
    found = {v.invariant for v in run.violations()}
    funder[t], host[t] = before
    return "the funder's part lies between its shares of available cash" not in found


@pytest.mark.parametrize(
    ("variant", "clause", "terms", "low", "high"),
    [
        ("as_written", "split", {}, 0.1, 0.5),
        ("cumulative", "split", {}, 0.1, 0.5),
        ("none", "split", {"funder_share": 0.7}, 0.7, 0.7),
        ("adjust", "split", {"adjust": {"after_years": 1, "first_share": 0.6, "second_share": 0.05}}, 0.05, 0.6),
        ("adjust", "split", {"adjust": {"after_years": 1, "first_share": 0.3, "second_share": 0.2}}, 0.1, 0.5),
        ("catch_up_amount", "catch_up", {"share": 0.25}, 0.075, 0.5),  # a quarter of a tenth may go to the host
    ],
)
@pytest.mark.parametrize("unit", ["gas", "portfolio"])
def test_shares__by_the_terms(tmp_path, unit, variant, clause, terms, low, high):
    study = STUDIES[variant](example_study())
    study["agreement"][clause].update(terms)
    run = Run(*simulated(compiled(study, tmp_path)))
    allowed = [passes(run, unit, share) for share in (low - 1e-3, low, high, high + 1e-3)]
    assert allowed == [False, True, True, False]


def test_shares__of_the_pool_alone_where_cash_is_pooled(run_of):
    run = run_of("umbrella")
    assert passes(run, "gas", 0.9) and not passes(run, "portfolio", 0.9)


@pytest.mark.parametrize("variant", ["everything", "umbrella_adjust_pipelines", "whole_deal_cumulative"])
def test_invariants__hold_for_other_terms(run_of, variant):
    assert run_of(variant).violations() == []


# Signs


def test_signs__of_side_flows_that_may_be_a_loss_are_not_judged(tmp_path):
    study = with_side_flows(example_study())
    (flow,) = [flow for flow in study["side_flows"].values() if isinstance(flow["rate"], float)][:1]
    flow["rate"] = -abs(flow["rate"])
    run = Run(*simulated(compiled(study, tmp_path)))
    run.values[run.series("scheme", "tariff_relief"), PATH] = -1e9
    assert "tariff_relief is negative on no path" not in {v.invariant for v in run.violations()}


# The kernel's sums of its step means


@pytest.mark.parametrize("variant", ["side_flows", "rulings"])
def test_marks__are_the_sums_of_the_clocks_rows(run_of, variant, tmp_path):
    """All of them, the lanes of a last short block among them."""
    run = run_of(variant)
    rows = run_all(compiled(STUDIES[variant](example_study()), tmp_path), SEED, PATHS).attributes
    assert run.sums.step_means.shape == rows.shape[:2] and np.abs(rows).max() > 0
    np.testing.assert_allclose(run.sums.step_means, rows.sum(axis=2), rtol=1e-12, atol=1e-12)
