"""Study -> Plan: everything that is known before a path is drawn, as flat arrays."""

from typing import NamedTuple

import numpy as np

from spvrisk.config.study import FixedSplit, Study
from spvrisk.plan.arrays import (
    SPLIT_CUMULATIVE,
    SPLIT_NONE,
    SPLIT_PERIODIC,
    Agreement,
    Grid,
    LawTables,
    Plan,
)
from spvrisk.plan.calendar import make_grid, step_ends
from spvrisk.plan.compile_clock import compile_clock
from spvrisk.plan.compile_factors import compile_factors
from spvrisk.plan.compile_projects import attributes_read, compile_projects
from spvrisk.plan.curves import discount_factors
from spvrisk.plan.names import Labels
from spvrisk.plan.streams import Streams
from spvrisk.plan.tables import TableBook

_MODES = {"periodic": SPLIT_PERIODIC, "cumulative": SPLIT_CUMULATIVE}


class Compiled(NamedTuple):
    """A compiled study."""

    plan: Plan
    labels: Labels


def _agreement(study: Study, grid: Grid) -> Agreement:
    split, funder, host = study.agreement.split, study.parties["funder"], study.parties["host"]
    ends = grid.dt * np.arange(1, grid.steps + 1)
    names = list(study.factors)
    return Agreement(
        mode=SPLIT_NONE if isinstance(split, FixedSplit) else _MODES[split.mode],
        first_share=1.0 if isinstance(split, FixedSplit) else split.first_share,
        second_share=1.0 if isinstance(split, FixedSplit) else split.second_share,
        funder_share=split.funder_share if isinstance(split, FixedSplit) else 0.0,
        reference_factor=-1 if isinstance(split, FixedSplit) else names.index(split.reference_rate),
        carry_bears_interest=int(not isinstance(split, FixedSplit) and split.carry_interest == "deemed_rate"),
        interest_before_completion=int(not isinstance(split, FixedSplit) and split.interest_before_completion),
        fx_factor=names.index(funder.fx) if funder.fx is not None else -1,
        discount_funder=discount_factors(study.curves[funder.discount.study], ends),
        discount_host=discount_factors(study.curves[host.discount.study], ends),
        discount_local=discount_factors(study.curves[funder.discount.local or funder.discount.study], ends),
    )


def _tables(book: TableBook) -> LawTables:
    tables = book.tables()
    return LawTables(tables.law, tables.affine, tables.segment, np.ascontiguousarray(tables.coefficient).ravel())


def compile_study(study: Study) -> Compiled:
    """Compile a checked study.

    Raises
    ------
    InputError
        What only planning can see: dates against the value date, laws that cannot be, a correlation matrix that is not positive definite.
    """
    head = study.study
    grid = make_grid(head.value_date, head.steps, head.steps_per_year)
    streams, book = Streams(), TableBook()
    factors, processes = compile_factors(study, grid, streams, book)
    clock = compile_clock(study, grid, streams, attributes_read(study))
    projects, baskets = compile_projects(study, grid, streams, book, processes)
    plan = Plan(grid, _tables(book), factors, clock, baskets, projects, _agreement(study, grid), float(head.money_unit))
    return Compiled(plan, labels_of(study, grid))


def labels_of(study: Study, grid: Grid) -> Labels:
    """Names that go with a plan's arrays."""
    head = study.study
    return Labels(
        title=head.title.model_dump(exclude_none=True),
        currency=head.currency,
        money_unit=float(head.money_unit),
        local_currency=study.parties["funder"].currency,
        projects=tuple(study.projects),
        project_titles={name: project.title.model_dump(exclude_none=True) for name, project in study.projects.items()},
        layers=tuple((name, tuple(layer.states)) for name, layer in study.layers.items()),
        events=tuple((name, tuple(event.outcomes)) for name, event in study.events.items()),
        factors=tuple(study.factors),
        value_date=head.value_date.isoformat(),
        step_ends=step_ends(grid, head.value_date),
        steps_per_year=head.steps_per_year,
    )
