"""A report as a workbook."""

from datetime import datetime
from pathlib import Path

from spvrisk.catalogue import phrase
from spvrisk.exports.xlsx_file import untouched
from spvrisk.files import Kind
from spvrisk.report.book.contents import sheets_of
from spvrisk.report.book.dress import AUTHOR, Book
from spvrisk.report.page.subject import Subject
from spvrisk.report.wording import worded
from spvrisk.runner.execute import Progress
from spvrisk.views.figures import Cell
from spvrisk.views.words import study_named

BOOK = Kind(
    phrase("a workbook that report wrote and nobody has saved since"),
    lambda path: untouched(path, AUTHOR),
    phrase("an edited or another file"),
)
"""How a file is known that may be replaced."""

_UNDATED = "2000-01-01T00:00:00+00:00"
"""Stands for the date of scenarios, which have none: the same results give the same bytes."""


def write_book(subject: Subject, path: Path, lang: str, progress: Progress) -> None:
    """Write a workbook.

    Parameters
    ----------
    subject
        What it is of.
    path
        File to write to.
    lang
        Language of its texts.
    progress
        Called with 1 for each of `spvrisk.report.book.contents.STEPS`.

    Raises
    ------
    OSError
        The file cannot be written.
    """

    def words(text: Cell) -> str:
        return worded(text, lang)

    made = subject.results[0].provenance["created"] if subject.results else _UNDATED
    properties = {"title": words(study_named(subject.labels)), "created": datetime.fromisoformat(made)}
    book = Book(path, properties)
    for sheet in sheets_of(subject, words, progress):
        book.write(sheet)
    book.close()
