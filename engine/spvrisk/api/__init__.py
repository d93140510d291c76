"""Python's way in: `load` a study, `run` it, `open` its result; the command line does nothing that is not here."""

from spvrisk.api.comparisons import compare, compare_table, save_table
from spvrisk.api.driving import DRIVEN as DRIVEN
from spvrisk.api.driving import drivers, plan_known, plan_redraws, redraws
from spvrisk.api.driving import is_result as is_result
from spvrisk.api.measures import REPLAYED as REPLAYED
from spvrisk.api.measures import cash, confidence, curve, obligors, tail
from spvrisk.api.reports import plot, save_report
from spvrisk.api.result_files import described as described
from spvrisk.api.result_files import export, info, restore, trace, verify
from spvrisk.api.results import Results, open
from spvrisk.api.runs import needed, run, run_until
from spvrisk.api.studies import Checked, Study, assumptions, load, overview, validate
from spvrisk.api.tools import bench, init, language, schema, selftest, warmup
from spvrisk.api.what_ifs import goal, plan_scenarios, plan_stresses, scenarios
from spvrisk.runner.on import Cluster, On, Processes, Threads

__all__ = [
    "Checked",
    "Cluster",
    "On",
    "Processes",
    "Results",
    "Study",
    "Threads",
    "assumptions",
    "bench",
    "cash",
    "compare",
    "confidence",
    "curve",
    "compare_table",
    "drivers",
    "export",
    "goal",
    "info",
    "init",
    "language",
    "load",
    "needed",
    "obligors",
    "open",
    "overview",
    "redraws",
    "restore",
    "plan_known",
    "plan_redraws",
    "plan_scenarios",
    "plan_stresses",
    "plot",
    "run",
    "run_until",
    "save_report",
    "save_table",
    "scenarios",
    "schema",
    "selftest",
    "tail",
    "trace",
    "validate",
    "verify",
    "warmup",
]
