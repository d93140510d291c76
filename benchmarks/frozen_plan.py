"""The plan that the NumPy versions read: arrays on a file, made once by `freeze`, not by the engine of the day."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

STUDY = Path(__file__).parent / "frozen" / "study.yaml"
"""The study whose plan it is, for the kernel."""
FILE = Path(__file__).parent / "frozen" / "plan.npz"


class FrozenPlan(NamedTuple):
    """Arrays as `spvrisk.plan.arrays.Plan` had them when they were frozen, and names that go with them."""

    study: np.ndarray
    constants: np.ndarray
    factors: np.ndarray
    rows: np.ndarray
    jumps: np.ndarray
    regimes: np.ndarray
    states: np.ndarray
    events: np.ndarray
    pipelines: np.ndarray
    projects: np.ndarray
    project_names: np.ndarray
    regime_names: np.ndarray
    event_names: np.ndarray


def load(file: Path = FILE) -> FrozenPlan:
    """Read a frozen plan."""
    with np.load(file, allow_pickle=False) as arrays:
        return FrozenPlan(**arrays)
