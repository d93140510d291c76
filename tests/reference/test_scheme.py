"""Side flows and the scheme's value on paper."""

import datetime as dt

import numpy as np
import pytest

from paper_deal import changed, play


def test_side_flows__worked_on_paper():
    study = changed()
    study["study"]["money_unit"] = 10
    study["regimes"] = {
        "l": {
            "initial": {"state": "a", "since": dt.date(2026, 1, 1)},
            "states": {"a": {"attributes": {"x": 2.0}}, "b": {"attributes": {"x": 6.0}}},
        },
        "k": {"initial": {"state": "a", "since": dt.date(2026, 1, 1)}, "states": {"a": {}, "b": {}}},
    }

    def event(date, moves):
        return {"date": date, "outcomes": {"o": {"moves": moves}}, "probabilities": {"o": 1}}

    middle, late = dt.date(2028, 12, 31), dt.date(2029, 8, 7)  # years 2 and 2.6
    study["events"] = {"e": event(middle + dt.timedelta(days=146), {"l": "b"}), "f": event(late, {"k": "b"})}
    x = {"regime": "l", "attribute": "x"}
    study["side_flows"] = {"r": {"base": "time", "rate": x, "while": {"k": ["a"], "l": ["a", "b"]}}}
    study["projects"]["p"]["side_flows"] = {
        "v": {"base": "spend", "rate": 0.1, "while": {"l": ["b"]}},
        "w": {"base": "spend", "rate": 0.01},
        "s": {"base": "output", "rate": x, "while": {"l": ["b"]}},
    }
    sim, rows, q = play(study)
    assert sim.relief[:, 0] == pytest.approx([2, 2, 0.4 * 2 + 0.2 * 6, 0, 0, 0, 0])
    assert rows["vendor_margin"] == pytest.approx([0, 0.5, 50 * (0.1 * 0.6 + 0.01), 0, 0, 0, 0])
    assert rows["supply_chain_benefit"] == pytest.approx([0, 0, 0, 60, 60, 60, 0])
    assert q["vendor_margin"] == pytest.approx(0.5 * 1.1**-2 + 3.5 * 1.1**-3)
    assert sim.quantities["portfolio"]["supply_chain_benefit"][0] == pytest.approx(60 * (1.1**-4 + 1.1**-5 + 1.1**-6))
    assert sim.quantities["scheme"]["tariff_relief"][0] == pytest.approx(2 / 1.1 + 2 / 1.1**2 + 2 / 1.1**3)


def test_scheme_value__sums_flows_and_side_flows():
    study = changed()
    study["side_flows"] = {"r": {"base": "time", "rate": 3}}
    study["projects"]["p"]["side_flows"] = {
        "v": {"base": "spend", "rate": 0.1},
        "s": {"base": "output", "rate": 0.02},
    }
    study["factors"]["fx"] = {"process": {"deterministic": {"curve": {"knots": [[0, 100], [7, 170]]}}}}
    study["parties"]["funder"] = {"discount": {"study": "flat", "local": "zero"}, "fx": "fx"}
    sim, _, _ = play(study)
    side = np.array([3, 3 + 5, 3 + 5, 3 + 2, 3 + 2, 3 + 2, 3])
    flows = np.array([0, -50, -50, 20, 20, 16, 0]) + side
    q, t = sim.quantities["scheme"], np.arange(1, 8)
    assert q["scheme_value"][0] == pytest.approx((flows * 1.1**-t).sum())
    assert q["scheme_value_local"][0] == pytest.approx((flows * (100 + 10 * t)).sum())
