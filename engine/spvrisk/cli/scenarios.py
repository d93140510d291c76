"""``spvrisk scenarios``: a study and what becomes of it under named changes, in one table."""

import click

from spvrisk import api
from spvrisk.cli.options import FILE, Whole, set_option
from spvrisk.cli.output import say_document, say_text, warn
from spvrisk.cli.progress import Stop, progress_bar

_EXAMPLE = "Example: spvrisk scenarios what_if.yaml --paths 2000"


@click.command("scenarios", epilog=_EXAMPLE)
@click.argument("file", type=FILE)
@click.option("--paths", type=Whole(1), help="Number of paths of each; the file's, else the base's, if left out.")
@click.option("--seed", type=Whole(0, 2**64 - 1), help="Seed of each; the file's, else the base's, if left out.")
@click.option("--of", metavar="MEASURE", multiple=True, help="Instead of the file's; */npv_funder:mean is by project.")
@click.option("--out", type=FILE, help="Write a dataset (HDF5) here, and keep what is done in <out>.run.")
@click.option("--workers", type=Whole(1), help="Threads; all processors if left out.")
@click.option("--processes", type=Whole(1, 4096), help="Compute in so many processes instead of threads.")
@click.option("--scheduler", metavar="ADDRESS", help="Compute on the dask cluster of this scheduler.")
@click.option("--cluster", type=click.Choice(["local"]), help="Compute on dask workers that are started here.")
@set_option
@click.option("--save-table", type=FILE, help="Write the table to this .csv, .parquet or .xlsx too.")
@click.option("--overwrite", is_flag=True, help="Replace these files if they are such.")
@click.option("--dry-run", is_flag=True, help="List the scenarios with their changes and the time; run nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON for programs.")
def command(
    file: str,
    paths: int | None,
    seed: int | None,
    of: tuple[str, ...],
    out: str | None,
    workers: int | None,
    processes: int | None,
    scheduler: str | None,
    cluster: str | None,
    overrides: tuple[str, ...],
    save_table: str | None,
    overwrite: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Run the scenarios of FILE beside their base, all on the same draws.

    FILE names a study as its base, and changes of it: new values, multiples (times: 1.2), sums (plus: 0.5), the same
    of every project (projects.*.budget), files that are laid over it. Each measure comes with its standard error,
    and with its change against the base, whose error is that of the differences path by path. A scenario that is not
    sound is refused before anything is run; one that fails later is named, and does not stop the others.

    With --out each scenario is kept as soon as it is done: the same command goes on after any end, and computes only
    what is new where the file has further scenarios.
    """
    stop = Stop()
    planned = api.plan_scenarios(file, overrides, paths, seed, of)
    warn(planned.warnings)
    # loaded here: a mistake in the file is answered without waiting for the compiler
    from spvrisk.report import json, text
    from spvrisk.views.scenarios import listed, scenarios

    if dry_run:
        text.show([listed(planned, planned.seconds(workers))])
        return
    with progress_bar(planned.paths) as (advance, announce):
        found = api.scenarios(
            planned,
            workers=workers,
            save_table=save_table,
            overwrite=overwrite,
            out=out,
            processes=processes,
            scheduler=scheduler,
            cluster=cluster,
            progress=advance,
            announce=stop.heeding(announce),
        )
    if as_json:
        say_document(json.scenarios_json(found))
    else:
        text.show(scenarios(found))
        if save_table is not None:
            say_text("Table: {}", save_table)
        if out is not None:
            say_text("Dataset: {}", out)
    found.check_none_failed()
