"""``spvrisk export``: a result for other programs."""

import click

from spvrisk import api
from spvrisk.cli.language import Command
from spvrisk.cli.options import FILE
from spvrisk.cli.output import tell

# a list, which click would join without the mark
_HELP = """Write a table of RESULT for spreadsheets, databases and statistics programs.

\b
summary      statistics of every quantity by project, with their errors
yearly       mean cash flows by project and calendar year, balances at its end
timeline     the same by step, fan quantiles, occupancy of states
conditional  the summary given each outcome and each final state
paths        all values that are kept by path, a row for each path
ylt          year loss table: path, project, loss (positive where money is lost)

.csv and .parquet hold one table, with a row for each number; names are text. .xlsx holds sheets with a column for each
statistic (summary, yearly and conditional, unless --table names one) and the meanings and units of all. .nc is classic
netCDF, of summary, timeline, conditional or paths.

What is undefined is empty. What is infinite, such as a payback that never comes, is inf in .csv, infinity in .parquet
and .nc, and the word "infinite" in .xlsx. .parquet needs the package pyarrow, .xlsx XlsxWriter.
"""


@click.command("export", cls=Command, help=_HELP, epilog="Example: spvrisk export quick.h5 --out quick.csv")
@click.argument("result", type=FILE)
@click.option("--out", type=FILE, required=True, help="File to write: .csv, .parquet, .xlsx or .nc.")
@click.option("--table", metavar="NAME", help="One of those above; the summary if left out, several sheets in .xlsx.")
@click.option("--format", metavar="NAME", help="csv, parquet, xlsx or nc, where the file's name does not end so.")
@click.option("--overwrite", is_flag=True, help="Replace the file if export wrote it.")
def command(result: str, out: str, table: str | None, format: str | None, overwrite: bool) -> None:
    """Write a table of RESULT."""
    api.export(result, out, table=table, format=format, overwrite=overwrite)
    tell("wrote {}", out)
