"""Laws, hazards and dates at their ends: refused, or what is said comes out."""

import numpy as np
import pytest

from clocks import states
from spvrisk.config import load
from spvrisk.errors import InputError
from spvrisk.experiments.trace import Tracer
from studies import BARE, changed, compile_in, run_all, write_study


def event(days, **outcome):
    date = {"from": "2026-03-31", "days": days}
    return {"date": date, "outcomes": {"a": outcome}, "probabilities": {"a": 1}}


@pytest.mark.parametrize("days", [1e18, 1e19, 1e30])
def test_event__so_late_that_it_never_takes_place(days, tmp_path):
    out = run_all(compile_in(changed(BARE, events={"never": event(days)}), tmp_path), 3, 64)
    assert np.isnan(out.values["scheme", "outcome_never"]).all()


def test_duration__with_an_atom_at_zero_is_refused(tmp_path):
    law = {"scipy": {"name": "poisson", "args": {"mu": 1}}, "truncate": [0, 5]}
    study = changed(BARE)
    study["projects"]["plant"]["construction"]["duration"] = law
    with pytest.raises(InputError, match="must be above 0"):
        load(write_study(study, tmp_path / "study.yaml"))


def flickering(rate, **events):
    regime = {"initial": {"state": "x", "since": "2026-03-31"}, "states": states(x=0, y=1)}
    regime["hazards"] = {"x": {"y": rate}, "y": {"x": rate}}
    return changed(BARE, regimes={"m": regime}, events=events)


def test_scale_hazards__beyond_what_a_hazard_may_be_is_refused(tmp_path):
    scale = {"m": {"x": {"y": 1000}}}
    study = flickering(5, **{f"e{k}": event(k, scale_hazards=scale) for k in range(3)})
    with pytest.raises(InputError, match=r"at most 1e\+09 a year after all scaling, got 5 scaled by up to 1e\+09"):
        load(write_study(study, tmp_path / "study.yaml"))


def test_hazards__that_lead_in_a_circle_too_often_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"more than 1000 a year, .* a circle, got (x -> y -> x|y -> x -> y)"):
        load(write_study(flickering(1001), tmp_path / "study.yaml"))


def test_hazard__of_a_thousand_million_a_year_takes_place_at_once(tmp_path):
    """From x through y to z within a blink; at the other end of the scale nothing ever moves."""
    regime = {"initial": {"state": "x", "since": "2026-03-31"}, "states": states(x=0, y=1, z=2)}
    regime["hazards"] = {"x": {"y": 1e9}, "y": {"z": 1e9, "x": 0}, "z": {"x": 0}}
    done = compile_in(changed(BARE, regimes={"m": regime}), tmp_path)
    out = run_all(done, 3, 64)
    assert (out.values["scheme", "final_state_m"] == 2).all()
    np.testing.assert_allclose(out.occupancy[:, 0] / 64, [0, 0, 1], atol=1e-7)


def test_trace__keeps_thousands_of_changes(tmp_path):
    loaded = load(write_study(flickering(900), tmp_path / "study.yaml"))
    trace = Tracer(loaded.study, 3).trace(5)
    assert len(trace.changes) > 1000
    last = ["x", "y"][int(trace.values["scheme", "final_state_m"])]
    assert trace.changes[-1].after == trace.states["m"][-1] == last


@pytest.mark.parametrize("months", range(1, 36))
def test_calendar__a_day_that_begins_a_step_has_its_bound_to_the_bit(months, tmp_path):
    from datetime import date

    from spvrisk.plan.calendar import add_months, make_grid, time_of

    grid = make_grid(date(2026, 3, 31), 48, 12)
    assert time_of(grid, date(2026, 3, 31), add_months(date(2026, 3, 31), months)) == np.append(0.0, grid.ends)[months]
