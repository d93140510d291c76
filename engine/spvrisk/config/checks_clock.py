"""Checks of layers and events against the rest of a study."""

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from graphlib import CycleError, TopologicalSorter

from spvrisk.config.base import shown
from spvrisk.config.clock import FASTEST, OFTEN, Event, Layer, Outcome
from spvrisk.config.draft import Draft, Path, in_states, known, sound
from spvrisk.config.laws import reach
from spvrisk.config.terms import StudyHead
from spvrisk.errors import Problem

UNDEFINED = "undefined"
"""What results call the outcome of an event that does not happen: no name for a state or an outcome."""


def layers(draft: Draft) -> Iterator[Problem]:
    """Problems of layers, their states, clocks and hazards."""
    for name, layer in sound(draft.layers):
        at: Path = ("layers", name)
        states = layer.states
        yield from _undefined((*at, "states"), states)
        yield from known((*at, "initial", "state"), layer.initial.state, states, "a state of the layer")
        for state, found in states.items():
            for target in found.expires.outcome if found.expires else ():
                where = (*at, "states", state, "expires", "outcome", target)
                yield from known(where, target, states, "a state of the layer")
                if target == state:
                    yield Problem.at(
                        where, "a clock leads to another state", target, "give what follows a state of its own"
                    )
        yield from _attributes(at, layer)
        for state, found in states.items():
            yield from _shifts((*at, "states", state, "shifts"), found.shifts, draft)
        yield from _hazards(at, layer)
        if draft.study is not None:
            yield from _initial(at, layer, draft.study)


def _attributes(at: Path, layer: Layer) -> Iterator[Problem]:
    names = dict.fromkeys(name for state in layer.states.values() for name in state.attributes)
    for state, found in layer.states.items():
        lacking = [name for name in names if name not in found.attributes]
        if lacking:
            rule = "all states of a layer give the same attributes"
            remedy = f"add {', '.join(lacking)}"
            yield Problem.at((*at, "states", state), rule, f"none for {', '.join(lacking)}", remedy)


def _hazards(at: Path, layer: Layer) -> Iterator[Problem]:
    for left, row in layer.hazards.items():
        yield from known((*at, "hazards", left), left, layer.states, "a state of the layer")
        for entered in row:
            where = (*at, "hazards", left, entered)
            yield from known(where, entered, layer.states, "a state of the layer")
            if entered == left:
                yield Problem.at(where, "a hazard leads to another state", entered, "take it out")


def _initial(at: Path, layer: Layer, study: StudyHead) -> Iterator[Problem]:
    since = layer.initial.since
    if since > study.value_date:
        rule = f"must not be after the value date ({study.value_date})"
        yield Problem.at((*at, "initial", "since"), rule, shown(since), "write when the state began")
    state = layer.states.get(layer.initial.state)
    if state is None or state.expires is None or since > study.value_date:
        return
    end = since + timedelta(days=state.expires.after_days)
    if end <= study.value_date:
        rule = f"the state would have expired on {end}, not after the value date ({study.value_date})"
        yield Problem.at((*at, "initial", "since"), rule, shown(since), "name the state of the value date")


def events(draft: Draft) -> Iterator[Problem]:
    """Problems of events, their dates, outcomes and rules."""
    yield from _fastest(draft)
    cyclic = _cyclic(draft)
    for name, event in sound(draft.events):
        at: Path = ("events", name)
        yield from _timing((*at, "date"), name, event, draft)
        if name in cyclic:
            rule = "must not come after itself"
            yield Problem.at((*at, "date", "after"), rule, " after ".join(cyclic[name]), "give one of them a date")
        yield from _undefined((*at, "outcomes"), event.outcomes)
        if event.outcome is not None:
            yield from known((*at, "outcome"), event.outcome, event.outcomes, "an outcome of the event")
        for outcome, found in event.outcomes.items():
            yield from _outcome((*at, "outcomes", outcome), found, draft)
        for i, rule_ in enumerate(event.probabilities):
            here = (*at, "probabilities", i)
            yield from _rule_outcomes((*here, "is"), rule_.is_, event)
            if rule_.when is not None:
                yield from in_states((*here, "when", "layers"), rule_.when.layers, draft)
                yield from _earlier((*here, "when", "outcomes"), rule_.when.outcomes, name, draft)


def _timing(at: Path, name: str, event: Event, draft: Draft) -> Iterator[Problem]:
    """Events to come lie behind the value date; the outcome of a past one is known."""
    date = event.date
    if date.after is not None:
        yield from known((*at, "after"), date.after, draft.events, "an event")
    if draft.study is None:
        return
    value_date, begin = draft.study.value_date, date.from_
    before = draft.events.get(date.after) if date.after is not None else None
    if before is not None and _is_past(before, draft.study):
        begin = before.date.on
    if _is_past(event, draft.study) and event.outcome is None:
        rule = f"an event before the value date ({value_date}) needs its outcome"
        yield Problem.at(at, rule, shown(date.on), f"add outcome: one of {', '.join(event.outcomes)}")
    if begin is not None and date.days is not None:
        low, least = date.days.bounds()[0], (value_date - begin).days
        if low <= least - 1:
            rule = f"must not reach days before the value date ({value_date})"
            got = reach(date.days, low, "lower") if math.isinf(low) else f"{least - math.ceil(low):.12g} days before it"
            yield Problem.at((*at, "days"), rule, got, f"add e.g. truncate: [{least}, {least + 3650}]")


def _is_past(event: Event, study: StudyHead) -> bool:
    return event.date.on is not None and event.date.on < study.value_date


def _cyclic(draft: Draft) -> dict[str, list[str]]:
    """Events that come after themselves, each with its round."""
    before = {name: event.date.after for name, event in sound(draft.events)}
    out = {}
    for name in before:
        chain, here = [name], before[name]
        while here is not None and here not in chain:
            chain.append(here)
            here = before.get(here)
        if here == name:
            out[name] = [*chain, name]
    return out


def _outcome(at: Path, found: Outcome, draft: Draft) -> Iterator[Problem]:
    yield from in_states((*at, "moves"), found.moves, draft)
    for layer, rows in found.scale_hazards.items():
        yield from known((*at, "scale_hazards", layer), layer, draft.layers, "a layer")
        of_layer = draft.layers.get(layer)
        if of_layer is None:
            continue
        for left, row in rows.items():
            where: Path = (*at, "scale_hazards", layer, left)
            yield from known(where, left, of_layer.hazards, f"a state of {layer} with hazards")
            for entered in row if left in of_layer.hazards else ():
                yield from known((*where, entered), entered, of_layer.hazards[left], f"a hazard of {layer}: {left}")
    yield from _shifts((*at, "shifts"), {name: shift.value for name, shift in found.shifts.items()}, draft)
    for name in found.scale_arrivals:
        yield from known((*at, "scale_arrivals", name), name, draft.pipelines, "a pipeline")
    for name in found.delays:
        yield from _announced((*at, "delays", name), name, draft)
    for i, name in enumerate(found.cancels):
        yield from _announced((*at, "cancels", i), name, draft)
        if name in found.cancels[:i]:
            yield Problem.at((*at, "cancels", i), "names each project once", name, "take it out")
        if name in found.delays:
            yield Problem.at((*at, "cancels", i), "delays or cancels a project, not both", name, "take one of them out")


def _announced(at: Path, name: str, draft: Draft) -> Iterator[Problem]:
    if name in draft.pipelines and name not in draft.projects:
        remedy = "projects of a pipeline have no names: use scale_arrivals, or the states of a layer"
        yield Problem.at(at, "must name an announced project", f'the pipeline "{name}"', remedy)
    else:
        yield from known(at, name, draft.projects, "a project")


def _shifts(at: Path, shifts: Mapping[str, float], draft: Draft) -> Iterator[Problem]:
    for name, value in shifts.items():
        yield from known((*at, name), name, draft.factors, "a factor")
        factor = draft.factors.get(name)
        if factor is not None and factor.process.vasicek is None and value <= 0:
            yield Problem.at((*at, name), "a multiple must be above 0", shown(value), "write e.g. 1.1 for 10 % more")


def _fastest(draft: Draft) -> Iterator[Problem]:
    """Hazards as events may scale them, one after the other, keep to what hazards may be."""
    largest: dict[tuple[str, str, str], float] = {}
    for _, event in sound(draft.events):
        passages = [_passages(outcome) for outcome in event.outcomes.values()]
        for key in {key for outcome in passages for key in outcome}:
            largest[key] = largest.get(key, 1.0) * max(1.0, *(outcome.get(key, 1.0) for outcome in passages))
    for name, layer in sound(draft.layers):
        often: dict[str, list[str]] = {}
        for left, row in layer.hazards.items():
            for entered, rate in row.items():
                scale = largest.get((name, left, entered), 1.0)
                if rate * scale > FASTEST:
                    rule, got = f"with all that scales it, must be at most {FASTEST:g} a year", _scaled(rate, scale)
                    at = ("layers", name, "hazards", left, entered)
                    yield Problem.at(at, rule, got, "lower the scale_hazards of the events")
                elif rate * scale > OFTEN:
                    often.setdefault(left, []).append(entered)
        yield from _circle(("layers", name, "hazards"), often)


def _scaled(rate: float, scale: float) -> str:
    return f"{shown(rate)} scaled by up to {scale:g}"


def _circle(at: Path, often: Mapping[str, list[str]]) -> Iterator[Problem]:
    try:
        TopologicalSorter(often).prepare()
    except CycleError as error:
        circle = list(reversed(error.args[1]))
        rule = f"passages of more than {OFTEN:g} a year, with all that scales them, must not lead in a circle"
        yield Problem.at((*at, circle[0], circle[1]), rule, " -> ".join(circle), "lower one of them")


def _passages(outcome: Outcome) -> dict[tuple[str, str, str], float]:
    return {
        (layer, left, entered): scale
        for layer, rows in outcome.scale_hazards.items()
        for left, row in rows.items()
        for entered, scale in row.items()
    }


def _undefined(at: Path, names: Iterable[str]) -> Iterator[Problem]:
    if UNDEFINED in names:
        yield Problem.at((*at, UNDEFINED), "is what results call a missing one", UNDEFINED, "rename it")


def _rule_outcomes(at: Path, probabilities: Mapping[str, float], event: Event) -> Iterator[Problem]:
    for name in probabilities:
        yield from known((*at, name), name, event.outcomes, "an outcome of the event")
    lacking = [name for name in event.outcomes if name not in probabilities]
    if lacking:
        yield Problem.at(
            at, "gives each outcome a probability", f"none for {', '.join(lacking)}", "add it, 0 for never"
        )


def _earlier(at: Path, outcomes: Mapping[str, str], name: str, draft: Draft) -> Iterator[Problem]:
    """Outcomes that a condition names must have a chance to be decided before: fixed dates tell that they have not."""
    order = {event: i for i, event in enumerate(draft.events)}
    this = draft.events[name]
    for event, outcome in outcomes.items():
        yield from known((*at, event), event, draft.events, "an event")
        found = draft.events.get(event)
        if found is None or this is None:
            continue
        yield from known((*at, event), outcome, found.outcomes, f"an outcome of {event}")
        late = found.date.on and this.date.on and (found.date.on, order[event]) >= (this.date.on, order[name])
        if late or event == name or name in _forerunners(event, draft):
            rule = "must name an event before this one" + (f" ({this.date.on})" if this.date.on else "")
            when = f" of {found.date.on}" if found.date.on else ""
            yield Problem.at((*at, event), rule, f"{event}{when}", "take the condition out")


def _forerunners(name: str, draft: Draft) -> list[str]:
    """Events that an event comes after, nearest first."""
    chain: list[str] = []
    event = draft.events.get(name)
    while event is not None and event.date.after is not None and event.date.after not in chain:
        chain.append(event.date.after)
        event = draft.events.get(event.date.after)
    return chain
