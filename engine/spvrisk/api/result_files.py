"""What a result's file is and holds: a path of it, tables for other programs, what it was made from, its soundness."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from spvrisk.api.arguments import file_name, level, text, whole, within, wrong, yes_or_no
from spvrisk.api.results import Results, opened
from spvrisk.catalogue import phrase

if TYPE_CHECKING:
    from spvrisk.dataset.read import Result
    from spvrisk.dataset.scenarios import Held
    from spvrisk.experiments.restore import Restored
    from spvrisk.experiments.traced import Traced
    from spvrisk.experiments.verify import Verified
    from spvrisk.runner.execute import Announce, Progress
    from spvrisk.views.figures import Figures


def trace(
    result: Results | str | os.PathLike[str],
    path: int | None = None,
    rank: str | float | None = None,
    by: str = "npv_funder",
) -> "Traced":
    """Replay one path of a result, with everything that it goes through.

    Parameters
    ----------
    result
        Opened, or as a file.
    path
        Number of the path.
    rank
        In place of a number: 0.99, if neither is given, is the 99 % loss path.
    by
        Quantity of the rank: ``npv_funder``, ``smr.cost``, ...

    Raises
    ------
    InputError
        There is no such file, path or quantity.
    RunError
        The replay differs from what the result holds.
    """
    from spvrisk.experiments.traced import traced

    number = None if path is None else whole("path", path)
    return traced(opened("result", result).tables(), number, level("rank", rank), text("by", by))


def export(
    result: Results | str | os.PathLike[str],
    out: str | os.PathLike[str],
    table: str | None = None,
    format: str | None = None,
    overwrite: bool = False,
) -> None:
    """Write a table of a result for other programs, as ``docs/readers.md`` shows it.

    Parameters
    ----------
    result
        Opened, or as a file.
    out
        File to appear: ``.csv``, ``.parquet``, ``.xlsx`` or ``.nc``.
    table
        ``summary``, ``yearly``, ``timeline``, ``conditional``, ``paths`` or ``ylt``. None is the summary; in ``.xlsx``
        it is summary, yearly and conditional, a sheet each.
    format
        ``csv``, ``parquet``, ``xlsx`` or ``nc``, where the file's name does not end so.
    overwrite
        Whether a file that export wrote is replaced; the result never is.

    Raises
    ------
    InputError
        The result, a name or the file cannot be used, or a package that the format needs is missing.
    RunError
        Writing failed.

    Examples
    --------
    >>> import tempfile
    >>> from importlib.resources import files
    >>> from pathlib import Path
    >>> import spvrisk
    >>> study = spvrisk.load(files("spvrisk") / "data" / "starter.yaml")
    >>> with tempfile.TemporaryDirectory() as folder, spvrisk.run(study, paths=500) as results:
    ...     spvrisk.export(results, f"{folder}/losses.csv", table="ylt")
    ...     Path(folder, "losses.csv").read_text().splitlines()[0]
    'path,project,loss'
    """
    from spvrisk.exports.write import export_result

    if table is not None:
        text("table", table)
    if format is not None:
        text("format", format)
    target, replaced = file_name("out", out), yes_or_no("overwrite", overwrite)
    export_result(opened("result", result).tables(), target, table, format, replaced)


def info(result: Results | str | os.PathLike[str]) -> "Figures":
    """Say what a result is, or a dataset of scenarios: what was run, by which version, when.

    ``print`` shows it as the command does.

    Parameters
    ----------
    result
        Opened, or as a file; or the file of a dataset that `scenarios` has written.

    Raises
    ------
    InputError
        The file cannot be read.

    Examples
    --------
    >>> from importlib.resources import files
    >>> import spvrisk
    >>> study = spvrisk.load(files("spvrisk") / "data" / "starter.yaml")
    >>> with spvrisk.run(study, paths=500) as results:
    ...     found = spvrisk.info(results)
    >>> [(row.name.text, *row.cells) for row in found.rows if row.name.text in ("paths", "seed")]
    [('paths', '500'), ('seed', '1')]
    """
    from spvrisk.dataset.read import Result
    from spvrisk.report.printed import Printed
    from spvrisk.views.info import info, info_of_scenarios

    found = described(result)
    return Printed(*(info(found) if isinstance(found, Result) else info_of_scenarios(found)))


def described(result: Results | str | os.PathLike[str]) -> "Result | Held":
    """Give what `info` tells of: a result, or what a dataset of scenarios holds besides its figures.

    Parameters
    ----------
    result
        As of `info`.
    """
    from spvrisk.dataset.scenarios import held

    dataset = _dataset(result)
    return held(dataset) if dataset is not None else opened("result", result).tables()


def restore(result: Results | str | os.PathLike[str], folder: str | os.PathLike[str]) -> "Restored":
    """Write the files that a result, or a dataset of scenarios, was made from.

    Parameters
    ----------
    result
        Opened, or as a file; or the file of a dataset that `scenarios` has written.
    folder
        Where to: new, or empty.

    Returns
    -------
    Restored
        With the file of the study, or of the scenarios, in ``study``, and the command to run it again in ``command``.

    Raises
    ------
    InputError
        The result cannot be read, or the folder cannot be used.

    Examples
    --------
    >>> import tempfile
    >>> from importlib.resources import files
    >>> import spvrisk
    >>> study = spvrisk.load(files("spvrisk") / "data" / "starter.yaml")
    >>> with spvrisk.run(study, paths=500) as results, tempfile.TemporaryDirectory() as folder:
    ...     again = spvrisk.load(spvrisk.restore(results, f"{folder}/again").study)
    >>> again.digest == study.digest
    True
    """
    from spvrisk.experiments.restore import restored, restored_scenarios

    into = Path(file_name("folder", folder))
    if dataset := _dataset(result):
        return restored_scenarios(dataset, into)
    return restored(opened("result", result).tables(), into)


def verify(
    result: Results | str | os.PathLike[str],
    rerun: int = 0,
    progress: "Progress" = lambda _: None,
    announce: "Announce" = lambda _: None,
) -> "Verified":
    """Check whether a result, or a dataset of scenarios, is what was written: structure, digests, completeness.

    Parameters
    ----------
    result
        Opened, or as a file; or the file of a dataset that `scenarios` has written.
    rerun
        Leaves of 4096 paths that are computed once more, from the plan that is kept with it, and compared; a dataset
        keeps none.
    progress
        Called with the number of paths done since the last call.
    announce
        Called with a word for each stage.

    Returns
    -------
    Verified
        With what was looked at in ``checks``; ``sound`` says whether nothing is wrong.

    Raises
    ------
    InputError
        The file cannot be opened: what its tables or attributes say is not what was written; or paths of a dataset
        are to be computed once more.

    Examples
    --------
    >>> from importlib.resources import files
    >>> import spvrisk
    >>> study = spvrisk.load(files("spvrisk") / "data" / "starter.yaml")
    >>> with spvrisk.run(study, paths=500) as results:
    ...     found = spvrisk.verify(results, rerun=1)
    >>> found.sound, found.checks[-1].found
    (True, '500 of 500 are the same to the bit')
    """
    from spvrisk.experiments.verify import verified, verified_scenarios

    leaves = within("rerun", rerun, 0, 10**9)
    if dataset := _dataset(result):
        if leaves:
            remedy = phrase("`spvrisk info {} --config DIR` tells how to make it again", dataset)
            raise wrong("rerun", "is for results of a run, not for a dataset of scenarios", leaves, remedy)
        return verified_scenarios(dataset, announce)
    return verified(opened("result", result).tables(), leaves, progress, announce)


def _dataset(result: Results | str | os.PathLike[str]) -> Path | None:
    """The file of a dataset of scenarios, where that is given in the place of a result."""
    from spvrisk.dataset.scenarios import is_scenarios

    file = None if isinstance(result, Results) else Path(file_name("result", result))
    return file if file is not None and is_scenarios(file) else None
