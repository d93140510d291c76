"""What else might be: scenarios, inputs of a tornado, other results side by side."""

from collections.abc import Callable, Iterator

from spvrisk.charts.chart import Chart
from spvrisk.charts.compare import compare as compare_chart
from spvrisk.charts.what_ifs import measure_in_words, outcomes_of
from spvrisk.charts.what_ifs import scenarios as scenarios_chart
from spvrisk.charts.what_ifs import tornado as tornado_chart
from spvrisk.dataset.scenarios import Combined
from spvrisk.experiments.variants import INPUT
from spvrisk.measures.comparison import Comparison, compared
from spvrisk.report.page.parts import Block, Choice, More, Option
from spvrisk.report.page.subject import Subject, found
from spvrisk.views.compare import details, matrix, names_of, shared
from spvrisk.views.figures import Column, Figures, Note, Row, said
from spvrisk.views.words import study_named


def scenarios(subject: Subject) -> Iterator[Block]:
    """Give what each scenario changes.

    Parameters
    ----------
    subject
        Of any kind.
    """
    for number, each in enumerate(subject.scenarios):
        axes = outcomes_of(each).axes
        if any(INPUT not in own for own in axes[1:]):
            yield from _other_study(each, subject)
            yield _by_measure(f"scenarios-{number}", scenarios_chart, each)


def tornado(subject: Subject) -> Iterator[Block]:
    """Give what the ends of each input change.

    Parameters
    ----------
    subject
        Of any kind.
    """
    for number, each in enumerate(subject.scenarios):
        if any(INPUT in own for own in outcomes_of(each).axes):
            yield from _other_study(each, subject)
            yield _by_measure(f"tornado-{number}", tornado_chart, each)


def _by_measure(name: str, chart: Callable[..., Chart], each: Combined) -> Choice:
    named = [(measure.text, measure_in_words(each.labels, measure)) for measure in outcomes_of(each).measures]
    options = tuple(Option(words, found(chart, each, measure)) for measure, words in named)
    return Choice(name, Note("Measure"), options)


def _other_study(each: Combined, subject: Subject) -> Iterator[Note]:
    """Say if scenarios are of another study than the page."""
    if each.labels.title != subject.labels.title:
        yield said("These scenarios are of another study: {:title}", study_named(each.labels))


def compare(subject: Subject) -> Iterator[Block]:
    """Give results side by side.

    Parameters
    ----------
    subject
        Of any kind.
    """
    if len(subject.results) < 2:
        return
    both = compared(subject.results)
    yield _named(both)
    yield from found(compare_chart, subject.results)
    yield from (shared(both), matrix(both))
    yield More(Note("All figures, and how the studies differ"), tuple(details(both)[1:]))


def _named(found: Comparison) -> Figures:
    """What is compared."""
    titles = (said("{:title}", study_named(row.result.labels)) for row in found.results)
    rows = tuple(Row(name, (title,)) for name, title in zip(names_of(found), titles, strict=True))
    return Figures(Note("What is compared"), (Column(Note("study"), text=True),), rows, shape="list")
