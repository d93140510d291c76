"""Warnings: what a study may say, but probably did not mean."""

import math
from collections.abc import Iterator
from datetime import date, timedelta
from statistics import median

from spvrisk.config.base import shown
from spvrisk.config.draft import Path
from spvrisk.config.factors import Curve, Factor
from spvrisk.config.hints_deal import decisions, funding, pipelines, take_up
from spvrisk.config.hints_laws import multiples, times, truncations
from spvrisk.config.hints_operation import deemed_years, operation
from spvrisk.config.hints_stack import stack, terms
from spvrisk.config.laws import Measure
from spvrisk.config.projects import ProjectTemplate
from spvrisk.config.reading.numerals import multiple, per_cent_remedy
from spvrisk.config.study import Study
from spvrisk.config.terms import FixedSplit
from spvrisk.errors import Problem

HIGH_GROWTH = 0.5
HIGH_DEFAULT = 1.0
HIGH_TERMINATION_FEE = 0.5
USUAL_CAPS = (0.5, 10.0)
"""Multiples of the budget up to which funders pay."""
LONG_ENOUGH = 40.0
"""Years of operation inside the horizon after which the rest of a life is worth little today."""


def hints(study: Study, measure: Measure) -> list[Problem]:
    """All warnings of a sound study, its laws measured by `measure`."""
    checks = (
        _budgets,
        _growth,
        _unused,
        _repaired,
        _layers,
        _events,
        funding,
        decisions,
        terms,
        stack,
        pipelines,
        _offtakers,
        _construction,
        _side_flows,
        _in_time,
    )
    of_laws = (times, multiples, truncations, take_up, operation)
    found = [problem for check in checks for problem in check(study)]
    found += [problem for check in of_laws for problem in check(study, measure)]
    return [problem._replace(severity="warning") for problem in found]


def _budgets(study: Study) -> Iterator[Problem]:
    """A budget in another unit than the others: 33.3 (billions) among thousands of millions."""
    budgets = {at: site.budget for at, site in study.sites()}
    if study.study.money_unit != 1e6 or max(budgets.values()) <= 1000:
        return
    for at, budget in budgets.items():
        if budget < 100:
            remedy = f"if billions were meant, write {multiple(budget, '1000')}"
            typical = median(budgets.values())
            rule = f"is small beside the other budgets (median {typical:g}) in {study.study.currency} million"
            yield Problem.at((*at, "budget"), rule, shown(budget), remedy)


def _growth(study: Study) -> Iterator[Problem]:
    for name, factor in study.factors.items():
        for at, rate in _rates(("factors", name), factor):
            if abs(rate) > HIGH_GROWTH:
                yield _fast(at, rate)
    for at, site in study.sites():
        for key, part in (("contract", site.operation.contract), ("output_credit", site.operation.output_credit)):
            if part is not None and part.escalator is not None and abs(part.escalator) > HIGH_GROWTH:
                yield _fast((*at, "operation", key, "escalator"), part.escalator)


def _fast(at: Path, rate: float) -> Problem:
    return Problem.at(at, f"is more than {HIGH_GROWTH:.0%} a year", shown(rate), per_cent_remedy(rate))


def _rates(at: Path, factor: Factor) -> Iterator[tuple[Path, float]]:
    process = factor.process
    here = (*at, "process", process.kind)
    drift = getattr(process.parameters, "drift", None)
    if drift is not None:
        yield (*here, "drift"), drift
    curves = ((*here, "mean"), (*here, "curve"), (*at, "floor"), (*at, "cap"))
    owners = (process.parameters, process.parameters, factor, factor)
    for path, owner in zip(curves, owners, strict=True):
        curve = getattr(owner, str(path[-1]), None)
        if isinstance(curve, Curve):
            yield (*path, "growth"), curve.growth


def _unused(study: Study) -> Iterator[Problem]:
    used = {party.fx for party in study.parties.values()}
    if not isinstance(study.agreement.split, FixedSplit):
        used.add(study.agreement.split.reference_rate)
    if study.stack is not None:
        used.add(study.stack.reference_rate)
    for _, site in study.sites():
        used |= _factors_of(site)
    for name in study.factors:
        if name not in used:
            yield Problem.at(("factors", name), "no project or party uses the factor", "", "take it out, or use it")
    discounts = [party.discount for party in study.parties.values()]
    for name in study.curves.keys() - {curve for item in discounts for curve in (item.study, item.local)}:
        yield Problem.at(("curves", name), "no party discounts by the curve", "", "take it out, or use it")


def _factors_of(site: ProjectTemplate) -> set[str | None]:
    operation = site.operation
    riding = (operation.contract, operation.variable_om, operation.fixed_om)
    return {
        *site.construction.indices,
        operation.merchant.factor,
        operation.volume_factor,
        operation.capacity_payment.factor if operation.capacity_payment else None,
        operation.senior_debt.reference_rate if operation.senior_debt else None,
        operation.fuel.factor if operation.fuel else None,
        *(name for part in riding if part is not None for name in part.indices or {}),
    }


def _repaired(study: Study) -> Iterator[Problem]:
    """Pairs that a repair has changed."""
    found = study.correlation
    if found.repair is None:
        return
    # loads NumPy, which most commands that read a study do without
    from spvrisk.config.nearest import changes, told

    moved = changes(found.pairs, found.kind)
    if moved:
        count = f"{len(moved)} of {sum(map(len, found.pairs.values()))} pairs"
        rule = f"the pairs make no correlation matrix: {count} are changed to the nearest that do"
        yield Problem.at(("correlation", "repair"), rule, "", told(moved))


def _layers(study: Study) -> Iterator[Problem]:
    for name, layer in study.layers.items():
        if layer.states[layer.initial.state].stops_calls:
            rule = "stops calls from the value date on"
            yield Problem.at(
                ("layers", name, "initial", "state"), rule, layer.initial.state, "nothing is funded while it lasts"
            )


def _events(study: Study) -> Iterator[Problem]:
    end = study.study.value_date + timedelta(days=365.25 * study.study.horizon_years)
    for name, event in study.events.items():
        if event.date.on is not None and event.date.on > end:
            yield Problem.at(
                ("events", name, "date"), "lies beyond the horizon", shown(event.date.on), "it never happens"
            )


def _offtakers(study: Study) -> Iterator[Problem]:
    named = {site.operation.contract.offtaker for _, site in study.sites() if site.operation.contract is not None}
    for name, offtaker in study.offtakers.items():
        if offtaker.default_hazard > HIGH_DEFAULT:
            rule, rate = f"is above {HIGH_DEFAULT:g} a year", offtaker.default_hazard
            yield Problem.at(("offtakers", name, "default_hazard"), rule, shown(rate), per_cent_remedy(rate))
        if name not in named:
            yield Problem.at(("offtakers", name), "no contract names the offtaker", "", "take it out, or name it")


def _construction(study: Study) -> Iterator[Problem]:
    for site_at, site in study.sites():
        at, found = (*site_at, "construction"), site.construction
        if found.termination_fee > HIGH_TERMINATION_FEE:
            rule, remedy = f"is above {HIGH_TERMINATION_FEE:g}", "write it as a share of the budget"
            yield Problem.at((*at, "termination_fee"), rule, shown(found.termination_fee), remedy)
        cap = found.funding_cap
        if cap is not None and not USUAL_CAPS[0] <= cap.multiple <= USUAL_CAPS[1]:
            rule = f"is outside [{USUAL_CAPS[0]:g}, {USUAL_CAPS[1]:g}]"
            remedy = "write a multiple of the budget: 1.2 for 20 % more"
            yield Problem.at((*at, "funding_cap", "multiple"), rule, shown(cap.multiple), remedy)


def _side_flows(study: Study) -> Iterator[Problem]:
    for at, site in study.sites():
        for name, flow in site.side_flows.items():
            if flow.base == "spend" and isinstance(flow.rate, float) and abs(flow.rate) > 1:
                remedy = per_cent_remedy(flow.rate)
                yield Problem.at(
                    (*at, "side_flows", name, "rate"), "is more than the whole spend", shown(flow.rate), remedy
                )


def _in_time(study: Study) -> Iterator[Problem]:
    """What the horizon cuts off even if all goes to plan (due dates roughly: 7 days for 5)."""
    lag = timedelta(days=study.agreement.funding.lag_business_days * 7 / 5)
    horizon = study.study.horizon_years
    notices: list[tuple[Path, ProjectTemplate, date | None]]
    notices = [(("projects", name), project, project.notice_date) for name, project in study.projects.items()]
    deadline = study.agreement.funding.deadline
    notices += [(("pipelines", name, "template"), item.template, deadline) for name, item in study.pipelines.items()]
    for at, project, notice in notices:
        if notice is None:
            continue
        due = notice + lag
        start = max(due, project.construction.planned_start or due)
        yield from _reviewed((*at, "construction"), project, start)
        completion = (start - study.study.value_date).days / 365.25 + project.construction.longest_years
        end = completion + (deemed_years(study, project) or 0.0)
        if completion > horizon:
            key = "planned_duration_years" if project.construction.phases is None else "phases"
            rule = f"the horizon ({horizon:g} years) ends before the planned completion, at {completion:.1f}"
            yield Problem.at((*at, "construction", key), rule, "", "it never operates: raise study.horizon_years")
        elif end > horizon:
            rule = f"the horizon ({horizon:g} years) ends before the deemed life, at {end:.1f}"
            yield Problem.at(at, rule, "", f"raise study.horizon_years to {math.ceil(end)} and delays")
        elif horizon - completion < min(project.operation.life_years, LONG_ENOUGH):
            life = project.operation.life_years
            cut = completion + life - horizon
            rule = f"the horizon ({horizon:g} years) cuts off the last {cut:.1f} years"
            remedy = f"they are worth nothing: raise study.horizon_years to {math.ceil(completion + life)} and delays"
            yield Problem.at((*at, "operation", "life_years"), rule, shown(life), remedy)


def _reviewed(at: Path, project: ProjectTemplate, start: date) -> Iterator[Problem]:
    """Reviews that find no work under way, be it twice as long as planned."""
    found = project.construction
    if found.review is None:
        return
    end = start + timedelta(days=2 * 365.25 * found.longest_years)
    dates = found.review.dates
    if dates is not None and not any(start < day < end for day in dates):
        rule = f"has no date while the project is built (from {start})"
        yield Problem.at((*at, "review", "dates"), rule, "", "nothing is ever reviewed: check the dates")
    if found.subscription is not None and found.subscription.by > end:
        rule = f"lies after the works (from {start})"
        yield Problem.at((*at, "subscription", "by"), rule, shown(found.subscription.by), "it is never looked at")
