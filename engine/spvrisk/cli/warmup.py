"""``spvrisk warmup``: compile the kernel beforehand."""

import time
from importlib.resources import as_file, files

import click

from spvrisk.cli.output import say


@click.command("warmup", epilog="Example: spvrisk warmup")
@click.option("--lanes", type=click.Choice(["64", "128", "256"]), help="As run.lanes of a study; 64 if left out.")
def command(lanes: str | None) -> None:
    """Compile the kernel, prove it, and keep its machine code, so that the next run starts at once."""
    from spvrisk.config import load
    from spvrisk.plan.compile import compile_study
    from spvrisk.plan.names import LANES
    from spvrisk.runner.simulate import Settings, simulate

    began = time.perf_counter()
    with as_file(files("spvrisk").joinpath("data", "starter.yaml")) as starter:
        plan, labels, _ = compile_study(load(starter).study)
    simulate(plan, labels, Settings(paths=1, seed=0, workers=1, lanes=int(lanes or LANES)))
    say(f"kernel ready, {time.perf_counter() - began:.1f} s", err=True)
