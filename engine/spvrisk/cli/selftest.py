"""``spvrisk selftest``: prove that the kernel computes right."""

import click

from spvrisk import api
from spvrisk.cli.language import Command
from spvrisk.cli.output import say_document, tell
from spvrisk.errors import RunError


@click.command("selftest", cls=Command, epilog="Example: spvrisk selftest")
@click.option("--all-targets", is_flag=True, help="Test the code for other processors too: a minute or two each.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcomes as JSON for programs.")
def command(all_targets: bool, as_json: bool) -> None:
    """Run the kernel's self-test on this machine and print a table of the outcomes.

    The machine code is compiled first if there is none, then run on plans that ship with spvrisk and exercise every
    clause; each series of values must be the same, to the last bit, as on any other processor. Exits with 1 if any code
    is wrong or a test could not be run. Code that this machine cannot run is not counted.
    """
    from spvrisk.report import json, text
    from spvrisk.views.selftest import selftest

    proofs = api.selftest(all_targets=all_targets, announce=lambda outcome: tell("{}", outcome))
    if as_json:
        say_document(json.proofs_json(proofs))
    else:
        text.show([selftest(proofs)])
    if any(proof.refused for proof in proofs):
        raise RunError("some machine code computes wrong numbers; spvrisk will not use it; please report this table")
    if any(proof.failed for proof in proofs):
        raise RunError("a self-test could not be run: its row says why")
