"""A report as a page."""

from pathlib import Path

from spvrisk.catalogue import phrase
from spvrisk.files import Kind
from spvrisk.report.page.contents import sections_of
from spvrisk.report.page.document import BEGINNING, document
from spvrisk.report.page.subject import Subject
from spvrisk.runner.execute import Progress
from spvrisk.views.words import study_named


def _known(path: Path) -> bool:
    beginning = BEGINNING.encode()
    with path.open("rb") as file:
        return file.read(len(beginning)) == beginning


PAGE = Kind(phrase("a report"), _known)
"""How a file is known that may be replaced."""


def write_page(subject: Subject, path: Path, lang: str, progress: Progress) -> None:
    """Write a page.

    Parameters
    ----------
    subject
        What it is of.
    path
        File to write to.
    lang
        Language of its texts.
    progress
        Called with 1 for each of `spvrisk.report.page.contents.STEPS`.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    sections = list(sections_of(subject, progress))
    text = document(study_named(subject.labels), list(subject.told()), sections, lang)
    path.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
