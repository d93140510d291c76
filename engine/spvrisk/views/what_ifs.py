"""What was changed of a study, by scenarios or by stresses."""

from spvrisk.experiments.scenarios import Scenarios
from spvrisk.views.figures import Figures
from spvrisk.views.scenarios import scenarios
from spvrisk.views.stress import stress


def what_ifs(found: Scenarios) -> list[Figures]:
    """Give the page of the command by which they are run.

    Parameters
    ----------
    found
        As from `run_scenarios`.
    """
    return [stress(found)] if found.origin.command == "stress" else scenarios(found)
