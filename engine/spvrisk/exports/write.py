"""Export a result: which table, in which format, to which file."""

import os
from collections.abc import Callable
from pathlib import Path

from spvrisk.catalogue import phrase
from spvrisk.dataset.appearing import appearing
from spvrisk.dataset.read import Result
from spvrisk.errors import InputError, Problem, argument, suggestion
from spvrisk.exports.csv_file import csv_kind, write_csv
from spvrisk.exports.flows import TIMELINE, YEARLY, timeline_records, yearly_records
from spvrisk.exports.netcdf_file import GROUPS, NETCDF, write_netcdf
from spvrisk.exports.parquet_file import PARQUET, write_parquet
from spvrisk.exports.paths import paths_table, ylt_table
from spvrisk.exports.records import Layout, Record, long_table, wide_table
from spvrisk.exports.statistics import CONDITIONAL, SUMMARY, conditional_records, summary_records
from spvrisk.exports.table import Table
from spvrisk.exports.units import facts, terms
from spvrisk.exports.xlsx_file import XLSX, write_xlsx
from spvrisk.files import Kind

_OF_RECORDS: dict[str, tuple[Layout, Callable[[Result], list[Record]]]] = {
    "summary": (SUMMARY, summary_records),
    "yearly": (YEARLY, yearly_records),
    "timeline": (TIMELINE, timeline_records),
    "conditional": (CONDITIONAL, conditional_records),
}
_OF_PATHS: dict[str, Callable[[Result], Table]] = {"paths": paths_table, "ylt": ylt_table}

TABLES = (*_OF_RECORDS, *_OF_PATHS)
"""Names of all tables."""

_BOOK = ("summary", "yearly", "conditional")
"""Sheets of a workbook where no table is named."""

FORMATS = ("csv", "parquet", "xlsx", "nc")
"""Names of all formats, which are the suffixes of their files."""


def export_result(
    result: Result, out: str | os.PathLike[str], table: str | None, format: str | None, overwrite: bool
) -> None:
    """Write a table of a result, or a workbook of several, for other programs.

    Parameters
    ----------
    result
        The result.
    out
        File to appear.
    table
        One of `TABLES`; None: all sheets of a workbook, the summary in any other format.
    format
        One of `FORMATS`; None: as the file's suffix says.
    overwrite
        Whether a file that export wrote before is replaced.

    Raises
    ------
    InputError
        There is no such table or format, the result has no such table, a package is missing, or the file may not be
        written.
    RunError
        Writing failed.
    """
    chosen = _format(out, format)
    _check_table(table, chosen, result)
    kind, write = _writer(chosen, table, result)
    reads = [] if isinstance(result.source, bytes) else [result.source]
    with appearing(out, overwrite, kind, reads) as temporary, result.held():
        write(temporary)


def _format(out: str | os.PathLike[str], format: str | None) -> str:
    if format is not None:
        if format not in FORMATS:
            raise InputError(Problem(argument("format"), "", "must be a format", format, suggestion(format, FORMATS)))
        return format
    found = Path(out).suffix.lower().removeprefix(".")
    if found not in FORMATS:
        remedy = phrase("end the name with {}, or add --format", ", ".join(f".{name}" for name in FORMATS))
        raise InputError(Problem(argument("out"), "", "must tell the format by its suffix", str(out), remedy))
    return found


def _check_table(table: str | None, format: str, result: Result) -> None:
    if table is None:
        return
    if table not in TABLES:
        raise InputError(Problem(argument("table"), "", "must be a table", table, suggestion(table, TABLES)))
    if format == "nc" and table not in GROUPS:
        raise InputError(
            Problem(
                argument("table"), "", "netCDF holds groups of the result", table, phrase("name {}", _either(GROUPS))
            )
        )
    if table == "conditional" and not result.conditional.names:
        rule = "the study has no events and regimes, so nothing can be given"
        raise InputError(Problem(argument("table"), "", rule, table, "name another table"))


def _either(names: tuple[str, ...]) -> str:
    return phrase("{} or {}", ", ".join(names[:-1]), names[-1])


def _writer(format: str, table: str | None, result: Result) -> tuple[Kind, Callable[[Path], None]]:
    """What files of the format are known by, and what writes one."""
    if format == "nc":
        return NETCDF, lambda path: write_netcdf(path, result, table or "summary")
    if format == "xlsx":
        names = (
            (table,) if table else tuple(name for name in _BOOK if name != "conditional" or result.conditional.names)
        )
        return XLSX, lambda path: write_xlsx(
            path,
            [_table(name, result, wide_table) for name in names],
            terms(result.labels, result.summary.exact),
            facts(result),
        )
    found = _table(table or "summary", result, long_table)
    if format == "csv":
        return csv_kind(found), lambda path: write_csv(path, found)
    return PARQUET, lambda path: write_parquet(path, found, facts(result))


def _table(name: str, result: Result, shaped: Callable[[Layout, list[Record]], Table]) -> Table:
    if name in _OF_PATHS:
        return _OF_PATHS[name](result)
    layout, records = _OF_RECORDS[name]
    return shaped(layout, records(result))
