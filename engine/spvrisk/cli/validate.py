"""``spvrisk validate``: check a study."""

import click

from spvrisk import api
from spvrisk.cli.language import Command
from spvrisk.cli.options import set_option, study_argument
from spvrisk.cli.output import say_document, say_text, warn
from spvrisk.errors import InputError
from spvrisk.report.problems import problems_json
from spvrisk.report.words import sentence
from spvrisk.views.words import size_of


@click.command("validate", cls=Command, epilog="Example: spvrisk validate study.yaml")
@study_argument
@set_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def command(study: str, overrides: tuple[str, ...], as_json: bool) -> None:
    """Check STUDY and list every problem with its place, the rule and the remedy.

    Errors end with exit code 2; warnings do not.
    """
    found = api.validate(study, overrides)
    digest = None if found.study is None else found.study.digest
    if as_json:
        say_document(problems_json(digest, found.errors, found.warnings))
        if found.errors:
            raise click.exceptions.Exit(2)
    elif found.study is None:
        raise InputError(found.errors)
    else:
        warn(found.warnings)
        say_text("ok: {}; {:warning}", sentence(size_of(found.study.config)), len(found.warnings))
