"""Results side by side: how the funder's net present value is distributed in each, and how they differ in pairs."""

from collections.abc import Iterator, Sequence
from math import isnan

import numpy as np

from spvrisk.charts.chart import Axis, Chart, Panel, Points, Ranges, Reference
from spvrisk.charts.words import ERRORS, seed_of
from spvrisk.dataset.read import Result
from spvrisk.measures.compare import Difference
from spvrisk.measures.comparison import Compared, Comparison, compared
from spvrisk.measures.intervals import NORMAL_95
from spvrisk.measures.order import quantile_with_interval
from spvrisk.plan.outputs import NPV, WHOLE
from spvrisk.views.compare import names_of
from spvrisk.views.figures import Estimate, Named, Note, defined, said
from spvrisk.views.words import money_in, percent, study_named

_WIDE, _NARROW = ("0.05", "0.95"), ("0.25", "0.75")
"""Quantiles between which lines are drawn, thin and thick."""


def compare(results: Sequence[Result]) -> Chart:
    """Show distributions of the funder's net present value side by side, and what each has more than the first.

    Parameters
    ----------
    results
        Two or more; the first is the one that the others are held against.

    Raises
    ------
    InputError
        They are fewer than two, or not in the same money.
    """
    found = compared(results)
    first, names = found.results[0].result, tuple(Named(name) for name in names_of(found))
    on = Axis("", scale="names", names=names)
    value = Axis(Note("net present value to the funder"), money_in(first.labels))
    more = Axis(said("more than {}", names[0]), money_in(first.labels))
    panels = (
        Panel(value, on, tuple(_side_by_side(found.results)), Note("distribution")),
        Panel(more, on, (Reference("x", 0.0, ""), *_differences(found, first)), Note("difference")),
    )
    made = min(row.result.n_paths for row in found.results), seed_of(first)
    return Chart("compare", _title(found, names), study_named(first.labels), panels, *made, tuple(_notes(found)), "row")


def _side_by_side(rows: Sequence[Compared]) -> Iterator[Ranges | Points]:
    """Ranges of each result, and its mean."""
    at = tuple(map(float, range(len(rows))))
    ordered = [np.sort(row.result.series(*WHOLE)) for row in rows]
    for levels in (_WIDE, _NARROW):
        below, above = (tuple(quantile_with_interval(values, level)[0] for values in ordered) for level in levels)
        within = float(levels[1]) - float(levels[0])
        yield Ranges(said("{:.0%} of the paths", within), at, below, above, within)
    figures = [row.figures[NPV] for row in rows]
    x = tuple(figure.value for figure in figures)
    low, high = (tuple(f.value + sign * NORMAL_95 * f.error for f in figures) for sign in (-1.0, 1.0))
    texts = tuple(Estimate(figure.value, figure.error) for figure in figures)
    yield Points(Note("mean"), x, at, low, high, texts)


def _differences(found: Comparison, first: Result) -> Iterator[Points]:
    """What each has more than the first, of the mean and of the highest shortfall."""
    shown = [(NPV, Note("mean"))]
    for level in first.summary.levels[-1:]:
        shown.append((f"expected_shortfall_{level}", said("expected shortfall {}, a loss", percent(level))))
    lift = 0.18 if len(shown) > 1 else 0.0
    for (key, name), shift in zip(shown, (-lift, lift), strict=False):
        own = [(place, row.differences[key]) for place, row in enumerate(found.results) if key in row.differences]
        own = [(place, each) for place, each in own if not isnan(each.value)]
        x, y = tuple(each.value for _, each in own), tuple(place + shift for place, _ in own)
        low, high = (tuple(each.value + sign * NORMAL_95 * each.error for _, each in own) for sign in (-1.0, 1.0))
        yield Points(name, x, y, low, high, tuple(said("{:+}", _estimate(each)) for _, each in own))


def _estimate(each: Difference) -> Estimate:
    return Estimate(each.value, defined(each.error))


def _title(found: Comparison, names: Sequence[Named]) -> Note:
    """The answer: which result differs most on average, and whether that is more than chance."""
    rows = zip(names, found.results, strict=True)
    others = [(name, row.differences[NPV]) for name, row in rows if NPV in row.differences]
    if not others:
        return Note("All are one and the same result")
    name, most = max(others, key=lambda each: abs(each[1].value))
    unit = money_in(found.results[0].result.labels)
    size = Estimate(abs(most.value), defined(most.error))
    if not abs(most.value) > NORMAL_95 * most.error:
        return said("None differs from {} by more than chance; most does {}, by {} {}", names[0], name, size, unit)
    if most.value > 0.0:
        return said("{} leaves the funder {} {} more on average than {}", name, size, unit, names[0])
    return said("{} leaves the funder {} {} less on average than {}", name, size, unit, names[0])


def _notes(found: Comparison) -> Iterator[Note]:
    if all(row.paired for row in found.results):
        yield Note("All share their draws: differences are paired path by path.")
    for name, row in zip(names_of(found), found.results, strict=True):
        if not row.paired:
            yield said("{} does not share the draws of the first ({}).", name, row.unpaired_because)
    yield ERRORS
