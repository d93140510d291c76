"""Warnings that know the laws as they are tabulated."""

import numpy as np

from spvrisk.config import Loaded, loading
from spvrisk.config.laws import Law, Measured
from spvrisk.errors import Problem
from spvrisk.plan import laws
from spvrisk.plan.distributions import LawError
from spvrisk.plan.tables import kept_segments


def warnings_of(loaded: Loaded) -> list[Problem]:
    """What a study may say but probably did not mean, in the order of its files."""
    found: dict[str, Measured | None] = {}

    def measure(law: Law) -> Measured | None:
        key = repr(law)
        if key not in found:
            found[key] = _tabulated(law)
        return found[key]

    return loading.warnings_of(loaded, measure)


def _tabulated(law: Law) -> Measured | None:
    """Measure a law by its table: what is drawn of a law without a mean has one. None for what planning refuses."""
    try:
        made, kept = laws.conditioned(law)
        segments = kept_segments(made.base, lambda: laws.quantile_segments(made.base))
    except LawError:
        return None
    with np.errstate(over="ignore", invalid="ignore"):  # of squares, which nobody asks for here
        mean, _ = laws.table_moments(segments)
    return Measured(made.location + made.scale * mean, kept)
