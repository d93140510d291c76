"""Warnings about selection and funding: what the terms may say, but probably did not mean."""

import math
from collections.abc import Iterator

from spvrisk.config.base import shown
from spvrisk.config.laws import Measure
from spvrisk.config.study import Study
from spvrisk.errors import Problem

_UNIT = "check the unit of both"


def funding(study: Study) -> Iterator[Problem]:
    """Limits that do not let through what is announced."""
    terms, at, projects = study.agreement.funding, ("agreement", "funding"), study.projects
    announced = sum(project.budget for project in projects.values())
    if terms.commitment is not None and terms.commitment < announced:
        rule = f"is less than the announced budgets ({announced:g})"
        remedy = "the last notices are cut or dropped: check the unit of both"
        yield Problem.at((*at, "commitment"), rule, shown(terms.commitment), remedy)
    largest = max((project.budget for project in projects.values()), default=0.0)
    if terms.annual_cap is not None and 10 * terms.annual_cap < largest:
        rule = f"is less than a tenth of the largest budget ({largest:g})"
        yield Problem.at((*at, "annual_cap"), rule, shown(terms.annual_cap), _UNIT)
    for name, project in projects.items():
        if terms.deadline is not None and project.notice_date > terms.deadline:
            rule = f"lies after the deadline for notices ({terms.deadline})"
            yield Problem.at(("projects", name, "notice_date"), rule, shown(project.notice_date), "check both dates")


def take_up(study: Study, measure: Measure) -> Iterator[Problem]:
    """A ceiling that does not let through what is announced."""
    law, announced = study.agreement.funding.take_up, sum(project.budget for project in study.projects.values())
    found = measure(law) if law is not None else None
    if found is not None and found.mean < announced:
        rule = f"has a mean below the announced budgets ({announced:g})"
        yield Problem.at(("agreement", "funding", "take_up"), rule, f"{found.mean:.6g}", _UNIT)


def decisions(study: Study) -> Iterator[Problem]:
    """Decisions that never come to an end, and triggers that nothing pulls."""
    decision, at = study.agreement.funding.decision, ("agreement", "funding", "decision")
    if decision is None:
        return
    shares = decision.by_state.values()
    if all(share.delay == 1 for share in shares):
        yield Problem.at((*at, "by_state"), "delays in every state", "", "nothing is ever paid")
    if decision.triggers and all(share.decline == 0 for share in shares):
        yield Problem.at((*at, "triggers"), "no state ever declines", "", "take them out, or add decline")


def pipelines(study: Study) -> Iterator[Problem]:
    """Arrivals that never come, or are more than may come; sizes in another unit."""
    deadline, head = study.agreement.funding.deadline, study.study
    for name, pipeline in study.pipelines.items():
        at = ("pipelines", name)
        largest = pipeline.size.bounds()[1]
        if pipeline.min_size > largest:
            rule = f"is above the largest size ({largest:g})"
            yield Problem.at((*at, "min_size"), rule, shown(pipeline.min_size), _UNIT)
        if pipeline.arrivals_per_year == 0:
            yield Problem.at(
                (*at, "arrivals_per_year"), "lets no project arrive", "0", "take the pipeline out, or raise it"
            )
        years = head.horizon_years
        if deadline is not None:
            years = min(years, max((deadline - head.value_date).days / 365.25, 0.0))
        expected = pipeline.arrivals_per_year * years
        most = math.ceil(expected + 3 * math.sqrt(expected))
        if most > pipeline.max_count:
            rule = f"may be too few: {expected:.3g} arrivals are expected, up to {most} likely"
            yield Problem.at((*at, "max_count"), rule, shown(pipeline.max_count), f"raise it to {most}, or say why not")
