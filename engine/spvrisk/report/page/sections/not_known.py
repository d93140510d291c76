"""What is not known: the range of each measure over the uncertain inputs, and which of them explain it."""

from collections.abc import Iterator

from spvrisk.charts.uncertainty import uncertainty as uncertainty_chart
from spvrisk.report.page.parts import Block
from spvrisk.report.page.subject import Subject, found
from spvrisk.views.uncertainty import inputs, uncertainty


def not_known(subject: Subject) -> Iterator[Block]:
    """Give the section.

    Parameters
    ----------
    subject
        With a result.
    """
    result = subject.results[0]
    if result.uncertainty is not None:
        yield uncertainty(result)
        yield from found(uncertainty_chart, result)
        yield inputs(result)
