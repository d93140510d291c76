"""Every study that ships loads and runs."""

from pathlib import Path

import numpy as np
import pytest

from spvrisk.config import load
from spvrisk.plan.compile import compile_study
from spvrisk.runner.simulate import Settings, simulate

CONFIGS = Path(__file__).resolve().parents[1] / "configs"
STUDIES = sorted(CONFIGS.glob("*.yaml"))


def test_configs__there_is_a_main_study():
    assert CONFIGS / "japan_us_2026.yaml" in STUDIES


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_configs__load_and_run(path):
    loaded = load(path)
    assert not loaded.warnings
    plan, labels, _ = compile_study(loaded.study)
    sums, store = simulate(plan, labels, Settings(paths=300, seed=1, workers=1))
    npv = dict(zip(labels.series, store.values, strict=True))["portfolio", "npv_funder"]
    assert sums.n_paths == 300 and np.isfinite(npv).all()
