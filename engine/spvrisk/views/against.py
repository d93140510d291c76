"""A result held against a table of reference values, row by row."""

from math import floor, log10

from spvrisk.measures.against import Against, Check
from spvrisk.views.figures import Cell, Column, Figures, Row, defined, said
from spvrisk.views.words import counted, money_name


def against(found: Against) -> Figures:
    """Give the table: rows that are outside first.

    Parameters
    ----------
    found
        As from `held_against`.
    """
    outside = [check for check in found.checks if not check.inside]
    inside = [check for check in found.checks if check.inside]
    rows = [
        Row(check.reference.measure.text, _cells(check), head=head)
        for head, checks in (("outside", outside), ("inside", inside))
        for check in checks
    ]
    columns = (Column("result"), Column("table"), Column("difference"), Column("allowed"), Column("errors", "+.1f"))
    money, counts = money_name(found.result.labels), counted(len(found.checks), "row")
    verdict = f"{counts}, {len(outside)} outside" if outside else f"{counts}, all inside"
    notes = (
        said("{}, {:path}, against {}: {}.", found.result.name, found.result.n_paths, found.table, verdict),
        said("Errors: the difference in its standard errors. Probabilities are fractions."),
    )
    return Figures(f"Result less table; money in {money}", columns, tuple(rows), notes, unit=money)


def _cells(check: Check) -> tuple[Cell, ...]:
    figures = (check.value, check.reference.value, check.allowed, check.in_errors)
    value, table, allowed, errors = (defined(figure) for figure in figures)
    return value, table, _signed(defined(check.difference)), allowed, errors


def _signed(difference: float | None) -> Cell:
    """A difference with its sign and four digits."""
    if not difference or abs(difference) == float("inf"):
        return difference
    return said(f"{{:+,.{max(0, 3 - floor(log10(abs(difference))))}f}}", difference)
