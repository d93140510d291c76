"""How mean and expected shortfall settle as paths are added."""

from collections.abc import Iterator
from math import isnan

import numpy as np

from spvrisk.charts.chart import Axis, Chart, Line, Panel, Reference
from spvrisk.charts.words import seed_of
from spvrisk.dataset.read import Result
from spvrisk.experiments.values import values_by_path
from spvrisk.measures.intervals import NORMAL_95
from spvrisk.measures.sample import Figure, Sample, mean, shortfall
from spvrisk.plan.outputs import WHOLE
from spvrisk.runner.execute import Announce
from spvrisk.views.figures import Estimate, Note, defined, said
from spvrisk.views.tails import thin
from spvrisk.views.words import money_in, percent, study_named, tail_name

_POINTS = 60
"""Numbers of paths at which a figure is taken, at equal steps of the logarithm."""

_FIRST = 50
"""Least of them, or half of fewer paths."""

_TICKS = tuple(times * 10**power for power in range(1, 10) for times in (1, 2, 5))
"""Those that are named on the axis."""


def convergence(result: Result, announce: Announce = lambda _: None) -> Chart:
    """Show mean and expected shortfall of the portfolio's loss over the first paths, more and more of them.

    Parameters
    ----------
    result
        The result.
    announce
        As of `spvrisk.experiments.values.values_by_path`.

    Raises
    ------
    InputError, RunError
        As of `spvrisk.experiments.values.values_by_path`.
    """
    labels, values = result.labels, values_by_path(result, [WHOLE], announce=announce)[WHOLE]
    level = result.summary.levels[-1] if result.summary.levels else "0.99"
    sizes = np.unique(np.geomspace(_least(values.size), values.size, _POINTS).astype(int)).tolist()
    running = [(Sample(values[:n]), n) for n in sizes]
    means = [(n, mean(sample)) for sample, n in running]
    tails = [(n, figure) for sample, n in running if not isnan((figure := shortfall(sample, level)).error)]
    titles = (Note("mean net present value"), said("expected shortfall {}", percent(level)))
    panels = tuple(_panel(found, title, result) for found, title in zip((means, tails), titles, strict=True) if found)
    return Chart(
        "convergence",
        _title(result, means[-1][1], tails[-1][1] if tails else None, level),
        study_named(labels),
        panels,
        result.n_paths,
        seed_of(result),
        tuple(_notes(tails)),
        "column",
    )


def _least(paths: int) -> int:
    """First number of paths at which a figure is taken."""
    return min(_FIRST, max(1, paths // 2))


def _panel(found: list[tuple[int, Figure]], title: Note, result: Result) -> Panel:
    """A figure over the number of paths, with its band and with what all paths give."""
    x, y = tuple(float(n) for n, _ in found), tuple(figure.value for _, figure in found)
    ends = [_interval(figure) for _, figure in found]
    line = Line(Note("of the first paths"), x, y, tuple(low for low, _ in ends), tuple(high for _, high in ends))
    least, most = _least(result.n_paths), max(result.n_paths, 2)
    ticks = tuple((float(n), said("{:,d}", n)) for n in _TICKS if least <= n <= most)
    axis = Axis(Note("number of paths"), scale="log", ends=(float(least), float(most)), ticks=ticks)
    last = found[-1][1]
    label = said("all paths: {}", Estimate(last.value, defined(last.error)))
    return Panel(axis, Axis(title, money_in(result.labels)), (line, Reference("y", last.value, label)))


def _interval(figure: Figure) -> tuple[float, float]:
    half = NORMAL_95 * figure.error
    return figure.interval or (figure.value - half, figure.value + half)


def _title(result: Result, average: Figure, tail: Figure | None, level: str) -> Note:
    """The answer: what all paths give, and how well."""
    paths, unit = result.n_paths, money_in(result.labels)
    known = Estimate(defined(average.value), defined(average.error))
    if tail is None:
        return said("After {:path} the mean is {} {}; too few for a tail of {}", paths, known, unit, tail_name(level))
    text = "After {:path} the mean is {}, the expected shortfall at {} is {} {}"
    return said(text, paths, known, percent(level), Estimate(tail.value, tail.error), unit)


def _notes(tails: list[tuple[int, Figure]]) -> Iterator[Note]:
    """How to read the bands, and whether the tail is thin."""
    yield Note("Bands are 95 % intervals from the first paths alone; dashed: of all.")
    yield from thin([("", figure.tail) for _, figure in tails[-1:]])
