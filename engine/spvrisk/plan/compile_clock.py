"""Layers and events of a study -> records (section 4 of the model page).

States of all layers are numbered through in config order.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from spvrisk.config.clock import Event, Rule, State
from spvrisk.config.models import Study
from spvrisk.errors import InputError, Problem
from spvrisk.plan.arrays import EVENT, LAYER, STATE, Floats, Pool, Records, records
from spvrisk.plan.calendar import Grid, time_of
from spvrisk.plan.streams import Streams

Attribute = tuple[str, str]
"""Layer and name of an attribute."""


class States:
    """Numbers of states, layers, events and outcomes by name."""

    def __init__(self, study: Study) -> None:
        self.layer = {layer: i for i, layer in enumerate(study.layers)}
        pairs = [(layer, state) for layer, body in study.layers.items() for state in body.states]
        self.number = {pair: q for q, pair in enumerate(pairs)}
        self.event = {event: e for e, event in enumerate(study.events)}
        self.outcome = {
            event: {name: o for o, name in enumerate(body.outcomes)} for event, body in study.events.items()
        }


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


class ClockArrays(NamedTuple):
    """What the plan holds of layers and events."""

    layers: Records
    states: Records
    events: Records
    study: dict[str, Any]
    """The study record's fields on attributes."""


def running(values: Iterable[float]) -> list[float]:
    """Running sums, in order."""
    return list(accumulate(values))


def _pairs(targets: Mapping[int, float]) -> list[tuple[int, float]]:
    """Targets with the running sum of their weights; those that cannot happen are left out."""
    possible = {target: weight for target, weight in targets.items() if weight > 0.0}
    return list(zip(possible, running(possible.values()), strict=True))


def _state(
    layer: str, name: str, state: State, hazards: Mapping[str, float], states: States, pool: Pool
) -> dict[str, Any]:
    targets = _pairs({states.number[layer, to]: rate for to, rate in hazards.items()})
    heirs = state.expires.outcome if state.expires else {}
    heir_pairs = _pairs({states.number[layer, to]: p for to, p in heirs.items()})
    return {
        "layer": states.layer[layer],
        "intensity": targets[-1][1] if targets else 0.0,
        "targets": pool.add(targets),
        "n_targets": len(targets),
        "expiry_days": state.expires.after_days if state.expires else -1,
        "heirs": pool.add(heir_pairs),
        "n_heirs": len(heir_pairs),
    }


def _rule(rule: Rule, event: Event, states: States) -> list[float]:
    """One rule in the pool's form.

    Size, conditions on layers, conditions on outcomes, running sums of the outcomes' probabilities.
    """
    on_layers = list(rule.when.layers.items()) if rule.when else []
    on_outcomes = list(rule.when.outcomes.items()) if rule.when else []
    probabilities = [rule.is_.get(outcome, 0.0) for outcome in event.outcomes]
    last = max(o for o, p in enumerate(probabilities) if p > 0.0)
    # rounding must not leave a gap below 1 after the last outcome that can happen
    sums = [*running(probabilities)[:last], *([1.0] * (len(probabilities) - last))]
    body: list[float] = [len(on_layers)]
    for layer, state in on_layers:
        body += [states.layer[layer], states.number[layer, state]]
    body.append(len(on_outcomes))
    for name, outcome in on_outcomes:
        body += [states.event[name], states.outcome[name][outcome]]
    return [1.0 + len(body) + len(sums), *body, *sums]


def _event(
    name: str, event: Event, states: States, grid: Grid, value_date: date, streams: Streams, pool: Pool
) -> dict[str, Any]:
    moves: list[float] = []
    for outcome in event.outcomes.values():
        targets = [states.number[move] for move in outcome.moves.items()]
        moves += [len(targets), *targets]
    return {
        "time": time_of(grid, value_date, event.date),
        "day": (event.date - value_date).days,
        "row": states.event[name],
        "stream": streams(f"event/{name}/outcome", f"events.{name}"),
        "rules": pool.add([x for rule in event.probabilities for x in _rule(rule, event, states)]),
        "n_outcomes": len(event.outcomes),
        "moves": pool.add(moves),
    }


def compile_clock(study: Study, grid: Grid, streams: Streams, read: Sequence[Attribute], pool: Pool) -> ClockArrays:
    """Turn layers and events into records; `read` lists the attributes that something reads.

    Raises
    ------
    InputError
        A date lies on the wrong side of the value date, or a state lacks an attribute that is read.
    """
    _check_dates(study)
    states, value_date = States(study), study.study.value_date
    layers = [
        {
            "first": states.number[name, next(iter(layer.states))],
            "initial": states.number[name, layer.initial.state],
            "since": (layer.initial.since - value_date).days,
            "hold_stream": streams(f"layer/{name}/hold", f"layers.{name}"),
            "to_stream": streams(f"layer/{name}/to", f"layers.{name}"),
            "clock_stream": streams(f"layer/{name}/clock", f"layers.{name}"),
        }
        for name, layer in study.layers.items()
    ]
    rows = [
        _state(layer, name, state, body.hazards.get(name, {}), states, pool)
        for layer, body in study.layers.items()
        for name, state in body.states.items()
    ]
    order = sorted(study.events.items(), key=lambda item: item[1].date)  # stable: ties stay in config order
    events = [_event(name, event, states, grid, value_date, streams, pool) for name, event in order]
    attributes = {"attributes": len(read), "attribute": pool.add(_attributes(study, states, read))}
    return ClockArrays(records(LAYER, layers), records(STATE, rows), records(EVENT, events), attributes)
