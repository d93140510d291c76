"""What the figures rest on: how they settle, what is assumed, what is left out, how they were made."""

from collections.abc import Iterator

from spvrisk.charts.convergence import convergence as convergence_chart
from spvrisk.experiments.verify import verified
from spvrisk.plan.outputs import STACK
from spvrisk.report.page.parts import Block, More
from spvrisk.report.page.subject import Subject, found
from spvrisk.views.figures import Note, said
from spvrisk.views.info import info
from spvrisk.views.projects import caps
from spvrisk.views.registry import VIEWS
from spvrisk.views.summary import overridden
from spvrisk.views.verify import verify

_ASSUMPTIONS = "assumptions"
"""View of the register of a study."""


def convergence(subject: Subject) -> Iterator[Block]:
    """Give how figures settle as paths are added.

    Parameters
    ----------
    subject
        With a result.
    """
    yield from found(convergence_chart, subject.results[0], subject.announce)


def assumptions(subject: Subject) -> Iterator[Block]:
    """Give what the study assumes, with sources and confidence where it says so.

    Parameters
    ----------
    subject
        With a result.
    """
    result = subject.results[0]
    yield from overridden(result)
    if _ASSUMPTIONS in VIEWS:
        yield from found(VIEWS[_ASSUMPTIONS].figures, result)
    else:
        yield Note("Each number of the study has its source in a comment beside it: see `spvrisk info --config`.")


def limits(subject: Subject) -> Iterator[Block]:
    """Give what the model does not say.

    Parameters
    ----------
    subject
        With a result.
    """
    result = subject.results[0]
    labels = result.labels
    yield Note("Probabilities are those of the study. What it takes for granted, or has wrong, is in no interval here.")
    yield Note("A path is one outcome of the whole deal: 1 in 100 is of a hundred outcomes, not of a hundred years.")
    yield said("Flows after {}, the end of the study's horizon, are left out.", labels.step_ends[-1])
    yield Note(
        "What is distributed changes nobody's mind: parties fund, stop and pay by the rules of the study, and do not "
        "bargain anew when they lose."
    )
    if not labels.pipelines:
        yield Note("Projects that are not announced are not in it.")
    if STACK not in labels.features:
        yield Note("How the funder raises its money, and who bears its loss, is not in it.")
    if not labels.offtakers:
        yield Note("Buyers do not default.")
    yield Note("Contractors and the insurer never default; their own losses are not drawn.")
    if not labels.events and not labels.regimes:
        yield Note("Law and politics do not change.")
    yield from caps(result).notes


def provenance(subject: Subject) -> Iterator[Block]:
    """Give how results were made, whether they are whole, and how to make them again.

    Parameters
    ----------
    subject
        Of any kind.
    """
    for result in subject.results:
        made = result.provenance
        yield said("{}: machine code for {}, self-test {}.", result.name, made["target"], made["self_test"])
        subject.announce("reading the whole file")
        yield verify(verified(result))
        yield More(said("How {} was made", result.name), (info(result),))
    for each in subject.scenarios:
        text = "Scenarios of {} ({}): {:path} of seed {} each, by `spvrisk {}`."
        yield said(text, each.labels.title["en"], each.origin.file, each.paths, str(each.seed), each.origin.command)
