"""Freeze the plan of the frozen study anew: ``python benchmarks/freeze.py``.

Needed only when the numbers of the kernel change on that study, so that the NumPy versions no longer agree with it.
They read fields by the names of the engine's `Plan`: those that have new names since have to be changed in them.
"""

from pathlib import Path

import numpy as np

from frozen_plan import FILE, STUDY, FrozenPlan
from suite import engine


def freeze(file: Path = FILE) -> None:
    """Write the plan of the frozen study as the engine compiles it now."""
    plan, labels, _ = engine.compiled(STUDY)
    names = {
        "project_names": np.array(labels.projects),
        "regime_names": np.array([regime for regime, _ in labels.regimes]),
        "event_names": np.array([event for event, _ in labels.events]),
    }
    arrays = {name: getattr(plan, name) for name in FrozenPlan._fields if name not in names}
    np.savez_compressed(file, **FrozenPlan(**arrays, **names)._asdict())


if __name__ == "__main__":
    freeze()
