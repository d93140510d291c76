"""``spvrisk schema``: the config language for editors."""

import json
from pathlib import Path

import click

from spvrisk.cli.output import say, say_json
from spvrisk.config.schema import json_schema
from spvrisk.files import Kind, atomic_write


def _is_schema(path: Path) -> bool:
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return False
    ours = json_schema()
    return isinstance(found, dict) and all(found.get(key) == ours[key] for key in ("$schema", "title"))


SCHEMA = Kind("a JSON Schema of studies", _is_schema)


@click.command("schema", epilog="Example: spvrisk schema --out study.schema.json")
@click.option("--out", type=click.Path(), help="Write to this file instead of stdout.")
@click.option("--overwrite", is_flag=True, help="Replace the file if it is a JSON Schema of studies.")
def command(out: str | None, overwrite: bool) -> None:
    """Print the JSON Schema of study files, with the meaning and unit of every key.

    An editor that knows it completes keys and marks problems: in VS Code, begin a study with
    "# yaml-language-server: $schema=study.schema.json".
    """
    text = json.dumps(json_schema(), ensure_ascii=False, indent=2)
    if out is None:
        say_json(text)
    else:
        atomic_write(out, text + "\n", overwrite, kind=SCHEMA)
        say(f"wrote {out}", err=True)
