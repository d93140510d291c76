"""The sections of a page, in their order."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from spvrisk.report.page.parts import Block, Section
from spvrisk.report.page.sections.clock import clock
from spvrisk.report.page.sections.drivers import drivers
from spvrisk.report.page.sections.ground import assumptions, convergence, limits, provenance
from spvrisk.report.page.sections.loss import losses
from spvrisk.report.page.sections.minute import minute
from spvrisk.report.page.sections.not_known import not_known
from spvrisk.report.page.sections.parties import bearers, cash, projects
from spvrisk.report.page.sections.story import story
from spvrisk.report.page.sections.tails import tails
from spvrisk.report.page.sections.what_ifs import compare, scenarios, tornado
from spvrisk.report.page.subject import Subject
from spvrisk.runner.execute import Progress
from spvrisk.views.figures import Note


class _Planned(NamedTuple):
    """A section that is to be made; with a result alone, unless it can do without."""

    name: str
    title: Note
    blocks: Callable[[Subject], Iterator[Block]]
    of_result: bool = True


_SECTIONS = (
    _Planned("minute", Note("In a minute"), minute, False),
    _Planned("not_known", Note("What is not known"), not_known),
    _Planned("loss", Note("What is lost, and how often"), losses),
    _Planned("bearers", Note("Who bears the loss"), bearers),
    _Planned("projects", Note("Projects"), projects),
    _Planned("cash", Note("Cash over time"), cash),
    _Planned("clock", Note("Law and politics"), clock),
    _Planned("scenarios", Note("Scenarios"), scenarios, False),
    _Planned("compare", Note("Results side by side"), compare, False),
    _Planned("tornado", Note("What matters most"), tornado, False),
    _Planned("drivers", Note("Which inputs drive it"), drivers),
    _Planned("tail", Note("What the worst paths have in common"), tails),
    _Planned("story", Note("Single paths"), story),
    _Planned("convergence", Note("How the figures settle"), convergence),
    _Planned("assumptions", Note("Assumptions"), assumptions),
    _Planned("limits", Note("What the model does not say"), limits),
    _Planned("provenance", Note("How it was made"), provenance, False),
)
"""All of them; one that has nothing to say is left out."""

STEPS = len(_SECTIONS)
"""How many sections are made, or found to have nothing to say."""


def sections_of(subject: Subject, progress: Progress) -> Iterator[Section]:
    """Make the sections that have something to say.

    Parameters
    ----------
    subject
        What the page is of.
    progress
        Called with 1 for each.
    """
    for planned in _SECTIONS:
        if subject.results or not planned.of_result:
            subject.announce(planned.title.text)
            if blocks := tuple(planned.blocks(subject)):
                yield Section(planned.name, planned.title, blocks)
        progress(1)
