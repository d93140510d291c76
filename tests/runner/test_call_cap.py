"""Where a cap on calls is known to go another way than the model page says; each test is to pass once it is mended."""

from copy import deepcopy

import numpy as np
from paper_runs import run

from studies import BARE, changed

TIERS = {
    "mode": "periodic",
    "first_share": 0.5,
    "second_share": 0.1,
    "reference_rate": "rate",
    "spread": 0.05,
    "deemed_life_years": 2,
}


def test_annual_call_cap__a_step_that_ends_on_31_december_is_of_that_year(tmp_path):
    """25 a quarter from 1 April, 60 a calendar year: in the three quarters of 2026 no more than 60 are paid."""
    study = changed(
        BARE,
        study={"value_date": "2026-04-01"},
        agreement={"funding": {"annual_call_cap": 60.0}},
        projects={"plant": {"notice_date": "2026-04-01"}},
    )
    _, timeline = run(study, tmp_path)
    np.testing.assert_allclose(timeline["plant"]["calls"], [25, 25, 10, 40, 0, 0, 0, 0], rtol=1e-12)


def test_annual_call_cap__what_is_paid_in_full_leaves_nothing(tmp_path):
    """Cash is ample, and all that falls due is paid at once: the funder is whole after the deemed life of 2 years."""
    prices = {"price": {"process": {"deterministic": {"curve": 60}}}}
    rate = {"rate": {"unit": "1/year", "process": {"deterministic": {"curve": 0.03}}}}
    study = changed(
        BARE,
        study={"horizon_years": 6},
        factors={**prices, **rate},
        agreement={"funding": {"annual_call_cap": 40.0}},
        projects={"plant": {"construction": {"overrun": {"lognormal": {"mean": 1.2, "sd": 0.2}}}}},
    )
    study["agreement"]["split"] = TIERS
    study["projects"]["other"] = deepcopy(study["projects"]["plant"]) | {"budget": 70.0}
    values, _ = run(study, tmp_path, 64)
    assert (values["plant", "recovery_years"] == 2).all()
    assert (values["plant", "deemed_open"] == 0).all()
