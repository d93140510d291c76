"""How likely the projects of a result are completed within a cost and by a date."""

from datetime import date
from typing import NamedTuple

from spvrisk.catalogue import phrase
from spvrisk.config.study import Study
from spvrisk.dataset.read import Result
from spvrisk.errors import InputError, Problem, argument, suggestion
from spvrisk.experiments.trace import study_of
from spvrisk.experiments.values import values_by_path
from spvrisk.measures.delivery import Delivery, Pair, Probability, delivery_of, frontier, held
from spvrisk.measures.order import Percentile, percentiles
from spvrisk.plan.calendar import Grid, date_of, make_grid
from spvrisk.plan.overview import completion_years
from spvrisk.runner.execute import Announce, Progress
from spvrisk.runner.on import THREADS, On

DEFAULT_LEVELS, DEFAULT_JOINT = ("0.5", "0.7", "0.8", "0.9"), "0.7"
"""P50 to P90; the joint confidence at which NASA's projects are budgeted."""

_QUANTITIES = ("funded", "cost", "cost_overrun", "delay_months")
"""As `delivery_of` takes them."""


class Plan(NamedTuple):
    """What was planned of a project, and dates from its delays.

    Attributes
    ----------
    budget
        In the study's money; that of a path may be a share of it.
    completion_years
        Planned completion, years from the value date.
    grid, value_date
        Of the study.
    """

    budget: float
    completion_years: float
    grid: Grid
    value_date: date

    def date(self, delay: float = 0.0) -> date:
        """Day of completion.

        Parameters
        ----------
        delay
            Months against plan, finite.
        """
        return date_of(self.grid, self.value_date, max(self.completion_years + delay / 12.0, 0.0))


class Delivered(NamedTuple):
    """What was planned of a project, and what became of it on the paths that fund it."""

    project: str
    plan: Plan
    delivery: Delivery


class Confidence(NamedTuple):
    """Cost and completion of a project, of the paths on which it was funded.

    Attributes
    ----------
    project
        Its name.
    plan
        What was planned.
    funded
        Paths on which it was funded.
    completed, within_budget, on_time, joint
        Probability that it is completed; and at no more than was budgeted on the path; by the planned date; both.
    cost, delay
        Percentiles by level, those of delay in months.
    costs, delays
        Axes of the grid: percentiles of the completed paths.
    grid
        Probability that both are held, ``grid[cost][delay]``.
    frontier
        Pairs of cost and delay that are held jointly with the probability asked for.
    """

    project: str
    plan: Plan
    funded: int
    completed: Probability
    within_budget: Probability
    on_time: Probability
    joint: Probability
    cost: tuple[Percentile, ...]
    delay: tuple[Percentile, ...]
    costs: tuple[Percentile, ...]
    delays: tuple[Percentile, ...]
    grid: tuple[tuple[Probability, ...], ...]
    frontier: tuple[Pair, ...]


class Confidences(NamedTuple):
    """Cost and completion of the projects of a result.

    Attributes
    ----------
    result
        The result.
    projects
        Announced ones that were asked for.
    level
        Probability of the frontiers, a decimal string.
    completed_only
        Whether percentiles leave out paths on which a project is never completed; else these count as never.
    plan_moves
        Whether the planned dates themselves differ by path, because a yearly cap makes notices wait.
    """

    result: Result
    projects: tuple[Confidence, ...]
    level: str
    completed_only: bool
    plan_moves: bool


def confidence(
    result: Result,
    project: str | None,
    levels: tuple[str, ...],
    level: str,
    completed_only: bool,
    on: On = THREADS,
    progress: Progress = lambda _: None,
    announce: Announce = lambda _: None,
) -> Confidences:
    """Give percentiles of cost and completion, and joint confidence, of announced projects.

    Parameters
    ----------
    result
        The result.
    project
        One of them; None: all.
    levels
        Of the percentiles and the grid, decimal strings in (0, 1).
    level
        Of the frontier.
    completed_only
        As in `Confidences`.
    on, progress, announce
        As of `values_by_path`.

    Raises
    ------
    InputError
        There is no such project, or values cannot be had.
    RunError
        As of `values_by_path`; or the result's study does not suit this version.
    """
    names, study = announced(result, project), study_of(result)
    all_delivered = delivered(result, study, names, on, progress, announce)
    found = tuple(_of_project(each, levels, level, completed_only) for each in all_delivered)
    return Confidences(result, found, level, completed_only, study.agreement.funding.annual_cap is not None)


def delivered(
    result: Result,
    study: Study,
    names: tuple[str, ...],
    on: On = THREADS,
    progress: Progress = lambda _: None,
    announce: Announce = lambda _: None,
) -> tuple[Delivered, ...]:
    """Give cost and delay of projects on the paths that fund them, beside what was planned.

    Parameters
    ----------
    result
        The result.
    study
        That it was made of.
    names
        Of announced projects.
    on, progress, announce
        As of `values_by_path`.

    Raises
    ------
    InputError, RunError
        As of `values_by_path`.
    """
    wanted = [(name, quantity) for name in names for quantity in _QUANTITIES]
    values = values_by_path(result, wanted, on, progress, announce)
    plans = _plans(study)
    return tuple(
        Delivered(name, plans[name], delivery_of(*(values[name, quantity] for quantity in _QUANTITIES)))
        for name in names
    )


def announced(result: Result, project: str | None) -> tuple[str, ...]:
    """Give the projects that are asked for, of which each has a budget and a date; a pipeline has many.

    Parameters
    ----------
    result
        The result.
    project
        One of them; None: all.

    Raises
    ------
    InputError
        There is no such project, or none at all.
    """
    known = result.labels.announced
    if project is None and known:
        return known
    if project not in known:
        rule, got = "must be an announced project", phrase("nothing") if project is None else project
        remedy = suggestion(got, known) if known else "pipelines have no one budget and date"
        raise InputError(Problem(argument("project"), "", rule, got, remedy))
    return (project,)


def _plans(study: Study) -> dict[str, Plan]:
    head, years = study.study, completion_years(study)
    grid = make_grid(head.value_date, head.steps, head.steps_per_year)
    return {name: Plan(project.budget, years[name], grid, head.value_date) for name, project in study.projects.items()}


def _of_project(own: Delivered, levels: tuple[str, ...], level: str, completed_only: bool) -> Confidence:
    name, plan, delivery = own
    completed = delivery.completed
    shown = completed if completed_only else delivery
    costs, delays = percentiles(completed.cost, levels), percentiles(completed.delay, levels)
    return Confidence(
        name,
        plan,
        delivery.cost.size,
        held(delivery),
        held(delivery, overrun=0.0),
        held(delivery, delay=0.0),
        held(delivery, overrun=0.0, delay=0.0),
        percentiles(shown.cost, levels),
        percentiles(shown.delay, levels),
        costs,
        delays,
        tuple(tuple(held(delivery, cost=cost.value, delay=delay.value) for delay in delays) for cost in costs),
        frontier(delivery, level),
    )
