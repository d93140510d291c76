"""What is not known: the range of each measure over the uncertain inputs, and which of them explain it."""

from collections.abc import Iterator

from spvrisk.charts.uncertainty import uncertainty as uncertainty_chart
from spvrisk.dataset.read import Result
from spvrisk.dataset.uncertainty import UncertaintyTable
from spvrisk.measures.named import series_named
from spvrisk.plan.outputs import NPV
from spvrisk.report.page.parts import Block, Choice, Option
from spvrisk.report.page.sections.loss import offered
from spvrisk.report.page.subject import Subject, found
from spvrisk.views.figures import Note
from spvrisk.views.uncertainty import inputs, uncertainty
from spvrisk.views.words import output_in_words, unit_titled


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
        yield Choice("unknown-of", Note("Bands of"), tuple(_options(result, result.uncertainty)))
        yield inputs(result)


def _options(result: Result, table: UncertaintyTable) -> Iterator[Option]:
    """The portfolio's value, those of projects that may be chosen, then what else the outer runs have curves of."""
    labels, projects = result.labels, offered(result)
    for of in table.series:
        unit, quantity = series_named(of, labels, result.place)
        if unit in projects or unit not in labels.projects:
            name = unit_titled(labels, unit) if quantity == NPV else output_in_words(labels, (unit, quantity))
            yield Option(name, found(uncertainty_chart, result, of))
