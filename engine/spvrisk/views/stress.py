"""Stresses in one table: the study's figures, and what each stress changes of them."""

from collections.abc import Iterator

from spvrisk.experiments.scenarios import Outcome, Scenarios
from spvrisk.views.figures import Column, Figures, Note, Row, said
from spvrisk.views.scenarios import estimate, head, notes
from spvrisk.views.words import money_name


def stress(found: Scenarios) -> Figures:
    """Give the table, and what each stress is.

    Parameters
    ----------
    found
        Stresses, as from `run_scenarios`.
    """
    base, *stresses = found.outcomes
    money = money_name(found.labels)
    own = tuple(estimate(*of) for of in zip(found.measures, base.values, base.errors, strict=True))
    rows = (Row("as it is", own, apart=True), *(_changes(each, found) for each in stresses))
    columns = tuple(Column(head(measure)) for measure in found.measures)
    title = f"The study as it is, and what each stress changes, in {money}"
    return Figures(title, columns, rows, tuple(_notes(found)), unit=money)


def _changes(outcome: Outcome, found: Scenarios) -> Row:
    """What a stress changes."""
    assert outcome.changes is not None  # of the base alone there are none
    changes = zip(found.measures, outcome.changes, strict=True)
    cells = (said("{:+}", estimate(measure, change.value, change.error)) for measure, change in changes)
    return Row(outcome.scenario.name, tuple(cells))


def _notes(found: Scenarios) -> Iterator[Note]:
    yield from notes(found)
    for outcome in found.outcomes[1:]:
        if title := outcome.scenario.title.get("en"):
            yield said("{}: {}.", outcome.scenario.name, title)
