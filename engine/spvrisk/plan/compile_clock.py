"""Layers and events of a study -> arrays (section 4 of the model page).

States of all layers are numbered through in config order; lists go into CSR form (``start``, then items).
"""

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from spvrisk.config.clock import Event
from spvrisk.config.study import Study
from spvrisk.errors import InputError, Problem
from spvrisk.plan.arrays import Clock, Floats, Grid, Ints
from spvrisk.plan.calendar import time_of
from spvrisk.plan.streams import Streams

Attribute = tuple[str, str]
"""Layer and name of an attribute."""


def csr(rows: Iterable[Sequence[Any]]) -> tuple[Ints, list[Any]]:
    """Lists of different lengths as starts (one more than lists) and items."""
    lists = [list(row) for row in rows]
    starts = np.array([0, *accumulate(len(row) for row in lists)], np.int64)
    return starts, [item for row in lists for item in row]


def running(values: Iterable[float]) -> list[float]:
    """Running sums, in order."""
    return list(accumulate(values))


def _ints(values: Iterable[int]) -> Ints:
    return np.array(list(values), np.int64)


def _floats(values: Iterable[float]) -> Floats:
    return np.array(list(values), np.float64)


class States:
    """Numbers of states, layers, events and outcomes by name."""

    def __init__(self, study: Study) -> None:
        self.layer = {layer: i for i, layer in enumerate(study.layers)}
        pairs = [(layer, state) for layer, body in study.layers.items() for state in body.states]
        self.number = {pair: q for q, pair in enumerate(pairs)}
        self.event = {event: e for e, event in enumerate(study.events)}
        self.outcome = {event: {name: o for o, name in enumerate(body.outcomes)} for event, body in study.events.items()}


def _check_dates(study: Study) -> None:
    """Events lie between value date and horizon; a clock has not run out on the value date."""
    value_date = study.study.value_date
    problems = []
    for name, event in study.events.items():
        if event.date < value_date:
            rule = f"must not be before the value date {value_date}"
            problems.append(Problem("", f"events.{name}.date", rule, str(event.date), "leave past events out"))
    for name, layer in study.layers.items():
        days = (value_date - layer.initial.since).days
        expires = layer.states[layer.initial.state].expires
        path = f"layers.{name}.initial.since"
        if days < 0:
            rule, remedy = f"must not be after the value date {value_date}", "give the date on which the state began"
            problems.append(Problem("", path, rule, str(layer.initial.since), remedy))
        elif expires is not None and days >= expires.after_days:
            rule = f"state {layer.initial.state} ends {expires.after_days} days after its entry, before the value date"
            problems.append(Problem("", path, rule, str(layer.initial.since), "give the state on the value date"))
    if problems:
        raise InputError(problems)


def _attributes(study: Study, states: States, read: Sequence[Attribute]) -> Floats:
    """Value of each attribute that something reads, by state; 0 in the states of other layers."""
    out = np.zeros((len(read), len(states.number)))
    for a, (layer, attribute) in enumerate(read):
        for name, state in study.layers[layer].states.items():
            if attribute not in state.attributes:
                path = f"layers.{layer}.states.{name}.attributes"
                rule = f"needs {attribute}, which a project reads"
                raise InputError(Problem("", path, rule, "", f"add {attribute}: its value in this state"))
            out[a, states.number[layer, name]] = state.attributes[attribute]
    return out


def _hazards(study: Study, states: States) -> tuple[Ints, Ints, Floats]:
    rows = [
        [(states.number[layer, to], rate) for to, rate in study.layers[layer].hazards.get(state, {}).items() if rate > 0.0]
        for layer, state in states.number
    ]
    start, items = csr(rows)
    sums = [total for row in rows for total in running(rate for _, rate in row)]
    return start, _ints(target for target, _ in items), _floats(sums)


def _expiries(study: Study, states: States) -> tuple[Ints, Ints, Ints, Floats]:
    clocks = [study.layers[layer].states[state].expires for layer, state in states.number]
    layers = [layer for layer, _ in states.number]
    rows = [list(clock.outcome.items()) if clock else [] for clock in clocks]
    start, items = csr([[states.number[layer, to] for to, _ in row] for layer, row in zip(layers, rows, strict=True)])
    sums = [total for row in rows for total in running(p for _, p in row)]
    return _ints(clock.after_days if clock else -1 for clock in clocks), start, _ints(items), _floats(sums)


def _rules(study: Study, states: States, order: Sequence[tuple[str, Event]]) -> dict[str, Any]:
    """Conditions and cumulative probabilities of all rules, events in order of time."""
    most = max((len(event.outcomes) for _, event in order), default=1)
    rule_start, rules = csr([[(name, event, rule) for rule in event.probabilities] for name, event in order])
    on_layers, layer_items = csr([list(r.when.layers.items()) if r.when else [] for _, _, r in rules])
    on_outcomes, outcome_items = csr([list(r.when.outcomes.items()) if r.when else [] for _, _, r in rules])
    cumulative = np.ones((len(rules), most))
    for i, (_, event, rule) in enumerate(rules):
        sums = running(rule.is_.get(outcome, 0.0) for outcome in event.outcomes)
        # rounding must not leave a gap below 1 after the last outcome that can happen
        last = max(o for o, outcome in enumerate(event.outcomes) if rule.is_.get(outcome, 0.0) > 0.0)
        cumulative[i, :last] = sums[:last]
    return {
        "rule_start": rule_start,
        "rule_layer_start": on_layers,
        "rule_layer": _ints(states.layer[layer] for layer, _ in layer_items),
        "rule_state": _ints(states.number[pair] for pair in layer_items),
        "rule_outcome_start": on_outcomes,
        "rule_event": _ints(states.event[event] for event, _ in outcome_items),
        "rule_outcome": _ints(states.outcome[event][outcome] for event, outcome in outcome_items),
        "rule_cumulative": cumulative,
    }


def _moves(states: States, order: Sequence[tuple[str, Event]], most: int) -> tuple[Ints, Ints]:
    rows: list[list[int]] = []
    for _, event in order:
        outcomes = [[states.number[move] for move in outcome.moves.items()] for outcome in event.outcomes.values()]
        rows += [*outcomes, *([[]] * (most - len(outcomes)))]
    start, items = csr(rows)
    return start, _ints(items)


def compile_clock(study: Study, grid: Grid, streams: Streams, read: Sequence[Attribute]) -> Clock:
    """Turn layers and events into arrays; `read` lists the attributes that something reads.

    Raises
    ------
    InputError
        A date lies on the wrong side of the value date, or a state lacks an attribute that is read.
    """
    _check_dates(study)
    states, value_date = States(study), study.study.value_date
    order = sorted(study.events.items(), key=lambda item: item[1].date)  # stable: ties stay in config order
    rules = _rules(study, states, order)
    hazard_start, hazard_target, hazard_cumulative = _hazards(study, states)
    expiry_days, expiry_start, expiry_target, expiry_cumulative = _expiries(study, states)
    move_start, move_state = _moves(states, order, rules["rule_cumulative"].shape[1])
    counts = [len(layer.states) for layer in study.layers.values()]
    return Clock(
        layer_start=_ints([0, *accumulate(counts)]),
        initial=_ints(states.number[name, layer.initial.state] for name, layer in study.layers.items()),
        since=_ints((layer.initial.since - value_date).days for layer in study.layers.values()),
        hold_stream=np.array([streams(f"layer/{name}/hold") for name in study.layers], np.uint32),
        to_stream=np.array([streams(f"layer/{name}/to") for name in study.layers], np.uint32),
        clock_stream=np.array([streams(f"layer/{name}/clock") for name in study.layers], np.uint32),
        hazard_start=hazard_start,
        hazard_target=hazard_target,
        hazard_cumulative=hazard_cumulative,
        expiry_days=expiry_days,
        expiry_start=expiry_start,
        expiry_target=expiry_target,
        expiry_cumulative=expiry_cumulative,
        event_time=_floats(time_of(grid, value_date, event.date) for _, event in order),
        event_day=_ints((event.date - value_date).days for _, event in order),
        event_row=_ints(states.event[name] for name, _ in order),
        event_stream=np.array([streams(f"event/{name}/outcome") for name, _ in order], np.uint32),
        move_start=move_start,
        move_state=move_state,
        layer_of=_ints(states.layer[layer] for layer, _ in states.number),
        attribute=_attributes(study, states, read),
        **rules,
    )
