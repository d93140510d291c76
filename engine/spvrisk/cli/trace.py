"""``spvrisk trace``: what happened on one path."""

import click

from spvrisk import api
from spvrisk.cli.language import Command
from spvrisk.cli.options import FILE, Whole
from spvrisk.cli.output import say, say_document, say_text
from spvrisk.errors import InputError, Problem

_WIDEST = 400


@click.command("trace", cls=Command, epilog="Example: spvrisk trace quick.h5 --rank 0.95")
@click.argument("result", type=FILE)
@click.option("--path", type=Whole(0), help="Number of the path.")
@click.option("--rank", metavar="LEVEL", help="Instead of a number: 0.99 is the 99 % loss path. [default: 0.99]")
@click.option("--by", default="npv_funder", show_default=True, help="Quantity to rank by: npv_funder, smr.cost, ...")
@click.option("--all", "whole", is_flag=True, help="Tell also what touches no cash flow of the path.")
@click.option("--steps", is_flag=True, help="Print the flows of every step as tables.")
@click.option("--json", "as_json", is_flag=True, help="Print all of it as JSON for programs.")
@click.option("--out", type=FILE, help="Write all states, scores, flows and balances of all steps to this CSV file.")
@click.option("--overwrite", is_flag=True, help="Replace the file if trace wrote it.")
def command(
    result: str,
    path: int | None,
    rank: str | None,
    by: str,
    whole: bool,
    steps: bool,
    as_json: bool,
    out: str | None,
    overwrite: bool,
) -> None:
    """Show what happened on one path of RESULT: regimes and events, overruns, what was built, who got what.

    The path is given by its number, or by its rank. Paths on which the quantity is defined are ranked: by loss if it is
    a net present value (the last is the worst), otherwise by value.

    What happened is told as far as it touches a cash flow of the path, or leads to what does; with --all the rest is
    told, too. JSON and the CSV file have all of it.
    """
    if path is not None and rank is not None:
        raise InputError(Problem("--rank", "", "cannot be used with --path", rank, "leave one of them out"))
    # loaded here: a mistake in the arguments is answered at once
    from spvrisk.report import json, text
    from spvrisk.report.steps import check_steps, write_steps
    from spvrisk.views import trace as views

    if out is not None:
        check_steps(out, overwrite, result)
    told = api.trace(result, path=path, rank=rank, by=by)
    if out is not None:
        write_steps(told.trace, out, overwrite, result)
    if as_json:
        say_document(json.trace_json(told), indent=1)
        return
    text.show(views.trace(told, whole))
    if steps:
        say("")
        # as wide as it is: figures that are cut off are of no use
        text.show(views.steps(told), _WIDEST)
    if out is not None:
        say_text("Steps: {}", out)
