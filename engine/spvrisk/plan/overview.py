"""What a study comes to before a path is drawn, as figures: dates, laws beside their tables, correlations."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

import numpy as np

from spvrisk.config.laws import Law
from spvrisk.config.study import Study
from spvrisk.config.study.projects import Project
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


class LawOfProject(NamedTuple):
    """A law with the table that stands for it."""

    project: str
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
    head, due = study.study, due_dates(study)
    grid = make_grid(head.value_date, head.steps, head.steps_per_year)
    out = {}
    for (name, project), (_, start) in zip(study.projects.items(), schedules(study, grid).values(), strict=True):
        first = max(due[name], project.construction.planned_start or due[name])
        completion = date_of(grid, head.value_date, start + project.construction.longest_years)
        out[name] = ProjectDates(project.notice_date, due[name], first, completion)
    return out


def law_reports(study: Study, book: TableBook) -> list[LawOfProject]:
    """Every law of the projects beside its table; `book` is the compiled study's, which has them all."""
    return [
        LawOfProject(name, quantity, law.family, book.report(book.add(law)))
        for name, project in study.projects.items()
        for quantity, law in _laws(project)
    ]


def _laws(project: Project) -> Iterator[tuple[str, Law]]:
    yield "overrun", project.construction.overrun
    yield "duration", project.construction.duration
    yield "availability", project.operation.availability.law
    if project.operation.contract is not None:
        yield "contract price", project.operation.contract.price
        yield "contracted share", project.operation.contract.share


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
