"""What ``scenarios`` and ``stress`` share: their options, and how what is planned is listed, run and printed."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from spvrisk import api
from spvrisk.cli.options import FILE, Whole, on_options, set_option
from spvrisk.cli.output import say_document, say_text, warn
from spvrisk.cli.progress import Stop, progress_bar

if TYPE_CHECKING:
    from spvrisk.experiments.planned import Planned


class Asked(NamedTuple):
    """What was asked for by the options of `what_if_options`, by their names."""

    paths: int | None
    seed: int | None
    of: tuple[str, ...]
    out: str | None
    on: api.On
    overrides: tuple[str, ...]
    save_table: str | None
    overwrite: bool
    dry_run: bool
    as_json: bool


_OPTIONS = (
    click.option("--paths", type=Whole(1), help="Number of paths of each run; as the file says if left out."),
    click.option("--seed", type=Whole(0, 2**64 - 1), help="Seed of each run; as the file says if left out."),
    click.option(
        "--of", metavar="MEASURE", multiple=True, help="E.g. npv_funder:es@0.99; */npv_funder:mean by project."
    ),
    click.option("--out", type=FILE, help="Write a dataset (HDF5) here, and keep what is done in <out>.run."),
    on_options,
    set_option,
    click.option("--save-table", type=FILE, help="Write the table to this .csv, .parquet or .xlsx too."),
    click.option("--overwrite", is_flag=True, help="Replace these files if they are such."),
    click.option("--dry-run", is_flag=True, help="List the runs with their changes and the time; run nothing."),
    click.option("--json", "as_json", is_flag=True, help="Print the table as JSON for programs."),
)


def what_if_options(command: Callable[..., None]) -> Callable[..., None]:
    """Options of a command that runs changed studies, which it is given as ``asked``."""

    @wraps(command)
    def with_asked(**given: Any) -> None:
        asked = Asked(**{name: given.pop(name) for name in Asked._fields})
        command(asked=asked, **given)

    for option in reversed(_OPTIONS):
        with_asked = option(with_asked)
    return with_asked


def run(planned: "Planned", asked: Asked, stop: Stop) -> None:
    """Run what is planned and print its table, or list it.

    Raises
    ------
    RunError
        A run failed; the others are there, and printed.
    """
    warn(planned.warnings)
    # loaded here: a mistake in the file is answered without waiting for the compiler
    from spvrisk.report import json, text
    from spvrisk.views.scenarios import listed
    from spvrisk.views.what_ifs import what_ifs

    if asked.dry_run:
        text.show([listed(planned, planned.seconds(asked.on))])
        return
    with progress_bar(planned.paths) as (advance, announce):
        found = api.scenarios(
            planned,
            on=asked.on,
            save_table=asked.save_table,
            overwrite=asked.overwrite,
            out=asked.out,
            progress=advance,
            announce=stop.heeding(announce),
        )
    if asked.as_json:
        say_document(json.scenarios_json(found))
    else:
        text.show(what_ifs(found))
        if asked.save_table is not None:
            say_text("Table: {}", asked.save_table)
        if asked.out is not None:
            say_text("Dataset: {}", asked.out)
    found.check_none_failed()
