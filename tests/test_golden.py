"""Statistics of three studies as they were when `NUMBERS_VERSION` last rose.

After a change of numbers that is meant: raise the version, run ``python tests/test_golden.py``, and say in
CHANGELOG.md what moved and why.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from in_memory import simulate, values_of
from spvrisk._version import NUMBERS_VERSION
from spvrisk.config import load_study
from spvrisk.plan.compile import compile_study

HERE = Path(__file__).parent
STUDIES = {
    "starter": HERE.parent / "engine" / "spvrisk" / "data" / "starter.yaml",
    "every_clause": HERE / "data" / "every_clause.yaml",
    "pipeline": HERE / "data" / "pipeline.yaml",
}
GOLDEN = HERE / "data" / "golden.json"
PATHS = 4096 + 300


def statistics(study):
    """Mean and standard deviation of the finite values of every series, and how many there are."""
    plan, labels, _ = compile_study(load_study(STUDIES[study]))
    ledger = simulate(plan, labels, PATHS, 1)
    out = {}
    for (unit, quantity), row in zip(labels.series, values_of(ledger), strict=True):
        finite = row[np.isfinite(row)]
        spread = [float(finite.mean()), float(finite.std())] if finite.size else [0.0, 0.0]
        out[f"{unit}.{quantity}"] = [finite.size, *spread]
    return out


@pytest.mark.parametrize("study", sorted(STUDIES))
def test_statistics__as_when_the_numbers_version_last_rose(study):
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert golden["numbers_version"] == NUMBERS_VERSION
    expected, got = golden["studies"][study], statistics(study)
    assert list(got) == list(expected)
    for name, (n, mean, sd) in expected.items():
        assert got[name][0] == n, name
        assert got[name][1:] == pytest.approx([mean, sd], rel=1e-9, abs=1e-9 * max(sd, 1e-3)), name


if __name__ == "__main__":
    document = {"numbers_version": NUMBERS_VERSION, "studies": {study: statistics(study) for study in sorted(STUDIES)}}
    GOLDEN.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
