"""``spvrisk assumptions``: what the numbers of a study rest on."""

import click

from spvrisk import api
from spvrisk.cli.language import Command
from spvrisk.cli.options import FILE, set_option
from spvrisk.cli.output import say_document


@click.command("assumptions", cls=Command, epilog="Example: spvrisk assumptions study.yaml")
@click.argument("of", metavar="STUDY|RESULT", type=FILE)
@set_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs, with files and lines.")
def command(of: str, overrides: tuple[str, ...], as_json: bool) -> None:
    """Print what the numbers of STUDY rest on: each value with its source and how sure it is, and how many have none.

    Any value of a study may be written {value: 0.12, source: "FT 2026-03-19", confidence: checked} in place of 0.12;
    confidence is checked, reported or judgement. Of RESULT it is the study that it was made from, as it was changed.
    """
    found = api.assumptions(api.load(of, overrides) if overrides else of)
    # loaded here: a mistake in the study is answered at once
    from spvrisk.report import text
    from spvrisk.report.assumed import assumptions_json
    from spvrisk.views.assumptions import page

    if as_json:
        say_document(assumptions_json(found))
    else:
        text.show(page(found))
