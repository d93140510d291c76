"""``spvrisk init``: a study to begin with."""

from importlib.resources import files

import click

from spvrisk.files import atomic_write


@click.command("init", epilog="Example: spvrisk init my_study.yaml && spvrisk validate my_study.yaml")
@click.argument("file", type=click.Path(), default="study.yaml")
@click.option("--overwrite", is_flag=True, help="Replace the file if it is there.")
def command(file: str, overwrite: bool) -> None:
    """Write a commented starter study of two fictional projects to FILE (study.yaml if left out)."""
    text = files("spvrisk").joinpath("data", "starter.yaml").read_text(encoding="utf-8")
    atomic_write(file, text, overwrite)
    click.echo(f"wrote {file}; next: spvrisk validate {file}", err=True)
