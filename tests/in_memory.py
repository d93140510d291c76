"""Runs in memory, for tests of what comes of them."""

from spvrisk.runner.execute import execute
from spvrisk.runner.job import Job
from spvrisk.runner.ledger import MemoryLedger


def simulate(plan, labels, paths, seed, workers=1, leaves_per_shard=4, **told):
    """Ledger of all paths."""
    ledger = MemoryLedger(Job(plan, labels, "", seed, paths, leaves_per_shard))
    execute(ledger, workers, **told)
    return ledger


def values_of(ledger):
    """Values of all series on all paths, ``(series, path)`` float64."""
    return ledger.block(range(len(ledger.job.labels.series)), range(ledger.job.paths))
