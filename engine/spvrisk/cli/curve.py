"""``spvrisk curve``: the exceedance curve of a quantity."""

import click

from spvrisk import api
from spvrisk.cli.language import Command
from spvrisk.cli.options import FILE, separated, threads_option
from spvrisk.cli.output import say_document
from spvrisk.cli.progress import Stop, progress_bar


@click.command(
    "curve", cls=Command, epilog="Example: spvrisk curve quick.h5 --of port/npv_funder --levels 0.1,0.01,0.004"
)
@click.argument("result", type=FILE)
@click.option("--of", default="npv_funder", show_default=True, metavar="[UNIT/]QUANTITY", help="E.g. smr/cost.")
@click.option(
    "--levels", metavar="P1,P2,..", help="Probabilities of exceeding; 0.01 is 1 in 100. [default: 0.5 to 0.004]"
)
@threads_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs instead of a table.")
def command(result: str, of: str, levels: str | None, on: api.Threads, as_json: bool) -> None:
    """Print what a quantity of RESULT exceeds with given probabilities, and its mean beyond.

    Of a net present value that is the loss. A path is one outcome of the whole deal, so 1 in 100 is of a hundred
    outcomes, not of a hundred years. Values come with 95 % intervals by ranks, means with standard errors. What the
    result does not keep by path is found by replaying its paths.
    """
    stop, opened = Stop(), api.open(result)
    with progress_bar(opened.tables().n_paths) as (advance, announce):
        found = api.curve(opened, of, separated(levels), on=on, progress=advance, announce=stop.heeding(announce))
    # loaded here: a mistake in the arguments is answered at once
    from spvrisk.report import measured, text
    from spvrisk.views.exceedance import exceedance

    if as_json:
        say_document(measured.curve_json(found))
    else:
        text.show([exceedance(found)])
