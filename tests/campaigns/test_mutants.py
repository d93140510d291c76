"""Mutants of the kernel against the comparison with the reference.

The result is kept in docs/validation/mutants.md (budget: 15 minutes).
"""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mutants import sample, survives  # noqa: E402

COUNT, SEED = 10, 2026
HARMLESS = {"first_step", "last_step", "first_operation"}
"""Functions that only say which steps may be left out: to compute more of them adds zeros."""


@pytest.mark.parametrize("mutant", sample(COUNT, SEED), ids=str)
def test_mutant__is_noticed(mutant, tmp_path):
    assert not survives(mutant, tmp_path) or mutant.function in HARMLESS
