"""A report written: what it is of, in which form, and the file that appears."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from spvrisk.catalogue import Chosen, joined, phrase
from spvrisk.dataset.appearing import appearing
from spvrisk.dataset.read import Result, all_held, open_result
from spvrisk.dataset.scenarios import Combined, is_scenarios, read
from spvrisk.errors import InputError, Problem, argument
from spvrisk.exports.library import check_library
from spvrisk.files import Kind
from spvrisk.report.book.contents import STEPS as SHEETS
from spvrisk.report.book.write import BOOK, write_book
from spvrisk.report.page.contents import STEPS as SECTIONS
from spvrisk.report.page.subject import Subject
from spvrisk.report.page.write import PAGE, write_page
from spvrisk.runner.execute import Announce, Progress


class _Form(NamedTuple):
    """A form of a report: how its files are known, what writes one, and in how many steps."""

    kind: Kind
    write: Callable[[Subject, Path, str, Progress], None]
    steps: int


_FORMS = {".html": _Form(PAGE, write_page, SECTIONS), ".xlsx": _Form(BOOK, write_book, SHEETS)}
"""By the suffix of the file."""


def steps_of(out: str | os.PathLike[str]) -> int:
    """Give how many steps a report has, of which each is told when it is done.

    Parameters
    ----------
    out
        File to appear.

    Raises
    ------
    InputError
        Its suffix is that of no form.
    """
    return _form(out).steps


def write_report(
    given: Sequence[Result | Combined | Path],
    out: str | os.PathLike[str],
    overwrite: bool = False,
    lang: str = "en",
    progress: Progress = lambda _: None,
    announce: Announce = lambda _: None,
) -> None:
    """Write a report as one HTML page or as a workbook, which appears whole or not at all.

    Parameters
    ----------
    given
        Results, and files of results and of scenarios. The first result is what the report is of.
    out
        File to appear; its suffix, ``.html`` or ``.xlsx``, tells the form.
    overwrite
        Whether a report that was written before is replaced.
    lang
        Language of its texts.
    progress
        Called with 1 for each of `steps_of`.
    announce
        Told of what is being done.

    Raises
    ------
    InputError
        Nothing is given, or what is given cannot be read, or the file may not be written.
    RunError
        Writing failed.
    """
    if not given:
        rule = "must name a result, or a dataset of scenarios"
        raise InputError(
            Problem(argument("results"), "", rule, phrase("nothing"), "name a file that run or scenarios wrote")
        )
    form = _form(out)
    check_library(Path(out).suffix.lower(), "out")
    reads = [each for each in given if isinstance(each, Path)]
    with appearing(out, overwrite, form.kind, reads) as temporary:
        subject = _subject(given, announce)
        with Chosen(lang), all_held(subject.results):
            form.write(subject, temporary, lang, progress)


def _form(out: str | os.PathLike[str]) -> _Form:
    if form := _FORMS.get(Path(out).suffix.lower()):
        return form
    rule, remedy = phrase("must end with {}", joined(_FORMS, "{} or {}")), "name e.g. report.html"
    raise InputError(Problem(argument("out"), "", rule, str(out), remedy))


def _subject(given: Sequence[Result | Combined | Path], announce: Announce) -> Subject:
    results, scenarios = [], []
    for each in given:
        if isinstance(each, Result):
            results.append(each)
        elif isinstance(each, Combined):
            scenarios.append(each)
        elif is_scenarios(each):
            scenarios.append(read(each))
        else:
            results.append(open_result(each))
    return Subject(results, scenarios, announce)
