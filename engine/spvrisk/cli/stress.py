"""``spvrisk stress``: the stresses that a study names, beside the study, in one table."""

import click

from spvrisk import api
from spvrisk.cli.language import Command
from spvrisk.cli.options import study_argument
from spvrisk.cli.output import warn
from spvrisk.cli.progress import Stop
from spvrisk.cli.what_if import Asked, run, what_if_options


@click.command("stress", cls=Command, epilog="Example: spvrisk stress study.yaml --paths 2000")
@study_argument
@click.option("--only", metavar="NAME", multiple=True, help="Run this stress alone; may be repeated.")
@what_if_options
def command(study: str, only: tuple[str, ...], asked: Asked) -> None:
    """Run the stresses of STUDY beside the study itself, all on the same draws.

    A study names its stresses under `stresses`, each as changes of it in the manner of scenarios. The table has the
    study's own figures and, for each stress, what it changes of them; the errors are those of the differences path
    by path. A stress that is not sound is refused before anything is run; one that fails later is named, and does not
    stop the others.

    With --out each stress is kept as soon as it is done: the same command goes on after any end, and computes only what
    is new.
    """
    stop = Stop()
    loaded = api.load(study, asked.overrides)
    warn(loaded.warnings)
    run(api.plan_stresses(loaded, only, asked.paths, asked.seed, asked.of), asked, stop)
