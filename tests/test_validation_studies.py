"""The pages on the validation studies say what the studies give: figures and the lines for them are the pages' own."""

import re
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
PATHS = 4000
ROW = re.compile(r"^\|[^|]+\| `(\w+)` \| [\d.]+ \| ([\d.]+) ± ([\d.]+) \|$", re.MULTILINE)
CODE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", ["nuscale_2023", "vogtle_2009"])
def test_validation_studies__give_the_figures_of_their_page(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    page = (ROOT / "docs" / "validation" / f"{name}.md").read_text(encoding="utf-8")
    said = {key: (float(p), float(error)) for key, p, error in ROW.findall(page)}
    (lines,) = CODE.findall(page)
    namespace = {}
    exec(lines, namespace)  # the page's own lines
    found = namespace["figures"](paths=PATHS, seed=1)

    assert found.keys() == said.keys()
    for key, flags in found.items():
        p, error = said[key]
        assert flags.dtype == bool and flags.size > 100
        own = np.sqrt(max(p * (1 - p), 1 / flags.size) / flags.size)  # at least that of one path
        assert abs(flags.mean() - p) < 5 * np.hypot(own, error) + 5e-5, key  # and the page's rounding
