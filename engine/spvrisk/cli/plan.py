"""``spvrisk plan``: what a study would run, before any path is simulated."""

import click

from spvrisk import api
from spvrisk.cli.language import Command
from spvrisk.cli.options import set_option, study_argument
from spvrisk.cli.output import say_json, warn


@click.command("plan", cls=Command, epilog="Example: spvrisk plan study.yaml")
@study_argument
@set_option
@click.option("--for", "precision", metavar="MEASURE=SIZE", multiple=True, help="Say what a precision takes instead.")
@click.option("--json", "as_json", is_flag=True, help="Print the resolved study, every default included, as JSON.")
def command(study: str, overrides: tuple[str, ...], precision: tuple[str, ...], as_json: bool) -> None:
    """Show what STUDY would run: dates, laws with their exact and tabulated moments, correlations, memory.

    With --for npv_funder:es@0.99=1% a pilot says how many paths it takes until half of the 95 % interval is so small.
    """
    loaded = api.load(study, overrides)
    warn(loaded.warnings)
    if as_json:
        say_json(loaded.config.model_dump_json(by_alias=True, indent=2))
        return
    # loaded here: a mistake in the study is answered at once
    from spvrisk.report import text
    from spvrisk.views.plan import plan
    from spvrisk.views.precision import foreseen

    if precision:
        targets, look, seconds = api.needed(loaded, precision)
        text.show([foreseen(look, targets, seconds, api.overview(study=loaded).compiled.labels)])
        return
    text.show(plan(api.overview(study=loaded)))
