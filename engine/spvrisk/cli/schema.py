"""``spvrisk schema``: the config language for editors."""

import json

import click

from spvrisk.config.schema import json_schema
from spvrisk.files import atomic_write


@click.command("schema", epilog="Example: spvrisk schema --out study.schema.json")
@click.option("--out", type=click.Path(), help="Write to this file instead of stdout.")
@click.option("--overwrite", is_flag=True, help="Replace the file if it is there.")
def command(out: str | None, overwrite: bool) -> None:
    """Print the JSON Schema of study files, with the meaning and unit of every key.

    An editor that knows it completes keys and marks mistakes: in VS Code, begin a study with
    "# yaml-language-server: $schema=study.schema.json".
    """
    text = json.dumps(json_schema(), ensure_ascii=False, indent=2)
    if out is None:
        click.echo(text)
    else:
        atomic_write(out, text + "\n", overwrite)
        click.echo(f"wrote {out}", err=True)
