"""What views are made from, and figures themselves, as plain JSON values: NaN and infinities as null."""

from spvrisk.report.json.comparisons import against_json, comparison_json
from spvrisk.report.json.drivers import drivers_json, redraws_json
from spvrisk.report.json.figures import figures_json, views_json
from spvrisk.report.json.files import info_json, verified_json
from spvrisk.report.json.machine import bench_json, proofs_json
from spvrisk.report.json.paths import tail_json, trace_json
from spvrisk.report.json.summary import summary_json
from spvrisk.report.json.values import finite
from spvrisk.report.json.what_ifs import goals_json, scenarios_json

__all__ = [
    "against_json",
    "bench_json",
    "comparison_json",
    "drivers_json",
    "figures_json",
    "finite",
    "goals_json",
    "info_json",
    "proofs_json",
    "redraws_json",
    "scenarios_json",
    "summary_json",
    "tail_json",
    "trace_json",
    "verified_json",
    "views_json",
]
