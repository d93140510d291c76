"""Results as people look at them: pictures, pages, workbooks."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spvrisk.api.arguments import called, file_name, language_of, text, yes_or_no
from spvrisk.api.results import Results, opened
from spvrisk.errors import InputError, Problem, argument

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from spvrisk.charts.registry import Picture
    from spvrisk.dataset.read import Result
    from spvrisk.dataset.scenarios import Combined
    from spvrisk.experiments.redraws import Redraws
    from spvrisk.experiments.scenarios import Scenarios
    from spvrisk.runner.execute import Announce, Progress


def plot(
    name: str,
    *results: "Results | Scenarios | Redraws | str | os.PathLike[str]",
    out: str | os.PathLike[str] | None = None,
    lang: str | None = None,
    overwrite: bool = False,
    announce: "Announce" = lambda _: None,
    **choices: Any,
) -> "Figure":
    """Draw a picture whose title is the answer, as ``docs/plots.md`` shows them.

    Parameters
    ----------
    name
        ``distribution``, ``exceedance``, ``fan``, ``waterfall``, ``bearers``, ``convergence``, ``occupancy``,
        ``scurve``, ``jcl`` of a result; ``tornado``, ``scenarios`` of a dataset of scenarios, or of what `scenarios`
        returns; ``drivers`` of a result, or of what `redraws` returns; ``compare`` of several results.
    results
        Opened, or as files.
    out
        File to appear, if any: ``.png``, ``.svg`` or ``.pdf``.
    lang
        ``en`` or ``ja``; left out, the current `language`.
    overwrite
        Whether a picture that was written so is replaced.
    announce
        As of `curve`.
    choices
        What the picture leaves open: ``of``, ``project``, ``regime``, ``level``, ``joint``.

    Returns
    -------
    matplotlib.figure.Figure
        That pyplot knows nothing of; a notebook shows it.

    Raises
    ------
    InputError
        An argument or a file cannot be used, Matplotlib is missing, or a font with the language's letters.
    RunError
        Writing failed, or a replay differs from what the result holds.

    Examples
    --------
    >>> from importlib.resources import files
    >>> import spvrisk
    >>> study = spvrisk.load(files("spvrisk") / "data" / "starter.yaml")
    >>> with spvrisk.run(study, paths=500) as results:
    ...     figure = spvrisk.plot("exceedance", results, of="port/npv_funder")
    >>> figure.axes[0].get_xlabel()
    'return period, outcomes'
    """
    from spvrisk.report.pictures.asked import check_drawable, drawn, picture_named, read_choices, save

    spoken = language_of("lang", lang)
    picture, target = picture_named(text("name", name)), None if out is None else file_name("out", out)
    read, replaced = read_choices(name, choices), yes_or_no("overwrite", overwrite)
    reads = [Path(each) for each in results if isinstance(each, str | os.PathLike)]
    check_drawable(target, replaced, reads)
    subjects = [_subject(picture, each) for each in results]
    figure = drawn(name, subjects, spoken, called("announce", announce), read)
    if target is not None:
        save(figure, target, replaced, reads)
    return figure


def _subject(picture: "Picture", given: Any) -> "Result | Combined | Redraws":
    """What a picture is of: the tables of a result, a dataset of scenarios, or redraws."""
    from spvrisk.experiments.redraws import Redraws

    if picture.of_redraws and isinstance(given, Redraws):
        return given
    if picture.of != "scenarios":
        return opened("results", given).tables()
    from spvrisk.dataset.scenarios import is_scenarios, read
    from spvrisk.experiments.scenarios import Scenarios

    if isinstance(given, Scenarios):
        return given.combined()
    if isinstance(given, Results) or not is_scenarios(path := Path(file_name("results", given))):
        rule, remedy = "must be a dataset of scenarios", "write one: spvrisk scenarios what_if.yaml --out what_if.h5"
        raise InputError(Problem(argument("results"), "", rule, str(given), remedy))
    return read(path)


def save_report(
    *results: "Results | Scenarios | str | os.PathLike[str]",
    out: str | os.PathLike[str],
    overwrite: bool = False,
    lang: str | None = None,
    progress: "Progress" = lambda _: None,
    announce: "Announce" = lambda _: None,
) -> None:
    """Write a report that a committee can read, with charts: one HTML page, or a workbook.

    Parameters
    ----------
    results
        Opened, or as files; also datasets of scenarios, or what `scenarios` returns. The first result is what the
        report is of; others, and scenarios, are set beside it.
    out
        File to appear: ``.html``, which needs no network, or ``.xlsx``, which needs the package XlsxWriter.
    overwrite
        Whether a report that was written before is replaced.
    lang
        Of its texts: ``en`` or ``ja``; left out, the current `language`.
    progress
        Called with 1 for each section or sheet that is done.
    announce
        Called with a word for each stage.

    Raises
    ------
    InputError
        A result or an argument cannot be used.
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
    ...     spvrisk.save_report(results, out=f"{folder}/report.html")
    ...     Path(folder, "report.html").read_text(encoding="utf-8").splitlines()[0]
    '<!DOCTYPE html>'
    """
    from spvrisk.experiments.scenarios import Scenarios
    from spvrisk.report.write import write_report

    def subject(each: Any) -> "Result | Combined | Path":
        if isinstance(each, Results):
            return each.tables()
        return each.combined() if isinstance(each, Scenarios) else Path(file_name("results", each))

    target, replaced, spoken = file_name("out", out), yes_or_no("overwrite", overwrite), language_of("lang", lang)
    told = called("progress", progress), called("announce", announce)
    write_report([subject(each) for each in results], target, replaced, spoken, *told)
