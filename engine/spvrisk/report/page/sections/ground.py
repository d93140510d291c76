"""What the figures rest on: how they settle, what is assumed, what is left out, how they were made."""

from collections.abc import Iterator, Sequence

from spvrisk.charts.convergence import convergence as convergence_chart
from spvrisk.dataset.read import Result
from spvrisk.errors import InputError
from spvrisk.experiments.verify import verified
from spvrisk.plan.digest import SHOWN_DIGITS
from spvrisk.plan.outputs import STACK
from spvrisk.report.page.parts import Block, More
from spvrisk.report.page.subject import Subject, found, left_out
from spvrisk.views.figures import Cell, Figures, Note, Row, heads, said
from spvrisk.views.info import info
from spvrisk.views.projects import caps
from spvrisk.views.summary import overridden
from spvrisk.views.words import study_named


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
    try:
        *tables, counted = subject.assumptions
    except InputError as error:
        yield left_out(error)
        return
    yield from counted.notes
    for table in tables:
        yield More(said("{} ({:value})", table.title, len(table.rows)), (table._replace(title=""),))


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
    if subject.results:
        subject.announce("reading whole files")
        yield _made(subject.results)
    for each in subject.scenarios:
        text, study = "Scenarios of {:title} ({}): {:path} of seed {} each, by spvrisk {}.", study_named(each.labels)
        yield said(text, study, each.origin.file, each.paths, str(each.seed), each.origin.command)
    for result in subject.results:
        about = info(result)
        rows = tuple(row for row in about.rows if row.name != Note("file"))  # where it lies concerns no reader
        yield More(said("All that is known of how {} was made", result.name), (about._replace(rows=rows),))


def _made(results: Sequence[Result]) -> Figures:
    """Whether results are what was written, and what computed them."""
    columns = heads("as written", "machine code for", "self-test", "engine", "content")
    rows = tuple(Row(result.name, tuple(_facts(result))) for result in results)
    title = Note("What was found of the files")
    return Figures(title, tuple(column._replace(text=True) for column in columns), rows, shape="list")


def _facts(result: Result) -> Iterator[Cell]:
    found, made, about = verified(result), result.provenance, result.attributes
    wrong = "; ".join(f"{check.name} {check.found}" for check in found.checks if check.sound is False)
    yield wrong or Note("yes")
    yield from (made["target"], made["self_test"])
    yield said("{}, numbers version {:d}", about["source"], int(about["numbers_version"]))
    yield about["content_sha256"][:SHOWN_DIGITS]
