"""In which state each regime is over time, and when events take place."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from spvrisk.charts.chart import Axis, Chart, Panel, Points, Ranges, Reference, Stack
from spvrisk.charts.words import decimal_year, seed_of, step_years, time_axis
from spvrisk.config.study import Study
from spvrisk.dataset.read import Result
from spvrisk.errors import InputError, Problem, argument, suggestion
from spvrisk.experiments.trace import study_of
from spvrisk.plan.arrays import Floats
from spvrisk.plan.laws import distribution
from spvrisk.plan.names import Labels
from spvrisk.views.figures import Note, Share, said, share_of
from spvrisk.views.words import clock_named, study_named

_DRAWS = 4001
"""Dates that are drawn of an event whose date is: enough for a picture's range."""

_WITHIN = 0.9
"""Probability that a date lies in the range that is drawn."""

_AT_REST, _LONGER = 0.02, 1.25
"""Parts that count as nothing, and how much longer the time is drawn than until parts move by no more."""


class _When(NamedTuple):
    """When an event takes place: the middle of its dates and the ends of `_WITHIN` of them, in years with decimals."""

    middle: float
    low: float
    high: float


def occupancy(result: Result, regime: str | None = None) -> Chart:
    """Show in which state regimes are over time, and the events that are still to come.

    Parameters
    ----------
    result
        The result.
    regime
        One of them; None: all.

    Raises
    ------
    InputError
        There is no such regime, or none at all.
    RunError
        The result's study does not suit this version.
    """
    labels = result.labels
    names = dict(labels.regimes)
    if not names or (regime is not None and regime not in names):
        rule = "must be a regime of the result" if names else "needs regimes, of which the study has none"
        remedy = suggestion(regime or "", names) if names else "draw another picture"
        raise InputError(
            Problem(argument("regime" if names else "name"), "", rule, regime or occupancy.__name__, remedy)
        )
    study = study_of(result)
    events = _events(study)
    shown = [name for name in names if regime in (None, name)]
    marks = tuple(Reference("x", when.middle, "") for when in events.values())
    axis = _until_it_rests(result, events)
    panels = (*_calendar(result, events, axis), *(_panel(result, name, marks, axis) for name in shown))
    notes, made = tuple(_notes(labels, events, axis)), (result.n_paths, seed_of(result))
    return Chart("occupancy", _title(result, shown), study_named(labels), panels, *made, notes, "column")


def _until_it_rests(result: Result, events: dict[str, _When]) -> Axis:
    """Axis of time, up to where no state's part is far from its last one."""
    axis, years, parts = time_axis(result.labels), step_years(result.labels), result.timeline.occupancy
    assert axis.ends is not None
    begin, end = axis.ends
    moves = np.flatnonzero((np.abs(parts - parts[:, -1:]) > _AT_REST).any(axis=0))
    last = max([years[moves[-1]] if moves.size else begin, *(when.high for when in events.values())])
    return axis._replace(ends=(begin, min(end, begin + _LONGER * (last - begin)) if last > begin else end))


def _notes(labels: Labels, events: dict[str, _When], axis: Axis) -> Iterator[Note]:
    """How events are drawn, and what is cut off."""
    if events:
        yield Note("Dashed: events, at the middle of their dates.")
    if any(when.low < when.high for when in events.values()):
        yield said("{:.0%} of the dates of an event lie on its line.", _WITHIN)
    if axis != time_axis(labels):
        yield said("Later parts are within {:g} points of those at the horizon.", 100.0 * _AT_REST)


def _panel(result: Result, regime: str, marks: tuple[Reference, ...], axis: Axis) -> Panel:
    """Parts of each step that are spent in each state, upon each other."""
    states = [(name, state) for name, states in result.labels.regimes for state in states]
    rows = [i for i, (name, _) in enumerate(states) if name == regime]
    x = step_years(result.labels)
    heights = tuple(tuple(map(float, result.timeline.occupancy[i])) for i in rows)
    quantity = f"final_state_{regime}"
    stack = Stack(tuple(clock_named(result, quantity, states[i][1]) for i in rows), x, heights)
    label = Axis(Note("part of the time, over all paths"), percent=True, ends=(0.0, 1.0))
    return Panel(axis, label, (stack, *marks), clock_named(result, quantity))


def _calendar(result: Result, events: dict[str, _When], axis: Axis) -> Iterator[Panel]:
    """Events by date, with the outcome that is the likeliest."""
    if not events:
        return
    at = tuple(map(float, range(len(events))))
    names = tuple(clock_named(result, f"outcome_{name}") for name in events)
    drawn = [(place, when) for place, when in zip(at, events.values(), strict=True) if when.low < when.high]
    texts = tuple(_likeliest(result, name) for name in events)
    points = Points("", tuple(when.middle for when in events.values()), at, texts=texts)
    lows, highs = (tuple(getattr(when, end) for _, when in drawn) for end in ("low", "high"))
    ranges = [Ranges("", tuple(p for p, _ in drawn), lows, highs, _WITHIN)] if drawn else []
    yield Panel(axis, Axis("", scale="names", names=names), (*ranges, points))


def _likeliest(result: Result, event: str) -> Note:
    """The outcome that comes out most often."""
    quantity, outcomes = f"outcome_{event}", dict(result.labels.events)[event]
    t = result.summary
    k = int(np.argmax(t.shares[quantity][: len(outcomes)]))
    return said("{} {}", clock_named(result, quantity, outcomes[k]), _share(result, quantity, k))


def _share(result: Result, quantity: str, k: int) -> Share:
    t = result.summary
    return share_of(*(float(part[quantity][k]) for part in (t.shares, t.shares_low, t.shares_high)))


def _events(study: Study) -> dict[str, _When]:
    """Dates of events to come, by event in the order of their dates."""
    draws = {name: _dates(study, name) for name in study.events}
    first = decimal_year(study.study.value_date)
    found = {}
    for name, years in draws.items():
        low, middle, high = np.quantile(years, [(1.0 - _WITHIN) / 2.0, 0.5, (1.0 + _WITHIN) / 2.0])
        if middle >= first:
            found[name] = _When(float(middle), float(low), float(high))
    return dict(sorted(found.items(), key=lambda item: item[1].middle))


def _dates(study: Study, event: str) -> Floats:
    """Possible dates of an event in years with decimals, ``(draw,)`` float64."""
    timing = study.events[event].date
    if timing.on is not None:
        return np.full(_DRAWS, decimal_year(timing.on))
    assert timing.days is not None
    u = np.random.default_rng([len(event), *event.encode()]).permutation((np.arange(_DRAWS) + 0.5) / _DRAWS)
    days = np.ceil(distribution(timing.days).quantile(u, 1.0 - u))
    begin = decimal_year(timing.from_) if timing.from_ is not None else _dates(study, str(timing.after))
    return begin + days / 365.25


def _title(result: Result, regimes: list[str]) -> Note:
    """The answer: in which state the first regimes end most often."""
    known = [_ending(result, name) for name in regimes[:2]]
    return said("{}; {}", *known) if len(known) == 2 else known[0]


def _ending(result: Result, regime: str) -> Note:
    quantity, states = f"final_state_{regime}", dict(result.labels.regimes)[regime]
    k = int(np.argmax(result.summary.shares[quantity]))
    ending = clock_named(result, quantity), clock_named(result, quantity, states[k])
    return said("{} at the end: {} on {} of the paths", *ending, _share(result, quantity, k))
