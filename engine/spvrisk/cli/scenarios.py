"""``spvrisk scenarios``: a study and what becomes of it under named changes, in one table."""

import click

from spvrisk import api
from spvrisk.cli.language import Command
from spvrisk.cli.options import FILE
from spvrisk.cli.progress import Stop
from spvrisk.cli.what_if import Asked, run, what_if_options


@click.command("scenarios", cls=Command, epilog="Example: spvrisk scenarios what_if.yaml --paths 2000")
@click.argument("file", type=FILE)
@what_if_options
def command(file: str, asked: Asked) -> None:
    """Run the scenarios of FILE beside their base, all on the same draws.

    FILE names a study as its base, and changes of it: new values, multiples (times: 1.2), sums (plus: 0.5), the same
    of every project (projects.*.budget), files that are laid over it. Each measure comes with its standard error,
    and with its change against the base, whose error is that of the differences path by path. A scenario that is not
    sound is refused before anything is run; one that fails later is named, and does not stop the others.

    With --out each scenario is kept as soon as it is done: the same command goes on after any end, and computes only
    what is new where the file has further scenarios.
    """
    stop = Stop()
    run(api.plan_scenarios(file, asked.overrides, asked.paths, asked.seed, asked.of), asked, stop)
