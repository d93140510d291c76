"""``spvrisk init``: a study to begin with."""

import click

from spvrisk import api
from spvrisk.cli.options import FILE
from spvrisk.cli.output import tell

# two lines, which click would join without the mark
_EXAMPLE = """\b
Example: spvrisk init study.yaml
         spvrisk init what_if.yaml --kind scenarios"""


@click.command("init", epilog=_EXAMPLE)
@click.argument("file", type=FILE, default="study.yaml")
@click.option("--kind", type=click.Choice(["starter", "scenarios"]), default="starter", help="What to write.")
@click.option("--overwrite", is_flag=True, help="Replace the file if it is such a file that nobody has edited.")
def command(file: str, kind: str, overwrite: bool) -> None:
    """Write a commented file to FILE (study.yaml if left out): a study of two fictional projects, or what-ifs of it."""
    api.init(file, overwrite, kind)
    following = "validate" if kind == "starter" else "scenarios"
    tell("wrote {0}; next: spvrisk {1} {0}", file, following)
