"""``spvrisk summary``: the figures of a result."""

import click

from spvrisk import api
from spvrisk.cli.options import FILE
from spvrisk.cli.output import say_document
from spvrisk.errors import InputError, Problem
from spvrisk.report import json, text
from spvrisk.views.summary import summary


@click.command("summary", epilog="Example: spvrisk summary quick.h5 --given election=new_course")
@click.argument("result", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs instead of tables.")
@click.option(
    "--given",
    "given",
    metavar="NAME=VALUE",
    multiple=True,
    help="Only the paths with this outcome of an event, or this final state of a regime.",
)
def command(result: str, as_json: bool, given: tuple[str, ...]) -> None:
    """Print the figures of RESULT with their Monte Carlo standard errors, probabilities with their 95 % intervals.

    With --given, the figures are conditional on an outcome of an event (midterm_2026=opposition; =undefined where it
    did not take place) or on the final state of a regime (general=gap).
    """
    if len(given) > 1:
        remedy = "force one of them with `run --set events.<event>.outcome=..`, and condition on the other"
        raise InputError(Problem("--given", "", "may be used once", " ".join(given), remedy))
    found = api.open(result).tables(given=next(iter(given), None))
    if as_json:
        say_document(json.summary_json(found))
    else:
        text.show(summary(found))
