"""A report written: what it is of, and the file that appears."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from spvrisk.catalogue import Chosen
from spvrisk.charts.words import study_of
from spvrisk.dataset.appearing import appearing
from spvrisk.dataset.read import Result, open_result
from spvrisk.dataset.scenarios import Combined, is_scenarios, read
from spvrisk.errors import InputError, Problem, argument
from spvrisk.files import Kind
from spvrisk.report.page.contents import sections_of
from spvrisk.report.page.document import BEGINNING, document
from spvrisk.report.page.subject import Subject
from spvrisk.runner.execute import Announce, Progress
from spvrisk.views.figures import Note, said


def _known(path: Path) -> bool:
    beginning = BEGINNING.encode()
    with path.open("rb") as file:
        return file.read(len(beginning)) == beginning


PAGE = Kind("a report", _known)
"""How a file is known that may be replaced."""


def write_report(
    given: Sequence[Result | Combined | Path],
    out: str | os.PathLike[str],
    overwrite: bool = False,
    lang: str = "en",
    progress: Progress = lambda _: None,
    announce: Announce = lambda _: None,
) -> None:
    """Write a report as one HTML page, which appears whole or not at all.

    Parameters
    ----------
    given
        Results, and files of results and of scenarios. The first result is what the page is of.
    out
        File to appear.
    overwrite
        Whether a report that was written before is replaced.
    lang
        Language of its texts.
    progress
        Called with 1 for each of `spvrisk.report.page.contents.STEPS`.
    announce
        Told of what is being done.

    Raises
    ------
    InputError
        Nothing is given, or what is given cannot be read, or the file may not be written.
    RunError
        Writing failed.
    """
    _check(given, out)
    reads = [each for each in given if isinstance(each, Path)]
    with appearing(out, overwrite, PAGE, reads) as temporary:
        subject = _subject(given, announce)
        sections = list(sections_of(subject, progress))
        with Chosen(lang):
            text = document(study_of(subject.labels), list(_told(subject)), sections, lang)
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")


def _check(given: Sequence[Result | Combined | Path], out: str | os.PathLike[str]) -> None:
    """Refuse, before anything is computed, what cannot be a report."""
    if not given:
        rule = "must name a result, or a dataset of scenarios"
        raise InputError(Problem(argument("results"), "", rule, "nothing", "name a file that run or scenarios wrote"))
    if Path(out).suffix.lower() != ".html":
        raise InputError(Problem(argument("out"), "", "must end with .html", str(out), "name e.g. report.html"))


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


def _told(subject: Subject) -> Iterator[Note]:
    """What the page is of, under its title."""
    labels = subject.labels
    if subject.results:
        result = subject.results[0]
        paths, seed = result.n_paths, str(result.attributes["seed"])
    else:
        paths, seed = subject.scenarios[0].paths, str(subject.scenarios[0].seed)
    yield said("Values at {}; {:path}, seed {}.", labels.value_date, paths, seed)
    others = [each.name for each in subject.results[1:]]
    if others:
        yield said("Beside it: {}.", ", ".join(others))
