"""The NumPy version and the kernel on the same draws, path by path: ``python benchmarks/agreement.py [--paths N]``."""

import argparse

import numpy as np

# first of all: numba makes code for one target in a process, and the engine's is proved
import spvrisk.kernel.maths  # noqa: F401

# isort: split
import frozen_plan
from numpy_draws import Replay
from numpy_engine import TIMELINE, NumpyEngine
from suite import engine


def difference(ours, theirs):
    """Largest difference relative to the value, or to the typical size where that is larger; NaN must meet NaN."""
    finite = np.isfinite(ours) & np.isfinite(theirs)
    rest, other = ours[~finite], theirs[~finite]
    if not ((rest == other) | (np.isnan(rest) & np.isnan(other))).all():
        return np.inf
    ours, theirs = ours[finite], theirs[finite]
    size = np.maximum(np.abs(ours), np.abs(ours).mean() if ours.size else 0.0)
    return float((np.abs(ours - theirs) / np.where(size > 0.0, size, 1.0)).max(initial=0.0))


def differences(seed, n):
    """Largest relative difference of all that NumPy yields: by series, timeline row and project, and of occupancies."""
    done = engine.compiled(frozen_plan.STUDY)
    ledger = engine.whole_engine(done, workers=1, seed=seed)(n)
    sums = ledger.sums()
    plan, labels = frozen_plan.load(), done.labels
    other = NumpyEngine(plan, exact=True).simulate(Replay(plan, seed, n))
    # by name: the engine may have learned quantities and rows since
    found = {key: difference(ledger.column(labels.series.index(key)), theirs) for key, theirs in other.series.items()}
    timeline = sums.timeline.reshape(-1, len(labels.timeline), sums.timeline.shape[1])
    for s, name in enumerate(plan.project_names.tolist()):
        for row, key in enumerate(TIMELINE):
            ours = timeline[labels.projects.index(name), labels.timeline.index(key)]
            found[name, f"timeline_{key}"] = difference(ours, other.timeline[s, row])
    found["scheme", "occupancy"] = difference(sums.occupancy, other.occupancy)
    return found


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--paths", type=int, default=4096)
    parser.add_argument("--seed", type=int, default=engine.SEED)
    options = parser.parse_args(arguments)
    worst: dict[str, tuple[float, str]] = {}
    for (unit, quantity), value in differences(options.seed, options.paths).items():
        worst[quantity] = max(worst.get(quantity, (0.0, unit)), (value, unit))
    for quantity, (value, unit) in sorted(worst.items(), key=lambda item: -item[1][0]):
        print(f"{value:10.1e}  {quantity} ({unit})")


if __name__ == "__main__":
    main()
