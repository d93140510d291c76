"""Results beside each other, and beside tables of reference values."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from spvrisk.api.arguments import file_name, texts, wrong, yes_or_no
from spvrisk.api.results import Results, opened

if TYPE_CHECKING:
    from spvrisk.measures.against import Against
    from spvrisk.measures.comparison import Comparison


def compare(*results: Results | str | os.PathLike[str], strict: bool = False) -> "Comparison":
    """Set results beside the first of them: figures, differences with paired errors, what differs in the studies.

    Parameters
    ----------
    results
        Two or more, opened or as files.
    strict
        Whether to read them whole and refuse one whose content is not that of its ``content_sha256``; without it the
        digests are trusted.

    Returns
    -------
    Comparison
        With a verdict on every two results in ``pairs``; ``agrees`` is what ``spvrisk compare --strict`` asks for.

    Raises
    ------
    InputError
        They are fewer, cannot be read, are not in the same money, or, if `strict`, damaged.

    Examples
    --------
    >>> from importlib.resources import files
    >>> import spvrisk
    >>> study = spvrisk.load(files("spvrisk") / "data" / "starter.yaml")
    >>> with spvrisk.run(study, paths=500) as short, spvrisk.run(study, paths=600) as long:
    ...     found = spvrisk.compare(short, long, strict=True)
    >>> found.agrees, found.pairs[0].paths
    (True, 500)
    """
    from spvrisk.dataset.read import all_held
    from spvrisk.measures.comparison import compared

    for result in results:
        if isinstance(result, list | tuple):
            raise wrong("results", "must be a result", result, "give results one by one: compare(first, second)")
    tables, whole = [opened("results", result).tables() for result in results], yes_or_no("strict", strict)
    with all_held(tables):
        return compared(tables, whole)


def compare_table(result: Results | str | os.PathLike[str], table: str | os.PathLike[str]) -> "Against":
    """Hold a result against a table of reference values: another engine's, or a closed form's.

    Parameters
    ----------
    result
        Opened, or as a file.
    table
        CSV file with a row for each measure: the columns ``measure`` (``npv_funder:es@0.99``) and ``value``, and as far
        as they are known ``standard_error``, ``tolerance`` (in the measure's unit, or as ``1%`` of the value; without
        one, 3 standard errors of the difference) and ``measured_in``.

    Returns
    -------
    Against
        With difference and verdict row by row in ``checks``; ``agrees`` says whether all rows are inside.

    Raises
    ------
    InputError
        The result or the table cannot be read: with every row that is wrong, by its line.

    Examples
    --------
    >>> import tempfile
    >>> from importlib.resources import files
    >>> import spvrisk
    >>> study = spvrisk.load(files("spvrisk") / "data" / "starter.yaml")
    >>> with spvrisk.run(study, paths=500) as results, tempfile.TemporaryDirectory() as folder:
    ...     spvrisk.save_table(results, f"{folder}/table.csv", ["npv_funder:mean", "port/cost:quantile@0.5"])
    ...     found = spvrisk.compare_table(results, f"{folder}/table.csv")
    >>> found.agrees, [check.difference for check in found.checks]
    (True, [0.0, 0.0])
    """
    from spvrisk.exports.reference import read_references
    from spvrisk.measures.against import held_against

    tables, file = opened("result", result).tables(), file_name("table", table)
    return held_against(tables, Path(file).name, read_references(file, tables.labels))


def save_table(
    result: Results | str | os.PathLike[str],
    out: str | os.PathLike[str],
    of: Sequence[str] = (),
    overwrite: bool = False,
) -> None:
    """Write figures of a result as a table of reference values, which `compare_table` reads.

    Parameters
    ----------
    result
        Opened, or as a file.
    out
        CSV file to appear.
    of
        Measures as ``npv_funder:es@0.99``; none: the portfolio's, every project's, and the shares of all outcomes.
    overwrite
        Whether a table that was written so before is replaced.

    Raises
    ------
    InputError
        The result or a measure cannot be read, or the file may not be written.
    RunError
        Writing failed.
    """
    from spvrisk.exports.reference import save_references

    tables = opened("result", result).tables()
    save_references(tables, file_name("out", out), texts("of", of), yes_or_no("overwrite", overwrite))
