"""``spvrisk compare``: results beside each other."""

import click

from spvrisk import api
from spvrisk.cli.output import say_document
from spvrisk.report import json, text
from spvrisk.views.compare import compare


@click.command("compare", epilog="Example: spvrisk compare results/japan_us_2026.h5 results/terms_korea_2026.h5")
@click.argument("results", nargs=-1, type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs instead of a table.")
@click.option("--strict", is_flag=True, help="Check the contents; exit with 1 unless results of one study agree.")
@click.pass_context
def command(context: click.Context, results: tuple[str, ...], as_json: bool, strict: bool) -> None:
    """Set RESULTS beside the first of them.

    Results of the same seed, paths and engine share their draws: then a difference is that of the same path in two
    studies, and its error is far smaller than that of either figure.

    Any two results of the same plan, seed and numbers version must have the same bits on the paths that both have:
    where they have not, the first line says so. The digests of contents that the files carry are trusted.

    With --strict the files are read whole, and one whose content is not that of its digest is refused (exit code 2).
    The exit code is 1 if any two disagree, and if a result could not be compared though another of its study is given:
    by another seed or numbers version, or without a variable in common; and if values of one study by two plans differ
    by more than 1e-9. Other studies are no failure. What was not compared is said, and why.
    """
    found = api.compare(*results, strict=strict)
    if as_json:
        say_document(json.comparison_json(found))
    else:
        text.show(compare(found))
    if strict and not found.agrees:
        context.exit(1)
