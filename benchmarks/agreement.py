"""The NumPy version and the kernel on the same draws, path by path: ``python benchmarks/agreement.py [--paths N]``."""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))


def kernel_results(plan, labels, seed, n):
    """Values ``(series, path)``, timeline sums ``(project, row, step)`` and occupancy ``(state, step)``."""
    from spvrisk.kernel import run as kernel
    from spvrisk.plan.names import LEAF

    if n > LEAF:
        raise ValueError(f"at most {LEAF} paths")
    at, work = kernel.make_work(plan)
    leaf = kernel.make_leaf(plan, len(labels.series), False)
    kernel.run_paths(plan, at, work, leaf, *(np.uint64(x) for x in (seed, 0, 0, n)))
    steps = int(plan.study[0]["steps"])
    timeline = leaf.partial.reshape(plan.projects.size, len(labels.timeline), steps, -1).sum(axis=-1)
    return leaf.values[:, :n], timeline, kernel.state_shares(leaf.occupancy)


def difference(ours, theirs):
    """Largest difference relative to the value, or to the typical size where that is larger; NaN must meet NaN."""
    finite = np.isfinite(ours) & np.isfinite(theirs)
    rest, other = ours[~finite], theirs[~finite]
    if not ((rest == other) | (np.isnan(rest) & np.isnan(other))).all():
        return np.inf
    ours, theirs = ours[finite], theirs[finite]
    size = np.maximum(np.abs(ours), np.abs(ours).mean() if ours.size else 0.0)
    return float((np.abs(ours - theirs) / np.where(size > 0.0, size, 1.0)).max(initial=0.0))


def differences(plan, labels, seed, n):
    """Largest relative difference by series, and of the timeline by project and row, and of occupancies."""
    from numpy_draws import Replay
    from numpy_engine import NumpyEngine
    from spvrisk.plan.names import TIMELINE

    values, timeline, occupancy = kernel_results(plan, labels, seed, n)
    other = NumpyEngine(plan, labels, exact=True).simulate(Replay(plan, seed, 0, n))
    found = {key: difference(values[s], other.series[key]) for s, key in enumerate(labels.series)}
    for s, name in enumerate(labels.projects):
        for row, key in enumerate(TIMELINE):
            found[name, f"timeline_{key}"] = difference(timeline[s, row], other.timeline[s, row])
    found["scheme", "occupancy"] = difference(occupancy, other.occupancy)
    return found


def main(arguments: list[str] | None = None) -> None:
    from side_by_side import LEFT_OUT, STUDY, compiled

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--paths", type=int, default=4096)
    parser.add_argument("--seed", type=int, default=20260331)
    parser.add_argument("--study", type=Path, default=STUDY)
    parser.add_argument("--set", action="append", default=[], dest="overrides", metavar="KEY=VALUE")
    options = parser.parse_args(arguments)
    left_out = LEFT_OUT if options.study == STUDY else []
    plan, labels = compiled(options.study, [*left_out, *options.overrides])
    found = differences(plan, labels, options.seed, options.paths)
    worst: dict[str, tuple[float, str]] = {}
    for (unit, quantity), value in found.items():
        worst[quantity] = max(worst.get(quantity, (0.0, unit)), (value, unit))
    for quantity, (value, unit) in sorted(worst.items(), key=lambda item: -item[1][0]):
        print(f"{value:10.1e}  {quantity} ({unit})")


if __name__ == "__main__":
    main()
