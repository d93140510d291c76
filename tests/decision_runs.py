"""Small runs whose results are measured for decisions: one as it is by default, one that keeps what that leaves out."""

from pathlib import Path

import spvrisk

STARTER = Path(spvrisk.__file__).parent / "data" / "starter.yaml"
PIPELINE = Path(__file__).parent / "data" / "pipeline.yaml"
STACK = {
    "stack": {
        "reference_rate": "base_rate",
        "tenor_years": 10,
        "sweep": 0.5,
        "policy_loan": {"share": 0.3, "margin": 0.01},
        "policy_equity": {"share": 0.1},
        "commercial_loan": {"share": 0.6, "margin": 0.0175},
        "insurer": {"cover": 0.9, "wait_years": 0.5, "premium": 0.008, "capital": 100, "capacity": 1000},
    }
}
"""How the funder of the starter study may finance its calls."""
KEPT = ["funded", "cost", "delay_months", "npv_funder", "pv_host"]


def starter(out, paths=3000, **overrides):
    """Run the starter study to a file."""
    study = spvrisk.load(STARTER, overrides)
    spvrisk.run(study, paths=paths, on=spvrisk.Threads(1), out=out).close()
    return out
