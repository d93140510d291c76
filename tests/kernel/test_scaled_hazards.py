"""Hazards of two regimes that read each other's state, against the matrix exponential of the product of the two."""

from itertools import product

import numpy as np
import pytest
from scipy.linalg import expm

from studies import BARE, changed, compile_in, run_all

SEED = 41
PATHS = 20_000
SINCE = "2026-02-24"
MOOD, TRADE = ("calm", "tense", "war"), ("open", "shut")
HAZARDS = {
    "mood": {"calm": {"tense": 0.8, "war": 0.1}, "tense": {"calm": 1.0, "war": 0.5}, "war": {"tense": 0.7}},
    "trade": {"open": {"shut": 0.4}, "shut": {"open": 1.2}},
}
RULES = {
    "mood": [
        ({"trade": "shut"}, {"calm": {"tense": 3.0, "war": 4.0}, "tense": {"calm": 0.25}}),
        ({"trade": "open"}, {"war": {"tense": 2.0}}),
        ({"trade": "shut", "mood": "calm"}, {"calm": {"war": 2.0}}),  # multiplies the first
    ],
    "trade": [
        ({"mood": "tense"}, {"open": {"shut": 2.5}}),
        ({"mood": "war"}, {"open": {"shut": 6.0}, "shut": {"open": 0.0}}),
    ],
}


def study(years):
    """Two regimes with the hazards and rules above, and a horizon."""
    regimes = {
        name: {
            "initial": {"state": states[0], "since": SINCE},
            "states": {state: {} for state in states},
            "hazards": HAZARDS[name],
            "scaled_hazards": [{"when": {"regimes": when}, "scale": scale} for when, scale in RULES[name]],
        }
        for name, states in (("mood", MOOD), ("trade", TRADE))
    }
    return changed(BARE, study={"horizon_years": years}, regimes=regimes)


def generator():
    """Intensities between the pairs of states, ``(6, 6)``, the rows summing to 0."""
    pairs = list(product(MOOD, TRADE))
    Q = np.zeros((len(pairs), len(pairs)))
    for i, (mood, trade) in enumerate(pairs):
        now = {"mood": mood, "trade": trade}
        for regime, left in now.items():
            for entered, rate in HAZARDS[regime].get(left, {}).items():
                for when, scale in RULES[regime]:
                    if all(now[name] == state for name, state in when.items()):
                        rate *= scale.get(left, {}).get(entered, 1.0)
                after = {**now, regime: entered}
                Q[i, pairs.index((after["mood"], after["trade"]))] += rate
        Q[i, i] = -Q[i].sum()
    return Q


@pytest.mark.parametrize("years", [0.5, 1.5, 4])
def test_final_states__of_two_regimes_are_the_matrix_exponential(years, tmp_path):
    values = run_all(compile_in(study(years), tmp_path), SEED, PATHS).values
    pair = len(TRADE) * values["scheme", "final_state_mood"] + values["scheme", "final_state_trade"]
    found = np.bincount(pair.astype(int), minlength=len(MOOD) * len(TRADE)) / PATHS
    expected = expm(generator() * years)[0]
    assert expected.min() > 1e-3
    off = (found - expected) / np.sqrt(expected * (1 - expected) / PATHS)
    assert np.abs(off).max() < 4, off
