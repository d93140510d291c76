"""Mutants of the kernel against the comparison with the reference (budget: 60 minutes on two slow cores).

At least 95 % are killed, and each survivor is explained in docs/validation/mutants.md, by its name.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mutants import campaign, table  # noqa: E402

MOST, SEED = 300, 2026
LEAST_KILLED = 0.95
PAGE = Path(__file__).resolve().parents[2] / "docs" / "validation" / "mutants.md"


def test_mutants__are_killed_or_explained(capsys):
    done = campaign(MOST, SEED)
    with capsys.disabled():
        print(f"\n{table(done.verdicts)}")
    page = PAGE.read_text(encoding="utf-8")
    assert len(done.verdicts) <= MOST
    assert not [mutant.name for mutant in done.survivors if mutant.name not in page]
    assert len(done.survivors) <= (1 - LEAST_KILLED) * len(done.verdicts)
