"""``spvrisk info``: what a result file, or one of scenarios, is."""

import click

from spvrisk import api
from spvrisk.cli.language import Command
from spvrisk.cli.options import FILE
from spvrisk.cli.output import say
from spvrisk.report import text


@click.command("info", cls=Command, epilog="Example: spvrisk info quick.h5 --config again")
@click.argument("result", type=FILE)
@click.option("--config", "folder", type=FILE, help="Write the files that it was made from to this new folder.")
def command(result: str, folder: str | None) -> None:
    """Print what RESULT is: study, paths, seed, versions, digests, sizes.

    Of a dataset that scenarios or stress has written with --out: base, scenarios, measures, paths, versions, digests.
    With --config the files that it was made from are given back, and the command that runs them again is printed.
    """
    if folder is None:
        text.show([api.info(result)])
    else:
        say(api.restore(result, folder).command)
