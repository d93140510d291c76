"""``spvrisk confidence``: percentiles of cost and completion by project, and their joint confidence."""

import click

from spvrisk import api
from spvrisk.cli.language import Command
from spvrisk.cli.options import FILE, separated, threads_option
from spvrisk.cli.output import say_document
from spvrisk.cli.progress import Stop, progress_bar


@click.command("confidence", cls=Command, epilog="Example: spvrisk confidence quick.h5 --project port --joint 0.7")
@click.argument("result", type=FILE)
@click.option("--project", help="Only this project, with its grid of cost and date, and the frontier of --joint.")
@click.option("--levels", metavar="P1,P2,..", help="Levels of the percentiles. [default: 0.5,0.7,0.8,0.9]")
@click.option("--joint", default="0.7", show_default=True, metavar="P", help="Probability that the frontier holds.")
@click.option("--completed", is_flag=True, help="Percentiles of the paths that complete a project alone.")
@threads_option
@click.option("--json", "as_json", is_flag=True, help="Print all of it as JSON for programs.")
def command(
    result: str,
    project: str | None,
    levels: str | None,
    joint: str,
    completed: bool,
    on: api.Threads,
    as_json: bool,
) -> None:
    """Print how likely the projects of RESULT are completed within a cost and by a date.

    P80 is what is not exceeded with 80 % probability. The joint confidence level (JCL) is the probability that budget
    and planned date are both held. A path on which a project is never completed, since it is cancelled or the horizon
    comes first, is within no cost and no date; one on which it is not funded is left out. Pipelines have no one budget
    and date. What the result does not keep by path is found by replaying its paths.
    """
    stop, opened = Stop(), api.open(result)
    with progress_bar(opened.tables().n_paths) as (advance, announce):
        found = api.confidence(
            opened,
            project,
            separated(levels),
            joint,
            completed,
            on=on,
            progress=advance,
            announce=stop.heeding(announce),
        )
    # loaded here: a mistake in the arguments is answered at once
    from spvrisk.report import measured, text
    from spvrisk.views.confidence import confidence

    if as_json:
        say_document(measured.confidence_json(found))
    else:
        text.show(confidence(found, detailed=project is not None))
