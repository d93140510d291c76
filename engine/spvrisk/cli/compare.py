"""``spvrisk compare``: differences between results, or between a result and a table of reference values."""

import click

from spvrisk import api
from spvrisk.catalogue import phrase
from spvrisk.cli.language import Command
from spvrisk.cli.options import FILE
from spvrisk.cli.output import say_document, tell
from spvrisk.errors import InputError, Problem
from spvrisk.report import json, text
from spvrisk.views.against import against as beside_table
from spvrisk.views.compare import compare, details

# lines, which click would join without the mark
_EXAMPLE = """\b
Example: spvrisk run study.yaml --set projects.port.budget=500 --out dear.h5
         spvrisk compare quick.h5 dear.h5
         spvrisk compare quick.h5 --save-table reference.csv
         spvrisk compare quick.h5 --against reference.csv"""


@click.command("compare", cls=Command, epilog=_EXAMPLE)
@click.argument("results", nargs=-1, type=FILE)
@click.option("--details", "long", is_flag=True, help="Show all figures, and all that differs in the studies.")
@click.option("--against", metavar="CSV", type=FILE, help="Hold one result against measures and values of this table.")
@click.option("--save-table", "out", metavar="CSV", type=FILE, help="Write such a table of one result.")
@click.option("--of", metavar="MEASURE", multiple=True, help="Measure of that table, e.g. npv_funder:es@0.99.")
@click.option("--overwrite", is_flag=True, help="Replace that table.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs instead of a table.")
@click.option("--strict", is_flag=True, help="Verify the contents; exit with 1 unless results of the same study agree.")
@click.pass_context
def command(
    context: click.Context,
    results: tuple[str, ...],
    long: bool,
    against: str | None,
    out: str | None,
    of: tuple[str, ...],
    overwrite: bool,
    as_json: bool,
    strict: bool,
) -> None:
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

    With --against one result is held against a table: a row for each measure, with the columns measure and value, and
    as far as they are known standard_error, tolerance (200, or 1%) and measured_in. The exit code is 1 if a row is
    outside of its tolerance, or without one more than 3 standard errors of the difference away.
    """
    if out is not None and against is not None:
        rule = "is one command, and --save-table another"
        raise InputError(Problem("--against", "", rule, against, "write the new table first"))
    if out is not None:
        api.save_table(_one(results, "--save-table"), out, of, overwrite)
        tell("wrote {}", out)
        return
    if of:
        raise InputError(Problem("--of", "", "names measures of a table to be saved", of[0], "add --save-table FILE"))
    if against is not None:
        held = api.compare_table(_one(results, "--against"), against)
        if as_json:
            say_document(json.against_json(held))
        else:
            text.show([beside_table(held)])
        if not held.agrees:
            context.exit(1)
        return
    found = api.compare(*results, strict=strict)
    if as_json:
        say_document(json.comparison_json(found))
    else:
        text.show(details(found) if long else compare(found))
    if strict and not found.agrees:
        context.exit(1)


def _one(results: tuple[str, ...], option: str) -> str:
    """The result, where an option takes one alone."""
    if len(results) != 1:
        given = ", ".join(results) or phrase("none")
        raise InputError(Problem(option, "", "takes one result", given, "name one result file"))
    return results[0]
