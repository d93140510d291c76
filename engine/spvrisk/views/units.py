"""Tables with a row for the portfolio and one for each project."""

from collections.abc import Callable, Iterable, Mapping

from spvrisk.dataset.read import Result
from spvrisk.plan.names import Labels
from spvrisk.views.figures import Cell, Column, Figures, Row, mean_of
from spvrisk.views.words import money_name


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
    return {"portfolio": rows.pop("portfolio"), **rows}


def by_unit(labels: Labels, cells: Callable[[str], Iterable[Cell]]) -> tuple[Row, ...]:
    """Give a row for the portfolio and one for each project, with what `cells` has for them.

    Parameters
    ----------
    labels
        Of the result.
    cells
        Gives the cells of a unit's row.
    """
    return tuple(Row(unit, tuple(cells(unit)), apart=unit == "portfolio") for unit in ("portfolio", *labels.projects))


def means(result: Result, title: str, named: Mapping[str, str]) -> Figures:
    """Means of some quantities in money.

    Parameters
    ----------
    result
        The result.
    title
        Of the table, without the unit of money.
    named
        Head of the column by quantity.
    """
    labels, money = result.labels, money_name(result.labels)
    rows = [rows_of(labels, name) for name in named]
    columns = tuple(Column(head) for head in named.values())
    cells = by_unit(labels, lambda unit: (mean_of(result.summary, row[unit]) for row in rows))
    return Figures(f"{title}, {money}", columns, cells, unit=money)
