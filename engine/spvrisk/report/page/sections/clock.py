"""The law and the politics: states over time, events, and what the portfolio is worth where they come out."""

from collections.abc import Iterator

from spvrisk.charts.occupancy import occupancy
from spvrisk.dataset.read import Result
from spvrisk.dataset.tables import FEW_PATHS
from spvrisk.measures.given import narrowed
from spvrisk.measures.intervals import NORMAL_95
from spvrisk.plan.outputs import WHOLE
from spvrisk.report.page.parts import Block, Choice, Option
from spvrisk.report.page.subject import Subject, found
from spvrisk.views.clock import regimes
from spvrisk.views.figures import Note, mean_of, said, share_of
from spvrisk.views.loss import headline, value
from spvrisk.views.words import condition_named, money_in


def clock(subject: Subject) -> Iterator[Block]:
    """Give the section; nothing of a study without regimes and events.

    Parameters
    ----------
    subject
        With a result.
    """
    result = subject.results[0]
    if not result.conditional.names:
        return
    if result.labels.regimes:
        yield from found(occupancy, result)
    if result.summary.shares:
        yield regimes(result)
    options = tuple(_options(result))
    if options:
        yield Choice("given", Note("Figures given that"), options)


def _options(result: Result) -> Iterator[Option]:
    """Conditions that enough paths meet."""
    for i, condition in enumerate(result.conditional.names):
        if FEW_PATHS <= result.conditional.n_paths[i] < result.n_paths:
            quantity, _, value_ = condition.partition(".")
            given = narrowed(result, f"{quantity}={value_}")
            yield Option(condition_named(result, condition), (headline(given), value(given)))


def most_telling(result: Result) -> Note | None:
    """Say with which outcome the mean goes furthest from that of all paths; None if with none by more than chance.

    Parameters
    ----------
    result
        The result.
    """
    table, s = result.conditional, result.labels.series.index(WHOLE)
    all_paths = mean_of(result.summary, s)
    apart = {
        i: abs((mean.value or 0.0) - (all_paths.value or 0.0))
        for i, own in enumerate(table.tables)
        if table.n_paths[i] >= FEW_PATHS and table.names[i].startswith("outcome_")
        for mean in [mean_of(own, s)]
        if mean.value is not None
        and mean.error is not None
        and abs(mean.value - (all_paths.value or 0.0)) > NORMAL_95 * mean.error
    }
    if not apart:
        return None
    i = max(apart, key=lambda each: apart[each])
    share = share_of(table.share[i], table.share_low[i], table.share_high[i])
    text = "{} ({} of the paths): {} {} on average, against {} of all paths."
    unit, mean = money_in(result.labels), mean_of(table.tables[i], s)
    return said(text, condition_named(result, table.names[i]), share, mean, unit, all_paths)
