"""The sheets of a workbook, in their order."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import NamedTuple

from spvrisk.charts.distribution import distribution
from spvrisk.charts.exceedance import exceedance
from spvrisk.charts.fan import fan
from spvrisk.charts.occupancy import occupancy
from spvrisk.dataset.read import Result
from spvrisk.exports.flows import YEARLY, yearly_records
from spvrisk.exports.units import terms
from spvrisk.plan.outputs import NPV, PORTFOLIO
from spvrisk.report.book.drawn import yearly
from spvrisk.report.book.layout import Part, laid_out
from spvrisk.report.book.numbers import Words
from spvrisk.report.book.sheet import Sheet
from spvrisk.report.page.parts import Block
from spvrisk.report.page.sections.drivers import drivers
from spvrisk.report.page.sections.ground import limits, provenance
from spvrisk.report.page.sections.minute import minute
from spvrisk.report.page.sections.not_known import not_known
from spvrisk.report.page.sections.parties import bearers
from spvrisk.report.page.sections.what_ifs import compare, scenarios, tornado
from spvrisk.report.page.subject import Subject, found
from spvrisk.runner.execute import Progress
from spvrisk.views.assumptions import assumptions
from spvrisk.views.clock import conditional, regimes
from spvrisk.views.figures import Column, Figures, Note, Row, said
from spvrisk.views.loss import answer, loss, value
from spvrisk.views.projects import caps, construction, status
from spvrisk.views.summary import overridden
from spvrisk.views.terms import returns, times
from spvrisk.views.words import condition_named, money_in, money_name, quantity_named, study_named, unit_titled


def _register(subject: Subject, _: Words) -> Iterator[Part]:
    """All values with their sources in one table, which a sheet can filter."""
    yield from overridden(subject.results[0])
    yield from found(lambda: assumptions(subject.register))


class _Planned(NamedTuple):
    """A sheet that is to be made; with a result alone, unless it can do without."""

    name: Note
    title: Note
    parts: Callable[[Subject, Words], Iterator[Part]]
    of_result: bool = True


def _of(section: Callable[[Subject], Iterator[Block]]) -> Callable[[Subject, Words], Iterator[Part]]:
    """A section as the page has it."""
    return lambda subject, _: section(subject)


def _minute(subject: Subject, words: Words) -> Iterator[Part]:
    yield said("{}", words(study_named(subject.labels)))
    yield from subject.told()
    yield from minute(subject)


def _losses(subject: Subject, _: Words) -> Iterator[Part]:
    result = subject.results[0]
    yield answer(result)
    yield from found(distribution, result, NPV, subject.announce)
    yield from found(exceedance, result, NPV, subject.announce)
    yield value(result)
    yield from (loss(result, level) for level in result.summary.levels)


def _projects(subject: Subject, _: Words) -> Iterator[Part]:
    result = subject.results[0]
    yield from (status(result), construction(result))
    if (cut := caps(result)).notes:
        yield cut
    yield from (returns(result), times(result))


def _cash(subject: Subject, words: Words) -> Iterator[Part]:
    """The funder's net flow by year and project, and its fans."""
    result = subject.results[0]
    labels = result.labels
    by_unit: dict[str, dict[int, float]] = defaultdict(dict)
    for unit, year, flows in _flows(result):
        by_unit[unit][year] = flows["distribution_funder"] - flows["calls"]
    years = sorted(by_unit[PORTFOLIO])
    by_name = {words(unit_titled(labels, name)): [by_unit[name][year] for year in years] for name in labels.projects}
    label = said("The funder's receipts less its calls by calendar year, mean over all paths, {}", money_in(labels))
    yield yearly(words(label), years, by_name, words)
    yield from found(fan, result)


def _flows(result: Result) -> Iterator[tuple[str, int, dict[str, float]]]:
    """Unit, year, and its flows and balances by name."""
    for record in yearly_records(result):
        year, unit = record.keys
        yield str(unit), int(str(year)), {cell.name: cell.value for cell in record.cells}


def _yearly(subject: Subject, words: Words) -> Iterator[Part]:
    """Flows and balances of each project by calendar year."""
    result = subject.results[0]
    order, money = [PORTFOLIO, *result.labels.projects], money_name(result.labels)
    records = sorted(_flows(result), key=lambda record: order.index(record[0]))
    rows = (Row(words(unit_titled(result.labels, unit)), (year, *flows.values())) for unit, year, flows in records)
    columns = (Column(Note("year"), "d"), *(Column(quantity_named(head), ",.1f") for head in records[0][2]))
    title = said("{}, {}", YEARLY.cell.meaning, money_in(result.labels))
    yield Figures(title, columns, tuple(rows), unit=money, names=Note("project"))


def _law(subject: Subject, _: Words) -> Iterator[Part]:
    result = subject.results[0]
    if result.labels.regimes:
        yield from found(occupancy, result)
    if result.summary.shares:
        yield regimes(result)


def _conditional(subject: Subject, _: Words) -> Iterator[Part]:
    result = subject.results[0]
    if result.conditional.names:
        found = conditional(result)
        yield found._replace(
            rows=tuple(row._replace(name=condition_named(result, str(row.name))) for row in found.rows)
        )


def _units(subject: Subject, _: Words) -> Iterator[Part]:
    """What words of the tables mean, and what they are measured in."""
    result = subject.results[0]
    rows = tuple(
        Row(term.name, (term.where, term.meaning, term.measured_in))
        for term in terms(result.labels, result.summary.exact)
    )
    columns = tuple(Column(head, text=True) for head in (Note("where"), Note("meaning"), Note("measured in")))
    notes = (
        Note("± is a standard error. From and to are the ends of a 95 % interval, or of what a chart shows."),
        Note("An empty cell is undefined. Numbers have sixteen digits, of which fewer are shown."),
    )
    yield Figures("", columns, rows, notes, shape="list", names=Note("word"))


def _about(subject: Subject, _: Words) -> Iterator[Part]:
    if subject.results:
        yield from limits(subject)
    yield from provenance(subject)


_SHEETS = (
    _Planned(Note("Minute"), Note("In a minute"), _minute, False),
    _Planned(Note("Unknown"), Note("What is not known"), _of(not_known)),
    _Planned(Note("Summary"), Note("What is lost, and how often"), _losses),
    _Planned(Note("Bearers"), Note("Who bears the loss"), _of(bearers)),
    _Planned(Note("Projects"), Note("Projects"), _projects),
    _Planned(Note("Cash"), Note("Cash over time"), _cash),
    _Planned(Note("Yearly"), Note("Flows and balances by calendar year"), _yearly),
    _Planned(Note("Law"), Note("Law and politics"), _law),
    _Planned(Note("Conditional"), Note("Given an outcome or a final state"), _conditional),
    _Planned(Note("Scenarios"), Note("Scenarios"), _of(scenarios), False),
    _Planned(Note("Compare"), Note("Results side by side"), _of(compare), False),
    _Planned(Note("Tornado"), Note("What matters most"), _of(tornado), False),
    _Planned(Note("Drivers"), Note("Which inputs drive it"), _of(drivers)),
    _Planned(Note("Assumptions"), Note("Assumptions"), _register),
    _Planned(Note("Units"), Note("Words and units"), _units),
    _Planned(Note("About"), Note("What the model does not say, and how it was made"), _about, False),
)
"""All of them; one that has nothing to say is left out."""

STEPS = len(_SHEETS)
"""How many sheets are made, or found to have nothing to say."""


def sheets_of(subject: Subject, words: Words, progress: Progress) -> Iterator[Sheet]:
    """Make the sheets that have something to say.

    Parameters
    ----------
    subject
        What the workbook is of.
    words
        Gives texts in its language.
    progress
        Called with 1 for each.
    """
    for planned in _SHEETS:
        if subject.results or not planned.of_result:
            subject.announce(planned.title.text)
            parts = planned.parts(subject, words)
            if sheet := laid_out(words(planned.name), words(planned.title), parts, words):
                yield sheet
        progress(1)
