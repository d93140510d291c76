"""Every study that ships must load."""

from pathlib import Path

import pytest

from spvrisk.config import load_study

CONFIGS = Path(__file__).resolve().parents[1] / "configs"
STUDIES = sorted(CONFIGS.glob("*.yaml"))


@pytest.mark.skipif(not STUDIES, reason="no studies under configs/")
def test_configs__there_is_a_main_study() -> None:
    assert CONFIGS / "japan_us_2026.yaml" in STUDIES


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_configs__load_without_errors(path: Path) -> None:
    load_study(path)
