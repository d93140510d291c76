"""``spvrisk bench``: how long paths take on this machine."""

import click

from spvrisk import api
from spvrisk.cli.language import Command
from spvrisk.cli.options import FILE, Whole, set_option
from spvrisk.cli.output import say_document, warn
from spvrisk.cli.progress import Stop, progress_bar


@click.command("bench", cls=Command, epilog="Example: spvrisk bench study.yaml --seconds 10")
@click.argument("study", type=FILE, required=False)
@click.option(
    "--seconds", type=Whole(5, 3600), default=60, show_default=True, help="How long to measure, about; 5 at the least."
)
@click.option("--cold", is_flag=True, help="Also start the command with nothing kept: about a minute more.")
@set_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs instead of tables.")
def command(study: str | None, seconds: int, cold: bool, overrides: tuple[str, ...], as_json: bool) -> None:
    """Measure how long paths of STUDY (the starter study if left out) take on this machine, and print a card.

    The machine code is compiled first if there is none, and proved. Then the kernel by stages, the whole engine by
    threads, statistics, the result file and the start of the command are timed in turn until the time is up; figures
    are medians, with their quartiles. Nothing else should run meanwhile; if something does, the card says so.

    Figures of the same plan, version and numbers version may be compared between machines. Nothing is written.
    """
    stop = Stop()
    loaded = None if study is None else api.load(study, overrides)
    # loaded here: a mistake in the study is answered without waiting for the compiler
    from spvrisk.report import json, text
    from spvrisk.views.bench import bench

    if loaded is not None:
        warn(loaded.warnings)
    with progress_bar(seconds, "second") as (advance, announce):
        found = api.bench(
            study=loaded,
            seconds=seconds,
            cold=cold,
            overrides=() if study else overrides,
            progress=stop.heeding(advance),
            announce=stop.heeding(announce),
        )
    if as_json:
        say_document(json.bench_json(found))
    else:
        text.show(bench(found))
