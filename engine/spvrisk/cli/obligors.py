"""``spvrisk obligors``: what the defaults of those that owe cost."""

import click

from spvrisk import api
from spvrisk.cli.language import Command
from spvrisk.cli.options import FILE, threads_option
from spvrisk.cli.output import say_document
from spvrisk.cli.progress import Stop, progress_bar


@click.command("obligors", cls=Command, epilog="Example: spvrisk obligors quick.h5 --failure election=new_course")
@click.argument("result", type=FILE)
@click.option("--of", default="npv_funder", show_default=True, metavar="QUANTITY", help="Whose loss: e.g. pv_host.")
@click.option(
    "--failure", "failures", metavar="NAME=VALUE", multiple=True, help="An outcome or state that is a default."
)
@threads_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs instead of a table.")
def command(result: str, of: str, failures: tuple[str, ...], on: api.Threads, as_json: bool) -> None:
    """Print the expected loss by obligor of RESULT: probability of default, loss given default and their product.

    Obligors are the offtakers, whose defaults are drawn; with --failure the outcomes of events or final states of
    regimes that are a breach, say of the host; and with a stack the projects as borrowers. What the result does not
    keep by path is found by replaying its paths.
    """
    stop, opened = Stop(), api.open(result)
    with progress_bar(opened.tables().n_paths) as (advance, announce):
        found = api.obligors(opened, of, failures, on=on, progress=advance, announce=stop.heeding(announce))
    # loaded here: a mistake in the arguments is answered at once
    from spvrisk.report import measured, text
    from spvrisk.views.obligors import obligors

    if as_json:
        say_document(measured.obligors_json(found))
    else:
        text.show([obligors(found)])
