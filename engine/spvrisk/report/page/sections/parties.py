"""Who has what of the result: bearers, projects, cash over time."""

from collections.abc import Iterator

from spvrisk.charts.bearers import bearers as bearers_chart
from spvrisk.charts.delivery import jcl, scurve
from spvrisk.charts.fan import fan
from spvrisk.charts.waterfall import waterfall
from spvrisk.plan.outputs import STACK
from spvrisk.report.page.parts import Block, Choice, More, Option
from spvrisk.report.page.subject import Subject, found
from spvrisk.views.bearers import bearers as bearers_table
from spvrisk.views.bearers import claims
from spvrisk.views.figures import Note, said
from spvrisk.views.projects import caps, construction, status
from spvrisk.views.terms import others, returns, times
from spvrisk.views.words import tail_name


def bearers(subject: Subject) -> Iterator[Block]:
    """Give who bears the loss, and what others have.

    Parameters
    ----------
    subject
        With a result.
    """
    result = subject.results[0]
    levels = result.summary.levels or ("0.95",)
    options = (
        Option(said("worst {}", tail_name(level)), found(bearers_chart, result, level=level)) for level in levels
    )
    yield Choice("tail-of", Note("Beside the average"), tuple(options))
    if STACK in result.labels.features:
        yield from (bearers_table(result), claims(result))
    yield others(result)


def projects(subject: Subject) -> Iterator[Block]:
    """Give what becomes of projects: what they bring, cost and return, and whether budgets and dates hold.

    Parameters
    ----------
    subject
        With a result.
    """
    result = subject.results[0]
    yield from found(waterfall, result, subject.announce)
    yield from (status(result), construction(result))
    if (cut := caps(result)).notes:
        yield cut
    yield from found(scurve, result, announce=subject.announce)
    both = found(jcl, result, announce=subject.announce)
    yield More(Note("Cost and date together, path by path"), both)
    yield from (returns(result), times(result))


def cash(subject: Subject) -> Iterator[Block]:
    """Give the funder's cash over time.

    Parameters
    ----------
    subject
        With a result.
    """
    yield from found(fan, subject.results[0])
