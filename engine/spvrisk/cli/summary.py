"""``spvrisk summary``: the figures of a result."""

import json

import click

from spvrisk.cli.render import console, render_summary, summary_json
from spvrisk.dataset.read import open_result


@click.command("summary", epilog="Example: spvrisk summary results/japan_us_2026.h5 --json")
@click.argument("result", type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs instead of tables.")
def command(result: str, as_json: bool) -> None:
    """Print the figures of RESULT, each with its Monte Carlo standard error."""
    opened = open_result(result)
    if as_json:
        click.echo(json.dumps(summary_json(opened), ensure_ascii=False, allow_nan=False, indent=2))
    else:
        console().print(render_summary(opened))
