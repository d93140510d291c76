"""Tables of statistics: those of all paths, and those given an outcome or a final state."""

from collections.abc import Iterable, Iterator

import numpy as np

from spvrisk.dataset.read import Result
from spvrisk.dataset.tables import BOUNDS, STATISTICS, ConditionalTable, Statistic, SummaryTable
from spvrisk.dataset.variables import quantity_of, statistics_of
from spvrisk.exports.records import Cell, Layout, Record
from spvrisk.exports.table import TEXT, Column
from spvrisk.exports.units import PURE, unit_of, unit_of_statistic
from spvrisk.plan.names import Labels

_CONTRIBUTION = "expected_shortfall_contribution"
_N_PATHS = "n_paths"
_SHARES = ("share", "share_low", "share_high")
_CONDITION = "condition"

_KEYS = (
    Column("unit", TEXT, "project or pipeline, portfolio, or scheme"),
    Column("quantity", TEXT, "what the statistic is of"),
    Column("state", TEXT, "state of a regime, or outcome of an event, whose share it is; empty of any other statistic"),
)
_CELL = Column("statistic", TEXT, "which statistic")
_CONTRIBUTIONS = (_CONTRIBUTION, f"{_CONTRIBUTION}_se")
_ORDER = (_N_PATHS, *(statistic.name for statistic in (*STATISTICS, *BOUNDS)), *_CONTRIBUTIONS, *_SHARES)

SUMMARY = Layout("summary", _KEYS, _CELL, True, _ORDER)

CONDITIONAL = Layout(
    "conditional", (Column(_CONDITION, TEXT, "what is given"), *_KEYS), _CELL, with_probability=True, order=_ORDER
)


def summary_records(result: Result) -> list[Record]:
    """Statistics of every series over all paths.

    Parameters
    ----------
    result
        The result.
    """
    return list(_records(result.summary, result.labels, ()))


def conditional_records(result: Result) -> list[Record]:
    """Probability of each condition, and the statistics of every series over its paths.

    Parameters
    ----------
    result
        The result; without events and regimes there is no condition.
    """
    table, found = result.conditional, []
    for c, name in enumerate(table.names):
        found.append(Record((name, "scheme", _CONDITION, None), PURE, _of_condition(table, c)))
        found += _records(table.tables[c], result.labels, (name,))
    return found


def _of_condition(table: ConditionalTable, c: int) -> tuple[Cell, ...]:
    """How many paths meet a condition, and the probability that they do."""
    shares = (table.share[c], table.share_low[c], table.share_high[c])
    return (Cell(_N_PATHS, float(table.n_paths[c]), "paths"), *_share_cells(shares))


def _share_cells(shares: Iterable[float]) -> tuple[Cell, ...]:
    return tuple(Cell(name, float(share), PURE) for name, share in zip(_SHARES, shares, strict=True))


def _records(table: SummaryTable, labels: Labels, first: tuple[str, ...]) -> Iterator[Record]:
    """Records of a table, with keys that begin with `first`."""
    for s, (unit, quantity) in enumerate(labels.series):
        measured_in = unit_of(quantity_of(unit, quantity, labels), labels)
        cells = _cells(table, s, quantity, measured_in, labels)
        if quantity == "npv_funder" and unit in labels.projects:
            p = labels.projects.index(unit)
            for name, parts in zip(_CONTRIBUTIONS, (table.contribution, table.contribution_se), strict=True):
                values = zip(table.levels, parts[p], strict=True)
                cells += tuple(Cell(name, float(x), measured_in, float(level)) for level, x in values)
        yield Record((*first, unit, quantity, None), measured_in, cells)
        ends = (table.shares, table.shares_low, table.shares_high)
        for q, state in enumerate(labels.states.get(quantity) or ()):
            shares = (end[quantity][q] for end in ends)
            yield Record((*first, unit, quantity, state), PURE, _share_cells(shares))


def _cells(table: SummaryTable, s: int, quantity: str, measured_in: str, labels: Labels) -> tuple[Cell, ...]:
    """Statistics that a series has."""
    return tuple(
        Cell(statistic.name, float(value), unit_of_statistic(statistic.name, statistic.pure, measured_in), probability)
        for statistic in statistics_of(quantity, labels, table.exact)
        for probability, value in zip(
            _probabilities(table, statistic), np.atleast_1d(getattr(table, statistic.name)[s]), strict=True
        )
    )


def _probabilities(table: SummaryTable, statistic: Statistic) -> list[float | None]:
    texts = {"quantile": table.quantiles, "level": table.levels}.get(statistic.dim)
    return [None] if texts is None else [float(text) for text in texts]
