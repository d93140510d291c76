"""``spvrisk cash``: what each party needs by calendar year."""

import click

from spvrisk import api
from spvrisk.cli.language import Command
from spvrisk.cli.options import FILE, Whole, separated, threads_option
from spvrisk.cli.output import say_document
from spvrisk.cli.progress import Stop, progress_bar


@click.command(
    "cash", cls=Command, epilog="Example: spvrisk cash quick.h5 --party funder --levels 0.5,0.99 --paths 500"
)
@click.argument("result", type=FILE)
@click.option("--party", metavar="NAME", help="Only this one: funder, host, policy_bank, banks or insurer.")
@click.option("--levels", metavar="P1,P2,..", help="Levels of the needs. [default: 0.5,0.95,0.99]")
@click.option("--paths", type=Whole(1), default=api.REPLAYED, show_default=True, help="Paths to replay, at most.")
@click.option("--gross", is_flag=True, help="Payments alone; receipts of the same year are not taken off.")
@threads_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs instead of tables.")
def command(
    result: str, party: str | None, levels: str | None, paths: int, gross: bool, on: api.Threads, as_json: bool
) -> None:
    """Print the cash that each party of RESULT needs by calendar year, at several levels.

    Parties are funder and host; with a stack also policy bank, banks and insurer, which share the funder's flows. A
    need is what a party pays in a year less what it receives in it. A result keeps no flows by path: its first paths
    are replayed, which takes some milliseconds each.
    """
    stop, opened = Stop(), api.open(result)
    with progress_bar(min(paths, opened.tables().n_paths)) as (advance, announce):
        told = stop.heeding(announce)
        found = api.cash(opened, separated(levels), paths, gross, party, on=on, progress=advance, announce=told)
    # loaded here: a mistake in the arguments is answered at once
    from spvrisk.report import measured, text
    from spvrisk.views.cash import cash

    if as_json:
        say_document(measured.cash_json(found))
    else:
        text.show(cash(found))
