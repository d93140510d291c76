"""Tables of reference values: CSV, a measure a row, read and written."""

import os
from collections.abc import Iterable, Iterator, Sequence
from math import isfinite, isnan
from pathlib import Path

import numpy as np

from spvrisk.catalogue import phrase
from spvrisk.config.base import shown
from spvrisk.config.reading.nodes import Place
from spvrisk.config.reading.numerals import number_remedy
from spvrisk.config.reading.tables import Table as Cells
from spvrisk.config.reading.tables import read_table
from spvrisk.dataset.appearing import appearing
from spvrisk.dataset.read import Result
from spvrisk.errors import InputError, Problem, argument, suggestion
from spvrisk.experiments.planned import default_measures, measures_of
from spvrisk.exports.csv_file import csv_kind, write_csv
from spvrisk.exports.scenarios import unit_of_measure
from spvrisk.exports.table import TEXT, Batch, Column, Table
from spvrisk.files import NotPlainError, read_plain
from spvrisk.measures.against import Reference, Tolerance
from spvrisk.measures.held import held
from spvrisk.measures.named import Measure, measure_of, number_of
from spvrisk.plan.names import Labels

_COLUMNS = (
    Column("measure", TEXT, "[unit/]quantity:statistic[@level]"),
    Column("value", "<f8", "the measure"),
    Column("standard_error", "<f8", "its Monte Carlo error; empty: exact"),
    Column("tolerance", TEXT, "allowed difference, in the measure's unit or as 1%; empty: 3 standard errors"),
    Column("measured_in", TEXT, "unit of value, standard error and tolerance"),
)
_NAMES = tuple(column.name for column in _COLUMNS)
_NEEDED = ("measure", "value")

_MOST_BYTES = 16 << 20


def read_references(path: str | os.PathLike[str], labels: Labels) -> tuple[Reference, ...]:
    """Read a table of reference values.

    Parameters
    ----------
    path
        CSV file with the columns measure and value; standard_error, tolerance and measured_in as far as they are known.
    labels
        Of the result that is held against it.

    Raises
    ------
    InputError
        With every row that cannot be read, by file and line.
    """
    table = read_table(_text(Path(path)), Path(path).name)
    if not set(_NEEDED) <= set(table.header) and len(set(table.header) - set(_NAMES)) > 1:
        rule, remedy = "must have the columns measure and value", "`spvrisk compare --save-table` writes such a table"
        raise InputError(Problem(str(Place(table.file, 1)), "", rule, ",".join(table.header), remedy))
    problems = [
        Problem(
            str(Place(table.file, 1)),
            "",
            phrase("{} is not a column of such a table", name),
            "",
            suggestion(name, _NAMES),
        )
        for name in table.header
        if name not in _NAMES
    ]
    problems += [
        Problem(
            str(Place(table.file, 1)), "", phrase("has no column {}", name), ",".join(table.header), "name a column so"
        )
        for name in _NEEDED
        if name not in table.header
    ]
    problems += [
        Problem(str(Place(table.file, 1)), "", phrase("has the column {} twice", name), "", "keep one of them")
        for name in dict.fromkeys(table.header)
        if table.header.count(name) > 1
    ]
    if problems:
        raise InputError(problems)
    if not table.rows:
        raise InputError(Problem(str(Place(table.file, 1)), "", "has no rows", "", "write a measure a row"))
    return _Rows(table, labels).references()


def _text(path: Path) -> str:
    """Content of the table's file."""
    try:
        content = read_plain(path, _MOST_BYTES)
    except NotPlainError:
        rule = phrase("must be a plain file of at most {} MiB", _MOST_BYTES >> 20)
        raise InputError(Problem(str(path), "", rule, "", "name a CSV table")) from None
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "not a file name").lower()
        raise InputError(Problem(str(path), "", phrase("cannot be read: {}", reason), "", "check the path")) from None
    if content.startswith(b"\x89HDF"):
        remedy = "name both results, without --against"
        raise InputError(Problem(str(path), "", "must be a CSV table", phrase("a result file (HDF5)"), remedy))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        rule = "must be a CSV table in UTF-8"
        raise InputError(Problem(str(path), "", rule, phrase("other bytes"), "save it as CSV in UTF-8")) from None


class _Rows:
    """Reads rows; what is wrong is kept, so that all of it is told at once."""

    def __init__(self, table: Cells, labels: Labels) -> None:
        self.table, self.labels = table, labels
        self.problems: list[Problem] = []
        self.seen: dict[str, int] = {}

    def references(self) -> tuple[Reference, ...]:
        header, rows = self.table.header, self.table.rows
        found = [self.reference(line, dict(zip(header, cells, strict=True))) for line, cells in rows]
        if self.problems:
            raise InputError(self.problems)
        return tuple(each for each in found if each is not None)

    def reference(self, line: int, row: dict[str, str]) -> Reference | None:
        """A row, or None with what is wrong with it."""
        try:
            measure = measure_of(row["measure"], self.labels, str(Place(self.table.file, line)))
        except InputError as error:
            self.problems += error.problems
            return None
        self.once(line, measure)
        self.unit(line, measure, row.get("measured_in", ""))
        value = self.number(line, "value", row["value"])
        spread = self.at_least_0(line, "standard_error", row.get("standard_error", ""))
        return Reference(measure, value, spread, self.tolerance(line, row.get("tolerance", "")))

    def wrong(self, line: int, column: str, rule: str, value: str, remedy: str) -> None:
        place = Place(self.table.file, line, self.table.header.index(column) + 1)
        self.problems.append(Problem(str(place), "", rule, value, remedy))

    def once(self, line: int, measure: Measure) -> None:
        if measure.text in self.seen:
            rule = phrase("the measure stands in line {} already", self.seen[measure.text])
            self.wrong(line, "measure", rule, measure.text, "keep one of them")
        self.seen.setdefault(measure.text, line)

    def unit(self, line: int, measure: Measure, given: str) -> None:
        unit = unit_of_measure(measure, self.labels)
        if given and given != unit:
            self.wrong(
                line, "measured_in", phrase("the result has {} in {}", measure.text, unit), given, "convert the row"
            )

    def number(self, line: int, column: str, text: str) -> float:
        """A number; may be infinite."""
        number = number_of(text)
        if isnan(number):
            rule = "must be a number" if text else "needs a number"
            self.wrong(line, column, rule, shown(text) if text else "", number_remedy(text, "write a plain number"))
        return number

    def at_least_0(self, line: int, column: str, text: str) -> float:
        number = self.number(line, column, text) if text else 0.0
        if number < 0.0 or number == float("inf"):
            self.wrong(line, column, "must be at least 0", text, "write its size, or leave it empty")
        return number

    def tolerance(self, line: int, text: str) -> Tolerance | None:
        """Of the measure's unit, or in per cent of the value."""
        if not text:
            return None
        relative = text.endswith("%")
        size = number_of(text.removesuffix("%").strip())
        if not isfinite(size) or size < 0.0:
            self.wrong(line, "tolerance", "must be a size of at least 0", text, "write e.g. 200, or 1%")
        return Tolerance(size * 0.01 if relative else size, relative)


def save_references(
    result: Result, out: str | os.PathLike[str], of: Sequence[str] = (), overwrite: bool = False
) -> None:
    """Write figures of a result as a table of reference values.

    Parameters
    ----------
    result
        The result.
    out
        CSV file to appear.
    of
        Measures; none: those of `table_measures`. What is undefined is left out.
    overwrite
        Whether a table that was written so before is replaced.

    Raises
    ------
    InputError
        A measure cannot be read or is not held, or the file may not be written.
    RunError
        Writing failed.
    """
    labels = result.labels
    measures = measures_of([(text, argument("of")) for text in of], table_measures(labels), labels)
    table = _table(result, measures)
    if Path(out).suffix.lower() != ".csv":
        raise InputError(Problem(argument("out"), "", "must be a CSV file", str(out), "end the name with .csv"))
    with appearing(out, overwrite, csv_kind(table)) as temporary:
        write_csv(temporary, table)


def table_measures(labels: Labels) -> list[str]:
    """Measures by which another engine is first held against a result: the portfolio's, then every project's.

    Parameters
    ----------
    labels
        Of the result.
    """
    of_projects = ("npv_funder:mean", "npv_funder:sd", "cost:mean", "completed:mean", "cancelled:mean")
    projects = [f"{project}/{measure}" for project in labels.projects for measure in of_projects]
    outcomes = [f"{quantity}:share@{state}" for quantity, states in labels.states.items() for state in states]
    return [*default_measures(labels), "npv_funder:sd", *projects, *outcomes]


def _table(result: Result, measures: Sequence[Measure]) -> Table:
    """A row for each measure that is defined."""
    figures = [(measure, held(result, measure)) for measure in measures]
    known = [(measure, figure) for measure, figure in figures if not isnan(figure.value)]

    def batches() -> Iterator[Batch]:
        yield [
            _texts(measure.text for measure, _ in known),
            np.array([figure.value for _, figure in known]),
            np.array([figure.error for _, figure in known]),
            _texts(None for _ in known),
            _texts(unit_of_measure(measure, result.labels) for measure, _ in known),
        ]

    return Table("reference", _COLUMNS, len(known), batches)


def _texts(texts: Iterable[str | None]) -> list[str | None]:
    return list(texts)
