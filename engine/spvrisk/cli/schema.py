"""``spvrisk schema``: the JSON Schema of study files, for editors."""

import click

from spvrisk import api
from spvrisk.cli.language import Command
from spvrisk.cli.options import FILE
from spvrisk.cli.output import say_document, tell


@click.command("schema", cls=Command, epilog="Example: spvrisk schema --out study.schema.json")
@click.option("--out", type=FILE, help="Write to this file instead of stdout.")
@click.option(
    "--overwrite", is_flag=True, help="Replace the file if it is a JSON Schema of studies that nobody has edited."
)
def command(out: str | None, overwrite: bool) -> None:
    """Print the JSON Schema of study files, with the meaning and unit of every key.

    An editor that knows it completes keys and marks problems: in VS Code, begin a study with
    "# yaml-language-server: $schema=study.schema.json".
    """
    found = api.schema(out=out, overwrite=overwrite)
    if out is None:
        say_document(found)
    else:
        tell("wrote {}", out)
