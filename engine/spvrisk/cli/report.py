"""``spvrisk report``: results as one page or a workbook that a committee can read."""

import click

from spvrisk import api
from spvrisk.cli.language import Command
from spvrisk.cli.options import FILE, lang_option
from spvrisk.cli.output import tell
from spvrisk.cli.progress import Stop, progress_bar

# lines, which click would join without the mark
_EXAMPLE = """\b
Example: spvrisk report quick.h5 -o report.html
         spvrisk report quick.h5 dear.h5 -o both.xlsx"""


@click.command("report", cls=Command, epilog=_EXAMPLE)
@click.argument("results", nargs=-1, type=FILE, metavar="RESULT|SCENARIOS...")
@click.option("--out", "-o", type=FILE, required=True, help="File to write: .html or .xlsx.")
@lang_option
@click.option("--overwrite", is_flag=True, help="Replace the file if report wrote it.")
def command(results: tuple[str, ...], out: str, lang: str | None, overwrite: bool) -> None:
    """Write a report of the first RESULT: one page of HTML, which needs no network, or a workbook.

    The page begins with what somebody with one minute wants to know. Then come distributions and return periods, who
    bears the loss, projects, cash over time, law and politics, the worst paths, single paths told, and what all of it
    rests on. Further results are set beside the first, and so are SCENARIOS that the command of that name has written.

    The workbook has the same, single paths and worst paths apart: numbers with their errors in columns of their own,
    and charts that the spreadsheet draws. It needs the package XlsxWriter.
    """
    # loaded here: a mistake in the arguments is answered at once
    from spvrisk.report.write import steps_of

    stop = Stop()
    with progress_bar(steps_of(out), "part") as (advance, announce):
        api.save_report(
            *results,
            out=out,
            lang=lang,
            overwrite=overwrite,
            progress=advance,
            announce=stop.heeding(announce),
        )
    tell("wrote {}", out)
