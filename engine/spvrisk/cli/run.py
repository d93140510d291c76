"""``spvrisk run``: run a study."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from spvrisk import api
from spvrisk.catalogue import phrase
from spvrisk.cli.language import Command
from spvrisk.cli.log import log_to
from spvrisk.cli.options import FILE, Whole, on_options, set_option, study_argument
from spvrisk.cli.output import say_document, say_text, warn
from spvrisk.cli.progress import Stop, progress_bar
from spvrisk.errors import InputError, Problem

if TYPE_CHECKING:
    from spvrisk.experiments.precision import Precise


@click.command("run", cls=Command, epilog="Example: spvrisk run study.yaml --paths 2000 --out quick.h5")
@study_argument
@click.option("--paths", type=Whole(1), help="Number of paths; the study's run.paths if left out.")
@click.option("--seed", type=Whole(0, 2**64 - 1), help="Seed; the study's run.seed if left out.")
@click.option("--out", type=FILE, help="Result file; results/<study>.h5 if left out.")
@on_options
@set_option
@click.option("--overwrite", is_flag=True, help="Replace the file if it is a result of spvrisk.")
@click.option("--resume", is_flag=True, help="Go on with a run that was broken off; a finished one is left as it is.")
@click.option("--keep", is_flag=True, help="Keep the shards in <out>.run, so that extending computes only new paths.")
@click.option("--precision", metavar="MEASURE=SIZE", multiple=True, help="Go on until a measure is known so well.")
@click.option("--max-paths", type=Whole(1), default=10_000_000, help="Paths after which --precision stops.")
@click.option("--log-file", type=FILE, help="Add a line for each event, and one a minute, to this file.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON for programs.")
def command(
    study: str,
    paths: int | None,
    seed: int | None,
    out: str | None,
    on: api.On,
    overrides: tuple[str, ...],
    overwrite: bool,
    resume: bool,
    keep: bool,
    precision: tuple[str, ...],
    max_paths: int,
    log_file: str | None,
    as_json: bool,
) -> None:
    """Run STUDY, write a result file and print its summary.

    The result depends only on the study, the number of paths and the seed, not on threads or machine load. A result
    with fewer paths of the same study and seed is extended. The file is written whole or not at all: while a run
    lasts, the folder <out>.run holds what is not finished. After Ctrl-C it keeps the shards that are done, and
    --resume goes on with them. A file that STUDY reads is never replaced, nor is any file that is not a result of
    spvrisk, even with --overwrite.

    With --precision npv_funder:es@0.99=1% the run goes on until half of that measure's 95 % interval is so small, and
    shows how it came to that; with --resume the same command, or one that asks for more, goes on from there.
    """
    stop = Stop()
    loaded = api.load(study, overrides)
    warn(loaded.warnings)
    with (
        _target(study, out) as target,
        log_to(log_file, loaded.loaded.files, target) as log,
        progress_bar(_paths(loaded, max_paths if precision else paths), log=log) as (advance, announce),
    ):
        told: dict[str, Any] = {"progress": advance, "announce": stop.heeding(announce)}
        told |= {"paths": paths, "seed": seed, "out": target, "on": on}
        told |= {"overwrite": overwrite, "resume": resume, "keep": keep}
        until = api.run_until(loaded, precision, max_paths=max_paths, **told) if precision else None
        ran = api.open(target) if precision else api.run(loaded, **told)
    try:
        _print(ran, until, as_json)
    except KeyboardInterrupt as error:
        error.add_note(phrase("The result is written: {}.", target))
        raise


def _paths(loaded: api.Study, paths: int | None) -> int:
    """Paths that are run at the most."""
    run = loaded.config.run
    return (paths or run.paths) + run.outer_paths


def _print(ran: api.Results, until: "Precise | None", as_json: bool) -> None:
    """Print the summary of a result, and how it came to be precise enough where that was asked for."""
    # loaded here: a mistake in the study is answered without waiting for what prints tables
    from spvrisk.report import json, text
    from spvrisk.views.precision import precision
    from spvrisk.views.summary import screen

    tables = ran.tables()
    if as_json:
        say_document(json.summary_json(tables))
        return
    text.show([*screen(tables), *([] if until is None else [precision(until, tables.labels)])])
    say_text("Result: {}", str(ran.path))


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
        rule = phrase("the folder {} cannot be made: {}", folder, (error.strerror or str(error)).lower())
        raise InputError(Problem("--out", "", rule, "", "name a result file")) from error
    try:
        yield folder / f"{Path(study).stem}.h5"
    except BaseException:
        if not there:
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise
