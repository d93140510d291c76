"""``spvrisk plan``: what a study comes to before a path is drawn."""

import click

from spvrisk.cli.options import set_option, study_argument
from spvrisk.cli.output import say, say_json
from spvrisk.config import load


@click.command("plan", epilog="Example: spvrisk plan configs/japan_us_2026.yaml")
@study_argument
@set_option
@click.option("--json", "as_json", is_flag=True, help="Print the resolved study, every default included, as JSON.")
def command(study: str, overrides: tuple[str, ...], as_json: bool) -> None:
    """Show what STUDY comes to: dates, laws with their tables' means beside the laws', correlations, memory."""
    loaded = load(study, overrides)
    from spvrisk.plan.warnings import warnings_of

    for warning in warnings_of(loaded):
        say(f"warning: {warning}", err=True)
    if as_json:
        say_json(loaded.study.model_dump_json(by_alias=True, indent=2))
        return
    from spvrisk.cli.render import console
    from spvrisk.cli.render_plan import render_plan

    console().print(render_plan(loaded))
