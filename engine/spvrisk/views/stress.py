"""Stresses in one table: the study's figures, and what each stress changes of them."""

from spvrisk.experiments.scenarios import Scenarios
from spvrisk.views.figures import Figures, Note, said
from spvrisk.views.scenarios import changes, drawn, failures, titles
from spvrisk.views.tails import thin
from spvrisk.views.words import money_in


def stress(found: Scenarios) -> Figures:
    """Give the table, and what each stress is.

    Parameters
    ----------
    found
        Stresses, as from `run_scenarios`.
    """
    table = changes(found, range(len(found.measures)))
    base, *stresses = table.rows
    title = said("The study as it is, and what each stress changes, in {}", money_in(found.labels))
    notes = (drawn(found), *titles(found), *thin(found.tails), *failures(found))
    return table._replace(title=title, rows=(base._replace(name=Note("as it is")), *stresses), notes=notes)
