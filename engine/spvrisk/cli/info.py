"""``spvrisk info``: what a result file is."""

import click

from spvrisk import api
from spvrisk.cli.options import FILE
from spvrisk.cli.output import say
from spvrisk.report import text


@click.command("info", epilog="Example: spvrisk info quick.h5 --config again")
@click.argument("result", type=FILE)
@click.option("--config", "folder", type=FILE, help="Write the files that it was made from to this new folder.")
def command(result: str, folder: str | None) -> None:
    """Print what RESULT is: study, paths, seed, versions, digests, sizes.

    With --config the files of its study are given back, and the command that runs them again is printed; so are those
    of a dataset that scenarios --out has written.
    """
    if folder is None:
        text.show([api.open(result).view("info")])
    else:
        say(api.restore(result, folder).command)
