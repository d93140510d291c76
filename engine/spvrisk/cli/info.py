"""``spvrisk info``: what a result file, or one of scenarios, is."""

import click

from spvrisk import api
from spvrisk.cli.language import Command
from spvrisk.cli.options import FILE
from spvrisk.cli.output import say, say_document
from spvrisk.errors import InputError, Problem
from spvrisk.report import json, text


@click.command("info", cls=Command, epilog="Example: spvrisk info quick.h5 --config again")
@click.argument("result", type=FILE)
@click.option("--config", "folder", type=FILE, help="Write the files that it was made from to this new folder.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs instead of tables.")
def command(result: str, folder: str | None, as_json: bool) -> None:
    """Print what RESULT is: study, paths, seed, versions, digests, sizes.

    Of a dataset that scenarios or stress has written with --out: base, scenarios, measures, paths, versions, digests.
    With --config the files that it was made from are given back, and the command that runs them again is printed.
    """
    if folder is not None:
        if as_json:
            raise InputError(Problem("--json", "", "cannot be used with --config", "", "leave one of them out"))
        say(api.restore(result, folder).command)
    elif as_json:
        say_document(json.info_json(api.described(result)))
    else:
        text.show([api.info(result)])
