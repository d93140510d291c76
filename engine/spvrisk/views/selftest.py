"""What self-tests said of the kernel's machine code."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from spvrisk.views.figures import Column, Figures, Note, Row, Text, said

if TYPE_CHECKING:
    from spvrisk.runner.proof import Proof


_OUTCOMES = {
    "passed": "passed",
    "refused": "refused",
    "cannot run here": "cannot run here",
    "not proven": "not proven",
    "failed": "failed",
}
_SERIES = " series"


def outcome_named(outcome: str) -> Text:
    """Name an outcome of a self-test.

    Parameters
    ----------
    outcome
        As a stamp or a result has it.
    """
    return Note(_OUTCOMES[outcome]) if outcome in _OUTCOMES else outcome


def detail_of(proof: "Proof") -> Text:
    """Give what a self-test said beside its outcome; of one that passed how many series it has compared.

    Parameters
    ----------
    proof
        The self-test.
    """
    count = proof.stamp.detail.removesuffix(_SERIES)
    return said("{:d} series", int(count)) if count.isdecimal() else proof.stamp.detail


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
            (outcome_named(proof.stamp.outcome), detail_of(proof), proof.compile_seconds, proof.test_seconds),
        )
        for proof in proofs
    )
    columns = (
        Column(Note("outcome"), text=True),
        Column(Note("detail"), text=True),
        Column(Note("made ready in"), ".1f s", text=True),
        Column(Note("test"), ".1f s", text=True),
    )
    return Figures(Note("Self-test of the kernel's machine code"), columns, rows)
