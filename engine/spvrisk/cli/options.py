"""Options that several commands share."""

import click

set_option = click.option(
    "--set",
    "overrides",
    metavar="KEY=VALUE",
    multiple=True,
    help="Change the study, e.g. run.seed=7; may be repeated; lists and mappings are replaced whole, null removes.",
)
study_argument = click.argument("study", type=click.Path())
