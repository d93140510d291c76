"""``spvrisk warmup``: compile the kernel beforehand."""

import time

import click

from spvrisk import api
from spvrisk.cli.output import say


@click.command("warmup", epilog="Example: spvrisk warmup")
@click.option("--lanes", type=click.Choice(["64", "128", "256"]), help="As run.lanes of a study; 64 if left out.")
def command(lanes: str | None) -> None:
    """Compile the kernel, prove it, and keep its machine code, so that the next run starts at once."""
    began = time.perf_counter()
    api.warmup(lanes=None if lanes is None else int(lanes))
    say(f"kernel ready, {time.perf_counter() - began:.1f} s", err=True)
