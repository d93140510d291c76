"""``spvrisk init``: a study to begin with."""

import click

from spvrisk import api
from spvrisk.cli.options import FILE
from spvrisk.cli.output import say


@click.command("init", epilog="Example: spvrisk init study.yaml")
@click.argument("file", type=FILE, default="study.yaml")
@click.option("--overwrite", is_flag=True, help="Replace the file if it is a starter study that nobody has edited.")
def command(file: str, overwrite: bool) -> None:
    """Write a commented starter study of two fictional projects to FILE (study.yaml if left out)."""
    api.init(file, overwrite=overwrite)
    say(f"wrote {file}; next: spvrisk validate {file}", err=True)
