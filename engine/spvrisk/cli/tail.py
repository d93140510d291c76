"""``spvrisk tail``: what the worst paths of a result have in common."""

import click

from spvrisk import api
from spvrisk.cli.language import Command
from spvrisk.cli.options import FILE, Number
from spvrisk.cli.output import say_document, say_stage


@click.command("tail", cls=Command, epilog="Example: spvrisk tail quick.h5 --worst 0.05")
@click.argument("result", type=FILE)
@click.option("--of", default="npv_funder", show_default=True, metavar="[UNIT/]QUANTITY", help="E.g. smr/cost.")
@click.option("--worst", type=Number(), default=0.01, show_default=True, metavar="SHARE", help="Share of the paths.")
@click.option("--side", metavar="low|high", help="Which end is bad. [default: low of values, high of costs and times]")
@click.option("--json", "as_json", is_flag=True, help="Print all that was looked at as JSON for programs.")
def command(result: str, of: str, worst: float, side: str | None, as_json: bool) -> None:
    """Say what the worst paths of RESULT have in common against the others: a reverse stress.

    Looked at are the inputs that the result keeps by path, outcomes of events, final states of regimes, flags, and
    which projects lose. What differs by no more than chance would have it is left out. The larger the standardised
    shift, the more it tells; that it is the cause is not said. What the result does not keep by path is found by
    replaying its paths.
    """
    found = api.tail(result, of, worst, side, say_stage)
    # loaded here: a mistake in the arguments is answered at once
    from spvrisk.report import json, text
    from spvrisk.views.tail import tail

    if as_json:
        say_document(json.tail_json(found))
    else:
        text.show(tail(found))
