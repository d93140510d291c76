"""Small runs for tests of reports: a study whose titles would break a careless page, scenarios, a second result."""

import json
from pathlib import Path

import spvrisk
from decision_runs import STARTER, starter

HOSTILE = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(2)> &amp; 日本"
"""A title that is a page's own markup to whoever does not escape it."""

_WHAT_IF = """
base: starter.yaml
paths: 400
measures: [npv_funder:mean, "npv_funder:es@0.95"]
scenarios:
  dear: {title: {en: The port costs more}, projects.port.budget: 700}
  cheap: {title: {en: The port costs <b>less</b>}, projects.port.budget: 300}
tornado:
  projects.port.budget: {title: "Budget of the port", low: {times: 0.8}, high: {times: 1.3}}
"""


_UNCERTAIN = f"""
include: [starter.yaml]
uncertain:
  cost:
    title: {{en: {json.dumps(HOSTILE)}}}
    law: {{uniform: {{min: 0.8, max: 1.5}}}}
    moves: {{projects.port.budget: {{times: x}}}}
  gas: {{law: {{uniform: {{min: 0.8, max: 1.2}}}}, moves: {{factors.gas.process.ou.mean.value: {{times: x}}}}}}
run: {{uncertainty: {{outer: 20, inner: 128}}}}
"""


def make_files(folder: Path) -> list[Path]:
    """Write a result, another one and a dataset of scenarios; give their files in that order."""
    titles = {"study.title": {"en": f"Study {HOSTILE}"}, "projects.port.title": {"en": f"Port {HOSTILE}"}}
    (folder / "starter.yaml").write_text(STARTER.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "uncertain.yaml").write_text(_UNCERTAIN, encoding="utf-8")
    first = folder / "first.h5"
    spvrisk.run(spvrisk.load(folder / "uncertain.yaml", titles), paths=400, out=first).close()
    second = starter(folder / "second.h5", paths=400, **{"projects.port.budget": 700})
    (folder / "what_if.yaml").write_text(_WHAT_IF, encoding="utf-8")
    planned = spvrisk.plan_scenarios(folder / "what_if.yaml")
    spvrisk.scenarios(planned, on=spvrisk.Threads(1), out=folder / "what_if.h5")
    return [first, second, folder / "what_if.h5"]
