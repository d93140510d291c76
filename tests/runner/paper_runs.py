"""Runs of small studies through the runner, for answers that are arithmetic on paper."""

import numpy as np

from in_memory import simulate, values_of
from studies import compile_in

PATHS = 130
DF = 1.05 ** -(np.arange(1, 9) / 4)


def run(study, folder, paths=PATHS):
    """Values by unit and quantity, and timeline means ``(row, step)`` by unit."""
    plan, labels, _ = compile_in(study, folder)
    ledger = simulate(plan, labels, paths, 5, 2, 1)
    units = (*labels.projects, "portfolio")
    rows = ledger.sums().timeline.reshape(len(units), len(labels.timeline), -1) / paths
    timeline = {unit: dict(zip(labels.timeline, rows[i], strict=True)) for i, unit in enumerate(units)}
    return dict(zip(labels.series, values_of(ledger), strict=True)), timeline
