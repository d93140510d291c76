"""Cross checks: names that refer to other parts of a study, and rules that need more than one part."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from spvrisk.config.base import Flaw, Key, Model, Within, shown, suggestion
from spvrisk.config.clock import FASTEST, Event, Layer, Outcome
from spvrisk.config.factors import Correlation, Curve, Factor, Vasicek, ZeroCurve
from spvrisk.config.projects import Construction, Operation, Project
from spvrisk.config.terms import Agreement, FixedSplit, Output, Party, StudyHead

RESERVED_PROJECTS = ("portfolio", "scheme")
"""Units of results that are no projects."""

UNDEFINED = "undefined"
"""What results call the outcome of an event that does not happen: no name for a state or an outcome."""

Path = tuple[Key, ...]
M = TypeVar("M", bound=Model)


@dataclass
class Draft:
    """Parts of a study, each None where it is faulty by itself; names are known all the same."""

    study: StudyHead | None = None
    agreement: Agreement | None = None
    correlation: Correlation | None = None
    output: Output | None = None
    curves: Mapping[str, ZeroCurve | None] = field(default_factory=dict)
    parties: Mapping[str, Party | None] = field(default_factory=dict)
    factors: Mapping[str, Factor | None] = field(default_factory=dict)
    layers: Mapping[str, Layer | None] = field(default_factory=dict)
    events: Mapping[str, Event | None] = field(default_factory=dict)
    projects: Mapping[str, Project | None] = field(default_factory=dict)
    constructions: Mapping[str, Construction | None] = field(default_factory=dict)
    operations: Mapping[str, Operation | None] = field(default_factory=dict)


def with_titles(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Study as a file says it, where parties, events and projects without a title are titled by their name."""
    out = dict(plain)
    for key in ("parties", "events", "projects"):
        section = plain.get(key)
        if isinstance(section, dict):
            out[key] = {
                name: {"title": {"en": name}, **item} if isinstance(item, dict) else item
                for name, item in section.items()
            }
    return out


def draft_from(study: Any) -> Draft:
    """Parts of a sound study."""
    draft = Draft(**{key: getattr(study, key) for key in Draft.__dataclass_fields__ if hasattr(study, key)})
    draft.constructions = {name: project.construction for name, project in sound(draft.projects)}
    draft.operations = {name: project.operation for name, project in sound(draft.projects)}
    return draft


def draft_of(plain: Mapping[str, Any]) -> Draft:
    """Parts of a study that failed as a whole."""
    plain = with_titles(plain)

    def one(model: type[M], value: object) -> M | None:
        try:
            return TypeAdapter(model).validate_python(value)
        except ValidationError:
            return None

    def many(model: type[M], key: str) -> dict[str, M | None]:
        section = plain.get(key)
        return {name: one(model, item) for name, item in section.items()} if isinstance(section, dict) else {}

    def parts(model: type[M], key: str) -> dict[str, M | None]:
        section = plain.get("projects")
        projects = section.items() if isinstance(section, dict) else ()
        return {name: one(model, item.get(key)) for name, item in projects if isinstance(item, dict)}

    return Draft(
        one(StudyHead, plain.get("study")),
        one(Agreement, plain.get("agreement")),
        one(Correlation, plain.get("correlation", {})),
        one(Output, plain.get("output", {})),
        many(ZeroCurve, "curves"),
        many(Party, "parties"),
        many(Factor, "factors"),
        many(Layer, "layers"),
        many(Event, "events"),
        many(Project, "projects"),
        parts(Construction, "construction"),
        parts(Operation, "operation"),
    )


def faults(draft: Draft) -> list[Flaw]:
    """All flaws between the parts of a study."""
    checks = (_parties, _agreement, _factors, _correlation, _layers, _events, _projects)
    return [flaw for check in checks for flaw in check(draft)]


def sound(items: Mapping[str, M | None]) -> Iterator[tuple[str, M]]:
    """Entries of a section that are sound by themselves."""
    return ((name, item) for name, item in items.items() if item is not None)


def _known(at: Path, name: str, names: Iterable[str], what: str) -> Iterator[Flaw]:
    allowed = list(names)
    if not allowed and what in ("a curve", "a factor"):
        return  # a study without any of them is told so, once
    if name not in allowed:
        yield Flaw(at, f"must name {what}", shown(name), suggestion(name, allowed))


def _parties(draft: Draft) -> Iterator[Flaw]:
    for name in ("funder", "host"):
        if draft.parties and name not in draft.parties:
            yield Flaw(("parties",), f"needs the party {name}", ", ".join(draft.parties), f"add {name}: {{..}}")
    for name, party in sound(draft.parties):
        at: Path = ("parties", name)
        if name not in ("funder", "host"):
            yield Flaw(at, "is not a party", "", suggestion(name, ("funder", "host")))
        yield from _known((*at, "discount", "study"), party.discount.study, draft.curves, "a curve")
        if party.discount.local is not None:
            yield from _known((*at, "discount", "local"), party.discount.local, draft.curves, "a curve")
        if party.fx is not None:
            yield from _known((*at, "fx"), party.fx, draft.factors, "a factor")
        if draft.study is not None:
            yield from _party_money(at, party, draft.study.currency)
    yield from _fx_once(draft)


def _party_money(at: Path, party: Party, currency: str) -> Iterator[Flaw]:
    own = party.currency == currency
    for key, value, path in (
        ("discount.local", party.discount.local, (*at, "discount", "local")),
        ("fx", party.fx, (*at, "fx")),
    ):
        if own and value is not None:
            yield Flaw(path, "belongs to a party with money of its own", party.currency, "take it out")
        if not own and value is None:
            rule = f"a party whose money ({party.currency}) is not the study's ({currency}) needs {key}"
            yield Flaw(at, rule, "", f"add {key}")


def _fx_once(draft: Draft) -> Iterator[Flaw]:
    owner: dict[str, str] = {}
    for name, party in sound(draft.parties):
        if party.fx is not None and owner.setdefault(party.fx, name) != name:
            rule = f"is the fx of {owner[party.fx]} already"
            yield Flaw(("parties", name, "fx"), rule, party.fx, "give each party a factor of its own")


def _agreement(draft: Draft) -> Iterator[Flaw]:
    if draft.agreement is None or isinstance(draft.agreement.split, FixedSplit):
        return
    at = ("agreement", "split", "reference_rate")
    name = draft.agreement.split.reference_rate
    yield from _known(at, name, draft.factors, "a factor")
    factor = draft.factors.get(name)
    if factor is None:
        return
    if factor.process.kind not in ("vasicek", "deterministic"):
        remedy = "name a factor with process vasicek or deterministic"
        yield Flaw(at, "must be a rate", f"{name} with process {factor.process.kind}", remedy)
        return
    yield from _rate_levels(name, factor)


def _rate_levels(name: str, factor: Factor) -> Iterator[Flaw]:
    """Levels of the reference rate: 3.65 for 0.0365 would pass as a number."""
    allowed = Within(-1, 1)
    inside: Path = ("factors", name, "process", factor.process.kind)
    found = factor.process.parameters
    if isinstance(found, Vasicek):
        if not allowed.holds(found.start):
            yield allowed.flaw((*inside, "start"), found.start)
        yield from _levels((*inside, "mean"), found.mean, allowed)
    elif factor.process.deterministic is not None:
        yield from _levels((*inside, "curve"), factor.process.deterministic.curve, allowed)


def _levels(at: Path, curve: Curve, allowed: Within) -> Iterator[Flaw]:
    wrong = [value for value in curve.numbers if not allowed.holds(value)]
    if wrong:
        yield allowed.flaw(at, wrong[0])


def _factors(draft: Draft) -> Iterator[Flaw]:
    fx = {party.fx for _, party in sound(draft.parties)}
    whole = all(party is not None for party in draft.parties.values())
    for name, factor in sound(draft.factors):
        gbm = factor.process.gbm
        if gbm is not None and gbm.drift is None and name not in fx and whole:
            remedy = "add drift: 0.02, or name the factor as a party's fx for covered parity"
            yield Flaw(("factors", name, "process", "gbm"), "needs drift", "", remedy)
        if draft.study is not None and factor.season is not None:
            yield from _season(("factors", name, "season"), factor, draft.study.steps_per_year)


def _season(at: Path, factor: Factor, steps: int) -> Iterator[Flaw]:
    season = factor.season or ()
    if len(season) != steps:
        yield Flaw(at, f"needs one number for each of the {steps} steps of a year", f"{len(season)}", "list them all")
        return
    mean = sum(season) / steps
    wanted = 0 if factor.process.vasicek is not None else 1
    if abs(mean - wanted) > 1e-9:
        yield Flaw(at, f"must have mean {wanted}", shown(mean), f"shift the numbers by {wanted - mean:.6g}")
    if wanted == 1 and min(season) <= 0:
        yield Flaw(at, "multipliers must be above 0", shown(min(season)), "raise it")


def _correlation(draft: Draft) -> Iterator[Flaw]:
    flaws = list(_pairs(draft))
    yield from flaws
    if draft.correlation is not None and draft.correlation.pairs and not flaws:
        # loads NumPy, which most commands that read a study do without
        from spvrisk.config.definite import definite_flaw

        flaw = definite_flaw(draft.correlation.pairs, draft.correlation.kind)
        if flaw is not None:
            yield flaw


def _pairs(draft: Draft) -> Iterator[Flaw]:
    seen: set[frozenset[str]] = set()
    for first, row in (draft.correlation.pairs if draft.correlation else {}).items():
        yield from _correlated(("correlation", "pairs", first), first, draft)
        for second in row:
            at = ("correlation", "pairs", first, second)
            pair = frozenset((first, second))
            if first == second:
                yield Flaw(at, "a factor's correlation with itself is 1", "", "take it out")
            elif pair in seen:
                yield Flaw(at, "each pair is named once", f"{first}, {second} twice", "take one of them out")
            elif first in draft.factors:
                yield from _correlated(at, second, draft)
            seen.add(pair)


def _correlated(at: Path, name: str, draft: Draft) -> Iterator[Flaw]:
    yield from _known(at, name, draft.factors, "a factor")
    factor = draft.factors.get(name)
    if factor is not None and not factor.process.stochastic:
        yield Flaw(at, "a deterministic factor has no innovations to correlate", name, "take it out")


def _layers(draft: Draft) -> Iterator[Flaw]:
    for name, layer in sound(draft.layers):
        at: Path = ("layers", name)
        states = layer.states
        yield from _undefined((*at, "states"), states)
        yield from _known((*at, "initial", "state"), layer.initial.state, states, "a state of the layer")
        for state, found in states.items():
            for target in found.expires.outcome if found.expires else ():
                where = (*at, "states", state, "expires", "outcome", target)
                yield from _known(where, target, states, "a state of the layer")
                if target == state:
                    yield Flaw(where, "a clock leads to another state", target, "give what follows a state of its own")
        yield from _attributes(at, layer)
        for state, found in states.items():
            yield from _shifts((*at, "states", state, "shifts"), found.shifts, draft)
        yield from _hazards(at, layer)
        if draft.study is not None:
            yield from _initial(at, layer, draft.study)


def _attributes(at: Path, layer: Layer) -> Iterator[Flaw]:
    names = dict.fromkeys(name for state in layer.states.values() for name in state.attributes)
    for state, found in layer.states.items():
        lacking = [name for name in names if name not in found.attributes]
        if lacking:
            rule = "all states of a layer give the same attributes"
            remedy = f"add {', '.join(lacking)}"
            yield Flaw((*at, "states", state), rule, f"none for {', '.join(lacking)}", remedy)


def _hazards(at: Path, layer: Layer) -> Iterator[Flaw]:
    for left, row in layer.hazards.items():
        yield from _known((*at, "hazards", left), left, layer.states, "a state of the layer")
        for entered in row:
            where = (*at, "hazards", left, entered)
            yield from _known(where, entered, layer.states, "a state of the layer")
            if entered == left:
                yield Flaw(where, "a hazard leads to another state", entered, "take it out")


def _initial(at: Path, layer: Layer, study: StudyHead) -> Iterator[Flaw]:
    since = layer.initial.since
    if since > study.value_date:
        rule = f"must not be after the value date ({study.value_date})"
        yield Flaw((*at, "initial", "since"), rule, shown(since), "write when the state began")
    state = layer.states.get(layer.initial.state)
    if state is None or state.expires is None or since > study.value_date:
        return
    end = since + timedelta(days=state.expires.after_days)
    if end <= study.value_date:
        rule = f"the state would have expired on {end}, not after the value date ({study.value_date})"
        yield Flaw((*at, "initial", "since"), rule, shown(since), "name the state of the value date")


def _events(draft: Draft) -> Iterator[Flaw]:
    yield from _scaled(draft)
    cyclic = _cyclic(draft)
    for name, event in sound(draft.events):
        at: Path = ("events", name)
        yield from _timing((*at, "date"), name, event, draft)
        if name in cyclic:
            rule = "must not come after itself"
            yield Flaw((*at, "date", "after"), rule, " after ".join(cyclic[name]), "give one of them a date")
        yield from _undefined((*at, "outcomes"), event.outcomes)
        if event.outcome is not None:
            yield from _known((*at, "outcome"), event.outcome, event.outcomes, "an outcome of the event")
        for outcome, found in event.outcomes.items():
            yield from _outcome((*at, "outcomes", outcome), found, draft)
        for i, rule_ in enumerate(event.probabilities):
            here = (*at, "probabilities", i)
            yield from _rule_outcomes((*here, "is"), rule_.is_, event)
            if rule_.when is not None:
                yield from _in_states((*here, "when", "layers"), rule_.when.layers, draft)
                yield from _earlier((*here, "when", "outcomes"), rule_.when.outcomes, name, draft)


def _timing(at: Path, name: str, event: Event, draft: Draft) -> Iterator[Flaw]:
    """Events to come lie behind the value date; the outcome of a past one is known."""
    date = event.date
    if date.after is not None:
        yield from _known((*at, "after"), date.after, draft.events, "an event")
    if draft.study is None:
        return
    value_date, begin = draft.study.value_date, date.from_
    before = draft.events.get(date.after) if date.after is not None else None
    if before is not None and _is_past(before, draft.study):
        begin = before.date.on
    if _is_past(event, draft.study) and event.outcome is None:
        rule = f"an event before the value date ({value_date}) needs its outcome"
        yield Flaw(at, rule, shown(date.on), f"add outcome: one of {', '.join(event.outcomes)}")
    if begin is not None and date.days is not None:
        first = (begin - value_date).days + math.ceil(max(date.days.bounds()[0], -1e6))
        if first < 0:
            rule = f"must not reach days before the value date ({value_date})"
            least = (value_date - begin).days
            yield Flaw((*at, "days"), rule, f"{-first} days before it", f"add e.g. truncate: [{least}, {least + 3650}]")


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


def _outcome(at: Path, found: Outcome, draft: Draft) -> Iterator[Flaw]:
    yield from _in_states((*at, "moves"), found.moves, draft)
    for layer, rows in found.scale_hazards.items():
        yield from _known((*at, "scale_hazards", layer), layer, draft.layers, "a layer")
        of_layer = draft.layers.get(layer)
        if of_layer is None:
            continue
        for left, row in rows.items():
            where: Path = (*at, "scale_hazards", layer, left)
            yield from _known(where, left, of_layer.hazards, f"a state of {layer} with hazards")
            for entered in row if left in of_layer.hazards else ():
                yield from _known((*where, entered), entered, of_layer.hazards[left], f"a hazard of {layer}: {left}")
    yield from _shifts((*at, "shifts"), {name: shift.value for name, shift in found.shifts.items()}, draft)
    for name in found.delays:
        yield from _known((*at, "delays", name), name, draft.projects, "a project")
    for i, name in enumerate(found.cancels):
        yield from _known((*at, "cancels", i), name, draft.projects, "a project")
        if name in found.cancels[:i]:
            yield Flaw((*at, "cancels", i), "names each project once", name, "take it out")
        if name in found.delays:
            yield Flaw((*at, "cancels", i), "delays or cancels a project, not both", name, "take one of them out")


def _shifts(at: Path, shifts: Mapping[str, float], draft: Draft) -> Iterator[Flaw]:
    for name, value in shifts.items():
        yield from _known((*at, name), name, draft.factors, "a factor")
        factor = draft.factors.get(name)
        if factor is not None and factor.process.vasicek is None and value <= 0:
            yield Flaw((*at, name), "a multiple must be above 0", shown(value), "write e.g. 1.1 for 10 % more")


def _scaled(draft: Draft) -> Iterator[Flaw]:
    """Hazards as events may scale them, one after the other, keep to what a hazard may be."""
    largest: dict[tuple[str, str, str], float] = {}
    for _, event in sound(draft.events):
        passages = [_passages(outcome) for outcome in event.outcomes.values()]
        for key in {key for outcome in passages for key in outcome}:
            largest[key] = largest.get(key, 1.0) * max(1.0, *(outcome.get(key, 1.0) for outcome in passages))
    for (name, left, entered), scale in largest.items():
        layer = draft.layers.get(name)
        rate = layer.hazards.get(left, {}).get(entered, 0.0) if layer is not None else 0.0
        if rate * scale > FASTEST:
            at = ("layers", name, "hazards", left, entered)
            rule = f"with all that scales it, must be at most {FASTEST:g} a year"
            yield Flaw(at, rule, f"{shown(rate)} scaled by up to {scale:g}", "lower the scale_hazards of the events")


def _passages(outcome: Outcome) -> dict[tuple[str, str, str], float]:
    return {
        (layer, left, entered): scale
        for layer, rows in outcome.scale_hazards.items()
        for left, row in rows.items()
        for entered, scale in row.items()
    }


def _undefined(at: Path, names: Iterable[str]) -> Iterator[Flaw]:
    if UNDEFINED in names:
        yield Flaw((*at, UNDEFINED), "is what results call a missing one", UNDEFINED, "rename it")


def _in_states(at: Path, states: Mapping[str, str], draft: Draft) -> Iterator[Flaw]:
    for layer, state in states.items():
        yield from _known((*at, layer), layer, draft.layers, "a layer")
        found = draft.layers.get(layer)
        if found is not None:
            yield from _known((*at, layer), state, found.states, f"a state of {layer}")


def _rule_outcomes(at: Path, probabilities: Mapping[str, float], event: Event) -> Iterator[Flaw]:
    for name in probabilities:
        yield from _known((*at, name), name, event.outcomes, "an outcome of the event")
    lacking = [name for name in event.outcomes if name not in probabilities]
    if lacking:
        yield Flaw(at, "gives each outcome a probability", f"none for {', '.join(lacking)}", "add it, 0 for never")


def _earlier(at: Path, outcomes: Mapping[str, str], name: str, draft: Draft) -> Iterator[Flaw]:
    """Outcomes that a condition names must have a chance to be decided before: fixed dates tell that they have not."""
    order = {event: i for i, event in enumerate(draft.events)}
    this = draft.events[name]
    for event, outcome in outcomes.items():
        yield from _known((*at, event), event, draft.events, "an event")
        found = draft.events.get(event)
        if found is None or this is None:
            continue
        yield from _known((*at, event), outcome, found.outcomes, f"an outcome of {event}")
        late = found.date.on and this.date.on and (found.date.on, order[event]) >= (this.date.on, order[name])
        if late or event == name or name in _forerunners(event, draft):
            rule = "must name an event before this one" + (f" ({this.date.on})" if this.date.on else "")
            when = f" of {found.date.on}" if found.date.on else ""
            yield Flaw((*at, event), rule, f"{event}{when}", "take the condition out")


def _forerunners(name: str, draft: Draft) -> list[str]:
    """Events that an event comes after, nearest first."""
    chain: list[str] = []
    event = draft.events.get(name)
    while event is not None and event.date.after is not None and event.date.after not in chain:
        chain.append(event.date.after)
        event = draft.events.get(event.date.after)
    return chain


def _projects(draft: Draft) -> Iterator[Flaw]:
    for name in draft.projects:
        if name in RESERVED_PROJECTS:
            yield Flaw(("projects", name), "is the name of a unit of results", name, "rename the project")
    for name, construction in sound(draft.constructions):
        yield from _construction(("projects", name, "construction"), construction, draft)
    for name, operation in sound(draft.operations):
        yield from _operation(("projects", name, "operation"), operation, draft)
    split = draft.agreement.split if draft.agreement else None
    for name, project in sound(draft.projects):
        if project.split is not None and isinstance(split, FixedSplit):
            yield Flaw(("projects", name, "split"), "has no meaning with split mode none", "", "take it out")


def _construction(at: Path, found: Construction, draft: Draft) -> Iterator[Flaw]:
    if found.class_ == "all":
        yield Flaw((*at, "class"), "`all` names what all classes share", "all", "rename the class")
    yield from _indices((*at, "indices"), found.indices, draft)
    tariff = found.equipment_tariff
    if tariff is None:
        return
    yield from _known((*at, "equipment_tariff", "layer"), tariff.layer, draft.layers, "a layer")
    layer = draft.layers.get(tariff.layer)
    if layer is None:
        return
    names = dict.fromkeys(name for state in layer.states.values() for name in state.attributes)
    yield from _known(
        (*at, "equipment_tariff", "attribute"), tariff.attribute, names, f"an attribute of {tariff.layer}"
    )
    for state, item in layer.states.items():
        rate = item.attributes.get(tariff.attribute, 0.0)
        if not 0 <= rate <= 5:
            remedy = f"write {rate / 100:g} for {rate:g} %" if rate > 0 else "write a rate of at least 0"
            path = ("layers", tariff.layer, "states", state, "attributes", tariff.attribute)
            yield Flaw(path, "a tariff rate must lie in [0, 5]", shown(rate), remedy)


def _operation(at: Path, found: Operation, draft: Draft) -> Iterator[Flaw]:
    yield from _known((*at, "merchant", "factor"), found.merchant.factor, draft.factors, "a factor")
    if found.fuel is not None:
        yield from _known((*at, "fuel", "factor"), found.fuel.factor, draft.factors, "a factor")
    for key, riding in (
        ("contract", found.contract.indices if found.contract else None),
        ("variable_om", found.variable_om.indices if found.variable_om else None),
        ("fixed_om", found.fixed_om.indices if found.fixed_om else None),
    ):
        yield from _indices((*at, key, "indices"), riding or {}, draft)


def _indices(at: Path, indices: Mapping[str, float], draft: Draft) -> Iterator[Flaw]:
    for name in indices:
        yield from _known((*at, name), name, draft.factors, "a factor")
        factor = draft.factors.get(name)
        if factor is None:
            continue
        if factor.process.vasicek is not None:
            remedy = "name a factor with process gbm, ou, merton or deterministic"
            yield Flaw((*at, name), "an index must stay above 0", "a factor with process vasicek", remedy)
        elif abs(factor.process.starts_at - 1) > 1e-9:
            start = factor.process.starts_at
            remedy = f"divide the factor's start and mean by {start:g}"
            yield Flaw((*at, name), "an index must start at 1", f"{name} with start {shown(start)}", remedy)
        elif factor.process.deterministic is not None and min(factor.process.deterministic.curve.numbers) <= 0:
            low = min(factor.process.deterministic.curve.numbers)
            yield Flaw((*at, name), "an index must stay above 0", f"{name} with {shown(low)}", "raise its curve")
