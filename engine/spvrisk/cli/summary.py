"""``spvrisk summary``: the figures of a result."""

import click

from spvrisk import api
from spvrisk.cli.language import Command
from spvrisk.cli.options import FILE
from spvrisk.cli.output import say_document
from spvrisk.errors import InputError, Problem
from spvrisk.report import json, text
from spvrisk.views.summary import screen, summary

# two lines, which click would join without the mark
_EXAMPLE = """\b
Example: spvrisk summary quick.h5 --given election=new_course
         spvrisk summary quick.h5 --show all
         spvrisk summary quick.h5 --show parts --level 0.99"""

_ALL = "all"


@click.command("summary", cls=Command, epilog=_EXAMPLE)
@click.argument("result", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs instead of tables.")
@click.option(
    "--given",
    "given",
    metavar="NAME=VALUE",
    multiple=True,
    help="Only the paths with this outcome of an event, or this final state of a regime.",
)
@click.option(
    "--show", "name", metavar="VIEW", multiple=True, help="All tables, or e.g. value, parts, alone; may be repeated."
)
@click.option("--level", metavar="P", help="Level of the risk measures in tables of --show, e.g. 0.99.")
def command(result: str, as_json: bool, given: tuple[str, ...], name: tuple[str, ...], level: str | None) -> None:
    """Print the figures of RESULT with their Monte Carlo standard errors, probabilities with their 95 % intervals.

    What fits on a screen is shown first: the answer, the projects, and the names of all tables; --show all has these.

    With --given, the figures are conditional on an outcome of an event (midterm_2026=opposition; =undefined where it
    did not take place) or on the final state of a regime (general=gap).

    With --show, what makes the tail is worked out from the values by path: parts (of projects, of bearers, of outcomes
    in value at risk and expected shortfall) and alone (the risk of each project by itself, what it adds, and what they
    diversify). Any other table of the summary may be named too.
    """
    if len(given) > 1:
        remedy = "force one of them with `run --set events.<event>.outcome=..`, and condition on the other"
        raise InputError(Problem("--given", "", "may be used once", " ".join(given), remedy))
    if level is not None and not name:
        remedy = "name a table, e.g. --show parts"
        raise InputError(Problem("--level", "", "is of tables of --show", level, remedy))
    condition, opened = next(iter(given), None), api.open(result)
    if name and _ALL not in name:
        choices = {} if level is None else {"level": level}
        shown = {view: opened.view(view, condition, **choices) for view in name}
        if as_json:
            say_document(json.views_json(shown))
        else:
            text.show(list(shown.values()))
        return
    found = opened.tables(condition)
    if as_json:
        say_document(json.summary_json(found))
    else:
        text.show(summary(found) if name else screen(found))
