"""What the worst paths have in common, and what makes them the worst."""

from collections.abc import Iterator

from spvrisk.dataset.read import Result
from spvrisk.errors import InputError, RunError
from spvrisk.experiments.worst import worst_paths
from spvrisk.measures.tail import FEWEST
from spvrisk.plan.outputs import NPV
from spvrisk.report.page.parts import Block, Choice, Option
from spvrisk.report.page.subject import Subject, found, left_out
from spvrisk.runner.execute import Announce
from spvrisk.views.figures import Note, said
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
    yield from _anatomy(result, share, subject.announce)
    options = (
        Option(said("worst {}", tail_name(level)), (*found(parts, result, level), *found(alone, result, level)))
        for level in result.summary.levels
    )
    yield Choice("parts-of", Note("What makes the"), tuple(options))


def _anatomy(result: Result, share: float, announce: Announce) -> Iterator[Block]:
    """What tells the worst paths from the others."""
    try:
        anatomy = worst_paths(result, NPV, share, None, announce)
    except (InputError, RunError) as error:
        yield left_out(error)
        return
    yield from (told(anatomy, titled=True)._replace(title=""), marks(anatomy))
    if anatomy.parts:
        yield parts_of_tail(anatomy)
