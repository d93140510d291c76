"""``spvrisk info``: what a result file is."""

import click

from spvrisk import api
from spvrisk.cli.options import FILE
from spvrisk.report import text


@click.command("info", epilog="Example: spvrisk info quick.h5")
@click.argument("result", type=FILE)
def command(result: str) -> None:
    """Print what RESULT is: study, paths, seed, versions, digests, sizes."""
    text.show([api.open(result).view("info")])
