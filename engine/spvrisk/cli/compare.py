"""``spvrisk compare``: results beside each other."""

import json

import click

from spvrisk.cli.output import say_json
from spvrisk.cli.render import console
from spvrisk.cli.render_compare import comparison_json, render_comparison
from spvrisk.dataset.read import open_result
from spvrisk.errors import InputError, Problem
from spvrisk.runner.compare import Comparison, compared


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
    if len(results) < 2:
        given = ", ".join(results) or "none"
        remedy = "name two or more result files, the one to compare with first"
        raise InputError(Problem("compare", "", "needs two results", given, remedy))
    found: Comparison = compared([open_result(path) for path in results])
    if as_json:
        say_json(json.dumps(comparison_json(found), ensure_ascii=False, allow_nan=False, indent=2))
    else:
        console().print(render_comparison(found))
    if strict and found.disagrees:
        context.exit(1)
