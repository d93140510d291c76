"""Draws belong to names: what is edited elsewhere in a study leaves a project's paths bit for bit as they were."""

from pathlib import Path

import numpy as np
import pytest

from in_memory import simulate, values_of
from spvrisk.config import load_study
from spvrisk.config.laws import fixed
from spvrisk.config.study.factors import Correlation, Factor
from spvrisk.kernel.lanes import LANES
from spvrisk.plan.compile import compile_study
from spvrisk.plan.outputs import UNIT, existing

MAIN = Path(__file__).resolve().parents[2] / "configs" / "japan_us_2026.yaml"
PATHS = 320
DRAWN = ("completed", "cost", "overrun_sampled", "delay_months")


def run(study, seed=20260331):
    """Values by unit and quantity; a project that is not there has no entry."""
    plan, labels, _ = compile_study(study)
    values = values_of(simulate(plan, labels, PATHS, seed))
    return dict(zip(labels.series, values, strict=True))


@pytest.fixture(scope="module")
def main():
    return load_study(MAIN)


@pytest.fixture(scope="module")
def base(main):
    return run(main)


ALWAYS = [output.name for output in existing(UNIT, ())]


def assert_same(got, base, units, quantities=ALWAYS, paths=slice(None)):
    for unit in units:
        for quantity in quantities:
            a, b = got[unit, quantity][paths], base[unit, quantity][paths]
            assert a.tobytes() == b.tobytes(), (unit, quantity, np.nonzero(a != b)[0][:5])


def blind(main):
    """The study without what delays of fundings bring about."""
    funding = main.agreement.funding
    decision = funding.decision.model_copy(update={"late": None})
    agreement = main.agreement.model_copy(update={"funding": funding.model_copy(update={"decision": decision})})
    regimes = {name: regime.model_copy(update={"scaled_hazards": ()}) for name, regime in main.regimes.items()}
    return main.model_copy(update={"agreement": agreement, "regimes": regimes})


def clock_series(values):
    return [key for key in values if key[1].startswith(("final_state_", "outcome_"))]


def test_edit__taking_a_project_out_leaves_the_others(main, base):
    """But where it was declined, which moves the law; so would a delay, in a study whose hazards count them."""
    main = blind(main)
    base = run(main)
    left = {name: project for name, project in main.projects.items() if name != "texas_gas"}
    got = run(main.model_copy(update={"projects": left}))
    assert ("texas_gas", "cost") not in got and len(left) == 5
    paths, spent = base["texas_gas", "declined"] == 0, base["texas_gas", "cost"] > 0
    assert 0.9 < paths.mean() < 1
    assert_same(got, base, left, paths=paths)
    assert (got["portfolio", "cost"] != base["portfolio", "cost"])[spent].all()
    for key in clock_series(base):
        assert got[key][paths].tobytes() == base[key][paths].tobytes()


def test_edit__order_of_projects_does_not_matter(main, base):
    names = list(main.projects)
    order = names[::-1]
    got = run(main.model_copy(update={"projects": {name: main.projects[name] for name in order}}))
    assert_same(got, base, names)
    np.testing.assert_allclose(got["portfolio", "npv_funder"], base["portfolio", "npv_funder"], rtol=1e-12)


def test_edit__factor_appended_behind_the_others_leaves_all_of_them(main, base):
    new = Factor.model_validate({"unit": "1", "process": {"ou": {"start": 1, "mean": 1, "kappa": 1, "sigma": 0.3}}})
    pairs = {**main.correlation.pairs, "copper": {"steel": 0.6, "electrical": 0.5, "sofr": -0.2}}
    correlation = Correlation.model_validate({**main.correlation.model_dump(by_alias=True), "pairs": pairs})
    got = run(main.model_copy(update={"factors": {**main.factors, "copper": new}, "correlation": correlation}))
    assert_same(got, base, [*main.projects, "portfolio"])
    for key in clock_series(base):
        assert got[key].tobytes() == base[key].tobytes()


def test_edit__agreement_leaves_construction_and_the_clock(main, base):
    split = main.agreement.split.model_copy(update={"mode": "cumulative", "first_share": 0.7, "spread": fixed(0.03)})
    got = run(main.model_copy(update={"agreement": main.agreement.model_copy(update={"split": split})}))
    assert_same(got, base, main.projects, DRAWN)
    built = base["ohio_gas", "completed"] == 1
    assert built.mean() > 0.5 and (got["ohio_gas", "npv_funder"] != base["ohio_gas", "npv_funder"])[built].all()
    for key in clock_series(base):
        assert got[key].tobytes() == base[key].tobytes()


def test_edit__seed_changes_every_path(main, base):
    got = run(main, seed=20260332)
    for name in main.projects:
        assert (got[name, "overrun_sampled"] != base[name, "overrun_sampled"]).mean() > 0.9


def test_number_of_paths__first_paths_are_the_same(main, base):
    plan, labels, _ = compile_study(main)
    values = values_of(simulate(plan, labels, LANES + 7, 20260331))
    for key, row in zip(labels.series, values, strict=True):
        assert row.tobytes() == base[key][: LANES + 7].tobytes(), key
