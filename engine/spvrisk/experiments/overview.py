"""What a study comes to before a path is drawn: its plan, and what a run of it would need."""

from typing import NamedTuple

from spvrisk.config import Loaded, Study
from spvrisk.config.defaults import Default, defaults
from spvrisk.dataset.layout import check_names, check_paths, default_paths
from spvrisk.errors import Problem
from spvrisk.experiments.memory import required_bytes, waiting
from spvrisk.plan.compile import Compiled, compile_study
from spvrisk.plan.digest import plan_sha256
from spvrisk.plan.overview import OwnedLaw, Pair, ProjectDates, law_reports, pairs, project_dates, smallest_eigenvalue
from spvrisk.plan.warnings import warnings_of
from spvrisk.runner.shard import processors


class Overview(NamedTuple):
    """What a study comes to.

    Attributes
    ----------
    study, compiled
        The study, and its plan with labels and tables.
    plan_sha256
        Digest of the plan.
    dates
        Of each project, if all goes to plan.
    laws
        All laws, beside the tables that stand for them.
    pairs, smallest_eigenvalue
        Correlations that the study names, and of the scores' matrix.
    memory, workspace
        Bytes that a run needs for the values of its paths, and each thread besides.
    kept
        Variables of ``/paths``.
    defaults
        That were applied.
    """

    study: Study
    compiled: Compiled
    plan_sha256: str
    dates: dict[str, ProjectDates]
    laws: list[OwnedLaw]
    pairs: list[Pair]
    smallest_eigenvalue: float
    memory: int
    workspace: int
    kept: tuple[str, ...]
    defaults: list[Default]


def overview(loaded: Loaded) -> Overview:
    """Compile a study and measure what it comes to.

    Raises
    ------
    InputError
        What only planning finds out, with its place.
    """
    study = loaded.study
    with loaded.places.filled_in():
        compiled = compile_study(study)
    labels, run = compiled.labels, study.run
    on_the_way = waiting(run.workers or processors(), run.leaves_per_shard)
    return Overview(
        study=study,
        compiled=compiled,
        plan_sha256=plan_sha256(compiled.plan),
        dates=project_dates(study),
        laws=law_reports(study, compiled.book),
        pairs=pairs(study),
        smallest_eigenvalue=smallest_eigenvalue(study),
        memory=required_bytes(len(labels.series), study.study.steps, run.paths, on_the_way),
        workspace=_workspace(compiled),
        kept=tuple(study.output.paths or default_paths(labels)),
        defaults=defaults(study, loaded.places.given()),
    )


def checked(loaded: Loaded) -> list[Problem]:
    """Refuse what only planning sees, and give what is allowed but looks like a slip.

    Raises
    ------
    InputError
        Laws that cannot be, dates against the calendar, names of results.
    """
    with loaded.places.filled_in():
        labels = compile_study(loaded.study).labels
        check_paths(loaded.study.output.paths or (), labels)
        check_names(labels)
    return warnings_of(loaded)


def _workspace(compiled: Compiled) -> int:
    """Bytes of a thread's workspace and of the leaf that it works on."""
    from spvrisk.kernel.run import make_leaf, make_work  # loaded here: nothing else of a plan needs the kernel

    _, work = make_work(compiled.plan)
    leaf = make_leaf(compiled.plan, len(compiled.labels.series), True)
    return sum(array.nbytes for array in (*work, *leaf))
