"""How likely projects are completed within a cost and by a date: each, as S-curves, and both together."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from spvrisk.charts.chart import Axis, Cells, Chart, Line, Mark, Numbers, Panel, Points, Reference
from spvrisk.charts.words import decimal_year, seed_of
from spvrisk.dataset.read import Result
from spvrisk.errors import argument
from spvrisk.experiments.confidence import Delivered, announced, delivered
from spvrisk.experiments.trace import study_of
from spvrisk.measures.delivery import ROUNDED, frontier, held
from spvrisk.measures.named import level_named
from spvrisk.measures.share import share_interval
from spvrisk.plan.arrays import Floats
from spvrisk.plan.names import Labels
from spvrisk.runner.execute import Announce
from spvrisk.views.figures import Note, Share, Text, said, share_of
from spvrisk.views.words import percent, study_named, unit_titled

_MOST = 6
"""Projects that have a line or a panel of their own."""

_POINTS, _DOTS, _PAIRS = 120, 800, 40
"""Points of a curve, dots of a cloud, pairs of a frontier."""

_DRAWN = (0.002, 0.995)
"""Quantiles of the completed paths between which costs and dates are drawn."""

_ROOM = 0.3
"""Of the whole, what there is at least on either side of what was planned."""

_OF_BUDGET = Axis(Note("cost, of what was budgeted on the path"), percent=True)

_BY_DATE = Axis(Note("completed by"), scale="date")


def scurve(result: Result, project: str | None = None, announce: Announce = lambda _: None) -> Chart:
    """Show how likely projects are completed within a cost, and by a date.

    Parameters
    ----------
    result
        The result.
    project
        An announced one; None: those with the largest budgets.
    announce
        As of `spvrisk.experiments.values.values_by_path`.

    Raises
    ------
    InputError
        There is no such project, or values cannot be had.
    RunError
        As of `spvrisk.experiments.values.values_by_path`.
    """
    found, rest = _largest(result, project, announce)
    labels = result.labels
    chance = Axis(Note("part of the paths that fund it"), percent=True, ends=(0.0, 1.0))
    costs, dates = ([_curve(unit_titled(labels, each.project), of(each)) for each in found] for of in (_costs, _dates))
    if len(found) == 1:
        plan = found[0].plan
        costs.append(Reference("x", 1.0, Note("budget")))
        dates.append(Reference("x", _planned(found[0]), said("planned: {}", f"{plan.date():%Y-%m}")))
    panels = (
        Panel(_OF_BUDGET, chance, tuple(costs), Note("within a cost")),
        Panel(_BY_DATE, chance, tuple(dates), Note("by a date")),
    )
    text = "Bands are 95 % intervals. Curves end below 100 % where a project may never be completed."
    notes = (*_left_out(rest), Note(text))
    made = result.n_paths, seed_of(result)
    return Chart("scurve", _title(labels, found), study_named(labels), panels, *made, notes, "grid")


def jcl(result: Result, project: str | None = None, joint: str = "0.7", announce: Announce = lambda _: None) -> Chart:
    """Show cost and date of projects path by path, and how likely both are held together.

    Parameters
    ----------
    result
        The result.
    project
        An announced one; None: those with the largest budgets.
    joint
        Probability with which the pairs of the frontier are held, a decimal string.
    announce
        As of `spvrisk.experiments.values.values_by_path`.

    Raises
    ------
    InputError
        There is no such project or level, or values cannot be had.
    RunError
        As of `spvrisk.experiments.values.values_by_path`.
    """
    level = level_named(joint, argument("joint"))
    found, rest = _largest(result, project, announce)
    panels = tuple(_joint(result.labels, each, level) for each in found)
    text = "Dots are paths. Corners have their parts of the paths that fund a project; the rest never complete it."
    notes = (*_left_out(rest), Note(text))
    made = result.n_paths, seed_of(result)
    return Chart("jcl", _title(result.labels, found), study_named(result.labels), panels, *made, notes, "grid")


def _largest(result: Result, project: str | None, announce: Announce) -> tuple[tuple[Delivered, ...], int]:
    """Projects that are shown, and how many are not."""
    names, study = announced(result, project), study_of(result)
    order = sorted(names, key=lambda name: -study.projects[name].budget)[:_MOST]
    shown = tuple(name for name in names if name in order)
    return delivered(result, study, shown, announce=announce), len(names) - len(shown)


def _left_out(rest: int) -> Iterator[Note]:
    if rest:
        yield said("{:,d} projects with smaller budgets are left out: name one with --project.", rest)


def _costs(own: Delivered) -> Floats:
    """Cost over what was budgeted on the path, ``(path,)`` float64."""
    return 1.0 + own.delivery.overrun


def _dates(own: Delivered) -> Floats:
    """Completion in years with decimals, ``(path,)`` float64."""
    years = own.plan.completion_years + own.delivery.delay / 12.0
    return decimal_year(own.plan.value_date) + np.maximum(years, 0.0)


def _planned(own: Delivered) -> float:
    return decimal_year(own.plan.value_date) + own.plan.completion_years


def _curve(name: Text, values: Floats) -> Mark:
    """Part of the values up to each place, of those that may never come."""
    finite = np.sort(values[np.isfinite(values)])
    if not finite.size:
        return Line(name, (), ())
    low_end, high_end = np.quantile(finite, _DRAWN)
    x = np.unique(np.linspace(low_end, high_end, _POINTS))
    shares = share_interval(np.searchsorted(finite, x, side="right"), values.size)
    y, low, high = (tuple(each.tolist()) for each in shares)
    return Line(name, tuple(x.tolist()), y, low, high)


def _joint(labels: Labels, own: Delivered, level: str) -> Panel:
    """Paths by cost and date, what was planned, and the pairs that are held jointly with a probability."""
    costs, dates, plan = _costs(own), _dates(own), _planned(own)
    done = np.flatnonzero(np.isfinite(dates))
    x, y = _edges(costs[done], 1.0), _edges(dates[done], plan)
    dots = done[: len(done) if len(done) <= _DOTS else _DOTS]
    cloud = Points("", tuple(costs[dots].tolist()), tuple(dates[dots].tolist()), many=True)
    within, on_time = own.delivery.overrun <= ROUNDED, own.delivery.delay <= ROUNDED
    late = np.isfinite(own.delivery.delay) & ~on_time
    corners = tuple(tuple(_share(in_time & of_cost) for of_cost in (within, ~within)) for in_time in (on_time, late))
    values = tuple(tuple(share.value or 0.0 for share in row) for row in corners)
    marks: list[Mark] = [Cells(Note("part of the paths"), x, y, values, corners), cloud, *_frontier(own, level)]
    marks += [Reference("x", 1.0, ""), Reference("y", plan, "")]
    axes = _OF_BUDGET._replace(ends=(x[0], x[-1])), _BY_DATE._replace(ends=(y[0], y[-1]))
    return Panel(*axes, tuple(marks), unit_titled(labels, own.project))


def _edges(values: Floats, plan: float) -> Numbers:
    """Where the drawing begins, what was planned, and where it ends, with some room on either side of the plan."""
    low, high = np.quantile(values, _DRAWN) if values.size else (plan, plan)
    low, high = min(float(low), plan), max(float(high), plan)
    room = _ROOM * max(high - low, 1e-3)
    return min(low, plan - room), plan, max(high, plan + room)


def _share(on: NDArray[np.bool_]) -> Share:
    return share_of(*map(float, share_interval(np.count_nonzero(on), on.size)))


def _frontier(own: Delivered, level: str) -> Iterator[Line]:
    """Pairs of cost and date, the cost as a part of the budget."""
    pairs = frontier(own.delivery._replace(cost=_costs(own)), level, _PAIRS)
    if pairs:
        dates = (
            decimal_year(own.plan.value_date) + own.plan.completion_years + np.array(months) / 12.0
            for months in zip(*((pair.delay, pair.low, pair.high) for pair in pairs), strict=True)
        )
        y, low, high = (tuple(each.tolist()) for each in dates)
        yield Line(said("both held with {}", percent(level)), tuple(pair.cost for pair in pairs), y, low, high)


def _title(labels: Labels, found: tuple[Delivered, ...]) -> Note:
    """The answer: of one project how likely it holds what; of many, which is least likely to."""
    joint = [held(each.delivery, overrun=0.0, delay=0.0) for each in found]
    least = min(range(len(found)), key=lambda i: joint[i].value)
    own = found[least]
    name, both = unit_titled(labels, own.project), share_of(*joint[least])
    if len(found) > 1:
        return said("{} is the least likely to hold budget and date: both on {} of the paths", name, both)
    budget, date = (share_of(*held(own.delivery, **limit)) for limit in ({"overrun": 0.0}, {"delay": 0.0}))
    return said("{} holds its budget on {} of the paths, its date on {}, both on {}", name, budget, date, both)
