"""``spvrisk warmup``: compile the kernel beforehand."""

import time

import click

from spvrisk import api
from spvrisk.cli.language import Command
from spvrisk.cli.output import tell


@click.command("warmup", cls=Command, epilog="Example: spvrisk warmup")
def command() -> None:
    """Compile the kernel, prove it, and keep its machine code, so that the next run starts at once."""
    began = time.perf_counter()
    api.warmup()
    tell("kernel ready, {:.1f} s", time.perf_counter() - began)
