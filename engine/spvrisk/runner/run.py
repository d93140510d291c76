"""From a loaded study to a result file: the whole story in a page."""

import datetime
import os
import sys
import time
from pathlib import Path

from spvrisk.aggregate.invariants import violations
from spvrisk.config import Loaded, changed_run, digest_of
from spvrisk.dataset.layout import check_names, check_paths, default_paths
from spvrisk.dataset.write import Provenance, check_output, write_result
from spvrisk.measures.conditional import summary_and_conditional
from spvrisk.measures.table import timeline
from spvrisk.plan.arrays import Plan
from spvrisk.plan.compile import compile_study
from spvrisk.runner.failed import failure, kept_aside
from spvrisk.runner.proof import prepare
from spvrisk.runner.simulate import Announce, Progress, Settings, processors, simulate


def settings_of(loaded: Loaded, paths: int | None, seed: int | None, workers: int | None) -> Settings:
    """The study's run settings, changed where an argument is given.

    Raises
    ------
    InputError
        An argument is not what the study could say under ``run``.
    """
    given = {"paths": paths, "seed": seed, "workers": workers}
    run = changed_run(loaded.study.run, {key: value for key, value in given.items() if value is not None})
    return Settings(
        paths=run.paths,
        seed=run.seed,
        workers=run.workers or processors(),
        leaves_per_shard=run.leaves_per_shard,
        memory_mib=run.memory_mib,
        lanes=run.lanes,
    )


def run_study(
    loaded: Loaded,
    out: str | os.PathLike[str],
    settings: Settings,
    overwrite: bool = False,
    progress: Progress | None = None,
    announce: Announce = lambda _: None,
    keep_failed: bool = True,
) -> Path:
    """Run a study and write its result.

    Parameters
    ----------
    loaded
        The study, as `spvrisk.config.load` gives it.
    out
        The result file.
    settings
        Size of the run; see `settings_of`.
    overwrite
        Whether an existing result is replaced; a file that the study is read from never is.
    progress
        Told of paths done.
    announce
        Told of each stage.
    keep_failed
        Whether the result of a run that breaks an invariant is kept beside `out`.

    Returns
    -------
    Path
        The result file.

    Raises
    ------
    InputError
        The study or the output cannot be used; nothing was written.
    RunError
        Writing failed, or the sums of the run contradict each other; then nothing is written under the name `out`.
    """
    study = loaded.study
    target = check_output(out, overwrite, reads=loaded.files)
    started, clock = datetime.datetime.now(datetime.UTC), time.perf_counter()
    announce("planning")
    with loaded.places.filled_in():
        plan, labels, _ = compile_study(study)
        names = study.output.paths or default_paths(labels)
        check_paths(names, labels)
        check_names(labels)
        sums, store = simulate(plan, labels, settings, progress, announce)

    def write(path: Path, replace: bool) -> None:
        announce("summarising")
        wanted = study.output.quantiles, study.output.risk_levels
        threads = settings.workers or processors()
        table, given = summary_and_conditional(sums, store.values.__getitem__, labels, *wanted, threads)
        steps = timeline(sums, store.fans, labels, study.output.quantiles)
        announce("writing")
        provenance = _provenance(loaded, plan, settings, started, time.perf_counter() - clock)
        write_result(path, labels, table, given, steps, store.values, names, settings.seed, provenance, replace)

    if broken := violations(plan, labels, sums, store.values):
        raise failure(broken, kept_aside(target) if keep_failed else None, lambda path: write(path, True))
    write(target, overwrite)
    return target


def _provenance(
    loaded: Loaded, plan: Plan, settings: Settings, started: datetime.datetime, seconds: float
) -> Provenance:
    """How a run came about: its study has the paths and the seed that were run."""
    proof = prepare()
    run = loaded.study.run.model_copy(update={"paths": settings.paths, "seed": settings.seed})
    ran = loaded.study.model_copy(update={"run": run})
    return Provenance(
        config_json=ran.model_dump_json(by_alias=True),
        config_sha256=digest_of(ran),
        plan=plan,
        sources=loaded.texts,
        overrides=loaded.overrides,
        started=started,
        duration_seconds=seconds,
        workers=settings.workers or processors(),
        command_line=sys.argv,
        target=proof.target.name,
        features=proof.target.features,
        self_test=proof.stamp.outcome,
    )
