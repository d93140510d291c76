"""A study run: of so many paths, or until measures are known well enough."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spvrisk.api.arguments import called, file_name, on_what, texts, within, wrong, yes_or_no
from spvrisk.api.results import Results
from spvrisk.api.studies import Study, given_study
from spvrisk.catalogue import phrase
from spvrisk.errors import argument
from spvrisk.runner.on import THREADS, On

if TYPE_CHECKING:
    from spvrisk.experiments.kept import Manner
    from spvrisk.experiments.precision import Look, Precise, Target
    from spvrisk.runner.execute import Announce, Progress


def run(
    study: Study,
    paths: int | None = None,
    seed: int | None = None,
    out: str | os.PathLike[str] | None = None,
    *,
    on: On = THREADS,
    overwrite: bool = False,
    resume: bool = False,
    keep: bool = False,
    progress: "Progress" = lambda _: None,
    announce: "Announce" = lambda _: None,
) -> Results:
    """Run a study and open its result.

    Where `out` holds fewer paths of the same study and seed, it is extended: the result is what a run of that size
    from the start would be.

    Parameters
    ----------
    study
        As from `load`.
    paths, seed
        Instead of what the study says under ``run``.
    out
        Result file. If it is left out, the result stays in memory.
    on
        What computes the shards: ``spvrisk.Threads(2)``, ``spvrisk.Processes(4)``, or ``spvrisk.Cluster(address)`` of a
        dask scheduler, ``spvrisk.Cluster("local", workers=4)``. It changes no number. A script that starts processes or
        a local cluster must do so under ``if __name__ == "__main__":``.
    overwrite
        Whether an existing result is replaced; a file that the study is read from never is.
    resume
        Whether a run that was broken off is gone on with, and one that is finished is opened as it is.
    keep
        Whether the shards are kept beside the result, so that extending it computes only what is new.
    progress
        Called with the number of paths done since the last call, from any thread.
    announce
        Called with a word for each stage.

    Raises
    ------
    InputError
        The study, a number or the output cannot be used; nothing was written.
    RunError
        Writing failed, or the sums of the run contradict each other.
    KeyboardInterrupt
        The run was interrupted; its notes say what is kept, and how to go on.

    Examples
    --------
    >>> from importlib.resources import files
    >>> import spvrisk
    >>> study = spvrisk.load(files("spvrisk") / "data" / "starter.yaml")
    >>> with spvrisk.run(study, paths=500) as results:
    ...     npv = results.summary.npv_funder_mean
    ...     total = float(npv.sel(unit=["gas_plant", "port"]).sum() - npv.sel(unit="portfolio"))
    ...     values = results.paths.npv_funder.sel(project="port")[:100].load()
    >>> f"{abs(total):.6f}", values.shape
    ('0.000000', (100,))
    """
    # loaded here: `load` alone has no use for the engine
    from spvrisk.experiments.run import run_in_memory, run_study
    from spvrisk.experiments.task import settings_of

    loaded = given_study(study).loaded
    settings = settings_of(loaded, paths, seed)
    progress, announce = called("progress", progress), called("announce", announce)
    manner = manner_of(overwrite, resume, keep, on)
    if out is None:
        if resume or keep:
            raise wrong("out", "must be a file where shards are kept or gone on with", out, "name a result file")
        return Results(run_in_memory(loaded, settings, manner.on, progress, announce))
    written = run_study(loaded, file_name("out", out), settings, manner, progress, announce)
    try:
        return Results(written)
    except KeyboardInterrupt as error:
        error.add_note(phrase("The result is written: {}.", written))
        raise


def run_until(
    study: Study,
    precision: Sequence[str],
    out: str | os.PathLike[str],
    *,
    max_paths: int = 10_000_000,
    paths: int | None = None,
    seed: int | None = None,
    on: On = THREADS,
    overwrite: bool = False,
    resume: bool = False,
    keep: bool = False,
    progress: "Progress" = lambda _: None,
    announce: "Announce" = lambda _: None,
) -> "Precise":
    """Run a study until measures are known well enough.

    The result is that of a run of as many paths from the start: it is extended from look to look. The first look is at
    the result that is there already where that is gone on with.

    Parameters
    ----------
    study, out, seed, on, overwrite, resume, keep, announce
        As of `run`.
    progress
        As of `run`; where a look begins, it is called with so many less as the one before had told of.
    precision
        Measures with half of their 95 % intervals: ``npv_funder:es@0.99=1%``, or ``npv_funder:mean=200``.
    max_paths
        Paths after which it stops in any case.
    paths
        Of the first look; None: the study's, at least 65,536.

    Returns
    -------
    Precise
        With what was known look by look in ``looks``; ``reached`` says whether all of it is.

    Raises
    ------
    InputError
        As of `run`; or a measure cannot be read.
    RunError, KeyboardInterrupt
        As of `run`; calling it again with `resume` goes on.
    """
    from spvrisk.experiments.precision import run_until, targets_of
    from spvrisk.experiments.task import settings_of
    from spvrisk.plan.compile import compile_study

    loaded = given_study(study).loaded
    settings = settings_of(loaded, paths, seed)
    targets = targets_of(texts("precision", precision), compile_study(loaded.study).labels, argument("precision"))
    if not targets:
        raise wrong("precision", "must name a measure", phrase("nothing"), 'give e.g. ["npv_funder:es@0.99=1%"]')
    manner = manner_of(overwrite, resume, keep, on)
    most = within("max_paths", max_paths, 1, 2**31 - 1)
    told = called("progress", progress), called("announce", announce)
    return run_until(loaded, Path(file_name("out", out)), settings, targets, most, manner, *told)


def needed(
    study: Study, precision: Sequence[str], announce: "Announce" = lambda _: None
) -> "tuple[tuple[Target, ...], Look, float]":
    """Foresee how many paths it takes to know measures so well, from a pilot of 16,384.

    Parameters
    ----------
    study
        As from `load`.
    precision
        As of `run_until`.
    announce
        As of `run`.

    Returns
    -------
    targets, look, seconds
        What is wanted; what the pilot tells, with the paths that are ``needed``; how long these take here.

    Raises
    ------
    InputError
        A measure cannot be read.
    """
    from spvrisk.experiments.precision import needed, targets_of
    from spvrisk.experiments.task import settings_of
    from spvrisk.plan.compile import compile_study

    loaded = given_study(study).loaded
    targets = targets_of(texts("precision", precision), compile_study(loaded.study).labels, argument("precision"))
    look, seconds = needed(loaded, settings_of(loaded, None, None), targets, called("announce", announce))
    return targets, look, seconds


def manner_of(overwrite: Any, resume: Any, keep: Any, on: Any) -> "Manner":
    """How a caller wants a study run, checked.

    Parameters
    ----------
    overwrite, resume, keep, on
        As of `run`.
    """
    from spvrisk.experiments.kept import Manner

    chosen = {"overwrite": overwrite, "resume": resume, "keep": keep}
    checked = {name: yes_or_no(name, value) for name, value in chosen.items()}
    return Manner(**checked, on=on_what("on", on))
