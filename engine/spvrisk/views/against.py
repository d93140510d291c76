"""A result held against a table of reference values, row by row."""

from math import floor, log10

from spvrisk.measures.against import Against, Check
from spvrisk.views.figures import Cell, Column, Figures, Note, Row, defined, heads, said
from spvrisk.views.words import money_in, money_name


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
        for head, checks in ((Note("outside"), outside), (Note("inside"), inside))
        for check in checks
    ]
    columns = (*heads("result", "table", "difference", "allowed"), Column(Note("errors"), "+.1f"))
    labels, counts = found.result.labels, len(found.checks)
    verdict = said("{:row}, {:d} outside", counts, len(outside)) if outside else said("{:row}, all inside", counts)
    notes = (
        said("{}, {:path}, against {}: {}.", found.result.name, found.result.n_paths, found.table, verdict),
        said("Errors: the difference in its standard errors. Probabilities are fractions."),
    )
    title = said("Result less table; money in {}", money_in(labels))
    return Figures(title, columns, tuple(rows), notes, unit=money_name(labels))


def _cells(check: Check) -> tuple[Cell, ...]:
    figures = (check.value, check.reference.value, check.allowed, check.in_errors)
    value, table, allowed, errors = (defined(figure) for figure in figures)
    return value, table, _signed(defined(check.difference)), allowed, errors


def _signed(difference: float | None) -> Cell:
    """A difference with its sign and four digits."""
    if not difference or abs(difference) == float("inf"):
        return difference
    return f"{difference:+,.{max(0, 3 - floor(log10(abs(difference))))}f}"
