"""Which inputs of the run drive the mean and the tail."""

from collections.abc import Iterator

from spvrisk.charts.drivers import drivers as chart
from spvrisk.report.page.parts import Block
from spvrisk.report.page.subject import Subject, found
from spvrisk.views.figures import Note


def drivers(subject: Subject) -> Iterator[Block]:
    """Give the section; of a result that keeps no inputs by path there is none.

    Parameters
    ----------
    subject
        With a result.
    """
    result = subject.results[0]
    if not result.input_names:
        return
    yield from found(chart, result)
    yield Note(
        "What is no number of a path is not seen here: decisions, go-aheads, the course of a factor. Drawing each "
        "cause anew, one after the other, as spvrisk drivers STUDY does, shows these too."
    )
