"""Tables of a result as pandas' data frames: a row for each number, its error, interval and unit beside it."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas

from spvrisk.catalogue import phrase
from spvrisk.dataset.paths import UNDEFINED_CODE
from spvrisk.dataset.read import Result
from spvrisk.dataset.variables import quantity_of
from spvrisk.errors import InputError, Problem, argument, suggestion
from spvrisk.exports.flows import TIMELINE, timeline_records
from spvrisk.exports.records import Cell, Layout, Record
from spvrisk.exports.statistics import CONDITIONAL, SUMMARY, conditional_records, summary_records
from spvrisk.exports.units import unit_of

_BESIDE = {"_se": "standard_error", "_low": "low", "_high": "high"}
"""Columns of what is said of a statistic, by the ending of its name."""

_OF_RECORDS: dict[str, tuple[Layout, Callable[[Result], list[Record]]]] = {
    "summary": (SUMMARY, summary_records),
    "conditional": (CONDITIONAL, conditional_records),
    "timeline": (TIMELINE, timeline_records),
}

FRAMES = (*_OF_RECORDS, "paths")
"""Tables that there are frames of."""


class Chosen(NamedTuple):
    """Which rows a frame has.

    Attributes
    ----------
    unit, quantity
        Names; None: all.
    """

    unit: Sequence[str] | None = None
    quantity: Sequence[str] | None = None

    def of(self, pairs: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        """Those of units and quantities that are wanted.

        Parameters
        ----------
        pairs
            All units and quantities of the table.

        Returns
        -------
        set
            Some of them.

        Raises
        ------
        InputError
            A name is none of them.
        """
        among = set(pairs)
        _check("unit", self.unit, {unit for unit, _ in among})
        _check("quantity", self.quantity, {quantity for _, quantity in among})
        return {
            (unit, quantity)
            for unit, quantity in among
            if (self.unit is None or unit in self.unit) and (self.quantity is None or quantity in self.quantity)
        }


def _check(field: str, wanted: Sequence[str] | None, known: Collection[str]) -> None:
    for name in wanted or ():
        if name not in known:
            rule = phrase("must be a {} of the table", field)
            raise InputError(Problem(argument(field), "", rule, name, suggestion(name, sorted(known))))


def frame(result: Result, table: str, chosen: Chosen) -> pandas.DataFrame:
    """Give a table as a data frame.

    Parameters
    ----------
    result
        The result.
    table
        One of `FRAMES`.
    chosen
        Its rows.

    Raises
    ------
    InputError
        There is no such unit or quantity.
    """
    return _of_paths(result, chosen) if table == "paths" else _of_records(result, table, chosen)


def _of_records(result: Result, table: str, chosen: Chosen) -> pandas.DataFrame:
    layout, made = _OF_RECORDS[table]
    keys, records = [column.name for column in layout.keys], made(result)
    at = keys.index("unit")  # the quantity stands behind it
    names = [(str(record.keys[at]), str(record.keys[at + 1])) for record in records]
    wanted = chosen.of(names) if names else set()
    errors = () if layout is TIMELINE else tuple(_BESIDE.values())
    columns = (*keys, "statistic", "probability", "value", *errors, "measured_in")
    rows = [
        row for record, name in zip(records, names, strict=True) if name in wanted for row in _rows(record, len(errors))
    ]
    found = pandas.DataFrame(rows, columns=columns).astype(dict.fromkeys(("probability", "value", *errors), float))
    return found.assign(date=pandas.to_datetime(found["date"])) if "date" in keys else found


def _rows(record: Record, n_errors: int) -> Iterator[tuple[Any, ...]]:
    """A row for each statistic of a record, with its error and the ends of its interval."""
    values = {(cell.name, cell.probability): cell.value for cell in record.cells}
    for cell in record.cells:
        if not _is_beside(cell, values):
            beside = tuple(values.get((cell.name + ending, cell.probability)) for ending in _BESIDE)
            yield (*record.keys, cell.name, cell.probability, cell.value, *beside[:n_errors], cell.measured_in)


def _is_beside(cell: Cell, values: Collection[tuple[str, float | None]]) -> bool:
    """Whether a number is the error of another one, or an end of its interval."""
    return any(
        cell.name.endswith(ending) and (cell.name.removesuffix(ending), cell.probability) in values
        for ending in _BESIDE
    )


def _of_paths(result: Result, chosen: Chosen) -> pandas.DataFrame:
    """A row for each path and series, series after series."""
    wanted, first = chosen.of(result.kept), next(iter(result.kept))
    parts = [_of_series(result, *series) for series in result.kept if series in wanted]
    found = pandas.concat(parts or [_of_series(result, *first).iloc[:0]], ignore_index=True)
    return found.astype(dict.fromkeys(("unit", "quantity", "state", "measured_in"), "category"))


def _of_series(result: Result, unit: str, quantity: str) -> pandas.DataFrame:
    """A series: of states and outcomes the codes, and what they stand for beside them."""
    labels, stored = result.labels, result.series(unit, quantity)
    coded = labels.states.get(quantity)
    values, states = stored.astype(float), None
    if coded is not None:
        values[stored == UNDEFINED_CODE] = np.nan
        states = pandas.Categorical.from_codes(stored, coded).astype(object)  # the code -1 is that of nothing
    measured_in = unit_of(quantity_of(unit, quantity, labels), labels)
    numbers = np.arange(result.n_paths, dtype=np.int32)
    columns = {"path": numbers, "unit": unit, "quantity": quantity, "state": states, "value": values}
    return pandas.DataFrame({**columns, "measured_in": measured_in})
