"""Mutants of the kernel against the comparison with the reference.

The result is kept in docs/validation/mutants.md (budget: 15 minutes).
"""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mutants import PACKAGE, sample, survives  # noqa: E402

COUNT, SEED = 12, 2026
HARMLESS = {"first_step", "last_step", "first_operation", "note"}
"""Functions that say which steps may be left out (to compute more of them adds zeros), or what a trace is told."""


HARMLESS_LINES = {"direct = inside == newton or abs(inside) == end"}
"""Lines that only say how soon an iteration ends: a bisection finds the same root, later."""


def is_harmless(mutant):
    """Whether a mutant can change nothing but the time that the kernel takes."""
    lines = (PACKAGE / "kernel" / f"{mutant.file}.py").read_text(encoding="utf-8").splitlines()
    return mutant.function in HARMLESS or lines[mutant.line - 1].strip() in HARMLESS_LINES


@pytest.mark.parametrize("mutant", sample(COUNT, SEED), ids=str)
def test_mutant__is_noticed(mutant, tmp_path):
    assert not survives(mutant, tmp_path) or is_harmless(mutant)
