"""``spvrisk obligors``: what the defaults of those that owe cost."""

import click

from spvrisk import api
from spvrisk.cli.options import FILE
from spvrisk.cli.output import say_document, say_stage


@click.command("obligors", epilog="Example: spvrisk obligors quick.h5 --failure election=new_course")
@click.argument("result", type=FILE)
@click.option("--of", default="npv_funder", show_default=True, metavar="QUANTITY", help="Whose loss: e.g. pv_host.")
@click.option(
    "--failure", "failures", metavar="NAME=VALUE", multiple=True, help="An outcome or state that is a default."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs instead of a table.")
def command(result: str, of: str, failures: tuple[str, ...], as_json: bool) -> None:
    """Print the expected loss by obligor of RESULT: probability of default, loss given default and their product.

    Obligors are the offtakers, whose defaults are drawn; with --failure the outcomes of events or final states of
    regimes that are a breach, say of the host; and with a stack the projects as borrowers. What the result does not
    keep by path is found by replaying its paths.
    """
    found = api.obligors(result, of, failures, say_stage)
    # loaded here: a mistake in the arguments is answered at once
    from spvrisk.report import measured, text
    from spvrisk.views.obligors import obligors

    if as_json:
        say_document(measured.obligors_json(found))
    else:
        text.show([obligors(found)])
