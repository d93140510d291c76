"""Tables with a row for the portfolio and one for each project."""

from collections.abc import Callable, Iterable

from spvrisk.dataset.read import Result
from spvrisk.plan.names import Labels
from spvrisk.plan.outputs import BY_NAME, PORTFOLIO
from spvrisk.views.figures import Cell, Column, Figures, Note, Row, mean_of, said
from spvrisk.views.words import money_in, money_name, unit_named


def rows_of(labels: Labels, quantity: str) -> dict[str, int]:
    """Rows of a quantity's series by unit, the portfolio first.

    Parameters
    ----------
    labels
        Of the result.
    quantity
        Name of an output.
    """
    rows = {unit: s for s, (unit, name) in enumerate(labels.series) if name == quantity}
    return {PORTFOLIO: rows.pop(PORTFOLIO), **rows}


def by_unit(labels: Labels, cells: Callable[[str], Iterable[Cell]]) -> tuple[Row, ...]:
    """Give a row for the portfolio and one for each project, with what `cells` has for them.

    Parameters
    ----------
    labels
        Of the result.
    cells
        Gives the cells of a unit's row.
    """
    units = (PORTFOLIO, *labels.projects)
    return tuple(Row(unit_named(labels, unit), tuple(cells(unit)), apart=unit == PORTFOLIO) for unit in units)


def heads_of(names: Iterable[str]) -> tuple[Column, ...]:
    """Give columns of outputs, under their heads in the tables of the summary.

    Parameters
    ----------
    names
        Of the quantities.
    """
    return tuple(Column(Note(BY_NAME[name].head)) for name in names)


def means(result: Result, title: str, names: Iterable[str]) -> Figures:
    """Means of some quantities in money.

    Parameters
    ----------
    result
        The result.
    title
        Of the table, with braces for the unit of money.
    names
        Of the quantities, a column each.
    """
    labels = result.labels
    columns = {name: rows_of(labels, name) for name in names}
    rows = list(columns.values())
    cells = by_unit(labels, lambda unit: (mean_of(result.summary, row[unit]) for row in rows))
    return Figures(said(title, money_in(labels)), heads_of(columns), cells, unit=money_name(labels))
