"""Risk engine for portfolios of investment SPVs.

`load` a study, `run` it, `open` its result. All of `spvrisk.api` is here, and imported when it is first used, so that
importing the package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from spvrisk._version import __version__
from spvrisk.errors import InputError, RunError

if TYPE_CHECKING:
    from spvrisk.api import (
        Checked,
        Cluster,
        On,
        Processes,
        Results,
        Study,
        Threads,
        assumptions,
        bench,
        cash,
        compare,
        compare_table,
        confidence,
        curve,
        export,
        goal,
        info,
        init,
        language,
        load,
        needed,
        obligors,
        open,
        overview,
        plan_scenarios,
        plan_stresses,
        plot,
        restore,
        run,
        run_until,
        save_report,
        save_table,
        scenarios,
        schema,
        selftest,
        tail,
        trace,
        validate,
        verify,
        warmup,
    )

__all__ = [
    "Checked",
    "Cluster",
    "InputError",
    "On",
    "Processes",
    "Results",
    "RunError",
    "Study",
    "Threads",
    "__version__",
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
    "plan_known",
    "plan_redraws",
    "plan_scenarios",
    "plan_stresses",
    "plot",
    "redraws",
    "restore",
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


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("spvrisk.api"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
