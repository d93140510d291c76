"""``spvrisk init``: a study to begin with."""

from importlib.resources import files
from pathlib import Path

import click

from spvrisk.cli.output import say
from spvrisk.files import Kind, atomic_write


def _starter() -> str:
    return files("spvrisk").joinpath("data", "starter.yaml").read_text(encoding="utf-8")


def _is_starter(path: Path) -> bool:
    first_line, _, _ = _starter().partition("\n")
    with path.open("rb") as file:
        return file.readline().rstrip() == first_line.encode()


STARTER = Kind("a starter study (known by its first line)", _is_starter)


@click.command("init", epilog="Example: spvrisk init my_study.yaml && spvrisk validate my_study.yaml")
@click.argument("file", type=click.Path(), default="study.yaml")
@click.option("--overwrite", is_flag=True, help="Replace the file if it begins as a starter study.")
def command(file: str, overwrite: bool) -> None:
    """Write a commented starter study of two fictional projects to FILE (study.yaml if left out)."""
    atomic_write(file, _starter(), overwrite, kind=STARTER)
    say(f"wrote {file}; next: spvrisk validate {file}", err=True)
