"""Traces of studies in which all may happen to projects: cash is conserved, and the story agrees with the values."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from spvrisk.config import load_study
from spvrisk.experiments.step_rows import STEP_ROWS
from spvrisk.experiments.trace import Tracer

ROOT = Path(__file__).resolve().parents[2]
STUDIES = {
    "main": ROOT / "configs" / "japan_us_2026.yaml",
    "pipeline": ROOT / "tests" / "data" / "pipeline.yaml",
}
PATHS = range(24)


@pytest.fixture(scope="module", params=STUDIES)
def traced(request):
    """Traces of some paths of a study, and its discount factors."""
    study = load_study(STUDIES[request.param])
    tracer = Tracer(study, 11)
    return study, [tracer.trace(path) for path in PATHS]


def column(trace, name):
    return trace.steps[:, list(STEP_ROWS).index(name)]


def before(flows):
    """Balances at the steps' starts."""
    return np.concatenate([np.zeros((len(flows), 1)), flows[:, :-1]], axis=1)


def test_cash__is_conserved_in_every_step(traced):
    """What is spent is paid by someone, and what is earned goes to someone."""
    study, traces = traced
    ended = 0
    for trace in traces:
        of = {name: column(trace, name) for name in STEP_ROWS}
        money = 1e-9 * (of["spend"].sum() + of["revenue"].sum() + of["salvage"].sum() + 1e-3)
        assert np.abs(of["spend"] - of["capital_call"] - of["host_cost"] - of["lent"]).max() < money
        charged = of["calls"] - of["capital_call"]
        arrears = before(of["arrears"]) - of["arrears"]
        owed = of["debt"] + of["debt_arrears"]
        repaid = np.where(of["salvage"] > 0, np.minimum(of["salvage"], owed), 0.0)
        earned = of["available_cash"] - of["salvage"] + repaid
        used = of["costs"] + of["tax"] + of["debt_service"] + of["fee_paid"] + arrears + earned
        assert np.abs(of["revenue"] - used).max() < money
        assert np.abs(of["available_cash"] - of["distribution_funder"] - of["distribution_host"]).max() < money
        for s, site in enumerate(trace.sites):
            cancelled = of["cancelled_years"][s, -1]
            step = int(cancelled * study.study.steps_per_year) if cancelled < np.inf else None
            # charged and saved in the step of the cancellation alone
            for row in (charged[s], of["salvage"][s]):
                assert set(np.flatnonzero(np.abs(row) > money)) <= {step}, site
            ended += step is not None
    assert ended > 5


def test_balances__follow_from_the_flows(traced):
    """Losses, debt, fee and spend are carried from step to step; nothing is negative that cannot be."""
    _, traces = traced
    for trace in traces:
        of = {name: column(trace, name) for name in STEP_ROWS}
        money = 1e-9 * (of["spend"].sum() + of["revenue"].sum() + 1e-3)
        assert np.abs(np.cumsum(of["spend"], axis=1) - of["spend_to_date"]).max() < money
        assert np.abs(np.cumsum(of["capital_call"], axis=1) - of["paid_in"]).max() < money
        assert np.abs(before(of["fee_owed"]) + of["fee_due"] - of["fee_paid"] - of["fee_owed"]).max() < money
        for name in ("losses", "arrears", "debt", "debt_arrears", "fee_owed", "available_cash", "tax", "carry"):
            assert of[name].min() >= 0, name
        assert (of["age_years"] - of["age_start_years"]).max() <= 1 / trace.labels.steps_per_year + 1e-12


def test_present_values__of_the_sites_are_those_of_the_units(traced):
    study, traces = traced
    knots = np.array(study.curves[study.parties["funder"].discount.study].knots, float)
    years = (1 + np.arange(study.study.steps)) / study.study.steps_per_year
    discount = (1 + np.interp(years, *knots.T)) ** -years
    for trace in traces:
        calls, funder = column(trace, "calls"), column(trace, "distribution_funder")
        for unit in trace.labels.projects:
            rows = [s for s, site in enumerate(trace.sites) if site == unit or site.startswith(f"{unit}/")]
            npv, gross = ((discount * (funder[rows] + sign * calls[rows])).sum() for sign in (-1, 1))
            assert abs(npv - trace.values[unit, "npv_funder"]) <= 1e-12 * gross


def test_story__agrees_with_the_values(traced):
    """Each project is paid, declined and cancelled in the story as often as in the values."""
    study, traces = traced
    met, decision = Counter(), study.agreement.funding.decision
    consult = decision.consult if decision else None
    for trace in traces:
        times = [change.time for change in trace.changes]
        assert times == sorted(times)
        told = Counter((c.what.partition("/")[0], c.after) for c in trace.changes if c.kind == "project")
        for unit in trace.labels.projects:
            paid = told[unit, "paid"] + told[unit, "renegotiated"]
            assert paid >= trace.values[unit, "funded"], unit  # all but those that start too late
            assert told[unit, "declined"] == trace.values[unit, "declined"], unit
            assert told[unit, "cancelled"] == trace.values[unit, "cancelled"], unit
        noticed = sum(c.budget for c in trace.changes if c.after == "noticed")
        lost = {c.what for c in trace.changes if c.after == "declined"}
        back = sum(c.budget for c in trace.changes if c.after == "noticed" and c.what in lost)
        smaller = {c.what for c in trace.changes if c.after == "renegotiated"}
        given_up = sum(c.budget for c in trace.changes if c.after == "noticed" and c.what in smaller)
        back += given_up * (1.0 - consult.changes.size) if consult else 0.0
        assert noticed - back == pytest.approx(trace.values["scheme", "net_commitments"], rel=1e-12, abs=1e-9)
        met.update((c.kind, c.after if c.kind == "project" else "") for c in trace.changes)
        met.update(c.cause.split(" ")[0] for c in trace.changes if c.kind == "project")
    often = ("noticed", "paid", "cancelled", "consulted" if consult else "declined")
    assert {("project", word) for word in often} <= met.keys()
    if study.pipelines:
        # fmt: off
        assert {
            ("project", "waiting"), ("project", "dropped"), ("project", "abandoned"), ("offtaker", ""),
            "arrival", "annual_cap", "ceiling", "review", "subscription", "cap", "stopped_calls", "arrears",
        } <= met.keys()
        # fmt: on


def test_sites__slots_that_have_arrived(traced):
    study, traces = traced
    numbers = set()
    for trace in traces:
        announced, slots = trace.sites[: len(study.projects)], trace.sites[len(study.projects) :]
        assert announced == tuple(study.projects) and trace.steps.shape[0] == len(trace.sites)
        for name in study.pipelines:
            own = [site for site in slots if site.startswith(f"{name}/")]
            assert own == [f"{name}/{k}" for k in range(len(own))]
            numbers.add(len(own))
    assert not study.pipelines or {0, 1} <= numbers and max(numbers) >= 4
