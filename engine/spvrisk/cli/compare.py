"""``spvrisk compare``: differences between results."""

import click

from spvrisk import api
from spvrisk.cli.options import FILE
from spvrisk.cli.output import say_document
from spvrisk.report import json, text
from spvrisk.views.compare import compare

# two lines, which click would join without the mark
_EXAMPLE = """\b
Example: spvrisk run study.yaml --set projects.port.budget=500 --out dear.h5
         spvrisk compare quick.h5 dear.h5"""


@click.command("compare", epilog=_EXAMPLE)
@click.argument("results", nargs=-1, type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs instead of a table.")
@click.option("--strict", is_flag=True, help="Verify the contents; exit with 1 unless results of the same study agree.")
@click.pass_context
def command(context: click.Context, results: tuple[str, ...], as_json: bool, strict: bool) -> None:
    """Compare RESULTS with the first of them.

    Results with the same seed, value date, steps and numbers version share their draws (common random numbers). Their
    differences are paired path by path, and have far smaller errors than either figure.

    Any two results of the same plan, seed and numbers version must be identical, bit for bit, on the paths that both
    hold; if they are not, the first line says so. The content digests stored in the files are trusted.

    With --strict each file is read whole, and one whose content does not match its digest is refused (exit code 2).
    The exit code is 1 if any two results disagree; if values of one study under two plans differ by more than 1e-9; or
    if a result cannot be compared with any other result of its study, because the seed or numbers version differs or
    they have no variable in common. Results of different studies are not a failure. The output says what was not
    compared, and why.
    """
    found = api.compare(*results, strict=strict)
    if as_json:
        say_document(json.comparison_json(found))
    else:
        text.show(compare(found))
    if strict and not found.agrees:
        context.exit(1)
