"""How much is lost, of the whole and of each project: distributions, return periods and the tables of both."""

from collections.abc import Iterator

from spvrisk.charts.chart import Chart
from spvrisk.charts.distribution import distribution
from spvrisk.charts.exceedance import exceedance
from spvrisk.charts.gathering import gathered
from spvrisk.dataset.read import Result
from spvrisk.plan.outputs import NPV, PORTFOLIO
from spvrisk.report.page.parts import Block, Choice, Option, Picked
from spvrisk.report.page.sections.story import CHOICE, READ, picks
from spvrisk.report.page.subject import Subject, found
from spvrisk.views.figures import Note, Text
from spvrisk.views.loss import answer, loss, value
from spvrisk.views.words import unit_titled

_MOST = 12
"""Projects that may be chosen."""


def losses(subject: Subject) -> Iterator[Block]:
    """Give the section.

    Parameters
    ----------
    subject
        With a result.
    """
    result = subject.results[0]
    yield answer(result)
    yield Choice("loss-of", Note("Whose net present value"), tuple(_options(subject, result)))
    yield value(result)
    yield from (loss(result, level) for level in result.summary.levels)


def _options(subject: Subject, result: Result) -> Iterator[Option]:
    """The portfolio, then projects."""
    for unit in (PORTFOLIO, *offered(result)):
        of = NPV if unit == PORTFOLIO else f"{unit}/{NPV}"
        name: Text = unit_titled(result.labels, unit)
        first = found(distribution, result, of, subject.announce)
        if unit == PORTFOLIO:
            first = tuple(_picked(subject, block) if isinstance(block, Chart) else block for block in first)
        yield Option(name, (*first, *found(exceedance, result, of, subject.announce)))


def offered(result: Result) -> tuple[str, ...]:
    """Projects that may be chosen, as the study has them; of many those that matter most.

    Parameters
    ----------
    result
        The result.
    """
    labels, t = result.labels, result.summary
    means = {name: float(t.mean[labels.series.index((name, NPV))]) for name in labels.projects}
    shown, _ = gathered(means, _MOST)
    return tuple(name for name in labels.projects if name in shown)


def _picked(subject: Subject, chart: Chart) -> Block:
    """The chart with the paths that may be read."""
    told = picks(subject)
    return Picked(chart, READ, CHOICE, told) if told else chart
