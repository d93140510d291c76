"""What a study comes to before a path is drawn, as figures: dates, laws beside their tables, correlations."""

from datetime import date
from typing import NamedTuple

import numpy as np

from spvrisk.config.nearest import used_pairs
from spvrisk.config.study import Study
from spvrisk.plan.calendar import date_of, make_grid
from spvrisk.plan.compile_factors import correlation_of
from spvrisk.plan.compile_projects import schedules
from spvrisk.plan.compile_selection import due_dates
from spvrisk.plan.copula import innovation_correlation


class ProjectDates(NamedTuple):
    """Days of a project if all goes to plan."""

    notice: date
    due: date
    start: date
    completion: date


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


def pairs(study: Study) -> list[Pair]:
    """Correlations that the study names, in its order."""
    names, matrix = correlation_of(study)
    position = {name: i for i, name in enumerate(names)}
    used = used_pairs(study.correlation)
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
