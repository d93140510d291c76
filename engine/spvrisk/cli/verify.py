"""``spvrisk verify``: whether a result is what was written."""

import click

from spvrisk import api
from spvrisk.cli.language import Command
from spvrisk.cli.options import FILE, Whole
from spvrisk.cli.output import say_document
from spvrisk.cli.progress import Stop, progress_bar
from spvrisk.report import json, text
from spvrisk.views.verify import verify


@click.command("verify", cls=Command, epilog="Example: spvrisk verify quick.h5 --rerun 2")
@click.argument("result", type=FILE)
@click.option("--rerun", type=Whole(0), default=0, help="Compute so many leaves of 4096 paths once more, and compare.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON for programs.")
@click.pass_context
def command(context: click.Context, result: str, rerun: int, as_json: bool) -> None:
    """Check RESULT: its structure, its digests, whether it is complete.

    It is the result of a run, or a dataset that scenarios or stress has written with --out.

    With --rerun some paths of a run are computed once more, from the plan that is kept with it: the values must be the
    same to the bit. Leaves with 1 where something is wrong, with 2 where the file cannot be opened as a result at all.
    """
    stop = Stop()
    with progress_bar(rerun * 4096) as (advance, announce):
        found = api.verify(result, rerun, progress=stop.heeding(advance), announce=stop.heeding(announce))
    if as_json:
        say_document(json.verified_json(found))
    else:
        text.show([verify(found)])
    if not found.sound:
        context.exit(1)
