"""Names that go with the arrays of a plan.

Series are ordered by unit (projects and pipelines in config order, then the portfolio), within a unit as in
`spvrisk.plan.outputs`, then the scheme's.
"""

from datetime import date, timedelta
from functools import cached_property
from typing import NamedTuple

from spvrisk.plan.inputs import BY_NAME as INPUTS
from spvrisk.plan.inputs import FACTOR, OFFTAKER, PROJECT
from spvrisk.plan.outputs import EVENT, KNOWN, REGIME, SCHEME, UNIT, Output, existing, step_rows, viewed


class _Names(NamedTuple):
    title: dict[str, str]
    currency: str
    money_unit: float
    local_currency: str
    projects: tuple[str, ...]
    pipelines: tuple[str, ...]
    project_titles: dict[str, dict[str, str]]
    regimes: tuple[tuple[str, tuple[str, ...]], ...]
    events: tuple[tuple[str, tuple[str, ...]], ...]
    factors: tuple[str, ...]
    value_date: str
    step_ends: tuple[str, ...]
    steps_per_year: int
    features: tuple[str, ...] = ()
    offtakers: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = KNOWN


class Labels(_Names):
    """Names that go with the arrays of a plan.

    Attributes
    ----------
    title : dict
        Study title by language.
    currency, money_unit
        ISO code of the study's money, and how many currency units make one unit of money.
    local_currency
        Currency of ``npv_funder_local`` (the study's where the funder has no other).
    projects
        Projects, then pipelines, in config order: the units of results beside the portfolio.
    project_titles
        Titles by project or pipeline, by language.
    pipelines
        Those of them that are pipelines, whose values are sums over projects.
    regimes
        ``(regime, states)`` in config order.
    events
        ``(event, outcomes)`` in config order.
    factors
        Factor names in config order.
    value_date
        ISO date.
    step_ends
        ISO date of each step's end, the day on which the next one begins, ``(step,)``.
    steps_per_year
        1, 2, 4 or 12.
    features
        What the study has of the features on which outputs depend, see `spvrisk.plan.outputs`.
    offtakers
        Those that may default, in config order.
    inputs
        Inputs that the study has, see `spvrisk.plan.inputs`.
    outputs
        Names in the table of outputs, when the labels were made: a result of an older version has no others.
    """

    @cached_property
    def quantities(self) -> tuple[str, ...]:
        """Quantities of a project and of the portfolio, in the order of the kernel's rows."""
        return tuple(output.name for output in self._existing(UNIT))

    @cached_property
    def timeline(self) -> tuple[str, ...]:
        """Rows of the timeline, in the order of the kernel's."""
        return tuple(name for name in step_rows(self.features) if name in self.outputs)

    @cached_property
    def scheme(self) -> tuple[str, ...]:
        """Names of the scheme's quantities, in the order of the kernel's rows."""
        return (
            *(output.name for output in self._existing(SCHEME)),
            *(output.name.format(name) for output in self._existing(REGIME) for name, _ in self.regimes),
            *(output.name.format(name) for output in self._existing(EVENT) for name, _ in self.events),
        )

    @cached_property
    def series(self) -> tuple[tuple[str, str], ...]:
        """``(unit, quantity)`` of each series; the units are project names, ``portfolio`` and ``scheme``."""
        units = (*self.projects, "portfolio")
        return (
            *((unit, quantity) for unit in units for quantity in self.quantities),
            *(("scheme", quantity) for quantity in self.scheme),
        )

    @cached_property
    def announced(self) -> tuple[str, ...]:
        """Projects that are no pipelines."""
        return self.projects[: len(self.projects) - len(self.pipelines)]

    @cached_property
    def step_years(self) -> tuple[int, ...]:
        """Calendar year that each step counts into: that of its last day, so that 1 January ends the year before."""
        return tuple((date.fromisoformat(text) - timedelta(days=1)).year for text in self.step_ends)

    def columns(self, name: str) -> tuple[str, ...]:
        """Projects, factors or offtakers of which an input is.

        Parameters
        ----------
        name
            Of the input.
        """
        named = {PROJECT: self.announced, FACTOR: self.factors, OFFTAKER: self.offtakers}
        return named[INPUTS[name].of]

    @cached_property
    def states(self) -> dict[str, tuple[str, ...]]:
        """States or outcomes that the codes 0, 1, ... of a scheme's quantity stand for, by quantity."""
        named = {REGIME: self.regimes, EVENT: self.events}
        return {
            output.name.format(name): states
            for of, pairs in named.items()
            for output in self._existing(of)
            for name, states in pairs
        }

    def viewed(self, view: str) -> dict[str, str]:
        """Heads of a table of the summary by output; see `spvrisk.plan.outputs.viewed`.

        Parameters
        ----------
        view
            Its name.
        """
        return {name: head for name, head in viewed(view, self.features).items() if name in self.outputs}

    def _existing(self, of: str) -> list[Output]:
        return [output for output in existing(of, self.features) if output.name in self.outputs]
