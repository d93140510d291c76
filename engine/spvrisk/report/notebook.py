"""What notebooks show of what Python's callers are given: the tables of the command."""

from collections.abc import Iterable

from spvrisk.experiments.goal import Goal
from spvrisk.experiments.scenarios import Scenarios
from spvrisk.report.html import table
from spvrisk.report.markup import Html, concatenated
from spvrisk.views.figures import Figures
from spvrisk.views.goal import goal
from spvrisk.views.what_ifs import what_ifs


class ScenariosShown(Scenarios):
    """Scenarios that a notebook shows."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return _tables(what_ifs(self))


class GoalShown(Goal):
    """A goal that a notebook shows."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return _tables(goal(self))


def _tables(figures: Iterable[Figures]) -> Html:
    return concatenated(*map(table, figures))
