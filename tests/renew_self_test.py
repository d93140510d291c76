"""Make the plans and digests of the self-test anew (``make self-test``).

To be run after every change of a kernel source or of the plan's layout. Plans are made anew where their layout has
changed (or with ``--plans``); the digests themselves may change only with `numbers_version`: otherwise what has changed
is named, and nothing is written.
"""

import contextlib
import json
import sys
import tempfile
from pathlib import Path

import spvrisk
from engine_runs import compiled
from every_clause import STUDIES, example_study
from spvrisk._version import NUMBERS_VERSION
from spvrisk.kernel.cache import sources_digest
from spvrisk.runner.proof import differing, digests, packed_plans, shipped_plans

DATA = Path(spvrisk.__file__).parent / "data"
NAMES = (
    "rulings_monthly",
    "whole_deal",
    "stack_insured",
    "everything",
    "everything_cumulative",
    "umbrella_adjust_pipelines",
)
"""Variants of the reference's study; together they have every clause on."""


def plans():
    """Plans by name, with the names of their series."""
    for name in NAMES:
        with tempfile.TemporaryDirectory() as folder:
            plan, labels, _ = compiled(STUDIES[name](example_study()), Path(folder))
        yield name, plan, [f"{unit}/{quantity}" for unit, quantity in labels.series]


def shipped():
    """Shipped plans, where there are some of today's layout."""
    with contextlib.suppress(OSError, KeyError, ValueError):
        return list(shipped_plans())
    return None


def main():
    """Write what is not up to date, or say why not."""
    file, packed = DATA / "self_test.json", DATA / "self_test_plans.xz"
    kept = None if "--plans" in sys.argv else shipped()
    used = kept or list(plans())
    found = digests(iter(used))
    if file.exists():
        before = json.loads(file.read_text(encoding="utf-8"))
        wrong = differing(found, before["digests"])
        if wrong and before["numbers_version"] == NUMBERS_VERSION:
            sys.exit(f"{len(wrong)} series have other values, {wrong[:3]}: raise numbers_version, or mend the kernel")
    if kept is None:
        packed.write_bytes(packed_plans(used))
    told = {"numbers_version": NUMBERS_VERSION, "sources": sources_digest(), "digests": found}
    file.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    print(f"{sum(map(len, found.values()))} series of {len(used)} plans")


if __name__ == "__main__":
    main()
