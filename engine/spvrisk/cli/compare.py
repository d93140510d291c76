"""``spvrisk compare``: results beside each other."""

import click

from spvrisk import api
from spvrisk.cli.output import say_document
from spvrisk.report import json, text
from spvrisk.views.compare import compare


@click.command("compare", epilog="Example: spvrisk compare results/japan_us_2026.h5 results/terms_korea_2026.h5")
@click.argument("results", nargs=-1, type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs instead of a table.")
@click.option("--strict", is_flag=True, help="Exit with 1 if results of one plan, seed and version differ.")
@click.pass_context
def command(context: click.Context, results: tuple[str, ...], as_json: bool, strict: bool) -> None:
    """Set RESULTS beside the first of them.

    Results of the same seed, paths and engine share their draws: then a difference is that of the same path in two
    studies, and its error is far smaller than that of either figure. Results of the same plan as well must have the
    same bits: where they have not, the first line says so.
    """
    found = api.compare(*results)
    if as_json:
        say_document(json.comparison_json(found))
    else:
        text.show(compare(found))
    if strict and found.disagrees:
        context.exit(1)
