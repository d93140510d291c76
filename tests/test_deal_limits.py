"""What must hold of selection and funding on every path, and the deal at its limits."""

from copy import deepcopy
from datetime import date, timedelta
from typing import NamedTuple

import holidays
import numpy as np
import pytest

import reference as ref
from engine_runs import compiled, steps_of
from every_clause import WHOLE_DEAL_VARIANTS, example_study
from spvrisk.kernel import run as kernel
from spvrisk.kernel.lanes import LANES
from spvrisk.kernel.rows import (
    DEAL_DECLINED,
    DEAL_FUNDED,
    DEAL_PLANNED,
    DEAL_ROWS,
    DEAL_SIZE,
    DEAL_STOP,
)
from spvrisk.plan.calendar import make_grid, time_of
from spvrisk.plan.compile import Compiled, sites_of
from studies import BARE, PLANT, changed, compile_in, run_all

SEED = 11


class Deals(NamedTuple):
    """What selection leaves of one row of lanes, ``(site, path)``, and the values of the run."""

    size: np.ndarray
    planned: np.ndarray
    funded: np.ndarray
    stop: np.ndarray
    declined: np.ndarray
    values: dict[tuple[str, str], np.ndarray]


def deals_of(done: Compiled, first: int = 0) -> Deals:
    plan, labels, _ = done
    at, work = kernel.make_work(plan)
    leaf = kernel.make_leaf(plan, len(labels.series), False)
    numbers = (np.uint64(x) for x in (SEED, first, 0, LANES))
    kernel.run_paths(plan, at, work, leaf, *numbers)
    rows = work.w[int(at.deal.first) :][: int(DEAL_ROWS) * plan.projects.size * LANES]
    rows = rows.reshape(plan.projects.size, int(DEAL_ROWS), LANES)
    picked = (DEAL_SIZE, DEAL_PLANNED, DEAL_FUNDED, DEAL_STOP, DEAL_DECLINED)
    values = {key: row[:LANES] for key, row in zip(labels.series, leaf.values, strict=True)}
    return Deals(*(rows[:, int(row) // LANES].copy() for row in picked), values)


@pytest.fixture(scope="module", params=["selection", "pipelines", "whole_deal"])
def funded(request, tmp_path_factory):
    """A study of the reference with selection, its plan, and what selection leaves of some paths."""
    study = WHOLE_DEAL_VARIANTS[request.param](example_study())
    done = compiled(study, tmp_path_factory.mktemp(request.param))
    return study, done, deals_of(done)


def due_by_walking(notice, lag, countries):
    """The `lag`-th business day after a day, day by day."""
    closed = holidays.HolidayBase()
    for country in countries:
        closed.update(holidays.country_holidays(country, years=range(notice.year, notice.year + 3)))
    day = notice
    while lag:
        day += timedelta(days=1)
        lag -= day.weekday() < 5 and day not in closed
    return day


def budgets(study):
    """Budget of each site."""
    slots = [p["template"]["budget"] for p in (study.get("pipelines") or {}).values() for _ in range(p["max_count"])]
    return np.array([*(project["budget"] for project in study["projects"].values()), *slots], float)


def test_commitment__never_above_the_ceiling_and_what_is_declined_is_given_back(funded):
    study, _, deals = funded
    noticed = np.where(np.isfinite(deals.planned), deals.size, 0.0) * budgets(study)[:, None]
    committed = (noticed * np.isinf(deals.declined)).sum(axis=0)
    np.testing.assert_allclose(deals.values["scheme", "net_commitments"], committed, rtol=1e-12, atol=1e-9)
    terms = study["agreement"]["funding"]
    assert (committed <= terms.get("commitment", np.inf) * (1 + 1e-12)).all()


def test_notice__none_after_the_deadline_and_no_money_before_the_lag(funded):
    study, done, deals = funded
    terms, head = study["agreement"]["funding"], study["study"]
    value_date = ref.as_date(head["value_date"])
    grid = make_grid(value_date, round(head["horizon_years"] * head["steps_per_year"]), head["steps_per_year"])
    if "deadline" in terms:
        last = due_by_walking(ref.as_date(terms["deadline"]), terms["lag_business_days"], terms["holidays"])
        assert (deals.planned[np.isfinite(deals.planned)] <= time_of(grid, value_date, last)).all()
    paid = np.isfinite(deals.funded)
    assert (deals.funded[paid] >= deals.planned[paid]).all()
    if "annual_cap" not in terms:  # which moves notices to another year
        for s, project in enumerate(study["projects"].values()):
            due = due_by_walking(ref.as_date(project["notice_date"]), terms["lag_business_days"], terms["holidays"])
            planned = deals.planned[s][np.isfinite(deals.planned[s])]
            np.testing.assert_allclose(planned, time_of(grid, value_date, due), rtol=0, atol=1e-12)
    assert paid.any() and (~paid).any()


def test_declined__has_no_flow(funded):
    study, _, deals = funded
    assert not np.isfinite(deals.funded[deals.declined == 1]).any()
    for s, name in enumerate(study["projects"]):
        out = ~np.isfinite(deals.funded[s])
        for quantity in ("funded", "cost", "npv_funder", "pv_host", "deemed_open"):
            assert (deals.values[name, quantity][out] == 0).all()
        assert np.isnan(deals.values[name, "moic_funder"][out]).all()


@pytest.mark.parametrize("variant", ["building", "operating", "whole_deal", "whole_deal_cumulative"])
def test_cash__in_is_out_in_every_step_and_stage(variant, tmp_path):
    from spvrisk.kernel import rows as names

    done = compiled(WHOLE_DEAL_VARIANTS[variant](example_study()), tmp_path)
    moved = 0.0
    for path in range(24):
        trace = steps_of(done, SEED, path)

        def row(name, trace=trace):
            return trace[:, :, int(getattr(names, name)) // LANES]

        gross = np.cumsum(np.abs(row("SPEND")) + row("REVENUE") + row("COSTS"), axis=1) + 1.0
        arrears = np.diff(row("ARREARS"), prepend=0.0)
        spent = row("SPEND") - row("CALL") - row("HOST_COST") - row("LENT")
        operating = row("REVENUE") != 0
        surplus = row("REVENUE") - row("COSTS") - row("TAX") + arrears - row("DEBT_SERVICE") - row("FEE_PAID")
        shared = row("AVAILABLE") - row("FUNDER") - row("HOST")
        salvaged = row("SALVAGED") > 0
        for what, gap in (("spent", spent), ("shared", shared)):
            assert (np.abs(gap) <= 1e-9 * gross).all(), (what, path)
        gap = np.where(operating & ~salvaged, surplus - row("AVAILABLE"), 0.0)
        assert (np.abs(gap) <= 1e-9 * gross).all(), path
        moved += gross[:, -1].sum()
    assert moved > 1000.0


def bare(**parts):
    return changed(BARE, **parts)


def slots(**changes):
    """A pipeline of bare plants of budget 100 each."""
    template = {key: value for key, value in deepcopy(PLANT).items() if key != "notice_date"}
    pipeline = {"arrivals_per_year": 1.0, "max_count": 5, "size": 100.0, "template": template, **changes}
    return {"pipelines": {"more": pipeline}, "agreement": {"funding": {"deadline": "2027-01-31"}}}


def test_pipeline__that_never_arrives_is_nothing(tmp_path):
    out = run_all(compile_in(bare(**slots(arrivals_per_year=0.0)), tmp_path), SEED, 256)
    assert (out.values["more", "funded"] == 0).all() and (out.values["more", "cost"] == 0).all()
    assert np.isnan(out.values["more", "irr_funder"]).all()
    alone = run_all(compile_in(bare(), tmp_path), SEED, 256)
    for quantity in ("npv_funder", "irr_funder", "moic_funder"):
        same = np.array_equal(out.values["portfolio", quantity], alone.values["plant", quantity], equal_nan=True)
        assert same, quantity


def test_pipeline__that_always_fills_takes_what_is_left_and_no_more(tmp_path):
    """A thousand arrivals a year: 100 for the plant and 250 for the pipeline, the third cut to a half."""
    parts = slots(arrivals_per_year=1000.0)
    parts["agreement"]["funding"]["commitment"] = 350.0
    out = run_all(compile_in(bare(**parts), tmp_path), SEED, 256)
    assert (out.values["more", "funded"] == 3).all()
    np.testing.assert_allclose(out.values["scheme", "net_commitments"], 350.0, rtol=1e-12)
    parts["pipelines"]["more"]["min_size"] = 60.0
    out = run_all(compile_in(bare(**parts), tmp_path), SEED, 256)
    assert (out.values["more", "funded"] == 2).all()
    np.testing.assert_allclose(out.values["scheme", "net_commitments"], 300.0, rtol=1e-12)


def test_pipeline__an_arrival_that_fits_is_taken_however_small(tmp_path):
    out = run_all(compile_in(bare(**slots(arrivals_per_year=1000.0, min_size=150.0)), tmp_path), SEED, 64)
    assert (out.values["more", "funded"] == 5).all()


@pytest.mark.parametrize("limit", ["commitment", "annual_cap"])
def test_limits__budgets_that_add_up_to_them_but_for_rounding_fit(limit, tmp_path):
    """0.1 and 0.2 are above 0.3 in floating point, and 0.3 less 0.1 is below 0.2, which may not be cut."""
    size = {"discrete": {"values": [0.1, 0.2], "probabilities": [0.5, 0.5]}}
    parts = slots(arrivals_per_year=1000.0, max_count=2, size=size, min_size=0.2)
    parts["agreement"]["funding"] |= {limit: 0.3, "deadline": "2026-12-30"}
    parts["projects"] = {"plant": {"go_ahead": {"probability": 0.0}}}
    out = run_all(compile_in(bare(**parts), tmp_path), SEED, 256)
    both = np.isclose(out.values["scheme", "net_commitments"], 0.3, rtol=1e-12)
    assert 100 < both.sum() < 156  # one of each, which comes first by chance
    assert (out.values["more", "funded"][both] == 2).all()


def test_ceiling__what_rounding_leaves_of_it_is_nothing(tmp_path):
    """Three budgets of 0.1 leave some 1e-17 of 0.3: no fourth project."""
    parts = slots(arrivals_per_year=1000.0, max_count=9, size=0.1)
    parts["agreement"]["funding"]["commitment"] = 0.1 + 0.1 + 0.1
    parts["projects"] = {"plant": {"go_ahead": {"probability": 0.0}}}
    out = run_all(compile_in(bare(**parts), tmp_path), SEED, 64)
    assert (out.values["more", "funded"] == 3).all()


def test_pipeline__arrivals_are_poisson_thinned_by_state_and_event(tmp_path):
    """Rate 3, halved by the state; from half-time on tripled by an event: 3 / 4 + 9 / 4 in a year."""
    parts = slots(arrivals_per_year=3.0, max_count=60)
    parts["agreement"]["funding"]["deadline"] = "2027-03-30"
    regime = {"initial": {"state": "slow", "since": "2026-03-31"}, "states": {"slow": {"arrival_multiplier": 0.5}}}
    event = {"date": "2026-09-30", "outcomes": {"yes": {"scale_arrivals": {"more": 3.0}}}, "probabilities": {"yes": 1}}
    study = bare(**parts, regimes={"deal": regime}, events={"push": event})
    n = 1 << 14
    count = run_all(compile_in(study, tmp_path), SEED, n).values["more", "funded"]
    expected = 1.5 * 0.5 + 4.5 * 181 / 365  # half a year is two steps; the second half ends a day early
    assert abs(count.mean() - expected) < 4 * np.sqrt(expected / n)
    assert abs(count.var() - expected) < 4 * np.sqrt((2 * expected**2 + expected) / n)


def test_size__zero_share_or_no_go_ahead_is_no_project(tmp_path):
    for go_ahead in ({"probability": 0.0}, {"probability": 1.0, "size_share": 0.0}):
        out = run_all(compile_in(bare(projects={"plant": {"go_ahead": go_ahead}}), tmp_path), SEED, 64)
        for quantity in ("funded", "completed", "cancelled", "declined", "cost", "npv_funder"):
            assert (out.values["plant", quantity] == 0).all()
        assert np.isnan(out.values["portfolio", "irr_funder"]).all()
        assert (out.values["scheme", "net_commitments"] == 0).all()


def test_size__zero_with_debt_and_no_cap_pays_nothing(tmp_path):
    debt = {"share": 0.5, "reference_rate": "rate", "margin": 0.01, "tenor_years": 5}
    study = bare(
        factors={"rate": {"unit": "1/year", "process": {"deterministic": {"curve": 0.03}}}},
        projects={"plant": {"go_ahead": {"probability": 0.5}, "operation": {"senior_debt": debt}}},
    )
    out = run_all(compile_in(study, tmp_path), SEED, 256)
    none, value = out.values["plant", "funded"] == 0, out.values["plant", "npv_funder"]
    assert 0 < none.sum() < none.size and (value[none] == 0).all() and (np.abs(value[~none]) > 1).all()


def test_cap__cost_that_adds_up_to_it_does_not_stop_the_works(tmp_path):
    for years in (1.0, 0.75, 1.5):
        construction = {"planned_duration_years": years, "funding_cap": {"multiple": 1, "above": "stop"}}
        study = bare(projects={"plant": {"budget": 100.1, "construction": construction}})
        out = run_all(compile_in(study, tmp_path), SEED, 64)
        assert (out.values["plant", "completed"] == 1).all()


def test_all_cancelled__at_the_first_review(tmp_path):
    construction = {"planned_duration_years": 1.5, "review": {"threshold": 0.001}}
    out = run_all(compile_in(bare(projects={"plant": {"construction": construction}}), tmp_path), SEED, 64)
    assert (out.values["plant", "cancelled"] == 1).all() and (out.values["portfolio", "completed"] == 0).all()
    assert np.isnan(out.values["portfolio", "cost_overrun"]).all()


def test_horizon__shorter_than_construction(tmp_path):
    construction = {"planned_duration_years": 9.0}
    out = run_all(compile_in(bare(projects={"plant": {"construction": construction}}), tmp_path), SEED, 64)
    assert (out.values["plant", "completed"] == 0).all() and (out.values["plant", "cancelled"] == 0).all()
    np.testing.assert_allclose(out.values["plant", "cost"], 100 * 2 / 9, rtol=1e-12)


def test_slip__of_a_century_is_never_due(tmp_path):
    out = run_all(compile_in(bare(agreement={"funding": {"slip": 30000}}), tmp_path), SEED, 64)
    assert (out.values["plant", "funded"] == 0).all() and (out.values["plant", "declined"] == 0).all()


def test_projects__three_hundred_in_flat_memory(tmp_path):
    few = compile_in(bare(**slots(max_count=3)), tmp_path)
    many = compile_in(bare(**slots(arrivals_per_year=900.0, max_count=299)), tmp_path)
    deals = deals_of(many)
    assert len(deals.size) == 300 and deals.values["portfolio", "funded"].max() > 200
    rows = [kernel.make_work(done.plan)[1].w.size // LANES for done in (few, many)]
    assert rows[1] - rows[0] == 296 * int(DEAL_ROWS)


def test_projects__none_announced(tmp_path):
    study = bare(**slots(arrivals_per_year=4.0), projects={"plant": None})
    out = run_all(compile_in(study, tmp_path), SEED, 256)
    assert (out.values["portfolio", "funded"] == out.values["more", "funded"]).all()
    assert out.values["more", "funded"].max() >= 2
    np.testing.assert_array_equal(out.values["portfolio", "npv_funder"], out.values["more", "npv_funder"])


def test_sites__announced_then_slots(tmp_path):
    from spvrisk.config import load_study
    from studies import write_study

    study = load_study(write_study(bare(**slots(max_count=2)), tmp_path / "study.yaml"))
    assert sites_of(study) == ("plant", "more/0", "more/1")
    assert date(2027, 1, 31) == study.agreement.funding.deadline
