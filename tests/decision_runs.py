"""Small runs whose results are measured for decisions: one as it is by default, one that keeps what that leaves out."""

from pathlib import Path

import spvrisk

STARTER = Path(spvrisk.__file__).parent / "data" / "starter.yaml"
PIPELINE = Path(__file__).parent / "data" / "pipeline.yaml"
KEPT = ["funded", "cost", "delay_months", "npv_funder", "pv_host"]


def starter(out, paths=3000, **overrides):
    """Run the starter study to a file."""
    study = spvrisk.load(STARTER, overrides)
    spvrisk.run(study, paths=paths, workers=1, out=out).close()
    return out
