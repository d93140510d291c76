"""What the worst paths of a result have in common, by any number that its study has."""

from spvrisk.dataset.read import Result
from spvrisk.errors import argument
from spvrisk.experiments.values import Series, values_by_path
from spvrisk.measures.named import series_named
from spvrisk.measures.tail import Tail, check_share, side_of, tail
from spvrisk.plan.outputs import BY_NAME, PORTFOLIO, SUM
from spvrisk.runner.execute import Announce


def worst_paths(result: Result, of: str, share: float, side: str | None, announce: Announce) -> Tail:
    """Find what the worst paths have in common.

    Parameters
    ----------
    result
        The result.
    of
        ``[unit/]quantity`` by which paths are the worst: a number.
    share
        How many of the paths on which it is defined, in (0, 0.5].
    side
        Which end is bad, ``low`` or ``high``; None where the quantity says so itself.
    announce
        As of `values_by_path`.

    Raises
    ------
    InputError
        There is no such quantity, its values cannot be had, no side is bad, or the worst paths are too few.
    RunError
        As of `values_by_path`.
    """
    check_share(share)
    series = series_named(of, result.labels, argument("of"))
    side = side_of(series, side, result)
    known = values_by_path(result, [series, *_projects(series, result)], announce=announce)
    return tail(result, series, side, share, known)


def _projects(series: Series, result: Result) -> list[Series]:
    """Those of the projects, where they add up to it and cost no replay of their own."""
    unit, quantity = series
    if unit != PORTFOLIO or BY_NAME[quantity].over != SUM:
        return []
    projects = [(project, quantity) for project in result.labels.projects]
    return projects if series not in result.kept or set(projects) <= set(result.kept) else []
