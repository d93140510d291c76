"""``spvrisk selftest``: prove that the kernel computes right."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import click

from spvrisk.cli.output import say, say_json
from spvrisk.errors import RunError

if TYPE_CHECKING:
    from spvrisk.runner.proof import Proof


@click.command("selftest", epilog="Example: spvrisk selftest --all-targets")
@click.option(
    "--all-targets", is_flag=True, help="Also the code that other processors would run: a minute or two each."
)
@click.option("--json", "as_json", is_flag=True, help="Print the outcomes as JSON for programs.")
def command(all_targets: bool, as_json: bool) -> None:
    """Run the kernel's self-test on this machine and print a table of the outcomes.

    The machine code is compiled first if there is none, then run on plans that ship with spvrisk, which have every
    clause on; each series of values must be the same, to the last bit, as on any other processor. Leaves with 1 if
    code is wrong. Code that this machine cannot run does not count.
    """
    from spvrisk.cli.render import console, render_proofs
    from spvrisk.kernel.cache import REFUSED

    proofs = list(_proofs(all_targets))
    if as_json:
        told = [_told(proof) for proof in proofs]
        say_json(json.dumps({"schema": "spvrisk.selftest/1", "targets": told}, indent=2, allow_nan=False))
    else:
        console().print(render_proofs(proofs))
    if any(proof.stamp.outcome == REFUSED for proof in proofs):
        raise RunError("machine code computes wrong numbers: spvrisk uses none that does; please report this table")


def _proofs(all_targets: bool) -> Iterator["Proof"]:
    """Prove this machine's code, and that for other processors, two at a time."""
    from spvrisk.kernel.target import FOREIGN, native
    from spvrisk.runner.execute import processors
    from spvrisk.runner.proof import proved

    targets = [native(), *(FOREIGN if all_targets else ())]
    with ThreadPoolExecutor(max(processors(), 1)) as pool:
        for proof in pool.map(proved, targets):
            say(f"{proof.target.name}: {proof.stamp.outcome}", err=True)
            yield proof


def _told(proof: "Proof") -> dict[str, object]:
    return {
        "target": proof.target.name,
        "features": proof.target.features,
        "outcome": proof.stamp.outcome,
        "detail": proof.stamp.detail,
        "compile_seconds": proof.compile_seconds,
        "test_seconds": proof.test_seconds,
    }
