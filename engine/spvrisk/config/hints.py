"""Warnings: what a study may say, but probably did not mean."""

from collections.abc import Iterator
from datetime import timedelta
from statistics import median

from spvrisk.config.base import Flaw, Key, shown
from spvrisk.config.factors import Curve, Factor
from spvrisk.config.laws import mean_of
from spvrisk.config.projects import Project
from spvrisk.config.study import Study
from spvrisk.config.terms import FixedSplit

Path = tuple[Key, ...]

HIGH_GROWTH = 0.5
LOW_AVAILABILITY = 0.05


def hints(study: Study) -> list[Flaw]:
    """All warnings of a sound study."""
    checks = (_budgets, _growth, _unused, _events, _operation, _in_time)
    return [flaw for check in checks for flaw in check(study)]


def _budgets(study: Study) -> Iterator[Flaw]:
    """A budget in another unit than the others: 33.3 (billions) among thousands of millions."""
    budgets = {name: project.budget for name, project in study.projects.items()}
    if study.study.money_unit != 1e6 or max(budgets.values()) <= 1000:
        return
    for name, budget in budgets.items():
        if budget < 100:
            remedy = f"if billions were meant, write {budget * 1000:g}"
            typical = median(budgets.values())
            rule = f"is small beside the other budgets (median {typical:g}) in {study.study.currency} million"
            yield Flaw(("projects", name, "budget"), rule, shown(budget), remedy)


def _growth(study: Study) -> Iterator[Flaw]:
    for name, factor in study.factors.items():
        for at, rate in _rates(("factors", name), factor):
            if abs(rate) > HIGH_GROWTH:
                yield _fast(at, rate)
    for name, project in study.projects.items():
        contract = project.operation.contract
        if contract is not None and contract.escalator is not None and abs(contract.escalator) > HIGH_GROWTH:
            yield _fast(("projects", name, "operation", "contract", "escalator"), contract.escalator)


def _fast(at: Path, rate: float) -> Flaw:
    return Flaw(at, f"is more than {HIGH_GROWTH:.0%} a year", shown(rate), f"for {rate:g} % write {rate / 100:g}")


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


def _unused(study: Study) -> Iterator[Flaw]:
    used = {party.fx for party in study.parties.values()}
    if not isinstance(study.agreement.split, FixedSplit):
        used.add(study.agreement.split.reference_rate)
    for project in study.projects.values():
        used |= _factors_of(project)
    for name in study.factors:
        if name not in used:
            yield Flaw(("factors", name), "no project or party uses the factor", "", "take it out, or use it")
    discounts = [party.discount for party in study.parties.values()]
    for name in study.curves.keys() - {curve for item in discounts for curve in (item.study, item.local)}:
        yield Flaw(("curves", name), "no party discounts by the curve", "", "take it out, or use it")


def _factors_of(project: Project) -> set[str | None]:
    operation = project.operation
    riding = (operation.contract, operation.variable_om, operation.fixed_om)
    return {
        *project.construction.indices,
        operation.merchant.factor,
        operation.fuel.factor if operation.fuel else None,
        *(name for part in riding if part is not None for name in part.indices or {}),
    }


def _events(study: Study) -> Iterator[Flaw]:
    end = study.study.value_date + timedelta(days=365.25 * study.study.horizon_years)
    for name, event in study.events.items():
        if event.date.on is not None and event.date.on > end:
            yield Flaw(("events", name, "date"), "lies beyond the horizon", shown(event.date.on), "it never happens")


def _operation(study: Study) -> Iterator[Flaw]:
    for name, project in study.projects.items():
        at: Path = ("projects", name, "operation")
        mean = mean_of(project.operation.availability.law)
        if mean is not None and mean < LOW_AVAILABILITY:
            rule = f"has a mean below {LOW_AVAILABILITY:g}"
            yield Flaw((*at, "availability", "law"), rule, shown(mean), "write it as a share of full output")
        deemed = _deemed_years(study, project)
        if deemed is not None and project.operation.life_years < deemed:
            rule = f"is shorter than the deemed life ({deemed:g} years)"
            remedy = "the funder is not repaid in full; check both"
            yield Flaw((*at, "life_years"), rule, shown(project.operation.life_years), remedy)


def _deemed_years(study: Study, project: Project) -> float | None:
    split = study.agreement.split
    if isinstance(split, FixedSplit):
        return None
    own = project.split.deemed_life_years if project.split else None
    return own if own is not None else split.deemed_life_years


def _in_time(study: Study) -> Iterator[Flaw]:
    """What the horizon cuts off even if all goes to plan (due dates roughly: 7 days for 5)."""
    lag = timedelta(days=study.agreement.funding.lag_business_days * 7 / 5)
    horizon = study.study.horizon_years
    for name, project in study.projects.items():
        due = project.notice_date + lag
        start = max(due, project.construction.planned_start or due)
        completion = (start - study.study.value_date).days / 365.25 + project.construction.longest_years
        end = completion + (_deemed_years(study, project) or 0.0)
        if completion > horizon:
            key = "planned_duration_years" if project.construction.phases is None else "phases"
            rule = f"the horizon ({horizon:g} years) ends before the planned completion, at {completion:.1f}"
            yield Flaw(
                ("projects", name, "construction", key), rule, "", "it never operates: raise study.horizon_years"
            )
        elif end > horizon:
            rule = f"the horizon ({horizon:g} years) ends before the deemed life, at {end:.1f}"
            yield Flaw(("projects", name), rule, "", f"raise study.horizon_years above {end:.0f} and delays")
