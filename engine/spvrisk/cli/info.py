"""``spvrisk info``: what a result file is."""

import click

from spvrisk.cli.render import console, render_info
from spvrisk.dataset.read import open_result


@click.command("info", epilog="Example: spvrisk info results/japan_us_2026.h5")
@click.argument("result", type=click.Path())
def command(result: str) -> None:
    """Print what RESULT is: study, paths, seed, versions, digests, sizes."""
    console().print(render_info(open_result(result)))
