"""Files of scenarios: a study and what becomes of it under named changes, read with the place of every problem."""

from spvrisk.config.scenarios.changes import Change, variant
from spvrisk.config.scenarios.reading import Scenario, ScenarioFile, Swing, read_scenarios, stresses_of

__all__ = ["Change", "Scenario", "ScenarioFile", "Swing", "read_scenarios", "stresses_of", "variant"]
