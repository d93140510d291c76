"""Regimes and events of a study -> records (section 4 of the model page).

States of all regimes are numbered through in config order.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from spvrisk.config.study import Study
from spvrisk.config.study.clock import AttributeRef, HazardRule, Regime
from spvrisk.config.study.events import Event, Outcome, Rule
from spvrisk.config.study.flows import SideFlow
from spvrisk.plan.arrays import REGIME, STATE, Constants, Records, records
from spvrisk.plan.calendar import Grid, time_of
from spvrisk.plan.streams import Streams
from spvrisk.plan.tables import TableBook, law_offset

Attribute = tuple[str, str]
"""Regime and name of an attribute."""


class States:
    """Numbers of states, regimes, events and outcomes by name."""

    def __init__(self, study: Study) -> None:
        self.regime = {regime: i for i, regime in enumerate(study.regimes)}
        pairs = [(regime, state) for regime, body in study.regimes.items() for state in body.states]
        self.number = {pair: q for q, pair in enumerate(pairs)}
        self.passage: dict[tuple[str, str], int] = {}
        self._rows = {}
        count = 0
        for regime, state in pairs:
            rates = study.regimes[regime].hazards.get(state, {})
            # a passage that never happens cannot be made to happen by scaling it
            self._rows[regime, state] = {to: rate for to, rate in rates.items() if rate > 0.0}
            self.passage[regime, state] = count
            count += len(self._rows[regime, state])
        self.passages_in_all = count
        self.event = {event: e for e, event in enumerate(study.events)}
        self.outcome = {
            event: {name: o for o, name in enumerate(body.outcomes)} for event, body in study.events.items()
        }

    def hazards(self, regime: str, state: str) -> Mapping[str, float]:
        """Yearly intensities of the passages out of a state.

        Parameters
        ----------
        regime, state
            Names in the study.
        """
        return self._rows[regime, state]

    def within(self, conditions: Mapping[str, Sequence[str]]) -> list[float]:
        """By state: 0 where conditions name its regime, but not the state; else 1. Products tell whether all hold.

        Parameters
        ----------
        conditions
            States in which something holds, by regime.
        """
        return [float(state in conditions.get(regime, (state,))) for regime, state in self.number]

    def passages(self, regime: str, left: str, entered: str) -> list[int]:
        """Return the number of a passage; none if it never happens.

        Parameters
        ----------
        regime
            Name in the study.
        left, entered
            States between which it leads.
        """
        targets = list(self._rows[regime, left])
        return [self.passage[regime, left] + targets.index(entered)] if entered in targets else []


class StepMeans:
    """Rows that the clock leaves for the lanes.

    Attributes first, then what states do to factors, then what outcomes do.

    Parameters
    ----------
    study
        The study.
    read
        Attributes that something reads.
    """

    def __init__(self, study: Study, read: Sequence[Attribute]) -> None:
        self.attribute = {ref: a for a, ref in enumerate(read)}
        regimes = [
            (regime, factor)
            for regime, body in study.regimes.items()
            for factor in dict.fromkeys(factor for state in body.states.values() for factor in state.shifts)
        ]
        self.regime = {pair: len(read) + i for i, pair in enumerate(regimes)}
        events = [
            (event, factor)
            for event, body in study.events.items()
            for factor in dict.fromkeys(factor for outcome in body.outcomes.values() for factor in outcome.shifts)
        ]
        self.event = {pair: len(read) + len(regimes) + i for i, pair in enumerate(events)}
        self.size = len(read) + len(regimes) + len(events)

    def of_factor(self, factor: str) -> list[int]:
        """Marks that shift a factor.

        Parameters
        ----------
        factor
            Name in the study.
        """
        return [row for rows in (self.regime, self.event) for (_, shifted), row in rows.items() if shifted == factor]


class Products:
    """Products of states: of the attribute that a side flow's rate may be, and of whether its conditions hold.

    Parameters
    ----------
    study
        The study.
    states
        Numbers of its states.
    first
        Number of the first step mean that is a product.
    constants
        Takes the factors of each.
    """

    def __init__(self, study: Study, states: States, first: int, constants: Constants) -> None:
        self._study, self._states, self._first, self._constants = study, states, first, constants
        self._row: dict[object, int] = {}
        self.offsets: list[float] = []

    def add(self, flow: SideFlow) -> tuple[float, int]:
        """Return a side flow's constant rate and the step mean of what it is multiplied by, -1 for nothing."""
        ref = flow.rate if isinstance(flow.rate, AttributeRef) else None
        rate = 1.0 if isinstance(flow.rate, AttributeRef) else flow.rate
        if ref is None and not flow.while_:
            return rate, -1
        key = (ref and (ref.regime, ref.attribute), tuple(sorted((k, tuple(v)) for k, v in flow.while_.items())))
        if key not in self._row:
            self._row[key] = self._first + len(self._row)
            self.offsets += [self._row[key], self._constants.add(self._factors(ref, flow.while_))]
        return rate, self._row[key]

    def _factors(self, ref: AttributeRef | None, conditions: Mapping[str, Sequence[str]]) -> list[float]:
        """What each state contributes to the product; 1 where it has no part in it."""
        out = self._states.within(conditions)
        for (regime, state), q in self._states.number.items():
            if ref is not None and regime == ref.regime:
                out[q] *= self._study.regimes[regime].states[state].attributes[ref.attribute]
        return out

    @property
    def count(self) -> int:
        """Number of products."""
        return len(self._row)


class Interruptions:
    """Standstills that outcomes may bring: one row for each event that may delay a project."""

    def __init__(self, study: Study) -> None:
        outcomes = [list(event.outcomes.values()) for event in study.events.values()]
        self.number = {name: s for s, name in enumerate(study.projects)}
        self.pipeline = {name: n for n, name in enumerate(study.pipelines)}
        self.count = {
            name: sum(any(name in outcome.delays for outcome in event) for event in outcomes) for name in study.projects
        }
        firsts = accumulate(self.count.values(), initial=0)
        self.first = dict(zip(study.projects, firsts, strict=False))
        self.pauses = sum(self.count.values())


class ClockArrays(NamedTuple):
    """What the plan holds of regimes and events."""

    regimes: Records
    states: Records
    events: list[dict[str, Any]]
    """Records by field: where their laws lie is known later."""
    """Laws of days are numbers in the book, to be turned into offsets."""
    study: dict[str, Any]
    """Fields of the study's record."""
    step_means: StepMeans
    interruptions: Interruptions
    numbers: States


class ClockTools(NamedTuple):
    """What regimes and events are compiled with."""

    study: Study
    grid: Grid
    streams: Streams
    book: TableBook
    constants: Constants
    states: States
    step_means: StepMeans
    interruptions: Interruptions


def running(values: Iterable[float]) -> list[float]:
    """Running sums, in order.

    Parameters
    ----------
    values
        Summands.
    """
    return list(accumulate(values))


def listed(rows: Sequence[Sequence[float]]) -> list[float]:
    """A list as constants: its length, then its rows.

    Parameters
    ----------
    rows
        All of one length.
    """
    return [float(len(rows)), *(x for row in rows for x in row)]


def _successors(targets: Mapping[int, float]) -> list[tuple[int, float]]:
    """Targets with the running sum of their probabilities; those that cannot happen are left out."""
    possible = {target: weight for target, weight in targets.items() if weight > 0.0}
    return list(zip(possible, running(possible.values()), strict=True))


def _deviation(study: Study, factor: str, value: float) -> float:
    """What a step mean holds of a shift: a part of what is observed, or for vasicek an addition."""
    return value if study.factors[factor].process.vasicek is not None else value - 1.0


def _state(regime: str, name: str, tools: ClockTools) -> dict[str, Any]:
    states, study = tools.states, tools.study
    state = study.regimes[regime].states[name]
    targets = [(states.number[regime, to], rate) for to, rate in states.hazards(regime, name).items()]
    successors = _successors(
        {states.number[regime, to]: p for to, p in (state.expires.outcome if state.expires else {}).items()}
    )
    step_means = [
        (row, state.attributes[attribute])
        for (of_regime, attribute), row in tools.step_means.attribute.items()
        if of_regime == regime
    ]
    step_means += [
        (tools.step_means.regime[regime, factor], _deviation(study, factor, value))
        for factor, value in state.shifts.items()
    ]
    return {
        "regime": states.regime[regime],
        "hazard": states.passage.get((regime, name), 0),
        "targets": tools.constants.add(targets),
        "n_targets": len(targets),
        "expiry_days": state.expires.after_days if state.expires else -1,
        "successors": tools.constants.add(successors),
        "n_successors": len(successors),
        "step_means": tools.constants.add(listed([step_mean for step_mean in step_means if step_mean[1] != 0.0])),
        "stops_calls": int(state.stops_calls),
        "starts": int(any(event.date.entered == (regime, name) for event in study.events.values())),
        "arrivals": state.arrival_multiplier,
    }


def _rule(rule: Rule, event: Event, states: States) -> list[float]:
    """One rule as constants.

    Size, conditions on regimes, conditions on outcomes, running sums of the outcomes' probabilities.
    """
    on_regimes = list(rule.when.regimes.items()) if rule.when else []
    on_outcomes = list(rule.when.outcomes.items()) if rule.when else []
    probabilities = [rule.is_.get(outcome, 0.0) for outcome in event.outcomes]
    last = max(o for o, p in enumerate(probabilities) if p > 0.0)
    # rounding must not leave a gap below 1 after the last outcome that can happen
    sums = [*running(probabilities)[:last], *([1.0] * (len(probabilities) - last))]
    body = listed([(states.regime[regime], states.number[regime, state]) for regime, state in on_regimes])
    body += listed([(states.event[name], states.outcome[name][outcome]) for name, outcome in on_outcomes])
    return [1.0 + len(body) + len(sums), *body, *sums]


def _hazard_rule(regime: str, rule: HazardRule, states: States) -> list[float]:
    """A rule of hazards as constants: size, conditions, passages and what they are multiplied by."""
    when = rule.when
    scales = [
        (number, factor)
        for left, row in rule.scale.items()
        for entered, factor in row.items()
        for number in states.passages(regime, left, entered)
    ]
    body = listed([(states.regime[name], states.number[name, state]) for name, state in when.regimes.items()])
    body += listed([(states.event[name], states.outcome[name][outcome]) for name, outcome in when.outcomes.items()])
    body += [float(when.count.declined), float(when.count.delayed), *listed(scales)]
    return [1.0 + len(body), *body]


def _effects(event: str, outcome: Outcome, tools: ClockTools) -> list[float]:
    """What an outcome does, as constants."""
    states, step_means, projects = tools.states, tools.step_means, tools.interruptions
    moves = [(states.number[move],) for move in outcome.moves.items()]
    scales = [
        (number, factor)
        for regime, rows in outcome.scale_hazards.items()
        for left, row in rows.items()
        for entered, factor in row.items()
        for number in states.passages(regime, left, entered)
    ]
    shifts = [
        (
            step_means.event[event, factor],
            _deviation(tools.study, factor, shift.value),
            np.inf if shift.lasting_years is None else shift.lasting_years,
        )
        for factor, shift in outcome.shifts.items()
    ]
    delays = [(projects.first[name], projects.count[name], months / 12.0) for name, months in outcome.delays.items()]
    stops = [(projects.number[name],) for name in outcome.cancels]
    arrivals = [(projects.pipeline[name], factor) for name, factor in outcome.scale_arrivals.items()]
    body = [x for rows in (moves, scales, arrivals, shifts, delays, stops) for x in listed(rows)]
    return [1.0 + len(body), *body]


def _days(name: str, event: Event, tools: ClockTools) -> dict[str, Any]:
    """Fields on an event's date."""
    date, value_date = event.date, tools.study.study.value_date
    begin = date.on or date.from_ or value_date
    after = -1 if date.event is None else tools.states.event[date.event]
    if date.event is not None and (past := tools.study.events[date.event].date.on) and past < value_date:
        begin, after = past, -1
    stream = f"event/{name}/delay" if date.after is not None else f"event/{name}/date"
    path = f"events.{name}.date.days"
    return {
        "day": (begin - value_date).days,
        "time": time_of(tools.grid, value_date, begin),
        "after": after,
        "entered": -1 if date.entered is None else tools.states.number[date.entered],
        "days_law": law_offset(tools.book, date.days, path),
        "days_stream": tools.streams(stream, f"events.{name}"),
    }


def _event(name: str, event: Event, tools: ClockTools) -> dict[str, Any]:
    constants, states = tools.constants, tools.states
    return {
        **_days(name, event, tools),
        "stream": tools.streams(f"event/{name}/outcome", f"events.{name}"),
        "rules": constants.add([x for rule in event.probabilities for x in _rule(rule, event, states)]),
        "n_outcomes": len(event.outcomes),
        "outcome": -1 if event.outcome is None else states.outcome[name][event.outcome],
        "effects": constants.add([x for outcome in event.outcomes.values() for x in _effects(name, outcome, tools)]),
    }


def _regime(name: str, regime: Regime, tools: ClockTools) -> dict[str, Any]:
    states, streams = tools.states, tools.streams
    return {
        "first": states.number[name, next(iter(regime.states))],
        "initial": states.number[name, regime.initial.state],
        "since": (regime.initial.since - tools.study.study.value_date).days,
        "hold_stream": streams(f"regime/{name}/hold", f"regimes.{name}"),
        "to_stream": streams(f"regime/{name}/to", f"regimes.{name}"),
        "clock_stream": streams(f"regime/{name}/clock", f"regimes.{name}"),
    }


def compile_clock(
    study: Study, grid: Grid, streams: Streams, book: TableBook, constants: Constants, read: Sequence[Attribute]
) -> ClockArrays:
    """Turn regimes and events into records.

    Parameters
    ----------
    study, grid, streams, book, constants
        The study, and what its plan is made with.
    read
        Attributes that something reads.

    Raises
    ------
    InputError
        A law of days cannot be tabulated.
    """
    tools = ClockTools(
        study, grid, streams, book, constants, States(study), StepMeans(study, read), Interruptions(study)
    )
    regimes = [_regime(name, regime, tools) for name, regime in study.regimes.items()]
    states = [_state(regime, name, tools) for regime, name in tools.states.number]
    events = [_event(name, event, tools) for name, event in study.events.items()]
    rules = [
        _hazard_rule(name, rule, tools.states) for name, body in study.regimes.items() for rule in body.scaled_hazards
    ]
    sizes = {
        "hazards": tools.states.passages_in_all,
        "rules": constants.add([x for rule in rules for x in rule]),
        "n_rules": len(rules),
        "pauses": tools.interruptions.pauses,
    }
    return ClockArrays(
        records(REGIME, regimes),
        records(STATE, states),
        events,
        sizes,
        tools.step_means,
        tools.interruptions,
        tools.states,
    )
