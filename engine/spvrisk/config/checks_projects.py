"""Checks of projects, pipelines and side flows against the rest of a study."""

import math
from collections.abc import Iterable, Iterator
from datetime import date

from spvrisk.config.base import shown
from spvrisk.config.checks_factors import indices, rate_factor
from spvrisk.config.clock import FASTEST, AttributeRef
from spvrisk.config.construction import Construction
from spvrisk.config.draft import Draft, Path, in_states, known, known_attribute, sound
from spvrisk.config.operation import Operation
from spvrisk.config.projects import SplitOverride
from spvrisk.config.reading.numerals import per_cent_remedy
from spvrisk.config.terms import FixedSplit
from spvrisk.errors import Problem

RESERVED_UNITS = ("portfolio", "scheme")
"""Units of results that are no projects."""


def projects(draft: Draft) -> Iterator[Problem]:
    """Problems of projects, announced or of a template."""
    if not draft.projects and not draft.pipelines:
        yield Problem.at(
            ("projects",), "a study needs a project or a pipeline", "none", "add one, e.g. as in `spvrisk init`"
        )
    yield from _units("projects", draft.projects)
    for at, construction in sound(draft.constructions):
        yield from _construction(at, construction, draft)
    for at, operation in sound(draft.operations):
        yield from _operation(at, operation, draft)
    split = draft.agreement.split if draft.agreement else None
    own: list[tuple[Path, SplitOverride | None]]
    own = [(("projects", name, "split"), project.split) for name, project in sound(draft.projects)]
    own += [(("pipelines", name, "template", "split"), item.template.split) for name, item in sound(draft.pipelines)]
    for where, override in own:
        if override is not None and isinstance(split, FixedSplit):
            yield Problem.at(where, "has no meaning with split mode none", "", "take it out")


def _units(section: str, names: Iterable[str]) -> Iterator[Problem]:
    for name in names:
        if name in RESERVED_UNITS:
            yield Problem.at((section, name), "is the name of a unit of results", name, "rename it")


def pipelines(draft: Draft) -> Iterator[Problem]:
    """Problems of the pipelines' names and of how often their projects come."""
    yield from _units("pipelines", draft.pipelines)
    for name in draft.pipelines:
        if name in draft.projects:
            yield Problem.at(("pipelines", name), "is the name of a project too", name, "rename one of the two")
    yield from _arrivals(draft)


def _arrivals(draft: Draft) -> Iterator[Problem]:
    """Arrivals, with all that may scale them at once, keep to what a yearly intensity may be."""
    by_state = math.prod(
        max(1.0, *(state.arrival_multiplier for state in layer.states.values())) for _, layer in sound(draft.layers)
    )
    for name, pipeline in sound(draft.pipelines):
        by_event = math.prod(
            max(1.0, *(outcome.scale_arrivals.get(name, 1.0) for outcome in event.outcomes.values()))
            for _, event in sound(draft.events)
        )
        scale = by_state * by_event
        if pipeline.arrivals_per_year * scale > FASTEST:
            rule = f"with all that scales it, must be at most {FASTEST:g} a year"
            got = f"{shown(pipeline.arrivals_per_year)} scaled by up to {scale:g}"
            remedy = "lower scale_arrivals of events or arrival_multiplier of states"
            yield Problem.at(("pipelines", name, "arrivals_per_year"), rule, got, remedy)


def side_flows(draft: Draft) -> Iterator[Problem]:
    """Problems of what side flows are in proportion to, and of what they name."""
    for at, flow in sound(draft.flows):
        of_scheme = at[0] == "side_flows"
        allowed = ("time",) if of_scheme else ("spend", "output")
        if flow.base not in allowed:
            rule = f"a side flow of {'the whole scheme' if of_scheme else 'a project'} has base {' or '.join(allowed)}"
            where = "of the study" if flow.base == "time" else "of a project"
            yield Problem.at((*at, "base"), rule, flow.base, f"move it to the side_flows {where}")
        if isinstance(flow.rate, AttributeRef):
            yield from known_attribute((*at, "rate"), flow.rate, draft)
        yield from in_states((*at, "while"), flow.while_, draft)


def _construction(at: Path, found: Construction, draft: Draft) -> Iterator[Problem]:
    if found.class_ == "all":
        yield Problem.at((*at, "class"), "`all` names what all classes share", "all", "rename the class")
    yield from indices((*at, "indices"), found.indices, draft)
    if draft.study is not None:
        yield from _reviews(at, found, draft.study.value_date)
    yield from _tariff(at, found, draft)


def _reviews(at: Path, found: Construction, value_date: date) -> Iterator[Problem]:
    for i, day in enumerate(found.review.dates or () if found.review is not None else ()):
        if day <= value_date:
            rule = f"must be after the value date ({value_date})"
            yield Problem.at((*at, "review", "dates", i), rule, shown(day), "take it out")


def _tariff(at: Path, found: Construction, draft: Draft) -> Iterator[Problem]:
    tariff = found.equipment_tariff
    if tariff is None:
        return
    yield from known_attribute((*at, "equipment_tariff"), tariff, draft)
    layer = draft.layers.get(tariff.layer)
    if layer is None:
        return
    for state, item in layer.states.items():
        rate = item.attributes.get(tariff.attribute, 0.0)
        if not 0 <= rate <= 5:
            remedy = per_cent_remedy(rate) if 5 < rate <= 500 else "write it as a part of 1: 0.25 for 25 %"
            path = ("layers", tariff.layer, "states", state, "attributes", tariff.attribute)
            yield Problem.at(path, "a tariff rate must lie in [0, 5]", shown(rate), remedy)


def _operation(at: Path, found: Operation, draft: Draft) -> Iterator[Problem]:
    for key, part in (
        ("merchant", found.merchant),
        ("fuel", found.fuel),
        ("capacity_payment", found.capacity_payment),
    ):
        if part is not None:
            yield from known((*at, key, "factor"), part.factor, draft.factors, "a factor")
    if found.volume_factor is not None:
        yield from _volume((*at, "volume_factor"), found.volume_factor, draft)
    if found.senior_debt is not None:
        yield from rate_factor((*at, "senior_debt", "reference_rate"), found.senior_debt.reference_rate, draft)
    if found.contract is not None and found.contract.offtaker is not None:
        yield from known((*at, "contract", "offtaker"), found.contract.offtaker, draft.offtakers, "an offtaker")
    for key, riding in (
        ("contract", found.contract.indices if found.contract else None),
        ("variable_om", found.variable_om.indices if found.variable_om else None),
        ("fixed_om", found.fixed_om.indices if found.fixed_om else None),
    ):
        yield from indices((*at, key, "indices"), riding or {}, draft)


def _volume(at: Path, name: str, draft: Draft) -> Iterator[Problem]:
    """Output is multiplied by the factor, and is never below 0."""
    yield from known(at, name, draft.factors, "a factor")
    factor = draft.factors.get(name)
    if factor is None:
        return
    if factor.process.vasicek is not None:
        remedy = "name a factor with process gbm, ou, merton or deterministic"
        yield Problem.at(at, "a multiple of output must not fall below 0", f"{name} with process vasicek", remedy)
    elif factor.process.deterministic is not None and min(factor.process.deterministic.curve.numbers) < 0:
        low = min(factor.process.deterministic.curve.numbers)
        yield Problem.at(
            at, "a multiple of output must not fall below 0", f"{name} with {shown(low)}", "raise its curve"
        )
