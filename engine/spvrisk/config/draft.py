"""A study in parts, for checks between them: each part as far as it is sound by itself."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from spvrisk.config.base import Key, Model, shown, suggestion
from spvrisk.config.clock import AttributeRef, Event, Layer
from spvrisk.config.construction import Construction
from spvrisk.config.factors import Correlation, Factor, ZeroCurve
from spvrisk.config.flows import SideFlow
from spvrisk.config.operation import Offtaker, Operation
from spvrisk.config.projects import Pipeline, Project
from spvrisk.config.stack import Stack
from spvrisk.config.terms import Agreement, Funding, Output, Party, StudyHead
from spvrisk.errors import Problem

Path = tuple[Key, ...]
K = TypeVar("K")
M = TypeVar("M", bound=Model)

TITLED = ("parties", "events", "offtakers", "pipelines", "projects")
"""Sections whose entries have a title; the name stands in for it."""


def with_titles(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Study as a file says it, where what has no title is titled by its name, and a template by its pipeline."""
    out = dict(plain)
    for key in TITLED:
        section = plain.get(key)
        if isinstance(section, dict):
            out[key] = {name: _titled(item, {"en": name}) for name, item in section.items()}
    pipelines = out.get("pipelines")
    if isinstance(pipelines, dict):
        out["pipelines"] = {name: _template_titled(item) for name, item in pipelines.items()}
    return out


def _titled(item: Any, title: Any) -> Any:
    return {"title": title, **item} if isinstance(item, dict) else item


def _template_titled(pipeline: Any) -> Any:
    if not isinstance(pipeline, dict) or "template" not in pipeline:
        return pipeline
    return {**pipeline, "template": _titled(pipeline["template"], pipeline["title"])}


@dataclass
class Draft:
    """Parts of a study, each None where it is faulty by itself; names are known all the same.

    Attributes
    ----------
    constructions, operations, flows
        By their paths, of announced projects and of the templates of pipelines; the flows of the whole scheme too.
    """

    study: StudyHead | None = None
    agreement: Agreement | None = None
    funding: Funding | None = None
    stack: Stack | None = None
    correlation: Correlation | None = None
    output: Output | None = None
    curves: Mapping[str, ZeroCurve | None] = field(default_factory=dict)
    parties: Mapping[str, Party | None] = field(default_factory=dict)
    factors: Mapping[str, Factor | None] = field(default_factory=dict)
    layers: Mapping[str, Layer | None] = field(default_factory=dict)
    events: Mapping[str, Event | None] = field(default_factory=dict)
    offtakers: Mapping[str, Offtaker | None] = field(default_factory=dict)
    pipelines: Mapping[str, Pipeline | None] = field(default_factory=dict)
    projects: Mapping[str, Project | None] = field(default_factory=dict)
    constructions: Mapping[Path, Construction | None] = field(default_factory=dict)
    operations: Mapping[Path, Operation | None] = field(default_factory=dict)
    flows: Mapping[Path, SideFlow | None] = field(default_factory=dict)


def draft_from(study: Any) -> Draft:
    """Parts of a sound study."""
    draft = Draft(**{key: getattr(study, key) for key in Draft.__dataclass_fields__ if hasattr(study, key)})
    draft.funding = study.agreement.funding
    sites: dict[Path, Any] = {("projects", name): project for name, project in sound(draft.projects)}
    sites |= {("pipelines", name, "template"): pipeline.template for name, pipeline in sound(draft.pipelines)}
    draft.constructions = {(*at, "construction"): site.construction for at, site in sites.items()}
    draft.operations = {(*at, "operation"): site.operation for at, site in sites.items()}
    owners: dict[Path, Any] = {(): study, **sites}
    draft.flows = {
        (*at, "side_flows", name): flow for at, owner in owners.items() for name, flow in owner.side_flows.items()
    }
    return draft


def draft_of(plain: Mapping[str, Any]) -> Draft:
    """Parts of a study that failed as a whole."""
    plain = with_titles(plain)

    def many(model: type[M], key: str) -> dict[str, M | None]:
        return {name: _one(model, item) for name, item in _mapping(plain.get(key)).items()}

    sites: dict[Path, Any] = {("projects", name): item for name, item in _mapping(plain.get("projects")).items()}
    for name, item in _mapping(plain.get("pipelines")).items():
        sites["pipelines", name, "template"] = _mapping(item).get("template")

    def parts(model: type[M], key: str) -> dict[Path, M | None]:
        return {(*at, key): _one(model, item.get(key)) for at, item in sites.items() if isinstance(item, dict)}

    agreement = plain.get("agreement")
    owners: dict[Path, Any] = {(): plain, **sites}
    return Draft(
        _one(StudyHead, plain.get("study")),
        _one(Agreement, agreement),
        _one(Funding, _mapping(agreement).get("funding")),
        _one(Stack, plain.get("stack")),
        _one(Correlation, plain.get("correlation", {})),
        _one(Output, plain.get("output", {})),
        many(ZeroCurve, "curves"),
        many(Party, "parties"),
        many(Factor, "factors"),
        many(Layer, "layers"),
        many(Event, "events"),
        many(Offtaker, "offtakers"),
        many(Pipeline, "pipelines"),
        many(Project, "projects"),
        parts(Construction, "construction"),
        parts(Operation, "operation"),
        {
            (*at, "side_flows", name): _one(SideFlow, flow)
            for at, owner in owners.items()
            for name, flow in _mapping(_mapping(owner).get("side_flows")).items()
        },
    )


def _one(model: type[M], value: object) -> M | None:
    try:
        return TypeAdapter(model).validate_python(value)
    except ValidationError:
        return None


def _mapping(value: object) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}


def sound(items: Mapping[K, M | None]) -> Iterator[tuple[K, M]]:
    """Entries of a section that are sound by themselves."""
    return ((name, item) for name, item in items.items() if item is not None)


def known(at: Path, name: str, names: Iterable[str], what: str) -> Iterator[Problem]:
    """Problem of a name that is none of those allowed."""
    allowed = list(names)
    if not allowed and what in ("a curve", "a factor"):
        return  # a study without any of them is told so, once
    if name not in allowed:
        yield Problem.at(at, f"must name {what}", shown(name), suggestion(name, allowed))


def known_attribute(at: Path, reference: AttributeRef, draft: Draft) -> Iterator[Problem]:
    """Problems of a reference to an attribute of a layer."""
    yield from known((*at, "layer"), reference.layer, draft.layers, "a layer")
    found = draft.layers.get(reference.layer)
    if found is not None:
        names = dict.fromkeys(name for state in found.states.values() for name in state.attributes)
        yield from known((*at, "attribute"), reference.attribute, names, f"an attribute of {reference.layer}")


def in_states(at: Path, states: Mapping[str, str | tuple[str, ...]], draft: Draft) -> Iterator[Problem]:
    """Problems of states by layer: one of each, or several."""
    for layer, named in states.items():
        yield from known((*at, layer), layer, draft.layers, "a layer")
        found = draft.layers.get(layer)
        if found is None:
            continue
        where: Path = (*at, layer)
        several = [(where, named)] if isinstance(named, str) else [((*where, i), name) for i, name in enumerate(named)]
        for place, state in several:
            yield from known(place, state, found.states, f"a state of {layer}")
