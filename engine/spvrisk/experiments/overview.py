"""What a study comes to before a path is drawn: its plan, and what a run of it would need."""

from typing import NamedTuple

from spvrisk.config import Loaded, Study
from spvrisk.config.defaults import Default, defaults
from spvrisk.dataset.kept import default_paths
from spvrisk.errors import Problem
from spvrisk.experiments.need import Need, check_memory, foreseen, memory_budget, need_of, workspace_of
from spvrisk.experiments.outer import check_uncertain, planning_seconds
from spvrisk.experiments.stress import check_stresses
from spvrisk.experiments.task import planned
from spvrisk.plan.compile import Compiled, compile_study
from spvrisk.plan.digest import plan_sha256
from spvrisk.plan.overview import OwnedLaw, Pair, ProjectDates, law_reports, pairs, project_dates, smallest_eigenvalue
from spvrisk.plan.warnings import warnings_of
from spvrisk.runner.execute import make_ready
from spvrisk.runner.job import Job
from spvrisk.runner.proof import at_hand
from spvrisk.runner.shard import processors, seconds_per_path


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
    need
        What a run needs of memory and disk.
    budget
        Bytes of memory that it may have.
    statistics
        Whether they will be exact, in words.
    seconds, outer_seconds
        That drawing its paths takes, about, and planning and drawing those of its outer runs; None where the kernel
        would have to be compiled first.
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
    need: Need
    budget: int
    statistics: str
    seconds: float | None
    outer_seconds: float | None
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
    job = Job(compiled.plan, labels, "", run.seed, run.paths, run.leaves_per_shard)
    workers, seconds, outer_seconds = run.workers or processors(), None, None
    planning = planning_seconds(loaded)
    if at_hand():
        make_ready(compiled.plan)
        each = seconds_per_path(job) / min(workers, processors())
        seconds, outer_seconds = each * run.paths, each * run.outer_paths + planning
    workspace, kept = workspace_of(job), tuple(study.output.paths or default_paths(labels))
    return Overview(
        study=study,
        compiled=compiled,
        plan_sha256=plan_sha256(compiled.plan),
        dates=project_dates(study),
        laws=law_reports(study, compiled.book),
        pairs=pairs(study),
        smallest_eigenvalue=smallest_eigenvalue(study),
        need=need_of(job, workers, workspace),
        budget=memory_budget(run),
        statistics=foreseen(job, run, study.output, kept, workers, workspace),
        seconds=seconds,
        outer_seconds=outer_seconds,
        kept=kept,
        defaults=defaults(study, loaded.places.given()),
    )


def checked(loaded: Loaded) -> list[Problem]:
    """Refuse what only planning sees, and give what is allowed but looks like a slip.

    Raises
    ------
    InputError
        Laws that cannot be, dates against the calendar, names of results, a run beyond the memory that it is given; a
        stress that makes no sound study.
    """
    run = loaded.study.run
    task = planned(loaded, run)
    if run.memory_mib is not None:  # what a machine gives is seen when it runs
        with loaded.places.filled_in():
            check_memory(task, to_disk=True)
    check_stresses(loaded)
    check_uncertain(loaded)
    return warnings_of(loaded)
