"""``spvrisk run``: run a study."""

import contextlib
import json
import signal
from collections.abc import Iterator
from pathlib import Path

import click

from spvrisk.cli.options import Whole, set_option, study_argument
from spvrisk.cli.output import say, say_json
from spvrisk.config import load
from spvrisk.errors import InputError, Problem


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


@click.command("run", epilog="Example: spvrisk run study.yaml --paths 10000 --out quick.h5")
@study_argument
@click.option("--paths", type=Whole(1), help="Number of paths; the study's run.paths if left out.")
@click.option("--seed", type=Whole(0, 2**64 - 1), help="Seed; the study's run.seed if left out.")
@click.option("--out", type=click.Path(), help="Result file; results/<study>.h5 if left out.")
@click.option("--workers", type=Whole(1), help="Threads; all processors if left out.")
@set_option
@click.option("--overwrite", is_flag=True, help="Replace the file if it is a result of spvrisk.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON for programs.")
def command(
    study: str,
    paths: int | None,
    seed: int | None,
    out: str | None,
    workers: int | None,
    overrides: tuple[str, ...],
    overwrite: bool,
    as_json: bool,
) -> None:
    """Run STUDY, write a result file and print its summary.

    The result depends on the study, the paths and the seed alone: not on threads or machine load. Ctrl-C ends a run
    within two seconds; the result file appears whole or not at all. A file that STUDY is read from is never replaced,
    nor is any that is not a result of spvrisk, whatever is asked for.
    """
    signal.signal(signal.SIGTERM, _interrupted)
    loaded = load(study, overrides)
    # loaded here: a problem in the study is answered without waiting for the compiler
    from spvrisk.plan.warnings import warnings_of

    for warning in warnings_of(loaded):
        say(f"warning: {warning}", err=True)
    from spvrisk.cli.progress import progress_bar
    from spvrisk.cli.render import console, render_summary, summary_json
    from spvrisk.dataset.read import open_result
    from spvrisk.runner.run import run_study, settings_of

    settings = settings_of(loaded, paths, seed, workers)
    with _target(study, out) as target, progress_bar(settings.paths) as (advance, announce):
        run_study(loaded, target, settings, overwrite, advance, announce)
    opened = open_result(target)
    if as_json:
        say_json(json.dumps(summary_json(opened), ensure_ascii=False, allow_nan=False, indent=2))
    else:
        console().print(render_summary(opened))
        say(f"Result: {target}")


@contextlib.contextmanager
def _target(study: str, out: str | None) -> Iterator[Path]:
    """Give the result file: `out`, or one in ``results``, a folder that is made for it and gone if the run fails."""
    if out is not None:
        yield Path(out)
        return
    folder = Path("results")
    there = folder.is_dir()
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        rule = f"the folder {folder} cannot be made: {(error.strerror or str(error)).lower()}"
        raise InputError(Problem("--out", "", rule, "", "name a result file")) from error
    try:
        yield folder / f"{Path(study).stem}.h5"
    except BaseException:
        if not there:
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise
