"""``spvrisk stress``: the stresses that a study names, beside the study, in one table."""

import click

from spvrisk import api
from spvrisk.cli.options import FILE, Whole, set_option, study_argument
from spvrisk.cli.output import say_document, say_text, warn
from spvrisk.cli.progress import Stop, progress_bar


@click.command("stress", epilog="Example: spvrisk stress study.yaml --paths 2000")
@study_argument
@click.option("--only", metavar="NAME", multiple=True, help="Run this stress alone; may be repeated.")
@click.option("--of", metavar="MEASURE", multiple=True, help="Measure, e.g. npv_funder:es@0.99; may be repeated.")
@click.option("--paths", type=Whole(1), help="Number of paths of each run; the study's run.paths if left out.")
@click.option("--seed", type=Whole(0, 2**64 - 1), help="Seed; the study's run.seed if left out.")
@click.option("--workers", type=Whole(1), help="Threads; all processors if left out.")
@set_option
@click.option("--save-table", type=FILE, help="Write the table to this .csv, .parquet or .xlsx too.")
@click.option("--overwrite", is_flag=True, help="Replace that file if it is such a table.")
@click.option("--dry-run", is_flag=True, help="List the stresses with their changes and the time; run nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON for programs.")
def command(
    study: str,
    only: tuple[str, ...],
    of: tuple[str, ...],
    paths: int | None,
    seed: int | None,
    workers: int | None,
    overrides: tuple[str, ...],
    save_table: str | None,
    overwrite: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Run the stresses of STUDY beside the study itself, all on the same draws.

    A study names its stresses under `stresses`, each as changes of it in the manner of scenarios. The table has the
    study's own figures and, for each stress, what it changes of them; the errors are those of the differences path
    by path. A stress that is not sound is refused before anything is run.
    """
    stop = Stop()
    loaded = api.load(study, overrides)
    warn(loaded.warnings)
    planned = api.plan_stresses(loaded, only, paths, seed, of)
    warn(planned.warnings)
    # loaded here: a mistake in the study is answered without waiting for the compiler
    from spvrisk.report import json, text
    from spvrisk.views.scenarios import listed
    from spvrisk.views.stress import stress

    if dry_run:
        text.show([listed(planned, planned.seconds(workers))])
        return
    with progress_bar(planned.paths) as (advance, announce):
        found = api.scenarios(
            planned,
            workers=workers,
            save_table=save_table,
            overwrite=overwrite,
            progress=advance,
            announce=stop.heeding(announce),
        )
    if as_json:
        say_document(json.scenarios_json(found))
    else:
        text.show([stress(found)])
        if save_table is not None:
            say_text("Table: {}", save_table)
    found.check_none_failed()
