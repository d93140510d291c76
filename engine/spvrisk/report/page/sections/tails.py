"""What the worst paths have in common, and what makes them the worst."""

from collections.abc import Iterator

from spvrisk.dataset.read import Result
from spvrisk.experiments.worst import worst_paths
from spvrisk.measures.tail import FEWEST
from spvrisk.plan.outputs import NPV
from spvrisk.report.page.parts import Block, Choice, Option
from spvrisk.report.page.subject import Subject, found
from spvrisk.views.figures import Figures, Note, said
from spvrisk.views.tail import marks, told
from spvrisk.views.tail import parts as parts_of_tail
from spvrisk.views.tails import alone, parts
from spvrisk.views.words import tail_name

_WORST, _MOST = 0.01, 0.05
"""Share of all paths that are looked at, and how many they may be where so few paths would be too few."""


def tails(subject: Subject) -> Iterator[Block]:
    """Give the section.

    Parameters
    ----------
    subject
        With a result.
    """
    result = subject.results[0]
    share = min(_MOST, max(_WORST, FEWEST / result.n_paths))
    yield from _anatomy(result, share)
    options = (
        Option(said("worst {}", tail_name(level)), (*found(parts, result, level), *found(alone, result, level)))
        for level in result.summary.levels
    )
    yield Choice("parts-of", Note("What makes the"), tuple(options))


def _anatomy(result: Result, share: float) -> Iterator[Block]:
    """What tells the worst paths from the others."""
    (first,) = found(_told, result, share)
    yield first
    if isinstance(first, Figures):
        anatomy = worst_paths(result, NPV, share, None, lambda _: None)
        yield marks(anatomy)
        if anatomy.parts:
            yield parts_of_tail(anatomy)


def _told(result: Result, share: float) -> Figures:
    return told(worst_paths(result, NPV, share, None, lambda _: None))._replace(title="")
