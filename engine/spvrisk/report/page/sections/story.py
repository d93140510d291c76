"""Single paths, told: the worst, and those at some quantiles."""

from collections.abc import Iterator

from spvrisk.errors import InputError, RunError
from spvrisk.experiments.traced import Traced
from spvrisk.plan.outputs import WHOLE
from spvrisk.report.page.parts import Block, Choice, More, Option, Pick
from spvrisk.report.page.subject import Subject, left_out
from spvrisk.views.figures import Note
from spvrisk.views.trace import factors, flows, happened, is_slot, opening, projects, slots

CHOICE = "path"
"""Name of the choice among them."""

READ = Note("Read what happens on a path:")
"""Label of the links to them."""


def story(subject: Subject) -> Iterator[Block]:
    """Give the section.

    Parameters
    ----------
    subject
        With a result.
    """
    yield Note(
        "A path is one outcome of the whole deal, replayed here with all that happens on it. Paths are named by the "
        "quantile of the funder's net present value that they are: on 99 of 100 paths it is higher than at 1 %."
    )
    try:
        told = subject.paths
    except (InputError, RunError) as error:
        yield left_out(error)
        return
    yield Choice(CHOICE, Note("Path at"), tuple(Option(name, tuple(_told(each))) for name, each in told))


def _told(each: Traced) -> Iterator[Block]:
    """What became of projects and money first, then what happened when, and what is behind it."""
    yield opening(each, titled=True)._replace(title="")
    yield from (projects(each), flows(each))
    if any(map(is_slot, each.trace.sites)):
        yield slots(each)
    yield happened(each)._replace(notes=())  # which tell of an option of the command
    yield More(Note("Prices, rates and indices on this path"), (factors(each),))


def picks(subject: Subject) -> tuple[Pick, ...]:
    """Places of these paths on the axis of the net present value; none where they cannot be replayed.

    Parameters
    ----------
    subject
        With a result.
    """
    try:
        told = subject.paths
    except (InputError, RunError):
        return ()
    return tuple(Pick(float(each.trace.values[WHOLE]), name, i) for i, (name, each) in enumerate(told))
