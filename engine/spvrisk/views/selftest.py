"""What self-tests said of the kernel's machine code."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from spvrisk.views.figures import Column, Figures, Row

if TYPE_CHECKING:
    from spvrisk.runner.proof import Proof


def selftest(proofs: "Sequence[Proof]") -> Figures:
    """Give the outcomes, a target a row.

    Parameters
    ----------
    proofs
        As from `spvrisk.selftest`.
    """
    rows = tuple(
        Row(
            proof.target.name,
            (proof.stamp.outcome, proof.stamp.detail, proof.compile_seconds, proof.test_seconds),
        )
        for proof in proofs
    )
    columns = (
        Column("outcome", text=True),
        Column("detail", text=True),
        Column("made ready in", ".1f s", text=True),
        Column("test", ".1f s", text=True),
    )
    return Figures("Self-test of the kernel's machine code", columns, rows)
