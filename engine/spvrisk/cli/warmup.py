"""``spvrisk warmup``: compile the kernel beforehand."""

import time
from importlib.resources import as_file, files

import click

from spvrisk.cli.output import say


@click.command("warmup", epilog="Example: spvrisk warmup")
def command() -> None:
    """Compile the kernel, prove it, and keep its machine code, so that the next run starts at once."""
    from spvrisk.config import load
    from spvrisk.plan.compile import compile_study
    from spvrisk.runner.execute import make_ready

    began = time.perf_counter()
    with as_file(files("spvrisk").joinpath("data", "starter.yaml")) as starter:
        plan = compile_study(load(starter).study).plan
    make_ready(plan)
    say(f"kernel ready, {time.perf_counter() - began:.1f} s", err=True)
