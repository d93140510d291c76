"""A study of the reference on paper, nothing in it random, and what its tests change, draw and read."""

import datetime as dt
import math
from copy import deepcopy

import numpy as np

import reference as ref


def paper_study():
    """Return a study without chance: 100 of money over two years, then 40 a year before tax for three."""
    return {
        "study": {
            "value_date": dt.date(2026, 12, 31),
            "horizon_years": 7,
            "steps_per_year": 1,
            "money_unit": 1,
        },
        "curves": {"flat": {"knots": [[0, 0.1]]}, "zero": {"knots": [[0, 0.0]]}},
        "parties": {"funder": {"discount": {"study": "flat"}}, "host": {"discount": {"study": "zero"}}},
        "agreement": {
            "funding": {"lag_business_days": 45, "holidays": ["US"]},
            "split": {
                "mode": "periodic",
                "first_share": 0.5,
                "second_share": 0.1,
                "reference_rate": "rate",
                "spread": 0.02,
                "deemed_life_years": 2,
            },
        },
        "factors": {"rate": {"process": {"deterministic": {"curve": 0.08}}}},
        "projects": {
            "p": {
                "notice_date": dt.date(2026, 12, 1),
                "budget": 100,
                "capacity": 100,
                "output_unit": "t",
                "construction": dict(
                    planned_start=dt.date(2027, 12, 31),
                    planned_duration_years=2,
                    spend_curve={"a": 1, "b": 1},
                    overrun=1,
                    duration=1,
                    budget_basis="nominal",
                    **{"class": "x"},
                ),
                "operation": {
                    "life_years": 3,
                    "availability": {"law": 1, "persistence": 0},
                    "contract": {"price": 0.5, "share": 1, "tenor_years": 10},
                    "fixed_om": {"per_year": 10},
                    "tax": {"rate": 0.2, "life_years": 2},
                },
            }
        },
        "run": {"seed": 1},
    }


class Table(ref.Draws):
    """Uniforms and scores from a table by name, or by name and index; 0.5 and 0 otherwise."""

    def __init__(self, **table):
        super().__init__(0)
        self.table = {name.replace("__", "/"): value for name, value in table.items()}

    def pick(self, name, index, paths, default):
        one = [self.table.get((name, int(i)), self.table.get(name, default)) for i in np.atleast_1d(index)]
        return np.broadcast_to(np.array(one)[:, None], (len(one), len(paths)))[
            0 if np.ndim(index) == 0 else slice(None)
        ]

    def uniforms(self, name, index, paths):
        return self.pick(name, index, paths, 0.5)

    def scores(self, name, index, paths):
        return self.pick(name, index, paths, 0.0)


def drawn(table=(), **more):
    """Return draws from a table whose names may have an index."""
    draws = Table(**more)
    draws.table.update(dict(table))
    return draws


def gap(threshold):
    """Return the uniform of a unit exponential threshold."""
    return 1 - math.exp(-threshold)


def yields(study, revenues):
    """Let the paper project earn given revenues in the years from its completion on."""
    study["factors"]["yield"] = {
        "process": {"deterministic": {"curve": {"knots": [[4 + k, r] for k, r in enumerate(revenues)]}}}
    }
    plant = study["projects"]["p"]["operation"]
    plant["life_years"] = len(revenues)
    plant["contract"].update(price=0.01, indices={"yield": 1})


def play(study, draws=None):
    """Return the simulation of one path, the paper project's rows and its quantities."""
    sim = ref.simulate(study, np.array([0]), draws or Table())
    rows = {name: row[:, 0] for name, row in sim.projects["p"].items()}
    return sim, rows, {name: float(value[0]) for name, value in sim.quantities["p"].items()}


def changed(**keys):
    """Return the paper study with keys of its project's construction and operation."""
    study = paper_study()
    for part in ("construction", "operation"):
        study["projects"]["p"][part].update(keys.get(part, {}))
    study["agreement"]["funding"].update(keys.get("funding", {}))
    return study


def told(sim):
    """Return what selection decided on the first path, without the times."""
    return [(what, name) for _, what, name in sim.notes[0]]


def two_more(study, budgets=(100, 60), notices=(dt.date(2027, 3, 1), dt.date(2027, 6, 1))):
    """Add projects q and r like p."""
    for name, budget, notice in zip("qr", budgets, notices, strict=True):
        study["projects"][name] = {**deepcopy(study["projects"]["p"]), "budget": budget, "notice_date": notice}
    return study


def decided(table, by_state=None, triggers=None, states=None, hazards=None, events=None, **more):
    states = states or {"a": {}, "b": {}, "c": {"stops_calls": True}}
    by_state = by_state or {s: {"fund": 0.5, "delay": 0.3, "decline": 0.2} for s in states}
    decision = {"regime": "l", "by_state": by_state, "delay_days": 400, "triggers": triggers}
    study = changed(funding={"decision": decision}, **more)
    study["regimes"] = {
        "l": {"initial": {"state": "a", "since": dt.date(2026, 1, 1)}, "states": states, "hazards": hazards}
    }
    study["events"] = events
    return study, drawn(table)
