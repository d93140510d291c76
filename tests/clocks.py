"""Studies of the clock whose occupancies and frequencies are known, shared by tests and campaigns."""

import numpy as np
from scipy.linalg import expm

from studies import BARE, changed

CHAIN = ("calm", "tense", "war")
Q = np.array([[-0.9, 0.7, 0.2], [1.5, -2.0, 0.5], [0.0, 0.4, -0.4]])
"""Intensities per year of the chain's states."""


def reader(regime, attribute):
    """Projects that read an attribute of a regime, so that the kernel keeps its rows."""
    tariff = {"imported_share": 0.1, "equipment_tariff": {"regime": regime, "attribute": attribute}}
    return {"construction": tariff}


def with_readers(study, *pairs):
    """Add one project for each (regime, attribute) that a test wants to see, in that order."""
    if not pairs:
        return study
    plant = study["projects"]["plant"]
    readers = {f"reads_{i}": changed(plant, **reader(*pair)) for i, pair in enumerate(pairs)}
    return changed(study, projects={"plant": None, **readers})


def states(**values):
    """States of a regime with one attribute, `level`."""
    return {name: {"attributes": {"level": float(value)}} for name, value in values.items()}


def chain_study(horizon=3, m=4):
    """A regime that jumps by hazards alone; attributes tell its states apart."""
    hazards = {CHAIN[i]: {CHAIN[j]: float(Q[i, j]) for j in range(3) if j != i and Q[i, j] > 0} for i in range(3)}
    flags = {name: {"attributes": {other: float(other == name) for other in CHAIN}} for name in CHAIN}
    study = changed(
        BARE,
        study={"horizon_years": horizon, "steps_per_year": m},
        regimes={"mood": {"initial": {"state": "calm", "since": "2026-01-01"}, "states": flags, "hazards": hazards}},
    )
    return with_readers(study, *(("mood", name) for name in CHAIN))


def chain_occupancy(steps, dt):
    """Expected share of each step in each state ``(state, step)``: exp(Q t) integrated (Van Loan 1978)."""
    block = np.zeros((6, 6))
    block[:3, :3], block[:3, 3:] = Q, np.eye(3)
    out = np.empty((3, steps))
    for t in range(steps):
        out[:, t] = (expm(Q * t * dt) @ expm(block * dt)[:3, 3:])[0] / dt
    return out


def chain_checks(run, steps, dt, horizon):
    """Samples and expectations of a run of the chain, for `studies.Check`."""
    final = run.values["scheme", "final_state_mood"]
    return {
        "share of each step by state": (run.attributes, chain_occupancy(steps, dt)),
        "final state": (np.array([final == i for i in range(3)], float), expm(Q * horizon)[0]),
    }


EVENT_STUDY = {
    "regimes": {
        "house": {"initial": {"state": "split", "since": "2026-01-01"}, "states": states(split=0, left=1, right=2)},
        "deal": {"initial": {"state": "alive", "since": "2026-01-01"}, "states": states(alive=0, dead=1)},
    },
    "events": {
        "vote": {
            "date": "2026-11-03",
            "outcomes": {
                "none": {"moves": {}},
                "left": {"moves": {"house": "left"}},
                "right": {"moves": {"house": "right"}},
            },
            "probabilities": {"none": 0.2, "left": 0.5, "right": 0.3},
        },
        "court": {
            "date": "2027-02-01",
            "outcomes": {"upheld": {}, "struck": {}},
            "probabilities": {"upheld": 0.35, "struck": 0.65},
        },
        "talks": {
            "date": "2027-06-01",
            "outcomes": {"saved": {"moves": {}}, "broken": {"moves": {"deal": "dead"}}, "delayed": {"moves": {}}},
            "probabilities": [
                {
                    "when": {"regimes": {"house": "left"}, "outcomes": {"court": "struck"}},
                    "is": {"saved": 0.1, "broken": 0.8, "delayed": 0.1},
                },
                {"when": {"outcomes": {"court": "struck"}}, "is": {"saved": 0.25, "broken": 0.25, "delayed": 0.5}},
                {"when": {"regimes": {"house": "right"}}, "is": {"saved": 0.0, "broken": 1.0, "delayed": 0.0}},
                {"is": {"saved": 0.9, "broken": 0.04, "delayed": 0.06}},
            ],
        },
    },
}


def event_probabilities():
    """P(vote, court, talks) as the rules say, ``(3, 2, 3)``, written out by hand."""
    vote, court = np.array([0.2, 0.5, 0.3]), np.array([0.35, 0.65])
    talks = np.empty((3, 2, 3))
    talks[:, 1] = [0.25, 0.25, 0.5]
    talks[1, 1] = [0.1, 0.8, 0.1]
    talks[:, 0] = [0.9, 0.04, 0.06]
    talks[2, 0] = [0.0, 1.0, 0.0]
    return vote[:, None, None] * court[None, :, None] * talks


def event_checks(run):
    """Joint frequencies of the three outcomes, and the deal's end, for `studies.Check`."""
    codes = [run.values["scheme", f"outcome_{name}"] for name in ("vote", "court", "talks")]
    joint = event_probabilities()
    cells = np.array(
        [(codes[0] == i) & (codes[1] == j) & (codes[2] == k) for i, j, k in np.ndindex(joint.shape)],
        float,
    )
    dead = run.values["scheme", "final_state_deal"] == 1
    return {
        "joint outcomes": (cells, joint.ravel()),
        "final state of the deal": (dead[None].astype(float), [joint[:, :, 1].sum()]),
    }
