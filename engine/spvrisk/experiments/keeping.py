"""What a run keeps of values that are too many for memory and disk, and how near its statistics are then.

The tails that value at risk and expected shortfall ask for come first, then the outer quantiles, then narrow bins.
Numbers of values are powers of two, so that a run of somewhat more paths keeps as many and can go on with what is
there.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from spvrisk.aggregate.sketch import Resolution
from spvrisk.catalogue import phrase
from spvrisk.config.study.output import Output
from spvrisk.dataset.paths import series_of
from spvrisk.dataset.variables import conditions, has_loss
from spvrisk.measures.order import interval_ranks
from spvrisk.measures.series import ORDERED_AT_ONCE
from spvrisk.plan.inputs import BYTES
from spvrisk.plan.outputs import NPV, WHOLE
from spvrisk.plan.shared import LEAF
from spvrisk.runner.job import Job
from spvrisk.runner.sketches import Keeping

_OUTER = 0.05
"""Share of the paths beyond which a quantile belongs to a tail."""

_BITS = range(11, 4, -1)
"""Bits of a mantissa that bins may keep, the most first."""

_GOOD_BITS, _GOOD_TAIL, _LEAST_TAIL = 6, 1 << 10, 1 << 4
"""Bits of bins, and values of a tail, below which more is given up at last; and values of a tail at least."""

_OCTAVES = 24
"""Powers of two over which the values of a series are taken to spread."""

_GIVEN = 64
"""Distinct values at either end that are kept whole over conditions: flags and small numbers are exact."""

_ENTRY, _ENTRY_GIVEN, _COUNT = 20, 16, 4
"""Bytes of an entry over all paths; of one over conditions, and of the count of each."""

_LEVELS = 24
"""Moments that are open in a tree of leaves, about."""

_AT_ONCE = 4, 64
"""Shards that wait at least and at most until they are taken up."""

ON_THE_WAY = 6
"""Shards that may come while others are taken up: those of four workers. It is no more for more of them, since what is
kept, and with it the content of a result, must not depend on who computes it."""

_VALUE = 64
"""Bytes that a value takes on its way into sketches."""


class Sizes(NamedTuple):
    """What keeping takes, in bytes.

    Attributes
    ----------
    disk
        Sketches, the former ones while new ones are written, shards that wait, and rows that are kept by path.
    memory
        In the making and in measuring, besides the process and its workspaces.
    """

    disk: int
    memory: int


def keepings(job: Job, output: Output, names: Sequence[str]) -> Iterator[Keeping]:
    """Give what may be kept, the most first.

    Parameters
    ----------
    job
        What is run.
    output
        Statistics that are asked for.
    names
        Path quantities that are kept; see `spvrisk.dataset.paths.check_paths`.
    """
    labels, given = job.labels, conditions(job.labels)
    series, number = series_of(names, labels), {key: s for s, key in enumerate(labels.series)}
    projects = tuple(number[unit, NPV] for unit in labels.projects)
    for bits, losses, ends in _finest_first(*_wanted(job.paths, output)):
        whole = tuple(
            Resolution(bits, max(losses, ends) if has_loss(name) else ends, ends) for _, name in labels.series
        )
        found = Keeping(series, given, whole, Resolution(bits, _GIVEN, _GIVEN), number[WHOLE], projects, losses, 0)
        low, high = _AT_ONCE
        yield found._replace(at_once=min(max(_sketches(job, found) // (2 * _shard(job)), low), high))


def sizes_of(job: Job, keeping: Keeping) -> Sizes:
    """Give what keeping takes, besides shards that are on their way.

    Parameters
    ----------
    job, keeping
        What is run, and what is kept of it.
    """
    waiting = keeping.at_once * job.leaves_per_shard * LEAF
    rows = (8 * len(keeping.series) + BYTES * len(job.input_rows)) * job.paths
    disk = 2 * _sketches(job, keeping) + (keeping.at_once + ON_THE_WAY) * _shard(job) + rows
    one = max(_of_series(job, keeping, s) for s in range(len(keeping.whole)))
    tail = 5 * 8 * min(keeping.whole[keeping.portfolio].lowest, job.paths)
    worst = 3 * 8 * keeping.worst * (2 + len(keeping.projects))
    return Sizes(disk, ORDERED_AT_ONCE * (_VALUE * waiting + 4 * one + tail) + _VALUE * waiting + worst)


def told(keeping: Keeping) -> str:
    """How near statistics are, in words."""
    losses, ends, bound = keeping.worst, keeping.whole[keeping.portfolio].highest, 2.0 ** -(keeping.given.bits + 1)
    return phrase(
        "approximate, since all values would be too many: means, shares, the worst {:,} losses and {:,} values at the "
        "ends of others are exact, the rest within {:.2g} % of its size",
        *(losses, ends, 100.0 * bound),
    )


def _wanted(paths: int, output: Output) -> tuple[int, int]:
    """How many losses and how many outermost values tails ask for, with the ends of their intervals."""
    ranks = [(level, *interval_ranks(level, paths)) for level in output.quantiles]
    low = [high for level, _, high in ranks if float(level) <= _OUTER]
    high = [paths + 1 - low for level, low, _ in ranks if 1.0 - float(level) <= _OUTER + 1e-9]
    losses = [paths + 1 - interval_ranks(level, paths)[0] for level in output.risk_levels]
    return _power(max(losses, default=1)), _power(max([*low, *high], default=1))


def _power(number: int) -> int:
    """The least power of two that is not below a number."""
    return int(1 << max(number - 1, 0).bit_length())


def _finest_first(losses: int, ends: int) -> Iterator[tuple[int, int, int]]:
    """Bits, losses and ends, with less and less of them."""
    bits, losses, ends = _BITS[0], max(losses, _LEAST_TAIL), max(ends, _LEAST_TAIL)
    yield bits, losses, ends
    while ends > _GOOD_TAIL:
        ends //= 2
        yield bits, losses, ends
    while bits > _GOOD_BITS:
        bits -= 1
        yield bits, losses, ends
    while losses > _GOOD_TAIL:
        losses //= 2
        yield bits, losses, ends
    while bits > _BITS[-1]:
        bits -= 1
        yield bits, losses, ends
    while max(losses, ends) > _LEAST_TAIL:
        losses, ends = max(losses // 2, _LEAST_TAIL), max(ends // 2, _LEAST_TAIL)
        yield bits, losses, ends


def _shard(job: Job) -> int:
    """Bytes of a shard with all its values."""
    study = job.plan.study[0]
    sums = 8 * int(study["units"]) * int(study["timeline_rows"]) * job.steps
    return 8 * len(job.labels.series) * min(job.leaves_per_shard * LEAF, job.paths) + sums


def _of_series(job: Job, keeping: Keeping, s: int) -> int:
    """Bytes of what is kept of a series."""

    def entries(resolution: Resolution) -> int:
        return min(resolution.lowest + resolution.highest + (_OCTAVES << resolution.bits), job.paths)

    each = _ENTRY_GIVEN + _COUNT * len(keeping.conditions)
    moments = _LEVELS * (16 + 56 * len(keeping.conditions))
    return _ENTRY * entries(keeping.whole[s]) + each * entries(keeping.given) + moments


def _sketches(job: Job, keeping: Keeping) -> int:
    """Bytes of the file of sketches."""
    worst = 8 * min(keeping.worst, job.paths) * (2 + len(keeping.projects))
    return sum(_of_series(job, keeping, s) for s in range(len(keeping.whole))) + worst
