"""What a study comes to before a path is drawn, as figures: dates, laws beside their tables, correlations."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

import numpy as np

from spvrisk.catalogue import phrase
from spvrisk.config.laws import Law
from spvrisk.config.study import Study
from spvrisk.config.study.projects import ProjectTemplate
from spvrisk.plan.calendar import date_of, make_grid
from spvrisk.plan.compile_factors import correlation_of
from spvrisk.plan.compile_projects import schedules
from spvrisk.plan.compile_selection import due_dates
from spvrisk.plan.copula import innovation_correlation
from spvrisk.plan.laws import LawReport
from spvrisk.plan.tables import TableBook


class ProjectDates(NamedTuple):
    """Days of a project if all goes to plan."""

    notice: date
    due: date
    start: date
    completion: date


SCHEME = phrase("agreement")
"""Owner of the laws that belong to no project."""


class OwnedLaw(NamedTuple):
    """A law with the table that stands for it."""

    owner: str
    quantity: str
    family: str
    report: LawReport


class Pair(NamedTuple):
    """Correlation of two factors.

    Attributes
    ----------
    first, second
        The factors.
    entered
        What the study says.
    used
        What it is repaired to, if anything.
    score
        Of the normal scores, the entry of the matrix R.
    innovation
        Of the innovations, which the copula makes of the scores.
    """

    first: str
    second: str
    entered: float
    used: float
    score: float
    innovation: float


def project_dates(study: Study) -> dict[str, ProjectDates]:
    """Dates of each project."""
    head, due, planned = study.study, due_dates(study), completion_years(study)
    grid = make_grid(head.value_date, head.steps, head.steps_per_year)
    out = {}
    for name, project in study.projects.items():
        first = max(due[name], project.construction.planned_start or due[name])
        completion = date_of(grid, head.value_date, planned[name])
        out[name] = ProjectDates(project.notice_date, due[name], first, completion)
    return out


def completion_years(study: Study) -> dict[str, float]:
    """Planned completion of each project, years from the value date."""
    head = study.study
    starts = schedules(study, make_grid(head.value_date, head.steps, head.steps_per_year))
    return {name: starts[name].start + each.construction.longest_years for name, each in study.projects.items()}


def law_reports(study: Study, book: TableBook) -> list[OwnedLaw]:
    """Every law of the study beside its table; `book` is the compiled study's, which has them all."""
    return [
        OwnedLaw(owner, quantity, law.family, book.report(book.add(law)))
        for owner, quantity, law in _owned(study)
        if law is not None
    ]


def _owned(study: Study) -> Iterator[tuple[str, str, Law | None]]:
    funding = study.agreement.funding
    yield SCHEME, phrase("slip, business days"), funding.slip
    yield SCHEME, phrase("take-up"), funding.take_up
    for name, project in study.projects.items():
        certain = project.go_ahead is None or project.go_ahead.size_share.bounds() == (1.0, 1.0)
        yield name, phrase("size share"), None if certain or project.go_ahead is None else project.go_ahead.size_share
        yield from ((name, quantity, law) for quantity, law in _of_project(project))
    for name, pipeline in study.pipelines.items():
        yield name, phrase("size"), pipeline.size
        yield from ((name, quantity, law) for quantity, law in _of_project(pipeline.template))


def _of_project(project: ProjectTemplate) -> Iterator[tuple[str, Law | None]]:
    c, o = project.construction, project.operation
    yield phrase("start delay, years"), c.start_delay
    yield phrase("overrun"), c.overrun
    yield phrase("uplift"), c.uplift
    yield phrase("duration"), c.duration
    yield phrase("review threshold"), c.review.threshold if c.review else None
    yield phrase("subscribed share"), c.subscription.share if c.subscription else None
    yield phrase("salvage"), c.salvage
    yield phrase("shortfall"), c.shortfall
    key, load = o.load
    yield key, load.law
    yield phrase("contract price"), o.contract.price if o.contract else None
    yield phrase("contracted share"), o.contract.share if o.contract else None
    yield phrase("developer's fee"), o.developer_fee.amount if o.developer_fee else None


def pairs(study: Study) -> list[Pair]:
    """Correlations that the study names, in its order."""
    names, matrix = correlation_of(study)
    position = {name: i for i, name in enumerate(names)}
    used = study.correlation.used_pairs
    named = [(a, b, value) for a, row in study.correlation.pairs.items() for b, value in row.items()]
    scores = np.array([matrix[position[a], position[b]] for a, b, _ in named])
    nu = study.correlation.degrees_of_freedom
    reached = scores if nu is None or not named else innovation_correlation(scores, nu)
    return [
        Pair(a, b, value, used[a][b], float(score), float(got))
        for (a, b, value), score, got in zip(named, scores, reached, strict=True)
    ]


def smallest_eigenvalue(study: Study) -> float:
    """Smallest eigenvalue of the scores' correlation matrix; 1 without stochastic factors."""
    _, matrix = correlation_of(study)
    return float(np.linalg.eigvalsh(matrix)[0]) if matrix.size else 1.0
