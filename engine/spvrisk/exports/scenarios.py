"""The table of scenarios for other programs: a row for each scenario and measure."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from spvrisk._version import __version__
from spvrisk.catalogue import phrase
from spvrisk.dataset.appearing import appearing
from spvrisk.dataset.write import check_output
from spvrisk.errors import InputError, Problem, argument
from spvrisk.experiments.scenarios import Scenarios
from spvrisk.exports.csv_file import write_csv
from spvrisk.exports.library import check_library
from spvrisk.exports.parquet_file import PARQUET, write_parquet
from spvrisk.exports.table import TEXT, Batch, Column, Table
from spvrisk.exports.units import PURE, Term
from spvrisk.exports.xlsx_file import XLSX, write_xlsx
from spvrisk.files import Kind
from spvrisk.measures.named import Measure
from spvrisk.plan.names import Labels
from spvrisk.views.words import money_name

_TABLE = "save_table"
"""Argument that names the file."""

_COLUMNS = (
    Column("scenario", TEXT, "name of the scenario; base: the unchanged study"),
    Column("title", TEXT, "its title in English"),
    Column("measure", TEXT, "[unit/]quantity:statistic[@level]"),
    Column("value", "<f8", "the measure"),
    Column("standard_error", "<f8", "its Monte Carlo error"),
    Column("change", "<f8", "what it is more than the base's"),
    Column("change_standard_error", "<f8", "error of the change, from the paths' own differences"),
    Column("measured_in", TEXT, "unit of value and change"),
    Column("failed", TEXT, "why the scenario has no figures; empty where it has"),
)


def scenarios_table(found: Scenarios) -> Table:
    """Give the table, with a column for each axis of a grid.

    Parameters
    ----------
    found
        As from `run_scenarios`.
    """
    axes = list(dict.fromkeys(axis for outcome in found.outcomes for axis in outcome.scenario.axes))
    columns = (*_COLUMNS, *(Column(axis, TEXT, "level of this axis, or value of this path") for axis in axes))
    rows = [(outcome, i) for outcome in found.outcomes for i in range(len(found.measures))]

    def batches() -> Iterator[Batch]:
        changes = [outcome.compared()[i] for outcome, i in rows]
        yield [
            _texts(outcome.scenario.name for outcome, _ in rows),
            [outcome.scenario.title.get("en") for outcome, _ in rows],
            _texts(found.measures[i].text for _, i in rows),
            np.array([outcome.values[i] for outcome, i in rows]),
            np.array([outcome.errors[i] for outcome, i in rows]),
            np.array([change.value for change in changes]),
            np.array([change.error for change in changes]),
            _texts(unit_of_measure(found.measures[i], found.labels) for _, i in rows),
            [outcome.failed or None for outcome, _ in rows],
            *([outcome.scenario.axes.get(axis) for outcome, _ in rows] for axis in axes),
        ]

    return Table("scenarios", columns, len(rows), batches)


def _texts(texts: Iterable[str]) -> list[str | None]:
    return list(texts)


def unit_of_measure(measure: Measure, labels: Labels) -> str:
    """Say what a measure is measured in.

    Parameters
    ----------
    measure, labels
        The measure, and the labels of the study that it is of.
    """
    if measure.kind == "money":
        return money_name(labels, labels.local_currency if measure.series[1].endswith("_local") else "")
    return measure.kind if measure.kind in ("years", "months") else PURE


def _is_ours(path: Path) -> bool:
    head = ",".join(column.name for column in _COLUMNS).encode()
    with path.open("rb") as file:
        return file.read(len(head)) == head


_CSV = Kind(phrase("a table of scenarios"), _is_ours)


def check_table(out: str | os.PathLike[str], overwrite: bool = False) -> None:
    """Refuse, before anything is run, a file that the table cannot be written to.

    Parameters
    ----------
    out, overwrite
        As of `save_scenarios`.

    Raises
    ------
    InputError
        The suffix is another, a package is missing, or the file may not be written.
    """
    check_output(out, overwrite, _kind(out), named=_TABLE)
    check_library(Path(out).suffix.lower(), _TABLE)


def _kind(out: str | os.PathLike[str]) -> Kind:
    """What a file of this suffix is."""
    kind = {".csv": _CSV, ".parquet": PARQUET, ".xlsx": XLSX}.get(Path(out).suffix.lower())
    if kind is None:
        remedy = "end the name with .csv, .parquet or .xlsx"
        raise InputError(Problem(argument(_TABLE), "", "must tell the format by its suffix", str(out), remedy))
    return kind


def save_scenarios(found: Scenarios, out: str | os.PathLike[str], overwrite: bool = False) -> None:
    """Write the table as CSV, Parquet or a workbook, as the file's suffix says.

    Parameters
    ----------
    found
        As from `run_scenarios`.
    out
        File to appear: ``.csv``, ``.parquet`` or ``.xlsx``.
    overwrite
        Whether a file that export wrote before is replaced.

    Raises
    ------
    InputError
        The suffix is another, a package is missing, or the file may not be written.
    RunError
        Writing failed.
    """
    table, suffix = scenarios_table(found), Path(out).suffix.lower()
    about: dict[str, str | float] = {
        "title": found.labels.title["en"],
        "paths": found.paths,
        "seed": str(found.seed),
        "engine_version": __version__,
    }
    words = [Term("measure", m.text, m.title, unit_of_measure(m, found.labels)) for m in found.measures]
    with appearing(out, overwrite, _kind(out), named=_TABLE) as temporary:
        match suffix:
            case ".csv":
                write_csv(temporary, table)
            case ".parquet":
                write_parquet(temporary, table, about)
            case _:
                write_xlsx(temporary, [table], words, about)
