"""Drivers of the main study, by the inputs of a run and by drawing anew (`make campaign`). Minutes: 4.

The page that it makes is ``docs/validation/drivers_2026.md``.
"""

from pathlib import Path

import numpy as np

import spvrisk
from spvrisk.report import text
from spvrisk.views import drivers as views

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "validation" / "drivers_2026.md"
OF = ("npv_funder:mean", "npv_funder:es@0.99")
BY_INPUTS, BY_REDRAW = 100_000, 50_000
WIDTH = 100

HEAD = f"""# What drives the main study

Made by `make campaign` (tests/campaigns/test_drivers_campaign.py): `configs/japan_us_2026.yaml`, {BY_INPUTS:,} paths
whose inputs are kept, {BY_REDRAW:,} paths a run for drawing anew. How to read it, and why the two ways disagree:
`docs/drivers.md`.
"""


def blocks(figures):
    return "\n".join(f"```text\n{text.written([each], WIDTH).rstrip()}\n```\n" for each in figures)


def test_main_study__drivers_both_ways():
    study = spvrisk.load(ROOT / "configs" / "japan_us_2026.yaml")
    with spvrisk.run(study, paths=BY_INPUTS) as results:
        by_inputs = spvrisk.drivers(results, OF)
    by_redraw = spvrisk.redraws(spvrisk.plan_redraws(study, OF, paths=BY_REDRAW))
    page = [HEAD, "## By the inputs of a run\n", blocks(views.drivers(by_inputs))]
    page += ["## By drawing anew\n", blocks(views.redraws(by_redraw))]
    PAGE.write_text("\n".join(page), encoding="utf-8")
    causes = [row for row in by_redraw.rows if row.group.kind == "group"]
    firsts = np.array([row.first[0].value for row in causes])
    error = np.sqrt(sum(row.first[0].error ** 2 for row in causes))
    assert firsts.sum() <= 1.0 + 3.0 * error  # what causes have by themselves is at most all
    assert all(row.first[0].value <= row.total[0].value + 3.0 * row.first[0].error for row in by_redraw.rows)
    best = max(by_inputs.rows, key=lambda seen: seen.told[1].first.value)
    assert (best.unit, best.name) == ("ohio_gas", "cost_multiple")
